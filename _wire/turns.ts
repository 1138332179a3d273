import { stateError } from "./errors.ts";

/**
 * The order of commands on one connection. Commands called together wait their
 * turn in call order, and a rejected one does not reject the next. While a body
 * is open no command waits for it, since a loop over the body that calls a
 * command would wait for itself: it rejects at once.
 */
export class Turns {
  #last: Promise<unknown> = Promise.resolve();
  #open: string | undefined;
  #taken = 0;
  #draining: Promise<unknown> | undefined;

  /** The unfinished body, `"the download of a.txt"`; undefined for none. */
  get open(): string | undefined {
    return this.#open;
  }

  /** Whether a command or a body is under way or waiting. */
  get busy(): boolean {
    return this.#taken > 0 || this.#open !== undefined;
  }

  /** A body stays open after the turn that made it. */
  begin(body: string): void {
    this.#open = body;
  }

  /** The body has ended, in whichever way. */
  end(): void {
    this.#open = undefined;
    this.#draining = undefined;
  }

  /**
   * Nobody can read the body any more: until what is left of it is gone, and
   * that is reported by `end`, commands wait.
   */
  drain(rest: Promise<unknown>): void {
    this.#draining = rest.catch(() => {});
  }

  /** Runs `command` when its turn comes; `what` names it in the error. */
  take<T>(
    what: string,
    signal: AbortSignal | undefined,
    command: () => Promise<T>,
  ): Promise<T> {
    if (signal?.aborted) return Promise.reject(signal.reason);
    this.#taken++;
    const waiting = Promise.withResolvers<never>();
    const abort = () => waiting.reject(signal?.reason);
    signal?.addEventListener("abort", abort, { once: true });
    const turn = this.#last.then(async () => {
      if (this.#draining) await this.#draining;
      signal?.removeEventListener("abort", abort);
      signal?.throwIfAborted();
      if (this.#open !== undefined) {
        throw stateError(
          `Cannot ${what}: ${this.#open} is not finished; ` +
            "read it to its end or cancel it first",
        );
      }
      return command();
    }).finally(() => this.#taken--);
    this.#last = turn.catch(() => {});
    // Aborted while it waits, it rejects at once and is passed over later.
    return signal ? Promise.race([turn, waiting.promise]) : turn;
  }
}
