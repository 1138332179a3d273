/** What the real servers share: directories, ports, start and stop. */
import { join, relative } from "node:path";
import type { FtpTarget } from "../../ftp/stories.ts";

/** A running FTP daemon. */
export interface FtpDaemon extends FtpTarget {
  /** The program's name, for the names of tests and the rows of tables. */
  name: string;
  /** What the user calls a file that lies below the root on the disk. */
  pathOf(file: string): string;
  /** What the daemon printed and logged, for the message of a failing test. */
  log(): Promise<string>;
}

/**
 * A directory for a server's state that every user may enter: daemons change
 * to users of their own.
 */
export async function stateDir(): Promise<string> {
  const path = await Deno.makeTempDir({ prefix: "wireline-server-" });
  await Deno.chmod(path, 0o755);
  return path;
}

/** A TCP port of the loopback interface that nobody uses just now. */
export function freePort(): number {
  using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  return listener.addr.port;
}

/**
 * A range of ports for data connections, below those that the system gives to
 * clients, and another one for each server.
 */
export function portRange(): { min: number; max: number } {
  const size = 2_000;
  const min = 10_000 + (nextRange++ % 10) * size;
  return { min, max: min + size - 1 };
}
let nextRange = Deno.pid;

/** What a command prints; that it fails is an error. */
export async function output(
  command: string,
  ...args: string[]
): Promise<string> {
  const { success, stdout, stderr } = await new Deno.Command(command, { args })
    .output();
  if (success) return new TextDecoder().decode(stdout);
  throw new Error(
    `${command} ${args.join(" ")} failed: ${new TextDecoder().decode(stderr)}`,
  );
}

/** Starts a daemon and waits until it answers. */
export async function startDaemon(
  command: string,
  args: string[],
  o: {
    /** Its state; `*.log` in here makes up the log. */
    dir: string;
    port: number;
    env?: Record<string, string>;
    target: Omit<FtpDaemon, "log" | "pathOf" | keyof AsyncDisposable>;
    /** To be done when it has ended, or has not started. */
    cleanUp?: () => Promise<void>;
  },
): Promise<FtpDaemon> {
  // A shell to send the output to a file: a pipe would have to be drained.
  const child = new Deno.Command("sh", {
    args: ["-c", 'exec "$0" "$@" >"$LOG" 2>&1', command, ...args],
    env: { ...o.env, LOG: join(o.dir, "output.log") },
    stdin: "null",
    stdout: "null",
    stderr: "null",
  }).spawn();
  let ended = false;
  const status = child.status.then((one) => {
    ended = true;
    return one;
  });
  const log = () => readLogs(o.dir);
  let stopped: Promise<void> | undefined;
  const stop = () => stopped ??= end();
  async function end(): Promise<void> {
    if (!ended) {
      await killTree(child.pid);
      await status;
    }
    await o.cleanUp?.();
    await Deno.remove(o.dir, { recursive: true });
  }
  const deadline = performance.now() + 20_000;
  while (!await answers(o.port)) {
    if (ended || performance.now() > deadline) {
      const said = await log();
      await stop();
      throw new Error(`Cannot start ${command}: ${said || "it is silent"}`);
    }
    await sleep(10);
  }
  const pathOf = (file: string) => "/" + relative(o.target.root, file);
  return { ...o.target, pathOf, log, [Symbol.asyncDispose]: stop };
}

async function readLogs(dir: string): Promise<string> {
  const logs: string[] = [];
  for await (const { name } of Deno.readDir(dir)) {
    if (!name.endsWith(".log")) continue;
    const text = await Deno.readTextFile(join(dir, name)).catch(() => "");
    if (text) logs.push(`${name}:\n${text}`);
  }
  return logs.join("\n");
}

async function answers(port: number): Promise<boolean> {
  try {
    using _conn = await Deno.connect({ hostname: "127.0.0.1", port });
    return true;
  } catch {
    return false;
  }
}

/**
 * Ends a process and those it started, which serve one client each, and waits
 * until they are gone: they might still write where something is removed next.
 */
async function killTree(pid: number): Promise<void> {
  // So that it starts no more of them meanwhile.
  kill(pid, "SIGSTOP");
  const all = [pid, ...await descendants(pid)];
  for (const one of all) kill(one, "SIGKILL");
  for (const one of all) while (await runs(one)) await sleep(5);
}

function kill(pid: number, signal: Deno.Signal): void {
  try {
    Deno.kill(pid, signal);
  } catch {
    // It has ended by itself.
  }
}

/** The processes that a process started, and those that they started. */
export async function descendants(pid: number): Promise<number[]> {
  const parents = new Map<number, number>();
  for await (const { name } of Deno.readDir("/proc")) {
    if (!/^\d+$/.test(name)) continue;
    const stat = await processStat(Number(name));
    if (stat) parents.set(Number(name), stat.parent);
  }
  const found = [pid];
  for (const one of found) {
    for (const [child, parent] of parents) {
      if (parent === one) found.push(child);
    }
  }
  return found.slice(1);
}

/**
 * Whether a process is there and not a zombie: in a container, the first
 * process may take seconds to reap those that lost their parent.
 */
export async function runs(pid: number): Promise<boolean> {
  const state = (await processStat(pid))?.state ?? "X";
  return state !== "Z" && state !== "X";
}

async function processStat(
  pid: number,
): Promise<{ state: string; parent: number } | undefined> {
  const stat = await Deno.readTextFile(`/proc/${pid}/stat`).catch(() => "");
  // The name comes first, in parentheses, and may have some of its own.
  const [, state, parent] = /.*\) (\S) (\d+)/s.exec(stat) ?? [];
  return state && parent ? { state, parent: Number(parent) } : undefined;
}

function sleep(milliseconds: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, milliseconds));
}
