/** Other people's clients of mail servers, for what is to be shown of these. */
import { join } from "node:path";
import { tempDir } from "../../_support/temp_dir.ts";
import type { MailDaemon } from "./_mail_daemon.ts";

/** How a port is protected. */
export type Tls = "none" | "starttls" | "implicit";

/** One port of a server, and one way to use it. */
export interface Way {
  port: number;
  tls: Tls;
  /** What it asks of those who want to deliver. */
  auth: "none" | "offered" | "demanded";
}

/** Sends a message from ada to bob. */
export async function curl(
  daemon: MailDaemon,
  { port, tls }: Way,
  message: string,
  o: { signIn?: boolean; options?: string[] },
): Promise<void> {
  await using files = await tempDir();
  const [ca, file] = [join(files.path, "ca.pem"), join(files.path, "message")];
  await Deno.writeTextFile(ca, daemon.caPem);
  await Deno.writeTextFile(file, message);
  const scheme = tls === "implicit" ? "smtps" : "smtp";
  await output("/usr/bin/curl", [
    ...["-sS", "-q", "--max-time", "60", "--noproxy", "*"],
    ...(o.signIn ? ["--user", `${daemon.user}:${daemon.password}`] : []),
    ...(tls === "none" ? [] : ["--ssl-reqd", "--cacert", ca]),
    ...["--mail-from", "ada@example.test", "--mail-rcpt", "bob@example.test"],
    ...["--upload-file", file, ...o.options ?? []],
    `${scheme}://${daemon.hostname}:${port}/client.example`,
  ]);
}

/** Sends its own test message from ada, and says what was said. */
export function swaks(
  daemon: MailDaemon,
  { port, tls }: Way,
  signIn: boolean,
  ...to: string[]
): Promise<string> {
  return output("/usr/bin/swaks", [
    ...["--server", `127.0.0.1:${port}`, "--ehlo", "client.example"],
    ...["--from", "ada@example.test", "--timeout", "60"],
    ...["--to", to.map((name) => `${name}@example.test`).join()],
    ...{ none: [], starttls: ["--tls"], implicit: ["--tls-on-connect"] }[tls],
    ...(signIn ? ["--auth", "PLAIN", "--auth-user", daemon.user] : []),
    ...(signIn ? ["--auth-password", daemon.password] : []),
  ]);
}

const PYTHON = `
import json, smtplib, ssl, sys

o = json.loads(sys.argv[1])
context = ssl.create_default_context(cadata=o["ca"])
if o["tls"] == "implicit":
    smtp = smtplib.SMTP_SSL(o["host"], o["port"], context=context, timeout=60)
else:
    smtp = smtplib.SMTP(o["host"], o["port"], timeout=60)
if o["tls"] == "starttls":
    smtp.starttls(context=context)
smtp.ehlo()
wrong = right = None
if o["auth"] != "none":
    try:
        smtp.login(o["user"], "wrong")
    except smtplib.SMTPAuthenticationError as error:
        wrong = error.smtp_code
    right = smtp.login(o["user"], o["password"])[0]
refused = smtp.sendmail("ada@example.test", ["jörg@example.test"],
    "Subject: Grüße\\r\\n\\r\\nHallo\\r\\n".encode(),
    ["SMTPUTF8", "BODY=8BITMIME"])
smtp.quit()
print(json.dumps({"wrong": wrong, "right": right, "utf8": refused == {}}))
`;

/** Signs in, wrongly first, and sends a message from ada to jörg. */
export async function python(
  { hostname, caPem, user, password }: MailDaemon,
  way: Way,
): Promise<unknown> {
  const o = { ...way, host: hostname, ca: caPem, user, password };
  return JSON.parse(
    await output("/usr/bin/python3", ["-c", PYTHON, JSON.stringify(o)]),
  );
}

/** What a client prints; that it fails is an error with all it said. */
export async function output(command: string, args: string[]): Promise<string> {
  const { success, stdout, stderr } = await new Deno.Command(command, { args })
    .output();
  if (success) return text(stdout);
  throw new Error(text(stdout) + text(stderr));
}

/** Bytes as text. */
export function text(bytes: Uint8Array): string {
  return new TextDecoder().decode(bytes);
}
