import { assertEquals } from "jsr:@std/assert@^1.0.0";
import { SmtpClient, type SmtpConnectOptions } from "../../mail/smtp/mod.ts";
import { assertDelivered } from "../mail/smtp/stories.ts";
import { type DovecotDaemon, startDovecot } from "./servers/dovecot.ts";

function ways(daemon: DovecotDaemon): SmtpConnectOptions[] {
  const { hostname } = daemon;
  return [
    { protocol: "lmtp", hostname, port: daemon.lmtpPort },
    { protocol: "lmtp", path: daemon.lmtpPath },
  ];
}

Deno.test("SmtpClient delivers to dovecot by LMTP, each recipient for himself", async () => {
  await using daemon = await startDovecot();
  const { domain } = daemon;
  for (const options of ways(daemon)) {
    await using lmtp = await SmtpClient.connect(options);
    for (const size of [10, 3_000_000]) {
      const message = "Subject: one\r\n\r\n.\r\n" + "x".repeat(70) + "\r\n" +
        "line\r\n".repeat(size / 6);
      const result = await lmtp.sendMail({
        from: `eve@${domain}`,
        to: [`ada@${domain}`, `nobody@${domain}`, `bob@${domain}`],
      }, message);
      assertEquals(result.accepted, [`ada@${domain}`, `bob@${domain}`]);
      assertEquals(
        result.rejected.map(({ address, reply }) => [
          address,
          reply.code,
        ]),
        [[`nobody@${domain}`, 550]],
      );
      for (const name of ["ada", "bob"]) {
        assertDelivered(await daemon.take(name), message);
      }
    }
  }
});
