import type { Bytes } from "../../_wire/options.ts";
import { toByteString } from "../../_wire/text.ts";
import { concat } from "./_file_decoder.ts";

const TAB = 0x09;
const LF = 0x0a;
const CR = 0x0d;
const SPACE = 0x20;
const EQUALS = 0x3d;
const UNDERSCORE = 0x5f;
const HEX = "0123456789ABCDEF";
const DIGITS = new TextEncoder().encode(HEX);

/** 1 for the bytes that stand for themselves anywhere in a line. */
const PLAIN = Uint8Array.from(
  { length: 256 },
  (_, byte) => Number(byte > SPACE && byte < 0x7f && byte !== EQUALS),
);
/** 1 for the bytes that are never more than themselves in encoded text. */
const COPIED = Uint8Array.from(
  { length: 256 },
  (_, byte) => Number(![SPACE, TAB, EQUALS, UNDERSCORE].includes(byte)),
);
/** What a hexadecimal digit stands for; -1 for what is none. */
const VALUES = Int8Array.from(
  { length: 256 },
  (_, byte) =>
    HEX.indexOf(
      String.fromCharCode(byte).toUpperCase(),
    ),
);

/** Characters in a line without its end (RFC 2045 section 6.7). */
const LINE = 76;
/**
 * Blanks at the end of a line that are held until it is known whether it is one;
 * a line in mail has no more (RFC 5322 section 2.1.1).
 */
const MOST_BLANKS = 998;

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
  const encoder = new Encoder(binary);
  return toByteString(concat(encoder.push(bytes), encoder.end()));
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
  const decoder = new Decoder(header);
  return concat(decoder.push(bytes), decoder.end());
}

/** Encodes as it comes, at any split, as {@linkcode encodeQuotedPrintable} does. */
export class QuotedPrintableEncoderStream
  extends TransformStream<Uint8Array, Bytes> {
  /** Ready to be piped through; `binary` as for the function. */
  constructor(
    { binary = false }: Pick<QuotedPrintableOptions, "binary"> = {},
  ) {
    super(inPieces(new Encoder(binary)));
  }
}

/** Decodes as it comes, at any split, as {@linkcode decodeQuotedPrintable} does. */
export class QuotedPrintableDecoderStream
  extends TransformStream<Uint8Array, Bytes> {
  /** Ready to be piped through. */
  constructor() {
    super(inPieces(new Decoder(false)));
  }
}

/** Takes bytes in pieces of any size. */
interface Pieces {
  push(chunk: Uint8Array): Bytes;
  end(): Bytes;
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

/** What has been written of the line, and what waits for the byte behind it. */
class Encoder implements Pieces {
  #binary: boolean;
  #column = 0;
  /** A CR or a blank, which is encoded where a line ends behind it. */
  #held: number | undefined;
  #out: Bytes = new Uint8Array();
  #size = 0;

  constructor(binary: boolean) {
    this.#binary = binary;
  }

  push(chunk: Uint8Array): Bytes {
    // Each byte three characters, and each line a soft break.
    const most = (chunk.length + 1) * 3;
    this.#out = new Uint8Array(most + Math.ceil(most / (LINE - 3)) * 3 + 8);
    this.#size = 0;
    for (let at = 0; at < chunk.length;) {
      at = this.#held === undefined ? this.#usual(chunk, at) : at;
      if (at < chunk.length) this.#next(chunk[at++]!);
    }
    return this.#out.subarray(0, this.#size);
  }

  end(): Bytes {
    this.#out = new Uint8Array(8);
    this.#size = 0;
    if (this.#held !== undefined) this.#encode(this.#held);
    return this.#out.subarray(0, this.#size);
  }

  /**
   * What nearly all bytes need, in one loop over local variables, which is
   * several times as fast as `#next` for each. Stops at a byte that depends on
   * what comes behind it or came before.
   */
  #usual(chunk: Uint8Array, from: number): number {
    const out = this.#out;
    const isText = !this.#binary;
    let size = this.#size;
    let column = this.#column;
    let at = from;
    for (; at < chunk.length; at++) {
      const byte = chunk[at]!;
      const next = at + 1 < chunk.length ? chunk[at + 1]! : LF;
      const isLiteral = PLAIN[byte] === 1 || (byte === SPACE && next > SPACE);
      const isLineEnd = byte === LF ||
        (byte === CR && next === LF && at + 1 < chunk.length);
      if (isText && isLineEnd) {
        out[size++] = CR;
        out[size++] = LF;
        column = 0;
        if (byte === CR) at++;
        continue;
      }
      if (!isLiteral && byte < 0x7f && byte !== EQUALS) break;
      if (column + (isLiteral ? 1 : 3) > LINE - 1) {
        out[size++] = EQUALS;
        out[size++] = CR;
        out[size++] = LF;
        column = 0;
      }
      if (isLiteral) {
        out[size++] = byte;
        column++;
      } else {
        out[size++] = EQUALS;
        out[size++] = DIGITS[byte >> 4]!;
        out[size++] = DIGITS[byte & 15]!;
        column += 3;
      }
    }
    this.#size = size;
    this.#column = column;
    return at;
  }

  #next(byte: number): void {
    const held = this.#held;
    this.#held = undefined;
    if (byte === LF && !this.#binary) {
      if (held !== undefined && held !== CR) this.#encode(held);
      return this.#endLine();
    }
    if (held === CR) this.#encode(CR);
    else if (held !== undefined) {
      // A blank at the end of a line would be lost on the way.
      if (byte === CR && !this.#binary) this.#encode(held);
      else this.#literal(held);
    }
    const waits = byte === SPACE || byte === TAB ||
      byte === CR && !this.#binary;
    if (waits) this.#held = byte;
    else if (PLAIN[byte] === 1) this.#literal(byte);
    else this.#encode(byte);
  }

  #literal(byte: number): void {
    this.#room(1);
    this.#out[this.#size++] = byte;
  }

  #encode(byte: number): void {
    this.#room(3);
    this.#out[this.#size++] = EQUALS;
    this.#out[this.#size++] = DIGITS[byte >> 4]!;
    this.#out[this.#size++] = DIGITS[byte & 15]!;
  }

  /** A soft line break where no more fits before it. */
  #room(count: number): void {
    if (this.#column + count > LINE - 1) {
      this.#out[this.#size++] = EQUALS;
      this.#endLine();
    }
    this.#column += count;
  }

  #endLine(): void {
    this.#out[this.#size++] = CR;
    this.#out[this.#size++] = LF;
    this.#column = 0;
  }
}

/** Holds what says nothing without the bytes behind it. */
class Decoder implements Pieces {
  #header: boolean;
  #rest: Uint8Array = new Uint8Array();
  /** In blanks of which there are too many to be lost. */
  #longRun = false;

  constructor(header: boolean) {
    this.#header = header;
  }

  push(chunk: Uint8Array): Bytes {
    const bytes = this.#rest.length > 0 ? concat(this.#rest, chunk) : chunk;
    const { content, used } = this.#decode(bytes, false);
    this.#rest = bytes.slice(used);
    return content;
  }

  end(): Bytes {
    return this.#decode(this.#rest, true).content;
  }

  #decode(bytes: Uint8Array, last: boolean): { content: Bytes; used: number } {
    const out = new Uint8Array(bytes.length);
    let size = 0;
    let at = 0;
    while (at < bytes.length) {
      ({ at, size } = this.#usual(bytes, at, out, size));
      if (at >= bytes.length) break;
      const byte = bytes[at]!;
      if (byte === SPACE || byte === TAB) {
        const end = this.#blanks(bytes, at);
        const isLong = this.#longRun || end - at > MOST_BLANKS;
        if (end === bytes.length && !last && !isLong) break;
        this.#longRun = isLong && end === bytes.length;
        const lost = end < bytes.length ? isLineEnd(bytes[end]!) : last;
        if (!lost || isLong || this.#header) {
          out.set(bytes.subarray(at, end), size);
          size += end - at;
        }
        at = end;
        continue;
      }
      this.#longRun = false;
      if (byte === EQUALS) {
        const value = hexValue(bytes, at + 1);
        const length = value >= 0 ? 3 : this.#lineBreak(bytes, at, last);
        if (length === undefined) break;
        if (value >= 0) out[size++] = value;
        // Neither digits nor a soft line break.
        else if (length === 0) out[size++] = byte;
        at += length || 1;
      } else if (byte === UNDERSCORE && this.#header) {
        out[size++] = SPACE;
        at++;
      } else {
        out[size++] = byte;
        at++;
      }
    }
    return { content: out.subarray(0, size), used: at };
  }

  /**
   * What nearly all bytes need, in one loop. Stops at blanks and `=` that depend
   * on what comes behind them.
   */
  #usual(
    bytes: Uint8Array,
    from: number,
    out: Uint8Array,
    start: number,
  ): { at: number; size: number } {
    let at = from;
    let size = start;
    if (this.#longRun) return { at, size };
    // Behind the last of these more may have to come.
    const end = bytes.length - 2;
    while (at < end) {
      const byte = bytes[at]!;
      if (COPIED[byte] === 1) {
        out[size++] = byte;
        at++;
        continue;
      }
      if (byte === EQUALS) {
        const value = VALUES[bytes[at + 1]!]! << 4 | VALUES[bytes[at + 2]!]!;
        if (value >= 0) {
          out[size++] = value;
          at += 3;
        } else if (bytes[at + 1] === LF) at += 2;
        else if (bytes[at + 1] === CR && bytes[at + 2] === LF) at += 3;
        else break;
        continue;
      }
      if (byte === SPACE) {
        if (bytes[at + 1]! <= SPACE) break;
      } else if (byte === TAB || (byte === UNDERSCORE && this.#header)) break;
      out[size++] = byte;
      at++;
    }
    return { at, size };
  }

  #blanks(bytes: Uint8Array, from: number): number {
    let at = from;
    while (bytes[at] === SPACE || bytes[at] === TAB) at++;
    return at;
  }

  /**
   * How long a soft line break is; 0 where there is none, undefined where more
   * has to come to tell.
   */
  #lineBreak(
    bytes: Uint8Array,
    at: number,
    last: boolean,
  ): number | undefined {
    const left = bytes.length - at;
    if (!last && left === 2 && digitValue(bytes[at + 1]) >= 0) {
      return undefined;
    }
    // Blanks between "=" and the line's end were put there on the way.
    const end = this.#blanks(bytes, at + 1);
    if (end - at > MOST_BLANKS) return 0;
    if (end === bytes.length) return last ? left : undefined;
    if (bytes[end] === LF) return end + 1 - at;
    if (bytes[end] !== CR) return 0;
    if (end + 1 === bytes.length && !last) return undefined;
    return end + (bytes[end + 1] === LF ? 2 : 1) - at;
  }
}

function isLineEnd(byte: number): boolean {
  return byte === CR || byte === LF;
}

/** The byte that two digits stand for; -1 where there are none. */
function hexValue(bytes: Uint8Array, at: number): number {
  const high = digitValue(bytes[at]);
  const low = digitValue(bytes[at + 1]);
  return high >= 0 && low >= 0 ? high << 4 | low : -1;
}

function digitValue(byte: number | undefined): number {
  return byte === undefined ? -1 : VALUES[byte]!;
}
