import { assertEquals } from "jsr:@std/assert@^1.0.0";
import { MailMessage } from "../../mail/message/mod.ts";
import { NntpClient } from "../../news/mod.ts";
import { NntpServer } from "../servers/nntp_server.ts";

Deno.test("post() takes a message, whose Bcc is not sent", async () => {
  await using server = await NntpServer.start({ groups: { "a.b": {} } });
  await using nntp = await NntpClient.connect({
    hostname: server.hostname,
    port: server.port,
    timeout: 20_000,
  });
  await nntp.post(
    new MailMessage({
      from: "Ada <ada@example.com>",
      bcc: "secret@example.com",
      subject: "Grüße",
      headers: [["Newsgroups", "a.b"]],
      text: ".\n..hello\n",
    }),
  );
  const posted = await MailMessage.parse(server.posted[0]!);
  assertEquals(posted.headers.get("newsgroups"), "a.b");
  assertEquals(posted.text, ".\n..hello\n");
  assertEquals(posted.subject, "Grüße");
  assertEquals(posted.bcc, []);
});
