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
export function dotBody(
  { connection, turns, name, signal }: DotBody,
): ReadableStream<Bytes> {
  const dots = new DotReader(connection.bytes);
  let reading: Promise<unknown> = Promise.resolve();
  turns.begin(name);

  function end(): void {
    signal?.removeEventListener("abort", abort);
    turns.end();
  }

  async function read(into: Uint8Array): Promise<number | null> {
    try {
      const count = await dots.read(into);
      if (count === null) end();
      return count;
    } catch (error) {
      connection.close(error);
      end();
      throw error;
    }
  }

  async function drop(): Promise<void> {
    // A read under way goes first.
    await reading.catch(() => {});
    await dropRest(connection, dots, name);
    end();
  }

  const { stream, fail } = bodyStream({
    read: (into) => {
      const count = read(into);
      reading = count;
      return count;
    },
    cancel: drop,
  });
  function abort(): void {
    fail(signal!.reason);
    drop();
  }
  if (signal?.aborted) abort();
  else signal?.addEventListener("abort", abort, { once: true });
  return stream;
}

/** Reads what is left of a body that nobody wants, or closes the connection. */
export async function dropRest(
  connection: Connection,
  dots: DotReader,
  name: string,
  most = MOST_DRAINED,
): Promise<void> {
  const waste = new Uint8Array(64 * 1024);
  try {
    for (let total = 0; total <= most;) {
      const count = await dots.read(waste);
      if (count === null) return;
      total += count;
    }
    connection.close(
      new ProtocolError(
        `Cannot go on: ${name} was given up with more than ${most} ` +
          "bytes to come, so the connection was closed",
      ),
    );
  } catch (error) {
    connection.close(error);
  }
}

/**
 * The dot-stuffed lines that follow, without their ends, for answers that are
 * held in memory as a whole; `limit` bounds their bytes.
 */
export async function readDotLines(
  connection: Connection,
  limit: number,
): Promise<string[]> {
  const bytes = await readDotBytes(new DotReader(connection.bytes), limit);
  if (!bytes) {
    const error = new ProtocolError(
      `Cannot ${connection.doing}: the answer is longer than ${limit} bytes`,
    );
    connection.close(error);
    throw error;
  }
  const lines = connection.lines.decode(bytes).split(/\r?\n/);
  lines.pop();
  return lines;
}

/**
 * A dot-stuffed body in memory; undefined where it is longer than `limit`, with
 * the rest of it unread.
 */
export async function readDotBytes(
  dots: DotReader,
  limit: number,
): Promise<Bytes | undefined> {
  let bytes = new Uint8Array(16 * 1024);
  let size = 0;
  for (;;) {
    if (size === bytes.length) {
      const larger = new Uint8Array(bytes.length * 2);
      larger.set(bytes);
      bytes = larger;
    }
    const count = await dots.read(bytes.subarray(size));
    if (count === null) return bytes.subarray(0, size);
    size += count;
    if (size > limit) return undefined;
  }
}
