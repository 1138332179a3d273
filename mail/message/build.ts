/** From what a message is made of to its parts (RFC 2046, RFC 2387). */
import { Buffer } from "node:buffer";
import { createHash } from "node:crypto";
import { chunksOf, isReplayable } from "../../_wire/body_source.ts";
import { toByteString } from "../../_wire/text.ts";
import { guessType } from "../mime_types.ts";
import { buildHeader } from "./build_header.ts";
import type { Entity, TransferEncoding } from "./entity.ts";
import { isMessageType, isType } from "./entity.ts";
import { MailHeaders } from "./headers.ts";
import {
  formatParameters,
  isPlainText,
  parseParameters,
} from "./parameters.ts";
import { withBrackets } from "./ids.ts";
import { chooseEncoding, toCrlf } from "./transfer.ts";
import type { AttachmentInput, MailMessageInit, PartContent } from "./types.ts";
import { encodeWords } from "./words.ts";

/** A file, or a message that goes along. */
export type FileInput = Omit<AttachmentInput, "content"> & {
  content: PartContent | Embed;
};

/** A message that was made or read. */
export interface Embed {
  entity: Entity;
}

/** What a message is made of. */
export type EntityInit = Omit<MailMessageInit, "attachments"> & {
  attachments?: FileInput[] | undefined;
};

/** A part that is not yet told what it is told beside. */
interface Part {
  /** Content-Type and its like, in order. */
  fields: [name: string, value: string][];
  body: Entity["body"];
  parts: Part[];
  /** The message that is its only part. */
  embedded?: Entity;
}

/** Makes a message. What could end a field early is a `TypeError`. */
export function buildEntity(init: EntityInit): Entity {
  const headers = buildHeader(init);
  const seed = createHash("sha256").update(headers.toBytes()).digest("hex");
  return new Builder(seed, init).message(headers);
}

/** Puts the parts together: alternative in related in mixed. */
class Builder {
  #seed: string;
  #count = 0;
  #init: EntityInit;

  constructor(seed: string, init: EntityInit) {
    this.#seed = seed;
    this.#init = init;
  }

  message(headers: MailHeaders): Entity {
    const { text, html, attachments = [] } = this.#init;
    const isInline = (one: FileInput) =>
      html !== undefined && one.contentId !== undefined &&
      one.disposition !== "attachment";
    const inline = attachments.filter(isInline);
    const others = attachments.filter((one) => !isInline(one));
    const forms: Part[] = [];
    if (text !== undefined || html === undefined) {
      forms.push(textPart("plain", text ?? ""));
    }
    if (html !== undefined) {
      const page = textPart("html", html);
      const images = inline.map((one) => this.#attachment(one));
      forms.push(
        images.length > 0
          ? this.#multipart("related", [page, ...images], {
            type: "text/html",
          })
          : page,
      );
    }
    const hasText = text !== undefined || html !== undefined;
    const body = forms.length > 1
      ? this.#multipart("alternative", forms)
      : forms[0]!;
    const files = others.map((one) => this.#attachment(one));
    const content = hasText ? [body, ...files] : files;
    const root = files.length > 0 ? this.#multipart("mixed", content) : body;
    return toEntity(root, headers);
  }

  #multipart(
    subtype: string,
    parts: Part[],
    params: Record<string, string> = {},
  ): Part {
    const boundary = this.#boundary(parts);
    const value = formatParameters(`multipart/${subtype}`, [
      ...Object.entries(params),
      ["boundary", boundary],
    ]);
    const fields: Part["fields"] = [["Content-Type", value]];
    // RFC 2045 section 6.4.
    if (parts.some(isEightBit)) {
      fields.push(["Content-Transfer-Encoding", "8bit"]);
    }
    return { fields, body: { kind: "multipart", boundary }, parts };
  }

  /**
   * `=_` stands in no base64 and no quoted-printable (RFC 2045 section 6.7). The
   * same message has the same boundaries, and none that its parts hold.
   */
  #boundary(parts: Part[]): string {
    // Of a message that is read only on its way out nobody knows what it holds.
    const salt = parts.some(isUnseen) ? crypto.randomUUID() : "";
    for (;;) {
      const hash = createHash("sha256")
        .update(`${this.#seed}${this.#count++}${salt}`).digest("base64url");
      const boundary = `=_${hash.slice(0, 32)}`;
      const bytes = new TextEncoder().encode(boundary);
      if (!parts.some((part) => holds(part, bytes))) return boundary;
    }
  }

  #attachment(input: FileInput): Part {
    const { contentId } = input;
    const file = filePart(input);
    const filename = input.filename ?? nameOf(input.content);
    const given = input.contentType ?? file.type;
    const { value: type, params } = parseParameters(given);
    const isWell = isType(type) && !isMultipart(type) &&
      /^[\x20-\x7e]+$/.test(given) && [...params.keys()].every(isToken);
    if (!isWell) {
      throw new TypeError(
        `Cannot attach ${JSON.stringify(given)}: it is no type of a file`,
      );
    }
    if (filename !== undefined && /[\r\n\0]/.test(filename)) {
      throw new TypeError(
        `Cannot attach ${JSON.stringify(filename)}: it is no name of a file`,
      );
    }
    if (filename !== undefined) this.#addName(params, filename);
    // RFC 2046 section 5.2.1 forbids every encoding of a message.
    const encoding = isMessageType(type) && file.encoding === "base64"
      ? messageEncoding(file.body)
      : file.encoding;
    if (file.body.kind === "leaf") {
      file.body.encoding = encoding;
      if (isMessageType(type)) file.body.content = withCrlf(file.body.content);
    }
    const disposition = input.disposition ??
      (contentId === undefined ? "attachment" : "inline");
    const fields: Part["fields"] = [
      ["Content-Type", formatType(type, params)],
      ["Content-Transfer-Encoding", encoding],
      [
        "Content-Disposition",
        formatParameters(
          checkDisposition(disposition),
          filename === undefined ? [] : [["filename", filename]],
        ),
      ],
    ];
    if (contentId !== undefined) {
      fields.push(["Content-ID", withBrackets("contentId", contentId)]);
    }
    return { ...file.part, fields, body: file.body };
  }

  /**
   * QUIRK: old programs look for the name here, in encoded words, although RFC
   * 2047 section 5 forbids them in a parameter.
   */
  #addName(params: Map<string, string>, filename: string): void {
    if (!isPlainText(filename) && this.#init.legacyFilenames === false) return;
    params.set("name", filename);
  }
}

/** The parameters; a name beyond ASCII in encoded words. */
function formatType(type: string, params: Map<string, string>): string {
  const name = params.get("name");
  if (name === undefined || isPlainText(name)) {
    return formatParameters(type, params);
  }
  const others = [...params].filter(([key]) => key !== "name");
  const words = encodeWords(name, { whole: true, column: ' name=""'.length });
  return `${formatParameters(type, others)}; name="${words}"`;
}

function checkDisposition(disposition: string): string {
  if (disposition === "attachment" || disposition === "inline") {
    return disposition;
  }
  throw new TypeError(
    `Cannot attach with the disposition ${
      JSON.stringify(disposition)
    }: it is ` +
      'either "attachment" or "inline"',
  );
}

function textPart(subtype: "plain" | "html", text: string): Part {
  const content = new TextEncoder().encode(toCrlf(text));
  const encoding = chooseEncoding(content);
  const charset = content.every((byte) => byte < 0x80) ? "us-ascii" : "utf-8";
  return {
    fields: [
      [
        "Content-Type",
        formatParameters(`text/${subtype}`, [["charset", charset]]),
      ],
      ["Content-Transfer-Encoding", encoding],
    ],
    body: { kind: "leaf", content, encoding },
    parts: [],
  };
}

/** What is attached, before its fields are written. */
interface FilePart {
  type: string;
  encoding: TransferEncoding;
  body: Entity["body"];
  part: Pick<Part, "parts" | "embedded">;
}

function filePart(input: FileInput): FilePart {
  const { content } = input;
  if (isEmbed(content)) {
    const { entity } = content;
    return {
      type: "message/rfc822",
      encoding: isSevenBit(entity) ? "7bit" : "8bit",
      body: { kind: "embedded" },
      part: { parts: [], embedded: entity },
    };
  }
  // Nothing is read yet: it throws where there is nothing to read.
  if (typeof content !== "function" && !isReplayable(content)) {
    chunksOf(content);
  }
  return {
    type: typeOf(input.filename ?? nameOf(content), content),
    encoding: "base64",
    body: {
      kind: "leaf",
      content: typeof content === "string"
        ? new TextEncoder().encode(content)
        : content,
      encoding: "base64",
    },
    part: { parts: [] },
  };
}

function isEmbed(content: FileInput["content"]): content is Embed {
  return typeof content === "object" && content !== null &&
    "entity" in content;
}

function typeOf(filename: string | undefined, content: PartContent): string {
  const guessed = filename === undefined ? {} : guessType(filename);
  // A compressed file is none of the type inside.
  if (guessed.type && !guessed.encoding) return guessed.type;
  if (content instanceof Blob && isType(content.type)) return content.type;
  return typeof content === "string"
    ? "text/plain; charset=utf-8"
    : "application/octet-stream";
}

function messageEncoding(body: Entity["body"]): TransferEncoding {
  return body.kind === "leaf" && body.content instanceof Uint8Array &&
      chooseEncoding(body.content) === "7bit"
    ? "7bit"
    : "8bit";
}

/** Whether it passes where nothing but ASCII does. */
function isSevenBit({ headers, body, parts }: Entity): boolean {
  if (body.kind === "parsed") {
    const bytes = body.source.subarray(body.start, body.end);
    return chooseEncoding(bytes) === "7bit";
  }
  const isPlain = chooseEncoding(headers.toBytes()) === "7bit";
  const isEncoded = body.kind !== "leaf" || body.encoding !== "8bit";
  return isPlain && isEncoded && parts.every(isSevenBit);
}

function isEightBit({ fields }: Part): boolean {
  return fields.some(([name, value]) =>
    name === "Content-Transfer-Encoding" && value === "8bit"
  );
}

/** What a file is called where it is given as one. */
function nameOf(content: FileInput["content"]): string | undefined {
  return content instanceof File ? content.name : undefined;
}

/** RFC 2045 section 5.1. */
function isToken(name: string): boolean {
  return /^[!#$%&'*+\-.^_`{|}~\w]+$/.test(name);
}

function isMultipart(type: string): boolean {
  return type.startsWith("multipart/");
}

/** A message that is not encoded needs the line ends of mail. */
function withCrlf(content: PartContent): PartContent {
  return content instanceof Uint8Array
    ? new Uint8Array(Buffer.from(toCrlf(toByteString(content)), "latin1"))
    : content;
}

/** Only what is not encoded can hold a boundary. */
function holds(part: Part | Entity, boundary: Uint8Array): boolean {
  const { body, parts } = part;
  if (body.kind === "parsed") {
    return includes(body.source.subarray(body.start, body.end), boundary);
  }
  if (body.kind === "leaf") {
    return (body.encoding === "7bit" || body.encoding === "8bit") &&
      body.content instanceof Uint8Array && includes(body.content, boundary);
  }
  if (body.kind === "multipart") {
    const own = new TextEncoder().encode(body.boundary);
    if (includes(own, boundary)) return true;
  }
  const embedded = "embedded" in part ? [part.embedded!] : [];
  return [...parts, ...embedded].some((one) => holds(one, boundary));
}

function isUnseen({ body, parts }: Part | Entity): boolean {
  return (body.kind === "leaf" && body.encoding === "8bit" &&
    !(body.content instanceof Uint8Array)) || parts.some(isUnseen);
}

function includes(bytes: Uint8Array, part: Uint8Array): boolean {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length)
    .includes(Buffer.from(part));
}

function toEntity(part: Part, headers = new MailHeaders()): Entity {
  for (const [name, value] of part.fields) headers.append(name, value);
  return {
    headers,
    defaultType: "text/plain",
    body: part.body,
    parts: part.embedded
      ? [part.embedded]
      : part.parts.map((one) => toEntity(one)),
    defects: [],
  };
}
