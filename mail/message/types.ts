import type { BodySource, Bytes } from "../../_wire/options.ts";
import type { Address } from "./address.ts";
import type { MailMessage } from "./message.ts";

/**
 * Addresses: as in a header, taken apart, or several of either. Of those taken
 * apart the ones without an address are left out: mail to be answered has such.
 */
export type AddressInput = string | Address | (string | Address)[];

/**
 * What a part is made from. A stream can be sent once; a function that opens one
 * as often as it is called.
 */
export type PartContent =
  | BodySource
  | (() => ReadableStream<Uint8Array>);

/** A file that goes along with a message. */
export interface AttachmentInput {
  /** What is in it. A message goes along as `message/rfc822`. */
  content: PartContent | MailMessage;
  /** The file's name, in any script. */
  filename?: string | undefined;
  /**
   * What it is, with parameters where there are any; default what the name's
   * extension says.
   */
  contentType?: string | undefined;
  /**
   * Under which the HTML refers to it, as in `<img src="cid:logo">`, with or
   * without angle brackets. It is then shown in its place.
   */
  contentId?: string | undefined;
  /**
   * Whether it is shown or offered; default `"inline"` with a `contentId`, else
   * `"attachment"`.
   */
  disposition?: "attachment" | "inline" | undefined;
}

/** What a message is made from. */
export interface MailMessageInit {
  /** Who wrote it. */
  from?: AddressInput | undefined;
  /** Who sent it, where that is somebody else. */
  sender?: AddressInput | undefined;
  /** Where answers go. */
  replyTo?: AddressInput | undefined;
  /** To whom. */
  to?: AddressInput | undefined;
  /** Who gets a copy. */
  cc?: AddressInput | undefined;
  /** Who gets a copy that nobody else knows of: it is not written. */
  bcc?: AddressInput | undefined;
  /** What it is about. */
  subject?: string | undefined;
  /** When it was written; default now. */
  date?: Date | undefined;
  /** Its id, with or without angle brackets; default a random one. */
  messageId?: string | undefined;
  /** The id of the message that it answers. */
  inReplyTo?: string | undefined;
  /** The ids of those that led to it, the oldest first. */
  references?: string[] | undefined;
  /** The text. */
  text?: string | undefined;
  /** The text as HTML. */
  html?: string | undefined;
  /** Files that go along. */
  attachments?: AttachmentInput[] | undefined;
  /** Other fields of the header. */
  headers?: [name: string, value: string][] | undefined;
  /**
   * Whether a file's name beyond ASCII is also told as old programs look for it,
   * which RFC 2047 section 5 forbids; default `true`.
   */
  legacyFilenames?: boolean | undefined;
}

/** Bounds on what a message may make us hold. */
export interface ParseOptions {
  /**
   * Messages and multiparts inside of one another; default 100, at most 1,000.
   * What lies deeper is not taken apart.
   */
  maxDepth?: number | undefined;
  /** Parts in all; default 10,000. Those behind are not told. */
  maxParts?: number | undefined;
  /**
   * Bytes in the header of a part; default 1 MiB. Fields behind are not read.
   */
  maxHeaderSize?: number | undefined;
  /** Bytes in the message; default 256 MiB. A longer one is a `RangeError`. */
  maxSize?: number | undefined;
}

/** A file that came along with a message. */
export interface Attachment {
  /**
   * The file's name: the sender's words, which may hold slashes. Missing where
   * nothing is said.
   */
  filename?: string;
  /** What it is, in lower case: `"image/png"`. */
  contentType: string;
  /** `"inline"` where it is meant to be shown in the text. */
  disposition: "attachment" | "inline";
  /** Under which the HTML refers to it, without angle brackets. */
  contentId?: string;
  /** The bytes, decoded. */
  content: Bytes;
}
