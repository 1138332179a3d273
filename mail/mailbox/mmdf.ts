import { MmdfFormat } from "./_mmdf_format.ts";
import { SingleFile } from "./_single_file.ts";
import { Mailbox } from "./mailbox.ts";
import type { MailboxOptions } from "./types.ts";

/**
 * A mailbox that is one file, as the mail program MMDF had it (mmdf(5)): each
 * message stands between two lines of four control-A characters. Otherwise it is
 * as {@linkcode Mbox}: with a `From ` line, and flags in the header.
 *
 * Between those lines is the message, to the last byte. Python's `mailbox` writes
 * one empty line more, and takes it away when it reads.
 */
export class Mmdf extends Mailbox {
  private constructor(store: SingleFile) {
    super(store);
  }

  /**
   * Opens a file.
   *
   * @throws {Deno.errors.NotFound} When there is none, and `create` is not set.
   * @throws {TypeError} When it is a directory.
   */
  static override async open(
    path: string,
    options: MailboxOptions = {},
  ): Promise<Mmdf> {
    return new Mmdf(await SingleFile.open(path, new MmdfFormat(), options));
  }
}
