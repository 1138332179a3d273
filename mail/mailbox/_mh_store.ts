import { join } from "node:path";
import { FileLock } from "./_file_lock.ts";
import type { Delivery } from "./_format.ts";
import { readMessageFile, writeMessageFile } from "./_message_file.ts";
import {
  formatSequences,
  parseSequences,
  type Sequences,
} from "./_mh_sequences.ts";
import { removeIfThere, replaceFile, syncDirectory } from "./_replace_file.ts";
import type { Spooled } from "./_spooled.ts";
import { noMessage, type Store } from "./_store.ts";
import { writeAll } from "./_window.ts";
import type { MailFlag } from "./types.ts";

/** The file of sequences, which is also what is locked. */
export const SEQUENCES = ".mh_sequences";

const UNSEEN = "unseen";
/** Sequences that say what is known of a message; nmh has the first two. */
const NAMES: [sequence: string, flag: MailFlag][] = [
  ["replied", "answered"],
  ["flagged", "flagged"],
  ["draft", "draft"],
  ["deleted", "deleted"],
  ["forwarded", "passed"],
];

/**
 * The messages of an MH folder. A message is there or not by one call of the
 * system; what the sequences say of it is written by `flush`, for all messages
 * together.
 */
export class MhStore implements Store {
  readonly #path: string;
  readonly #sequencesPath: string;
  readonly #lock: FileLock;
  readonly #lockTimeout: number;
  #locked = false;
  /** The number that the next message may get, once that was looked for. */
  #next: number | undefined;
  /** What is to be said of messages, and not written yet. */
  readonly #flags = new Map<number, ReadonlySet<MailFlag>>();
  /** Messages were removed, whose names may not be gone from the disk. */
  #unsynced = false;

  constructor(path: string, lockTimeout: number) {
    this.#path = path;
    this.#sequencesPath = join(path, SEQUENCES);
    this.#lock = new FileLock(this.#sequencesPath);
    this.#lockTimeout = lockTimeout;
  }

  async add(message: Spooled, delivery: Delivery): Promise<string> {
    const temporary = this.#write(message, delivery);
    let number: number;
    try {
      number = this.#next ?? ((await this.numbers()).at(-1) ?? 0) + 1;
      // Where somebody else has taken the number, it is the next one.
      while (!moveIfFree(temporary, this.#fileAt(number))) number++;
    } catch (error) {
      removeIfThere(temporary);
      throw error;
    }
    this.#next = number + 1;
    syncDirectory(this.#path);
    // Also where the number was another message's before.
    this.#flags.set(number, delivery.flags ?? new Set());
    return String(number);
  }

  async *keys(): AsyncGenerator<string> {
    for (const number of await this.numbers()) {
      // It may have been removed since.
      if (await this.has(String(number))) yield String(number);
    }
  }

  async count(): Promise<number> {
    let count = 0;
    for await (const _key of this.keys()) count++;
    return count;
  }

  async has(key: string): Promise<boolean> {
    const number = numberOf(key);
    if (number === undefined) return false;
    try {
      return (await Deno.stat(this.#fileAt(number))).isFile;
    } catch (error) {
      if (error instanceof Deno.errors.NotFound) return false;
      throw error;
    }
  }

  async content(key: string): Promise<Iterable<Uint8Array>> {
    const number = await this.#find(key);
    return readMessageFile(this.#fileAt(number));
  }

  async remove(key: string): Promise<void> {
    const number = await this.#find(key);
    await Deno.remove(this.#fileAt(number));
    this.#flags.delete(number);
    this.#unsynced = true;
  }

  async replace(
    key: string,
    message: Spooled,
    delivery: Delivery,
  ): Promise<void> {
    const number = await this.#find(key);
    const temporary = this.#write(message, delivery);
    try {
      await Deno.rename(temporary, this.#fileAt(number));
    } catch (error) {
      removeIfThere(temporary);
      throw error;
    }
    syncDirectory(this.#path);
    if (delivery.flags) this.#flags.set(number, delivery.flags);
  }

  async flags(key: string): Promise<Set<MailFlag>> {
    const number = await this.#find(key);
    const flags = new Set<MailFlag>();
    const sequences = this.#read([number]);
    for (const [name, flag] of NAMES) {
      if (sequences.get(name)?.has(number)) flags.add(flag);
    }
    if (!sequences.get(UNSEEN)?.has(number)) flags.add("seen");
    return flags;
  }

  async setFlags(key: string, flags: ReadonlySet<MailFlag>): Promise<void> {
    this.#flags.set(await this.#find(key), flags);
  }

  async lock(signal: AbortSignal | undefined): Promise<void> {
    if (!this.#locked) await this.#lock.acquire(this.#lockTimeout, signal);
    this.#locked = true;
  }

  unlock(): void {
    this.#locked = false;
    this.#lock.release();
  }

  async flush(signal: AbortSignal | undefined): Promise<void> {
    if (this.#flags.size > 0 || this.#unsynced) {
      // Sequences lose the messages that were removed, too: their numbers may
      // be used again.
      await this.#whileLocked(signal, async () => {
        await this.#save(this.#read(await this.numbers()));
      });
    }
    this.#unsynced = false;
  }

  close(): void {
    this.unlock();
  }

  /** The numbers of all messages, in order. */
  async numbers(): Promise<number[]> {
    const numbers: number[] = [];
    for await (const { name, isDirectory } of Deno.readDir(this.#path)) {
      const number = isDirectory ? undefined : numberOf(name);
      if (number !== undefined) numbers.push(number);
    }
    return numbers.sort((one, other) => one - other);
  }

  /** The sequences, with what is not written yet. */
  async sequences(): Promise<Sequences> {
    return this.#read(await this.numbers());
  }

  /** Puts other sequences in the place of all. */
  async setSequences(
    sequences: Sequences,
    signal: AbortSignal | undefined,
  ): Promise<void> {
    await this.#whileLocked(signal, () => this.#save(sequences));
  }

  /**
   * Renumbers the messages from 1 on. Sequences follow; a crash in between may
   * leave them with old numbers, but no message is lost.
   */
  async pack(signal: AbortSignal | undefined): Promise<Map<string, string>> {
    return await this.#whileLocked(signal, async () => {
      const numbers = await this.numbers();
      const sequences = this.#read(numbers);
      const moved = new Map<number, number>();
      let next = 1;
      for (const number of numbers) {
        const old = this.#fileAt(number);
        while (next < number && !moveIfFree(old, this.#fileAt(next))) next++;
        if (next < number) moved.set(number, next);
        next++;
      }
      syncDirectory(this.#path);
      this.#next = next;
      for (const [name, members] of sequences) {
        sequences.set(
          name,
          new Set([...members].map((one) => moved.get(one) ?? one)),
        );
      }
      await this.#save(sequences);
      return new Map([...moved].map(([from, to]) => [`${from}`, `${to}`]));
    });
  }

  async #whileLocked<T>(
    signal: AbortSignal | undefined,
    run: () => Promise<T>,
  ): Promise<T> {
    if (!this.#locked) await this.#lock.acquire(this.#lockTimeout, signal);
    try {
      return await run();
    } finally {
      if (!this.#locked) this.#lock.release();
    }
  }

  #fileAt(number: number): string {
    return join(this.#path, String(number));
  }

  async #find(key: string): Promise<number> {
    if (!await this.has(key)) throw noMessage(key);
    return numberOf(key)!;
  }

  /** The sequences as far as they are of these messages. */
  #read(numbers: number[]): Sequences {
    const sequences = parseSequences(readIfThere(this.#sequencesPath), numbers);
    const present = new Set(numbers);
    for (const [number, flags] of this.#flags) {
      if (!present.has(number)) continue;
      put(sequences, UNSEEN, number, !flags.has("seen"));
      for (const [name, flag] of NAMES) {
        put(sequences, name, number, flags.has(flag));
      }
    }
    return sequences;
  }

  async #save(sequences: Sequences): Promise<void> {
    const text = new TextEncoder().encode(formatSequences(sequences));
    const file = await replaceFile(this.#sequencesPath, (file) => {
      writeAll(file, text);
      return Promise.resolve();
    });
    file.close();
    this.#flags.clear();
  }

  /** Writes the message onto the disk, under a name that is no message's. */
  #write(message: Spooled, { date }: Delivery): string {
    const path = join(this.#path, `.${crypto.randomUUID()}.tmp`);
    writeMessageFile(path, message, date);
    return path;
  }
}

/** A message's number; undefined for what is none. */
export function numberOf(key: string): number | undefined {
  return /^[1-9]\d{0,14}$/.test(key) ? Number(key) : undefined;
}

/** Gives a file another name, unless somebody else's has it. */
function moveIfFree(path: string, to: string): boolean {
  try {
    Deno.linkSync(path, to);
  } catch (error) {
    if (error instanceof Deno.errors.AlreadyExists) return false;
    return moveWithoutLink(path, to);
  }
  Deno.removeSync(path);
  return true;
}

/** For file systems without links: an empty file takes the name first. */
function moveWithoutLink(path: string, to: string): boolean {
  try {
    Deno.openSync(to, { createNew: true, write: true, mode: 0o600 }).close();
  } catch (error) {
    if (error instanceof Deno.errors.AlreadyExists) return false;
    throw error;
  }
  Deno.renameSync(path, to);
  return true;
}

function put(
  sequences: Sequences,
  name: string,
  number: number,
  isIn: boolean,
): void {
  const members = sequences.get(name) ?? new Set();
  if (isIn) sequences.set(name, members.add(number));
  else members.delete(number);
}

function readIfThere(path: string): string {
  try {
    return Deno.readTextFileSync(path);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return "";
    throw error;
  }
}
