import {
  assertEquals,
  assertRejects,
  assertThrows,
} from "jsr:@std/assert@^1.0.0";
import type { SmtpEnvelope } from "../../../mail/smtp/mod.ts";
import { checkEnvelope } from "../../../mail/smtp/envelope.ts";
import { open, startHost } from "./host_test.ts";

const ADA = "ada@example.com";
const BOB = "bob@example.com";

/** Envelopes that are refused, by what is wrong with them. */
const BAD: [string, Record<string, unknown>][] = [
  ["no sender", { from: undefined }],
  ["a sender that is none", { from: 5 }],
  ["no recipient", { to: [] }],
  ["recipients that are none", { to: undefined }],
  ["recipients that are an object", { to: { address: BOB } }],
  ["an empty recipient", { to: "" }],
  ["an empty recipient among others", { to: [BOB, "<>"] }],
  ["a sender with CRLF", { from: "ada@example.com>\r\nRSET" }],
  ["a recipient with CRLF", { to: [BOB, "eve@example.com>\r\nDATA"] }],
  ["a recipient with NUL", { to: "bob\0@example.com" }],
  ["a recipient with LF", { to: "bob\n@example.com" }],
  ["a name beside the address", { to: "Bob <bob@example.com>" }],
  ["an unknown body", { body: "9bit" }],
  ["a body of another case", { body: "8BITMIME" }],
  ["a negative size", { size: -1 }],
  ["half a byte", { size: 1.5 }],
  ["no number of bytes", { size: NaN }],
  ["an endless size", { size: Infinity }],
  ["a size as text with CRLF", { size: "5\r\nRSET" }],
  ["a priority of ten", { priority: 10 }],
  ["a priority of -10", { priority: -10 }],
  ["half a priority", { priority: 0.5 }],
  ["no priority", { priority: NaN }],
  ["a priority with CRLF", { priority: "1\r\nRSET" }],
  ["a time with CRLF", {
    deliverBy: { seconds: "1\r\nRSET", mode: "notify" },
  }],
  ["half a second", { deliverBy: { seconds: 1.5, mode: "notify" } }],
  ["too many seconds", { deliverBy: { seconds: 1e9, mode: "notify" } }],
  ["too few seconds", { deliverBy: { seconds: -1e9, mode: "notify" } }],
  ["to return at once", { deliverBy: { seconds: 0, mode: "return" } }],
  ["to return before", { deliverBy: { seconds: -5, mode: "return" } }],
  ["an unknown mode", { deliverBy: { seconds: 5, mode: "R" } }],
  ["no mode", { deliverBy: { seconds: 5 } }],
  ["an option with a space", { mailOptions: ["AUTH=<> X=Y"] }],
  ["an option with CRLF", { mailOptions: ["X=Y\r\nRSET"] }],
  ["an option that ends in LF", { mailOptions: ["X=Y\n"] }],
  ["an option with NUL", { rcptOptions: ["X=Y\0"] }],
  ["an option with CR", { rcptOptions: ["X=Y\r"] }],
  ["an option with two =", { rcptOptions: ["X=Y=Z"] }],
  ["an option without a value", { rcptOptions: ["X="] }],
  ["an option without a name", { rcptOptions: ["=X"] }],
  ["an empty option", { rcptOptions: [""] }],
  ["an option with a tab", { mailOptions: ["X\tY"] }],
  ["an option with NEL", { mailOptions: ["X=\x85"] }],
  ["an option with a wide space", { mailOptions: ["X=a\u3000b"] }],
  ["an option with a line separator", { mailOptions: ["X=a\u2028b"] }],
  ["an option that begins with -", { mailOptions: ["-X=1"] }],
  ["an unknown ret", { dsn: { ret: "FULL" } }],
  ["an empty envId", { dsn: { envId: "" } }],
  ["an envId with CRLF", { dsn: { envId: "a\r\nRSET" } }],
  ["an envId that ends in LF", { dsn: { envId: "a\n" } }],
  ["an envId with NUL", { dsn: { envId: "a\0" } }],
  ["an envId beyond ASCII", { dsn: { envId: "\u00fc" } }],
  ["a long envId", { dsn: { envId: "a".repeat(101) } }],
  ["an unknown notice", { dsn: { notify: ["failed"] } }],
  ["a notice with CRLF", { dsn: { notify: ["success\r\nRSET"] } }],
  ["no notice", { dsn: { notify: [] } }],
  ["never among others", { dsn: { notify: ["never", "success"] } }],
  ["a word for notices", { dsn: { notify: "success" } }],
  ["an orcpt for nobody", { dsn: { orcpt: { "eve@example.com": BOB } } }],
  ["an orcpt with CRLF", { dsn: { orcpt: { [BOB]: "a@b\r\nRSET" } } }],
  ["an orcpt that ends in LF", { dsn: { orcpt: { [BOB]: "a@b\n" } } }],
  ["an orcpt with NUL", { dsn: { orcpt: { [BOB]: "a\0@b" } } }],
  ["an empty orcpt", { dsn: { orcpt: { [BOB]: "" } } }],
  ["a long orcpt", { dsn: { orcpt: { [BOB]: "a".repeat(501) } } }],
];

for (const [what, part] of BAD) {
  Deno.test(`checkEnvelope() refuses ${what}`, () => {
    const envelope = { from: ADA, to: BOB, ...part } as SmtpEnvelope;
    assertThrows(() => checkEnvelope(envelope), TypeError, "Cannot");
  });
}

Deno.test("sendMail() sends nothing of an envelope that is refused", async () => {
  await using host = await startHost({
    extensions: [
      "PIPELINING",
      "SIZE",
      "DSN",
      "DELIVERBY",
      "MT-PRIORITY",
      "8BITMIME",
      "SMTPUTF8",
    ],
  });
  await using smtp = await open(host);
  const before = host.commands.length;
  for (const [what, part] of BAD) {
    const envelope = { from: ADA, to: BOB, ...part } as SmtpEnvelope;
    let asked = false;
    const source = new ReadableStream({
      pull() {
        asked = true;
      },
    }, { highWaterMark: 0 });
    await assertRejects(
      () => smtp.sendMail(envelope, source),
      TypeError,
      "Cannot",
      what,
    );
    assertEquals(asked, false, what);
  }
  await smtp.noop();
  assertEquals(host.commands.slice(before), ["NOOP"]);
});

Deno.test("checkEnvelope() takes one recipient or many, a null sender, and keeps the options", () => {
  const options: SmtpEnvelope = {
    from: "",
    to: [BOB, "<eve@example.com>", BOB],
    size: 0,
    body: "binarymime",
    priority: -9,
    deliverBy: { seconds: -999_999_999, mode: "notify" },
    mailOptions: ["AUTH=<>", "X-Y", "HOLDFOR=5"],
    rcptOptions: ["RRVS=2014-04-03T23:01:00Z;C"],
    dsn: {
      ret: "headers",
      envId: "~ !=+".repeat(20),
      notify: ["delay"],
      orcpt: { "<eve@example.com>": "e".repeat(500) },
    },
  };
  const checked = checkEnvelope(options);
  assertEquals(checked.from.address, "");
  assertEquals(checked.to.map(({ address }) => address), [
    BOB,
    "eve@example.com",
    BOB,
  ]);
  assertEquals(checked.to[1]!.given, "<eve@example.com>");
  assertEquals(checked.options, options);
  assertEquals(checkEnvelope({ from: ADA, to: BOB }).to.length, 1);
});

Deno.test("checkEnvelope() takes the whole of what each option may be", () => {
  for (const priority of [-9, 0, 9]) {
    checkEnvelope({ from: ADA, to: BOB, priority });
  }
  for (const seconds of [1, 999_999_999]) {
    checkEnvelope({
      from: ADA,
      to: BOB,
      deliverBy: { seconds, mode: "return" },
    });
  }
  for (const seconds of [0, -1]) {
    checkEnvelope({
      from: ADA,
      to: BOB,
      deliverBy: { seconds, mode: "notify" },
    });
  }
  for (const notify of ["never", ["success", "failure", "delay"]] as const) {
    checkEnvelope({
      from: ADA,
      to: BOB,
      dsn: { notify: notify === "never" ? notify : [...notify] },
    });
  }
  checkEnvelope({ from: ADA, to: BOB, dsn: {} });
});
