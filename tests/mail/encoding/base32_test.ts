import { assert, assertEquals, assertThrows } from "jsr:@std/assert@^1.0.0";
import { decodeBase32, encodeBase32 } from "../../../mail/encoding/mod.ts";
import { seededRandom } from "../../_support/random_slices.ts";
import { bytes } from "../../_wire/memory.ts";
import { ALL } from "./samples.ts";

/** RFC 4648 section 10: plain, base32, base32hex. */
const VECTORS = [
  ["", "", ""],
  ["f", "MY======", "CO======"],
  ["fo", "MZXQ====", "CPNG===="],
  ["foo", "MZXW6===", "CPNMU==="],
  ["foob", "MZXW6YQ=", "CPNMUOG="],
  ["fooba", "MZXW6YTB", "CPNMUOJ1"],
  ["foobar", "MZXW6YTBOI======", "CPNMUOJ1E8======"],
] as const;

const HEX = { alphabet: "base32hex" } as const;

Deno.test("encodeBase32() and decodeBase32() have the vectors of RFC 4648", () => {
  for (const [plain, encoded, hex] of VECTORS) {
    assertEquals(encodeBase32(bytes(plain)), encoded);
    assertEquals(encodeBase32(bytes(plain), HEX), hex);
    for (const change of ["toUpperCase", "toLowerCase"] as const) {
      assertEquals(decodeBase32(encoded[change]()), bytes(plain));
      assertEquals(decodeBase32(hex[change](), HEX), bytes(plain));
    }
  }
});

Deno.test("encodeBase32() and decodeBase32() give bytes of every length back", () => {
  const random = seededRandom(21);
  for (const alphabet of ["base32", "base32hex", undefined] as const) {
    for (let length = 0; length <= 300; length++) {
      const content = Uint8Array.from({ length }, () => random() * 256);
      const encoded = encodeBase32(content, { alphabet });
      assertEquals(encoded.length, Math.ceil(length / 5) * 8);
      assertEquals(decodeBase32(encoded, { alphabet }), content);
    }
    for (const content of [ALL, ALL.subarray(7, 77)]) {
      const encoded = encodeBase32(content, { alphabet });
      assertEquals(decodeBase32(encoded, { alphabet }), content.slice());
    }
  }
});

Deno.test("encodeBase32() with base32hex keeps the order of bytes", () => {
  const random = seededRandom(22);
  const some = Array.from(
    { length: 300 },
    () => Uint8Array.from({ length: 5 }, () => random() * 256),
  );
  const key = (one: Uint8Array) => one.toHex();
  some.sort((one, other) => key(one) < key(other) ? -1 : 1);
  const encoded = some.map((one) => encodeBase32(one, HEX));
  assertEquals(encoded, encoded.toSorted());
});

Deno.test("decodeBase32() passes over bits that are left over", () => {
  for (const encoded of ["MZ======", "MY======", "mz======"]) {
    assertEquals(decodeBase32(encoded), bytes("f"));
  }
});

Deno.test("decodeBase32() refuses padding that makes no group", () => {
  for (
    const encoded of [
      ...["M", "MY", "MZX", "MZXQ", "MZXW6", "MZXW6Y", "MZXW6YQ"],
      ...["M=======", "MZX=====", "MZXW6Y==", "=", "========"],
      ...["MY=====", "MY=======", "MY==============", "MZXW6YTB========"],
      ...["MZXW6YTB=", "MZXW6YQ", "MZXW6YQ= ", "MZXW6YQ=\n"],
      "=".repeat(16),
    ]
  ) {
    assertThrows(
      () => decodeBase32(encoded),
      SyntaxError,
      "Cannot decode base32: the padding does not make groups of eight",
      encoded,
    );
  }
});

Deno.test("decodeBase32() says which character is none", () => {
  for (
    const [encoded, char] of [
      ["MZXW6YT1", '"1"'],
      ["MZXW6YT8", '"8"'],
      ["mzxw6yt0", '"0"'],
      ["M=XW6YTB", '"="'],
      ["=MZXW6YQ", '"="'],
      ["MZXW YTB", '" "'],
      ["MZXW6YT\n", '"\\n"'],
      ["MZXW-YTB", '"-"'],
      ["MZXW6YT\0", '"\\u0000"'],
      ["MZXW6YT\xfc", '"\xfc"'],
      ["MZXW6YT\u20ac", '"\u20ac"'],
      ["MZXW6YT\ud800", '"\\ud800"'],
    ] as const
  ) {
    assertThrows(
      () => decodeBase32(encoded),
      SyntaxError,
      `Cannot decode base32: ${char} is none`,
      JSON.stringify(encoded),
    );
  }
  assertThrows(() => decodeBase32("CPNMUOJW", HEX), SyntaxError, '"W" is none');
  assertThrows(() => decodeBase32("cpnmuojz", HEX), SyntaxError, '"z" is none');
});

Deno.test("decodeBase32() refuses letters that only become ASCII in upper case", () => {
  for (const encoded of ["MZXW6YT\u0131", "MZXW6YT\u017f", "MZXW6Y\xdf"]) {
    const what = JSON.stringify(encoded);
    assertThrows(() => decodeBase32(encoded), SyntaxError, undefined, what);
  }
  // RFC 4648 section 3.3: what is not in the alphabet MUST be refused.
  assertThrows(() => decodeBase32("\ufb01\ufb01\ufb01\ufb01"), SyntaxError);
});

Deno.test("encodeBase32() and decodeBase32() refuse an alphabet that there is not", () => {
  const alphabet = "base33" as "base32";
  assertThrows(() => encodeBase32(ALL, { alphabet }), TypeError);
  assertThrows(() => decodeBase32("MY======", { alphabet }), TypeError);
});

Deno.test("encodeBase32() and decodeBase32() need no time for much", () => {
  const content = new Uint8Array(2_000_000).fill(0x5a);
  const encoded = encodeBase32(content);
  assert(decodeBase32(encoded).every((byte) => byte === 0x5a));
  assertThrows(() => decodeBase32("=".repeat(4_000_000)), SyntaxError);
});

Deno.test("decodeBase32() needs no time for padding in the middle", () => {
  const encoded = "=".repeat(999_999) + "A";
  assertThrows(() => decodeBase32(encoded), SyntaxError, '"=" is none');
});
