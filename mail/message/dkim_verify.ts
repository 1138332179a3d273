/** Verifying what a domain signed (RFC 6376, RFC 8301, RFC 8463). */
import { Buffer } from "node:buffer";
import { createPublicKey, type KeyObject, verify } from "node:crypto";
import type { BodySource } from "../../_wire/options.ts";
import { decodeText, toByteString } from "../../_wire/text.ts";
import {
  canonicalBody,
  type Canonicalization,
  headerOf,
  isName,
  keyName,
  LEAST_RSA_BITS,
  parseCanonicalization,
  parseTags,
  pickFields,
  sha256,
  signedText,
  splitColons,
  toSentForm,
  withoutBlanks,
  withoutSignature,
} from "./dkim_text.ts";
import type { Field } from "./headers.ts";
import { MOST_SIZE, readAll } from "./read_all.ts";

/** More are there to keep us busy. */
const MOST_SIGNATURES = 10;

/** Fields that stand once in a message, and say how it is shown. */
const SINGLE = new Set([
  ...["from", "to", "cc", "subject", "date", "reply-to", "sender"],
  ...["message-id", "in-reply-to", "references", "mime-version"],
  ...["content-type", "content-transfer-encoding", "content-disposition"],
]);

/** What is to be said of a signature (RFC 8601 section 2.7.1). */
export interface DkimResult {
  /**
   * `"pass"`: it is the domain's; `"fail"`: it is not, or the message was
   * changed; `"permerror"`: the signature or the key cannot be used;
   * `"temperror"`: the key could not be asked for.
   */
  result: "pass" | "fail" | "permerror" | "temperror";
  /** Why, where it did not pass. */
  reason?: string;
  /** Whose mail it claims to be; empty where nothing is said. */
  domain: string;
  /** The key's name. */
  selector: string;
  /** Who or what in the domain it is signed for. */
  identity: string;
  /** `"rsa-sha256"` or `"ed25519-sha256"`. */
  algorithm: string;
  /** The names of the fields that were signed, in lower case. */
  signedHeaders: string[];
  /**
   * How many bytes of the body were signed, where it is not all: anybody can have
   * put more behind them.
   */
  bodyLength?: number;
  /** Whether the domain only tries it out. */
  testing: boolean;
}

/**
 * Looks whether the signatures of a message are good, each with the domain's key,
 * for which `lookup` is asked: it gives the TXT records of a name, or rejects. Does
 * not say whether the domain has to do with the message's `From`.
 *
 * @example With the system's resolver
 * ```ts
 * import { dkimVerify } from "@wireline/std/mail/message";
 *
 * const results = await dkimVerify("From: a@example.com\r\n\r\n", async (name) => {
 *   const records = await Deno.resolveDns(name, "TXT");
 *   return records.map((texts) => texts.join(""));
 * });
 * console.log(results.some(({ result }) => result === "pass"));
 * ```
 */
export async function dkimVerify(
  message: BodySource,
  lookup: (name: string) => Promise<string[]>,
  options: {
    /** Against what the times are held; default now. */
    now?: Date | undefined;
  } = {},
): Promise<DkimResult[]> {
  const { now = new Date() } = options;
  if (typeof lookup !== "function" || Number.isNaN(now.getTime())) {
    throw new TypeError(
      "Cannot verify: give a function that looks up TXT records, and a time",
    );
  }
  const bytes = toSentForm(await readAll(message, MOST_SIZE), false);
  const { fields, bodyStart, isWhole } = headerOf(bytes, true);
  const content: Content = {
    fields,
    isWhole,
    body: toByteString(bytes.subarray(bodyStart)),
    forms: new Map(),
  };
  const results: DkimResult[] = [];
  const signatures = fields.filter(({ key }) => key === "dkim-signature");
  for (const field of signatures.slice(0, MOST_SIGNATURES)) {
    results.push(await verifyOne(content, field, lookup, now));
  }
  return results;
}

/** A message as it is verified. */
interface Content {
  fields: readonly Field[];
  /** Whether these are all. */
  isWhole: boolean;
  body: string;
  /** What was made of the body, for the next signature. */
  forms: Map<Canonicalization, string>;
}

/** Why a signature does not pass. */
class Refusal extends Error {
  readonly result: DkimResult["result"];

  constructor(result: DkimResult["result"], reason: string) {
    super(reason);
    this.result = result;
  }
}

async function verifyOne(
  content: Content,
  field: Field,
  lookup: (name: string) => Promise<string[]>,
  now: Date,
): Promise<DkimResult> {
  const tags = parseTags(field.raw.slice(field.valueAt)) ??
    new Map<string, string>();
  const [given = "", names] = [tags.get("d"), tags.get("h")];
  // Other letters have ASCII ones in lower case.
  const domain = isName(given) ? given.toLowerCase() : given;
  const identity = tags.get("i") ?? (domain && `@${domain}`);
  const result: DkimResult = {
    result: "pass",
    domain,
    selector: tags.get("s") ?? "",
    identity: decodeText(Buffer.from(identity, "latin1")),
    algorithm: tags.get("a")?.toLowerCase() ?? "",
    signedHeaders: names ? splitColons(names) : [],
    testing: false,
  };
  try {
    checkSignature(tags, result, now);
    checkFields(content, result);
    const record = await findKey(result, lookup);
    result.testing = record.flags.includes("y");
    if (record.flags.includes("s") && domainOf(identity) !== domain) {
      throw new Refusal("permerror", "The key is not for subdomains");
    }
    checkBody(content, tags, result);
    checkHeader(content, field, tags, result, record.key);
    return result;
  } catch (error) {
    if (!(error instanceof Refusal)) throw error;
    return { ...result, result: error.result, reason: error.message };
  }
}

/** Readers show the first of two, and signers sign the last (section 8.15). */
function checkFields(
  { fields, isWhole }: Content,
  { signedHeaders }: DkimResult,
): void {
  if (!isWhole) {
    throw new Refusal("permerror", "The header is longer than what is read");
  }
  const count = (names: string[], wanted: string) =>
    names.filter((name) => name === wanted).length;
  const keys = fields.map(({ key }) => key).filter((key) => SINGLE.has(key));
  if (count(keys, "from") !== 1) {
    throw new Refusal("fail", "The message has not one From");
  }
  for (const key of new Set(keys)) {
    const signed = count(signedHeaders, key);
    if (signed > 0 && signed < count(keys, key)) {
      throw new Refusal("fail", `Not all fields ${key} are signed`);
    }
  }
  // Not signed, and one reader's header may end there. The line of an mbox in
  // front of all was put there by whoever keeps the message.
  const isNoise = ({ key, raw }: Field, at: number) =>
    key === "" && !(at === 0 && raw.startsWith("From "));
  if (fields.some(isNoise)) {
    throw new Refusal("fail", "The header has a line that is no field");
  }
}

/** Of an identity, in lower case where it is a name. */
function domainOf(identity: string): string {
  const domain = identity.slice(identity.lastIndexOf("@") + 1);
  return isName(domain) ? domain.toLowerCase() : domain;
}

/** Section 6.1.1. */
function checkSignature(
  tags: Map<string, string>,
  { domain, selector, identity, algorithm, signedHeaders }: DkimResult,
  now: Date,
): void {
  const refuse = (reason: string) => {
    throw new Refusal("permerror", reason);
  };
  for (const name of ["v", "a", "b", "bh", "d", "h", "s"]) {
    if (!tags.get(name)) refuse(`The signature has no ${name}=`);
  }
  if (tags.get("v") !== "1") refuse("The signature is of another version");
  if (algorithm !== "rsa-sha256" && algorithm !== "ed25519-sha256") {
    // RFC 8301 section 3.1 rules rsa-sha1 out.
    refuse(`The algorithm ${algorithm} is none to rely on`);
  }
  if (!parseCanonicalization(tags.get("c") ?? "simple")) {
    refuse("The canonicalization is unknown");
  }
  if (!isName(domain) || !isName(keyName(selector, domain))) {
    refuse("The domain or the selector is no name");
  }
  const under = domainOf(identity);
  const isInside = isName(under) && `.${under}`.endsWith(`.${domain}`);
  if (!identity.includes("@") || !isInside) {
    refuse("The signer is not in the domain");
  }
  if (!signedHeaders.includes("from")) refuse("From is not signed");
  if (!splitColons(tags.get("q") ?? "dns/txt").includes("dns/txt")) {
    refuse("The key is not to be found in the DNS");
  }
  const [signed, expires] = [tags.get("t"), tags.get("x")];
  for (const time of [signed, expires, tags.get("l")]) {
    if (time !== undefined && !/^\d{1,76}$/.test(time)) {
      refuse("A number of the signature is none");
    }
  }
  if (expires === undefined) return;
  if (signed !== undefined && Number(expires) <= Number(signed)) {
    refuse("The signature expires before it is made");
  }
  if (Number(expires) * 1000 < now.getTime()) {
    throw new Refusal("fail", "The signature has expired");
  }
}

/** Section 6.1.2. */
async function findKey(
  { domain, selector, algorithm }: DkimResult,
  lookup: (name: string) => Promise<string[]>,
): Promise<{ key: KeyObject; flags: string[] }> {
  const name = keyName(selector, domain);
  let records: string[];
  try {
    records = await lookup(name);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) records = [];
    else {
      const why = error instanceof Error ? `: ${error.message}` : "";
      throw new Refusal("temperror", `The key could not be asked for${why}`);
    }
  }
  let problem = `There is no key at ${name}`;
  for (const record of records) {
    const found = readPublicKey(record, algorithm);
    if (typeof found !== "string") return found;
    problem = found;
  }
  throw new Refusal("permerror", problem);
}

/** The key, or why it cannot be used (section 3.6.1). */
function readPublicKey(
  record: string,
  algorithm: string,
): { key: KeyObject; flags: string[] } | string {
  const tags = parseTags(record);
  if (!tags || (tags.get("v") ?? "DKIM1") !== "DKIM1") {
    return "The key's record is none";
  }
  const type = tags.get("k")?.toLowerCase() ?? "rsa";
  if (`${type}-sha256` !== algorithm) return "The key is of another algorithm";
  if (!splitColons(tags.get("h") ?? "sha256").includes("sha256")) {
    return "The key is not for SHA-256";
  }
  const services = splitColons(tags.get("s") ?? "*");
  if (!services.includes("*") && !services.includes("email")) {
    return "The key is not for mail";
  }
  const key = tags.get("p");
  if (key === undefined) return "The key's record has no p=";
  const encoded = withoutBlanks(key);
  if (encoded === "") return "The key was revoked";
  const flags = splitColons(tags.get("t") ?? "");
  try {
    const bytes = Buffer.from(Uint8Array.fromBase64(encoded));
    const key = type === "rsa" ? rsaKey(bytes) : ed25519Key(bytes);
    if (key.asymmetricKeyType !== type) return "The key is of another kind";
    const bits = key.asymmetricKeyDetails?.modulusLength ?? Infinity;
    if (bits < LEAST_RSA_BITS) return `The key has no more than ${bits} bits`;
    return { key, flags };
  } catch {
    return "The key cannot be read";
  }
}

function rsaKey(bytes: Buffer): KeyObject {
  try {
    return createPublicKey({ key: bytes, format: "der", type: "spki" });
  } catch {
    // QUIRK: without the algorithm around it, as the text of RFC 6376 has it.
    return createPublicKey({ key: bytes, format: "der", type: "pkcs1" });
  }
}

function ed25519Key(bytes: Buffer): KeyObject {
  const x = bytes.toString("base64url");
  return createPublicKey({
    key: { kty: "OKP", crv: "Ed25519", x },
    format: "jwk",
  });
}

/** Section 6.1.3, step 1 and 2. */
function checkBody(
  { body, forms }: Content,
  tags: Map<string, string>,
  result: DkimResult,
): void {
  const [, how] = parseCanonicalization(tags.get("c") ?? "simple")!;
  let text = forms.get(how) ?? canonicalBody(body, how);
  forms.set(how, text);
  const length = tags.get("l");
  if (length !== undefined) {
    if (Number(length) > text.length) {
      throw new Refusal("fail", "The body is shorter than what was signed");
    }
    if (Number(length) < text.length) result.bodyLength = Number(length);
    text = text.slice(0, Number(length));
  }
  if (sha256(text).toString("base64") !== withoutBlanks(tags.get("bh")!)) {
    throw new Refusal("fail", "The body is not what was signed");
  }
}

/** Section 6.1.3, step 3 and 4. */
function checkHeader(
  { fields }: Content,
  field: Field,
  tags: Map<string, string>,
  { signedHeaders, algorithm }: DkimResult,
  key: KeyObject,
): void {
  const [how] = parseCanonicalization(tags.get("c") ?? "simple")!;
  const others = fields.filter((one) => one !== field);
  const data = signedText(
    pickFields(others, signedHeaders),
    withoutSignature(field),
    how,
  );
  let signature: Uint8Array;
  try {
    signature = Uint8Array.fromBase64(withoutBlanks(tags.get("b")!), {
      lastChunkHandling: "strict",
    });
  } catch {
    throw new Refusal("permerror", "The signature is no base64");
  }
  if (!isGood(data, signature, algorithm, key)) {
    throw new Refusal("fail", "The header is not what was signed");
  }
}

function isGood(
  data: string,
  signature: Uint8Array,
  algorithm: string,
  key: KeyObject,
): boolean {
  try {
    return algorithm === "rsa-sha256"
      ? verify("sha256", Buffer.from(data, "latin1"), key, signature)
      : verify(null, sha256(data), key, signature);
  } catch {
    // A key that the engine takes and cannot use.
    return false;
  }
}
