import {
  assert,
  assertEquals,
  assertInstanceOf,
  assertRejects,
} from "jsr:@std/assert@^1.0.0";
import {
  type Pop3Client,
  Pop3Error,
  ProtocolError,
} from "../../../mail/pop3/mod.ts";
import { scriptedServer } from "../../_support/scripted_server.ts";
import { eventLoopTurn, isSettled } from "../../_wire/memory.ts";
import {
  failureOf,
  open,
  scripted,
  startHost,
  textOf,
  WatchedSignal,
} from "./script.ts";

const MESSAGE = "+OK\r\nhello\r\n.\r\n";
const REASON = new RangeError("enough");

function mailbox(answers: Record<string, string> = {}) {
  return startHost((command) =>
    answers[command] ?? (command.startsWith("RETR") ? MESSAGE : undefined)
  );
}

// --- quit() and disposing ---------------------------------------------------

Deno.test("quit() commits what was marked and says nothing else", async () => {
  await using host = await mailbox();
  const pop3 = await open(host);
  await pop3.dele(1);
  await pop3.quit();
  assertEquals(host.commands, ["DELE 1", "QUIT"]);
  assertEquals((await failureOf(pop3.noop())).name, "InvalidStateError");
  assertEquals((await failureOf(pop3.quit())).name, "InvalidStateError");
  await pop3[Symbol.asyncDispose]();
  assertEquals(host.commands, ["DELE 1", "QUIT"]);
});

Deno.test("quit() closes although the server refuses it, hangs up or talks nonsense", async () => {
  for (
    const [words, kind] of [
      ["-ERR some messages were not removed\r\n", Pop3Error],
      ["250 bye\r\n", ProtocolError],
      ["+ bye\r\n", ProtocolError],
    ] as const
  ) {
    await using host = await mailbox({ QUIT: words });
    const pop3 = await open(host);
    await assertRejects(() => pop3.quit(), kind);
    await failureOf(pop3.noop());
  }
  await using gone = await scripted(async (conn) => {
    await conn.expect("QUIT");
  });
  const pop3 = await open(gone);
  await assertRejects(() => pop3.quit(), ProtocolError);
  await failureOf(pop3.noop());
});

Deno.test("quit() waits for what was called before it", async () => {
  await using host = await mailbox();
  const pop3 = await open(host);
  await Promise.all([pop3.dele(1), pop3.dele(2), pop3.quit()]);
  assertEquals(host.commands, ["DELE 1", "DELE 2", "QUIT"]);
});

Deno.test("quit() aborted before anything was sent leaves the client usable", async () => {
  await using host = await mailbox();
  await using pop3 = await open(host);
  const signal = AbortSignal.abort(REASON);
  await assertRejects(() => pop3.quit({ signal }), RangeError);
  await pop3.noop();
});

Deno.test("disposing marks nothing for deletion", async () => {
  for (
    const [calls, said] of [
      [["dele"], ["DELE 1", "RSET", "QUIT"]],
      [["dele", "rset"], ["DELE 1", "RSET", "QUIT"]],
      [["dele", "rset", "dele"], ["DELE 1", "RSET", "DELE 1", "RSET", "QUIT"]],
      [[], ["QUIT"]],
      [["noop"], ["NOOP", "QUIT"]],
    ] as ["dele" | "rset" | "noop"[], string[]][]
  ) {
    await using host = await mailbox();
    const pop3 = await open(host);
    for (const call of calls) {
      if (call === "dele") await pop3.dele(1);
      else await pop3[call as "rset" | "noop"]();
    }
    await pop3[Symbol.asyncDispose]();
    assertEquals(host.commands, said);
  }
});

Deno.test("disposing says no QUIT where RSET was refused or DELE is not known", async () => {
  await using refuses = await mailbox({ RSET: "-ERR no\r\n" });
  {
    await using pop3 = await open(refuses);
    await pop3.dele(1);
  }
  assertEquals(refuses.commands, ["DELE 1", "RSET"]);
  await using strange = await mailbox({ "DELE 1": "what\r\n" });
  {
    await using pop3 = await open(strange);
    await assertRejects(() => pop3.dele(1), ProtocolError);
  }
  assertEquals(strange.commands, ["DELE 1"]);
  await using silent = await mailbox({ "DELE 1": "" });
  {
    await using pop3 = await open(silent, { timeout: 500 });
    await failureOf(pop3.dele(1));
  }
  assertEquals(silent.commands, ["DELE 1"]);
});

Deno.test("disposing after a refused DELE sends no RSET", async () => {
  await using host = await mailbox({ "DELE 1": "-ERR no\r\n" });
  {
    await using pop3 = await open(host);
    await assertRejects(() => pop3.dele(1), Pop3Error);
  }
  assertEquals(host.commands, ["DELE 1", "QUIT"]);
});

Deno.test("disposing sends nothing while a message or a command is under way", async () => {
  const states: Record<string, (pop3: Pop3Client) => Promise<unknown>> = {
    "RETR 1": (pop3) => pop3.retr(1),
    "TOP 1 0": (pop3) => pop3.top(1, 0),
    NOOP: (pop3) => Promise.resolve(pop3.noop().catch(() => {})),
    CAPA: async (pop3) => {
      const reader = pop3.retrAll([1]).getReader();
      reader.closed.catch(() => {});
      await eventLoopTurn();
    },
  };
  for (const [command, bring] of Object.entries(states)) {
    const words = /RETR|TOP/.test(command) ? "+OK\r\nhalf" : "";
    await using host = await mailbox({ [command]: words });
    const pop3 = await open(host);
    await pop3.dele(1);
    const state = bring(pop3);
    if (words) await state;
    await pop3[Symbol.asyncDispose]();
    await pop3[Symbol.asyncDispose]();
    const said = host.commands.slice(1).filter((one) => one !== command);
    assertEquals(said, []);
    await state;
  }
});

Deno.test("disposing gives up a server that is silent at QUIT", async () => {
  await using host = await mailbox({ QUIT: "" });
  const pop3 = await open(host, { timeout: 500 });
  await pop3[Symbol.asyncDispose]();
  await failureOf(pop3.noop());
});

Deno.test("close() rejects what is under way or waits, twice and without a throw", async () => {
  await using host = await mailbox({ NOOP: "" });
  const pop3 = await open(host);
  const calls = [pop3.noop(), pop3.stat(), pop3.retr(1), pop3.quit()]
    .map(failureOf);
  const reading = failureOf(pop3.retrAll([1]).getReader().read());
  pop3.close();
  pop3.close();
  for (const error of await Promise.all([...calls, reading])) {
    assertEquals(error.name, "InvalidStateError", `${error}`);
  }
  await pop3[Symbol.asyncDispose]();
});

Deno.test("close() ends a message that is read, in any state", async () => {
  for (const reading of [true, false]) {
    await using host = await mailbox({ "RETR 1": "+OK\r\nhalf" });
    const pop3 = await open(host);
    const watched = new WatchedSignal();
    const { signal } = watched;
    const reader = (await pop3.retr(1, { signal })).getReader();
    await reader.read();
    const read = reading ? failureOf(reader.read()) : undefined;
    pop3.close();
    const error = await (read ?? failureOf(reader.read()));
    assertEquals(error.name, "InvalidStateError");
    assertEquals((await failureOf(pop3.noop())).name, "InvalidStateError");
    assertEquals(watched.listeners, 0);
    await reader.cancel().catch(() => {});
  }
});

// --- aborting ---------------------------------------------------------------

const CALLS: Record<
  string,
  (pop3: Pop3Client, o: { signal: AbortSignal }) => Promise<unknown>
> = {
  CAPA: (pop3, o) => pop3.capabilities(o),
  "USER ada": (pop3, o) => pop3.user("ada", o),
  "PASS x": (pop3, o) => pop3.pass("x", o),
  STAT: (pop3, o) => pop3.stat(o),
  LIST: (pop3, o) => pop3.list(o),
  "LIST 1": (pop3, o) => pop3.list(1, o),
  UIDL: (pop3, o) => pop3.uidl(o),
  "UIDL 1": (pop3, o) => pop3.uidl(1, o),
  "RETR 1": (pop3, o) => pop3.retr(1, o),
  "TOP 1 0": (pop3, o) => pop3.top(1, 0, o),
  "DELE 1": (pop3, o) => pop3.dele(1, o),
  RSET: (pop3, o) => pop3.rset(o),
  NOOP: (pop3, o) => pop3.noop(o),
  UTF8: (pop3, o) => pop3.utf8(o),
  LANG: (pop3, o) => pop3.lang(undefined, o),
  "LANG de": (pop3, o) => pop3.lang("de", o),
  QUIT: (pop3, o) => pop3.quit(o),
};

for (const [command, call] of Object.entries(CALLS)) {
  Deno.test(`${command} aborted in the middle closes the client, and forgets the signal`, async () => {
    const { promise: asked, resolve: ask } = Promise.withResolvers<void>();
    await using host = await startHost((said) => {
      if (said !== command) return;
      ask();
      return "+OK";
    });
    const pop3 = await open(host);
    const watched = new WatchedSignal();
    const error = failureOf(call(pop3, watched));
    await asked;
    watched.abort(REASON);
    assertEquals(await error, REASON);
    assertEquals(watched.listeners, 0);
    await failureOf(pop3.noop());
    assertEquals(host.commands, [command]);
  });

  if (command === "QUIT") continue;
  Deno.test(`${command} aborted before it was sent leaves the client usable`, async () => {
    const { promise: asked, resolve: ask } = Promise.withResolvers<void>();
    const { promise: go, resolve: release } = Promise.withResolvers<void>();
    await using host = await startHost(async (said) => {
      if (said !== "NOOP") return;
      ask();
      await go;
      return undefined;
    });
    await using pop3 = await open(host);
    const first = pop3.noop();
    const watched = new WatchedSignal();
    const error = failureOf(call(pop3, watched));
    await asked;
    watched.abort(REASON);
    assertEquals(await error, REASON);
    assertEquals(watched.listeners, 0);
    release();
    await first;
    await failureOf(call(pop3, { signal: AbortSignal.abort(REASON) }));
    await pop3.noop();
    assertEquals(host.commands, ["NOOP", "NOOP"]);
  });
}

Deno.test("a call with a signal that has spoken rejects at once", async () => {
  await using host = await mailbox({ STAT: "" });
  const pop3 = await open(host);
  const stat = failureOf(pop3.stat());
  const noop = failureOf(pop3.noop({ signal: AbortSignal.abort(REASON) }));
  assert(await isSettled(noop), "it waits for its turn");
  pop3.close();
  await stat;
});

Deno.test("a finished call is done with its signal", async () => {
  await using host = await mailbox({ STAT: "+OK 1 1\r\n" });
  await using pop3 = await open(host);
  const watched = new WatchedSignal();
  await pop3.stat(watched);
  await textOf(await pop3.retr(1, watched));
  await (await pop3.retr(1, watched)).cancel();
  assertEquals(watched.listeners, 0);
  watched.abort(REASON);
  await pop3.stat();
});

Deno.test("connect()'s signal closes the client at any later time", async () => {
  await using host = await mailbox({ STAT: "", "RETR 1": "+OK\r\nhalf" });
  for (const state of ["idle", "command", "body"]) {
    const watched = new WatchedSignal();
    const pop3 = await open(host, { signal: watched.signal });
    const call = state === "command"
      ? failureOf(pop3.stat())
      : state === "body"
      ? failureOf(textOf(await pop3.retr(1)))
      : undefined;
    watched.abort(REASON);
    if (call) assertEquals(await call, REASON);
    assertEquals(await failureOf(pop3.noop()), REASON);
    assertEquals(watched.listeners, 0);
  }
  const watched = new WatchedSignal();
  (await open(host, { signal: watched.signal })).close();
  assertEquals(watched.listeners, 0);
  const aborted = open(host, { signal: AbortSignal.abort(REASON) });
  assertEquals(await failureOf(aborted), REASON);
});

Deno.test("connect() can be aborted while it waits for the greeting or STLS", async () => {
  for (const greeting of ["+OK", "+OK\r\n"]) {
    const { promise: met, resolve: meet } = Promise.withResolvers<void>();
    await using server = await scriptedServer(async (conn) => {
      await conn.write(greeting);
      if (greeting.endsWith("\n")) await conn.expect("STLS");
      meet();
      await conn.hang();
    });
    const watched = new WatchedSignal();
    const { signal } = watched;
    const error = failureOf(open(server, { tls: "starttls", signal }));
    await met;
    watched.abort(REASON);
    assertEquals(await error, REASON);
    assertEquals(watched.listeners, 0);
  }
});

// --- the order of commands --------------------------------------------------

Deno.test("commands called together run in call order, and a refused one harms no other", async () => {
  await using host = await startHost((command) =>
    command === "STAT"
      ? "+OK 7 8\r\n"
      : command === "DELE 2"
      ? "-ERR no\r\n"
      : undefined
  );
  await using pop3 = await open(host);
  const results = await Promise.allSettled([
    pop3.noop(),
    pop3.stat(),
    pop3.dele(1),
    pop3.dele(2),
    pop3.retr(0),
    pop3.dele(3),
    pop3.rset(),
    pop3.stat(),
  ]);
  assertEquals(host.commands, [
    "NOOP",
    "STAT",
    "DELE 1",
    "DELE 2",
    "DELE 3",
    "RSET",
    "STAT",
  ]);
  assertEquals(
    results.map(({ status }) => status[0]).join(""),
    "fffrrfff",
  );
  const [, , , refused, bad] = results;
  assert(refused?.status === "rejected" && bad?.status === "rejected");
  assertInstanceOf(refused.reason, Pop3Error);
  assertInstanceOf(bad.reason, TypeError);
});

Deno.test("a message that is open lets nothing else run, and nothing wait", async () => {
  await using host = await mailbox();
  await using pop3 = await open(host);
  const first = pop3.retr(1);
  const second = failureOf(pop3.retr(2));
  const stream = await first;
  assertEquals((await second).name, "InvalidStateError");
  const calls = [
    () => pop3.noop(),
    () => pop3.login("ada", "x"),
    () => pop3.quit(),
    () => pop3.retrAll([1]).getReader().read(),
  ];
  for (const call of calls) {
    const error = await assertRejects(call, DOMException, "message 1");
    assertEquals(error.name, "InvalidStateError");
  }
  assertEquals(await textOf(stream), "hello\r\n");
  await pop3.noop();
  assertEquals(host.commands, ["RETR 1", "NOOP"]);
});

Deno.test("connect() refuses bad options before connecting", async () => {
  await using host = await mailbox();
  for (
    const bad of [
      { hostname: "" },
      { port: 0 },
      { port: 65_536 },
      { port: 1.5 },
      { tls: "ssl" as "none" },
      { timeout: -1 },
      { timeout: NaN },
      { limits: { line: 0 } },
      { tlsOptions: { caCerts: ["none"] } },
    ]
  ) {
    await assertRejects(
      () => open({ ...host, ...bad }, bad),
      TypeError,
      undefined,
      JSON.stringify(bad),
    );
  }
  assertEquals(host.connections, 0);
});

Deno.test("connect() says where nobody listens", async () => {
  const host = await mailbox();
  const { hostname, port } = host;
  await host[Symbol.asyncDispose]();
  const error = await failureOf(open({ hostname, port }));
  assertInstanceOf(error, Deno.errors.ConnectionRefused);
  assert(error.message.includes(`port ${port}`), error.message);
});
