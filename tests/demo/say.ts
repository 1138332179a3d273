/** What the demonstrations print, and how. */

/** Where a {@linkcode ProgressBar} is drawn; `Deno.stdout` is one. */
export interface Screen {
  isTerminal(): boolean;
  writeSync(bytes: Uint8Array): number;
}

const BAR = 24;
const CLEAR_LINE = "\r\x1b[K";

/** One line of a story. */
export function say(text: string): void {
  console.log(printable(text));
}

/** Says what comes next, numbered. */
export class Steps {
  #count = 0;

  next(text: string): void {
    say(`${String(++this.#count).padStart(2)}. ${text}`);
  }

  /** More about the step. */
  detail(text: string): void {
    say(`    ${text}`);
  }
}

/**
 * How far a transfer has come, drawn in place on a terminal and as a line for
 * each quarter elsewhere. `update` is what `onProgress` wants.
 */
export class ProgressBar {
  #total: number;
  #screen: Screen;
  #files = new Map<string, number>();
  #shown = 0;

  /** `total` is the number of bytes of all files together. */
  constructor(total: number, screen: Screen = Deno.stdout) {
    this.#total = total;
    this.#screen = screen;
  }

  readonly update = (progress: { name: string; bytes: number }): void => {
    this.#files.set(progress.name, progress.bytes);
    const bytes = this.#files.values().reduce((sum, n) => sum + n, 0);
    const percent = this.#total === 0
      ? 100
      : Math.min(100, Math.floor(100 * bytes / this.#total));
    const step = this.#screen.isTerminal() ? 1 : 25;
    if (percent - percent % step <= this.#shown) return;
    this.#shown = percent;
    this.#draw(percent, bytes);
  };

  /** Wipes the bar off the terminal; may be called twice. */
  [Symbol.dispose](): void {
    if (this.#screen.isTerminal() && this.#shown > 0) this.#write(CLEAR_LINE);
    this.#shown = 0;
  }

  #draw(percent: number, bytes: number): void {
    const what = `${String(percent).padStart(3)} %  ${size(bytes)} of ${
      size(this.#total)
    }`;
    const done = Math.round(BAR * percent / 100);
    const bar = "#".repeat(done).padEnd(BAR, ".");
    this.#write(
      this.#screen.isTerminal()
        ? `${CLEAR_LINE}    [${bar}] ${what}`
        : `    ${what}\n`,
    );
  }

  #write(text: string): void {
    const bytes = new TextEncoder().encode(text);
    for (let at = 0; at < bytes.length;) {
      at += this.#screen.writeSync(bytes.subarray(at));
    }
  }
}

/** A number of bytes for people. */
export function size(bytes: number): string {
  if (bytes < 1000) return `${bytes} B`;
  if (bytes < 1_000_000) return `${(bytes / 1000).toFixed(1)} kB`;
  return `${(bytes / 1_000_000).toFixed(1)} MB`;
}

/** How much moved in the time since `start`, which is a `performance.now()`. */
export function speed(bytes: number, start: number): string {
  const seconds = (performance.now() - start) / 1000;
  const rate = `${size(Math.round(bytes / seconds))}/s`;
  return `${size(bytes)} in ${seconds.toFixed(2)} s, ${rate}`;
}

/** An error as one line, without what must stay secret. */
export function forPeople(error: unknown, secrets: string[] = []): string {
  let text = error instanceof Error ? error.message : String(error);
  for (const secret of secrets) {
    if (secret !== "") text = text.replaceAll(secret, "***");
  }
  return printable(text.replace(/\s*\n\s*/g, " "));
}

/** Servers choose names and replies: none may steer the terminal. */
function printable(text: string): string {
  // deno-lint-ignore no-control-regex
  return text.replace(/[\x00-\x1f\x7f-\x9f]/g, "?");
}
