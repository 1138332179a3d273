import { relative } from "node:path";
import type { FtpTarget } from "../../ftp/stories.ts";
import { type Daemon, startDaemon } from "./_process.ts";

/** A running FTP daemon. */
export interface FtpDaemon extends FtpTarget, Daemon {
  /** The program's name, for the names of tests and the rows of tables. */
  name: string;
  /** What the user calls a file that lies below the root on the disk. */
  pathOf(file: string): string;
}

/** Starts an FTP daemon and waits until it listens. */
export async function startFtpDaemon(
  command: string,
  args: string[],
  o: {
    /** Its state; `*.log` in here makes up the log. */
    dir: string;
    target: Omit<FtpDaemon, "pathOf" | keyof Daemon>;
    /** To be done when it has ended, or has not started. */
    cleanUp?: () => Promise<void>;
  },
): Promise<FtpDaemon> {
  const { target, ...rest } = o;
  const ports = [target.port];
  const daemon = await startDaemon(command, args, { ...rest, ports });
  const pathOf = (file: string) => "/" + relative(target.root, file);
  return { ...target, ...daemon, pathOf };
}
