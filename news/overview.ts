/** The lines of a server's overview (RFC 3977 section 8): pure functions. */
import { parseDate } from "../mail/message/date.ts";
import type { Overview } from "./types.ts";

/** A field of an overview line. */
export interface OverviewField {
  /** In lower case, without colons. */
  name: string;
  /** What its value begins with: its name and a colon; undefined: nothing. */
  prefix?: string;
}

/** The fields behind the number (section 8.4), for a server that does not say. */
export const USUAL_FIELDS: readonly OverviewField[] = [
  ...["subject", "from", "date", "message-id"],
  ...["references", "bytes", "lines"],
].map((name) => ({ name }));

/**
 * The lines of LIST OVERVIEW.FMT (section 8.4): `Subject:`, `:bytes` or the
 * older `Bytes:`, `Xref:full`.
 */
export function parseOverviewFormat(
  lines: readonly string[],
): OverviewField[] {
  return lines.map((line) => line.trim()).filter((line) => line !== "")
    .map((line) => {
      const isFull = /:full$/i.test(line);
      const name = line.replace(/:full$/i, "").replaceAll(":", "");
      return {
        name: name.toLowerCase(),
        ...(isFull && { prefix: `${name}:` }),
      };
    });
}

/**
 * A line of the overview, in the order of `fields`; undefined where it does not
 * begin with a number. Fields that are missing at its end are left out, those
 * that are too many are kept.
 */
export function parseOverview(
  line: string,
  fields: readonly OverviewField[],
): Overview | undefined {
  const values = line.split("\t");
  const number = toNumber(values[0]!);
  if (number === undefined) return undefined;
  const overview: Overview = { number, other: {} };
  for (let place = 1; place < values.length; place++) {
    const value = values[place]!;
    const field = fields[place - 1];
    if (!field) keepUnnamed(overview, value, place);
    else {
      const text = field.prefix ? withoutName(value, field.prefix) : value;
      if (!set(overview, field.name, text)) keep(overview, field.name, text);
    }
  }
  return overview;
}

/** False where it does not fit the field, or there is none for it. */
function set(overview: Overview, name: string, value: string): boolean {
  switch (name) {
    case "subject":
      overview.subject = value;
      return true;
    case "from":
      overview.from = value;
      return true;
    case "message-id":
      overview.messageId = value;
      return true;
    case "date": {
      const date = parseDate(value);
      if (date) overview.date = date;
      return date !== undefined || value === "";
    }
    case "references": {
      const last = value.length - 1;
      if (value.lastIndexOf("<") === 0 && value.indexOf(">") === last) {
        overview.references = [value];
        return !/\s/.test(value);
      }
      overview.references = value.match(/<[^<>]*>/g) ?? [];
      // Whether there is nothing else.
      return /^(?:\s*<[^<>\s]*>)*\s*$/.test(value);
    }
    case "bytes":
    case "lines": {
      const number = toNumber(value);
      if (number !== undefined) overview[name] = number;
      return number !== undefined || value === "";
    }
    default:
      return false;
  }
}

/** An article's number has 16 digits at most (section 6). */
function toNumber(text: string): number | undefined {
  if (text.length === 0 || text.length > 16) return undefined;
  for (let at = 0; at < text.length; at++) {
    const digit = text.charCodeAt(at);
    if (digit < 0x30 || digit > 0x39) return undefined;
  }
  const number = Number(text);
  return Number.isSafeInteger(number) ? number : undefined;
}

/** `Xref: host group:1` without its name. */
function withoutName(value: string, prefix: string): string {
  const begins = value.startsWith(prefix) ||
    value.slice(0, prefix.length).toLowerCase() === prefix.toLowerCase();
  return begins ? value.slice(prefix.length).trimStart() : value;
}

/** More than the server's format tells of. */
function keepUnnamed(overview: Overview, value: string, place: number): void {
  const match = /^([!-9;-~]+):\s*(.*)$/s.exec(value);
  if (match) keep(overview, match[1]!.toLowerCase(), match[2]!);
  else keep(overview, String(place), value);
}

function keep({ other }: Overview, name: string, value: string): void {
  if (name !== "__proto__") other[name] = value;
  else Object.defineProperty(other, name, { value, enumerable: true });
}
