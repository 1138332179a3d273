import {
  assert,
  assertEquals,
  assertInstanceOf,
  assertRejects,
} from "jsr:@std/assert@^1.0.0";
import { type NntpClient, NntpError, ProtocolError } from "../../news/mod.ts";
import {
  type ScriptedConn,
  scriptedServer,
} from "../_support/scripted_server.ts";
import { Clock } from "../_wire/clock.ts";
import { eventLoopTurn } from "../_wire/memory.ts";
import {
  all,
  block,
  failureOf,
  type Host,
  hostOf,
  open,
  scripted,
  startHost,
  textOf,
  WatchedSignal,
} from "./script.ts";

const REASON = new RangeError("enough");
const HALF = "222 1 <1@x>\r\nhalf";

function idle(answers: Record<string, string> = {}): Promise<Host> {
  return hostOf(answers);
}

// --- quit() and disposing ---------------------------------------------------

Deno.test("quit() says goodbye once, and ends the client", async () => {
  await using host = await idle();
  const nntp = await open(host, { reader: false });
  await nntp.quit();
  assertEquals((await failureOf(nntp.date())).name, "InvalidStateError");
  assertEquals((await failureOf(nntp.quit())).name, "InvalidStateError");
  nntp.close();
  await nntp[Symbol.asyncDispose]();
  assertEquals(host.commands, ["QUIT"]);
});

Deno.test("quit() closes although the server refuses it, hangs up or talks nonsense", async () => {
  for (
    const [words, kind] of [
      ["500 what\r\n", NntpError],
      ["400 down\r\n", NntpError],
      ["250 bye\r\n", ProtocolError],
      ["bye\r\n", ProtocolError],
    ] as const
  ) {
    await using host = await idle({ QUIT: words });
    const nntp = await open(host, { reader: false });
    await assertRejects(() => nntp.quit(), kind);
    await failureOf(nntp.date());
  }
  await using gone = await scripted(async (conn) => {
    await conn.expect("QUIT");
  });
  const nntp = await open(gone, { reader: false });
  await assertRejects(() => nntp.quit(), ProtocolError);
  await failureOf(nntp.date());
});

Deno.test("quit() waits for what was called before it", async () => {
  await using host = await idle({ "STAT 1": "223 1 <1@x>\r\n" });
  const nntp = await open(host, { reader: false });
  await Promise.all([nntp.date(), nntp.stat(1), nntp.quit()]);
  assertEquals(host.commands, ["DATE", "STAT 1", "QUIT"]);
});

Deno.test("disposing says goodbye where nothing is unfinished, once", async () => {
  await using host = await idle();
  {
    await using nntp = await open(host, { reader: false });
    await nntp.date();
    await nntp[Symbol.asyncDispose]();
  }
  assertEquals(host.commands, ["DATE", "QUIT"]);
});

Deno.test("disposing sends nothing while a body, a list or a command is under way", async () => {
  const states: Record<string, (n: NntpClient) => Promise<unknown>> = {
    "BODY 1": (n) => n.body(1),
    "LIST COUNTS": (n) => n.list("COUNTS"),
    "STAT 1": (n) => n.stat(1).catch(() => {}),
    POST: (n) => n.post("x").catch(() => {}),
    "BODY 2": async (n) => {
      await n.articles([2], "body").getReader().read().catch(() => {});
    },
  };
  for (const [command, bring] of Object.entries(states)) {
    const { promise: asked, resolve } = Promise.withResolvers<void>();
    await using host = await startHost((said) => {
      if (said !== command) return;
      resolve();
      return { "BODY 1": HALF, "LIST COUNTS": "215 list\r\nhalf" }[command] ??
        "";
    });
    const nntp = await open(host, { reader: false });
    const state = bring(nntp);
    await asked;
    if (/1|LIST/.test(command) && command !== "STAT 1") await state;
    await nntp[Symbol.asyncDispose]();
    await nntp[Symbol.asyncDispose]();
    await state;
    assertEquals(host.commands, [command]);
  }
});

Deno.test("disposing never throws, whatever the server says to QUIT", async () => {
  for (const words of ["500 no\r\n", "what\r\n", ""]) {
    await using host = await idle({ QUIT: words });
    const nntp = await open(host, { reader: false, timeout: 300 });
    await nntp[Symbol.asyncDispose]();
    await failureOf(nntp.date());
  }
});

Deno.test("close() rejects what is under way or waits, twice and without a throw", async () => {
  await using host = await idle({ "STAT 1": "" });
  const nntp = await open(host, { reader: false });
  const calls = [
    nntp.stat(1),
    nntp.date(),
    nntp.body(1),
    nntp.over(1),
    nntp.post("x"),
    nntp.quit(),
    nntp.articles([1]).getReader().read(),
  ].map(failureOf);
  nntp.close();
  nntp.close();
  for (const error of await Promise.all(calls)) {
    assertEquals(error.name, "InvalidStateError", `${error}`);
  }
  await nntp[Symbol.asyncDispose]();
});

Deno.test("close() ends every stream that is read, in any state", async () => {
  const streams: Record<
    string,
    [
      string,
      (n: NntpClient, o: { signal: AbortSignal }) => Promise<ReadableStream>,
    ]
  > = {
    "BODY 1": [HALF, async (n, o) => (await n.body(1, o)).content],
    "LIST COUNTS": [
      "215 list\r\na\r\nhalf",
      (n, o) => n.list("COUNTS", undefined, o),
    ],
    "BODY 2": [
      block("222 2 <2@x>", "x"),
      (n, o) => Promise.resolve(n.articles([2, 3], "body", o)),
    ],
  };
  for (const [command, [words, start]] of Object.entries(streams)) {
    for (const reading of [true, false]) {
      await using host = await startHost((said) =>
        said === command ? words : said === "BODY 3" ? "" : undefined
      );
      const nntp = await open(host, { reader: false });
      const watched = new WatchedSignal();
      const reader = (await start(nntp, watched)).getReader();
      await reader.read();
      const read = reading ? failureOf(reader.read()) : undefined;
      nntp.close();
      const error = await (read ?? failureOf(reader.read()));
      assertEquals(error.name, "InvalidStateError", `${command}: ${error}`);
      assertEquals((await failureOf(nntp.date())).name, "InvalidStateError");
      assertEquals(watched.listeners, 0);
      await reader.cancel().catch(() => {});
    }
  }
});

Deno.test("connect()'s signal closes the client at any later time", async () => {
  await using host = await idle({
    "STAT 1": "",
    "BODY 1": HALF,
    "BODY 2": HALF,
  });
  for (const state of ["idle", "command", "body", "articles"]) {
    const watched = new WatchedSignal();
    const nntp = await open(host, { reader: false, signal: watched.signal });
    const call = state === "command"
      ? failureOf(nntp.stat(1))
      : state === "body"
      ? failureOf(textOf((await nntp.body(1)).content))
      : state === "articles"
      ? failureOf(Array.fromAsync(nntp.articles([2], "body")))
      : undefined;
    await eventLoopTurn();
    watched.abort(REASON);
    if (call) assertEquals(await call, REASON, state);
    assertEquals(await failureOf(nntp.date()), REASON);
    assertEquals(watched.listeners, 0);
    nntp.close();
  }
});

Deno.test("connect()'s signal is forgotten when the client is closed", async () => {
  for (const how of ["quit", "close", "dispose"] as const) {
    await using host = await idle();
    const watched = new WatchedSignal();
    const nntp = await open(host, { reader: false, signal: watched.signal });
    assert(watched.listeners > 0);
    if (how === "dispose") await nntp[Symbol.asyncDispose]();
    else await nntp[how]();
    assertEquals(watched.listeners, 0, how);
  }
});

// --- connecting -------------------------------------------------------------

/** What comes before the first command, stage by stage. */
const STAGES: ((conn: ScriptedConn) => Promise<unknown>)[] = [
  () => Promise.resolve(),
  (conn) => conn.write("20"),
  async (conn) => {
    await conn.write("0 ready\r\n");
    await conn.expect("CAPABILITIES");
  },
  (conn) => conn.write("101 can\r\n"),
  (conn) => conn.write("VERSION 2\r\nMODE-READER\r\n"),
  async (conn) => {
    await conn.write(".\r\n");
    await conn.expect("MODE READER");
  },
];

for (const how of ["hangs", "hangs up", "is told to stop"]) {
  Deno.test(`connect() ends where the server ${how} at any stage`, async () => {
    for (let stages = 1; stages <= STAGES.length; stages++) {
      const watched = new WatchedSignal();
      const { promise: there, resolve } = Promise.withResolvers<void>();
      await using server = await scriptedServer(async (conn) => {
        for (const stage of STAGES.slice(0, stages)) await stage(conn);
        resolve();
        if (how !== "hangs up") await conn.readToEnd();
      });
      const connecting = failureOf(open(server, {
        timeout: how === "hangs" ? 300 : 20_000,
        signal: watched.signal,
      }));
      await there;
      if (how === "is told to stop") watched.abort(REASON);
      const error = await connecting;
      if (how === "hangs") assertEquals(error.name, "TimeoutError");
      else if (how === "hangs up") assertInstanceOf(error, ProtocolError);
      else assertEquals(error, REASON);
      assertEquals(watched.listeners, 0);
    }
  });
}

Deno.test("connect() whose signal has spoken does not connect", async () => {
  await using server = await scripted(() => Promise.resolve());
  const watched = new WatchedSignal();
  watched.abort(REASON);
  assertEquals(
    await failureOf(open(server, { signal: watched.signal })),
    REASON,
  );
  assertEquals([server.connections, watched.listeners], [0, 0]);
});

// --- limits and what comes unasked ------------------------------------------

Deno.test("an endless line or list ends in an error, and not in the memory", async () => {
  const x = "x".repeat(70_000);
  const many = "y\r\n".repeat(100_000);
  for (
    const [command, words, call] of [
      ["STAT 1", `223 ${x}`, (n: NntpClient) => n.stat(1)],
      ["HELP", `100 ${x}`, (n: NntpClient) => n.help()],
      ["HELP", `100 help\r\n${x}${x}${x}`, (n: NntpClient) => n.help()],
      ["HELP", `100 help\r\n${many}`, (n: NntpClient) => n.help()],
      [
        "CAPABILITIES",
        `101 can\r\n${many}`,
        (n: NntpClient) => n.capabilities(),
      ],
      [
        "LIST OVERVIEW.FMT",
        `215 fmt\r\n${many}`,
        (n: NntpClient) => all(n.over(1)),
      ],
      [
        "LIST COUNTS",
        `215 list\r\n${x}`,
        (n: NntpClient) => all(n.list("COUNTS")),
      ],
    ] as const
  ) {
    await using host = await hostOf({ [command]: words });
    const nntp = await open(host, {
      reader: false,
      limits: { listing: 200_000 },
    });
    const error = await failureOf(call(nntp));
    assertInstanceOf(error, ProtocolError, `${error}`);
    assert(
      /longer than (65536|200000) bytes/.test(error.message),
      error.message,
    );
    await failureOf(nntp.date());
    nntp.close();
  }
});

Deno.test("a list without an end is handed out as long as it is read", async () => {
  await using server = await scripted(async (conn) => {
    await conn.readLine();
    await conn.write("215 list\r\n");
    const chunk = "line\r\n".repeat(10_000);
    for (;;) await conn.write(chunk);
  });
  const nntp = await open(server, { reader: false });
  let count = 0;
  for await (const _ of await nntp.list("COUNTS")) {
    if (++count === 300_000) break;
  }
  const error = await failureOf(nntp.date());
  assert(error.message.includes("1048576 bytes to come"), error.message);
});

Deno.test("what the server says unasked is no answer", async () => {
  for (
    const [words, kind] of [
      ["400 idle for too long\r\n", NntpError],
      ["223 2 <2@x>\r\n", ProtocolError],
      ["\r\n", ProtocolError],
      ["junk\r\n", ProtocolError],
    ] as const
  ) {
    await using server = await scripted(async (conn) => {
      await conn.expect("STAT 1");
      // In one write, so that both are there.
      await conn.write("223 1 <1@x>\r\n" + words);
      await conn.readToEnd();
    });
    const nntp = await open(server, { reader: false });
    assertEquals((await nntp.stat(1)).number, 1);
    await assertRejects(() => nntp.stat(2), kind);
    await failureOf(nntp.stat(2));
  }
});

Deno.test("400 and a close while nothing is asked are told at the next command", async () => {
  await using server = await scripted(async (conn) => {
    await conn.write("400 idle for too long\r\n");
  });
  const nntp = await open(server, { reader: false });
  await eventLoopTurn();
  const error = await failureOf(nntp.date());
  assertInstanceOf(error, NntpError, `${error}`);
  assertEquals(error.code, 400);
});

Deno.test("no time counts while nobody waits for the server", async () => {
  await using host = await idle({ "BODY 1": block("222 1 <1@x>", "x") });
  using clock = new Clock();
  await using nntp = await open(host, { reader: false });
  const { content } = await nntp.body(1);
  clock.pass(3_600_000);
  assertEquals(await textOf(content), "x\r\n");
});

Deno.test("capabilities() hands out what the server says, however it is said", async () => {
  await using host = await idle({
    CAPABILITIES: block(
      "101 can",
      "version 2",
      "",
      " Over  MSGID ",
      "X-a\tb c",
      "SASL",
    ),
  });
  await using nntp = await open(host, { reader: false });
  assertEquals([...await nntp.capabilities()], [
    ["VERSION", "2"],
    ["OVER", "MSGID"],
    ["X-A", "b c"],
    ["SASL", ""],
  ]);
});
