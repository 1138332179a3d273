// The server is told apart from a real one by nobody: curl and Python's ftplib
// go through it here, and a client of a few lines says what they never say.

import { assert, assertEquals, assertMatch } from "jsr:@std/assert@^1.0.0";
import { createAuthority } from "../_support/certificates.ts";
import { tempDir } from "../_support/temp_dir.ts";
import { FtpServer, type FtpServerOptions } from "./ftp_server.ts";

/** Whether a program can be run; on CI it is not asked, it has to. */
async function isMissing(program: string): Promise<boolean> {
  if (Deno.env.get("CI") !== undefined) return false;
  try {
    await new Deno.Command(program, { args: ["--version"] }).output();
    return false;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return true;
    throw error;
  }
}

const noCurl = await isMissing("curl");
const noPython = await isMissing("python3");
const authority = await createAuthority();
const certificate = await authority.issue();

/** Runs a program and gives what it printed. */
async function run(
  program: string,
  args: string[],
): Promise<{ code: number; stdout: string; stderr: string }> {
  const { code, stdout, stderr } = await new Deno.Command(program, {
    args,
    env: { PYTHONDONTWRITEBYTECODE: "1" },
  }).output();
  const decoder = new TextDecoder();
  return {
    code,
    stdout: decoder.decode(stdout),
    stderr: decoder.decode(stderr),
  };
}

/** Runs curl, which must succeed, and gives what it printed. */
async function curl(...args: string[]): Promise<string> {
  const result = await run("curl", ["-sS", "--max-time", "20", ...args]);
  assertEquals(result.code, 0, result.stderr);
  return result.stdout;
}

function urlOf(server: FtpServer, path: string, scheme = "ftp"): string {
  const host = server.hostname.includes(":")
    ? `[${server.hostname}]`
    : server.hostname;
  return `${scheme}://user:secret@${host}:${server.port}${path}`;
}

/** A pattern in which a lost or doubled chunk shows. */
function pattern(length: number): Uint8Array<ArrayBuffer> {
  return Uint8Array.from({ length }, (_, i) => (i * 7 + (i >> 11)) & 0xff);
}

function sameBytes(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && a.every((byte, i) => byte === b[i]);
}

const SECURITY: {
  name: string;
  options: FtpServerOptions;
  scheme: string;
  flags: string[];
}[] = [
  { name: "in the clear", options: {}, scheme: "ftp", flags: [] },
  {
    name: "with explicit TLS",
    options: { tls: "explicit", requireTls: true, ...certificate },
    scheme: "ftp",
    flags: ["--ssl-reqd"],
  },
  {
    name: "with implicit TLS",
    options: { tls: "implicit", requireTls: true, ...certificate },
    scheme: "ftps",
    flags: [],
  },
];

for (const { name, options, scheme, flags } of SECURITY) {
  Deno.test({
    name: `FtpServer and curl move files ${name}`,
    ignore: noCurl,
    async fn() {
      await using dir = await tempDir();
      await using server = await FtpServer.start(options);
      const ca = `${dir.path}/ca.pem`;
      await Deno.writeTextFile(ca, authority.caPem);
      const all = [...flags, "--cacert", ca];
      const url = (path: string) => urlOf(server, path, scheme);
      const bytes = pattern(3_000_001);
      await Deno.writeFile(`${dir.path}/up`, bytes);

      await curl(
        ...all,
        "--ftp-create-dirs",
        // In TLS 1.3 a session ticket can reach curl's data connection after
        // it has stopped reading. Closing is then a reset, and the upload's
        // end is lost (the server replies 426).
        "--tls-max",
        "1.2",
        "-T",
        `${dir.path}/up`,
        url("/a/b/f"),
      );
      assert(sameBytes(await Deno.readFile(`${server.root}/a/b/f`), bytes));
      await curl(...all, "-o", `${dir.path}/down`, url("/a/b/f"));
      assert(sameBytes(await Deno.readFile(`${dir.path}/down`), bytes));
      assertMatch(
        await curl(...all, url("/a/b/")),
        /^-rw-r--r-- +1 ftp +ftp +3000001 \w{3} [ \d]\d \d\d:\d\d f\r?\n$/,
      );
      assertMatch(await curl(...all, "-l", url("/a/")), /^b\r?\n$/);
      assert(server.commands.includes("PASS secret"));
      assertEquals(
        server.commands.some((line) => line.startsWith("AUTH ")),
        options.tls === "explicit",
      );
    },
  });
}

Deno.test({
  name: "FtpServer and curl resume, append, convert and ask",
  ignore: noCurl,
  async fn() {
    await using dir = await tempDir();
    await using server = await FtpServer.start();
    const bytes = pattern(200_000);
    const local = `${dir.path}/local`;
    await Deno.writeFile(`${server.root}/file`, bytes);
    await Deno.writeFile(local, bytes.subarray(0, 70_000));
    await curl("-C", "-", "-o", local, urlOf(server, "/file"));
    assert(sameBytes(await Deno.readFile(local), bytes));
    assert(server.commands.includes("REST 70000"));

    await Deno.writeTextFile(local, "tail");
    await curl("-a", "-T", local, urlOf(server, "/file"));
    assertEquals((await Deno.stat(`${server.root}/file`)).size, 200_004);

    await Deno.writeTextFile(`${server.root}/text`, "one\ntwo\n");
    assertMatch(
      await curl(urlOf(server, "/text;type=a")),
      /^one\r?\ntwo\r?\n$/, // some versions convert back
    );
    await curl(
      "-B",
      "--crlf",
      "-T",
      `${server.root}/text`,
      urlOf(server, "/t"),
    );
    assertEquals(await Deno.readTextFile(`${server.root}/t`), "one\ntwo\n");

    const head = await curl("-I", urlOf(server, "/file"));
    assertMatch(head, /Content-Length: 200004/);
    assertMatch(head, /Last-Modified: /);
  },
});

Deno.test({
  name: "FtpServer and curl make active and IPv6 data connections",
  ignore: noCurl,
  async fn() {
    for (const hostname of ["127.0.0.1", "::1"] as const) {
      await using server = await FtpServer.start({ hostname });
      await Deno.writeTextFile(`${server.root}/file`, "text");
      for (
        const flags of [
          [],
          ["--ftp-port", "-"],
          ["--ftp-port", "-", "--disable-eprt"],
          ["--disable-epsv"],
        ]
      ) {
        const isIPv4Only = flags.some((flag) => flag.startsWith("--disable"));
        if (hostname === "::1" && isIPv4Only) continue;
        const text = await curl(...flags, urlOf(server, "/file"));
        assertEquals(text, "text", `${hostname} ${flags}`);
      }
      const verbs = server.commands.map((line) => line.split(" ")[0]);
      for (const verb of ["EPSV", "EPRT"]) assert(verbs.includes(verb));
    }
  },
});

Deno.test({
  name: "FtpServer and curl agree on what goes wrong",
  ignore: noCurl,
  async fn() {
    const exitCode = async (options: FtpServerOptions, ...args: string[]) => {
      await using server = await FtpServer.start(options);
      await Deno.writeTextFile(`${server.root}/file`, "text");
      const result = await run("curl", [
        "-sS",
        "--max-time",
        "20",
        ...args.map((arg) => arg.startsWith("/") ? urlOf(server, arg) : arg),
      ]);
      return result.code;
    };
    const onCommand = (wanted: string, answer: string) => ({
      onCommand: (verb: string) => verb === wanted ? answer : undefined,
    });
    assertEquals(await exitCode({ users: { user: "other" } }, "/file"), 67);
    assertEquals(await exitCode({}, "/missing"), 78);
    assertEquals(await exitCode({}, "/missing/file"), 9);
    assertEquals(await exitCode({}, "--ssl-reqd", "/file"), 64);
    assertEquals(await exitCode({ greeting: ["530 Full"] }, "/file"), 8);
    assertEquals(await exitCode(onCommand("RETR", "451 No"), "/file"), 19);
    assertEquals(await exitCode(onCommand("TYPE", "500 No"), "/file"), 17);
    // Lies and half truths curl has an answer to:
    assertEquals(
      await exitCode(
        { features: { epsv: false }, pasvAddress: "192.0.2.1" },
        "/file",
      ),
      0,
    );
    assertEquals(await exitCode({ epsvPortDead: true }, "/file"), 0);
    assertEquals(
      await exitCode({ epsvPortDead: true, pasvPortDead: true }, "/file"),
      7,
    );
  },
});

/** Runs a Python script against the server; it has `ftp` logged in. */
async function python(server: FtpServer, script: string): Promise<string> {
  const preamble = `
import ftplib, io, ssl, sys
host, port = ${JSON.stringify(server.hostname)}, ${server.port}
def connect(tls=None):
    ftp = ftplib.FTP_TLS(context=tls) if tls else ftplib.FTP()
    ftp.connect(host, port, timeout=20)
    ftp.login("user", "secret")
    return ftp
`;
  const result = await run("python3", ["-c", preamble + script]);
  assertEquals(result.code, 0, result.stderr);
  return result.stdout.replaceAll("\r\n", "\n");
}

Deno.test({
  name: "FtpServer and ftplib go through the commands",
  ignore: noPython,
  async fn() {
    await using server = await FtpServer.start();
    const output = await python(
      server,
      `
ftp = connect()
print(ftp.mkd('a "quoted" name'), ftp.pwd())
print(ftp.cwd('a "quoted" name'), ftp.pwd(), ftp.cwd(".."))
ftp.rmd('a "quoted" name')
data = bytes(range(256)) * 10000
print(ftp.storbinary("STOR data", io.BytesIO(data)), ftp.size("data"))
got = io.BytesIO()
print(ftp.retrbinary("RETR data", got.write, rest=1000000))
assert got.getvalue() == data[1000000:]
print(ftp.storbinary("STOR data", io.BytesIO(b"xyz"), rest=5), ftp.size("data"))
ftp.storlines("STOR lines", io.BytesIO("één\\ntwee\\n".encode()))
ftp.encoding = "utf-8"
lines = []
ftp.retrlines("RETR lines", lines.append)
print(lines)
ftp.rename("lines", "regels")
print(ftp.nlst())
print([(name, facts["type"], facts.get("size")) for name, facts in ftp.mlsd(facts=["type", "size"])])
print(ftp.voidcmd("MFMT 20200102030405 data"), ftp.voidcmd("MDTM data"))
print(ftp.sendcmd("MLST data").split("\\n")[1][-35:])
ftp.dir(lambda line: print(line[:10], line[43:] if "2020" in line else line[43:47] + line[-6:]))
ftp.delete("data")
for failing in ["RETR data", "STOR no/data"]:
    try: ftp.voidcmd("TYPE I"); ftp.transfercmd(failing)
    except ftplib.error_perm as error: print(error)
print(ftp.quit())
`,
    );
    assertEquals(
      output,
      `/a "quoted" name /
250 Now in "/a ""quoted"" name" /a "quoted" name 250 Now in "/"
226 Transfer complete 2560000
226 Transfer complete
226 Transfer complete 8
['één', 'twee']
['data', 'regels']
[('.', 'cdir', None), ('..', 'pdir', None), ('data', 'file', '8'), ('regels', 'file', '11')]
213 Modify=20200102030405; data 213 20200102030405
 type=file;size=8; /data
-rw-r--r--   8 Jan  2  2020 data
-rw-r--r--  11 regels
550 No such file or directory
553 Cannot write a file of that name
221 Goodbye
`,
    );
  },
});

Deno.test({
  name: "FtpServer and ftplib use TLS, active mode and ABOR",
  ignore: noPython,
  async fn() {
    await using server = await FtpServer.start({
      tls: "explicit",
      ...certificate,
    });
    await Deno.writeFile(`${server.root}/big`, pattern(30_000_000));
    const output = await python(
      server,
      `
tls = ssl.create_default_context(cadata=${JSON.stringify(authority.caPem)})
for ftp in [connect(), connect(tls)]:
    if isinstance(ftp, ftplib.FTP_TLS):
        print(ftp.prot_p())
    for passive in [True, False]:
        ftp.set_pasv(passive)
        print(ftp.storbinary("STOR small", io.BytesIO(b"text")))
        print(ftp.nlst("small"))
        ftp.voidcmd("TYPE I")
        conn = ftp.transfercmd("RETR big")
        conn.recv(1000)
        print(ftp.abort())
        conn.close()
        print(ftp.voidresp())
        print(ftp.pwd())
    ftp.quit()
`,
    );
    const each = `226 Transfer complete
['small']
426 The transfer was aborted
226 Abort successful
/
`;
    assertEquals(
      output,
      `${each}${each}200 Data connections are private\n${each}${each}`,
    );
  },
});
