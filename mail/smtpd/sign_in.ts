import { isLoopback } from "../../_wire/loopback.ts";
import { loginServer, plainServer, ScramServer } from "../sasl/server.ts";
import type { SaslServer, SaslStep } from "../sasl/types.ts";
import { SmtpError } from "../smtp/smtp_error.ts";
import type { Channel } from "./channel.ts";
import type { SmtpServerOptions, SmtpSession } from "./types.ts";

/** What signing in depends on. */
export interface SignIn {
  options: SmtpServerOptions;
  session: SmtpSession;
  /** For the salts of users who are not there. */
  fakeSecret: Uint8Array;
}

/** The mechanisms that are offered on this connection, the strongest first. */
export function offeredMechanisms({ options, session }: SignIn): string[] {
  const secret = session.secure || options.allowInsecureAuth ||
    isLoopback(session.remoteAddr.hostname);
  return [
    ...(options.scramKeys ? ["SCRAM-SHA-256"] : []),
    ...(options.authenticate && secret ? ["PLAIN", "LOGIN"] : []),
  ];
}

/**
 * AUTH (RFC 4954): resolves with the user who has signed in, or undefined where
 * the client has hung up. What is refused throws.
 */
export async function signIn(
  channel: Channel,
  argument: string,
  o: SignIn,
): Promise<string | undefined> {
  const [name = "", initial, ...more] = argument.split(/\s+/);
  if (name === "" || more.length > 0) {
    throw new SmtpError(501, "5.5.4", "Syntax: AUTH mechanism [response]");
  }
  const mechanism = choose(name.toUpperCase(), o);
  let step = await mechanism.next(
    initial === undefined ? undefined : decode(initial === "=" ? "" : initial),
  );
  for (;;) {
    if ("user" in step) return step.user;
    if ("refused" in step) {
      // The same for a wrong name and a wrong password.
      throw new SmtpError(535, "5.7.8", "Name or password is wrong");
    }
    const line = await challenge(channel, step);
    if (line === undefined) return undefined;
    if (line === "*") throw new SmtpError(501, "5.7.0", "Given up");
    step = await mechanism.next(decode(line));
  }
}

async function challenge(
  channel: Channel,
  step: SaslStep & { challenge: Uint8Array },
): Promise<string | undefined> {
  channel.reply(334, undefined, step.challenge.toBase64());
  return await channel.readLine("sign in");
}

function choose(name: string, o: SignIn): SaslServer {
  if (!offeredMechanisms(o).includes(name)) {
    const hidden = o.options.authenticate && /^(PLAIN|LOGIN)$/.test(name);
    throw hidden
      ? new SmtpError(538, "5.7.11", "That mechanism needs TLS")
      : new SmtpError(504, "5.5.4", "That mechanism is not offered");
  }
  const check = (user: string, password: string) =>
    o.options.authenticate!(user, password, o.session);
  if (name === "PLAIN") return plainServer(check);
  if (name === "LOGIN") return loginServer(check);
  return new ScramServer(o.options.scramKeys!, o.fakeSecret);
}

function decode(line: string): Uint8Array {
  try {
    // Nothing else is read over (RFC 4954 section 4).
    if (line.length % 4 !== 0 || /\s/.test(line)) throw new Error("no base64");
    return Uint8Array.fromBase64(line);
  } catch {
    throw new SmtpError(501, "5.5.2", "That is no base64");
  }
}
