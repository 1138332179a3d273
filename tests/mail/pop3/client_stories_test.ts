import { createAuthority } from "../../_support/certificates.ts";
import { Pop3Server } from "../../servers/pop3_server.ts";
import { MESSAGES, pop3Stories, type Pop3Target } from "./stories.ts";

async function start(
  tls: "none" | "starttls" | "implicit",
): Promise<Pop3Target> {
  const authority = await createAuthority();
  const server = await Pop3Server.start({
    users: { ada: "secret" },
    messages: { ada: MESSAGES.map((message) => message) },
    timestamp: "<1896.697170952@dbc.mtview.ca.us>",
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
  pop3Stories(`our server, TLS: ${tls}`, () => start(tls), {
    tls,
    mechanisms: ["SCRAM-SHA-256", "PLAIN", "LOGIN", "APOP", "USER"],
  });
}
