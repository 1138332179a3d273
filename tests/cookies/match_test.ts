import { assertEquals } from "jsr:@std/assert@^1.0.0";
import {
  defaultPath,
  domainMatches,
  isIpAddress,
  pathMatches,
} from "../../cookies/match.ts";

Deno.test("domainMatches() is for a host and those below it", () => {
  const cases: [string, string, boolean][] = [
    ["example.com", "example.com", true],
    ["www.example.com", "example.com", true],
    ["a.b.example.com", "example.com", true],
    ["example.com", "www.example.com", false],
    ["badexample.com", "example.com", false],
    ["example.com.evil.com", "example.com", false],
    ["127.0.0.1", "127.0.0.1", true],
    ["127.0.0.1", "0.0.1", false],
    ["127.0.0.1", "1", false],
    ["[::1]", "[::1]", true],
    ["[1.a::1]", "a::1]", false],
    ["example.com.", "example.com", false],
    ["example.com", "example.com.", false],
  ];
  for (const [host, domain, expected] of cases) {
    assertEquals(domainMatches(host, domain), expected, `${host} ${domain}`);
  }
});

Deno.test("isIpAddress() knows what the URL's parser makes of addresses", () => {
  for (const host of ["127.0.0.1", "0x7f.1", "017700000001", "[::1]"]) {
    assertEquals(isIpAddress(new URL(`http://${host}/`).hostname), true, host);
  }
  for (const host of ["example.com", "1.2.3.4.example", "a1", "1a", "a.b0"]) {
    assertEquals(isIpAddress(new URL(`http://${host}/`).hostname), false, host);
  }
});

Deno.test("pathMatches() is for a path and those below it", () => {
  const cases: [string, string, boolean][] = [
    ["/", "/", true],
    ["/a", "/", true],
    ["/a", "/a", true],
    ["/a/", "/a", true],
    ["/a/b", "/a", true],
    ["/a/b", "/a/", true],
    ["/ab", "/a", false],
    ["/a", "/a/", false],
    ["/", "/a", false],
    ["/A", "/a", false],
    ["/%61", "/a", false],
  ];
  for (const [request, cookie, expected] of cases) {
    assertEquals(
      pathMatches(request, cookie),
      expected,
      `${request} ${cookie}`,
    );
  }
});

Deno.test("defaultPath() is the request's without its last part", () => {
  const cases: [string, string][] = [
    ["", "/"],
    ["a/b", "/"],
    ["/", "/"],
    ["/a", "/"],
    ["/a/", "/a"],
    ["/a/b", "/a"],
    ["/a/b/", "/a/b"],
    ["//", "/"],
  ];
  for (const [path, expected] of cases) {
    assertEquals(defaultPath(path), expected, path);
  }
});
