import type { Delivery } from "./_format.ts";
import type { Spooled } from "./_spooled.ts";
import type { MailFlag } from "./types.ts";

/** What a kind of mailbox can; `Mailbox` sees to order, streams and messages. */
export interface Store {
  /** Adds a message; its key. */
  add(
    message: Spooled,
    delivery: Delivery,
    signal: AbortSignal | undefined,
  ): Promise<string>;
  /** The keys in their order. */
  keys(): AsyncIterable<string>;
  /** How many messages there are. */
  count(): Promise<number>;
  /** Whether there is such a message. */
  has(key: string): Promise<boolean>;
  /**
   * The message's bytes; each chunk is good until the next one. With
   * `"later"`, whatever happens to the mailbox while they are read: the first
   * chunk is asked for at once.
   */
  content(key: string, when: "now" | "later"): Promise<Iterable<Uint8Array>>;
  /** Takes a message away. */
  remove(key: string): Promise<void>;
  /** Puts another message in the place of one. */
  replace(key: string, message: Spooled, delivery: Delivery): Promise<void>;
  /** What is known of a message. */
  flags(key: string): Promise<Set<MailFlag>>;
  /** Sets what is known of a message. */
  setFlags(key: string, flags: ReadonlySet<MailFlag>): Promise<void>;
  /** Keeps other programs away. */
  lock(signal: AbortSignal | undefined): Promise<void>;
  /** Lets them in again. */
  unlock(): void;
  /** Writes what was changed. */
  flush(signal: AbortSignal | undefined): Promise<void>;
  /** Lets go of everything, written or not. */
  close(): void;
}

/** What a call with a key that is not there rejects with. */
export function noMessage(key: string): Error {
  return new Deno.errors.NotFound(
    `Cannot use the message ${JSON.stringify(key)}: there is none`,
  );
}
