import { assertEquals, assertRejects } from "jsr:@std/assert@^1.0.0";
import { type Body, bodyStream } from "../../_wire/body_stream.ts";
import { bytes, concat, eventLoopTurn, pieces, text } from "./memory.ts";

function bodyOf(...parts: string[]) {
  const source = pieces(parts.map(bytes));
  const cancelled: unknown[] = [];
  const body: Body = {
    read: (into) => source.read(into),
    cancel(reason) {
      cancelled.push(reason);
      return Promise.resolve();
    },
  };
  return { ...bodyStream(body), source, cancelled };
}

Deno.test("bodyStream() reads nothing before the first read and nothing ahead", async () => {
  const { stream, source } = bodyOf("a", "b", "c");
  await eventLoopTurn();
  assertEquals(source.asked, 0);
  const reader = stream.getReader();
  await eventLoopTurn();
  assertEquals(source.asked, 0);
  await reader.read();
  await eventLoopTurn();
  assertEquals(source.asked, 1);
  await reader.cancel();
});

Deno.test("bodyStream() gives all of the body to a default reader", async () => {
  const { stream, source } = bodyOf("ab", "c", "def");
  assertEquals(text(concat(await Array.fromAsync(stream))), "abcdef");
  assertEquals(source.asked, 4);
});

Deno.test("bodyStream() fills a BYOB reader's memory of any size", async () => {
  for (const size of [1, 2, 3, 5, 64]) {
    const { stream } = bodyOf("ab", "c", "defghij");
    const reader = stream.getReader({ mode: "byob" });
    const got: Uint8Array[] = [];
    let view = new Uint8Array(size);
    for (;;) {
      const { done, value } = await reader.read(view);
      if (done) {
        // The memory comes back at the end too.
        assertEquals(value?.buffer.byteLength, size);
        break;
      }
      got.push(value.slice());
      view = new Uint8Array(value.buffer);
    }
    assertEquals(text(concat(got)), "abcdefghij");
    await reader.closed;
  }
});

Deno.test("bodyStream() fills a part of a buffer only", async () => {
  const { stream } = bodyOf("abcdef");
  const reader = stream.getReader({ mode: "byob" });
  const { value } = await reader.read(new Uint8Array(new ArrayBuffer(8), 2, 3));
  assertEquals([value!.byteOffset, text(value!)], [2, "abc"]);
  assertEquals(Array.from(new Uint8Array(value!.buffer)), [
    0,
    0,
    97,
    98,
    99,
    0,
    0,
    0,
  ]);
  await reader.cancel();
});

Deno.test("bodyStream() serves a BYOB read that wants a minimum", async () => {
  const { stream } = bodyOf("a", "b", "c", "d");
  const reader = stream.getReader({ mode: "byob" });
  const first = await reader.read(new Uint8Array(4), { min: 3 });
  assertEquals(text(first.value!), "abc");
  const second = await reader.read(new Uint8Array(4), { min: 3 });
  // The end comes with what there was.
  assertEquals([second.done, text(second.value!)], [true, "d"]);
});

Deno.test("bodyStream() gives an empty body to both kinds of reader", async () => {
  assertEquals(await Array.fromAsync(bodyOf().stream), []);
  const reader = bodyOf().stream.getReader({ mode: "byob" });
  assertEquals((await reader.read(new Uint8Array(4))).done, true);
  await reader.closed;
});

Deno.test("bodyStream() hands the body's failure to the reader", async () => {
  for (const mode of ["byob", undefined] as const) {
    const { stream } = bodyStream({
      read: () => Promise.reject(new Error("no final reply")),
      cancel: () => Promise.resolve(),
    });
    const read = mode
      ? stream.getReader({ mode }).read(new Uint8Array(4))
      : stream.getReader().read();
    await assertRejects(() => read, Error, "no final reply");
  }
});

Deno.test("bodyStream() cancels the body once, with the reason", async () => {
  const { stream, cancelled, source } = bodyOf("abc");
  await stream.cancel("enough");
  await stream.cancel("again");
  assertEquals(cancelled, ["enough"]);
  assertEquals(source.asked, 0);
});

Deno.test("bodyStream() does not cancel a body that was read to its end", async () => {
  const { stream, cancelled } = bodyOf("abc");
  await new Response(stream).text();
  assertEquals(cancelled, []);
});

Deno.test("bodyStream() hands the failure of a cancel to who cancelled", async () => {
  const { stream } = bodyStream({
    read: () => Promise.resolve(null),
    cancel: () => Promise.reject(new Error("426")),
  });
  await assertRejects(() => stream.cancel(), Error, "426");
});

Deno.test("bodyStream() can be cancelled while a read is pending, whatever becomes of that", async () => {
  const endings: ((gate: PromiseWithResolvers<number | null>) => void)[] = [
    (gate) => gate.resolve(1),
    (gate) => gate.resolve(null),
    (gate) => gate.reject(new Error("closed")),
  ];
  for (const end of endings) {
    for (const byob of [true, false]) {
      const gate = Promise.withResolvers<number | null>();
      const { stream } = bodyStream({
        read: () => gate.promise,
        cancel() {
          end(gate);
          return Promise.resolve();
        },
      });
      const reader = byob
        ? stream.getReader({ mode: "byob" })
        : stream.getReader();
      const pending = reader.read(new Uint8Array(4));
      await eventLoopTurn();
      await reader.cancel();
      assertEquals((await pending).done, true);
      await eventLoopTurn();
    }
  }
});

Deno.test("bodyStream().fail() errors a stream that nobody reads", async () => {
  const { stream, fail, source } = bodyOf("abc");
  fail(new Error("aborted"));
  fail(new Error("a second time"));
  await assertRejects(() => stream.getReader().read(), Error, "aborted");
  assertEquals(source.asked, 0);
});

Deno.test("bodyStream().fail() errors a pending read, whatever becomes of it", async () => {
  for (const result of [1, null, new Error("closed")]) {
    for (const byob of [true, false]) {
      const gate = Promise.withResolvers<number | null>();
      const { stream, fail } = bodyStream({
        read: () => gate.promise,
        cancel: () => Promise.resolve(),
      });
      const reader = byob
        ? stream.getReader({ mode: "byob" })
        : stream.getReader();
      const pending = reader.read(new Uint8Array(4));
      await eventLoopTurn();
      fail(new Error("aborted"));
      await assertRejects(() => pending, Error, "aborted");
      if (result instanceof Error) gate.reject(result);
      else gate.resolve(result);
      await eventLoopTurn();
    }
  }
});

Deno.test("bodyStream().fail() changes nothing after the end or a cancel", async () => {
  const ended = bodyOf("abc");
  assertEquals(await new Response(ended.stream).text(), "abc");
  ended.fail(new Error("late"));
  const cancelled = bodyOf("abc");
  const reader = cancelled.stream.getReader();
  await reader.cancel();
  cancelled.fail(new Error("late"));
  await reader.closed;
});

Deno.test("bodyStream() loses nothing when a reader lets go in the middle of a read", async () => {
  const gate = Promise.withResolvers<void>();
  const source = pieces([bytes("abc"), bytes("def")]);
  const { stream } = bodyStream({
    async read(into) {
      await gate.promise;
      return await source.read(into);
    },
    cancel: () => Promise.resolve(),
  });
  const first = stream.getReader();
  const pending = first.read();
  await eventLoopTurn();
  first.releaseLock();
  await assertRejects(() => pending, TypeError);
  const rest = Array.fromAsync(stream);
  await eventLoopTurn();
  gate.resolve();
  assertEquals(text(concat(await rest)), "abcdef");
});

Deno.test("bodyStream() can be teed, piped and turned into a response", async () => {
  const [one, two] = bodyOf("abc", "def").stream.tee();
  const texts = await Promise.all(
    [one, two].map((stream) => new Response(stream).text()),
  );
  assertEquals(texts, ["abcdef", "abcdef"]);
  const upper = bodyOf("abc").stream
    .pipeThrough(new TextDecoderStream())
    .pipeThrough(new TextEncoderStream());
  assertEquals(await new Response(upper).text(), "abc");
});
