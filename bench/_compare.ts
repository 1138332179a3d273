/** Clients beside one another: the same work for each, and one table. */
import { startDelayProxy } from "./_delay_proxy.ts";
import type { Processes } from "./_processes.ts";
import { median, mib, printTable } from "./_table.ts";

/** A program that takes `OPERATION PORT WHAT COUNT` and prints a `Result`. */
export interface Client {
  command: string[];
  /** Does at most that many, and its time is scaled to all. */
  most?: number;
}

/** One line of the table. */
export interface Row {
  title: string;
  operation: string;
  /** Starts what the clients talk to. */
  serve: () => Promise<{ port: number } & AsyncDisposable>;
  /** What is sent or fetched, as all of the contenders know it. */
  what: string;
  count: number;
  /** The peers do at most that many. */
  most?: number;
  /** One way, in ms. */
  delay?: number;
  /** Whether the memory is told. */
  memory?: boolean;
}

/** What a contender took, in ms and bytes. */
export interface Result {
  ms: number;
  peak: number;
}

/** Runs the rows and prints how many times as fast the first client is. */
export async function compareClients(
  clients: Record<string, Client>,
  rows: Row[],
  bench: { title: string; processes: Processes; runs: number },
): Promise<void> {
  const names = Object.keys(clients);
  const [ours, ...peers] = names as [string, ...string[]];
  const times = [["", ours, ...peers.map((name) => `vs ${name}`)]];
  const memory = [["peak memory, MiB", ...names, "idle Deno"]];
  for (const row of rows) {
    const results = await measure(clients, row, bench);
    times.push([
      row.title,
      `${Math.round(median(results[ours]!.map(({ ms }) => ms)))} ms`,
      ...peers.map((name) => ratio(results[name]!, results[ours]!)),
    ]);
    if (!row.memory) continue;
    const idle = await run(bench.processes, [
      ...clients[ours]!.command,
      "idle",
    ]);
    memory.push([
      row.title,
      ...names.map((name) => mib(median(results[name]!.map((r) => r.peak)))),
      mib(idle.peak),
    ]);
  }
  console.log(`${bench.title}: how many times as fast as a peer\n`);
  printTable(times);
  console.log();
  printTable(memory);
}

async function measure(
  clients: Record<string, Client>,
  row: Row,
  { processes, runs }: { processes: Processes; runs: number },
): Promise<Record<string, Result[]>> {
  const [ours] = Object.values(clients);
  await using server = await row.serve();
  await using proxy = row.delay === undefined
    ? undefined
    : startDelayProxy(server.port, row.delay);
  const { port } = proxy ?? server;
  // Waiting is steady: it takes no round to warm up and not many others.
  return await inRounds(clients, {
    warmUp: !row.delay,
    runs: row.delay ? Math.min(3, runs) : runs,
    run: async (client) => {
      const most = client === ours ? Infinity : row.most ?? Infinity;
      const count = Math.min(row.count, most, client.most ?? Infinity);
      const args = [row.operation, String(port), row.what, String(count)];
      const { ms, peak } = await run(processes, [...client.command, ...args]);
      return { ms: ms / count * row.count, peak };
    },
  });
}

/** Everyone once in each round, so that a slow minute hits all. */
export async function inRounds<T>(
  contenders: Record<string, T>,
  o: { warmUp: boolean; runs: number; run: (one: T) => Promise<Result> },
): Promise<Record<string, Result[]>> {
  const results: Record<string, Result[]> = {};
  for (let round = o.warmUp ? -1 : 0; round < o.runs; round++) {
    for (const [name, contender] of Object.entries(contenders)) {
      const result = await o.run(contender);
      if (round >= 0) (results[name] ??= []).push(result);
    }
  }
  return results;
}

/** What a contender prints. */
export async function run(
  processes: Processes,
  command: string[],
): Promise<Result> {
  return await processes.run(command) as Result;
}

/** The median of the ratios in each round. */
export function ratio(theirs: Result[], ours: Result[]): string {
  const ratios = theirs.map(({ ms }, at) => ms / ours[at]!.ms);
  return `${median(ratios).toFixed(2)} x`;
}

/**
 * Writes a message of about `size` bytes: lines as base64 has them, ready for
 * the wire.
 *
 * @returns How many bytes it has.
 */
export async function writeMessage(
  path: string,
  size: number,
): Promise<number> {
  const header = "From: sender@example.com\r\nTo: reader@example.org\r\n" +
    "Subject: bench\r\n\r\n";
  const random = crypto.getRandomValues(new Uint8Array(57 * 1_024));
  const lines = random.toBase64().replace(/.{76}/g, "$&\r\n");
  const block = new TextEncoder().encode(lines);
  using file = await Deno.open(path, { write: true, create: true });
  let written = await file.write(new TextEncoder().encode(header));
  while (written < size) {
    const left = Math.ceil((size - written) / 78) * 78;
    written += await file.write(block.subarray(0, left));
  }
  return written;
}
