/** One field of many articles: HDR, or what was before it. */
import { parseHeaderLine } from "./replies.ts";
import { isUnknown, type Session } from "./session.ts";
import { fitsPattern } from "./wildmat.ts";

/** An article, by what the server knows it by, and its field. */
export type HeaderLine = [id: string, value: string];

/** What a line says; undefined: nothing that is wanted. */
export type ParseHeader = (line: string) => HeaderLine | undefined;

/**
 * HDR (RFC 3977 section 8.5) where it is offered, else XHDR (RFC 2980 section
 * 2.6). The lines follow.
 */
export async function openHeader(
  session: Session,
  header: string,
  range: string,
): Promise<ParseHeader> {
  const byId = range.startsWith("<");
  if (await session.has("HDR")) {
    await session.command(`HDR ${header} ${range}`.trimEnd(), [225]);
    // HDR says 0, XHDR the id that was asked for.
    if (byId) return (line) => [range, parseHeaderLine(line)[1]];
    return parseHeaderLine;
  }
  const name = header.replace(":", "");
  await session.command(`XHDR ${name} ${range}`.trimEnd(), [221]);
  return (line) => {
    const [id, value] = parseHeaderLine(line);
    // Where HDR has nothing.
    return [byId ? range : id, value === "(none)" ? "" : value];
  };
}

/**
 * XPAT (RFC 2980 section 2.9), or all of the fields, of which we choose. The
 * lines follow.
 */
export async function openMatches(
  session: Session,
  header: string,
  range: string,
  pattern: string,
): Promise<ParseHeader> {
  const capabilities = await session.capabilities();
  if (capabilities.size === 0 || capabilities.has("XPAT")) {
    const name = header.replace(":", "");
    try {
      await session.command(`XPAT ${name} ${range} ${pattern}`, [221]);
      return (line) => {
        const [id, value] = parseHeaderLine(line);
        return [range.startsWith("<") ? range : id, value];
      };
    } catch (error) {
      if (!isUnknown(error)) throw error;
    }
  }
  const parse = await openHeader(session, header, range);
  return (line) => {
    const one = parse(line)!;
    return fitsPattern(one[1], pattern) ? one : undefined;
  };
}
