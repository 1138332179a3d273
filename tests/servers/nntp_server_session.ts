/**
 * What {@linkcode NntpServer} knows of one connection, and what may be done on
 * it.
 *
 * @module
 */
import type { TlsBridge } from "../../_wire/tls_bridge.ts";
import type { ScramKeys } from "../../mail/sasl/mod.ts";
import type {
  Article,
  Group,
  GroupOptions,
  NewsStore,
} from "./nntp_server_articles.ts";
import type { Channel } from "./nntp_server_channel.ts";
import { Refusal } from "./nntp_server_syntax.ts";

/** How to start it. */
export interface NntpServerOptions {
  /** What there is to read, by the group's name. */
  groups?: Record<string, GroupOptions>;
  /** Passwords by name; default `{ ada: "secret" }`. */
  users?: Record<string, string>;
  /** Whether one must sign in to read, or to post; default false. */
  authRequired?: boolean | "post";
  cert?: string;
  key?: string;
  /** TLS from the first byte on. */
  implicitTls?: boolean;
  /** Only what RFC 977 and RFC 2980 have. */
  old?: boolean;
  /** Greets with 201 and refuses what is posted. */
  readOnly?: boolean;
  /** The lines of LIST OVERVIEW.FMT. */
  overviewFormat?: string[];
  /** Begins as a transit server: reading needs MODE READER. */
  modeReader?: boolean;
  /**
   * Capabilities, commands and parts of them to leave out: `"HDR"`,
   * `"OVER MSGID"`, `"LIST COUNTS"`, `"SASL PLAIN"`, `"XOVER"`.
   */
  without?: string[];
  /** The server's clock. */
  now?: () => Date;
}

/** What all connections share. */
export interface Host {
  options: NntpServerOptions;
  store: NewsStore;
  overviewFormat: readonly string[];
  users: Map<string, string>;
  keys: Map<string, ScramKeys>;
  bridge: TlsBridge | undefined;
  commands: string[];
  posted: Uint8Array[];
  /** Message-ids that somebody is just sending by IHAVE. */
  coming: Set<string>;
  now: () => Date;
}

/** One connection. */
export class Session {
  readonly channel: Channel;
  readonly host: Host;
  /** Whether it is for other servers, before MODE READER. */
  transit: boolean;
  group: Group | undefined;
  /** The current article's number, where there is one. */
  current: number | undefined;
  /** Who has signed in. */
  user: string | undefined;
  /** What AUTHINFO USER said. */
  named: string | undefined;
  ended = false;

  constructor(channel: Channel, host: Host) {
    this.channel = channel;
    this.host = host;
    this.transit = host.options.modeReader ?? false;
  }

  /** Whether something was not left out: `offers("LIST", "COUNTS")`. */
  offers(label: string, argument?: string): boolean {
    const { without = [] } = this.host.options;
    return !without.some((left) =>
      left.toUpperCase() === label ||
      left.toUpperCase() === `${label} ${argument}`
    );
  }

  /** Whether one may read now. */
  get mayRead(): boolean {
    return !this.transit && this.offers("READER") && !this.#mustSignIn(true);
  }

  /** Whether one may post now. */
  get mayPost(): boolean {
    return !this.transit && this.offers("POST") &&
      !this.host.options.readOnly && !this.#mustSignIn("post");
  }

  /** Whether IHAVE may be used now. */
  get mayTransfer(): boolean {
    // A server that switched to reading is for readers.
    return (this.transit || !this.host.options.modeReader) &&
      this.offers("IHAVE") && !this.host.options.readOnly &&
      !this.#mustSignIn("post");
  }

  /** Refuses what is for readers where one may not read. */
  demandReading(): void {
    this.demandReaderMode();
    if (!this.offers("READER")) throw new Refusal(502, "Not for readers");
    this.#demandUser(true);
  }

  /** Refuses what is not for other servers where they are expected. */
  demandReaderMode(): void {
    if (!this.transit) return;
    if (this.host.options.old) {
      throw new Refusal(502, "Readers say MODE READER");
    }
    throw new Refusal(401, "MODE-READER is needed first");
  }

  /** Refuses POST and IHAVE where one has to sign in first. */
  demandPoster(): void {
    this.#demandUser("post");
  }

  /** Forgets what the client told, as TLS demands. */
  forget(): void {
    this.group = this.current = this.named = undefined;
  }

  /** The selected group. */
  demandGroup(): Group {
    if (!this.group) throw new Refusal(412, "No newsgroup selected");
    return this.group;
  }

  /** The current article. */
  demandCurrent(): [number, Article] {
    const group = this.demandGroup();
    const article = this.current && group.articles.get(this.current);
    if (!article) throw new Refusal(420, "Current article number is invalid");
    return [this.current!, article];
  }

  #demandUser(what: true | "post"): void {
    if (this.#mustSignIn(what)) throw new Refusal(480, "Sign in first");
  }

  #mustSignIn(what: true | "post"): boolean {
    const { authRequired = false } = this.host.options;
    if (this.user !== undefined) return false;
    return authRequired === true || authRequired === what;
  }
}

/** A command: how many arguments it takes and what it does. */
export interface Command {
  args: readonly [least: number, most: number];
  /** Not in RFC 977 and RFC 2980. */
  recent?: boolean;
  /** Who may use it: readers, when one may read, unless it says otherwise. */
  open?: boolean;
  run(
    session: Session,
    args: string[],
    line: string,
  ): void | Promise<void>;
}
