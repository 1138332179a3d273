/**
 * The refusals of {@linkcode FtpServer}, and what errors become refusals.
 *
 * @module
 */

/** Thrown by a command for a reply that refuses. */
export class Refusal extends Error {
  /** The reply code. */
  readonly code: number;

  constructor(code: number, text: string) {
    super(text);
    this.code = code;
  }
}

/** What a command has thrown, if it has to do with the command. */
export function asRefusal(error: unknown): Refusal | undefined {
  if (error instanceof Refusal) return error;
  if (!(error instanceof Error)) return undefined;
  const known: [string, RegExp][] = [
    ["No such file or directory", /NotFound|NoEntry/],
    ["The file exists", /AlreadyExists/],
    ["Not a directory", /NotADirectory/],
    ["Not a plain file", /IsADirectory/],
    ["Permission denied", /PermissionDenied|NotCapable/],
  ];
  const text = known.find(([, name]) => name.test(error.name))?.[0];
  if (text !== undefined) return new Refusal(550, text);
  // What the system says without a class of its own: a directory that is not
  // empty, a name too long.
  if (/\(os error \d+\)/.test(error.message)) {
    return new Refusal(550, error.message.replace(/ \(os error.*/s, ""));
  }
  return undefined;
}

/** Whether an error only says that the connection is gone. */
export function isConnectionError(error: unknown): boolean {
  return error instanceof Deno.errors.BadResource ||
    error instanceof Deno.errors.Interrupted ||
    error instanceof Deno.errors.BrokenPipe ||
    error instanceof Deno.errors.ConnectionReset ||
    error instanceof Deno.errors.ConnectionAborted ||
    error instanceof Deno.errors.NotConnected ||
    error instanceof Deno.errors.UnexpectedEof ||
    error instanceof Deno.errors.InvalidData; // a failed handshake
}
