/** What the other side said, in lines without their codes and line ends. */
export interface ReplyText {
  /** The lines, without the reply code in front of each. */
  lines: string[];
  /** The lines joined by `"\n"`. */
  text: string;
}

/** What a {@linkcode ReplyError} is made from. */
export interface ReplyErrorInit<Code extends number | string> {
  /** The reply's code: `550`, or a word such as `"NO"`. */
  code: Code;
  /** The enhanced status code of RFC 3463, where the reply has one. */
  enhancedCode?: string | undefined;
  /** The reply itself. */
  reply: ReplyText;
  /** The command that was refused, its secrets masked. */
  command?: string | undefined;
  /** Whether the same command may succeed later (4yz and its like). */
  transient: boolean;
}

/**
 * The server understood and refused. Each protocol has a subclass of its own;
 * catch this one to treat all alike.
 *
 * @example Tell a refusal from a broken connection
 * ```ts
 * import { ReplyError } from "@wireline/std/ftp";
 *
 * function describe(error: unknown): string {
 *   return error instanceof ReplyError ? `refused: ${error.code}` : "broken";
 * }
 * ```
 */
export class ReplyError<Code extends number | string = number | string>
  extends Error {
  /** The error's name, `"ReplyError"` or the subclass's. */
  override name = "ReplyError";
  /** The reply's code: `550`, or a word such as `"NO"`. */
  readonly code: Code;
  /** The enhanced status code of RFC 3463, where the reply has one. */
  readonly enhancedCode?: string;
  /** What the server said. */
  readonly reply: ReplyText;
  /** The command that was refused, its secrets masked as `***`. */
  readonly command?: string;
  /** Whether the same command may succeed later (4yz and its like). */
  readonly transient: boolean;

  /** Made by the modules of this package; see the subclasses. */
  constructor(message: string, init: ReplyErrorInit<Code>) {
    super(message);
    this.code = init.code;
    this.reply = init.reply;
    this.transient = init.transient;
    if (init.enhancedCode !== undefined) this.enhancedCode = init.enhancedCode;
    if (init.command !== undefined) this.command = init.command;
  }
}

/**
 * The other side broke the protocol's grammar or one of our limits, or hung up
 * in the middle.
 *
 * @example Treat a broken server apart from a refusal
 * ```ts
 * import { ProtocolError } from "@wireline/std/ftp";
 *
 * function isBroken(error: unknown): boolean {
 *   return error instanceof ProtocolError;
 * }
 * ```
 */
export class ProtocolError extends Error {
  /** The error's name, always `"ProtocolError"` or the subclass's. */
  override name = "ProtocolError";
}

/** The rejection of whatever waited too long. */
export function timeoutError(message: string): DOMException {
  return new DOMException(message, "TimeoutError");
}

/** The rejection of a call that does not fit the client's present state. */
export function stateError(message: string): DOMException {
  return new DOMException(message, "InvalidStateError");
}

/**
 * The error of an operating-system call, or of a layer below, again in the same
 * class, saying what was tried.
 */
export function tried(what: string, error: unknown): Error {
  if (!(error instanceof Error)) return new Error(`Cannot ${what}: ${error}`);
  const message = `Cannot ${what}: ${error.message}`;
  const Same = error.constructor as new (m: string, o: ErrorOptions) => Error;
  const isOs = Object.values(Deno.errors).some((one) => one === Same);
  return isOs || Same === ProtocolError
    ? new Same(message, { cause: error })
    : new Error(message, { cause: error });
}
