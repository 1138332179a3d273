/** Cookies in memory: our jar and parser against tough-cookie, npm's cookie and Python. */
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { inRounds, ratio, type Result, run } from "./_compare.ts";
import { type Processes, withProcesses } from "./_processes.ts";
import { median, printTable } from "./_table.ts";

const HERE = fileURLToPath(new URL("contenders/", import.meta.url));
const PEERS = fileURLToPath(new URL("../.cache/peers/", import.meta.url));
// Debian's, which is built for speed.
const PYTHON = "/usr/bin/python3";

/** Programs that take `OPERATION WORKLOAD` and print a `Result`. */
const CONTENDERS: Record<string, string[]> = {
  wireline: [Deno.execPath(), "run", "-A", join(HERE, "cookies_wireline.ts")],
  "tough-cookie": ["node", join(HERE, "cookies_tough.mjs")],
  "npm cookie": ["node", join(HERE, "cookies_npm.mjs")],
  Python: [PYTHON, join(HERE, "cookies_python.py")],
};

/** What all of them are given. */
export interface Workload {
  /** In the order in which they are set. */
  set: { header: string; url: string }[];
  /** For which cookies are looked up. */
  urls: string[];
  /** `Cookie` headers to parse. */
  headers: string[];
}

interface Row {
  title: string;
  operation: "set" | "get" | "parse";
  workload: Workload;
  contenders: string[];
}

const JARS = ["wireline", "tough-cookie", "Python"];
const PARSERS = ["wireline", "npm cookie", "Python"];

/** `count` cookies over so many domains, and look-ups in them. */
function jarWorkload(count: number, domains: number): Workload {
  const host = (at: number) => `www.site${at % domains}.example.com`;
  return {
    set: Array.from({ length: count }, (_, at) => ({
      header: `name${at}=value${at}; Domain=site${at % domains}.example.com; ` +
        `Path=/${at % 3 ? "" : "dir"}; Max-Age=86400; Secure`,
      url: `https://${host(at)}/dir/page`,
    })),
    // Of as many domains in each jar.
    urls: Array.from(
      { length: 500 },
      (_, at) => `https://${host(at % 50)}/dir/page${at}`,
    ),
    headers: [],
  };
}

/** `Cookie` headers of 40 pairs each. */
function headerWorkload(value: (at: number) => string): Workload {
  const header = (of: number) =>
    Array.from({ length: 40 }, (_, at) => `name${at}=${value(of * at)}`);
  return {
    set: [],
    urls: [],
    headers: Array.from({ length: 1_000 }, (_, of) => header(of).join("; ")),
  };
}

function rows(): Row[] {
  const small = jarWorkload(2_000, 50);
  const large = jarWorkload(100_000, 2_500);
  const plain = headerWorkload((at) => `value-${at}`);
  const escaped = headerWorkload((at) => `value%20${at}`);
  return [
    {
      title: "setting 2,000 cookies over 50 domains",
      operation: "set",
      workload: small,
      contenders: JARS,
    },
    {
      title: "500 look-ups in 2,000 cookies",
      operation: "get",
      workload: small,
      contenders: JARS,
    },
    {
      title: "500 look-ups in 100,000 cookies",
      operation: "get",
      workload: large,
      contenders: JARS,
    },
    {
      title: "1,000 Cookie headers of 40 pairs",
      operation: "parse",
      workload: plain,
      contenders: PARSERS,
    },
    {
      title: "1,000 Cookie headers of 40 pairs, with escapes",
      operation: "parse",
      workload: escaped,
      contenders: PARSERS,
    },
  ];
}

/** Runs the rows and prints them. */
export async function benchCookies(runs: number): Promise<void> {
  await withProcesses(async (processes) => {
    processes.setEnv("PEERS", PEERS);
    const local = await Deno.makeTempDir({ prefix: "wireline-bench-" });
    try {
      const [ours, ...peers] = Object.keys(CONTENDERS) as [string, ...string[]];
      const table = [["", ours, ...peers.map((name) => `vs ${name}`)]];
      for (const [at, row] of rows().entries()) {
        const file = join(local, `${at}.json`);
        await Deno.writeTextFile(file, JSON.stringify(row.workload));
        const results = await measure(processes, row, file, runs);
        const time = median(results[ours]!.map(({ ms }) => ms));
        table.push([
          row.title,
          `${time.toFixed(2)} ms`,
          ...peers.map((name) =>
            results[name] ? ratio(results[name], results[ours]!) : ""
          ),
        ]);
      }
      console.log("Cookies: how many times as fast as a peer\n");
      printTable(table);
    } finally {
      await Deno.remove(local, { recursive: true });
    }
  });
}

function measure(
  processes: Processes,
  row: Row,
  file: string,
  runs: number,
): Promise<Record<string, Result[]>> {
  const contenders = Object.fromEntries(
    row.contenders.map((name) => [name, CONTENDERS[name]!]),
  );
  return inRounds(contenders, {
    // Each process warms up by itself.
    warmUp: false,
    runs,
    run: (command) => run(processes, [...command, row.operation, file]),
  });
}
