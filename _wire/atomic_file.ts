import { dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";

/**
 * Writes a file as a whole or not at all: into a new one beside it, which then
 * takes its place. Who reads it meanwhile has the old one; who loses power has
 * one of both. A link stays, and the file that it leads to is replaced.
 *
 * @param mode The permissions of the new file from its first moment on, such as
 * `0o600`.
 */
export async function writeFileAtomically(
  path: string | URL,
  content: Uint8Array | string,
  mode: number,
): Promise<void> {
  const target = await targetOf(path);
  const bytes = typeof content === "string"
    ? new TextEncoder().encode(content)
    : content;
  if (await isSpecial(target)) {
    // A device or a pipe, which nothing may take the place of.
    using file = await Deno.open(target, { write: true });
    return await writeAll(file, bytes);
  }
  // Its own name could be too long with more in it.
  const part = join(dirname(target), `.${crypto.randomUUID()}`);
  try {
    await writeNew(part, bytes, mode);
    await Deno.rename(part, target);
  } catch (error) {
    await Deno.remove(part).catch(() => {});
    throw error;
  }
}

/** Where links lead to, also where nothing is there yet. */
async function targetOf(path: string | URL): Promise<string> {
  try {
    return await Deno.realPath(path);
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
  }
  const name = typeof path === "string" ? path : fileURLToPath(path);
  try {
    return resolve(dirname(name), await Deno.readLink(name));
  } catch {
    return name;
  }
}

async function isSpecial(path: string): Promise<boolean> {
  try {
    const { isFile, isDirectory } = await Deno.stat(path);
    return !isFile && !isDirectory;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return false;
    throw error;
  }
}

async function writeAll(file: Deno.FsFile, bytes: Uint8Array): Promise<void> {
  for (let at = 0; at < bytes.length;) {
    at += await file.write(bytes.subarray(at));
  }
}

/** Resolves when the disk has it. */
async function writeNew(
  path: string,
  bytes: Uint8Array,
  mode: number,
): Promise<void> {
  // Nobody can have made it, not even as a link to something else.
  using file = await Deno.open(path, { write: true, createNew: true, mode });
  // The process's umask may have taken something away.
  if (Deno.build.os !== "windows") await Deno.chmod(path, mode);
  await writeAll(file, bytes);
  await file.sync();
}
