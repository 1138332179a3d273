import { Buffer } from "node:buffer";
import type { Connection } from "./connection.ts";
import type { LineEncoding } from "./line_reader.ts";

const ENCODER = new TextEncoder();
const FORBIDDEN = { "\r": "a CR", "\n": "an LF", "\0": "a NUL" } as const;

/**
 * The only place that puts commands on the wire. A part that could start
 * another command never gets past it.
 */
export async function writeCommand(
  connection: Connection,
  command: string,
  encoding: LineEncoding = "utf-8",
  masked: string = command,
): Promise<void> {
  checkCommand(command);
  const bytes = encoding === "latin1"
    ? Buffer.from(command + "\r\n", "latin1")
    : ENCODER.encode(command + "\r\n");
  if (connection.traced) connection.trace("send", masked);
  await connection.write(bytes);
}

/**
 * Refuses text with a CR, LF or NUL, which would end the command early and let
 * the rest pass for one of its own. The text itself stays out of the message:
 * it may hold a password.
 */
export function checkCommand(command: string): void {
  const found = /[\r\n\0]/.exec(command);
  if (found) {
    const verb = /^[A-Z]*/i.exec(command)![0].toUpperCase() || "a command";
    const what = FORBIDDEN[found[0] as keyof typeof FORBIDDEN];
    throw new TypeError(`Cannot send ${verb}: an argument holds ${what}`);
  }
}
