/**
 * A connection as {@linkcode NntpServer} sees it: lines in, answers out, over a
 * transport that can change.
 *
 * @module
 */
import { Buffer } from "node:buffer";
import { ByteReader } from "../../_wire/byte_reader.ts";
import { CrlfWriter } from "../../_wire/crlf_writer.ts";
import { LineReader } from "../../_wire/line_reader.ts";
import type { TlsBridge } from "../../_wire/tls_bridge.ts";
import type { Transport } from "../../_wire/transport.ts";
import { DeflateTransport } from "./nntp_server_deflate.ts";

/** Bytes in a line, a SASL response being the longest. */
const LONGEST_LINE = 16 * 1024;

/** Bytes of answers that wait for more of them. */
const ENOUGH = 256 * 1024;

const LF = 0x0a;

/** Text of which every character stands for a byte, as bytes. */
export function toBytes(text: string): Uint8Array {
  return Buffer.from(text, "latin1");
}

/** Bytes as text of which every character stands for one. */
export function toByteString(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length)
    .toString("latin1");
}

/** Text as it goes on the wire, in UTF-8. */
export function fromText(text: string): string {
  return Buffer.from(text, "utf-8").toString("latin1");
}

/** What came on the wire as text; as it is where that is not UTF-8. */
export function toText(bytes: string): string {
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(toBytes(bytes));
  } catch {
    return bytes;
  }
}

/**
 * Lines in and answers out. Every character of a line stands for a byte: what
 * is not UTF-8 passes unharmed.
 */
export class Channel {
  readonly bytes: ByteReader;
  readonly lines: LineReader;
  #conn: Deno.Conn;
  #transport: Transport;
  #waiting: Uint8Array[] = [];
  #size = 0;
  #secure = false;
  #compressed = false;
  #closed = false;

  constructor(conn: Deno.Conn) {
    this.#conn = this.#transport = conn;
    this.bytes = new ByteReader((into) => this.#transport.read(into));
    this.lines = new LineReader(this.bytes, LONGEST_LINE, "latin1");
    this.lines.strict = true;
  }

  /** Whether TLS runs. */
  get secure(): boolean {
    return this.#secure;
  }

  /** Whether everything goes through deflate. */
  get compressed(): boolean {
    return this.#compressed;
  }

  /**
   * The next line; undefined at the end. Answers wait until nothing more has
   * come, so that pipelined commands get theirs together.
   */
  async readLine(): Promise<string | undefined> {
    if (this.bytes.peek().indexOf(LF) < 0) await this.flush();
    return await this.lines.readLine();
  }

  /** Answers with a line. */
  say(line: string): void {
    this.#add(toBytes(`${line}\r\n`));
  }

  /** Answers with a line and a block of others (RFC 3977 section 3.1.1). */
  async sayLines(line: string, lines: Iterable<string>): Promise<void> {
    let block = "";
    for (const one of lines) block += one + "\r\n";
    await this.sayBlock(line, toBytes(block));
  }

  /** Answers with a line and a block. */
  async sayBlock(line: string, block: Uint8Array): Promise<void> {
    const crlf = new CrlfWriter({ stuffDots: true });
    this.say(line);
    this.#add(crlf.encode(block));
    this.#add(crlf.end());
    if (this.#size > ENOUGH) await this.flush();
  }

  /** Sends the answers that are waiting, in one write. */
  async flush(): Promise<void> {
    const all = Buffer.concat(this.#waiting.splice(0));
    this.#size = 0;
    for (let at = 0; at < all.length;) {
      at += await this.#transport.write(all.subarray(at));
    }
  }

  /** Lets the client put TLS on the connection, after the answer allowing it. */
  async acceptTls(bridge: TlsBridge): Promise<void> {
    await this.flush();
    this.#refuseEarly("TLS");
    const bridged = await bridge.upgrade(this.#conn);
    this.#transport = {
      read: (into) => bridged.read(into),
      write: (data) => bridged.write(data),
      closeWrite: () => bridged.closeWrite(),
      close: () => bridged.abort(),
    };
    if (this.#closed) return bridged.abort();
    this.#secure = true;
  }

  /** Compresses from here on, after the answer allowing it. */
  async compress(): Promise<void> {
    await this.flush();
    this.#refuseEarly("compression");
    this.#transport = new DeflateTransport(this.#transport);
    this.#compressed = true;
  }

  /** Says what is left to say and waits until the client has hung up. */
  async end(): Promise<void> {
    await this.flush();
    // Closing at once could take our last words back.
    await this.#transport.closeWrite();
    const waste = new Uint8Array(1024);
    while (await this.bytes.read(waste) !== null);
  }

  /** Ends it at once; may be called again. */
  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    closeQuietly(this.#transport);
    if (this.#transport !== this.#conn) closeQuietly(this.#conn);
  }

  #add(bytes: Uint8Array): void {
    this.#waiting.push(bytes);
    this.#size += bytes.length;
  }

  /** Behind such a command nothing may come before its answer. */
  #refuseEarly(what: string): void {
    if (this.bytes.buffered === 0) return;
    throw new Error(`Cannot start ${what}: the client went on without it`);
  }
}

function closeQuietly(one: Transport): void {
  try {
    one.close();
  } catch {
    // A second close of Deno's sockets throws BadResource.
  }
}
