import { Buffer } from "node:buffer";
import { parseAddressList, parseDate } from "../message/mod.ts";
import { toByteString } from "../../_wire/text.ts";
import type { MailRecord } from "./_format.ts";
import { Head, joinAll, takeHead } from "./_head.ts";
import type { Spooled } from "./_spooled.ts";

/**
 * The line in front of a message in an mbox file: `From `, the sender of the
 * envelope and the time of delivery (RFC 4155 appendix A).
 */

/** Longest `From ` line that is taken for one. */
export const MOST_FROM_LINE = 1024;

const DAYS = ["Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"];
const MONTHS = [
  ...["Jan", "Feb", "Mar", "Apr", "May", "Jun"],
  ...["Jul", "Aug", "Sep", "Oct", "Nov", "Dec"],
];

const WHOLE = new RegExp(
  `^From \\S+ +(?:${DAYS.join("|")}) (?:${MONTHS.join("|")}) [ 0-3]\\d ` +
    String.raw`\d\d:\d\d(?::\d\d)?\b`,
);

/**
 * The `From ` line that a message brings along, and how many bytes it has there.
 * `From :` is a field (RFC 5322 section 4.5).
 */
function ownFromLine(
  message: Uint8Array,
): { line: string; length: number } | undefined {
  const start = toByteString(message.subarray(0, MOST_FROM_LINE));
  if (!start.startsWith("From ") || /^From[ \t]+:/.test(start)) {
    return undefined;
  }
  const lf = start.indexOf("\n");
  if (lf < 0 && message.length > MOST_FROM_LINE) return undefined;
  const line = lf < 0 ? start : start.slice(0, lf);
  return {
    line: line.replace(/\r$/, ""),
    length: lf < 0 ? message.length : lf + 1,
  };
}

/** Whether a `From ` line says a time, without which few readers know it. */
export function hasTime(line: string): boolean {
  return /\d\d?:\d\d/.test(line);
}

/** Whether a line is `From `, a sender and a time as C's asctime() writes it. */
export function isWholeFromLine(line: string): boolean {
  return WHOLE.test(line);
}

/** Whether a `From ` line may begin here. */
export function startsWithFrom(bytes: Uint8Array): boolean {
  return bytes[0] === 0x46 && bytes[1] === 0x72 && bytes[2] === 0x6f &&
    bytes[3] === 0x6d && bytes[4] === 0x20;
}

/**
 * The `From ` line for a message that is written: its own, the one of the
 * message that was in its place, or one that is made from its header. Of the
 * message, the first `skip` bytes are that line.
 */
export function fromLineFor(
  message: Spooled,
  date: Date | undefined,
  old: MailRecord | undefined,
): { line: Uint8Array; skip: number } {
  const start = takeHead(message.chunks()[Symbol.iterator]());
  const own = ownFromLine(start);
  const line = own?.line ?? (old && oldFromLine(old)) ??
    makeFromLine(new Head(start), date);
  // Without a time few would know it.
  const whole = hasTime(line) ? line : `${line} ${asctime(date ?? new Date())}`;
  // It may hold any bytes.
  return { line: Buffer.from(whole, "latin1"), skip: own?.length ?? 0 };
}

/** The line that a message has in front; undefined for none, or too long. */
function oldFromLine(old: MailRecord): string | undefined {
  if (old.content - old.start > 2 * MOST_FROM_LINE) return undefined;
  const pieces = [...old.bytes(old.start, old.content)];
  const text = toByteString(joinAll(pieces.map((one) => one.slice())));
  // In MMDF another line stands in front of it.
  return /^From [^\r\n]*/m.exec(text)?.[0];
}

/**
 * A `From ` line for a message: the sender as the message says, and the time of
 * delivery, which is the message's own where nobody knows better.
 */
function makeFromLine(head: Head, date: Date | undefined): string {
  const time = date ?? parseDate(head.get("Date") ?? "") ?? new Date();
  return `From ${senderOf(head)} ${asctime(time)}`;
}

/** As C's asctime() writes it, in UTC, which all readers expect. */
function asctime(date: Date): string {
  const two = (value: number) => String(value).padStart(2, "0");
  const day = String(date.getUTCDate()).padStart(2);
  const time = [
    date.getUTCHours(),
    date.getUTCMinutes(),
    date.getUTCSeconds(),
  ].map(two).join(":");
  const year = String(date.getUTCFullYear()).padStart(4, "0");
  return `${DAYS[date.getUTCDay()]} ${MONTHS[date.getUTCMonth()]} ${day} ` +
    `${time} ${year}`;
}

function senderOf(head: Head): string {
  for (const name of ["Return-Path", "From", "Sender"]) {
    const [first] = parseAddressList(head.get(name) ?? "");
    const address = first && "address" in first ? first.address : "";
    // A blank or a control character would be read as the line's next part.
    if (/^[!-~]+$/.test(address) && address.length <= 320) return address;
  }
  return "MAILER-DAEMON";
}
