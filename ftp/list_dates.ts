import { isDigit, isDigits, word, words } from "./list_words.ts";

/** A day as listed, not yet checked against the calendar. */
export interface Day {
  year: number;
  /** 1 to 12; 0 where the month's name is in a language not known here. */
  month: number;
  day: number;
}

/** How a numeric date without a four-digit year in front is to be read. */
export type DateOrder = "mdy" | "dmy" | "ymd";

const DAY_MS = 86_400_000;
const YEAR_MS = 365.2425 * DAY_MS;

// Servers run `ls` in their own locale. Only names that mean one month in
// every language they occur in are here ("jui" is both June and July).
const NAMES: readonly string[] = [
  "jan january januar janvier janv ene enero gen gennaio januari jän jänner",
  "feb february februar févr fév fevr février febr febrero febbraio fev",
  "mar march mär märz mrz maer mars marzo março mrt maart",
  "apr april avr avril abr abril aprile",
  "may mai mayo mag maggio maio mei maj",
  "jun june juni juin junio giu giugno junho",
  "jul july juli juil juillet julio lug luglio julho",
  "aug august août aout ago agosto augustus augusti",
  "sep sept september septembre septiembre set settembre setembro szept",
  "oct october okt oktober octobre octubre ott ottobre out outubro",
  "nov november novembre noviembre novembro",
  "dec december dez dezember déc décembre dic diciembre dicembre dezembro " +
  "des",
];

const MONTHS = new Map<string, number>();
NAMES.forEach((names, i) => {
  const [english, ...others] = names.split(" ");
  for (const name of [english!, ...others]) MONTHS.set(name, i + 1);
  // As nearly every server has it, to be found without folding its case.
  MONTHS.set(english![0]!.toUpperCase() + english!.slice(1), i + 1);
});

const WEEKDAYS = new Set(["mon", "tue", "wed", "thu", "fri", "sat", "sun"]);

/** Whether the word is an English weekday, as `ls --full-time` once gave. */
export function isWeekday(text: string): boolean {
  return text.length === 3 && WEEKDAYS.has(text.toLowerCase());
}

/** 1 to 12 for a month's name in any case, also `Okt.` and `3月`. */
export function month(text: string): number | undefined {
  if (text.length < 2 || text.length > 12) return undefined;
  const last = text.charCodeAt(text.length - 1);
  if (last === 0x2e || last === 0x2c) return month(text.slice(0, -1));
  if (last === 0x6708 || last === 0xc6d4) { // 月, 월
    const digits = text.slice(0, -1);
    const value = isDigits(digits) ? Number(digits) : 0;
    return value >= 1 && value <= 12 ? value : undefined;
  }
  if (isDigit(last)) return undefined;
  return MONTHS.get(text) ?? MONTHS.get(text.toLowerCase());
}

/** The day of a month: `5`, `05`, `5,`, `26.`, `3日`. */
export function dayNumber(text: string): number | undefined {
  let end = text.length;
  if (end > 1 && ".,日일".includes(text[end - 1]!)) end--;
  if (end > 2) return undefined;
  const digits = text.slice(0, end);
  return isDigits(digits) ? Number(digits) : undefined;
}

/** A four-digit year: `2024`, `2024,`, `2003年`. */
export function fourDigitYear(text: string): number | undefined {
  const long = text.length === 5 && ",年년".includes(text[4]!);
  if (text.length !== 4 && !long) return undefined;
  const digits = text.slice(0, 4);
  return isDigits(digits) ? Number(digits) : undefined;
}

const CLOCK =
  /^(\d{1,2}):(\d{2})(?::(\d{2})(?:[.,](\d{1,9}))?)?(?:([ap])m?)?$/i;

/**
 * Milliseconds since midnight for `12:34`, `03:04PM`, `12:34:56.789`;
 * NaN for a time that does not exist, undefined where it is no time.
 */
export function clock(text: string): number | undefined {
  if (text.length < 4 || text.length > 20) return undefined;
  const colon = text.charCodeAt(1) === 0x3a ? 1 : 2;
  if (text.charCodeAt(colon) !== 0x3a) return undefined;
  // Nearly all are `HH:MM`, and a pattern takes as long as all the rest.
  if (text.length === colon + 3) {
    const hour = text.slice(0, colon);
    const minute = text.slice(colon + 1);
    if (!isDigits(hour) || !isDigits(minute)) return undefined;
    return timeOfDay(Number(hour), Number(minute), 0);
  }
  const part = CLOCK.exec(text);
  if (part === null) return undefined;
  let hour = Number(part[1]);
  const minute = Number(part[2]);
  const second = Number(part[3] ?? 0);
  const half = part[5]?.toLowerCase();
  if (half !== undefined) {
    if (hour < 1 || hour > 12) return NaN;
    hour = hour % 12 + (half === "p" ? 12 : 0);
  }
  const fraction = Math.floor(Number(`0.${part[4] ?? 0}`) * 1000);
  return timeOfDay(hour, minute, second) + fraction;
}

function timeOfDay(hour: number, minute: number, second: number): number {
  // 24:00 is how some servers write the midnight that ends a day, and 60 a
  // leap second.
  if (minute > 59 || second > 60) return NaN;
  if (hour > 23 && !(hour === 24 && minute === 0 && second === 0)) return NaN;
  return ((hour * 60 + minute) * 60 + second) * 1000;
}

/** Whether a time has seconds; only then a zone or a year may follow it. */
export function hasSeconds(text: string): boolean {
  return text.indexOf(":") !== text.lastIndexOf(":");
}

/** Minutes east of UTC for `+0200`, `-05:30`. */
export function zone(text: string): number | undefined {
  const part = text.length <= 6
    ? /^([+-])(\d{2}):?([0-5]\d)$/.exec(text)
    : null;
  if (part === null) return undefined;
  const minutes = Number(part[2]) * 60 + Number(part[3]);
  return part[1] === "-" ? -minutes : minutes;
}

/** The moment of a day and a time, or undefined where no such day exists. */
export function moment(day: Day, time = 0, east = 0): Date | undefined {
  const at = milliseconds(day.year, day.month, day.day) + time - east * 60_000;
  return Number.isNaN(at) ? undefined : new Date(at);
}

// The same as a number, NaN where there is no such day. Counted by hand: Date
// takes the years 0 to 99 for 1900 to 1999, and most of the time of a listing.
function milliseconds(year: number, month: number, day: number): number {
  const isLeap = year % 4 === 0 && (year % 100 !== 0 || year % 400 === 0);
  const last = month === 2 && !isLeap ? 28 : DAYS[month - 1];
  if (last === undefined || day < 1 || day > last) return NaN;
  const before = BEFORE[month - 1]! + (month > 2 && isLeap ? 1 : 0);
  const y = year - 1;
  const leaps = Math.floor(y / 4) - Math.floor(y / 100) + Math.floor(y / 400);
  return (y * 365 + leaps + before + day - 1 - DAYS_TO_1970) * DAY_MS;
}

const DAYS = [31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];
const BEFORE = [0, 31, 59, 90, 120, 151, 181, 212, 243, 273, 304, 334];
const DAYS_TO_1970 = 719162;

/**
 * The most recent such moment that is not later than a day after `now`: the
 * server's clock may run ahead, and its zone is not known.
 */
export function yearless(
  month: number,
  day: number,
  time: number,
  now: Date,
): Date | undefined {
  const latest = now.getTime() + DAY_MS;
  const year = 1971 + Math.floor(latest / YEAR_MS);
  // February 29 may be eight years back, around 2100, and the year is one or
  // two too high, which a date in the future shows.
  for (let back = 0; back <= 10; back++) {
    const made = milliseconds(year - back, month, day) + time;
    if (made <= latest) return new Date(made);
  }
  return undefined;
}

/** The year of two digits (1970 to 2069), three (counted from 1900), four. */
export function fullYear(text: string): number {
  const value = Number(text);
  if (text.length === 4) return value;
  // QUIRK: an OS/2 server that took a count of years for two digits.
  if (text.length === 3) return 1900 + value;
  return value + (value < 70 ? 2000 : 1900);
}

const DATE =
  /^(?:\d{1,4}|[^\d\s./-]{3,9})([-/.])(?:\d{1,2}|[^\d\s./-]{3,9}\.?)\1\d{1,4}$/;

/**
 * The day which one word gives: `2024-01-02`, `01-02-24`, `18.09.06`,
 * `2-JUN-1998`, `Feb-28-1998`; undefined where the word is no date.
 */
export function dayOf(
  text: string,
  now: Date,
  order?: DateOrder,
): Day | undefined {
  const parts = dateParts(text);
  if (parts === undefined) return undefined;
  const [a, b, c] = parts;
  if (!isDigits(b)) return named(b, a, c);
  if (!isDigits(a)) return named(a, b, c);
  if (a.length >= 3) {
    return { year: Number(a), month: Number(b), day: Number(c) };
  }
  if (c.length < 2) return undefined;
  if (order !== undefined) {
    const day = read(parts, order);
    if (isPossible(day, now)) return day;
  }
  const all = orders(text);
  const fit = all.find((o) => isPossible(read(parts, o), now));
  return read(parts, fit ?? order ?? all[0]!);
}

function named(name: string, day: string, year: string): Day | undefined {
  if (!isDigits(day) || day.length > 2 || year.length < 2) return undefined;
  return { year: fullYear(year), month: month(name) ?? 0, day: Number(day) };
}

function dateParts(text: string): [string, string, string] | undefined {
  if (text.length < 6 || text.length > 20) return undefined;
  const separator = DATE.exec(text)?.[1];
  if (separator === undefined) return undefined;
  const [a, b, c] = text.split(separator);
  return [a!, b!, c!];
}

function read([a, b, c]: readonly string[], order: DateOrder): Day {
  if (order === "ymd") {
    return { year: fullYear(a!), month: Number(b), day: Number(c) };
  }
  const [monthText, day] = order === "mdy" ? [a, b] : [b, a];
  return { year: fullYear(c!), month: Number(monthText), day: Number(day) };
}

function orders(text: string): readonly DateOrder[] {
  return text.includes(".") ? ["dmy", "mdy", "ymd"] : ["mdy", "dmy", "ymd"];
}

function isPossible(day: Day, now: Date): boolean {
  const made = milliseconds(day.year, day.month, day.day);
  return made <= now.getTime() + DAY_MS;
}

/**
 * The order in which the numeric dates of a listing exist and lie in the past:
 * `04-03-23` alone says nothing, but next to `25-03-23` it is the fourth of
 * March. The first lines that leave only one order decide.
 */
export function dateOrder(
  lines: readonly string[],
  now: Date,
): DateOrder | undefined {
  let left: readonly DateOrder[] | undefined;
  for (const line of lines) {
    const at = words(line, 0, 5);
    for (let i = 0; i * 2 < at.length; i++) {
      const text = word(line, at, i);
      const parts = isDigit(text.charCodeAt(0)) ? dateParts(text) : undefined;
      if (parts === undefined || !parts.every(isDigits)) continue;
      if (parts[0].length > 2 || parts[2].length < 2) break;
      const before: readonly DateOrder[] = left ?? orders(text);
      const fit = before.filter((o) => isPossible(read(parts, o), now));
      if (fit.length === 1) return fit[0];
      // A date that fits no order is a bad one: it has no say.
      left = fit.length > 0 ? fit : before;
      break;
    }
  }
  return left?.[0];
}
