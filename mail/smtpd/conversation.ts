import type { ByteReader } from "../../_wire/byte_reader.ts";
import { ProtocolError } from "../../_wire/errors.ts";
import type { TlsBridge } from "../../_wire/tls_bridge.ts";
import { SmtpError } from "../smtp/smtp_error.ts";
import { Channel } from "./channel.ts";
import { chunkSource, dataSource, Incoming } from "./incoming.ts";
import {
  type Command,
  parseBdat,
  parseCommand,
  parseMail,
  parseRecipient,
  tooLarge,
} from "./parse_command.ts";
import { offeredMechanisms, signIn } from "./sign_in.ts";
import type {
  ReceivedEnvelope,
  SmtpServerOptions,
  SmtpSession,
} from "./types.ts";

/** Refused commands after which a client is shown the door. */
const MAX_ERRORS = 20;

/** What a conversation gets from its server. */
export interface Host {
  options: SmtpServerOptions;
  maxSize: number;
  maxRecipients: number;
  timeout: number;
  /** Where there is TLS. */
  bridge: TlsBridge | undefined;
  fakeSecret: Uint8Array;
}

/** A message that is being received. */
interface Receiving {
  incoming: Incoming;
  /** What the handler came to: why it refused, or nothing. */
  handled: Promise<SmtpError | undefined>;
}

/** One connection, from the greeting to the end (RFC 5321 section 3). */
export class Conversation {
  readonly channel: Channel;
  #host: Host;
  #clientName = "";
  #extended = false;
  #user: string | undefined;
  #envelope: ReceivedEnvelope | undefined;
  /** Between two chunks, or in the middle of a message. */
  #receiving: Receiving | undefined;
  #errors = 0;
  /** The latest refusal that is a handler's and not ours. */
  #handlers: SmtpError | undefined;
  #ended = false;
  #stopping = false;

  constructor(tcp: Deno.Conn, host: Host) {
    this.#host = host;
    this.channel = new Channel(tcp, { timeout: host.timeout });
  }

  /** Runs until the connection is closed; never rejects. */
  async run(): Promise<void> {
    const { channel } = this;
    try {
      const { bridge, options } = this.#host;
      if (options.implicitTls) await channel.acceptTls(bridge!);
      channel.reply(220, undefined, `${this.#name} ESMTP`);
      while (!this.#ended) {
        const line = await channel.readLine("read a command");
        if (line === undefined) return;
        await this.#take(parseCommand(line));
      }
      await channel.hangUp();
    } catch {
      // Lost, or out of time: there is nobody to tell.
    } finally {
      await this.#giveUp("Cannot read the message: the connection has ended");
      channel.connection.close();
    }
  }

  /** Ends: at once where a command is waited for, else behind what is done. */
  async stop(): Promise<void> {
    this.#stopping = true;
    await this.channel.interrupt();
  }

  get #name(): string {
    const { name } = this.#host.options;
    if (name !== undefined) return name;
    const { hostname } = this.channel.connection.localAddr;
    return hostname.includes(":") ? `[IPv6:${hostname}]` : `[${hostname}]`;
  }

  /** What the handlers are told: things as they are now. */
  get #session(): SmtpSession {
    const { connection } = this.channel;
    return {
      remoteAddr: connection.remoteAddr,
      localAddr: connection.localAddr,
      secure: connection.secure,
      clientName: this.#clientName,
      extended: this.#extended,
      ...(this.#user !== undefined && { user: this.#user }),
    };
  }

  /** Does a command, and says what came of it. */
  async #take(command: Command): Promise<void> {
    try {
      await this.#do(command);
    } catch (error) {
      if (!(error instanceof SmtpError)) throw error;
      this.channel.refuse(error);
      // A handler says goodbye (RFC 5321 section 3.8).
      if (error.code === 421) this.#ended = true;
      // Not what a handler refuses: a list of bad addresses is no attack.
      const clumsy = error !== this.#handlers && error.code >= 500 &&
        (error.code <= 504 || error.code === 535);
      if (clumsy && ++this.#errors >= MAX_ERRORS) {
        this.channel.reply(421, "4.7.0", "Too many errors; goodbye");
        this.#ended = true;
      }
    }
    if (this.#stopping && !this.#ended) {
      this.channel.reply(421, "4.3.2", "The server shuts down");
      this.#ended = true;
    }
  }

  async #do({ verb, argument }: Command): Promise<void> {
    if (this.#receiving && !/^(BDAT|RSET|NOOP|QUIT|EHLO|HELO)$/.test(verb)) {
      throw outOfOrder("The message is not finished: send BDAT or RSET");
    }
    switch (verb) {
      case "EHLO":
      case "HELO":
        return await this.#hello(verb === "EHLO", argument);
      case "MAIL":
        return await this.#mail(argument);
      case "RCPT":
        return await this.#recipient(argument);
      case "DATA":
        return await this.#data(argument);
      case "BDAT":
        return await this.#bdat(argument);
      case "RSET":
        await this.#reset();
        return this.channel.reply(250, "2.0.0", "OK");
      case "NOOP":
        return this.channel.reply(250, "2.0.0", "OK");
      case "VRFY":
      case "EXPN":
        if (argument === "") {
          throw new SmtpError(501, "5.5.4", `Syntax: ${verb} name`);
        }
        // Who asks may be collecting addresses (RFC 5321 section 7.3).
        return this.channel.reply(252, "2.5.0", "Not told; send the message");
      case "HELP":
        return this.channel.reply(
          214,
          "2.0.0",
          "EHLO HELO MAIL RCPT DATA BDAT RSET NOOP VRFY EXPN HELP AUTH " +
            "STARTTLS QUIT\nSee RFC 5321",
        );
      case "STARTTLS":
        return await this.#startTls(argument);
      case "AUTH":
        return await this.#auth(argument);
      case "QUIT":
        this.channel.reply(221, "2.0.0", "Goodbye");
        this.#ended = true;
        return;
    }
    throw new SmtpError(500, "5.5.1", "That command is not known");
  }

  async #hello(extended: boolean, name: string): Promise<void> {
    if (name === "") throw new SmtpError(501, "5.5.4", "Syntax: EHLO name");
    await this.#reset();
    const { channel } = this;
    this.#clientName = name;
    this.#extended = extended;
    channel.enhanced = false;
    channel.reply(
      250,
      undefined,
      [this.#name, ...(extended ? this.#extensions() : [])].join("\n"),
    );
    channel.enhanced = extended;
  }

  #extensions(): string[] {
    const mechanisms = offeredMechanisms(this.#signIn);
    return [
      "PIPELINING",
      `SIZE ${this.#host.maxSize}`,
      "8BITMIME",
      "SMTPUTF8",
      "CHUNKING",
      "BINARYMIME",
      "DSN",
      "ENHANCEDSTATUSCODES",
      ...(this.#mayStartTls ? ["STARTTLS"] : []),
      ...(mechanisms.length > 0 ? [`AUTH ${mechanisms.join(" ")}`] : []),
      "HELP",
    ];
  }

  get #mayStartTls(): boolean {
    return this.#host.bridge !== undefined && !this.channel.connection.secure;
  }

  async #mail(argument: string): Promise<void> {
    if (this.#clientName === "") throw outOfOrder("Say EHLO first");
    if (this.#envelope) throw outOfOrder("There is a sender already");
    const envelope = parseMail(argument, {
      extended: this.#extended,
      maxSize: this.#host.maxSize,
    });
    await this.#ask(this.#host.options.onMail, envelope.from);
    this.#envelope = envelope;
    this.channel.utf8 = envelope.smtpUtf8;
    this.channel.reply(250, "2.1.0", "OK");
  }

  async #recipient(argument: string): Promise<void> {
    const envelope = this.#envelope;
    if (!envelope) throw outOfOrder("Say MAIL first");
    const recipient = parseRecipient(argument, {
      extended: this.#extended,
      smtpUtf8: envelope.smtpUtf8,
    });
    if (envelope.to.length >= this.#host.maxRecipients) {
      throw new SmtpError(452, "4.5.3", "Too many recipients");
    }
    await this.#ask(this.#host.options.onRecipient, recipient.address);
    envelope.recipients.push(recipient);
    envelope.to.push(recipient.address);
    this.channel.reply(250, "2.1.5", "OK");
  }

  async #data(argument: string): Promise<void> {
    if (argument !== "") throw new SmtpError(501, "5.5.4", "Syntax: DATA");
    const envelope = this.#complete();
    if (envelope.body === "binarymime") {
      // RFC 3030 section 3.
      throw outOfOrder("BODY=BINARYMIME needs BDAT");
    }
    const { channel } = this;
    channel.reply(354, undefined, "Send the message, end with a lone dot");
    await channel.flush();
    const { bytes } = channel.connection;
    const receiving = this.#begin(
      envelope,
      envelope.size ?? await sizeToCome(bytes),
    );
    await this.#receive(receiving, dataSource(bytes));
    await this.#finish(receiving);
  }

  /** RFC 3030 section 2. */
  async #bdat(argument: string): Promise<void> {
    const { bytes } = this.channel.connection;
    let chunk: { size: number; last: boolean };
    try {
      chunk = parseBdat(argument);
    } catch (error) {
      // What follows may be a message or commands.
      this.#ended = true;
      throw error;
    }
    const { size, last } = chunk;
    const source = chunkSource(bytes, size);
    if (size > 2 * this.#host.maxSize) {
      // Not even read to be thrown away.
      this.#ended = true;
      throw tooLarge(this.#host.maxSize);
    }
    let receiving = this.#receiving;
    if (!receiving) {
      let envelope: ReceivedEnvelope;
      try {
        envelope = this.#complete();
      } catch (error) {
        // The octets come all the same.
        if (bytes.buffered < size) await this.channel.flush();
        await drain(source);
        throw error;
      }
      receiving = this.#begin(envelope, last ? size : envelope.size);
    }
    // Who waits for the replies before he sends the octets (RFC 2920 section
    // 3.2) must not wait in vain.
    if (bytes.buffered < size) await this.channel.flush();
    await this.#receive(receiving, source);
    if (last || receiving.incoming.refusal) {
      return await this.#finish(receiving);
    }
    this.channel.reply(250, "2.0.0", `${size} octets received`);
  }

  /** The envelope, where it has all that a message needs. */
  #complete(): ReceivedEnvelope {
    if (!this.#envelope) throw outOfOrder("Say MAIL first");
    if (this.#envelope.to.length === 0) {
      throw new SmtpError(554, "5.5.1", "There is no recipient");
    }
    return this.#envelope;
  }

  #begin(envelope: ReceivedEnvelope, expected: number | undefined): Receiving {
    const incoming = new Incoming({
      maxSize: this.#host.maxSize,
      binary: envelope.body === "binarymime",
      expected,
    });
    const handled = this.#handle(envelope, incoming);
    return this.#receiving = { incoming, handled };
  }

  async #handle(
    envelope: ReceivedEnvelope,
    incoming: Incoming,
  ): Promise<SmtpError | undefined> {
    try {
      const { onMessage } = this.#host.options;
      await onMessage(envelope, incoming.stream, this.#session);
      return undefined;
    } catch (error) {
      return this.#asRefusal(error, incoming.failure);
    }
  }

  /** Reads a part of the message: the handler, or else we. */
  async #receive(
    { incoming, handled }: Receiving,
    source: ReturnType<typeof dataSource>,
  ): Promise<void> {
    const drained = incoming.feed(source);
    await Promise.race([drained, handled.then(() => incoming.drain())]);
  }

  async #finish({ incoming, handled }: Receiving): Promise<void> {
    incoming.end();
    const refused = await this.#meanwhile(handled);
    this.#forget();
    const refusal = incoming.refusal ?? refused;
    if (refusal) throw refusal;
    this.channel.reply(250, "2.0.0", "OK: accepted");
  }

  /** Waits for a handler, and sends what was said where it takes its time. */
  async #meanwhile<T>(answer: Promise<T>): Promise<T> {
    const timer = setTimeout(() => this.channel.flush().catch(() => {}), SLOW);
    try {
      return await answer;
    } finally {
      clearTimeout(timer);
    }
  }

  /** RSET, and whatever has its effect. */
  async #reset(): Promise<void> {
    await this.#giveUp("Cannot read the message: the client gave it up");
    this.#forget();
  }

  async #giveUp(why: string): Promise<void> {
    if (!this.#receiving) return;
    this.#receiving.incoming.fail(new ProtocolError(why));
    await this.#receiving.handled;
  }

  #forget(): void {
    this.#receiving = undefined;
    this.#envelope = undefined;
    this.channel.utf8 = false;
  }

  /** RFC 3207. */
  async #startTls(argument: string): Promise<void> {
    const { channel } = this;
    if (argument !== "") throw new SmtpError(501, "5.5.4", "Syntax: STARTTLS");
    if (!this.#mayStartTls) {
      throw channel.connection.secure
        ? outOfOrder("TLS is on already")
        : new SmtpError(502, "5.5.1", "TLS is not offered");
    }
    if (channel.connection.bytes.buffered > 0) {
      // Somebody hopes that it will pass for what the client says under TLS.
      this.#ended = true;
      throw outOfOrder("STARTTLS must be the last command");
    }
    await this.#reset();
    channel.reply(220, "2.0.0", "Go ahead");
    await channel.flush();
    await channel.acceptTls(this.#host.bridge!);
    // Section 4.2: what was said before is forgotten.
    this.#clientName = "";
    this.#extended = false;
    this.#user = undefined;
  }

  async #auth(argument: string): Promise<void> {
    if (!this.#extended) throw outOfOrder("Say EHLO first");
    if (this.#user !== undefined) throw outOfOrder("You have signed in");
    if (this.#envelope) throw outOfOrder("The message is not finished");
    let user: string | undefined;
    try {
      user = await signIn(this.channel, argument, this.#signIn);
    } catch (error) {
      if (error instanceof SmtpError) throw error;
      this.#report(error);
      throw new SmtpError(454, "4.7.0", "Cannot tell just now");
    }
    if (user === undefined) return;
    this.#user = user;
    this.channel.reply(235, "2.7.0", "Welcome");
  }

  get #signIn(): Parameters<typeof signIn>[2] {
    const { options, fakeSecret } = this.#host;
    return { options, session: this.#session, fakeSecret };
  }

  #report(error: unknown): void {
    try {
      const { onError } = this.#host.options;
      if (onError) onError(error, this.#session);
      else console.error(error);
    } catch (another) {
      console.error(another);
    }
  }

  /** Lets a handler look at an address. */
  async #ask(
    handler: SmtpServerOptions["onMail"],
    address: string,
  ): Promise<void> {
    try {
      const answer = handler?.(address, this.#session);
      // Nobody should wait for what is known while it thinks.
      if (answer) await this.#meanwhile(answer);
    } catch (error) {
      throw this.#asRefusal(error, undefined);
    }
  }

  /**
   * What the client is told of a handler's failure. What is no refusal is
   * reported, but for what the handler only passed on: `known`.
   */
  #asRefusal(error: unknown, known: unknown): SmtpError {
    const refuses = error instanceof SmtpError &&
      Number.isInteger(error.code) && error.code >= 400 && error.code < 600;
    if (refuses) return this.#handlers = error;
    if (error !== known || known === undefined) {
      this.#report(error);
    }
    return new SmtpError(451, "4.3.0", "Something went wrong here");
  }
}

/**
 * What a message has that has come at once, so that no more memory is taken for
 * it. Undefined for one that may be large.
 */
async function sizeToCome(bytes: ByteReader): Promise<number | undefined> {
  // A connection that is lost is the message's reader's to tell.
  if (bytes.buffered === 0) await bytes.fill().catch(() => {});
  const end = String.fromCharCode(...bytes.peek().subarray(-5));
  return end === "\r\n.\r\n" ? bytes.buffered : undefined;
}

/** How long a handler may take before what was said is sent, in ms. */
const SLOW = 5;

async function drain(source: ReturnType<typeof chunkSource>): Promise<void> {
  const waste = new Uint8Array(64 * 1024);
  while (await source.read(waste) !== null);
}

function outOfOrder(text: string): SmtpError {
  return new SmtpError(503, "5.5.1", text);
}
