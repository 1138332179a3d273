import { ByteReader } from "./byte_reader.ts";
import { ProtocolError, timeoutError, tried } from "./errors.ts";
import type { AllLimits } from "./limits.ts";
import { type LineEncoding, LineReader } from "./line_reader.ts";
import type { TraceEvent } from "./options.ts";
import {
  bare,
  type CheckedTls,
  type NodeTlsTransport,
  type SessionMemory,
  upgradeToTls,
} from "./tls.ts";
import type { TlsBridge } from "./tls_bridge.ts";
import type { Transport } from "./transport.ts";
import { LONGEST_TIMER, type Watchdog } from "./watchdog.ts";

/** How to reach a server. */
export interface ConnectTo {
  hostname: string;
  port: number;
  /** A Unix socket, in place of hostname and port. */
  path?: string | undefined;
  /** TLS from the first byte on. */
  tls?:
    | { options: CheckedTls; session?: SessionMemory | undefined }
    | undefined;
  /** For all of connecting together: name look-up, TCP and TLS; ms, 0: none. */
  timeout: number;
  signal?: AbortSignal | undefined;
}

/** What a connection works with once it is there. */
export interface ConnectionSetup {
  watchdog: Watchdog;
  limits: AllLimits;
  encoding?: LineEncoding | undefined;
  onTrace?: ((event: TraceEvent) => void) | undefined;
  /** What to do when time has run out; default to close at once. */
  onExpired?: ((error: DOMException) => void) | undefined;
}

/**
 * One socket with its reader: where bytes come from and go to, with the
 * deadline, the abort signal and the trace. It knows no command.
 */
export class Connection {
  /** The bytes that came, read on demand. */
  readonly bytes: ByteReader;
  /** The same as lines. */
  readonly lines: LineReader;
  /** The bounds on what the peer may send. */
  readonly limits: AllLimits;
  /**
   * Texts that nobody may see, `***` in whatever is read from now on: servers
   * have been seen to repeat a password in their refusal.
   */
  secrets: readonly string[] = [];
  #transport: Transport;
  #tcp: Deno.Conn;
  #watchdog: Watchdog;
  #forget: () => void;
  #onTrace: ((event: TraceEvent) => void) | undefined;
  #secure: boolean;
  #closed: { reason: unknown } | undefined;
  #onClosed = new Set<(reason: unknown) => void>();
  #patient = false;
  #reading: { counted: boolean } | undefined;

  /** Takes over a socket; `tls` where TLS already runs over it. */
  constructor(tcp: Deno.Conn, setup: ConnectionSetup, tls?: Transport) {
    this.#tcp = tcp;
    this.#transport = tls ?? tcp;
    this.#secure = tls !== undefined;
    this.#watchdog = setup.watchdog;
    this.#forget = setup.watchdog.onExpired(
      setup.onExpired ?? ((error) => this.close(error)),
    );
    this.#onTrace = setup.onTrace;
    this.limits = setup.limits;
    this.bytes = new ByteReader((into) => this.#read(into));
    this.lines = new LineReader(
      this.bytes,
      setup.limits.line,
      setup.encoding ?? "utf-8",
    );
  }

  /** Connects, with TLS where `to.tls` asks for it. */
  static async connect(
    to: ConnectTo,
    setup: ConnectionSetup,
  ): Promise<Connection> {
    if (to.path !== undefined) {
      return new Connection(await connectUnix(to.path), setup);
    }
    const { tcp, tls } = await connectSocket(to);
    return new Connection(tcp, setup, tls);
  }

  /** Whether TLS runs. */
  get secure(): boolean {
    return this.#secure;
  }

  /** The server's certificate in DER, where the transport can tell. */
  get certificate(): Uint8Array | undefined {
    return (this.#transport as Partial<NodeTlsTransport>).certificate;
  }

  /** Whether `close` was called, by anyone. */
  get closed(): boolean {
    return this.#closed !== undefined;
  }

  /** Why it was closed; undefined where nobody gave a reason. */
  get closeReason(): unknown {
    return this.#closed?.reason;
  }

  /**
   * Throws why it was closed. What had come before that is still in the buffer,
   * and must not pass for an answer to anything.
   */
  throwIfClosed(): void {
    if (this.#closed) throw this.#failure(undefined);
  }

  /** What is being done, as an error says it. */
  get doing(): string {
    return this.#watchdog.doing;
  }

  /** The address of the other side. */
  get remoteAddr(): Deno.NetAddr {
    return this.#tcp.remoteAddr as Deno.NetAddr;
  }

  /** The address of this side. */
  get localAddr(): Deno.NetAddr {
    return this.#tcp.localAddr as Deno.NetAddr;
  }

  /** Writes all of `data`. */
  async write(data: Uint8Array): Promise<void> {
    this.#watchdog.enter();
    try {
      for (let at = 0; at < data.length;) {
        at += await this.#transport.write(at === 0 ? data : data.subarray(at));
        this.#watchdog.progress();
      }
    } catch (error) {
      throw this.#failure(error);
    } finally {
      this.#watchdog.leave();
    }
  }

  /**
   * The next line of a reply, traced, as it came; that the input ends instead
   * is an error. Whoever shows it has to mask it, behind the code that it
   * begins with.
   */
  async readReplyLine(): Promise<string> {
    let line: string | undefined;
    try {
      line = await this.lines.readLine();
    } catch (error) {
      // TLS without its close_notify: closed all the same.
      if (!(error instanceof Deno.errors.UnexpectedEof)) throw error;
    }
    if (line === undefined) {
      throw new ProtocolError(
        `Cannot ${this.doing}: the ${this.#watchdog.peer} closed the connection`,
      );
    }
    this.trace("receive", this.mask(line));
    return line;
  }

  /** Has these texts masked, beside those that are already. */
  hide(...secrets: string[]): void {
    this.secrets = Array.from(new Set([...this.secrets, ...secrets]));
  }

  /**
   * What is too short to be told from other text need not be masked any more. A
   * server may repeat the others at any time.
   */
  keepSecrets(): void {
    this.secrets = this.secrets.filter((secret) => secret.length >= 5);
  }

  /** The text without the secrets. */
  mask(text: string): string {
    for (const secret of this.secrets) {
      if (secret !== "") text = text.replaceAll(secret, "***");
    }
    return text;
  }

  /** Tells the trace of a line, whose secrets the caller has masked. */
  trace(direction: "send" | "receive", line: string): void {
    this.#onTrace?.({ direction, line, time: new Date() });
  }

  /** Whether anybody listens to the trace. */
  get traced(): boolean {
    return this.#onTrace !== undefined;
  }

  /**
   * Puts TLS on the connection, after the reply that allowed it. Bytes that
   * came behind that reply were put there by somebody who hopes they will pass
   * for part of the secure session: an error (RFC 3207 section 6 and its like).
   */
  async startTls(options: CheckedTls, session?: SessionMemory): Promise<void> {
    if (this.bytes.buffered > 0) {
      const error = new ProtocolError(
        "Cannot start TLS: the server sent plaintext behind its consent",
      );
      this.close(error);
      throw error;
    }
    this.#watchdog.enter();
    try {
      await upgradeToTls(
        this.#tcp as Deno.TcpConn,
        options,
        session,
        (transport) => {
          this.#transport = transport;
          // Closed while nobody knew it.
          if (this.#closed) closeQuietly(transport);
        },
      );
      if (this.#closed) throw new Deno.errors.Interrupted("closed");
      this.#secure = true;
    } catch (error) {
      // Says already what was tried.
      const failure = this.#closed?.reason ?? error;
      this.close(failure);
      throw failure;
    } finally {
      this.#watchdog.leave();
    }
  }

  /**
   * Lets the client put TLS on the connection, after the reply that allowed it.
   * Bytes that came behind its wish are an error, as in `startTls`.
   */
  async acceptTls(bridge: TlsBridge): Promise<void> {
    if (this.bytes.buffered > 0) {
      const error = new ProtocolError(
        "Cannot start TLS: the client sent plaintext behind its wish",
      );
      this.close(error);
      throw error;
    }
    this.#watchdog.enter();
    try {
      const bridged = await bridge.upgrade(this.#tcp);
      this.#transport = {
        read: (into) => bridged.read(into),
        write: (data) => bridged.write(data),
        closeWrite: () => bridged.closeWrite(),
        close: () => bridged.abort(),
      };
      if (this.#closed) {
        bridged.abort();
        throw new Deno.errors.Interrupted("closed");
      }
      this.#secure = true;
    } catch (error) {
      const failure = this.#closed?.reason ?? tried("start TLS", error);
      this.close(failure);
      throw failure;
    } finally {
      this.#watchdog.leave();
    }
  }

  /**
   * Puts a layer between us and the socket, after the reply that allowed it:
   * what is read and written from here on goes through it.
   */
  addLayer(what: string, layer: (below: Transport) => Transport): void {
    if (this.bytes.buffered > 0) {
      const error = new ProtocolError(
        `Cannot start ${what}: the server sent more behind its consent`,
      );
      this.close(error);
      throw error;
    }
    this.#transport = layer(this.#transport);
  }

  /** Ends our side; the peer can still send. */
  async closeWrite(): Promise<void> {
    this.#watchdog.enter();
    try {
      await this.#transport.closeWrite();
    } catch (error) {
      throw this.#failure(error);
    } finally {
      this.#watchdog.leave();
    }
  }

  /**
   * Drops the socket at once; may be called again. What is pending rejects
   * with `reason`.
   */
  close(reason?: unknown): void {
    if (this.#closed) return;
    this.#closed = { reason };
    this.#forget();
    closeQuietly(this.#transport);
    if (this.#transport !== this.#tcp) closeQuietly(this.#tcp);
    for (const listener of [...this.#onClosed]) listener(reason);
    this.#onClosed.clear();
  }

  /**
   * Tells of `close`, for whoever waits for something else than the socket;
   * returns the way to take it back.
   */
  onClosed(listener: (reason: unknown) => void): () => void {
    this.#onClosed.add(listener);
    return () => this.#onClosed.delete(listener);
  }

  /**
   * Whether what is read is only listened for, while the caller takes his time:
   * such a wait does not count as the peer's. Acts on a read under way too.
   */
  set patient(patient: boolean) {
    this.#patient = patient;
    if (this.#reading && this.#reading.counted === patient) {
      this.#reading.counted = !patient;
      if (patient) this.#watchdog.leave();
      else this.#watchdog.enter();
    }
  }

  async #read(into: Uint8Array): Promise<number | null> {
    const reading = { counted: !this.#patient };
    this.#reading = reading;
    if (reading.counted) this.#watchdog.enter();
    try {
      return await this.#transport.read(into);
    } catch (error) {
      throw this.#failure(error);
    } finally {
      if (reading.counted) this.#watchdog.leave();
      if (this.#reading === reading) this.#reading = undefined;
    }
  }

  /** Why a call on the socket failed, as the user should hear it. */
  #failure(error: unknown): unknown {
    if (this.#closed) {
      return this.#closed.reason ??
        new Deno.errors.Interrupted(
          `Cannot ${this.#watchdog.doing}: the connection was closed`,
        );
    }
    // The data connection's reader wants to know these apart.
    if (error instanceof Deno.errors.UnexpectedEof) return error;
    return tried(this.#watchdog.doing, error);
  }
}

/** A socket without Nagle's delay, TLS on it where asked for. */
async function connectSocket(
  to: ConnectTo,
): Promise<{ tcp: Deno.TcpConn; tls?: Transport }> {
  const hostname = bare(to.hostname);
  const what = `connect to ${hostname} port ${to.port}`;
  const budget = new AbortController();
  const abort = () => budget.abort(to.signal?.reason);
  to.signal?.throwIfAborted();
  to.signal?.addEventListener("abort", abort, { once: true });
  const timer = to.timeout > 0 && to.timeout < LONGEST_TIMER
    ? setTimeout(() => {
      budget.abort(
        timeoutError(`Cannot ${what}: no answer in ${to.timeout} ms`),
      );
    }, to.timeout)
    : undefined;
  let tcp: Deno.TcpConn | undefined;
  let open: Transport | undefined;
  // Deno's TLS takes no signal: closing it ends the handshake.
  budget.signal.addEventListener("abort", () => open && closeQuietly(open));
  try {
    tcp = await Deno.connect({
      hostname,
      port: to.port,
      signal: budget.signal,
    });
    // TLS with Nagle's delay costs 40 ms a handshake.
    tcp.setNoDelay(true);
    open = tcp;
    if (!to.tls) return { tcp };
    const tls = await upgradeToTls(
      tcp,
      to.tls.options,
      to.tls.session,
      (transport) => {
        open = transport;
        if (budget.signal.aborted) closeQuietly(transport);
      },
    );
    budget.signal.throwIfAborted();
    return { tcp, tls };
  } catch (error) {
    if (open) closeQuietly(open);
    if (tcp) closeQuietly(tcp);
    if (budget.signal.aborted) throw budget.signal.reason;
    throw tcp ? error : tried(what, error);
  } finally {
    clearTimeout(timer);
    to.signal?.removeEventListener("abort", abort);
  }
}

/** No deadline and no signal: the system answers at once. */
async function connectUnix(path: string): Promise<Deno.Conn> {
  try {
    return await Deno.connect({ transport: "unix", path });
  } catch (error) {
    throw tried(`connect to ${path}`, error);
  }
}

function closeQuietly(one: Transport): void {
  try {
    one.close();
  } catch {
    // A second close of Deno's sockets throws BadResource.
  }
}
