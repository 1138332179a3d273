import { MboxFormat } from "./_mbox_format.ts";
import { SingleFile } from "./_single_file.ts";
import { Mailbox } from "./mailbox.ts";
import type { MailboxOptions, MboxDialect } from "./types.ts";

const DIALECTS = ["mboxo", "mboxrd", "mboxcl", "mboxcl2"];

/** How to open an mbox file. */
export interface MboxOptions extends MailboxOptions {
  /**
   * How `From ` lines in messages are kept apart; default `"mboxrd"`. No file
   * says which one it is. A `Content-Length` counts only in `"mboxcl"` and
   * `"mboxcl2"`, where the mailbox's own program has put it there: elsewhere it
   * is the sender's word. It is left out of what is read, and a wrong one is of
   * no consequence: something else than a `From ` line follows then.
   */
  dialect?: MboxDialect | undefined;
}

/**
 * A mailbox that is one file: the messages one behind the other, each with a
 * line `From sender date` in front (RFC 4155; mbox(5) of qmail).
 *
 * That line is made from the message, or is its own where it begins with one,
 * and is no part of what is read. A last line end is added where it is missing.
 * Flags stand in the header, as `Status`, `X-Status` and `X-Keywords`; a message
 * that is read has them, too.
 *
 * @example Copy new mail, and remove it
 * ```ts
 * import { Mbox } from "@wireline/std/mail/mailbox";
 *
 * async function move(from: string, to: string) {
 *   await using source = await Mbox.open(from);
 *   await using target = await Mbox.open(to, { create: true });
 *   await source.lock();
 *   for await (const key of source.keys()) {
 *     const flags = await source.flags(key);
 *     if (!flags.has("recent")) continue;
 *     await target.add(await source.stream(key), { flags });
 *     await source.remove(key);
 *   }
 * }
 * ```
 */
export class Mbox extends Mailbox {
  /** How the file keeps `From ` lines apart. */
  readonly dialect: MboxDialect;

  private constructor(store: SingleFile, dialect: MboxDialect) {
    super(store);
    this.dialect = dialect;
  }

  /**
   * Opens a file.
   *
   * @throws {Deno.errors.NotFound} When there is none, and `create` is not set.
   * @throws {TypeError} When it is a directory, or there is no such dialect.
   */
  static override async open(
    path: string,
    options: MboxOptions = {},
  ): Promise<Mbox> {
    const { dialect = "mboxrd" } = options;
    if (!DIALECTS.includes(dialect)) {
      throw new TypeError(
        `Cannot open the mailbox: there is no dialect ${
          JSON.stringify(dialect)
        }`,
      );
    }
    const format = new MboxFormat(dialect);
    return new Mbox(await SingleFile.open(path, format, options), dialect);
  }
}
