import { crc32 as zlibCrc32 } from "node:zlib";

/**
 * The CRC-32 of bytes, as zip and yEnc have it; `seed` is that of the bytes
 * before them.
 *
 * @throws {TypeError} When the seed is no CRC-32.
 *
 * @example
 * ```ts
 * import { crc32 } from "@wireline/std/mail/encoding";
 * import { assertEquals } from "jsr:@std/assert@^1.0.0";
 *
 * assertEquals(crc32(new TextEncoder().encode("123456789")), 0xcbf43926);
 * ```
 */
export function crc32(bytes: Uint8Array, seed = 0): number {
  if (!Number.isInteger(seed) || seed < 0 || seed > 0xffffffff) {
    throw new TypeError(`Cannot go on from a CRC-32 of ${seed}`);
  }
  return zlibCrc32(bytes, seed);
}

/**
 * The CRC-16 of bytes, as BinHex has it (CCITT, polynomial 0x1021); `seed` is that
 * of the bytes before them.
 *
 * @example
 * ```ts
 * import { crcHqx } from "@wireline/std/mail/encoding";
 * import { assertEquals } from "jsr:@std/assert@^1.0.0";
 *
 * assertEquals(crcHqx(new TextEncoder().encode("123456789")), 0x31c3);
 * ```
 */
export function crcHqx(bytes: Uint8Array, seed = 0): number {
  let crc = seed & 0xffff;
  for (const byte of bytes) {
    crc = (crc << 8 & 0xffff) ^ TABLE[crc >> 8 ^ byte]!;
  }
  return crc;
}

const TABLE = Uint16Array.from({ length: 256 }, (_, index) => {
  let crc = index << 8;
  for (let bit = 0; bit < 8; bit++) {
    crc = crc & 0x8000 ? crc << 1 ^ 0x1021 : crc << 1;
  }
  return crc;
});
