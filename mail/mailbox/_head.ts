import { decodeText } from "../../_wire/text.ts";
import type { MailRecord } from "./_format.ts";

const LF = 0x0a;
const CR = 0x0d;
const ENCODER = new TextEncoder();

/**
 * Bytes of a message that are looked at for its header. Stops a file without
 * line ends from being held in memory; nobody's header is as long.
 */
export const MOST_HEAD = 1024 * 1024;

/** Where a field stands among the bytes of a message. */
interface Field {
  /** In lower case. */
  name: string;
  start: number;
  /** Where its value begins, behind the colon. */
  value: number;
  /** Behind its line end. */
  end: number;
}

/** The header of a message, as bytes that can be looked at and changed. */
export class Head {
  /** All that it was read from. */
  readonly bytes: Uint8Array;
  readonly #fields: Field[] = [];
  /** Behind the last field. */
  readonly end: number;
  /** Behind the empty line; `end` where there is none. */
  readonly bodyStart: number;

  /** Reads fields up to an empty line, a line that is no field, or the end. */
  constructor(bytes: Uint8Array) {
    this.bytes = bytes;
    let at = 0;
    while (at < bytes.length && lineEnd(bytes, at) === 0) {
      const colon = nameEnd(bytes, at);
      if (colon < 0) break;
      const end = fieldEnd(bytes, colon);
      const name = decodeText(bytes.subarray(at, colon)).trimEnd();
      this.#fields.push({
        name: name.toLowerCase(),
        start: at,
        value: colon + 1,
        end,
      });
      at = end;
    }
    this.end = at;
    this.bodyStart = at + lineEnd(bytes, at);
  }

  /** The value of the first field of that name. */
  get(name: string): string | undefined {
    const wanted = name.toLowerCase();
    const field = this.#fields.find((one) => one.name === wanted);
    if (!field) return undefined;
    return decodeText(this.bytes.subarray(field.value, field.end))
      .replaceAll(/\r?\n/g, "").trim();
  }

  /**
   * The bytes with other values: a field that is there changes at its place, a
   * new one comes last, and undefined takes it away. Of a field that is there
   * several times one is left.
   */
  with(values: Record<string, string | undefined>, lineEnd = "\n"): Uint8Array {
    const left = new Map(
      Object.entries(values).map(([name, value]) =>
        [name.toLowerCase(), { name, value }] as const
      ),
    );
    const pieces: Uint8Array[] = [];
    const write = (name: string, value: string | undefined) => {
      if (value === undefined) return;
      pieces.push(ENCODER.encode(`${name}: ${value}${lineEnd}`));
    };
    let from = 0;
    for (const { name, start, end } of this.#fields) {
      const change = left.get(name);
      if (!change) continue;
      pieces.push(this.bytes.subarray(from, start));
      write(change.name, change.value);
      // Once is enough.
      left.set(name, { name, value: undefined });
      from = end;
    }
    const before = this.bytes.subarray(from, this.end);
    pieces.push(before);
    const missing = [...left.values()].filter((one) => one.value !== undefined);
    // The last field may end with the message.
    const open = this.end > 0 && this.bytes[this.end - 1] !== LF;
    if (missing.length > 0 && open) pieces.push(ENCODER.encode(lineEnd));
    for (const { name, value } of missing) write(name, value);
    pieces.push(this.bytes.subarray(this.end));
    return joinAll(pieces);
  }
}

/**
 * Chunks of a message whose header is looked at, and perhaps changed, before
 * the rest goes through.
 */
export function* editHead(
  chunks: Iterable<Uint8Array>,
  edit: (head: Head) => Uint8Array,
): Generator<Uint8Array> {
  const iterator = chunks[Symbol.iterator]();
  const start = takeHead(iterator);
  yield edit(new Head(start));
  for (let next = iterator.next(); !next.done; next = iterator.next()) {
    yield next.value;
  }
}

/** The header of a message in a file. */
export function headOf({ content, end, bytes }: MailRecord): Head {
  const most = Math.min(end, content + MOST_HEAD);
  return new Head(takeHead(bytes(content, most)[Symbol.iterator]()));
}

/** The first chunks, as many as are needed for all of the header. */
export function takeHead(chunks: Iterator<Uint8Array>): Uint8Array {
  let bytes = new Uint8Array(4096);
  let size = 0;
  while (size < MOST_HEAD) {
    const { done, value } = chunks.next();
    if (done) break;
    if (size + value.length > bytes.length) {
      const larger = new Uint8Array(2 * (size + value.length));
      larger.set(bytes.subarray(0, size));
      bytes = larger;
    }
    bytes.set(value, size);
    const from = Math.max(0, size - 2);
    size += value.length;
    if (hasEmptyLine(bytes.subarray(0, size), from)) break;
  }
  return bytes.subarray(0, size);
}

/** Whether an empty line begins at the first byte or behind `from`. */
function hasEmptyLine(bytes: Uint8Array, from: number): boolean {
  if (lineEnd(bytes, 0) > 0) return true;
  let at = bytes.indexOf(LF, from);
  for (; at >= 0; at = bytes.indexOf(LF, at + 1)) {
    if (lineEnd(bytes, at + 1) > 0) return true;
  }
  return false;
}

/** One behind the other; the same bytes where there is only one. */
export function joinAll(pieces: Uint8Array[]): Uint8Array {
  if (pieces.length === 1) return pieces[0]!;
  let size = 0;
  for (const piece of pieces) size += piece.length;
  const all = new Uint8Array(size);
  let at = 0;
  for (const piece of pieces) {
    all.set(piece, at);
    at += piece.length;
  }
  return all;
}

/** The length of the line end at `at`, 0 for none. */
export function lineEnd(bytes: Uint8Array, at: number): number {
  if (bytes[at] === LF) return 1;
  return bytes[at] === CR && bytes[at + 1] === LF ? 2 : 0;
}

/** Where the colon behind a field's name is; -1 for no field. */
function nameEnd(bytes: Uint8Array, at: number): number {
  const start = at;
  // RFC 5322 section 2.2: printable US-ASCII without the colon.
  while (at < bytes.length && isNameByte(bytes[at]!)) at++;
  if (at === start) return -1;
  // Section 4.5: blanks before the colon were once allowed.
  while (bytes[at] === 0x20 || bytes[at] === 0x09) at++;
  return bytes[at] === 0x3a ? at : -1;
}

function isNameByte(byte: number): boolean {
  return byte > 0x20 && byte < 0x7f && byte !== 0x3a;
}

/** Behind the last line of a field, whose further lines begin with a blank. */
function fieldEnd(bytes: Uint8Array, at: number): number {
  for (;;) {
    const lf = bytes.indexOf(LF, at);
    if (lf < 0) return bytes.length;
    at = lf + 1;
    if (bytes[at] !== 0x20 && bytes[at] !== 0x09) return at;
  }
}
