import {
  isRedirect,
  type NextRequest,
  nextRequest,
} from "../_wire/redirect.ts";

/** As many as browsers follow (the Fetch standard, "HTTP-redirect fetch"). */
const MOST_REDIRECTS = 20;

/** What a fetch does with cookies, for each request on the way. */
export interface FetchCookies {
  /** The header's value; "" for none. */
  header(url: URL): string;
  /** Keeps what a response sets. */
  keep(response: Response, url: URL): void;
}

/**
 * Fetches, and follows redirects by itself, since each request on the way has
 * cookies of its own and each response may set some.
 */
export async function fetchWithCookies(
  input: string | URL | Request,
  init: RequestInit,
  cookies: FetchCookies,
): Promise<Response> {
  const request = input instanceof Request ? input : undefined;
  // Checks the method, and writes it as it is sent.
  const { method } = init.method === undefined && request
    ? request
    : new Request("http://localhost", { method: init.method ?? "GET" });
  const url = new URL(input instanceof Request ? input.url : input);
  const headers = new Headers(init.headers ?? request?.headers);
  const mode = init.redirect ?? request?.redirect ?? "follow";
  // What the caller wrote goes with this request alone, in place of the jar's.
  const ownCookies = headers.get("cookie");
  headers.delete("cookie");
  const body = new RepeatedBody(request, init, mode === "follow");
  try {
    let next: NextRequest = { method, url, headers, withBody: true };
    let response = await send(next, ownCookies ?? cookies.header(url));
    for (let redirects = 0; mode !== "manual"; redirects++) {
      const following = await afterwards(next, response, redirects);
      if (following === undefined) break;
      next = following;
      response = await send(next, cookies.header(next.url));
      Object.defineProperty(response, "redirected", { value: true });
    }
    return response;
  } finally {
    body.close();
  }

  async function send(next: NextRequest, cookie: string): Promise<Response> {
    const headers = new Headers(next.headers);
    if (cookie !== "") headers.set("cookie", cookie);
    const { method, url } = next;
    const response = await body.send(url, next.withBody, {
      ...init,
      method,
      headers,
      redirect: "manual",
    });
    cookies.keep(response, url);
    return response;
  }

  /** What the response asks for; undefined where it is the last. */
  async function afterwards(
    sent: NextRequest,
    response: Response,
    redirects: number,
  ): Promise<NextRequest | undefined> {
    if (!isRedirect(response.status)) return undefined;
    try {
      if (mode === "error") {
        throw cannotFetch(url, "it answers with a redirect");
      }
      const location = response.headers.get("location");
      const next = nextRequest(sent, response.status, location);
      if (next === undefined) return undefined;
      if (redirects === MOST_REDIRECTS) {
        throw cannotFetch(url, `there are over ${MOST_REDIRECTS} redirects`);
      }
      if (!isHttp(next.url)) {
        throw cannotFetch(url, `it redirects to "${next.url.protocol}"`);
      }
      // A body that was dropped does not come back.
      next.withBody &&= sent.withBody;
      await response.body?.cancel();
      return next;
    } catch (error) {
      await response.body?.cancel();
      throw error;
    }
  }
}

/** Whether there can be cookies and redirects. */
export function isHttp(url: URL): boolean {
  return url.protocol === "https:" || url.protocol === "http:";
}

/** A request's body, which a redirect may want a second time. */
class RepeatedBody {
  readonly #request: Request | undefined;
  readonly #body: BodyInit | null | undefined;
  readonly #signal: AbortSignal | null | undefined;
  /** Of the request, as long as its body may be wanted again. */
  #copy: Request | undefined;
  #bytes: Uint8Array<ArrayBuffer> | undefined;
  #sent = false;

  constructor(
    request: Request | undefined,
    init: RequestInit,
    keeps: boolean,
  ) {
    this.#request = request;
    this.#body = init.body;
    this.#signal = init.signal === undefined ? request?.signal : init.signal;
    // Not asked whether it has a body: it would be a stream from then on, and
    // be sent without its length.
    if (keeps && request && init.body == null) this.#copy = request.clone();
  }

  async send(
    url: URL,
    withBody: boolean,
    init: RequestInit,
  ): Promise<Response> {
    const isFirst = !this.#sent;
    this.#sent = true;
    // The request itself: its body may have a length, which a stream has not.
    if (isFirst && this.#request) return await fetch(this.#request, init);
    const body = withBody && !isFirst ? await this.#again(url) : this.#body;
    return await fetch(url, {
      ...init,
      signal: this.#signal ?? null,
      body: withBody ? body ?? null : null,
    });
  }

  /** Nothing will be wanted again. */
  close(): void {
    // Settles only when the request's own body is done with, too.
    this.#copy?.body?.cancel().catch(() => {});
  }

  async #again(url: URL): Promise<BodyInit | null | undefined> {
    if (this.#copy) {
      if (this.#copy.body === null) return null;
      return this.#bytes ??= await this.#copy.bytes();
    }
    const body = this.#body;
    const isStream = body instanceof ReadableStream ||
      typeof body === "object" && body !== null && Symbol.asyncIterator in body;
    if (isStream) {
      throw cannotFetch(
        url,
        "the body is a stream, which cannot be sent again",
      );
    }
    return body;
  }
}

function cannotFetch(url: URL, why: string): TypeError {
  // Without a password, and what a query may have of that kind.
  return new TypeError(`Cannot fetch "${url.origin}${url.pathname}": ${why}`);
}
