/**
 * That each daemon starts as it should and leaves nothing behind, shown with
 * other people's clients: where these fail, ours is not to blame.
 */
import {
  assert,
  assertEquals,
  assertNotEquals,
  assertRejects,
  assertStringIncludes,
} from "jsr:@std/assert@^1.0.0";
import { dirname, join } from "node:path";
import { tempDir } from "../../_support/temp_dir.ts";
import type { FtpDaemon } from "./_ftp_daemon.ts";
import { descendants, runs } from "./_process.ts";
import { startProftpd } from "./proftpd.ts";
import { startPureFtpd } from "./pure_ftpd.ts";
import { startPyftpdlib } from "./pyftpdlib.ts";
import { startVsftpd } from "./vsftpd.ts";

type Tls = "none" | "explicit" | "implicit";

interface Mode {
  what: string;
  start: () => Promise<FtpDaemon>;
  tls: Tls;
  /** Refuses data connections that do not resume the session. */
  demandsReuse?: boolean;
  /** The client that it gets on with. */
  client?: (daemon: FtpDaemon, tls: Tls) => Client;
  /** The command that sets a file's time, where it is not MFMT. */
  setTime?: string;
}

const MODES: Mode[] = [
  {
    what: "vsftpd in the clear",
    start: () => startVsftpd({ verbose: true }),
    tls: "none",
    setTime: "MDTM",
  },
  {
    what: "proftpd in the clear",
    start: () => startProftpd(),
    tls: "none",
  },
  {
    what: "pure-ftpd in the clear",
    start: () => startPureFtpd(),
    tls: "none",
  },
  {
    what: "pure-ftpd, explicit TLS",
    start: () => startPureFtpd({ tls: "explicit" }),
    tls: "explicit",
  },
  {
    what: "pyftpdlib in the clear",
    start: () => startPyftpdlib(),
    tls: "none",
  },
  {
    what: "pyftpdlib, explicit TLS",
    start: () => startPyftpdlib({ tls: "explicit" }),
    tls: "explicit",
    client: python,
  },
];
for (const requireReuse of [true, false]) {
  for (const tls of ["explicit", "implicit"] as const) {
    const how = `${tls} TLS, ${requireReuse ? "its demand for" : "no"} reuse`;
    MODES.push({
      what: `vsftpd, ${how}`,
      start: () => startVsftpd({ tls, requireReuse, verbose: true }),
      tls,
      demandsReuse: requireReuse,
      setTime: "MDTM",
    }, {
      what: `proftpd, ${how}`,
      start: () => startProftpd({ tls, requireReuse }),
      tls,
      demandsReuse: requireReuse,
    });
  }
}

for (const mode of MODES) {
  const { tls, start, client = curl, setTime = "MFMT" } = mode;

  Deno.test(`${mode.what}: lists, stores and fetches`, async () => {
    await using daemon = await start();
    const { root } = daemon;
    const ftp = client(daemon, tls);
    await told(daemon, async () => {
      const content = crypto.getRandomValues(new Uint8Array(50_000));
      await using files = await tempDir();
      const [there, back] = [join(files.path, "up"), join(files.path, "down")];
      await Deno.writeFile(there, content);
      await ftp.put(there, "stored");
      assertEquals(await Deno.readFile(join(root, "stored")), content);
      await Deno.writeFile(join(root, "found"), content);
      await ftp.get("found", back);
      assertEquals(await Deno.readFile(back), content);
      const listing = await ftp.list();
      assertStringIncludes(listing, "stored");
      assertStringIncludes(listing, "found");
      // Writing in every other way that tests want to use.
      await ftp.commands(
        "MKD dir",
        "RNFR stored",
        "RNTO dir/moved",
        `${setTime} 20200102030405 dir/moved`,
        "TYPE I", // proftpd and pyftpdlib tell no SIZE in TYPE A
        "SIZE dir/moved",
        "DELE found",
      );
      const moved = join(root, "dir/moved");
      assertEquals(daemon.pathOf(moved), "/dir/moved");
      const { mtime } = await Deno.stat(moved);
      assertEquals(mtime?.toISOString(), "2020-01-02T03:04:05.000Z");
    });
  });

  if (tls === "none") continue;

  if (tls === "explicit") {
    Deno.test(`${mode.what}: refuses to do without TLS`, async () => {
      await using daemon = await start();
      for (
        const list of [
          () => python(daemon, "none").list(),
          // A login over TLS, but the data in the clear.
          () => python(daemon, tls).list("clear"),
        ]
      ) {
        const error = await assertRejects(list, Error);
        assert(/\b(5\d\d|421) /.test(error.message), error.message);
      }
    });
  }

  Deno.test(`${mode.what}: ${mode.demandsReuse ? "has" : "does not have"} the demand`, async () => {
    await using daemon = await start();
    // Python's client never resumes a session.
    const list = () => python(daemon, tls).list();
    if (!mode.demandsReuse) await told(daemon, list);
    else {
      const error = await assertRejects(list, Error);
      assert(/\b(522|425) /.test(error.message), error.message);
    }
  });
}

for (const mode of MODES) {
  Deno.test(`${mode.what}: ends with all it holds`, async () => {
    await using one = await mode.start();
    await using two = await mode.start();
    assertNotEquals(one.port, two.port);
    // Ends while somebody is connected, and leaves the other one alone.
    const session = await Deno.connect(two);
    const greeting = mode.tls === "implicit"
      ? 1 // It waits for us to begin.
      : await session.read(new Uint8Array(100));
    assertNotEquals(greeting, null);
    const started = descendants(Deno.pid);
    assert(started.length >= 2, `${started}`);
    await one[Symbol.asyncDispose]();
    await told(two, async () => (await Deno.connect(two)).close());
    await two[Symbol.asyncDispose]();
    session.close();
    for (const pid of started) {
      assert(!runs(pid), `process ${pid} goes on`);
    }
    for (const { root, port } of [one, two]) {
      await assertRejects(() => Deno.stat(dirname(root)), Deno.errors.NotFound);
      await assertRejects(
        () => Deno.connect({ hostname: "127.0.0.1", port }),
        Deno.errors.ConnectionRefused,
      );
    }
  });
}

Deno.test("vsftpd lets anonymous in where it is told to, to read", async () => {
  for (const tls of ["none", "explicit"] as const) {
    await using daemon = await startVsftpd({
      tls,
      anonymous: true,
      verbose: true,
    });
    await told(daemon, async () => {
      const anonymous = { ...daemon, user: "anonymous", password: "a@b" };
      const file = join(daemon.root, "found");
      await Deno.writeTextFile(file, "text");
      assertStringIncludes(await curl(anonymous, tls).list(), "found");
      await assertRejects(() => curl(anonymous, tls).put(file, "stored"));
      await curl(daemon, tls).put(file, "stored");
    });
  }
  await using strict = await startVsftpd();
  const anonymous = { ...strict, user: "anonymous", password: "a@b" };
  await assertRejects(() => curl(anonymous, "none").list());
});

Deno.test("proftpd knows HASH", async () => {
  await using daemon = await startProftpd();
  await Deno.writeTextFile(join(daemon.root, "found"), "text");
  await told(
    daemon,
    () => curl(daemon, "none").commands("TYPE I", "HASH found"),
  );
});

/** Somebody else's FTP client, with a connection of its own for each call. */
interface Client {
  list(): Promise<string>;
  put(local: string, name: string): Promise<unknown>;
  get(name: string, local: string): Promise<unknown>;
  /** Sends commands, of which none may be refused. */
  commands(...lines: string[]): Promise<unknown>;
}

function curl(daemon: FtpDaemon, tls: Tls): Client {
  const url = `${
    tls === "implicit" ? "ftps" : "ftp"
  }://${daemon.hostname}:${daemon.port}/`;
  const run = (...args: string[]) =>
    withCa(daemon, (ca) =>
      output("/usr/bin/curl", [
        "-sS",
        "-q",
        "--max-time",
        "60",
        "--noproxy",
        "*",
        "--user",
        `${daemon.user}:${daemon.password}`,
        ...(tls === "none" ? [] : ["--ssl-reqd", "--cacert", ca]),
        ...args,
      ]));
  return {
    list: () => run(url),
    put: (local, name) => run("-T", local, url + name),
    get: (name, local) => run("-o", local, url + name),
    commands: (...lines) =>
      run("-I", ...lines.flatMap((line) => ["-Q", line]), url),
  };
}

const PYTHON = `
import ftplib, json, ssl, sys

o = json.loads(sys.argv[1])

class Implicit(ftplib.FTP_TLS):
    def getresp(self):
        if not isinstance(self.sock, ssl.SSLSocket):
            self.sock = self.context.wrap_socket(
                self.sock, server_hostname=self.host)
            self.file = self.sock.makefile("r", encoding=self.encoding)
        return super().getresp()

if o["tls"] == "none":
    ftp = ftplib.FTP(timeout=60)
else:
    context = ssl.create_default_context(cafile=o["ca"])
    kind = Implicit if o["tls"] == "implicit" else ftplib.FTP_TLS
    ftp = kind(context=context, timeout=60)
ftp.connect(o["host"], o["port"])
ftp.login(o["user"], o["password"])
if o["tls"] != "none" and not o["clear"]:
    ftp.prot_p()
what, *args = o["do"]
if what == "list":
    ftp.retrlines("LIST")
elif what == "put":
    with open(args[0], "rb") as file:
        ftp.storbinary("STOR " + args[1], file)
elif what == "get":
    with open(args[1], "wb") as file:
        ftp.retrbinary("RETR " + args[0], file.write)
else:
    for line in args:
        ftp.sendcmd(line)
ftp.quit()
`;

/**
 * For pyftpdlib, which curl's early TLS makes close the data connection, and
 * for what is to be refused, which curl may answer with waiting.
 */
function python(
  daemon: FtpDaemon,
  tls: Tls,
): Client & { list(data?: "clear"): Promise<string> } {
  const run = (action: string[], clear = false) =>
    withCa(daemon, (ca) =>
      output("/usr/bin/python3", [
        "-c",
        PYTHON,
        JSON.stringify({
          host: daemon.hostname,
          port: daemon.port,
          user: daemon.user,
          password: daemon.password,
          tls,
          ca,
          clear,
          do: action,
        }),
      ]));
  return {
    list: (data?: "clear") => run(["list"], data === "clear"),
    put: (local, name) => run(["put", local, name]),
    get: (name, local) => run(["get", name, local]),
    commands: (...lines) => run(["commands", ...lines]),
  };
}

/** What a client prints; that it fails is an error with all it said. */
async function output(command: string, args: string[]): Promise<string> {
  const { success, stdout, stderr } = await new Deno.Command(command, { args })
    .output();
  const decoder = new TextDecoder();
  if (success) return decoder.decode(stdout);
  throw new Error(decoder.decode(stdout) + decoder.decode(stderr));
}

async function withCa<T>(
  daemon: FtpDaemon,
  use: (path: string) => Promise<T>,
): Promise<T> {
  await using files = await tempDir();
  const path = join(files.path, "ca.pem");
  await Deno.writeTextFile(path, daemon.caPem ?? "");
  return await use(path);
}

/** Adds the daemon's view to what goes wrong. */
async function told<T>(
  daemon: FtpDaemon,
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
