import { findColumns } from "./list_columns.ts";
import { entry, isBlank, skipBlanks } from "./list_words.ts";
import type { FtpEntry } from "./types.ts";

/**
 * One line of a Novell server: `d [RWCEAFMS] owner 512 Jan 17 17:54 name`.
 *
 * The letters in brackets are the rights of whoever asked, not a mode, and
 * are kept as `permissions`. There is no link count, so that a numeric owner
 * is one, and the name is padded: NetWare names cannot begin with a blank.
 */
export function parseNetWare(line: string, now: Date): FtpEntry | undefined {
  const kind = line[0];
  if (kind !== "d" && kind !== "-") return undefined;
  const open = skipBlanks(line, 1);
  if (line[open] !== "[") return undefined;
  let close = open + 1;
  while (/^[A-Z-]$/.test(line.charAt(close)) && close < open + 14) close++;
  if (line[close] !== "]" || close === open + 1) return undefined;
  if (!isBlank(line.charCodeAt(close + 1))) return undefined;
  const columns = findColumns(line, close + 1, now, false);
  if (columns === undefined) return undefined;
  const name = columns.name.slice(skipBlanks(columns.name, 0));
  return entry(line, name, kind === "d" ? "directory" : "file", {
    ...columns,
    permissions: line.slice(open + 1, close),
  });
}
