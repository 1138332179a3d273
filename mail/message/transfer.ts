/** Transfer encodings (RFC 2045 section 6): undone, chosen and done. */
import { Buffer } from "node:buffer";
import type { Bytes } from "../../_wire/options.ts";
import { toByteString } from "../../_wire/text.ts";
import {
  decodeBase64,
  decodeQuotedPrintable,
  decodeUu,
  decodeYenc,
  encodeQuotedPrintable,
} from "../encoding/mod.ts";
import { encodeLines } from "../encoding/base64.ts";
import { note, type TransferEncoding } from "./entity.ts";
import type { MailHeaders } from "./headers.ts";

const LF = 0x0a;
const CR = 0x0d;
/** Bytes in a line without its end (RFC 5322 section 2.1.1). */
const LONGEST_LINE = 998;
/** Bytes encoded at a time: whole lines of base64. */
const LINE = 57;
const PIECE = LINE * 16 * 1024;

/** What the field says, in lower case; empty where there is none. */
export function transferEncodingOf(headers: MailHeaders): string {
  const value = headers.getRaw("content-transfer-encoding")[0] ?? "";
  return value.split(";", 1)[0]!.replace(/\([^()]*\)|"/g, "").trim()
    .toLowerCase();
}

/** A body as it was before it was encoded. What is wrong with it is noted. */
export function decodeTransfer(
  body: Bytes,
  encoding: string,
  defects: string[],
): Bytes {
  switch (encoding) {
    case "base64":
      try {
        return decodeBase64(body, { strict: true });
      } catch {
        note(defects, "The base64 has other characters, or ends early");
        return decodeBase64(upToPadding(toByteString(body)));
      }
    case "quoted-printable":
      return decodeQuotedPrintable(body);
    case "x-uuencode":
    case "uuencode":
    case "x-uue":
    case "uue":
      return orAsItIs(() => decodeUu(body).content, body, encoding, defects);
    case "x-yencode":
    case "x-yenc":
      return orAsItIs(() => decodeYenc(body).content, body, encoding, defects);
    case "":
    case "7bit":
    case "8bit":
    case "binary":
      return body.slice();
    default:
      note(defects, `Nobody knows the transfer encoding ${encoding}`);
      return body.slice();
  }
}

/**
 * Without what mailing lists put behind base64, whose padding tells where it ends
 * (RFC 2045 section 6.8). What looks like base64 itself is another piece of it.
 */
function upToPadding(text: string): string {
  const padding = text.indexOf("=");
  if (padding < 0) return text;
  const end = padding + (text[padding + 1] === "=" ? 2 : 1);
  return /^[A-Za-z0-9+/=\r\n]*$/.test(text.slice(end).trim())
    ? text
    : text.slice(0, end);
}

function orAsItIs(
  decode: () => Bytes,
  body: Bytes,
  encoding: string,
  defects: string[],
): Bytes {
  try {
    return decode();
  } catch {
    note(defects, `The body is not encoded in ${encoding}, as it claims`);
    return body.slice();
  }
}

/**
 * The encoding in which text is shortest, or as it is where mail takes it: lines
 * that are not too long, in ASCII.
 */
export function chooseEncoding(bytes: Uint8Array): TransferEncoding {
  let beyond = 0;
  let column = 0;
  let isPlain = true;
  for (let at = 0; at < bytes.length; at++) {
    const byte = bytes[at]!;
    if (byte === CR && bytes[at + 1] === LF) {
      column = 0;
      at++;
      continue;
    }
    if (byte >= 0x80) beyond++;
    // A line end that is none would not come through as it is.
    if (byte === 0 || byte === CR || byte === LF) isPlain = false;
    if (++column > LONGEST_LINE) isPlain = false;
  }
  if (isPlain && beyond === 0) return "7bit";
  // Three characters for a byte here, four for three there.
  return beyond * 6 > bytes.length ? "base64" : "quoted-printable";
}

/** The line ends of mail; of text that is one character a byte, too. */
export function toCrlf(text: string): string {
  return text.replace(/\r\n|\n|\r/g, "\r\n");
}

/** Bytes encoded, a piece at a time. */
export function* encodePieces(
  bytes: Uint8Array,
  encoding: TransferEncoding,
): Generator<Bytes> {
  if (encoding === "base64") {
    for (let at = 0; at < bytes.length; at += PIECE) {
      yield encodeLines(bytes.subarray(at, at + PIECE));
    }
  } else if (encoding === "quoted-printable") {
    yield ascii(encodeQuotedPrintable(bytes));
  } else yield new Uint8Array(bytes);
}

/** Bytes encoded as they come. */
export function encodeChunks(
  chunks: AsyncIterable<Uint8Array>,
  encoding: TransferEncoding,
): AsyncIterableIterator<Bytes> {
  return new EncodedChunks(chunks[Symbol.asyncIterator](), encoding);
}

/**
 * No generator: one that waits for its source cannot be told to end, and the
 * source would never hear that nobody reads on.
 */
class EncodedChunks implements AsyncIterableIterator<Bytes> {
  #source: AsyncIterator<Uint8Array>;
  #isBase64: boolean;
  /** What makes no whole line yet. */
  #rest: Uint8Array = new Uint8Array();

  constructor(source: AsyncIterator<Uint8Array>, encoding: TransferEncoding) {
    this.#source = source;
    this.#isBase64 = encoding === "base64";
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  async next(): Promise<IteratorResult<Bytes>> {
    for (;;) {
      const { done, value } = await this.#source.next();
      const bytes = done ? this.#end() : this.#push(value);
      if (bytes.length > 0) return { done: false, value: bytes };
      if (done) return { done: true, value: undefined };
    }
  }

  async return(): Promise<IteratorResult<Bytes>> {
    await this.#source.return?.();
    return { done: true, value: undefined };
  }

  #push(chunk: Uint8Array): Bytes {
    // Its memory may be used again.
    if (!this.#isBase64) return new Uint8Array(chunk);
    const bytes = this.#rest.length > 0
      ? Buffer.concat([this.#rest, chunk])
      : chunk;
    const whole = bytes.length - bytes.length % LINE;
    this.#rest = bytes.slice(whole);
    return encodeLines(bytes.subarray(0, whole));
  }

  #end(): Bytes {
    const last = encodeLines(this.#rest);
    this.#rest = new Uint8Array();
    return last;
  }
}

function ascii(text: string): Bytes {
  return new Uint8Array(Buffer.from(text, "latin1"));
}
