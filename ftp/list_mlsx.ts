import { moment } from "./list_dates.ts";
import { isDigits, lastSegment, size } from "./list_words.ts";
import type { FtpEntry } from "./types.ts";

/**
 * Parses one entry of an MLSD listing or an MLST reply, as RFC 3659 section
 * 7.2 has it: facts, a space, a name.
 *
 * `facts` holds every fact, its name in lower case and its value as sent; it
 * has no prototype, so that a fact may have any name. One space in front, as
 * in an MLST reply, is removed. Of a path, which MLST gives, the last segment
 * is the name. The current directory (`type=cdir`) and its parent
 * (`type=pdir`) are of type `"directory"`; `facts.type` tells them apart.
 *
 * Nothing is thrown: a line that breaks the grammar is an entry of type
 * `"unknown"` whose name is the line.
 *
 * @example
 * ```ts
 * import { parseMlsx } from "@wireline/std/ftp";
 * import { assertEquals } from "jsr:@std/assert@^1.0.0";
 *
 * const entry = parseMlsx(
 *   "type=file;size=1024;modify=20240102101112;UNIX.mode=0644; two words",
 * );
 * assertEquals(entry.name, "two words");
 * assertEquals(entry.size, 1024);
 * assertEquals(entry.modified, new Date("2024-01-02T10:11:12Z"));
 * assertEquals(entry.facts?.["unix.mode"], "0644");
 * ```
 */
export function parseMlsx(line: string): FtpEntry {
  const raw = withoutLineEnd(line);
  const found = parseFacts(raw);
  if (found !== undefined) return found;
  // RFC 3659 allows no facts at all: a space and a name.
  if (raw[0] !== " " || raw.length < 2) {
    return { name: raw, type: "unknown", raw };
  }
  const name = lastSegment(raw.slice(raw[1] === " " ? 2 : 1));
  return { name: name || raw, type: "unknown", raw };
}

/** A line as a LIST line: only where it says what the entry is. */
export function parseMlsxListed(line: string): FtpEntry | undefined {
  const first = line.charCodeAt(0) | 0x20;
  if (first < 0x61 || first > 0x7a) return undefined;
  const found = parseFacts(line);
  return found?.facts?.type === undefined ? undefined : found;
}

/** The line without CR, LF or CRLF at its end. */
export function withoutLineEnd(line: string): string {
  let end = line.length;
  if (line.charCodeAt(end - 1) === 0x0a) end--;
  if (line.charCodeAt(end - 1) === 0x0d) end--;
  return end === line.length ? line : line.slice(0, end);
}

function parseFacts(raw: string): FtpEntry | undefined {
  const line = raw[0] === " " ? raw.slice(1) : raw;
  const end = factsEnd(line);
  if (end < 1 || end + 1 === line.length) return undefined;
  const facts: Record<string, string> = Object.create(null);
  for (const fact of line.slice(0, end).split(";")) {
    if (fact === "") continue;
    const equals = fact.indexOf("=");
    if (equals < 1) return undefined;
    facts[fact.slice(0, equals).toLowerCase()] = fact.slice(equals + 1);
  }

  const [type, target] = typeOf(facts.type ?? "");
  const made: FtpEntry = {
    name: lastSegment(line.slice(end + 1)),
    type,
    facts,
    raw,
  };
  const bytes = facts.size ?? facts.sizd;
  const value = bytes === undefined || !isDigits(bytes)
    ? undefined
    : size(bytes);
  if (value !== undefined) made.size = value;
  const modified = facts.modify && timeValue(facts.modify);
  if (modified) made.modified = modified;
  const mode = facts["unix.mode"];
  if (mode) made.permissions = mode;
  const owner = facts["unix.ownername"] ?? facts["unix.owner"] ??
    facts["unix.uid"];
  if (owner) made.owner = owner;
  const group = facts["unix.groupname"] ?? facts["unix.group"] ??
    facts["unix.gid"];
  if (group) made.group = group;
  if (target) made.target = target;
  return made;
}

// Where the space after the facts is, or -1.
function factsEnd(line: string): number {
  let end = line.indexOf(" ");
  // QUIRK: a server separates by a tab; facts hold neither.
  const tab = line.indexOf("\t");
  if (tab >= 0 && line[tab - 1] === ";" && (end < 0 || tab < end)) end = tab;
  if (end < 1 || line[end - 1] === ";") return end;
  // QUIRK: the target of a link is a fact, and servers do not encode its
  // spaces. The facts then end where a semicolon comes before the space.
  const last = line.slice(line.lastIndexOf(";", end) + 1, end);
  if (!/^type=OS\.unix=s(?:ym)?link:/i.test(last)) return end;
  const later = line.indexOf("; ", end);
  return later < 0 ? end : later + 1;
}

// RFC 3659 section 7.5.1, and the OS-specific types of Unix servers.
function typeOf(value: string): [FtpEntry["type"], string?] {
  const kind = value.toLowerCase();
  if (kind === "file") return ["file"];
  if (kind === "dir" || kind === "cdir" || kind === "pdir") {
    return ["directory"];
  }
  const link = /^os\.unix=(?:slink|symlink)(?::|$)/.exec(kind);
  if (link === null) return ["unknown"];
  return ["symlink", value.slice(link[0].length)];
}

// RFC 3659 section 2.3: YYYYMMDDHHMMSS, always UTC, with any number of
// decimals.
function timeValue(text: string): Date | undefined {
  const whole = text.slice(0, 14);
  if (whole.length < 14 || !isDigits(whole)) return undefined;
  const decimals = text.slice(15, 18);
  if (text.length > 14 && (text[14] !== "." || !isDigits(text.slice(15)))) {
    return undefined;
  }
  const cell = (from: number) => Number(whole.slice(from, from + 2));
  const [hour, minute, second] = [cell(8), cell(10), cell(12)];
  // A leap second has number 60.
  if (hour > 23 || minute > 59 || second > 60) return undefined;
  const time = ((hour * 60 + minute) * 60 + second) * 1000 +
    Number(decimals.padEnd(3, "0"));
  const year = Number(whole.slice(0, 4));
  return moment({ year, month: cell(4), day: cell(6) }, time);
}
