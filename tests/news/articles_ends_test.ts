import { assert, assertEquals, assertInstanceOf } from "jsr:@std/assert@^1.0.0";
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
  failureOf,
  type Host,
  open,
  scripted,
  startHost,
  WatchedSignal,
} from "./script.ts";

const REASON = new RangeError("enough");

function newsgroup(
  answer: (
    number: number,
    conn: ScriptedConn,
  ) => string | undefined | Promise<string | undefined> = () => undefined,
): Promise<Host> {
  return startHost((command, conn) => {
    const number = Number(/^BODY (\d+)$/.exec(command)?.[1]);
    if (!number) return;
    return answer(number, conn) ??
      block(`222 ${number} <${number}@x>`, `${number}`);
  });
}

function shown(one: RetrievedArticle | RefusedArticle): string {
  return "error" in one
    ? `${one.id}: ${one.error.code}`
    : `${one.number}: ${new TextDecoder().decode(one.content).trim()}`;
}

function upTo(count: number): number[] {
  return Array.from({ length: count }, (_, at) => at + 1);
}

// --- cancelled and aborted --------------------------------------------------

Deno.test("articles() can be cancelled after any number of reads", async () => {
  for (let reads = 0; reads <= 13; reads++) {
    await using host = await newsgroup((number) =>
      number === 4 ? "423 gone\r\n" : undefined
    );
    await using nntp = await open(host, { reader: false });
    const reader = nntp.articles(upTo(12), "body", { window: 5 }).getReader();
    for (let read = 0; read < reads; read++) await reader.read();
    await reader.cancel();
    await nntp.date();
  }
});

Deno.test("articles() can be aborted after any number of reads, and the client is usable", async () => {
  for (let reads = 0; reads <= 12; reads++) {
    await using host = await newsgroup();
    await using nntp = await open(host, { reader: false });
    const watched = new WatchedSignal();
    const { signal } = watched;
    const reader = nntp.articles(upTo(12), "body", { window: 5, signal })
      .getReader();
    for (let read = 0; read < reads; read++) await reader.read();
    // The turn of a stream that was not read has to come.
    await eventLoopTurn();
    watched.abort(REASON);
    assertEquals(await failureOf(reader.closed), REASON);
    assertEquals(watched.listeners, 0);
    await nntp.date();
  }
});

Deno.test("articles() can be cancelled while a read is pending", async () => {
  const { promise: asked, resolve } = Promise.withResolvers<void>();
  const { promise: gate, resolve: go } = Promise.withResolvers<void>();
  await using host = await newsgroup(async (number) => {
    if (number !== 2) return;
    resolve();
    await gate;
    return undefined;
  });
  await using nntp = await open(host, { reader: false });
  const reader = nntp.articles(upTo(4), "body").getReader();
  await reader.read();
  const pending = reader.read();
  await asked;
  const cancelled = reader.cancel();
  const date = nntp.date();
  assert((await pending).done);
  go();
  await cancelled;
  await date;
});

Deno.test("articles() can be aborted while a read is pending", async () => {
  const { promise: asked, resolve } = Promise.withResolvers<void>();
  const { promise: gate, resolve: go } = Promise.withResolvers<void>();
  await using host = await newsgroup(async (number) => {
    if (number !== 2) return;
    resolve();
    await gate;
    return undefined;
  });
  await using nntp = await open(host, { reader: false });
  const watched = new WatchedSignal();
  const { signal } = watched;
  const reader = nntp.articles(upTo(4), "body", { signal }).getReader();
  await reader.read();
  const pending = failureOf(reader.read());
  await asked;
  watched.abort(REASON);
  assertEquals(await pending, REASON);
  go();
  await nntp.date();
  assertEquals(watched.listeners, 0);
});

Deno.test("articles() aborted or cancelled closes where more than 1 MiB is to come", async () => {
  const large = block("222 1 <x@x>", "x".repeat(600_000));
  for (const abort of [true, false]) {
    for (const [count, open1] of [[2, true], [4, false]] as const) {
      await using host = await newsgroup((n) => n === 1 ? undefined : large);
      const nntp = await open(host, {
        reader: false,
        limits: { line: 1_000_000 },
      });
      const watched = new WatchedSignal();
      const { signal } = watched;
      const reader = nntp.articles(upTo(count), "body", { signal }).getReader();
      await reader.read();
      if (abort) {
        watched.abort(REASON);
        assertEquals(await failureOf(reader.closed), REASON);
      } else await reader.cancel();
      if (open1) await nntp.date();
      else {
        const error = await failureOf(nntp.date());
        assert(error.message.includes("1048576 bytes to come"), error.message);
      }
      assertEquals(watched.listeners, 0);
      nntp.close();
    }
  }
});

Deno.test("articles() aborted any number of microtasks after the call leaves the client usable", async () => {
  for (let ticks = 0; ticks < 40; ticks++) {
    await using host = await newsgroup();
    await using nntp = await open(host, { reader: false });
    const watched = new WatchedSignal();
    const { signal } = watched;
    const reader = nntp.articles([1, 2], "body", { signal }).getReader();
    for (let tick = 0; tick < ticks; tick++) await Promise.resolve();
    watched.abort(REASON);
    // Nothing was sent.
    assertEquals(await failureOf(reader.read()), REASON);
    const date = await nntp.date().catch((error) => error);
    assertInstanceOf(date, Date, `after ${ticks} microtasks: ${date}`);
    assertEquals(watched.listeners, 0);
  }
});

Deno.test("articles() is done with its signal when it has ended", async () => {
  await using host = await newsgroup();
  await using nntp = await open(host, { reader: false });
  const watched = new WatchedSignal();
  const { signal } = watched;
  await Array.fromAsync(nntp.articles([1, 2], "body", { signal }));
  assertEquals(watched.listeners, 0);
  watched.abort(REASON);
  await nntp.date();
});

Deno.test("articles() with a signal that has spoken sends nothing", async () => {
  await using host = await newsgroup();
  await using nntp = await open(host, { reader: false });
  const signal = AbortSignal.abort(REASON);
  const reader = nntp.articles([1], "body", { signal }).getReader();
  assertEquals(await failureOf(reader.read()), REASON);
  await nntp.date();
  assertEquals(host.commands, ["DATE"]);
});

Deno.test("articles() cancelled before its turn sends nothing", async () => {
  await using host = await newsgroup();
  await using nntp = await open(host, { reader: false });
  const date = nntp.date();
  const stream = nntp.articles([1], "body");
  await Promise.all([date, stream.cancel()]);
  await nntp.date();
  assertEquals(host.commands, ["DATE", "DATE"]);
});

// --- signing in again -------------------------------------------------------

/** A server that wants one to sign in again whenever `forgets` says so. */
function forgetful(
  forgets: (number: number, times: number) => boolean,
): Promise<Host> {
  let times = 0;
  let signedIn = false;
  return startHost((command) => {
    if (command === "AUTHINFO USER ada") return "381 go on\r\n";
    if (command === "AUTHINFO PASS secret") {
      signedIn = true;
      times++;
      return "281 welcome\r\n";
    }
    const number = Number(/^BODY (\d+)$/.exec(command)?.[1]);
    if (!number) return;
    if (forgets(number, times)) signedIn = false;
    if (!signedIn) return "480 who are you\r\n";
    if (number % 4 === 0) return "423 no\r\n";
    return block(`222 ${number} <x@x>`, `${number}`);
  });
}

Deno.test("articles() signs in again in the middle, and loses and doubles nothing", async () => {
  for (const window of [1, 2, 5, 32]) {
    for (let at = 1; at <= 12; at++) {
      await using host = await forgetful((n, times) => n === at && times === 1);
      await using nntp = await open(host, { reader: false });
      await nntp.login("ada", "secret");
      const got = await Array.fromAsync(
        nntp.articles(upTo(12), "body", { window }),
        shown,
      );
      assertEquals(got, upTo(12).map((n) => `${n}: ${n % 4 ? n : 423}`));
      assertEquals(host.commands.filter((one) => /PASS/.test(one)).length, 2);
      await nntp.date();
    }
  }
});

Deno.test("articles() signs in again as often as it is forgotten", async () => {
  const seen = new Set<number>();
  await using host = await forgetful((n) => {
    if (n % 3 !== 0 || seen.has(n)) return false;
    seen.add(n);
    return true;
  });
  await using nntp = await open(host, { reader: false });
  await nntp.login("ada", "secret");
  const got = await Array.fromAsync(
    nntp.articles(upTo(30), "body", { window: 4 }),
    shown,
  );
  assertEquals(got, upTo(30).map((n) => `${n}: ${n % 4 ? n : 423}`));
});

Deno.test("articles() signs in again although a refusal lies between", async () => {
  const seen = new Set<number>();
  await using host = await forgetful((n) => {
    if (n % 2 === 0 || seen.has(n)) return false;
    seen.add(n);
    return true;
  });
  await using nntp = await open(host, { reader: false });
  await nntp.login("ada", "secret");
  const got = await Array.fromAsync(
    nntp.articles([3, 4, 5, 4, 7], "body", { window: 1 }),
    shown,
  );
  assertEquals(got, ["3: 3", "4: 423", "5: 5", "4: 423", "7: 7"]);
  seen.clear();
  // All of them are refused, and every other one first has to sign in.
  let times = 0;
  await using other = await startHost((command) => {
    if (command === "AUTHINFO USER ada") return "281 welcome\r\n";
    if (!/^BODY/.test(command)) return;
    return times++ % 2 === 0 ? "480 who\r\n" : "423 no\r\n";
  });
  await using second = await open(other, { reader: false });
  await second.login("ada", "secret");
  const refused = await Array.fromAsync(
    second.articles([1, 2, 3], "body", { window: 1 }),
    shown,
  );
  assertEquals(refused, ["1: 423", "2: 423", "3: 423"]);
});

Deno.test("articles() drops what came behind a 480, whatever it is", async () => {
  // Articles that anybody may read, refusals, another 480.
  let times = 0;
  await using host = await startHost((command) => {
    if (command === "AUTHINFO USER ada") return "381 go on\r\n";
    if (command === "AUTHINFO PASS secret") {
      times++;
      return "281 welcome\r\n";
    }
    const number = Number(/^BODY (\d+)$/.exec(command)?.[1]);
    if (!number) return;
    if (times === 1 && (number === 2 || number === 5)) return "480 who\r\n";
    if (number === 4) return "423 no\r\n";
    return block(`222 ${number} <x@x>`, `${number}`, "x".repeat(60_000));
  });
  await using nntp = await open(host, { reader: false });
  await nntp.login("ada", "secret");
  const got = await Array.fromAsync(nntp.articles(upTo(40), "body"));
  assertEquals(
    got.map((one) => "content" in one ? one.number : one.id),
    upTo(40),
  );
  assertEquals(times, 2);
});

Deno.test("articles() without known credentials puts 480 in its place", async () => {
  await using host = await forgetful(() => false);
  await using nntp = await open(host, { reader: false });
  const got = await Array.fromAsync(nntp.articles([1, 2], "body"), shown);
  assertEquals(got, ["1: 480", "2: 480"]);
  await nntp.date();
});

Deno.test("articles() of a server that says 480 for ever signs in once, and says so", async () => {
  await using host = await forgetful(() => true);
  const nntp = await open(host, { reader: false });
  await nntp.login("ada", "secret");
  const got = await Array.fromAsync(nntp.articles([1], "body"), shown)
    .catch((error) => error);
  assertEquals(host.commands.filter((one) => /PASS/.test(one)).length, 2);
  nntp.close();
  assertEquals(got, ["1: 480"]);
});

Deno.test("articles() goes on where signing in again is refused", async () => {
  let times = 0;
  await using host = await startHost((command) => {
    if (command === "AUTHINFO USER ada") return "381 go on\r\n";
    if (command === "AUTHINFO PASS secret") {
      return times++ ? "481 no more\r\n" : "281 welcome\r\n";
    }
    return /^BODY/.test(command) ? "480 who\r\n" : undefined;
  });
  const nntp = await open(host, { reader: false });
  await nntp.login("ada", "secret");
  const error = await failureOf(
    Array.fromAsync(nntp.articles([1, 2, 3], "body"), (one) => {
      if ("error" in one) throw one.error;
    }),
  );
  assertInstanceOf(error, NntpError);
  assert([480, 481].includes(error.code));
  const date = await nntp.date().catch((error) => error);
  nntp.close();
  assertInstanceOf(date, Date, `${date}`);
});

Deno.test("articles() switches modes in the middle where the server wants it", async () => {
  let reading = false;
  await using host = await startHost((command) => {
    if (command === "MODE READER") {
      reading = true;
      return "200 ready\r\n";
    }
    const number = Number(/^BODY (\d+)$/.exec(command)?.[1]);
    if (!number) return;
    return number < 3 || reading
      ? block(`222 ${number} <x@x>`, `${number}`)
      : "401 MODE-READER first\r\n";
  });
  await using nntp = await open(host);
  const got = await Array.fromAsync(nntp.articles(upTo(9), "body"), shown);
  assertEquals(got, upTo(9).map((n) => `${n}: ${n}`));
  await nntp.date();
});

Deno.test("articles() can be cancelled while it signs in again", async () => {
  const { promise: asked, resolve } = Promise.withResolvers<void>();
  const { promise: gate, resolve: go } = Promise.withResolvers<void>();
  let times = 0;
  await using host = await startHost(async (command) => {
    if (command === "AUTHINFO USER ada") {
      if (times === 1) {
        resolve();
        await gate;
      }
      return "381 go on\r\n";
    }
    if (command === "AUTHINFO PASS secret") {
      times++;
      return "281 welcome\r\n";
    }
    if (!/^BODY/.test(command)) return;
    return times === 1 ? "480 who\r\n" : block("222 1 <1@x>", "x");
  });
  await using nntp = await open(host, { reader: false });
  await nntp.login("ada", "secret");
  const reader = nntp.articles([1, 2, 3], "body").getReader();
  const pending = reader.read();
  await asked;
  const cancelled = reader.cancel();
  go();
  await cancelled;
  assertEquals((await pending).done, true);
  await nntp.date();
});

// --- lost -------------------------------------------------------------------

const ANSWERS = [
  block("222 1 <1@x>", "a", "..", "b"),
  "423 no\r\n",
  block("222 3 <3@x>"),
];

for (const reset of [false, true]) {
  const how = reset ? "resets" : "closes";
  Deno.test(`articles() ends in an error where the server ${how} at any byte`, async () => {
    const total = ANSWERS.join("").length;
    for (let stop = 0; stop < total; stop++) {
      await using server = await scripted(async (conn) => {
        for (const n of upTo(3)) await conn.expect(`BODY ${n}`);
        await conn.write(ANSWERS.join("").slice(0, stop));
        if (reset) conn.close();
      });
      const nntp = await open(server, { reader: false });
      const got: string[] = [];
      const error = await failureOf((async () => {
        for await (const one of nntp.articles(upTo(3), "body")) {
          got.push(shown(one));
        }
      })());
      if (!reset) assertInstanceOf(error, ProtocolError, `${stop}: ${error}`);
      const ends = [ANSWERS[0]!.length, (ANSWERS[0]! + ANSWERS[1]).length];
      if (!reset) {
        assertEquals(
          got.length,
          ends.filter((one) => one <= stop).length,
        );
      }
      await failureOf(nntp.date());
    }
  });
}
