import {
  assert,
  assertEquals,
  assertInstanceOf,
  assertStringIncludes,
} from "jsr:@std/assert@^1.0.0";
import { type NntpClient, NntpError, ProtocolError } from "../../news/mod.ts";
import { randomSlices, seededRandom } from "../_support/random_slices.ts";
import { scriptedServer } from "../_support/scripted_server.ts";
import {
  all,
  block,
  failureOf,
  open,
  READER,
  startHost,
  textOf,
  WatchedSignal,
} from "./script.ts";

const SINCE = new Date("2026-02-03T04:05:06Z");
const REASON = new RangeError("enough");

/** The server's words and the client's command for the next ones. */
const DIALOGUE: [words: string, command: string][] = [
  ["200 ready\r\n", "CAPABILITIES"],
  [block("101 can", "VERSION 2", "MODE-READER"), "MODE READER"],
  ["201 hello\r\n", "CAPABILITIES"],
  [READER, "GROUP g"],
  ["211 2 1 2 g grüße\r\n", "LISTGROUP g 1-2"],
  [block("211 2 1 2 g", "1", "2"), "LIST OVERVIEW.FMT"],
  [block("215 fmt", "Subject:", "Xref:full"), "OVER 1-2"],
  [block("224 follow", "1\tgrüße\tXref: h g:1", "2\t..\t"), "HDR Subject 1-2"],
  [block("225 follow", "1 grüße", "2 .."), "ARTICLE 1"],
  [block("220 1 <1@x>", "", "..", "...", "a", "\r..", "\n..\r"), "BODY 1"],
  [block("222 1 <1@x>", "1"), "BODY 2"],
  ["423 no\r\n", "POST"],
  ["340 go\r\n", "."],
  ["441 no, thanks\r\n", "QUIT"],
];
const LAST = "205 bye\r\n";
const SPOKEN = [...DIALOGUE.map(([words]) => words), LAST];

/** Says all of the client's part and checks what comes of it. */
async function converse(n: NntpClient): Promise<void> {
  assert((await n.capabilities()).has("OVER"));
  assertEquals((await n.group("g")).count, 2);
  assertEquals(await all(n.listGroup("g", "1-2")), [1, 2]);
  assertEquals(await all(n.over("1-2")), [
    { number: 1, subject: "grüße", other: { xref: "h g:1" } },
    { number: 2, subject: "..", other: { xref: "" } },
  ]);
  assertEquals(await all(n.xhdr("Subject", "1-2")), [["1", "grüße"], [
    "2",
    "..",
  ]]);
  const { content } = await n.article(1);
  assertEquals(await textOf(content), "\r\n.\r\n..\r\na\r\n\r..\r\n\n..\r\r\n");
  const got = await Array.fromAsync(n.articles([1, 2], "body"));
  assertEquals(got.map((one) => "content" in one), [true, false]);
  const refusal = await n.post("x\n").catch((error) => error);
  if (!(refusal instanceof NntpError)) throw refusal;
  assertEquals(refusal.code, 441);
  await n.quit();
}

/** Reads what the client says up to this line. */
async function hear(
  conn: { readLine(): Promise<string | undefined> },
  command: string,
): Promise<void> {
  // The second of two that go together may have been read with the first.
  for (let line; (line = await conn.readLine()) !== command;) {
    if (line === undefined) throw new Error(`it did not say ${command}`);
    assertEquals([line, command], ["x", "."]);
  }
}

/** Several at a time, since each waits for the event loop. */
async function each(
  numbers: number,
  run: (number: number) => Promise<void>,
): Promise<void> {
  for (let from = 0; from < numbers; from += 32) {
    const some = Math.min(32, numbers - from);
    await Promise.all(Array.from({ length: some }, (_, at) => run(from + at)));
  }
}

Deno.test("NntpClient understands what it is told at any split", async () => {
  const total = SPOKEN.join("").length;
  await each(total, async (at) => {
    await using server = await scriptedServer(async (conn) => {
      let from = 0;
      for (const [turn, words] of SPOKEN.entries()) {
        const cut = Math.min(Math.max(0, at - from), words.length);
        await conn.writeSplit(words, { at: cut });
        from += words.length;
        if (turn < DIALOGUE.length) await hear(conn, DIALOGUE[turn]![1]);
      }
    });
    await converse(await open(server));
  });
});

Deno.test("NntpClient understands what it is told in slices of any length", async () => {
  const random = seededRandom(3977);
  for (let round = 0; round < 20; round++) {
    await using server = await scriptedServer(async (conn) => {
      for (const [turn, words] of SPOKEN.entries()) {
        const bytes = new TextEncoder().encode(words);
        for (const slice of randomSlices(bytes, random)) {
          await conn.writeSplit(slice, { at: 0 });
        }
        if (turn < DIALOGUE.length) await hear(conn, DIALOGUE[turn]![1]);
      }
    });
    await converse(await open(server));
  }
});

for (const reset of [false, true]) {
  Deno.test(`NntpClient ends in an error where the server ${reset ? "resets" : "closes"} at any byte`, async () => {
    const total = SPOKEN.join("").length;
    await each(total, async (stop) => {
      await using server = await scriptedServer(async (conn) => {
        let left = stop;
        for (const [turn, words] of SPOKEN.entries()) {
          await conn.write(words.slice(0, Math.max(0, left)));
          left -= words.length;
          if (left < 0) return reset ? conn.close() : undefined;
          await hear(conn, DIALOGUE[turn]![1]);
        }
      });
      let nntp: NntpClient | undefined;
      const error = await failureOf((async () => {
        nntp = await open(server);
        await converse(nntp);
      })());
      if (!reset && !/Broken pipe|reset/.test(error.message)) {
        assertInstanceOf(error, ProtocolError, `after ${stop}: ${error}`);
      }
      if (nntp) await failureOf(nntp.date());
      nntp?.close();
    });
  });
}

type Call = (n: NntpClient, o?: { signal?: AbortSignal }) => Promise<unknown>;
/** Every method, the command it sends first, and the begin of an answer. */
const CALLS: Record<string, [command: string, begin: string, call: Call]> = {
  capabilities: [
    "CAPABILITIES",
    "101 can\r\nREADER\r\n",
    (n, o) => n.capabilities(o),
  ],
  login: [
    "AUTHINFO",
    "381 ",
    (n, o) => n.login("ada", "secret", { mechanism: "USER", ...o }),
  ],
  group: ["GROUP g", "211 1 1 1", (n, o) => n.group("g", o)],
  listGroup: [
    "LISTGROUP g",
    "211 1 1 1\r\n1\r\n",
    (n, o) => all(n.listGroup("g", undefined, o)),
  ],
  stat: ["STAT 1", "223 1 <", (n, o) => n.stat(1, o)],
  next: ["NEXT", "223", (n, o) => n.next(o)],
  last: ["LAST", "2", (n, o) => n.last(o)],
  article: [
    "ARTICLE 1",
    "220 1 <1@x>\r\nx",
    async (n, o) => await textOf((await n.article(1, o)).content),
  ],
  head: [
    "HEAD 1",
    "221 1 <1@x>\r\nx\r\n",
    async (n, o) => await textOf((await n.head(1, o)).content),
  ],
  body: [
    "BODY 1",
    "222 1 <1@x>\r\nx\r\n.",
    async (n, o) => await textOf((await n.body(1, o)).content),
  ],
  articles: [
    "BODY 1",
    "222 1 <1@x>\r\nx\r\n.",
    (n, o) => Array.fromAsync(n.articles([1], "body", o)),
  ],
  xhdr: ["HDR", "225 hdr\r\n1 x\r\n", (n, o) => all(n.xhdr("a", 1, o))],
  xpat: ["HDR", "225 hdr\r\n1 x\r\n", (n, o) => all(n.xpat("a", 1, "y", o))],
  over: ["OVER", "224 over\r\n1\t", (n, o) => all(n.over(1, o))],
  "over, its format": [
    "LIST OVERVIEW.FMT",
    "215 fmt\r\na:\r\n",
    (n, o) => all(n.over(1, o)),
  ],
  list: [
    "LIST",
    "215 list\r\nx\r\n",
    (n, o) => all(n.list("COUNTS", undefined, o)),
  ],
  active: [
    "LIST",
    "215 list\r\ng 1 1 y\r\n",
    (n, o) => all(n.active(undefined, o)),
  ],
  newGroups: [
    "NEWGROUPS",
    "231 list\r\ng 1 1 y\r\n",
    (n, o) => all(n.newGroups(SINCE, o)),
  ],
  newNews: [
    "NEWNEWS",
    "230 list\r\n<1@x>\r\n",
    (n, o) => all(n.newNews("*", SINCE, o)),
  ],
  date: ["DATE", "111 2026", (n, o) => n.date(o)],
  help: ["HELP", "100 help\r\nx\r\n", (n, o) => n.help(o)],
  post: ["POST", "34", (n, o) => n.post("x", o)],
  "post, when it has sent all": [".", "24", (n, o) => n.post("x", o)],
  ihave: ["IHAVE <1@x>", "335", (n, o) => n.ihave("<1@x>", "x", o)],
  compress: ["COMPRESS DEFLATE", "206 ", (n, o) => n.compress(o)],
  quit: ["QUIT", "205", (n, o) => n.quit(o)],
};

/** Answers `command` so, and everything before it as it should. */
function startAt(
  command: string,
  answer: (said: string) => string | undefined | Promise<string | undefined>,
) {
  return startHost((said) => {
    if (said.startsWith(command)) return answer(said);
    if (said === "POST") return "340 go\r\n";
    if (said === "x") return "";
    return undefined;
  });
}

for (const [name, [command, begin, call]] of Object.entries(CALLS)) {
  const connect = (host: { hostname: string; port: number }, o = {}) =>
    open(host, { ...(name === "capabilities" && { reader: false }), ...o });

  Deno.test(`${name}() gives up a server that is silent`, async () => {
    await Promise.all(["", begin].map(async (words) => {
      await using host = await startAt(command, () => words);
      const nntp = await connect(host, { timeout: 300 });
      const error = await failureOf(call(nntp));
      assertInstanceOf(error, DOMException, `${error}`);
      assertEquals(error.name, "TimeoutError");
      assertStringIncludes(error.message, "300 ms");
      await failureOf(nntp.date());
    }));
  });

  Deno.test(`${name}() is done with its signal whatever comes`, async () => {
    for (
      const answer of [
        "400 bye\r\n",
        "480 who\r\n",
        "500 what\r\n",
        "999 what\r\n",
        "what\r\n",
        undefined,
      ]
    ) {
      await using host = await startAt(command, () => answer);
      const nntp = await connect(host);
      const watched = new WatchedSignal();
      await call(nntp, { signal: watched.signal }).catch(() => {});
      assertEquals(watched.listeners, 0, `${answer}`);
      nntp.close();
    }
  });

  Deno.test(`${name}() aborted before it was called sends nothing`, async () => {
    await using host = await startHost();
    await using nntp = await open(host, { reader: false });
    const watched = new WatchedSignal();
    watched.abort(REASON);
    assertEquals(await failureOf(call(nntp, watched)), REASON);
    await nntp.date();
    assertEquals(host.commands, ["DATE"]);
    assertEquals(watched.listeners, 0);
  });

  Deno.test(`${name}() aborted while it waits for its turn sends nothing`, async () => {
    const { promise: gate, resolve: go } = Promise.withResolvers<void>();
    await using host = await startHost(async (said) => {
      if (said === "STAT 99") await gate;
      return undefined;
    });
    await using nntp = await open(host, { reader: false });
    const stat = failureOf(nntp.stat(99));
    const watched = new WatchedSignal();
    const waiting = failureOf(call(nntp, watched));
    watched.abort(REASON);
    assertEquals(await waiting, REASON);
    go();
    await stat;
    await nntp.date();
    assertEquals(host.commands, ["STAT 99", "DATE"]);
    assertEquals(watched.listeners, 0);
  });

  Deno.test(`${name}() aborted while the server thinks rejects with the reason`, async () => {
    const watched = new WatchedSignal();
    await using host = await startAt(command, async () => {
      await Promise.resolve();
      watched.abort(REASON);
      return "";
    });
    const nntp = await connect(host);
    const error = await failureOf(call(nntp, watched));
    assertEquals(error, REASON);
    assertEquals(watched.listeners, 0);
    nntp.close();
  });

  Deno.test(`${name}() rejects when the client is closed meanwhile`, async () => {
    const connected = Promise.withResolvers<NntpClient>();
    await using host = await startAt(command, async () => {
      (await connected.promise).close();
      return "";
    });
    const nntp = await connect(host);
    connected.resolve(nntp);
    const error = await failureOf(call(nntp));
    assertEquals(error.name, "InvalidStateError", `${error}`);
    const next = await failureOf(nntp.date());
    assertEquals(next.name, "InvalidStateError");
  });
}
