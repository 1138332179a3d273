import { ProtocolError } from "../_wire/errors.ts";
import type { FtpReply } from "./types.ts";

/** Where a passive server waits. */
export interface PasvAddress {
  hostname: string;
  port: number;
}

/**
 * The path in a 257 reply (RFC 959 appendix II): in quotes, a quote inside it
 * doubled. Undefined where the reply has none.
 */
export function parseQuotedPath(reply: FtpReply): string | undefined {
  const match = /^[^"]*"((?:[^"]|"")*)"(?=\s|$|[.,;])/.exec(reply.text);
  if (match) return match[1]!.replaceAll('""', '"');
  // QUIRK: pure-ftpd does not double them, so the last quote closes.
  return /"(.*)"/s.exec(reply.text)?.[1];
}

/** The address in a 227 reply; servers write it with and without brackets. */
export function parsePasv(reply: FtpReply): PasvAddress {
  const match = /(?:^|\D)(\d+),(\d+),(\d+),(\d+),(\d+),(\d+)(?!\d)/.exec(
    reply.text,
  );
  const numbers = match?.slice(1).map(Number) ?? [];
  const [a, b, c, d, high, low] = numbers;
  if (numbers.length !== 6 || numbers.some((one) => one > 255)) {
    throw bad("PASV", reply);
  }
  const port = high! * 256 + low!;
  if (port === 0) throw bad("PASV", reply);
  return { hostname: `${a}.${b}.${c}.${d}`, port };
}

/** The port in a 229 reply (RFC 2428 section 3), whatever its delimiter is. */
export function parseEpsv(reply: FtpReply): number {
  const match = /\(([\x21-\x7e])\1\1(\d{1,5})\1\)/.exec(reply.text);
  const port = Number(match?.[2]);
  if (!(port > 0 && port < 65_536)) throw bad("EPSV", reply);
  return port;
}

/** The number in a 213 reply to SIZE (RFC 3659 section 4). */
export function parseSize(reply: FtpReply): number {
  const match = /^\s*(\d+)/.exec(reply.text);
  const size = Number(match?.[1]);
  if (!match || !Number.isSafeInteger(size)) throw bad("SIZE", reply);
  return size;
}

/**
 * A time-val (RFC 3659 section 2.3): `YYYYMMDDHHMMSS[.fraction]` in UTC.
 * Undefined where it is none.
 */
export function parseTimeVal(text: string): Date | undefined {
  // QUIRK: some servers of the year 2000 wrote it as "19100" and on.
  const fixed = text.trim().replace(
    /^191(\d\d)(?=\d{10}(?:\.|$))/,
    (_, y) => `20${y}`,
  );
  const match = /^(\d{4})(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)(?:\.(\d+))?/.exec(
    fixed,
  );
  if (!match) return undefined;
  const [year, month, day, hour, minute, second] = match.slice(1, 7).map(
    Number,
  ) as [number, number, number, number, number, number];
  const ms = match[7] ? Math.floor(Number(`0.${match[7]}`) * 1000) : 0;
  const date = new Date(0);
  date.setUTCFullYear(year, month - 1, day);
  date.setUTCHours(hour, minute, second, ms);
  const real = date.getUTCMonth() === month - 1 && date.getUTCDate() === day &&
    hour < 24 && minute < 60 && second <= 60;
  return real ? date : undefined;
}

/** The time in a 213 reply to MDTM. */
export function parseModified(reply: FtpReply): Date {
  const date = parseTimeVal(reply.text);
  if (!date) throw bad("MDTM", reply);
  return date;
}

/** A date as a time-val, in whole seconds. */
export function formatTimeVal(date: Date): string {
  return date.toISOString().replace(/\.\d+Z$/, "").replace(/\D/g, "");
}

/**
 * The features in a FEAT reply (RFC 2389 section 3.2): one a line, each behind
 * a space, names without regard to case.
 */
export function parseFeatures(reply: FtpReply): Map<string, string> {
  const features = new Map<string, string>();
  for (const line of reply.lines.slice(1, -1)) {
    const match = /^\s*(\S+)(?: (.*))?$/.exec(line);
    if (match) features.set(match[1]!.toUpperCase(), match[2] ?? "");
  }
  return features;
}

/**
 * The digest in the reply to HASH (`213 SHA-256 0-49 abc... name`), XSHA256 or
 * XCRC (`250 abc...`), in lower case.
 */
export function parseDigest(
  reply: FtpReply,
  hexDigits: number,
): string | undefined {
  const words = reply.text.toLowerCase().split(/[\s"]+/);
  return words.find((word) =>
    word.length === hexDigits && /^[0-9a-f]+$/.test(word)
  );
}

function bad(command: string, reply: FtpReply): ProtocolError {
  const shown = JSON.stringify(reply.text.slice(0, 200));
  return new ProtocolError(
    `Cannot read the reply to ${command}: ${reply.code} ${shown}`,
  );
}
