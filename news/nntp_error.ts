import type { Reply } from "../_wire/reply.ts";
import { ReplyError } from "../_wire/errors.ts";

/** Codes after which the same command may succeed later (RFC 3977 section 3.2.1). */
const TRANSIENT = [400, 403, 436];

/** What the user can do about it. */
const ADVICE: Record<number, string> = {
  412: "select a group by group() first",
  480: "sign in by login() first",
  483: 'connect with tls: "starttls" or "implicit"',
};

/**
 * The NNTP server refused a command: a reply of 4yz or 5yz (RFC 3977 section
 * 3.2). `code` says why: 411 there is no such group, 423 or 430 no such
 * article, 440 no posting, 480 not without signing in.
 *
 * @example Ask for an article that may be gone
 * ```ts
 * import { type NntpClient, NntpError } from "@wireline/std/news";
 *
 * async function isThere(nntp: NntpClient, id: string): Promise<boolean> {
 *   try {
 *     await nntp.stat(id);
 *     return true;
 *   } catch (error) {
 *     if (error instanceof NntpError && error.code === 430) return false;
 *     throw error;
 *   }
 * }
 * ```
 */
export class NntpError extends ReplyError<number> {
  /** The error's name, always `"NntpError"`. */
  override name = "NntpError";

  /**
   * `command` as the user should see it: with its secrets masked. `why` is given
   * where it is not the server that says so, and never will change its mind.
   */
  constructor({ code, lines, text }: Reply, command: string, why?: string) {
    const advice = ADVICE[code] ? ` (${ADVICE[code]})` : "";
    const said = `the server answered ${code} ${text}`.trimEnd() + advice;
    super(`Cannot ${command}: ${why ?? said}`, {
      code,
      reply: { lines, text },
      command,
      transient: why === undefined && TRANSIENT.includes(code),
    });
  }
}
