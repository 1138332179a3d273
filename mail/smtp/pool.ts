import { abortable } from "../../_wire/abortable.ts";
import { stateError } from "../../_wire/errors.ts";
import { GOODBYE, sayGoodbye } from "../../_wire/goodbye.ts";
import type { BodySource, OperationOptions } from "../../_wire/options.ts";
import { Content } from "./content.ts";
import { type CheckedEnvelope, checkEnvelope } from "./envelope.ts";
import type { MailMessage } from "../message/mod.ts";
import { outgoing, type SendArgument } from "./outgoing.ts";
import { type CheckedOptions, checkOptions } from "./options.ts";
import { limitOf } from "./replies.ts";
import { type Progress, Session } from "./session.ts";
import type { SendResult, SmtpEnvelope, SmtpPoolOptions } from "./types.ts";

/** A message that waits for a connection, or is on one. */
interface Job {
  envelope: CheckedEnvelope;
  content: Content;
  signal: AbortSignal | undefined;
  resolve: (result: SendResult) => void;
  reject: (reason: unknown) => void;
}

/** A connection of the pool. */
interface Member {
  session: Session;
  /** Messages it has carried. */
  carried: number;
  /** Whether goodbye is being said. */
  leaving: boolean;
}

/**
 * Several connections to one server for many messages. Connections are made as
 * messages come, used again, and replaced when they have carried
 * `maxMessages` or were lost. A message that met a lost connection goes by
 * another one, except where all of it had been sent: it is never sent twice,
 * and its sender is told by `SmtpUncertainError`.
 *
 * When no connection can be made at all, every message that waits is rejected
 * with the reason.
 *
 * @example Send to many
 * ```ts
 * import { SmtpPool } from "@wireline/std/mail/smtp";
 *
 * await using pool = new SmtpPool({
 *   hostname: "smtp.example.com",
 *   tls: "starttls",
 *   auth: { user: "ada", secret: "secret" },
 *   maxConnections: 3,
 * });
 * const to = ["bob@example.com", "eve@example.com"];
 * const sent = await Promise.allSettled(to.map((address) =>
 *   pool.sendMail(
 *     { from: "ada@example.com", to: address },
 *     `To: ${address}\r\nSubject: News\r\n\r\nHello!\r\n`,
 *   )
 * ));
 * console.log(sent.filter(({ status }) => status === "rejected"));
 * ```
 */
export class SmtpPool implements AsyncDisposable {
  #options: CheckedOptions;
  #auth: SmtpPoolOptions["auth"];
  #allowInsecureAuth: boolean;
  #signal: AbortSignal | undefined;
  #maxConnections: number;
  #maxMessages: number;
  /** Connections that the server lets us have, as far as it showed. */
  #most: number;
  #waiting: Job[] = [];
  /** Messages that wait for those. */
  #unseen: Job[] = [];
  /** Messages whose first part is being read. */
  #looking = new Set<Job>();
  /** Messages for which a connection is being made. */
  #unconnected = new Set<Job>();
  #idle: Member[] = [];
  /** All that are connected, and how many are being made. */
  #members = new Set<Member>();
  #connecting = 0;
  /** What `close` has to wait for. */
  #unsettled = new Set<Promise<unknown>>();
  #closing: Promise<void> | undefined;
  #abort: () => void;
  /** Ends the making of connections that nobody waits for any more. */
  #abandon = new AbortController();

  /** Connects to nothing yet. Bad options are a `TypeError`. */
  constructor(options: SmtpPoolOptions) {
    const abandon = this.#abandon.signal;
    this.#options = checkOptions({
      ...options,
      signal: options.signal
        ? AbortSignal.any([options.signal, abandon])
        : abandon,
    });
    this.#auth = options.auth;
    this.#allowInsecureAuth = options.allowInsecureAuth ?? false;
    this.#maxConnections = this.#most = atLeastOne(
      "maxConnections",
      options.maxConnections ?? 5,
    );
    this.#maxMessages = atLeastOne("maxMessages", options.maxMessages ?? 100);
    this.#signal = options.signal;
    this.#abort = () => {
      const reason = this.#signal?.reason;
      this.#rejectAll(reason);
      for (const { content } of this.#looking) content.interrupt(reason);
      for (const { session } of this.#members) {
        session.control.connection.close(reason);
      }
    };
    this.#signal?.addEventListener("abort", this.#abort, { once: true });
  }

  /**
   * Sends a message to those whom it names, as soon as a connection is free.
   */
  sendMail(
    message: MailMessage,
    options?: OperationOptions,
  ): Promise<SendResult>;
  /**
   * Sends a message as {@linkcode SmtpClient.sendMail} does, as soon as a
   * connection is free.
   */
  sendMail(
    envelope: SmtpEnvelope,
    message: BodySource | MailMessage,
    options?: OperationOptions,
  ): Promise<SendResult>;
  async sendMail(
    first: SmtpEnvelope | MailMessage,
    second?: SendArgument,
    third?: OperationOptions,
  ): Promise<SendResult> {
    const { envelope, source, options } = outgoing(first, second, third);
    const { signal } = options;
    const checked = checkEnvelope(envelope);
    signal?.throwIfAborted();
    this.#signal?.throwIfAborted();
    if (this.#closing) {
      throw stateError("Cannot send the message: the pool was closed");
    }
    const content = new Content(source, envelope);
    const { promise, resolve, reject } = Promise.withResolvers<SendResult>();
    const job: Job = { envelope: checked, content, signal, resolve, reject };
    // Where it is on a connection, that has its own way to stop.
    const abort = () => {
      let found = this.#unconnected.has(job);
      for (const queue of [this.#waiting, this.#unseen]) {
        const at = queue.indexOf(job);
        if (at < 0) continue;
        queue.splice(at, 1);
        found = true;
      }
      if (found) reject(signal?.reason);
      content.interrupt(signal?.reason);
    };
    signal?.addEventListener("abort", abort, { once: true });
    this.#settles(promise);
    this.#unseen.push(job);
    this.#lookAhead();
    try {
      return await promise;
    } finally {
      signal?.removeEventListener("abort", abort);
      void content.discard();
    }
  }

  /** Begins to read a few of the sources only: some are open files. */
  #lookAhead(): void {
    const most = 2 * this.#maxConnections;
    while (
      this.#unseen.length > 0 &&
      this.#looking.size + this.#waiting.length < most
    ) {
      this.#look(this.#unseen.shift()!);
    }
  }

  /**
   * Reads the first part of a message before it waits for a connection: no
   * connection has to wait for it, and none that is lost meanwhile hurts it.
   */
  async #look(job: Job): Promise<void> {
    this.#looking.add(job);
    try {
      await job.content.look();
      this.#waiting.push(job);
      this.#next();
    } catch (error) {
      job.reject(error);
    } finally {
      this.#looking.delete(job);
      this.#lookAhead();
    }
  }

  /**
   * Waits until every message is sent or rejected, then says goodbye on every
   * connection. Never rejects; may be called twice.
   */
  close(): Promise<void> {
    return this.#closing ??= this.#close();
  }

  /**
   * Says goodbye on every connection, for at most 5 s. Messages that are not
   * sent by then are rejected, and those under way not completed: wait for them
   * first, or for `close()`.
   */
  async [Symbol.asyncDispose](): Promise<void> {
    const reason = stateError("Cannot send the message: the pool was closed");
    this.#rejectAll(reason);
    for (const job of this.#unconnected) job.reject(reason);
    for (const { content } of this.#looking) content.interrupt(reason);
    this.#abandon.abort(reason);
    const idle = new Set(this.#idle);
    for (const member of this.#members) {
      if (idle.has(member) || member.leaving) continue;
      member.session.control.connection.close(reason);
    }
    const { promise: late, resolve } = Promise.withResolvers<void>();
    const timer = setTimeout(resolve, GOODBYE);
    await Promise.race([this.close(), late]);
    clearTimeout(timer);
  }

  async #close(): Promise<void> {
    // Of those that settle, some may leave a goodbye behind.
    while (this.#unsettled.size > 0) {
      await Promise.allSettled([...this.#unsettled]);
    }
    await Promise.all(this.#idle.splice(0).map((one) => this.#retire(one)));
    this.#signal?.removeEventListener("abort", this.#abort);
  }

  #settles(promise: Promise<unknown>): void {
    const settled = promise.catch(() => {})
      .finally(() => this.#unsettled.delete(settled));
    this.#unsettled.add(settled);
  }

  /** Gives waiting messages to free connections, and makes more of these. */
  #next(): void {
    this.#lookAhead();
    while (this.#waiting.length > 0) {
      // The one that was used last: the others may rest until they go.
      const member = this.#idle.pop();
      if (member) {
        this.#settles(this.#carry(member, this.#waiting.shift()!));
        continue;
      }
      if (this.#members.size + this.#connecting >= this.#most) return;
      this.#connecting++;
      this.#settles(this.#connect(this.#waiting.shift()!));
    }
  }

  /** Makes a connection for a message. */
  async #connect(job: Job): Promise<void> {
    let session: Session | undefined;
    this.#unconnected.add(job);
    try {
      const { reach, setup } = this.#options;
      const opened = session = await Session.open(reach, setup());
      await abortable(
        reach.signal,
        (reason) => opened.control.connection.close(reason),
        () => this.#signIn(opened),
      );
    } catch (error) {
      session?.control.connection.close(error);
      this.#connecting--;
      this.#unconnected.delete(job);
      return this.#cannotConnect(job, error);
    }
    this.#connecting--;
    this.#unconnected.delete(job);
    const member = { session, carried: 0, leaving: false };
    this.#members.add(member);
    // Aborted after it was connected, and before it was a member.
    if (this.#signal?.aborted) this.#abort();
    // Given up meanwhile: the connection serves others.
    if (job.signal?.aborted) this.#release(member);
    else await this.#carry(member, job);
  }

  async #signIn(session: Session): Promise<void> {
    if (!this.#auth) return;
    const { user, secret, mechanism } = this.#auth;
    await session.login(user, secret, {
      mechanism,
      allowInsecureAuth: this.#allowInsecureAuth,
    });
  }

  /**
   * With other connections at work the server just does not want that many:
   * the message waits for one of them.
   */
  #cannotConnect(job: Job, error: unknown): void {
    const others = this.#members.size + this.#connecting;
    if (others > 0) {
      this.#most = others;
      if (!job.signal?.aborted) this.#waiting.unshift(job);
      // One of them may be idle by now.
      this.#next();
    } else {
      this.#most = this.#maxConnections;
      job.reject(error);
      this.#rejectAll(error);
    }
  }

  #rejectAll(reason: unknown): void {
    const all = [...this.#waiting.splice(0), ...this.#unseen.splice(0)];
    for (const { reject } of all) reject(reason);
  }

  async #carry(member: Member, job: Job): Promise<void> {
    const { session } = member;
    const { signal } = job;
    const progress: Progress = {};
    try {
      const result = await abortable(
        signal,
        (reason) => {
          if (progress.transaction?.begun) {
            session.control.connection.close(reason);
          }
        },
        async () => {
          return await session.send(
            job.envelope,
            job.content,
            progress,
            signal,
          );
        },
      );
      job.resolve(result);
    } catch (error) {
      // Only where the connection was a used one: a server that refuses each
      // new one is not asked for ever.
      const again = member.carried > 0 && session.control.closed &&
        !progress.transaction?.uncertain && !job.content.taken &&
        !signal?.aborted && !this.#signal?.aborted;
      if (again) this.#waiting.unshift(job);
      else job.reject(error);
    }
    member.carried++;
    this.#release(member);
  }

  /** A connection is free again, or has done its part. */
  #release(member: Member): void {
    const { session, carried } = member;
    const most = Math.min(
      this.#maxMessages,
      limitOf(session.extensions, "MAILMAX"),
    );
    if (session.control.closed || carried >= most) {
      this.#settles(this.#retire(member));
    } else {
      this.#idle.push(member);
      this.#watch(member);
    }
    this.#next();
  }

  /** A server that speaks or hangs up while nothing is asked wants no more. */
  #watch(member: Member): void {
    if (this.#waiting.length + this.#unseen.length > 0) return;
    member.session.control.listen().then(() => {
      const at = this.#idle.indexOf(member);
      if (at < 0) return;
      this.#idle.splice(at, 1);
      member.session.control.connection.close();
      this.#forget(member);
    });
  }

  /** Its place is free for another one when the server has let it go. */
  async #retire(member: Member): Promise<void> {
    const { session } = member;
    member.leaving = true;
    const close = () => session.control.connection.close();
    await sayGoodbye({
      quit: ({ signal }) => abortable(signal, close, () => session.quit()),
      close,
    }, { unfinished: session.control.closed });
    this.#forget(member);
  }

  #forget(member: Member): void {
    this.#members.delete(member);
    this.#most = this.#maxConnections;
    this.#next();
  }
}

function atLeastOne(name: string, value: number): number {
  // Infinity, too.
  if (value >= 1) return value;
  throw new TypeError(`Cannot use ${name}: ${value} is less than 1`);
}
