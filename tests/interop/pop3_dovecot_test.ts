import { assertEquals, assertRejects } from "jsr:@std/assert@^1.0.0";
import { Pop3Client, Pop3Error } from "../../mail/pop3/mod.ts";
import {
  MESSAGES,
  pop3Stories,
  type Pop3Target,
} from "../mail/pop3/stories.ts";
import { startDovecot } from "./servers/dovecot.ts";

async function start(tls: boolean): Promise<Pop3Target> {
  const daemon = await startDovecot();
  await daemon.store("ada", MESSAGES);
  return { ...daemon, port: tls ? daemon.pop3sPort : daemon.pop3Port };
}

const mechanisms = [
  "SCRAM-SHA-256",
  "SCRAM-SHA-1",
  "CRAM-MD5",
  "PLAIN",
  "LOGIN",
  "APOP",
  "USER",
];

pop3Stories("dovecot in the clear", () => start(false), {
  tls: "none",
  mechanisms,
});
pop3Stories("dovecot with STLS", () => start(false), {
  tls: "starttls",
  mechanisms,
});
pop3Stories("dovecot with implicit TLS", () => start(true), {
  tls: "implicit",
  mechanisms,
});

Deno.test("Pop3Client signs in to dovecot by an access token, and not by a wrong one", async () => {
  await using daemon = await startDovecot();
  const { hostname, caPem, accessToken } = daemon;
  for (const mechanism of ["XOAUTH2", "OAUTHBEARER", undefined]) {
    const connect = () =>
      Pop3Client.connect({
        hostname,
        port: daemon.pop3Port,
        tls: "starttls",
        tlsOptions: { caCerts: [caPem] },
      });
    await using pop3 = await connect();
    await pop3.login("ada", { accessToken }, { mechanism });
    assertEquals((await pop3.stat()).count, 0);
    await using other = await connect();
    const wrong = accessToken.slice(0, -8) + "AAAAAAAA";
    await assertRejects(
      () => other.login("ada", { accessToken: wrong }, { mechanism }),
      Pop3Error,
    );
  }
});
