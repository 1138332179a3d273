/**
 * What the hostile tests of this folder share: servers that say what a test
 * tells them to, clients of them, and a look at what is left behind.
 *
 * @module
 */
import { assertFalse, assertInstanceOf } from "jsr:@std/assert@^1.0.0";
import { createHash } from "node:crypto";
import {
  type ClientOptions,
  Pop3Client,
  type SaslSecret,
} from "../../../mail/pop3/mod.ts";
import {
  type ScriptedConn,
  type ScriptedServer,
  scriptedServer,
} from "../../_support/scripted_server.ts";

/** A client of a server that listens on the loopback interface. */
export function open(
  { hostname, port }: { hostname: string; port: number },
  options: Partial<ClientOptions> = {},
): Promise<Pop3Client> {
  return Pop3Client.connect({ hostname, port, timeout: 20_000, ...options });
}

/** Greets, and then follows the script. */
export function scripted(
  script: (conn: ScriptedConn) => Promise<void>,
  greeting = "+OK ready",
): Promise<ScriptedServer> {
  return scriptedServer(async (conn) => {
    await conn.write(greeting + "\r\n");
    await script(conn);
  });
}

/** Takes CAPA and says what the server can. */
export async function capa(
  conn: ScriptedConn,
  ...capabilities: string[]
): Promise<void> {
  await conn.expect("CAPA");
  await conn.write(["+OK", ...capabilities, ".", ""].join("\r\n"));
}

/** Takes QUIT. */
export async function bye(conn: ScriptedConn): Promise<void> {
  await conn.expect("QUIT");
  await conn.write("+OK bye\r\n");
}

/** A server that answers each command alike on every connection. */
export interface Host extends ScriptedServer {
  /** Every command in its order. */
  readonly commands: string[];
}

/**
 * Answers commands: with what `answer` says (line ends included; `""` for
 * silence), else with `+OK`, and with `-ERR` to CAPA.
 */
export async function startHost(
  answer: (
    command: string,
    conn: ScriptedConn,
  ) => string | undefined | Promise<string | undefined> = () => undefined,
  greeting = "+OK ready",
): Promise<Host> {
  const commands: string[] = [];
  const server = await scripted(async (conn) => {
    for (;;) {
      const command = await conn.readLine();
      if (command === undefined) return;
      commands.push(command);
      const usual = command === "CAPA" ? "-ERR what\r\n" : "+OK\r\n";
      const words = await answer(command, conn) ?? usual;
      await conn.write(words);
      if (command === "QUIT" && words.endsWith("\n")) return;
    }
  }, greeting);
  return Object.assign(server, { commands });
}

/** What a call rejects with; that it resolves is an error too. */
export async function failureOf(call: Promise<unknown>): Promise<Error> {
  const error = await call.then((value) => ({ value }), (error) => error);
  assertInstanceOf(error, Error, `it resolved: ${JSON.stringify(error)}`);
  return error;
}

/** A signal that knows who listens to it. */
export class WatchedSignal {
  readonly #controller = new AbortController();
  readonly #listeners = new Set<unknown>();
  /** To be handed out. */
  readonly signal: AbortSignal = this.#controller.signal;

  /** Not aborted. */
  constructor() {
    const { signal } = this;
    const add = signal.addEventListener.bind(signal);
    const remove = signal.removeEventListener.bind(signal);
    signal.addEventListener = (
      type: string,
      listener: unknown,
      o?: unknown,
    ) => {
      this.#listeners.add(listener);
      add(type, listener as EventListener, o as AddEventListenerOptions);
    };
    signal.removeEventListener = (type: string, listener: unknown) => {
      this.#listeners.delete(listener);
      remove(type, listener as EventListener);
    };
  }

  /** How many listen; those that were told are gone. */
  get listeners(): number {
    return this.#listeners.size;
  }

  /** Aborts it. */
  abort(reason: unknown): void {
    this.#listeners.clear();
    this.#controller.abort(reason);
  }
}

/** All that is left of a stream of bytes, as text. */
export function textOf(stream: ReadableStream<Uint8Array>): Promise<string> {
  return new Response(stream as ReadableStream<Uint8Array<ArrayBuffer>>)
    .text();
}

// --- signing in ---

/** Who signs in. */
export const USER = "ada";
/** The password. */
export const SECRET = "tanstaaf, or=not?";
/** A bearer token. */
export const TOKEN = { accessToken: "ya29.a0AfB_byC-token~+/==" };
/** The timestamp in `READY`. */
export const STAMP = "<1896.697170952@dbc.mtview.ca.us>";
/** A greeting that offers APOP. */
export const READY = `+OK ready ${STAMP}`;

/** In base64. */
export function b64(text: string): string {
  return new TextEncoder().encode(text).toBase64();
}

/** Out of base64. */
export function text(base64: string): string {
  return new TextDecoder().decode(Uint8Array.fromBase64(base64));
}

/** The digest in hexadecimal. */
export function md5(text: string): string {
  return createHash("md5").update(text).digest("hex");
}

/** All texts that must never be seen. */
export function hidden(secret: SaslSecret): string[] {
  const bare = typeof secret === "string" ? secret : secret.accessToken;
  return [
    bare,
    b64(bare),
    b64(`\0${USER}\0${bare}`),
    b64(`user=${USER}\x01auth=Bearer ${bare}\x01\x01`),
    md5(STAMP + bare),
  ];
}

/** What shows of an error, in every way. */
export function shown(error: unknown): string {
  const all: string[] = [];
  for (let one = error; one instanceof Error; one = one.cause) {
    all.push(
      String(one.stack),
      String(one),
      JSON.stringify(one),
      Deno.inspect(one, { depth: 10, showHidden: true }),
    );
  }
  return all.join("\n");
}

/** What came of signing in. */
export interface Tried extends AsyncDisposable {
  pop3: Pop3Client;
  error: unknown;
  lines: string[];
}

/** Runs `call` on a scripted server; what shows is looked at in any case. */
export async function tried(
  script: (conn: ScriptedConn) => Promise<void>,
  call: (pop3: Pop3Client) => Promise<unknown>,
  secret: SaslSecret = SECRET,
  options: Partial<ClientOptions> = {},
): Promise<Tried> {
  const server = await scripted(script, READY);
  const lines: string[] = [];
  const pop3 = await open(server, {
    onTrace: ({ direction, line }) =>
      lines.push(`${direction === "send" ? ">" : "<"} ${line}`),
    ...options,
  });
  const error = await call(pop3).then(() => undefined, (error) => error);
  const all = shown(error) + "\n" + lines.join("\n");
  for (const one of hidden(secret)) {
    assertFalse(all.includes(one), `${JSON.stringify(one)} shows in ${all}`);
  }
  return {
    pop3,
    error,
    lines,
    async [Symbol.asyncDispose]() {
      await pop3[Symbol.asyncDispose]();
      await server[Symbol.asyncDispose]();
    },
  };
}
