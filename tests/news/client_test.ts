import { assert, assertEquals, assertRejects } from "jsr:@std/assert@^1.0.0";
import { type NntpClient, NntpError } from "../../news/mod.ts";
import { isSettled } from "../_wire/memory.ts";
import {
  all,
  block,
  hostOf,
  open,
  READER,
  scripted,
  startHost,
  textOf,
} from "./script.ts";

const SINCE = new Date("2026-02-03T04:05:06.789Z");
const OVER_LINES = [
  "3\tHi\tAda <a@b>\tSat, 21 Nov 2026 10:38:00 +0000\t<3@x>\t<1@x> <2@x>\t120\t4\tXref: here g:3",
  "4\t\t\t\t<4@x>\t\t\t",
];

/** A call, what the server says to which commands, and what comes of it. */
type Case = [
  call: (nntp: NntpClient) => Promise<unknown>,
  said: Record<string, string>,
  result: unknown,
];

const MODERN: Record<string, Case> = {
  "capabilities()": [
    async (n) => [...await n.capabilities()].slice(0, 3),
    {},
    [
      ["VERSION", "2"],
      ["READER", ""],
      ["LIST", "ACTIVE NEWSGROUPS OVERVIEW.FMT"],
    ],
  ],
  "group()": [
    (n) => n.group("comp.lang.c++"),
    {
      "GROUP comp.lang.c++": "211 1234 3000234 3002322 comp.lang.c++ more\r\n",
    },
    { name: "comp.lang.c++", count: 1234, first: 3000234, last: 3002322 },
  ],
  "group() with a name beyond ASCII": [
    (n) => n.group("grüße.世界"),
    { "GROUP grüße.世界": "211 0 1 0 grüße.世界\r\n" },
    { name: "grüße.世界", count: 0, first: 1, last: 0 },
  ],
  "listGroup()": [
    (n) => all(n.listGroup()),
    { "LISTGROUP": block("211 2 1 9 g list", "1", "9") },
    [1, 9],
  ],
  "listGroup() of a group and a range": [
    (n) => all(n.listGroup("g", "1-9")),
    { "LISTGROUP g 1-9": block("211 2 1 9 g", "1", "9") },
    [1, 9],
  ],
  "listGroup() of an empty group": [
    (n) => all(n.listGroup("g")),
    { "LISTGROUP g": block("211 0 1 0 g") },
    [],
  ],
  "stat()": [
    (n) => n.stat(),
    { "STAT": "223 7 <7@x> status\r\n" },
    { number: 7, messageId: "<7@x>" },
  ],
  "stat() by number": [
    (n) => n.stat(7),
    { "STAT 7": "223 7 <7@x>\r\n" },
    { number: 7, messageId: "<7@x>" },
  ],
  "stat() by number as text": [
    (n) => n.stat("7"),
    { "STAT 7": "223 7 <7@x>\r\n" },
    { number: 7, messageId: "<7@x>" },
  ],
  "stat() by id": [
    (n) => n.stat("<7@x>"),
    { "STAT <7@x>": "223 0 <7@x>\r\n" },
    { number: 0, messageId: "<7@x>" },
  ],
  "next()": [
    (n) => n.next(),
    { "NEXT": "223 8 <8@x> found\r\n" },
    { number: 8, messageId: "<8@x>" },
  ],
  "last()": [
    (n) => n.last(),
    { "LAST": "223 6 <6@x>\r\n" },
    { number: 6, messageId: "<6@x>" },
  ],
  "article()": [
    async (n) => {
      const { content, ...ref } = await n.article();
      return [ref, await textOf(content)];
    },
    { "ARTICLE": block("220 7 <7@x> article", "A: b", "", "..", "..c") },
    [{ number: 7, messageId: "<7@x>" }, "A: b\r\n\r\n.\r\n.c\r\n"],
  ],
  "head() by number": [
    async (n) => await textOf((await n.head(7)).content),
    { "HEAD 7": block("221 7 <7@x>", "A: b") },
    "A: b\r\n",
  ],
  "body() by id": [
    async (n) => await textOf((await n.body("<7@x>")).content),
    { "BODY <7@x>": block("222 0 <7@x>") },
    "",
  ],
  "xhdr() by HDR": [
    (n) => all(n.xhdr("Subject", "3-")),
    { "HDR Subject 3-": block("225 follow", "3 Hi there", "4 ", "5") },
    [["3", "Hi there"], ["4", ""], ["5", ""]],
  ],
  "xhdr() of the current article": [
    (n) => all(n.xhdr(":lines")),
    { "HDR :lines": block("225 follow", "3 17") },
    [["3", "17"]],
  ],
  "xhdr() by HDR and id": [
    (n) => all(n.xhdr("subject", "<3@x>")),
    { "HDR subject <3@x>": block("225 follow", "0 (none)") },
    [["<3@x>", "(none)"]],
  ],
  "xpat() without XPAT": [
    (n) => all(n.xpat("Subject", 3, "a *")),
    { "HDR Subject 3": block("225 follow", "3 a d", "4 bd", "5 c") },
    [["3", "a d"]],
  ],
  "over()": [
    (n) => all(n.over("3-4")),
    { "OVER 3-4": block("224 follow", ...OVER_LINES) },
    [
      {
        number: 3,
        subject: "Hi",
        from: "Ada <a@b>",
        date: new Date("2026-11-21T10:38:00Z"),
        messageId: "<3@x>",
        references: ["<1@x>", "<2@x>"],
        bytes: 120,
        lines: 4,
        other: { xref: "here g:3" },
      },
      {
        number: 4,
        subject: "",
        from: "",
        messageId: "<4@x>",
        references: [],
        other: {},
      },
    ],
  ],
  "over() of the current article": [
    (n) => all(n.over()),
    { "OVER": block("224 follow", "3") },
    [{ number: 3, other: {} }],
  ],
  "over() by id": [
    async (n) => (await all(n.over("<3@x>"))).length,
    { "OVER <3@x>": block("224 follow", "0\tHi") },
    1,
  ],
  "list()": [
    (n) => all(n.list()),
    { "LIST ACTIVE": block("215 follow", "a 2 1 y", "..b 2 1 n") },
    ["a 2 1 y", ".b 2 1 n"],
  ],
  "list() of a kind and a wildmat": [
    (n) => all(n.list("active.times", "a.*,!a.b")),
    { "LIST active.times a.*,!a.b": block("215 follow", "a.c 1 ada") },
    ["a.c 1 ada"],
  ],
  "active()": [
    (n) => all(n.active("a*")),
    { "LIST ACTIVE a*": block("215 follow", "a 0009 0003 m", "b 0 1 =c") },
    [
      { name: "a", first: 3, last: 9, status: "m" },
      { name: "b", first: 1, last: 0, status: "=c" },
    ],
  ],
  "newGroups()": [
    (n) => all(n.newGroups(SINCE)),
    { "NEWGROUPS 20260203 040506 GMT": block("231 follow", "a 2 1 y") },
    [{ name: "a", first: 1, last: 2, status: "y" }],
  ],
  "newNews()": [
    (n) => all(n.newNews("a.*", SINCE)),
    {
      "NEWNEWS a.* 20260203 040506 GMT": block("230 follow", "<1@x>", "<2@x>"),
    },
    ["<1@x>", "<2@x>"],
  ],
  "date()": [
    (n) => n.date(),
    { "DATE": "111 20261121103801\r\n" },
    new Date("2026-11-21T10:38:01Z"),
  ],
  "help()": [
    (n) => n.help(),
    { "HELP": block("100 help", "  ARTICLE [id]", "", "..") },
    ["  ARTICLE [id]", "", "."],
  ],
};

for (const [what, [call, said, result]] of Object.entries(MODERN)) {
  Deno.test(`${what} says what it has to, and tells the answer`, async () => {
    await using host = await hostOf(said);
    await using nntp = await open(host);
    assertEquals(await call(nntp), result);
    const own = Object.keys(said);
    assertEquals(
      host.commands.filter((one) =>
        own.includes(one) ||
        !/^(CAPABILITIES|LIST OVERVIEW\.FMT)$/.test(one)
      ),
      own,
    );
    // What has ended leaves the client free.
    await nntp.date();
  });
}

/** Before RFC 3977. The commands that the server does not know come first. */
const OLD: Record<string, Case> = {
  "capabilities()": [async (n) => [...await n.capabilities()], {}, []],
  "listGroup() with a range": [
    (n) => all(n.listGroup("g", "3-5")),
    { "LISTGROUP g": block("211 follow", "1", "3", " 5", "6") },
    [3, 5],
  ],
  "listGroup() from a number on": [
    (n) => all(n.listGroup("g", "3-")),
    { "LISTGROUP g": block("211 follow", "1", "3", "6") },
    [3, 6],
  ],
  "listGroup() of one number": [
    (n) => all(n.listGroup("g", "3")),
    { "LISTGROUP g": block("211 follow", "1", "3", "6") },
    [3],
  ],
  "xhdr() by XHDR": [
    (n) => all(n.xhdr("Subject", "3-4")),
    { "XHDR Subject 3-4": block("221 follow", "3 (none)", "4 a (none)") },
    [["3", ""], ["4", "a (none)"]],
  ],
  "xhdr() of :bytes by XHDR": [
    (n) => all(n.xhdr(":bytes", 3)),
    { "XHDR bytes 3": block("221 follow", "3 17") },
    [["3", "17"]],
  ],
  "xhdr() by XHDR and id": [
    (n) => all(n.xhdr("Subject", "<3@x>")),
    { "XHDR Subject <3@x>": block("221 follow", "<3@x> Hi") },
    [["<3@x>", "Hi"]],
  ],
  "xpat() by XPAT": [
    (n) => all(n.xpat("Subject", "3-", "*d*")),
    { "XPAT Subject 3- *d*": block("221 follow", "3 a d") },
    [["3", "a d"]],
  ],
  "xpat() with neither": [
    (n) => all(n.xpat("Subject", "3-", "*d*")),
    {
      "XPAT Subject 3- *d*": "500 what\r\n",
      "XHDR Subject 3-": block("221 follow", "3 a d", "4 (none)", "5 c"),
    },
    [["3", "a d"]],
  ],
  "over() by XOVER": [
    async (n) => (await all(n.over("3-4")))[0]!.other,
    {
      "LIST OVERVIEW.FMT": "500 what\r\n",
      "XOVER 3-4": block("224 follow", ...OVER_LINES),
    },
    { xref: "here g:3" },
  ],
  "over() in another order": [
    (n) => all(n.over(3)),
    {
      "LIST OVERVIEW.FMT": block("215 format", "Bytes:", "Subject:full", "X:"),
      "XOVER 3": block("224 follow", "3\t17\tSubject: Hi\ty\tz"),
    },
    [{ number: 3, bytes: 17, subject: "Hi", other: { x: "y", "4": "z" } }],
  ],
  "active() by LIST": [
    (n) => all(n.active("a*,!ab")),
    {
      "LIST ACTIVE a*,!ab": "501 what\r\n",
      "LIST": block("215 follow", "a 2 1 y", "ab 2 1 y", "ac 1 1 n", "b 1 1 y"),
    },
    [
      { name: "a", first: 1, last: 2, status: "y" },
      { name: "ac", first: 1, last: 1, status: "n" },
    ],
  ],
  "list() of descriptions by XGTITLE": [
    (n) => all(n.list("NEWSGROUPS", "a*")),
    {
      "LIST NEWSGROUPS a*": "500 what\r\n",
      "XGTITLE a*": block("282 follow", "a\tEverything"),
    },
    ["a\tEverything"],
  ],
  "newGroups()": [
    (n) => all(n.newGroups(SINCE)),
    { "NEWGROUPS 260203 040506 GMT": block("231 follow") },
    [],
  ],
  "newNews() since before there was any": [
    (n) => all(n.newNews("a", new Date("1950-01-02"))),
    { "NEWNEWS a 700101 000000 GMT": block("230 follow") },
    [],
  ],
};

for (const [what, [call, said, result]] of Object.entries(OLD)) {
  Deno.test(`${what} goes the old way on an old server`, async () => {
    await using host = await hostOf(said, { capabilities: undefined });
    await using nntp = await open(host);
    assertEquals(await call(nntp), result);
    const own = Object.keys(said).filter((one) => one !== "LIST OVERVIEW.FMT");
    assertEquals(
      host.commands.filter((one) =>
        !/^(CAPABILITIES|LIST OVERVIEW\.FMT)$/.test(one)
      ),
      ["MODE READER", ...own],
    );
    await nntp.date();
  });
}

Deno.test("capabilities() and over() ask once", async () => {
  await using host = await startHost((command) =>
    command.startsWith("OVER") ? block("224 follow") : undefined
  );
  await using nntp = await open(host);
  for (let n = 0; n < 3; n++) {
    await nntp.capabilities();
    await all(nntp.over("1-"));
  }
  const asked = host.commands.filter((one) => !one.startsWith("OVER "));
  assertEquals(asked, ["CAPABILITIES", "LIST OVERVIEW.FMT"]);
});

Deno.test("commands called together go in call order, and a refused one stops none", async () => {
  await using host = await startHost((command) =>
    command.startsWith("GROUP b")
      ? "411 no\r\n"
      : command.startsWith("GROUP")
      ? `211 1 1 1 ${command.slice(6)}\r\n`
      : command.startsWith("STAT")
      ? "223 1 <1@x>\r\n"
      : undefined
  );
  await using nntp = await open(host);
  const [a, b, c, d] = await Promise.allSettled([
    nntp.group("a"),
    nntp.group("b"),
    nntp.stat(1),
    nntp.date(),
  ]);
  assertEquals(
    [a, b, c, d].map(({ status }) => status),
    ["fulfilled", "rejected", "fulfilled", "fulfilled"],
  );
  assertEquals(host.commands.slice(1), [
    "GROUP a",
    "GROUP b",
    "STAT 1",
    "DATE",
  ]);
});

Deno.test("commands called together wait for one another's answers", async () => {
  const { promise: gate, resolve: go } = Promise.withResolvers<void>();
  await using server = await scripted(async (conn) => {
    await conn.expect("STAT 1");
    await gate;
    await conn.write("223 1 <1@x>\r\n");
    await conn.expect("DATE");
    await conn.write("111 20261121103801\r\n");
    await conn.expect("QUIT");
    await conn.write("205 bye\r\n");
  });
  await using nntp = await open(server, { reader: false });
  const both = Promise.all([nntp.stat(1), nntp.date()]);
  assert(!await isSettled(both));
  go();
  await both;
});

Deno.test("listGroup() with a range is of the group that a call before it selects", async () => {
  await using host = await startHost((command) => {
    const [verb, name] = command.split(" ");
    if (verb === "GROUP") return `211 9 1 9 ${name}\r\n`;
    if (verb === "LISTGROUP") return block(`211 1 1 9 ${name}`, "5");
    return undefined;
  });
  await using nntp = await open(host);
  await nntp.group("a");
  await Promise.all([
    nntp.group("b"),
    nntp.listGroup(undefined, "5-").then(Array.fromAsync),
  ]);
  assertEquals(host.commands.slice(-2), ["GROUP b", "LISTGROUP b 5-"]);
});

Deno.test("listGroup() with a range is of the group that was selected last", async () => {
  await using host = await startHost((command) => {
    const [verb, name] = command.split(" ");
    if (name === "none") return "411 no\r\n";
    if (verb === "GROUP") return `211 9 1 9 ${name}\r\n`;
    if (verb === "LISTGROUP") return block("211 1 1 9", "5");
    return undefined;
  });
  await using nntp = await open(host);
  await assertRejects(() => nntp.listGroup(undefined, "5-"), TypeError);
  await nntp.group("a");
  await assertRejects(() => nntp.group("none"), NntpError);
  await all(nntp.listGroup(undefined, "5-"));
  await all(nntp.listGroup("b"));
  await assertRejects(() => nntp.listGroup("none"), NntpError);
  await all(nntp.listGroup(undefined, "5-"));
  assertEquals(
    host.commands.filter((one) => / 5-$/.test(one)),
    ["LISTGROUP a 5-", "LISTGROUP b 5-"],
  );
});

Deno.test("connect() says which server is secure, and whether one can post", async () => {
  await using host = await startHost(undefined, {
    capabilities: READER,
    greeting: "201 no posting",
  });
  await using nntp = await open(host);
  const { hostname, port, secure, canPost } = nntp;
  assertEquals({ hostname, port, secure, canPost }, {
    hostname: host.hostname,
    port: host.port,
    secure: false,
    canPost: false,
  });
});
