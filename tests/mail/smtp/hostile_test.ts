import {
  assert,
  assertEquals,
  assertInstanceOf,
  assertRejects,
} from "jsr:@std/assert@^1.0.0";
import { withDefaults } from "../../../_wire/limits.ts";
import { Watchdog } from "../../../_wire/watchdog.ts";
import {
  ProtocolError,
  type SmtpClient,
  SmtpError,
  SmtpUncertainError,
} from "../../../mail/smtp/mod.ts";
import { Content } from "../../../mail/smtp/content.ts";
import { Control } from "../../../mail/smtp/control.ts";
import { checkEnvelope } from "../../../mail/smtp/envelope.ts";
import { planMessage } from "../../../mail/smtp/plan.ts";
import { Transaction } from "../../../mail/smtp/transaction.ts";
import {
  type ScriptedConn,
  type ScriptedServer,
  scriptedServer,
} from "../../_support/scripted_server.ts";
import { memoryConnection } from "../../_wire/memory.ts";
import { greet, latin1, open, receive, startHost, utf8 } from "./host_test.ts";

const ADA = "ada@example.com";
const BOB = "bob@example.com";
const EVE = "eve@example.com";
const ENVELOPE = { from: ADA, to: [BOB, EVE] };
const LARGE = ("x".repeat(70) + "\r\n").repeat(1_000);

/** Greets as a server with these extensions, and then follows the script. */
function scripted(
  extensions: string[],
  script: (conn: ScriptedConn) => Promise<void>,
): Promise<ScriptedServer> {
  return scriptedServer(async (conn) => {
    await greet(conn, extensions);
    await script(conn);
  });
}

/** What a call rejects with; that it resolves is an error too. */
async function failureOf(call: Promise<unknown>): Promise<Error> {
  const error = await call.then((value) => ({ value }), (error) => error);
  assertInstanceOf(error, Error, `it resolved: ${JSON.stringify(error)}`);
  return error;
}

interface Dialogue {
  what: string;
  extensions: string[];
  /** The client's words and the server's, in turns; the server begins. */
  turns: [server: string, client: string][];
  /** The server's last words. */
  last: string;
  /** From this turn on all of the message was sent. */
  sentFrom: number;
}

const HELLO = "EHLO [127.0.0.1]\r\n";

/** A message by each way, as it goes when all is well. */
const DIALOGUES: Dialogue[] = [
  {
    what: "DATA one by one",
    extensions: [],
    turns: [
      ["220-host\r\n220 ready\r\n", HELLO],
      ["250-host\r\n250 HELP\r\n", "MAIL FROM:<ada@example.com>\r\n"],
      ["250 2.1.0 ok\r\n", "RCPT TO:<bob@example.com>\r\n"],
      ["250 ok\r\n", "RCPT TO:<eve@example.com>\r\n"],
      ["550-5.1.1 no\r\n550 5.1.1 one\r\n", "DATA\r\n"],
      ["354 go\r\n", "hello\r\n.\r\n"],
    ],
    last: "250-2.0.0 taken\r\n250 2.0.0 as 42\r\n",
    sentFrom: 6,
  },
  {
    what: "DATA pipelined",
    extensions: ["PIPELINING"],
    turns: [
      ["220 ready\r\n", HELLO],
      [
        "250-host\r\n250 PIPELINING\r\n",
        "MAIL FROM:<ada@example.com>\r\nRCPT TO:<bob@example.com>\r\n" +
        "RCPT TO:<eve@example.com>\r\nDATA\r\n",
      ],
      ["250 ok\r\n250 ok\r\n250-o\r\n250 k\r\n354 go\r\n", "hello\r\n.\r\n"],
    ],
    last: "250 taken\r\n",
    sentFrom: 3,
  },
  {
    what: "BDAT at once",
    extensions: ["PIPELINING", "CHUNKING"],
    turns: [
      ["220 ready\r\n", HELLO],
      [
        "250-host\r\n250-PIPELINING\r\n250 CHUNKING\r\n",
        "MAIL FROM:<ada@example.com>\r\nRCPT TO:<bob@example.com>\r\n" +
        "RCPT TO:<eve@example.com>\r\nBDAT 7 LAST\r\nhello\r\n",
      ],
    ],
    last: "250 ok\r\n250 ok\r\n550 no\r\n250-ta\r\n250 ken\r\n",
    sentFrom: 2,
  },
];

for (const { what, turns, last, sentFrom } of DIALOGUES) {
  const spoken = [...turns.map(([server]) => server), last];
  const total = spoken.join("").length;

  Deno.test(`sendMail() ends in an error, without a hang, where the server closes at any byte of its replies, by ${what}`, async () => {
    for (const reset of [false, true]) {
      for (let stop = 0; stop < total; stop++) {
        await using server = await scriptedServer(async (conn) => {
          let left = stop;
          for (const [turn, words] of spoken.entries()) {
            await conn.write(words.slice(0, left));
            left -= words.length;
            if (left < 0) return reset ? conn.close() : undefined;
            await receive(conn, turns[turn]?.[1] ?? "");
          }
        });
        let smtp: SmtpClient | undefined;
        const error = await failureOf((async () => {
          smtp = await open(server);
          await smtp.sendMail(ENVELOPE, "hello");
        })());
        const turn = spoken.findIndex((_, at) =>
          spoken.slice(0, at + 1).join("").length > stop
        );
        const allSent = turn >= sentFrom;
        assertEquals(
          error instanceof SmtpUncertainError,
          allSent,
          `after ${stop} bytes: ${error}`,
        );
        if (!reset) assertInstanceOf(error, ProtocolError);
        if (smtp) await failureOf(smtp.noop());
      }
    }
  });

  Deno.test(`sendMail() understands replies at any split, by ${what}`, async () => {
    for (let at = 1; at < total; at++) {
      await using server = await scriptedServer(async (conn) => {
        let from = 0;
        for (const [turn, words] of spoken.entries()) {
          await conn.writeSplit(words, {
            at: Math.min(Math.max(0, at - from), words.length),
          });
          from += words.length;
          await receive(conn, turns[turn]?.[1] ?? "QUIT\r\n");
        }
        await conn.write("221 bye\r\n");
      });
      await using smtp = await open(server);
      const { accepted } = await smtp.sendMail(ENVELOPE, "hello");
      assertEquals(accepted[0], BOB);
    }
  });
}

Deno.test("sendMail() takes no reply of another kind for an answer", async () => {
  // What the server says to which command, and what is no answer to it.
  const wrong: [string, string[]][] = [
    ["MAIL", ["354 go", "150 wait", "334 ", "120 x", "199 x"]],
    ["RCPT", ["354 go", "150 wait", "334 ", "399 x"]],
    ["DATA", ["250 ok", "220 ok", "334 x", "150 wait", "355 go"]],
    [".", ["354 go on", "334 x", "150 wait", "100 x"]],
    ["BDAT", ["354 go on", "334 x", "150 wait", "100 x"]],
    ["NOOP", ["354 go", "334 x", "150 wait"]],
    ["RSET", ["354 go", "334 x", "150 wait"]],
    ["VRFY", ["354 go", "334 x", "150 wait"]],
  ];
  const passed: string[] = [];
  for (const extensions of [[], ["PIPELINING"], ["PIPELINING", "CHUNKING"]]) {
    for (const [verb, replies] of wrong) {
      for (const reply of replies) {
        let met = false;
        await using host = await startHost({
          extensions,
          answer(command) {
            if (!command.startsWith(verb)) return;
            met = true;
            return reply;
          },
        });
        const smtp = await open(host);
        const result = await (verb === "NOOP"
          ? smtp.noop()
          : verb === "RSET"
          ? smtp.rset()
          : verb === "VRFY"
          ? smtp.verify(BOB)
          : smtp.sendMail(ENVELOPE, "hello")).then(
            (value) => ({ value }),
            (error) =>
              error,
          );
        if (met && !(result instanceof ProtocolError)) {
          passed.push(`${verb}: ${reply}, [${extensions}]`);
        } else if (met) await failureOf(smtp.noop());
        smtp.close();
      }
    }
  }
  assertEquals(passed, []);
});

Deno.test("verify() rejects replies that are none", async () => {
  for (
    const reply of [
      "",
      "ok",
      "25 ok",
      "2500 ok",
      "250ok",
      "250_ok",
      "-250 ok",
      " 250 ok",
      "099 ok",
      "650 ok",
      "250-one\r\n251 two",
      "250-one\r\ntwo\r\n250 three",
      "250-one\r\n",
      "250-one\r\n250ok",
      "250-one\r\n25",
      "\x00250 ok",
      "2\u0665\u0660 ok",
    ]
  ) {
    await using host = await startHost({
      answer(command, conn) {
        if (!command.startsWith("VRFY")) return;
        conn.hangUp();
        // An empty answer is none at all.
        return reply || "\r\n";
      },
    });
    const smtp = await open(host);
    await assertRejects(
      () => smtp.verify(BOB),
      ProtocolError,
      undefined,
      reply,
    );
    await failureOf(smtp.noop());
  }
});

Deno.test("sendMail() is not confused by answers to what it has not asked", async () => {
  // One reply too many ends the connection before the next command.
  for (const extra of ["250 more\r\n", "421 bye\r\n", "garbage\r\n", "25"]) {
    await using server = await scripted([], async (conn) => {
      await conn.expect("NOOP");
      await conn.write("250 ok\r\n" + extra);
      await conn.closeWrite();
      await conn.readToEnd();
    });
    const smtp = await open(server);
    await smtp.noop();
    let asked = false;
    const source = async function* (): AsyncGenerator<Uint8Array> {
      asked = true;
      yield await Promise.resolve(utf8("hello"));
    };
    const error = await failureOf(smtp.sendMail(ENVELOPE, source()));
    assert(!(error instanceof SmtpUncertainError));
    if (extra.startsWith("421")) {
      assertInstanceOf(error, SmtpError);
      assertEquals(error.code, 421);
    } else assertInstanceOf(error, ProtocolError, extra);
    assert(asked);
    await failureOf(smtp.noop());
  }
});

Deno.test("sendMail() believes a server that answers a command early with all others", async () => {
  // More replies than commands: what is too much shows with the next command.
  await using server = await scripted(["PIPELINING"], async (conn) => {
    await conn.expect(/^MAIL/);
    await conn.write(
      "250 ok\r\n250 ok\r\n250 ok\r\n354 go\r\n250 taken\r\n250 what\r\n",
    );
    await conn.readToEnd();
  });
  const smtp = await open(server);
  await smtp.sendMail(ENVELOPE, "hello").catch(() => {});
  await failureOf(smtp.noop());
});

Deno.test("noop() reads 10,000 lines, and no more", async () => {
  for (const [count, fits] of [[10_000, true], [10_001, false]] as const) {
    await using server = await scripted([], async (conn) => {
      await conn.expect("NOOP");
      await conn.write(
        "250-x\r\n".repeat(count - 1) + "250 end\r\n",
      );
      await conn.readToEnd();
    });
    const smtp = await open(server);
    if (fits) await smtp.noop();
    else {
      await assertRejects(() => smtp.noop(), ProtocolError, "10000 lines");
    }
    smtp.close();
  }
});

for (const at of ["the greeting", "EHLO", "MAIL", "DATA", "the message"]) {
  for (
    const [what, endless, limit] of [
      ["line", "2".repeat(65_536), 8_000_000],
      ["reply", "250-x\r\n".repeat(10_000), 8_000_000],
      ["reply of long lines", "250-" + "x".repeat(60_000) + "\r\n", 8_000_000],
    ] as const
  ) {
    Deno.test(`SmtpClient gives up a ${what} that never ends, at ${at}`, async () => {
      let sent = 0;
      await using server = await scriptedServer(async (conn) => {
        const flood = async () => {
          await conn.write(what === "line" ? "250-" : "");
          for (;;) {
            await conn.write(endless);
            sent += endless.length;
          }
        };
        if (at === "the greeting") {
          return await (async () => {
            for (;;) {
              await conn.write(endless.replaceAll("250-", "220-"));
              sent += endless.length;
            }
          })();
        }
        await conn.write("220 ready\r\n");
        await conn.expect(/^EHLO/);
        if (at === "EHLO") return await flood();
        await conn.write("250 host\r\n");
        await conn.expect(/^MAIL/);
        if (at === "MAIL") return await flood();
        await conn.write("250 ok\r\n");
        await conn.expect(/^RCPT/);
        await conn.write("250 ok\r\n");
        await conn.expect("DATA");
        if (at === "DATA") return await flood();
        await conn.write("354 go\r\n");
        await receive(conn, "hello\r\n.\r\n");
        await flood();
      });
      const error = await failureOf((async () => {
        const smtp = await open(server);
        await smtp.sendMail({ from: ADA, to: BOB }, "hello");
      })());
      assertInstanceOf(error, ProtocolError);
      assertEquals(error instanceof SmtpUncertainError, at === "the message");
      assert(sent < limit, `${sent} bytes were taken`);
      assert(error.message.length < 1_000, "the flood is in the message");
    });
  }
}

Deno.test("SmtpClient refuses a line of 1 MB, and keeps to limits that are given", async () => {
  await using server = await scripted([], async (conn) => {
    await conn.expect("NOOP");
    await conn.write("250 " + "x".repeat(1_000_000) + "\r\n");
    await conn.readToEnd();
  });
  const smtp = await open(server);
  await assertRejects(() => smtp.noop(), ProtocolError, "65536 bytes");
  await using other = await scripted([], async (conn) => {
    for (const line of ["250 0123456789", "250 01234567890123456789"]) {
      await conn.expect("NOOP");
      await conn.write(line + "\r\n");
    }
    await conn.readToEnd();
  });
  const small = await open(other, { limits: { line: 20 } });
  await small.noop();
  await assertRejects(() => small.noop(), ProtocolError, "20 bytes");
});

for (const extensions of [[], ["PIPELINING"], ["PIPELINING", "CHUNKING"]]) {
  for (const verb of ["EHLO", "MAIL", "RCPT", "DATA", ".", "BDAT", "RSET"]) {
    Deno.test(`SmtpClient gives up a server that is silent at ${verb}, with [${extensions}]`, async () => {
      let met = false;
      await using host = await startHost({
        extensions,
        answer(command) {
          if (verb === "RSET" && command.startsWith("RCPT")) return "550 no";
          if (!command.startsWith(verb)) return;
          met = true;
          return "";
        },
      });
      let smtp: SmtpClient | undefined;
      const result = await (async () => {
        smtp = await open(host, { timeout: 100 });
        return await smtp.sendMail(ENVELOPE, "hello");
      })().catch((error) => error);
      if (!met) return smtp?.close();
      if (verb === "RSET") {
        // What was refused is said, though nothing goes on after it.
        assertInstanceOf(result, SmtpError);
        assertEquals(result.code, 550);
      } else {
        assertInstanceOf(result, DOMException);
        assertEquals(result.name, "TimeoutError");
        assert(result.message.includes("100 ms"), result.message);
      }
      if (smtp) await failureOf(smtp.noop());
    });
  }
}

Deno.test("SmtpClient gives up a server that drips", async () => {
  // Each byte is progress: it is the limits that end this one.
  await using server = await scripted([], async (conn) => {
    await conn.expect("NOOP");
    for (;;) await conn.writeSplit("250-" + "x".repeat(16), { at: 2 });
  });
  const smtp = await open(server, { timeout: 1_000, limits: { line: 200 } });
  await assertRejects(() => smtp.noop(), ProtocolError, "200 bytes");
});

Deno.test("a slow source is no silence of the server", async () => {
  for (const extensions of [[], ["PIPELINING"], ["CHUNKING"]]) {
    await using host = await startHost({ extensions });
    await using smtp = await open(host, { timeout: 150 });
    const source = async function* (): AsyncGenerator<Uint8Array> {
      yield utf8(LARGE);
      // Time passes here; nothing is waited for by it.
      await new Promise((resolve) => setTimeout(resolve, 400));
      yield utf8("end");
    };
    const { accepted } = await smtp.sendMail(ENVELOPE, source());
    assertEquals(accepted.length, 2);
    assert(latin1(host.messages[0]!).endsWith("end\r\n"));
  }
});

Deno.test("sendMail() rejects where the server closes in the middle of DATA", async () => {
  for (const how of ["end", "reset"]) {
    const { promise: seen, resolve: see } = Promise.withResolvers<void>();
    await using server = await scripted([], async (conn) => {
      for (const verb of ["MAIL", "RCPT", "RCPT", "DATA"]) {
        await conn.expect(new RegExp(`^${verb}`));
        await conn.write(verb === "DATA" ? "354 go\r\n" : "250 ok\r\n");
      }
      await conn.readBytes(1_000);
      if (how === "end") await conn.closeWrite();
      else conn.close();
      see();
    });
    const smtp = await open(server);
    let returned = false;
    const source = async function* (): AsyncGenerator<Uint8Array> {
      try {
        yield utf8(LARGE);
        await seen;
        for (;;) yield await Promise.resolve(utf8(LARGE));
      } finally {
        returned = true;
      }
    };
    const error = await failureOf(smtp.sendMail(ENVELOPE, source()));
    assert(!(error instanceof SmtpUncertainError), `${error}`);
    assert(!(error instanceof SmtpError));
    assert(returned);
    await failureOf(smtp.noop());
  }
});

Deno.test("sendMail() notices a lost connection while the source stalls", async () => {
  for (const extensions of [[], ["PIPELINING", "CHUNKING"]]) {
    const { promise: go, resolve: release } = Promise.withResolvers<void>();
    const { promise: stalled, resolve: stall } = Promise.withResolvers<void>();
    await using server = await scripted(extensions, async (conn) => {
      const verbs = extensions.length > 0
        ? ["MAIL", "RCPT", "RCPT"]
        : ["MAIL", "RCPT", "RCPT", "DATA"];
      for (const verb of verbs) {
        await conn.expect(new RegExp(`^${verb}`));
        await conn.write(verb === "DATA" ? "354 go\r\n" : "250 ok\r\n");
      }
      if (extensions.length > 0) await conn.readBytes(1 << 20);
      await stalled;
      // A refusal, and the end.
      await conn.write("552 too much\r\n");
    });
    const smtp = await open(server);
    const source = async function* (): AsyncGenerator<Uint8Array> {
      for (let n = 0; n < 15; n++) yield utf8(LARGE);
      stall();
      await go;
    };
    const error = await failureOf(smtp.sendMail(ENVELOPE, source()));
    assertInstanceOf(error, SmtpError);
    assertEquals(error.code, 552);
    release();
    smtp.close();
  }
});

// --- writes that fail ----------------------------------------------------

for (const extensions of [[], ["PIPELINING"], ["PIPELINING", "CHUNKING"]]) {
  Deno.test(`a message of which not all could be written is not uncertain, with [${extensions}]`, async () => {
    const bdat = extensions.includes("CHUNKING");
    // Everything is answered, and the connection breaks in the content.
    const replies = bdat
      ? []
      : ["250 ok\r\n", "250 ok\r\n", "250 ok\r\n", "354 go\r\n"];
    let written = 0;
    const { connection } = memoryConnection(replies.map(utf8), {}, {
      write(data) {
        if (written > 0) {
          written++;
          return Promise.reject(new Deno.errors.BrokenPipe("broken"));
        }
        const text = latin1(data);
        const start = bdat ? text.indexOf("LAST") : text.indexOf("hello");
        if (start < 0) return Promise.resolve(data.length);
        // Some of it goes, the next write fails.
        written++;
        return Promise.resolve(start + 10);
      },
    });
    const control = new Control(connection, new Watchdog(0), true);
    const content = new Content("hello ".repeat(5_000), {});
    await content.look();
    const plan = planMessage(checkEnvelope(ENVELOPE), content, {
      extensions: new Map(extensions.map((one) => [one, ""])),
      secure: false,
    });
    const transaction = new Transaction(control, plan, content, false);
    const error = await failureOf(transaction.run(undefined));
    assert(written > 1, "the write was not tried");
    assert(!(error instanceof SmtpUncertainError), `${error}`);
    assertEquals(transaction.uncertain, false);
    assert(connection.closed, "the connection is still used");
  });
}

Deno.test("limits are what they are said to be by default", () => {
  assertEquals(withDefaults().line, 65_536);
  assertEquals(withDefaults().replyLines, 10_000);
});

// --- words of the caller's ------------------------------------------------

Deno.test("no argument can start another command", async () => {
  await using host = await startHost({ extensions: ["PIPELINING"] });
  await using smtp = await open(host);
  const before = host.commands.length;
  for (const evil of ["\r\n", "\r", "\n", "\0"]) {
    for (const text of [`x${evil}RSET`, `${evil}RSET`, `x${evil}`]) {
      for (
        const call of [
          () => smtp.verify(text),
          () => smtp.expand(text),
          () => smtp.command(text),
          () => smtp.command(`NOOP ${text}`),
          () => smtp.ehlo(text),
          () => smtp.helo(text),
          () => smtp.sendMail({ from: text, to: BOB }, "x"),
          () => smtp.sendMail({ from: ADA, to: text }, "x"),
        ]
      ) {
        const error = await assertRejects(call, TypeError);
        assert(!/[\r\n\0]/.test(error.message), JSON.stringify(error.message));
      }
      await assertRejects(() => open(host, { name: text }), TypeError);
    }
  }
  await smtp.noop();
  assertEquals(host.commands.slice(before), ["NOOP"]);
  assertEquals(host.connections, 1);
});

Deno.test("ehlo() and connect() refuse a name that is none", async () => {
  await using host = await startHost();
  await using smtp = await open(host);
  for (const name of ["", "a b", "\u00fc", "a\tb", "x".repeat(256), "a\x7f"]) {
    await assertRejects(() => smtp.ehlo(name), TypeError, "name of this side");
    await assertRejects(() => smtp.helo(name), TypeError, "name of this side");
    await assertRejects(() => open(host, { name }), TypeError);
  }
  assertEquals(host.connections, 1);
  await smtp.ehlo("[IPv6:::1]");
  assertEquals(host.commands.at(-1), "EHLO [IPv6:::1]");
});

Deno.test("command() refuses what has a method of its own", async () => {
  await using host = await startHost();
  await using smtp = await open(host);
  const before = host.commands.length;
  for (
    const line of [
      "DATA",
      "data",
      "Data ",
      "BDAT 5 LAST",
      "BURL x",
      "STARTTLS",
      "starttls ",
      "AUTH PLAIN AGEAYg==",
      "EHLO x",
      "HELO x",
      "LHLO x",
      "QUIT",
    ]
  ) {
    const error = await assertRejects(() => smtp.command(line), TypeError);
    assert(!error.message.includes("AGEAYg"));
  }
  assertEquals(host.commands.length, before);
  const reply = await smtp.command("HELP  MAIL ");
  assertEquals(reply, { code: 250, lines: ["ok"], text: "ok" });
  assertEquals(host.commands.at(-1), "HELP  MAIL ");
});

Deno.test("command() refuses them in any dress that a server takes off", async () => {
  await using host = await startHost();
  await using smtp = await open(host);
  const before = host.commands.length;
  for (
    const line of [" DATA", "DATA\t", "\tSTARTTLS", "AUTH\tPLAIN AGEAYg=="]
  ) {
    await assertRejects(() => smtp.command(line), TypeError, undefined, line);
  }
  assertEquals(host.commands.length, before);
});

Deno.test("verify() and expand() ask, and say what the server says", async () => {
  await using host = await startHost({
    extensions: ["SMTPUTF8"],
    answer: (command) =>
      command.startsWith("VRFY nobody")
        ? "550 5.1.1 Nobody"
        : command.startsWith("VRFY")
        ? "252 2.0.0 Maybe"
        : command.startsWith("EXPN")
        ? "250-<a@example.com>\r\n250 <b@example.com>"
        : undefined,
  });
  await using smtp = await open(host);
  assertEquals((await smtp.verify("<bob@example.com>")).code, 252);
  assertEquals((await smtp.expand("list")).lines, [
    "<a@example.com>",
    "<b@example.com>",
  ]);
  const error = await assertRejects(() => smtp.verify("nobody"), SmtpError);
  assertEquals([error.code, error.command], [550, "VRFY nobody"]);
  await smtp.verify("j\u00f6rg@example.com");
  await smtp.verify("joe@b\u00fccher.example");
  assertEquals(host.commands.slice(1), [
    "VRFY bob@example.com",
    "EXPN list",
    "VRFY nobody",
    "VRFY j\u00f6rg@example.com SMTPUTF8",
    "VRFY joe@b\u00fccher.example SMTPUTF8",
  ]);
});

Deno.test("verify() sends no address beyond ASCII where the server does not take it", async () => {
  await using host = await startHost();
  await using smtp = await open(host);
  await smtp.verify("joe@b\u00fccher.example");
  assertEquals(host.commands.at(-1), "VRFY joe@xn--bcher-kva.example");
  const error = await assertRejects(
    () => smtp.verify("j\u00f6rg@example.com"),
    SmtpError,
  );
  assertEquals(error.code, 553);
  assertEquals(host.commands.length, 2);
});

Deno.test("commands called together are answered each by its own reply", async () => {
  let count = 0;
  await using host = await startHost({
    answer: (command) =>
      command.startsWith("VRFY") ? `252 answer ${++count}` : undefined,
  });
  await using smtp = await open(host);
  const replies = await Promise.all(
    Array.from({ length: 50 }, (_, n) => smtp.verify(`u${n}`)),
  );
  assertEquals(
    replies.map(({ text }) => text),
    Array.from({ length: 50 }, (_, n) => `answer ${n + 1}`),
  );
});

Deno.test("a command that is aborted closes the client, one that waits does not", async () => {
  await using host = await startHost({
    answer: (command) => command === "VRFY hang" ? "" : undefined,
  });
  const smtp = await open(host);
  const first = new AbortController();
  const second = new AbortController();
  const hanging = smtp.verify("hang", { signal: first.signal });
  const waiting = smtp.verify("waits", { signal: second.signal });
  second.abort(new RangeError("not this one"));
  await assertRejects(() => waiting, RangeError, "not this one");
  first.abort(new RangeError("nor this one"));
  await assertRejects(() => hanging, RangeError, "nor this one");
  await assertRejects(() => smtp.noop(), RangeError, "nor this one");
  assertEquals(host.commands.includes("VRFY waits"), false);
});

Deno.test("close() rejects what is under way, twice and without a throw", async () => {
  await using host = await startHost({
    answer: (command) => command === "NOOP" ? "" : undefined,
  });
  const smtp = await open(host);
  const noop = smtp.noop();
  const verify = smtp.verify(BOB);
  smtp.close();
  smtp.close();
  for (const call of [noop, verify, smtp.rset(), smtp.quit()]) {
    const error = await assertRejects(() => call, DOMException);
    assertEquals(error.name, "InvalidStateError");
  }
  await smtp[Symbol.asyncDispose]();
});

Deno.test("a goodbye in answer to any command closes the client, and says so", async () => {
  for (const verb of ["NOOP", "RSET", "VRFY", "EXPN", "HELP", "EHLO", "HELO"]) {
    let bye = false;
    await using host = await startHost({
      answer(command, conn) {
        if (!bye || !command.startsWith(verb)) return;
        conn.hangUp();
        return "421 4.3.2 Going down";
      },
    });
    const smtp = await open(host);
    bye = true;
    const calls: Record<string, () => Promise<unknown>> = {
      NOOP: () => smtp.noop(),
      RSET: () => smtp.rset(),
      VRFY: () => smtp.verify(BOB),
      EXPN: () => smtp.expand("list"),
      HELP: () => smtp.command("HELP"),
      EHLO: () => smtp.ehlo(),
      HELO: () => smtp.helo(),
    };
    const error = await assertRejects(() => calls[verb]!(), SmtpError);
    assertEquals([error.code, error.transient], [421, true]);
    assertEquals(await failureOf(smtp.noop()), error);
  }
});

Deno.test("sendMail() says why it was refused although RSET is answered by a goodbye", async () => {
  for (const extensions of [[], ["PIPELINING"], ["PIPELINING", "CHUNKING"]]) {
    await using host = await startHost({
      extensions,
      answer(command, conn) {
        if (command.startsWith("RCPT")) return "550 5.1.1 no";
        if (command !== "RSET") return;
        conn.hangUp();
        return "421 4.3.2 Going down";
      },
    });
    const smtp = await open(host);
    const error = await assertRejects(
      () => smtp.sendMail(ENVELOPE, "hello"),
      SmtpError,
    );
    assertEquals([error.code, error.rejected.length], [550, 2]);
    await failureOf(smtp.noop());
  }
});

Deno.test("disposing says QUIT and waits for its answer, whatever that is", async () => {
  for (
    const answer of ["221 bye", "500 what", "421 bye", "garbage", "250 ok"]
  ) {
    await using host = await startHost({
      answer: (command) => command === "QUIT" ? answer : undefined,
    });
    await (await open(host))[Symbol.asyncDispose]();
    assertEquals(host.commands.at(-1), "QUIT");
  }
});

Deno.test("quit() closes although the server refuses it", async () => {
  await using host = await startHost({
    answer: (command) => command === "QUIT" ? "500 no" : undefined,
  });
  const smtp = await open(host);
  await assertRejects(() => smtp.quit(), SmtpError);
  await failureOf(smtp.noop());
});
