// What is written in the server's commands, apart from it.

import { assert, assertEquals, assertThrows } from "jsr:@std/assert@^1.0.0";
import { Article, OVERVIEW_FORMAT } from "./nntp_server_articles.ts";
import { fromText } from "./nntp_server_channel.ts";
import {
  formatDate,
  isMessageId,
  parseDate,
  parseRange,
  Refusal,
  wildmat,
  xpat,
} from "./nntp_server_syntax.ts";

Deno.test("wildmat() lets the last pattern that matches decide", () => {
  // RFC 3977 sections 4.2 and 4.4.
  const table: Record<string, { yes: string[]; no: string[] }> = {
    "a*,!*b,*c*": { yes: ["aaa", "ccb", "abc"], no: ["abb", "xxx", ""] },
    "abc,def": { yes: ["abc", "def"], no: ["abcd", "xdef", "abc,def"] },
    "a*b": { yes: ["ab", "axb"], no: ["abx", "xab"] },
    "a*,!*b,c*": { yes: ["a", "cb"], no: ["ab"] },
    "a*,c*,!*b": { yes: ["a", "c"], no: ["ab", "cb"] },
    "??a*": { yes: ["xya", "xyab"], no: ["ya", "a"] },
    "*a?": { yes: ["ab", "xaab"], no: ["a", "ba"] },
    "a.b+(c)$": { yes: ["a.b+(c)$"], no: ["axb+(c)$"] },
  };
  for (const [text, { yes, no }] of Object.entries(table)) {
    for (const name of yes) assert(wildmat(text)(name), `${text} ${name}`);
    for (const name of no) assert(!wildmat(text)(name), `${text} ${name}`);
  }
});

Deno.test("wildmat() counts characters, not bytes", () => {
  assert(wildmat(fromText("?"))(fromText("é")));
  assert(wildmat(fromText("gr?ße"))(fromText("grüße")));
  assert(!wildmat(fromText("??"))(fromText("é")));
  // What is not UTF-8 is taken byte for byte.
  assert(wildmat("caf?")("caf\xe9"));
});

Deno.test("wildmat() refuses sets, unless before RFC 3977", () => {
  for (const text of ["u[ks].*", "a\\b", "!a", "a,", "", "a,!!b", "a!b"]) {
    assertThrows(() => wildmat(text), Refusal, "wildmat", text);
  }
  const matches = wildmat("u[ks].*,x\\*,[^a-c]z,[]]", true);
  for (const name of ["uk.a", "us.b", "x*", "dz", "]"]) {
    assert(matches(name), name);
  }
  for (const name of ["ux.a", "xy", "az", "["]) assert(!matches(name), name);
});

Deno.test("xpat() takes a comma as it is", () => {
  assert(xpat("*a, b*")("x a, b y"));
  assert(!xpat("a,b")("a"));
  assert(xpat("[Hh]ello*")("hello there"));
});

Deno.test("parseDate() reads both forms of the year, and both clocks", () => {
  const now = new Date("2024-05-06T00:00:00Z");
  const of = (...words: string[]) => parseDate(words, now);
  assertEquals(
    of("20240102", "030405", "GMT"),
    new Date("2024-01-02T03:04:05Z"),
  );
  assertEquals(of("240102", "030405", "GMT").getUTCFullYear(), 2024);
  assertEquals(of("250102", "030405", "GMT").getUTCFullYear(), 1925);
  assertEquals(of("20240102", "030405"), new Date(2024, 0, 2, 3, 4, 5));
  for (
    const words of [
      ["2024010", "030405"],
      ["20241302", "030405"],
      ["20240132", "030405"],
      ["20240102", "240405"],
      ["20240102", "0304"],
      ["20240102", "030405", "CET"],
    ]
  ) assertThrows(() => of(...words), Refusal, "", words.join(" "));
  assertEquals(formatDate(now), "20240506000000");
});

Deno.test("parseRange() reads numbers and ranges, and nothing else", () => {
  assertEquals(parseRange("5"), { from: 5, to: 5 });
  assertEquals(parseRange("005-"), { from: 5, to: Infinity });
  assertEquals(parseRange("5-3"), { from: 5, to: 3 });
  for (
    const text of ["", "-5", "a", "5-a", "5--6", "<5>", "12345678901234567"]
  ) {
    assertEquals(parseRange(text), undefined, text);
  }
});

Deno.test("isMessageId() is as strict as RFC 3977", () => {
  assert(isMessageId("<a@b>"));
  assert(isMessageId(`<${"a".repeat(248)}>`));
  for (
    const text of ["a@b", "<>", "<a b>", "<a>b>", `<${"a".repeat(249)}>`, "<é>"]
  ) assert(!isMessageId(text), text);
});

Deno.test("Article.overview() unfolds, and counts by itself", () => {
  const article = new Article(
    "Subject: one\n\ttwo\nFROM:x\nLines: 99\nXref: h g:1\n\na\n\nb",
    { id: "<id>" },
  );
  const { length } = article.bytes;
  assertEquals(
    article.overview(OVERVIEW_FORMAT),
    `one two\tx\t\t<id>\t\t${length}\t3\tXref: h g:1`,
  );
  assertEquals(
    article.overview(["From:", "Bytes:", "Lines:", "Lines:full", "X:full"]),
    `x\t${length}\t3\tLines: 99\t`,
  );
  const more = [...OVERVIEW_FORMAT.slice(0, 7), ":lines", ":x-none"];
  assert(article.overview(more).endsWith(`\t3\t:lines 3\t`));
});
