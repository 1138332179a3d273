import { assertEquals, assertNotEquals } from "jsr:@std/assert@^1.0.0";
import {
  canonicalBody,
  canonicalField,
  type Canonicalization,
  headerOf,
  isName,
  parseCanonicalization,
  parseTags,
  pickFields,
  signedText,
  splitColons,
  toSentForm,
  withoutBlanks,
  withoutSignature,
} from "../../../mail/message/dkim_text.ts";
import type { Field } from "../../../mail/message/headers.ts";
import { latin1, toLatin1 } from "./samples.ts";

/** A message's fields and its body. */
function taken(message: string): { fields: readonly Field[]; body: string } {
  const { fields, bodyStart } = headerOf(latin1(message), true);
  return { fields, body: message.slice(bodyStart) };
}

function canonicalHeader(message: string, how: Canonicalization): string {
  return taken(message).fields.map((one) => canonicalField(one, how)).join("");
}

function field(raw: string): Field {
  return taken(raw + "\r\n").fields[0]!;
}

/** RFC 6376 section 3.4.5. */
const EXAMPLE = "A: X\r\nB : Y\t\r\n\tZ  \r\n\r\n C \r\nD \t E\r\n\r\n\r\n";

Deno.test("canonicalField() does the examples of RFC 6376 section 3.4.5", () => {
  assertEquals(canonicalHeader(EXAMPLE, "relaxed"), "a:X\r\nb:Y Z\r\n");
  const simple = "A: X\r\nB : Y\t\r\n\tZ  \r\n";
  assertEquals(canonicalHeader(EXAMPLE, "simple"), simple);
});

Deno.test("canonicalBody() does the examples of RFC 6376 section 3.4.5", () => {
  const { body } = taken(EXAMPLE);
  assertEquals(canonicalBody(body, "relaxed"), " C\r\nD E\r\n");
  assertEquals(canonicalBody(body, "simple"), " C \r\nD \t E\r\n");
});

Deno.test("canonicalBody() does an empty body as RFC 6376 says it", () => {
  // Section 3.4.3: a CRLF. Section 3.4.4: nothing.
  for (const body of ["", "\r\n", "\r\n\r\n\r\n"]) {
    assertEquals(canonicalBody(body, "simple"), "\r\n", JSON.stringify(body));
    assertEquals(canonicalBody(body, "relaxed"), "", JSON.stringify(body));
  }
});

/** Bodies, and what the simple and the relaxed form make of them. */
const BODIES: [body: string, simple: string, relaxed: string][] = [
  ["a", "a\r\n", "a\r\n"],
  ["a\r\n", "a\r\n", "a\r\n"],
  ["a\r\n\r\n\r\n", "a\r\n", "a\r\n"],
  ["\r\n\r\na\r\n\r\n", "\r\n\r\na\r\n", "\r\n\r\na\r\n"],
  ["a \t", "a \t\r\n", "a\r\n"],
  ["a \r\n\t\r\n", "a \r\n\t\r\n", "a\r\n"],
  ["a\r\n \r\n\r\n", "a\r\n \r\n", "a\r\n"],
  ["a\r\n ", "a\r\n \r\n", "a\r\n"],
  [" ", " \r\n", ""],
  ["\t \r\n", "\t \r\n", ""],
  ["\r\n \r\n", "\r\n \r\n", ""],
  [" \t a\t\tb  c\r\n", " \t a\t\tb  c\r\n", " a b c\r\n"],
  // Neither is a line end or a blank.
  ["a\n\r\n", "a\n\r\n", "a\n\r\n"],
  ["a\r\r\n", "a\r\r\n", "a\r\r\n"],
  ["a \r \r\n", "a \r \r\n", "a \r\r\n"],
  ["a \n\r\n", "a \n\r\n", "a \n\r\n"],
  ["a\r", "a\r\r\n", "a\r\r\n"],
  ["\n", "\n\r\n", "\n\r\n"],
  // Blanks are space and tab (section 2.8), whatever others call so.
  ["a\xa0\r\n\x85\r\n", "a\xa0\r\n\x85\r\n", "a\xa0\r\n\x85\r\n"],
  ["\xa0\xa0\v\f\0\r\n", "\xa0\xa0\v\f\0\r\n", "\xa0\xa0\v\f\0\r\n"],
  [".\r\n..\r\n", ".\r\n..\r\n", ".\r\n..\r\n"],
];

Deno.test("canonicalBody() keeps what RFC 6376 does not take away", () => {
  for (const [body, simple, relaxed] of BODIES) {
    const what = JSON.stringify(body);
    assertEquals(canonicalBody(body, "simple"), simple, what);
    assertEquals(canonicalBody(body, "relaxed"), relaxed, what);
  }
});

Deno.test("canonicalBody() has nothing to do the second time", () => {
  for (const [body] of BODIES) {
    for (const how of ["simple", "relaxed"] as const) {
      const once = canonicalBody(body, how);
      assertEquals(canonicalBody(once, how), once, JSON.stringify(body));
    }
  }
});

Deno.test("canonicalField() relaxes as RFC 6376 section 3.4.2 says", () => {
  const cases: [raw: string, relaxed: string][] = [
    ["SubJect: a", "subject:a"],
    ["Subject:a", "subject:a"],
    ["Subject \t:  \t a \t b \t ", "subject:a b"],
    ["Subject:\r\n a\r\n\tb\r\n ", "subject:a b"],
    ["Subject:a\r\n  \r\n\t b", "subject:a b"],
    ["Subject:", "subject:"],
    ["Subject: \t \r\n \r\n\t", "subject:"],
    ["Subject: a:b : c", "subject:a:b : c"],
    ["Subject: \xa0a\x85 \xa0", "subject:\xa0a\x85 \xa0"],
    ["X!#$%&'*+-/=?^_`{|}~;: a", "x!#$%&'*+-/=?^_`{|}~;:a"],
    ["Subject: a \r", "subject:a \r"],
    ["Subject:\r a \r\r", "subject:\r a \r\r"],
    ["Subject: A\xc4\xd6\v\f", "subject:A\xc4\xd6\v\f"],
  ];
  for (const [raw, relaxed] of cases) {
    const what = JSON.stringify(raw);
    assertEquals(canonicalField(field(raw), "relaxed"), relaxed + "\r\n", what);
    assertEquals(canonicalField(field(raw), "simple"), raw + "\r\n", what);
  }
});

Deno.test("canonicalField() ends the last field of a message that has no line end", () => {
  // Section 3.7: every field is hashed with its CRLF.
  const [last] = taken("Subject: a").fields;
  assertEquals(canonicalField(last!, "relaxed"), "subject:a\r\n");
  assertEquals(canonicalField(last!, "simple"), "Subject: a\r\n");
});

Deno.test("parseTags() reads lists of tags", () => {
  const cases: [text: string, tags: [string, string][]][] = [
    ["", []],
    [" \t ", []],
    ["a=1", [["a", "1"]]],
    ["a=1;", [["a", "1"]]],
    ["a=1; \t", [["a", "1"]]],
    [" a \t= 1 ;\tb= 2", [["a", "1"], ["b", "2"]]],
    ["a=", [["a", ""]]],
    ["a= ;b=", [["a", ""], ["b", ""]]],
    ["a==;b=c=d", [["a", "="], ["b", "c=d"]]],
    ["a=b c", [["a", "b c"]]],
    // Section 3.2: names have a case, and so have values.
    ["a=B;A=b", [["a", "B"], ["A", "b"]]],
    ["a_1=x;Z9_=y", [["a_1", "x"], ["Z9_", "y"]]],
    ["constructor=1;toString=2", [["constructor", "1"], ["toString", "2"]]],
  ];
  for (const [text, tags] of cases) {
    assertEquals([...parseTags(text) ?? ["none"]], tags, JSON.stringify(text));
  }
});

Deno.test("parseTags() refuses what is no list", () => {
  const cases = [
    ";",
    ";;",
    "a=1;;",
    "a=1;;b=2",
    ";a=1",
    "a",
    "a=1;b",
    "=1",
    " =1",
    "a b=1",
    "1=a",
    "_a=1",
    "a-b=1",
    "\xe9=1",
    "a\0=1",
    // Section 3.2: twice makes all of it invalid, alike or not.
    "a=1;a=1",
    "a=1; a =2",
  ];
  for (const text of cases) {
    assertEquals(parseTags(text), undefined, JSON.stringify(text));
  }
});

Deno.test("parseTags() takes nothing but blanks for blanks", () => {
  // Section 2.8: FWS is made of space, tab and CRLF.
  for (const blank of ["\xa0", "\v", "\f", "\ufeff", "\u2003", "\u2028"]) {
    const what = JSON.stringify(blank);
    assertEquals(parseTags(`a${blank}=1`), undefined, what);
    assertEquals(parseTags(`${blank}a=1`), undefined, what);
    const value = parseTags(`a=${blank}1${blank}`)?.get("a");
    // What is no value either may as well be refused (section 3.2: VALCHAR).
    assertNotEquals(value, "1", what);
    assertEquals(parseTags(`a=1;${blank}`), undefined, what);
  }
});

Deno.test("withoutSignature() takes the value of b= away and nothing else", () => {
  // Section 3.5: with the blanks around it; section 3.7: nothing more.
  const cases: [raw: string, left: string][] = [
    ["a=1; b=AA==", "a=1; b="],
    ["a=1; b=AA==; c=2", "a=1; b=; c=2"],
    ["b=AA; a=1", "b=; a=1"],
    [
      " \r\n\tb \r\n = \r\n A\r\n A== \r\n ;\r\n bh=BB",
      " \r\n\tb \r\n =;\r\n bh=BB",
    ],
    ["a=1;b=;c=2", "a=1;b=;c=2"],
    ["bh=b=AA; b=BB; ab=b=CC", "bh=b=AA; b=; ab=b=CC"],
    ["B=AA; b=BB", "B=AA; b="],
    ["b=AA==;", "b=;"],
    ["b=AA==; \r\n ", "b=; \r\n "],
    ["z=b=x|b:y; b=BB", "z=b=x|b:y; b="],
  ];
  for (const [value, left] of cases) {
    const { raw } = withoutSignature(field(`DKIM-Signature:${value}`));
    const what = JSON.stringify(value);
    assertEquals(raw.replace(/\r\n$/, ""), `DKIM-Signature:${left}`, what);
  }
});

Deno.test("withoutSignature() leaves b= in the field's name", () => {
  const one = {
    ...field("b: b=AA"),
    name: "b;b=x",
    raw: "b;b=x: b=AA",
    valueAt: 6,
  };
  assertEquals(withoutSignature(one).raw, "b;b=x: b=");
});

Deno.test("pickFields() goes from the bottom up", () => {
  const { fields } = taken("A: 1\r\nB: 2\r\nA: 3\r\nC: 4\r\nA: 5\r\n\r\n");
  const pick = (names: string[]) =>
    pickFields(fields, names).map(({ raw }) => raw.slice(3, 4)).join("");
  assertEquals(pick(["a"]), "5");
  assertEquals(pick(["a", "b", "a"]), "523");
  assertEquals(pick(["a", "a", "a", "a", "c"]), "5314");
  assertEquals(pick(["x", "c", "constructor", "__proto__"]), "4");
  assertEquals(pick([]), "");
  assertEquals(fields.length, 5, "and takes nothing out");
});

Deno.test("pickFields() picks nothing that is no field", () => {
  const { fields } = taken("From ada Fri Nov 21 10:38:59 2025\r\nA: 1\r\n\r\n");
  assertEquals(pickFields(fields, ["", "a", ""]).map(({ raw }) => raw), [
    "A: 1\r\n",
  ]);
});

Deno.test("signedText() has no line end behind the signature's own field", () => {
  const { fields } = taken("A: 1\r\nB :  2 \r\n\r\n");
  const own = field("DKIM-Signature:  b= ;\r\n x \r\n ");
  assertEquals(
    signedText([...fields], own, "relaxed"),
    "a:1\r\nb:2\r\ndkim-signature:b= ; x",
  );
  assertEquals(
    signedText([...fields], own, "simple"),
    "A: 1\r\nB :  2 \r\nDKIM-Signature:  b= ;\r\n x \r\n ",
  );
  assertEquals(signedText([], own, "relaxed"), "dkim-signature:b= ; x");
});

Deno.test("parseCanonicalization() reads c=", () => {
  // Section 3.5: the body's form is simple where nothing is said.
  const cases: [string, [string, string] | undefined][] = [
    ["simple", ["simple", "simple"]],
    ["relaxed", ["relaxed", "simple"]],
    ["relaxed/relaxed", ["relaxed", "relaxed"]],
    ["simple/relaxed", ["simple", "relaxed"]],
    ["", undefined],
    ["/", undefined],
    ["relaxed/", undefined],
    ["/relaxed", undefined],
    ["relaxed/simple/", undefined],
    ["nowsp", undefined],
    ["relaxed /simple", undefined],
    ["constructor", undefined],
  ];
  for (const [text, forms] of cases) {
    assertEquals(parseCanonicalization(text) as unknown, forms, text);
  }
});

Deno.test("isName() knows names", () => {
  const label = "a".repeat(63);
  const long = `${label}.${label}.${label}.${"a".repeat(61)}`;
  for (
    const name of [
      "a",
      "example.com",
      "A1-b.c",
      "_x._domainkey",
      "xn--a.b",
      long,
    ]
  ) assertEquals(isName(name), true, name);
  const bad = [
    ...["", ".", "a.", ".a", "a..b", "-a", "a.-b", "a b", "a\n", "\na", "a\0"],
    ...[
      "a/b",
      "a:b",
      "a;b",
      "a@b",
      "a*",
      "*.a",
      "a%2eb",
      "b\xfccher",
      "\u212a",
    ],
    ...["\u017f", "a\u3002b", "a\uff0eb", "[::1]", "a,b", "a=b", "a\\b", 'a"b'],
    ...[
      label + "a",
      `a.${label}a`,
      long + "a",
      "a\r\nb",
      "a ",
      " a",
      "\ufeffa",
    ],
  ];
  for (const name of bad) {
    assertEquals(isName(name), false, JSON.stringify(name));
  }
});

Deno.test("splitColons() and withoutBlanks() let blanks be", () => {
  assertEquals(splitColons(" From :\t To:cc "), ["from", "to", "cc"]);
  assertEquals(withoutBlanks(" a b\tc\r\n d "), "abcd");
});

Deno.test("toSentForm() makes CRLF of LF, and of CR where it is told to", () => {
  const sent = (text: string, bareCr: boolean) =>
    toLatin1(toSentForm(latin1(text), bareCr));
  const text = "a\nb\r\n\n\xa0\x85\xff\n\r\r\nc\r";
  assertEquals(
    sent(text, false),
    "a\r\nb\r\n\r\n\xa0\x85\xff\r\n\r\r\nc\r",
  );
  assertEquals(
    sent(text, true),
    "a\r\nb\r\n\r\n\xa0\x85\xff\r\n\r\n\r\nc\r\n",
  );
  for (const bareCr of [false, true]) {
    assertEquals(sent("\n", bareCr), "\r\n");
    assertEquals(sent("", bareCr), "");
    const bytes = latin1("a\r\n\r\nb");
    assertEquals(
      toSentForm(bytes, bareCr) === bytes,
      true,
      "nothing is copied",
    );
  }
});
