/** How a field of a header is written (RFC 5322 section 2.2). */
import { Buffer } from "node:buffer";
import { formatAddress, parseAddressList } from "./address.ts";
import { withAsciiDomains } from "./ascii_domain.ts";
import { encodeWords } from "./words.ts";

/** Characters in a line that holds encoded words (RFC 2047 section 2). */
const LINE = 76;

/** Fields whose value is a list of addresses (RFC 5322 section 3.6). */
const ADDRESS_FIELDS = new Set([
  ...["from", "sender", "reply-to", "to", "cc", "bcc"],
  ...["resent-from", "resent-sender", "resent-to", "resent-cc", "resent-bcc"],
  ...["disposition-notification-to"],
]);

/** Fields of tokens, where no encoded word may stand (RFC 2047 section 5). */
const ASCII_FIELDS = new Set([
  ...["content-type", "content-transfer-encoding", "content-disposition"],
  ...["content-id", "content-location", "content-language", "mime-version"],
  ...["message-id", "in-reply-to", "references", "date"],
]);

/**
 * A field with its line end, folded, as one character a byte.
 *
 * @throws {TypeError} When the name is none, or the value could end the field.
 */
export function formatField(
  name: string,
  value: string,
  lineEnd = "\r\n",
): string {
  if (!/^[!-9;-~]+$/.test(name)) {
    throw new TypeError(
      `Cannot write the field ${JSON.stringify(name)}: it is no field's name`,
    );
  }
  if (/[\r\n\0]/.test(value)) {
    throw new TypeError(
      `Cannot write the field ${name}: its value holds a line end or a NUL`,
    );
  }
  const key = name.toLowerCase();
  let text: string;
  if (ADDRESS_FIELDS.has(key)) {
    text = parseAddressList(value)
      .map((one) => formatAddress(withAsciiDomains(one))).join(", ");
  } else if (ASCII_FIELDS.has(key)) text = asciiOnly(name, value);
  else text = encodeWords(value.trim(), { column: name.length + 2 });
  return toBytes(fold(name, text, lineEnd)) + lineEnd;
}

function asciiOnly(name: string, value: string): string {
  if (/^[\t\x20-\x7e]*$/.test(value)) return value.trim();
  throw new TypeError(
    `Cannot write the field ${name}: its value is not in ASCII`,
  );
}

/** Line breaks in front of blanks, so that lines are at most 76 characters. */
function fold(name: string, value: string, lineEnd: string): string {
  if (name.length + 2 + value.length <= LINE) return `${name}: ${value}`;
  const lines: string[] = [];
  let line = `${name}:`;
  for (const [word] of ` ${value}`.matchAll(/[ \t]+[^ \t]*/g)) {
    const isFirst = lines.length === 0 && line === `${name}:`;
    const isFull = line.length + word.length > LINE;
    // A name alone on a line is not liked everywhere.
    if (isFull && (!isFirst || word.startsWith(" =?"))) {
      lines.push(line);
      line = word;
    } else line += word;
  }
  return [...lines, line].join(lineEnd);
}

/** UTF-8, which RFC 6532 allows, as one character a byte. */
function toBytes(text: string): string {
  return /^[\t\r\n\x20-\x7e]*$/.test(text)
    ? text
    : Buffer.from(text, "utf-8").toString("latin1");
}
