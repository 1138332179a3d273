/**
 * A relay between a client and a TLS server of our own, that can cut the line
 * where it likes.
 *
 * @module
 */

/** A relay that is listening. */
export interface Relay extends AsyncDisposable {
  /** Where clients connect. */
  readonly port: number;
  /** Cuts every connection, without a goodbye from TLS. */
  cut(): void;
}

/** A TLS server, and what it does with a connection. */
export interface RelayOptions {
  /** The server's certificate, PEM. */
  cert: string;
  /** Its key, PEM. */
  key: string;
  /** Bytes from the server after which the line is cut; default: never. */
  after?: number;
  /** What the server does once a client is there. */
  serve?: (conn: Deno.TlsConn) => Promise<void>;
}

/** Starts the server and the relay before it. */
export function startRelay(
  { cert, key, after = Infinity, serve }: RelayOptions,
): Relay {
  const hostname = "127.0.0.1";
  const server = Deno.listenTls({ hostname, port: 0, cert, key });
  const front = Deno.listen({ hostname, port: 0 });
  const open = new Set<Disposable>();
  const tasks: Promise<void>[] = [];

  async function copy(
    from: Deno.Conn,
    to: Deno.Conn,
    limit: number,
  ): Promise<void> {
    const buffer = new Uint8Array(65_536);
    try {
      while (limit > 0) {
        const count = await from.read(buffer);
        if (count === null) return await to.closeWrite();
        const part = buffer.subarray(0, Math.min(count, limit));
        limit -= part.length;
        for (let at = 0; at < part.length;) {
          at += await to.write(part.subarray(at));
        }
      }
      // All that was written arrives before the end does.
      await to.closeWrite();
    } catch {
      // Either side is gone.
    }
  }

  async function relay(client: Deno.TcpConn): Promise<void> {
    open.add(client);
    const inner = await Deno.connect({ hostname, port: server.addr.port });
    open.add(inner);
    await Promise.all([
      copy(inner, client, after),
      copy(client, inner, Infinity),
    ]);
  }

  async function acceptAll<C extends Deno.Conn>(
    listener: { accept(): Promise<C> },
    run: (conn: C) => Promise<void>,
  ): Promise<void> {
    for (;;) {
      try {
        const conn = await listener.accept();
        open.add(conn);
        tasks.push(run(conn).catch(() => {}));
      } catch {
        return;
      }
    }
  }

  tasks.push(
    acceptAll(front, relay),
    acceptAll(server, async (conn) => {
      await conn.handshake();
      await serve?.(conn);
    }),
  );
  function cut(): void {
    for (const one of open) one[Symbol.dispose]();
    open.clear();
  }
  return {
    port: front.addr.port,
    cut,
    async [Symbol.asyncDispose]() {
      front.close();
      server.close();
      cut();
      // A connection may have been on its way.
      while (tasks.length > 0) {
        const all = tasks.splice(0);
        await Promise.all(all);
        cut();
      }
    },
  };
}
