import {
  checkedCookie,
  type CookieFileFormat,
  type CookieFileOptions,
  type FileCookie,
  linesOf,
  loadCookies,
  saveCookies,
} from "./_cookie_file.ts";
import { CookieJar } from "./jar.ts";

const HTTP_ONLY = "#HttpOnly_";
const HEADER = "# Netscape HTTP Cookie File\n" +
  "# Seven fields a line, with tabs between them: domain, whether the hosts\n" +
  "# below it are meant too, path, secure, end in seconds (0: the session's),\n" +
  "# name and value.\n\n";

const NETSCAPE: CookieFileFormat = { parse, serialize };

/**
 * A jar whose file is `cookies.txt`, as curl and wget read and write it
 * (`curl -b`, `curl -c`, `wget --load-cookies`).
 *
 * The file knows nothing of `SameSite`, which is lost, and of partitions, whose
 * cookies are not saved.
 *
 * @example
 * ```ts
 * import { MozillaCookieJar } from "@wireline/std/cookies";
 * import { assertEquals } from "jsr:@std/assert@^1.0.0";
 *
 * const path = await Deno.makeTempFile();
 * const jar = new MozillaCookieJar();
 * jar.setCookie("id=31; Path=/; Max-Age=3600", "https://example.com/");
 * await jar.save(path);
 *
 * const later = new MozillaCookieJar();
 * await later.load(path);
 * assertEquals(later.cookieHeader("https://example.com/"), "id=31");
 * await Deno.remove(path);
 * ```
 */
export class MozillaCookieJar extends CookieJar {
  /**
   * Adds the cookies of a file. Lines that make no sense are left out.
   *
   * @throws {SyntaxError} When there are lines, and not one is a cookie.
   */
  async load(
    path: string | URL,
    options?: CookieFileOptions,
  ): Promise<void> {
    await loadCookies(this, path, NETSCAPE, options);
  }

  /**
   * Writes a file that only its owner can read; the old one stays as it is until
   * the new one is complete.
   */
  async save(
    path: string | URL,
    options?: CookieFileOptions,
  ): Promise<void> {
    await saveCookies(this, path, NETSCAPE, options);
  }
}

function parse(text: string): FileCookie[] {
  const lines = linesOf(text).filter((line) =>
    line.trim() !== "" && (!line.startsWith("#") || line.startsWith(HTTP_ONLY))
  );
  const cookies = lines.map(parseLine).filter((one) => one !== undefined);
  if (cookies.length === 0 && lines.length > 0) {
    throw new SyntaxError("it is no cookie file of the Netscape kind");
  }
  return cookies;
}

function parseLine(line: string): FileCookie | undefined {
  const httpOnly = line.startsWith(HTTP_ONLY);
  const fields = (httpOnly ? line.slice(HTTP_ONLY.length) : line).split("\t");
  // A value that is empty may have lost its tab.
  if (fields.length < 6) return undefined;
  const [domain, below, path, secure, end, name] = fields;
  const seconds = Number(end);
  return checkedCookie({
    name: name!,
    // Tabs may stand within.
    value: fields.slice(6).join("\t"),
    domain: domain!,
    path: path!,
    hostOnly: !isTrue(below!),
    secure: isTrue(secure!),
    httpOnly,
    sameSite: "default",
    expires: seconds === 0 ? Infinity : seconds * 1000,
  });
}

function isTrue(field: string): boolean {
  return field.toUpperCase() === "TRUE";
}

function serialize(cookies: FileCookie[]): string {
  return HEADER + cookies.map(serializeCookie).join("");
}

/** Empty where a tab would be taken for the end of a field. */
function serializeCookie(cookie: FileCookie): string {
  const { name, path, domain, hostOnly, expires } = cookie;
  if (name.includes("\t") || path.includes("\t")) return "";
  const fields = [
    (cookie.httpOnly ? HTTP_ONLY : "") + (hostOnly ? "" : ".") + domain,
    hostOnly ? "FALSE" : "TRUE",
    path,
    cookie.secure ? "TRUE" : "FALSE",
    endInSeconds(expires),
    name,
    cookie.value,
  ];
  return fields.join("\t") + "\n";
}

/** Whole ones; 0 is for session cookies alone. */
function endInSeconds(expires: number): number {
  if (expires === Infinity) return 0;
  return Math.floor(expires / 1000) || -1;
}
