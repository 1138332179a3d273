/** Our SMTP server, with the clients that others use. */
import {
  assert,
  assertEquals,
  assertStringIncludes,
} from "jsr:@std/assert@^1.0.0";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import {
  deriveScramKeys,
  type ReceivedEnvelope,
  SmtpError,
  SmtpServer,
} from "../../mail/smtpd/mod.ts";
import { createAuthority } from "../_support/certificates.ts";
import { tempDir } from "../_support/temp_dir.ts";

const PEERS = fileURLToPath(new URL("../../.cache/peers/", import.meta.url));

interface Received {
  envelope: ReceivedEnvelope;
  text: string;
  secure: boolean;
  user: string | undefined;
}

interface Stage extends AsyncDisposable {
  port: number;
  received: Received[];
  /** A directory with `ca.pem`, and `message.eml` to be sent. */
  dir: string;
  message: string;
}

/** A message with all that can go wrong on the way. */
const MESSAGE = "From: ada@example.com\r\nTo: bob@example.com\r\n" +
  "Subject: =?utf-8?q?Gr=C3=BC=C3=9Fe?=\r\n\r\n.\r\n..\r\n.a\r\n\r\n" +
  "x".repeat(900) + "\r\nend\r\n";

async function stage(implicitTls = false): Promise<Stage> {
  const temp = await tempDir();
  const authority = await createAuthority();
  await Deno.writeTextFile(join(temp.path, "ca.pem"), authority.caPem);
  await Deno.writeTextFile(join(temp.path, "message.eml"), MESSAGE);
  const received: Received[] = [];
  const keys = await deriveScramKeys("secret");
  const server = new SmtpServer({
    port: 0,
    ...await authority.issue(),
    implicitTls,
    authenticate: (user, password) => user === "ada" && password === "secret",
    scramKeys: (user) => user === "ada" ? keys : undefined,
    onRecipient(address) {
      if (address.startsWith("nobody@")) {
        throw new SmtpError(550, "5.1.1", "There is no such mailbox");
      }
    },
    async onMessage(envelope, body, { secure, user }) {
      received.push({
        envelope,
        text: await new Response(body).text(),
        secure,
        user,
      });
    },
  });
  return {
    port: server.address.port,
    received,
    dir: temp.path,
    message: join(temp.path, "message.eml"),
    async [Symbol.asyncDispose]() {
      await server[Symbol.asyncDispose]();
      await temp[Symbol.asyncDispose]();
    },
  };
}

async function run(
  command: string,
  args: string[],
  env: Record<string, string> = {},
): Promise<{ code: number; output: string }> {
  const { code, stdout, stderr } = await new Deno.Command(command, {
    args,
    env,
  }).output();
  const text = new TextDecoder();
  return { code, output: text.decode(stdout) + text.decode(stderr) };
}

async function runWell(
  command: string,
  args: string[],
  env: Record<string, string> = {},
): Promise<string> {
  const { code, output } = await run(command, args, env);
  assertEquals(code, 0, output);
  return output;
}

Deno.test("SmtpServer with curl: plain, STARTTLS and implicit TLS, AUTH", async () => {
  for (const mode of ["plain", "starttls", "implicit"]) {
    await using at = await stage(mode === "implicit");
    const scheme = mode === "implicit" ? "smtps" : "smtp";
    await runWell("curl", [
      "-sS",
      `${scheme}://localhost:${at.port}/client.example`,
      ...(mode === "plain" ? [] : ["--cacert", join(at.dir, "ca.pem")]),
      ...(mode === "starttls" ? ["--ssl-reqd"] : []),
      "--user",
      "ada:secret",
      "--mail-from",
      "ada@example.com",
      "--mail-rcpt",
      "bob@example.com",
      "--mail-rcpt",
      "eve@example.com",
      "--upload-file",
      at.message,
    ]);
    const [one] = at.received;
    assertEquals(one!.text, MESSAGE);
    assertEquals(one!.secure, mode !== "plain");
    assertEquals(one!.user, "ada");
    assertEquals(one!.envelope.from, "ada@example.com");
    assertEquals(one!.envelope.to, ["bob@example.com", "eve@example.com"]);
    assertEquals(one!.envelope.size, MESSAGE.length);
  }
});

Deno.test("SmtpServer refuses curl a wrong password and a bad recipient", async () => {
  await using at = await stage();
  const url = `smtp://localhost:${at.port}`;
  const mail = ["--mail-from", "a@b.c", "--upload-file", at.message];
  const login = await run("curl", [
    ...["-sS", url, "--user", "ada:wrong", "--mail-rcpt", "d@e.f"],
    ...mail,
  ]);
  assertEquals(login.code, 67, login.output);
  const refused = await run("curl", [
    ...["-sS", url, "--mail-rcpt", "nobody@e.f"],
    ...mail,
  ]);
  assertEquals(refused.code, 55, refused.output);
  assertEquals(at.received, []);
});

Deno.test("SmtpServer with swaks: TLS, mechanisms, pipelining and DSN", async () => {
  for (
    const options of [
      [],
      ["--pipeline"],
      ["--tls", "--auth", "PLAIN"],
      ["--tls", "--auth", "LOGIN", "--pipeline"],
    ]
  ) {
    await using at = await stage();
    const output = await runWell("swaks", [
      "--server",
      "localhost",
      "--port",
      `${at.port}`,
      "--from",
      "ada@example.com",
      "--to",
      "bob@example.com,eve@example.com",
      ...options,
      ...(options.includes("--auth")
        ? ["--auth-user", "ada", "--auth-password", "secret"]
        : []),
      "--data",
      `@${at.message}`,
    ]);
    assertStringIncludes(output, "250 2.0.0 OK: accepted");
    const [one] = at.received;
    // It ends what it is given with an empty line of its own.
    assert(one!.text.startsWith(MESSAGE), one!.text);
    assertEquals(one!.secure, options.includes("--tls"));
    assertEquals(one!.user, options.includes("--auth") ? "ada" : undefined);
  }
});

Deno.test("SmtpServer with Python's smtplib", async () => {
  await using at = await stage();
  const script = `
import email, email.policy, smtplib, ssl, sys
port, ca, path = sys.argv[1:]
message = open(path, "rb").read()
with smtplib.SMTP("localhost", int(port)) as smtp:
    smtp.starttls(context=ssl.create_default_context(cafile=ca))
    try:
        smtp.login("ada", "wrong")
    except smtplib.SMTPAuthenticationError as error:
        assert error.smtp_code == 535
    smtp.login("ada", "secret")
    refused = smtp.sendmail("ada@example.com",
        ["bob@example.com", "nobody@example.com"], message,
        mail_options=["BODY=8BITMIME", "RET=HDRS", "ENVID=a+20b"],
        rcpt_options=["NOTIFY=SUCCESS,DELAY"])
    assert list(refused) == ["nobody@example.com"], refused
    assert refused["nobody@example.com"][0] == 550
    try:
        smtp.sendmail("ada@example.com", ["nobody@example.com"], message)
        raise SystemExit("it was accepted")
    except smtplib.SMTPRecipientsRefused:
        pass
    parsed = email.message_from_bytes(message, policy=email.policy.SMTP)
    smtp.send_message(parsed, "jörg@example.com", ["bob@example.com"])
    assert smtp.verify("bob")[0] == 252
    assert smtp.docmd("HELP")[0] == 214
    smtp.noop()
`;
  await runWell("/usr/bin/python3", [
    "-c",
    script,
    `${at.port}`,
    join(at.dir, "ca.pem"),
    at.message,
  ]);
  const [one, two] = at.received;
  assertEquals(one!.text, MESSAGE);
  assertEquals(one!.envelope.to, ["bob@example.com"]);
  assertEquals(one!.envelope.envId, "a b");
  assertEquals(one!.envelope.ret, "headers");
  assertEquals(one!.envelope.body, "8bitmime");
  assertEquals(one!.envelope.recipients[0]!.notify, ["success", "delay"]);
  assertEquals([one!.secure, one!.user], [true, "ada"]);
  assertEquals(two!.envelope.from, "jörg@example.com");
  assertEquals(two!.envelope.smtpUtf8, true);
});

Deno.test("SmtpServer with nodemailer: STARTTLS, a pool, SMTPUTF8", async () => {
  await using at = await stage();
  const script = `
const nodemailer = require("nodemailer");
const fs = require("fs");
const [port, ca, path] = process.argv.slice(1);
const transport = nodemailer.createTransport({
  host: "localhost", port: Number(port), requireTLS: true,
  tls: { ca: fs.readFileSync(ca) }, pool: true, maxConnections: 3,
  auth: { user: "ada", pass: "secret" },
});
const raw = fs.readFileSync(path);
(async () => {
  const sent = await Promise.all(Array.from({ length: 20 }, (_, n) =>
    transport.sendMail({
      envelope: { from: "ada@example.com",
        to: ["bob" + n + "@example.com", "nobody@example.com"] }, raw })));
  for (const info of sent) {
    if (info.rejected.length !== 1) throw new Error("nothing was rejected");
  }
  const big = await transport.sendMail({ from: "ada@example.com",
    to: "jörg@example.com", subject: "Grüße", text: "Hallo\\n.\\nWelt\\n",
    attachments: [{ filename: "a.bin", content: Buffer.alloc(3000000, 7) }] });
  transport.close();
})().catch((error) => { console.error(error); process.exit(1); });
`;
  await runWell("node", [
    "-e",
    script,
    `${at.port}`,
    join(at.dir, "ca.pem"),
    at.message,
  ], { NODE_PATH: join(PEERS, "node_modules") });
  assertEquals(at.received.length, 21);
  const small = at.received.filter(({ text }) => text === MESSAGE);
  assertEquals(small.length, 20);
  assertEquals(
    new Set(small.map(({ envelope }) => envelope.to.join())).size,
    20,
  );
  const big = at.received.find(({ text }) => text !== MESSAGE)!;
  assertEquals(big.envelope.to, ["jörg@example.com"]);
  assert(big.text.length > 4_000_000);
  assert(at.received.every(({ secure, user }) => secure && user === "ada"));
});
