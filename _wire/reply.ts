import type { Connection } from "./connection.ts";
import { ProtocolError, type ReplyText } from "./errors.ts";
import { noAnswer, readStatusLine } from "./status_line.ts";

/** A three-digit reply of FTP, SMTP or NNTP. */
export interface Reply extends ReplyText {
  /** The code: 100 to 599. */
  code: number;
}

const FIRST = /^([1-5]\d\d)(?:([ -])(.*))?$/s;

/** How strictly a reply is read. */
export interface ReplyGrammar {
  /**
   * Whether every line has to repeat the code (RFC 5321 section 4.2.1). FTP
   * has anything between `123-` and `123 ` (RFC 959 section 4.2).
   */
  everyLineCoded?: boolean;
  /** Whether a reply is one line, always (RFC 3977 section 3.2). */
  oneLine?: boolean;
  /**
   * The codes of replies whose text is data: secrets are not masked in it. With
   * `"all"` whoever shows the text has to mask it.
   */
  unmasked?: readonly number[] | "all";
}

/**
 * Reads one reply with all its lines. The code is cut off wherever it stands
 * in front.
 */
export async function readReply(
  connection: Connection,
  grammar: ReplyGrammar = {},
): Promise<Reply> {
  const first = await readStatusLine(connection);
  const match = FIRST.exec(first);
  if (!match) throw noAnswer(connection, first, "three-digit code");
  const code = Number(match[1]);
  const said = match[3] ?? "";
  const unmasked = grammar.unmasked === "all" ||
    grammar.unmasked?.includes(code);
  const text = unmasked ? said : connection.mask(said);
  if (match[2] !== "-" || grammar.oneLine) return { code, lines: [text], text };
  const { replyLines, reply: maxLength } = connection.limits;
  const continued = `${code}-`;
  const lines = [text];
  const start = connection.bytes.position;
  for (;;) {
    const line = await connection.readReplyLine();
    const last = line.startsWith(`${code} `) || line === `${code}`;
    const coded = last || line.startsWith(continued);
    if (!coded && grammar.everyLineCoded) {
      const shown = JSON.stringify(connection.mask(line).slice(0, 80));
      throw new ProtocolError(
        `Cannot ${connection.doing}: reply ${code} goes on with ${shown}`,
      );
    }
    lines.push(connection.mask(coded ? line.slice(4) : line));
    if (last) return { code, lines, text: lines.join("\n") };
    const length = connection.bytes.position - start;
    if (lines.length >= replyLines || length > maxLength) {
      throw new ProtocolError(
        `Cannot ${connection.doing}: reply ${code} is longer than ` +
          (length > maxLength ? `${maxLength} bytes` : `${replyLines} lines`),
      );
    }
  }
}
