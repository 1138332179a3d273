import {
  assert,
  assertEquals,
  assertInstanceOf,
  assertRejects,
} from "jsr:@std/assert@^1.0.0";
import { Buffer } from "node:buffer";
import { type BodySource, NntpError, ProtocolError } from "../../news/mod.ts";
import { randomSlices, seededRandom } from "../_support/random_slices.ts";
import type { ScriptedConn } from "../_support/scripted_server.ts";
import { Clock } from "../_wire/clock.ts";
import { eventLoopTurn, isSettled } from "../_wire/memory.ts";
import {
  bye,
  failureOf,
  open,
  scripted,
  startHost,
  WatchedSignal,
} from "./script.ts";

const REASON = new RangeError("enough");

/** All that comes up to the lone dot, as it is on the wire. */
async function take(conn: ScriptedConn): Promise<string> {
  let all = "";
  while (!/(^|\r\n)\.\r\n$/.test(all)) {
    const bytes = await conn.readBytes(1);
    if (bytes.length === 0) throw new Error("it ended before its dot");
    all += Buffer.from(bytes).toString("latin1");
  }
  return all;
}

const SOURCE = ".a\r\n..\n.\r.\r\n\r\nb.\n\n.c\r\n.";
const ON_WIRE = "..a\r\n...\r\n..\r\n..\r\n\r\nb.\r\n\r\n..c\r\n..\r\n.\r\n";

Deno.test("post() stuffs dots and ends lines in CRLF at every split of its source", async () => {
  const { promise: done, resolve } = Promise.withResolvers<void>();
  const got: string[] = [];
  await using server = await scripted(async (conn) => {
    while (await conn.readLine() === "POST") {
      await conn.write("340 go\r\n");
      got.push(await take(conn));
      await conn.write("240 ok\r\n");
    }
    resolve();
  });
  await using nntp = await open(server, { reader: false });
  const bytes = new TextEncoder().encode(SOURCE);
  for (let at = 0; at <= bytes.length; at++) {
    await nntp.post(
      ReadableStream.from([bytes.slice(0, at), bytes.slice(at)]),
    );
    assertEquals(got.pop(), ON_WIRE, `split at ${at}`);
  }
  await nntp.post(
    ReadableStream.from(Array.from(bytes, (one) => Uint8Array.of(one))),
  );
  assertEquals(got.pop(), ON_WIRE);
  const random = seededRandom(1036);
  for (let round = 0; round < 20; round++) {
    await nntp.post(ReadableStream.from(randomSlices(bytes, random)));
    assertEquals(got.pop(), ON_WIRE);
  }
  nntp.close();
  await done;
});

Deno.test("post() and ihave() take sources of every kind", async () => {
  const text = "a: grüße\n\n.x";
  const bytes = new TextEncoder().encode(text);
  const sources: (() => BodySource)[] = [
    () => text,
    () => bytes,
    () => new Blob([bytes]),
    () => new Blob([bytes]).stream(),
    () => ReadableStream.from([bytes]),
    async function* () {
      yield bytes;
    },
    () => new Uint8Array(bytes.buffer, 0, bytes.length),
  ];
  const wanted = Buffer.from("a: grüße\r\n\r\n..x\r\n.\r\n").toString("latin1");
  await using server = await scripted(async (conn) => {
    for (let n = 0; n < sources.length * 2; n++) {
      const command = await conn.expect(/^(POST|IHAVE <a@x>)$/);
      await conn.write(command === "POST" ? "340 go\r\n" : "335 go\r\n");
      assertEquals(await take(conn), wanted);
      await conn.write(command === "POST" ? "240 ok\r\n" : "235 ok\r\n");
    }
    await bye(conn);
  });
  await using nntp = await open(server, { reader: false });
  for (const source of sources) {
    await nntp.post(source());
    await nntp.ihave("<a@x>", source());
  }
});

Deno.test("post() of nothing sends the lone dot", async () => {
  for (
    const nothing of ["", new Uint8Array(), new Blob(), ReadableStream.from([])]
  ) {
    await using server = await scripted(async (conn) => {
      await conn.expect("POST");
      await conn.write("340 go\r\n");
      await conn.expect(".");
      await conn.write("441 empty\r\n");
      await bye(conn);
    });
    await using nntp = await open(server, { reader: false });
    await assertRejects(
      () => nntp.post(nothing as BodySource),
      NntpError,
      "441 empty",
    );
  }
});

Deno.test("post() sends bytes of every value as they are, but for line ends", async () => {
  const bytes = Uint8Array.from({ length: 512 }, (_, n) => n & 0xff)
    .filter((byte) => byte !== 10 && byte !== 13);
  await using server = await scripted(async (conn) => {
    await conn.expect("POST");
    await conn.write("340 go\r\n");
    assertEquals(
      await take(conn),
      Buffer.from(bytes).toString("latin1") + "\r\n.\r\n",
    );
    await conn.write("240 ok\r\n");
    await bye(conn);
  });
  await using nntp = await open(server, { reader: false });
  await nntp.post(bytes);
});

/** A stream that knows whether it was cancelled. */
function watchedSource(
  pull: (
    c: ReadableStreamDefaultController<Uint8Array>,
  ) => void | Promise<void>,
) {
  const state = { cancelled: 0 };
  const stream = new ReadableStream<Uint8Array>({
    pull,
    cancel() {
      state.cancelled++;
    },
  }, { highWaterMark: 0 });
  return { stream, state };
}

Deno.test("post() whose source fails closes, so that no half article is posted", async () => {
  const sources: Record<string, () => BodySource> = {
    "at once": () => watchedSource((c) => c.error(REASON)).stream,
    "in the middle": () => {
      let n = 0;
      return watchedSource((c) =>
        n++ < 3 ? c.enqueue(new Uint8Array(9)) : c.error(REASON)
      ).stream;
    },
    "as a generator": async function* () {
      yield new Uint8Array(9);
      throw REASON;
    },
    "with what is no bytes": () =>
      ReadableStream.from(["text"] as unknown as Uint8Array[]),
  };
  for (const [how, source] of Object.entries(sources)) {
    const heard = Promise.withResolvers<string>();
    await using server = await scripted(async (conn) => {
      await conn.expect("POST");
      await conn.write("340 go\r\n");
      const rest = await conn.readToEnd();
      heard.resolve(Buffer.from(rest).toString("latin1"));
    });
    const nntp = await open(server, { reader: false });
    const error = await failureOf(nntp.post(source()));
    if (how.startsWith("with")) assertInstanceOf(error, TypeError);
    else assertEquals(error, REASON);
    await failureOf(nntp.date());
    assert(!/(^|\r\n)\.\r\n/.test(await heard.promise), how);
  }
});

Deno.test("post() whose source hangs ends when it is aborted, closed, or the server is gone", async () => {
  for (const how of ["abort", "close", "client signal"]) {
    const { promise: reading, resolve } = Promise.withResolvers<void>();
    const { stream, state } = watchedSource(() => {
      resolve();
      return new Promise(() => {});
    });
    await using server = await scripted(async (conn) => {
      await conn.expect("POST");
      await conn.write("340 go\r\n");
      await conn.readToEnd();
    });
    const whole = new WatchedSignal();
    const nntp = await open(server, { reader: false, signal: whole.signal });
    const watched = new WatchedSignal();
    const post = failureOf(nntp.post(stream, { signal: watched.signal }));
    await reading;
    if (how === "abort") watched.abort(REASON);
    else if (how === "close") nntp.close();
    else whole.abort(REASON);
    const error = await post;
    if (how === "close") assertEquals(error.name, "InvalidStateError");
    else assertEquals(error, REASON);
    await eventLoopTurn();
    assertEquals(state.cancelled, 1, how);
    assertEquals(watched.listeners, 0);
    await failureOf(nntp.date());
    nntp.close();
    assertEquals(whole.listeners, 0);
  }
});

for (const words of ["", "400 going down\r\n", "441 enough\r\n"]) {
  const how = words ? `says ${words.trim()} and is gone` : "is gone";
  Deno.test(`post() whose source hangs ends when the server ${how}`, async () => {
    const reading = Promise.withResolvers<void>();
    let pulls = 0;
    const { stream, state } = watchedSource((c) => {
      if (pulls++ === 0) return c.enqueue(new Uint8Array(9));
      reading.resolve();
      return new Promise(() => {});
    });
    const gone = Promise.withResolvers<void>();
    await using server = await scripted(async (conn) => {
      await conn.expect("POST");
      await conn.write("340 go\r\n");
      await conn.readBytes(9);
      await reading.promise;
      await conn.write(words);
      conn.close();
      gone.resolve();
    });
    const nntp = await open(server, { reader: false });
    const post = failureOf(nntp.post(stream));
    await gone.promise;
    for (let turn = 0; turn < 100; turn++) await eventLoopTurn();
    // It ends by itself, or is ended here.
    nntp.close();
    const error = await post;
    assertInstanceOf(error, words ? NntpError : ProtocolError, `${error}`);
    assertEquals(state.cancelled, 1);
  });
}

Deno.test("post() takes its time for a slow source, and none from the server's", async () => {
  const { promise: gate, resolve: go } = Promise.withResolvers<void>();
  await using server = await scripted(async (conn) => {
    await conn.expect("POST");
    await conn.write("340 go\r\n");
    await take(conn);
    await conn.write("240 ok\r\n");
    await bye(conn);
  });
  using clock = new Clock();
  await using nntp = await open(server, { reader: false });
  const { promise: asked, resolve } = Promise.withResolvers<void>();
  const post = nntp.post((async function* () {
    yield new Uint8Array(9);
    resolve();
    await gate;
  })());
  await asked;
  clock.pass(3_600_000);
  assert(!await isSettled(post));
  go();
  await post;
});

Deno.test("post() and ihave() that are refused read nothing of their source and give it back", async () => {
  for (const code of [440, 480, 500, 435, 436, 400, 250]) {
    let pulled = 0;
    const { stream, state } = watchedSource(() => void pulled++);
    await using host = await startHost(() => `${code} no\r\n`);
    const nntp = await open(host, { reader: false });
    const error = await failureOf(
      code < 437 ? nntp.ihave("<a@x>", stream) : nntp.post(stream),
    );
    assertInstanceOf(error, code < 400 ? ProtocolError : NntpError);
    await eventLoopTurn();
    assertEquals([pulled, state.cancelled], [0, 1], `${code}`);
    nntp.close();
  }
});

Deno.test("post() that is never begun leaves its source to the caller", async () => {
  await using host = await startHost();
  const nntp = await open(host, { reader: false });
  const { stream, state } = watchedSource((c) => c.close());
  await failureOf(nntp.post(stream, { signal: AbortSignal.abort(REASON) }));
  assertEquals([state.cancelled, stream.locked], [0, false]);
  assertEquals(host.commands, []);
  nntp.close();
});

Deno.test("post() of an article that the server cuts off rejects, and gives the source back", async () => {
  for (const words of ["", "441 enough\r\n", "400 enough\r\n"]) {
    const { stream, state } = watchedSource(async (c) => {
      await eventLoopTurn();
      c.enqueue(new Uint8Array(100_000).fill(0x61));
    });
    await using server = await scripted(async (conn) => {
      await conn.expect("POST");
      await conn.write("340 go\r\n");
      await conn.readBytes(300_000);
      await conn.write(words);
      conn.close();
    });
    const nntp = await open(server, { reader: false });
    await failureOf(nntp.post(stream));
    await eventLoopTurn();
    assertEquals(state.cancelled, 1);
    await failureOf(nntp.date());
  }
});

Deno.test("post() that the server refuses before its end is read on to its end, and refused", async () => {
  const chunks = Array.from(
    { length: 20 },
    () => new Uint8Array(100_000).fill(0x61),
  );
  await using server = await scripted(async (conn) => {
    await conn.expect("POST");
    await conn.write("340 go\r\n");
    await conn.readBytes(300_000);
    await conn.write("441 too large\r\n");
    while (await conn.readLine() !== ".");
    await bye(conn);
  });
  await using nntp = await open(server, { reader: false });
  await assertRejects(
    () => nntp.post(ReadableStream.from(chunks)),
    NntpError,
    "441",
  );
});

Deno.test("post() is uncertain where the server hangs up behind all of it", async () => {
  for (const words of ["", "24", "240 ok"]) {
    await using server = await scripted(async (conn) => {
      await conn.expect("POST");
      await conn.write("340 go\r\n");
      await take(conn);
      await conn.write(words);
    });
    const nntp = await open(server, { reader: false });
    const error = await failureOf(nntp.post("a: b\n\nc"));
    assertInstanceOf(error, ProtocolError);
    await failureOf(nntp.date());
  }
});

Deno.test("post() is one write at a time where the server reads slowly", async () => {
  let pulled = 0;
  const { stream } = watchedSource((c) => {
    pulled++;
    c.enqueue(new Uint8Array(1 << 20).fill(0x61));
  });
  await using server = await scripted(async (conn) => {
    await conn.expect("POST");
    await conn.write("340 go\r\n");
    await conn.hang();
  });
  const nntp = await open(server, { reader: false, timeout: 300 });
  const error = await failureOf(nntp.post(stream));
  assertEquals(error.name, "TimeoutError");
  assert(pulled < 40, `${pulled}`);
});
