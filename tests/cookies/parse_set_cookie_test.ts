import { assertEquals } from "jsr:@std/assert@^1.0.0";
import { parseSetCookie } from "../../cookies/parse_set_cookie.ts";

const NOW = Date.UTC(2030, 0, 1);
const DAY = 86_400_000;

type Parsed = NonNullable<ReturnType<typeof parseSetCookie>>;

const PLAIN: Parsed = {
  name: "a",
  value: "b",
  expires: undefined,
  domain: "",
  path: undefined,
  secure: false,
  httpOnly: false,
  sameSite: "default",
  partitioned: false,
};

/** By the step of RFC 6265bis section 5.6 that decides. */
const CASES: [
  step: string,
  text: string,
  parsed: Partial<Parsed> | undefined,
][] = [
  ["1: NUL", "a=b\0", undefined],
  ["1: CR", "a=b\r", undefined],
  ["1: LF", "a=b; Path=/\n", undefined],
  ["1: DEL", "a=\x7fb", undefined],
  ["1: BS in an attribute", "a=b; x=\x08", undefined],
  ["1: a tab is none of them", "a=b\tc", { value: "b\tc" }],
  ["2: up to the semicolon", "a=b;c=d", {}],
  ["2: nothing behind the semicolon", "a=b;", {}],
  ["3: a value alone", "foo", { name: "", value: "foo" }],
  ["3: a value alone, with attributes", "foo; Secure=x", {
    name: "",
    value: "foo",
    secure: true,
  }],
  ["3: no name", "=foo", { name: "", value: "foo" }],
  ["3: no value", "a=", { value: "" }],
  ["3: more equals signs", "a=b=c", { value: "b=c" }],
  ["3: nothing", "", { name: "", value: "" }],
  ["3: the equals sign of an attribute", "; Path=/", {
    name: "",
    value: "",
    path: "/",
  }],
  ["4: blanks around", " \ta\t = \t b \t;", {}],
  ["4: blanks within", "a b=c d", { name: "a b", value: "c d" }],
  ["4: other spaces stay", "a=\xa0b", { value: "\xa0b" }],
  ["4: quotes stay", 'a="b"', { value: '"b"' }],
  ["4: escapes stay", "a=%41+%00", { value: "%41+%00" }],
  ["5: 4096 octets", "a=" + "b".repeat(4095), { value: "b".repeat(4095) }],
  ["5: 4097 octets", "a=" + "b".repeat(4096), undefined],
  ["5: 4096 octets of name", "a".repeat(4096), {
    name: "",
    value: "a".repeat(4096),
  }],
  ["5: octets, not characters", "a=" + "€".repeat(1366), undefined],
  ["5: as octets", "a=" + "€".repeat(1365), { value: "€".repeat(1365) }],
  ["5: Latin-1 is octets", "a=" + "é".repeat(4095), {
    value: "é".repeat(4095),
  }],
  ["attributes 1: empty", "a=b", {}],
  ["attributes 3: empty ones", "a=b;;; ;Secure", { secure: true }],
  ["attributes 4: no equals sign", "a=b; path", { path: "" }],
  ["attributes 4: more equals signs", "a=b; path=/=", { path: "/=" }],
  ["attributes 5: blanks", "a=b;\tPath \t=\t /x \t", { path: "/x" }],
  ["attributes 6: 1024 octets", "a=b; path=/" + "x".repeat(1023), {
    path: "/" + "x".repeat(1023),
  }],
  ["attributes 6: 1025 octets", "a=b; path=/y; path=/" + "x".repeat(1024), {
    path: "/y",
  }],
  ["attributes 7: unknown ones", "a=b; foo=bar; Priority=High", {}],
  ["attributes 7: any case", "a=b; SECURE; hTTPoNLY; PARTITIONED", {
    secure: true,
    httpOnly: true,
    partitioned: true,
  }],
  ["attributes 7: part of a name", "a=b; Secured; xSecure", {}],
  ["Expires 1", "a=b; Expires=Wed, 02 Jan 2030 00:00:00 GMT", {
    expires: NOW + DAY,
  }],
  ["Expires 2: no date", "a=b; Expires=soon", { expires: undefined }],
  [
    "Expires 2: no date leaves the last one",
    "a=b; Expires=2 Jan 2030 0:0:0; Expires=soon",
    { expires: NOW + DAY },
  ],
  ["Expires 4: 400 days", "a=b; Expires=1 Jan 2040 0:0:0", {
    expires: NOW + 400 * DAY,
  }],
  ["Expires 5: the past", "a=b; Expires=1 Jan 1601 0:0:0", {
    expires: Date.UTC(1601, 0, 1),
  }],
  [
    "Expires 6: the last one",
    "a=b; Expires=3 Jan 2030 0:0:0; Expires=2 Jan 2030 0:0:0",
    { expires: NOW + DAY },
  ],
  ["Max-Age 1: empty", "a=b; Max-Age=", { expires: undefined }],
  ["Max-Age 2: a sign alone", "a=b; Max-Age=-", { expires: undefined }],
  ["Max-Age 2: plus", "a=b; Max-Age=+5", { expires: undefined }],
  ["Max-Age 3: other characters", "a=b; Max-Age=5s", { expires: undefined }],
  ["Max-Age 3: a fraction", "a=b; Max-Age=5.5", { expires: undefined }],
  ["Max-Age 4: decimal", "a=b; Max-Age=010", { expires: NOW + 10_000 }],
  ["Max-Age 6: 400 days", "a=b; Max-Age=34560001", {
    expires: NOW + 400 * DAY,
  }],
  ["Max-Age 6: far too many digits", "a=b; Max-Age=" + "9".repeat(1000), {
    expires: NOW + 400 * DAY,
  }],
  ["Max-Age 7: zero", "a=b; Max-Age=0", { expires: -Infinity }],
  ["Max-Age 7: below zero", "a=b; Max-Age=-5", { expires: -Infinity }],
  ["Max-Age 8: the last one", "a=b; Max-Age=5; Max-Age=6", {
    expires: NOW + 6_000,
  }],
  ["Max-Age over Expires", "a=b; Max-Age=5; Expires=2 Jan 2030 0:0:0", {
    expires: NOW + 5_000,
  }],
  [
    "Max-Age over Expires in front",
    "a=b; Expires=2 Jan 2030 0:0:0; Max-Age=5",
    { expires: NOW + 5_000 },
  ],
  [
    "Max-Age that is none, and Expires",
    "a=b; Max-Age=x; Expires=2 Jan 2030 0:0:0",
    { expires: NOW + DAY },
  ],
  ["Domain 1", "a=b; Domain=example.com", { domain: "example.com" }],
  ["Domain 2: a dot", "a=b; Domain=.example.com", { domain: "example.com" }],
  ["Domain 2: two dots", "a=b; Domain=..example.com", {
    domain: ".example.com",
  }],
  ["Domain 3: lower case", "a=b; Domain=EXAMPLE.com", {
    domain: "example.com",
  }],
  ["Domain 4: the last one", "a=b; Domain=x.com; Domain=y.com", {
    domain: "y.com",
  }],
  ["Domain 4: the last one, empty", "a=b; Domain=x.com; Domain=", {
    domain: "",
  }],
  ["Path 1: empty", "a=b; Path=", { path: "" }],
  ["Path 1: no slash", "a=b; Path=x/y", { path: "" }],
  ["Path 1: in quotes", 'a=b; Path="/x"', { path: "" }],
  ["Path 2: the last one", "a=b; Path=/x; Path=/y", { path: "/y" }],
  ["Path 2: the last one is none", "a=b; Path=/x; Path=y", { path: "" }],
  ["Secure with a value", "a=b; Secure=false", { secure: true }],
  ["HttpOnly with a value", "a=b; HttpOnly=no", { httpOnly: true }],
  ["SameSite 1: unknown", "a=b; SameSite=Strictly", { sameSite: "default" }],
  ["SameSite 2", "a=b; SameSite=nOne", { sameSite: "none" }],
  ["SameSite 3", "a=b; SameSite=strict", { sameSite: "strict" }],
  ["SameSite 4", "a=b; SameSite=LAX", { sameSite: "lax" }],
  ["SameSite 5: the last one", "a=b; SameSite=Lax; SameSite=None", {
    sameSite: "none",
  }],
  ["SameSite 5: the last one is unknown", "a=b; SameSite=Lax; SameSite=x", {
    sameSite: "default",
  }],
];

for (const [step, text, parsed] of CASES) {
  Deno.test(`parseSetCookie() follows the standard, step ${step}`, () => {
    assertEquals(
      parseSetCookie(text, NOW),
      parsed && { ...PLAIN, ...parsed },
    );
  });
}

Deno.test("parseSetCookie() takes hostile headers of any length", () => {
  const long = 1_000_000;
  for (const part of [";", "=", " ", "a=b;", "; path=/", "\t;", '"', ";;=="]) {
    const text = "a=b" + part.repeat(long / part.length);
    parseSetCookie(text, NOW);
  }
});
