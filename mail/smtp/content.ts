import { chunksOf } from "../../_wire/body_source.ts";
import { CrlfWriter } from "../../_wire/crlf_writer.ts";
import type { BodySource } from "../../_wire/options.ts";
import type { SmtpEnvelope } from "./types.ts";

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

/** A message, of which the first part has been read. */
export class Content implements ContentFacts {
  readonly whole: boolean;
  readonly size: number | undefined;
  readonly eightBit: boolean;
  readonly utf8Header: boolean;
  /** How it is sent: byte for byte, or with CRLF line ends. */
  readonly binary: boolean;
  /** Whether more than its first part was asked for. */
  taken = false;
  #ahead: Uint8Array[];
  #rest: AsyncIterator<Uint8Array>;

  private constructor(
    ahead: Uint8Array[],
    rest: AsyncIterator<Uint8Array>,
    o: { ended: boolean; size: number | undefined; binary: boolean },
  ) {
    this.#ahead = ahead;
    this.#rest = rest;
    this.whole = o.ended;
    this.binary = o.binary;
    const seen = ahead.length === 1 ? ahead[0]! : concat(ahead);
    if (o.ended && !o.binary) {
      const crlf = new CrlfWriter({ stuffDots: false });
      this.size = crlf.encode(seen).length + crlf.end().length;
    } else {
      this.size = o.size ?? (o.ended ? seen.length : undefined);
    }
    this.eightBit = !o.ended || hasEightBit(seen, seen.length);
    this.utf8Header = this.eightBit && hasEightBit(seen, headLength(seen));
  }

  /** Reads the first part: all of it, where it is small. */
  static async open(
    source: BodySource,
    o: Pick<SmtpEnvelope, "size" | "body">,
  ): Promise<Content> {
    const binary = o.body === "binarymime";
    // Then its size is known.
    if (typeof source === "string") source = new TextEncoder().encode(source);
    const chunks = chunksOf(source);
    const rest = chunks[Symbol.asyncIterator]();
    const ahead: Uint8Array[] = [];
    const inMemory = source instanceof Uint8Array;
    let ended = false;
    for (let length = 0; length <= SMALL && !ended;) {
      const { done, value } = await rest.next();
      if (done) ended = true;
      else {
        // Whoever gives it may use its memory again for what comes next.
        ahead.push(inMemory ? value : value.slice());
        length += value.length;
      }
    }
    const size = o.size ?? sizeOf(source);
    return new Content(ahead, rest, { ended, size, binary });
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
    try {
      yield* this.#ahead;
      if (this.whole) return;
      this.#ahead = [];
      for (;;) {
        const { done, value } = await this.#rest.next();
        if (done) return;
        yield value;
      }
    } finally {
      await this.discard();
    }
  }

  /** Tells the source that no more of it is wanted. */
  async discard(): Promise<void> {
    if (!this.whole) await this.#rest.return?.();
  }
}

function sizeOf(source: BodySource): number | undefined {
  if (source instanceof Uint8Array) return source.length;
  if (source instanceof Blob) return source.size;
  return undefined;
}

/** Bytes of the header; all of them where its end was not seen. */
function headLength(seen: Uint8Array): number {
  for (let at = seen.indexOf(0x0a); at >= 0; at = seen.indexOf(0x0a, at + 1)) {
    const next = seen[at + 1] === 0x0d ? seen[at + 2] : seen[at + 1];
    if (next === 0x0a) return at;
  }
  return seen.length;
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
