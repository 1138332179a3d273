import { hasControls } from "./_characters.ts";
import { quote, quotedEnd, unquote } from "./_quoting.ts";
import {
  assign,
  assignAttribute,
  isAttribute,
  isSafe,
  Morsel,
} from "./morsel.ts";

const EQUALS = 0x3d;
const SEMICOLON = 0x3b;
const QUOTE = 0x22;
const DOLLAR = 0x24;

/** Characters that the name of a cookie in a header may have, by their code. */
const IN_NAME = new Uint8Array(128);
for (
  const char of "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ" +
    "0123456789_!#$%&'*+-.^`|~:/,<>@()?{}"
) IN_NAME[char.charCodeAt(0)] = 1;

/** Characters of values that stand for themselves. */
const IN_VALUE = new Uint8Array(128).fill(1, 0x21, 0x7f);
for (const char of '";\\') IN_VALUE[char.charCodeAt(0)] = 0;

/**
 * A server's cookies: reads the `Cookie` header and writes `Set-Cookie`. A map
 * from names to {@linkcode Morsel}s, in the order in which they were set.
 *
 * Values are quoted as Python's `http.cookies` does it, so that any text can be
 * one: other programs of the server may be in Python.
 *
 * @example Answer a request
 * ```ts
 * import { SimpleCookie } from "@wireline/std/cookies";
 * import { assertEquals } from "jsr:@std/assert@^1.0.0";
 *
 * const sent = new SimpleCookie("visits=3; theme=dark");
 * const visits = Number(sent.get("visits")?.value ?? 0) + 1;
 *
 * const cookies = new SimpleCookie();
 * const morsel = cookies.setValue("visits", String(visits));
 * morsel.httpOnly = true;
 * morsel.maxAge = 86_400;
 * assertEquals(
 *   cookies.output(),
 *   "Set-Cookie: visits=4; HttpOnly; Max-Age=86400",
 * );
 * ```
 */
export class SimpleCookie extends Map<string, Morsel> {
  /**
   * With the cookies of {@linkcode SimpleCookie.load}, if any.
   *
   * @throws {TypeError} As `load` does.
   */
  constructor(input?: string | Record<string, string>) {
    super();
    if (input !== undefined) this.load(input);
  }

  /**
   * Adds the cookies of a `Cookie` header, or the cookie of a `Set-Cookie` header
   * with its attributes, or those of a record. A name that is there already gets the new
   * value and keeps its attributes.
   *
   * Of a header, pairs that make no sense are left out and the others kept. A
   * value in quotes may hold semicolons, as Python has it; browsers end it there
   * (RFC 6265bis section 5.6).
   *
   * @throws {TypeError} When a name of a record cannot be that of a cookie.
   */
  load(raw: string | Record<string, string>): void {
    if (typeof raw === "string") return this.#parse(raw);
    for (const [name, value] of Object.entries(raw)) this.setValue(name, value);
  }

  /**
   * Gives a cookie a value, which is quoted as needed, and keeps its attributes.
   *
   * @throws {TypeError} As {@linkcode Morsel.set} does.
   */
  setValue(name: string, value: string): Morsel {
    if (typeof value !== "string") {
      throw new TypeError(
        `Cannot set the cookie ${JSON.stringify(name)}: its value is no string`,
      );
    }
    const morsel = this.get(name) ?? new Morsel();
    morsel.set(name, value, quote(value));
    super.set(name, morsel);
    return morsel;
  }

  /**
   * Puts a morsel there, as a map does; {@linkcode SimpleCookie.setValue} takes
   * a text.
   *
   * @throws {TypeError} When it is no morsel.
   */
  override set(name: string, morsel: Morsel): this {
    if (!(morsel instanceof Morsel)) {
      throw new TypeError(
        `Cannot set the cookie ${JSON.stringify(name)}: ` +
          "it is no Morsel (setValue takes a text)",
      );
    }
    return super.set(name, morsel);
  }

  /**
   * The headers that set the cookies, in the order of their names.
   *
   * @param attrs The attributes to write; default all that are set.
   * @param header What stands in front of each.
   * @param sep What stands between them.
   *
   * @throws {TypeError} As {@linkcode Morsel.output} does.
   *
   * @example Into a `Headers`
   * ```ts
   * import { SimpleCookie } from "@wireline/std/cookies";
   *
   * function setAll(headers: Headers, cookies: SimpleCookie) {
   *   for (const morsel of cookies.values()) {
   *     headers.append("set-cookie", morsel.output(undefined, ""));
   *   }
   * }
   * ```
   */
  output(attrs?: string[], header = "Set-Cookie:", sep = "\r\n"): string {
    return this.keys().toArray().sort()
      .map((name) => this.get(name)!.output(attrs, header))
      .join(sep);
  }

  /** One pass over the text, each character of it looked at a few times. */
  #parse(text: string): void {
    const { length } = text;
    // As long as no cookie has attributes, which a second value would leave.
    let canReplace = this.size === 0;
    let morsel: Morsel | undefined;
    for (let at = 0; at < length; at++) {
      at = skipSpace(text, at, length);
      const start = at;
      while (at < length && IN_NAME[text.charCodeAt(at)] === 1) at++;
      const name = text.slice(start, at);
      at = skipSpace(text, at, length);
      const hasValue = text.charCodeAt(at) === EQUALS;
      let coded = "";
      let value = "";
      let isPlain = true;
      if (hasValue) {
        const from = skipSpace(text, at + 1, length);
        at = from;
        while (at < length && IN_VALUE[text.charCodeAt(at)] === 1) at++;
        isPlain = at === length || text.charCodeAt(at) === SEMICOLON;
        if (isPlain) coded = value = text.slice(from, at);
        else {
          at = valueEnd(text, from);
          coded = text.slice(from, trimmedEnd(text, from, at));
          value = unquote(coded);
        }
      } else if (at < length && text.charCodeAt(at) !== SEMICOLON) {
        // Not a name by any reading.
        at = endOfPair(text, at);
        continue;
      }
      if (name === "") continue;
      const isOld = name.charCodeAt(0) === DOLLAR;
      if (isOld || isAttribute(name)) {
        // RFC 2965: $Version of all, $Path and $Domain of the last cookie.
        if (morsel) {
          assignAttribute(morsel, isOld ? name.slice(1) : name, value);
        }
        canReplace = false;
      } else if (hasValue) {
        if (!isPlain && !isSafe(coded)) {
          if (hasControls(coded)) continue;
          coded = quote(value);
        }
        morsel = canReplace ? undefined : this.get(name);
        if (morsel === undefined) super.set(name, morsel = new Morsel());
        assign(morsel, name, value, coded);
      }
    }
  }
}

/** Where the value that begins there ends: at a semicolon, or the text's end. */
function valueEnd(text: string, start: number): number {
  if (text.charCodeAt(start) === QUOTE) {
    const closed = quotedEnd(text, start);
    if (closed > 0) {
      const end = skipSpace(text, closed, text.length);
      if (end === text.length || text.charCodeAt(end) === SEMICOLON) return end;
    }
  }
  return endOfPair(text, start);
}

function endOfPair(text: string, start: number): number {
  const end = text.indexOf(";", start);
  return end < 0 ? text.length : end;
}

function skipSpace(text: string, start: number, end: number): number {
  let at = start;
  while (at < end && isSpace(text.charCodeAt(at))) at++;
  return at;
}

function trimmedEnd(text: string, start: number, end: number): number {
  let at = end;
  while (at > start && isSpace(text.charCodeAt(at - 1))) at--;
  return at;
}

/** Blanks, and the line ends of a header that was folded. */
function isSpace(code: number): boolean {
  return code === 0x20 || code >= 0x09 && code <= 0x0d;
}
