import { type Bucket, isExpired } from "./_bucket.ts";
import { DomainTree } from "./_domain_tree.ts";
import type { StoredCookie } from "./cookie.ts";

/** Cookies that share a domain without being the first to go. */
const CROWD = 50;

/** How many cookies there may be. */
export interface StoreLimits {
  /** Of one domain, in one partition. */
  maxPerDomain: number;
  /** Of all. */
  maxTotal: number;
}

/** All cookies of a jar, of which there are never too many. */
export class CookieStore {
  readonly tree: DomainTree = new DomainTree();
  readonly #limits: StoreLimits;
  /** Whether there ever was a cookie in a partition. */
  hasPartitions = false;
  #size = 0;
  #order = 0;
  /** No cookie ends before that. */
  #nextExpiry = Infinity;

  constructor(limits: StoreLimits) {
    this.#limits = limits;
  }

  /** With those that are expired and were not looked at since. */
  get size(): number {
    return this.#size;
  }

  /** For the next cookie that is created. */
  nextOrder(): number {
    return this.#order++;
  }

  /**
   * Puts it in the place of the one that it replaces, if there is one. False
   * where there were too many and it had to go itself. `bucket` is its own,
   * where that is at hand.
   */
  put(
    cookie: StoredCookie,
    now: number,
    bucket: Bucket = this.tree.make(cookie.domain, cookie.partitionKey),
  ): boolean {
    if (cookie.partitionKey !== undefined) this.hasPartitions = true;
    const before = bucket.size;
    bucket.put(cookie);
    this.#size += bucket.size - before;
    if (cookie.expires < this.#nextExpiry) this.#nextExpiry = cookie.expires;
    const { maxPerDomain, maxTotal } = this.#limits;
    if (bucket.size <= maxPerDomain && this.#size <= maxTotal) return true;
    if (bucket.size > maxPerDomain) this.#evictOneOf(bucket, now);
    if (this.#size > maxTotal) this.#evictOfAll(now);
    return bucket.find(cookie.key) === cookie;
  }

  remove(cookie: StoredCookie): void {
    const bucket = this.tree.get(cookie.domain, cookie.partitionKey);
    if (bucket?.find(cookie.key) !== cookie) return;
    bucket.remove(cookie);
    this.#size--;
    if (bucket.size === 0) this.tree.remove(bucket);
  }

  /** Whether it is there, and no other one in its place. */
  has(cookie: StoredCookie): boolean {
    const { domain, partitionKey } = cookie;
    return this.tree.get(domain, partitionKey)?.find(cookie.key) === cookie;
  }

  /** All of them, in the order in which they were created. */
  all(): StoredCookie[] {
    const all: StoredCookie[] = [];
    for (const bucket of this.tree) {
      for (const cookie of bucket.cookies()) all.push(cookie);
    }
    return all.sort((one, other) => one.order - other.order);
  }

  /** Looks at all of them only where one may have ended since the last time. */
  removeExpired(now: number): void {
    if (now < this.#nextExpiry) return;
    this.#nextExpiry = Infinity;
    for (const cookie of this.all()) {
      if (isExpired(cookie, now)) this.remove(cookie);
      else if (cookie.expires < this.#nextExpiry) {
        this.#nextExpiry = cookie.expires;
      }
    }
  }

  #evictOfAll(now: number): void {
    this.removeExpired(now);
    const { maxTotal, maxPerDomain } = this.#limits;
    if (this.#size <= maxTotal) return;
    const crowd = Math.min(CROWD, maxPerDomain);
    const candidates: Candidate[] = [];
    for (const bucket of this.tree) {
      for (const one of rank(bucket, bucket.size > crowd, now)) {
        candidates.push(one);
      }
    }
    // Some more at once: else each cookie from now on would look at all others.
    const most = maxTotal - Math.floor(maxTotal / 32);
    candidates.sort(goesFirst);
    for (const { cookie } of candidates.slice(0, this.#size - most)) {
      this.remove(cookie);
    }
  }

  #evictOneOf(bucket: Bucket, now: number): void {
    const first = rank(bucket, true, now).reduce((one, other) =>
      goesFirst(one, other) <= 0 ? one : other
    );
    this.remove(first.cookie);
  }
}

/** What may have to go; the lowest rank goes first. */
interface Candidate {
  cookie: StoredCookie;
  rank: number;
}

/** Section 5.7's priorities, for cookies of a domain with many or few. */
function rank(bucket: Bucket, crowded: boolean, now: number): Candidate[] {
  const ranked: Candidate[] = [];
  for (const cookie of bucket.cookies()) {
    let rank = 4;
    if (isExpired(cookie, now)) rank = 1;
    else if (crowded) rank = cookie.secure ? 3 : 2;
    ranked.push({ cookie, rank });
  }
  return ranked;
}

/** Among those of one rank, what was not used for longest. */
function goesFirst(one: Candidate, other: Candidate): number {
  return one.rank - other.rank ||
    one.cookie.lastAccess - other.cookie.lastAccess ||
    one.cookie.order - other.cookie.order;
}
