/**
 * The compression of RFC 8054, put on what a connection reads and writes.
 *
 * @module
 */
import { constants, createDeflateRaw, createInflateRaw } from "node:zlib";
import type { Transport } from "../../_wire/transport.ts";

/** Raw deflate both ways over another transport. */
export class DeflateTransport implements Transport {
  readonly #under: Transport;
  readonly #deflate = createDeflateRaw();
  readonly #inflate = createInflateRaw();
  readonly #raw = new Uint8Array(64 * 1024);
  #deflated: Uint8Array[] = [];
  #inflated: Uint8Array[] = [];
  #failure: Error | undefined;

  constructor(under: Transport) {
    this.#under = under;
    this.#deflate.on("data", (bytes) => this.#deflated.push(bytes));
    this.#inflate.on("data", (bytes) => this.#inflated.push(bytes));
    this.#inflate.on("error", (error) => this.#failure = error);
  }

  async read(into: Uint8Array): Promise<number | null> {
    while (this.#inflated.length === 0) {
      const count = await this.#under.read(this.#raw);
      if (count === null) return null;
      await new Promise((resolve) =>
        this.#inflate.write(this.#raw.slice(0, count), resolve)
      );
      if (this.#failure) throw this.#failure;
    }
    const first = this.#inflated[0]!;
    const part = first.subarray(0, into.length);
    into.set(part);
    if (part.length === first.length) this.#inflated.shift();
    else this.#inflated[0] = first.subarray(part.length);
    return part.length;
  }

  async write(data: Uint8Array): Promise<number> {
    // Section 3: what is written must reach the client whole at once.
    await new Promise<void>((resolve) => {
      this.#deflate.write(data);
      this.#deflate.flush(constants.Z_SYNC_FLUSH, () => resolve());
    });
    for (const bytes of this.#deflated.splice(0)) {
      for (let at = 0; at < bytes.length;) {
        at += await this.#under.write(bytes.subarray(at));
      }
    }
    return data.length;
  }

  closeWrite(): Promise<void> {
    return this.#under.closeWrite();
  }

  close(): void {
    this.#deflate.destroy();
    this.#inflate.destroy();
    this.#under.close();
  }
}
