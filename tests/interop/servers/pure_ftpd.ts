import { join } from "node:path";
import { UNPACKED } from "../install_servers.ts";
import { writeCertificate } from "./_certificate.ts";
import { type FtpDaemon, startFtpDaemon } from "./_ftp_daemon.ts";
import { freePort, output, portRange, stateDir } from "./_process.ts";

/** How to start it. */
export interface PureFtpdOptions {
  /** It has no implicit TLS. */
  tls?: "none" | "explicit";
}

/**
 * pure-ftpd, with one user and his home as the root. It speaks to syslog only,
 * so its log tells of transfers alone.
 */
export async function startPureFtpd(
  o: PureFtpdOptions = {},
): Promise<FtpDaemon> {
  const { tls = "none" } = o;
  const dir = await stateDir();
  const port = freePort();
  const range = portRange();
  const home = join(UNPACKED, "pure-ftpd/usr");
  const root = join(dir, "root");
  await Deno.mkdir(root);
  await output("chown", "nobody:nogroup", root);
  const uid = (await output("id", "-u", "nobody")).trim();
  const gid = (await output("id", "-g", "nobody")).trim();
  const hash = (await output("openssl", "passwd", "-6", "secret")).trim();
  // A virtual user's line, as its pure-pw writes it; "/./" makes a chroot.
  await Deno.writeTextFile(
    join(dir, "passwd"),
    `user:${hash}:${uid}:${gid}::${root}/./::::::::::::\n`,
  );
  await output(
    join(home, "bin/pure-pw"),
    "mkdb",
    join(dir, "users.pdb"),
    "-f",
    join(dir, "passwd"),
  );
  const args = [
    "-S",
    `127.0.0.1,${port}`,
    "-p",
    `${range.min}:${range.max}`,
    "-l",
    `puredb:${join(dir, "users.pdb")}`,
    "-E",
    // "nobody" has a number below its limit.
    "-u",
    "1",
    "-c",
    "50",
    "-C",
    "50",
    "-L",
    "100000:100",
    "-D",
    "-H",
    "-O",
    `clf:${join(dir, "transfer.log")}`,
    "-g",
    join(dir, "pid"),
  ];
  let caPem: string | undefined;
  if (tls !== "none") {
    const certificate = await writeCertificate(dir);
    caPem = certificate.caPem;
    const both = join(dir, "both.pem");
    await Deno.writeTextFile(
      both,
      await Deno.readTextFile(certificate.key) +
        await Deno.readTextFile(certificate.cert),
      { mode: 0o600 },
    );
    // 2 would let data connections be in the clear.
    args.push("-Y", "3", "-2", both);
  }
  return await startFtpDaemon(join(home, "sbin/pure-ftpd"), args, {
    dir,
    target: {
      name: "pure-ftpd",
      hostname: caPem ? "localhost" : "127.0.0.1",
      port,
      user: "user",
      password: "secret",
      root,
      ...(caPem && { caPem }),
    },
  });
}
