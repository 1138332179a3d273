import { clock, dayOf, moment } from "./list_dates.ts";
import { entry, isDigits, size, word, words } from "./list_words.ts";
import type { FtpEntry } from "./types.ts";

const HEADER = /^\s{0,8}File\s{1,20}Code\s{1,20}EOF\s/;

/** Whether the line is the heading of a NonStop listing. */
export function isNonStopHeader(line: string): boolean {
  return line.length < 400 && HEADER.test(line);
}

/**
 * One line of HPE NonStop (Guardian): name, code, size, date, time, the
 * owner's group and number, and the security of reading, writing, executing
 * and purging: `NAME 101 640 13-Jan-15 13:20:17 255, 0 "oooo"`.
 */
export function parseNonStop(line: string, now: Date): FtpEntry | undefined {
  const at = words(line, 0, 9);
  const quote = line.indexOf('"');
  if (quote < 0 || at.length < 14 || at.length > 16) return undefined;
  const day = dayOf(word(line, at, 3), now);
  const time = clock(word(line, at, 4));
  const bytes = word(line, at, 2);
  if (day === undefined || time === undefined || !isDigits(bytes)) {
    return undefined;
  }
  const security = line.slice(quote).trimEnd();
  const owner = /^(\d{1,3}), {0,8}(\d{1,3})$/.exec(
    line.slice(at[10], quote).trim().slice(0, 20),
  );
  if (owner === null || !/^"[^"\s]{1,8}"$/.test(security)) return undefined;
  return entry(line, word(line, at, 0), "file", {
    size: size(bytes),
    modified: moment(day, time),
    permissions: security.slice(1, -1),
    owner: owner[2],
    group: owner[1],
  });
}
