import { chunksOf } from "./body_source.ts";
import type { Connection } from "./connection.ts";
import { CrlfWriter } from "./crlf_writer.ts";
import type { BodySource } from "./options.ts";

/** Text that is to go out dot-stuffed, with CRLF line ends. */
export class DotUpload {
  #chunks: AsyncIterator<Uint8Array>;
  /** Ends the wait for the source. */
  #interrupt: (() => void) | undefined;

  /** Refuses what is no source. */
  constructor(source: BodySource) {
    this.#chunks = chunksOf(source)[Symbol.asyncIterator]();
  }

  /**
   * Writes all of it and the lone dot, and resolves with what the server says to
   * it. That is listened for from the beginning: a server that has had enough
   * says so before the end, and then `whole` is false. A source that fails closes
   * the connection, since to end the text there would deliver half of it.
   */
  async send<T>(
    connection: Connection,
    read: () => Promise<T>,
  ): Promise<{ answer: T; whole: boolean }> {
    let answered = false;
    // While the caller takes his time it is no silence of the server.
    connection.patient = true;
    const answer = read().finally(() => {
      answered = true;
      this.#interrupt?.();
    });
    answer.catch(() => {});
    const forget = connection.onClosed(() => this.#interrupt?.());
    const crlf = new CrlfWriter({ stuffDots: true });
    try {
      while (!answered) {
        const step = await this.#next().catch((error) => {
          if (!answered) connection.close(error);
          return { error };
        });
        if (answered) break;
        if ("error" in step) throw step.error;
        if (!step.done) await connection.write(crlf.encode(step.value));
        else {
          await connection.write(crlf.end());
          connection.patient = false;
          return { answer: await answer, whole: true };
        }
      }
    } catch (error) {
      connection.patient = false;
      // Its reason may have come before the connection was lost.
      const said = connection.closed ? undefined : await answer.catch(() => {});
      if (said) return { answer: said, whole: false };
      connection.close(error);
      throw connection.closeReason ?? error;
    } finally {
      connection.patient = false;
      forget();
      this.discard();
    }
    return { answer: await answer, whole: false };
  }

  /** Nobody wants it, or the rest of it. */
  discard(): void {
    this.#chunks.return?.()?.catch(() => {});
  }

  /** The next chunk; a source that is stuck is not waited for any longer. */
  #next(): Promise<IteratorResult<Uint8Array>> {
    return new Promise((resolve, reject) => {
      this.#interrupt = () => reject(new Error("the server has answered"));
      this.#chunks.next().finally(() => this.#interrupt = undefined)
        .then(resolve, reject);
    });
  }
}
