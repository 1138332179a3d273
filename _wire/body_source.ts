import type { BodySource } from "./options.ts";

const ENCODER = new TextEncoder();

/** What a stream of bytes is asked for at a time; measured best for files. */
const CHUNK = 256 * 1024;

/**
 * The source as chunks, from its beginning. Refuses what is no source before
 * anything is sent. A chunk is good until the next one is asked for: its memory
 * may be used again.
 */
export function chunksOf(source: BodySource): AsyncIterable<Uint8Array> {
  if (typeof source === "string") return once(ENCODER.encode(source));
  if (source instanceof Uint8Array) return once(source);
  if (source instanceof Blob) return source.stream();
  if (source !== null && typeof source === "object") {
    if (source instanceof ReadableStream) {
      if (source.locked) {
        throw new TypeError(
          "Cannot send this body: somebody else is reading it",
        );
      }
      return new StreamChunks(source);
    }
    if (Symbol.asyncIterator in source) return checked(source);
  }
  throw new TypeError(
    "Cannot send this body: it is neither a stream, an async iterable, a " +
      "Blob, bytes nor a string",
  );
}

/** Whether the source gives the same bytes when it is read a second time. */
export function isReplayable(source: unknown): boolean {
  return typeof source === "string" || source instanceof Uint8Array ||
    source instanceof Blob;
}

async function* once(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  if (bytes.length > 0) yield bytes;
}

/**
 * A stream's chunks. A byte stream is read into our memory, several times as
 * fast as with 64 KiB anew each time. `return` cancels the stream also where
 * nothing was read yet, or a read is pending that may never end.
 */
class StreamChunks implements AsyncIterableIterator<Uint8Array> {
  #stream: ReadableStream<Uint8Array>;
  #read: (() => Promise<IteratorResult<Uint8Array>>) | undefined;
  #reader: ReadableStreamBYOBReader | ReadableStreamDefaultReader | undefined;
  #ended = false;

  constructor(stream: ReadableStream<Uint8Array>) {
    this.#stream = stream;
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  async next(): Promise<IteratorResult<Uint8Array>> {
    while (!this.#ended) {
      let result: IteratorResult<Uint8Array>;
      try {
        result = await (this.#read ??= this.#open())();
      } catch (error) {
        this.#end();
        throw error;
      }
      if (result.done) this.#end();
      else if (result.value.length > 0) return result;
    }
    return { done: true, value: undefined };
  }

  async return(): Promise<IteratorResult<Uint8Array>> {
    if (!this.#ended) {
      this.#ended = true;
      if (this.#reader) {
        await this.#reader.cancel();
        this.#reader.releaseLock();
      } else if (!this.#stream.locked) await this.#stream.cancel();
    }
    return { done: true, value: undefined };
  }

  #end(): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#reader?.releaseLock();
  }

  #open(): () => Promise<IteratorResult<Uint8Array>> {
    try {
      return this.#fill(this.#stream.getReader({ mode: "byob" }));
    } catch {
      // Only byte streams have such readers.
      const reader = this.#reader = this.#stream.getReader();
      return async () => {
        const { done, value } = await reader.read();
        if (!done) checkChunk(value);
        return done ? { done, value: undefined } : { done, value };
      };
    }
  }

  #fill(
    reader: ReadableStreamBYOBReader,
  ): () => Promise<IteratorResult<Uint8Array>> {
    this.#reader = reader;
    let memory = new Uint8Array(CHUNK);
    return async () => {
      // The last chunk's memory comes back by the result.
      const { done, value } = await reader.read(memory);
      if (done) return { done, value: undefined };
      memory = new Uint8Array(value.buffer);
      return { done, value };
    };
  }
}

async function* checked(
  source: AsyncIterable<Uint8Array>,
): AsyncGenerator<Uint8Array> {
  for await (const chunk of source) {
    checkChunk(chunk);
    if (chunk.length > 0) yield chunk;
  }
}

function checkChunk(chunk: unknown): void {
  if (chunk instanceof Uint8Array) return;
  throw new TypeError(
    `Cannot send this body: it gave a ${typeof chunk} instead of bytes`,
  );
}
