/**
 * The commands of {@linkcode NntpServer} that list groups and what is new.
 *
 * @module
 */
import type { Group } from "./nntp_server_articles.ts";
import { fromText } from "./nntp_server_channel.ts";
import type { Command, Session } from "./nntp_server_session.ts";
import {
  badSyntax,
  formatDate,
  parseDate,
  Refusal,
  wildmat,
} from "./nntp_server_syntax.ts";

/** A keyword of LIST. */
interface Keyword {
  /** One line for each group, or some for all. */
  lines: ((group: Group) => string | undefined) | string[];
  /** Arguments that are taken besides a wildmat. */
  arguments?: RegExp;
  /** Not in RFC 2980. */
  recent?: boolean;
}

/** RFC 3977 section 7.6.3; some servers pad the numbers. */
function active(group: Group): string {
  const { low, high } = group.marks;
  const [last, first] = [high, low].map((n) => String(n).padStart(10, "0"));
  return `${group.name} ${last} ${first} ${group.status}`;
}

/** RFC 3977 sections 7.6 and 8, RFC 6048 section 2. */
const KEYWORDS: Record<string, Keyword> = {
  ACTIVE: { lines: active },
  "ACTIVE.TIMES": {
    lines: (group) =>
      `${group.name} ${Math.floor(group.created.getTime() / 1000)} ` +
      "<usenet@localhost>",
  },
  COUNTS: {
    recent: true,
    lines(group) {
      const { low, high } = group.marks;
      return `${group.name} ${high} ${low} ${group.articles.size} ` +
        group.status;
    },
  },
  "DISTRIB.PATS": { lines: ["10:local.*:local", "5:*:world"] },
  DISTRIBUTIONS: {
    lines: ["local\tThis server alone", "world\tThe whole world"],
  },
  HEADERS: {
    recent: true,
    arguments: /^(MSGID|RANGE)$/i,
    lines: [":", ":bytes", ":lines"],
  },
  MODERATORS: { recent: true, lines: ["*:%s@moderators.example.com"] },
  MOTD: {
    recent: true,
    lines: ["Welcome.", ".. is how this line begins", "Grüße"].map(fromText),
  },
  NEWSGROUPS: {
    lines: (group) =>
      group.description === undefined
        ? undefined
        : `${group.name}\t${group.description}`,
  },
  "OVERVIEW.FMT": { lines: [] },
  SUBSCRIPTIONS: { lines: ({ name }) => name },
};

/** The keywords that may be used, for the capability. */
export function listKeywords(session: Session): string[] {
  return Object.keys(KEYWORDS).filter((name) => isOffered(session, name));
}

function isOffered(session: Session, name: string): boolean {
  if (!session.offers("LIST", name)) return false;
  return name !== "HEADERS" || session.offers("HDR");
}

async function list(session: Session, args: string[]): Promise<void> {
  const [name, argument] = [args[0]?.toUpperCase() ?? "ACTIVE", args[1]];
  const keyword = KEYWORDS[name];
  const { old } = session.host.options;
  if (!keyword || !isOffered(session, name) || (old && keyword.recent)) {
    throw new Refusal(501, "Unknown LIST keyword");
  }
  const { lines } = keyword;
  const answer = "215 Information follows";
  if (typeof lines === "function") {
    const matches = argument === undefined
      ? () => true
      : wildmat(argument, old);
    const groups = session.host.store.groups.values();
    return await session.channel.sayLines(
      answer,
      groups.filter(({ name }) => matches(name)).map(lines)
        .filter((line) => line !== undefined),
    );
  }
  if (argument !== undefined && !keyword.arguments?.test(argument)) {
    throw badSyntax("an argument it does not take");
  }
  await session.channel.sayLines(
    answer,
    name === "OVERVIEW.FMT" ? session.host.overviewFormat : lines,
  );
}

/** RFC 3977 section 7.3. */
async function newGroups(session: Session, args: string[]): Promise<void> {
  const since = parseDate(args, session.host.now());
  const groups = session.host.store.groups.values();
  await session.channel.sayLines(
    "231 New newsgroups follow",
    groups.filter(({ created }) => created >= since).map(active),
  );
}

/** RFC 3977 section 7.4. */
async function newNews(session: Session, args: string[]): Promise<void> {
  const { store, now, options } = session.host;
  const matches = wildmat(args[0]!, options.old);
  const since = parseDate(args.slice(1), now());
  await session.channel.sayLines(
    "230 New articles follow",
    store.articles.values().filter(({ arrived, places }) =>
      arrived >= since && places.keys().some(({ name }) => matches(name))
    ).map(({ id }) => id),
  );
}

/** RFC 2980 section 2.3. */
async function xgtitle(session: Session, args: string[]): Promise<void> {
  const matches = wildmat(args[0] ?? session.demandGroup().name, true);
  const groups = session.host.store.groups.values();
  await session.channel.sayLines(
    "282 Groups and descriptions follow",
    groups.filter(({ name, description }) => description && matches(name))
      .map(({ name, description }) => `${name} ${description}`),
  );
}

/** The commands by name. */
export const LISTS: Record<string, Command> = {
  LIST: { args: [0, 2], run: list },
  NEWGROUPS: { args: [2, 3], run: newGroups },
  NEWNEWS: { args: [3, 4], run: newNews },
  XGTITLE: { args: [0, 1], run: xgtitle },
  DATE: {
    args: [0, 0],
    recent: true,
    run: ({ channel, host }) => channel.say(`111 ${formatDate(host.now())}`),
  },
};
