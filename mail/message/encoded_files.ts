/** Files in the middle of text: uuencoded, as before MIME, or in yEnc. */
import type { Bytes } from "../../_wire/options.ts";
import { toByteString } from "../../_wire/text.ts";
import { decodeUu, decodeYenc } from "../encoding/mod.ts";
import { concat } from "./serialize.ts";

const SPACE = 0x20;
const BACKTICK = 0x60;

/** A file that was found. */
export interface EncodedFile {
  filename: string;
  content: Bytes;
}

/** How far was looked, and what is there. */
interface Found {
  end: number;
  /** Undefined where it only looked like a file. */
  file: EncodedFile | undefined;
  /** Whether it is one that cannot be decoded. */
  isDamaged?: boolean;
}

/**
 * Takes the files out of the text. Only what is whole and has lines of the
 * lengths that they say counts as one: else it is text that looks alike.
 */
export function findEncodedFiles(
  content: Bytes,
): { rest: Bytes; files: EncodedFile[]; damaged: number } {
  // One character a byte: the engine searches strings far faster than bytes.
  const text = toByteString(content);
  const starts = [...linesWith(text, "begin "), ...linesWith(text, "=ybegin ")]
    .sort((one, other) => one - other);
  const lastYend = text.lastIndexOf("\n=yend ");
  const files: EncodedFile[] = [];
  const rest: Bytes[] = [];
  let damaged = 0;
  let kept = 0;
  let at = 0;
  for (const start of starts) {
    // What was looked at once is not looked at again.
    if (start < at) continue;
    const isYenc = text[start] === "=";
    if (isYenc && start > lastYend) continue;
    const found = isYenc
      ? yencFile(text, start, content)
      : uuFile(text, start, content);
    at = found.end;
    if (found.isDamaged) damaged++;
    if (!found.file) continue;
    files.push(found.file);
    rest.push(content.subarray(kept, start));
    kept = found.end;
  }
  if (files.length === 0) return { rest: content, files, damaged };
  rest.push(content.subarray(kept));
  return { rest: concat(rest), files, damaged };
}

/** Where lines begin that begin with these characters. */
function* linesWith(text: string, start: string): Generator<number> {
  if (text.startsWith(start)) yield 0;
  const needle = `\n${start}`;
  for (let at = text.indexOf(needle); at >= 0;) {
    yield at + 1;
    at = text.indexOf(needle, at + 1);
  }
}

function lineEnd(text: string, start: number): number {
  const end = text.indexOf("\n", start);
  return end < 0 ? text.length : end + 1;
}

/** `begin 644 name`, lines of the right lengths, and `end`. */
function uuFile(text: string, start: number, content: Bytes): Found {
  const first = lineEnd(text, start);
  let at = first;
  if (!/^begin [0-7]{3,4} \S/.test(text.slice(start, start + 12))) {
    return { end: at, file: undefined };
  }
  for (let isLast = false;;) {
    const end = lineEnd(text, at);
    const isEnd = /^end\s*$/.test(text.slice(at, Math.min(end, at + 8)));
    // QUIRK: some leave out the empty line in front of it.
    if (isEnd) at = end;
    if (isEnd) break;
    const count = uuCount(text, at, end);
    if (count === undefined || isLast) {
      return { end: at, file: undefined, isDamaged: at > first };
    }
    isLast = count === 0;
    at = end;
  }
  try {
    return { end: at, file: decodeUu(content.subarray(start, at)) };
  } catch {
    return { end: at, file: undefined, isDamaged: true };
  }
}

/** How many bytes a line stands for; undefined where it is no such line. */
function uuCount(text: string, start: number, end: number): number | undefined {
  let length = end - start;
  if (text[start + length - 1] === "\n") length--;
  if (length > 0 && text[start + length - 1] === "\r") length--;
  const first = text.charCodeAt(start);
  if (length === 0 || first < SPACE || first > BACKTICK) return undefined;
  const count = (first - SPACE) & 0x3f;
  const whole = 1 + Math.ceil(count / 3) * 4;
  // Some do not fill the last group, some put a check sum behind it.
  return length >= Math.max(1, whole - 2) && length <= whole + 1
    ? count
    : undefined;
}

/** `=ybegin line=128 size=3 name=x`, and lines up to `=yend`. */
function yencFile(text: string, start: number, content: Bytes): Found {
  const first = lineEnd(text, start);
  const keywords = text.slice(start, first);
  if (!keywords.includes(" size=") || !keywords.includes(" name=")) {
    return { end: first, file: undefined };
  }
  const end = lineEnd(text, text.indexOf("\n=yend ", start) + 1);
  try {
    const file = decodeYenc(content.subarray(start, end));
    return { end, file: { filename: file.name, content: file.content } };
  } catch {
    return { end, file: undefined, isDamaged: true };
  }
}
