import { join } from "node:path";

/**
 * Joins a name that a server gave to a local directory. The name must be one
 * step down, whatever system reads it: no separator of any system, no drive, no
 * way up. Throws an `Error` that quotes the name.
 */
export function safeJoin(directory: string, name: string): string {
  const why = unsafe(name);
  if (why) {
    throw new Error(
      `Cannot use the name ${JSON.stringify(name)} locally: it ${why}`,
    );
  }
  return join(directory, name);
}

function unsafe(name: string): string | undefined {
  if (name === "") return "is empty";
  if (name === "." || name === "..") return "names a directory above";
  if (/[/\\]/.test(name)) return "holds a path separator";
  if (name.includes("\0")) return "holds a NUL";
  if (/^[A-Za-z]:$/.test(name)) return "names a drive";
  if (Deno.build.os !== "windows") return undefined;
  // Windows: drives and streams by a colon, devices in every directory, and
  // names that lose their end.
  if (/[<>:"|?*]/.test(name)) return "holds a character Windows reserves";
  if (/[. ]$/.test(name)) return "ends in a dot or space";
  if (/^(con|prn|aux|nul|com\d|lpt\d)(\..*)?$/i.test(name)) {
    return "names a device";
  }
  return undefined;
}

/**
 * Makes sure that `path` is not a symbolic link, through which a write would
 * leave the directory that it is meant for. True where something is there.
 */
export function refuseSymlink(path: string): boolean {
  try {
    // Not another thread's work: it is over before one could be woken.
    const info = Deno.lstatSync(path);
    if (!info.isSymlink) return true;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return false;
    throw error;
  }
  throw new Error(
    `Cannot write to ${JSON.stringify(path)}: it is a symbolic link`,
  );
}
