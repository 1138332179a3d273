import { assertEquals, assertRejects } from "jsr:@std/assert@^1.0.0";
import { ByteReader } from "../../_wire/byte_reader.ts";
import { ProtocolError } from "../../_wire/errors.ts";
import {
  everySplit,
  randomSlices,
  seededRandom,
} from "../_support/random_slices.ts";
import { bytes, concat, everyByte, pieces, text } from "./memory.ts";

function readerOf(parts: Iterable<Uint8Array>) {
  const source = pieces(parts);
  return { source, reader: new ByteReader((into) => source.read(into)) };
}

/** Bytes that do not repeat soon. */
function pattern(length: number): Uint8Array<ArrayBuffer> {
  return Uint8Array.from({ length }, (_, at) => (at * 31 + (at >> 8)) & 0xff);
}

Deno.test("ByteReader.readExactly() joins what came in pieces, at every split", async () => {
  const all = bytes("abcdefgh");
  for (const parts of everySplit(all)) {
    const { reader } = readerOf(parts);
    assertEquals(text(await reader.readExactly(3, 1e9)), "abc");
    assertEquals(reader.position, 3);
    assertEquals(text(await reader.readExactly(5, 1e9)), "defgh");
    assertEquals(reader.position, 8);
  }
});

Deno.test("ByteReader.readExactly() asks for nothing where nothing is wanted", async () => {
  const { reader, source } = readerOf([bytes("a")]);
  assertEquals(await reader.readExactly(0, 1e9), new Uint8Array());
  assertEquals(source.asked, 0);
});

Deno.test("ByteReader.readExactly() rejects when the input ends at any byte", async () => {
  const all = bytes("abcdef");
  for (let length = 0; length < all.length; length++) {
    const { reader } = readerOf(everyByte(all.subarray(0, length)));
    await assertRejects(
      () => reader.readExactly(all.length, 1e9),
      ProtocolError,
      `Cannot read 6 bytes: the connection ended after ${length}`,
    );
  }
});

Deno.test("ByteReader.read() gives the buffered bytes before it asks for more", async () => {
  const { reader, source } = readerOf([bytes("abc"), bytes("def")]);
  assertEquals(await reader.fill(), true);
  assertEquals(reader.buffered, 3);
  const into = new Uint8Array(10);
  assertEquals(await reader.read(into), 3);
  assertEquals(text(into.subarray(0, 3)), "abc");
  assertEquals(source.asked, 1);
  assertEquals(reader.buffered, 0);
  assertEquals(await reader.read(into.subarray(0, 2)), 2);
  assertEquals(text(into.subarray(0, 2)), "de");
  assertEquals(await reader.read(into), 1);
  assertEquals(await reader.read(into), null);
  assertEquals(reader.position, 6);
});

Deno.test("ByteReader.read() has the source fill the caller's own memory", async () => {
  const given: Uint8Array[] = [];
  const reader = new ByteReader((into) => {
    given.push(into);
    into[0] = 7;
    return Promise.resolve(1);
  });
  const into = new Uint8Array(4);
  await reader.read(into);
  assertEquals(given[0] === into, true);
});

Deno.test("ByteReader.fill() keeps what is buffered while it grows", async () => {
  const all = pattern(300_000);
  const { reader } = readerOf(randomSlices(all, seededRandom(1)));
  while (await reader.fill());
  assertEquals(reader.buffered, all.length);
  assertEquals(reader.position, 0);
  assertEquals(reader.peek(), all);
  assertEquals(reader.peek(299_990), all.subarray(299_990));
});

Deno.test("ByteReader gives every byte once whichever way it is read", async () => {
  const all = pattern(400_000);
  for (let seed = 0; seed < 20; seed++) {
    const random = seededRandom(seed);
    const { reader } = readerOf(randomSlices(all, random));
    const got: Uint8Array[] = [];
    let at = 0;
    while (at < all.length) {
      const size = 1 + Math.floor(random() * 90_000);
      switch (Math.floor(random() * 4)) {
        case 0: {
          const part = await reader.readExactly(
            Math.min(size, all.length - at),
            1e9,
          );
          got.push(part);
          at += part.length;
          break;
        }
        case 1: {
          const into = new Uint8Array(size);
          const count = (await reader.read(into))!;
          got.push(into.subarray(0, count));
          at += count;
          break;
        }
        case 2:
          await reader.fill();
          break;
        default: {
          const count = Math.min(size, reader.buffered);
          got.push(reader.peek().slice(0, count));
          reader.consume(count);
          at += count;
        }
      }
      assertEquals(reader.position, at);
    }
    assertEquals(concat(got), all, `seed ${seed}`);
    assertEquals(await reader.fill(), false);
  }
});

Deno.test("ByteReader.fill() still tells the end when it is asked again", async () => {
  const { reader } = readerOf([]);
  assertEquals(await reader.fill(), false);
  assertEquals(await reader.fill(), false);
  assertEquals(await reader.read(new Uint8Array(1)), null);
});

Deno.test("ByteReader.readExactly() takes no memory for more than its limit", async () => {
  const source = pieces([bytes("abc")]);
  const reader = new ByteReader((into) => source.read(into));
  await assertRejects(
    () => reader.readExactly(2 ** 40, 1_000),
    ProtocolError,
    "the limit is 1000",
  );
  assertEquals(source.asked, 0);
});
