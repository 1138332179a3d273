import { assert, assertEquals } from "jsr:@std/assert@^1.0.0";
import type { NntpClient } from "../../news/mod.ts";
import { eventLoopTurn } from "../_wire/memory.ts";
import { block, failureOf, open, startHost } from "./script.ts";

const SINCE = new Date("2026-02-03T04:05:06Z");

const STREAMS: Record<string, (n: NntpClient) => Promise<ReadableStream>> = {
  article: async (n) => (await n.article(1)).content,
  head: async (n) => (await n.head(1)).content,
  body: async (n) => (await n.body(1)).content,
  listGroup: (n) => n.listGroup("g"),
  xhdr: (n) => n.xhdr("Subject", 1),
  over: (n) => n.over(1),
  list: (n) => n.list(),
  active: (n) => n.active(),
  newGroups: (n) => n.newGroups(SINCE),
  newNews: (n) => n.newNews("*", SINCE),
  articles: (n) => Promise.resolve(n.articles([1])),
};

function streaming(command: string): string | undefined {
  const codes: Record<string, [number, string]> = {
    ARTICLE: [220, "line"],
    HEAD: [221, "line"],
    BODY: [222, "line"],
    LISTGROUP: [211, "1"],
    HDR: [225, "1 x"],
    OVER: [224, "1\tx"],
    "LIST ACTIVE": [215, "g 1 1 y"],
    NEWGROUPS: [231, "g 1 1 y"],
    NEWNEWS: [230, "<1@x>"],
  };
  const verb = /^LIST ACTIVE|^\S+/.exec(command)![0];
  const [code, line] = codes[verb] ?? [];
  return code ? block(`${code} 1 <1@x>`, line!) : undefined;
}

for (const [name, start] of Object.entries(STREAMS)) {
  Deno.test(`everything else rejects while the stream of ${name}() is open`, async () => {
    await using host = await startHost(streaming);
    await using nntp = await open(host);
    const stream = await start(nntp);
    // The turn of articles() has to come.
    await eventLoopTurn();
    const sent = host.commands.length;
    for (
      const call of [
        nntp.date(),
        nntp.group("g"),
        nntp.login("ada", "secret"),
        nntp.post("x"),
        nntp.over(1),
        nntp.compress(),
        nntp.capabilities(),
        nntp.quit(),
        nntp.articles([2]).getReader().read(),
      ]
    ) {
      const error = await failureOf(call);
      assertEquals(error.name, "InvalidStateError");
      assert(error.message.includes("is not finished"));
    }
    assertEquals(host.commands.length, sent);
    assertEquals((await Array.fromAsync(stream)).length, 1);
    await nntp.date();
  });
}
