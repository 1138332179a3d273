import {
  assert,
  assertEquals,
  assertFalse,
  assertInstanceOf,
} from "jsr:@std/assert@^1.0.0";
import { Buffer } from "node:buffer";
import { type NntpClient, ProtocolError } from "../../news/mod.ts";
import { randomSlices, seededRandom } from "../_support/random_slices.ts";
import type { ScriptedConn } from "../_support/scripted_server.ts";
import { eventLoopTurn } from "../_wire/memory.ts";
import {
  block,
  bye,
  bytesOf,
  failureOf,
  hostOf,
  open,
  scripted,
  startHost,
  textOf,
  WatchedSignal,
} from "./script.ts";

const REASON = new RangeError("enough");

/** Says `words` to the first command, in whichever pieces. */
function saying(
  say: (conn: ScriptedConn) => Promise<void>,
  then: (conn: ScriptedConn) => Promise<void> = bye,
) {
  return scripted(async (conn) => {
    await conn.readLine();
    await say(conn);
    await then(conn);
  });
}

const CONTENT = "\r\n.\r\n..\r\n...\r\na\r\n\r..\r\n\n..\r\r\n.b\r\n\0\r\n";
const STUFFED = "\r\n..\r\n...\r\n....\r\na\r\n\r..\r\n\n..\r\r\n..b\r\n\0\r\n";

Deno.test("article() takes off the dots at every split", async () => {
  const words = `220 1 <1@x>\r\n${STUFFED}.\r\n`;
  for (let at = 1; at < words.length; at++) {
    await using server = await saying((conn) => conn.writeSplit(words, { at }));
    await using nntp = await open(server, { reader: false });
    assertEquals(await textOf((await nntp.article()).content), CONTENT);
  }
});

Deno.test("articles() takes off the dots in slices of any length", async () => {
  const random = seededRandom(3977);
  for (let round = 0; round < 20; round++) {
    const words = Buffer.from(`222 1 <1@x>\r\n${STUFFED}.\r\n`.repeat(3));
    await using server = await scripted(async (conn) => {
      for (const _ of [1, 2, 3]) await conn.expect("BODY 1");
      for (const slice of randomSlices(words, random)) {
        await conn.writeSplit(slice, { at: 0 });
      }
      await bye(conn);
    });
    await using nntp = await open(server, { reader: false });
    for await (const one of nntp.articles([1, 1, 1], "body")) {
      assert("content" in one);
      assertEquals(new TextDecoder().decode(one.content), CONTENT);
    }
  }
});

Deno.test("bytes of every value come as they are, alone and in a row", async () => {
  const bytes = Buffer.concat([
    ...Array.from({ length: 256 }, (_, n) => Buffer.from([0x61, n, 0x61])),
    Buffer.from(Array.from({ length: 256 }, (_, n) => n)),
    Buffer.from("\r\n"),
  ]);
  const answer = (code: number) =>
    Buffer.concat([
      Buffer.from(`${code} 1 <1@x>\r\n`),
      bytes,
      Buffer.from(".\r\n"),
    ]);
  await using server = await scripted(async (conn) => {
    for (
      const [command, code] of [
        ["ARTICLE", 220],
        ["HEAD", 221],
        ["BODY", 222],
        ["BODY 1", 222],
      ] as const
    ) {
      await conn.expect(command);
      await conn.write(answer(code));
    }
    await bye(conn);
  });
  await using nntp = await open(server, { reader: false });
  for (const part of ["article", "head", "body"] as const) {
    const { content } = await nntp[part]();
    assert(bytes.equals(await bytesOf(content)));
  }
  const [one] = await Array.fromAsync(nntp.articles([1], "body"));
  assert("content" in one! && bytes.equals(one.content));
});

Deno.test("a status line and commands in the middle of a body are content", async () => {
  const lines = ["400 bye", "220 1 <1@x>", "480 who", "QUIT", "205 bye"];
  await using host = await hostOf({
    BODY: block("222 1 <1@x>", ...lines),
    "BODY 1": block("222 1 <1@x>", ...lines),
  });
  await using nntp = await open(host, { reader: false });
  assertEquals(
    await textOf((await nntp.body()).content),
    lines.join("\r\n") + "\r\n",
  );
  assertEquals(
    (await Array.fromAsync(nntp.articles([1, 1], "body"))).length,
    2,
  );
  await nntp.date();
});

Deno.test("a body that never ends is an error when the server closes, and not before", async () => {
  for (
    const end of ["", ".", "\r\n.\r", ".\n", "\n.\n", "\r\n.x\r\n", "\r.\r\n"]
  ) {
    await using server = await saying(
      (conn) => conn.write("222 1 <1@x>\r\nhalf" + end),
      () => Promise.resolve(),
    );
    const nntp = await open(server, { reader: false });
    const { content } = await nntp.body();
    const error = await failureOf(textOf(content));
    assertInstanceOf(error, ProtocolError, `${JSON.stringify(end)}: ${error}`);
    assert(error.message.includes("before its final dot"));
    await failureOf(nntp.date());
  }
});

Deno.test("what comes behind a body is no answer to the next command", async () => {
  await using server = await saying(
    (conn) => conn.write(block("222 1 <1@x>", "x") + "223 9 <9@x>\r\n"),
    async (conn) => assertEquals(await conn.readLine(), undefined),
  );
  const nntp = await open(server, { reader: false });
  const { content } = await nntp.body();
  await textOf(content);
  assertInstanceOf(await failureOf(nntp.stat()), ProtocolError);
  await failureOf(nntp.date());
});

Deno.test("body() is a byte stream that reads nothing before it is asked", async () => {
  await using host = await hostOf({ BODY: block("222 1 <1@x>", "hello") });
  await using nntp = await open(host, { reader: false });
  const { content } = await nntp.body();
  const reader = content.getReader({ mode: "byob" });
  const { value } = await reader.read(new Uint8Array(3));
  assertEquals(new TextDecoder().decode(value), "hel");
  await reader.cancel();
  await nntp.date();
});

// --- every kind of stream, given up ----------------------------------------

type Start = (n: NntpClient, signal?: AbortSignal) => Promise<ReadableStream>;

const o = (signal?: AbortSignal) => ({ signal });
const KINDS: Record<string, [answer: string, line: string, start: Start]> = {
  article: [
    "220 1 <1@x>",
    "x",
    async (n, s) => (await n.article(1, o(s))).content,
  ],
  head: ["221 1 <1@x>", "x", async (n, s) => (await n.head(1, o(s))).content],
  body: ["222 1 <1@x>", "x", async (n, s) => (await n.body(1, o(s))).content],
  listGroup: [
    "211 1 1 1 g",
    "12345",
    (n, s) => n.listGroup("g", undefined, o(s)),
  ],
  xhdr: ["225 hdr", "1 x", (n, s) => n.xhdr("a", 1, o(s))],
  xpat: ["225 hdr", "1 x", (n, s) => n.xpat("a", 1, "*", o(s))],
  over: ["224 over", "1\tx", (n, s) => n.over(1, o(s))],
  list: ["215 list", "g", (n, s) => n.list("COUNTS", undefined, o(s))],
  active: ["215 list", "g 1 1 y", (n, s) => n.active("*", o(s))],
  newGroups: ["231 list", "g 1 1 y", (n, s) => n.newGroups(new Date(), o(s))],
  newNews: ["230 list", "<1@x>", (n, s) => n.newNews("*", new Date(), o(s))],
};

const ASKED = /^(ARTICLE|HEAD|BODY|LISTGROUP|HDR|OVER|LIST (?!OV)|NEW)/;

for (const [name, [answer, line, start]] of Object.entries(KINDS)) {
  const long = answer + "\r\n" +
    (line + "\r\n").repeat(3 * 2 ** 20 / line.length);

  Deno.test(`the stream of ${name}() can be cancelled early, and the client is usable`, async () => {
    for (const reads of [0, 1]) {
      await using host = await startHost((command) =>
        ASKED.test(command) ? block(answer, ...Array(9).fill(line)) : undefined
      );
      await using nntp = await open(host);
      const watched = new WatchedSignal();
      const reader = (await start(nntp, watched.signal)).getReader();
      if (reads) assertFalse((await reader.read()).done);
      assert(watched.listeners > 0);
      const cancelled = reader.cancel();
      // A command called right behind waits for the rest.
      await nntp.date();
      await cancelled;
      assertEquals(watched.listeners, 0);
      watched.abort(REASON);
      await nntp.date();
    }
  });

  Deno.test(`the stream of ${name}() can be aborted early, and the client is usable`, async () => {
    for (const reads of [0, 1]) {
      await using host = await startHost((command) =>
        ASKED.test(command) ? block(answer, ...Array(9).fill(line)) : undefined
      );
      await using nntp = await open(host);
      const watched = new WatchedSignal();
      const reader = (await start(nntp, watched.signal)).getReader();
      if (reads) assertFalse((await reader.read()).done);
      watched.abort(REASON);
      assertEquals(await failureOf(reader.read()), REASON);
      await nntp.date();
      assertEquals(watched.listeners, 0);
    }
  });

  Deno.test(`the stream of ${name}() is done with its signal at its end`, async () => {
    await using host = await startHost((command) =>
      ASKED.test(command) ? block(answer, line) : undefined
    );
    await using nntp = await open(host);
    const watched = new WatchedSignal();
    await Array.fromAsync(await start(nntp, watched.signal));
    assertEquals(watched.listeners, 0);
    watched.abort(REASON);
    await nntp.date();
  });

  for (const how of ["cancelled", "aborted"]) {
    Deno.test(`the stream of ${name}() ${how} with more than 1 MiB to come closes`, async () => {
      await using host = await startHost((command) =>
        ASKED.test(command) ? long : undefined
      );
      const nntp = await open(host);
      const watched = new WatchedSignal();
      const reader = (await start(nntp, watched.signal)).getReader();
      await reader.read();
      if (how === "cancelled") await reader.cancel();
      else watched.abort(REASON);
      const error = await failureOf(nntp.date());
      assertInstanceOf(error, ProtocolError, `${error}`);
      assert(error.message.includes("1048576 bytes to come"), error.message);
      assertEquals(watched.listeners, 0);
    });

    Deno.test(`the stream of ${name}() can be ${how} while a read is pending`, async () => {
      const { promise: gate, resolve: go } = Promise.withResolvers<void>();
      await using host = await startHost(async (command, conn) => {
        if (!ASKED.test(command)) return;
        await conn.write(`${answer}\r\n`);
        await gate;
        return block(line, line);
      });
      await using nntp = await open(host);
      const watched = new WatchedSignal();
      const reader = (await start(nntp, watched.signal)).getReader();
      const pending = reader.read().catch((error) => error);
      await eventLoopTurn();
      const cancelled = how === "cancelled" ? reader.cancel() : undefined;
      if (!cancelled) watched.abort(REASON);
      const read = await pending;
      if (cancelled) assert(read.done);
      else assertEquals(read, REASON);
      const date = nntp.date();
      go();
      await cancelled;
      await date;
      assertEquals(watched.listeners, 0);
    });
  }

  Deno.test(`the stream of ${name}() is an error where the server closes in it`, async () => {
    for (const words of [`${line}\r\n`, line, `${line}\r\n.`, ""]) {
      await using host = await startHost(async (command, conn) => {
        if (!ASKED.test(command)) return;
        await conn.write(`${answer}\r\n${words}`);
        await conn.closeWrite();
        return "";
      });
      const nntp = await open(host);
      const stream = await start(nntp);
      const error = await failureOf(Array.fromAsync(stream));
      assertInstanceOf(error, ProtocolError, `${error}`);
      await failureOf(nntp.date());
      nntp.close();
    }
  });
}
