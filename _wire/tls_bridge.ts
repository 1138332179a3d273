/**
 * Server-side STARTTLS for Deno, which has `Deno.startTls` for clients only.
 *
 * A bridge owns a private `Deno.listenTls` on the loopback interface. To
 * upgrade an accepted connection, it connects to that listener, pumps the raw
 * bytes of the two connections into each other, and hands out the listener's
 * end, which speaks plaintext to the server:
 *
 * ```text
 * client <== TLS ==> accepted conn <-pump-> inner conn <== TLS ==> TlsConn
 * ```
 *
 * @module
 */

/** Options for {@linkcode TlsBridge}. */
export interface TlsBridgeOptions {
  /** The certificate chain, PEM. */
  cert: string;
  /** The private key, PEM. */
  key: string;
  /** Protocols to agree on by ALPN. */
  alpnProtocols?: string[];
}

const PUMP_SIZE = 256 * 1024;

/** Upgrades accepted connections to TLS, as their server. */
export class TlsBridge implements AsyncDisposable {
  #listener: Deno.TlsListener;
  #live = new Set<BridgedConn>();
  #pumps = new Set<Promise<void>>();
  #turn: Promise<unknown> = Promise.resolve();
  #disposed = false;

  /** Binds the private listener. */
  constructor(options: TlsBridgeOptions) {
    this.#listener = Deno.listenTls({
      ...options,
      hostname: "127.0.0.1",
      port: 0,
    });
  }

  /** Where the private listener is; anyone else's connections are closed. */
  get addr(): Deno.NetAddr {
    return this.#listener.addr as Deno.NetAddr;
  }

  /**
   * Waits for the client's handshake and makes it the server's side of TLS.
   *
   * From here on the bridge owns `plain`, which must have no read pending. It
   * is closed when the result is closed, when either side fails (a handshake
   * that fails too, which rejects), and when the bridge is disposed.
   *
   * @param plain The accepted connection.
   * @param initialBytes What was read from it beyond the line that asked for
   * TLS. It is given to the handshake, so that plaintext smuggled in there
   * makes the handshake fail instead of being taken for protected input.
   * @returns The plaintext side, with the addresses of `plain`.
   */
  async upgrade(
    plain: Deno.Conn,
    initialBytes?: Uint8Array,
  ): Promise<BridgedConn> {
    let bridged: BridgedConn;
    try {
      // One at a time, so that whoever else is accepted is a stranger.
      const pair = this.#turn.then(() => this.#connectPair());
      this.#turn = pair.catch(() => {});
      const { inner, tls } = await pair;
      bridged = new BridgedConn(plain, inner, tls);
    } catch (error) {
      close(plain);
      throw error;
    }
    this.#live.add(bridged);
    if (this.#disposed) bridged.abort();
    const pumping = bridged.run(initialBytes).finally(() => {
      this.#live.delete(bridged);
      this.#pumps.delete(pumping);
    });
    this.#pumps.add(pumping);
    try {
      await bridged.tls.handshake();
    } catch (error) {
      bridged.close();
      // The alert that says why must reach the client before the end does.
      await pumping;
      throw error;
    }
    return bridged;
  }

  /** Closes the listener and every upgraded connection. */
  async [Symbol.asyncDispose](): Promise<void> {
    if (!this.#disposed) {
      this.#disposed = true;
      this.#listener.close();
    }
    await this.#turn;
    for (const bridged of this.#live) bridged.abort();
    await Promise.all(this.#pumps);
  }

  async #connectPair(): Promise<{ inner: Deno.TcpConn; tls: Deno.TlsConn }> {
    const { hostname, port } = this.#listener.addr;
    const inner = await Deno.connect({ hostname, port });
    try {
      inner.setNoDelay(true);
      while (true) {
        const tls = await this.#listener.accept();
        // Anyone on this machine may connect to the private port.
        const peer = tls.remoteAddr;
        if (peer.port === inner.localAddr.port) return { inner, tls };
        close(tls);
      }
    } catch (error) {
      close(inner);
      throw error;
    }
  }
}

/** The plaintext side of an upgraded connection. */
export class BridgedConn implements Deno.Conn {
  readonly localAddr: Deno.Addr;
  readonly remoteAddr: Deno.Addr;
  readonly tls: Deno.TlsConn;
  #plain: Deno.Conn;
  #inner: Deno.TcpConn;
  /** Whether `close` has been called. */
  #closing = false;
  /** Whether a write to the client has failed. */
  #clientGone = false;

  constructor(plain: Deno.Conn, inner: Deno.TcpConn, tls: Deno.TlsConn) {
    this.localAddr = plain.localAddr;
    this.remoteAddr = plain.remoteAddr;
    this.tls = tls;
    this.#plain = plain;
    this.#inner = inner;
  }

  get readable(): ReadableStream<Uint8Array<ArrayBuffer>> {
    return this.tls.readable;
  }

  get writable(): WritableStream<Uint8Array<ArrayBufferLike>> {
    return this.tls.writable;
  }

  read(p: Uint8Array): Promise<number | null> {
    return this.tls.read(p);
  }

  async write(p: Uint8Array): Promise<number> {
    if (this.#clientGone) {
      throw new Deno.errors.BrokenPipe("Cannot write: the client is gone");
    }
    return await this.tls.write(p);
  }

  closeWrite(): Promise<void> {
    return this.tls.closeWrite();
  }

  ref(): void {
    this.tls.ref();
  }

  unref(): void {
    this.tls.unref();
  }

  /** Closes once all that was written has gone out to the client. */
  close(): void {
    this.#closing = true;
    close(this.tls);
  }

  [Symbol.dispose](): void {
    this.close();
  }

  /** Cuts all three connections off. */
  abort(): void {
    this.close();
    close(this.#inner);
    close(this.#plain);
  }

  /** Pumps until both directions have ended; never rejects. */
  async run(initialBytes?: Uint8Array): Promise<void> {
    await Promise.all([this.#pumpUp(initialBytes), this.#pumpDown()]);
    close(this.#inner);
    close(this.#plain);
  }

  /**
   * From the client to the server. A failure to read ends as the end of the
   * stream does, so that what came before it still arrives: TLS itself tells a
   * proper end from a cut.
   */
  async #pumpUp(initialBytes?: Uint8Array): Promise<void> {
    const buffer = new Uint8Array(PUMP_SIZE);
    try {
      if (initialBytes) await writeAll(this.#inner, initialBytes);
      while (true) {
        const count = await this.#plain.read(buffer).catch(() => null);
        if (count === null) return await this.#inner.closeWrite();
        await writeAll(this.#inner, buffer.subarray(0, count));
      }
    } catch {
      // The server has closed; what it wrote may still be on its way down.
    }
  }

  /**
   * From the server to the client. When the client takes no more, the rest is
   * read all the same: closing the inner connection with something unread in it
   * would be a reset, which takes back what is on its way up.
   */
  async #pumpDown(): Promise<void> {
    const buffer = new Uint8Array(PUMP_SIZE);
    try {
      while (true) {
        const count = await this.#inner.read(buffer);
        if (count === null) break;
        if (this.#clientGone) continue;
        await writeAll(this.#plain, buffer.subarray(0, count))
          .catch(() => this.#clientGone = true);
      }
      if (!this.#clientGone) await this.#plain.closeWrite();
    } catch {
      // Reset by the server, or gone meanwhile.
    }
    // A half close leaves the other direction open, a close does not.
    if (this.#closing || this.#clientGone) close(this.#plain);
  }
}

async function writeAll(conn: Deno.Conn, bytes: Uint8Array): Promise<void> {
  for (let at = 0; at < bytes.length;) {
    at += await conn.write(bytes.subarray(at));
  }
}

/** Closes what may be closed already. */
function close(conn: Disposable): void {
  conn[Symbol.dispose]();
}
