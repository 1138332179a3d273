/** Signing for a domain (RFC 6376, RFC 8301, RFC 8463). */
import { Buffer } from "node:buffer";
import { createPrivateKey, type KeyObject, sign } from "node:crypto";
import type { BodySource, Bytes } from "../../_wire/options.ts";
import { toByteString } from "../../_wire/text.ts";
import {
  canonicalBody,
  headerOf,
  isName,
  keyName,
  LEAST_RSA_BITS,
  parseCanonicalization,
  pickFields,
  sha256,
  signedText,
  toSentForm,
} from "./dkim_text.ts";
import type { Field } from "./headers.ts";
import { MOST_SIZE, readAll } from "./read_all.ts";
import { concat } from "./serialize.ts";

/** Signed where they are there (section 5.4.1). */
const SIGNED = [
  ...["from", "sender", "reply-to", "to", "cc", "subject", "date"],
  ...["message-id", "in-reply-to", "references", "mime-version"],
  ...["content-type", "content-transfer-encoding", "content-disposition"],
  "content-id",
  ...["resent-date", "resent-from", "resent-to", "resent-cc"],
  ...["list-id", "list-help", "list-post", "list-owner", "list-archive"],
  ...["list-subscribe", "list-unsubscribe", "list-unsubscribe-post"],
];
/** Signed once more than they are there, so that nobody adds one. */
const SEALED = [
  ...["from", "to", "cc", "subject", "date", "reply-to", "message-id"],
  ...["mime-version", "content-type", "content-transfer-encoding"],
  "content-disposition",
];

/** Nobody reads a longer one. */
const LONGEST_FIELD = 64 * 1024;

/** With what to sign. */
export interface DkimKey {
  /** Whose mail it is: `"example.com"`. */
  domain: string;
  /** The key's name: it lies at `selector._domainkey.domain`. */
  selector: string;
  /** The private key in PEM, RSA or Ed25519. */
  privateKey: string;
  /**
   * How much the header and the body may change on their way; default
   * `"relaxed/relaxed"`.
   */
  canonicalization?:
    | "relaxed/relaxed"
    | "relaxed/simple"
    | "simple/relaxed"
    | "simple/simple"
    | undefined;
  /** Which fields are signed; default those that a reader sees. */
  headers?: string[] | undefined;
  /** When it is signed; default now. */
  time?: Date | undefined;
  /** Until when the signature is good; default without end. */
  expires?: Date | undefined;
}

/**
 * Signs a message: gives its bytes, with CRLF line ends and a field
 * `DKIM-Signature` in front, by rsa-sha256 or ed25519-sha256 as the key is. Sign
 * what is sent last: without `Bcc`, and 7-bit, or a server on the way encodes it
 * anew.
 *
 * @throws {TypeError} When the key, its name or the domain cannot be used, or the
 * message has no `From`.
 *
 * @example
 * ```ts
 * import { dkimSign, dkimVerify } from "@wireline/std/mail/message";
 * import { assertEquals } from "jsr:@std/assert@^1.0.0";
 * import { generateKeyPairSync } from "node:crypto";
 *
 * const { privateKey, publicKey } = generateKeyPairSync("ed25519");
 * const signed = await dkimSign("From: ada@example.com\r\n\r\nHello\r\n", {
 *   domain: "example.com",
 *   selector: "june",
 *   privateKey: privateKey.export({ type: "pkcs8", format: "pem" }).toString(),
 * });
 *
 * const key = publicKey.export({ type: "spki", format: "der" }).subarray(-32);
 * const record = `v=DKIM1; k=ed25519; p=${key.toString("base64")}`;
 * const [result] = await dkimVerify(signed, (name) => {
 *   assertEquals(name, "june._domainkey.example.com");
 *   return Promise.resolve([record]);
 * });
 * assertEquals(result?.result, "pass");
 * ```
 */
export async function dkimSign(
  message: BodySource,
  key: DkimKey,
): Promise<Bytes> {
  const { domain, selector, canonicalization = "relaxed/relaxed" } = key;
  checkName("domain", domain);
  checkName("selector", selector);
  checkName("domain and the selector", keyName(selector, domain));
  const { algorithm, privateKey } = readPrivateKey(key.privateKey);
  const [header, body] = parseCanonicalization(canonicalization) ??
    badCanonicalization(canonicalization);
  const wanted = checkHeaders(key.headers);
  const times = timesOf(key);
  const bytes = toSentForm(await readAll(message, MOST_SIZE), true);
  const { fields, bodyStart, isWhole } = headerOf(bytes);
  if (fields.filter((field) => field.key === "from").length !== 1) {
    throw new TypeError("Cannot sign the message: it has not one field From");
  }
  if (!isWhole || fields.some((field) => field.key === "")) {
    throw new TypeError(
      "Cannot sign the message: its header is too long, or has a line that is " +
        "no field",
    );
  }
  const names = namesToSign(fields, wanted);
  const bodyHash = sha256(
    canonicalBody(toByteString(bytes.subarray(bodyStart)), body),
  ).toString("base64");
  const tags = [
    "v=1",
    `a=${algorithm}`,
    `c=${canonicalization}`,
    `d=${domain}`,
    `s=${selector}`,
    ...times,
    `h=${foldList(names)}`,
    `bh=${bodyHash}`,
  ];
  const start = `DKIM-Signature: ${tags.join(";\r\n ")};\r\n b=`;
  if (start.length > LONGEST_FIELD) {
    throw new TypeError(
      `Cannot sign the message: it has ${names.length} fields to be signed`,
    );
  }
  const field: Field = {
    name: "DKIM-Signature",
    key: "dkim-signature",
    raw: `${start}\r\n`,
    valueAt: "DKIM-Signature:".length,
  };
  const data = signedText(pickFields(fields, names), field, header);
  const signature = algorithm === "rsa-sha256"
    ? sign("sha256", Buffer.from(data, "latin1"), privateKey)
    : sign(null, sha256(data), privateKey);
  const folded = signature.toString("base64").match(/.{1,72}/g)!
    .join("\r\n  ");
  const written = new TextEncoder().encode(`${start}${folded}\r\n`);
  return concat([written, bytes]);
}

function checkHeaders(wanted: string[] = SIGNED): string[] {
  const names = wanted.map((name) => name.toLowerCase());
  const bad = names.find((name) => !/^[!-9<-~]+$/.test(name));
  if (bad !== undefined || !names.includes("from")) {
    throw new TypeError(
      bad === undefined
        ? "Cannot sign without From: name it among the headers"
        : `Cannot sign the field ${JSON.stringify(bad)}: it is no field's name`,
    );
  }
  return [...new Set(names)];
}

/** Each as often as it is there, and some once more. */
function namesToSign(fields: readonly Field[], wanted: string[]): string[] {
  return wanted.flatMap((name) => {
    const count = fields.filter(({ key }) => key === name).length;
    return Array(count + (SEALED.includes(name) ? 1 : 0)).fill(name);
  });
}

/** When it was signed, and until when that is good. */
function timesOf({ time = new Date(), expires }: DkimKey): string[] {
  const signed = seconds("time", time);
  if (!expires) return [`t=${signed}`];
  const end = seconds("expires", expires);
  if (end <= signed) {
    throw new TypeError(
      "Cannot sign: the signature would expire before it is made",
    );
  }
  return [`t=${signed}`, `x=${end}`];
}

/** Names in lines that are not too long. */
function foldList(names: string[]): string {
  const lines: string[] = [];
  let line = "";
  for (const name of names) {
    if (line.length + name.length > 70) {
      lines.push(line);
      line = "";
    }
    line += `${name}:`;
  }
  return [...lines, line].join("\r\n  ").replace(/:$/, "");
}

function badCanonicalization(value: string): never {
  throw new TypeError(
    `Cannot sign with the canonicalization ${
      JSON.stringify(value)
    }: give two ` +
      'of "simple" and "relaxed", as in "relaxed/simple"',
  );
}

function readPrivateKey(
  pem: string,
): { algorithm: string; privateKey: KeyObject } {
  let privateKey: KeyObject;
  try {
    privateKey = createPrivateKey(pem);
  } catch {
    // The cause could tell of the key.
    throw new TypeError(
      "Cannot sign with this key: it is no private key in PEM",
    );
  }
  const { asymmetricKeyType: type, asymmetricKeyDetails: details } = privateKey;
  if (type === "ed25519") return { algorithm: "ed25519-sha256", privateKey };
  if (
    type === "rsa" && (details?.modulusLength ?? Infinity) >= LEAST_RSA_BITS
  ) {
    return { algorithm: "rsa-sha256", privateKey };
  }
  throw new TypeError(
    `Cannot sign with this key: take Ed25519, or RSA of ${LEAST_RSA_BITS} bits ` +
      "and more",
  );
}

function checkName(what: string, name: string): void {
  if (isName(name)) return;
  throw new TypeError(
    `Cannot sign with the ${what} ${JSON.stringify(name)}: it is no name`,
  );
}

function seconds(what: string, time: Date): number {
  const value = Math.floor(time.getTime() / 1000);
  if (value >= 0) return value;
  throw new TypeError(`Cannot sign with this ${what}: it is no date`);
}
