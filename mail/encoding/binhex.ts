import type { Bytes } from "../../_wire/options.ts";
import { decodeText, toByteString } from "../../_wire/text.ts";
import { crcHqx } from "./crc.ts";

const ALPHABET =
  "!\"#$%&'()*+,-012345689@ABCDEFGHIJKLMNPQRSTUVXYZ[`abcdefhijklmpqr";
const VALUES = new Int16Array(256).fill(-1);
for (const [value, char] of Array.from(ALPHABET).entries()) {
  VALUES[char.charCodeAt(0)] = value;
}
const TITLE = "(This file must be converted with BinHex 4.0)";
/** Says that the byte before it is repeated. */
const REPEAT = 0x90;
const LINE = 64;

/** A file of a classic Macintosh. */
export interface BinHexFile {
  /** The file's name, of at most 63 bytes. */
  name: string;
  /** What it is, in four characters: `"TEXT"`. */
  type: string;
  /** What made it, in four characters. */
  creator: string;
  /** Its data. */
  data: Bytes;
  /** Its resource fork. */
  resource: Bytes;
}

/**
 * Encodes a file as BinHex 4.0 (RFC 1741 appendix A).
 *
 * @throws {TypeError} When the name or one of the codes does not fit.
 *
 * @example
 * ```ts
 * import { decodeBinHex, encodeBinHex } from "@wireline/std/mail/encoding";
 * import { assertEquals } from "jsr:@std/assert@^1.0.0";
 *
 * const data = new TextEncoder().encode("Hello");
 * const text = encodeBinHex({ name: "a.txt", type: "TEXT", data });
 * assertEquals(decodeBinHex(text).data, data);
 * ```
 */
export function encodeBinHex(
  file: {
    name: string;
    type?: string | undefined;
    creator?: string | undefined;
    data: Uint8Array;
    resource?: Uint8Array | undefined;
  },
): string {
  const { type = "????", creator = "????", data } = file;
  const resource = file.resource ?? new Uint8Array();
  const name = new TextEncoder().encode(file.name);
  if (name.length < 1 || name.length > 63 || file.name.includes("\0")) {
    throw new TypeError(
      `Cannot encode ${JSON.stringify(file.name)}: it is no name of a file`,
    );
  }
  for (const code of [type, creator]) {
    if (/^[\x20-\x7e]{4}$/.test(code)) continue;
    throw new TypeError(
      `Cannot encode ${JSON.stringify(code)}: a code has four characters`,
    );
  }
  const head = new Uint8Array(name.length + 20);
  head[0] = name.length;
  head.set(name, 1);
  head.set(new TextEncoder().encode(type + creator), name.length + 2);
  const view = new DataView(head.buffer, name.length + 12);
  view.setUint32(0, data.length);
  view.setUint32(4, resource.length);
  const bytes = new Uint8Array(
    head.length + 2 + data.length + 2 + resource.length + 2,
  );
  let size = 0;
  for (const part of [head, data, resource]) {
    bytes.set(part, size);
    size += part.length;
    new DataView(bytes.buffer).setUint16(size, crcHqx(part));
    size += 2;
  }
  const text = `:${toCharacters(compress(bytes))}:`;
  return `${TITLE}\n\n${text.replace(new RegExp(`.{1,${LINE}}`, "g"), "$&\n")}`;
}

/**
 * Decodes a file in BinHex 4.0, whatever text is around it.
 *
 * @throws {SyntaxError} When there is none, it ends too early, or one of its CRCs
 * is not right: something was lost on the way.
 */
export function decodeBinHex(text: string): BinHexFile {
  // Other lines may begin with a colon too.
  const title = Math.max(0, text.search(/^\(This file must be converted /m));
  const found = text.slice(title).search(/^:/m);
  const begin = found < 0 ? -1 : title + found;
  const end = begin < 0 ? -1 : text.indexOf(":", begin + 1);
  if (end < 0) throw damaged("there is nothing between colons");
  const bytes = expand(fromCharacters(text.slice(begin + 1, end)));
  let at = 0;

  function take(count: number): Bytes {
    if (at + count > bytes.length) {
      throw damaged(`it ends after ${bytes.length} bytes`);
    }
    at += count;
    return bytes.slice(at - count, at);
  }
  function check(part: Bytes, what: string): Bytes {
    const [high, low] = take(2);
    if ((high! << 8 | low!) === crcHqx(part)) return part;
    throw damaged(`the CRC of its ${what} is not right`);
  }

  const length = bytes[0] ?? 0;
  const head = check(take(length + 20), "header");
  const view = new DataView(head.buffer, length + 12);
  return {
    name: decodeText(head.subarray(1, length + 1)),
    type: toByteString(head.subarray(length + 2, length + 6)),
    creator: toByteString(head.subarray(length + 6, length + 10)),
    data: check(take(view.getUint32(0)), "data"),
    resource: check(take(view.getUint32(4)), "resource fork"),
  };
}

/** Four bytes or more of a kind become three. */
function compress(bytes: Uint8Array): Uint8Array {
  const out = new Uint8Array(bytes.length * 2);
  let size = 0;
  for (let at = 0; at < bytes.length;) {
    const byte = bytes[at]!;
    let count = 1;
    while (count < 255 && bytes[at + count] === byte) count++;
    // One that looks like the mark has a zero behind it.
    const put = () => {
      out[size++] = byte;
      if (byte === REPEAT) out[size++] = 0;
    };
    put();
    if (count > 3) {
      out[size++] = REPEAT;
      out[size++] = count;
    } else for (let more = 1; more < count; more++) put();
    at += count;
  }
  return out.subarray(0, size);
}

function expand(bytes: Uint8Array): Bytes {
  let out = new Uint8Array(bytes.length * 2 + 256);
  let size = 0;
  for (let at = 0; at < bytes.length; at++) {
    if (size + 256 > out.length) {
      const larger = new Uint8Array(out.length * 2);
      larger.set(out);
      out = larger;
    }
    const byte = bytes[at]!;
    const count = byte === REPEAT ? bytes[++at] : undefined;
    if (byte !== REPEAT) out[size++] = byte;
    else if (count === 0) out[size++] = REPEAT;
    else if (count === undefined || size === 0) {
      throw damaged("a repetition repeats nothing");
    } else {
      out.fill(out[size - 1]!, size, size + count - 1);
      size += count - 1;
    }
  }
  return out.subarray(0, size);
}

function toCharacters(bytes: Uint8Array): string {
  const out = new Uint8Array(Math.ceil(bytes.length * 4 / 3));
  let bits = 0;
  let count = 0;
  let size = 0;
  for (const byte of bytes) {
    bits = (bits << 8 | byte) & 0xffff;
    count += 8;
    while (count >= 6) {
      count -= 6;
      out[size++] = ALPHABET.charCodeAt(bits >> count & 63);
    }
  }
  if (count > 0) out[size++] = ALPHABET.charCodeAt(bits << (6 - count) & 63);
  return toByteString(out.subarray(0, size));
}

function fromCharacters(text: string): Uint8Array {
  const out = new Uint8Array(text.length);
  let bits = 0;
  let count = 0;
  let size = 0;
  for (let at = 0; at < text.length; at++) {
    if (/\s/.test(text[at]!)) continue;
    const value = VALUES[text.charCodeAt(at)] ?? -1;
    if (value < 0) {
      throw damaged(`${JSON.stringify(text[at])} is in it`);
    }
    bits = (bits << 6 | value) & 0xffff;
    count += 6;
    if (count < 8) continue;
    count -= 8;
    out[size++] = bits >> count;
  }
  return out.subarray(0, size);
}

function damaged(why: string): SyntaxError {
  return new SyntaxError(`Cannot decode BinHex: ${why}`);
}
