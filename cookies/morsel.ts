import { hasControls } from "./_characters.ts";
import { isName, quote } from "./_quoting.ts";
import { formatDate, parseCookieDate } from "./date.ts";

/** Attributes by their names in lower case, and as they are written. */
const ATTRIBUTES = {
  comment: "Comment",
  domain: "Domain",
  expires: "expires",
  httponly: "HttpOnly",
  "max-age": "Max-Age",
  partitioned: "Partitioned",
  path: "Path",
  samesite: "SameSite",
  secure: "Secure",
  version: "Version",
} as const;

type AttributeName = keyof typeof ATTRIBUTES;

/** In the order in which they are written. */
const NAMES = Object.keys(ATTRIBUTES) as AttributeName[];
const RESERVED = new Set<string>(NAMES);

/** Gives a morsel of a header its name and value; only for this module. */
export let assign: (
  morsel: Morsel,
  key: string,
  value: string,
  codedValue: string,
) => void;

/** Gives a morsel an attribute of a header, where that makes sense. */
export let assignAttribute: (
  morsel: Morsel,
  name: string,
  value: string,
) => void;

/** By length and first letter: most names of cookies are not even like one. */
const LIKE_ATTRIBUTE = new Uint8Array(16 * 128);
for (const name of NAMES) LIKE_ATTRIBUTE[likeness(name)] = 1;

function likeness(name: string): number {
  // 0x20 makes a lower case letter of an upper case one.
  return name.length < 16 ? name.length << 7 | name.charCodeAt(0) | 0x20 : 0;
}

/** Whether a name in any case is that of an attribute. */
export function isAttribute(name: string): boolean {
  return LIKE_ATTRIBUTE[likeness(name)] === 1 &&
    RESERVED.has(name.toLowerCase());
}

interface Attributes {
  comment?: string | undefined;
  domain?: string | undefined;
  expires?: Date | undefined;
  httponly?: boolean | undefined;
  "max-age"?: number | undefined;
  partitioned?: boolean | undefined;
  path?: string | undefined;
  samesite?: string | undefined;
  secure?: boolean | undefined;
  version?: number | undefined;
}

/** Of a morsel that has none, which most of those that are read are. */
const NO_ATTRIBUTES: Readonly<Attributes> = {};

/**
 * One cookie as a server sets it: name, value and attributes (RFC 6265bis
 * section 4.1). An attribute that is `undefined` is not written.
 *
 * Whatever could begin another attribute or header is a `TypeError` when it is
 * set, and what a browser would refuse is one when it is written.
 *
 * @example
 * ```ts
 * import { SimpleCookie } from "@wireline/std/cookies";
 * import { assertEquals } from "jsr:@std/assert@^1.0.0";
 *
 * const morsel = new SimpleCookie().setValue("id", "a, b");
 * morsel.path = "/";
 * morsel.maxAge = 3600;
 * morsel.sameSite = "Lax";
 * assertEquals(
 *   morsel.output(),
 *   'Set-Cookie: id="a\\054 b"; Max-Age=3600; Path=/; SameSite=Lax',
 * );
 * ```
 */
export class Morsel {
  #key = "";
  #value = "";
  #codedValue = "";
  #attributes: Attributes = NO_ATTRIBUTES;

  static {
    assign = (morsel, key, value, codedValue) => {
      morsel.#key = key;
      morsel.#value = value;
      morsel.#codedValue = codedValue;
    };
    assignAttribute = (morsel, name, value) => {
      morsel.#assign(parseAttribute(name.toLowerCase(), value));
    };
  }

  /** The cookie's name; empty until {@linkcode Morsel.set} was called. */
  get key(): string {
    return this.#key;
  }

  /** The value as the program knows it. */
  get value(): string {
    return this.#value;
  }

  /** The value as it stands in the header. */
  get codedValue(): string {
    return this.#codedValue;
  }

  /**
   * When the cookie ends. May be set from a string in any form that browsers
   * read.
   *
   * @throws {TypeError} When it is set to what is no date.
   */
  get expires(): Date | undefined {
    const { expires } = this.#attributes;
    return expires && new Date(expires);
  }
  set expires(date: Date | string | undefined) {
    this.#assign({ expires: date === undefined ? date : checkedDate(date) });
  }

  /** The path that it is for, and all below it. */
  get path(): string | undefined {
    return this.#attributes.path;
  }
  set path(path: string | undefined) {
    this.#assign({ path: checked("path", path) });
  }

  /** A note, which browsers ignore (RFC 2109). */
  get comment(): string | undefined {
    return this.#attributes.comment;
  }
  set comment(comment: string | undefined) {
    if (comment !== undefined && typeof comment !== "string") {
      throw wrong("comment", comment, "it is no string");
    }
    this.#assign({ comment: comment });
  }

  /** The domain that it is for, with the hosts below; else for one host. */
  get domain(): string | undefined {
    return this.#attributes.domain;
  }
  set domain(domain: string | undefined) {
    this.#assign({ domain: checked("domain", domain) });
  }

  /** Seconds that the cookie lasts; goes before {@linkcode Morsel.expires}. */
  get maxAge(): number | undefined {
    return this.#attributes["max-age"];
  }
  set maxAge(seconds: number | undefined) {
    this.#assign({ "max-age": checkedInteger("maxAge", seconds) });
  }

  /** Whether it is sent by TLS only. */
  get secure(): boolean {
    return this.#attributes.secure ?? false;
  }
  set secure(secure: boolean) {
    this.#assign({ secure: Boolean(secure) });
  }

  /** The version of the old standard (RFC 2109), which browsers ignore. */
  get version(): number | undefined {
    return this.#attributes.version;
  }
  set version(version: number | undefined) {
    this.#assign({ version: checkedInteger("version", version) });
  }

  /** Whether it is kept from scripts. */
  get httpOnly(): boolean {
    return this.#attributes.httponly ?? false;
  }
  set httpOnly(httpOnly: boolean) {
    this.#assign({ httponly: Boolean(httpOnly) });
  }

  /**
   * `"Strict"`, `"Lax"` or `"None"`, in any case: whether requests that other
   * sites cause have it. `"None"` needs {@linkcode Morsel.secure}.
   */
  get sameSite(): string | undefined {
    return this.#attributes.samesite;
  }
  set sameSite(sameSite: string | undefined) {
    if (sameSite !== undefined && !isSameSite(sameSite)) {
      throw wrong("sameSite", sameSite, "it is neither Strict, Lax nor None");
    }
    this.#assign({ samesite: sameSite });
  }

  /**
   * Whether it is kept apart for each site that embeds this one (CHIPS); needs
   * {@linkcode Morsel.secure}.
   */
  get partitioned(): boolean {
    return this.#attributes.partitioned ?? false;
  }
  set partitioned(partitioned: boolean) {
    this.#assign({ partitioned: Boolean(partitioned) });
  }

  /**
   * Sets the name and both forms of the value; the attributes stay. Use
   * {@linkcode SimpleCookie.setValue} to have the value quoted.
   *
   * @throws {TypeError} When the name is no token (RFC 9110 section 5.6.2,
   * colons beside), is that of an attribute, or `codedValue` could end the
   * value: control characters, `;`.
   */
  set(key: string, value: string, codedValue: string): void {
    if (typeof key !== "string" || !isName(key)) {
      throw new TypeError(
        `Cannot set the cookie ${JSON.stringify(key)}: ` +
          "the name has other characters than letters, digits and " +
          "!#$%&'*+-.^_`|~:",
      );
    }
    if (isAttribute(key)) {
      throw new TypeError(
        `Cannot set the cookie ${JSON.stringify(key)}: ` +
          "an attribute has that name",
      );
    }
    if (typeof value !== "string") {
      throw new TypeError(
        `Cannot set the cookie "${key}": its value is no string`,
      );
    }
    if (!isSafe(codedValue)) {
      throw new TypeError(
        `Cannot set the cookie "${key}" to ${JSON.stringify(codedValue)}: ` +
          "a control character or semicolon would end the value",
      );
    }
    assign(this, key, value, codedValue);
  }

  /**
   * The header that sets the cookie. Characters beyond Latin-1 stay as they are,
   * as in Python; `Headers` refuse them, so that a value for those goes through
   * `encodeURIComponent` first.
   *
   * @param attrs The attributes to write, such as `"path"` and `"max-age"`;
   * default all that are set.
   * @param header What stands in front.
   *
   * @throws {TypeError} When there is no such attribute, no name was set, or a
   * browser would refuse the cookie as it stands: `__Secure-`, `__Host-`,
   * `SameSite=None` and `Partitioned` have their conditions (RFC 6265bis
   * sections 4.1.3 and 5.7, and the draft of CHIPS).
   */
  output(attrs?: string[], header = "Set-Cookie:"): string {
    if (/[\0\r\n]/.test(header)) {
      throw new TypeError(
        `Cannot write a cookie to ${JSON.stringify(header)}: ` +
          "a header ends with its line",
      );
    }
    const chosen = attrs && new Set(attrs.map(attributeName));
    this.#check((name) => chosen?.has(name) ?? true);
    let text = `${header} ${this.#key}=${this.#codedValue}`;
    for (const name of NAMES) {
      if (chosen === undefined || chosen.has(name)) text += this.#written(name);
    }
    return text;
  }

  #assign(attributes: Attributes): void {
    this.#attributes = { ...this.#attributes, ...attributes };
  }

  #written(name: AttributeName): string {
    const value = this.#attributes[name];
    if (value === undefined || value === "" || value === false) return "";
    const written = `; ${ATTRIBUTES[name]}`;
    if (value === true) return written;
    if (value instanceof Date) return `${written}=${formatDate(value)}`;
    if (name === "comment") return `${written}=${quote(String(value))}`;
    return `${written}=${value}`;
  }

  /** By what will be written. */
  #check(isWritten: (name: AttributeName) => boolean): void {
    if (this.#key === "") {
      throw new TypeError("Cannot write a cookie: it has no name yet");
    }
    const prefix = /^__(secure|host)-/i.exec(this.#key)?.[1]?.toLowerCase();
    const {
      domain = "",
      path,
      samesite,
      secure = false,
      partitioned = false,
    } = Object.fromEntries(
      Object.entries(this.#attributes)
        .filter(([name]) => isWritten(name as AttributeName)),
    ) as Attributes;
    let why = "";
    if (!secure) {
      if (prefix !== undefined) why = "a name with this prefix needs secure";
      else if (partitioned) why = "partitioned needs secure";
      else if (samesite?.toLowerCase() === "none") {
        why = "SameSite=None needs secure";
      }
    }
    if (prefix === "host") {
      if (domain !== "") why = "a name with this prefix must have no domain";
      else if (path !== "/") why = "a name with this prefix needs the path /";
    }
    if (why !== "") {
      throw new TypeError(
        `Cannot write the cookie "${this.#key}", which browsers would ` +
          `refuse: ${why}`,
      );
    }
  }
}

/** What an attribute in a header says, if anything. */
function parseAttribute(name: string, value: string): Attributes {
  switch (name) {
    case "secure":
    case "httponly":
    case "partitioned":
      return { [name]: true };
    case "expires": {
      const date = parseCookieDate(value);
      return date && isWritable(date) ? { expires: date } : {};
    }
    case "max-age":
    case "version":
      return /^-?\d{1,15}$/.test(value) ? { [name]: Number(value) } : {};
    case "samesite":
      return isSameSite(value) ? { [name]: value } : {};
    case "path":
    case "domain":
      return isSafe(value) ? { [name]: value } : {};
    case "comment":
      return { comment: value };
    default:
      return {};
  }
}

function checkedDate(date: Date | string): Date {
  const parsed = typeof date === "string" ? parseCookieDate(date) : date;
  if (parsed instanceof Date && isWritable(parsed)) return new Date(parsed);
  throw wrong("expires", date, "it is no date from 1601 to 9999");
}

/** Whether it can be written where four digits are for the year. */
function isWritable(date: Date): boolean {
  const year = date.getUTCFullYear();
  return year >= 1601 && year <= 9999;
}

function isSameSite(value: unknown): boolean {
  return typeof value === "string" && /^(strict|lax|none)$/i.test(value);
}

/** Whether it can stand in a header without ending what it is part of. */
export function isSafe(text: unknown): text is string {
  return typeof text === "string" && !/[;\t]/.test(text) && !hasControls(text);
}

function checked(name: string, value: string | undefined): string | undefined {
  if (value === undefined || isSafe(value)) return value;
  throw wrong(name, value, "a control character or semicolon would end it");
}

function checkedInteger(
  name: string,
  value: number | undefined,
): number | undefined {
  if (value === undefined || Number.isSafeInteger(value)) return value;
  throw wrong(name, value, "it is no whole number");
}

/** `"max-age"`, also as `"maxAge"` and `"Max-Age"`. */
function attributeName(name: string): AttributeName {
  const lower = name.toLowerCase();
  if (RESERVED.has(lower)) return lower as AttributeName;
  if (lower === "maxage") return "max-age";
  throw new TypeError(
    `Cannot write the attribute ${JSON.stringify(name)}: there is none`,
  );
}

function wrong(name: string, value: unknown, why: string): TypeError {
  const shown = typeof value === "string" ? JSON.stringify(value) : value;
  return new TypeError(`Cannot set ${name} to ${shown}: ${why}`);
}
