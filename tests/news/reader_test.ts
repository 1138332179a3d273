import {
  assert,
  assertEquals,
  assertFalse,
  assertInstanceOf,
  assertRejects,
} from "jsr:@std/assert@^1.0.0";
import { NntpError, ProtocolError } from "../../news/mod.ts";
import { scriptedServer } from "../_support/scripted_server.ts";
import { NntpServer } from "../servers/nntp_server.ts";
import {
  all,
  block,
  failureOf,
  hostOf,
  open,
  READER,
  scripted,
  startHost,
} from "./script.ts";

const TRANSIT = block("101 can", "VERSION 2", "MODE-READER", "IHAVE");

Deno.test("connect() says MODE READER where the server wants it, and no other time", async () => {
  for (
    const [capabilities, reader, said] of [
      [READER, true, ["CAPABILITIES"]],
      [READER, false, []],
      [TRANSIT, true, ["CAPABILITIES", "MODE READER"]],
      [TRANSIT, false, []],
      [undefined, true, ["CAPABILITIES", "MODE READER"]],
      [undefined, false, []],
      // Neither for readers nor switching.
      [block("101 can", "VERSION 2", "IHAVE"), true, ["CAPABILITIES"]],
    ] as const
  ) {
    await using host = await startHost(undefined, { capabilities });
    await using nntp = await open(host, { reader });
    assertEquals(host.commands, [...said]);
    assert(nntp.canPost);
  }
});

Deno.test("connect() asks anew what the server can after MODE READER", async () => {
  let mode = TRANSIT;
  await using host = await startHost((command) => {
    if (command === "CAPABILITIES") return mode;
    if (command !== "MODE READER") return;
    mode = READER;
    return "201 ready, no posting\r\n";
  });
  await using nntp = await open(host);
  assert((await nntp.capabilities()).has("READER"));
  assertFalse(nntp.canPost);
});

Deno.test("connect() goes on where an old server does not know MODE READER", async () => {
  for (const code of [500, 501]) {
    await using host = await hostOf(
      { "MODE READER": `${code} what\r\n` },
      { capabilities: undefined },
    );
    await using nntp = await open(host);
    await nntp.date();
  }
});

Deno.test("connect() rejects where the server is not for readers", async () => {
  for (
    const [code, capabilities] of [
      [502, undefined],
      [502, TRANSIT],
      [400, undefined],
      [403, TRANSIT],
      [500, TRANSIT],
      [483, undefined],
    ] as const
  ) {
    await using host = await hostOf(
      { "MODE READER": `${code} not for you\r\n` },
      { capabilities },
    );
    const error = await assertRejects(
      () => open(host),
      NntpError,
      "MODE READER",
    );
    assertEquals(error.code, code);
  }
  await using host = await hostOf(
    { "MODE READER": "205 bye\r\n" },
    { capabilities: TRANSIT },
  );
  await assertRejects(() => open(host), ProtocolError);
});

Deno.test("connect() puts MODE READER off until login() where the server wants it so", async () => {
  let signedIn = false;
  await using host = await startHost((command) => {
    switch (command) {
      case "CAPABILITIES":
        return TRANSIT;
      case "MODE READER":
        return signedIn ? "200 ready\r\n" : "480 who are you\r\n";
      case "AUTHINFO USER ada":
        return "381 go on\r\n";
      case "AUTHINFO PASS secret":
        signedIn = true;
        return "281 welcome\r\n";
    }
    return undefined;
  }, { greeting: "201 hello" });
  await using nntp = await open(host);
  assertFalse(nntp.canPost);
  await nntp.login("ada", "secret");
  assertEquals(
    host.commands.filter((one) => one === "MODE READER").length,
    2,
  );
  assertEquals(host.commands.at(-1), "CAPABILITIES");
});

Deno.test("a server that wants the other mode in the middle gets it, and the command again", async () => {
  let reading = false;
  await using host = await startHost((command) => {
    if (command === "MODE READER") {
      reading = true;
      return "201 ready\r\n";
    }
    if (!command.startsWith("GROUP")) return;
    return reading ? "211 1 1 1 g\r\n" : "401 MODE-READER first\r\n";
  });
  await using nntp = await open(host);
  assert(nntp.canPost);
  assertEquals((await nntp.group("g")).count, 1);
  assertEquals(host.commands.slice(-3), ["GROUP g", "MODE READER", "GROUP g"]);
  assertFalse(nntp.canPost);
});

Deno.test("a server that wants the other mode for ever, or another, is refused", async () => {
  for (
    const text of [
      "MODE-READER",
      "mode-reader now",
      "XENCRYPT",
      "MODE-READERS",
      "",
    ]
  ) {
    await using host = await hostOf({ "GROUP g": `401 ${text}\r\n` });
    await using nntp = await open(host);
    const error = await assertRejects(() => nntp.group("g"), NntpError);
    assertEquals(error.code, 401);
    const asked = host.commands.filter((one) => one === "MODE READER").length;
    assertEquals(asked, /^mode-reader\b/i.test(text) ? 1 : 0, text);
    await nntp.date();
  }
});

Deno.test("MODE READER that is refused in the middle goes to the caller", async () => {
  await using host = await hostOf({
    "GROUP g": "401 MODE-READER\r\n",
    "MODE READER": "502 no\r\n",
  });
  await using nntp = await open(host);
  const error = await assertRejects(() => nntp.group("g"), NntpError);
  assertEquals([error.code, error.command], [502, "MODE READER"]);
});

Deno.test("connect() with reader: false never says MODE READER", async () => {
  await using server = await NntpServer.start({ modeReader: true });
  await using nntp = await open(server, { reader: false });
  const error = await assertRejects(() => nntp.stat("<a@x>"), NntpError);
  assertEquals(error.code, 401);
  assertFalse(server.commands.includes("MODE READER"));
});

Deno.test("ihave() passes an article on to a server that switches modes", async () => {
  await using server = await NntpServer.start({
    modeReader: true,
    groups: { g: {} },
  });
  const article = [
    "Path: x",
    "From: a@x",
    "Date: Sat, 21 Nov 2026 10:38:00 +0000",
    "Newsgroups: g",
    "Subject: s",
    "Message-ID: <a@x>",
    "",
    "text",
  ].join("\n");
  {
    await using nntp = await open(server, { reader: false });
    await nntp.ihave("<a@x>", article);
    const error = await assertRejects(
      () => nntp.ihave("<a@x>", article),
      NntpError,
    );
    assertEquals(error.code, 435);
    const other = await assertRejects(
      () => nntp.ihave("<b@x>", "a: b"),
      NntpError,
    );
    assertEquals(other.code, 437);
  }
  await using nntp = await open(server);
  assertEquals((await nntp.group("g")).count, 1);
});

Deno.test("our own old server is read as the others", async () => {
  await using server = await NntpServer.start({
    old: true,
    groups: {
      "a.b": {
        articles: ["From: a@x\nSubject: one\n\nx", "", "From: a@x\n\ny"],
      },
      "c": {},
    },
  });
  await using nntp = await open(server);
  assertEquals((await nntp.capabilities()).size, 0);
  await nntp.group("a.b");
  assertEquals(await all(nntp.listGroup(undefined, "2-9")), [3]);
  assertEquals(await all(nntp.xhdr("Subject", "1-")), [["1", "one"], [
    "3",
    "",
  ]]);
  assertEquals(await all(nntp.xpat("Subject", "1-", "o*")), [["1", "one"]]);
  const overview = await all(nntp.over("1-"));
  assertEquals(overview.map(({ number, subject }) => [number, subject]), [
    [1, "one"],
    [3, ""],
  ]);
  assertEquals((await all(nntp.active("a.*"))).map(({ name }) => name), [
    "a.b",
  ]);
  assertEquals((await all(nntp.newGroups(new Date(0)))).length, 2);
});

Deno.test("connect() rejects where the server says that it will not", async () => {
  for (const code of [400, 502]) {
    await using server = await scripted(
      () => Promise.resolve(),
      `${code} not now`,
    );
    const error = await assertRejects(
      () => open(server),
      NntpError,
      "connect to",
    );
    assertEquals(error.code, code);
  }
});

Deno.test("connect() says what a server that is no news server is", async () => {
  for (
    const [greeting, said] of [
      ["SSH-2.0-OpenSSH_9.2\r\n", "speaks SSH"],
      ["* OK IMAP4rev1 ready\r\n", "speaks IMAP"],
      ["220 mail ESMTP\r\n", "speaks SMTP"],
      ["220 FTP ready\r\n", "speaks FTP"],
      ["+OK POP3 ready\r\n", "speaks POP3"],
      ["HTTP/1.1 400 Bad Request\r\n", "speaks HTTP"],
      ["\x15\x03\x01\0\x02\x02\n", 'tls: "implicit"'],
      ["\x15\x03\x01\0\x02\x02\x0a", "TLS"],
      ["hello\r\n", 'no three-digit code in "hello"'],
      ["220 hello\r\n", 'no proper answer in "220 hello"'],
      ["2000 hello\r\n", "no three-digit code"],
      ["\r\n", "no three-digit code"],
      ["", "closed the connection"],
    ] as const
  ) {
    await using server = await scriptedServer((conn) => conn.write(greeting));
    const error = await failureOf(open(server));
    assertInstanceOf(error, ProtocolError, `${greeting}: ${error}`);
    assert(error.message.includes(said), error.message);
  }
});
