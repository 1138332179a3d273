/** Domains beyond ASCII in addresses (RFC 5890). */
import { domainToASCII } from "node:url";
import type { Address } from "./address.ts";

/** The same with A-labels, which every reader knows; a local part stays. */
export function withAsciiDomains(address: Address): Address {
  if ("group" in address) {
    const members = address.members.map((one) => ({
      name: one.name,
      address: asciiDomain(one.address),
    }));
    return { group: address.group, members };
  }
  return { name: address.name, address: asciiDomain(address.address) };
}

function asciiDomain(address: string): string {
  const at = address.lastIndexOf("@");
  const domain = address.slice(at + 1);
  if (at < 0 || /^[\x20-\x7e]*$/.test(domain)) return address;
  const ascii = /[/?#:@%\\[\]]/.test(domain) ? "" : domainToASCII(domain);
  // Compatibility forms become spaces, slashes and worse.
  if (!/^[a-z\d.-]+$/i.test(ascii)) {
    throw new TypeError(
      `Cannot write the address ${JSON.stringify(address)}: its domain is no ` +
        "domain name",
    );
  }
  return `${address.slice(0, at)}@${ascii}`;
}
