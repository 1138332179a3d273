/**
 * A server that receives mail.
 *
 * @example Receive one message
 * ```ts
 * import { SmtpServer } from "@wireline/std/mail/smtpd";
 *
 * await using server = new SmtpServer({
 *   port: 0,
 *   async onMessage({ from, to }, body) {
 *     console.log(from, "to", to, await new Response(body).text());
 *   },
 * });
 * console.log("listening on port", server.address.port);
 * ```
 *
 * For debugging there is a server that prints what it is sent: `sink.ts`.
 *
 * @module
 */

export { SmtpServer } from "./server.ts";
export type * from "./types.ts";
export { SmtpError, type SmtpRefusal } from "../smtp/smtp_error.ts";
export { deriveScramKeys, type ScramKeys } from "../sasl/scram_keys.ts";
