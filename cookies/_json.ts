import { hasControls } from "./_characters.ts";
import { keepsPromise } from "./_prefix.ts";
import { canonicalHost } from "./match.ts";
import {
  keyOf,
  type SameSite,
  sameSiteOf,
  type StoredCookie,
} from "./cookie.ts";

/** What `toJSON` gives. */
export interface JarData {
  version: 1;
  cookies: CookieData[];
}

/** One cookie of it; times are in ISO 8601. */
interface CookieData {
  name: string;
  value: string;
  domain: string;
  path: string;
  hostOnly: boolean;
  secure: boolean;
  httpOnly: boolean;
  sameSite: SameSite;
  partitionKey?: string;
  expires?: string;
  creation: string;
  lastAccess: string;
}

/** The cookies in the order in which they were created. */
export function toData(cookies: readonly StoredCookie[]): JarData {
  return {
    version: 1,
    cookies: cookies.map((cookie) => {
      const { key: _, order: __, partitionKey, expires, ...rest } = cookie;
      return {
        ...rest,
        ...partitionKey === undefined ? {} : { partitionKey },
        ...expires === Infinity ? {} : { expires: isoDate(expires) },
        creation: isoDate(cookie.creation),
        lastAccess: isoDate(cookie.lastAccess),
      };
    }),
  };
}

function isoDate(milliseconds: number): string {
  return new Date(milliseconds).toISOString();
}

/** Throws a `TypeError` that says what is wrong with which cookie. */
export function fromData(
  data: unknown,
  nextOrder: () => number,
): StoredCookie[] {
  if (!isRecord(data) || data.version !== 1 || !Array.isArray(data.cookies)) {
    throw new TypeError(
      "Cannot make a cookie jar of this: it is not what toJSON gave",
    );
  }
  return data.cookies.map((one: unknown, index) => {
    const field = new Fields(isRecord(one) ? one : {}, index);
    const name = field.text("name");
    const value = field.text("value");
    if (/[=;]/.test(name)) throw field.wrong("name");
    if (value.includes(";") || name === "" && value === "") {
      throw field.wrong("value");
    }
    const path = field.text("path");
    if (!path.startsWith("/")) throw field.wrong("path");
    const hostOnly = field.flag("hostOnly");
    const secure = field.flag("secure");
    if (!keepsPromise({ name, value, secure, hostOnly, path })) {
      throw field.wrong("name");
    }
    return {
      name,
      value,
      key: keyOf(name, path, hostOnly),
      domain: field.domain(),
      path,
      hostOnly,
      secure,
      httpOnly: field.flag("httpOnly"),
      sameSite: field.sameSite(),
      partitionKey: field.has("partitionKey")
        ? field.partitionKey()
        : undefined,
      expires: field.has("expires") ? field.time("expires") : Infinity,
      creation: field.time("creation"),
      lastAccess: field.time("lastAccess"),
      order: nextOrder(),
    };
  });
}

function isRecord(data: unknown): data is Record<string, unknown> {
  return typeof data === "object" && data !== null;
}

/** The fields of one cookie, each looked at as what it should be. */
class Fields {
  readonly #data: Record<string, unknown>;
  readonly #index: number;

  constructor(data: Record<string, unknown>, index: number) {
    this.#data = data;
    this.#index = index;
  }

  has(name: keyof CookieData): boolean {
    return this.#data[name] !== undefined;
  }

  text(name: keyof CookieData): string {
    const value = this.#data[name];
    if (typeof value !== "string" || hasControls(value)) throw this.wrong(name);
    return value;
  }

  flag(name: keyof CookieData): boolean {
    const value = this.#data[name];
    if (typeof value !== "boolean") throw this.wrong(name);
    return value;
  }

  time(name: keyof CookieData): number {
    const time = Date.parse(this.text(name));
    if (Number.isNaN(time)) throw this.wrong(name);
    return time;
  }

  sameSite(): SameSite {
    const value = this.text("sameSite");
    const sameSite = sameSiteOf(value);
    if (sameSite !== value) throw this.wrong("sameSite");
    return sameSite;
  }

  partitionKey(): string {
    const key = this.text("partitionKey");
    // Empty, it would stand for no partition.
    if (key === "") throw this.wrong("partitionKey");
    return key;
  }

  domain(): string {
    const domain = this.text("domain");
    // In another form it would never be found.
    if (canonicalHost(domain) !== domain) throw this.wrong("domain");
    return domain;
  }

  wrong(name: keyof CookieData): TypeError {
    const value = JSON.stringify(this.#data[name]);
    return new TypeError(
      `Cannot make a cookie jar of this: the ${name} of cookie ${this.#index} ` +
        `is ${value}`,
    );
  }
}
