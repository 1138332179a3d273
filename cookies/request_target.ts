import { isLoopback } from "../_wire/loopback.ts";

/** What of a request's URL matters to cookies. */
export interface RequestTarget {
  scheme: "http" | "https";
  /** In lower case, A-labels, IPv6 in brackets: as the URL's parser has it. */
  host: string;
  path: string;
  /** Whether nobody can listen: TLS, or this machine itself. */
  secure: boolean;
}

const SCHEMES = new Map(
  [
    ["http:", "http"],
    ["ws:", "http"],
    ["https:", "https"],
    ["wss:", "https"],
  ] as const,
);

/** Throws a `TypeError` where the URL has nothing to do with HTTP. */
export function requestTarget(url: string | URL): RequestTarget {
  const parsed = typeof url === "string" ? URL.parse(url) : url;
  if (parsed === null) {
    // It may hold a password.
    throw new TypeError("Cannot use cookies with this text: it is no URL");
  }
  const { protocol, hostname, pathname } = parsed;
  const scheme = SCHEMES.get(protocol as "http:");
  if (scheme === undefined) {
    throw new TypeError(
      `Cannot use cookies with "${protocol}//${hostname}": ` +
        "only http, https, ws and wss have any",
    );
  }
  const secure = scheme === "https" || isLocal(hostname);
  return { scheme, host: hostname, path: pathname, secure };
}

/** Section 5.8.3, step 3: "localhost" is what most user agents trust. */
function isLocal(host: string): boolean {
  return host === "localhost" || host.endsWith(".localhost") ||
    isLoopback(host.startsWith("[") ? host.slice(1, -1) : host);
}
