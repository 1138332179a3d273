import { assertEquals, assertThrows } from "jsr:@std/assert@^1.0.0";
import { ProtocolError } from "../../_wire/errors.ts";
import { isRedirect, nextRequest } from "../../_wire/redirect.ts";

/** Every header that does not always survive, and one that does. */
const HEADERS = {
  accept: "text/html",
  authorization: "Basic eDp5",
  cookie: "a=1",
  cookie2: "$Version=1",
  "content-digest": "sha-256=:x:",
  "content-encoding": "gzip",
  "content-language": "en",
  "content-length": "3",
  "content-location": "/x",
  "content-type": "text/plain",
  digest: "x",
  expect: "100-continue",
  host: "a.example",
  "last-modified": "x",
  origin: "https://a.example",
  "proxy-authorization": "Basic eDp5",
  referer: "https://a.example/secret",
  "repr-digest": "x",
  trailer: "x",
  "transfer-encoding": "chunked",
};

const BODY = [
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
const ORIGIN = [
  "authorization",
  "cookie",
  "cookie2",
  "host",
  "origin",
  "proxy-authorization",
];

function next(
  method: string,
  status: number,
  location: string | null,
  url = "https://a.example/b/c?d#e",
) {
  const headers = new Headers(HEADERS);
  const request = nextRequest({ method, url, headers }, status, location);
  assertEquals([...headers], [...new Headers(HEADERS)]);
  return request && {
    method: request.method,
    url: request.url.href,
    withBody: request.withBody,
    dropped: Object.keys(HEADERS).filter((one) => !request.headers.has(one)),
  };
}

Deno.test("isRedirect() is for the five statuses", () => {
  const all = Array.from({ length: 1_000 }, (_, status) => status);
  assertEquals(all.filter(isRedirect), [301, 302, 303, 307, 308]);
});

Deno.test("nextRequest() changes methods as RFC 9110 section 15.4 says", () => {
  const methods = ["GET", "HEAD", "POST", "PUT", "DELETE"];
  const expected: Record<number, string[]> = {
    301: ["GET", "HEAD", "GET", "PUT", "DELETE"],
    302: ["GET", "HEAD", "GET", "PUT", "DELETE"],
    303: ["GET", "HEAD", "GET", "GET", "GET"],
    307: methods,
    308: methods,
  };
  for (const [status, after] of Object.entries(expected)) {
    for (const [index, method] of methods.entries()) {
      const kept = after[index] === method;
      assertEquals(next(method, Number(status), "/x"), {
        method: after[index]!,
        url: "https://a.example/x#e",
        withBody: kept,
        dropped: kept ? [] : BODY,
      }, `${method} ${status}`);
    }
  }
});

Deno.test("nextRequest() keeps what says who one is from other origins", () => {
  const others = [
    "https://b.example/",
    "https://www.a.example/",
    "https://a.example:8443/",
    "//b.example/",
  ];
  for (const location of others) {
    assertEquals(next("GET", 307, location)!.dropped, ORIGIN, location);
  }
  assertEquals(next("GET", 307, "https://A.EXAMPLE:443/")!.dropped, []);
  const all = [...ORIGIN, "referer"].sort();
  assertEquals(next("GET", 307, "http://a.example/")!.dropped.sort(), all);
  const up = next("GET", 307, "https://a.example/", "http://a.example/");
  assertEquals(up!.dropped, ORIGIN);
  assertEquals(
    next("POST", 302, "https://b.example/")!.dropped.sort(),
    [
      ...ORIGIN,
      ...BODY,
    ].sort(),
  );
});

Deno.test("nextRequest() resolves the location, and keeps the fragment", () => {
  const cases: [string, string][] = [
    ["", "https://a.example/b/c?d#e"],
    ["x", "https://a.example/b/x#e"],
    ["?x", "https://a.example/b/c?x#e"],
    ["#x", "https://a.example/b/c?d#x"],
    ["/x#y", "https://a.example/x#y"],
    ["../../../x", "https://a.example/x#e"],
    ["\\\\b.example\\x", "https://b.example/x#e"],
    ["ftp://b.example/x", "ftp://b.example/x#e"],
    // As bytes of UTF-8, one character each; and what is none.
    ["/\xc3\xa9", "https://a.example/%C3%A9#e"],
    ["/\xe9", "https://a.example/%C3%A9#e"],
  ];
  for (const [location, url] of cases) {
    assertEquals(next("GET", 302, location)?.url, url, location);
  }
});

Deno.test("nextRequest() says nothing where there is no redirect", () => {
  assertEquals(next("GET", 302, null), undefined);
  assertEquals(next("GET", 200, "/x"), undefined);
  assertEquals(next("GET", 304, "/x"), undefined);
});

Deno.test("nextRequest() refuses what is no URL", () => {
  assertThrows(
    () => next("GET", 302, "http://[x"),
    ProtocolError,
    'Cannot follow the redirect to "http://[x": it is no URL',
  );
});
