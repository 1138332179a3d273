import { toByteString } from "../../_wire/text.ts";
import { joinAll } from "./_head.ts";
import type { Step } from "./_line_ends.ts";

const LF = 0x0a;
const MARK = 0x3e; // ">"

/**
 * Lines that a reader would take for the end of a message get a ">" in front,
 * or lose it. A line counts when `needle` stands at its beginning, behind as
 * many ">" as `marks` allows.
 */
abstract class Marks implements Step {
  /** What a line must not begin with, `"From "`. */
  readonly #needle: string;
  /** ">" since the line began; -1 where something else stood there, too. */
  #run = 0;
  /** The last bytes, which may be the beginning of what is looked for. */
  #held: Uint8Array = new Uint8Array();

  constructor(needle: string) {
    this.#needle = needle;
  }

  /** Whether a line behind so many ">" is changed. */
  protected abstract counts(marks: number): boolean;

  /** 1 to put a ">" in front of the needle, -1 to take one away. */
  protected abstract readonly change: 1 | -1;

  push(chunk: Uint8Array): Uint8Array[] {
    if (chunk.length === 0) return [];
    const bytes = this.#held.length > 0 ? joinAll([this.#held, chunk]) : chunk;
    const text = toByteString(bytes);
    const places: number[] = [];
    let at = text.indexOf(this.#needle);
    for (; at >= 0; at = text.indexOf(this.#needle, at + 1)) {
      const marks = this.#marksBefore(bytes, at);
      if (marks >= 0 && this.counts(marks)) places.push(at);
    }
    const end = bytes.length - this.#unsure(bytes, text);
    const changed = this.#changed(bytes.subarray(0, end), places);
    this.#run = this.#marksBefore(bytes, end);
    this.#held = bytes.slice(end);
    return changed.length > 0 ? [changed] : [];
  }

  end(): Uint8Array[] {
    return this.#held.length > 0 ? [this.#held] : [];
  }

  /** The bytes with a ">" more or less in front of each place. */
  #changed(bytes: Uint8Array, places: number[]): Uint8Array {
    if (places.length === 0) return bytes;
    const out = new Uint8Array(bytes.length + this.change * places.length);
    let size = 0;
    let from = 0;
    for (const place of places) {
      // Behind the other marks it is the same as in front of them.
      const to = this.change < 0 ? place - 1 : place;
      out.set(bytes.subarray(from, to), size);
      size += to - from;
      if (this.change > 0) out[size++] = MARK;
      from = place;
    }
    out.set(bytes.subarray(from), size);
    return out;
  }

  /** The ">" between the line's beginning and `at`; -1 for anything else. */
  #marksBefore(bytes: Uint8Array, at: number): number {
    let start = at;
    while (start > 0 && bytes[start - 1] === MARK) start--;
    const count = at - start;
    if (start > 0) return bytes[start - 1] === LF ? count : -1;
    return this.#run < 0 ? -1 : this.#run + count;
  }

  /** How many bytes at the end cannot be told without what follows. */
  #unsure(bytes: Uint8Array, text: string): number {
    let length = Math.min(this.#needle.length - 1, bytes.length);
    while (!text.endsWith(this.#needle.slice(0, length))) length--;
    const at = bytes.length - length;
    if (this.#marksBefore(bytes, at) < 0) return 0;
    // With the ">" that may have to go.
    return at > 0 && bytes[at - 1] === MARK ? length + 1 : length;
  }
}

/**
 * Puts ">" in front. `"bare"`: only where there is none, which cannot be undone
 * for certain (mboxo); `"all"`: also where there are some (mboxrd).
 */
export class Quote extends Marks {
  protected readonly change = 1;
  readonly #all: boolean;

  constructor(needle: string, lines: "bare" | "all") {
    super(needle);
    this.#all = lines === "all";
  }

  protected counts(marks: number): boolean {
    return this.#all || marks === 0;
  }
}

/** Takes the ">" away that `Quote` has put there. */
export class Unquote extends Marks {
  protected readonly change = -1;
  readonly #all: boolean;

  constructor(needle: string, lines: "bare" | "all") {
    super(needle);
    this.#all = lines === "all";
  }

  protected counts(marks: number): boolean {
    return this.#all ? marks > 0 : marks === 1;
  }
}
