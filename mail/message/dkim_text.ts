/** Forms in which DKIM takes a message, and lists of tags (RFC 6376). */
import { Buffer } from "node:buffer";
import { createHash } from "node:crypto";
import type { Bytes } from "../../_wire/options.ts";
import { toByteString } from "../../_wire/text.ts";
import { type Field, trimEnd } from "./headers.ts";
import { parseHeader, TOO_LONG } from "./parse_header.ts";

/** Bytes in a header that is signed. */
const HEADER_SIZE = 1024 * 1024;
/** What signing puts in front of it, and others do on the way. */
const MORE = 128 * 1024;
/** RFC 8301 section 3.2; shorter keys are broken at home. */
export const LEAST_RSA_BITS = 1024;

/** How much a message may change on its way (section 3.4). */
export type Canonicalization = "simple" | "relaxed";

/**
 * The bytes with CRLF for each LF that stands alone, as a file has it. With
 * `bareCr` for each CR too: who signs decides what the lines are, who verifies
 * must not (section 5.3).
 */
export function toSentForm(bytes: Bytes, bareCr: boolean): Bytes {
  const text = toByteString(bytes);
  const bare = bareCr ? /(?<!\r)\n|\r(?!\n)/g : /(?<!\r)\n/g;
  return text.search(bare) < 0
    ? bytes
    : new Uint8Array(Buffer.from(text.replace(bare, "\r\n"), "latin1"));
}

/** The fields, and where the body begins. */
export function headerOf(
  source: Bytes,
  isSigned = false,
): { fields: Field[]; bodyStart: number; isWhole: boolean } {
  const defects: string[] = [];
  const { fields, bodyStart } = parseHeader(
    {
      source,
      lines: toByteString(source),
      maxSize: HEADER_SIZE + (isSigned ? MORE : 0),
      isDelimiter: () => false,
    },
    0,
    defects,
  );
  return { fields, bodyStart, isWhole: !defects.includes(TOO_LONG) };
}

/** A field with its line end, one character a byte (sections 3.4.1, 3.4.2). */
export function canonicalField(
  { raw, valueAt, key }: Field,
  how: Canonicalization,
): string {
  // The last one has none where the message ends with it.
  if (how === "simple") return raw.endsWith("\r\n") ? raw : `${raw}\r\n`;
  const value = oneBlank(raw.slice(valueAt).replaceAll("\r\n", ""));
  return `${key}:${value.replace(/^ | $/g, "")}\r\n`;
}

/** One space for each row of blanks; most have one already. */
function oneBlank(text: string): string {
  return text.replaceAll("\t", " ").replace(/ {2,}/g, " ");
}

/** The body, one character a byte (sections 3.4.3, 3.4.4). */
export function canonicalBody(text: string, how: Canonicalization): string {
  let body = text;
  if (how === "relaxed") {
    body = oneBlank(body).replaceAll(" \r\n", "\r\n");
    if (body.endsWith(" ")) body = body.slice(0, -1);
  }
  let end = body.length;
  while (end >= 2 && body.startsWith("\r\n", end - 2)) end -= 2;
  if (end === 0) return how === "simple" ? "\r\n" : "";
  return `${body.slice(0, end)}\r\n`;
}

/**
 * A list of tags (section 3.2); undefined where it is none, or has one of them
 * twice.
 */
export function parseTags(value: string): Map<string, string> | undefined {
  const tags = new Map<string, string>();
  const specs = value.split(";");
  if (isBlank(specs.at(-1)!)) specs.pop();
  for (const spec of specs) {
    const equals = spec.indexOf("=");
    const name = trimBlanks(spec.slice(0, Math.max(0, equals)));
    if (!/^[A-Za-z]\w*$/.test(name) || tags.has(name)) return undefined;
    tags.set(name, trimBlanks(spec.slice(equals + 1)));
  }
  return tags;
}

/** Base64 may be folded anywhere. */
export function withoutBlanks(text: string): string {
  return text.replace(/[ \t\r\n]+/g, "");
}

/** Entries of a list that colons divide, in lower case. */
export function splitColons(text: string): string[] {
  return text.split(":").map((one) => trimBlanks(one).toLowerCase());
}

/** The field as it is when it is signed: `b=` is empty (section 3.5). */
export function withoutSignature(field: Field): Field {
  const head = field.raw.slice(0, field.valueAt);
  const value = field.raw.slice(field.valueAt).split(";")
    .map((spec) => spec.replace(/^([ \t\r\n]*b[ \t\r\n]*=)[^]*$/, "$1")).join(
      ";",
    );
  return { ...field, raw: head + value };
}

function isBlank(text: string): boolean {
  return trimBlanks(text) === "";
}

/** Nothing else is a blank here (section 2.8). */
function trimBlanks(text: string): string {
  return trimEnd(text).replace(/^[ \t\r\n]+/, "");
}

/**
 * The fields that are named, each time the next one from below (section 5.4.2);
 * one that is not there stands for itself.
 */
export function pickFields(
  fields: readonly Field[],
  names: string[],
): Field[] {
  const left = new Map<string, Field[]>();
  for (const field of fields) {
    const same = left.get(field.key);
    if (same) same.push(field);
    else left.set(field.key, [field]);
  }
  return names.flatMap((name) =>
    name === "" ? [] : left.get(name)?.pop() ?? []
  );
}

/** The fields, and the signature's own without a line end (section 3.7). */
export function signedText(
  fields: Field[],
  signature: Field,
  how: Canonicalization,
): string {
  const own = canonicalField(signature, how).replace(/\r\n$/, "");
  return fields.map((one) => canonicalField(one, how)).join("") + own;
}

/** The hash that all algorithms have; of one character a byte. */
export function sha256(text: string): Buffer {
  return createHash("sha256").update(text, "latin1").digest();
}

/** The forms of the header and of the body (section 3.5, `c=`). */
export function parseCanonicalization(
  value: string,
): [header: Canonicalization, body: Canonicalization] | undefined {
  const [header, body = "simple", more] = value.toLowerCase().split("/");
  const isOne = (one: string | undefined): one is Canonicalization =>
    one === "simple" || one === "relaxed";
  return isOne(header) && isOne(body) && more === undefined
    ? [header, body]
    : undefined;
}

/** Where the key lies (section 3.6.2.1). */
export function keyName(selector: string, domain: string): string {
  return `${selector}._domainkey.${domain}`;
}

/** Whether it can stand in a name of the DNS. */
export function isName(name: string): boolean {
  return name.length <= 253 &&
    /^[a-z\d_](?:[a-z\d_-]{0,62})(?:\.[a-z\d_][a-z\d_-]{0,62})*$/i.test(name);
}
