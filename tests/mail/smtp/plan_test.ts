import {
  assert,
  assertEquals,
  assertInstanceOf,
  assertThrows,
} from "jsr:@std/assert@^1.0.0";
import { type BodySource, SmtpError } from "../../../mail/smtp/mod.ts";
import type { SmtpEnvelope } from "../../../mail/smtp/mod.ts";
import { Content, type ContentFacts } from "../../../mail/smtp/content.ts";
import { checkEnvelope } from "../../../mail/smtp/envelope.ts";
import { type Plan, planMessage } from "../../../mail/smtp/plan.ts";
import { utf8 } from "./host_test.ts";

const ADA = "ada@example.com";
const BOB = "bob@example.com";

const PLAIN: ContentFacts = {
  whole: true,
  size: 100,
  eightBit: false,
  utf8Header: false,
};

function plan(
  envelope: Partial<SmtpEnvelope>,
  extensions: string[] = [],
  facts: Partial<ContentFacts> = {},
  secure = false,
): Plan {
  return planMessage(
    checkEnvelope({ from: ADA, to: BOB, ...envelope }),
    { ...PLAIN, ...facts },
    {
      extensions: new Map(
        extensions.map((one) => {
          const at = (one + " ").indexOf(" ");
          return [one.slice(0, at), one.slice(at + 1)];
        }),
      ),
      secure,
    },
  );
}

function commands(...of: Parameters<typeof plan>): string[] {
  const { mail, recipients } = plan(...of);
  return [mail, ...recipients.map(({ command }) => command)];
}

/** What the client refuses in the server's place. */
function refused(...of: Parameters<typeof plan>): SmtpError {
  const error = assertThrows(() => plan(...of), SmtpError);
  assertEquals(error.command, undefined);
  assert(error.message.startsWith("Cannot send the message: "));
  return error;
}

Deno.test("planMessage() uses no extension that the server does not offer", () => {
  const { used, pipelining, chunking } = plan({});
  assertEquals(commands({}), [
    "MAIL FROM:<ada@example.com>",
    "RCPT TO:<bob@example.com>",
  ]);
  assertEquals([...used], []);
  assertEquals([pipelining, chunking], [false, false]);
});

Deno.test("planMessage() puts every parameter into its place", () => {
  assertEquals(
    commands(
      {
        from: "",
        to: ["<bob@example.com>", "eve@example.com"],
        smtpUtf8: true,
        requireTls: true,
        deliverBy: { seconds: 120, mode: "return" },
        priority: -3,
        dsn: {
          ret: "headers",
          envId: "QQ 314=+",
          notify: ["failure", "success", "failure"],
          orcpt: { "eve@example.com": "Eve+x@example.org" },
        },
        mailOptions: ["AUTH=<>", "XFOO"],
        rcptOptions: ["RRVS=2014-04-03T23:01:00Z"],
      },
      [
        "SIZE 1000",
        "8BITMIME",
        "SMTPUTF8",
        "REQUIRETLS",
        "DELIVERBY 60",
        "MT-PRIORITY MIXER",
        "DSN",
      ],
      { eightBit: true },
      true,
    ),
    [
      "MAIL FROM:<> SIZE=100 BODY=8BITMIME SMTPUTF8 REQUIRETLS BY=120;R " +
      "MT-PRIORITY=-3 RET=HDRS ENVID=QQ+20314+3D+2B AUTH=<> XFOO",
      "RCPT TO:<bob@example.com> NOTIFY=FAILURE,SUCCESS " +
      "RRVS=2014-04-03T23:01:00Z",
      "RCPT TO:<eve@example.com> NOTIFY=FAILURE,SUCCESS " +
      "RRVS=2014-04-03T23:01:00Z ORCPT=rfc822;Eve+2Bx@example.org",
    ],
  );
});

Deno.test("planMessage() names what it uses", () => {
  const all = plan(
    {
      smtpUtf8: true,
      requireTls: true,
      deliverBy: { seconds: 0, mode: "notify" },
      priority: 0,
      dsn: { notify: "never" },
      body: "8bitmime",
    },
    [
      "SIZE",
      "8BITMIME",
      "SMTPUTF8",
      "REQUIRETLS",
      "DELIVERBY",
      "MT-PRIORITY",
      "DSN",
      "PIPELINING",
      "CHUNKING",
      "BINARYMIME",
      "X-OTHER",
    ],
    {},
    true,
  );
  assertEquals(
    [...all.used].sort(),
    [
      "8BITMIME",
      "CHUNKING",
      "DELIVERBY",
      "DSN",
      "MT-PRIORITY",
      "PIPELINING",
      "REQUIRETLS",
      "SIZE",
      "SMTPUTF8",
    ],
  );
  assert(all.mail.includes(" BY=0;N "));
  assert(all.mail.includes(" MT-PRIORITY=0"));
});

Deno.test("planMessage() tells the size where it is known, and refuses what is too large", () => {
  assertEquals(
    commands({}, ["SIZE"])[0],
    "MAIL FROM:<ada@example.com> SIZE=100",
  );
  assertEquals(commands({}, ["SIZE 0"])[0]!.endsWith(" SIZE=100"), true);
  assertEquals(commands({}, ["SIZE 100"])[0]!.endsWith(" SIZE=100"), true);
  assertEquals(
    commands({}, ["SIZE 5"], { size: undefined })[0],
    "MAIL FROM:<ada@example.com>",
  );
  assertEquals(commands({}, [], { size: 1e12 })[0]!.includes("SIZE"), false);
  const error = refused({}, ["SIZE 99"]);
  assertEquals(
    [error.code, error.enhancedCode, error.transient],
    [552, "5.3.4", false],
  );
  assertEquals(
    commands({}, ["SIZE"], { size: 0 })[0],
    "MAIL FROM:<ada@example.com> SIZE=0",
  );
});

Deno.test("planMessage() refuses what needs an extension that is not there", () => {
  const cases: [Partial<SmtpEnvelope>, string, Partial<ContentFacts>?][] = [
    [{ body: "8bitmime" }, "8BITMIME"],
    [{}, "8BITMIME", { eightBit: true }],
    [{ body: "binarymime" }, "BINARYMIME"],
    [{ deliverBy: { seconds: 5, mode: "notify" } }, "DELIVERBY"],
    [{ priority: 0 }, "MT-PRIORITY"],
    [{ dsn: {} }, "DSN"],
  ];
  for (const [envelope, extension, facts] of cases) {
    const error = refused(envelope, ["X" + extension], facts);
    assertEquals([error.code, error.enhancedCode], [555, "5.5.4"]);
    assert(error.message.includes(`does not offer ${extension}`));
  }
  const tls = refused({ requireTls: true }, [], {}, true);
  assertEquals([tls.code, tls.enhancedCode], [555, "5.5.4"]);
  // RFC 8689 section 4.2.1: TLS, and the extension.
  const open = refused({ requireTls: true }, ["REQUIRETLS"], {}, false);
  assertEquals([open.code, open.enhancedCode], [530, "5.7.10"]);
  // BINARYMIME without CHUNKING could not be sent (RFC 3030 section 3).
  const binary = refused({ body: "binarymime" }, ["BINARYMIME"]);
  assert(binary.message.includes("does not offer CHUNKING"));
  for (
    const [envelope, facts] of [
      [{ smtpUtf8: true }, {}],
      [{ to: "j\u00f6rg@example.com" }, {}],
      [{ from: "j\u00f6rg@example.com" }, {}],
      [{ mailOptions: ["X=\u00fc"] }, {}],
      [{ rcptOptions: ["X=\u00fc"] }, {}],
      [{}, { eightBit: true, utf8Header: true }],
    ] as const
  ) {
    const error = refused(
      envelope as Partial<SmtpEnvelope>,
      ["8BITMIME"],
      facts,
    );
    assertEquals([error.code, error.enhancedCode], [553, "5.6.7"]);
  }
});

Deno.test("planMessage() says what 8-bit text needs, and sends it as it is where asked to", () => {
  assert(
    refused({}, [], { eightBit: true }).message.includes("quoted-printable"),
  );
  assertEquals(
    commands({ body: "7bit" }, ["8BITMIME"], { eightBit: true })[0],
    "MAIL FROM:<ada@example.com>",
  );
  assertEquals(commands({ body: "7bit" }, [], { eightBit: true }).length, 2);
  // A stream of which nobody knows is declared where possible, else sent.
  const stream = { whole: false, eightBit: true, size: undefined };
  assertEquals(
    commands({}, ["8BITMIME"], stream)[0],
    "MAIL FROM:<ada@example.com> BODY=8BITMIME",
  );
  assertEquals(commands({}, [], stream)[0], "MAIL FROM:<ada@example.com>");
});

Deno.test("planMessage() sends BINARYMIME by BDAT only", () => {
  const binary = plan(
    { body: "binarymime" },
    ["BINARYMIME", "CHUNKING", "8BITMIME"],
    { eightBit: true },
  );
  assertEquals(binary.mail, "MAIL FROM:<ada@example.com> BODY=BINARYMIME");
  assertEquals(binary.chunking, true);
  assertEquals([...binary.used].sort(), ["BINARYMIME", "CHUNKING"]);
});

Deno.test("planMessage() chunks where that saves a round trip or memory", () => {
  const stream = { whole: false };
  assertEquals(plan({}, ["CHUNKING"]).chunking, false);
  assertEquals(plan({}, ["CHUNKING"], stream).chunking, true);
  assertEquals(plan({}, ["CHUNKING", "PIPELINING"]).chunking, true);
  assertEquals(plan({}, ["PIPELINING"], stream).chunking, false);
  assert(!plan({}, ["CHUNKING"]).used.has("CHUNKING"));
});

Deno.test("planMessage() uses SMTPUTF8 only where something needs it", () => {
  const all = ["SMTPUTF8", "8BITMIME"];
  const all8 = { eightBit: true };
  assert(!commands({}, all)[0]!.includes("SMTPUTF8"));
  assert(!commands({}, all, all8)[0]!.includes("SMTPUTF8"));
  assert(
    commands({}, all, { ...all8, utf8Header: true })[0]!.endsWith(
      " BODY=8BITMIME SMTPUTF8",
    ),
  );
  assert(
    !commands({ smtpUtf8: false }, all, { ...all8, utf8Header: true })[0]!
      .includes("SMTPUTF8"),
  );
  // A domain alone goes as A-labels, also where the server has SMTPUTF8.
  assertEquals(
    commands(
      { from: "ada@b\u00fccher.example", to: "bob@\u4f8b\u3048.jp" },
      all,
    ),
    [
      "MAIL FROM:<ada@xn--bcher-kva.example>",
      "RCPT TO:<bob@xn--r8jz45g.jp>",
    ],
  );
  assertEquals(
    commands({ from: "ada@b\u00fccher.example" })[0],
    "MAIL FROM:<ada@xn--bcher-kva.example>",
  );
  assertEquals(
    commands({
      from: "ada@b\u00fccher.example",
      to: ["j\u00f6rg@b\u00fccher.example", BOB],
    }, all),
    [
      "MAIL FROM:<ada@b\u00fccher.example> SMTPUTF8",
      "RCPT TO:<j\u00f6rg@b\u00fccher.example>",
      "RCPT TO:<bob@example.com>",
    ],
  );
  assertEquals(
    commands({ mailOptions: ["X=\u00fc"] }, all)[0],
    "MAIL FROM:<ada@example.com> SMTPUTF8 X=\u00fc",
  );
});

function orcpt(original: string): string {
  const [, rcpt] = commands({ dsn: { orcpt: { [BOB]: original } } }, ["DSN"]);
  assert(rcpt!.startsWith("RCPT TO:<bob@example.com> ORCPT="), rcpt);
  return rcpt!.slice("RCPT TO:<bob@example.com> ORCPT=".length);
}

Deno.test("planMessage() writes ORCPT in xtext", () => {
  assertEquals(orcpt("bob@example.org"), "rfc822;bob@example.org");
  assertEquals(orcpt("a+b=c d"), "rfc822;a+2Bb+3Dc+20d");
  assertEquals(orcpt("rfc822;a+b@c"), "rfc822;a+2Bb@c");
  assertEquals(orcpt("x400;/s=a/"), "x400;/s+3Da/");
  // Every printable character (RFC 3461 section 4).
  const printable = Array.from(
    { length: 95 },
    (_, n) => String.fromCharCode(32 + n),
  );
  assertEquals(
    orcpt("rfc822;" + printable.join("")),
    "rfc822;" +
      printable.map((one) =>
        "+= ".includes(one)
          ? `+${one.charCodeAt(0).toString(16).toUpperCase()}`
          : one
      ).join(""),
  );
});

Deno.test("planMessage() writes ORCPT beyond ASCII as RFC 6533 has it", () => {
  assertEquals(orcpt("j\u00f6rg@example.org"), "utf-8;j\\x{F6}rg@example.org");
  assertEquals(
    orcpt("utf-8;a+b=\\ c"),
    "utf-8;a\\x{2B}b\\x{3D}\\x{5C}\\x{20}c",
  );
  assertEquals(
    orcpt("\u4e16\ud83d\ude00@b\u00fc.example"),
    "utf-8;\\x{4E16}\\x{1F600}@b\\x{FC}.example",
  );
  assertEquals(orcpt("UTF-8;\u00fc"), "UTF-8;\\x{FC}");
});

Deno.test("planMessage() never writes xtext that is none", () => {
  // hexchar is "+" and two digits (RFC 3461 section 4).
  for (const original of ["rfc822;j\u00f6rg@example.org", "rfc822;\u4e16@x"]) {
    let written: string;
    try {
      written = orcpt(original);
    } catch (error) {
      assert(error instanceof TypeError || error instanceof SmtpError);
      continue;
    }
    assert(
      /^utf-8;/i.test(written) ||
        /^rfc822;([!-*,-<>-~]|\+[0-7][\dA-F])*$/.test(written),
      written,
    );
  }
});

Deno.test("planMessage() writes ORCPT for those only who have one", () => {
  assertEquals(
    commands({
      to: ["constructor", "toString", BOB],
      dsn: { orcpt: { [BOB]: "x" } },
    }, ["DSN"]).slice(1),
    [
      "RCPT TO:<constructor>",
      "RCPT TO:<toString>",
      "RCPT TO:<bob@example.com> ORCPT=rfc822;x",
    ],
  );
});

Deno.test("planMessage() writes notices and RET", () => {
  assertEquals(
    commands({ dsn: { ret: "full", notify: "never" } }, ["DSN"]),
    [
      "MAIL FROM:<ada@example.com> RET=FULL",
      "RCPT TO:<bob@example.com> NOTIFY=NEVER",
    ],
  );
  assertEquals(
    commands({ dsn: { notify: ["delay", "success", "failure"] } }, ["DSN"])[1],
    "RCPT TO:<bob@example.com> NOTIFY=DELAY,SUCCESS,FAILURE",
  );
});

Deno.test("planMessage() keeps to the least time of DELIVERBY for a return only", () => {
  const server = ["DELIVERBY 60"];
  const by = (seconds: number, mode: "return" | "notify") => ({
    deliverBy: { seconds, mode },
  });
  assertEquals(
    commands(by(60, "return"), server)[0]!.endsWith(" BY=60;R"),
    true,
  );
  assertEquals(commands(by(5, "notify"), server)[0]!.endsWith(" BY=5;N"), true);
  assertEquals(
    commands(by(-999999999, "notify"), server)[0]!.endsWith(" BY=-999999999;N"),
    true,
  );
  const error = refused(by(59, "return"), server);
  assertEquals([error.code, error.enhancedCode], [555, "5.5.4"]);
  // A server that names nonsense stops nobody.
  commands(by(1, "return"), ["DELIVERBY soon"]);
});

Deno.test("planMessage() keeps to the server's limits and says who is left", () => {
  const to = ["a@x.example", "b@X.example", "c@y.example", "d@x.example"];
  const few = plan({ to }, ["LIMITS RCPTMAX=2"]);
  assertEquals(few.recipients.map(({ address }) => address), to.slice(0, 2));
  assertEquals(few.rejected.map(({ address }) => address), to.slice(2));
  for (const { reply } of few.rejected) {
    assertEquals([reply.code, reply.enhancedCode], [452, "4.5.3"]);
    assertEquals(reply.lines.join("\n"), reply.text);
  }
  const near = plan({ to }, ["LIMITS RCPTDOMAINMAX=1 RCPTMAX=100"]);
  assertEquals(
    near.recipients.map(({ address }) => address),
    [to[0], to[1], to[3]],
  );
  assertEquals(near.rejected.map(({ address }) => address), [to[2]]);
  // One domain in two spellings.
  const same = plan({
    to: ["a@b\u00fccher.example", "b@xn--bcher-kva.example"],
  }, [
    "LIMITS RCPTDOMAINMAX=1",
  ]);
  assertEquals(same.rejected, []);
  assertEquals(plan({ to }, ["LIMITS"]).rejected, []);
});

Deno.test("planMessage() gives recipients back as they were given", () => {
  const given = ["<bob@example.com>", "j@b\u00fccher.example"];
  assertEquals(
    plan({ to: given }).recipients.map(({ address }) => address),
    given,
  );
});

Deno.test("planMessage() changes nothing that it was given", () => {
  const envelope: SmtpEnvelope = {
    from: ADA,
    to: [BOB],
    mailOptions: ["X=1"],
    dsn: { notify: ["success", "success"], orcpt: { [BOB]: "x" } },
  };
  const kept = structuredClone(envelope);
  plan(envelope, ["DSN", "SIZE"]);
  assertEquals(envelope, kept);
});

// --- what is found out of a message ----------------------------------------

async function facts(
  source: BodySource,
  options: Pick<SmtpEnvelope, "size" | "body"> = {},
): Promise<ContentFacts> {
  const content = new Content(source, options);
  await content.look();
  content.discard();
  const { whole, size, eightBit, utf8Header } = content;
  return { whole, size, eightBit, utf8Header };
}

Deno.test("Content.look() counts the bytes that will go out, without the stuffed dots", async () => {
  for (
    const [text, size] of [
      ["", 0],
      ["a", 3],
      ["a\nb\r", 6],
      [".\r\n.", 6],
      ["\r\r\n\n", 6],
      ["\u00fc", 4],
    ] as const
  ) {
    assertEquals((await facts(text)).size, size, JSON.stringify(text));
    // What the caller says is no better than what was counted.
    assertEquals((await facts(text, { size: 5_000 })).size, size);
  }
  assertEquals(
    (await facts("a\n", { body: "binarymime" })).size,
    2,
  );
});

Deno.test("Content.look() believes the caller's size of a stream", async () => {
  const stream = () =>
    new ReadableStream<Uint8Array>({
      pull: (c) => c.enqueue(new Uint8Array(70_000)),
    });
  assertEquals((await facts(stream())).size, undefined);
  assertEquals((await facts(stream(), { size: 5 })).size, 5);
  assertEquals((await facts(new Blob([new Uint8Array(1e6)]))).size, 1e6);
  assertEquals((await facts(new Uint8Array(1e6))).size, 1e6);
});

Deno.test("Content.look() finds 8-bit text and a header that has it", async () => {
  for (
    const [text, eightBit, utf8Header] of [
      ["A: b\r\n\r\nc\r\n", false, false],
      ["A: b\r\n\r\n\u00fc\r\n", true, false],
      ["A: b\n\n\u00fc\n", true, false],
      ["A: \u00fc\r\n\r\nb\r\n", true, true],
      ["A: b\r\n \u00fc: b\r\n", true, true],
      ["A: b\r\n\r\n", false, false],
    ] as const
  ) {
    const found = await facts(text);
    assertEquals(
      [found.eightBit, found.utf8Header],
      [eightBit, utf8Header],
      JSON.stringify(text),
    );
  }
});

Deno.test("Content.look() finds the end of a header that has only CRs, or of none", async () => {
  // As it goes out, each of them has a header in ASCII (or none) and a body.
  for (
    const text of [
      "A: b\r\r\u00fc\r",
      "\r\n\u00fc\r\n",
      "\n\u00fc\n",
      "A: b\n\r\u00fc",
      "A: b\r\n\r\u00fc",
    ]
  ) {
    const { utf8Header } = await facts(text);
    assertEquals(utf8Header, false, JSON.stringify(text));
  }
});

Deno.test("Content.look() reads no more of a source than it needs, and gives it back", async () => {
  let asked = 0;
  const { promise: cancelled, resolve } = Promise.withResolvers<void>();
  const stream = new ReadableStream<Uint8Array>({
    pull(c) {
      asked++;
      c.enqueue(utf8("x".repeat(10_000)));
    },
    cancel: () => resolve(),
  }, { highWaterMark: 0 });
  const content = new Content(stream, {});
  await content.look();
  assertEquals(content.whole, false);
  assertEquals(asked, 7);
  content.discard();
  await cancelled;
  // Released right after.
  await new Promise((resolve) => setTimeout(resolve, 0));
  assertEquals(stream.locked, false);
});

Deno.test("Content.bytes() does not change the caller's bytes", async () => {
  const bytes = utf8(".a\n.\rb");
  const kept = bytes.slice();
  const content = new Content(bytes, {});
  await content.look();
  assertInstanceOf(content.bytes({ stuffDots: true }), Uint8Array);
  assertEquals(bytes, kept);
});
