import {
  assert,
  assertEquals,
  assertMatch,
  assertStringIncludes,
} from "jsr:@std/assert@^1.0.0";
import {
  type ReceivedEnvelope,
  SmtpError,
  type SmtpServerOptions,
  type SmtpSession,
} from "../../../mail/smtpd/mod.ts";
import { createAuthority } from "../../_support/certificates.ts";
import {
  everySplit,
  randomSlices,
  seededRandom,
} from "../../_support/random_slices.ts";
import {
  codes,
  play,
  RawClient,
  type Reply,
  start,
  talk,
  toBytes,
  within,
} from "./raw_client.ts";

const certificate = await (await createAuthority()).issue();

const BEGIN = "EHLO me.example\r\nMAIL FROM:<a@b.example>\r\n" +
  "RCPT TO:<c@d.example>\r\n";

/** The keywords of the reply to EHLO, without the server's name. */
function keywords({ lines }: Reply): string[] {
  return lines.slice(1);
}

const ALWAYS = [
  "PIPELINING",
  "SIZE 33554432",
  "8BITMIME",
  "SMTPUTF8",
  "CHUNKING",
  "BINARYMIME",
  "DSN",
  "ENHANCEDSTATUSCODES",
];

const scramKeys = () => undefined;
const authenticate = () => false;

Deno.test("SmtpServer greets with its name, or its address as a literal", async () => {
  const cases: [Partial<SmtpServerOptions>, string][] = [
    [{}, "[127.0.0.1] ESMTP"],
    [{ hostname: "::1" }, "[IPv6:::1] ESMTP"],
    [{ hostname: "0.0.0.0", name: "mx.example" }, "mx.example ESMTP"],
  ];
  for (const [options, expected] of cases) {
    await using one = start(options);
    const said = await talk(one.server, "HELO x\r\nEHLO x\r\nQUIT\r\n");
    const name = expected.split(" ")[0];
    // RFC 5321 section 4.1.1.1: the name comes first in these three.
    assert(
      said.startsWith(`220 ${expected}\r\n250 ${name}\r\n250-${name}\r\n`),
    );
  }
});

Deno.test("SmtpServer lists in EHLO what can be used, and nothing else", async () => {
  const cases: [Partial<SmtpServerOptions>, string[]][] = [
    [{}, []],
    [{ ...certificate }, ["STARTTLS"]],
    [{ authenticate }, ["AUTH PLAIN LOGIN"]],
    [{ scramKeys }, ["AUTH SCRAM-SHA-256"]],
    [
      { ...certificate, authenticate, scramKeys },
      ["STARTTLS", "AUTH SCRAM-SHA-256 PLAIN LOGIN"],
    ],
  ];
  for (const [options, more] of cases) {
    await using one = start(options);
    using client = await RawClient.connect(one.server);
    await client.expect(220);
    const reply = await client.say("EHLO x", 250);
    assertEquals(keywords(reply), [...ALWAYS, ...more, "HELP"]);
  }
  await using one = start({ maxSize: 12_345 });
  using client = await RawClient.connect(one.server);
  await client.expect(220);
  const reply = await client.say("EHLO x", 250);
  assert(keywords(reply).includes("SIZE 12345"));
});

Deno.test("SmtpServer speaks to HELO without extensions and enhanced codes", async () => {
  const { said } = await play([
    "HELO x\r\nMAIL FROM:<a@b> SIZE=1\r\nMAIL FROM:<a@b>\r\n" +
    "RCPT TO:<a@b> NOTIFY=NEVER\r\nRCPT TO:<a@b>\r\nDATA\r\n.\r\n" +
    "EHLO x\r\nNOOP\r\nHELO x\r\nNOOP\r\nAUTH PLAIN\r\nQUIT\r\n",
  ]);
  assertEquals(
    codes(said),
    "220 250 555 250 555 250 354 250 250 250 250 250 503 221",
  );
  // Codes of RFC 3463 are said only to those who said EHLO last.
  const lines = said.split("\r\n").filter((line) => / OK$|Say /.test(line));
  assertEquals(lines.map((line) => /^\d{3} \d\.\d\.\d /.test(line)), [
    // MAIL, RCPT; NOOP behind EHLO; NOOP and AUTH behind HELO.
    ...[false, false],
    true,
    ...[false, false],
  ]);
});

Deno.test("SmtpServer wants a name in EHLO and HELO", async () => {
  const { said, messages } = await play([
    "EHLO\r\nHELO\r\nEHLO   \r\nMAIL FROM:<a@b>\r\nEHLO x\r\nMAIL FROM:<a@b>\r\n" +
    // What is refused has no effect (RFC 5321 section 4.1.4).
    "EHLO\r\nRCPT TO:<a@b>\r\nDATA\r\nx\r\n.\r\nQUIT\r\n",
  ]);
  assertEquals(
    codes(said),
    "220 501 501 501 503 250 250 501 250 354 250 221",
  );
  assertEquals(messages.length, 1);
});

Deno.test("SmtpServer refuses commands out of their order", async () => {
  // What is said, and the codes for it, the greeting's and the goodbye's left
  // out.
  const cases: [string[], string][] = [
    [["MAIL FROM:<a@b>"], "503"],
    [["RCPT TO:<a@b>"], "503"],
    [["DATA"], "503"],
    [["BDAT 0 LAST"], "503"],
    [["AUTH PLAIN"], "503"],
    [["NOOP", "RSET", "VRFY x", "EXPN x", "HELP"], "250 250 252 252 214"],
    [["EHLO x", "RCPT TO:<a@b>"], "250 503"],
    [["EHLO x", "DATA"], "250 503"],
    [["EHLO x", "MAIL FROM:<>", "MAIL FROM:<>"], "250 250 503"],
    // RFC 5321 section 3.3 leaves both to the server.
    [["EHLO x", "MAIL FROM:<>", "DATA"], "250 250 554"],
    [["EHLO x", "MAIL FROM:<>", "BDAT 0 LAST"], "250 250 554"],
    [["EHLO x", "MAIL FROM:<>", "RSET", "RCPT TO:<a@b>"], "250 250 250 503"],
    [["EHLO x", "MAIL FROM:<>", "EHLO x", "RCPT TO:<a@b>"], "250 250 250 503"],
    [["EHLO x", "MAIL FROM:<>", "HELO x", "RCPT TO:<a@b>"], "250 250 250 503"],
    // A refused sender is none, a refused recipient changes nothing.
    [["EHLO x", "MAIL FROM:<", "RCPT TO:<a@b>"], "250 501 503"],
    [["EHLO x", "MAIL FROM:<", "MAIL FROM:<>"], "250 501 250"],
    [["EHLO x", "MAIL FROM:<>", "RCPT TO:<", "DATA"], "250 250 501 554"],
    [
      [
        "EHLO x",
        "MAIL FROM:<>",
        "RCPT TO:<a@b>",
        "NOOP",
        "VRFY x",
        "DATA\r\n.",
      ],
      "250 250 250 250 252 354 250",
    ],
    // The transaction ends with the message.
    [
      ["EHLO x", "MAIL FROM:<>", "RCPT TO:<a@b>", "DATA\r\n.", "DATA"],
      "250 250 250 354 250 503",
    ],
    [["EHLO x", "STARTTLS"], "250 502"],
    [["EHLO x", "AUTH PLAIN"], "250 504"],
    [["EHLO x", "DATA x", "STARTTLS x"], "250 501 501"],
  ];
  for (const [commands, expected] of cases) {
    const { said } = await play([[...commands, "QUIT", ""].join("\r\n")]);
    assertEquals(codes(said), `220 ${expected} 221`, commands.join(", "));
  }
});

Deno.test("SmtpServer takes commands in any case, and refuses those it does not know", async () => {
  const { said } = await play([
    "ehlo x\r\nMail From:<a@b>\r\nrCPT tO:<a@b>\r\ndata\r\n.\r\nnoop \r\n" +
    "QuIt  \r\n",
  ]);
  assertEquals(codes(said), "220 250 250 250 354 250 250 221");
  for (
    const command of [
      "WHAT",
      "",
      " ",
      " NOOP",
      "EHLOX y",
      "MAILFROM:<a@b>",
      "NOOP\0",
      "TURN",
      "SEND FROM:<a@b>",
      "SAML FROM:<a@b>",
      "SOML FROM:<a@b>",
      "XCLIENT ADDR=1.2.3.4",
      "BURL imap://x LAST",
      "GET / HTTP/1.1",
      "220 x ESMTP",
      "\xff",
    ]
  ) {
    const { said } = await play([`EHLO x\r\n${command}\r\nNOOP\r\nQUIT\r\n`]);
    assertEquals(codes(said), "220 250 500 250 221", JSON.stringify(command));
    assertStringIncludes(said, "500 5.5.");
  }
});

Deno.test("SmtpServer takes no letters and spaces beyond ASCII for those of a command", async () => {
  for (
    const command of [
      // Letters that turn into ASCII ones in upper case: ı, ſ.
      "ma\u0131l FROM:<a@b>",
      "r\u017fet",
      // Spaces beyond ASCII.
      "NOOP\u00a0x",
      "NOOP\u2028x",
      "MAIL\ufeffFROM:<a@b>",
    ]
  ) {
    const { said } = await play([`EHLO x\r\n${command}\r\nNOOP\r\nQUIT\r\n`]);
    assertEquals(codes(said), "220 250 500 250 221", JSON.stringify(command));
  }
});

Deno.test("SmtpServer reads a long line in no time", async () => {
  // Quadratic, each of them would take a good part of a second, which many times
  // over the runner would not wait for.
  const spaces = " ".repeat(12_000);
  const lines = [
    `NOOP x${spaces}x`,
    `NOOP${spaces}`,
    `MAIL FROM:${spaces}x`,
    `MAIL FROM:<a@b>${spaces}x`,
    `MAIL FROM:<"${"\\a".repeat(6_000)}`,
    `MAIL FROM:<${"a.".repeat(6_000)}`,
    `MAIL FROM:<${"@a,".repeat(4_000)}`,
    `MAIL FROM:<a@b> ${"A-".repeat(6_000)}`,
    `MAIL FROM:<a@b> ENVID=${"+41".repeat(4_000)}+`,
    `AUTH${spaces}x`,
  ];
  for (const line of lines) {
    await play([`EHLO x\r\n${`${line}\r\n`.repeat(100)}QUIT\r\n`], {
      authenticate,
    });
  }
});

Deno.test("SmtpServer tells its handlers who speaks, and with what envelope", async () => {
  const sessions: [string, SmtpSession][] = [];
  let got: ReceivedEnvelope | undefined;
  await using one = start({
    onMail: (address, session) => void sessions.push([address, session]),
    onRecipient: (address, session) => void sessions.push([address, session]),
    async onMessage(envelope, body, session) {
      await body.cancel();
      got = envelope;
      sessions.push(["", session]);
    },
  });
  using client = await RawClient.connect(one.server);
  await client.expect(220);
  await client.say("HELO old.example", 250);
  await client.say("EHLO me.example more", 250);
  await client.say(
    "MAIL FROM:<@x,@y:a@b.example> SIZE=3 BODY=8BITMIME SMTPUTF8 RET=HDRS " +
      "ENVID=a+2Bb AUTH=<>",
    250,
  );
  await client.say('RCPT TO:<"c c"@d> NOTIFY=DELAY,SUCCESS', 250);
  await client.say("RCPT TO:<postmaster> ORCPT=rfc822;x+2By@z", 250);
  await client.say("DATA", 354);
  await client.say("x\r\n.", 250);
  await client.say("HELO old.example", 250);
  await client.say("MAIL FROM:<>", 250);
  assertEquals(got, {
    from: "a@b.example",
    to: ['"c c"@d', "postmaster"],
    recipients: [
      { address: '"c c"@d', notify: ["delay", "success"] },
      { address: "postmaster", orcpt: "rfc822;x+y@z" },
    ],
    size: 3,
    body: "8bitmime",
    smtpUtf8: true,
    ret: "headers",
    envId: "a+b",
  });
  const { localAddr } = client.conn;
  const session = {
    remoteAddr: localAddr as Deno.NetAddr,
    localAddr: one.server.address,
    secure: false,
    clientName: "me.example more",
    extended: true,
  };
  assertEquals(sessions, [
    ["a@b.example", session],
    ['"c c"@d', session],
    ["postmaster", session],
    ["", session],
    ["", { ...session, clientName: "old.example", extended: false }],
  ]);
});

Deno.test("SmtpServer begins each message with an empty envelope", async () => {
  const { messages } = await play([
    "EHLO x\r\n" +
    "MAIL FROM:<a@b> SIZE=1 RET=FULL SMTPUTF8\r\nRCPT TO:<1@b>\r\nRSET\r\n" +
    "MAIL FROM:<c@b>\r\nRCPT TO:<2@b>\r\nDATA\r\n.\r\n" +
    "MAIL FROM:<>\r\nRCPT TO:<3@b>\r\nRCPT TO:<3@b>\r\nBDAT 0 LAST\r\n" +
    "QUIT\r\n",
  ]);
  assertEquals(messages.map(({ envelope }) => envelope), [
    {
      from: "c@b",
      to: ["2@b"],
      recipients: [{ address: "2@b" }],
      smtpUtf8: false,
    },
    {
      from: "",
      to: ["3@b", "3@b"],
      recipients: [{ address: "3@b" }, { address: "3@b" }],
      smtpUtf8: false,
    },
  ]);
});

Deno.test("SmtpServer says what a handler's SmtpError says, in each of them", async () => {
  const no = () => {
    throw new SmtpError(450, "4.7.1", "Try\nlater");
  };
  const late = async () => {
    await Promise.resolve();
    throw new SmtpError(550, undefined, "");
  };
  const session = `${BEGIN}DATA\r\nx\r\n.\r\nNOOP\r\nQUIT\r\n`;
  const cases: [Partial<SmtpServerOptions>, string][] = [
    [{ onMail: no }, "220 250 450 503 503 500 500 250 221"],
    [{ onMail: late }, "220 250 550 503 503 500 500 250 221"],
    [{ onRecipient: no }, "220 250 250 450 554 500 500 250 221"],
    [{ onRecipient: late }, "220 250 250 550 554 500 500 250 221"],
    [{ onMessage: no }, "220 250 250 250 354 450 250 221"],
    [{ onMessage: late }, "220 250 250 250 354 550 250 221"],
  ];
  const errors: unknown[] = [];
  for (const [options, expected] of cases) {
    const { said, messages } = await play([session], {
      ...options,
      onError: (error) => errors.push(error),
    });
    assertEquals(codes(said), expected);
    assert(
      said.includes("\r\n450-4.7.1 Try\r\n450 4.7.1 later\r\n") ||
        said.includes("\r\n550 \r\n"),
      said,
    );
    assertEquals(messages, []);
  }
  // Refusing is no failure.
  assertEquals(errors, []);
});

Deno.test("SmtpServer goes on after a refused recipient", async () => {
  const { said, messages } = await play([
    "EHLO x\r\nMAIL FROM:<>\r\nRCPT TO:<a@b>\r\nRCPT TO:<bad@b>\r\n" +
    "RCPT TO:<c@b>\r\nDATA\r\nx\r\n.\r\nQUIT\r\n",
  ], {
    onRecipient(address) {
      if (address === "bad@b") throw new SmtpError(550, "5.1.1", "Unknown");
    },
  });
  assertEquals(codes(said), "220 250 250 250 550 250 354 250 221");
  assertEquals(messages.map(({ envelope }) => envelope.to), [["a@b", "c@b"]]);
});

Deno.test("SmtpServer says 451 to whatever else a handler throws, and tells onError", async () => {
  const told: [unknown, string][] = [];
  const reasons: unknown[] = [
    new TypeError("secret"),
    "secret",
    undefined,
    null,
    // What is no refusal must not pass for an acceptance.
    new SmtpError(250, "2.0.0", "secret"),
    new SmtpError(354, undefined, "secret"),
    new SmtpError(200, "2.0.0", "secret"),
    new SmtpError(600, "5.0.0", "secret"),
    new SmtpError(NaN, "5.0.0", "secret"),
  ];
  for (const reason of reasons) {
    const fail = () => Promise.reject(reason);
    for (
      const [options, expected] of [
        [{ onMail: fail }, "220 250 451 503 221"],
        [{ onRecipient: fail }, "220 250 250 451 221"],
      ] as const
    ) {
      const { said } = await play([`${BEGIN}QUIT\r\n`], {
        ...options,
        onError: (error, { clientName }) => told.push([error, clientName]),
      });
      assertEquals(codes(said), expected, String(reason));
      assertStringIncludes(said, "451 4.3.0 ");
      assert(!said.includes("secret"));
    }
    const { said } = await play([`${BEGIN}DATA\r\nx\r\n.\r\nQUIT\r\n`], {
      onMessage: fail,
      onError: (error, { clientName }) => told.push([error, clientName]),
    });
    assertEquals(codes(said), "220 250 250 250 354 451 221", String(reason));
    assert(!said.includes("secret"));
  }
  assertEquals(
    told,
    reasons.flatMap((one) => Array(3).fill([one, "me.example"])),
  );
});

Deno.test("SmtpServer takes a code that is no whole number for a mistake", async () => {
  const told: unknown[] = [];
  const { said } = await play([`${BEGIN}QUIT\r\n`], {
    onMail() {
      throw new SmtpError(450.5, "4.0.0", "secret");
    },
    onError: (error) => told.push(error),
  });
  assertEquals(codes(said), "220 250 451 503 221");
  assertEquals(told.length, 1);
});

Deno.test("SmtpServer writes to console.error where there is no onError", async () => {
  const { error } = console;
  const written: unknown[][] = [];
  console.error = (...args: unknown[]) => void written.push(args);
  try {
    await play([`${BEGIN}QUIT\r\n`], { onMail: () => Promise.reject(7) });
  } finally {
    console.error = error;
  }
  assertEquals(written, [[7]]);
});

Deno.test("SmtpServer survives an onError that throws", async () => {
  const lost: unknown[] = [];
  const keep = (event: PromiseRejectionEvent) => {
    event.preventDefault();
    lost.push(event.reason);
  };
  globalThis.addEventListener("unhandledrejection", keep);
  try {
    for (const hook of ["onMail", "onRecipient", "onMessage"] as const) {
      await using one = start({
        [hook]: () => Promise.reject(new Error("first")),
        onError() {
          throw new Error("second");
        },
      });
      const said = await talk(
        one.server,
        `${BEGIN}DATA\r\nx\r\n.\r\nQUIT\r\n`,
      );
      assertStringIncludes(said, "\r\n451 4.3.0 ");
      // The next client is served as if nothing had been.
      assertEquals(codes(await talk(one.server, "QUIT\r\n")), "220 221");
    }
  } finally {
    globalThis.removeEventListener("unhandledrejection", keep);
  }
  assertEquals(lost, []);
});

Deno.test("SmtpServer hangs up where a handler says 421", async () => {
  // RFC 5321 section 3.8: the client takes the channel for closed.
  const busy = () => {
    throw new SmtpError(421, "4.3.2", "Come back later");
  };
  const cases: [Partial<SmtpServerOptions>, string][] = [
    [{ onMail: busy }, "220 250 421"],
    [{ onRecipient: busy }, "220 250 250 421"],
    [{ onMessage: busy }, "220 250 250 250 354 421"],
  ];
  for (const [options, expected] of cases) {
    const { said } = await play(
      [`${BEGIN}DATA\r\nx\r\n.\r\nNOOP\r\nQUIT\r\n`],
      options,
    );
    assertEquals(codes(said), expected);
  }
});

Deno.test("SmtpServer lets no text of a handler pass for another reply", async () => {
  const texts: [string | undefined, string][] = [
    ["5.7.1", "no\r\n250 2.0.0 OK"],
    ["5.7.1", "no\n250 2.0.0 OK"],
    ["5.7.1", "no\r250 2.0.0 OK"],
    ["5.7.1", "\r\n\r\n221 bye\r\n"],
    ["5.7.1", "no\0\x1b[2J\x7f\x0b\x0c"],
    ["5.7.1", "x".repeat(100_000)],
    ["5.7.1", "Grüße \u2028 \u{1f600}"],
    [undefined, "\r\n"],
  ];
  for (const [enhanced, text] of texts) await checkRefusal(enhanced, text);
});

Deno.test("SmtpServer lets no enhanced code of a handler pass for another reply", async () => {
  for (const enhanced of ["5.7.1\r\n250 2.0.0 OK", "5.7.1\n250", "\u00e4\0"]) {
    await checkRefusal(enhanced, "no");
  }
});

/** Whatever a handler says, it is one reply, and one to be read. */
async function checkRefusal(
  enhanced: string | undefined,
  text: string,
): Promise<void> {
  const refuse = () => {
    throw new SmtpError(550, enhanced, text);
  };
  const { said } = await play([
    "EHLO x\r\nMAIL FROM:<a@b>\r\nNOOP\r\nQUIT\r\n",
  ], { onMail: refuse });
  // Nothing but ASCII without SMTPUTF8 (RFC 6531 section 3.7.4.1).
  assertMatch(said, /^(?:[ -~]*\r\n)*$/);
  const refusal = said.slice(
    said.indexOf("250 HELP\r\n") + 10,
    said.indexOf("250 2.0.0 OK\r\n221 "),
  );
  assertMatch(refusal, /^(?:550-[^\r\n]*\r\n)*550 [^\r\n]*\r\n$/);
  for (const line of said.split("\r\n")) {
    // RFC 5321 section 4.5.3.1.5.
    assert(line.length <= 510, `a line of ${line.length} bytes`);
  }
}

Deno.test("SmtpServer says in UTF-8 what it may, in lines that are not too long", async () => {
  const { said } = await play([
    "EHLO x\r\nMAIL FROM:<a@b>\r\nRCPT TO:<a@b>\r\nRSET\r\n" +
    "MAIL FROM:<a@b> SMTPUTF8\r\nRCPT TO:<a@b>\r\nRSET\r\nMAIL FROM:<a@b>\r\n" +
    "RCPT TO:<a@b>\r\nQUIT\r\n",
  ], {
    onRecipient() {
      throw new SmtpError(550, "5.1.1", "ä".repeat(600));
    },
  });
  const refusals = said.split("\r\n").filter((line) => /^550/.test(line));
  assertMatch(refusals[0]!, /^550 5\.1\.1 \?+$/);
  assertMatch(refusals[1]!, /^550 5\.1\.1 ä+$/);
  assertMatch(refusals[2]!, /^550 5\.1\.1 \?+$/);
  for (const line of refusals) {
    // RFC 5321 section 4.5.3.1.5 counts octets.
    assert(toBytes(line).length <= 510, `${toBytes(line).length} bytes`);
  }
});

const SESSION = "EHLO me.example\r\nMAIL FROM:<\u00e4@b> SMTPUTF8\r\n" +
  "RCPT TO:<c@d>\r\nRCPT TO:<bad>\r\nDATA\r\nA: b\r\n\r\n..\r\n.x\r\n.\r\n" +
  "WHAT\r\nMAIL FROM:<>\r\nRCPT TO:<c@d>\r\nBDAT 5\r\na\r\nb\rBDAT 5 LAST\r\n" +
  "\nQUIT" +
  "HELP\r\nAUTH PLAIN\r\nAGEAYg==\r\nMAIL FROM:<x@y>\r\nQUIT\r\nNOOP\r\n";
const SESSION_CODES =
  "220 250 250 250 553 354 250 500 250 250 250 250 214 334 235 250 221";
const SESSION_TEXTS = ["A: b\r\n\r\n.\r\nx\r\n", "a\r\nb\r\nQUIT"];

Deno.test("SmtpServer gives the same replies at every split of the input", async () => {
  const all = toBytes(SESSION);
  const options = { authenticate: () => true };
  const whole = await play([all], options);
  assertEquals(codes(whole.said), SESSION_CODES);
  assertEquals(whole.messages.map(({ text }) => text), SESSION_TEXTS);
  async function check(slices: Uint8Array[], what: string) {
    const { said, messages } = await play(slices, options);
    assertEquals(said, whole.said, what);
    assertEquals(messages, whole.messages, what);
  }
  for (const [before, after] of everySplit(all)) {
    await check([before, after], `at ${before.length}`);
  }
  await check(Array.from(all, (byte) => Uint8Array.of(byte)), "every byte");
  for (let seed = 0; seed < 200; seed++) {
    await check(randomSlices(all, seededRandom(seed)), `seed ${seed}`);
  }
});

Deno.test("SmtpServer gives the same replies over a socket, byte by byte", async () => {
  await using one = start({ authenticate: () => true });
  const whole = await talk(one.server, SESSION);
  assertEquals(codes(whole), SESSION_CODES);
  using client = await RawClient.connect(one.server);
  const said = client.rest();
  try {
    for (const byte of toBytes(SESSION)) await client.send(Uint8Array.of(byte));
  } catch {
    // What follows QUIT may find nobody.
  }
  assertEquals(await said, whole);
  assertEquals(
    one.messages.map(({ text }) => text),
    [...SESSION_TEXTS, ...SESSION_TEXTS],
  );
});

Deno.test("SmtpServer gives the replies to pipelined commands together", async () => {
  const { writes } = await play([
    "EHLO x\r\n",
    "MAIL FROM:<>\r\nRCPT TO:<a@b>\r\nRCPT TO:<bad>\r\nDATA\r\n",
    "x\r\n.\r\nMAIL FROM:<>\r\nRCPT TO:<a@b>\r\nBDAT 1\r\nxBDAT 0 LAST\r\nRS",
    "ET\r\nQUIT\r\n",
  ]);
  assertEquals(writes.map(codes), [
    "220",
    "250",
    "250 250 553 354",
    "250 250 250 250 250",
    "250 221",
  ]);
});

Deno.test("SmtpServer sends pending replies in one segment", async () => {
  await using one = start();
  using client = await RawClient.greeted(one.server);
  await client.send(
    "MAIL FROM:<>\r\nRCPT TO:<a@b>\r\nRCPT TO:<b@b>\r\nDATA\r\n",
  );
  assertEquals(codes(await client.readOnce()), "250 250 250 354");
  await client.send(".\r\n");
  assertEquals(codes(await client.readOnce()), "250");
});

Deno.test("SmtpServer keeps no reply back when it needs more input", async () => {
  // RFC 2920 section 3.2 (5): all pending responses go out whenever the input
  // buffer is emptied. Else a client that waits for them before it sends the
  // octets waits for ever.
  await using one = start();
  using client = await RawClient.greeted(one.server);
  await client.send("MAIL FROM:<>\r\nRCPT TO:<a@b>\r\nBDAT 10 LAST\r\n");
  const replies = client.expect(250).then(() => client.expect(250));
  const came = await within(2_000, replies);
  await client.send("0123456789");
  await replies;
  await client.expect(250);
  assert(came !== "late", "the replies to MAIL and RCPT were kept back");
  await client.send(
    "MAIL FROM:<>\r\nRCPT TO:<a@b>\r\nBDAT 5\r\n12345BDAT 5 LAST\r\n12",
  );
  const more = client.expect(250).then(() => client.expect(250))
    .then(() => client.expect(250));
  const first = await within(2_000, more);
  await client.send("345");
  await more;
  await client.expect(250);
  assert(first !== "late", "the reply to the first chunk was kept back");
});

Deno.test("SmtpServer keeps no reply back while a handler thinks", async () => {
  // RFC 2920 section 3.2 (5), as above.
  const { promise: gate, resolve: open } = Promise.withResolvers<void>();
  await using one = start({ onRecipient: () => gate });
  using client = await RawClient.greeted(one.server);
  await client.send("MAIL FROM:<>\r\nRCPT TO:<a@b>\r\n");
  const first = client.expect(250);
  const came = await within(2_000, first);
  open();
  await first;
  await client.expect(250);
  assert(came !== "late", "the reply to MAIL waits for that to RCPT");
});

Deno.test("SmtpServer takes the next command when a slow handler has done with the last", async () => {
  const { promise: gate, resolve: open } = Promise.withResolvers<void>();
  const events: string[] = [];
  await using one = start({
    async onMail() {
      events.push("mail");
      await gate;
      events.push("mail done");
    },
    onRecipient: () => void events.push("recipient"),
    onMessage: () => void events.push("message"),
  });
  using slow = await RawClient.greeted(one.server);
  await slow.send("MAIL FROM:<>\r\nRCPT TO:<a@b>\r\nDATA\r\n");
  // Another one is served meanwhile.
  assertEquals(
    codes(await talk(one.server, "NOOP\r\nQUIT\r\n")),
    "220 250 221",
  );
  assertEquals(events, ["mail"]);
  open();
  for (const code of [250, 250, 354]) await slow.expect(code);
  await slow.say("x\r\n.", 250);
  assertEquals(events, ["mail", "mail done", "recipient", "message"]);
});

Deno.test("SmtpServer does nothing that was sent behind QUIT", async () => {
  const { said, messages } = await play([
    `EHLO x\r\nQUIT\r\nMAIL FROM:<>\r\nRCPT TO:<a@b>\r\nBDAT 0 LAST\r\n`,
  ]);
  assertEquals(codes(said), "220 250 221");
  assertEquals(messages, []);
});

Deno.test("SmtpServer says nothing to a client that hangs up, wherever it does", async () => {
  const all = toBytes(`${BEGIN}NOOP\r\nQUIT\r\n`);
  const whole = (await play([all])).said;
  for (const [before] of everySplit(all)) {
    const { said } = await play([before]);
    // Half a command is none (RFC 5321 section 2.3.8): at most it is refused.
    const done = new TextDecoder().decode(before).split("\r\n").length - 1;
    const got = codes(said).split(" ");
    assertEquals(
      got.slice(0, done + 1),
      codes(whole).split(" ").slice(0, done + 1),
    );
    assertEquals(got.slice(done + 1).filter((code) => code !== "500"), []);
  }
});

Deno.test("SmtpServer serves many clients at once", async () => {
  await using one = start();
  const said = await Promise.all(
    Array.from({ length: 50 }, (_, at) =>
      talk(
        one.server,
        `${BEGIN}DATA\r\n${at}\r\n.\r\nQUIT\r\n`,
      )),
  );
  for (const text of said) {
    assertEquals(codes(text), "220 250 250 250 354 250 221");
  }
  assertEquals(
    one.messages.map(({ text }) => Number(text)).sort((a, b) => a - b),
    Array.from({ length: 50 }, (_, at) => at),
  );
});
