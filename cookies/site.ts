import { isIpAddress } from "./match.ts";

/** Whether everybody can have a domain under this one, as under "co.uk". */
export type IsPublicSuffix = (domain: string) => boolean;

/**
 * The domains that a host may set cookies for: itself and those above it, up to
 * the one below the longest public suffix. None where it is a suffix itself.
 *
 * What is above a public suffix is not among them, even where the list does not
 * have it ("compute.amazonaws.com", with a rule for what is below): browsers do
 * so too, beyond RFC 6265bis section 5.7, step 9.
 */
export function domainsOf(
  host: string,
  isPublicSuffix: IsPublicSuffix,
): readonly string[] {
  if (isIpAddress(host)) return [host];
  const domains: string[] = [];
  for (let rest = host; !isPublicSuffix(rest);) {
    domains.push(rest);
    const dot = rest.indexOf(".");
    if (dot < 0) break;
    rest = rest.slice(dot + 1);
  }
  return domains;
}

/** The last of `domainsOf`, which somebody owns; or else the host. */
export function registrableDomain(
  host: string,
  domains: readonly string[],
): string {
  return domains.at(-1) ?? host;
}
