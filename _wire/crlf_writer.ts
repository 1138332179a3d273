import type { Bytes } from "./options.ts";

const CR = 0x0d;
const LF = 0x0a;
const DOT = 0x2e;
const END = new Uint8Array([CR, LF]);
const END_WITH_DOT = new Uint8Array([CR, LF, DOT, CR, LF]);

/**
 * Makes text of any line ends ready for the wire, at any split of the input.
 * Every line end becomes CRLF, bare CR and bare LF too: a server that took one
 * for a line end could be made to see an end of the text inside it. With
 * `stuffDots` a dot at the start of a line is doubled (RFC 5321 section 4.5.2,
 * RFC 3977 section 3.1.1), so that a lone one can end the text.
 */
export class CrlfWriter {
  #stuffDots: boolean;
  #lineStart = true;
  #afterCr = false;

  constructor(o: { stuffDots: boolean }) {
    this.#stuffDots = o.stuffDots;
  }

  /**
   * The next part of the text as it goes on the wire; a part that needs no
   * change is not copied.
   */
  encode(chunk: Uint8Array): Uint8Array {
    if (chunk.length === 0) return chunk;
    // The LF of a CR that has gone out as a whole line end.
    const rest = this.#afterCr && chunk[0] === LF ? chunk.subarray(1) : chunk;
    this.#afterCr = false;
    const dotFirst = this.#lineStart && this.#stuffDots && rest[0] === DOT;
    const clean = dotFirst ? 0 : cleanLength(rest, this.#stuffDots);
    if (clean < rest.length) return this.#change(rest, clean);
    if (rest.length > 0) this.#lineStart = rest.at(-1) === LF;
    return rest;
  }

  /**
   * What ends the text: the last line's end where it is missing and, with
   * `stuffDots`, the lone dot.
   */
  end(): Bytes {
    const end = this.#stuffDots ? END_WITH_DOT : END;
    return end.slice(this.#lineStart ? 2 : 0);
  }

  /** `chunk`, whose first `clean` bytes stay as they are, changed. */
  #change(chunk: Uint8Array, clean: number): Bytes {
    let out = new Uint8Array(chunk.length + (chunk.length >> 3) + 16);
    out.set(chunk.subarray(0, clean));
    let size = clean;
    if (clean > 0) this.#lineStart = chunk[clean - 1] === LF;
    for (let at = clean; at < chunk.length;) {
      // At most three bytes are written at a time.
      if (size + 3 > out.length) {
        const larger = new Uint8Array(size + (chunk.length - at) * 2 + 3);
        larger.set(out.subarray(0, size));
        out = larger;
      }
      const byte = chunk[at++]!;
      if (byte === CR || byte === LF) {
        out[size++] = CR;
        out[size++] = LF;
        this.#lineStart = true;
        if (byte === CR) {
          if (at === chunk.length) this.#afterCr = true;
          else if (chunk[at] === LF) at++;
        }
        continue;
      }
      if (byte === DOT && this.#lineStart && this.#stuffDots) out[size++] = DOT;
      out[size++] = byte;
      this.#lineStart = false;
    }
    return out.subarray(0, size);
  }
}

/**
 * How many bytes can go out as they are: up to the first bare CR or LF, as
 * which a CR at the very end counts too, or the first dot to be stuffed. Eight
 * bytes are looked at in a turn, four together, for one below 0x0e: several
 * times as fast as one by one.
 */
export function cleanLength(chunk: Uint8Array, stuffDots: boolean): number {
  const view = new DataView(chunk.buffer, chunk.byteOffset, chunk.length);
  for (let at = 0;;) {
    let found = 0;
    for (; at + 8 <= chunk.length; at += 8) {
      const four = view.getInt32(at, true);
      found = (four - 0x0e0e0e0e) & ~four & 0x80808080;
      if (found !== 0) break;
      const next = view.getInt32(at + 4, true);
      found = (next - 0x0e0e0e0e) & ~next & 0x80808080;
      if (found === 0) continue;
      at += 4;
      break;
    }
    // The lowest bit is right, a borrow may have set others above it.
    if (found !== 0) at += (31 - Math.clz32(found & -found)) >> 3;
    else while (at < chunk.length && chunk[at]! >= 0x0e) at++;
    if (at >= chunk.length) return chunk.length;
    if (chunk[at] === CR) {
      if (chunk[at + 1] !== LF) return at;
      at += 2;
      if (stuffDots && chunk[at] === DOT) return at;
    } else if (chunk[at] === LF) return at;
    else at++;
  }
}
