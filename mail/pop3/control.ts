import { writeCommand, writeCommands } from "../../_wire/command.ts";
import type { Connection } from "../../_wire/connection.ts";
import { readDotLines } from "../../_wire/dot_lines.ts";
import { noAnswer, readStatusLine } from "../../_wire/status_line.ts";
import type { Watchdog } from "../../_wire/watchdog.ts";
import { Pop3Error } from "./pop3_error.ts";
import { parseStatus, type Pop3Status } from "./replies.ts";

/** The connection as commands and status lines. It knows no queue. */
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

  /** Sends a command and reads its status line; `-ERR` rejects. */
  async command(command: string, masked = command): Promise<Pop3Status> {
    await this.send(command, masked);
    return this.accept(await this.status(masked), masked);
  }

  /** The same where lines follow, without dots and line ends. */
  async lines(command: string): Promise<string[]> {
    await this.command(command);
    return await readDotLines(this.connection, this.connection.limits.listing);
  }

  /** Sends a command only. */
  async send(command: string, masked = command): Promise<void> {
    this.#watchdog.doing = masked;
    await this.#refuseUnasked(masked);
    await writeCommand(this.connection, command, "utf-8", masked);
  }

  /**
   * Sends several commands in one write (RFC 2449 section 6.6). Where the
   * connection is `idle` nothing may have come.
   */
  async sendAll(commands: readonly string[], idle: boolean): Promise<void> {
    if (idle) await this.#refuseUnasked(commands[0]!);
    await writeCommands(this.connection, commands);
  }

  /** Reads a status line; `doing` is what it answers. */
  async status(doing: string): Promise<Pop3Status> {
    const answer = await this.answer(doing);
    if (typeof answer !== "string") return answer;
    throw this.broken(`+ ${answer}`);
  }

  /** The same, or what follows the `+` of a challenge (RFC 5034 section 4). */
  async answer(doing: string): Promise<Pop3Status | string> {
    this.#watchdog.doing = doing;
    try {
      const line = await readStatusLine(this.connection);
      const challenge = /^\+(?: (.*))?$/s.exec(line);
      if (challenge) return challenge[1] ?? "";
      const status = parseStatus(line);
      if (!status) throw noAnswer(this.connection, line, "+OK or -ERR", "POP3");
      return status;
    } catch (error) {
      // A server that breaks the grammar cannot be followed any further.
      this.connection.close(error);
      throw error;
    }
  }

  /** The status, or the error that it stands for. */
  accept(status: Pop3Status, command: string): Pop3Status {
    if (status.ok) return status;
    throw this.refusal(status, command);
  }

  /** The error that a refusal stands for. */
  refusal(status: Pop3Status, command: string): Pop3Error {
    const text = this.connection.mask(status.text);
    // The code too may be something that the server repeats.
    const { code } = parseStatus(`-ERR ${text}`)!;
    return new Pop3Error({ ok: false, code, text }, command);
  }

  /** The end of a server whose answer was no answer to what it was asked. */
  broken(line: string): Error {
    const error = noAnswer(this.connection, line, "proper answer", "POP3");
    this.connection.close(error);
    return error;
  }

  /**
   * What came unasked must not pass for the answer to the next command. It is
   * most often why the server is going to hang up.
   */
  async #refuseUnasked(doing: string): Promise<void> {
    this.connection.throwIfClosed();
    if (this.connection.bytes.buffered === 0) return;
    const status = await this.status(doing);
    const error = status.ok
      ? this.broken(`+OK ${status.text}`)
      : this.refusal(status, doing);
    this.connection.close(error);
    throw error;
  }
}
