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
    this.#refuseUnasked(masked);
    await writeCommand(this.connection, command, "utf-8", masked);
  }

  /** Sends several commands in one write (RFC 2449 section 6.6). */
  async sendAll(commands: readonly string[]): Promise<void> {
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
      const challenge = /^\+(?: (.*))?$/.exec(line);
      if (challenge) return challenge[1] ?? "";
      const status = parseStatus(line);
      if (!status) throw noAnswer(this.connection, line, "+OK or -ERR");
      return { ...status, text: this.connection.mask(status.text) };
    } catch (error) {
      // A server that breaks the grammar cannot be followed any further.
      this.connection.close(error);
      throw error;
    }
  }

  /** The status, or the error that it stands for. */
  accept(status: Pop3Status, command: string): Pop3Status {
    if (status.ok) return status;
    throw new Pop3Error(status, command);
  }

  /** The end of a server whose answer was no answer to what it was asked. */
  broken(line: string): Error {
    const error = noAnswer(this.connection, line, "proper answer");
    this.connection.close(error);
    return error;
  }

  /** What came unasked must not pass for the answer to the next command. */
  #refuseUnasked(doing: string): void {
    const { bytes, lines } = this.connection;
    if (bytes.buffered === 0) return;
    this.#watchdog.doing = doing;
    throw this.broken(lines.decode(bytes.peek()).split(/\r?\n/)[0]!);
  }
}
