import { basename, join } from "node:path";
import { UNPACKED } from "../install_servers.ts";
import { writeCertificate } from "./_certificate.ts";
import {
  ACCOUNT,
  LOCAL_PARTS,
  makeMailboxes,
  ownerIds,
  storeMessages,
} from "./_mail_daemon.ts";
import {
  type Daemon,
  freePort,
  output,
  sleep,
  startDaemon,
  stateDir,
} from "./_process.ts";

/** A running courier, with mailboxes for `ada`, `bob` and `jörg`. */
export interface CourierDaemon extends Daemon {
  /** The program's name, for the names of tests and the rows of tables. */
  name: string;
  /** The name in its certificate. */
  hostname: string;
  caPem: string;
  user: string;
  password: string;
  /** POP3, with STLS; and with TLS from the first byte on. */
  pop3Port: number;
  pop3sPort: number;
  /** SASL's, besides USER and PASS. */
  mechanisms: readonly string[];
  /** Puts messages into a mailbox, in this order. */
  store(localPart: string, messages: string[]): Promise<void>;
}

/** What it asks the password for; the hashes are those of the CRAM ones. */
const MECHANISMS = ["PLAIN", "LOGIN", "CRAM-MD5", "CRAM-SHA1", "CRAM-SHA256"];
const HASHES = ["md5", "sha1", "sha256"];

/** What is needed of the packages, below `usr`. */
const PROGRAMS = [
  ...["bin/couriertls", "sbin/couriertcpd", "sbin/userdbpw"],
  "lib/courier/courier/courierpop3login",
  "lib/courier/courier/courierpop3d",
  "lib/courier/courier-authlib/authdaemond",
  "lib/courier/courier-authlib/makedatprog",
];
const LIBRARIES = [
  ...["lib/libcourierauth.so.0", "lib/libcourierauthcommon.so.0"],
  ...["lib/libcourierauthsasl.so.0", "lib/courier-authlib/libauthuserdb.so.0"],
  `lib/${Deno.build.arch}-linux-gnu/libcourier-unicode.so.4`,
  `lib/${Deno.build.arch}-linux-gnu/fakechroot/libfakechroot.so`,
];

/** How long to wait for a part that does not listen on a port, in ms. */
const PATIENCE = 20_000;

/** courier's POP3, with Maildirs. A wrong password takes it five seconds. */
export async function startCourierPop(): Promise<CourierDaemon> {
  const dir = await stateDir();
  const mail = await makeMailboxes(dir);
  for (const name of LOCAL_PARTS) await storeMessages(mail, name, []);
  const { caPem, cert, key } = await writeCertificate(dir);
  const [bin, lib] = [join(dir, "bin"), join(dir, "lib")];
  const etc = join(dir, "etc/courier");
  const run = join(dir, "run/courier/authdaemon");
  for (const path of [bin, lib, etc, run]) {
    await Deno.mkdir(path, { recursive: true });
  }
  // It becomes users who may not enter the project's folder.
  const unpacked = join(UNPACKED, "courier-pop/usr");
  for (const [to, names] of [[bin, PROGRAMS], [lib, LIBRARIES]] as const) {
    for (const name of names) {
      await Deno.copyFile(join(unpacked, name), join(to, basename(name)));
    }
  }
  await writeUsers(dir, mail);
  // It does STLS as a user of this name.
  const { uid, gid } = await ownerIds();
  await Deno.writeTextFile(
    join(dir, "etc/passwd"),
    `courier:x:${uid}:${gid}::/:/bin/false\n`,
  );
  await output("chown", uid, key);
  await Deno.writeTextFile(
    join(etc, "authdaemonrc"),
    `authmodulelist="authuserdb"\ndaemons=5\nauthdaemonvar=${run}\n`,
  );
  const env = {
    LD_LIBRARY_PATH: lib,
    // /etc/courier and /run/courier are compiled in: this library has them
    // looked for in the state directory, and /etc/passwd.
    LD_PRELOAD: join(lib, "libfakechroot.so"),
    FAKECHROOT_BASE: dir,
    FAKECHROOT_EXCLUDE_PATH: [dir, "/bin", "/dev", "/lib", "/proc", "/usr"]
      .join(":"),
    DEBUG_LOGIN: "1",
    COURIERTLS: join(bin, "couriertls"),
    TLS_CERTFILE: cert,
    TLS_PRIVATE_KEYFILE: key,
    POP3AUTH: MECHANISMS.join(" "),
    POP3AUTH_TLS: MECHANISMS.join(" "),
  };
  await using started = new AsyncDisposableStack();
  const authdaemon = started.use(
    await startDaemon(join(bin, "authdaemond"), [], { dir, ports: [], env }),
  );
  const deadline = performance.now() + PATIENCE;
  while (!await exists(join(run, "socket"))) {
    if (performance.now() > deadline) {
      throw new Error(`Cannot start authdaemond: ${await authdaemon.log()}`);
    }
    await sleep(10);
  }
  const parts = [authdaemon];
  const startTcpd = async (
    tls: Record<string, string>,
    ...command: string[]
  ) => {
    const port = freePort();
    const own = join(dir, `${port}`);
    await Deno.mkdir(own);
    const daemon = await startDaemon(
      join(bin, "couriertcpd"),
      [
        ...["-address=127.0.0.1", "-nodnslookup", "-noidentlookup"],
        ...["-maxprocs=1000", "-maxperip=1000", `${port}`, ...command],
        ...[join(bin, "courierpop3login"), join(bin, "courierpop3d"), "."],
      ],
      { dir: own, ports: [port], env: { ...env, ...tls } },
    );
    parts.push(started.use(daemon));
    return port;
  };
  const pop3Port = await startTcpd({ POP3_STARTTLS: "YES" });
  const pop3sPort = await startTcpd(
    { POP3_TLS: "1" },
    ...[join(bin, "couriertls"), "-server", "-tcpd"],
  );
  const running = started.move();
  return {
    hostname: ACCOUNT.hostname,
    user: ACCOUNT.user,
    password: ACCOUNT.password,
    name: "courier",
    caPem,
    pop3Port,
    pop3sPort,
    mechanisms: MECHANISMS,
    // It makes CRLF of every LF.
    store: (localPart, messages) =>
      storeMessages(
        mail,
        localPart,
        messages.map((message) => message.replaceAll("\r\n", "\n")),
      ),
    log: async () => {
      const logs = await Promise.all(parts.map((part) => part.log()));
      return logs.join("\n");
    },
    [Symbol.asyncDispose]: () => running.disposeAsync(),
  };
}

/** Writes the users and their passwords, below a directory's `etc/courier`. */
async function writeUsers(dir: string, mail: string): Promise<void> {
  const { password } = ACCOUNT;
  const { uid, gid } = await ownerIds();
  const hash = await output("openssl", "passwd", "-6", password);
  const secrets = [`systempw=${hash.trim()}`];
  for (const kind of HASHES) {
    // It asks twice.
    const digest = await output(
      "sh",
      "-c",
      `printf '%s\\n' "$2" "$2" | LD_LIBRARY_PATH=$0/lib $0/bin/userdbpw -hmac-$1`,
      ...[dir, kind, password],
    );
    secrets.push(`hmac-${kind}pw=${digest.trim()}`);
  }
  const write = async (name: string, fields: (user: string) => string[]) => {
    const path = join(dir, "etc/courier", name);
    await Deno.writeTextFile(
      path,
      LOCAL_PARTS.map((user) => `${user}\t${fields(user).join("|")}\n`)
        .join("") + ".\n",
    );
    const program = join(dir, "bin/makedatprog");
    await output(program, path, `${path}.tmp`, `${path}.dat`);
  };
  await write("userdb", (user) => {
    const home = join(mail, user);
    return [`uid=${uid}`, `gid=${gid}`, `home=${home}`, `mail=${home}`];
  });
  await write("userdbshadow", () => secrets);
}

async function exists(path: string): Promise<boolean> {
  return await Deno.stat(path).then(() => true, () => false);
}
