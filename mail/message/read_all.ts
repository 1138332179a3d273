/** A message as it is given, in one piece. */
import { chunksOf } from "../../_wire/body_source.ts";
import type { BodySource, Bytes } from "../../_wire/options.ts";
import { concat } from "./serialize.ts";

/** The engine's strings are no longer. */
export const MOST_SIZE = 512 * 1024 * 1024 - 1024;

/** All of it; bytes that are given at once are not copied. */
export async function readAll(
  source: BodySource,
  maxSize: number,
): Promise<Bytes> {
  const chunks: Bytes[] = [];
  let size = 0;
  const isWhole = source instanceof Uint8Array || typeof source === "string";
  for await (const chunk of chunksOf(source)) {
    size += chunk.length;
    if (size > maxSize) {
      throw new RangeError(
        `Cannot parse the message: it is longer than ${maxSize} bytes; a larger ` +
          "maxSize lets it pass",
      );
    }
    const isOurs = isWhole && chunk.buffer instanceof ArrayBuffer;
    chunks.push(isOurs ? chunk as Bytes : new Uint8Array(chunk));
  }
  return concat(chunks);
}
