/** From a message and its parts to bytes. */
import { Buffer } from "node:buffer";
import { chunksOf, isReplayable } from "../../_wire/body_source.ts";
import type { BodySource, Bytes } from "../../_wire/options.ts";
import type { Entity, Leaf, ParsedBody } from "./entity.ts";
import { isChanged, lineEndOf } from "./headers.ts";
import { encodeChunks, encodePieces, transferEncodingOf } from "./transfer.ts";

/** Bytes, or what has to be waited for. */
export type Piece = Bytes | (() => AsyncIterableIterator<Bytes>);

/** What is told to nobody (RFC 5322 section 3.6.3). */
const SECRET = ["bcc", "resent-bcc"];

/**
 * The message piece by piece. What came and was not changed keeps its bytes; what
 * was made here does not tell its `Bcc`, unless asked to.
 */
export function* serialize(
  entity: Entity,
  keepBcc: boolean = entity.body.kind === "parsed",
): Generator<Piece> {
  const { headers, body } = entity;
  const without = keepBcc ? [] : SECRET.filter((name) => headers.has(name));
  if (body.kind === "parsed" && without.length === 0 && !hasChanges(entity)) {
    yield body.source.subarray(body.start, body.end);
    return;
  }
  yield headers.toBytes({ without });
  const emptyLine = body.kind === "parsed" &&
    body.source.subarray(body.headerEnd, body.bodyStart);
  yield emptyLine && emptyLine.length > 0
    ? emptyLine
    : ascii(lineEndOf(headers));
  yield* serializeBody(entity, keepBcc);
}

/**
 * The body piece by piece. A message that goes along with one that was made tells
 * its `Bcc` no more than that one.
 */
export function* serializeBody(
  entity: Entity,
  keepBcc: boolean,
): Generator<Piece> {
  const { body, parts } = entity;
  switch (body.kind) {
    case "parsed":
      yield* parsedPieces(body, entity);
      break;
    case "leaf": {
      const { content, encoding } = body;
      if (content instanceof Uint8Array) {
        yield* encodePieces(content, encoding);
      } else yield () => encodeChunks(chunksOf(open(body)), encoding);
      break;
    }
    case "embedded":
      yield* serialize(parts[0]!, keepBcc);
      break;
    case "multipart":
      for (const part of parts) {
        yield ascii(`--${body.boundary}\r\n`);
        yield* serialize(part, keepBcc);
        yield ascii("\r\n");
      }
      yield ascii(`--${body.boundary}--\r\n`);
  }
}

/** What is read for the part; a stream once only. */
function open(leaf: Leaf): BodySource {
  const { content } = leaf;
  if (typeof content === "function") return content();
  if (isReplayable(content)) return content;
  if (leaf.isSpent) {
    throw new TypeError(
      "Cannot send the message a second time: a stream is attached, which was " +
        "read; attach a function that opens one",
    );
  }
  leaf.isSpent = true;
  return content;
}

/** Lets go of the streams that were not read and will not be. */
export async function discard({ body, parts }: Entity): Promise<void> {
  const isOpen = body.kind === "leaf" && !body.isSpent &&
    typeof body.content !== "function" && !isReplayable(body.content);
  if (isOpen) await chunksOf(open(body))[Symbol.asyncIterator]().return?.();
  for (const part of parts) await discard(part);
}

/** What stands between the parts stays, and so do the parts' ends. */
function* parsedPieces(body: ParsedBody, entity: Entity): Generator<Piece> {
  const { source } = body;
  let at = body.bodyStart;
  for (const part of entity.parts) {
    if (part.body.kind !== "parsed") continue;
    if (part.body.source !== source) {
      // An encoded message, which is encoded anew only where it was changed.
      if (!hasChanges(part)) continue;
      yield* encoded(part, transferEncodingOf(entity.headers));
      return;
    }
    yield source.subarray(at, part.body.start);
    yield* serialize(part);
    at = part.body.end;
  }
  yield source.subarray(at, body.end);
}

function* encoded(part: Entity, encoding: string): Generator<Piece> {
  yield* encodePieces(
    collect(serialize(part)),
    encoding === "base64" ? "base64" : "quoted-printable",
  );
}

/** All of it at once; a `TypeError` where something has to be waited for. */
export function collect(pieces: Iterable<Piece>): Bytes {
  const all: Bytes[] = [];
  for (const piece of pieces) {
    if (typeof piece === "function") {
      throw new TypeError(
        "Cannot give the content at once: a Blob or a stream is in it, so that " +
          "it has to be read from toStream()",
      );
    }
    all.push(piece);
  }
  return concat(all);
}

/** One after the other. */
export function concat(all: Bytes[]): Bytes {
  if (all.length === 1) return all[0]!;
  let size = 0;
  for (const { length } of all) size += length;
  const bytes = new Uint8Array(size);
  let at = 0;
  for (const one of all) {
    bytes.set(one, at);
    at += one.length;
  }
  return bytes;
}

/** Whether a header was changed since it was read. */
export function hasChanges(entity: Entity): boolean {
  return isChanged(entity.headers) || entity.parts.some(hasChanges);
}

function ascii(text: string): Bytes {
  return new Uint8Array(Buffer.from(text, "latin1"));
}
