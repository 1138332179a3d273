/** Mail is answered and forwarded with what stands in it, however odd. */
import { assertEquals, assertStringIncludes } from "jsr:@std/assert@^1.0.0";
import { MailMessage } from "../../../mail/message/mod.ts";

const ODD_SENDERS = [
  ...["MAILER-DAEMON", '"Mail Delivery" <>', "host!user", "[mailto:a@b.c]"],
  ...["=?utf-8?Q?a=40b.c?=", '"Joe <a@b>', "a@b.c <>", "Joe (<a@b>", "a@"],
  ...["<@b>", "a@b@c", "a@@b", "a\0@b", "x@[1.2.3.4]", '"a b"@c.d', '"a b"'],
];

Deno.test("MailMessage takes for an answer what it has read", async () => {
  for (const sender of ODD_SENDERS) {
    const message = await MailMessage.parse(
      `From: ${sender}\r\nCc: ada@example.com\r\nSubject: a\0b\r\n` +
        "Message-ID: <müller@x>\r\nReferences: <a\x01@b> <> <c@d>\r\n\r\n",
    );
    const answer = new MailMessage({
      from: "bob@example.com",
      to: message.from,
      cc: message.cc,
      subject: `Re: ${message.subject}`,
      inReplyTo: message.messageId,
      references: [...message.references, message.messageId!],
    });
    const sent = await MailMessage.parse(await answer.toBytes());
    assertEquals(sent.cc, [{ name: "", address: "ada@example.com" }]);
    assertEquals(sent.subject, "Re: a b");
    assertEquals(sent.references, ["<c@d>", "<müller@x>"]);
    assertEquals(sent.inReplyTo, ["<müller@x>"]);
    const reachable = message.from.filter((one) =>
      "address" in one && one.address !== ""
    );
    assertEquals(sent.to, reachable, sender);
  }
});

Deno.test("MailMessage.messageId is undefined where there is none in it", async () => {
  const message = await MailMessage.parse("Message-ID: <>\r\n\r\n");
  assertEquals(message.messageId, undefined);
});

Deno.test("MailMessage.text ends where the padding of its base64 does", async () => {
  const header = "Content-Transfer-Encoding: base64\r\n\r\n";
  const footer = "aGVsbG8=\r\n-- \r\nmailing list footer\r\n";
  const message = await MailMessage.parse(header + footer);
  assertEquals(message.text, "hello");
  assertEquals(message.defects.length, 1);
  // What looks like more of it is.
  const twice = await MailMessage.parse(`${header}aGVsbG8=\r\naGVsbG8=\r\n`);
  assertEquals(twice.text, "hellohello");
});

Deno.test("MailMessage says where a file in the text is damaged", async () => {
  const message = await MailMessage.parse(
    "Subject: x\n\n=ybegin line=128 size=3 name=a\n<a,\n=yend size=3 crc32=12345678\n",
  );
  assertStringIncludes(message.text!, "=ybegin");
  assertEquals(message.attachments, []);
  assertEquals(message.defects, [
    "A file in the text is damaged, and left there",
  ]);
});

Deno.test("MailMessage attaches a File under its name", () => {
  const content = new File(["x"], "kätze.png");
  const [attachment] = new MailMessage({ attachments: [{ content }] })
    .attachments;
  assertEquals(attachment!.filename, "kätze.png");
  assertEquals(attachment!.contentType, "image/png");
});
