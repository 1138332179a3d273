import { createHash } from "node:crypto";
import { parametersOf, parseCapabilities } from "../../_wire/capabilities.ts";
import type { ConnectionSetup } from "../../_wire/connection.ts";
import { isLoopback } from "../../_wire/loopback.ts";
import { openSession } from "../../_wire/open_session.ts";
import type { CheckedTls } from "../../_wire/tls.ts";
import { chooseMechanism, findMechanism } from "../sasl/choose.ts";
import { type SaslAnswer, signInBy } from "../sasl/exchange.ts";
import { saslprep } from "../sasl/saslprep.ts";
import type { SaslClient, SaslSecret } from "../sasl/types.ts";
import { Control } from "./control.ts";
import { Pop3Error } from "./pop3_error.ts";
import { parseTimestamp } from "./replies.ts";

/** Bytes in a command line with its end (RFC 2449 section 4). */
const LONGEST_COMMAND = 255;

/** How to reach the server. */
export interface Reach {
  hostname: string;
  port: number;
  tls: "none" | "starttls" | "implicit";
  tlsOptions: CheckedTls;
  timeout: number;
  signal: AbortSignal | undefined;
  allowInsecureAuth: boolean;
}

/** A connection that has been greeted, and what is known of the server. */
export class Session {
  readonly control: Control;
  /** Messages marked by DELE, which only QUIT deletes. */
  marked = 0;
  #reach: Reach;
  #timestamp: string | undefined;
  #capabilities: Map<string, string> | undefined;

  private constructor(control: Control, reach: Reach, greeting: string) {
    this.control = control;
    this.#reach = reach;
    this.#timestamp = parseTimestamp(greeting);
  }

  /** Connects, reads the greeting and puts TLS on. */
  static open(reach: Reach, setup: ConnectionSetup): Promise<Session> {
    const { hostname, port, tls, tlsOptions } = reach;
    const doing = `connect to ${hostname} port ${port}`;
    setup.watchdog.doing = doing;
    return openSession(
      {
        ...reach,
        tls: tls === "implicit" ? { options: tlsOptions } : undefined,
      },
      setup,
      async (connection) => {
        const control = new Control(connection, setup.watchdog);
        const greeting = control.accept(await control.status(doing), doing);
        const session = new Session(control, reach, greeting.text);
        if (tls === "starttls") {
          // RFC 2595 section 4. A refusal is an error, never a downgrade.
          await control.command("STLS");
          await connection.startTls(tlsOptions);
        }
        return session;
      },
    );
  }

  /** What the server says it can do; empty where it does not know CAPA. */
  async capabilities(): Promise<ReadonlyMap<string, string>> {
    if (this.#capabilities) return this.#capabilities;
    try {
      const lines = await this.control.lines("CAPA");
      return this.#capabilities = parseCapabilities(lines);
    } catch (error) {
      // What it cannot say just now may be said later.
      if (!(error instanceof Pop3Error) || error.transient) throw error;
      return this.#capabilities = new Map();
    }
  }

  /** Whether it takes commands before it has answered the last one. */
  async canPipeline(): Promise<boolean> {
    return (await this.capabilities()).has("PIPELINING");
  }

  /** Signs in by the best way that is offered. */
  async login(
    user: string,
    secret: SaslSecret,
    mechanism: string | undefined,
  ): Promise<void> {
    const wanted = mechanism?.toUpperCase();
    if (wanted === "APOP" || wanted === "USER") {
      if (typeof secret !== "string") {
        throw new TypeError(`Cannot sign in by ${wanted}: it takes a password`);
      }
      if (wanted === "APOP") return await this.apop(user, secret);
      return await this.#userPass(user, secret);
    }
    const { hostname, port } = this.#reach;
    const credentials = { user, secret, hostname, port };
    const offered = parametersOf(await this.capabilities(), "SASL");
    const choice = { offered, private: this.#private, mechanism };
    if (wanted !== undefined || typeof secret !== "string") {
      return await this.#signIn(chooseMechanism(credentials, choice));
    }
    // Where somebody may listen, APOP comes before what would show the password.
    const hidden = findMechanism(credentials, {
      ...choice,
      private: this.#unheard,
    });
    if (!hidden && this.#timestamp) return await this.apop(user, secret);
    const chosen = hidden ?? findMechanism(credentials, choice);
    if (chosen) return await this.#signIn(chosen);
    await this.#userPass(user, secret);
  }

  async #userPass(user: string, password: string): Promise<void> {
    this.#refuseInsecure("USER");
    await this.user(user);
    await this.pass(password);
  }

  /** USER (RFC 1939 section 7). */
  async user(name: string): Promise<string> {
    await this.useUtf8For(name);
    const { text } = await this.control.command(`USER ${name}`);
    return this.control.connection.mask(text);
  }

  /** PASS (RFC 1939 section 7). */
  async pass(password: string): Promise<string> {
    this.#refuseInsecure("PASS");
    const { control } = this;
    control.connection.hide(password);
    try {
      const { text } = await control.command(`PASS ${password}`, "PASS ***");
      this.#forget();
      return control.connection.mask(text);
    } finally {
      control.connection.keepSecrets();
    }
  }

  /** APOP (RFC 1939 section 7). */
  async apop(user: string, password: string): Promise<void> {
    if (!this.#timestamp) {
      throw new TypeError(
        "Cannot sign in by APOP: the server's greeting has no timestamp",
      );
    }
    // RFC 6856 section 2.2.
    const prepared = isAscii(password) ? password : saslprep(password);
    const digest = createHash("md5").update(this.#timestamp + prepared)
      .digest("hex");
    const { connection } = this.control;
    connection.hide(password, digest);
    try {
      await this.useUtf8For(user);
      await this.control.command(`APOP ${user} ${digest}`, `APOP ${user} ***`);
      this.#forget();
    } finally {
      connection.keepSecrets();
    }
  }

  /** UTF8 (RFC 6856 section 2.1), before signing in where the name needs it. */
  async useUtf8For(name: string): Promise<void> {
    if (isAscii(name)) return;
    if (parametersOf(await this.capabilities(), "UTF8").includes("USER")) {
      await this.control.command("UTF8");
    }
  }

  /** Marked messages are kept unless the user himself says QUIT. */
  async quit(o: { commit: boolean }): Promise<void> {
    if (!o.commit && this.marked > 0) await this.control.command("RSET");
    await this.control.command("QUIT");
  }

  /** What was known before signing in may be different now. */
  #forget(): void {
    this.#capabilities = undefined;
  }

  /** Whether nobody can listen. */
  get #unheard(): boolean {
    const { connection } = this.control;
    return connection.secure || isLoopback(connection.remoteAddr.hostname);
  }

  /** Whether a secret may be shown. */
  get #private(): boolean {
    return this.#unheard || this.#reach.allowInsecureAuth;
  }

  #refuseInsecure(verb: string): void {
    if (this.#private) return;
    throw new TypeError(
      `Cannot send ${verb}: without TLS anybody on the way could read the ` +
        'password; connect with tls: "starttls" or "implicit", or set ' +
        "allowInsecureAuth",
    );
  }

  /** AUTH (RFC 5034). */
  async #signIn(mechanism: SaslClient): Promise<void> {
    const { control } = this;
    const verb = `AUTH ${mechanism.name}`;
    const say = async (line: string, masked: string): Promise<SaslAnswer> => {
      await control.send(line, masked);
      const answer = await control.answer(verb);
      if (typeof answer === "string") return { challenge: answer };
      control.accept(answer, `${verb} ***`);
      return { done: true };
    };
    await signInBy(control.connection, mechanism, {
      begin: (_, initial) =>
        initial === undefined
          ? say(verb, verb)
          : say(`${verb} ${initial}`, `${verb} ***`),
      respond: (response) => say(response, "***"),
      initialLimit: LONGEST_COMMAND - `${verb} \r\n`.length,
    });
    this.#forget();
  }
}

function isAscii(text: string): boolean {
  // deno-lint-ignore no-control-regex
  return /^[\x00-\x7f]*$/.test(text);
}
