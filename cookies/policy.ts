import { canonicalHost, domainMatches } from "./match.ts";

/**
 * Whose cookies a jar keeps and sends (RFC 6265bis section 7.2). A domain
 * stands for itself and all below it; a dot in front means nothing.
 */
export interface CookiePolicy {
  /** Only hosts of these; default all. */
  allowedDomains?: string[] | undefined;
  /** No hosts of these, even where they are allowed. */
  blockedDomains?: string[] | undefined;
  /**
   * Neither keeps nor sends cookies where another site is at the top or causes
   * the request, but for those that are kept apart for that site (CHIPS). For
   * `fetch` the first URL is the top. Default `false`.
   */
  blockThirdParty?: boolean | undefined;
}

/** A policy that was looked over. */
export class PolicyRules {
  readonly blockThirdParty: boolean;
  readonly #allowed: string[] | undefined;
  readonly #blocked: string[];

  /** Throws a `TypeError` where a domain cannot be one. */
  constructor(policy: CookiePolicy = {}) {
    this.blockThirdParty = policy.blockThirdParty ?? false;
    this.#allowed = policy.allowedDomains?.map(checkedDomain);
    this.#blocked = (policy.blockedDomains ?? []).map(checkedDomain);
  }

  /** Whether the host may have cookies at all. */
  allows(host: string): boolean {
    // The root's dot makes no other server of it.
    const name = host.replace(/\.$/, "");
    if (isOfOne(name, this.#blocked)) return false;
    return this.#allowed === undefined || isOfOne(name, this.#allowed);
  }
}

function isOfOne(host: string, domains: string[]): boolean {
  for (const domain of domains) if (domainMatches(host, domain)) return true;
  return false;
}

function checkedDomain(domain: string): string {
  const host = canonicalHost(domain);
  if (host !== undefined) return host;
  throw new TypeError(
    `Cannot use the domain ${JSON.stringify(domain)} in a policy: ` +
      "it is no domain",
  );
}
