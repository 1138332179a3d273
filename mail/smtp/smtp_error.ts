import { ReplyError } from "../../_wire/errors.ts";
import type { RejectedRecipient } from "./types.ts";

/** How a refusal came about; known on the client's side only. */
export interface SmtpRefusal {
  /** The command that was refused, its secrets masked. */
  command?: string | undefined;
  /** What failed, as the message says it; default the command. */
  doing?: string | undefined;
  /** The lines of the reply; default those of the text. */
  lines?: string[] | undefined;
  /** Whether the client foresaw it: then the server was not asked. */
  foreseen?: boolean | undefined;
  /** The recipients that were refused one by one. */
  rejected?: RejectedRecipient[] | undefined;
}

/**
 * A refusal in SMTP: a reply of 4yz (`transient`) or 5yz (RFC 5321 section
 * 4.2.1). A client rejects with it when the server refuses, or when it can
 * foresee that the server would, with the code that the server would give; a
 * server's handler throws it to refuse.
 *
 * @example Tell a refused recipient from other failures
 * ```ts
 * import { type SmtpClient, SmtpError } from "@wireline/std/mail/smtp";
 *
 * async function deliver(smtp: SmtpClient, to: string, message: string) {
 *   try {
 *     await smtp.sendMail({ from: "ada@example.com", to }, message);
 *   } catch (error) {
 *     if (!(error instanceof SmtpError)) throw error;
 *     console.error(error.transient ? "try later" : "give up", error.code);
 *   }
 * }
 * ```
 *
 * @example Refuse as a server
 * ```ts
 * import { SmtpError } from "@wireline/std/mail/smtp";
 *
 * function onRecipient(address: string): void {
 *   if (!address.endsWith("@example.com")) {
 *     throw new SmtpError(550, "5.7.1", "We do not relay");
 *   }
 * }
 * ```
 */
export class SmtpError extends ReplyError<number> {
  /** The error's name, always `"SmtpError"`. */
  override name = "SmtpError";
  /** The recipients that were refused, where that is why nothing was sent. */
  readonly rejected: readonly RejectedRecipient[];

  /**
   * `text` is what to say, without the codes; of several lines, with `"\n"`
   * between them.
   */
  constructor(
    code: number,
    enhancedCode: string | undefined,
    text: string,
    refusal: SmtpRefusal = {},
  ) {
    const { command, doing = command, lines = text.split("\n") } = refusal;
    const said = enhancedCode
      ? `${code} ${enhancedCode} ${text}`
      : `${code} ${text}`;
    const who = refusal.foreseen ? text : `the server answered ${said}`;
    super(doing ? `Cannot ${doing}: ${who}` : said, {
      code,
      enhancedCode,
      reply: { lines, text },
      command,
      transient: code >= 400 && code < 500,
    });
    this.rejected = refusal.rejected ?? [];
  }
}
