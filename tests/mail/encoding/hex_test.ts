import { assertEquals, assertThrows } from "jsr:@std/assert@^1.0.0";
import {
  decodeBase16,
  encodeBase16,
  hexlify,
  unhexlify,
} from "../../../mail/encoding/mod.ts";
import { seededRandom } from "../../_support/random_slices.ts";
import { bytes } from "../../_wire/memory.ts";
import { ALL } from "./samples.ts";

/** RFC 4648 section 10. */
const VECTORS = [
  ["", ""],
  ["f", "66"],
  ["fo", "666F"],
  ["foo", "666F6F"],
  ["foob", "666F6F62"],
  ["fooba", "666F6F6261"],
  ["foobar", "666F6F626172"],
] as const;

Deno.test("encodeBase16() and decodeBase16() have the vectors of RFC 4648", () => {
  for (const [plain, encoded] of VECTORS) {
    assertEquals(encodeBase16(bytes(plain)), encoded);
    assertEquals(decodeBase16(encoded), bytes(plain));
    assertEquals(decodeBase16(encoded.toLowerCase()), bytes(plain));
  }
});

Deno.test("hexlify() writes lower case, and unhexlify() reads both", () => {
  for (const [plain, encoded] of VECTORS) {
    assertEquals(hexlify(bytes(plain)), encoded.toLowerCase());
    assertEquals(unhexlify(encoded), bytes(plain));
    assertEquals(unhexlify(encoded.toLowerCase()), bytes(plain));
  }
  assertEquals(unhexlify("aBCdEf"), Uint8Array.of(0xab, 0xcd, 0xef));
});

Deno.test("hexlify() and unhexlify() give bytes of every length back", () => {
  const random = seededRandom(31);
  for (let length = 0; length <= 300; length++) {
    const content = Uint8Array.from({ length }, () => random() * 256);
    assertEquals(unhexlify(hexlify(content)), content);
    assertEquals(decodeBase16(encodeBase16(content)), content);
  }
  assertEquals(unhexlify(hexlify(ALL)), ALL);
  assertEquals(hexlify(ALL.subarray(9, 12)), "090a0b");
});

Deno.test("unhexlify() and decodeBase16() refuse half a byte and all else", () => {
  for (
    const text of [
      ...["0", "000", "0g", "g0", "0x", "0x00", " 00", "00 ", "0 0", "00\n"],
      ...[
        "-1",
        "+1",
        "0.",
        "0_",
        "\0\0",
        "0\xfc",
        "\u0660\u0660",
        "\uff10\u0030",
      ],
      "\ud83d\ude00",
    ]
  ) {
    for (const decode of [unhexlify, decodeBase16]) {
      assertThrows(
        () => decode(text),
        SyntaxError,
        "Cannot decode hexadecimal digits: ",
        JSON.stringify(text),
      );
    }
  }
});

Deno.test("unhexlify() refuses what is no text", () => {
  assertThrows(() => unhexlify(12 as unknown as string), TypeError);
});

Deno.test("hexlify() and unhexlify() need no time for much", () => {
  const content = new Uint8Array(8_000_000).fill(0xa5);
  assertEquals(unhexlify(hexlify(content)).length, content.length);
  assertThrows(() => unhexlify("00".repeat(8_000_000) + "0"), SyntaxError);
});
