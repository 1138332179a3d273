/** RFC 6265bis section 5.8.3, step by step. */
import { assertEquals } from "jsr:@std/assert@^1.0.0";
import { type CookieContext, CookieJar } from "../../cookies/mod.ts";

const NOW = Date.UTC(2030, 0, 1);

const ALL = "https://www.example.com/dir/page";

/** Whether a cookie that was set is sent to a URL. */
const CASES: [
  step: string,
  set: string,
  from: string,
  to: string,
  expected: boolean,
  context?: CookieContext,
][] = [
  [
    "1: in any case",
    "a=1",
    "https://EXAMPLE.com/",
    "https://example.COM/",
    true,
  ],
  [
    "1: as A-labels",
    "a=1",
    "https://bücher.example/",
    "https://xn--bcher-kva.example/",
    true,
  ],
  [
    "1: an address in any form",
    "a=1",
    "https://127.0.0.1/",
    "https://0x7f.1/",
    true,
  ],
  ["1: IPv6 in any form", "a=1", "https://[::1]/", "https://[0:0::0:1]/", true],
  [
    "1: another port",
    "a=1",
    "https://example.com:1/",
    "https://example.com:2/",
    true,
  ],
  [
    "1: a user",
    "a=1",
    "https://example.com/",
    "https://me:pw@example.com/",
    true,
  ],
  ["3: host-only, the host", "a=1", ALL, ALL, true],
  [
    "3: host-only, below",
    "a=1",
    "https://example.com/",
    "https://www.example.com/",
    false,
  ],
  ["3: host-only, above", "a=1; Path=/", ALL, "https://example.com/", false],
  ["3: domain, the host", "a=1; Domain=example.com", ALL, ALL, true],
  [
    "3: domain, itself",
    "a=1; Domain=example.com",
    ALL,
    "https://example.com/dir/",
    true,
  ],
  [
    "3: domain, another below",
    "a=1; Domain=example.com",
    ALL,
    "https://a.b.example.com/dir/",
    true,
  ],
  [
    "3: domain, another",
    "a=1; Domain=example.com",
    ALL,
    "https://badexample.com/dir/",
    false,
  ],
  [
    "3: domain, its end",
    "a=1; Domain=example.com",
    ALL,
    "https://example.com.evil.org/dir/",
    false,
  ],
  [
    "3: domain, a dot behind",
    "a=1; Domain=example.com",
    ALL,
    "https://www.example.com./dir/",
    false,
  ],
  ["3: the path", "a=1; Path=/dir", ALL, "https://www.example.com/dir", true],
  [
    "3: the path with a slash",
    "a=1; Path=/dir",
    ALL,
    "https://www.example.com/dir/",
    true,
  ],
  [
    "3: below the path",
    "a=1; Path=/dir",
    ALL,
    "https://www.example.com/dir/a/b",
    true,
  ],
  [
    "3: beside the path",
    "a=1; Path=/dir",
    ALL,
    "https://www.example.com/dirx",
    false,
  ],
  [
    "3: above the path",
    "a=1; Path=/dir",
    ALL,
    "https://www.example.com/",
    false,
  ],
  [
    "3: a path with a slash",
    "a=1; Path=/dir/",
    ALL,
    "https://www.example.com/dir",
    false,
  ],
  ["3: a path in another case", "a=1; Path=/Dir", ALL, ALL, false],
  [
    "3: a query is no path",
    "a=1; Path=/dir",
    ALL,
    "https://www.example.com/?/dir",
    false,
  ],
  [
    "3: what a path leads to",
    "a=1; Path=/dir",
    ALL,
    "https://www.example.com/dir/../x",
    false,
  ],
  [
    "3: not secure, over TLS",
    "a=1",
    "http://example.com/",
    "https://example.com/",
    true,
  ],
  ["3: secure, over TLS", "a=1; Secure", ALL, ALL, true],
  [
    "3: secure, over wss",
    "a=1; Secure",
    ALL,
    "wss://www.example.com/dir/",
    true,
  ],
  [
    "3: secure, over http",
    "a=1; Secure",
    ALL,
    "http://www.example.com/dir/",
    false,
  ],
  [
    "3: secure, over ws",
    "a=1; Secure",
    ALL,
    "ws://www.example.com/dir/",
    false,
  ],
  [
    "3: secure, this machine",
    "a=1; Secure",
    "https://localhost/",
    "http://localhost/",
    true,
  ],
  ["3: HttpOnly, HTTP", "a=1; HttpOnly", ALL, ALL, true],
  ["3: HttpOnly, a script", "a=1; HttpOnly", ALL, ALL, false, { http: false }],
  ["3: a script", "a=1", ALL, ALL, true, { http: false }],
  ...(["strict", "lax", "none"] as const).flatMap((context) =>
    (["Strict", "Lax", "None; Secure", "Default"] as const).flatMap((
      sameSite,
    ) =>
      [true, false].map((http): typeof CASES[number] => [
        `3: SameSite=${sameSite}, ${context} by ${http ? "HTTP" : "a script"}`,
        `a=1; SameSite=${sameSite}`,
        ALL,
        ALL,
        context === "strict" || sameSite.startsWith("None") ||
        http && context === "lax" && sameSite !== "Strict",
        { sameSiteContext: context, http },
      ])
    )
  ),
];

for (const [step, set, from, to, expected, context] of CASES) {
  Deno.test(`CookieJar.cookieHeader() follows the standard, step ${step}`, () => {
    const jar = new CookieJar({ now: () => new Date(NOW) });
    assertEquals(jar.setCookie(set, from)?.value, "1");
    assertEquals(jar.cookieHeader(to, context), expected ? "a=1" : "");
    assertEquals(jar.getCookies(to, context).length, expected ? 1 : 0);
  });
}

Deno.test("CookieJar.cookieHeader() follows the standard, step 3: what became a public suffix", () => {
  const suffixes = new Set<string>();
  const first = new CookieJar({ isPublicSuffix: (one) => suffixes.has(one) });
  first.setCookie("a=1; Domain=example.com", ALL);
  first.setCookie("b=1; Domain=www.example.com", ALL);
  suffixes.add("example.com");
  const jar = CookieJar.fromJSON(first.toJSON(), {
    isPublicSuffix: (one) => suffixes.has(one),
  });
  assertEquals(jar.cookieHeader(ALL), "b=1");
  assertEquals(jar.cookieHeader("https://example.com/dir/"), "");
});

Deno.test("CookieJar.cookieHeader() follows the standard, step 4: longer paths, then older cookies", () => {
  let now = NOW;
  const jar = new CookieJar({ now: () => new Date(now) });
  const set = (cookie: string) => jar.setCookie(cookie, ALL);
  set("e=1; Path=/");
  set("a=1; Path=/dir/page");
  // In the same millisecond, by the order of arrival.
  set("f=1; Path=/; Domain=example.com");
  set("b=1; Path=/dir/");
  now++;
  set("c=1; Path=/dir");
  set("d=1; Path=/dir; Domain=example.com");
  set("g=1; Path=/; Domain=www.example.com");
  now++;
  set("e=2; Path=/");
  assertEquals(
    jar.cookieHeader(ALL),
    "a=1; b=1; c=1; d=1; e=2; f=1; g=1",
  );
  assertEquals(
    jar.getCookies(ALL).map(({ name }) => name).join(""),
    "abcdefg",
  );
});

Deno.test("CookieJar.cookieHeader() follows the standard, step 5: the time of the last use", () => {
  let now = NOW;
  const jar = new CookieJar({ now: () => new Date(now) });
  jar.setCookie("a=1; Path=/", ALL);
  jar.setCookie("b=1; Path=/dir", ALL);
  jar.setCookie("c=1; Path=/; SameSite=Strict", ALL);
  const used = () =>
    Object.fromEntries(
      [...jar].map(({ name, lastAccess }) => [name, +lastAccess - NOW]),
    );
  now = NOW + 1;
  jar.cookieHeader("https://www.example.com/");
  assertEquals(used(), { a: 1, b: 0, c: 1 });
  now = NOW + 2;
  jar.cookieHeader(ALL, { sameSiteContext: "lax" });
  assertEquals(used(), { a: 2, b: 2, c: 1 });
  now = NOW + 3;
  assertEquals(
    jar.getCookies("https://www.example.com/").map((one) => +one.lastAccess),
    [now, now],
  );
  assertEquals(used(), { a: 3, b: 2, c: 3 });
  // A change in between loses nothing.
  now = NOW + 4;
  jar.cookieHeader(ALL);
  now = NOW + 5;
  jar.setCookie("d=1", ALL);
  assertEquals(used(), { a: 4, b: 4, c: 4, d: 5 });
});

Deno.test("CookieJar.cookieHeader() follows the standard, step 6: names and values that are empty", () => {
  const jar = new CookieJar();
  jar.setCookie("a=", ALL);
  jar.setCookie("=b", ALL);
  jar.setCookie("c", "https://www.example.com/dir/x/");
  jar.setCookie("=d=e", "https://www.example.com/x");
  assertEquals(jar.cookieHeader(ALL), "a=; b; d=e");
});

Deno.test("CookieJar.cookieHeader() sends bytes", () => {
  const jar = new CookieJar();
  // As `Headers` give it: UTF-8, one character a byte.
  jar.setCookie("a=caf\xc3\xa9", ALL);
  jar.setCookie("b=5 €", ALL);
  const header = jar.cookieHeader(ALL);
  assertEquals(header, "a=caf\xc3\xa9; b=5 \xe2\x82\xac");
  assertEquals(new Headers({ cookie: header }).get("cookie"), header);
  assertEquals(jar.getCookies(ALL)[1]!.value, "5 €");
});

Deno.test("CookieJar.cookieHeader() has nothing that is expired", () => {
  let now = NOW;
  const jar = new CookieJar({ now: () => new Date(now) });
  jar.setCookie("a=1; Max-Age=1", ALL);
  jar.setCookie("b=1; Max-Age=2", ALL);
  jar.setCookie("c=1", ALL);
  assertEquals(jar.cookieHeader(ALL), "a=1; b=1; c=1");
  now += 999;
  assertEquals(jar.cookieHeader(ALL), "a=1; b=1; c=1");
  now += 1;
  assertEquals(jar.cookieHeader(ALL), "b=1; c=1");
  assertEquals(jar.size, 2);
  now += 1_000;
  assertEquals(jar.size, 1);
  assertEquals([...jar].map(({ name }) => name), ["c"]);
});
