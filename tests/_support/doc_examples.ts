/**
 * Runs the examples in the documentation. They speak of servers under
 * example.com; here those are servers of our own in this process, and the tests
 * run in a child to which `example_com.ts` is preloaded.
 */
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { SmtpServer } from "../../mail/smtpd/mod.ts";
import { FtpServer } from "../servers/ftp_server.ts";
import { NntpServer, type NntpServerOptions } from "../servers/nntp_server.ts";
import { Pop3Server } from "../servers/pop3_server.ts";
import { createAuthority } from "./certificates.ts";
import { tempDir } from "./temp_dir.ts";

const ROOT = fileURLToPath(new URL("../../", import.meta.url));
const NAMES = [
  "ftp.example.com",
  "files.lan",
  "smtp.example.com",
  "pop.example.com",
  "news.example.com",
];

const ARTICLE = "From: Ada <ada@example.com>\nNewsgroups: comp.example\n" +
  "Subject: Engines\n\nThey can compose music.\n";

if (import.meta.main) Deno.exit(await runExamples(Deno.args));

/** Resolves with the exit code. */
async function runExamples(modules: string[]): Promise<number> {
  await using local = await tempDir();
  const authority = await createAuthority();
  const ca = join(local.path, "ca.pem");
  await Deno.writeTextFile(ca, authority.caPem);
  const certificate = await authority.issue({ dnsNames: NAMES });
  await using smtp = new SmtpServer({
    ...certificate,
    port: 0,
    authenticate: (user, password) => user === "ada" && password === "secret",
    onMessage() {},
  });
  await using pop3 = await Pop3Server.start({
    ...certificate,
    implicitTls: true,
    messages: { ada: ["Subject: Hello\r\n\r\nHow are you?\r\n"] },
  });
  const news: NntpServerOptions = {
    groups: { "comp.example": { articles: [ARTICLE, ARTICLE] } },
  };
  await using nntp = await NntpServer.start(news);
  await using nntps = await NntpServer.start({
    ...news,
    ...certificate,
    implicitTls: true,
  });
  await using ftp = await FtpServer.start({
    ...certificate,
    tls: "explicit",
    users: { ada: "secret", anonymous: "" },
  });
  await Deno.mkdir(join(ftp.root, "reports"));
  await Deno.mkdir(join(ftp.root, "pub"));
  for (const name of ["reports/2026.pdf", "notes.txt", "a.txt", "disk.iso"]) {
    await Deno.writeTextFile(join(ftp.root, name), `the text of ${name}\n`);
  }
  const child = new Deno.Command(Deno.execPath(), {
    args: [
      "test",
      "-A",
      "--quiet",
      `--config=${join(ROOT, "deno.json")}`,
      `--preload=${join(ROOT, "tests/_support/example_com.ts")}`,
      "--doc",
      ...modules.map((module) => join(ROOT, module)),
    ],
    cwd: local.path,
    env: {
      DENO_CERT: ca,
      EXAMPLE_PORTS: JSON.stringify({
        21: ftp.port,
        119: nntp.port,
        563: nntps.port,
        587: smtp.address.port,
        995: pop3.port,
      }),
    },
  }).spawn();
  return (await child.status).code;
}
