import type { Connection } from "./connection.ts";
import { type DotBody, OpenBody, readDotBytes } from "./dot_body.ts";
import { DotReader } from "./dot_reader.ts";
import { ProtocolError } from "./errors.ts";
import type { Bytes } from "./options.ts";
import { decodeLines } from "./text.ts";

const CR = 0x0d;
const LF = 0x0a;

/** Bytes that are looked at in one go. */
const CHUNK = 64 * 1024;

/** Dot-stuffed lines that are to be handed out as records. */
export interface DotRecords<T> extends DotBody {
  /** What a line says; undefined: nothing that is wanted. */
  parse: (line: string) => T | undefined;
}

/**
 * The dot-stuffed lines that follow as a stream of records, which ends, is
 * cancelled and aborted as `dotBody` is. A chunk is read when there is no
 * record left, and all of its lines become records at once.
 */
export function dotRecords<T>(records: DotRecords<T>): ReadableStream<T> {
  const { connection, parse } = records;
  const open = new OpenBody(records);
  const chunks = new LineChunks((into) => open.read(into), connection);
  let controller!: ReadableStreamDefaultController<T>;
  let cancelled = false;
  /** What a line was refused for: it comes behind the records before it. */
  let refused: { error: unknown } | undefined;

  /** How many records the lines made. */
  function give(lines: string[]): number {
    let given = 0;
    try {
      for (const line of lines) {
        const record = parse(line);
        if (record === undefined) continue;
        controller.enqueue(record);
        given++;
      }
    } catch (error) {
      refused = { error };
    }
    return given;
  }

  const stream = new ReadableStream<T>({
    start(c) {
      controller = c;
    },
    async pull(c) {
      try {
        for (let given = 0; given === 0;) {
          if (refused) throw refused.error;
          const lines = await chunks.next();
          if (open.aborted || cancelled) return;
          if (!lines) return c.close();
          given = give(lines);
        }
      } catch (error) {
        if (open.aborted || cancelled) return;
        // A server that breaks the grammar cannot be followed any further.
        open.break(error);
        throw error;
      }
    },
    cancel() {
      cancelled = true;
      return open.drop();
    },
  }, { highWaterMark: 0 });
  open.onAbort((reason) => controller.error(reason));
  return stream;
}

/** A body chunk by chunk, each cut behind its last whole line. */
class LineChunks {
  #read: (into: Uint8Array) => Promise<number | null>;
  #connection: Connection;
  #memory: Bytes | undefined;
  /** Bytes of a line whose end has not come. */
  #unfinished = 0;

  constructor(
    read: (into: Uint8Array) => Promise<number | null>,
    connection: Connection,
  ) {
    this.#read = read;
    this.#connection = connection;
  }

  /** One line at least; undefined behind the last one. */
  async next(): Promise<string[] | undefined> {
    const { limits } = this.#connection;
    for (;;) {
      const memory = this.#room();
      const count = await this.#read(memory.subarray(this.#unfinished));
      if (count === null) return undefined;
      const seen = memory.subarray(0, this.#unfinished + count);
      const length = wholeLines(seen);
      const whole = seen.subarray(0, length);
      this.#unfinished = seen.length - length;
      if (this.#unfinished > limits.line) throw tooLong(this.#connection);
      checkLengths(this.#connection, whole);
      const lines = decodeLines(whole);
      memory.copyWithin(0, length, seen.length);
      if (lines.length > 0) return lines;
    }
  }

  #room(): Bytes {
    const memory = this.#memory ??= new Uint8Array(CHUNK);
    if (this.#unfinished < memory.length) return memory;
    const larger = new Uint8Array(memory.length * 2);
    larger.set(memory);
    return this.#memory = larger;
  }
}

/** Bytes up to the last CRLF. */
function wholeLines(bytes: Uint8Array): number {
  for (let at = bytes.length - 1;; at--) {
    at = bytes.lastIndexOf(LF, at);
    if (at <= 0) return 0;
    if (bytes[at - 1] === CR) return at + 1;
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
  try {
    const bytes = await readDotBytes(
      new DotReader(connection.bytes),
      (size) => size > limit,
    );
    if (!bytes) {
      throw new ProtocolError(
        `Cannot ${connection.doing}: the answer is longer than ${limit} bytes`,
      );
    }
    checkLengths(connection, bytes);
    return decodeLines(bytes);
  } catch (error) {
    connection.close(error);
    throw error;
  }
}

/** Whole lines, each with its end. */
function checkLengths(connection: Connection, bytes: Uint8Array): void {
  const { line: most } = connection.limits;
  if (bytes.length <= most) return;
  for (let start = 0; start < bytes.length;) {
    const end = bytes.indexOf(LF, start) + 1;
    if (end - start > most) throw tooLong(connection);
    start = end;
  }
}

function tooLong({ doing, limits }: Connection): ProtocolError {
  return new ProtocolError(
    `Cannot ${doing}: a line is longer than ${limits.line} bytes`,
  );
}
