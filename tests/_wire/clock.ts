/**
 * Time that passes only when it is told to: takes the place of the runtime's
 * timers until disposed.
 */
export class Clock implements Disposable {
  /** Milliseconds since it began. */
  now = 0;
  /** Timers made so far. */
  made = 0;
  #timers = new Map<number, { at: number; run: () => void }>();
  #undo: (() => void)[] = [];

  /** Time stands still from here on. */
  constructor() {
    this.#replace(performance, "now", () => this.now);
    this.#replace(globalThis, "setTimeout", (run: () => void, ms: number) => {
      // As the runtime does it: what does not fit becomes 1 ms.
      const delay = ms > 2 ** 31 - 1 ? 1 : Math.max(1, ms);
      this.#timers.set(++this.made, { at: this.now + delay, run });
      return this.made;
    });
    this.#replace(
      globalThis,
      "clearTimeout",
      (id: number) => this.#timers.delete(id),
    );
    this.#replace(Deno, "unrefTimer", () => {});
  }

  /** Timers that wait. */
  get pending(): number {
    return this.#timers.size;
  }

  /** Lets time pass and runs what falls due meanwhile. */
  pass(ms: number): void {
    const end = this.now + ms;
    for (;;) {
      const next = [...this.#timers].sort(([, a], [, b]) => a.at - b.at)[0];
      if (!next || next[1].at > end) break;
      this.now = next[1].at;
      this.#timers.delete(next[0]);
      next[1].run();
    }
    this.now = end;
  }

  /** The runtime's own timers are back. */
  [Symbol.dispose](): void {
    for (const undo of this.#undo) undo();
  }

  #replace(target: object, name: string, value: unknown): void {
    const old = Object.getOwnPropertyDescriptor(target, name);
    Object.defineProperty(target, name, {
      value,
      configurable: true,
      writable: true,
    });
    this.#undo.push(() => {
      if (old) Object.defineProperty(target, name, old);
      else Reflect.deleteProperty(target, name);
    });
  }
}
