import { writeCommand } from "../../_wire/command.ts";
import { ProtocolError } from "../../_wire/errors.ts";
import type { Bytes } from "../../_wire/options.ts";
import type { SaslClient } from "../sasl/types.ts";
import type { Control } from "./control.ts";
import type { SmtpReply } from "./types.ts";

/** A command line with its end (RFC 5321 section 4.5.3.1.4). */
const LONGEST_COMMAND = 512;

/**
 * Signs in by a SASL mechanism (RFC 4954). A server that does not prove itself
 * where it has to is left at once; after a refusal the connection is usable.
 */
export async function authenticate(
  control: Control,
  mechanism: SaslClient,
): Promise<void> {
  const { connection } = control;
  const secrets = [...mechanism.secrets];
  const verb = `AUTH ${mechanism.name}`;
  try {
    await control.refuseUnasked(verb);
    let reply = await begin();
    while (reply.code === 334) reply = await answer(reply);
    control.accept(reply, `${verb} ***`);
    mechanism.finish();
  } catch (error) {
    // It did not prove itself, or asks what it may not.
    if (error instanceof ProtocolError) connection.close(error);
    throw error;
  } finally {
    connection.secrets = [];
  }

  async function begin(): Promise<SmtpReply> {
    const initial = mechanism.start();
    // Section 4: "=" stands for an empty one.
    const encoded = initial && (initial.toBase64() || "=");
    const whole = `${verb} ${encoded}`;
    if (!encoded || whole.length + 2 > LONGEST_COMMAND) {
      const reply = await say(verb, verb);
      // Too long for the command: it follows the server's invitation.
      return initial && reply.code === 334 ? await send(initial) : reply;
    }
    secrets.push(encoded);
    return await say(whole, `${verb} ***`);
  }

  async function answer(challenge: SmtpReply): Promise<SmtpReply> {
    let bytes: Bytes;
    try {
      bytes = Uint8Array.fromBase64(challenge.text);
    } catch {
      throw control.broken(challenge, verb);
    }
    return await send(await mechanism.next(bytes));
  }

  async function send(response: Bytes): Promise<SmtpReply> {
    const encoded = response.toBase64();
    secrets.push(encoded);
    return await say(encoded, "***");
  }

  async function say(line: string, masked: string): Promise<SmtpReply> {
    control.wait("command", verb);
    connection.secrets = secrets;
    await writeCommand(connection, line, "utf-8", masked);
    return await control.reply(verb);
  }
}
