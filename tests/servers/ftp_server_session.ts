/**
 * One control connection of {@linkcode FtpServer}: reading commands, calling
 * them in order, and replying.
 *
 * @module
 */

import { Buffer } from "node:buffer";
import { ACCESS_COMMANDS } from "./ftp_server_access.ts";
import type { SessionContext } from "./ftp_server.ts";
import { FILE_COMMANDS } from "./ftp_server_commands.ts";
import { DataChannel, writeAll } from "./ftp_server_data.ts";
import { FACTS, resolvePath } from "./ftp_server_files.ts";
import { asRefusal, isConnectionError, Refusal } from "./ftp_server_refusal.ts";
import { TRANSFER_COMMANDS } from "./ftp_server_transfers.ts";

/** What hooks may see and do of a session. */
export interface FtpSession {
  /** 1 for the server's first control connection, and so on. */
  readonly id: number;
  /** Who has logged in. */
  readonly user: string | undefined;
  /** Whether the control connection is under TLS. */
  readonly secure: boolean;
  /** The current directory. */
  readonly directory: string;
  /** Sends lines at once, a final CRLF added if there is none. */
  send(text: string): Promise<void>;
  /** Cuts the session off without a word. */
  close(): void;
}

/** A command's implementation. It replies, or throws what becomes a reply. */
export type Command = (session: Session, argument: string) => Promise<void>;

/** Far more than a path needs (PATH_MAX is 4,096 on Linux). */
const MAX_LINE = 4_096;
/** How many commands may wait for a transfer before reading pauses. */
const MAX_WAITING = 64;
/** How much to read and forget after refusing a line that is too long. */
const MAX_WASTE = 1024 * 1024;

const COMMANDS = new Map<string, Command>(Object.entries({
  ...ACCESS_COMMANDS,
  ...FILE_COMMANDS,
  ...TRANSFER_COMMANDS,
}));

/** RFC 959 section 5.4 and RFC 4217 let these come before the login. */
const BEFORE_LOGIN = new Set([
  ..."USER PASS ACCT AUTH PBSZ PROT CCC QUIT REIN".split(" "),
  ..."FEAT OPTS HELP NOOP SYST".split(" "),
]);

/** One control connection and the state its commands set. */
export class Session implements FtpSession {
  readonly id: number;
  readonly context: SessionContext;
  readonly data: DataChannel;

  secure = false;
  user: string | undefined;
  /** Named by USER, not yet by PASS or ACCT. */
  candidate: string | undefined;
  passwordGiven = false;
  directory = "/";
  type: "A" | "I" = "A"; // RFC 959 section 5.1
  /** Set by REST for the next transfer. */
  restart = 0;
  renameFrom: string | undefined;
  facts: readonly string[] = FACTS;
  hash: string;
  epsvOnly = false;
  bufferSizeGiven = false;
  /** Whether data connections are under TLS. */
  protect = false;
  /** Ends the session after the present command. */
  ending = false;

  #conn: Deno.Conn;
  #buffer = new Uint8Array(MAX_LINE);
  #buffered = 0;
  #skipLf = false;
  #waiting = 0;
  #abortsRead = 0;
  #abortsAnswered = 0;
  #closed = false;
  #failure: unknown;
  #whenClosed = Promise.withResolvers<void>();
  #interruption = Promise.withResolvers<void>();

  constructor(conn: Deno.TcpConn, context: SessionContext, id: number) {
    this.id = id;
    this.context = context;
    this.#conn = conn;
    this.hash = context.features.hash[0] ?? "SHA-256";
    this.data = new DataChannel(
      conn.remoteAddr.hostname,
      context.options.dataTimeoutMs ?? 10_000,
    );
  }

  /** The address the client reached this server at. */
  get localHostname(): string {
    return (this.#conn.localAddr as Deno.NetAddr).hostname;
  }

  /** The address of the client. */
  get remoteHostname(): string {
    return (this.#conn.remoteAddr as Deno.NetAddr).hostname;
  }

  /** Whether an ABOR has been read that is still to be answered. */
  get aborting(): boolean {
    return this.#abortsRead > this.#abortsAnswered;
  }

  /** Resolves at the next ABOR or at the end of the session. */
  get interrupted(): Promise<void> {
    return this.#interruption.promise;
  }

  /** Serves until the client or the server has had enough. */
  async run(): Promise<void> {
    const { options, bridge } = this.context;
    try {
      if (options.tls === "implicit") {
        await this.secureControl(bridge!);
        this.protect = true;
      }
      await this.#greet(options.greeting ?? ["Wireline test server"]);
      if (!this.ending) await this.#readCommands();
      await this.#conn.closeWrite();
    } catch (error) {
      if (!this.#closed && !isConnectionError(error)) throw error;
    } finally {
      this.close();
    }
    if (this.#failure !== undefined) throw this.#failure;
  }

  /** Cuts the session off. */
  close(): void {
    this.#closed = this.ending = true;
    this.data.abort();
    this.#conn[Symbol.dispose]();
    this.#whenClosed.resolve();
    this.#interruption.resolve();
  }

  /** Sends a reply; of more than one line, as RFC 959 section 4.2 frames it. */
  async reply(code: number, ...lines: string[]): Promise<void> {
    const last = lines.pop() ?? "";
    const [first, ...middle] = lines;
    const text = first === undefined ? "" : `${code}-${first}\r\n` +
      // A leading space keeps a line from looking like the last one.
      middle.map((line) => ` ${line}\r\n`).join("");
    await this.send(`${text}${code} ${last}`);
  }

  async send(text: string): Promise<void> {
    if (text === "") return;
    const lines = text.endsWith("\r\n") ? text : text + "\r\n";
    await writeAll(this.#conn, this.encode(lines));
  }

  /** Text to bytes as names are coded on this server. */
  encode(text: string): Uint8Array {
    return this.context.features.utf8
      ? new TextEncoder().encode(text)
      : Buffer.from(text, "latin1");
  }

  /** Makes a client's path absolute. An empty one is a syntax error. */
  path(argument: string): string {
    if (argument === "") throw new Refusal(501, "A path is missing");
    return resolvePath(this.directory, argument);
  }

  /** Puts the control connection under TLS. */
  async secureControl(
    bridge: NonNullable<SessionContext["bridge"]>,
  ): Promise<void> {
    const early = this.#buffer.slice(0, this.#buffered);
    this.#buffered = 0;
    this.#conn = await bridge.upgrade(this.#conn, early);
    this.secure = true;
  }

  /** Forgets who the client is (REIN, AUTH). */
  logOut(): void {
    this.user = this.candidate = undefined;
    this.passwordGiven = this.epsvOnly = false;
    this.directory = "/";
    this.type = "A";
    this.restart = 0;
  }

  /** Answers the ABOR at hand. */
  async answerAbort(): Promise<void> {
    this.#abortsAnswered++;
    this.data.abort();
    await this.reply(226, "Abort successful");
  }

  async #greet(lines: readonly string[]): Promise<void> {
    const first = lines[0] ?? "";
    if (!/^\d{3}[ -]/.test(first)) return await this.reply(220, ...lines);
    await this.send(lines.join("\r\n"));
    this.ending = /^[45]/.test(first);
  }

  /**
   * Reads commands and chains their execution, so that reading goes on while a
   * transfer runs.
   */
  async #readCommands(): Promise<void> {
    let tail = Promise.resolve();
    try {
      while (!this.ending) {
        const line = await this.#readLine();
        if (line === undefined) {
          // RFC 959 section 3.2: the control connection's end aborts.
          this.#abort();
          break;
        }
        this.context.commands.push(line);
        const [, verb = "", argument = ""] =
          /^([A-Za-z][A-Za-z0-9]{1,9})(?: (.*))?$/s.exec(line) ?? [];
        const command = verb.toUpperCase();
        if (command === "ABOR") this.#abort();
        this.#waiting++;
        tail = tail.then(() => this.#execute(command, argument));
        // After AUTH, TLS takes the connection over at the next byte.
        const pause = command === "AUTH" || command === "QUIT" ||
          this.#waiting >= MAX_WAITING;
        if (pause) await tail;
      }
    } catch (error) {
      this.close();
      throw error;
    } finally {
      await tail;
    }
  }

  #abort(): void {
    this.#abortsRead++;
    this.data.abort();
    this.#interruption.resolve();
    this.#interruption = Promise.withResolvers();
  }

  /** Carries one command out; never rejects. */
  async #execute(verb: string, argument: string): Promise<void> {
    this.#waiting--;
    if (this.ending) return;
    try {
      const { onCommand } = this.context.options;
      if (onCommand) {
        const answer = await Promise.race([
          onCommand(verb, argument, this),
          this.#whenClosed.promise.then(() => ""),
        ]);
        if (answer !== undefined) {
          if (verb === "ABOR") this.#abortsAnswered++;
          return await this.send(answer);
        }
      }
      await this.#call(verb, argument);
      if (verb !== "RNFR") this.renameFrom = undefined;
    } catch (error) {
      if (!isConnectionError(error)) this.#failure ??= error;
      this.close();
    }
  }

  async #call(verb: string, argument: string): Promise<void> {
    try {
      const command = COMMANDS.get(verb);
      if (!command) {
        throw new Refusal(500, verb ? `Unknown command ${verb}` : "Bad syntax");
      }
      if (this.user === undefined && !BEFORE_LOGIN.has(verb)) {
        throw new Refusal(530, "Log in with USER and PASS first");
      }
      if (/[\0\r]/.test(argument)) throw new Refusal(501, "Bad character");
      await command(this, argument);
    } catch (error) {
      const refusal = asRefusal(error);
      if (!refusal) throw error;
      await this.reply(refusal.code, refusal.message);
    }
  }

  /** Reads a line; `undefined` at the end of the stream. */
  async #readLine(): Promise<string | undefined> {
    while (true) {
      if (this.#skipLf && this.#buffered > 0) {
        this.#skipLf = false;
        if (this.#buffer[0] === 0x0a) this.#take(1);
      }
      const lf = this.#buffer.subarray(0, this.#buffered).indexOf(0x0a);
      if (lf >= 0) return this.#decodeLine(this.#take(lf + 1));
      // QUIRK: Python's ftplib sends ABOR as urgent data, which takes its LF
      // out of the stream.
      if (this.#buffered <= 16 && /^ABOR\r$/.test(this.#peek())) {
        this.#skipLf = true;
        return this.#decodeLine(this.#take(this.#buffered));
      }
      if (this.#buffered === MAX_LINE) {
        await this.#refuseLongLine();
        return undefined;
      }
      const count = await this.#conn.read(
        this.#buffer.subarray(this.#buffered),
      );
      if (count === null) return undefined;
      this.#buffered += count;
    }
  }

  #peek(): string {
    return this.#decode(this.#buffer.subarray(0, this.#buffered));
  }

  #take(count: number): Uint8Array {
    const taken = this.#buffer.slice(0, count);
    this.#buffer.copyWithin(0, count, this.#buffered);
    this.#buffered -= count;
    return taken;
  }

  #decodeLine(bytes: Uint8Array): string {
    return this.#decode(bytes).replace(/\r?\n?$/, "");
  }

  /** Leaves out the Telnet codes before ABOR, RFC 959 section 4.1.3. */
  #decode(bytes: Uint8Array): string {
    const kept: number[] = [];
    for (let i = 0; i < bytes.length; i++) {
      const next = bytes[i + 1] ?? 0;
      if (bytes[i] === 0xff && next >= 0xf0 && next < 0xff) i++;
      else kept.push(bytes[i]!);
    }
    return this.context.features.utf8
      ? new TextDecoder("utf-8", { ignoreBOM: true })
        .decode(Uint8Array.from(kept))
      : Buffer.from(kept).toString("latin1");
  }

  async #refuseLongLine(): Promise<void> {
    await this.reply(500, "The line is too long");
    await this.#conn.closeWrite();
    // Closing with input unread would take the reply back.
    for (let wasted = 0; wasted < MAX_WASTE;) {
      const count = await this.#conn.read(this.#buffer);
      if (count === null) return;
      wasted += count;
    }
  }
}
