/**
 * An SMTP server for the tests in this folder: it follows the rules to the
 * byte, breaks off where a client does not, keeps what it was sent, and answers
 * differently where a test tells it to. It holds no tests itself.
 *
 * @module
 */
import { Buffer } from "node:buffer";
import { SmtpClient, type SmtpConnectOptions } from "../../../mail/smtp/mod.ts";
import {
  isConnectionClosed,
  type ScriptedConn,
  scriptedServer,
} from "../../_support/scripted_server.ts";

/** Text of bytes, one character a byte. */
export function latin1(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length)
    .toString("latin1");
}

/** Bytes of a text, as UTF-8. */
export function utf8(text: string): Uint8Array<ArrayBuffer> {
  return new TextEncoder().encode(text);
}

/** A socket with strict lines and content. */
export class Wire {
  /** The connection. */
  readonly conn: Deno.Conn;
  #buffer: Buffer = Buffer.alloc(0);

  /** Takes over its input. */
  constructor(conn: Deno.Conn) {
    this.conn = conn;
  }

  /** Writes all of it. */
  async write(data: string | Uint8Array): Promise<void> {
    const bytes = typeof data === "string" ? utf8(data) : data;
    for (let at = 0; at < bytes.length;) {
      at += await this.conn.write(bytes.subarray(at));
    }
  }

  /** A line without its CRLF; undefined at the end of the input. */
  async line(): Promise<string | undefined> {
    const bytes = await this.#until("\r\n");
    if (!bytes) return undefined;
    const text = bytes.subarray(0, -2).toString("utf-8");
    if (/[\r\n\0]/.test(text)) {
      throw new Error(
        `A command with a bare CR or LF: ${JSON.stringify(text)}`,
      );
    }
    return text;
  }

  /** Exactly so many bytes. */
  async take(count: number): Promise<Uint8Array<ArrayBuffer>> {
    const all = new Uint8Array(count);
    for (let at = 0;;) {
      const part = this.#buffer.subarray(0, count - at);
      all.set(part, at);
      at += part.length;
      this.#buffer = this.#buffer.subarray(part.length);
      if (at === count) return all;
      const chunk = await this.#read();
      if (!chunk) throw new Deno.errors.UnexpectedEof("in a chunk");
      this.#buffer = chunk;
    }
  }

  /** The content of DATA as it stands on the wire, without its lone dot. */
  async data(): Promise<Uint8Array<ArrayBuffer>> {
    // The line of DATA itself ended in a CRLF (RFC 5321 section 4.1.1.4).
    this.#buffer = Buffer.concat([Buffer.from("\r\n"), this.#buffer]);
    const bytes = await this.#until("\r\n.\r\n");
    if (!bytes) throw new Deno.errors.UnexpectedEof("in DATA");
    return new Uint8Array(bytes.subarray(2, -3));
  }

  /** What has come and was not taken. */
  get rest(): string {
    return this.#buffer.toString("latin1");
  }

  async #until(end: string): Promise<Buffer | undefined> {
    for (let from = 0;;) {
      const at = this.#buffer.indexOf(end, from);
      if (at >= 0) {
        const found = this.#buffer.subarray(0, at + end.length);
        this.#buffer = this.#buffer.subarray(at + end.length);
        return found;
      }
      from = Math.max(0, this.#buffer.length - end.length);
      const chunk = await this.#read();
      if (!chunk) return undefined;
      this.#buffer = Buffer.concat([this.#buffer, chunk]);
    }
  }

  async #read(): Promise<Buffer | undefined> {
    const chunk = Buffer.alloc(1 << 18);
    const count = await this.conn.read(chunk);
    return count === null ? undefined : chunk.subarray(0, count);
  }
}

/** What a host is told. */
export interface HostOptions {
  /** Default none. */
  extensions?: string[];
  /** Default `220 host ready`. */
  greeting?: string;
  /** Whether it speaks LMTP: one reply for each recipient. */
  lmtp?: boolean;
  /**
   * The answer to a command, without its last CRLF; undefined for what the
   * rules say. The end of content asks too, as `"."` or `"BDAT 5 LAST"`, after
   * the content was read. `conn` is the number of the connection, from 1.
   */
  answer?: (
    command: string,
    conn: HostConn,
  ) => string | undefined | void | Promise<string | undefined | void>;
  /** Told of each connection that the client has closed, or lost. */
  onGone?: (number: number) => void;
}

/** A connection to a host. */
export class HostConn extends Wire {
  /** Its number, from 1. */
  readonly number: number;
  /** Recipients of the message under way. */
  recipients = 0;
  /** Messages whose end was answered. */
  messages = 0;
  /** Closed by the test. */
  ended = false;

  /** Takes over its input. */
  constructor(conn: Deno.Conn, number: number) {
    super(conn);
    this.number = number;
  }

  /** Hangs up, after all that was written. */
  hangUp(): void {
    this.ended = true;
  }
}

/** A server that is listening. */
export interface Host extends AsyncDisposable {
  readonly hostname: string;
  readonly port: number;
  /** How many connections have been accepted. */
  readonly connections: number;
  /** Every command in its order, over all connections. */
  readonly commands: string[];
  /** What was sent as content, as it stood on the wire. */
  readonly messages: Uint8Array<ArrayBuffer>[];
}

/** Serves one connection until the client leaves. */
export async function serveHost(
  conn: HostConn,
  options: HostOptions,
  commands: string[],
  messages: Uint8Array<ArrayBuffer>[],
): Promise<void> {
  const { extensions = [], greeting = "220 host ready", lmtp = false } =
    options;
  let mail = false;
  let chunks: Uint8Array[] = [];
  let failed = false;

  async function say(command: string, usual: string): Promise<string> {
    const answer = await options.answer?.(command, conn) ?? usual;
    if (answer !== "") await conn.write(answer + "\r\n");
    return answer;
  }
  function reset(): void {
    mail = failed = false;
    conn.recipients = 0;
    chunks = [];
  }
  function each(reply: string): string {
    if (!lmtp) return reply;
    return Array(Math.max(1, conn.recipients)).fill(reply).join("\r\n");
  }

  await conn.write(greeting + "\r\n");
  while (!conn.ended) {
    const line = await conn.line();
    if (line === undefined) return;
    commands.push(line);
    const verb = line.split(" ")[0]!.toUpperCase();
    if (verb === "BDAT") {
      const [, size, last] = /^BDAT (\d+)( LAST)?$/.exec(line) ?? [];
      if (size === undefined) throw new Error(`This is no BDAT: ${line}`);
      chunks.push(await conn.take(Number(size)));
      const fits = mail && conn.recipients > 0 && !failed;
      const answer = await say(
        line,
        fits
          ? last ? each("250 2.0.0 taken") : "250 2.0.0 go on"
          : "503 5.5.1 no recipients",
      );
      failed ||= !answer.startsWith("2");
      if (!last) continue;
      if (!failed) messages.push(new Uint8Array(Buffer.concat(chunks)));
      conn.messages++;
      reset();
      continue;
    }
    switch (verb) {
      case "EHLO":
      case "LHLO":
        reset();
        await say(
          line,
          ["host", ...extensions].map((one, at) =>
            `250${at === extensions.length ? " " : "-"}${one}`
          ).join("\r\n"),
        );
        break;
      case "MAIL": {
        const answer = await say(
          line,
          mail ? "503 nested MAIL" : "250 2.1.0 ok",
        );
        if (answer.startsWith("2")) mail = true;
        break;
      }
      case "RCPT": {
        const answer = await say(line, mail ? "250 2.1.5 ok" : "503 no MAIL");
        if (answer.startsWith("2")) conn.recipients++;
        break;
      }
      case "DATA": {
        const fits = mail && conn.recipients > 0;
        const answer = await say(line, fits ? "354 go" : "503 5.5.1 no valid");
        if (!answer.startsWith("354")) break;
        const content = await conn.data();
        const final = await say(".", each("250 2.0.0 taken"));
        conn.messages++;
        if (/^250/m.test(final)) messages.push(content);
        reset();
        break;
      }
      case "RSET":
        await say(line, "250 2.0.0 reset");
        reset();
        break;
      case "QUIT":
        await say(line, "221 2.0.0 bye");
        return;
      default:
        await say(line, "250 ok");
    }
  }
}

/** Starts a host on the loopback interface. */
export async function startHost(options: HostOptions = {}): Promise<Host> {
  const commands: string[] = [];
  const messages: Uint8Array<ArrayBuffer>[] = [];
  let number = 0;
  const server = await scriptedServer(async (scripted) => {
    const conn = new HostConn(scripted.conn, ++number);
    try {
      await serveHost(conn, options, commands, messages);
      await scripted.closeWrite();
      await scripted.readToEnd();
    } catch (error) {
      if (!isConnectionClosed(error)) throw error;
    } finally {
      scripted.close();
      options.onGone?.(conn.number);
    }
  });
  return {
    hostname: server.hostname,
    port: server.port,
    get connections() {
      return server.connections;
    },
    commands,
    messages,
    [Symbol.asyncDispose]: () => server[Symbol.asyncDispose](),
  };
}

/** A client of a server that listens on the loopback interface. */
export function open(
  server: { hostname: string; port: number },
  options: SmtpConnectOptions = {},
): Promise<SmtpClient> {
  const { hostname, port } = server;
  return SmtpClient.connect({ hostname, port, timeout: 10_000, ...options });
}

/** Greets as a server with these extensions, and takes the EHLO. */
export async function greet(
  conn: ScriptedConn,
  extensions: string[] = [],
): Promise<void> {
  await conn.write("220 host ready\r\n");
  await conn.expect(/^[EL]HLO /);
  await conn.write(
    ["host", ...extensions].map((one, at) =>
      `250${at === extensions.length ? " " : "-"}${one}\r\n`
    ).join(""),
  );
}

/** Reads exactly this, byte for byte. */
export async function receive(
  conn: ScriptedConn,
  expected: string | Uint8Array,
): Promise<void> {
  const wanted = typeof expected === "string"
    ? Buffer.from(expected).toString("latin1")
    : latin1(expected);
  const got = latin1(await conn.readBytes(wanted.length));
  if (got !== wanted) {
    throw new Error(
      `Cannot follow the script: wanted ${JSON.stringify(wanted)}, ` +
        `got ${JSON.stringify(got)}`,
    );
  }
}
