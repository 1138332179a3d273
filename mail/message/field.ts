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
  "date",
]);

/** Fields of ids, which may be beyond ASCII (RFC 6532 section 3.2). */
const ID_FIELDS = new Set([
  ...["message-id", "in-reply-to", "references", "resent-message-id"],
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
  const units = unitsOf(name, value.trim());
  return toBytes(fold(name, units, lineEnd)) + lineEnd;
}

/** What the value consists of, best not broken within (section 2.2.3). */
function unitsOf(name: string, value: string): string[] {
  const key = name.toLowerCase();
  if (ADDRESS_FIELDS.has(key)) {
    const list = parseAddressList(value);
    return list.map((one, at) =>
      formatAddress(withAsciiDomains(one)) + (at < list.length - 1 ? "," : "")
    );
  }
  if (ID_FIELDS.has(key)) return words(value);
  return words(
    ASCII_FIELDS.has(key)
      ? asciiOnly(name, value)
      : encodeWords(value, { column: name.length + 2 }),
  );
}

/** Each with the blanks in front of it, except the first one. */
function words(text: string): string[] {
  return text.match(/(?:^|[ \t])[ \t]*[^ \t]*/g)
    ?.map((word) => word.replace(/^ /, "")) ?? [];
}

function asciiOnly(name: string, value: string): string {
  if (/^[\t\x20-\x7e]*$/.test(value)) return value;
  throw new TypeError(
    `Cannot write the field ${name}: its value is not in ASCII`,
  );
}

/** Line breaks between the units, so that lines are at most 76 characters. */
function fold(name: string, units: string[], lineEnd: string): string {
  const lines: string[] = [];
  let line = `${name}:`;
  const add = (unit: string) => {
    const isFirst = lines.length === 0 && line === `${name}:`;
    const isFull = line.length + 1 + unit.length > LINE;
    if (isFull && unit.length >= LINE) {
      const parts = words(unit);
      if (parts.length > 1) return parts.forEach(add);
    }
    // A name alone on a line is not liked everywhere.
    if (isFull && (!isFirst || unit.startsWith("=?"))) {
      lines.push(line);
      line = ` ${unit}`;
    } else line += ` ${unit}`;
  };
  units.forEach(add);
  return [...lines, line].join(lineEnd);
}

/** UTF-8, which RFC 6532 allows, as one character a byte. */
function toBytes(text: string): string {
  return /^[\t\r\n\x20-\x7e]*$/.test(text)
    ? text
    : Buffer.from(text, "utf-8").toString("latin1");
}
