import type { Bytes } from "../../_wire/options.ts";

/** Decodes a file out of text, in pieces of any size. */
export interface FileDecoder<Header> {
  /** What is known of the file, once all of it has come. */
  readonly header: Header | undefined;
  /** What the next bytes decode to. */
  push(chunk: Uint8Array): Bytes;
  /** Nothing more will come. Throws where something is missing. */
  end(): Bytes;
}

/** All at once. */
export function decodeWhole<Header>(
  decoder: FileDecoder<Header>,
  encoded: Uint8Array,
): { header: Header; content: Bytes } {
  const first = decoder.push(encoded);
  const last = decoder.end();
  if (last.length === 0) return { header: decoder.header!, content: first };
  return { header: decoder.header!, content: concat(first, last) };
}

/** As a stream; the header is a promise that nobody has to look at. */
export function streamDecoder<Header>(
  decoder: FileDecoder<Header>,
): { transformer: Transformer<Uint8Array, Bytes>; header: Promise<Header> } {
  const { promise, resolve, reject } = Promise.withResolvers<Header>();
  promise.catch(() => {});
  function give(
    decode: () => Bytes,
    controller: TransformStreamDefaultController<Bytes>,
  ): void {
    try {
      const content = decode();
      if (content.length > 0) controller.enqueue(content);
    } catch (error) {
      // It may have come with the damage.
      if (!decoder.header) reject(error);
      throw error;
    } finally {
      if (decoder.header) resolve(decoder.header);
    }
  }
  const transformer: Transformer<Uint8Array, Bytes> = {
    transform: (chunk, controller) =>
      give(() => decoder.push(chunk), controller),
    flush: (controller) => give(() => decoder.end(), controller),
    cancel: reject,
  };
  return { transformer, header: promise };
}

/** One behind the other. */
export function concat(one: Uint8Array, other: Uint8Array): Bytes {
  const all = new Uint8Array(one.length + other.length);
  all.set(one);
  all.set(other, one.length);
  return all;
}
