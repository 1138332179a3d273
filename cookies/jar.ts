import { type Access, type JarParts, makeAccess } from "./_access.ts";
import { headerOf } from "./_bucket.ts";
import { fetchWithCookies, isHttp } from "./_fetch.ts";
import { fromData, toData } from "./_json.ts";
import { receiveCookie } from "./_receive.ts";
import { remembering } from "./_remembering.ts";
import { retrieveCookies } from "./_retrieve.ts";
import { CookieStore } from "./_store.ts";
import {
  type Cookie,
  type CookieContext,
  type StoredCookie,
  toCookie,
} from "./cookie.ts";
import { parseSetCookie } from "./parse_set_cookie.ts";
import { type CookiePolicy, PolicyRules } from "./policy.ts";
import { isPublicSuffix } from "./public_suffix.ts";
import { requestTarget } from "./request_target.ts";
import { domainsOf } from "./site.ts";

/** Hosts and URLs of the latest requests. */
const REMEMBERED = 256;

/** How a jar is made. */
export interface CookieJarOptions {
  /**
   * Whether everybody can have a domain under this one; default
   * {@linkcode isPublicSuffix}. It must give the same answer each time.
   */
  isPublicSuffix?: ((domain: string) => boolean) | undefined;
  /** Whose cookies are kept and sent; default everybody's. */
  policy?: CookiePolicy | undefined;
  /** The time; default the clock's. */
  now?: (() => Date) | undefined;
  /**
   * Cookies of one domain, in one partition, before one of them goes; default
   * 180.
   */
  maxPerDomain?: number | undefined;
  /**
   * Cookies of all domains, before some go; default 3,300. With one too many, a
   * thirty-second of them goes at once.
   */
  maxTotal?: number | undefined;
}

/** The inside of a jar, for those that fill it from files; not exported. */
export let partsOf: (jar: CookieJar) => JarParts & { now(): number };

/**
 * The cookies of a client, which it keeps and sends as RFC 6265bis says and
 * browsers do: by domain and path, over TLS only where that was asked for, and
 * never for a public suffix such as `co.uk`.
 *
 * It works on URLs and `Headers`, so that any HTTP client can have it;
 * {@linkcode CookieJar.fetch} is `fetch` with it.
 *
 * @example
 * ```ts
 * import { CookieJar } from "@wireline/std/cookies";
 * import { assertEquals } from "jsr:@std/assert@^1.0.0";
 *
 * const jar = new CookieJar();
 * const headers = new Headers();
 * headers.append("set-cookie", "id=31; Path=/; Secure; HttpOnly");
 * headers.append("set-cookie", "theme=dark; Domain=example.com");
 * jar.extractCookies(headers, "https://www.example.com/account/");
 *
 * assertEquals(
 *   jar.cookieHeader("https://www.example.com/account/"),
 *   "theme=dark; id=31",
 * );
 * assertEquals(
 *   jar.cookieHeader("https://shop.example.com/account/"),
 *   "theme=dark",
 * );
 * assertEquals(jar.cookieHeader("https://www.example.org/"), "");
 * ```
 */
export class CookieJar implements Iterable<Cookie> {
  readonly #parts: JarParts;
  /** In milliseconds. */
  readonly #now: () => number;

  static {
    partsOf = (jar) => ({ ...jar.#parts, now: () => jar.#now() });
  }

  /**
   * An empty jar.
   *
   * @throws {TypeError} When a limit is not over 0, or a domain of the policy is
   * none.
   */
  constructor(options: CookieJarOptions = {}) {
    const { maxPerDomain = 180, maxTotal = 3_300 } = options;
    checkLimit("maxPerDomain", maxPerDomain);
    checkLimit("maxTotal", maxTotal);
    const isSuffix = options.isPublicSuffix ?? isPublicSuffix;
    this.#parts = {
      store: new CookieStore({ maxPerDomain, maxTotal }),
      policy: new PolicyRules(options.policy),
      isPublicSuffix: remembering(isSuffix, REMEMBERED),
      domainsOf: remembering((host) => domainsOf(host, isSuffix), REMEMBERED),
      targetOf: remembering(requestTarget, REMEMBERED),
    };
    const { now } = options;
    this.#now = now ? () => now().getTime() : Date.now;
  }

  /** How many cookies there are that are not expired. */
  get size(): number {
    const { store } = this.#parts;
    store.removeExpired(this.#now());
    return store.size;
  }

  /**
   * Keeps the cookie of one `Set-Cookie` header (RFC 6265bis sections 5.6 and
   * 5.7).
   *
   * @param setCookie The header's value, one character a byte as `Headers` give
   * it; other text is sent as UTF-8.
   * @param url Where it came from.
   * @returns The cookie; undefined where it was refused, or is expired, by which
   * servers delete the one of its name.
   *
   * @throws {TypeError} When the URL is none of http, https, ws or wss, or the
   * context makes no sense.
   */
  setCookie(
    setCookie: string,
    url: string | URL,
    context: CookieContext = {},
  ): Cookie | undefined {
    const stored = this.#receive(setCookie, this.#access(url, context));
    return stored && toCookie(stored);
  }

  /**
   * Keeps the cookies of a response.
   *
   * @returns Those that were kept.
   *
   * @throws {TypeError} As {@linkcode CookieJar.setCookie} does.
   */
  extractCookies(
    response: Response | Headers,
    url: string | URL,
    context: CookieContext = {},
  ): Cookie[] {
    // Not by its class: other clients have classes of their own.
    const headers = "headers" in response ? response.headers : response;
    const access = this.#access(url, context);
    return headers.getSetCookie()
      .map((header) => this.#receive(header, access))
      // One may have taken the place of another.
      .filter((one) => one !== undefined && this.#parts.store.has(one))
      .map((one) => toCookie(one!));
  }

  /**
   * The value of the `Cookie` header for a request; empty where there are no
   * cookies, and then no header should be sent (RFC 6265bis section 5.8.3).
   *
   * @throws {TypeError} As {@linkcode CookieJar.setCookie} does.
   */
  cookieHeader(url: string | URL, context: CookieContext = {}): string {
    return retrieveCookies(this.#access(url, context), this.#parts)
      .map(headerOf)
      .join("; ");
  }

  /**
   * The cookies for a request, in the order in which they are sent: first those
   * of longer paths, then those that are older.
   *
   * @throws {TypeError} As {@linkcode CookieJar.setCookie} does.
   */
  getCookies(url: string | URL, context: CookieContext = {}): Cookie[] {
    const access = this.#access(url, context);
    return retrieveCookies(access, this.#parts)
      .flatMap((view) => view.cookies)
      .map((one) => ({ ...toCookie(one), lastAccess: new Date(access.now) }));
  }

  /**
   * Removes all cookies, those of a domain (not of the hosts below it), of a
   * path of it, or the one of that name.
   *
   * @throws {TypeError} When there is a path without a domain, or a name without
   * a path.
   */
  clear(domain?: string, path?: string, name?: string): void {
    if (
      domain === undefined && path !== undefined ||
      path === undefined && name !== undefined
    ) {
      throw new TypeError(
        "Cannot clear cookies: a path needs a domain, and a name a path",
      );
    }
    const { store } = this.#parts;
    const wanted = domain?.replace(/^\./, "").toLowerCase();
    for (const cookie of store.all()) {
      if (wanted !== undefined && cookie.domain !== wanted) continue;
      if (path !== undefined && cookie.path !== path) continue;
      if (name !== undefined && cookie.name !== name) continue;
      store.remove(cookie);
    }
  }

  /** Removes the cookies that end with the session: those without an end. */
  clearSessionCookies(): void {
    const { store } = this.#parts;
    for (const cookie of store.all()) {
      if (cookie.expires === Infinity) store.remove(cookie);
    }
  }

  /** The cookies, in the order in which they were created. */
  *[Symbol.iterator](): Generator<Cookie> {
    for (const cookie of this.#all()) yield toCookie(cookie);
  }

  /**
   * `fetch` with the jar's cookies, which are sent with each request and kept
   * from each response, redirects included.
   *
   * Of a `Cookie` header of the caller's own, the first request has that one
   * alone. What says who one is does not go to another origin. A body that is a
   * stream cannot be sent again, as 307 and 308 want it; that of a `Request` is
   * kept for that.
   *
   * With `credentials: "omit"` there are no cookies.
   *
   * @throws {TypeError} As `fetch` does: for over 20 redirects, for one to what
   * is not HTTP, for any with `redirect: "error"`.
   * @throws {ProtocolError} When a redirect leads to what is no URL.
   *
   * @example Sign in and go on
   * ```ts
   * import { CookieJar } from "@wireline/std/cookies";
   *
   * async function report(user: string, password: string) {
   *   const jar = new CookieJar();
   *   const body = new URLSearchParams({ user, password });
   *   const url = "https://www.example.com/";
   *   await jar.fetch(`${url}login`, { method: "POST", body });
   *   return await (await jar.fetch(`${url}report`)).text();
   * }
   * ```
   */
  async fetch(
    input: string | URL | Request,
    init: RequestInit = {},
  ): Promise<Response> {
    const url = new URL(input instanceof Request ? input.url : input);
    const credentials = init.credentials ??
      (input instanceof Request ? input.credentials : undefined);
    if (credentials === "omit" || !isHttp(url)) {
      return await fetch(input, init);
    }
    // A redirect is a page of its own, unless third parties are to be kept out.
    const context = this.#parts.policy.blockThirdParty
      ? { partitionKey: url.href }
      : {};
    return await fetchWithCookies(input, init, {
      header: (url) => this.cookieHeader(url, context),
      keep: (response, url) => this.extractCookies(response, url, context),
    });
  }

  /**
   * Everything, for `JSON.stringify`: session cookies and partitions too. Who
   * reads it can be taken for the user.
   *
   * @example
   * ```ts
   * import { CookieJar } from "@wireline/std/cookies";
   * import { assertEquals } from "jsr:@std/assert@^1.0.0";
   *
   * const jar = new CookieJar();
   * jar.setCookie("id=31; Secure", "https://example.com/");
   * const text = JSON.stringify(jar);
   * const again = CookieJar.fromJSON(JSON.parse(text));
   * assertEquals(again.cookieHeader("https://example.com/"), "id=31");
   * ```
   */
  toJSON(): unknown {
    return toData(this.#all());
  }

  /**
   * A jar of what {@linkcode CookieJar.toJSON} gave, without what is expired by
   * now.
   *
   * @throws {TypeError} When it is something else.
   */
  static fromJSON<Jar extends CookieJar>(
    this: new (options?: CookieJarOptions) => Jar,
    data: unknown,
    options?: CookieJarOptions,
  ): Jar {
    const jar = new this(options);
    const { store, now } = partsOf(jar);
    const time = now();
    for (const cookie of fromData(data, () => store.nextOrder())) {
      if (cookie.expires > time) store.put(cookie, time);
    }
    return jar;
  }

  #access(url: string | URL, context: CookieContext): Access {
    return makeAccess(url, context, this.#now(), this.#parts);
  }

  #receive(setCookie: string, access: Access): StoredCookie | undefined {
    const parsed = parseSetCookie(setCookie, access.now);
    return parsed && receiveCookie(parsed, access, this.#parts);
  }

  #all(): StoredCookie[] {
    const { store } = this.#parts;
    store.removeExpired(this.#now());
    return store.all();
  }
}

function checkLimit(name: string, value: number): void {
  if (value === Infinity || Number.isInteger(value) && value > 0) return;
  throw new TypeError(`Cannot use ${name} ${value}: it is not over 0`);
}
