import { join } from "node:path";
import { writeCertificate } from "./_certificate.ts";
import { type FtpDaemon, startFtpDaemon } from "./_ftp_daemon.ts";
import { freePort, output, portRange, stateDir } from "./_process.ts";

/** How to start it. */
export interface VsftpdOptions {
  tls?: "none" | "explicit" | "implicit";
  /** The demand that data connections resume the session: vsftpd's default. */
  requireReuse?: boolean;
  /** Lets `anonymous` in beside the user, to read. */
  anonymous?: boolean;
  /** Logs every command, which makes each transfer 0.2 to 0.4 ms slower. */
  verbose?: boolean;
}

/** vsftpd, with one user and his home as the root. */
export async function startVsftpd(o: VsftpdOptions = {}): Promise<FtpDaemon> {
  const { tls = "none", requireReuse = true, anonymous = false } = o;
  const verbose = o.verbose ? "YES" : "NO";
  const dir = await stateDir();
  const port = freePort();
  const range = portRange();
  const root = join(dir, "root");
  await Deno.mkdir(root);
  await Deno.mkdir(join(dir, "empty"));
  // Virtual users become this one, whose home directory must be there.
  await output("chown", "ftp", root);
  await Deno.mkdir("/srv/ftp", { recursive: true });
  const hash = await output("openssl", "passwd", "-1", "secret");
  await Deno.writeTextFile(join(dir, "passwd"), `user:${hash.trim()}\n`);
  // PAM looks for its files in one place only.
  const service = `wireline-${port}`;
  await Deno.writeTextFile(
    `/etc/pam.d/${service}`,
    `auth required pam_pwdfile.so nodelay pwdfile ${join(dir, "passwd")}\n` +
      "account required pam_permit.so\n",
  );
  const lines = [
    "listen=YES",
    "background=NO",
    "listen_address=127.0.0.1",
    `listen_port=${port}`,
    `pasv_min_port=${range.min}`,
    `pasv_max_port=${range.max}`,
    `anonymous_enable=${anonymous ? "YES" : "NO"}`,
    `anon_root=${root}`,
    // Not "ftp", since it refuses anonymous a root that he may write to, and
    // not "nobody", whose home is not there.
    "ftp_username=daemon",
    "local_enable=YES",
    "write_enable=YES",
    "guest_enable=YES",
    "guest_username=ftp",
    "virtual_use_local_privs=YES",
    `local_root=${root}`,
    "chroot_local_user=YES",
    "allow_writeable_chroot=YES",
    `secure_chroot_dir=${join(dir, "empty")}`,
    `pam_service_name=${service}`,
    "seccomp_sandbox=NO",
    `xferlog_enable=${verbose}`,
    `vsftpd_log_file=${join(dir, "vsftpd.log")}`,
    `log_ftp_protocol=${verbose}`,
    "local_umask=022",
  ];
  let caPem: string | undefined;
  if (tls !== "none") {
    const certificate = await writeCertificate(dir);
    caPem = certificate.caPem;
    lines.push(
      "ssl_enable=YES",
      `rsa_cert_file=${certificate.cert}`,
      `rsa_private_key_file=${certificate.key}`,
      "force_local_data_ssl=YES",
      "force_local_logins_ssl=YES",
      "allow_anon_ssl=YES",
      "force_anon_data_ssl=YES",
      "force_anon_logins_ssl=YES",
      `implicit_ssl=${tls === "implicit" ? "YES" : "NO"}`,
      `require_ssl_reuse=${requireReuse ? "YES" : "NO"}`,
    );
  }
  const config = join(dir, "vsftpd.conf");
  await Deno.writeTextFile(config, lines.join("\n") + "\n");
  return await startFtpDaemon("/usr/sbin/vsftpd", [config], {
    dir,
    target: {
      name: "vsftpd",
      hostname: caPem ? "localhost" : "127.0.0.1",
      port,
      user: "user",
      password: "secret",
      root,
      ...(caPem && { caPem }),
    },
    cleanUp: () => Deno.remove(`/etc/pam.d/${service}`),
  });
}
