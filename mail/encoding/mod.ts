/**
 * Encodings of mail and news: bytes as text, and back. Each is a function, and a
 * `TransformStream` where it must stream.
 *
 * @example
 * ```ts
 * import { decodeUu } from "@wireline/std/mail/encoding";
 * import { assertEquals } from "jsr:@std/assert@^1.0.0";
 *
 * const { content } = decodeUu("begin 644 cat.txt\n#0V%T\n`\nend\n");
 * assertEquals(new TextDecoder().decode(content), "Cat");
 * ```
 *
 * @module
 */

export {
  decodeUu,
  encodeUu,
  UuDecoderStream,
  type UuFile,
  type UuHeader,
} from "./uu.ts";
export {
  decodeYenc,
  encodeYenc,
  YencDecoderStream,
  type YencFile,
  type YencHeader,
  type YencOptions,
} from "./yenc.ts";
export type { Bytes } from "../../_wire/options.ts";
