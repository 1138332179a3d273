import type { Bytes, OperationOptions } from "../_wire/options.ts";
import type { NntpError } from "./nntp_error.ts";

/** A newsgroup, as selecting it tells. */
export interface GroupSummary {
  /** The group's name. */
  name: string;
  /** About how many articles there are; servers estimate. */
  count: number;
  /** The lowest number of an article. */
  first: number;
  /** The highest number of an article; below `first` where there is none. */
  last: number;
}

/** A newsgroup, as lists of groups have it. */
export interface ActiveGroup {
  /** The group's name. */
  name: string;
  /** The lowest number of an article. */
  first: number;
  /** The highest number of an article; below `first` where there is none. */
  last: number;
  /**
   * `"y"`: posting is permitted, `"n"`: it is not, `"m"`: articles go to a
   * moderator; others are the server's own (RFC 3977 section 7.6.3, RFC 6048
   * section 3.1).
   */
  status: string;
}

/** Which article it is. */
export interface ArticleRef {
  /** The number in the selected group; 0 where it was asked for by its id. */
  number: number;
  /** The Message-ID, with its angle brackets; empty where the server hides it. */
  messageId: string;
}

/** An article, or a part of it, to be read. */
export interface Article extends ArticleRef {
  /** Its bytes as they are on the server: dots removed, CRLF kept. */
  content: ReadableStream<Bytes>;
}

/** An article of {@linkcode NntpClient.articles}, whole in memory. */
export interface RetrievedArticle extends ArticleRef {
  /** Its bytes as they are on the server: dots removed, CRLF kept. */
  content: Bytes;
}

/** An article of {@linkcode NntpClient.articles} that there is not. */
export interface RefusedArticle {
  /** What it was asked for by. */
  id: number | string;
  /** What the server said. */
  error: NntpError;
}

/** What of an article is wanted. */
export type ArticlePart = "article" | "head" | "body";

/**
 * What a server's overview says of an article (RFC 3977 section 8). A field is
 * missing where the server does not have it.
 */
export interface Overview {
  /** The number in the selected group; 0 where it was asked for by its id. */
  number: number;
  /**
   * The subject as the header has it; `decodeWords` of `mail/message` reads
   * encoded words.
   */
  subject?: string;
  /** The author as the header has it. */
  from?: string;
  /** When it was written; what is no date stands in `other.date`. */
  date?: Date;
  /** The Message-ID, with its angle brackets. */
  messageId?: string;
  /** The ids of the articles before it in the thread, the first one first. */
  references?: string[];
  /** Size in bytes. */
  bytes?: number;
  /** Lines in the body. */
  lines?: number;
  /**
   * Whatever else there is, by the name in lower case: `other.xref`. Fields
   * without a name have their place in the line, from 1 on.
   */
  other: Record<string, string>;
}

/** What {@linkcode NntpClient.login} takes. */
export interface NntpLoginOptions extends OperationOptions {
  /**
   * A SASL mechanism, or `"USER"` for AUTHINFO USER and PASS; see there for the
   * default.
   */
  mechanism?: string | undefined;
}
