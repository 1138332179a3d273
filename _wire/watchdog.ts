import { timeoutError } from "./errors.ts";

/** What a timer can count, in ms; more would fire at once. */
export const LONGEST_TIMER = 2 ** 31 - 1;

/**
 * The one deadline of a client: it bites when somebody has waited for the peer
 * for `timeout` ms without progress on any of the client's connections. One
 * timer runs from deadline to deadline; a read costs two additions and a look
 * at the clock, never a timer of its own.
 */
export class Watchdog {
  readonly #peer: "server" | "client";
  #timeout!: number;
  #waiting = 0;
  #progress = 0;
  #timer: ReturnType<typeof setTimeout> | undefined;
  /** When the timer comes. */
  #due = 0;
  #expired: ((error: DOMException) => void)[] = [];
  /** What is being done, for the message: `"RETR a.txt"`. */
  doing = "connect";

  /** `peer` is who is waited for. */
  constructor(timeout: number, peer: "server" | "client" = "server") {
    this.timeout = timeout;
    this.#peer = peer;
  }

  /** Who is waited for. */
  get peer(): "server" | "client" {
    return this.#peer;
  }

  /**
   * How long is too long, in ms; 0, or more than a timer can count, never
   * bites. Acts on a wait under way too.
   */
  set timeout(timeout: number) {
    if (!(timeout >= 0)) {
      throw new TypeError(`Cannot use a timeout of ${timeout}`);
    }
    this.#timeout = timeout > LONGEST_TIMER ? 0 : timeout;
    if (this.#timer === undefined || this.#timeout === 0) return;
    // A timer that comes too early looks and goes on; only one that comes too
    // late has to go.
    if (this.#due <= this.#progress + this.#timeout) return;
    clearTimeout(this.#timer);
    this.#arm(this.#timeout);
  }

  /**
   * Registers what to close; returns the way to take it back. With the last
   * one the timer goes too: nothing is left to wait for.
   */
  onExpired(close: (error: DOMException) => void): () => void {
    this.#expired.push(close);
    return () => {
      this.#expired = this.#expired.filter((one) => one !== close);
      if (this.#expired.length > 0) return;
      clearTimeout(this.#timer);
      this.#timer = undefined;
    };
  }

  /** A wait for the peer begins: time counts from here. */
  enter(): void {
    this.#waiting++;
    this.progress();
    this.#start();
  }

  /** A wait for the peer has ended. */
  leave(): void {
    this.#waiting--;
    this.progress();
  }

  /** The peer gave a sign of life. */
  progress(): void {
    this.#progress = performance.now();
  }

  #start(): void {
    if (this.#expired.length === 0) return;
    if (this.#timer === undefined && this.#timeout > 0) {
      this.#arm(this.#timeout);
    }
  }

  #arm(ms: number): void {
    this.#due = performance.now() + ms;
    this.#timer = setTimeout(() => this.#look(), ms);
    // The pending read keeps the process alive, not its deadline.
    Deno.unrefTimer(this.#timer);
  }

  #look(): void {
    this.#timer = undefined;
    // Armed again by the next enter(): an idle client has no timer.
    if (this.#waiting <= 0 || this.#timeout === 0) return;
    const idle = performance.now() - this.#progress;
    if (idle < this.#timeout) return this.#arm(this.#timeout - idle);
    const error = timeoutError(
      `Cannot ${this.doing}: no answer from the ${this.#peer} in ${this.#timeout} ms`,
    );
    for (const close of [...this.#expired]) close(error);
  }
}
