/**
 * Installs the servers that the interop tests and benches run against, from
 * Debian's packages. Does nothing where all are there.
 */
import { join } from "node:path";
import { fileURLToPath } from "node:url";

/** Where packages lie that cannot be installed beside one another. */
export const UNPACKED = fileURLToPath(
  new URL("../../.cache/servers/", import.meta.url),
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
}

const WANTED: Wanted[] = [
  { file: "/usr/bin/curl", packages: ["curl"] },
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
];

if (import.meta.main) await install();

async function install(): Promise<void> {
  const missing: Wanted[] = [];
  for (const one of WANTED) if (!await exists(one.file)) missing.push(one);
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
    const names = missing.flatMap((one) => one.unpackedWith ?? one.packages);
    await apt("install", "-y", "--no-install-recommends", ...names);
    for (const one of missing) {
      if (one.unpackedWith) await unpack(one.packages);
    }
  });
  for (const one of missing) {
    if (!await exists(one.file)) {
      throw new Error(`Cannot install ${one.packages}: no ${one.file}`);
    }
  }
}

async function unpack(packages: string[]): Promise<void> {
  const target = join(UNPACKED, packages[0]!.replace(/-core$/, ""));
  const temp = await Deno.makeTempDir();
  try {
    // apt drops its rights to download, and has to write here.
    await Deno.chmod(temp, 0o777);
    await run("apt-get", ["-qq", "download", ...packages], temp);
    await Deno.mkdir(target, { recursive: true });
    for await (const { name } of Deno.readDir(temp)) {
      await run("dpkg", ["-x", join(temp, name), target], temp);
    }
  } finally {
    await Deno.remove(temp, { recursive: true });
  }
}

/** Keeps apt from starting what it installs. */
async function withoutDaemons(work: () => Promise<void>): Promise<void> {
  const policy = "/usr/sbin/policy-rc.d";
  const before = await Deno.readTextFile(policy).catch(() => undefined);
  await Deno.writeTextFile(policy, "#!/bin/sh\nexit 101\n", { mode: 0o755 });
  try {
    await work();
  } finally {
    if (before === undefined) await Deno.remove(policy);
    else await Deno.writeTextFile(policy, before);
  }
}

function apt(...args: string[]): Promise<void> {
  return run("apt-get", ["-qq", ...args], "/");
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
