import type { Bytes } from "../../_wire/options.ts";
import { toByteString } from "../../_wire/text.ts";

/** As git and Mercurial have it, and Python's `b85encode`. */
const BASE85 =
  "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz" +
  "!#$%&()*+-;<=>?@^_`{|}~";
const VALUES = new Int16Array(128).fill(-1);
for (const [value, char] of Array.from(BASE85).entries()) {
  VALUES[char.charCodeAt(0)] = value;
}

/** How Ascii85 is written. */
export interface Ascii85Options {
  /** Whether it stands between `<~` and `~>`, as in PostScript. */
  adobe?: boolean | undefined;
  /** Whether four spaces are one `y`, as btoa has it. */
  foldSpaces?: boolean | undefined;
  /** Characters in a line; default 0: one line. */
  lineLength?: number | undefined;
}

/**
 * Encodes bytes in Ascii85: four bytes as five characters from `!` to `u`, and
 * four zeros as `z`.
 *
 * @throws {TypeError} When `lineLength` is no number of characters.
 *
 * @example
 * ```ts
 * import { decodeAscii85, encodeAscii85 } from "@wireline/std/mail/encoding";
 * import { assertEquals } from "jsr:@std/assert@^1.0.0";
 *
 * const bytes = new TextEncoder().encode("Hello");
 * assertEquals(encodeAscii85(bytes), "87cURDZ");
 * assertEquals(decodeAscii85("87cURDZ"), bytes);
 * ```
 */
export function encodeAscii85(
  bytes: Uint8Array,
  options: Ascii85Options = {},
): string {
  const { adobe = false, foldSpaces = false, lineLength = 0 } = options;
  if (!Number.isInteger(lineLength) || lineLength < 0) {
    throw new TypeError(`Cannot encode lines of ${lineLength} characters`);
  }
  const short = (word: number, whole: boolean) =>
    whole && word === 0
      ? "z"
      : foldSpaces && whole && word === 0x20202020
      ? "y"
      : undefined;
  const text = (adobe ? "<~" : "") +
    encodeWords(bytes, (value) => 33 + value, short) + (adobe ? "~>" : "");
  if (lineLength === 0) return text;
  // The end mark is not torn apart.
  const least = adobe ? Math.max(2, lineLength) : lineLength;
  const lines: string[] = [];
  for (let at = 0; at < text.length; at += least) {
    lines.push(text.slice(at, at + least));
  }
  if (adobe && lines.at(-1) === ">") {
    lines[lines.length - 2] = lines.at(-2)!.slice(0, -1);
    lines[lines.length - 1] = "~>";
  }
  return lines.join("\n");
}

/**
 * Decodes Ascii85; blanks between its characters do not count.
 *
 * @throws {SyntaxError} When there is another character, or a group is none.
 */
export function decodeAscii85(
  encoded: string,
  { adobe = false, foldSpaces = false }: Ascii85Options = {},
): Bytes {
  let text = encoded.replace(/[ \t\n\r\v]+/g, "");
  if (adobe) {
    if (!text.endsWith("~>")) {
      throw new SyntaxError("Cannot decode Ascii85: it does not end in ~>");
    }
    text = text.slice(text.startsWith("<~") ? 2 : 0, -2);
  }
  const bytes = new Uint8Array(text.length * 4);
  const decoder = new Words(bytes, "Ascii85");
  for (let at = 0; at < text.length; at++) {
    const char = text.charCodeAt(at);
    if (char >= 33 && char <= 117) decoder.digit(char - 33);
    else if (char === 0x7a) decoder.word(0);
    else if (foldSpaces && char === 0x79) decoder.word(0x20202020);
    else decoder.refuse(text[at]!);
  }
  return decoder.end();
}

/**
 * Encodes bytes in base85 as git has it: four bytes as five characters that need
 * no quoting in most languages.
 *
 * @example
 * ```ts
 * import { decodeBase85, encodeBase85 } from "@wireline/std/mail/encoding";
 * import { assertEquals } from "jsr:@std/assert@^1.0.0";
 *
 * const bytes = new TextEncoder().encode("Hello");
 * assertEquals(encodeBase85(bytes), "NM&qnZv");
 * assertEquals(decodeBase85("NM&qnZv"), bytes);
 * ```
 */
export function encodeBase85(bytes: Uint8Array): string {
  return encodeWords(
    bytes,
    (value) => BASE85.charCodeAt(value),
    () => undefined,
  );
}

/**
 * Decodes base85.
 *
 * @throws {SyntaxError} When there is another character, or a group is none.
 */
export function decodeBase85(encoded: string): Bytes {
  const decoder = new Words(new Uint8Array(encoded.length + 4), "base85");
  for (let at = 0; at < encoded.length; at++) {
    const value = VALUES[encoded.charCodeAt(at)] ?? -1;
    if (value < 0) decoder.refuse(encoded[at]!);
    decoder.digit(value);
  }
  return decoder.end();
}

/** Four bytes at a time; the last ones as if zeros followed. */
function encodeWords(
  bytes: Uint8Array,
  character: (value: number) => number,
  short: (word: number, whole: boolean) => string | undefined,
): string {
  const out = new Uint8Array(Math.ceil(bytes.length / 4) * 5);
  let size = 0;
  for (let at = 0; at < bytes.length; at += 4) {
    const left = Math.min(4, bytes.length - at);
    let word = 0;
    for (let place = 0; place < 4; place++) {
      word = word * 256 + (place < left ? bytes[at + place]! : 0);
    }
    const one = short(word, left === 4);
    if (one !== undefined) {
      out[size++] = one.charCodeAt(0);
      continue;
    }
    for (let place = 4; place >= 0; place--) {
      out[size + place] = character(word % 85);
      word = Math.floor(word / 85);
    }
    size += left + 1;
  }
  return toByteString(out.subarray(0, size));
}

/** Digits to the base of 85 as words of four bytes. */
class Words {
  #bytes: Bytes;
  #format: string;
  #size = 0;
  #word = 0;
  #count = 0;

  constructor(bytes: Bytes, format: string) {
    this.#bytes = bytes;
    this.#format = format;
  }

  digit(value: number): void {
    this.#word = this.#word * 85 + value;
    if (++this.#count === 5) this.#put(4);
  }

  /** A whole word that has a character of its own. */
  word(word: number): void {
    if (this.#count > 0) {
      throw new SyntaxError(
        `Cannot decode ${this.#format}: a short form stands inside a group`,
      );
    }
    this.#word = word;
    this.#put(4);
  }

  end(): Bytes {
    const { length } = { length: this.#count };
    if (length === 1) {
      throw new SyntaxError(
        `Cannot decode ${this.#format}: one character is left over`,
      );
    }
    if (length > 0) {
      for (let place = length; place < 5; place++) {
        this.#word = this.#word * 85 + 84;
      }
      this.#put(length - 1);
    }
    return this.#bytes.slice(0, this.#size);
  }

  refuse(char: string): never {
    throw new SyntaxError(
      `Cannot decode ${this.#format}: ${JSON.stringify(char)} is none`,
    );
  }

  #put(count: number): void {
    if (this.#word > 0xffffffff) {
      throw new SyntaxError(
        `Cannot decode ${this.#format}: a group is more than four bytes`,
      );
    }
    for (let place = 0; place < count; place++) {
      this.#bytes[this.#size++] = this.#word / 2 ** (24 - 8 * place);
    }
    this.#word = 0;
    this.#count = 0;
  }
}
