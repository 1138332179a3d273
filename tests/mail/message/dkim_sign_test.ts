import {
  assert,
  assertEquals,
  assertRejects,
  assertStringIncludes,
} from "jsr:@std/assert@^1.0.0";
import { dkimSign, dkimVerify } from "../../../mail/message/mod.ts";
import {
  ED25519,
  ED25519_RECORD,
  FORMS,
  KEY,
  MESSAGE,
  RSA,
  RSA_PKCS1,
  signed,
  tag,
  told,
  verdict,
  verified,
} from "./dkim_samples.ts";
import { latin1, toLatin1 } from "./samples.ts";

const LONG = "Received: by a;\r\n\tb\r\n" +
  "From: =?utf-8?q?J=C3=BCrgen?= <j@example.com>\r\n" +
  "SUBJECT :  two  blanks \t\r\nReceived: by b\r\n" +
  "To: a@example.net,\r\n b@example.net\r\nContent-Type: text/plain\r\n" +
  "X-Bytes: \xa0\x85\xff\xc3\xa4\r\n\r\n \xa0\x85\xff \r\n\tb  c\t\r\n\r\n.\r\n\r\n\r\n";

for (const canonicalization of FORMS) {
  for (
    const [algorithm, privateKey] of [
      ["rsa-sha256", RSA],
      ["ed25519-sha256", ED25519],
    ] as const
  ) {
    const name = `${algorithm} ${canonicalization}`;
    const key = { canonicalization, privateKey };

    Deno.test(`dkimSign() signs by ${name}`, async () => {
      const text = await signed(LONG, key);
      assert(text.startsWith("DKIM-Signature: "));
      assert(text.endsWith("\r\n" + LONG), "the message stays as it is");
      assertEquals(tag(text, "a"), algorithm);
      assertEquals(tag(text, "c"), canonicalization);
      assertEquals(await told(text), {
        result: "pass",
        domain: "example.com",
        selector: "june",
        identity: "@example.com",
        algorithm,
        signedHeaders: tag(text, "h")!.split(":"),
        testing: false,
      });
    });

    Deno.test(`dkimVerify() lets ${name} change as it may`, async () => {
      const [header, body] = canonicalization.split("/");
      const text = await signed(LONG, key);
      const change = (from: string, to: string) => {
        assertStringIncludes(text, from);
        return verdict(text.replace(from, () => to));
      };
      const mayHeader = header === "relaxed" ? "pass" : "fail";
      const mayBody = body === "relaxed" ? "pass" : "fail";
      assertEquals(
        await change("SUBJECT :  two  ", "Subject: two "),
        mayHeader,
      );
      assertEquals(await change("SUBJECT :", "SUBJECT : \r\n "), mayHeader);
      assertEquals(await change("net,\r\n b", "net,\t\tb"), mayHeader);
      assertEquals(await change(" v=1;\r\n a", " v=1; a"), mayHeader);
      assertEquals(await change("two  blanks", "twoblanks"), "fail");
      assertEquals(await change("two  blanks", "Two  blanks"), "fail");
      assertEquals(await change("\tb  c\t\r\n", " b c\r\n"), mayBody);
      assertEquals(await change("\tb  c\t\r\n", "\tb  c\t \r\n"), mayBody);
      assertEquals(await change("\tb  c", "b  c"), "fail");
      assertEquals(await change("\tb  c", "\tbc"), "fail");
      assertEquals(await change(".\r\n\r\n\r\n", ".\r\n"), "pass");
      assertEquals(await change(".\r\n\r\n\r\n", ".\r\n\r\n\r\n\r\n"), "pass");
      assertEquals(await change(".\r\n\r\n\r\n", "."), "pass");
      assertEquals(await change(".\r\n\r\n\r\n", ".\r\n \r\n"), mayBody);
      assertEquals(await change(".\r\n\r\n\r\n", "\r\n"), "fail");
      assertEquals(await change("\t\r\n\r\n.", "\t\r\n."), "fail");
      // Neither A0 nor 85 is a blank.
      assertEquals(
        await change("\xa0\x85\xff \r\n\t", "\x85\xff \r\n\t"),
        "fail",
      );
      assertEquals(
        await change("\xa0\x85\xff \r\n\t", "\xa0\xff \r\n\t"),
        "fail",
      );
    });
  }
}

Deno.test("dkimSign() takes keys in PKCS#1 and in PKCS#8", async () => {
  // RSASSA-PKCS1-v1_5 gives the same bytes each time.
  const text = await signed(MESSAGE, { privateKey: RSA });
  assertEquals(await signed(MESSAGE, { privateKey: RSA_PKCS1 }), text);
  assertEquals(await verdict(text), "pass");
  for (
    const privateKey of [
      RSA_PKCS1.replaceAll("\n", "\r\n"),
      `  \n${RSA_PKCS1.trim()}`,
      `Some words\n${RSA_PKCS1}`,
    ]
  ) assertEquals(await signed(MESSAGE, { privateKey }), text);
});

Deno.test("dkimSign() takes a message however it comes", async () => {
  const text = await signed();
  const chunks = ReadableStream.from(
    [...MESSAGE].map((char) => new TextEncoder().encode(char)),
  );
  for (const source of [MESSAGE, new Blob([MESSAGE]), chunks]) {
    assertEquals(toLatin1(await dkimSign(source, KEY)), text);
  }
  const results = await dkimVerify(
    ReadableStream.from([latin1(text.slice(0, 99)), latin1(text.slice(99))]),
    () => Promise.resolve([ED25519_RECORD]),
  );
  assertEquals(results.map(({ result }) => result), ["pass"]);
});

Deno.test("dkimSign() changes no bytes that it is given", async () => {
  const bytes = latin1(MESSAGE.replaceAll("\r\n", "\n"));
  const copy = bytes.slice();
  await dkimSign(bytes, KEY);
  assertEquals(bytes, copy);
});

Deno.test("dkimSign() writes a field that every server lets through", async () => {
  const text = await signed(
    "From: a@example.com\r\n" + "X-Long-Name-Of-A-Field: 1\r\n".repeat(100) +
      "\r\n",
    {
      privateKey: RSA,
      domain: `${"d".repeat(63)}.${"d".repeat(63)}.example`,
      selector: "s".repeat(63),
      headers: ["From", "x-long-name-of-a-field"],
    },
  );
  const field = text.slice(0, text.indexOf("\r\nFrom:"));
  for (const line of field.split("\r\n")) {
    // RFC 5322 section 2.1.1 wants 78 where that is possible.
    assert(line.length <= 78 || /^ d=d+\./.test(line), line);
    assert(/^[\x20-\x7e]*[\x21-\x7e]$/.test(line), JSON.stringify(line));
  }
  assertEquals(tag(text, "h")!.split(":").length, 102);
  assertEquals(await verdict(text), "pass");
});

Deno.test("dkimSign() says when it was signed and until when it is good", async () => {
  const time = new Date(1_700_000_000_999);
  const text = await signed(MESSAGE, {
    time,
    expires: new Date(1_700_000_060_000),
  });
  assertEquals([tag(text, "t"), tag(text, "x")], ["1700000000", "1700000060"]);
  assertEquals(tag(await signed(), "x"), undefined);
  const at = (seconds: number) =>
    verdict(text, undefined, new Date(1_700_000_000_000 + seconds * 1000));
  assertEquals(await at(0), "pass");
  assertEquals(await at(60), "pass");
  assertEquals(await at(61), "fail");
  assertEquals(await verdict(text), "fail", "now");
  const before = Math.floor(Date.now() / 1000);
  const now = await dkimSign(MESSAGE, { ...KEY, time: undefined });
  const signedAt = Number(tag(toLatin1(now), "t"));
  assert(signedAt >= before && signedAt <= Date.now() / 1000);
});

Deno.test("dkimSign() signs what readers see, and seals it", async () => {
  const text = await signed(
    "Received: x\r\nReturn-Path: <>\r\nDKIM-Signature: a=1\r\nFrom: a@example.com\r\n" +
      "Reply-To: b@example.com\r\nComments: x\r\nX-Spam: x\r\n\r\n",
  );
  const names = tag(text, "h")!.split(":");
  assertEquals(names.filter((one) => one === "from").length, 2);
  assertEquals(names.filter((one) => one === "subject").length, 1);
  assertEquals(names.filter((one) => one === "reply-to").length, 2);
  assertEquals(names.filter((one) => one === "sender").length, 0);
  // RFC 6376 section 5.4.1: these change on the way.
  for (
    const name of [
      "received",
      "return-path",
      "dkim-signature",
      "comments",
      "x-spam",
    ]
  ) assert(!names.includes(name), name);
});

Deno.test("dkimVerify() does not pass what was added to a sealed header", async () => {
  for (const canonicalization of FORMS) {
    const text = await signed(MESSAGE, { canonicalization });
    for (
      const field of [
        "From: mallory@example.org",
        "from : mallory@example.org",
        "Subject: Money",
        "To: everybody@example.org",
        "Cc: everybody@example.org",
        "Date: Fri, 21 Nov 2025 10:38:59 +0100",
        "Content-Type: text/html",
        "Content-Transfer-Encoding: base64",
        "Content-Disposition: attachment",
        "Reply-To: mallory@example.org",
      ]
    ) {
      assertEquals(await verdict(`${field}\r\n${text}`), "fail", field);
      const below = text.replace("\r\n\r\n", () => `\r\n${field}\r\n\r\n`);
      assertEquals(await verdict(below), "fail", field);
    }
    const more = "Received: x\r\nX-Spam: no\r\nDKIM-Signature: v=1\r\n";
    const [first, second] = await verified(more + text);
    assertEquals([first?.result, second?.result], ["permerror", "pass"]);
  }
});

Deno.test("dkimVerify() does not pass what was taken away or moved", async () => {
  const text = await signed("Cc: 1\r\nCc: 2\r\n" + MESSAGE);
  for (
    const [from, to] of [
      ["Cc: 1\r\n", ""],
      ["Cc: 2\r\n", ""],
      ["Cc: 1\r\nCc: 2\r\n", "Cc: 2\r\nCc: 1\r\n"],
      ["Subject: Tea\r\n", ""],
      ["From: Ada <ada@example.com>\r\n", ""],
      ["Hello\r\n", ""],
      ["d=example.com", "d=example.net"],
      ["s=june", "s=july"],
      ["t=1700000000", "t=1700000001"],
      ["from:from", "from"],
    ] as const
  ) {
    assertStringIncludes(text, from);
    const result = await verdict(text.replace(from, to));
    assertEquals(result, "fail", JSON.stringify(from));
  }
  // Fields of different names have no order.
  const moved = text.replace("Subject: Tea\r\n", "")
    .replace("Cc: 1\r\n", "Subject: Tea\r\nCc: 1\r\n");
  assertEquals(await verdict(moved), "pass");
});

Deno.test("dkimSign() signs the fields that are named", async () => {
  const text = await signed(
    "X-A: 1\r\nReceived: 1\r\nX-a: 2\r\n" + MESSAGE,
    { headers: ["X-A", "FROM", "x-a", "x-absent"] },
  );
  const names = tag(text, "h")!.split(":");
  assertEquals(names.filter((one) => one === "x-a").length, 2);
  assert(!names.includes("subject") && !names.includes("received"), `${names}`);
  assertEquals(await verdict(text), "pass");
  assertEquals(await verdict(text.replace("X-A: 1", "X-A: 3")), "fail");
  assertEquals(await verdict(text.replace("X-a: 2", "X-a: 3")), "fail");
  assertEquals(await verdict("X-A: 0\r\n" + text), "pass");
});

Deno.test("dkimSign() can be done twice, and over the first signature", async () => {
  const once = await signed(MESSAGE, { privateKey: RSA, selector: "rsa" });
  const twice = await signed(once, { headers: ["from", "dkim-signature"] });
  const results = await verified(twice);
  assertEquals(
    results.map(({ selector, result }) => [selector, result]),
    [["june", "pass"], ["rsa", "pass"]],
  );
  const changed = await verified(twice.replace("s=rsa", "s=rsb"));
  assertEquals(changed.map(({ result }) => result), ["fail", "fail"]);
});

Deno.test("dkimSign() and dkimVerify() agree on messages of all shapes", async () => {
  const shapes = [
    "From: a@example.com\r\n\r\n",
    "From: a@example.com\r\n",
    "From: a@example.com",
    "From: a@example.com\r\n\r\n\r\n\r\n\r\n",
    "From: a@example.com\r\n\r\n \t\r\n \r\n",
    "From: a@example.com\r\n\r\nno line end",
    "From: a@example.com\r\n\r\nblanks and no line end \t ",
    "From:\r\n a@example.com\r\n\r\n\r\n\r\nx\r\n",
    "From: a@example.com\r\nSubject:\r\n\r\nx",
    "From: a@example.com\r\n\r\n\0\x01\x7f\x80\xa0\x85\xff\r\n",
    "From: a@example.com\r\nThis is no field\r\nSubject: x\r\n\r\nx\r\n",
    "From: a@example.com\r\n.\r\n\r\nx\r\n",
    "Subject: 1\r\nfrom : a@example.com\r\nSubject: 2\r\nTo:\r\n\r\nx\r\n",
    "Content-Type: multipart/mixed; boundary=b\r\nFrom: a@example.com\r\n" +
    "\r\n--b\r\n\r\nx\r\n--b--\r\n",
    "Content-Type: message/rfc822\r\nFrom: a@example.com\r\n\r\n" +
    "From: b@example.com\r\n\r\nx\r\n",
  ];
  for (const canonicalization of FORMS) {
    for (const shape of shapes) {
      for (const message of [shape, shape.replaceAll("\r\n", "\n")]) {
        const text = await signed(message, { canonicalization });
        const what = JSON.stringify([canonicalization, message]);
        assert(!/[^\r]\n/.test(text), what);
        assertEquals(await verdict(text), "pass", what);
        // As a server with local line ends keeps it.
        const local = text.replaceAll("\r\n", "\n");
        assertEquals(await verdict(local), "pass", what);
      }
    }
  }
});

Deno.test("dkimSign() signs what arrives after a server has ended the lines", async () => {
  // RFC 5321 section 4.1.1.4: the last line gets its end, and a header its own.
  for (const canonicalization of FORMS) {
    const open = await signed(`${MESSAGE}end`, { canonicalization });
    assertEquals(await verdict(`${open}\r\n`), "pass", canonicalization);
    const bare = await signed("To: b@c\r\nFrom: a@example.com", {
      canonicalization,
    });
    for (const end of ["\r\n", "\r\n\r\n"]) {
      const what = JSON.stringify([canonicalization, end]);
      assertEquals(await verdict(bare + end), "pass", what);
    }
  }
});

Deno.test("dkimSign() refuses a message that has no From", async () => {
  for (
    const message of [
      "",
      "\r\n",
      "To: a@b\r\n\r\nFrom: a@b\r\n",
      "Fromm: a@b\r\n\r\n",
    ]
  ) {
    await assertRejects(() => dkimSign(message, KEY), TypeError, "From");
  }
});
