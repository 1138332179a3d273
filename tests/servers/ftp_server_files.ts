/**
 * The files of {@linkcode FtpServer}: paths that stay within a root, and the
 * three ways of describing an entry (`ls -l`, names, RFC 3659 facts).
 *
 * @module
 */

import { createHash } from "node:crypto";
import { crc32 } from "node:zlib";

/** A file, directory or link as a listing shows it. */
export interface Entry {
  name: string;
  type: "file" | "dir" | "link" | "other";
  /** What a link points to. */
  target?: string;
  size: number;
  mode: number;
  links: number;
  modified: Date;
  /** Tells two entries apart, RFC 3659 section 7.5.2. */
  unique: string;
}

/** The facts of MLSD and MLST, in the order they are sent. */
export const FACTS = ["type", "size", "modify", "perm", "unique", "UNIX.mode"];

const SEPARATOR = Deno.build.os === "windows" ? "\\" : "/";

/**
 * Makes a path absolute and removes `.` and `..`, which never lead above `/`.
 *
 * @param directory The current directory, absolute.
 * @param path What the client said.
 */
export function resolvePath(directory: string, path: string): string {
  const parts: string[] = [];
  const whole = path.startsWith("/") ? path : `${directory}/${path}`;
  for (const part of whole.split("/")) {
    if (part === "..") parts.pop();
    else if (part !== "" && part !== ".") parts.push(part);
  }
  return "/" + parts.join("/");
}

/** The last part of an absolute path, `/` for the root. */
export function baseName(path: string): string {
  return path.slice(path.lastIndexOf("/") + 1) || "/";
}

/** A directory on the disk that clients see as `/` and cannot leave. */
export class FileTree {
  /** The real path of the root. */
  readonly root: string;

  /** Expects a path that `Deno.realPath` has given. */
  constructor(root: string) {
    this.root = root;
  }

  /**
   * The place of an entry itself, a link not followed. The directory it is in
   * must exist; it need not.
   */
  async entryPath(path: string): Promise<string> {
    if (path === "/") return this.root;
    const name = baseName(path);
    // On Windows these would name a drive, a stream or a deeper path.
    if (Deno.build.os === "windows" && /[\\:]/.test(name)) {
      throw new Deno.errors.NotFound(`Cannot use the name "${name}"`);
    }
    const parent = path.slice(0, -name.length - 1);
    const local = await this.#confined(this.root + parent);
    return local.endsWith(SEPARATOR) ? local + name : local + SEPARATOR + name;
  }

  /** The place of something that exists, links followed. */
  async existingPath(path: string): Promise<string> {
    return await this.#confined(await this.entryPath(path));
  }

  /** The place for a file that is to be made or replaced, links followed. */
  async writablePath(path: string): Promise<string> {
    const local = await this.entryPath(path);
    try {
      await Deno.lstat(local);
    } catch (error) {
      if (error instanceof Deno.errors.NotFound) return local;
      throw error;
    }
    return await this.#confined(local);
  }

  /** The place of an existing plain file. */
  async filePath(path: string): Promise<string> {
    const local = await this.existingPath(path);
    if (!(await Deno.stat(local)).isFile) {
      throw new Deno.errors.IsADirectory(`"${path}" is not a plain file`);
    }
    return local;
  }

  /** Describes one entry, a link not followed. */
  async entry(path: string): Promise<Entry> {
    return await describe(await this.entryPath(path), baseName(path));
  }

  /** Describes what is in a directory, sorted by name. */
  async list(path: string): Promise<Entry[]> {
    const local = await this.existingPath(path);
    const names: string[] = [];
    for await (const { name } of Deno.readDir(local)) names.push(name);
    names.sort();
    const entries = await Promise.all(
      names.map((name) => describe(local + SEPARATOR + name, name)),
    );
    return entries;
  }

  async #confined(local: string): Promise<string> {
    const real = await Deno.realPath(local);
    const inside = this.root.endsWith(SEPARATOR)
      ? this.root
      : this.root + SEPARATOR;
    if (real !== this.root && !real.startsWith(inside)) {
      throw new Deno.errors.NotFound("No such file or directory");
    }
    return real;
  }
}

async function describe(local: string, name: string): Promise<Entry> {
  const info = await Deno.lstat(local);
  const type = info.isSymlink
    ? "link"
    : info.isDirectory
    ? "dir"
    : info.isFile
    ? "file"
    : "other";
  return {
    name,
    type,
    ...(info.isSymlink && { target: await Deno.readLink(local) }),
    size: info.size,
    // Windows has no modes.
    mode: (info.mode ?? (info.isDirectory ? 0o755 : 0o644)) & 0o7777,
    links: info.nlink ?? 1,
    modified: info.mtime ?? new Date(0),
    unique: `${info.dev.toString(16)}g${(info.ino ?? 0).toString(16)}`,
  };
}

const MONTHS = "Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec".split(" ");
const HALF_A_YEAR = 183 * 24 * 3_600_000;

/**
 * A line of `ls -l` in the C locale and UTC. As `ls` does, it gives the time of
 * day within half a year before `now`, and the year otherwise.
 */
export function formatUnix(entry: Entry, now: Date): string {
  const { modified: date } = entry;
  const kind = { file: "-", dir: "d", link: "l", other: "p" }[entry.type];
  const rights = ["r", "w", "x", "r", "w", "x", "r", "w", "x"]
    .map((letter, i) => entry.mode & (0o400 >> i) ? letter : "-").join("");
  const age = now.getTime() - date.getTime();
  const recent = age >= 0 && age < HALF_A_YEAR;
  const when = recent
    ? date.toISOString().slice(11, 16)
    : String(date.getUTCFullYear()).padStart(5);
  const day = String(date.getUTCDate()).padStart(2);
  const arrow = entry.target === undefined ? "" : ` -> ${entry.target}`;
  return `${kind}${rights} ${
    String(entry.links).padStart(4)
  } ftp      ftp      ` +
    `${String(entry.size).padStart(12)} ${MONTHS[date.getUTCMonth()]} ${day} ` +
    `${when} ${entry.name}${arrow}`;
}

/** The chosen facts of RFC 3659 section 7.2, a space and the name. */
export function formatFacts(
  entry: Entry,
  facts: readonly string[],
  name = entry.name,
  type: string = {
    file: "file",
    dir: "dir",
    link: `OS.unix=slink:${entry.target}`,
    other: "OS.unix=other",
  }[entry.type],
): string {
  const values: Record<string, string | undefined> = {
    type,
    size: entry.type === "file" ? String(entry.size) : undefined,
    modify: formatTime(entry.modified),
    perm: entry.type === "dir" ? "cdeflmp" : "adfrw",
    unique: entry.unique,
    "UNIX.mode": "0" + entry.mode.toString(8).padStart(3, "0"),
  };
  const pairs = facts.filter((fact) => values[fact] !== undefined)
    .map((fact) => `${fact}=${values[fact]};`);
  return `${pairs.join("")} ${name}`;
}

/** RFC 3659 section 2.3: `YYYYMMDDHHMMSS`, always UTC. */
export function formatTime(date: Date): string {
  return date.toISOString().slice(0, 19).replace(/[-:T]/g, "");
}

/** The inverse of {@linkcode formatTime}; `undefined` when it is not a time. */
export function parseTime(text: string): Date | undefined {
  const parts = /^(\d{4})(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)(\.\d+)?$/.exec(text);
  if (!parts) return undefined;
  const [, year, month, day, hour, minute, second, fraction = ""] = parts;
  const date = new Date(
    `${year}-${month}-${day}T${hour}:${minute}:${second}${
      fraction.slice(0, 4)
    }Z`,
  );
  return Number.isNaN(date.getTime()) ? undefined : date;
}

/** Hash names of HASH against those of `node:crypto`. */
const DIGESTS: Record<string, string> = {
  "SHA-1": "sha1",
  "SHA-256": "sha256",
  "SHA-512": "sha512",
  "MD5": "md5",
};

/** Hashes part of a file; `CRC32` is an algorithm too. */
export async function hashFile(
  local: string,
  algorithm: string,
  start = 0,
  end = Infinity,
): Promise<string> {
  const name = DIGESTS[algorithm];
  const hash = name === undefined ? undefined : createHash(name);
  let crc = 0;
  using file = await Deno.open(local);
  await file.seek(start, Deno.SeekMode.Start);
  const buffer = new Uint8Array(256 * 1024);
  for (let left = end - start; left > 0;) {
    const count = await file.read(
      buffer.subarray(0, Math.min(left, buffer.length)),
    );
    if (count === null) break;
    left -= count;
    const chunk = buffer.subarray(0, count);
    if (hash) hash.update(chunk);
    else crc = crc32(chunk, crc);
  }
  return hash ? hash.digest("hex") : crc.toString(16).padStart(8, "0");
}
