import type { Bytes } from "../../_wire/options.ts";

const TAB = 0x09;
const LF = 0x0a;
const CR = 0x0d;
const SPACE = 0x20;
const EQUALS = 0x3d;
const DIGITS = new TextEncoder().encode("0123456789ABCDEF");

/** 1 for the bytes that stand for themselves anywhere in a line. */
const PLAIN = Uint8Array.from(
  { length: 256 },
  (_, byte) => Number(byte > SPACE && byte < 0x7f && byte !== EQUALS),
);
/** 1 for those and for blanks, which do so but at the end of a line. */
const LITERAL = Uint8Array.from(
  PLAIN,
  (plain, byte) => isBlank(byte) ? 1 : plain,
);

/** Characters in a line without its end (RFC 2045 section 6.7). */
const LINE = 76;

/** What has been written of the line, and what waits for the byte behind it. */
export class QuotedPrintableEncoder {
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
   * What nearly all bytes need, in loops over local variables, which is many
   * times as fast as `#next` for each. Stops at a byte that depends on what comes
   * behind it or came before.
   */
  #usual(chunk: Uint8Array, from: number): number {
    const out = this.#out;
    const isText = !this.#binary;
    let size = this.#size;
    let column = this.#column;
    let at = from;
    while (at < chunk.length) {
      const start = at;
      const full = Math.min(chunk.length, at + LINE - 1 - column);
      while (at < full && LITERAL[chunk[at]!] === 1) out[size++] = chunk[at++]!;
      column += at - start;
      if (at === chunk.length) break;
      const byte = chunk[at]!;
      if (isText && (byte === LF || byte === CR)) {
        const ends = byte === LF || chunk[at + 1] === LF;
        if (!ends || (at > from && isBlank(chunk[at - 1]!))) break;
        out[size++] = CR;
        out[size++] = LF;
        column = 0;
        at += byte === LF ? 1 : 2;
        continue;
      }
      const isLiteral = LITERAL[byte] === 1;
      if (column + (isLiteral ? 1 : 3) > LINE - 1) {
        out[size++] = EQUALS;
        out[size++] = CR;
        out[size++] = LF;
        column = 0;
      }
      if (isLiteral) continue;
      out[size++] = EQUALS;
      out[size++] = DIGITS[byte >> 4]!;
      out[size++] = DIGITS[byte & 15]!;
      column += 3;
      at++;
    }
    // A blank that a line may end behind.
    if (at > from && isBlank(chunk[at - 1]!)) {
      at--;
      size--;
      column--;
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

function isBlank(byte: number): boolean {
  return byte === SPACE || byte === TAB;
}
