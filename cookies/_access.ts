import type { CookieStore } from "./_store.ts";
import type { CookieContext } from "./cookie.ts";
import type { PolicyRules } from "./policy.ts";
import { type RequestTarget, requestTarget } from "./request_target.ts";
import { type IsPublicSuffix, registrableDomain } from "./site.ts";

/** What a jar is made of. */
export interface JarParts {
  readonly store: CookieStore;
  readonly policy: PolicyRules;
  readonly isPublicSuffix: IsPublicSuffix;
  /** The domains that a host may set cookies for. */
  readonly domainsOf: (host: string) => readonly string[];
  /** `requestTarget` for URLs that are text. */
  readonly targetOf: (url: string) => RequestTarget;
}

/** A request for which cookies are kept or looked up. */
export interface Access {
  readonly target: RequestTarget;
  readonly sameSite: "strict" | "lax" | "none";
  readonly http: boolean;
  /** The site at the top, where it was given. */
  readonly topSite: string | undefined;
  /** In milliseconds. */
  readonly now: number;
}

const CONTEXTS = ["strict", "lax", "none"];

/** Throws a `TypeError` for what is no URL of HTTP, or no context. */
export function makeAccess(
  url: string | URL,
  context: CookieContext,
  now: number,
  parts: JarParts,
): Access {
  const { sameSiteContext = "strict", http = true, partitionKey } = context;
  if (!CONTEXTS.includes(sameSiteContext)) {
    throw new TypeError(
      `Cannot use the sameSiteContext ${JSON.stringify(sameSiteContext)}: ` +
        'it is neither "strict", "lax" nor "none"',
    );
  }
  return {
    target: typeof url === "string" ? parts.targetOf(url) : requestTarget(url),
    sameSite: sameSiteContext,
    http,
    topSite: partitionKey === undefined
      ? undefined
      : siteOf(requestTarget(partitionKey), parts),
    now,
  };
}

/** The partition of the request: by the site at the top, or else its own. */
export function partitionOf(access: Access, parts: JarParts): string {
  return access.topSite ?? siteOf(access.target, parts);
}

/** `https://example.com`, without a port. */
function siteOf({ scheme, host }: RequestTarget, parts: JarParts): string {
  return `${scheme}://${registrableDomain(host, parts.domainsOf(host))}`;
}

/**
 * Whether the policy forbids cookies to another site. The scheme does not count:
 * a site that moves from http to https stays the same.
 */
export function isRefusedAsThirdParty(
  access: Access,
  parts: JarParts,
): boolean {
  if (!parts.policy.blockThirdParty) return false;
  if (access.sameSite === "none") return true;
  if (access.topSite === undefined) return false;
  const { host } = access.target;
  return new URL(access.topSite).hostname !==
    registrableDomain(host, parts.domainsOf(host));
}
