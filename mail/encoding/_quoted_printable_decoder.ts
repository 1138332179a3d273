import type { Bytes } from "../../_wire/options.ts";
import { concat } from "./_file_decoder.ts";

const TAB = 0x09;
const LF = 0x0a;
const CR = 0x0d;
const SPACE = 0x20;
const EQUALS = 0x3d;
const UNDERSCORE = 0x5f;
const HEX = "0123456789ABCDEF";

/** What a hexadecimal digit stands for; -1 for what is none. */
const VALUES = Int8Array.from(
  { length: 256 },
  (_, byte) =>
    HEX.indexOf(
      String.fromCharCode(byte).toUpperCase(),
    ),
);

/**
 * Blanks at the end of a line that are held until it is known whether it is one;
 * a line in mail has no more (RFC 5322 section 2.1.1).
 */
const MOST_BLANKS = 998;

/** Holds what says nothing without the bytes behind it. */
export class QuotedPrintableDecoder {
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
   * What nearly all bytes need, in loops over local variables. Stops at a `=` that
   * depends on what comes behind it, and at blanks that a line may end behind.
   */
  #usual(
    bytes: Uint8Array,
    from: number,
    out: Uint8Array,
    start: number,
  ): { at: number; size: number } {
    let at = from;
    let size = start;
    if (this.#longRun || this.#header) return { at, size };
    // Two more behind the last of the four.
    const end = bytes.length - 5;
    while (at < end) {
      // Four at a time, of which none is a `=` or ends a line.
      const one = bytes[at]!;
      const two = bytes[at + 1]!;
      const three = bytes[at + 2]!;
      const four = bytes[at + 3]!;
      if (
        one !== EQUALS && two !== EQUALS && three !== EQUALS &&
        four !== EQUALS &&
        (one - SPACE | two - SPACE | three - SPACE | four - SPACE) >= 0
      ) {
        out[size] = one;
        out[size + 1] = two;
        out[size + 2] = three;
        out[size + 3] = four;
        size += 4;
        at += 4;
        continue;
      }
      let byte = one;
      while (byte !== EQUALS && byte >= SPACE) {
        out[size++] = byte;
        byte = bytes[++at]!;
      }
      if (byte === EQUALS) {
        const value = VALUES[bytes[at + 1]!]! << 4 | VALUES[bytes[at + 2]!]!;
        if (value >= 0) {
          out[size++] = value;
          at += 3;
        } else if (bytes[at + 1] === LF) at += 2;
        else if (bytes[at + 1] === CR && bytes[at + 2] === LF) at += 3;
        else break;
      } else {
        if (isLineEnd(byte) && at > from && isBlank(bytes[at - 1]!)) break;
        out[size++] = byte;
        at++;
      }
    }
    // Blanks that a line may end behind.
    while (at > from && isBlank(bytes[at - 1]!)) {
      at--;
      size--;
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

function isBlank(byte: number): boolean {
  return byte === SPACE || byte === TAB;
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
