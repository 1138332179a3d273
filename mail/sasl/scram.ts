import { randomBytes, timingSafeEqual } from "node:crypto";
import { ProtocolError } from "../../_wire/errors.ts";
import type { Bytes } from "../../_wire/options.ts";
import { saslprep } from "./saslprep.ts";
import {
  digest,
  hmac,
  saltedPassword,
  type ScramHash,
  xor,
} from "./scram_keys.ts";
import type { SaslClient, SaslCredentials } from "./types.ts";

const ENCODER = new TextEncoder();

/** No channel binding (RFC 5802 section 6): the runtime offers no data for it. */
export const GS2_HEADER = "n,,";

/**
 * Below this a server makes the password easy to guess for whoever listens
 * (RFC 5802 section 5.1, RFC 7677 section 4).
 */
const MIN_ITERATIONS = 4096;
/** Above this a server keeps the client busy for seconds. */
const MAX_ITERATIONS = 10_000_000;

/** SCRAM-SHA-256 (RFC 7677) and SCRAM-SHA-1 (RFC 5802). */
export class ScramClient implements SaslClient {
  readonly name: string;
  readonly secrets: readonly string[];
  #hash: ScramHash;
  #password: string;
  #nonce: string;
  #firstBare: string;
  #serverSignature: Bytes | undefined;
  #proven = false;

  /** `nonce` is given by tests only. */
  constructor(
    hash: ScramHash,
    { user, secret }: SaslCredentials,
    nonce: string = randomBytes(18).toString("base64"),
  ) {
    this.name = `SCRAM-${hash === "sha256" ? "SHA-256" : "SHA-1"}`;
    if (typeof secret !== "string") {
      throw new TypeError(
        `Cannot sign in by ${this.name}: it needs a password`,
      );
    }
    this.#hash = hash;
    this.#password = saslprep(secret);
    this.secrets = [secret, this.#password];
    this.#nonce = nonce;
    const name = saslprep(user).replaceAll("=", "=3D").replaceAll(",", "=2C");
    this.#firstBare = `n=${name},r=${nonce}`;
  }

  start(): Bytes {
    return ENCODER.encode(GS2_HEADER + this.#firstBare);
  }

  async next(challenge: Uint8Array): Promise<Bytes> {
    const text = new TextDecoder().decode(challenge);
    if (this.#serverSignature) return this.#checkServer(text);
    const { nonce, salt, iterations } = this.#parseFirst(text);
    const salted = await saltedPassword(
      this.#hash,
      this.#password,
      salt,
      iterations,
    );
    // RFC 5802 section 3.
    const clientKey = hmac(this.#hash, salted, "Client Key");
    const storedKey = digest(this.#hash, clientKey);
    const finalBare = `c=${btoa(GS2_HEADER)},r=${nonce}`;
    const signed = `${this.#firstBare},${text},${finalBare}`;
    const proof = xor(clientKey, hmac(this.#hash, storedKey, signed));
    const serverKey = hmac(this.#hash, salted, "Server Key");
    this.#serverSignature = hmac(this.#hash, serverKey, signed);
    return ENCODER.encode(`${finalBare},p=${proof.toBase64()}`);
  }

  finish(): void {
    if (!this.#proven) {
      this.#fail("the server did not prove that it knows the password");
    }
  }

  /** server-first-message: `r=nonce,s=salt,i=iterations`. */
  #parseFirst(
    text: string,
  ): { nonce: string; salt: Bytes; iterations: number } {
    const match = /^r=([!-+\--~]+),s=([A-Za-z0-9+/=]+),i=([1-9]\d{0,9})(,|$)/
      .exec(text);
    if (!match) {
      const shown = JSON.stringify(text.slice(0, 80));
      this.#fail(
        // A mandatory extension (RFC 5802 section 5.1).
        text.startsWith("m=")
          ? "the server demands an extension of SCRAM"
          : `the server's first message is ${shown}`,
      );
    }
    const [, nonce, salt, count] = match;
    if (!nonce!.startsWith(this.#nonce) || nonce === this.#nonce) {
      this.#fail("the server's nonce does not continue ours");
    }
    const iterations = Number(count);
    if (iterations < MIN_ITERATIONS || iterations > MAX_ITERATIONS) {
      this.#fail(
        `the server wants ${iterations} iterations, which is not between ` +
          `${MIN_ITERATIONS} and ${MAX_ITERATIONS}`,
      );
    }
    try {
      return { nonce: nonce!, salt: Uint8Array.fromBase64(salt!), iterations };
    } catch {
      this.#fail("the server's salt is no base64");
    }
  }

  /** server-final-message: `v=signature`, or `e=why`. */
  #checkServer(text: string): Bytes {
    if (this.#proven) this.#fail("the server asks once more than it may");
    const [, kind, value] = /^([ve])=([^,]*)/.exec(text) ?? [];
    if (kind === "v" && sameAs(this.#serverSignature!, value!)) {
      this.#proven = true;
      return new Uint8Array();
    }
    this.#fail(
      kind === "e"
        ? `the server says ${JSON.stringify(value!.slice(0, 80))}`
        : "the server does not know the password",
    );
  }

  #fail(why: string): never {
    throw new ProtocolError(`Cannot sign in by ${this.name}: ${why}`);
  }
}

function sameAs(expected: Bytes, base64: string): boolean {
  try {
    const given = Uint8Array.fromBase64(base64);
    return given.length === expected.length && timingSafeEqual(given, expected);
  } catch {
    return false;
  }
}
