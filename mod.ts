/**
 * Internet protocols for Deno: clients on Web streams, `Deno.connect` and
 * `Deno.startTls`. Every directory is a module of its own; this one re-exports
 * them all.
 *
 * @example
 * ```ts
 * import { FtpClient } from "@wireline/std";
 *
 * await using ftp = await FtpClient.connect({ hostname: "ftp.example.com" });
 * await ftp.login();
 * console.log(await ftp.nlst());
 * ```
 *
 * @module
 */

export * from "./cookies/mod.ts";
export * from "./ftp/mod.ts";
export * from "./mail/mod.ts";
export * from "./news/mod.ts";
