import { ProtocolError, timeoutError } from "../../_wire/errors.ts";
import type { Content } from "./content.ts";
import type { Control } from "./control.ts";
import type { Plan } from "./plan.ts";
import { DELIVERING, HEARING, sendByBdat, sendByData } from "./send_content.ts";
import { SmtpError } from "./smtp_error.ts";
import type { RejectedRecipient, SendResult, SmtpReply } from "./types.ts";

/** What became of the envelope. */
interface Envelope {
  accepted: string[];
  rejected: RejectedRecipient[];
  /** Why there is nobody to send the message to. */
  failure: SmtpError | undefined;
  /** Whether the server is in the middle of a transaction. */
  open: boolean;
}

/**
 * The connection was lost after all of a message had gone out: nobody knows
 * whether it was delivered, so it was not sent again.
 */
export class SmtpUncertainError extends ProtocolError {
  /** The error's name, always `"SmtpUncertainError"`. */
  override name = "SmtpUncertainError";
  /** The recipients whose delivery is certain all the same (LMTP). */
  accepted: readonly string[] = [];
}

/** One message on its way (RFC 5321 section 3.3). */
export class Transaction {
  /** Whether anything was sent. */
  begun = false;
  /** Whether all of the message was sent and its fate is not known. */
  uncertain = false;
  #control: Control;
  #plan: Plan;
  #content: Content;
  #lmtp: boolean;
  /** What is being written while replies are read. */
  #writing: Promise<void> = Promise.resolve();
  /** In LMTP: to whom it was delivered for certain. */
  #delivered: string[] = [];

  constructor(control: Control, plan: Plan, content: Content, lmtp: boolean) {
    this.#control = control;
    this.#plan = plan;
    this.#content = content;
    this.#lmtp = lmtp;
  }

  /** Sends it. After a refusal the connection is ready for the next one. */
  async run(signal: AbortSignal | undefined): Promise<SendResult> {
    const { mail } = this.#plan;
    await this.#control.refuseUnasked(mail);
    // The last moment at which nothing was sent.
    signal?.throwIfAborted();
    const { connection } = this.#control;
    if (connection.closed) throw connection.closeReason;
    this.begun = true;
    try {
      const { pipelining, chunking } = this.#plan;
      if (!chunking) return await this.#byData();
      return pipelining && this.#content.whole
        ? await this.#atOnce()
        : await this.#byBdat();
    } catch (error) {
      // Where not all of it could be written, the server cannot have taken it.
      if (this.uncertain) {
        await this.#writing.catch(() => this.uncertain = false);
      }
      throw this.uncertain && this.#control.closed
        ? asUncertain(error, this.#delivered)
        : error;
    }
  }

  /**
   * Envelope and message in one write, with one wait for all the replies (RFC
   * 3030 section 4.2, RFC 2920 section 3.1).
   */
  async #atOnce(): Promise<SendResult> {
    const bytes = this.#content.bytes({ stuffDots: false });
    const bdat = `BDAT ${bytes.length} LAST`;
    this.#write([...this.#commands(), bdat], bytes);
    this.uncertain = true;
    const envelope = await this.#readEnvelope();
    // Nobody to deliver it to: it was read and thrown away.
    if (envelope.failure) this.uncertain = false;
    const finals = await this.#finals(bdat, envelope);
    await this.#writing;
    if (envelope.failure) return await this.#fail(envelope, envelope.failure);
    return await this.#result(envelope, finals, bdat);
  }

  /** The message in chunks, once somebody is there to receive it. */
  async #byBdat(): Promise<SendResult> {
    const envelope = await this.#sendEnvelope([]);
    if (envelope.failure) return await this.#fail(envelope, envelope.failure);
    const { refused } = await sendByBdat(this.#control, this.#content, {
      pipelining: this.#plan.pipelining,
      onLast: (uncertain) => this.uncertain = uncertain,
    });
    if (refused) {
      this.uncertain = false;
      return await this.#fail(
        envelope,
        this.#control.refusal(refused, "BDAT", DELIVERING),
      );
    }
    const finals = await this.#finals("BDAT", envelope);
    return await this.#result(envelope, finals, "BDAT");
  }

  async #byData(): Promise<SendResult> {
    const envelope = await this.#sendEnvelope(["DATA"]);
    // Without pipelining DATA is sent only where there is somebody to receive.
    const asked = this.#plan.pipelining || !envelope.failure;
    const reply = asked ? await this.#askForData() : undefined;
    if (envelope.failure) {
      if (reply?.code === 354) await this.#sendNothing(envelope.failure);
      return await this.#fail(envelope, envelope.failure);
    }
    if (reply!.code !== 354) {
      return await this.#fail(
        envelope,
        this.#control.refusal(reply!, "DATA", DELIVERING),
      );
    }
    const first = await sendByData(
      this.#control,
      this.#content,
      (uncertain) => this.uncertain = uncertain,
    );
    if (first.code >= 300 && first.code < 400) {
      throw this.#control.broken(first, DELIVERING);
    }
    if (this.#lmtp && first.code < 300) {
      this.#delivered.push(envelope.accepted[0]!);
    }
    const finals = [first, ...await this.#finals("DATA", envelope, 1)];
    return await this.#result(envelope, finals, "DATA");
  }

  async #askForData(): Promise<SmtpReply> {
    if (!this.#plan.pipelining) await this.#control.send("DATA");
    const reply = await this.#control.reply("DATA", "data");
    if (reply.code !== 354 && reply.code < 400) {
      throw this.#control.broken(reply, "DATA");
    }
    return reply;
  }

  /**
   * A server that says 354 although it took no recipient gets a lone dot, and
   * whatever it answers is no delivery (RFC 2920 section 3.1). In LMTP it would
   * answer nothing (RFC 2033 section 4.2).
   */
  async #sendNothing(failure: SmtpError): Promise<void> {
    if (this.#lmtp) return this.#control.connection.close(failure);
    await this.#control.send(".");
    await this.#control.reply("end the empty message", "end");
  }

  #commands(): string[] {
    const { mail, recipients } = this.#plan;
    return [mail, ...recipients.map(({ command }) => command)];
  }

  /** Writes without waiting; a failure shows where the replies are read. */
  #write(commands: string[], content?: Uint8Array): void {
    this.#writing = this.#control.sendAll(commands, content);
    // Without all of it nothing that we send next would be what it is.
    this.#writing.catch((error) => this.#control.connection.close(error));
  }

  /** MAIL and RCPT and, where the server takes them together, what follows. */
  async #sendEnvelope(following: string[]): Promise<Envelope> {
    if (!this.#plan.pipelining) return await this.#readEnvelope();
    this.#write([...this.#commands(), ...following]);
    const envelope = await this.#readEnvelope();
    await this.#writing;
    return envelope;
  }

  /** Reads the replies to MAIL and RCPT; without pipelining sends them too. */
  async #readEnvelope(): Promise<Envelope> {
    const { mail, recipients, rejected } = this.#plan;
    const envelope: Envelope = {
      accepted: [],
      rejected: [],
      failure: undefined,
      open: false,
    };
    const sent = await this.#step(mail);
    if (sent.code >= 400) {
      envelope.failure = this.#control.refusal(sent, mail);
      if (!this.#plan.pipelining) return envelope;
    }
    envelope.open = sent.code < 400;
    for (const { address, command } of recipients) {
      const reply = await this.#step(command);
      if (reply.code < 400) envelope.accepted.push(address);
      else envelope.rejected.push({ address, reply });
    }
    envelope.rejected.push(...rejected);
    if (envelope.accepted.length === 0) {
      envelope.failure ??= noneAccepted(envelope.rejected, recipients);
    }
    return envelope;
  }

  async #step(command: string): Promise<SmtpReply> {
    if (!this.#plan.pipelining) await this.#control.send(command);
    const reply = await this.#control.reply(command);
    if (reply.code >= 300 && reply.code < 400) {
      throw this.#control.broken(reply, command);
    }
    // With the goodbye the rest of what was sent goes unanswered.
    if (reply.code === 421) {
      this.uncertain = false;
      throw this.#control.refusal(reply, command);
    }
    return reply;
  }

  /** The replies to the message: one, or in LMTP one for each recipient. */
  async #finals(
    command: string,
    { accepted }: Envelope,
    read = 0,
  ): Promise<SmtpReply[]> {
    const count = this.#lmtp ? Math.max(1, accepted.length) : 1;
    const replies: SmtpReply[] = [];
    for (let n = read; n < count; n++) {
      const reply = await this.#control.reply(HEARING, "end");
      if (reply.code >= 300 && reply.code < 400) {
        throw this.#control.broken(reply, command);
      }
      replies.push(reply);
      if (this.#lmtp && reply.code < 300) this.#delivered.push(accepted[n]!);
    }
    return replies;
  }

  async #result(
    { accepted, rejected, open }: Envelope,
    finals: SmtpReply[],
    command: string,
  ): Promise<SendResult> {
    this.uncertain = false;
    // The server says goodbye.
    const goodbye = finals.find(({ code }) => code === 421);
    if (goodbye) this.#control.refusal(goodbye, command, DELIVERING);
    // RFC 2033 section 4.2: in the order of the recipients.
    const taken = accepted.filter((_, at) =>
      (finals[at] ?? finals[0]!).code < 300
    );
    const refused = accepted.flatMap((address, at) => {
      const reply = finals[at] ?? finals[0]!;
      return reply.code < 300 ? [] : [{ address, reply }];
    });
    if (taken.length === 0) {
      const error = this.#control.refusal(
        refused[0]!.reply,
        command,
        DELIVERING,
        this.#lmtp ? [...rejected, ...refused] : rejected,
      );
      // The transaction is over, whatever was answered.
      return await this.#fail(
        {
          accepted: [],
          rejected,
          failure: error,
          open: open && command !== "DATA",
        },
        error,
      );
    }
    return {
      accepted: taken,
      rejected: [...rejected, ...refused],
      reply: finals.find(({ code }) => code < 300)!,
      secure: this.#control.connection.secure,
      extensions: [...this.#plan.used],
    };
  }

  /** Makes the connection ready for the next message, and rejects. */
  async #fail(envelope: Envelope, failure: SmtpError): Promise<never> {
    if (envelope.open && !this.#control.closed) {
      try {
        await this.#control.command("RSET");
      } catch (error) {
        // It would take the next message for a part of this one.
        this.#control.connection.close(error);
      }
    }
    throw failure;
  }
}

function noneAccepted(
  rejected: RejectedRecipient[],
  recipients: Plan["recipients"],
): SmtpError {
  const { address, reply } = rejected[0]!;
  const command = recipients.find((one) => one.address === address)?.command;
  const others = rejected.length - 1;
  const { code, enhancedCode, text, lines } = reply;
  return new SmtpError(code, enhancedCode, text, {
    command,
    doing: command +
      (others > 0 ? ` (and to ${others} more, all of them refused)` : ""),
    lines,
    rejected,
  });
}

/** A loss of the connection, when all of the message was sent by then. */
function asUncertain(error: unknown, delivered: string[]): unknown {
  const message = "Cannot tell whether the message was delivered: all of it " +
    `was sent, then the connection was lost (${(error as Error)?.message})`;
  if (error instanceof DOMException) {
    return error.name === "TimeoutError" ? timeoutError(message) : error;
  }
  const isOs = Object.values(Deno.errors).some((one) => error instanceof one);
  if (isOs || error instanceof ProtocolError) {
    const uncertain = new SmtpUncertainError(message, { cause: error });
    uncertain.accepted = delivered;
    return uncertain;
  }
  // Whoever closed the client or aborted knows it.
  return error;
}
