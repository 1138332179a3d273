import { ReplyError } from "../../_wire/errors.ts";
import type { Pop3Status } from "./replies.ts";

/**
 * Response codes that say "later" (RFC 2449 section 8, RFC 3206), and whatever
 * may be behind them.
 */
const TRANSIENT = /^(IN-USE|LOGIN-DELAY|SYS\/TEMP)(\/|$)/;

/**
 * The POP3 server refused a command: `-ERR` (RFC 1939 section 3). The `code` is
 * the response code in brackets (RFC 2449 section 8) in upper case, `"ERR"`
 * where there is none.
 *
 * @example Wait where somebody else has the mailbox open
 * ```ts
 * import { type Pop3Client, Pop3Error } from "@wireline/std/mail/pop3";
 *
 * async function isFree(pop3: Pop3Client): Promise<boolean> {
 *   try {
 *     await pop3.login("ada", "secret");
 *     return true;
 *   } catch (error) {
 *     if (error instanceof Pop3Error && error.code === "IN-USE") return false;
 *     throw error;
 *   }
 * }
 * ```
 */
export class Pop3Error extends ReplyError<string> {
  /** The error's name, always `"Pop3Error"`. */
  override name = "Pop3Error";

  /**
   * `command` as the user should see it: with its secrets masked. `why` is given
   * where it is not the server that says so.
   */
  constructor({ code, text }: Pop3Status, command: string, why?: string) {
    const said = `the server answered -ERR ${text}`.trimEnd();
    super(`Cannot ${command}: ${why ?? said}`, {
      code,
      reply: { lines: [text], text },
      command,
      transient: TRANSIENT.test(code),
    });
  }
}
