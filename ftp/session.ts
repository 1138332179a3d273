import { stateError } from "../_wire/errors.ts";
import { SessionMemory, type TlsVersion } from "../_wire/node_tls.ts";
import { Turns } from "../_wire/turns.ts";
import {
  type CommandOptions,
  Control,
  type ControlOptions,
} from "./control.ts";
import { DataConnector, type DataOptions } from "./data_connection.ts";
import { FtpError } from "./ftp_error.ts";
import type { ActiveTransfer } from "./open_body.ts";
import { parseFeatures } from "./replies.ts";
import type { FtpReply } from "./types.ts";

/** What a session was asked to be. */
export interface SessionOptions {
  reach: ControlOptions;
  data: DataOptions;
  tlsSessionReuse: "auto" | "always" | "never";
  keepAlive: number;
}

/** The user, as typed: kept until a data connection has succeeded. */
interface Login {
  user: string;
  password: string;
  account: string;
}

/**
 * A user's session: the control connection together with what the server was
 * told on it, so that it can be made a second time when the server turns out to
 * demand TLS session reuse.
 */
export class Session {
  readonly options: SessionOptions;
  /** The order of commands. */
  readonly turns: Turns = new Turns();
  /** How data connections are made. */
  readonly data: DataConnector;
  control: Control;
  /** The transfer that `abort()` would end. */
  active: ActiveTransfer | undefined;
  /** The option that makes LIST show dot files: "" where there is none. */
  listOption: "-a" | "" | undefined;
  /** What data connections resume, where they do. */
  memory: SessionMemory | undefined;
  #login: Login | undefined;
  #type: "A" | "I" | undefined;
  #private = false;
  #features: Map<string, string> | undefined;
  #utf8Asked = false;
  #proven = false;
  /** What led to the working directory, until a data connection succeeds. */
  #moves: string[] = [];
  #closed: { reason: unknown } | undefined;

  private constructor(
    options: SessionOptions,
    control: Control,
    memory: SessionMemory | undefined,
  ) {
    this.options = options;
    this.control = control;
    this.memory = memory;
    this.data = new DataConnector(options.data, options.reach);
  }

  /** Connects. */
  static async open(options: SessionOptions): Promise<Session> {
    const reuse = options.reach.tls !== "none" &&
      options.tlsSessionReuse === "always";
    const { control, memory } = await connect(options.reach, reuse);
    return new Session(options, control, memory);
  }

  /** Whether TLS runs on the control connection. */
  get secure(): boolean {
    return this.control.connection.secure;
  }

  /** A command and its reply; the turn is the caller's. */
  async command(
    command: string,
    options?: CommandOptions,
  ): Promise<FtpReply> {
    this.#checkOpen(command);
    const reply = await this.control.command(command, options);
    // Asked for later, the directory could not be had: vsftpd refuses the
    // first data connection and hangs up.
    if (/^(CWD|CDUP)\b/i.test(command) && this.#mayRenew()) {
      this.#moves.push(command);
    }
    return reply;
  }

  /** Signs in (RFC 959 section 5.4). */
  async login(login: Login): Promise<FtpReply> {
    let reply = await this.command(`USER ${login.user}`);
    if (reply.code === 331) {
      reply = await this.command(`PASS ${login.password}`, {
        secret: login.password,
      });
    }
    if (reply.code === 332) {
      if (login.account === "") {
        throw new FtpError(reply, "log in", "give login() an account");
      }
      reply = await this.command(`ACCT ${login.account}`, {
        secret: login.account,
      });
    }
    // REIN and a second USER may reset the rest (RFC 959 section 4.1.1).
    this.#type = undefined;
    this.#utf8Asked = false;
    this.#features = undefined;
    // Only a session that may have to be made again needs the password.
    this.#login = this.#mayRenew() ? login : undefined;
    if (this.#login) this.#moves = [];
    return reply;
  }

  /** TYPE, where the server is not in it already. */
  async useType(type: "A" | "I"): Promise<void> {
    if (this.#type === type) return;
    await this.command(`TYPE ${type}`);
    this.#type = type;
  }

  /** A command of the user's may have changed what is remembered here. */
  forgetAfter(command: string): void {
    if (/^(TYPE|REIN|USER|PASS)\b/i.test(command)) this.#type = undefined;
    if (/^(PROT|PBSZ|REIN|AUTH|CCC)\b/i.test(command)) this.#private = false;
    if (/^(FEAT|OPTS|REIN|USER|PASS|AUTH)\b/i.test(command)) {
      this.#features = undefined;
      this.#utf8Asked = false;
    }
  }

  /** FEAT, once; a server that does not know it has none. */
  async features(): Promise<Map<string, string>> {
    if (this.#features) return this.#features;
    try {
      this.#features = parseFeatures(await this.command("FEAT"));
    } catch (error) {
      if (!(error instanceof FtpError) || error.transient) throw error;
      this.#features = new Map();
    }
    return this.#features;
  }

  /**
   * Asks for UTF-8 names where the server offers the choice, before the first
   * name that could need it (RFC 2640, and the OPTS that IIS wants).
   */
  async useUtf8(): Promise<void> {
    const { encoding } = this.options.reach.setup;
    if (this.#utf8Asked || encoding === "latin1") return;
    const features = await this.features();
    this.#utf8Asked = true;
    if (!features.has("UTF8")) return;
    try {
      await this.command("OPTS UTF8 ON");
    } catch (error) {
      // RFC 2640 knows no such OPTS: the server may be in UTF-8 for good.
      if (!(error instanceof FtpError) || error.code === 421) throw error;
    }
  }

  /**
   * Makes data connections private (RFC 4217 section 9): before the first one,
   * since some servers refuse it before the login.
   */
  async protect(): Promise<void> {
    if (!this.secure || this.#private) return;
    await this.command("PBSZ 0");
    await this.command("PROT P");
    this.#private = true;
  }

  /**
   * Whether no data connection has shown yet that this session needs no TLS
   * session reuse.
   */
  get unproven(): boolean {
    return this.#mayRenew();
  }

  /** A data connection succeeded: the password is not needed any more. */
  proven(): void {
    this.#proven = true;
    this.#login = undefined;
    this.#moves = [];
  }

  /**
   * Whether an error of a data connection that moved no byte is the server's
   * demand for TLS session reuse. vsftpd answers 522, proftpd 425, FileZilla
   * 425 or 450 with a text.
   */
  demandsReuse(error: unknown): boolean {
    if (!this.#mayRenew() || !(error instanceof FtpError)) return false;
    return error.code === 522 || error.code === 425 ||
      /\b(TLS|SSL)\b.*\b(session|resum|reus)/i.test(error.reply.text);
  }

  /**
   * Connects and signs in again with a TLS that data connections can resume,
   * and restores what the server was told before.
   */
  async renew(): Promise<void> {
    const old = this.control;
    const features = this.#features;
    const [login, type, utf8] = [this.#login, this.#type, this.#utf8Asked];
    // First of all: the server may allow one connection a user.
    await old.send("QUIT").catch(() => {});
    old.connection.close();
    const { control, memory } = await connect(this.options.reach, true);
    this.control = control;
    this.memory = memory;
    // Closed in between, when the new connection was not known yet.
    if (this.#closed) this.close(this.#closed.reason);
    this.#type = undefined;
    this.#private = this.#utf8Asked = false;
    if (!login) return;
    await this.login(login);
    this.#features = features;
    if (utf8) await this.useUtf8();
    if (type) await this.useType(type);
    for (const move of this.#moves) await this.command(move);
  }

  /** Drops everything at once; what is pending rejects with `reason`. */
  close(reason?: unknown): void {
    this.#closed ??= { reason };
    this.#login = undefined;
    this.control.connection.close(reason);
    this.memory?.[Symbol.dispose]();
  }

  #mayRenew(): boolean {
    return !this.#proven && this.memory === undefined && this.secure &&
      this.options.tlsSessionReuse === "auto" &&
      this.options.reach.tlsOptions.identity === undefined;
  }

  #checkOpen(command: string): void {
    const { connection } = this.control;
    if (!connection.closed) return;
    const verb = /^\w*/.exec(command)![0];
    const reason = connection.closeReason;
    const why = reason instanceof Error ? ` (${reason.message})` : "";
    throw stateError(`Cannot ${verb}: the client is closed${why}`);
  }
}

/**
 * Connects, with a TLS that can be resumed where `reuse` asks for it. A private
 * CA, or another client of the same name in this process, makes it two
 * connections: see SessionMemory.
 */
async function connect(
  reach: ControlOptions,
  reuse: boolean,
): Promise<{ control: Control; memory: SessionMemory | undefined }> {
  if (!reuse) return { control: await Control.open(reach), memory: undefined };
  try {
    return await connectForReuse(reach, "TLSv1.2");
  } catch (error) {
    // The server speaks TLS 1.3 only, or, as vsftpd by default, has no cipher
    // suite of 1.2 that anybody still uses.
    if (!/fatal alert/i.test(String(error))) throw error;
    return await connectForReuse(reach, "TLSv1.3");
  }
}

async function connectForReuse(
  reach: ControlOptions,
  version: TlsVersion,
): Promise<{ control: Control; memory: SessionMemory }> {
  const { tlsOptions } = reach;
  const { serverName, caCerts } = tlsOptions;
  let pin: Uint8Array | undefined;
  if (caCerts.length > 0 || SessionMemory.taken(serverName, version)) {
    const first = await Control.open({
      ...reach,
      tlsOptions: { ...tlsOptions, viaNode: version },
    });
    pin = first.connection.certificate;
    first.connection.close();
  }
  const memory = new SessionMemory(serverName, pin, version);
  try {
    return { control: await Control.open(reach, memory), memory };
  } catch (error) {
    memory[Symbol.dispose]();
    throw error;
  }
}
