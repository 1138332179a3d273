import type { Limits } from "./limits.ts";

/** Bytes that `Response`, `Blob` and `crypto.subtle` take without a cast. */
export type Bytes = Uint8Array<ArrayBuffer>;

/** Anything an upload can be read from. A string goes as UTF-8. */
export type BodySource =
  | ReadableStream<Uint8Array>
  | AsyncIterable<Uint8Array>
  | Blob
  | Uint8Array
  | string;

/** How a connection is protected and the server recognised. */
export interface TlsOptions {
  /**
   * Certificates to trust beside the system's, each in PEM. Text that holds no
   * certificate is a `TypeError`.
   */
  caCerts?: string[] | undefined;
  /** The client's own certificate (chain) in PEM; needs `key`. */
  cert?: string | undefined;
  /** The private key of `cert` in PEM. */
  key?: string | undefined;
  /** The name the certificate must have; default the hostname. */
  serverName?: string | undefined;
}

/** One line as it was sent or received, credentials replaced by `***`. */
export interface TraceEvent {
  /** Which way the line went. */
  direction: "send" | "receive";
  /** The line without its end. */
  line: string;
  /** When. */
  time: Date;
}

/** What every client of this package takes. */
export interface ClientOptions {
  /** Name or address of the server; an IPv6 address may stand in brackets. */
  hostname: string;
  /** Default: the protocol's own, by `tls`. */
  port?: number | undefined;
  /**
   * `"none"`, `"starttls"` (upgrade a plain connection; never goes on without)
   * or `"implicit"` (TLS from the first byte). Default `"none"`.
   */
  tls?: "none" | "starttls" | "implicit" | undefined;
  /** Certificates and names for TLS. */
  tlsOptions?: TlsOptions | undefined;
  /**
   * Milliseconds without progress while the client waits for the server;
   * default 60,000; 0 for no limit. A time-out rejects with a `DOMException`
   * named `"TimeoutError"` and leaves the client closed.
   */
  timeout?: number | undefined;
  /** Aborts connecting and every later operation. */
  signal?: AbortSignal | undefined;
  /** Lets passwords pass over an unencrypted connection; default `false`. */
  allowInsecureAuth?: boolean | undefined;
  /** Called with each command and reply line. */
  onTrace?: ((event: TraceEvent) => void) | undefined;
  /** Bounds on what the server may send; the defaults fit real servers. */
  limits?: Limits | undefined;
}

/** What every operation takes. */
export interface OperationOptions {
  /** Aborts this operation; the reason becomes the rejection. */
  signal?: AbortSignal | undefined;
}
