import { Buffer } from "node:buffer";
import { writeFileAtomically } from "../_wire/atomic_file.ts";
import { tried } from "../_wire/errors.ts";
import { toByteString } from "../_wire/text.ts";
import { keepsPromise } from "./_prefix.ts";
import { hasControls, toOctets } from "./_characters.ts";
import { keyOf, type SameSite, type StoredCookie } from "./cookie.ts";
import { type CookieJar, partsOf } from "./jar.ts";
import { canonicalHost } from "./match.ts";

/** The latest date that there is, in milliseconds. */
const END_OF_TIME = 8.64e15;

/** Which cookies are loaded from a file or saved in it. */
export interface CookieFileOptions {
  /**
   * Those that end with the session; by default they are loaded where the file
   * has any, and not saved.
   */
  session?: boolean | undefined;
  /**
   * Those that are expired, as long as nobody looks at the jar; default
   * `false`.
   */
  expired?: boolean | undefined;
}

/** What a line of a file says of a cookie. */
export interface FileCookie {
  name: string;
  value: string;
  domain: string;
  path: string;
  hostOnly: boolean;
  secure: boolean;
  httpOnly: boolean;
  sameSite: SameSite;
  /** In milliseconds; Infinity for a session cookie. */
  expires: number;
}

/** How a file is written and read. */
export interface CookieFileFormat {
  /** Throws a `SyntaxError` where it is another kind of file. */
  parse(text: string): FileCookie[];
  serialize(cookies: FileCookie[]): string;
}

/** Adds the cookies of a file to a jar; all of them or none. */
export async function loadCookies(
  jar: CookieJar,
  path: string | URL,
  format: CookieFileFormat,
  options: CookieFileOptions = {},
): Promise<void> {
  const { session = true, expired = false } = options;
  let cookies: FileCookie[];
  try {
    // One character a byte, as headers have it.
    const text = toByteString(await Deno.readFile(path));
    cookies = format.parse(text.replace(/^\xef\xbb\xbf/, ""));
  } catch (error) {
    if (error instanceof SyntaxError) {
      throw new SyntaxError(`Cannot load "${path}": ${error.message}`);
    }
    throw tried(`load "${path}"`, error);
  }
  const { store, now } = partsOf(jar);
  const time = now();
  for (const cookie of cookies) {
    if (!session && cookie.expires === Infinity) continue;
    if (!expired && cookie.expires <= time) continue;
    const stored: StoredCookie = {
      ...cookie,
      expires: cookie.expires === Infinity
        ? Infinity
        : Math.min(cookie.expires, END_OF_TIME),
      key: keyOf(cookie.name, cookie.path, cookie.hostOnly),
      partitionKey: undefined,
      creation: time,
      order: store.nextOrder(),
      lastAccess: time,
    };
    store.put(stored, time);
  }
}

/** Writes a jar's cookies to a file that only its owner can read. */
export async function saveCookies(
  jar: CookieJar,
  path: string | URL,
  format: CookieFileFormat,
  options: CookieFileOptions = {},
): Promise<void> {
  const { session = false, expired = false } = options;
  const { store, now } = partsOf(jar);
  const time = now();
  const cookies = store.all().filter((cookie) => {
    // Whoever reads the file would send it everywhere.
    if (cookie.partitionKey !== undefined) return false;
    if (!session && cookie.expires === Infinity) return false;
    return expired || cookie.expires > time;
  });
  const text = format.serialize(cookies.map(inOctets));
  try {
    await writeFileAtomically(path, Buffer.from(text, "latin1"), 0o600);
  } catch (error) {
    throw tried(`save "${path}"`, error);
  }
}

function inOctets(cookie: StoredCookie): FileCookie {
  const { name, value, path } = cookie;
  return {
    ...cookie,
    name: toOctets(name),
    value: toOctets(value),
    path: toOctets(path),
  };
}

/**
 * A cookie that may be in a jar, out of what stood in a file; undefined where it
 * may not.
 */
export function checkedCookie(cookie: FileCookie): FileCookie | undefined {
  const { name, value, path } = cookie;
  // QUIRK: wget writes a port behind the host.
  const host = cookie.domain.replace(/^([^:]+|\[.*\]):\d+$/, "$1");
  const domain = canonicalHost(host);
  const isFine = domain !== undefined && path.startsWith("/") &&
    (name !== "" || value !== "") && !/[=;]/.test(name) &&
    !value.includes(";") && !hasControls(name + value + path) &&
    !Number.isNaN(cookie.expires) && keepsPromise(cookie);
  return isFine ? { ...cookie, domain } : undefined;
}

/** Lines of a file, whatever they end in. */
export function linesOf(text: string): string[] {
  return text.split("\n").map((line) =>
    line.endsWith("\r") ? line.slice(0, -1) : line
  );
}
