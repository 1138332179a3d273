import { encodeText } from "../../_wire/command.ts";
import { Connection } from "../../_wire/connection.ts";
import { ProtocolError } from "../../_wire/errors.ts";
import { withDefaults } from "../../_wire/limits.ts";
import type { TlsBridge } from "../../_wire/tls_bridge.ts";
import { Watchdog } from "../../_wire/watchdog.ts";
import type { SmtpError } from "../smtp/smtp_error.ts";

const LF = 0x0a;

/**
 * Bytes in a command line. RFC 4954 section 4 has the longest, a response in
 * AUTH.
 */
const LINE_LIMIT = 12_288 + 2;

/** Bytes of text in a reply line. */
const LONGEST_TEXT = 480;

/** How long a client may take to hang up after our goodbye, in ms. */
const LINGER = 1_000;

/** A connection as its server sees it: commands in, replies out. */
export class Channel {
  readonly connection: Connection;
  /** Whether a command is being waited for: nothing is under way. */
  waiting = false;
  /** Whether enhanced status codes are said; not before EHLO (RFC 2034). */
  enhanced = false;
  /** Whether replies may be beyond ASCII (RFC 6531 section 3.7.4.1). */
  utf8 = false;
  #watchdog: Watchdog;
  #replies = "";
  #flushed: Promise<void> = Promise.resolve();
  #shakingHands = false;
  #stopping = false;
  #leaving: Promise<void> | undefined;

  constructor(tcp: Deno.Conn, o: { timeout: number }) {
    this.#watchdog = new Watchdog(o.timeout, "client");
    this.connection = new Connection(tcp, {
      watchdog: this.#watchdog,
      limits: withDefaults({ line: LINE_LIMIT }),
      // RFC 5321 section 4.5.3.2.7.
      onExpired: (error) => this.#sayTimeout(error),
    });
    this.connection.lines.strict = true;
  }

  /**
   * The next line; undefined where the client has hung up. Replies wait until
   * nothing more has come, so that pipelined commands get theirs together.
   */
  async readLine(doing: string): Promise<string | undefined> {
    const { bytes, lines } = this.connection;
    this.#watchdog.doing = doing;
    if (bytes.peek().indexOf(LF) < 0) {
      await this.flush();
      this.waiting = true;
      // Asked for while we were writing.
      if (this.#stopping) await this.interrupt();
    }
    try {
      const line = await lines.readLine();
      // Said goodbye meanwhile: what is not answered must not be done.
      return this.#leaving ? undefined : line;
    } catch (error) {
      if (!(error instanceof ProtocolError)) throw error;
      // What follows might be read in two ways: nothing of it is read.
      this.reply(500, "5.5.2", `${error.message}; goodbye`);
      await this.hangUp();
      return undefined;
    } finally {
      this.waiting = false;
    }
  }

  /** Adds a reply; a line for each of its own. */
  reply(code: number, enhancedCode: string | undefined, text: string): void {
    const known = /^[245]\.\d{1,3}\.\d{1,3}$/.test(enhancedCode ?? "");
    const prefix = this.enhanced && known ? `${enhancedCode} ` : "";
    const lines = text.split(/\r\n|\r|\n/).map((line) => {
      // deno-lint-ignore no-control-regex
      const clean = line.replace(/[\x00-\x1f\x7f]/g, " ");
      // deno-lint-ignore no-control-regex
      return cut(this.utf8 ? clean : clean.replace(/[^\x00-\x7f]/gu, "?"));
    });
    this.#replies += lines.map((line, at) =>
      `${code}${at < lines.length - 1 ? "-" : " "}${prefix}${line}\r\n`
    ).join("");
  }

  /** Adds what an error stands for. */
  refuse({ code, enhancedCode, reply }: SmtpError): void {
    this.reply(code, enhancedCode, reply.text);
  }

  /** Sends the replies that are waiting. */
  flush(): Promise<void> {
    if (this.#replies === "") return this.#flushed;
    const bytes = encodeText(this.#replies, "utf-8");
    this.#replies = "";
    return this.#flushed = this.#flushed
      .then(() => this.connection.write(bytes));
  }

  /** TLS, after the reply that allowed it. */
  async acceptTls(bridge: TlsBridge): Promise<void> {
    this.#watchdog.doing = "start TLS";
    this.#shakingHands = true;
    await this.connection.acceptTls(bridge);
    this.#shakingHands = false;
    this.enhanced = false;
  }

  /**
   * Says what is left to say and ends. The client is given a moment to hang up:
   * closing with something unread would take our last words back.
   */
  hangUp(): Promise<void> {
    return this.#leaving ??= this.#leave();
  }

  async #leave(): Promise<void> {
    const { connection } = this;
    const timer = setTimeout(() => connection.close(), LINGER);
    try {
      await this.flush();
      await connection.closeWrite();
      const waste = new Uint8Array(64 * 1024);
      while (await connection.bytes.read(waste) !== null);
    } catch {
      // It has hung up, or was cut off.
    } finally {
      clearTimeout(timer);
      connection.close();
    }
  }

  /** Says goodbye where a command is waited for: whoever waits there ends. */
  async interrupt(): Promise<void> {
    this.#stopping = true;
    if (this.#shakingHands) return this.connection.close();
    if (!this.waiting || this.#leaving) return;
    this.reply(421, "4.3.2", "The server shuts down");
    await this.hangUp();
  }

  async #sayTimeout(error: DOMException): Promise<void> {
    // In a handshake nobody would understand us, and in a message somebody else
    // is reading: the bytes must not go to two.
    if (!this.waiting || this.#leaving) return this.connection.close(error);
    this.reply(421, "4.4.2", "Waited too long; goodbye");
    await this.hangUp();
  }
}

/** What fits into a reply line (RFC 5321 section 4.5.3.1.5), codes apart. */
function cut(line: string): string {
  if (line.length <= LONGEST_TEXT / 3) return line;
  const { read } = new TextEncoder().encodeInto(
    line,
    new Uint8Array(LONGEST_TEXT),
  );
  return line.slice(0, read);
}
