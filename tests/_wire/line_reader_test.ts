import {
  assertEquals,
  assertRejects,
  assertStringIncludes,
} from "jsr:@std/assert@^1.0.0";
import { ByteReader } from "../../_wire/byte_reader.ts";
import { ProtocolError } from "../../_wire/errors.ts";
import { type LineEncoding, LineReader } from "../../_wire/line_reader.ts";
import {
  everySplit,
  randomSlices,
  seededRandom,
} from "../_support/random_slices.ts";
import { bytes, concat, everyByte, isSettled, pieces } from "./memory.ts";

function readerOf(
  parts: Iterable<Uint8Array>,
  { limit = 65_536, encoding = "utf-8" }: {
    limit?: number;
    encoding?: LineEncoding;
  } = {},
) {
  const source = pieces(parts);
  const reader = new ByteReader((into) => source.read(into));
  return { source, reader, lines: new LineReader(reader, limit, encoding) };
}

async function allLines(lines: LineReader): Promise<string[]> {
  const all: string[] = [];
  for (;;) {
    const line = await lines.readLine();
    if (line === undefined) return all;
    all.push(line);
  }
}

const TEXT = "220 one\r\n\r\nbare\nzwölf € 𝄞\r\na\rb\r\n\ufeffmark\r\n \r\n";
const LINES = ["220 one", "", "bare", "zwölf € 𝄞", "a\rb", "\ufeffmark", " "];

Deno.test("LineReader.readLine() gives the same lines at every split", async () => {
  for (const parts of everySplit(bytes(TEXT))) {
    assertEquals(await allLines(readerOf(parts).lines), LINES);
  }
  assertEquals(await allLines(readerOf(everyByte(bytes(TEXT))).lines), LINES);
});

Deno.test("LineReader.readLine() gives the same lines in random slices", async () => {
  const random = seededRandom(2);
  const expected: string[] = [];
  for (let n = 0; n < 3_000; n++) {
    expected.push("€ä".repeat(Math.floor(random() * 40)) + n);
  }
  const all = bytes(expected.map((line) => line + "\r\n").join(""));
  for (let seed = 0; seed < 10; seed++) {
    const slices = randomSlices(all, seededRandom(seed));
    assertEquals(await allLines(readerOf(slices).lines), expected);
  }
});

Deno.test("LineReader.readLine() takes broken UTF-8 as replacement characters, at every split", async () => {
  const all = concat([
    bytes("a"),
    Uint8Array.of(0xc3, 0x0a, 0xe2, 0x82, 0x0d, 0x0a, 0xff, 0x0a),
    bytes("b\n"),
  ]);
  for (const parts of everySplit(all)) {
    const got = await allLines(readerOf(parts).lines);
    assertEquals(got, ["a\ufffd", "\ufffd", "\ufffd", "b"]);
  }
});

Deno.test("LineReader.readLine() keeps all 256 bytes apart as latin1", async () => {
  const some = Uint8Array.from({ length: 256 }, (_, at) => at)
    .filter((byte) => byte !== 0x0a);
  const expected = String.fromCharCode(...some);
  for (const parts of everySplit(concat([some, bytes("\r\nx\r\n")]))) {
    const { lines } = readerOf(parts, { encoding: "latin1" });
    assertEquals(await lines.readLine(), expected);
    assertEquals(await lines.readLine(), "x");
  }
});

Deno.test("LineReader hands over to exact bytes and back at every split", async () => {
  // The body holds line ends and half a character at either edge.
  const body = concat([
    Uint8Array.of(0xac),
    bytes("x\r\ny\n€"),
    Uint8Array.of(0xe2, 0x82),
  ]);
  const all = concat([bytes("{12} €\r\n"), body, bytes("ä)\r\nend\r\n")]);
  for (const cut of [...everySplit(all), everyByte(all)]) {
    const { lines, reader } = readerOf(cut);
    assertEquals(await lines.readLine(), "{12} €");
    assertEquals(await reader.readExactly(body.length, 1e9), body);
    assertEquals(await lines.readLine(), "ä)");
    assertEquals(await lines.readLine(), "end");
    assertEquals(await lines.readLine(), undefined);
  }
});

Deno.test("LineReader hands over in random slices, many times", async () => {
  const random = seededRandom(3);
  const steps: (string | Uint8Array)[] = [];
  for (let n = 0; n < 300; n++) {
    steps.push("zeile € " + n);
    if (random() < 0.5) {
      const length = Math.floor(random() * 200);
      steps.push(Uint8Array.from({ length }, () => Math.floor(random() * 256)));
    }
  }
  const all = concat(
    steps.map((s) => typeof s === "string" ? bytes(s + "\r\n") : s),
  );
  for (let seed = 0; seed < 30; seed++) {
    const { lines, reader } = readerOf(randomSlices(all, seededRandom(seed)));
    for (const step of steps) {
      if (typeof step === "string") {
        assertEquals(await lines.readLine(), step);
      } else assertEquals(await reader.readExactly(step.length, 1e9), step);
    }
  }
});

Deno.test("LineReader.readLine() asks for nothing while a line is there", async () => {
  const { lines, source, reader } = readerOf([
    bytes("a\r\nb\r\nc"),
    bytes("\r\nd\r\n"),
    bytes("e\r\n"),
  ]);
  assertEquals(source.asked, 0);
  assertEquals(await lines.readLine(), "a");
  assertEquals(await lines.readLine(), "b");
  assertEquals(source.asked, 1);
  assertEquals(reader.buffered, 1);
  assertEquals(await lines.readLine(), "c");
  assertEquals(await lines.readLine(), "d");
  assertEquals(source.asked, 2);
  assertEquals(reader.buffered, 0);
});

Deno.test("LineReader.readLine() tells the end between lines from the end inside one", async () => {
  const all = bytes("ab€\r\nc\r\n");
  const ends = new Set([0, 7, 10]);
  for (let length = 0; length <= all.length; length++) {
    for (const parts of everySplit(all.slice(0, length))) {
      const { lines } = readerOf(parts);
      if (ends.has(length)) {
        await allLines(lines);
        assertEquals(await lines.readLine(), undefined);
      } else {
        const left = length > 7 ? length - 7 : length;
        await assertRejects(
          () => allLines(lines),
          ProtocolError,
          `ended after ${left} bytes of it`,
        );
      }
    }
  }
});

Deno.test("LineReader.readLine() takes a line as long as the limit, end included", async () => {
  for (const parts of everySplit(bytes("12345678\r\nx\r\n"))) {
    const { lines } = readerOf(parts, { limit: 10 });
    assertEquals(await lines.readLine(), "12345678");
    assertEquals(await lines.readLine(), "x");
  }
});

Deno.test("LineReader.readLine() refuses a finished line over the limit at every split", async () => {
  for (const parts of everySplit(bytes("123456789\r\nx\r\n"))) {
    const { lines } = readerOf(parts, { limit: 10 });
    const error = await assertRejects(() => lines.readLine(), ProtocolError);
    assertStringIncludes(error.message, "longer than 10 bytes");
  }
});

Deno.test("LineReader.readLine() refuses a line that never ends without reading much more", async () => {
  let asked = 0;
  const endless = new ByteReader((into) => {
    asked++;
    return Promise.resolve(into.subarray(0, 1_000).fill(0x78).length);
  });
  const lines = new LineReader(endless, 4_500, "utf-8");
  await assertRejects(() => lines.readLine(), ProtocolError, "4500 bytes");
  assertEquals(asked, 5);
});

Deno.test("LineReader.readLine() counts the limit in bytes, not characters", async () => {
  const { lines } = readerOf([bytes("€€€\n")], { limit: 9 });
  await assertRejects(() => lines.readLine(), ProtocolError, "9 bytes");
});

Deno.test("LineReader.readLine() does not take the bytes behind a line for a line that is too long", async () => {
  const body = new Uint8Array(100).fill(0x78);
  const all = concat([bytes("{100}\r\n"), body, bytes(")\r\n")]);
  for (const parts of everySplit(all)) {
    const { lines, reader } = readerOf(parts, { limit: 20 });
    assertEquals(await lines.readLine(), "{100}");
    assertEquals(await reader.readExactly(100, 1e9), body);
    assertEquals(await lines.readLine(), ")");
  }
});

Deno.test("LineReader.readLine() gives the lines before one that is too long, at every split", async () => {
  for (const parts of everySplit(bytes("ok\r\n" + "x".repeat(50)))) {
    const { lines } = readerOf(parts, { limit: 20 });
    assertEquals(await lines.readLine(), "ok");
    await assertRejects(() => lines.readLine(), ProtocolError, "20 bytes");
  }
});

Deno.test("LineReader.readLine() rejects again, and does not hang, after a line that is too long", async () => {
  for (const tail of ["x".repeat(50), "x".repeat(50) + "\r\nnext\r\n"]) {
    for (const parts of everySplit(bytes("ok\r\n" + tail))) {
      const { lines } = readerOf(parts, { limit: 20 });
      await assertRejects(() => allLines(lines), ProtocolError);
      const again = lines.readLine();
      again.catch(() => {});
      assertEquals(await isSettled(again), true);
    }
  }
});

Deno.test("LineReader.readLine() hands on what its source rejects with and can be called again", async () => {
  let failing = true;
  const reader = new ByteReader((into) => {
    if (failing) return Promise.reject(new Error("Cannot read now"));
    into.set(bytes("b\r\n"));
    return Promise.resolve(3);
  });
  const lines = new LineReader(reader, 100, "utf-8");
  await assertRejects(() => lines.readLine(), Error, "Cannot read now");
  failing = false;
  assertEquals(await lines.readLine(), "b");
});

Deno.test("LineReader.readLine() in strict mode refuses a bare CR and a bare LF", async () => {
  for (const wrong of ["a\n", "\n", "a\rb\r\n", "\r\r\n", "\ra\n", "a\r\n\n"]) {
    for (const parts of everySplit(bytes(wrong + "b\r\n"))) {
      const { lines } = readerOf(parts);
      lines.strict = true;
      await assertRejects(
        () => allLines(lines),
        ProtocolError,
        "it has a bare CR or LF",
        JSON.stringify(wrong),
      );
    }
  }
  for (const parts of everySplit(bytes("a\r\n\r\nb c\r\n"))) {
    const { lines } = readerOf(parts);
    lines.strict = true;
    assertEquals(await allLines(lines), ["a", "", "b c"]);
  }
});
