import type { Session } from "./session.ts";
import { Download } from "./download.ts";
import { FtpError } from "./ftp_error.ts";
import { Transfer, type TransferRequest } from "./transfer.ts";
import type { FtpReply } from "./types.ts";

/** What is uploaded, chunk by chunk. */
export interface UploadSource {
  /** The chunks from the beginning. */
  chunks(): AsyncIterable<Uint8Array>;
  /** Whether `chunks` may be called a second time. */
  replayable: boolean;
}

/**
 * One upload. A server that turns out to demand TLS session reuse refuses the
 * first one; it is repeated where its source can be read again, and where it
 * cannot the question is settled before the source is touched.
 */
export class Upload {
  #session: Session;
  #request: TransferRequest;
  #transfer: Transfer;
  #stopped: { reason: unknown } | undefined;

  private constructor(
    session: Session,
    request: TransferRequest,
    transfer: Transfer,
  ) {
    this.#session = session;
    this.#request = request;
    this.#transfer = transfer;
  }

  /** Starts it; the server has agreed when this resolves. */
  static async open(
    session: Session,
    request: TransferRequest,
    replayable: boolean,
  ): Promise<Upload> {
    if (!replayable && session.unproven) await settle(session);
    let transfer: Transfer;
    try {
      transfer = await Transfer.start(session, request, "up");
    } catch (error) {
      if (!session.demandsReuse(error)) throw error;
      await session.renew();
      transfer = await Transfer.start(session, request, "up");
    }
    return new Upload(session, request, transfer);
  }

  /** Sends all of `data`. */
  write(data: Uint8Array): Promise<void> {
    return this.#transfer.write(data);
  }

  /** Says that this was all; resolves with the server's consent. */
  async finish(): Promise<FtpReply> {
    const reply = await this.#transfer.finishUpload();
    this.#session.proven();
    return reply;
  }

  /** Sends the whole source and finishes. */
  async send(source: UploadSource): Promise<FtpReply> {
    try {
      return await this.#pump(source);
    } catch (error) {
      if (!source.replayable || !this.#session.demandsReuse(error)) {
        throw error;
      }
    }
    await this.#session.renew();
    this.#transfer = await Transfer.start(this.#session, this.#request, "up");
    return await this.#pump(source);
  }

  async #pump(source: UploadSource): Promise<FtpReply> {
    try {
      for await (const chunk of source.chunks()) {
        if (this.#stopped) throw this.#stopped.reason;
        await this.write(chunk);
      }
      return await this.finish();
    } catch (error) {
      // The source failed, or the server: after this both know.
      await this.#transfer.abandon(error);
      throw error;
    }
  }

  /** Closes the data connection and collects the server's replies. */
  async cancel(reason: unknown): Promise<void> {
    this.#stopped ??= { reason };
    await this.#transfer.abandon(reason);
  }

  /** ABOR. */
  async abort(reason: unknown): Promise<FtpReply> {
    this.#stopped ??= { reason };
    return await this.#transfer.abort(reason);
  }
}

/** A small download first: it tells whether session reuse is demanded. */
async function settle(session: Session): Promise<void> {
  try {
    const names = await Download.open(session, { command: "NLST", type: "A" });
    const dropped = new Uint8Array(64 * 1024);
    while (await names.read(dropped) !== null);
  } catch (error) {
    // 450 and 550 for a directory without files: nothing was settled, and
    // nothing was lost.
    if (!(error instanceof FtpError)) throw error;
    if (error.code !== 450 && error.code !== 550) throw error;
  }
}
