import {
  assert,
  assertEquals,
  assertInstanceOf,
  assertStringIncludes,
} from "jsr:@std/assert@^1.0.0";
import { type NntpClient, NntpError, ProtocolError } from "../../news/mod.ts";
import { all, block, failureOf, hostOf, open, startHost } from "./script.ts";

const SINCE = new Date("2026-02-03T04:05:06Z");

/** Each method, its command, and the only codes that fit. */
const CALLS: Record<
  string,
  [command: string, fits: number[], call: (n: NntpClient) => Promise<unknown>]
> = {
  group: ["GROUP g", [211], (n) => n.group("g")],
  listGroup: ["LISTGROUP g", [211], (n) => n.listGroup("g")],
  stat: ["STAT 1", [223], (n) => n.stat(1)],
  next: ["NEXT", [223], (n) => n.next()],
  last: ["LAST", [223], (n) => n.last()],
  article: ["ARTICLE 1", [220], (n) => n.article(1)],
  head: ["HEAD 1", [221], (n) => n.head(1)],
  body: ["BODY 1", [222], (n) => n.body(1)],
  articles: ["BODY 1", [222], (n) => Array.fromAsync(n.articles([1], "body"))],
  xhdr: ["HDR Subject 1", [225], (n) => n.xhdr("Subject", 1)],
  over: ["OVER 1", [224], (n) => n.over(1)],
  list: ["LIST COUNTS", [215], (n) => n.list("COUNTS")],
  newGroups: [
    "NEWGROUPS 20260203 040506 GMT",
    [231],
    (n) => n.newGroups(SINCE),
  ],
  newNews: [
    "NEWNEWS * 20260203 040506 GMT",
    [230],
    (n) => n.newNews("*", SINCE),
  ],
  date: ["DATE", [111], (n) => n.date()],
  help: ["HELP", [100], (n) => n.help()],
  post: ["POST", [340], (n) => n.post("x")],
  ihave: ["IHAVE <a@x>", [335], (n) => n.ihave("<a@x>", "x")],
  compress: ["COMPRESS DEFLATE", [206], (n) => n.compress()],
  login: [
    "AUTHINFO USER ada",
    [281, 381],
    (n) => n.login("ada", "secret", { mechanism: "USER" }),
  ],
  quit: ["QUIT", [205], (n) => n.quit()],
};
const GOOD = [
  ...[100, 101, 111, 199, 200, 201, 205, 206, 211, 215, 220, 221, 222, 223],
  ...[224, 225, 230, 231, 235, 240, 250, 281, 282, 283, 288, 299, 335, 340],
  ...[350, 381, 382, 383, 399],
];
const REFUSALS = [
  ...[403, 411, 412, 420, 421, 422, 423, 430, 435, 436, 437, 440, 441, 450],
  ...[480, 481, 482, 483, 499, 500, 501, 502, 503, 504, 580, 599],
];

for (const [name, [command, fits, call]] of Object.entries(CALLS)) {
  Deno.test(`${name}() takes a code that does not fit for a broken server`, async () => {
    for (const code of GOOD.filter((one) => !fits.includes(one))) {
      await using host = await hostOf({ [command]: `${code} 1 <1@x>\r\n` });
      const nntp = await open(host);
      const error = await failureOf(call(nntp));
      assertInstanceOf(error, ProtocolError, `${code}: ${error}`);
      assertStringIncludes(error.message, `no proper answer in "${code} 1`);
      assertStringIncludes(error.message, command.split(" ")[0]!);
      // Nobody knows whether lines follow.
      await failureOf(nntp.date());
      assertEquals(host.commands.at(-1), command);
    }
  });

  if (name === "articles") continue;
  Deno.test(`${name}() rejects with any refusal, and the client is usable`, async () => {
    for (const code of REFUSALS) {
      await using host = await hostOf({ [command]: `${code} so not\r\n` });
      await using nntp = await open(host);
      const error = await failureOf(call(nntp));
      assertInstanceOf(error, NntpError, `${code}: ${error}`);
      assertEquals(
        [error.name, error.code, error.command, error.transient],
        ["NntpError", code, command, [403, 436].includes(code)],
      );
      assertEquals(error.reply, { lines: ["so not"], text: "so not" });
      const said = `Cannot ${command}: the server answered ${code} so not`;
      assert(error.message.startsWith(said), error.message);
      if (name === "quit") await failureOf(nntp.date());
      else assert(await nntp.capabilities());
    }
  });

  Deno.test(`${name}() rejects with 400, and the client is closed`, async () => {
    await using host = await hostOf({ [command]: "400 going down\r\n" });
    const nntp = await open(host);
    const error = await failureOf(call(nntp));
    assertInstanceOf(error, NntpError);
    assertEquals([error.code, error.transient], [400, true]);
    await failureOf(nntp.date());
    assertEquals(host.commands.at(-1), command);
  });
}

Deno.test("NntpError says what can be done about it", async () => {
  for (
    const [code, advice] of [
      [412, "(select a group by group() first)"],
      [480, "(sign in by login() first)"],
      [483, 'tls: "starttls" or "implicit")'],
    ] as const
  ) {
    await using host = await hostOf({ "STAT 1": `${code}\r\n` });
    await using nntp = await open(host);
    const { message } = await failureOf(nntp.stat(1));
    assertStringIncludes(message, `answered ${code} (`);
    assert(message.endsWith(advice), message);
  }
});

const MALFORMED: Record<
  string,
  [texts: string[], (n: NntpClient) => Promise<unknown>]
> = {
  "GROUP g": [
    ["211", "211 ", "211 g", "211 1 2 g", "211 1 2 x g", "211 -1 1 2 g"]
      .concat(["211 1 1 99999999999999999 g", "211 1,2,3 g", "211 0x1 1 1 g"]),
    (n) => n.group("g"),
  ],
  "STAT 1": [
    ["223", "223 <1@x", "223 x <1@x>", "223 1 <1@x", "223 -1 <1@x>"],
    (n) => n.stat(1),
  ],
  "ARTICLE 1": [
    ["220", "220 follows", "220 1 <1@x"],
    (n) => n.article(1),
  ],
  "HEAD 1": [["221 head"], (n) => n.head(1)],
  "BODY 1": [["222 body", "222-1 <1@x"], (n) => n.body(1)],
  "DATE": [
    ["111", "111 today", "111 2026112110380", "111 20261321103801"]
      .concat([
        "111 20260229103801",
        "111 20261121246060",
        "111 00000000000000",
      ])
      .concat(["111 2026-11-21 10:38"]),
    (n) => n.date(),
  ],
};

for (const [command, [texts, call]] of Object.entries(MALFORMED)) {
  Deno.test(`an answer to ${command} without what it has to tell is an error`, async () => {
    for (const text of texts) {
      await using host = await hostOf({ [command]: block(text, "line") });
      const nntp = await open(host);
      const error = await failureOf(call(nntp));
      assertInstanceOf(error, ProtocolError, `${text}: ${error}`);
      await failureOf(nntp.date());
      assertEquals(host.commands.at(-1), command);
    }
  });
}

const LINES: Record<
  string,
  [string, string[], (n: NntpClient) => Promise<unknown>]
> = {
  listGroup: [
    "LISTGROUP g",
    ["", "x", "-1", "1.5", "1 2"],
    (n) => all(n.listGroup("g")),
  ],
  over: [
    "OVER 1",
    ["x", "x\t1", "-1\ty", "99999999999999999\t"],
    (n) => all(n.over(1)),
  ],
  active: [
    "LIST ACTIVE",
    ["", "g", "g 1", "g 1 1", "g x 1 y"],
    (n) => all(n.active()),
  ],
  newGroups: [
    "NEWGROUPS 20260203 040506 GMT",
    ["", "g", "g 1 x y"],
    (n) => all(n.newGroups(SINCE)),
  ],
};

for (const [name, [command, lines, call]] of Object.entries(LINES)) {
  Deno.test(`${name}() takes lines that say nothing for a broken server`, async () => {
    const code =
      { listGroup: 211, over: 224, active: 215, newGroups: 231 }[name];
    for (const line of lines) {
      await using host = await hostOf({
        [command]: block(`${code} lines`, line),
      });
      const nntp = await open(host);
      const error = await failureOf(call(nntp));
      assertInstanceOf(error, ProtocolError, `${line}: ${error}`);
      await failureOf(nntp.date());
      assertEquals(host.commands.at(-1), command);
    }
  });
}

Deno.test("post() and ihave() tell what became of what they sent", async () => {
  for (
    const [command, invitation, ok, codes] of [
      ["POST", "340 go", "240 ok", [403, 441, 480, 502]],
      ["IHAVE <a@x>", "335 go", "235 ok", [436, 437, 403]],
    ] as const
  ) {
    const send = (n: NntpClient) =>
      command === "POST" ? n.post("a\n.b") : n.ihave("<a@x>", "a\n.b");
    for (const code of [0, ...codes, 200, 340]) {
      const bodies: string[] = [];
      await using host = await startHost(async (said, conn) => {
        if (said !== command) return;
        await conn.write(invitation + "\r\n");
        const lines: string[] = [];
        for (let line; (line = await conn.readLine()) !== ".";) {
          lines.push(line!);
        }
        bodies.push(lines.join("|"));
        return `${code || ok} not that\r\n`;
      });
      const nntp = await open(host);
      if (code === 0) await send(nntp);
      else {
        const error = await failureOf(send(nntp));
        assertInstanceOf(error, code < 400 ? ProtocolError : NntpError);
        if (error instanceof NntpError) {
          assertEquals([error.code, error.command], [code, command]);
        }
      }
      assertEquals(bodies, ["a|..b"]);
      if (code === 0 || code >= 400) await nntp.quit();
      nntp.close();
    }
  }
});
