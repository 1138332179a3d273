import {
  assert,
  assertEquals,
  assertInstanceOf,
  assertRejects,
  assertStringIncludes,
} from "jsr:@std/assert@^1.0.0";
import { Connection, type ConnectTo } from "../../_wire/connection.ts";
import { ProtocolError } from "../../_wire/errors.ts";
import { withDefaults } from "../../_wire/limits.ts";
import { readReply } from "../../_wire/reply.ts";
import { type CheckedTls, checkTls } from "../../_wire/tls.ts";
import { Watchdog } from "../../_wire/watchdog.ts";
import { createAuthority } from "../_support/certificates.ts";
import {
  type ScriptedConn,
  type ScriptedServer,
  scriptedServer,
} from "../_support/scripted_server.ts";
import { TlsBridge } from "../../_wire/tls_bridge.ts";
import { Clock } from "./clock.ts";
import {
  bytes,
  eventLoopTurn,
  isSettled,
  memoryConnection,
  setup,
} from "./memory.ts";
import { startRelay } from "./relay.ts";

const authority = await createAuthority();
const stranger = await createAuthority("somebody else");
const certificate = await authority.issue();
const trusting = checkTls("localhost", { caCerts: [authority.caPem] });

/** Both ways to TLS: the runtime's own, and by `node:tls`. */
const WAYS: [string, CheckedTls][] = [
  ["Deno's TLS", trusting],
  ["node:tls", { ...trusting, viaNode: "TLSv1.3" }],
];

function to(
  server: { port: number },
  more: Partial<ConnectTo> = {},
): ConnectTo {
  return { hostname: "127.0.0.1", port: server.port, timeout: 0, ...more };
}

function open(
  server: ScriptedServer,
  options?: Parameters<typeof setup>[0],
): Promise<Connection> {
  return Connection.connect(to(server), setup(options));
}

const hanging = () => scriptedServer((conn) => conn.hang());

Deno.test("Connection.connect() says what it could not connect to", async () => {
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const { port } = listener.addr;
  listener.close();
  await assertRejects(
    () => Connection.connect(to({ port }), setup()),
    Deno.errors.ConnectionRefused,
    `Cannot connect to 127.0.0.1 port ${port}: `,
  );
});

Deno.test("Connection.connect() takes an IPv6 address in brackets", async () => {
  let listener: Deno.TcpListener;
  try {
    listener = Deno.listen({ hostname: "::1", port: 0 });
  } catch {
    return; // No IPv6 here.
  }
  using _ = listener;
  const { port } = listener.addr;
  const [connection, conn] = await Promise.all([
    Connection.connect({ hostname: "[::1]", port, timeout: 0 }, setup()),
    listener.accept(),
  ]);
  assertEquals(connection.remoteAddr.hostname, "::1");
  connection.close();
  conn.close();
});

Deno.test("Connection.connect() does not even connect when it is aborted before", async () => {
  await using server = await hanging();
  const reason = new Error("enough");
  const signal = AbortSignal.abort(reason);
  const error = await Connection.connect(to(server, { signal }), setup())
    .catch((error) => error);
  assertEquals([error, server.connections], [reason, 0]);
});

for (const [name, options] of WAYS) {
  Deno.test(`Connection.connect() can be aborted in the handshake (${name})`, async () => {
    const controller = new AbortController();
    const reason = new Error("enough");
    await using server = await scriptedServer(async (conn) => {
      await conn.readBytes(1);
      controller.abort(reason);
      await conn.hang();
    });
    const error = await Connection.connect(
      to(server, { signal: controller.signal, tls: { options } }),
      setup(),
    ).catch((error) => error);
    assertEquals(error, reason);
  });

  Deno.test(`Connection.connect() gives up a handshake in time (${name})`, async () => {
    await using server = await hanging();
    const error = await assertRejects(
      () =>
        Connection.connect(
          to(server, { timeout: 30, tls: { options } }),
          setup(),
        ),
      DOMException,
      "Cannot connect to 127.0.0.1 port",
    );
    assertEquals(error.name, "TimeoutError");
  });

  Deno.test(`Connection.connect() refuses certificates that prove nothing (${name})`, async () => {
    const issued = [
      await stranger.issue(),
      await authority.issue({ dnsNames: ["elsewhere.test"] }),
      await authority.issue({ notAfter: new Date(Date.now() - 60_000) }),
      await authority.issue({ notBefore: new Date(Date.now() + 3_600_000) }),
    ];
    for (const one of issued) {
      await using relay = startRelay(one);
      const error = await assertRejects(
        () => Connection.connect(to(relay, { tls: { options } }), setup()),
        Error,
        "Cannot start TLS with localhost: ",
      );
      assert(!(error instanceof DOMException));
    }
  });

  Deno.test(`Connection.connect() checks the address where that is the name (${name})`, async () => {
    const byAddress = { ...options, serverName: "127.0.0.1" };
    await using good = startRelay(certificate);
    const connection = await Connection.connect(
      to(good, { tls: { options: byAddress } }),
      setup(),
    );
    assertEquals(connection.secure, true);
    connection.close();
    await using bad = startRelay(
      await authority.issue({ ipAddresses: ["127.0.0.2"] }),
    );
    await assertRejects(
      () =>
        Connection.connect(to(bad, { tls: { options: byAddress } }), setup()),
      Error,
      "Cannot start TLS with 127.0.0.1: ",
    );
  });

  Deno.test(`Connection.connect() rejects when the server hangs up at any point of the handshake (${name})`, async () => {
    for (const after of [1, 4, 5, 6, 50, 100, 130, 200, 400, 600]) {
      await using relay = startRelay({ ...certificate, after });
      await assertRejects(
        () => Connection.connect(to(relay, { tls: { options } }), setup()),
        Error,
        "Cannot start TLS with localhost: ",
      );
    }
  });

  Deno.test(`Connection.startTls() goes on in TLS where the lines ended (${name})`, async () => {
    await using bridge = new TlsBridge(certificate);
    await using server = await scriptedServer(async (conn) => {
      await conn.writeSplit("220 ready\r\n", { at: "every byte" });
      await conn.expect("STARTTLS");
      await conn.writeSplit("220 go on\r\n", { at: "every byte" });
      await conn.upgradeTls(bridge);
      await conn.writeSplit("200 safe\r\nabc200 end\r\n", { at: "every byte" });
      await conn.expect("x".repeat(300_000));
      await conn.write("y".repeat(300_000) + "\r\n");
    });
    const connection = await open(server);
    assertEquals((await readReply(connection)).code, 220);
    await connection.write(bytes("STARTTLS\r\n"));
    assertEquals((await readReply(connection)).text, "go on");
    assertEquals(connection.secure, false);
    await connection.startTls(options);
    assertEquals(connection.secure, true);
    assertEquals(connection.remoteAddr.port, server.port);
    assertEquals((await readReply(connection)).text, "safe");
    assertEquals(await connection.bytes.readExactly(3, 1e9), bytes("abc"));
    assertEquals((await readReply(connection)).text, "end");
    await connection.write(bytes("x".repeat(300_000) + "\r\n"));
    const got = await connection.bytes.readExactly(300_002, 1e9);
    assertEquals(got[299_999], 0x79);
    assertEquals(await connection.lines.readLine(), undefined);
    connection.close();
  });

  Deno.test(`Connection.startTls() refuses plaintext that came behind the consent (${name})`, async () => {
    for (const injected of ["2", "200 fine\r\n", "\0"]) {
      await using server = await scriptedServer(async (conn) => {
        await conn.write("220 go on\r\n" + injected);
        await conn.hang();
      });
      const connection = await open(server);
      await readReply(connection);
      await assertRejects(
        () => connection.startTls(options),
        ProtocolError,
        "the server sent plaintext behind its consent",
      );
      assertEquals([connection.closed, connection.secure], [true, false]);
    }
  });

  Deno.test(`Connection.startTls() fails on plaintext that comes later (${name})`, async () => {
    await using server = await scriptedServer(async (conn) => {
      await conn.write("220 go on\r\n");
      await conn.readBytes(1);
      await conn.write("200 fine\r\n");
      await conn.hang();
    });
    const connection = await open(server);
    await readReply(connection);
    await assertRejects(
      () => connection.startTls(options),
      Error,
      "Cannot start TLS with localhost: ",
    );
    assertEquals([connection.closed, connection.secure], [true, false]);
  });

  Deno.test(`Connection.close() ends a handshake with its reason (${name})`, async () => {
    const reason = new Error("enough");
    for (const why of [reason, undefined]) {
      const opened = Promise.withResolvers<Connection>();
      await using server = await scriptedServer(async (conn) => {
        await conn.write("220 go on\r\n");
        await conn.readBytes(1);
        (await opened.promise).close(why);
        await conn.hang();
      });
      const connection = await open(server);
      opened.resolve(connection);
      await readReply(connection);
      const error = await connection.startTls(options).catch((error) => error);
      if (why) assertEquals(error, why);
      assertInstanceOf(error, Error);
    }
  });

  Deno.test(`Connection.close() ends a handshake that has not yet begun (${name})`, async () => {
    await using server = await hanging();
    const connection = await open(server);
    const reason = new Error("enough");
    const starting = connection.startTls(options).catch((error) => error);
    connection.close(reason);
    assertEquals(await starting, reason);
    assertEquals(connection.secure, false);
  });

  Deno.test(`Connection.startTls() gives up in time (${name})`, async () => {
    await using server = await hanging();
    const connection = await open(server, { timeout: 30 });
    const error = await assertRejects(
      () => connection.startTls(options),
      DOMException,
    );
    assertEquals(error.name, "TimeoutError");
    assertEquals([connection.closed, connection.closeReason], [true, error]);
  });

  Deno.test(`Connection.close() ends a pending read over TLS with its reason (${name})`, async () => {
    await using relay = startRelay(certificate);
    const connection = await Connection.connect(
      to(relay, { tls: { options } }),
      setup(),
    );
    const reason = new Error("enough");
    const reading = readReply(connection).catch((error) => error);
    await eventLoopTurn();
    connection.close(reason);
    assertEquals(await reading, reason);
    assertEquals(await connection.write(bytes("a")).catch((e) => e), reason);
  });

  Deno.test(`Connection.closeWrite() rejects after a close (${name})`, async () => {
    await using relay = startRelay(certificate);
    const connection = await Connection.connect(
      to(relay, { tls: { options } }),
      setup(),
    );
    const reason = new Error("enough");
    connection.close(reason);
    const ending = connection.closeWrite().catch((error) => error);
    assertEquals(await isSettled(ending), true);
    assertEquals(await ending, reason);
  });

  Deno.test(`Connection.close() ends a pending write over TLS with its reason (${name})`, async () => {
    await using relay = startRelay(certificate);
    const connection = await Connection.connect(
      to(relay, { tls: { options } }),
      setup(),
    );
    const reason = new Error("enough");
    const writing = connection.write(new Uint8Array(32 * 1024 * 1024))
      .catch((error) => error);
    // The first write has filled what there is to fill.
    assertEquals(await isSettled(writing), false);
    connection.close(reason);
    assertEquals(await writing, reason);
  });

  Deno.test(`Connection.closeWrite() ends our side and lets the other go on (${name})`, async () => {
    await using relay = startRelay({
      ...certificate,
      async serve(conn) {
        const all = await new Response(conn.readable).text()
          .catch(() => "");
        assertEquals(all, "all of it");
      },
    });
    const connection = await Connection.connect(
      to(relay, { tls: { options } }),
      setup(),
    );
    await connection.write(bytes("all of it"));
    await connection.closeWrite();
    assertEquals(await connection.lines.readLine(), undefined);
    connection.close();
  });

  Deno.test(`Connection.readReplyLine() rejects with a ProtocolError when the server hangs up without a goodbye from TLS (${name})`, async () => {
    for (const before of ["", "220 half a re"]) {
      await using relay = startRelay({
        ...certificate,
        async serve(conn) {
          await conn.write(bytes("220 ready\r\n" + before));
        },
      });
      const connection = await Connection.connect(
        to(relay, { tls: { options } }),
        setup(),
      );
      assertEquals((await readReply(connection)).code, 220);
      relay.cut();
      const error = await readReply(connection).catch((error) => error);
      connection.close();
      assertInstanceOf(error, ProtocolError);
    }
  });
}

Deno.test("Connection.connect() takes no notice of the signal once it is there", async () => {
  await using server = await scriptedServer((conn) => conn.write("220 hi\r\n"));
  const controller = new AbortController();
  const connection = await Connection.connect(
    to(server, { signal: controller.signal }),
    setup(),
  );
  controller.abort();
  assertEquals((await readReply(connection)).text, "hi");
  assertEquals(connection.closed, false);
  connection.close();
});

Deno.test("Connection.connect() sets no timer that the runtime cannot hold", async () => {
  await using server = await hanging();
  for (const timeout of [Infinity, 2 ** 31]) {
    const asked: number[] = [];
    const original = globalThis.setTimeout;
    globalThis.setTimeout = ((run: () => void, ms: number) => {
      asked.push(ms);
      return original(run, Math.min(ms, 60_000));
    }) as typeof setTimeout;
    try {
      const connection = await Connection.connect(
        to(server, { timeout }),
        setup(),
      );
      connection.close();
    } finally {
      globalThis.setTimeout = original;
    }
    assertEquals(asked.filter((ms) => ms > 2 ** 31 - 1), []);
  }
});

Deno.test("Connection rejects with a ProtocolError when the server hangs up at any byte", async () => {
  const wire = "211-a\r\n b\r\n211 end\r\n";
  for (let length = 0; length < wire.length; length++) {
    await using server = await scriptedServer((conn) =>
      conn.writeSplit(wire.slice(0, length), { at: "every byte" })
    );
    const connection = await open(server);
    await assertRejects(() => readReply(connection), ProtocolError);
    connection.close();
  }
});

Deno.test("Connection.close() ends a pending read with its reason, or says that it was closed", async () => {
  await using server = await hanging();
  for (const reason of [new Error("enough"), undefined]) {
    const connection = await open(server);
    const reading = readReply(connection).catch((error) => error);
    await eventLoopTurn();
    connection.close(reason);
    const error = await reading;
    if (reason) assertEquals(error, reason);
    else {
      assertInstanceOf(error, Deno.errors.Interrupted);
      assertStringIncludes(error.message, "the connection was closed");
    }
    assertEquals([connection.closed, connection.closeReason], [true, reason]);
  }
});

Deno.test("Connection.close() ends a pending write with its reason", async () => {
  await using server = await hanging();
  const connection = await open(server);
  const reason = new Error("enough");
  const writing = connection.write(new Uint8Array(32 * 1024 * 1024))
    .catch((error) => error);
  assertEquals(await isSettled(writing), false);
  connection.close(reason);
  assertEquals(await writing, reason);
});

Deno.test("Connection.close() may be called again and keeps the first reason", async () => {
  await using server = await hanging();
  const connection = await open(server);
  const reason = new Error("first");
  connection.close(reason);
  connection.close(new Error("second"));
  connection.close();
  assertEquals(connection.closeReason, reason);
  for (
    const use of [
      () => readReply(connection),
      () => connection.write(bytes("a")),
      () => connection.closeWrite(),
      () => connection.startTls(trusting),
    ]
  ) assertEquals(await use().catch((error) => error), reason);
});

Deno.test("Connection rejects what waits too long and is closed then", async () => {
  await using server = await hanging();
  const connection = await open(server, { timeout: 30 });
  const error = await assertRejects(() => readReply(connection), DOMException);
  assertEquals(error.name, "TimeoutError");
  assertEquals([connection.closed, connection.closeReason], [true, error]);
  assertEquals(await connection.write(bytes("a")).catch((e) => e), error);
});

Deno.test("Connection rejects a write that makes no progress", async () => {
  await using server = await hanging();
  const connection = await open(server, { timeout: 30 });
  const error = await assertRejects(
    () => connection.write(new Uint8Array(32 * 1024 * 1024)),
    DOMException,
  );
  assertEquals(error.name, "TimeoutError");
});

Deno.test("Connection.closeWrite() waits no longer than the time-out", async () => {
  using clock = new Clock();
  const { promise, reject } = Promise.withResolvers<never>();
  const { connection } = memoryConnection([], { timeout: 100 }, {
    closeWrite: () => promise,
    close: () => reject(new Deno.errors.Interrupted("closed")),
  });
  const closing = connection.closeWrite();
  closing.catch(() => {});
  clock.pass(1_000);
  const settled = await isSettled(closing);
  connection.close();
  await closing.catch(() => {});
  assertEquals(settled, true);
});

Deno.test("Connection closes all connections of a client that waited too long", async () => {
  await using server = await hanging();
  const shared = setup({ timeout: 30 });
  const [one, two] = await Promise.all([
    Connection.connect(to(server), shared),
    Connection.connect(to(server), shared),
  ]);
  const error = await assertRejects(() => readReply(one), DOMException);
  assertEquals([one.closeReason, two.closeReason], [error, error]);
});

Deno.test("Connection.write() writes all of it when the transport takes a little at a time", async () => {
  const sent: number[] = [];
  const { connection } = memoryConnection([], {}, {
    write(data) {
      sent.push(data[0]!);
      return Promise.resolve(1);
    },
  });
  await connection.write(bytes("abcdef"));
  assertEquals(sent, Array.from(bytes("abcdef")));
});

Deno.test("Connection says what it was doing when the socket failed, in the same class", async () => {
  const { connection } = memoryConnection([], {}, {
    read: () => Promise.reject(new Deno.errors.ConnectionReset("reset")),
    write: () => Promise.reject(new Deno.errors.BrokenPipe("broken")),
  });
  await assertRejects(
    () => readReply(connection),
    Deno.errors.ConnectionReset,
    "Cannot connect: reset",
  );
  await assertRejects(
    () => connection.write(bytes("a")),
    Deno.errors.BrokenPipe,
    "Cannot connect: broken",
  );
  connection.close();
});

Deno.test("Connection.trace() shows lines in order and no secret", async () => {
  const seen: string[] = [];
  await using server = await scriptedServer(async (conn: ScriptedConn) => {
    await conn.expect("PASS hunter2");
    await conn.write("530 hunter2 is not it\r\n");
  });
  const connection = await open(server, {
    onTrace: ({ direction, line }) => seen.push(`${direction} ${line}`),
  });
  connection.secrets = ["hunter2"];
  connection.trace("send", "PASS ***");
  await connection.write(bytes("PASS hunter2\r\n"));
  const reply = await readReply(connection);
  assertEquals(reply.text, "*** is not it");
  assertEquals(seen, ["send PASS ***", "receive 530 *** is not it"]);
  connection.close();
});

Deno.test("Connection.patient keeps a wait from counting until it is over", async () => {
  await using server = await scriptedServer((conn) => conn.hang());
  const watchdog = new Watchdog(50);
  const connection = await Connection.connect({
    hostname: server.hostname,
    port: server.port,
    timeout: 1_000,
  }, { watchdog, limits: withDefaults() });
  connection.patient = true;
  const line = connection.readReplyLine();
  line.catch(() => {});
  // Longer than the time-out, on purpose: nothing may happen meanwhile.
  await new Promise((resolve) => setTimeout(resolve, 150));
  assertEquals(connection.closed, false);
  connection.patient = false;
  const error = await assertRejects(() => line, DOMException);
  assertEquals(error.name, "TimeoutError");
});
