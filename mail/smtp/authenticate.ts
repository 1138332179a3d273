import { writeCommand } from "../../_wire/command.ts";
import { type SaslAnswer, signInBy } from "../sasl/exchange.ts";
import type { SaslClient } from "../sasl/types.ts";
import type { Control } from "./control.ts";

/** A command line with its end (RFC 5321 section 4.5.3.1.4). */
const LONGEST_COMMAND = 512;

/** Signs in by a SASL mechanism (RFC 4954). */
export async function authenticate(
  control: Control,
  mechanism: SaslClient,
): Promise<void> {
  const verb = `AUTH ${mechanism.name}`;
  await control.refuseUnasked(verb);

  async function say(line: string, masked: string): Promise<SaslAnswer> {
    control.wait("command", verb);
    await writeCommand(control.connection, line, "utf-8", masked);
    const reply = await control.reply(verb);
    if (reply.code === 334) return { challenge: reply.text };
    control.accept(reply, `${verb} ***`);
    return { done: true };
  }

  await signInBy(control.connection, mechanism, {
    begin: (_, initial) =>
      initial === undefined
        ? say(verb, verb)
        : say(`${verb} ${initial}`, `${verb} ***`),
    respond: (response) => say(response, "***"),
    initialLimit: LONGEST_COMMAND - `${verb} \r\n`.length,
  });
}
