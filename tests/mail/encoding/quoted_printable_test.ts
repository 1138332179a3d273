import { assert, assertEquals } from "jsr:@std/assert@^1.0.0";
import {
  decodeQuotedPrintable,
  encodeQuotedPrintable,
  QuotedPrintableDecoderStream,
  QuotedPrintableEncoderStream,
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
): Promise<string> {
  const pieces: Uint8Array[] = [];
  const source = ReadableStream.from(parts) as ReadableStream<Uint8Array>;
  for await (const piece of source.pipeThrough(stream)) {
    assert(piece.length > 0);
    pieces.push(piece);
  }
  return toLatin1(concat(pieces));
}

const decode = (parts: Iterable<Uint8Array>) =>
  through(new QuotedPrintableDecoderStream(), parts);
const encode = (parts: Iterable<Uint8Array>, binary = false) =>
  through(new QuotedPrintableEncoderStream({ binary }), parts);

/** In two at every place, and into bytes. */
function splits(text: string): Uint8Array[][] {
  const all = latin1(text);
  return [...everySplit(all), everyByte(all)];
}

/** Bytes with everything often that is no plain letter. */
function randomText(length: number, random: () => number): string {
  const some = ["\r\n", "\n", "\r", " ", "\t", "=", ".", "From ", "\0", "\xe9"];
  let text = "";
  while (text.length < length) {
    text += random() < 0.4
      ? some[Math.floor(random() * some.length)]
      : "abcdefgh".repeat(1 + random() * 5).slice(random() * 8);
  }
  return text.slice(0, length);
}

/** What RFC 2045 section 6.7 says of every line. */
function checkLines(encoded: string): void {
  for (const line of encoded.split("\r\n")) {
    const what = JSON.stringify(line);
    // Rule 5, and rules 1 to 4: no CR or LF but in CRLF, no blank at the end.
    assert(line.length <= 76, what);
    assert(/^(?:[!-<>-~\t ]|=[0-9A-F]{2})*=?$/.test(line), what);
    assert(!/[\t ]$/.test(line), what);
  }
  assert(!encoded.endsWith("=\r\n") && !encoded.endsWith("="));
}

Deno.test("encodeQuotedPrintable() writes all but printable ASCII as two digits", () => {
  for (const byte of ALL) {
    // Rules 1 and 2; in the middle, where blanks may stand (rule 3).
    const plain = byte >= 33 && byte <= 126 && byte !== 61 || byte === 32 ||
      byte === 9;
    const digits = byte.toString(16).toUpperCase().padStart(2, "0");
    const char = String.fromCharCode(byte);
    const expected = byte === 10
      ? "a\r\nb"
      : `a${plain ? char : `=${digits}`}b`;
    const input = latin1(`a${char}b`);
    assertEquals(encodeQuotedPrintable(input), expected);
    const binary = byte === 10 ? "a=0Ab" : expected;
    assertEquals(encodeQuotedPrintable(input, { binary: true }), binary);
  }
});

/** What is written, and as what: as text, and in binary. */
const ENCODED = [
  ["", "", ""],
  ["Gr\xfc\xdfe", "Gr=FC=DFe", "Gr=FC=DFe"],
  ["1+1=2", "1+1=3D2", "1+1=3D2"],
  // Rule 3: blanks at the end of a line.
  ["a ", "a=20", "a=20"],
  ["a\t", "a=09", "a=09"],
  [" ", "=20", "=20"],
  ["a  ", "a =20", "a =20"],
  ["a \t ", "a \t=20", "a \t=20"],
  ["a \r\nb", "a=20\r\nb", "a =0D=0Ab"],
  ["a \nb", "a=20\r\nb", "a =0Ab"],
  ["a\t\r\n\t\r\n", "a=09\r\n=09\r\n", "a\t=0D=0A\t=0D=0A"],
  // Rule 4: line ends, of which a single CR is none.
  ["\r\n", "\r\n", "=0D=0A"],
  ["\n\n", "\r\n\r\n", "=0A=0A"],
  ["a\rb", "a=0Db", "a=0Db"],
  ["a\r", "a=0D", "a=0D"],
  ["a\r\r\nb", "a=0D\r\nb", "a=0D=0D=0Ab"],
  ["a\n\rb", "a\r\n=0Db", "a=0A=0Db"],
  ["a\r \nb", "a=0D=20\r\nb", "a=0D =0Ab"],
] as const;

Deno.test("encodeQuotedPrintable() has line ends as text, and bytes in binary", () => {
  for (const [input, text, binary] of ENCODED) {
    assertEquals(encodeQuotedPrintable(latin1(input)), text);
    assertEquals(
      encodeQuotedPrintable(latin1(input), { binary: true }),
      binary,
    );
  }
});

Deno.test("QuotedPrintableEncoderStream does so at every split", async () => {
  for (const [input, text, binary] of ENCODED) {
    for (const parts of splits(input)) {
      assertEquals(await encode(parts), text);
      assertEquals(await encode(parts, true), binary);
    }
  }
});

Deno.test("encodeQuotedPrintable() breaks lines softly, never inside of digits", () => {
  for (let before = 60; before <= 160; before++) {
    for (const input of ["\xe9", "=", " ", " \r\n", "\t\n", "x", "\xe9\xe9 "]) {
      const text = "a".repeat(before) + input + "b".repeat(before % 80);
      const encoded = encodeQuotedPrintable(latin1(text));
      checkLines(encoded);
      const joined = encoded.replaceAll("=\r\n", "");
      assertEquals(
        toLatin1(decodeQuotedPrintable(joined)),
        text.replace(/\r?\n/g, "\r\n"),
      );
    }
  }
  const encoded = encodeQuotedPrintable(bytes("a".repeat(200)));
  assertEquals(encoded.split("\r\n").map((one) => one.length), [76, 76, 50]);
});

Deno.test("encodeQuotedPrintable() and decodeQuotedPrintable() give bytes of every length back", () => {
  const random = seededRandom(51);
  for (let length = 0; length <= 300; length++) {
    const any = Uint8Array.from({ length }, () => random() * 256);
    for (const content of [any, latin1(randomText(length, random))]) {
      const binary = encodeQuotedPrintable(content, { binary: true });
      checkLines(binary);
      assert(!/[^=]\r\n/.test(binary), "only soft breaks");
      assertEquals(decodeQuotedPrintable(binary), content);
      assertEquals(decodeQuotedPrintable(bytes(binary)), content);
      const text = encodeQuotedPrintable(content);
      checkLines(text);
      assertEquals(
        toLatin1(decodeQuotedPrintable(text)),
        toLatin1(content).replace(/\r?\n/g, "\r\n"),
      );
    }
  }
});

Deno.test("QuotedPrintableEncoderStream and QuotedPrintableDecoderStream agree with the functions at any split", async () => {
  const random = seededRandom(52);
  for (let length = 0; length <= 300; length++) {
    const content = latin1(randomText(length, random));
    for (const binary of [false, true]) {
      const encoded = encodeQuotedPrintable(content, { binary });
      assertEquals(
        await encode(randomSlices(content, random), binary),
        encoded,
      );
      const decoded = toLatin1(decodeQuotedPrintable(encoded));
      assertEquals(
        await decode(randomSlices(latin1(encoded), random)),
        decoded,
      );
      // As it came, it is quoted-printable with damages.
      assertEquals(
        await decode(randomSlices(content, random)),
        toLatin1(decodeQuotedPrintable(content)),
      );
    }
  }
});

Deno.test("QuotedPrintableEncoderStream and QuotedPrintableDecoderStream do the same at every split", async () => {
  const content = concat([ALL, ALL, bytes("  \r\n \t"), ALL]);
  for (const binary of [false, true]) {
    const encoded = encodeQuotedPrintable(content, { binary });
    const decoded = toLatin1(decodeQuotedPrintable(encoded));
    if (binary) assertEquals(decoded, toLatin1(content));
    for (const parts of [...everySplit(content), everyByte(content)]) {
      assertEquals(await encode(parts, binary), encoded);
    }
    for (const parts of splits(encoded)) {
      assertEquals(await decode(parts), decoded);
    }
  }
});

/** What may come, and what it stands for. */
const DECODED = [
  ["", ""],
  ["a=3Db=3db", "a=b=b"],
  // Lower-case digits (rule 1, and note 2 on what is robust).
  ["=e9=E9=eA=Ea", "\xe9\xe9\xea\xea"],
  ["=00=FF", "\0\xff"],
  // Line ends, as they come.
  ["a\r\nb\nc\rd", "a\r\nb\nc\rd"],
  ["a=0D=0Ab", "a\r\nb"],
  // Rule 3: blanks that were put there on the way.
  ["a \r\nb", "a\r\nb"],
  ["a\t \t\nb", "a\nb"],
  ["a ", "a"],
  ["a \t", "a"],
  ["a =20 \r\n", "a  \r\n"],
  [" a\tb  c", " a\tb  c"],
  [" \r\n \r\n", "\r\n\r\n"],
  ["  ", ""],
  // Rule 5: soft breaks, with blanks behind them too.
  ["a=\r\nb", "ab"],
  ["a=\nb", "ab"],
  ["a= \r\nb", "ab"],
  ["a=\t  \nb", "ab"],
  ["a =\r\nb", "a b"],
  ["a \t=\r\n b", "a \t b"],
  ["a=\r\n=\r\n=\r\nb", "ab"],
  ["a=\r\n\r\nb", "a\r\nb"],
  ["=4=\r\n1", "=41"],
  ["=\r\n41", "41"],
  // "=" at the end.
  ["a=", "a"],
  ["a= \t", "a"],
  ["a=\r\n", "a"],
  ["a=\n", "a"],
  ["=", ""],
  // What is no escape stays.
  ["a=b", "a=b"],
  ["=4", "=4"],
  ["=4 ", "=4"],
  ["=4g=G4=zz", "=4g=G4=zz"],
  ["==", "="],
  ["==41", "=A"],
  ["===41", "==A"],
  ["= 41", "= 41"],
  ["=  x", "=  x"],
  ["=4\r\n1", "=4\r\n1"],
  ["=\x00", "=\x00"],
  ["1 = 2", "1 = 2"],
  ["=@A=GA=`a=/0=:0", "=@A=GA=`a=/0=:0"],
  // Eight bits and controls are no quoted-printable, but lost they would be worse.
  ["\xe9\x80\x00\x7f\f", "\xe9\x80\x00\x7f\f"],
  ["a_b", "a_b"],
] as const;

Deno.test("decodeQuotedPrintable() reads what is encoded, and keeps what is not", () => {
  for (const [encoded, plain] of DECODED) {
    const decoded = decodeQuotedPrintable(latin1(encoded));
    assertEquals(toLatin1(decoded), plain, JSON.stringify(encoded));
  }
  assertEquals(
    decodeQuotedPrintable("\xfc\u20ac=E9"),
    concat([bytes("\xfc\u20ac"), Uint8Array.of(0xe9)]),
  );
});

Deno.test("QuotedPrintableDecoderStream does so at every split", async () => {
  for (const [encoded, plain] of DECODED) {
    for (const parts of splits(encoded)) {
      const what = JSON.stringify(parts.map(toLatin1));
      assertEquals(await decode(parts), plain, what);
    }
  }
});

Deno.test("encodeQuotedPrintable() with header has what fits every place in a header", () => {
  const header = { header: true };
  for (const byte of ALL) {
    const char = String.fromCharCode(byte);
    const digits = byte.toString(16).toUpperCase().padStart(2, "0");
    // RFC 2047 section 4.2 (2) and section 5 (3).
    const expected = byte === 32
      ? "_"
      : /[A-Za-z0-9!*+\/-]/.test(char)
      ? char
      : `=${digits}`;
    assertEquals(encodeQuotedPrintable(latin1(char), header), expected);
  }
  const whole = encodeQuotedPrintable(ALL, header);
  assert(!/[\s?]/.test(whole));
  assertEquals(decodeQuotedPrintable(whole, header), ALL);
  const long = encodeQuotedPrintable(bytes("a ".repeat(500)), header);
  assertEquals(long, "a_".repeat(500));
  assertEquals(encodeQuotedPrintable(bytes("\r\n"), header), "=0D=0A");
});

Deno.test("decodeQuotedPrintable() with header has _ for a space, and keeps blanks", () => {
  for (
    const [encoded, plain] of [
      ["a_b=5Fc", "a b_c"],
      ["_", " "],
      ["__=20_", "    "],
      ["a ", "a "],
      ["a \tb ", "a \tb "],
      ["=e9_=E9", "\xe9 \xe9"],
      ["=_", "= "],
      ["=4_", "=4 "],
      ["=_41", "= 41"],
      ["a?b", "a?b"],
    ] as const
  ) {
    const decoded = decodeQuotedPrintable(latin1(encoded), { header: true });
    assertEquals(toLatin1(decoded), plain, encoded);
  }
});

Deno.test("decodeQuotedPrintable() reads up to 998 blanks at every split", async () => {
  for (const count of [997, 998]) {
    const blanks = " ".repeat(count);
    for (
      const [encoded, plain] of [
        [`a${blanks}\r\nb`, "a\r\nb"],
        [`a${blanks}b`, `a${blanks}b`],
        [`a${blanks}`, "a"],
        [`a=${blanks.slice(1)}\r\nb`, "ab"],
      ] as const
    ) {
      const all = latin1(encoded);
      for (const at of [0, 1, 2, 500, count, count + 1, count + 2]) {
        const parts = [all.subarray(0, at), all.subarray(at)];
        assertEquals(await decode(parts), plain, `cut at ${at}`);
      }
      assertEquals(await decode(everyByte(all)), plain);
    }
  }
});

Deno.test("QuotedPrintableDecoderStream reads more blanks than a line has the same at every split", async () => {
  for (const count of [999, 1_500, 3_000]) {
    const blanks = " ".repeat(count);
    for (const encoded of [`a${blanks}b`, `a=${blanks}b`]) {
      const all = latin1(encoded);
      for (const at of [2, 998, 999, 1_000, count]) {
        const parts = [all.subarray(0, at), all.subarray(at)];
        assertEquals(await decode(parts), encoded, `${count} cut at ${at}`);
      }
      assertEquals(await decode(everyByte(all)), encoded);
    }
  }
});

Deno.test("QuotedPrintableDecoderStream keeps more blanks than a line has, at every split", async () => {
  for (const count of [999, 1_500, 3_000]) {
    const blanks = " ".repeat(count);
    for (const encoded of [`a${blanks}\nb`, `a=${blanks}\nb`, `a${blanks}`]) {
      const all = latin1(encoded);
      const whole = decodeQuotedPrintable(all).length;
      // No line in mail has them: they stay.
      assertEquals(whole, all.length);
      for (const at of [2, 998, 999, 1_000, count]) {
        const parts = [all.subarray(0, at), all.subarray(at)];
        const got = await decode(parts);
        assertEquals(got.length, whole, `${count} cut at ${at}`);
      }
      assertEquals((await decode(everyByte(all))).length, whole);
    }
  }
});

Deno.test("QuotedPrintableEncoderStream keeps bytes although their buffer is used again", async () => {
  const pairs = [
    [
      new QuotedPrintableEncoderStream(),
      ["a", " ", "\r", "\n", "=", "b"],
      "a=20\r\n=3Db",
    ],
    [
      new QuotedPrintableDecoderStream(),
      ["a", " ", "=", "4", "1", "b"],
      "a Ab",
    ],
  ] as const;
  for (const [stream, chars, expected] of pairs) {
    const buffer = new Uint8Array(1);
    const text = new Response(stream.readable).text();
    const writer = stream.writable.getWriter();
    for (const char of chars) {
      buffer[0] = char.charCodeAt(0);
      await writer.write(buffer);
    }
    await writer.close();
    assertEquals(await text, expected);
  }
});

Deno.test("QuotedPrintableEncoderStream and QuotedPrintableDecoderStream hold no more than a piece", async () => {
  const source = Array(3_200).fill(new Uint8Array(2 ** 16).fill(0x61));
  for (
    const stream of [
      new QuotedPrintableEncoderStream(),
      new QuotedPrintableDecoderStream(),
    ]
  ) {
    const { total, grown } = await mostHeld(stream, source);
    assert(total >= 3_200 * 2 ** 16);
    assert(grown < 2 ** 27, `${grown} bytes more were held`);
  }
});

Deno.test("QuotedPrintableDecoderStream gives what it has before more comes", async () => {
  for (const char of ["a", " ", "=", "\r", "\n", "\t", "=4", "= ", "\xff"]) {
    for (
      const stream of [
        new QuotedPrintableEncoderStream(),
        new QuotedPrintableDecoderStream(),
      ]
    ) {
      let [given, got] = [0, 0];
      const source = function* () {
        for (let at = 0; at < 40; at++) {
          assert(given - got < 10_000, `${char}: ${given - got} were held`);
          given += 2_000;
          yield latin1(char.repeat(2_000 / char.length));
        }
      };
      const all = ReadableStream.from(source()) as ReadableStream<Uint8Array>;
      for await (const piece of all.pipeThrough(stream)) got += piece.length;
      assert(given === 80_000 && got > 78_000, char);
    }
  }
});

Deno.test("decodeQuotedPrintable() and the others need no time for input made to take much", async () => {
  for (
    const text of [
      ...[
        "=",
        " ",
        "\t",
        "\r",
        "\n",
        "= ",
        "=\r",
        "=4",
        " \r",
        "=\r\n",
        "a ",
        "_",
      ],
      "=" + " ".repeat(99) + "x",
    ]
  ) {
    const much = latin1(text.repeat(500_000 / text.length));
    assert(decodeQuotedPrintable(much).length <= much.length);
    decodeQuotedPrintable(much, { header: true });
    encodeQuotedPrintable(much);
    encodeQuotedPrintable(much, { binary: true });
    const few = everyByte(much.subarray(0, 4_000));
    await decode(few);
    await encode(few);
  }
});
