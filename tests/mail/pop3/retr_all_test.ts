import {
  assert,
  assertEquals,
  assertFalse,
  assertInstanceOf,
  assertRejects,
} from "jsr:@std/assert@^1.0.0";
import {
  Pop3Error,
  ProtocolError,
  type RetrievedMessage,
} from "../../../mail/pop3/mod.ts";
import type { ScriptedConn } from "../../_support/scripted_server.ts";
import { eventLoopTurn } from "../../_wire/memory.ts";
import {
  bye,
  capa,
  failureOf,
  type Host,
  open,
  scripted,
  startHost,
  WatchedSignal,
} from "./script.ts";

const CAN = "+OK\r\nPIPELINING\r\n.\r\n";

/** A server that has `PIPELINING`, and any message: its own number. */
function mailbox(
  answer: (
    number: number,
    conn: ScriptedConn,
  ) => string | undefined | Promise<string | undefined> = () => undefined,
  capabilities = CAN,
): Promise<Host> {
  return startHost((command, conn) => {
    if (command === "CAPA") return capabilities;
    if (!command.startsWith("RETR ")) return;
    const number = Number(command.slice(5));
    return answer(number, conn) ?? `+OK\r\n${number}\r\n.\r\n`;
  });
}

/** A message's content as text, or the code of its error. */
function shown(message: RetrievedMessage): string {
  return "error" in message
    ? `${message.number}: ${message.error.code}`
    : `${message.number}: ${new TextDecoder().decode(message.content).trim()}`;
}

function upTo(count: number): number[] {
  return Array.from({ length: count }, (_, at) => at + 1);
}

/** Reads to the end. */
async function readOn<T>(
  reader: ReadableStreamDefaultReader<T>,
): Promise<void> {
  while (!(await reader.read()).done);
}

function retrs(host: Host): string[] {
  return host.commands.filter((command) => command.startsWith("RETR"));
}

Deno.test("retrAll() gives all messages in order, whatever the window", async () => {
  for (const count of [0, 1, 2, 31, 32, 33, 100]) {
    for (const window of [1, 2, 3, 32, 1_000, Infinity]) {
      await using host = await mailbox();
      await using pop3 = await open(host);
      const got = await Array.fromAsync(
        pop3.retrAll(upTo(count), { window }),
        shown,
      );
      assertEquals(got, upTo(count).map((n) => `${n}: ${n}`));
      await pop3.noop();
      assertEquals(retrs(host).length, count);
    }
  }
});

Deno.test("retrAll() takes the numbers in the order given, repeated ones too", async () => {
  await using host = await mailbox();
  await using pop3 = await open(host);
  const numbers = new Set([7, 3, 2 ** 31, Number.MAX_SAFE_INTEGER]);
  const stream = pop3.retrAll(numbers.values());
  const got = await Array.fromAsync(stream, ({ number }) => number);
  assertEquals(got, [...numbers]);
  const again = pop3.retrAll([2, 2, 1, 2]);
  assertEquals(
    await Array.fromAsync(again, ({ number }) => number),
    [2, 2, 1, 2],
  );
});

for (const pipelining of [true, false]) {
  const where = pipelining ? "with PIPELINING" : "without it";
  const capabilities = pipelining ? CAN : "+OK\r\nTOP\r\n.\r\n";

  Deno.test(`retrAll() puts refusals and messages too large in their places, ${where}`, async () => {
    await using host = await mailbox(
      (number) =>
        number % 3 === 0
          ? "-ERR [SYS/TEMP] later\r\n"
          : number % 5 === 0
          ? `+OK\r\n${"x".repeat(2_000)}\r\n.\r\n`
          : undefined,
      capabilities,
    );
    await using pop3 = await open(host);
    const got = await Array.fromAsync(
      pop3.retrAll(upTo(12), { maxSize: 1_000, window: 4 }),
    );
    assertEquals(got.map(shown), [
      "1: 1",
      "2: 2",
      "3: SYS/TEMP",
      "4: 4",
      "5: TOO-LARGE",
      "6: SYS/TEMP",
      "7: 7",
      "8: 8",
      "9: SYS/TEMP",
      "10: TOO-LARGE",
      "11: 11",
      "12: SYS/TEMP",
    ]);
    const third = got[2]!;
    assert("error" in third && third.error instanceof Pop3Error);
    assertEquals([third.error.command, third.error.transient], [
      "RETR 3",
      true,
    ]);
    await pop3.noop();
  });

  Deno.test(`retrAll() has no more commands under way than the window, ${where}`, async () => {
    const window = 6;
    const counts: number[] = [];
    let given = 0;
    await using server = await scripted(async (conn) => {
      await conn.expect("CAPA");
      await conn.write(capabilities);
      // Counts what has come before each answer is given.
      let seen = "";
      const buffer = new Uint8Array(65_536);
      while (given < 20) {
        while (seen.split("\r\n").length - 1 <= given) {
          const count = await conn.conn.read(buffer) ?? 0;
          seen += new TextDecoder().decode(buffer.subarray(0, count));
        }
        counts.push(seen.split("\r\n").length - 1 - given);
        await conn.write(`+OK\r\n${++given}\r\n.\r\n`);
      }
      await bye(conn);
    });
    await using pop3 = await open(server);
    for await (const { number } of pop3.retrAll(upTo(20), { window })) {
      assert(number <= given);
    }
    assertEquals(Math.max(...counts), pipelining ? window : 1);
    assert(counts.every((count) => count >= 1));
  });

  Deno.test(`retrAll() asks for no more while nobody reads, ${where}`, async () => {
    await using host = await mailbox(undefined, capabilities);
    const pop3 = await open(host);
    const reader = pop3.retrAll(upTo(100), { window: 8 }).getReader();
    await reader.read();
    for (let turn = 0; turn < 20; turn++) await eventLoopTurn();
    assertEquals(retrs(host).length, pipelining ? 8 : 1);
    pop3.close();
    await failureOf(readOn(reader));
  });

  Deno.test(`retrAll() can be cancelled after any number of reads, ${where}`, async () => {
    for (let reads = 0; reads <= 13; reads++) {
      await using host = await mailbox(
        (number) => number === 4 ? "-ERR gone\r\n" : undefined,
        capabilities,
      );
      await using pop3 = await open(host);
      const reader = pop3.retrAll(upTo(12), { window: 5 }).getReader();
      for (let read = 0; read < reads; read++) await reader.read();
      await reader.cancel();
      await pop3.noop();
    }
  });

  Deno.test(`retrAll() can be aborted after any number of reads, ${where}`, async () => {
    for (let reads = 0; reads <= 12; reads++) {
      await using host = await mailbox(undefined, capabilities);
      const pop3 = await open(host);
      await pop3.capabilities();
      const watched = new WatchedSignal();
      const { signal } = watched;
      const reader = pop3.retrAll(upTo(12), { window: 5, signal }).getReader();
      for (let read = 0; read < reads; read++) await reader.read();
      const reason = new RangeError("enough");
      // The turn of a stream that was not read has to come.
      await eventLoopTurn();
      watched.abort(reason);
      assertEquals(await failureOf(reader.closed), reason);
      assertEquals(watched.listeners, 0);
      pop3.close();
    }
  });
}

Deno.test("retrAll() is done with its signal when it has ended", async () => {
  await using host = await mailbox();
  await using pop3 = await open(host);
  const watched = new WatchedSignal();
  const { signal } = watched;
  const stream = pop3.retrAll([1, 2], { signal });
  assertEquals((await Array.fromAsync(stream)).length, 2);
  assertEquals(watched.listeners, 0);
  const reader = pop3.retrAll([1, 2], { signal }).getReader();
  await reader.read();
  await reader.cancel();
  assertEquals(watched.listeners, 0);
  watched.abort(new Error("late"));
  await pop3.noop();
});

Deno.test("retrAll() with a signal that has spoken sends nothing", async () => {
  await using host = await mailbox();
  await using pop3 = await open(host);
  const signal = AbortSignal.abort(new RangeError("enough"));
  const reader = pop3.retrAll([1, 2], { signal }).getReader();
  await assertRejects(() => reader.read(), RangeError, "enough");
  await pop3.noop();
  assertEquals(host.commands, ["NOOP"]);
});

Deno.test("retrAll() can be aborted while it asks what the server can", async () => {
  const { promise: asking, resolve: asked } = Promise.withResolvers<void>();
  await using server = await scripted(async (conn) => {
    await conn.expect("CAPA");
    asked();
    await conn.hang();
  });
  const pop3 = await open(server);
  const watched = new WatchedSignal();
  const reader = pop3.retrAll([1, 2], { signal: watched.signal }).getReader();
  const first = failureOf(reader.read());
  await asking;
  const reason = new RangeError("enough");
  watched.abort(reason);
  assertEquals(await first, reason);
  // In the middle of a command there is no way back.
  assertEquals(await failureOf(pop3.noop()), reason);
  assertEquals(watched.listeners, 0);
});

Deno.test("retrAll() aborted in the middle of a message reads on, and the client can", async () => {
  const { promise: released, resolve: go } = Promise.withResolvers<void>();
  const { promise: sent, resolve: begun } = Promise.withResolvers<void>();
  await using server = await scripted(async (conn) => {
    await capa(conn, "PIPELINING");
    for (const number of upTo(4)) await conn.expect(`RETR ${number}`);
    await conn.write("+OK\r\nha");
    begun();
    await released;
    await conn.write(
      "lf\r\n.\r\n-ERR no\r\n+OK\r\n3\r\n.\r\n+OK\r\n4\r\n.\r\n",
    );
    await conn.expect("NOOP");
    await conn.write("+OK\r\n");
    await bye(conn);
  });
  await using pop3 = await open(server);
  const stop = new AbortController();
  const { signal } = stop;
  const reader = pop3.retrAll(upTo(4), { signal }).getReader();
  const first = failureOf(reader.read());
  await sent;
  stop.abort(new RangeError("enough"));
  assertInstanceOf(await first, RangeError);
  go();
  await pop3.noop();
});

Deno.test("retrAll() cancelled while a message is on its way reads no more than 1 MiB of it", async () => {
  const { promise: begun, resolve: begin } = Promise.withResolvers<void>();
  let left = 0;
  await using server = await scripted(async (conn) => {
    await capa(conn, "PIPELINING");
    await conn.expect("RETR 1");
    await conn.write("+OK\r\n");
    begin();
    for (;;) {
      await conn.write("x".repeat(65_536));
      left += 65_536;
    }
  });
  const pop3 = await open(server);
  const reader = pop3.retrAll([1, 2]).getReader();
  const first = reader.read();
  await begun;
  left = 0;
  const cancelled = reader.cancel();
  assertEquals((await first).done, true);
  await cancelled;
  // With what the system's buffers hold.
  assert(left < 20 << 20, `${left} bytes were taken`);
  const error = await failureOf(pop3.noop());
  assertInstanceOf(error, ProtocolError, `${error}`);
  assert(error.message.includes("1048576"), error.message);
});

Deno.test("retrAll() cancelled or aborted lets what is called next wait", async () => {
  for (const how of ["cancel", "abort"]) {
    await using host = await mailbox();
    await using pop3 = await open(host);
    const stop = new AbortController();
    const { signal } = stop;
    const reader = pop3.retrAll(upTo(50), { window: 9, signal }).getReader();
    await reader.read();
    const read = reader.read().catch(() => {});
    if (how === "cancel") reader.cancel();
    else stop.abort(new RangeError("enough"));
    await Promise.all([read, pop3.noop(), pop3.dele(1)]);
    assertEquals(host.commands.slice(-2), ["NOOP", "DELE 1"]);
  }
});

for (const [length, goesOn] of [[1_000_000, true], [1_100_000, false]]) {
  Deno.test(`retrAll() cancelled with ${length} bytes to come ${goesOn ? "goes on" : "closes, and says so"}`, async () => {
    const message = `+OK\r\n${"x".repeat(Number(length) / 4)}\r\n.\r\n`;
    await using host = await mailbox(() => message);
    const pop3 = await open(host);
    const reader = pop3.retrAll(upTo(5), { window: 5 }).getReader();
    await reader.read();
    await reader.cancel();
    if (goesOn) return await pop3.quit();
    const error = await failureOf(pop3.noop());
    assertInstanceOf(error, ProtocolError);
    assert(error.message.includes("retrAll"), error.message);
    assert(error.message.includes("1048576 bytes"), error.message);
  });
}

Deno.test("retrAll() closes after a message far too large", async () => {
  await using server = await scripted(async (conn) => {
    await capa(conn, "PIPELINING");
    await conn.expect("RETR 1");
    await conn.write("+OK\r\n");
    for (;;) await conn.write("x".repeat(65_536));
  });
  const pop3 = await open(server);
  const stream = pop3.retrAll([1, 2], { maxSize: 10_000 });
  const got: string[] = [];
  const error = await failureOf((async () => {
    for await (const one of stream) got.push(shown(one));
  })());
  assertEquals(got, ["1: TOO-LARGE"]);
  assertInstanceOf(error, ProtocolError);
  pop3.close();
});

Deno.test("retrAll() does not say that the server found a message too large", async () => {
  await using host = await mailbox(() => "+OK\r\n0123456789\r\n.\r\n");
  await using pop3 = await open(host);
  for await (const one of pop3.retrAll([1], { maxSize: 10 })) {
    assert("error" in one);
    assertFalse(one.error.message.includes("server"), one.error.message);
    assertFalse(Deno.inspect(one.error).includes("answered"));
  }
});

Deno.test("retrAll() gives a message of just maxSize bytes", async () => {
  await using host = await mailbox(() => "+OK\r\n..\r\n12345\r\n.\r\n");
  await using pop3 = await open(host);
  for (const [maxSize, fits] of [[10, true], [9, false]] as const) {
    for await (const one of pop3.retrAll([1], { maxSize })) {
      assertEquals("content" in one, fits);
    }
  }
});

Deno.test("retrAll() ends in an error where the connection is lost at any byte", async () => {
  const words = "+OK\r\n1\r\n.\r\n-ERR no\r\n+OK\r\n..\r\n.\r\n";
  for (const reset of [false, true]) {
    for (let length = 0; length < words.length; length++) {
      await using server = await scripted(async (conn) => {
        await capa(conn, "PIPELINING");
        for (const number of upTo(3)) await conn.expect(`RETR ${number}`);
        await conn.write(words.slice(0, length));
        if (reset) conn.close();
      });
      const pop3 = await open(server);
      const watched = new WatchedSignal();
      const stream = pop3.retrAll(upTo(3), { signal: watched.signal });
      await failureOf(readOn(stream.getReader()));
      assertEquals(watched.listeners, 0);
      await failureOf(pop3.noop());
      pop3.close();
    }
  }
});

Deno.test("retrAll() gives up a server that is silent in the middle", async () => {
  const words = "+OK\r\n1\r\n.\r\n+OK\r\nhalf\r\n";
  for (const length of [0, 2, 5, 11, 16, words.length]) {
    await using server = await scripted(async (conn) => {
      await capa(conn, "PIPELINING");
      await conn.expect("RETR 1");
      await conn.write(words.slice(0, length));
      await conn.hang();
    });
    const pop3 = await open(server, { timeout: 500 });
    const stream = pop3.retrAll([1, 2]);
    const error = await failureOf(readOn(stream.getReader()));
    assertEquals(error.name, "TimeoutError");
    await failureOf(pop3.noop());
  }
});

Deno.test("retrAll() does not count the reader's time", async () => {
  await using host = await mailbox();
  await using pop3 = await open(host, { timeout: 500 });
  const reader = pop3.retrAll(upTo(3), { window: 2 }).getReader();
  await reader.read();
  // Not a wait for anything: time has to pass.
  await new Promise((resolve) => setTimeout(resolve, 1_100));
  await readOn(reader);
  await pop3.noop();
});
