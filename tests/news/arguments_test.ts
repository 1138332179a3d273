import { assertEquals, assertInstanceOf } from "jsr:@std/assert@^1.0.0";
import { NntpClient } from "../../news/mod.ts";
import { all, failureOf, open, scripted, startHost } from "./script.ts";

type Call = (n: NntpClient, bad: string) => Promise<unknown>;

const SINCE = new Date("2026-02-03T04:05:06Z");
const ENDS = [
  "a\r\nQUIT",
  "a\nQUIT",
  "a\rQUIT",
  "a\0QUIT",
  "\r\n",
  "<a\r\n@x>",
];
/** Neither a number nor a Message-ID in brackets. */
const NO_ID = [
  "",
  " ",
  "a@x",
  "<>",
  "<a@x",
  "a@x>",
  "<a b@x>",
  "<a\tb@x>",
  "<a>b@x>",
  "<a@x> ",
  " <a@x>",
  "<a@x>\n",
  "<\ud800@x>",
  `<${"a".repeat(249)}>`,
  "0",
  "-1",
  "1.5",
  "1e3",
  "0x10",
  "9007199254740993",
];
const NO_WORD = ["", " ", "a b", "a\tb", "\x7f", "\ud800", "a\v"];
const NO_RANGE = [
  ...NO_ID,
  "-",
  "-5",
  "5--9",
  "5-9-",
  "a-b",
  "1-2,4",
  "1- 2",
  "5-\n",
];
const NO_HEADER = ["", ":", "Subject:", "Sub ject", "a:b", "Grüße", "::lines"];

const CALLS: Record<string, [call: Call, bad: string[]]> = {
  "group()": [(n, bad) => n.group(bad), NO_WORD],
  "listGroup()": [(n, bad) => n.listGroup(bad), NO_WORD.slice(1)],
  "listGroup() with a range": [(n, bad) => n.listGroup("g", bad), NO_RANGE],
  "stat()": [(n, bad) => n.stat(bad), NO_ID],
  "article()": [(n, bad) => n.article(bad), NO_ID],
  "head()": [(n, bad) => n.head(bad), NO_ID],
  "body()": [(n, bad) => n.body(bad), NO_ID],
  "articles()": [(n, bad) => Array.fromAsync(n.articles([bad])), NO_ID],
  "xhdr() of a header": [(n, bad) => n.xhdr(bad, 1), NO_HEADER],
  "xhdr() of a range": [(n, bad) => n.xhdr("Subject", bad), NO_RANGE],
  "xpat() of a header": [(n, bad) => n.xpat(bad, 1, "*"), NO_HEADER],
  "xpat() of a range": [(n, bad) => n.xpat("Subject", bad, "*"), NO_RANGE],
  "xpat()": [(n, bad) => n.xpat("Subject", 1, bad), ["", "\x7f", "\ud800"]],
  "over()": [(n, bad) => n.over(bad), NO_RANGE],
  "list()": [(n, bad) => n.list(bad), NO_WORD],
  "list() with a wildmat": [(n, bad) => n.list("ACTIVE", bad), NO_WORD],
  "active()": [(n, bad) => n.active(bad), NO_WORD],
  "newNews()": [(n, bad) => n.newNews(bad, SINCE), NO_WORD],
  "ihave()": [(n, bad) => n.ihave(bad, "x"), [...NO_ID, "7"]],
  "login() with a name": [(n, bad) => n.login(bad, "secret"), []],
  "login() with a password": [(n, bad) => n.login("ada", bad), []],
  "login() with a token": [
    (n, bad) => n.login("ada", { accessToken: bad }),
    [],
  ],
};

for (const [what, [call, bad]] of Object.entries(CALLS)) {
  Deno.test(`${what} refuses what is none before anything is sent`, async () => {
    await using host = await startHost();
    await using nntp = await open(host, { reader: false });
    for (const one of [...ENDS, ...bad]) {
      const error = await failureOf(call(nntp, one));
      assertInstanceOf(error, TypeError, `${JSON.stringify(one)}: ${error}`);
    }
    assertEquals(host.commands, []);
  });
}

Deno.test("article() and its like refuse numbers that are no article's", async () => {
  await using host = await startHost();
  await using nntp = await open(host, { reader: false });
  for (const bad of [0, -0, -1, 1.5, NaN, Infinity, 2 ** 53]) {
    for (
      const call of [
        () => nntp.stat(bad),
        () => nntp.article(bad),
        () => nntp.head(bad),
        () => nntp.body(bad),
        () => nntp.over(bad),
        () => nntp.xhdr("Subject", bad),
        () => nntp.xpat("Subject", bad, "*"),
        () => Array.fromAsync(nntp.articles([bad])),
      ]
    ) assertInstanceOf(await failureOf(call()), TypeError, `${bad}`);
  }
  assertEquals(host.commands, []);
});

Deno.test("newGroups() and newNews() refuse dates that are none", async () => {
  await using host = await startHost();
  await using nntp = await open(host, { reader: false });
  for (
    const bad of [new Date(NaN), new Date(8.64e15), new Date("-000001-01-01")]
  ) {
    assertInstanceOf(await failureOf(nntp.newGroups(bad)), TypeError);
    assertInstanceOf(await failureOf(nntp.newNews("*", bad)), TypeError);
  }
  assertEquals(host.commands, []);
});

Deno.test("listGroup() takes no Message-ID for a range", async () => {
  await using host = await startHost(() => "501 what\r\n");
  await using nntp = await open(host, { reader: false });
  const error = await failureOf(nntp.listGroup("g", "<1@x>"));
  assertInstanceOf(error, TypeError, `${error}`);
});

Deno.test("articles() takes undefined for no id", async () => {
  await using host = await startHost(() => "423 no\r\n");
  await using nntp = await open(host, { reader: false });
  for (const bad of [undefined, null, {}, ["5"], 5n, true]) {
    const stream = nntp.articles([bad as unknown as string]);
    const error = await failureOf(Array.fromAsync(stream));
    assertInstanceOf(error, TypeError, `${bad}: ${error}`);
  }
  assertEquals(host.commands, []);
});

Deno.test("articles() takes no text for a list", async () => {
  await using host = await startHost(() => "423 no\r\n");
  await using nntp = await open(host, { reader: false });
  const error = await failureOf(
    (async () => await Array.fromAsync(nntp.articles("123")))(),
  );
  assertInstanceOf(error, TypeError);
  assertEquals(host.commands, []);
});

Deno.test("commands longer than the protocol permits are refused before anything is sent", async () => {
  await using host = await startHost(() => "501 too long\r\n");
  await using nntp = await open(host, { reader: false });
  for (const word of ["x".repeat(512), "世".repeat(200)]) {
    for (
      const call of [
        () => nntp.group(word),
        () => nntp.listGroup(word),
        () => nntp.list("ACTIVE", word),
        () => nntp.newNews(word, SINCE),
        () => nntp.xpat("Subject", 1, word),
        () => nntp.login(word, "secret", { mechanism: "USER" }),
      ]
    ) {
      const error = await failureOf(call());
      assertInstanceOf(error, TypeError, `${error}`);
    }
  }
  assertEquals(
    host.commands.filter((one) => !/^(CAPABILITIES|LIST OV)/.test(one)),
    [],
  );
});

Deno.test("articles() refuses options and parts that are none", async () => {
  await using host = await startHost();
  await using nntp = await open(host, { reader: false });
  for (
    const call of [
      () => nntp.articles([1], "all" as "body"),
      () => nntp.articles([1], "toString" as "body"),
      () => nntp.articles([1], "body", { window: 0 }),
      () => nntp.articles([1], "body", { window: NaN }),
      () => nntp.articles([1], "body", { maxSize: 0 }),
    ]
  ) {
    // deno-lint-ignore require-await
    assertInstanceOf(await failureOf((async () => call())()), TypeError);
  }
  assertEquals(host.commands, []);
});

Deno.test("post() and ihave() refuse what is no source before anything is sent", async () => {
  await using host = await startHost();
  await using nntp = await open(host, { reader: false });
  const locked = new ReadableStream<Uint8Array>();
  locked.getReader();
  for (const bad of [locked, undefined, null, 5, {}, [1]]) {
    for (
      const call of [
        () => nntp.post(bad as string),
        () => nntp.ihave("<a@x>", bad as string),
      ]
    ) {
      // deno-lint-ignore require-await
      const error = await failureOf((async () => call())());
      assertInstanceOf(error, TypeError);
    }
  }
  assertEquals(host.commands, []);
});

Deno.test("connect() refuses bad options before connecting", async () => {
  await using server = await scripted(() => Promise.resolve());
  const { hostname, port } = server;
  for (
    const bad of [
      { hostname: "" },
      { port: 0 },
      { port: 65_536 },
      { port: 1.5 },
      { tls: "on" as "none" },
      { limits: { line: 0 } },
      { tls: "implicit" as const, tlsOptions: { caCerts: ["none"] } },
    ]
  ) {
    const call = NntpClient.connect({ hostname, port, ...bad });
    assertInstanceOf(await failureOf(call), TypeError);
  }
  assertEquals(server.connections, 0);
});

Deno.test("what is peculiar and no error goes out as it is", async () => {
  await using host = await startHost(() => "430 no\r\n");
  await using nntp = await open(host, { reader: false });
  for (
    const id of ["<a@x>", "<$%!?@[1.2.3.4]>", "<é@x>", "<a..b@x>", 2 ** 53 - 1]
  ) {
    await failureOf(nntp.stat(id));
  }
  await failureOf(nntp.stat("007"));
  await failureOf(nntp.group(".a"));
  await failureOf(all(nntp.list("distrib.pats")));
  assertEquals(host.commands, [
    "STAT <a@x>",
    "STAT <$%!?@[1.2.3.4]>",
    "STAT <é@x>",
    "STAT <a..b@x>",
    "STAT 9007199254740991",
    "STAT 7",
    "GROUP .a",
    "LIST distrib.pats",
  ]);
});
