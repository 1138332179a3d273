import type { BodySource, Bytes } from "../../_wire/options.ts";
import { type Address, parseAddressList } from "./address.ts";
import { buildEntity } from "./build.ts";
import { parseDate } from "./date.ts";
import { contentTypeOf, type Entity } from "./entity.ts";
import type { MailHeaders } from "./headers.ts";
import { parseEntity, type ParseLimits } from "./parse.ts";
import { MOST_SIZE, readAll } from "./read_all.ts";
import {
  collect,
  discard,
  hasChanges,
  type Piece,
  serialize,
} from "./serialize.ts";
import { contentOf, show, type Shown, textOf } from "./shown.ts";
import type { Attachment, MailMessageInit, ParseOptions } from "./types.ts";

const MOST_DEPTH = 1000;

/**
 * A message, or a part of one (RFC 5322, RFC 2045): made of what is to be said,
 * or read from its bytes.
 *
 * @example Make one
 * ```ts
 * import { MailMessage } from "@wireline/std/mail/message";
 *
 * const message = new MailMessage({
 *   from: "Ada <ada@example.com>",
 *   to: ["bob@example.com", { name: "Grüße, Inc.", address: "hi@example.com" }],
 *   subject: "Grüße",
 *   text: "See the picture.",
 *   html: '<p>See <img src="cid:cat">.</p>',
 *   attachments: [
 *     { filename: "cat.png", content: new Uint8Array(9), contentId: "cat" },
 *   ],
 * });
 * console.log(await new Response(message.toStream()).text());
 * ```
 *
 * @example Read one
 * ```ts
 * import { MailMessage } from "@wireline/std/mail/message";
 * import { assertEquals } from "jsr:@std/assert@^1.0.0";
 *
 * const message = await MailMessage.parse(
 *   "From: Ada <ada@example.com>\r\nSubject: Hello\r\n\r\nHow are you?\r\n",
 * );
 * assertEquals(message.from, [{ name: "Ada", address: "ada@example.com" }]);
 * assertEquals(message.text, "How are you?\n");
 * assertEquals(message.defects, []);
 * ```
 */
export class MailMessage {
  #entity: Entity;
  #parts: MailMessage[] | undefined;
  #shown: Shown | undefined;

  /**
   * A message of text, HTML and files: `multipart/alternative`, `related` and
   * `mixed` as they need it. With the same `date` and `messageId` it has the same
   * bytes.
   *
   * @throws {TypeError} When something could end its field early, or is no
   * address, id, type or content.
   */
  constructor(init: MailMessageInit = {}) {
    if (isEntity(init)) this.#entity = init;
    else {
      this.#entity = buildEntity({
        ...init,
        attachments: init.attachments?.map((one) => ({
          ...one,
          content: one.content instanceof MailMessage
            ? { entity: one.content.#entity }
            : one.content,
        })),
      });
    }
  }

  /**
   * Reads a message. Whatever is in it, it becomes one: what is wrong stands in
   * `defects`, and unless it is changed it is written with the same bytes. Bytes
   * that are given at once are not copied, so they must not change.
   *
   * @throws {RangeError} When it is longer than `maxSize`.
   * @throws {TypeError} When the source is none, or a limit is no number.
   */
  static async parse(
    source: BodySource,
    options: ParseOptions = {},
  ): Promise<MailMessage> {
    const limits = checkLimits(options);
    const bytes = await readAll(source, options.maxSize ?? 256 * 1024 * 1024);
    return wrap(parseEntity(bytes, limits));
  }

  /** The fields of the header. */
  get headers(): MailHeaders {
    return this.#entity.headers;
  }

  /** What it is, in lower case, and the parameters: `charset` and its like. */
  get contentType(): { type: string; params: Map<string, string> } {
    const { value, params } = contentTypeOf(this.#entity);
    return { type: value, params: new Map(params) };
  }

  /** The parts of a multipart; the message in a `message/rfc822`. */
  get parts(): MailMessage[] {
    return this.#parts ??= this.#entity.parts.map(wrap);
  }

  /** This one and all parts in it, each before its own parts. */
  *walk(): Generator<MailMessage> {
    yield this;
    for (const part of this.parts) yield* part.walk();
  }

  /**
   * What is wrong with it and with its parts, in words. What only decoding brings
   * to light is there once a content was asked for.
   */
  get defects(): string[] {
    return defectsOf(this.#entity);
  }

  /** Who wrote it; empty where nothing is said. */
  get from(): Address[] {
    return this.#addresses("from");
  }

  /** Who sent it, where that is somebody else. */
  get sender(): Address[] {
    return this.#addresses("sender");
  }

  /** Where answers go, where that is told. */
  get replyTo(): Address[] {
    return this.#addresses("reply-to");
  }

  /** To whom. */
  get to(): Address[] {
    return this.#addresses("to");
  }

  /** Who gets a copy. */
  get cc(): Address[] {
    return this.#addresses("cc");
  }

  /** Who gets a copy that nobody else knows of. */
  get bcc(): Address[] {
    return this.#addresses("bcc");
  }

  /** What it is about, decoded; empty where nothing is said. */
  get subject(): string {
    return this.headers.get("subject") ?? "";
  }

  /** When it was written, where that is told and a date. */
  get date(): Date | undefined {
    const [value] = this.headers.getRaw("date");
    return value === undefined ? undefined : parseDate(value);
  }

  /** Its id, with angle brackets. */
  get messageId(): string | undefined {
    return this.#ids("message-id")[0];
  }

  /** The ids of the messages that it answers; mostly one. */
  get inReplyTo(): string[] {
    return this.#ids("in-reply-to");
  }

  /** The ids of the messages that led to it, the oldest first. */
  get references(): string[] {
    return this.#ids("references");
  }

  /**
   * The text that a reader would be shown, decoded, with `"\n"` at line ends:
   * lines of `format=flowed` (RFC 3676) are joined, and files that stand encoded
   * in it (uuencode, yEnc) are among the attachments instead.
   */
  get text(): string | undefined {
    return joined(this.#show().texts);
  }

  /** The HTML that a reader would be shown, decoded, with `"\n"` at line ends. */
  get html(): string | undefined {
    return joined(this.#show().htmls);
  }

  /** All that is not shown as the text, in the order in which it stands there. */
  get attachments(): Attachment[] {
    return this.#show().attachments;
  }

  /**
   * The bytes of this part, its transfer encoding undone; of a multipart all that
   * is in it, as it stands.
   *
   * @throws {TypeError} When a Blob or a stream was given for it.
   */
  content(): Bytes {
    return contentOf(this.#entity);
  }

  /**
   * The text of this part: its transfer encoding and its charset undone.
   *
   * @throws {TypeError} When a Blob or a stream was given for it.
   */
  contentText(): string {
    return textOf(this.#entity);
  }

  /**
   * The bytes of the message, as they are asked for. Attached streams are read
   * while they pass, and can be sent once.
   */
  toStream(options: WriteOptions = {}): ReadableStream<Bytes> {
    const entity = this.#entity;
    const pieces = serialize(entity, options.keepBcc);
    // What is attached and being read.
    let source: AsyncIterator<Bytes> | undefined;
    return new ReadableStream<Bytes>({
      async pull(controller) {
        for (;;) {
          if (source) {
            const { done, value } = await source.next();
            if (!done) return controller.enqueue(value);
            source = undefined;
          }
          const { done, value } = pieces.next();
          if (done) return controller.close();
          if (typeof value === "function") source = value();
          // A view of the bytes that came would be the reader's to change.
          else if (value.length > 0) return controller.enqueue(value.slice());
        }
      },
      async cancel() {
        await source?.return?.();
        await discard(entity);
      },
    }, { highWaterMark: 0 });
  }

  /** The bytes of the message, all of them. */
  async toBytes(options: WriteOptions = {}): Promise<Bytes> {
    const pieces: Piece[] = [];
    for (const piece of serialize(this.#entity, options.keepBcc)) {
      if (typeof piece !== "function") pieces.push(piece);
      else for await (const chunk of piece()) pieces.push(chunk);
    }
    const bytes = collect(pieces);
    // Those that came belong to who gave them.
    return pieces.length === 1 ? bytes.slice() : bytes;
  }

  #addresses(name: string): Address[] {
    return this.headers.getRaw(name).flatMap(parseAddressList);
  }

  #ids(name: string): string[] {
    const value = this.headers.get(name);
    if (value === undefined) return [];
    const ids = value.match(/<[^\s<>\p{Cc}]+>/gu);
    // QUIRK: one without brackets.
    return ids ?? (/^[^\s<>\p{Cc}]+$/u.test(value) ? [value] : []);
  }

  #show(): Shown {
    if (hasChanges(this.#entity)) this.#shown = undefined;
    return this.#shown ??= show(this.#entity);
  }
}

/** How to write a message. */
export interface WriteOptions {
  /**
   * Whether `Bcc` is written, as for a copy of one's own. Default: not of a
   * message that was made here, as it was of one that was read.
   */
  keepBcc?: boolean | undefined;
}

/** A part as a message of its own. */
function wrap(entity: Entity): MailMessage {
  return new MailMessage(entity as unknown as MailMessageInit);
}

function isEntity(init: unknown): init is Entity {
  return typeof init === "object" && init !== null && "defects" in init;
}

function defectsOf({ defects, parts }: Entity): string[] {
  return [...defects, ...parts.flatMap(defectsOf)];
}

function joined(texts: string[]): string | undefined {
  return texts.length === 0
    ? undefined
    : texts.map((text, at) =>
      at === texts.length - 1 || text.endsWith("\n") ? text : `${text}\n`
    ).join("");
}

function checkLimits(options: ParseOptions): ParseLimits {
  const { maxDepth = 100, maxParts = 10_000, maxHeaderSize = 1024 * 1024 } =
    options;
  const { maxSize = 0 } = options;
  for (
    const [name, value] of Object.entries({
      maxDepth,
      maxParts,
      maxHeaderSize,
      maxSize,
    })
  ) {
    if (value >= 0) continue;
    throw new TypeError(`Cannot parse with ${name} ${value}: it is no limit`);
  }
  if (maxDepth > MOST_DEPTH || maxSize > MOST_SIZE) {
    throw new TypeError(
      `Cannot parse with maxDepth ${maxDepth} and maxSize ${maxSize}: at most ` +
        `${MOST_DEPTH} and ${MOST_SIZE} are possible`,
    );
  }
  return { depth: maxDepth, parts: maxParts, headerSize: maxHeaderSize };
}
