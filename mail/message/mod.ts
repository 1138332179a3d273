/**
 * Messages as mail and news have them (RFC 5322, MIME): made, read without loss,
 * signed and verified (DKIM), and what stands in their headers.
 *
 * @example Keep the files that came along
 * ```ts
 * import { MailMessage } from "@wireline/std/mail/message";
 *
 * async function files(path: string) {
 *   const message = await MailMessage.parse(await Deno.readFile(path));
 *   for (const { filename, contentType, content } of message.attachments) {
 *     console.log(filename, contentType, content.length);
 *   }
 * }
 * ```
 *
 * @module
 */

export {
  type Address,
  type AddressGroup,
  formatAddress,
  type MailboxAddress,
  parseAddressList,
} from "./address.ts";
export { formatDate, parseDate } from "./date.ts";
export { decodeWords, encodeWords } from "./words.ts";
export { type DkimKey, dkimSign } from "./dkim_sign.ts";
export { type DkimResult, dkimVerify } from "./dkim_verify.ts";
export { MailHeaders } from "./headers.ts";
export { MailMessage, type WriteOptions } from "./message.ts";
export type {
  AddressInput,
  Attachment,
  AttachmentInput,
  MailMessageInit,
  ParseOptions,
  PartContent,
} from "./types.ts";
export type { BodySource, Bytes } from "../../_wire/options.ts";
