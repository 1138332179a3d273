import {
  assert,
  assertEquals,
  assertRejects,
  assertThrows,
} from "jsr:@std/assert@^1.0.0";
import { Buffer } from "node:buffer";
import { createAuthority } from "../_support/certificates.ts";
import { TlsBridge } from "../../_wire/tls_bridge.ts";

const authority = await createAuthority();
const certificate = await authority.issue();
const tlsOptions = { hostname: "localhost", caCerts: [authority.caPem] };

/** Both ends of a plain connection. */
async function pair(): Promise<{ client: Deno.TcpConn; plain: Deno.TcpConn }> {
  using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const [client, plain] = await Promise.all([
    Deno.connect({ hostname: "127.0.0.1", port: listener.addr.port }),
    listener.accept(),
  ]);
  client.setNoDelay(true);
  plain.setNoDelay(true);
  return { client, plain };
}

/** Both ends of a connection after its upgrade. */
async function upgradedPair(
  bridge: TlsBridge,
): Promise<{ client: Deno.TlsConn; server: Deno.Conn; plain: Deno.TcpConn }> {
  const { client: raw, plain } = await pair();
  const [client, server] = await Promise.all([
    Deno.startTls(raw, tlsOptions).then(async (conn) => {
      await conn.handshake();
      return conn;
    }),
    bridge.upgrade(plain),
  ]);
  return { client, server, plain };
}

async function writeAll(conn: Deno.Conn, bytes: Uint8Array): Promise<void> {
  for (let at = 0; at < bytes.length;) {
    at += await conn.write(bytes.subarray(at));
  }
}

async function readAll(conn: Deno.Conn): Promise<Uint8Array> {
  const parts: Uint8Array<ArrayBuffer>[] = [];
  while (true) {
    const buffer = new Uint8Array(65_536);
    const count = await conn.read(buffer);
    if (count === null) return await new Blob(parts).bytes();
    parts.push(buffer.subarray(0, count));
  }
}

function pattern(length: number): Uint8Array {
  return Uint8Array.from({ length }, (_, i) => (i * i >> 3) & 0xff);
}

Deno.test("upgrade() carries bulk data both ways at once, and half closes", async () => {
  await using bridge = new TlsBridge(certificate);
  const { client, server, plain } = await upgradedPair(bridge);
  using _client = client;
  using _server = server;
  assertEquals(server.remoteAddr, plain.remoteAddr);
  const up = pattern(3_000_001);
  const down = pattern(2_000_003).reverse();
  const send = async (conn: Deno.Conn, bytes: Uint8Array) => {
    await writeAll(conn, bytes);
    await conn.closeWrite();
  };
  const [, , gotUp, gotDown] = await Promise.all([
    send(client, up),
    send(server, down),
    readAll(server),
    readAll(client),
  ]);
  assert(Buffer.from(gotUp).equals(up));
  assert(Buffer.from(gotDown).equals(down));
});

Deno.test("close() delivers what was written, then closes both directions", async () => {
  await using bridge = new TlsBridge(certificate);
  const { client, server, plain } = await upgradedPair(bridge);
  using _client = client;
  const bytes = pattern(5_000_000);
  const reading = readAll(client);
  await writeAll(server, bytes);
  server.close();
  assert(Buffer.from(await reading).equals(bytes));
  // The bridge has closed the accepted connection too.
  assertThrows(() => plain.close(), Deno.errors.BadResource);
});

Deno.test("upgrade() upgrades several connections at once", async () => {
  await using bridge = new TlsBridge(certificate);
  await Promise.all(Array.from({ length: 8 }, async (_, i) => {
    const { client, server } = await upgradedPair(bridge);
    using _client = client;
    using _server = server;
    await server.write(Uint8Array.of(i));
    const got = new Uint8Array(1);
    await client.read(got);
    assertEquals(got[0], i);
  }));
});

Deno.test("upgrade() turns strangers on its private port away", async () => {
  await using bridge = new TlsBridge(certificate);
  const { hostname, port } = bridge.addr;
  using _stranger = await Deno.connect({ hostname, port });
  const { client, server } = await upgradedPair(bridge);
  using _client = client;
  using _server = server;
  await server.write(Uint8Array.of(7));
  const got = new Uint8Array(1);
  await client.read(got);
  assertEquals(got[0], 7);
  // Deno lets go of a TLS connection that never shook hands only when its peer
  // has closed it, so there is no end of the stream to wait for here.
});

Deno.test("upgrade() rejects when the client distrusts the certificate", async () => {
  await using bridge = new TlsBridge(certificate);
  const { client, plain } = await pair();
  const upgrade = assertRejects(
    () => bridge.upgrade(plain),
    Deno.errors.InvalidData,
  );
  using tls = await Deno.startTls(client, { hostname: "localhost" });
  await assertRejects(() => tls.handshake(), Error, "UnknownIssuer");
  tls.close();
  await upgrade;
});

Deno.test("upgrade() rejects what is not TLS, telling the client why", async () => {
  await using bridge = new TlsBridge(certificate);
  const { client, plain } = await pair();
  using _client = client;
  const upgrade = assertRejects(
    () => bridge.upgrade(plain, new TextEncoder().encode("NOOP\r\n")),
    Deno.errors.InvalidData,
  );
  const answer = await readAll(client);
  assertEquals(answer[0], 0x15); // a TLS alert record
  await upgrade;
});

Deno.test("upgrade() rejects when the client goes away", async () => {
  await using bridge = new TlsBridge(certificate);
  const { client, plain } = await pair();
  const upgrade = assertRejects(() => bridge.upgrade(plain));
  client.close();
  await upgrade;
  assertThrows(() => plain.close(), Deno.errors.BadResource);
});

Deno.test("a client that vanishes without close_notify is an error to read", async () => {
  await using bridge = new TlsBridge(certificate);
  const { client, server, plain } = await upgradedPair(bridge);
  using _server = server;
  const reading = assertRejects(() => server.read(new Uint8Array(1)));
  plain.close();
  await reading;
  client.close();
});

Deno.test("dispose interrupts handshakes and open connections", async () => {
  const { client, plain } = await pair();
  using _client = client;
  let handshake: Promise<unknown>;
  let reading: Promise<unknown>;
  {
    await using bridge = new TlsBridge(certificate);
    const { client, server } = await upgradedPair(bridge);
    handshake = assertRejects(() => bridge.upgrade(plain));
    reading = assertRejects(() => server.read(new Uint8Array(1)));
    client.close();
    server.close();
  }
  await handshake;
  await reading;
});

Deno.test("upgrade() after dispose rejects and closes", async () => {
  const bridge = new TlsBridge(certificate);
  await bridge[Symbol.asyncDispose]();
  await bridge[Symbol.asyncDispose]();
  const { client, plain } = await pair();
  using _client = client;
  await assertRejects(() => bridge.upgrade(plain));
  assertEquals((await readAll(client)).length, 0);
});
