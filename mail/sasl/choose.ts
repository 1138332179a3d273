import {
  cramMd5,
  external,
  login,
  oauthBearer,
  plain,
  xoauth2,
} from "./mechanisms.ts";
import { ScramClient } from "./scram.ts";
import type { SaslClient, SaslCredentials } from "./types.ts";

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
  offered: Iterable<string>;
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
  const { user, secret } = credentials;
  checkText("the user name", user);
  checkText(
    "the secret",
    typeof secret === "string" ? secret : secret.accessToken,
  );
  const offered = new Set(
    Array.from(choice.offered, (name) => name.toUpperCase()),
  );
  const wanted = choice.mechanism?.toUpperCase();
  if (wanted !== undefined && !Object.hasOwn(MECHANISMS, wanted)) {
    throw new TypeError(
      `Cannot sign in by ${wanted}: there are ` +
        Object.keys(MECHANISMS).join(", "),
    );
  }
  const needs = typeof secret === "string" ? "password" : "token";
  const fitting = Object.keys(MECHANISMS).filter((name) =>
    offered.has(name) &&
    (wanted ? name === wanted : MECHANISMS[name]!.needs === needs)
  );
  const chosen = fitting.find((name) =>
    choice.private || !MECHANISMS[name]!.shows
  );
  if (chosen) return MECHANISMS[chosen]!.make(credentials);
  if (fitting.length > 0) {
    throw new TypeError(
      `Cannot sign in by ${fitting.join(" or ")}: without TLS anybody on the ` +
        'way could read the secret; connect with tls: "starttls" or ' +
        '"implicit", or set allowInsecureAuth',
    );
  }
  const has = offered.size > 0 ? [...offered].join(", ") : "none";
  throw new TypeError(
    `Cannot sign in by ${wanted ?? `any mechanism that takes a ${needs}`}: ` +
      `the server offers ${has}`,
  );
}

/** What would end a field in the mechanisms' messages. */
function checkText(what: string, text: string): void {
  // deno-lint-ignore no-control-regex
  if (/[\0\x01]/.test(text)) {
    throw new TypeError(`Cannot sign in: ${what} holds a control character`);
  }
}
