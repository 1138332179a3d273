import type { Body } from "../_wire/body_stream.ts";
import { ProtocolError } from "../_wire/errors.ts";
import type { Bytes } from "../_wire/options.ts";
import type { Session } from "./session.ts";
import { Transfer, type TransferRequest } from "./transfer.ts";
import type { FtpReply } from "./types.ts";

/**
 * The bytes of one download up to and including the server's consent. Where the
 * server turns out to demand TLS session reuse it begins again by itself: until
 * then nothing was handed out.
 */
export class Download implements Body {
  #session: Session;
  #request: TransferRequest;
  #transfer: Transfer;
  #ended = false;
  #bytes = 0;

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
  ): Promise<Download> {
    let transfer: Transfer;
    try {
      transfer = await Transfer.start(session, request, "down");
    } catch (error) {
      if (!session.demandsReuse(error)) throw error;
      await session.renew();
      transfer = await Transfer.start(session, request, "down");
    }
    return new Download(session, request, transfer);
  }

  /** Bytes put at the front of `into`; null after the final reply. */
  async read(into: Uint8Array): Promise<number | null> {
    if (this.#ended) return null;
    try {
      const count = await this.#transfer.read(into);
      if (count !== null) {
        this.#bytes += count;
        return count;
      }
      await this.#transfer.finishDownload();
      this.#ended = true;
      this.#session.proven();
      return null;
    } catch (error) {
      if (this.#bytes > 0 || !this.#session.demandsReuse(error)) {
        this.#ended = true;
        throw error;
      }
    }
    await this.#session.renew();
    this.#transfer = await Transfer.start(this.#session, this.#request, "down");
    return await this.read(into);
  }

  /** Closes the data connection and collects the server's replies. */
  async cancel(reason: unknown): Promise<void> {
    this.#ended = true;
    await this.#transfer.abandon(reason);
  }

  /** ABOR. */
  async abort(reason: unknown): Promise<FtpReply> {
    this.#ended = true;
    return await this.#transfer.abort(reason);
  }

  /** All of it at once, for listings; more than `limit` bytes is an error. */
  async collect(limit: number): Promise<Bytes> {
    let bytes = new Uint8Array(64 * 1024);
    let length = 0;
    for (;;) {
      if (length === bytes.length) {
        const larger = new Uint8Array(bytes.length * 2);
        larger.set(bytes);
        bytes = larger;
      }
      const count = await this.read(bytes.subarray(length));
      if (count === null) return bytes.subarray(0, length);
      length += count;
      if (length > limit) {
        const error = new ProtocolError(
          `Cannot ${this.#request.command}: ` +
            `the listing is longer than ${limit} bytes`,
        );
        await this.cancel(error);
        throw error;
      }
    }
  }
}
