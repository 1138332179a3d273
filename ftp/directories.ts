import { FtpError } from "./ftp_error.ts";
import { isDirectory, listDirectory } from "./listing.ts";
import { joinPath } from "./remote_path.ts";
import type { Session } from "./session.ts";

/** Makes a directory and those above it, where they are not there. */
export async function ensureDir(session: Session, path: string): Promise<void> {
  // Most often only the last is missing, or none is.
  if (await tryMake(session, path)) return;
  const parts = path.split("/");
  for (let end = 1; end < parts.length; end++) {
    const parent = parts.slice(0, end).join("/");
    if (parent !== "" && parent !== ".") await tryMake(session, parent);
  }
  let refusal: FtpError;
  try {
    await session.command(`MKD ${path}`);
    return;
  } catch (error) {
    if (!(error instanceof FtpError) || error.code === 421) throw error;
    refusal = error;
  }
  // "550" is said of a directory that exists as of one that cannot be made.
  if (!await isDirectory(session, path)) throw refusal;
}

async function tryMake(session: Session, path: string): Promise<boolean> {
  try {
    await session.command(`MKD ${path}`);
    return true;
  } catch (error) {
    if (!(error instanceof FtpError) || error.code === 421) throw error;
    return false;
  }
}

/**
 * Removes a directory with all that is in it. What is no directory is deleted
 * by name, so a link goes and what it points to stays.
 */
export async function removeDir(session: Session, path: string): Promise<void> {
  for (const entry of await listDirectory(session, path)) {
    const inner = joinPath(path, entry.name);
    if (entry.name.includes("/")) continue;
    if (entry.type === "directory") await removeDir(session, inner);
    else await session.command(`DELE ${inner}`);
  }
  await session.command(`RMD ${path}`);
}
