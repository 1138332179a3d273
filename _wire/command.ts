import { Buffer } from "node:buffer";
import type { Connection } from "./connection.ts";
import type { LineEncoding } from "./line_reader.ts";
import type { Bytes } from "./options.ts";

const ENCODER = new TextEncoder();
const FORBIDDEN = { "\r": "a CR", "\n": "an LF", "\0": "a NUL" } as const;

/**
 * Puts a command on the wire. A part that could start another command never
 * gets past here.
 */
export async function writeCommand(
  connection: Connection,
  command: string,
  encoding: LineEncoding = "utf-8",
  masked: string = command,
): Promise<void> {
  checkCommand(command, verbOf(masked));
  const bytes = encodeText(command + "\r\n", encoding);
  if (connection.traced) connection.trace("send", masked);
  await connection.write(bytes);
}

/**
 * Puts several commands on the wire in one write, for a server that reads them
 * one by one all the same (pipelining), and what may follow them there.
 */
export async function writeCommands(
  connection: Connection,
  commands: readonly string[],
  content?: Uint8Array,
): Promise<void> {
  for (const command of commands) checkCommand(command, verbOf(command));
  const text = encodeText(commands.join("\r\n") + "\r\n", "utf-8");
  if (connection.traced) {
    for (const command of commands) connection.trace("send", command);
  }
  if (!content) return await connection.write(text);
  const all = new Uint8Array(text.length + content.length);
  all.set(text);
  all.set(content, text.length);
  await connection.write(all);
}

/**
 * Refuses text with a CR, LF or NUL, which would end the command early and let
 * the rest pass for one of its own. The text itself stays out of the message:
 * it may be a password.
 */
export function checkCommand(text: string, verb: string): void {
  const found = /[\r\n\0]/.exec(text);
  if (!found) return;
  const what = FORBIDDEN[found[0] as keyof typeof FORBIDDEN];
  throw new TypeError(`Cannot send ${verb}: an argument holds ${what}`);
}

/** What may be shown of a command in any case. */
export function verbOf(command: string): string {
  return /^[A-Z]+/i.exec(command)?.[0].toUpperCase() ?? "a command";
}

/**
 * Text as bytes. In latin1 a character above U+00FF would lose its upper half,
 * and U+010A become the LF that was just refused: a `TypeError`.
 */
export function encodeText(text: string, encoding: LineEncoding): Bytes {
  if (encoding !== "latin1") return ENCODER.encode(text);
  // deno-lint-ignore no-control-regex
  const found = /[^\x00-\xff]/u.exec(text);
  if (found) {
    throw new TypeError(
      `Cannot send ${JSON.stringify(found[0])}: it is not in latin1`,
    );
  }
  return new Uint8Array(Buffer.from(text, "latin1"));
}
