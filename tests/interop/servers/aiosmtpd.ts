import { join } from "node:path";
import { writeCertificate } from "./_certificate.ts";
import {
  ACCOUNT,
  LOCAL_PARTS,
  type MailDaemon,
  takeMessage,
} from "./_mail_daemon.ts";
import { freePort, startDaemon, stateDir } from "./_process.ts";

/** How to start it. */
export interface AiosmtpdOptions {
  /** Offers STARTTLS: the default. */
  starttls?: boolean;
  /** Has `port` begin with TLS instead. */
  implicitTls?: boolean;
  /** The most bytes of a message. The default is 600 MB. */
  maxSize?: number;
}

/** A message with the envelope it came in. */
export interface Collected {
  /** What the client said to EHLO or HELO. */
  helo: string;
  from: string;
  /** Parameters of MAIL FROM, as they were sent. */
  mailOptions: string[];
  to: string[];
  /** Parameters of the last RCPT TO. */
  rcptOptions: string[];
  /** Who signed in. */
  user?: string;
  /** Over TLS. */
  secure: boolean;
  smtpUtf8: boolean;
  /** The bytes between DATA and the dot, unstuffed, nothing else changed. */
  content: Uint8Array;
}

/** A running aiosmtpd. */
export interface AiosmtpdDaemon extends MailDaemon {
  /** As `take` does, with the envelope. */
  collect(localPart: string): Promise<Collected>;
}

const SCRIPT = `
import asyncio, json, logging, os, ssl, sys
from aiosmtpd.smtp import SMTP, AuthResult, LoginPassword

o = json.loads(sys.argv[1])
logging.basicConfig(level=logging.INFO)
count = 0

class Handler:
    async def handle_RCPT(self, server, session, envelope, address, options):
        if address.rpartition("@")[0] not in o["localParts"]:
            return "550 5.1.1 No such mailbox"
        envelope.rcpt_tos.append(address)
        envelope.rcpt_options.extend(options)
        return "250 2.1.5 OK"

    async def handle_DATA(self, server, session, envelope):
        global count
        count += 1
        about = {
            "helo": session.host_name,
            "from": envelope.mail_from,
            "mailOptions": envelope.mail_options,
            "to": envelope.rcpt_tos,
            "rcptOptions": envelope.rcpt_options,
            "secure": server.transport.get_extra_info("sslcontext") is not None,
            "smtpUtf8": envelope.smtp_utf8,
        }
        if session.authenticated:
            about["user"] = session.auth_data.login.decode()
        for local in {one.rpartition("@")[0] for one in envelope.rcpt_tos}:
            name = os.path.join(o["mail"], local, "new", f"{count:09}")
            temp = os.path.join(o["mail"], local, "tmp")
            with open(temp, "wb") as file:
                file.write(json.dumps(about).encode() + b"\\n")
                file.write(envelope.original_content)
            os.rename(temp, name)
        return "250 2.0.0 OK"

def authenticate(server, session, envelope, mechanism, data):
    known = isinstance(data, LoginPassword) and \\
        data.login.decode() in o["localParts"] and \\
        data.password.decode() == o["password"]
    # Not handled means that aiosmtpd sends the 535.
    return AuthResult(success=known, handled=False, auth_data=data)

async def main():
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(o["cert"], o["key"])
    make = lambda: SMTP(
        Handler(), data_size_limit=o["maxSize"], enable_SMTPUTF8=True,
        hostname="localhost", authenticator=authenticate,
        auth_require_tls=False,
        tls_context=context if o["starttls"] else None)
    server = await asyncio.get_running_loop().create_server(
        make, "127.0.0.1", o["port"], backlog=1000,
        ssl=context if o["implicitTls"] else None)
    await server.serve_forever()

asyncio.run(main())
`;

/**
 * aiosmtpd, which keeps what it gets byte for byte and has neither PIPELINING
 * nor CHUNKING nor DSN. AUTH is offered in the clear too.
 */
export async function startAiosmtpd(
  o: AiosmtpdOptions = {},
): Promise<AiosmtpdDaemon> {
  const { implicitTls = false, maxSize = 600_000_000 } = o;
  const starttls = !implicitTls && o.starttls !== false;
  const dir = await stateDir();
  const port = freePort();
  const mail = join(dir, "mail");
  for (const name of LOCAL_PARTS) {
    await Deno.mkdir(join(mail, name, "new"), { recursive: true });
  }
  const { caPem, ...certificate } = await writeCertificate(dir);
  const { password } = ACCOUNT;
  const config = {
    ...{ port, mail, password, localParts: LOCAL_PARTS },
    ...{ starttls, implicitTls, maxSize },
    ...certificate,
  };
  // Debian's own Python, which its packages are for.
  const daemon = await startDaemon(
    "/usr/bin/python3",
    ["-c", SCRIPT, JSON.stringify(config)],
    { dir, ports: [port] },
  );
  const collect = async (localPart: string) =>
    parse(await takeMessage(mail, localPart, daemon.log));
  return {
    ...ACCOUNT,
    ...daemon,
    name: "aiosmtpd",
    port,
    caPem,
    collect,
    take: async (localPart) => (await collect(localPart)).content,
  };
}

/** A line of JSON and then the message. */
function parse(stored: Uint8Array): Collected {
  const end = stored.indexOf(0x0a);
  const about = JSON.parse(new TextDecoder().decode(stored.subarray(0, end)));
  return { ...about, content: stored.subarray(end + 1) };
}
