import { hasControls, isLonger, trimmed } from "./_characters.ts";
import { type SameSite, sameSiteOf } from "./cookie.ts";
import { parseCookieDate } from "./date.ts";

const EQUALS = 0x3d;
/** Octets of name and value together (section 5.6, step 5). */
const MOST_OCTETS = 4096;
/** Octets of the value of an attribute (section 5.6, step 6 of attributes). */
const MOST_ATTRIBUTE_OCTETS = 1024;
/** How long a cookie lasts at most: 400 days (section 5.5). */
const MOST_AGE = 400 * 86_400_000;

/** What a `Set-Cookie` header says; of each attribute the last. */
export interface ParsedSetCookie {
  name: string;
  value: string;
  /** By Max-Age or else Expires, in ms; undefined for a session cookie. */
  expires: number | undefined;
  /** Without its dot and in lower case; "" for the host's own. */
  domain: string;
  /** "" for the default path, undefined where none was given. */
  path: string | undefined;
  secure: boolean;
  httpOnly: boolean;
  sameSite: SameSite;
  partitioned: boolean;
}

/**
 * Reads the value of a `Set-Cookie` header (RFC 6265bis section 5.6); undefined
 * where it is to be ignored. `now` in milliseconds.
 */
export function parseSetCookie(
  text: string,
  now: number,
): ParsedSetCookie | undefined {
  // Step 1
  if (hasControls(text)) return undefined;
  // Step 2
  const semicolon = text.indexOf(";");
  const pairEnd = semicolon < 0 ? text.length : semicolon;
  // Steps 3 and 4
  const equals = text.indexOf("=");
  const hasName = equals >= 0 && equals < pairEnd;
  const name = hasName ? trimmed(text, 0, equals) : "";
  const value = trimmed(text, hasName ? equals + 1 : 0, pairEnd);
  // Step 5
  if (isLonger(MOST_OCTETS, name, value)) return undefined;
  // Step 6
  const parsed: ParsedSetCookie = {
    name,
    value,
    expires: undefined,
    domain: "",
    path: undefined,
    secure: false,
    httpOnly: false,
    sameSite: "default",
    partitioned: false,
  };
  if (semicolon >= 0) parseAttributes(text, semicolon, now, parsed);
  return parsed;
}

/** `at` is that of the first semicolon. */
function parseAttributes(
  text: string,
  at: number,
  now: number,
  parsed: ParsedSetCookie,
): void {
  let maxAge: number | undefined;
  let expires: number | undefined;
  // Step 1: until nothing is left.
  while (at < text.length) {
    // Step 2
    const start = at + 1;
    // Step 3
    const next = text.indexOf(";", start);
    at = next < 0 ? text.length : next;
    // Steps 4 and 5
    let equals = start;
    while (equals < at && text.charCodeAt(equals) !== EQUALS) equals++;
    const name = trimmed(text, start, equals).toLowerCase();
    const value = trimmed(text, Math.min(equals + 1, at), at);
    // Step 6
    if (isLonger(MOST_ATTRIBUTE_OCTETS, value)) continue;
    // Step 7
    switch (name) {
      case "expires":
        expires = expiryOf(value, now) ?? expires;
        break;
      case "max-age":
        maxAge = expiryIn(value, now) ?? maxAge;
        break;
      case "domain":
        parsed.domain = (value.startsWith(".") ? value.slice(1) : value)
          .toLowerCase();
        break;
      case "path":
        parsed.path = value.startsWith("/") ? value : "";
        break;
      case "secure":
        parsed.secure = true;
        break;
      case "httponly":
        parsed.httpOnly = true;
        break;
      case "samesite":
        parsed.sameSite = sameSiteOf(value);
        break;
      case "partitioned":
        parsed.partitioned = true;
        break;
    }
  }
  // Section 5.7, step 6
  parsed.expires = maxAge ?? expires;
}

/** Section 5.6.1. */
function expiryOf(value: string, now: number): number | undefined {
  // Steps 1 and 2
  const date = parseCookieDate(value);
  // Steps 3 and 4
  return date && Math.min(date.getTime(), now + MOST_AGE);
}

/** Section 5.6.2. */
function expiryIn(value: string, now: number): number | undefined {
  // Steps 1 to 3
  if (!isInteger(value)) return undefined;
  // Steps 4 to 6
  const age = Math.min(Number(value) * 1000, MOST_AGE);
  // Step 7
  return age <= 0 ? -Infinity : now + age;
}

/** Digits, at least one, and nothing else but a minus sign in front. */
function isInteger(text: string): boolean {
  const start = text.charCodeAt(0) === 0x2d ? 1 : 0;
  for (let at = start; at < text.length; at++) {
    const code = text.charCodeAt(at);
    if (code < 0x30 || code > 0x39) return false;
  }
  return text.length > start;
}
