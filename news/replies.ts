/** What replies and their lines say: pure functions. */
import type { ActiveGroup, ArticleRef, GroupSummary } from "./types.ts";

/**
 * `211 count first last name` (RFC 3977 section 6.1.1). QUIRK: one without the
 * name means the one that was `asked` for.
 */
export function parseGroup(
  text: string,
  asked: string,
): GroupSummary | undefined {
  const match = /^\s*(\d{1,16})\s+(\d{1,16})\s+(\d{1,16})(?:\s+(\S+)|\s*$)/
    .exec(
      text,
    );
  if (!match) return undefined;
  const [, count, first, last, name = asked] = match;
  return {
    name,
    count: Number(count),
    first: Number(first),
    last: Number(last),
  };
}

/**
 * `22x number <message-id>` (RFC 3977 section 6.2.1). QUIRK: servers leave one of
 * them out, or have blanks in the id.
 */
export function parseArticleRef(text: string): ArticleRef | undefined {
  const [, number, messageId = "", alone] =
    /^\s*(?:(\d{1,16})(?:\s+(<[^>]*>)|(?=\s|$)(?!.*<))|(<[^>]*>))/.exec(text) ??
      [];
  if (number !== undefined) return { number: Number(number), messageId };
  return alone === undefined ? undefined : { number: 0, messageId: alone };
}

/** A line of a list of groups: `name high low status` (section 7.6.3). */
export function parseActive(line: string): ActiveGroup | undefined {
  const match = /^\s*(\S+)\s+(\d{1,16})\s+(\d{1,16})\s+(\S+)/.exec(line);
  if (!match) return undefined;
  const [, name, last, first, status] = match;
  return {
    name: name!,
    first: Number(first),
    last: Number(last),
    status: status!,
  };
}

/** `111 yyyymmddhhmmss` (section 7.1), always UTC. */
export function parseDateReply(text: string): Date | undefined {
  const match = /^\s*(\d{4})(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)(?!\d)/.exec(text);
  if (!match) return undefined;
  const [year, month, ...rest] = match.slice(1).map(Number);
  const [day, hours, minutes, seconds] = rest;
  const time = Date.UTC(year!, month! - 1, day, hours, minutes, seconds);
  const date = new Date(time);
  // Numbers that are no date would be another one.
  const digits = date.toISOString().replace(/\D/g, "").slice(0, 14);
  return digits === match.slice(1).join("") ? date : undefined;
}

/** A line of HDR or XHDR (section 8.5): an article and its field. */
export function parseHeaderLine(line: string): [string, string] {
  const at = line.indexOf(" ");
  return at < 0 ? [line, ""] : [line.slice(0, at), line.slice(at + 1)];
}
