/**
 * Load for any server: `smtp_load.ts WAY PORT FILE COUNT`; prints what it took.
 * Four connections, each with one message under way; the commands of a message
 * in one write where PIPELINING is offered, unless the way is "step-by-step".
 * Sends the file, whose lines end in CRLF and begin with no dot, as it is.
 */
const [way, port, path, countText] = Deno.args as [
  string,
  string,
  string,
  string,
];
const count = Number(countText);
const ENCODER = new TextEncoder();
const ENVELOPE = [
  "MAIL FROM:<sender@example.com>\r\n",
  "RCPT TO:<reader@example.org>\r\n",
  "DATA\r\n",
];
const END = ENCODER.encode(".\r\n");
let left = count;

async function connection(): Promise<void> {
  using conn = await Deno.connect({
    hostname: "127.0.0.1",
    port: Number(port),
  });
  conn.setNoDelay();
  const peer = new Peer(conn);
  await peer.replies(1);
  const extensions = await peer.ask(["EHLO localhost\r\n"]);
  const pipelining = way !== "step-by-step" &&
    extensions.toUpperCase().includes("PIPELINING");
  while (left-- > 0) {
    if (pipelining) await peer.ask(ENVELOPE);
    else for (const command of ENVELOPE) await peer.ask([command]);
    if (way === "large") await sendFile(peer);
    else await peer.write(message);
    await peer.replies(1);
  }
}

async function sendFile(peer: Peer): Promise<void> {
  using file = await Deno.open(path);
  const buffer = new Uint8Array(256 * 1024);
  for (let size; (size = file.readSync(buffer)) !== null;) {
    await peer.write(buffer.subarray(0, size));
  }
  await peer.write(END);
}

function withEnd(text: Uint8Array): Uint8Array {
  const all = new Uint8Array(text.length + END.length);
  all.set(text);
  all.set(END, text.length);
  return all;
}

class Peer {
  #conn: Deno.TcpConn;
  #buffer = new Uint8Array(4_096);
  #decoder = new TextDecoder();

  constructor(conn: Deno.TcpConn) {
    this.#conn = conn;
  }

  async ask(commands: string[]): Promise<string> {
    await this.write(ENCODER.encode(commands.join("")));
    return await this.replies(commands.length);
  }

  async write(bytes: Uint8Array): Promise<void> {
    for (let at = 0; at < bytes.length;) {
      at += await this.#conn.write(bytes.subarray(at));
    }
  }

  /** Waits for that many replies; one that refuses is an error. */
  async replies(wanted: number): Promise<string> {
    for (let text = "";;) {
      const size = await this.#conn.read(this.#buffer);
      if (size === null) throw new Error(`The server hung up after ${text}`);
      text += this.#decoder.decode(this.#buffer.subarray(0, size));
      const last = text.match(/^\d{3} .*\r\n/gm) ?? [];
      if (last.length < wanted) continue;
      if (last.some((line) => line[0]! > "3")) throw new Error(text);
      return text;
    }
  }
}

const message = way === "large" ? new Uint8Array() : withEnd(
  await Deno.readFile(path),
);
const start = performance.now();
await Promise.all(Array.from({ length: Math.min(4, count) }, connection));
const ms = performance.now() - start;
console.log(JSON.stringify({ ms, peak: 0 }));
