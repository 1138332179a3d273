import { parametersOf, parseCapabilities } from "../_wire/capabilities.ts";
import type { ConnectionSetup } from "../_wire/connection.ts";
import { deflated } from "../_wire/deflate.ts";
import { stateError } from "../_wire/errors.ts";
import { isLoopback } from "../_wire/loopback.ts";
import { openSession } from "../_wire/open_session.ts";
import type { Reply } from "../_wire/reply.ts";
import type { CheckedTls } from "../_wire/tls.ts";
import { chooseMechanism, findMechanism } from "../mail/sasl/choose.ts";
import type { SaslClient, SaslSecret } from "../mail/sasl/types.ts";
import { signInByPassword, signInBySasl } from "./authinfo.ts";
import { Control } from "./control.ts";
import { NntpError } from "./nntp_error.ts";
import {
  type OverviewField,
  parseOverviewFormat,
  USUAL_FIELDS,
} from "./overview.ts";

/** How to reach the server. */
export interface Reach {
  hostname: string;
  port: number;
  tls: "none" | "starttls" | "implicit";
  tlsOptions: CheckedTls;
  timeout: number;
  signal: AbortSignal | undefined;
  allowInsecureAuth: boolean;
  /** Whether news is to be read, and not only passed on. */
  reader: boolean;
}

interface Credentials {
  user: string;
  secret: SaslSecret;
  mechanism: string | undefined;
}

/** A connection that has been greeted, and what is known of the server. */
export class Session {
  readonly control: Control;
  canPost = false;
  /** The group that was selected last. */
  group: string | undefined;
  #reach: Reach;
  /** Undefined where they have not been asked for since they may have changed. */
  #capabilities: ReadonlyMap<string, string> | undefined;
  #overviewFields: readonly OverviewField[] | undefined;
  /** Those that the server has accepted. */
  #credentials: Credentials | undefined;
  /** MODE READER was refused until somebody signs in. */
  #readerLater = false;
  #compressed = false;

  private constructor(control: Control, reach: Reach) {
    this.control = control;
    this.#reach = reach;
  }

  /** Connects, reads the greeting, puts TLS on and makes ready for reading. */
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
        const session = new Session(control, reach);
        session.#greeted(
          control.accept(await control.reply(doing), [200, 201], doing),
        );
        if (tls === "starttls") {
          // RFC 4642 section 2.2. A refusal is an error, never a downgrade.
          await session.command("STARTTLS", [382]);
          await connection.startTls(tlsOptions);
        }
        if (reach.reader) await session.#beReader();
        return session;
      },
    );
  }

  /** What the server says it can do; empty where it does not know the command. */
  async capabilities(): Promise<ReadonlyMap<string, string>> {
    if (this.#capabilities) return this.#capabilities;
    try {
      await this.control.command("CAPABILITIES", [101]);
      const lines = await this.control.lines();
      this.#capabilities = parseCapabilities(lines);
      return this.#capabilities;
    } catch (error) {
      if (this.control.closed || !(error instanceof NntpError)) throw error;
      const unknown: ReadonlyMap<string, string> = new Map();
      if (isUnknown(error)) return this.#capabilities = unknown;
      // After signing in it will say more.
      if (error.code === 480) return unknown;
      throw error;
    }
  }

  /**
   * Whether the server has what RFC 3977 added, by its capabilities; one that
   * does not know the command has what was before.
   */
  async has(capability: string): Promise<boolean> {
    return (await this.capabilities()).has(capability);
  }

  /**
   * Sends a command and reads its reply. Where the server wants a known user, or
   * the other mode, first, it gets that, and the command once more.
   */
  async command(command: string, codes: readonly number[]): Promise<Reply> {
    const { control } = this;
    await control.send(command);
    const reply = await control.reply(command);
    const remedy = this.remedyFor(reply);
    if (!remedy) return control.accept(reply, codes, command);
    await remedy();
    return await control.command(command, codes);
  }

  /** What makes the server take a command that it has refused with `reply`. */
  remedyFor(reply: Reply): (() => Promise<void>) | undefined {
    const credentials = this.#credentials;
    // RFC 8054 section 2.2 forbids to sign in under compression.
    if (reply.code === 480 && credentials && !this.#compressed) {
      return () => this.#signInAgain(credentials);
    }
    // RFC 3977 section 3.2.1: the wrong mode, and the capability that tells.
    const { reader } = this.#reach;
    if (reader && reply.code === 401 && /^MODE-READER\b/i.test(reply.text)) {
      return () => this.#modeReader();
    }
    return undefined;
  }

  /** Signs in by the best way that is offered, and remembers it. */
  async login(
    user: string,
    secret: SaslSecret,
    mechanism: string | undefined,
  ): Promise<void> {
    if (this.#compressed) {
      throw stateError(
        "Cannot sign in: it has to be done before compress()",
      );
    }
    const credentials = { user, secret, mechanism: mechanism?.toUpperCase() };
    await this.#signIn(credentials);
    this.#credentials = credentials;
  }

  /** COMPRESS DEFLATE (RFC 8054). */
  async compress(): Promise<void> {
    if (this.#compressed) {
      throw stateError("Cannot compress: the connection is compressed");
    }
    await this.command("COMPRESS DEFLATE", [206]);
    this.control.connection.addLayer("compression", deflated);
    this.#compressed = true;
    this.#capabilities = undefined;
  }

  /** The fields of the server's overview, in their order. */
  async overviewFields(): Promise<readonly OverviewField[]> {
    if (this.#overviewFields) return this.#overviewFields;
    try {
      await this.command("LIST OVERVIEW.FMT", [215]);
      const fields = parseOverviewFormat(await this.control.lines());
      this.#overviewFields = fields.length > 0 ? fields : USUAL_FIELDS;
    } catch (error) {
      if (!isUnknown(error)) throw error;
      this.#overviewFields = USUAL_FIELDS;
    }
    return this.#overviewFields;
  }

  #greeted(reply: Reply): void {
    this.canPost = reply.code === 200;
  }

  /** MODE READER, where the server does not say that it has done so. */
  async #beReader(): Promise<void> {
    const capabilities = await this.capabilities();
    const known = capabilities.size > 0;
    if (known && !capabilities.has("MODE-READER")) return;
    try {
      await this.#modeReader();
    } catch (error) {
      const { code } = error instanceof NntpError ? error : { code: 0 };
      this.#readerLater = code === 480;
      // QUIRK: servers that have no other mode may not know the command.
      const harmless = this.#readerLater ||
        !known && (code === 500 || code === 501);
      if (!harmless || this.control.closed) throw error;
    }
  }

  async #modeReader(): Promise<void> {
    this.#greeted(await this.control.command("MODE READER", [200, 201]));
    this.#readerLater = false;
    // RFC 3977 section 5.3: what was known may have changed.
    this.#forget();
  }

  #forget(): void {
    this.#capabilities = undefined;
    this.#overviewFields = undefined;
  }

  /** Once: a name that was refused is not sent again by itself. */
  async #signInAgain(credentials: Credentials): Promise<void> {
    try {
      await this.#signIn(credentials);
    } catch (error) {
      this.#credentials = undefined;
      throw error;
    }
  }

  async #signIn(credentials: Credentials): Promise<void> {
    const capabilities = await this.capabilities();
    const chosen = this.#chooseSasl(credentials, capabilities);
    if (chosen) await signInBySasl(this.control, chosen);
    else {
      this.#refuseInsecure();
      const { user, secret } = credentials;
      await signInByPassword(this.control, user, secret as string);
    }
    // RFC 4643 section 2.2: what was known may have changed.
    this.#forget();
    if (this.#readerLater) await this.#modeReader();
    const fresh = await this.capabilities().catch((error) => {
      // The user is signed in all the same.
      if (this.control.closed) throw error;
    });
    if (fresh?.size) this.canPost = fresh.has("POST");
  }

  /** A mechanism; undefined where USER and PASS have to do. */
  #chooseSasl(
    { user, secret, mechanism }: Credentials,
    capabilities: ReadonlyMap<string, string>,
  ): SaslClient | undefined {
    const isPassword = typeof secret === "string";
    if (mechanism === "USER") {
      if (isPassword) return undefined;
      throw new TypeError("Cannot sign in by USER: it takes a password");
    }
    const { hostname, port } = this.#reach;
    const ways = parametersOf(capabilities, "AUTHINFO");
    // QUIRK: INN lists SASL whether or not anybody can sign in by it, and most
    // have their users where USER and PASS find them.
    const prefersUser = isPassword && mechanism === undefined &&
      ways.includes("USER") && this.#unheard;
    if (prefersUser) return undefined;
    const choice = {
      offered: ways.includes("SASL") ? parametersOf(capabilities, "SASL") : [],
      private: this.#private,
      mechanism,
    };
    const find = mechanism === undefined && isPassword
      ? findMechanism
      : chooseMechanism;
    return find({ user, secret, hostname, port }, choice);
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

  #refuseInsecure(): void {
    if (this.#private) return;
    throw new TypeError(
      "Cannot send AUTHINFO PASS: without TLS anybody on the way could read " +
        'the password; connect with tls: "starttls" or "implicit", or set ' +
        "allowInsecureAuth",
    );
  }
}

/** Whether the server does not know a command, or does not have it. */
export function isUnknown(error: unknown): boolean {
  return error instanceof NntpError &&
    [500, 501, 502, 503].includes(error.code);
}
