import { decodeText, splitLines } from "./ascii.ts";
import { Download } from "./download.ts";
import { FtpError } from "./ftp_error.ts";
import { parseMlsx } from "./list_mlsx.ts";
import { parseList } from "./list_parser.ts";
import { baseName, parentOf } from "./remote_path.ts";
import { parseQuotedPath } from "./replies.ts";
import type { Session } from "./session.ts";
import type { FtpEntry } from "./types.ts";

/** The lines of LIST. */
export function dirLines(session: Session, path?: string): Promise<string[]> {
  return collectLines(session, withPath("LIST", path), "A");
}

/** The names of NLST. */
export async function nameList(
  session: Session,
  path?: string,
): Promise<string[]> {
  return await collectLines(session, withPath("NLST", path), "A");
}

/** The entries of a directory by the best way the server has. */
export async function listDirectory(
  session: Session,
  path?: string,
): Promise<FtpEntry[]> {
  const features = await session.features();
  // MLSD has no feature line of its own (RFC 3659 section 7.8).
  if (features.has("MLST")) {
    const command = path === undefined ? "MLSD" : `MLSD ${path}`;
    const entries = (await collectLines(session, command, undefined))
      .map(parseMlsx);
    return entries.filter(({ name, facts }) =>
      !/^[cp]dir$/i.test(facts?.type ?? "") && name !== "." && name !== ".."
    );
  }
  if (path === undefined || !isRisky(path)) {
    return parseList(await listAll(session, path));
  }
  return await inDirectory(
    session,
    path,
    async () => parseList(await listAll(session)),
  );
}

/** The entry of one path. */
export async function statPath(
  session: Session,
  path: string,
): Promise<FtpEntry> {
  const features = await session.features();
  if (features.has("MLST")) {
    const reply = await session.command(`MLST ${path}`);
    const line = reply.lines.find((one) => one.includes("="));
    if (line !== undefined) {
      return { ...parseMlsx(line.replace(/^ /, "")), name: baseName(path) };
    }
  }
  const name = baseName(path);
  // A root has no directory to be looked up in.
  if (name === "" || name === "." || name === "..") {
    await inDirectory(session, path, () => Promise.resolve());
    return { name: name || "/", type: "directory", raw: "" };
  }
  const entries = await listDirectory(session, parentOf(path));
  const found = entries.find((entry) => entry.name === name);
  if (found) return found;
  const text = `${path}: not in the listing of its directory`;
  throw new FtpError({ code: 550, lines: [text], text }, `find ${path}`);
}

/**
 * Runs in another working directory and comes back, whatever happens. Errors
 * with the server's refusal where there is no such directory.
 */
export async function inDirectory<T>(
  session: Session,
  path: string,
  run: () => Promise<T>,
): Promise<T> {
  const here = parseQuotedPath(await session.command("PWD"));
  await session.command(`CWD ${path}`);
  try {
    return await run();
  } finally {
    if (here !== undefined && !session.control.connection.closed) {
      await session.command(`CWD ${here}`);
    }
  }
}

/** Whether a path is a directory that can be entered. */
export async function isDirectory(
  session: Session,
  path: string,
): Promise<boolean> {
  try {
    return await inDirectory(session, path, () => Promise.resolve(true));
  } catch (error) {
    if (error instanceof FtpError && error.code !== 421) return false;
    throw error;
  }
}

/** LIST with the names that begin with a dot, where the server takes `-a`. */
async function listAll(session: Session, path?: string): Promise<string[]> {
  if (session.listOption !== "") {
    try {
      const command = withPath("LIST -a", path);
      const lines = await collectLines(session, command, "A");
      // A server without options looks for a file "-a" and finds nothing.
      if (lines.length > 0) {
        session.listOption = "-a";
        return lines;
      }
      if (session.listOption === "-a") return lines;
    } catch (error) {
      if (!(error instanceof FtpError)) throw error;
      // Of the command, and not of the data connection.
      if (![450, 500, 501, 502, 504, 550].includes(error.code)) throw error;
    }
  }
  const lines = await collectLines(session, withPath("LIST", path), "A");
  if (lines.length > 0) session.listOption ??= "";
  return lines;
}

/**
 * Names that LIST would take for options or patterns: whoever enters the
 * directory first does not have to write them.
 */
function isRisky(path: string): boolean {
  return /^-|[\s*?[\]{}~]/.test(path);
}

function withPath(command: string, path: string | undefined): string {
  if (path === undefined || path === "") return command;
  return `${command} ${path.startsWith("-") ? "./" : ""}${path}`;
}

async function collectLines(
  session: Session,
  command: string,
  type: "A" | undefined,
): Promise<string[]> {
  await session.useUtf8();
  const { encoding = "utf-8", limits } = session.options.reach.setup;
  const download = await Download.open(session, { command, type });
  const bytes = await download.collect(limits.listing);
  return splitLines(decodeText(bytes, encoding));
}
