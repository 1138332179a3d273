/**
 * What the tests of this folder share: servers that say what a test tells them
 * to, clients of them, and a look at what is left behind.
 *
 * @module
 */
import { assertInstanceOf } from "jsr:@std/assert@^1.0.0";
import { type ClientOptions, NntpClient } from "../../news/mod.ts";
import {
  type ScriptedConn,
  type ScriptedServer,
  scriptedServer,
} from "../_support/scripted_server.ts";

/** A client of a server that listens on the loopback interface. */
export function open(
  { hostname, port }: { hostname: string; port: number },
  options: Partial<ClientOptions> & { reader?: boolean } = {},
): Promise<NntpClient> {
  return NntpClient.connect({ hostname, port, timeout: 20_000, ...options });
}

/** Greets, and then follows the script; for clients with `reader: false`. */
export function scripted(
  script: (conn: ScriptedConn) => Promise<void>,
  greeting = "200 ready",
): Promise<ScriptedServer> {
  return scriptedServer(async (conn) => {
    await conn.write(greeting + "\r\n");
    await script(conn);
  });
}

/** Text of several lines as it goes on the wire, with the lone dot. */
export function block(...lines: string[]): string {
  return [...lines, ".", ""].join("\r\n");
}

/** What a server of today says it can. */
export const READER = block(
  "101 can",
  "VERSION 2",
  "READER",
  "LIST ACTIVE NEWSGROUPS OVERVIEW.FMT",
  "OVER MSGID",
  "HDR",
  "NEWNEWS",
  "POST",
);

/** Takes QUIT. */
export async function bye(conn: ScriptedConn): Promise<void> {
  await conn.expect("QUIT");
  await conn.write("205 bye\r\n");
}

/** A server that answers each command alike on every connection. */
export interface Host extends ScriptedServer {
  /** Every command in its order. */
  readonly commands: string[];
}

const OVERVIEW_FORMAT = block(
  "215 format",
  "Subject:",
  "From:",
  "Date:",
  "Message-ID:",
  "References:",
  ":bytes",
  ":lines",
);

/** What it says where nothing else is wanted. */
function usual(command: string, capabilities: string | undefined): string {
  if (command === "CAPABILITIES") return capabilities ?? "500 what\r\n";
  if (command === "MODE READER") return "200 ready\r\n";
  if (command === "DATE") return "111 20261121103801\r\n";
  if (command === "QUIT") return "205 bye\r\n";
  if (command === "LIST OVERVIEW.FMT" && capabilities) return OVERVIEW_FORMAT;
  return "500 what\r\n";
}

/**
 * Answers commands: with what `answer` says (line ends included; `""` for
 * silence), else as a server does that can nothing but CAPABILITIES, DATE and
 * QUIT. `capabilities: undefined` makes it one from before RFC 3977.
 */
export async function startHost(
  answer: (
    command: string,
    conn: ScriptedConn,
  ) => string | undefined | Promise<string | undefined> = () => undefined,
  o: { capabilities?: string | undefined; greeting?: string } = {
    capabilities: READER,
  },
): Promise<Host> {
  const commands: string[] = [];
  const server = await scripted(async (conn) => {
    for (;;) {
      const command = await conn.readLine();
      if (command === undefined) return;
      commands.push(command);
      const words = await answer(command, conn) ??
        usual(command, o.capabilities);
      await conn.write(words);
      if (command === "QUIT" && words.endsWith("\n")) return;
    }
  }, o.greeting);
  return Object.assign(server, { commands });
}

/** A host with these answers, by the command. */
export function hostOf(
  answers: Record<string, string>,
  o?: { capabilities?: string | undefined; greeting?: string },
): Promise<Host> {
  return startHost(
    (command) => Object.hasOwn(answers, command) ? answers[command] : undefined,
    o,
  );
}

/** What a call rejects with; that it resolves is an error too. */
export async function failureOf(call: Promise<unknown>): Promise<Error> {
  const error = await call.then((value) => ({ value }), (error) => error);
  assertInstanceOf(error, Error, `it resolved: ${Deno.inspect(error)}`);
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

/** All that is left of a stream of bytes. */
export async function bytesOf(
  stream: ReadableStream<Uint8Array>,
): Promise<Uint8Array<ArrayBuffer>> {
  const response = new Response(
    stream as ReadableStream<Uint8Array<ArrayBuffer>>,
  );
  return new Uint8Array(await response.arrayBuffer());
}

/** All of a stream of records. */
export async function all<T>(stream: Promise<ReadableStream<T>>): Promise<T[]> {
  return await Array.fromAsync(await stream);
}

/** In base64. */
export function b64(text: string): string {
  return new TextEncoder().encode(text).toBase64();
}

/** Out of base64. */
export function unb64(base64: string): string {
  return new TextDecoder().decode(Uint8Array.fromBase64(base64));
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
