import {
  assert,
  assertEquals,
  assertRejects,
  assertStringIncludes,
  assertThrows,
} from "jsr:@std/assert@^1.0.0";
import {
  type ReceivedEnvelope,
  SmtpError,
  SmtpServer,
  type SmtpServerOptions,
} from "../../../mail/smtpd/mod.ts";
import { createAuthority } from "../../_support/certificates.ts";
import { randomSlices, seededRandom } from "../../_support/random_slices.ts";

interface Got {
  envelope: ReceivedEnvelope;
  text: string;
}

/** A server that keeps what it receives. */
function start(
  options: Partial<SmtpServerOptions> = {},
): { server: SmtpServer; got: Got[] } & AsyncDisposable {
  const got: Got[] = [];
  const server = new SmtpServer({
    port: 0,
    async onMessage(envelope, body) {
      got.push({ envelope, text: await new Response(body).text() });
    },
    ...options,
  });
  return {
    server,
    got,
    [Symbol.asyncDispose]: () => server[Symbol.asyncDispose](),
  };
}

/** Sends all of it, ends our side, and gives back all that is said. */
async function talk(
  server: SmtpServer,
  parts: string | Iterable<Uint8Array>,
): Promise<string> {
  const conn = await Deno.connect({
    hostname: "127.0.0.1",
    port: server.address.port,
  });
  conn.setNoDelay(true);
  const said = new Response(conn.readable).text();
  const pieces = typeof parts === "string"
    ? [new TextEncoder().encode(parts)]
    : parts;
  try {
    for (const piece of pieces) await conn.write(piece);
  } catch {
    // The server has hung up.
  }
  return await said;
}

/** The codes of the replies, one for each. */
function codes(said: string): string {
  return said.split("\r\n").filter((line) => /^\d{3} /.test(line))
    .map((line) => line.slice(0, 3)).join(" ");
}

const BEGIN = "EHLO me.example\r\nMAIL FROM:<a@b.example>\r\n" +
  "RCPT TO:<c@d.example>\r\n";

Deno.test("SmtpServer takes a message by DATA and by BDAT, at every split the same", async () => {
  await using one = start();
  const session = BEGIN + "DATA\r\nSubject: x\r\n\r\n..\r\n...a\r\n.\r\n" +
    "MAIL FROM:<>\r\nRCPT TO:<c@d.example>\r\n" +
    "BDAT 6\r\nabc\r\n.BDAT 3 LAST\r\nd\r\nNOOP\r\nQUIT\r\n";
  const expected = "220 250 250 250 354 250 250 250 250 250 250 221";
  const all = new TextEncoder().encode(session);
  for (let seed = 0; seed < 30; seed++) {
    const slices = seed === 0
      ? [all]
      : seed === 1
      ? Array.from(all, (byte) => Uint8Array.of(byte))
      : randomSlices(all, seededRandom(seed));
    assertEquals(codes(await talk(one.server, slices)), expected);
    assertEquals(one.got.splice(0).map(({ text }) => text), [
      "Subject: x\r\n\r\n.\r\n..a\r\n",
      "abc\r\n.d\r\n",
    ]);
  }
});

Deno.test("SmtpServer ends a message at CRLF.CRLF only, and refuses bare CR and LF", async () => {
  await using one = start();
  const evil = "MAIL FROM:<eve@x.example>\r\nRCPT TO:<c@d.example>\r\n";
  for (
    const end of [
      "\n.\n",
      "\n.\r\n",
      "\r\n.\n",
      "\r.\r",
      "\r\n.\r",
      "\r.\r\n",
      "\n.\r",
      "\r\r\n.\r\r\n",
    ]
  ) {
    const said = await talk(
      one.server,
      `${BEGIN}DATA\r\nSubject: x\r\n\r\nHello${end}${evil}\r\n.\r\nNOOP\r\nQUIT\r\n`,
    );
    assertStringIncludes(said, "550 5.6.11", JSON.stringify(end));
    assertEquals(codes(said), "220 250 250 250 354 550 250 221");
    assertEquals(one.got, []);
  }
  for (const chunk of ["a\nb", "a\rb", "a\r"]) {
    const said = await talk(
      one.server,
      `${BEGIN}BDAT ${chunk.length} LAST\r\n${chunk}NOOP\r\nQUIT\r\n`,
    );
    assertEquals(codes(said), "220 250 250 250 550 250 221");
  }
  assertEquals(one.got, []);
});

Deno.test("SmtpServer hangs up on a command line with a bare CR or LF, or too long a one", async () => {
  await using one = start();
  for (
    const line of ["NOOP\n", "NOOP\rQUIT\r\n", "NOOP " + "x".repeat(20_000)]
  ) {
    const said = await talk(one.server, `EHLO x\r\n${line}RSET\r\nQUIT\r\n`);
    assertEquals(codes(said), "220 250 500", said);
  }
});

Deno.test("SmtpServer keeps the order of commands", async () => {
  await using one = start();
  const said = await talk(
    one.server,
    "MAIL FROM:<a@b>\r\nRCPT TO:<a@b>\r\nDATA\r\nBDAT 3 LAST\r\nabcEHLO x\r\n" +
      "RCPT TO:<a@b>\r\nDATA\r\nMAIL FROM:<a@b>\r\nMAIL FROM:<a@b>\r\nDATA\r\n" +
      "BDAT 2\r\nabRSET\r\nRCPT TO:<a@b>\r\nWHAT\r\nEHLO\r\nDATA x\r\nVRFY a\r\n" +
      "EXPN a\r\nHELP\r\nQUIT\r\n",
  );
  assertEquals(
    codes(said),
    "220 503 503 503 503 250 503 503 250 503 554 554 250 503 500 501 501 252 " +
      "252 214 221",
  );
});

Deno.test("SmtpServer reads addresses and parameters, and refuses others", async () => {
  await using one = start();
  const cases: [string, string][] = [
    ["MAIL FROM:<>", "250"],
    ["MAIL FROM:<a@b.example>", "250"],
    ["mail from: <a@b.example> size=10 body=8bitmime", "250"],
    ["MAIL FROM:<@x,@y:a@b.example>", "250"],
    ['MAIL FROM:<"a b\\"c"@b.example>', "250"],
    ["MAIL FROM:<a@[127.0.0.1]>", "250"],
    ["MAIL FROM:<a@[IPv6:::1]>", "250"],
    ["MAIL FROM:<ä@b.example> SMTPUTF8", "250"],
    ["MAIL FROM:<a@b> RET=HDRS ENVID=a+20b AUTH=<>", "250"],
    ["MAIL FROM:<ä@b.example>", "553"],
    ["MAIL FROM:<a..b@c>", "553"],
    ["MAIL FROM:<.a@c>", "553"],
    ["MAIL FROM:<a@b..c>", "553"],
    ["MAIL FROM:a@b", "501"],
    ["MAIL FROM:<a@b", "501"],
    ["MAIL FROM:<a b@c>", "501"],
    ["MAIL FROM:<a@b><c@d>", "501"],
    ["MAIL FROM", "501"],
    ["MAIL FROM:<a@b> SIZE=x", "501"],
    ["MAIL FROM:<a@b> SIZE=1 SIZE=2", "501"],
    ["MAIL FROM:<a@b> BODY=9BIT", "501"],
    ["MAIL FROM:<a@b> ENVID=+G", "501"],
    ["MAIL FROM:<a@b> FOO=1", "555"],
    ["MAIL FROM:<a@b> SIZE=99999999999", "552"],
  ];
  for (const [command, code] of cases) {
    const said = await talk(one.server, `EHLO x\r\n${command}\r\nQUIT\r\n`);
    assertEquals(codes(said), `220 250 ${code} 221`, command);
  }
  const recipients: [string, string][] = [
    ["RCPT TO:<Postmaster>", "250"],
    ["RCPT TO:<a@b> NOTIFY=SUCCESS,DELAY ORCPT=rfc822;a+2Bb@c", "250"],
    ["RCPT TO:<a@b> NOTIFY=NEVER", "250"],
    ["RCPT TO:<a>", "553"],
    ["RCPT TO:<>", "553"],
    ["RCPT TO:<a@b> NOTIFY=NEVER,DELAY", "501"],
    ["RCPT TO:<a@b> ORCPT=x", "501"],
    ["RCPT TO:<a@b> SIZE=1", "555"],
  ];
  for (const [command, code] of recipients) {
    const said = await talk(
      one.server,
      `EHLO x\r\nMAIL FROM:<>\r\n${command}\r\nQUIT\r\n`,
    );
    assertEquals(codes(said), `220 250 250 ${code} 221`, command);
  }
});

Deno.test("SmtpServer refuses what its handlers refuse, and says no more than that", async () => {
  const errors: unknown[] = [];
  await using one = start({
    onMail(address) {
      if (address === "a@bad") {
        throw new SmtpError(550, "5.7.1", "no\r\n250 yes");
      }
    },
    onRecipient(address) {
      if (address === "a@bug") throw new Error("secret reason");
    },
    onMessage() {
      throw new SmtpError(451, "4.2.0", "late\x1b");
    },
    onError: (error) => errors.push(error),
  });
  const said = await talk(
    one.server,
    "EHLO x\r\nMAIL FROM:<a@bad>\r\nMAIL FROM:<a@b>\r\nRCPT TO:<a@bug>\r\n" +
      "RCPT TO:<a@b>\r\nDATA\r\nx\r\n.\r\nQUIT\r\n",
  );
  assertEquals(codes(said), "220 250 550 250 451 250 354 451 221");
  assertStringIncludes(said, "550-5.7.1 no\r\n550 5.7.1 250 yes\r\n");
  assertStringIncludes(said, "451 4.2.0 late \r\n");
  assert(!said.includes("secret reason"));
  assertEquals(errors.map((error) => (error as Error).message), [
    "secret reason",
  ]);
});

Deno.test("SmtpServer's body waits for its reader, and is drained where nobody reads", async () => {
  const { promise: gate, resolve: open } = Promise.withResolvers<void>();
  await using one = start({
    async onMessage({ from }, body) {
      if (from === "wait@x") await gate;
      if (from === "cancel@x") await body.cancel();
      if (from === "half@x") await body.getReader().read();
    },
  });
  const message = "x".repeat(70) + "\r\n";
  for (const from of ["wait@x", "cancel@x", "half@x", "none@x"]) {
    const talking = talk(
      one.server,
      `EHLO x\r\nMAIL FROM:<${from}>\r\nRCPT TO:<a@b>\r\nDATA\r\n` +
        message.repeat(20_000) + ".\r\nQUIT\r\n",
    );
    open();
    assertEquals(codes(await talking), "220 250 250 250 354 250 221", from);
  }
});

Deno.test("SmtpServer never lets half a message pass for a whole one", async () => {
  const ends: string[] = [];
  const { promise: done, resolve } = Promise.withResolvers<void>();
  await using one = start({
    async onMessage({ from }, body) {
      await new Response(body).text().then(
        () => ends.push(`${from} whole`),
        (error) => ends.push(`${from} ${(error as Error).name}`),
      );
      if (ends.length === 4) resolve();
    },
    maxSize: 1_000,
  });
  const begin = (from: string) =>
    `EHLO x\r\nMAIL FROM:<${from}>\r\nRCPT TO:<a@b>\r\n`;
  // It hangs up in the middle, gives up, or sends too much.
  for (
    const rest of [
      `${begin("1@x")}DATA\r\nhalf\r\n`,
      `${begin("2@x")}BDAT 100 LAST\r\nhalf`,
      `${begin("3@x")}BDAT 4\r\nhalfRSET\r\nQUIT\r\n`,
      `${begin("4@x")}DATA\r\n${"x\r\n".repeat(1_000)}.\r\nQUIT\r\n`,
    ]
  ) {
    const conn = await Deno.connect({
      hostname: "127.0.0.1",
      port: one.server.address.port,
    });
    await conn.write(new TextEncoder().encode(rest));
    await conn.closeWrite();
    await new Response(conn.readable).text();
  }
  await done;
  assertEquals(ends, [
    "1@x ProtocolError",
    "2@x ProtocolError",
    "3@x ProtocolError",
    "4@x SmtpError",
  ]);
});

Deno.test("SmtpServer keeps to its limits: size, recipients, connections, errors", async () => {
  await using one = start({ maxSize: 10, maxRecipients: 2 });
  const exact = await talk(
    one.server,
    `${BEGIN}DATA\r\n12345678\r\n.\r\nQUIT\r\n`,
  );
  assertEquals(codes(exact), "220 250 250 250 354 250 221");
  const over = await talk(
    one.server,
    `${BEGIN}RCPT TO:<a@b>\r\nRCPT TO:<c@d>\r\nDATA\r\n123456789\r\n.\r\n` +
      `MAIL FROM:<> SIZE=11\r\nQUIT\r\n`,
  );
  assertEquals(codes(over), "220 250 250 250 250 452 354 552 552 221");
  const errors = await talk(one.server, "EHLO x\r\n" + "WHAT\r\n".repeat(30));
  assertEquals(codes(errors), `220 250 ${"500 ".repeat(20)}421`);
  await using single = start({ maxConnections: 1 });
  const first = await Deno.connect({
    hostname: "127.0.0.1",
    port: single.server.address.port,
  });
  await first.read(new Uint8Array(100));
  assertStringIncludes(await talk(single.server, ""), "421 4.7.0 Too many");
  first.close();
  const huge = await talk(one.server, `${BEGIN}BDAT 999999 LAST\r\nx`);
  assertEquals(codes(huge), "220 250 250 250 552");
});

Deno.test("SmtpServer says goodbye to a client that is silent for too long", async () => {
  await using one = start({ timeout: 50 });
  const conn = await Deno.connect({
    hostname: "127.0.0.1",
    port: one.server.address.port,
  });
  const said = await new Response(conn.readable).text();
  assertEquals(codes(said), "220 421");
  assertStringIncludes(said, "421 Waited too long");
});

Deno.test("SmtpServer.shutdown() ends idle connections and completes messages", async () => {
  const { promise: begun, resolve: begin } = Promise.withResolvers<void>();
  const { promise: gate, resolve: open } = Promise.withResolvers<void>();
  let text = "";
  const one = start({
    async onMessage(_, body) {
      begin();
      await gate;
      text = await new Response(body).text();
    },
  });
  const { port } = one.server.address;
  const idle = await Deno.connect({ hostname: "127.0.0.1", port });
  const idleSaid = new Response(idle.readable).text();
  const busy = talk(one.server, `${BEGIN}DATA\r\nHello\r\n.\r\nNOOP\r\n`);
  await begun;
  const forever = one.server.serveForever();
  const down = one.server.shutdown();
  assertEquals(codes(await idleSaid), "220 421");
  await assertRejects(() => Deno.connect({ hostname: "127.0.0.1", port }));
  open();
  assertEquals(codes(await busy), "220 250 250 250 354 250 421");
  assertEquals(text, "Hello\r\n");
  await Promise.all([down, forever, one.server.shutdown()]);
});

Deno.test("SmtpServer forgets everything with STARTTLS, and refuses what was sent behind it", async () => {
  const authority = await createAuthority();
  await using one = start({
    ...await authority.issue(),
    authenticate: () => true,
  });
  const { port } = one.server.address;
  const early = await talk(one.server, "EHLO x\r\nSTARTTLS\r\nEHLO y\r\n");
  assertEquals(codes(early), "220 250 503");
  const plain = await Deno.connect({ hostname: "127.0.0.1", port });
  const buffer = new Uint8Array(10_000);
  const read = async (conn: Deno.Conn) =>
    new TextDecoder().decode(buffer.subarray(0, (await conn.read(buffer))!));
  const write = (conn: Deno.Conn, text: string) =>
    conn.write(new TextEncoder().encode(text));
  await read(plain);
  await write(plain, "EHLO x\r\n");
  assertStringIncludes(await read(plain), "STARTTLS");
  await write(plain, "STARTTLS\r\n");
  assertStringIncludes(await read(plain), "220 2.0.0");
  const tls = await Deno.startTls(plain, {
    hostname: "localhost",
    caCerts: [authority.caPem],
  });
  await write(tls, "MAIL FROM:<a@b>\r\n");
  assertStringIncludes(await read(tls), "503");
  await write(tls, "EHLO x\r\n");
  assert(!(await read(tls)).includes("STARTTLS"));
  await write(tls, "STARTTLS\r\n");
  assertStringIncludes(await read(tls), "503");
  await write(tls, "QUIT\r\n");
  assertStringIncludes(await read(tls), "221");
  tls.close();
});

Deno.test("SmtpServer refuses AUTH that is wrong, in every way", async () => {
  await using one = start({
    authenticate: (user, password) => {
      if (user === "bug") throw new Error("the database is away");
      return user === "ada" && password === "secret";
    },
    onError: () => {},
  });
  const plain = (text: string) => btoa(text);
  const said = await talk(
    one.server,
    "AUTH PLAIN\r\nEHLO x\r\nAUTH\r\nAUTH FOO\r\nAUTH PLAIN %\r\n" +
      `AUTH PLAIN ${plain("\0ada\0no")}\r\nAUTH PLAIN\r\n*\r\n` +
      `AUTH PLAIN ${plain("\0bug\0x")}\r\n` +
      `AUTH PLAIN ${plain("\0ada\0secret")}\r\nAUTH LOGIN\r\nQUIT\r\n`,
  );
  assertEquals(
    codes(said),
    "220 503 250 501 504 501 535 334 501 454 235 503 221",
  );
});

Deno.test("SmtpServer refuses options that are wrong", () => {
  const onMessage = () => {};
  for (
    const options of [
      { port: 0, onMessage, cert: "x" },
      { port: 0, onMessage, implicitTls: true },
      { port: 0, onMessage, maxSize: 0 },
      { port: 0, onMessage, name: "a b" },
      { port: 0 } as unknown as SmtpServerOptions,
    ]
  ) {
    assertThrows(() => new SmtpServer(options), TypeError);
  }
  using taken = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  assertThrows(
    () => new SmtpServer({ port: taken.addr.port, onMessage }),
    Deno.errors.AddrInUse,
  );
});
