import { toByteString } from "../../_wire/text.ts";
import type { Entries } from "./_entries.ts";
import type { Delivery, FileFormat, MailRecord } from "./_format.ts";
import { fromLineFor, startsWithFrom } from "./_from_line.ts";
import { editHead, headOf, lineEnd } from "./_head.ts";
import { finished, through } from "./_line_ends.ts";
import { Quote, Unquote } from "./_quoting.ts";
import type { Spooled } from "./_spooled.ts";
import { readStatus, writeStatus } from "./_status.ts";
import { Breather, type FileWindow } from "./_window.ts";
import type { MailFlag } from "./types.ts";

const LF = 0x0a;
const MARK = "\x01\x01\x01\x01";
const ENCODER = new TextEncoder();

/** A line of four control-A. */
interface Mark {
  start: number;
  /** Behind it. */
  end: number;
}

/**
 * MMDF: a message between two lines of four control-A, with a `From ` line in
 * front, which may be missing. A line of the message that begins as such a line
 * does gets a ">" in front, which mmdf(5) has no rule for.
 */
export class MmdfFormat implements FileFormat {
  readonly mark = "\x01\x01\x01\x01";
  readonly preamble = "";

  async scan(
    window: FileWindow,
    from: number,
    entries: Entries,
  ): Promise<void> {
    const breather = new Breather();
    let open = await nextMark(window, from, breather);
    while (open) {
      const { start, end: text } = open;
      const first = window.view(start, 64).slice(0, 64);
      const content = startsWithFrom(window.view(text, 5))
        ? window.lineAfter(text)
        : text;
      const close = await nextMark(window, text, breather);
      const end = close?.start ?? window.size;
      entries.push(start, Math.min(content, end), end, first);
      if (!close) return;
      const next = behindEmptyLines(window, close.end);
      // Where text follows, the message before has no end, as its writer died;
      // this is the next one's beginning.
      const isBeginning = next < window.size && !markAt(window, next);
      open = isBeginning ? close : await nextMark(window, next, breather);
    }
  }

  closing(tail: Uint8Array): string {
    const text = toByteString(tail);
    if (text === "") return "";
    // Empty lines may follow the mark.
    const lines = text.replace(/[\r\n]+$/, "");
    const isClosed = lines === MARK || lines.endsWith(`\n${MARK}`);
    const end = text.endsWith("\n") ? "" : "\n";
    return isClosed ? end : `${end}${MARK}\n`;
  }

  content(
    { content, end, bytes }: MailRecord,
    flags: ReadonlySet<MailFlag> | undefined,
  ): Iterable<Uint8Array> {
    const chunks = through(bytes(content, end), new Unquote(MARK, "all"));
    return flags
      ? editHead(chunks, (head) => writeStatus(head, flags))
      : chunks;
  }

  flags(record: MailRecord): Set<MailFlag> {
    return readStatus(headOf(record));
  }

  *reflagged(
    { start, content, end, bytes }: MailRecord,
    flags: ReadonlySet<MailFlag>,
  ): Generator<Uint8Array> {
    yield* bytes(start, content);
    const changed = editHead(
      bytes(content, end),
      (head) => writeStatus(head, flags),
    );
    yield* finished(changed, "\n");
    yield ENCODER.encode(`${MARK}\n`);
  }

  *encode(
    message: Spooled,
    { flags, date }: Delivery,
    old: MailRecord | undefined,
  ): Generator<Uint8Array> {
    const { line, skip } = fromLineFor(message, date, old);
    yield ENCODER.encode(`${MARK}\n`);
    yield line;
    yield ENCODER.encode("\n");
    const chunks = message.chunks(skip);
    const flagged = flags
      ? editHead(chunks, (head) => writeStatus(head, flags))
      : chunks;
    yield* finished(through(flagged, new Quote(MARK, "all")), "\n");
    yield ENCODER.encode(`${MARK}\n`);
  }
}

async function nextMark(
  window: FileWindow,
  from: number,
  breather: Breather,
): Promise<Mark | undefined> {
  for (;;) {
    const found = window.find(MARK, from);
    if (found === -1) return undefined;
    if (found >= 0) {
      const mark = markAt(window, found);
      if (mark) return mark;
      from = found + 1;
    } else {
      from = -1 - found;
      await breather.at(from);
    }
  }
}

/** The whole line of a mark that begins at `start`. */
function markAt(window: FileWindow, start: number): Mark | undefined {
  const before = Math.max(0, start - 1);
  const view = window.view(before, MARK.length + 3);
  const offset = start - before;
  const isLine = start === 0 || view[0] === LF;
  const text = toByteString(view.subarray(offset, offset + MARK.length));
  if (!isLine || text !== MARK) return undefined;
  const end = start + MARK.length;
  const length = lineEnd(view, offset + MARK.length);
  return length > 0 || end === window.size
    ? { start, end: end + length }
    : undefined;
}

function behindEmptyLines(window: FileWindow, at: number): number {
  for (;;) {
    const length = lineEnd(window.view(at, 2), 0);
    if (length === 0) return at;
    at += length;
  }
}
