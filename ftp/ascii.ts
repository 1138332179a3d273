import { ProtocolError } from "../_wire/errors.ts";
import type { LineEncoding } from "../_wire/line_reader.ts";
import { toByteString } from "../_wire/text.ts";
import type { BodySource, Bytes } from "../_wire/options.ts";
import { chunksOf } from "../_wire/body_source.ts";
import { encodeText } from "../_wire/command.ts";
import { TextLineStream } from "jsr:@std/streams@^1.0.0/text-line-stream";

const CR = 0x0d;
const LF = 0x0a;
const CRLF = new Uint8Array([CR, LF]);

/** Bytes as text in the encoding of the connection. */
export function decodeText(bytes: Bytes, encoding: LineEncoding): string {
  return encoding === "latin1"
    ? toByteString(bytes)
    : new TextDecoder("utf-8", { ignoreBOM: true }).decode(bytes);
}

/** A listing as lines, whatever their ends. */
export function splitLines(text: string): string[] {
  const lines = text.split("\n");
  if (lines.at(-1) === "") lines.pop();
  return lines.map((line) => line.endsWith("\r") ? line.slice(0, -1) : line);
}

/** The lines of a download, without their ends. */
export function linesOf(
  bytes: ReadableStream<Bytes>,
  encoding: LineEncoding,
  limit: number,
): ReadableStream<string> {
  const decoder = new TextDecoder("utf-8", { ignoreBOM: true });
  let unfinished = 0;
  return bytes
    .pipeThrough(
      new TransformStream<Bytes, string>({
        transform(chunk, controller) {
          unfinished = longest(chunk, unfinished, limit);
          const text = encoding === "latin1"
            ? toByteString(chunk)
            : decoder.decode(chunk, { stream: true });
          if (text) controller.enqueue(text);
        },
        flush(controller) {
          const rest = decoder.decode();
          if (rest) controller.enqueue(rest);
        },
      }),
    )
    .pipeThrough(new TextLineStream());
}

/** Checks the lines that end in `chunk`; returns the length of the last. */
function longest(chunk: Uint8Array, before: number, limit: number): number {
  let from = 0;
  for (;;) {
    const at = chunk.indexOf(LF, from);
    const length = (at < 0 ? chunk.length : at) - from + before;
    if (length > limit) {
      throw new ProtocolError(
        `Cannot read a line: it is longer than ${limit} bytes`,
      );
    }
    if (at < 0) return length;
    before = 0;
    from = at + 1;
  }
}

/**
 * A source as lines that end in CRLF (RFC 959 section 3.1.1.1). A string that
 * an iterable gives is one line or more; bytes are taken as they come, and only
 * a bare LF is changed.
 */
export async function* crlfLines(
  source: BodySource | AsyncIterable<string>,
  encoding: LineEncoding,
): AsyncGenerator<Uint8Array> {
  let last = LF;
  for await (const chunk of mixedChunks(source)) {
    const whole = typeof chunk === "string";
    const bytes = whole ? encodeText(chunk, encoding) : chunk;
    if (bytes.length > 0) {
      yield toCrlf(bytes, last);
      last = bytes.at(-1)!;
    }
    if (whole && (bytes.length === 0 || last !== LF)) {
      yield CRLF;
      last = LF;
    }
  }
  if (last !== LF) yield CRLF;
}

function mixedChunks(
  source: BodySource | AsyncIterable<string>,
): AsyncIterable<Uint8Array | string> {
  if (
    typeof source === "object" && source !== null &&
    Symbol.asyncIterator in source
  ) {
    return source as AsyncIterable<Uint8Array | string>;
  }
  return chunksOf(source as BodySource);
}

/** `chunk` with a CR before every LF; `before` is the byte in front of it. */
function toCrlf(chunk: Uint8Array, before: number): Uint8Array {
  let bare = 0;
  for (let at = chunk.indexOf(LF); at >= 0; at = chunk.indexOf(LF, at + 1)) {
    if ((at === 0 ? before : chunk[at - 1]) !== CR) bare++;
  }
  if (bare === 0) return chunk;
  const out = new Uint8Array(chunk.length + bare);
  let size = 0;
  for (const byte of chunk) {
    if (byte === LF && before !== CR) out[size++] = CR;
    out[size++] = before = byte;
  }
  return out;
}
