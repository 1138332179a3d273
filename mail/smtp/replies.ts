/** What a reply means: pure functions from lines to values. */
import type { Reply } from "../../_wire/reply.ts";
import type { SmtpReply } from "./types.ts";

const ENHANCED = /^([245]\.\d{1,3}\.\d{1,3})(?: |$)/;

/**
 * Takes the enhanced status code (RFC 2034) off the lines. It is believed only
 * where it says the same as the code, so that a text which happens to begin
 * like one is left alone.
 */
export function withEnhancedCode(reply: Reply): SmtpReply {
  const found = ENHANCED.exec(reply.lines[0]!)?.[1];
  if (!found || found[0] !== String(reply.code)[0]) return reply;
  const lines = reply.lines.map((line) => line.replace(ENHANCED, ""));
  return {
    code: reply.code,
    enhancedCode: found,
    lines,
    text: lines.join("\n"),
  };
}

/**
 * The extensions in a reply to EHLO (RFC 5321 section 4.1.1.1): keywords in
 * upper case with their parameters. The first line is the server's name.
 */
export function parseExtensions(lines: string[]): Map<string, string> {
  const extensions = new Map<string, string>();
  for (const line of lines.slice(1)) {
    // QUIRK: some Microsoft servers repeat AUTH as "AUTH=LOGIN PLAIN".
    const [, keyword, parameters = ""] =
      /^([a-z\d][a-z\d-]*)(?:[ =] *(.*))?$/is.exec(line.trimEnd()) ?? [];
    if (!keyword) continue;
    const name = keyword.toUpperCase();
    const known = extensions.get(name);
    extensions.set(
      name,
      known && parameters ? `${known} ${parameters}` : known || parameters,
    );
  }
  return extensions;
}

/** The server's limit on a message (RFC 1870); undefined for none. */
export function sizeLimit(
  extensions: ReadonlyMap<string, string>,
): number | undefined {
  const limit = Number(/^\d+/.exec(extensions.get("SIZE") ?? "")?.[0]);
  return limit > 0 ? limit : undefined;
}

/** A number among the server's limits (RFC 9422): `MAILMAX`, `RCPTMAX`... */
export function limitOf(
  extensions: ReadonlyMap<string, string>,
  name: "MAILMAX" | "RCPTMAX" | "RCPTDOMAINMAX",
): number {
  const limits = extensions.get("LIMITS") ?? "";
  const value = new RegExp(`(?:^|\\s)${name}=([1-9]\\d{0,5})(?=\\s|$)`, "i")
    .exec(limits)?.[1];
  return value ? Number(value) : Infinity;
}
