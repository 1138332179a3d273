import { abortable } from "../_wire/abortable.ts";
import { bodyStream } from "../_wire/body_stream.ts";
import type { Bytes, OperationOptions } from "../_wire/options.ts";
import { linesOf } from "./ascii.ts";
import { Download } from "./download.ts";
import type { Session } from "./session.ts";
import type { FtpReply, OffsetOptions } from "./types.ts";
import { Upload, type UploadSource } from "./upload.ts";

/** A transfer under way, as `abort()` sees it. */
export interface ActiveTransfer {
  abort(): Promise<FtpReply>;
}

/** What a transfer can be ended by. */
interface Stoppable {
  cancel(reason: unknown): Promise<void>;
  abort(reason: unknown): Promise<FtpReply>;
}

/**
 * Marks a transfer as open: no other command until `end`, and both `abort()`
 * and the signal reach it. `fail` breaks what the user holds.
 */
export function markOpen(
  session: Session,
  command: string,
  transfer: Stoppable,
  signal: AbortSignal | undefined,
  fail: (reason: unknown) => void,
): () => void {
  const onSignal = () => {
    fail(signal?.reason);
    transfer.cancel(signal?.reason).finally(end);
  };
  const active: ActiveTransfer = {
    async abort() {
      const reason = new DOMException(
        `Cannot go on with ${command}: it was aborted`,
        "AbortError",
      );
      fail(reason);
      try {
        return await transfer.abort(reason);
      } finally {
        end();
      }
    },
  };
  function end(): void {
    signal?.removeEventListener("abort", onSignal);
    if (session.active !== active) return;
    session.active = undefined;
    session.turns.end();
  }
  session.turns.begin(`the transfer ${command}`);
  session.active = active;
  signal?.addEventListener("abort", onSignal, { once: true });
  if (signal?.aborted) onSignal();
  return end;
}

/** A download as a byte stream. */
export async function byteStream(
  session: Session,
  command: string,
  { offset, signal }: OffsetOptions,
): Promise<ReadableStream<Bytes>> {
  const request = { command, type: "I", offset } as const;
  const { stream } = await start(session, request, signal);
  return stream;
}

/** A download as lines. */
export async function lineStream(
  session: Session,
  command: string,
  { signal }: OperationOptions,
): Promise<ReadableStream<string>> {
  await session.useUtf8();
  const request = { command, type: "A" } as const;
  const { stream, ended } = await start(session, request, signal);
  const { encoding = "utf-8", limits } = session.options.reach.setup;
  // Made at the first read: a pipe begins to read as soon as it is there.
  let reader: ReadableStreamDefaultReader<string> | undefined;
  return new ReadableStream<string>({
    async pull(controller) {
      reader ??= linesOf(stream, encoding, limits.line).getReader();
      const { done, value } = await reader.read();
      if (done) controller.close();
      else controller.enqueue(value);
    },
    async cancel(reason) {
      await (reader ?? stream).cancel(reason);
      // A pipe cancels its source without waiting for it.
      await ended;
    },
  }, { highWaterMark: 0 });
}

async function start(
  session: Session,
  request: { command: string; type: "A" | "I"; offset?: number | undefined },
  signal: AbortSignal | undefined,
): Promise<{ stream: ReadableStream<Bytes>; ended: Promise<void> }> {
  const download = await abortable(
    signal,
    (reason) => session.close(reason),
    () => Download.open(session, request),
  );
  const { promise: ended, resolve } = Promise.withResolvers<void>();
  const { stream, fail } = bodyStream({
    async read(into) {
      try {
        const count = await download.read(into);
        if (count === null) finish();
        return count;
      } catch (error) {
        finish();
        throw error;
      }
    },
    async cancel(reason) {
      try {
        await download.cancel(reason);
      } finally {
        finish();
      }
    },
  });
  const end = markOpen(session, request.command, download, signal, fail);
  function finish(): void {
    end();
    resolve();
  }
  return { stream, ended };
}

/** An upload as something to write to. */
export async function byteSink(
  session: Session,
  command: string,
  { offset, signal }: OffsetOptions,
): Promise<WritableStream<Uint8Array>> {
  const upload = await abortable(
    signal,
    (reason) => session.close(reason),
    () => Upload.open(session, { command, type: "I", offset }, false),
  );
  let controller!: WritableStreamDefaultController;
  const stream = new WritableStream<Uint8Array>({
    start(c) {
      controller = c;
    },
    async write(chunk) {
      try {
        await upload.write(chunk);
      } catch (error) {
        await upload.cancel(error).finally(end);
        throw error;
      }
    },
    async close() {
      await upload.finish().finally(end);
    },
    async abort(reason) {
      await upload.cancel(reason).finally(end);
    },
  });
  const end = markOpen(
    session,
    command,
    upload,
    signal,
    (reason) => controller.error(reason),
  );
  return stream;
}

/** An upload from a source. */
export async function sendAll(
  session: Session,
  command: string,
  type: "A" | "I",
  makeSource: () => UploadSource,
  { offset, signal }: OffsetOptions,
): Promise<FtpReply> {
  // A bad source is a TypeError before anything is sent.
  const source = makeSource();
  const upload = await abortable(
    signal,
    (reason) => session.close(reason),
    () => Upload.open(session, { command, type, offset }, source.replayable),
  );
  const { promise: failed, reject } = Promise.withResolvers<never>();
  failed.catch(() => {});
  const end = markOpen(session, command, upload, signal, reject);
  try {
    // The race: a source that never gives its next chunk cannot be awaited.
    return await Promise.race([upload.send(source), failed]);
  } catch (error) {
    await upload.cancel(error);
    throw error;
  } finally {
    end();
  }
}
