import { checkCommand, verbOf, writeCommand } from "../_wire/command.ts";
import { Connection, type ConnectionSetup } from "../_wire/connection.ts";
import { ProtocolError } from "../_wire/errors.ts";
import { readReply } from "../_wire/reply.ts";
import type { CheckedTls, SessionMemory } from "../_wire/tls.ts";
import { FtpError } from "./ftp_error.ts";
import type { FtpReply } from "./types.ts";

/** Everything that is needed to reach the server, a second time too. */
export interface ControlOptions {
  hostname: string;
  port: number;
  tls: "none" | "starttls" | "implicit";
  tlsOptions: CheckedTls;
  timeout: number;
  signal: AbortSignal | undefined;
  setup: ConnectionSetup;
}

/** How a command is sent and shown. */
export interface CommandOptions {
  /** The part of the command that nobody may see. */
  secret?: string;
}

/**
 * The control connection: commands out, replies in, one for one. It knows no
 * data connection and no queue.
 */
export class Control {
  readonly connection: Connection;
  readonly welcome: FtpReply;
  /** The transfer under way was given up by us. */
  stopping = false;
  #setup: ConnectionSetup;
  /** NOOPs sent during a transfer whose replies have not come. */
  #owed = 0;

  private constructor(
    connection: Connection,
    setup: ConnectionSetup,
    welcome: FtpReply,
  ) {
    this.connection = connection;
    this.#setup = setup;
    this.welcome = welcome;
  }

  /**
   * Connects, reads the greeting and puts TLS on. With `session` the TLS can
   * be resumed by data connections.
   */
  static async open(
    o: ControlOptions,
    session?: SessionMemory,
  ): Promise<Control> {
    const { watchdog } = o.setup;
    watchdog.doing = `connect to ${o.hostname} port ${o.port}`;
    const connection = await Connection.connect({
      hostname: o.hostname,
      port: o.port,
      timeout: o.timeout,
      signal: o.signal,
      ...(o.tls === "implicit" && { tls: { options: o.tlsOptions, session } }),
    }, o.setup);
    const abort = () => connection.close(o.signal?.reason);
    o.signal?.addEventListener("abort", abort, { once: true });
    try {
      o.signal?.throwIfAborted();
      let welcome = await readReply(connection);
      // 120: "ready in nnn minutes", the greeting proper follows.
      while (welcome.code < 200) welcome = await readReply(connection);
      if (welcome.code >= 400) {
        throw new FtpError(welcome, watchdog.doing);
      }
      const control = new Control(connection, o.setup, welcome);
      if (o.tls === "starttls") {
        // RFC 4217 section 4.
        await control.command("AUTH TLS");
        await connection.startTls(o.tlsOptions, session);
      }
      return control;
    } catch (error) {
      connection.close(error);
      throw error;
    } finally {
      o.signal?.removeEventListener("abort", abort);
    }
  }

  /**
   * Sends a command and reads its reply; 4yz and 5yz reject with `FtpError`.
   */
  async command(
    command: string,
    options: CommandOptions = {},
  ): Promise<FtpReply> {
    const masked = await this.send(command, options);
    return this.accept(await this.reply(), masked);
  }

  /** Sends a command only; returns it as it may be shown. */
  async send(
    command: string,
    { secret }: CommandOptions = {},
  ): Promise<string> {
    const masked = mask(command, secret);
    checkCommand(command, verbOf(masked));
    this.#setup.watchdog.doing = masked;
    await this.#dropUnasked();
    this.connection.secrets = secret ? [secret] : [];
    await writeCommand(
      this.connection,
      command,
      this.#setup.encoding,
      masked,
    );
    return masked;
  }

  /** Reads one reply, of any code. */
  async reply(): Promise<FtpReply> {
    try {
      return await readReply(this.connection);
    } catch (error) {
      // A server that breaks the grammar cannot be followed any further.
      this.connection.close(error);
      throw error;
    }
  }

  /** The reply, or the `FtpError` that it stands for. */
  accept(reply: FtpReply, command: string): FtpReply {
    if (reply.code < 400) return reply;
    const error = new FtpError(reply, command, this.#advice(reply));
    // 421: the server says goodbye (RFC 959 section 4.2.2).
    if (reply.code === 421) this.connection.close(error);
    throw error;
  }

  /** What to do about a refusal that does not say so itself. */
  #advice({ code }: FtpReply): string | undefined {
    if (!this.connection.secure || (code !== 522 && code !== 425)) return;
    const sure = code === 522 ? "wants" : "may want";
    return `the server ${sure} data connections to resume the TLS session: ` +
      "see tlsSessionReuse";
  }

  /**
   * Sends a NOOP in the middle of a transfer. Some servers answer at once,
   * some after the transfer; `finalReply` sorts it out.
   */
  async keepAlive(): Promise<void> {
    this.#owed++;
    await writeCommand(this.connection, "NOOP");
  }

  /**
   * The reply that ends a transfer, of any code, and the replies to the NOOPs
   * sent meanwhile, which may come before or after it.
   */
  async finalReply(): Promise<FtpReply> {
    let final: FtpReply | undefined;
    for (;;) {
      const reply = await this.reply();
      if (this.stopping && reply.code < 200) {
        // QUIRK: pure-ftpd ends a download that was cut off with a 150 and
        // nothing else. Whatever it still says comes before this one's reply.
        return await this.inStep() ?? reply;
      }
      if (reply.code < 200) continue;
      if (this.#owed > 0 && (final || answersNoop(reply))) this.#owed--;
      else final = reply;
      if (final && this.#owed === 0) return final;
    }
  }

  /**
   * Brings commands and replies in step again, when nobody knows how many
   * replies are on their way: none that is older can follow the reply to a
   * NOOP. Resolves with the last one before it.
   */
  async inStep(): Promise<FtpReply | undefined> {
    await writeCommand(this.connection, "NOOP");
    this.#owed++;
    let last: FtpReply | undefined;
    for (;;) {
      const reply = await this.reply();
      if (!answersNoop(reply)) last = reply;
      else if (--this.#owed === 0) return last;
    }
  }

  /**
   * A server may say something unasked: that it shuts down. What it said is
   * looked at before the next command, or it would pass for that one's reply.
   */
  async #dropUnasked(): Promise<void> {
    while (this.connection.bytes.buffered > 0) {
      const reply = await this.reply();
      this.accept(
        reply.code === 421 ? reply : { ...reply, code: 200 },
        "go on",
      );
    }
  }
}

/** NOOP's own replies; some servers refuse it in the middle of a transfer. */
function answersNoop(reply: FtpReply): boolean {
  return [200, 450, 500, 502, 503].includes(reply.code) &&
    !/transfer|closing|complete/i.test(reply.text);
}

function mask(command: string, secret: string | undefined): string {
  const verb = /^(PASS|ACCT)\b/i.exec(command)?.[0];
  if (verb) return `${verb} ***`;
  return secret ? command.replaceAll(secret, "***") : command;
}

/** The error of a control connection that was lost during a transfer. */
export function lostDuring(transfer: string, cause: unknown): ProtocolError {
  return new ProtocolError(
    `Cannot ${transfer}: the control connection was lost during the ` +
      "transfer, so nobody knows whether it is complete; resume it",
    { cause },
  );
}
