import { join } from "node:path";
import { toByteString } from "../../_wire/text.ts";
import { Babyl } from "./babyl.ts";
import type { Mailbox } from "./mailbox.ts";
import { Maildir } from "./maildir.ts";
import { Mbox } from "./mbox.ts";
import { Mh } from "./mh.ts";
import { Mmdf } from "./mmdf.ts";
import type { MailboxOptions } from "./types.ts";
import { readAt } from "./_window.ts";

/** A class of mailboxes. */
interface Format {
  open(path: string, options: MailboxOptions): Promise<Mailbox>;
}

/** The class for what is at the path, which opens it, or refuses to. */
export function detectFormat(path: string): Format {
  let info: Deno.FileInfo;
  try {
    info = Deno.statSync(path);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return Mbox;
    throw error;
  }
  if (info.isDirectory) return isDirectory(join(path, "cur")) ? Maildir : Mh;
  if (!info.isFile) return Mbox;
  using file = Deno.openSync(path);
  const start = new Uint8Array(512);
  const text = toByteString(start.subarray(0, readAt(file, 0, start)));
  if (text.startsWith("BABYL OPTIONS:")) return Babyl;
  if (text.startsWith("\x01\x01\x01\x01")) return Mmdf;
  if (text === "" || /^(?:\r?\n)*From /.test(text)) return Mbox;
  throw new TypeError(
    `Cannot open the mailbox ${JSON.stringify(path)}: it begins like none`,
  );
}

function isDirectory(path: string): boolean {
  try {
    return Deno.statSync(path).isDirectory;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return false;
    throw error;
  }
}
