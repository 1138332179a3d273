import { dateAt, findColumns } from "./list_columns.ts";
import {
  entry,
  isBlank,
  isDigit,
  isDigits,
  size,
  skipBlanks,
  word,
  words,
} from "./list_words.ts";
import type { FtpEntry } from "./types.ts";

// `ls` gives the blocks of the whole directory in the server's language.
const TOTAL =
  /^(?:total|totale|totaal|insgesamt|summe|итого|合計|总用量|總計|합계) {0,8}\d[\d.,]{0,19}[kKMGTB]?\s{0,8}$/;

/** Whether the line only counts blocks: `total 12`. */
export function isUnixHeader(line: string): boolean {
  return line.length < 80 && TOTAL.test(line);
}

/**
 * One line of `ls -l` in any of its variants.
 *
 * Device nodes, pipes, sockets and doors are understood, but are neither
 * files nor directories: their type is "unknown", their name is their own.
 * An `l` line is a link whatever its target; the marks of `ls -F` are not
 * interpreted, as `x*` is also a good name.
 */
export function parseUnix(line: string, now: Date): FtpEntry | undefined {
  let at = skipBlanks(line, 0);
  // `ls -is` puts an inode and a number of blocks in front.
  for (let i = 0; i < 2 && isDigit(line.charCodeAt(at)); i++) {
    let end = at;
    while (isDigit(line.charCodeAt(end))) end++;
    if (!isBlank(line.charCodeAt(end))) break;
    const next = skipBlanks(line, end);
    if (!isDigit(line.charCodeAt(next)) && modeEnd(line, next) < 0) break;
    at = next;
  }
  const end = modeEnd(line, at);
  if (end < 0) return parseVShell(line, now) ?? parseNumeric(line);

  const details = findColumns(line, end, now, true);
  if (details === undefined) return undefined;
  const kind = line[at]!;
  const permissions = line.slice(at + 1, end);
  const name = details.name;
  details.permissions = permissions;
  if (kind === "l") return link(line, name, details);
  if (kind === "b" || kind === "c") details.size = undefined;
  if (permissions.length > 10) {
    // Connect:Enterprise: flags and protocol, a letter, the mailbox, the
    // batch's number.
    const mailbox = words(line, end, 2);
    details.owner = word(line, mailbox, 1);
    details.group = undefined;
  }
  const type = kind === "d"
    ? "directory"
    : kind === "-" || kind === "f"
    ? "file"
    : "unknown";
  return entry(line, name, type, details);
}

// By character code, as these are asked for eleven times a line.
const KINDS = codes("-dlbcpsDfnPwmMC?");
const BITS = codes("-rwxsStTlL");
const MARKS = codes("+.@*-");

function codes(text: string): readonly boolean[] {
  const table = new Array<boolean>(128).fill(false);
  for (const char of text) table[char.charCodeAt(0)] = true;
  return table;
}

// Where the mode at `at` ends, or -1: ten characters, and a mark for an ACL
// or a security label. QUIRK: a long link count can touch the mark.
function modeEnd(line: string, at: number): number {
  if (!KINDS[line.charCodeAt(at)]) return -1;
  let i = at + 1;
  while (i < at + 10 && BITS[line.charCodeAt(i)]) i++;
  if (i < at + 10) return flagsEnd(line, at);
  if (MARKS[line.charCodeAt(i)]) i++;
  const next = line.charCodeAt(i);
  return isBlank(next) || isDigit(next) ? i : flagsEnd(line, at);
}

// `-C--E-----FTP`, the batch flags of Connect:Enterprise.
function flagsEnd(line: string, at: number): number {
  if (line[at] !== "-") return -1;
  let i = at + 1;
  for (; i < at + 14; i++) {
    const code = line.charCodeAt(i);
    const isLetter = code >= 0x41 && code <= 0x5a;
    if (!isLetter && !(code === 0x2d && i < at + 10)) break;
  }
  return i >= at + 13 && isBlank(line.charCodeAt(i)) ? i : -1;
}

function link(
  line: string,
  name: string,
  details: { size?: number | undefined; target?: string },
): FtpEntry | undefined {
  let arrow = name.indexOf(" -> ");
  if (arrow < 0) return entry(line, name, "symlink", details);
  // Both sides may hold an arrow. The size of a link is the length of its
  // target, which tells; otherwise it is the first.
  let next = arrow;
  for (let i = 0; i < 8 && next >= 0; i++) {
    if (name.length - next - 4 === details.size) {
      arrow = next;
      break;
    }
    next = name.indexOf(" -> ", next + 1);
  }
  details.target = name.slice(arrow + 4);
  return entry(line, name.slice(0, arrow), "symlink", details);
}

// `4096  Apr 06, 2001 20:07 name`, old VShell: a slash marks directories.
function parseVShell(line: string, now: Date): FtpEntry | undefined {
  const at = words(line, 0, 5);
  if (at.length < 10 || !isDigits(word(line, at, 0))) return undefined;
  if (!word(line, at, 2).endsWith(",")) return undefined;
  const date = dateAt(line, at, 1, now, false);
  if (date?.next !== 5) return undefined;
  const name = line.slice(at[9]! + 1);
  return entry(line, name, name.endsWith("/") ? "directory" : "file", {
    size: size(word(line, at, 0)),
    modified: date.modified,
  });
}

// `0100644 501 102 4096 1700000000 name`: mode, owner, group, size, seconds.
function parseNumeric(line: string): FtpEntry | undefined {
  const at = words(line, 0, 5);
  const cells = [0, 1, 2, 3, 4].map((i) => word(line, at, i));
  const mode = cells[0]!;
  if (!/^0[0-7]{5,6}$/.test(mode) || !cells.every(isDigits)) return undefined;
  const kind = parseInt(mode, 8) & 0o170000;
  const type = kind === 0o100000
    ? "file"
    : kind === 0o040000
    ? "directory"
    : kind === 0o120000
    ? "symlink"
    : "unknown";
  const seconds = Number(cells[4]);
  return entry(line, line.slice(skipBlanks(line, at[9]!)), type, {
    size: size(cells[3]!),
    modified: seconds < 1e11 ? new Date(seconds * 1000) : undefined,
    permissions: mode,
    owner: cells[1],
    group: cells[2],
  });
}
