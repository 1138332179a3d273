import { hostName } from "./_file_lock.ts";
import type { MailFlag } from "./types.ts";

/**
 * Names of files in a Maildir: `unique:2,FLAGS` (cr.yp.to/proto/maildir.html).
 * The part in front of the colon stays, and is the key.
 */

// QUIRK: Windows has no colon in names; some programs there take a semicolon.
const SEPARATOR = Deno.build.os === "windows" ? ";" : ":";

const LETTERS: [letter: string, flag: MailFlag][] = [
  ["D", "draft"],
  ["F", "flagged"],
  ["P", "passed"],
  ["R", "answered"],
  ["S", "seen"],
  ["T", "deleted"],
];

/** The part of a name that stays. */
export function keyOf(name: string): string {
  const colon = name.indexOf(SEPARATOR);
  return colon < 0 ? name : name.slice(0, colon);
}

/** A key that came from somewhere else could lead to another file. */
export function checkKey(key: string): void {
  const isName = typeof key === "string" && key !== "" &&
    !/[/\\\0]/.test(key) && !key.startsWith(".") && !key.includes(SEPARATOR);
  if (isName) return;
  throw new TypeError(
    `Cannot use the key ${JSON.stringify(key)}: it is no name of a message`,
  );
}

/** The flags that a name says. */
export function flagsOf(name: string): Set<MailFlag> {
  const letters = lettersOf(name);
  return new Set(
    LETTERS.filter(([letter]) => letters.includes(letter))
      .map(([, flag]) => flag),
  );
}

/**
 * The name with these flags; letters that mean something to others, such as
 * the keywords of dovecot, stay.
 */
export function nameWith(name: string, flags: ReadonlySet<MailFlag>): string {
  const known = LETTERS.map(([letter]) => letter).join("");
  const others = [...lettersOf(name)].filter((one) => !known.includes(one));
  const ours = LETTERS.filter(([, flag]) => flags.has(flag))
    .map(([letter]) => letter);
  // In the order of ASCII, as the specification says.
  const letters = [...new Set([...ours, ...others])].sort().join("");
  return `${keyOf(name)}${SEPARATOR}2,${letters}`;
}

function lettersOf(name: string): string {
  const info = name.slice(keyOf(name).length + 1);
  return info.startsWith("2,") ? info.slice(2) : "";
}

let count = 0;

/**
 * A name that no other message has, on any machine: the time, the process, a
 * number in it, and, for machines that have the same name, some chance.
 */
export function uniqueName(
  now = performance.timeOrigin + performance.now(),
): string {
  const seconds = Math.floor(now / 1000);
  const micros = Math.floor((now % 1000) * 1000);
  const random = crypto.getRandomValues(new Uint8Array(8)).toHex();
  const host = (hostName() ?? "localhost")
    .replaceAll("/", "\\057").replaceAll(":", "\\072");
  return `${seconds}.M${micros}P${Deno.pid}Q${++count}R${random}.${host}`;
}

/**
 * Messages that came earlier are first: by the time, and those of one process
 * by their number, as far as the names say.
 */
export function byDelivery(one: string, other: string): number {
  const [first, second] = [numbersOf(one), numbersOf(other)];
  for (const [at, number] of first.entries()) {
    if (number !== second[at]) return number - second[at]!;
  }
  return one < other ? -1 : one > other ? 1 : 0;
}

function numbersOf(name: string): number[] {
  // A name of another kind has no time, and comes last.
  const match = /^(\d{1,15})(?:\.M(\d{1,15})P\d+(?:Q(\d{1,15}))?)?/.exec(name);
  if (!match) return [Number.MAX_SAFE_INTEGER, 0, 0];
  return match.slice(1, 4).map((digits) => Number(digits ?? 0));
}
