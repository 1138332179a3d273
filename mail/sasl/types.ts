import type { Bytes } from "../../_wire/options.ts";

/** What a user proves to be himself with: a password, or an OAuth token. */
export type SaslSecret = string | { accessToken: string };

/** Who signs in, and where. */
export interface SaslCredentials {
  /** The user. */
  user: string;
  /** What he proves it with. */
  secret: SaslSecret;
  /** The server's name; OAUTHBEARER tells it. */
  hostname: string;
  /** The server's port; OAUTHBEARER tells it. */
  port: number;
}

/**
 * One run of a mechanism on the client's side (RFC 4422 section 3). How its
 * messages are wrapped is each protocol's affair.
 */
export interface SaslClient {
  /** The mechanism's registered name: `"SCRAM-SHA-256"`. */
  readonly name: string;
  /**
   * The parts of the messages that nobody may see, beside the messages
   * themselves.
   */
  readonly secrets: readonly string[];
  /** The initial response; undefined where the server speaks first. */
  start(): Bytes | undefined;
  /** The answer to a challenge. */
  next(challenge: Uint8Array): Bytes | Promise<Bytes>;
  /**
   * The server says that all is well. Throws `ProtocolError` where it had to
   * prove itself and has not.
   */
  finish(): void;
}

/** What a server says next. */
export type SaslStep =
  | { challenge: Bytes }
  | { user: string }
  | { refused: true };

/** One run of a mechanism on the server's side. */
export interface SaslServer {
  /** The mechanism's registered name. */
  readonly name: string;
  /** Looks at the client's message; undefined: it sent no initial response. */
  next(response: Uint8Array | undefined): SaslStep | Promise<SaslStep>;
}
