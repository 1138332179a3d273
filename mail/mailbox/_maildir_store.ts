import { join } from "node:path";
import type { Delivery } from "./_format.ts";
import {
  byDelivery,
  checkKey,
  flagsOf,
  keyOf,
  nameWith,
  uniqueName,
} from "./_maildir_name.ts";
import { readMessageFile, writeMessageFile } from "./_message_file.ts";
import { removeIfThere, syncDirectory } from "./_replace_file.ts";
import type { Spooled } from "./_spooled.ts";
import { noMessage, type Store } from "./_store.ts";
import type { MailFlag } from "./types.ts";

/** Looks after another program has moved a file once more and once more. */
const MOST_LOOKS = 5;

/** Where a message is. */
interface Place {
  directory: "new" | "cur";
  name: string;
}

/**
 * The messages of a Maildir. Every change is one call of the system, so that
 * there is nothing to lock; what was found before may have another name by now.
 */
export class MaildirStore implements Store {
  readonly #path: string;
  /** By key; undefined before the first look. */
  #places: Map<string, Place> | undefined;
  readonly #unsynced = new Set<"new" | "cur">();

  constructor(path: string) {
    this.#path = path;
  }

  async add(message: Spooled, delivery: Delivery): Promise<string> {
    const key = uniqueName();
    const temporary = this.#write(key, message, delivery);
    const place = placeFor(key, delivery.flags ?? new Set(["recent"]));
    try {
      Deno.renameSync(temporary, this.#fileAt(place));
    } catch (error) {
      removeIfThere(temporary);
      throw error;
    }
    syncDirectory(join(this.#path, place.directory));
    this.#places?.set(key, place);
    return await Promise.resolve(key);
  }

  async *keys(): AsyncGenerator<string> {
    const places = await this.#look();
    for (const key of [...places.keys()].sort(byDelivery)) {
      // It may have been removed since.
      if (this.#places?.has(key)) yield key;
    }
  }

  async count(): Promise<number> {
    return (await this.#look()).size;
  }

  async has(key: string): Promise<boolean> {
    checkKey(key);
    return (await this.#look()).has(key);
  }

  async content(key: string): Promise<Iterable<Uint8Array>> {
    return await this.#at(key, readMessageFile);
  }

  async remove(key: string): Promise<void> {
    await this.#at(key, (path, place) => {
      Deno.removeSync(path);
      this.#unsynced.add(place.directory);
    });
    this.#places?.delete(key);
  }

  async replace(
    key: string,
    message: Spooled,
    delivery: Delivery,
  ): Promise<void> {
    await this.#at(key, (path) => Deno.statSync(path));
    const temporary = this.#write(uniqueName(), message, delivery);
    try {
      await this.#at(key, (path, place) => {
        // Otherwise a message that somebody has removed would be back.
        Deno.statSync(path);
        Deno.renameSync(temporary, path);
        this.#unsynced.add(place.directory);
      });
    } catch (error) {
      removeIfThere(temporary);
      throw error;
    }
    if (delivery.flags) await this.setFlags(key, delivery.flags);
    await this.flush();
  }

  async flags(key: string): Promise<Set<MailFlag>> {
    return await this.#at(key, (path, { directory, name }) => {
      Deno.statSync(path);
      const flags = flagsOf(name);
      if (directory === "new") flags.add("recent");
      return flags;
    });
  }

  async setFlags(key: string, flags: ReadonlySet<MailFlag>): Promise<void> {
    const place = await this.#at(key, (path, { directory, name }) => {
      const place = placeFor(name, flags);
      if (place.directory !== directory || place.name !== name) {
        Deno.renameSync(path, this.#fileAt(place));
      }
      this.#unsynced.add(directory).add(place.directory);
      return place;
    });
    this.#places?.set(key, place);
  }

  async lock(): Promise<void> {}

  unlock(): void {}

  async flush(): Promise<void> {
    for (const directory of this.#unsynced) {
      try {
        syncDirectory(join(this.#path, directory));
      } catch (error) {
        // Removed with all that was in it.
        if (!(error instanceof Deno.errors.NotFound)) throw error;
      }
    }
    this.#unsynced.clear();
    await Promise.resolve();
  }

  close(): void {}

  #fileAt({ directory, name }: Place): string {
    return join(this.#path, directory, name);
  }

  /** Writes the message onto the disk, where nobody looks for messages. */
  #write(name: string, message: Spooled, { date }: Delivery): string {
    const path = join(this.#path, "tmp", name);
    writeMessageFile(path, message, date);
    return path;
  }

  /** Does something with a message's file, wherever others have moved it. */
  async #at<T>(
    key: string,
    run: (path: string, place: Place) => T,
  ): Promise<T> {
    checkKey(key);
    let places = this.#places;
    for (let looks = 0; looks < MOST_LOOKS; looks++) {
      const place = places?.get(key);
      if (place) {
        try {
          return run(this.#fileAt(place), place);
        } catch (error) {
          if (!(error instanceof Deno.errors.NotFound)) throw error;
        }
      } else if (places && looks > 0) break;
      places = await this.#look();
    }
    throw noMessage(key);
  }

  /** What is there now. */
  async #look(): Promise<Map<string, Place>> {
    const cur = join(this.#path, "cur");
    let places: Map<string, Place>;
    let changed: boolean;
    let looks = 0;
    do {
      const before = Deno.statSync(cur).mtime?.getTime();
      places = new Map();
      // Messages go from new to cur: in this order none is missed. One that is
      // seen twice is in cur.
      for (const directory of ["new", "cur"] as const) {
        for await (const entry of Deno.readDir(join(this.#path, directory))) {
          if (entry.name.startsWith(".") || !this.#isFile(directory, entry)) {
            continue;
          }
          places.set(keyOf(entry.name), { directory, name: entry.name });
        }
      }
      // A name that changes meanwhile may be given to us twice, or not at all.
      changed = Deno.statSync(cur).mtime?.getTime() !== before;
    } while (changed && ++looks < MOST_LOOKS);
    this.#places = places;
    return places;
  }

  /** Opening anything else, such as a pipe, could wait for ever. */
  #isFile(
    directory: string,
    { name, isFile, isSymlink }: Deno.DirEntry,
  ): boolean {
    if (!isSymlink) return isFile;
    try {
      return Deno.statSync(join(this.#path, directory, name)).isFile;
    } catch (error) {
      if (error instanceof Deno.errors.NotFound) return false;
      throw error;
    }
  }
}

/** Where a message with these flags belongs: `new` knows no flags. */
function placeFor(name: string, flags: ReadonlySet<MailFlag>): Place {
  const marked = nameWith(name, flags);
  const isNew = flags.has("recent") && marked.endsWith("2,");
  return isNew
    ? { directory: "new", name: keyOf(name) }
    : { directory: "cur", name: marked };
}
