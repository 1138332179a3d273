import { Buffer } from "node:buffer";
import { isIP } from "node:net";
import { Duplex } from "node:stream";
import tls from "node:tls";
import type { CheckedTls } from "./tls.ts";
import type { Transport } from "./transport.ts";

/** A version of TLS as `node:tls` names it. */
export type TlsVersion = "TLSv1.2" | "TLSv1.3";

/**
 * The TLS session of one control connection, kept so that its data connections
 * can resume it.
 *
 * What the runtime's `node:tls` does decides how this works (all of it
 * measured): a session resumes only under the default trust roots; a `ca`
 * option, or a change of the process's default list between two handshakes,
 * ends that. Sessions are kept by server name for the whole process and the
 * newest is offered first, whichever `session` was handed in. Hence:
 *
 * - With a private CA the session is made without the runtime's check
 *   (`rejectUnauthorized: false`) and the server is recognised by its
 *   certificate instead, byte for byte the one that a handshake with the CA has
 *   verified before (`pin`). Owning its key is proved in every handshake. The
 *   process-wide list of CAs is never touched, so nothing else in the process
 *   comes to trust the CA, not even for a moment.
 * - A TLS 1.3 session is offered once only. Servers that hand out no new ticket
 *   with each data connection, as proftpd, would refuse the third one. A TLS
 *   1.2 session is offered as often as needed, so `version` begins there.
 * - Two clients that are alive at once would take one another's sessions, and
 *   of a TLS 1.3 and a TLS 1.2 session the first is taken even where only 1.2
 *   may be spoken. So a client that would meet others' sessions says another
 *   name (`name`), and a pin keeps the check whole.
 */
export class SessionMemory implements Disposable {
  /**
   * Said to the server, and the key under which the runtime keeps sessions.
   * Empty for an address, which is not said (RFC 6066 section 3).
   */
  readonly name: string;
  /** The certificate (DER) that the server must show, where it is known. */
  readonly pin: Uint8Array | undefined;
  /** The newest TLS to agree to. */
  readonly version: TlsVersion;
  /** What `getSession()` gave; its presence asks for resumption. */
  session: Uint8Array | undefined;
  #disposed = false;

  static #inUse = new Set<string>();
  /** Names under which TLS 1.3 sessions may lie. */
  static #spoiled = new Set<string>();

  /** `pin` is needed where the name cannot be checked as it stands. */
  constructor(
    serverName: string,
    pin: Uint8Array | undefined,
    version: TlsVersion,
  ) {
    this.version = version;
    const name = sniOf(serverName);
    this.name = pin ? SessionMemory.#freeName(name, version) : name;
    this.pin = pin;
    SessionMemory.#inUse.add(this.name);
    if (version === "TLSv1.3") SessionMemory.#spoiled.add(this.name);
  }

  /** Whether sessions of others lie under the name: a pin is needed then. */
  static taken(serverName: string, version: TlsVersion): boolean {
    const name = sniOf(serverName);
    return SessionMemory.#inUse.has(name) ||
      (version === "TLSv1.2" && SessionMemory.#spoiled.has(name));
  }

  /** A handshake without a memory leaves TLS 1.3 sessions under its name. */
  static spoil(name: string): void {
    SessionMemory.#spoiled.add(name);
  }

  /** The name can be used by others again. */
  [Symbol.dispose](): void {
    if (!this.#disposed) SessionMemory.#inUse.delete(this.name);
    this.#disposed = true;
  }

  static #freeName(name: string, version: TlsVersion): string {
    for (let n = 2, free = name;; n++) {
      if (!SessionMemory.taken(free, version)) return free;
      free = `session-${n}.${name || "invalid"}`;
    }
  }
}

function sniOf(serverName: string): string {
  return isIP(serverName) ? "" : serverName;
}

/** TLS over a TCP connection of Deno's, by `node:tls`. */
export interface NodeTlsTransport extends Transport {
  /** The server's certificate in DER. */
  readonly certificate: Uint8Array;
}

/**
 * Shakes hands. With `session` the server is recognised by that session's pin
 * and the session is resumed or, the first time, remembered.
 */
export async function connectNodeTls(
  conn: Deno.TcpConn,
  options: CheckedTls,
  session: SessionMemory | undefined,
  opened: (transport: Transport) => void,
): Promise<NodeTlsTransport> {
  const pin = session?.pin;
  const maxVersion = session?.version ?? options.viaNode;
  const servername = session?.name ?? sniOf(options.serverName);
  if (!session && maxVersion !== "TLSv1.2") SessionMemory.spoil(servername);
  const cipher = new CipherStream(conn);
  const socket = tls.connect({
    socket: cipher,
    ...(servername && { servername }),
    host: options.serverName,
    ...options.identity,
    // Beside the default roots, not instead of them as in Node. A list of its
    // own ends resumption: see SessionMemory.
    ...(!session && options.caCerts.length > 0 && { ca: options.caCerts }),
    ...(session?.session && { session: Buffer.from(session.session) }),
    ...(maxVersion && { maxVersion }),
    ...(pin && { rejectUnauthorized: false }),
  } as tls.ConnectionOptions);
  const transport = new Socket(conn, cipher, socket);
  opened(transport);
  try {
    await transport.secured();
    if (pin && !Buffer.from(pin).equals(transport.certificate)) {
      throw new Deno.errors.InvalidData(
        "the server shows another certificate than a moment ago",
      );
    }
    if (session && !session.session) session.session = socket.getSession();
  } catch (error) {
    transport.close();
    throw error;
  }
  return transport;
}

/**
 * The ciphertext side: a Node stream over Deno's connection that reads only
 * while plaintext is wanted. Backpressure has to be here, because the runtime's
 * TLS socket loses its end of file once it was paused.
 */
class CipherStream extends Duplex {
  #conn: Deno.TcpConn;
  #buffer = new Uint8Array(256 * 1024);
  #asked = false;
  #reading = false;
  #open = true;

  constructor(conn: Deno.TcpConn) {
    super();
    this.#conn = conn;
  }

  /** Lets ciphertext in, or holds it back. */
  set open(open: boolean) {
    this.#open = open;
    if (open) this.#pump();
  }

  override _read(): void {
    this.#asked = true;
    this.#pump();
  }

  #pump(): void {
    if (!this.#asked || !this.#open || this.#reading) return;
    this.#asked = false;
    this.#reading = true;
    this.#conn.read(this.#buffer).then((count) => {
      this.#reading = false;
      this.push(count === null ? null : this.#buffer.slice(0, count));
    }, (error) => this.destroy(error));
  }

  override _write(
    chunk: Uint8Array,
    _encoding: string,
    done: (error?: Error | null) => void,
  ): void {
    writeAll(this.#conn, chunk).then(() => done(), done);
  }
}

async function writeAll(conn: Deno.Conn, data: Uint8Array): Promise<void> {
  for (let at = 0; at < data.length;) {
    at += await conn.write(data.subarray(at));
  }
}

class Socket implements NodeTlsTransport {
  #conn: Deno.TcpConn;
  #cipher: CipherStream;
  #socket: tls.TLSSocket;
  #chunks: Uint8Array[] = [];
  #ended = false;
  #error: Error | undefined;
  #waiters: (() => void)[] = [];

  constructor(conn: Deno.TcpConn, cipher: CipherStream, socket: tls.TLSSocket) {
    this.#conn = conn;
    this.#cipher = cipher;
    this.#socket = socket;
    const wake = () => this.#wake();
    const fail = (error: Error) => {
      this.#error ??= error;
      wake();
    };
    const end = () => {
      this.#ended = true;
      wake();
    };
    cipher.on("error", fail);
    socket.on("error", fail).on("end", end).on("close", end);
    socket.on("data", (chunk: Uint8Array) => {
      this.#chunks.push(chunk);
      cipher.open = false;
      wake();
    });
  }

  get certificate(): Uint8Array {
    return this.#socket.getPeerCertificate().raw ?? new Uint8Array();
  }

  async secured(): Promise<void> {
    let secured = false;
    this.#socket.once("secureConnect", () => {
      secured = true;
      this.#wake();
    });
    while (!secured) {
      if (this.#error) throw this.#error;
      if (this.#ended) {
        throw new Deno.errors.UnexpectedEof(
          "the server closed the connection in the middle of the handshake",
        );
      }
      await this.#changed();
    }
  }

  async read(into: Uint8Array): Promise<number | null> {
    for (;;) {
      const chunk = this.#chunks[0];
      if (chunk) {
        const count = Math.min(chunk.length, into.length);
        into.set(chunk.subarray(0, count));
        if (count === chunk.length) this.#chunks.shift();
        else this.#chunks[0] = chunk.subarray(count);
        return count;
      }
      if (this.#error) throw this.#error;
      if (this.#ended) return null;
      this.#cipher.open = true;
      await this.#changed();
    }
  }

  write(data: Uint8Array): Promise<number> {
    if (this.#error) return Promise.reject(this.#error);
    return new Promise((resolve, reject) => {
      this.#socket.write(
        data,
        (error) => error ? reject(this.#error ?? error) : resolve(data.length),
      );
    });
  }

  async closeWrite(): Promise<void> {
    if (this.#error) throw this.#error;
    // Sends close_notify; the socket below it is left as it is.
    let sent = false;
    this.#socket.end(() => {
      sent = true;
      this.#wake();
    });
    // Its callback never comes where it is destroyed meanwhile.
    while (!sent) {
      if (this.#error) throw this.#error;
      await this.#changed();
    }
    await this.#conn.closeWrite();
  }

  close(): void {
    this.#error ??= new Deno.errors.Interrupted("the connection was closed");
    this.#socket.destroy();
    this.#cipher.destroy();
    try {
      this.#conn.close();
    } catch {
      // Closed already, by the other side of the same story.
    }
    this.#wake();
  }

  #changed(): Promise<void> {
    return new Promise((resolve) => this.#waiters.push(resolve));
  }

  #wake(): void {
    for (const resolve of this.#waiters.splice(0)) resolve();
  }
}
