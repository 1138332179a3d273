/**
 * POP3: fetching mail from a mailbox on a server, one message as a stream or
 * many in a row.
 *
 * @example Look at what is there
 * ```ts
 * import { Pop3Client } from "@wireline/std/mail/pop3";
 *
 * await using pop3 = await Pop3Client.connect({
 *   hostname: "pop.example.com",
 *   tls: "implicit",
 * });
 * await pop3.login("ada", "secret");
 * const { count, size } = await pop3.stat();
 * console.log(count, "messages of", size, "bytes");
 * ```
 *
 * @module
 */

export { Pop3Client } from "./client.ts";
export { Pop3Error } from "./pop3_error.ts";
export type { Pop3Status } from "./replies.ts";
export type * from "./types.ts";
export type { SaslSecret } from "../sasl/types.ts";
export {
  ProtocolError,
  ReplyError,
  type ReplyErrorInit,
  type ReplyText,
} from "../../_wire/errors.ts";
export type { PipelineOptions } from "../../_wire/pipeline.ts";
export type { Limits } from "../../_wire/limits.ts";
export type {
  Bytes,
  ClientOptions,
  OperationOptions,
  TlsOptions,
  TraceEvent,
} from "../../_wire/options.ts";
