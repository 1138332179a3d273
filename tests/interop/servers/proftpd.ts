import { join } from "node:path";
import { UNPACKED } from "../install_servers.ts";
import { writeCertificate } from "./_certificate.ts";
import { type FtpDaemon, startFtpDaemon } from "./_ftp_daemon.ts";
import { freePort, output, portRange, stateDir } from "./_process.ts";

/** How to start it. */
export interface ProftpdOptions {
  tls?: "none" | "explicit" | "implicit";
  /** The demand that data connections resume the session: its default. */
  requireReuse?: boolean;
}

/** proftpd with mod_tls and mod_digest, one user and his home as the root. */
export async function startProftpd(
  o: ProftpdOptions = {},
): Promise<FtpDaemon> {
  const { tls = "none", requireReuse = true } = o;
  const dir = await stateDir();
  const port = freePort();
  const range = portRange();
  const home = join(UNPACKED, "proftpd");
  const root = join(dir, "root");
  await Deno.mkdir(root);
  await output("chown", "nobody:nogroup", root);
  const hash = (await output("openssl", "passwd", "-1", "secret")).trim();
  const uid = (await output("id", "-u", "nobody")).trim();
  const gid = (await output("id", "-g", "nobody")).trim();
  // It refuses a file of passwords that others may read.
  await Deno.writeTextFile(
    join(dir, "passwd"),
    `user:${hash}:${uid}:${gid}::${root}:/bin/sh\n`,
    { mode: 0o600 },
  );
  const lines = [
    `ModulePath ${join(home, "usr/lib/proftpd")}`,
    "LoadModule mod_tls.c",
    "LoadModule mod_digest.c",
    "ServerType standalone",
    "DefaultAddress 127.0.0.1",
    "SocketBindTight on",
    "UseIPv6 off",
    `Port ${port}`,
    `PassivePorts ${range.min} ${range.max}`,
    "User nobody",
    "Group nogroup",
    "AuthOrder mod_auth_file.c",
    `AuthUserFile ${join(dir, "passwd")}`,
    "RequireValidShell off",
    "DefaultRoot ~",
    "UseReverseDNS off",
    "WtmpLog off",
    "TransferLog NONE",
    `SystemLog ${join(dir, "system.log")}`,
    `PidFile ${join(dir, "pid")}`,
    `ScoreboardFile ${join(dir, "scoreboard")}`,
    "AllowOverwrite on",
    "AllowRetrieveRestart on",
    "AllowStoreRestart on",
    "<IfModule mod_delay.c>",
    "DelayEngine off",
    "</IfModule>",
    // Several instances would share one socket.
    "<IfModule mod_ctrls.c>",
    "ControlsEngine off",
    "</IfModule>",
    "DigestEngine on",
    "DigestAlgorithms all",
  ];
  let caPem: string | undefined;
  if (tls !== "none") {
    const certificate = await writeCertificate(dir);
    caPem = certificate.caPem;
    const options = [
      ...(tls === "implicit" ? ["UseImplicitSSL"] : []),
      ...(requireReuse ? [] : ["NoSessionReuseRequired"]),
    ];
    lines.push(
      "TLSEngine on",
      "TLSRequired on",
      `TLSLog ${join(dir, "tls.log")}`,
      `TLSECCertificateFile ${certificate.cert}`,
      `TLSECCertificateKeyFile ${certificate.key}`,
      "TLSProtocol TLSv1.2 TLSv1.3",
      ...(options.length > 0 ? [`TLSOptions ${options.join(" ")}`] : []),
    );
  }
  const config = join(dir, "proftpd.conf");
  await Deno.writeTextFile(config, lines.join("\n") + "\n");
  return await startFtpDaemon(
    join(home, "usr/sbin/proftpd"),
    ["-n", "-q", "-c", config],
    {
      dir,
      target: {
        name: "proftpd",
        hostname: caPem ? "localhost" : "127.0.0.1",
        port,
        user: "user",
        password: "secret",
        root,
        ...(caPem && { caPem }),
      },
    },
  );
}
