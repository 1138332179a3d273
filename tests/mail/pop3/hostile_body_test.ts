import {
  assert,
  assertEquals,
  assertFalse,
  assertInstanceOf,
  assertRejects,
  assertStringIncludes,
} from "jsr:@std/assert@^1.0.0";
import { ProtocolError } from "../../../mail/pop3/mod.ts";
import { randomSlices, seededRandom } from "../../_support/random_slices.ts";
import { eventLoopTurn, isSettled } from "../../_wire/memory.ts";
import {
  bye,
  failureOf,
  open,
  scripted,
  startHost,
  textOf,
  WatchedSignal,
} from "./script.ts";

const REASON = new RangeError("enough");

/** What is on the wire and what it stands for. */
const BODIES: [wire: string, content: string][] = [
  [".\r\n", ""],
  ["\r\n.\r\n", "\r\n"],
  ["..\r\n.\r\n", ".\r\n"],
  ["...\r\n....\r\n.\r\n", "..\r\n...\r\n"],
  [".a\r\n.\r\n", "a\r\n"],
  ["+OK\r\n-ERR no\r\n.\r\n", "+OK\r\n-ERR no\r\n"],
  // Only CRLF ends a line: these are no ends.
  ["a\n.\r\nb\r\n.\r\n", "a\n.\r\nb\r\n"],
  ["a\n.\nb\r\n.\r\n", "a\n.\nb\r\n"],
  ["a\r.\r\n.\r\n", "a\r.\r\n"],
  ["a\r\n.\nb\r\n.\r\n", "a\r\n\nb\r\n"],
  ["a\r\n.\rb\r\n.\r\n", "a\r\n\rb\r\n"],
  ["\r\r\n.\r\n", "\r\r\n"],
  ["\0\x01\x80\r\n.\r\n", "\0\x01\x80\r\n"],
];

Deno.test("retr() takes dots off at any split, and bytes as they are", async () => {
  for (const [wire, content] of BODIES) {
    const bytes = Uint8Array.from(
      `+OK\r\n${wire}`,
      (one) => one.charCodeAt(0),
    );
    for (let at = 1; at < bytes.length; at++) {
      await using server = await scripted(async (conn) => {
        await conn.expect("RETR 1");
        await conn.writeSplit(bytes, { at });
        await bye(conn);
      });
      await using pop3 = await open(server);
      const got = await new Response(await pop3.retr(1)).bytes();
      assertEquals(String.fromCharCode(...got), content, JSON.stringify(wire));
    }
  }
});

Deno.test("retr() gives the same whoever reads, in slices of any length", async () => {
  const random = seededRandom(1460);
  const content = Array.from(
    { length: 3_000 },
    () =>
      [".", "..", "", "a", "\r", "\n", ".\r.", "x".repeat(999)][
        Math.floor(random() * 8)
      ],
  ).join("\r\n") + "\r\n";
  const wire = `+OK\r\n${content.replaceAll(/(^|(?<=\r\n))\./g, "..")}.\r\n`;
  const slices = randomSlices(new TextEncoder().encode(wire), random);
  for (const length of [1, 3, 1_000, 100_000]) {
    await using server = await scripted(async (conn) => {
      await conn.expect("RETR 1");
      for (const slice of slices) await conn.writeSplit(slice, { at: 0 });
      await bye(conn);
    });
    await using pop3 = await open(server);
    const reader = (await pop3.retr(1)).getReader({ mode: "byob" });
    let got = "";
    for (;;) {
      const { done, value } = await reader.read(new Uint8Array(length));
      if (done) break;
      got += new TextDecoder().decode(value);
    }
    assertEquals(got, content);
  }
});

Deno.test("retr() gives a line of 20 MB, and a message without any", async () => {
  await using server = await scripted(async (conn) => {
    await conn.expect("RETR 1");
    await conn.write("+OK\r\n");
    for (let n = 0; n < 320; n++) await conn.write(".".repeat(65_536));
    await conn.write("\r\n.\r\n");
    await bye(conn);
  });
  await using pop3 = await open(server, { limits: { line: 1_000 } });
  let size = 0;
  for await (const chunk of await pop3.retr(1)) size += chunk.length;
  assertEquals(size, 320 * 65_536 + 2 - 1);
});

Deno.test("retr() streams 256 MiB in constant memory", async () => {
  const chunk = new TextEncoder().encode("0123456789abcd\r\n".repeat(4_096));
  await using server = await scripted(async (conn) => {
    await conn.expect("RETR 1");
    await conn.write("+OK\r\n");
    for (let n = 0; n < 4_096; n++) await conn.write(chunk);
    await conn.write(".\r\n");
    await bye(conn);
  });
  await using pop3 = await open(server);
  // Of this thread alone: other tests may run beside.
  const used = () => {
    const { heapUsed, external } = Deno.memoryUsage();
    return heapUsed + external;
  };
  const before = used();
  let size = 0;
  let most = 0;
  for await (const part of await pop3.retr(1)) {
    size += part.length;
    if (size % (8 << 20) < part.length) {
      most = Math.max(most, used() - before);
    }
  }
  assertEquals(size, 256 << 20);
  assert(most < 128 << 20, `${most >> 20} MiB more`);
});

Deno.test("retr() reads nothing ahead of its reader", async () => {
  let sent = 0;
  await using server = await scripted(async (conn) => {
    await conn.expect("RETR 1");
    await conn.write("+OK\r\n");
    for (;;) {
      await conn.write("x".repeat(65_536));
      sent += 65_536;
    }
  });
  const pop3 = await open(server);
  const reader = (await pop3.retr(1)).getReader();
  let before = -1;
  // Until the server can write no more.
  while (sent !== before) {
    before = sent;
    for (let turn = 0; turn < 50; turn++) await eventLoopTurn();
  }
  assert(sent < 32 << 20, `${sent} bytes were taken`);
  pop3.close();
  await failureOf(reader.read().then(() => reader.read()));
});

Deno.test("retr() without an end is an error, and no message", async () => {
  for (
    const half of ["", "a", "a\r\n", "a\r\n.", "a\r\n.\r", "a\n.\n", "\n.\r\n"]
  ) {
    await using server = await scripted(async (conn) => {
      await conn.expect("RETR 1");
      await conn.write("+OK\r\n" + half);
    });
    const pop3 = await open(server);
    const watched = new WatchedSignal();
    const error = await failureOf(textOf(await pop3.retr(1, watched)));
    assertInstanceOf(error, ProtocolError);
    assertStringIncludes(error.message, "before its final dot");
    assertEquals(watched.listeners, 0);
    await assertRejects(() => pop3.noop(), ProtocolError);
    pop3.close();
  }
});

for (
  const [rest, goesOn] of [[1_000_000, true], [1_300_000, false]] as const
) {
  for (const how of ["cancelled", "aborted"]) {
    Deno.test(`retr() ${how} with ${rest} bytes to come ${goesOn ? "goes on" : "closes, and says so"}`, async () => {
      await using server = await scripted(async (conn) => {
        await conn.expect("RETR 1");
        await conn.write("+OK\r\nhead\r\n");
        await conn.write("x".repeat(rest) + "\r\n.\r\n");
        await conn.readToEnd();
      });
      const pop3 = await open(server, { timeout: 500 });
      const watched = new WatchedSignal();
      const stream = await pop3.retr(1, watched);
      const reader = stream.getReader({ mode: "byob" });
      await reader.read(new Uint8Array(1));
      if (how === "cancelled") await reader.cancel();
      else {
        watched.abort(REASON);
        assertEquals(await failureOf(reader.closed), REASON);
      }
      const error = await failureOf(pop3.noop());
      assertEquals(watched.listeners, 0);
      if (goesOn) assertEquals(error.name, "TimeoutError");
      else assertStringIncludes(error.message, "1048576 bytes to come");
    });
  }
}

Deno.test("a command right after an abort waits for the rest of the message", async () => {
  await using host = await startHost((command) =>
    command === "RETR 1" ? `+OK\r\n${"x".repeat(500_000)}\r\n.\r\n` : undefined
  );
  await using pop3 = await open(host);
  const stop = new AbortController();
  const reader = (await pop3.retr(1, { signal: stop.signal })).getReader();
  await reader.read();
  stop.abort(REASON);
  await pop3.noop();
});

Deno.test("a message cancelled while it is read goes on, and what is called next waits", async () => {
  const { promise: half, resolve: sent } = Promise.withResolvers<void>();
  const { promise: go, resolve: release } = Promise.withResolvers<void>();
  await using server = await scripted(async (conn) => {
    await conn.expect("RETR 1");
    await conn.write("+OK\r\nhalf");
    sent();
    await go;
    await conn.write("\r\nrest\r\n.\r\n");
    await conn.expect("NOOP");
    await conn.write("+OK\r\n");
    await bye(conn);
  });
  await using pop3 = await open(server);
  const reader = (await pop3.retr(1)).getReader();
  await half;
  await reader.read();
  const read = reader.read();
  const cancelled = reader.cancel();
  assertEquals((await read).done, true);
  const noop = pop3.noop();
  const stop = new AbortController();
  const waiting = failureOf(pop3.noop({ signal: stop.signal }));
  stop.abort(REASON);
  assertEquals(await waiting, REASON);
  assertFalse(await isSettled(noop));
  release();
  await cancelled;
  await noop;
});

Deno.test("a message aborted before the first read sends nothing more", async () => {
  await using host = await startHost((command) =>
    command === "RETR 1" ? "+OK\r\nhello\r\n.\r\n" : undefined
  );
  await using pop3 = await open(host);
  const watched = new WatchedSignal();
  const stream = await pop3.retr(1, watched);
  watched.abort(REASON);
  assertEquals(await failureOf(textOf(stream)), REASON);
  assertEquals(watched.listeners, 0);
  assertEquals(host.commands, ["RETR 1"]);
});

// --- answers nobody asked for -----------------------------------------------

Deno.test("what comes unasked is no answer to the next command", async () => {
  for (
    const extra of ["+OK\r\n", "-ERR\r\n", "+ x\r\n", "x", "\r\n", ".\r\n"]
  ) {
    await using host = await startHost((command) =>
      command === "NOOP" ? "+OK\r\n" + extra : undefined
    );
    const pop3 = await open(host, { timeout: 500 });
    await pop3.noop();
    await failureOf(pop3.dele(1));
    await failureOf(pop3.noop());
    assertEquals(host.commands, ["NOOP"]);
  }
});

Deno.test("what comes unasked is quoted", async () => {
  for (const extra of ["-ERR idle for too long", "+OK idle for too long"]) {
    await using host = await startHost((command) =>
      command === "NOOP" ? `+OK\r\n${extra}\r\n` : undefined
    );
    const pop3 = await open(host);
    await pop3.noop();
    const error = await failureOf(pop3.dele(1));
    assertStringIncludes(error.message, "idle for too long");
    pop3.close();
  }
});

// --- lists ------------------------------------------------------------------

Deno.test("list() and uidl() believe no count but the lines'", async () => {
  for (const said of ["", " 0 messages", " 99 messages (1 octets)", " x"]) {
    await using host = await startHost((command) =>
      command === "LIST" || command === "UIDL"
        ? `+OK${said}\r\n2 20\r\n7 70\r\n.\r\n`
        : undefined
    );
    await using pop3 = await open(host);
    assertEquals(await pop3.list(), [
      { number: 2, size: 20 },
      { number: 7, size: 70 },
    ]);
    assertEquals(await pop3.uidl(), [
      { number: 2, uid: "20" },
      { number: 7, uid: "70" },
    ]);
  }
});

Deno.test("list() and uidl() refuse lines that are none, and the client goes on", async () => {
  for (const line of ["", "1", "x 1", "-1 1", "1.5 1", "1e3 1", "\u0661 1"]) {
    await using host = await startHost((command) =>
      command === "LIST" || command === "UIDL"
        ? `+OK\r\n1 1\r\n${line}\r\n.\r\n`
        : /^(LIST|UIDL) 1/.test(command)
        ? `+OK ${line}\r\n`
        : undefined
    );
    await using pop3 = await open(host);
    const calls = [
      () => pop3.list(),
      () => pop3.uidl(),
      () => pop3.list(1),
      () => pop3.uidl(1),
    ];
    for (const call of calls) {
      await assertRejects(call as () => Promise<unknown>, ProtocolError);
    }
    await pop3.noop();
  }
});

Deno.test("list() and uidl() refuse an answer about another message", async () => {
  await using host = await startHost((command) =>
    /^(LIST|UIDL) 2/.test(command) ? "+OK 3 120\r\n" : undefined
  );
  await using pop3 = await open(host);
  await assertRejects(() => pop3.list(2), ProtocolError);
  await assertRejects(() => pop3.uidl(2), ProtocolError);
});

Deno.test("list() and uidl() refuse a message 0", async () => {
  await using host = await startHost((command) =>
    /^(LIST|UIDL)$/.test(command) ? "+OK\r\n0 120\r\n.\r\n" : undefined
  );
  await using pop3 = await open(host);
  await assertRejects(() => pop3.list(), ProtocolError);
  await assertRejects(() => pop3.uidl(), ProtocolError);
});

// --- arguments --------------------------------------------------------------

Deno.test("numbers that are none are TypeErrors before anything is sent", async () => {
  await using host = await startHost((command) =>
    command === "TOP 1 0" ? "+OK\r\n.\r\n" : undefined
  );
  await using pop3 = await open(host);
  for (const bad of [0, -0, -1, 1.5, NaN, Infinity, 2 ** 53, -(2 ** 53)]) {
    for (const call of ["retr", "dele", "list", "uidl"] as const) {
      await assertRejects(() => pop3[call](bad) as Promise<unknown>, TypeError);
    }
    await assertRejects(() => pop3.top(bad, 1), TypeError);
    if (Object.is(bad, 0) || Object.is(bad, -0)) continue;
    await assertRejects(() => pop3.top(1, bad), TypeError);
  }
  assertEquals(host.commands, []);
  assertEquals(await textOf(await pop3.top(1, 0)), "");
  assertEquals(host.commands, ["TOP 1 0"]);
});

Deno.test("words that could start another command are TypeErrors that do not quote them", async () => {
  await using host = await startHost(undefined, "+OK <1@2>");
  await using pop3 = await open(host);
  for (const evil of ["\r\n", "\r", "\n", "\0"]) {
    const word = `hunter2${evil}DELE 1`;
    for (
      const call of [
        () => pop3.user(word),
        () => pop3.pass(word),
        () => pop3.apop(word, "x"),
        () => pop3.apop("x", word),
        () => pop3.login(word, "x"),
        () => pop3.login("x", word),
        () => pop3.login("x", { accessToken: word }),
        () => pop3.lang(word),
      ]
    ) {
      const error = await assertRejects(
        call as () => Promise<unknown>,
        TypeError,
      );
      assert(!error.message.includes("hunter2"), error.message);
    }
  }
  assertEquals(host.commands, []);
});
