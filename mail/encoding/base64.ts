import type { Bytes } from "../../_wire/options.ts";
import { toByteString } from "../../_wire/text.ts";
import { concat } from "./_file_decoder.ts";

/** Bytes that a line of 76 characters stands for (RFC 2045 section 6.8). */
const LINE = 57;
const LINE_CHARACTERS = 76;
/** With CRLF. */
const LINE_OUT = 78;
/** So that what is encoded stays in the processor's cache. */
const LINES_AT_ONCE = 512;
const CR = 0x0d;
const LF = 0x0a;
/** What stands for nothing. */
const OTHERS = /[^A-Za-z0-9+/=]+/g;
const ENCODER = new TextEncoder();

/** How to encode. */
export interface Base64Options {
  /** `"base64url"` has `-` and `_` (RFC 4648 section 5). Default `"base64"`. */
  alphabet?: "base64" | "base64url" | undefined;
  /** Whether there are no `=` at the end. Default `false`. */
  omitPadding?: boolean | undefined;
  /**
   * Whether it is cut into lines of 76 characters that end in CRLF, as in mail.
   * Default `false`.
   */
  lines?: boolean | undefined;
}

/** How to decode. */
export interface Base64DecodeOptions {
  /** `"base64url"` has `-` and `_` (RFC 4648 section 5). Default `"base64"`. */
  alphabet?: "base64" | "base64url" | undefined;
  /**
   * Whether anything but the alphabet, blanks and proper padding is an error. By
   * default it is passed over, as RFC 2045 section 6.8 asks for.
   */
  strict?: boolean | undefined;
}

/**
 * Encodes bytes in base64 (RFC 4648 section 4), or as mail has it (RFC 2045
 * section 6.8) with `lines`.
 *
 * @example
 * ```ts
 * import { decodeBase64, encodeBase64 } from "@wireline/std/mail/encoding";
 * import { assertEquals } from "jsr:@std/assert@^1.0.0";
 *
 * const bytes = new TextEncoder().encode("Hello");
 * assertEquals(encodeBase64(bytes), "SGVsbG8=");
 * assertEquals(decodeBase64("SGVsbG8="), bytes);
 * ```
 */
export function encodeBase64(
  bytes: Uint8Array,
  options: Base64Options = {},
): string {
  const { alphabet = "base64", omitPadding = false, lines = false } = options;
  if (!lines) return bytes.toBase64({ alphabet, omitPadding });
  return toByteString(encodeLines(bytes, { alphabet, omitPadding }));
}

/** As {@linkcode encodeBase64} does with `lines`, but bytes: for streams. */
export function encodeLines(
  bytes: Uint8Array,
  { alphabet = "base64", omitPadding = false }: Base64Options = {},
): Bytes {
  const lines = Math.ceil(bytes.length / LINE);
  const out = new Uint8Array(lines * LINE_OUT);
  const text = new Uint8Array(
    Math.min(lines, LINES_AT_ONCE) * LINE_CHARACTERS,
  );
  // Four characters at a time: set() takes longer to begin than a line takes.
  const from = new DataView(text.buffer);
  const to = new DataView(out.buffer);
  let size = 0;
  for (let at = 0; at < bytes.length; at += LINES_AT_ONCE * LINE) {
    const piece = bytes.subarray(at, at + LINES_AT_ONCE * LINE)
      .toBase64({ alphabet, omitPadding });
    ENCODER.encodeInto(piece, text);
    for (let start = 0; start < piece.length; start += LINE_CHARACTERS) {
      const end = Math.min(start + LINE_CHARACTERS, piece.length);
      let next = start;
      for (; next + 4 <= end; next += 4, size += 4) {
        to.setInt32(size, from.getInt32(next));
      }
      // Without padding the last line may have any length.
      while (next < end) out[size++] = text[next++]!;
      out[size++] = CR;
      out[size++] = LF;
    }
  }
  return out.subarray(0, size);
}

/**
 * Decodes base64. What is no base64 is passed over, and padding in the middle
 * ends one text and begins the next: mail has been seen with both.
 *
 * @throws {SyntaxError} With `strict`, when there is anything else.
 */
export function decodeBase64(
  encoded: string | Uint8Array,
  options: Base64DecodeOptions = {},
): Bytes {
  const { alphabet = "base64", strict = false } = options;
  const text = typeof encoded === "string" ? encoded : toByteString(encoded);
  try {
    // Into memory of about the right size: it does not have to grow.
    const bytes = new Uint8Array(Math.ceil(text.length / 4) * 3);
    const { written } = bytes.setFromBase64(text, {
      alphabet,
      lastChunkHandling: strict ? "strict" : "loose",
    });
    return bytes.subarray(0, written);
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
    if (strict) {
      throw new SyntaxError(
        "Cannot decode base64: it has other characters, or the padding does " +
          "not make groups of four",
      );
    }
  }
  const others = alphabet === "base64" ? OTHERS : /[^A-Za-z0-9\-_=]+/g;
  const parts = text.replace(others, "").split(/=+/);
  const bytes = new Uint8Array(text.length);
  let size = 0;
  for (const part of parts) {
    const decoded = decodePart(part, alphabet);
    bytes.set(decoded, size);
    size += decoded.length;
  }
  return bytes.slice(0, size);
}

/** Decodes what needs nothing that comes behind it. */
function decodeStart(text: string): { bytes: Bytes; rest: string } {
  try {
    const bytes = new Uint8Array(Math.ceil(text.length / 4) * 3);
    const { read, written } = bytes.setFromBase64(text, {
      lastChunkHandling: "stop-before-partial",
    });
    // Without blanks, which would pile up.
    const rest = text.slice(read).replace(OTHERS, "");
    return { bytes: bytes.subarray(0, written), rest };
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
  }
  // With other characters, or padding in the middle: up to the end of a text, or
  // to a whole number of groups in the last.
  const clean = text.replace(OTHERS, "");
  const start = clean.lastIndexOf("=") + 1;
  const whole = clean.length - (clean.length - start) % 4;
  return {
    bytes: decodeBase64(clean.slice(0, whole)),
    rest: clean.slice(whole),
  };
}

/** Nothing but the alphabet; six bits that are left over say nothing. */
function decodePart(text: string, alphabet: "base64" | "base64url"): Bytes {
  const whole = text.length % 4 === 1 ? text.slice(0, -1) : text;
  return Uint8Array.fromBase64(whole, { alphabet });
}

/**
 * Encodes bytes as mail has them, in lines of 76 characters that end in CRLF, as
 * they come.
 *
 * @example Send a file's text
 * ```ts
 * import { Base64EncoderStream } from "@wireline/std/mail/encoding";
 *
 * const text = new Blob(["Hello"]).stream()
 *   .pipeThrough(new Base64EncoderStream());
 * console.log(await new Response(text).text());
 * ```
 */
export class Base64EncoderStream extends TransformStream<Uint8Array, Bytes> {
  /** Ready to be piped through. */
  constructor() {
    // What makes no whole line yet.
    let rest: Uint8Array = new Uint8Array();
    super({
      transform(chunk, controller) {
        const bytes = rest.length > 0 ? concat(rest, chunk) : chunk;
        const whole = bytes.length - bytes.length % LINE;
        rest = bytes.slice(whole);
        if (whole === 0) return;
        controller.enqueue(encodeLines(bytes.subarray(0, whole)));
      },
      flush(controller) {
        if (rest.length === 0) return;
        controller.enqueue(encodeLines(rest));
      },
    });
  }
}

/**
 * Decodes base64 as it comes, at any split, as {@linkcode decodeBase64} does
 * without `strict`.
 *
 * @example
 * ```ts
 * import { Base64DecoderStream } from "@wireline/std/mail/encoding";
 *
 * const bytes = new Blob(["SGVs", "bG8="]).stream()
 *   .pipeThrough(new Base64DecoderStream());
 * console.log(await new Response(bytes).text());
 * ```
 */
export class Base64DecoderStream extends TransformStream<Uint8Array, Bytes> {
  /** Ready to be piped through. */
  constructor() {
    // Fewer than four characters, or a text that its padding has not ended.
    let rest = "";
    super({
      transform(chunk, controller) {
        const decoded = decodeStart(rest + toByteString(chunk));
        rest = decoded.rest;
        if (decoded.bytes.length > 0) controller.enqueue(decoded.bytes);
      },
      flush(controller) {
        const bytes = decodeBase64(rest);
        if (bytes.length > 0) controller.enqueue(bytes);
      },
    });
  }
}
