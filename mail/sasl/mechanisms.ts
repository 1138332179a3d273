/**
 * The mechanisms that need no more than a line or two. PLAIN and LOGIN send
 * names and passwords as they are: preparing them is the server's part (RFC
 * 4616 section 2), and one that does not would find an unknown password.
 *
 * @module
 */
import { createHmac } from "node:crypto";
import { ProtocolError } from "../../_wire/errors.ts";
import type { Bytes } from "../../_wire/options.ts";
import type { SaslClient, SaslCredentials } from "./types.ts";

const ENCODER = new TextEncoder();

/** PLAIN (RFC 4616). */
export function plain({ user, secret }: SaslCredentials): SaslClient {
  const password = passwordOf("PLAIN", secret);
  return oneMessage("PLAIN", [password], `\0${user}\0${password}`);
}

/** EXTERNAL (RFC 4422 appendix A): the client certificate is the proof. */
export function external({ user }: SaslCredentials): SaslClient {
  return oneMessage("EXTERNAL", [], user);
}

/**
 * LOGIN, which no RFC describes. The questions are not looked at: servers ask
 * in many words, the name first.
 */
export function login({ user, secret }: SaslCredentials): SaslClient {
  const password = passwordOf("LOGIN", secret);
  const answers = [user, password];
  return {
    name: "LOGIN",
    secrets: [password],
    start: () => undefined,
    next() {
      const answer = answers.shift();
      if (answer === undefined) throw unexpected("LOGIN");
      return ENCODER.encode(answer);
    },
    finish() {},
  };
}

/** CRAM-MD5 (RFC 2195). */
export function cramMd5({ user, secret }: SaslCredentials): SaslClient {
  const password = passwordOf("CRAM-MD5", secret);
  let asked = false;
  return {
    name: "CRAM-MD5",
    secrets: [password],
    start: () => undefined,
    next(challenge) {
      if (asked) throw unexpected("CRAM-MD5");
      asked = true;
      const digest = createHmac("md5", password).update(challenge);
      return ENCODER.encode(`${user} ${digest.digest("hex")}`);
    },
    finish() {
      if (!asked) throw tooSoon("CRAM-MD5");
    },
  };
}

/** XOAUTH2, as Google and Microsoft document it. */
export function xoauth2({ user, secret }: SaslCredentials): SaslClient {
  const token = tokenOf("XOAUTH2", secret);
  return bearer(
    "XOAUTH2",
    token,
    `user=${user}\x01auth=Bearer ${token}\x01\x01`,
    "",
  );
}

/** OAUTHBEARER (RFC 7628 section 3.1). */
export function oauthBearer(credentials: SaslCredentials): SaslClient {
  const { user, secret, hostname, port } = credentials;
  const token = tokenOf("OAUTHBEARER", secret);
  // The gs2 header's name is escaped as SCRAM's (RFC 5801 section 4).
  const name = user.replaceAll("=", "=3D").replaceAll(",", "=2C");
  return bearer(
    "OAUTHBEARER",
    token,
    `n,a=${name},\x01host=${hostname}\x01port=${port}\x01` +
      `auth=Bearer ${token}\x01\x01`,
    "\x01",
  );
}

/**
 * One message, and where the server says with a challenge why it refuses, an
 * answer that lets it say so in its reply (RFC 7628 section 3.2.3).
 */
function bearer(
  name: string,
  token: string,
  message: string,
  acknowledgement: string,
): SaslClient {
  let refused = false;
  return {
    name,
    secrets: [token],
    start: () => ENCODER.encode(message),
    next() {
      if (refused) throw unexpected(name);
      refused = true;
      return ENCODER.encode(acknowledgement);
    },
    finish() {},
  };
}

function oneMessage(
  name: string,
  secrets: string[],
  message: string,
): SaslClient {
  return {
    name,
    secrets,
    start: (): Bytes => ENCODER.encode(message),
    next() {
      throw unexpected(name);
    },
    finish() {},
  };
}

function passwordOf(
  name: string,
  secret: SaslCredentials["secret"],
): string {
  if (typeof secret === "string") return secret;
  throw new TypeError(`Cannot sign in by ${name}: it needs a password`);
}

function tokenOf(name: string, secret: SaslCredentials["secret"]): string {
  if (typeof secret === "object") return secret.accessToken;
  throw new TypeError(`Cannot sign in by ${name}: it needs an access token`);
}

function unexpected(name: string): ProtocolError {
  return new ProtocolError(
    `Cannot sign in by ${name}: the server asks once more than it may`,
  );
}

function tooSoon(name: string): ProtocolError {
  return new ProtocolError(
    `Cannot sign in by ${name}: the server lets anybody in, before it has asked`,
  );
}
