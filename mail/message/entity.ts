/** A message or a part of one, as it came or as it was made. */
import type { Bytes } from "../../_wire/options.ts";
import { type Field, fieldsOf, type MailHeaders, unfold } from "./headers.ts";
import { type Parameterized, parseParameters } from "./parameters.ts";
import type { PartContent } from "./types.ts";

/** A part, and the parts in it (RFC 2045 section 2.4). */
export interface Entity {
  headers: MailHeaders;
  /** What it is where it does not say (RFC 2046 section 5.1.5). */
  defaultType: "text/plain" | "message/rfc822";
  body: ParsedBody | Leaf | Multipart | Embedded;
  parts: Entity[];
  /** What is wrong with this part alone. */
  defects: string[];
}

/** What was read: places in the bytes that came. */
export interface ParsedBody {
  kind: "parsed";
  source: Bytes;
  /** Where it begins, its header ends, its body begins, and where it ends. */
  start: number;
  headerEnd: number;
  bodyStart: number;
  end: number;
}

/** What was given, to be encoded on its way out. */
export interface Leaf {
  kind: "leaf";
  content: PartContent;
  encoding: TransferEncoding;
  /** Whether a stream, which can be read once, was. */
  isSpent?: boolean;
}

/** Made of the parts. */
export interface Multipart {
  kind: "multipart";
  boundary: string;
}

/** A message, which is the only part. */
export interface Embedded {
  kind: "embedded";
}

/** How bytes are fit for mail (RFC 2045 section 6). */
export type TransferEncoding = "7bit" | "8bit" | "quoted-printable" | "base64";

/** What was read from a field, as long as the field is the same. */
const types = new WeakMap<Field, Parameterized>();

/** What a part is; a value that is none counts as plain text (section 5.2). */
export function contentTypeOf(entity: Entity): Parameterized {
  const field = fieldsOf(entity.headers)
    .find(({ key }) => key === "content-type");
  if (field === undefined) {
    return { value: entity.defaultType, params: new Map() };
  }
  let type = types.get(field);
  if (!type) {
    type = parseParameters(unfold(field));
    if (!isType(type.value)) {
      note(entity.defects, "The content type is none");
      type.value = "text/plain";
    }
    types.set(field, type);
  }
  return type;
}

/** Once. */
export function note(defects: string[], text: string): void {
  if (!defects.includes(text)) defects.push(text);
}

/** Whether it looks like `type/subtype`. */
export function isType(value: string): boolean {
  return /^[^\s/]+\/[^\s/]+$/.test(value);
}

/** The body as it came: a view of the bytes. */
export function parsedBytes({ source, bodyStart, end }: ParsedBody): Bytes {
  return source.subarray(bodyStart, end);
}

/** Whether it is a message inside of a message (RFC 2046 section 5.2.1). */
export function isMessageType(type: string): boolean {
  return type === "message/rfc822" || type === "message/global" ||
    type === "message/news";
}
