/**
 * The commands of {@linkcode FtpServer} that ask about files and change them
 * without a data connection.
 *
 * @module
 */

import {
  type Entry,
  formatFacts,
  formatTime,
  formatUnix,
  hashFile,
  parseTime,
} from "./ftp_server_files.ts";
import { Refusal } from "./ftp_server_refusal.ts";
import type { Command, Session } from "./ftp_server_session.ts";

/** A path as a reply quotes it, RFC 959 appendix II. */
function quote(path: string): string {
  return `"${path.replaceAll('"', '""')}"`;
}

function demand(offered: boolean): void {
  if (!offered) throw new Refusal(502, "Not implemented");
}

async function changeDirectory(session: Session, path: string): Promise<void> {
  const local = await session.context.tree.existingPath(path);
  if (!(await Deno.stat(local)).isDirectory) {
    throw new Refusal(550, "Not a directory");
  }
  session.directory = path;
  await session.reply(250, `Now in ${quote(path)}`);
}

async function makeDirectory(session: Session, name: string): Promise<void> {
  const path = session.path(name);
  await Deno.mkdir(await session.context.tree.entryPath(path));
  await session.reply(257, `${quote(path)} created`);
}

async function removeDirectory(session: Session, name: string): Promise<void> {
  const { tree } = session.context;
  const local = await tree.entryPath(session.path(name));
  if (local === tree.root) throw new Refusal(550, "That is the root");
  if (!(await Deno.lstat(local)).isDirectory) {
    throw new Refusal(550, "Not a directory");
  }
  await Deno.remove(local);
  await session.reply(250, "Removed");
}

async function deleteFile(session: Session, name: string): Promise<void> {
  const local = await session.context.tree.entryPath(session.path(name));
  if ((await Deno.lstat(local)).isDirectory) {
    throw new Refusal(550, "Not a plain file");
  }
  await Deno.remove(local);
  await session.reply(250, "Deleted");
}

async function renameFrom(session: Session, name: string): Promise<void> {
  const local = await session.context.tree.entryPath(session.path(name));
  await Deno.lstat(local);
  session.renameFrom = local;
  await session.reply(350, "RNTO next");
}

async function renameTo(session: Session, name: string): Promise<void> {
  if (session.renameFrom === undefined) throw new Refusal(503, "RNFR first");
  const local = await session.context.tree.entryPath(session.path(name));
  await Deno.rename(session.renameFrom, local);
  await session.reply(250, "Renamed");
}

async function size(session: Session, name: string): Promise<void> {
  demand(session.context.features.size);
  const local = await session.context.tree.filePath(session.path(name));
  // RFC 3659 section 4: the size in the present TYPE, which for ASCII could
  // only be found by reading the file.
  if (session.type === "A") throw new Refusal(550, "SIZE needs TYPE I");
  await session.reply(213, String((await Deno.stat(local)).size));
}

async function modificationTime(session: Session, name: string): Promise<void> {
  demand(session.context.features.mdtm);
  const local = await session.context.tree.filePath(session.path(name));
  const { mtime } = await Deno.stat(local);
  await session.reply(213, formatTime(mtime ?? new Date(0)));
}

async function setModificationTime(
  session: Session,
  argument: string,
): Promise<void> {
  demand(session.context.features.mfmt);
  const [, time = "", name = ""] = /^(\S+) (.+)$/s.exec(argument) ?? [];
  const date = parseTime(time);
  if (!date) throw new Refusal(501, "A time and a path are needed");
  const local = await session.context.tree.existingPath(session.path(name));
  await Deno.utime(local, date, date);
  await session.reply(213, `Modify=${formatTime(date)}; ${name}`);
}

async function describeEntry(session: Session, name: string): Promise<void> {
  demand(session.context.features.mlsd);
  const path = name === "" ? session.directory : session.path(name);
  const entry = await session.context.tree.entry(path);
  const line = formatFacts(entry, session.facts, path);
  await session.reply(250, "Listing:", line, "End");
}

/** STAT with a path: LIST over the control connection. */
export async function statPath(session: Session, name: string): Promise<void> {
  const path = session.path(name.replace(/^-\S+ ?/, "") || ".");
  const { tree } = session.context;
  const entry = await tree.entry(path);
  const entries: Entry[] = entry.type === "dir"
    ? await tree.list(path)
    : [entry];
  const lines = entries.map((each) => formatUnix(each, new Date()));
  const code = entry.type === "dir" ? 212 : 213;
  await session.reply(code, `Status of ${path}:`, ...lines, "End");
}

/** The HASH command of draft-bryan-ftpext-hash-02. */
async function hash(session: Session, name: string): Promise<void> {
  demand(session.context.features.hash.length > 0);
  const local = await session.context.tree.filePath(session.path(name));
  const digest = await hashFile(local, session.hash);
  const { size } = await Deno.stat(local);
  await session.reply(213, `${session.hash} 0-${size} ${digest} ${name}`);
}

/** XSHA256 and its like: a path, quoted if a start and an end follow it. */
function hashWith(algorithm: string): Command {
  return async (session, argument) => {
    demand(session.context.features.hash.includes(algorithm));
    const quoted = /^"((?:[^"]|"")*)"(?: (\d+)(?: (\d+))?)?$/.exec(argument);
    const name = quoted ? quoted[1]!.replaceAll('""', '"') : argument;
    const local = await session.context.tree.filePath(session.path(name));
    const start = Number(quoted?.[2] ?? 0);
    const end = Number(quoted?.[3] ?? Infinity);
    const digest = await hashFile(local, algorithm, start, end);
    await session.reply(250, digest);
  };
}

async function site(session: Session, argument: string): Promise<void> {
  const chmod = /^CHMOD ([0-7]{3,4}) (.+)$/is.exec(argument);
  if (!chmod) {
    if (/^HELP$/i.test(argument)) return await session.reply(214, "CHMOD HELP");
    throw new Refusal(504, "Only SITE CHMOD is known");
  }
  const local = await session.context.tree.existingPath(
    session.path(chmod[2]!),
  );
  await Deno.chmod(local, parseInt(chmod[1]!, 8));
  await session.reply(200, "Mode changed");
}

/** By verb. */
export const FILE_COMMANDS: Record<string, Command> = {
  CWD: (session, name) => changeDirectory(session, session.path(name)),
  CDUP: (session) => changeDirectory(session, session.path("..")),
  PWD: (session) =>
    session.reply(257, `${quote(session.directory)} is the current directory`),
  MKD: makeDirectory,
  RMD: removeDirectory,
  DELE: deleteFile,
  RNFR: renameFrom,
  RNTO: renameTo,
  SIZE: size,
  MDTM: modificationTime,
  MFMT: setModificationTime,
  MLST: describeEntry,
  HASH: hash,
  XSHA1: hashWith("SHA-1"),
  XSHA256: hashWith("SHA-256"),
  XSHA512: hashWith("SHA-512"),
  XMD5: hashWith("MD5"),
  XCRC: hashWith("CRC32"),
  SITE: site,
};
// RFC 1123 section 4.1.3.1: the older names of the same commands.
for (const verb of ["CWD", "MKD", "PWD", "RMD"]) {
  FILE_COMMANDS[`X${verb}`] = FILE_COMMANDS[verb]!;
}
FILE_COMMANDS.XCUP = FILE_COMMANDS.CDUP!;
