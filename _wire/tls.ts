import { createPrivateKey, X509Certificate } from "node:crypto";
import { tried } from "./errors.ts";
import {
  connectNodeTls,
  type NodeTlsTransport,
  type SessionMemory,
  type TlsVersion,
} from "./node_tls.ts";
import type { TlsOptions } from "./options.ts";
import type { Transport } from "./transport.ts";

/** TLS options that were looked at: what is here can be used. */
export interface CheckedTls {
  /** The name that the certificate must have. */
  serverName: string;
  /** Trusted beside the system's. */
  caCerts: string[];
  /** The client's own certificate and key. */
  identity?: { cert: string; key: string };
  /**
   * Uses `node:tls`, up to this version: it lets the certificate be looked at.
   */
  viaNode?: TlsVersion;
}

const CERTIFICATE =
  /-----BEGIN CERTIFICATE-----[\s\S]*?-----END CERTIFICATE-----/g;

/**
 * Looks at the options before anything is sent. Deno ignores PEM that it does
 * not understand, and the user would be told "unknown issuer" instead.
 */
export function checkTls(
  hostname: string,
  options: TlsOptions = {},
): CheckedTls {
  const { caCerts = [], cert, key, serverName = bare(hostname) } = options;
  for (const [index, pem] of caCerts.entries()) {
    checkPem(`tlsOptions.caCerts[${index}]`, pem);
  }
  const checked: CheckedTls = { serverName, caCerts };
  if (cert === undefined && key === undefined) return checked;
  if (cert === undefined || key === undefined) {
    throw new TypeError(
      "Cannot use a client certificate: tlsOptions needs both cert and key",
    );
  }
  checkPem("tlsOptions.cert", cert);
  try {
    if (!new X509Certificate(cert).checkPrivateKey(createPrivateKey(key))) {
      throw new Error("it is not the key of tlsOptions.cert");
    }
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause);
    throw new TypeError(`Cannot use tlsOptions.key: ${why}`, { cause });
  }
  return { ...checked, identity: { cert, key } };
}

function checkPem(name: string, pem: string): void {
  const found = String(pem).match(CERTIFICATE);
  if (!found) {
    throw new TypeError(`Cannot use ${name}: it holds no certificate in PEM`);
  }
  for (const one of found) {
    try {
      new X509Certificate(one);
    } catch (cause) {
      throw new TypeError(
        `Cannot use ${name}: a certificate in it is damaged`,
        { cause },
      );
    }
  }
}

/** The hostname as `Deno.connect` wants it: an IPv6 address bare. */
export function bare(hostname: string): string {
  return hostname.startsWith("[") && hostname.endsWith("]")
    ? hostname.slice(1, -1)
    : hostname;
}

/**
 * Puts TLS on a connection on which nothing is pending and nothing was left
 * unread. Deno's own TLS does it, except where it cannot: it takes no client
 * certificate here, and it never resumes a session (`session`). `opened` gets
 * the transport before the handshake: closing it is the only way to end one.
 */
export async function upgradeToTls(
  conn: Deno.TcpConn,
  options: CheckedTls,
  session: SessionMemory | undefined,
  opened: (transport: Transport) => void,
): Promise<Transport> {
  try {
    if (options.identity || options.viaNode || session) {
      return await connectNodeTls(conn, options, session, opened);
    }
    // QUIRK of the runtime: closed in its handshake, such a connection rejects as
    // it should, but its socket is gone only when the peer closes too.
    // ALPN is left out: many a mail or FTP server refuses an unknown name.
    const tls = await Deno.startTls(conn, {
      hostname: options.serverName,
      caCerts: options.caCerts,
    });
    opened(tls);
    try {
      // Certificate errors come here and not at the first read.
      await tls.handshake();
    } catch (error) {
      try {
        tls.close();
      } catch {
        // Whoever ended the handshake has closed it.
      }
      throw error;
    }
    return tls;
  } catch (error) {
    throw tried(`start TLS with ${options.serverName}`, withAdvice(error));
  }
}

/** What the user can do about it. */
function withAdvice(error: unknown): unknown {
  if (!(error instanceof Error)) return error;
  const advice = ADVICE.find(([what]) => what.test(error.message))?.[1];
  if (advice) error.message += ` (${advice})`;
  return error;
}

const ADVICE: [what: RegExp, advice: string][] = [
  [
    /UnknownIssuer|unable to (get|verify)|self.signed/i,
    "give the certificate of its CA in tlsOptions.caCerts",
  ],
  [/NotValidForName/, "set tlsOptions.serverName to the name it has"],
  [
    /InvalidContentType|wrong version number|packet length too long/i,
    'it does not speak TLS there; connect with tls: "starttls" or "none"',
  ],
];

export type { NodeTlsTransport, SessionMemory, TlsVersion };
