/** Mail as files and bytes: our parser, builder, codecs and mbox against others. */
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { inRounds, ratio, type Result, run } from "./_compare.ts";
import { type Samples, SMALL, STORED, writeSamples } from "./_mail_samples.ts";
import { type Processes, withProcesses } from "./_processes.ts";
import { median, mib, printTable } from "./_table.ts";

const HERE = fileURLToPath(new URL("contenders/", import.meta.url));
const PEERS = fileURLToPath(new URL("../.cache/peers/", import.meta.url));
// Debian's, which is built for speed.
const PYTHON = ["/usr/bin/python3", join(HERE, "mail_python.py")];

/**
 * Programs that take `OPERATION PATH often|once`. They read the file before the
 * clock starts, except for the mailbox. `often` gives the median of passes in a
 * process that is warm, `once` the first pass; that is also where the memory is
 * measured, before garbage piles up.
 */
const CONTENDERS = {
  wireline: [Deno.execPath(), "run", "-A", join(HERE, "mail_wireline.ts")],
  Python: PYTHON,
  // Its older interface, which parses less unasked.
  compat32: PYTHON,
  "postal-mime": ["node", join(HERE, "mail_postal_mime.mjs")],
  mailparser: ["node", join(HERE, "mail_mailparser.mjs")],
  nodemailer: ["node", join(HERE, "mail_nodemailer.mjs")],
  "libqp, libbase64": ["node", join(HERE, "mail_codecs.mjs")],
  "node-mbox": ["node", join(HERE, "mail_node_mbox.mjs")],
};
type Contender = keyof typeof CONTENDERS;

const PARSERS: Contender[] = [
  "Python",
  "compat32",
  "postal-mime",
  "mailparser",
];
const CODECS: Contender[] = ["Python", "libqp, libbase64"];

interface Row {
  title: string;
  operation: string;
  sample: keyof Samples;
  peers: Contender[];
  /** Whether the first pass is what counts. */
  once?: boolean;
  /** Whether the memory is told. */
  memory?: boolean;
}

const ROWS: Row[] = [
  {
    title: "parse one message of 12 MB with an attachment",
    operation: "large",
    sample: "large",
    peers: PARSERS,
    memory: true,
  },
  ...[false, true].map((once): Row => ({
    title: `parse ${SMALL} small messages${once ? ", cold" : ""}`,
    operation: "small",
    sample: "small",
    peers: PARSERS,
    once,
  })),
  {
    title: "build a message with an attachment of 8 MB",
    operation: "build",
    sample: "file",
    peers: ["Python", "nodemailer"],
    memory: true,
  },
  ...codecRows("quoted-printable", "qp", "text", "quotedPrintable"),
  ...codecRows("base64 in lines", "base64", "bytes", "base64"),
  {
    title: `list the keys of an mbox of 200 MB, ${STORED} messages`,
    operation: "mbox-keys",
    sample: "mbox",
    peers: ["Python"],
    memory: true,
  },
  {
    title: "open it and read the bytes of all messages",
    operation: "mbox-read",
    sample: "mbox",
    peers: ["Python", "node-mbox"],
    memory: true,
  },
];

/** Both ways, at once and in chunks of 64 KiB. */
function codecRows(
  name: string,
  operation: string,
  decoded: keyof Samples,
  encoded: keyof Samples,
): Row[] {
  return ["", ", streamed"].flatMap((how) => {
    const suffix = how && "-stream";
    return [
      {
        title: `encode 16 MB as ${name}${how}`,
        operation: `${operation}-encode${suffix}`,
        sample: decoded,
        peers: CODECS,
      },
      {
        title: `decode 16 MB of ${name}${how}`,
        operation: `${operation}-decode${suffix}`,
        sample: encoded,
        peers: CODECS,
      },
    ];
  });
}

/** Runs the rows and prints them. */
export async function benchMail(runs: number): Promise<void> {
  await withProcesses(async (processes) => {
    processes.setEnv("PEERS", PEERS);
    const local = await Deno.makeTempDir({ prefix: "wireline-bench-" });
    try {
      const samples = await writeSamples(local);
      await printRows(samples, processes, runs);
    } finally {
      await Deno.remove(local, { recursive: true });
    }
  });
}

async function printRows(
  samples: Samples,
  processes: Processes,
  runs: number,
): Promise<void> {
  const names = Object.keys(CONTENDERS) as Contender[];
  const [ours, ...peers] = names as [Contender, ...Contender[]];
  const times = [["", ours, ...peers.map((name) => `vs ${name}`)]];
  const memory = [["peak memory, MiB", ...names]];
  for (const row of ROWS) {
    const path = samples[row.sample];
    const how = row.once ? "once" : "often";
    const results = await measure(row, path, how, processes, runs);
    const ms = median(results[ours].map((one) => one.ms));
    times.push([
      row.title,
      `${ms.toFixed(ms < 100 ? 1 : 0)} ms`,
      ...peers.map((name) =>
        row.peers.includes(name) ? ratio(results[name], results[ours]) : ""
      ),
    ]);
    if (!row.memory) continue;
    const few = Math.min(3, runs);
    const cold = await measure(row, path, "once", processes, few);
    memory.push([
      row.title,
      ...names.map((name) =>
        cold[name] ? mib(median(cold[name].map(({ peak }) => peak))) : ""
      ),
    ]);
  }
  const idle = await Promise.all(names.map(async (name) => {
    const { peak } = await run(processes, [...CONTENDERS[name], "idle"]);
    return mib(peak);
  }));
  memory.push(["nothing", ...idle]);
  console.log("Mail as files and bytes: how many times as fast as a peer\n");
  printTable(times);
  console.log();
  printTable(memory);
}

/** All of the row in rounds; they must have found the same. */
async function measure(
  row: Row,
  path: string,
  how: "often" | "once",
  processes: Processes,
  runs: number,
): Promise<Record<Contender, Result[]>> {
  const entries = (["wireline", ...row.peers] as Contender[])
    .map((name) => [name, name] as const);
  let expected: string | undefined;
  return await inRounds(Object.fromEntries(entries), {
    warmUp: false,
    runs,
    run: async (name: Contender) => {
      const operation = name === "compat32"
        ? `${row.operation}-${name}`
        : row.operation;
      const command = [...CONTENDERS[name], operation, path, how];
      const result = await run(processes, command) as Result & {
        check: unknown;
      };
      const found = JSON.stringify(result.check);
      expected ??= found;
      if (found !== expected) {
        throw new Error(`${name} found ${found} instead of ${expected}`);
      }
      return result;
    },
  });
}
