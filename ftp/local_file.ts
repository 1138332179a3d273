import { abortable } from "../_wire/abortable.ts";
import { Download } from "./download.ts";
import { FtpError } from "./ftp_error.ts";
import { markOpen } from "./open_body.ts";
import { formatTimeVal, parseModified, parseSize } from "./replies.ts";
import type { Session } from "./session.ts";
import type { TransferOptions, TransferResult } from "./types.ts";
import { Upload, type UploadSource } from "./upload.ts";
import { type Comparison, STRENGTH, verifyFile } from "./verify.ts";

// What is read and written at a time: as much as fits the processor's cache.
const CHUNK = 256 * 1024;

/** What is known of a file beforehand, so that nobody has to ask. */
export interface Known {
  size?: number | undefined;
  modified?: Date | undefined;
}

/** One file to the local disk. */
export async function downloadFile(
  session: Session,
  remote: string,
  local: string | URL,
  o: TransferOptions,
  known: Known = {},
): Promise<TransferResult> {
  let have = o.resume ? await sizeOnDisk(local) : 0;
  const total = known.size ??
    (have > 0 || o.onProgress ? await sizeOf(session, remote) : undefined);
  // Longer than the original: another file, from which nothing can be kept.
  if (total !== undefined && have > total) have = 0;
  let bytes = 0;
  if (have === 0 || have !== total) {
    bytes = await fetchInto(session, remote, local, have, total, o);
  } else {
    report(o, remote, have, total);
  }
  if (o.keepTimes) {
    const time = known.modified ?? await timeOf(session, remote);
    if (time) await Deno.utime(local, time, time);
  }
  return await result(session, remote, local, bytes, o);
}

/** One file from the local disk. */
export async function uploadFile(
  session: Session,
  local: string | URL,
  remote: string,
  o: TransferOptions,
): Promise<TransferResult> {
  const info = await Deno.stat(local);
  if (!info.isFile) {
    throw new TypeError(`Cannot upload ${local}: it is not a file`);
  }
  let have = o.resume ? await sizeOf(session, remote) ?? 0 : 0;
  if (have > info.size) have = 0;
  let bytes = 0;
  if (have === 0 || have !== info.size) {
    bytes = await sendFrom(session, local, remote, have, info.size, o);
  } else {
    report(o, remote, have, info.size);
  }
  if (o.keepTimes && info.mtime) await setTime(session, remote, info.mtime);
  return await result(session, remote, local, bytes, o);
}

/** The weaker of two comparisons: what can be said of both files. */
export function weaker(
  a: Comparison | undefined,
  b: Comparison | undefined,
): Comparison | undefined {
  if (!a || !b) return a ?? b;
  return STRENGTH.indexOf(a) > STRENGTH.indexOf(b) ? a : b;
}

async function fetchInto(
  session: Session,
  remote: string,
  local: string | URL,
  offset: number,
  total: number | undefined,
  o: TransferOptions,
): Promise<number> {
  const command = `RETR ${remote}`;
  const download = await abortable(
    o.signal,
    (reason) => session.close(reason),
    () => Download.open(session, { command, type: "I", offset }),
  );
  const { promise: failed, reject } = Promise.withResolvers<never>();
  failed.catch(() => {});
  const end = markOpen(session, command, download, o.signal, reject);
  try {
    // Opened after the server agreed: a refusal leaves no empty file behind.
    using file = Deno.openSync(local, {
      write: true,
      create: true,
      truncate: offset === 0,
    });
    if (offset > 0) file.seekSync(offset, Deno.SeekMode.Start);
    const rest = total === undefined ? CHUNK : total - offset + 1;
    const size = Math.max(1, Math.min(CHUNK, rest));
    return await Promise.race([
      failed,
      pour(download, file, size, (bytes) => {
        report(o, remote, offset + bytes, total);
      }),
    ]);
  } catch (error) {
    await download.cancel(error);
    throw error;
  } finally {
    end();
  }
}

/**
 * Writes as it reads. Synchronously: the data are in the processor's cache still
 * and on their way into the system's, which takes a tenth of a millisecond;
 * handing each chunk to another thread made a download three times as long.
 */
async function pour(
  download: Download,
  file: Deno.FsFile,
  size: number,
  moved: (bytes: number) => void,
): Promise<number> {
  const buffer = new Uint8Array(size);
  let bytes = 0;
  for (;;) {
    let filled = 0;
    let ended = false;
    while (filled < size && !ended) {
      const count = await download.read(buffer.subarray(filled));
      if (count === null) ended = true;
      else filled += count;
    }
    for (let at = 0; at < filled;) {
      at += file.writeSync(buffer.subarray(at, filled));
    }
    bytes += filled;
    if (filled > 0) moved(bytes);
    if (ended) return bytes;
  }
}

async function sendFrom(
  session: Session,
  local: string | URL,
  remote: string,
  offset: number,
  total: number,
  o: TransferOptions,
): Promise<number> {
  let bytes = 0;
  const source: UploadSource = {
    replayable: true,
    async *chunks() {
      bytes = 0;
      for await (const chunk of fileChunks(local, offset)) {
        yield chunk;
        bytes += chunk.length;
        report(o, remote, offset + bytes, total);
      }
    },
  };
  const upload = await abortable(
    o.signal,
    (reason) => session.close(reason),
    () => openUpload(session, remote, offset),
  );
  const { promise: failed, reject } = Promise.withResolvers<never>();
  failed.catch(() => {});
  const end = markOpen(session, `STOR ${remote}`, upload, o.signal, reject);
  try {
    await Promise.race([upload.send(source), failed]);
    return bytes;
  } catch (error) {
    await upload.cancel(error);
    throw error;
  } finally {
    end();
  }
}

/** STOR behind REST (RFC 3659 section 5), or APPE where REST is refused. */
async function openUpload(
  session: Session,
  remote: string,
  offset: number,
): Promise<Upload> {
  const type = "I";
  if (offset === 0) {
    return await Upload.open(
      session,
      { command: `STOR ${remote}`, type },
      true,
    );
  }
  try {
    const command = `STOR ${remote}`;
    return await Upload.open(session, { command, type, offset }, true);
  } catch (error) {
    const refused = error instanceof FtpError &&
      error.command?.startsWith("REST") && error.code !== 421;
    if (!refused) throw error;
    return await Upload.open(
      session,
      { command: `APPE ${remote}`, type },
      true,
    );
  }
}

/** The file from `offset` on; read as it is sent, for the reason of `pour`. */
async function* fileChunks(
  local: string | URL,
  offset: number,
): AsyncGenerator<Uint8Array> {
  using file = Deno.openSync(local);
  if (offset > 0) file.seekSync(offset, Deno.SeekMode.Start);
  const { size: total } = file.statSync();
  const buffer = new Uint8Array(Math.max(1, Math.min(CHUNK, total - offset)));
  for (;;) {
    const count = file.readSync(buffer);
    if (count === null) return;
    yield buffer.subarray(0, count);
  }
}

function report(
  o: TransferOptions,
  name: string,
  bytes: number,
  total: number | undefined,
): void {
  o.onProgress?.({ name, bytes, ...(total !== undefined && { total }) });
}

async function result(
  session: Session,
  remote: string,
  local: string | URL,
  bytes: number,
  o: TransferOptions,
): Promise<TransferResult> {
  const done: TransferResult = { files: 1, bytes, skipped: [] };
  if (o.verify) done.verified = await verifyFile(session, remote, local);
  return done;
}

async function sizeOnDisk(local: string | URL): Promise<number> {
  try {
    return (await Deno.stat(local)).size;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return 0;
    throw error;
  }
}

/** SIZE; undefined where the server does not say. */
async function sizeOf(
  session: Session,
  remote: string,
): Promise<number | undefined> {
  await session.useType("I");
  return await optional(async () =>
    parseSize(await session.command(`SIZE ${remote}`))
  );
}

/** MDTM; undefined where the server does not say. */
async function timeOf(
  session: Session,
  remote: string,
): Promise<Date | undefined> {
  return await optional(async () =>
    parseModified(await session.command(`MDTM ${remote}`))
  );
}

/**
 * MFMT (Internet-Draft "The MFMT, MFCT, and MFF Command Extensions for FTP"),
 * or the MDTM with two arguments that some servers had before it. A server that
 * offers neither keeps its own time.
 */
async function setTime(
  session: Session,
  remote: string,
  time: Date,
): Promise<void> {
  const features = await session.features();
  const value = formatTimeVal(time);
  if (features.has("MFMT")) {
    await session.command(`MFMT ${value} ${remote}`);
  } else if (features.has("MDTM")) {
    await optional(() => session.command(`MDTM ${value} ${remote}`));
  }
}

/** What a refusal makes undefined; a lost connection still rejects. */
async function optional<T>(ask: () => Promise<T>): Promise<T | undefined> {
  try {
    return await ask();
  } catch (error) {
    if (error instanceof FtpError && error.code !== 421) return undefined;
    throw error;
  }
}
