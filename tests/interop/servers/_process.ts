/** What the real servers share: directories, ports, start and stop. */
import { join } from "node:path";
import type { FtpTarget } from "../../ftp/stories.ts";

/** A running FTP daemon. */
export interface FtpDaemon extends FtpTarget {
  /** What the daemon printed, for the message of a test that fails. */
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
    dir: string;
    port: number;
    env?: Record<string, string>;
    target: Omit<FtpTarget, keyof AsyncDisposable>;
    /** To be done when it has ended. */
    cleanUp?: () => Promise<void>;
  },
): Promise<FtpDaemon> {
  const logFile = join(o.dir, "output.log");
  // A shell to send the output to a file: a pipe would have to be drained.
  const child = new Deno.Command("sh", {
    args: ["-c", 'exec "$0" "$@" >"$LOG" 2>&1', command, ...args],
    env: { ...o.env, LOG: logFile },
    stdin: "null",
    stdout: "null",
    stderr: "null",
  }).spawn();
  let ended = false;
  const status = child.status.then((one) => {
    ended = true;
    return one;
  });
  const log = () => Deno.readTextFile(logFile).catch(() => "");
  async function stop(): Promise<void> {
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
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  return { ...o.target, log, [Symbol.asyncDispose]: stop };
}

async function answers(port: number): Promise<boolean> {
  try {
    using _conn = await Deno.connect({ hostname: "127.0.0.1", port });
    return true;
  } catch {
    return false;
  }
}

/** Ends a process and those it started, which serve one client each. */
async function killTree(pid: number): Promise<void> {
  for (const one of [...await descendants(pid), pid]) {
    try {
      Deno.kill(one, "SIGKILL");
    } catch {
      // It has ended by itself.
    }
  }
}

async function descendants(pid: number): Promise<number[]> {
  const parents = new Map<number, number>();
  for await (const { name } of Deno.readDir("/proc")) {
    if (!/^\d+$/.test(name)) continue;
    const stat = await Deno.readTextFile(`/proc/${name}/stat`).catch(() => "");
    const parent = /\) \S (\d+)/.exec(stat)?.[1];
    if (parent) parents.set(Number(name), Number(parent));
  }
  const found = [pid];
  for (const one of found) {
    for (const [child, parent] of parents) {
      if (parent === one) found.push(child);
    }
  }
  return found.slice(1);
}
