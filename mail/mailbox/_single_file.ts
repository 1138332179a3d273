import { toByteString } from "../../_wire/text.ts";
import { Entries } from "./_entries.ts";
import { FileLock, lockTimeoutOf } from "./_file_lock.ts";
import type { Delivery, FileFormat, MailRecord } from "./_format.ts";
import { PendingRecords } from "./_pending_records.ts";
import { replaceFile } from "./_replace_file.ts";
import { Spooled } from "./_spooled.ts";
import { noMessage, type Store } from "./_store.ts";
import { Breather, CHUNK, FileWindow, Output, readRange } from "./_window.ts";
import { realFile, WatchedFile } from "./_watched_file.ts";
import type { MailboxOptions, MailFlag } from "./types.ts";

const ENCODER = new TextEncoder();
/** How files of the formats begin. */
const MARKS = ["BABYL OPTIONS:", "\x01\x01\x01\x01", "From "];

/**
 * A mailbox that is one file. In memory is where the messages are, and what is
 * to be changed.
 */
export class SingleFile implements Store {
  readonly #file: WatchedFile;
  readonly #format: FileFormat;
  readonly #lock: FileLock;
  readonly #lockTimeout: number;
  readonly #chunk: number;
  /** Messages that are read one after the other come from here. */
  #window: FileWindow | undefined;
  /** Where the last one ended. */
  #readTo = 0;
  #entries = new Entries();
  /** The key of the first entry. */
  #base = 0;
  readonly #removed = new Set<number>();
  readonly #replaced: PendingRecords;
  readonly #flags = new Map<number, ReadonlySet<MailFlag>>();
  /** Changes that had to be given up, of which nobody was told yet. */
  #lost = 0;
  /** Something was added that may not be on the disk. */
  #unsynced = false;
  /** By the user, and not for a single write. */
  #locked = false;

  private constructor(
    path: string,
    format: FileFormat,
    lockTimeout: number,
    chunk: number,
  ) {
    this.#file = new WatchedFile(path);
    this.#format = format;
    this.#lock = new FileLock(path);
    this.#lockTimeout = lockTimeout;
    this.#chunk = chunk;
    this.#replaced = new PendingRecords(format);
  }

  /** Opens the file, and looks where the messages are. */
  static async open(
    path: string,
    format: FileFormat,
    options: MailboxOptions,
    chunk = CHUNK,
  ): Promise<SingleFile> {
    const lockTimeout = lockTimeoutOf(options);
    const real = realFile(path, options.create ?? false);
    const box = new SingleFile(real, format, lockTimeout, chunk);
    try {
      await box.#look();
      box.#refuseForeign();
    } catch (error) {
      box.close();
      throw error;
    }
    return box;
  }

  /** Adding to it would mix two formats. */
  #refuseForeign(): void {
    const { handle, size, path } = this.#file;
    if (!handle || size === 0) return;
    const [start = new Uint8Array()] = readRange(
      handle,
      0,
      Math.min(size, 512),
    );
    const text = toByteString(start);
    const { mark } = this.#format;
    const isOther = MARKS.some((one) => text.startsWith(one) && one !== mark);
    if (!isOther) return;
    throw new TypeError(
      `Cannot open the mailbox ${JSON.stringify(path)}: it is one of another ` +
        "format",
    );
  }

  async add(
    message: Spooled,
    delivery: Delivery,
    signal: AbortSignal | undefined,
  ): Promise<string> {
    return await this.#whileLocked(signal, async () => {
      await this.#look();
      await this.#append(this.#format.encode(message, delivery, undefined));
      return this.#keyOf(this.#entries.length - 1);
    });
  }

  async *keys(): AsyncGenerator<string> {
    await this.#look();
    const base = this.#base;
    for (let index = 0; index < this.#entries.length; index++) {
      if (this.#has(index)) yield this.#keyOf(index);
      if (this.#base !== base) {
        throw new Deno.errors.Busy(
          "Cannot go on with the mailbox: another program has written it anew",
        );
      }
    }
  }

  async count(): Promise<number> {
    await this.#look();
    return this.#entries.count - this.#removed.size;
  }

  async has(key: string): Promise<boolean> {
    await this.#look();
    return this.#has(this.#indexOf(key));
  }

  async content(
    key: string,
    when: "now" | "later",
  ): Promise<Iterable<Uint8Array>> {
    const index = await this.#find(key);
    const flags = this.#flags.get(index);
    if (when === "now") {
      return this.#format.content(this.#record(index), flags);
    }
    const unwritten = this.#replaced.get(index);
    return unwritten
      ? Spooled.kept(this.#format.content(unwritten, flags))
      : this.#own(index, flags);
  }

  async remove(key: string): Promise<void> {
    const index = await this.#find(key);
    this.#replaced.delete(index);
    this.#flags.delete(index);
    this.#removed.add(index);
  }

  async replace(
    key: string,
    message: Spooled,
    delivery: Delivery,
  ): Promise<void> {
    const index = await this.#find(key);
    const flags = delivery.flags ?? this.#flagsAt(index);
    const record = this.#format.encode(
      message,
      { ...delivery, flags },
      this.#record(index),
    );
    await this.#replaced.set(index, record);
    this.#flags.delete(index);
  }

  async flags(key: string): Promise<Set<MailFlag>> {
    return new Set(this.#flagsAt(await this.#find(key)));
  }

  async setFlags(key: string, flags: ReadonlySet<MailFlag>): Promise<void> {
    this.#flags.set(await this.#find(key), flags);
  }

  async lock(signal: AbortSignal | undefined): Promise<void> {
    if (!this.#locked) await this.#lock.acquire(this.#lockTimeout, signal);
    this.#locked = true;
    await this.#look();
  }

  unlock(): void {
    this.#locked = false;
    this.#lock.release();
  }

  async flush(signal: AbortSignal | undefined): Promise<void> {
    this.#reportLost();
    if (this.#pending > 0) {
      await this.#whileLocked(signal, async () => {
        await this.#look();
        this.#reportLost();
        await this.#rewrite();
      });
    } else if (this.#unsynced) this.#file.handle?.syncDataSync();
    this.#unsynced = false;
  }

  close(): void {
    this.#replaced.clear();
    this.#file.close();
    this.unlock();
  }

  get #pending(): number {
    return this.#removed.size + this.#replaced.size + this.#flags.size;
  }

  #reportLost(): void {
    const lost = this.#lost;
    this.#lost = 0;
    if (lost === 0) return;
    throw new Deno.errors.Busy(
      `Cannot write the mailbox ${JSON.stringify(this.#file.path)}: another ` +
        `program has changed it, and ${lost} changes had to be given up; ` +
        "list the messages again, under the lock",
    );
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

  #keyOf(index: number): string {
    return String(this.#base + index);
  }

  /** -1 for a key that cannot be. */
  #indexOf(key: string): number {
    return /^(?:0|[1-9]\d{0,14})$/.test(key)
      ? Math.max(-1, Number(key) - this.#base)
      : -1;
  }

  #has(index: number): boolean {
    return this.#entries.has(index) && !this.#removed.has(index);
  }

  async #find(key: string): Promise<number> {
    await this.#look();
    const index = this.#indexOf(key);
    if (!this.#has(index)) throw noMessage(key);
    return index;
  }

  #flagsAt(index: number): ReadonlySet<MailFlag> {
    return this.#flags.get(index) ?? this.#format.flags(this.#record(index));
  }

  /** To be read at once. */
  #record(index: number): MailRecord {
    const unwritten = this.#replaced.get(index);
    if (unwritten) return unwritten;
    const start = this.#entries.start(index);
    // The next one, or a little further on: then the others will come, too.
    // Its flags and its bytes are asked for one behind the other.
    const isNext = this.#entries.end(index) === this.#readTo ||
      (start >= this.#readTo && start < this.#readTo + CHUNK / 4);
    this.#readTo = this.#entries.end(index);
    const { handle, size } = this.#file;
    const window = this.#window ??= new FileWindow(handle!, size);
    return this.#recordBy(
      index,
      (from, to) =>
        isNext && to - from <= CHUNK
          ? [window.view(from, to - from).subarray(0, to - from)]
          : readRange(handle!, from, to),
    );
  }

  /** To be read by and by, from a file handle of its own. */
  *#own(
    index: number,
    flags: ReadonlySet<MailFlag> | undefined,
  ): Generator<Uint8Array> {
    using file = Deno.openSync(this.#file.path);
    const record = this.#recordBy(
      index,
      (from, to) => readRange(file, from, to),
    );
    yield* this.#format.content(record, flags);
  }

  #recordBy(index: number, bytes: MailRecord["bytes"]): MailRecord {
    return {
      start: this.#entries.start(index),
      content: this.#entries.content(index),
      end: this.#entries.end(index),
      bytes,
    };
  }

  /** Notices what others have done to the file. */
  async #look(): Promise<void> {
    const news = this.#file.look();
    if (news === "same") return;
    this.#window = undefined;
    const isDone = news === "longer" && await this.#lookAtEnd();
    if (!isDone) await this.#lookAtAll();
    this.#file.accept();
  }

  /** The file has grown: the last message may have, or others have come. */
  async #lookAtEnd(): Promise<boolean> {
    let last = this.#entries.length - 1;
    while (last >= 0 && !this.#entries.has(last)) last--;
    const from = last < 0 ? 0 : this.#entries.start(last);
    const found = await this.#scan(from);
    if (last >= 0) {
      const isSame = found.length > 0 && found.start(0) === from &&
        found.content(0) === this.#entries.content(last);
      if (!isSame) return false;
      this.#entries.setEnd(last, found.end(0));
    }
    this.#entries.append(found, last < 0 ? 0 : 1);
    return true;
  }

  async #lookAtAll(): Promise<void> {
    const found = await this.#scan(0);
    if (this.#entries.length === 0) {
      this.#entries = found;
      return;
    }
    if (this.#entries.isPrefixOf(found)) {
      this.#entries.append(found, this.#entries.count);
      return;
    }
    // Nobody can tell which message is which.
    this.#lost += this.#pending;
    this.#forgetChanges();
    this.#base += this.#entries.length;
    this.#entries = found;
  }

  /** The messages from `from` on. */
  async #scan(from: number): Promise<Entries> {
    const found = new Entries();
    const { handle, size } = this.#file;
    if (!handle || size === 0) return found;
    const window = new FileWindow(handle, size, this.#chunk);
    await this.#format.scan(window, from, found);
    return found;
  }

  #forgetChanges(): void {
    this.#removed.clear();
    this.#replaced.clear();
    this.#flags.clear();
  }

  async #append(chunks: Iterable<Uint8Array>): Promise<void> {
    // Behind whatever is there, also if somebody wrote without the lock.
    using file = Deno.openSync(this.#file.path, {
      append: true,
      create: true,
      mode: 0o600,
    });
    await this.#look();
    const before = this.#file.size;
    const output = new Output(file, before, this.#file.tail);
    let start: number;
    try {
      if (before === 0) output.write(ENCODER.encode(this.#format.preamble));
      output.write(ENCODER.encode(this.#format.closing(output.tail)));
      start = output.size;
      for (const chunk of chunks) output.write(chunk);
      output.flush();
    } catch (error) {
      file.truncateSync(before);
      throw error;
    }
    this.#unsynced = true;
    this.#window = undefined;
    this.#file.wrote(file.statSync());
    const found = await this.#scan(start);
    if (this.#file.size !== output.size || found.length !== 1) {
      throw new Error("another program writes to it without its lock");
    }
    this.#entries.append(found, 0);
    this.#file.accept();
  }

  /** Writes a new file with all changes, and puts it in the place of the old. */
  async #rewrite(): Promise<void> {
    let fresh: Entries | undefined;
    const file = await replaceFile(this.#file.path, async (file) => {
      const output = new Output(file);
      await this.#writeAll(output);
      output.flush();
      // It is read before it counts: there must be as many as there ought to.
      fresh = new Entries();
      const window = new FileWindow(file, output.size, this.#chunk);
      await this.#format.scan(window, 0, fresh);
      const expected = this.#entries.count - this.#removed.size;
      if (fresh.length !== expected) {
        throw new Error(
          `the new file would have ${fresh.length} messages instead of ` +
            `${expected}; nothing was changed`,
        );
      }
    });
    this.#window = undefined;
    this.#file.replaced(file);
    this.#file.accept();
    for (const index of this.#removed) this.#entries.drop(index);
    this.#entries.moveTo(fresh!);
    this.#forgetChanges();
  }

  async #writeAll(output: Output): Promise<void> {
    const entries = this.#entries;
    const { size } = this.#file;
    const breather = new Breather();
    let first = 0;
    while (first < entries.length && !entries.has(first)) first++;
    // What stands in front of all messages, and then those that stay together.
    let from = 0;
    for (let index = first; index < entries.length; index++) {
      if (!entries.has(index)) continue;
      const changed = this.#changed(index);
      if (changed === undefined) continue;
      await this.#copy(output, from, entries.start(index), breather);
      if (changed) this.#put(output, changed);
      from = index + 1;
      while (from < entries.length && !entries.has(from)) from++;
      from = from < entries.length ? entries.start(from) : size;
    }
    await this.#copy(output, from, size, breather);
  }

  /** The record anew; undefined where it stays as it is, null if it goes. */
  #changed(index: number): Iterable<Uint8Array> | null | undefined {
    if (this.#removed.has(index)) return null;
    const flags = this.#flags.get(index);
    if (flags) return this.#format.reflagged(this.#record(index), flags);
    const unwritten = this.#replaced.get(index);
    return unwritten && unwritten.bytes(unwritten.start, unwritten.next);
  }

  async #copy(
    output: Output,
    from: number,
    to: number,
    breather: Breather,
  ): Promise<void> {
    if (from >= to) return;
    if (from > 0) this.#close(output);
    for (const chunk of readRange(this.#file.handle!, from, to)) {
      output.write(chunk);
      await breather.at(output.size);
    }
  }

  #put(output: Output, record: Iterable<Uint8Array>): void {
    this.#close(output);
    for (const chunk of record) output.write(chunk);
  }

  #close(output: Output): void {
    output.write(ENCODER.encode(this.#format.closing(output.tail)));
  }
}
