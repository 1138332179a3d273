import {
  assert,
  assertEquals,
  assertRejects,
  assertStringIncludes,
  assertThrows,
} from "jsr:@std/assert@^1.0.0";
import {
  decodeUu,
  encodeUu,
  UuDecoderStream,
  type UuFile,
} from "../../../mail/encoding/mod.ts";
import {
  everySplit,
  randomSlices,
  seededRandom,
} from "../../_support/random_slices.ts";
import { bytes, concat, eventLoopTurn, everyByte } from "../../_wire/memory.ts";
import { ALL, latin1, mostHeld } from "./samples.ts";

/** Decodes a stream of these pieces. */
async function decode(parts: Iterable<Uint8Array>): Promise<UuFile> {
  const decoder = new UuDecoderStream();
  const pieces: Uint8Array[] = [];
  const source = ReadableStream.from(parts) as ReadableStream<Uint8Array>;
  for await (const piece of source.pipeThrough(decoder)) {
    assert(piece.length > 0);
    pieces.push(piece);
  }
  return { ...await decoder.header, content: concat(pieces) };
}

/** What is wrong, where decoding fails. */
async function failure(parts: Iterable<Uint8Array>): Promise<string> {
  const error = await assertRejects(() => decode(parts), SyntaxError);
  return error.message;
}

/** A file of these lines. */
function file(...lines: string[]): string {
  return ["begin 644 cat.txt", ...lines, "`", "end", ""].join("\n");
}

Deno.test("encodeUu() and decodeUu() give bytes of every length back", () => {
  const random = seededRandom(1);
  for (let length = 0; length <= 300; length++) {
    const content = Uint8Array.from({ length }, () => random() * 256);
    const encoded = encodeUu(content, { filename: "a b.bin", mode: 0o4755 });
    assert(/^begin 4755 a b\.bin\n(?:[!-`]+\n)*`\nend\n$/.test(encoded));
    assertEquals(decodeUu(encoded), {
      filename: "a b.bin",
      mode: 0o4755,
      content,
    });
    assertEquals(decodeUu(bytes(encoded)).content, content);
  }
});

Deno.test("encodeUu() writes every byte and every mode", () => {
  assertEquals(decodeUu(encodeUu(ALL)).content, ALL);
  assertEquals(encodeUu(new Uint8Array()), "begin 644 file\n`\nend\n");
  for (
    const [mode, text] of [
      [0, "000"],
      [7, "007"],
      [0o600, "600"],
      [0o7777, "7777"],
    ] as const
  ) {
    const encoded = encodeUu(ALL, { mode });
    assertStringIncludes(encoded, `begin ${text} file\n`);
    assertEquals(decodeUu(encoded).mode, mode);
  }
});

Deno.test("encodeUu() refuses names and modes that do not fit", () => {
  for (
    const options of [
      ...["", " ", "a\nb", "a\r\nend", "a\0"].map((filename) => ({ filename })),
      ...[-1, 0o10000, 1.5, NaN, Infinity].map((mode) => ({ mode })),
    ]
  ) {
    assertThrows(() => encodeUu(ALL, options), TypeError, "Cannot encode");
  }
});

Deno.test("decodeUu() keeps names as they are sent", () => {
  for (const filename of ["a", "a b", "../../x", "end", "gr\u00fc\u00df.txt"]) {
    assertEquals(decodeUu(encodeUu(ALL, { filename })).filename, filename);
  }
  const name = decodeUu(latin1(file().replace("cat", "\xfc"))).filename;
  assertEquals(name, "\xfc.txt");
});

Deno.test("decodeUu() reads what programs make of the format", () => {
  const text = file("#0V%T");
  for (
    const encoded of [
      text,
      text.replaceAll("\n", "\r\n"),
      text.replaceAll("\n", "  \n"),
      text.trimEnd(),
      text.replace("`", " "),
      text.replace("`", ""),
      text.replace("\n`\n", "\n"),
      text.replace("%T", "%T`"),
      // A checksum, whatever it is.
      text.replace("%T", "%TX"),
      text.replace("644", "0644"),
      "Hello,\n\nbegin\nbegin x\nbeginning 644\n begin 644 x\n" + text,
      text + "see you\nbegin 600 other\n#0V%T\n",
      text + file("!00``"),
    ]
  ) {
    assertEquals(
      decodeUu(encoded),
      { filename: "cat.txt", mode: 0o644, content: bytes("Cat") },
      JSON.stringify(encoded),
    );
  }
});

Deno.test("decodeUu() puts back blanks that were lost", () => {
  for (
    const [line, content] of [
      ["!", [0]],
      ["!0", [0x40]],
      ["!00", [0x41]],
      ['"04', [0x41, 0x40]],
      ["#0V", [0x43, 0x60, 0]],
      ["#0V%", [0x43, 0x61, 0x40]],
    ] as [string, number[]][]
  ) {
    const got = decodeUu(file(line)).content;
    assertEquals(got, Uint8Array.from(content), line);
  }
});

Deno.test("decodeUu() puts back more blanks than there are characters", () => {
  for (const count of [1, 5, 100]) {
    const encoded = file(...Array(count).fill("M"));
    assertEquals(decodeUu(encoded).content, new Uint8Array(45 * count));
  }
});

Deno.test("decodeUu() says what is wrong", async () => {
  const text = file("#0V%T");
  for (
    const [encoded, why] of [
      ["", 'there is no line of "begin"'],
      ["#0V%T\n`\nend\n", 'there is no line of "begin"'],
      ["begin 648 a\n`\nend\n", 'there is no line of "begin"'],
      ["begin 64 a\n`\nend\n", 'there is no line of "begin"'],
      ["begin 644\n`\nend\n", 'there is no line of "begin"'],
      ["Begin 644 a\n`\nend\n", 'there is no line of "begin"'],
      ["begin-base64 644 a\nQ2F0\n====\n", 'there is no line of "begin"'],
      ["begin 644 a", 'ends before its line of "end"'],
      ["begin 644 a\n#0V%T\n", 'ends before its line of "end"'],
      ["begin 644 a\n#0V%T\n`\n", 'ends before its line of "end"'],
      ["begin 644 a\n#0V%T\n`\nen", '"e" is in a line'],
      [text.replace("V", "v"), '"v" is in a line'],
      [text.replace("V", "\t"), '"\\t" is in a line'],
      [text.replace("V", "\0"), '"\\u0000" is in a line'],
      [text.replace("V", "\xfc"), '"\xc3" is in a line'],
      [text.replace("#", "a"), '"a" is in a line'],
      [text.replace("%T", "%TXX"), "a line is too long for 3 bytes"],
      [text.replace("%T", "%T" + "X".repeat(5_000)), "line is too long"],
      [text.replace("`", "hello"), '"h" is in a line'],
    ]
  ) {
    assertThrows(() => decodeUu(encoded!), SyntaxError, why);
    assertStringIncludes(await failure([bytes(encoded!)]), why!);
  }
});

Deno.test("UuDecoderStream reads a long name at every split, or refuses it at each", async () => {
  const encoded = bytes(`begin 644 ${"abc".repeat(1_000)}\n\`\nend\n`);
  const read = (parts: Uint8Array[]) =>
    decode(parts).then((got) => got.filename, (error) => String(error));
  const whole = await read([encoded]);
  for (const at of [500, 1_100, 2_000, 3_000]) {
    const got = await read([encoded.subarray(0, at), encoded.subarray(at)]);
    assertEquals(got.length, whole.length, `cut at ${at}`);
  }
});

Deno.test("UuDecoderStream decodes files at every split", async () => {
  const before = "Hello\nbegin\n\nbegin 64\r\n";
  for (
    const [encoded, content] of [
      [encodeUu(ALL), ALL],
      [encodeUu(ALL).replaceAll("\n", "\r\n").replaceAll("`", " "), ALL],
      [encodeUu(ALL).trimEnd(), ALL],
      [file(), new Uint8Array()],
      [file("#0V%T") + "end\nbegin 644 b\n", bytes("Cat")],
    ] as [string, Uint8Array][]
  ) {
    const all = bytes(before + encoded);
    for (const parts of [...everySplit(all), everyByte(all)]) {
      assertEquals((await decode(parts)).content, content);
    }
  }
  const random = seededRandom(2);
  for (let length = 0; length <= 300; length++) {
    const content = Uint8Array.from({ length }, () => random() * 256);
    const parts = randomSlices(bytes(encodeUu(content)), random);
    assertEquals((await decode(parts)).content, content);
  }
});

Deno.test("UuDecoderStream errors where the input ends at any byte", async () => {
  const encoded = bytes(encodeUu(ALL));
  for (let length = 0; length < encoded.length - 1; length++) {
    assertStringIncludes(
      await failure([encoded.subarray(0, length)]),
      "Cannot decode uuencoded text: ",
    );
  }
});

Deno.test("UuDecoderStream.header resolves where only the content is damaged", async () => {
  for (const parts of everySplit(bytes("begin 644 a\n#0v%T\n`\nend\n"))) {
    const decoder = new UuDecoderStream();
    const source = ReadableStream.from(parts) as ReadableStream<Uint8Array>;
    await assertRejects(
      () => new Response(source.pipeThrough(decoder)).bytes(),
      SyntaxError,
    );
    assertEquals((await decoder.header).filename, "a");
  }
});

Deno.test("UuDecoderStream.header rejects where it never comes, and nobody has to know", async () => {
  const reason = new Error("enough");
  for (
    const end of [
      (one) => one.readable.cancel(reason),
      (one) => one.writable.abort(reason),
      (one) => new ReadableStream().pipeThrough(one).cancel(reason),
    ] as ((one: UuDecoderStream) => Promise<void>)[]
  ) {
    // An unhandled rejection would fail the test.
    for (const wanted of [false, true]) {
      const decoder = new UuDecoderStream();
      await end(decoder);
      await eventLoopTurn();
      if (!wanted) continue;
      assertEquals(await decoder.header.catch((error) => error), reason);
    }
  }
});

Deno.test("UuDecoderStream holds no more of a large file than a piece", async () => {
  const lines = bytes(("M" + "0V%T".repeat(15) + "\n").repeat(1_000));
  const count = 2 ** 20 * 200 / lines.length | 0;
  function* source() {
    yield bytes("begin 644 a\n");
    for (let at = 0; at < count; at++) yield lines;
    yield bytes("`\nend\n");
    for (let at = 0; at < count; at++) yield lines;
  }
  const { total, grown } = await mostHeld(new UuDecoderStream(), source());
  assertEquals(total, count * 45_000);
  assert(grown < 2 ** 27, `${grown} bytes more were held`);
});

Deno.test("UuDecoderStream holds nothing of an endless line in front", async () => {
  const line = bytes("b".repeat(2 ** 16));
  const source = [...Array(3_200).fill(line), bytes("\n" + encodeUu(ALL))];
  const { total, grown } = await mostHeld(new UuDecoderStream(), source);
  assertEquals(total, 256);
  assert(grown < 2 ** 27, `${grown} bytes more were held`);
  // What is in the middle of it is no beginning.
  const parts = [line, bytes("begin 644 x\n"), bytes("begin 644 y\n`\nend\n")];
  assertEquals((await decode(parts)).filename, "y");
});

Deno.test("UuDecoderStream stops at an endless line of the file", async () => {
  let given = 0;
  function* endless() {
    yield bytes("begin 644 a\nM");
    for (;;) {
      given++;
      yield bytes("0".repeat(100));
    }
  }
  assertStringIncludes(await failure(endless()), "a line is too long");
  assert(given < 20, `${given} pieces were read`);
});

Deno.test("decodeUu() and UuDecoderStream need no time for input made to take much", async () => {
  for (
    const text of [
      "begin 644 ".repeat(200_000),
      "begin 644 " + " ".repeat(2_000_000) + "\n",
      "b\n".repeat(300_000),
      "\n".repeat(2_000_000),
      " ".repeat(2_000_000),
      "begin 644 a\n" + "\n".repeat(2_000_000),
      "begin 644 a\n" + " ".repeat(2_000_000),
      "begin 644 a\n" + "_\n".repeat(300_000),
    ]
  ) {
    assertThrows(() => decodeUu(text), SyntaxError, "Cannot decode");
  }
  const encoded = encodeUu(new Uint8Array(100_000).fill(255));
  await decode(everyByte(bytes("b".repeat(50_000) + "\n" + encoded)));
});
