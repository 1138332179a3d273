import { type StoredCookie, toPair } from "./cookie.ts";

/** What a request may have of a bucket: the flags of cookies that matter. */
export interface Wanted {
  /** The host is that of the cookies, and none below it. */
  ownHost: boolean;
  /** Cookies that are for hosts below, too. */
  domain: boolean;
  secure: boolean;
  http: boolean;
  sameSite: "strict" | "lax" | "none";
}

/**
 * The cookies of one path that a kind of request gets. They are found once for
 * many requests, which have neither to look at each cookie nor to write in it
 * when it was last used.
 */
export interface View {
  readonly path: string;
  /** Oldest first. */
  readonly cookies: readonly StoredCookie[];
  /** As they are sent, once that was asked for. */
  header: string | undefined;
  /** When a request had them last. */
  lastAccess: number;
}

/** The cookies of one domain and one partition. */
export class Bucket {
  /** Of all of these cookies. */
  readonly domain: string;
  /** That of all; undefined for cookies that are in no partition. */
  readonly partitionKey: string | undefined;
  /** No cookie ends before that. */
  nextExpiry = Infinity;
  readonly #cookies = new Map<string, StoredCookie>();
  #paths: Path[] | undefined;

  constructor(domain: string, partitionKey: string | undefined) {
    this.domain = domain;
    this.partitionKey = partitionKey;
  }

  get size(): number {
    return this.#cookies.size;
  }

  /** The one that a cookie with that key replaces. */
  find(key: string): StoredCookie | undefined {
    return this.#cookies.get(key);
  }

  put(cookie: StoredCookie): void {
    this.#forgetPaths();
    this.#cookies.set(cookie.key, cookie);
    if (cookie.expires < this.nextExpiry) this.nextExpiry = cookie.expires;
  }

  remove(cookie: StoredCookie): void {
    this.#forgetPaths();
    this.#cookies.delete(cookie.key);
  }

  /** Those that have ended, of which the bucket is then thought to be free. */
  expired(now: number): StoredCookie[] {
    const expired: StoredCookie[] = [];
    if (now < this.nextExpiry) return expired;
    this.nextExpiry = Infinity;
    for (const cookie of this.#cookies.values()) {
      if (isExpired(cookie, now)) expired.push(cookie);
      else if (cookie.expires < this.nextExpiry) {
        this.nextExpiry = cookie.expires;
      }
    }
    return expired;
  }

  /** Those that are there, with the time of their last use. */
  cookies(): Iterable<StoredCookie> {
    this.#noteLastAccess();
    return this.#cookies.values();
  }

  /** By path, the longest first; two of one length never match one request. */
  paths(): readonly Path[] {
    if (this.#paths !== undefined) return this.#paths;
    const paths = new Map<string, Path>();
    const sorted = [...this.#cookies.values()].sort(sendingOrder);
    for (const cookie of sorted) {
      const path = paths.get(cookie.path);
      if (path) path.cookies.push(cookie);
      else paths.set(cookie.path, new Path(cookie));
    }
    return this.#paths = [...paths.values()];
  }

  #forgetPaths(): void {
    if (this.#paths === undefined) return;
    this.#noteLastAccess();
    this.#paths = undefined;
  }

  #noteLastAccess(): void {
    for (const path of this.#paths ?? []) path.noteLastAccess();
  }
}

/** The cookies of a bucket that have the same path. */
export class Path {
  readonly path: string;
  /** Oldest first. */
  readonly cookies: StoredCookie[];
  readonly #views = new Map<number, View>();

  constructor(first: StoredCookie) {
    this.path = first.path;
    this.cookies = [first];
  }

  /** Those for a request: section 5.8.3, step 3, but for domain and path. */
  view(wanted: Wanted): View {
    const kind = kindOf(wanted);
    let view = this.#views.get(kind);
    if (view === undefined) {
      const cookies = this.cookies.filter((one) => isFor(one, wanted));
      view = makeView(this.path, cookies);
      this.#views.set(kind, view);
    }
    return view;
  }

  noteLastAccess(): void {
    for (const { cookies, lastAccess } of this.#views.values()) {
      for (const cookie of cookies) {
        cookie.lastAccess = Math.max(cookie.lastAccess, lastAccess);
      }
    }
  }
}

/** A number for each kind of request. */
function kindOf(wanted: Wanted): number {
  const { ownHost, domain, secure, http, sameSite } = wanted;
  const site = sameSite === "strict" ? 0 : sameSite === "lax" ? 1 : 2;
  return site << 4 | (ownHost ? 8 : 0) | (domain ? 4 : 0) | (secure ? 2 : 0) |
    (http ? 1 : 0);
}

function isFor(cookie: StoredCookie, wanted: Wanted): boolean {
  if (cookie.hostOnly ? !wanted.ownHost : !wanted.domain) return false;
  if (cookie.secure && !wanted.secure) return false;
  if (cookie.httpOnly && !wanted.http) return false;
  if (cookie.sameSite === "none" || wanted.sameSite === "strict") return true;
  return wanted.sameSite === "lax" && wanted.http &&
    cookie.sameSite !== "strict";
}

/** Of cookies in the order in which they are sent. */
export function makeView(path: string, cookies: StoredCookie[]): View {
  return { path, cookies, header: undefined, lastAccess: -Infinity };
}

/** Section 5.8.3, step 6. */
export function headerOf(view: View): string {
  return view.header ??= view.cookies.map(toPair).join("; ");
}

/** Section 5.8.3, step 4. */
export function sendingOrder(one: StoredCookie, other: StoredCookie): number {
  return other.path.length - one.path.length ||
    one.creation - other.creation || one.order - other.order;
}

/** A session cookie ends at the end of time. */
export function isExpired(cookie: StoredCookie, now: number): boolean {
  return cookie.expires <= now;
}
