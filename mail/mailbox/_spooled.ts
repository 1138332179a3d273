import { abortable } from "../../_wire/abortable.ts";
import { chunksOf } from "../../_wire/body_source.ts";
import type { BodySource } from "../../_wire/options.ts";
import { ToLf } from "./_line_ends.ts";
import { TemporaryFile } from "./_temporary_file.ts";
import { readRange, writeAll } from "./_window.ts";

/** Longest message that is kept in memory on its way into a mailbox. */
const MOST_MEMORY = 4 * 1024 * 1024;

/**
 * A message that has come, all of it, before a mailbox is locked for it: nobody
 * is made to wait for a slow network. What is long waits in a temporary file,
 * see {@linkcode TemporaryFile}.
 */
export class Spooled implements Disposable {
  #memory = new Uint8Array();
  #size = 0;
  #file: TemporaryFile | undefined;

  private constructor() {}

  /** Reads a message; one in the network's form becomes one with LF. */
  static async read(
    source: BodySource,
    signal?: AbortSignal,
  ): Promise<Spooled> {
    const chunks = chunksOf(source)[Symbol.asyncIterator]();
    const spooled = new Spooled();
    const toLf = new ToLf("wire");
    // A source may take its time also to end.
    const stop = () => void chunks.return?.().catch(() => {});
    try {
      await abortable(signal, stop, async () => {
        for (;;) {
          const { done, value } = await chunks.next();
          signal?.throwIfAborted();
          if (done) break;
          for (const piece of toLf.push(value)) spooled.#write(piece);
        }
        for (const piece of toLf.end()) spooled.#write(piece);
      });
    } catch (error) {
      spooled[Symbol.dispose]();
      stop();
      throw error;
    }
    return spooled;
  }

  /** Chunks, kept until they are read: what they come from may change. */
  static *kept(chunks: Iterable<Uint8Array>): Generator<Uint8Array> {
    using spooled = new Spooled();
    for (const chunk of chunks) spooled.#write(chunk);
    yield* spooled.chunks();
  }

  /** Bytes in the message. */
  get size(): number {
    return this.#size;
  }

  /** The message from byte `from` on; each chunk is good until the next one. */
  chunks(from = 0): Iterable<Uint8Array> {
    if (this.#file) return readRange(this.#file.handle, from, this.#size);
    return [this.#memory.subarray(from, this.#size)];
  }

  /** It is not needed any more. */
  [Symbol.dispose](): void {
    this.#memory = new Uint8Array();
    this.#file?.[Symbol.dispose]();
    this.#file = undefined;
  }

  #write(piece: Uint8Array): void {
    const size = this.#size + piece.length;
    if (!this.#file && size > MOST_MEMORY) this.#toFile();
    if (this.#file) writeAll(this.#file.handle, piece);
    else {
      if (size > this.#memory.length) {
        const larger = new Uint8Array(Math.max(2 * this.#memory.length, size));
        larger.set(this.#memory.subarray(0, this.#size));
        this.#memory = larger;
      }
      this.#memory.set(piece, this.#size);
    }
    this.#size = size;
  }

  #toFile(): void {
    const file = this.#file = new TemporaryFile();
    writeAll(file.handle, this.#memory.subarray(0, this.#size));
    this.#memory = new Uint8Array();
  }
}
