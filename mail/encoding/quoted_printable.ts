import type { Bytes } from "../../_wire/options.ts";
import { toByteString } from "../../_wire/text.ts";
import { concat } from "./_file_decoder.ts";
import { QuotedPrintableDecoder } from "./_quoted_printable_decoder.ts";
import { QuotedPrintableEncoder } from "./_quoted_printable_encoder.ts";

const SPACE = 0x20;
const HEX = "0123456789ABCDEF";

/** How to encode. */
export interface QuotedPrintableOptions {
  /**
   * Whether it is for an encoded word in a header (RFC 2047 section 4.2): one
   * line, and `_` for a space. Default `false`.
   */
  header?: boolean | undefined;
  /** Whether CR and LF are no line ends but bytes. Default `false`. */
  binary?: boolean | undefined;
}

/**
 * Encodes bytes as quoted-printable (RFC 2045 section 6.7): lines of at most 76
 * characters that end in CRLF.
 *
 * @example
 * ```ts
 * import {
 *   decodeQuotedPrintable,
 *   encodeQuotedPrintable,
 * } from "@wireline/std/mail/encoding";
 * import { assertEquals } from "jsr:@std/assert@^1.0.0";
 *
 * const bytes = new TextEncoder().encode("Grüße");
 * assertEquals(encodeQuotedPrintable(bytes), "Gr=C3=BC=C3=9Fe");
 * assertEquals(decodeQuotedPrintable("Gr=C3=BC=C3=9Fe"), bytes);
 * ```
 */
export function encodeQuotedPrintable(
  bytes: Uint8Array,
  { header = false, binary = false }: QuotedPrintableOptions = {},
): string {
  if (header) return encodeWord(bytes);
  return toByteString(whole(new QuotedPrintableEncoder(binary), bytes));
}

/** The Q encoding, whose characters fit every place in a header. */
function encodeWord(bytes: Uint8Array): string {
  let text = "";
  for (const byte of bytes) {
    const char = String.fromCharCode(byte);
    if (byte === SPACE) text += "_";
    else if (/[A-Za-z0-9!*+\-/]/.test(char)) text += char;
    else text += `=${HEX[byte >> 4]}${HEX[byte & 15]}`;
  }
  return text;
}

/**
 * Decodes quoted-printable. What is not encoded rightly stays as it is, blanks
 * at the end of a line, which were put there on the way, go (RFC 2045 section
 * 6.7).
 */
export function decodeQuotedPrintable(
  encoded: string | Uint8Array,
  { header = false }: Pick<QuotedPrintableOptions, "header"> = {},
): Bytes {
  const bytes = typeof encoded === "string"
    ? new TextEncoder().encode(encoded)
    : encoded;
  return whole(new QuotedPrintableDecoder(header), bytes);
}

/** Encodes as it comes, at any split, as {@linkcode encodeQuotedPrintable} does. */
export class QuotedPrintableEncoderStream
  extends TransformStream<Uint8Array, Bytes> {
  /** Ready to be piped through; `binary` as for the function. */
  constructor(
    { binary = false }: Pick<QuotedPrintableOptions, "binary"> = {},
  ) {
    super(inPieces(new QuotedPrintableEncoder(binary)));
  }
}

/** Decodes as it comes, at any split, as {@linkcode decodeQuotedPrintable} does. */
export class QuotedPrintableDecoderStream
  extends TransformStream<Uint8Array, Bytes> {
  /** Ready to be piped through. */
  constructor() {
    super(inPieces(new QuotedPrintableDecoder(false)));
  }
}

/** Takes bytes in pieces of any size. */
interface Pieces {
  push(chunk: Uint8Array): Bytes;
  end(): Bytes;
}

/** All at once; mostly nothing is held back. */
function whole(pieces: Pieces, bytes: Uint8Array): Bytes {
  const most = pieces.push(bytes);
  const rest = pieces.end();
  return rest.length > 0 ? concat(most, rest) : most;
}

function inPieces(pieces: Pieces): Transformer<Uint8Array, Bytes> {
  const give = (
    bytes: Bytes,
    controller: TransformStreamDefaultController<Bytes>,
  ) => {
    if (bytes.length > 0) controller.enqueue(bytes);
  };
  return {
    transform: (chunk, controller) => give(pieces.push(chunk), controller),
    flush: (controller) => give(pieces.end(), controller),
  };
}
