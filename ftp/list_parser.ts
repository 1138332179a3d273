import { type DateOrder, dateOrder } from "./list_dates.ts";
import { isDosHeader, parseDos } from "./list_dos.ts";
import { parseEplf } from "./list_eplf.ts";
import { parseMlsxListed, withoutLineEnd } from "./list_mlsx.ts";
import { isMvsHeader, parseMvs, parseMvsName } from "./list_mvs.ts";
import { parseNetWare } from "./list_netware.ts";
import { isNonStopHeader, parseNonStop } from "./list_nonstop.ts";
import { parseOs400 } from "./list_os400.ts";
import { isUnixHeader, parseUnix } from "./list_unix.ts";
import { isVmsHeader, isVmsName, parseVms } from "./list_vms.ts";
import type { FtpEntry } from "./types.ts";

interface Dialect {
  parse(line: string, now: Date, order?: DateOrder): FtpEntry | undefined;
  /** Whether a line frames the listing and names nothing. */
  isHeader?(line: string): boolean;
  /** Reads what only means something once the dialect is known. */
  parseRest?(line: string): FtpEntry | undefined;
  /** Whether its numeric dates want a look at the whole listing. */
  hasNumericDates?: boolean;
}

// The first that understands a line has it, so the strict come first.
const DIALECTS: readonly Dialect[] = [
  { parse: parseUnix, isHeader: isUnixHeader },
  { parse: parseMlsxListed },
  { parse: parseEplf },
  { parse: parseNetWare },
  { parse: parseDos, isHeader: isDosHeader, hasNumericDates: true },
  { parse: parseVms, isHeader: isVmsHeader },
  { parse: parseOs400, hasNumericDates: true },
  { parse: parseMvs, isHeader: isMvsHeader, parseRest: parseMvsName },
  { parse: parseNonStop, isHeader: isNonStopHeader },
];

/**
 * Parses the lines of a LIST reply, whose form RFC 959 section 4.1.3 leaves
 * to the server: Unix (`ls -l` in its many variants), DOS and IIS, EPLF,
 * NetWare, OpenVMS, z/OS, z/VM, IBM i, NonStop, OS/2, VxWorks, MLSD.
 *
 * The first line that any of them understands chooses; a line which the
 * chosen one does not understand is tried with the others. What none
 * understands is kept, as an entry of type `"unknown"` whose name is the
 * line. Headings, sums, blank lines, `.` and `..` give no entry. Names hold no
 * slash: of a path, the last segment is the name.
 *
 * Times without a zone are read as UTC. Dates without a year are the most
 * recent that are not later than a day after `now`. A date that does not
 * exist is left out, as is a size that is not given in bytes (OpenVMS gives
 * blocks: its sizes are rounded up to 512 bytes). Device nodes, pipes and
 * sockets are of type `"unknown"` under their own name.
 *
 * Nothing is thrown for any line.
 *
 * @example
 * ```ts
 * import { parseList } from "@wireline/std/ftp";
 * import { assertEquals } from "jsr:@std/assert@^1.0.0";
 *
 * const [directory, file] = parseList([
 *   "total 8",
 *   "drwxr-xr-x    2 ftp      ftp          4096 Mar 02 10:15 pub",
 *   "-rw-r--r--    1 ftp      ftp          1234 Jan 05  2023 read me.txt",
 * ], { now: new Date("2024-03-10T12:00:00Z") });
 * assertEquals(directory?.type, "directory");
 * assertEquals(directory?.modified, new Date("2024-03-02T10:15:00Z"));
 * assertEquals(file?.name, "read me.txt");
 * assertEquals(file?.size, 1234);
 * ```
 */
export function parseList(
  lines: Iterable<string>,
  o: { now?: Date } = {},
): FtpEntry[] {
  const now = o.now ?? new Date();
  const all: string[] = [];
  for (const line of lines) all.push(withoutLineEnd(line));
  const chosen = choose(all, now);
  const order = chosen?.hasNumericDates ? dateOrder(all, now) : undefined;
  const entries: FtpEntry[] = [];
  for (let i = 0; i < all.length; i++) {
    const line = all[i]!;
    let found = chosen?.parse(line, now, order);
    if (found === undefined) {
      if (isHeading(line)) continue;
      const next = all[i + 1];
      if (next !== undefined && isVmsName(line)) {
        found = parseVms(`${line}\n${next}`, now);
        if (found !== undefined) i++;
      }
      found ??= chosen?.parseRest?.(line) ?? parseAny(line, now) ??
        { name: line, type: "unknown", raw: line };
    }
    if (!isSelfOrParent(found)) entries.push(found);
  }
  return entries;
}

function choose(lines: readonly string[], now: Date): Dialect | undefined {
  for (let i = 0; i < lines.length; i++) {
    const line = lines[i]!;
    for (const dialect of DIALECTS) {
      if (dialect.isHeader?.(line) || dialect.parse(line, now)) return dialect;
    }
  }
  return undefined;
}

function parseAny(line: string, now: Date): FtpEntry | undefined {
  for (const dialect of DIALECTS) {
    const found = dialect.parse(line, now);
    if (found !== undefined) return found;
  }
  return undefined;
}

function isHeading(line: string): boolean {
  return line.trim() === "" ||
    DIALECTS.some((dialect) => dialect.isHeader?.(line));
}

// Servers list them with `ls -a`; a walk over the tree would never end.
function isSelfOrParent(found: FtpEntry): boolean {
  if (found.name === "." || found.name === "..") return true;
  const type = found.facts?.type?.toLowerCase();
  return type === "cdir" || type === "pdir";
}
