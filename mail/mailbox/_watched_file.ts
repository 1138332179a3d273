import { resolve } from "node:path";
import { readAt } from "./_window.ts";

/** Bytes before the end of the file by which a mere addition is known. */
const TAIL = 1024;

/** A file that other programs write, too. */
export class WatchedFile {
  readonly path: string;
  #handle: Deno.FsFile | undefined;
  /** What was found last; undefined for no file. */
  #found: Deno.FileInfo | undefined;
  /** What all that we know of the file was read from, and its last bytes. */
  #known: { info: Deno.FileInfo; tail: Uint8Array } | undefined;

  constructor(path: string) {
    this.path = path;
  }

  /** For reading; undefined while there is no file. */
  get handle(): Deno.FsFile | undefined {
    return this.#handle;
  }

  /** Bytes in the file as it was found. */
  get size(): number {
    return this.#found?.size ?? 0;
  }

  /** Its last bytes, after `accept`. */
  get tail(): Uint8Array {
    return this.#known?.tail ?? new Uint8Array();
  }

  /**
   * Looks what has become of the file since `accept`: by its size, its time, and
   * which file it is.
   */
  look(): "same" | "longer" | "other" {
    const info = statIfThere(this.path);
    const known = this.#known;
    if (!info && !known) return "same";
    const isSame = info && known && isSameFile(info, known.info);
    if (
      isSame && info.size === known.info.size &&
      info.mtime?.getTime() === known.info.mtime?.getTime()
    ) return "same";
    if (!isSame) {
      this.close();
      if (info) this.#handle = Deno.openSync(this.path);
    }
    this.#found = info;
    return isSame && info.size > known.info.size &&
        isEqual(this.#tailAt(known.info.size), known.tail)
      ? "longer"
      : "other";
  }

  /** What was found is known now. */
  accept(): void {
    const info = this.#found;
    this.#known = info && { info, tail: this.#tailAt(info.size) };
  }

  /** We have added to it. */
  wrote(info: Deno.FileInfo): void {
    this.#found = info;
  }

  /** We have put another file in its place. */
  replaced(handle: Deno.FsFile): void {
    this.close();
    this.#handle = handle;
    this.#found = handle.statSync();
  }

  close(): void {
    this.#handle?.close();
    this.#handle = undefined;
  }

  /** The bytes in front of `end`. */
  #tailAt(end: number): Uint8Array {
    const tail = new Uint8Array(Math.min(TAIL, end));
    return tail.subarray(0, readAt(this.#handle!, end - tail.length, tail));
  }
}

/** The file with links resolved: the link stays, and its target is replaced. */
export function realFile(path: string, create: boolean): string {
  const absolute = resolve(path);
  if (create && !statIfThere(absolute)) {
    Deno.openSync(absolute, { write: true, create: true, mode: 0o600 }).close();
  }
  const info = statIfThere(absolute);
  const quoted = JSON.stringify(path);
  if (!info) {
    throw new Deno.errors.NotFound(
      `Cannot open the mailbox ${quoted}: there is none; "create" makes one`,
    );
  }
  if (!info.isFile) {
    throw new TypeError(`Cannot open the mailbox ${quoted}: it is no file`);
  }
  return Deno.realPathSync(absolute);
}

function statIfThere(path: string): Deno.FileInfo | undefined {
  try {
    return Deno.statSync(path);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return undefined;
    throw error;
  }
}

function isSameFile(one: Deno.FileInfo, other: Deno.FileInfo): boolean {
  return one.ino === other.ino && one.dev === other.dev;
}

function isEqual(one: Uint8Array, other: Uint8Array): boolean {
  return one.length === other.length &&
    one.every((byte, at) => byte === other[at]);
}
