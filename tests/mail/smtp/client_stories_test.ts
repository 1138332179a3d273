import {
  deriveScramKeys,
  SmtpError,
  SmtpServer,
  type SmtpServerOptions,
} from "../../../mail/smtpd/mod.ts";
import { createAuthority } from "../../_support/certificates.ts";
import { smtpStories, type SmtpTarget } from "./stories.ts";

/** A server of ours with mailboxes in memory. */
async function start(
  tls: "none" | "starttls" | "implicit",
): Promise<SmtpTarget> {
  const authority = await createAuthority();
  const keys = await deriveScramKeys("secret");
  const boxes = new Map<string, Mailbox>(
    ["ada", "bob", "jörg"].map((name) => [name, new Mailbox()]),
  );
  const options: SmtpServerOptions = {
    port: 0,
    ...(tls !== "none" && await authority.issue()),
    implicitTls: tls === "implicit",
    authenticate: (user, password) => user === "ada" && password === "secret",
    scramKeys: (user) => user === "ada" ? keys : undefined,
    onMail(_, session) {
      if (tls !== "none" && session.user === undefined) {
        throw new SmtpError(530, "5.7.0", "Sign in first");
      }
    },
    onRecipient(address) {
      if (boxes.has(address.replace(/@example\.test$/, ""))) return;
      throw new SmtpError(550, "5.1.1", "There is no such mailbox");
    },
    async onMessage({ to }, body) {
      const message = new Uint8Array(await new Response(body).arrayBuffer());
      for (const address of to) {
        boxes.get(address.replace(/@example\.test$/, ""))!.add(message);
      }
    },
  };
  const server = new SmtpServer(options);
  return {
    hostname: "localhost",
    port: server.address.port,
    caPem: authority.caPem,
    user: "ada",
    password: "secret",
    domain: "example.test",
    take: (name) => boxes.get(name)!.take(),
    [Symbol.asyncDispose]: () => server[Symbol.asyncDispose](),
  };
}

class Mailbox {
  #messages: Uint8Array[] = [];
  #waiting: ((message: Uint8Array) => void)[] = [];

  add(message: Uint8Array): void {
    const taker = this.#waiting.shift();
    if (taker) taker(message);
    else this.#messages.push(message);
  }

  take(): Promise<Uint8Array> {
    const message = this.#messages.shift();
    if (message) return Promise.resolve(message);
    return new Promise((resolve) => this.#waiting.push(resolve));
  }
}

for (const tls of ["none", "starttls", "implicit"] as const) {
  smtpStories(`our server, TLS: ${tls}`, () => start(tls), {
    tls,
    signIn: tls !== "none",
    mechanisms: ["SCRAM-SHA-256", "PLAIN", "LOGIN"],
    uses: ["PIPELINING", "CHUNKING"],
    utf8: true,
  });
}
