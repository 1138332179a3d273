/**
 * Both ends of a server without a client of ours in between: a socket that
 * sends any bytes and reads replies strictly, and a socket that is none, for a
 * conversation whose input comes in exactly the slices that a test wants.
 *
 * @module
 */

import { assertEquals } from "jsr:@std/assert@^1.0.0";
import { Conversation } from "../../../mail/smtpd/conversation.ts";
import {
  type ReceivedEnvelope,
  SmtpServer,
  type SmtpServerOptions,
  type SmtpSession,
} from "../../../mail/smtpd/mod.ts";

type Bytes = Uint8Array<ArrayBuffer>;

/** A message as a handler got it. */
export interface Message {
  envelope: ReceivedEnvelope;
  session: SmtpSession;
  /** One character for a byte, so that all can be compared. */
  text: string;
}

/** A server that keeps what it receives. */
export interface Started extends AsyncDisposable {
  server: SmtpServer;
  messages: Message[];
}

export function start(options: Partial<SmtpServerOptions> = {}): Started {
  const { messages, onMessage } = keeper();
  const server = new SmtpServer({ port: 0, onMessage, ...options });
  return {
    server,
    messages,
    [Symbol.asyncDispose]: () => server[Symbol.asyncDispose](),
  };
}

/** A handler that keeps what it is given. */
export function keeper(): {
  messages: Message[];
  onMessage: SmtpServerOptions["onMessage"];
} {
  const messages: Message[] = [];
  return {
    messages,
    async onMessage(envelope, body, session) {
      const bytes = new Uint8Array(await new Response(body).arrayBuffer());
      messages.push({ envelope, session, text: toText(bytes) });
    },
  };
}

/** A reply, all lines of it. */
export interface Reply {
  code: number;
  /** Without the codes in front. */
  lines: string[];
}

/** A client's socket. */
export class RawClient implements Disposable {
  /** The TLS connection where there is one. */
  conn: Deno.Conn;
  #buffer: Bytes = new Uint8Array(0);

  constructor(conn: Deno.Conn) {
    this.conn = conn;
  }

  /** Connects to the server, and reads nothing. */
  static async connect({ address }: SmtpServer): Promise<RawClient> {
    const { hostname, port } = address;
    const conn = await Deno.connect({ hostname, port });
    conn.setNoDelay(true);
    return new RawClient(conn);
  }

  /** Connects, reads the greeting and says EHLO. */
  static async greeted(server: SmtpServer): Promise<RawClient> {
    const client = await RawClient.connect(server);
    await client.expect(220);
    await client.say("EHLO me.example", 250);
    return client;
  }

  async send(data: string | Uint8Array): Promise<void> {
    const bytes = toBytes(data);
    for (let at = 0; at < bytes.length;) {
      at += await this.conn.write(bytes.subarray(at));
    }
  }

  /** Sends a command, and reads its reply, which must have this code. */
  async say(command: string, code: number): Promise<Reply> {
    await this.send(command + "\r\n");
    return await this.expect(code, command);
  }

  /** The next reply; undefined at the end. What is no reply is an error. */
  async reply(): Promise<Reply | undefined> {
    let code: string | undefined;
    const lines: string[] = [];
    for (;;) {
      const line = await this.#readLine();
      if (line === undefined && lines.length === 0) return undefined;
      const match = /^([2-5]\d\d)([ -])([^\r\n]*)\r\n$/s.exec(line ?? "");
      if (!match || (code !== undefined && match[1] !== code)) {
        throw new Error(`Cannot read a reply: ${JSON.stringify(line)}`);
      }
      code = match[1];
      lines.push(match[3]!);
      if (match[2] === " ") return { code: Number(code), lines };
    }
  }

  async expect(code: number, why = ""): Promise<Reply> {
    const reply = await this.reply();
    assertEquals(reply?.code, code, `${why}: ${JSON.stringify(reply)}`);
    return reply!;
  }

  /** The codes of all replies up to the end. */
  async codes(): Promise<string> {
    const codes: number[] = [];
    for (;;) {
      const reply = await this.reply();
      if (!reply) return codes.join(" ");
      codes.push(reply.code);
    }
  }

  /** What one read gives, as text. */
  async readOnce(): Promise<string> {
    await this.#fill();
    const text = new TextDecoder().decode(this.#buffer);
    this.#buffer = new Uint8Array(0);
    return text;
  }

  /** Everything up to the end, as text. */
  async rest(): Promise<string> {
    while (await this.#fill());
    return await this.readOnce();
  }

  /** STARTTLS and the handshake. */
  async startTls(caPem: string): Promise<void> {
    await this.say("STARTTLS", 220);
    this.conn = await Deno.startTls(this.conn as Deno.TcpConn, {
      hostname: "localhost",
      caCerts: [caPem],
    });
  }

  /** Drops the connection; again where that was done. */
  close(): void {
    try {
      this.conn.close();
    } catch (error) {
      if (!(error instanceof Deno.errors.BadResource)) throw error;
    }
  }

  [Symbol.dispose](): void {
    this.close();
  }

  async #readLine(): Promise<string | undefined> {
    for (;;) {
      const end = this.#buffer.indexOf(0x0a) + 1;
      if (end > 0) {
        const line = new TextDecoder().decode(this.#buffer.subarray(0, end));
        this.#buffer = this.#buffer.slice(end);
        return line;
      }
      if (await this.#fill()) continue;
      if (this.#buffer.length === 0) return undefined;
      throw new Error(
        `Cannot read a line: it has ${this.#buffer.length} bytes`,
      );
    }
  }

  async #fill(): Promise<boolean> {
    const chunk = new Uint8Array(65_536);
    const count = await this.conn.read(chunk);
    if (count === null) return false;
    const joined = new Uint8Array(this.#buffer.length + count);
    joined.set(this.#buffer);
    joined.set(chunk.subarray(0, count), this.#buffer.length);
    this.#buffer = joined;
    return true;
  }
}

/** Connects, sends all of it, and gives back all that is said until the end. */
export async function talk(
  server: SmtpServer,
  data: string | Uint8Array,
): Promise<string> {
  using client = await RawClient.connect(server);
  // Read at the same time, else both sides could wait to write.
  const said = client.rest();
  try {
    await client.send(data);
  } catch {
    // The server has hung up; what it said counts.
  }
  return await said;
}

/** What a conversation came to. */
export interface Played {
  /** All that was said. */
  said: string;
  /** The same, each write for itself. */
  writes: string[];
  messages: Message[];
}

/**
 * A whole conversation with a server, without a socket: the input comes in
 * these slices, one for each read, and ends behind the last one.
 */
export async function play(
  slices: Iterable<string | Uint8Array>,
  options: Partial<SmtpServerOptions> = {},
  host: { maxSize?: number; maxRecipients?: number } = {},
): Promise<Played> {
  const { messages, onMessage } = keeper();
  const conn = new SlicedConn(slices);
  const conversation = new Conversation(conn, {
    options: { port: 0, onMessage, ...options },
    maxSize: 1_000_000,
    maxRecipients: 1_000,
    timeout: 20_000,
    bridge: undefined,
    fakeSecret: new Uint8Array(32),
    ...host,
  });
  await conversation.run();
  assertEquals(conn.closed, true, "the connection was left open");
  return { said: conn.writes.join(""), writes: conn.writes, messages };
}

/** A connection whose input is known beforehand. */
class SlicedConn implements Deno.Conn {
  readonly localAddr: Deno.Addr = address(25);
  readonly remoteAddr: Deno.Addr = address(50_000);
  readonly writes: string[] = [];
  closed = false;
  #slices: Bytes[];

  constructor(slices: Iterable<string | Uint8Array>) {
    this.#slices = Array.from(slices, toBytes).filter((one) => one.length > 0);
  }

  read(into: Uint8Array): Promise<number | null> {
    if (this.closed) return Promise.reject(new Deno.errors.BadResource());
    const slice = this.#slices.shift();
    if (!slice) return Promise.resolve(null);
    const count = Math.min(slice.length, into.length);
    into.set(slice.subarray(0, count));
    if (count < slice.length) this.#slices.unshift(slice.subarray(count));
    return Promise.resolve(count);
  }

  write(data: Uint8Array): Promise<number> {
    if (this.closed) return Promise.reject(new Deno.errors.BadResource());
    this.writes.push(new TextDecoder().decode(data));
    return Promise.resolve(data.length);
  }

  closeWrite(): Promise<void> {
    return Promise.resolve();
  }

  close(): void {
    this.closed = true;
  }

  [Symbol.dispose](): void {
    this.close();
  }

  ref(): void {}
  unref(): void {}

  get readable(): never {
    throw new Error("not here");
  }

  get writable(): never {
    throw new Error("not here");
  }
}

function address(port: number): Deno.NetAddr {
  return { transport: "tcp", hostname: "127.0.0.1", port };
}

/** The codes of the replies, one for each. */
export function codes(said: string): string {
  return said.split("\r\n").filter((line) => /^\d{3} /.test(line))
    .map((line) => line.slice(0, 3)).join(" ");
}

/** Text as UTF-8; bytes as they are. */
export function toBytes(data: string | Uint8Array): Bytes {
  return typeof data === "string"
    ? new TextEncoder().encode(data)
    : new Uint8Array(data);
}

/** One character for a byte. */
export function toText(bytes: Uint8Array): string {
  return Array.from(bytes, (byte) => String.fromCharCode(byte)).join("");
}

/** The bytes of a text with one character for each. */
export function fromText(text: string): Bytes {
  return Uint8Array.from(text, (one) => one.charCodeAt(0));
}

/** What the watched promise did within the time: a limit, not a pause. */
export async function within<T>(
  ms: number,
  promise: Promise<T>,
): Promise<T | "late"> {
  const { promise: late, resolve } = Promise.withResolvers<"late">();
  const timer = setTimeout(() => resolve("late"), ms);
  try {
    return await Promise.race([promise, late]);
  } finally {
    clearTimeout(timer);
  }
}
