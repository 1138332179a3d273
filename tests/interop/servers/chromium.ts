/** Debian's Chromium without a window, told what to do by its own protocol. */
import { join } from "node:path";
import { type TempDir, tempDir } from "../../_support/temp_dir.ts";

/** A browser with one page, for which every host is this machine. */
export interface Chromium extends AsyncDisposable {
  /** Goes there, as when a user writes the address; resolves when it is shown. */
  navigate(url: string): Promise<void>;
  /** Goes there as by a link of the page that is shown. */
  follow(url: string): Promise<void>;
  /** Runs a script in the page, and waits for what it promises. */
  evaluate(script: string): Promise<unknown>;
  /** Ends the browser. */
  [Symbol.asyncDispose](): Promise<void>;
}

/** Starts it with no cookies. */
export async function startChromium(): Promise<Chromium> {
  const profile = await tempDir();
  // As users may choose, third parties have cookies.
  await Deno.mkdir(join(profile.path, "Default"));
  await Deno.writeTextFile(
    join(profile.path, "Default", "Preferences"),
    JSON.stringify({ profile: { cookie_controls_mode: 0 } }),
  );
  const child = new Deno.Command("/usr/bin/chromium", {
    args: [
      "--headless=new",
      "--no-sandbox",
      "--disable-gpu",
      "--disable-dev-shm-usage",
      "--disable-background-networking",
      "--disable-component-update",
      "--disable-features=HttpsUpgrades,OptimizationHints,Translate",
      "--no-first-run",
      "--no-proxy-server",
      "--ignore-certificate-errors",
      "--host-resolver-rules=MAP * 127.0.0.1",
      "--remote-debugging-port=0",
      `--user-data-dir=${profile.path}`,
      "about:blank",
    ],
    env: { HOME: profile.path },
    stdin: "null",
    stdout: "null",
    stderr: "piped",
  }).spawn();
  const { url, drained } = await debuggerUrl(child);
  const socket = await Commands.connect(url);
  const { targetId } = await socket.send("Target.createTarget", {
    url: "about:blank",
  });
  const { sessionId } = await socket.send("Target.attachToTarget", {
    targetId,
    flatten: true,
  });
  const session = sessionId as string;
  await socket.send("Page.enable", {}, session);
  return {
    async navigate(url) {
      const { errorText } = await socket.send(
        "Page.navigate",
        { url },
        session,
      );
      if (errorText) throw new Error(`Cannot show ${url}: ${errorText}`);
    },
    async follow(url) {
      const shown = socket.navigated(url);
      const expression = `location.href = ${JSON.stringify(url)}`;
      await socket.send("Runtime.evaluate", { expression }, session);
      await shown;
    },
    async evaluate(expression) {
      const { result, exceptionDetails } = await socket.send(
        "Runtime.evaluate",
        { expression, awaitPromise: true, returnByValue: true },
        session,
      ) as { result: { value?: unknown }; exceptionDetails?: unknown };
      if (exceptionDetails) throw new Error(JSON.stringify(exceptionDetails));
      return result.value;
    },
    [Symbol.asyncDispose]: () => end(socket, child, drained, profile),
  };
}

async function end(
  socket: Commands,
  child: Deno.ChildProcess,
  drained: Promise<void>,
  profile: TempDir,
): Promise<void> {
  // It answers, closes the connection and ends.
  await socket.send("Browser.close", {}).catch(() => child.kill());
  await child.status;
  await drained;
  await socket.closed;
  await profile[Symbol.asyncDispose]();
}

/** Where it listens, which is one of the first lines that it writes. */
async function debuggerUrl(
  child: Deno.ChildProcess,
): Promise<{ url: string; drained: Promise<void> }> {
  const reader = child.stderr.pipeThrough(new TextDecoderStream()).getReader();
  let text = "";
  for (;;) {
    const { done, value } = await reader.read();
    if (done) throw new Error(`Cannot start Chromium: ${text}`);
    text += value;
    const url = /DevTools listening on (ws:\S+)/.exec(text)?.[1];
    if (url !== undefined) return { url, drained: drain(reader) };
  }
}

async function drain(reader: ReadableStreamDefaultReader): Promise<void> {
  while (!(await reader.read()).done);
}

type Answer = Record<string, unknown>;

/** What comes from the browser: an answer, or an event. */
interface Message {
  id?: number;
  result?: Answer;
  error?: object;
  method?: string;
  params?: { frame?: { url: string } };
}

/** Commands of the DevTools protocol, and what they are answered. */
class Commands {
  readonly closed: Promise<void>;
  readonly #socket: WebSocket;
  readonly #waiting = new Map<number, PromiseWithResolvers<Answer>>();
  /** For pages to be shown, by their URLs. */
  readonly #shown = new Map<string, PromiseWithResolvers<void>>();
  #count = 0;

  static async connect(url: string): Promise<Commands> {
    const socket = new WebSocket(url);
    const commands = new Commands(socket);
    await new Promise<void>((resolve, reject) => {
      socket.onopen = () => resolve();
      socket.onerror = () => reject(new Error(`Cannot connect to ${url}`));
    });
    return commands;
  }

  private constructor(socket: WebSocket) {
    this.#socket = socket;
    socket.onmessage = ({ data }) => this.#receive(JSON.parse(data));
    this.closed = new Promise((resolve) => {
      socket.onclose = () => {
        const all = [...this.#waiting.values(), ...this.#shown.values()];
        for (const { reject } of all) {
          reject(new Error("Chromium has ended"));
        }
        resolve();
      };
    });
  }

  send(method: string, params: object, sessionId?: string): Promise<Answer> {
    const id = this.#count++;
    const waiting = Promise.withResolvers<Answer>();
    this.#waiting.set(id, waiting);
    this.#socket.send(JSON.stringify({ id, method, params, sessionId }));
    return waiting.promise;
  }

  /** Resolves when a page has come from that URL. */
  navigated(url: string): Promise<void> {
    const shown = Promise.withResolvers<void>();
    this.#shown.set(url, shown);
    return shown.promise;
  }

  #receive(message: Message): void {
    if (message.id === undefined) {
      if (message.method !== "Page.frameNavigated") return;
      this.#shown.get(message.params!.frame!.url)?.resolve();
      return;
    }
    const waiting = this.#waiting.get(message.id)!;
    this.#waiting.delete(message.id);
    if (message.error) waiting.reject(new Error(JSON.stringify(message.error)));
    else waiting.resolve(message.result!);
  }
}
