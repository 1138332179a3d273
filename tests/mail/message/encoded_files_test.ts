/** Files in the middle of text: uuencode and yEnc. */
import { assertEquals } from "jsr:@std/assert@^1.0.0";
import { ALL, plainYenc } from "../encoding/samples.ts";
import { encodeUu } from "../../../mail/encoding/mod.ts";
import { latin1, read, toLatin1 } from "./samples.ts";

const UU = "begin 644 cat.txt\n#0V%T\n`\nend\n";
const YENC = toLatin1(plainYenc(latin1("Cat"), "cat.bin")).replaceAll(
  "\r\n",
  "\n",
);
const BIG = encodeUu(ALL, { filename: "all.bin" });
const CAT = ["cat.txt", "Cat"];
const YCAT = ["cat.bin", "Cat"];

const TEXTS: [body: string, text: string, ...files: string[][]][] = [
  [UU, "", CAT],
  [`a\n${UU}b\n`, "a\nb\n", CAT],
  [`a\n${UU}${UU}b`, "a\nb", CAT, CAT],
  [`a\n${YENC}b\n`, "a\nb\n", YCAT],
  [`${YENC}${UU}`, "", YCAT, CAT],
  [`${UU}\n${YENC}`, "\n", CAT, YCAT],
  [BIG, "", ["all.bin", toLatin1(ALL)]],
  [BIG.replaceAll("`", " "), "", ["all.bin", toLatin1(ALL)]],
  ["begin 0644 a b.txt\n#0V%T\n`\nend", "", ["a b.txt", "Cat"]],
  // Without the empty line.
  ["begin 644 cat.txt\n#0V%T\nend\n", "", CAT],
  // What only looks like one is text.
  ["begin 644 a\n", "begin 644 a\n"],
  ["begin 644 a\n#0V%T\n`\n", "begin 644 a\n#0V%T\n`\n"],
  ["begin 644 a\nSome text\nend\n", "begin 644 a\nSome text\nend\n"],
  ["begin the day\nend\n", "begin the day\nend\n"],
  [" begin 644 a\n#0V%T\n`\nend\n", " begin 644 a\n#0V%T\n`\nend\n"],
  ["> begin 644 a\n> #0V%T\n", "> begin 644 a\n> #0V%T\n"],
  ["=ybegin \n=yend \n", "=ybegin \n=yend \n"],
  [`begin 644 a\n${UU}`, "begin 644 a\n", CAT],
  [`begin 644 a\n#0V%T\n${UU}`, "begin 644 a\n#0V%T\n", CAT],
  // Damaged ones stay, and hide no others.
  [YENC.replace("size=3", "size=4"), YENC.replace("size=3", "size=4")],
  [
    `=ybegin is the marker\nSome text\n${YENC}after\n`,
    "=ybegin is the marker\nSome text\nafter\n",
    YCAT,
  ],
  [
    `=ybegin is the marker\n${UU}after\n`,
    "=ybegin is the marker\nafter\n",
    CAT,
  ],
  [
    `=ybegin line=1 size=1 name=a\n${UU}`,
    "=ybegin line=1 size=1 name=a\n",
    CAT,
  ],
];

Deno.test("MailMessage finds encoded files in text", async () => {
  for (const [body, text, ...files] of TEXTS) {
    for (const end of ["\n", "\r\n"]) {
      const message = await read("\n" + body.replaceAll("\n", end));
      const what = JSON.stringify(body);
      assertEquals(
        message.attachments.map((one) => [one.filename, toLatin1(one.content)]),
        files,
        what,
      );
      assertEquals(message.text, text, what);
    }
  }
});

Deno.test("MailMessage says of encoded files what they are", async () => {
  const { attachments } = await read(`\n${UU}`);
  assertEquals({ ...attachments[0], content: undefined }, {
    filename: "cat.txt",
    contentType: "application/octet-stream",
    disposition: "attachment",
    content: undefined,
  });
});

Deno.test("MailMessage finds encoded files behind a transfer encoding, and in no HTML", async () => {
  const encoded = await read(
    `Content-Transfer-Encoding: base64\n\n${btoa(UU)}\n`,
  );
  assertEquals(encoded.attachments.length, 1);
  const html = await read(`Content-Type: text/html\n\n${UU}`);
  assertEquals([html.attachments.length, html.html], [0, UU]);
});

Deno.test("MailMessage leaves winmail.dat as an attachment", async () => {
  const tnef = "\x78\x9f\x3e\x22\x01\x00\x06\x90";
  const { attachments, text } = await read(
    "Content-Type: multipart/mixed; boundary=b\n\n--b\n\nSee file\n" +
      "--b\nContent-Type: application/ms-tnef; name=winmail.dat\n" +
      "Content-Transfer-Encoding: base64\n" +
      `Content-Disposition: attachment; filename=winmail.dat\n\n${
        btoa(tnef)
      }\n--b--\n`,
  );
  assertEquals(text, "See file");
  assertEquals(
    attachments.map((
      one,
    ) => [one.filename, one.contentType, toLatin1(one.content)]),
    [
      ["winmail.dat", "application/ms-tnef", tnef],
    ],
  );
});
