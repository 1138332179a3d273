import {
  assert,
  assertEquals,
  assertStringIncludes,
  assertThrows,
} from "jsr:@std/assert@^1.0.0";
import {
  Base64DecoderStream,
  Base64EncoderStream,
  decodeBase64,
  encodeBase64,
} from "../../../mail/encoding/mod.ts";
import {
  everySplit,
  randomSlices,
  seededRandom,
} from "../../_support/random_slices.ts";
import { bytes, concat, everyByte } from "../../_wire/memory.ts";
import { ALL, latin1, mostHeld, toLatin1 } from "./samples.ts";

/** What comes out of a stream that these pieces go through. */
async function through(
  stream: TransformStream<Uint8Array, Uint8Array>,
  parts: Iterable<Uint8Array>,
): Promise<Uint8Array<ArrayBuffer>> {
  const pieces: Uint8Array[] = [];
  const source = ReadableStream.from(parts) as ReadableStream<Uint8Array>;
  for await (const piece of source.pipeThrough(stream)) {
    assert(piece.length > 0);
    pieces.push(piece);
  }
  return concat(pieces);
}

const decode = (parts: Iterable<Uint8Array>) =>
  through(new Base64DecoderStream(), parts);
const encode = async (parts: Iterable<Uint8Array>) =>
  toLatin1(await through(new Base64EncoderStream(), parts));

/** RFC 4648 section 10. */
const VECTORS = [
  ["", ""],
  ["f", "Zg=="],
  ["fo", "Zm8="],
  ["foo", "Zm9v"],
  ["foob", "Zm9vYg=="],
  ["fooba", "Zm9vYmE="],
  ["foobar", "Zm9vYmFy"],
] as const;

Deno.test("encodeBase64() and decodeBase64() have the vectors of RFC 4648", () => {
  for (const [plain, encoded] of VECTORS) {
    assertEquals(encodeBase64(bytes(plain)), encoded);
    for (const strict of [false, true]) {
      assertEquals(decodeBase64(encoded, { strict }), bytes(plain));
      assertEquals(decodeBase64(bytes(encoded), { strict }), bytes(plain));
    }
  }
});

Deno.test("encodeBase64() and decodeBase64() give bytes of every length back", () => {
  const random = seededRandom(11);
  for (let length = 0; length <= 300; length++) {
    const content = Uint8Array.from({ length }, () => random() * 256);
    for (const alphabet of ["base64", "base64url"] as const) {
      for (const lines of [false, true]) {
        const encoded = encodeBase64(content, { alphabet, lines });
        const options = { alphabet, strict: true };
        assertEquals(decodeBase64(encoded, options), content);
        assertEquals(decodeBase64(bytes(encoded), { alphabet }), content);
        const short = encodeBase64(content, {
          alphabet,
          lines,
          omitPadding: true,
        });
        assert(!short.includes("="));
        assertEquals(decodeBase64(short, { alphabet }), content);
      }
    }
  }
});

Deno.test("encodeBase64() has the alphabets of RFC 4648 sections 4 and 5", () => {
  const all = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
  const content = decodeBase64(all + "+/");
  assertEquals(content.length, 48);
  assertEquals(encodeBase64(content), all + "+/");
  assertEquals(encodeBase64(content, { alphabet: "base64url" }), all + "-_");
  const strict = { alphabet: "base64url", strict: true } as const;
  assertEquals(decodeBase64(all + "-_", strict), content);
  assertThrows(() => decodeBase64(all + "+/", strict), SyntaxError);
  assertThrows(() => decodeBase64(all + "-_", { strict: true }), SyntaxError);
  // Where it is not strict, the other alphabet's characters are junk.
  assertEquals(decodeBase64("-_Zg==-_"), bytes("f"));
  assertEquals(
    decodeBase64("+/Zg==+/", { alphabet: "base64url" }),
    bytes("f"),
  );
});

Deno.test("encodeBase64() takes a part of a buffer only", () => {
  const part = bytes("xxfooxx").subarray(2, 5);
  assertEquals(encodeBase64(part), "Zm9v");
  assertEquals(decodeBase64(bytes("xxZm9vxx").subarray(2, 6)), bytes("foo"));
});

Deno.test("encodeBase64() cuts lines of 76 characters, and none is empty", () => {
  for (const length of [0, 1, 56, 57, 58, 113, 114, 115, 1_000]) {
    const content = new Uint8Array(length).fill(0xa5);
    const whole = encodeBase64(content);
    const encoded = encodeBase64(content, { lines: true });
    assertEquals(encoded.replaceAll("\r\n", ""), whole);
    const lines = encoded.split("\r\n");
    assertEquals(lines.pop(), "");
    for (const [index, line] of lines.entries()) {
      if (index < lines.length - 1) assertEquals(line.length, 76);
      assert(line.length > 0 && line.length <= 76);
    }
  }
});

Deno.test("encodeBase64() and decodeBase64() refuse an alphabet that there is not", () => {
  const alphabet = "base65" as "base64";
  assertThrows(() => encodeBase64(ALL, { alphabet }), TypeError);
  assertThrows(() => decodeBase64("QQ==", { alphabet }), TypeError);
});

Deno.test("decodeBase64() refuses an alphabet that there is not, also with strict", () => {
  const alphabet = "base65" as "base64";
  const options = { alphabet, strict: true };
  assertThrows(() => decodeBase64("QQ==", options), TypeError);
});

/** What may come in mail, and what it stands for. */
const LENIENT = [
  // Blanks and junk anywhere (RFC 2045 section 6.8).
  [" Z\r\nm\t9\fv ", "foo"],
  ["Zm9v\r\n\r\n", "foo"],
  ["\0Z*m!9-_v\x7f", "foo"],
  ["Z\xfcm9\xffv", "foo"],
  ["Z.g.=.=.", "f"],
  ["> Zm9v\n> YmFy\n", "foobar"],
  // Padding that is missing, or more than it should be.
  ["Zg", "f"],
  ["Zg=", "f"],
  ["Zg===", "f"],
  ["Zg==\r\n====\r\n", "f"],
  ["Zm8", "fo"],
  ["Zm8==", "fo"],
  ["Zm9v=", "foo"],
  ["Zm9v====", "foo"],
  // Padding in the middle, where two texts became one.
  ["Zg==Zg==", "ff"],
  ["Zm8=\r\nZm8=", "fofo"],
  ["Zg=Zm8=Zm9v", "ffofoo"],
  ["Zm9v=Zm9v", "foofoo"],
  ["==Zm9v", "foo"],
  // Six bits say nothing.
  ["Z", ""],
  ["Z=", ""],
  ["Z===", ""],
  ["Zm9vZ", "foo"],
  ["Zm9vZ===", "foo"],
  ["Z=Zm9v", "foo"],
  // Bits that are left over do not count (RFC 4648 section 3.5).
  ["Zh==", "f"],
  ["Zv", "f"],
  ["Zm9=", "fo"],
  ["", ""],
  ["=", ""],
  ["\r\n", ""],
  ["\xfc*", ""],
] as const;

Deno.test("decodeBase64() passes over what is no base64", () => {
  for (const [encoded, plain] of LENIENT) {
    const what = JSON.stringify(encoded);
    assertEquals(decodeBase64(encoded), latin1(plain), what);
    assertEquals(decodeBase64(latin1(encoded)), latin1(plain), what);
  }
  assertEquals(decodeBase64("\u{1f600}Zm\u20ac9v\ud800"), bytes("foo"));
});

Deno.test("Base64DecoderStream passes over what is no base64, at every split", async () => {
  for (const [encoded, plain] of LENIENT) {
    const all = latin1(encoded);
    for (const parts of [...everySplit(all), everyByte(all)]) {
      const what = JSON.stringify(parts.map(toLatin1));
      assertEquals(await decode(parts), latin1(plain), what);
    }
  }
});

Deno.test("decodeBase64() with strict refuses all but blanks and proper padding", () => {
  const strict = { strict: true };
  for (const encoded of [" Zm9v\r\n", "Z g\t=\n=\f", "\nZ\nm\n8\n="]) {
    assertEquals(decodeBase64(encoded, strict)[0], 0x66);
  }
  for (
    const encoded of [
      ...["Z", "Zg", "Zg=", "Zg===", "Zm8", "Zm8==", "Zm9v=", "=", "===="],
      ...["Zg==Zg==", "Zg==Z", "=Zg=", "Z=g=", "Zg=Z", "Zm9vZ", "Zm9vZ==="],
      ...["Zh==", "Zm9=", "Zm9*v", "Zm9v*", "Zm9-", "Zm9_", "Zm9v\0", "Zm\v9v"],
      ...["Zm\xa09v", "Zm9\xfc", "Zm9\u20ac", "\ufeffZm9v", "Zm9\ud800"],
    ]
  ) {
    const what = JSON.stringify(encoded);
    const error = assertThrows(
      () => decodeBase64(encoded, strict),
      SyntaxError,
      "Cannot decode base64: ",
      what,
    );
    assert(error.message.length > "Cannot decode base64: ".length);
  }
});

Deno.test("decodeBase64() with strict says that padding is missing", () => {
  for (const encoded of ["Zg", "Zg=", "Zm8"]) {
    const error = assertThrows(
      () => decodeBase64(encoded, { strict: true }),
      SyntaxError,
    );
    assertStringIncludes(error.message, "padding");
    assert(!error.message.includes("single character"), error.message);
  }
});

Deno.test("Base64EncoderStream and Base64DecoderStream give bytes of every length back", async () => {
  const random = seededRandom(12);
  for (let length = 0; length <= 300; length++) {
    const content = Uint8Array.from({ length }, () => random() * 256);
    const encoded = encodeBase64(content, { lines: true });
    assertEquals(await encode(randomSlices(content, random)), encoded);
    const parts = randomSlices(bytes(encoded), random);
    assertEquals(await decode(parts), content);
  }
});

Deno.test("Base64EncoderStream and Base64DecoderStream do the same at every split", async () => {
  const encoded = encodeBase64(ALL, { lines: true });
  for (const parts of [...everySplit(ALL), everyByte(ALL)]) {
    assertEquals(await encode(parts), encoded);
  }
  const all = bytes(encoded);
  for (const parts of [...everySplit(all), everyByte(all)]) {
    assertEquals(await decode(parts), ALL);
  }
});

Deno.test("Base64EncoderStream writes nothing of nothing", async () => {
  assertEquals(await encode([]), "");
  assertEquals(await encode([new Uint8Array(), new Uint8Array()]), "");
  assertEquals(await decode([new Uint8Array(), bytes("\r\n=")]), bytes(""));
});

Deno.test("Base64EncoderStream keeps bytes although their buffer is used again", async () => {
  const buffer = new Uint8Array(10);
  const stream = new Base64EncoderStream();
  const text = new Response(stream.readable).text();
  const writer = stream.writable.getWriter();
  for (const letter of "abcdefg") {
    buffer.fill(letter.charCodeAt(0));
    await writer.write(buffer);
  }
  buffer.fill(0);
  await writer.close();
  const expected = "abcdefg".replace(/./g, (letter) => letter.repeat(10));
  assertEquals(decodeBase64(await text), bytes(expected));
});

Deno.test("Base64EncoderStream and Base64DecoderStream hold no more than a piece", async () => {
  const piece = new Uint8Array(2 ** 16).fill(0x41);
  const source = Array(1_500).fill(piece);
  const out = await mostHeld(new Base64EncoderStream(), source);
  const whole = Math.ceil(piece.length * 1_500 / 57);
  assert(out.total > whole * 77 && out.total <= whole * 78);
  assert(out.grown < 2 ** 26, `${out.grown} bytes more were held`);
  const back = await mostHeld(new Base64DecoderStream(), source);
  assertEquals(back.total, piece.length * 1_500 * 3 / 4);
  assert(back.grown < 2 ** 26, `${back.grown} bytes more were held`);
  // Junk is not held at all.
  const junk = Array(1_500).fill(new Uint8Array(2 ** 16).fill(0x2a));
  const none = await mostHeld(new Base64DecoderStream(), junk);
  assertEquals(none.total, 0);
  assert(none.grown < 2 ** 26, `${none.grown} bytes more were held`);
});

Deno.test("decodeBase64() needs no time for junk and padding in large", async () => {
  for (
    const [encoded, length] of [
      ["=".repeat(2_000_000), 0],
      ["=".repeat(2_000_000) + "Zg", 1],
      ["*".repeat(2_000_000), 0],
      ["Z*".repeat(1_000_000), 750_000],
      ["*" + "Zm9v".repeat(500_000), 1_500_000],
      [" \n".repeat(2_000_000) + "*", 0],
    ] as const
  ) {
    assertEquals(decodeBase64(encoded).length, length);
    assertEquals((await decode([bytes(encoded)])).length, length);
    assertThrows(() => decodeBase64(encoded + "*", { strict: true }));
  }
  const encoded = encodeBase64(new Uint8Array(60_000), { lines: true });
  const got = await decode(everyByte(bytes(encoded)));
  assertEquals(got.length, 60_000);
});

Deno.test("decodeBase64() needs no time for many texts in one", async () => {
  const encoded = "Zg==".repeat(700_000);
  assertEquals(decodeBase64(encoded).length, 700_000);
  assertEquals((await decode([bytes(encoded.slice(0, 1e6))])).length, 250_000);
});
