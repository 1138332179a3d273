/**
 * A POP3 server in this process (RFC 1939, 2449, 2595, 5034, 6856), for tests
 * and for the demonstration: one maildrop for each user, in memory.
 *
 * @module
 */
import { createHash } from "node:crypto";
import { Connection } from "../../_wire/connection.ts";
import { CrlfWriter } from "../../_wire/crlf_writer.ts";
import { withDefaults } from "../../_wire/limits.ts";
import { TlsBridge } from "../../_wire/tls_bridge.ts";
import { Watchdog } from "../../_wire/watchdog.ts";
import {
  loginServer,
  plainServer,
  ScramServer,
} from "../../mail/sasl/server.ts";
import { deriveScramKeys, type ScramKeys } from "../../mail/sasl/mod.ts";
import type { SaslServer } from "../../mail/sasl/types.ts";

/** How to start it. */
export interface Pop3ServerOptions {
  /** Passwords by name; default `{ ada: "secret" }`. */
  users?: Record<string, string>;
  /** Messages by user; each is sent with CRLF line ends. */
  messages?: Record<string, (string | Uint8Array)[]>;
  cert?: string;
  key?: string;
  /** TLS from the first byte on. */
  implicitTls?: boolean;
  /** Without CAPA, SASL, TOP, UIDL and all that came after RFC 1939. */
  old?: boolean;
  /** The timestamp for APOP in the greeting; default none. */
  timestamp?: string;
}

interface Message {
  bytes: Uint8Array;
  uid: string;
  deleted: boolean;
}

/** A running server. */
export class Pop3Server implements AsyncDisposable {
  readonly hostname = "localhost";
  readonly port: number;
  /** Commands as they came, those with a password masked. */
  readonly commands: string[] = [];
  readonly #listener: Deno.TcpListener;
  readonly #o: Pop3ServerOptions;
  readonly #users: Map<string, string>;
  readonly #drops = new Map<string, Message[]>();
  readonly #keys = new Map<string, ScramKeys>();
  readonly #bridge: TlsBridge | undefined;
  readonly #open = new Set<Connection>();
  readonly #running = new Set<Promise<void>>();
  #accepting: Promise<void>;

  private constructor(o: Pop3ServerOptions, keys: Map<string, ScramKeys>) {
    this.#o = o;
    this.#keys = keys;
    this.#users = new Map(Object.entries(o.users ?? { ada: "secret" }));
    const encoder = new TextEncoder();
    for (const [user, messages] of Object.entries(o.messages ?? {})) {
      this.#drops.set(
        user,
        messages.map((message, at) => ({
          bytes: typeof message === "string"
            ? encoder.encode(message)
            : message,
          uid: `uid-${at + 1}`,
          deleted: false,
        })),
      );
    }
    if (o.cert && o.key) {
      this.#bridge = new TlsBridge({ cert: o.cert, key: o.key });
    }
    this.#listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
    this.port = this.#listener.addr.port;
    this.#accepting = this.#accept();
  }

  /** Starts it. */
  static async start(o: Pop3ServerOptions = {}): Promise<Pop3Server> {
    const keys = new Map<string, ScramKeys>();
    for (
      const [user, password] of Object.entries(o.users ?? { ada: "secret" })
    ) {
      keys.set(user, await deriveScramKeys(password));
    }
    return new Pop3Server(o, keys);
  }

  /** How many messages a user has left. */
  count(user: string): number {
    return this.#drops.get(user)?.length ?? 0;
  }

  /** Puts a message into a user's maildrop, for sessions that begin later. */
  deliver(user: string, bytes: Uint8Array): void {
    const drop = this.#drops.get(user) ?? [];
    this.#drops.set(user, [
      ...drop,
      { bytes, uid: crypto.randomUUID(), deleted: false },
    ]);
  }

  /** Closes all connections. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#listener.close();
    await this.#accepting;
    for (const connection of this.#open) connection.close();
    await Promise.all(this.#running);
    await this.#bridge?.[Symbol.asyncDispose]();
  }

  async #accept(): Promise<void> {
    for (;;) {
      let conn: Deno.TcpConn;
      try {
        conn = await this.#listener.accept();
      } catch {
        return;
      }
      conn.setNoDelay(true);
      const connection = new Connection(conn, {
        watchdog: new Watchdog(0, "client"),
        limits: withDefaults({}),
      });
      this.#open.add(connection);
      const running = this.#serve(connection).catch(() => {}).finally(() => {
        connection.close();
        this.#open.delete(connection);
        this.#running.delete(running);
      });
      this.#running.add(running);
    }
  }

  async #serve(connection: Connection): Promise<void> {
    if (this.#o.implicitTls) await connection.acceptTls(this.#bridge!);
    const conversation = new Conversation(connection, {
      options: this.#o,
      users: this.#users,
      drops: this.#drops,
      keys: this.#keys,
      bridge: this.#bridge,
      commands: this.commands,
    });
    await conversation.run();
  }
}

interface Host {
  options: Pop3ServerOptions;
  users: Map<string, string>;
  drops: Map<string, Message[]>;
  keys: Map<string, ScramKeys>;
  bridge: TlsBridge | undefined;
  commands: string[];
}

class Conversation {
  #connection: Connection;
  #host: Host;
  #user: string | undefined;
  #named: string | undefined;
  #drop: Message[] | undefined;
  #ended = false;

  constructor(connection: Connection, host: Host) {
    this.#connection = connection;
    this.#host = host;
  }

  async run(): Promise<void> {
    const { timestamp } = this.#host.options;
    await this.#say(`+OK ready${timestamp ? ` ${timestamp}` : ""}`);
    while (!this.#ended) {
      const line = await this.#connection.lines.readLine();
      if (line === undefined) return;
      this.#host.commands.push(line.replace(/^(PASS|APOP \S+) .*/i, "$1 ***"));
      const [verb = "", ...words] = line.split(" ");
      try {
        await this.#do(verb.toUpperCase(), words, line.slice(verb.length + 1));
      } catch (error) {
        if (!(error instanceof Refusal)) throw error;
        await this.#say(`-ERR ${error.message}`);
      }
    }
    // Closing at once could take our last words back.
    await this.#connection.closeWrite();
    const waste = new Uint8Array(1024);
    while (await this.#connection.bytes.read(waste) !== null);
  }

  async #do(verb: string, words: string[], rest: string): Promise<void> {
    const { old } = this.#host.options;
    const recent = ["CAPA", "AUTH", "TOP", "UIDL", "STLS", "UTF8", "LANG"];
    if (old && recent.includes(verb)) throw new Refusal("unknown command");
    switch (verb) {
      case "CAPA":
        return await this.#lines("capabilities", this.#capabilities());
      case "NOOP":
        return await this.#say("+OK");
      case "QUIT":
        return await this.#quit();
      case "STLS":
        return await this.#startTls();
      case "USER":
        this.#named = rest;
        return await this.#say("+OK");
      case "PASS":
        return await this.#pass(this.#named, rest);
      case "APOP":
        return await this.#apop(words[0]!, words[1]!);
      case "AUTH":
        return await this.#auth(words[0]?.toUpperCase(), words[1]);
      case "UTF8":
        return await this.#say("+OK");
      case "LANG":
        return words.length > 0
          ? await this.#say(`+OK ${words[0]} chosen`)
          : await this.#lines("languages", ["en English", "de Deutsch"]);
    }
    if (!this.#drop) throw new Refusal("sign in first");
    await this.#mail(verb, words);
  }

  async #mail(verb: string, words: string[]): Promise<void> {
    const kept = this.#drop!.entries()
      .filter(([, { deleted }]) => !deleted)
      .map(([at, message]) => ({ number: at + 1, message })).toArray();
    switch (verb) {
      case "STAT": {
        const size = kept.reduce(
          (sum, { message }) => sum + message.bytes.length,
          0,
        );
        return await this.#say(`+OK ${kept.length} ${size}`);
      }
      case "LIST":
      case "UIDL": {
        const what = (message: Message) =>
          verb === "LIST" ? message.bytes.length : message.uid;
        if (words.length > 0) {
          const message = this.#message(words[0]!);
          return await this.#say(`+OK ${words[0]} ${what(message)}`);
        }
        return await this.#lines(
          "list follows",
          kept.map(({ number, message }) => `${number} ${what(message)}`),
        );
      }
      case "RETR":
        return await this.#send(this.#message(words[0]!).bytes);
      case "TOP": {
        const { bytes } = this.#message(words[0]!);
        return await this.#send(topOf(bytes, Number(words[1])));
      }
      case "DELE":
        this.#message(words[0]!).deleted = true;
        return await this.#say("+OK marked");
      case "RSET":
        for (const message of this.#drop!) message.deleted = false;
        return await this.#say("+OK");
    }
    throw new Refusal("unknown command");
  }

  #message(number: string): Message {
    const message = this.#drop![Number(number) - 1];
    if (!message || message.deleted) throw new Refusal("no such message");
    return message;
  }

  #capabilities(): string[] {
    const tls = this.#host.bridge && !this.#connection.secure;
    return [
      "TOP",
      "UIDL",
      "USER",
      "PIPELINING",
      "RESP-CODES",
      "UTF8 USER",
      "LANG",
      "SASL SCRAM-SHA-256 PLAIN LOGIN",
      ...(tls ? ["STLS"] : []),
    ];
  }

  #enter(user: string): void {
    this.#user = user;
    // The marks are this session's own.
    this.#drop = (this.#host.drops.get(user) ?? [])
      .map((message) => ({ ...message, deleted: false }));
  }

  async #pass(user: string | undefined, password: string): Promise<void> {
    if (user === undefined) throw new Refusal("say USER first");
    if (this.#host.users.get(user) !== password) {
      throw new Refusal("[AUTH] wrong");
    }
    this.#enter(user);
    await this.#say("+OK welcome");
  }

  async #apop(user: string, digest: string): Promise<void> {
    const { timestamp } = this.#host.options;
    const password = this.#host.users.get(user);
    const right = timestamp && password !== undefined &&
      createHash("md5").update(timestamp + password).digest("hex") === digest;
    if (!right) throw new Refusal("[AUTH] wrong");
    this.#enter(user);
    await this.#say("+OK welcome");
  }

  async #auth(
    name: string | undefined,
    initial: string | undefined,
  ): Promise<void> {
    const mechanism = this.#mechanism(name);
    let step = await mechanism.next(
      initial === undefined
        ? undefined
        : Uint8Array.fromBase64(initial === "=" ? "" : initial),
    );
    while ("challenge" in step) {
      await this.#say(`+ ${step.challenge.toBase64()}`);
      const line = await this.#connection.lines.readLine();
      if (line === undefined || line === "*") throw new Refusal("given up");
      step = await mechanism.next(Uint8Array.fromBase64(line));
    }
    if (!("user" in step)) throw new Refusal("[AUTH] wrong");
    this.#enter(step.user);
    await this.#say("+OK welcome");
  }

  #mechanism(name: string | undefined): SaslServer {
    const check = (user: string, password: string) =>
      this.#host.users.get(user) === password;
    if (name === "PLAIN") return plainServer(check);
    if (name === "LOGIN") return loginServer(check);
    if (name === "SCRAM-SHA-256") {
      return new ScramServer(
        (user) => this.#host.keys.get(user),
        new Uint8Array(16),
      );
    }
    throw new Refusal("no such mechanism");
  }

  async #startTls(): Promise<void> {
    if (!this.#host.bridge || this.#connection.secure) {
      throw new Refusal("no TLS");
    }
    await this.#say("+OK go ahead");
    await this.#connection.acceptTls(this.#host.bridge);
  }

  async #quit(): Promise<void> {
    if (this.#user !== undefined && this.#drop) {
      this.#host.drops.set(
        this.#user,
        this.#drop.filter(({ deleted }) => !deleted),
      );
    }
    this.#ended = true;
    await this.#say("+OK goodbye");
  }

  async #say(line: string): Promise<void> {
    await this.#connection.write(new TextEncoder().encode(line + "\r\n"));
  }

  async #lines(what: string, lines: string[]): Promise<void> {
    await this.#say([`+OK ${what}`, ...lines, "."].join("\r\n"));
  }

  async #send(bytes: Uint8Array): Promise<void> {
    const crlf = new CrlfWriter({ stuffDots: true });
    await this.#say("+OK message follows");
    await this.#connection.write(crlf.encode(bytes));
    await this.#connection.write(crlf.end());
  }
}

class Refusal extends Error {}

/** The header, the empty line, and the first lines of the body. */
function topOf(bytes: Uint8Array, count: number): Uint8Array {
  const text = new TextDecoder().decode(bytes);
  const [head = "", ...rest] = text.split("\r\n\r\n");
  const body = rest.join("\r\n\r\n").split("\r\n").slice(0, count);
  return new TextEncoder().encode(
    `${head}\r\n\r\n${body.map((line) => line + "\r\n").join("")}`,
  );
}
