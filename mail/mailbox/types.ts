import type { OperationOptions } from "../../_wire/options.ts";

/**
 * What is known of a message beside its text; each format has a way of its own
 * to say it.
 *
 * - `"seen"`: it was read
 * - `"answered"`: there was a reply to it
 * - `"flagged"`: it stands out
 * - `"draft"`: it is not finished
 * - `"deleted"`: it may be removed
 * - `"passed"`: it was forwarded, bounced or sent again
 * - `"recent"`: nobody has looked into the mailbox since it came
 */
export type MailFlag =
  | "seen"
  | "answered"
  | "flagged"
  | "draft"
  | "deleted"
  | "passed"
  | "recent";

/** How to open a mailbox. */
export interface MailboxOptions {
  /**
   * Makes the mailbox where there is none, for its owner only; default `false`,
   * so that a name with a slip in it does not look like an empty mailbox.
   */
  create?: boolean | undefined;
  /**
   * Milliseconds to wait for another program's lock, after which the call
   * rejects with a `DOMException` named `"TimeoutError"`; default 30,000.
   */
  lockTimeout?: number | undefined;
}

/** What goes with a message. */
export interface AddOptions extends OperationOptions {
  /**
   * What is known of the message. Default: nothing is said, so that it counts
   * as new mail; in {@linkcode Mailbox.replace}, what was known before.
   */
  flags?: Iterable<MailFlag> | undefined;
  /** When it was delivered; default: now, or what the message itself says. */
  date?: Date | undefined;
}

/** A message with its key, as {@linkcode Mailbox.messages} gives them. */
export interface MailboxEntry<Message> {
  /** The key, for {@linkcode Mailbox.remove} and the other methods. */
  key: string;
  /** What is known of it. */
  flags: Set<MailFlag>;
  /** The message. */
  message: Message;
}

/**
 * How an mbox file keeps lines of a message apart from its own `From ` lines.
 *
 * - `"mboxo"`: `From ` becomes `>From `; what was `>From ` before cannot be told
 * - `"mboxrd"`: also `>From ` becomes `>>From `, which can be undone
 * - `"mboxcl"`: as mboxo, with a `Content-Length` in the header
 * - `"mboxcl2"`: nothing changes; only the `Content-Length` tells
 */
export type MboxDialect = "mboxo" | "mboxrd" | "mboxcl" | "mboxcl2";
