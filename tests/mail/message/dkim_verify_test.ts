import { assertEquals } from "jsr:@std/assert@^1.0.0";
import { type DkimResult, dkimVerify } from "../../../mail/message/mod.ts";
import {
  ED25519_RECORD,
  foreign,
  MESSAGE,
  told,
  verdict,
  verified,
  withTags,
} from "./dkim_samples.ts";

Deno.test("dkimVerify() says nothing where nothing is signed", async () => {
  const never = () => Promise.reject(new Error("asked"));
  assertEquals(await dkimVerify(MESSAGE, never), []);
  assertEquals(await dkimVerify("", never), []);
  assertEquals(await dkimVerify("\r\n\r\nDKIM-Signature: v=1\r\n", never), []);
});

Deno.test("dkimVerify() tells of a signature that says nothing", async () => {
  for (const value of ["", "v=1;;", "nonsense", "v=1; v=1; d=example.com"]) {
    assertEquals(await told(`DKIM-Signature: ${value}\r\n${MESSAGE}`), {
      result: "permerror",
      domain: "",
      selector: "",
      identity: "",
      algorithm: "",
      signedHeaders: [],
      testing: false,
    }, value);
  }
});

/** Signatures that are as RFC 6376 allows them, of `MESSAGE`. */
const HEADER = "From: Ada <ada@example.com>\r\nSubject: Tea\r\n";
const REST = "d=example.com;s=june";
const ODD: [name: string, value: string, header?: string][] = [
  ["nothing odd", "v=1;a=ed25519-sha256;h=from:subject;bh={bh};b={b};" + REST],
  ["b= in front", `b={b};v=1;a=ed25519-sha256;h=from:subject;bh={bh};${REST}`],
  [
    "b= between blanks",
    ` b \r\n = \r\n\t{b}\r\n ; bh\t=\t{bh} \r\n ;v = 1\r\n ;` +
    ` a\t=ed25519-sha256 ; h = from : subject; d =\r\n example.com ; s= june`,
  ],
  [
    "a last semicolon",
    `v=1;a=ed25519-sha256;h=from:subject;bh={bh};${REST};b={b};`,
  ],
  [
    "an end of blanks",
    `v=1;a=ed25519-sha256;h=from:subject;bh={bh};${REST};b={b} \r\n\t `,
  ],
  [
    "names in any case",
    `v=1;a=ed25519-sha256;h=FROM:sUbJeCt;bh={bh};${REST};b={b}`,
  ],
  [
    "folded names",
    `v=1;a=ed25519-sha256;h=\r\n From\r\n : \r\n\tSubject\r\n ;` +
    `bh={bh};${REST};b={b}`,
  ],
  [
    "names of what is not there",
    `v=1;a=ed25519-sha256;h=x:from:subject:y:cc:from;` +
    `bh={bh};${REST};b={b}`,
  ],
  [
    "unknown tags",
    `v=1;a=ed25519-sha256;h=from:subject;bh={bh};${REST};b={b};` +
    "zz=1;x_2=;B=AA;V=2",
  ],
  [
    "z= with fields in it",
    `v=1;a=ed25519-sha256;h=from:subject;bh={bh};${REST};` +
    `z=From:b=20x=3B|Subject:v=3D1;b={b}`,
  ],
  [
    "q= with more",
    `v=1;q=foo:dns/txt;a=ed25519-sha256;h=from:subject;bh={bh};${REST};b={b}`,
  ],
  [
    "c= with one form",
    `v=1;c=simple;a=ed25519-sha256;h=from:subject;bh={bh};${REST};b={b}`,
  ],
  [
    "a domain in any case",
    `v=1;a=ed25519-sha256;h=from:subject;bh={bh};` +
    `d=Example.COM;s=June;i=@EXAMPLE.com;b={b}`,
  ],
  [
    "fields in another order",
    `v=1;a=ed25519-sha256;h=subject:from;bh={bh};${REST};b={b}`,
    "Subject: Tea\r\nFrom: Ada <ada@example.com>\r\n",
  ],
];

Deno.test("dkimVerify() passes signatures written in other ways", async () => {
  for (const [name, value, header = HEADER] of ODD) {
    const field = foreign({ value, header, body: "Hello\r\n" });
    assertEquals(await verdict(field + MESSAGE), "pass", name);
    assertEquals(
      await verdict(MESSAGE.replace("\r\n\r\n", `\r\n${field}\r\n`)),
      "pass",
      name,
    );
    const other = MESSAGE.replace("Tea", "Tee");
    assertEquals(await verdict(field + other), "fail", name);
    // The same in the relaxed form.
    const c = /(^|;)c=simple/.test(value)
      ? value.replace("c=simple", "c=relaxed")
      : `c=relaxed;${value}`;
    const relaxed = foreign({
      value: c,
      header: header.replace("From: ", "from:").replace(
        "Subject: ",
        "subject:",
      ),
      body: "Hello\r\n",
      relaxed: true,
    });
    assertEquals(await verdict(relaxed + MESSAGE), "pass", name);
    const blanks = relaxed.replaceAll("\r\n ", "\r\n \t ").replaceAll(
      "\r\n\t",
      " ",
    );
    assertEquals(await verdict(blanks + MESSAGE), "pass", name);
  }
});

Deno.test("dkimVerify() takes repeated fields from the bottom up", async () => {
  const message = "Received: 1\r\nReceived: 2\r\nReceived: 3\r\n" + MESSAGE;
  const from = "From: Ada <ada@example.com>\r\n";
  const value = (h: string) =>
    ` v=1;a=ed25519-sha256;h=${h};bh={bh};d=example.com;s=june;b={b}`;
  for (
    const [h, header] of [
      ["received:from", "Received: 3\r\n" + from],
      ["received:received:from", "Received: 3\r\nReceived: 2\r\n" + from],
      ["received:from:received", `Received: 3\r\n${from}Received: 2\r\n`],
    ] as const
  ) {
    const field = foreign({ value: value(h), header, body: "Hello\r\n" });
    assertEquals(await verdict(field + message), "pass", h);
    assertEquals(await verdict("Received: 0\r\n" + field + message), "pass", h);
    assertEquals(
      await verdict(field + message.replace("Received: 1\r\n", "")),
      "pass",
      h,
    );
    assertEquals(
      await verdict(
        field + message.replace("\r\n\r\n", "\r\nReceived: 4\r\n\r\n"),
      ),
      "fail",
      h,
    );
  }
  const all = "received:received:received:received:from";
  const header = "Received: 3\r\nReceived: 2\r\nReceived: 1\r\n" + from;
  const field = foreign({ value: value(all), header, body: "Hello\r\n" });
  assertEquals(await verdict(field + message), "pass");
  assertEquals(await verdict("Received: 0\r\n" + field + message), "fail");
});

/** Tags of a signature that is otherwise good, and what is said of it. */
const TAGS: [tags: Record<string, string | undefined>, DkimResult["result"]][] =
  [
    [{}, "pass"],
    [{ v: "2" }, "permerror"],
    [{ v: "1.0" }, "permerror"],
    [{ v: "01" }, "permerror"],
    [{ v: undefined }, "permerror"],
    [{ a: undefined }, "permerror"],
    [{ d: undefined }, "permerror"],
    [{ s: undefined }, "permerror"],
    [{ h: undefined }, "permerror"],
    [{ bh: undefined }, "permerror"],
    [{ b: undefined }, "permerror"],
    [{ b: "" }, "permerror"],
    [{ bh: "" }, "permerror"],
    [{ d: "" }, "permerror"],
    [{ s: "" }, "permerror"],
    [{ h: "" }, "permerror"],
    [{ h: "subject" }, "permerror"],
    [{ h: "fromm:xfrom" }, "permerror"],
    // RFC 8301 section 3.1.
    [{ a: "rsa-sha1" }, "permerror"],
    [{ a: "ed25519-sha1" }, "permerror"],
    [{ a: "ed25519" }, "permerror"],
    [{ a: "rsa-sha512" }, "permerror"],
    [{ a: "dsa-sha256" }, "permerror"],
    // The key is of another type.
    [{ a: "rsa-sha256" }, "permerror"],
    [{ c: "simple/simple" }, "pass"],
    [{ c: "simple/nofws" }, "permerror"],
    [{ c: "" }, "permerror"],
    [{ q: "dns/txt" }, "pass"],
    [{ q: "http" }, "permerror"],
    [{ q: "" }, "permerror"],
    [{ i: "@example.com" }, "pass"],
    [{ i: "ada@example.com" }, "pass"],
    [{ i: "ada@a.b.example.com" }, "pass"],
    [{ i: '"a@b"@example.com' }, "pass"],
    [{ i: "ada=40x@example.com" }, "pass"],
    [{ i: "@EXAMPLE.com" }, "pass"],
    [{ i: "" }, "permerror"],
    [{ i: "example.com" }, "permerror"],
    [{ i: "ada@example.org" }, "permerror"],
    [{ i: "ada@xexample.com" }, "permerror"],
    [{ i: "ada@com" }, "permerror"],
    [{ i: "ada@example.com.evil.org" }, "permerror"],
    [{ i: "ada@example.com@evil.org" }, "permerror"],
    [{ t: "1700000000" }, "pass"],
    [{ t: "0" }, "pass"],
    [{ t: "" }, "permerror"],
    [{ t: "-1" }, "permerror"],
    [{ t: "1.5" }, "permerror"],
    [{ t: "1e9" }, "permerror"],
    [{ t: "0x10" }, "permerror"],
    [{ t: "now" }, "permerror"],
    [{ x: "1700000101" }, "pass"],
    [{ x: "9".repeat(30) }, "pass"],
    [{ x: "1699999999" }, "fail"],
    [{ x: "0" }, "fail"],
    [{ x: "" }, "permerror"],
    [{ x: "soon" }, "permerror"],
    [{ x: "-1" }, "permerror"],
    [{ t: "1700000200", x: "1700000200" }, "permerror"],
    [{ t: "1700000300", x: "1700000200" }, "permerror"],
    [{ t: "1700000000", x: "1700000200" }, "pass"],
    [{ l: "" }, "permerror"],
    [{ l: "-1" }, "permerror"],
    [{ l: "7.0" }, "permerror"],
    [{ l: "+7" }, "permerror"],
    [{ l: "\u0667" }, "permerror"],
    [{ l: "7" }, "pass"],
    [{ l: "007" }, "pass"],
    [{ l: "8" }, "fail"],
    [{ l: "9".repeat(76) }, "fail"],
    [{ l: "9".repeat(77) }, "permerror"],
  ];

Deno.test("dkimVerify() holds the tags against RFC 6376 section 6.1.1", async () => {
  const now = new Date(1_700_000_100_000);
  for (const [tags, expected] of TAGS) {
    const what = JSON.stringify(tags);
    const [result] = await verified(withTags(tags), [ED25519_RECORD], now);
    assertEquals(result?.result, expected, `${what}: ${result?.reason}`);
    assertEquals(result?.reason === undefined, expected === "pass", what);
  }
});

Deno.test("dkimVerify() says how much of the body is signed", async () => {
  const take = async (l: string, signedBody: string, body: string) => {
    const text = withTags({ l }, signedBody).replace("Hello\r\n", body);
    const { result, bodyLength } = await told(text);
    return [result, bodyLength];
  };
  assertEquals(await take("7", "Hello\r\n", "Hello\r\n"), ["pass", undefined]);
  assertEquals(await take("7", "Hello\r\n", "Hello\r\nand more"), ["pass", 7]);
  assertEquals(await take("5", "Hello", "Hello\r\n"), ["pass", 5]);
  assertEquals(await take("5", "Hello", "Hellish"), ["fail", 5]);
  assertEquals(await take("0", "", "Hello\r\n"), ["pass", 0]);
  assertEquals(await take("0", "", "anything"), ["pass", 0]);
  assertEquals(await take("2", "\r\n", ""), ["pass", undefined]);
  assertEquals(await take("3", "\r\n", ""), ["fail", undefined]);
  // Bytes, not characters, and of the canonical form.
  assertEquals(await take("2", "\xc3\xa4", "\xc3\xa4\xc3\xb6"), ["pass", 2]);
  assertEquals(await take("8", "Hello\r\n", "Hello\r\n\r\n"), [
    "fail",
    undefined,
  ]);
});

Deno.test("dkimVerify() tells no key from no answer", async () => {
  const text = withTags({});
  const reject = async (error: unknown, now = false) => {
    const [result] = await dkimVerify(text, () => {
      if (now) throw error;
      return Promise.reject(error);
    });
    return result!.result;
  };
  assertEquals(
    await reject(new Deno.errors.NotFound("no record")),
    "permerror",
  );
  assertEquals(await reject(new Deno.errors.NotFound("x"), true), "permerror");
  for (
    const error of [
      new Error("SERVFAIL"),
      new Deno.errors.TimedOut("slow"),
      new DOMException("slow", "TimeoutError"),
      "words",
      undefined,
      null,
    ]
  ) {
    const what = Deno.inspect(error);
    assertEquals(await reject(error), "temperror", what);
    assertEquals(await reject(error, true), "temperror", what);
  }
});

Deno.test("dkimVerify() asks for each key in turn and goes on after a failure", async () => {
  const texts = withTags({ s: "a" }).replace(MESSAGE, "") +
    withTags({ s: "b" }).replace(MESSAGE, "") + withTags({ s: "c" });
  let open = 0;
  const results = await dkimVerify(texts, async (name) => {
    assertEquals(++open, 1);
    await Promise.resolve();
    open--;
    if (name.startsWith("a.")) throw new Error("SERVFAIL");
    return name.startsWith("b.") ? [] : [ED25519_RECORD];
  });
  assertEquals(
    results.map(({ selector, result }) => [selector, result]),
    [["a", "temperror"], ["b", "permerror"], ["c", "pass"]],
  );
});

Deno.test("dkimVerify() tells no answer whatever is thrown", async () => {
  for (const error of [Symbol("x"), Object.create(null)]) {
    const [result] = await dkimVerify(
      withTags({}),
      () => Promise.reject(error),
    );
    assertEquals(result?.result, "temperror");
  }
});

Deno.test("dkimVerify() passes no identity whose domain is no name", async () => {
  // RFC 6376 section 3.5: i= ends in a domain-name.
  for (
    const i of [
      "ada@.example.com",
      "ada@a..example.com",
      "ada@a b.example.com",
      "ada@<b>.example.com",
    ]
  ) assertEquals(await verdict(withTags({ i })), "permerror", i);
});
