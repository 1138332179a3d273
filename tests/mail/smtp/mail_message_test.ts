import {
  assert,
  assertEquals,
  assertRejects,
  assertStringIncludes,
} from "jsr:@std/assert@^1.0.0";
import { MailMessage } from "../../../mail/message/mod.ts";
import { SmtpClient, SmtpPool } from "../../../mail/smtp/mod.ts";
import { SmtpServer } from "../../../mail/smtpd/mod.ts";

interface Received {
  from: string;
  to: string[];
  content: string;
}

/** A server that keeps what it receives. */
function start(): { server: SmtpServer; received: Received[] } {
  const received: Received[] = [];
  const server = new SmtpServer({
    port: 0,
    async onMessage({ from, to }, body) {
      received.push({ from, to, content: await new Response(body).text() });
    },
  });
  return { server, received };
}

function reach({ address }: SmtpServer) {
  return { hostname: "localhost", port: address.port, timeout: 20_000 };
}

function message(): MailMessage {
  return new MailMessage({
    from: ["Ada <ada@a.example>", "eve@a.example"],
    sender: "office@a.example",
    to: "Friends: bob@b.example, carl@c.example;",
    cc: ["dora@d.example", "bob@b.example"],
    bcc: "secret@s.example",
    subject: "Grüße",
    text: ".\nHello",
    attachments: [{ filename: "a.bin", content: new Uint8Array(100_000) }],
  });
}

Deno.test("sendMail() takes the envelope from a message, and Bcc stays secret", async () => {
  const { server, received } = start();
  await using _server = server;
  await using smtp = await SmtpClient.connect(reach(server));
  const { accepted } = await smtp.sendMail(message());
  const to = [
    "bob@b.example",
    "carl@c.example",
    "dora@d.example",
    "secret@s.example",
  ];
  assertEquals(accepted, to);
  assertEquals(received.length, 1);
  const [{ from, content }] = received as [Received];
  assertEquals(from, "office@a.example");
  assertEquals(received[0]!.to, to);
  assert(!/bcc|secret/i.test(content));
  const parsed = await MailMessage.parse(content);
  assertEquals(parsed.subject, "Grüße");
  assertEquals(parsed.text, ".\nHello");
  assertEquals(parsed.attachments[0]!.content, new Uint8Array(100_000));
  assertEquals(parsed.defects, []);
});

Deno.test("sendMail() leaves Bcc out of a message that was read, and changes nothing else", async () => {
  const { server, received } = start();
  await using _server = server;
  await using smtp = await SmtpClient.connect(reach(server));
  const source = "From: a@a.example\r\nX-Odd:  1\r\nbCC: s@s.example,\r\n" +
    " t@s.example\r\nTo: b@b.example\r\n\r\nHello\r\n";
  await smtp.sendMail(await MailMessage.parse(source));
  assertEquals(received, [{
    from: "a@a.example",
    to: ["b@b.example", "s@s.example", "t@s.example"],
    content:
      "From: a@a.example\r\nX-Odd:  1\r\nTo: b@b.example\r\n\r\nHello\r\n",
  }]);
});

Deno.test("sendMail() takes a message below an envelope of its own", async () => {
  const { server, received } = start();
  await using _server = server;
  await using smtp = await SmtpClient.connect(reach(server));
  await smtp.sendMail({ from: "", to: "list@l.example" }, message());
  assertEquals(received[0]!.from, "");
  assertEquals(received[0]!.to, ["list@l.example"]);
  assert(!/bcc|secret/i.test(received[0]!.content));
});

Deno.test("sendMail() refuses a message from nobody or to nobody", async () => {
  const { server, received } = start();
  await using _server = server;
  await using smtp = await SmtpClient.connect(reach(server));
  await assertRejects(
    () => smtp.sendMail(new MailMessage({ to: "b@b.example" })),
    TypeError,
    "Sender or From",
  );
  await assertRejects(
    () => smtp.sendMail(new MailMessage({ from: "b@b.example", to: "x:;" })),
    TypeError,
    "To, Cc or Bcc",
  );
  assertEquals(received, []);
});

Deno.test("sendMail() of a pool takes messages, with streams in them too", async () => {
  const { server, received } = start();
  await using _server = server;
  await using pool = new SmtpPool(reach(server));
  const signal = new AbortController().signal;
  const content = () => new Blob(["x".repeat(300_000)]).stream();
  await Promise.all(
    [content, content()].map((content) =>
      pool.sendMail(
        new MailMessage({
          from: "a@a.example",
          to: "b@b.example",
          attachments: [{ filename: "x.txt", content }],
        }),
        { signal },
      )
    ),
  );
  assertEquals(received.length, 2);
  for (const { content } of received) {
    const { attachments } = await MailMessage.parse(content);
    assertEquals(attachments[0]!.content.length, 300_000);
  }
});

Deno.test("sendMail() rejects where an attached stream fails", async () => {
  const { server, received } = start();
  await using _server = server;
  await using smtp = await SmtpClient.connect(reach(server));
  const content = new ReadableStream<Uint8Array>({
    pull(controller) {
      controller.error(new Error("The disk is gone"));
    },
  });
  const error = await assertRejects(() =>
    smtp.sendMail(
      new MailMessage({
        from: "a@a.example",
        to: "b@b.example",
        attachments: [{ content }],
      }),
    )
  );
  assertStringIncludes(String(error), "The disk is gone");
  assertEquals(received, []);
});

Deno.test("sendMail() sends again to those to whom it is sent again", async () => {
  const { server, received } = start();
  await using _server = server;
  await using smtp = await SmtpClient.connect(reach(server));
  const text = "Resent-From: r@r.example\r\nResent-To: t@t.example\r\n" +
    "Resent-Bcc: s@s.example\r\nFrom: a@a.example\r\nTo: b@b.example\r\n" +
    "Bcc: old@o.example\r\n\r\nHello\r\n";
  await smtp.sendMail(await MailMessage.parse(text));
  const [{ from, to, content }] = received as [Received];
  assertEquals(from, "r@r.example");
  assertEquals(to, ["t@t.example", "s@s.example"]);
  assert(!/bcc/i.test(content));
  await assertRejects(
    async () =>
      smtp.sendMail(
        await MailMessage.parse(`Resent-From: q@q.example\r\n${text}`),
      ),
    TypeError,
    "several times",
  );
});

Deno.test("sendMail() leaves nobody out without a word", async () => {
  const { server, received } = start();
  await using _server = server;
  await using smtp = await SmtpClient.connect(reach(server));
  await assertRejects(
    async () =>
      smtp.sendMail(
        await MailMessage.parse(
          "From: a@a.example\r\nTo: Joe Blow, b@b.example\r\n\r\nHello\r\n",
        ),
      ),
    TypeError,
    '"Joe Blow" in To has no address',
  );
  assertEquals(received, []);
});
