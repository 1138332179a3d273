import type { Bytes } from "../../_wire/options.ts";
import type { ScramKeys } from "../sasl/scram_keys.ts";

/** Who is on the other side of a connection. */
export interface SmtpSession {
  /** The client's address. */
  readonly remoteAddr: Deno.NetAddr;
  /** The address that it connected to. */
  readonly localAddr: Deno.NetAddr;
  /** Whether TLS is on. */
  readonly secure: boolean;
  /** The name it gave in EHLO or HELO; not to be believed. */
  readonly clientName: string;
  /** Whether it said EHLO. */
  readonly extended: boolean;
  /** Who signed in. */
  readonly user?: string;
}

/** A recipient, with what RFC 3461 lets a client say of it. */
export interface ReceivedRecipient {
  /** The address. */
  address: string;
  /** Which notices are wanted. */
  notify?: ("success" | "failure" | "delay")[] | "never";
  /** Type and address that it had at first: `"rfc822;ada@example.com"`. */
  orcpt?: string;
}

/** From whom and to whom a message goes. */
export interface ReceivedEnvelope {
  /** Who is told of failures; `""` for nobody. */
  from: string;
  /** The addresses of the recipients. */
  to: string[];
  /** The recipients with their parameters. */
  recipients: ReceivedRecipient[];
  /** Size in bytes as the client declared it. */
  size?: number;
  /** What the message may consist of, as the client declared it. */
  body?: "7bit" | "8bitmime" | "binarymime";
  /** Whether addresses and header may be beyond ASCII (RFC 6531). */
  smtpUtf8: boolean;
  /** How much of the message a notice of failure is to have (RFC 3461). */
  ret?: "full" | "headers";
  /** The client's name for this sending, for notices (RFC 3461). */
  envId?: string;
}

/** What {@linkcode SmtpServer} takes. */
export interface SmtpServerOptions {
  /** Address to listen at; default `"127.0.0.1"`, this machine only. */
  hostname?: string | undefined;
  /** Port to listen at; 0 for any that is free. */
  port: number;
  /** The server's name in its greeting; default its address as a literal. */
  name?: string | undefined;
  /** The certificate chain in PEM; with it STARTTLS is offered. */
  cert?: string | undefined;
  /** The private key of `cert` in PEM. */
  key?: string | undefined;
  /** TLS from the first byte on. */
  implicitTls?: boolean | undefined;
  /** Bytes in a message; default 32 MiB. */
  maxSize?: number | undefined;
  /** Recipients of a message; default 1,000. */
  maxRecipients?: number | undefined;
  /** Connections at a time; default 1,000. */
  maxConnections?: number | undefined;
  /** Milliseconds that a client may be silent; default 300,000, 0: no limit. */
  timeout?: number | undefined;
  /**
   * Whether the password is the user's; both are prepared by `saslprep`. With it
   * AUTH PLAIN and LOGIN are offered, under TLS, on loopback, or with
   * `allowInsecureAuth`.
   */
  authenticate?:
    | ((
      user: string,
      password: string,
      session: SmtpSession,
    ) => boolean | Promise<boolean>)
    | undefined;
  /**
   * What is kept of a user's password, made by `deriveScramKeys`. With it AUTH
   * SCRAM-SHA-256 is offered. Undefined for a user who is not there, which the
   * client cannot tell from a wrong password where keys are made with the
   * default number of iterations and length of salt.
   */
  scramKeys?:
    | ((
      user: string,
    ) => ScramKeys | undefined | Promise<ScramKeys | undefined>)
    | undefined;
  /** Lets passwords pass over an unencrypted connection; default `false`. */
  allowInsecureAuth?: boolean | undefined;
  /** Looks at the sender (`""` for none); throw `SmtpError` to refuse. */
  onMail?:
    | ((address: string, session: SmtpSession) => void | Promise<void>)
    | undefined;
  /** Looks at a recipient; throw `SmtpError` to refuse. */
  onRecipient?:
    | ((address: string, session: SmtpSession) => void | Promise<void>)
    | undefined;
  /**
   * Takes a message. When it resolves the server says that the message was
   * accepted, so it has to be safe by then; throw `SmtpError` to refuse. The
   * body is read from the client as it is asked for, without stuffed dots and
   * with CRLF line ends (with `body: "binarymime"` byte for byte). It errors
   * where the message turns out too large or malformed or the client is gone:
   * what was read of it then is no message. What is left unread is drained.
   */
  onMessage: (
    envelope: ReceivedEnvelope,
    body: ReadableStream<Bytes>,
    session: SmtpSession,
  ) => void | Promise<void>;
  /**
   * Told of what a handler threw that is no `SmtpError`; the client hears 451.
   * Default: `console.error`.
   */
  onError?: ((error: unknown, session: SmtpSession) => void) | undefined;
}
