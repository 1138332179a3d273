import {
  assert,
  assertEquals,
  assertFalse,
  assertInstanceOf,
  assertRejects,
  assertStringIncludes,
} from "jsr:@std/assert@^1.0.0";
import {
  ProtocolError,
  SmtpClient,
  type SmtpConnectOptions,
  SmtpError,
  SmtpUncertainError,
} from "../../../mail/smtp/mod.ts";
import {
  type ScriptedConn,
  type ScriptedServer,
  scriptedServer,
} from "../../_support/scripted_server.ts";
import { tempDir } from "../../_support/temp_dir.ts";
import { join } from "node:path";

const ALL = ["PIPELINING", "CHUNKING", "8BITMIME", "SMTPUTF8", "SIZE 1000000"];
const SMALL = "Subject: x\r\n\r\nHello\r\n";
const envelope = { from: "a@b.example", to: ["c@d.example"] };

/** A server that greets, names its extensions, and then follows the script. */
function scripted(
  extensions: string[],
  script: (conn: ScriptedConn) => Promise<void>,
  verb = "EHLO",
): Promise<ScriptedServer> {
  return scriptedServer(async (conn) => {
    await conn.write("220 ready\r\n");
    await conn.expect(new RegExp(`^${verb} `));
    const lines = ["250-hi", ...extensions.map((one) => `250-${one}`)];
    await conn.write([...lines, "250 HELP"].join("\r\n") + "\r\n");
    await script(conn);
  });
}

function open(
  { hostname, port }: { hostname: string; port: number },
  options: Partial<SmtpConnectOptions> = {},
): Promise<SmtpClient> {
  return SmtpClient.connect({ hostname, port, timeout: 20_000, ...options });
}

async function bye(conn: ScriptedConn): Promise<void> {
  await conn.expect("QUIT");
  await conn.write("221 bye\r\n");
}

Deno.test("connect() says what a server that is no SMTP server is", async () => {
  for (
    const [greeting, said] of [
      ["SSH-2.0-OpenSSH_9.2\r\n", "speaks SSH"],
      ["HTTP/1.1 400 Bad Request\r\n\r\n", "speaks HTTP"],
      ["* OK IMAP4rev1 ready\r\n", "speaks IMAP"],
      ["+OK ready\r\n", "speaks POP3"],
      ["\x15\x03\x01\0\x02\x02\n", 'tls: "implicit"'],
      ["hello\r\n", 'no three-digit code in "hello"'],
      ["354 go ahead\r\n", "which is no answer to this"],
    ] as const
  ) {
    await using server = await scriptedServer((conn) => conn.write(greeting));
    const error = await assertRejects(() => open(server), ProtocolError);
    assertStringIncludes(error.message, said);
  }
  await using busy = await scriptedServer((conn) =>
    conn.write("421-4.3.2 too\r\n421 4.3.2 busy\r\n")
  );
  const error = await assertRejects(() => open(busy), SmtpError, "too\nbusy");
  assertEquals([error.code, error.enhancedCode], [421, "4.3.2"]);
  assert(error.transient);
});

Deno.test("connect() says HELO to a server that does not know EHLO", async () => {
  await using server = await scriptedServer(async (conn) => {
    await conn.write("220 old\r\n");
    await conn.expect("EHLO me.example");
    await conn.write("500 what?\r\n");
    await conn.expect("HELO me.example");
    await conn.write("250 hello\r\n");
    await bye(conn);
  });
  await using smtp = await open(server, { name: "me.example" });
  assertEquals(smtp.extensions.size, 0);
});

Deno.test("connect() never goes on without TLS that was asked for", async () => {
  await using none = await scripted(ALL, (conn) => conn.hang());
  const error = await assertRejects(
    () => open(none, { tls: "starttls" }),
    SmtpError,
    "does not offer STARTTLS",
  );
  assertEquals(error.code, 502);
  await using refuses = await scripted(["STARTTLS"], async (conn) => {
    await conn.expect("STARTTLS");
    await conn.write("454 4.7.0 not now\r\n");
  });
  await assertRejects(
    () => open(refuses, { tls: "starttls" }),
    SmtpError,
    "454 4.7.0 not now",
  );
  await using injects = await scripted(["STARTTLS"], async (conn) => {
    await conn.expect("STARTTLS");
    await conn.write("220 go ahead\r\n250 AUTH PLAIN\r\n");
  });
  await assertRejects(
    () => open(injects, { tls: "starttls" }),
    ProtocolError,
    "plaintext behind its consent",
  );
});

Deno.test("sendMail() sends envelope and message at once where it can", async () => {
  let chunk = "";
  await using server = await scripted(ALL, async (conn) => {
    // Nothing is answered before all of it is there.
    chunk += await conn.expect("MAIL FROM:<a@b.example> SIZE=21");
    chunk += await conn.expect("RCPT TO:<c@d.example>");
    chunk += await conn.expect("BDAT 21 LAST");
    chunk += new TextDecoder().decode(await conn.readBytes(21));
    await conn.write("250 2.1.0 a\r\n250 2.1.5 b\r\n250 2.0.0 queued\r\n");
    await bye(conn);
  });
  await using smtp = await open(server);
  const result = await smtp.sendMail(envelope, SMALL);
  assert(chunk.endsWith(SMALL));
  assertEquals(result.reply, {
    code: 250,
    enhancedCode: "2.0.0",
    lines: ["queued"],
    text: "queued",
  });
  assertEquals(result.extensions.sort(), ["CHUNKING", "PIPELINING", "SIZE"]);
});

Deno.test("sendMail() pipelines up to DATA without CHUNKING, and waits without PIPELINING", async () => {
  for (const pipelining of [true, false]) {
    await using server = await scripted(
      pipelining ? ["PIPELINING"] : [],
      async (conn) => {
        const commands = [
          ["MAIL FROM:<a@b.example>", "250 ok"],
          ["RCPT TO:<c@d.example>", "250 ok"],
          ["DATA", "354 go"],
        ] as const;
        for (const [command, reply] of commands) {
          await conn.expect(command);
          if (!pipelining) await conn.write(reply + "\r\n");
        }
        if (pipelining) {
          await conn.write(commands.map(([, r]) => r + "\r\n").join(""));
        }
        for (const line of ["Subject: x", "", "..", "...a", "."]) {
          await conn.expect(line);
        }
        await conn.write("250 queued\r\n");
        await bye(conn);
      },
    );
    await using smtp = await open(server);
    await smtp.sendMail(envelope, "Subject: x\n\n.\n..a");
  }
});

Deno.test("a 354 after every recipient was refused is ended by a lone dot and is no delivery", async () => {
  await using server = await scripted(["PIPELINING"], async (conn) => {
    for (const one of [/^MAIL/, /^RCPT/, /^RCPT/, "DATA"]) {
      await conn.expect(one);
    }
    await conn.write("250 ok\r\n550 5.1.1 no\r\n451 4.2.0 later\r\n354 go\r\n");
    await conn.expect(".");
    await conn.write("250 2.0.0 queued\r\n");
    await conn.expect("RSET");
    await conn.write("250 ok\r\n");
    await bye(conn);
  });
  await using smtp = await open(server);
  const error = await assertRejects(
    () => smtp.sendMail({ from: "", to: ["c@d.example", "e@f.example"] }, "x"),
    SmtpError,
    "Cannot RCPT TO:<c@d.example> (and to 1 more, all of them refused): " +
      "the server answered 550 5.1.1 no",
  );
  assertEquals(error.rejected.map(({ reply }) => reply.code), [550, 451]);
  assertEquals(error.command, "RCPT TO:<c@d.example>");
});

Deno.test("after each refusal the client is usable", async () => {
  const refusals: [string[], string, string][] = [
    [
      ALL,
      "553 5.1.8 bad\r\n503 x\r\n503 x\r\n",
      "Cannot MAIL FROM:<a@b.example>",
    ],
    [ALL, "250 a\r\n550 5.1.1 no\r\n503 x\r\n", "Cannot RCPT TO:<c@d.example>"],
    [ALL, "250 a\r\n250 b\r\n554 5.7.1 spam\r\n", "Cannot send the message"],
    [
      ["PIPELINING"],
      "250 a\r\n250 b\r\n451 4.3.0 no\r\n",
      "Cannot send the message",
    ],
  ];
  for (const [extensions, replies, said] of refusals) {
    await using server = await scripted(extensions, async (conn) => {
      await conn.expect(/^MAIL/);
      await conn.expect(/^RCPT/);
      const last = await conn.expect(/^(BDAT 21 LAST|DATA)$/);
      if (last !== "DATA") await conn.readBytes(21);
      await conn.write(replies);
      if (!replies.startsWith("553")) {
        await conn.expect("RSET");
        await conn.write("250 ok\r\n");
      }
      await conn.expect("NOOP");
      await conn.write("250 ok\r\n");
      await bye(conn);
    });
    await using smtp = await open(server);
    await assertRejects(
      () => smtp.sendMail(envelope, SMALL),
      SmtpError,
      said,
    );
    await smtp.noop();
  }
});

Deno.test("answers out of order say what was sent and what came back", async () => {
  const wrong: [string, string][] = [
    [
      "354 go\r\n",
      "Cannot MAIL FROM:<a@b.example>: the server answered 354 go",
    ],
    [
      "250 a\r\n354 go\r\n",
      "Cannot RCPT TO:<c@d.example>: the server answered 354",
    ],
    ["250 a\r\n250 b\r\n250 c\r\n", "Cannot DATA: the server answered 250 c"],
    ["250 a\r\n250-b\r\n251 c\r\n", 'reply 250 goes on with "251 c"'],
    ["250 a\r\nhello\r\n", 'no three-digit code in "hello"'],
    ["250 a\r\n250-" + "x".repeat(70_000), "longer than 65536 bytes"],
    [`250 a\r\n${"250-x\r\n".repeat(10_001)}`, "longer than 10000 lines"],
    ["250 a\r\n199 x\r\n", "the server answered 199"],
    ["250 a\r\n", "Cannot RCPT TO:<c@d.example>: the server closed"],
  ];
  for (const [replies, said] of wrong) {
    await using server = await scripted(["PIPELINING"], async (conn) => {
      for (const one of [/^MAIL/, /^RCPT/, "DATA"]) await conn.expect(one);
      await conn.write(replies);
    });
    const smtp = await open(server);
    const error = await assertRejects(
      () => smtp.sendMail(envelope, SMALL),
      ProtocolError,
    );
    assertStringIncludes(error.message, said);
    await assertRejects(() => smtp.noop(), ProtocolError);
    smtp.close();
  }
});

Deno.test("a server that hangs up at any byte of its replies is an error and no leak", async () => {
  const replies = "250 2.1.0 a\r\n250 b\r\n250-c\r\n250 queued\r\n";
  for (let length = 0; length < replies.length; length++) {
    await using server = await scripted(ALL, async (conn) => {
      await conn.expect(/^MAIL/);
      await conn.write(replies.slice(0, length));
    });
    const smtp = await open(server);
    const error = await assertRejects(() => smtp.sendMail(envelope, SMALL));
    // All of it had been sent.
    assertInstanceOf(error, SmtpUncertainError, `after ${length} bytes`);
    assertStringIncludes(error.message, "Cannot tell whether");
    smtp.close();
  }
});

Deno.test("a connection lost before the end of the message is no uncertain one", async () => {
  for (
    const replies of ["", "250 a\r\n", "250 a\r\n250 b\r\n"]
  ) {
    await using server = await scripted(["PIPELINING"], async (conn) => {
      for (const one of [/^MAIL/, /^RCPT/, "DATA"]) await conn.expect(one);
      await conn.write(replies);
    });
    const smtp = await open(server);
    const error = await assertRejects(() => smtp.sendMail(envelope, SMALL));
    assertFalse(error instanceof SmtpUncertainError);
    smtp.close();
  }
  await using goodbye = await scripted(ALL, async (conn) => {
    await conn.expect(/^MAIL/);
    await conn.write("421 4.3.2 shutting down\r\n");
  });
  const smtp = await open(goodbye);
  const error = await assertRejects(
    () => smtp.sendMail(envelope, SMALL),
    SmtpError,
    "421 4.3.2 shutting down",
  );
  assert(error.transient);
  smtp.close();
});

Deno.test("a refusal in the middle of DATA ends the sending", async () => {
  await using server = await scripted([], async (conn) => {
    for (const reply of ["250 a", "250 b", "354 go"]) {
      await conn.readLine();
      await conn.write(reply + "\r\n");
    }
    await conn.readBytes(100_000);
    await conn.write("552 5.3.4 enough\r\n");
    await conn.readToEnd();
  });
  const smtp = await open(server);
  let given = 0;
  async function* endless() {
    for (;;) {
      given++;
      yield await Promise.resolve(new Uint8Array(65_536).fill(0x61));
    }
  }
  const error = await assertRejects(
    () => smtp.sendMail(envelope, endless()),
    SmtpError,
    "552 5.3.4 enough",
  );
  assertEquals(error.code, 552);
  assert(given > 1);
  smtp.close();
});

Deno.test("a refusal in the middle of BDAT leaves the client usable", async () => {
  await using server = await scripted(ALL, async (conn) => {
    await conn.expect(/^MAIL/);
    await conn.expect(/^RCPT/);
    await conn.write("250 a\r\n250 b\r\n");
    let refused = false;
    for (;;) {
      const line = await conn.readLine();
      const size = /^BDAT (\d+)$/.exec(line!)?.[1];
      if (!size) {
        assertEquals(line, "RSET");
        break;
      }
      await conn.readBytes(Number(size));
      await conn.write(refused ? "503 x\r\n" : "452 4.3.1 full\r\n");
      refused = true;
    }
    await conn.write("250 ok\r\n");
    await conn.expect("NOOP");
    await conn.write("250 ok\r\n");
    await bye(conn);
  });
  await using smtp = await open(server);
  async function* endless() {
    for (;;) yield await Promise.resolve(new Uint8Array(65_536).fill(0x61));
  }
  await assertRejects(
    () => smtp.sendMail(envelope, endless()),
    SmtpError,
    "452 4.3.1 full",
  );
  await smtp.noop();
});

Deno.test("BODY=BINARYMIME goes by BDAT byte for byte", async () => {
  // A header first: bytes beyond ASCII in it would need SMTPUTF8.
  const bytes = new Uint8Array([
    88,
    58,
    13,
    10,
    13,
    10,
    46,
    10,
    13,
    0,
    255,
    46,
  ]);
  let got: Uint8Array | undefined;
  await using server = await scripted(
    ["CHUNKING", "BINARYMIME"],
    async (conn) => {
      await conn.expect("MAIL FROM:<a@b.example> BODY=BINARYMIME");
      await conn.write("250 a\r\n");
      await conn.expect(/^RCPT/);
      await conn.write("250 b\r\n");
      await conn.expect(`BDAT ${bytes.length} LAST`);
      got = await conn.readBytes(bytes.length);
      await conn.write("250 c\r\n");
      await bye(conn);
    },
  );
  await using smtp = await open(server);
  const result = await smtp.sendMail(
    { ...envelope, body: "binarymime" },
    bytes,
  );
  assertEquals(got, bytes);
  assertEquals(result.extensions.sort(), ["BINARYMIME", "CHUNKING"]);
});

Deno.test("what the server could only refuse is refused before anything is sent", async () => {
  await using server = await scripted(["SIZE 100"], bye);
  await using smtp = await open(server);
  const refused: [Parameters<SmtpClient["sendMail"]>, number, string][] = [
    [[envelope, "x".repeat(101)], 552, "has 103 bytes"],
    [[{ ...envelope, to: "jörg@d.example" }, SMALL], 553, '"jörg@d.example"'],
    [[envelope, "Subject: ü\r\n\r\n"], 553, "header"],
    [[envelope, "Subject: x\r\n\r\nü"], 555, "8BITMIME"],
    [[{ ...envelope, body: "binarymime" }, "x"], 555, "BINARYMIME"],
    [[{ ...envelope, requireTls: true }, "x"], 530, "TLS"],
    [[{ ...envelope, dsn: { ret: "full" } }, "x"], 555, "DSN"],
    [[{ ...envelope, priority: 1 }, "x"], 555, "MT-PRIORITY"],
    [
      [{ ...envelope, deliverBy: { seconds: 9, mode: "notify" } }, "x"],
      555,
      "DELIVERBY",
    ],
  ];
  for (const [args, code, said] of refused) {
    const error = await assertRejects(
      () => smtp.sendMail(...args),
      SmtpError,
      said,
    );
    assertEquals(error.code, code);
  }
});

Deno.test("a domain beyond ASCII goes as A-labels where SMTPUTF8 is absent", async () => {
  await using server = await scripted(
    ["PIPELINING", "CHUNKING"],
    async (conn) => {
      await conn.expect("MAIL FROM:<a@xn--bcher-kva.example>");
      await conn.expect("RCPT TO:<c@xn--wgv71a.example>");
      await conn.expect("BDAT 3 LAST");
      await conn.readBytes(3);
      await conn.write("250 a\r\n250 b\r\n250 c\r\n");
      await bye(conn);
    },
  );
  await using smtp = await open(server);
  const to = "c@日本.example";
  const result = await smtp.sendMail({ from: "a@bücher.example", to }, "x");
  assertEquals(result.accepted, [to]);
});

Deno.test("arguments that could start another command are refused before anything is sent", async () => {
  await using server = await scripted(ALL, bye);
  await using smtp = await open(server);
  for (const bad of ["\r", "\n", "\0", "\r\nRCPT TO:<eve@x.example>"]) {
    for (
      const attempt of [
        () => smtp.sendMail({ ...envelope, from: `a${bad}@b` }, "x"),
        () => smtp.sendMail({ ...envelope, to: [`a@b${bad}`] }, "x"),
        () => smtp.sendMail({ ...envelope, mailOptions: [`A=${bad}`] }, "x"),
        () => smtp.sendMail({ ...envelope, rcptOptions: [`A${bad}`] }, "x"),
        () => smtp.sendMail({ ...envelope, dsn: { envId: bad } }, "x"),
        () =>
          smtp.sendMail({
            ...envelope,
            dsn: { orcpt: { "c@d.example": `x${bad}` } },
          }, "x"),
        () => smtp.verify(`a${bad}`),
        () => smtp.expand(`a${bad}`),
        () => smtp.ehlo(`a${bad}`),
        () => smtp.helo(`a${bad}`),
        () => smtp.command(`NOOP ${bad}`),
      ]
    ) {
      await assertRejects(attempt, TypeError);
    }
  }
  for (
    const address of [
      "a b@c",
      "a@b> SIZE=1",
      "<a@b",
      "Ada <a@b>",
      "a@b,c@d",
      "",
    ]
  ) {
    await assertRejects(
      () => smtp.sendMail({ from: "", to: address }, "x"),
      TypeError,
    );
  }
  for (
    const verb of ["DATA", "BDAT 1", "STARTTLS", "ehlo x", "AUTH PLAIN", "QUIT"]
  ) {
    await assertRejects(() => smtp.command(verb), TypeError, "use ");
  }
  await assertRejects(() => open(server, { name: "a b" }), TypeError);
});

Deno.test("an unasked goodbye is the next command's error, not its answer", async () => {
  await using server = await scripted(ALL, async (conn) => {
    await conn.expect("NOOP");
    await conn.write("250 ok\r\n421 4.4.2 idle for too long\r\n");
  });
  const smtp = await open(server);
  await smtp.noop();
  const error = await assertRejects(() => smtp.noop(), SmtpError, "idle");
  assertEquals(error.code, 421);
  smtp.close();
});

Deno.test("login() frames each mechanism, and shows no credential", async () => {
  const lines: string[] = [];
  const secrets = ["pa55word", btoa("\0ada\0pa55word"), btoa("pa55word")];
  await using server = await scripted(["AUTH PLAIN LOGIN"], async (conn) => {
    await conn.expect(`AUTH PLAIN ${btoa("\0ada\0pa55word")}`);
    await conn.write(`535 5.7.8 pa55word ${btoa("\0ada\0pa55word")} bad\r\n`);
    await conn.expect("AUTH LOGIN");
    await conn.write(`334 ${btoa("Username:")}\r\n`);
    await conn.expect(btoa("ada"));
    await conn.write(`334 ${btoa("Password:")}\r\n`);
    await conn.expect(btoa("pa55word"));
    await conn.write("235 2.7.0 in\r\n");
    await bye(conn);
  });
  await using smtp = await open(server, {
    onTrace: ({ line }) => lines.push(line),
  });
  const error = await assertRejects(
    () => smtp.login("ada", "pa55word"),
    SmtpError,
    "Cannot AUTH PLAIN ***: the server answered 535 5.7.8 *** *** bad",
  );
  await smtp.login("ada", "pa55word", { mechanism: "LOGIN" });
  const seen = [...lines, error.message, error.stack, error.command].join("\n");
  for (const secret of secrets) assertFalse(seen.includes(secret), seen);
});

Deno.test("login() sends a long token after the server's invitation", async () => {
  const token = "t".repeat(600);
  await using server = await scripted(["AUTH XOAUTH2"], async (conn) => {
    await conn.expect("AUTH XOAUTH2");
    await conn.write("334 \r\n");
    const text = atob((await conn.readLine())!);
    assertStringIncludes(text, `auth=Bearer ${token}\x01`);
    await conn.write("334 eyJzdGF0dXMiOiI0MDEifQ==\r\n");
    await conn.expect("");
    await conn.write("535 5.7.8 expired\r\n");
    await bye(conn);
  });
  await using smtp = await open(server);
  await assertRejects(
    () => smtp.login("ada", { accessToken: token }),
    SmtpError,
    "535 5.7.8 expired",
  );
});

Deno.test("login() leaves a server that cannot prove that it knows the password", async () => {
  for (const answer of ["334 dj1BQUFB\r\n", "235 2.7.0 in\r\n", "334 %%\r\n"]) {
    await using server = await scripted(
      ["AUTH SCRAM-SHA-256"],
      async (conn) => {
        const line = await conn.expect(/^AUTH SCRAM-SHA-256 /);
        const first = atob(line.split(" ")[2]!);
        const nonce = /r=(.*)$/.exec(first)![1];
        const challenge = `r=${nonce}abc,s=QSXCR+Q6sek8bf92,i=4096`;
        await conn.write(`334 ${btoa(challenge)}\r\n`);
        await conn.readLine();
        await conn.write(answer);
        await conn.readToEnd();
      },
    );
    const smtp = await open(server);
    await assertRejects(() => smtp.login("ada", "secret"), ProtocolError);
    await assertRejects(() => smtp.noop(), ProtocolError);
    smtp.close();
  }
});

Deno.test("a silent server is a time-out that says what was waited for", async () => {
  await using server = await scripted(["PIPELINING"], async (conn) => {
    for (const one of [/^MAIL/, /^RCPT/, "DATA"]) await conn.expect(one);
    await conn.write("250 a\r\n250 b\r\n354 go\r\n");
    await conn.hang();
  });
  const smtp = await open(server, { timeout: 500 });
  const error = await assertRejects(
    () => smtp.sendMail(envelope, SMALL),
    DOMException,
    "Cannot tell whether the message was delivered",
  );
  assertEquals(error.name, "TimeoutError");
  smtp.close();
});

Deno.test("aborting: while waiting and reading the source it leaves the client usable, later not", async () => {
  const reason = new Error("enough");
  await using server = await scripted(["PIPELINING"], async (conn) => {
    await conn.expect("NOOP");
    await conn.write("250 ok\r\n");
    if (await conn.readLine() !== undefined) await conn.hang();
  });
  const smtp = await open(server);
  const early = new AbortController();
  const never = new ReadableStream<Uint8Array>({
    pull: () => new Promise(() => {}),
  });
  const sending = smtp.sendMail(envelope, never, { signal: early.signal });
  early.abort(reason);
  await assertRejects(() => sending, Error, "enough");
  await assertRejects(
    () => smtp.noop({ signal: AbortSignal.abort(reason) }),
    Error,
    "enough",
  );
  await smtp.noop();
  smtp.close();

  const late = new AbortController();
  const other = await open(server, {
    onTrace: ({ line }) => line.startsWith("MAIL") && late.abort(reason),
  });
  await other.noop();
  await assertRejects(
    () => other.sendMail(envelope, SMALL, { signal: late.signal }),
    Error,
    "enough",
  );
  await assertRejects(() => other.noop(), Error, "enough");
  other.close();
});

Deno.test("closing in the middle of a message does not complete it", async () => {
  const { promise: got, resolve } = Promise.withResolvers<string>();
  await using server = await scripted([], async (conn) => {
    for (const reply of ["250 a", "250 b", "354 go"]) {
      await conn.readLine();
      await conn.write(reply + "\r\n");
    }
    resolve(new TextDecoder().decode(await conn.readToEnd()));
  });
  const { promise: half, resolve: sent } = Promise.withResolvers<void>();
  async function* body() {
    yield new Uint8Array(100_000).fill(0x61);
    sent();
    await new Promise(() => {});
  }
  {
    await using smtp = await open(server);
    smtp.sendMail(envelope, body()).catch(() => {});
    await half;
  }
  assert(!/(^|\r\n)\.\r\n$/.test(await got));
});

Deno.test("LMTP reports each recipient for himself, also over a Unix socket", async () => {
  await using temp = await tempDir();
  const path = join(temp.path, "lmtp");
  using listener = Deno.listen({ transport: "unix", path });
  const script = async (conn: ScriptedConn) => {
    for (const one of [/^MAIL/, /^RCPT/, /^RCPT/, /^RCPT/]) {
      await conn.expect(one);
    }
    await conn.expect("BDAT 3 LAST");
    await conn.readBytes(3);
    await conn.write("250 a\r\n250 b\r\n550 5.1.1 no\r\n250 c\r\n");
    await conn.write("250 2.0.0 in\r\n452 4.2.2 full\r\n");
    await bye(conn);
  };
  await using server = await scripted(ALL, script, "LHLO");
  const serving = (async () => {
    const accepted = await listener.accept();
    const { ScriptedConn } = await import("../../_support/scripted_server.ts");
    const conn = new ScriptedConn(accepted, Promise.resolve());
    await conn.write("220 ready\r\n");
    await conn.expect("LHLO localhost");
    await conn.write("250-hi\r\n250-PIPELINING\r\n250 CHUNKING\r\n");
    await script(conn);
    conn.close();
  })();
  for (
    const options of [
      { hostname: server.hostname, port: server.port },
      { path },
    ]
  ) {
    await using lmtp = await SmtpClient.connect({
      protocol: "lmtp",
      ...options,
    });
    const to = ["a@x.example", "b@x.example", "c@x.example"];
    const { accepted, rejected } = await lmtp.sendMail({ from: "", to }, "x");
    assertEquals(accepted, ["a@x.example"]);
    assertEquals(
      rejected.map(({ address, reply }) => [address, reply.code]).sort(),
      [["b@x.example", 550], ["c@x.example", 452]],
    );
  }
  await serving;
});
