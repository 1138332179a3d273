import type { Connection } from "../../_wire/connection.ts";
import { ProtocolError } from "../../_wire/errors.ts";
import type { SaslClient } from "./types.ts";

/**
 * What a server says to a message of the mechanism: a challenge in base64, or
 * that all is well, for which some protocols let it give a last message along
 * (RFC 4422 section 3.6). A refusal is thrown.
 */
export type SaslAnswer =
  | { challenge: string }
  | { done: true; data?: string | undefined };

/** How one protocol wraps the messages of a mechanism. */
export interface SaslFraming {
  /**
   * Names the mechanism; the initial response, in base64, goes along where
   * there is one.
   */
  begin(name: string, initial: string | undefined): Promise<SaslAnswer>;
  /** Sends a response, in base64. */
  respond(response: string): Promise<SaslAnswer>;
  /** Characters of base64 that may go along with the name. */
  initialLimit: number;
}

/**
 * Signs in by a mechanism. A server that breaks its rules, or does not prove
 * itself where it has to, is left at once; after a refusal the connection is
 * usable. No message is ever seen in a trace or an error.
 */
export async function signInBy(
  connection: Connection,
  mechanism: SaslClient,
  framing: SaslFraming,
): Promise<void> {
  const { name } = mechanism;
  // What was sent is never to be seen again, whatever the server repeats.
  const hide = (text: string) => {
    connection.hide(text);
    return text;
  };
  for (const secret of mechanism.secrets) {
    connection.hide(secret, new TextEncoder().encode(secret).toBase64());
  }
  try {
    const initial = mechanism.start();
    // RFC 4954 section 4 and its like: "=" stands for an empty one.
    const encoded = initial && (initial.toBase64() || "=");
    const along = encoded && encoded.length <= framing.initialLimit;
    let answer = await framing.begin(name, along ? hide(encoded) : undefined);
    if (initial && !along && "challenge" in answer) {
      // Too long for the command: it follows the server's invitation.
      answer = await framing.respond(hide(initial.toBase64()));
    }
    while ("challenge" in answer) {
      const response = await mechanism.next(decode(name, answer.challenge));
      answer = await framing.respond(hide(response.toBase64()));
    }
    if (answer.data !== undefined) {
      // Nobody waits for what the mechanism would say to it.
      await mechanism.next(decode(name, answer.data));
    }
    mechanism.finish();
  } catch (error) {
    if (error instanceof ProtocolError) connection.close(error);
    throw error;
  } finally {
    connection.keepSecrets();
  }
}

function decode(name: string, challenge: string): Uint8Array {
  try {
    return Uint8Array.fromBase64(challenge);
  } catch {
    throw new ProtocolError(
      `Cannot sign in by ${name}: the server's challenge is no base64`,
    );
  }
}
