/** What is read from the header and the body of one part. */
import { assert, assertEquals } from "jsr:@std/assert@^1.0.0";
import { read, toLatin1, utf8 } from "./samples.ts";

const SUBJECTS: [field: string, subject: string][] = [
  ["Hello", "Hello"],
  ["  Hello \t", "Hello"],
  ["Hello\n World", "Hello World"],
  ["Hello\r\n\t World", "Hello\t World"],
  [utf8("Grüße"), "Grüße"],
  [utf8("voilà"), "voilà"],
  [utf8("\u2003x\u3000"), "\u2003x\u3000"],
  ["Gr\xfc\xdfe", "Grüße"],
  ["\xa0x\xa0", "\xa0x\xa0"],
  ["=?utf-8?Q?Gr=C3=BC=C3=9Fe?=", "Grüße"],
  ["=?UTF-8?q?Gr=c3=bc=c3=9fe?=", "Grüße"],
  ["=?utf-8?Q?Gr=C3=BC?=\n =?utf-8?Q?=C3=9Fe?=", "Grüße"],
  ["=?utf-8?Q?Gr=C3?=\n =?utf-8?Q?=BC=C3=9Fe?=", "Grüße"],
  ["=?utf-8?B?R3LD?= =?utf-8?B?vMOfZQ==?=", "Grüße"],
  ["=?utf-8?Q?a b c?=", "a b c"],
  [`=?utf-8?Q?Gr\xc3\xbc?=`, "Grü"],
  [
    "=?iso-2022-jp?B?GyRCRnxLXBsoQg==?=\n =?iso-2022-jp?B?GyRCRnxLXBsoQg==?=",
    "日本日本",
  ],
  ["=?utf-8?Q?a=0D=0ABcc:_x?=", "a Bcc: x"],
  ["=?utf-8?Q?a=00b?=", "a b"],
  ["=?x-unknown?Q?Gr=FC=DFe?=", "Grüße"],
];

Deno.test("MailMessage.subject is the text that was meant", async () => {
  for (const [field, subject] of SUBJECTS) {
    const message = await read(`Subject: ${field}\n\n`);
    assertEquals(message.subject, subject, JSON.stringify(field));
  }
});

/** Encoded words and 8-bit bytes in fields of addresses. */
const SENDERS: [field: string, name: string, address: string][] = [
  ["=?utf-8?Q?Gr=C3=BC=C3=9Fe?= <a@b.c>", "Grüße", "a@b.c"],
  ['"=?utf-8?Q?Gr=C3=BC=C3=9Fe?=" <a@b.c>', "Grüße", "a@b.c"],
  ["a@b.c (=?utf-8?Q?Gr=C3=BC=C3=9Fe?=)", "Grüße", "a@b.c"],
  ["=?utf-8?Q?Gr=C3=BC?= =?utf-8?Q?=C3=9Fe?= <a@b.c>", "Grüße", "a@b.c"],
  [utf8("Grüße <a@b.c>"), "Grüße", "a@b.c"],
  ["Gr\xfc\xdfe <a@b.c>", "Grüße", "a@b.c"],
  [utf8("Grüße <ü@bücher.example>"), "Grüße", "ü@bücher.example"],
  ["=?utf-8?Q?Doe,_John?= <j@x.y>", "Doe, John", "j@x.y"],
  ["=?utf-8?Q?John_(Sales)?= <j@x.y>", "John (Sales)", "j@x.y"],
  ["=?utf-8?Q?a=0D=0ABcc=3A_x?= <a@b.c>", "a Bcc: x", "a@b.c"],
];

Deno.test("MailMessage.from has the names that were meant", async () => {
  for (const [field, name, address] of SENDERS) {
    const { from } = await read(`From: ${field}\n\n`);
    assertEquals(from, [{ name, address }], JSON.stringify(field));
  }
});

const TEXTS: [type: string, body: string, text: string][] = [
  ["text/plain", utf8("Grüße"), "Grüße"],
  ["text/plain", "Gr\xfc\xdfe", "Grüße"],
  ["text/plain; charset=us-ascii", utf8("Grüße"), "Grüße"],
  ["text/plain; charset=utf-8", "\xef\xbb\xbfa", "a"],
  ["text/plain; charset=utf-8", "Gr\xfc\xdfe", "Grüße"],
  ["text/plain; charset=ISO-8859-1", "\x80\xe9", "€é"],
  ["text/plain; charset=iso-8859-15", "\xa4", "€"],
  ["text/plain; charset=windows-1251", "\xcf\xf0", "Пр"],
  ["text/plain; charset=cp1251", "\xcf\xf0", "Пр"],
  ["text/plain; charset=CP-1252", "\x80", "€"],
  ["text/plain; charset=win-1250", "\x9a", "š"],
  ["text/plain; charset=cp850", "a", "a"],
  ["text/plain; charset=cp932", "\x93\xfa", "日"],
  ["text/plain; charset=cp936", "\xc4\xe3", "你"],
  ["text/plain; charset=ks_c_5601-1987", "\xc7\xd1", "한"],
  ["text/plain; charset=utf-7", "+AOQ- +- 1+2", "ä + 1+2"],
  ["text/plain; charset=unicode-1-1-utf-7", "a+ZeVnLIqe-b", "a日本語b"],
  ["text/plain; charset=x-unknown", utf8("ü"), "ü"],
  ["text/plain; charset=x-unknown", "\xfc", "ü"],
  ["text/plain; charset=unknown-8bit", "\xfc", "ü"],
  ["text/plain; charset=\"'utf-8'\"", utf8("ü"), "ü"],
  ["text/plain; charset*=us-ascii'en'utf-8", utf8("ü"), "ü"],
  ["text/plain; charset=", utf8("ü"), "ü"],
  ["text/plain; charset=utf-16", "\xfe\xff\0a\0b", "ab"],
  ["text/plain; charset=utf-16", "\xff\xfea\0b\0", "ab"],
  ["text/plain; charset=utf-16be", "\0a\0b", "ab"],
  ["text/plain; charset=iso-2022-jp", "\x1b$BF|\x1b(B\x1b$BK\\\x1b(B", "日本"],
];

Deno.test("MailMessage.text is in the charset that it says, or that it is", async () => {
  for (const [type, body, text] of TEXTS) {
    const message = await read(`Content-Type: ${type}\n\n${body}`);
    assertEquals(message.text, text, JSON.stringify([type, body]));
    assertEquals(message.contentText(), text, type);
  }
});

const BODIES: [
  encoding: string,
  body: string,
  content: string,
  defect?: RegExp,
][] = [
  ["", "a\r\nb\n", "a\r\nb\n"],
  ["7bit", "a=20", "a=20"],
  ["8BIT", "\xfc", "\xfc"],
  ["binary", "\0\xff", "\0\xff"],
  ["base64", "QUJD\n", "ABC"],
  ["BASE64 (really)", "QUJD\n", "ABC"],
  ["base64;", "QUJD\n", "ABC"],
  ["base64", "QU\nJD REVG", "ABCDEF"],
  ["base64", "QUJDRA", "ABCD", /base64/],
  ["base64", "QUJD\n\n-- \nmailing list!", "ABC", /base64/],
  ["quoted-printable", "a=20b=\nc  \n=3d=C3", "a bc\n=\xc3"],
  ["quoted-printable", "a=\r\nb=zz", "ab=zz"],
  ["x-uuencode", "begin 644 cat.txt\n#0V%T\n`\nend\n", "Cat"],
  ["x-uuencode", "no file", "no file", /x-uuencode/],
  ["x-nobody", "a=20", "a=20", /x-nobody/],
];

Deno.test("MailMessage.content() undoes transfer encodings", async () => {
  for (const [encoding, body, content, defect] of BODIES) {
    const field = encoding && `Content-Transfer-Encoding: ${encoding}\n`;
    const message = await read(
      `${field}Content-Type: application/x-a\n\n${body}`,
    );
    const got = toLatin1(message.content());
    const what = JSON.stringify([encoding, body]);
    assert(got.startsWith(content), `${what} ${JSON.stringify(got)}`);
    if (!/mailing/.test(body)) assertEquals(got, content, what);
    if (defect) assert(message.defects.some((one) => defect.test(one)), what);
    else assertEquals(message.defects, [], what);
    message.content();
    assert(message.defects.length <= 1, "noted once");
  }
});

Deno.test("MailMessage reads dates and ids, and what is none is none", async () => {
  const { date, messageId, inReplyTo, references } = await read(
    "Date: Fri, 21 Nov 2025 10:38:59 +0100\nMessage-ID: <a@b>\n" +
      "In-Reply-To: <c@d>\nReferences: <e@f>\n\t<c@d>\n\n",
  );
  assertEquals(date, new Date("2025-11-21T09:38:59Z"));
  assertEquals([messageId, inReplyTo, references], [
    "<a@b>",
    ["<c@d>"],
    ["<e@f>", "<c@d>"],
  ]);
  const none = await read("Date: yesterday\nMessage-ID:\nReferences: a b\n\n");
  assertEquals([none.date, none.messageId, none.references], [
    undefined,
    undefined,
    [],
  ]);
  const empty = await read("");
  assertEquals(
    [
      empty.subject,
      empty.from,
      empty.date,
      empty.messageId,
      empty.text,
      empty.html,
    ],
    ["", [], undefined, undefined, "", undefined],
  );
  assertEquals(empty.attachments, []);
});

Deno.test("MailMessage reads all fields of a name", async () => {
  const message = await read("To: a@b.c\nTO: d@e.f\nCc: g@h.i\n\n");
  assertEquals(message.to.map((one) => "address" in one && one.address), [
    "a@b.c",
    "d@e.f",
  ]);
  assertEquals(message.defects.length, 1);
});

Deno.test("MailMessage.contentType is in lower case with decoded parameters", async () => {
  const { contentType } = await read(
    "Content-Type: Text/X-Y; CharSet=UTF-8; name*=utf-8''%C3%BC; x=\"a;b\"\n\n",
  );
  assertEquals(contentType.type, "text/x-y");
  assertEquals(
    [...contentType.params].sort(),
    [["charset", "UTF-8"], ["name", "ü"], ["x", "a;b"]],
  );
});
