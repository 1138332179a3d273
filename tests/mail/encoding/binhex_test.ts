import {
  assert,
  assertEquals,
  assertStringIncludes,
  assertThrows,
} from "jsr:@std/assert@^1.0.0";
import {
  type BinHexFile,
  crcHqx,
  decodeBinHex,
  encodeBinHex,
} from "../../../mail/encoding/mod.ts";
import { seededRandom } from "../../_support/random_slices.ts";
import { bytes, concat } from "../../_wire/memory.ts";
import { ALL, latin1 } from "./samples.ts";

const TITLE = "(This file must be converted with BinHex 4.0)";
const BASE64 =
  "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
/** RFC 1741 appendix A. */
const ALPHABET =
  "!\"#$%&'()*+,-012345689@ABCDEFGHIJKLMNPQRSTUVXYZ[`abcdefhijklmpqr";

/** Characters of BinHex for bytes, by nothing of ours. */
function characters(data: Uint8Array): string {
  return data.toBase64({ omitPadding: true })
    .replace(/./g, (char) => ALPHABET[BASE64.indexOf(char)]!);
}

/** The bytes that stand for the file, before repeats are expanded. */
function compressed(text: string): Uint8Array<ArrayBuffer> {
  const inside = text.slice(text.indexOf(":") + 1, text.lastIndexOf(":"));
  return Uint8Array.fromBase64(
    inside.replace(/\s/g, "")
      .replace(/./g, (char) => BASE64[ALPHABET.indexOf(char)]!),
  );
}

/** With its CRC behind it. */
function summed(part: Uint8Array): Uint8Array<ArrayBuffer> {
  const crc = crcHqx(part);
  return concat([part, Uint8Array.of(crc >> 8, crc & 255)]);
}

/** A header of these lengths. */
function header(
  data: number,
  resource = 0,
  name = "a",
): Uint8Array<ArrayBuffer> {
  const lengths = new DataView(new ArrayBuffer(8));
  lengths.setUint32(0, data);
  lengths.setUint32(4, resource);
  return concat([
    Uint8Array.of(name.length),
    latin1(name + "\0TEXTttxt\x01\0"),
    new Uint8Array(lengths.buffer),
  ]);
}

const NONE = new Uint8Array();
const FILE: BinHexFile = {
  name: "a",
  type: "TEXT",
  creator: "ttxt",
  data: bytes("Hello"),
  resource: NONE,
};
const PARTS = concat([
  summed(header(5)),
  summed(bytes("Hello")),
  summed(NONE),
]);

/** In one line, with the title before it. */
function text(parts: Uint8Array): string {
  return `${TITLE}\n\n:${characters(parts)}:\n`;
}

Deno.test("encodeBinHex() writes what RFC 1741 says", () => {
  const encoded = encodeBinHex(FILE);
  const lines = encoded.split("\n");
  assertEquals(lines.slice(0, 2), [TITLE, ""]);
  assertStringIncludes(lines[2]!, ":");
  assertEquals(lines.at(-1), "");
  assert(encoded.endsWith(":\n"));
  // The flags are zero, and four zeros or more are written as a repeat.
  const plain = concat([
    latin1("\x01a\0TEXTttxt\0\x90\x05\x05\0\x90\x04"),
    summed(Uint8Array.from([...header(5)].with(11, 0))).subarray(-2),
    summed(bytes("Hello")),
    summed(NONE),
  ]);
  assertEquals(compressed(encoded), plain);
  assertEquals(decodeBinHex(text(plain)), FILE);
});

Deno.test("encodeBinHex() has lines of 64 characters", () => {
  for (let length = 0; length <= 200; length++) {
    const encoded = encodeBinHex({ ...FILE, data: ALL.slice(0, length) });
    const lines = encoded.split("\n").slice(2, -1);
    assert(lines[0]!.startsWith(":") && lines.at(-1)!.endsWith(":"));
    for (const [index, line] of lines.entries()) {
      assert(line.length > 0 && line.length <= 64);
      if (index < lines.length - 1) assertEquals(line.length, 64);
    }
  }
});

Deno.test("encodeBinHex() and decodeBinHex() give files of every length back", () => {
  const random = seededRandom(61);
  for (let length = 0; length <= 300; length++) {
    const one = Uint8Array.from({ length }, () => random() * 256);
    // Many repeats, and many bytes that look like one.
    const other = Uint8Array.from(
      { length: 300 - length },
      () => random() < 0.5 ? 0x90 : random() * 2,
    );
    for (const [data, resource] of [[one, other], [other, one]] as const) {
      const file = { ...FILE, data, resource };
      assertEquals(decodeBinHex(encodeBinHex(file)), file);
    }
  }
  const file = { ...FILE, data: ALL, resource: ALL.toReversed() };
  assertEquals(decodeBinHex(encodeBinHex(file)), file);
  const part = { ...FILE, data: ALL.subarray(100, 200) };
  assertEquals(decodeBinHex(encodeBinHex(part)).data, ALL.slice(100, 200));
});

Deno.test("encodeBinHex() writes runs that are worth it as repeats", () => {
  const [one, mark] = ["x", "\x90\0"];
  for (
    const [count, plain, marks] of [
      [1, one, mark],
      [2, one.repeat(2), mark.repeat(2)],
      [3, one.repeat(3), mark.repeat(3)],
      [4, "x\x90\x04", "\x90\0\x90\x04"],
      [5, "x\x90\x05", "\x90\0\x90\x05"],
      [144, "x\x90\x90", "\x90\0\x90\x90"],
      [254, "x\x90\xfe", "\x90\0\x90\xfe"],
      [255, "x\x90\xff", "\x90\0\x90\xff"],
      [256, "x\x90\xffx", "\x90\0\x90\xff\x90\0"],
      [257, "x\x90\xffxx", "\x90\0\x90\xff\x90\0\x90\0"],
      [259, "x\x90\xffx\x90\x04", "\x90\0\x90\xff\x90\0\x90\x04"],
      [511, "x\x90\xffx\x90\xffx", "\x90\0\x90\xff\x90\0\x90\xff\x90\0"],
    ] as const
  ) {
    for (const [char, run] of [["x", plain], ["\x90", marks]] as const) {
      for (const [before, after] of [["", ""], ["a", "b"], ["\x90", "y"]]) {
        const data = latin1(before + char.repeat(count) + after);
        const file = { ...FILE, data };
        const encoded = encodeBinHex(file);
        assertEquals(decodeBinHex(encoded), file);
        if (before === "\x90") continue;
        const inside = compressed(encoded).toHex();
        const sought = summed(data).subarray(-2)[0] === char.charCodeAt(0)
          ? latin1(before + run)
          : latin1(before + run + after);
        assertStringIncludes(inside, sought.toHex(), `${count} of ${char}`);
      }
    }
  }
});

Deno.test("decodeBinHex() expands what others write as repeats", () => {
  for (
    const [run, expanded] of [
      // A repeat goes on with a repeat, and some are of one byte or two.
      ["x\x90\x01", "x"],
      ["x\x90\x02", "xx"],
      ["x\x90\x03\x90\x03", "xxxxx"],
      ["x\x90\xff\x90\xff", "x".repeat(509)],
      ["\x90\0\x90\x02", "\x90\x90"],
      ["\x90\0\x90\0", "\x90\x90"],
      ["x\x90\x02\x90\0", "xx\x90"],
      ["x\x90\0\x90\x03", "x\x90\x90\x90"],
    ] as const
  ) {
    const data = latin1(expanded);
    const crc = summed(data).subarray(-2);
    // Nothing of these looks like a repeat.
    const escape = (part: Uint8Array) =>
      latin1(
        [...part].map((byte) =>
          String.fromCharCode(byte) + (byte === 0x90 ? "\0" : "")
        ).join(""),
      );
    const parts = concat([
      escape(summed(header(data.length))),
      latin1(run),
      escape(crc),
      summed(NONE),
    ]);
    assertEquals(decodeBinHex(text(parts)).data, data);
  }
});

Deno.test("decodeBinHex() reads it in whatever text it stands", () => {
  const encoded = encodeBinHex({ ...FILE, data: ALL, resource: ALL });
  const expected = { ...FILE, data: ALL, resource: ALL };
  for (
    const text of [
      encoded,
      encoded.replaceAll("\n", "\r\n"),
      encoded.replaceAll("\n", "\r"),
      encoded.replaceAll("\n", " \n"),
      encoded.trimEnd(),
      encoded.replace("\n\n", "\n"),
      encoded.replace(TITLE, ""),
      encoded.replace(TITLE, "(This file must be converted with BinHex 4.0.)"),
      encoded.replace(/[\s\S]*?:/, ":"),
      encoded.replace(/:(.{10})/, ":\n$1\n\t"),
      encoded.replace(/:(?=\n$)/, "\n:"),
      encoded.replace(/:(?=\n$)/, "!!!:"),
      `From: me\r\nTo: you\r\n\r\nHello: here it is\r\n${encoded}\r\nbye :-)\n:\n`,
      encoded + encodeBinHex({ name: "b", data: NONE }),
    ]
  ) {
    assertEquals(decodeBinHex(text), expected, JSON.stringify(text));
  }
});

Deno.test("decodeBinHex() reads it behind a line that begins with a colon", () => {
  for (const before of [":-) see below\n", ":\n", ":a:\n", "\n:: x ::\n"]) {
    assertEquals(decodeBinHex(before + encodeBinHex(FILE)), FILE);
  }
});

Deno.test("encodeBinHex() and decodeBinHex() keep names and codes", () => {
  for (
    const name of [
      "a",
      "a b.txt",
      "x".repeat(63),
      "gr\xfc\xdfe",
      "\xfc".repeat(31),
      ":/\\",
    ]
  ) {
    assertEquals(decodeBinHex(encodeBinHex({ ...FILE, name })).name, name);
  }
  const { type, creator, resource } = decodeBinHex(
    encodeBinHex({ name: "a", data: NONE }),
  );
  assertEquals([type, creator, resource], ["????", "????", NONE]);
  const codes = { type: "    ", creator: "~!8B" };
  assertEquals(decodeBinHex(encodeBinHex({ ...FILE, ...codes })), {
    ...FILE,
    ...codes,
  });
  // A name that is no UTF-8, and bytes of a code beyond ASCII.
  const other = concat([
    summed(header(0, 0, "\x8a\xa0")),
    summed(NONE),
    summed(NONE),
  ]);
  assertEquals(decodeBinHex(text(other)).name, "\x8a\xa0");
});

Deno.test("encodeBinHex() refuses names and codes that do not fit", () => {
  for (const name of ["", "x".repeat(64), "\xfc".repeat(32), "a\0", "\0"]) {
    const file = { name, data: NONE };
    assertThrows(
      () => encodeBinHex(file),
      TypeError,
      "it is no name of a file",
    );
  }
  for (
    const code of [
      "",
      "TXT",
      "TEXTS",
      "TEX\n",
      "TEX\0",
      "T\xcbXT",
      "\u20acEXT",
      "TEXT\n",
    ]
  ) {
    for (const file of [{ type: code }, { creator: code }]) {
      assertThrows(
        () => encodeBinHex({ ...file, name: "a", data: NONE }),
        TypeError,
        "a code has four characters",
      );
    }
  }
});

Deno.test("decodeBinHex() says what is wrong", () => {
  const encoded = text(PARTS);
  for (
    const [damaged, why] of [
      ["", "there is nothing between colons"],
      [TITLE, "there is nothing between colons"],
      [encoded.trimEnd().slice(0, -1), "there is nothing between colons"],
      [" :abc:", "there is nothing between colons"],
      [":", "there is nothing between colons"],
      ["::", "it ends after 0 bytes"],
      [":!!:", "it ends after 1 bytes"],
      [text(PARTS.subarray(0, -1)), "it ends after 31 bytes"],
      [encoded.replace(/:(.)/, ":7"), '"7" is in it'],
      [encoded.replace(/:(.)/, ":\xfc"), '"\xfc" is in it'],
      [encoded.replace(/:(.)/, ":\u20ac"), '"\u20ac" is in it'],
      [encoded.replace(/:(.)/, ":\0"), '"\\u0000" is in it'],
      [text(latin1("\x90\x05abc")), "a repetition repeats nothing"],
      [
        text(concat([PARTS.subarray(0, 20), latin1("\x90")])),
        "repeats nothing",
      ],
    ] as const
  ) {
    assertThrows(
      () => decodeBinHex(damaged),
      SyntaxError,
      why,
      JSON.stringify(damaged),
    );
  }
});

Deno.test("decodeBinHex() refuses each CRC that is not right", () => {
  assertEquals(decodeBinHex(text(PARTS)), FILE);
  const file = concat([
    summed(header(5, 3)),
    summed(bytes("Hello")),
    summed(bytes("abc")),
  ]);
  assertEquals(decodeBinHex(text(file)).resource, bytes("abc"));
  for (let at = 0; at < file.length; at++) {
    for (let bit = 0; bit < 8; bit++) {
      const wrong = file.slice();
      wrong[at]! ^= 1 << bit;
      const what = at < 23 ? "header" : at < 30 ? "data" : "resource fork";
      const error = assertThrows(() => decodeBinHex(text(wrong)), SyntaxError);
      // Another length of its name makes another header.
      const other = at === 0 || error.message.includes("repeats nothing");
      if (!other) assertStringIncludes(error.message, `CRC of its ${what}`);
    }
  }
});

Deno.test("decodeBinHex() refuses a file that ends at any byte", () => {
  const encoded = encodeBinHex({
    ...FILE,
    data: ALL,
    resource: new Uint8Array(600),
  });
  for (let length = 0; length < encoded.length - 2; length++) {
    const part = encoded.slice(0, length);
    for (const damaged of [part, part + "\n:", part + ":\n"]) {
      // The last character may have nothing but bits that are left over.
      if (length >= encoded.length - 3 && damaged !== part) continue;
      assertThrows(
        () => decodeBinHex(damaged),
        SyntaxError,
        "Cannot decode BinHex: ",
      );
    }
  }
  for (let length = 0; length < PARTS.length; length++) {
    const damaged = text(PARTS.subarray(0, length));
    assertThrows(() => decodeBinHex(damaged), SyntaxError, "it ends after");
  }
});

Deno.test("decodeBinHex() believes no length that it is told", () => {
  for (
    const [data, resource] of [[2 ** 32 - 1, 0], [6, 0], [5, 2 ** 31], [5, 1]]
  ) {
    const parts = concat([
      summed(header(data!, resource)),
      summed(bytes("Hello")),
      summed(NONE),
    ]);
    assertThrows(() => decodeBinHex(text(parts)), SyntaxError);
  }
  const long = concat([Uint8Array.of(255), PARTS]);
  assertThrows(() => decodeBinHex(text(long)), SyntaxError, "it ends after");
});

Deno.test("encodeBinHex() and decodeBinHex() need no time for much", () => {
  for (const byte of [0x90, 0x20, 0]) {
    const data = new Uint8Array(3_000_000).fill(byte);
    const file = { ...FILE, data };
    assertEquals(decodeBinHex(encodeBinHex(file)).data.length, data.length);
  }
  const data = Uint8Array.from({ length: 500_000 }, (_, at) => at * 7);
  const file = { ...FILE, data };
  assertEquals(decodeBinHex(encodeBinHex(file)).data.length, data.length);
  for (
    const damaged of [
      ":".repeat(2_000_000),
      "\n".repeat(2_000_000),
      "\n:".repeat(1_000_000),
      ":" + "\n".repeat(1_000_000) + ":",
      ":" + "!".repeat(1_000_000),
      " :".repeat(1_000_000),
    ]
  ) {
    assertThrows(() => decodeBinHex(damaged), SyntaxError);
  }
});
