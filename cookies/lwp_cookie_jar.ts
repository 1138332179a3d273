import {
  checkedCookie,
  type CookieFileFormat,
  type CookieFileOptions,
  type FileCookie,
  linesOf,
  loadCookies,
  saveCookies,
} from "./_cookie_file.ts";
import { trimmed } from "./_characters.ts";
import { quotedEnd } from "./_quoting.ts";
import { sameSiteOf } from "./cookie.ts";
import { CookieJar } from "./jar.ts";

const MAGIC = "#LWP-Cookies-2.0";
const FIELD = "Set-Cookie3:";
/** The last year that four digits can name. */
const LAST_END = Date.UTC(9999, 11, 31, 23, 59, 59);

const LWP: CookieFileFormat = { parse, serialize };

/**
 * A jar whose file is that of Perl's library LWP and of Python's
 * `http.cookiejar.LWPCookieJar`: one line of `Set-Cookie3` for each cookie.
 * Cookies of partitions are not saved.
 *
 * @example
 * ```ts
 * import { LwpCookieJar } from "@wireline/std/cookies";
 * import { assertEquals } from "jsr:@std/assert@^1.0.0";
 *
 * const path = await Deno.makeTempFile();
 * const jar = new LwpCookieJar();
 * jar.setCookie("id=31; Path=/; SameSite=Strict", "https://example.com/");
 * await jar.save(path, { session: true });
 *
 * const later = new LwpCookieJar();
 * await later.load(path);
 * assertEquals([...later][0]?.sameSite, "strict");
 * await Deno.remove(path);
 * ```
 */
export class LwpCookieJar extends CookieJar {
  /**
   * Adds the cookies of a file. Lines that make no sense are left out.
   *
   * @throws {SyntaxError} When it does not begin with `#LWP-Cookies-`.
   */
  async load(
    path: string | URL,
    options?: CookieFileOptions,
  ): Promise<void> {
    await loadCookies(this, path, LWP, options);
  }

  /**
   * Writes a file that only its owner can read; the old one stays as it is until
   * the new one is complete.
   */
  async save(
    path: string | URL,
    options?: CookieFileOptions,
  ): Promise<void> {
    await saveCookies(this, path, LWP, options);
  }
}

function parse(text: string): FileCookie[] {
  if (!/^#LWP-Cookies-\d/.test(text)) {
    throw new SyntaxError('it does not begin with "#LWP-Cookies-"');
  }
  return linesOf(text)
    .filter((line) => line.startsWith(FIELD))
    .map((line) => parseCookie(line.slice(FIELD.length)))
    .filter((one) => one !== undefined);
}

function parseCookie(line: string): FileCookie | undefined {
  const [cookie, ...others] = wordsOf(line);
  if (cookie === undefined) return undefined;
  const attributes = new Map(
    others.map(([name, value]) => [name.toLowerCase(), value]),
  );
  const domain = attributes.get("domain") ?? "";
  const expires = attributes.get("expires") ?? "";
  const end = /^\d{4}-\d\d-\d\d \d\d:\d\d:\d\dZ$/.test(expires)
    ? Date.parse(expires.replace(" ", "T"))
    : NaN;
  return checkedCookie({
    name: cookie[0],
    value: cookie[1],
    domain,
    path: attributes.get("path") ?? "/",
    hostOnly: !domain.startsWith("."),
    secure: attributes.has("secure"),
    httpOnly: attributes.has("httponly"),
    sameSite: sameSiteOf(attributes.get("samesite") ?? ""),
    // As Python has it: who knows no end keeps it for the session.
    expires: Number.isNaN(end) ? Infinity : end,
  });
}

/** Names and values, those in quotes without them. */
function wordsOf(line: string): [name: string, value: string][] {
  const words: [string, string][] = [];
  for (let at = 0; at < line.length; at++) {
    let nameEnd = at;
    while (nameEnd < line.length && !"=;".includes(line[nameEnd]!)) nameEnd++;
    const name = trimmed(line, at, nameEnd);
    at = nameEnd;
    let value = "";
    if (line[at] === "=") {
      do at++; while (line[at] === " ");
      const quoted = line[at] === '"' ? quotedEnd(line, at) : -1;
      if (quoted > 0) {
        value = line.slice(at + 1, quoted - 1).replace(/\\(.)/g, "$1");
        at = quoted;
      }
      const semicolon = line.indexOf(";", at);
      const end = semicolon < 0 ? line.length : semicolon;
      if (quoted < 0) value = trimmed(line, at, end);
      at = end;
    }
    words.push([name, value]);
  }
  return words;
}

function serialize(cookies: FileCookie[]): string {
  return [MAGIC, ...cookies.map(serializeCookie), ""].join("\n");
}

function serializeCookie(cookie: FileCookie): string {
  const { name, value, path, domain, hostOnly, expires, sameSite } = cookie;
  const words = [
    `${name}=${written(value)}`,
    `path=${written(path)}`,
    `domain=${written(hostOnly ? domain : `.${domain}`)}`,
    "path_spec",
  ];
  if (!hostOnly) words.push("domain_dot");
  if (cookie.secure) words.push("secure");
  if (expires === Infinity) words.push("discard");
  else words.push(`expires="${isoTime(expires)}"`);
  if (cookie.httpOnly) words.push("HttpOnly");
  if (sameSite !== "default") words.push(`SameSite=${sameSite}`);
  words.push("version=0");
  return `${FIELD} ${words.join("; ")}`;
}

/** In quotes, unless it is a word. */
function written(value: string): string {
  if (/^\w+$/.test(value)) return value;
  return `"${value.replace(/["\\]/g, "\\$&")}"`;
}

function isoTime(milliseconds: number): string {
  const [date, time] = new Date(Math.min(milliseconds, LAST_END))
    .toISOString().split("T");
  return `${date} ${time!.slice(0, 8)}Z`;
}
