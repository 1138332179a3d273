import { join } from "node:path";
import { UNPACKED } from "../install_servers.ts";
import { writeCertificate } from "./_certificate.ts";
import {
  ACCOUNT,
  LOCAL_PARTS,
  type MailDaemon,
  makeMailboxes,
  OWNER,
  takeMessage,
} from "./_mail_daemon.ts";
import { freePort, output, startDaemon, stateDir } from "./_process.ts";

/** How to start it. */
export interface EximOptions {
  /** The most bytes of a message. The default is 600 MB. */
  messageSizeLimit?: number;
}

/** A running exim. `port` has STARTTLS, and AUTH also in the clear. */
export interface EximDaemon extends MailDaemon {
  /** The same, but beginning with TLS. */
  smtpsPort: number;
}

/**
 * exim, with Maildirs. Who has signed in may send to other domains, whose mail
 * is thrown away. It offers PIPECONNECT besides the usual.
 */
export async function startExim(o: EximOptions = {}): Promise<EximDaemon> {
  const { messageSizeLimit = 600_000_000 } = o;
  const dir = await stateDir();
  const [port, smtpsPort] = [freePort(), freePort()];
  const mail = await makeMailboxes(dir);
  const { caPem, cert, key } = await writeCertificate(dir);
  // It runs itself again as somebody who may not enter the project's folder.
  const program = join(dir, "exim4");
  await Deno.copyFile(
    join(UNPACKED, "exim4-daemon-light/usr/sbin/exim4"),
    program,
  );
  const names = LOCAL_PARTS.join(" : ");
  const { domain, password } = ACCOUNT;
  // It runs as this user from the start, since with a configuration of one's
  // own it loses root when it runs itself again.
  await output("chown", "-R", `${OWNER.user}:${OWNER.group}`, dir);
  const config = join(dir, "exim.conf");
  await Deno.writeTextFile(
    config,
    `
exim_path = ${program}
exim_user = ${OWNER.user}
exim_group = ${OWNER.group}
deliver_drop_privilege
keep_environment =
spool_directory = ${join(dir, "spool")}
log_file_path = ${join(dir, "exim-%s.log")}
process_log_path = ${join(dir, "process-info")}
log_selector = +smtp_protocol_error +smtp_syntax_error +tls_peerdn
write_rejectlog = no
primary_hostname = mail.${domain}
qualify_domain = ${domain}
local_interfaces = 127.0.0.1
daemon_smtp_ports = ${port} : ${smtpsPort}
tls_on_connect_ports = ${smtpsPort}
tls_advertise_hosts = *
tls_certificate = ${cert}
tls_privatekey = ${key}
dsn_advertise_hosts = *
message_size_limit = ${messageSizeLimit}
rfc1413_hosts =
# A client that gives its address as its name makes it ask the DNS: 5 s, when
# nothing answers.
helo_lookup_domains =

# Nothing throttles, and nothing waits in the queue.
smtp_accept_max = 0
smtp_accept_max_nonmail_hosts =
smtp_accept_max_per_connection = 1000000
smtp_accept_queue_per_connection = 0
smtp_max_synprot_errors = 1000
smtp_max_unknown_commands = 1000

acl_smtp_rcpt = recipient
acl_smtp_data = everything

begin acl
recipient:
  accept domains = ${domain}
         endpass
         verify = recipient
  accept authenticated = *
  deny   message = relay not permitted
everything:
  accept

begin routers
mailbox:
  driver = accept
  domains = ${domain}
  local_parts = ${names}
  transport = maildir
unknown:
  driver = redirect
  domains = ${domain}
  allow_fail
  data = :fail: Unknown user
elsewhere:
  driver = redirect
  data = :blackhole:

begin transports
maildir:
  driver = appendfile
  maildir_format
  directory = ${mail}/$local_part_data
  delivery_date_add
  envelope_to_add

begin retry
* * F,1h,1m

begin authenticators
plain:
  driver = plaintext
  public_name = PLAIN
  server_prompts = :
  server_condition = \${if and{{inlist{$auth2}{${names}}}{eq{$auth3}{${password}}}}}
  server_set_id = $auth2
login:
  driver = plaintext
  public_name = LOGIN
  server_prompts = Username:: : Password::
  server_condition = \${if and{{inlist{$auth1}{${names}}}{eq{$auth2}{${password}}}}}
  server_set_id = $auth1
cram:
  driver = cram_md5
  public_name = CRAM-MD5
  server_secret = \${if inlist{$auth1}{${names}}{${password}}fail}
  server_set_id = $auth1
`.trimStart(),
  );
  const daemon = await startDaemon(program, ["-bdf", "-C", config], {
    dir,
    ports: [port, smtpsPort],
  });
  return {
    ...ACCOUNT,
    ...daemon,
    name: "exim",
    port,
    smtpsPort,
    caPem,
    take: (localPart) => takeMessage(mail, localPart, daemon.log),
  };
}
