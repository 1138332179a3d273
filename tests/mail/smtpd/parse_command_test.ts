import { assert, assertEquals } from "jsr:@std/assert@^1.0.0";
import {
  parseBdat,
  parseCommand,
  parseMail,
  parseRecipient,
} from "../../../mail/smtpd/parse_command.ts";
import {
  type ReceivedEnvelope,
  type ReceivedRecipient,
  SmtpError,
} from "../../../mail/smtpd/mod.ts";
import { seededRandom } from "../../_support/random_slices.ts";

const EXTENDED = { extended: true, maxSize: 1_000 };
const ASCII = { extended: true, smtpUtf8: false };
const UTF8 = { extended: true, smtpUtf8: true };

/** The result, or the code of the refusal; any other error is one. */
function result<T>(parse: () => T): T | string {
  try {
    return parse();
  } catch (error) {
    if (!(error instanceof SmtpError)) throw error;
    return `${error.code} ${error.enhancedCode}`;
  }
}

/** The sender, or the code of the refusal. */
function sender(argument: string): string {
  const got = result(() => parseMail(argument, EXTENDED));
  return typeof got === "string" ? got : `<${got.from}>`;
}

function mail(parameters: string, o = EXTENDED): ReceivedEnvelope | string {
  return result(() => parseMail(`FROM:<a@b> ${parameters}`, o));
}

function recipient(
  argument: string,
  o = ASCII,
): ReceivedRecipient | string {
  return result(() => parseRecipient(argument, o));
}

const ENVELOPE = { from: "a@b", to: [], recipients: [], smtpUtf8: false };
const SYNTAX = "501 5.5.4";
const ADDRESS = "553 5.1.3";
const UNKNOWN = "555 5.5.4";

Deno.test("parseCommand() takes the verb and what follows apart", () => {
  const cases: [string, string, string][] = [
    ["", "", ""],
    ["quit", "QUIT", ""],
    ["QUIT  ", "QUIT", ""],
    ["EHLO me.example", "EHLO", "me.example"],
    ["EHLO \t me.example \t ", "EHLO", "me.example"],
    ["mail FROM:<a@B> X=y", "MAIL", "FROM:<a@B> X=y"],
    [" NOOP", "", "NOOP"],
    ["AUTH PLAIN  =", "AUTH", "PLAIN  ="],
  ];
  for (const [line, verb, argument] of cases) {
    assertEquals(parseCommand(line), { verb, argument }, line);
  }
});

Deno.test("parseMail() reads addresses of every form", () => {
  const cases: [string, string][] = [
    ["FROM:<>", "<>"],
    ["from:<>", "<>"],
    ["FrOm:<a@b>", "<a@b>"],
    // Many clients have a space there.
    ["FROM: <a@b.example>", "<a@b.example>"],
    ["FROM:<a@b.example>", "<a@b.example>"],
    ["FROM:<A.b+c=d@B.Example>", "<A.b+c=d@B.Example>"],
    ["FROM:<!#$%&'*+-/=?^_`{|}~@b>", "<!#$%&'*+-/=?^_`{|}~@b>"],
    ["FROM:<1@2>", "<1@2>"],
    ["FROM:<a@xn--bcher-kva.example>", "<a@xn--bcher-kva.example>"],
    // Quoted (RFC 5321 section 4.1.2).
    ['FROM:<"a b"@c>', '<"a b"@c>'],
    ['FROM:<"a@b"@c>', '<"a@b"@c>'],
    ['FROM:<"a>b<c"@d>', '<"a>b<c"@d>'],
    ['FROM:<"a\\"b\\\\"@c>', '<"a\\"b\\\\"@c>'],
    ['FROM:<"a\\ b"@c>', '<"a\\ b"@c>'],
    ['FROM:<".a..b."@c>', '<".a..b."@c>'],
    ['FROM:<""@c>', '<""@c>'],
    // Literals (section 4.1.3).
    ["FROM:<a@[127.0.0.1]>", "<a@[127.0.0.1]>"],
    ["FROM:<a@[IPv6:::1]>", "<a@[IPv6:::1]>"],
    ["FROM:<a@[IPv6:2001:db8::1]>", "<a@[IPv6:2001:db8::1]>"],
    // Source routes are to be taken and left out (section 4.1.1.3).
    ["FROM:<@x.example:a@b>", "<a@b>"],
    ["FROM:<@x,@y.example:a@b>", "<a@b>"],
    ['FROM:<@x:"a:b"@c>', '<"a:b"@c>'],
    [`FROM:<${"x".repeat(64)}@b>`, `<${"x".repeat(64)}@b>`],
  ];
  for (const [argument, expected] of cases) {
    assertEquals(sender(argument), expected, argument);
  }
});

Deno.test("parseMail() and parseRecipient() refuse what is no path", () => {
  const paths = [
    "",
    "<",
    ">",
    "a@b",
    "<a@b",
    "a@b>",
    "<a@b>>",
    "<<a@b>>",
    "<a@b><c@d>",
    "<a@b>,<c@d>",
    "<a@b>SIZE=1",
    "<a b@c>",
    "<a@b c>",
    "< a@b>",
    "<a@b >",
    "<@>",
    "<@b>",
    "<a@>",
    "<a@b@c>",
    "<a,b@c>",
    "<a;b@c>",
    "<a:b@c>",
    "<a(b)@c>",
    "<a\\b@c>",
    "<[a]@b>",
    "<a@(b)>",
    "<a@[]>",
    "<a@[1.2.3.4>",
    "<a@1.2.3.4]>",
    "<a@[1.2.3.4]x>",
    "<a@[1 2]>",
    '<"a@b>',
    '<a"@b>',
    '<"a"b@c>',
    '<a"b"@c>',
    '<"a"".b"@c>',
    '<"a\\"@b>',
    '<"a\0b"@c>',
    '<"a\tb"@c>',
    '<"a\\\u00e4"@c>',
    "<a\0@b>",
    "<a@b\0>",
    "<a\x1b@b>",
    "<a\x7f@b>",
    "<a\x85@b>",
    "<a\u2028@b>",
    "<a\u00a0@b>",
    "<@x:@y:a@b>",
    "Ada <a@b>",
    "<a@b> <c@d>",
  ];
  for (const path of paths) {
    const got = sender(`FROM:${path}`);
    assert(/^50[01] /.test(got), `FROM:${path}: ${got}`);
    const to = recipient(`TO:${path}`, UTF8);
    assert(/^50[01] /.test(String(to)), `TO:${path}: ${JSON.stringify(to)}`);
  }
  for (
    const argument of [
      "",
      "FROM",
      "FROM<a@b>",
      "FROM <a@b>",
      "FROM :<a@b>",
      "TO:<a@b>",
      "<a@b>",
      "FROM:FROM:<a@b>",
      "XFROM:<a@b>",
    ]
  ) assertEquals(sender(argument), SYNTAX, argument);
  assertEquals(recipient("FROM:<a@b>"), SYNTAX);
});

Deno.test("parseMail() and parseRecipient() refuse what is no address", () => {
  for (
    const address of [
      ".a@b",
      "a.@b",
      "a..b@c",
      ".@b",
      "a@.b",
      "a@b.",
      "a@b..c",
      "a@.",
      "a@b\ufffd",
      "\ufffd@b",
      '"\ufffd"@b',
      `a@${"x".repeat(400)}`,
    ]
  ) {
    assertEquals(
      result(() => parseMail(`FROM:<${address}> SMTPUTF8`, EXTENDED)),
      ADDRESS,
      address,
    );
    assertEquals(recipient(`TO:<${address}>`, UTF8), ADDRESS, address);
  }
});

Deno.test("parseRecipient() wants a domain behind a quoted local part", () => {
  assertEquals(recipient('TO:<"a@b">'), ADDRESS);
  assertEquals(recipient('TO:<"a@b">', UTF8), ADDRESS);
});

Deno.test("parseMail() refuses a malformed source route", () => {
  for (const path of ["<@x:>", "<@x,@y:>", "<@:a@b>", "<@x@y:a@b>"]) {
    assertEquals(sender(`FROM:${path}`), SYNTAX, path);
  }
});

Deno.test("parseMail() wants a domain (RFC 5321 section 4.1.2: Mailbox)", () => {
  assertEquals(sender("FROM:<ada>"), ADDRESS);
  assertEquals(sender('FROM:<"ada"@>'), SYNTAX);
  assertEquals(sender('FROM:<"ada">'), ADDRESS);
});

Deno.test("parseRecipient() wants a domain, but for the postmaster's", () => {
  const cases: [string, string][] = [
    // RFC 5321 section 4.5.1: in any case.
    ["postmaster", "postmaster"],
    ["PostMaster", "PostMaster"],
    ["postmaster@b", "postmaster@b"],
    ["", ADDRESS],
    ["ada", ADDRESS],
    ['"ada"', ADDRESS],
    ["postmaste", ADDRESS],
    ["postmasters", ADDRESS],
    ["xpostmaster", ADDRESS],
  ];
  for (const [address, expected] of cases) {
    const got = recipient(`TO:<${address}>`);
    assertEquals(typeof got === "string" ? got : got.address, expected);
  }
});

Deno.test("parseMail() and parseRecipient() take addresses beyond ASCII with SMTPUTF8 only", () => {
  for (const address of ["\u00e4@b", "a@\u00e4.example", '"\u00e4 b"@c']) {
    assertEquals(sender(`FROM:<${address}>`), "553 5.6.7");
    assertEquals(sender(`FROM:<${address}> SIZE=1 SMTPUTF8`), `<${address}>`);
    // RFC 6531 section 3.4: keywords are taken in any case.
    assertEquals(sender(`FROM:<${address}> smtputf8`), `<${address}>`);
    assertEquals(recipient(`TO:<${address}>`), "553 5.6.7");
    assertEquals(recipient(`TO:<${address}>`, UTF8), { address });
  }
  assertEquals(
    result(() =>
      parseMail("FROM:<\u00e4@b> SMTPUTF8", { extended: false, maxSize: 1 })
    ),
    UNKNOWN,
  );
});

Deno.test("parseMail() reads parameters", () => {
  const cases: [string, Partial<ReceivedEnvelope> | string][] = [
    ["", {}],
    ["SIZE=0", { size: 0 }],
    ["SIZE=1000", { size: 1_000 }],
    ["SIZE=0001000", { size: 1_000 }],
    // RFC 1870 section 6.1.
    ["SIZE=1001", "552 5.3.4"],
    ["SIZE=999999999999999", "552 5.3.4"],
    ["SIZE", SYNTAX],
    ["SIZE=", SYNTAX],
    ["SIZE=x", SYNTAX],
    ["SIZE=-1", SYNTAX],
    ["SIZE=+1", SYNTAX],
    ["SIZE=1.5", SYNTAX],
    ["SIZE=1e2", SYNTAX],
    ["SIZE=0x10", SYNTAX],
    ["SIZE=\u0661", SYNTAX],
    ["SIZE=1 SIZE=1", SYNTAX],
    ["SIZE=1 size=2", SYNTAX],
    ["SIZE=1=2", SYNTAX],
    ["BODY=7BIT", { body: "7bit" }],
    ["body=8bitmime", { body: "8bitmime" }],
    ["BODY=BINARYMIME", { body: "binarymime" }],
    ["BODY", SYNTAX],
    ["BODY=9BIT", SYNTAX],
    ["BODY=7BITX", SYNTAX],
    ["BODY=8BITM\u0131ME", SYNTAX],
    ["SMTPUTF8", { smtpUtf8: true }],
    ["SMTPUTF8=1", SYNTAX],
    ["RET=FULL", { ret: "full" }],
    ["ret=hdrs", { ret: "headers" }],
    ["RET", SYNTAX],
    ["RET=HEADERS", SYNTAX],
    ["RET=F", SYNTAX],
    ["ENVID=abc", { envId: "abc" }],
    ["ENVID=a+2Bb+3Dc+20d", { envId: "a+b=c d" }],
    ["ENVID=a+2b", SYNTAX],
    ["ENVID=a+2", SYNTAX],
    ["ENVID=a+", SYNTAX],
    ["ENVID=a+GG", SYNTAX],
    ["ENVID=a=b", SYNTAX],
    ["ENVID=\u00e4", SYNTAX],
    ["ENVID=a\x01b", SYNTAX],
    // RFC 4954 section 5.
    ["AUTH=<>", {}],
    ["AUTH=a+2Bb@c", {}],
    ["AUTH=a+", SYNTAX],
    ["AUTH=a=b", SYNTAX],
    ["FOO", UNKNOWN],
    ["FOO=1", UNKNOWN],
    ["FOO=1 SIZE=1", UNKNOWN],
    ["NOTIFY=NEVER", UNKNOWN],
    ["ORCPT=rfc822;a@b", UNKNOWN],
    ["=1", SYNTAX],
    ["-A=1", SYNTAX],
    ["A_B=1", SYNTAX],
    ["SIZE =1", SYNTAX],
    ["<c@d>", SYNTAX],
    ["__proto__=1", SYNTAX],
    ["constructor=1", UNKNOWN],
    [
      " SIZE=1   BODY=7BIT\tRET=FULL ",
      { size: 1, body: "7bit", ret: "full" },
    ],
  ];
  for (const [parameters, expected] of cases) {
    const whole = typeof expected === "string"
      ? expected
      : { ...ENVELOPE, ...expected };
    assertEquals(mail(parameters), whole, parameters);
  }
});

Deno.test("parseMail() reads sizes of up to 20 digits (RFC 1870 section 4)", () => {
  assertEquals(mail("SIZE=1000000000000000"), "552 5.3.4");
  assertEquals(mail(`SIZE=${"9".repeat(20)}`), "552 5.3.4");
  assertEquals(mail(`SIZE=${"0".repeat(19)}7`), { ...ENVELOPE, size: 7 });
  assertEquals(mail(`SIZE=${"9".repeat(21)}`), SYNTAX);
});

Deno.test("parseMail() wants a value where one belongs (RFC 3461 section 4.4, RFC 4954 section 5)", () => {
  assertEquals(mail("ENVID"), SYNTAX);
  assertEquals(mail("AUTH"), SYNTAX);
});

Deno.test("parseMail() refuses an envelope id that is not printable", () => {
  for (
    const value of ["a+0D+0ABcc:+20x", "a+0Ab", "a+00", "a+1B", "a+7F", "a+E4"]
  ) assertEquals(mail(`ENVID=${value}`), SYNTAX, value);
});

Deno.test("parseMail() takes no letters beyond ASCII for those of a keyword", () => {
  for (const parameter of ["\u017fize=1", "\u017fmtputf8", "\u212aeep=1"]) {
    assertEquals(mail(parameter), SYNTAX, parameter);
  }
});

Deno.test("parseMail() knows no parameters behind HELO", () => {
  const o = { extended: false, maxSize: 1_000 };
  for (
    const parameter of ["SIZE=1", "BODY=7BIT", "SMTPUTF8", "RET=FULL", "X=y"]
  ) assertEquals(mail(parameter, o), UNKNOWN, parameter);
  assertEquals(mail("", o), ENVELOPE);
});

Deno.test("parseRecipient() reads parameters", () => {
  const cases: [string, Partial<ReceivedRecipient> | string][] = [
    ["", {}],
    ["NOTIFY=NEVER", { notify: "never" }],
    ["notify=never", { notify: "never" }],
    ["NOTIFY=SUCCESS", { notify: ["success"] }],
    ["NOTIFY=delay,Failure,SUCCESS", {
      notify: ["delay", "failure", "success"],
    }],
    // RFC 3461 section 4.1: NEVER stands alone.
    ["NOTIFY=NEVER,DELAY", SYNTAX],
    ["NOTIFY=NEVER,NEVER", SYNTAX],
    ["NOTIFY=DELAY,DELAY", SYNTAX],
    ["NOTIFY=DELAY,", SYNTAX],
    ["NOTIFY=", SYNTAX],
    ["NOTIFY", SYNTAX],
    ["NOTIFY=ALWAYS", SYNTAX],
    ["NOTIFY=DELAY NOTIFY=DELAY", SYNTAX],
    ["ORCPT=rfc822;a@b", { orcpt: "rfc822;a@b" }],
    ["ORCPT=RFC822;a+2Bb+40c", { orcpt: "rfc822;a+b@c" }],
    ["orcpt=x400;a+3Db;c", { orcpt: "x400;a=b;c" }],
    ["ORCPT=rfc822;a=b", SYNTAX],
    ["ORCPT=rfc822;a+4", SYNTAX],
    ["ORCPT=rfc822;\u00e4@b", SYNTAX],
    ["ORCPT=rfc822;", SYNTAX],
    ["ORCPT=;a@b", SYNTAX],
    ["ORCPT=rfc822", SYNTAX],
    ["ORCPT=-x;a", SYNTAX],
    ["ORCPT", SYNTAX],
    ["ORCPT=rfc822;a ORCPT=rfc822;a", SYNTAX],
    ["SIZE=1", UNKNOWN],
    ["FOO", UNKNOWN],
    ["NOTIFY=NEVER ORCPT=rfc822;a", { notify: "never", orcpt: "rfc822;a" }],
  ];
  for (const [parameters, expected] of cases) {
    const whole = typeof expected === "string"
      ? expected
      : { address: "a@b", ...expected };
    assertEquals(recipient(`TO:<a@b> ${parameters}`), whole, parameters);
  }
  const plain = { extended: false, smtpUtf8: false };
  assertEquals(recipient("TO:<a@b> NOTIFY=NEVER", plain), UNKNOWN);
  assertEquals(recipient("TO:<a@b> ORCPT=rfc822;a", plain), UNKNOWN);
});

Deno.test("parseRecipient() reads original recipients beyond ASCII (RFC 6533 section 3)", () => {
  const cases: [string, string][] = [
    ["\u00e4@b", "utf-8;\u00e4@b"],
    ["\\x{E4}@b", "utf-8;\u00e4@b"],
    ["\\x{1F600}@b", "utf-8;\u{1f600}@b"],
    ["\\x{10FFFF}", "utf-8;\u{10ffff}"],
    ["a\\x{5C}b\\x{2B}c\\x{3D}d", "utf-8;a\\b+c=d"],
    ["\\x{110000}", SYNTAX],
    ["\\x{1234567}", SYNTAX],
    ["\\x{}", SYNTAX],
    ["\\x{e4}", SYNTAX],
    ["\\x{G}", SYNTAX],
    ["\\xE4", SYNTAX],
    ["a\\b", SYNTAX],
    ["a+2Bb", SYNTAX],
    ["a=b", SYNTAX],
  ];
  for (const [value, expected] of cases) {
    const got = recipient(`TO:<a@b> ORCPT=utf-8;${value}`, UTF8);
    assertEquals(typeof got === "string" ? got : got.orcpt, expected, value);
  }
});

Deno.test("parseRecipient() refuses an original recipient that is not printable", () => {
  for (
    const value of [
      "rfc822;a+0D+0Ab",
      "rfc822;a+00",
      "rfc822;a+1B",
      "rfc822;a+7F",
      "rfc822;a+E4",
      "utf-8;a\\x{0D}\\x{0A}b",
      "utf-8;a\\x{0}",
      "utf-8;a\\x{D800}",
      "utf-8;a\\x{DFFF}",
    ]
  ) {
    assertEquals(recipient(`TO:<a@b> ORCPT=${value}`, UTF8), SYNTAX, value);
  }
});

Deno.test("parseBdat() reads a size and LAST", () => {
  const cases: [string, { size: number; last: boolean } | string][] = [
    ["0", { size: 0, last: false }],
    ["0 LAST", { size: 0, last: true }],
    ["10 last", { size: 10, last: true }],
    ["10 \t LaSt", { size: 10, last: true }],
    ["007", { size: 7, last: false }],
    ["999999999999999", { size: 999_999_999_999_999, last: false }],
    ["", SYNTAX],
    ["LAST", SYNTAX],
    ["LAST 1", SYNTAX],
    ["-0", SYNTAX],
    ["1 2", SYNTAX],
    ["1 LA\u017fT", SYNTAX],
    ["1 LAST x", SYNTAX],
    ["9999999999999999", SYNTAX],
    ["\u0661", SYNTAX],
  ];
  for (const [argument, expected] of cases) {
    assertEquals(result(() => parseBdat(argument)), expected, argument);
  }
});

Deno.test("parsers refuse nonsense, and never break on it", () => {
  const random = seededRandom(7);
  const pieces = [
    ...'<>@.,:;"\\[]()=+- \t\0\x7f\u00e4\ufffd\u{1f600}\ud800aZ09',
    "FROM:",
    "TO:",
    "<a@b>",
    "SIZE=",
    "BODY=8BITMIME",
    "SMTPUTF8",
    "ENVID=",
    "+0A",
    "ORCPT=utf-8;",
    "\\x{",
    "}",
    "NOTIFY=",
    "LAST",
  ];
  for (let run = 0; run < 30_000; run++) {
    let text = run % 2 ? "FROM:<" : "TO:<";
    for (let left = Math.floor(random() * 12); left > 0; left--) {
      text += pieces[Math.floor(random() * pieces.length)]!;
    }
    const got = result(() => parseMail(text, EXTENDED));
    // Whatever is taken can be said to the next server.
    // deno-lint-ignore no-control-regex
    const forbidden = /[\x00-\x1f\x7f-\x9f\ufffd]/u;
    if (typeof got !== "string") assert(!forbidden.test(got.from), text);
    const to = recipient(text, UTF8);
    if (typeof to !== "string") assert(!forbidden.test(to.address), text);
    result(() => parseBdat(text));
    parseCommand(text);
  }
});
