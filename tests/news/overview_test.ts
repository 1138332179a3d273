import { assertEquals } from "jsr:@std/assert@^1.0.0";
import {
  type OverviewField,
  parseOverview,
  parseOverviewFormat,
  USUAL_FIELDS,
} from "../../news/overview.ts";

/** A line in the usual order, with one of its fields replaced. */
function line(changes: Partial<Record<string, string>> = {}): string {
  const fields = {
    number: "3000234",
    subject: "I am just a test article",
    from: '"Demo User" <nobody@example.com>',
    date: "6 Oct 1998 04:38:40 -0500",
    id: "<45223423@example.com>",
    references: "<45454@example.net> <b@example.net>",
    bytes: "1234",
    lines: "17",
    ...changes,
  };
  return Object.values(fields).join("\t");
}

const USUAL = {
  number: 3000234,
  subject: "I am just a test article",
  from: '"Demo User" <nobody@example.com>',
  date: new Date("1998-10-06T09:38:40Z"),
  messageId: "<45223423@example.com>",
  references: ["<45454@example.net>", "<b@example.net>"],
  bytes: 1234,
  lines: 17,
  other: {},
};

Deno.test("parseOverviewFormat() reads RFC 3977's lists and older ones", () => {
  const usual = ["subject", "from", "date", "message-id", "references"];
  for (
    const [lines, names] of [
      // Sections 8.4.3 and 8.3.2.
      [
        [
          ...["Subject:", "From:", "Date:", "Message-ID:", "References:"],
          ...[":bytes", ":lines", "Xref:full", "Distribution:full"],
        ],
        [...usual, "bytes", "lines", "xref*", "distribution*"],
      ],
      [
        [
          ...["Subject:", "From:", "Date:", "Message-ID:", "References:"],
          ...["Bytes:", "Lines:", "Xref:full"],
        ],
        [...usual, "bytes", "lines", "xref*"],
      ],
      // Any case, any order, blanks around.
      [["SUBJECT:", " xref:FULL ", "bytes"], ["subject", "xref*", "bytes"]],
      [["Subject:full", ":bytes:full"], ["subject*", "bytes*"]],
      [["", "  ", "Date:\r"], ["date"]],
      [["__proto__:full", "constructor:"], ["__proto__*", "constructor"]],
      [["Xfull:", "full:full"], ["xfull", "full*"]],
      [[], []],
    ]
  ) {
    const fields = parseOverviewFormat(lines!);
    const got = fields.map(({ name, prefix }) => name + (prefix ? "*" : ""));
    assertEquals(got, names);
  }
});

Deno.test("parseOverview() reads a line", () => {
  assertEquals(parseOverview(line(), USUAL_FIELDS), USUAL);
  assertEquals(parseOverview(line({ number: "0" }), USUAL_FIELDS)?.number, 0);
});

Deno.test("parseOverview() leaves out what is missing, and keeps what is too much", () => {
  const { other, ...usual } = USUAL;
  for (
    const [text, expected] of [
      ["7", { number: 7, other }],
      ["7\t", { number: 7, subject: "", other }],
      ["7\tHi\tme", { number: 7, subject: "Hi", from: "me", other }],
      ["7\t\t\t\t\t\t\t", {
        number: 7,
        subject: "",
        from: "",
        messageId: "",
        references: [],
        other,
      }],
      [line() + "\tXref: news.example misc.test:3000234", {
        ...usual,
        other: { xref: "news.example misc.test:3000234" },
      }],
      [line() + "\tno name\tX-A:b\t:c\tX Y: z", {
        ...usual,
        other: { 8: "no name", "x-a": "b", 10: ":c", 11: "X Y: z" },
      }],
      [line({ id: "" }), { ...USUAL, messageId: "" }],
    ] as [string, unknown][]
  ) {
    assertEquals(parseOverview(text, USUAL_FIELDS) as unknown, expected, text);
  }
});

Deno.test("parseOverview() is undefined where there is no number", () => {
  for (
    const number of ["", "x", "-1", "1.5", "1e3", " 1", "1 ", "9".repeat(400)]
  ) {
    assertEquals(parseOverview(line({ number }), USUAL_FIELDS), undefined);
    assertEquals(parseOverview(number, USUAL_FIELDS), undefined, number);
  }
});

Deno.test("parseOverview() keeps what fits no field as text", () => {
  for (
    const [change, name] of [
      [{ date: "yesterday" }, "date"],
      [{ date: "32 Oct 1998 04:38:40 -0500" }, "date"],
      [{ date: "6 Oct 1998" }, "date"],
      [{ bytes: "-1" }, "bytes"],
      [{ bytes: "1.5" }, "bytes"],
      [{ bytes: "1k" }, "bytes"],
      [{ bytes: " 1" }, "bytes"],
      [{ bytes: "9".repeat(400) }, "bytes"],
      [{ lines: "0x11" }, "lines"],
      [{ lines: "many" }, "lines"],
    ] as [Record<string, string>, "date" | "bytes" | "lines"][]
  ) {
    const expected: Record<string, unknown> = { ...USUAL, other: {} };
    delete expected[name];
    expected.other = { [name]: change[name] };
    const got = parseOverview(line(change), USUAL_FIELDS) as unknown;
    assertEquals(got, expected, JSON.stringify(change));
  }
});

Deno.test("parseOverview() finds the ids among whatever else is in References", () => {
  for (
    const [value, ids, kept] of [
      ["", [], false],
      ["<a@b>", ["<a@b>"], false],
      ["<a@b> <c@d>", ["<a@b>", "<c@d>"], false],
      ["  <a@b><c@d>  ", ["<a@b>", "<c@d>"], false],
      ["<a@b>, <c@d>", ["<a@b>", "<c@d>"], true],
      ["your message of 1 Oct <a@b>", ["<a@b>"], true],
      ["<a b@c>", ["<a b@c>"], true],
      ["<a@b> <c@d", ["<a@b>"], true],
      ["<a@b <c@d>", ["<c@d>"], true],
      ["(none)", [], true],
      ["<>", ["<>"], false],
    ] as [string, string[], boolean][]
  ) {
    const got = parseOverview(line({ references: value }), USUAL_FIELDS)!;
    assertEquals(got.references, ids, value);
    assertEquals(got.other, kept ? { references: value } : {}, value);
  }
});

Deno.test("parseOverview() reads fields in the server's order and in full", () => {
  const fields = parseOverviewFormat([
    "Xref:full",
    ":lines",
    "Bytes:",
    "Subject:full",
    "Newsgroups:full",
    "X-Odd",
  ]);
  assertEquals(
    parseOverview(
      "1\tXREF:  a b:1\t3\t99\tsubject: Re: hi\ta.b,c\tX-Odd: x",
      fields,
    ),
    {
      number: 1,
      lines: 3,
      bytes: 99,
      subject: "Re: hi",
      other: { xref: "a b:1", newsgroups: "a.b,c", "x-odd": "X-Odd: x" },
    },
  );
  // Empty where the article has no such field.
  assertEquals(parseOverview("1\t\t\t\tSubject:", fields), {
    number: 1,
    subject: "",
    other: { xref: "" },
  });
});

Deno.test("parseOverview() takes every name of a field for a property's name", () => {
  const names = ["__proto__", "constructor", "tostring", "hasOwnProperty"];
  const fields: OverviewField[] = parseOverviewFormat(
    names.map((name) => `${name}:full`),
  );
  const values = names.map((name, index) => `${name}: ${index}`);
  for (
    const got of [
      parseOverview(["1", ...values].join("\t"), fields)!,
      parseOverview(["1", ...values].join("\t"), [])!,
    ]
  ) {
    assertEquals(Object.getPrototypeOf(got.other), Object.prototype);
    assertEquals(
      Object.entries(got.other),
      names.map((name, index) => [name.toLowerCase(), String(index)]),
    );
  }
});

Deno.test("parseOverview() needs no time for lines made to take much", () => {
  const many = 1_000_000;
  for (
    const text of [
      "1" + "\t".repeat(many / 4),
      line({ date: "(".repeat(many) }),
      line({ date: " ".repeat(many) + "x" }),
      line({ references: "<".repeat(many) }),
      line({ references: "<a".repeat(many / 2) }),
      line({ references: " ".repeat(many) + "x" }),
      line({ references: "<a> ".repeat(many / 4) }),
      line({ bytes: "1".repeat(many) }),
      line() + "\t" + "a".repeat(many),
      line() + "\tX:" + " ".repeat(many) + "a",
      "1".repeat(many),
    ]
  ) {
    parseOverview(text, USUAL_FIELDS);
  }
});
