import {
  assert,
  assertEquals,
  assertInstanceOf,
  assertRejects,
  assertThrows,
} from "jsr:@std/assert@^1.0.0";
import { type Pop3Client, ProtocolError } from "../../../mail/pop3/mod.ts";
import {
  bye,
  capa,
  failureOf,
  open,
  scripted,
  startHost,
  WatchedSignal,
} from "./script.ts";

function mailbox(capabilities = "+OK\r\nPIPELINING\r\n.\r\n") {
  return startHost((command) =>
    command === "CAPA"
      ? capabilities
      : command.startsWith("RETR")
      ? `+OK\r\n${command.slice(5)}\r\n.\r\n`
      : undefined
  );
}

/** Numbers, and whether whoever gives them was told that it is over. */
class Numbers implements Iterable<number> {
  returned = 0;
  given = 0;
  readonly #numbers: number[];
  readonly #error: Error | undefined;

  constructor(numbers: number[], error?: Error) {
    this.#numbers = numbers;
    this.#error = error;
  }

  *[Symbol.iterator](): Generator<number> {
    try {
      for (const number of this.#numbers) {
        this.given++;
        yield number;
      }
      if (this.#error) throw this.#error;
    } finally {
      this.returned++;
    }
  }
}

interface Outcome {
  numbers: number[];
  error: unknown;
}

async function readAll(
  stream: ReturnType<Pop3Client["retrAll"]>,
): Promise<Outcome> {
  const numbers: number[] = [];
  let error: unknown;
  try {
    for await (const message of stream) numbers.push(message.number);
  } catch (caught) {
    error = caught;
  }
  return { numbers, error };
}

Deno.test("retrAll() refuses a bad number in its place, and the client goes on", async () => {
  for (const bad of [0, -1, 1.5, NaN, Infinity, 2 ** 53, -0]) {
    await using host = await mailbox();
    await using pop3 = await open(host);
    const { numbers, error } = await readAll(pop3.retrAll([1, 2, bad, 3]));
    assertInstanceOf(error, TypeError, `${bad}: ${error}`);
    assertEquals(numbers, [1, 2]);
    await pop3.noop();
    assertEquals(host.commands, ["CAPA", "RETR 1", "RETR 2", "NOOP"]);
  }
});

Deno.test("retrAll() refuses what is no number at all", async () => {
  await using host = await mailbox();
  await using pop3 = await open(host);
  for (const bad of ["1", "1\r\nDELE 1", null, undefined, {}, 1n]) {
    const stream = pop3.retrAll([bad as unknown as number]);
    assertInstanceOf((await readAll(stream)).error, TypeError);
  }
  await pop3.noop();
  assertEquals(host.commands.filter((one) => one !== "CAPA"), ["NOOP"]);
});

Deno.test("retrAll() passes on what the numbers throw, behind what came before", async () => {
  for (const window of [1, 2, 32]) {
    await using host = await mailbox();
    await using pop3 = await open(host);
    const numbers = new Numbers([1, 2, 3], new RangeError("no more"));
    const got = await readAll(pop3.retrAll(numbers, { window }));
    assertInstanceOf(got.error, RangeError);
    assertEquals(got.numbers, [1, 2, 3]);
    assertEquals(numbers.returned, 1);
    await pop3.noop();
  }
});

Deno.test("retrAll() takes no more numbers than it asks for, and says when it is over", async () => {
  for (const reads of [0, 1, 2]) {
    await using host = await mailbox();
    await using pop3 = await open(host);
    const numbers = new Numbers(Array(1_000).fill(1));
    const reader = pop3.retrAll(numbers, { window: 8 }).getReader();
    for (let read = 0; read < reads; read++) await reader.read();
    assertEquals(numbers.given, reads === 0 ? 0 : 8);
    await reader.cancel();
    // A generator that was not begun has nothing to end.
    assertEquals(numbers.returned, reads === 0 ? 0 : 1);
    await pop3.noop();
  }
});

Deno.test("retrAll() tells the numbers when the loop over it is left", async () => {
  await using host = await mailbox();
  await using pop3 = await open(host);
  const numbers = new Numbers(Array(1_000).fill(1));
  for await (const message of pop3.retrAll(numbers)) {
    assert("content" in message);
    break;
  }
  assertEquals(numbers.returned, 1);
  await pop3.noop();
});

Deno.test("retrAll() tells the numbers when the connection is lost", async () => {
  await using server = await scripted(async (conn) => {
    await capa(conn, "PIPELINING");
    await conn.expect("RETR 1");
  });
  await using pop3 = await open(server);
  const numbers = new Numbers(Array(1_000).fill(1));
  const { error } = await readAll(pop3.retrAll(numbers));
  assertInstanceOf(error, ProtocolError);
  assertEquals(numbers.returned, 1);
});

Deno.test("retrAll() is over although the numbers throw when they are told so", async () => {
  for (const count of [1, 100]) {
    await using host = await mailbox();
    await using pop3 = await open(host);
    const numbers = function* (): Generator<number> {
      try {
        for (let n = 1; n <= count; n++) yield n;
      } finally {
        // deno-lint-ignore no-unsafe-finally
        throw new RangeError("not now");
      }
    };
    const reader = pop3.retrAll(numbers(), { window: 4 }).getReader();
    await reader.read();
    const cancelled = reader.cancel().catch((error) => error);
    assert(count === 1 || await cancelled instanceof RangeError);
    await cancelled;
    await pop3.noop();
  }
});

Deno.test("retrAll() refuses bad options before anything is sent", async () => {
  await using host = await mailbox();
  await using pop3 = await open(host);
  for (const bad of [0, -1, NaN, 0.5]) {
    assertThrows(() => pop3.retrAll([1], { window: bad }), TypeError, "window");
    assertThrows(() => pop3.retrAll([1], { maxSize: bad }), TypeError);
  }
  await pop3.noop();
  assertEquals(host.commands, ["NOOP"]);
});

Deno.test("retrAll() lets nothing else run while it is open", async () => {
  await using host = await mailbox();
  await using pop3 = await open(host);
  const reader = pop3.retrAll([1, 2, 3]).getReader();
  await reader.read();
  const calls = [
    () => pop3.noop(),
    () => pop3.dele(1),
    () => pop3.retr(1),
    () => pop3.quit(),
    () => pop3.retrAll([1]).getReader().read(),
  ];
  for (const call of calls) {
    const error = await assertRejects(call, DOMException, "retrAll");
    assertEquals(error.name, "InvalidStateError");
  }
  await reader.read();
  await reader.read();
  assertEquals((await reader.read()).done, true);
  await pop3.noop();
});

for (const signal of [undefined, new AbortController().signal]) {
  const how = signal ? "with a signal" : "without a signal";
  Deno.test(`retrAll() and what is called right after it do not mix, ${how}`, async () => {
    await using host = await mailbox();
    const pop3 = await open(host, { timeout: 500 });
    const stream = pop3.retrAll([1, 2, 3], { signal });
    const noop = pop3.noop().then(() => "done", (error) => error.name);
    const second = pop3.retrAll([4]).getReader().read()
      .then(() => "done", (error) => error.name);
    const { numbers, error } = await readAll(stream);
    assertEquals(
      [await noop, await second],
      Array(2).fill("InvalidStateError"),
    );
    assertEquals([numbers, error], [[1, 2, 3], undefined]);
    await pop3.quit();
  });
}

Deno.test("retrAll() waits for what was called before it", async () => {
  await using host = await mailbox();
  await using pop3 = await open(host);
  const noop = pop3.noop();
  const { numbers } = await readAll(pop3.retrAll([1]));
  await noop;
  assertEquals(numbers, [1]);
  assertEquals(host.commands, ["NOOP", "CAPA", "RETR 1"]);
});

Deno.test("retrAll() takes nothing unasked for a message", async () => {
  const extra = "+OK\r\nnot yours\r\n.\r\n";
  for (const behind of ["CAPA", "RETR 1"]) {
    for (const can of ["PIPELINING", "TOP"]) {
      await using server = await scripted(async (conn) => {
        await conn.expect("CAPA");
        const said = `+OK\r\n${can}\r\n.\r\n`;
        await conn.write(behind === "CAPA" ? said + extra : said);
        if (await conn.readLine() !== "RETR 1") return;
        const one = "+OK\r\none\r\n.\r\n";
        await conn.write(behind === "CAPA" ? one : one + extra);
        await conn.readToEnd();
      });
      const pop3 = await open(server);
      const texts: string[] = [];
      const error = await failureOf((async () => {
        for await (const one of pop3.retrAll([1, 2], { window: 1 })) {
          assert("content" in one);
          texts.push(new TextDecoder().decode(one.content));
        }
      })());
      assertInstanceOf(error, ProtocolError, `${error}`);
      assertEquals(texts, behind === "CAPA" ? [] : ["one\r\n"]);
      pop3.close();
    }
  }
});

Deno.test("retrAll() gives up a server that answers RETR with a challenge or junk", async () => {
  for (const words of ["+ Y2hh", "+", "250 ok", "", "* OK"]) {
    await using server = await scripted(async (conn) => {
      await capa(conn, "PIPELINING");
      await conn.expect("RETR 1");
      await conn.write(words + "\r\n");
      await conn.readToEnd();
    });
    const pop3 = await open(server);
    const { error } = await readAll(pop3.retrAll([1, 2, 3]));
    assertInstanceOf(error, ProtocolError);
    await failureOf(pop3.noop());
  }
});

Deno.test("retrAll() ends in the reason why the client was closed or aborted", async () => {
  for (const how of ["close", "abort"]) {
    const { promise: sent, resolve: begun } = Promise.withResolvers<void>();
    await using server = await scripted(async (conn) => {
      await capa(conn, "PIPELINING");
      await conn.expect("RETR 1");
      await conn.write("+OK\r\nhalf");
      begun();
      await conn.hang();
    });
    const watched = new WatchedSignal();
    const pop3 = await open(server, { signal: watched.signal });
    const reader = pop3.retrAll([1, 2]).getReader();
    const first = failureOf(reader.read());
    await sent;
    if (how === "close") pop3.close();
    else watched.abort(new DOMException("enough", "InvalidStateError"));
    assertEquals((await first).name, "InvalidStateError");
    assertEquals((await failureOf(pop3.noop())).name, "InvalidStateError");
    assertEquals(watched.listeners, 0);
  }
});

Deno.test("retrAll() asks once what the server can, and not where it does not say", async () => {
  await using host = await mailbox("-ERR what\r\n");
  await using pop3 = await open(host);
  assertEquals((await readAll(pop3.retrAll([1, 2]))).numbers, [1, 2]);
  assertEquals((await readAll(pop3.retrAll([3]))).numbers, [3]);
  assertEquals(host.commands, ["CAPA", "RETR 1", "RETR 2", "RETR 3"]);
});

Deno.test("retrAll() cancelled before the first read goes on at once", async () => {
  await using host = await mailbox();
  await using pop3 = await open(host);
  await pop3.retrAll([1, 2]).cancel();
  await pop3.noop();
  assertEquals(host.commands, ["CAPA", "NOOP"]);
  await using server = await scripted(bye);
  const other = await open(server);
  const stream = other.retrAll([]);
  other.close();
  await stream.cancel();
});

Deno.test("retrAll() holds no more memory than its messages need", async () => {
  await using host = await mailbox();
  await using pop3 = await open(host);
  for await (const message of pop3.retrAll([1])) {
    assert("content" in message);
    assertEquals(message.content.length, 3);
    assert(message.content.buffer.byteLength < 1_000);
  }
});
