import { FtpServer, type FtpServerOptions } from "../servers/ftp_server.ts";
import { createAuthority } from "../_support/certificates.ts";
import { ftpStories, type FtpTarget, type Traits } from "./stories.ts";

const authority = await createAuthority();
const certificate = await authority.issue();

function own(
  what: string,
  options: FtpServerOptions,
  traits: Partial<Traits> = {},
): void {
  const start = async (): Promise<FtpTarget> => {
    const server = await FtpServer.start({ ...certificate, ...options });
    return {
      hostname: server.hostname,
      port: server.port,
      root: server.root,
      user: "user",
      password: "secret",
      caPem: authority.caPem,
      [Symbol.asyncDispose]: () => server[Symbol.asyncDispose](),
    };
  };
  ftpStories(`our server, ${what}`, start, {
    tls: "none",
    verified: "HASH",
    setsTimes: true,
    ...traits,
  });
}

own("in the clear", {});
own("explicit TLS", { tls: "explicit" }, { tls: "starttls" });
own("implicit TLS", { tls: "implicit" }, { tls: "implicit" });
own("explicit TLS by node:tls", { tls: "explicit" }, {
  tls: "starttls",
  options: { tlsSessionReuse: "always" },
});
own(
  "with nothing but RFC 959",
  {
    features: {
      mlsd: false,
      epsv: false,
      mfmt: false,
      hash: [],
    },
  },
  { verified: "size", setsTimes: false, epsv: false },
);
