import { BabylFormat } from "./_babyl_format.ts";
import { SingleFile } from "./_single_file.ts";
import { Mailbox } from "./mailbox.ts";
import type { MailboxOptions } from "./types.ts";

/**
 * A mailbox that is one file, as Emacs' Rmail had it (version 5 of the format).
 *
 * Flags are its attributes; `"flagged"` and `"draft"`, which it does not have,
 * are labels, `"recent"` is not kept. The other labels of a message stay. What is
 * read is the header as it came, and the body; what Rmail would show of the
 * header is written beside it, all of it.
 */
export class Babyl extends Mailbox {
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
  ): Promise<Babyl> {
    return new Babyl(await SingleFile.open(path, new BabylFormat(), options));
  }
}
