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

export { type Base32Options, decodeBase32, encodeBase32 } from "./base32.ts";
export {
  type Base64DecodeOptions,
  Base64DecoderStream,
  Base64EncoderStream,
  type Base64Options,
  decodeBase64,
  encodeBase64,
} from "./base64.ts";
export {
  type Ascii85Options,
  decodeAscii85,
  decodeBase85,
  encodeAscii85,
  encodeBase85,
} from "./base85.ts";
export { type BinHexFile, decodeBinHex, encodeBinHex } from "./binhex.ts";
export { crc32, crcHqx } from "./crc.ts";
export { decodeBase16, encodeBase16, hexlify, unhexlify } from "./hex.ts";
export {
  decodeQuotedPrintable,
  encodeQuotedPrintable,
  QuotedPrintableDecoderStream,
  QuotedPrintableEncoderStream,
  type QuotedPrintableOptions,
} from "./quoted_printable.ts";
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
