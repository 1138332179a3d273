/** What NNTP can do: on a server of our own, and what is on any other. */
import { createHash } from "node:crypto";
import {
  type ClientOptions,
  encodeYenc,
  NntpClient,
  YencDecoderStream,
} from "../../mod.ts";
import { createAuthority } from "../_support/certificates.ts";
import { NntpServer } from "../servers/nntp_server.ts";
import { say, size, speed, Steps } from "./say.ts";

/** People who watch do not wait a minute, the client's default. */
const TIMEOUT = 20_000;
const MANY = 2_000;
const LARGE = 10_000_000;
/** What is listed of somebody else's server. */
const MAX_LINES = 20;

/**
 * Reads and posts on a server of our own; throws where something is not the
 * same here.
 */
export async function showNews(signal: AbortSignal): Promise<void> {
  say("NNTP with STARTTLS");
  const steps = new Steps();
  const authority = await createAuthority();
  await using server = await NntpServer.start({
    ...await authority.issue(),
    groups: {
      "example.engines": {
        articles: Array.from({ length: MANY }, (_, n) => article(n + 1)),
        description: "What engines can do",
      },
      "example.files": {},
    },
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
  await using nntp = await NntpClient.connect(options);
  await nntp.login("ada", "secret");
  steps.next('Connected, checked its certificate, signed in as "ada".');
  await nntp.compress();
  steps.next("Switched on compression.");
  const { name, first, last } = await nntp.group("example.engines");
  steps.next(`${name} has articles ${first} to ${last}. The last ones:`);
  for await (const one of await nntp.over(`${last - 2}-`)) {
    steps.detail(`${one.number}: ${one.subject}, ${one.date?.toISOString()}`);
  }

  let start = performance.now();
  const numbers = Array.from({ length: MANY }, (_, at) => first + at);
  for await (const one of nntp.articles(numbers, "body")) {
    if ("error" in one) throw one.error;
    const text = new TextDecoder().decode(one.content);
    if (text !== bodyOf(one.number)) {
      throw new Error(`Article ${one.number} is not the same here`);
    }
  }
  const seconds = (performance.now() - start) / 1000;
  steps.next(`Fetched all ${MANY}, with many commands under way:`);
  steps.detail(`${Math.round(MANY / seconds)} a second`);

  const file = new Uint8Array(LARGE);
  for (let at = 0; at < LARGE; at += 65_536) {
    crypto.getRandomValues(file.subarray(at, at + 65_536));
  }
  start = performance.now();
  await nntp.post(
    ReadableStream.from([
      new TextEncoder().encode(
        "From: Ada <ada@example.com>\r\nNewsgroups: example.files\r\n" +
          "Subject: A file in yEnc\r\nMessage-ID: <file@example.com>\r\n\r\n",
      ),
      encodeYenc(file, { name: "file.bin" }),
    ]),
  );
  steps.next(`Posted a file of ${size(LARGE)} in yEnc:`);
  steps.detail(speed(LARGE, start));
  start = performance.now();
  const decoder = new YencDecoderStream();
  const { content } = await nntp.body("<file@example.com>");
  const hash = createHash("sha256");
  for await (const chunk of content.pipeThrough(decoder)) hash.update(chunk);
  const sum = createHash("sha256").update(file).digest("hex");
  if (hash.digest("hex") !== sum) throw new Error("The file is not the same");
  steps.next(`Read ${(await decoder.header).name} back and decoded it:`);
  steps.detail(speed(LARGE, start));
  steps.next("Compared: articles and file are the same here.");
}

function article(number: number): string {
  return "From: Ada <ada@example.com>\r\nNewsgroups: example.engines\r\n" +
    `Subject: Engines, part ${number}\r\n` +
    "Date: Sat, 21 Nov 2026 10:38:59 +0100\r\n" +
    `Message-ID: <${number}@example.com>\r\n\r\n${bodyOf(number)}`;
}

function bodyOf(number: number): string {
  return `.\r\n..\r\nPart ${number}: they can compose music.\r\n`;
}

/** Lists the groups of the server that the URL names, or articles of one. */
export async function readNews(url: URL, signal: AbortSignal): Promise<void> {
  const steps = new Steps();
  const mode = url.searchParams.get("tls");
  if (mode !== null && (mode !== "starttls" || url.protocol !== "nntp:")) {
    throw new TypeError("Cannot read the URL: it may end in ?tls=starttls");
  }
  await using nntp = await NntpClient.connect({
    hostname: url.hostname,
    ...(url.port !== "" && { port: Number(url.port) }),
    tls: url.protocol === "nntps:" ? "implicit" : mode ?? "none",
    timeout: TIMEOUT,
    signal,
  });
  steps.next(
    `Connected to ${nntp.hostname}:${nntp.port}` +
      (nntp.secure ? " over TLS." : " without TLS."),
  );
  if (url.username !== "") {
    const user = decodeURIComponent(url.username);
    await nntp.login(user, decodeURIComponent(url.password));
    steps.next(`Signed in as ${user}.`);
  }
  const name = decodeURIComponent(url.pathname.slice(1));
  if (name === "") {
    steps.next("It has these groups, among others:");
    let left = MAX_LINES;
    for await (const group of await nntp.active()) {
      steps.detail(`${group.name}: ${group.first} to ${group.last}`);
      if (--left === 0) break;
    }
    return;
  }
  const { first, last } = await nntp.group(name);
  steps.next(`${name} has articles ${first} to ${last}. The last ones:`);
  if (last < first) return;
  const from = Math.max(first, last - MAX_LINES + 1);
  for await (
    const { number, subject, from: by } of await nntp.over(`${from}-`)
  ) {
    steps.detail(`${number}: ${subject} (${by})`);
  }
}
