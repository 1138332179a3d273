import { assertEquals, assertInstanceOf } from "jsr:@std/assert@^1.0.0";
import { type Pop3Client, ProtocolError } from "../../../mail/pop3/mod.ts";
import { createAuthority } from "../../_support/certificates.ts";
import { startRelay } from "../../_wire/relay.ts";
import { failureOf, open, textOf } from "./script.ts";

interface CutServer extends AsyncDisposable {
  connect(): Promise<Pop3Client>;
  /** Cuts the line as soon as the client has seen `line`. */
  cutAt: string;
}

/** A server with implicit TLS that says this, and whose line is then cut. */
async function startCut(...said: string[]): Promise<CutServer> {
  const authority = await createAuthority();
  const relay = startRelay({
    ...await authority.issue(),
    async serve(tls) {
      const encoder = new TextEncoder();
      const waste = new Uint8Array(1_024);
      for (const words of ["+OK ready\r\n", ...said]) {
        await tls.write(encoder.encode(words));
        if (await tls.read(waste) === null) return;
      }
    },
  });
  const server: CutServer = {
    cutAt: "",
    connect: () =>
      open({ hostname: "localhost", port: relay.port }, {
        tls: "implicit",
        tlsOptions: { caCerts: [authority.caPem] },
        onTrace: ({ line }) => line === server.cutAt && relay.cut(),
      }),
    [Symbol.asyncDispose]: () => relay[Symbol.asyncDispose](),
  };
  return server;
}

// What TLS makes of a cut is no end: somebody else may have made it.
const CUTS: Record<
  string,
  [cutAt: string, said: string[], call: (pop3: Pop3Client) => Promise<unknown>]
> = {
  "a status line": ["NOOP", ["+OK"], (pop3) => pop3.noop()],
  "a list": ["+OK 2", ["+OK 2\r\n1 1\r\n"], (pop3) => pop3.list()],
  "a message": [
    "+OK 2",
    ["+OK 2\r\nhalf\r\n"],
    async (pop3) => await textOf(await pop3.retr(1)),
  ],
  "many messages": [
    "+OK 2",
    ["+OK\r\nPIPELINING\r\n.\r\n", "+OK 2\r\nhalf\r\n"],
    (pop3) => Array.fromAsync(pop3.retrAll([1, 2])),
  ],
};

for (const [what, [cutAt, said, call]] of Object.entries(CUTS)) {
  Deno.test(`${what} cut off under TLS is an error`, async () => {
    await using server = await startCut(...said);
    const pop3 = await server.connect();
    server.cutAt = cutAt;
    const error = await failureOf(call(pop3));
    assertInstanceOf(error, ProtocolError, `${error}`);
    assertEquals(error.name, "ProtocolError");
    await failureOf(pop3.noop());
    pop3.close();
  });
}
