/** From the start of a part to its fields (RFC 5322 section 2.2). */
import type { Bytes } from "../../_wire/options.ts";
import { toByteString } from "../../_wire/text.ts";
import { note } from "./entity.ts";
import type { Field } from "./headers.ts";

const COLON = 0x3a;
const SPACE = 0x20;
const DELETE = 0x7f;

/** Said where not all fields were read. */
export const TOO_LONG = "The header is longer than the limit";

/** Of what a header is read. */
export interface HeaderSource {
  source: Bytes;
  /** The same, one character a byte; its lines end in LF or CRLF. */
  lines: string;
  /** Bytes in which fields are looked for. */
  maxSize: number;
  /** Whether the line, which begins with `--`, ends the part. */
  isDelimiter: (start: number) => boolean;
}

/** What stands in front of a body. */
export interface ParsedHeader {
  fields: Field[];
  /** Where the fields end, and where the body begins. */
  headerEnd: number;
  bodyStart: number;
}

interface Span {
  start: number;
  /** Behind the name; -1 of what is no field. */
  colon: number;
  end: number;
}

/** Reads fields up to the empty line, or to a line that cannot be one. */
export function parseHeader(
  { source, lines, maxSize, isDelimiter }: HeaderSource,
  start: number,
  defects: string[],
): ParsedHeader {
  const spans: Span[] = [];
  let bodyStart: number | undefined;
  let at = start;
  while (at < lines.length) {
    const first = lines[at]!;
    if (first === "\n" || (first === "\r" && lines[at + 1] === "\n")) {
      bodyStart = at + (first === "\n" ? 1 : 2);
      break;
    }
    if (first === "-" && lines[at + 1] === "-" && isDelimiter(at)) break;
    let end = lines.indexOf("\n", at);
    end = end < 0 ? lines.length : end + 1;
    const last = spans.at(-1);
    const isFolded = first === " " || first === "\t";
    const colon = isFolded ? -1 : findColon(lines, at, end);
    // QUIRK: what stands between messages of an mbox, and a field without a
    // name: fields go on behind both.
    const isNoise = colon < 0 && !isFolded &&
      (first === ":" || /^>?From /.test(lines.slice(at, at + 6)));
    if (!isFolded && colon < 0 && !isNoise) break;
    if (end - start > maxSize) {
      note(defects, TOO_LONG);
      append(spans, at, end);
    } else if (colon >= 0) spans.push({ start: at, colon, end });
    else {
      if (isNoise) note(defects, "The header has a line that is no field");
      else if (!last) defects.push("The header begins with a folded line");
      append(spans, at, end, isFolded && last !== undefined);
    }
    at = end;
  }
  if (bodyStart === undefined && at < lines.length) {
    defects.push("The header has no empty line behind it");
  }
  const fields = toFields(source.subarray(start, at), spans);
  return { fields, headerEnd: at, bodyStart: bodyStart ?? at };
}

/** Where the field's name ends; -1 where the line is no field. */
function findColon(lines: string, start: number, end: number): number {
  let at = start;
  for (; at < end; at++) {
    const code = lines.charCodeAt(at);
    if (code === COLON) return at > start ? at : -1;
    if (code <= SPACE || code >= DELETE) break;
  }
  // Blanks before the colon are an old form (section 4.5).
  const nameEnd = at;
  while (lines[at] === " " || lines[at] === "\t") at++;
  return nameEnd > start && lines[at] === ":" && at < end ? at : -1;
}

/** Bytes that belong to the last field, or to none, and are kept. */
function append(
  spans: Span[],
  start: number,
  end: number,
  belongs = false,
): void {
  const last = spans.at(-1);
  if (last && (belongs || last.colon < 0)) last.end = end;
  else spans.push({ start, colon: -1, end });
}

function toFields(header: Bytes, spans: Span[]): Field[] {
  // A string of its own: pieces of the whole would keep all of it.
  const block = toByteString(header);
  const offset = spans[0]?.start ?? 0;
  return spans.map(({ start, colon, end }) => {
    const raw = block.slice(start - offset, end - offset);
    if (colon < 0) return { name: "", key: "", raw, valueAt: 0 };
    const name = raw.slice(0, colon - start).trimEnd();
    return { name, key: name.toLowerCase(), raw, valueAt: colon - start + 1 };
  });
}
