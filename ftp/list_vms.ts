import { clock, dayOf, moment } from "./list_dates.ts";
import { entry, isBlank, word, words } from "./list_words.ts";
import type { FtpEntry } from "./types.ts";

const HEADER =
  /^\s{0,8}(?:Directory [^\s[<]{0,200}[[<]\S{1,200}\s{0,8}$|(?:Grand )?total (?:of )?\d{1,9} (?:file|director))/i;

/** Whether the line only frames a listing: `Directory DKA0:[X]`. */
export function isVmsHeader(line: string): boolean {
  return line.length < 400 && HEADER.test(line);
}

/** Whether the line is a name alone, whose columns are on the next line. */
export function isVmsName(line: string): boolean {
  return nameEnd(line) > 0 && line.trimEnd().length === nameEnd(line);
}

const BLOCK = 512;
const BLOCKS = /^(\d{1,12})(?:\/\d{1,12})?$/;
const UNITS = /^(\d{1,9})([KMG])B$/i;
const REFUSED = /%(?:RMS|SYSTEM)-|\bprivilege\b/i;

/**
 * One entry of an OpenVMS server (MultiNet, TCPware, UCX); its columns are
 * in no fixed order, and may be on a second line.
 *
 * The version stays with the name of a file, as DELE asks for it and as more
 * than one can be listed; of `X.DIR;1`, what CWD takes is `X`. The size is
 * listed in blocks of 512 bytes: the file is no longer than it, and less
 * than a block shorter.
 */
export function parseVms(line: string, now: Date): FtpEntry | undefined {
  const end = nameEnd(line);
  if (end < 0) return undefined;
  let name = line.slice(0, end);
  const isDirectory = /\.DIR;\d{1,5}$/i.test(name.slice(-12));
  if (isDirectory) name = name.slice(0, name.lastIndexOf(".")) || name;
  const type = isDirectory ? "directory" : "file";

  let modified: Date | undefined;
  let bytes: number | undefined;
  let owner: string | undefined;
  let group: string | undefined;
  let permissions: string | undefined;
  let hasDate = false;
  const at = words(line, end, 16);
  for (let i = 0; i * 2 < at.length; i++) {
    const cell = word(line, at, i);
    const start = at[i * 2]!;
    if (cell[0] === "(" || cell[0] === "[") {
      // Long owners lose their bracket, and some hold a blank.
      const [close, stop] = cell[0] === "(" ? [")", "\n"] : ["]", "("];
      const limit = line.indexOf(stop, start);
      let last = line.indexOf(close, start);
      if (last < 0 || limit >= 0 && limit < last) {
        last = limit < 0 ? line.length : limit;
      }
      const inside = line.slice(start + 1, last).trim();
      if (close === ")") permissions = inside;
      else if (inside.includes(",")) {
        const comma = inside.indexOf(",");
        group = inside.slice(0, comma).trim();
        owner = inside.slice(comma + 1).trim();
      } else owner = inside;
      while (at[i * 2 + 2] !== undefined && at[i * 2 + 2]! < last) i++;
      continue;
    }
    const blocks = bytes === undefined ? BLOCKS.exec(cell) : null;
    const units = bytes === undefined ? UNITS.exec(cell) : null;
    if (blocks !== null) {
      bytes = Number(blocks[1]) * BLOCK;
    } else if (units !== null) {
      const power = "KMG".indexOf(units[2]!.toUpperCase()) + 1;
      bytes = Number(units[1]) * 1024 ** power;
    } else if (!hasDate && /^\d{1,2}-[^\d-]{3,4}-\d{4}$/.test(cell)) {
      hasDate = true;
      const day = dayOf(cell, now);
      const time = clock(word(line, at, i + 1));
      if (time !== undefined) i++;
      modified = day && moment(day, time ?? 0);
    } else if (owner === undefined && hasDate && !cell.includes(";")) {
      owner = cell;
    } else if (i === 0 && REFUSED.test(line.slice(start, start + 200))) {
      // The server names what it was not allowed to look at.
      return entry(line, name, type);
    } else {
      return undefined;
    }
  }
  if (!hasDate) return undefined;
  const details = { size: bytes, modified, owner, group, permissions };
  return entry(line, name, type, details);
}

// The end of `NAME.EXT;VERSION`, or -1.
function nameEnd(line: string): number {
  let end = 0;
  for (; line[end] !== ";"; end++) {
    if (end >= line.length || isBlank(line.charCodeAt(end))) return -1;
    // Extended names hold blanks and semicolons, escaped by a caret.
    if (line[end] === "^") end++;
  }
  const version = end + 1;
  while (end < line.length && !isBlank(line.charCodeAt(end))) end++;
  const isVersion = version > 1 && end - version <= 6 &&
    /^-?\d{1,5}$/.test(line.slice(version, end));
  return isVersion ? end : -1;
}
