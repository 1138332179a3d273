/** What the real servers share: directories, ports, start and stop. */
import { join } from "node:path";

export type { FtpDaemon } from "./_ftp_daemon.ts";

/** A program that runs and serves; disposing ends it and removes its state. */
export interface Daemon extends AsyncDisposable {
  /** What it printed and logged, for the message of a failing test. */
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

/**
 * A TCP port of the loopback interface that nobody uses just now. It is below
 * those that the system gives to whoever asks for any port: one of these could
 * go to somebody else before the daemon takes it.
 */
export function freePort(): number {
  for (;;) {
    const port = 30_000 + Math.floor(Math.random() * 2_700);
    if (given.has(port)) continue;
    try {
      Deno.listen({ hostname: "127.0.0.1", port }).close();
    } catch (error) {
      if (error instanceof Deno.errors.AddrInUse) continue;
      throw error;
    }
    // A long run comes round to ports whose daemons are gone.
    if (given.size >= 1_000) given.clear();
    given.add(port);
    return port;
  }
}
const given = new Set<number>();

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

/** Starts a daemon and waits until it listens. */
export async function startDaemon(
  command: string,
  args: string[],
  o: {
    /** Its state; `*.log` in here makes up the log. */
    dir: string;
    /** TCP ports, all of which it must listen on. */
    ports: readonly number[];
    env?: Record<string, string>;
    /** To be done when it has ended, or has not started. */
    cleanUp?: () => Promise<void>;
  },
): Promise<Daemon> {
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
    await killFamily(child.pid, o.dir, () => ended);
    await status;
    await o.cleanUp?.();
    await Deno.remove(o.dir, { recursive: true });
  }
  const deadline = performance.now() + 20_000;
  while (!listens(child.pid, o.ports)) {
    if (ended || performance.now() > deadline) {
      const said = await log();
      await stop();
      throw new Error(`Cannot start ${command}: ${said || "it is silent"}`);
    }
    await sleep(10);
  }
  return { log, [Symbol.asyncDispose]: stop };
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

/**
 * Whether a process, with those it started, listens on these ports. To connect
 * would prove less, since whoever took the port first answers as well, and
 * would stand in the daemon's log as a client that left.
 */
function listens(pid: number, ports: readonly number[]): boolean {
  const sockets = listeningSockets();
  const wanted = ports.map((port) => sockets.get(port));
  if (wanted.includes(undefined)) return false;
  const owned = new Set([pid, ...descendants(pid)].flatMap(socketsOf));
  return wanted.every((socket) => owned.has(socket!));
}

/** The sockets that listen over IPv4 on this machine, by port. */
function listeningSockets(): Map<number, string> {
  const sockets = new Map<number, string>();
  for (const line of readText("/proc/net/tcp").split("\n").slice(1)) {
    // No., local and remote address, state, five more, and the inode.
    const [, local, , state, , , , , , inode] = line.trim().split(/\s+/);
    if (state !== "0A") continue;
    sockets.set(parseInt(local!.split(":")[1]!, 16), `socket:[${inode}]`);
  }
  return sockets;
}

function socketsOf(pid: number): string[] {
  const links: string[] = [];
  try {
    for (const { name } of Deno.readDirSync(`/proc/${pid}/fd`)) {
      links.push(Deno.readLinkSync(`/proc/${pid}/fd/${name}`));
    }
  } catch {
    // It has ended or closed something meanwhile.
  }
  return links.filter((link) => link.startsWith("socket:"));
}

/**
 * Ends a process and those it started, which serve one client each, and waits
 * until they are gone: they might still write where something is removed next.
 */
async function killFamily(
  pid: number,
  dir: string,
  ended: () => boolean,
): Promise<void> {
  // So that it starts no more of them meanwhile. When it has ended, its number
  // may be somebody else's.
  if (!ended()) kill(pid, "SIGSTOP");
  for (;;) {
    // Those whose parent ended before them are known by what they work on.
    const family = new Set(workingOn(dir));
    if (!ended()) {
      for (const one of [pid, ...descendants(pid)]) family.add(one);
    }
    const running = Array.from(family).filter(runs);
    if (running.length === 0) return;
    for (const one of running) kill(one, "SIGKILL");
    for (const one of running) while (runs(one)) await sleep(2);
  }
}

function kill(pid: number, signal: Deno.Signal): void {
  try {
    Deno.kill(pid, signal);
  } catch {
    // It has ended by itself.
  }
}

/** The processes that a process started, and those that they started. */
export function descendants(pid: number): number[] {
  const parents = new Map<number, number>();
  for (const one of processes()) {
    const stat = processStat(one);
    if (stat) parents.set(one, stat.parent);
  }
  const found = [pid];
  for (const one of found) {
    for (const [child, parent] of parents) {
      if (parent === one) found.push(child);
    }
  }
  return found.slice(1);
}

/** The processes with something in this directory among their arguments. */
export function workingOn(dir: string): number[] {
  return processes().filter((pid) =>
    readText(`/proc/${pid}/cmdline`).includes(dir)
  );
}

function processes(): number[] {
  return Array.from(Deno.readDirSync("/proc"), ({ name }) => name)
    .filter((name) => /^\d+$/.test(name)).map(Number);
}

/**
 * Whether a process is there and not a zombie: in a container, the first
 * process may take seconds to reap those that lost their parent.
 */
export function runs(pid: number): boolean {
  const state = processStat(pid)?.state ?? "X";
  return state !== "Z" && state !== "X";
}

function processStat(
  pid: number,
): { state: string; parent: number } | undefined {
  // The name comes first, in parentheses, and may have some of its own.
  const [, state, parent] =
    /.*\) (\S) (\d+)/s.exec(readText(`/proc/${pid}/stat`)) ?? [];
  return state && parent ? { state, parent: Number(parent) } : undefined;
}

/** A file's text, and none when it is gone with its process. */
function readText(path: string): string {
  try {
    return Deno.readTextFileSync(path);
  } catch {
    return "";
  }
}

/** Waits. */
export function sleep(milliseconds: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, milliseconds));
}
