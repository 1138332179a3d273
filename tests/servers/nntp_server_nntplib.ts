/**
 * Python's nntplib as a client of {@linkcode NntpServer}.
 *
 * @module
 */
import { assertEquals } from "jsr:@std/assert@^1.0.0";
import type { NntpServer } from "./nntp_server.ts";

/** Runs a Python program and gives what it printed. */
async function run(
  script: string,
): Promise<{ code: number; stdout: string; stderr: string }> {
  const { code, stdout, stderr } = await new Deno.Command("python3", {
    args: ["-W", "ignore", "-c", script],
    env: { PYTHONDONTWRITEBYTECODE: "1" },
  }).output();
  const decoder = new TextDecoder();
  return {
    code,
    stdout: decoder.decode(stdout),
    stderr: decoder.decode(stderr),
  };
}

/** Python 3.13 has no nntplib any more, some machines have no Python. */
async function hasNoNntplib(): Promise<boolean> {
  try {
    return (await run("import nntplib")).code !== 0;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return true;
    throw error;
  }
}

/** Whether the tests with it are to be left out. */
export const noNntplib = await hasNoNntplib();

/**
 * Runs a Python script against the server and gives what it printed: it has
 * `connect` and `refused`, which prints the refusal of a call.
 */
export async function python(
  server: NntpServer,
  script: string,
  caPem = "",
): Promise<string> {
  const preamble = `
import nntplib, ssl, zlib, base64, hashlib, hmac, datetime
host, port = ${JSON.stringify(server.hostname)}, ${server.port}
tls = ssl.create_default_context(cadata=${JSON.stringify(caPem)} or None)
def connect(**more): return nntplib.NNTP(host, port, timeout=20, **more)
def refused(call, *args):
    try: call(*args)
    except nntplib.NNTPError as error: print(error.response)
    else: print("not refused")
`;
  const result = await run(preamble + script);
  assertEquals(result.code, 0, result.stderr);
  return result.stdout;
}

/** Raw deflate under nntplib, and SASL as nntplib lacks it. */
export const EXTRAS = `
class Deflated:
    def __init__(self, sock):
        self.sock, self.out, self.lines, self.rest = sock, [], [], b""
        self.down, self.up = zlib.decompressobj(-15), zlib.compressobj(wbits=-15)
    def write(self, data):
        self.out.append(data)
    def flush(self):
        data, self.out = b"".join(self.out), []
        self.sock.sendall(self.up.compress(data) + self.up.flush(zlib.Z_SYNC_FLUSH))
    def close(self): pass
    def readline(self, limit):
        while not self.lines:
            more = self.sock.recv(65536)
            if not more: return b""
            *lines, self.rest = (self.rest + self.down.decompress(more)).split(b"\\n")
            self.lines = lines[::-1]
        return self.lines.pop() + b"\\n"
def compress(n):
    print(n._shortcmd("COMPRESS DEFLATE"))
    n.file.close()
    n.file = Deflated(n.sock)
    n._caps = None
def b64(text): return base64.b64encode(text.encode()).decode()
def plain(user, password): return b64("\\0" + user + "\\0" + password)
def scram(n, user, password):
    bare = "n=" + user + ",r=nonce"
    first = n._shortcmd("AUTHINFO SASL SCRAM-SHA-256 " + b64("n,," + bare))
    assert first.startswith("383 "), first
    first = base64.b64decode(first[4:]).decode()
    part = dict(item.split("=", 1) for item in first.split(","))
    final = "c=biws,r=" + part["r"]
    salted = hashlib.pbkdf2_hmac("sha256", password.encode(), base64.b64decode(part["s"]), int(part["i"]))
    mac = lambda key, text: hmac.digest(key, text.encode(), "sha256")
    message = ",".join([bare, first, final])
    key = mac(salted, "Client Key")
    proof = bytes(a ^ b for a, b in zip(key, mac(hashlib.sha256(key).digest(), message)))
    answer = n._shortcmd(b64(final + ",p=" + base64.b64encode(proof).decode()))
    assert answer.startswith("283 "), answer
    wanted = "v=" + base64.b64encode(mac(mac(salted, "Server Key"), message)).decode()
    assert base64.b64decode(answer[4:]).decode() == wanted
    return "proven"
`;
