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

/** What {@linkcode Pop3Client.retrAll} takes. */
export interface RetrAllOptions extends OperationOptions {
  /** Bytes that a message may have; default 64 MiB. */
  maxSize?: number | undefined;
  /** Commands under way at a time, where the server can; default 32. */
  window?: number | undefined;
}

/** A message of {@linkcode Pop3Client.retrAll}, or why there is none. */
export type RetrievedMessage =
  | { number: number; content: Uint8Array<ArrayBuffer> }
  | { number: number; error: Pop3Error };
