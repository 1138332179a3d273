import {
  assert,
  assertEquals,
  assertRejects,
  assertStringIncludes,
} from "jsr:@std/assert@^1.0.0";
import {
  encodeYenc,
  YencDecoderStream,
  type YencHeader,
} from "../../../mail/encoding/mod.ts";
import {
  everySplit,
  randomSlices,
  seededRandom,
} from "../../_support/random_slices.ts";
import { concat, eventLoopTurn, everyByte } from "../../_wire/memory.ts";
import { ALL, latin1, mostHeld, plainYenc } from "./samples.ts";

/** Decodes a stream of these pieces. */
async function decode(
  parts: Iterable<Uint8Array>,
): Promise<YencHeader & { content: Uint8Array }> {
  const decoder = new YencDecoderStream();
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

const PART = encodeYenc(ALL.subarray(0, 40), {
  name: "a b.bin",
  lineLength: 16,
  part: { number: 2, total: 3, offset: 1_000, size: 5_000 },
});

Deno.test("YencDecoderStream decodes every file at every split", async () => {
  const critical = [0xd6, 0xe0, 0xe3, 0x13, 0xf6, 0xdf, 0x04, 1];
  for (
    const [bytes, lineLength] of [
      [[], 128],
      [[0x4f], 128],
      [[0x4f, 0x4f, 0x4f], 1],
      [critical, 128],
      [[...critical, ...critical].reverse(), 3],
      [ALL, 16],
      [ALL, 128],
    ] as const
  ) {
    const content = Uint8Array.from(bytes);
    const file = encodeYenc(content, { name: "a", lineLength });
    const all = concat([
      latin1("Hello =\r\n=y\r\n=ybegi\r\n"),
      file,
      latin1("=y\r\n"),
    ]);
    for (const parts of [...everySplit(all), everyByte(all)]) {
      assertEquals(await decode(parts), {
        name: "a",
        size: content.length,
        offset: 0,
        content,
      });
    }
  }
  for (const parts of [...everySplit(PART), everyByte(PART)]) {
    assertEquals(await decode(parts), {
      name: "a b.bin",
      size: 5_000,
      part: 2,
      total: 3,
      offset: 1_000,
      content: ALL.subarray(0, 40),
    });
  }
});

Deno.test("YencDecoderStream decodes bytes of every length in random pieces", async () => {
  const random = seededRandom(2);
  for (let length = 0; length <= 300; length++) {
    const content = Uint8Array.from({ length }, () => random() * 256);
    for (const lineLength of [1, 7, 128]) {
      const file = encodeYenc(content, { name: "a", lineLength });
      const got = await decode(randomSlices(file, random));
      assertEquals(got.content, content);
    }
  }
});

Deno.test("YencDecoderStream takes empty pieces anywhere", async () => {
  const empty = new Uint8Array();
  const parts = everyByte(PART).flatMap((byte) => [empty, byte, empty]);
  assertEquals((await decode(parts)).content, ALL.subarray(0, 40));
});

Deno.test("YencDecoderStream errors where the input ends at any byte", async () => {
  const file = plainYenc(ALL);
  // Of a name nobody can tell whether it was longer.
  const begin = new TextDecoder("latin1").decode(file).indexOf(" name=") + 6;
  const end = file.length - "=yend size=256 crc32=29058c73\r\n".length;
  for (let length = 0; length <= end; length++) {
    const why = await failure([file.subarray(0, length)]);
    assertStringIncludes(why, length >= begin ? "its =yend" : "no =ybegin");
  }
});

Deno.test("YencDecoderStream finds the same wrong at every split", async () => {
  for (
    const [text, why] of [
      ["=ybegin line=1 size=2 name=a\n+\n,\n=yend size=3\n", "it says 3"],
      ["=ybegin line=1 size=2 name=a\n+\n=yend size=2\n", "it says 2"],
      ["=ybegin line=1 size=1 name=a\n+\n=yend crc32=0\n", "CRC-32"],
      ["=ybegin line=1 size=1 name=a\n+\n=yoho\n,\n=yend\n", '"=yoho"'],
      ["=ybegin line=1 size=1 name=a\n+\n=y\n=yend\n", '"=y"'],
      ["=ybegin line=1 size=1 name=a\n=ypart begin=0\n+", "makes no sense"],
    ]
  ) {
    for (
      const parts of [...everySplit(latin1(text!)), everyByte(latin1(text!))]
    ) {
      assertStringIncludes(await failure(parts), why!);
    }
  }
});

Deno.test("YencDecoderStream refuses =ypart behind content at every split", async () => {
  const text = latin1(
    "=ybegin part=1 line=1 size=1 name=a\n+\n=ypart begin=1 end=1\n=yend\n",
  );
  for (const parts of everySplit(text)) {
    assertStringIncludes(await failure(parts), "makes no sense");
  }
});

Deno.test("YencDecoderStream knows a long line's middle from its start", async () => {
  const before = latin1("x".repeat(9_000));
  const quoted = latin1("=ybegin line=1 size=1 name=quoted\r\n");
  for (const parts of [[concat([before, quoted])], [before, quoted]]) {
    assertEquals((await decode([...parts, plainYenc(ALL)])).name, "all.bin");
  }
});

Deno.test("YencDecoderStream.header resolves as soon as it is known", async () => {
  const decoder = new YencDecoderStream();
  const writer = decoder.writable.getWriter();
  const reader = decoder.readable.getReader();
  const first = reader.read();
  await writer.write(latin1("=ybegin line=1 size=2 name=a\r\n+\r\n"));
  assertEquals(await decoder.header, { name: "a", size: 2, offset: 0 });
  assertEquals(await first, { done: false, value: Uint8Array.of(1) });
  const second = reader.read();
  await writer.write(latin1(",\r\n=yend size=2\r\n"));
  await writer.close();
  assertEquals(await second, { done: false, value: Uint8Array.of(2) });
  assertEquals((await reader.read()).done, true);
});

Deno.test("YencDecoderStream.header has a part's offset at every split", async () => {
  for (const parts of [...everySplit(PART), everyByte(PART)]) {
    const decoder = new YencDecoderStream();
    const seen = decoder.header.then(({ offset }) => offset);
    const source = ReadableStream.from(parts) as ReadableStream<Uint8Array>;
    await new Response(source.pipeThrough(decoder)).bytes();
    assertEquals(await seen, 1_000);
  }
});

Deno.test("YencDecoderStream.header resolves where only the content is damaged", async () => {
  const text = "=ybegin line=1 size=1 name=a\r\n+\r\n=yend crc32=1\r\n";
  for (const parts of everySplit(latin1(text))) {
    const decoder = new YencDecoderStream();
    const source = ReadableStream.from(parts) as ReadableStream<Uint8Array>;
    await assertRejects(
      () => new Response(source.pipeThrough(decoder)).bytes(),
      SyntaxError,
    );
    assertEquals((await decoder.header).name, "a");
  }
});

Deno.test("YencDecoderStream.header rejects where it never comes, and nobody has to know", async () => {
  const reason = new Error("enough");
  for (
    const [end, expected] of [
      [(one) => one.readable.cancel(reason), reason],
      [(one) => one.writable.abort(reason), reason],
      [(one) => new ReadableStream().pipeThrough(one).cancel(reason), reason],
      [async (one) => {
        const source = new ReadableStream({ pull: (c) => c.error(reason) });
        await new Response(source.pipeThrough(one)).bytes().catch(() => {});
      }, reason],
    ] as [(one: YencDecoderStream) => Promise<void>, unknown][]
  ) {
    // An unhandled rejection would fail the test.
    for (const wanted of [false, true]) {
      const decoder = new YencDecoderStream();
      await end(decoder);
      await eventLoopTurn();
      if (!wanted) continue;
      const got = await decoder.header.then(() => "a header", (error) => error);
      assertEquals(got, expected);
    }
  }
});

Deno.test("YencDecoderStream.header stays what it was after an abort", async () => {
  const decoder = new YencDecoderStream();
  const writer = decoder.writable.getWriter();
  const reader = decoder.readable.getReader();
  const first = reader.read();
  await writer.write(PART);
  await first;
  await reader.cancel();
  await writer.closed.catch(() => {});
  assertEquals((await decoder.header).name, "a b.bin");
});

/** Chunks of a file that has nothing but ones, and what is around it. */
function* ones(size: number, chunk: number): Generator<Uint8Array> {
  const line = "+".repeat(126) + "\r\n";
  const lines = latin1(line.repeat(chunk / line.length));
  const count = size / chunk;
  const total = count * lines.length / 128 * 126;
  yield latin1(`=ybegin line=126 size=${total} name=a\r\n`);
  for (let at = 0; at < count; at++) yield lines;
  yield latin1(`=yend size=${total}\r\n`);
}

Deno.test("YencDecoderStream holds no more of a large file than a piece", async () => {
  const size = 200 * 2 ** 20;
  const { total, grown } = await mostHeld(
    new YencDecoderStream(),
    ones(size, 2 ** 16),
  );
  assertEquals(total, size / 128 * 126);
  assert(grown < 2 ** 27, `${grown} bytes more were held`);
});

Deno.test("YencDecoderStream holds nothing of an endless line in front", async () => {
  const line = latin1("x".repeat(2 ** 16));
  const source = [...Array(3_200).fill(line), latin1("\r\n"), plainYenc(ALL)];
  const { total, grown } = await mostHeld(new YencDecoderStream(), source);
  assertEquals(total, 256);
  assert(grown < 2 ** 27, `${grown} bytes more were held`);
});

Deno.test("YencDecoderStream holds nothing of what comes behind =yend", async () => {
  const behind = latin1("x".repeat(2 ** 12));
  await decode([plainYenc(ALL), ...Array(1_500).fill(behind)]);
});

Deno.test("YencDecoderStream stops at an endless line of keywords", async () => {
  let given = 0;
  function* endless() {
    yield latin1("=ybegin line=1 size=1 name=a\r\n+\r\n=y");
    for (;;) {
      given++;
      yield latin1("x".repeat(100));
    }
  }
  assertStringIncludes(await failure(endless()), "longer than 8192 bytes");
  assert(given < 100, `${given} pieces were read`);
});

Deno.test("YencDecoderStream needs no time for many small pieces", async () => {
  const file = encodeYenc(new Uint8Array(100_000), { name: "a" });
  await decode(everyByte(concat([latin1("x".repeat(50_000) + "\n"), file])));
});
