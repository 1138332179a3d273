/** The lines of a server's overview (RFC 3977 section 8): pure functions. */
import { parseDate } from "../mail/message/date.ts";
import type { Overview } from "./types.ts";

/** A field of an overview line. */
export interface OverviewField {
  /** In lower case, without colons. */
  name: string;
  /** Whether its value begins with its name and a colon. */
  full: boolean;
}

/** The fields behind the number (section 8.4), for a server that does not say. */
export const USUAL_FIELDS: readonly OverviewField[] = [
  ...["subject", "from", "date", "message-id"],
  ...["references", "bytes", "lines"],
].map((name) => ({ name, full: false }));

/**
 * The lines of LIST OVERVIEW.FMT (section 8.4): `Subject:`, `:bytes` or the
 * older `Bytes:`, `Xref:full`.
 */
export function parseOverviewFormat(
  lines: readonly string[],
): OverviewField[] {
  return lines.map((line) => line.trim()).filter((line) => line !== "")
    .map((line) => ({
      name: line.replace(/:full$/i, "").replaceAll(":", "").toLowerCase(),
      full: /:full$/i.test(line),
    }));
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
  const [number, ...values] = line.split("\t");
  if (!/^\d{1,16}$/.test(number!)) return undefined;
  const other: [string, string][] = [];
  const overview: Overview = { number: Number(number), other: {} };
  for (const [index, value] of values.entries()) {
    const field = fields[index];
    if (!field) other.push(unnamed(value, index + 1));
    else {
      const text = field.full ? withoutName(value, field.name) : value;
      if (!set(overview, field.name, text)) other.push([field.name, text]);
    }
  }
  // Whatever the name: it becomes a property, `__proto__` too.
  overview.other = Object.fromEntries(other);
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
      const ids = value.match(/<[^<>]*>/g) ?? [];
      overview.references = ids;
      return ids.join("") === value.replace(/[ \t]+/g, "");
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
function withoutName(value: string, name: string): string {
  const begins = value.slice(0, name.length + 1).toLowerCase() === `${name}:`;
  return begins ? value.slice(name.length + 1).trimStart() : value;
}

/** More than the server's format tells of. */
function unnamed(value: string, place: number): [string, string] {
  const match = /^([!-9;-~]+):\s*(.*)$/s.exec(value);
  return match ? [match[1]!.toLowerCase(), match[2]!] : [String(place), value];
}
