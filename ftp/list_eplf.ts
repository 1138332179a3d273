import { entry, isDigits, size } from "./list_words.ts";
import type { FtpEntry } from "./types.ts";

/**
 * One line of the Easily Parsed LIST Format (https://cr.yp.to/ftp/list/eplf.html):
 * a plus, facts ending in commas, a tab, the name.
 */
export function parseEplf(line: string): FtpEntry | undefined {
  if (line[0] !== "+") return undefined;
  const tab = line.indexOf("\t");
  if (tab < 0) return undefined;
  let isFile = false;
  let isDirectory = false;
  let bytes: number | undefined;
  let modified: Date | undefined;
  let permissions: string | undefined;
  for (const fact of line.slice(1, tab).split(",")) {
    const value = fact.slice(1);
    if (fact === "/") isDirectory = true;
    else if (fact === "r") isFile = true;
    else if (fact[0] === "s" && isDigits(value)) bytes = size(value);
    else if (fact[0] === "m" && value.length < 12 && isDigits(value)) {
      modified = new Date(Number(value) * 1000);
    } else if (fact.startsWith("up")) permissions = fact.slice(2);
  }
  // What can be entered and retrieved is listed with both; entering it is
  // what a walk over the tree needs.
  const type = isDirectory ? "directory" : isFile ? "file" : "unknown";
  return entry(line, line.slice(tab + 1), type, {
    size: bytes,
    modified,
    permissions,
  });
}
