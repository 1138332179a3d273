import {
  assert,
  assertEquals,
  assertRejects,
  assertStringIncludes,
} from "jsr:@std/assert@^1.0.0";
import type {
  SmtpServer,
  SmtpServerOptions,
  SmtpSession,
} from "../../../mail/smtpd/mod.ts";
import { createAuthority } from "../../_support/certificates.ts";
import {
  codes,
  RawClient,
  start,
  type Started,
  talk,
  within,
} from "./raw_client.ts";

const authority = await createAuthority();
const certificate = await authority.issue();
const { caPem } = authority;

const BEGIN = "EHLO me.example\r\nMAIL FROM:<a@b.example>\r\n" +
  "RCPT TO:<c@d.example>\r\n";
const PLAIN = btoa("\0ada\0secret");

/** A server with a certificate. */
function secured(options: Partial<SmtpServerOptions> = {}): Started {
  return start({ ...certificate, ...options });
}

/** A connection under TLS from its first byte on. */
async function implicit({ address }: SmtpServer): Promise<RawClient> {
  return new RawClient(
    await Deno.connectTls({
      hostname: "localhost",
      port: address.port,
      caCerts: [caPem],
    }),
  );
}

Deno.test("STARTTLS protects what follows", async () => {
  const sessions: SmtpSession[] = [];
  await using one = secured({
    onMail: (_, session) => void sessions.push(session),
  });
  using client = await RawClient.greeted(one.server);
  await client.say("MAIL FROM:<>", 250);
  await client.say("RSET", 250);
  await client.startTls(caPem);
  await client.say("EHLO under.tls", 250);
  await client.say("MAIL FROM:<>", 250);
  await client.say("RCPT TO:<a@b>", 250);
  await client.say("DATA", 354);
  const long = "x".repeat(70) + "\r\n";
  await client.say(`${long.repeat(10_000)}.`, 250);
  await client.say("QUIT", 221);
  assertEquals(await client.reply(), undefined);
  assertEquals(one.messages[0]!.text, long.repeat(10_000));
  const [before, after] = sessions;
  assertEquals(
    [before!.secure, before!.clientName, after!.secure, after!.clientName],
    [false, "me.example", true, "under.tls"],
  );
  // Whatever TLS is done by, it is the client that is named.
  const { port } = client.conn.localAddr as Deno.NetAddr;
  assertEquals(after!.remoteAddr.port, port);
  assertEquals(after!.localAddr, one.server.address);
  assert(one.messages[0]!.session.secure);
});

Deno.test("STARTTLS makes the server forget what was said (RFC 3207 section 4.2)", async () => {
  const users: unknown[] = [];
  await using one = secured({
    authenticate: () => true,
    onMail: (_, { user }) => void users.push(user),
  });
  using client = await RawClient.greeted(one.server);
  await client.say(`AUTH PLAIN ${PLAIN}`, 235);
  await client.say("MAIL FROM:<a@b> SMTPUTF8", 250);
  await client.say("RCPT TO:<a@b>", 250);
  await client.startTls(caPem);
  // No sender, no EHLO, no enhanced codes, nobody signed in.
  for (const command of ["RCPT TO:<a@b>", "DATA", "MAIL FROM:<>", "AUTH X"]) {
    const { lines } = await client.say(command, 503);
    assert(!/^\d\.\d/.test(lines[0]!), lines[0]);
  }
  const { lines } = await client.say("EHLO x", 250);
  assert(!lines.includes("STARTTLS"));
  assert(lines.includes("AUTH PLAIN LOGIN"));
  await client.say("RCPT TO:<a@b>", 503);
  await client.say("MAIL FROM:<>", 250);
  await client.say("RSET", 250);
  await client.say(`AUTH PLAIN ${PLAIN}`, 235);
  await client.say("MAIL FROM:<>", 250);
  assertEquals(users, ["ada", undefined, "ada"]);
});

Deno.test("STARTTLS comes once", async () => {
  await using one = secured();
  using client = await RawClient.greeted(one.server);
  await client.startTls(caPem);
  await client.say("STARTTLS", 503);
  await client.say("EHLO x", 250);
  await client.say("STARTTLS", 503);
  await client.say("NOOP", 250);
});

Deno.test("STARTTLS is there for whoever has not said EHLO, or HELO", async () => {
  for (const hello of ["", "HELO x\r\n"]) {
    await using one = secured();
    using client = await RawClient.connect(one.server);
    await client.expect(220);
    if (hello) await client.say("HELO x", 250);
    await client.startTls(caPem);
    await client.say("EHLO x", 250);
  }
});

Deno.test("STARTTLS refuses an argument, and goes on", async () => {
  await using one = secured();
  using client = await RawClient.greeted(one.server);
  await client.say("STARTTLS now", 501);
  await client.startTls(caPem);
  await client.say("EHLO x", 250);
});

Deno.test("STARTTLS refuses plaintext behind it (CVE-2011-0411), and does nothing of it", async () => {
  const done: string[] = [];
  await using one = secured({
    onMail: (address) => void done.push(address),
  });
  for (
    const behind of [
      "EHLO x\r\n",
      "MAIL FROM:<eve@x>\r\n",
      "\r\n",
      "x",
      "\x16\x03\x01",
    ]
  ) {
    const said = await talk(one.server, `EHLO x\r\nSTARTTLS\r\n${behind}`);
    assertEquals(codes(said), "220 250 503", JSON.stringify(behind));
  }
  // What comes a moment later is no ClientHello.
  using client = await RawClient.greeted(one.server);
  await client.say("STARTTLS", 220);
  await client.send("MAIL FROM:<eve@x>\r\nRCPT TO:<a@b>\r\nQUIT\r\n");
  const rest = await client.rest().catch(() => "");
  assert(!/\d{3} /.test(rest), JSON.stringify(rest));
  assertEquals(done, []);
});

Deno.test("STARTTLS ends with a handshake that fails, and the server goes on", async () => {
  const others = await createAuthority();
  await using one = secured();
  for (let at = 0; at < 3; at++) {
    using client = await RawClient.greeted(one.server);
    await client.say("STARTTLS", 220);
    await assertRejects(() =>
      Deno.startTls(client.conn as Deno.TcpConn, {
        hostname: "localhost",
        caCerts: [others.caPem],
      }).then(async (tls) => {
        client.conn = tls;
        await tls.handshake();
      })
    );
  }
  using client = await RawClient.greeted(one.server);
  await client.startTls(caPem);
  await client.say("EHLO x", 250);
});

Deno.test("STARTTLS ends with a client that hangs up before the handshake", async () => {
  await using one = secured();
  for (const way of ["hang up", "drop", "hang up in its middle"]) {
    using client = await RawClient.greeted(one.server);
    await client.say("STARTTLS", 220);
    if (way === "hang up in its middle") await client.send("\x16\x03\x01\x02");
    if (way === "drop") client.close();
    else {
      await client.conn.closeWrite();
      await client.rest().catch(() => {});
    }
  }
  await one.server.shutdown();
});

Deno.test("timeout ends a handshake that hangs", async () => {
  for (const begun of ["", "\x16\x03\x01\x02\0\x01"]) {
    await using one = secured({ timeout: 100 });
    using client = await RawClient.greeted(one.server);
    await client.say("STARTTLS", 220);
    await client.send(begun);
    // Nobody would understand a 421.
    assertEquals(await client.rest(), "");
  }
});

Deno.test("timeout ends a session under TLS, and says so", async () => {
  await using one = secured({ timeout: 100 });
  using client = await RawClient.greeted(one.server);
  await client.startTls(caPem);
  await client.say("EHLO x", 250);
  const { lines } = await client.expect(421);
  assertStringIncludes(lines[0]!, "4.4.2 ");
  assertEquals(await client.reply(), undefined);
});

Deno.test("shutdown() does not wait for a handshake that hangs", async () => {
  for (const options of [{}, { implicitTls: true }]) {
    await using one = secured({ ...options, timeout: 0 });
    using client = await RawClient.connect(one.server);
    if (!options.implicitTls) {
      await client.expect(220);
      await client.say("STARTTLS", 220);
    } else {
      // Once another one is served, this one has been accepted.
      using other = await implicit(one.server);
      await other.expect(220);
    }
    assertEquals(await within(3_000, one.server.shutdown()), undefined);
  }
});

Deno.test("shutdown() says goodbye under TLS", async () => {
  await using one = secured();
  using idle = await RawClient.greeted(one.server);
  await idle.startTls(caPem);
  await idle.say("EHLO x", 250);
  using plain = await RawClient.greeted(one.server);
  const down = one.server.shutdown();
  await idle.expect(421);
  assertEquals(await idle.reply(), undefined);
  await plain.expect(421);
  idle.close();
  plain.close();
  await down;
});

Deno.test("SmtpServer never shows half a message as a whole one under TLS", async () => {
  for (const options of [{}, { implicitTls: true }]) {
    for (
      const half of [`${BEGIN}DATA\r\nhalf\r\n`, `${BEGIN}BDAT 9 LAST\r\nhalf`]
    ) {
      for (const way of ["close", "cut"]) {
        const { promise: begun, resolve: begin } = Promise.withResolvers<
          void
        >();
        const { promise: ended, resolve: end } = Promise.withResolvers<
          string
        >();
        await using one = secured({
          ...options,
          async onMessage(_, body) {
            begin();
            await new Response(body).text().then(
              () => end("whole"),
              () => end("broken"),
            );
          },
        });
        const tcp = await Deno.connect({
          hostname: "127.0.0.1",
          port: one.server.address.port,
        });
        using client = new RawClient(tcp);
        if (options.implicitTls) {
          client.conn = await Deno.startTls(tcp, {
            hostname: "localhost",
            caCerts: [caPem],
          });
          await client.expect(220);
        } else {
          await client.expect(220);
          await client.startTls(caPem);
        }
        await client.send(half);
        await begun;
        // With its close_notify, or (closed with something unread) without.
        if (way === "close") await client.conn.closeWrite();
        else client.close();
        assertEquals(await ended, "broken");
      }
    }
  }
});

Deno.test("implicitTls speaks TLS from the first byte on", async () => {
  await using one = secured({ implicitTls: true, authenticate: () => true });
  using client = await implicit(one.server);
  await client.expect(220);
  const { lines } = await client.say("EHLO x", 250);
  assert(!lines.includes("STARTTLS"));
  assert(lines.includes("AUTH PLAIN LOGIN"));
  await client.say("STARTTLS", 503);
  await client.say(`AUTH PLAIN ${PLAIN}`, 235);
  await client.say("MAIL FROM:<>", 250);
  await client.say("RCPT TO:<a@b>", 250);
  await client.say("BDAT 4 LAST\r\nx\r", 550);
  await client.say("MAIL FROM:<>", 250);
  await client.say("RCPT TO:<a@b>", 250);
  await client.say("DATA", 354);
  await client.say("x\r\n.", 250);
  await client.say("QUIT", 221);
  assertEquals(await client.reply(), undefined);
  const { session, text } = one.messages[0]!;
  assertEquals([session.secure, session.user, text], [true, "ada", "x\r\n"]);
  const { port } = client.conn.localAddr as Deno.NetAddr;
  assertEquals(session.remoteAddr.port, port);
  assertEquals(session.localAddr, one.server.address);
});

Deno.test("implicitTls says nothing to whoever does not speak TLS, and goes on", async () => {
  await using one = secured({ implicitTls: true });
  const said = await talk(one.server, BEGIN).catch(() => "");
  assert(!/\d{3} /.test(said), JSON.stringify(said));
  {
    using silent = await RawClient.connect(one.server);
    await silent.conn.closeWrite();
    await silent.rest().catch(() => "");
  }
  using client = await implicit(one.server);
  await client.expect(220);
});

Deno.test("timeout ends an implicit handshake that hangs", async () => {
  await using one = secured({ implicitTls: true, timeout: 100 });
  using client = await RawClient.connect(one.server);
  assertEquals(await client.rest(), "");
});

Deno.test("maxConnections turns nobody away in plaintext where TLS is spoken", async () => {
  await using one = secured({ implicitTls: true, maxConnections: 1 });
  using first = await implicit(one.server);
  await first.expect(220);
  using second = await RawClient.connect(one.server);
  const said = await second.rest().catch(() => "");
  assert(!/421/.test(said), said);
  await first.say("NOOP", 250);
});

Deno.test("SmtpServer does many handshakes at once", async () => {
  await using one = secured();
  await Promise.all(
    Array.from({ length: 20 }, async (_, at) => {
      using client = await RawClient.greeted(one.server);
      await client.startTls(caPem);
      await client.say(`EHLO client${at}`, 250);
      await client.say("MAIL FROM:<>", 250);
      await client.say("RCPT TO:<a@b>", 250);
      await client.say("DATA", 354);
      await client.say(`${at}\r\n.`, 250);
      await client.say("QUIT", 221);
    }),
  );
  for (const { session, text } of one.messages) {
    assertEquals(session.clientName, `client${Number(text)}`);
  }
  assertEquals(one.messages.length, 20);
});
