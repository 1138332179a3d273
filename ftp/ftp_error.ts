import { ReplyError } from "../_wire/errors.ts";
import type { FtpReply } from "./types.ts";

/**
 * The FTP server refused a command: a reply of 4yz (`transient`) or 5yz (RFC
 * 959 section 4.2.1).
 *
 * @example Treat a missing file apart
 * ```ts
 * import { type FtpClient, FtpError } from "@wireline/std/ftp";
 *
 * async function sizeOrZero(ftp: FtpClient, path: string): Promise<number> {
 *   try {
 *     return await ftp.size(path);
 *   } catch (error) {
 *     if (error instanceof FtpError && error.code === 550) return 0;
 *     throw error;
 *   }
 * }
 * ```
 */
export class FtpError extends ReplyError<number> {
  /** The error's name, always `"FtpError"`. */
  override name = "FtpError";

  /** `command` as the user should see it: with its secrets masked. */
  constructor(reply: FtpReply, command?: string, advice?: string) {
    const { code, lines, text } = reply;
    super(
      `Cannot ${command ?? "use this server"}: the server answered ${code} ` +
        text + (advice ? ` (${advice})` : ""),
      {
        code,
        reply: { lines, text },
        command,
        transient: code >= 400 && code < 500,
      },
    );
  }
}
