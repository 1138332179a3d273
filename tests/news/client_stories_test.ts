import { createAuthority } from "../_support/certificates.ts";
import { NntpServer } from "../servers/nntp_server.ts";
import { newsStories, type NewsTarget, seeds } from "./stories.ts";

async function start(
  tls: "none" | "starttls" | "implicit",
): Promise<NewsTarget> {
  const authority = await createAuthority();
  const server = await NntpServer.start({
    groups: {
      "local.test": { articles: seeds(), description: "Everything" },
      "local.post": {},
      "local.big": {},
    },
    ...(tls !== "none" && await authority.issue()),
    implicitTls: tls === "implicit",
  });
  return {
    hostname: server.hostname,
    port: server.port,
    caPem: authority.caPem,
    user: "ada",
    password: "secret",
    [Symbol.asyncDispose]: () => server[Symbol.asyncDispose](),
  };
}

for (const tls of ["none", "starttls", "implicit"] as const) {
  newsStories(`our server, TLS: ${tls}`, () => start(tls), {
    tls,
    mechanisms: ["SCRAM-SHA-256", "PLAIN", "USER"],
    compress: tls === "none",
  });
}
