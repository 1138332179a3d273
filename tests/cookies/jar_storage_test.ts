/** RFC 6265bis section 5.7, step by step. */
import { assertEquals } from "jsr:@std/assert@^1.0.0";
import {
  type Cookie,
  type CookieContext,
  CookieJar,
  type CookieJarOptions,
} from "../../cookies/mod.ts";

const NOW = Date.UTC(2030, 0, 1);
const DAY = 86_400_000;

const HTTPS = "https://www.example.com/dir/page";
const HTTP = "http://www.example.com/dir/page";
const SCRIPT = { http: false };
const CROSS_SITE = { sameSiteContext: "none" } as const;
const LINK = { sameSiteContext: "lax" } as const;

interface Case {
  /** What the jar has beforehand, from secure requests. */
  before?: [setCookie: string, url?: string][];
  set: string;
  /** Default `HTTPS`. */
  url?: string;
  context?: CookieContext;
  options?: CookieJarOptions;
  /** What the cookie is like; undefined where it is refused. */
  expected: Partial<Cookie> | undefined;
}

const CASES: Record<string, Case> = {
  "1: a blocked domain": {
    set: "a=1",
    options: { policy: { blockedDomains: ["example.com"] } },
    expected: undefined,
  },
  "2: neither name nor value": { set: "; Secure", expected: undefined },
  "2: an equals sign alone": { set: "=", expected: undefined },
  "2: a name alone": { set: "a=", expected: { name: "a", value: "" } },
  "2: a value alone": { set: "a", expected: { name: "", value: "a" } },
  "3: control characters": { set: "a=\x01", expected: undefined },
  "4: 4096 octets": {
    set: `a=${"b".repeat(4095)}`,
    expected: { value: "b".repeat(4095) },
  },
  "4: 4097 octets": { set: `a=${"b".repeat(4096)}`, expected: undefined },
  "5: now": {
    set: "a=1",
    expected: { creation: new Date(NOW), lastAccess: new Date(NOW) },
  },
  "6: Max-Age": {
    set: "a=1; Max-Age=60; Expires=Wed, 02 Jan 2030 00:00:00 GMT",
    expected: { expires: new Date(NOW + 60_000) },
  },
  "6: Expires": {
    set: "a=1; Expires=Wed, 02 Jan 2030 00:00:00 GMT",
    expected: { expires: new Date(NOW + DAY) },
  },
  "6: at most 400 days": {
    set: "a=1; Max-Age=99999999999",
    expected: { expires: new Date(NOW + 400 * DAY) },
  },
  "7: Domain, with a dot": {
    set: "a=1; Domain=.Example.COM",
    expected: { domain: "example.com", hostOnly: false },
  },
  "8: Domain beyond ASCII": {
    set: "a=1; Domain=bücher.example",
    url: "https://bücher.example/",
    expected: undefined,
  },
  "8: Domain as A-labels": {
    set: "a=1; Domain=xn--bcher-kva.example",
    url: "https://www.bücher.example/",
    expected: { domain: "xn--bcher-kva.example", hostOnly: false },
  },
  "9: a public suffix": { set: "a=1; Domain=com", expected: undefined },
  "9: a public suffix of two labels": {
    set: "a=1; Domain=co.uk",
    url: "https://www.example.co.uk/",
    expected: undefined,
  },
  "9: a private one": {
    set: "a=1; Domain=github.io",
    url: "https://me.github.io/",
    expected: undefined,
  },
  "9.3: the host itself": {
    set: "a=1; Domain=github.io",
    url: "https://github.io/",
    expected: { domain: "github.io", hostOnly: true },
  },
  "9.3: a host of one label": {
    set: "a=1; Domain=localhost",
    url: "https://localhost/",
    expected: { domain: "localhost", hostOnly: true },
  },
  "9: no suffix itself, but above one": {
    set: "a=1; Domain=amazonaws.com",
    url: "https://me.eu-west-1.compute.amazonaws.com/",
    expected: undefined,
  },
  "9: above an exception": {
    set: "a=1; Domain=kobe.jp",
    url: "https://city.kobe.jp/",
    expected: undefined,
  },
  "9: an exception": {
    set: "a=1; Domain=city.kobe.jp",
    url: "https://www.city.kobe.jp/",
    expected: { domain: "city.kobe.jp", hostOnly: false },
  },
  "9: a list of one's own": {
    set: "a=1; Domain=example.com",
    options: { isPublicSuffix: (domain) => domain === "example.com" },
    expected: undefined,
  },
  "9: none in a list of one's own": {
    set: "a=1; Domain=com",
    options: { isPublicSuffix: () => false },
    expected: { domain: "com" },
  },
  "10: the host": {
    set: "a=1; Domain=www.example.com",
    expected: { domain: "www.example.com", hostOnly: false },
  },
  "10: a sibling": { set: "a=1; Domain=w.example.com", expected: undefined },
  "10: below the host": {
    set: "a=1; Domain=a.www.example.com",
    expected: undefined,
  },
  "10: a part of a label": {
    set: "a=1; Domain=ample.com",
    expected: undefined,
  },
  "10: another domain": { set: "a=1; Domain=example.org", expected: undefined },
  "10: two dots": { set: "a=1; Domain=..example.com", expected: undefined },
  "10: a dot behind": { set: "a=1; Domain=example.com.", expected: undefined },
  "10: a dot behind, on both sides": {
    set: "a=1; Domain=example.com.",
    url: "https://www.example.com./",
    expected: { domain: "example.com." },
  },
  "10: a suffix with a dot behind": {
    set: "a=1; Domain=com.",
    url: "https://www.example.com./",
    expected: undefined,
  },
  "10: no Domain": {
    set: "a=1",
    expected: { domain: "www.example.com", hostOnly: true },
  },
  "10: an empty Domain": {
    set: "a=1; Domain=",
    expected: { domain: "www.example.com", hostOnly: true },
  },
  "10: an address": {
    set: "a=1; Domain=127.0.0.1",
    url: "https://127.0.0.1/",
    expected: { domain: "127.0.0.1", hostOnly: false },
  },
  "10: a part of an address": {
    set: "a=1; Domain=0.0.1",
    url: "https://127.0.0.1/",
    expected: undefined,
  },
  "10: an address of IPv6": {
    set: "a=1",
    url: "https://[2001:DB8::1]/",
    expected: { domain: "[2001:db8::1]", hostOnly: true },
  },
  "11: Path": { set: "a=1; Path=/x", expected: { path: "/x" } },
  "11: a path elsewhere": {
    set: "a=1; Path=/else",
    expected: { path: "/else" },
  },
  "11: no Path": { set: "a=1", expected: { path: "/dir" } },
  "11: a Path without a slash": {
    set: "a=1; Path=x",
    expected: { path: "/dir" },
  },
  "12: Secure": { set: "a=1; Secure", expected: { secure: true } },
  "12: no Secure": { set: "a=1", expected: { secure: false } },
  "13: Secure over http": {
    set: "a=1; Secure",
    url: HTTP,
    expected: undefined,
  },
  "13: Secure over ws": {
    set: "a=1; Secure",
    url: "ws://www.example.com/",
    expected: undefined,
  },
  "13: Secure over wss": {
    set: "a=1; Secure",
    url: "wss://www.example.com/",
    expected: { secure: true },
  },
  ...Object.fromEntries(
    ["localhost", "a.localhost", "127.1.2.3", "[::1]"].map((host) => [
      `13: Secure from ${host}`,
      {
        set: "a=1; Secure",
        url: `http://${host}/`,
        expected: { secure: true },
      },
    ]),
  ),
  "13: Secure from another machine": {
    set: "a=1; Secure",
    url: "http://notlocalhost/",
    expected: undefined,
  },
  "14: HttpOnly": { set: "a=1; HttpOnly", expected: { httpOnly: true } },
  "15: HttpOnly by a script": {
    set: "a=1; HttpOnly",
    context: SCRIPT,
    expected: undefined,
  },
  "15: a script": { set: "a=1", context: SCRIPT, expected: { value: "1" } },
  "16: another name": {
    before: [["b=0; Secure; Path=/"]],
    set: "a=1; Path=/",
    url: HTTP,
    expected: { value: "1" },
  },
  "16: over TLS": {
    before: [["a=0; Secure; Path=/"]],
    set: "a=1; Path=/",
    expected: { value: "1" },
  },
  "16: not secure before": {
    before: [["a=0; Path=/"]],
    set: "a=1; Path=/",
    url: HTTP,
    expected: { value: "1" },
  },
  "16: the same": {
    before: [["a=0; Secure; Path=/"]],
    set: "a=1; Path=/",
    url: HTTP,
    expected: undefined,
  },
  "16: domain above": {
    before: [["a=0; Secure; Path=/; Domain=example.com"]],
    set: "a=1; Path=/",
    url: HTTP,
    expected: undefined,
  },
  "16: host below": {
    before: [["a=0; Secure; Path=/", "https://x.y.www.example.com/"]],
    set: "a=1; Path=/; Domain=example.com",
    url: HTTP,
    expected: undefined,
  },
  "16: a sibling": {
    before: [["a=0; Secure; Path=/", "https://ww.example.com/"]],
    set: "a=1; Path=/",
    url: HTTP,
    expected: { value: "1" },
  },
  "16: a path below that of the other": {
    before: [["a=0; Secure; Path=/login"]],
    set: "a=1; Path=/login/en",
    url: HTTP,
    expected: undefined,
  },
  "16: a path above that of the other": {
    before: [["a=0; Secure; Path=/login"]],
    set: "a=1; Path=/",
    url: HTTP,
    expected: { path: "/" },
  },
  "16: a path beside that of the other": {
    before: [["a=0; Secure; Path=/login"]],
    set: "a=1; Path=/loginx",
    url: HTTP,
    expected: { path: "/loginx" },
  },
  "16: for another partition": {
    before: [["a=0; Secure; Path=/; Partitioned"]],
    set: "a=1; Path=/",
    url: HTTP,
    expected: { value: "1" },
  },
  "17: SameSite": {
    set: "a=1; SameSite=Strict",
    expected: { sameSite: "strict" },
  },
  "17: none": { set: "a=1", expected: { sameSite: "default" } },
  "17: a part of a word": {
    set: "a=1; SameSite=NotNone; Secure",
    expected: { sameSite: "default" },
  },
  ...Object.fromEntries(
    ["", "; SameSite=Lax", "; SameSite=Strict"].flatMap((attribute) => [
      [`18.3: a link to "${attribute}"`, {
        set: `a=1${attribute}`,
        context: LINK,
        expected: { value: "1" },
      }],
      [`18.4: another site, "${attribute}"`, {
        set: `a=1${attribute}`,
        context: CROSS_SITE,
        expected: undefined,
      }],
      [`18.1: a script of another site, "${attribute}"`, {
        set: `a=1${attribute}`,
        context: { ...LINK, ...SCRIPT },
        expected: undefined,
      }],
    ]),
  ),
  "18: None from another site": {
    set: "a=1; SameSite=None; Secure",
    context: CROSS_SITE,
    expected: { sameSite: "none" },
  },
  "18: None by a script of another site": {
    set: "a=1; SameSite=None; Secure",
    context: { ...CROSS_SITE, ...SCRIPT },
    expected: { sameSite: "none" },
  },
  "19: None without Secure": { set: "a=1; SameSite=None", expected: undefined },
  "20: __Secure- without Secure": { set: "__Secure-a=1", expected: undefined },
  "20: __SECURE- without Secure": { set: "__SECURE-a=1", expected: undefined },
  "20: __Secure- with Secure": {
    set: "__secure-a=1; Secure; Domain=example.com",
    expected: { name: "__secure-a" },
  },
  "20: __Secure- over http": {
    set: "__Secure-a=1; Secure",
    url: HTTP,
    expected: undefined,
  },
  "21: __Host- as it must be": {
    set: "__HOST-a=1; Secure; Path=/",
    expected: { name: "__HOST-a", hostOnly: true, path: "/" },
  },
  "21.1: without Secure": { set: "__Host-a=1; Path=/", expected: undefined },
  "21.2: with Domain": {
    set: "__Host-a=1; Secure; Path=/; Domain=www.example.com",
    expected: undefined,
  },
  "21.3: without Path": {
    set: "__Host-a=1; Secure",
    url: "https://www.example.com/",
    expected: undefined,
  },
  "21.3: with another Path": {
    set: "__host-a=1; Secure; Path=/dir",
    expected: undefined,
  },
  "21.3: with a Path that is none, for /": {
    set: "__Host-a=1; Secure; Path=x",
    url: "https://www.example.com/",
    expected: { path: "/" },
  },
  "21.3: with a Path that is none, for /dir": {
    set: "__Host-a=1; Secure; Path=x",
    expected: undefined,
  },
  "22: a value that looks like __Secure-": {
    set: "=__secure-a=1; Secure",
    expected: undefined,
  },
  "22: a value that looks like __Host-": {
    set: "__Host-a; Secure; Path=/",
    expected: undefined,
  },
  "22: a value with a prefix, behind a name": {
    set: "a=__Host-b",
    expected: { value: "__Host-b" },
  },
  "23: the same is replaced": {
    before: [["a=0; Path=/"]],
    set: "a=1; Path=/; HttpOnly",
    expected: { value: "1", httpOnly: true },
  },
  "23.2: HttpOnly before, by a script": {
    before: [["a=0; Path=/; HttpOnly"]],
    set: "a=1; Path=/",
    context: SCRIPT,
    expected: undefined,
  },
  "23.2: HttpOnly elsewhere, by a script": {
    before: [["a=0; Path=/x; HttpOnly"]],
    set: "a=1; Path=/",
    context: SCRIPT,
    expected: { value: "1" },
  },
  "24: ended by Max-Age": { set: "a=1; Max-Age=0", expected: undefined },
  "24: ended by Expires": {
    set: "a=1; Expires=Tue, 01 Jan 2030 00:00:00 GMT",
    expected: undefined,
  },
  "CHIPS: by its own site": {
    set: "a=1; Secure; Partitioned",
    expected: { partitionKey: "https://example.com" },
  },
  "CHIPS: by the site at the top": {
    set: "a=1; Secure; Partitioned; SameSite=None",
    context: { ...CROSS_SITE, partitionKey: "https://www.top.example/x" },
    expected: { partitionKey: "https://top.example" },
  },
  "CHIPS: without Secure": { set: "a=1; Partitioned", expected: undefined },
};

for (const [step, one] of Object.entries(CASES)) {
  Deno.test(`CookieJar.setCookie() follows the standard, step ${step}`, () => {
    const { before = [], url = HTTPS, expected } = one;
    const jar = new CookieJar({ now: () => new Date(NOW), ...one.options });
    for (const [set, from = HTTPS] of before) {
      assertEquals(jar.setCookie(set, from)?.name !== undefined, true);
    }
    const list = JSON.stringify(jar);
    const cookie = jar.setCookie(one.set, url, one.context);
    if (expected === undefined) {
      assertEquals(cookie, undefined);
      assertEquals(JSON.stringify(jar), list);
    } else {
      assertEquals({ ...cookie, ...expected }, cookie);
      assertEquals([...jar].at(-1), cookie);
    }
  });
}

Deno.test("CookieJar.setCookie() follows the standard, step 23: what is another cookie", () => {
  const jar = new CookieJar();
  const others = [
    "a=1; Path=/",
    "b=1; Path=/",
    "a=1; Path=/dir",
    "a=1; Path=/; Domain=www.example.com",
    "a=1; Path=/; Domain=example.com",
    "A=1; Path=/",
    "a=1; Path=/; Secure; Partitioned",
  ];
  for (const one of others) jar.setCookie(one, HTTPS);
  assertEquals(jar.size, others.length);
  for (const one of others) jar.setCookie(one.replace("1", "2"), HTTPS);
  assertEquals([...jar].map(({ value }) => value), others.map(() => "2"));
});

Deno.test("CookieJar.setCookie() follows the standard, step 23.3: the creation stays", () => {
  let now = NOW;
  const jar = new CookieJar({ now: () => new Date(now) });
  jar.setCookie("a=1", HTTPS);
  now += 1_000;
  jar.setCookie("b=1", HTTPS);
  now += 1_000;
  const { creation, lastAccess } = jar.setCookie("a=2", HTTPS)!;
  assertEquals([+creation, +lastAccess], [NOW, now]);
  assertEquals(jar.cookieHeader(HTTPS), "a=2; b=1");
});

Deno.test("CookieJar.setCookie() follows the standard, step 23.3: not that of an expired one", () => {
  let now = NOW;
  const jar = new CookieJar({ now: () => new Date(now) });
  jar.setCookie("a=1; Max-Age=1; HttpOnly", HTTPS);
  jar.setCookie("b=1", HTTPS);
  now += 1_000;
  assertEquals(+jar.setCookie("a=2", HTTPS, SCRIPT)!.creation, now);
  assertEquals(jar.cookieHeader(HTTPS), "b=1; a=2");
});

Deno.test("CookieJar.setCookie() follows the standard, step 24: an end in the past deletes", () => {
  const jar = new CookieJar();
  jar.setCookie("a=1; Path=/; HttpOnly", HTTPS);
  jar.setCookie("b=1", HTTPS);
  // Another one, and no right to it.
  jar.setCookie("a=; Path=/x; Max-Age=0", HTTPS);
  jar.setCookie("a=; Path=/; Max-Age=0", HTTPS, SCRIPT);
  assertEquals(jar.size, 2);
  jar.setCookie("a=; Path=/; Max-Age=0", HTTPS);
  assertEquals(jar.cookieHeader(HTTPS), "b=1");
  assertEquals(jar.size, 1);
});

Deno.test("CookieJar.setCookie() follows the standard, step 16: not for an expired one", () => {
  let now = NOW;
  const jar = new CookieJar({ now: () => new Date(now) });
  jar.setCookie("a=0; Secure; Max-Age=1", HTTPS);
  assertEquals(jar.setCookie("a=1", HTTP), undefined);
  now += 1_000;
  assertEquals(jar.setCookie("a=1", HTTP)?.value, "1");
});
