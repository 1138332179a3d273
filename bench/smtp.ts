/**
 * SMTP over loopback: our client against nodemailer, Python's smtplib and
 * curl, our server against aiosmtpd and smtp-server.
 */
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { startDelayProxy } from "./_delay_proxy.ts";
import { type Processes, type Server, withProcesses } from "./_processes.ts";
import { median, printTable } from "./_table.ts";

const HERE = fileURLToPath(new URL("contenders/", import.meta.url));
const PEERS = fileURLToPath(new URL("../.cache/peers/", import.meta.url));
const DENO = [Deno.execPath(), "run", "-A"];
// Debian's, which has aiosmtpd and is built for speed.
const PYTHON = "/usr/bin/python3";

interface Client {
  command: string[];
  /** Sends at most that many, and its time is scaled to all. */
  most?: number;
}

const NODEMAILER = ["node", join(HERE, "smtp_nodemailer.mjs")];
const CLIENTS: Record<string, Client> = {
  wireline: { command: [...DENO, join(HERE, "smtp_wireline.ts")] },
  // 40 ms a message, whatever the server: a few take long enough.
  nodemailer: { command: [...NODEMAILER, "as-is"], most: 60 },
  "same, no delay": { command: [...NODEMAILER, "no-delay"] },
  smtplib: { command: [PYTHON, join(HERE, "smtp_smtplib.py")] },
  curl: { command: [PYTHON, join(HERE, "smtp_curl.py")] },
};

const SERVERS = {
  SmtpServer: [...DENO, join(HERE, "smtp_sink.ts")],
  aiosmtpd: [PYTHON, join(HERE, "smtp_sink_aiosmtpd.py")],
  "smtp-server": ["node", join(HERE, "smtp_sink_node.mjs")],
  "bare sink": [PYTHON, join(HERE, "smtp_sink_bare.py")],
};

/** The neutral client that loads the servers. */
const LOAD = [...DENO, join(HERE, "smtp_load.ts")];
const COMPARED_SERVERS = ["SmtpServer", "aiosmtpd", "smtp-server"] as const;

/** One message of about 2 KiB, 500 MiB, and a tenth of that. */
type Message = "small" | "large" | "tenth";

interface Row {
  title: string;
  operation: "in-turn" | "at-once" | "pool" | "large";
  to: keyof typeof SERVERS;
  message: Message;
  count: number;
  /** One way, in ms. */
  delay?: number;
}

interface Result {
  ms: number;
  peak: number;
}

/** Runs the rows and prints them. `size` in bytes, of the large message. */
export async function benchSmtp(size: number, runs: number): Promise<void> {
  await withProcesses(async (processes) => {
    processes.setEnv("PEERS", PEERS);
    const local = await Deno.makeTempDir({ prefix: "wireline-bench-" });
    try {
      await fill(local, size);
      const bench = { processes, local, size, runs };
      await benchClients(bench);
      console.log();
      await benchServers(bench);
    } finally {
      await Deno.remove(local, { recursive: true });
    }
  });
}

interface Bench {
  processes: Processes;
  local: string;
  size: number;
  runs: number;
}

async function benchClients(bench: Bench): Promise<void> {
  const names = Object.keys(CLIENTS);
  const peers = names.slice(1);
  const rows = [["", "wireline", ...peers.map((name) => `vs ${name}`)]];
  const memory = [["peak memory, MiB", ...names, "idle Deno"]];
  for (const row of clientRows(bench.size)) {
    const results = await measureClients(row, bench);
    rows.push([
      row.title,
      `${Math.round(median(results.wireline!.map(({ ms }) => ms)))} ms`,
      ...peers.map((name) => ratio(results[name]!, results.wireline!)),
    ]);
    if (row.message !== "large") continue;
    const idle = await run(bench, [...CLIENTS.wireline!.command, "idle"]);
    memory.push([
      row.title,
      ...names.map((name) => mib(median(results[name]!.map((r) => r.peak)))),
      mib(idle.peak),
    ]);
  }
  console.log("SMTP clients: how many times as fast as a peer\n");
  printTable(rows);
  console.log();
  printTable(memory);
}

function clientRows(size: number): Row[] {
  const rows: Row[] = [];
  const ways = [
    ["in-turn", "in turn"],
    ["at-once", "at once"],
    ["pool", "over four connections"],
  ] as const;
  for (
    const [to, count] of [["aiosmtpd", 2_000], ["SmtpServer", 5_000]] as const
  ) {
    for (const [operation, how] of ways) {
      rows.push({
        title: `${
          count.toLocaleString("en")
        } messages of 2 KiB ${how}, to ${to}`,
        operation,
        to,
        message: "small",
        count,
      });
    }
  }
  for (const to of ["bare sink", "SmtpServer"] as const) {
    rows.push({
      title: `one message of ${mib(size)} MiB, to ${to}`,
      operation: "large",
      to,
      message: "large",
      count: 1,
    });
  }
  for (const to of ["smtp-server", "SmtpServer"] as const) {
    for (const [operation, how] of ways) {
      const count = operation === "pool" ? 60 : 15;
      rows.push({
        title: `20 ms away: ${count} messages ${how}, to ${to}`,
        operation,
        to,
        message: "small",
        count,
        delay: 20,
      });
    }
  }
  rows.push({
    title: `20 ms away: one message of ${mib(size / 10)} MiB, to bare sink`,
    operation: "large",
    to: "bare sink",
    message: "tenth",
    count: 1,
    delay: 20,
  });
  return rows;
}

async function measureClients(
  row: Row,
  bench: Bench,
): Promise<Record<string, Result[]>> {
  await using server = await bench.processes.serve(SERVERS[row.to]);
  await using proxy = row.delay === undefined
    ? undefined
    : startDelayProxy(server.port, row.delay);
  const { port } = proxy ?? server;
  const path = join(bench.local, row.message);
  // Waiting is steady: it takes no round to warm up and not many others.
  return await inRounds(CLIENTS, {
    warmUp: !row.delay,
    runs: row.delay ? Math.min(3, bench.runs) : bench.runs,
    run: async ({ command, most = Infinity }) => {
      const count = Math.min(row.count, most);
      const args = [row.operation, String(port), path, String(count)];
      const { ms, peak } = await run(bench, [...command, ...args]);
      return { ms: ms / count * row.count, peak };
    },
  });
}

async function benchServers(bench: Bench): Promise<void> {
  const [ours, ...peers] = COMPARED_SERVERS;
  const rows = [["", ours, ...peers.map((name) => `vs ${name}`)]];
  const memory = [["peak memory, MiB", ...COMPARED_SERVERS]];
  const ways: {
    title: string;
    way: string;
    message: Message;
    count: number;
  }[] = [
    {
      title: "2 KiB messages, pipelined where offered",
      way: "pipelined",
      message: "small",
      count: 10_000,
    },
    {
      title: "2 KiB messages, step by step",
      way: "step-by-step",
      message: "small",
      count: 10_000,
    },
    {
      title: `one message of ${mib(bench.size)} MiB`,
      way: "large",
      message: "large",
      count: 1,
    },
  ];
  for (const { title, way, message, count } of ways) {
    await using stack = new AsyncDisposableStack();
    const servers: Record<string, Server> = {};
    for (const name of COMPARED_SERVERS) {
      servers[name] = stack.use(
        await bench.processes.serve(SERVERS[name]),
      );
    }
    const path = join(bench.local, message);
    const results = await inRounds(servers, {
      warmUp: message === "small",
      // aiosmtpd takes 20 s for 500 MiB.
      runs: message === "small" ? bench.runs : Math.min(3, bench.runs),
      run: ({ port }) =>
        run(bench, [...LOAD, way, String(port), path, String(count)]),
    });
    const ms = median(results[ours]!.map((one) => one.ms));
    rows.push([
      title,
      message === "large"
        ? `${Math.round(ms)} ms`
        : `${Math.round(count / ms * 1_000)}/s`,
      ...peers.map((name) => ratio(results[name]!, results[ours]!)),
    ]);
    if (message !== "large") continue;
    const peaks = COMPARED_SERVERS.map((name) => servers[name]!.peak());
    memory.push([title, ...(await Promise.all(peaks)).map(mib)]);
  }
  console.log(
    "SMTP servers, four connections: how many times as fast as a peer\n",
  );
  printTable(rows);
  console.log();
  printTable(memory);
}

/** Everyone once in each round, so that a slow minute hits all. */
async function inRounds<T>(
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

async function run(bench: Bench, command: string[]): Promise<Result> {
  return await bench.processes.run(command) as Result;
}

/** The median of the ratios in each round. */
function ratio(theirs: Result[], ours: Result[]): string {
  const ratios = theirs.map(({ ms }, at) => ms / ours[at]!.ms);
  return `${median(ratios).toFixed(2)} x`;
}

/** Writes the messages: lines as base64 has them, ready for the wire. */
async function fill(local: string, size: number): Promise<void> {
  const header = "From: sender@example.com\r\nTo: reader@example.org\r\n" +
    "Subject: bench\r\n\r\n";
  const random = crypto.getRandomValues(new Uint8Array(57 * 1_024));
  const lines = random.toBase64().replace(/.{76}/g, "$&\r\n");
  const block = new TextEncoder().encode(lines);
  const sizes = { small: 2_048, large: size, tenth: size / 10 };
  for (const [name, length] of Object.entries(sizes)) {
    using file = await Deno.open(join(local, name), {
      write: true,
      create: true,
    });
    await file.write(new TextEncoder().encode(header));
    for (let left = length - header.length; left > 0;) {
      const whole = Math.min(block.length, Math.ceil(left / 78) * 78);
      left -= await file.write(block.subarray(0, whole));
    }
  }
}

function mib(bytes: number): string {
  return (bytes / 2 ** 20).toFixed(0);
}
