/** LIST (RFC 3977 section 7.6, RFC 6048), or what was before it. */
import { isUnknown, type Session } from "./session.ts";
import { fitsWildmat } from "./wildmat.ts";

/** Whether a line is wanted. */
export type Wanted = (line: string) => boolean;

/** Has the server send the list, whose lines follow. */
export async function openList(
  session: Session,
  kind: string,
  wildmat: string | undefined,
): Promise<Wanted> {
  try {
    await session.command(
      ["LIST", kind, wildmat ?? ""].join(" ").trimEnd(),
      [215],
    );
    return () => true;
  } catch (error) {
    // One that knows RFC 3977 means what it says.
    const mayBeOld = isUnknown(error) &&
      (await session.capabilities()).size === 0;
    if (!mayBeOld) throw error;
    const wanted = await openOldList(session, kind.toUpperCase(), wildmat)
      .catch((other) => {
        throw isUnknown(other) ? error : other;
      });
    if (!wanted) throw error;
    return wanted;
  }
}

/** What RFC 977 and RFC 2980 have of it; undefined where there is nothing. */
async function openOldList(
  session: Session,
  kind: string,
  wildmat: string | undefined,
): Promise<Wanted | undefined> {
  if (kind === "NEWSGROUPS" && wildmat !== undefined) {
    await session.command(`XGTITLE ${wildmat}`, [282]);
    return () => true;
  }
  if (kind !== "ACTIVE") return undefined;
  await session.command("LIST", [215]);
  return (line) =>
    wildmat === undefined || fitsWildmat(line.split(/\s/)[0]!, wildmat);
}
