import { toByteString } from "../../_wire/text.ts";
import type { Entries } from "./_entries.ts";
import type { Delivery, FileFormat, MailRecord } from "./_format.ts";
import {
  fromLineFor,
  hasTime,
  isWholeFromLine,
  MOST_FROM_LINE,
  startsWithFrom,
} from "./_from_line.ts";
import { editHead, Head, headOf, lineEnd, MOST_HEAD } from "./_head.ts";
import { finished, type Step, through, ToCrlf, ToLf } from "./_line_ends.ts";
import { Quote, Unquote } from "./_quoting.ts";
import type { Spooled } from "./_spooled.ts";
import { readStatus, writeStatus } from "./_status.ts";
import { Breather, type FileWindow } from "./_window.ts";
import type { MailFlag, MboxDialect } from "./types.ts";

const LF = 0x0a;
const CR = 0x0d;
const FROM = "From ";
const ENCODER = new TextEncoder();

/**
 * Mbox: a `From ` line, the message, an empty line. The dialects differ in what
 * becomes of lines in a message that begin with `From `. Sources: RFC 4155, and
 * mbox(5) of qmail, which names the dialects.
 *
 * A `From ` line ends a message behind an empty line, if it says a time or a header
 * follows: "From then on" at the beginning of a paragraph was let through by many
 * programs. Elsewhere it has to be one to the letter: some left the empty line out.
 */
export class MboxFormat implements FileFormat {
  readonly mark = "From ";
  readonly preamble = "";
  /** Which lines are quoted; undefined for none (mboxcl2). */
  readonly #quoted: "bare" | "all" | undefined;
  /** Whether `Content-Length` is the box's own. */
  readonly #hasLength: boolean;
  /** QUIRK: a box made on Windows has CRLF throughout. */
  #crlf = false;

  constructor(dialect: MboxDialect) {
    if (dialect === "mboxrd") this.#quoted = "all";
    else if (dialect !== "mboxcl2") this.#quoted = "bare";
    this.#hasLength = dialect === "mboxcl" || dialect === "mboxcl2";
  }

  async scan(
    window: FileWindow,
    from: number,
    entries: Entries,
  ): Promise<void> {
    const breather = new Breather();
    let start = from === 0 ? await this.#begin(window, breather) : from;
    while (start < window.size) {
      const first = window.view(start, 64).slice(0, 64);
      const content = window.lineAfter(start);
      const { end, next } = this.#byLength(window, content) ??
        await nextFrom(window, content, breather);
      entries.push(start, content, end, first);
      start = next;
    }
  }

  closing(tail: Uint8Array): string {
    const text = toByteString(tail);
    if (text === "" || /\n\r?\n$/.test(text)) return "";
    return text.endsWith("\n") ? this.#lineEnd : this.#lineEnd.repeat(2);
  }

  content(
    record: MailRecord,
    flags: ReadonlySet<MailFlag> | undefined,
  ): Iterable<Uint8Array> {
    const steps: Step[] = [];
    if (this.#crlf) steps.push(new ToLf("always"));
    if (this.#quoted) steps.push(new Unquote(FROM, this.#quoted));
    const chunks = through(record.bytes(record.content, record.end), ...steps);
    if (!this.#hasLength && !flags) return chunks;
    return editHead(chunks, (head) => {
      const own = this.#hasLength
        ? new Head(head.with({ "Content-Length": undefined }))
        : head;
      return flags ? writeStatus(own, flags) : own.bytes;
    });
  }

  flags(record: MailRecord): Set<MailFlag> {
    return readStatus(headOf(record));
  }

  *reflagged(
    record: MailRecord,
    flags: ReadonlySet<MailFlag>,
  ): Generator<Uint8Array> {
    yield* record.bytes(record.start, record.content);
    yield* finished(
      editHead(
        record.bytes(record.content, record.end),
        (head) => writeStatus(head, flags, this.#lineEnd),
      ),
      this.#lineEnd,
    );
    yield ENCODER.encode(this.#lineEnd);
  }

  *encode(
    message: Spooled,
    { flags, date }: Delivery,
    old: MailRecord | undefined,
  ): Generator<Uint8Array> {
    const { line, skip } = fromLineFor(message, date, old);
    yield line;
    yield ENCODER.encode(this.#lineEnd);
    const content = () => this.#written(message, skip, flags);
    if (this.#hasLength) yield* this.#withLength(content);
    else yield* content();
    yield ENCODER.encode(this.#lineEnd);
  }

  get #lineEnd(): string {
    return this.#crlf ? "\r\n" : "\n";
  }

  /** Where the first message begins, behind empty lines. */
  async #begin(window: FileWindow, breather: Breather): Promise<number> {
    let at = 0;
    let step = 0;
    do {
      at += step;
      step = lineEnd(window.view(at, 2), 0);
    } while (step > 0);
    const line = window.view(at, MOST_FROM_LINE);
    this.#crlf = line[line.indexOf(LF) - 1] === CR;
    if (startsWithFrom(line)) return at;
    // Something else stands in front, which stays there.
    return (await nextFrom(window, at, breather)).next;
  }

  /** A message as it is written, except for its length. */
  #written(
    message: Spooled,
    from: number,
    flags: ReadonlySet<MailFlag> | undefined,
  ): Iterable<Uint8Array> {
    const steps: Step[] = [];
    if (this.#crlf) steps.push(new ToLf("always"));
    if (this.#quoted) steps.push(new Quote(FROM, this.#quoted));
    if (this.#crlf) steps.push(new ToCrlf());
    let chunks = message.chunks(from);
    if (flags) chunks = editHead(chunks, (head) => writeStatus(head, flags));
    return finished(through(chunks, ...steps), this.#lineEnd);
  }

  /** The body is counted first, which is read a second time then. */
  *#withLength(content: () => Iterable<Uint8Array>): Generator<Uint8Array> {
    let size = 0;
    for (const chunk of content()) size += chunk.length;
    yield* editHead(content(), (head) => {
      const hasBody = head.bodyStart > head.end || size === head.end;
      const edited = head.with(
        { "Content-Length": String(size - head.bodyStart) },
        this.#lineEnd,
      );
      if (hasBody) return edited;
      // Text without any header: the empty line tells where it begins.
      const { end } = new Head(edited);
      const line = ENCODER.encode(this.#lineEnd);
      const bytes = new Uint8Array(edited.length + line.length);
      bytes.set(edited.subarray(0, end));
      bytes.set(line, end);
      bytes.set(edited.subarray(end), end + line.length);
      return bytes;
    });
  }

  /**
   * Where a message ends by its `Content-Length`, if it has one that is right:
   * a `From ` line must follow, or the end of the file. Otherwise somebody has
   * changed the box without knowing of it, and the lines decide.
   */
  #byLength(
    window: FileWindow,
    content: number,
  ): { end: number; next: number } | undefined {
    if (!this.#hasLength) return undefined;
    const head = readHead(window, content);
    const value = head.get("Content-Length");
    if (value === undefined || !/^\d{1,15}$/.test(value)) return undefined;
    const bodyStart = content + head.bodyStart;
    const target = bodyStart + Number(value);
    if (target > window.size) return undefined;
    // All that is looked at lies around there.
    window.view(target - 1, 2 * MOST_FROM_LINE);
    let next = target;
    // One line end belongs to the box; and the last line may have had none.
    for (let count = 0; count < 2; count++) {
      next += lineEnd(window.view(next, 2), 0);
    }
    if (next < window.size) {
      if (window.view(next - 1, 1)[0] !== LF) return undefined;
      if (!isFromLine(window.view(next, 2 * MOST_FROM_LINE))) return undefined;
    }
    // Without a body, the empty line behind the header may be the box's.
    const isHeaderOnly = target === bodyStart && next === target &&
      head.bodyStart > head.end;
    return { end: isHeaderOnly ? content + head.end : target, next };
  }
}

/** The header at `content`, up to as much as is looked at. */
function readHead(window: FileWindow, content: number): Head {
  for (let size = 4096;; size *= 8) {
    const bytes = window.view(content, size);
    const head = new Head(bytes);
    const isWhole = head.bodyStart > head.end;
    if (isWhole || size >= MOST_HEAD || bytes.length < size) return head;
  }
}

/** Where a message that begins at `content` ends, by its lines. */
async function nextFrom(
  window: FileWindow,
  content: number,
  breather: Breather,
): Promise<{ end: number; next: number }> {
  let from = content + 1;
  for (;;) {
    const found = window.find(FROM, from);
    if (found >= 0) {
      const empty = emptyLineBefore(window, found, content);
      const isLineStart = window.view(found - 1, 1)[0] === LF;
      const line = window.view(found, 2 * MOST_FROM_LINE);
      if (isLineStart && isFromLine(line, empty > 0)) {
        return { end: found - empty, next: found };
      }
      from = found + 1;
    } else if (found < -1) {
      from = -1 - found;
      await breather.at(from);
    } else {
      const end = window.size;
      const empty = emptyLineBefore(window, end, content);
      return { end: end - empty, next: end };
    }
  }
}

/** The length of the empty line in front of `at`, 0 for none. */
function emptyLineBefore(
  window: FileWindow,
  at: number,
  content: number,
): number {
  if (at <= content) return 0;
  // The line in front of the first one is the `From ` line.
  const from = Math.max(0, content - 1, at - 3);
  const view = window.view(from, at - from);
  const end = at - from;
  if (view[end - 1] !== LF) return 0;
  if (view[end - 2] === LF) return 1;
  return view[end - 2] === CR && view[end - 3] === LF ? 2 : 0;
}

/**
 * Behind an empty line `From ` and a time, or a field in the line that follows;
 * elsewhere only what can be nothing else.
 */
function isFromLine(bytes: Uint8Array, isBehindEmpty = true): boolean {
  if (!startsWithFrom(bytes)) return false;
  const lf = bytes.indexOf(LF);
  const end = lf < 0 ? bytes.length : lf;
  if (end > MOST_FROM_LINE) return false;
  const line = toByteString(bytes.subarray(0, end));
  if (!isBehindEmpty) return isWholeFromLine(line);
  if (hasTime(line)) return true;
  const next = bytes.subarray(end + 1, end + 1 + MOST_FROM_LINE);
  return new Head(next).end > 0;
}
