import {
  assert,
  assertEquals,
  assertInstanceOf,
  assertRejects,
  assertStringIncludes,
} from "jsr:@std/assert@^1.0.0";
import { join } from "node:path";
import {
  FtpClient,
  type FtpConnectOptions,
  FtpError,
  ProtocolError,
} from "../../ftp/mod.ts";
import { createAuthority } from "../_support/certificates.ts";
import {
  type ScriptedConn,
  type ScriptedServer,
  scriptedServer,
} from "../_support/scripted_server.ts";
import { tempDir } from "../_support/temp_dir.ts";
import { FtpServer, type FtpServerOptions } from "../servers/ftp_server.ts";
import { noise } from "./stories.ts";

const authority = await createAuthority();
const certificate = await authority.issue();

/** A client that is signed in on a server of ours. */
async function signedIn(
  serverOptions: FtpServerOptions = {},
  options: Partial<FtpConnectOptions> = {},
): Promise<{ server: FtpServer; ftp: FtpClient } & AsyncDisposable> {
  const server = await FtpServer.start(serverOptions);
  const ftp = await open(server, options);
  await ftp.login("user", "secret");
  return {
    server,
    ftp,
    async [Symbol.asyncDispose]() {
      await ftp[Symbol.asyncDispose]();
      await server[Symbol.asyncDispose]();
    },
  };
}

function open(
  server: { hostname: string; port: number },
  options: Partial<FtpConnectOptions> = {},
): Promise<FtpClient> {
  const { hostname, port } = server;
  return FtpClient.connect({ hostname, port, timeout: 20_000, ...options });
}

/** A server that greets and then follows the script. */
function scripted(
  script: (conn: ScriptedConn) => Promise<void>,
): Promise<ScriptedServer> {
  return scriptedServer(async (conn) => {
    await conn.write("220 ready\r\n");
    await script(conn);
  });
}

/** A listener for data connections, and how EPSV names its port. */
function dataPort(): { listener: Deno.TcpListener; reply: string } {
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  return { listener, reply: `229 ok (|||${listener.addr.port}|)\r\n` };
}

Deno.test("connect() says what a server that is no FTP server is", async () => {
  for (
    const [greeting, said] of [
      ["SSH-2.0-OpenSSH_9.2\r\n", "the server speaks SSH"],
      ["HTTP/1.1 400 Bad Request\r\n\r\n", "the server speaks HTTP"],
      ["* OK IMAP4rev1 ready\r\n", "the server speaks IMAP"],
      ["\x15\x03\x01\0\x02\x02\n", 'tls: "implicit"'],
      ["hello\r\n", 'no three-digit code in "hello"'],
    ]
  ) {
    await using server = await scriptedServer(async (conn) => {
      await conn.write(greeting!);
      await conn.hang();
    });
    await assertRejects(() => open(server), ProtocolError, said);
  }
});

Deno.test("connect() reads greetings of every shape", async () => {
  await using server = await scriptedServer(async (conn) => {
    await conn.write("120 wait\r\n");
    await conn.writeSplit(
      "220-Wel\u00e9come\r\n 230 not the end\r\n221 nor this\r\n220-\r\n220 end\n",
      { at: "every byte" },
    );
    await conn.expect("QUIT");
    await conn.write("221-bye\r\n221 bye\r\n");
  });
  await using ftp = await open(server);
  assertEquals(ftp.welcome, {
    code: 220,
    lines: ["Wel\u00e9come", " 230 not the end", "221 nor this", "", "end"],
    text: "Wel\u00e9come\n 230 not the end\n221 nor this\n\nend",
  });
});

Deno.test("connect() rejects with what a refusing server says", async () => {
  await using server = await FtpServer.start({
    greeting: ["421 Too many users, try later"],
  });
  const error = await assertRejects(() => open(server), FtpError, "Too many");
  assertEquals([error.code, error.transient], [421, true]);
});

Deno.test("connect() refuses bad options before connecting", async () => {
  await using server = await scriptedServer(() => Promise.resolve());
  const bad: Partial<FtpConnectOptions>[] = [
    { hostname: "" },
    { port: 0 },
    { port: 70_000 },
    { timeout: -1 },
    { tls: "ssl" as "none" },
    { tlsOptions: { caCerts: ["no pem"] } },
    {
      tlsOptions: {
        caCerts: [
          "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n",
        ],
      },
    },
    { tlsOptions: { cert: certificate.cert } },
    { tlsOptions: { ...certificate }, tlsSessionReuse: "always" },
    { limits: { line: 0 } },
  ];
  for (const options of bad) {
    await assertRejects(() => open(server, options), TypeError);
  }
  assertEquals(server.connections, 0);
});

Deno.test("connect() gives up on a silent server", async () => {
  for (const tls of ["none", "implicit"] as const) {
    await using server = await scriptedServer((conn) => conn.hang());
    const error = await assertRejects(
      () => open(server, { timeout: 50, tls }),
      DOMException,
    );
    assertEquals(error.name, "TimeoutError");
  }
});

Deno.test("connect() stops by signal at every stage", async () => {
  for (const after of [0, 1, 2, 3]) {
    const stop = new AbortController();
    const reason = new Error("stop it");
    if (after === 0) stop.abort(reason);
    await using server = await scriptedServer(async (conn) => {
      if (after === 1) stop.abort(reason);
      await conn.write("220 ready\r\n");
      await conn.expect("AUTH TLS").catch(() => {});
      if (after === 2) stop.abort(reason);
      await conn.write("234 go on\r\n").catch(() => {});
      if (after === 3) {
        await conn.readBytes(1);
        stop.abort(reason);
      }
      await conn.hang();
    });
    const error = await assertRejects(() =>
      open(server, { tls: "starttls", signal: stop.signal })
    );
    assertEquals(error, reason);
  }
});

Deno.test("connect()'s signal ends later operations too", async () => {
  const stop = new AbortController();
  await using server = await scripted(async (conn) => {
    await conn.expect("PWD");
    stop.abort(new Error("later"));
    await conn.hang();
  });
  await using ftp = await open(server, { signal: stop.signal });
  await assertRejects(() => ftp.pwd(), Error, "later");
  const closed = await assertRejects(() => ftp.pwd(), DOMException);
  assertEquals(closed.name, "InvalidStateError");
});

Deno.test("connect() never goes on without the TLS it was asked for", async () => {
  await using server = await scripted(async (conn) => {
    await conn.expect("AUTH TLS");
    await conn.write("502 no\r\n");
    assertEquals(await conn.readLine(), undefined);
  });
  await assertRejects(() => open(server, { tls: "starttls" }), FtpError, "502");
});

Deno.test("connect() refuses plaintext behind the consent to TLS", async () => {
  await using server = await scripted(async (conn) => {
    await conn.expect("AUTH TLS");
    await conn.write("234 go on\r\n230 you are in\r\n");
    await conn.readToEnd();
  });
  await assertRejects(
    () => open(server, { tls: "starttls" }),
    ProtocolError,
    "plaintext",
  );
});

Deno.test("connect() rejects a certificate that nobody vouches for", async () => {
  const stranger = await createAuthority();
  for (const tlsSessionReuse of ["auto", "always"] as const) {
    for (
      const [tls, kind] of [["starttls", "explicit"], ["implicit"]] as const
    ) {
      await using server = await FtpServer.start({
        ...certificate,
        tls: kind ?? "implicit",
      });
      const tlsOptions = { caCerts: [stranger.caPem] };
      await assertRejects(
        () => open(server, { tls, tlsOptions, tlsSessionReuse }),
        Error,
        "Cannot start TLS",
      );
    }
  }
});

Deno.test("every method refuses CR, LF and NUL before it sends", async () => {
  await using session = await signedIn();
  const { ftp, server } = session;
  const sent = server.commands.length;
  for (const evil of ["a\rb", "a\nXEVIL x", "a\0b"]) {
    const calls: (() => Promise<unknown>)[] = [
      () => ftp.login(evil, "p"),
      () => ftp.login("u", evil),
      () => ftp.login("u", "p", evil),
      () => ftp.sendCmd(evil),
      () => ftp.cwd(evil),
      () => ftp.mkd(evil),
      () => ftp.rmd(evil),
      () => ftp.rename(evil, "b"),
      () => ftp.rename("b", evil),
      () => ftp.delete(evil),
      () => ftp.size(evil),
      () => ftp.modified(evil),
      () => ftp.dir(evil),
      () => ftp.nlst(evil),
      () => ftp.list(evil),
      () => ftp.stat(evil),
      () => ftp.retrBinary(evil),
      () => ftp.retrLines(evil),
      () => ftp.storBinary(evil, "x"),
      () => ftp.storLines(evil, "x"),
      () => ftp.writable(evil),
      () => ftp.download(evil, "/nowhere/x"),
      () => ftp.upload("/nowhere/x", evil),
      () => ftp.downloadDir(evil, "/nowhere"),
      () => ftp.uploadDir("/nowhere", evil),
      () => ftp.ensureDir(evil),
      () => ftp.removeDir(evil),
    ];
    for (const call of calls) {
      const error = await assertRejects(call, TypeError);
      assert(!error.message.includes("EVIL"), error.message);
    }
  }
  // The leading letters of a password are no verb.
  const error = await assertRejects(
    () => ftp.login("u", "hunter\n2"),
    TypeError,
  );
  assert(!/hunter/i.test(error.message), error.message);
  await assertRejects(
    () => ftp.storBinary("STOR x", 5 as unknown as string),
    TypeError,
  );
  for (const offset of [-1, 0.5, NaN]) {
    const calls = [
      () => ftp.retrBinary("RETR x", { offset }),
      () => ftp.storBinary("STOR x", "x", { offset }),
      () => ftp.writable("STOR x", { offset }),
    ];
    for (const call of calls) await assertRejects(call, TypeError);
  }
  assertEquals(server.commands.length, sent);
});

Deno.test("login() gives an account where one is wanted", async () => {
  await using server = await FtpServer.start({ accounts: { user: "acc" } });
  await using ftp = await open(server);
  await assertRejects(() => ftp.login("user", "secret"), FtpError, "account");
  const reply = await ftp.login("user", "secret", "acc");
  assertEquals(reply.code, 230);
});

Deno.test("login() masks what a server repeats", async () => {
  const seen: string[] = [];
  await using server = await scripted(async (conn) => {
    await conn.expect("USER ada");
    await conn.write("331 go on\r\n");
    await conn.expect("PASS hunter2");
    await conn.write("530 ada/hunter2 is wrong\r\n");
    await conn.expect("PASS again2");
    await conn.write("530 again2\r\n");
    await conn.hang();
  });
  await using ftp = await open(server, { onTrace: (e) => seen.push(e.line) });
  const error = await assertRejects(
    () => ftp.login("ada", "hunter2"),
    FtpError,
  );
  assertStringIncludes(error.message, "ada/*** is wrong");
  const raw = await assertRejects(() => ftp.sendCmd("PASS again2"), FtpError);
  assert(!`${raw.stack}${seen}`.includes("again2"));
  assert(!`${error.stack}${seen}`.includes("hunter2"));
  ftp.close();
});

Deno.test("a data connection falls back from EPSV to PASV and stays there", async () => {
  for (
    const features of [{ features: { epsv: false } }, { epsvPortDead: true }]
  ) {
    await using session = await signedIn(features, { dataTimeout: 2_000 });
    const { ftp, server } = session;
    await ftp.storBinary("STOR a", "1");
    await ftp.storBinary("STOR b", "2");
    const verbs = server.commands.map((line) => line.split(" ")[0]);
    assertEquals(verbs.filter((verb) => verb === "EPSV").length, 1);
    assertEquals(verbs.filter((verb) => verb === "PASV").length, 2);
  }
});

Deno.test("a data connection goes to the server, whatever it says", async () => {
  const options = { features: { epsv: false }, pasvAddress: "192.0.2.1" };
  await using session = await signedIn(options);
  await session.ftp.storBinary("STOR a", "1");
  assertEquals(await session.ftp.size("a"), 1);
  await using trusting = await signedIn(
    { features: { epsv: false }, pasvAddress: "127.0.0.2" },
    { trustPasvHost: true, dataTimeout: 2_000 },
  );
  // Nobody listens there: that it fails shows that it was tried.
  await assertRejects(() => trusting.ftp.storBinary("STOR a", "1"), Error);
});

Deno.test("a data connection that nobody answers is an error, not a hang", async () => {
  await using session = await signedIn(
    { epsvPortDead: true, pasvPortDead: true },
    { dataTimeout: 500 },
  );
  await assertRejects(() => session.ftp.list(), Error, "connect to");
  assertEquals(await session.ftp.pwd(), "/");
});

Deno.test("an active data connection takes only the server's machine", async () => {
  await using session = await signedIn({
    onCommand: (verb) => verb === "RETR" ? "150 coming\r\n" : undefined,
  }, { passive: false, dataTimeout: 100, timeout: 1_000 });
  const error = await assertRejects(
    () => session.ftp.retrBinary("RETR x"),
    DOMException,
  );
  assertEquals(error.name, "TimeoutError");
});

Deno.test("a transfer copes with replies early, late and left out", async () => {
  const cases: {
    start: string;
    data: string[];
    end: string;
    endBeforeData?: boolean;
  }[] = [
    { start: "150 ok\r\n", data: ["ab", "cd"], end: "226 ok\r\n" },
    { start: "125 ok\r\n", data: ["abcd"], end: "250 ok\r\n" },
    { start: "", data: ["abcd"], end: "226 no 150\r\n" },
    { start: "150 a\r\n125 b\r\n", data: ["abcd"], end: "226 ok\r\n" },
    {
      start: "150 ok\r\n",
      data: ["abcd"],
      end: "226 early\r\n",
      endBeforeData: true,
    },
  ];
  for (const { start, data, end, endBeforeData } of cases) {
    await using server = await scripted(async (conn) => {
      await conn.expect("TYPE I");
      await conn.write("200 ok\r\n");
      await conn.expect("EPSV");
      const { listener, reply } = dataPort();
      await conn.write(reply);
      const peer = await listener.accept();
      listener.close();
      await conn.expect("RETR x");
      await conn.write(start + (endBeforeData ? end : ""));
      for (const chunk of data) {
        await peer.write(new TextEncoder().encode(chunk));
      }
      peer.close();
      if (!endBeforeData) await conn.writeSplit(end, { at: "every byte" });
      await conn.expect("NOOP");
      await conn.write("200 ok\r\n");
      await conn.hang();
    });
    const ftp = await open(server);
    const stream = await ftp.retrBinary("RETR x");
    assertEquals(await new Response(stream).text(), "abcd");
    assertEquals((await ftp.sendCmd("NOOP")).code, 200);
    ftp.close();
  }
});

Deno.test("a silent server's transfer begins all the same", async () => {
  // Neither 150 nor anything else until all has been sent.
  const received = Promise.withResolvers<string>();
  await using server = await scripted(async (conn) => {
    await conn.expect("TYPE I");
    await conn.write("200 ok\r\n");
    await conn.expect("EPSV");
    const { listener, reply } = dataPort();
    await conn.write(reply);
    const peer = await listener.accept();
    listener.close();
    await conn.expect("STOR x");
    received.resolve(await new Response(peer.readable).text());
    await conn.write("226 got it\r\n");
    await conn.hang();
  });
  const ftp = await open(server);
  assertEquals((await ftp.storBinary("STOR x", "hello")).code, 226);
  assertEquals(await received.promise, "hello");
  ftp.close();
});

Deno.test("a refusal at the end of a transfer reaches its reader", async () => {
  await using session = await signedIn({
    async onData({ verb, conn }) {
      if (verb !== "RETR") return;
      await conn.write(new TextEncoder().encode("half"));
      return "451 Disk error";
    },
  });
  const { ftp, server } = session;
  await Deno.writeTextFile(join(server.root, "x"), "half a file");
  const stream = await ftp.retrBinary("RETR x");
  const error = await assertRejects(
    () => new Response(stream).text(),
    FtpError,
  );
  assertEquals([error.code, error.command], [451, "RETR x"]);
  assertEquals(await ftp.pwd(), "/");
});

Deno.test("an upload that is refused in the middle stops and says why", async () => {
  await using session = await signedIn({
    async onData({ verb, conn }) {
      if (verb !== "STOR") return;
      await conn.read(new Uint8Array(10));
      return "552 Quota exceeded";
    },
  });
  const { ftp } = session;
  const endless = new ReadableStream({
    pull: (controller) => controller.enqueue(new Uint8Array(65_536)),
  });
  const error = await assertRejects(
    () => ftp.storBinary("STOR x", endless),
    FtpError,
  );
  assertEquals(error.code, 552);
  const sink = await ftp.writable("STOR x");
  await assertRejects(() => endlessly(sink), FtpError, "552");
  assertEquals(await ftp.pwd(), "/");
});

async function endlessly(sink: WritableStream<Uint8Array>): Promise<void> {
  const writer = sink.getWriter();
  writer.closed.catch(() => {});
  for (;;) await writer.write(new Uint8Array(65_536));
}

Deno.test("an upload whose source fails rejects with the source's error", async () => {
  await using session = await signedIn();
  const { ftp } = session;
  async function* failing() {
    yield new Uint8Array(10);
    await Promise.resolve();
    throw new RangeError("the source broke");
  }
  await assertRejects(
    () => ftp.storBinary("STOR x", failing()),
    RangeError,
    "the source broke",
  );
  async function* wrong(): AsyncGenerator<Uint8Array> {
    yield "text" as unknown as Uint8Array;
  }
  await assertRejects(() => ftp.storBinary("STOR x", wrong()), TypeError);
  assertEquals(await ftp.pwd(), "/");
});

Deno.test("an upload whose source hangs can be aborted", async () => {
  await using session = await signedIn();
  const { ftp } = session;
  const stop = new AbortController();
  const hanging = new ReadableStream<Uint8Array>({
    pull(controller) {
      controller.enqueue(new Uint8Array(1));
      queueMicrotask(() => stop.abort(new Error("no more")));
      return new Promise(() => {});
    },
  }, { highWaterMark: 0 });
  await assertRejects(
    () => ftp.storBinary("STOR x", hanging, { signal: stop.signal }),
    Error,
    "no more",
  );
  assertEquals(await ftp.pwd(), "/");
});

Deno.test("a control connection lost during a transfer is reported", async () => {
  await using session = await signedIn({
    onData({ verb }, _session) {
      if (verb !== "RETR") return;
      queueMicrotask(() => session.server.disconnectAll());
      return new Promise((resolve) => setTimeout(() => resolve(""), 1));
    },
  });
  const { ftp, server } = session;
  await Deno.writeFile(join(server.root, "x"), noise(1000));
  const error = await assertRejects(
    async () => await new Response(await ftp.retrBinary("RETR x")).bytes(),
    Error,
  );
  assertStringIncludes(error.message, "RETR x");
});

Deno.test("NOOPs keep the control connection alive, wherever their replies come", async () => {
  for (const early of [true, false]) {
    await using server = await scripted(async (conn) => {
      await conn.expect("TYPE I");
      await conn.write("200 ok\r\n");
      await conn.expect("EPSV");
      const { listener, reply } = dataPort();
      await conn.write(reply);
      const peer = await listener.accept();
      listener.close();
      await conn.expect("RETR x");
      await conn.write("150 ok\r\n");
      await conn.expect("NOOP");
      if (early) await conn.write("200 still here\r\n");
      await conn.expect("NOOP");
      if (early) await conn.write("500 not now\r\n");
      peer.close();
      await conn.write("226 done\r\n");
      if (!early) await conn.write("200 here\r\n200 here\r\n");
      let line = await conn.readLine();
      // One more may have been on its way.
      while (line === "NOOP") {
        await conn.write("200 here\r\n");
        line = await conn.readLine();
      }
      assertEquals(line, "PWD");
      await conn.write('257 "/here"\r\n');
      await conn.hang();
    });
    const ftp = await open(server, { keepAlive: 20 });
    const stream = await ftp.retrBinary("RETR x");
    assertEquals(await new Response(stream).text(), "");
    assertEquals(await ftp.pwd(), "/here");
    ftp.close();
  }
});

Deno.test("time that the reader takes does not count as the server's", async () => {
  await using session = await signedIn({}, { timeout: 200 });
  const { ftp, server } = session;
  await Deno.writeFile(join(server.root, "big"), new Uint8Array(8_000_000));
  const stream = await ftp.retrBinary("RETR big");
  const reader = stream.getReader();
  await reader.read();
  // Longer than the time-out, on purpose.
  await new Promise((resolve) => setTimeout(resolve, 500));
  let bytes = 0;
  for (;;) {
    const { done, value } = await reader.read();
    if (done) break;
    bytes += value.length;
  }
  assert(bytes > 7_000_000);
  assertEquals(await ftp.pwd(), "/");
});

Deno.test("a server that stops in the middle of a transfer times out", async () => {
  await using session = await signedIn({
    async onData({ verb, conn }) {
      if (verb !== "RETR") return;
      await conn.write(new Uint8Array(10));
      await conn.read(new Uint8Array(1)).catch(() => {});
      return "426 gone";
    },
  }, { timeout: 100 });
  const { ftp, server } = session;
  await Deno.writeFile(join(server.root, "x"), new Uint8Array(100));
  const stream = await ftp.retrBinary("RETR x");
  const error = await assertRejects(
    () => new Response(stream).bytes(),
    DOMException,
  );
  assertEquals(error.name, "TimeoutError");
  await assertRejects(() => ftp.pwd(), DOMException, "closed");
});

Deno.test("a goodbye that nobody asked for is the next command's error", async () => {
  await using server = await scripted(async (conn) => {
    await conn.expect("PWD");
    await conn.write('257 "/"\r\n421 Idle for too long\r\n');
    await conn.hang();
  });
  await using ftp = await open(server);
  assertEquals(await ftp.pwd(), "/");
  const error = await assertRejects(() => ftp.pwd(), FtpError, "Idle");
  assertEquals(error.code, 421);
  await assertRejects(() => ftp.pwd(), DOMException, "closed");
});

Deno.test("what a server sends without end is an error", async () => {
  const floods: [string, (conn: ScriptedConn) => Promise<void>][] = [
    ["longer than 65536 bytes", async (conn) => {
      for (;;) await conn.write("2".repeat(10_000));
    }],
    ["longer than 10000 lines", async (conn) => {
      for (;;) await conn.write("220-x\r\n".repeat(1_000));
    }],
    ["longer than 1048576 bytes", async (conn) => {
      for (;;) await conn.write(`220-${"x".repeat(50_000)}\r\n`);
    }],
  ];
  for (const [said, flood] of floods) {
    await using server = await scriptedServer((conn) =>
      flood(conn).catch(() => {})
    );
    await assertRejects(() => open(server), ProtocolError, said);
  }
});

Deno.test("a listing past its limit is an error and leaves the client usable", async () => {
  await using session = await signedIn({
    async onData({ verb, conn }) {
      if (verb !== "MLSD") return;
      const lines = new TextEncoder().encode("type=file; x\r\n".repeat(1_000));
      try {
        for (;;) await conn.write(lines);
      } catch {
        return "426 gone";
      }
    },
  }, { limits: { listing: 100_000 } });
  await assertRejects(
    () => session.ftp.list(),
    ProtocolError,
    "longer than 100000 bytes",
  );
  assertEquals(await session.ftp.pwd(), "/");
});

Deno.test("retrLines() refuses a line without end", async () => {
  await using session = await signedIn({}, { limits: { line: 1_000 } });
  const { ftp, server } = session;
  await Deno.writeTextFile(join(server.root, "x"), "a\n" + "b".repeat(2_000));
  const lines = (await ftp.retrLines("RETR x")).getReader();
  await assertRejects(
    async () => {
      while (!(await lines.read()).done);
    },
    ProtocolError,
    "longer than 1000 bytes",
  );
  await settled(ftp);
  assertEquals(await ftp.pwd(), "/");
});

/** A pipe cancels its source behind its reader's back. */
async function settled(ftp: FtpClient): Promise<void> {
  for (let tries = 0; tries < 1_000; tries++) {
    try {
      await ftp.sendCmd("NOOP");
      return;
    } catch (error) {
      assertInstanceOf(error, DOMException);
      await new Promise((resolve) => setTimeout(resolve, 1));
    }
  }
}

Deno.test("a server that hangs up at any byte is an error and no leak", async () => {
  const session = [
    "220 ready\r\n",
    "331 pass\r\n",
    "230 in\r\n",
    "200 type\r\n",
    "EPSV",
    "150-go\r\n150 on\r\n",
    "226 done\r\n",
  ];
  const total = session.join("").length - 4 + "229 ok (|||12345|)\r\n".length;
  for (let cut = 0; cut < total; cut++) {
    await using server = await scriptedServer(async (conn) => {
      let left = cut;
      let peer: Deno.TcpConn | undefined;
      try {
        for (const [step, line] of session.entries()) {
          if (step > 0 && step < 6) await conn.readLine();
          let text = line;
          let listener: Deno.TcpListener | undefined;
          if (line === "EPSV") {
            const port = dataPort();
            listener = port.listener;
            text = port.reply;
          }
          await conn.write(text.slice(0, left));
          left -= text.length;
          if (left < 0) {
            listener?.close();
            break;
          }
          if (listener) {
            peer = await listener.accept();
            listener.close();
          }
          if (step === 5) {
            await peer!.write(new Uint8Array(100));
            peer!.close();
            peer = undefined;
          }
        }
      } finally {
        peer?.close();
        conn.close();
      }
    });
    await assertRejects(async () => {
      await using ftp = await open(server);
      await ftp.login("u", "p");
      const stream = await ftp.retrBinary("RETR x");
      await new Response(stream).bytes();
      // All replies came: the connection is gone now.
      await ftp.pwd();
    }, Error);
  }
});

Deno.test("replies may come in pieces of any size", async () => {
  await using server = await scriptedServer(async (conn) => {
    const at = "every byte";
    await conn.writeSplit("220-a\r\n b\r\n220 c\r\n", { at });
    await conn.expect("FEAT");
    await conn.writeSplit(
      "211-Features\r\n UTF8\r\n MLST a*;b;\r\n211 End\r\n",
      {
        at,
      },
    );
    await conn.expect("PWD");
    await conn.writeSplit('257 "/a ""quoted"" \u00e9" is here\r\n', { at });
    await conn.hang();
  });
  const ftp = await open(server);
  assertEquals([...await ftp.features()], [["UTF8", ""], ["MLST", "a*;b;"]]);
  assertEquals(await ftp.pwd(), '/a "quoted" \u00e9');
  ftp.close();
});

Deno.test("abort() makes do with a single reply", async () => {
  await using server = await scripted(async (conn) => {
    await conn.expect("TYPE I");
    await conn.write("200 ok\r\n");
    await conn.expect("EPSV");
    const { listener, reply } = dataPort();
    await conn.write(reply);
    const peer = await listener.accept();
    listener.close();
    await conn.expect("RETR x");
    await conn.write("150 ok\r\n");
    await peer.write(new Uint8Array(10));
    await conn.expect("ABOR");
    await conn.write("226 aborted\r\n");
    await conn.expect("NOOP");
    await conn.write("200 ok\r\n");
    peer.close();
    await conn.expect("PWD");
    await conn.write('257 "/"\r\n');
    await conn.hang();
  });
  const ftp = await open(server);
  const stream = await ftp.retrBinary("RETR x");
  assertEquals((await ftp.abort()).code, 226);
  const error = await assertRejects(
    () => new Response(stream).bytes(),
    DOMException,
  );
  assertEquals(error.name, "AbortError");
  assertEquals(await ftp.pwd(), "/");
  ftp.close();
});

Deno.test("disposing says goodbye only where nothing is unfinished", async () => {
  await using server = await FtpServer.start();
  await Deno.writeFile(join(server.root, "x"), new Uint8Array(5_000_000));
  {
    await using ftp = await open(server);
    await ftp.login("user", "secret");
  }
  assertEquals(server.commands.at(-1), "QUIT");
  {
    await using ftp = await open(server);
    await ftp.login("user", "secret");
    const reader = (await ftp.retrBinary("RETR x")).getReader();
    await reader.read();
    reader.closed.catch(() => {});
  }
  assertEquals(server.commands.at(-1), "RETR x");
  const ftp = await open(server);
  ftp.close();
  ftp.close();
  await ftp[Symbol.asyncDispose]();
  await assertRejects(() => ftp.pwd(), DOMException, "closed");
});

Deno.test("latin1 names go out as one byte a character", async () => {
  await using session = await signedIn(
    { features: { utf8: false } },
    { encoding: "latin1" },
  );
  const { ftp } = session;
  assertEquals(await ftp.mkd("/h\u00e4\u0080ppy"), "/h\u00e4\u0080ppy");
  assertEquals((await ftp.list()).map(({ name }) => name), [
    "h\u00e4\u0080ppy",
  ]);
  assertEquals(await ftp.nlst(), ["h\u00e4\u0080ppy"]);
});

Deno.test("latin1 refuses what would lose half of a character", async () => {
  await using session = await signedIn({}, { encoding: "latin1" });
  const { ftp, server } = session;
  const sent = server.commands.length;
  // Cut down to a byte these are CR and LF.
  await assertRejects(
    () => ftp.cwd("x\u010d\u010aDELE y"),
    TypeError,
    "latin1",
  );
  assertEquals(server.commands.length, sent);
});

Deno.test("small downloads need no command that is not theirs", async () => {
  await using session = await signedIn();
  const { ftp, server } = session;
  await using local = await tempDir();
  for (const name of ["a", "b", "c"]) {
    await Deno.writeTextFile(join(server.root, name), name);
  }
  await ftp.list();
  const before = server.commands.length;
  await ftp.downloadDir("/", local.path);
  assertEquals(
    server.commands.slice(before).map((line) => line.split(" ")[0]),
    ["EPSV", "MLSD", "TYPE", "EPSV", "RETR", "EPSV", "RETR", "EPSV", "RETR"],
  );
});

Deno.test("downloadDir() writes nothing outside its target", async () => {
  const names = [
    "..",
    "../up",
    "/etc/abs",
    "C:",
    "C:\\drive",
    "a\\b",
    "sub/inner",
    "nul\0l",
    "",
    ".",
  ];
  await using session = await signedIn({
    async onData({ verb, conn }) {
      if (verb !== "MLSD") return;
      const lines = [...names, "good"].map((name) => `type=file; ${name}\r\n`);
      await conn.write(new TextEncoder().encode(lines.join("")));
      return "226 ok";
    },
  });
  const { ftp, server } = session;
  await Deno.writeTextFile(join(server.root, "good"), "good");
  await using local = await tempDir();
  const target = join(local.path, "target");
  const result = await ftp.downloadDir("/", target, { onError: () => "skip" });
  assertEquals(result.files, 1);
  const outside = (await Array.fromAsync(Deno.readDir(local.path)))
    .map(({ name }) => name);
  assertEquals(outside, ["target"]);
  const inside = (await Array.fromAsync(Deno.readDir(target)))
    .map(({ name }) => name);
  assertEquals(inside, ["good"]);
  assert(result.skipped.length > 0);
});

Deno.test("downloadDir() does not write through a link on the disk", async () => {
  await using session = await signedIn();
  const { ftp, server } = session;
  await using local = await tempDir();
  await Deno.mkdir(join(server.root, "dir"));
  await Deno.writeTextFile(join(server.root, "dir", "x"), "evil");
  await Deno.writeTextFile(join(server.root, "file"), "evil");
  const [target, victim] = [join(local.path, "t"), join(local.path, "victim")];
  await Deno.mkdir(target);
  await Deno.mkdir(victim);
  await Deno.writeTextFile(join(victim, "file"), "mine");
  await Deno.symlink(victim, join(target, "dir"));
  await Deno.symlink(join(victim, "file"), join(target, "file"));
  const result = await ftp.downloadDir("/", target, { onError: () => "skip" });
  assertEquals(result.files, 0);
  assertEquals(
    result.skipped.map(({ name }) => name).sort(),
    ["/dir", "/file"],
  );
  assertEquals(await Deno.readTextFile(join(victim, "file")), "mine");
  assertEquals((await Array.fromAsync(Deno.readDir(victim))).length, 1);
  await assertRejects(() => ftp.downloadDir("/", target), Error, "symbolic");
});

Deno.test("downloadDir() follows links and ends on loops", async () => {
  for (const mlsd of [true, false]) {
    await using session = await signedIn({ features: { mlsd } });
    const { ftp, server } = session;
    await using local = await tempDir();
    const root = server.root;
    await Deno.mkdir(join(root, "a/b"), { recursive: true });
    await Deno.writeTextFile(join(root, "a/b/file"), "x");
    await Deno.symlink("../../a", join(root, "a/b/loop"));
    await Deno.symlink(".", join(root, "a/self"));
    await Deno.symlink("b/file", join(root, "a/link"));
    const result = await ftp.downloadDir("/", local.path, {
      onError: () => "skip",
    });
    assertEquals(await Deno.readTextFile(join(local.path, "a/link")), "x");
    assertEquals(await Deno.readTextFile(join(local.path, "a/b/file")), "x");
    assertEquals(
      result.skipped.map(({ name }) => name).sort(),
      ["/a/b/loop", "/a/self"],
    );
  }
});

Deno.test("downloadDir() and uploadDir() ask what to do about failures", async () => {
  await using session = await signedIn({
    onCommand: (verb, argument) =>
      /^(RETR|STOR)$/.test(verb) && argument.endsWith("bad")
        ? "550 Not this one"
        : undefined,
  });
  const { ftp, server } = session;
  await using local = await tempDir();
  for (const name of ["bad", "good"]) {
    await Deno.writeTextFile(join(server.root, name), name);
  }
  await assertRejects(
    () => ftp.downloadDir("/", local.path),
    FtpError,
    "Not this one",
  );
  const asked: string[] = [];
  const onError = (name: string) => {
    asked.push(name);
    return "skip" as const;
  };
  const down = await ftp.downloadDir("/", local.path, { onError });
  assertEquals([down.files, asked], [1, ["/bad"]]);
  await Deno.writeTextFile(join(local.path, "bad"), "");
  const up = await ftp.uploadDir(local.path, "/up", { onError });
  assertEquals([up.files, asked], [1, ["/bad", "/up/bad"]]);
  assertInstanceOf(up.skipped[0]!.error, FtpError);
});

Deno.test("verify finds a copy that differs", async () => {
  for (
    const [hash, word] of [
      [["SHA-256"], "HASH"],
      [["CRC32"], "XCRC"],
      [[], "size"],
    ] as const
  ) {
    await using session = await signedIn({
      features: { hash },
      onCommand: (verb) => verb === "SIZE" ? "213 3" : undefined,
    });
    const { ftp, server } = session;
    await using local = await tempDir();
    await Deno.writeTextFile(join(server.root, "x"), "abcd");
    const file = join(local.path, "x");
    if (word === "size") {
      await assertRejects(
        () => ftp.download("x", file, { verify: true }),
        ProtocolError,
        "differ by size",
      );
      continue;
    }
    const same = await ftp.download("x", file, { verify: true });
    assertEquals(same.verified, word);
    await Deno.writeTextFile(file, "abcx");
    const resumed = ftp.download("x", file, { verify: true, resume: true });
    // SIZE lies, so the local file counts as longer and is fetched anew.
    assertEquals((await resumed).verified, word);
  }
});
