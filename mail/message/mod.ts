/**
 * Messages as mail and news have them (RFC 5322).
 *
 * @example
 * ```ts
 * import { parseDate } from "@wireline/std/mail/message";
 *
 * console.log(parseDate("21 Nov 2026 10:38:59 +0100")?.toISOString());
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
