/**
 * FTP: files to and from servers, in the clear or over TLS, as Web streams or
 * straight to and from the local disk.
 *
 * @example List a directory and read a file
 * ```ts
 * import { FtpClient } from "@wireline/std/ftp";
 *
 * await using ftp = await FtpClient.connect({
 *   hostname: "ftp.example.com",
 *   tls: "starttls",
 * });
 * await ftp.login("ada", "secret");
 * for (const { name, size } of await ftp.list()) console.log(name, size);
 * const stream = await ftp.retrBinary("RETR notes.txt");
 * console.log(await new Response(stream).text());
 * ```
 *
 * @module
 */

export { FtpClient } from "./client.ts";
export { FtpError } from "./ftp_error.ts";
export { parseList } from "./list_parser.ts";
export { parseMlsx } from "./list_mlsx.ts";
export type * from "./types.ts";
export {
  ProtocolError,
  ReplyError,
  type ReplyErrorInit,
  type ReplyText,
} from "../_wire/errors.ts";
export type { Limits } from "../_wire/limits.ts";
export type {
  BodySource,
  Bytes,
  ClientOptions,
  OperationOptions,
  TlsOptions,
  TraceEvent,
} from "../_wire/options.ts";
