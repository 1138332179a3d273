// The server is told apart from a real one by nobody: curl and Python's poplib
// use it here.
import { assertEquals } from "jsr:@std/assert@^1.0.0";
import { join } from "node:path";
import { createAuthority } from "../_support/certificates.ts";
import { tempDir } from "../_support/temp_dir.ts";
import { Pop3Server } from "./pop3_server.ts";

const MESSAGES = [
  "Subject: one\r\n\r\nHello\r\n",
  "Subject: two\r\n\r\n.\r\n..\r\n.a\r\nend\r\n",
];

async function run(command: string, ...args: string[]): Promise<string> {
  const { code, stdout, stderr } = await new Deno.Command(command, {
    args,
    env: { PYTHONDONTWRITEBYTECODE: "1" },
  }).output();
  assertEquals(code, 0, new TextDecoder().decode(stderr));
  return new TextDecoder().decode(stdout);
}

async function isMissing(command: string): Promise<boolean> {
  try {
    await run(command, "--version");
    return false;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return true;
    throw error;
  }
}

const noCurl = await isMissing("curl");
const noPython = await isMissing("python3");

Deno.test({
  name: "Pop3Server and poplib sign in, list, fetch and delete",
  ignore: noPython,
  async fn() {
    const authority = await createAuthority();
    await using local = await tempDir();
    const ca = join(local.path, "ca.pem");
    await Deno.writeTextFile(ca, authority.caPem);
    for (const tls of ["none", "stls", "implicit"]) {
      await using server = await Pop3Server.start({
        messages: { ada: MESSAGES },
        timestamp: "<1896.697170952@localhost>",
        ...await authority.issue(),
        implicitTls: tls === "implicit",
      });
      const printed = await run(
        "python3",
        "-c",
        `
import poplib, ssl
tls = ssl.create_default_context(cafile=${JSON.stringify(ca)})
args = ("localhost", ${server.port})
def connect():
    if ${JSON.stringify(tls)} == "implicit":
        return poplib.POP3_SSL(*args, timeout=20, context=tls)
    one = poplib.POP3(*args, timeout=20)
    if ${JSON.stringify(tls)} == "stls": one.stls(tls)
    return one
pop3 = connect()
pop3.apop("ada", "secret")
print(pop3.stat(), [n for n in pop3.list()[1]], pop3.uidl(2))
pop3.quit()
pop3 = connect()
pop3.user("ada")
try: pop3.pass_("wrong")
except poplib.error_proto as error: print(error)
pop3.user("ada"); pop3.pass_("secret")
print(pop3.retr(2)[1], pop3.top(1, 0)[1], sorted(pop3.capa())[:3])
pop3.dele(1); pop3.rset(); pop3.dele(2); pop3.noop(); pop3.quit()
`,
      );
      const sizes = MESSAGES.map((message) => message.length);
      assertEquals(printed.split("\n"), [
        `(2, ${sizes[0]! + sizes[1]!}) ` +
        `[b'1 ${sizes[0]}', b'2 ${sizes[1]}'] b'+OK 2 uid-2'`,
        "b'-ERR [AUTH] wrong'",
        "[b'Subject: two', b'', b'.', b'..', b'.a', b'end'] " +
        "[b'Subject: one', b''] ['LANG', 'PIPELINING', 'RESP-CODES']",
        "",
      ]);
      assertEquals(server.count("ada"), 1);
    }
  },
});

Deno.test({
  name: "Pop3Server and curl list, fetch and delete",
  ignore: noCurl,
  async fn() {
    const authority = await createAuthority();
    await using local = await tempDir();
    const ca = join(local.path, "ca.pem");
    await Deno.writeTextFile(ca, authority.caPem);
    for (const tls of ["none", "stls", "implicit"]) {
      await using server = await Pop3Server.start({
        messages: { ada: MESSAGES },
        ...await authority.issue(),
        implicitTls: tls === "implicit",
      });
      const scheme = tls === "implicit" ? "pop3s" : "pop3";
      const url = `${scheme}://localhost:${server.port}/`;
      const curl = (...args: string[]) =>
        run(
          "curl",
          ...["-sS", "--max-time", "20", "--cacert", ca, "-u", "ada:secret"],
          ...(tls === "stls" ? ["--ssl-reqd"] : []),
          ...args,
        );
      const sizes = MESSAGES.map((one, at) => `${at + 1} ${one.length}\r\n`);
      assertEquals(await curl(url), sizes.join(""));
      assertEquals(await curl(`${url}2`), MESSAGES[1]);
      assertEquals(await curl("-X", "DELE", "-I", `${url}1`), "");
      assertEquals(server.count("ada"), 1);
    }
  },
});
