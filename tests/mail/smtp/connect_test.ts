import {
  assert,
  assertEquals,
  assertInstanceOf,
  assertRejects,
} from "jsr:@std/assert@^1.0.0";
import { TlsBridge } from "../../../_wire/tls_bridge.ts";
import {
  ProtocolError,
  SmtpClient,
  type SmtpConnectOptions,
  SmtpError,
  SmtpPool,
} from "../../../mail/smtp/mod.ts";
import { createAuthority } from "../../_support/certificates.ts";
import {
  type ScriptedConn,
  scriptedServer,
} from "../../_support/scripted_server.ts";
import { tempDir } from "../../_support/temp_dir.ts";
import {
  greet,
  HostConn,
  open,
  receive,
  serveHost,
  startHost,
} from "./host_test.ts";

const authority = await createAuthority();
const certificate = await authority.issue();
const TRUSTED: SmtpConnectOptions = {
  tls: "starttls",
  hostname: "localhost",
  tlsOptions: { caCerts: [authority.caPem] },
};

/** Connects by TLS, and closes. */
async function tryTls(
  server: { port: number },
  options: SmtpConnectOptions = TRUSTED,
): Promise<Error> {
  const result = await SmtpClient.connect({
    port: server.port,
    timeout: 10_000,
    ...options,
  }).then((smtp) => smtp.close(), (error) => error);
  assertInstanceOf(result, Error, "it connected");
  return result;
}

// --- the greeting ---------------------------------------------------------

Deno.test("connect() reads a greeting of several lines at any split, and says EHLO then", async () => {
  await using server = await scriptedServer(async (conn) => {
    await conn.writeSplit("220-one\r\n220-\r\n220 three\r\n", {
      at: "every byte",
    });
    await receive(conn, "EHLO [127.0.0.1]\r\n");
    await conn.writeSplit(
      "250-Host greets\r\n250-SIZE 10\r\n250-auth=plain\r\n250 Dsn\r\n",
      { at: "every byte" },
    );
    await receive(conn, "QUIT\r\n");
    await conn.write("221 bye\r\n");
  });
  await using smtp = await open(server);
  assertEquals([...smtp.extensions], [
    ["SIZE", "10"],
    ["AUTH", "plain"],
    ["DSN", ""],
  ]);
  assertEquals(
    [smtp.hostname, smtp.port, smtp.secure],
    ["127.0.0.1", server.port, false],
  );
});

Deno.test("connect() says nothing before the greeting is complete", async () => {
  await using server = await scriptedServer(async (conn) => {
    await conn.write("220-wait\r\n220-for it\r\n220");
    // Were there a word already, it would be read here.
    let early = false;
    const reading = conn.conn.read(new Uint8Array(100)).then((count) => {
      early = true;
      return count;
    });
    for (let n = 0; n < 20; n++) await new Promise((r) => setTimeout(r, 0));
    assertEquals(early, false);
    await conn.write(" now\r\n");
    await reading;
    await conn.write("250 host\r\n");
    await receive(conn, "QUIT\r\n");
    await conn.write("221 bye\r\n");
  });
  await using _smtp = await open(server);
});

Deno.test("connect() rejects what is no greeting", async () => {
  const greetings: [string, typeof SmtpError | typeof ProtocolError, string][] =
    [
      ["554 5.7.1 No service\r\n", SmtpError, "No service"],
      ["421 4.3.2 Later\r\n", SmtpError, "Later"],
      ["354 go\r\n", ProtocolError, ""],
      ["150 wait\r\n", ProtocolError, ""],
      ["hello\r\n", ProtocolError, ""],
      ["\r\n", ProtocolError, ""],
      ["220-one\r\n221 two\r\n", ProtocolError, ""],
      ["220", ProtocolError, "connection"],
      ["", ProtocolError, "closed the connection"],
      ["SSH-2.0-OpenSSH\r\n", ProtocolError, "SSH"],
      ["+OK POP3\r\n", ProtocolError, "POP3"],
      ["* OK IMAP4rev1\r\n", ProtocolError, "IMAP"],
      ["HTTP/1.1 400 Bad\r\n", ProtocolError, "HTTP"],
      ["\x15\x03\x01\x00\x02\x02\x0a", ProtocolError, "TLS"],
    ];
  for (const [greeting, type, said] of greetings) {
    await using server = await scriptedServer(async (conn) => {
      await conn.write(greeting);
    });
    const error = await assertRejects<SmtpError | ProtocolError>(
      () => open(server),
      type,
      said,
    );
    assert(error.message.startsWith("Cannot "), error.message);
    if (error instanceof SmtpError) {
      assertEquals(error.command, undefined);
      assertEquals(error.transient, error.code === 421);
    }
  }
});

Deno.test("connect() refuses bytes behind the greeting that answer what was not asked", async () => {
  // Somebody put words into the server's mouth.
  for (const extra of ["250 host\r\n", "250-host\r\n250 AUTH PLAIN\r\n"]) {
    await using server = await scriptedServer(async (conn) => {
      await conn.write("220 ready\r\n" + extra);
      await conn.readToEnd();
    });
    await assertRejects(() => open(server), ProtocolError);
  }
});

// --- EHLO, HELO, LHLO -----------------------------------------------------

Deno.test("connect() says HELO where EHLO is not known, and uses no extension then", async () => {
  for (const refusal of ["500 what", "502 no", "550 no", "504-a\r\n504 b"]) {
    await using host = await startHost({
      extensions: ["PIPELINING"],
      answer: (command) => command.startsWith("EHLO") ? refusal : undefined,
    });
    await using smtp = await open(host, { name: "client.example" });
    assertEquals(host.commands, ["EHLO client.example", "HELO client.example"]);
    assertEquals(smtp.extensions.size, 0);
  }
});

Deno.test("connect() takes no extensions from the answer to HELO", async () => {
  await using host = await startHost({
    answer: (command) =>
      command.startsWith("EHLO")
        ? "500 what"
        : command.startsWith("HELO")
        ? "250-host\r\n250-STARTTLS\r\n250 PIPELINING"
        : undefined,
  });
  await using smtp = await open(host);
  assertEquals(smtp.extensions.size, 0);
});

Deno.test("connect() says no HELO where EHLO is refused for now, or the server goes", async () => {
  for (const refusal of ["421 bye", "450 busy", "354 go", "hello"]) {
    await using host = await startHost({
      answer: (command) => command.startsWith("EHLO") ? refusal : undefined,
    });
    await assertRejects(() => open(host), Error);
    assertEquals(host.commands.filter((one) => /^HELO/.test(one)), []);
  }
});

Deno.test("connect() rejects where HELO is refused as well", async () => {
  await using host = await startHost({
    answer: (command) => /^(EHLO|HELO)/.test(command) ? "550 no" : undefined,
  });
  await assertRejects(() => open(host), SmtpError, "Cannot HELO");
});

Deno.test("connect() says LHLO to a local agent, and nothing else", async () => {
  for (const answer of [undefined, "500 what"]) {
    await using host = await startHost({
      extensions: ["PIPELINING"],
      answer: (command) => command.startsWith("LHLO") ? answer : undefined,
    });
    const connecting = open(host, { protocol: "lmtp" });
    if (answer) await assertRejects(() => connecting, SmtpError, "500");
    else {
      await using smtp = await connecting;
      assert(smtp.extensions.has("PIPELINING"));
      await smtp.ehlo("again.example");
    }
    assertEquals(
      host.commands.filter((one) => !/^(LHLO|QUIT)/.test(one)),
      [],
    );
  }
});

Deno.test("ehlo() and helo() read the extensions anew", async () => {
  let count = 0;
  await using host = await startHost({
    answer: (command) =>
      command.startsWith("EHLO")
        ? ["250-host\r\n250 SIZE 1", "250-host\r\n250 DSN", "500 no"][count++]
        : undefined,
  });
  await using smtp = await open(host);
  assertEquals([...smtp.extensions.keys()], ["SIZE"]);
  const reply = await smtp.ehlo();
  assertEquals(reply.lines, ["host", "DSN"]);
  assertEquals([...smtp.extensions.keys()], ["DSN"]);
  await assertRejects(() => smtp.ehlo("x.example"), SmtpError, "500");
  await smtp.helo("y.example");
  assertEquals(smtp.extensions.size, 0);
  assertEquals(host.commands.slice(-2), ["EHLO x.example", "HELO y.example"]);
});

Deno.test("connect() says the name it is given, or the address", async () => {
  await using host = await startHost();
  await (await open(host, { name: "[IPv6:::1]" })).quit();
  await (await open(host)).quit();
  assertEquals(
    host.commands.filter((one) => one !== "QUIT"),
    ["EHLO [IPv6:::1]", "EHLO [127.0.0.1]"],
  );
});

Deno.test({
  name: "connect() says its IPv6 address as the RFC has it",
  async fn() {
    let listener: Deno.TcpListener;
    try {
      listener = Deno.listen({ hostname: "::1", port: 0 });
    } catch {
      return; // There is no IPv6 here.
    }
    const commands: string[] = [];
    const serving = (async () => {
      using conn = await listener.accept();
      await serveHost(new HostConn(conn, 1), {}, commands, []);
    })();
    for (const hostname of ["[::1]"]) {
      const smtp = await SmtpClient.connect({
        hostname,
        port: listener.addr.port,
        timeout: 10_000,
      });
      await smtp.quit();
    }
    await serving;
    listener.close();
    assertEquals(commands, ["EHLO [IPv6:::1]", "QUIT"]);
  },
});

// --- options ---------------------------------------------------------------

Deno.test("connect() refuses bad options before connecting", async () => {
  await using host = await startHost();
  const bad: SmtpConnectOptions[] = [
    { hostname: "" },
    { port: 0 },
    { port: -1 },
    { port: 65_536 },
    { port: 2.5 },
    { timeout: -1 },
    { timeout: NaN },
    { tls: "ssl" as "none" },
    { protocol: "SMTP" as "smtp" },
    { path: "/tmp/x", tls: "starttls" },
    { path: "/tmp/x", tls: "implicit" },
    { limits: { replyLines: 0 } },
    { limits: { line: NaN } },
    { tlsOptions: { caCerts: ["no pem"] } },
    { tlsOptions: { key: certificate.key } },
  ];
  for (const options of bad) {
    await assertRejects(
      () => open(host, options),
      TypeError,
      "Cannot",
      JSON.stringify(options),
    );
  }
  await assertRejects(() => SmtpClient.connect({}), TypeError, "hostname");
  assertEquals(host.connections, 0);
});

Deno.test("connect() says where nobody listens", async () => {
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const { port } = listener.addr;
  listener.close();
  await assertRejects(
    () => open({ hostname: "127.0.0.1", port }),
    Deno.errors.ConnectionRefused,
    `port ${port}`,
  );
  await using dir = await tempDir();
  if (Deno.build.os === "windows") return;
  const error = await assertRejects(
    () => SmtpClient.connect({ path: `${dir.path}/none` }),
    Deno.errors.NotFound,
  );
  assert(error.message.includes(`${dir.path}/none`));
});

Deno.test("connect() gives up a server that is silent, at each of its words", async () => {
  const words = ["220 ready\r\n", "250-host\r\n250 STARTTLS\r\n", "220 go\r\n"];
  for (let stop = 0; stop <= words.length; stop++) {
    await using server = await scriptedServer(async (conn) => {
      for (const [turn, word] of words.slice(0, stop).entries()) {
        if (turn > 0) await conn.readLine();
        await conn.write(word);
      }
      await conn.hang();
    });
    const error = await tryTls(server, { ...TRUSTED, timeout: 100 });
    assertInstanceOf(error, DOMException);
    assertEquals(error.name, "TimeoutError", `after ${stop} words`);
  }
});

Deno.test("connect() aborted at any of the server's words rejects with the reason", async () => {
  const words = ["220 ready\r\n", "250-host\r\n250 STARTTLS\r\n", "220 go\r\n"];
  for (let stop = 0; stop <= words.length; stop++) {
    const controller = new AbortController();
    await using server = await scriptedServer(async (conn) => {
      for (const [turn, word] of words.slice(0, stop).entries()) {
        if (turn > 0) await conn.readLine();
        await conn.write(word);
      }
      // The next word, or the handshake, has come.
      if (stop > 0) await conn.readBytes(1);
      controller.abort(new RangeError("stop"));
      await conn.readToEnd();
    });
    const error = await tryTls(server, {
      ...TRUSTED,
      signal: controller.signal,
    });
    assertInstanceOf(error, RangeError, `after ${stop} words`);
  }
  const signal = AbortSignal.abort(new RangeError("no"));
  await using host = await startHost();
  assertInstanceOf(await tryTls(host, { ...TRUSTED, signal }), RangeError);
});

Deno.test("connect() aborted at any moment near its end leaves no open client", async () => {
  for (let turns = -1; turns < 40; turns++) {
    await using host = await startHost();
    const controller = new AbortController();
    const abort = () => controller.abort(new RangeError("stop"));
    const smtp = await open(host, {
      signal: controller.signal,
      onTrace({ direction, line }) {
        if (direction !== "receive" || line !== "250 host") return;
        if (turns < 0) return abort();
        (async () => {
          for (let n = 0; n < turns; n++) await undefined;
          abort();
        })();
      },
    }).catch((error) => {
      assertInstanceOf(error, RangeError, `${turns} microtasks later`);
    });
    if (!smtp) continue;
    // Aborted after all: every later operation rejects with the reason.
    await assertRejects(() => smtp.noop(), RangeError, "stop", `${turns}`);
    smtp.close();
  }
});

Deno.test("the signal of connect() ends every later operation, and is let go of", async () => {
  await using host = await startHost({
    answer: (command) => command === "NOOP" ? "" : undefined,
  });
  const controller = new AbortController();
  const smtp = await open(host, { signal: controller.signal });
  const noop = smtp.noop();
  controller.abort(new RangeError("stop"));
  await assertRejects(() => noop, RangeError, "stop");
  await assertRejects(() => smtp.rset(), RangeError, "stop");
  await smtp[Symbol.asyncDispose]();
});

// --- TLS -------------------------------------------------------------------

/** Greets, consents to STARTTLS and follows the script behind it. */
async function startTls(
  conn: ScriptedConn,
  bridge: TlsBridge,
  extensions: string[] = [],
): Promise<void> {
  await greet(conn, ["STARTTLS", "X-BEFORE"]);
  await conn.expect("STARTTLS");
  await conn.write("220 go ahead\r\n");
  await conn.upgradeTls(bridge);
  await conn.expect(/^EHLO /);
  await conn.write(
    ["host", ...extensions].map((one, at) =>
      `250${at === extensions.length ? " " : "-"}${one}\r\n`
    ).join(""),
  );
}

Deno.test("connect() puts TLS on by STARTTLS, and forgets what was said before", async () => {
  await using bridge = new TlsBridge(certificate);
  await using server = await scriptedServer(async (conn) => {
    await startTls(conn, bridge, ["PIPELINING", "X-AFTER"]);
    await receive(
      conn,
      "MAIL FROM:<>\r\nRCPT TO:<bob@example.com>\r\nDATA\r\n",
    );
    await conn.write("250 ok\r\n250 ok\r\n354 go\r\n");
    await receive(conn, "x\r\n.\r\n");
    await conn.write("250 taken\r\n");
    await conn.expect("QUIT");
    await conn.write("221 bye\r\n");
  });
  await using smtp = await SmtpClient.connect({
    ...TRUSTED,
    port: server.port,
    timeout: 10_000,
  });
  assertEquals(smtp.secure, true);
  assertEquals([...smtp.extensions.keys()], ["PIPELINING", "X-AFTER"]);
  const { secure } = await smtp.sendMail(
    { from: "", to: "bob@example.com" },
    "x",
  );
  assertEquals(secure, true);
});

Deno.test("startTls() puts TLS on later, once", async () => {
  await using bridge = new TlsBridge(certificate);
  await using server = await scriptedServer(async (conn) => {
    await startTls(conn, bridge, ["STARTTLS"]);
    await conn.expect("NOOP");
    await conn.write("250 ok\r\n");
    await conn.expect("QUIT");
    await conn.write("221 bye\r\n");
  });
  await using smtp = await SmtpClient.connect({
    ...TRUSTED,
    tls: "none",
    port: server.port,
    timeout: 10_000,
  });
  assertEquals(smtp.secure, false);
  await smtp.startTls();
  assertEquals(smtp.secure, true);
  assertEquals([...smtp.extensions.keys()], ["STARTTLS"]);
  const error = await assertRejects(() => smtp.startTls(), DOMException);
  assertEquals(error.name, "InvalidStateError");
  await smtp.noop();
});

Deno.test("connect() with TLS from the first byte needs no STARTTLS", async () => {
  const listener = Deno.listenTls({
    hostname: "127.0.0.1",
    port: 0,
    ...certificate,
  });
  const commands: string[] = [];
  const serving = (async () => {
    using conn = await listener.accept();
    await serveHost(
      new HostConn(conn, 1),
      { extensions: ["STARTTLS"] },
      commands,
      [],
    );
  })();
  {
    await using smtp = await SmtpClient.connect({
      ...TRUSTED,
      tls: "implicit",
      port: listener.addr.port,
      timeout: 10_000,
    });
    assertEquals(smtp.secure, true);
    await assertRejects(() => smtp.startTls(), DOMException);
  }
  await serving;
  listener.close();
  assertEquals(commands, ["EHLO [127.0.0.1]", "QUIT"]);
});

Deno.test("connect() never goes on without the TLS that was asked for", async () => {
  const cases: [string, (conn: ScriptedConn) => Promise<void>, string][] = [
    ["it is not offered", (conn) => greet(conn, ["PIPELINING"]), "502"],
    ["another word is offered", (conn) => greet(conn, ["XSTARTTLS"]), "502"],
    ["EHLO is not known", async (conn) => {
      await conn.write("220 ready\r\n");
      await conn.expect(/^EHLO/);
      await conn.write("500 what\r\n");
      await conn.expect(/^HELO/);
      await conn.write("250 host\r\n");
    }, "502"],
    ...["454 4.7.0 TLS not available", "501 no", "421 bye"].map((
      answer,
    ): [string, (conn: ScriptedConn) => Promise<void>, string] => [
      answer,
      async (conn) => {
        await greet(conn, ["STARTTLS"]);
        await conn.expect("STARTTLS");
        await conn.write(answer + "\r\n");
      },
      answer.slice(0, 3),
    ]),
  ];
  for (const [what, script, code] of cases) {
    const { promise: after, resolve } = Promise.withResolvers<unknown>();
    await using server = await scriptedServer(async (conn) => {
      await script(conn);
      resolve(await conn.readLine());
    });
    const error = await tryTls(server);
    assertInstanceOf(error, SmtpError, what);
    assertEquals(String(error.code), code, what);
    assertEquals(await after, undefined, what);
  }
});

Deno.test("startTls() that is refused leaves the client as it was", async () => {
  await using host = await startHost({
    extensions: ["STARTTLS"],
    answer: (command) => command === "STARTTLS" ? "454 no TLS now" : undefined,
  });
  await using smtp = await open(host);
  await assertRejects(() => smtp.startTls(), SmtpError, "454");
  assertEquals(smtp.secure, false);
  assert(smtp.extensions.has("STARTTLS"));
  await smtp.noop();
  await smtp.helo();
  const error = await assertRejects(() => smtp.startTls(), SmtpError);
  assertEquals([error.code, error.enhancedCode], [502, "5.5.1"]);
  assertEquals(host.commands.filter((one) => one === "STARTTLS").length, 1);
});

Deno.test("connect() refuses plaintext behind the consent to TLS", async () => {
  // What somebody on the way puts there would pass for words under TLS.
  for (
    const injected of [
      "250-host\r\n250 AUTH PLAIN\r\n",
      "2",
      "\r\n",
      "250 ok\r\n".repeat(1_000),
    ]
  ) {
    for (const tls of ["starttls", "none"] as const) {
      const { promise: after, resolve } = Promise.withResolvers<number>();
      await using server = await scriptedServer(async (conn) => {
        await greet(conn, ["STARTTLS"]);
        await conn.expect("STARTTLS");
        await conn.write("220 go ahead\r\n" + injected);
        resolve(await conn.readToEnd().then((all) => all.length, () => 0));
      });
      const error = await (async () => {
        const smtp = await SmtpClient.connect({
          ...TRUSTED,
          tls,
          port: server.port,
          timeout: 10_000,
        });
        if (tls === "none") {
          const error = await assertRejects(() => smtp.startTls());
          await assertRejects(() => smtp.noop());
          assertEquals(smtp.secure, false);
          throw error;
        }
      })().catch((error) => error);
      assertInstanceOf(error, ProtocolError);
      assert(error.message.includes("plaintext behind its consent"));
      assertEquals(await after, 0, "a handshake was begun");
    }
  }
});

Deno.test("connect() is not fooled by plaintext that comes a little later", async () => {
  await using server = await scriptedServer(async (conn) => {
    await greet(conn, ["STARTTLS"]);
    await conn.expect("STARTTLS");
    await conn.write("220 go ahead\r\n");
    // The ClientHello has begun.
    await conn.readBytes(1);
    await conn.write("250-host\r\n250 AUTH PLAIN\r\n");
    await conn.readToEnd();
  });
  const error = await tryTls(server);
  assert(error.message.startsWith("Cannot start TLS"), error.message);
});

Deno.test("connect() refuses what was said in the clear before the handshake: extensions, an answer in advance", async () => {
  // An answer to the EHLO under TLS cannot be given before it.
  await using bridge = new TlsBridge(certificate);
  await using server = await scriptedServer(async (conn) => {
    await greet(conn, ["STARTTLS", "AUTH PLAIN", "CHUNKING"]);
    await conn.expect("STARTTLS");
    await conn.write("220 go ahead\r\n");
    await conn.upgradeTls(bridge);
    await conn.expect(/^EHLO /);
    await conn.write("500 what is that\r\n");
  });
  // No HELO either: a server that did EHLO before knows it.
  const error = await tryTls(server);
  assertInstanceOf(error, SmtpError);
  assertEquals(error.code, 500);
});

for (
  const [what, issue, serverName] of [
    ["of another name", { dnsNames: ["example.org"], ipAddresses: [] }],
    ["that has run out", { notAfter: new Date(Date.now() - 60_000) }],
    ["of the future", { notBefore: new Date(Date.now() + 3_600_000) }],
    ["for clients", { client: "joe", dnsNames: ["localhost"] }],
    ["of nobody that is trusted", undefined],
    ["for another name than serverName", {}, "mx.example.com"],
  ] as const
) {
  Deno.test(`connect() refuses a certificate ${what}`, async () => {
    const issuer = issue ? authority : await createAuthority();
    const wrong = await issuer.issue(
      issue as Parameters<
        typeof authority.issue
      >[0],
    );
    await using bridge = new TlsBridge(wrong);
    const { promise: said, resolve } = Promise.withResolvers<unknown>();
    await using server = await scriptedServer(async (conn) => {
      await greet(conn, ["STARTTLS"]);
      await conn.expect("STARTTLS");
      await conn.write("220 go ahead\r\n");
      try {
        await conn.upgradeTls(bridge);
        resolve(await conn.readLine());
      } catch {
        // The client ended the handshake.
        resolve(undefined);
      }
    });
    const options = {
      ...TRUSTED,
      tlsOptions: { ...TRUSTED.tlsOptions, serverName },
    };
    const error = await tryTls(server, options);
    assert(error.message.startsWith("Cannot start TLS"), error.message);
    assertEquals(await said, undefined);

    const listener = Deno.listenTls({
      hostname: "127.0.0.1",
      port: 0,
      ...wrong,
    });
    const serving = (async () => {
      using conn = await listener.accept();
      await conn.read(new Uint8Array(1)).catch(() => {});
    })();
    await tryTls(listener.addr, { ...options, tls: "implicit" });
    await serving;
    listener.close();
  });
}

Deno.test("startTls() whose handshake fails closes the client", async () => {
  await using server = await scriptedServer(async (conn) => {
    await greet(conn, ["STARTTLS"]);
    await conn.expect("STARTTLS");
    await conn.write("220 go ahead\r\n");
    await conn.readBytes(1);
    conn.close();
  });
  const smtp = await open(server);
  const error = await assertRejects(() => smtp.startTls(), Error);
  assertEquals(await assertRejects(() => smtp.noop()), error);
  assertEquals(smtp.secure, false);
});

Deno.test("SmtpPool never sends without the TLS that was asked for", async () => {
  await using host = await startHost({ extensions: ["AUTH PLAIN"] });
  await using pool = new SmtpPool({
    ...TRUSTED,
    port: host.port,
    timeout: 10_000,
    auth: { user: "ada", secret: "secret" },
  });
  const results = await Promise.allSettled(
    ["one", "two"].map((one) =>
      pool.sendMail({ from: "", to: "bob@example.com" }, one)
    ),
  );
  for (const one of results) {
    assertInstanceOf((one as PromiseRejectedResult).reason, SmtpError);
  }
  for (const command of host.commands) {
    assert(command.startsWith("EHLO"), command);
  }
});
