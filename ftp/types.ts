import type { ClientOptions, OperationOptions } from "../_wire/options.ts";

/** What a listing says of one name; see {@linkcode FtpClient.list}. */
export interface FtpEntry {
  /** The name alone, never a path. */
  name: string;
  /** What the name is; `"unknown"` where the line was not understood. */
  type: "file" | "directory" | "symlink" | "unknown";
  /** Size in bytes. */
  size?: number;
  /** Time of the last change. Listings without a zone are read as UTC. */
  modified?: Date;
  /** As listed: `"rwxr-xr-x"`, or an MLSD `UNIX.mode`. */
  permissions?: string;
  /** Owner's name or number, as listed. */
  owner?: string;
  /** Group's name or number, as listed. */
  group?: string;
  /** Where a symlink points, as listed. */
  target?: string;
  /** MLSD facts with names in lower case (RFC 3659 section 7.5). */
  facts?: Record<string, string>;
  /** The whole line as received, without its line end. */
  raw: string;
}

/** A reply of an FTP server (RFC 959 section 4.2). */
export interface FtpReply {
  /** The three-digit code. */
  code: number;
  /** The lines of the reply, without the code in front. */
  lines: string[];
  /** The lines joined by `"\n"`. */
  text: string;
}

/** What {@linkcode FtpClient.connect} takes beside the common options. */
export interface FtpConnectOptions extends ClientOptions {
  /**
   * How data connections are made. `true` (the default): the client connects,
   * by EPSV, or PASV where EPSV is refused or its port does not answer.
   * `"epsv"` and `"pasv"`: only that way. `false`: the server connects, by
   * EPRT, or PORT where that is refused.
   */
  passive?: boolean | "epsv" | "pasv" | undefined;
  /**
   * Milliseconds to connect a data port before the next way is tried; default
   * 10,000.
   */
  dataTimeout?: number | undefined;
  /**
   * Whether data connections go to the address that a PASV reply names.
   * Default `false`: they go to the server itself, whatever it says, so that
   * no server can point the client at another machine.
   */
  trustPasvHost?: boolean | undefined;
  /**
   * Whether data connections resume the TLS session of the control connection,
   * as many servers demand. `"auto"` (the default): when the server refuses
   * without; the client then signs in a second time. `"always"`: from the
   * start, which saves that second sign-in. `"never"`: not at all.
   */
  tlsSessionReuse?: "auto" | "always" | "never" | undefined;
  /** How names are written on the wire; default `"utf-8"`. */
  encoding?: "utf-8" | "latin1" | undefined;
  /**
   * Milliseconds between the NOOPs that keep the control connection alive
   * during a transfer; default 30,000, 0 for none.
   */
  keepAlive?: number | undefined;
}

/** What the transfers of binary data take. */
export interface OffsetOptions extends OperationOptions {
  /** Byte to begin at (REST, RFC 3659 section 5); default 0. */
  offset?: number | undefined;
}

/** How far a transfer to or from the local disk has come. */
export interface TransferProgress {
  /** The remote path of the file. */
  name: string;
  /** Bytes of it that are there by now, resumed ones included. */
  bytes: number;
  /** Its size, where known. */
  total?: number;
}

/** What transfers to and from the local disk take. */
export interface TransferOptions extends OperationOptions {
  /**
   * Go on where an earlier transfer of the same file broke off; a file that
   * is complete is not transferred again. Default `false`.
   */
  resume?: boolean | undefined;
  /**
   * Compare both sides afterwards, by HASH, XSHA256 or XCRC where offered,
   * else by size; a difference is an error. Default `false`.
   */
  verify?: boolean | undefined;
  /**
   * Give the copy the time of the original, as well as the server can: exact
   * with MDTM, MFMT or MLSD, to the minute from a plain listing. Default
   * `false`.
   */
  keepTimes?: boolean | undefined;
  /** Trees: whether to take the entry; a refused directory is not entered. */
  filter?: ((entry: FtpEntry) => boolean) | undefined;
  /**
   * Trees: what to do about a file or directory that failed. The default is
   * to stop and reject.
   */
  onError?: ((name: string, error: Error) => "skip" | "stop") | undefined;
  /** Called as bytes move. */
  onProgress?: ((progress: TransferProgress) => void) | undefined;
}

/** What a transfer to or from the local disk did. */
export interface TransferResult {
  /** Files that were transferred, or found complete. */
  files: number;
  /** Bytes that moved; those resumed past are not among them. */
  bytes: number;
  /** What failed and was skipped by `onError`. */
  skipped: { name: string; error: Error }[];
  /** With `verify`: the weakest comparison that was used. */
  verified?: "HASH" | "XSHA256" | "XCRC" | "size";
}
