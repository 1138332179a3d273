import { ProtocolError } from "./errors.ts";

/** A request that was redirected, as far as that matters. */
export interface RedirectedRequest {
  /** The method, in upper case. */
  method: string;
  /** Where it was sent. */
  url: string | URL;
  /** The headers with which it was sent; they are not changed. */
  headers: Headers;
}

/** The request that a redirect asks for. */
export interface NextRequest {
  /** The method to use. */
  method: string;
  /** Where to send it: of any scheme, which is for the caller to allow. */
  url: URL;
  /** The headers that go on. */
  headers: Headers;
  /** Whether the body is to be sent again. */
  withBody: boolean;
}

/** They describe a body (RFC 9110 section 15.4, step 5). */
const OF_THE_BODY = [
  "content-digest",
  "content-encoding",
  "content-language",
  "content-length",
  "content-location",
  "content-type",
  "digest",
  "expect",
  "last-modified",
  "repr-digest",
  "trailer",
  "transfer-encoding",
];

/** They are for one server only: what says who one is, and its name. */
const OF_THE_ORIGIN = [
  "authorization",
  "cookie",
  "cookie2",
  "host",
  "origin",
  "proxy-authorization",
];

/** Whether a status asks for another request. */
export function isRedirect(status: number): boolean {
  return status === 301 || status === 302 || status === 303 ||
    status === 307 || status === 308;
}

/**
 * What a redirect asks for (RFC 9110 section 15.4, and the "HTTP-redirect fetch"
 * of the Fetch standard); undefined where the response is none, or does not say
 * where to.
 *
 * Throws a `ProtocolError` where `location` is no URL.
 */
export function nextRequest(
  request: RedirectedRequest,
  status: number,
  location: string | null,
): NextRequest | undefined {
  if (!isRedirect(status) || location === null) return undefined;
  const from = new URL(request.url);
  const url = URL.parse(fromOctets(location), from);
  if (url === null) {
    throw new ProtocolError(
      `Cannot follow the redirect to ${JSON.stringify(location)}: ` +
        "it is no URL",
    );
  }
  // What the first URL said of the page goes on (section 10.2.2).
  if (url.hash === "") url.hash = from.hash;
  const headers = new Headers(request.headers);
  const method = nextMethod(request.method, status);
  const withBody = method === request.method;
  if (!withBody) remove(headers, OF_THE_BODY);
  if (url.origin !== from.origin || url.origin === "null") {
    remove(headers, OF_THE_ORIGIN);
  }
  // Section 10.1.3: no address of a secure page goes over the open net.
  if (from.protocol === "https:" && url.protocol !== "https:") {
    headers.delete("referer");
  }
  return { method, url, headers, withBody };
}

/**
 * Sections 15.4.2 to 15.4.4: everybody makes GET of POST, though 301 and 302
 * once meant that the method stays; 303 makes GET of all but HEAD.
 */
function nextMethod(method: string, status: number): string {
  if ((status === 301 || status === 302) && method === "POST") return "GET";
  if (status === 303 && method !== "HEAD") return "GET";
  return method;
}

function remove(headers: Headers, names: string[]): void {
  for (const name of names) headers.delete(name);
}

/** Servers send UTF-8 there, which `Headers` gives one character a byte. */
function fromOctets(text: string): string {
  if (!/[\x80-\xff]/.test(text)) return text;
  try {
    const bytes = Uint8Array.from(text, (char) => char.charCodeAt(0));
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch {
    return text;
  }
}
