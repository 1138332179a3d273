import { abortable } from "../_wire/abortable.ts";
import { chunksOf, isReplayable } from "../_wire/body_source.ts";
import { checkClientOptions } from "../_wire/client_options.ts";
import { checkCommand, verbOf } from "../_wire/command.ts";
import { stateError } from "../_wire/errors.ts";
import { sayGoodbye } from "../_wire/goodbye.ts";
import { withDefaults } from "../_wire/limits.ts";
import type { BodySource, Bytes, OperationOptions } from "../_wire/options.ts";
import { bare, checkTls } from "../_wire/tls.ts";
import { Watchdog } from "../_wire/watchdog.ts";
import { crlfLines } from "./ascii.ts";
import { ensureDir, removeDir } from "./directories.ts";
import { downloadFile, uploadFile } from "./local_file.ts";
import { downloadTree, uploadTree } from "./local_tree.ts";
import { dirLines, listDirectory, nameList, statPath } from "./listing.ts";
import { byteSink, byteStream, lineStream, sendAll } from "./open_body.ts";
import { parseModified, parseQuotedPath, parseSize } from "./replies.ts";
import { Session } from "./session.ts";
import type {
  FtpConnectOptions,
  FtpEntry,
  FtpReply,
  OffsetOptions,
  TransferOptions,
  TransferResult,
} from "./types.ts";

/**
 * A connection to an FTP server (RFC 959), in the clear, with explicit TLS
 * (RFC 4217) or with implicit TLS. Commands called together wait their turn;
 * while a stream of a transfer is open every other command rejects.
 *
 * Whatever a method is given must not hold CR, LF or NUL: that is a
 * `TypeError` before anything is sent. A refusal of the server rejects with
 * {@linkcode FtpError}, a broken server with `ProtocolError`, a silent one with
 * a `DOMException` named `"TimeoutError"`.
 *
 * @example Fetch a file over TLS
 * ```ts
 * import { FtpClient } from "@wireline/std/ftp";
 *
 * await using ftp = await FtpClient.connect({
 *   hostname: "ftp.example.com",
 *   tls: "starttls",
 * });
 * await ftp.login("ada", "secret");
 * await ftp.download("reports/2026.pdf", "2026.pdf", { resume: true });
 * ```
 */
export class FtpClient implements AsyncDisposable {
  /** The server, as it was given to `connect`. */
  readonly hostname: string;
  /** The server's port. */
  readonly port: number;
  #session: Session;
  #forgetSignal: () => void;

  private constructor(
    hostname: string,
    port: number,
    session: Session,
    forgetSignal: () => void,
  ) {
    this.hostname = hostname;
    this.port = port;
    this.#session = session;
    this.#forgetSignal = forgetSignal;
  }

  /**
   * Connects, reads the greeting and, with `tls`, makes the connection secure.
   * `starttls` that the server does not offer is an error, never a connection
   * without it. Bad options are a `TypeError` before connecting.
   *
   * @example Connect to a server with a private CA
   * ```ts
   * import { FtpClient } from "@wireline/std/ftp";
   *
   * await using ftp = await FtpClient.connect({
   *   hostname: "files.lan",
   *   tls: "starttls",
   *   tlsOptions: { caCerts: [await Deno.readTextFile("ca.pem")] },
   * });
   * ```
   */
  static async connect(options: FtpConnectOptions): Promise<FtpClient> {
    const { tls = "none", signal, tlsSessionReuse = "auto" } = options;
    const port = options.port ?? (tls === "implicit" ? 990 : 21);
    checkClientOptions(options, port);
    const timeout = options.timeout ?? 60_000;
    const tlsOptions = checkTls(options.hostname, options.tlsOptions);
    if (tlsOptions.identity && tlsSessionReuse === "always") {
      throw new TypeError(
        'Cannot use tlsSessionReuse: "always" with a client certificate: ' +
          "the runtime does not resume such sessions",
      );
    }
    const session = await Session.open({
      reach: {
        hostname: bare(options.hostname),
        port,
        tls,
        tlsOptions,
        timeout,
        signal,
        setup: {
          watchdog: new Watchdog(timeout),
          limits: withDefaults(options.limits),
          encoding: options.encoding ?? "utf-8",
          onTrace: options.onTrace,
        },
      },
      data: {
        passive: options.passive ?? true,
        dataTimeout: options.dataTimeout ?? 10_000,
        trustPasvHost: options.trustPasvHost ?? false,
      },
      tlsSessionReuse,
      keepAlive: options.keepAlive ?? 30_000,
    });
    const abort = () => session.close(signal?.reason);
    signal?.addEventListener("abort", abort, { once: true });
    return new FtpClient(
      options.hostname,
      port,
      session,
      () => signal?.removeEventListener("abort", abort),
    );
  }

  /** The server's greeting. */
  get welcome(): FtpReply {
    return this.#session.control.welcome;
  }

  /** Whether TLS is on. */
  get secure(): boolean {
    return this.#session.secure;
  }

  /**
   * Signs in: USER, then PASS and ACCT as far as the server asks for them (RFC
   * 959 section 5.4). Without arguments as `anonymous`.
   *
   * @example
   * ```ts
   * import { FtpClient } from "@wireline/std/ftp";
   *
   * await using ftp = await FtpClient.connect({ hostname: "ftp.example.com" });
   * await ftp.login();
   * ```
   */
  login(
    user = "anonymous",
    password: string = user === "anonymous" ? "anonymous@" : "",
    account = "",
    options: OperationOptions = {},
  ): Promise<FtpReply> {
    return this.#turn(
      ["USER", user, password, account],
      options,
      () => this.#session.login({ user, password, account }),
    );
  }

  /**
   * Sends a command as it stands and resolves with the reply to it. For
   * commands without a data connection; the others have methods.
   */
  sendCmd(command: string, options: OperationOptions = {}): Promise<FtpReply> {
    return this.#turn([command], options, async () => {
      const verb = /^\w*/.exec(command)![0];
      if (/^(PASS|ACCT)$/i.test(verb)) {
        const secret = command.slice(verb.length + 1);
        return await this.#session.command(command, { secret });
      }
      this.#session.forgetAfter(command);
      return await this.#session.command(command);
    });
  }

  /**
   * What the server says it can do (FEAT, RFC 2389), names in upper case with
   * their parameters; empty where it does not say.
   */
  features(
    options: OperationOptions = {},
  ): Promise<ReadonlyMap<string, string>> {
    return this.#turn(["FEAT"], options, () => this.#session.features());
  }

  /** The working directory (PWD). */
  pwd(options: OperationOptions = {}): Promise<string> {
    return this.#turn(["PWD"], options, async () => {
      const reply = await this.#session.command("PWD");
      return parseQuotedPath(reply) ?? reply.text.split(" ")[0]!;
    });
  }

  /** Changes the working directory (CWD). */
  cwd(path: string, options: OperationOptions = {}): Promise<void> {
    return this.#paths(["CWD", path], options, async () => {
      await this.#session.command(path === ".." ? "CDUP" : `CWD ${path}`);
    });
  }

  /** Makes a directory (MKD); resolves with its path as the server says it. */
  mkd(path: string, options: OperationOptions = {}): Promise<string> {
    return this.#paths(["MKD", path], options, async () => {
      const reply = await this.#session.command(`MKD ${path}`);
      return parseQuotedPath(reply) ?? path;
    });
  }

  /** Removes an empty directory (RMD). */
  rmd(path: string, options: OperationOptions = {}): Promise<void> {
    return this.#paths(["RMD", path], options, async () => {
      await this.#session.command(`RMD ${path}`);
    });
  }

  /** Renames or moves (RNFR, RNTO). */
  rename(
    from: string,
    to: string,
    options: OperationOptions = {},
  ): Promise<void> {
    return this.#paths(["RNFR", from, to], options, async () => {
      await this.#session.command(`RNFR ${from}`);
      await this.#session.command(`RNTO ${to}`);
    });
  }

  /** Deletes a file (DELE). */
  delete(path: string, options: OperationOptions = {}): Promise<void> {
    return this.#paths(["DELE", path], options, async () => {
      await this.#session.command(`DELE ${path}`);
    });
  }

  /** Size of a file in bytes (SIZE, RFC 3659 section 4). */
  size(path: string, options: OperationOptions = {}): Promise<number> {
    return this.#paths(["SIZE", path], options, async () => {
      // In TYPE A a server counts line ends double, or refuses.
      await this.#session.useType("I");
      return parseSize(await this.#session.command(`SIZE ${path}`));
    });
  }

  /** When a file was last changed (MDTM, RFC 3659 section 3). */
  modified(path: string, options: OperationOptions = {}): Promise<Date> {
    return this.#paths(
      ["MDTM", path],
      options,
      async () => parseModified(await this.#session.command(`MDTM ${path}`)),
    );
  }

  /** The lines of LIST as the server writes them. */
  dir(path?: string, options: OperationOptions = {}): Promise<string[]> {
    return this.#paths(
      ["LIST", path ?? ""],
      options,
      () => dirLines(this.#session, path),
    );
  }

  /**
   * The names in a directory (NLST). Some servers give paths, some leave out
   * directories or names that begin with a dot; `list` knows more.
   */
  nlst(path?: string, options: OperationOptions = {}): Promise<string[]> {
    return this.#paths(
      ["NLST", path ?? ""],
      options,
      () => nameList(this.#session, path),
    );
  }

  /**
   * The entries of a directory: by MLSD (RFC 3659 section 7) where the server
   * has it, else by LIST, whose many formats {@linkcode parseList} knows. Names
   * that begin with a dot are among them wherever the server can be asked.
   *
   * @example
   * ```ts
   * import { FtpClient } from "@wireline/std/ftp";
   *
   * await using ftp = await FtpClient.connect({ hostname: "ftp.example.com" });
   * await ftp.login();
   * for (const { name, type, size } of await ftp.list("/pub")) {
   *   console.log(type, size, name);
   * }
   * ```
   */
  list(path?: string, options: OperationOptions = {}): Promise<FtpEntry[]> {
    return this.#paths(
      ["LIST", path ?? ""],
      options,
      () => listDirectory(this.#session, path),
    );
  }

  /**
   * The entry of one path: by MLST, else looked up in the listing of its
   * directory. A path that is not there rejects with `FtpError` 550.
   */
  stat(path: string, options: OperationOptions = {}): Promise<FtpEntry> {
    return this.#paths(
      ["MLST", path],
      options,
      () => statPath(this.#session, path),
    );
  }

  /**
   * Sends a command that answers with bytes, `RETR name`, in TYPE I. The stream
   * ends after the server's final reply, so an error there reaches its reader;
   * cancelling it closes the data connection and leaves the client usable.
   *
   * @example Read a file without a copy on the disk
   * ```ts
   * import { FtpClient } from "@wireline/std/ftp";
   *
   * await using ftp = await FtpClient.connect({ hostname: "ftp.example.com" });
   * await ftp.login();
   * const text = await new Response(await ftp.retrBinary("RETR a.txt")).text();
   * ```
   */
  async retrBinary(
    command: string,
    options: OffsetOptions = {},
  ): Promise<ReadableStream<Bytes>> {
    checkOffset(options.offset);
    return await this.#paths(
      [command],
      {},
      () => byteStream(this.#session, command, options),
      options.signal,
    );
  }

  /**
   * Sends a command that answers with text, `RETR name` or `LIST`, in TYPE A.
   * The stream gives the lines without their ends.
   */
  retrLines(
    command: string,
    options: OperationOptions = {},
  ): Promise<ReadableStream<string>> {
    return this.#paths(
      [command],
      {},
      () => lineStream(this.#session, command, options),
      options.signal,
    );
  }

  /**
   * Sends a command that takes bytes, `STOR name` or `APPE name`, in TYPE I,
   * and then the source. Resolves with the server's final reply.
   */
  storBinary(
    command: string,
    source: BodySource,
    options: OffsetOptions = {},
  ): Promise<FtpReply> {
    return this.#store(command, "I", options, () => {
      const first = chunksOf(source);
      const replayable = isReplayable(source);
      return {
        replayable,
        chunks: () => replayable ? chunksOf(source) : first,
      };
    });
  }

  /**
   * Sends a command that takes text in TYPE A. Every line goes out with CRLF;
   * an iterable of strings gives one line or more at a time.
   */
  storLines(
    command: string,
    source: BodySource | AsyncIterable<string>,
    options: OperationOptions = {},
  ): Promise<FtpReply> {
    return this.#store(command, "A", options, () => {
      const encoding = this.#session.options.reach.setup.encoding ?? "utf-8";
      const first = crlfLines(source, encoding);
      const replayable = isReplayable(source);
      return {
        replayable,
        chunks: () => replayable ? crlfLines(source, encoding) : first,
      };
    });
  }

  /**
   * Sends a command that takes bytes and resolves with where to write them.
   * Closing it resolves after the server's final reply; aborting it closes the
   * data connection, and the server keeps what it has got.
   */
  async writable(
    command: string,
    options: OffsetOptions = {},
  ): Promise<WritableStream<Uint8Array>> {
    checkOffset(options.offset);
    return await this.#paths(
      [command],
      {},
      () => byteSink(this.#session, command, options),
      options.signal,
    );
  }

  /**
   * ABOR: ends the transfer under way, whose stream errors with an
   * `AbortError`, and resolves with the server's reply. The client is usable
   * afterwards.
   */
  abort(options: OperationOptions = {}): Promise<FtpReply> {
    const { active } = this.#session;
    const stop = (reason: unknown) => this.#session.close(reason);
    if (active) return abortable(options.signal, stop, () => active.abort());
    return this.#turn(["ABOR"], options, () => this.#session.command("ABOR"));
  }

  /** Says goodbye and closes. */
  async quit(options: OperationOptions = {}): Promise<FtpReply> {
    return await this.#turn(["QUIT"], options, async () => {
      try {
        return await this.#session.command("QUIT");
      } finally {
        this.close();
      }
    });
  }

  /** Drops the connection at once. May be called twice, never throws. */
  close(): void {
    this.#forgetSignal();
    this.#session.close(stateError("Cannot go on: the client was closed"));
  }

  /** `quit()` where nothing is unfinished, for at most 5 s; then `close()`. */
  async [Symbol.asyncDispose](): Promise<void> {
    const { turns, control } = this.#session;
    await sayGoodbye(this, {
      unfinished: turns.busy || control.connection.closed,
    });
  }

  /**
   * Downloads a file to the local disk. With `resume` a part that is there is
   * kept. The file is written where it stands, not through a temporary name,
   * so that what an interrupted download has got can be resumed.
   *
   * @example
   * ```ts
   * import { FtpClient } from "@wireline/std/ftp";
   *
   * await using ftp = await FtpClient.connect({ hostname: "ftp.example.com" });
   * await ftp.login();
   * const { verified } = await ftp.download("disk.iso", "disk.iso", {
   *   resume: true,
   *   verify: true,
   *   onProgress: ({ bytes, total }) => console.log(bytes, "of", total),
   * });
   * console.log("compared by", verified);
   * ```
   */
  download(
    remote: string,
    local: string | URL,
    options: TransferOptions = {},
  ): Promise<TransferResult> {
    return this.#local(
      ["RETR", remote],
      options,
      () => downloadFile(this.#session, remote, local, options),
    );
  }

  /** Uploads a local file; with `resume` from the size the server reports. */
  upload(
    local: string | URL,
    remote: string,
    options: TransferOptions = {},
  ): Promise<TransferResult> {
    return this.#local(
      ["STOR", remote],
      options,
      () => uploadFile(this.#session, local, remote, options),
    );
  }

  /**
   * Downloads a directory with all that is in it. Nothing is ever written
   * outside `local`, whatever names the server lists, and no symbolic link on
   * the local disk is followed; remote links are, where they do not lead into
   * a directory they are in.
   */
  downloadDir(
    remote: string,
    local: string | URL,
    options: TransferOptions = {},
  ): Promise<TransferResult> {
    return this.#local(
      ["RETR", remote],
      options,
      () => downloadTree(this.#session, remote, local, options),
    );
  }

  /**
   * Uploads a local directory with all that is in it; directories are made as
   * needed. Local links to files are followed, links to directories are not.
   */
  uploadDir(
    local: string | URL,
    remote: string,
    options: TransferOptions = {},
  ): Promise<TransferResult> {
    return this.#local(
      ["STOR", remote],
      options,
      () => uploadTree(this.#session, local, remote, options),
    );
  }

  /** Makes a directory and those above it, where they are not there. */
  ensureDir(path: string, options: OperationOptions = {}): Promise<void> {
    return this.#paths(
      ["MKD", path],
      options,
      () => ensureDir(this.#session, path),
    );
  }

  /** Removes a directory with all that is in it; links are not followed. */
  removeDir(path: string, options: OperationOptions = {}): Promise<void> {
    return this.#paths(
      ["RMD", path],
      options,
      () => removeDir(this.#session, path),
    );
  }

  async #store(
    command: string,
    type: "A" | "I",
    options: OffsetOptions,
    source: Parameters<typeof sendAll>[3],
  ): Promise<FtpReply> {
    checkOffset(options.offset);
    return await this.#paths(
      [command],
      {},
      () => sendAll(this.#session, command, type, source, options),
      options.signal,
    );
  }

  /** A turn that may carry names, for which UTF-8 is asked for when needed. */
  #paths<T>(
    words: string[],
    options: OperationOptions,
    run: () => Promise<T>,
    transferSignal?: AbortSignal,
  ): Promise<T> {
    return this.#turn(words, options, async () => {
      // deno-lint-ignore no-control-regex
      if (words.some((word) => /[^\x00-\x7f]/.test(word))) {
        await this.#session.useUtf8();
      }
      return await run();
    }, transferSignal);
  }

  /** A turn of many commands and transfers. */
  #local<T>(
    words: string[],
    options: OperationOptions,
    run: () => Promise<T>,
  ): Promise<T> {
    return this.#paths(words, {}, run, options.signal);
  }

  /**
   * Waits for the turn and runs. `words` go on the wire and are looked at at
   * once. Aborting in the middle of a command closes the client, since nobody
   * would know which reply belongs to what; a transfer handles
   * `transferSignal` itself.
   */
  #turn<T>(
    words: string[],
    { signal }: OperationOptions,
    run: () => Promise<T>,
    transferSignal?: AbortSignal,
  ): Promise<T> {
    try {
      for (const word of words) checkCommand(word, verbOf(words[0]!));
    } catch (error) {
      return Promise.reject(error);
    }
    const session = this.#session;
    return session.turns.take(
      words.slice(0, 2).join(" ").trim().replace(/^(PASS|ACCT)\b.*/i, "$1"),
      signal ?? transferSignal,
      () => abortable(signal, (reason) => session.close(reason), run),
    );
  }
}

function checkOffset(offset = 0): void {
  if (!Number.isSafeInteger(offset) || offset < 0) {
    throw new TypeError(`Cannot begin at byte ${offset}`);
  }
}
