import {
  assert,
  assertEquals,
  assertRejects,
  assertStringIncludes,
} from "jsr:@std/assert@^1.0.0";
import { SmtpClient, SmtpError } from "../../mail/smtp/mod.ts";
import { smtpStories, type Traits } from "../mail/smtp/stories.ts";
import { startPostfix } from "./servers/postfix.ts";

const common = {
  mechanisms: ["SCRAM-SHA-256", "SCRAM-SHA-1", "CRAM-MD5", "PLAIN", "LOGIN"],
  uses: ["PIPELINING", "SIZE", "CHUNKING"],
  utf8: true,
  // Debian's postfix asks for nothing before a sender.
  signIn: false,
} satisfies Partial<Traits>;

smtpStories("postfix in the clear", () => startPostfix(), {
  tls: "none",
  ...common,
  mechanisms: [],
});
smtpStories("postfix with STARTTLS, signed in", async () => {
  const daemon = await startPostfix();
  return { ...daemon, port: daemon.submissionPort };
}, { tls: "starttls", ...common, signIn: true });
smtpStories("postfix with implicit TLS, signed in", async () => {
  const daemon = await startPostfix();
  return { ...daemon, port: daemon.smtpsPort };
}, { tls: "implicit", ...common, signIn: true });

Deno.test("SmtpClient gets notices of delivery from postfix", async () => {
  await using daemon = await startPostfix();
  const { hostname, port, domain } = daemon;
  await using smtp = await SmtpClient.connect({ hostname, port });
  const result = await smtp.sendMail({
    from: `ada@${domain}`,
    to: `bob@${domain}`,
    dsn: {
      ret: "headers",
      envId: "order 66",
      notify: ["success"],
      orcpt: { [`bob@${domain}`]: `robert@${domain}` },
    },
  }, `From: ada@${domain}\r\nSubject: Notice\r\n\r\nHello\r\n`);
  assert(result.extensions.includes("DSN"));
  await daemon.take("bob");
  const notice = new TextDecoder().decode(await daemon.take("ada"));
  assertStringIncludes(notice, "Original-Envelope-Id: order 66");
  assertStringIncludes(notice, `Original-Recipient: rfc822;robert@${domain}`);
  assertStringIncludes(notice, "Action: delivered");
});

Deno.test("SmtpClient sends postfix a message by DATA where it may not use BDAT", async () => {
  await using daemon = await startPostfix();
  const { hostname, port, domain } = daemon;
  const lines: string[] = [];
  await using smtp = await SmtpClient.connect({
    hostname,
    port,
    onTrace: ({ direction, line }) => direction === "send" && lines.push(line),
  });
  await smtp.helo("client.example");
  await smtp.sendMail(
    { from: "", to: [`ada@${domain}`, `bob@${domain}`] },
    `Subject: x\r\n\r\n${".\r\n".repeat(50_000)}`,
  );
  assertEquals(lines.slice(2), [
    "MAIL FROM:<>",
    `RCPT TO:<ada@${domain}>`,
    `RCPT TO:<bob@${domain}>`,
    "DATA",
  ]);
  for (const name of ["ada", "bob"]) {
    const got = new TextDecoder().decode(await daemon.take(name));
    assert(got.endsWith("\n\n" + ".\n".repeat(50_000)));
  }
});

Deno.test("SmtpClient signs in to postfix by an access token, and not by a wrong one", async () => {
  await using daemon = await startPostfix();
  const { hostname, submissionPort, caPem, accessToken } = daemon;
  for (const mechanism of ["XOAUTH2", "OAUTHBEARER", undefined]) {
    const lines: string[] = [];
    await using smtp = await SmtpClient.connect({
      hostname,
      port: submissionPort,
      tls: "starttls",
      tlsOptions: { caCerts: [caPem] },
      onTrace: ({ line }) => lines.push(line),
    });
    const wrong = accessToken.slice(0, -8) + "AAAAAAAA";
    const error = await assertRejects(
      () => smtp.login("ada", { accessToken: wrong }, { mechanism }),
      SmtpError,
    );
    assertEquals(error.code, 535);
    await smtp.login("ada", { accessToken }, { mechanism });
    const seen = [...lines, error.message, error.stack].join("\n");
    assert(!seen.includes(wrong) && !seen.includes(accessToken));
    await smtp.noop();
  }
});
