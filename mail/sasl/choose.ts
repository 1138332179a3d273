import {
  cramMd5,
  external,
  login,
  oauthBearer,
  plain,
  xoauth2,
} from "./mechanisms.ts";
import { ScramClient } from "./scram.ts";
import type { SaslClient, SaslCredentials, SaslSecret } from "./types.ts";

interface Mechanism {
  make: (credentials: SaslCredentials) => SaslClient;
  /** What it proves. */
  needs: "password" | "token" | "certificate";
  /** Whether whoever listens learns the secret. */
  shows: boolean;
}

/** The strongest first. */
const MECHANISMS: Record<string, Mechanism> = {
  "SCRAM-SHA-256": {
    make: (c) => new ScramClient("sha256", c),
    needs: "password",
    shows: false,
  },
  "SCRAM-SHA-1": {
    make: (c) => new ScramClient("sha1", c),
    needs: "password",
    shows: false,
  },
  "CRAM-MD5": { make: cramMd5, needs: "password", shows: false },
  PLAIN: { make: plain, needs: "password", shows: true },
  LOGIN: { make: login, needs: "password", shows: true },
  OAUTHBEARER: { make: oauthBearer, needs: "token", shows: true },
  XOAUTH2: { make: xoauth2, needs: "token", shows: true },
  EXTERNAL: { make: external, needs: "certificate", shows: false },
};

/** What the choice depends on. */
export interface SaslChoice {
  /** The mechanisms that the server offers. */
  offered: readonly string[] | ReadonlySet<string>;
  /** Whether a secret may be shown: by TLS, or because nobody can listen. */
  private: boolean;
  /** The mechanism to use, whatever else there is. */
  mechanism?: string | undefined;
}

/**
 * The strongest mechanism that both sides have for this kind of secret. There
 * is one choice and no second: a fallback after a refusal would show a weaker
 * server, or whoever plays it, what the stronger mechanism kept from it.
 *
 * @throws {TypeError} When there is none, or only ones that would show the
 * secret to whoever listens, or `mechanism` is not known or does not fit.
 */
export function chooseMechanism(
  credentials: SaslCredentials,
  choice: SaslChoice,
): SaslClient {
  const chosen = findMechanism(credentials, choice);
  if (chosen) return chosen;
  const fitting = fittingNames(credentials, choice);
  if (fitting.length > 0) {
    throw new TypeError(
      `Cannot sign in by ${fitting.join(" or ")}: without TLS anybody on the ` +
        'way could read the secret; connect with tls: "starttls" or ' +
        '"implicit", or set allowInsecureAuth',
    );
  }
  const { mechanism } = choice;
  const has = Array.from(choice.offered).join(", ") || "none";
  throw new TypeError(
    `Cannot sign in by ${
      mechanism ?? `any mechanism that takes a ${kindOf(credentials)}`
    }: the server offers ${has}`,
  );
}

/**
 * The same, for a protocol that has ways of its own beside: undefined where
 * there is none. One that is there and cannot take the secret throws all the
 * same: another way would be weaker.
 */
export function findMechanism(
  credentials: SaslCredentials,
  choice: SaslChoice,
): SaslClient | undefined {
  const { user, secret } = credentials;
  checkText("the secret", secretText(user, secret));
  checkText("the user name", user);
  const chosen = fittingNames(credentials, choice).find((name) =>
    choice.private || !MECHANISMS[name]!.shows
  );
  return chosen === undefined
    ? undefined
    : MECHANISMS[chosen]!.make(credentials);
}

/** Those that both sides have, the strongest first. */
function fittingNames(
  credentials: SaslCredentials,
  { offered, mechanism }: SaslChoice,
): string[] {
  const names = new Set(Array.from(offered, (name) => name.toUpperCase()));
  const wanted = mechanism?.toUpperCase();
  if (wanted !== undefined && !Object.hasOwn(MECHANISMS, wanted)) {
    throw new TypeError(
      `Cannot sign in by ${wanted}: there are ` +
        Object.keys(MECHANISMS).join(", "),
    );
  }
  const needs = kindOf(credentials);
  return Object.keys(MECHANISMS).filter((name) =>
    names.has(name) &&
    (wanted ? name === wanted : MECHANISMS[name]!.needs === needs)
  );
}

function kindOf({ secret }: SaslCredentials): "password" | "token" {
  return typeof secret === "string" ? "password" : "token";
}

/**
 * The password, or the token.
 *
 * @throws {TypeError} When there is none, or no user name.
 */
export function secretText(user: string, secret: SaslSecret): string {
  const text = typeof secret === "object" ? secret?.accessToken : secret;
  if (typeof text === "string" && typeof user === "string") return text;
  throw new TypeError(
    "Cannot sign in: it takes a user name and a password or an access token",
  );
}

/** What would end a field in the mechanisms' messages. */
function checkText(what: string, text: string): void {
  // deno-lint-ignore no-control-regex
  if (/[\0\x01]/.test(text)) {
    throw new TypeError(`Cannot sign in: ${what} holds a control character`);
  }
}
