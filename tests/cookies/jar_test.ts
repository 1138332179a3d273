import { assert, assertEquals, assertThrows } from "jsr:@std/assert@^1.0.0";
import {
  type Cookie,
  CookieJar,
  type CookieJarOptions,
} from "../../cookies/mod.ts";

const NOW = Date.UTC(2030, 0, 1);
const URL_A = "https://a.example/";

/** A jar whose clock goes on by a second with each look at it. */
function ticking(options: CookieJarOptions = {}): CookieJar {
  let now = NOW;
  return new CookieJar({ now: () => new Date(now += 1_000), ...options });
}

function names(cookies: Iterable<Cookie>): string {
  return Array.from(cookies, ({ name }) => name).join(" ");
}

Deno.test("CookieJar evicts of a full domain what was not used for longest", () => {
  const jar = ticking({ maxPerDomain: 3 });
  for (const name of ["a", "b", "c"]) {
    jar.setCookie(`${name}=1; Path=/${name}`, URL_A);
  }
  jar.setCookie("d=1", "https://d.example/");
  jar.cookieHeader(`${URL_A}a`);
  jar.setCookie("e=1", URL_A);
  assertEquals(names(jar), "a c d e");
  jar.setCookie("f=1", URL_A);
  assertEquals(names(jar), "a d e f");
  // No other cookie: nothing has to go.
  jar.setCookie("f=2", URL_A);
  assertEquals(jar.size, 4);
});

Deno.test("CookieJar evicts of a full domain first expired, then insecure cookies", () => {
  let now = NOW;
  const jar = new CookieJar({ maxPerDomain: 3, now: () => new Date(now) });
  jar.setCookie("a=1; Secure", URL_A);
  now++;
  jar.setCookie("b=1", URL_A);
  now++;
  jar.setCookie("c=1; Secure; Max-Age=1", URL_A);
  now += 2_000;
  jar.setCookie("d=1; Secure", URL_A);
  assertEquals(names(jar), "a b d");
  jar.setCookie("e=1; Secure", URL_A);
  assertEquals(names(jar), "a d e");
  // It is the first to go itself.
  assertEquals(jar.setCookie("f=1", URL_A), undefined);
  assertEquals(names(jar), "a d e");
  now++;
  assertEquals(jar.setCookie("g=1; Secure", URL_A)?.name, "g");
  assertEquals(names(jar), "d e g");
});

Deno.test("CookieJar counts each partition of a domain for itself", () => {
  const jar = ticking({ maxPerDomain: 1 });
  jar.setCookie("a=1; Secure; Partitioned", URL_A);
  jar.setCookie("b=1; Secure; Partitioned", URL_A, {
    partitionKey: "https://top.example",
  });
  jar.setCookie("c=1", URL_A);
  assertEquals(names(jar), "a b c");
});

Deno.test("CookieJar evicts of all cookies what was not used for longest", () => {
  const jar = ticking({ maxTotal: 3 });
  for (const host of ["a", "b", "c"]) {
    jar.setCookie(`${host}=1`, `https://${host}.example/`);
  }
  jar.cookieHeader("https://a.example/");
  jar.setCookie("d=1", "https://d.example/");
  assertEquals(names(jar), "a c d");
});

Deno.test("CookieJar evicts of all cookies first those of crowded domains", () => {
  const jar = ticking({ maxTotal: 63, maxPerDomain: 60 });
  jar.setCookie("old=1", "https://old.example/");
  for (let at = 0; at < 51; at++) {
    jar.setCookie(`s${at}=1; Secure`, "https://crowd.example/");
  }
  jar.setCookie("plain=1", "https://crowd.example/");
  for (let at = 0; at < 10; at++) {
    jar.setCookie("few=1", `https://few${at}.example/`);
  }
  assertEquals(jar.size, 63);
  // One that is too many, and a thirty-second of all beside.
  jar.setCookie("new=1", "https://new.example/");
  assertEquals(jar.size, 62);
  const left = new Set([...jar].map(({ name }) => name));
  assert(left.has("old") && left.has("new"));
  assert(!left.has("plain") && !left.has("s0") && left.has("s1"));
});

Deno.test("CookieJar evicts of all cookies nothing where some are expired", () => {
  let now = NOW;
  const jar = new CookieJar({ maxTotal: 2, now: () => new Date(now) });
  jar.setCookie("a=1", "https://a.example/");
  jar.setCookie("b=1; Max-Age=1", "https://b.example/");
  now += 1_000;
  jar.setCookie("c=1", "https://c.example/");
  assertEquals(names(jar), "a c");
});

Deno.test("CookieJar never holds more than it may", () => {
  const jar = ticking({ maxTotal: 100, maxPerDomain: 10 });
  for (let at = 0; at < 5_000; at++) {
    jar.setCookie(
      `n${at % 37}=1; Path=/${at % 7}`,
      `https://h${at % 53}.example/`,
    );
    assert(jar.size <= 100);
  }
  const domains = Map.groupBy(jar, ({ domain }) => domain);
  for (const cookies of domains.values()) assert(cookies.length <= 10);
});

Deno.test("CookieJar refuses limits and policies that are none", () => {
  for (const value of [0, -1, 1.5, NaN]) {
    assertThrows(
      () => new CookieJar({ maxTotal: value }),
      TypeError,
      "maxTotal",
    );
    assertThrows(() => new CookieJar({ maxPerDomain: value }), TypeError);
  }
  for (const domain of ["", ".", "a b", "a/b", "a:80", "http://a"]) {
    assertThrows(
      () => new CookieJar({ policy: { allowedDomains: [domain] } }),
      TypeError,
      "Cannot use the domain",
    );
  }
});

Deno.test("CookieJar refuses URLs and contexts that make no sense", () => {
  const jar = new CookieJar();
  for (
    const url of ["", "example.com", "ftp://a.example/", "data:,x", "file:///x"]
  ) {
    assertThrows(() => jar.setCookie("a=1", url), TypeError, "Cannot use");
    assertThrows(() => jar.cookieHeader(url), TypeError);
    assertThrows(() => jar.getCookies(url), TypeError);
    assertThrows(() => jar.extractCookies(new Headers(), url), TypeError);
  }
  const wrong = { sameSiteContext: "Lax" as "lax" };
  assertThrows(() => jar.setCookie("a=1", URL_A, wrong), TypeError, '"Lax"');
  assertThrows(
    () => jar.cookieHeader(URL_A, { partitionKey: "top.example" }),
    TypeError,
    "it is no URL",
  );
});

Deno.test("CookieJar.extractCookies() takes each header of a response", () => {
  const jar = new CookieJar();
  const headers = new Headers();
  headers.append("set-cookie", "a=1; Expires=Wed, 02 Jan 2030 03:04:05 GMT");
  headers.append("set-cookie", "b=1; Domain=other.example");
  headers.append("set-cookie", "c=1");
  headers.append("set-cookie", "c=2");
  assertEquals(
    jar.extractCookies(headers, new URL(URL_A)).map((
      { name, value },
    ) => [name, value]),
    [["a", "1"], ["c", "2"]],
  );
  const response = new Response("", { headers: { "set-cookie": "d=1" } });
  assertEquals(names(jar.extractCookies(response, URL_A)), "d");
  assertEquals(jar.extractCookies(new Headers(), URL_A), []);
  // Of a client that has a class of its own.
  const foreign = { getSetCookie: () => ["d=2"] } as unknown as Headers;
  assertEquals(jar.extractCookies(foreign, URL_A)[0]?.value, "2");
  assertEquals(names(jar), "a c d");
});

Deno.test("CookieJar gives copies", () => {
  const jar = new CookieJar();
  const cookie = jar.setCookie("a=1; Max-Age=60", URL_A)!;
  cookie.value = "2";
  cookie.expires!.setTime(0);
  cookie.creation.setTime(0);
  jar.getCookies(URL_A)[0]!.domain = "x";
  for (const one of jar) one.name = "x";
  assertEquals(jar.cookieHeader(URL_A), "a=1");
});

Deno.test("CookieJar may be changed while it is iterated", () => {
  const jar = new CookieJar();
  for (let at = 0; at < 10; at++) {
    jar.setCookie(`a${at}=1`, `https://h${at}.example/`);
  }
  let seen = 0;
  for (const { domain } of jar) {
    jar.clear(domain);
    seen++;
  }
  assertEquals([seen, jar.size], [10, 0]);
});

Deno.test("CookieJar.clear() removes as much as it is told", () => {
  const fill = () => {
    const jar = new CookieJar();
    jar.setCookie("a=1; Path=/", URL_A);
    jar.setCookie("b=1; Path=/", URL_A);
    jar.setCookie("c=1; Path=/c", URL_A);
    jar.setCookie("d=1; Secure; Partitioned; Path=/", URL_A);
    jar.setCookie("e=1", "https://www.a.example/");
    return jar;
  };
  const cases: [Parameters<CookieJar["clear"]>, string][] = [
    [[], ""],
    [["a.example"], "e"],
    [[".A.example"], "e"],
    [["example"], "a b c d e"],
    [["a.example", "/"], "c e"],
    [["a.example", "/", "a"], "b c d e"],
    [["a.example", "/c", "a"], "a b c d e"],
  ];
  for (const [clearing, left] of cases) {
    const jar = fill();
    jar.clear(...clearing);
    assertEquals(names(jar), left);
    assertEquals(jar.size, left.split(" ").filter(Boolean).length);
  }
  assertThrows(() => fill().clear(undefined, "/"), TypeError, "Cannot clear");
  assertThrows(() => fill().clear("a.example", undefined, "a"), TypeError);
});

Deno.test("CookieJar.clearSessionCookies() leaves those with an end", () => {
  const jar = new CookieJar();
  jar.setCookie("a=1", URL_A);
  jar.setCookie("b=1; Max-Age=60", URL_A);
  jar.setCookie("c=1", "https://c.example/");
  jar.clearSessionCookies();
  assertEquals(names(jar), "b");
});

Deno.test("CookieJar keeps partitions apart", () => {
  const jar = new CookieJar();
  const under = (site: string) => ({
    sameSiteContext: "none" as const,
    partitionKey: site,
  });
  const set = "Secure; Path=/; SameSite=None; Partitioned";
  jar.setCookie(`a=one; ${set}`, URL_A, under("https://one.example/x"));
  jar.setCookie(`a=two; ${set}`, URL_A, under("https://www.two.example"));
  jar.setCookie(`a=own; ${set}`, URL_A);
  jar.setCookie("b=all; Secure; SameSite=None", URL_A);
  assertEquals(
    jar.cookieHeader(URL_A, under("https://one.example")),
    "a=one; b=all",
  );
  assertEquals(
    jar.cookieHeader(URL_A, under("https://two.example")),
    "a=two; b=all",
  );
  assertEquals(jar.cookieHeader(URL_A, under("http://two.example")), "b=all");
  assertEquals(jar.cookieHeader(URL_A), "a=own; b=all");
  assertEquals(
    jar.cookieHeader(URL_A, under("https://sub.a.example")),
    "a=own; b=all",
  );
});

Deno.test("CookieJar goes by the policy's domains", () => {
  const jar = new CookieJar({
    policy: {
      allowedDomains: [".Example.com", "127.0.0.1", "::1", "bücher.example"],
      blockedDomains: ["bad.example.com"],
    },
  });
  const cases: [string, boolean][] = [
    ["https://example.com/", true],
    ["https://www.example.com/", true],
    ["https://bad.example.com/", false],
    ["https://www.bad.example.com/", false],
    ["https://badexample.com/", false],
    ["https://example.org/", false],
    ["https://127.0.0.1/", true],
    ["https://[::1]/", true],
    ["https://www.xn--bcher-kva.example/", true],
  ];
  for (const [url, allowed] of cases) {
    assertEquals(jar.setCookie("a=1", url) !== undefined, allowed, url);
    assertEquals(jar.cookieHeader(url), allowed ? "a=1" : "", url);
  }
  // Not sent either where it may be kept.
  jar.setCookie("b=1; Domain=example.com", "https://example.com/");
  assertEquals(jar.cookieHeader("https://bad.example.com/"), "");
  assertEquals(jar.cookieHeader("https://x.example.com/"), "b=1");
});

Deno.test("CookieJar refuses third parties", () => {
  const jar = new CookieJar({ policy: { blockThirdParty: true } });
  const none = "SameSite=None; Secure";
  const top = { partitionKey: "https://www.top.example/" };
  const image = { sameSiteContext: "none" } as const;
  assertEquals(jar.setCookie(`a=1; ${none}`, URL_A, top), undefined);
  assertEquals(jar.setCookie(`a=1; ${none}`, URL_A, image), undefined);
  assert(jar.setCookie(`a=1; ${none}`, URL_A));
  assert(
    jar.setCookie(`b=1; ${none}; Partitioned`, URL_A, { ...top, ...image }),
  );
  assertEquals(jar.cookieHeader(URL_A), "a=1");
  assertEquals(jar.cookieHeader(URL_A, image), "");
  assertEquals(jar.cookieHeader(URL_A, top), "b=1");
  // The same site by another host or scheme is no third party.
  for (const partitionKey of ["https://x.a.example/", "http://a.example/"]) {
    assertEquals(jar.cookieHeader(URL_A, { partitionKey }), "a=1");
  }
});

Deno.test("CookieJar.toJSON() and fromJSON() keep everything", () => {
  const now = () => new Date(NOW);
  const jar = new CookieJar({ now });
  jar.setCookie("a=1; Path=/; Max-Age=60; HttpOnly; SameSite=Lax", URL_A);
  jar.setCookie("__proto__=x; Domain=a.example; Secure", URL_A);
  jar.setCookie("c=1; Secure; Partitioned", URL_A, {
    partitionKey: "https://top.example",
  });
  jar.setCookie("=€", "https://[::1]/");
  const again = CookieJar.fromJSON(JSON.parse(JSON.stringify(jar)), { now });
  assertEquals([...again], [...jar]);
  assertEquals(again.toJSON(), jar.toJSON());
  assertEquals(again.cookieHeader(URL_A), jar.cookieHeader(URL_A));
  // Order of creation, also of what is to come.
  again.setCookie("d=1; Path=/", URL_A);
  assertEquals(again.cookieHeader(URL_A), "a=1; __proto__=x; d=1");
  const later = CookieJar.fromJSON(jar.toJSON(), {
    now: () => new Date(NOW + 60_000),
  });
  assertEquals(names(later), "__proto__ c ");
});

Deno.test("CookieJar.fromJSON() gives a jar of the class that it is called on", () => {
  class MyJar extends CookieJar {}
  const jar: MyJar = MyJar.fromJSON(new CookieJar().toJSON());
  assert(jar instanceof MyJar);
});

Deno.test("CookieJar.fromJSON() refuses what toJSON() never gives", () => {
  const jar = new CookieJar();
  jar.setCookie("a=1; Max-Age=60; Secure; Partitioned", URL_A);
  const text = JSON.stringify(jar);
  const broken: [string, unknown][] = [
    ["name", 1],
    ["name", "a=b"],
    ["name", "a;b"],
    ["name", "a\r\nb"],
    ["value", "1; b=2"],
    ["value", "1\n"],
    ["value", undefined],
    ["domain", ""],
    ["domain", ".a.example"],
    ["domain", "A.example"],
    ["domain", "a.example/x"],
    ["domain", "a.example:1"],
    ["domain", "a b"],
    // It would be above an address.
    ["domain", "0.0.1"],
    ["path", "x"],
    ["path", "/\n"],
    ["hostOnly", "yes"],
    ["secure", 1],
    ["httpOnly", undefined],
    ["sameSite", "Lax"],
    ["partitionKey", 1],
    ["expires", "soon"],
    ["expires", null],
    ["creation", 0],
    ["lastAccess", undefined],
  ];
  for (const [field, value] of broken) {
    const data = JSON.parse(text);
    data.cookies[0][field] = value;
    assertThrows(
      () => CookieJar.fromJSON(data),
      TypeError,
      `the ${field} of cookie 0 is`,
      `${field} ${value}`,
    );
  }
  for (
    const data of [null, [], {}, "x", { version: 2, cookies: [] }, {
      version: 1,
      cookies: {},
    }]
  ) {
    assertThrows(() => CookieJar.fromJSON(data), TypeError, "Cannot make");
  }
  assertThrows(
    () => CookieJar.fromJSON({ version: 1, cookies: [null] }),
    TypeError,
  );
});

Deno.test("CookieJar takes any names", () => {
  const jar = new CookieJar();
  for (
    const name of ["__proto__", "constructor", "toString", "hasOwnProperty"]
  ) {
    jar.setCookie(`${name}=1`, `https://${name.replaceAll("_", "")}.example/`);
    jar.setCookie(`${name}=1; Path=/__proto__`, URL_A);
  }
  assertEquals(jar.size, 8);
  assertEquals(jar.cookieHeader(`${URL_A}__proto__`).split("; ").length, 4);
  assertEquals(Object.keys(Object.prototype), []);
});

Deno.test("CookieJar looks at no cookies of other domains", () => {
  // By counting: each look at another's cookie would cost a call.
  const jar = new CookieJar({ maxTotal: Infinity });
  for (let at = 0; at < 5_000; at++) {
    jar.setCookie("a=1; Domain=example", `https://h${at}.example/`);
    jar.setCookie("a=1", `https://h${at}.example/`);
  }
  let asked = 0;
  const counting = CookieJar.fromJSON(jar.toJSON(), {
    maxTotal: Infinity,
    isPublicSuffix: () => (asked++, false),
  });
  counting.cookieHeader("https://h77.example/");
  assert(asked <= 3, String(asked));
});

Deno.test("CookieJar forgets the domains of cookies that are gone", () => {
  const jar = new CookieJar({ maxTotal: 10 });
  const host = `${"a.".repeat(120)}example`;
  for (let at = 0; at < 2_000; at++) {
    jar.setCookie("a=1", `https://h${at}.${host}/`);
  }
  jar.setCookie("b=1; Secure", `https://${host}/`);
  // Over http the names below are looked through.
  assertEquals(jar.setCookie("b=1", `http://${host}/`), undefined);
  jar.clear();
  assertEquals(jar.size, 0);
  assertEquals(jar.setCookie("b=1", `http://${host}/`)?.value, "1");
});

Deno.test("CookieJar sends a cookie whose domain is an IPv6 address", () => {
  const jar = new CookieJar();
  jar.setCookie("a=1; Domain=[::1]", "http://[::1]/");
  assertEquals(jar.cookieHeader("http://[::1]/"), "a=1");
});

Deno.test("fromJSON() takes no cookie that breaks its name's promise", () => {
  const jar = new CookieJar();
  jar.setCookie("__Host-a=1; Secure; Path=/", "https://example.com/");
  const data = jar.toJSON() as { cookies: Record<string, unknown>[] };
  for (
    const change of [
      { hostOnly: false },
      { secure: false },
      { path: "/x" },
      { partitionKey: "" },
      { name: "", value: "__Host-a=1" },
    ]
  ) {
    const cookies = [{ ...data.cookies[0], ...change }];
    assertThrows(
      () => CookieJar.fromJSON({ ...data, cookies }),
      TypeError,
      "Cannot make a cookie jar",
    );
  }
});

Deno.test("CookieJar sends the cookies of a host that is a suffix to it alone", () => {
  const jar = new CookieJar();
  jar.setCookie("a=1", "http://localhost/");
  const data = jar.toJSON() as { cookies: Record<string, unknown>[] };
  // As curl writes them.
  const cookies = [{ ...data.cookies[0], hostOnly: false }];
  const again = CookieJar.fromJSON({ ...data, cookies });
  assertEquals(again.cookieHeader("http://localhost/"), "a=1");
});

Deno.test("CookiePolicy blocks a domain also with the root's dot", () => {
  const jar = new CookieJar({ policy: { blockedDomains: ["ads.example"] } });
  for (const host of ["ads.example", "ads.example.", "x.ads.example."]) {
    assertEquals(jar.setCookie("a=1", `https://${host}/`), undefined, host);
  }
});
