/** The same cookies, kept and sent by our jar and by Chromium. */
import { assert, assertEquals } from "jsr:@std/assert@^1.0.0";
import { type CookieContext, CookieJar } from "../../cookies/mod.ts";
import { createAuthority } from "../_support/certificates.ts";
import { type Chromium, startChromium } from "./servers/chromium.ts";

const HOSTS = [
  "a.example",
  "www.a.example",
  "x.www.a.example",
  "b.example",
  "me.github.io",
  "you.github.io",
  "github.io",
  "www.shop.co.uk",
  "xn--bcher-kva.example",
  "127.0.0.1",
];
const PATHS = [
  "/",
  "/dir",
  "/dir/",
  "/dir/page",
  "/directory",
  "/Dir",
  "/d%69r",
];

/** What every host sets at every one of these, each under a name of its own. */
const SET = [
  "",
  "Path=/",
  "Path=/dir",
  "Path=/dir/",
  "Path=",
  "Path=dir",
  "Path=/; Path=/dir",
  "Path=/; Domain=a.example",
  "Path=/; Domain=.A.example",
  "Path=/; Domain=..a.example",
  "Path=/; Domain=www.a.example",
  "Path=/; Domain=b.example",
  "Path=/; Domain=example",
  "Path=/; Domain=github.io",
  "Path=/; Domain=me.github.io",
  "Path=/; Domain=co.uk",
  "Path=/; Domain=shop.co.uk",
  "Path=/; Domain=bücher.example",
  "Path=/; Domain=xn--bcher-kva.example",
  "Path=/; Domain=127.0.0.1",
  "Path=/; Domain=0.0.1",
  "Path=/; Domain=b.example; Domain=a.example",
  "Path=/; Domain=a.example; Domain=",
  "Path=/; Secure",
  "Path=/; HttpOnly",
  "Path=/; SameSite=Strict",
  "Path=/; SameSite=Lax",
  "Path=/; SameSite=None",
  "Path=/; SameSite=None; Secure",
  "Path=/; Max-Age=3600",
  "Path=/; Max-Age=0",
  "Path=/; Max-Age=-1; Expires=Wed, 02 Jan 2036 03:04:05 GMT",
  "Path=/; Max-Age=60; Expires=Tue, 02 Jan 2001 03:04:05 GMT",
  "Path=/; Max-Age=x; Expires=Tue, 02 Jan 2001 03:04:05 GMT",
  "Path=/; Expires=02-Jan-36 03:04:05",
  "Path=/; Expires=Jan 2 2036 3:4:5 PST",
  "Path=/; Expires=never",
  "Path=/; Partitioned",
];

/**
 * Whole headers. Not among them is what Chromium refuses and the standard does
 * not: a tab in a value, and an equals sign in one without a name.
 */
const HEADERS = [
  "__Secure-a=1; Path=/",
  "__Secure-b=1; Path=/; Secure",
  "__Host-a=1; Path=/",
  "__Host-b=1; Path=/; Secure",
  "__host-c=1; Path=/dir; Secure",
  "__HOST-d=1; Secure; Path=/; Domain=a.example",
  "__Host-e; Path=/; Secure",
  "=__Secure-f; Path=/; Secure",
  "nameless; Path=/",
  "empty=; Path=/",
  "  blanks  =  1 2  ; Path=/",
  'quotes="a, b"; Path=/',
  "bytes=caf\xc3\xa9; Path=/",
  "percent=%41%3B; Path=/",
  `long=${"x".repeat(4092)}; Path=/long`,
  `longer=${"x".repeat(4091)}; Path=/long`,
  `path=1; Path=/; Path=/${"x".repeat(1024)}`,
  "__proto__=1; Path=/",
  // The last: with a new value Chromium takes it for a younger one.
  "override=1; Path=/; Secure",
];

interface Sites extends AsyncDisposable {
  origin(scheme: string, host: string): string;
  /** The cookies of the request that had this number. */
  seen: Map<string, string>;
}

/** Sets the cookies that a request asks for by `?set=`. */
async function startSites(): Promise<Sites> {
  const authority = await createAuthority();
  const seen = new Map<string, string>();
  const handler = (request: Request) => {
    const { searchParams } = new URL(request.url);
    const id = searchParams.get("id");
    if (id !== null) seen.set(id, request.headers.get("cookie") ?? "");
    const headers = new Headers({ "content-type": "text/html" });
    for (const one of setBy(searchParams)) headers.append("set-cookie", one);
    return new Response("<!doctype html><title>x</title>", { headers });
  };
  const options = { hostname: "127.0.0.1", port: 0, onListen() {} };
  const http = Deno.serve(options, handler);
  const https = Deno.serve({ ...options, ...await authority.issue() }, handler);
  return {
    seen,
    origin: (scheme, host) =>
      `${scheme}://${host}:${
        scheme === "http" ? http.addr.port : https.addr.port
      }`,
    async [Symbol.asyncDispose]() {
      await Promise.all([http.shutdown(), https.shutdown()]);
    },
  };
}

function setBy(params: URLSearchParams): string[] {
  return JSON.parse(params.get("set") ?? "[]");
}

/** Both of them, which do the same one after the other. */
class Pair {
  readonly jar = new CookieJar();
  readonly chromium: Chromium;
  readonly sites: Sites;
  #count = 0;

  constructor(chromium: Chromium, sites: Sites) {
    this.chromium = chromium;
    this.sites = sites;
  }

  /** Asks for a URL, in the page's way, and compares what is sent. */
  async request(
    target: string,
    set: string[],
    context: CookieContext,
    go: (url: string) => Promise<unknown>,
  ): Promise<string> {
    const url = new URL(target);
    const id = String(this.#count++);
    url.searchParams.set("id", id);
    if (set.length > 0) url.searchParams.set("set", JSON.stringify(set));
    await go(url.href);
    const sent = this.sites.seen.get(id);
    assertEquals(this.jar.cookieHeader(target, context), sent, target);
    const headers = new Headers();
    for (const one of set) headers.append("set-cookie", one);
    this.jar.extractCookies(headers, target, context);
    return sent!;
  }

  navigate(target: string, set: string[] = []): Promise<string> {
    return this.request(target, set, {}, (url) => this.chromium.navigate(url));
  }

  /** As a page of another site does, for an image or the like. */
  embed(target: string, set: string[], top: string): Promise<string> {
    return this.request(
      target,
      set,
      { sameSiteContext: "none", partitionKey: top },
      (url) =>
        this.chromium.evaluate(
          `fetch(${
            JSON.stringify(url)
          }, { mode: "no-cors", credentials: "include" }).then(() => 0)`,
        ),
    );
  }
}

Deno.test("CookieJar and Chromium keep and send the same cookies", async () => {
  await using sites = await startSites();
  await using chromium = await startChromium();
  const pair = new Pair(chromium, sites);
  for (const scheme of ["https", "http"]) {
    for (const [at, host] of HOSTS.entries()) {
      // A few at a time: an address has no room for all.
      for (let from = 0; from < SET.length; from += 10) {
        const set = SET.slice(from, from + 10).map((attributes, index) =>
          `${scheme}${at}.${from + index}=1; ${attributes}`
        );
        await pair.navigate(`${sites.origin(scheme, host)}/dir/set`, set);
      }
    }
  }
  let sent = 0;
  for (const scheme of ["https", "http"]) {
    for (const host of HOSTS) {
      for (const path of PATHS) {
        const header = await pair.navigate(sites.origin(scheme, host) + path);
        sent += header.split("; ").filter(Boolean).length;
      }
    }
  }
  assert(sent > 1_000, String(sent));
});

Deno.test("CookieJar and Chromium take the same headers", async () => {
  await using sites = await startSites();
  await using chromium = await startChromium();
  const pair = new Pair(chromium, sites);
  for (const scheme of ["https", "http"]) {
    const origin = sites.origin(scheme, "a.example");
    for (const header of HEADERS) {
      await pair.navigate(`${origin}/set`, [header]);
    }
    // Again, and over http what must not be replaced.
    await pair.navigate(`${origin}/set`, ["override=2; Path=/"]);
    for (const path of ["/", "/long"]) {
      for (const to of ["https", "http"]) {
        await pair.navigate(sites.origin(to, "a.example") + path);
      }
    }
  }
  assert(pair.jar.size > 10, String(pair.jar.size));
});

Deno.test("CookieJar and Chromium send the same to other sites", async () => {
  await using sites = await startSites();
  await using chromium = await startChromium();
  const pair = new Pair(chromium, sites);
  const target = `${sites.origin("https", "a.example")}/`;
  const set = (name: string) =>
    ["", "Strict", "Lax", "None; Secure", "None; Secure; Partitioned"].map(
      (sameSite, at) =>
        `${name}${at}=1; Path=/${sameSite && `; SameSite=${sameSite}`}`,
    );
  await pair.navigate(target, set("own"));
  for (const host of ["b.example", "www.c.example", "www.a.example"]) {
    const top = `${sites.origin("https", host)}/`;
    await pair.navigate(top);
    const isOwn = host.endsWith(".a.example");
    if (isOwn) {
      await pair.request(target, [], {}, (url) =>
        chromium.evaluate(
          `fetch("${url}", { mode: "no-cors", credentials: "include" }).then(() => 0)`,
        ));
    } else {
      await pair.embed(target, set(host.replaceAll(".", "")), top);
      await pair.embed(target, [], top);
    }
  }
  // A link of another site is followed.
  await pair.navigate(`${sites.origin("https", "b.example")}/`);
  const header = await pair.request(
    target,
    set("link"),
    { sameSiteContext: "lax" },
    (url) => chromium.follow(url),
  );
  assert(header.includes("own2=1") && !header.includes("own1=1"), header);
  await pair.navigate(target);
  assert(pair.jar.size > 12, String(pair.jar.size));
});
