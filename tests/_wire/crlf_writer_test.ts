import {
  assert,
  assertEquals,
  assertStrictEquals,
} from "jsr:@std/assert@^1.0.0";
import { CrlfWriter } from "../../_wire/crlf_writer.ts";
import {
  everySplit,
  randomSlices,
  seededRandom,
} from "../_support/random_slices.ts";
import { bytes, concat, everyByte, text } from "./memory.ts";

function encode(parts: Iterable<Uint8Array>, stuffDots = true): string {
  const writer = new CrlfWriter({ stuffDots });
  const out = [...parts].map((part) => writer.encode(part));
  return text(concat([...out, writer.end()]));
}

/** Text as it is, and as it goes on the wire. */
const TEXTS: [string, string][] = [
  ["", ".\r\n"],
  [".", "..\r\n.\r\n"],
  ["..", "...\r\n.\r\n"],
  ["a", "a\r\n.\r\n"],
  ["a\r\n", "a\r\n.\r\n"],
  ["a\n", "a\r\n.\r\n"],
  ["a\r", "a\r\n.\r\n"],
  ["\r", "\r\n.\r\n"],
  ["\n", "\r\n.\r\n"],
  ["a\r\n.b\r\n..\r\n", "a\r\n..b\r\n...\r\n.\r\n"],
  ["a\n.\nb", "a\r\n..\r\nb\r\n.\r\n"],
  ["a\r.\rb", "a\r\n..\r\nb\r\n.\r\n"],
  ["a\n.\r\nQUIT", "a\r\n..\r\nQUIT\r\n.\r\n"],
  ["a\r\n.\nQUIT", "a\r\n..\r\nQUIT\r\n.\r\n"],
  ["a\r\r\nb", "a\r\n\r\nb\r\n.\r\n"],
  ["a\n\rb", "a\r\n\r\nb\r\n.\r\n"],
  ["a.b.\r\n", "a.b.\r\n.\r\n"],
  ["\r\n\r\n", "\r\n\r\n.\r\n"],
  ["€.\n.€", "€.\r\n..€\r\n.\r\n"],
];

Deno.test("CrlfWriter.encode() gives the same at every split", () => {
  for (const [plain, wire] of TEXTS) {
    const all = bytes(plain);
    for (const parts of [...everySplit(all), everyByte(all)]) {
      assertEquals(encode(parts), wire, JSON.stringify(plain));
    }
  }
});

Deno.test("CrlfWriter.encode() makes room for input that doubles", () => {
  for (const [piece, wire] of [["\n", "\r\n"], [".\n", "..\r\n"]] as const) {
    assertEquals(
      encode([bytes(piece.repeat(10_000))]),
      wire.repeat(10_000) + ".\r\n",
    );
  }
  const late = "x".repeat(10_000) + "\n".repeat(10_000);
  assertEquals(
    encode([bytes(late)]),
    "x".repeat(10_000) + "\r\n".repeat(10_000) + ".\r\n",
  );
});

Deno.test("CrlfWriter.encode() leaves dots alone where they are not to be stuffed", () => {
  for (const [plain, wire] of TEXTS) {
    const all = bytes(plain);
    const expected = wire.slice(0, -3).replace(/(^|\r\n)\.\./g, "$1.");
    for (const parts of [...everySplit(all), everyByte(all)]) {
      assertEquals(encode(parts, false), expected, JSON.stringify(plain));
    }
  }
});

Deno.test("CrlfWriter.encode() does not copy what needs no change", () => {
  const writer = new CrlfWriter({ stuffDots: true });
  for (
    const clean of ["a line\r\nand half of", " the next\r\n", "no.dot\r\n"]
  ) {
    const chunk = bytes(clean);
    assertStrictEquals(writer.encode(chunk), chunk);
  }
});

Deno.test("CrlfWriter.encode() finds what is wrong at every place of a long text", () => {
  for (const wrong of ["\n", "\r", "\r\n."]) {
    for (let at = 0; at < 40; at++) {
      const plain = "x".repeat(at) + wrong + "y".repeat(40 - at);
      // Placed anywhere in memory too.
      const room = new Uint8Array(100);
      const offset = at % 5;
      room.set(bytes(plain), offset);
      const chunk = room.subarray(offset, offset + plain.length);
      const wire = plain.replace(
        /\r\n\.?|[\r\n]/,
        (end) => end.endsWith(".") ? "\r\n.." : "\r\n",
      );
      assertEquals(encode([chunk]), wire + "\r\n.\r\n");
    }
  }
});

Deno.test("CrlfWriter.encode() agrees with a regular expression on random bytes", () => {
  for (let seed = 0; seed < 300; seed++) {
    const random = seededRandom(seed);
    const all = Uint8Array.from({ length: 200 }, () => {
      const kind = random();
      return kind < 0.1
        ? 0x0d
        : kind < 0.2
        ? 0x0a
        : kind < 0.3
        ? 0x2e
        : Math.floor(random() * 128);
    });
    let expected = text(all).replace(/\r\n|\r|\n/g, "\r\n")
      .replace(/(^|\r\n)\./g, "$1..");
    if (!expected.endsWith("\r\n")) expected += "\r\n";
    const wire = encode(randomSlices(all, random));
    assertEquals(wire, expected + ".\r\n", `seed ${seed}`);
    assert(wire.endsWith("\r\n.\r\n"));
  }
});
