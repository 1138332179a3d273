/** What a reader is shown of a message, and what is offered along with it. */
import type { Bytes } from "../../_wire/options.ts";
import { decodeCharset } from "./charset.ts";
import { findEncodedFiles } from "./encoded_files.ts";
import { contentTypeOf, type Entity, note, parsedBytes } from "./entity.ts";
import { decodeFlowed } from "./flowed.ts";
import { withoutBrackets } from "./ids.ts";
import { type Parameterized, parseParameters } from "./parameters.ts";
import { collect, hasChanges, serialize, serializeBody } from "./serialize.ts";
import { decodeTransfer, transferEncodingOf } from "./transfer.ts";
import type { Attachment } from "./types.ts";

/** How far a page is searched for its charset, as browsers do. */
const META_SEARCH = 1024;

/** A message as it is read. */
export interface Shown {
  texts: string[];
  htmls: string[];
  attachments: Attachment[];
}

/** Goes through the parts in their order. */
export function show(entity: Entity): Shown {
  return showPart(entity, "root");
}

/** Where a part stands: text with a name is read all the same where it is first. */
type Position = "root" | "first" | "later";

function showPart(entity: Entity, position: Position): Shown {
  const { value: type, params } = contentTypeOf(entity);
  const isMultipart = type.startsWith("multipart/");
  if (isMultipart && entity.parts.length > 0) {
    if (type === "multipart/related") return related(entity, params);
    const all = entity.parts.map((part, at) =>
      showPart(part, at === 0 ? "first" : "later")
    );
    return type === "multipart/alternative" ? bestOf(all) : together(all);
  }
  const disposition = dispositionOf(entity);
  const isBody = disposition.value !== "attachment" &&
    (position === "root" || filenameOf(entity, disposition) === undefined ||
      (position === "first" && !disposition.params.has("filename")));
  if (isBody && type === "text/html") {
    return { texts: [], htmls: [toLf(textOf(entity))], attachments: [] };
  }
  // A multipart that could not be taken apart is at least text.
  if (isBody && (type === "text/plain" || isMultipart)) return plain(entity);
  return { texts: [], htmls: [], attachments: [attachmentOf(entity)] };
}

/** Of several forms of the same, the last that can be shown (RFC 2046 section 5.1.4). */
function bestOf(all: Shown[]): Shown {
  return {
    texts: all.findLast(({ texts }) => texts.length > 0)?.texts ?? [],
    htmls: all.findLast(({ htmls }) => htmls.length > 0)?.htmls ?? [],
    attachments: all.flatMap(({ attachments }) => attachments),
  };
}

function together(all: Shown[]): Shown {
  return {
    texts: all.flatMap(({ texts }) => texts),
    htmls: all.flatMap(({ htmls }) => htmls),
    attachments: all.flatMap(({ attachments }) => attachments),
  };
}

/** A page and what it refers to (RFC 2387). */
function related(entity: Entity, params: Map<string, string>): Shown {
  const start = withoutBrackets(params.get("start") ?? "");
  const root = entity.parts.find((part) => start && idOf(part) === start) ??
    entity.parts[0]!;
  return together(entity.parts.map((part) => {
    if (part === root) return showPart(part, "first");
    const isMultipart = part.parts.length > 0 &&
      contentTypeOf(part).value.startsWith("multipart/");
    return isMultipart
      ? showPart(part, "later")
      : { texts: [], htmls: [], attachments: [attachmentOf(part)] };
  }));
}

/** Text, and the files that stand encoded in it. */
function plain(entity: Entity): Shown {
  const content = contentOf(entity);
  const { rest, files, damaged } = findEncodedFiles(content);
  if (damaged > 0) {
    note(entity.defects, "A file in the text is damaged, and left there");
  }
  const { params } = contentTypeOf(entity);
  let text = toLf(charsetText(rest, params.get("charset")));
  if (params.get("format")?.toLowerCase() === "flowed") {
    const delSp = params.get("delsp")?.toLowerCase() === "yes";
    text = decodeFlowed(text, { delSp });
  }
  const attachments = files.map(({ filename, content }): Attachment => ({
    filename,
    contentType: "application/octet-stream",
    disposition: "attachment",
    content,
  }));
  return { texts: [text], htmls: [], attachments };
}

/** A part's bytes, its transfer encoding undone. */
export function contentOf(entity: Entity): Bytes {
  const { body, headers, defects } = entity;
  if (body.kind === "parsed") {
    if (entity.parts.some(hasChanges)) return changedContent(entity);
    const isWhole = contentTypeOf(entity).value.startsWith("multipart/");
    const encoding = isWhole ? "" : transferEncodingOf(headers);
    return decodeTransfer(parsedBytes(body), encoding, defects);
  }
  // A made part is encoded only on its way out.
  const pieces = body.kind === "leaf"
    ? serializeBody({ ...entity, body: { ...body, encoding: "8bit" } }, true)
    : serializeBody(entity, true);
  return collect(pieces);
}

/** A multipart, or a message in the message, that is no longer as it came. */
function changedContent(entity: Entity): Bytes {
  const isMultipart = contentTypeOf(entity).value.startsWith("multipart/");
  return collect(
    isMultipart ? serializeBody(entity, true) : serialize(entity.parts[0]!),
  );
}

/** A part's text, its charset undone. */
export function textOf(entity: Entity): string {
  const { value: type, params } = contentTypeOf(entity);
  const bytes = contentOf(entity);
  return charsetText(
    bytes,
    params.get("charset") ??
      (type === "text/html" ? metaCharset(bytes) : undefined),
  );
}

function charsetText(bytes: Uint8Array, charset: string | undefined): string {
  const text = decodeCharset(bytes, charset ?? "utf-8");
  return text.startsWith("\ufeff") ? text.slice(1) : text;
}

/** QUIRK: a page that was saved says it in itself only. */
function metaCharset(bytes: Uint8Array): string | undefined {
  const start = decodeCharset(bytes.subarray(0, META_SEARCH), "latin1");
  return /<meta[^>]{0,200}charset\s{0,9}=\s{0,9}["']?([\w:.-]{1,40})/i
    .exec(start)?.[1];
}

function attachmentOf(entity: Entity): Attachment {
  const disposition = dispositionOf(entity);
  const filename = filenameOf(entity, disposition);
  const id = idOf(entity);
  let content: Bytes | undefined;
  return {
    ...(filename === undefined ? {} : { filename }),
    contentType: contentTypeOf(entity).value,
    disposition: disposition.value === "inline" ||
        (disposition.value === "" && id !== undefined)
      ? "inline"
      : "attachment",
    ...(id === undefined ? {} : { contentId: id }),
    // Decoded where somebody asks for it.
    get content() {
      return content ??= contentOf(entity);
    },
  };
}

function dispositionOf({ headers }: Entity): Parameterized {
  return parseParameters(headers.getRaw("content-disposition")[0] ?? "");
}

/** RFC 2183 section 2.3; the parameter of Content-Type came first. */
function filenameOf(
  entity: Entity,
  { params }: Parameterized,
): string | undefined {
  return params.get("filename") || contentTypeOf(entity).params.get("name") ||
    undefined;
}

function idOf({ headers }: Entity): string | undefined {
  const id = headers.get("content-id");
  return id && withoutBrackets(id);
}

function toLf(text: string): string {
  return text.includes("\r") ? text.replace(/\r\n?/g, "\n") : text;
}
