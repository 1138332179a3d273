import { Buffer } from "node:buffer";
import { join } from "node:path";
import { TextLineStream } from "jsr:@std/streams@^1.0.0/text-line-stream";
import { UNPACKED } from "../install_servers.ts";
import { writeCertificate } from "./_certificate.ts";
import { ACCOUNT } from "./_mail_daemon.ts";
import {
  type Daemon,
  freePort,
  output,
  sleep,
  startDaemon,
  stateDir,
} from "./_process.ts";

/** A running news server. */
export interface InnDaemon extends Daemon {
  /** The program's name, for the names of tests and the rows of tables. */
  name: string;
  /** The name in its certificate. */
  hostname: string;
  caPem: string;
  user: string;
  password: string;
  /** Where everybody may read and post, with STARTTLS and COMPRESS. */
  readerPort: number;
  /** The same, but beginning with TLS. */
  readerTlsPort: number;
  /**
   * Where nothing may be done before AUTHINFO USER and PASS, with STARTTLS. It
   * offers SASL as well, but whoever signs in that way still sees no groups.
   */
  authPort: number;
  /** Where groups are seen after AUTHINFO of either kind, with STARTTLS. */
  saslPort: number;
  /** SASL's, all of them also in the clear. */
  mechanisms: readonly string[];
  /**
   * Where servers hand over articles, by IHAVE and by streaming; MODE READER
   * makes it like `readerPort`.
   */
  feedPort: number;
  /** Its groups, all of them empty; one has a moderator, who gets no mail. */
  groups: readonly string[];
  /**
   * Hands over articles as another server does, in this order, and waits until
   * they can be read.
   *
   * @param articles Each with CRLF at the end of every line, and with Path,
   * Message-ID, From, Date, Newsgroups and Subject.
   */
  feed(articles: readonly (string | Uint8Array)[]): Promise<void>;
}

/** The groups, and who may post to them: `m` is up to a moderator. */
const GROUPS = {
  "local.big": "y",
  "local.moderated": "m",
  "local.post": "y",
  "local.test": "y",
};

/** Its own, without which it does not start; nobody may read them. */
const OWN_GROUPS = { "control": "n", "control.cancel": "n", "junk": "n" };

/** What AUTHINFO SASL can choose from. */
const MECHANISMS = [
  ...["PLAIN", "LOGIN", "CRAM-MD5", "DIGEST-MD5"],
  ...["SCRAM-SHA-1", "SCRAM-SHA-256"],
];

/** What is needed of the package. */
const FILES = [
  ...["bin/innd", "bin/nnrpd", "bin/makedbz", "bin/auth/passwd/ckpasswd"],
  ...["libinn.so.9", "libinnhist.so.3", "libinnstorage.so.3"],
];

/** What has to be there for it to write to, and for `FILES`. */
const FOLDERS = [
  ...["bin/auth/passwd", "db", "spool/articles", "spool/overview"],
  ...["spool/incoming", "spool/outgoing"],
];

/** How long to wait for what was fed, in ms. */
const PATIENCE = 30_000;

/** INN: one innd for feeds, and an nnrpd for each way to read and post. */
export async function startInn(): Promise<InnDaemon> {
  const dir = await stateDir();
  const feedPort = freePort();
  const { caPem, cert, key } = await writeCertificate(dir);
  const unpacked = join(UNPACKED, "inn2");
  const write = (name: string, text: string) =>
    Deno.writeTextFile(join(dir, name), text.trimStart());
  // It becomes user news by itself, who may not enter the project's folder.
  for (const name of FOLDERS) {
    await Deno.mkdir(join(dir, name), { recursive: true });
  }
  for (const name of FILES) {
    const file = join(unpacked, "usr/lib/news", name);
    await Deno.copyFile(file, join(dir, name));
  }
  await write(
    "inn.conf",
    `
pathhost: news.${ACCOUNT.domain}
domain: ${ACCOUNT.domain}
pathnews: ${dir}
pathetc: ${dir}
pathrun: ${dir}
pathlog: ${dir}
pathtmp: ${dir}
mta: "/bin/true %s"
hismethod: hisv6
ovmethod: tradindexed
tlscapath: ${dir}
tlscertfile: ${cert}
tlskeyfile: ${key}

# Articles may be old and big.
artcutoff: 0
maxartsize: 0
localmaxartsize: 0

# Nothing throttles.
initialtimeout: 600
maxconnections: 1000
nnrpdloadlimit: 0
`,
  );
  // A file for each article takes the disk minutes to remove.
  await write(
    "storage.conf",
    `
method timecaf {
  newsgroups: *
  class: 0
}
`,
  );
  await write(
    "incoming.conf",
    `
peer feeder {
  hostname: 127.0.0.1
  max-connections: 1000
}
`,
  );
  await write("newsfeeds", "ME:*::\n");
  await write("motd.nnrpd", "Grüße\n");
  await write("distributions", "local\tThis machine only\n");
  await write("distrib.pats", "10:local.*:local\n");
  await write("moderators", `local.*:moderator@${ACCOUNT.domain}\n`);
  await write("subscriptions", "local.test\n");
  await write("expire.ctl", "*:A:never:never:never\n");
  const groups = Object.entries({ ...OWN_GROUPS, ...GROUPS });
  await write(
    "db/active",
    groups.map(([name, mode]) => `${name} 0000000000 0000000001 ${mode}\n`)
      .join(""),
  );
  await write(
    "db/newsgroups",
    groups.map(([name]) => `${name}\tGrüße aus ${name}\n`).join(""),
  );
  await write(
    "db/active.times",
    groups.map(([name]) => `${name} 1700000000 usenet@${ACCOUNT.domain}\n`)
      .join(""),
  );
  await write("db/history", "");
  const hash = await output("openssl", "passwd", "-6", ACCOUNT.password);
  await write("passwd", `${ACCOUNT.user}:${hash}`);
  const passwords = `auth: "ckpasswd -f ${join(dir, "passwd")}"`;
  await write(
    "readers.conf",
    `
auth everybody {
  default: somebody
}
access everything {
  newsgroups: local.*
}
`,
  );
  await write(
    "auth.conf",
    `
auth known {
  ${passwords}
}
access everything {
  newsgroups: local.*
}
`,
  );
  // After SASL, it turns everybody away who had no rights before.
  await write(
    "sasl.conf",
    `
auth known {
  ${passwords}
  default: stranger
}
access nothing {
  newsgroups: !*
}
access everything {
  users: *,!stranger
  newsgroups: local.*
}
`,
  );
  await write(
    "INN.conf",
    `
pwcheck_method: auxprop
auxprop_plugin: sasldb
sasldb_path: ${join(dir, "sasldb")}
mech_list: ${MECHANISMS.join(" ")}
`,
  );
  const saslpasswd = `${join(unpacked, "usr/sbin/saslpasswd2")} -p -c`;
  await output(
    "sh",
    "-c",
    `printf %s ${ACCOUNT.password} | ${saslpasswd} -f "$0" ${ACCOUNT.user}`,
    join(dir, "sasldb"),
  );
  await output("chown", "-R", "news:news", dir);
  // What it does not give to syslog.
  for (const name of ["errlog", "news"]) {
    await Deno.symlink(name, join(dir, `${name}.log`));
  }
  const env = {
    INNCONF: join(dir, "inn.conf"),
    LD_LIBRARY_PATH: dir,
    SASL_CONF_PATH: dir,
  };
  await output(
    "env",
    ...Object.entries(env).map(([name, value]) => `${name}=${value}`),
    ...[join(dir, "bin/makedbz"), "-i", "-o", "-s", "500000"],
    ...["-f", join(dir, "db/history")],
  );
  await using started = new AsyncDisposableStack();
  const innd = started.use(
    await startDaemon(
      join(dir, "bin/innd"),
      ["-f", "-4", "127.0.0.1", "-P", `${feedPort}`],
      { dir, ports: [feedPort], env },
    ),
  );
  const startReader = async (config: string, ...options: string[]) => {
    const port = freePort();
    const own = join(dir, `${port}`);
    await Deno.mkdir(own);
    const daemon = await startDaemon(
      join(dir, "bin/nnrpd"),
      [
        ...["-D", "-f", "-n", "-4", "127.0.0.1", "-p", `${port}`],
        ...["-c", join(dir, config), ...options],
      ],
      { dir: own, ports: [port], env },
    );
    started.use(daemon);
    return port;
  };
  const readerPort = await startReader("readers.conf");
  const readerTlsPort = await startReader("readers.conf", "-S");
  const authPort = await startReader("auth.conf");
  const saslPort = await startReader("sasl.conf");
  const running = started.move();
  return {
    ...ACCOUNT,
    name: "inn",
    caPem,
    readerPort,
    readerTlsPort,
    authPort,
    saslPort,
    mechanisms: MECHANISMS,
    feedPort,
    groups: Object.keys(GROUPS),
    feed: (articles) => feed(articles, feedPort, readerPort),
    log: innd.log,
    [Symbol.asyncDispose]: () => running.disposeAsync(),
  };
}

/** Hands over articles by streaming, RFC 4644, and waits for the last. */
async function feed(
  articles: readonly (string | Uint8Array)[],
  feedPort: number,
  readerPort: number,
): Promise<void> {
  if (articles.length === 0) return;
  let last: string | undefined;
  const send = async (innd: Talk) => {
    let waiting = "";
    for (const article of articles) {
      const text = Buffer.from(article).toString("latin1");
      last = /^Message-ID: *(<.+>)/im.exec(text)?.[1];
      if (!last || !text.endsWith("\r\n")) {
        throw new TypeError(
          "Cannot feed an article: no Message-ID or last CRLF",
        );
      }
      const stuffed = text.replaceAll("\r\n.", "\r\n..");
      waiting += `TAKETHIS ${last}\r\n${stuffed}.\r\n`;
      if (waiting.length < 65_536) continue;
      await innd.write(waiting);
      waiting = "";
    }
    await innd.write(waiting);
  };
  const receive = async (innd: Talk) => {
    for (const _ of articles) await innd.expect("239");
  };
  {
    using innd = await Talk.start(feedPort);
    await innd.write("MODE STREAM\r\n");
    await innd.expect("203");
    // At the same time, lest it wait for somebody to read what it says.
    await Promise.all([send(innd), receive(innd)]);
  }
  using nnrpd = await Talk.start(readerPort);
  const deadline = performance.now() + PATIENCE;
  for (;;) {
    await nnrpd.write(`STAT ${last}\r\n`);
    const line = await nnrpd.line();
    if (line.startsWith("223")) return;
    if (performance.now() > deadline) {
      throw new Error(`Cannot read what was fed: ${line}`);
    }
    await sleep(10);
  }
}

/** A connection of which the lines are read. */
class Talk {
  readonly #connection: Deno.TcpConn;
  readonly #lines: ReadableStreamDefaultReader<string>;

  private constructor(connection: Deno.TcpConn) {
    this.#connection = connection;
    this.#lines = connection.readable
      .pipeThrough(new TextDecoderStream())
      .pipeThrough(new TextLineStream())
      .getReader();
  }

  /** Connects, and waits for the greeting. */
  static async start(port: number): Promise<Talk> {
    const connection = await Deno.connect({ hostname: "127.0.0.1", port });
    connection.setNoDelay();
    const talk = new Talk(connection);
    await talk.expect("200");
    return talk;
  }

  async write(text: string): Promise<void> {
    const bytes = Buffer.from(text, "latin1");
    for (let at = 0; at < bytes.length;) {
      at += await this.#connection.write(bytes.subarray(at));
    }
  }

  async line(): Promise<string> {
    const { value } = await this.#lines.read();
    if (value === undefined) throw new Error("Cannot feed: it hung up");
    return value;
  }

  async expect(code: string): Promise<void> {
    const line = await this.line();
    if (!line.startsWith(code)) throw new Error(`Cannot feed: ${line}`);
  }

  [Symbol.dispose](): void {
    this.#connection.close();
  }
}
