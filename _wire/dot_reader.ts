import type { ByteReader } from "./byte_reader.ts";
import { ProtocolError } from "./errors.ts";

const CR = 0x0d;
const LF = 0x0a;
const DOT = 0x2e;

/**
 * Reads a dot-stuffed block (RFC 5321 section 4.5.2, RFC 1939 section 3, RFC
 * 3977 section 3.1.1): up to the line that is a lone dot, with the dot taken
 * off every other line that begins with one. Line ends stay. Only CRLF ends a
 * line: a bare LF before a dot is content, else a message could end its own
 * block.
 */
export class DotReader {
  #bytes: ByteReader;
  #ended = false;
  /** How much of CRLF the bytes handed out so far end in: 0, 1 or 2. */
  #crlf = 2;

  constructor(bytes: ByteReader) {
    this.#bytes = bytes;
  }

  /**
   * Bytes put at the front of `into`, as many as have arrived; null behind the
   * lone dot.
   */
  async read(into: Uint8Array): Promise<number | null> {
    if (into.length === 0) return 0;
    for (let total = 0; !this.#ended;) {
      const seen = this.#bytes.peek();
      if (seen.length === 0 || this.#undecided(seen)) {
        if (total > 0) return total;
        if (await this.#fill()) continue;
        throw new ProtocolError(
          "Cannot read the text: the connection ended before its final dot",
        );
      }
      // It stops at each dot that goes: text with many dots would else be read
      // in as many pieces.
      total += this.#take(seen, into.subarray(total));
      if (total === into.length || this.#ended && total > 0) return total;
    }
    return null;
  }

  /** False at the end, which TLS may reach without its close_notify. */
  async #fill(): Promise<boolean> {
    try {
      return await this.#bytes.fill();
    } catch (error) {
      if (error instanceof Deno.errors.UnexpectedEof) return false;
      throw error;
    }
  }

  /** A dot at the start of a line says nothing without the two bytes after. */
  #undecided(seen: Uint8Array): boolean {
    return this.#crlf === 2 && seen[0] === DOT && (seen.length < 2 ||
      (seen[1] === CR && seen.length < 3));
  }

  /** Copies what is content up to the next dot that is not. */
  #take(seen: Uint8Array, into: Uint8Array): number {
    if (this.#crlf === 2 && seen[0] === DOT) {
      if (seen[1] === CR && seen[2] === LF) {
        this.#bytes.consume(3);
        this.#ended = true;
        return 0;
      }
      this.#bytes.consume(1);
      this.#crlf = 0;
      return 0;
    }
    let end = Math.min(seen.length, into.length);
    const within = seen.subarray(0, end);
    for (let from = 0;;) {
      const dot = within.indexOf(DOT, from);
      if (dot < 0) break;
      if (this.#startsLine(seen, dot)) {
        end = dot;
        break;
      }
      // The next one that counts is behind a line's end: text with many dots in
      // its lines is not looked at dot by dot.
      const line = within.indexOf(LF, dot) + 1;
      if (line === 0) break;
      from = line;
    }
    into.set(seen.subarray(0, end));
    this.#remember(seen, end);
    this.#bytes.consume(end);
    return end;
  }

  #startsLine(seen: Uint8Array, at: number): boolean {
    if (at >= 2) return seen[at - 2] === CR && seen[at - 1] === LF;
    // The CR may have been handed out before.
    return at === 1 && this.#crlf === 1 && seen[0] === LF;
  }

  #remember(seen: Uint8Array, end: number): void {
    const last = seen[end - 1];
    const before = end >= 2 ? seen[end - 2] === CR : this.#crlf === 1;
    this.#crlf = last === CR ? 1 : last === LF && before ? 2 : 0;
  }
}
