import type { Body } from "../../_wire/body_stream.ts";

/**
 * Chunks as the body of a stream. The first one is asked for at once: what they
 * come from may be gone later.
 */
export function chunkBody(chunks: Iterable<Uint8Array>): Body {
  const iterator = chunks[Symbol.iterator]();
  let next: IteratorResult<Uint8Array> | undefined = iterator.next();
  /** What did not fit into the reader's memory. */
  let left: Uint8Array = new Uint8Array();
  return {
    async read(into) {
      while (left.length === 0) {
        const { done, value } = next ?? iterator.next();
        next = undefined;
        if (done) return null;
        left = value;
      }
      const count = Math.min(left.length, into.length);
      into.set(left.subarray(0, count));
      left = left.subarray(count);
      return await Promise.resolve(count);
    },
    async cancel() {
      await Promise.resolve(iterator.return?.());
    },
  };
}
