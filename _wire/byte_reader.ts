import { ProtocolError } from "./errors.ts";
import type { Bytes } from "./options.ts";

const CHUNK = 64 * 1024;

/**
 * The only read buffer of a connection. Lines are found in it, bodies pass it
 * by: `read` copies what is buffered and otherwise lets the socket write
 * straight into the caller's memory.
 */
export class ByteReader {
  #source: (into: Uint8Array) => Promise<number | null>;
  // Made on first use: a data connection that only carries a body needs none.
  #buffer: Bytes | undefined;
  #start = 0;
  #end = 0;
  #position = 0;

  /** `source` gives the count of bytes put at the front of `into`, or null. */
  constructor(source: (into: Uint8Array) => Promise<number | null>) {
    this.#source = source;
  }

  /** Bytes that have arrived and are not yet handed out. */
  get buffered(): number {
    return this.#end - this.#start;
  }

  /** Bytes handed out so far; tells a line reader that others have read. */
  get position(): number {
    return this.#position;
  }

  /** What is buffered from `offset` on; valid until the next fill. */
  peek(offset = 0): Bytes {
    this.#buffer ??= new Uint8Array(CHUNK);
    return this.#buffer.subarray(this.#start + offset, this.#end);
  }

  /** Marks `count` buffered bytes as handed out. */
  consume(count: number): void {
    this.#start += count;
    this.#position += count;
    if (this.#start === this.#end) this.#start = this.#end = 0;
  }

  /** Reads some more behind what is buffered; false at the end. */
  async fill(): Promise<boolean> {
    let buffer = this.#buffer ??= new Uint8Array(CHUNK);
    if (this.#end === buffer.length) {
      // Room is made by moving down, and only then by growing; the callers'
      // limits on a line bound how far it grows.
      if (this.#start < CHUNK / 2) {
        buffer = new Uint8Array(buffer.length * 2);
      }
      buffer.set(this.#buffer.subarray(this.#start, this.#end));
      this.#buffer = buffer;
      this.#end -= this.#start;
      this.#start = 0;
    }
    const count = await this.#source(buffer.subarray(this.#end));
    if (count === null) return false;
    this.#end += count;
    return true;
  }

  /** Up to `into.length` bytes, at least one; null at the end. */
  async read(into: Uint8Array): Promise<number | null> {
    if (this.#start === this.#end) {
      const count = await this.#source(into);
      if (count !== null) this.#position += count;
      return count;
    }
    const count = Math.min(into.length, this.#end - this.#start);
    into.set(this.#buffer!.subarray(this.#start, this.#start + count));
    this.consume(count);
    return count;
  }

  /**
   * Exactly `length` bytes; a connection that ends before is an error, and so
   * is a length over `limit`, before memory is taken for it.
   */
  async readExactly(length: number, limit: number): Promise<Bytes> {
    if (length > limit) {
      throw new ProtocolError(
        `Cannot read ${length} bytes: the limit is ${limit}`,
      );
    }
    const bytes = new Uint8Array(length);
    for (let at = 0; at < length;) {
      const count = await this.read(bytes.subarray(at));
      if (count === null) {
        throw new ProtocolError(
          `Cannot read ${length} bytes: the connection ended after ${at}`,
        );
      }
      at += count;
    }
    return bytes;
  }
}
