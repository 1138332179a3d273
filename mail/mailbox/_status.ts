import type { Head } from "./_head.ts";
import type { MailFlag } from "./types.ts";

/**
 * Flags as fields of the message, which is how mbox and MMDF have them: `Status`
 * and `X-Status` as mail programs on Unix agree on them, and what those have no
 * letter for in `X-Keywords`, by its name in IMAP (RFC 5788).
 */

const LETTERS: [field: string, letter: string, flag: MailFlag][] = [
  ["Status", "R", "seen"],
  ["X-Status", "A", "answered"],
  ["X-Status", "F", "flagged"],
  ["X-Status", "T", "draft"],
  ["X-Status", "D", "deleted"],
];
/** Not recent any more. */
const OLD = "O";
const FORWARDED = "$Forwarded";

/** The flags that the header of a message says. */
export function readStatus(head: Head): Set<MailFlag> {
  const flags = new Set<MailFlag>();
  for (const [field, letter, flag] of LETTERS) {
    if (head.get(field)?.includes(letter)) flags.add(flag);
  }
  if (keywords(head).includes(FORWARDED)) flags.add("passed");
  if (!head.get("Status")?.includes(OLD)) flags.add("recent");
  return flags;
}

/** The message's bytes with these flags, and with letters of others kept. */
export function writeStatus(
  head: Head,
  flags: ReadonlySet<MailFlag>,
  lineEnd = "\n",
): Uint8Array {
  const fields: Record<string, string> = { "Status": "", "X-Status": "" };
  for (const [field, letter, flag] of LETTERS) {
    if (flags.has(flag)) fields[field] += letter;
  }
  if (!flags.has("recent")) fields["Status"] += OLD;
  const known = OLD + LETTERS.map(([, letter]) => letter).join("");
  for (const field of Object.keys(fields)) {
    for (const letter of head.get(field) ?? "") {
      const isOther = /[A-Za-z]/.test(letter) && !known.includes(letter) &&
        !fields[field]!.includes(letter);
      if (isOther) fields[field] += letter;
    }
  }
  const words = keywords(head).filter((word) => word !== FORWARDED);
  if (flags.has("passed")) words.push(FORWARDED);
  return head.with({
    "Status": fields["Status"] || undefined,
    "X-Status": fields["X-Status"] || undefined,
    "X-Keywords": words.join(" ") || undefined,
  }, lineEnd);
}

function keywords(head: Head): string[] {
  return (head.get("X-Keywords") ?? "").split(/[ \t]+/)
    .filter((word) => word !== "");
}
