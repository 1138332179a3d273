import {
  assert,
  assertEquals,
  assertInstanceOf,
  assertRejects,
} from "jsr:@std/assert@^1.0.0";
import tls from "node:tls";
import { Connection } from "../../_wire/connection.ts";
import { SessionMemory, type TlsVersion } from "../../_wire/node_tls.ts";
import { type CheckedTls, checkTls } from "../../_wire/tls.ts";
import { createAuthority } from "../_support/certificates.ts";
import { tempDir } from "../_support/temp_dir.ts";
import { bytes, eventLoopTurn, setup } from "./memory.ts";
import {
  type Greeting,
  hasPython,
  pythonTlsServer,
} from "./python_tls_server.ts";
import { startRelay } from "./relay.ts";

const authority = await createAuthority();
const certificate = await authority.issue();
const alice = await authority.issue({ client: "alice" });
const trusting = checkTls("localhost", { caCerts: [authority.caPem] });
const identified: CheckedTls = {
  ...trusting,
  identity: { cert: alice.cert, key: alice.key },
};

function open(
  port: number,
  options: CheckedTls,
  session?: SessionMemory,
): Promise<Connection> {
  return Connection.connect({
    hostname: "127.0.0.1",
    port,
    timeout: 0,
    tls: { options, session },
  }, setup());
}

/** Connects, and gives what the server said about the handshake. */
async function greeted(
  port: number,
  options: CheckedTls,
  session?: SessionMemory,
): Promise<Greeting> {
  const connection = await open(port, options, session);
  try {
    return JSON.parse(await connection.readReplyLine());
  } finally {
    connection.close();
  }
}

/** The certificate that a full check has found good. */
async function pinOf(
  port: number,
  options: CheckedTls,
  version: TlsVersion,
): Promise<Uint8Array> {
  const connection = await open(port, { ...options, viaNode: version });
  const pin = connection.certificate!;
  connection.close();
  assert(pin.length > 0);
  return pin;
}

function der(pem: string): Uint8Array {
  return Uint8Array.fromBase64(pem.replace(/-----[^-]*-----/g, ""));
}

Deno.test({
  name: "connectNodeTls() shows the client's certificate to a server that asks",
  ignore: !hasPython,
  async fn() {
    await using dir = await tempDir();
    for (const tls12 of [true, false]) {
      await using server = await pythonTlsServer(dir.path, {
        ...certificate,
        clientCa: authority.caPem,
        tls12,
      });
      const implicit = await greeted(server.port, identified);
      assertEquals([implicit.client, implicit.name], ["alice", "localhost"]);
      const upgraded = await Connection.connect({
        hostname: "127.0.0.1",
        port: server.port,
        timeout: 0,
      }, setup());
      await upgraded.startTls(identified);
      assertEquals(JSON.parse(await upgraded.readReplyLine()).client, "alice");
      upgraded.close();
      // Without one, and with one of somebody else's.
      const stranger = await (await createAuthority()).issue({ client: "eve" });
      for (const identity of [undefined, stranger]) {
        await assertRejects(() =>
          greeted(server.port, {
            ...trusting,
            viaNode: "TLSv1.3",
            ...(identity && { identity }),
          })
        );
      }
    }
  },
});

Deno.test("connectNodeTls() rejects a key that does not belong to the certificate", async () => {
  await using relay = startRelay(certificate);
  const identity = { cert: alice.cert, key: certificate.key };
  await assertRejects(
    () => open(relay.port, { ...trusting, identity }),
    Error,
    "Cannot start TLS with localhost: ",
  );
});

for (const version of ["TLSv1.2", "TLSv1.3"] as const) {
  Deno.test({
    name: `SessionMemory resumes the session of a pinned server (${version})`,
    ignore: !hasPython,
    async fn() {
      await using dir = await tempDir();
      await using server = await pythonTlsServer(dir.path, certificate);
      const pin = await pinOf(server.port, trusting, version);
      assertEquals(pin, der(certificate.cert));
      using memory = new SessionMemory("localhost", pin, version);
      const control = await open(server.port, trusting, memory);
      const first: Greeting = JSON.parse(await control.readReplyLine());
      assertEquals(first, {
        client: null,
        resumed: false,
        name: memory.name,
        version,
      });
      for (let n = 0; n < 3; n++) {
        const data = await greeted(server.port, trusting, memory);
        assertEquals(data.resumed, true, `data connection ${n}`);
      }
      control.close();
    },
  });
}

for (const version of ["TLSv1.2", "TLSv1.3"] as const) {
  Deno.test({
    name:
      `SessionMemory keeps two clients apart that trust different CAs (${version})`,
    ignore: !hasPython,
    async fn() {
      const other = await createAuthority("another authority");
      const otherTrust = checkTls("localhost", { caCerts: [other.caPem] });
      await using dir = await tempDir();
      await using one = await pythonTlsServer(dir.path, certificate);
      await using two = await pythonTlsServer(dir.path, await other.issue());
      const sides = [[one.port, trusting], [two.port, otherTrust]] as const;
      await using stack = new AsyncDisposableStack();
      const memories: SessionMemory[] = [];
      for (const [port, options] of sides) {
        const pin = await pinOf(port, options, version);
        const memory = new SessionMemory("localhost", pin, version);
        memories.push(stack.use(memory));
        const control = await open(port, options, memory);
        stack.defer(() => control.close());
        assertEquals(JSON.parse(await control.readReplyLine()).resumed, false);
      }
      assert(memories[0]!.name !== memories[1]!.name);
      for (let n = 0; n < 3; n++) {
        const data = await Promise.all(
          sides.map(([port, options], at) =>
            greeted(port, options, memories[at])
          ),
        );
        assertEquals(data.map((said) => said.resumed), [true, true]);
      }
      // The CA of the one is nothing to the other.
      for (const at of [0, 1]) {
        await assertRejects(
          () => open(sides[at]![0], { ...sides[1 - at]![1], viaNode: version }),
          Error,
          "Cannot start TLS with localhost: ",
        );
      }
    },
  });
}

Deno.test("connectNodeTls() leaves other connections of the process without its CA", async () => {
  await using relay = startRelay(certificate);
  const held = await open(relay.port, { ...trusting, viaNode: "TLSv1.3" });
  using memory = new SessionMemory("localhost", held.certificate, "TLSv1.3");
  const control = await open(relay.port, trusting, memory);
  for (const servername of ["localhost", memory.name]) {
    const { promise, resolve } = Promise.withResolvers<Error | "trusted">();
    const socket = tls.connect({
      host: "127.0.0.1",
      port: relay.port,
      servername,
    }, () => resolve("trusted"));
    socket.on("error", resolve);
    const closed = new Promise((done) => socket.on("close", done));
    const result = await promise;
    socket.destroy();
    await closed;
    assertInstanceOf(result, Error);
  }
  await assertRejects(
    () => open(relay.port, { serverName: "localhost", caCerts: [] }),
    Deno.errors.InvalidData,
  );
  held.close();
  control.close();
});

Deno.test("connectNodeTls() refuses a server that shows another certificate than the pin", async () => {
  const renewed = await authority.issue();
  await using relay = startRelay(renewed);
  for (const pin of [der(certificate.cert), new Uint8Array()]) {
    using memory = new SessionMemory("localhost", pin, "TLSv1.3");
    await assertRejects(
      () => open(relay.port, trusting, memory),
      Deno.errors.InvalidData,
      "the server shows another certificate than a moment ago",
    );
  }
});

Deno.test("connectNodeTls() tells the server's certificate, Deno's TLS does not", async () => {
  await using relay = startRelay(certificate);
  const one = await open(relay.port, { ...trusting, viaNode: "TLSv1.3" });
  assertEquals(one.certificate, der(certificate.cert));
  const two = await open(relay.port, trusting);
  assertEquals(two.certificate, undefined);
  one.close();
  two.close();
});

Deno.test("connectNodeTls() carries much data both ways at once", async () => {
  const size = 5_000_000;
  const pattern = Uint8Array.from(
    { length: size },
    (_, at) => at * 31 + (at >> 8),
  );
  await using relay = startRelay({
    ...certificate,
    async serve(conn) {
      await conn.readable.pipeTo(conn.writable);
    },
  });
  const connection = await open(relay.port, {
    ...trusting,
    viaNode: "TLSv1.3",
  });
  const [got] = await Promise.all([
    connection.bytes.readExactly(size, 1e9),
    connection.write(pattern),
  ]);
  assert(pattern.every((byte, at) => byte === got[at]));
  connection.close();
});

Deno.test("connectNodeTls() reads into memory of any size, to the end", async () => {
  for (const size of [1, 2, 7, 1_000]) {
    await using relay = startRelay({
      ...certificate,
      async serve(conn) {
        await conn.write(bytes("abc"));
        await conn.write(bytes("defghij".repeat(10)));
        conn.close();
      },
    });
    const connection = await open(relay.port, {
      ...trusting,
      viaNode: "TLSv1.3",
    });
    let got = "";
    const into = new Uint8Array(size);
    for (;;) {
      const count = await connection.bytes.read(into);
      if (count === null) break;
      got += String.fromCharCode(...into.subarray(0, count));
    }
    assertEquals(got, "abc" + "defghij".repeat(10));
    assertEquals(await connection.bytes.read(into), null);
    connection.close();
  }
});

Deno.test("connectNodeTls() holds the server back while nobody reads", async () => {
  const size = 64 * 1024 * 1024;
  let taken = 0;
  await using relay = startRelay({
    ...certificate,
    async serve(conn) {
      const chunk = new Uint8Array(1024 * 1024);
      while (taken < size) taken += await conn.write(chunk);
    },
  });
  const connection = await open(relay.port, {
    ...trusting,
    viaNode: "TLSv1.3",
  });
  // Nothing moves any more once a thousand turns have gone by without.
  for (let still = 0, before = -1; still < 1_000 && taken < size;) {
    still = taken === before ? still + 1 : 0;
    before = taken;
    await eventLoopTurn();
  }
  assert(taken < size, `${taken} bytes were taken`);
  connection.close();
});

Deno.test("SessionMemory gives each client alive a name of its own", () => {
  const pin = Uint8Array.of(1);
  const first = new SessionMemory("a.test", undefined, "TLSv1.2");
  const second = new SessionMemory("a.test", pin, "TLSv1.2");
  const third = new SessionMemory("a.test", pin, "TLSv1.2");
  const names = [first, second, third].map((one) => one.name);
  assertEquals(names[0], "a.test");
  assertEquals(new Set(names).size, 3);
  assertEquals(SessionMemory.taken("a.test", "TLSv1.2"), true);
  assertEquals(SessionMemory.taken("b.test", "TLSv1.2"), false);
  for (const one of [first, second, third]) one[Symbol.dispose]();
  assertEquals(SessionMemory.taken("a.test", "TLSv1.2"), false);
});

Deno.test("SessionMemory says no name where the name is an address", () => {
  using memory = new SessionMemory("127.0.0.1", undefined, "TLSv1.2");
  assertEquals(memory.name, "");
  assertEquals(SessionMemory.taken("::1", "TLSv1.2"), true);
  using second = new SessionMemory("::1", Uint8Array.of(1), "TLSv1.2");
  assert(second.name !== "");
});

Deno.test("SessionMemory can be disposed again without giving away the name of another", () => {
  const first = new SessionMemory("a.test", undefined, "TLSv1.2");
  first[Symbol.dispose]();
  using _second = new SessionMemory("a.test", undefined, "TLSv1.2");
  first[Symbol.dispose]();
  assertEquals(SessionMemory.taken("a.test", "TLSv1.2"), true);
});
