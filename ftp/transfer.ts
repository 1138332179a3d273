import { writeCommand } from "../_wire/command.ts";
import type { Connection } from "../_wire/connection.ts";
import { ProtocolError } from "../_wire/errors.ts";
import { type Control, lostDuring } from "./control.ts";
import type { PendingData } from "./data_connection.ts";
import { FtpError } from "./ftp_error.ts";
import type { Session } from "./session.ts";
import type { FtpReply } from "./types.ts";

/** A transfer to be made. */
export interface TransferRequest {
  /** `RETR a.txt`. */
  command: string;
  /** TYPE to be in; undefined where it does not matter (MLSD). */
  type: "A" | "I" | undefined;
  /** Byte to begin at. */
  offset?: number | undefined;
}

type Direction = "down" | "up";

// A server that has the data connection and says nothing for so long is one
// that never sends a preliminary reply.
const SILENCE = 3_000;
// How much of a download that nobody wants is read for the sake of the session.
const DRAIN_BYTES = 16 * 1024 * 1024;
const DRAIN_TIME = 2_000;

/**
 * One transfer: its data connection and the reply that ends it. That reply is
 * waited for from the start, so that a refusal in the middle, a server that
 * says goodbye and the answers to NOOPs are all seen when they come.
 */
export class Transfer {
  readonly command: string;
  /** The final reply, of any code; rejects where none can come. */
  readonly final: Promise<FtpReply>;
  #control: Control;
  #data: Connection;
  #keepAlive: ReturnType<typeof setInterval> | undefined;
  #stopped: unknown;
  #settled = false;
  #ending: Promise<FtpReply> | undefined;
  /** Whether bytes that are on their way have to be read at the end. */
  #drains: boolean;

  private constructor(
    session: Session,
    command: string,
    data: Connection,
    final: Promise<FtpReply>,
    direction: Direction,
  ) {
    this.command = command;
    this.#drains = session.secure && direction === "down";
    this.#control = session.control;
    this.#data = data;
    // Listened for in case; it counts when there is nothing else to wait for.
    this.#control.connection.patient = true;
    if (session.options.keepAlive > 0) {
      this.#keepAlive = setInterval(
        // A connection that is gone shows in `final`.
        () => this.#control.keepAlive().catch(() => {}),
        session.options.keepAlive,
      );
    }
    this.final = final.finally(() => {
      this.#settled = true;
      clearInterval(this.#keepAlive);
      this.#wait();
    });
    this.final.then((reply) => {
      // An upload would go on writing to somebody who gave up listening.
      if (reply.code >= 400) data.close();
    }, (error) => data.close(error));
  }

  /** Opens the data connection and sends the command. */
  static async start(
    session: Session,
    { command, type, offset = 0 }: TransferRequest,
    direction: Direction,
  ): Promise<Transfer> {
    if (type) await session.useType(type);
    await session.protect();
    const { control } = session;
    control.stopping = false;
    const pending = await session.data.prepare(control);
    let data: Connection | undefined;
    try {
      if (offset > 0) await restart(control, offset);
      // Active mode and a way that is known to work connect meanwhile.
      let opening = pending.early ? pending.connect() : undefined;
      opening?.catch(() => {});
      if (!opening) {
        data = await pending.connect();
        opening = Promise.resolve(data);
      }
      const masked = await control.send(command);
      const opened = opening.then(async (connection) => {
        data = connection;
        // Not before the command was sent: no server answers earlier.
        if (session.secure) {
          await connection.startTls(
            session.options.reach.tlsOptions,
            session.memory,
          );
        }
        return connection;
      });
      opened.catch(() => {});
      return await Transfer.#begin(
        session,
        masked,
        opened,
        pending,
        direction,
      );
    } catch (error) {
      pending.close();
      data?.close();
      throw error;
    }
  }

  /** The beginning as the server tells it: 150, 125, the end at once, nothing. */
  static async #begin(
    session: Session,
    command: string,
    opened: Promise<Connection>,
    pending: PendingData,
    direction: Direction,
  ): Promise<Transfer> {
    const { control } = session;
    const replying = control.reply();
    replying.catch(() => {});
    const first = await silenceOr(replying, opened);
    if (first && first.code >= 300) {
      pending.close();
      opened.then((data) => data.close(), () => {});
      control.accept(first, command);
      throw new ProtocolError(
        `Cannot ${command}: the server answered ${first.code} ${first.text}`,
      );
    }
    const final = !first
      ? replying.then((one) => one.code < 200 ? control.finalReply() : one)
      : first.code < 200
      ? control.finalReply()
      : Promise.resolve(first);
    final.catch(() => {});
    let data: Connection;
    try {
      data = await opened;
    } catch (error) {
      // The server knows why more often than we do: 425, 522.
      control.accept(await final, command);
      throw error;
    }
    return new Transfer(session, command, data, final, direction);
  }

  /** Bytes put at the front of `into`; null where the data end. */
  async read(into: Uint8Array): Promise<number | null> {
    try {
      return await this.#data.bytes.read(into);
    } catch (error) {
      // A peer that leaves out TLS's close_notify: whether this was the end is
      // for the final reply to say, as it is anyway.
      if (error instanceof Deno.errors.UnexpectedEof) return null;
      throw await this.#explain(error);
    }
  }

  /** Sends all of `data`. */
  async write(data: Uint8Array): Promise<void> {
    try {
      await this.#data.write(data);
    } catch (error) {
      throw await this.#explain(error);
    }
  }

  /** The end of an upload: ours first, then the server's consent. */
  async finishUpload(): Promise<FtpReply> {
    // Closed for writing only: closing a socket that holds unread bytes (TLS
    // session tickets) would reset it and take the file's end along.
    await this.#data.closeWrite().catch(() => {});
    return await this.#finish();
  }

  /** The end of a download whose data have ended. */
  async finishDownload(): Promise<FtpReply> {
    // First of all: vsftpd says nothing before its TLS is closed by us too.
    this.#data.close();
    return await this.#finish();
  }

  async #finish(): Promise<FtpReply> {
    this.#wait();
    try {
      const reply = await this.final;
      return this.#control.accept(reply, this.command);
    } catch (error) {
      if (this.#stopped) throw this.#stopped;
      throw error instanceof ProtocolError
        ? lostDuring(this.command, error)
        : error;
    } finally {
      this.#data.close();
    }
  }

  /**
   * Ends the transfer from our side; the server's replies are collected. May be
   * called in any state, and again.
   */
  async abandon(reason: unknown): Promise<void> {
    // What the server says, usually a 426, is of no interest any more.
    await (this.#ending ??= this.#end(reason, this.#drains)).catch(() => {});
  }

  /**
   * ABOR (RFC 959 section 4.1.3). Two replies come, in either order: 426 or
   * 226 for the transfer, 225 or 226 for the ABOR. Servers that read the
   * control connection only between transfers see the ABOR because the data
   * connection is closed at the same time.
   */
  async abort(reason: unknown): Promise<FtpReply> {
    return await (this.#ending ??= this.#end(reason, true));
  }

  async #end(reason: unknown, abor: boolean): Promise<FtpReply> {
    if (this.#settled) {
      this.#data.close();
      return await this.final;
    }
    this.#stopped ??= reason ?? new Error("abandoned");
    this.#control.stopping = true;
    if (abor) await writeCommand(this.#control.connection, "ABOR");
    if (this.#drains) await this.#drain();
    this.#data.close(reason);
    this.#wait();
    const first = await this.final;
    if (!abor) return first;
    // Some servers answer once, some twice, pure-ftpd either way.
    const second = await this.#control.inStep();
    return second && (second.code < 400 || first.code >= 400) ? second : first;
  }

  /**
   * QUIRK: proftpd ends the whole session when a TLS data connection is cut
   * off. So what is on its way is read first, as far as that is bearable.
   */
  async #drain(): Promise<void> {
    const timer = setTimeout(() => this.#data.close(), DRAIN_TIME);
    const dropped = new Uint8Array(64 * 1024);
    try {
      for (let bytes = 0; bytes < DRAIN_BYTES;) {
        const count = await this.#data.bytes.read(dropped);
        if (count === null) break;
        bytes += count;
      }
    } catch {
      // Cut off by the server: as well.
    } finally {
      clearTimeout(timer);
    }
  }

  /** From now on the final reply is what the client waits for. */
  #wait(): void {
    this.#control.connection.patient = false;
  }

  /** What the server says of a data connection that broke. */
  async #explain(error: unknown): Promise<unknown> {
    if (this.#stopped) {
      // Whoever hears of this sends the next command: not before the replies
      // to this one are in.
      await this.final.catch(() => {});
      return this.#stopped;
    }
    this.#data.close(error);
    if (this.#control.connection.closed) {
      return error instanceof ProtocolError
        ? lostDuring(this.command, error)
        : error;
    }
    this.#wait();
    try {
      this.#control.accept(await this.final, this.command);
    } catch (refusal) {
      if (refusal instanceof FtpError) return refusal;
    }
    return error;
  }
}

/** REST, whose 350 must come before the transfer is asked for. */
async function restart(control: Control, offset: number): Promise<void> {
  const reply = await control.command(`REST ${offset}`);
  if (reply.code < 300) {
    throw new ProtocolError(
      `Cannot begin at byte ${offset}: the server answered REST with ` +
        `${reply.code} ${reply.text}`,
    );
  }
}

/** The reply, or undefined where the server keeps silent though it has data. */
async function silenceOr(
  reply: Promise<FtpReply>,
  opened: Promise<Connection>,
): Promise<FtpReply | undefined> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  let over = false;
  const silence = new Promise<undefined>((resolve) => {
    opened.then(() => {
      if (!over) timer = setTimeout(() => resolve(undefined), SILENCE);
    }, () => {});
  });
  try {
    return await Promise.race([reply, silence]);
  } finally {
    over = true;
    clearTimeout(timer);
  }
}
