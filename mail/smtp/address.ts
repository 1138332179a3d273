/** Addresses of the envelope (RFC 5321 section 4.1.2, RFC 6531 section 3.3). */
import { domainToASCII } from "node:url";

/** An address that was looked at. */
export interface EnvelopeAddress {
  /** As it was given. */
  given: string;
  /** Without angle brackets. */
  address: string;
  /** Its domain as A-labels, where only the domain is beyond ASCII. */
  ascii: string | undefined;
}

/**
 * Looks at an address before anything is sent. What could end the command or
 * its path early, or add a parameter to it, is a `TypeError`.
 */
export function checkAddress(what: string, given: string): EnvelopeAddress {
  const address = /^<(.*)>$/s.exec(given)?.[1] ?? given;
  const shown = JSON.stringify(given);
  // deno-lint-ignore no-control-regex
  if (/[\x00-\x1f\x7f]/.test(address)) {
    throw new TypeError(
      `Cannot use ${shown} as ${what}: it holds a control character`,
    );
  }
  // Half a character would go out as another one.
  if (!isPath(address) || !address.isWellFormed()) {
    throw new TypeError(
      `Cannot use ${shown} as ${what}: give the bare address, ` +
        "as in ada@example.com",
    );
  }
  return { given, address, ascii: toAscii(address, shown, what) };
}

/**
 * Whether it can stand between angle brackets: in quotes anything may be but
 * the quote itself, elsewhere no space and nothing that ends the path.
 */
function isPath(address: string): boolean {
  return /^(?:"(?:[^"\\]|\\.)*"|[^"\s<>,;()\\])*$/u.test(address);
}

/** The address in ASCII; undefined where its local part is not. */
function toAscii(
  address: string,
  shown: string,
  what: string,
): string | undefined {
  if (isAscii(address)) return address;
  const at = address.lastIndexOf("@");
  const [local, domain] = [address.slice(0, at), address.slice(at + 1)];
  if (at < 0 || !isAscii(local)) return undefined;
  const ascii = /[/?#:@%\\[\]]/.test(domain) ? "" : domainToASCII(domain);
  // Compatibility forms become spaces, slashes and worse.
  if (!/^[a-z\d.-]+$/i.test(ascii)) {
    throw new TypeError(
      `Cannot use ${shown} as ${what}: its domain is no domain name`,
    );
  }
  return `${local}@${ascii}`;
}

/** Whether the text is in ASCII. */
export function isAscii(text: string): boolean {
  // deno-lint-ignore no-control-regex
  return /^[\x00-\x7f]*$/.test(text);
}
