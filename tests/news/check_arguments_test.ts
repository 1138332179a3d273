/** The checks by themselves; `arguments_test.ts` has every command. */
import { assert, assertEquals, assertThrows } from "jsr:@std/assert@^1.0.0";
import {
  checkArticle,
  checkHeader,
  checkMessageId,
  checkRange,
  checkWord,
  formatSince,
} from "../../news/arguments.ts";

/** What could end the command or add to it, wherever it stands. */
const SMUGGLED = ["\r\n", "\r", "\n", "\0", " ", "\t", "\v", "\f", "\x7f"];

function withSmuggled(good: string): string[] {
  const middle = good.length >> 1;
  return SMUGGLED.flatMap((bad) => [
    bad + good,
    good + bad,
    good.slice(0, middle) + bad + good.slice(middle),
    `${good}${bad}QUIT`,
  ]);
}

function refuses(check: (value: string) => string, values: string[]) {
  for (const value of values) {
    const error = assertThrows(
      () => check(value),
      TypeError,
      "Cannot",
      JSON.stringify(value),
    );
    // It may be logged.
    // deno-lint-ignore no-control-regex
    assert(!/[\x00-\x1f]/.test(error.message), JSON.stringify(error.message));
  }
}

const IDS = [
  "<a@b>",
  "<45223423@example.com>",
  "<a$b%c+d/e=f!g@[192.0.2.1]>",
  "<no-at-sign>",
  "<<a@b>",
  '<"q"@b>',
  "<\u00fc@\u65e5\u672c>",
  `<${"a".repeat(248)}>`,
];
const NO_IDS = [
  "",
  "a@b",
  "<>",
  "<a@b",
  "a@b>",
  "<a>b>",
  "<a@b>x",
  "x<a@b>",
  `<${"a".repeat(249)}>`,
  "<\ud800@b>",
  "<a@b\udc00>",
  ...withSmuggled("<a@b>"),
];

Deno.test("checkMessageId() takes ids in angle brackets, and nothing else", () => {
  for (const id of IDS) assertEquals(checkMessageId(id), id);
  refuses(checkMessageId, [...NO_IDS, "1", "0"]);
});

Deno.test("checkMessageId() counts bytes", () => {
  // 250 octets, RFC 3977 section 3.6.
  refuses(checkMessageId, [`<${"\u65e5".repeat(83)}>`]);
});

Deno.test("checkArticle() takes numbers and ids", () => {
  for (
    const [id, text] of [
      [undefined, ""],
      [1, "1"],
      ["1", "1"],
      [2 ** 31 - 1, "2147483647"],
      ["2147483647", "2147483647"],
      [Number.MAX_SAFE_INTEGER, "9007199254740991"],
      ...IDS.map((one) => [one, one] as const),
    ] as const
  ) {
    assertEquals(checkArticle(id), text);
  }
  for (const id of [0, -1, 1.5, NaN, Infinity, -Infinity, 2 ** 53, 1e21]) {
    assertThrows(() => checkArticle(id), TypeError, "Cannot ask for article");
  }
  refuses(checkArticle, [
    ...NO_IDS,
    ...withSmuggled("12"),
    ...["0", "-1", "+1", "1.5", "1e3", "0x10", "\u0661", "1-2"],
    "9".repeat(20),
    "9".repeat(1_000),
  ]);
});

Deno.test("checkRange() takes ranges too", () => {
  for (
    const [range, text] of [
      [undefined, ""],
      [5, "5"],
      ["5", "5"],
      ["5-", "5-"],
      ["5-9", "5-9"],
      // RFC 3977 section 6.1.2.2: an empty one is no mistake.
      ["9-5", "9-5"],
      ...IDS.map((one) => [one, one] as const),
    ] as const
  ) {
    assertEquals(checkRange(range), text);
  }
  for (const range of [0, -5, 1.5, NaN]) {
    assertThrows(() => checkRange(range), TypeError, "Cannot ask for article");
  }
  refuses(checkRange, [
    ...NO_IDS,
    ...withSmuggled("5-9"),
    ...withSmuggled("5-"),
    ...[
      "-",
      "-5",
      "5--9",
      "5-9-",
      "5-9,11",
      "a-b",
      "<a>-<b>",
      "5-x",
      "5\u20139",
    ],
  ]);
});

Deno.test("checkRange() takes no numbers that checkArticle() refuses", () => {
  const huge = "9".repeat(1_000);
  refuses(checkRange, [`${huge}-`, `1-${huge}`, `${huge}-${huge}`]);
});

Deno.test("checkWord() takes one word", () => {
  for (
    const word of [
      "misc.test",
      "*",
      "a*,!b*",
      "ACTIVE.TIMES",
      "\u65e5\u672c.\u00fc",
      "\ud83d\ude00",
      "-",
      "a".repeat(10_000),
    ]
  ) {
    assertEquals(checkWord("a group", word), word);
  }
  refuses((word) => checkWord("a group", word), [
    "",
    ...["\ud800", "a\udc00"],
    ...Array.from({ length: 33 }, (_, code) => String.fromCharCode(code)),
    ...withSmuggled("misc.test"),
  ]);
  for (const word of [undefined, null, 1, {}, ["a"], () => "a"]) {
    assertThrows(
      () => checkWord("a group", word as string),
      TypeError,
      "as a group: it is not one word",
    );
  }
});

Deno.test("checkHeader() takes a header's name, or what a server knows besides", () => {
  for (
    const name of ["Subject", "message-id", ":bytes", ":lines", "X-!#$%&'*+"]
  ) {
    assertEquals(checkHeader(name), name);
  }
  refuses(checkHeader, [
    ...["", ":", "::bytes", "Subject:", "a:b", "\u00fc", "\ud800"],
    ...withSmuggled("Subject"),
    ...withSmuggled(":bytes"),
  ]);
});

Deno.test("formatSince() writes dates of either length", () => {
  for (
    const [iso, long, short] of [
      ["2026-11-21T09:38:59Z", "20261121 093859 GMT", "261121 093859 GMT"],
      ["2026-11-21T09:38:59.999Z", "20261121 093859 GMT", "261121 093859 GMT"],
      ["2000-01-02T03:04:05Z", "20000102 030405 GMT", "000102 030405 GMT"],
      ["1970-01-01T00:00:00Z", "19700101 000000 GMT", "700101 000000 GMT"],
      // Nothing is older than news; two digits would be another century.
      ["1969-12-31T23:59:59Z", "19691231 235959 GMT", "700101 000000 GMT"],
      ["1900-02-03T00:00:00Z", "19000203 000000 GMT", "700101 000000 GMT"],
      ["0050-02-03T00:00:00Z", "00500203 000000 GMT", "700101 000000 GMT"],
      ["0000-01-01T00:00:00Z", "00000101 000000 GMT", "700101 000000 GMT"],
    ]
  ) {
    const since = new Date(iso!);
    assertEquals(formatSince(since, { shortYear: false }), long, iso);
    assertEquals(formatSince(since, { shortYear: true }), short, iso);
  }
  assertEquals(
    formatSince(new Date("9999-12-31T23:59:59Z"), { shortYear: false }),
    "99991231 235959 GMT",
  );
});

Deno.test("formatSince() refuses what cannot be said", () => {
  for (
    const since of [
      new Date(NaN),
      new Date("yesterday"),
      new Date("+010000-01-01T00:00:00Z"),
      new Date("-000001-12-31T23:59:59Z"),
      new Date(8.64e15),
      new Date(-8.64e15),
    ]
  ) {
    for (const shortYear of [false, true]) {
      assertThrows(
        () => formatSince(since, { shortYear }),
        TypeError,
        "Cannot ask for what is new since",
      );
    }
  }
});
