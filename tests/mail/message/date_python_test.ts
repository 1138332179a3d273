/** The same dates, read by Python's `email.utils`. */
import { assert, assertEquals } from "jsr:@std/assert@^1.0.0";
import { parseDate } from "../../../mail/message/date.ts";
import { seededRandom } from "../../_support/random_slices.ts";
import { askPython } from "../encoding/samples.ts";

const random = seededRandom(5);

function below(count: number): number {
  return Math.floor(random() * count);
}

function one<T>(from: readonly T[]): T {
  return from[below(from.length)]!;
}

function two(number: number): string {
  return String(number).padStart(2, "0");
}

const DAYS = ["Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"];
const MONTHS = "Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec".split(" ");
const ZONES = ["UT", "GMT", "EST", "EDT", "CST", "CDT", "MST", "MDT", "PST"];

/** A date as somebody might write it, most of them right. */
function someDate(): string {
  const day = below(31) + 1;
  const date = [
    one([String(day), two(day)]),
    one([String, (x: string) => x.toLowerCase()])(one(MONTHS)),
    one([
      String(1900 + below(200)),
      String(1900 + below(200)),
      two(below(100)),
    ]),
  ];
  const time = [two(below(24)), two(below(60)), two(below(60))]
    .slice(0, one([2, 3, 3])).join(":");
  const zone = one([
    one(["+", "-"]) + two(below(24)) + one(["00", "30", two(below(60))]),
    one(["+", "-"]) + two(below(24)) + "00",
    one([...ZONES, "PDT", "Z", "A", "CET", "AST", "XYZ"]),
    one(["+0000", "-0000"]),
    "",
  ]);
  const blank = () => one([" ", " ", " ", "  ", "\t", "\r\n "]);
  switch (below(6)) {
    case 0:
      // asctime()
      return [one(DAYS), date[1], date[0], time, `${1900 + below(200)}`]
        .join(" ");
    case 1:
      return `${one(DAYS)}, ${date.join("-")} ${time} ${zone}`;
    case 2:
      return [...date, time, zone].join(blank());
    default:
      return one(DAYS) + "," + blank() + [...date, time, zone].join(blank());
  }
}

function mutated(text: string): string {
  const chars = [...text];
  for (let changes = 1 + below(3); changes > 0; changes--) {
    const at = below(chars.length + 1);
    const any = one([..." ,:.+-0123456789aezGMTNov\t"]);
    if (random() < 0.4) chars.splice(at, 1);
    else if (random() < 0.5) chars.splice(at, 0, any);
    else chars[at] = any;
  }
  return chars.join("");
}

/** Milliseconds as Python has them; a date without a zone counts as UTC. */
function pythonDates(texts: string[]): Promise<(number | null)[]> {
  return askPython(
    `
import datetime, email.utils
output = []
for text in input:
    try:
        date = email.utils.parsedate_to_datetime(text)
        if date.tzinfo is None:
            date = date.replace(tzinfo=datetime.timezone.utc)
        output.append(round(date.timestamp() * 1000))
    except Exception:
        output.append(None)
`,
    texts,
  );
}

/**
 * RFC 5322 section 3.3 with the years and zones of section 4.3, and what has to be
 * read beside it: RFC 850's hyphens, other days of the week, numbers of one digit.
 */
const GRAMMAR = new RegExp(
  String.raw`^\s*(?:[a-z]+,\s+|(?:${DAYS.join("|")})\s+)?\d{1,2}` +
    String.raw`(?:\s+(?:${MONTHS.join("|")})\s+|-(?:${MONTHS.join("|")})-)` +
    String.raw`(\d{2,4})\s+\d{1,2}:\d{1,2}(?::\d{1,2})?\s+` +
    String.raw`([+-]\d{4}|[a-z]+)\s*$`,
  "i",
);

/** What the RFC has otherwise than Python, in milliseconds. */
function correction(python: number, year: string, zone: string): number {
  const date = new Date(python);
  const whole = Number(year);
  const taken = whole < 69 ? 2000 + whole : whole < 100 ? 1900 + whole : whole;
  // Section 4.3: 50 is 1950 and not 2050, three digits count from 1900, and four
  // are the year.
  let meant = taken;
  if (year.length === 2 && whole >= 50) meant = 1900 + whole;
  if (year.length === 3) meant = 1900 + whole;
  if (year.length === 4) meant = whole;
  const hours = { AST: -4, ADT: -3 }[zone.toUpperCase()] ?? 0;
  // Section 4.3: names that it does not list are UTC.
  date.setUTCHours(date.getUTCHours() + hours);
  date.setUTCFullYear(date.getUTCFullYear() + meant - taken);
  return date.getTime() - python;
}

Deno.test("parseDate() agrees with Python, but where RFC 5322 does not", async () => {
  const good = Array.from({ length: 10_000 }, someDate);
  const texts = [...good, ...good.map(mutated), ...good.map(mutated)];
  const answers = await pythonDates(texts);
  const seen = { strict: 0, same: 0, ours: 0, theirs: 0, other: 0 };
  for (const [index, text] of texts.entries()) {
    const theirs = answers[index]!;
    const ours = parseDate(text)?.getTime() ?? null;
    const what = `${JSON.stringify(text)}: ${theirs}`;
    const strict = GRAMMAR.exec(text);
    if (strict && theirs !== null) {
      seen.strict++;
      const expected = theirs + correction(theirs, strict[1]!, strict[2]!);
      assertEquals(ours, expected, what);
    } else if (strict) {
      // What Python has not: 24:00 (QUIRK), a leap second, offsets of a day and
      // more (section 3.3: up to 9959), names of zones that end in digits.
      const odd = /\D24:0?0|:60|[+-](23[6-9]|2[4-9]|[3-9]\d)\d/.test(text);
      assert(ours === null || odd, what);
    } else if (ours === theirs) seen.same++;
    else if (theirs === null) {
      // A zone is missing behind RFC 850's date, or something is behind the time.
      seen.ours++;
    } else if (ours === null) {
      // A year of one digit, or a day of the week or a number with a sign, a dot
      // or a digit too many.
      seen.theirs++;
      assert(index >= good.length, what);
    } else {
      // A zone of three digits or without a sign is none (section 3.3: UTC), and
      // Python takes it for one. A year of asctime()'s has four.
      seen.other++;
      assert(index >= good.length || !/[+-]\d{4}\s*$/.test(text), what);
    }
  }
  assert(seen.strict > 5_000 && seen.same > 5_000, JSON.stringify(seen));
});
