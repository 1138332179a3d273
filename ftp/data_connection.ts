import { Connection } from "../_wire/connection.ts";
import { timeoutError } from "../_wire/errors.ts";
import { bare } from "../_wire/tls.ts";
import type { Control, ControlOptions } from "./control.ts";
import { FtpError } from "./ftp_error.ts";
import { parseEpsv, parsePasv } from "./replies.ts";

/** How data connections are to be made. */
export interface DataOptions {
  passive: boolean | "epsv" | "pasv";
  dataTimeout: number;
  trustPasvHost: boolean;
}

/** A data connection about to come: the server was told, nobody connected. */
export interface PendingData {
  /**
   * Whether the transfer command may be sent before the connection is there:
   * it saves a round trip once this way is known to work.
   */
  readonly early: boolean;
  /** The connection; after the transfer command, in active mode. */
  connect(): Promise<Connection>;
  /** Nobody wants it any more. */
  close(): void;
}

/**
 * Makes data connections and remembers which way worked: EPSV, PASV, EPRT or
 * PORT (RFC 2428, RFC 959 section 4.1.2).
 */
export class DataConnector {
  #o: DataOptions;
  #reach: ControlOptions;
  #way: "epsv" | "pasv" | "eprt" | "port";
  #choice: boolean;
  #proven = false;
  /** The address that is known to be permitted. */
  #granted: string | undefined;

  constructor(options: DataOptions, reach: ControlOptions) {
    this.#o = options;
    this.#reach = reach;
    const { passive } = options;
    this.#way = passive === "pasv" ? "pasv" : passive ? "epsv" : "eprt";
    this.#choice = typeof passive === "boolean";
  }

  /** Agrees with the server on the next data connection. */
  async prepare(control: Control): Promise<PendingData> {
    if (this.#way === "eprt" || this.#way === "port") {
      return await this.#listen(control);
    }
    if (this.#way === "pasv") return this.#passive(await this.#pasv(control));
    const port = await this.#epsv(control);
    if (port === undefined) {
      this.#way = "pasv";
      return this.#passive(await this.#pasv(control));
    }
    const to = { hostname: this.#host(control), port };
    const pending = this.#passive(to);
    if (this.#proven || !this.#choice) return pending;
    // The port may be shut by a firewall that understands only PASV.
    let connection: Connection;
    try {
      connection = await pending.connect();
    } catch (epsvError) {
      if (isGone(control, epsvError)) throw epsvError;
      return this.#passive(await this.#pasv(control, epsvError));
    }
    return {
      early: false,
      connect: () => Promise.resolve(connection),
      close: () => connection.close(),
    };
  }

  async #epsv(control: Control): Promise<number | undefined> {
    try {
      return parseEpsv(await control.command("EPSV"));
    } catch (error) {
      if (!this.#choice || control.connection.closed) throw error;
      // A reply without a port is treated like a refusal: some servers, such
      // as those on IBM i, agree to EPSV and then get it wrong.
      return undefined;
    }
  }

  async #pasv(
    control: Control,
    epsvError?: unknown,
  ): Promise<{ hostname: string; port: number }> {
    let address;
    try {
      address = parsePasv(await control.command("PASV"));
    } catch (error) {
      // IPv6 knows no PASV: the first failure says more.
      throw epsvError ?? error;
    }
    this.#way = "pasv";
    const hostname = this.#o.trustPasvHost
      ? address.hostname
      : this.#host(control);
    return { hostname, port: address.port };
  }

  #passive(to: { hostname: string; port: number }): PendingData {
    return {
      early: this.#proven,
      connect: async () => {
        const connection = await Connection.connect({
          ...to,
          timeout: this.#o.dataTimeout,
        }, this.#reach.setup);
        this.#proven = true;
        return connection;
      },
      close: () => {},
    };
  }

  /**
   * The machine of the control connection. By its address where that is
   * permitted, since a name may stand for several machines; by the name where
   * only the name is.
   */
  #host(control: Control): string {
    const address = control.connection.remoteAddr.hostname;
    if (this.#granted === address) return address;
    const { state } = Deno.permissions.querySync({
      name: "net",
      host: address.includes(":") ? `[${address}]` : address,
    });
    if (state !== "granted") return bare(this.#reach.hostname);
    this.#granted = address;
    return address;
  }

  async #listen(control: Control): Promise<PendingData> {
    const local = control.connection.localAddr.hostname;
    const remote = control.connection.remoteAddr.hostname;
    const listener = Deno.listen({ hostname: local, port: 0 });
    const { port } = listener.addr;
    try {
      await this.#tellPort(control, local, port);
    } catch (error) {
      listener.close();
      throw error;
    }
    return {
      early: true,
      connect: () => this.#accept(listener, remote),
      close: () => closeQuietly(listener),
    };
  }

  async #tellPort(
    control: Control,
    address: string,
    port: number,
  ): Promise<void> {
    const v6 = address.includes(":");
    if (this.#way === "eprt") {
      try {
        await control.command(`EPRT |${v6 ? 2 : 1}|${address}|${port}|`);
        return;
      } catch (error) {
        if (v6 || !(error instanceof FtpError) || error.code === 421) {
          throw error;
        }
        this.#way = "port";
      }
    }
    const numbers = [...address.split("."), port >> 8, port & 255];
    await control.command(`PORT ${numbers.join(",")}`);
  }

  async #accept(
    listener: Deno.TcpListener,
    remote: string,
  ): Promise<Connection> {
    const timeout = this.#o.dataTimeout;
    let late = false;
    const timer = setTimeout(() => {
      late = true;
      closeQuietly(listener);
    }, timeout);
    try {
      for (;;) {
        const conn = await listener.accept();
        // Somebody else on the port would get or give the file.
        if (conn.remoteAddr.hostname !== remote) {
          conn.close();
          continue;
        }
        conn.setNoDelay(true);
        return new Connection(conn, this.#reach.setup);
      }
    } catch (error) {
      if (!late) throw error;
      throw timeoutError(
        "Cannot open a data connection: the server did not connect in " +
          `${timeout} ms; behind a firewall or NAT use passive: true`,
      );
    } finally {
      clearTimeout(timer);
      closeQuietly(listener);
    }
  }
}

function isGone(control: Control, error: unknown): boolean {
  return control.connection.closed ||
    error instanceof Deno.errors.NotCapable;
}

function closeQuietly(listener: Deno.TcpListener): void {
  try {
    listener.close();
  } catch {
    // Closed before.
  }
}
