import { clock, type DateOrder, dayOf, moment } from "./list_dates.ts";
import {
  entry,
  isBlank,
  isDigits,
  isSize,
  size,
  skipBlanks,
  word,
  words,
} from "./list_words.ts";
import type { FtpEntry } from "./types.ts";

// Programs that run the shell's own `dir`, and VxWorks' heading.
const HEADER =
  /^\s{0,40}(?:Volume in drive \S|Volume Serial Number is |Directory of \S|[\d.,]{1,20} (?:File|Dir)\(s\) |Total Files Listed:$|size\s{1,20}date\s{1,20}time\s{1,20}name\s{0,20}$|-{4,20}\s{1,20}-{4,20}\s)/;

/** Whether the line only frames a listing. */
export function isDosHeader(line: string): boolean {
  return line.length < 400 && HEADER.test(line);
}

// The type stands in a column of this width, and the name begins after it.
const TYPE_WIDTH = 15;

/**
 * One line of IIS and others that list as DOS does:
 * `01-02-24  03:04PM  <DIR>  name`, `01-02-24  03:04PM  1234 name`; also of
 * OS/2 and VxWorks, where the size comes first.
 *
 * `order` says how numeric dates are meant, where the listing as a whole
 * tells; alone, a date that can be both is month first.
 */
export function parseDos(
  line: string,
  now: Date,
  order?: DateOrder,
): FtpEntry | undefined {
  const at = words(line, 0, 6);
  const day = dayOf(word(line, at, 0), now, order);
  if (day === undefined) {
    return parseOs2(line, at, now, order) ?? parseVxWorks(line, at, now);
  }
  let time = word(line, at, 1);
  let i = 2;
  // `dir` puts a blank between `03:04` and `PM`.
  if (/^[ap]m$/i.test(word(line, at, 2))) time += word(line, at, i++);
  const sinceMidnight = clock(time);
  const cell = word(line, at, i);
  if (sinceMidnight === undefined || cell === "") return undefined;
  const modified = moment(day, sinceMidnight);
  const start = at[i * 2]!;
  const end = at[i * 2 + 1]!;
  if (isSize(cell)) {
    // One blank, as a name may begin with another.
    return entry(line, line.slice(end + 1), "file", {
      size: size(cell),
      modified,
    });
  }
  const kind = /^<(DIR|JUNCTION|SYMLINKD?)>$/i.exec(cell)?.[1]?.toUpperCase();
  if (kind === undefined) return undefined;
  const name = line.slice(Math.min(skipBlanks(line, end), start + TYPE_WIDTH));
  if (kind === "DIR") return entry(line, name, "directory", { modified });
  const bracket = name.endsWith("]") ? name.lastIndexOf(" [") : -1;
  if (bracket < 0) return entry(line, name, "symlink", { modified });
  return entry(line, name.slice(0, bracket), "symlink", {
    modified,
    target: name.slice(bracket + 2, -1),
  });
}

// `4096      A    05-24-103  11:58  name`, `0 DIR  05-24-103  11:58  name`
function parseOs2(
  line: string,
  at: number[],
  now: Date,
  order: DateOrder | undefined,
): FtpEntry | undefined {
  const first = word(line, at, 0);
  if (!isDigits(first)) return undefined;
  let isDirectory = false;
  let i = 1;
  for (; i < 4; i++) {
    const cell = word(line, at, i);
    if (cell === "DIR") isDirectory = true;
    else if (!/^[A-Z]{1,4}$/.test(cell)) break;
  }
  const day = dayOf(word(line, at, i), now, order);
  const time = clock(word(line, at, i + 1));
  if (i === 1 || day === undefined || time === undefined) return undefined;
  const name = line.slice(skipBlanks(line, at[i * 2 + 3]!));
  return entry(line, name, isDirectory ? "directory" : "file", {
    size: isDirectory ? undefined : size(first),
    modified: moment(day, time),
  });
}

// `2048    Mar-27-1999  06:24:31   name <DIR>`
function parseVxWorks(
  line: string,
  at: number[],
  now: Date,
): FtpEntry | undefined {
  const first = word(line, at, 0);
  const date = word(line, at, 1);
  if (!isDigits(first) || !/^[A-Za-z]{3}-/.test(date)) return undefined;
  const day = dayOf(date, now);
  const time = clock(word(line, at, 2));
  if (day === undefined || time === undefined) return undefined;
  let name = line.slice(skipBlanks(line, at[5]!)).trimEnd();
  const isDirectory = name.endsWith("<DIR>") &&
    isBlank(name.charCodeAt(name.length - 6));
  if (isDirectory) name = name.slice(0, -6).trimEnd();
  return entry(line, name, isDirectory ? "directory" : "file", {
    size: isDirectory ? undefined : size(first),
    modified: moment(day, time),
  });
}
