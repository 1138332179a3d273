/** Messages that were made to break a reader. */
import { assert, assertEquals } from "jsr:@std/assert@^1.0.0";
import { MailMessage } from "../../../mail/message/mod.ts";
import { seededRandom } from "../../_support/random_slices.ts";
import { RandomMessages } from "./random_messages.ts";
import { read, toLatin1, write } from "./samples.ts";

/** Everything that can be asked of a message. */
function askAll(message: MailMessage): void {
  for (const part of message.walk()) askOne(part);
}

function askOne(part: MailMessage): void {
  const { headers } = part;
  assertEquals([...headers].length, headers.size);
  // Each looks at all fields.
  const names = headers.size < 1_000 ? headers.keys() : [];
  for (const name of names) assert(headers.getAll(name).length > 0);
  assertEquals(part.contentType.type.includes("/"), true);
  for (
    const list of [part.from, part.sender, part.to, part.cc, part.replyTo]
  ) assert(Array.isArray(list));
  assert(!/[\r\n\0]/.test(part.subject));
  assert(part.date === undefined || !isNaN(part.date.getTime()));
  part.messageId;
  part.references;
  part.inReplyTo;
  part.content();
  part.contentText();
  assert(!part.text?.includes("\r"));
  part.html;
  for (const { content, filename } of part.attachments) {
    assert(content instanceof Uint8Array);
    assert(!/[\r\n\0]/.test(filename ?? ""), filename);
  }
  assert(part.defects.every((one) => one !== ""));
}

Deno.test("MailMessage.parse() throws at nothing and loses nothing", async () => {
  const random = new RandomMessages(seededRandom(322));
  const seen = { whole: 0, defective: 0 };
  for (let count = 0; count < 3_000; count++) {
    const whole = random.message();
    const message = await read(whole);
    assertEquals(await write(message), whole);
    if (message.defects.length === 0) seen.whole++;
    askAll(message);
    const broken = random.broken(whole);
    const other = await read(broken);
    assertEquals(await write(other), broken);
    askAll(other);
    assertEquals(await write(other), broken, "after everything was asked");
    if (other.defects.length > 0) seen.defective++;
  }
  assert(seen.whole > 2_900 && seen.defective > 800, JSON.stringify(seen));
});

Deno.test("MailMessage.parse() throws at no bytes at all", async () => {
  const random = new RandomMessages(seededRandom(5322));
  for (let count = 0; count < 2_000; count++) {
    const start = random.pick([
      "",
      "a: b\n",
      "content-type: message/rfc822\n\n",
    ]);
    const text = start +
      Array.from(
        { length: random.below(60) },
        () =>
          random.pick([
            ...' \t\r\n\n:;-="(<@\0',
            "--",
            "content-type:",
            "multipart/x;boundary=-",
            "\xff",
          ]),
      ).join("");
    const message = await read(text);
    askAll(message);
    assertEquals(await write(message), text);
  }
});

Deno.test("MailMessage.parse() gives the same at every split of its source", async () => {
  const random = new RandomMessages(seededRandom(45));
  for (let count = 0; count < 20; count++) {
    const text = random.broken(random.message());
    const bytes = Uint8Array.from(text, (char) => char.charCodeAt(0));
    // The source may use its memory again.
    const memory = new Uint8Array(7);
    const source = async function* () {
      for (let at = 0; at < bytes.length; at += memory.length) {
        const piece = bytes.subarray(at, at + memory.length);
        memory.set(piece);
        yield memory.subarray(0, piece.length);
      }
      memory.fill(0);
    };
    const message = await MailMessage.parse(source());
    assertEquals(toLatin1(await message.toBytes()), text);
  }
});

const MULTIPART = "Content-Type: multipart/mixed; boundary=b\n\n";

/**
 * Each takes a moment, where time in proportion to the square of its length
 * would be hours.
 */
const LONG: [name: string, text: () => string][] = [
  ["hyphens in one line", () => MULTIPART + "-".repeat(10_000_000)],
  ["lines of hyphens", () => MULTIPART + "--\n".repeat(3_000_000)],
  ["lines of a longer boundary", () => MULTIPART + "--bb\n".repeat(2_000_000)],
  ["line ends", () => MULTIPART + "\n".repeat(10_000_000)],
  ["carriage returns", () => MULTIPART + "\r".repeat(10_000_000)],
  ["boundaries without a line end", () => MULTIPART + "--b".repeat(3_000_000)],
  ["delimiters", () => MULTIPART + "--b\n".repeat(1_000_000)],
  ["parts", () => MULTIPART + "--b\n\n\n".repeat(1_000_000)],
  ["last delimiters", () => MULTIPART + "--b\n\nx\n--b--\n".repeat(500_000)],
  [
    "boundaries with blanks behind",
    () => MULTIPART + `--b${" ".repeat(900)}x\n`.repeat(10_000),
  ],
  ["brackets in an address", () => `From: ${"(".repeat(900_000)}\n\n`],
  ["quotes in an address", () => `From: ${'"'.repeat(900_000)}\n\n`],
  ["quoted pairs in an address", () => `From: "${"\\".repeat(900_000)}\n\n`],
  ["angles in an address", () => `From: ${"<".repeat(900_000)}\n\n`],
  ["addresses", () => `From: ${"a@b,".repeat(220_000)}\n\n`],
  ["names", () => `From: ${"a ".repeat(440_000)}<a@b>\n\n`],
  ["groups", () => `From: ${"a:;".repeat(300_000)}\n\n`],
  ["routes", () => `From: <${"@a,".repeat(300_000)}:a@b>\n\n`],
  ["at signs", () => `From: ${"a @ ".repeat(220_000)}\n\n`],
  ["domain literals", () => `From: ${"a@[".repeat(300_000)}\n\n`],
  ["comments", () => `From: a@b ${"(a)".repeat(300_000)}\n\n`],
  [
    "encoded words in an address",
    () => `From: ${"=?a?q?x,".repeat(100_000)}\n\n`,
  ],
  [
    "brackets in encoded words",
    () => `From: ${"=?a?q?(,".repeat(100_000)}\n\n`,
  ],
  ["beginnings of encoded words", () => `Subject: ${"=?".repeat(500_000)}\n\n`],
  [
    "halves of encoded words",
    () => `Subject: ${"=?utf-8?q?".repeat(90_000)}\n\n`,
  ],
  ["encoded words", () => `Subject: ${"=?utf-8?q?a?= ".repeat(60_000)}\n\n`],
  [
    "encoded words of all charsets",
    () =>
      `Subject: ${
        Array.from({ length: 10_000 }, (_, at) => `=?x${at}?q?a?=`).join(" ")
      }\n\n`,
  ],
  ["blanks in a value", () => `Subject: a${" ".repeat(900_000)}b\n\n`],
  ["folded lines", () => `Subject: a\n${" \n".repeat(400_000)} b\n\n`],
  ["folded lines of nothing", () => `${" \n".repeat(5_000_000)}\n`],
  ["ids", () => `References: ${"<".repeat(900_000)}\n\n`],
  ["parameters", () => `Content-Type: a/b${";a=b".repeat(220_000)}\n\n`],
  [
    "sections of a parameter",
    () => `Content-Type: a/b${";a*0=".repeat(180_000)}\n\n`,
  ],
  [
    "different sections",
    () =>
      `Content-Type: a/b${
        Array.from({ length: 80_000 }, (_, at) => `;a*${at}=b`).join("")
      }\n\n`,
  ],
  ["semicolons", () => `Content-Disposition: ${";".repeat(900_000)}\n\n`],
  [
    "brackets in parameters",
    () => `Content-Type: a/b;${"(".repeat(900_000)}\n\n`,
  ],
  [
    "closed brackets in parameters",
    () => `Content-Type: a/b;${"()".repeat(450_000)}\n\n`,
  ],
  [
    "brackets in an encoding",
    () => `Content-Transfer-Encoding: ${"(a".repeat(450_000)}\n\n`,
  ],
  ["percent signs", () => `Content-Type: a/b; c*=''${"%".repeat(900_000)}\n\n`],
  ["apostrophes", () => `Content-Type: a/b; c*=${"'".repeat(900_000)}\n\n`],
  ["a name without a colon", () => "a".repeat(10_000_000)],
  ["blanks before a colon", () => `a${" ".repeat(10_000_000)}`],
  ["fields", () => "a:b\n".repeat(100_000) + "\n"],
  [
    "fields of many names",
    () => Array.from({ length: 100_000 }, (_, at) => `a${at}:b\n`).join(""),
  ],
  ["types", () => "Content-Type: a/b\n".repeat(50_000) + "\n"],
  ["fields over the limit", () => "Subject: a\n b\n".repeat(1_000_000)],
  ["a field over the limit", () => `Subject: ${"a".repeat(20_000_000)}\n\n`],
  ["files that are none", () => `\n${"begin 644 a\n".repeat(800_000)}`],
  [
    "files that do not end",
    () => `\nbegin 644 a\n${"#0V%T\n".repeat(1_000_000)}`,
  ],
  ["files in files", () => `\n${"begin 644 a\n#0V%T\n".repeat(400_000)}`],
  ["small files", () => `\n${"begin 644 a\n#0V%T\n`\nend\n".repeat(100_000)}`],
  ["yEnc that is none", () => `\n${"=ybegin \n".repeat(1_000_000)}`],
  [
    "yEnc that does not end",
    () => `\n${"=ybegin line=1 size=1 name=a\n".repeat(300_000)}`,
  ],
  [
    "yEnc that ends only",
    () => `\n${"=ybegin line=1 size=1 name=a\n".repeat(300_000)}=yend size=1\n`,
  ],
  [
    "ends of yEnc",
    () =>
      `\n${"=ybegin line=1 size=9 name=a\nx\n=yend size=9\n".repeat(100_000)}`,
  ],
  [
    "quotes of flowed text",
    () => `Content-Type: text/plain; format=flowed\n\n${">".repeat(5_000_000)}`,
  ],
  [
    "one flowed paragraph",
    () =>
      `Content-Type: text/plain; format=flowed\n\n${"a \n".repeat(2_000_000)}`,
  ],
  [
    "quoted-printable of blanks",
    () =>
      `Content-Transfer-Encoding: quoted-printable\n\n${
        " ".repeat(5_000_000)
      }x`,
  ],
  [
    "quoted-printable of signs",
    () =>
      `Content-Transfer-Encoding: quoted-printable\n\n${"=".repeat(5_000_000)}`,
  ],
  [
    "base64 of nothing",
    () => `Content-Transfer-Encoding: base64\n\n${"=".repeat(5_000_000)}`,
  ],
  [
    "UTF-7",
    () => `Content-Type: text/plain; charset=utf-7\n\n${"+".repeat(5_000_000)}`,
  ],
  [
    "UTF-7 in pieces",
    () =>
      `Content-Type: text/plain; charset=utf-7\n\n${"+AOQ-".repeat(200_000)}`,
  ],
  [
    "a page that has no charset",
    () => `Content-Type: text/html\n\n${"<meta charset ".repeat(300_000)}`,
  ],
  ["nested messages", () => "Content-Type: message/rfc822\n\n".repeat(10_000)],
  [
    "nested multiparts",
    () =>
      Array.from(
        { length: 10_000 },
        (_, at) =>
          `Content-Type: multipart/mixed; boundary=b${at}\n\n--b${at}\n`,
      ).join(
        "",
      ),
  ],
  [
    "nested multiparts of one boundary",
    () => "Content-Type: multipart/mixed; boundary=b\n\n--b\n".repeat(100_000),
  ],
  ["nested messages in base64", () => {
    let text = "Subject: a\n\nb\n";
    for (let level = 0; level < 40; level++) {
      text =
        "Content-Type: message/rfc822\nContent-Transfer-Encoding: base64\n\n" +
        btoa(text);
    }
    return text;
  }],
  [
    "nested digests",
    () =>
      "Content-Type: multipart/digest; boundary=b\n\n--b\n\n".repeat(100_000),
  ],
];

for (const [name, text] of LONG) {
  Deno.test(`MailMessage.parse() takes its time for no ${name}`, async () => {
    const message = await read(text());
    // What is asked of each part is in proportion to the parts' depth.
    const all = [...message.walk()];
    assert(all.length <= 10_001);
    askOne(message);
    if (all.length > 1) askOne(all.at(-1)!);
  });
}
