import { createHmac, randomBytes, timingSafeEqual } from "node:crypto";
import type { Bytes } from "../../_wire/options.ts";
import { saslprep } from "./saslprep.ts";
import { digest, hmac, type ScramKeys, xor } from "./scram_keys.ts";
import type { SaslServer, SaslStep } from "./types.ts";

const ENCODER = new TextEncoder();
const REFUSED: SaslStep = { refused: true };
const FIRST =
  /^[ny],(?:a=([^,]*))?,(n=((?:[^,=]|=2C|=3D)+),r=([!-+\--~]+)(?:,.*)?)$/s;

/** Whether the password is the user's. */
export type CheckPassword = (
  user: string,
  password: string,
) => boolean | Promise<boolean>;

/** PLAIN (RFC 4616). Nobody can act for somebody else. */
export function plainServer(check: CheckPassword): SaslServer {
  return {
    name: "PLAIN",
    async next(response) {
      if (!response) return { challenge: new Uint8Array() };
      const parts = decode(response)?.split("\0") ?? [];
      if (parts.length !== 3) return REFUSED;
      // Section 2: preparing them is the server's part.
      const [authorize, user, password] = parts.map(prepare);
      if (!user || !password) return REFUSED;
      if (authorize !== "" && authorize !== user) return REFUSED;
      return await check(user, password) ? { user } : REFUSED;
    },
  };
}

/** LOGIN, which no RFC describes. */
export function loginServer(check: CheckPassword): SaslServer {
  let user: string | undefined;
  return {
    name: "LOGIN",
    async next(response) {
      if (!response) return { challenge: ENCODER.encode("Username:") };
      const text = prepare(decode(response));
      if (!text) return REFUSED;
      if (user === undefined) {
        user = text;
        return { challenge: ENCODER.encode("Password:") };
      }
      return await check(user, text) ? { user } : REFUSED;
    },
  };
}

/** SCRAM-SHA-256 (RFC 5802, RFC 7677). */
export class ScramServer implements SaslServer {
  readonly name = "SCRAM-SHA-256";
  #keysOf: (
    user: string,
  ) => ScramKeys | undefined | Promise<ScramKeys | undefined>;
  #fakeSecret: Uint8Array;
  #nonce: string;
  #exchange:
    | { user: string; keys: ScramKeys; known: boolean; signed: string }
    | undefined;
  #proven = false;

  /**
   * `fakeSecret` makes the salts of users who are not there: always the same
   * ones, so that nobody can tell by asking twice.
   */
  constructor(
    keysOf: (
      user: string,
    ) => ScramKeys | undefined | Promise<ScramKeys | undefined>,
    fakeSecret: Uint8Array,
    nonce: string = randomBytes(18).toString("base64"),
  ) {
    this.#keysOf = keysOf;
    this.#fakeSecret = fakeSecret;
    this.#nonce = nonce;
  }

  async next(response: Uint8Array | undefined): Promise<SaslStep> {
    if (!response) return { challenge: new Uint8Array() };
    // The client's nod to the server's proof.
    if (this.#proven) {
      return response.length === 0 ? { user: this.#exchange!.user } : REFUSED;
    }
    const text = decode(response);
    if (text === undefined) return REFUSED;
    return this.#exchange ? this.#final(text) : await this.#first(text);
  }

  /** client-first-message: `n,,n=user,r=nonce`. */
  async #first(text: string): Promise<SaslStep> {
    // "y": the client would bind channels, and we do not offer it.
    const match = FIRST.exec(text);
    if (!match) return REFUSED;
    const [, authorize, bare, name, clientNonce] = match;
    if (authorize !== undefined && authorize !== name) return REFUSED;
    const user = prepare(name!.replaceAll("=2C", ",").replaceAll("=3D", "="));
    if (!user) return REFUSED;
    const found = await this.#keysOf(user);
    const keys = found ?? this.#fakeKeys(user);
    const nonce = clientNonce! + this.#nonce;
    const { salt, iterations } = keys;
    const first = `r=${nonce},s=${salt.toBase64()},i=${iterations}`;
    const header = text.slice(0, text.length - bare!.length);
    const binding = ENCODER.encode(header).toBase64();
    const finalBare = `c=${binding},r=${nonce}`;
    this.#exchange = {
      user,
      keys,
      known: found !== undefined,
      signed: `${bare},${first},${finalBare}`,
    };
    return { challenge: ENCODER.encode(first) };
  }

  /** client-final-message: `c=header,r=nonce,p=proof`. */
  #final(text: string): SaslStep {
    const { keys, known, signed } = this.#exchange!;
    const { storedKey, serverKey } = keys;
    const at = text.lastIndexOf(",p=");
    if (at < 0 || !signed.endsWith(`,${text.slice(0, at)}`)) return REFUSED;
    let proof: Uint8Array;
    try {
      proof = Uint8Array.fromBase64(text.slice(at + 3));
    } catch {
      return REFUSED;
    }
    if (proof.length !== storedKey.length) return REFUSED;
    const clientKey = xor(proof, hmac("sha256", storedKey, signed));
    const right = timingSafeEqual(digest("sha256", clientKey), storedKey);
    if (!right || !known) return REFUSED;
    this.#proven = true;
    const signature = hmac("sha256", serverKey, signed).toBase64();
    return { challenge: ENCODER.encode(`v=${signature}`) };
  }

  #fakeKeys(user: string): ScramKeys {
    const of = (what: string): Bytes =>
      new Uint8Array(
        createHmac("sha256", this.#fakeSecret).update(`${what} ${user}`)
          .digest(),
      );
    return {
      // As deriveScramKeys makes them.
      salt: of("salt").slice(0, 16),
      iterations: 4096,
      storedKey: of("stored"),
      serverKey: of("server"),
    };
  }
}

function decode(bytes: Uint8Array): string | undefined {
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true })
      .decode(bytes);
  } catch {
    return undefined;
  }
}

/** Prepared by SASLprep; undefined where that forbids it. */
function prepare(text: string | undefined): string | undefined {
  try {
    return text === undefined ? undefined : saslprep(text);
  } catch {
    return undefined;
  }
}
