import { join, resolve } from "node:path";
import { MaildirStore } from "./_maildir_store.ts";
import { Mailbox } from "./mailbox.ts";
import type { MailboxOptions } from "./types.ts";

const DIRECTORIES = ["tmp", "new", "cur"];
/** Files in `tmp` that nobody has touched for so long are left over. */
const STALE_MS = 36 * 60 * 60 * 1000;

/**
 * A mailbox that is a directory, with a file for each message
 * (cr.yp.to/proto/maildir.html), and folders as Courier and dovecot have them
 * (Maildir++).
 *
 * Every change is made at once and whole, so that nobody has to lock anything.
 * A message is written to `tmp` first, and moved to `new` when it is on the
 * disk; one with flags goes to `cur`. `"recent"` is what lies in `new`, where
 * there are no other flags: with others it is given up. The files are as they
 * are: what another program has stored with CRLF is read so.
 *
 * A key is the file's name without its flags.
 *
 * @example
 * ```ts
 * import { Maildir } from "@wireline/std/mail/mailbox";
 * import { assertEquals } from "jsr:@std/assert@^1.0.0";
 *
 * const path = await Deno.makeTempDir() + "/Maildir";
 * await using inbox = await Maildir.open(path, { create: true });
 * await using sent = await inbox.folder("Sent", { create: true });
 * await sent.add("Subject: Hello\n\nHow are you?\n", { flags: ["seen"] });
 * assertEquals(await inbox.folders(), ["Sent"]);
 * ```
 */
export class Maildir extends Mailbox {
  readonly #root: string;
  /** In front of the names of its folders: `"Work."`. */
  readonly #prefix: string;
  readonly #directory: string;
  readonly #options: MailboxOptions;

  private constructor(root: string, prefix: string, options: MailboxOptions) {
    const directory = prefix === ""
      ? root
      : join(root, `.${prefix.slice(0, -1)}`);
    super(new MaildirStore(directory));
    this.#root = root;
    this.#prefix = prefix;
    this.#directory = directory;
    this.#options = options;
  }

  /**
   * Opens a directory.
   *
   * @throws {Deno.errors.NotFound} When there is none, or it has no `cur`, `new`
   * and `tmp`, and `create` is not set.
   */
  static override async open(
    path: string,
    options: MailboxOptions = {},
  ): Promise<Maildir> {
    const box = new Maildir(resolve(path), "", options);
    await box.#begin(options.create ?? false);
    return box;
  }

  /**
   * The names of the folders below this one, sorted. A dot goes one step
   * further: `"Work.2026"`.
   */
  async folders(): Promise<string[]> {
    const names: string[] = [];
    const start = `.${this.#prefix}`;
    for await (const { name, isDirectory } of Deno.readDir(this.#root)) {
      const isBelow = isDirectory && name.startsWith(start) &&
        name.length > start.length;
      if (isBelow) names.push(name.slice(start.length));
    }
    return names.sort();
  }

  /**
   * Opens a folder below this one, `"Sent"` or `"Work.2026"`. It is used and
   * closed for itself. Names are taken as they are; dovecot and Courier expect
   * what is not ASCII in the modified UTF-7 of IMAP.
   *
   * @throws {Deno.errors.NotFound} When there is none, and `create` is not set.
   * @throws {TypeError} When it can be no name of a folder.
   */
  async folder(
    name: string,
    options: Pick<MailboxOptions, "create"> = {},
  ): Promise<Maildir> {
    checkFolder(name);
    const box = new Maildir(
      this.#root,
      `${this.#prefix}${name}.`,
      this.#options,
    );
    const { create = false } = options;
    await box.#begin(create);
    if (create) {
      // Maildir++: by this a delivery program knows that it is in a folder.
      const path = join(box.#directory, "maildirfolder");
      Deno.openSync(path, { write: true, create: true, mode: 0o600 }).close();
    }
    return box;
  }

  /**
   * Removes an empty folder below this one; those below that one stay.
   *
   * @throws {Error} When there are messages in it.
   * @throws {TypeError} When it can be no name of a folder.
   */
  async removeFolder(name: string): Promise<void> {
    checkFolder(name);
    const path = join(this.#root, `.${this.#prefix}${name}`);
    const removed: string[] = [];
    try {
      // Only empty directories can be removed: a message that comes at this
      // moment finds no place, or stays.
      for (const directory of ["new", "cur"]) {
        await Deno.remove(join(path, directory));
        removed.push(directory);
      }
    } catch (error) {
      for (const directory of removed) {
        await Deno.mkdir(join(path, directory), { mode: 0o700 });
      }
      const why = error instanceof Deno.errors.NotFound
        ? "there is none"
        : "there are messages in it";
      const Failure = error instanceof Deno.errors.NotFound
        ? Deno.errors.NotFound
        : Error;
      throw new Failure(
        `Cannot remove the folder ${JSON.stringify(name)}: ${why}`,
        { cause: error },
      );
    }
    await Deno.remove(path, { recursive: true });
  }

  /**
   * Removes what deliveries that failed have left in `tmp`: files that nobody
   * has touched for 36 hours. How many those were.
   */
  async clean(): Promise<number> {
    const directory = join(this.#directory, "tmp");
    let count = 0;
    for await (const { name, isFile } of Deno.readDir(directory)) {
      if (!isFile) continue;
      const path = join(directory, name);
      try {
        const { atime, mtime } = await Deno.stat(path);
        const touched = Math.max(atime?.getTime() ?? 0, mtime?.getTime() ?? 0);
        if (Date.now() - touched <= STALE_MS) continue;
        await Deno.remove(path);
        count++;
      } catch (error) {
        // Its delivery has gone on after all, or somebody else cleans.
        if (!(error instanceof Deno.errors.NotFound)) throw error;
      }
    }
    return count;
  }

  async #begin(create: boolean): Promise<void> {
    const paths = DIRECTORIES.map((name) => join(this.#directory, name));
    if (create) {
      for (const path of [this.#directory, ...paths]) {
        try {
          await Deno.mkdir(path, { mode: 0o700 });
        } catch (error) {
          if (!(error instanceof Deno.errors.AlreadyExists)) throw error;
        }
      }
    }
    for (const path of paths) {
      try {
        if ((await Deno.stat(path)).isDirectory) continue;
      } catch (error) {
        if (!isMissing(error)) throw error;
      }
      throw new Deno.errors.NotFound(
        `Cannot open the mailbox ${JSON.stringify(this.#directory)}: ` +
          `there is no directory ${JSON.stringify(path)}; "create" makes it`,
      );
    }
  }
}

/** Nothing there, or a file where a directory should be. */
function isMissing(error: unknown): boolean {
  return error instanceof Deno.errors.NotFound ||
    error instanceof Deno.errors.NotADirectory;
}

function checkFolder(name: string): void {
  const isName = typeof name === "string" && !/[/\\\0\r\n]/.test(name) &&
    name.split(".").every((part) => part !== "");
  if (isName) return;
  throw new TypeError(
    `Cannot use the folder ${JSON.stringify(name)}: a name has parts with ` +
      "single dots between them, and no slash",
  );
}
