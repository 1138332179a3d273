import {
  assert,
  assertEquals,
  assertInstanceOf,
  assertRejects,
} from "jsr:@std/assert@^1.0.0";
import {
  NntpError,
  ProtocolError,
  type RefusedArticle,
  type RetrievedArticle,
} from "../../news/mod.ts";
import type { ScriptedConn } from "../_support/scripted_server.ts";
import { eventLoopTurn } from "../_wire/memory.ts";
import {
  block,
  bye,
  failureOf,
  type Host,
  open,
  scripted,
  startHost,
} from "./script.ts";

/** A server that has any article: its own number. */
function newsgroup(
  answer: (
    number: number,
    conn: ScriptedConn,
  ) => string | undefined | Promise<string | undefined> = () => undefined,
): Promise<Host> {
  return startHost((command, conn) => {
    const number = Number(/^(?:ARTICLE|HEAD|BODY) (\d+)$/.exec(command)?.[1]);
    if (!number) return;
    return answer(number, conn) ??
      block(`222 ${number} <${number}@x>`, `${number}`);
  });
}

/** An article's content as text, or the code of its error. */
function shown(one: RetrievedArticle | RefusedArticle): string {
  return "error" in one
    ? `${one.id}: ${one.error.code}`
    : `${one.number}: ${new TextDecoder().decode(one.content).trim()}`;
}

function upTo(count: number): number[] {
  return Array.from({ length: count }, (_, at) => at + 1);
}

function asked(host: Host): string[] {
  return host.commands.filter((command) => /^BODY/.test(command));
}

Deno.test("articles() gives all in order, whatever the window", async () => {
  for (const count of [0, 1, 2, 31, 32, 33, 100]) {
    for (const window of [1, 2, 3, 32, 1_000, Infinity]) {
      await using host = await newsgroup();
      await using nntp = await open(host, { reader: false });
      const stream = nntp.articles(upTo(count), "body", { window });
      const got = await Array.fromAsync(stream, shown);
      assertEquals(got, upTo(count).map((n) => `${n}: ${n}`));
      await nntp.date();
      assertEquals(asked(host).length, count);
    }
  }
});

Deno.test("articles() asks for articles, heads or bodies, by what was given", async () => {
  for (
    const [part, verb, code] of [
      [undefined, "ARTICLE", 220],
      ["article", "ARTICLE", 220],
      ["head", "HEAD", 221],
      ["body", "BODY", 222],
    ] as const
  ) {
    await using host = await startHost((command) => {
      const [said, id = ""] = command.split(" ");
      if (said !== verb) return;
      return id.startsWith("<")
        ? block(`${code} 0 ${id}`)
        : block(`${code} ${id} <${id}@x>`);
    });
    await using nntp = await open(host, { reader: false });
    const ids = new Set([7, "<b@x>", "8", 2, "<a@x>"]).values();
    const got = await Array.fromAsync(nntp.articles(ids, part));
    assertEquals(
      got.map((one) => "messageId" in one && [one.number, one.messageId]),
      [[7, "<7@x>"], [0, "<b@x>"], [8, "<8@x>"], [2, "<2@x>"], [0, "<a@x>"]],
    );
    assert(host.commands.every((one) => one.startsWith(verb)));
  }
});

Deno.test("articles() takes a code of another part for a broken server", async () => {
  await using host = await newsgroup((number) =>
    number === 3 ? block("220 3 <3@x>", "x") : undefined
  );
  const nntp = await open(host, { reader: false });
  const got: string[] = [];
  const error = await failureOf((async () => {
    for await (const one of nntp.articles(upTo(5), "body")) {
      got.push(shown(one));
    }
  })());
  assertInstanceOf(error, ProtocolError);
  assertEquals(got, ["1: 1", "2: 2"]);
  await failureOf(nntp.date());
});

Deno.test("articles() puts refusals and articles too large in their places", async () => {
  await using host = await newsgroup((number) =>
    number % 3 === 0
      ? "423 no such\r\n"
      : number % 5 === 0
      ? block(`222 ${number} <5@x>`, "x".repeat(2_000))
      : undefined
  );
  await using nntp = await open(host, { reader: false });
  const stream = nntp.articles(upTo(12), "body", { maxSize: 1_000, window: 4 });
  const got = await Array.fromAsync(stream);
  const codes: Record<number, number> = { 3: 423, 6: 423, 9: 423, 12: 423 };
  codes[5] = codes[10] = 403;
  assertEquals(got.map(shown), upTo(12).map((n) => `${n}: ${codes[n] ?? n}`));
  const third = got[2] as RefusedArticle;
  assertInstanceOf(third.error, NntpError);
  assertEquals([third.id, third.error.command], [3, "BODY 3"]);
  const fifth = got[4] as RefusedArticle;
  assert(fifth.error.message.includes("larger than 1000 bytes"));
  await nntp.date();
});

Deno.test("articles() does not say that an article too large will pass later", async () => {
  await using host = await newsgroup();
  await using nntp = await open(host, { reader: false });
  const [one] = await Array.fromAsync(
    nntp.articles([10], "body", { maxSize: 1 }),
  );
  assert("error" in one!);
  assertEquals(one.error.transient, false);
});

Deno.test("articles() takes an article of just its bound, and none that is larger", async () => {
  await using host = await newsgroup();
  await using nntp = await open(host, { reader: false });
  for (const maxSize of [1, 2, 3, 4, 5]) {
    const got = await Array.fromAsync(
      nntp.articles([7, 77, 777], "body", { maxSize }),
    );
    // A line end is two bytes.
    assertEquals(
      got.map((one) => "content" in one),
      [maxSize >= 3, maxSize >= 4, maxSize >= 5],
    );
  }
});

Deno.test("articles() closes where an article is far too large, and says so", async () => {
  await using host = await newsgroup((number) =>
    block(`222 ${number} <x@x>`, "x".repeat(200_000))
  );
  const nntp = await open(host, { reader: false });
  const reader = nntp.articles([1, 2], "body", { maxSize: 1_000 }).getReader();
  const { value } = await reader.read();
  assert(value && "error" in value);
  const error = await failureOf(reader.read());
  assert(
    error.message.includes("more than 16000 bytes to come"),
    error.message,
  );
});

Deno.test("articles() has no more commands under way than the window", async () => {
  for (const window of [1, 2, 6]) {
    const counts: number[] = [];
    let given = 0;
    await using server = await scripted(async (conn) => {
      // Counts what has come before each answer is given.
      let seen = "";
      const buffer = new Uint8Array(65_536);
      while (given < 20) {
        while (seen.split("\r\n").length - 1 <= given) {
          const count = await conn.conn.read(buffer) ?? 0;
          seen += new TextDecoder().decode(buffer.subarray(0, count));
        }
        counts.push(seen.split("\r\n").length - 1 - given);
        given++;
        await conn.write(block(`222 ${given} <x@x>`));
      }
      await bye(conn);
    });
    await using nntp = await open(server, { reader: false });
    for await (const one of nntp.articles(upTo(20), "body", { window })) {
      assert("number" in one && one.number <= given);
    }
    assertEquals(Math.max(...counts), window);
  }
});

Deno.test("articles() asks for no more while nobody reads", async () => {
  let pulled = 0;
  function* ids(): Generator<number> {
    for (;;) yield ++pulled;
  }
  await using host = await newsgroup();
  const nntp = await open(host, { reader: false });
  const stream = nntp.articles(ids(), "body", { window: 8 });
  for (let turn = 0; turn < 20; turn++) await eventLoopTurn();
  assertEquals([pulled, host.commands], [0, []]);
  const reader = stream.getReader();
  await reader.read();
  for (let turn = 0; turn < 20; turn++) await eventLoopTurn();
  assertEquals(asked(host).length, 8);
  assertEquals(pulled, 8);
  nntp.close();
  await failureOf((async () => {
    while (!(await reader.read()).done);
  })());
});

Deno.test("articles() ends and takes back what is endless", async () => {
  let ended = 0;
  function* ids(): Generator<number> {
    try {
      for (let n = 1;; n++) yield n;
    } finally {
      ended++;
    }
  }
  await using host = await newsgroup();
  await using nntp = await open(host, { reader: false });
  for await (const one of nntp.articles(ids(), "body", { window: 4 })) {
    if ("number" in one && one.number === 10) break;
  }
  assertEquals(ended, 1);
  await nntp.date();
});

Deno.test("articles() whose ids fail gives what was asked before, then the error", async () => {
  for (let good = 0; good <= 9; good++) {
    for (const window of [1, 3, 32]) {
      for (const junk of [false, true]) {
        const ids = function* (): Generator<number | string> {
          yield* upTo(good);
          if (junk) yield "<junk";
          throw new RangeError("no more");
        };
        await using host = await newsgroup();
        await using nntp = await open(host, { reader: false });
        const got: string[] = [];
        const error = await failureOf((async () => {
          const stream = nntp.articles(ids(), "body", { window });
          for await (const one of stream) got.push(shown(one));
        })());
        assertInstanceOf(error, junk ? TypeError : RangeError);
        assertEquals(got, upTo(good).map((n) => `${n}: ${n}`));
        await nntp.date();
        assertEquals(asked(host).length, good);
      }
    }
  }
});

Deno.test("articles() whose ids fail when they are taken back says so, and goes on", async () => {
  const ids = {
    [Symbol.iterator]: () => ({
      next: () => ({ done: false as const, value: 1 }),
      return: () => {
        throw new RangeError("never");
      },
    }),
  };
  await using host = await newsgroup();
  await using nntp = await open(host, { reader: false });
  const reader = nntp.articles(ids, "body", { window: 2 }).getReader();
  await reader.read();
  await assertRejects(() => reader.cancel(), RangeError, "never");
  await nntp.date();
});

Deno.test("articles() of what is no list is a TypeError, and the client is usable", async () => {
  await using host = await newsgroup();
  await using nntp = await open(host, { reader: false });
  for (const bad of [undefined, null, 5, {}]) {
    const stream = (async () =>
      await Array.fromAsync(nntp.articles(bad as unknown as number[])))();
    assertInstanceOf(await failureOf(stream), TypeError);
    await nntp.date();
  }
});

Deno.test("articles() ends with 400 in the middle, after what came before it", async () => {
  for (const at of [1, 2, 5]) {
    await using host = await newsgroup((number) =>
      number === at ? "400 going down\r\n" : number > at ? "" : undefined
    );
    const nntp = await open(host, { reader: false });
    const got: string[] = [];
    const error = await failureOf((async () => {
      for await (const one of nntp.articles(upTo(9), "body")) {
        got.push(shown(one));
      }
    })());
    assertInstanceOf(error, NntpError);
    assertEquals([error.code, error.command], [400, `BODY ${at}`]);
    assertEquals(got, upTo(at - 1).map((n) => `${n}: ${n}`));
    await failureOf(nntp.date());
  }
});

Deno.test("articles() called together are given one after the other", async () => {
  await using host = await newsgroup();
  await using nntp = await open(host, { reader: false });
  const first = nntp.articles([1], "body");
  const second = nntp.articles([2], "body");
  assertEquals(await Array.fromAsync(first, shown), ["1: 1"]);
  // The turn of the second came when the first was open.
  assertEquals(
    (await failureOf(Array.fromAsync(second))).name,
    "InvalidStateError",
  );
  await nntp.date();
});

Deno.test("a command called right after articles() rejects, and so does one before it is read", async () => {
  await using host = await newsgroup();
  await using nntp = await open(host, { reader: false });
  const before = nntp.date();
  const stream = nntp.articles([1], "body");
  const after = nntp.date();
  await before;
  assertEquals((await failureOf(after)).name, "InvalidStateError");
  assertEquals(await Array.fromAsync(stream, shown), ["1: 1"]);
});
