/** NNTP over loopback: our client against nntplib, on INN, and on a server that only writes. */
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { startInn } from "../tests/interop/servers/inn.ts";
import {
  type Client,
  compareClients,
  type Row,
  writeMessage,
} from "./_compare.ts";
import { withProcesses } from "./_processes.ts";

const HERE = fileURLToPath(new URL("contenders/", import.meta.url));

// Debian's: a later one has no nntplib.
const PYTHON = "/usr/bin/python3";

const CLIENTS: Record<string, Client> = {
  wireline: {
    command: [Deno.execPath(), "run", "-A", join(HERE, "nntp_wireline.ts")],
  },
  nntplib: { command: [PYTHON, join(HERE, "nntp_nntplib.py")] },
};

/** Articles in the group that is listed, and in the one that is read. */
const LISTED = 100_000;
const READ = 2_000;

/** Runs the rows and prints them. */
export async function benchNntp(runs: number): Promise<void> {
  await withProcesses(async (processes) => {
    // One for all rows: filling it takes longest.
    await using inn = await startInn();
    for (let at = 0; at < LISTED; at += 10_000) {
      await inn.feed(articles("local.big", at, 10_000, 1));
    }
    await inn.feed(articles("local.test", 0, READ, 27));
    const local = await Deno.makeTempDir({ prefix: "wireline-bench-" });
    await using _ = {
      [Symbol.asyncDispose]: () => Deno.remove(local, { recursive: true }),
    };
    const article = join(local, "article");
    await writeMessage(article, 2_048);
    const sink = [PYTHON, join(HERE, "nntp_sink.py"), `${LISTED}`, article];
    const servers = {
      INN: () =>
        Promise.resolve({
          port: inn.readerPort,
          [Symbol.asyncDispose]: () => Promise.resolve(),
        }),
      "bare sink": () => processes.serve(sink),
    };
    const listed = LISTED.toLocaleString("en");
    const read = READ.toLocaleString("en");
    const rows: Row[] = [];
    for (const [to, serve] of Object.entries(servers)) {
      const row = (
        title: string,
        operation: string,
        what: string,
        count: number,
        more: Partial<Row> = {},
      ): Row => {
        return {
          title: `${title}, from ${to}`,
          operation,
          serve,
          what,
          count,
          ...more,
        };
      };
      // INN takes 44 ms for an article that is asked for alone.
      const few = to === "INN" ? 50 : READ;
      rows.push(
        row(`overview of ${listed}`, "over", "local.big", LISTED, {
          memory: true,
        }),
        row(`XHDR of ${listed}`, "xhdr", "local.big", LISTED, { memory: true }),
        row(`${few} articles one by one`, "one-by-one", "local.test", few),
        row(`${read} by articles`, "articles", "local.test", READ, {
          most: few,
          memory: true,
        }),
      );
      if (to !== "INN") continue;
      const delay = 20;
      rows.push(
        row(
          `overview of ${listed}, ours compressed`,
          "over-compressed",
          "local.big",
          LISTED,
        ),
        row(`20 ms away: overview of ${listed}`, "over", "local.big", LISTED, {
          delay,
        }),
        row(`20 ms away: ${read} by articles`, "articles", "local.test", READ, {
          most: 15,
          delay,
        }),
      );
    }
    await compareClients(CLIENTS, rows, {
      title: "NNTP clients",
      processes,
      runs,
    });
  });
}

/** Articles with so many lines of 74 bytes each. */
function articles(
  group: string,
  from: number,
  count: number,
  lines: number,
): string[] {
  const body = ("x".repeat(72) + "\r\n").repeat(lines);
  return Array.from({ length: count }, (_, at) => {
    const number = from + at + 1;
    return "Path: bench!not-for-mail\r\n" +
      "From: Ada Lovelace <ada@example.com>\r\n" +
      `Newsgroups: ${group}\r\n` +
      `Subject: Re: What engines can do, part ${number}\r\n` +
      "Date: Sat, 21 Nov 2026 10:38:59 +0100\r\n" +
      `Message-ID: <${number}.${group}@bench.example.com>\r\n` +
      `References: <1.${group}@bench.example.com>\r\n\r\n${body}`;
  });
}
