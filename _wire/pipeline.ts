import type { Connection } from "./connection.ts";
import { dropRest, givenUp, MOST_DRAINED, readDotBytes } from "./dot_body.ts";
import { DotReader } from "./dot_reader.ts";
import { ReplyError } from "./errors.ts";
import type { Bytes, OperationOptions } from "./options.ts";
import type { Turns } from "./turns.ts";

/** What retrieving many bodies takes. */
export interface PipelineOptions extends OperationOptions {
  /** Bytes that one of them may have; default 64 MiB. */
  maxSize?: number | undefined;
  /**
   * Commands under way at a time, where the server can; default 32 for mail, 100
   * for news.
   */
  window?: number | undefined;
}

/**
 * More commands under way than this gain nothing; a server that does not read on
 * while its answers wait for us would let us wait for it for ever.
 */
const MOST_UNDER_WAY = 1_000;

/** Fills in the defaults; a bad number is a `TypeError`. */
export function checkPipelineOptions(
  options: PipelineOptions,
  usualWindow: number,
): { maxSize: number; window: number } {
  const { maxSize = 64 * 1024 * 1024, window = usualWindow } = options;
  for (const [name, value] of Object.entries({ maxSize, window })) {
    if (!(value >= 1)) {
      throw new TypeError(`Cannot use ${name}: ${value} is less than 1`);
    }
  }
  return { maxSize, window: Math.min(window, MOST_UNDER_WAY) };
}

/** What a server says to one of many commands. */
export type Answer<Head, Failure> =
  /** A dot-stuffed body follows. */
  | { head: Head }
  /** It was refused; `remedy`, to sign in, say, may make it succeed. */
  | { failure: Failure; remedy?: (() => Promise<void>) | undefined };

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
  /** Sends the commands for these in one write; `idle`: nothing is under way. */
  ask(keys: readonly Key[], idle: boolean): Promise<void>;
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
 * the call, and has `open` called in it: from there on the stream holds the
 * connection as long as it is open.
 */
export function pipelined<Key, Head, Failure>(
  begin: (
    open: (pipeline: Pipeline<Key, Head, Failure>) => unknown,
  ) => Promise<unknown>,
  signal: AbortSignal | undefined,
): ReadableStream<Outcome<Head, Failure>> {
  let controller!: ReadableStreamDefaultController<Outcome<Head, Failure>>;
  let run: Run<Key, Head, Failure> | undefined;
  const abort = () => {
    controller.error(signal?.reason);
    run?.cancel();
  };
  const begun = begin((pipeline) => {
    run = new Run(pipeline, () => signal?.removeEventListener("abort", abort));
    signal?.addEventListener("abort", abort, { once: true });
    return run;
  });
  begun.catch(() => {});
  return new ReadableStream({
    start(c) {
      controller = c;
    },
    async pull(c) {
      await begun;
      const outcome = await run!.next();
      if (run!.cancelled) return;
      if (outcome) c.enqueue(outcome);
      else c.close();
    },
    async cancel() {
      // At once where it can be: what is called next has to know it.
      if (!run) await begun.catch(() => {});
      await run?.cancel();
    },
  }, { highWaterMark: 0 });
}

class Run<Key, Head, Failure> {
  cancelled = false;
  #o: Pipeline<Key, Head, Failure>;
  #onEnd: () => void;
  #memory: Bytes = new Uint8Array(64 * 1024);
  /** Asked for, and the answer not read. */
  #underWay: Key[] = [];
  #exhausted = false;
  /** What the keys' iterator threw: it comes behind what was asked before. */
  #keysFailed: { error: unknown } | undefined;
  /** Since the last answer that needed none. */
  #triedRemedy = false;
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
    const rest = this.#dropAll();
    this.#o.turns.drain(rest);
    await rest;
  }

  async #dropAll(): Promise<void> {
    // What is being read just now goes first.
    await this.#reading.catch(() => {});
    const { connection, name } = this.#o;
    try {
      await this.#drop(MOST_DRAINED);
      if (this.#underWay.length > 0) {
        connection.close(givenUp(name, MOST_DRAINED));
      }
    } catch (error) {
      connection.close(error);
    } finally {
      this.#end();
    }
  }

  async #next(): Promise<Outcome<Head, Failure> | undefined> {
    if (this.#ended || this.cancelled) return undefined;
    try {
      for (;;) {
        await this.#ask();
        if (this.#underWay.length === 0) break;
        const key = this.#underWay[0]!;
        const answer = await this.#o.answer(key);
        if ("failure" in answer) {
          if (await this.#isCured(answer.remedy)) continue;
          this.#underWay.shift();
          if (!answer.remedy) this.#triedRemedy = false;
          return answer.failure;
        }
        this.#underWay.shift();
        this.#triedRemedy = false;
        return await this.#read(key, answer.head);
      }
    } catch (error) {
      this.#o.connection.close(error);
      try {
        this.#end();
      } catch {
        // The first error says more.
      }
      throw error;
    }
    this.#end();
    if (this.#keysFailed) throw this.#keysFailed.error;
    return undefined;
  }

  /**
   * Tries the remedy for a refusal, not twice in a row. Then all that is under
   * way is asked for once more, in the same order; without the first, which
   * stays refused, where it is no remedy.
   */
  async #isCured(remedy: (() => Promise<void>) | undefined): Promise<boolean> {
    if (!remedy || this.#triedRemedy) return false;
    this.#triedRemedy = true;
    const [first, ...others] = this.#underWay;
    this.#underWay = others.slice();
    const most = 16 * this.#o.maxSize;
    await this.#drop(most);
    this.#o.connection.throwIfClosed();
    if (this.#underWay.length > 0) throw givenUp(this.#o.name, most);
    let cured = true;
    try {
      await remedy();
    } catch (error) {
      if (!(error instanceof ReplyError)) throw error;
      cured = false;
    }
    const again = cured ? [first!, ...others] : others;
    if (again.length > 0) await this.#o.ask(again, true);
    this.#underWay = [first!, ...others];
    return cured;
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
    const idle = this.#underWay.length === 0;
    this.#underWay.push(...fresh);
    await ask(fresh, idle);
  }

  async #read(key: Key, head: Head): Promise<Outcome<Head, Failure>> {
    const { connection, maxSize, name, tooLarge } = this.#o;
    const dots = new DotReader(connection.bytes);
    const content = await readDotBytes(
      dots,
      (size) => size > maxSize || this.cancelled,
      this.#memory,
    );
    if (content) return { ...head, content };
    // While the others are still wanted, more is read for them than for nothing.
    const most = this.cancelled ? MOST_DRAINED : 16 * maxSize;
    await dropRest(connection, dots, name, most);
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
          most,
        );
      }
    }
  }

  #end(): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#o.turns.end();
    this.#onEnd();
    // Last, since it is the caller's and may throw.
    if (!this.#exhausted) this.#o.keys.return?.();
  }
}
