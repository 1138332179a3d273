import {
  checkCommand,
  verbOf,
  writeCommand,
  writeCommands,
} from "../../_wire/command.ts";
import type { Connection } from "../../_wire/connection.ts";
import { ProtocolError } from "../../_wire/errors.ts";
import { readReply } from "../../_wire/reply.ts";
import type { Watchdog } from "../../_wire/watchdog.ts";
import { withEnhancedCode } from "./replies.ts";
import { SmtpError } from "./smtp_error.ts";
import type { RejectedRecipient, SmtpReply } from "./types.ts";

/** How long to wait for what, in ms (RFC 5321 section 4.5.3.2). */
const TIMES = {
  greeting: 300_000,
  command: 300_000,
  data: 120_000,
  block: 180_000,
  end: 600_000,
};

/** What is waited for. */
export type Wait = keyof typeof TIMES;

/** The text of a challenge is the mechanism's, and nothing is masked in it. */
const CHALLENGES = [334];

/**
 * The connection as commands and replies. It knows no transaction and no queue.
 */
export class Control {
  readonly connection: Connection;
  #watchdog: Watchdog;
  #fixedTimes: boolean;
  #listening: Promise<boolean> | undefined;

  /** `fixedTimes` where the user gave a time-out: it holds for everything. */
  constructor(
    connection: Connection,
    watchdog: Watchdog,
    fixedTimes: boolean,
  ) {
    this.connection = connection;
    this.#watchdog = watchdog;
    this.#fixedTimes = fixedTimes;
  }

  /** Whether it was closed, by anyone. */
  get closed(): boolean {
    return this.connection.closed;
  }

  /** Sends a command and reads its reply; 4yz and 5yz reject. */
  async command(command: string, masked = command): Promise<SmtpReply> {
    await this.send(command, masked);
    return this.accept(await this.reply(masked), masked);
  }

  /** Sends one command only. */
  async send(command: string, masked = command): Promise<void> {
    checkCommand(command, verbOf(masked));
    await this.refuseUnasked(masked);
    this.wait("command", masked);
    await writeCommand(this.connection, command, "utf-8", masked);
  }

  /**
   * Sends several commands, and content behind them, in one write. Replies may
   * be read before it is done: a server that answers while we write would else
   * wait for us, and we for it. `refuseUnasked` goes before.
   */
  async sendAll(
    commands: readonly string[],
    content?: Uint8Array,
  ): Promise<void> {
    this.wait("command", commands[0]!);
    await writeCommands(this.connection, commands, content);
  }

  /** Says what is waited for, for how long and for the message of an error. */
  wait(wait: Wait, doing: string): void {
    this.#watchdog.doing = doing;
    if (!this.#fixedTimes) this.#watchdog.timeout = TIMES[wait];
  }

  /** Reads one reply, of any code. */
  async reply(doing: string, wait: Wait = "command"): Promise<SmtpReply> {
    this.wait(wait, doing);
    try {
      if (this.#listening) {
        this.connection.patient = false;
        await this.#listening;
      }
      const reply = withEnhancedCode(
        await readReply(this.connection, {
          everyLineCoded: true,
          unmasked: CHALLENGES,
        }),
      );
      // SMTP has no 1yz (RFC 5321 section 4.2.1).
      if (reply.code < 200) throw this.broken(reply, doing);
      return reply;
    } catch (error) {
      // A server that breaks the grammar cannot be followed any further.
      this.connection.close(error);
      throw error;
    }
  }

  /** The reply, or the error that it stands for; `doing` is what was tried. */
  accept(reply: SmtpReply, command: string, doing = command): SmtpReply {
    if (reply.code < 300) return reply;
    if (reply.code < 400) throw this.broken(reply, doing);
    throw this.refusal(reply, command, doing);
  }

  /** The error that a refusal stands for. */
  refusal(
    reply: SmtpReply,
    command: string,
    doing = command,
    rejected?: RejectedRecipient[],
  ): SmtpError {
    const { code, enhancedCode, text, lines } = reply;
    const error = new SmtpError(code, enhancedCode, text, {
      command: command || undefined,
      doing,
      lines,
      rejected,
    });
    // The server says goodbye (RFC 5321 section 3.8).
    if (code === 421) this.connection.close(error);
    return error;
  }

  /** The end of a server whose reply does not fit what it was asked. */
  broken(reply: SmtpReply, doing: string): ProtocolError {
    const error = new ProtocolError(
      `Cannot ${doing}: the server answered ${reply.code} ${reply.text}, ` +
        "which is no answer to this",
    );
    this.connection.close(error);
    return error;
  }

  /**
   * Listens while nothing is asked. Resolves when the server has spoken or hung
   * up, which is the answer to a command where one was sent meanwhile.
   */
  listen(): Promise<boolean> {
    const { connection } = this;
    // It came behind the last answer.
    if (connection.bytes.buffered > 0) return Promise.resolve(true);
    connection.patient = true;
    return this.#listening ??= connection.bytes.fill()
      .catch(() => false)
      .then((more) => {
        this.#listening = undefined;
        connection.patient = false;
        if (!more) connection.close(this.#hungUp());
        return more;
      });
  }

  #hungUp(): ProtocolError {
    return new ProtocolError(
      `Cannot ${this.connection.doing}: the server closed the connection`,
    );
  }

  /**
   * A server may say unasked that it shuts down. That must not pass for the
   * answer to the next command.
   */
  async refuseUnasked(doing: string): Promise<void> {
    this.connection.throwIfClosed();
    if (this.connection.bytes.buffered === 0) return;
    const reply = await this.reply(doing);
    throw reply.code === 421
      ? this.refusal(reply, doing)
      : this.broken(reply, doing);
  }
}
