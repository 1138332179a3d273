/**
 * SMTP over loopback: our client against nodemailer, Python's smtplib and
 * curl, our server against aiosmtpd and smtp-server.
 */
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import {
  type Client,
  compareClients,
  inRounds,
  ratio,
  type Row,
  run,
  writeMessage,
} from "./_compare.ts";
import { type Processes, type Server, withProcesses } from "./_processes.ts";
import { median, mib, printTable } from "./_table.ts";

const HERE = fileURLToPath(new URL("contenders/", import.meta.url));
const PEERS = fileURLToPath(new URL("../.cache/peers/", import.meta.url));
const DENO = [Deno.execPath(), "run", "-A"];
// Debian's, which has aiosmtpd and is built for speed.
const PYTHON = "/usr/bin/python3";

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

/** Runs the rows and prints them. `size` in bytes, of the large message. */
export async function benchSmtp(size: number, runs: number): Promise<void> {
  await withProcesses(async (processes) => {
    processes.setEnv("PEERS", PEERS);
    const local = await Deno.makeTempDir({ prefix: "wireline-bench-" });
    try {
      const sizes = { small: 2_048, large: size, tenth: size / 10 };
      for (const [name, length] of Object.entries(sizes)) {
        await writeMessage(join(local, name), length);
      }
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
  const { processes, runs } = bench;
  await compareClients(CLIENTS, clientRows(bench), {
    title: "SMTP clients",
    processes,
    runs,
  });
}

function clientRows({ processes, local, size }: Bench): Row[] {
  const rows: Row[] = [];
  const add = (
    { to, message, ...row }: Omit<Row, "serve" | "what"> & {
      to: keyof typeof SERVERS;
      message: Message;
    },
  ) =>
    rows.push({
      ...row,
      title: `${row.title}, to ${to}`,
      serve: () => processes.serve(SERVERS[to]),
      what: join(local, message),
      memory: message === "large",
    });
  const ways = [
    ["in-turn", "in turn"],
    ["at-once", "at once"],
    ["pool", "over four connections"],
  ] as const;
  for (
    const [to, count] of [["aiosmtpd", 2_000], ["SmtpServer", 5_000]] as const
  ) {
    for (const [operation, how] of ways) {
      const title = `${count.toLocaleString("en")} messages of 2 KiB ${how}`;
      add({ title, operation, to, message: "small", count });
    }
  }
  for (const to of ["bare sink", "SmtpServer"] as const) {
    const title = `one message of ${mib(size)} MiB`;
    add({ title, operation: "large", to, message: "large", count: 1 });
  }
  for (const to of ["smtp-server", "SmtpServer"] as const) {
    for (const [operation, how] of ways) {
      const count = operation === "pool" ? 60 : 15;
      const title = `20 ms away: ${count} messages ${how}`;
      add({ title, operation, to, message: "small", count, delay: 20 });
    }
  }
  add({
    title: `20 ms away: one message of ${mib(size / 10)} MiB`,
    operation: "large",
    to: "bare sink",
    message: "tenth",
    count: 1,
    delay: 20,
  });
  return rows;
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
        run(bench.processes, [...LOAD, way, String(port), path, String(count)]),
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
