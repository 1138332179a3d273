import type { Bytes } from "../../_wire/options.ts";
import { toByteString } from "../../_wire/text.ts";

const ALPHABETS = {
  base32: "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567",
  base32hex: "0123456789ABCDEFGHIJKLMNOPQRSTUV",
};

/** In either case: what only becomes a letter in upper case is none. */
const VALUES = { base32: valuesOf("base32"), base32hex: valuesOf("base32hex") };

function valuesOf(alphabet: keyof typeof ALPHABETS): Map<string, number> {
  return new Map(
    Array.from(ALPHABETS[alphabet]).flatMap((char, value) => [
      [char, value],
      [char.toLowerCase(), value],
    ]),
  );
}

/** How to encode and decode. */
export interface Base32Options {
  /** `"base32hex"` keeps the order of bytes (RFC 4648 section 7). */
  alphabet?: "base32" | "base32hex" | undefined;
}

/**
 * Encodes bytes in base32 (RFC 4648 section 6).
 *
 * @throws {TypeError} When there is no such alphabet.
 *
 * @example
 * ```ts
 * import { decodeBase32, encodeBase32 } from "@wireline/std/mail/encoding";
 * import { assertEquals } from "jsr:@std/assert@^1.0.0";
 *
 * const bytes = new TextEncoder().encode("foob");
 * assertEquals(encodeBase32(bytes), "MZXW6YQ=");
 * assertEquals(decodeBase32("mzxw6yq="), bytes);
 * ```
 */
export function encodeBase32(
  bytes: Uint8Array,
  { alphabet = "base32" }: Base32Options = {},
): string {
  checkAlphabet(alphabet);
  const characters = ALPHABETS[alphabet];
  const out = new Uint8Array(Math.ceil(bytes.length / 5) * 8).fill(0x3d);
  let size = 0;
  let bits = 0;
  let count = 0;
  for (const byte of bytes) {
    bits = (bits << 8 | byte) & 0xfff;
    count += 8;
    while (count >= 5) {
      count -= 5;
      out[size++] = characters.charCodeAt(bits >> count & 31);
    }
  }
  if (count > 0) out[size++] = characters.charCodeAt(bits << (5 - count) & 31);
  return toByteString(out);
}

/**
 * Decodes base32, in upper or lower case.
 *
 * @throws {SyntaxError} When there is another character, or the padding is not
 * right.
 */
export function decodeBase32(
  encoded: string,
  { alphabet = "base32" }: Base32Options = {},
): Bytes {
  checkAlphabet(alphabet);
  const values = VALUES[alphabet];
  let end = encoded.length;
  while (end > 0 && encoded[end - 1] === "=") end--;
  // As many characters as 0 to 4 bytes leave (section 6).
  const fits = encoded.length % 8 === 0 && ![1, 3, 6].includes(end % 8) &&
    encoded.length - end <= 6;
  if (!fits) {
    throw new SyntaxError(
      "Cannot decode base32: the padding does not make groups of eight",
    );
  }
  const bytes = new Uint8Array(Math.floor(end * 5 / 8));
  let size = 0;
  let bits = 0;
  let count = 0;
  for (let at = 0; at < end; at++) {
    const value = values.get(encoded[at]!) ?? -1;
    if (value < 0) {
      throw new SyntaxError(
        `Cannot decode base32: ${JSON.stringify(encoded[at])} is none`,
      );
    }
    bits = (bits << 5 | value) & 0xfff;
    count += 5;
    if (count < 8) continue;
    count -= 8;
    bytes[size++] = bits >> count;
  }
  return bytes;
}

function checkAlphabet(alphabet: string): void {
  if (Object.hasOwn(ALPHABETS, alphabet)) return;
  throw new TypeError(`Cannot use the alphabet ${JSON.stringify(alphabet)}`);
}
