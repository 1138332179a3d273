import {
  assert,
  assertEquals,
  assertInstanceOf,
  assertRejects,
} from "jsr:@std/assert@^1.0.0";
import { ProtocolError } from "../../_wire/errors.ts";
import {
  checkPipelineOptions,
  type Outcome,
  type Pipeline,
  pipelined,
} from "../../_wire/pipeline.ts";
import { Turns } from "../../_wire/turns.ts";
import {
  bytes,
  eventLoopTurn,
  isSettled,
  type MemoryConnection,
  memoryConnection,
} from "./memory.ts";

interface Head {
  key: number;
}
type Got = Outcome<Head, { lost: number }>;

/** A run whose answers are one body for each key, all of them there. */
interface Opened extends MemoryConnection {
  stream: ReadableStream<Got>;
  turns: Turns;
  /** The keys of each write. */
  writes: number[][];
  /** Whether each was the first on an idle connection. */
  idle: boolean[];
}

function upTo(count: number): number[] {
  return Array.from({ length: count }, (_, at) => at + 1);
}

function opened(
  bodies: Uint8Array[],
  o: Partial<Pipeline<number, Head, { lost: number }>> & {
    signal?: AbortSignal;
    begin?: (open: () => void) => Promise<unknown>;
  } = {},
): Opened {
  const memory = memoryConnection(bodies);
  const turns = new Turns();
  const writes: number[][] = [];
  const idle: boolean[] = [];
  const { begin, signal, ...overrides } = o;
  const pipeline: Pipeline<number, Head, { lost: number }> = {
    connection: memory.connection,
    turns,
    name: "many",
    keys: upTo(bodies.length)[Symbol.iterator](),
    maxSize: 1 << 20,
    window: 4,
    ask(keys, isIdle) {
      writes.push([...keys]);
      idle.push(isIdle);
      return Promise.resolve();
    },
    answer: (key) => Promise.resolve({ head: { key } }),
    tooLarge: (key) => ({ lost: key }),
    ...overrides,
  };
  const stream = pipelined<number, Head, { lost: number }>(
    (open) =>
      (begin ?? ((run) =>
        turns.take("x", signal, () => {
          run();
          return Promise.resolve();
        })))(() => open(pipeline)),
    signal,
  );
  return { ...memory, stream, turns, writes, idle };
}

function body(size: number, fill = 0x61): Uint8Array {
  const all = new Uint8Array(size + 5).fill(fill);
  all.set(bytes("\r\n.\r\n"), size);
  return all;
}

function sizeOf(one: Got): number {
  return "content" in one ? one.content.length : -one.lost;
}

Deno.test("pipelined() gives bodies of any size, each in memory of its own", async () => {
  const sizes = [0, 1, 65_533, 65_534, 65_535, 65_536, 200_000, 1, 0];
  const { stream, turns } = opened(sizes.map((size, n) => body(size, 97 + n)));
  const got = await Array.fromAsync(stream);
  assertEquals(got.map(sizeOf), sizes.map((size) => size + 2));
  for (const [n, one] of got.entries()) {
    assert("content" in one);
    const { content } = one;
    assertEquals(content.length, content.buffer.byteLength);
    assert(content.subarray(0, sizes[n]).every((byte) => byte === 97 + n));
  }
  assertEquals(turns.open, undefined);
});

Deno.test("pipelined() fills the window by halves, and says where nothing is under way", async () => {
  for (
    const [window, writes] of [
      [1, [[1], [2], [3], [4], [5], [6]]],
      [2, [[1, 2], [3], [4], [5], [6]]],
      [4, [[1, 2, 3, 4], [5, 6]]],
      [5, [[1, 2, 3, 4, 5], [6]]],
      [Infinity, [[1, 2, 3, 4, 5, 6]]],
    ] as const
  ) {
    const all = opened(upTo(6).map(() => body(1)), { window });
    assertEquals((await Array.fromAsync(all.stream)).length, 6);
    assertEquals(all.writes, writes.map((one) => [...one]));
    assertEquals(all.idle, writes.map((_, n) => n === 0 || window === 1));
  }
});

Deno.test("pipelined() takes keys of any value", async () => {
  const keys = [undefined, null, 0, "", NaN];
  const { stream } = opened(keys.map(() => body(1)), {
    keys: (keys as number[])[Symbol.iterator](),
  });
  const got = await Array.fromAsync(stream);
  assertEquals(got.map((one) => "key" in one && one.key), keys as number[]);
});

Deno.test("pipelined() asks for nothing before the first read", async () => {
  let pulled = 0;
  const { stream, writes, turns } = opened([], {
    keys: { next: () => ({ done: ++pulled > 3, value: 1 }) } as Iterator<
      number
    >,
  });
  await eventLoopTurn();
  assertEquals([pulled, writes, turns.open], [0, [], "many"]);
  await stream.cancel();
  assertEquals([pulled, writes, turns.open], [0, [], undefined]);
});

Deno.test("pipelined() that cannot begin rejects with the reason", async () => {
  const { stream, turns } = opened([], {
    begin: () => Promise.reject(new RangeError("not now")),
  });
  await eventLoopTurn();
  await assertRejects(() => Array.fromAsync(stream), RangeError, "not now");
  assertEquals(turns.open, undefined);
  const other = opened([], {
    begin: () => Promise.reject(new RangeError("not now")),
  });
  await other.stream.cancel();
});

Deno.test("pipelined() that is cancelled before it begins holds nothing", async () => {
  const { promise: gate, resolve: go } = Promise.withResolvers<void>();
  const { stream, turns, writes } = opened([body(1)], {
    async begin(open) {
      await gate;
      open();
    },
  });
  const cancelled = stream.cancel();
  assert(!await isSettled(cancelled));
  go();
  await cancelled;
  assertEquals([turns.open, writes], [undefined, []]);
});

Deno.test("pipelined() takes its keys back once, unless they have ended or failed", async () => {
  for (
    const [reads, ends, fails, back] of [
      [1, Infinity, false, 1],
      [3, 2, false, 0],
      [2, 1, true, 0],
      [0, Infinity, false, 1],
    ] as const
  ) {
    let returned = 0;
    let given = 0;
    const keys: Iterator<number> = {
      next() {
        if (given < ends) return { done: false, value: ++given };
        if (fails) throw new RangeError("no more");
        return { done: true, value: undefined };
      },
      return: () => ({ done: true, value: void returned++ }),
    };
    const { stream } = opened(upTo(9).map(() => body(1)), { keys });
    const reader = stream.getReader();
    for (let n = 0; n < reads; n++) await reader.read().catch(() => {});
    await reader.cancel().catch(() => {});
    await eventLoopTurn();
    assertEquals(returned, back);
  }
});

Deno.test("pipelined() closes where a command cannot be sent or an answer is none", async () => {
  for (const how of ["ask", "answer"] as const) {
    const { stream, connection, turns } = opened([body(1)], {
      [how]: () => Promise.reject(new ProtocolError(how)),
    });
    await assertRejects(() => Array.fromAsync(stream), ProtocolError, how);
    assert(connection.closed);
    assertEquals(turns.open, undefined);
  }
});

Deno.test("pipelined() reads on behind a body that is too large, up to 16 times as much", async () => {
  const few = opened([body(150), body(5), body(100)], { maxSize: 10 });
  assertEquals((await Array.fromAsync(few.stream)).map(sizeOf), [-1, 7, -3]);
  const many = opened([body(400_000), body(5)], { maxSize: 10 });
  const reader = many.stream.getReader();
  assertEquals(sizeOf((await reader.read()).value!), -1);
  assert(many.connection.closed);
  assertInstanceOf(many.connection.closeReason, ProtocolError);
});

Deno.test("pipelined() that is cancelled drops up to 1 MiB of all that is under way", async () => {
  for (const [size, closed] of [[200_000, false], [500_000, true]] as const) {
    const { stream, connection, turns } = opened(upTo(4).map(() => body(size)));
    const reader = stream.getReader();
    await reader.read();
    await reader.cancel();
    assertEquals(connection.closed, closed, `${size}`);
    assertEquals(turns.open, undefined);
    if (closed) {
      const { message } = connection.closeReason as Error;
      assert(message.includes("many was given up with more than 1048576"));
    }
  }
});

Deno.test("pipelined() has commands wait while it drops the rest", async () => {
  const { promise: gate, resolve: go } = Promise.withResolvers<void>();
  const { stream, turns } = opened(upTo(4).map(() => body(1)), {
    async answer(key) {
      if (key === 3) await gate;
      return { head: { key } };
    },
  });
  const reader = stream.getReader();
  await reader.read();
  const cancelled = reader.cancel();
  const command = turns.take("x", undefined, () => Promise.resolve("done"));
  assert(!await isSettled(command));
  go();
  assertEquals(await command, "done");
  await cancelled;
});

Deno.test("pipelined() drops no more than its bound to try a remedy", async () => {
  let cured = false;
  const { stream, connection } = opened([body(200_000)], {
    keys: upTo(2)[Symbol.iterator](),
    maxSize: 1_000,
    answer: (key) =>
      Promise.resolve(
        key === 2 ? { head: { key } } : {
          failure: { lost: key },
          remedy() {
            cured = true;
            return Promise.resolve();
          },
        },
      ),
  });
  const error = await Array.fromAsync(stream).catch((error) => error);
  assertInstanceOf(error, ProtocolError);
  assert(error.message.includes("16000 bytes to come"), error.message);
  assert(connection.closed && !cured);
});

Deno.test("pipelined() goes on where a remedy helps, and gives the refusal where not", async () => {
  for (const helps of [true, false]) {
    let cured = 0;
    let broken = true;
    // Those that are dropped come a second time.
    const { stream, writes } = opened(upTo(helps ? 6 : 8).map(() => body(1)), {
      keys: upTo(6)[Symbol.iterator](),
      answer(key) {
        // What comes behind the refusal is one, too.
        if (key < 3 || !broken || !helps && key !== 3) {
          return Promise.resolve({ head: { key } });
        }
        return Promise.resolve({
          failure: { lost: key },
          remedy() {
            cured++;
            broken = !helps;
            return Promise.resolve();
          },
        });
      },
    });
    const got = await Array.fromAsync(
      stream,
      (one) => "key" in one ? one.key : -one.lost,
    );
    assertEquals(got, helps ? [1, 2, 3, 4, 5, 6] : [1, 2, -3, 4, 5, 6]);
    assertEquals(cured, 1);
    assert(writes.some((keys) => keys[0] === 3));
  }
});

Deno.test("checkPipelineOptions() fills in the defaults", () => {
  assertEquals(checkPipelineOptions({}, 32), { maxSize: 2 ** 26, window: 32 });
  assertEquals(
    checkPipelineOptions({ maxSize: Infinity, window: 1 }, 32),
    { maxSize: Infinity, window: 1 },
  );
  for (const bad of [0, -1, NaN, "x" as unknown as number]) {
    for (const name of ["maxSize", "window"]) {
      let error: unknown;
      try {
        checkPipelineOptions({ [name]: bad }, 32);
      } catch (thrown) {
        error = thrown;
      }
      assertInstanceOf(error, TypeError);
    }
  }
});
