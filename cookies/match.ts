/**
 * Whether a host is the domain or below it (RFC 6265bis section 5.1.3). Both
 * are in lower case.
 */
export function domainMatches(host: string, domain: string): boolean {
  if (host === domain) return true;
  return host.endsWith(domain) && !isIpAddress(host) &&
    host.charCodeAt(host.length - domain.length - 1) === 0x2e;
}

/**
 * Whether a host of a URL is an address. The URL's parser has made one of all
 * that could be: four decimal numbers, or IPv6 in brackets.
 */
export function isIpAddress(host: string): boolean {
  if (host.charCodeAt(0) === 0x5b) return true;
  const last = host.charCodeAt(host.length - 1);
  if (last < 0x30 || last > 0x39) return false;
  return /^\d{1,3}\.\d{1,3}\.\d{1,3}\.\d{1,3}$/.test(host);
}

/** Whether a cookie's path is that of a request or above it (section 5.1.4). */
export function pathMatches(requestPath: string, cookiePath: string): boolean {
  if (!requestPath.startsWith(cookiePath)) return false;
  const { length } = cookiePath;
  return requestPath.length === length ||
    cookiePath.charCodeAt(length - 1) === 0x2f ||
    requestPath.charCodeAt(length) === 0x2f;
}

/** The path of a cookie that says none (section 5.1.4). */
export function defaultPath(requestPath: string): string {
  // Step 2
  if (requestPath.charCodeAt(0) !== 0x2f) return "/";
  // Steps 3 and 4
  const last = requestPath.lastIndexOf("/");
  return last === 0 ? "/" : requestPath.slice(0, last);
}

/**
 * A domain as hosts of URLs are written; undefined where it is none. One dot in
 * front goes, and IPv6 may come without brackets.
 */
export function canonicalHost(domain: string): string | undefined {
  const name = domain.startsWith(".") ? domain.slice(1) : domain;
  const isBare = name.includes(":") && !name.startsWith("[");
  const url = URL.parse(`http://${isBare ? `[${name}]` : name}/`);
  // Nothing but a host: no user, port or path.
  const isHost = url !== null && url.href === `http://${url.hostname}/`;
  return isHost ? url.hostname : undefined;
}
