import { assertEquals, assertThrows } from "jsr:@std/assert@^1.0.0";
import { crc32, crcHqx } from "../../../mail/encoding/mod.ts";
import { everySplit } from "../../_support/random_slices.ts";
import { bytes } from "../../_wire/memory.ts";
import { ALL } from "./samples.ts";

const CHECK = bytes("123456789");

Deno.test("crc32() and crcHqx() have the known check values", () => {
  assertEquals(crc32(CHECK), 0xcbf43926);
  assertEquals(crcHqx(CHECK), 0x31c3);
  assertEquals(
    crc32(bytes("The quick brown fox jumps over the lazy dog")),
    0x414fa339,
  );
  assertEquals(crc32(ALL), 0x29058c73);
  assertEquals(crcHqx(ALL), 0x7e55);
  for (const one of [crc32, crcHqx]) assertEquals(one(new Uint8Array()), 0);
});

Deno.test("crc32() and crcHqx() go on from a seed at every split", () => {
  for (const content of [CHECK, ALL]) {
    for (const [before, after] of everySplit(content)) {
      assertEquals(crc32(after, crc32(before)), crc32(content));
      assertEquals(crcHqx(after, crcHqx(before)), crcHqx(content));
    }
  }
  // CRC-16/CCITT-FALSE begins with ones.
  assertEquals(crcHqx(CHECK, 0xffff), 0x29b1);
});

Deno.test("crc32() is never negative and crcHqx() has 16 bits", () => {
  for (let byte = 0; byte < 256; byte++) {
    for (let length = 1; length < 5; length++) {
      const content = new Uint8Array(length).fill(byte);
      const [large, small] = [crc32(content), crcHqx(content)];
      assertEquals(large, large >>> 0);
      assertEquals(small, small & 0xffff);
    }
  }
});

Deno.test("crc32() and crcHqx() of nothing are the seed", () => {
  for (const seed of [0, 1, 0x1021, 0xffff]) {
    assertEquals(crcHqx(new Uint8Array(), seed), seed);
    assertEquals(crc32(new Uint8Array(), seed), seed);
  }
  for (const seed of [2 ** 31, 2 ** 32 - 1]) {
    assertEquals(crc32(new Uint8Array(), seed), seed);
  }
});

Deno.test("crc32() and crcHqx() take a part of a buffer only", () => {
  const part = bytes("xx123456789xx").subarray(2, 11);
  assertEquals(crc32(part), 0xcbf43926);
  assertEquals(crcHqx(part), 0x31c3);
});

Deno.test("crcHqx() notices every bit that is turned", () => {
  const right = crcHqx(ALL);
  for (let bit = 0; bit < ALL.length * 8; bit++) {
    const wrong = ALL.slice();
    wrong[bit >> 3]! ^= 1 << (bit & 7);
    assertEquals(crcHqx(wrong) === right, false);
    assertEquals(crc32(wrong) === crc32(ALL), false);
  }
});

Deno.test("crc32() refuses a seed that is none with a TypeError", () => {
  for (const seed of [-1, 2 ** 32, 1.5, NaN, Infinity]) {
    assertThrows(() => crc32(CHECK, seed), TypeError);
  }
});
