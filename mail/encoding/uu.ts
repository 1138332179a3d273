import type { Bytes } from "../../_wire/options.ts";
import { decodeText, toByteString } from "../../_wire/text.ts";
import { concat, decodeWhole, streamDecoder } from "./_file_decoder.ts";

const LF = 0x0a;
const SPACE = 0x20;
const BACKTICK = 0x60;
/** Bytes that a line has of the file. */
const LINE = 45;
/** Longest line that makes sense, with room to spare. */
const MOST_LINE = 1024;
/** Most bytes that a line can stand for. */
const MOST_BYTES = 63;

/** What the line of `begin` says of a file. */
export interface UuHeader {
  /** The file's name: the sender's words, which may hold slashes. */
  filename: string;
  /** Its permissions: `0o644`. */
  mode: number;
}

/** A decoded file. */
export interface UuFile extends UuHeader {
  /** The bytes. */
  content: Bytes;
}

/**
 * Encodes bytes as uuencode does (POSIX), with the name and permissions of the
 * file, and LF line ends. Zero is a backtick: blanks at the end of a line get
 * lost in mail.
 *
 * @throws {TypeError} When the name could end its line, or the mode is none.
 *
 * @example
 * ```ts
 * import { decodeUu, encodeUu } from "@wireline/std/mail/encoding";
 * import { assertEquals } from "jsr:@std/assert@^1.0.0";
 *
 * const encoded = encodeUu(new TextEncoder().encode("Cat"), {
 *   filename: "cat.txt",
 * });
 * assertEquals(encoded, "begin 644 cat.txt\n#0V%T\n`\nend\n");
 * assertEquals(decodeUu(encoded).filename, "cat.txt");
 * ```
 */
export function encodeUu(
  bytes: Uint8Array,
  options: {
    /** The file's name; default `"file"`. */
    filename?: string | undefined;
    /** Its permissions; default `0o644`. */
    mode?: number | undefined;
  } = {},
): string {
  const { filename = "file", mode = 0o644 } = options;
  if (filename.trim() === "" || /[\r\n\0]/.test(filename)) {
    throw new TypeError(
      `Cannot encode ${JSON.stringify(filename)}: it is no name of a file`,
    );
  }
  if (!Number.isInteger(mode) || mode < 0 || mode > 0o7777) {
    throw new TypeError(`Cannot encode mode ${mode}: it is none`);
  }
  const octal = mode.toString(8).padStart(3, "0");
  const body = toByteString(encodeLines(bytes));
  return `begin ${octal} ${filename}\n${body}\`\nend\n`;
}

function encodeLines(bytes: Uint8Array): Bytes {
  const full = Math.floor(bytes.length / LINE);
  const last = bytes.length % LINE;
  // The count, four characters for three bytes, and LF.
  const length = (count: number) => count && Math.ceil(count / 3) * 4 + 2;
  const out = new Uint8Array(full * length(LINE) + length(last));
  let size = 0;
  for (let start = 0; start < bytes.length; start += LINE) {
    const end = Math.min(start + LINE, bytes.length);
    out[size++] = character(end - start);
    for (let at = start; at < end; at += 3) {
      // Beyond the end there is nothing, which counts as zero.
      const word = bytes[at]! << 16 | (at + 1 < end ? bytes[at + 1]! << 8 : 0) |
        (at + 2 < end ? bytes[at + 2]! : 0);
      out[size++] = character(word >> 18);
      out[size++] = character(word >> 12 & 0x3f);
      out[size++] = character(word >> 6 & 0x3f);
      out[size++] = character(word & 0x3f);
    }
    out[size++] = LF;
  }
  return out;
}

function character(value: number): number {
  return value === 0 ? BACKTICK : value + SPACE;
}

/**
 * Decodes what stands between `begin` and `end`, whatever is around it, such as
 * the text of a message. Blanks that were lost at the end of a line are put
 * back.
 *
 * @throws {SyntaxError} When there is none, it ends too early, or has characters
 * that do not belong there.
 */
export function decodeUu(encoded: string | Uint8Array): UuFile {
  const bytes = typeof encoded === "string"
    ? new TextEncoder().encode(encoded)
    : encoded;
  const { header, content } = decodeWhole(new Decoder(), bytes);
  return { ...header, content };
}

/**
 * Decodes uuencoded text as it comes, at any split, as {@linkcode decodeUu}
 * does. The stream errors where something is missing, at the end at the latest.
 *
 * @example Decode an attachment of the old kind into a file
 * ```ts
 * import { UuDecoderStream } from "@wireline/std/mail/encoding";
 *
 * async function save(body: ReadableStream<Uint8Array>) {
 *   const decoder = new UuDecoderStream();
 *   const file = await Deno.create("download");
 *   await body.pipeThrough(decoder).pipeTo(file.writable);
 *   console.log((await decoder.header).filename);
 * }
 * ```
 */
export class UuDecoderStream extends TransformStream<Uint8Array, Bytes> {
  /**
   * What is known of the file, as soon as it has come; rejects where it never
   * does.
   */
  readonly header: Promise<UuHeader>;

  /** Ready to be piped through. */
  constructor() {
    const { transformer, header } = streamDecoder(new Decoder());
    super(transformer);
    this.header = header;
  }
}

/** What has come so far, and what is waited for. */
class Decoder {
  header: UuHeader | undefined;
  #ended = false;
  /** A line whose end has not come. */
  #rest: Uint8Array = new Uint8Array();
  /** In the middle of a line of text that is too long to begin a file. */
  #skipping = false;

  /** What the next bytes decode to. */
  push(chunk: Uint8Array): Bytes {
    if (this.#ended) return new Uint8Array();
    const bytes = this.#rest.length > 0 ? concat(this.#rest, chunk) : chunk;
    // It grows where more comes: three bytes of four is usual, but a line whose
    // blanks were lost has more than that.
    let out = new Uint8Array(this.header ? bytes.length : 0);
    let size = 0;
    let at = 0;
    while (!this.#ended) {
      const end = bytes.indexOf(LF, at);
      if (end < 0) break;
      if (size + MOST_BYTES > out.length) {
        const larger = new Uint8Array(out.length * 2 + MOST_BYTES);
        larger.set(out);
        out = larger;
      }
      size += this.#whole(bytes.subarray(at, end), out.subarray(size));
      at = end + 1;
    }
    this.#rest = this.#ended ? new Uint8Array() : bytes.slice(at);
    if (this.#rest.length > MOST_LINE || this.#skipping) {
      if (this.header) throw damaged("a line is too long");
      this.#skipping = true;
      this.#rest = new Uint8Array();
    }
    return out.subarray(0, size);
  }

  /** Nothing more will come; the last line may have had no end. */
  end(): Bytes {
    const last = this.push(new Uint8Array([LF]));
    if (!this.header) throw damaged('there is no line of "begin"');
    if (!this.#ended) throw damaged('it ends before its line of "end"');
    return last;
  }

  #whole(line: Uint8Array, out: Uint8Array): number {
    const skipped = this.#skipping || line.length > MOST_LINE;
    this.#skipping = false;
    if (!skipped) return this.#line(trimEnd(line), out);
    if (this.header) throw damaged("a line is too long");
    return 0;
  }

  #line(line: Uint8Array, out: Uint8Array): number {
    if (!this.header) {
      if (line[0] === 0x62) this.header = parseBegin(decodeText(line));
      return 0;
    }
    if (line.length === 3 && decodeText(line) === "end") {
      this.#ended = true;
      return 0;
    }
    // An empty line is zero bytes whose blank was lost.
    const count = line.length === 0 ? 0 : valueOf(line[0]!);
    // QUIRK: some add a character, for a checksum or to keep the blanks.
    const most = Math.ceil(count / 3) * 4 + 2;
    if (line.length > most) {
      throw damaged(`a line is too long for ${count} bytes`);
    }
    for (let from = 1, to = 0; to < count; from += 4, to += 3) {
      const word = valueOf(line[from]) << 18 | valueOf(line[from + 1]) << 12 |
        valueOf(line[from + 2]) << 6 | valueOf(line[from + 3]);
      out[to] = word >> 16;
      if (to + 1 < count) out[to + 1] = word >> 8;
      if (to + 2 < count) out[to + 2] = word;
    }
    return count;
  }
}

function parseBegin(line: string): UuHeader | undefined {
  const match = /^begin ([0-7]{3,4}) (.+)$/s.exec(line);
  return match
    ? { mode: parseInt(match[1]!, 8), filename: match[2]! }
    : undefined;
}

/** Six bits; a character that is missing was a blank. */
function valueOf(char: number | undefined): number {
  if (char === undefined) return 0;
  if (char < SPACE || char > BACKTICK) {
    throw damaged(`${JSON.stringify(String.fromCharCode(char))} is in a line`);
  }
  return (char - SPACE) & 0x3f;
}

/** Without blanks, tabs and CR at its end. */
function trimEnd(line: Uint8Array): Uint8Array {
  let end = line.length;
  while (end > 0 && line[end - 1]! <= SPACE) end--;
  return line.subarray(0, end);
}

function damaged(why: string): SyntaxError {
  return new SyntaxError(`Cannot decode uuencoded text: ${why}`);
}
