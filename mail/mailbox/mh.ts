import { join, resolve } from "node:path";
import type { OperationOptions } from "../../_wire/options.ts";
import { lockTimeoutOf } from "./_file_lock.ts";
import { isSequenceName } from "./_mh_sequences.ts";
import { MhStore, numberOf, SEQUENCES } from "./_mh_store.ts";
import { removeIfThere } from "./_replace_file.ts";
import { Mailbox } from "./mailbox.ts";
import type { MailboxOptions } from "./types.ts";

/**
 * A mailbox that is a directory, with a file for each message whose name is a
 * number, as MH and nmh have it, and folders that are directories in it.
 *
 * Messages are added and removed at once. Flags are sequences: those that are not
 * `"seen"` are in `unseen`, the others in `replied`, `flagged`, `draft`,
 * `deleted` and `forwarded`; `"recent"` is not kept. They are written by
 * {@linkcode flush}. The lock is that of the file `.mh_sequences`.
 *
 * A key is the message's number.
 *
 * @example
 * ```ts
 * import { Mh } from "@wireline/std/mail/mailbox";
 * import { assertEquals } from "jsr:@std/assert@^1.0.0";
 *
 * const path = await Deno.makeTempDir() + "/inbox";
 * await using inbox = await Mh.open(path, { create: true });
 * await inbox.add("Subject: Hello\n\nHow are you?\n");
 * await inbox.add("Subject: Again\n\nWell?\n");
 * assertEquals(await inbox.sequences(), new Map([["unseen", ["1", "2"]]]));
 * ```
 */
export class Mh extends Mailbox {
  readonly #mh: MhStore;
  readonly #path: string;
  readonly #options: MailboxOptions;

  private constructor(path: string, options: MailboxOptions) {
    const store = new MhStore(path, lockTimeoutOf(options));
    super(store);
    this.#mh = store;
    this.#path = path;
    this.#options = options;
  }

  /**
   * Opens a directory.
   *
   * @throws {Deno.errors.NotFound} When there is none, and `create` is not set.
   */
  static override async open(
    path: string,
    options: MailboxOptions = {},
  ): Promise<Mh> {
    const directory = resolve(path);
    if (options.create) await make(directory);
    let isDirectory = false;
    try {
      isDirectory = (await Deno.stat(directory)).isDirectory;
    } catch (error) {
      if (!(error instanceof Deno.errors.NotFound)) throw error;
    }
    if (isDirectory) return new Mh(directory, options);
    throw new Deno.errors.NotFound(
      `Cannot open the mailbox ${JSON.stringify(path)}: there is no such ` +
        'directory; "create" makes it',
    );
  }

  /** The names of the folders in this one, sorted. */
  async folders(): Promise<string[]> {
    const names: string[] = [];
    for await (const { name, isDirectory } of Deno.readDir(this.#path)) {
      if (isDirectory && !name.startsWith(".")) names.push(name);
    }
    return names.sort();
  }

  /**
   * Opens a folder in this one. It is used and closed for itself.
   *
   * @throws {Deno.errors.NotFound} When there is none, and `create` is not set.
   * @throws {TypeError} When it can be no name of a folder.
   */
  async folder(
    name: string,
    options: Pick<MailboxOptions, "create"> = {},
  ): Promise<Mh> {
    const { create = false } = options;
    return await Mh.open(this.#folderAt(name), { ...this.#options, create });
  }

  /**
   * Removes an empty folder in this one.
   *
   * @throws {Error} When there is something in it beside its sequences.
   * @throws {TypeError} When it can be no name of a folder.
   */
  async removeFolder(name: string): Promise<void> {
    const path = this.#folderAt(name);
    const sequences = join(path, SEQUENCES);
    for await (const entry of Deno.readDir(path)) {
      if (entry.name === SEQUENCES) continue;
      throw new Error(
        `Cannot remove the folder ${JSON.stringify(name)}: there is ` +
          `${JSON.stringify(entry.name)} in it`,
      );
    }
    removeIfThere(sequences);
    // Only an empty one can be removed: a message that comes now stays.
    await Deno.remove(path);
  }

  /**
   * The keys in each sequence: `unseen`, `cur`, and whatever users have made.
   *
   * @throws {DOMException} "InvalidStateError" when the mailbox is closed.
   */
  sequences(options: OperationOptions = {}): Promise<Map<string, string[]>> {
    return this.inTurn("read the sequences", options.signal, async () => {
      const found = new Map<string, string[]>();
      for (const [name, numbers] of await this.#mh.sequences()) {
        const sorted = [...numbers].sort((one, other) => one - other);
        if (sorted.length > 0) found.set(name, sorted.map(String));
      }
      return found;
    });
  }

  /**
   * Writes other sequences in the place of all, the ones that are flags
   * included.
   *
   * @throws {TypeError} When a name is none (a letter, then letters, digits,
   * `-` and `_`), or a key is no number.
   * @throws {DOMException} "TimeoutError" when another program holds the lock.
   */
  async setSequences(
    sequences: Iterable<[name: string, keys: Iterable<string>]>,
    options: OperationOptions = {},
  ): Promise<void> {
    const checked = new Map<string, Set<number>>();
    for (const [name, keys] of sequences) {
      if (!isSequenceName(name)) {
        throw new TypeError(
          `Cannot write the sequence ${JSON.stringify(name)}: it is no name`,
        );
      }
      checked.set(name, new Set(Array.from(keys, checkNumber)));
    }
    const { signal } = options;
    await this.inTurn(
      "write the sequences",
      signal,
      () => this.#mh.setSequences(checked, signal),
    );
  }

  /**
   * Numbers the messages from 1 on, without gaps. Their keys change; sequences
   * follow, and are written.
   *
   * @returns The new key of each message that has another one now, by the old.
   * @throws {DOMException} "TimeoutError" when another program holds the lock.
   */
  pack(options: OperationOptions = {}): Promise<Map<string, string>> {
    const { signal } = options;
    return this.inTurn(
      "renumber the messages",
      signal,
      () => this.#mh.pack(signal),
    );
  }

  #folderAt(name: string): string {
    const isName = typeof name === "string" && name !== "" &&
      !/[/\\\0\r\n]/.test(name) && !name.startsWith(".");
    if (isName) return join(this.#path, name);
    throw new TypeError(
      `Cannot use the folder ${JSON.stringify(name)}: a name has no slash, ` +
        "and no dot in front",
    );
  }
}

function checkNumber(key: string): number {
  const number = numberOf(key);
  if (number !== undefined) return number;
  throw new TypeError(
    `Cannot write a sequence: ${JSON.stringify(key)} is no message's number`,
  );
}

/** For its owner only. */
async function make(directory: string): Promise<void> {
  try {
    await Deno.mkdir(directory, { mode: 0o700 });
  } catch (error) {
    if (error instanceof Deno.errors.AlreadyExists) return;
    throw error;
  }
  // By this other programs know what it is.
  const path = join(directory, SEQUENCES);
  Deno.openSync(path, { write: true, create: true, mode: 0o600 }).close();
}
