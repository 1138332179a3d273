import { abortable } from "../../_wire/abortable.ts";
import { checkClientOptions } from "../../_wire/client_options.ts";
import { checkCommand } from "../../_wire/command.ts";
import { dotBody } from "../../_wire/dot_body.ts";
import { ProtocolError, stateError } from "../../_wire/errors.ts";
import { sayGoodbye } from "../../_wire/goodbye.ts";
import { withDefaults } from "../../_wire/limits.ts";
import type {
  Bytes,
  ClientOptions,
  OperationOptions,
} from "../../_wire/options.ts";
import {
  checkPipelineOptions,
  pipelined,
  type PipelineOptions,
} from "../../_wire/pipeline.ts";
import { bare, checkTls } from "../../_wire/tls.ts";
import { Turns } from "../../_wire/turns.ts";
import { Watchdog } from "../../_wire/watchdog.ts";
import { secretText } from "../sasl/choose.ts";
import type { SaslSecret } from "../sasl/types.ts";
import { parseListing, parseStat, parseUid } from "./replies.ts";
import { Pop3Error } from "./pop3_error.ts";
import { Session } from "./session.ts";
import type {
  Pop3LoginOptions,
  RefusedMessage,
  RetrievedMessage,
} from "./types.ts";

/**
 * A connection to a POP3 server (RFC 1939), in the clear, with STLS (RFC 2595)
 * or with implicit TLS. Commands called together wait their turn; while the
 * stream of a message is open every other command rejects.
 *
 * Only `quit()` deletes what `dele()` has marked: an exception, or disposing
 * the client, deletes no mail.
 *
 * A refusal rejects with {@linkcode Pop3Error}, a broken server with
 * `ProtocolError`, a silent one with a `DOMException` named `"TimeoutError"`.
 *
 * @example Fetch what is new and delete it on the server
 * ```ts
 * import { Pop3Client } from "@wireline/std/mail/pop3";
 *
 * await using pop3 = await Pop3Client.connect({
 *   hostname: "pop.example.com",
 *   tls: "implicit",
 * });
 * await pop3.login("ada", "secret");
 * for (const { number, uid } of await pop3.uidl()) {
 *   const message = await pop3.retr(number);
 *   await Deno.writeFile(`${encodeURIComponent(uid)}.eml`, message);
 *   await pop3.dele(number);
 * }
 * await pop3.quit();
 * ```
 */
export class Pop3Client implements AsyncDisposable {
  /** The server, as it was given to `connect`. */
  readonly hostname: string;
  /** The server's port. */
  readonly port: number;
  #session: Session;
  #turns = new Turns();
  #forgetSignal: () => void;

  private constructor(session: Session, options: ClientOptions, port: number) {
    this.hostname = options.hostname;
    this.port = port;
    this.#session = session;
    const { signal } = options;
    const abort = () => session.control.connection.close(signal?.reason);
    signal?.addEventListener("abort", abort, { once: true });
    this.#forgetSignal = () => signal?.removeEventListener("abort", abort);
  }

  /**
   * Connects and reads the greeting; with `tls` makes the connection secure.
   * `starttls` that the server refuses is an error, never a connection without
   * it. Bad options are a `TypeError` before connecting.
   */
  static async connect(options: ClientOptions): Promise<Pop3Client> {
    const { tls = "none", timeout = 60_000 } = options;
    const port = options.port ?? (tls === "implicit" ? 995 : 110);
    checkClientOptions(options, port);
    const watchdog = new Watchdog(timeout);
    const session = await Session.open({
      hostname: bare(options.hostname),
      port,
      tls,
      tlsOptions: checkTls(options.hostname, options.tlsOptions),
      timeout,
      signal: options.signal,
      allowInsecureAuth: options.allowInsecureAuth ?? false,
    }, {
      watchdog,
      limits: withDefaults(options.limits),
      onTrace: options.onTrace,
    });
    const client = new Pop3Client(session, options, port);
    // Aborted since, when nobody was listening.
    if (options.signal?.aborted) client.#close(options.signal.reason);
    options.signal?.throwIfAborted();
    return client;
  }

  /** Whether TLS is on. */
  get secure(): boolean {
    return this.#session.control.connection.secure;
  }

  /**
   * What the server says it can do (CAPA, RFC 2449): names in upper case with
   * their parameters; empty where it does not say.
   */
  capabilities(
    options: OperationOptions = {},
  ): Promise<ReadonlyMap<string, string>> {
    return this.#turn("CAPA", [], options, () => this.#session.capabilities());
  }

  /** Names the user (USER); `pass` follows. */
  user(name: string, options: OperationOptions = {}): Promise<string> {
    return this.#turn("USER", [name], options, () => this.#session.user(name));
  }

  /**
   * Gives the password (PASS). A `TypeError` where whoever listens could read
   * it: without TLS, unless the server is this machine or `allowInsecureAuth`
   * is set.
   */
  pass(password: string, options: OperationOptions = {}): Promise<string> {
    return this.#turn(
      "PASS",
      [password],
      options,
      () => this.#session.pass(password),
    );
  }

  /** Signs in by a digest of the greeting's timestamp and the password (APOP). */
  apop(
    user: string,
    password: string,
    options: OperationOptions = {},
  ): Promise<void> {
    return this.#turn(
      "APOP",
      [user, password],
      options,
      () => this.#session.apop(user, password),
    );
  }

  /**
   * Signs in by the best way that is offered: a SASL mechanism (RFC 5034), else
   * APOP, else USER and PASS. There is no second try by a weaker one.
   */
  login(
    user: string,
    secret: SaslSecret,
    options: Pop3LoginOptions = {},
  ): Promise<void> {
    let words: string[];
    try {
      words = [secretText(user, secret), user];
    } catch (error) {
      return Promise.reject(error);
    }
    return this.#turn(
      "AUTH",
      words,
      options,
      () => this.#session.login(user, secret, options.mechanism),
    );
  }

  /** How many messages there are, and how many bytes they have (STAT). */
  stat(
    options: OperationOptions = {},
  ): Promise<{ count: number; size: number }> {
    return this.#turn("STAT", [], options, async () => {
      const { text } = await this.#session.control.command("STAT");
      return parseStat(text) ?? this.#broken(text);
    });
  }

  /** The sizes of all messages (LIST). */
  list(
    options?: OperationOptions,
  ): Promise<{ number: number; size: number }[]>;
  /** The size of one message (LIST). */
  list(
    number: number,
    options?: OperationOptions,
  ): Promise<{ number: number; size: number }>;
  /** One or the other (LIST). */
  list(
    number: number | undefined,
    options?: OperationOptions,
  ): Promise<
    { number: number; size: number } | { number: number; size: number }[]
  >;
  list(
    first?: number | OperationOptions,
    second?: OperationOptions,
  ): Promise<
    { number: number; size: number } | { number: number; size: number }[]
  > {
    return this.#listing("LIST", first, second, parseListing);
  }

  /**
   * The unique ids of all messages (UIDL): the server's words, which may hold
   * slashes and the like.
   */
  uidl(options?: OperationOptions): Promise<{ number: number; uid: string }[]>;
  /** The unique id of one message (UIDL). */
  uidl(
    number: number,
    options?: OperationOptions,
  ): Promise<{ number: number; uid: string }>;
  /** One or the other (UIDL). */
  uidl(
    number: number | undefined,
    options?: OperationOptions,
  ): Promise<
    { number: number; uid: string } | { number: number; uid: string }[]
  >;
  uidl(
    first?: number | OperationOptions,
    second?: OperationOptions,
  ): Promise<
    { number: number; uid: string } | { number: number; uid: string }[]
  > {
    return this.#listing("UIDL", first, second, parseUid);
  }

  /**
   * A message (RETR) as it is on the server, of any size: dots removed, CRLF
   * kept. Cancelling reads and drops up to 1 MiB of the rest; beyond that the
   * connection is closed.
   */
  retr(
    number: number,
    options: OperationOptions = {},
  ): Promise<ReadableStream<Bytes>> {
    return this.#body(`RETR ${number}`, number, options);
  }

  /** The header of a message and the first `lines` of its body (TOP). */
  top(
    number: number,
    lines: number,
    options: OperationOptions = {},
  ): Promise<ReadableStream<Bytes>> {
    if (!Number.isSafeInteger(lines) || lines < 0) {
      return Promise.reject(
        new TypeError(`Cannot send TOP for ${lines} lines`),
      );
    }
    return this.#body(`TOP ${number} ${lines}`, number, options);
  }

  /**
   * Many messages, in order, each whole in memory; the commands for the next
   * ones are under way meanwhile where the server can (PIPELINING, RFC 2449
   * section 6.6). A message that the server refuses, or that is larger than
   * `maxSize`, is reported in its place. From the call to the end of the stream
   * every other command rejects: what is to be deleted is deleted behind the
   * loop.
   *
   * @example
   * ```ts
   * import { Pop3Client } from "@wireline/std/mail/pop3";
   *
   * await using pop3 = await Pop3Client.connect({
   *   hostname: "pop.example.com",
   *   tls: "implicit",
   * });
   * await pop3.login("ada", "secret");
   * const numbers = (await pop3.list()).map(({ number }) => number);
   * for await (const message of pop3.retrAll(numbers)) {
   *   if ("content" in message) console.log(message.content.length);
   *   else console.error(message.error.message);
   * }
   * ```
   */
  retrAll(
    numbers: Iterable<number>,
    options: PipelineOptions = {},
  ): ReadableStream<RetrievedMessage> {
    const { maxSize, window } = checkPipelineOptions(options, WINDOW);
    const { control } = this.#session;
    return pipelined<number, { number: number }, RefusedMessage>(
      // The turn is taken at the call, in the order of the calls.
      (open) =>
        this.#turn("RETR", [], options, async () =>
          open({
            connection: control.connection,
            turns: this.#turns,
            name: "retrAll",
            keys: checkedNumbers(numbers),
            maxSize,
            window: await this.#session.canPipeline() ? window : 1,
            ask: (numbers, idle) => control.sendAll(numbers.map(retr), idle),
            answer: async (number) => {
              const status = await control.status(retr(number));
              return status.ok ? { head: { number } } : {
                failure: {
                  number,
                  error: control.refusal(status, retr(number)),
                },
              };
            },
            tooLarge: (number) => ({
              number,
              error: tooLarge(number, maxSize),
            }),
          })),
      options.signal,
    );
  }

  /** Marks a message to be deleted by `quit()` (DELE). */
  dele(number: number, options: OperationOptions = {}): Promise<void> {
    return this.#turn("DELE", [number], options, async () => {
      await this.#session.control.command(`DELE ${number}`);
      this.#session.marked++;
    });
  }

  /** Takes the marks of all messages away (RSET). */
  rset(options: OperationOptions = {}): Promise<void> {
    return this.#turn("RSET", [], options, async () => {
      await this.#session.control.command("RSET");
      this.#session.marked = 0;
    });
  }

  /** Does nothing, which keeps the connection alive (NOOP). */
  noop(options: OperationOptions = {}): Promise<void> {
    return this.#turn("NOOP", [], options, async () => {
      await this.#session.control.command("NOOP");
    });
  }

  /**
   * Has names, passwords and messages in UTF-8 (UTF8, RFC 6856). Before signing
   * in `user` and `login` do it by themselves where a name needs it.
   */
  utf8(options: OperationOptions = {}): Promise<void> {
    return this.#turn("UTF8", [], options, async () => {
      await this.#session.control.command("UTF8");
    });
  }

  /**
   * The languages that the server can speak in (LANG, RFC 6856 section 3), by
   * their tags with what the server says of them; with `tag` it speaks that
   * one from then on (`"*"`: one that it likes).
   */
  async lang(
    tag?: string,
    options: OperationOptions = {},
  ): Promise<ReadonlyMap<string, string>> {
    return await this.#turn("LANG", [tag ?? ""], options, async () => {
      const { control } = this.#session;
      if (tag !== undefined) {
        const { text } = await control.command(`LANG ${tag}`);
        const [chosen, ...words] = text.split(" ");
        return new Map([[chosen!, words.join(" ")]]);
      }
      const lines = await control.lines("LANG");
      return new Map(lines.map((line) => {
        const [name, ...words] = line.split(" ");
        return [name!, words.join(" ")];
      }));
    });
  }

  /** Deletes the marked messages, says goodbye and closes. */
  async quit(options: OperationOptions = {}): Promise<void> {
    await this.#turn("QUIT", [], options, async () => {
      try {
        await this.#session.quit({ commit: true });
      } finally {
        this.close();
      }
    });
  }

  /** Drops the connection at once. May be called twice, never throws. */
  close(): void {
    this.#close(stateError("Cannot go on: the client was closed"));
  }

  /**
   * Says goodbye where nothing is unfinished, for at most 5 s, and closes. What
   * is marked is not deleted.
   */
  async [Symbol.asyncDispose](): Promise<void> {
    await sayGoodbye({
      quit: (options) =>
        this.#turn(
          "QUIT",
          [],
          options,
          () => this.#session.quit({ commit: false }),
        ),
      close: () => this.close(),
    }, { unfinished: this.#turns.busy || this.#session.control.closed });
  }

  #close(reason: unknown): void {
    this.#forgetSignal();
    this.#session.control.connection.close(reason);
  }

  #listing<T extends { number: number }>(
    verb: string,
    first: number | OperationOptions | undefined,
    second: OperationOptions | undefined,
    parse: (line: string) => T | undefined,
  ): Promise<T | T[]> {
    const one = typeof first === "number" ? first : undefined;
    const options = (typeof first === "object" ? first : second) ?? {};
    return this.#turn<T | T[]>(
      verb,
      one === undefined ? [] : [one],
      options,
      async () => {
        const { control } = this.#session;
        if (one !== undefined) {
          const { text } = await control.command(`${verb} ${one}`);
          const parsed = parse(text);
          return parsed?.number === one ? parsed : this.#broken(text);
        }
        const lines = await control.lines(verb);
        return lines.map((line) => parse(line) ?? this.#broken(line));
      },
    );
  }

  #broken(line: string): never {
    const { control } = this.#session;
    throw new ProtocolError(
      `Cannot ${control.connection.doing}: the server answered ` +
        JSON.stringify(control.connection.mask(line).slice(0, 80)),
    );
  }

  #body(
    command: string,
    number: number,
    { signal }: OperationOptions,
  ): Promise<ReadableStream<Bytes>> {
    return this.#turn(command, [number], { signal }, async () => {
      const { control } = this.#session;
      await control.command(command);
      return dotBody({
        connection: control.connection,
        turns: this.#turns,
        name: `message ${number}`,
        signal,
      });
    });
  }

  /**
   * Looks at what goes on the wire, waits for the turn and runs. Aborting in
   * the middle of a command closes the client, since nobody would know which
   * answer belongs to what.
   */
  #turn<T>(
    verb: string,
    words: (string | number)[],
    { signal }: OperationOptions,
    run: () => Promise<T>,
  ): Promise<T> {
    try {
      for (const word of words) {
        if (typeof word === "number") checkNumber(word, verb);
        else if (typeof word === "string") checkCommand(word, verb);
        else throw new TypeError(`Cannot send ${verb}: an argument is missing`);
      }
    } catch (error) {
      return Promise.reject(error);
    }
    return this.#turns.take(
      verb,
      signal,
      () => abortable(signal, (reason) => this.#close(reason), run),
    );
  }
}

function checkNumber(number: number, verb: string): void {
  if (Number.isSafeInteger(number) && number > 0) return;
  throw new TypeError(`Cannot send ${verb}: ${number} is no message's number`);
}

/** Messages under way; more would be for nothing where it is cancelled. */
const WINDOW = 32;

function retr(number: number): string {
  return `RETR ${number}`;
}

function tooLarge(number: number, maxSize: number): Pop3Error {
  const text = `the message is larger than ${maxSize} bytes`;
  const status = { ok: false, code: "TOO-LARGE", text };
  return new Pop3Error(status, retr(number), text);
}

function* checkedNumbers(numbers: Iterable<number>): Generator<number> {
  for (const number of numbers) {
    checkNumber(number, "RETR");
    yield number;
  }
}
