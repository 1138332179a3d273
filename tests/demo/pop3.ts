/** What POP3 can do: on a server of our own, and what is on any other. */
import { createHash } from "node:crypto";
import { type ClientOptions, Pop3Client } from "../../mod.ts";
import { createAuthority } from "../_support/certificates.ts";
import { Pop3Server } from "../servers/pop3_server.ts";
import { say, size, speed, Steps } from "./say.ts";

/** People who watch do not wait a minute, the client's default. */
const TIMEOUT = 20_000;
const MANY = 500;
const LARGE = 30_000_000;
/** What is listed of somebody else's mailbox. */
const MAX_LINES = 20;

/**
 * Fetches all kinds of messages from a server of our own; throws where one is
 * not the same here.
 */
export async function showPop3(signal: AbortSignal): Promise<void> {
  say("POP3 with STLS");
  const steps = new Steps();
  const messages = [
    `Subject: Large\r\n\r\n${("x".repeat(74) + "\r\n").repeat(LARGE / 76)}`,
    ...Array.from(
      { length: MANY },
      (_, n) => `Subject: News ${n}\r\n\r\n.\r\n.. nothing new\r\n`,
    ),
  ];
  const authority = await createAuthority();
  await using server = await Pop3Server.start({
    ...await authority.issue(),
    messages: { ada: messages },
  });
  steps.next(
    `Started a server of our own at ${server.hostname}:${server.port}.`,
  );
  const options: ClientOptions = {
    hostname: server.hostname,
    port: server.port,
    tls: "starttls",
    tlsOptions: { caCerts: [authority.caPem] },
    timeout: TIMEOUT,
    signal,
  };
  await using pop3 = await Pop3Client.connect(options);
  await pop3.login("ada", "secret");
  steps.next('Connected, checked its certificate, signed in as "ada".');
  const { count, size: bytes } = await pop3.stat();
  steps.next(`${count} messages are there, ${size(bytes)} in all.`);

  let start = performance.now();
  const hash = createHash("sha256");
  for await (const chunk of await pop3.retr(1)) hash.update(chunk);
  steps.next("Fetched the first one as a stream, in constant memory:");
  steps.detail(speed(messages[0]!.length, start));
  compare(hash.digest("hex"), messages[0]!);

  start = performance.now();
  const numbers = messages.map((_, at) => at + 1).slice(1);
  for await (const message of pop3.retrAll(numbers)) {
    if ("error" in message) throw message.error;
    const sum = createHash("sha256").update(message.content).digest("hex");
    compare(sum, messages[message.number - 1]!);
  }
  const seconds = (performance.now() - start) / 1000;
  steps.next(`Fetched the other ${MANY}, with many commands under way:`);
  steps.detail(`${Math.round(MANY / seconds)} a second`);
  steps.next("Compared SHA-256 hashes: every message is the same here.");

  await pop3.dele(1);
  await pop3.quit();
  steps.next(`Deleted one and said goodbye: ${server.count("ada")} are left.`);
}

function compare(sum: string, message: string): void {
  if (sum === createHash("sha256").update(message).digest("hex")) return;
  throw new Error(`A message of ${size(message.length)} is not the same here`);
}

/** Lists the mailbox that the URL names; reads nothing and deletes nothing. */
export async function readPop3(url: URL, signal: AbortSignal): Promise<void> {
  const steps = new Steps();
  const mode = url.searchParams.get("tls");
  if (mode !== null && (mode !== "starttls" || url.protocol !== "pop3:")) {
    throw new TypeError("Cannot read the URL: it may end in ?tls=starttls");
  }
  await using pop3 = await Pop3Client.connect({
    hostname: url.hostname,
    ...(url.port !== "" && { port: Number(url.port) }),
    tls: url.protocol === "pop3s:" ? "implicit" : mode ?? "none",
    timeout: TIMEOUT,
    signal,
  });
  steps.next(
    `Connected to ${pop3.hostname}:${pop3.port}` +
      (pop3.secure ? " over TLS." : " without TLS."),
  );
  if (url.username === "") {
    steps.next("It offers:");
    for (const [name, parameters] of await pop3.capabilities()) {
      steps.detail(`${name} ${parameters}`.trim());
    }
    return;
  }
  const user = decodeURIComponent(url.username);
  await pop3.login(user, decodeURIComponent(url.password));
  steps.next(`Signed in as ${user}.`);
  const list = await pop3.list();
  steps.next(`${list.length} messages are there:`);
  for (const { number, size: bytes } of list.slice(0, MAX_LINES)) {
    steps.detail(`${number}: ${size(bytes)}`);
  }
  if (list.length > MAX_LINES) {
    steps.detail(`and ${list.length - MAX_LINES} more`);
  }
}
