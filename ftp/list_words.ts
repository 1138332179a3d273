import type { FtpEntry } from "./types.ts";

/**
 * Where the words of a line begin and end: `[start, end, start, end, ...]`.
 *
 * No pattern is used, here or in any dialect, where a run of blanks can be
 * tried at more than one place: a hostile server sends a line of a million
 * blanks. `max` bounds the work on a line that is all short words.
 */
export function words(line: string, from: number, max: number): number[] {
  const found: number[] = [];
  let at = from;
  while (found.length < max * 2) {
    while (at < line.length && isBlank(line.charCodeAt(at))) at++;
    if (at >= line.length) break;
    found.push(at);
    while (at < line.length && !isBlank(line.charCodeAt(at))) at++;
    found.push(at);
  }
  return found;
}

/** Word number `i` of what {@linkcode words} found; empty past the last. */
export function word(line: string, at: number[], i: number): string {
  const start = at[i * 2];
  return start === undefined ? "" : line.slice(start, at[i * 2 + 1]);
}

export function isBlank(code: number): boolean {
  // LF too: the two lines of a wrapped VMS entry come joined by one.
  return code === 0x20 || code === 0x09 || code === 0x0a;
}

export function isDigit(code: number): boolean {
  return code >= 0x30 && code <= 0x39;
}

export function isDigits(text: string): boolean {
  for (let i = 0; i < text.length; i++) {
    if (!isDigit(text.charCodeAt(i))) return false;
  }
  return text.length > 0;
}

/** Where the blanks that begin at `from` end. */
export function skipBlanks(line: string, from: number): number {
  while (from < line.length && isBlank(line.charCodeAt(from))) from++;
  return from;
}

const SIZE = /^(\d{1,20})(?:[.,](\d{1,2}))?([kmgt])b?$/i;
const GROUPED = /^\d{1,3}(?:[.,'\u2019\u00a0\u202f]\d{3}){1,6}$/;
const DEVICE = /^(?:\d{1,9},\d{1,9}|0x[\da-f]{1,16})$/i;
const UNITS = "kmgt";

/** Whether the word can stand in a size column, as a device's numbers do. */
export function isSize(text: string): boolean {
  if (isDigits(text)) return true;
  return text.length <= 32 && isDigit(text.charCodeAt(0)) &&
    (GROUPED.test(text) || SIZE.test(text) || DEVICE.test(text));
}

/**
 * The size which a word gives: `"1234"`, `"1,234"`, `"33.5k"`.
 *
 * A number too large to be exact is left out, as half a size is worse than
 * none to whoever compares it with what was transferred.
 */
export function size(text: string): number | undefined {
  let value: number;
  if (isDigits(text)) {
    value = Number(text);
  } else if (text.length > 32) {
    return undefined;
  } else if (GROUPED.test(text)) {
    value = Number(text.replace(/\D/g, ""));
  } else {
    const part = SIZE.exec(text);
    if (part === null) return undefined;
    const power = UNITS.indexOf(part[3]!.toLowerCase()) + 1;
    value = Math.floor(Number(`${part[1]}.${part[2] ?? 0}`) * 1024 ** power);
  }
  return Number.isSafeInteger(value) ? value : undefined;
}

/**
 * The last segment of a name. Some servers list whole paths, and `ls -p`
 * puts a slash after a directory; a name itself holds no slash on any system
 * listed here, and a caller who joins it to a local directory must not be
 * handed one.
 */
export function lastSegment(name: string): string {
  if (name.indexOf("/") < 0) return name;
  let end = name.length;
  while (end > 1 && name.charCodeAt(end - 1) === 0x2f) end--;
  const start = name.lastIndexOf("/", end - 1);
  return end === 1 && start === 0 ? "/" : name.slice(start + 1, end);
}

/** The fields of an entry which a line may lack. */
export type Details = {
  [K in Exclude<keyof FtpEntry, "name" | "type" | "raw">]?:
    | FtpEntry[K]
    | undefined;
};

/** An entry without the fields that are undefined. */
export function entry(
  raw: string,
  name: string,
  type: FtpEntry["type"],
  details: Details = {},
): FtpEntry | undefined {
  name = lastSegment(name);
  if (name === "") return undefined;
  const made: FtpEntry = { name, type, raw };
  if (details.size !== undefined) made.size = details.size;
  if (details.modified !== undefined) made.modified = details.modified;
  if (details.permissions) made.permissions = details.permissions;
  if (details.owner) made.owner = details.owner;
  if (details.group) made.group = details.group;
  if (details.target) made.target = details.target;
  if (details.facts !== undefined) made.facts = details.facts;
  return made;
}
