/**
 * What is written in commands: ranges, message-ids, dates and wildmats.
 *
 * @module
 */
import { toText } from "./nntp_server_channel.ts";

/** An answer that refuses a command. */
export class Refusal extends Error {
  constructor(readonly code: number, message: string) {
    super(message);
  }
}

/** The argument is not written as it has to be. */
export function badSyntax(what: string): Refusal {
  return new Refusal(501, `Syntax error: ${what}`);
}

/** Article numbers, both ends included. */
export interface Range {
  from: number;
  to: number;
}

/** A number, `n-` or `n-m`; undefined where it is none of them. */
export function parseRange(text: string): Range | undefined {
  const match = /^(\d{1,16})(?:(-)(\d{1,16})?)?$/.exec(text);
  if (!match) return undefined;
  const [, first, dash, last] = match;
  const from = Number(first);
  return { from, to: dash ? last ? Number(last) : Infinity : from };
}

/** Whether it is one by RFC 3977 section 9.8. */
export function isMessageId(text: string): boolean {
  return /^<[!-=?-~]{1,248}>$/.test(text);
}

/**
 * A moment by RFC 3977 section 7.3.2; without `GMT` in local time. A year of
 * two digits is not after the present one.
 */
export function parseDate(words: string[], now: Date): Date {
  const [date = "", time = "", zone] = words;
  const day = /^(\d\d)?(\d\d)(\d\d)(\d\d)$/.exec(date);
  const hour = /^(\d\d)(\d\d)(\d\d)$/.exec(time);
  if (!day || !hour || (zone && !/^(GMT|UTC)$/i.test(zone))) {
    throw badSyntax("not a date and time");
  }
  const [, century, yy, mm, dd] = day;
  const thisYear = now.getUTCFullYear();
  const year = century === undefined
    ? Number(yy) + thisYear - thisYear % 100 -
      (Number(yy) > thisYear % 100 ? 100 : 0)
    : Number(century + yy!);
  const [month, dayOfMonth] = [Number(mm), Number(dd)];
  const [h, m, s] = [Number(hour[1]), Number(hour[2]), Number(hour[3])];
  if (
    month < 1 || month > 12 || dayOfMonth < 1 || dayOfMonth > 31 ||
    h > 23 || m > 59 || s > 60
  ) throw badSyntax("no such date or time");
  return zone
    ? new Date(Date.UTC(year, month - 1, dayOfMonth, h, m, s))
    : new Date(year, month - 1, dayOfMonth, h, m, s);
}

/** yyyymmddhhmmss in UTC. */
export function formatDate(date: Date): string {
  return date.toISOString().replace(/\D/g, "").slice(0, 14);
}

/**
 * Whether a name matches a wildmat (RFC 3977 section 4): of its patterns the
 * last one that matches decides. `loose` is what was before it, with sets in
 * brackets and backslashes (RFC 2980 section 3.3).
 */
export function wildmat(
  text: string,
  loose = false,
): (name: string) => boolean {
  if (!loose && /[\\[\]]/.test(text)) throw badSyntax("not a wildmat");
  const patterns = toText(text).split(",").map((pattern, at) => {
    const negated = at > 0 && pattern.startsWith("!");
    const bare = negated ? pattern.slice(1) : pattern;
    if (bare === "" || (!loose && bare.includes("!"))) {
      throw badSyntax("not a wildmat");
    }
    return { negated, matches: regExpOf(bare) };
  });
  return (name) => {
    const decoded = toText(name);
    const last = patterns.findLast(({ matches }) => matches.test(decoded));
    return last !== undefined && !last.negated;
  };
}

/** Whether a header matches the pattern of XPAT, in which commas are commas. */
export function xpat(text: string): (value: string) => boolean {
  const matches = regExpOf(toText(text));
  return (value) => matches.test(toText(value));
}

/** One pattern, with sets and backslashes. */
function regExpOf(pattern: string): RegExp {
  const source = pattern.replace(
    /\\([^])|\[(\^?)(\]?[^\]]*)\]|([^])/gu,
    (_, escaped, not, set, other) => {
      if (set !== undefined) {
        // In the set only the dash means something.
        return `[${not}${set.replace(/[\\[\]^&|~]/g, "\\$&")}]`;
      }
      if (other === "*") return "[^]*";
      if (other === "?") return "[^]";
      return RegExp.escape(escaped ?? other);
    },
  );
  return new RegExp(`^${source}$`, "u");
}
