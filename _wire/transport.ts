/**
 * What a connection reads and writes: a `Deno.TcpConn`, a `Deno.TlsConn`, a
 * `Deno.UnixConn`, or TLS by `node:tls` over one of them.
 */
export interface Transport {
  /**
   * Bytes put at the front of `into`; null at the end. Deno's TLS rejects with
   * `UnexpectedEof` where the peer left out its close_notify, `node:tls` gives
   * null: who needs to know the end of a body must know it by other means.
   */
  read(into: Uint8Array): Promise<number | null>;
  /** Bytes of `data` that were taken. */
  write(data: Uint8Array): Promise<number>;
  /** Ends our side; the peer can still send. */
  closeWrite(): Promise<void>;
  /** Ends both sides at once; whatever is pending rejects. */
  close(): void;
}
