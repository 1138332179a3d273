/**
 * SMTP and LMTP: sending mail, one message or thousands, in the clear or over
 * TLS.
 *
 * @example Send a message
 * ```ts
 * import { SmtpClient } from "@wireline/std/mail/smtp";
 *
 * await using smtp = await SmtpClient.connect({
 *   hostname: "smtp.example.com",
 *   tls: "starttls",
 * });
 * await smtp.login("ada", "secret");
 * const { accepted } = await smtp.sendMail(
 *   { from: "ada@example.com", to: "bob@example.com" },
 *   "From: ada@example.com\r\nSubject: Hello\r\n\r\nHow are you?\r\n",
 * );
 * console.log("sent to", accepted);
 * ```
 *
 * @module
 */

export { SmtpClient } from "./client.ts";
export { SmtpPool } from "./pool.ts";
export { SmtpError, type SmtpRefusal } from "./smtp_error.ts";
export { SmtpUncertainError } from "./transaction.ts";
export type * from "./types.ts";
export type { SaslSecret } from "../sasl/types.ts";
export {
  ProtocolError,
  ReplyError,
  type ReplyErrorInit,
  type ReplyText,
} from "../../_wire/errors.ts";
export type { Limits } from "../../_wire/limits.ts";
export type {
  BodySource,
  Bytes,
  ClientOptions,
  OperationOptions,
  TlsOptions,
  TraceEvent,
} from "../../_wire/options.ts";
