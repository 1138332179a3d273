/**
 * A news server in this process (RFC 3977, 4642, 4643, 6048, 8054, and what
 * was before them in RFC 977 and 2980), for tests and for the demonstration:
 * groups and articles in memory.
 *
 * @module
 */
import { TlsBridge } from "../../_wire/tls_bridge.ts";
import { deriveScramKeys, type ScramKeys } from "../../mail/sasl/mod.ts";
import { NewsStore, OVERVIEW_FORMAT } from "./nntp_server_articles.ts";
import { Channel } from "./nntp_server_channel.ts";
import { converse } from "./nntp_server_conversation.ts";
import {
  type Host,
  type NntpServerOptions,
  Session,
} from "./nntp_server_session.ts";

export type { NntpServerOptions } from "./nntp_server_session.ts";
export type { GroupOptions } from "./nntp_server_articles.ts";

/** A running server. */
export class NntpServer implements AsyncDisposable {
  readonly hostname = "localhost";
  readonly port: number;
  /** Commands as they came, those with a password masked. */
  readonly commands: string[] = [];
  /** What was sent after POST and IHAVE, dots removed, taken or not. */
  readonly posted: Uint8Array[] = [];
  readonly #listener: Deno.TcpListener;
  readonly #host: Host;
  readonly #open = new Set<Channel>();
  readonly #running = new Set<Promise<void>>();
  readonly #accepting: Promise<void>;

  private constructor(o: NntpServerOptions, keys: Map<string, ScramKeys>) {
    this.#host = {
      options: o,
      store: new NewsStore(o.groups ?? {}),
      overviewFormat: o.overviewFormat ?? OVERVIEW_FORMAT,
      users: new Map(Object.entries(o.users ?? { ada: "secret" })),
      keys,
      bridge: o.cert && o.key
        ? new TlsBridge({ cert: o.cert, key: o.key })
        : undefined,
      commands: this.commands,
      posted: this.posted,
      coming: new Set(),
      now: o.now ?? (() => new Date()),
    };
    this.#listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
    this.port = this.#listener.addr.port;
    this.#accepting = this.#accept();
  }

  /** Starts it. */
  static async start(o: NntpServerOptions = {}): Promise<NntpServer> {
    const keys = new Map<string, ScramKeys>();
    for (
      const [user, password] of Object.entries(o.users ?? { ada: "secret" })
    ) {
      keys.set(user, await deriveScramKeys(password));
    }
    return new NntpServer(o, keys);
  }

  /** Closes all connections. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#listener.close();
    await this.#accepting;
    for (const channel of this.#open) channel.close();
    await Promise.all(this.#running);
    await this.#host.bridge?.[Symbol.asyncDispose]();
  }

  async #accept(): Promise<void> {
    for (;;) {
      let conn: Deno.TcpConn;
      try {
        conn = await this.#listener.accept();
      } catch {
        return;
      }
      conn.setNoDelay(true);
      const channel = new Channel(conn);
      this.#open.add(channel);
      const running = this.#serve(channel).catch(() => {}).finally(() => {
        channel.close();
        this.#open.delete(channel);
        this.#running.delete(running);
      });
      this.#running.add(running);
    }
  }

  async #serve(channel: Channel): Promise<void> {
    if (this.#host.options.implicitTls) {
      await channel.acceptTls(this.#host.bridge!);
    }
    await converse(new Session(channel, this.#host));
  }
}
