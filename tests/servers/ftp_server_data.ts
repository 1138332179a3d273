/**
 * Data connections of {@linkcode FtpServer}: passive and active, plain and
 * TLS, and what goes through them.
 *
 * @module
 */

import type { TlsBridge } from "../../_wire/tls_bridge.ts";

/**
 * Large enough that a file moves at the speed of the loopback interface, small
 * enough to start at once.
 */
const CHUNK = 1024 * 1024;

const CR = 0x0d;
const LF = 0x0a;

/** The data connection of one session: prepared, then opened, then closed. */
export class DataChannel {
  #peer: string;
  #timeout: number;
  #listener: Deno.TcpListener | undefined;
  #target: { hostname: string; port: number } | undefined;
  #connecting: AbortController | undefined;
  #raw: Deno.TcpConn | undefined;
  #conn: Deno.Conn | undefined;

  /**
   * @param peer The address of the client, the only one to take or make
   * connections from and to (RFC 2577 sections 3 and 6).
   * @param timeout How many milliseconds a client has to connect.
   */
  constructor(peer: string, timeout: number) {
    this.#peer = peer;
    this.#timeout = timeout;
  }

  /** Whether PASV, EPSV, PORT or EPRT has been given for the next transfer. */
  get prepared(): boolean {
    return this.#listener !== undefined || this.#target !== undefined;
  }

  /** Listens for the client's connection and gives the port. */
  listen(hostname: string): number {
    this.abort();
    this.#listener = Deno.listen({ hostname, port: 0 });
    return this.#listener.addr.port;
  }

  /** Notes where to connect to. */
  target(hostname: string, port: number): void {
    this.abort();
    this.#target = { hostname, port };
  }

  /**
   * Opens what was prepared. The server is the TLS server on active
   * connections too (RFC 4217 section 7).
   */
  async open(bridge: TlsBridge | undefined): Promise<Deno.Conn> {
    const timer = setTimeout(() => this.abort(), this.#timeout);
    try {
      this.#raw = this.#listener
        ? await this.#accept(this.#listener)
        : await this.#connect();
      this.#raw.setNoDelay(true);
      this.#conn = bridge ? await bridge.upgrade(this.#raw) : this.#raw;
      return this.#conn;
    } finally {
      clearTimeout(timer);
    }
  }

  /** Closes after all that was written has gone out. */
  finish(): void {
    this.#unprepare();
    this.#conn?.[Symbol.dispose]();
    this.#conn = this.#raw = undefined;
  }

  /** Closes at once, whatever is going on. */
  abort(): void {
    this.#unprepare();
    this.#raw?.[Symbol.dispose]();
    this.#conn?.[Symbol.dispose]();
    this.#conn = this.#raw = undefined;
  }

  #unprepare(): void {
    this.#listener?.[Symbol.dispose]();
    this.#connecting?.abort();
    this.#listener = this.#target = this.#connecting = undefined;
  }

  async #accept(listener: Deno.TcpListener): Promise<Deno.TcpConn> {
    while (true) {
      const conn = await listener.accept();
      // Somebody else may have found the port first.
      if (conn.remoteAddr.hostname === this.#peer) return conn;
      conn.close();
    }
  }

  async #connect(): Promise<Deno.TcpConn> {
    if (!this.#target) throw new Deno.errors.NotConnected("Nothing prepared");
    this.#connecting = new AbortController();
    return await Deno.connect({
      ...this.#target,
      signal: this.#connecting.signal,
    });
  }
}

/** Writes all of it, which one `write` need not do. */
export async function writeAll(
  conn: Deno.Conn,
  bytes: Uint8Array,
): Promise<void> {
  for (let at = 0; at < bytes.length;) {
    at += await conn.write(bytes.subarray(at));
  }
}

/** Sends the rest of a file; TYPE A turns every LF into CRLF. */
export async function sendFile(
  file: Deno.FsFile,
  conn: Deno.Conn,
  ascii: boolean,
): Promise<void> {
  const buffer = new Uint8Array(CHUNK);
  while (true) {
    const count = await file.read(buffer);
    if (count === null) return;
    const chunk = buffer.subarray(0, count);
    await writeAll(conn, ascii ? toNetwork(chunk) : chunk);
  }
}

/**
 * Receives into a file until the end; TYPE A turns every CRLF into LF. Under
 * TLS an end without a close_notify may be a cut, and is an error.
 */
export async function receiveFile(
  conn: Deno.Conn,
  file: Deno.FsFile,
  ascii: boolean,
): Promise<void> {
  const buffer = new Uint8Array(CHUNK);
  let filled = 0;
  for (let ended = false; !ended;) {
    // Few large writes: each costs a turn of a thread pool.
    while (filled < CHUNK && !ended) {
      const count = await conn.read(buffer.subarray(filled));
      if (count === null) ended = true;
      else filled += count;
    }
    let chunk = buffer.subarray(0, filled);
    filled = 0;
    if (ascii) {
      // A last CR waits for the LF that may follow it.
      const held = !ended && chunk.at(-1) === CR;
      chunk = fromNetwork(held ? chunk.subarray(0, -1) : chunk);
      if (held) buffer[filled++] = CR;
    }
    for (let at = 0; at < chunk.length;) {
      at += await file.write(chunk.subarray(at));
    }
  }
}

/** LF to CRLF, the exact inverse of {@linkcode fromNetwork} on its results. */
function toNetwork(bytes: Uint8Array): Uint8Array {
  const out = new Uint8Array(bytes.length * 2);
  let length = 0;
  for (const byte of bytes) {
    if (byte === LF) out[length++] = CR;
    out[length++] = byte;
  }
  return out.subarray(0, length);
}

/** CRLF to LF in place of a copy; other CRs stay. */
function fromNetwork(
  bytes: Uint8Array<ArrayBuffer>,
): Uint8Array<ArrayBuffer> {
  const out = new Uint8Array(bytes.length);
  let length = 0;
  for (let i = 0; i < bytes.length; i++) {
    if (bytes[i] === CR && bytes[i + 1] === LF) continue;
    out[length++] = bytes[i]!;
  }
  return out.subarray(0, length);
}
