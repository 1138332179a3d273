import { Entries } from "./_entries.ts";
import type { FileFormat, MailRecord } from "./_format.ts";
import { TemporaryFile } from "./_temporary_file.ts";
import { FileWindow, Output, readRange } from "./_window.ts";

/** A record that is not in its mailbox yet. */
export interface PendingRecord extends MailRecord {
  /** Behind all of it. */
  next: number;
}

/**
 * Records that are to be written in the place of others: in a file of their own
 * until then, in the format of the mailbox.
 */
export class PendingRecords {
  readonly #format: FileFormat;
  readonly #places = new Map<number, PendingRecord>();
  #file: TemporaryFile | undefined;
  #size = 0;

  constructor(format: FileFormat) {
    this.#format = format;
  }

  /** How many there are. */
  get size(): number {
    return this.#places.size;
  }

  get(index: number): PendingRecord | undefined {
    return this.#places.get(index);
  }

  delete(index: number): void {
    this.#places.delete(index);
  }

  clear(): void {
    this.#places.clear();
    this.#file?.[Symbol.dispose]();
    this.#file = undefined;
    this.#size = 0;
  }

  /** Writes the record that is to be in the place of number `index`. */
  async set(index: number, record: Iterable<Uint8Array>): Promise<void> {
    const file = (this.#file ??= new TemporaryFile()).handle;
    // One of them may be read for the next, which moves the file's position.
    const pieces = new Output(file, this.#size);
    // Never the first byte of a file, where a format expects its beginning.
    if (this.#size === 0) pieces.write(Uint8Array.of(0x0a));
    const start = pieces.size;
    for (const chunk of record) {
      pieces.write(chunk);
    }
    pieces.flush();
    this.#size = pieces.size;
    const found = new Entries();
    await this.#format.scan(new FileWindow(file, this.#size), start, found);
    if (found.length !== 1) {
      throw new Error("it could not be told from its neighbours");
    }
    this.#places.set(index, {
      start,
      content: found.content(0),
      end: found.end(0),
      next: this.#size,
      bytes: (from, to) => readRange(file, from, to),
    });
  }
}
