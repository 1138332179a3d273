import { chunksOf } from "./body_source.ts";
import type { Connection } from "./connection.ts";
import { CrlfWriter } from "./crlf_writer.ts";
import type { BodySource } from "./options.ts";

/** Text that is to go out dot-stuffed, with CRLF line ends. */
export class DotUpload {
  #chunks: AsyncIterator<Uint8Array>;
  #stopped: ((reason: unknown) => void) | undefined;

  /** Refuses what is no source. */
  constructor(source: BodySource) {
    this.#chunks = chunksOf(source)[Symbol.asyncIterator]();
  }

  /**
   * Writes all of it and the lone dot. A source that fails, or is not at its end
   * when the connection is closed, leaves the connection closed: to end the text
   * there would deliver half of it.
   */
  async write(connection: Connection): Promise<void> {
    const forget = connection.onClosed((reason) => this.#stopped?.(reason));
    const crlf = new CrlfWriter({ stuffDots: true });
    try {
      for (;;) {
        const { done, value } = await this.#next();
        if (done) break;
        await connection.write(crlf.encode(value));
      }
      await connection.write(crlf.end());
    } catch (error) {
      connection.close(error);
      throw connection.closeReason ?? error;
    } finally {
      forget();
      this.discard();
    }
  }

  /** Nobody wants it, or the rest of it. */
  discard(): void {
    this.#chunks.return?.()?.catch(() => {});
  }

  /** The next chunk; a source that is stuck is not waited for any longer. */
  #next(): Promise<IteratorResult<Uint8Array>> {
    return new Promise((resolve, reject) => {
      this.#stopped = reject;
      this.#chunks.next().finally(() => this.#stopped = undefined)
        .then(resolve, reject);
    });
  }
}
