/**
 * A server that says exactly what a test tells it to say, right or wrong, and
 * in the pieces the test wants.
 *
 * @example
 * ```ts ignore
 * await using server = await scriptedServer(async (conn) => {
 *   await conn.write("220 ready\r\n");
 *   await conn.expect("NOOP");
 *   await conn.writeSplit("200 fine\r\n", { at: "every byte" });
 *   await conn.expect("QUIT");
 * });
 * const client = await connect(server.hostname, server.port);
 * ```
 *
 * @module
 */

import type { TlsBridge } from "../../_wire/tls_bridge.ts";

/** Where {@linkcode ScriptedConn.writeSplit} cuts. */
export interface SplitOptions {
  /**
   * The place to cut at in bytes (from the end if negative), several such
   * places in rising order, or after every byte. The default is the middle.
   */
  at?: number | readonly number[] | "every byte";
}

/** A scripted server that is listening. */
export interface ScriptedServer extends AsyncDisposable {
  /** `127.0.0.1`. */
  readonly hostname: string;
  /** The port the system chose. */
  readonly port: number;
  /** How many connections have been accepted. */
  readonly connections: number;
  /** Ends all connections, waits for the scripts and throws what they threw. */
  [Symbol.asyncDispose](): Promise<void>;
}

/** Settled when the server is disposed. */
type Ended = Promise<void>;

/** The server's end of one connection, as a script sees it. */
export class ScriptedConn {
  /** The connection itself; a TLS connection after `upgradeTls`. */
  conn: Deno.Conn;
  #buffer: Uint8Array<ArrayBuffer> = new Uint8Array(0);
  #ended: Ended;
  #closed = false;

  /** Used by {@linkcode scriptedServer}. */
  constructor(conn: Deno.Conn, ended: Ended) {
    this.conn = conn;
    this.#ended = ended;
  }

  /** Writes all of it; text as UTF-8. Line ends are the script's business. */
  async write(data: string | Uint8Array): Promise<void> {
    const bytes = toBytes(data);
    for (let at = 0; at < bytes.length;) {
      at += await this.conn.write(bytes.subarray(at));
    }
  }

  /**
   * Writes in pieces, each a write and so a TCP segment of its own, with a turn
   * of the event loop between them in which a client in this process can read.
   */
  async writeSplit(
    data: string | Uint8Array,
    options: SplitOptions = {},
  ): Promise<void> {
    const bytes = toBytes(data);
    for (const piece of split(bytes, options.at)) {
      await this.write(piece);
      await eventLoopTurn();
    }
  }

  /**
   * Reads through the next LF.
   *
   * @returns The line as UTF-8 without its line end, or `undefined` at the end
   * of the stream (a last line without an LF is given first).
   */
  async readLine(): Promise<string | undefined> {
    let searched = 0;
    while (true) {
      const lf = this.#buffer.indexOf(0x0a, searched);
      if (lf >= 0) return decodeLine(this.#take(lf + 1));
      searched = this.#buffer.length;
      if (!await this.#fill()) {
        if (searched === 0) return undefined;
        return decodeLine(this.#take(searched));
      }
    }
  }

  /** Reads exactly `count` bytes, fewer only when the stream ends. */
  async readBytes(count: number): Promise<Uint8Array<ArrayBuffer>> {
    while (this.#buffer.length < count && await this.#fill());
    return this.#take(Math.min(count, this.#buffer.length));
  }

  /** Reads what is left, until the client closes its end. */
  async readToEnd(): Promise<Uint8Array<ArrayBuffer>> {
    while (await this.#fill());
    return this.#take(this.#buffer.length);
  }

  /**
   * Reads a line, which must be this one or match this pattern.
   *
   * @returns The line.
   */
  async expect(expected: string | RegExp): Promise<string> {
    const line = await this.readLine();
    const matches = line !== undefined &&
      (typeof expected === "string" ? line === expected : expected.test(line));
    if (!matches) {
      const wanted = typeof expected === "string"
        ? JSON.stringify(expected)
        : String(expected);
      const got = line === undefined ? "the end" : JSON.stringify(line);
      throw new Error(`Cannot follow the script: wanted ${wanted}, got ${got}`);
    }
    return line;
  }

  /** Closes the connection at once; unread input then makes it a reset. */
  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    try {
      this.conn.close();
    } catch (error) {
      if (!(error instanceof Deno.errors.BadResource)) throw error;
    }
  }

  /** Sends the end of the stream and goes on reading. */
  async closeWrite(): Promise<void> {
    await this.conn.closeWrite();
  }

  /** Does nothing until the server is disposed. */
  async hang(): Promise<void> {
    await this.#ended;
  }

  /**
   * Becomes the server of a TLS handshake. Bytes the client sent too early are
   * handed to the handshake, which then fails, as it must.
   */
  async upgradeTls(bridge: TlsBridge): Promise<void> {
    this.conn = await bridge.upgrade(
      this.conn,
      this.#take(this.#buffer.length),
    );
  }

  /** Appends one read to the buffer; false at the end of the stream. */
  async #fill(): Promise<boolean> {
    const chunk = new Uint8Array(65_536);
    const count = await this.conn.read(chunk);
    if (count === null) return false;
    const joined = new Uint8Array(this.#buffer.length + count);
    joined.set(this.#buffer);
    joined.set(chunk.subarray(0, count), this.#buffer.length);
    this.#buffer = joined;
    return true;
  }

  #take(count: number): Uint8Array<ArrayBuffer> {
    const taken = this.#buffer.slice(0, count);
    this.#buffer = this.#buffer.slice(count);
    return taken;
  }
}

/**
 * Starts a server on the loopback interface that runs `handler` for each
 * connection.
 *
 * When the handler returns, the server ends its side of the stream and throws
 * away what the client still sends, so that the client gets all that was
 * written; use {@linkcode ScriptedConn.close} to cut off and
 * {@linkcode ScriptedConn.hang} to stay silent. When it throws, the connection
 * is cut off, and disposing the server throws the error, unless it only says
 * that the connection is gone.
 */
export async function scriptedServer(
  handler: (conn: ScriptedConn) => Promise<void>,
): Promise<ScriptedServer> {
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const { promise: ended, resolve: end } = Promise.withResolvers<void>();
  const open = new Set<ScriptedConn>();
  const tasks: Promise<void>[] = [];
  const errors: unknown[] = [];
  let connections = 0;

  async function run(scripted: ScriptedConn): Promise<void> {
    open.add(scripted);
    try {
      await handler(scripted);
      await linger(scripted);
    } catch (error) {
      if (!isConnectionClosed(error)) errors.push(error);
    } finally {
      scripted.close();
      open.delete(scripted);
    }
  }

  async function acceptAll(): Promise<void> {
    while (true) {
      let conn: Deno.TcpConn;
      try {
        conn = await listener.accept();
      } catch (error) {
        if (isConnectionClosed(error)) return;
        throw error;
      }
      conn.setNoDelay(true);
      connections++;
      tasks.push(run(new ScriptedConn(conn, ended)));
    }
  }
  const accepting = acceptAll();

  return await Promise.resolve({
    hostname: "127.0.0.1",
    port: listener.addr.port,
    get connections() {
      return connections;
    },
    async [Symbol.asyncDispose]() {
      listener.close();
      await accepting;
      end();
      for (const scripted of open) scripted.close();
      await Promise.all(tasks);
      if (errors.length === 1) throw errors[0];
      if (errors.length > 1) {
        throw new AggregateError(errors, "Cannot follow the scripts");
      }
    },
  });
}

async function linger(scripted: ScriptedConn): Promise<void> {
  await scripted.closeWrite();
  const waste = new Uint8Array(65_536);
  while (await scripted.conn.read(waste) !== null);
}

/** Whether an error only says that one side has closed the connection. */
export function isConnectionClosed(error: unknown): boolean {
  return error instanceof Deno.errors.BadResource ||
    error instanceof Deno.errors.Interrupted ||
    error instanceof Deno.errors.BrokenPipe ||
    error instanceof Deno.errors.ConnectionReset ||
    error instanceof Deno.errors.ConnectionAborted ||
    error instanceof Deno.errors.NotConnected ||
    error instanceof Deno.errors.UnexpectedEof;
}

function toBytes(data: string | Uint8Array): Uint8Array {
  return typeof data === "string" ? new TextEncoder().encode(data) : data;
}

function decodeLine(bytes: Uint8Array<ArrayBuffer>): string {
  return new TextDecoder("utf-8", { ignoreBOM: true }).decode(bytes)
    .replace(/\r?\n$/, "");
}

function* split(
  bytes: Uint8Array,
  at: SplitOptions["at"] = bytes.length >> 1,
): Generator<Uint8Array> {
  const cuts = at === "every byte" ? bytes.keys() : [at].flat();
  let start = 0;
  for (const cut of [...cuts, bytes.length]) {
    const end = cut < 0 ? bytes.length + cut : cut;
    if (end > start) yield bytes.subarray(start, end);
    start = Math.max(start, end);
  }
}

/** Not a pause: it lets whatever is ready run first. */
function eventLoopTurn(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, 0));
}
