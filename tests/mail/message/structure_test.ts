/** How messages are taken apart (RFC 2046 section 5). */
import { assert, assertEquals } from "jsr:@std/assert@^1.0.0";
import { MailMessage } from "../../../mail/message/mod.ts";
import { read, shape, toLatin1, write } from "./samples.ts";

const M = "Content-Type: multipart/mixed; boundary=b\n\n";

/** The message, its shape, and words of its defects. */
const MESSAGES: [text: string, shape: string, ...defects: RegExp[]][] = [
  ["", "text/plain"],
  ["Subject: a\n\nText\n", "text/plain"],
  [
    M + "--b\n\none\n--b\n\ntwo\n--b--\n",
    "multipart/mixed[text/plain text/plain]",
  ],
  [
    M + "preamble\n--b\n\none\n--b--\nepilogue\n--b\n\nnone\n",
    "multipart/mixed[text/plain]",
  ],
  // Blanks behind a boundary, and mixed line ends.
  [M + "--b \t \r\n\none\r\n--b--  \n", "multipart/mixed[text/plain]"],
  // Without the last one, or without any.
  [
    M + "--b\n\none\n--b\n\ntwo\n",
    "multipart/mixed[text/plain text/plain]",
    /last delimiter/,
  ],
  [M + "Text\n", "multipart/mixed", /does not appear/],
  [M + "--b--\n", "multipart/mixed", /./],
  [
    "Content-Type: multipart/mixed\n\n--b\n\none\n--b--\n",
    "multipart/mixed",
    /no boundary/,
  ],
  [
    'Content-Type: multipart/mixed; boundary=""\n\n--\n\nx\n----\n',
    "multipart/mixed",
    /no boundary/,
  ],
  // Doubled: nothing stands between the two.
  [M + "--b\n--b\n\none\n--b--\n", "multipart/mixed[text/plain]", /./],
  // One is the beginning of another.
  [
    "Content-Type: multipart/mixed; boundary=b\n\n--b\n" +
    "Content-Type: multipart/alternative; boundary=bb\n\n" +
    "--bb\n\none\n--bb\n\ntwo\n--bb--\n--b\n\nthree\n--b--\n",
    "multipart/mixed[multipart/alternative[text/plain text/plain] text/plain]",
  ],
  [
    "Content-Type: multipart/mixed; boundary=bb\n\n--bb\n" +
    "Content-Type: multipart/alternative; boundary=b\n\n" +
    "--b\n\none\n--b--\n--bb--\n",
    "multipart/mixed[multipart/alternative[text/plain]]",
  ],
  [
    'Content-Type: multipart/mixed; boundary="b--"\n\n--b--\n' +
    "Content-Type: multipart/alternative; boundary=x\n\n" +
    "--x\n\none\n--x--\n--b----\n",
    "multipart/mixed[multipart/alternative[text/plain]]",
  ],
  // A longer line is no delimiter.
  [
    M + "--b\n\n--bc\n--b-\n--b--c\n-b\n --b\n--b--\n",
    "multipart/mixed[text/plain]",
  ],
  // The inner one is broken off.
  [
    M + "--b\nContent-Type: multipart/alternative; boundary=i\n\n--i\n\none\n" +
    "--b\n\ntwo\n--b--\n",
    "multipart/mixed[multipart/alternative[text/plain] text/plain]",
    /last delimiter/,
  ],
  // A part ends within its header.
  [
    M + "--b\nContent-Type: text/html\n--b--\n",
    "multipart/mixed[text/html]",
    /empty line/,
  ],
  [
    M + "--b\nContent-Type: text/html",
    "multipart/mixed[text/html]",
    /last delimiter/,
  ],
  // Messages.
  [
    "Content-Type: message/rfc822\n\nSubject: a\n\nb\n",
    "message/rfc822[text/plain]",
  ],
  [
    M + "--b\nContent-Type: message/rfc822\n\n" +
    "Content-Type: multipart/mixed; boundary=i\n\n--i\n\none\n--i--\n--b--\n",
    "multipart/mixed[message/rfc822[multipart/mixed[text/plain]]]",
  ],
  [
    "Content-Type: MESSAGE/RFC822\nContent-Transfer-Encoding: base64\n\n" +
    btoa("Content-Type: text/html\r\n\r\n<p>") + "\n",
    "message/rfc822[text/html]",
    /encoded in base64/,
  ],
  [
    "Content-Type: message/global\n\nSubject: a\n\nb\n",
    "message/global[text/plain]",
  ],
  [
    "Content-Type: message/partial; id=a; number=1; total=2\n\n" +
    "Content-Type: multipart/mixed; boundary=b\n\n--b\n\nx\n",
    "message/partial",
  ],
  [
    "Content-Type: message/external-body; access-type=url\n\nContent-Type: a/b\n\n",
    "message/external-body",
  ],
  [
    M + "--b\nContent-Type: message/delivery-status\n\n" +
    "Reporting-MTA: dns; a\n\nFinal-Recipient: rfc822; b\n--b--\n",
    "multipart/mixed[message/delivery-status]",
  ],
  // A digest's parts are messages (RFC 2046 section 5.1.5).
  [
    "Content-Type: multipart/digest; boundary=b\n\n--b\n\nSubject: one\n\nx\n" +
    "--b\nContent-Type: text/plain\n\ny\n--b--\n",
    "multipart/digest[message/rfc822[text/plain] text/plain]",
  ],
  // Types in every writing.
  ["content-type:TEXT/HTML;\n\tCHARSET=utf-8\n\n", "text/html"],
  ["Content-Type: text (a comment) / html\n\n", "text/plain", /type/],
  ["Content-Type: text\n\n", "text/plain", /type/],
  ["Content-Type:\n\n", "text/plain", /type/],
  [
    "Content-Type: multipart/mixed; boundary=b (c)\n\n--b\n\nx\n--b--\n",
    "multipart/mixed[text/plain]",
  ],
  [
    'Content-Type: multipart/mixed; boundary="a \\"b"\n\n--a "b\n\nx\n--a "b--\n',
    "multipart/mixed[text/plain]",
  ],
  [
    "Content-Type: multipart/mixed; boundary*0=a; boundary*1=b\n\n--ab\n\nx\n--ab--\n",
    "multipart/mixed[text/plain]",
  ],
  // A multipart that claims to be encoded (RFC 2045 section 6.4).
  [
    "Content-Transfer-Encoding: base64\n" + M + "--b\n\nx\n--b--\n",
    "multipart/mixed[text/plain]",
    /encoded in base64/,
  ],
  // Old line ends.
  [
    (M + "--b\n\none\n--b\n\ntwo\n--b--\n").replaceAll("\n", "\r"),
    "multipart/mixed[text/plain text/plain]",
  ],
  // Lines of an mbox.
  [
    "From a@b Fri Nov 21 10:38:59 2025\n" + M + "--b\n\nx\n--b--\n",
    "multipart/mixed[text/plain]",
    /./,
  ],
  [
    "Subject: a\nFrom a@b Fri Nov 21 10:38:59 2025\n" + M + "--b\n\nx\n--b--\n",
    "multipart/mixed[text/plain]",
    /./,
  ],
  [
    "Content-Type: message/rfc822\n\nFrom a@b Fri Nov 21 10:38:59 2025\nContent-Type: text/html\n\nx",
    "message/rfc822[text/html]",
    /./,
  ],
  // 8-bit boundaries, which nobody allows.
  [
    `Content-Type: multipart/mixed; boundary="caf\xe9"\n\n--caf\xe9\n\nx\n--caf\xe9--\n`,
    "multipart/mixed[text/plain]",
  ],
  [
    `Content-Type: multipart/mixed; boundary="voil\xc3\xa0"\n\n--voil\xc3\xa0\n\nx\n--voil\xc3\xa0--\n`,
    "multipart/mixed[text/plain]",
  ],
];

for (const [at, [text, expected, ...defects]] of MESSAGES.entries()) {
  Deno.test(`MailMessage.parse() takes message ${at} apart: ${expected}`, async () => {
    const message = await read(text);
    assertEquals(shape(message), expected, JSON.stringify(text));
    const got = message.defects;
    for (const one of defects) {
      assert(got.some((said) => one.test(said)), `${one} in ${got}`);
    }
    if (defects.length === 0) assertEquals(got, []);
    assertEquals(await write(message), text);
  });
}

Deno.test("MailMessage.parts have their content without the delimiter's line end", async () => {
  for (const end of ["\n", "\r\n"]) {
    const text = (M + "--b\n\none\n--b\n\ntwo\n\n\n--b\n\n--b\n\n\n--b--\n")
      .replaceAll("\n", end);
    const { parts } = await read(text);
    assertEquals(
      parts.map((part) => toLatin1(part.content())),
      ["one", `two${end}${end}`, "", ""],
    );
  }
});

Deno.test("MailMessage.parse() heeds its limits and notes them", async () => {
  const nested = (count: number) =>
    Array.from(
      { length: count },
      (_, at) => `Content-Type: multipart/mixed; boundary=b${at}\n\n--b${at}\n`,
    ).join("") + "\nx\n";
  const deep = await read(nested(150));
  assertEquals([...deep.walk()].length, 101);
  assertEquals(deep.defects.filter((one) => /deeper/.test(one)).length, 1);
  assertEquals(
    [...(await read(nested(150), { maxDepth: 200 })).walk()].length,
    151,
  );
  assertEquals([...(await read(nested(5), { maxDepth: 0 })).walk()].length, 1);
  const many = M + "--b\n\nx\n".repeat(20) + "--b--\n";
  const some = await read(many, { maxParts: 5 });
  assertEquals(some.parts.length, 5);
  assertEquals(some.defects.filter((one) => /more parts/.test(one)).length, 1);
  assertEquals(await write(some), many);
  assertEquals((await read(many, { maxParts: 20 })).defects, []);
  const long = `A: ${"x".repeat(100)}\nB: 1\n C\nContent-Type: text/html\n\nx`;
  const cut = await read(long, { maxHeaderSize: 50 });
  assertEquals(cut.defects, ["The header is longer than the limit"]);
  assertEquals(cut.headers.has("content-type"), false);
  assertEquals(toLatin1(cut.content()), "x");
  assertEquals(await write(cut), long);
  cut.headers.set("X-New", "a");
  assert((await write(cut)).startsWith(long.slice(0, 100)));
});

Deno.test("MailMessage.parse() refuses what is no limit and what is too long", async () => {
  const refused = async (options: Record<string, number>, name: string) => {
    const error = await read("a: b\n\nlong", options).then(
      () => undefined,
      (error) => error,
    );
    assertEquals(error?.name, name, JSON.stringify(options));
  };
  for (const key of ["maxDepth", "maxParts", "maxHeaderSize", "maxSize"]) {
    await refused({ [key]: NaN }, "TypeError");
    await refused({ [key]: -1 }, "TypeError");
  }
  await refused({ maxDepth: 1e9 }, "TypeError");
  await refused({ maxSize: 5 }, "RangeError");
  assertEquals((await read("a: b\n\nlong", { maxSize: 10 })).text, "long");
});

Deno.test("MailMessage.parse() holds little more than the message of encoded ones in one another", async () => {
  const header = "Content-Type: message/rfc822\n" +
    "Content-Transfer-Encoding: quoted-printable\n\n";
  const size = 4_000_000;
  const text = header.repeat(90) +
    "x".repeat(72).concat("\n").repeat(size / 73);
  const held = () => {
    const { external, heapUsed } = Deno.memoryUsage();
    return external + heapUsed;
  };
  const bytes = new TextEncoder().encode(text);
  const before = held();
  const message = await MailMessage.parse(bytes);
  const grown = held() - before;
  assert(message.parts.length > 0);
  assert(grown < 20 * size, `${grown / size}`);
});
