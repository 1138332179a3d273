import {
  assert,
  assertEquals,
  assertInstanceOf,
  assertRejects,
} from "jsr:@std/assert@^1.0.0";
import { Buffer } from "node:buffer";
import {
  constants,
  createDeflateRaw,
  deflateRawSync,
  inflateRawSync,
} from "node:zlib";
import { deflated } from "../../_wire/deflate.ts";
import { ProtocolError } from "../../_wire/errors.ts";
import type { Transport } from "../../_wire/transport.ts";
import { randomSlices, seededRandom } from "../_support/random_slices.ts";
import { concat, eventLoopTurn, isSettled, pieces } from "./memory.ts";

/** A transport in memory: what comes, and what was sent. */
function below(
  parts: Iterable<Uint8Array>,
  overrides: Partial<Transport> = {},
): Transport & { sent: Uint8Array[]; closed: number; asked: () => number } {
  const source = pieces(parts);
  const transport = {
    sent: [] as Uint8Array[],
    closed: 0,
    asked: () => source.asked,
    read: (into: Uint8Array) => source.read(into),
    write(data: Uint8Array) {
      transport.sent.push(data.slice());
      return Promise.resolve(data.length);
    },
    closeWrite: () => Promise.resolve(),
    close() {
      transport.closed++;
    },
    ...overrides,
  };
  return transport;
}

/** Data that can be packed in part. */
function mixed(size: number, random: () => number): Uint8Array<ArrayBuffer> {
  return Uint8Array.from(
    { length: size },
    (_, at) => at % 1_000 < 500 ? at & 0xff : random() * 256,
  );
}

/** What a server sends: each part flushed. */
async function packed(parts: Uint8Array[]): Promise<Uint8Array[]> {
  const stream = createDeflateRaw({ flush: constants.Z_SYNC_FLUSH });
  const all: Uint8Array[] = [];
  stream.on("data", (chunk: Uint8Array) => all.push(chunk));
  for (const part of parts) {
    await new Promise((resolve) => stream.write(part, resolve));
  }
  await eventLoopTurn();
  stream.destroy();
  return all;
}

async function readAll(
  transport: Transport,
  size: number,
  step = 4_096,
): Promise<Uint8Array> {
  const out = new Uint8Array(size);
  for (let at = 0; at < size;) {
    const count = await transport.read(out.subarray(at, at + step));
    if (count === null) throw new Error(`it ended after ${at}`);
    at += count;
  }
  return out;
}

Deno.test("deflated() reads what was packed, at random splits", async () => {
  const random = seededRandom(1951);
  for (const size of [1, 2, 100, 65_536, 65_537, 300_000]) {
    for (const step of [1, 7, 4_096, 1 << 20]) {
      if (size / step > 70_000) continue;
      const data = mixed(size, random);
      const whole = concat(await packed([...randomSlices(data, random)]));
      const transport = deflated(below(randomSlices(whole, random)));
      assert(Buffer.from(data).equals(await readAll(transport, size, step)));
      assertEquals(await transport.read(new Uint8Array(9)), null);
      transport.close();
    }
  }
});

Deno.test("deflated() reads what was packed, byte by byte", async () => {
  const data = mixed(3_000, seededRandom(1));
  const whole = concat(await packed([data]));
  const transport = deflated(
    below(Array.from(whole, (byte) => Uint8Array.of(byte))),
  );
  assert(Buffer.from(data).equals(await readAll(transport, data.length, 10)));
  transport.close();
});

Deno.test("deflated() hands out all that was flushed without asking for more", async () => {
  const lines = ["200 ready\r\n", "x".repeat(100_000), "."].map((text) =>
    new TextEncoder().encode(text)
  );
  const random = seededRandom(2);
  for (const line of [...lines, mixed(70_000, random)]) {
    const parts = await packed([line]);
    const under = below([concat(parts)], {});
    const { promise: never, resolve } = Promise.withResolvers<null>();
    const count = Math.ceil(concat(parts).length / 65_536);
    const transport = deflated({
      ...under,
      read: (into) => under.asked() < count ? under.read(into) : never,
    });
    assert(Buffer.from(line).equals(await readAll(transport, line.length)));
    transport.close();
    resolve(null);
  }
});

Deno.test("deflated() writes what the other side can read at once", async () => {
  const random = seededRandom(4978);
  const under = below([]);
  const transport = deflated(under);
  const parts: Uint8Array[] = [];
  for (let round = 0; round < 60; round++) {
    const part = mixed(Math.floor(random() ** 4 * 300_000), random);
    parts.push(part);
    assertEquals(await transport.write(part), part.length);
    const got = inflateRawSync(concat(under.sent), {
      finishFlush: constants.Z_SYNC_FLUSH,
    });
    assert(Buffer.from(concat(parts)).equals(got), `after ${round} writes`);
  }
  transport.close();
});

Deno.test("deflated() takes data whose memory is used again", async () => {
  const under = below([]);
  const transport = deflated(under);
  const memory = new Uint8Array(100_000);
  for (let round = 0; round < 5; round++) {
    memory.fill(65 + round);
    await transport.write(memory);
    memory.fill(0);
  }
  const got = inflateRawSync(concat(under.sent), {
    finishFlush: constants.Z_SYNC_FLUSH,
  });
  assertEquals(got.length, 500_000);
  assertEquals(got.indexOf(0), -1);
  transport.close();
});

Deno.test("deflated() writes on where a write below is short", async () => {
  const random = seededRandom(3);
  const sent: Uint8Array[] = [];
  const transport = deflated(below([], {
    write(data) {
      const part = data.slice(0, 1 + Math.floor(random() * 1_000));
      sent.push(part);
      return Promise.resolve(part.length);
    },
  }));
  const data = mixed(200_000, random);
  await transport.write(data);
  const got = inflateRawSync(concat(sent), {
    finishFlush: constants.Z_SYNC_FLUSH,
  });
  assert(Buffer.from(data).equals(got));
  transport.close();
});

Deno.test("deflated() makes damaged data a ProtocolError", async () => {
  for (
    const bytes of [
      [0xff, 0xff, 0xff],
      [...new TextEncoder().encode("200 not compressed\r\n")],
      [0x06],
      [0x00, 0x01, 0x00, 0x00, 0x00],
    ]
  ) {
    const transport = deflated(below([Uint8Array.from(bytes)]));
    const error = await transport.read(new Uint8Array(100))
      .catch((error) => error);
    if (error !== null) assertInstanceOf(error, ProtocolError, `${error}`);
    if (error !== null) assert(error.message.includes("damaged"));
    transport.close();
  }
  const random = seededRandom(5);
  for (let round = 0; round < 200; round++) {
    const whole = concat(await packed([mixed(5_000, random)]));
    whole[Math.floor(random() * whole.length)]! ^= 1 +
      Math.floor(random() * 255);
    const transport = deflated(below(randomSlices(whole, random)));
    // Whatever comes of it, it ends, and in nothing else.
    try {
      while (await transport.read(new Uint8Array(1_000)) !== null);
    } catch (error) {
      assertInstanceOf(error, ProtocolError, `${error}`);
    }
    transport.close();
  }
});

Deno.test("deflated() does not wait for ever behind the last block", async () => {
  const last = deflateRawSync("bye");
  for (
    const parts of [
      [last],
      [last, Uint8Array.of(1, 2, 3)],
      [concat([last, Uint8Array.of(1, 2, 3)])],
      [concat([last, last]), last],
    ]
  ) {
    const transport = deflated(below(parts));
    assertEquals(await readAll(transport, 3), new TextEncoder().encode("bye"));
    const end = transport.read(new Uint8Array(9)).catch((error) => error);
    assert(await isSettled(end));
    const result = await end;
    if (result !== null) assertInstanceOf(result, ProtocolError, `${result}`);
    transport.close();
  }
});

Deno.test("deflated() makes no more of a bomb than it is asked for", async () => {
  const GIB = 2 ** 30;
  const zeros = new Uint8Array(2 ** 20);
  const bomb = await packed(
    Array.from({ length: GIB / zeros.length }, () => zeros),
  );
  const whole = concat(bomb);
  assert(whole.length < 2 * 2 ** 20, `${whole.length}`);
  const transport = deflated(below([whole]));
  const into = new Uint8Array(65_536);
  await transport.read(into);
  const before = held();
  for (let turn = 0; turn < 50; turn++) await eventLoopTurn();
  let most = 0;
  for (let read = 0; read < GIB / 4;) {
    read += (await transport.read(into))!;
    most = Math.max(most, held());
  }
  transport.close();
  assert(most - before < 100 * 2 ** 20, `${(most - before) / 2 ** 20} MiB`);
});

Deno.test("deflated() gives back everything where it is closed while reading", async () => {
  const { promise: gate, resolve } = Promise.withResolvers<null>();
  const under = below([], { read: () => gate });
  const transport = deflated(under);
  const read = transport.read(new Uint8Array(9));
  await eventLoopTurn();
  transport.close();
  assertEquals(under.closed, 1);
  resolve(null);
  assertEquals(await read, null);
});

Deno.test("deflated() gives back everything where it is closed while expanding", async () => {
  const zeros = new Uint8Array(2 ** 24);
  const whole = concat(await packed([zeros]));
  for (let turns = 0; turns < 6; turns++) {
    const transport = deflated(below([whole]));
    const read = transport.read(new Uint8Array(1_000)).catch((error) => error);
    for (let turn = 0; turn < turns; turn++) await Promise.resolve();
    transport.close();
    transport.close();
    assert(await isSettled(read));
  }
});

Deno.test("deflated() gives back everything where it is closed while writing", async () => {
  const data = mixed(2 ** 20, seededRandom(9));
  for (const stuck of [true, false]) {
    const { promise: gate, reject } = Promise.withResolvers<number>();
    const transport = deflated(
      below([], stuck ? { write: () => gate } : {}),
    );
    const write = transport.write(data).catch((error) => error);
    await eventLoopTurn();
    transport.close();
    gate.catch(() => {});
    reject(new Deno.errors.Interrupted("closed"));
    await write;
    assert(await isSettled(transport.write(data).catch(() => {})));
  }
});

Deno.test("deflated() passes on what fails below", async () => {
  const transport = deflated(below([], {
    read: () => Promise.reject(new Deno.errors.ConnectionReset("gone")),
    write: () => Promise.reject(new Deno.errors.BrokenPipe("gone")),
  }));
  await assertRejects(
    () => transport.read(new Uint8Array(1)),
    Deno.errors.ConnectionReset,
  );
  await assertRejects(
    () => transport.write(new Uint8Array(1)),
    Deno.errors.BrokenPipe,
  );
  transport.close();
});

/** Of this test's isolate: other tests run in the same process. */
function held(): number {
  const { heapUsed, external } = Deno.memoryUsage();
  return heapUsed + external;
}
