import { Buffer } from "node:buffer";
import type { Bytes } from "../../_wire/options.ts";
import { decodeText } from "../../_wire/text.ts";
import { formatField } from "./field.ts";
import { decodeWords, oneLine } from "./words.ts";

/** A field of a header as it stands there. */
export interface Field {
  /** Its name as it is written. */
  name: string;
  /** Its name in lower case. */
  key: string;
  /** All of it with its line ends, one character a byte. */
  raw: string;
  /** Where its value begins in `raw`, behind the colon. */
  valueAt: number;
}

/** A header of fields that were read, with line ends like theirs. */
export let makeHeaders: (fields: Field[], lineEnd: string) => MailHeaders;
/** All that is in it, as it stands there. */
export let fieldsOf: (headers: MailHeaders) => readonly Field[];
/** How its lines end. */
export let lineEndOf: (headers: MailHeaders) => string;
/** Whether anything was changed since it was read. */
export let isChanged: (headers: MailHeaders) => boolean;

/**
 * The header of a message or of a part: fields in their order, as often as they
 * stand there, under names whose case says nothing (RFC 5322 section 2.2). Values
 * are given and taken as text: unfolded, and with encoded words (RFC 2047)
 * decoded. What is not changed keeps its bytes.
 *
 * @example
 * ```ts
 * import { MailMessage } from "@wireline/std/mail/message";
 * import { assertEquals } from "jsr:@std/assert@^1.0.0";
 *
 * const { headers } = await MailMessage.parse(
 *   "Subject: =?utf-8?Q?Gr=C3=BC=C3=9Fe?=\r\nReceived: one\r\nReceived: two\r\n\r\n",
 * );
 * assertEquals(headers.get("subject"), "Grüße");
 * assertEquals(headers.getAll("Received"), ["one", "two"]);
 * ```
 */
export class MailHeaders {
  #fields: Field[] = [];
  #lineEnd = "\r\n";
  #changed = false;

  static {
    makeHeaders = (fields, lineEnd) => {
      const headers = new MailHeaders();
      headers.#fields = fields;
      headers.#lineEnd = lineEnd;
      return headers;
    };
    fieldsOf = (headers) => headers.#fields;
    lineEndOf = (headers) => headers.#lineEnd;
    isChanged = (headers) => headers.#changed;
  }

  /** The value of the first field of this name; undefined where there is none. */
  get(name: string): string | undefined {
    const field = this.#find(name);
    return field && decodeValue(field);
  }

  /** The values of all fields of this name. */
  getAll(name: string): string[] {
    return this.#all(name).map(decodeValue);
  }

  /**
   * The values of all fields of this name as they stand there, unfolded but with
   * encoded words: for what reads the structure of a value.
   */
  getRaw(name: string): string[] {
    return this.#all(name).map(unfold);
  }

  /** Whether there is a field of this name. */
  has(name: string): boolean {
    return this.#find(name) !== undefined;
  }

  /**
   * Gives the field a value, in the place of all that have its name, or behind
   * the others. Text beyond ASCII becomes encoded words; in fields of addresses
   * only the names do.
   *
   * @throws {TypeError} When the name is none, or the value could end the field.
   */
  set(name: string, value: string): void {
    const key = name.toLowerCase();
    const at = this.#fields.findIndex((field) => field.key === key);
    // As it was written, where it was there.
    const field = this.#make(this.#fields[at]?.name ?? name, value);
    this.delete(name);
    this.#fields.splice(at < 0 ? this.#fields.length : at, 0, field);
    this.#changed = true;
  }

  /**
   * Puts a field behind the others, whether or not there are more of its name.
   *
   * @throws {TypeError} When the name is none, or the value could end the field.
   */
  append(name: string, value: string): void {
    this.#fields.push(this.#make(name, value));
    this.#changed = true;
  }

  /** Takes all fields of this name away. */
  delete(name: string): void {
    const key = name.toLowerCase();
    const left = this.#fields.filter((field) => field.key !== key);
    if (left.length < this.#fields.length) this.#changed = true;
    this.#fields = left;
  }

  /** How many fields there are. */
  get size(): number {
    return this.#named().length;
  }

  /** The names of all fields in their order, in lower case. */
  keys(): string[] {
    return this.#named().map(({ key }) => key);
  }

  /** All fields in their order: name and value. */
  *[Symbol.iterator](): Generator<[name: string, value: string]> {
    for (const field of this.#named()) yield [field.name, decodeValue(field)];
  }

  /**
   * The fields as bytes, each with its line end, without the empty line behind
   * them.
   */
  toBytes(options: {
    /** Names, in lower case, of fields that are left out. */
    without?: string[] | undefined;
  } = {}): Bytes {
    const { without = [] } = options;
    const fields = without.length === 0
      ? this.#fields
      : this.#fields.filter(({ key }) => !without.includes(key));
    return new Uint8Array(
      Buffer.from(fields.map(({ raw }) => raw).join(""), "latin1"),
    );
  }

  #make(name: string, value: string): Field {
    const raw = formatField(name, value, this.#lineEnd);
    const last = this.#fields.at(-1);
    // A message can end within its header.
    const isEnded = !last || last.raw.endsWith("\n") ||
      last.raw.endsWith(this.#lineEnd);
    if (!isEnded) last.raw += this.#lineEnd;
    return { name, key: name.toLowerCase(), raw, valueAt: name.length + 1 };
  }

  #named(): Field[] {
    return this.#fields.filter(({ key }) => key !== "");
  }

  #find(name: string): Field | undefined {
    const wanted = name.toLowerCase();
    return this.#fields.find(({ key }) => key === wanted);
  }

  #all(name: string): Field[] {
    const wanted = name.toLowerCase();
    return this.#fields.filter(({ key }) => key === wanted);
  }
}

/** Without line ends (RFC 5322 section 2.2.3), bytes beyond ASCII as UTF-8. */
export function unfold({ raw, valueAt }: Field): string {
  let value = raw.slice(valueAt);
  const end = value.search(/[\r\n]/);
  // Most have one line, which ends where the value does.
  if (end >= 0) {
    value = value.length - end <= 2
      ? value.slice(0, end)
      : value.replaceAll("\r\n", "").replaceAll("\n", "").replaceAll("\r", " ");
  }
  value = trimEnd(value.replace(/^[ \t]+/, ""));
  // deno-lint-ignore no-control-regex
  return /[^\x00-\x7f]/.test(value)
    ? decodeText(Buffer.from(value, "latin1"))
    : value;
}

/** Without blanks and line ends; trim() would take the byte A0 for a blank. */
export function trimEnd(text: string): string {
  let end = text.length;
  while (end > 0 && " \t\r\n".includes(text[end - 1]!)) end--;
  return text.slice(0, end);
}

/** As a reader would be shown it. */
function decodeValue(field: Field): string {
  const value = unfold(field);
  return value.includes("=?") || value.includes("\0")
    ? oneLine(decodeWords(value))
    : value;
}
