import type { OperationOptions } from "../../_wire/options.ts";
import type { Pop3Error } from "./pop3_error.ts";

/** What {@linkcode Pop3Client.login} takes. */
export interface Pop3LoginOptions extends OperationOptions {
  /**
   * A SASL mechanism, `"APOP"`, or `"USER"` for USER and PASS. Default: the
   * strongest that both sides have.
   */
  mechanism?: string | undefined;
}

/** A message of {@linkcode Pop3Client.retrAll}, or why there is none. */
export type RetrievedMessage =
  | { number: number; content: Uint8Array<ArrayBuffer> }
  | RefusedMessage;

/** A message that the server did not give. */
export interface RefusedMessage {
  /** The number that it was asked for by. */
  number: number;
  /** What the server said. */
  error: Pop3Error;
}
