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
      return streamChunks(source);
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

/** A reader that fills our memory; only byte streams have it. */
function byobReader(
  stream: ReadableStream<Uint8Array>,
): ReadableStreamBYOBReader | undefined {
  try {
    return stream.getReader({ mode: "byob" });
  } catch {
    return undefined;
  }
}

/** With our memory several times as fast as with 64 KiB anew each time. */
async function* streamChunks(
  stream: ReadableStream<Uint8Array>,
): AsyncGenerator<Uint8Array> {
  const reader = byobReader(stream);
  if (!reader) return yield* checked(stream);
  let memory = new Uint8Array(CHUNK);
  let ended = false;
  try {
    for (;;) {
      const { done, value } = await reader.read(memory);
      if (done) {
        ended = true;
        return;
      }
      if (value.length > 0) yield value;
      memory = new Uint8Array(value.buffer);
    }
  } catch (error) {
    ended = true;
    throw error;
  } finally {
    if (!ended) await reader.cancel();
    reader.releaseLock();
  }
}

async function* checked(
  source: AsyncIterable<Uint8Array>,
): AsyncGenerator<Uint8Array> {
  for await (const chunk of source) {
    if (!(chunk instanceof Uint8Array)) {
      throw new TypeError(
        `Cannot send this body: it gave a ${typeof chunk} instead of bytes`,
      );
    }
    if (chunk.length > 0) yield chunk;
  }
}
