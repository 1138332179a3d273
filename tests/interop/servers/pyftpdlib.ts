import { join } from "node:path";
import { writeCertificate } from "./_certificate.ts";
import { type FtpDaemon, startFtpDaemon } from "./_ftp_daemon.ts";
import { freePort, portRange, stateDir } from "./_process.ts";

/** How to start it. */
export interface PyftpdlibOptions {
  /** It has no implicit TLS. */
  tls?: "none" | "explicit";
}

const SCRIPT = `
import json, logging, sys
from pyftpdlib.authorizers import DummyAuthorizer
from pyftpdlib.handlers import FTPHandler, TLS_FTPHandler
from pyftpdlib.servers import FTPServer

o = json.loads(sys.argv[1])
logging.basicConfig(level=logging.INFO)
handler = TLS_FTPHandler if "cert" in o else FTPHandler
handler.authorizer = DummyAuthorizer()
handler.authorizer.add_user("user", "secret", o["root"], perm="elradfmwMT")
handler.passive_ports = range(o["min"], o["max"] + 1)
handler.auth_failed_timeout = 0
if "cert" in o:
    handler.certfile = o["cert"]
    handler.keyfile = o["key"]
    handler.tls_control_required = True
    handler.tls_data_required = True
    # Else a client that resumes a session fails: "session id context
    # uninitialized".
    handler.ssl_context = handler.get_ssl_context()
    handler.ssl_context.set_session_id(b"wireline")
server = FTPServer(("127.0.0.1", o["port"]), handler)
server.serve_forever()
`;

/**
 * pyftpdlib, with one user and his home as the root. It serves everybody in
 * one process and closes a data connection whose TLS starts before the command
 * that uses it, as curl's does.
 */
export async function startPyftpdlib(
  o: PyftpdlibOptions = {},
): Promise<FtpDaemon> {
  const dir = await stateDir();
  const port = freePort();
  const root = join(dir, "root");
  await Deno.mkdir(root);
  const certificate = o.tls === "explicit"
    ? await writeCertificate(dir)
    : undefined;
  const config = { port, root, ...portRange(), ...certificate };
  // Debian's own Python, which its packages are for.
  return await startFtpDaemon(
    "/usr/bin/python3",
    ["-c", SCRIPT, JSON.stringify(config)],
    {
      dir,
      target: {
        name: "pyftpdlib",
        hostname: certificate ? "localhost" : "127.0.0.1",
        port,
        user: "user",
        password: "secret",
        root,
        ...(certificate && { caPem: certificate.caPem }),
      },
    },
  );
}
