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
  if (!/^\d{1,16}$/.test(values[0]!)) return undefined;
  const overview: Overview = { number: Number(values[0]), other: {} };
  const other: [string, string][] = [];
  for (let place = 1; place < values.length; place++) {
    const value = values[place]!;
    const field = fields[place - 1];
    if (!field) other.push(unnamed(value, place));
    else {
      const text = field.prefix ? withoutName(value, field.prefix) : value;
      if (!set(overview, field.name, text)) other.push([field.name, text]);
    }
  }
  // Whatever the name: it becomes a property, `__proto__` too.
  if (other.length > 0) overview.other = Object.fromEntries(other);
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
    case "lines":
      if (/^\d{1,15}$/.test(value)) overview[name] = Number(value);
      else return value === "";
      return true;
    default:
      return false;
  }
}

/** `Xref: host group:1` without its name. */
function withoutName(value: string, prefix: string): string {
  const begins = value.startsWith(prefix) ||
    value.slice(0, prefix.length).toLowerCase() === prefix.toLowerCase();
  return begins ? value.slice(prefix.length).trimStart() : value;
}

/** More than the server's format tells of. */
function unnamed(value: string, place: number): [string, string] {
  const match = /^([!-9;-~]+):\s*(.*)$/s.exec(value);
  return match ? [match[1]!.toLowerCase(), match[2]!] : [String(place), value];
}
