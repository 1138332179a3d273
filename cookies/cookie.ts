import { toOctets } from "./_characters.ts";

/**
 * Which requests of other sites have a cookie: none, only links that are
 * followed, or all. `"default"` where the server said nothing, which is as
 * `"lax"` is.
 */
export type SameSite = "strict" | "lax" | "none" | "default";

/** Section 5.6.7: by the whole word, and not a part of it. */
export function sameSiteOf(value: string): SameSite {
  const word = value.toLowerCase();
  return word === "none" || word === "strict" || word === "lax"
    ? word
    : "default";
}

/** A cookie of a jar, as it was when it was asked for. */
export interface Cookie {
  /** The name; empty for a cookie that is a value alone. */
  name: string;
  /** The value, as it stands in headers. */
  value: string;
  /** The domain in lower case, without a dot in front. */
  domain: string;
  /** The path that it is for, and all below it. */
  path: string;
  /** Whether it is for the host `domain` alone, and not for those below it. */
  hostOnly: boolean;
  /** Whether it is sent over secure connections only. */
  secure: boolean;
  /** Whether it is kept from scripts. */
  httpOnly: boolean;
  /** Which requests of other sites have it. */
  sameSite: SameSite;
  /** The top-level site that it is kept apart for (CHIPS). */
  partitionKey?: string;
  /** When it ends; a session cookie has none. */
  expires?: Date;
  /** When a cookie of this name, domain and path was first set. */
  creation: Date;
  /** When it was last set or sent. */
  lastAccess: Date;
}

/** How a request comes about; the defaults are those of a program's own. */
export interface CookieContext {
  /**
   * `"strict"` (the default): the user or the same site wants it. `"lax"`:
   * another site has a link that the user follows, by a method like GET.
   * `"none"`: another site causes it in any other way.
   */
  sameSiteContext?: "strict" | "lax" | "none" | undefined;
  /** Whether it is HTTP, and not a script's access; default `true`. */
  http?: boolean | undefined;
  /**
   * The URL or site at the top, for which partitioned cookies are kept apart;
   * default the request's own.
   */
  partitionKey?: string | undefined;
}

/** A cookie as the jar keeps it: times are in milliseconds. */
export interface StoredCookie {
  name: string;
  value: string;
  /** By `keyOf`. */
  key: string;
  domain: string;
  path: string;
  hostOnly: boolean;
  secure: boolean;
  httpOnly: boolean;
  sameSite: SameSite;
  partitionKey: string | undefined;
  /** Infinity for a session cookie: the standard's "persistent-flag". */
  expires: number;
  creation: number;
  /** Tells apart what was created in the same millisecond. */
  order: number;
  lastAccess: number;
}

/**
 * What a cookie has in common with the one that it replaces, beside domain and
 * partition. No name holds an equals sign.
 */
export function keyOf(name: string, path: string, hostOnly: boolean): string {
  return `${hostOnly ? "h" : "d"}${name}=${path}`;
}

/** What is sent of it (RFC 6265bis section 5.8.3, step 6). */
export function toPair({ name, value }: StoredCookie): string {
  return toOctets(name === "" ? value : `${name}=${value}`);
}

/** A copy for the jar's user, who may change it. */
export function toCookie(stored: StoredCookie): Cookie {
  const { partitionKey, expires } = stored;
  const cookie: Cookie = {
    name: stored.name,
    value: stored.value,
    domain: stored.domain,
    path: stored.path,
    hostOnly: stored.hostOnly,
    secure: stored.secure,
    httpOnly: stored.httpOnly,
    sameSite: stored.sameSite,
    creation: new Date(stored.creation),
    lastAccess: new Date(stored.lastAccess),
  };
  if (partitionKey !== undefined) cookie.partitionKey = partitionKey;
  if (expires !== Infinity) cookie.expires = new Date(expires);
  return cookie;
}
