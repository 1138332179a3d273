/** The processes of one bench, which end with it, also when it is broken off. */
import { descendants } from "../tests/interop/servers/_process.ts";

/** After this long, in ms, a contender hangs. */
const PATIENCE = 300_000;

/** A server that printed its port as JSON. */
export interface Server {
  port: number;
  /** The most memory it ever had, in bytes. */
  peak(): Promise<number>;
}

/** Does the work, and leaves none of the processes it started. */
export async function withProcesses(
  work: (processes: Processes) => Promise<void>,
): Promise<void> {
  const processes = new Processes();
  let broken = false;
  const breakOff = () => {
    broken = true;
    processes.end();
  };
  const signals = ["SIGINT", "SIGTERM"] as const;
  for (const signal of signals) Deno.addSignalListener(signal, breakOff);
  try {
    await work(processes);
  } catch (error) {
    if (!broken) throw error;
  } finally {
    await processes.end();
    for (const signal of signals) Deno.removeSignalListener(signal, breakOff);
  }
  if (broken) Deno.exit(130);
}

/** Starts processes and ends them. */
export class Processes {
  #env: Record<string, string> = {};
  #running = new Set<Deno.ChildProcess>();
  #ended = false;

  /** Sets a variable of those that start from here on. */
  setEnv(name: string, value: string): void {
    this.#env[name] = value;
  }

  /** What a command prints as JSON; that it fails is an error. */
  async run(command: string[]): Promise<unknown> {
    const child = this.#start(command, "piped");
    const timer = setTimeout(() => endOne(child), PATIENCE);
    try {
      const { success, stdout, stderr } = await child.output();
      const text = new TextDecoder();
      if (!success) {
        throw new Error(`${command.join(" ")} failed: ${text.decode(stderr)}`);
      }
      return JSON.parse(text.decode(stdout));
    } finally {
      clearTimeout(timer);
      this.#running.delete(child);
    }
  }

  /** Starts a server and waits for its port. */
  async serve(command: string[]): Promise<Server & AsyncDisposable> {
    const child = this.#start(command, "inherit");
    const stdout = child.stdout.pipeThrough(new TextDecoderStream())
      .getReader();
    const { value } = await stdout.read();
    if (!value) throw new Error(`Cannot start ${command.join(" ")}`);
    return {
      port: JSON.parse(value).port,
      peak: () => peakOf(child.pid),
      [Symbol.asyncDispose]: async () => {
        await endOne(child);
        await stdout.cancel();
        this.#running.delete(child);
      },
    };
  }

  /** Ends all of them; no more can be started. */
  async end(): Promise<void> {
    this.#ended = true;
    await Promise.all(Array.from(this.#running, endOne));
  }

  #start(command: string[], stderr: "piped" | "inherit"): Deno.ChildProcess {
    if (this.#ended) throw new Error("The bench was broken off");
    const [program, ...args] = command as [string, ...string[]];
    const child = new Deno.Command(program, {
      args,
      env: this.#env,
      stdin: "null",
      stdout: "piped",
      stderr,
    }).spawn();
    this.#running.add(child);
    return child;
  }
}

async function endOne(child: Deno.ChildProcess): Promise<void> {
  for (const pid of [...await descendants(child.pid), child.pid]) {
    try {
      Deno.kill(pid, "SIGKILL");
    } catch {
      // It has ended by itself.
    }
  }
  await child.status;
}

async function peakOf(pid: number): Promise<number> {
  const status = await Deno.readTextFile(`/proc/${pid}/status`);
  return Number(/VmHWM:\s*(\d+)/.exec(status)![1]) * 1024;
}
