import { decodeText, toByteString } from "../../_wire/text.ts";
import type { Entries } from "./_entries.ts";
import type { Delivery, FileFormat, MailRecord } from "./_format.ts";
import { Head, joinAll, MOST_HEAD, takeHead } from "./_head.ts";
import { finished, through } from "./_line_ends.ts";
import { Quote, Unquote } from "./_quoting.ts";
import type { Spooled } from "./_spooled.ts";
import { Breather, type FileWindow } from "./_window.ts";
import type { MailFlag } from "./types.ts";

/** Ends a message, and the options in front of all. */
const END = "\x1f";
const BEGIN_BYTE = 0x0c;
const LF = 0x0a;
/** Between the header as it came and the one that is shown. */
const EOOH = "*** EOOH ***";
const ENCODER = new TextEncoder();

/** Words of the format itself; others are the user's. */
const ATTRIBUTES = [
  "unseen",
  "deleted",
  "filed",
  "answered",
  "forwarded",
  "edited",
  "resent",
];

const UNSEEN = "unseen";
/** The first word for a flag is the one that is written. */
const WORDS: [word: string, flag: MailFlag][] = [
  ["answered", "answered"],
  ["deleted", "deleted"],
  ["forwarded", "passed"],
  ["resent", "passed"],
  // These are no attributes of the format, but labels as users have them.
  ["flagged", "flagged"],
  ["draft", "draft"],
];

/** Bytes that are looked at for labels. */
const MOST_LABELS = 64 * 1024;

/** What the first line of a message says. */
interface Labels {
  /** Whether the header as it came stands in front of the one that is shown. */
  reformed: boolean;
  words: string[];
}

/**
 * Babyl, of Emacs' Rmail: options, and messages that each begin with a form
 * feed, a line of labels and two headers: the one that came and, behind
 * `*** EOOH ***`, the one that is shown. A control-underscore at the beginning
 * of a line ends a message. One in the message gets a ">" in front; Rmail wrote
 * the two characters `^_` instead, which cannot be undone.
 */
export class BabylFormat implements FileFormat {
  readonly mark = "BABYL OPTIONS:";
  readonly preamble =
    `BABYL OPTIONS: -*- rmail -*-\nVersion: 5\nLabels:\n${END}`;

  async scan(
    window: FileWindow,
    from: number,
    entries: Entries,
  ): Promise<void> {
    const breather = new Breather();
    let start = from;
    if (window.view(from, 1)[0] !== BEGIN_BYTE) {
      start = (await nextEnd(window, from, breather)).next;
    }
    while (start < window.size) {
      const first = window.view(start, 64).slice(0, 64);
      // The labels stand behind the line of the form feed.
      const content = window.lineAfter(start);
      const { end, next } = await nextEnd(window, content, breather);
      entries.push(start, content, end, first);
      start = next;
    }
  }

  closing(tail: Uint8Array): string {
    const text = toByteString(tail);
    if (text === "" || text === END || text.endsWith(`\n${END}`)) return "";
    if (text.endsWith("\n")) return END;
    return `\n${END}`;
  }

  *content({ content, end, bytes }: MailRecord): Generator<Uint8Array> {
    const chunks = through(bytes(content, end), new Unquote(END, "all"));
    const iterator = chunks[Symbol.iterator]();
    yield* messageOf(Start.take(iterator));
    for (let next = iterator.next(); !next.done; next = iterator.next()) {
      yield next.value;
    }
  }

  flags(record: MailRecord): Set<MailFlag> {
    return flagsOf(labelsOf(record).words);
  }

  *reflagged(
    { start, content, end, bytes }: MailRecord,
    flags: ReadonlySet<MailFlag>,
  ): Generator<Uint8Array> {
    yield* bytes(start, content);
    const changed = function* (): Generator<Uint8Array> {
      const iterator = bytes(content, end)[Symbol.iterator]();
      const { labels, bytes: text, labelsEnd } = Start.take(iterator);
      yield labelLine({ ...labels, words: withFlags(labels.words, flags) });
      yield text.subarray(labelsEnd);
      for (let next = iterator.next(); !next.done; next = iterator.next()) {
        yield next.value;
      }
    };
    yield* finished(changed(), "\n");
    yield ENCODER.encode(END);
  }

  *encode(
    message: Spooled,
    { flags }: Delivery,
    old: MailRecord | undefined,
  ): Generator<Uint8Array> {
    const start = takeHead(message.chunks()[Symbol.iterator]());
    const { bodyStart, end } = new Head(start);
    const header = start.subarray(0, bodyStart);
    // Fields that end in something else than an empty line would get one.
    const isUsual = bodyStart > end || end === 0 || end === message.size;
    const reformed = isUsual && header.length < MOST_HEAD / 4 &&
      !toByteString(header).includes(EOOH);
    const words = withFlags(old ? labelsOf(old).words : [], flags ?? NO_FLAGS);
    const record = function* (): Generator<Uint8Array> {
      yield labelLine({ reformed, words });
      if (!reformed) {
        yield ENCODER.encode(`${EOOH}\n`);
        yield* message.chunks();
        return;
      }
      const open = header.length > 0 && header.at(-1) !== LF ? "\n" : "";
      yield header;
      yield ENCODER.encode(`${open}${EOOH}\n`);
      yield header;
      // What is shown ends in an empty line in any case.
      if (bodyStart === end) yield ENCODER.encode(`${open}\n`);
      yield* message.chunks(bodyStart);
    };
    yield ENCODER.encode("\f\n");
    yield* finished(through(record(), new Quote(END, "all")), "\n");
    yield ENCODER.encode(END);
  }
}

const NO_FLAGS: ReadonlySet<MailFlag> = new Set();

/** The beginning of a record: its labels and headers. */
class Start {
  /** Where the labels end. */
  readonly labelsEnd: number;
  /** Where the header as it came ends; -1 where the line behind is missing. */
  readonly headerEnd: number;
  /** Behind the line that is between the headers. */
  readonly shown: number;
  /** Behind the header that is shown; -1 where that does not end. */
  readonly shownEnd: number;

  private constructor(readonly bytes: Uint8Array) {
    const text = toByteString(bytes);
    this.labelsEnd = lineEndAfter(text, 0);
    const line = new RegExp(String.raw`^\*\*\* EOOH \*\*\*\r?(?:\n|$)`, "gm");
    line.lastIndex = this.labelsEnd;
    const match = line.exec(text);
    this.headerEnd = match ? match.index : -1;
    this.shown = match ? line.lastIndex : -1;
    // QUIRK: Python leaves that header out, with the empty line behind it.
    const hasHeader = /^(?:\r?\n|[^\n]*$|[!-9;-~]+[ \t]*:)/.test(
      text.slice(Math.max(0, this.shown), this.shown + 1024),
    );
    this.shownEnd = !match
      ? -1
      : hasHeader
      ? emptyLineAfter(text, this.shown)
      : this.shown;
  }

  /** The first chunks of a record, as many as are needed. */
  static take(chunks: Iterator<Uint8Array>): Start {
    const pieces: Uint8Array[] = [];
    let size = 0;
    let start = new Start(new Uint8Array());
    while (start.shownEnd < 0 && size < MOST_HEAD) {
      const { done, value } = chunks.next();
      if (done) break;
      pieces.push(value.slice());
      size += value.length;
      start = new Start(joinAll(pieces));
    }
    return start;
  }

  get labels(): Labels {
    const line = decodeText(this.bytes.subarray(0, this.labelsEnd));
    return {
      reformed: !line.startsWith("0"),
      words: line.slice(1).split(",").map((word) => word.trim())
        .filter((word) => word !== ""),
    };
  }
}

/** The message's bytes as far as they are in the beginning of a record. */
function* messageOf(start: Start): Generator<Uint8Array> {
  const { bytes, labelsEnd, headerEnd, shown, shownEnd } = start;
  if (headerEnd < 0) return yield bytes.subarray(labelsEnd);
  if (!start.labels.reformed) return yield bytes.subarray(shown);
  const header = bytes.subarray(labelsEnd, headerEnd);
  const body = shownEnd < 0 ? bytes.subarray(0, 0) : bytes.subarray(shownEnd);
  yield header;
  // Rmail left the empty line out.
  const { bodyStart, end } = new Head(header);
  if (body.length > 0 && header.length > 0 && bodyStart === end) {
    yield Uint8Array.of(LF);
  }
  yield body;
}

function labelsOf({ content, end, bytes }: MailRecord): Labels {
  const most = Math.min(end, content + MOST_LABELS);
  return Start.take(bytes(content, most)[Symbol.iterator]()).labels;
}

function labelLine({ reformed, words }: Labels): Uint8Array {
  const own = words.filter((word) => ATTRIBUTES.includes(word));
  const users = words.filter((word) => !ATTRIBUTES.includes(word));
  return ENCODER.encode(
    (reformed ? "1" : "0") + own.map((word) => `, ${word}`).join("") + ",," +
      users.map((word) => ` ${word},`).join("") + "\n",
  );
}

function flagsOf(words: string[]): Set<MailFlag> {
  const flags = new Set<MailFlag>();
  for (const [word, flag] of WORDS) if (words.includes(word)) flags.add(flag);
  if (!words.includes(UNSEEN)) flags.add("seen");
  return flags;
}

function withFlags(
  words: string[],
  flags: ReadonlySet<MailFlag>,
): string[] {
  const missing = new Set(flags);
  const left = words.filter((word) => {
    const flag = WORDS.find(([one]) => one === word)?.[1];
    if (flag) missing.delete(flag);
    return word !== UNSEEN && (!flag || flags.has(flag));
  });
  for (const [word, flag] of WORDS) {
    if (!missing.delete(flag)) continue;
    left.push(word);
  }
  return flags.has("seen") ? left : [UNSEEN, ...left];
}

/** Where a message that begins at `from` ends, and where the next one begins. */
async function nextEnd(
  window: FileWindow,
  from: number,
  breather: Breather,
): Promise<{ end: number; next: number }> {
  for (let at = from;;) {
    const found = window.find(END, at);
    if (found === -1) return { end: window.size, next: window.size };
    if (found < 0) {
      at = -1 - found;
      await breather.at(at);
      continue;
    }
    const before = Math.max(0, found - 1);
    const view = window.view(before, 6);
    if (found === 0 || view[0] === LF) {
      const rest = toByteString(view.subarray(found - before + 1)).slice(0, 4);
      if (rest.startsWith("\f")) return { end: found, next: found + 1 };
      // QUIRK: some put a line end behind the last one.
      const [line = ""] = /^\r?\n/.exec(rest) ?? [];
      if (rest === line) return { end: found, next: window.size };
      if (rest.startsWith(`${line}${END}\f`)) {
        return { end: found, next: found + line.length + 2 };
      }
    }
    at = found + 1;
  }
}

function lineEndAfter(text: string, at: number): number {
  const lf = text.indexOf("\n", at);
  return lf < 0 ? text.length : lf + 1;
}

/** Behind the next empty line; -1 for none. */
function emptyLineAfter(text: string, at: number): number {
  const line = /^\r?\n/gm;
  line.lastIndex = at;
  return line.test(text) ? line.lastIndex : -1;
}
