import {
  assert,
  assertEquals,
  assertMatch,
  assertStringIncludes,
} from "jsr:@std/assert@^1.0.0";
import { createHash } from "node:crypto";
import { fileURLToPath } from "node:url";
import { SmtpServer } from "../../mail/smtpd/mod.ts";
import { createAuthority } from "../_support/certificates.ts";
import { tempDir } from "../_support/temp_dir.ts";
import { FtpServer } from "../servers/ftp_server.ts";
import { NntpServer } from "../servers/nntp_server.ts";
import { Pop3Server } from "../servers/pop3_server.ts";
import { forPeople, ProgressBar, type Screen } from "./say.ts";
import { differences, makeTree, sumTree } from "./tree.ts";

const MAIN = fileURLToPath(new URL("main.ts", import.meta.url));
const HELLO = "hello\n";
const HELLO_SUM = createHash("sha256").update(HELLO).digest("hex");

interface Output {
  code: number;
  stdout: string;
  stderr: string;
}

/** Runs the demonstration, all its temporary files in a place of ours. */
async function demo(
  args: string[],
  env: Record<string, string> = {},
): Promise<Output & { left: string[] }> {
  await using temp = await tempDir();
  const { code, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["run", "-A", "--quiet", MAIN, ...args],
    env: {
      NO_COLOR: "1",
      TMPDIR: temp.path,
      TMP: temp.path,
      TEMP: temp.path,
      ...env,
    },
  }).output();
  const left = await Array.fromAsync(Deno.readDir(temp.path));
  const decoder = new TextDecoder();
  return {
    code,
    stdout: decoder.decode(stdout),
    stderr: decoder.decode(stderr),
    left: left.map(({ name }) => name),
  };
}

function assertAllWell({ code, stdout, stderr, left }: Output & {
  left: string[];
}): void {
  assertEquals({ code, stderr, left }, { code: 0, stderr: "", left: [] });
  assert(stdout.endsWith("All is well.\n"), stdout);
}

/** Exit code 1 and one line, which is returned. */
function assertOneError({ code, stderr, left }: Output & {
  left: string[];
}): string {
  assertEquals({ code, left }, { code: 1, left: [] });
  assertMatch(stderr, /^error: .+\n$/);
  return stderr;
}

function urlOf(server: FtpServer, user = "user:secret@", scheme = "ftp"): URL {
  return new URL(`${scheme}://${user}${server.hostname}:${server.port}/`);
}

Deno.test("demo shows FTP on a server of its own", async () => {
  const output = await demo([]);
  assertAllWell(output);
  const { stdout } = output;
  assertStringIncludes(stdout, "FTP with explicit TLS\n");
  assertStringIncludes(stdout, "Made a tree of 6 files, 30.1 MB in all.");
  assertStringIncludes(stdout, "checked its certificate");
  assertMatch(stdout, /\n +100 % {2}30\.1 MB of 30\.1 MB\n/);
  assertMatch(
    stdout,
    /Interrupted the download of .*: 1\d\.\d MB of 30\.0 MB are here\./,
  );
  assertMatch(stdout, /Only the other 1\d\.\d MB had to be sent; .*HASH/);
  assertStringIncludes(stdout, "every file is the same everywhere");
  assertMatch(stdout, /\n +[0-9a-f]{64} {2}notes\/日本\.txt\n/);
  assert(!stdout.includes("\r"), "a bar is drawn where nobody sees it");
});

Deno.test("demo shows mail on servers of its own", async () => {
  const output = await demo([]);
  assertAllWell(output);
  const { stdout } = output;
  assertStringIncludes(stdout, "SMTP with STARTTLS\n");
  assertStringIncludes(stdout, "by SCRAM, which sends no password");
  assertStringIncludes(stdout, "accepted: bob@example.com\n");
  assertStringIncludes(stdout, "(550 We do not relay)");
  assertStringIncludes(stdout, "every message came as it was sent");
  assertStringIncludes(stdout, "POP3 with STLS\n");
  assertStringIncludes(stdout, "every message is the same here");
  assertStringIncludes(stdout, "500 are left");
  assertStringIncludes(stdout, "NNTP with STARTTLS\n");
  assertStringIncludes(stdout, "articles and file are the same here");
});

Deno.test("demo says what a mail server offers", async () => {
  await using smtp = new SmtpServer({
    port: 0,
    authenticate: (user, password) => user === "ada" && password === "p:w",
    onMessage: () => {
      throw new Error("nothing was to be sent");
    },
  });
  await using pop3 = await Pop3Server.start({
    users: { ada: "p:w" },
    messages: { ada: ["Subject: 1\r\n\r\n", "Subject: 2\r\n\r\n"] },
  });
  const urls = [
    `smtp://ada:p%3Aw@localhost:${smtp.address.port}/`,
    `pop3://ada:p%3Aw@localhost:${pop3.port}/`,
    `pop3://localhost:${pop3.port}/`,
  ];
  const outputs = await Promise.all(urls.map((url) => demo([url])));
  outputs.forEach(assertAllWell);
  assertStringIncludes(outputs[0]!.stdout, "Signed in as ada.");
  assertStringIncludes(outputs[0]!.stdout, "    PIPELINING\n");
  assertStringIncludes(outputs[1]!.stdout, "2 messages are there:");
  assertStringIncludes(outputs[2]!.stdout, "    SASL SCRAM-SHA-256");
  assertEquals(pop3.count("ada"), 2);
});

Deno.test("demo lists a news server's groups, and the articles of one", async () => {
  await using nntp = await NntpServer.start({
    users: { ada: "p:w" },
    authRequired: true,
    groups: {
      "example.one": { articles: ["Subject: Engines\nFrom: a@b\n\nText\n"] },
      "example.two": {},
    },
  });
  const host = `ada:p%3Aw@localhost:${nntp.port}`;
  const urls = [
    `nntp://${host}/`,
    `nntp://${host}/example.one`,
    `nntp://${host}/example.two`,
  ];
  const outputs = await Promise.all(urls.map((url) => demo([url])));
  outputs.forEach(assertAllWell);
  assertStringIncludes(outputs[0]!.stdout, "    example.one: 1 to 1\n");
  assertStringIncludes(outputs[1]!.stdout, "    1: Engines (a@b)\n");
  assertStringIncludes(outputs[2]!.stdout, "example.two has articles 1 to 0.");
  const outside = await demo([`nntp://localhost:${nntp.port}/example.one`]);
  assertStringIncludes(assertOneError(outside), "login() first");
});

Deno.test("demo says when a mail server is not there or does not let in", async () => {
  await using pop3 = await Pop3Server.start({ users: { ada: "right" } });
  const closed = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const { port } = closed.addr;
  closed.close();
  const outputs = await Promise.all([
    demo([`smtp://localhost:${port}/`]),
    demo([`pop3://ada:wr%2Fong@localhost:${pop3.port}/`]),
  ]);
  assertStringIncludes(assertOneError(outputs[0]!), "refused");
  const line = assertOneError(outputs[1]!);
  assertStringIncludes(line, "-ERR");
  assert(!/wr(%2F|\/)ong/.test(line), line);
});

Deno.test("demo reads the directory that a URL names", async () => {
  await using server = await FtpServer.start({
    users: { "ada@home": "p:w/ü%" },
  });
  await Deno.mkdir(`${server.root}/a b`);
  await Deno.writeTextFile(`${server.root}/a b/hello.txt`, HELLO);
  await Deno.writeFile(`${server.root}/a b/larger.bin`, new Uint8Array(5000));
  const url = urlOf(server, "ada%40home:p%3Aw%2F%C3%BC%25@");
  url.pathname = "/a%20b/";
  const output = await demo([url.href]);
  assertAllWell(output);
  const { stdout } = output;
  assertStringIncludes(stdout, "in the clear.");
  assertStringIncludes(stdout, 'Signed in as "ada@home".');
  assertStringIncludes(stdout, "Listed /a b: 2 entries.");
  assertMatch(stdout, /\n +5\.0 kB {2}larger\.bin\n/);
  assertStringIncludes(stdout, `${HELLO_SUM}  hello.txt (compared by HASH)`);
  assert(stdout.indexOf(HELLO_SUM) < stdout.lastIndexOf("larger.bin"));
});

Deno.test("demo takes a few files and lists some more", async () => {
  await using server = await FtpServer.start();
  for (let n = 1; n <= 30; n++) {
    await Deno.writeFile(`${server.root}/${n}.bin`, new Uint8Array(n));
  }
  const output = await demo([urlOf(server, "").href]);
  assertAllWell(output);
  const { stdout } = output;
  assertStringIncludes(stdout, 'Signed in as "anonymous".');
  assertStringIncludes(stdout, "and 10 more\n");
  const fetched = server.commands.filter((line) => line.startsWith("RETR"));
  assertEquals(fetched, [1, 2, 3, 4, 5].map((n) => `RETR ${n}.bin`));
});

for (
  const [tls, scheme, query] of [
    ["explicit", "ftp", "?tls=starttls"],
    ["implicit", "ftps", ""],
  ] as const
) {
  Deno.test(`demo reads over ${tls} TLS`, async () => {
    const authority = await createAuthority();
    await using trust = await tempDir();
    await Deno.writeTextFile(`${trust.path}/ca.pem`, authority.caPem);
    await using server = await FtpServer.start({
      tls,
      ...await authority.issue(),
    });
    await Deno.writeTextFile(`${server.root}/hello.txt`, HELLO);
    const url = urlOf(server, undefined, scheme);
    const trusting = { DENO_CERT: `${trust.path}/ca.pem` };
    const output = await demo([url.href + query], trusting);
    assertAllWell(output);
    assertStringIncludes(output.stdout, "over TLS, its certificate checked.");
    assertStringIncludes(output.stdout, HELLO_SUM);

    const line = assertOneError(await demo([url.href + query]));
    assertMatch(line, /Cannot start TLS with 127\.0\.0\.1: .*certificate/);
    assert(!line.includes("secret"), line);
  });
}

Deno.test("demo says that the password is wrong, and not which", async () => {
  await using server = await FtpServer.start({
    onCommand: (verb, argument) =>
      verb === "PASS" ? `530 ${argument} is not it` : undefined,
  });
  const output = await demo([urlOf(server, "user:hunt%65r2@").href]);
  const line = assertOneError(output);
  assertStringIncludes(line, "the server answered 530");
  const all = output.stdout + output.stderr;
  assert(!all.includes("hunt"), all);
});

Deno.test("demo says that nobody answers", async () => {
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const { port } = listener.addr;
  listener.close();
  const line = assertOneError(
    await demo([`ftp://user:secret@127.0.0.1:${port}/`]),
  );
  assertStringIncludes(line, `Cannot connect to 127.0.0.1 port ${port}: `);
  assert(!line.includes("secret"), line);
});

Deno.test("demo says that a directory is not there", async () => {
  await using server = await FtpServer.start();
  const url = urlOf(server);
  url.pathname = "/nowhere/";
  const line = assertOneError(await demo([url.href]));
  assertMatch(line, /Cannot CWD nowhere: the server answered 550/);
});

Deno.test("demo says what is wrong with a URL", async () => {
  const wrong = [
    ["ftp://user:secret@ho st/", "it is not one"],
    ["ftps:///secret", "it names no host"],
    ["ftp://user:%FFsecret@localhost/", "stands for no UTF-8"],
    ["ftp://user:secret@localhost/?tls=none", "?tls=starttls"],
    [
      "gopher://user:secret@localhost/",
      "only ftp:, ftps:, smtp:, smtps:, pop3:, pop3s:, nntp:, nntps:",
    ],
  ] as const;
  await Promise.all(wrong.map(async ([url, why]) => {
    const line = assertOneError(await demo([url]));
    assertStringIncludes(line, why);
    assert(!line.includes("secret"), line);
  }));
});

Deno.test("differences names each file that is not the same", async () => {
  await using one = await tempDir();
  await using two = await tempDir();
  await makeTree(one.path);
  await makeTree(two.path);
  const original = await sumTree(one.path);
  assertEquals(differences(original, await sumTree(two.path)), []);
  await Deno.writeTextFile(`${two.path}/README.txt`, "nothing but errors.\n");
  await Deno.rename(`${two.path}/empty.txt`, `${two.path}/other.txt`);
  const [readme, empty, other, ...rest] = differences(
    original,
    await sumTree(two.path),
  );
  assertMatch(readme!, /^README\.txt differs: 22 bytes .* became 20 bytes /);
  assertEquals(empty, "empty.txt is missing");
  assertEquals(other, "other.txt was not there before");
  assertEquals(rest, []);
});

/** A screen whose text can be looked at. */
class Paper implements Screen {
  text = "";
  #terminal: boolean;

  constructor(terminal: boolean) {
    this.#terminal = terminal;
  }

  isTerminal(): boolean {
    return this.#terminal;
  }

  writeSync(bytes: Uint8Array): number {
    this.text += new TextDecoder().decode(bytes);
    return bytes.length;
  }
}

function drawOn(screen: Screen): void {
  using bar = new ProgressBar(2000, screen);
  for (let bytes = 0; bytes <= 1000; bytes += 10) {
    bar.update({ name: "a", bytes });
  }
  bar.update({ name: "b", bytes: 1000 });
}

Deno.test("ProgressBar stays on one line of a terminal", () => {
  const paper = new Paper(true);
  drawOn(paper);
  assert(!paper.text.includes("\n"), paper.text);
  const states = paper.text.split("\r\x1b[K");
  // Nothing before the first, each percent to 50, 100, and wiped at the end.
  assertEquals(states.length, 1 + 50 + 1 + 1);
  assertEquals(
    states.at(-2),
    "    [########################] 100 %  2.0 kB of 2.0 kB",
  );
  assertEquals(states.at(-1), "");
});

Deno.test("ProgressBar prints few lines elsewhere", () => {
  const paper = new Paper(false);
  drawOn(paper);
  assertEquals(
    paper.text,
    "     25 %  500 B of 2.0 kB\n" +
      "     50 %  1.0 kB of 2.0 kB\n" +
      "    100 %  2.0 kB of 2.0 kB\n",
  );
});

Deno.test("forPeople gives one line that steers no terminal", () => {
  assertEquals(
    forPeople(new Error("Cannot do\n  that: \x1b[2Jpw"), ["", "pw"]),
    "Cannot do that: ?[2J***",
  );
});
