import {
  checkCommand,
  encodeText,
  verbOf,
  writeCommand,
  writeCommands,
} from "../_wire/command.ts";
import type { Connection } from "../_wire/connection.ts";
import { readDotLines } from "../_wire/dot_lines.ts";
import type { ProtocolError } from "../_wire/errors.ts";
import { readReply, type Reply } from "../_wire/reply.ts";
import { noAnswer } from "../_wire/status_line.ts";
import type { Watchdog } from "../_wire/watchdog.ts";
import { NntpError } from "./nntp_error.ts";

/** Bytes in a command line without its end (RFC 3977 section 3.1). */
export const LONGEST_COMMAND = 510;

/** The connection as commands and replies. It knows no queue. */
export class Control {
  readonly connection: Connection;
  #watchdog: Watchdog;

  constructor(connection: Connection, watchdog: Watchdog) {
    this.connection = connection;
    this.#watchdog = watchdog;
  }

  /** Whether it was closed, by anyone. */
  get closed(): boolean {
    return this.connection.closed;
  }

  /**
   * Sends a command and reads its reply, which has to have one of these codes:
   * by the code alone it is known whether lines follow (RFC 3977 section 3.2).
   */
  async command(
    command: string,
    codes: readonly number[],
    masked = command,
  ): Promise<Reply> {
    await this.send(command, masked);
    return this.accept(await this.reply(masked), codes, masked);
  }

  /** Sends one command only, of so many bytes at most. */
  async send(
    command: string,
    masked = command,
    most = LONGEST_COMMAND,
  ): Promise<void> {
    const verb = verbOf(masked);
    checkCommand(command, verb);
    // What is behind it might pass for a command of its own.
    if (encodeText(command, "utf-8").length > most) {
      throw new TypeError(
        `Cannot send ${verb}: the command is longer than ${most} bytes`,
      );
    }
    this.#watchdog.doing = masked;
    await this.#refuseUnasked(masked);
    await writeCommand(this.connection, command, "utf-8", masked);
  }

  /**
   * Sends several commands in one write (RFC 3977 section 3.5). Where the
   * connection is `idle` nothing may have come.
   */
  async sendAll(commands: readonly string[], idle: boolean): Promise<void> {
    if (idle) await this.#refuseUnasked(commands[0]!);
    await writeCommands(this.connection, commands);
  }

  /** Reads one reply, of any code. */
  async reply(doing: string): Promise<Reply> {
    this.#watchdog.doing = doing;
    try {
      return await readReply(this.connection, {
        oneLine: true,
        // It may be a group's name or an id, which are not to be changed.
        unmasked: "all",
      });
    } catch (error) {
      // A server that breaks the grammar cannot be followed any further.
      this.connection.close(error);
      throw error;
    }
  }

  /** The reply, or the error that it stands for. */
  accept(reply: Reply, codes: readonly number[], command: string): Reply {
    if (codes.includes(reply.code)) return reply;
    if (reply.code < 400) throw this.broken(reply, command);
    throw this.refusal(reply, command);
  }

  /** The error that a refusal stands for. */
  refusal(reply: Reply, command: string): NntpError {
    const text = this.connection.mask(reply.text);
    const error = new NntpError({ ...reply, lines: [text], text }, command);
    // The server says goodbye (RFC 3977 section 3.2.1).
    if (reply.code === 400) this.connection.close(error);
    return error;
  }

  /** The lines that follow a reply, held in memory as a whole. */
  async lines(): Promise<string[]> {
    return await readDotLines(this.connection, this.connection.limits.listing);
  }

  /** The end of a server whose reply does not fit what it was asked. */
  broken(reply: Reply, doing: string): ProtocolError {
    this.#watchdog.doing = doing;
    const said = `${reply.code} ${reply.text}`.trimEnd();
    const error = noAnswer(this.connection, said, "proper answer", "NNTP");
    this.connection.close(error);
    return error;
  }

  /**
   * A server may say unasked that it ends the session (400). That must not pass
   * for the answer to the next command.
   */
  async #refuseUnasked(doing: string): Promise<void> {
    this.connection.throwIfClosed();
    if (this.connection.bytes.buffered === 0) return;
    const reply = await this.reply(doing);
    throw reply.code === 400
      ? this.refusal(reply, doing)
      : this.broken(reply, doing);
  }
}
