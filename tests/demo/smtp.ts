/** What SMTP can do: on a server of our own, and what any other offers. */
import { createHash } from "node:crypto";
import {
  deriveScramKeys,
  type SendResult,
  SmtpClient,
  type SmtpConnectOptions,
  SmtpError,
  SmtpPool,
  SmtpServer,
} from "../../mod.ts";
import { createAuthority } from "../_support/certificates.ts";
import { say, size, speed, Steps } from "./say.ts";

/** People who watch do not wait for minutes, the client's default. */
const TIMEOUT = 20_000;
const LARGE = 30_000_000;
const MANY = 500;

/** What the server has received: SHA-256 and sender of each message. */
type Received = Map<string, string>;

/**
 * Sends all kinds of messages to a server of our own; throws where one is not
 * the same afterwards.
 */
export async function showSmtp(signal: AbortSignal): Promise<void> {
  say("SMTP with STARTTLS");
  const steps = new Steps();
  const received: Received = new Map();
  const { server, caPem } = await startServer(received);
  await using _server = server;
  const { hostname, port } = { ...server.address, hostname: "localhost" };
  steps.next(`Started a server of our own at ${hostname}:${port}.`);

  const options: SmtpConnectOptions = {
    hostname,
    port,
    tls: "starttls",
    tlsOptions: { caCerts: [caPem] },
    timeout: TIMEOUT,
    signal,
  };
  await using smtp = await SmtpClient.connect(options);
  steps.next("Connected, checked its certificate. It offers:");
  steps.detail([...smtp.extensions.keys()].join(", "));
  await smtp.login("ada", "secret");
  steps.next('Signed in as "ada" by SCRAM, which sends no password.');

  const note = "Subject: Lunch\r\n\r\nAt noon?\n.\nRSET\n.hidden\r\n";
  const { accepted, rejected } = await smtp.sendMail({
    from: "ada@example.com",
    to: ["bob@example.com", "eve@elsewhere.example"],
  }, note);
  steps.next("Sent a message that tries to end early, to two people:");
  steps.detail(`accepted: ${accepted}`);
  for (const { address, reply } of rejected) {
    steps.detail(`refused: ${address} (${reply.code} ${reply.text})`);
  }
  expect(received, note.replace(/\r?\n/g, "\r\n"));

  const start = performance.now();
  const large = await sendLarge(smtp);
  steps.next("Sent a message of any size in constant memory:");
  steps.detail(`${speed(LARGE, start)}, by ${large.extensions.join(", ")}`);
  await smtp.quit();

  await sendMany(steps, options, received);
}

async function startServer(
  received: Received,
): Promise<{ server: SmtpServer; caPem: string }> {
  const authority = await createAuthority();
  const keys = await deriveScramKeys("secret");
  const server = new SmtpServer({
    port: 0,
    ...await authority.issue(),
    maxSize: 2 * LARGE,
    scramKeys: (user) => user === "ada" ? keys : undefined,
    onRecipient(address) {
      if (!address.endsWith("@example.com")) {
        throw new SmtpError(550, "5.7.1", "We do not relay");
      }
    },
    async onMessage({ from }, body) {
      const hash = createHash("sha256");
      for await (const chunk of body) hash.update(chunk);
      received.set(hash.digest("hex"), from);
    },
  });
  return { server, caPem: authority.caPem };
}

function sendLarge(smtp: SmtpClient): Promise<SendResult> {
  const lines = ("x".repeat(74) + "\r\n").repeat(1_000);
  const part = new TextEncoder().encode(lines);
  async function* body() {
    for (let sent = 0; sent < LARGE; sent += part.length) yield part;
  }
  return smtp.sendMail(
    { from: "ada@example.com", to: "bob@example.com" },
    body(),
  );
}

async function sendMany(
  steps: Steps,
  options: SmtpConnectOptions,
  received: Received,
): Promise<void> {
  await using pool = new SmtpPool({
    ...options,
    auth: { user: "ada", secret: "secret" },
    maxConnections: 4,
    maxMessages: 100,
  });
  const start = performance.now();
  const messages = Array.from(
    { length: MANY },
    (_, n) => `Subject: News ${n}\r\n\r\nNothing new today.\r\n`,
  );
  await Promise.all(messages.map((message, n) =>
    pool.sendMail(
      { from: "ada@example.com", to: `reader${n}@example.com` },
      message,
    )
  ));
  const seconds = (performance.now() - start) / 1000;
  steps.next(`Sent ${MANY} messages by a pool of 4 connections:`);
  steps.detail(`${Math.round(MANY / seconds)} a second`);
  for (const message of messages) expect(received, message);
  steps.next("Compared SHA-256 hashes: every message came as it was sent.");
}

/** The message must have come exactly so. */
function expect(received: Received, message: string): void {
  const sum = createHash("sha256").update(message).digest("hex");
  if (!received.has(sum)) {
    throw new Error(
      `Cannot find a message of ${size(message.length)} among those received`,
    );
  }
}

/** Shows what a server offers; signs in where the URL has a user. */
export async function readSmtp(url: URL, signal: AbortSignal): Promise<void> {
  const steps = new Steps();
  const mode = url.searchParams.get("tls");
  if (mode !== null && (mode !== "starttls" || url.protocol !== "smtp:")) {
    throw new TypeError("Cannot read the URL: it may end in ?tls=starttls");
  }
  const tls = url.protocol === "smtps:" ? "implicit" : mode ?? "none";
  await using smtp = await SmtpClient.connect({
    hostname: url.hostname,
    ...(url.port !== "" && { port: Number(url.port) }),
    tls,
    timeout: TIMEOUT,
    signal,
  });
  steps.next(
    `Connected to ${smtp.hostname}:${smtp.port}` +
      (smtp.secure ? " over TLS." : " without TLS."),
  );
  if (url.username !== "") {
    await smtp.login(
      decodeURIComponent(url.username),
      decodeURIComponent(url.password),
    );
    steps.next(`Signed in as ${decodeURIComponent(url.username)}.`);
  }
  steps.next("It offers:");
  for (const [keyword, parameters] of smtp.extensions) {
    steps.detail(`${keyword} ${parameters}`.trim());
  }
  await smtp.quit();
  steps.next("Said goodbye, and sent nothing.");
}
