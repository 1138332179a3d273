import type { ClientOptions, OperationOptions } from "../../_wire/options.ts";
import type { SaslSecret } from "../sasl/types.ts";

/** A reply of an SMTP server (RFC 5321 section 4.2). */
export interface SmtpReply {
  /** The three-digit code. */
  code: number;
  /** The enhanced status code (RFC 3463), where the reply has one. */
  enhancedCode?: string;
  /** The lines of the reply, without the codes in front. */
  lines: string[];
  /** The lines joined by `"\n"`. */
  text: string;
}

/** A recipient that the server did not take. */
export interface RejectedRecipient {
  /** The address as it was given. */
  address: string;
  /** Why. */
  reply: SmtpReply;
}

/** What {@linkcode SmtpClient.connect} takes. */
export interface SmtpConnectOptions extends Omit<ClientOptions, "hostname"> {
  /** Name or address of the server; not needed with `path`. */
  hostname?: string | undefined;
  /**
   * Default: 25, with `tls: "starttls"` 587, with `"implicit"` 465; for LMTP
   * 24.
   */
  port?: number | undefined;
  /**
   * Milliseconds without progress while the client waits for the server. Unless
   * it is given the times of RFC 5321 section 4.5.3.2 hold: 2 to 10 minutes,
   * by what is waited for.
   */
  timeout?: number | undefined;
  /**
   * The name that EHLO tells. Default: this side's address, as a literal:
   * `[192.0.2.1]`.
   */
  name?: string | undefined;
  /** `"lmtp"` for local delivery (RFC 2033). Default `"smtp"`. */
  protocol?: "smtp" | "lmtp" | undefined;
  /** A Unix socket to connect to, in place of hostname and port. */
  path?: string | undefined;
}

/** What {@linkcode SmtpClient.login} takes. */
export interface SmtpLoginOptions extends OperationOptions {
  /**
   * The SASL mechanism: `"PLAIN"`, `"EXTERNAL"`... Default: the strongest that
   * both sides have.
   */
  mechanism?: string | undefined;
}

/** Delivery status notifications (RFC 3461). */
export interface SmtpDsn {
  /** How much of the message a failure notice has: all, or its headers. */
  ret?: "full" | "headers" | undefined;
  /** A name for this sending, repeated in notices; printable ASCII. */
  envId?: string | undefined;
  /** Which notices to send to the sender. */
  notify?: ("success" | "failure" | "delay")[] | "never" | undefined;
  /** By recipient as in `to`: the address it was at first. */
  orcpt?: Record<string, string> | undefined;
}

/** From whom and to whom a message goes, and how. */
export interface SmtpEnvelope {
  /** Who is told of failures: an address, or `""` for nobody. */
  from: string;
  /** One address or more, without names: `"ada@example.com"`. */
  to: string | string[];
  /** Size in bytes, where the source cannot tell; 0 is no size. */
  size?: number | undefined;
  /**
   * Whether to use SMTPUTF8 (RFC 6531). Default: when an address or the
   * header needs it.
   */
  smtpUtf8?: boolean | undefined;
  /**
   * What the message may consist of. Default: found out, or `"8bitmime"`
   * where that would mean to hold it in memory. `"binarymime"` goes byte for
   * byte; anything else with CRLF line ends.
   */
  body?: "7bit" | "8bitmime" | "binarymime" | undefined;
  /** Only ever send it on over TLS (RFC 8689). */
  requireTls?: boolean | undefined;
  /** A time to be delivered in, and what happens after it (RFC 2852). */
  deliverBy?: { seconds: number; mode: "notify" | "return" } | undefined;
  /** From -9 to 9 (RFC 6710). */
  priority?: number | undefined;
  /** Which notices are wanted. */
  dsn?: SmtpDsn | undefined;
  /** More parameters for MAIL, as they stand: `"AUTH=<>"`. */
  mailOptions?: string[] | undefined;
  /** More parameters for each RCPT, as they stand. */
  rcptOptions?: string[] | undefined;
}

/** How a message went. */
export interface SendResult {
  /** The recipients that were accepted, as they were given. */
  accepted: string[];
  /** The recipients that were not, each with the reply. */
  rejected: RejectedRecipient[];
  /** The reply to the message itself. */
  reply: SmtpReply;
  /** Whether it went over TLS. */
  secure: boolean;
  /** The extensions that were used: `"PIPELINING"`, `"CHUNKING"`... */
  extensions: string[];
}

/** What {@linkcode SmtpPool} takes. */
export interface SmtpPoolOptions extends SmtpConnectOptions {
  /** Who signs in on each connection. */
  auth?: {
    user: string;
    secret: SaslSecret;
    mechanism?: string | undefined;
  } | undefined;
  /** Connections at a time; default 5. */
  maxConnections?: number | undefined;
  /** Messages that a connection sends before it is replaced; default 100. */
  maxMessages?: number | undefined;
}
