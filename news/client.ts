import { MailMessage } from "../mail/message/mod.ts";
import { abortable } from "../_wire/abortable.ts";
import { checkClientOptions } from "../_wire/client_options.ts";
import { checkCommand } from "../_wire/command.ts";
import { dotBody } from "../_wire/dot_body.ts";
import { dotRecords } from "../_wire/dot_lines.ts";
import { ProtocolError, stateError } from "../_wire/errors.ts";
import { sayGoodbye } from "../_wire/goodbye.ts";
import { withDefaults } from "../_wire/limits.ts";
import type {
  BodySource,
  ClientOptions,
  OperationOptions,
} from "../_wire/options.ts";
import {
  checkPipelineOptions,
  pipelined,
  type PipelineOptions,
} from "../_wire/pipeline.ts";
import { bare, checkTls } from "../_wire/tls.ts";
import { Turns } from "../_wire/turns.ts";
import { Watchdog } from "../_wire/watchdog.ts";
import { secretText } from "../mail/sasl/choose.ts";
import type { SaslSecret } from "../mail/sasl/types.ts";
import {
  checkArticle,
  checkHeader,
  checkMessageId,
  checkNumbers,
  checkPattern,
  checkRange,
  checkWord,
  formatSince,
} from "./arguments.ts";
import { PARTS, retrieveArticles, WINDOW } from "./articles.ts";
import { type HeaderLine, openHeader, openMatches } from "./headers.ts";
import { openList } from "./lists.ts";
import { parseOverview } from "./overview.ts";
import { sendArticle } from "./post.ts";
import {
  parseActive,
  parseArticleRef,
  parseDateReply,
  parseGroup,
} from "./replies.ts";
import { Session } from "./session.ts";
import type {
  ActiveGroup,
  Article,
  ArticlePart,
  ArticleRef,
  GroupSummary,
  NntpLoginOptions,
  Overview,
  RefusedArticle,
  RetrievedArticle,
} from "./types.ts";

/**
 * A connection to a news server (NNTP, RFC 3977), in the clear, with STARTTLS
 * or with implicit TLS. Commands called together wait their turn; while a
 * stream that one of them gave is open every other command rejects.
 *
 * Servers from before RFC 3977 are asked by XOVER, XHDR and the like; the caller
 * does not notice. A server that wants a user to sign in again in the middle of
 * a session gets the name and secret that `login` was given.
 *
 * A refusal rejects with {@linkcode NntpError}, a broken server with
 * `ProtocolError`, a silent one with a `DOMException` named `"TimeoutError"`.
 *
 * @example Read what is new in a group
 * ```ts
 * import { NntpClient } from "@wireline/std/news";
 *
 * await using nntp = await NntpClient.connect({
 *   hostname: "news.example.com",
 *   tls: "implicit",
 * });
 * const { first, last } = await nntp.group("comp.example");
 * if (first <= last) {
 *   const range = `${Math.max(first, last - 9)}-`;
 *   for await (const { number, subject } of await nntp.over(range)) {
 *     console.log(number, subject);
 *   }
 *   const { content } = await nntp.body(last);
 *   console.log(await new Response(content).text());
 * }
 * ```
 */
export class NntpClient implements AsyncDisposable {
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
   * it. `reader: false` leaves out MODE READER, for passing news on by `ihave`.
   * Bad options are a `TypeError` before connecting.
   */
  static async connect(
    options: ClientOptions & { reader?: boolean | undefined },
  ): Promise<NntpClient> {
    const { tls = "none", timeout = 60_000 } = options;
    const port = options.port ?? (tls === "implicit" ? 563 : 119);
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
      reader: options.reader ?? true,
    }, {
      watchdog,
      limits: withDefaults(options.limits),
      onTrace: options.onTrace,
    });
    const client = new NntpClient(session, options, port);
    // Aborted since, when nobody was listening.
    if (options.signal?.aborted) client.#close(options.signal.reason);
    options.signal?.throwIfAborted();
    return client;
  }

  /** Whether TLS is on. */
  get secure(): boolean {
    return this.#session.control.connection.secure;
  }

  /** Whether the server takes articles from this user, as far as it has said. */
  get canPost(): boolean {
    return this.#session.canPost;
  }

  /**
   * What the server says it can do (CAPABILITIES, RFC 3977 section 5.2): names
   * in upper case with their parameters; empty where it does not say.
   */
  capabilities(
    options: OperationOptions = {},
  ): Promise<ReadonlyMap<string, string>> {
    return this.#turn(
      "CAPABILITIES",
      options,
      () => this.#session.capabilities(),
    );
  }

  /**
   * Signs in (RFC 4643): by AUTHINFO USER and PASS where the server offers them
   * and nobody can listen, else by the strongest SASL mechanism. There is no
   * second try by another one; `mechanism` says which it is to be. Not possible
   * after `compress`.
   */
  async login(
    user: string,
    secret: SaslSecret,
    options: NntpLoginOptions = {},
  ): Promise<void> {
    for (const text of [secretText(user, secret), user]) {
      checkCommand(text, "AUTHINFO");
    }
    await this.#turn(
      "AUTHINFO",
      options,
      () => this.#session.login(user, secret, options.mechanism),
    );
  }

  /** Selects a group (GROUP, RFC 3977 section 6.1.1). */
  async group(
    name: string,
    options: OperationOptions = {},
  ): Promise<GroupSummary> {
    const command = `GROUP ${checkWord("a group's name", name)}`;
    return await this.#turn(command, options, async () => {
      const { text } = await this.#session.command(command, [211]);
      this.#session.group = name;
      return parseGroup(text, name) ?? this.#broken(text);
    });
  }

  /**
   * Selects a group, by default the one that is selected, and gives the numbers
   * of its articles (LISTGROUP, section 6.1.2); of those in `range` only, such
   * as `"100-"` or `"100-199"`.
   */
  async listGroup(
    name?: string,
    range?: string,
    options: OperationOptions = {},
  ): Promise<ReadableStream<number>> {
    if (name !== undefined) checkWord("a group's name", name);
    const within = range === undefined ? "" : checkNumbers(range);
    return await this.#records("LISTGROUP", options, async () => {
      const group = name ?? (within === "" ? "" : this.#session.group);
      if (group === undefined) {
        throw new TypeError(
          "Cannot list articles in a range: name the group, or select one",
        );
      }
      // RFC 2980 has no range: the choice is made here.
      const chosen = (await this.#session.capabilities()).size > 0;
      const command = `LISTGROUP ${group} ${chosen ? within : ""}`.trimEnd();
      await this.#session.command(command, [211]);
      if (group !== "") this.#session.group = group;
      const [from, to = from] = chosen || within === ""
        ? ["0", ""]
        : within.split("-");
      const last = to === "" ? Infinity : Number(to);
      return (line) => {
        if (!/^\s*\d+\s*$/.test(line)) this.#broken(line);
        const number = Number(line);
        const wanted = number >= Number(from) && number <= last;
        return wanted ? number : undefined;
      };
    });
  }

  /**
   * Whether there is an article, and which (STAT, section 6.2.4): by number in
   * the selected group, by Message-ID, or the current one.
   */
  stat(
    id?: string | number,
    options: OperationOptions = {},
  ): Promise<ArticleRef> {
    return this.#pointer("STAT", id, options);
  }

  /** Makes the next article of the group the current one (NEXT, section 6.1.4). */
  next(options: OperationOptions = {}): Promise<ArticleRef> {
    return this.#pointer("NEXT", undefined, options);
  }

  /** Makes the article before the current one the current one (LAST, section 6.1.3). */
  last(options: OperationOptions = {}): Promise<ArticleRef> {
    return this.#pointer("LAST", undefined, options);
  }

  /**
   * An article (ARTICLE, section 6.2.1) by number in the selected group, by
   * Message-ID, or the current one: its bytes, of any size and any charset.
   * Cancelling reads and drops up to 1 MiB of the rest; beyond that the
   * connection is closed.
   */
  article(
    id?: string | number,
    options: OperationOptions = {},
  ): Promise<Article> {
    return this.#article("article", id, options);
  }

  /** The header of an article (HEAD, section 6.2.2), as `article` gives it all. */
  head(
    id?: string | number,
    options: OperationOptions = {},
  ): Promise<Article> {
    return this.#article("head", id, options);
  }

  /** The body of an article (BODY, section 6.2.3), as `article` gives it all. */
  body(
    id?: string | number,
    options: OperationOptions = {},
  ): Promise<Article> {
    return this.#article("body", id, options);
  }

  /**
   * Many articles, or their heads or bodies, in order, each whole in memory; the
   * commands for the next ones are under way meanwhile (RFC 3977 section 3.5).
   * An article that the server refuses, or that is larger than `maxSize`, is
   * reported in its place. From the call to the end of the stream every other
   * command rejects.
   *
   * @example
   * ```ts
   * import { NntpClient } from "@wireline/std/news";
   *
   * await using nntp = await NntpClient.connect({
   *   hostname: "news.example.com",
   * });
   * await nntp.group("comp.example");
   * const numbers = await Array.fromAsync(await nntp.listGroup());
   * for await (const article of nntp.articles(numbers)) {
   *   if ("content" in article) console.log(article.content.length);
   *   else console.error(article.error.message);
   * }
   * ```
   */
  articles(
    ids: Iterable<number | string>,
    part: ArticlePart = "article",
    options: PipelineOptions = {},
  ): ReadableStream<RetrievedArticle | RefusedArticle> {
    const bounds = checkPipelineOptions(options, WINDOW);
    // A text is iterable, character by character.
    if (typeof ids === "string") {
      throw new TypeError("Cannot retrieve articles: give the ids in an array");
    }
    if (!Object.hasOwn(PARTS, part)) {
      throw new TypeError(
        `Cannot retrieve ${part}: it is "article", "head" or "body"`,
      );
    }
    return pipelined<number | string, ArticleRef, RefusedArticle>(
      // The turn is taken at the call, in the order of the calls.
      (open) =>
        // Nothing is sent in it, so aborting it needs no more.
        this.#turns.take(PARTS[part].verb, options.signal, () => {
          const o = { ids, part, ...bounds };
          open(retrieveArticles(this.#session, this.#turns, o));
          return Promise.resolve();
        }),
      options.signal,
    );
  }

  /**
   * One header field of articles (HDR, section 8.5, or XHDR), or `":bytes"` or
   * `":lines"`: pairs of the article's number and the field, empty where the
   * article has none. `range` is a number, `"5-"`, `"5-9"`, a Message-ID, which
   * then stands in the place of the number, or by default the current article.
   */
  async xhdr(
    header: string,
    range?: string | number,
    options: OperationOptions = {},
  ): Promise<ReadableStream<[id: string, value: string]>> {
    checkHeader(header);
    const articles = checkRange(range);
    return await this.#records<HeaderLine>(
      `HDR ${header}`,
      options,
      () => openHeader(this.#session, header, articles),
    );
  }

  /**
   * The articles whose header field fits a pattern such as `"*deno*"` or `"Re: *"`
   * (XPAT, RFC 2980 section 2.9), as `xhdr` gives them. A server without XPAT
   * sends the field of all of them, and the choice is made here.
   */
  async xpat(
    header: string,
    range: string | number,
    pattern: string,
    options: OperationOptions = {},
  ): Promise<ReadableStream<[id: string, value: string]>> {
    checkHeader(header);
    checkPattern(pattern);
    const articles = checkRange(range);
    return await this.#records<HeaderLine>(
      `XPAT ${header}`,
      options,
      () => openMatches(this.#session, header, articles, pattern),
    );
  }

  /**
   * What the server's overview has of articles (OVER, section 8.3, or XOVER), in
   * whatever order the server keeps its fields. `range` is as in `xhdr`. A range
   * without articles, in an empty group any, rejects with 423.
   */
  async over(
    range?: string | number,
    options: OperationOptions = {},
  ): Promise<ReadableStream<Overview>> {
    const articles = checkRange(range);
    return await this.#records(`OVER ${articles}`, options, async () => {
      const fields = await this.#session.overviewFields();
      const verb = await this.#session.has("OVER") ? "OVER" : "XOVER";
      await this.#session.command(`${verb} ${articles}`.trimEnd(), [224]);
      return (line) => {
        // QUIRK: an empty line says nothing of any article.
        if (line === "") return undefined;
        return parseOverview(line, fields) ?? this.#broken(line);
      };
    });
  }

  /**
   * A list (LIST, section 7.6 and RFC 6048) as its lines: `"ACTIVE"` by default,
   * `"NEWSGROUPS"` (descriptions), `"ACTIVE.TIMES"`, `"COUNTS"`, `"HEADERS"`,
   * `"MOTD"`, `"SUBSCRIPTIONS"` and what else the server has; of the groups that
   * fit `wildmat` only, where the list is of groups.
   */
  async list(
    kind = "ACTIVE",
    wildmat?: string,
    options: OperationOptions = {},
  ): Promise<ReadableStream<string>> {
    checkWord("a kind of list", kind);
    if (wildmat !== undefined) checkWord("a pattern", wildmat);
    return await this.#records(`LIST ${kind}`, options, async () => {
      const wanted = await openList(this.#session, kind, wildmat);
      return (line) => wanted(line) ? line : undefined;
    });
  }

  /** The groups that the server has, or those that fit `wildmat` (LIST ACTIVE). */
  async active(
    wildmat?: string,
    options: OperationOptions = {},
  ): Promise<ReadableStream<ActiveGroup>> {
    if (wildmat !== undefined) checkWord("a pattern", wildmat);
    return await this.#records("LIST ACTIVE", options, async () => {
      const wanted = await openList(this.#session, "ACTIVE", wildmat);
      return (line) => wanted(line) ? this.#active(line) : undefined;
    });
  }

  /** The groups that were created since (NEWGROUPS, section 7.3). */
  async newGroups(
    since: Date,
    options: OperationOptions = {},
  ): Promise<ReadableStream<ActiveGroup>> {
    formatSince(since, { shortYear: false });
    return await this.#records("NEWGROUPS", options, async () => {
      const time = formatSince(since, await this.#sinceFormat());
      await this.#session.command(`NEWGROUPS ${time}`, [231]);
      return (line) => this.#active(line);
    });
  }

  /**
   * The Message-IDs of articles that have arrived since in groups that fit
   * `wildmat` (NEWNEWS, section 7.4).
   */
  async newNews(
    wildmat: string,
    since: Date,
    options: OperationOptions = {},
  ): Promise<ReadableStream<string>> {
    checkWord("a pattern", wildmat);
    formatSince(since, { shortYear: false });
    return await this.#records("NEWNEWS", options, async () => {
      const time = formatSince(since, await this.#sinceFormat());
      await this.#session.command(`NEWNEWS ${wildmat} ${time}`, [230]);
      return (line) => line.trim();
    });
  }

  /** The server's clock (DATE, section 7.1). */
  date(options: OperationOptions = {}): Promise<Date> {
    return this.#turn("DATE", options, async () => {
      const { text } = await this.#session.command("DATE", [111]);
      return parseDateReply(text) ?? this.#broken(text);
    });
  }

  /** What the server says for people (HELP, section 7.2), in lines. */
  help(options: OperationOptions = {}): Promise<string[]> {
    return this.#turn("HELP", options, async () => {
      await this.#session.command("HELP", [100]);
      return await this.#session.control.lines();
    });
  }

  /**
   * Posts an article (POST, section 6.3.1): header, empty line and body, of any
   * line ends. Resolves when the server has taken it. A connection that is lost
   * after all of it was sent leaves it uncertain; the same Message-ID in a
   * second try keeps it from appearing twice.
   *
   * @example
   * ```ts
   * import { NntpClient } from "@wireline/std/news";
   *
   * await using nntp = await NntpClient.connect({
   *   hostname: "news.example.com",
   *   tls: "implicit",
   * });
   * await nntp.login("ada", "secret");
   * await nntp.post(
   *   "From: Ada <ada@example.com>\n" +
   *     "Newsgroups: comp.example\n" +
   *     "Subject: Engines\n" +
   *     "\n" +
   *     "They can compose music.\n",
   * );
   * ```
   */
  post(
    article: BodySource | MailMessage,
    options: OperationOptions = {},
  ): Promise<void> {
    return this.#turn(
      "POST",
      options,
      () =>
        sendArticle(this.#session, "POST", {
          article: article instanceof MailMessage
            ? article.toStream({ keepBcc: false })
            : article,
          invitation: 340,
          accepted: 240,
        }),
    );
  }

  /**
   * Passes an article on to a server that may have it (IHAVE, section 6.3.2);
   * 435 and 437 say that it does not want it, 436 to try later.
   */
  async ihave(
    messageId: string,
    article: BodySource,
    options: OperationOptions = {},
  ): Promise<void> {
    const command = `IHAVE ${checkMessageId(messageId)}`;
    await this.#turn(
      command,
      options,
      () =>
        sendArticle(this.#session, command, {
          article,
          invitation: 335,
          accepted: 235,
        }),
    );
  }

  /**
   * Has everything compressed from here on, in both directions (COMPRESS
   * DEFLATE, RFC 8054). Sign in before: afterwards it is not possible any more,
   * and a server that asks for it then is an {@linkcode NntpError} of 480.
   */
  compress(options: OperationOptions = {}): Promise<void> {
    return this.#turn("COMPRESS", options, () => this.#session.compress());
  }

  /** Says goodbye and closes (QUIT, section 5.4). */
  async quit(options: OperationOptions = {}): Promise<void> {
    await this.#turn("QUIT", options, async () => {
      try {
        await this.#session.control.command("QUIT", [205]);
      } finally {
        this.close();
      }
    });
  }

  /** Drops the connection at once. May be called twice, never throws. */
  close(): void {
    this.#close(stateError("Cannot go on: the client was closed"));
  }

  /** Says goodbye where nothing is unfinished, for at most 5 s, and closes. */
  async [Symbol.asyncDispose](): Promise<void> {
    const unfinished = this.#turns.busy || this.#session.control.closed;
    await sayGoodbye(this, { unfinished });
  }

  #close(reason: unknown): void {
    this.#forgetSignal();
    this.#session.control.connection.close(reason);
  }

  /** A server that knows no CAPABILITIES may know no year of four digits. */
  async #sinceFormat(): Promise<{ shortYear: boolean }> {
    const { size } = await this.#session.capabilities();
    return { shortYear: size === 0 };
  }

  async #pointer(
    verb: string,
    id: string | number | undefined,
    options: OperationOptions,
  ): Promise<ArticleRef> {
    const command = `${verb} ${checkArticle(id)}`.trimEnd();
    return await this.#turn(command, options, async () => {
      const { text } = await this.#session.command(command, [223]);
      return parseArticleRef(text) ?? this.#broken(text);
    });
  }

  async #article(
    part: ArticlePart,
    id: string | number | undefined,
    options: OperationOptions,
  ): Promise<Article> {
    const { verb, code } = PARTS[part];
    const command = `${verb} ${checkArticle(id)}`.trimEnd();
    return await this.#turn(command, options, async () => {
      const { text } = await this.#session.command(command, [code]);
      const ref = parseArticleRef(text) ?? this.#broken(text);
      const content = dotBody(this.#body(command, options));
      return { ...ref, content };
    });
  }

  /** `open` has the server send lines, and knows what they say. */
  #records<T>(
    command: string,
    options: OperationOptions,
    open: () => Promise<(line: string) => T | undefined>,
  ): Promise<ReadableStream<T>> {
    return this.#turn(command, options, async () => {
      const parse = await open();
      return dotRecords({ ...this.#body(command, options), parse });
    });
  }

  #body(command: string, { signal }: OperationOptions) {
    return {
      connection: this.#session.control.connection,
      turns: this.#turns,
      name: `the answer to ${command.trimEnd()}`,
      signal,
    };
  }

  #active(line: string): ActiveGroup {
    return parseActive(line) ?? this.#broken(line);
  }

  #broken(line: string): never {
    const { connection } = this.#session.control;
    const error = new ProtocolError(
      `Cannot ${connection.doing}: the server answered ` +
        JSON.stringify(connection.mask(line).slice(0, 80)),
    );
    connection.close(error);
    throw error;
  }

  /**
   * Waits for the turn and runs. Aborting in the middle of a command closes the
   * client, since nobody would know which answer belongs to what.
   */
  #turn<T>(
    what: string,
    { signal }: OperationOptions,
    run: () => Promise<T>,
  ): Promise<T> {
    return this.#turns.take(
      what.trimEnd(),
      signal,
      () => abortable(signal, (reason) => this.#close(reason), run),
    );
  }
}
