import { dropRest, MOST_DRAINED, readDotBytes } from "../../_wire/dot_body.ts";
import { DotReader } from "../../_wire/dot_reader.ts";
import { ProtocolError } from "../../_wire/errors.ts";
import type { Control } from "./control.ts";
import { Pop3Error } from "./pop3_error.ts";
import type { RetrievedMessage } from "./types.ts";

/** What retrieving many messages needs. */
export interface RetrieveAll {
  control: Control;
  numbers: Iterator<number>;
  maxSize: number;
  /** Commands under way at a time; 1 without pipelining. */
  window: number;
  /** Called when nothing more is under way. */
  onEnd: () => void;
}

/**
 * Messages in the order of their numbers, each read when it is asked for, with
 * the commands for the next ones under way.
 */
export class Retrieval {
  #o: RetrieveAll;
  #underWay: number[] = [];
  #exhausted = false;
  #ended = false;

  constructor(o: RetrieveAll) {
    this.#o = o;
  }

  /** The next message; undefined behind the last. */
  async next(): Promise<RetrievedMessage | undefined> {
    const { control } = this.#o;
    try {
      await this.#ask();
      const number = this.#underWay.shift();
      if (number === undefined) {
        this.#end();
        return undefined;
      }
      const command = `RETR ${number}`;
      const status = await control.status(command);
      if (!status.ok) return { number, error: new Pop3Error(status, command) };
      return await this.#read(number, command);
    } catch (error) {
      control.connection.close(error);
      this.#end();
      throw error;
    }
  }

  /** Reads what is under way and drops it, or closes the connection. */
  async cancel(): Promise<void> {
    const { control } = this.#o;
    try {
      const from = control.connection.bytes.position;
      while (this.#underWay.length > 0 && !control.closed) {
        const name = `message ${this.#underWay.shift()}`;
        const { ok } = await control.status(name);
        if (ok) {
          const dots = new DotReader(control.connection.bytes);
          await dropRest(control.connection, dots, name);
        }
        if (control.connection.bytes.position - from > MOST_DRAINED) break;
      }
      if (this.#underWay.length > 0) {
        control.connection.close(
          new ProtocolError(
            "Cannot go on: retrAll was cancelled with more than " +
              `${MOST_DRAINED} bytes to come, so the connection was closed`,
          ),
        );
      }
    } catch {
      // The connection is closed.
    } finally {
      this.#end();
    }
  }

  /** Keeps the window full: half of it at a time, in one write. */
  async #ask(): Promise<void> {
    const { control, numbers, window } = this.#o;
    if (this.#exhausted || this.#underWay.length > window / 2) return;
    const commands: string[] = [];
    while (this.#underWay.length < window) {
      const { done, value } = numbers.next();
      if (done) {
        this.#exhausted = true;
        break;
      }
      this.#underWay.push(value);
      commands.push(`RETR ${value}`);
    }
    if (commands.length > 0) await control.sendAll(commands);
  }

  async #read(number: number, command: string): Promise<RetrievedMessage> {
    const { control, maxSize } = this.#o;
    const dots = new DotReader(control.connection.bytes);
    const content = await readDotBytes(dots, maxSize);
    if (content) return { number, content };
    // The others are still wanted: more is read for them than for nothing.
    await dropRest(control.connection, dots, `message ${number}`, 16 * maxSize);
    const text = `The message is larger than ${maxSize} bytes`;
    return {
      number,
      error: new Pop3Error({ ok: false, code: "TOO-LARGE", text }, command),
    };
  }

  #end(): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#o.onEnd();
  }
}
