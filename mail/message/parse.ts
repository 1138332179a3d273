/** From the bytes of a message to its parts (RFC 5322, RFC 2046). */
import type { Bytes } from "../../_wire/options.ts";
import { toByteString } from "../../_wire/text.ts";
import {
  contentTypeOf,
  type Entity,
  isMessageType,
  note,
  type ParsedBody,
  parsedBytes,
} from "./entity.ts";
import { fieldsOf, makeHeaders, trimEnd } from "./headers.ts";
import { parseParameters } from "./parameters.ts";
import { type HeaderSource, parseHeader } from "./parse_header.ts";
import { decodeTransfer, transferEncodingOf } from "./transfer.ts";

const NEXT_DELIMITER = "\n--";
/** RFC 2046 section 5.1.1 has 70; longer ones are seen. */
const LONGEST_BOUNDARY = 1000;

/** Fields that stand once in a message (RFC 5322 section 3.6). */
const SINGLE = new Set([
  ...["date", "from", "sender", "reply-to", "to", "cc", "bcc", "message-id"],
  ...["in-reply-to", "references", "subject", "mime-version", "content-type"],
]);

/** Bounds; see `ParseOptions`. */
export interface ParseLimits {
  depth: number;
  parts: number;
  headerSize: number;
}

/** Takes a message apart. Whatever is in it, this does not throw. */
export function parseEntity(source: Bytes, limits: ParseLimits): Entity {
  return new Parser(source, {
    ...limits,
    left: limits.parts,
    decoded: source.length * 2,
  }, 0).message();
}

/** A line that divides parts. */
interface Delimiter {
  /** Where its line begins, and where the next one does. */
  start: number;
  end: number;
  /** Which of the open multiparts it belongs to. */
  level: number;
  isLast: boolean;
}

/** Limits and what is left of them, also for messages that are encoded. */
interface Budget extends ParseLimits {
  left: number;
  /** Bytes that encoded messages may have, and those encoded in them. */
  decoded: number;
}

/**
 * Reads once from the start to the end. Of a multipart the boundary is kept open
 * while its parts are read, so that a part that is broken off ends where the
 * parts around it go on.
 */
class Parser {
  #source: Bytes;
  /**
   * What is searched: one character a byte, line ends LF or CRLF. The engine
   * searches a string thirty times as fast as bytes.
   */
  #lines: string;
  #isOld: boolean;
  #budget: Budget;
  #baseDepth: number;
  /** The level of each open boundary; the outer one counts of two alike. */
  #open = new Map<string, number>();
  #depth = 0;

  constructor(source: Bytes, budget: Budget, baseDepth: number) {
    this.#source = source;
    this.#budget = budget;
    this.#baseDepth = baseDepth;
    const text = toByteString(source);
    // Lines that end in CR alone; among others it ends none (RFC 5322
    // section 4.1).
    this.#isOld = !text.includes("\n") && text.includes("\r");
    this.#lines = this.#isOld ? text.replaceAll("\r", "\n") : text;
  }

  get #headerSource(): HeaderSource {
    return {
      source: this.#source,
      lines: this.#lines,
      maxSize: this.#budget.headerSize,
      // A part can end within its header.
      isDelimiter: (start) =>
        this.#open.size > 0 && this.#delimiterAt(start) !== undefined,
    };
  }

  message(): Entity {
    const { entity } = this.#entity(0, "text/plain");
    close(entity, this.#source.length);
    noteRepeated(entity);
    return entity;
  }

  /** A part, and the delimiter that ends it. */
  #entity(
    start: number,
    defaultType: Entity["defaultType"],
  ): { entity: Entity; stop: Delimiter | undefined } {
    const defects: string[] = [];
    const { fields, headerEnd, bodyStart } = parseHeader(
      this.#headerSource,
      start,
      defects,
    );
    const body: ParsedBody = {
      kind: "parsed",
      source: this.#source,
      start,
      headerEnd,
      bodyStart,
      end: bodyStart,
    };
    const entity: Entity = {
      headers: makeHeaders(fields, this.#lineEnd(start)),
      defaultType,
      body,
      parts: [],
      defects,
    };
    const { value: type, params } = contentTypeOf(entity);
    const isMultipart = type.startsWith("multipart/");
    if (isMultipart || isMessageType(type)) {
      if (this.#baseDepth + this.#depth >= this.#budget.depth) {
        defects.push("It is nested deeper than the limit, and not taken apart");
      } else if (!isMultipart) return this.#embedded(entity, bodyStart);
      else {
        const boundary = boundaryOf(entity, params);
        if (boundary !== "" && boundary.length <= LONGEST_BOUNDARY) {
          const isDigest = type === "multipart/digest";
          return {
            entity,
            stop: this.#multipart(entity, bodyStart, boundary, isDigest),
          };
        }
        defects.push("The multipart has no boundary");
      }
    }
    return { entity, stop: this.#next(bodyStart) };
  }

  #multipart(
    entity: Entity,
    bodyStart: number,
    boundary: string,
    isDigest: boolean,
  ): Delimiter | undefined {
    const { defects } = entity;
    const encoding = transferEncodingOf(entity.headers);
    if (!["", "7bit", "8bit", "binary"].includes(encoding)) {
      defects.push(`The multipart claims to be encoded in ${encoding}`);
    }
    const level = this.#depth++;
    const isNew = !this.#open.has(boundary);
    if (isNew) this.#open.set(boundary, level);
    let delimiter = this.#next(bodyStart);
    if (delimiter?.level !== level) {
      defects.push("The multipart's boundary does not appear");
    } else if (delimiter.isLast) defects.push("The multipart has no parts");
    while (delimiter?.level === level && !delimiter.isLast) {
      // It would begin with the line end of the part in front.
      const next = this.#lines.startsWith("--", delimiter.end) &&
        this.#delimiterAt(delimiter.end);
      if (next) {
        note(defects, "A delimiter follows right behind another");
        delimiter = next;
        continue;
      }
      if (this.#budget.left <= 0) {
        note(defects, "There are more parts than the limit");
        delimiter = this.#next(delimiter.end);
        continue;
      }
      this.#budget.left--;
      const { entity: part, stop } = this.#entity(
        delimiter.end,
        isDigest ? "message/rfc822" : "text/plain",
      );
      entity.parts.push(part);
      close(part, stop ? this.#beforeLineEnd(stop.start) : this.#lines.length);
      delimiter = stop;
    }
    this.#depth--;
    if (isNew) this.#open.delete(boundary);
    if (delimiter?.level === level) return this.#next(delimiter.end);
    if (entity.parts.length > 0) {
      defects.push("The multipart has no last delimiter");
    }
    return delimiter;
  }

  /** A message inside of the message. */
  #embedded(
    entity: Entity,
    bodyStart: number,
  ): { entity: Entity; stop: Delimiter | undefined } {
    const encoding = transferEncodingOf(entity.headers);
    const isEncoded = encoding === "base64" || encoding === "quoted-printable";
    if (this.#budget.left <= 0) {
      note(entity.defects, "There are more parts than the limit");
      return { entity, stop: this.#next(bodyStart) };
    }
    this.#budget.left--;
    this.#depth++;
    let stop: Delimiter | undefined;
    let inner: Entity;
    if (isEncoded) {
      // RFC 2046 section 5.2.1 forbids it, and some do it.
      entity.defects.push(`The message in it is encoded in ${encoding}`);
      stop = this.#next(bodyStart);
      const body = entity.body as ParsedBody;
      body.end = stop ? this.#beforeLineEnd(stop.start) : this.#lines.length;
      const content = decodeTransfer(parsedBytes(body), encoding, []);
      this.#budget.decoded -= content.length;
      if (this.#budget.decoded < 0) {
        this.#depth--;
        entity.defects.push("Too much is encoded in one another");
        return { entity, stop };
      }
      const depth = this.#baseDepth + this.#depth;
      inner = new Parser(content, this.#budget, depth).message();
    } else {
      ({ entity: inner, stop } = this.#entity(bodyStart, "text/plain"));
      noteRepeated(inner);
    }
    this.#depth--;
    entity.parts.push(inner);
    return { entity, stop };
  }

  /** The first delimiter at or behind the start of a line. */
  #next(from: number): Delimiter | undefined {
    if (this.#open.size === 0) return undefined;
    const lines = this.#lines;
    let start = lines.startsWith("--", from)
      ? from
      : this.#nextHyphens(from - 1);
    while (start >= 0) {
      const delimiter = this.#delimiterAt(start);
      if (delimiter) return delimiter;
      start = this.#nextHyphens(start);
    }
    return undefined;
  }

  /** The next line that begins with `--`; -1 where there is none. */
  #nextHyphens(from: number): number {
    const at = this.#lines.indexOf(NEXT_DELIMITER, Math.max(0, from));
    return at < 0 ? -1 : at + 1;
  }

  /** Whether the line, which begins with `--`, is one. */
  #delimiterAt(start: number): Delimiter | undefined {
    const lines = this.#lines;
    let end = lines.indexOf("\n", start);
    end = end < 0 ? lines.length : end + 1;
    if (end - start > LONGEST_BOUNDARY + 200) return undefined;
    const key = trimEnd(lines.slice(start + 2, end));
    const level = this.#open.get(key);
    if (level !== undefined) return { start, end, level, isLast: false };
    if (!key.endsWith("--")) return undefined;
    const last = this.#open.get(trimEnd(key.slice(0, -2)));
    return last === undefined
      ? undefined
      : { start, end, level: last, isLast: true };
  }

  /** How a line that is put there has to end. */
  #lineEnd(start: number): string {
    if (this.#isOld) return "\r";
    const at = this.#lines.indexOf("\n", start);
    return at < 0 || this.#lines[at - 1] === "\r" ? "\r\n" : "\n";
  }

  /** The line end in front of a delimiter is the delimiter's. */
  #beforeLineEnd(start: number): number {
    const lines = this.#lines;
    if (start === 0 || lines[start - 1] !== "\n") return start;
    return lines[start - 2] === "\r" ? start - 2 : start - 1;
  }
}

/** As the delimiters are compared: one character a byte, no blanks behind. */
function boundaryOf({ headers }: Entity, params: Map<string, string>): string {
  const boundary = trimEnd(params.get("boundary") ?? "");
  // deno-lint-ignore no-control-regex
  if (/^[\x00-\x7f]*$/.test(boundary)) return boundary;
  const { raw, valueAt } = fieldsOf(headers)
    .find(({ key }) => key === "content-type")!;
  const value = raw.slice(valueAt).replace(/[\r\n]/g, "");
  return trimEnd(parseParameters(value).params.get("boundary") ?? "");
}

/** Says where a part, and a message that is all of its body, ends. */
function close(entity: Entity, end: number): void {
  const { body } = entity;
  if (body.kind !== "parsed") return;
  // A delimiter may follow right behind the header's last line.
  body.end = Math.max(end, body.bodyStart);
  const [inner] = entity.parts;
  const isAll = inner?.body.kind === "parsed" &&
    inner.body.source === body.source && inner.body.start === body.bodyStart;
  if (isAll) close(inner, end);
}

/** Readers disagree on which one of two counts. */
function noteRepeated({ headers, defects }: Entity): void {
  const seen = new Set<string>();
  for (const { key } of fieldsOf(headers)) {
    if (!SINGLE.has(key)) continue;
    if (seen.has(key)) note(defects, `There are several fields ${key}`);
    seen.add(key);
  }
}
