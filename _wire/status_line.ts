import type { Connection } from "./connection.ts";
import { ProtocolError } from "./errors.ts";
import { toByteString } from "./text.ts";

// deno-lint-ignore no-control-regex
const TLS_RECORD = /^[\x14-\x17]\x03/;

/**
 * The first line of an answer. A TLS server that was spoken to in the clear
 * answers with an alert, a few bytes without a line's end: that is said.
 */
export async function readStatusLine(connection: Connection): Promise<string> {
  try {
    return await connection.readReplyLine();
  } catch (error) {
    const rest = toByteString(connection.bytes.peek().slice(0, 80));
    if (!(error instanceof ProtocolError) || !TLS_RECORD.test(rest)) {
      throw error;
    }
    throw new ProtocolError(
      `Cannot ${connection.doing}: ${otherProtocol(rest)}`,
    );
  }
}

/**
 * The error for a line that is no answer in the protocol; says what it should
 * have had, or what the server probably speaks instead of `own`.
 */
export function noAnswer(
  connection: Connection,
  line: string,
  wanted: string,
  own?: "POP3" | "NNTP",
): ProtocolError {
  const shown = JSON.stringify(connection.mask(line).slice(0, 80));
  const other = otherProtocol(line);
  const why = other && !(own && other.includes(own))
    ? other
    : `no ${wanted} in ${shown}`;
  return new ProtocolError(`Cannot ${connection.doing}: ${why}`);
}

function otherProtocol(line: string): string | undefined {
  if (line.startsWith("SSH-")) {
    return "the server speaks SSH; it may offer SFTP, which is another protocol";
  }
  if (/^HTTP\/|^<(!doctype|html)/i.test(line)) {
    return "the server speaks HTTP";
  }
  if (/^\* (OK|PREAUTH|BYE)/.test(line)) return "the server speaks IMAP";
  if (/^(\+OK|-ERR)/.test(line)) return "the server speaks POP3";
  if (/^220[ -].*\bE?SMTP\b/.test(line)) return "the server speaks SMTP";
  if (/^220[ -].*\bFTP\b/i.test(line)) return "the server speaks FTP";
  if (/^20[01] .*(NNTP|news|INN)/i.test(line)) return "the server speaks NNTP";
  if (TLS_RECORD.test(line)) {
    return 'the server speaks TLS; connect with tls: "implicit"';
  }
  return undefined;
}
