/** What a status line and the lines of a listing say: pure functions. */

/** A status line (RFC 1939 section 3). */
export interface Pop3Status {
  /** `+OK`, not `-ERR`. */
  ok: boolean;
  /** The response code of a refusal (RFC 2449 section 8), else `"ERR"`. */
  code: string;
  /** What follows the status indicator, response code included. */
  text: string;
}

/** Reads a status line; undefined where it is none. */
export function parseStatus(line: string): Pop3Status | undefined {
  const [, indicator, text = ""] = /^(\+OK|-ERR)(?:\s+(.*))?$/is.exec(line) ??
    [];
  if (!indicator) return undefined;
  const code = /^\[([^\]\s]+)[^\]]*\]/.exec(text)?.[1] ?? "ERR";
  return { ok: indicator[0] === "+", code: code.toUpperCase(), text };
}

/** `STAT`: how many messages, of how many bytes. */
export function parseStat(
  text: string,
): { count: number; size: number } | undefined {
  const numbers = parseNumbers(text);
  return numbers && { count: numbers[0], size: numbers[1] };
}

/** A line of `LIST`: a message's number and size. */
export function parseListing(
  line: string,
): { number: number; size: number } | undefined {
  const numbers = parseNumbers(line);
  // There is no message 0.
  if (!numbers?.[0]) return undefined;
  return { number: numbers[0], size: numbers[1] };
}

/** A line of `UIDL` (RFC 1939 section 7): a message's number and name. */
export function parseUid(
  line: string,
): { number: number; uid: string } | undefined {
  // QUIRK: the RFC has 1 to 70 printable characters; longer ones are seen.
  const match = /^\s*0*([1-9]\d{0,9})\s+(\S+)\s*$/.exec(line);
  return match ? { number: Number(match[1]), uid: match[2]! } : undefined;
}

/**
 * The timestamp in a greeting, in the form of RFC 1939 section 7: a message id.
 * Anything else could be made so that the digest of it says something about the
 * password.
 */
export function parseTimestamp(greeting: string): string | undefined {
  return /<[!-;=?A-~]+@[!-;=?A-~]+>/.exec(greeting)?.[0];
}

function parseNumbers(text: string): [number, number] | undefined {
  const match = /^\s*(\d{1,10})\s+(\d{1,15})(?:\s|$)/.exec(text);
  return match ? [Number(match[1]), Number(match[2])] : undefined;
}
