import { createHash } from "node:crypto";
import { crc32 } from "node:zlib";
import { ProtocolError } from "../_wire/errors.ts";
import { FtpError } from "./ftp_error.ts";
import { parseDigest, parseSize } from "./replies.ts";
import type { Session } from "./session.ts";

/** How two copies were compared, the strongest first. */
export const STRENGTH = ["HASH", "XSHA256", "XCRC", "size"] as const;

/** One of them. */
export type Comparison = typeof STRENGTH[number];

/**
 * Compares a remote file with a local one by the best digest the server has.
 * HASH is the command of the Internet-Draft "FTP HASH Command for Files" by A.
 * Bryan and others; XSHA256 and XCRC are what servers had before it.
 */
export async function verifyFile(
  session: Session,
  remote: string,
  local: string | URL,
): Promise<Comparison> {
  const features = await session.features();
  if (/SHA-256/i.test(features.get("HASH") ?? "")) {
    const theirs = await ask(session, remote, "HASH", 64, async () => {
      // The asterisk marks what is selected: `SHA-1;SHA-256*;MD5`.
      if (!/SHA-256\*/i.test(features.get("HASH")!)) {
        await session.command("OPTS HASH SHA-256");
      }
    });
    if (theirs) return check(remote, "HASH", theirs, await sha256(local));
  }
  if (features.has("XSHA256")) {
    const theirs = await ask(session, remote, "XSHA256", 64);
    if (theirs) return check(remote, "XSHA256", theirs, await sha256(local));
  }
  if (features.has("XCRC")) {
    const theirs = await ask(session, remote, "XCRC", 8);
    if (theirs) return check(remote, "XCRC", theirs, await crc(local));
  }
  await session.useType("I");
  const size = parseSize(await session.command(`SIZE ${remote}`));
  return check(remote, "size", `${size}`, `${(await Deno.stat(local)).size}`);
}

/** The digest; undefined where the server offers it and then refuses. */
async function ask(
  session: Session,
  remote: string,
  verb: string,
  digits: number,
  prepare?: () => Promise<void>,
): Promise<string | undefined> {
  await session.useType("I");
  try {
    await prepare?.();
    return parseDigest(await session.command(`${verb} ${remote}`), digits);
  } catch (error) {
    if (!(error instanceof FtpError) || error.code === 421) throw error;
    return undefined;
  }
}

function check(
  remote: string,
  by: Comparison,
  theirs: string,
  ours: string,
): Comparison {
  if (theirs === ours) return by;
  throw new ProtocolError(
    `Cannot verify ${remote}: the copies differ by ${by}, ` +
      `${theirs} on the server and ${ours} here`,
  );
}

async function sha256(local: string | URL): Promise<string> {
  const hash = createHash("sha256");
  await eachChunk(local, (chunk) => hash.update(chunk));
  return hash.digest("hex");
}

async function crc(local: string | URL): Promise<string> {
  let value = 0;
  await eachChunk(local, (chunk) => {
    value = crc32(chunk, value);
  });
  return value.toString(16).padStart(8, "0");
}

async function eachChunk(
  local: string | URL,
  use: (chunk: Uint8Array) => void,
): Promise<void> {
  using file = await Deno.open(local);
  const buffer = new Uint8Array(1024 * 1024);
  for (let n; (n = await file.read(buffer)) !== null;) {
    use(buffer.subarray(0, n));
  }
}
