import { basename, dirname, join } from "node:path";

/**
 * Writes a file anew, so that a crash at any point leaves the old one or the new
 * one: into another file beside it, onto the disk, and then into its place. The
 * caller holds the file's lock. The new file keeps the mode of the old one and,
 * as far as the system lets us, its owner. Resolves with the new file, open for
 * reading and writing.
 */
export async function replaceFile(
  path: string,
  write: (file: Deno.FsFile) => Promise<void>,
): Promise<Deno.FsFile> {
  const temporary = join(dirname(path), `.${basename(path)}.rewrite`);
  const file = createAnew(temporary);
  try {
    await write(file);
    keepMode(path, temporary);
    file.syncSync();
    Deno.renameSync(temporary, path);
  } catch (error) {
    file.close();
    removeIfThere(temporary);
    throw error;
  }
  syncDirectory(dirname(path));
  return file;
}

/** What is there was left over by a process that died: we have the lock. */
function createAnew(path: string): Deno.FsFile {
  removeIfThere(path);
  return Deno.openSync(path, {
    createNew: true,
    read: true,
    write: true,
    mode: 0o600,
  });
}

/** Removes a file; nothing happens where there is none. */
export function removeIfThere(path: string): void {
  try {
    Deno.removeSync(path);
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
  }
}

function keepMode(path: string, temporary: string): void {
  if (Deno.build.os === "windows") return;
  let old: Deno.FileInfo;
  try {
    old = Deno.statSync(path);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return;
    throw error;
  }
  const { uid, gid } = Deno.statSync(temporary);
  if (old.uid !== uid || old.gid !== gid) {
    try {
      Deno.chownSync(temporary, old.uid, old.gid);
    } catch (error) {
      // Only root may give a file away; the mail is the same.
      if (!(error instanceof Deno.errors.PermissionDenied)) throw error;
    }
  }
  // Last, since a new owner may take bits away.
  if (old.mode !== null) Deno.chmodSync(temporary, old.mode & 0o7777);
}

/** A new name is on the disk when its directory is. */
export function syncDirectory(path: string): void {
  // Windows does not open directories.
  if (Deno.build.os === "windows") return;
  using directory = Deno.openSync(path);
  directory.syncSync();
}
