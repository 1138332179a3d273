/**
 * The commands of {@linkcode NntpServer} that select and read articles.
 *
 * @module
 */
import type { Article } from "./nntp_server_articles.ts";
import type { Command, Session } from "./nntp_server_session.ts";
import {
  badSyntax,
  isMessageId,
  parseRange,
  Refusal,
  xpat,
} from "./nntp_server_syntax.ts";

type Numbered = [number: number, article: Article];

/** Selects a group and says what it holds (RFC 3977 section 6.1.1.2). */
function select(session: Session, name: string): string {
  const group = session.host.store.groups.get(name);
  if (!group) throw new Refusal(411, "No such newsgroup");
  const { low, high } = group.marks;
  session.group = group;
  session.current = group.neighbour(low - 1, 1);
  const count = group.articles.size;
  return session.host.options.old && count === 0
    ? `211 0 0 0 ${group.name}`
    : `211 ${count} ${low} ${high} ${group.name}`;
}

async function listGroup(session: Session, args: string[]): Promise<void> {
  const range = parseRange(args[1] ?? "1-");
  if (!range || (session.host.options.old && args.length > 1)) {
    throw badSyntax("not a range");
  }
  const name = args[0] ?? session.demandGroup().name;
  const answer = select(session, name);
  await session.channel.sayLines(
    `${answer} list follows`,
    session.group!.within(range).map(([number]) => String(number)),
  );
}

function step(session: Session, direction: 1 | -1): void {
  const [from] = session.demandCurrent();
  const group = session.group!;
  const number = group.neighbour(from, direction);
  if (number === undefined) {
    throw direction === 1
      ? new Refusal(421, "No next article in this group")
      : new Refusal(422, "No previous article in this group");
  }
  session.current = number;
  session.channel.say(`223 ${number} ${group.articles.get(number)!.id} found`);
}

/** An article by message-id, by number or the current one. */
function find(session: Session, which: string | undefined): Numbered {
  if (which === undefined) return session.demandCurrent();
  if (isMessageId(which)) return [0, byId(session, which)];
  const range = parseRange(which);
  if (!range || range.to !== range.from) {
    throw badSyntax("neither a number nor a message-id");
  }
  const article = session.demandGroup().articles.get(range.from);
  if (!article) throw new Refusal(423, "No article with that number");
  session.current = range.from;
  return [range.from, article];
}

function byId(session: Session, id: string): Article {
  const article = session.host.store.articles.get(id);
  if (!article) throw new Refusal(430, "No article with that message-id");
  return article;
}

function retrieve(
  code: number,
  part: (article: Article) => Uint8Array,
): Command {
  return {
    args: [0, 1],
    async run(session, [which]) {
      const [number, article] = find(session, which);
      await session.channel.sayBlock(
        `${code} ${number} ${article.id} follows`,
        part(article),
      );
    },
  };
}

function stat(session: Session, [which]: string[]): void {
  const [number, article] = find(session, which);
  session.channel.say(`223 ${number} ${article.id} exists`);
}

/** Articles by message-id or range, or the current one. */
function findAll(session: Session, which: string | undefined): Numbered[] {
  if (which === undefined) return [session.demandCurrent()];
  if (isMessageId(which)) return [[0, byId(session, which)]];
  const range = parseRange(which);
  if (!range) throw badSyntax("neither a range nor a message-id");
  return session.demandGroup().within(range).toArray();
}

/** OVER (RFC 3977 section 8.3) and XOVER (RFC 2980 section 2.8). */
function overview(verb: "OVER" | "XOVER"): Command {
  return {
    args: [0, 1],
    recent: verb === "OVER",
    async run(session, [which]) {
      if (which?.startsWith("<")) {
        if (verb === "XOVER") throw badSyntax("not a range");
        if (!session.offers("OVER", "MSGID")) {
          throw new Refusal(503, "Not by message-id");
        }
      }
      const found = findAll(session, which);
      if (found.length === 0) {
        throw new Refusal(verb === "OVER" ? 423 : 420, "No such articles");
      }
      const { overviewFormat } = session.host;
      await session.channel.sayLines(
        "224 Overview information follows",
        found.map(([number, article]) =>
          `${number}\t${article.overview(overviewFormat)}`
        ),
      );
    },
  };
}

function demandField(name: string): void {
  if (!/^(:[!-9;-~]+|[!-9;-~]+)$/.test(name)) throw badSyntax("not a field");
}

/** HDR (RFC 3977 section 8.5). */
async function hdr(session: Session, args: string[]): Promise<void> {
  const [name, which] = args as [string, string?];
  demandField(name);
  if (name.startsWith(":") && !/^:(bytes|lines)$/i.test(name)) {
    throw new Refusal(503, `Nothing is known as ${name}`);
  }
  const found = findAll(session, which);
  if (found.length === 0) throw new Refusal(423, "No articles in that range");
  await session.channel.sayLines(
    "225 Headers follow",
    found.map(([number, article]) => `${number} ${article.field(name)}`),
  );
}

/**
 * XHDR (RFC 2980 section 2.6), which says "(none)" where there is none, and the
 * message-id in the number's place.
 */
async function xhdr(session: Session, args: string[]): Promise<void> {
  const [name, which] = args as [string, string?];
  demandField(name);
  await session.channel.sayLines(
    `221 ${name} follows`,
    findAll(session, which).map(([number, article]) =>
      `${number || article.id} ${oldField(article, name)}`
    ),
  );
}

/** XPAT (RFC 2980 section 2.9): its arguments from the third on are one. */
async function xpatCommand(
  session: Session,
  args: string[],
): Promise<void> {
  const [name, which, ...words] = args as [string, string, ...string[]];
  demandField(name);
  const matches = xpat(words.join(" "));
  await session.channel.sayLines(
    `221 ${name} follows`,
    findAll(session, which)
      .filter(([, article]) => matches(oldField(article, name)))
      .map(([number, article]) =>
        `${number || article.id} ${oldField(article, name)}`
      ),
  );
}

/** Bytes and lines were asked for by the names of headers. */
function oldField(article: Article, name: string): string {
  const counted = /^(bytes|lines)$/i.test(name) ? `:${name}` : name;
  return article.field(name) || article.field(counted) || "(none)";
}

/** The commands by name. */
export const READING: Record<string, Command> = {
  GROUP: {
    args: [1, 1],
    run: (session, [name]) => session.channel.say(select(session, name!)),
  },
  LISTGROUP: { args: [0, 2], run: listGroup },
  NEXT: { args: [0, 0], run: (session) => step(session, 1) },
  LAST: { args: [0, 0], run: (session) => step(session, -1) },
  ARTICLE: retrieve(220, ({ bytes }) => bytes),
  HEAD: retrieve(221, ({ head }) => head),
  BODY: retrieve(222, ({ body }) => body),
  STAT: { args: [0, 1], run: stat },
  OVER: overview("OVER"),
  XOVER: overview("XOVER"),
  HDR: { args: [1, 2], recent: true, run: hdr },
  XHDR: { args: [1, 2], run: xhdr },
  XPAT: { args: [3, Infinity], run: xpatCommand },
};
