import { createHash, createHmac, pbkdf2, randomBytes } from "node:crypto";
import { promisify } from "node:util";
import type { Bytes } from "../../_wire/options.ts";
import { saslprep } from "./saslprep.ts";

/** The hashes that SCRAM is used with here. */
export type ScramHash = "sha256" | "sha1";

/** Bytes of a hash's result. */
export const HASH_LENGTH: Record<ScramHash, number> = { sha256: 32, sha1: 20 };

/**
 * What a server keeps of a password for SCRAM-SHA-256 (RFC 5802 section 3). A
 * thief who reads it cannot sign in with it.
 */
export interface ScramKeys {
  /** Random bytes, other ones for each user. */
  salt: Uint8Array;
  /** How often the hash is repeated. */
  iterations: number;
  /** What a client's proof is checked against. */
  storedKey: Uint8Array;
  /** What the server proves itself with. */
  serverKey: Uint8Array;
}

/**
 * Makes what a server keeps of a password for SCRAM-SHA-256 (RFC 5802 section
 * 3, RFC 7677).
 *
 * @param password The password; it is prepared by {@linkcode saslprep}.
 * @param options `iterations`, 4,096 by default as RFC 7677 has it, and `salt`,
 * 16 random bytes by default.
 * @returns The keys.
 * @throws {TypeError} When the password holds what RFC 4013 forbids.
 *
 * @example
 * ```ts
 * import { deriveScramKeys } from "@wireline/std/mail/sasl";
 * import { assertEquals } from "jsr:@std/assert@^1.0.0";
 *
 * const keys = await deriveScramKeys("pencil");
 * assertEquals(keys.iterations, 4096);
 * ```
 */
export async function deriveScramKeys(
  password: string,
  options: {
    iterations?: number | undefined;
    salt?: Uint8Array | undefined;
  } = {},
): Promise<ScramKeys> {
  const { iterations = 4096, salt = new Uint8Array(randomBytes(16)) } = options;
  const salted = await saltedPassword("sha256", password, salt, iterations);
  const clientKey = hmac("sha256", salted, "Client Key");
  return {
    salt,
    iterations,
    storedKey: digest("sha256", clientKey),
    serverKey: hmac("sha256", salted, "Server Key"),
  };
}

/** `Hi` of RFC 5802 section 2.2, which is PBKDF2; done by another thread. */
export async function saltedPassword(
  hash: ScramHash,
  password: string,
  salt: Uint8Array,
  iterations: number,
): Promise<Bytes> {
  const prepared = saslprep(password);
  const derive = promisify(pbkdf2);
  return new Uint8Array(
    await derive(prepared, salt, iterations, HASH_LENGTH[hash], hash),
  );
}

/** HMAC of RFC 5802 section 2.2. */
export function hmac(
  hash: ScramHash,
  key: Uint8Array,
  text: string,
): Bytes {
  return new Uint8Array(createHmac(hash, key).update(text).digest());
}

/** H of RFC 5802 section 2.2. */
export function digest(hash: ScramHash, bytes: Uint8Array): Bytes {
  return new Uint8Array(createHash(hash).update(bytes).digest());
}

/** The exclusive or of two strings of the same length. */
export function xor(a: Uint8Array, b: Uint8Array): Bytes {
  return Uint8Array.from(a, (byte, at) => byte ^ b[at]!);
}
