import { bodyStream } from "../../_wire/body_stream.ts";
import { stateError, tried } from "../../_wire/errors.ts";
import type {
  BodySource,
  Bytes,
  OperationOptions,
} from "../../_wire/options.ts";
import { Turns } from "../../_wire/turns.ts";
import { MailMessage } from "../message/mod.ts";
import { chunkBody } from "./_chunk_body.ts";
import type { Delivery } from "./_format.ts";
import { joinAll } from "./_head.ts";
import { Spooled } from "./_spooled.ts";
import type { Store } from "./_store.ts";
import type {
  AddOptions,
  MailboxEntry,
  MailboxOptions,
  MailFlag,
} from "./types.ts";

/** The most that a message can be parsed of. */
const MOST_SIZE = 512 * 1024 * 1024 - 1024;

const FLAGS: ReadonlySet<string> = new Set<MailFlag>([
  "seen",
  "answered",
  "flagged",
  "draft",
  "deleted",
  "passed",
  "recent",
]);

/**
 * Messages that are kept in one place; the subclasses are the formats.
 *
 * A key stands for the same message as long as the mailbox is open. Lines end in
 * LF: a message in the network's form, whose first line ends in CRLF, is stored
 * with LF, and any other as it is, byte for byte. Only a missing last line end
 * is added where the format needs one.
 *
 * `Mbox`, `Mmdf` and `Babyl` are one file each. Messages are added to it at once;
 * what was removed, replaced or flagged is written by {@linkcode flush}, which
 * makes a new file and puts it in the place of the old one. When another program
 * has written the file in between, what it has added is kept. If it has done
 * more than that, the changes are given up, as the keys may mean other messages
 * by now: `flush` rejects, and the old keys are unknown from then on.
 * {@linkcode lock} before the first look prevents that.
 *
 * @example Add a message, flag it, and read it
 * ```ts
 * import { Mbox } from "@wireline/std/mail/mailbox";
 * import { assertEquals } from "jsr:@std/assert@^1.0.0";
 *
 * const path = await Deno.makeTempDir() + "/inbox";
 * await using box = await Mbox.open(path, { create: true });
 * const key = await box.add("Subject: Hello\n\nHow are you?\n");
 * await box.setFlags(key, ["seen", "answered"]);
 * await box.flush();
 * assertEquals(await box.flags(key), new Set(["seen", "answered"] as const));
 * ```
 */
export abstract class Mailbox implements AsyncDisposable {
  readonly #store: Store;
  readonly #turns = new Turns();
  #closed = false;

  /**
   * Made by `open`.
   *
   * @internal
   */
  protected constructor(store: Store) {
    this.#store = store;
  }

  /**
   * Opens a mailbox of any format, by what is there: a directory with `cur` is a
   * {@linkcode Maildir}, another one {@linkcode Mh}; a file is {@linkcode Babyl},
   * {@linkcode Mmdf} or {@linkcode Mbox} by its beginning. Made anew, it is an
   * `Mbox`.
   *
   * @throws {Deno.errors.NotFound} When there is none, and `create` is not set.
   * @throws {TypeError} When it is a file of another kind.
   */
  static async open(
    path: string,
    options: MailboxOptions = {},
  ): Promise<Mailbox> {
    const { detectFormat } = await import("./_detect.ts");
    return await detectFormat(path).open(path, options);
  }

  /**
   * Adds a message, behind the others. The source is read to its end before the
   * mailbox is locked for it.
   *
   * Each one takes the lock for itself; for many, {@linkcode lock} first is
   * faster.
   *
   * A file gets it at once, and {@linkcode flush} makes sure of it against a
   * power failure; a directory is sure of it when this resolves.
   *
   * @returns The message's key.
   * @throws {DOMException} "TimeoutError" when another program holds the lock.
   */
  async add(
    message: BodySource | MailMessage,
    options: AddOptions = {},
  ): Promise<string> {
    const delivery = deliveryOf(options);
    const { signal } = options;
    using spooled = await Spooled.read(sourceOf(message), signal);
    return await this.inTurn(
      "add a message",
      signal,
      () => this.#store.add(spooled, delivery, signal),
    );
  }

  /**
   * The message with that key. Its own limits are those of
   * {@linkcode MailMessage.parse}, except that it may have 512 MiB;
   * {@linkcode stream} gives longer ones.
   *
   * @throws {Deno.errors.NotFound} When there is none.
   * @throws {RangeError} When it is longer than that.
   */
  async get(key: string, options: OperationOptions = {}): Promise<MailMessage> {
    return await parsed(await this.bytes(key, options));
  }

  /**
   * The bytes of the message, without what the format puts around and into it.
   *
   * @throws {Deno.errors.NotFound} When there is none.
   */
  bytes(key: string, options: OperationOptions = {}): Promise<Bytes> {
    return this.inTurn(
      `read message ${quoted(key)}`,
      options.signal,
      () => this.#bytes(key),
    );
  }

  /**
   * The bytes of a long message, as a stream that goes on whatever happens to
   * the mailbox. It has to be read to its end or cancelled.
   *
   * @throws {Deno.errors.NotFound} When there is none.
   */
  stream(
    key: string,
    options: OperationOptions = {},
  ): Promise<ReadableStream<Bytes>> {
    const what = `read message ${quoted(key)}`;
    return this.inTurn(what, options.signal, async () => {
      const content = await this.#store.content(key, "later");
      return bodyStream(chunkBody(content)).stream;
    });
  }

  /** Whether there is a message with that key. */
  has(key: string, options: OperationOptions = {}): Promise<boolean> {
    return this.inTurn(
      `look for message ${quoted(key)}`,
      options.signal,
      () => this.#store.has(key),
    );
  }

  /** How many messages there are. */
  count(options: OperationOptions = {}): Promise<number> {
    return this.inTurn(
      "count messages",
      options.signal,
      () => this.#store.count(),
    );
  }

  /**
   * The keys of all messages, in the order in which they came. Messages may be
   * added and removed meanwhile: one that is removed before its turn does not
   * come, and one that is added may.
   */
  async *keys(options: OperationOptions = {}): AsyncGenerator<string> {
    const keys = this.#store.keys()[Symbol.asyncIterator]();
    for (;;) {
      const { done, value } = await this.inTurn(
        "list messages",
        options.signal,
        () => keys.next(),
      );
      if (done) return;
      yield value;
    }
  }

  /**
   * All messages with their keys and flags, in one pass. One that another program
   * removes meanwhile does not come.
   */
  messages(
    options: OperationOptions = {},
  ): ReadableStream<MailboxEntry<MailMessage>> {
    const keys = this.#store.keys()[Symbol.asyncIterator]();
    const read = async () => {
      for (;;) {
        const { done, value: key } = await keys.next();
        if (done) return undefined;
        try {
          const flags = await this.#store.flags(key);
          return { key, flags, bytes: await this.#bytes(key) };
        } catch (error) {
          if (!(error instanceof Deno.errors.NotFound)) throw error;
        }
      }
    };
    return new ReadableStream({
      pull: async (controller) => {
        const found = await this.inTurn("read messages", options.signal, read);
        if (!found) return controller.close();
        const { key, flags, bytes } = found;
        controller.enqueue({ key, flags, message: await parsed(bytes) });
      },
    }, { highWaterMark: 0 });
  }

  /**
   * Removes a message.
   *
   * @throws {Deno.errors.NotFound} When there is none.
   */
  remove(key: string, options: OperationOptions = {}): Promise<void> {
    return this.inTurn(
      `remove message ${quoted(key)}`,
      options.signal,
      () => this.#store.remove(key),
    );
  }

  /**
   * Puts another message in the place of one, which keeps its key, and its flags
   * if no others are given.
   *
   * @throws {Deno.errors.NotFound} When there is none.
   */
  async replace(
    key: string,
    message: BodySource | MailMessage,
    options: AddOptions = {},
  ): Promise<void> {
    const delivery = deliveryOf(options);
    const { signal } = options;
    using spooled = await Spooled.read(sourceOf(message), signal);
    await this.inTurn(
      `replace message ${quoted(key)}`,
      signal,
      () => this.#store.replace(key, spooled, delivery),
    );
  }

  /**
   * What is known of a message. MH and Babyl do not know what is recent.
   *
   * @throws {Deno.errors.NotFound} When there is none.
   */
  flags(key: string, options: OperationOptions = {}): Promise<Set<MailFlag>> {
    return this.inTurn(
      `read the flags of message ${quoted(key)}`,
      options.signal,
      () => this.#store.flags(key),
    );
  }

  /**
   * Says what is known of a message, and that the rest is not so.
   *
   * @throws {Deno.errors.NotFound} When there is no such message.
   * @throws {TypeError} When there is no such flag.
   */
  async setFlags(
    key: string,
    flags: Iterable<MailFlag>,
    options: OperationOptions = {},
  ): Promise<void> {
    const checked = checkFlags(flags);
    await this.inTurn(
      `flag message ${quoted(key)}`,
      options.signal,
      () => this.#store.setFlags(key, checked),
    );
  }

  /**
   * Locks the mailbox, so that other programs cannot write it until
   * {@linkcode unlock}. Without it each write takes the lock for itself. A
   * `Maildir` needs none, and has none.
   *
   * @throws {DOMException} "TimeoutError" when another program holds the lock
   * for longer than `lockTimeout`; its message says which.
   */
  lock(options: OperationOptions = {}): Promise<void> {
    return this.inTurn(
      "lock the mailbox",
      options.signal,
      () => this.#store.lock(options.signal),
    );
  }

  /** Unlocks the mailbox; nothing happens where it is not locked. */
  unlock(): Promise<void> {
    return this.inTurn("unlock the mailbox", undefined, () => {
      this.#store.unlock();
      return Promise.resolve();
    });
  }

  /**
   * Writes what was changed, and makes sure that it is on the disk. Whatever
   * happens meanwhile, what is there is the old mailbox or the new one.
   *
   * @throws {Deno.errors.Busy} When another program has changed the mailbox so
   * that the changes had to be given up.
   */
  flush(options: OperationOptions = {}): Promise<void> {
    return this.inTurn(
      "write the mailbox",
      options.signal,
      () => this.#store.flush(options.signal),
    );
  }

  /**
   * Writes what was changed, unlocks the mailbox and closes it. Where writing
   * fails it is closed all the same, and this rejects. A second call does
   * nothing.
   */
  async close(): Promise<void> {
    if (this.#closed) return;
    try {
      await this.flush();
    } finally {
      this.#closed = true;
      this.#store.close();
    }
  }

  /**
   * As {@linkcode close}; rejects, too, where changes could not be written:
   * they would get lost without a word.
   */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  async #bytes(key: string): Promise<Bytes> {
    const pieces: Uint8Array[] = [];
    for (const chunk of await this.#store.content(key, "now")) {
      pieces.push(chunk.slice());
    }
    return joinAll(pieces) as Bytes;
  }

  /**
   * Runs something when its turn comes.
   *
   * @internal
   */
  protected inTurn<T>(
    what: string,
    signal: AbortSignal | undefined,
    run: () => Promise<T>,
  ): Promise<T> {
    return this.#turns.take(what, signal, async () => {
      if (this.#closed) {
        throw stateError(`Cannot ${what}: the mailbox is closed`);
      }
      try {
        return await run();
      } catch (error) {
        throw isExplained(error) ? error : tried(what, error);
      }
    });
  }
}

/** They are in memory already. */
function parsed(bytes: Bytes): Promise<MailMessage> {
  return MailMessage.parse(bytes, { maxSize: MOST_SIZE });
}

/** Whether it says what could not be done, as our own errors do. */
function isExplained(error: unknown): boolean {
  return error instanceof TypeError || error instanceof DOMException ||
    error instanceof Error && error.message.startsWith("Cannot ");
}

function sourceOf(message: BodySource | MailMessage): BodySource {
  return message instanceof MailMessage
    ? message.toStream({ keepBcc: true })
    : message;
}

function deliveryOf({ flags, date }: AddOptions): Delivery {
  if (date !== undefined && Number.isNaN(date.getTime())) {
    throw new TypeError("Cannot add a message: its date is invalid");
  }
  return { flags: flags && checkFlags(flags), date };
}

function checkFlags(flags: Iterable<MailFlag>): Set<MailFlag> {
  const checked = new Set(flags);
  for (const flag of checked) {
    if (!FLAGS.has(flag)) {
      throw new TypeError(`Cannot use the flag ${quoted(flag)}: there is none`);
    }
  }
  return checked;
}

function quoted(key: string): string {
  return JSON.stringify(key);
}
