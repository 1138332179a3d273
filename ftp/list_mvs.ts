import { clock, dayOf, moment } from "./list_dates.ts";
import { entry, isDigits, size, word, words } from "./list_words.ts";
import type { FtpEntry } from "./types.ts";

const HEADER =
  /^\s{0,8}(?:Volume\s{1,8}Unit\s{1,8}Referred\s|Name\s{1,8}VV\.MM\s|Name\s{1,8}Size\s{1,8}TTR\s|JOBNAME\s{1,8}JOBID\s)/;

/** Whether the line is a heading of datasets, members or jobs. */
export function isMvsHeader(line: string): boolean {
  return line.length < 400 && HEADER.test(line);
}

const ORGANIZATION =
  /^(?:PS|PSU|PS-E|PS-L|PO|POU|PO-E|DA|DAU|IS|ISU|VS|VSAM|HFS|ZFS|PATH|GDG)$/;
const MEMBER = /^[A-Z@#$][A-Z0-9@#${]{0,7}$/;

/**
 * One line of z/OS: a dataset, or a member of one; also a file of z/VM.
 *
 * Partitioned datasets are directories. Datasets have neither a size in
 * bytes nor a time of change: "Used" counts tracks of a device and
 * "Referred" is the day of the last use, so that both stay out. The same is
 * true of a member's "Size", which counts lines.
 */
export function parseMvs(line: string, now: Date): FtpEntry | undefined {
  const at = words(line, 0, 12);
  const count = at.length / 2;
  if (count < 2) return undefined;
  return dataset(line, at, count) ?? member(line, at, now) ??
    loadModule(line, at, count) ?? virtualMachine(line, at, now);
}

/**
 * A member without statistics is its name alone, which any line can be: for
 * listings known to be of this kind.
 */
export function parseMvsName(line: string): FtpEntry | undefined {
  const name = line.length < 400 ? line.trim() : "";
  return MEMBER.test(name) ? entry(line, name, "file") : undefined;
}

// Volume Unit Referred Ext Used Recfm Lrecl BlkSz Dsorg Dsname
function dataset(
  line: string,
  at: number[],
  count: number,
): FtpEntry | undefined {
  const first = word(line, at, 0);
  const last = word(line, at, count - 1);
  if (at[at.length - 1] !== line.trimEnd().length) return undefined;
  const name = /^'[^']+'$/.test(last) ? last.slice(1, -1) : last;
  // What is not at hand on a disk: migrated, on tape, a catalog entry.
  const between = line.slice(at[1]!, at[(count - 1) * 2]!).trim();
  if (count === 2) {
    return first === "Migrated" || first === "GDG"
      ? entry(line, name, "file")
      : undefined;
  }
  if (first === "Pseudo" && between === "Directory") {
    return entry(line, name, "directory");
  }
  if (first === "Error" && between === "determining attributes") {
    return entry(line, name, "unknown");
  }
  if (!/^[A-Z0-9@#$]{1,6}$/.test(first)) return undefined;
  if (/^(?:Not Direct Access Device|Not Mounted|Tape)$/i.test(between)) {
    return entry(line, name, "file");
  }
  const organization = word(line, at, count - 2);
  if (!ORGANIZATION.test(organization)) return undefined;
  if (!/^[0-9A-F]{4}$/i.test(word(line, at, 1))) return undefined;
  if (
    count > 4 && !/^(?:\d{4}\/\d\d\/\d\d|\*\*NONE\*\*)$/.test(
      word(line, at, 2),
    )
  ) return undefined;
  const isDirectory = organization.startsWith("PO");
  return entry(line, name, isDirectory ? "directory" : "file");
}

// Name VV.MM Created Changed Size Init Mod Id
function member(line: string, at: number[], now: Date): FtpEntry | undefined {
  if (!/^\d\d\.\d\d$/.test(word(line, at, 1))) return undefined;
  const day = dayOf(word(line, at, 3), now);
  const time = clock(word(line, at, 4));
  if (day === undefined || time === undefined) return undefined;
  return entry(line, word(line, at, 0), "file", {
    modified: moment(day, time),
  });
}

// Name Size TTR Alias-of AC Attributes Amode Rmode, the size in hexadecimal
function loadModule(
  line: string,
  at: number[],
  count: number,
): FtpEntry | undefined {
  const [bytes, place] = [word(line, at, 1), word(line, at, 2)];
  const isHex = /^[0-9A-F]{6,8}$/;
  if (count < 4 || !isHex.test(bytes) || !isHex.test(place)) return undefined;
  return entry(line, word(line, at, 0), "file", { size: parseInt(bytes, 16) });
}

// Name Type Format Lrecl Records Blocks Date Time Label
function virtualMachine(
  line: string,
  at: number[],
  now: Date,
): FtpEntry | undefined {
  const cells = [3, 4, 5].map((i) => word(line, at, i));
  const day = dayOf(word(line, at, 6), now);
  const time = clock(word(line, at, 7));
  if (day === undefined || time === undefined) return undefined;
  const format = word(line, at, 2);
  const name = `${word(line, at, 0)}.${word(line, at, 1)}`;
  const modified = moment(day, time);
  if (!/^[FV]$/.test(format) || !cells.every(isDigits)) return undefined;
  // Only records of fixed length add up to a size.
  const [length, records] = cells.map(size);
  return entry(line, name, "file", {
    size: format === "F" ? length! * records! : undefined,
    modified,
  });
}
