import process from "node:process";
import { timeoutError } from "../../_wire/errors.ts";
import type { MailboxOptions } from "./types.ts";

/** How often somebody who holds a lock says that he is still there. */
const REFRESH_MS = 60_000;
/** A lock without a process that could be asked is left over when so old. */
const STALE_MS = 5 * 60_000;
/** Between two attempts, at first and at most. */
const SHORTEST_WAIT_MS = 5;
const LONGEST_WAIT_MS = 200;

const DEFAULT_TIMEOUT_MS = 30_000;

/** How long to wait for a lock; a bad number is a `TypeError`. */
export function lockTimeoutOf({ lockTimeout }: MailboxOptions): number {
  const timeout = lockTimeout ?? DEFAULT_TIMEOUT_MS;
  if (timeout >= 0 && timeout < Infinity) return timeout;
  throw new TypeError(
    `Cannot wait ${timeout} ms for a lock: give a number from 0 on`,
  );
}

/**
 * The lock of a file that other programs write, too. There are two kinds, and
 * both are taken: the file of the same name with `.lock` behind it, which is the
 * one that all mail programs on Unix know, and the system's advisory lock
 * (flock), which serves where nobody may make a file in that directory.
 *
 * A lock file holds the number of its process. It is left over when that process
 * is gone from this machine, or, where that cannot be told, when nobody has
 * touched it for five minutes (as liblockfile has it); whoever holds it touches
 * it once a minute.
 */
export class FileLock {
  readonly #path: string;
  readonly #lockPath: string;
  #file: Deno.FsFile | undefined;
  #refresh: ReturnType<typeof setInterval> | undefined;
  /** The lock file as we made it. */
  #dot: Deno.FileInfo | undefined;
  #held = false;

  /** For the file `path`, with links resolved: all have to mean the same. */
  constructor(path: string) {
    this.#path = path;
    this.#lockPath = `${path}.lock`;
  }

  /** Whether we have it. */
  get held(): boolean {
    return this.#held;
  }

  /**
   * Waits for the lock. Rejects with a `TimeoutError` that says who has it.
   */
  async acquire(timeout: number, signal?: AbortSignal): Promise<void> {
    const deadline = performance.now() + timeout;
    let wait = SHORTEST_WAIT_MS;
    for (;;) {
      signal?.throwIfAborted();
      const holder = this.#try();
      if (holder === undefined) return;
      const left = deadline - performance.now();
      if (left <= 0) {
        throw timeoutError(
          `Cannot lock ${JSON.stringify(this.#path)}: ${holder}; gave up ` +
            `after ${timeout} ms`,
        );
      }
      // Not all at the same time.
      await pause(Math.min(wait * (0.5 + Math.random()), left), signal);
      wait = Math.min(2 * wait, LONGEST_WAIT_MS);
    }
  }

  /** Gives it back; nothing happens where it is not held. */
  release(): void {
    this.#held = false;
    this.#file?.close();
    this.#file = undefined;
    this.#removeDot();
  }

  /** Undefined when it is ours; otherwise who has it. */
  #try(): string | undefined {
    const holder = this.#tryDot();
    if (holder !== undefined) return holder;
    try {
      if (this.#tryFile()) {
        this.#held = true;
        return undefined;
      }
    } catch (error) {
      this.#removeDot();
      throw error;
    }
    this.#removeDot();
    return "another program holds its advisory lock (flock)";
  }

  #tryDot(): string | undefined {
    const path = this.#lockPath;
    try {
      const made = makeWhole(path, ownName());
      if (!made) return this.#otherHolder();
      this.#dot = made;
    } catch (error) {
      // No such files in this directory: then flock alone has to do.
      if (isNotWritable(error)) return undefined;
      throw error;
    }
    const timer = this.#refresh = setInterval(() => {
      const now = new Date();
      Deno.utime(path, now, now).catch(() => {});
    }, REFRESH_MS);
    Deno.unrefTimer(timer as unknown as number);
    return undefined;
  }

  #removeDot(): void {
    clearInterval(this.#refresh);
    const ours = this.#dot;
    this.#dot = undefined;
    if (!ours) return;
    try {
      // Somebody may have taken it for one that was left over.
      if (isSame(Deno.lstatSync(this.#lockPath), ours)) {
        Deno.removeSync(this.#lockPath);
      }
    } catch (error) {
      if (!(error instanceof Deno.errors.NotFound)) throw error;
    }
  }

  /** Who has the lock file; one that was left over is removed. */
  #otherHolder(): string {
    const quoted = JSON.stringify(this.#lockPath);
    let info: Deno.FileInfo;
    let words: string[];
    try {
      info = Deno.lstatSync(this.#lockPath);
      const text = info.isFile && info.size <= 1024
        ? Deno.readTextFileSync(this.#lockPath)
        : "";
      words = text.trim().split(":");
    } catch (error) {
      if (error instanceof Deno.errors.NotFound) {
        return `${quoted} was there a moment ago`;
      }
      if (isNotWritable(error)) return `another user's program holds ${quoted}`;
      throw error;
    }
    const [first = "", host] = words;
    const pid = /^[1-9]\d{0,9}$/.test(first) ? Number(first) : undefined;
    const here = host === undefined || host === hostName();
    const alive = pid !== undefined && here ? isAlive(pid) : undefined;
    const age = Date.now() - (info.mtime?.getTime() ?? Date.now());
    if (alive === false || alive === undefined && age > STALE_MS) {
      this.#removeStale(info);
      return `${quoted} was left over from another program`;
    }
    if (pid === undefined) return `another program holds ${quoted}`;
    const where = host === undefined || here ? "" : ` on ${host}`;
    return `process ${pid}${where} holds ${quoted}`;
  }

  /**
   * Two may find the same lock left over, and the second must not take away the
   * one that the first has made since. So it is moved aside and looked at again.
   */
  #removeStale(stale: Deno.FileInfo): void {
    const aside = `${this.#lockPath}.${crypto.randomUUID()}`;
    try {
      Deno.renameSync(this.#lockPath, aside);
    } catch (error) {
      if (error instanceof Deno.errors.NotFound) return;
      throw error;
    }
    if (!isSame(Deno.lstatSync(aside), stale)) {
      try {
        Deno.linkSync(aside, this.#lockPath);
      } catch (error) {
        if (!(error instanceof Deno.errors.AlreadyExists)) throw error;
      }
    }
    Deno.removeSync(aside);
  }

  /** False when somebody else has it; true also where there is no file yet. */
  #tryFile(): boolean {
    let file: Deno.FsFile;
    try {
      file = Deno.openSync(this.#path, { read: true });
    } catch (error) {
      if (error instanceof Deno.errors.NotFound) return true;
      throw error;
    }
    try {
      // Whoever had it may have put another file in the place of this one.
      if (
        file.tryLockSync(true) &&
        isSame(file.statSync(), Deno.statSync(this.#path))
      ) {
        this.#file = file;
        return true;
      }
    } catch (error) {
      if (!(error instanceof Deno.errors.NotFound)) {
        file.close();
        throw error;
      }
    }
    file.close();
    return false;
  }
}

/**
 * Makes a file with that text, unless there is one: undefined then. It is there
 * with its text or not at all: nobody could tell whose an empty one is.
 */
function makeWhole(path: string, text: string): Deno.FileInfo | undefined {
  const bytes = new TextEncoder().encode(text);
  const aside = `${path}.${crypto.randomUUID().slice(0, 8)}`;
  const options = { createNew: true, write: true, mode: 0o644 };
  using file = Deno.openSync(aside, options);
  try {
    file.writeSync(bytes);
    Deno.linkSync(aside, path);
    return Deno.lstatSync(path);
  } catch (error) {
    if (error instanceof Deno.errors.AlreadyExists) return undefined;
  } finally {
    Deno.removeSync(aside);
  }
  // A file system without links.
  try {
    using plain = Deno.openSync(path, options);
    const info = plain.statSync();
    plain.writeSync(bytes);
    return info;
  } catch (error) {
    if (error instanceof Deno.errors.AlreadyExists) return undefined;
    throw error;
  }
}

function isSame(one: Deno.FileInfo, other: Deno.FileInfo): boolean {
  return one.ino === other.ino && one.dev === other.dev &&
    one.birthtime?.getTime() === other.birthtime?.getTime();
}

/** Whether the system, and not the caller's permissions, forbids it. */
function isNotWritable(error: unknown): boolean {
  return error instanceof Deno.errors.PermissionDenied ||
    error instanceof Error && "code" in error && error.code === "EROFS";
}

/** The process, and the machine where we may know its name. */
function ownName(): string {
  const host = hostName();
  return host === undefined ? `${Deno.pid}\n` : `${Deno.pid}:${host}\n`;
}

/** Undefined where the permission is missing: nobody is asked for it. */
export function hostName(): string | undefined {
  const permission = { name: "sys", kind: "hostname" } as const;
  if (Deno.permissions.querySync(permission).state !== "granted") {
    return undefined;
  }
  return Deno.hostname();
}

/** Undefined where we may not know. */
function isAlive(pid: number): boolean | undefined {
  if (pid === Deno.pid) return true;
  if (Deno.permissions.querySync({ name: "run" }).state !== "granted") {
    return undefined;
  }
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    const code = error instanceof Error && "code" in error ? error.code : "";
    if (code === "ESRCH") return false;
    return code === "EPERM" ? true : undefined;
  }
}

function pause(ms: number, signal: AbortSignal | undefined): Promise<void> {
  return new Promise((resolve, reject) => {
    const abort = () => {
      clearTimeout(timer);
      reject(signal!.reason);
    };
    const timer = setTimeout(() => {
      signal?.removeEventListener("abort", abort);
      resolve();
    }, ms);
    signal?.addEventListener("abort", abort, { once: true });
  });
}
