/**
 * SASL (RFC 4422): how a user proves to a mail or news server that he is
 * himself, the same for SMTP, POP3, IMAP and NNTP. Clients choose and use the
 * mechanisms by themselves; what is exported here is for those who run a
 * server and keep its users.
 *
 * @example Keep what a server needs to know of a password
 * ```ts
 * import { deriveScramKeys, type ScramKeys } from "@wireline/std/mail/sasl";
 *
 * const users = new Map<string, ScramKeys>();
 * users.set("ada", await deriveScramKeys("secret"));
 * ```
 *
 * @module
 */

export { deriveScramKeys, type ScramKeys } from "./scram_keys.ts";
export { saslprep } from "./saslprep.ts";
export type { SaslSecret } from "./types.ts";
