/**
 * The news that {@linkcode NntpServer} holds, in memory. Names and headers are
 * texts of which every character stands for a byte.
 *
 * @module
 */
import { Buffer } from "node:buffer";
import { CrlfWriter } from "../../_wire/crlf_writer.ts";
import { fromText, toBytes, toByteString } from "./nntp_server_channel.ts";
import type { Range } from "./nntp_server_syntax.ts";

/** The overview of RFC 3977 section 8.4, and where an article is filed. */
export const OVERVIEW_FORMAT: readonly string[] = [
  "Subject:",
  "From:",
  "Date:",
  "Message-ID:",
  "References:",
  ":bytes",
  ":lines",
  "Xref:full",
];

/** A group to begin with. */
export interface GroupOptions {
  /**
   * Whole texts; an empty one leaves its number out, as an article does that
   * has expired. The same message-id in two groups is one article.
   */
  articles?: (string | Uint8Array)[];
  /** The first number; default 1. */
  first?: number;
  /** Whether one may post: yes, no, or past the moderator; default "y". */
  status?: "y" | "n" | "m";
  description?: string;
  /** Default the first moment of 2020. */
  created?: Date;
}

/** An article, wherever it is filed. */
export class Article {
  /** With CRLF line ends. */
  readonly bytes: Uint8Array;
  readonly id: string;
  readonly arrived: Date;
  /** Its number by group. */
  readonly places = new Map<Group, number>();
  #headLength: number;
  #lines: number | undefined;
  #headers: Map<string, string>;

  /** `id` where it has none, `arrived` where its Date does not say. */
  constructor(text: string | Uint8Array, o: { id: string; arrived?: Date }) {
    let bytes = normalized(text);
    let length = headLength(bytes);
    this.#headers = parseHead(bytes.subarray(0, length));
    this.id = this.header("message-id")?.trim() ?? o.id;
    if (!this.#headers.has("message-id")) {
      const added = toBytes(`Message-ID: ${o.id}\r\n`);
      bytes = concat([added, bytes]);
      length += added.length;
      this.#headers.set("message-id", o.id);
    }
    this.bytes = bytes;
    this.#headLength = length;
    this.arrived = o.arrived ?? dateOf(this);
  }

  /** The header lines. */
  get head(): Uint8Array {
    return this.bytes.subarray(0, this.#headLength);
  }

  /** What is behind the empty line. */
  get body(): Uint8Array {
    return this.bytes.subarray(this.#headLength + 2);
  }

  /** The first header of a name, in lower case, unfolded. */
  header(name: string): string | undefined {
    return this.#headers.get(name);
  }

  /** A header or what is known besides; empty where there is none. */
  field(name: string): string {
    switch (name.toLowerCase()) {
      case ":bytes":
        return String(this.bytes.length);
      case ":lines":
        return String(this.#lines ??= countLines(this.body));
      default:
        return this.header(name.toLowerCase()) ?? "";
    }
  }

  /** The overview's line behind the number (RFC 3977 section 8.3.2). */
  overview(format: readonly string[]): string {
    return format.map((line, at) => {
      const [, name = "", full] = /^(:?[^:]*):?(full)?$/i.exec(line) ?? [];
      if (name.startsWith(":")) {
        const value = this.field(name);
        return at < 7 || value === "" ? value : `${name} ${value}`;
      }
      const value = this.field(name);
      if (full) return value === "" ? "" : `${name}: ${value}`;
      // Section 8.4.2: these two stand for what was counted.
      return /^(bytes|lines)$/i.test(name) ? this.field(`:${name}`) : value;
    }).join("\t");
  }
}

/** A group and the numbers of what it holds. */
export class Group {
  readonly status: "y" | "n" | "m";
  readonly description: string | undefined;
  readonly created: Date;
  readonly articles = new Map<number, Article>();
  #first: number;
  #next: number;

  constructor(readonly name: string, o: GroupOptions) {
    this.status = o.status ?? "y";
    this.description = o.description && fromText(o.description);
    this.created = o.created ?? new Date("2020-01-01T00:00:00Z");
    this.#first = this.#next = o.first ?? 1;
  }

  /** Files an article under the next number. */
  add(article: Article): void {
    this.articles.set(this.#next, article);
    article.places.set(this, this.#next++);
  }

  /** Leaves a number out. */
  skip(): void {
    if (this.articles.size === 0) this.#first++;
    this.#next++;
  }

  /** The number an article will get. */
  get next(): number {
    return this.#next;
  }

  /** The water marks; of an empty group the high one is below the low one. */
  get marks(): { low: number; high: number } {
    return { low: this.#first, high: this.#next - 1 };
  }

  /** What lies in a range, by number. */
  *within({ from, to }: Range): Generator<[number, Article]> {
    const { low, high } = this.marks;
    for (let at = Math.max(low, from); at <= Math.min(high, to); at++) {
      const article = this.articles.get(at);
      if (article) yield [at, article];
    }
  }

  /** The next existing number in a direction, if there is one. */
  neighbour(number: number, step: 1 | -1): number | undefined {
    const { low, high } = this.marks;
    for (let at = number + step; at >= low && at <= high; at += step) {
      if (this.articles.has(at)) return at;
    }
    return undefined;
  }
}

/** All the groups and articles. */
export class NewsStore {
  readonly groups = new Map<string, Group>();
  readonly articles = new Map<string, Article>();

  constructor(groups: Record<string, GroupOptions>) {
    for (const [name, options] of Object.entries(groups)) {
      const group = new Group(fromText(name), options);
      this.groups.set(group.name, group);
      for (const text of options.articles ?? []) {
        if (text.length === 0) {
          group.skip();
          continue;
        }
        const id = `<${group.next}.${group.name}@localhost>`;
        const article = new Article(text, { id });
        this.file(this.articles.get(article.id) ?? article, [group]);
      }
    }
  }

  /** Files an article in groups. */
  file(article: Article, groups: Iterable<Group>): void {
    this.articles.set(article.id, article);
    for (const group of groups) group.add(article);
  }
}

/** The first header of a name, in lower case, unfolded; of any text. */
export function headerOf(bytes: Uint8Array, name: string): string | undefined {
  return parseHead(bytes.subarray(0, headLength(bytes))).get(name);
}

/** How long the header lines are; without an empty line all are. */
export function headLength(bytes: Uint8Array): number {
  if (bytes[0] === 0x0d && bytes[1] === 0x0a) return 0;
  const at = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length)
    .indexOf("\r\n\r\n");
  return at < 0 ? bytes.length : at + 2;
}

/** Header lines by name in lower case; of several with a name the first. */
function parseHead(head: Uint8Array): Map<string, string> {
  const headers = new Map<string, string>();
  for (const line of toByteString(head).split(/\r\n(?![ \t])/)) {
    const match = /^([!-9;-~]+):[ \t]?([^]*)$/.exec(line);
    if (!match) continue;
    const name = match[1]!.toLowerCase();
    if (headers.has(name)) continue;
    // RFC 3977 section 8.3.2.
    const value = match[2]!.replaceAll("\r\n", "").replace(/[\t\r\n\0]/g, " ");
    headers.set(name, value);
  }
  return headers;
}

function dateOf(article: Article): Date {
  const date = new Date(article.header("date") ?? "");
  return Number.isNaN(date.getTime()) ? new Date("2020-01-01") : date;
}

function countLines(bytes: Uint8Array): number {
  let count = 0;
  for (let at = -1; (at = bytes.indexOf(0x0a, at + 1)) >= 0;) count++;
  return count;
}

/** With CRLF line ends, one at the end too. */
function normalized(text: string | Uint8Array): Uint8Array {
  const bytes = typeof text === "string"
    ? new TextEncoder().encode(text)
    : text;
  const crlf = new CrlfWriter({ stuffDots: false });
  const encoded = crlf.encode(bytes);
  return concat([encoded, crlf.end()]);
}

/** One behind the other. */
export function concat(parts: Uint8Array[]): Uint8Array {
  const all = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    all.set(part, at);
    at += part.length;
  }
  return all;
}
