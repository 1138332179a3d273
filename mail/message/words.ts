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

/**
 * An encoded word. QUIRK: blanks stand in its text, a language behind its charset
 * (RFC 2231 section 5), and text right beside it.
 */
const WORD = /=\?([^?\s*]+)(?:\*[^?\s]*)?\?([BbQq])\?([^?]*)\?=/g;

interface Word {
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
  for (const match of value.matchAll(WORD)) {
    const [all, charset, encoding, encoded] = match;
    const word = {
      charset: charset!.toLowerCase(),
      encoding: encoding!.toUpperCase(),
      text: encoded!,
      start: match.index,
      end: match.index + all.length,
    };
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
  } = {},
): string {
  // Blanks at either end, and runs of them, would be lost in folding.
  const pieces = value.split(/( (?=[^ ]))/);
  const needs = pieces.map((piece) => needsEncoding(piece));
  if (!needs.includes(true)) return value;
  const first = options.whole ? 0 : needs.indexOf(true);
  const last = options.whole ? pieces.length - 1 : needs.lastIndexOf(true);
  const middle = pieces.slice(first, last + 1).join("").toWellFormed();
  return pieces.slice(0, first).join("") +
    encodeAll(middle, options.encoding) + pieces.slice(last + 1).join("");
}

function needsEncoding(piece: string): boolean {
  if (piece === " ") return false;
  return /[^\x20-\x7e]|=\?|\s$|^\s/.test(piece);
}

function encodeAll(text: string, wanted: "Q" | "B" | undefined): string {
  const bytes = new TextEncoder().encode(text);
  const quoted = encodeQuotedPrintable(bytes, { header: true });
  const encoding = wanted ??
    (quoted.length > Math.ceil(bytes.length / 3) * 4 ? "B" : "Q");
  const room = LONGEST_WORD - `${BEGIN}${encoding}??=`.length;
  const encode = encoding === "Q"
    ? (part: Uint8Array) => encodeQuotedPrintable(part, { header: true })
    : (part: Uint8Array) => encodeBase64(part);
  const most = Math.floor(room / 4) * 3;
  const words: string[] = [];
  let start = 0;
  while (start < bytes.length) {
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
