/**
 * NNTP: reading and posting news, articles as streams of bytes, or many in a
 * row.
 *
 * @example List the groups
 * ```ts
 * import { NntpClient } from "@wireline/std/news";
 *
 * await using nntp = await NntpClient.connect({
 *   hostname: "news.example.com",
 * });
 * for await (const { name, first, last } of await nntp.active("comp.*")) {
 *   console.log(name, Math.max(0, last - first + 1));
 * }
 * ```
 *
 * @module
 */

export { NntpClient } from "./client.ts";
export { NntpError } from "./nntp_error.ts";
export type * from "./types.ts";
export type { Reply as NntpReply } from "../_wire/reply.ts";
export type { SaslSecret } from "../mail/sasl/types.ts";
export {
  ProtocolError,
  ReplyError,
  type ReplyErrorInit,
  type ReplyText,
} from "../_wire/errors.ts";
export type { Limits } from "../_wire/limits.ts";
export type { PipelineOptions } from "../_wire/pipeline.ts";
export type {
  BodySource,
  Bytes,
  ClientOptions,
  OperationOptions,
  TlsOptions,
  TraceEvent,
} from "../_wire/options.ts";
