import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { refuseSymlink, safeJoin } from "../_wire/local_path.ts";
import { ensureDir } from "./directories.ts";
import { FtpError } from "./ftp_error.ts";
import { isDirectory, listDirectory } from "./listing.ts";
import { downloadFile, uploadFile, weaker } from "./local_file.ts";
import { joinPath, normalizePath } from "./remote_path.ts";
import type { Session } from "./session.ts";
import type { FtpEntry, TransferOptions, TransferResult } from "./types.ts";

// Deeper than any tree of people's; a loop that the server hides ends here.
const MAX_DEPTH = 100;

/** A directory of the server's, with all that is in it, to the local disk. */
export async function downloadTree(
  session: Session,
  remote: string,
  local: string | URL,
  options: TransferOptions,
): Promise<TransferResult> {
  const tree = new Tree(session, options);
  const target = toPath(local);
  await Deno.mkdir(target, { recursive: true });
  await tree.fetch(remote, target, []);
  return tree.result;
}

/** A local directory with all that is in it to the server. */
export async function uploadTree(
  session: Session,
  local: string | URL,
  remote: string,
  options: TransferOptions,
): Promise<TransferResult> {
  const tree = new Tree(session, options);
  await ensureDir(session, remote);
  await tree.send(toPath(local), remote);
  return tree.result;
}

function toPath(path: string | URL): string {
  return path instanceof URL ? fileURLToPath(path) : path;
}

/** One walk over a tree: the options and what has come of it. */
class Tree {
  readonly result: TransferResult = { files: 0, bytes: 0, skipped: [] };
  #session: Session;
  #options: TransferOptions;

  constructor(session: Session, options: TransferOptions) {
    this.#session = session;
    this.#options = options;
  }

  /**
   * `above` holds what the directories above this one are known by, to
   * recognise a link that leads back.
   */
  async fetch(
    remote: string,
    local: string,
    above: readonly string[],
  ): Promise<void> {
    if (above.length >= MAX_DEPTH) {
      throw new Error(
        `Cannot enter ${remote}: it is more than ${MAX_DEPTH} directories deep`,
      );
    }
    const here = [...above, normalizePath(remote)];
    for (const entry of await listDirectory(this.#session, remote)) {
      const path = joinPath(remote, entry.name);
      await this.#guarded(path, async () => {
        if (this.#options.filter?.(entry) === false) return;
        // Before anything else: the name decides where is written.
        const target = safeJoin(local, entry.name);
        await this.#fetchEntry(entry, path, target, here);
      });
    }
  }

  async #fetchEntry(
    entry: FtpEntry,
    path: string,
    target: string,
    above: readonly string[],
  ): Promise<void> {
    const exists = refuseSymlink(target);
    const known = entry.facts?.unique;
    if (entry.type === "directory") {
      if (known && above.includes(`#${known}`)) throw loop(path);
      return await this.#fetchDir(path, target, exists, [
        ...above,
        ...(known ? [`#${known}`] : []),
      ]);
    }
    if (entry.type === "symlink" && await this.#leadsToDir(entry, path)) {
      const to = linkTarget(entry, path);
      const isLoop = above.some((one) =>
        one === to || one.startsWith(to === "/" ? "/" : `${to}/`)
      );
      if (isLoop) throw loop(path);
      return await this.#fetchDir(path, target, exists, [...above, to]);
    }
    if (entry.type === "unknown" && entry.raw === entry.name) {
      throw new Error(
        `Cannot download ${path}: this line of the listing is not understood`,
      );
    }
    await this.#count(
      downloadFile(this.#session, path, target, this.#options, {
        // A link's size and time are its own, not its file's.
        size: entry.type === "file" ? entry.size : undefined,
        modified: entry.facts ? entry.modified : undefined,
      }),
    );
  }

  async #fetchDir(
    path: string,
    target: string,
    exists: boolean,
    above: readonly string[],
  ): Promise<void> {
    if (!exists) await Deno.mkdir(target);
    await this.fetch(path, target, above);
  }

  async #leadsToDir(entry: FtpEntry, path: string): Promise<boolean> {
    if (entry.target?.endsWith("/")) return true;
    return await isDirectory(this.#session, path);
  }

  async send(local: string, remote: string): Promise<void> {
    const entries = await Array.fromAsync(Deno.readDir(local));
    entries.sort((a, b) => a.name < b.name ? -1 : 1);
    for (const found of entries) {
      const path = joinPath(remote, found.name);
      const source = join(local, found.name);
      await this.#guarded(path, async () => {
        const info = await Deno.stat(source);
        const entry = localEntry(found.name, info, found.isSymlink);
        if (this.#options.filter?.(entry) === false) return;
        if (info.isFile) {
          await this.#count(
            uploadFile(this.#session, source, path, this.#options),
          );
        } else if (info.isDirectory && !found.isSymlink) {
          await makeDir(this.#session, path);
          await this.send(source, path);
        }
      });
    }
  }

  async #count(transfer: Promise<TransferResult>): Promise<void> {
    const { files, bytes, verified } = await transfer;
    this.result.files += files;
    this.result.bytes += bytes;
    const weakest = weaker(this.result.verified, verified);
    if (weakest) this.result.verified = weakest;
  }

  /** Asks the caller what to do about a failure, where one can go on. */
  async #guarded(name: string, run: () => Promise<void>): Promise<void> {
    try {
      this.#options.signal?.throwIfAborted();
      await run();
    } catch (error) {
      const { signal, onError } = this.#options;
      const over = signal?.aborted || this.#session.control.connection.closed;
      if (over || !(error instanceof Error)) throw error;
      if (error.name === "AbortError") throw error;
      if (onError?.(name, error) !== "skip") throw error;
      this.result.skipped.push({ name, error });
    }
  }
}

/** MKD where a directory that is there already is as good. */
async function makeDir(session: Session, path: string): Promise<void> {
  try {
    await session.command(`MKD ${path}`);
  } catch (error) {
    if (!(error instanceof FtpError) || !await isDirectory(session, path)) {
      throw error;
    }
  }
}

function linkTarget(entry: FtpEntry, path: string): string {
  const target = entry.target ?? "";
  if (target.startsWith("/")) return normalizePath(target);
  return normalizePath(joinPath(path.slice(0, -entry.name.length), target));
}

function loop(path: string): Error {
  return new Error(`Cannot enter ${path}: it leads back to a directory above`);
}

function localEntry(
  name: string,
  info: Deno.FileInfo,
  isSymlink: boolean,
): FtpEntry {
  return {
    name,
    type: isSymlink && !info.isFile
      ? "symlink"
      : info.isFile
      ? "file"
      : info.isDirectory
      ? "directory"
      : "unknown",
    size: info.size,
    ...(info.mtime && { modified: info.mtime }),
    raw: name,
  };
}
