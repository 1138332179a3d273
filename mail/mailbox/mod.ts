/**
 * Mailboxes as files and directories: mbox in its four dialects, Maildir with
 * folders, MH, MMDF and Babyl, all alike to use. What is written is locked the
 * way mail programs on Unix do it, and is the old mailbox or the new one whatever
 * happens.
 *
 * @example
 * ```ts
 * import { Mailbox } from "@wireline/std/mail/mailbox";
 *
 * async function list(path: string) {
 *   await using box = await Mailbox.open(path);
 *   for await (const { key, message } of box.messages()) {
 *     console.log(key, message.subject);
 *   }
 * }
 * ```
 *
 * @module
 */

export { Babyl } from "./babyl.ts";
export { Mailbox } from "./mailbox.ts";
export { Maildir } from "./maildir.ts";
export { Mbox, type MboxOptions } from "./mbox.ts";
export { Mh } from "./mh.ts";
export { Mmdf } from "./mmdf.ts";
export type {
  AddOptions,
  MailboxEntry,
  MailboxOptions,
  MailFlag,
  MboxDialect,
} from "./types.ts";
export type {
  BodySource,
  Bytes,
  OperationOptions,
} from "../../_wire/options.ts";
export type {
  Address,
  AddressGroup,
  Attachment,
  MailboxAddress,
  WriteOptions,
} from "../message/mod.ts";
// As values, though they are wanted as types: else a module that re-exports both
// would have them as types only.
export { MailHeaders, MailMessage } from "../message/mod.ts";
