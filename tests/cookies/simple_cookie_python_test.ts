/** The same cookies, given to Python's `http.cookies` and to ours. */
import { assert, assertEquals } from "jsr:@std/assert@^1.0.0";
import { SimpleCookie } from "../../cookies/mod.ts";
import { seededRandom } from "../_support/random_slices.ts";
import { askPython } from "../mail/encoding/samples.ts";

const random = seededRandom(6265);

function below(count: number): number {
  return Math.floor(random() * count);
}

function pick<T>(from: ArrayLike<T>): T {
  return from[below(from.length)]!;
}

function randomText(): string {
  const length = pick([0, 1, 1, 2, 3, 5, 8, 20]);
  return Array.from(
    { length },
    () =>
      random() < 0.6
        ? pick('ab1 ";,\\=\\\\012\n')
        : String.fromCharCode(below(260)),
  ).join("");
}

Deno.test("SimpleCookie quotes and unquotes as Python does", async () => {
  const texts = Array.from({ length: 5_000 }, randomText);
  const answers = await askPython<[string, string][]>(
    `
from http.cookies import _quote, _unquote
output = [[_quote(text), _unquote('"' + text + '"')] for text in input]
`,
    texts,
  );
  let unquoted = 0;
  for (const [index, text] of texts.entries()) {
    const what = JSON.stringify(text);
    const [coded, plain] = answers[index]!;
    const cookies = new SimpleCookie({ a: text });
    assertEquals(cookies.get("a")!.codedValue, coded, what);
    // In a header, a control character or an open quote is nothing.
    const inQuotes = `a="${text}"`;
    const found = new SimpleCookie(inQuotes).get("a")?.value;
    // deno-lint-ignore no-control-regex
    const isWhole = !/[\0-\x1f\x7f]/.test(text) &&
      /^(?:[^"\\]|\\.)*$/.test(text);
    if (!isWhole) continue;
    assertEquals(found, plain, what);
    unquoted++;
  }
  assert(unquoted > 1_000, String(unquoted));
});

const ATTRIBUTES = [
  "Path=/",
  "path=/a/b",
  "Domain=example.com",
  "Max-Age=60",
  "max-age=-1",
  "Secure",
  "HttpOnly",
  "secure=x",
  'Comment="a b"',
  "Version=1",
  "SameSite=Lax",
  "samesite=STRICT",
  "Expires=Wed, 02 Jan 2030 03:04:05 GMT",
  "expires=Wed, 02-Jan-2030 03:04:05 GMT",
];

/** Pairs and attributes that Python reads, with any blanks between. */
function randomHeader(): string {
  const count = 1 + below(5);
  const blank = () => pick(["", "", " ", "  ", "\t"]);
  const parts = [];
  for (let at = 0; at < count; at++) {
    const name = pick([
      "a",
      "b",
      "Name",
      "x-y",
      "k:1",
      "__proto__",
      "%41",
      "~",
    ]);
    const value = pick([
      "",
      "1",
      "a=b",
      "x,y",
      "[z]",
      "/p?q",
      '""',
      '"a b"',
      '"\\054\\"\\\\"',
      '"a; b=c"',
      "%20",
      "a:b",
    ]);
    parts.push(`${blank()}${name}${blank()}=${blank()}${value}${blank()}`);
    while (random() < 0.4) parts.push(` ${pick(ATTRIBUTES)}`);
  }
  return parts.join(";");
}

Deno.test("SimpleCookie.load() and output() agree with Python about what both read", async () => {
  const headers = Array.from({ length: 4_000 }, randomHeader);
  const answers = await askPython<[[string, string][], string[]][]>(
    `
from http.cookies import SimpleCookie
output = []
for text in input:
    c = SimpleCookie(text)
    output.append([
        [[k, m.value] for k, m in c.items()],
        [c.output(), c.output([]), c.output(["path", "secure"], "X:", "|")],
    ])
`,
    headers,
  );
  let whole = 0;
  for (const [index, header] of headers.entries()) {
    const [pairs, written] = answers[index]!;
    const cookies = new SimpleCookie(header);
    assertEquals(
      [...cookies].map(([name, { value }]) => [name, value]),
      pairs,
      header,
    );
    // Python writes dates as they came, and semicolons within quotes too.
    if (header.includes("02-Jan") || header.includes(";  b")) continue;
    const again = (text: string) => text.replaceAll('"a; b=c"', '"a\\073 b=c"');
    assertEquals(
      [
        cookies.output(),
        cookies.output([]),
        cookies.output(["path", "secure"], "X:", "|"),
      ],
      written.map(again).map((text) =>
        text.replaceAll("; Comment=a b", '; Comment="a b"')
      ),
      header,
    );
    whole++;
  }
  assert(whole > 2_000, String(whole));
});

Deno.test("SimpleCookie.load() finds all that Python finds in any header", async () => {
  const headers = Array.from({ length: 6_000 }, () => {
    const chars = [...randomHeader()];
    for (let changes = below(3); changes >= 0; changes--) {
      chars.splice(
        below(chars.length + 1),
        below(2),
        pick([...'";=, \\[]é\n$', ""]),
      );
    }
    return chars.join("");
  });
  const answers = await askPython<([string, string][] | null)[]>(
    `
from http.cookies import SimpleCookie, CookieError
output = []
for text in input:
    try:
        output.append([[k, m.value] for k, m in SimpleCookie(text).items()])
    except CookieError:
        output.append(None)
`,
    headers,
  );
  const seen = { same: 0, more: 0, other: 0 };
  for (const [index, header] of headers.entries()) {
    const theirs = answers[index];
    const cookies = new SimpleCookie(header);
    const ours = [...cookies].map(([name, { value }]) => [name, value]);
    const same = JSON.stringify(ours) === JSON.stringify(theirs);
    if (same) seen.same++;
    // Python drops everything, or the rest, where it does not understand; of
    // the rest may come another value for the same name.
    else if (!theirs || theirs.every(([name]) => cookies.has(name))) {
      seen.more++;
    } else {
      // Blanks end a pair there; browsers send them within values.
      assert(
        header.split(";").some((pair) =>
          /\S\s+\S/.test(pair.replace(/\s*=\s*/, "="))
        ),
        `${JSON.stringify(header)} ${JSON.stringify(theirs)}`,
      );
      seen.other++;
    }
  }
  assert(seen.same > 1_500 && seen.more > 500, JSON.stringify(seen));
});
