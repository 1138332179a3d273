import { abortable } from "../../_wire/abortable.ts";
import { checkCommand, verbOf } from "../../_wire/command.ts";
import { stateError } from "../../_wire/errors.ts";
import { sayGoodbye } from "../../_wire/goodbye.ts";
import type { BodySource, OperationOptions } from "../../_wire/options.ts";
import { Turns } from "../../_wire/turns.ts";
import type { SaslSecret } from "../sasl/types.ts";
import { checkAddress } from "./address.ts";
import type { MailMessage } from "../message/mod.ts";
import { Content } from "./content.ts";
import { checkEnvelope } from "./envelope.ts";
import { outgoing, type SendArgument } from "./outgoing.ts";
import { checkOptions } from "./options.ts";
import { notOffered } from "./plan.ts";
import { checkName, type Progress, Session } from "./session.ts";
import type {
  SendResult,
  SmtpConnectOptions,
  SmtpEnvelope,
  SmtpLoginOptions,
  SmtpReply,
} from "./types.ts";

/** Commands that change what the client has to know. */
const METHODS: Record<string, string> = {
  EHLO: "ehlo()",
  HELO: "helo()",
  LHLO: "ehlo()",
  STARTTLS: "startTls()",
  AUTH: "login()",
  DATA: "sendMail()",
  BDAT: "sendMail()",
  BURL: "sendMail()",
  QUIT: "quit()",
};

/**
 * A connection to an SMTP server (RFC 5321) or, with `protocol: "lmtp"`, to a
 * local delivery agent (RFC 2033). Commands called together wait their turn.
 *
 * What a method is given must not hold CR, LF or NUL: that is a `TypeError`
 * before anything is sent. A refusal rejects with {@linkcode SmtpError}, a
 * broken server with `ProtocolError`, a silent one with a `DOMException` named
 * `"TimeoutError"`.
 *
 * @example Send a message
 * ```ts
 * import { SmtpClient } from "@wireline/std/mail/smtp";
 *
 * await using smtp = await SmtpClient.connect({
 *   hostname: "smtp.example.com",
 *   tls: "starttls",
 * });
 * await smtp.login("ada", "secret");
 * await smtp.sendMail(
 *   { from: "ada@example.com", to: ["bob@example.com"] },
 *   "From: ada@example.com\r\nSubject: Hello\r\n\r\nHow are you?\r\n",
 * );
 * ```
 */
export class SmtpClient implements AsyncDisposable {
  /** The server, as it was given to `connect`. */
  readonly hostname: string;
  /** The server's port. */
  readonly port: number;
  #session: Session;
  #turns = new Turns();
  #allowInsecureAuth: boolean;
  #forgetSignal: () => void;

  private constructor(
    session: Session,
    options: SmtpConnectOptions,
    reach: { hostname: string; port: number },
  ) {
    this.hostname = options.hostname ?? reach.hostname;
    this.port = reach.port;
    this.#session = session;
    this.#allowInsecureAuth = options.allowInsecureAuth ?? false;
    const { signal } = options;
    const abort = () => session.control.connection.close(signal?.reason);
    signal?.addEventListener("abort", abort, { once: true });
    this.#forgetSignal = () => signal?.removeEventListener("abort", abort);
  }

  /**
   * Connects, reads the greeting and says EHLO, or HELO to a server that does
   * not know it; with `tls` makes the connection secure. `starttls` that the
   * server does not offer is an error, never a connection without it. Bad
   * options are a `TypeError` before connecting.
   *
   * @example Deliver to a local agent by its Unix socket
   * ```ts ignore
   * import { SmtpClient } from "@wireline/std/mail/smtp";
   *
   * await using lmtp = await SmtpClient.connect({
   *   protocol: "lmtp",
   *   path: "/run/dovecot/lmtp",
   * });
   * ```
   */
  static async connect(options: SmtpConnectOptions): Promise<SmtpClient> {
    const { reach, setup } = checkOptions(options);
    const session = await Session.open(reach, setup());
    const client = new SmtpClient(session, options, reach);
    // Aborted since, when nobody was listening.
    if (options.signal?.aborted) client.#close(options.signal.reason);
    options.signal?.throwIfAborted();
    return client;
  }

  /** Whether TLS is on. */
  get secure(): boolean {
    return this.#session.control.connection.secure;
  }

  /**
   * What the server says it can do: keywords in upper case with their
   * parameters (RFC 5321 section 2.2); empty after HELO.
   */
  get extensions(): ReadonlyMap<string, string> {
    return this.#session.extensions;
  }

  /** Says EHLO again, or LHLO, and reads the extensions anew. */
  ehlo(name?: string, options: OperationOptions = {}): Promise<SmtpReply> {
    return this.#turn("EHLO", options, () => {
      checkName(name);
      return () => this.#session.ehlo(name);
    });
  }

  /** Says HELO; from then on no extension is used. */
  helo(name?: string, options: OperationOptions = {}): Promise<SmtpReply> {
    return this.#turn("HELO", options, () => {
      checkName(name);
      return () => this.#session.helo(name);
    });
  }

  /**
   * Puts TLS on the connection (RFC 3207), with the `tlsOptions` given to
   * `connect`. What the server said before is forgotten. Rejects with
   * `SmtpError` 502 where the server does not offer it, and closes the client
   * where the handshake fails.
   */
  startTls(options: OperationOptions = {}): Promise<void> {
    return this.#turn(
      "STARTTLS",
      options,
      () => () => this.#session.startTls(),
    );
  }

  /**
   * Signs in (RFC 4954) with a password or an OAuth token, by the strongest
   * mechanism that both sides have: SCRAM-SHA-256, SCRAM-SHA-1, CRAM-MD5,
   * PLAIN, LOGIN; OAUTHBEARER or XOAUTH2 for a token. There is no second try
   * by a weaker one. EXTERNAL, with a client certificate, must be asked for.
   *
   * Rejects with `SmtpError` (535 as a rule) when the server refuses, with a
   * `TypeError` when no mechanism fits or the secret would be shown to whoever
   * listens, and with `ProtocolError` when the server cannot prove that it
   * knows the password.
   *
   * @example With an access token
   * ```ts ignore
   * import { SmtpClient } from "@wireline/std/mail/smtp";
   *
   * await using smtp = await SmtpClient.connect({
   *   hostname: "smtp.example.com",
   *   tls: "implicit",
   * });
   * await smtp.login("ada@example.com", { accessToken: "ya29.a0Af" });
   * ```
   */
  login(
    user: string,
    secret: SaslSecret,
    options: SmtpLoginOptions = {},
  ): Promise<void> {
    return this.#turn(
      "AUTH",
      options,
      () => () =>
        this.#session.login(user, secret, {
          mechanism: options.mechanism,
          allowInsecureAuth: this.#allowInsecureAuth,
        }),
    );
  }

  /**
   * Sends a message to those whom it names in To, Cc and Bcc, from its Sender or
   * From. Bcc is not sent.
   *
   * @example
   * ```ts
   * import { MailMessage } from "@wireline/std/mail/message";
   * import { SmtpClient } from "@wireline/std/mail/smtp";
   *
   * await using smtp = await SmtpClient.connect({
   *   hostname: "smtp.example.com",
   *   tls: "starttls",
   * });
   * await smtp.sendMail(
   *   new MailMessage({
   *     from: "Ada <ada@example.com>",
   *     to: "bob@example.com",
   *     subject: "Hello",
   *     text: "How are you?",
   *   }),
   * );
   * ```
   */
  sendMail(
    message: MailMessage,
    options?: OperationOptions,
  ): Promise<SendResult>;
  /**
   * Sends a message, header and body as they are, in constant memory whatever
   * its size. Bare CRs and LFs become CRLF. The envelope alone says to whom it
   * goes: a Bcc header is sent as it is.
   *
   * Recipients that are refused are reported in the result. Rejects with
   * `SmtpError` only when no recipient, or not the message, was accepted; the
   * client is usable then, except after 421 and after a refusal in the middle of
   * DATA. Rejects with `SmtpUncertainError` when the
   * connection was lost after all of it was sent. A source that fails rejects
   * with its own error, and closes the client where the message went by DATA.
   *
   * @example Ask for a notice of delivery
   * ```ts
   * import { SmtpClient } from "@wireline/std/mail/smtp";
   *
   * await using smtp = await SmtpClient.connect({
   *   hostname: "smtp.example.com",
   *   tls: "starttls",
   * });
   * const { accepted, rejected } = await smtp.sendMail({
   *   from: "ada@example.com",
   *   to: ["bob@example.com", "eve@example.com"],
   *   dsn: { notify: ["success", "failure"], ret: "headers" },
   * }, "Subject: Hello\r\n\r\nHow are you?\r\n");
   * console.log("sent to", accepted, "and not to", rejected);
   * ```
   */
  sendMail(
    envelope: SmtpEnvelope,
    message: BodySource | MailMessage,
    options?: OperationOptions,
  ): Promise<SendResult>;
  async sendMail(
    first: SmtpEnvelope | MailMessage,
    second?: SendArgument,
    third?: OperationOptions,
  ): Promise<SendResult> {
    const { envelope, source, options } = outgoing(first, second, third);
    const { signal } = options;
    let content: Content | undefined;
    return await this.#turn("MAIL", {}, () => {
      const checked = checkEnvelope(envelope);
      const taken = content = new Content(source, envelope);
      const progress: Progress = {};
      return () =>
        abortable(
          signal,
          (reason) => {
            // There is no way back out of a message but to hang up.
            if (progress.transaction?.begun) this.#close(reason);
          },
          () => this.#session.send(checked, taken, progress, signal),
        );
    }, signal).finally(() => void content?.discard());
  }

  /**
   * Asks whether there is such a mailbox (VRFY). Many servers answer 252: they
   * will not say.
   */
  verify(address: string, options: OperationOptions = {}): Promise<SmtpReply> {
    return this.#ask("VRFY", address, options);
  }

  /** Asks who is on a mailing list (EXPN). */
  expand(list: string, options: OperationOptions = {}): Promise<SmtpReply> {
    return this.#ask("EXPN", list, options);
  }

  /** Does nothing, which keeps the connection alive (NOOP). */
  async noop(options: OperationOptions = {}): Promise<void> {
    await this.command("NOOP", options);
  }

  /** Gives up whatever message is half told (RSET). */
  async rset(options: OperationOptions = {}): Promise<void> {
    await this.command("RSET", options);
  }

  /**
   * Sends a command as it stands and resolves with the reply to it. For
   * commands that are one line and one reply; the others have methods.
   */
  command(line: string, options: OperationOptions = {}): Promise<SmtpReply> {
    return this.#turn(line.slice(0, 40), options, () => {
      // Servers take white space off.
      const verb = /^\s*(\S*)/.exec(line)![1]!.toUpperCase();
      if (Object.hasOwn(METHODS, verb)) {
        throw new TypeError(`Cannot send ${verb}: use ${METHODS[verb]}`);
      }
      checkCommand(line, verbOf(line));
      return () => this.#session.control.command(line);
    });
  }

  /** Says goodbye and closes. */
  async quit(options: OperationOptions = {}): Promise<void> {
    await this.#turn("QUIT", options, () => async () => {
      try {
        await this.#session.quit();
      } finally {
        this.close();
      }
    });
  }

  /** Drops the connection at once. May be called twice, never throws. */
  close(): void {
    this.#close(stateError("Cannot go on: the client was closed"));
  }

  /**
   * `quit()` where nothing is unfinished, for at most 5 s; then `close()`. A
   * message under way is not completed.
   */
  async [Symbol.asyncDispose](): Promise<void> {
    await sayGoodbye(this, {
      unfinished: this.#turns.busy || this.#session.control.closed,
    });
  }

  #close(reason: unknown): void {
    this.#forgetSignal();
    this.#session.control.connection.close(reason);
  }

  #ask(
    verb: string,
    address: string,
    options: OperationOptions,
  ): Promise<SmtpReply> {
    return this.#turn(verb, options, () => {
      const checked = checkAddress(`an address for ${verb}`, address);
      return () => {
        // RFC 6531 section 3.7.4.2.
        if (checked.ascii === checked.address) {
          return this.#session.control.command(`${verb} ${checked.ascii}`);
        }
        if (this.extensions.has("SMTPUTF8")) {
          const utf8 = `${verb} ${checked.address} SMTPUTF8`;
          return this.#session.control.command(utf8);
        }
        if (checked.ascii === undefined) {
          throw notOffered("SMTPUTF8", JSON.stringify(address), verb);
        }
        return this.#session.control.command(`${verb} ${checked.ascii}`);
      };
    });
  }

  /**
   * Waits for the turn and runs. `prepare` looks at the arguments at once and
   * gives what is to be done then. Aborting it closes the client, since nobody
   * would know which reply belongs to what; a message handles `sendSignal`
   * itself.
   */
  #turn<T>(
    what: string,
    { signal }: OperationOptions,
    prepare: () => () => Promise<T>,
    sendSignal?: AbortSignal,
  ): Promise<T> {
    let run: () => Promise<T>;
    try {
      run = prepare();
    } catch (error) {
      return Promise.reject(error);
    }
    return this.#turns.take(
      what,
      signal ?? sendSignal,
      () => abortable(signal, (reason) => this.#close(reason), run),
    );
  }
}
