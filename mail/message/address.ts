/** Addresses in a header (RFC 5322 section 3.4). */
import { decodeWords, encodeWords, oneLine, wordAt } from "./words.ts";

/** Somebody's address. */
export interface MailboxAddress {
  /** Who it is, decoded; empty where nothing is said. */
  name: string;
  /** The address, without angle brackets; empty where there is only a name. */
  address: string;
}

/** Addresses under a name (RFC 5322 section 3.4). */
export interface AddressGroup {
  /** The group's name, decoded. */
  group: string;
  /** Its addresses; often none are told. */
  members: MailboxAddress[];
}

/** What stands in a list of addresses. */
export type Address = MailboxAddress | AddressGroup;

/** Ten times what RFC 2047 section 2 allows. */
const LONGEST_WORD = 750;

interface Token {
  kind: "word" | "quoted" | "comment" | "special";
  /** Without quotes, parentheses and backslashes. */
  text: string;
  /** As it stood there. */
  raw: string;
  /** Whether a blank or a comment stands in front. */
  apart: boolean;
}

/**
 * Reads a list of addresses (RFC 5322 section 3.4), the obsolete forms of section
 * 4.4, and what is seen beside them: names with dots and without quotes, a name in
 * a comment behind the address, semicolons in the place of commas, blanks around
 * the `@`. Takes time in proportion to the length of the list, whatever is in it.
 *
 * @example
 * ```ts
 * import { parseAddressList } from "@wireline/std/mail/message";
 * import { assertEquals } from "jsr:@std/assert@^1.0.0";
 *
 * assertEquals(parseAddressList('"Lovelace, Ada" <ada@example.com>, bob@lan'), [
 *   { name: "Lovelace, Ada", address: "ada@example.com" },
 *   { name: "", address: "bob@lan" },
 * ]);
 * ```
 */
export function parseAddressList(value: string): Address[] {
  const list = new List();
  // What stands for no character divides as a blank does.
  for (const token of tokensOf(value.replace(/\p{Cc}/gu, " "))) {
    list.take(token);
  }
  return list.end();
}

/**
 * Writes an address for a header: a name that needs it in quotes, one beyond
 * ASCII in encoded words (RFC 2047).
 *
 * @throws {TypeError} When the address, or a name, could end the header field or
 * the address.
 *
 * @example
 * ```ts
 * import { formatAddress } from "@wireline/std/mail/message";
 * import { assertEquals } from "jsr:@std/assert@^1.0.0";
 *
 * assertEquals(
 *   formatAddress({ name: "Lovelace, Ada", address: "ada@example.com" }),
 *   '"Lovelace, Ada" <ada@example.com>',
 * );
 * ```
 */
export function formatAddress(address: Address): string {
  if ("group" in address) {
    const members = address.members.map(formatAddress).join(", ");
    const name = formatPhrase(address.group);
    // RFC 2047 section 5 (3) wants a blank behind an encoded word.
    return `${name}${name.endsWith("?=") ? " " : ""}: ${members};`;
  }
  const { name } = address;
  if (!ADDRESS.test(address.address)) {
    throw new TypeError(
      `Cannot write the address ${JSON.stringify(address.address)}: it is none`,
    );
  }
  return name === ""
    ? address.address
    : `${formatPhrase(name)} <${address.address}>`;
}

/**
 * Nothing that would end it or begin another one; how an address looks otherwise
 * is for others to say.
 */
const ADDRESS =
  /^(?:"(?:[^"\\\p{Cc}]|\\\P{Cc})*"(?:@[^\s"(),:;<>[\]\\\p{Cc}]*)?|[^\s"(),:;<>[\]\\\p{Cc}]+)(?:\[[^\s[\]\\\p{Cc}]*\])?$/u;

function formatPhrase(text: string): string {
  if (/[\r\n\0]/.test(text)) {
    throw new TypeError(`Cannot write the name ${JSON.stringify(text)}`);
  }
  if (/[^\x20-\x7e]|=\?/.test(text)) {
    // All of it: a comma that stays would end the address.
    return encodeWords(text, { whole: true });
  }
  return /^[A-Za-z0-9!#$%&'*+\-/=?^_`{|}~ ]+$/.test(text) &&
      text.trim() === text
    ? text
    : `"${text.replace(/["\\]/g, "\\$&")}"`;
}

/** The lexical tokens of section 3.2; a blank makes the next one stand apart. */
function* tokensOf(value: string): Generator<Token> {
  let apart = false;
  for (let at = 0; at < value.length;) {
    const char = value[at]!;
    if (/\s/.test(char)) {
      apart = true;
      at++;
      continue;
    }
    const start = at;
    let text = "";
    let kind: Token["kind"] = "word";
    if (char === '"' || char === "(") {
      kind = char === '"' ? "quoted" : "comment";
      let depth = 1;
      for (at++; at < value.length; at++) {
        const inside = value[at]!;
        if (inside === "\\" && at + 1 < value.length) {
          text += value[++at];
          continue;
        }
        if (kind === "comment" && inside === "(") depth++;
        else if (inside === (kind === "quoted" ? '"' : ")")) depth--;
        if (depth === 0) break;
        text += inside;
      }
      at++;
    } else if ("<>,;:@".includes(char)) {
      kind = "special";
      text = char;
      at++;
    } else if (char === "[") {
      // A domain literal.
      const end = value.indexOf("]", at);
      at = end < 0 ? value.length : end + 1;
      text = value.slice(start, at);
    } else {
      const end = encodedWordEnd(value, at);
      if (end > at) at = end;
      else while (at < value.length && !/[\s"(<>,;:@[]/.test(value[at]!)) at++;
      text = value.slice(start, at);
    }
    yield { kind, text, raw: value.slice(start, at), apart };
    apart = kind === "comment";
  }
}

/**
 * Where the encoded word ends that begins here. QUIRK: it may hold commas and
 * brackets, which RFC 2047 section 5 (3) forbids and many programs send; not
 * blanks, with which it could hide addresses.
 */
function encodedWordEnd(value: string, at: number): number {
  if (!value.startsWith("=?", at)) return at;
  const blank = value.slice(at, at + LONGEST_WORD).search(/\s/);
  const end = at + (blank < 0 ? LONGEST_WORD : blank);
  const word = wordAt(value.slice(at, end), 0);
  return word && word !== "none" ? at + word.end : at;
}

/** The list as far as it was read. */
class List {
  #list: Address[] = [];
  #group: AddressGroup | undefined;
  /** Of the address that is being read: what stands outside of brackets. */
  #words: Token[] = [];
  #comments: string[] = [];
  /** What stands in brackets, in pieces. */
  #angle: string[] | undefined;
  #inAngle = false;

  take(token: Token): void {
    const { kind, text } = token;
    if (kind === "comment") {
      if (text.trim() !== "") this.#comments.push(text.trim());
    } else if (this.#inAngle) this.#takeInAngle(token);
    else if (kind !== "special" || text === "@") this.#words.push(token);
    else this.#takeSpecial(text);
  }

  end(): Address[] {
    this.#finish();
    this.#endGroup();
    return this.#list;
  }

  #takeInAngle({ kind, text, raw }: Token): void {
    if (kind === "special" && text !== "@") {
      // An obsolete route: `<@a,@b:user@host>`.
      const isRoute = this.#angle![0] === "@";
      if (text === ":" && isRoute) this.#angle = [];
      else if (text === ",") {
        if (isRoute) return;
        // The bracket was never closed.
        this.#finish();
      } else if (text === ">" || text === ";") this.#inAngle = false;
      return;
    }
    this.#angle!.push(kind === "quoted" ? localPart(text, raw) : text);
  }

  #takeSpecial(text: string): void {
    switch (text) {
      case "<":
        this.#inAngle = true;
        this.#angle = [];
        break;
      case ":":
        // A second one makes no group in a group.
        if (this.#group) break;
        this.#group = { group: decode(phrase(this.#words)), members: [] };
        this.#words = [];
        break;
      case ",":
        this.#finish();
        break;
      case ";":
        this.#finish();
        this.#endGroup();
        break;
    }
  }

  #endGroup(): void {
    if (this.#group) this.#list.push(this.#group);
    this.#group = undefined;
  }

  #finish(): void {
    const mailbox = this.#mailbox();
    this.#words = [];
    this.#comments = [];
    this.#angle = undefined;
    this.#inAngle = false;
    if (mailbox) (this.#group?.members ?? this.#list).push(mailbox);
  }

  #mailbox(): MailboxAddress | undefined {
    const comment = decode(this.#comments.join(" "));
    if (this.#angle !== undefined) {
      const name = decode(phrase(this.#words)) || comment;
      const address = this.#angle.join("");
      return name || address ? { name, address } : undefined;
    }
    const { name, address } = withoutBrackets(this.#words);
    if (name === "" && address === "") return undefined;
    return { name: decode(name) || comment, address };
  }
}

/** Nothing that could end the field which it is used in next. */
function decode(text: string): string {
  return oneLine(decodeWords(text));
}

/** Words with blanks between them where blanks were. */
function phrase(words: Token[]): string {
  return words.map(({ text, apart }, at) => at > 0 && apart ? ` ${text}` : text)
    .join("");
}

/** An address without brackets, and what else is there. */
function withoutBrackets(words: Token[]): MailboxAddress {
  const at = words.findLastIndex(({ kind, text }) =>
    kind === "special" && text === "@"
  );
  if (at < 0) return { name: phrase(words), address: "" };
  // Blanks may stand around the "@" and around dots.
  let start = Math.max(0, at - 1);
  while (start > 0 && joins(words, start)) start--;
  let end = Math.min(words.length, at + 2);
  while (end < words.length && joins(words, end)) end++;
  const address = words.slice(start, end).map(({ kind, text, raw }) =>
    kind === "quoted" ? localPart(text, raw) : text
  ).join("");
  const others = [...words.slice(0, start), ...words.slice(end)];
  return { name: phrase(others), address };
}

/** Whether a word goes on with the one before it. */
function joins(words: Token[], at: number): boolean {
  const { text, apart } = words[at]!;
  return !apart || text.startsWith(".") || words[at - 1]!.text.endsWith(".");
}

/** A quoted local part without quotes where it needs none (section 3.4.1). */
function localPart(text: string, raw: string): string {
  return /^[\w!#$%&'*+\-/=?^`{|}~]+(\.[\w!#$%&'*+\-/=?^`{|}~]+)*$/.test(text)
    ? text
    : raw;
}
