import { assertEquals, assertThrows } from "jsr:@std/assert@^1.0.0";
import { formatDate, parseDate } from "../../../mail/message/date.ts";
import { seededRandom } from "../../_support/random_slices.ts";

/** Texts that are the date given in ISO 8601, or none. */
function check(table: [string, string | undefined][]) {
  for (const [text, iso] of table) {
    const expected = iso === undefined
      ? undefined
      : new Date(iso).toISOString();
    assertEquals(
      parseDate(text)?.toISOString(),
      expected,
      JSON.stringify(text),
    );
  }
}

Deno.test("parseDate() reads RFC 5322's dates", () => {
  check([
    // Section 3.3 and appendix A.1.
    ["Fri, 21 Nov 1997 09:55:06 -0600", "1997-11-21T15:55:06Z"],
    ["Tue, 1 Jul 2003 10:52:37 +0200", "2003-07-01T08:52:37Z"],
    ["Thu, 13 Feb 1969 23:32:54 -0330", "1969-02-14T03:02:54Z"],
    ["Mon, 24 Nov 1997 14:22:01 -0800", "1997-11-24T22:22:01Z"],
    ["21 Nov 1997 09:55 -0600", "1997-11-21T15:55:00Z"],
    ["01 Nov 1997 09:55:06 +0000", "1997-11-01T09:55:06Z"],
    // "-0000" is UTC of which nothing else is known.
    ["21 Nov 1997 09:55:06 -0000", "1997-11-21T09:55:06Z"],
    ["21 Nov 1997 00:00:00 +0000", "1997-11-21T00:00:00Z"],
    ["21 Nov 1997 23:59:59 +0000", "1997-11-21T23:59:59Z"],
    ["29 Feb 2000 12:00:00 +1400", "2000-02-28T22:00:00Z"],
    ["31 Dec 2026 23:59:59 -1200", "2027-01-01T11:59:59Z"],
    // The day of the week need not be right.
    ["Mon, 21 Nov 1997 09:55:06 -0600", "1997-11-21T15:55:06Z"],
    // Appendix A.5: white space and comments.
    [
      "Thu,\r\n      13\r\n        Feb\r\n          1969\r\n" +
      "      23:32\r\n               -0330 (Newfoundland Time)",
      "1969-02-14T03:02:00Z",
    ],
    ["  Fri,\t21\tNov 1997  09:55:06\r\n -0600  ", "1997-11-21T15:55:06Z"],
    ["\r\n Fri, 21 Nov 1997 09:55:06 -0600\r\n", "1997-11-21T15:55:06Z"],
  ]);
});

Deno.test("parseDate() reads every month, whatever its case", () => {
  const months = "Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec".split(" ");
  for (const [index, month] of months.entries()) {
    const expected = new Date(Date.UTC(2026, index, 1));
    for (
      const name of [
        month,
        month.toLowerCase(),
        month.toUpperCase(),
        `${month}uary`,
      ]
    ) {
      assertEquals(parseDate(`1 ${name} 2026 00:00 GMT`), expected, name);
    }
  }
});

Deno.test("parseDate() needs no blank behind the day of the week", () => {
  // day = ([FWS] 1*2DIGIT FWS), RFC 5322 section 3.3.
  check([
    ["Fri,21 Nov 1997 09:55:06 -0600", "1997-11-21T15:55:06Z"],
    ["Fri,(x)21 Nov 1997 09:55:06 -0600", "1997-11-21T15:55:06Z"],
  ]);
});

Deno.test("parseDate() reads years of two and three digits", () => {
  // RFC 5322 section 4.3.
  check([
    ["21 Nov 97 09:55:06 GMT", "1997-11-21T09:55:06Z"],
    ["21 Nov 00 00:00 GMT", "2000-11-21T00:00:00Z"],
    ["21 Nov 49 00:00 GMT", "2049-11-21T00:00:00Z"],
    ["21 Nov 50 00:00 GMT", "1950-11-21T00:00:00Z"],
    ["21 Nov 99 00:00 GMT", "1999-11-21T00:00:00Z"],
    ["21 Nov 000 00:00 GMT", "1900-11-21T00:00:00Z"],
    ["21 Nov 103 00:00 GMT", "2003-11-21T00:00:00Z"],
    ["21 Nov 999 00:00 GMT", "2899-11-21T00:00:00Z"],
    ["21 Nov 1900 00:00 GMT", "1900-11-21T00:00:00Z"],
    ["21 Nov 9999 00:00 GMT", "9999-11-21T00:00:00Z"],
    ["21 Nov 7 00:00 GMT", undefined],
    ["21 Nov 20267 00:00 GMT", undefined],
  ]);
});

Deno.test("parseDate() knows the zones that have names, and takes others as UTC", () => {
  // RFC 5322 section 4.3, the military ones too: they were used the wrong way
  // round.
  for (
    const [zone, hours] of [
      ["UT", 0],
      ["GMT", 0],
      ["gmt", 0],
      ["UTC", 0],
      ["EDT", 4],
      ["EST", 5],
      ["est", 5],
      ["CDT", 5],
      ["CST", 6],
      ["MDT", 6],
      ["MST", 7],
      ["PDT", 7],
      ["PST", 8],
      ...[..."ABCDEFGHIKLMNOPQRSTUVWXYZ"].map((one) => [one, 0]),
      ...[..."abcdefghijklmnopqrstuvwxyz"].map((one) => [one, 0]),
      ["CEST", 0],
      ["AST", 0],
      ["XYZZY", 0],
      ["constructor", 0],
      ["valueOf", 0],
      ["", 0],
      ["+", 0],
      ["+1", 0],
      ["+01", 0],
      ["+100", 0],
      ["Europe/Berlin", 0],
      ["\u00e4", 0],
    ] as [string, number][]
  ) {
    for (const seconds of [":06", ""]) {
      const text = `Fri, 21 Nov 1997 09:55${seconds} ${zone}`;
      const expected = new Date(`1997-11-21T09:55${seconds || ":00"}Z`);
      expected.setUTCHours(9 + hours);
      assertEquals(parseDate(text), expected, text);
    }
  }
});

Deno.test("parseDate() reads every offset of RFC 5322", () => {
  for (let hours = 0; hours <= 99; hours++) {
    for (const minutes of [0, 1, 30, 59]) {
      const digits = String(hours * 100 + minutes).padStart(4, "0");
      const noon = Date.UTC(2026, 10, 21, 12);
      const offset = (hours * 60 + minutes) * 60_000;
      const date = "21 Nov 2026 12:00:00";
      assertEquals(parseDate(`${date} +${digits}`)?.getTime(), noon - offset);
      assertEquals(parseDate(`${date} -${digits}`)?.getTime(), noon + offset);
    }
  }
});

Deno.test("parseDate() passes over comments", () => {
  check([
    ["21 Nov 1997 09:55:06 -0600 (CST)", "1997-11-21T15:55:06Z"],
    ["21 Nov 1997 09:55:06 -0600 (a (b (c) d) e)", "1997-11-21T15:55:06Z"],
    ["21 Nov 1997 09:55:06 -0600 (a \\) b)", "1997-11-21T15:55:06Z"],
    ["21 Nov 1997 09:55:06 (1 Jan 1970) -0600", "1997-11-21T15:55:06Z"],
    ["(1 Jan 1970 00:00) 21 Nov 1997 09:55 GMT", "1997-11-21T09:55:00Z"],
    ["(\\() 21 (x) Nov (y) 1997 (\r\n) 09:55 GMT", "1997-11-21T09:55:00Z"],
    ["()()21 Nov 1997 09:55 GMT()", "1997-11-21T09:55:00Z"],
    // Not closed, closed twice, and nothing but one.
    ["21 Nov 1997 09:55:06 -0600 (CST", "1997-11-21T15:55:06Z"],
    ["21 Nov 1997 09:55:06 -0600 (CST\\", "1997-11-21T15:55:06Z"],
    ["21 Nov 1997 09:55:06 (x)) -0600", "1997-11-21T15:55:06Z"],
    ["(21 Nov 1997 09:55:06 -0600)", undefined],
    ["(", undefined],
    [")", undefined],
  ]);
});

Deno.test("parseDate() takes a comment for a blank", () => {
  // CFWS, RFC 5322 sections 3.2.2 and 4.3.
  check([
    ["21(x)Nov(y)1997(z)09:55:06(a)GMT", "1997-11-21T09:55:06Z"],
    ["Fri,(x)21 Nov 1997 09:55:06 -0600", "1997-11-21T15:55:06Z"],
    ["1(x)2 Nov 1997 09:55 GMT", undefined],
  ]);
});

Deno.test("parseDate() takes blanks where RFC 5322 section 4.3 has them", () => {
  check([
    [
      // Appendix A.6.3.
      "Fri, 21 Nov 1997 09(comment):   55  :  06 -0600",
      "1997-11-21T15:55:06Z",
    ],
    ["Fri, 21 Nov 1997 09 : 55 -0600", "1997-11-21T15:55:00Z"],
    ["Fri , 21 Nov 1997 09:55:06 -0600", "1997-11-21T15:55:06Z"],
    ["Fri (day), 21 Nov 1997 09:55:06 -0600", "1997-11-21T15:55:06Z"],
  ]);
});

Deno.test("parseDate() reads what is seen beside RFC 5322", () => {
  check([
    // RFC 850, and without commas.
    ["Friday, 21-Nov-97 09:55:06 GMT", "1997-11-21T09:55:06Z"],
    ["Fri, 21-Nov-1997 09:55:06 GMT", "1997-11-21T09:55:06Z"],
    ["Fri 21 Nov 1997 09:55:06 GMT", "1997-11-21T09:55:06Z"],
    ["Fri., 21 Nov 1997, 09:55:06 GMT", "1997-11-21T09:55:06Z"],
    [", 21 Nov 1997 09:55:06 GMT", "1997-11-21T09:55:06Z"],
    ["Fri, 21 November 1997 09:55:06 GMT", "1997-11-21T09:55:06Z"],
    ["Fri, 21 Nov 1997 9:5:6 GMT", "1997-11-21T09:05:06Z"],
    ["Fri, 21 Nov 1997 09.55.06 GMT", "1997-11-21T09:55:06Z"],
    ["Fri, 21 Nov 1997 09:55:06.789 -0600", "1997-11-21T15:55:06Z"],
    ["Fri, 21 Nov 1997 09:55:06 -06:00", "1997-11-21T15:55:06Z"],
    ["Fri, 21 Nov 1997 09:55:06-0600", "1997-11-21T15:55:06Z"],
    ["Fri, 21 Nov 1997 09:55:06GMT", "1997-11-21T09:55:06Z"],
    ["Fri, 21 Nov 1997 09:55:06 -0600 CST", "1997-11-21T15:55:06Z"],
    ["Fri, 21 Nov 1997 09:55:06 GMT; whatever", "1997-11-21T09:55:06Z"],
    // C's asctime().
    ["Fri Nov 21 09:55:06 1997", "1997-11-21T09:55:06Z"],
    ["Fri Nov  1 09:55:06 1997", "1997-11-01T09:55:06Z"],
    ["Fri Nov 21 09:55 1997", "1997-11-21T09:55:00Z"],
    ["Fri Nov 21 09:55:06 EST 1997", "1997-11-21T14:55:06Z"],
    ["Fri Nov 21 09:55:06 -0600 1997", "1997-11-21T15:55:06Z"],
    ["Fri Nov 21 09:55:06 CET 1997\n", "1997-11-21T09:55:06Z"],
  ]);
});

Deno.test("parseDate() reads asctime() with a zone at its end", () => {
  check([
    // As git has it by default.
    ["Fri Nov 21 09:55:06 1997 -0600", "1997-11-21T15:55:06Z"],
  ]);
});

Deno.test("parseDate() counts a leap second as the next minute's first", () => {
  check([
    ["31 Dec 2016 23:59:60 +0000", "2017-01-01T00:00:00Z"],
    ["31 Dec 2016 18:59:60 -0500", "2017-01-01T00:00:00Z"],
    ["21 Nov 1997 09:55:61 GMT", undefined],
  ]);
});

Deno.test("parseDate() takes 24:00 as the end of the day", () => {
  check([
    ["31 Dec 2026 24:00:00 +0000", "2027-01-01T00:00:00Z"],
    ["28 Feb 2024 24:00 +0000", "2024-02-29T00:00:00Z"],
    ["31 Dec 2026 25:00:00 +0000", undefined],
  ]);
});

Deno.test("parseDate() takes nothing behind 24:00", () => {
  // Hours are 00 to 23, RFC 5322 section 3.3.
  check([
    ["31 Dec 2026 24:30 +0000", undefined],
    ["31 Dec 2026 24:00:01 +0000", undefined],
  ]);
});

Deno.test("parseDate() takes no time with a digit too many", () => {
  // Minutes and seconds are two digits, RFC 5322 section 3.3.
  check([
    ["21 Nov 1997 09:555 -0600", undefined],
    ["21 Nov 1997 09:55:066 -0600", undefined],
    ["21 Nov 1997 09:55:06 -06000", "1997-11-21T09:55:06Z"],
    ["Fri Nov 21 09:55:06 19975", undefined],
  ]);
});

Deno.test("parseDate() is undefined for what is no date", () => {
  check([
    "",
    " ",
    "\r\n",
    "now",
    "Fri,",
    "21 Nov",
    "21 Nov 1997",
    "21 Nov 1997 09",
    "21 Nov 1997 GMT",
    "Nov 1997 09:55",
    "32 Nov 1997 09:55 GMT",
    "31 Nov 1997 09:55 GMT",
    "29 Feb 1997 09:55 GMT",
    "29 Feb 1900 09:55 GMT",
    "0 Nov 1997 09:55 GMT",
    "00 Nov 1997 09:55 GMT",
    "121 Nov 1997 09:55 GMT",
    "-1 Nov 1997 09:55 GMT",
    "21 Nox 1997 09:55 GMT",
    "21 No 1997 09:55 GMT",
    "21 11 1997 09:55 GMT",
    "21 Nov 1997 09:60 GMT",
    "21 Nov 1997 009:55 GMT",
    "21 Nov 1997 -9:55 GMT",
    "21 Nov 1997 ab:cd GMT",
    "21 Nov 19x7 09:55 GMT",
    "1997-11-21T09:55:06Z",
    "11/21/1997 09:55:06",
    "880127706",
    "Fri Nov 31 09:55:06 1997",
    "Fri Nov 21 09:55:06 97",
    "Fri Nox 21 09:55:06 1997",
    "\u0662\u0661 Nov 1997 09:55 GMT",
    "21 \u0130an 1997 09:55 GMT",
    "Fri, 21 Nov 1997 0\u00009:55 GMT",
  ].map((text) => [text, undefined]));
});

Deno.test("parseDate() needs no time for input made to take much", () => {
  const many = 1_000_000;
  const begin = "Fri, 21 Nov 1997 09:55:06";
  for (
    const text of [
      "(".repeat(many),
      ")".repeat(many),
      "()".repeat(many / 2),
      "(".repeat(many / 2) + ")".repeat(many / 2),
      "(\\".repeat(many / 2),
      "\\".repeat(many) + "(",
      "x" + "(x)".repeat(many / 3),
      " ".repeat(many),
      "\r\n ".repeat(many / 3) + "x",
      "1".repeat(many),
      "a".repeat(many),
      "a ".repeat(many / 2),
      "Fri," + " ".repeat(many) + "x",
      "21" + " ".repeat(many) + "x",
      "21" + "- ".repeat(many / 2) + "x",
      "21 Nov" + "e".repeat(many),
      "21 Nov" + "-".repeat(many) + "x",
      "21 Nov 1997" + " ".repeat(many) + "x",
      "Fri Nov 21 " + " ".repeat(many) + "x",
      "Fri Nov 21 09:55" + " ".repeat(many) + "x",
      "Fri Nov 21 09:55:06" + " ".repeat(many) + "x",
      "Fri Nov 21 09" + " ".repeat(many) + "x",
      "Fri" + " ".repeat(many) + ",x",
      "Fri Nov 21 09:55:06." + "1".repeat(many) + "x",
      "Fri Nov 21 09:55:06 " + "a".repeat(many),
      "Fri Nov 21 09:55:06 " + "a ".repeat(many / 2),
      `${begin}${" ".repeat(many)}`,
      `${begin}.${"1".repeat(many)}`,
      `${begin}${" ".repeat(many)}x${" ".repeat(many)}y`,
      `${begin} ${"a".repeat(many)}`,
      `${begin} (${"(x)".repeat(many / 3)}`,
      `${begin} +${"1".repeat(many)}`,
    ]
  ) {
    const date = parseDate(text);
    if (!text.startsWith(begin)) assertEquals(date, undefined);
  }
});

Deno.test("formatDate() writes dates as RFC 5322 section 3.3 has them", () => {
  for (
    const [iso, text] of [
      ["2026-11-21T09:38:59Z", "Sat, 21 Nov 2026 09:38:59 +0000"],
      ["2026-11-21T09:38:59.999Z", "Sat, 21 Nov 2026 09:38:59 +0000"],
      ["1970-01-01T00:00:00Z", "Thu, 01 Jan 1970 00:00:00 +0000"],
      ["1969-12-31T23:59:59.999Z", "Wed, 31 Dec 1969 23:59:59 +0000"],
      ["2024-02-29T12:00:00Z", "Thu, 29 Feb 2024 12:00:00 +0000"],
      ["1000-01-01T00:00:00Z", "Wed, 01 Jan 1000 00:00:00 +0000"],
      ["9999-12-31T23:59:59Z", "Fri, 31 Dec 9999 23:59:59 +0000"],
    ]
  ) {
    assertEquals(formatDate(new Date(iso!)), text);
  }
});

Deno.test("formatDate() refuses what no message can have", () => {
  for (
    const date of [
      new Date(NaN),
      new Date("nonsense"),
      new Date("0999-12-31T23:59:59Z"),
      new Date("-000001-01-01T00:00:00Z"),
      new Date("+010000-01-01T00:00:00Z"),
      new Date(8.64e15),
      new Date(-8.64e15),
    ]
  ) {
    assertThrows(() => formatDate(date), TypeError, "Cannot write the date");
  }
});

Deno.test("formatDate() and parseDate() give a date back", () => {
  const random = seededRandom(1);
  const first = Date.UTC(1000, 0);
  const last = Date.UTC(9999, 11, 31, 23, 59, 59);
  for (let count = 0; count < 10_000; count++) {
    const seconds = Math.floor((first + random() * (last - first)) / 1000);
    const date = new Date(seconds * 1000);
    assertEquals(parseDate(formatDate(date)), date);
  }
});
