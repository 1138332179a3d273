import {
  assert,
  assertEquals,
  assertFalse,
  assertInstanceOf,
  assertRejects,
  assertStringIncludes,
} from "jsr:@std/assert@^1.0.0";
import { createHmac, pbkdf2Sync } from "node:crypto";
import {
  Pop3Error,
  type Pop3LoginOptions,
  ProtocolError,
  type SaslSecret,
} from "../../../mail/pop3/mod.ts";
import type { ScriptedConn } from "../../_support/scripted_server.ts";
import {
  b64,
  bye,
  capa,
  failureOf,
  open,
  READY,
  SECRET,
  startHost,
  text,
  TOKEN,
  type Tried,
  tried,
  USER,
} from "./script.ts";

/** Signs in where the server offers these mechanisms. */
function tryLogin(
  offered: string,
  script: (conn: ScriptedConn) => Promise<void>,
  secret: SaslSecret = SECRET,
  options: Pop3LoginOptions = {},
): Promise<Tried> {
  return tried(
    async (conn) => {
      await capa(conn, ...(offered ? [`SASL ${offered}`] : []), "USER");
      await script(conn);
    },
    (pop3) => pop3.login(USER, secret, options),
    secret,
  );
}

// --- what is sent -----------------------------------------------------------

Deno.test("login() sends PLAIN with its initial response, and shows none of it", async () => {
  await using tried = await tryLogin("LOGIN PLAIN", async (conn) => {
    await conn.expect(`AUTH PLAIN ${b64(`\0${USER}\0${SECRET}`)}`);
    await conn.write("+OK hello\r\n");
    await bye(conn);
  });
  assertEquals(tried.error, undefined);
  assertEquals(tried.lines.slice(-2), ["> AUTH PLAIN ***", "< +OK hello"]);
});

Deno.test("login() sends PLAIN behind an invitation where it is too long for a line", async () => {
  // AUTH PLAIN, a space and CRLF leave 242 bytes of 255: 180 before base64.
  for (const [length, along] of [[175, true], [178, false]] as const) {
    const secret = "p".repeat(length);
    const response = b64(`\0${USER}\0${secret}`);
    await using tried = await tryLogin("PLAIN", async (conn) => {
      if (along) await conn.expect(`AUTH PLAIN ${response}`);
      else {
        await conn.expect("AUTH PLAIN");
        await conn.write("+\r\n");
        await conn.expect(response);
      }
      await conn.write("+OK\r\n");
      await bye(conn);
    }, secret);
    assertEquals(tried.error, undefined);
  }
});

Deno.test("login() answers LOGIN's two questions, whatever they are", async () => {
  for (const [name, password] of [["VXNlcjo=", "UGFzczo="], ["", ""]]) {
    await using tried = await tryLogin("LOGIN", async (conn) => {
      await conn.expect("AUTH LOGIN");
      await conn.write(`+ ${name}\r\n`);
      await conn.expect(b64(USER));
      await conn.write(password ? `+ ${password}\r\n` : "+\r\n");
      await conn.expect(b64(SECRET));
      await conn.write("+OK\r\n");
      await bye(conn);
    });
    assertEquals(tried.error, undefined);
  }
});

Deno.test("login() answers CRAM-MD5 with a digest", async () => {
  await using tried = await tryLogin("PLAIN CRAM-MD5", async (conn) => {
    await conn.expect("AUTH CRAM-MD5");
    await conn.write(`+ ${b64("<1@2>")}\r\n`);
    const digest = createHmac("md5", SECRET).update("<1@2>").digest("hex");
    await conn.expect(b64(`${USER} ${digest}`));
    await conn.write("+OK\r\n");
    await bye(conn);
  });
  assertEquals(tried.error, undefined);
});

/** The server's part of SCRAM-SHA-256; `prove` signs for the server. */
async function scram(
  conn: ScriptedConn,
  prove: (signature: string) => string,
): Promise<void> {
  const [, first] = /^AUTH SCRAM-SHA-256 (.*)$/.exec((await conn.readLine())!)!;
  const bare = text(first!).replace(/^n,,/, "");
  const nonce = /r=(.*)/.exec(bare)![1] + "server";
  const challenge = `r=${nonce},s=${b64("salt")},i=4096`;
  await conn.write(`+ ${b64(challenge)}\r\n`);
  const final = text((await conn.readLine())!).replace(/,p=.*/, "");
  const salted = pbkdf2Sync(SECRET, "salt", 4096, 32, "sha256");
  const hmac = (key: Uint8Array, data: string) =>
    createHmac("sha256", key).update(data).digest();
  const signature = hmac(
    hmac(salted, "Server Key"),
    `${bare},${challenge},${final}`,
  );
  await conn.write(prove(signature.toString("base64")) + "\r\n");
}

Deno.test("login() takes SCRAM before all else, and has the server prove itself", async () => {
  await using right = await tryLogin("PLAIN SCRAM-SHA-256", async (conn) => {
    await scram(conn, (signature) => `+ ${b64(`v=${signature}`)}`);
    await conn.expect("");
    await conn.write("+OK\r\n");
    await bye(conn);
  });
  assertEquals(right.error, undefined);
  for (const proof of [`+ ${b64("v=AAAA")}`, `+ ${b64("e=other")}`, "+OK"]) {
    await using wrong = await tryLogin("SCRAM-SHA-256", async (conn) => {
      await scram(conn, () => proof);
      // Left at once, without a word.
      assertEquals(await conn.readLine(), undefined);
    });
    assertInstanceOf(wrong.error, ProtocolError, proof);
    await failureOf(wrong.pop3.noop());
  }
});

Deno.test("login() sends a token by OAUTHBEARER or XOAUTH2, and hears why it is refused", async () => {
  for (const [name, answer] of [["OAUTHBEARER", "AQ=="], ["XOAUTH2", ""]]) {
    await using tried = await tryLogin(`PLAIN ${name}`, async (conn) => {
      const line = await conn.readLine();
      assertStringIncludes(text(line!.split(" ")[2]!), TOKEN.accessToken);
      await conn.write(`+ ${b64('{"status":"401"}')}\r\n`);
      await conn.expect(answer!);
      await conn.write(`-ERR [AUTH] ${TOKEN.accessToken} is old\r\n`);
      await bye(conn);
    }, TOKEN);
    assertInstanceOf(tried.error, Pop3Error);
    assertEquals(tried.error.code, "AUTH");
    assertStringIncludes(tried.error.message, "*** is old");
  }
});

Deno.test("apop() and login() send the digest of RFC 1939's example", async () => {
  const stamp = "<1896.697170952@dbc.mtview.ca.us>";
  for (const call of ["apop", "login"] as const) {
    await using host = await startHost(
      () => undefined,
      `+OK POP3 server ready ${stamp}`,
    );
    await using pop3 = await open(host);
    await pop3[call]("mrose", "tanstaaf");
    assertEquals(
      host.commands.at(-1),
      "APOP mrose c4c9334bac560ecc979e58001b3e22fb",
    );
  }
});

Deno.test("user() and pass() send what they are given, spaces too", async () => {
  await using host = await startHost((command) =>
    command.startsWith("PASS") ? "+OK  3 new \r\n" : undefined
  );
  await using pop3 = await open(host);
  assertEquals(await pop3.user("ada lovelace"), "");
  assertEquals(await pop3.pass(" a  b "), "3 new ");
  assertEquals(host.commands, ["USER ada lovelace", "PASS  a  b "]);
});

// --- no weaker way ----------------------------------------------------------

for (
  const offered of ["SCRAM-SHA-256", "SCRAM-SHA-1", "CRAM-MD5", "PLAIN", ""]
) {
  Deno.test(`login() refused by ${offered || "APOP"} tries no weaker way`, async () => {
    let sent = "";
    await using tried = await tryLogin(
      offered && offered + " LOGIN",
      async (conn) => {
        sent += await conn.readLine();
        await conn.write("-ERR [AUTH] no\r\n");
        await bye(conn);
      },
    );
    assertInstanceOf(tried.error, Pop3Error);
    assert(sent.startsWith(offered ? `AUTH ${offered}` : "APOP"), sent);
    assertEquals(tried.error.code, "AUTH");
    assertFalse(tried.error.transient);
  });
}

Deno.test("login() by a mechanism that is not offered is a TypeError", async () => {
  for (const mechanism of ["CRAM-MD5", "XOAUTH2", "NTLM", "", "AP OP"]) {
    await using tried = await tryLogin("PLAIN", bye, SECRET, { mechanism });
    assertInstanceOf(tried.error, TypeError, mechanism);
  }
  await using token = await tryLogin("PLAIN", bye, TOKEN);
  assertInstanceOf(token.error, TypeError);
});

Deno.test("login() by USER or APOP with a token is a TypeError", async () => {
  for (const mechanism of ["USER", "APOP"]) {
    await using host = await startHost(() => undefined, READY);
    await using pop3 = await open(host);
    const error = await failureOf(pop3.login(USER, TOKEN, { mechanism }));
    assertInstanceOf(error, TypeError, `${error}`);
    assertFalse(error.message.includes("does not offer"), error.message);
    assertFalse(host.commands.some((command) => /^(USER|PASS)/.test(command)));
  }
});

Deno.test("login() shows no password that the mechanism offered cannot take", async () => {
  // U+0007 is prohibited by SASLprep, so SCRAM refuses it.
  await using host = await startHost((command) =>
    command === "CAPA"
      ? "+OK\r\nSASL SCRAM-SHA-256\r\nUSER\r\n.\r\n"
      : undefined
  );
  await using pop3 = await open(host);
  await assertRejects(() => pop3.login(USER, "bell\u0007bell"), TypeError);
  assertFalse(host.commands.some((command) => command.startsWith("PASS")));
});

Deno.test("login() does not take a server that is busy for an old one", async () => {
  await using host = await startHost((command) =>
    command === "CAPA" ? "-ERR [SYS/TEMP] not now\r\n" : undefined
  );
  await using pop3 = await open(host);
  const error = await failureOf(pop3.login(USER, SECRET));
  assertInstanceOf(error, Pop3Error);
  assert(error.transient);
  assertEquals(host.commands, ["CAPA"]);
});

// --- UTF8 and LANG (RFC 6856) -----------------------------------------------

/** A server that takes all, with these capabilities. */
function international(...capabilities: string[]) {
  return startHost((command) =>
    command === "CAPA"
      ? ["+OK", ...capabilities, ".", ""].join("\r\n")
      : undefined
  );
}

Deno.test("login() asks for UTF-8 where the name needs it and the server takes it", async () => {
  for (
    const [capability, name, asks] of [
      ["UTF8 USER", "j\u00f6rg", true],
      ["utf8 user", "j\u00f6rg", true],
      ["UTF8", "j\u00f6rg", false],
      ["UTF8 USERS", "j\u00f6rg", false],
      ["TOP", "j\u00f6rg", false],
      ["UTF8 USER", "ada", false],
    ] as const
  ) {
    for (const call of ["login", "user"] as const) {
      await using host = await international(capability, "USER");
      await using pop3 = await open(host);
      if (call === "login") await pop3.login(name, SECRET);
      else await pop3.user(name);
      assertEquals(host.commands.includes("UTF8"), asks, capability);
      assert(host.commands.includes(`USER ${name}`));
    }
  }
});

Deno.test("login() refused UTF8 sends no name", async () => {
  await using host = await startHost((command) =>
    command === "CAPA"
      ? "+OK\r\nUTF8 USER\r\n.\r\n"
      : command === "UTF8"
      ? "-ERR no\r\n"
      : undefined
  );
  await using pop3 = await open(host);
  await assertRejects(() => pop3.login("j\u00f6rg", SECRET), Pop3Error, "UTF8");
  assertEquals(host.commands, ["CAPA", "UTF8"]);
});

Deno.test("lang() reads what there is and what was chosen", async () => {
  await using host = await startHost((command) =>
    command === "LANG"
      ? "+OK\r\nen English\r\nfr-CA Fran\u00e7ais\r\nde\r\n.\r\n"
      : command === "LANG *"
      ? "+OK fr-CA Bien s\u00fbr\r\n"
      : command === "LANG xx"
      ? "-ERR [UTF8] unknown\r\n"
      : undefined
  );
  await using pop3 = await open(host);
  assertEquals([...await pop3.lang()], [
    ["en", "English"],
    ["fr-CA", "Fran\u00e7ais"],
    ["de", ""],
  ]);
  assertEquals([...await pop3.lang("*")], [["fr-CA", "Bien s\u00fbr"]]);
  const error = await failureOf(pop3.lang("xx"));
  assertInstanceOf(error, Pop3Error);
  assertEquals(error.code, "UTF8");
});

// --- response codes (RFC 2449, 3206) ----------------------------------------

Deno.test("login() tells a wrong password from what may pass", async () => {
  for (
    const [words, code, transient] of [
      ["-ERR [AUTH] wrong", "AUTH", false],
      ["-ERR [SYS/TEMP] disk full", "SYS/TEMP", true],
      ["-ERR [sys/perm] call us", "SYS/PERM", false],
      ["-ERR [IN-USE] locked", "IN-USE", true],
      ["-ERR [LOGIN-DELAY] too soon", "LOGIN-DELAY", true],
      ["-ERR [LOGIN-DELAY 60] too soon", "LOGIN-DELAY", true],
      ["-ERR [X-NEW/THING] what", "X-NEW/THING", false],
      ["-ERR [] what", "ERR", false],
      ["-ERR [AUTH wrong", "ERR", false],
      ["-ERR", "ERR", false],
    ] as const
  ) {
    await using host = await startHost((command) =>
      command.startsWith("PASS") ? words + "\r\n" : undefined
    );
    await using pop3 = await open(host);
    const error = await failureOf(pop3.login(USER, SECRET));
    assertInstanceOf(error, Pop3Error);
    assertEquals([error.code, error.transient], [code, transient]);
    assertEquals(error.command, "PASS ***");
    await pop3.noop();
  }
});

Deno.test("a code below a transient one is transient", async () => {
  await using host = await startHost((command) =>
    command === "NOOP" ? "-ERR [SYS/TEMP/DISK] full\r\n" : undefined
  );
  await using pop3 = await open(host);
  const error = await failureOf(pop3.noop());
  assert(error instanceof Pop3Error && error.transient);
});
