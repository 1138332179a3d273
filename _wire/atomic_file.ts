import { basename, dirname, join } from "node:path";
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
  const target = await Deno.realPath(path).catch((error) => {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
    return typeof path === "string" ? path : fileURLToPath(path);
  });
  const bytes = typeof content === "string"
    ? new TextEncoder().encode(content)
    : content;
  const part = join(
    dirname(target),
    `.${basename(target)}.${crypto.randomUUID()}`,
  );
  try {
    await writeNew(part, bytes, mode);
    await Deno.rename(part, target);
  } catch (error) {
    await Deno.remove(part).catch(() => {});
    throw error;
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
  for (let at = 0; at < bytes.length;) {
    at += await file.write(bytes.subarray(at));
  }
  await file.sync();
}
