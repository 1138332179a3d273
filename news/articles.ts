import type { Answer, Pipeline } from "../_wire/pipeline.ts";
import type { Turns } from "../_wire/turns.ts";
import { checkArticle } from "./arguments.ts";
import { NntpError } from "./nntp_error.ts";
import { parseArticleRef } from "./replies.ts";
import type { Session } from "./session.ts";
import type { ArticlePart, ArticleRef, RefusedArticle } from "./types.ts";

/** The commands, and the code of the reply that a part follows. */
export const PARTS: Record<ArticlePart, { verb: string; code: number }> = {
  article: { verb: "ARTICLE", code: 220 },
  head: { verb: "HEAD", code: 221 },
  body: { verb: "BODY", code: 222 },
};

/**
 * Articles under way. INN holds back what it has written until we acknowledge
 * what came before; with 32 of them it waits 44 ms for that each time, with 100
 * there is always something on the way.
 */
export const WINDOW = 100;

/** Many articles with the commands for the next ones under way. */
export function retrieveArticles(
  session: Session,
  turns: Turns,
  o: {
    ids: Iterable<number | string>;
    part: ArticlePart;
    maxSize: number;
    window: number;
  },
): Pipeline<number | string, ArticleRef, RefusedArticle> {
  const { control } = session;
  const { verb, code } = PARTS[o.part];
  const command = (id: number | string) => `${verb} ${checkArticle(id)}`;

  async function answer(
    id: number | string,
  ): Promise<Answer<ArticleRef, RefusedArticle>> {
    const reply = await control.reply(command(id));
    if (reply.code >= 400) {
      const error = control.refusal(reply, command(id));
      if (control.closed) throw error;
      return { failure: { id, error }, remedy: session.remedyFor(reply) };
    }
    const head = reply.code === code ? parseArticleRef(reply.text) : undefined;
    if (!head) throw control.broken(reply, command(id));
    return { head };
  }

  return {
    connection: control.connection,
    turns,
    name: "articles",
    keys: checkedIds(o.ids),
    maxSize: o.maxSize,
    window: o.window,
    ask: (ids, idle) => control.sendAll(ids.map(command), idle),
    answer,
    tooLarge: (id) => ({ id, error: tooLarge(command(id), o.maxSize) }),
  };
}

function* checkedIds(
  ids: Iterable<number | string>,
): Generator<number | string> {
  for (const id of ids) {
    if (id === undefined) {
      throw new TypeError("Cannot ask for an article without its id");
    }
    checkArticle(id);
    yield id;
  }
}

function tooLarge(command: string, maxSize: number): NntpError {
  const text = `the article is larger than ${maxSize} bytes`;
  return new NntpError({ code: 403, lines: [text], text }, command, text);
}
