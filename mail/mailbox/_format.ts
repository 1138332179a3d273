import type { Entries } from "./_entries.ts";
import type { Spooled } from "./_spooled.ts";
import type { FileWindow } from "./_window.ts";
import type { MailFlag } from "./types.ts";

/** A message in a file, with what the format puts around it. */
export interface MailRecord {
  /** Where the record begins in the file. */
  start: number;
  /** Where the message in it begins. */
  content: number;
  /** Where the message ends. */
  end: number;
  /** Bytes of the file; each chunk is good until the next one. */
  bytes(from: number, to: number): Iterable<Uint8Array>;
}

/** What goes with a message that is written. */
export interface Delivery {
  /** Undefined: nothing is said. */
  flags: ReadonlySet<MailFlag> | undefined;
  /** When it was delivered, where the caller knows. */
  date: Date | undefined;
}

/** How many messages are in one file, one behind the other. */
export interface FileFormat {
  /** How each file of the format begins. */
  readonly mark: string;
  /** What a new file begins with. */
  readonly preamble: string;
  /**
   * Finds the messages from `from` on, where a record begins (or the file), and
   * puts them into `entries`.
   */
  scan(window: FileWindow, from: number, entries: Entries): Promise<void>;
  /** What has to follow `tail`, the file's last bytes, before a record may. */
  closing(tail: Uint8Array): string;
  /** The message; with other flags than the file says, if they are given. */
  content(
    record: MailRecord,
    flags: ReadonlySet<MailFlag> | undefined,
  ): Iterable<Uint8Array>;
  /** The flags that the file says. */
  flags(record: MailRecord): Set<MailFlag>;
  /** The record with other flags. */
  reflagged(
    record: MailRecord,
    flags: ReadonlySet<MailFlag>,
  ): Iterable<Uint8Array>;
  /** A record for a message, in the place of `old` where there is one. */
  encode(
    message: Spooled,
    delivery: Delivery,
    old: MailRecord | undefined,
  ): Iterable<Uint8Array>;
}
