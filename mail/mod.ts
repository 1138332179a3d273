/**
 * Mail: sending it, receiving it, and what belongs to it. Each folder is a
 * module of its own; this one re-exports them all.
 *
 * @example Keep what a server needs to know of a password
 * ```ts
 * import { deriveScramKeys } from "@wireline/std/mail";
 *
 * const keys = await deriveScramKeys("secret");
 * ```
 *
 * @module
 */

export * from "./encoding/mod.ts";
export * from "./mailbox/mod.ts";
export * from "./mailcap.ts";
export * from "./message/mod.ts";
export * from "./mime_types.ts";
export * from "./pop3/mod.ts";
export * from "./sasl/mod.ts";
export * from "./smtp/mod.ts";
export * from "./smtpd/mod.ts";
