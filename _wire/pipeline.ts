import type { Connection } from "./connection.ts";
import { dropRest, MOST_DRAINED, readDotBytes } from "./dot_body.ts";
import { DotReader } from "./dot_reader.ts";
import { ProtocolError } from "./errors.ts";
import type { Bytes, OperationOptions } from "./options.ts";
import type { Turns } from "./turns.ts";

/** What retrieving many bodies takes. */
export interface PipelineOptions extends OperationOptions {
  /** Bytes that one of them may have; default 64 MiB. */
  maxSize?: number | undefined;
  /** Commands under way at a time, where the server can; default 32. */
  window?: number | undefined;
}

/** Fills in the defaults; a bad number is a `TypeError`. */
export function checkPipelineOptions(
  { maxSize = 64 * 1024 * 1024, window = 32 }: PipelineOptions,
): { maxSize: number; window: number } {
  for (const [name, value] of Object.entries({ maxSize, window })) {
    if (!(value >= 1)) {
      throw new TypeError(`Cannot use ${name}: ${value} is less than 1`);
    }
  }
  return { maxSize, window };
}

/** What a server says to one of many commands. */
export type Answer<Head, Failure> =
  /** A dot-stuffed body follows. */
  | { head: Head }
  /** It was refused. */
  | { failure: Failure }
  /** Once this is done it can be asked for again: to sign in, say. */
  | { retryAfter: () => Promise<void> };

/** Many bodies that are asked for by one command each. */
export interface Pipeline<Key, Head, Failure> {
  connection: Connection;
  turns: Turns;
  /** What is under way, for the errors of commands meanwhile: `"retrAll"`. */
  name: string;
  keys: Iterator<Key>;
  /** Bytes that one body may have. */
  maxSize: number;
  /** Commands under way at a time; 1 for a server that reads them singly. */
  window: number;
  /** Sends the commands for these in one write. */
  ask(keys: readonly Key[]): Promise<void>;
  /** Reads the status line for one. */
  answer(key: Key): Promise<Answer<Head, Failure>>;
  /** What to hand out for a body over `maxSize`. */
  tooLarge(key: Key): Failure;
}

/** What one command brought. */
export type Outcome<Head, Failure> = (Head & { content: Bytes }) | Failure;

/**
 * Bodies in the order of their keys, each read whole when it is asked for, with
 * the commands for the next ones under way. `begin` takes the client's turn at
 * the call; the stream that comes of it holds the connection as long as it is
 * open.
 */
export function pipelined<Key, Head, Failure>(
  begin: () => Promise<Pipeline<Key, Head, Failure>>,
  signal: AbortSignal | undefined,
): ReadableStream<Outcome<Head, Failure>> {
  let controller!: ReadableStreamDefaultController<Outcome<Head, Failure>>;
  let run: Run<Key, Head, Failure> | undefined;
  const abort = () => {
    controller.error(signal?.reason);
    run?.cancel();
  };
  const begun = begin().then((pipeline) => {
    run = new Run(pipeline, () => signal?.removeEventListener("abort", abort));
    if (signal?.aborted) abort();
    else signal?.addEventListener("abort", abort, { once: true });
    return run;
  });
  begun.catch(() => {});
  return new ReadableStream({
    start(c) {
      controller = c;
    },
    async pull(c) {
      const outcome = await (await begun).next();
      if (run!.cancelled) return;
      if (outcome) c.enqueue(outcome);
      else c.close();
    },
    async cancel() {
      await (await begun.catch(() => undefined))?.cancel();
    },
  }, { highWaterMark: 0 });
}

class Run<Key, Head, Failure> {
  cancelled = false;
  #o: Pipeline<Key, Head, Failure>;
  #onEnd: () => void;
  /** Asked for, and the answer not read. */
  #underWay: Key[] = [];
  #exhausted = false;
  /** What the keys' iterator threw: it comes behind what was asked before. */
  #keysFailed: { error: unknown } | undefined;
  #ended = false;
  #reading: Promise<unknown> = Promise.resolve();

  constructor(o: Pipeline<Key, Head, Failure>, onEnd: () => void) {
    this.#o = o;
    this.#onEnd = onEnd;
    o.turns.begin(o.name);
  }

  /** The next one; undefined behind the last. */
  next(): Promise<Outcome<Head, Failure> | undefined> {
    const outcome = this.#next();
    this.#reading = outcome;
    return outcome;
  }

  /** Reads what is under way and drops it, or closes the connection. */
  async cancel(): Promise<void> {
    if (this.cancelled) return;
    this.cancelled = true;
    // What is being read just now goes first.
    await this.#reading.catch(() => {});
    const { connection, keys, name } = this.#o;
    try {
      await this.#drop(MOST_DRAINED);
      if (this.#underWay.length > 0) {
        connection.close(
          new ProtocolError(
            `Cannot go on: ${name} was cancelled with more than ` +
              `${MOST_DRAINED} bytes to come, so the connection was closed`,
          ),
        );
      }
    } catch (error) {
      connection.close(error);
    } finally {
      this.#end();
      if (!this.#exhausted) keys.return?.();
    }
  }

  async #next(): Promise<Outcome<Head, Failure> | undefined> {
    if (this.#ended || this.cancelled) return undefined;
    try {
      for (let retried = false;; retried = true) {
        await this.#ask();
        const [key] = this.#underWay;
        if (key === undefined) break;
        const answer = await this.#o.answer(key);
        if (!("retryAfter" in answer)) {
          this.#underWay.shift();
          if ("failure" in answer) return answer.failure;
          return await this.#read(key, answer.head);
        }
        if (retried) {
          throw new ProtocolError(
            `Cannot ${this.#o.connection.doing}: the server wants the same ` +
              "thing again",
          );
        }
        await this.#again(answer.retryAfter);
      }
    } catch (error) {
      this.#o.connection.close(error);
      this.#end();
      throw error;
    }
    this.#end();
    if (this.#keysFailed) throw this.#keysFailed.error;
    return undefined;
  }

  /** All that is under way is asked for once more, in the same order. */
  async #again(retryAfter: () => Promise<void>): Promise<void> {
    const keys = this.#underWay;
    this.#underWay = keys.slice(1);
    await this.#drop(Infinity);
    await retryAfter();
    this.#underWay = keys;
    await this.#o.ask(keys);
  }

  /** Keeps the window full: half of it at a time, in one write. */
  async #ask(): Promise<void> {
    const { keys, window, ask } = this.#o;
    if (this.#exhausted || this.#underWay.length > window / 2) return;
    const fresh: Key[] = [];
    try {
      while (this.#underWay.length + fresh.length < window) {
        const { done, value } = keys.next();
        if (done) {
          this.#exhausted = true;
          break;
        }
        fresh.push(value);
      }
    } catch (error) {
      this.#exhausted = true;
      this.#keysFailed = { error };
    }
    if (fresh.length === 0) return;
    this.#underWay.push(...fresh);
    await ask(fresh);
  }

  async #read(key: Key, head: Head): Promise<Outcome<Head, Failure>> {
    const { connection, maxSize, name, tooLarge } = this.#o;
    const dots = new DotReader(connection.bytes);
    const content = await readDotBytes(dots, maxSize);
    if (content) return { ...head, content };
    // The others are still wanted: more is read for them than for nothing.
    await dropRest(connection, dots, name, 16 * maxSize);
    return tooLarge(key);
  }

  /** Drops the answers that are under way, until `most` bytes were read. */
  async #drop(most: number): Promise<void> {
    const { connection, name, answer } = this.#o;
    const from = connection.bytes.position;
    while (this.#underWay.length > 0 && !connection.closed) {
      const read = connection.bytes.position - from;
      if (read > most) return;
      if ("head" in await answer(this.#underWay.shift()!)) {
        await dropRest(
          connection,
          new DotReader(connection.bytes),
          name,
          most - read,
        );
      }
    }
  }

  #end(): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#o.turns.end();
    this.#onEnd();
  }
}
