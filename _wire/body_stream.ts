import type { Bytes } from "./options.ts";

/** Where a body comes from. */
export interface Body {
  /**
   * Bytes put at the front of `into`, at least one; null at the end, after all
   * that belongs to the end, such as a final reply, was looked at.
   */
  read(into: Uint8Array): Promise<number | null>;
  /** The reader wants no more. */
  cancel(reason: unknown): Promise<void>;
}

/** A body as its reader sees it, and the way to break it from our side. */
export interface BodyStream {
  /** The stream to hand out. */
  stream: ReadableStream<Bytes>;
  /** Errors the stream although nobody reads it just now. */
  fail(reason: unknown): void;
}

// What a default reader is given at a time. Larger chunks are not faster: each
// is a new allocation that has to be zeroed.
const CHUNK = 64 * 1024;

/**
 * A body as a byte stream that reads nothing before it is asked. A BYOB reader
 * has its own memory filled straight from the socket. `chunkSize` is what a
 * body that is known to be small is given at a time.
 */
export function bodyStream(body: Body, chunkSize = CHUNK): BodyStream {
  let controller!: ReadableByteStreamController;
  let done = false;
  const stream = new ReadableStream({
    type: "bytes",
    autoAllocateChunkSize: Math.min(CHUNK, chunkSize),
    start(c) {
      controller = c;
    },
    async pull(c) {
      const request = c.byobRequest!;
      const view = request.view!;
      const into = new Uint8Array(
        view.buffer as ArrayBuffer,
        view.byteOffset,
        view.byteLength,
      );
      try {
        const count = await body.read(into);
        if (done) return;
        if (count !== null) return request.respond(count);
        done = true;
        c.close();
        // A BYOB read that is pending at the end wants its memory back.
        request.respond(0);
      } catch (error) {
        fail(error);
      }
    },
    cancel(reason) {
      done = true;
      return body.cancel(reason);
    },
  }, { highWaterMark: 0 });
  function fail(reason: unknown): void {
    if (done) return;
    done = true;
    controller.error(reason);
  }
  return { stream, fail };
}
