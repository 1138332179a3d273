/** A message with a file in it, from one end of mail to the other. */
import { createHash, generateKeyPairSync } from "node:crypto";
import {
  dkimSign,
  dkimVerify,
  MailMessage,
  Pop3Client,
  SmtpClient,
  SmtpServer,
} from "../../mod.ts";
import { Pop3Server } from "../servers/pop3_server.ts";
import { say, size, speed, Steps } from "./say.ts";

/** People who watch do not wait a minute, the client's default. */
const TIMEOUT = 20_000;
const LARGE = 20_000_000;

/**
 * Makes a message, signs it, sends it by SMTP and reads it back by POP3; throws
 * where the file in it is not the same afterwards.
 */
export async function showMail(signal: AbortSignal): Promise<void> {
  say("A message with a file, by SMTP and back by POP3");
  const steps = new Steps();
  await using pop3Server = await Pop3Server.start();
  await using smtpServer = new SmtpServer({
    port: 0,
    maxSize: 2 * LARGE,
    async onMessage(_envelope, body) {
      pop3Server.deliver("ada", await new Response(body).bytes());
    },
  });
  steps.next("Started a server for each, the one delivering to the other.");

  const file = new Uint8Array(LARGE);
  for (let at = 0; at < LARGE; at += 65_536) {
    crypto.getRandomValues(file.subarray(at, at + 65_536));
  }
  const message = new MailMessage({
    from: "Ada Lovelace <ada@example.com>",
    to: "Ada Lovelace <ada@example.com>",
    bcc: "archive@example.com",
    subject: "Grüße, and the notes",
    text: "The notes are with it.\n",
    html: "<p>The <b>notes</b> are with it.</p>\n",
    attachments: [{
      filename: "Notizen für später.bin",
      content: () => new Blob([file]).stream(),
    }],
  });
  let start = performance.now();
  const { privateKey, publicKey } = generateKeyPairSync("ed25519");
  const signed = await dkimSign(message.toStream(), {
    domain: "example.com",
    selector: "demo",
    privateKey: privateKey.export({ type: "pkcs8", format: "pem" }).toString(),
  });
  steps.next(`Made a message of ${size(signed.length)} and signed it (DKIM):`);
  steps.detail(speed(signed.length, start));

  start = performance.now();
  await using smtp = await SmtpClient.connect({
    hostname: "localhost",
    port: smtpServer.address.port,
    timeout: TIMEOUT,
    signal,
  });
  await smtp.sendMail(await MailMessage.parse(signed));
  await smtp.quit();
  steps.next("Sent it to those whom it names:");
  steps.detail(speed(signed.length, start));

  start = performance.now();
  await using pop3 = await Pop3Client.connect({
    hostname: "localhost",
    port: pop3Server.port,
    timeout: TIMEOUT,
    signal,
  });
  await pop3.login("ada", "secret");
  const content = await new Response(await pop3.retr(1)).bytes();
  await pop3.quit();
  steps.next("Read it back:");
  steps.detail(speed(content.length, start));

  const received = await MailMessage.parse(content);
  steps.detail(`Subject: ${received.subject}`);
  const [attachment] = received.attachments;
  steps.detail(`${attachment?.filename}, ${size(attachment!.content.length)}`);
  if (sha256(attachment!.content) !== sha256(file)) {
    throw new Error("The file is not the same here");
  }
  const key = publicKey.export({ type: "spki", format: "der" }).subarray(-32);
  const [verdict] = await dkimVerify(
    content,
    () => Promise.resolve([`k=ed25519; p=${key.toString("base64")}`]),
  );
  if (verdict?.result !== "pass") {
    throw new Error(`The signature is not good: ${verdict?.reason}`);
  }
  steps.next(
    "Compared SHA-256 hashes: the file is the same, the signature good.",
  );
}

function sha256(bytes: Uint8Array): string {
  return createHash("sha256").update(bytes).digest("hex");
}
