import {
  constants,
  createDeflateRaw,
  createInflateRaw,
  type DeflateRaw,
  type InflateRaw,
} from "node:zlib";
import { ProtocolError } from "./errors.ts";
import type { Bytes } from "./options.ts";
import type { Transport } from "./transport.ts";

/**
 * Compresses what is written and expands what is read (RFC 1951), as NNTP's and
 * IMAP's COMPRESS want it (RFC 8054, RFC 4978). Each write is flushed, so that
 * the other side can read all of it. However much comes of a few bytes, no more
 * of it is made than is asked for.
 */
export function deflated(below: Transport): Transport {
  const deflate = new Coder(
    createDeflateRaw({ flush: constants.Z_SYNC_FLUSH }),
  );
  const inflate = new Coder(createInflateRaw());
  const packed = new Uint8Array(64 * 1024);
  /** What comes of the bytes read last. */
  let expanding: AsyncGenerator<Bytes> | undefined;
  let rest: Bytes = new Uint8Array();

  async function read(into: Uint8Array): Promise<number | null> {
    while (rest.length === 0) {
      const next = await expanding?.next();
      if (next && !next.done) {
        rest = next.value;
        continue;
      }
      const count = await untilEnd(() => below.read(packed));
      if (count === null) return null;
      expanding = inflate.code(packed.subarray(0, count));
    }
    const some = rest.subarray(0, into.length);
    into.set(some);
    rest = rest.subarray(some.length);
    return some.length;
  }

  /** Null as soon as the data come to their end: nothing can be behind it. */
  function untilEnd(
    read: () => Promise<number | null>,
  ): Promise<number | null> {
    if (inflate.ended) return Promise.resolve(null);
    return new Promise((resolve, reject) => {
      inflate.onEnd = () => resolve(null);
      read().then(resolve, reject);
    });
  }

  async function write(data: Uint8Array): Promise<number> {
    for await (const part of deflate.code(data)) {
      for (let at = 0; at < part.length;) {
        at += await below.write(part.subarray(at));
      }
    }
    return data.length;
  }

  return {
    read,
    write,
    closeWrite: () => below.closeWrite(),
    close() {
      deflate.close();
      inflate.close();
      below.close();
    },
  };
}

/** One of Node's streams as a function from bytes to bytes. */
class Coder {
  #stream: DeflateRaw | InflateRaw;
  #failed: Error | undefined;
  /** Whether the compressed data have come to their end. */
  ended = false;
  /** Called then. */
  onEnd = () => {};
  #wake = () => {};

  constructor(stream: DeflateRaw | InflateRaw) {
    this.#stream = stream;
    stream.on("readable", () => this.#wake());
    stream.on("close", () => this.#wake());
    stream.on("end", () => {
      this.ended = true;
      this.onEnd();
      this.#wake();
    });
    stream.on("error", (error) => {
      this.#failed = new ProtocolError(
        `the compressed data are damaged (${error.message})`,
        { cause: error },
      );
      this.#wake();
    });
  }

  /** All that comes of `bytes`, which must stay as they are until its end. */
  async *code(bytes: Uint8Array): AsyncGenerator<Bytes> {
    let done = false;
    this.#stream.write(bytes, () => {
      done = true;
      this.#wake();
    });
    for (;;) {
      if (this.#failed) throw this.#failed;
      const waiting = new Promise<void>((resolve) => this.#wake = resolve);
      const part: Bytes | null = this.#stream.read();
      if (part) yield part;
      else if (done || this.ended || this.#stream.destroyed) return;
      else await waiting;
    }
  }

  close(): void {
    this.#stream.destroy();
  }
}
