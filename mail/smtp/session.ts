import type { ConnectionSetup } from "../../_wire/connection.ts";
import { stateError } from "../../_wire/errors.ts";
import { isLoopback } from "../../_wire/loopback.ts";
import { openSession } from "../../_wire/open_session.ts";
import type { CheckedTls } from "../../_wire/tls.ts";
import { chooseMechanism } from "../sasl/choose.ts";
import type { SaslSecret } from "../sasl/types.ts";
import { authenticate } from "./authenticate.ts";
import type { Content } from "./content.ts";
import { Control } from "./control.ts";
import type { CheckedEnvelope } from "./envelope.ts";
import { planMessage } from "./plan.ts";
import { parseExtensions } from "./replies.ts";
import { SmtpError } from "./smtp_error.ts";
import { Transaction } from "./transaction.ts";
import type { SendResult, SmtpReply } from "./types.ts";

/** Everything that is needed to reach the server, again and again. */
export interface Reach {
  hostname: string;
  port: number;
  path: string | undefined;
  protocol: "smtp" | "lmtp";
  /** The name for EHLO; undefined for this side's address. */
  name: string | undefined;
  tls: "none" | "starttls" | "implicit";
  tlsOptions: CheckedTls;
  /** For connecting, in ms. */
  timeout: number;
  /** Whether the user gave the time-out. */
  fixedTimes: boolean;
  signal: AbortSignal | undefined;
}

/** How far a message has come, for whoever may have to send it again. */
export interface Progress {
  transaction?: Transaction;
}

/** A connection that has been greeted. */
export class Session {
  readonly control: Control;
  extensions: ReadonlyMap<string, string> = new Map();
  #reach: Reach;

  private constructor(control: Control, reach: Reach) {
    this.control = control;
    this.#reach = reach;
  }

  /** Connects, reads the greeting, says hello and puts TLS on. */
  static open(reach: Reach, setup: ConnectionSetup): Promise<Session> {
    const { hostname, port, path, tls, tlsOptions } = reach;
    const doing = `connect to ${path ?? `${hostname} port ${port}`}`;
    setup.watchdog.doing = doing;
    return openSession(
      {
        ...reach,
        tls: tls === "implicit" ? { options: tlsOptions } : undefined,
      },
      setup,
      async (connection) => {
        const control = new Control(
          connection,
          setup.watchdog,
          reach.fixedTimes,
        );
        const session = new Session(control, reach);
        const greeting = await control.reply(doing, "greeting");
        control.accept(greeting, "", doing);
        await session.hello();
        if (tls === "starttls") await session.startTls();
        return session;
      },
    );
  }

  /**
   * EHLO, or HELO for a server that does not know it (RFC 5321 section 3.2);
   * LHLO in LMTP.
   */
  async hello(name?: string): Promise<SmtpReply> {
    try {
      return await this.ehlo(name);
    } catch (error) {
      const unknown = error instanceof SmtpError && !error.transient &&
        !this.control.closed && this.#reach.protocol === "smtp";
      if (!unknown) throw error;
      return await this.helo(name);
    }
  }

  /** EHLO, or LHLO. */
  async ehlo(name?: string): Promise<SmtpReply> {
    const verb = this.#reach.protocol === "lmtp" ? "LHLO" : "EHLO";
    this.extensions = new Map();
    const reply = await this.control.command(`${verb} ${this.#name(name)}`);
    this.extensions = parseExtensions(reply.lines);
    return reply;
  }

  /** HELO: no extensions. */
  async helo(name?: string): Promise<SmtpReply> {
    this.extensions = new Map();
    return await this.control.command(`HELO ${this.#name(name)}`);
  }

  /** TLS over the connection (RFC 3207). */
  async startTls(): Promise<void> {
    const { connection } = this.control;
    if (connection.secure) {
      throw stateError("Cannot start TLS: it is on already");
    }
    // Without it the user's mail would go in the clear: never a silent
    // downgrade, whoever took the keyword away.
    if (!this.extensions.has("STARTTLS")) {
      throw new SmtpError(502, "5.5.1", "The server does not offer STARTTLS", {
        command: "STARTTLS",
        doing: "start TLS",
        foreseen: true,
      });
    }
    const reply = await this.control.command("STARTTLS");
    if (reply.code !== 220) throw this.control.broken(reply, "start TLS");
    // What was said before may have been anybody's words (section 4.2).
    this.extensions = new Map();
    await connection.startTls(this.#reach.tlsOptions);
    await this.ehlo();
  }

  /** Signs in by the strongest mechanism that both sides have. */
  async login(
    user: string,
    secret: SaslSecret,
    o: { mechanism?: string | undefined; allowInsecureAuth: boolean },
  ): Promise<void> {
    const { hostname, port } = this.#reach;
    const mechanism = chooseMechanism({ user, secret, hostname, port }, {
      offered: (this.extensions.get("AUTH") ?? "").split(/\s+/)
        .filter((name) => name !== ""),
      private: this.control.connection.secure || this.#local ||
        o.allowInsecureAuth,
      mechanism: o.mechanism,
    });
    await authenticate(this.control, mechanism);
  }

  /**
   * Sends a message. `progress` gets the transaction once nothing but the
   * server can stand in its way; from then on an aborted `signal` is the
   * caller's to act on.
   */
  async send(
    envelope: CheckedEnvelope,
    content: Content,
    progress: Progress,
    signal: AbortSignal | undefined,
  ): Promise<SendResult> {
    const { connection } = this.control;
    if (connection.closed) {
      throw connection.closeReason ??
        stateError("Cannot send the message: the client was closed");
    }
    const forget = connection.onClosed((reason) => content.interrupt(reason));
    try {
      await content.look();
      // The source may have taken its time.
      signal?.throwIfAborted();
      return await this.#transact(envelope, content, progress, signal);
    } finally {
      forget();
    }
  }

  async #transact(
    envelope: CheckedEnvelope,
    content: Content,
    progress: Progress,
    signal: AbortSignal | undefined,
  ): Promise<SendResult> {
    const plan = planMessage(envelope, content, {
      extensions: this.extensions,
      secure: this.control.connection.secure,
    });
    const transaction = new Transaction(
      this.control,
      plan,
      content,
      this.#reach.protocol === "lmtp",
    );
    progress.transaction = transaction;
    return await transaction.run(signal);
  }

  /** Says goodbye. */
  async quit(): Promise<void> {
    await this.control.command("QUIT");
  }

  /** Whether the other side is this machine: nobody can listen. */
  get #local(): boolean {
    if (this.#reach.path !== undefined) return true;
    return isLoopback(this.control.connection.remoteAddr.hostname);
  }

  #name(name = this.#reach.name): string {
    if (name !== undefined) return name;
    if (this.#reach.path !== undefined) return "localhost";
    // RFC 5321 section 4.1.3: who has no name says his address. The machine's
    // own name would need a permission.
    const { hostname } = this.control.connection.localAddr;
    return hostname.includes(":") ? `[IPv6:${hostname}]` : `[${hostname}]`;
  }
}

/** Refuses a name for EHLO that is none. */
export function checkName(name: string | undefined): void {
  if (name === undefined || /^[!-~]{1,255}$/.test(name)) return;
  throw new TypeError(
    `Cannot use ${JSON.stringify(name)} as the name of this side: ` +
      "give a domain name, or an address in brackets",
  );
}
