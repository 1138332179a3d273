/** Messages and keys that were made to break DKIM. */
import {
  assert,
  assertEquals,
  assertStringIncludes,
} from "jsr:@std/assert@^1.0.0";
import { dkimVerify } from "../../../mail/message/mod.ts";
import { seededRandom } from "../../_support/random_slices.ts";
import {
  ED25519_RECORD,
  FORMS,
  MESSAGE,
  NO_NAMES,
  RSA_RECORD,
  signed,
  verdict,
  verified,
  withTags,
} from "./dkim_samples.ts";
import { RandomMessages } from "./random_messages.ts";

Deno.test("dkimVerify() asks only for names", async () => {
  // U+212A has a test of its own.
  const names = NO_NAMES.filter((name) => !/[\r\n\u212a]/.test(name));
  const tags = [
    ...names.flatMap((name) => [{ d: name }, { s: name }]),
    { d: "example.com\r\n evil" },
    { d: "a\r\n\t.com" },
    { s: "june\r\n june" },
    { d: "a".repeat(900_000) },
    { d: "a.".repeat(400_000) + "a" },
  ];
  for (const one of tags) {
    const asked: string[] = [];
    const text = new TextEncoder().encode(withTags(one));
    const [result] = await dkimVerify(text, (name) => {
      asked.push(name);
      return Promise.resolve([ED25519_RECORD]);
    });
    const what = JSON.stringify(one).slice(0, 80);
    // What is cut at a semicolon is a name.
    if (/com;/.test(what)) continue;
    assertEquals(asked, [], what);
    assertEquals(result?.result, "permerror", what);
  }
});

Deno.test("dkimVerify() asks for no name that is longer than the DNS has it", async () => {
  const long = Array(4).fill("a".repeat(60)).join(".");
  for (const tags of [{ d: long, s: long }, { d: long, s: "a" }]) {
    const asked: string[] = [];
    const [result] = await dkimVerify(withTags(tags), (name) => {
      asked.push(name);
      return Promise.resolve([ED25519_RECORD]);
    });
    assertEquals(asked, []);
    assertEquals(result?.result, "permerror");
  }
});

Deno.test("dkimVerify() asks for no more than ten keys", async () => {
  const one = withTags({}).replace(MESSAGE, "");
  for (const count of [1_000, 10_000]) {
    const fields = Array.from(
      { length: count },
      (_, at) => one.replace("s=june", `s=s${at}`),
    );
    const asked: string[] = [];
    const results = await dkimVerify(fields.join("") + MESSAGE, (name) => {
      asked.push(name);
      return Promise.resolve([]);
    });
    assertEquals(results.length, 10);
    for (const { result } of results) assertEquals(result, "permerror");
    const first = fields.slice(0, 10).map((_, at) =>
      `s${at}._domainkey.example.com`
    );
    // So many are more than is read of a header.
    assertEquals(asked, count === 1_000 ? first : []);
  }
});

Deno.test("dkimVerify() passes no signature with more than base64 in it", async () => {
  // RFC 6376 section 2.10 and 6.1.1: b= and bh= are base64 and blanks.
  const good = withTags({});
  assertEquals(await verdict(good), "pass");
  for (
    const change of [
      (b: string) => `!${b}`,
      (b: string) => `${b.slice(0, 9)}*${b.slice(9)}`,
      (b: string) => `${b}AAAA`,
      (b: string) => `${b}, and more`,
      (b: string) => b.replaceAll("+", "-").replaceAll("/", "_") + "-",
      (b: string) => `\xa0${b}`,
      (b: string) => `${b.slice(0, 9)}\xa0${b.slice(9)}`,
    ]
  ) {
    const text = good.replace(/( b=)(\S+)/, (_, name, b) => name + change(b));
    const what = /b=(.*)\r/.exec(text)![1]!;
    const result = await verdict(text);
    assert(result === "permerror" || result === "fail", `${what}: ${result}`);
  }
});

Deno.test("dkimVerify() passes no second From, also where there was no guard", async () => {
  // RFC 6376 sections 3.8 and 8.15: such a message is none to be signed or
  // shown; readers show the first one, the signature is the last one's.
  const text = withTags({});
  for (
    const field of ["From: mallory@example.org", "FROM : mallory@example.org"]
  ) {
    const [result] = await verified(`${field}\r\n${text}`);
    assert(result?.result !== "pass", field);
  }
});

Deno.test("dkimVerify() passes no message whose line ends were taken away", async () => {
  // RFC 6376 section 3.4: CR alone is no line end, so To or Hello is gone for
  // those who read the message.
  for (
    const canonicalization of ["simple/simple", "relaxed/relaxed"] as const
  ) {
    const text = await signed(MESSAGE + "Bye\r\n", { canonicalization });
    for (
      const [from, to] of [
        ["com>\r\nTo", "com>\rTo"],
        ["Hello\r\n", "Hello\r"],
        ["Bye\r\n", "Bye\r"],
        ["Tea\r\n", "Tea\r"],
      ] as const
    ) {
      assertStringIncludes(text, from);
      const changed = text.replace(from, to);
      assert(await verdict(changed) !== "pass", JSON.stringify(from));
    }
  }
});

Deno.test("dkimSign() turns CR alone to a line end", async () => {
  // RFC 6376 section 5.3: before it is signed, as LF alone.
  const text = await signed("From: a@example.com\r\n\r\na\rb\nc\r\n");
  assert(text.endsWith("\r\n\r\na\r\nb\r\nc\r\n"));
  assertEquals(await verdict(text), "pass");
});

const FILLER = `X-Filler: ${"x".repeat(1000)}\r\n`.repeat(1100);

Deno.test("dkimVerify() passes no header of which it does not read all", async () => {
  const text = await signed();
  assert(await verdict(FILLER + text) !== "fail", "or it has read all");
  for (const field of ["From: mallory@example.org", "Subject: Money"]) {
    const below = text.replace(
      "\r\n\r\n",
      () => `\r\n${FILLER}${field}\r\n\r\n`,
    );
    assert(await verdict(below) !== "pass", field);
  }
});

Deno.test("dkimSign() leaves no field unsigned where the header is long", async () => {
  const message = `From: a@example.com\r\n${FILLER}Subject: Tea\r\n\r\n`;
  let text: string;
  try {
    text = await signed(message);
  } catch (error) {
    assert(error instanceof TypeError || error instanceof RangeError);
    return;
  }
  assertEquals(await verdict(text), "pass");
  assertEquals(await verdict(text.replace("Tea", "Tee")), "fail");
});

Deno.test("dkimSign() signs so that it verifies, or not at all", async () => {
  for (
    const message of [
      "From ada Fri Nov 21 10:38:59 2025\r\nFrom: a@example.com\r\n\r\nx\r\n",
      ">From ada\r\nFrom: a@example.com\r\n\r\nx\r\n",
      " folded\r\nFrom: a@example.com\r\n\r\nx\r\n",
      "\tb=AA==; l=0\r\nFrom: a@example.com\r\n\r\nx\r\n",
      "From: a@example.com\r\nFrom: b@example.com\r\n\r\nx\r\n",
      `From: a@example.com\r\nX: ${"x".repeat(1024 * 1024 - 30)}\r\n\r\nx\r\n`,
    ]
  ) {
    let text: string;
    try {
      text = await signed(message);
    } catch (error) {
      assert(error instanceof TypeError);
      continue;
    }
    assertEquals(
      await verdict(text),
      "pass",
      JSON.stringify(message.slice(0, 99)),
    );
  }
});

Deno.test("dkimVerify() takes names of the engine for names of fields", async () => {
  const names = "constructor:__proto__:toString:hasOwnProperty:from";
  assertEquals(await verdict(withTags({ h: names })), "pass");
  const text = await signed("Constructor: 1\r\n__proto__: 2\r\n" + MESSAGE, {
    headers: ["from", "__proto__", "constructor", "valueOf"],
  });
  assertEquals(await verdict(text), "pass");
  assertEquals(await verdict(text.replace(": 2", ": 3")), "fail");
});

Deno.test("dkimVerify() takes no other letter for a K", async () => {
  // U+212A is a K in capitals, and becomes an ordinary one in lower case.
  for (
    const tags of [{ d: "\u212aexample.com" }, { s: "\u212a" }, {
      d: "kexample.com",
      i: "@\u212aexample.com",
    }]
  ) {
    const asked: string[] = [];
    const text = new TextEncoder().encode(withTags(tags));
    const [result] = await dkimVerify(text, (name) => {
      asked.push(name);
      return Promise.resolve([ED25519_RECORD]);
    });
    assertEquals(asked, [], JSON.stringify(tags));
    assertEquals(result?.result, "permerror");
  }
});

Deno.test("dkimVerify() throws at nothing", async () => {
  const random = new RandomMessages(seededRandom(6376));
  const pieces = [
    ..."vabcdhilqstxz=;:@/. \t\xa0\x85\xff\0",
    ...[
      "\r\n ",
      "\r\n",
      "\r",
      "\n",
      "\n\t",
      "from",
      "rsa-sha256",
      "ed25519-sha256",
    ],
    ...[
      "v=1;",
      "b=",
      "bh=",
      "relaxed",
      "example.com",
      "1700000000",
      "AAAA",
      "simple/",
    ],
  ];
  const seen = new Map<string, number>();
  for (let count = 0; count < 3_000; count++) {
    let text = withTags({ l: "7", i: "a@example.com", c: "simple/simple" });
    for (let changes = random.pick([1, 1, 2, 4]); changes > 0; changes--) {
      const at = random.pick([
        random.below(text.length),
        text.length - 1 - random.below(60),
      ]);
      const length = random.below(random.pick([1, 2, 8]));
      text = text.slice(0, at) + random.pick(pieces) + text.slice(at + length);
    }
    let record = random.pick([ED25519_RECORD, RSA_RECORD, "t=s;k=ed25519;p="]);
    if (random.below(4) === 0) {
      const at = random.below(30);
      record = record.slice(0, at) + random.pick(pieces) + record.slice(at);
    }
    for (const { result } of await verified(text, [record])) {
      seen.set(result, (seen.get(result) ?? 0) + 1);
    }
  }
  for (const result of ["pass", "fail", "permerror"]) {
    assert(seen.get(result)! > 50, Deno.inspect(seen));
  }
});

Deno.test("dkimSign() signs so that it verifies whatever it is given", async () => {
  const random = new RandomMessages(seededRandom(8463));
  const seen = { signed: 0, refused: 0 };
  for (let count = 0; count < 500; count++) {
    const whole = random.message();
    const isWhole = random.below(2) === 0;
    const message = "From: a@example.com\r\n" +
      (isWhole ? whole : random.broken(whole))
        .replace(/^from[ \t]*:/gim, "X-From:");
    const canonicalization = random.pick(FORMS);
    let text: string;
    try {
      text = await signed(message, { canonicalization });
    } catch (error) {
      assert(error instanceof TypeError && !isWhole, JSON.stringify(message));
      seen.refused++;
      continue;
    }
    assertEquals(await verdict(text), "pass", JSON.stringify(message));
    seen.signed++;
  }
  assert(seen.signed > 400, JSON.stringify(seen));
});
