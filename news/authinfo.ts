/** Signing in (RFC 4643). */
import { type SaslAnswer, signInBy } from "../mail/sasl/exchange.ts";
import type { SaslClient } from "../mail/sasl/types.ts";
import { type Control, LONGEST_COMMAND } from "./control.ts";

/** AUTHINFO USER and PASS (section 2.3). */
export async function signInByPassword(
  control: Control,
  user: string,
  password: string,
): Promise<void> {
  const { connection } = control;
  connection.hide(password);
  try {
    const { code } = await control.command(
      `AUTHINFO USER ${user}`,
      [281, 381],
    );
    // QUIRK: a server may know the user without a password.
    if (code === 281) return;
    await control.command(
      `AUTHINFO PASS ${password}`,
      [281],
      "AUTHINFO PASS ***",
    );
  } finally {
    connection.keepSecrets();
  }
}

/** AUTHINFO SASL (section 2.4). */
export async function signInBySasl(
  control: Control,
  mechanism: SaslClient,
): Promise<void> {
  const verb = `AUTHINFO SASL ${mechanism.name}`;
  const say = async (line: string, masked: string): Promise<SaslAnswer> => {
    // A response may be longer (section 2.4.1).
    await control.send(line, masked, Infinity);
    const { code, text } = control.accept(
      await control.reply(verb),
      [281, 283, 383],
      `${verb} ***`,
    );
    // An empty message is "=" in both directions.
    const message = text === "=" ? "" : text;
    if (code === 383) return { challenge: message };
    return { done: true, data: code === 283 ? message : undefined };
  };
  await signInBy(control.connection, mechanism, {
    begin: (_, initial) =>
      initial === undefined
        ? say(verb, verb)
        : say(`${verb} ${initial}`, `${verb} ***`),
    respond: (response) => say(response || "=", "***"),
    initialLimit: LONGEST_COMMAND - `${verb} `.length,
  });
}
