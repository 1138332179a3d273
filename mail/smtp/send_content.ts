/** The message itself on the wire: by DATA, or in chunks by BDAT. */
import type { Connection } from "../../_wire/connection.ts";
import { CrlfWriter } from "../../_wire/crlf_writer.ts";
import type { Content } from "./content.ts";
import type { Control } from "./control.ts";
import type { SmtpReply } from "./types.ts";

/** What is being done, as an error says it. */
export const DELIVERING = "send the message";
export const HEARING = "hear whether the message was accepted";

/** Bytes in a chunk of BDAT: few commands, and little to hold. */
const CHUNK = 1024 * 1024;
/**
 * Chunks that may be under way unanswered. On a line with a round trip of 40 ms
 * it is what lets a gigabit a second through.
 */
const WINDOW = 8;

/**
 * Sends the message behind a 354, and reads the reply to it. `onLast` hears true
 * before its end is written, and false where that failed. A source that fails closes the connection: ending
 * the message there would deliver half of it.
 */
export async function sendByData(
  control: Control,
  content: Content,
  onLast: (uncertain: boolean) => void,
): Promise<SmtpReply> {
  const { connection } = control;
  if (content.whole) {
    control.wait("end", HEARING);
    await writeEnd(connection, content.bytes({ stuffDots: true }), onLast);
    return await control.reply(HEARING, "end");
  }
  const crlf = new CrlfWriter({ stuffDots: true });
  const chunks = content.chunks();
  let early: SmtpReply | undefined;
  // A server that has had enough says so before the end.
  connection.patient = true;
  const final = control.reply(DELIVERING, "block").then((reply) => {
    early = reply;
    content.interrupt(new Error("the server has answered"));
    return reply;
  });
  final.catch(() => {});
  try {
    while (!early) {
      const step = await chunks.next().catch((error) => {
        if (!early) connection.close(error);
        return { error };
      });
      if (early) break;
      if ("error" in step) throw step.error;
      const { done, value } = step;
      if (!done) {
        if (value.length > 0) await connection.write(crlf.encode(value));
        continue;
      }
      control.wait("end", HEARING);
      await writeEnd(connection, crlf.end(), onLast);
      connection.patient = false;
      return await final;
    }
  } catch (error) {
    // Its reason may have come before the connection was lost.
    connection.patient = false;
    const reply = connection.closed ? undefined : await final.catch(() => {});
    if (reply && reply.code >= 400) {
      const refusal = control.refusal(reply, "DATA", DELIVERING);
      connection.close(refusal);
      throw refusal;
    }
    connection.close(error);
    throw error;
  } finally {
    connection.patient = false;
    await chunks.return(undefined);
  }
  // Nothing but the end of the message would bring us in step again.
  const error = early.code >= 400
    ? control.refusal(early, "DATA", DELIVERING)
    : control.broken(early, DELIVERING);
  connection.close(error);
  throw error;
}

/**
 * Sends the message in chunks (RFC 3030), the last of which the caller reads
 * the reply to. Resolves with the first refusal, if there was one; then no
 * chunk was the last. A source that fails leaves the connection usable.
 */
export async function sendByBdat(
  control: Control,
  content: Content,
  o: { pipelining: boolean; onLast: (uncertain: boolean) => void },
): Promise<{ refused: SmtpReply | undefined }> {
  const crlf = content.binary
    ? undefined
    : new CrlfWriter({ stuffDots: false });
  const window = o.pipelining ? WINDOW : 1;
  const chunks = content.chunks();
  const buffer = new Uint8Array(CHUNK);
  let size = 0;
  let refused: SmtpReply | undefined;
  let reading: Promise<unknown> = Promise.resolve();
  const owed: Promise<unknown>[] = [];

  /** Puts it into the buffer, which is sent each time that it is full. */
  async function add(part: Uint8Array): Promise<void> {
    for (let at = 0; at < part.length && !refused;) {
      const some = part.subarray(at, at + CHUNK - size);
      buffer.set(some, size);
      size += some.length;
      at += some.length;
      if (size === CHUNK) await sendFull();
    }
  }

  async function sendFull(): Promise<void> {
    while (owed.length >= window) await owed.shift();
    if (refused) return;
    const command = `BDAT ${size}`;
    await control.sendAll([command]);
    await control.connection.write(buffer);
    size = 0;
    reading = reading.then(async () => {
      const reply = await control.reply(command, "block");
      if (reply.code >= 300 && reply.code < 400) {
        throw control.broken(reply, command);
      }
      if (reply.code < 300) return;
      refused ??= reply;
      content.interrupt(new Error("the server has refused"));
    });
    reading.catch(() => {});
    owed.push(reading);
  }

  try {
    await control.refuseUnasked("BDAT");
    while (!refused) {
      const step = await chunks.next().catch((error) => ({ error }));
      if (refused) break;
      if ("error" in step) throw step.error;
      const { done, value } = step;
      if (!done) await add(crlf?.encode(value) ?? value);
      else {
        if (crlf) await add(crlf.end());
        break;
      }
    }
    // The last chunk goes out only where all is well so far.
    await reading;
    if (refused) return { refused };
    await control.sendAll([`BDAT ${size} LAST`]);
    await writeEnd(control.connection, buffer.subarray(0, size), o.onLast);
    return { refused: undefined };
  } catch (error) {
    // It said why before it hung up.
    if (refused) return { refused };
    await abandon(control, reading);
    throw error;
  } finally {
    await chunks.return(undefined);
  }
}

/** Writes what makes the message whole. Half of it leaves no way back. */
async function writeEnd(
  connection: Connection,
  bytes: Uint8Array,
  onLast: (uncertain: boolean) => void,
): Promise<void> {
  onLast(true);
  try {
    await connection.write(bytes);
  } catch (error) {
    onLast(false);
    connection.close(error);
    throw error;
  }
}

/** The transaction is given up; what was sent of it has its replies to come. */
async function abandon(
  control: Control,
  reading: Promise<unknown>,
): Promise<void> {
  if (control.closed) return;
  try {
    await reading;
    await control.command("RSET");
  } catch (error) {
    control.connection.close(error);
  }
}
