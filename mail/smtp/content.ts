import { chunksOf } from "../../_wire/body_source.ts";
import { CrlfWriter } from "../../_wire/crlf_writer.ts";
import type { BodySource } from "../../_wire/options.ts";
import type { SmtpEnvelope } from "./types.ts";

const CR = 0x0d;
const LF = 0x0a;

/**
 * Bytes that are held in memory: a message of this size goes out together with
 * its envelope.
 */
const SMALL = 64 * 1024;

/** What has to be known of a message before its envelope is written. */
export interface ContentFacts {
  /** Whether all of it has been seen. */
  whole: boolean;
  /** Size in bytes, where known. */
  size: number | undefined;
  /** Whether it has or, where not all of it was seen, may have 8-bit bytes. */
  eightBit: boolean;
  /** Whether its header is beyond ASCII. */
  utf8Header: boolean;
}

/** A message that is to be sent. `look` goes before everything else. */
export class Content implements ContentFacts {
  whole = false;
  size: number | undefined;
  eightBit = true;
  utf8Header = false;
  /** How it is sent: byte for byte, or with CRLF line ends. */
  readonly binary: boolean;
  /** Whether more than its first part was asked for. */
  taken = false;
  #source: BodySource;
  #rest: AsyncIterator<Uint8Array>;
  #ahead: Uint8Array[] = [];
  #looked = false;
  #stopped: { reason: unknown } | undefined;
  /** Rejects what waits for the source just now. */
  #interrupt: ((reason: unknown) => void) | undefined;

  /** Refuses what is no source. */
  constructor(source: BodySource, o: Pick<SmtpEnvelope, "size" | "body">) {
    this.binary = o.body === "binarymime";
    // Then its size is known.
    this.#source = typeof source === "string"
      ? new TextEncoder().encode(source)
      : source;
    this.#rest = chunksOf(this.#source)[Symbol.asyncIterator]();
    this.size = o.size ?? sizeOf(this.#source);
  }

  /** Reads the first part: all of it, where it is small. */
  async look(): Promise<void> {
    if (this.#looked) return;
    this.#looked = true;
    const inMemory = this.#source instanceof Uint8Array;
    for (let length = 0; length <= SMALL && !this.whole;) {
      const { done, value } = await this.#next();
      if (done) this.whole = true;
      else {
        // Whoever gives it may use its memory again for what comes next.
        this.#ahead.push(inMemory ? value : value.slice());
        length += value.length;
      }
    }
    const seen = concat(this.#ahead);
    if (this.whole) {
      this.size = this.binary ? seen.length : crlfLength(seen);
    }
    this.eightBit = !this.whole || hasEightBit(seen, seen.length);
    this.utf8Header = this.eightBit && hasEightBit(seen, headLength(seen));
  }

  /** All of it as it goes out, where all of it has been seen. */
  bytes(o: { stuffDots: boolean }): Uint8Array {
    const seen = concat(this.#ahead);
    if (this.binary) return seen;
    const crlf = new CrlfWriter(o);
    return concat([crlf.encode(seen), crlf.end()]);
  }

  /** What is left of it, as it came. */
  async *chunks(): AsyncGenerator<Uint8Array> {
    this.taken = !this.whole;
    yield* this.#ahead;
    if (this.whole) return;
    this.#ahead = [];
    for (;;) {
      const { done, value } = await this.#next();
      if (done) return;
      yield value;
    }
  }

  /**
   * Whoever waits for the source, which may give nothing more, waits no more,
   * nor does anybody who wants the rest of it later.
   */
  interrupt(reason: unknown): void {
    if (this.taken) this.#stopped = { reason };
    this.#interrupt?.(reason);
  }

  /**
   * Tells the source that no more of it is wanted; nobody cares how it ends. A
   * source that is stuck is not waited for.
   */
  async discard(): Promise<void> {
    if (this.whole) return;
    const returned = this.#rest.return?.()?.catch(() => {});
    if (!this.#interrupt) await returned;
  }

  /** Not a race with a promise for all chunks, which would keep each of them. */
  #next(): Promise<IteratorResult<Uint8Array>> {
    return new Promise((resolve, reject) => {
      if (this.#stopped) return reject(this.#stopped.reason);
      this.#interrupt = reject;
      this.#rest.next().finally(() => this.#interrupt = undefined)
        .then(resolve, reject);
    });
  }
}

function sizeOf(source: BodySource): number | undefined {
  if (source instanceof Uint8Array) return source.length;
  if (source instanceof Blob) return source.size;
  return undefined;
}

function crlfLength(bytes: Uint8Array): number {
  const crlf = new CrlfWriter({ stuffDots: false });
  return crlf.encode(bytes).length + crlf.end().length;
}

/**
 * Bytes of the header: of the lines at the beginning that are header fields or
 * go on with one (RFC 5322 section 2.2).
 */
function headLength(seen: Uint8Array): number {
  let at = 0;
  while (at < seen.length) {
    const folded = at > 0 && (seen[at] === 0x20 || seen[at] === 0x09);
    if (!folded && !beginsField(seen, at)) return at;
    while (at < seen.length && seen[at] !== LF && seen[at] !== CR) at++;
    at += seen[at] === CR && seen[at + 1] === LF ? 2 : 1;
  }
  return seen.length;
}

/** A name of printable ASCII, and a colon. */
function beginsField(seen: Uint8Array, at: number): boolean {
  const start = at;
  while (seen[at]! > 0x20 && seen[at]! < 0x7f && seen[at] !== 0x3a) at++;
  return at > start && seen[at] === 0x3a;
}

function hasEightBit(bytes: Uint8Array, length: number): boolean {
  for (let at = 0; at < length; at++) if (bytes[at]! >= 0x80) return true;
  return false;
}

/** One after the other. */
function concat(parts: readonly Uint8Array[]): Uint8Array {
  if (parts.length === 1) return parts[0]!;
  const all = new Uint8Array(parts.reduce((sum, one) => sum + one.length, 0));
  let at = 0;
  for (const part of parts) {
    all.set(part, at);
    at += part.length;
  }
  return all;
}
