import { createHash, randomBytes } from "node:crypto";
import { TlsBridge } from "../../_wire/tls_bridge.ts";
import { Conversation, type Host } from "./conversation.ts";
import type { SmtpServerOptions } from "./types.ts";

/** How long disposing waits for messages under way, in ms. */
const PATIENCE = 5_000;

/**
 * A server that receives mail (RFC 5321), with PIPELINING, SIZE, 8BITMIME,
 * SMTPUTF8, CHUNKING, BINARYMIME, DSN, ENHANCEDSTATUSCODES, STARTTLS and AUTH.
 * It binds and serves at once. What becomes of a message is its handlers'
 * affair: nothing is stored, sent on, or added to it.
 *
 * @example Receive mail for one domain
 * ```ts
 * import { SmtpError, SmtpServer } from "@wireline/std/mail/smtpd";
 *
 * await using server = new SmtpServer({
 *   port: 0,
 *   onRecipient(address) {
 *     if (!address.endsWith("@example.com")) {
 *       throw new SmtpError(550, "5.7.1", "We do not relay");
 *     }
 *   },
 *   async onMessage({ from, to }, body) {
 *     console.log(from, "to", to, await new Response(body).text());
 *   },
 * });
 * console.log("listening on port", server.address.port);
 * ```
 */
export class SmtpServer implements AsyncDisposable {
  /** Where it listens. */
  readonly address: Deno.NetAddr;
  #listener: Deno.TcpListener;
  #host: Host;
  #maxConnections: number;
  #conversations = new Map<Conversation, Promise<void>>();
  /** Those that were not turned away. */
  #served = 0;
  #accepting: Promise<void>;
  #stopping: Promise<void> | undefined;

  /**
   * Binds. Bad options, a certificate without its key among them, are a
   * `TypeError`; a port that is taken is an error of the system's.
   */
  constructor(options: SmtpServerOptions) {
    const { hostname = "127.0.0.1", port, cert, key } = options;
    checkOptions(options);
    const tls = cert !== undefined && key !== undefined
      ? { cert, key }
      : undefined;
    this.#maxConnections = options.maxConnections ?? 1_000;
    this.#host = {
      options,
      maxSize: options.maxSize ?? 32 * 1024 * 1024,
      maxRecipients: options.maxRecipients ?? 1_000,
      timeout: options.timeout ?? 300_000,
      bridge: tls && new TlsBridge(tls),
      // The salt of a user who is not there should outlast a restart, as that
      // of one who is does: hence from the key, where there is one.
      fakeSecret: key !== undefined
        ? createHash("sha256").update("SCRAM salt").update(key).digest()
        : randomBytes(32),
    };
    try {
      // TLS from the first byte on goes by the bridge too: closing one of the
      // runtime's own TLS sockets in its handshake would leave it open.
      this.#listener = Deno.listen({ hostname, port });
    } catch (error) {
      this.#host.bridge?.[Symbol.asyncDispose]();
      throw error;
    }
    this.address = this.#listener.addr as Deno.NetAddr;
    this.#accepting = this.#accept();
  }

  /** Resolves when the server was shut down. */
  async serveForever(): Promise<void> {
    await this.#accepting;
    await this.#stopping;
  }

  /**
   * Takes no more connections, says goodbye to clients that are between two
   * commands, lets messages under way come to their end, and resolves when the
   * last connection is closed. May be called twice.
   */
  shutdown(): Promise<void> {
    return this.#stopping ??= this.#shutdown();
  }

  /** `shutdown()`, but what lasts longer than 5 s is cut off. */
  async [Symbol.asyncDispose](): Promise<void> {
    const { promise: late, resolve } = Promise.withResolvers<void>();
    const cut = setTimeout(() => {
      for (const { channel } of this.#conversations.keys()) {
        channel.connection.close();
      }
      // Not for handlers that never come to an end.
      resolve();
    }, PATIENCE);
    await Promise.race([this.shutdown(), late]);
    clearTimeout(cut);
  }

  async #shutdown(): Promise<void> {
    this.#listener.close();
    await this.#accepting;
    const conversations = [...this.#conversations];
    await Promise.all(conversations.map(([one]) => one.stop()));
    await Promise.all(conversations.map(([, running]) => running));
    await this.#host.bridge?.[Symbol.asyncDispose]();
  }

  async #accept(): Promise<void> {
    for (;;) {
      let conn: Deno.TcpConn;
      try {
        conn = await this.#listener.accept();
      } catch (error) {
        if (this.#stopping) return;
        // The client was gone before we came, or there are too many files
        // open for now: no reason to stop serving.
        if (!(error instanceof Deno.errors.BadResource)) {
          await new Promise((resolve) => setTimeout(resolve, 10));
          continue;
        }
        return;
      }
      try {
        this.#serve(conn);
      } catch {
        // Gone before it was looked at.
        conn[Symbol.dispose]();
      }
    }
  }

  #serve(conn: Deno.TcpConn): void {
    conn.setNoDelay(true);
    const full = this.#served >= this.#maxConnections;
    // Nothing that could be said would be understood.
    if (full && this.#host.options.implicitTls) return conn.close();
    const conversation = new Conversation(conn, this.#host);
    if (!full) this.#served++;
    const running = full ? turnAway(conversation) : conversation.run();
    this.#conversations.set(
      conversation,
      running.finally(() => {
        if (!full) this.#served--;
        this.#conversations.delete(conversation);
      }),
    );
  }
}

async function turnAway({ channel }: Conversation): Promise<void> {
  channel.reply(421, undefined, "4.7.0 Too many connections; try later");
  await channel.hangUp();
}

function checkOptions(options: SmtpServerOptions): void {
  const { cert, key, implicitTls, name } = options;
  if ((cert === undefined) !== (key === undefined)) {
    throw new TypeError("Cannot serve: a certificate needs both cert and key");
  }
  if (implicitTls && cert === undefined) {
    throw new TypeError("Cannot serve: implicitTls needs cert and key");
  }
  if (typeof options.onMessage !== "function") {
    throw new TypeError("Cannot serve: onMessage is missing");
  }
  if (name !== undefined && !/^[!-~]{1,255}$/.test(name)) {
    throw new TypeError(`Cannot serve: ${JSON.stringify(name)} is no name`);
  }
  for (const one of ["maxSize", "maxRecipients", "maxConnections"] as const) {
    const value = options[one];
    if (value === undefined || (Number.isSafeInteger(value) && value >= 1)) {
      continue;
    }
    throw new TypeError(`Cannot serve: ${one} is ${value}, no number over 0`);
  }
  const { timeout = 0, port } = options;
  if (!Number.isInteger(port) || port < 0 || port > 65_535) {
    throw new TypeError(`Cannot serve: ${port} is not a port`);
  }
  if (!(timeout >= 0)) {
    throw new TypeError(`Cannot serve: timeout is ${timeout}`);
  }
}
