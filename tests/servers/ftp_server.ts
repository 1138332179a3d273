/**
 * An FTP server in this process (RFC 959, 1123, 2389, 2428, 3659, 4217), for
 * tests and demonstrations. It serves a directory of the real disk on the
 * loopback interface, and can be told to lie and to fail.
 *
 * Commands sent during a transfer are answered after its final reply, in order;
 * only ABOR is seen at once, and is answered with 426 for the transfer and 226
 * for itself. The control connection's end aborts a transfer.
 *
 * @example
 * ```ts ignore
 * await using server = await FtpServer.start({
 *   onCommand: (verb) => verb === "STOR" ? "452 No space left" : undefined,
 * });
 * await Deno.writeTextFile(`${server.root}/hello.txt`, "hello\n");
 * // curl ftp://user:secret@127.0.0.1:PORT/hello.txt
 * ```
 *
 * @module
 */

import { FileTree } from "./ftp_server_files.ts";
import { type FtpSession, Session } from "./ftp_server_session.ts";
import { TlsBridge } from "../../_wire/tls_bridge.ts";

export type { FtpSession } from "./ftp_server_session.ts";

/** What the server offers; everything, unless it is turned off. */
export interface FtpServerFeatures {
  /** FEAT itself (RFC 2389). */
  feat?: boolean;
  /** MLSD and MLST. */
  mlsd?: boolean;
  /** EPSV and EPRT. */
  epsv?: boolean;
  /** PASV. */
  pasv?: boolean;
  /** SIZE. */
  size?: boolean;
  /** MDTM. */
  mdtm?: boolean;
  /** MFMT. */
  mfmt?: boolean;
  /**
   * The algorithms of HASH, XSHA1, XSHA256, XSHA512, XMD5 and XCRC, the first
   * being HASH's default. The default is all: `SHA-256`, `SHA-1`, `SHA-512`,
   * `MD5` and `CRC32`.
   */
  hash?: readonly string[];
  /** UTF-8 names; Latin-1 otherwise. */
  utf8?: boolean;
  /** REST. */
  rest?: boolean;
}

/** A transfer whose data connection has been opened. */
export interface FtpDataEvent {
  /** RETR, STOR, LIST and so on. */
  readonly verb: string;
  /** What followed the verb. */
  readonly argument: string;
  /** The data connection, TLS already done. */
  readonly conn: Deno.Conn;
}

/** Options for {@linkcode FtpServer.start}. */
export interface FtpServerOptions {
  /** The directory to serve. The default is a new one, removed at the end. */
  root?: string;
  /** The loopback address to listen on. The default is `127.0.0.1`. */
  hostname?: "127.0.0.1" | "::1";
  /**
   * Passwords by user name. `anonymous` may give any password; a user with an
   * empty one is not asked for it. The default is `anonymous`, and `user` with
   * the password `secret`.
   */
  users?: Readonly<Record<string, string>>;
  /** Accounts by user name, for users that ACCT is demanded from. */
  accounts?: Readonly<Record<string, string>>;
  /** The default is `none`. */
  tls?: "none" | "explicit" | "implicit";
  /** The certificate chain, PEM. */
  cert?: string;
  /** The private key, PEM. */
  key?: string;
  /** Refuses logins and data connections without TLS. */
  requireTls?: boolean;
  /** What to leave out. */
  features?: FtpServerFeatures;
  /** The host to name in the reply to PASV, as behind a badly set up NAT. */
  pasvAddress?: string;
  /** Makes the port in the reply to PASV one that nobody listens on. */
  pasvPortDead?: boolean;
  /** The same for EPSV. */
  epsvPortDead?: boolean;
  /** The time a client has for its data connection. The default is 10 s. */
  dataTimeoutMs?: number;
  /**
   * The greeting's lines, sent as they are if the first has a reply code. The
   * connection is closed after a 4yz or 5yz one.
   */
  greeting?: readonly string[];
  /**
   * Called for each command before it is carried out. What it returns is sent
   * as it is in place of carrying it out, a final CRLF added if there is none;
   * an empty string sends nothing at all.
   */
  onCommand?: (
    verb: string,
    argument: string,
    session: FtpSession,
  ) => string | undefined | Promise<string | undefined>;
  /**
   * Called when a transfer's data connection is open, after the 150 reply. If
   * it returns a string, it has done the transfer: the data connection is
   * closed and the string sent as with `onCommand`.
   */
  onData?: (
    event: FtpDataEvent,
    session: FtpSession,
  ) => string | undefined | Promise<string | undefined>;
}

/** What {@linkcode Session} needs to know of its server. */
export interface SessionContext {
  readonly options: FtpServerOptions;
  readonly users: Readonly<Record<string, string>>;
  readonly features: Required<FtpServerFeatures>;
  readonly bridge: TlsBridge | undefined;
  readonly tree: FileTree;
  readonly commands: string[];
  /** Counts the data connections that were opened. */
  dataConnections: number;
}

const ALL_FEATURES: Required<FtpServerFeatures> = {
  feat: true,
  mlsd: true,
  epsv: true,
  pasv: true,
  size: true,
  mdtm: true,
  mfmt: true,
  hash: ["SHA-256", "SHA-1", "SHA-512", "MD5", "CRC32"],
  utf8: true,
  rest: true,
};

/** An FTP server that runs until it is disposed. */
export class FtpServer implements AsyncDisposable {
  #listener: Deno.TcpListener;
  #context: SessionContext;
  #ownsRoot: boolean;
  #sessions = new Set<Session>();
  #tasks = new Set<Promise<void>>();
  #errors: unknown[] = [];
  #connections = 0;
  #accepting: Promise<void>;
  #disposal: Promise<void> | undefined;

  private constructor(
    listener: Deno.TcpListener,
    context: SessionContext,
    ownsRoot: boolean,
  ) {
    this.#listener = listener;
    this.#context = context;
    this.#ownsRoot = ownsRoot;
    this.#accepting = this.#acceptAll();
  }

  /** Starts a server on a port that the system chooses. */
  static async start(options: FtpServerOptions = {}): Promise<FtpServer> {
    const { tls = "none", cert, key } = options;
    let bridge: TlsBridge | undefined;
    if (tls !== "none") {
      if (cert === undefined || key === undefined) {
        throw new TypeError("Cannot start with TLS: there is no certificate");
      }
      bridge = new TlsBridge({ cert, key });
    }
    const root = options.root ??
      await Deno.makeTempDir({ prefix: "wireline-ftp-" });
    const context: SessionContext = {
      options,
      users: options.users ?? { anonymous: "", user: "secret" },
      features: { ...ALL_FEATURES, ...options.features },
      bridge,
      tree: new FileTree(await Deno.realPath(root)),
      commands: [],
      dataConnections: 0,
    };
    const { hostname = "127.0.0.1" } = options;
    const listener = Deno.listen({ hostname, port: 0 });
    return new FtpServer(listener, context, options.root === undefined);
  }

  /** The address listened on. */
  get hostname(): string {
    return this.#listener.addr.hostname;
  }

  /** The port listened on. */
  get port(): number {
    return this.#listener.addr.port;
  }

  /** The real path of the directory that is served. */
  get root(): string {
    return this.#context.tree.root;
  }

  /** The command lines of all sessions in order, passwords included. */
  get commands(): string[] {
    return this.#context.commands;
  }

  /** How many control connections there have been. */
  get connections(): number {
    return this.#connections;
  }

  /** How many control connections there are. */
  get openConnections(): number {
    return this.#sessions.size;
  }

  /** How many data connections have been opened. */
  get dataConnections(): number {
    return this.#context.dataConnections;
  }

  /** Cuts every session off, as a crash would; the server goes on. */
  disconnectAll(): void {
    for (const session of this.#sessions) session.close();
  }

  /**
   * Closes everything and waits for it. Throws what a hook has thrown.
   */
  [Symbol.asyncDispose](): Promise<void> {
    return this.#disposal ??= this.#dispose();
  }

  async #dispose(): Promise<void> {
    this.#listener.close();
    await this.#accepting;
    this.disconnectAll();
    await Promise.all(this.#tasks);
    await this.#context.bridge?.[Symbol.asyncDispose]();
    if (this.#ownsRoot) await Deno.remove(this.root, { recursive: true });
    if (this.#errors.length > 0) throw this.#errors[0];
  }

  async #acceptAll(): Promise<void> {
    while (true) {
      let conn: Deno.TcpConn;
      try {
        conn = await this.#listener.accept();
      } catch (error) {
        if (
          error instanceof Deno.errors.BadResource ||
          error instanceof Deno.errors.Interrupted
        ) return;
        throw error;
      }
      conn.setNoDelay(true);
      const session = new Session(conn, this.#context, ++this.#connections);
      this.#sessions.add(session);
      const task = session.run()
        .catch((error) => void this.#errors.push(error))
        .finally(() => {
          this.#sessions.delete(session);
          this.#tasks.delete(task);
        });
      this.#tasks.add(task);
    }
  }
}
