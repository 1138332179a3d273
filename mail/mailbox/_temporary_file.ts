/**
 * A file for what does not fit into memory. Where the system allows that it has
 * no name from the start, so that a killed process leaves nothing behind.
 */
export class TemporaryFile implements Disposable {
  /** Open for reading and writing. */
  readonly handle: Deno.FsFile;
  readonly #path: string;
  #hasName = true;

  constructor() {
    this.#path = Deno.makeTempFileSync({ prefix: "mail-" });
    try {
      this.handle = Deno.openSync(this.#path, { read: true, write: true });
    } catch (error) {
      this.#removeName();
      throw error;
    }
    this.#removeName();
  }

  /** Closes and removes it. */
  [Symbol.dispose](): void {
    this.handle.close();
    if (this.#hasName) this.#removeName();
  }

  #removeName(): void {
    try {
      Deno.removeSync(this.#path);
      this.#hasName = false;
    } catch {
      // Windows keeps the name of an open file: later, then.
    }
  }
}
