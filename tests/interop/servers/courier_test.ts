/**
 * That courier starts as it should and leaves nothing behind, shown with
 * another client: where this fails, ours is not to blame.
 */
import { assert, assertEquals, assertRejects } from "jsr:@std/assert@^1.0.0";
import { output, type Tls } from "./_mail_clients.ts";
import { descendants, runs, workingOn } from "./_process.ts";
import { type CourierDaemon, startCourierPop } from "./courier.ts";

/** Python's client, which fills `report`. */
const PYTHON = `
import base64, hmac, json, poplib, ssl, sys

o = json.loads(sys.argv[1])
context = ssl.create_default_context(cadata=o["caPem"])

def connect():
    host, port = o["hostname"], o["port"]
    if o["tls"] == "implicit":
        return poplib.POP3_SSL(host, port, context=context, timeout=60)
    pop = poplib.POP3(host, port, timeout=60)
    if o["tls"] == "starttls":
        pop.stls(context)
    return pop

def encode(message):
    return base64.b64encode(message).decode()

def cram(pop, name, kind):
    challenge = pop._shortcmd("AUTH " + name).split()[1]
    key = o["password"].encode()
    digest = hmac.new(key, base64.b64decode(challenge), kind).hexdigest()
    pop._shortcmd(encode(f"{o['user']} {digest}".encode()))

pop = connect()
mechanisms = pop.capa()["SASL"]
stls = "STLS" in pop.capa()
pop.user(o["user"])
pop.pass_(o["password"])
count = pop.stat()[0]
lines = [line.decode() for line in pop.retr(1)[1]]
top = [line.decode() for line in pop.top(2, 0)[1]]
pop.dele(1)
pop.quit()

for name, kind in ("MD5", "md5"), ("SHA1", "sha1"), ("SHA256", "sha256"):
    pop = connect()
    cram(pop, "CRAM-" + name, kind)
    left = pop.stat()[0]
    pop.quit()

pop = connect()
pop.utf8()
pop._shortcmd("AUTH PLAIN " + encode(f"\\0jörg\\0{o['password']}".encode()))
empty = pop.stat()[0]
pop.quit()

print(json.dumps({"mechanisms": mechanisms, "stls": stls, "count": count,
    "lines": lines, "top": top, "left": left, "empty": empty}))
`;

/** It lets one wait for five seconds. */
const WRONG = `
import json, poplib, sys
o = json.loads(sys.argv[1])
pop = poplib.POP3(o["hostname"], o["port"], timeout=60)
pop.user(o["user"])
try:
    pop.pass_("wrong")
except poplib.error_proto as error:
    print(json.dumps(str(error)))
`;

for (const tls of ["none", "starttls", "implicit"] as const) {
  Deno.test(`courier hands out by POP3, TLS: ${tls}`, async () => {
    await using daemon = await startCourierPop();
    await daemon.store("ada", [
      "Subject: one\r\n\r\n.\r\n..\r\nGrüße\r\n",
      "Subject: two\r\n\r\nx\r\n",
    ]);
    assertEquals(await python(daemon, tls, PYTHON), {
      mechanisms: daemon.mechanisms,
      stls: tls === "none",
      count: 2,
      lines: ["Subject: one", "", ".", "..", "Grüße"],
      top: ["Subject: two", ""],
      left: 1,
      empty: 0,
    });
  });
}

Deno.test("courier refuses a wrong password", async () => {
  await using daemon = await startCourierPop();
  const said = await python(daemon, "none", WRONG);
  assertEquals(said, "b'-ERR Login failed.'");
});

Deno.test("courier ends with all it holds", async () => {
  const [one, two] = await Promise.all([startCourierPop(), startCourierPop()]);
  await using _one = one;
  await using _two = two;
  // Ends while somebody is connected.
  using session = await Deno.connect({ port: one.pop3Port });
  await session.read(new Uint8Array(1));
  const started = descendants(Deno.pid);
  const dirs = new Set<string>();
  for (const pid of started) {
    const line = await Deno.readTextFile(`/proc/${pid}/cmdline`);
    const [dir] = /\/[\w/.-]*\/wireline-server-\w+/.exec(line) ?? [];
    if (dir) dirs.add(dir);
  }
  assertEquals(dirs.size, 2);
  await one[Symbol.asyncDispose]();
  await two.store("ada", ["Subject: one\n\nx\n", "Subject: two\n\nx\n"]);
  await python(two, "none", PYTHON);
  await two[Symbol.asyncDispose]();
  for (const pid of started) assert(!runs(pid), `process ${pid} goes on`);
  for (const dir of dirs) {
    assertEquals(workingOn(dir), []);
    await assertRejects(() => Deno.stat(dir), Deno.errors.NotFound);
  }
  for (const { pop3Port, pop3sPort } of [one, two]) {
    for (const port of [pop3Port, pop3sPort]) {
      await assertRejects(
        () => Deno.connect({ hostname: "127.0.0.1", port }),
        Deno.errors.ConnectionRefused,
      );
    }
  }
});

/** What a script prints; what the server says is added when it fails. */
async function python(
  daemon: CourierDaemon,
  tls: Tls,
  script: string,
): Promise<unknown> {
  const port = tls === "implicit" ? daemon.pop3sPort : daemon.pop3Port;
  const { hostname, caPem, user, password } = daemon;
  const o = JSON.stringify({ tls, port, hostname, caPem, user, password });
  try {
    return JSON.parse(await output("/usr/bin/python3", ["-c", script, o]));
  } catch (cause) {
    throw new Error(`${cause}\ncourier says:\n${await daemon.log()}`, {
      cause,
    });
  }
}
