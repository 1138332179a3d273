import { clock, type DateOrder, dayOf, moment } from "./list_dates.ts";
import { entry, isSize, size, skipBlanks, word, words } from "./list_words.ts";
import type { FtpEntry } from "./types.ts";

const DIRECTORIES = new Set(["*DIR", "*DDIR", "*LIB", "*FLR"]);
const FILES = new Set(["*FILE", "*MEM", "*STMF", "*DSTMF", "*DOC"]);

/**
 * One line of IBM i (OS/400) in its own format:
 * `QSYS  65536 02/24/01 14:08:54 *DIR  name/`.
 *
 * Size and date are missing for members. What is neither a directory nor
 * something to be read as a file, such as a program, is of type "unknown".
 * The order of day, month and year is a setting of the server's job: `order`
 * says it, where the listing as a whole tells.
 */
export function parseOs400(
  line: string,
  now: Date,
  order?: DateOrder,
): FtpEntry | undefined {
  const at = words(line, 0, 8);
  let star = 1;
  while (star * 2 < at.length && line[at[star * 2]!] !== "*") star++;
  const kind = word(line, at, star);
  if (!/^\*[A-Z][A-Z0-9]{1,9}$/.test(kind)) return undefined;

  let modified: Date | undefined;
  let bytes: number | undefined;
  let end = star;
  const time = clock(word(line, at, end - 1));
  const day = dayOf(word(line, at, end - 2), now, order);
  if (time !== undefined && day !== undefined && end > 2) {
    modified = moment(day, time);
    end -= 2;
  }
  if (end > 1 && isSize(word(line, at, end - 1))) {
    bytes = size(word(line, at, --end));
  }
  // The owner is one word; what else is left over was not understood.
  if (end !== 1) return undefined;
  const name = line.slice(skipBlanks(line, at[star * 2 + 1]!));
  const type = DIRECTORIES.has(kind)
    ? "directory"
    : FILES.has(kind)
    ? name.endsWith("/") ? "directory" : "file"
    : kind === "*SYMLNK"
    ? "symlink"
    : "unknown";
  return entry(line, name, type, {
    size: bytes,
    modified,
    owner: word(line, at, 0),
  });
}
