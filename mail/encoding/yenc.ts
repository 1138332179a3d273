import { crc32 } from "node:zlib";
import type { Bytes } from "../../_wire/options.ts";
import { decodeText } from "../../_wire/text.ts";
import { concat, decodeWhole, streamDecoder } from "./_file_decoder.ts";

const CR = 0x0d;
const LF = 0x0a;
const EQUALS = 0x3d;
const Y = 0x79;
/** Longest line of `=ybegin` and its like; stops one that never ends. */
const MOST_KEYWORDS = 8 * 1024;

/** What `=ybegin` and `=ypart` say of a file. */
export interface YencHeader {
  /** The file's name: the sender's words, which may hold slashes. */
  name: string;
  /** Bytes in the whole file. */
  size: number;
  /** Which part of the file it is, from 1 on; missing where it is all of it. */
  part?: number;
  /** How many parts there are, where the sender says. */
  total?: number;
  /** Where the part begins in the file, in bytes from 0 on. */
  offset: number;
}

/** A decoded file, or a part of one. */
export interface YencFile extends YencHeader {
  /** The bytes. */
  content: Bytes;
}

/** How to encode. */
export interface YencOptions {
  /** The file's name. */
  name: string;
  /** Bytes in a line, more or less one; default 128. */
  lineLength?: number | undefined;
  /** What the bytes are of a larger file. */
  part?: {
    /** From 1 on. */
    number: number;
    /** How many there are. */
    total: number;
    /** Where it begins in the file, in bytes from 0 on. */
    offset: number;
    /** Bytes in the whole file. */
    size: number;
  } | undefined;
}

/**
 * Encodes bytes by yEnc (version 1.3): 8-bit, hardly longer than they were, with
 * CRLF line ends. Beside the bytes that have to be escaped, dots at the start of
 * a line and blanks at either end are, for programs in between that would change
 * them.
 *
 * @throws {TypeError} When the name could end its line, or a number does not fit.
 *
 * @example
 * ```ts
 * import { decodeYenc, encodeYenc } from "@wireline/std/mail/encoding";
 * import { assertEquals } from "jsr:@std/assert@^1.0.0";
 *
 * const encoded = encodeYenc(new Uint8Array([1, 2, 3]), { name: "a.bin" });
 * assertEquals(decodeYenc(encoded).content, new Uint8Array([1, 2, 3]));
 * ```
 */
export function encodeYenc(bytes: Uint8Array, options: YencOptions): Bytes {
  const { name, lineLength = 128, part } = options;
  if (name.trim() === "" || name.length > 1_024 || /[\r\n\0]/.test(name)) {
    throw new TypeError(`Cannot encode ${JSON.stringify(name)}: it is no name`);
  }
  if (!Number.isInteger(lineLength) || lineLength < 1 || lineLength > 997) {
    throw new TypeError(`Cannot encode lines of ${lineLength} bytes`);
  }
  if (part) checkPart(part, bytes.length);
  const size = part?.size ?? bytes.length;
  const crc = crc32(bytes).toString(16).padStart(8, "0");
  const encoder = new TextEncoder();
  const head = encoder.encode(
    (part ? `=ybegin part=${part.number} total=${part.total} ` : "=ybegin ") +
      `line=${lineLength} size=${size} name=${name}\r\n` +
      (part
        ? `=ypart begin=${part.offset + 1} end=${
          part.offset + bytes.length
        }\r\n`
        : ""),
  );
  const tail = encoder.encode(
    `=yend size=${bytes.length} ` +
      (part ? `part=${part.number} pcrc32=${crc}` : `crc32=${crc}`) + "\r\n",
  );
  const body = encodeBody(bytes, lineLength);
  const all = new Uint8Array(head.length + body.length + tail.length);
  all.set(head);
  all.set(body, head.length);
  all.set(tail, head.length + body.length);
  return all;
}

function checkPart(
  { number, total, offset, size }: NonNullable<YencOptions["part"]>,
  length: number,
): void {
  const whole = [number, total, offset, size].every((one) =>
    Number.isInteger(one) && one >= 0 && one < 1e15
  );
  const fits = number >= 1 && number <= total && offset + length <= size;
  if (whole && fits) return;
  throw new TypeError(
    `Cannot encode part ${number} of ${total}, ${length} bytes at ${offset} ` +
      `of ${size}: it does not fit`,
  );
}

function encodeBody(bytes: Uint8Array, lineLength: number): Bytes {
  // Each byte may need two, and of those each line its end.
  const escaped = 2 * bytes.length;
  const most = escaped + 2 * (Math.ceil(escaped / lineLength) + 1);
  const out = new Uint8Array(most);
  let size = 0;
  let column = 0;
  const end = bytes.length - 1;
  for (let at = 0; at <= end; at++) {
    const encoded = (bytes[at]! + 42) & 0xff;
    const last = column >= lineLength - 1 || at === end;
    if (
      encoded <= EQUALS && isCritical(encoded, column === 0, last)
    ) {
      out[size++] = EQUALS;
      out[size++] = (encoded + 64) & 0xff;
      column += 2;
    } else {
      out[size++] = encoded;
      column++;
    }
    if (column < lineLength && at < end) continue;
    out[size++] = CR;
    out[size++] = LF;
    column = 0;
  }
  return out.subarray(0, size);
}

function isCritical(byte: number, first: boolean, last: boolean): boolean {
  switch (byte) {
    case 0:
    case LF:
    case CR:
    case EQUALS:
      return true;
    case 0x09:
    case 0x20:
      return first || last;
    case 0x2e:
      return first;
    default:
      return false;
  }
}

/**
 * Decodes what stands between `=ybegin` and `=yend`, whatever is around it, such
 * as the text of an article.
 *
 * @throws {SyntaxError} When there is none, it ends too early, or its size or
 * CRC-32 is not what it says: something was lost on the way.
 */
export function decodeYenc(encoded: Uint8Array): YencFile {
  const { header, content } = decodeWhole(new Decoder(), encoded);
  return { ...header, content };
}

/**
 * Decodes yEnc as it comes, at any split, as {@linkcode decodeYenc} does. The
 * stream errors where something was lost, at the end at the latest.
 *
 * @example Decode the body of an article into a file
 * ```ts
 * import { YencDecoderStream } from "@wireline/std/mail/encoding";
 * import type { NntpClient } from "@wireline/std/news";
 *
 * async function save(nntp: NntpClient, id: string) {
 *   const { content } = await nntp.body(id);
 *   const decoder = new YencDecoderStream();
 *   const file = await Deno.create("download");
 *   await content.pipeThrough(decoder).pipeTo(file.writable);
 *   const { name, part } = await decoder.header;
 *   console.log(name, part);
 * }
 * ```
 */
export class YencDecoderStream extends TransformStream<Uint8Array, Bytes> {
  /**
   * What is known of the file, as soon as it has come; rejects where it never
   * does.
   */
  readonly header: Promise<YencHeader>;

  /** Ready to be piped through. */
  constructor() {
    const { transformer, header } = streamDecoder(new Decoder());
    super(transformer);
    this.header = header;
  }
}

/** What has come so far, and what is waited for. */
class Decoder {
  /** Of `=ybegin`, and of `=ypart` where one has to follow. */
  header: YencHeader | undefined;
  #state: "before" | "begun" | "content" | "after" = "before";
  #begun: YencHeader | undefined;
  /** What could not be told without what follows. */
  #rest: Uint8Array = new Uint8Array();
  #lineStart = true;
  /** In the middle of a line of text that is too long to be a keyword's. */
  #skipping = false;
  #size = 0;
  #crc = 0;
  /** Of `=ypart`: bytes in the part. */
  #partSize: number | undefined;
  /** The line of `=yend`. */
  #trailer: string | undefined;

  /** What the next bytes decode to. */
  push(chunk: Uint8Array): Bytes {
    if (this.#state === "after") return new Uint8Array();
    const bytes = this.#rest.length > 0 ? concat(this.#rest, chunk) : chunk;
    const out = new Uint8Array(bytes.length);
    let size = 0;
    let at = 0;
    while (at < bytes.length && !this.#trailer) {
      if (this.#state !== "content" || this.#lineStart) {
        const next = this.#special(bytes, at);
        if (next === undefined) break;
        if (next !== false) {
          at = next;
          continue;
        }
        this.#beginContent();
      }
      // Up to the end of the line, behind which a special one may stand.
      this.#lineStart = false;
      while (at < bytes.length && !this.#lineStart) {
        const byte = bytes[at]!;
        if (byte === EQUALS) {
          if (at + 1 === bytes.length) break;
          out[size++] = (bytes[at + 1]! - 64 - 42) & 0xff;
          at += 2;
          continue;
        }
        if (byte === LF) this.#lineStart = true;
        else if (byte !== CR) out[size++] = (byte - 42) & 0xff;
        at++;
      }
      if (!this.#lineStart) break;
    }
    const content = out.subarray(0, size);
    this.#rest = this.#trailer ? new Uint8Array() : bytes.slice(at);
    this.#size += size;
    this.#crc = crc32(content, this.#crc);
    if (this.#trailer !== undefined) this.#check(this.#trailer);
    return content;
  }

  /** Nothing more will come; the last line may have had no end. */
  end(): Bytes {
    const last = this.push(new Uint8Array([CR, LF]));
    if (this.#state === "before") throw damaged("there is no =ybegin");
    if (this.#state !== "after") {
      throw damaged(`it ends before its =yend, after ${this.#size} bytes`);
    }
    return last;
  }

  /**
   * Looks at the line that begins at `at`: where the next one begins if it was
   * no content, false if it is, undefined if more has to come to tell.
   */
  #special(bytes: Uint8Array, at: number): number | false | undefined {
    const before = this.#state === "before";
    if (!before) {
      if (bytes[at] !== EQUALS) return false;
      if (at + 1 === bytes.length) return undefined;
      if (bytes[at + 1] !== Y) return false;
    }
    const end = bytes.indexOf(LF, at);
    const length = (end < 0 ? bytes.length : end) - at;
    if (this.#skipping || length > MOST_KEYWORDS) {
      if (!before) {
        throw damaged(
          `a line of keywords is longer than ${MOST_KEYWORDS} bytes`,
        );
      }
      this.#skipping = end < 0;
      return end < 0 ? bytes.length : end + 1;
    }
    if (end < 0) return undefined;
    // Much text may stand in front, which need not be decoded.
    if (bytes[at] !== EQUALS) return end + 1;
    this.#keywords(decodeText(bytes.subarray(at, end)).trimEnd());
    return end + 1;
  }

  #keywords(line: string): void {
    if (this.#state === "before") this.#begin(line);
    else if (line.startsWith("=ypart ")) this.#part(line);
    else if (line.startsWith("=yend")) {
      this.#beginContent();
      this.#trailer = line;
    } else {
      throw damaged(`it has a line ${JSON.stringify(line.slice(0, 40))}`);
    }
  }

  /** A line of text, unless it has all that it has to have. */
  #begin(line: string): void {
    const match = /^(=ybegin .*?) name=(.*)$/s.exec(line);
    if (!match) return;
    const [, numbers, name] = match;
    const size = numberOf(numbers!, "size");
    if (size === undefined || numberOf(numbers!, "line") === undefined) return;
    const part = numberOf(numbers!, "part");
    const total = numberOf(numbers!, "total");
    this.#begun = {
      name: name!.trim(),
      size,
      offset: 0,
      ...(part !== undefined && { part }),
      ...(total !== undefined && { total }),
    };
    this.#state = "begun";
  }

  #part(line: string): void {
    const begin = numberOf(line, "begin");
    const end = numberOf(line, "end");
    if (!begin || end === undefined || this.#state !== "begun") {
      throw damaged(`${JSON.stringify(line.slice(0, 80))} makes no sense`);
    }
    this.#begun!.offset = begin - 1;
    this.#partSize = end - begin + 1;
    this.#beginContent();
  }

  #beginContent(): void {
    this.#state = "content";
    this.header = this.#begun;
  }

  #check(line: string): void {
    this.#state = "after";
    const { part, size } = this.header!;
    if (part !== undefined && part > 1 && this.#partSize === undefined) {
      throw damaged(`its part ${part} has no =ypart`);
    }
    const whole = part === undefined ? size : undefined;
    for (const said of [numberOf(line, "size"), this.#partSize ?? whole]) {
      if (said !== undefined && said !== this.#size) {
        throw damaged(`it has ${this.#size} bytes where it says ${said}`);
      }
    }
    // In a part, crc32 is the whole file's.
    const keyword = part === undefined
      ? /crc32=([0-9a-f]+)/i
      : / pcrc32=([0-9a-f]+)/i;
    const sum = keyword.exec(line)?.[1];
    if (sum !== undefined && parseInt(sum, 16) !== this.#crc) {
      const found = this.#crc.toString(16).padStart(8, "0");
      throw damaged(`its CRC-32 is ${found} where it says ${sum}`);
    }
  }
}

function numberOf(line: string, keyword: string): number | undefined {
  const match = new RegExp(` ${keyword}=(\\d{1,15})(?: |$)`).exec(line);
  return match ? Number(match[1]) : undefined;
}

function damaged(why: string): SyntaxError {
  return new SyntaxError(`Cannot decode yEnc: ${why}`);
}
