import { checkClientOptions } from "../../_wire/client_options.ts";
import type { ConnectionSetup } from "../../_wire/connection.ts";
import { withDefaults } from "../../_wire/limits.ts";
import { bare, checkTls } from "../../_wire/tls.ts";
import { Watchdog } from "../../_wire/watchdog.ts";
import { checkName, type Reach } from "./session.ts";
import type { SmtpConnectOptions } from "./types.ts";

/** For connecting, in ms, where no time-out is given. */
const CONNECTING = 60_000;

/** Options that were looked at. */
export interface CheckedOptions {
  reach: Reach;
  /** What one connection works with; another one for each. */
  setup: () => ConnectionSetup;
}

/** Looks at the options before anything is done; bad ones are a `TypeError`. */
export function checkOptions(options: SmtpConnectOptions): CheckedOptions {
  const { path, protocol = "smtp", tls = "none" } = options;
  const hostname = options.hostname ??
    (path === undefined ? undefined : "localhost");
  const port = options.port ?? defaultPort(protocol, tls);
  checkClientOptions({ hostname, tls }, port);
  checkName(options.name);
  if (protocol !== "smtp" && protocol !== "lmtp") {
    throw new TypeError(
      `Cannot connect: protocol is "smtp" or "lmtp", not "${protocol}"`,
    );
  }
  if (path !== undefined && tls !== "none") {
    throw new TypeError("Cannot connect: there is no TLS on a Unix socket");
  }
  const timeout = options.timeout ?? CONNECTING;
  const limits = withDefaults(options.limits);
  // A bad time-out is found here and not when the pool connects.
  new Watchdog(timeout);
  return {
    reach: {
      hostname: bare(hostname!),
      port,
      path,
      protocol,
      name: options.name,
      tls,
      tlsOptions: checkTls(hostname!, options.tlsOptions),
      timeout,
      fixedTimes: options.timeout !== undefined,
      signal: options.signal,
    },
    setup: () => ({
      watchdog: new Watchdog(timeout),
      limits,
      onTrace: options.onTrace,
    }),
  };
}

/** RFC 5321, RFC 6409, RFC 8314; LMTP's is what IANA lists. */
function defaultPort(protocol: string, tls: string): number {
  if (tls === "implicit") return 465;
  if (protocol === "lmtp") return 24;
  return tls === "starttls" ? 587 : 25;
}
