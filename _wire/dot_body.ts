import { bodyStream } from "./body_stream.ts";
import type { Connection } from "./connection.ts";
import { DotReader } from "./dot_reader.ts";
import { ProtocolError } from "./errors.ts";
import type { Bytes } from "./options.ts";
import type { Turns } from "./turns.ts";

/** Bytes of a body nobody wants that are read to keep the connection. */
export const MOST_DRAINED = 1024 * 1024;

/** A dot-stuffed body that is to be handed out. */
export interface DotBody {
  connection: Connection;
  turns: Turns;
  /** What it is, for the errors of commands meanwhile: `"message 3"`. */
  name: string;
  signal?: AbortSignal | undefined;
}

/**
 * The dot-stuffed body that follows, as a stream: dots removed, CRLF kept,
 * nothing read before it is asked for. Until it has ended no other command may
 * run. Cancelled or aborted, the rest is read and dropped, and where that is
 * more than 1 MiB the connection closed.
 */
export function dotBody(body: DotBody): ReadableStream<Bytes> {
  const open = new OpenBody(body);
  const { stream, fail } = bodyStream({
    read: (into) => open.read(into),
    cancel: () => open.drop(),
  }, wholeSize(body.connection.bytes.peek()));
  open.onAbort(fail);
  return stream;
}

/**
 * Bytes of a small body that has come as a whole with its status line: it needs
 * no larger memory.
 */
function wholeSize(seen: Uint8Array): number | undefined {
  const end = seen.length - END.length;
  const isWhole = end >= 0 && END.every((byte, at) => seen[end + at] === byte);
  return isWhole ? seen.length : undefined;
}
const END = [0x0d, 0x0a, 0x2e, 0x0d, 0x0a];

/** A body that somebody holds, and what becomes of the rest of it. */
export class OpenBody {
  #o: DotBody;
  #dots: DotReader;
  #reading: Promise<unknown> = Promise.resolve();
  #abort: (() => void) | undefined;
  #dropped: Promise<void> | undefined;

  constructor(o: DotBody) {
    this.#o = o;
    this.#dots = new DotReader(o.connection.bytes);
    o.turns.begin(o.name);
  }

  /** Whether the signal has spoken. */
  get aborted(): boolean {
    return this.#o.signal?.aborted ?? false;
  }

  /** Calls `fail` and drops the rest when the signal says so. */
  onAbort(fail: (reason: unknown) => void): void {
    const { signal } = this.#o;
    if (!signal) return;
    this.#abort = () => {
      fail(signal.reason);
      this.drop();
    };
    if (signal.aborted) this.#abort();
    else signal.addEventListener("abort", this.#abort, { once: true });
  }

  /** Bytes put at the front of `into`; null at the end. */
  read(into: Uint8Array): Promise<number | null> {
    const count = this.#read(into);
    this.#reading = count;
    return count;
  }

  /** Nobody wants the rest. */
  drop(): Promise<void> {
    return this.#dropped ??= this.#drop();
  }

  /** Nothing can follow on this connection. */
  break(reason: unknown): void {
    this.#o.connection.close(reason);
    this.#end();
  }

  async #drop(): Promise<void> {
    const { connection, turns, name } = this.#o;
    const rest = this.#reading.catch(() => {})
      // A read under way goes first.
      .then(() => dropRest(connection, this.#dots, name))
      .then(() => this.#end());
    turns.drain(rest);
    await rest;
  }

  async #read(into: Uint8Array): Promise<number | null> {
    try {
      const count = await this.#dots.read(into);
      if (count === null) this.#end();
      return count;
    } catch (error) {
      this.break(error);
      throw error;
    }
  }

  #end(): void {
    const { signal, turns } = this.#o;
    if (this.#abort) signal?.removeEventListener("abort", this.#abort);
    turns.end();
  }
}

/**
 * Reads what is left of a body that nobody wants; where that is more than `most`
 * bytes it closes the connection, naming `limit`.
 */
export async function dropRest(
  connection: Connection,
  dots: DotReader,
  name: string,
  most = MOST_DRAINED,
  limit = most,
): Promise<void> {
  const waste = new Uint8Array(64 * 1024);
  try {
    for (let total = 0; total <= most;) {
      const count = await dots.read(waste);
      if (count === null) return;
      total += count;
    }
    connection.close(givenUp(name, limit));
  } catch (error) {
    connection.close(error);
  }
}

/**
 * A dot-stuffed body in memory; undefined where `isTooLong`, which is asked each
 * time that there is more of it, says so, with the rest of it unread. `memory`
 * is where small ones are read before they get memory of their own size: many
 * are read with one.
 */
export async function readDotBytes(
  dots: DotReader,
  isTooLong: (size: number) => boolean,
  memory: Bytes = new Uint8Array(16 * 1024),
): Promise<Bytes | undefined> {
  let bytes = memory;
  let size = 0;
  for (;;) {
    if (size === bytes.length) {
      const larger = new Uint8Array(bytes.length * 2);
      larger.set(bytes);
      bytes = larger;
    }
    const count = await dots.read(bytes.subarray(size));
    if (count === null) return bytes.slice(0, size);
    size += count;
    if (isTooLong(size)) return undefined;
  }
}

/** Why a connection is closed when a body on it is not wanted any more. */
export function givenUp(name: string, limit: number): ProtocolError {
  return new ProtocolError(
    `Cannot go on: ${name} was given up with more than ${limit} bytes to ` +
      "come, so the connection was closed",
  );
}
