import {
  type Access,
  isRefusedAsThirdParty,
  type JarParts,
  partitionOf,
} from "./_access.ts";
import { type Bucket, isExpired } from "./_bucket.ts";
import { keyOf, type StoredCookie } from "./cookie.ts";
import { defaultPath, domainMatches, pathMatches } from "./match.ts";
import { keepsPromise, needsPath } from "./_prefix.ts";
import type { ParsedSetCookie } from "./parse_set_cookie.ts";

/**
 * Puts a cookie that a server sent into the store (RFC 6265bis section 5.7);
 * undefined where it was refused, or has taken another one away and is expired
 * itself.
 */
export function receiveCookie(
  parsed: ParsedSetCookie,
  access: Access,
  parts: JarParts,
): StoredCookie | undefined {
  const { name, value } = parsed;
  const { target, now } = access;
  const { store } = parts;
  // Step 1: by the policy. CHIPS needs Secure, and is what third parties have.
  if (!parts.policy.allows(target.host)) return undefined;
  if (parsed.partitioned && !parsed.secure) return undefined;
  if (!parsed.partitioned && isRefusedAsThirdParty(access, parts)) {
    return undefined;
  }
  // Step 2. The parser has seen to steps 3 and 4.
  if (name === "" && value === "") return undefined;
  // Steps 7 to 10
  const domain = domainOf(parsed, access, parts);
  if (domain === undefined) return undefined;
  const hostOnly = domain === "";
  const path = parsed.path || defaultPath(target.path);
  // Steps 5, 6, 11, 12, 14 and 17
  const cookie: StoredCookie = {
    name,
    value,
    key: keyOf(name, path, hostOnly),
    domain: hostOnly ? target.host : domain,
    path,
    hostOnly,
    secure: parsed.secure,
    httpOnly: parsed.httpOnly,
    sameSite: parsed.sameSite,
    partitionKey: parsed.partitioned ? partitionOf(access, parts) : undefined,
    expires: parsed.expires ?? Infinity,
    creation: now,
    order: 0,
    lastAccess: now,
  };
  // Step 13
  if (cookie.secure && !target.secure) return undefined;
  // Step 15
  if (cookie.httpOnly && !access.http) return undefined;
  // Step 16
  if (!cookie.secure && !target.secure && overlaysSecure(cookie, parts, now)) {
    return undefined;
  }
  // Step 18. "lax" is a navigation at the top.
  if (cookie.sameSite !== "none" && access.sameSite === "none") {
    return undefined;
  }
  if (!access.http && access.sameSite !== "strict") {
    if (cookie.sameSite !== "none") return undefined;
  }
  // Step 19
  if (cookie.sameSite === "none" && !cookie.secure) return undefined;
  // Steps 20 to 22
  if (!keepsPromise(cookie)) return undefined;
  if (needsPath(name) && parsed.path === undefined) return undefined;
  // Step 23
  const bucket = store.tree.get(cookie.domain, cookie.partitionKey);
  const old = bucket?.find(cookie.key);
  if (old !== undefined && !isExpired(old, now)) {
    if (!access.http && old.httpOnly) return undefined;
    cookie.creation = old.creation;
    cookie.order = old.order;
  } else {
    cookie.order = store.nextOrder();
  }
  // Step 24, and the eviction of what is expired.
  if (isExpired(cookie, now)) {
    if (old !== undefined) store.remove(old);
    return undefined;
  }
  return store.put(cookie, now, bucket) ? cookie : undefined;
}

/**
 * Steps 7 to 10: the domain, "" for the host alone, undefined where the cookie
 * is to be ignored.
 */
function domainOf(
  { domain }: ParsedSetCookie,
  { target: { host } }: Access,
  { domainsOf }: JarParts,
): string | undefined {
  if (domain === "") return "";
  for (const one of domainsOf(host)) if (one === domain) return domain;
  // Step 9.3: the host is a public suffix.
  return domain === host ? "" : undefined;
}

/** Step 16: whether a secure cookie would be hidden or replaced. */
function overlaysSecure(
  cookie: StoredCookie,
  { store: { tree } }: JarParts,
  now: number,
): boolean {
  const { domain, partitionKey } = cookie;
  const isOverlaid = (bucket: Bucket) => {
    for (const other of bucket.cookies()) {
      if (
        other.secure && other.name === cookie.name &&
        pathMatches(cookie.path, other.path) && !isExpired(other, now)
      ) return true;
    }
    return false;
  };
  for (const bucket of tree.above(domain, partitionKey)) {
    if (bucket.partitionKey !== partitionKey) continue;
    if (domainMatches(domain, bucket.domain) && isOverlaid(bucket)) return true;
  }
  for (const bucket of tree.below(domain)) {
    if (bucket.partitionKey !== partitionKey) continue;
    if (domainMatches(bucket.domain, domain) && isOverlaid(bucket)) return true;
  }
  return false;
}
