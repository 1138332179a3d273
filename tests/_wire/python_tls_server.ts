/**
 * A TLS server that can do what Deno's cannot: ask for a client's certificate
 * and resume sessions. Python's `ssl` module does it.
 *
 * @module
 */

const SCRIPT = `
import json, socket, ssl, sys, threading
o = json.loads(sys.argv[1])
c = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
c.load_cert_chain(o["cert"], o["key"])
if o["ca"]:
    c.load_verify_locations(o["ca"])
    c.verify_mode = ssl.CERT_REQUIRED
if o["tls12"]:
    c.maximum_version = ssl.TLSVersion.TLSv1_2
names = {}
def note(s, name, _):
    names[s] = name
c.sni_callback = note
def serve(plain):
    try:
        s = c.wrap_socket(plain, server_side=True)
        subject = dict(x[0] for x in (s.getpeercert() or {}).get("subject", ()))
        said = {"client": subject.get("commonName"), "resumed": s.session_reused,
                "name": names.get(s),
                "version": s.version()}
        s.sendall((json.dumps(said) + "\\r\\n").encode())
        while s.recv(65536): pass
        s.close()
    except OSError:
        plain.close()
listener = socket.create_server(("127.0.0.1", 0))
print(listener.getsockname()[1], flush=True)
while True:
    conn, _ = listener.accept()
    threading.Thread(target=serve, args=(conn,), daemon=True).start()
`;

/** Whether there is a Python to run it. */
export const hasPython: boolean = await works();

async function works(): Promise<boolean> {
  try {
    const { success } = await new Deno.Command("python3", {
      args: ["-c", "import ssl"],
      stdout: "null",
      stderr: "null",
    }).output();
    return success;
  } catch {
    return false;
  }
}

/** What the server says to each client in its first line. */
export interface Greeting {
  /** The common name of the client's certificate. */
  client: string | null;
  /** Whether the handshake resumed a session. */
  resumed: boolean;
  /** The server name that the client said, if it says one. */
  name: string | null;
  /** `TLSv1.2` or `TLSv1.3`. */
  version: string;
}

/** Starts a server; `directory` is for its files. */
export async function pythonTlsServer(
  directory: string,
  options: { cert: string; key: string; clientCa?: string; tls12?: boolean },
): Promise<{ port: number } & AsyncDisposable> {
  const base = await Deno.makeTempDir({ dir: directory });
  const write = async (name: string, text: string | undefined) => {
    if (text === undefined) return null;
    await Deno.writeTextFile(`${base}/${name}`, text);
    return `${base}/${name}`;
  };
  const o = {
    cert: await write("cert.pem", options.cert),
    key: await write("key.pem", options.key),
    ca: await write("ca.pem", options.clientCa),
    tls12: options.tls12 ?? false,
  };
  const child = new Deno.Command("python3", {
    args: ["-c", SCRIPT, JSON.stringify(o)],
    stdin: "null",
    stdout: "piped",
    stderr: "inherit",
  }).spawn();
  const reader = child.stdout.pipeThrough(new TextDecoderStream()).getReader();
  let said = "";
  while (!said.includes("\n")) {
    const { value, done } = await reader.read();
    if (done) throw new Error("Cannot start the Python server");
    said += value;
  }
  return {
    port: Number(said),
    async [Symbol.asyncDispose]() {
      child.kill();
      await child.status;
      while (!(await reader.read()).done);
    },
  };
}
