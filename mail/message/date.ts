/** Dates as they stand in the header of a message (RFC 5322 section 3.3). */

const DAYS = ["Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"];
const MONTHS = [
  ...["Jan", "Feb", "Mar", "Apr", "May", "Jun"],
  ...["Jul", "Aug", "Sep", "Oct", "Nov", "Dec"],
];

/** Minutes east of UTC (RFC 5322 section 4.3). */
const ZONES: Record<string, number> = {
  ...{ UT: 0, UTC: 0, GMT: 0, Z: 0 },
  ...{ EDT: -240, EST: -300, CDT: -300, CST: -360 },
  ...{ MDT: -360, MST: -420, PDT: -420, PST: -480 },
};

const MONTH = "([A-Za-z]{3})[A-Za-z]*";
const TIME = String
  .raw`(\d{1,2})\s*[:.]\s*(\d{1,2})(?:\s*[:.]\s*(\d{1,2})(?:\.\d*)?)?(?!\d|\s*[:.]\s*\d)`;
const ZONE = String
  .raw`(?:\s*(?:,\s*)?(?:([+-])(\d{2}):?(\d{2})(?!\d)|([A-Za-z]+)))?`;

/**
 * `Sat, 21 Nov 2026 10:38:59 +0100`, with what section 4.3 has of obsolete
 * forms. QUIRK: hyphens in the date and dots in the time are seen.
 */
const USUAL = new RegExp(
  String.raw`^(?:[A-Za-z]+\.?\s*(?:,\s*)?|,\s*)?(\d{1,2})[\s-]+${MONTH}[\s-]+` +
    String.raw`(\d{2,4}),?\s+${TIME}${ZONE}`,
);
/**
 * QUIRK: `Sat Nov 21 10:38:59 2026`, as C's asctime() has it, with a zone in
 * front of the year or behind it.
 */
const ASCTIME = new RegExp(
  String.raw`^[A-Za-z]+,?\s+${MONTH}\s+(\d{1,2}),?\s+${TIME}${ZONE}\s+` +
    String.raw`(\d{4})(?!\d)${ZONE}`,
);

/**
 * Reads the date of a message (RFC 5322 section 3.3), the obsolete forms of
 * section 4.3 and what is seen beside them; undefined where it is none. A date
 * without a zone, or with one that nobody knows, counts as UTC.
 *
 * @example
 * ```ts
 * import { parseDate } from "@wireline/std/mail/message";
 * import { assertEquals } from "jsr:@std/assert@^1.0.0";
 *
 * assertEquals(
 *   parseDate("Sat, 21 Nov 2026 10:38:59 +0100"),
 *   new Date("2026-11-21T09:38:59Z"),
 * );
 * ```
 */
export function parseDate(value: string): Date | undefined {
  const time = parseCommon(value);
  if (time !== undefined) return new Date(time);
  const text = (value.includes("(") ? withoutComments(value) : value).trim();
  const usual = USUAL.exec(text);
  if (usual) {
    // By index: destructuring would take as long as the rest.
    return toDate(
      usual[3]!,
      usual[2]!,
      usual[1]!,
      usual[4]!,
      usual[5]!,
      usual[6],
      offsetOf(usual, 7),
    );
  }
  const asctime = ASCTIME.exec(text);
  if (!asctime) return undefined;
  const [, month, day, hours, minutes, seconds] = asctime;
  const year = asctime[10]!;
  const offset = offsetOf(asctime, 6) || offsetOf(asctime, 11);
  return toDate(year, month!, day!, hours!, minutes!, seconds, offset);
}

/**
 * The form that nearly all have, `Sat, 21 Nov 2026 10:38:59 +0100`, in ms. An
 * overview has one in each line, and this takes a quarter of the time that the
 * expressions take; whatever is different in any way is left to them.
 */
function parseCommon(text: string): number | undefined {
  const hasDay = text.startsWith(", ", 3) && DAYS.includes(text.slice(0, 3));
  let at = hasDay ? 5 : 0;
  const dayDigits = text[at + 1] === " " ? 1 : 2;
  const day = digits(text, at, dayDigits);
  at += dayDigits;
  const month = MONTHS.indexOf(text.slice(at + 1, at + 4));
  const year = digits(text, at + 5, 4);
  const hours = digits(text, at + 10, 2);
  const minutes = digits(text, at + 13, 2);
  const seconds = digits(text, at + 16, 2);
  const zone = digits(text, at + 20, 4);
  const shape = text.slice(at, at + 1) + text.slice(at + 4, at + 5) +
    text.slice(at + 9, at + 10) + text.slice(at + 12, at + 13) +
    text.slice(at + 15, at + 16) + text.slice(at + 18, at + 19);
  const fits = shape === "   :: " && text.length === at + 24 && month >= 0 &&
    day >= 1 && day <= 28 && year >= 1000 && hours <= 23 && minutes <= 59 &&
    seconds <= 59 && hours >= 0 && minutes >= 0 && seconds >= 0 && zone >= 0;
  const sign = text[at + 19];
  if (!fits || sign !== "+" && sign !== "-") return undefined;
  const offset = Math.floor(zone / 100) * 60 + zone % 100;
  const east = sign === "-" ? -offset : offset;
  return Date.UTC(year, month, day, hours, minutes - east, seconds);
}

/** A number of so many digits; -1 where something else stands there. */
function digits(text: string, at: number, count: number): number {
  let number = 0;
  for (let place = 0; place < count; place++) {
    const digit = text.charCodeAt(at + place) - 0x30;
    // Beyond the end it is NaN.
    if (!(digit >= 0 && digit <= 9)) return -1;
    number = number * 10 + digit;
  }
  return number;
}

/**
 * Minutes east of UTC, by what `ZONE` has found: a sign, hours and minutes, or a
 * name.
 */
function offsetOf(match: RegExpExecArray, at: number): number {
  const sign = match[at];
  if (!sign) return ZONES[match[at + 3]?.toUpperCase() ?? "UTC"] ?? 0;
  const minutes = Number(match[at + 1]) * 60 + Number(match[at + 2]);
  return sign === "-" ? -minutes : minutes;
}

/**
 * The date as a message has it (RFC 5322 section 3.3), in UTC.
 *
 * @example
 * ```ts
 * import { formatDate } from "@wireline/std/mail/message";
 * import { assertEquals } from "jsr:@std/assert@^1.0.0";
 *
 * assertEquals(
 *   formatDate(new Date("2026-11-21T09:38:59Z")),
 *   "Sat, 21 Nov 2026 09:38:59 +0000",
 * );
 * ```
 *
 * @throws {TypeError} When the date is invalid, or its year has not four digits.
 */
export function formatDate(date: Date): string {
  const year = date.getUTCFullYear();
  // An invalid date's is NaN.
  if (!(year >= 1000 && year <= 9999)) {
    throw new TypeError(`Cannot write the date: ${date} has no proper year`);
  }
  const two = (value: number) => String(value).padStart(2, "0");
  const time = [
    date.getUTCHours(),
    date.getUTCMinutes(),
    date.getUTCSeconds(),
  ].map(two).join(":");
  return `${DAYS[date.getUTCDay()]}, ${two(date.getUTCDate())} ` +
    `${MONTHS[date.getUTCMonth()]} ${year} ${time} +0000`;
}

function toDate(
  yearText: string,
  monthText: string,
  dayText: string,
  hoursText: string,
  minutesText: string,
  secondsText: string | undefined,
  offset: number,
): Date | undefined {
  const exact = MONTHS.indexOf(monthText);
  const month = exact >= 0
    ? exact
    : MONTHS.findIndex((name) =>
      name.toLowerCase() === monthText.toLowerCase()
    );
  const year = fullYear(yearText);
  const day = Number(dayText);
  if (month < 0 || day < 1 || day > daysIn(month, year)) return undefined;
  const hours = Number(hoursText);
  const minutes = Number(minutesText);
  const seconds = Number(secondsText ?? 0);
  // A leap second is the next minute's first.
  if (hours > 24 || minutes > 59 || seconds > 60) return undefined;
  // QUIRK: midnight, at the end of a day.
  if (hours === 24 && minutes + seconds > 0) return undefined;
  // Date.UTC would take a year below 100 for one of the last century.
  const time = year < 100
    ? new Date(0).setUTCFullYear(year, month, day) +
      Date.UTC(1970, 0, 1, hours, minutes - offset, seconds)
    : Date.UTC(year, month, day, hours, minutes - offset, seconds);
  return new Date(time);
}

function daysIn(month: number, year: number): number {
  if (month !== 1) return [3, 5, 8, 10].includes(month) ? 30 : 31;
  return year % 4 === 0 && (year % 100 !== 0 || year % 400 === 0) ? 29 : 28;
}

/** Two digits: 1950 to 2049, three: since 1900 (RFC 5322 section 4.3). */
function fullYear(text: string): number {
  const year = Number(text);
  if (text.length === 2) return year < 50 ? 2000 + year : 1900 + year;
  return text.length === 3 ? 1900 + year : year;
}

/** Comments may hold others and quoted parentheses (RFC 5322 section 3.2.2). */
function withoutComments(value: string): string {
  let text = "";
  let depth = 0;
  for (let at = 0; at < value.length; at++) {
    const char = value[at]!;
    if (char === "\\") at++;
    else if (char === "(") depth++;
    else if (char === ")") {
      // What stood around it stays apart.
      if (depth === 1) text += " ";
      depth = Math.max(0, depth - 1);
    } else if (depth === 0) text += char;
  }
  return text;
}
