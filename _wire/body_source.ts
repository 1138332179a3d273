import type { BodySource } from "./options.ts";

const ENCODER = new TextEncoder();

/**
 * The source as chunks, from its beginning. Refuses what is no source before
 * anything is sent.
 */
export function chunksOf(source: BodySource): AsyncIterable<Uint8Array> {
  if (typeof source === "string") return once(ENCODER.encode(source));
  if (source instanceof Uint8Array) return once(source);
  if (source instanceof Blob) return source.stream();
  if (source !== null && typeof source === "object") {
    if (source instanceof ReadableStream && source.locked) {
      throw new TypeError("Cannot send this body: somebody else is reading it");
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
