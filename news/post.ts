import { DotUpload } from "../_wire/dot_upload.ts";
import type { BodySource } from "../_wire/options.ts";
import type { Session } from "./session.ts";

/** Sends an article behind POST or IHAVE (RFC 3977 section 6.3). */
export async function sendArticle(
  session: Session,
  command: string,
  o: {
    article: BodySource;
    /** The reply that asks for the article, and the one that takes it. */
    invitation: number;
    accepted: number;
  },
): Promise<void> {
  const { control } = session;
  const upload = new DotUpload(o.article);
  try {
    await session.command(command, [o.invitation]);
  } catch (error) {
    upload.discard();
    throw error;
  }
  const doing = "hear whether the article was accepted";
  const { answer, whole } = await upload.send(
    control.connection,
    () => control.reply(doing),
  );
  if (whole) return void control.accept(answer, [o.accepted], command);
  // Nothing but the end of the article would bring us in step again.
  const error = answer.code >= 400
    ? control.refusal(answer, command)
    : control.broken(answer, command);
  control.connection.close(error);
  throw error;
}
