import { join } from "node:path";
import { writeCertificate } from "./_certificate.ts";
import {
  ACCOUNT,
  LOCAL_PARTS,
  type MailDaemon,
  makeMailboxes,
  ownerIds,
  takeMessage,
} from "./_mail_daemon.ts";
import { freePort, output, startDaemon, stateDir } from "./_process.ts";
import { startDovecot } from "./dovecot.ts";

/** How to start it. */
export interface PostfixOptions {
  /** The most bytes of a message. The default is 600 MB. */
  messageSizeLimit?: number;
  /** Extensions that it shall not offer, such as `CHUNKING`. */
  withoutExtensions?: readonly string[];
}

/**
 * A running postfix. `port` is as for other servers, which do not sign in:
 * STARTTLS, no AUTH.
 */
export interface PostfixDaemon extends MailDaemon {
  /** STARTTLS and AUTH, also in the clear; nothing without signing in. */
  submissionPort: number;
  /** The same, but beginning with TLS. */
  smtpsPort: number;
  /** Ada's, for XOAUTH2 and OAUTHBEARER. */
  accessToken: string;
}

/**
 * postfix, with Maildirs, and a dovecot to ask who may sign in. Mail for other
 * domains is thrown away. Notices of delivery go to the sender's mailbox.
 */
export async function startPostfix(
  o: PostfixOptions = {},
): Promise<PostfixDaemon> {
  await using started = new AsyncDisposableStack();
  const dovecot = started.use(await startDovecot());
  const dir = await stateDir();
  const [port, submissionPort, smtpsPort] = [
    freePort(),
    freePort(),
    freePort(),
  ];
  const mail = await makeMailboxes(dir);
  const { caPem, cert, key } = await writeCertificate(dir);
  const config = join(dir, "etc");
  for (const path of [config, join(dir, "queue"), join(dir, "data")]) {
    await Deno.mkdir(path);
  }
  await output("chown", "postfix:postfix", join(dir, "data"));
  const { uid, gid } = await ownerIds();
  const { messageSizeLimit = 600_000_000, withoutExtensions = [] } = o;
  const { domain } = ACCOUNT;
  const mailboxes = LOCAL_PARTS.map((name) => `{${name}@${domain}=${name}/}`);
  await write(
    join(config, "main.cf"),
    `
compatibility_level = 3.6
queue_directory = ${join(dir, "queue")}
data_directory = ${join(dir, "data")}
maillog_file = ${join(dir, "postfix.log")}
maillog_file_prefixes = ${dir}
inet_interfaces = 127.0.0.1
inet_protocols = ipv4
myhostname = mail.${domain}
mydestination =
# Everybody in these might relay.
mynetworks =
alias_maps =
local_recipient_maps =
# It would add header fields to messages from this machine.
local_header_rewrite_clients =

virtual_mailbox_domains = ${domain}
virtual_mailbox_base = ${mail}
virtual_mailbox_maps = inline:{${mailboxes.join(", ")}}
virtual_uid_maps = static:${uid}
virtual_gid_maps = static:${gid}
virtual_mailbox_limit = 0
message_size_limit = ${messageSizeLimit}
default_transport = discard:
relay_transport = discard:

smtpd_tls_cert_file = ${cert}
smtpd_tls_key_file = ${key}
smtpd_tls_security_level = may
smtpd_tls_loglevel = 1
smtpd_sasl_type = dovecot
smtpd_sasl_path = ${dovecot.authPath}
smtpd_relay_restrictions = permit_sasl_authenticated, reject_unauth_destination
smtpd_discard_ehlo_keywords = ${withoutExtensions.join(", ")}

# Nothing throttles.
in_flow_delay = 0
smtpd_error_sleep_time = 0
smtpd_soft_error_limit = 1000
smtpd_hard_error_limit = 1000
smtpd_junk_command_limit = 100000
smtpd_client_connection_count_limit = 0
default_process_limit = 200
`,
  );
  const signedIn = "-o smtpd_sasl_auth_enable=yes " +
    "-o smtpd_relay_restrictions=permit_sasl_authenticated,reject";
  await write(
    join(config, "master.cf"),
    `
127.0.0.1:${port} inet n - n - - smtpd
127.0.0.1:${submissionPort} inet n - n - - smtpd ${signedIn}
127.0.0.1:${smtpsPort} inet n - n - - smtpd ${signedIn} -o smtpd_tls_wrappermode=yes
cleanup unix n - n - 0 cleanup
qmgr unix n - n 300 1 qmgr
tlsmgr unix - - n 1000? 1 tlsmgr
rewrite unix - - n - - trivial-rewrite
bounce unix - - n - 0 bounce
defer unix - - n - 0 bounce
trace unix - - n - 0 bounce
flush unix n - n 1000? 0 flush
proxymap unix - - n - - proxymap
error unix - - n - - error
retry unix - - n - - error
discard unix - - n - - discard
virtual unix - n n - - virtual
anvil unix - - n - 1 anvil
postlog unix-dgram n - n - 1 postlogd
`,
  );
  await output("/usr/sbin/postfix", "-c", config, "check");
  const daemon = await startDaemon(
    "/usr/lib/postfix/sbin/master",
    ["-c", config, "-d"],
    { dir, ports: [port, submissionPort, smtpsPort] },
  );
  started.use(daemon);
  const log = async () => `${await daemon.log()}\n${await dovecot.log()}`;
  const running = started.move();
  return {
    ...ACCOUNT,
    name: "postfix",
    port,
    submissionPort,
    smtpsPort,
    caPem,
    accessToken: dovecot.accessToken,
    log,
    take: (localPart) => takeMessage(mail, localPart, log),
    [Symbol.asyncDispose]: () => running.disposeAsync(),
  };
}

/** It waits for a file to be some seconds old, lest it be still written. */
async function write(path: string, text: string): Promise<void> {
  await Deno.writeTextFile(path, text.trimStart());
  const past = Date.now() / 1_000 - 60;
  await Deno.utime(path, past, past);
}
