import {
  assert,
  assertEquals,
  assertRejects,
  assertThrows,
} from "jsr:@std/assert@^1.0.0";
import { chunksOf, isReplayable } from "../../_wire/body_source.ts";
import type { BodySource } from "../../_wire/options.ts";
import { bytes, concat } from "./memory.ts";

async function* generated(...parts: unknown[]) {
  for (const part of parts) yield await Promise.resolve(part as Uint8Array);
}

Deno.test("chunksOf() gives the same bytes of every source", async () => {
  const all = bytes("zwölf €\r\n");
  const sources: BodySource[] = [
    "zwölf €\r\n",
    all,
    new Blob([all]),
    new Blob([all]).stream(),
    ReadableStream.from([all.slice(0, 3), all.slice(3)]),
    generated(all.slice(0, 3), new Uint8Array(), all.slice(3)),
  ];
  for (const source of sources) {
    // A chunk's memory may be used again for the next one.
    const chunks = await Array.fromAsync(
      chunksOf(source),
      (one) => one.slice(),
    );
    assertEquals(concat(chunks), all);
    assertEquals(chunks.every((chunk) => chunk.length > 0), true);
  }
});

Deno.test("chunksOf() gives no chunk of an empty source", async () => {
  const sources: BodySource[] = [
    "",
    new Uint8Array(),
    new Blob(),
    generated(),
    generated(new Uint8Array()),
  ];
  for (const source of sources) {
    assertEquals(await Array.fromAsync(chunksOf(source)), []);
  }
});

Deno.test("chunksOf() refuses at once what is no source", () => {
  const wrong = [null, undefined, 1, {}, [bytes("a")], new ArrayBuffer(1)];
  for (const source of wrong) {
    assertThrows(
      () => chunksOf(source as unknown as BodySource),
      TypeError,
      "Cannot send this body",
    );
  }
});

Deno.test("chunksOf() refuses at once a stream that somebody else reads", () => {
  const stream = new Blob(["a"]).stream();
  stream.getReader();
  assertThrows(() => chunksOf(stream), TypeError);
});

Deno.test("chunksOf() rejects a chunk that is not bytes and ends the source", async () => {
  for (const chunk of ["text", 1, null, new ArrayBuffer(1)]) {
    let ended = false;
    const source = async function* () {
      try {
        yield bytes("a");
        yield await Promise.resolve(chunk as unknown as Uint8Array);
      } finally {
        ended = true;
      }
    };
    await assertRejects(
      () => Array.fromAsync(chunksOf(source())),
      TypeError,
      "instead of bytes",
    );
    assertEquals(ended, true);
  }
});

Deno.test("chunksOf() cancels the stream when nobody wants the rest", async () => {
  let cancelled = false;
  const stream = new ReadableStream<Uint8Array>({
    pull(controller) {
      controller.enqueue(bytes("a"));
    },
    cancel() {
      cancelled = true;
    },
  });
  for await (const _ of chunksOf(stream)) break;
  assertEquals([cancelled, stream.locked], [true, false]);
});

Deno.test("isReplayable() is true for what can be read twice", () => {
  assertEquals(
    ["a", bytes("a"), new Blob(), new Blob().stream(), generated(), 1]
      .map(isReplayable),
    [true, true, true, false, false, false],
  );
});

Deno.test("chunksOf() reads a byte stream by large pieces, to its end", async () => {
  const all = new Uint8Array(1_000_000).map((_, at) => at % 251);
  const got: Uint8Array[] = [];
  for await (const chunk of chunksOf(new Response(all).body!)) {
    got.push(chunk.slice());
  }
  assertEquals(concat(got), all);
});

Deno.test("chunksOf() cancels a byte stream that is not read to its end", async () => {
  let cancelled: unknown = "no";
  const stream = new ReadableStream<Uint8Array<ArrayBuffer>>({
    type: "bytes",
    pull(controller) {
      controller.enqueue(new Uint8Array(10));
    },
    cancel(reason) {
      cancelled = reason;
    },
  });
  for await (const chunk of chunksOf(stream)) {
    assert(chunk.length > 0);
    break;
  }
  assertEquals(cancelled, undefined);
  assertEquals(stream.locked, false);
});

Deno.test("chunksOf() passes the error of a byte stream on", async () => {
  const stream = new ReadableStream<Uint8Array<ArrayBuffer>>({
    type: "bytes",
    pull(controller) {
      controller.error(new Error("the disk is gone"));
    },
  });
  await assertRejects(
    () => Array.fromAsync(chunksOf(stream)),
    Error,
    "the disk is gone",
  );
});
