import { join } from "node:path";
import { writeCertificate } from "./_certificate.ts";
import {
  ACCOUNT,
  LOCAL_PARTS,
  type MailDaemon,
  makeMailboxes,
  OWNER,
  storeMessages,
  takeMessage,
} from "./_mail_daemon.ts";
import { freePort, startDaemon, stateDir } from "./_process.ts";

/** A running dovecot. */
export interface DovecotDaemon extends MailDaemon {
  /** LMTP, without TLS and AUTH; `port` is the same. */
  lmtpPort: number;
  /** LMTP by a Unix socket. */
  lmtpPath: string;
  /** POP3, with STLS; and with TLS from the first byte on. */
  pop3Port: number;
  pop3sPort: number;
  /** Puts messages into a mailbox, in this order. */
  store(localPart: string, messages: string[]): Promise<void>;
  /** Where a mail server asks whether somebody may sign in. */
  authPath: string;
  /** Ada's, for XOAUTH2 and OAUTHBEARER. */
  accessToken: string;
}

/** What it asks the passwords and tokens for. */
const MECHANISMS = [
  ...["plain", "login", "cram-md5", "scram-sha-1", "scram-sha-256"],
  ...["xoauth2", "oauthbearer", "apop"],
];

/**
 * dovecot, with Maildirs: delivers by LMTP, hands out by POP3, and knows who may
 * sign in.
 */
export async function startDovecot(): Promise<DovecotDaemon> {
  const dir = await stateDir();
  const lmtpPort = freePort();
  const pop3Port = freePort();
  const pop3sPort = freePort();
  const lmtpPath = join(dir, "lmtp");
  const authPath = join(dir, "auth");
  const mail = await makeMailboxes(dir);
  const { caPem, cert, key } = await writeCertificate(dir);
  const accessToken = await writeOauth(dir);
  // CRAM-MD5 and SCRAM need the password itself.
  await Deno.writeTextFile(
    join(dir, "passwd"),
    LOCAL_PARTS.map((name) => `${name}:{PLAIN}${ACCOUNT.password}\n`).join(""),
  );
  const config = join(dir, "dovecot.conf");
  await Deno.writeTextFile(
    config,
    `
base_dir = ${join(dir, "run")}
state_dir = ${join(dir, "state")}
log_path = ${join(dir, "dovecot.log")}
auth_verbose = yes
protocols = lmtp pop3
listen = 127.0.0.1
hostname = localhost
ssl = yes
ssl_cert = <${cert}
ssl_key = <${key}

auth_mechanisms = ${MECHANISMS.join(" ")}
# With or without the domain, and beyond ASCII.
auth_username_format = %Ln
auth_username_chars =
auth_failure_delay = 0
passdb {
  driver = passwd-file
  args = ${join(dir, "passwd")}
}
passdb {
  driver = oauth2
  mechanisms = xoauth2 oauthbearer
  args = ${join(dir, "oauth2.conf")}
}
userdb {
  driver = static
  args = uid=${OWNER.user} gid=${OWNER.group} home=${mail}/%n
}
first_valid_uid = 1
mail_location = maildir:${mail}/%n

# One that failed would slow down those that follow, by up to 15 s.
service anvil {
  unix_listener anvil-auth-penalty {
    mode = 0
  }
}
service pop3-login {
  inet_listener pop3 {
    port = ${pop3Port}
  }
  inet_listener pop3s {
    port = ${pop3sPort}
    ssl = yes
  }
}
service auth {
  unix_listener ${authPath} {
    mode = 0666
  }
}
service lmtp {
  client_limit = 1
  process_limit = 100
  inet_listener lmtp {
    address = 127.0.0.1
    port = ${lmtpPort}
  }
  unix_listener ${lmtpPath} {
    mode = 0666
  }
}
`.trimStart(),
  );
  const daemon = await startDaemon(
    "/usr/sbin/dovecot",
    ["-F", "-c", config],
    { dir, ports: [lmtpPort, pop3Port, pop3sPort] },
  );
  return {
    ...ACCOUNT,
    ...daemon,
    name: "dovecot",
    port: lmtpPort,
    caPem,
    lmtpPort,
    lmtpPath,
    pop3Port,
    pop3sPort,
    authPath,
    accessToken,
    store: (localPart, messages) => storeMessages(mail, localPart, messages),
    take: (localPart) => takeMessage(mail, localPart, daemon.log),
  };
}

/**
 * Has dovecot check tokens by itself, and makes one for the user.
 *
 * @returns A JSON Web Token, RFC 7519, signed with HMAC and SHA-256.
 */
async function writeOauth(dir: string): Promise<string> {
  const secret = crypto.getRandomValues(new Uint8Array(32));
  // It looks for keys by the token's "azp", "alg" and "kid", in this order.
  const keys = join(dir, "keys/default/HS256");
  await Deno.mkdir(keys, { recursive: true });
  await Deno.writeTextFile(join(keys, "default"), secret.toBase64());
  await Deno.writeTextFile(
    join(dir, "oauth2.conf"),
    "introspection_mode = local\n" +
      `local_validation_key_dict = fs:posix:prefix=${join(dir, "keys/")}\n` +
      "username_attribute = sub\n" +
      "username_format = %Ln\n",
  );
  const encode = (bytes: Uint8Array) =>
    bytes.toBase64({ alphabet: "base64url", omitPadding: true });
  const json = (value: unknown) =>
    encode(new TextEncoder().encode(JSON.stringify(value)));
  const now = Math.floor(Date.now() / 1_000);
  const claims = { sub: ACCOUNT.user, iat: now - 60, exp: now + 86_400 };
  const signed = `${json({ alg: "HS256", typ: "JWT" })}.${json(claims)}`;
  const hmac = await crypto.subtle.importKey(
    "raw",
    secret,
    { name: "HMAC", hash: "SHA-256" },
    false,
    ["sign"],
  );
  const signature = await crypto.subtle.sign(
    "HMAC",
    hmac,
    new TextEncoder().encode(signed),
  );
  return `${signed}.${encode(new Uint8Array(signature))}`;
}
