/** Words beyond ASCII in a header (RFC 2047). */
import {
  decodeBase64,
  decodeQuotedPrintable,
  encodeBase64,
  encodeQuotedPrintable,
} from "../encoding/mod.ts";
import { decodeCharset } from "./charset.ts";

/** Characters in an encoded word (section 2). */
const LONGEST_WORD = 75;
const BEGIN = "=?UTF-8?";
/** A word that hardly fits a line (RFC 5322 section 2.1.1) has to be cut. */
const LONGEST_PLAIN = 900;
/** Below this the first word goes on a line of its own. */
const SHORTEST_FIRST = 30;

/** An encoded word. */
export interface Word {
  charset: string;
  encoding: string;
  text: string;
  /** Where it begins and ends in the value. */
  start: number;
  end: number;
}

/**
 * Decodes the encoded words in the value of a header field (RFC 2047). Words with
 * only blanks between them are one text; a character whose bytes lie in two of
 * them is put together, as many programs send it although they must not.
 *
 * @example
 * ```ts
 * import { decodeWords } from "@wireline/std/mail/message";
 * import { assertEquals } from "jsr:@std/assert@^1.0.0";
 *
 * assertEquals(
 *   decodeWords("=?UTF-8?Q?Gr=C3=BC=C3=9Fe?= aus =?utf-8?b?S8O2bG4=?="),
 *   "Grüße aus Köln",
 * );
 * ```
 */
export function decodeWords(value: string): string {
  let text = "";
  let at = 0;
  let row: Word[] = [];
  for (const word of wordsIn(value)) {
    const between = value.slice(at, word.start);
    if (row.length > 0 && between.trim() === "") {
      const last = row.at(-1)!;
      const same = last.charset === word.charset &&
        last.encoding === word.encoding;
      if (same) row.push(word);
      else {
        text += decodeRow(row);
        row = [word];
      }
    } else {
      text += decodeRow(row) + between;
      row = [word];
    }
    at = word.end;
  }
  return text + decodeRow(row) + value.slice(at);
}

/**
 * The encoded words in a value. QUIRK: blanks and question marks stand in their
 * text, a language behind the charset (RFC 2231 section 5), and text right beside
 * them.
 */
function* wordsIn(value: string): Generator<Word> {
  for (let start = value.indexOf("=?"); start >= 0;) {
    const word = wordAt(value, start);
    if (word === "none") return;
    if (word) yield word;
    start = value.indexOf("=?", word?.end ?? start + 2);
  }
}

/** `"none"` where none can follow either: all of them end alike. */
export function wordAt(
  value: string,
  start: number,
): Word | "none" | undefined {
  const name = value.indexOf("?", start + 2);
  if (name < 0) return "none";
  const encoding = value.slice(name + 1, name + 2).toUpperCase();
  const charset = value.slice(start + 2, name).split("*", 1)[0]!;
  const isWord = (encoding === "B" || encoding === "Q") &&
    value[name + 2] === "?" && /^[^\s=]+$/.test(charset);
  if (!isWord) return undefined;
  const end = value.indexOf("?=", name + 3);
  if (end < 0) return "none";
  const text = value.slice(name + 3, end);
  return {
    charset: charset.toLowerCase(),
    encoding,
    text,
    start,
    end: end + 2,
  };
}

/** Words of one charset and encoding in a row, whose bytes belong together. */
function decodeRow(row: Word[]): string {
  const [first] = row;
  if (!first) return "";
  const parts = row.map(({ text }) =>
    first.encoding === "B"
      ? decodeBase64(text)
      : decodeQuotedPrintable(text, { header: true })
  );
  const bytes = new Uint8Array(
    parts.reduce((sum, part) => sum + part.length, 0),
  );
  let size = 0;
  for (const part of parts) {
    bytes.set(part, size);
    size += part.length;
  }
  return decodeCharset(bytes, first.charset);
}

/**
 * Makes text fit for a header (RFC 2047): what has characters beyond printable
 * ASCII, or looks like an encoded word, becomes encoded words in UTF-8, the rest
 * stays. Words are cut between characters, with a blank between them, where a
 * line can be folded.
 *
 * @example
 * ```ts
 * import { encodeWords } from "@wireline/std/mail/message";
 * import { assertEquals } from "jsr:@std/assert@^1.0.0";
 *
 * assertEquals(encodeWords("Hello"), "Hello");
 * assertEquals(encodeWords("Grüße aus Rom"), "=?UTF-8?B?R3LDvMOfZQ==?= aus Rom");
 * ```
 */
export function encodeWords(
  value: string,
  options: {
    /** `"Q"` or `"B"`; default whichever is shorter. */
    encoding?: "Q" | "B" | undefined;
    /** Whether all of it is encoded, if anything is; default `false`. */
    whole?: boolean | undefined;
    /** Characters in front of it on its line; default 0. */
    column?: number | undefined;
  } = {},
): string {
  // Blanks at either end, and runs of them, would be lost in folding.
  const pieces = value.split(/( (?=[^ ]))/);
  const needs = pieces.map((piece) => needsEncoding(piece));
  if (!needs.includes(true)) return value;
  const first = options.whole ? 0 : needs.indexOf(true);
  const last = options.whole ? pieces.length - 1 : needs.lastIndexOf(true);
  const middle = pieces.slice(first, last + 1).join("").toWellFormed();
  const before = pieces.slice(0, first).join("");
  const column = (options.column ?? 0) + before.length;
  return before + encodeAll(middle, options.encoding, column) +
    pieces.slice(last + 1).join("");
}

function needsEncoding(piece: string): boolean {
  if (piece === " ") return false;
  if (piece.length > LONGEST_PLAIN) return true;
  return /[^\x20-\x7e]|=\?|\s$|^\s/.test(piece);
}

function encodeAll(
  text: string,
  wanted: "Q" | "B" | undefined,
  column: number,
): string {
  const bytes = new TextEncoder().encode(text);
  const quoted = encodeQuotedPrintable(bytes, { header: true });
  const encoding = wanted ??
    (quoted.length > Math.ceil(bytes.length / 3) * 4 ? "B" : "Q");
  const markup = `${BEGIN}${encoding}??=`.length;
  // A line with words has one character more than the longest of them.
  const left = LONGEST_WORD + 1 - column;
  const encode = encoding === "Q"
    ? (part: Uint8Array) => encodeQuotedPrintable(part, { header: true })
    : (part: Uint8Array) => encodeBase64(part);
  const words: string[] = [];
  let start = 0;
  while (start < bytes.length) {
    const isShort = words.length === 0 && left >= SHORTEST_FIRST;
    const room = Math.min(LONGEST_WORD, isShort ? left : Infinity) - markup;
    const most = Math.floor(room / 4) * 3;
    let end = start;
    for (let next = nextCharacter(bytes, start);;) {
      const fits = encoding === "B"
        ? next - start <= most
        : encode(bytes.subarray(start, next)).length <= room;
      if (!fits) break;
      end = next;
      if (end === bytes.length) break;
      next = nextCharacter(bytes, end);
    }
    words.push(`${BEGIN}${encoding}?${encode(bytes.subarray(start, end))}?=`);
    start = end;
  }
  return words.join(" ");
}

/** Where the character that begins at `at` ends. */
function nextCharacter(bytes: Uint8Array, at: number): number {
  let end = at + 1;
  while (end < bytes.length && (bytes[end]! & 0xc0) === 0x80) end++;
  return end;
}

/**
 * Encoded words can hold line ends, which would begin another field where the
 * value is used again, as in a reply's subject.
 */
export function oneLine(text: string): string {
  return text.replace(/[\r\n\0]+/g, " ");
}
