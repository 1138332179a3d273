/**
 * A certificate authority for tests, made at run time with WebCrypto alone, so
 * that the tests need neither `openssl` nor key files in the repository.
 *
 * The certificates follow RFC 5280 closely enough for strict verifiers
 * (rustls, OpenSSL, and Python 3.13's `VERIFY_X509_STRICT`).
 *
 * @example
 * ```ts ignore
 * const authority = await createAuthority();
 * const { cert, key } = await authority.issue();
 * using listener = Deno.listenTls({ hostname: "127.0.0.1", port: 0, cert, key });
 * const conn = await Deno.connectTls({
 *   hostname: "localhost",
 *   port: listener.addr.port,
 *   caCerts: [authority.caPem],
 * });
 * ```
 *
 * @module
 */

/** What {@linkcode Authority.issue} is to certify. */
export interface IssueOptions {
  /** DNS names of the server. The default is `localhost`. */
  dnsNames?: readonly string[];
  /** IP addresses of the server. The default is `127.0.0.1` and `::1`. */
  ipAddresses?: readonly string[];
  /**
   * Makes a client certificate with this common name, good for `clientAuth`
   * only and without alternative names, unless those are given too.
   */
  client?: string;
  /** The first moment of validity. The default is an hour ago. */
  notBefore?: Date;
  /** The last moment of validity. The default is ten years from now. */
  notAfter?: Date;
}

/** A certificate and its private key, both PEM. */
export interface CertificateAndKey {
  /** The certificate. */
  cert: string;
  /** The private key as PKCS#8. */
  key: string;
}

/** A root that tests trust for as long as they run. */
export interface Authority {
  /** The root certificate, PEM. */
  readonly caPem: string;
  /** Issues an end-entity certificate with a fresh key. */
  issue(options?: IssueOptions): Promise<CertificateAndKey>;
}

type Bytes = Uint8Array<ArrayBuffer>;

const HOUR = 3_600_000;
const TEN_YEARS = 3_652 * 24 * HOUR;

// Universal tags, X.690 section 8.
const BOOLEAN = 0x01;
const INTEGER = 0x02;
const BIT_STRING = 0x03;
const OCTET_STRING = 0x04;
const OBJECT_IDENTIFIER = 0x06;
const UTF8_STRING = 0x0c;
const UTC_TIME = 0x17;
const GENERALIZED_TIME = 0x18;
const SEQUENCE = 0x30;
const SET = 0x31;

/** A context-specific tag; `constructed` when it wraps other values. */
function context(tag: number, constructed: boolean): number {
  return (constructed ? 0xa0 : 0x80) | tag;
}

function concat(parts: Iterable<Uint8Array>): Bytes {
  const all = [...parts];
  const joined = new Uint8Array(all.reduce((sum, p) => sum + p.length, 0));
  let at = 0;
  for (const part of all) {
    joined.set(part, at);
    at += part.length;
  }
  return joined;
}

/** One DER value: tag, shortest length, contents. */
function der(tag: number, ...contents: Uint8Array[]): Bytes {
  const body = concat(contents);
  const length: number[] = [];
  if (body.length < 0x80) length.push(body.length);
  else {
    for (let rest = body.length; rest > 0; rest >>>= 8) {
      length.unshift(rest & 0xff);
    }
    length.unshift(0x80 | length.length);
  }
  return concat([Uint8Array.of(tag, ...length), body]);
}

/** An INTEGER that is never negative, from big-endian bytes. */
function integer(bigEndian: Uint8Array): Bytes {
  let start = 0;
  while (start < bigEndian.length - 1 && bigEndian[start] === 0) start++;
  const digits = bigEndian.subarray(start);
  const sign = digits[0]! & 0x80 ? [Uint8Array.of(0)] : [];
  return der(INTEGER, ...sign, digits);
}

function oid(dotted: string): Bytes {
  const [first, second, ...rest] = dotted.split(".").map(Number);
  const bytes = [first! * 40 + second!];
  for (const arc of rest) {
    const groups = [arc & 0x7f];
    for (let more = arc >>> 7; more > 0; more >>>= 7) {
      groups.unshift(0x80 | (more & 0x7f));
    }
    bytes.push(...groups);
  }
  return der(OBJECT_IDENTIFIER, Uint8Array.from(bytes));
}

function bitString(bytes: Uint8Array, unusedBits = 0): Bytes {
  return der(BIT_STRING, Uint8Array.of(unusedBits), bytes);
}

/** RFC 5280 section 4.1.2.5: UTCTime through 2049, then GeneralizedTime. */
function time(date: Date): Bytes {
  const digits = date.toISOString().replace(/\.\d+/, "").replace(/[-:T]/g, "");
  return date.getUTCFullYear() < 2050
    ? der(UTC_TIME, ascii(digits.slice(2)))
    : der(GENERALIZED_TIME, ascii(digits));
}

function ascii(text: string): Bytes {
  return new TextEncoder().encode(text);
}

/** A Name of one part, the common name (2.5.4.3). */
function commonName(name: string): Bytes {
  const attribute = der(
    SEQUENCE,
    oid("2.5.4.3"),
    der(UTF8_STRING, ascii(name)),
  );
  return der(SEQUENCE, der(SET, attribute));
}

function extension(id: string, critical: boolean, value: Uint8Array): Bytes {
  const flag = critical ? [der(BOOLEAN, Uint8Array.of(0xff))] : [];
  return der(SEQUENCE, oid(id), ...flag, der(OCTET_STRING, value));
}

/** The 4 or 16 bytes of an address, as RFC 5280 section 4.2.1.6 wants. */
function addressBytes(address: string): Bytes {
  if (!address.includes(":")) {
    const parts = address.split(".").map(Number);
    if (parts.length !== 4 || !parts.every((p) => p >= 0 && p <= 255)) {
      throw new TypeError(`Cannot certify an address: "${address}"`);
    }
    return Uint8Array.from(parts);
  }
  // The URL parser checks the literal and compresses it in one known way.
  const literal = new URL(`http://[${address}]/`).hostname.slice(1, -1);
  const [head = "", tail] = literal.split("::");
  const words = (text: string) => text === "" ? [] : text.split(":");
  const left = words(head);
  const right = words(tail ?? "");
  const zeros = Array(8 - left.length - right.length).fill("0");
  return Uint8Array.from(
    [...left, ...zeros, ...right].map((word) => parseInt(word, 16))
      .flatMap((word) => [word >> 8, word & 0xff]),
  );
}

function pem(label: string, bytes: Bytes): string {
  const lines = bytes.toBase64().match(/.{1,64}/g)!;
  return `-----BEGIN ${label}-----\n${
    lines.join("\n")
  }\n-----END ${label}-----\n`;
}

/** WebCrypto signs to r || s; X.509 wants the SEQUENCE of RFC 3279, 2.2.3. */
async function sign(key: CryptoKey, data: Bytes): Promise<Bytes> {
  const raw = new Uint8Array(
    await crypto.subtle.sign({ name: "ECDSA", hash: "SHA-256" }, key, data),
  );
  return der(SEQUENCE, integer(raw.subarray(0, 32)), integer(raw.subarray(32)));
}

function generateKey(): Promise<CryptoKeyPair> {
  return crypto.subtle.generateKey(
    { name: "ECDSA", namedCurve: "P-256" },
    true,
    ["sign", "verify"],
  );
}

interface Unsigned {
  issuer: Bytes;
  subject: Bytes;
  notBefore: Date;
  notAfter: Date;
  publicKey: CryptoKey;
  extensions: Bytes[];
}

async function certificate(
  fields: Unsigned,
  signingKey: CryptoKey,
): Promise<string> {
  const algorithm = der(SEQUENCE, oid("1.2.840.10045.4.3.2")); // with SHA-256
  const version3 = der(context(0, true), der(INTEGER, Uint8Array.of(2)));
  const serial = crypto.getRandomValues(new Uint8Array(16));
  serial[0] = serial[0]! & 0x7f | 0x40; // positive, and never a leading zero
  const body = der(
    SEQUENCE,
    version3,
    integer(serial),
    algorithm,
    fields.issuer,
    der(SEQUENCE, time(fields.notBefore), time(fields.notAfter)),
    fields.subject,
    new Uint8Array(await crypto.subtle.exportKey("spki", fields.publicKey)),
    der(context(3, true), der(SEQUENCE, ...fields.extensions)),
  );
  const signature = bitString(await sign(signingKey, body));
  return pem("CERTIFICATE", der(SEQUENCE, body, algorithm, signature));
}

/** RFC 5280 section 4.2.1.2, method 1: SHA-1 of the public key's bits. */
async function keyIdentifier(publicKey: CryptoKey): Promise<Bytes> {
  const point = await crypto.subtle.exportKey("raw", publicKey);
  return new Uint8Array(await crypto.subtle.digest("SHA-1", point));
}

/**
 * Makes a new root.
 *
 * @param name The root's common name.
 * @returns The authority, whose key lives only in this process.
 */
export async function createAuthority(
  name = "Wireline test authority",
): Promise<Authority> {
  const root = await generateKey();
  const rootName = commonName(name);
  const rootId = await keyIdentifier(root.publicKey);
  const subjectKey = (id: Bytes) =>
    extension("2.5.29.14", false, der(OCTET_STRING, id));
  const authorityKey = extension(
    "2.5.29.35",
    false,
    der(SEQUENCE, der(context(0, false), rootId)),
  );
  const caPem = await certificate({
    issuer: rootName,
    subject: rootName,
    notBefore: new Date(Date.now() - HOUR),
    notAfter: new Date(Date.now() + TEN_YEARS),
    publicKey: root.publicKey,
    extensions: [
      extension(
        "2.5.29.19", // basicConstraints: CA:TRUE
        true,
        der(SEQUENCE, der(BOOLEAN, Uint8Array.of(0xff))),
      ),
      // keyUsage: keyCertSign and cRLSign
      extension("2.5.29.15", true, bitString(Uint8Array.of(0x06), 1)),
      subjectKey(rootId),
    ],
  }, root.privateKey);

  async function issue(o: IssueOptions = {}): Promise<CertificateAndKey> {
    const isServer = o.client === undefined;
    const dnsNames = o.dnsNames ?? (isServer ? ["localhost"] : []);
    const ipAddresses = o.ipAddresses ??
      (isServer ? ["127.0.0.1", "::1"] : []);
    const alternatives = [
      ...dnsNames.map((n) => der(context(2, false), ascii(n))),
      ...ipAddresses.map((a) => der(context(7, false), addressBytes(a))),
    ];
    const purposes = isServer
      ? [oid("1.3.6.1.5.5.7.3.1"), oid("1.3.6.1.5.5.7.3.2")]
      : [oid("1.3.6.1.5.5.7.3.2")];
    const leaf = await generateKey();
    const extensions = [
      extension("2.5.29.19", true, der(SEQUENCE)), // CA:FALSE by omission
      extension("2.5.29.15", true, bitString(Uint8Array.of(0x80), 7)), // sign
      extension("2.5.29.37", false, der(SEQUENCE, ...purposes)),
      subjectKey(await keyIdentifier(leaf.publicKey)),
      authorityKey,
    ];
    if (alternatives.length > 0) {
      extensions.push(
        extension("2.5.29.17", false, der(SEQUENCE, ...alternatives)),
      );
    }
    const subject = o.client ?? dnsNames[0] ?? ipAddresses[0] ?? "test";
    const cert = await certificate({
      issuer: rootName,
      subject: commonName(subject),
      notBefore: o.notBefore ?? new Date(Date.now() - HOUR),
      notAfter: o.notAfter ?? new Date(Date.now() + TEN_YEARS),
      publicKey: leaf.publicKey,
      extensions,
    }, root.privateKey);
    const pkcs8 = await crypto.subtle.exportKey("pkcs8", leaf.privateKey);
    return { cert, key: pem("PRIVATE KEY", new Uint8Array(pkcs8)) };
  }

  return { caPem, issue };
}
