/**
 * That the news server starts as it should and leaves nothing behind, shown
 * with other people's clients: where these fail, ours is not to blame.
 */
import {
  assert,
  assertEquals,
  assertRejects,
  assertStringIncludes,
} from "jsr:@std/assert@^1.0.0";
import { output, type Tls } from "./_mail_clients.ts";
import { descendants, runs, workingOn } from "./_process.ts";
import { type InnDaemon, startInn } from "./inn.ts";

/** A port, and a way to use it. */
interface Way {
  port: "readerPort" | "readerTlsPort" | "authPort" | "saslPort" | "feedPort";
  tls: Tls;
  /** How to sign in, where one has to. */
  auth?: "USER" | "PLAIN" | "CRAM-MD5";
}

const WAYS: Way[] = [
  { port: "readerPort", tls: "none" },
  { port: "readerPort", tls: "starttls" },
  { port: "readerTlsPort", tls: "implicit" },
  { port: "authPort", tls: "none", auth: "USER" },
  { port: "authPort", tls: "starttls", auth: "USER" },
  { port: "saslPort", tls: "none", auth: "USER" },
  { port: "saslPort", tls: "none", auth: "PLAIN" },
  { port: "saslPort", tls: "starttls", auth: "CRAM-MD5" },
  { port: "feedPort", tls: "none" },
];

for (const way of WAYS) {
  const { port, tls, auth = "none" } = way;
  Deno.test(`inn: ${port}, TLS: ${tls}, AUTH: ${auth}`, async () => {
    await using daemon = await startInn();
    await told(daemon, async () => {
      await daemon.feed([article("one"), article("two", "..\r\n.\r\n\r\nend")]);
      assertEquals(await python(daemon, way, READ_AND_POST), {
        refused: way.auth ? "480" : null,
        wrong: way.auth ? "481" : null,
        groups: daemon.groups,
        subjects: ["one", "two"],
        body: ["..", ".", "", "end"],
        posted: "240",
        found: ["ü", ".", "x"],
        moderated: "240",
        unknown: "441",
      });
    });
  });
}

Deno.test("inn compresses", async () => {
  await using daemon = await startInn();
  await told(daemon, async () => {
    const way: Way = { port: "readerPort", tls: "none" };
    assertEquals(await python(daemon, way, COMPRESS), {
      offered: ["DEFLATE"],
      reply: "206",
      after: "111",
    });
  });
});

Deno.test("inn offers each mechanism, also in the clear", async () => {
  await using daemon = await startInn();
  await told(daemon, async () => {
    for (const tls of ["none", "starttls"] as const) {
      const way: Way = { port: "saslPort", tls };
      const script = 'report = connect().getcapabilities()["SASL"]';
      assertEquals(await python(daemon, way, script), daemon.mechanisms);
    }
  });
});

Deno.test("inn takes articles from other servers, each once", async () => {
  await using daemon = await startInn();
  await told(daemon, async () => {
    const many = Array.from(
      { length: 2_000 },
      (_, at) => article(`number ${at + 1}`, "x", "local.big"),
    );
    await daemon.feed([]);
    await daemon.feed(many.slice(0, -1));
    await daemon.feed([new TextEncoder().encode(many.at(-1))]);
    const way: Way = { port: "feedPort", tls: "none" };
    assertEquals(await python(daemon, way, FEED), {
      count: 2_000,
      last: "number 2000",
      taken: "235",
      again: "435",
    });
    const error = await assertRejects(() => daemon.feed(many.slice(0, 1)));
    assertStringIncludes(`${error}`, "Cannot feed: 439 ");
    await assertRejects(() => daemon.feed(["Subject: x\r\n"]), TypeError);
  });
});

Deno.test("inn ends with all it holds", async () => {
  const [one, two] = await Promise.all([startInn(), startInn()]);
  await using _one = one;
  await using _two = two;
  // Ends while somebody is connected.
  using session = await Deno.connect({ port: one.readerPort });
  await session.read(new Uint8Array(1));
  const started = descendants(Deno.pid);
  const dirs = await stateDirs(started);
  assertEquals(dirs.size, 2);
  await one[Symbol.asyncDispose]();
  await told(two, () => two.feed([article("one")]));
  await two[Symbol.asyncDispose]();
  for (const pid of started) assert(!runs(pid), `process ${pid} goes on`);
  for (const dir of dirs) {
    assertEquals(workingOn(dir), []);
    await assertRejects(() => Deno.stat(dir), Deno.errors.NotFound);
  }
  for (const daemon of [one, two]) {
    for (const { port } of WAYS) {
      await assertRejects(
        () => Deno.connect({ hostname: "127.0.0.1", port: daemon[port] }),
        Deno.errors.ConnectionRefused,
      );
    }
  }
});

/** What each script begins with. */
const PRELUDE = `
import base64, hmac, json, nntplib, ssl, sys, zlib

o = json.loads(sys.argv[1])
context = ssl.create_default_context(cadata=o["caPem"])
host, port, user = o["hostname"], o["port"], o["user"]

def connect():
    if o["tls"] == "implicit":
        return nntplib.NNTP_SSL(host, port, ssl_context=context, timeout=60)
    nntp = nntplib.NNTP(host, port, readermode=o["feeds"], timeout=60)
    if o["tls"] == "starttls":
        nntp.starttls(context)
    return nntp

def sign_in(nntp, password):
    if o["auth"] == "USER":
        nntp.login(user, password)
    elif o["auth"] == "PLAIN":
        message = f"\\0{user}\\0{password}".encode()
        nntp._shortcmd("AUTHINFO SASL PLAIN " + encode(message))
    else:
        challenge = nntp._shortcmd("AUTHINFO SASL CRAM-MD5").split()[1]
        digest = hmac.new(password.encode(), base64.b64decode(challenge), "md5")
        nntp._shortcmd(encode(f"{user} {digest.hexdigest()}".encode()))

def encode(message):
    return base64.b64encode(message).decode()

def refusal(work):
    try:
        work()
    except nntplib.NNTPError as error:
        return error.response[:3]
    return None

def article(group, identifier=None):
    lines = ["From: ada@example.test", "Newsgroups: " + group, "Subject: new"]
    if identifier:
        lines += ["Path: x", "Date: 1 Jan 2020 00:00:00 +0000"]
        lines += ["Message-ID: " + identifier]
    return "\\r\\n".join(lines + ["", "ü", ".", "x", ""]).encode()
`;

const READ_AND_POST = `
nntp = connect()
refused = wrong = None
if o["auth"]:
    refused = refusal(lambda: nntp.group("local.test"))
    wrong = refusal(lambda: sign_in(nntp, "wrong"))
    sign_in(nntp, o["password"])
groups = [one.group for one in nntp.list()[1]]
first, last = nntp.group("local.test")[2:4]
subjects = [over["subject"] for _, over in nntp.over((first, last))[1]]
body = [line.decode() for line in nntp.body(last)[1].lines]
posted = nntp.post(article("local.post"))[:3]
# It is there at once.
newest = nntp.group("local.post")[3]
found = [line.decode() for line in nntp.body(newest)[1].lines]
moderated = nntp.post(article("local.moderated"))[:3]
unknown = refusal(lambda: nntp.post(article("local.unknown")))
nntp.quit()
report = {"refused": refused, "wrong": wrong, "groups": groups,
    "subjects": subjects, "body": body, "posted": posted, "found": found,
    "moderated": moderated, "unknown": unknown}
`;

const COMPRESS = `
nntp = connect()
offered = nntp.getcapabilities()["COMPRESS"]
reply = nntp._shortcmd("COMPRESS DEFLATE")[:3]
deflate = zlib.compressobj(wbits=-15)
command = deflate.compress(b"DATE\\r\\n") + deflate.flush(zlib.Z_SYNC_FLUSH)
nntp.sock.sendall(command)
after = zlib.decompressobj(wbits=-15).decompress(nntp.sock.recv(1000))
report = {"offered": offered, "reply": reply, "after": after.decode()[:3]}
`;

const FEED = `
reader = connect()
count, first, last, name = reader.group("local.big")[1:]
subject = reader.over((last, last))[1][0][1]["subject"]
o["feeds"] = False
peer = connect()
identifier = "<peer@example.test>"
data = article("local.test", identifier)
taken = peer.ihave(identifier, data)[:3]
again = refusal(lambda: peer.ihave(identifier, data))
report = {"count": count, "last": subject, "taken": taken, "again": again}
`;

/** Runs a script in Python, and gives what it has for `report`. */
async function python(
  daemon: InnDaemon,
  way: Way,
  script: string,
): Promise<unknown> {
  const { hostname, caPem, user, password } = daemon;
  const port = daemon[way.port];
  const feeds = way.port === "feedPort";
  const o = { auth: null, ...way, feeds, port, hostname, caPem, user };
  const told = await output("/usr/bin/python3", [
    ...["-W", "ignore::DeprecationWarning", "-c"],
    `${PRELUDE}${script}\nprint(json.dumps(report))`,
    JSON.stringify({ ...o, password }),
  ]);
  return JSON.parse(told);
}

/** An article as it comes from another server. */
function article(subject: string, body = "x", group = "local.test"): string {
  const id = `<${subject.replaceAll(" ", ".")}.${group}@example.test>`;
  return "Path: feeder!not-for-mail\r\nFrom: ada@example.test\r\n" +
    `Newsgroups: ${group}\r\nSubject: ${subject}\r\nMessage-ID: ${id}\r\n` +
    `Date: Wed, 01 Jan 2020 00:00:00 +0000\r\n\r\n${body}\r\n`;
}

/** Adds the daemon's view to what goes wrong. */
async function told<T>(
  daemon: InnDaemon,
  work: () => Promise<T>,
): Promise<T> {
  try {
    return await work();
  } catch (cause) {
    throw new Error(`${cause}\n${daemon.name} says:\n${await daemon.log()}`, {
      cause,
    });
  }
}

/** The directories of daemons that these processes were started with. */
async function stateDirs(pids: number[]): Promise<Set<string>> {
  const found = new Set<string>();
  for (const pid of pids) {
    const line = await Deno.readTextFile(`/proc/${pid}/cmdline`);
    const [dir] = /\/[\w/.-]*\/wireline-server-\w+/.exec(line) ?? [];
    if (dir) found.add(dir);
  }
  return found;
}
