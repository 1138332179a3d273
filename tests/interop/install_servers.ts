/**
 * Installs the servers that the interop tests and benches run against, from
 * Debian's packages, and peers in JavaScript by npm. Does nothing where all
 * are there.
 */
import { join } from "node:path";
import { fileURLToPath } from "node:url";

/** Where packages lie that cannot be installed beside one another. */
export const UNPACKED = fileURLToPath(
  new URL("../../.cache/servers/", import.meta.url),
);

/** Where npm's packages lie, in `node_modules`. */
export const PEERS = fileURLToPath(
  new URL("../../.cache/peers/", import.meta.url),
);

interface Wanted {
  /** A file that is there when the package is. */
  file: string;
  packages: string[];
  /**
   * Unpacks the packages under a folder of their own, with these others
   * installed: only one of several may own the system's mail or FTP.
   */
  unpackedWith?: string[];
  /** A system user that an unpacked package does not start without. */
  user?: string;
  /** An answer for debconf, which would else configure the package. */
  answer?: string;
}

const WANTED: Wanted[] = [
  { file: "/usr/bin/chromium", packages: ["chromium"] },
  { file: "/usr/bin/curl", packages: ["curl"] },
  { file: "/usr/bin/openssl", packages: ["openssl"] },
  { file: "/usr/bin/wget", packages: ["wget"] },
  {
    file: "/usr/share/publicsuffix/public_suffix_list.dat",
    packages: ["publicsuffix"],
  },
  { file: "/usr/sbin/vsftpd", packages: ["vsftpd"] },
  {
    file: "/usr/share/doc/libpam-pwdfile/copyright",
    packages: ["libpam-pwdfile"],
  },
  {
    file: join(UNPACKED, "proftpd/usr/sbin/proftpd"),
    packages: ["proftpd-core", "proftpd-mod-crypto"],
    unpackedWith: [
      "libhiredis0.14",
      "libmemcached11",
      "libmemcachedutil2",
      "libncursesw6",
      "libpcre2-posix3",
      "libsodium23",
    ],
  },
  {
    file: join(UNPACKED, "pure-ftpd/usr/sbin/pure-ftpd"),
    packages: ["pure-ftpd", "pure-ftpd-common"],
    unpackedWith: ["libcap2", "libsodium23"],
  },
  {
    file: "/usr/lib/python3/dist-packages/pyftpdlib/__init__.py",
    packages: ["python3-pyftpdlib"],
  },
  {
    // pyftpdlib's TLS.
    file: "/usr/lib/python3/dist-packages/OpenSSL/__init__.py",
    packages: ["python3-openssl"],
  },
  {
    file: "/usr/sbin/postfix",
    packages: ["postfix"],
    answer: "postfix postfix/main_mailer_type select No configuration",
  },
  { file: "/usr/lib/dovecot/imap", packages: ["dovecot-imapd"] },
  { file: "/usr/lib/dovecot/pop3", packages: ["dovecot-pop3d"] },
  { file: "/usr/lib/dovecot/lmtp", packages: ["dovecot-lmtpd"] },
  {
    file: join(UNPACKED, "exim4-daemon-light/usr/sbin/exim4"),
    packages: ["exim4-daemon-light"],
    user: "Debian-exim",
    unpackedWith: [
      "libdb5.3",
      "libgnutls-dane0",
      "libgnutls30",
      "libidn12",
      "libidn2-0",
      "libnsl2",
      "libpcre2-8-0",
    ],
  },
  {
    file: join(UNPACKED, "courier-pop/usr/lib/courier/courier/courierpop3d"),
    packages: [
      "courier-pop",
      "courier-authlib",
      "courier-authlib-userdb",
      "courier-base",
      "libcourier-unicode4",
      "libfakechroot",
    ],
    unpackedWith: ["libgdbm6", "libgnutls30", "libidn12", "libltdl7"],
  },
  {
    // Installed, it would want postfix configured, and bring cron with jobs.
    file: join(UNPACKED, "inn2/usr/lib/news/bin/nnrpd"),
    packages: ["inn2", "inn2-inews", "sasl2-bin"],
    unpackedWith: [
      "libcanlock3",
      "libdb5.3",
      "libperl5.36",
      "libpython3.11",
      "libsasl2-modules",
      "libssl3",
    ],
  },
  {
    file: "/usr/lib/python3/dist-packages/aiosmtpd/__init__.py",
    packages: ["python3-aiosmtpd"],
  },
  { file: "/usr/bin/swaks", packages: ["swaks"] },
  {
    file: "/usr/lib/python3/dist-packages/dkim/__init__.py",
    packages: ["python3-dkim", "python3-nacl"],
  },
  {
    // swaks' TLS.
    file: "/usr/share/doc/libnet-ssleay-perl/copyright",
    packages: ["libnet-ssleay-perl"],
  },
];

/** npm's packages, with the exact version. */
const WANTED_PEERS = {
  cookie: "2.0.2",
  libbase64: "1.4.1",
  libqp: "2.1.2",
  mailparser: "3.9.31",
  "node-mbox": "2.0.0",
  "node-pop3": "0.11.0",
  nodemailer: "9.0.5",
  "postal-mime": "3.0.0",
  "smtp-server": "3.21.6",
  "tough-cookie": "6.1.0",
};

if (import.meta.main) {
  try {
    await install();
    await installPeers();
  } catch (error) {
    console.error(error instanceof Error ? error.message : error);
    Deno.exit(1);
  }
}

async function install(): Promise<void> {
  const missing: Wanted[] = [];
  const installed = await installedPackages();
  const users = await Deno.readTextFile("/etc/passwd").catch(() => "");
  const isUser = (name: string) => `\n${users}`.includes(`\n${name}:`);
  for (const one of WANTED) {
    // What is unpacked may outlast a machine, its surroundings do not.
    const libraries = one.unpackedWith ?? [];
    const complete = libraries.every((name) => installed.has(name)) &&
      (!one.user || isUser(one.user));
    if (!complete || !await exists(one.file)) missing.push(one);
  }
  if (missing.length === 0) return;
  if (!await exists("/usr/bin/apt-get")) {
    throw new Error("Cannot install the servers: this needs Debian's apt-get");
  }
  if (Deno.uid() !== 0) {
    throw new Error(
      "Cannot install the servers: run `deno task interop` as root",
    );
  }
  console.log("Installing", missing.flatMap((one) => one.packages).join(" "));
  await withoutDaemons(async () => {
    await apt("update");
    for (const { answer } of missing) if (answer) await preseed(answer);
    const names = missing.flatMap((one) => one.unpackedWith ?? one.packages);
    // Never at the price of what is there, such as another FTP server.
    await apt(
      "install",
      "-y",
      "--no-remove",
      "--no-install-recommends",
      ...names,
    );
    for (const one of missing) {
      if (one.unpackedWith) await unpack(one.packages);
      if (one.user && !isUser(one.user)) await addUser(one.user);
    }
  });
  for (const one of missing) {
    if (!await exists(one.file)) {
      throw new Error(
        `Cannot install ${one.packages.join(" ")}: no ${one.file}`,
      );
    }
  }
}

async function installPeers(): Promise<void> {
  const missing: string[] = [];
  for (const [name, version] of Object.entries(WANTED_PEERS)) {
    const file = join(PEERS, "node_modules", name, "package.json");
    const found = await Deno.readTextFile(file).catch(() => "{}");
    if (JSON.parse(found).version !== version) {
      missing.push(`${name}@${version}`);
    }
  }
  if (missing.length === 0) return;
  console.log("Installing", missing.join(" "));
  await Deno.mkdir(PEERS, { recursive: true });
  const args = ["install", "--silent", "--save-exact", "--prefix", PEERS];
  await run("npm", [...args, ...missing], PEERS);
}

/** The names of Debian's packages that are installed; none elsewhere. */
async function installedPackages(): Promise<Set<string>> {
  const status = await Deno.readTextFile("/var/lib/dpkg/status")
    .catch(() => "");
  const names = status.matchAll(
    /^Package: (.+)\nStatus: \S+ \S+ installed$/gm,
  );
  return new Set(Array.from(names, ([, name]) => name!));
}

async function preseed(answer: string): Promise<void> {
  const file = await Deno.makeTempFile();
  try {
    await Deno.writeTextFile(file, answer + "\n");
    await run("debconf-set-selections", [file], "/");
  } finally {
    await remove(file);
  }
}

function addUser(name: string): Promise<void> {
  const args = ["--system", "--user-group", "--no-create-home"];
  return run("useradd", [...args, "--shell", "/usr/sbin/nologin", name], "/");
}

async function unpack(packages: string[]): Promise<void> {
  const target = join(UNPACKED, packages[0]!.replace(/-core$/, ""));
  const temp = await Deno.makeTempDir();
  // In its place only when complete: one file stands for all of them.
  const part = `${target}.part`;
  try {
    // apt drops its rights to download, and has to write here.
    await Deno.chmod(temp, 0o777);
    await run("apt-get", ["-qq", "download", ...packages], temp);
    await Deno.mkdir(part, { recursive: true });
    for await (const { name } of Deno.readDir(temp)) {
      await run("dpkg", ["-x", join(temp, name), part], temp);
    }
    await remove(target);
    await Deno.rename(part, target);
  } finally {
    await remove(temp);
    await remove(part);
  }
}

/** Keeps apt from starting what it installs. */
async function withoutDaemons(work: () => Promise<void>): Promise<void> {
  const policy = "/usr/sbin/policy-rc.d";
  const kept = `${policy}.wireline`;
  // Ctrl-C ends apt, and that ends this: it must not leave the policy behind.
  const ignore = () => {};
  Deno.addSignalListener("SIGINT", ignore);
  const had = await exists(policy);
  if (had) await Deno.rename(policy, kept);
  try {
    await Deno.writeTextFile(policy, "#!/bin/sh\nexit 101\n", { mode: 0o755 });
    await work();
  } finally {
    if (had) await Deno.rename(kept, policy);
    else await remove(policy);
    Deno.removeSignalListener("SIGINT", ignore);
  }
}

function apt(...args: string[]): Promise<void> {
  // Another apt may be at work, as it is after a machine's start.
  return run("apt-get", ["-qq", "-o", "DPkg::Lock::Timeout=60", ...args], "/");
}

async function run(
  command: string,
  args: string[],
  cwd: string,
): Promise<void> {
  const { success, stdout, stderr } = await new Deno.Command(command, {
    args,
    cwd,
    env: { DEBIAN_FRONTEND: "noninteractive" },
  }).output();
  if (success) return;
  const decoder = new TextDecoder();
  throw new Error(
    `Cannot install the servers: ${command} ${args.join(" ")} failed\n` +
      decoder.decode(stdout) + decoder.decode(stderr),
  );
}

async function exists(path: string): Promise<boolean> {
  return await Deno.stat(path).then(() => true, () => false);
}

async function remove(path: string): Promise<void> {
  if (await exists(path)) await Deno.remove(path, { recursive: true });
}
