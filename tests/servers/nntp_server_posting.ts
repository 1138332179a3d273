/**
 * The commands of {@linkcode NntpServer} that take articles.
 *
 * @module
 */
import { readDotBytes } from "../../_wire/dot_body.ts";
import { DotReader } from "../../_wire/dot_reader.ts";
import {
  Article,
  concat,
  type Group,
  headerOf,
  headLength,
} from "./nntp_server_articles.ts";
import { toBytes, toByteString } from "./nntp_server_channel.ts";
import type { Command, Session } from "./nntp_server_session.ts";
import { badSyntax, isMessageId, Refusal } from "./nntp_server_syntax.ts";

/** Bytes in an article. */
const LARGEST = 256 * 1024 * 1024;

/** POST (RFC 3977 section 6.3.1). */
async function post(session: Session): Promise<void> {
  session.demandReaderMode();
  session.demandPoster();
  if (!session.mayPost) throw new Refusal(440, "Posting not permitted");
  const bytes = await receive(session, "340 Send the article");
  const problem = problemOf(bytes, ["from", "newsgroups", "subject"]);
  if (problem) throw new Refusal(441, problem);
  const { store } = session.host;
  if (store.articles.has(headerOf(bytes, "message-id")?.trim() ?? "")) {
    throw new Refusal(441, "That article is here already");
  }
  const groups = groupsOf(session, bytes);
  if (groups.length === 0) throw new Refusal(441, "No such newsgroup");
  if (groups.some(({ status }) => status === "n")) {
    throw new Refusal(441, "Nobody may post there");
  }
  file(session, bytes, groups);
  session.channel.say("240 Article received");
}

/** IHAVE (RFC 3977 section 6.3.2). */
async function ihave(session: Session, [id]: string[]): Promise<void> {
  session.demandPoster();
  if (!session.mayTransfer) throw new Refusal(502, "Permission denied");
  if (!isMessageId(id!)) throw badSyntax("not a message-id");
  const { coming, store } = session.host;
  if (store.articles.has(id!)) throw new Refusal(435, "Article not wanted");
  if (coming.has(id!)) throw new Refusal(436, "It is just being sent");
  coming.add(id!);
  try {
    const bytes = await receive(session, "335 Send the article");
    const problem = problemOf(bytes, REQUIRED);
    if (problem) throw new Refusal(437, problem);
    const groups = groupsOf(session, bytes);
    if (groups.length === 0) throw new Refusal(437, "No such newsgroup");
    if (store.articles.has(headerOf(bytes, "message-id")!.trim())) {
      throw new Refusal(437, "That article is here already");
    }
    file(session, bytes, groups);
    session.channel.say("235 Article transferred");
  } finally {
    coming.delete(id!);
  }
}

/** RFC 5536 section 3.1. */
const REQUIRED = [
  "date",
  "from",
  "message-id",
  "newsgroups",
  "path",
  "subject",
];

async function receive(session: Session, answer: string): Promise<Uint8Array> {
  const { channel, host } = session;
  channel.say(answer);
  await channel.flush();
  const article = await readDotBytes(
    new DotReader(channel.bytes),
    (size) => size > LARGEST,
  );
  if (!article) throw new Error("Cannot receive an article: it is too large");
  host.posted.push(article);
  return article;
}

/** What is wrong with an article (RFC 3977 section 3.6). */
function problemOf(bytes: Uint8Array, required: string[]): string | undefined {
  const text = toByteString(bytes);
  if (text.includes("\0")) return "There is a NUL in it";
  if (/(?<!\r)\n|\r(?!\n)/.test(text)) return "It has a bare CR or LF";
  if (!text.includes("\r\n\r\n")) return "It has no body";
  const lines = text.slice(0, headLength(bytes) - 2).split("\r\n");
  const bad = lines.find((line, at) =>
    at > 0 && /^[ \t]/.test(line) ? !line.trim() : !/^[!-9;-~]+: /.test(line)
  );
  if (bad !== undefined) return `Not a header: ${bad.slice(0, 60)}`;
  const missing = required.find((name) => !headerOf(bytes, name)?.trim());
  if (missing) return `No ${missing} header`;
  const id = headerOf(bytes, "message-id")?.trim();
  if (id !== undefined && !isMessageId(id)) return "Not a message-id";
  return undefined;
}

function groupsOf(session: Session, bytes: Uint8Array): Group[] {
  const names = headerOf(bytes, "newsgroups")!.split(",");
  return [...new Set(names.map((name) => name.trim()))]
    .map((name) => session.host.store.groups.get(name))
    .filter((group) => group !== undefined);
}

/** Adds what an article lacks and files it. */
function file(session: Session, bytes: Uint8Array, groups: Group[]): void {
  const { store, now } = session.host;
  const moderated = groups.some(({ status }) => status === "m");
  // It goes to the moderator.
  if (moderated && headerOf(bytes, "approved") === undefined) return;
  const missing = {
    Path: "localhost!not-for-mail",
    "Message-ID": `<${crypto.randomUUID()}@localhost>`,
    Date: now().toUTCString().replace("GMT", "+0000"),
  };
  const added = Object.entries(missing)
    .filter(([name]) => headerOf(bytes, name.toLowerCase()) === undefined)
    .map(([name, value]) => `${name}: ${value}\r\n`).join("");
  const places = groups.map(({ name, next }) => `${name}:${next}`).join(" ");
  const end = headLength(bytes);
  const article = new Article(
    concat([
      toBytes(added),
      bytes.subarray(0, end),
      toBytes(`Xref: localhost ${places}\r\n`),
      bytes.subarray(end),
    ]),
    { id: "", arrived: now() },
  );
  store.file(article, groups);
}

/** The commands by name. */
export const POSTING: Record<string, Command> = {
  POST: { args: [0, 0], open: true, run: post },
  IHAVE: { args: [1, 1], open: true, run: ihave },
};
