import {
  type Access,
  isRefusedAsThirdParty,
  type JarParts,
  partitionOf,
} from "./_access.ts";
import { makeView, sendingOrder, type View } from "./_bucket.ts";
import type { StoredCookie } from "./cookie.ts";
import { isIpAddress, pathMatches } from "./match.ts";

/**
 * The cookies that a request gets, in the order in which they are sent (RFC
 * 6265bis section 5.8.3, steps 3 to 5).
 */
export function retrieveCookies(access: Access, parts: JarParts): View[] {
  const { target, now, http, sameSite } = access;
  const { store, isPublicSuffix } = parts;
  if (!parts.policy.allows(target.host)) return [];
  const partition = store.hasPartitions
    ? partitionOf(access, parts)
    : undefined;
  const partitionedOnly = isRefusedAsThirdParty(access, parts);
  const found: View[] = [];
  let buckets = 0;
  // Step 3
  for (const bucket of store.tree.above(target.host, partition)) {
    const ownHost = bucket.domain === target.host;
    if (partitionedOnly && bucket.partitionKey === undefined) continue;
    for (const cookie of bucket.expired(now)) store.remove(cookie);
    // It may have become one since, or the cookie comes from a file. An address
    // and a name without dots ("localhost", as curl writes it) are hosts.
    const isHost = ownHost &&
      (isIpAddress(target.host) || !target.host.includes("."));
    const domain = isHost || !isPublicSuffix(bucket.domain);
    const { secure } = target;
    const wanted = { ownHost, domain, secure, http, sameSite };
    const before = found.length;
    for (const path of bucket.paths()) {
      if (!pathMatches(target.path, path.path)) continue;
      const view = path.view(wanted);
      if (view.cookies.length > 0) found.push(view);
    }
    if (found.length > before) buckets++;
  }
  // Step 5
  for (const view of found) view.lastAccess = now;
  // Step 4. Each bucket is in order by itself.
  return buckets > 1 ? merged(found) : found;
}

/** Those of several buckets in one order. */
function merged(views: View[]): View[] {
  const byPath = new Map<string, StoredCookie[]>();
  for (const { path, cookies } of views) {
    byPath.set(path, [...byPath.get(path) ?? [], ...cookies]);
  }
  return [...byPath]
    .map(([path, cookies]) => makeView(path, cookies.sort(sendingOrder)))
    .sort((one, other) => other.path.length - one.path.length);
}
