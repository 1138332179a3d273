import {
  assert,
  assertEquals,
  assertFalse,
  assertRejects,
} from "jsr:@std/assert@^1.0.0";
import { ByteReader } from "../../_wire/byte_reader.ts";
import { CrlfWriter } from "../../_wire/crlf_writer.ts";
import { DotReader } from "../../_wire/dot_reader.ts";
import { ProtocolError } from "../../_wire/errors.ts";
import {
  everySplit,
  randomSlices,
  seededRandom,
} from "../_support/random_slices.ts";
import { bytes, concat, everyByte, pieces, text } from "./memory.ts";

/** Reads a block through a destination of `size` bytes. */
async function readBlock(reader: ByteReader, size: number): Promise<string> {
  const dots = new DotReader(reader);
  const got: Uint8Array[] = [];
  const into = new Uint8Array(size);
  for (;;) {
    const count = await dots.read(into);
    if (count === null) break;
    assert(count > 0 && count <= size);
    got.push(into.slice(0, count));
  }
  assertEquals(await dots.read(into), null);
  return text(concat(got));
}

async function rest(reader: ByteReader): Promise<string> {
  while (await reader.fill());
  return text(reader.peek());
}

/** On the wire, and what it stands for. */
const BLOCKS: [string, string][] = [
  [".\r\n", ""],
  ["\r\n.\r\n", "\r\n"],
  ["a\r\n.\r\n", "a\r\n"],
  ["..\r\n.\r\n", ".\r\n"],
  ["...\r\n.\r\n", "..\r\n"],
  [".a\r\n..b\r\n.\r\n", "a\r\n.b\r\n"],
  ["a.b\r\nc.\r\n.\r\n", "a.b\r\nc.\r\n"],
  ["a\n.\nb\r\n.\r\n", "a\n.\nb\r\n"],
  ["a\n.\r\nb\r\n.\r\n", "a\n.\r\nb\r\n"],
  ["a\r.\r\nb\r\n.\r\n", "a\r.\r\nb\r\n"],
  ["a\r\n.\nb\r\n.\r\n", "a\r\n\nb\r\n"],
  ["a\r\n.\rb\r\n.\r\n", "a\r\n\rb\r\n"],
  ["a\r\n.\r\r\n.\r\n", "a\r\n\r\r\n"],
  ["\r\r\n.\r\n", "\r\r\n"],
  ["\n\r\n..\r\n\r\n.\r\n", "\n\r\n.\r\n\r\n"],
  ["\r\n\r\n\r\n.\r\n", "\r\n\r\n\r\n"],
];

Deno.test("DotReader.read() reads every block at every split into every size", async () => {
  for (const [wire, content] of BLOCKS) {
    const all = bytes(wire + ".\r\n+OK next\r\n");
    for (const parts of [...everySplit(all), everyByte(all)]) {
      for (const size of [1, 2, 3, 4, 7, 64]) {
        const source = pieces(parts);
        const reader = new ByteReader((into) => source.read(into));
        const where = `${JSON.stringify(wire)}, size ${size}`;
        assertEquals(await readBlock(reader, size), content, where);
        // What follows is left alone, a second block too.
        assertEquals(reader.position, wire.length, where);
        assertEquals(await rest(reader), ".\r\n+OK next\r\n", where);
      }
    }
  }
});

Deno.test("DotReader.read() asks for nothing behind the final dot", async () => {
  const source = pieces([bytes("a\r\n.\r\n"), bytes("+OK\r\n")]);
  const reader = new ByteReader((into) => source.read(into));
  assertEquals(await readBlock(reader, 64), "a\r\n");
  assertEquals(source.asked, 1);
});

Deno.test("DotReader.read() rejects when the input ends at any byte", async () => {
  const all = bytes("a\r\n..b\r\n.c\r\n.\r\n");
  for (let length = 0; length < all.length; length++) {
    for (const parts of everySplit(all.slice(0, length))) {
      const source = pieces(parts);
      const reader = new ByteReader((into) => source.read(into));
      await assertRejects(
        () => readBlock(reader, 3),
        ProtocolError,
        "the connection ended before its final dot",
      );
    }
  }
});

Deno.test("DotReader.read() reads a block larger than the buffer", async () => {
  const content = "..".repeat(10) + "x".repeat(70_000) + "\r\n" +
    "line\r\n".repeat(50_000);
  const wire = bytes("." + content + ".\r\n");
  const source = pieces(randomSlices(wire, seededRandom(4)));
  const reader = new ByteReader((into) => source.read(into));
  assertEquals(await readBlock(reader, 10_000), content);
});

Deno.test("CrlfWriter and DotReader give random text back with CRLF line ends", async () => {
  const alphabet = ["\r", "\n", ".", "a", "\r\n", "\r\n.", "\n.", "€"];
  for (let seed = 0; seed < 400; seed++) {
    const random = seededRandom(seed);
    const length = Math.floor(random() * 60);
    const plain = Array.from(
      { length },
      () => alphabet[Math.floor(random() * alphabet.length)],
    ).join("");
    const writer = new CrlfWriter({ stuffDots: true });
    const parts = randomSlices(bytes(plain), random)
      .map((part) => writer.encode(part));
    const wire = text(concat([...parts, writer.end()]));
    // Nothing on the way can be taken for an end by anybody.
    assertFalse(/(^|[\r\n])\.[\r\n]/.test(wire.slice(0, -3)), wire);
    assertFalse(/\r(?!\n)|(?<!\r)\n/.test(wire), wire);
    let expected = plain.replace(/\r\n|\r|\n/g, "\r\n");
    if (expected !== "" && !expected.endsWith("\r\n")) expected += "\r\n";
    const source = pieces(randomSlices(bytes(wire + "next"), random));
    const reader = new ByteReader((into) => source.read(into));
    const size = 1 + Math.floor(random() * 20);
    assertEquals(await readBlock(reader, size), expected, `seed ${seed}`);
    assertEquals(await rest(reader), "next");
  }
});

Deno.test("read() fills what it is given across dots that go", async () => {
  const lines = "..a\r\n".repeat(100);
  const source = pieces([bytes(`${lines}.\r\n`)]);
  const reader = new DotReader(new ByteReader((into) => source.read(into)));
  const into = new Uint8Array(1_000);
  assertEquals(await reader.read(into), 400);
  assertEquals(text(into.subarray(0, 400)), ".a\r\n".repeat(100));
  assertEquals(await reader.read(into), null);
});
