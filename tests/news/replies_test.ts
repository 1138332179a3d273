import { assertEquals } from "jsr:@std/assert@^1.0.0";
import {
  parseActive,
  parseArticleRef,
  parseDateReply,
  parseGroup,
  parseHeaderLine,
} from "../../news/replies.ts";

const HUGE = "9".repeat(400);

Deno.test("parseGroup() reads what GROUP answers", () => {
  const summary = {
    name: "misc.test",
    count: 1234,
    first: 3000234,
    last: 3002322,
  };
  for (
    const text of [
      "1234 3000234 3002322 misc.test",
      "1234 3000234 3002322 misc.test list follows",
      " 01234  3000234\t3002322 misc.test\r\n",
    ]
  ) {
    assertEquals(parseGroup(text, "asked"), summary, text);
  }
  // Empty groups, RFC 3977 section 6.1.1.2.
  assertEquals(parseGroup("0 4000 3999 a", "asked"), {
    name: "a",
    count: 0,
    first: 4000,
    last: 3999,
  });
  assertEquals(
    parseGroup("0 0 0 \u00fc.\u65e5\u672c", "asked")?.name,
    "\u00fc.\u65e5\u672c",
  );
});

Deno.test("parseGroup() knows the group that was asked for", () => {
  for (const text of ["1 2 3", "1 2 3 "]) {
    const group = { name: "asked", count: 1, first: 2, last: 3 };
    assertEquals(parseGroup(text, "asked"), group);
  }
});

Deno.test("parseGroup() is undefined for what is no group", () => {
  for (
    const text of [
      "",
      "1 2 misc.test",
      "misc.test 1 2 3",
      "-1 2 3 a",
      "1.5 2 3 a",
      "1e3 2 3 a",
      "0x1 2 3 a",
      "1,2,3 a",
      "\u0661 2 3 a",
      `${HUGE} 1 2 a`,
      `1 ${HUGE} 2 a`,
      `1 2 ${HUGE} a`,
    ]
  ) {
    assertEquals(parseGroup(text, "asked"), undefined, text);
  }
});

Deno.test("parseArticleRef() reads a number and a Message-ID", () => {
  for (
    const [text, number, messageId] of [
      ["3000234 <45223423@example.com>", 3000234, "<45223423@example.com>"],
      ["0 <a@b> article", 0, "<a@b>"],
      [" 1\t<a@b>\r\n", 1, "<a@b>"],
      ["1 <a@b>text", 1, "<a@b>"],
      ["1 <<a@b>", 1, "<<a@b>"],
      ["1 <\u00fc>", 1, "<\u00fc>"],
      ["1 <a @b>", 1, "<a @b>"],
      ["1", 1, ""],
      ["1 article follows", 1, ""],
      ["<a@b> article follows", 0, "<a@b>"],
    ] as const
  ) {
    assertEquals(parseArticleRef(text), { number, messageId });
  }
  for (
    const text of [
      "",
      "1 <a@b",
      "1x",
      "x <a@b>",
      "-1 <a@b>",
      `${HUGE} <a@b>`,
    ]
  ) {
    assertEquals(parseArticleRef(text), undefined, text);
  }
});

Deno.test("parseActive() reads a line of groups, the highest number first", () => {
  assertEquals(parseActive("misc.test 3002322 3000234 y"), {
    name: "misc.test",
    first: 3000234,
    last: 3002322,
    status: "y",
  });
  for (const status of ["n", "m", "j", "x", "=other.group", "?"]) {
    assertEquals(parseActive(`a 0000000002 0000000001 ${status} x`), {
      name: "a",
      first: 1,
      last: 2,
      status,
    });
  }
  // Names are nobody's business here.
  for (const name of ["__proto__", "1", "a..b", "\u00fc", "<a>"]) {
    assertEquals(parseActive(`${name}\t1 2 y\r`)?.name, name);
  }
  for (
    const line of [
      "",
      "a",
      "a 1 2",
      "a 1 2 ",
      "a b c y",
      "a -1 2 y",
      "a 1.5 2 y",
      `a ${HUGE} 1 y`,
      `a 1 ${HUGE} y`,
    ]
  ) {
    assertEquals(parseActive(line), undefined, line);
  }
});

Deno.test("parseDateReply() reads UTC", () => {
  for (
    const [text, iso] of [
      ["19990623135624", "1999-06-23T13:56:24Z"],
      [" 20240229000000", "2024-02-29T00:00:00Z"],
      ["20261231235959 whatever", "2026-12-31T23:59:59Z"],
      ["99991231235959", "9999-12-31T23:59:59Z"],
      ["20260101000000.5", "2026-01-01T00:00:00Z"],
    ]
  ) {
    assertEquals(parseDateReply(text!), new Date(iso!), text);
  }
});

Deno.test("parseDateReply() is undefined for what is no date", () => {
  for (
    const text of [
      "",
      "now",
      "1999062313562",
      "1999-06-23 13:56:24",
      "990623135624",
      "00500101000000",
      "20261301000000",
      "20260001000000",
      "20260100000000",
      "20260132000000",
      "20260229000000",
      "20260101240000",
      "20260101006000",
      "20260101000061",
      "99999999999999",
      "\u0661999062313562",
    ]
  ) {
    assertEquals(parseDateReply(text), undefined, text);
  }
});

Deno.test("parseDateReply() takes 14 digits and no more", () => {
  for (const text of ["199906231356240", "1999062313562401", HUGE]) {
    assertEquals(parseDateReply(text), undefined, text);
  }
});

Deno.test("parseHeaderLine() splits at the first blank", () => {
  for (
    const [line, article, value] of [
      [
        "3000234 I am just a test article",
        "3000234",
        "I am just a test article",
      ],
      ["<a@b> x", "<a@b>", "x"],
      ["0 ", "0", ""],
      ["0", "0", ""],
      ["", "", ""],
      ["1  two  blanks ", "1", " two  blanks "],
      ["1 a\tb", "1", "a\tb"],
      ["1 (none)", "1", "(none)"],
    ]
  ) {
    assertEquals(parseHeaderLine(line!), [article, value]);
  }
});

Deno.test("parse functions of replies need no time for lines made to take much", () => {
  const many = 1_000_000;
  for (
    const line of [
      " ".repeat(many),
      "1".repeat(many),
      "1 ".repeat(many / 2),
      "a".repeat(many),
      "a ".repeat(many / 2),
      "1 " + " ".repeat(many) + "x",
      "1 2 " + " ".repeat(many) + "x",
      "a 1 2" + " ".repeat(many),
      "1 <" + "a".repeat(many),
      "1 " + "<".repeat(many),
    ]
  ) {
    for (
      const parse of [
        (line: string) => parseGroup(line, "asked"),
        parseArticleRef,
        parseActive,
        parseDateReply,
        parseHeaderLine,
      ]
    ) parse(line);
  }
});
