import {
  assert,
  assertEquals,
  assertFalse,
  assertInstanceOf,
  assertRejects,
  assertStringIncludes,
} from "jsr:@std/assert@^1.0.0";
import {
  type ClientOptions,
  Pop3Client,
  Pop3Error,
  ProtocolError,
} from "../../../mail/pop3/mod.ts";
import { createAuthority } from "../../_support/certificates.ts";
import {
  type ScriptedConn,
  scriptedServer,
} from "../../_support/scripted_server.ts";
import { Pop3Server } from "../../servers/pop3_server.ts";

function open(
  { hostname, port }: { hostname: string; port: number },
  options: Partial<ClientOptions> = {},
): Promise<Pop3Client> {
  return Pop3Client.connect({ hostname, port, timeout: 20_000, ...options });
}

/** A server that greets and then follows the script. */
function scripted(script: (conn: ScriptedConn) => Promise<void>) {
  return scriptedServer(async (conn) => {
    await conn.write("+OK ready\r\n");
    await script(conn);
  });
}

Deno.test("connect() says what a server that is no POP3 server is", async () => {
  for (
    const [greeting, said] of [
      ["SSH-2.0-OpenSSH_9.2\r\n", "speaks SSH"],
      ["* OK IMAP4rev1 ready\r\n", "speaks IMAP"],
      ["220 mail ESMTP\r\n", "speaks SMTP"],
      ["\x15\x03\x01\0\x02\x02\n", 'tls: "implicit"'],
      ["hello\r\n", 'no +OK or -ERR in "hello"'],
      ["+ b64\r\n", "no proper answer"],
    ] as const
  ) {
    await using server = await scriptedServer((conn) => conn.write(greeting));
    const error = await assertRejects(() => open(server), ProtocolError);
    assertStringIncludes(error.message, said);
  }
  await using busy = await scriptedServer((conn) =>
    conn.write("-ERR [SYS/TEMP] later\r\n")
  );
  const error = await assertRejects(() => open(busy), Pop3Error);
  assertEquals([error.code, error.transient], ["SYS/TEMP", true]);
});

Deno.test("connect() never goes on without TLS that was asked for", async () => {
  await using refuses = await scripted(async (conn) => {
    await conn.expect("STLS");
    await conn.write("-ERR unknown command\r\n");
  });
  await assertRejects(
    () => open(refuses, { tls: "starttls" }),
    Pop3Error,
    "Cannot STLS",
  );
  await using injects = await scripted(async (conn) => {
    await conn.expect("STLS");
    await conn.write("+OK go ahead\r\n+OK injected\r\n");
  });
  await assertRejects(
    () => open(injects, { tls: "starttls" }),
    ProtocolError,
    "plaintext behind its consent",
  );
});

Deno.test("login() shows no password without TLS to another machine's ears", async () => {
  const lines: string[] = [];
  await using server = await Pop3Server.start({ old: true });
  await using pop3 = await open(server, {
    onTrace: ({ line }) => lines.push(line),
  });
  await pop3.login("ada", "secret");
  assertEquals((await pop3.stat()).count, 0);
  assertFalse(lines.some((line) => line.includes("secret")), lines.join());
  assert(lines.includes("PASS ***"));
});

Deno.test("login() takes APOP before USER where there is no SASL", async () => {
  await using server = await Pop3Server.start({
    old: true,
    timestamp: "<1.2@example.com>",
  });
  await using pop3 = await open(server);
  await pop3.login("ada", "secret");
  assertEquals(server.commands, ["CAPA", "APOP ada ***"]);
  await using other = await open(server);
  await assertRejects(() => other.login("ada", "wrong"), Pop3Error, "[AUTH]");
  // Refused once, the password is not shown by a weaker way.
  assertFalse(server.commands.some((line) => /^(USER|PASS)/.test(line)));
});

Deno.test("login() sends a long token after the server's invitation", async () => {
  const token = "t".repeat(400);
  await using server = await scripted(async (conn) => {
    await conn.expect("CAPA");
    await conn.write("+OK\r\nSASL XOAUTH2\r\n.\r\n");
    await conn.expect("AUTH XOAUTH2");
    await conn.write("+ \r\n");
    const line = await conn.readLine();
    const text = new TextDecoder().decode(Uint8Array.fromBase64(line!));
    assertStringIncludes(text, `auth=Bearer ${token}\x01`);
    await conn.write("+OK\r\n");
    await conn.expect("QUIT");
    await conn.write("+OK\r\n");
  });
  await using pop3 = await open(server);
  await pop3.login("ada", { accessToken: token });
});

Deno.test("apop() refuses a timestamp that is none", async () => {
  await using server = await scriptedServer(async (conn) => {
    await conn.write("+OK <chosen by somebody else>\r\n");
    await conn.expect("QUIT");
    await conn.write("+OK\r\n");
  });
  await using pop3 = await open(server);
  await assertRejects(() => pop3.apop("ada", "secret"), TypeError, "timestamp");
});

Deno.test("arguments that could start another command are refused before anything is sent", async () => {
  await using server = await Pop3Server.start();
  await using pop3 = await open(server);
  for (
    const attempt of [
      () => pop3.user("a\r\nDELE 1"),
      () => pop3.pass("a\nDELE 1"),
      () => pop3.apop("a\0", "b"),
      () => pop3.login("a\r", "b"),
      () => pop3.lang("en\r\nQUIT"),
      () => pop3.retr(0),
      () => pop3.retr(1.5),
      () => pop3.dele(NaN),
      () => pop3.list(-1),
      () => pop3.top(1, -1),
    ]
  ) {
    await assertRejects(attempt, TypeError);
  }
  assertEquals(server.commands, []);
});

Deno.test("a body that never ends, or ends too soon, is an error and no message", async () => {
  await using server = await scripted(async (conn) => {
    await conn.expect("RETR 1");
    await conn.write("+OK\r\nSubject: x\r\n\r\nhalf\r\n");
  });
  const pop3 = await open(server);
  const stream = await pop3.retr(1);
  await assertRejects(
    () => new Response(stream).text(),
    ProtocolError,
    "ended before its final dot",
  );
  await assertRejects(() => pop3.noop(), ProtocolError);
  pop3.close();
});

Deno.test("a status line in the middle of a body belongs to it", async () => {
  await using server = await scripted(async (conn) => {
    await conn.expect("RETR 1");
    await conn.writeSplit("+OK\r\n-ERR no\r\n+OK\r\n..\r\n....\r\n.\r\n", {
      at: "every byte",
    });
    await conn.expect("QUIT");
    await conn.write("+OK\r\n");
  });
  await using pop3 = await open(server);
  const text = await new Response(await pop3.retr(1)).text();
  assertEquals(text, "-ERR no\r\n+OK\r\n.\r\n...\r\n");
});

Deno.test("lists with wrong lines are errors that quote them", async () => {
  for (
    const [run, command, answer] of [
      [(p: Pop3Client) => p.stat(), "STAT", "+OK lots\r\n"],
      [(p: Pop3Client) => p.list(), "LIST", "+OK\r\n1 10\r\nlots\r\n.\r\n"],
      [(p: Pop3Client) => p.uidl(), "UIDL", "+OK\r\nlots\r\n.\r\n"],
      [(p: Pop3Client) => p.uidl(1), "UIDL 1", "+OK lots\r\n"],
    ] as const
  ) {
    await using server = await scripted(async (conn) => {
      await conn.expect(command);
      await conn.write(answer);
      await conn.expect("QUIT");
      await conn.write("+OK\r\n");
    });
    await using pop3 = await open(server);
    await assertRejects(
      () => run(pop3) as Promise<unknown>,
      ProtocolError,
      'answered "lots"',
    );
  }
});

Deno.test("a list without end is an error", async () => {
  await using server = await scripted(async (conn) => {
    await conn.expect("LIST");
    await conn.write("+OK\r\n");
    for (;;) await conn.write("1 1\r\n".repeat(10_000));
  });
  const pop3 = await open(server, { limits: { listing: 100_000 } });
  await assertRejects(() => pop3.list(), ProtocolError, "longer than 100000");
  pop3.close();
});

Deno.test("retrAll() keeps commands under way, and only where the server can", async () => {
  for (const pipelining of [true, false]) {
    await using server = await scripted(async (conn) => {
      await conn.expect("CAPA");
      await conn.write(`+OK\r\n${pipelining ? "PIPELINING\r\n" : ""}.\r\n`);
      if (pipelining) {
        // All of them come before the first is answered.
        for (let n = 1; n <= 4; n++) await conn.expect(`RETR ${n}`);
        for (let n = 1; n <= 4; n++) {
          await conn.write(n === 2 ? "-ERR gone\r\n" : `+OK\r\n${n}\r\n.\r\n`);
        }
      } else {
        for (let n = 1; n <= 4; n++) {
          await conn.expect(`RETR ${n}`);
          await conn.write(n === 2 ? "-ERR gone\r\n" : `+OK\r\n${n}\r\n.\r\n`);
        }
      }
      await conn.expect("QUIT");
      await conn.write("+OK\r\n");
    });
    await using pop3 = await open(server);
    const got = await Array.fromAsync(
      pop3.retrAll([1, 2, 3, 4], { window: 4 }),
      (one) =>
        "error" in one
          ? `${one.number} ${one.error.reply.text}`
          : new TextDecoder().decode(one.content),
    );
    assertEquals(got, ["1\r\n", "2 gone", "3\r\n", "4\r\n"]);
  }
});

Deno.test("retrAll() reads nothing before it is asked, and goes on after a cancel", async () => {
  await using server = await Pop3Server.start({
    messages: { ada: Array.from({ length: 50 }, (_, n) => `${n}\r\n`) },
  });
  await using pop3 = await open(server);
  await pop3.login("ada", "secret");
  await pop3.capabilities();
  const before = server.commands.length;
  const reader = pop3.retrAll(Array(50).keys().map((n) => n + 1)).getReader();
  await assertRejects(() => pop3.noop(), DOMException, "retrAll");
  assertEquals(server.commands.length, before);
  const first = await reader.read();
  assert("content" in first.value!);
  await reader.cancel();
  assertEquals((await pop3.stat()).count, 50);
});

Deno.test("retrAll() reports a message over maxSize in its place", async () => {
  await using server = await Pop3Server.start({
    messages: { ada: ["a\r\n", "b".repeat(200_000) + "\r\n", "c\r\n"] },
  });
  await using pop3 = await open(server);
  await pop3.login("ada", "secret");
  const got = await Array.fromAsync(
    pop3.retrAll([1, 2, 3], { maxSize: 50_000 }),
    (one) => "error" in one ? one.error.code : one.content.length,
  );
  assertEquals(got, [3, "TOO-LARGE", 3]);
  await pop3.noop();
});

Deno.test("retrAll() rejects what a lost connection has left, and leaks nothing", async () => {
  await using server = await scripted(async (conn) => {
    await conn.expect("CAPA");
    await conn.write("+OK\r\nPIPELINING\r\n.\r\n");
    await conn.expect("RETR 1");
    await conn.write("+OK\r\n1\r\n.\r\n+OK\r\nhalf");
    conn.close();
  });
  const pop3 = await open(server);
  const reader = pop3.retrAll([1, 2, 3]).getReader();
  const errors: unknown[] = [];
  try {
    for (;;) if ((await reader.read()).done) break;
  } catch (error) {
    errors.push(error);
  }
  assertEquals(errors.length, 1);
  pop3.close();
});

Deno.test("aborting: before anything was sent, in the middle of a command, of a body", async () => {
  await using server = await Pop3Server.start({
    messages: { ada: ["x".repeat(3_000_000) + "\r\n"] },
  });
  await using pop3 = await open(server);
  await pop3.login("ada", "secret");
  const reason = new Error("enough");
  await assertRejects(
    () => pop3.noop({ signal: AbortSignal.abort(reason) }),
    Error,
    "enough",
  );
  await pop3.noop();
  const stop = new AbortController();
  const reader = (await pop3.retr(1, { signal: stop.signal })).getReader();
  await reader.read();
  stop.abort(reason);
  await assertRejects(() => reader.read(), Error, "enough");
});

Deno.test("a silent server is a time-out", async () => {
  await using server = await scripted((conn) => conn.hang());
  const pop3 = await open(server, { timeout: 500 });
  const error = await assertRejects(() => pop3.stat(), DOMException, "STAT");
  assertEquals(error.name, "TimeoutError");
  pop3.close();
});

Deno.test("a server that hangs up at any byte is an error and no leak", async () => {
  const said = "+OK ready\r\n+OK 1 5\r\n+OK\r\nabc\r\n.\r\n";
  for (let length = 0; length < said.length; length++) {
    await using server = await scriptedServer((conn) =>
      conn.write(said.slice(0, length))
    );
    const errors: unknown[] = [];
    let pop3: Pop3Client | undefined;
    try {
      pop3 = await open(server);
      await pop3.stat();
      await new Response(await pop3.retr(1)).text();
    } catch (error) {
      errors.push(error);
    }
    assertInstanceOf(errors[0], Error, `after ${length} bytes`);
    pop3?.close();
  }
});

Deno.test("utf8() and lang() ask for what RFC 6856 has", async () => {
  const authority = await createAuthority();
  await using server = await Pop3Server.start({
    users: { "jörg": "grüße" },
    ...await authority.issue(),
  });
  await using pop3 = await open(server, {
    hostname: "localhost",
    tls: "starttls",
    tlsOptions: { caCerts: [authority.caPem] },
  });
  assertEquals(
    await pop3.lang(),
    new Map([["en", "English"], ["de", "Deutsch"]]),
  );
  assertEquals(await pop3.lang("de"), new Map([["de", "chosen"]]));
  await pop3.utf8();
  await pop3.login("jörg", "grüße", { mechanism: "USER" });
  assertEquals((await pop3.stat()).count, 0);
});
