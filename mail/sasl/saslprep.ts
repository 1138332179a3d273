import {
  LEFT_TO_RIGHT,
  MAPPED_TO_NOTHING,
  NON_ASCII_SPACE,
  PROHIBITED,
  RIGHT_TO_LEFT,
} from "./_saslprep_tables.ts";

/**
 * Prepares a user name or password (SASLprep, RFC 4013), so that two ways of
 * writing the same characters are the same password. Characters that Unicode
 * did not have when RFC 3454 was written are let through as they are (its
 * "queries"): they are in many passwords by now.
 *
 * @param text The name or password.
 * @returns The prepared text.
 * @throws {TypeError} When it holds a character that RFC 4013 section 2.3
 * forbids, a control character for one, or mixes directions of writing in a
 * way that section 2.4 forbids. The text itself is not in the message.
 *
 * @example
 * ```ts
 * import { saslprep } from "@wireline/std/mail/sasl";
 * import { assertEquals } from "jsr:@std/assert@^1.0.0";
 *
 * assertEquals(saslprep("Ⅸ\u00a0pass\u00adword"), "IX password");
 * ```
 */
export function saslprep(text: string): string {
  // What is ASCII and printable is prepared already.
  if (/^[ -~]*$/.test(text)) return text;
  const prepared = text
    // Section 2.1: mapping.
    .replace(new RegExp(NON_ASCII_SPACE, "gu"), " ")
    .replace(new RegExp(MAPPED_TO_NOTHING, "gu"), "")
    // Section 2.2: normalization.
    .normalize("NFKC");
  const forbidden = PROHIBITED.exec(prepared);
  if (forbidden) {
    const code = forbidden[0].codePointAt(0)!.toString(16).toUpperCase();
    throw new TypeError(
      "Cannot use this name or password: RFC 4013 forbids U+" +
        code.padStart(4, "0"),
    );
  }
  checkDirections(prepared);
  return prepared;
}

/** Section 2.4, RFC 3454 section 6. */
function checkDirections(text: string): void {
  if (!RIGHT_TO_LEFT.test(text)) return;
  const all = [...text];
  const wrong = LEFT_TO_RIGHT.test(text)
    ? "mixes characters written from right to left and from left to right"
    : RIGHT_TO_LEFT.test(all[0]!) && RIGHT_TO_LEFT.test(all.at(-1)!)
    ? undefined
    : "has right-to-left characters, but not at its beginning and its end";
  if (wrong) {
    throw new TypeError(`Cannot use this name or password: it ${wrong}`);
  }
}
