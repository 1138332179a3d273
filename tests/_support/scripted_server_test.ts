import { assert, assertEquals, assertRejects } from "jsr:@std/assert@^1.0.0";
import { TlsBridge } from "../../_wire/tls_bridge.ts";
import { createAuthority } from "./certificates.ts";
import { type ScriptedConn, scriptedServer } from "./scripted_server.ts";

const encoder = new TextEncoder();
const decoder = new TextDecoder();

/** What a client reads, read by read, until the end. */
async function reads(conn: Deno.Conn): Promise<string[]> {
  const chunks: string[] = [];
  const buffer = new Uint8Array(1024);
  while (true) {
    const count = await conn.read(buffer);
    if (count === null) return chunks;
    chunks.push(decoder.decode(buffer.subarray(0, count)));
  }
}

function connect(server: { hostname: string; port: number }) {
  return Deno.connect({ hostname: server.hostname, port: server.port });
}

Deno.test("scriptedServer() follows a dialogue of lines", async () => {
  await using server = await scriptedServer(async (conn) => {
    await conn.write("220 ready\r\n");
    assertEquals(await conn.expect("USER joe"), "USER joe");
    await conn.expect(/^PASS /);
    assertEquals(await conn.readLine(), "bare LF");
    assertEquals(await conn.readBytes(3), Uint8Array.of(1, 2, 3));
    assertEquals(await conn.readLine(), "no line end");
    assertEquals(await conn.readLine(), undefined);
    await conn.write(Uint8Array.of(0x62, 0x79, 0x65));
  });
  using conn = await connect(server);
  await conn.write(
    encoder.encode("USER joe\r\nPASS x\r\nbare LF\n\x01\x02\x03"),
  );
  await conn.write(encoder.encode("no line end"));
  await conn.closeWrite();
  assertEquals((await reads(conn)).join(""), "220 ready\r\nbye");
  assertEquals(server.connections, 1);
});

for (
  const [at, expected] of [
    ["every byte", ["a", "b", "\r", "\n"]],
    [3, ["ab\r", "\n"]],
    [-1, ["ab\r", "\n"]],
    [[1, 2], ["a", "b", "\r\n"]],
    [undefined, ["ab", "\r\n"]],
  ] as const
) {
  Deno.test(`writeSplit() at ${at} arrives in pieces`, async () => {
    await using server = await scriptedServer(async (conn) => {
      await conn.writeSplit("ab\r\n", at === undefined ? {} : { at });
    });
    using conn = await connect(server);
    assertEquals(await reads(conn), [...expected]);
  });
}

Deno.test("scriptedServer() throws what a script throws when disposed", async () => {
  const server = await scriptedServer(async (conn) => {
    await conn.expect("QUIT");
  });
  using conn = await connect(server);
  await conn.write(encoder.encode("NOOP\r\n"));
  assertEquals(await reads(conn), []);
  await assertRejects(
    () => server[Symbol.asyncDispose](),
    Error,
    'wanted "QUIT", got "NOOP"',
  );
});

Deno.test("scriptedServer() does not mind clients that go away", async () => {
  await using server = await scriptedServer(async (conn) => {
    while (true) await conn.write(new Uint8Array(65_536));
  });
  using conn = await connect(server);
  await conn.read(new Uint8Array(1));
});

Deno.test("hang() ends when the server is disposed", async () => {
  let hung = false;
  const { promise: started, resolve } = Promise.withResolvers<void>();
  {
    await using server = await scriptedServer(async (conn) => {
      resolve();
      await conn.hang();
      hung = true;
    });
    using _conn = await connect(server);
    await started;
    assertEquals(hung, false);
  }
  assertEquals(hung, true);
});

Deno.test("dispose interrupts a script that waits for input", async () => {
  await using server = await scriptedServer(async (conn) => {
    await conn.write("220\r\n");
    await conn.readLine();
  });
  using conn = await connect(server);
  await conn.read(new Uint8Array(5));
});

Deno.test("close() cuts off, closeWrite() may come before the end", async () => {
  const scripts: ((conn: ScriptedConn) => Promise<void>)[] = [
    async (conn) => {
      await conn.write("one");
      conn.close();
    },
    async (conn) => {
      await conn.write("one");
      await conn.closeWrite();
      await conn.closeWrite();
      assertEquals(decoder.decode(await conn.readToEnd()), "two");
    },
  ];
  for (const script of scripts) {
    await using server = await scriptedServer(script);
    using conn = await connect(server);
    assertEquals(await reads(conn), ["one"]);
    await conn.write(encoder.encode("two")).catch(() => {});
  }
});

Deno.test("upgradeTls() goes on over TLS", async () => {
  const authority = await createAuthority();
  await using bridge = new TlsBridge(await authority.issue());
  await using server = await scriptedServer(async (conn) => {
    await conn.expect("STARTTLS");
    await conn.write("220 go\r\n");
    await conn.upgradeTls(bridge);
    await conn.expect("NOOP");
    await conn.write("250 ok\r\n");
  });
  const plain = await connect(server);
  await plain.write(encoder.encode("STARTTLS\r\n"));
  await plain.read(new Uint8Array(64));
  using conn = await Deno.startTls(plain, {
    hostname: "localhost",
    caCerts: [authority.caPem],
  });
  await conn.write(encoder.encode("NOOP\r\n"));
  assertEquals(await reads(conn), ["250 ok\r\n"]);
});

Deno.test("upgradeTls() fails on plaintext sent too early", async () => {
  const authority = await createAuthority();
  await using bridge = new TlsBridge(await authority.issue());
  let failure: unknown;
  await using server = await scriptedServer(async (conn) => {
    await conn.expect("STARTTLS");
    await conn.upgradeTls(bridge).catch((error) => failure = error);
  });
  using conn = await connect(server);
  await conn.write(encoder.encode("STARTTLS\r\nNOOP\r\n"));
  await reads(conn).catch(() => {});
  assert(failure instanceof Deno.errors.InvalidData);
});
