/**
 * Every bound on what a server may make us hold, with the attack it stops.
 * A server that passes one gets its connection closed and the caller a
 * `ProtocolError`.
 */
export interface Limits {
  /**
   * Bytes in one line, its end included; default 64 KiB. Stops a line that
   * never ends.
   */
  line?: number | undefined;
  /**
   * Lines in one reply; default 10,000. Stops a multi-line reply that never
   * ends.
   */
  replyLines?: number | undefined;
  /**
   * Bytes in one reply; default 1 MiB. Stops a reply of 10,000 lines of
   * 64 KiB.
   */
  reply?: number | undefined;
  /**
   * Bytes in a listing that is held in memory as a whole; default 256 MiB,
   * about two million names. Stops a listing that never ends.
   */
  listing?: number | undefined;
}

/** The limits with every default filled in. */
export type AllLimits = { [name in keyof Limits]-?: number };

/** Fills in the defaults; a bad number is a `TypeError`. */
export function withDefaults(limits: Limits = {}): AllLimits {
  const all: AllLimits = {
    line: limits.line ?? 64 * 1024,
    replyLines: limits.replyLines ?? 10_000,
    reply: limits.reply ?? 1024 * 1024,
    listing: limits.listing ?? 256 * 1024 * 1024,
  };
  for (const [name, value] of Object.entries(all)) {
    if (!(value > 0)) {
      throw new TypeError(`Cannot use limits.${name}: ${value} is not over 0`);
    }
  }
  return all;
}
