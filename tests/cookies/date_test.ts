import { assertEquals } from "jsr:@std/assert@^1.0.0";
import { formatDate, parseCookieDate } from "../../cookies/date.ts";

const EPOCH_2030 = "2030-01-02T03:04:05.000Z";

/** By the step of RFC 6265bis section 5.1.1 that decides. */
const DATES: [step: string, text: string, iso: string | undefined][] = [
  ["the usual form", "Wed, 02 Jan 2030 03:04:05 GMT", EPOCH_2030],
  ["RFC 850", "Wednesday, 02-Jan-30 03:04:05 GMT", EPOCH_2030],
  ["asctime", "Wed Jan  2 03:04:05 2030", EPOCH_2030],
  [
    "1: any delimiter",
    "\t2!Jan\"2030#$%&'()*+,-./;<=>?@3:4:5[\\]^_`{|}~",
    EPOCH_2030,
  ],
  [
    "1: other characters are in tokens",
    "2\u007f Jan\x01 2030é 3:4:5\xff",
    EPOCH_2030,
  ],
  ["1: no token", " ,;- ", undefined],
  ["1: nothing", "", undefined],
  ["2: any order", "2030 03:04:05 jan 2", EPOCH_2030],
  [
    "2: day before year where both are digits",
    "03:04:05 jan 2 2030",
    EPOCH_2030,
  ],
  ["2.1: one digit each", "2 Jan 2030 3:4:5", EPOCH_2030],
  ["2.1: what follows is no digit", "2 Jan 2030 03:04:05foo", EPOCH_2030],
  ["2.1: three digits are no time", "2 Jan 2030 03:04:055", undefined],
  ["2.1: three digits in front", "2 Jan 2030 003:04:05", undefined],
  ["2.1: no seconds", "2 Jan 2030 03:04", undefined],
  ["2.1: the first counts", "03:04:05 2 Jan 2030 06:07:08", EPOCH_2030],
  ["2.2: letters behind the day", "2nd Jan 2030 03:04:05", EPOCH_2030],
  ["2.2: three digits are no day", "002 Jan 2030 03:04:05", undefined],
  ["2.2: the first counts", "2 Jan 2030 03:04:05 31", EPOCH_2030],
  ["2.3: letters behind the month", "2 januaryish 2030 03:04:05", EPOCH_2030],
  ["2.3: any case", "2 jAN 2030 03:04:05", EPOCH_2030],
  ["2.3: the first counts", "2 Jan Feb 2030 03:04:05", EPOCH_2030],
  ["2.3: no such month", "2 Foo 2030 03:04:05", undefined],
  ["2.3: between two months", "2 anf 2030 03:04:05", undefined],
  ["2.4: letters behind the year", "2 Jan 2030AD 03:04:05", EPOCH_2030],
  ["2.4: five digits are no year", "2 Jan 20300 03:04:05", undefined],
  ["2.4: one digit is no year", "2 Jan 3 03:04:05", undefined],
  ["2.4: the first counts", "2 Jan 2030 2031 03:04:05", EPOCH_2030],
  ["3: 70", "2 Jan 70 03:04:05", "1970-01-02T03:04:05.000Z"],
  ["3: 99", "2 Jan 99 03:04:05", "1999-01-02T03:04:05.000Z"],
  ["4: 69", "2 Jan 69 03:04:05", "2069-01-02T03:04:05.000Z"],
  ["4: 00", "2 Jan 00 03:04:05", "2000-01-02T03:04:05.000Z"],
  ["5: no day", "Jan 2030 03:04:05", undefined],
  ["5: no month", "2 2030 03:04:05", undefined],
  ["5: no year", "2 Jan 03:04:05", undefined],
  ["5: no time", "2 Jan 2030", undefined],
  ["5: day 0", "0 Jan 2030 03:04:05", undefined],
  ["5: day 32", "32 Jan 2030 03:04:05", undefined],
  ["5: day 31", "31 Jan 2030 03:04:05", "2030-01-31T03:04:05.000Z"],
  ["5: year 1600", "2 Jan 1600 03:04:05", undefined],
  ["5: year 1601", "2 Jan 1601 03:04:05", "1601-01-02T03:04:05.000Z"],
  ["5: year 100", "2 Jan 100 03:04:05", undefined],
  ["5: hour 24", "2 Jan 2030 24:04:05", undefined],
  ["5: hour 23", "2 Jan 2030 23:04:05", "2030-01-02T23:04:05.000Z"],
  ["5: minute 60", "2 Jan 2030 03:60:05", undefined],
  ["5: second 60", "2 Jan 2030 03:04:60", undefined],
  ["5: second 59", "2 Jan 2030 03:59:59", "2030-01-02T03:59:59.000Z"],
  ["6: February 30", "30 Feb 2028 03:04:05", undefined],
  [
    "6: February 29 of a leap year",
    "29 Feb 2028 03:04:05",
    "2028-02-29T03:04:05.000Z",
  ],
  ["6: February 29 of another", "29 Feb 2030 03:04:05", undefined],
  ["6: April 31", "31 Apr 2030 03:04:05", undefined],
  ["7: the zone does not count", "2 Jan 2030 03:04:05 PST", EPOCH_2030],
];

for (const [step, text, iso] of DATES) {
  Deno.test(`parseCookieDate() follows the standard, step ${step}`, () => {
    assertEquals(parseCookieDate(text)?.toISOString(), iso);
  });
}

Deno.test("parseCookieDate() knows every month", () => {
  const names = "Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec".split(" ");
  assertEquals(
    names.map((name) => parseCookieDate(`1 ${name} 2030 0:0:0`)?.getUTCMonth()),
    [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11],
  );
});

Deno.test("parseCookieDate() reads what formatDate() writes", () => {
  const date = new Date("2030-01-02T03:04:05Z");
  assertEquals(formatDate(date), "Wed, 02 Jan 2030 03:04:05 GMT");
  assertEquals(parseCookieDate(formatDate(date)), date);
});
