import {
  assert,
  assertEquals,
  assertInstanceOf,
  assertRejects,
  assertThrows,
} from "jsr:@std/assert@^1.0.0";
import {
  SmtpError,
  SmtpServer,
  type SmtpServerOptions,
} from "../../../mail/smtpd/mod.ts";
import { createAuthority } from "../../_support/certificates.ts";
import { codes, RawClient, start, talk, within } from "./raw_client.ts";

const certificate = await (await createAuthority()).issue();

const BEGIN = "EHLO me.example\r\nMAIL FROM:<a@b.example>\r\n" +
  "RCPT TO:<c@d.example>\r\n";

Deno.test("SmtpServer binds to what it is told, this machine only by default", async () => {
  const onMessage = () => {};
  await using one = new SmtpServer({ port: 0, onMessage });
  assertEquals(one.address.hostname, "127.0.0.1");
  assert(one.address.port > 0);
  await using other = new SmtpServer({ hostname: "::1", port: 0, onMessage });
  assertEquals(other.address.hostname, "::1");
  assertEquals(codes(await talk(other, "QUIT\r\n")), "220 221");
});

Deno.test("SmtpServer refuses bad options, and leaves nothing open", async () => {
  const { cert, key } = certificate;
  const bad: Partial<Record<keyof SmtpServerOptions, unknown>>[] = [
    { onMessage: undefined },
    { onMessage: "x" },
    { cert },
    { key },
    { implicitTls: true },
    { implicitTls: true, key },
    { name: "" },
    { name: "a b" },
    { name: "a\r\nb" },
    { name: "\u00e4" },
    { name: "x".repeat(256) },
    { maxSize: 0 },
    { maxSize: -1 },
    { maxSize: NaN },
    // RFC 1870 section 4: digits are what EHLO says of it.
    { maxSize: Infinity },
    { maxSize: 1.5 },
    { maxSize: 1e21 },
    { maxRecipients: 0 },
    { maxRecipients: NaN },
    { maxConnections: 0 },
    { maxConnections: NaN },
    { timeout: -1 },
    { timeout: NaN },
  ];
  for (const options of bad) await checkBad(options);
});

Deno.test("SmtpServer refuses a port that is none, and leaves nothing open", async () => {
  for (const port of [-1, 65_536, 1.5, NaN, "25", undefined]) {
    await checkBad({ port });
  }
});

async function checkBad(
  options: Partial<Record<keyof SmtpServerOptions, unknown>>,
): Promise<void> {
  const onMessage = () => {};
  const what = Object.entries(options)
    .map(([name, value]) => `${name}: ${value}`).join(", ");
  let server: SmtpServer | undefined;
  try {
    server = new SmtpServer(
      { port: 0, onMessage, ...options } as SmtpServerOptions,
    );
  } catch (error) {
    assertInstanceOf(error, TypeError, what);
  }
  await server?.shutdown();
  assertEquals(server, undefined, what);
}

Deno.test("SmtpServer refuses certificates that are none, and leaves nothing open", () => {
  const onMessage = () => {};
  const { cert, key } = certificate;
  for (
    const options of [
      { cert: "x", key },
      { cert, key: "x" },
      { cert: "", key: "" },
      { cert, key: "", implicitTls: true },
    ]
  ) {
    assertThrows(
      () => new SmtpServer({ port: 0, onMessage, ...options }),
      Error,
    );
  }
});

Deno.test("SmtpServer refuses a port that is taken, and leaves nothing open", () => {
  using taken = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const { port } = taken.addr;
  const onMessage = () => {};
  for (
    const options of [{}, certificate, { ...certificate, implicitTls: true }]
  ) {
    assertThrows(
      () => new SmtpServer({ port, onMessage, ...options }),
      Deno.errors.AddrInUse,
    );
  }
});

Deno.test("shutdown() frees the port, and serveForever() resolves with it", async () => {
  const one = start();
  const { port } = one.server.address;
  let over = false;
  const forever = one.server.serveForever().then(() => over = true);
  assertEquals(codes(await talk(one.server, "QUIT\r\n")), "220 221");
  assertEquals(over, false);
  await one.server.shutdown();
  await forever;
  await one.server.serveForever();
  await assertRejects(
    () => talk(one.server, ""),
    Deno.errors.ConnectionRefused,
  );
  await using again = start({ port });
  assertEquals(codes(await talk(again.server, "QUIT\r\n")), "220 221");
});

Deno.test("serveForever() waits for the last connection", async () => {
  const { promise: gate, resolve: open } = Promise.withResolvers<void>();
  const { promise: begun, resolve: begin } = Promise.withResolvers<void>();
  const one = start({
    onMail() {
      begin();
      return gate;
    },
  });
  using idle = await RawClient.greeted(one.server);
  using client = await RawClient.greeted(one.server);
  let over = false;
  const forever = one.server.serveForever().then(() => over = true);
  await client.send("MAIL FROM:<>\r\n");
  await begun;
  const down = one.server.shutdown();
  assertEquals(await idle.codes(), "421");
  idle.close();
  assertEquals(over, false);
  open();
  assertEquals(await client.codes(), "250 421");
  client.close();
  await Promise.all([down, forever]);
});

Deno.test("shutdown() says 421 to whoever is between two commands", async () => {
  const one = start({ authenticate: () => true });
  const greeted = await RawClient.connect(one.server);
  await greeted.expect(220);
  const helo = await RawClient.connect(one.server);
  await helo.expect(220);
  await helo.say("HELO x", 250);
  const ehlo = await RawClient.greeted(one.server);
  const mail = await RawClient.greeted(one.server);
  await mail.say("MAIL FROM:<>", 250);
  const half = await RawClient.greeted(one.server);
  await half.send("MAIL FR");
  const auth = await RawClient.greeted(one.server);
  await auth.say("AUTH PLAIN", 334);
  const chunk = await RawClient.greeted(one.server);
  await chunk.say("MAIL FROM:<>", 250);
  await chunk.say("RCPT TO:<a@b>", 250);
  await chunk.send("BDAT 1\r\nx");
  await chunk.expect(250);
  const all = [greeted, helo, ehlo, mail, half, auth, chunk];
  const down = one.server.shutdown();
  for (const client of all) {
    const { lines } = await client.expect(421);
    // Enhanced codes only for those who said EHLO.
    const enhanced = client !== greeted && client !== helo;
    assertEquals(/^4\.3\.2 /.test(lines[0]!), enhanced);
    assertEquals(await client.reply(), undefined);
    client.close();
  }
  await down;
  // What had not come to its end is no message.
  assertEquals(one.messages, []);
});

Deno.test("shutdown() does nothing that comes behind its 421", async () => {
  const done: string[] = [];
  const one = start({
    onMail: (address) => void done.push(address),
    onMessage: () => void done.push("message"),
  });
  using client = await RawClient.greeted(one.server);
  const down = one.server.shutdown();
  await client.expect(421);
  // The client has not heard of it yet; it would send this again elsewhere.
  await client.send(
    "MAIL FROM:<a@b>\r\nRCPT TO:<a@b>\r\nBDAT 3 LAST\r\nx\r\n",
  ).catch(() => {});
  assertEquals(await client.codes().catch(() => ""), "");
  client.close();
  await down;
  assertEquals(done, []);
});

Deno.test("shutdown() lets a message come to its end, and answers it", async () => {
  const cases: [string, string, string][] = [
    ["DATA\r\nHello\r\n", ".\r\n", "354 250 421"],
    ["DATA\r\nHello\r\n", ".\r\nMAIL FROM:<x@y>\r\nNOOP\r\n", "354 250 421"],
    ["DATA\r\nHello\r\n", ".\r\nQUIT\r\n", "354 250 421"],
    ["BDAT 7 LAST\r\nHello", "\r\n", "250 421"],
  ];
  for (const [half, rest, expected] of cases) {
    const { promise: begun, resolve: begin } = Promise.withResolvers<void>();
    let text = "";
    const one = start({
      onMail: (address) => assertEquals(address, "a@b.example"),
      async onMessage(_, body) {
        begin();
        text = await new Response(body).text();
      },
    });
    using idle = await RawClient.greeted(one.server);
    using client = await RawClient.connect(one.server);
    await client.send(BEGIN + half);
    await begun;
    const down = one.server.shutdown();
    // It has begun by then.
    await idle.expect(421);
    await client.send(rest);
    assertEquals(await client.codes(), `220 250 250 250 ${expected}`);
    idle.close();
    client.close();
    await down;
    assertEquals(text, "Hello\r\n");
  }
});

Deno.test("shutdown() lets a handler refuse what it has begun", async () => {
  const { promise: gate, resolve: open } = Promise.withResolvers<void>();
  const { promise: begun, resolve: begin } = Promise.withResolvers<void>();
  const one = start({
    async onRecipient() {
      begin();
      await gate;
      throw new SmtpError(550, "5.1.1", "No");
    },
  });
  using idle = await RawClient.greeted(one.server);
  using client = await RawClient.connect(one.server);
  await client.send(`${BEGIN}DATA\r\n`);
  await begun;
  const down = one.server.shutdown();
  assertEquals(await idle.codes(), "421");
  idle.close();
  open();
  assertEquals(await client.codes(), "220 250 250 550 421");
  client.close();
  await down;
});

Deno.test("shutdown() can be called twice, and called while it runs", async () => {
  const one = start();
  using client = await RawClient.greeted(one.server);
  const [first, second] = [one.server.shutdown(), one.server.shutdown()];
  await client.expect(421);
  assertEquals(await client.reply(), undefined);
  client.close();
  await Promise.all([first, second]);
  await one.server.shutdown();
  await one.server[Symbol.asyncDispose]();
  await one.server[Symbol.asyncDispose]();
});

Deno.test("shutdown() can be called by a handler that does not wait for it", async () => {
  const one = start({ onMail: () => void one.server.shutdown() });
  using client = await RawClient.connect(one.server);
  await client.send(`${BEGIN}NOOP\r\n`);
  assertEquals((await client.codes()).slice(0, 11), "220 250 250");
  client.close();
  await one.server.shutdown();
});

Deno.test("shutdown() forgets nobody, whenever it comes", async () => {
  // A client that has just been accepted, or is just being greeted.
  for (let turns = 0; turns < 40; turns++) {
    const one = start();
    const clients = await Promise.all(
      Array.from({ length: 3 }, () => RawClient.connect(one.server)),
    );
    for (let turn = 0; turn < turns % 8; turn++) {
      await new Promise((resolve) => setTimeout(resolve, 0));
    }
    const down = one.server.shutdown();
    for (const client of clients) {
      // In whatever words; some were not even accepted.
      const said = await within(5_000, client.rest().catch(() => "reset"));
      client.close();
      assert(said !== "late", `after ${turns % 8} turns`);
    }
    await down;
  }
});

Deno.test("shutdown() forgets nobody who is just being answered", async () => {
  for (let turns = 0; turns < 40; turns++) {
    const one = start();
    using client = await RawClient.greeted(one.server);
    await client.send("NOOP\r\n");
    for (let turn = 0; turn < turns % 8; turn++) {
      await new Promise((resolve) => setTimeout(resolve, 0));
    }
    const down = one.server.shutdown();
    const said = await within(5_000, client.codes());
    assert(said === "250 421" || said === "421", said);
    client.close();
    await down;
  }
});

Deno.test("shutdown() waits a moment, and no longer, for clients to hang up", async () => {
  const one = start();
  using client = await RawClient.greeted(one.server);
  const down = one.server.shutdown();
  await client.expect(421);
  // It does not.
  assertEquals(await within(4_000, down), undefined);
});

Deno.test("asyncDispose closes everything", async () => {
  const clients: RawClient[] = [];
  {
    await using one = start();
    for (let at = 0; at < 5; at++) {
      clients.push(await RawClient.greeted(one.server));
      // The last one only is left open.
      if (at < 4) clients[at]!.close();
    }
  }
  await clients[4]!.expect(421);
  assertEquals(await clients[4]!.reply(), undefined);
  clients[4]!.close();
});

Deno.test("asyncDispose cuts off what lasts longer than 5 s, and waits for no handler", async () => {
  const { promise: ended, resolve: end } = Promise.withResolvers<string>();
  const { promise: begun, resolve: begin } = Promise.withResolvers<void>();
  const { promise: stuck, resolve: stick } = Promise.withResolvers<void>();
  const { promise: gate, resolve: open } = Promise.withResolvers<void>();
  const one = start({
    timeout: 0,
    onRecipient(address) {
      if (address !== "stuck@b") return;
      stick();
      return gate;
    },
    async onMessage(_, body) {
      begin();
      await new Response(body).text().then(
        () => end("whole"),
        (error) => end(String(error)),
      );
    },
  });
  using hangs = await RawClient.connect(one.server);
  await hangs.send(`${BEGIN}DATA\r\nhalf\r\n`);
  using waits = await RawClient.greeted(one.server);
  await waits.send("MAIL FROM:<>\r\nRCPT TO:<stuck@b>\r\n");
  await Promise.all([begun, stuck]);
  assertEquals(
    await within(15_000, one.server[Symbol.asyncDispose]()),
    undefined,
  );
  assert(await ended !== "whole");
  await hangs.rest().catch(() => "");
  await waits.rest().catch(() => "");
  open();
  await one.server.shutdown();
});

Deno.test("SmtpServer goes on when clients are gone before it has looked", async () => {
  await using one = start();
  for (let at = 0; at < 50; at++) {
    using client = await RawClient.connect(one.server);
    await client.send("EHLO x\r\n");
  }
  assertEquals(codes(await talk(one.server, "QUIT\r\n")), "220 221");
});

Deno.test("SmtpServer goes on whatever its clients send", async () => {
  await using one = start({ onError: () => {} });
  const junk = [
    new Uint8Array(100_000),
    new Uint8Array(100_000).fill(0xff),
    new Uint8Array(100_000).fill(0x0d),
    new Uint8Array(100_000).fill(0x0a),
    "GET / HTTP/1.1\r\nHost: x\r\n\r\n",
    "\x16\x03\x01\x02\0\x01\0\x01\xfc\x03\x03",
    "\r\n".repeat(1_000),
    `${BEGIN}DATA\r\n` + "\0".repeat(100_000),
    `${BEGIN}BDAT 0\r\n`.repeat(1_000),
    "EHLO x\r\n".repeat(10_000),
  ];
  for (const data of junk) {
    using client = await RawClient.connect(one.server);
    const said = client.rest().catch(() => "");
    await client.send(data).catch(() => {});
    await client.conn.closeWrite().catch(() => {});
    assert((await said).startsWith("220 ") || await said === "");
  }
  assertEquals(codes(await talk(one.server, "QUIT\r\n")), "220 221");
});
