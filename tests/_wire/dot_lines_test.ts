import {
  assert,
  assertEquals,
  assertInstanceOf,
  assertRejects,
} from "jsr:@std/assert@^1.0.0";
import { Buffer } from "node:buffer";
import { dotRecords, readDotLines } from "../../_wire/dot_lines.ts";
import { ProtocolError } from "../../_wire/errors.ts";
import { withDefaults } from "../../_wire/limits.ts";
import { Turns } from "../../_wire/turns.ts";
import { randomSlices, seededRandom } from "../_support/random_slices.ts";
import {
  bytes,
  concat,
  eventLoopTurn,
  everyByte,
  isSettled,
  type MemoryConnection,
  memoryConnection,
} from "./memory.ts";

/** Lines as they are read, and what becomes of the connection. */
interface Opened extends MemoryConnection {
  stream: ReadableStream<string>;
  turns: Turns;
}

function opened(
  parts: Iterable<Uint8Array>,
  o: {
    limit?: number;
    signal?: AbortSignal;
    parse?: (line: string) => string | undefined;
    read?: (into: Uint8Array) => Promise<number | null>;
  } = {},
): Opened {
  const memory = memoryConnection(
    parts,
    { limits: withDefaults(o.limit ? { line: o.limit } : {}) },
    o.read ? { read: o.read } : {},
  );
  const turns = new Turns();
  const stream = dotRecords({
    connection: memory.connection,
    turns,
    name: "the list",
    signal: o.signal,
    parse: o.parse ?? ((line) => line),
  });
  return { ...memory, stream, turns };
}

const latin1 = (text: string) => new Uint8Array(Buffer.from(text, "latin1"));

/** Lines on the wire, and what they are. */
const LISTS: Record<string, [wire: Uint8Array, lines: string[]]> = {
  "no line": [bytes(".\r\n"), []],
  "an empty line": [bytes("\r\n.\r\n"), [""]],
  "lines with dots": [
    bytes("..\r\n...a\r\na.b\r\na.\r\n....\r\n.\r\n"),
    [".", "..a", "a.b", "a.", "..."],
  ],
  "bare LF and CR": [
    bytes("a\nb\r\n\n\r\n\r\r\n\na\r\nb\rc\r\n\n..\r\n.\r\n"),
    ["a\nb", "\n", "\r", "\na", "b\rc", "\n.."],
  ],
  "UTF-8": [
    bytes("grüße.世界 😀\r\n\ufeffa\r\n\0\r\n.\r\n"),
    ["grüße.世界 😀", "\ufeffa", "\0"],
  ],
  "what is no UTF-8 beside what is": [
    concat([
      bytes("grüße\r\n"),
      latin1("gr\xfc\xdfe \xff\x80\x9f\r\n"),
      bytes("世界\r\n"),
      // Cut off, too long, a surrogate.
      latin1("\xe4\xb8\r\n\xc0\xaf\r\n\xed\xa0\x80\r\n"),
      bytes("😀\r\n.\r\n"),
    ]),
    [
      "grüße",
      "gr\xfc\xdfe \xff\x80\x9f",
      "世界",
      "\xe4\xb8",
      "\xc0\xaf",
      "\xed\xa0\x80",
      "😀",
    ],
  ],
};

for (const [what, [wire, lines]] of Object.entries(LISTS)) {
  Deno.test(`dotRecords() reads ${what} at every split`, async () => {
    for (let at = 0; at <= wire.length; at++) {
      const { stream, turns, connection } = opened([
        wire.subarray(0, at),
        wire.subarray(at),
        bytes("next\r\n"),
      ]);
      assertEquals(await Array.fromAsync(stream), lines, `split at ${at}`);
      assertEquals(turns.open, undefined);
      assertEquals(await connection.readReplyLine(), "next");
    }
    const { stream } = opened(everyByte(wire));
    assertEquals(await Array.fromAsync(stream), lines);
  });

  Deno.test(`readDotLines() reads ${what} at every split`, async () => {
    for (let at = 0; at <= wire.length; at++) {
      const { connection } = memoryConnection([
        wire.subarray(0, at),
        wire.subarray(at),
        bytes("next\r\n"),
      ]);
      assertEquals(await readDotLines(connection, 1_000), lines);
      assertEquals(await connection.readReplyLine(), "next");
    }
  });
}

Deno.test("dotRecords() reads a long list in slices of any length", async () => {
  const random = seededRandom(977);
  const lines = Array.from(
    { length: 30_000 },
    (_, n) => n % 1_000 === 0 ? "ü".repeat(n) : `${n} grüße`,
  );
  const wire = bytes(lines.join("\r\n") + "\r\n.\r\n");
  for (let round = 0; round < 5; round++) {
    const { stream } = opened(randomSlices(wire, random));
    const got = await Array.fromAsync(stream);
    assertEquals(got.length, lines.length);
    assert(got.every((line, at) => line === lines[at]));
  }
});

Deno.test("dotRecords() reads nothing before the first read, and no more than is wanted", async () => {
  const wire = bytes("a\r\n".repeat(50_000) + ".\r\n");
  const parts = Array.from(
    { length: 50 },
    (_, n) => wire.subarray(n * 3_000, (n + 1) * 3_000),
  );
  const { stream, source } = opened([...parts, bytes(".\r\n")]);
  await eventLoopTurn();
  assertEquals(source.asked, 0);
  const reader = stream.getReader();
  await reader.read();
  const { asked } = source;
  for (let n = 0; n < 500; n++) await reader.read();
  assertEquals(source.asked, asked);
  await reader.cancel();
});

Deno.test("dotRecords() leaves out what is not wanted", async () => {
  const wire = bytes("1\r\n".repeat(100_000) + "2\r\n.\r\n");
  const { stream } = opened([wire], {
    parse: (line) => line === "2" ? line : undefined,
  });
  assertEquals(await Array.fromAsync(stream), ["2"]);
});

Deno.test("dotRecords() closes where a line says nothing", async () => {
  const { stream, connection, turns } = opened([bytes("a\r\nb\r\n.\r\n")], {
    parse(line) {
      if (line === "b") throw new ProtocolError("no such line");
      return line;
    },
  });
  await assertRejects(() => Array.fromAsync(stream), ProtocolError, "no such");
  assert(connection.closed);
  assertEquals(turns.open, undefined);
});

Deno.test("dotRecords() takes no line over its limit, however it comes", async () => {
  for (const size of [98, 99, 200, 70_000, 200_000]) {
    const wire = bytes("a\r\n" + "x".repeat(size) + "\r\nb\r\n.\r\n");
    for (const parts of [[wire], [...randomSlices(wire, seededRandom(size))]]) {
      const { stream, connection, turns } = opened(parts, { limit: 100 });
      const got = await Array.fromAsync(stream).catch((error) => error);
      // Its end is part of it.
      if (size <= 98) assertEquals(got.length, 3);
      else {
        assertInstanceOf(got, ProtocolError, `${size}`);
        assert(got.message.includes("longer than 100 bytes"));
        assert(connection.closed);
        assertEquals(turns.open, undefined);
      }
    }
  }
});

Deno.test("dotRecords() counts a line in bytes", async () => {
  const wire = bytes("世".repeat(50) + "\r\n.\r\n");
  const { stream } = opened([wire], { limit: 100 });
  await assertRejects(() => Array.fromAsync(stream), ProtocolError, "longer");
});

Deno.test("dotRecords() stops at a line that never ends", async () => {
  let sent = 0;
  const { stream } = opened([], {
    read(into) {
      sent += into.fill(0x61).length;
      return Promise.resolve(into.length);
    },
  });
  await assertRejects(() => Array.fromAsync(stream), ProtocolError, "longer");
  assert(sent < 2 ** 19, `${sent}`);
});

Deno.test("readDotLines() stops at a list and a line that never end", async () => {
  for (const text of ["a\r\n", "a"]) {
    const endless = bytes(text.repeat(3_000));
    const { connection } = memoryConnection([], {}, {
      read(into) {
        into.set(endless.subarray(0, into.length));
        return Promise.resolve(Math.min(into.length, endless.length));
      },
    });
    await assertRejects(
      () => readDotLines(connection, 100_000),
      ProtocolError,
      "longer than 100000 bytes",
    );
    assert(connection.closed);
  }
  const { connection } = memoryConnection(
    [bytes("x".repeat(200) + "\r\n.\r\n")],
    { limits: withDefaults({ line: 100 }) },
  );
  await assertRejects(
    () => readDotLines(connection, 1_000),
    ProtocolError,
    "a line is longer than 100 bytes",
  );
});

Deno.test("dotRecords() and readDotLines() end in an error where the input does", async () => {
  const wire = bytes("a\r\n..b\r\n\r\n.\r\n");
  for (let stop = 0; stop < wire.length; stop++) {
    const { stream, connection } = opened([wire.subarray(0, stop)]);
    await assertRejects(
      () => Array.fromAsync(stream),
      ProtocolError,
      "final dot",
    );
    assert(connection.closed);
    const other = memoryConnection([wire.subarray(0, stop)]).connection;
    await assertRejects(() => readDotLines(other, 100), ProtocolError);
    assert(other.closed);
  }
});

Deno.test("dotRecords() that is cancelled drops the rest, and gives no more", async () => {
  for (let reads = 0; reads <= 3; reads++) {
    const { stream, connection, turns } = opened(
      everyByte(bytes("a\r\nb\r\nc\r\n.\r\nnext\r\n")),
    );
    const reader = stream.getReader();
    for (let read = 0; read < reads; read++) await reader.read();
    await reader.cancel();
    assertEquals(turns.open, undefined);
    assertEquals(await connection.readReplyLine(), "next");
  }
});

Deno.test("dotRecords() that was aborted already drops everything", async () => {
  const { stream, connection, turns } = opened(
    [bytes("a\r\nb\r\n.\r\nnext\r\n")],
    { signal: AbortSignal.abort(new RangeError("enough")) },
  );
  await assertRejects(() => Array.fromAsync(stream), RangeError, "enough");
  await turns.take("wait", undefined, () => Promise.resolve());
  assertEquals(await connection.readReplyLine(), "next");
});

Deno.test("dotRecords() gives nothing of a chunk that comes after an abort", async () => {
  const { promise: gate, resolve: go } = Promise.withResolvers<void>();
  const controller = new AbortController();
  let left = [bytes("a\r\nb\r\n.\r\n")];
  let parsed = 0;
  const { stream, turns } = opened([], {
    signal: controller.signal,
    parse: (line) => (parsed++, line),
    async read(into) {
      await gate;
      const [part] = left;
      left = [];
      if (!part) return null;
      into.set(part);
      return part.length;
    },
  });
  const read = stream.getReader().read();
  assert(!await isSettled(read.catch(() => {})));
  controller.abort(new RangeError("enough"));
  await assertRejects(() => read, RangeError, "enough");
  go();
  await turns.take("wait", undefined, () => Promise.resolve());
  assertEquals(parsed, 0);
});
