import {
  clock,
  dayNumber,
  dayOf,
  fourDigitYear,
  hasSeconds,
  isWeekday,
  moment,
  month,
  yearless,
  zone,
} from "./list_dates.ts";
import {
  isDigit,
  isDigits,
  isSize,
  size,
  skipBlanks,
  word,
  words,
} from "./list_words.ts";

// A group of many words still leaves the date within this many.
const MAX_COLUMNS = 40;

/** What stands between the mode and the name, and the name. */
export interface Columns {
  name: string;
  size?: number | undefined;
  modified?: Date | undefined;
  owner?: string | undefined;
  group?: string | undefined;
  permissions?: string;
}

/**
 * Finds the date, which is the only column every server has in a form of its
 * own, and reads the columns in front of it from there: any of them may be
 * missing, and owners and groups may be several words. The first date wins,
 * as names hold dates too.
 */
export function findColumns(
  line: string,
  from: number,
  now: Date,
  hasLinks: boolean,
): Columns | undefined {
  const at = words(line, from, MAX_COLUMNS);
  const count = at.length / 2;
  // First only what has a size in front and a known month, then months in
  // other languages, then lines without a size.
  for (let pass = 0; pass < 3; pass++) {
    for (let i = pass < 2 ? 1 : 0; i < count; i++) {
      if (pass < 2 && !isSize(word(line, at, i - 1))) continue;
      const date = dateAt(line, at, i, now, pass === 1);
      if (date === undefined) continue;
      const end = at[date.next * 2 - 1]!;
      const name = line.slice(date.loose ? skipBlanks(line, end) : end + 1);
      if (name === "") continue;
      const columns: Columns = { name, modified: date.modified };
      splitColumns(line, at, i, pass < 2, hasLinks, columns);
      return columns;
    }
  }
  // No date at all: `drwxr-xr-x 3 owner group 512 name`.
  if (count < 5 || !isDigits(word(line, at, 0))) return undefined;
  if (!isDigits(word(line, at, 3)) || month(word(line, at, 4))) {
    return undefined;
  }
  return {
    name: line.slice(at[7]! + 1),
    size: size(word(line, at, 3)),
    owner: word(line, at, 1),
    group: word(line, at, 2),
  };
}

function splitColumns(
  line: string,
  at: number[],
  date: number,
  sized: boolean,
  hasLinks: boolean,
  columns: Columns,
): void {
  let end = date;
  let first = 0;
  if (sized) {
    end--;
    columns.size = size(word(line, at, end));
    const major = word(line, at, end - 1);
    // A device's two numbers stand where the size is: `1, 3`, `3 0x000002`.
    if (
      end > 1 && isDigits(major.slice(0, -1)) && major.endsWith(",") ||
      end > 1 && isDigits(major) && word(line, at, end).startsWith("0x")
    ) {
      columns.size = undefined;
      end--;
    }
  }
  // Mac servers: `folder` and its items, or the sizes of both forks and sum.
  if (end === 1 && word(line, at, 0) === "folder") {
    columns.size = undefined;
    return;
  }
  if (hasLinks && end === 2 && sized) {
    const forks = Number(word(line, at, 0)) + Number(word(line, at, 1));
    if (forks === columns.size && forks > 0) return;
  }
  if (hasLinks && end > 0 && isDigits(word(line, at, 0))) first = 1;
  if (end <= first) return;

  let last = at[end * 2 - 1]!;
  if (!sized) {
    // QUIRK: in fixed columns a long size touches a group of eight or more.
    let start = last;
    while (isDigit(line.charCodeAt(start - 1))) start--;
    if (start < last && start - at[end * 2 - 2]! >= 8) {
      columns.size = size(line.slice(start, last));
      last = start;
    }
  }
  const split = groupAt(line, at, first, end);
  columns.owner = line.slice(at[first * 2], at[split * 2 - 1]);
  if (split < end) columns.group = line.slice(at[split * 2], last);
  else columns.owner = line.slice(at[first * 2], last);
}

// Which word begins the group. Of three words and more, a gap of two blanks
// tells, then a well-known group; else the owner is one word.
function groupAt(
  line: string,
  at: number[],
  first: number,
  end: number,
): number {
  if (end - first < 3) return first + 1;
  for (let i = first + 1; i < end; i++) {
    if (at[i * 2]! - at[i * 2 - 1]! > 1) return i;
  }
  const pair = `${word(line, at, end - 2)} ${word(line, at, end - 1)}`;
  return /^(?:domain (?:users|admins|guests)|no group)$/i.test(pair)
    ? end - 2
    : first + 1;
}

/** A date found among words. */
export interface Found {
  modified: Date | undefined;
  /** The word after the date. */
  next: number;
  /** All blanks after it are padding, not just one. */
  loose?: boolean;
}

/**
 * The date that begins at word `i`. With `anyMonth`, a word in the place of a
 * month is one, and the day is left out as unknown: the name is still right.
 */
export function dateAt(
  line: string,
  at: number[],
  i: number,
  now: Date,
  anyMonth: boolean,
): Found | undefined {
  let a = word(line, at, i);
  let b = word(line, at, i + 1);
  const monthOf = (text: string) =>
    month(text) ??
      (anyMonth && /^\p{L}{2,12}[.,]?$/u.test(text) ? 0 : undefined);
  let monthNumber = monthOf(a);
  if (isWeekday(a) && month(b) !== undefined) {
    i++;
    [a, b] = [b, word(line, at, i + 1)];
    monthNumber = month(a);
  }
  if (monthNumber !== undefined) {
    const day = dayNumber(b);
    if (day === undefined) return undefined;
    return timeOrYear(line, at, i + 2, monthNumber, day, now, b.endsWith(","));
  }
  if (!isDigit(a.charCodeAt(0))) {
    return anyMonth ? undefined : numericDate(line, at, i, now);
  }
  monthNumber = monthOf(b);
  if (monthNumber !== undefined) {
    const day = dayNumber(a);
    if (day !== undefined) {
      return timeOrYear(line, at, i + 2, monthNumber, day, now, false);
    }
    // `2006년 2월 7일`. In front of any other month it is a size, and also
    // where a time or a year follows.
    const year = /[月월]$/.test(b) ? fourDigitYear(a) : undefined;
    const after = dayNumber(word(line, at, i + 2));
    const last = word(line, at, i + 3);
    if (year === undefined || after === undefined) return undefined;
    if (clock(last) !== undefined || fourDigitYear(last) !== undefined) {
      return undefined;
    }
    const modified = moment({ year, month: monthNumber, day: after });
    return { modified, next: i + 3 };
  }
  const day = dayNumber(b);
  if (day !== undefined && a.length <= 2 && isDigits(a)) {
    // `4 28 03:27`. With a year it could be an owner, a group and a size.
    const time = clock(word(line, at, i + 2));
    if (time === undefined) return undefined;
    const modified = yearless(Number(a), day, time, now);
    return { modified, next: i + 3 };
  }
  return numericDate(line, at, i, now);
}

function timeOrYear(
  line: string,
  at: number[],
  i: number,
  monthNumber: number,
  day: number,
  now: Date,
  hasBoth: boolean,
): Found | undefined {
  const text = word(line, at, i);
  const time = clock(text);
  const after = word(line, at, i + 1);
  if (time !== undefined) {
    // `Jan 5 12:34:56 2024`; but `Jan 5 12:34 2024 report` has a name.
    const year = hasSeconds(text) ? fourDigitYear(after) : undefined;
    if (year === undefined || at.length / 2 < i + 3) {
      return { modified: yearless(monthNumber, day, time, now), next: i + 1 };
    }
    const modified = moment({ year, month: monthNumber, day }, time);
    return { modified, next: i + 2 };
  }
  const year = fourDigitYear(text);
  if (year === undefined) return undefined;
  // `Oct 11, 2004 08:53`: the comma tells that a time follows the year.
  const later = hasBoth ? clock(after) : undefined;
  const modified = moment({ year, month: monthNumber, day }, later ?? 0);
  return { modified, next: later === undefined ? i + 1 : i + 2 };
}

function numericDate(
  line: string,
  at: number[],
  i: number,
  now: Date,
): Found | undefined {
  const a = word(line, at, i);
  if (a.length < 3) return undefined;
  const b = word(line, at, i + 1);
  const short = a.length <= 5 ? /^(\d{1,2})[-/](\d{1,2})$/.exec(a) : null;
  if (short !== null) {
    // `ls --time-style=iso`: `01-02 10:11`, and `08-27 2001` elsewhere.
    const [monthNumber, day] = [Number(short[1]), Number(short[2])];
    const year = fourDigitYear(b);
    const time = clock(b);
    if (time !== undefined) {
      return { modified: yearless(monthNumber, day, time, now), next: i + 2 };
    }
    if (year === undefined) return undefined;
    return { modified: moment({ year, month: monthNumber, day }), next: i + 2 };
  }
  const day = dayOf(a, now);
  if (day === undefined) return undefined;
  const time = clock(b);
  if (time === undefined) {
    return { modified: moment(day), next: i + 1, loose: true };
  }
  const east = hasSeconds(b) ? zone(word(line, at, i + 2)) : undefined;
  const modified = moment(day, time, east);
  return { modified, next: east === undefined ? i + 2 : i + 3 };
}
