/** Messages and keys that were made to take long. */
import { assert, assertEquals } from "jsr:@std/assert@^1.0.0";
import { dkimSign } from "../../../mail/message/mod.ts";
import { KEY, MESSAGE, verdict, verified, withTags } from "./dkim_samples.ts";
import { latin1 } from "./samples.ts";

/** Each takes a moment, where time by the square of its length would be hours. */
const LONG: [name: string, text: () => string][] = [
  [
    "blanks in a body",
    () => withTags({ c: "simple/relaxed" }) + " ".repeat(10_000_000),
  ],
  [
    "blanks in front of a byte",
    () => withTags({ c: "simple/relaxed" }) + "\t".repeat(10_000_000) + "x",
  ],
  [
    "lines of blanks",
    () => withTags({ c: "simple/relaxed" }) + " \r\n".repeat(3_000_000),
  ],
  ["empty lines", () => withTags({}) + "\r\n".repeat(5_000_000)],
  [
    "empty lines in front of a byte",
    () => withTags({}) + "\r\n".repeat(5_000_000) + "x",
  ],
  ["LF", () => withTags({}) + "\n".repeat(10_000_000)],
  ["CR", () => withTags({}) + "\r".repeat(10_000_000)],
  ["LF CR", () => withTags({}) + "\n\r".repeat(5_000_000)],
  [
    "empty tags",
    () => `DKIM-Signature: ${";".repeat(10_000_000)}\r\n${MESSAGE}`,
  ],
  [
    "equals signs",
    () => `DKIM-Signature: ${"=".repeat(10_000_000)}\r\n${MESSAGE}`,
  ],
  ["tags", () => `DKIM-Signature: ${"=;".repeat(450_000)}\r\n${MESSAGE}`],
  [
    "tags over the limit",
    () => `DKIM-Signature: ${"=;".repeat(5_000_000)}\r\n${MESSAGE}`,
  ],
  [
    "blanks in a signature",
    () => withTags({ zz: "x" + " ".repeat(900_000) + "x" }),
  ],
  [
    "blanks behind a signature",
    () => withTags({}).replace("\r\nFrom", " ".repeat(900_000) + "\r\nFrom"),
  ],
  [
    "folded lines in a signature",
    () => withTags({ zz: "\r\n ".repeat(300_000) + "x" }),
  ],
  [
    "names of tags",
    () =>
      withTags(
        Object.fromEntries(
          Array.from({ length: 100_000 }, (_, at) => [`a${at}`, "1"]),
        ),
      ),
  ],
  [
    "fields that are signed",
    () => withTags({ h: "from" + ":from".repeat(180_000) }),
  ],
  [
    "nameless fields that are signed",
    () => withTags({ h: "from" + ":".repeat(900_000) }),
  ],
  ["blanks in b=", () => withTags({ b: "A" + " ".repeat(900_000) + "A" })],
  ["long b=", () => withTags({ b: "A".repeat(900_000) })],
  ["long bh=", () => withTags({ bh: "A".repeat(900_000) })],
  ["at signs", () => withTags({ i: "@".repeat(900_000) })],
  ["dots", () => withTags({ d: ".".repeat(900_000) })],
  ["digits", () => withTags({ x: "1".repeat(900_000) })],
  ["slashes", () => withTags({ c: "/".repeat(900_000) })],
  ["colons in q=", () => withTags({ q: ":".repeat(900_000) })],
  [
    "fields",
    () => withTags({}).replace(MESSAGE, "a:b\r\n".repeat(150_000) + MESSAGE),
  ],
  [
    "fields From",
    () =>
      withTags({ h: "from" + ":from".repeat(40_000) }).replace(
        MESSAGE,
        "From:b\r\n".repeat(40_000) + MESSAGE,
      ),
  ],
  [
    "blanks in a header",
    () =>
      withTags({ c: "relaxed", h: "from:x" }).replace(
        MESSAGE,
        `X:${" ".repeat(10_000_000)}x\r\n${MESSAGE}`,
      ),
  ],
  [
    "line ends in a header",
    () =>
      withTags({ c: "relaxed", h: "from:x" }).replace(
        MESSAGE,
        `X:${"\r\n ".repeat(3_000_000)}\r\n${MESSAGE}`,
      ),
  ],
  [
    "signatures",
    () => withTags({}).replace(MESSAGE, "").repeat(50_000) + MESSAGE,
  ],
];

for (const [name, text] of LONG) {
  Deno.test(`dkimVerify() takes its time for no ${name}`, async () => {
    const results = await verified(text());
    assert(results.length <= 10);
    for (const { result } of results) assert(result !== "temperror");
  });
}

Deno.test("dkimVerify() takes its time for no record", async () => {
  for (
    const record of [
      ";".repeat(10_000_000),
      "=;".repeat(5_000_000),
      `p=${" ".repeat(10_000_000)}`,
      `p=${"A ".repeat(5_000_000)}`,
      `k=ed25519; p=${"A".repeat(10_000_000)}`,
      `h=${":".repeat(10_000_000)}; p=A`,
      `p=A; t=${" ".repeat(10_000_000)}x`,
      " ".repeat(10_000_000),
    ]
  ) assertEquals(await verdict(withTags({}), [record]), "permerror");
  const many = Array(100_000).fill("v=DKIM1; k=rsa; p=A");
  assertEquals(await verdict(withTags({}), many), "permerror");
});

Deno.test("dkimSign() takes its time for no message", async () => {
  for (
    const message of [
      MESSAGE + " ".repeat(10_000_000),
      MESSAGE + "\t".repeat(10_000_000) + "x",
      MESSAGE + " \r\n".repeat(3_000_000),
      MESSAGE + "\r\n".repeat(5_000_000) + "x",
      MESSAGE + "\n".repeat(10_000_000),
      MESSAGE + "\r".repeat(10_000_000),
      `Subject: ${" ".repeat(900_000)}x\r\n${MESSAGE}`,
      `Subject: ${"\r\n ".repeat(300_000)}x\r\n${MESSAGE}`,
      "To: a\r\n".repeat(10_000) + MESSAGE,
    ]
  ) {
    const bytes = await dkimSign(latin1(message), KEY);
    assert(bytes.length > message.length);
  }
});
