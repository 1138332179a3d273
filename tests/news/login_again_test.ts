import {
  assert,
  assertEquals,
  assertFalse,
  assertRejects,
} from "jsr:@std/assert@^1.0.0";
import { type NntpClient, NntpError, ProtocolError } from "../../news/mod.ts";
import { NntpServer } from "../servers/nntp_server.ts";
import {
  all,
  block,
  failureOf,
  type Host,
  open,
  scripted,
  startHost,
  textOf,
} from "./script.ts";

const CALLS: Record<
  string,
  [answer: string, call: (n: NntpClient) => Promise<unknown>]
> = {
  GROUP: ["211 1 1 1 g\r\n", (n) => n.group("g")],
  LISTGROUP: [block("211 1 1 1 g", "1"), (n) => all(n.listGroup("g"))],
  STAT: ["223 1 <1@x>\r\n", (n) => n.stat(1)],
  ARTICLE: [
    block("220 1 <1@x>"),
    async (n) => await textOf((await n.article(1)).content),
  ],
  HEAD: [
    block("221 1 <1@x>"),
    async (n) => await textOf((await n.head(1)).content),
  ],
  BODY: [
    block("222 1 <1@x>"),
    async (n) => await textOf((await n.body(1)).content),
  ],
  HDR: [block("225 hdr"), (n) => all(n.xhdr("a", 1))],
  OVER: [block("224 over"), (n) => all(n.over(1))],
  "LIST COUNTS": [block("215 list"), (n) => all(n.list("COUNTS"))],
  "LIST ACTIVE": [block("215 list"), (n) => all(n.active())],
  "LIST OVERVIEW.FMT": [block("215 list"), (n) => all(n.list("OVERVIEW.FMT"))],
  NEWGROUPS: [block("231 list"), (n) => all(n.newGroups(new Date(0)))],
  NEWNEWS: [block("230 list"), (n) => all(n.newNews("*", new Date(0)))],
  DATE: ["111 20261121103801\r\n", (n) => n.date()],
  HELP: [block("100 help"), (n) => n.help()],
  POST: ["340 go\r\n", (n) => n.post("a\n\nb")],
  IHAVE: ["340 go\r\n", (n) => n.ihave("<1@x>", "a\n\nb")],
};

/** Signs anybody in, forgets him once, and obeys this command. */
function forgetful(
  verb: string,
  answer: string,
  o: { forEver?: boolean; again?: string } = {},
): Promise<Host> {
  let times = 0;
  let refused = 0;
  return startHost(async (command, conn) => {
    if (command.startsWith("AUTHINFO USER")) return "381 go on\r\n";
    if (command.startsWith("AUTHINFO PASS")) {
      return times++ && o.again ? o.again : "281 welcome\r\n";
    }
    if (!command.startsWith(verb)) return undefined;
    if (o.forEver || refused++ === 0) return "480 who are you\r\n";
    if (!/^(POST|IHAVE)/.test(verb)) return answer;
    await conn.write(verb === "POST" ? "340 go\r\n" : "335 go\r\n");
    while (await conn.readLine() !== ".");
    return verb === "POST" ? "240 ok\r\n" : "235 ok\r\n";
  });
}

function saidTo(host: Host, verb: string): string[] {
  return host.commands.filter((one) =>
    one.startsWith(verb) || /^AUTHINFO/.test(one)
  )
    .map((one) => one.startsWith("AUTHINFO") ? one.slice(0, 13) : verb);
}
const IN = ["AUTHINFO USER", "AUTHINFO PASS"];

for (const [verb, [answer, call]] of Object.entries(CALLS)) {
  Deno.test(`480 to ${verb} is answered with what login() was given, and ${verb} said again`, async () => {
    await using host = await forgetful(verb, answer);
    await using nntp = await open(host);
    await nntp.login("ada", "secret");
    await call(nntp);
    assertEquals(saidTo(host, verb), [...IN, verb, ...IN, verb]);
    assertEquals((await nntp.capabilities()).has("READER"), true);
  });

  Deno.test(`480 to ${verb} for ever is answered once, and goes to the caller`, async () => {
    await using host = await forgetful(verb, answer, { forEver: true });
    await using nntp = await open(host);
    await nntp.login("ada", "secret");
    const error = await assertRejects(() => call(nntp), NntpError);
    assertEquals(error.code, 480);
    assertEquals(saidTo(host, verb), [...IN, verb, ...IN, verb]);
    assertEquals((await nntp.capabilities()).has("READER"), true);
  });

  Deno.test(`480 to ${verb} goes to the caller where nobody is known`, async () => {
    for (const login of ["none", "failed"]) {
      await using host = await startHost((command) =>
        command.startsWith("AUTHINFO")
          ? "481 no\r\n"
          : command.startsWith(verb)
          ? "480 who\r\n"
          : undefined
      );
      await using nntp = await open(host);
      if (login === "failed") await failureOf(nntp.login("ada", "wrong"));
      const error = await assertRejects(() => call(nntp), NntpError);
      assertEquals(error.code, 480);
      assert(error.message.includes("sign in by login() first"));
      const tries = login === "failed" ? ["AUTHINFO USER"] : [];
      assertEquals(saidTo(host, verb), [...tries, verb]);
    }
  });
}

Deno.test("480 whose answer is refused goes to the caller as that refusal, masked", async () => {
  await using host = await forgetful("GROUP", "", {
    again: "481 no more secret-words\r\n",
  });
  await using nntp = await open(host);
  await nntp.login("ada", "secret-words");
  const error = await assertRejects(() => nntp.group("g"), NntpError);
  assertEquals([error.code, error.command], [481, "AUTHINFO PASS ***"]);
  assertFalse(error.message.includes("secret-words"));
  await nntp.date();
});

Deno.test("what the server refuses when it asks again is forgotten", async () => {
  await using host = await forgetful("GROUP", "", {
    again: "481 no more\r\n",
    forEver: true,
  });
  await using nntp = await open(host);
  await nntp.login("ada", "secret");
  for (let n = 0; n < 3; n++) await failureOf(nntp.group("g"));
  assertEquals(host.commands.filter((one) => /PASS/.test(one)).length, 2);
});

Deno.test("login() that sends nothing leaves what is known", async () => {
  await using host = await forgetful("GROUP", "211 1 1 1 g\r\n");
  await using nntp = await open(host);
  await nntp.login("ada", "secret");
  const bad = nntp.login("ada", "secret", { mechanism: "NONE" });
  await assertRejects(() => bad, TypeError);
  await nntp.group("g");
});

Deno.test("480 after compress() goes to the caller, and nothing is sent", async () => {
  await using server = await NntpServer.start({
    authRequired: true,
    groups: { g: { articles: ["Subject: a\n\nb"] } },
  });
  await using nntp = await open(server);
  await nntp.compress();
  const error = await assertRejects(() => nntp.group("g"), NntpError);
  assertEquals(error.code, 480);
  const before = server.commands.length;
  await assertRejects(
    () => nntp.login("ada", "secret"),
    DOMException,
    "before compress()",
  );
  assertEquals(server.commands.length, before);
  await nntp.capabilities();
});

Deno.test("login() before compress() holds, and what follows is compressed", async () => {
  await using server = await NntpServer.start({
    authRequired: true,
    groups: { g: { articles: ["Subject: a\n\nb"] } },
  });
  await using nntp = await open(server);
  await nntp.login("ada", "secret");
  await nntp.compress();
  assertEquals((await nntp.group("g")).count, 1);
  assertFalse((await nntp.capabilities()).has("COMPRESS"));
  const again = await failureOf(nntp.compress());
  assertEquals(again.name, "InvalidStateError");
  assertEquals((await Array.fromAsync(nntp.articles([1, 2, 1]))).length, 3);
});

Deno.test("compress() rejects where more came behind the server's consent", async () => {
  await using server = await scripted(async (conn) => {
    await conn.expect("COMPRESS DEFLATE");
    await conn.write("206 go\r\n111 20261121103801\r\n");
    assertEquals(await conn.readLine(), undefined);
  });
  const nntp = await open(server, { reader: false });
  await assertRejects(
    () => nntp.compress(),
    ProtocolError,
    "behind its consent",
  );
  await failureOf(nntp.date());
});

Deno.test("compress() that the server refuses leaves the client as it was", async () => {
  await using host = await startHost((command) =>
    command.startsWith("COMPRESS") ? "503 no such\r\n" : undefined
  );
  await using nntp = await open(host);
  await assertRejects(() => nntp.compress(), NntpError, "503");
  await nntp.date();
});
