import type { ClientOptions } from "./options.ts";

/** Refuses what no client can connect with. */
export function checkClientOptions(
  { hostname, tls = "none" }: Pick<ClientOptions, "tls"> & {
    hostname?: unknown;
  },
  port: number,
): void {
  if (typeof hostname !== "string" || hostname === "") {
    throw new TypeError("Cannot connect: no hostname was given");
  }
  // One colon: an IPv6 address has more.
  if (hostname.includes("/") || /^[^:]*:[^:]*$/.test(hostname)) {
    throw new TypeError(
      `Cannot connect: ${
        JSON.stringify(hostname)
      } is no name of a host; give ` +
        "the port in port",
    );
  }
  if (!Number.isInteger(port) || port < 1 || port > 65_535) {
    throw new TypeError(`Cannot connect: ${port} is not a port`);
  }
  if (!["none", "starttls", "implicit"].includes(tls)) {
    throw new TypeError(
      `Cannot connect: tls is "none", "starttls" or "implicit", not "${tls}"`,
    );
  }
}
