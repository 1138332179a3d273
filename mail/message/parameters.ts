/**
 * A value with parameters, as Content-Type and Content-Disposition have it
 * (RFC 2045 section 5.1, RFC 2231).
 */
import { Buffer } from "node:buffer";
import { decodeText } from "../../_wire/text.ts";
import { decodeCharset } from "./charset.ts";
import { decodeWords, oneLine } from "./words.ts";

/** A value and what is said more of it. */
export interface Parameterized {
  /** In lower case: `"text/plain"`, `"attachment"`. */
  value: string;
  /** By their names in lower case, decoded. */
  params: Map<string, string>;
}

/** Parameters are few; what comes behind is noise. */
const MOST_PARAMETERS = 200;
/** Characters of a section, so that its line has no more than 76. */
const SECTION = 50;
/** Longest value that stays in one section. */
const LONGEST = 60;

/**
 * Reads it from a field's unfolded value. QUIRK: a value without quotes may hold
 * blanks, one in quotes encoded words (RFC 2047 section 5 forbids them there).
 */
export function parseParameters(field: string): Parameterized {
  const scanner = new Scanner(field);
  const value = scanner.text().toLowerCase();
  const found = new Map<string, string>();
  while (scanner.more() && found.size < MOST_PARAMETERS) {
    const name = scanner.name().toLowerCase();
    const text = scanner.text(/^(?:file)?name/.test(name));
    // The first one counts.
    if (name !== "" && !found.has(name)) found.set(name, text);
  }
  return { value, params: join(found) };
}

/** Reads from left to right, and no character twice. */
class Scanner {
  #text: string;
  #at = 0;

  constructor(text: string) {
    this.#text = text;
  }

  /** Goes behind the semicolon, where there is one. */
  more(): boolean {
    if (this.#text[this.#at] !== ";") return false;
    this.#at++;
    return true;
  }

  name(): string {
    const start = this.#at;
    while (this.#at < this.#text.length && !"=;".includes(this.#char())) {
      this.#at++;
    }
    const name = this.#text.slice(start, this.#at);
    if (this.#char() === "=") this.#at++;
    return name.replace(/\([^()]*\)/g, "").trim();
  }

  /** Up to the semicolon, without comments and quotes. */
  text(isName = false): string {
    const text = this.#text;
    let plain = "";
    let quoted: string | undefined;
    let start = this.#at;
    let isEmpty = true;
    let hasComments = true;
    const take = () => plain += text.slice(start, this.#at);
    while (this.#at < text.length && this.#char() !== ";") {
      const char = this.#char();
      if (char === "(" && hasComments) {
        const at = this.#at;
        this.#skipComment();
        if (isName && !this.#isAtEnd()) {
          // QUIRK: `filename=scan (1).pdf`, which has no more comments then.
          hasComments = false;
          this.#at = at + 1;
          continue;
        }
        const end = this.#at;
        this.#at = at;
        take();
        start = this.#at = end;
      } else if (char === '"' && isEmpty) {
        isEmpty = false;
        quoted = this.#quoted();
        start = this.#at;
      } else {
        isEmpty &&= char === " " || char === "\t";
        this.#at++;
      }
    }
    take();
    return quoted ?? plain.trim();
  }

  #char(): string {
    return this.#text[this.#at] ?? "";
  }

  #quoted(): string {
    const text = this.#text;
    let value = "";
    let start = ++this.#at;
    while (this.#at < text.length && text[this.#at] !== '"') {
      if (text[this.#at] === "\\" && this.#at + 1 < text.length) {
        value += text.slice(start, this.#at++);
        start = this.#at;
      }
      this.#at++;
    }
    value += text.slice(start, this.#at);
    this.#at++;
    return value;
  }

  /** Whether nothing but blanks follows in the parameter. */
  #isAtEnd(): boolean {
    let at = this.#at;
    while (this.#text[at] === " " || this.#text[at] === "\t") at++;
    return at >= this.#text.length || this.#text[at] === ";";
  }

  /** One that is not closed is none, and its bracket is passed over. */
  #skipComment(): void {
    let depth = 0;
    for (let at = this.#at; at < this.#text.length; at++) {
      const char = this.#text[at];
      if (char === "\\") at++;
      else if (char === "(") depth++;
      else if (char === ")" && --depth === 0) {
        this.#at = at + 1;
        return;
      }
    }
    // Nothing behind it can close one either.
    this.#at = this.#text.length;
  }
}

/** A value in sections, or in another charset (RFC 2231 sections 3 and 4). */
interface Sections {
  charset: string;
  texts: Map<number, Uint8Array>;
}

function join(found: Map<string, string>): Map<string, string> {
  const params = new Map<string, string>();
  const all = new Map<string, Sections>();
  for (const [name, text] of found) {
    const match = /^([^*]+)\*(?:(\d{1,3})(\*)?)?$/.exec(name);
    if (!match) {
      // A boundary is compared as it stands.
      params.set(name, name === "boundary" ? text : oneLine(decodeWords(text)));
      continue;
    }
    const [, base, number, star] = match;
    const sections = all.get(base!) ?? { charset: "", texts: new Map() };
    all.set(base!, sections);
    const isFirst = number === undefined || Number(number) === 0;
    const isExtended = number === undefined || star === "*";
    let value = text;
    if (isFirst && isExtended) {
      const quotes = /^([^']*)'[^']*'/.exec(text);
      if (quotes) {
        sections.charset = quotes[1]!;
        value = text.slice(quotes[0].length);
      }
    }
    sections.texts.set(
      Number(number ?? 0),
      isExtended ? percentDecode(value) : Buffer.from(value),
    );
  }
  for (const [name, { charset, texts }] of all) {
    const parts: Uint8Array[] = [];
    for (let at = 0; texts.has(at); at++) parts.push(texts.get(at)!);
    if (parts.length === 0) continue;
    const bytes = Buffer.concat(parts);
    const value = charset === ""
      ? decodeText(bytes)
      : decodeCharset(bytes, charset);
    // It is the better one of the two where both are there.
    params.set(name, oneLine(value));
  }
  return params;
}

function percentDecode(text: string): Uint8Array {
  const decoded = text.replace(
    /%([0-9A-Fa-f]{2})|[^\x20-\x7e]/g,
    (all, hex?: string) =>
      hex
        ? String.fromCharCode(parseInt(hex, 16))
        : Buffer.from(all).toString("latin1"),
  );
  return Buffer.from(decoded, "latin1");
}

/**
 * A value and its parameters for a field; long ones, and those beyond ASCII, as
 * RFC 2231 has them.
 */
export function formatParameters(
  value: string,
  params: Iterable<[name: string, value: string]>,
): string {
  const all = [value];
  for (const [name, text] of params) all.push(...formatParameter(name, text));
  return all.join("; ");
}

function formatParameter(name: string, value: string): string[] {
  // What looks like an encoded word would be decoded.
  const isPlain = isPlainText(value);
  if (isPlain && value.length <= LONGEST) {
    return /^[\w.+-]+$/.test(value)
      ? [`${name}=${value}`]
      : [`${name}="${value.replace(/["\\]/g, "\\$&")}"`];
  }
  const sections = cut(value);
  return sections.length === 1
    ? [`${name}*=${sections[0]}`]
    : sections.map((text, at) => `${name}*${at}*=${text}`);
}

/** Whether it can stand in quotes and be understood. */
export function isPlainText(value: string): boolean {
  return /^[\x20-\x7e]*$/.test(value) && !value.includes("=?");
}

/**
 * In sections, none of which ends within a character: some readers decode them
 * one by one.
 */
function cut(value: string): string[] {
  const sections: string[] = [];
  let section = "UTF-8''";
  for (const char of value.toWellFormed()) {
    const encoded = percentEncode(char);
    if (section.length + encoded.length > SECTION) {
      sections.push(section);
      section = "";
    }
    section += encoded;
  }
  return [...sections, section];
}

/** What is no attribute-char of RFC 2231 section 7. */
function percentEncode(text: string): string {
  return encodeURIComponent(text)
    .replace(
      /['()*]/g,
      (char) => `%${char.charCodeAt(0).toString(16).toUpperCase()}`,
    );
}
