import {
  assertEquals,
  assertMatch,
  assertRejects,
} from "jsr:@std/assert@^1.0.0";
import { once } from "node:events";
import { connect as connectNodeTls } from "node:tls";
import { createAuthority } from "./certificates.ts";

async function echoOnce(listener: Deno.TlsListener): Promise<void> {
  using conn = await listener.accept();
  const buffer = new Uint8Array(16);
  const count = await conn.read(buffer);
  await conn.write(buffer.subarray(0, count ?? 0));
}

for (const hostname of ["localhost", "127.0.0.1"]) {
  Deno.test(`createAuthority() issues what Deno accepts for ${hostname}`, async () => {
    const authority = await createAuthority();
    using listener = Deno.listenTls({
      hostname: "127.0.0.1",
      port: 0,
      ...await authority.issue(),
    });
    const served = echoOnce(listener);
    using conn = await Deno.connectTls({
      hostname,
      port: listener.addr.port,
      caCerts: [authority.caPem],
    });
    await conn.write(new TextEncoder().encode("hello"));
    const buffer = new Uint8Array(16);
    assertEquals(await conn.read(buffer), 5);
    await served;
  });
}

Deno.test("createAuthority() issues what node:tls accepts", async () => {
  const authority = await createAuthority();
  using listener = Deno.listenTls({
    hostname: "127.0.0.1",
    port: 0,
    ...await authority.issue(),
  });
  const served = echoOnce(listener);
  const socket = connectNodeTls({
    host: "127.0.0.1",
    port: listener.addr.port,
    servername: "localhost",
    ca: authority.caPem,
  });
  await once(socket, "secureConnect");
  assertEquals(socket.authorized, true);
  socket.write("hello");
  const [data] = await once(socket, "data");
  assertEquals(String(data), "hello");
  const closed = once(socket, "close");
  socket.destroy();
  await closed;
  await served;
});

for (
  const [what, options] of [
    ["another name", { dnsNames: ["example.org"], ipAddresses: [] }],
    ["the past", { notAfter: new Date(Date.now() - 60_000) }],
    ["the future", { notBefore: new Date(Date.now() + 3_600_000) }],
    ["clients only", { client: "joe", dnsNames: ["localhost"] }],
  ] as const
) {
  Deno.test(`createAuthority() issues for ${what}, which is refused`, async () => {
    const authority = await createAuthority();
    using listener = Deno.listenTls({
      hostname: "127.0.0.1",
      port: 0,
      ...await authority.issue(options),
    });
    const served = assertRejects(() => echoOnce(listener));
    using conn = await Deno.connectTls({
      hostname: "localhost",
      port: listener.addr.port,
      caCerts: [authority.caPem],
    });
    await assertRejects(() => conn.handshake(), Deno.errors.InvalidData);
    conn.close();
    await served;
  });
}

Deno.test("createAuthority() issues client certificates that node:tls can show", async () => {
  const authority = await createAuthority();
  const client = await authority.issue({ client: "joe" });
  const { X509Certificate } = await import("node:crypto");
  const parsed = new X509Certificate(client.cert);
  const root = new X509Certificate(authority.caPem);
  assertEquals(parsed.subject, "CN=joe");
  assertEquals(parsed.verify(root.publicKey), true);
  assertEquals(parsed.checkIssued(root), true);
  assertEquals(root.ca, true);
});

Deno.test("createAuthority() writes every form of an IPv6 address", async () => {
  const { X509Certificate } = await import("node:crypto");
  const authority = await createAuthority();
  const { cert } = await authority.issue({
    dnsNames: [],
    ipAddresses: ["::", "fe80::1", "2001:db8::", "1:2:3:4:5:6:7:8"],
  });
  assertEquals(
    new X509Certificate(cert).subjectAltName,
    ["::", "fe80::1", "2001:db8::", "1:2:3:4:5:6:7:8"]
      .map((address) => `IP Address:${address}`).join(", "),
  );
});

Deno.test("createAuthority() writes dates after 2049", async () => {
  const { X509Certificate } = await import("node:crypto");
  const authority = await createAuthority();
  const { cert } = await authority.issue({
    notAfter: new Date(Date.UTC(2061, 6)),
  });
  assertMatch(new X509Certificate(cert).validTo, /2061/);
});
