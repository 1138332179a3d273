import type { Bytes } from "../../_wire/options.ts";

/**
 * Bytes as hexadecimal digits in lower case.
 *
 * @example
 * ```ts
 * import { hexlify, unhexlify } from "@wireline/std/mail/encoding";
 * import { assertEquals } from "jsr:@std/assert@^1.0.0";
 *
 * assertEquals(hexlify(new Uint8Array([10, 255])), "0aff");
 * assertEquals(unhexlify("0AFF"), new Uint8Array([10, 255]));
 * ```
 */
export function hexlify(bytes: Uint8Array): string {
  return bytes.toHex();
}

/**
 * Hexadecimal digits as bytes, in upper or lower case.
 *
 * @throws {SyntaxError} When there is anything else, or half a byte.
 */
export function unhexlify(text: string): Bytes {
  try {
    return Uint8Array.fromHex(text);
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
    throw new SyntaxError(`Cannot decode hexadecimal digits: ${error.message}`);
  }
}

/** Encodes bytes in base16 (RFC 4648 section 8): digits in upper case. */
export function encodeBase16(bytes: Uint8Array): string {
  return bytes.toHex().toUpperCase();
}

/**
 * Decodes base16, in upper or lower case.
 *
 * @throws {SyntaxError} When there is anything else, or half a byte.
 */
export function decodeBase16(encoded: string): Bytes {
  return unhexlify(encoded);
}
