/** FTP against curl, Python's ftplib and basic-ftp, over loopback. */
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { startVsftpd } from "../tests/interop/servers/vsftpd.ts";
import { median, printTable } from "./_table.ts";

const HERE = fileURLToPath(new URL("contenders/", import.meta.url));
const PEERS = fileURLToPath(new URL("../.cache/peers/", import.meta.url));

interface Result {
  ms: number;
  peak: number;
}

const CONTENDERS: Record<string, string[]> = {
  wireline: [Deno.execPath(), "run", "-A", join(HERE, "wireline.ts")],
  curl: ["python3", join(HERE, "curl_client.py")],
  ftplib: ["python3", join(HERE, "ftplib_client.py")],
  "basic-ftp": ["node", join(HERE, "basic_ftp.mjs")],
};

/** Runs the rows and prints them. `size` in bytes. */
export async function benchFtp(size: number, runs: number): Promise<void> {
  await installPeers();
  await using server = await startVsftpd();
  const local = await Deno.makeTempDir({ prefix: "wireline-bench-" });
  try {
    await fill(server.root, local, size);
    const rows: string[][] = [
      ["", "wireline", ...peers().map((name) => `vs ${name}`)],
    ];
    const memory: string[][] = [
      ["peak memory, MiB", ...Object.keys(CONTENDERS), "idle Deno"],
    ];
    const gib = `${Math.round(size / 2 ** 20)} MiB`;
    for (
      const [operation, title] of [
        ["fetch", `RETR ${gib}, dropped`],
        ["download", `RETR ${gib} to a file`],
        ["upload", `STOR ${gib} from a file`],
        ["down-many", "2,000 files of 1 KiB down"],
        ["up-many", "2,000 files of 1 KiB up"],
        ["list", "50,000 names listed"],
      ] as const
    ) {
      const results = await measure(operation, server.port, {
        runs,
        local,
        root: server.root,
      });
      const ours = median(results.wireline!.map(({ ms }) => ms));
      rows.push([
        title,
        `${Math.round(ours)} ms`,
        // The median of the ratios in each round: a slow minute hits all.
        ...peers().map((name) => {
          const ratio = median(
            results[name]!.map(({ ms }, at) => ms / results.wireline![at]!.ms),
          );
          return `${ratio.toFixed(2)} x`;
        }),
      ]);
      if (["fetch", "download", "upload"].includes(operation)) {
        const idle = (await run("wireline", "idle", 0, "")).peak;
        memory.push([
          title,
          ...Object.values(results).map((all) =>
            mib(median(all.map((r) => r.peak)))
          ),
          mib(idle),
        ]);
      }
    }
    console.log(
      "FTP, vsftpd over loopback: how many times as fast as a peer\n",
    );
    printTable(rows);
    console.log();
    printTable(memory);
  } finally {
    await Deno.remove(local, { recursive: true });
  }
}

function peers(): string[] {
  return Object.keys(CONTENDERS).filter((name) => name !== "wireline");
}

async function measure(
  operation: string,
  port: number,
  o: { runs: number; local: string; root: string },
): Promise<Record<string, Result[]>> {
  const results: Record<string, Result[]> = {};
  // One round to warm the disk's cache is not counted.
  for (let round = -1; round < o.runs; round++) {
    for (const name of Object.keys(CONTENDERS)) {
      const path = {
        upload: join(o.local, "big.bin"),
        "up-many": join(o.local, "many"),
      }[operation] ?? join(o.local, "target");
      const result = await run(name, operation, port, path);
      if (round >= 0) (results[name] ??= []).push(result);
      await remove(join(o.local, "target"));
      await remove(join(o.root, "up.bin"));
      await remove(join(o.root, "up"));
    }
  }
  return results;
}

async function run(
  name: string,
  operation: string,
  port: number,
  path: string,
): Promise<Result> {
  const [command, ...args] = CONTENDERS[name] as [string, ...string[]];
  const { success, stdout, stderr } = await new Deno.Command(command, {
    args: [...args, operation, String(port), path],
    env: { PEERS },
  }).output();
  const text = new TextDecoder();
  if (!success) {
    throw new Error(`${name} ${operation} failed: ${text.decode(stderr)}`);
  }
  return JSON.parse(text.decode(stdout));
}

async function fill(root: string, local: string, size: number): Promise<void> {
  for (const directory of [root, local]) {
    using file = await Deno.open(join(directory, "big.bin"), {
      write: true,
      create: true,
    });
    const chunk = crypto.getRandomValues(new Uint8Array(65_536));
    for (let at = 0; at < size;) {
      at += await file.write(chunk.subarray(0, Math.min(65_536, size - at)));
    }
    await Deno.mkdir(join(directory, "many"));
    for (let n = 0; n < 2_000; n++) {
      await Deno.writeFile(
        join(directory, "many", `${n}.bin`),
        chunk.subarray(n, n + 1_024),
      );
    }
  }
  await Deno.mkdir(join(root, "names"));
  for (let n = 0; n < 50_000; n++) {
    Deno.writeFileSync(
      join(root, "names", `file number ${n}`),
      new Uint8Array(),
    );
  }
}

async function installPeers(): Promise<void> {
  await Deno.mkdir(PEERS, { recursive: true });
  if (
    await Deno.stat(join(PEERS, "node_modules/basic-ftp")).catch(() => null)
  ) {
    return;
  }
  const { success } = await new Deno.Command("npm", {
    args: ["install", "--silent", "--prefix", PEERS, "basic-ftp@6.0.1"],
  }).output();
  if (!success) throw new Error("Cannot install basic-ftp by npm");
}

async function remove(path: string): Promise<void> {
  await Deno.remove(path, { recursive: true }).catch(() => {});
}

function mib(bytes: number): string {
  return (bytes / 2 ** 20).toFixed(0);
}
