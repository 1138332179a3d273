/** POP3 over loopback: our client against poplib, node-pop3 and curl. */
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { startDovecot } from "../tests/interop/servers/dovecot.ts";
import {
  type Client,
  compareClients,
  type Row,
  writeMessage,
} from "./_compare.ts";
import { withProcesses } from "./_processes.ts";
import { mib } from "./_table.ts";

const HERE = fileURLToPath(new URL("contenders/", import.meta.url));
const PEERS = fileURLToPath(new URL("../.cache/peers/", import.meta.url));
// Debian's, which is built for speed.
const PYTHON = "/usr/bin/python3";

const CLIENTS: Record<string, Client> = {
  wireline: {
    command: [Deno.execPath(), "run", "-A", join(HERE, "pop3_wireline.ts")],
  },
  poplib: { command: [PYTHON, join(HERE, "pop3_poplib.py")] },
  "node-pop3": { command: ["node", join(HERE, "pop3_node.mjs")] },
  curl: { command: [PYTHON, join(HERE, "pop3_curl.py")] },
};

/** Small messages in the mailbox. */
const MANY = 10_000;

/** Runs the rows and prints them. `size` in bytes, of the large message. */
export async function benchPop3(size: number, runs: number): Promise<void> {
  await withProcesses(async (processes) => {
    processes.setEnv("PEERS", PEERS);
    const local = await Deno.makeTempDir({ prefix: "wireline-bench-" });
    try {
      const small = join(local, "small");
      const large = join(local, "large");
      const smallBytes = String(await writeMessage(small, 2_048));
      const largeBytes = String(await writeMessage(large, size));
      // One for all rows: it has its index to make.
      await using dovecot = await startDovecot();
      const message = await Deno.readTextFile(small);
      await dovecot.store("ada", new Array(MANY).fill(message));
      const sink = (path: string) =>
        processes.serve([PYTHON, join(HERE, "pop3_sink.py"), path]);
      const servers = {
        dovecot: () =>
          Promise.resolve({
            port: dovecot.pop3Port,
            [Symbol.asyncDispose]: () => Promise.resolve(),
          }),
        "bare sink": () => sink(small),
      };
      const ways = [
        ["one-by-one", "one by one"],
        ["all", "by retrAll"],
      ] as const;
      const rows: Row[] = [];
      for (const [to, serve] of Object.entries(servers)) {
        for (const [operation, how] of ways) {
          rows.push({
            title: `${
              MANY.toLocaleString("en")
            } messages of 2 KiB ${how}, from ${to}`,
            operation,
            serve,
            what: smallBytes,
            count: MANY,
          });
        }
      }
      for (
        const [operation, how] of [
          ["large", "in memory of one's own"],
          ["large-chunks", "chunk by chunk"],
        ] as const
      ) {
        rows.push({
          title: `one message of ${mib(size)} MiB ${how}, from bare sink`,
          operation,
          serve: () => sink(large),
          what: largeBytes,
          count: 1,
          memory: true,
        });
      }
      for (const [operation, how] of ways) {
        const count = operation === "all" ? 500 : 15;
        rows.push({
          title: `20 ms away: ${count} messages of 2 KiB ${how}, from dovecot`,
          operation,
          serve: servers.dovecot,
          what: smallBytes,
          count,
          // 40 ms for each, whatever the client.
          most: 15,
          delay: 20,
        });
      }
      await compareClients(CLIENTS, rows, {
        title: "POP3 clients",
        processes,
        runs,
      });
    } finally {
      await Deno.remove(local, { recursive: true });
    }
  });
}
