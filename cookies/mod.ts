/**
 * Cookies on both sides: {@linkcode SimpleCookie} reads and writes them for a
 * server, {@linkcode CookieJar} keeps them for a client (RFC 6265bis), also in
 * the files of other programs.
 *
 * @example
 * ```ts
 * import { CookieJar, SimpleCookie } from "@wireline/std/cookies";
 * import { assertEquals } from "jsr:@std/assert@^1.0.0";
 *
 * const cookies = new SimpleCookie();
 * cookies.setValue("greeting", "Good day, sir").path = "/";
 * const header = cookies.output(undefined, "").trim();
 *
 * const jar = new CookieJar();
 * jar.setCookie(header, "https://example.com/");
 * const sent = jar.cookieHeader("https://example.com/");
 * assertEquals(new SimpleCookie(sent).get("greeting")?.value, "Good day, sir");
 * ```
 *
 * @module
 */

export type { CookieFileOptions } from "./_cookie_file.ts";
export type { Cookie, CookieContext, SameSite } from "./cookie.ts";
export { CookieJar, type CookieJarOptions } from "./jar.ts";
export { LwpCookieJar } from "./lwp_cookie_jar.ts";
export { Morsel } from "./morsel.ts";
export { MozillaCookieJar } from "./mozilla_cookie_jar.ts";
export type { CookiePolicy } from "./policy.ts";
export { isPublicSuffix } from "./public_suffix.ts";
export { SimpleCookie } from "./simple_cookie.ts";
export { ProtocolError } from "../_wire/errors.ts";
