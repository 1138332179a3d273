import {
  assert,
  assertEquals,
  assertInstanceOf,
  assertRejects,
  assertThrows,
} from "jsr:@std/assert@^1.0.0";
import {
  ProtocolError,
  SmtpError,
  SmtpPool,
  type SmtpPoolOptions,
  SmtpUncertainError,
} from "../../../mail/smtp/mod.ts";
import { scriptedServer } from "../../_support/scripted_server.ts";
import { greet, type Host, latin1, startHost, utf8 } from "./host_test.ts";

const ADA = "ada@example.com";
const BOB = "bob@example.com";
const ENVELOPE = { from: ADA, to: BOB };
const LARGE = ("x".repeat(70) + "\r\n").repeat(1_000);

/** What a server can have; a message goes another way with each. */
const KINDS = [[], ["PIPELINING"], ["PIPELINING", "CHUNKING"]];

function poolOf(
  server: { hostname: string; port: number },
  options: SmtpPoolOptions = {},
): SmtpPool {
  const { hostname, port } = server;
  return new SmtpPool({ hostname, port, timeout: 10_000, ...options });
}

/** Whether the answer to this command is the one to the message. */
function isEnd(command: string): boolean {
  return command === "." || command.startsWith("BDAT");
}

function texts(host: Host): string[] {
  return host.messages.map((one) => latin1(one).trim());
}

function verbs(host: Host, verb: string): number {
  return host.commands.filter((one) => one.startsWith(verb)).length;
}

/** Many turns of the event loop: all that is ready has run. */
async function turns(): Promise<void> {
  for (let n = 0; n < 30; n++) await new Promise((r) => setTimeout(r, 0));
}

/** Whether it has settled once everything that is ready has run. */
async function settles(promise: Promise<unknown>): Promise<boolean> {
  let settled = false;
  promise.then(() => settled = true, () => settled = true);
  await turns();
  return settled;
}

Deno.test("new SmtpPool() refuses bad options, and connects to nothing", async () => {
  await using host = await startHost();
  for (
    const options of [
      { maxConnections: 0 },
      { maxConnections: -1 },
      { maxConnections: NaN },
      { maxMessages: 0 },
      { maxMessages: NaN },
      { port: 0 },
      { port: 70_000 },
      { hostname: "" },
      { timeout: -1 },
      { name: "a b" },
      { protocol: "esmtp" as "smtp" },
      { tls: "ssl" as "none" },
      { path: "/x", tls: "starttls" as const },
      { limits: { line: 0 } },
      { tlsOptions: { caCerts: ["no pem"] } },
    ]
  ) {
    assertThrows(() => poolOf(host, options), TypeError);
  }
  await using _pool = poolOf(host);
  await turns();
  assertEquals(host.connections, 0);
});

Deno.test("SmtpPool uses one connection again for messages one after the other", async () => {
  for (const extensions of KINDS) {
    await using host = await startHost({ extensions });
    {
      await using pool = poolOf(host);
      for (let n = 0; n < 5; n++) {
        const result = await pool.sendMail(ENVELOPE, `${n}\r\n`);
        assertEquals(result.accepted, [BOB]);
      }
    }
    assertEquals(host.connections, 1);
    assertEquals(texts(host), ["0", "1", "2", "3", "4"]);
    assertEquals(verbs(host, "QUIT"), 1);
  }
});

Deno.test("SmtpPool has no more connections than it may, and as many", async () => {
  let live = 0;
  let most = 0;
  const { promise: three, resolve: haveThree } = Promise.withResolvers<void>();
  await using host = await startHost({
    async answer(command) {
      if (command.startsWith("MAIL")) most = Math.max(most, ++live);
      if (!isEnd(command)) return;
      if (live === 3) haveThree();
      await three;
      live--;
      return undefined;
    },
  });
  await using pool = poolOf(host, { maxConnections: 3 });
  await Promise.all(
    Array.from({ length: 30 }, (_, n) => pool.sendMail(ENVELOPE, `${n}`)),
  );
  assertEquals(most, 3);
  assertEquals(host.connections, 3);
  assertEquals(
    texts(host).map(Number).sort((a, b) => a - b),
    Array.from({ length: 30 }, (_, n) => n),
  );
});

Deno.test("SmtpPool sends in the order of the calls by one connection", async () => {
  await using host = await startHost({ extensions: KINDS[2]! });
  await using pool = poolOf(host, { maxConnections: 1 });
  await Promise.all(
    Array.from({ length: 20 }, (_, n) => pool.sendMail(ENVELOPE, `${n}`)),
  );
  assertEquals(texts(host), Array.from({ length: 20 }, (_, n) => `${n}`));
});

Deno.test("SmtpPool replaces a connection after maxMessages or the server's MAILMAX", async () => {
  for (
    const [extensions, maxMessages] of [
      [[], 2],
      [["LIMITS MAILMAX=2"], 100],
      [["LIMITS MAILMAX=50"], 2],
    ] as const
  ) {
    const perConnection: number[] = [];
    await using host = await startHost({
      extensions: [...extensions],
      answer(command, { number }) {
        if (command.startsWith("MAIL")) {
          perConnection[number] = (perConnection[number] ?? 0) + 1;
        }
      },
    });
    {
      await using pool = poolOf(host, { maxMessages, maxConnections: 1 });
      await Promise.all(
        Array.from({ length: 5 }, (_, n) => pool.sendMail(ENVELOPE, `${n}`)),
      );
    }
    assertEquals(perConnection.slice(1), [2, 2, 1]);
    assertEquals(verbs(host, "QUIT"), 3);
    assertEquals(host.messages.length, 5);
  }
});

for (const how of ["FIN", "421", "421 and FIN"]) {
  for (const extensions of KINDS) {
    Deno.test(`SmtpPool takes another connection after an idle one ended by ${how}, with [${extensions}]`, async () => {
      const { promise: gone, resolve: go } = Promise.withResolvers<void>();
      await using host = await startHost({
        extensions,
        onGone: (number) => number === 1 && go(),
        answer(command, conn) {
          if (conn.number > 1 || !isEnd(command)) return;
          if (how !== "421") conn.hangUp();
          return how === "FIN"
            ? "250 taken"
            : "250 taken\r\n421 4.4.2 You were idle";
        },
      });
      await using pool = poolOf(host);
      await pool.sendMail(ENVELOPE, "one");
      // The pool notices by itself.
      const noticed = how === "421" ? await settles(gone) : true;
      if (how !== "421") await gone;
      await pool.sendMail(ENVELOPE, "two");
      assertEquals(host.connections, 2);
      assertEquals(texts(host), ["one", "two"]);
      assert(noticed, "the connection was kept");
    });
  }
}

Deno.test("SmtpPool sends by another connection what met a 421 behind the last answer", async () => {
  for (const extensions of KINDS) {
    await using host = await startHost({
      extensions,
      answer(command, conn) {
        if (conn.number > 1 || !isEnd(command)) return;
        conn.hangUp();
        return "250 taken\r\n421 4.4.2 Enough";
      },
    });
    await using pool = poolOf(host, { maxConnections: 1 });
    // The second one waits already when the first one is answered.
    await Promise.all([
      pool.sendMail(ENVELOPE, "one"),
      pool.sendMail(ENVELOPE, "two"),
      pool.sendMail(ENVELOPE, "three"),
    ]);
    assertEquals(texts(host), ["one", "two", "three"]);
    assertEquals(host.connections, 2);
  }
});

for (const extensions of KINDS) {
  for (const verb of ["MAIL", "RCPT", "DATA"]) {
    for (const how of ["FIN", "421"]) {
      const bdat = extensions.includes("CHUNKING");
      // By BDAT all of it was sent by then, and only a 421 says that it is not
      // taken.
      if (bdat && (how === "FIN" || verb === "DATA")) continue;
      Deno.test(`SmtpPool sends by another connection what met ${how} at ${verb}, with [${extensions}]`, async () => {
        await using host = await startHost({
          extensions,
          answer(command, conn) {
            const meets = conn.number === 1 && conn.messages > 0 &&
              command.startsWith(verb);
            if (!meets) return;
            conn.hangUp();
            return how === "FIN" ? "" : "421 4.4.2 Bye";
          },
        });
        await using pool = poolOf(host, { maxConnections: 1 });
        await pool.sendMail(ENVELOPE, "one");
        const source = async function* (): AsyncGenerator<Uint8Array> {
          yield await Promise.resolve(utf8("two"));
        };
        // A source that can be read only once, too: nothing of it was lost.
        await pool.sendMail(ENVELOPE, source());
        await pool.sendMail(ENVELOPE, "three");
        assertEquals(texts(host), ["one", "two", "three"]);
        assertEquals(host.connections, 2);
      });
    }
  }
}

Deno.test("SmtpPool sends a large source by another connection only where nothing of it was taken", async () => {
  for (const extensions of [[], ["CHUNKING"], ["PIPELINING", "CHUNKING"]]) {
    for (const [verb, again] of [["RCPT", true], ["the content", false]]) {
      await using host = await startHost({
        extensions,
        answer(command, conn) {
          const content = command === "." || command === "BDAT 1048576";
          const meets = conn.number === 1 && conn.messages > 0 &&
            (verb === "RCPT" ? command.startsWith("RCPT") : content);
          if (!meets) return;
          conn.hangUp();
          return "";
        },
      });
      await using pool = poolOf(host, { maxConnections: 1 });
      await pool.sendMail(ENVELOPE, "one");
      let read = 0;
      const source = async function* (): AsyncGenerator<Uint8Array> {
        read++;
        for (let n = 0; n < 20; n++) {
          yield await Promise.resolve(utf8(LARGE));
        }
      };
      const sending = pool.sendMail(ENVELOPE, source());
      if (again) {
        await sending;
        assertEquals(host.connections, 2);
        assert(latin1(host.messages[1]!) === LARGE.repeat(20));
      } else {
        const error = await assertRejects(() => sending, ProtocolError);
        // By DATA the end had gone out, by BDAT only a part.
        assertEquals(
          error instanceof SmtpUncertainError,
          extensions.length === 0,
          `${error}`,
        );
        assertEquals(texts(host), ["one"]);
        // Nor was what is left of it begun to be sent.
        assertEquals(verbs(host, "MAIL"), 2);
      }
      assertEquals(read, 1);
    }
  }
});

Deno.test("SmtpPool never sends twice what may have been delivered", async () => {
  for (const extensions of KINDS) {
    await using host = await startHost({
      extensions,
      answer(command, conn) {
        if (conn.messages === 0 || conn.number > 1 || !isEnd(command)) return;
        conn.hangUp();
        return "";
      },
    });
    await using pool = poolOf(host, { maxConnections: 1 });
    const results = await Promise.allSettled(
      ["one", "two", "three"].map((one) => pool.sendMail(ENVELOPE, one)),
    );
    const uncertain = results.filter((one) =>
      one.status === "rejected" && one.reason instanceof SmtpUncertainError
    );
    assertEquals(uncertain.length, 1);
    const sent = host.commands.filter((one) => one.startsWith("MAIL"));
    assertEquals(sent.length, 3);
  }
});

Deno.test("SmtpPool tells apart a connection that was lost before it was written to", async () => {
  // The server hangs up while the source is being read: nothing was sent, and
  // the pool can know it.
  for (const how of ["FIN", "421"]) {
    for (const extensions of KINDS) {
      const { promise: hangUp, resolve } = Promise.withResolvers<void>();
      const { promise: gone, resolve: go } = Promise.withResolvers<void>();
      let connections = 0;
      await using server = await scriptedServer(async (conn) => {
        connections++;
        await greet(conn, extensions);
        const first = connections === 1;
        const bdat = extensions.includes("CHUNKING");
        const verbs = bdat
          ? ["MAIL", "RCPT", "BDAT"]
          : ["MAIL", "RCPT", "DATA"];
        for (const verb of verbs) {
          await conn.expect(new RegExp(`^${verb}`));
          if (verb === "DATA") await conn.write("354 go\r\n");
          else if (verb !== "BDAT") await conn.write("250 ok\r\n");
        }
        await conn.expect(/^(one|two)$/);
        if (!bdat) await conn.expect(".");
        await conn.write("250 taken\r\n");
        if (first) {
          await hangUp;
          if (how === "421") await conn.write("421 4.4.2 Bye\r\n");
          conn.close();
          return go();
        }
        await conn.expect("QUIT");
        await conn.write("221 bye\r\n");
      });
      await using pool = poolOf(server, { maxConnections: 1 });
      await pool.sendMail(ENVELOPE, "one");
      const source = async function* (): AsyncGenerator<Uint8Array> {
        resolve();
        await gone;
        await turns();
        yield utf8("two");
      };
      const result = await pool.sendMail(ENVELOPE, source())
        .catch((error) => error);
      assertEquals(
        result.accepted,
        [BOB],
        `${how} with [${extensions}]: ${result}`,
      );
      assertEquals(connections, 2);
    }
  }
});

Deno.test("SmtpPool does not ask for ever a server that ends each new connection", async () => {
  for (const extensions of KINDS) {
    await using host = await startHost({
      extensions,
      answer(command, conn) {
        if (!command.startsWith("MAIL")) return;
        conn.hangUp();
        return "421 4.3.2 Going down";
      },
    });
    await using pool = poolOf(host, { maxConnections: 2 });
    const results = await Promise.allSettled(
      ["one", "two", "three"].map((one) => pool.sendMail(ENVELOPE, one)),
    );
    for (const one of results) {
      assertEquals(one.status, "rejected");
      const { reason } = one as PromiseRejectedResult;
      assertInstanceOf(reason, SmtpError);
      assertEquals(reason.code, 421);
    }
    assertEquals(host.connections, 3);
  }
});

Deno.test("SmtpPool rejects all that wait where no connection can be made", async () => {
  let connections = 0;
  await using server = await scriptedServer(async (conn) => {
    connections++;
    await conn.write("554 5.7.1 You are not welcome\r\n");
  });
  await using pool = poolOf(server, { maxConnections: 2 });
  const results = await Promise.allSettled(
    Array.from({ length: 20 }, (_, n) => pool.sendMail(ENVELOPE, `${n}`)),
  );
  for (const one of results) {
    assertEquals(one.status, "rejected");
    const { reason } = one as PromiseRejectedResult;
    assertInstanceOf(reason, SmtpError);
    assertEquals(reason.code, 554);
  }
  assert(connections <= 2, `it connected ${connections} times`);
  // It tries again for a new message.
  const before = connections;
  await assertRejects(() => pool.sendMail(ENVELOPE, "new"), SmtpError);
  assertEquals(connections, before + 1);
});

Deno.test("SmtpPool rejects with what the system says where nobody listens", async () => {
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const { port } = listener.addr;
  listener.close();
  await using pool = poolOf({ hostname: "127.0.0.1", port });
  const results = await Promise.allSettled(
    Array.from({ length: 10 }, (_, n) => pool.sendMail(ENVELOPE, `${n}`)),
  );
  for (const one of results) {
    assertEquals(one.status, "rejected");
    assertInstanceOf(
      (one as PromiseRejectedResult).reason,
      Deno.errors.ConnectionRefused,
    );
  }
});

Deno.test("SmtpPool goes on by the connections it has where the server wants no more", async () => {
  let number = 0;
  let live = 0;
  const messages: string[] = [];
  await using server = await scriptedServer(async (conn) => {
    number++;
    if (live > 0) {
      await conn.write("421 4.7.0 Too many connections\r\n");
      return;
    }
    live++;
    await greet(conn);
    for (;;) {
      const line = await conn.readLine();
      if (line === undefined || line === "QUIT") break;
      if (line === "DATA") {
        await conn.write("354 go\r\n");
        messages.push((await conn.readLine())!);
        await conn.expect(".");
      }
      await conn.write("250 ok\r\n");
    }
    live--;
    await conn.write("221 bye\r\n");
  });
  await using pool = poolOf(server, { maxConnections: 4 });
  const all = Array.from({ length: 20 }, (_, n) => `${n}`);
  const results = await Promise.all(
    all.map((one) => pool.sendMail(ENVELOPE, one)),
  );
  assertEquals(results.length, 20);
  assertEquals(messages.toSorted(), all.toSorted());
  assert(number <= 4, `it connected ${number} times`);
});

Deno.test("SmtpPool gives a message whose connection failed to one that is idle", async () => {
  const { promise: refuse, resolve: doRefuse } = Promise.withResolvers<void>();
  const { promise: second, resolve: isSecond } = Promise.withResolvers<void>();
  let number = 0;
  const messages: string[] = [];
  await using server = await scriptedServer(async (conn) => {
    if (++number === 2) {
      isSecond();
      await refuse;
      await conn.write("421 4.7.0 Too many connections\r\n");
      return;
    }
    await greet(conn);
    for (;;) {
      const line = await conn.readLine();
      if (line === undefined || line === "QUIT") break;
      if (line === "DATA") {
        await conn.write("354 go\r\n");
        messages.push((await conn.readLine())!);
        await conn.expect(".");
        // The first is answered when the second connection is being made.
        await second;
      }
      await conn.write("250 ok\r\n");
    }
    await conn.write("221 bye\r\n");
  });
  const pool = poolOf(server, { maxConnections: 2, timeout: 5_000 });
  const one = pool.sendMail(ENVELOPE, "one");
  const two = pool.sendMail(ENVELOPE, "two");
  two.catch(() => {});
  await one;
  // Now the first connection is idle, and the second one fails.
  doRefuse();
  const inTime = await settles(two);
  // So that the test ends where it fails.
  if (!inTime) await pool.sendMail(ENVELOPE, "three");
  await two;
  await pool.close();
  assert(inTime, "the message waits beside an idle connection");
});

Deno.test("SmtpPool has all its connections again after a time without any", async () => {
  let down = true;
  let live = 0;
  let most = 0;
  const { promise: two, resolve: haveTwo } = Promise.withResolvers<void>();
  let stuck: () => void = () => {};
  const unstuck = new Promise<void>((resolve) => stuck = resolve);
  await using server = await scriptedServer(async (conn) => {
    if (down) return await conn.write("421 4.3.2 Down\r\n");
    await greet(conn);
    most = Math.max(most, ++live);
    if (live === 2) haveTwo();
    for (;;) {
      const line = await conn.readLine();
      if (line === undefined || line === "QUIT") break;
      if (line === "DATA") {
        await conn.write("354 go\r\n");
        await conn.readLine();
        await conn.expect(".");
        await Promise.race([two, unstuck]);
      }
      await conn.write("250 ok\r\n");
    }
    live--;
    await conn.write("221 bye\r\n");
  });
  await using pool = poolOf(server, { maxConnections: 2 });
  await Promise.allSettled(
    ["a", "b", "c"].map((one) => pool.sendMail(ENVELOPE, one)),
  );
  down = false;
  const sending = Promise.all(
    ["d", "e"].map((one) => pool.sendMail(ENVELOPE, one)),
  );
  await settles(sending);
  stuck();
  await sending;
  assertEquals(most, 2);
});

Deno.test("SmtpPool rejects what waits where the password is wrong, without trying it again and again", async () => {
  const secret = "hunter2-hunter2";
  let tries = 0;
  const traces: string[] = [];
  await using host = await startHost({
    extensions: ["AUTH PLAIN", "PIPELINING", "CHUNKING"],
    answer(command) {
      if (!command.startsWith("AUTH")) return;
      tries++;
      return `535 5.7.8 ${secret} is wrong`;
    },
  });
  await using pool = poolOf(host, {
    auth: { user: "ada", secret },
    maxConnections: 3,
    onTrace: ({ line }) => traces.push(line),
  });
  const results = await Promise.allSettled(
    Array.from({ length: 50 }, (_, n) => pool.sendMail(ENVELOPE, `${n}`)),
  );
  for (const one of results) {
    assertEquals(one.status, "rejected");
    const { reason } = one as PromiseRejectedResult;
    assertInstanceOf(reason, SmtpError);
    assertEquals([reason.code, reason.command], [535, "AUTH PLAIN ***"]);
    const shown = Deno.inspect(reason, { depth: 10 }) + reason.stack;
    for (
      const hidden of [secret, btoa(secret), btoa(`\0ada\0${secret}`)]
    ) {
      assert(!shown.includes(hidden));
      assert(!traces.join("\n").includes(hidden));
    }
  }
  assert(tries <= 3, `it was tried ${tries} times`);
  assertEquals(verbs(host, "MAIL"), 0);
});

Deno.test("SmtpPool signs in on each connection", async () => {
  await using host = await startHost({
    extensions: ["AUTH PLAIN"],
    answer: (command) =>
      command === `AUTH PLAIN ${btoa("\0ada\0secret")}`
        ? "235 2.7.0 Hello"
        : undefined,
  });
  await using pool = poolOf(host, {
    auth: { user: "ada", secret: "secret" },
    maxMessages: 1,
    maxConnections: 1,
  });
  for (let n = 0; n < 3; n++) await pool.sendMail(ENVELOPE, `${n}`);
  assertEquals(verbs(host, "AUTH"), 3);
  assertEquals(host.connections, 3);
});

Deno.test("SmtpPool rejects where there is no mechanism that fits, once and without a message", async () => {
  await using host = await startHost({ extensions: ["AUTH GSSAPI"] });
  await using pool = poolOf(host, { auth: { user: "ada", secret: "secret" } });
  await assertRejects(() => pool.sendMail(ENVELOPE, "x"), TypeError);
  assertEquals(verbs(host, "MAIL"), 0);
});

Deno.test("SmtpPool goes on by the same connection after a refusal", async () => {
  for (const extensions of KINDS) {
    await using host = await startHost({
      extensions,
      answer: (command) =>
        command.startsWith("RCPT TO:<nobody") ? "550 5.1.1 no" : undefined,
    });
    await using pool = poolOf(host, { maxConnections: 1 });
    const results = await Promise.allSettled([
      pool.sendMail(ENVELOPE, "one"),
      pool.sendMail({ from: ADA, to: "nobody@example.com" }, "two"),
      pool.sendMail({ ...ENVELOPE, requireTls: true }, "three"),
      pool.sendMail({ from: ADA, to: "x\r\n" }, "four"),
      pool.sendMail(ENVELOPE, 5 as unknown as string),
      pool.sendMail(ENVELOPE, "six"),
    ]);
    assertEquals(
      results.map((one) =>
        one.status === "rejected" ? one.reason.name : "sent"
      ),
      ["sent", "SmtpError", "SmtpError", "TypeError", "TypeError", "sent"],
    );
    assertEquals(texts(host), ["one", "six"]);
    assertEquals(host.connections, 1);
  }
});

Deno.test("SmtpPool loses one connection by a source that fails in DATA, and goes on", async () => {
  await using host = await startHost();
  await using pool = poolOf(host, { maxConnections: 1 });
  const source = async function* (): AsyncGenerator<Uint8Array> {
    yield await Promise.resolve(utf8(LARGE));
    throw new RangeError("no disk");
  };
  await pool.sendMail(ENVELOPE, "one");
  const [failed, sent] = await Promise.allSettled([
    pool.sendMail(ENVELOPE, source()),
    pool.sendMail(ENVELOPE, "two"),
  ]);
  assertEquals(
    (failed as PromiseRejectedResult).reason.message,
    "no disk",
  );
  assertEquals(sent.status, "fulfilled");
  assertEquals(texts(host), ["one", "two"]);
});

Deno.test("close() waits for all messages, then says QUIT on every connection", async () => {
  const { promise: go, resolve: release } = Promise.withResolvers<void>();
  await using host = await startHost({
    async answer(command) {
      if (isEnd(command)) await go;
      return undefined;
    },
  });
  const pool = poolOf(host, { maxConnections: 2 });
  const sending = ["one", "two", "three", "four"].map((one) =>
    pool.sendMail(ENVELOPE, one)
  );
  const closing = pool.close();
  assertEquals(pool.close(), closing);
  const late = await assertRejects(
    () => pool.sendMail(ENVELOPE, "late"),
    DOMException,
  );
  assertEquals(late.name, "InvalidStateError");
  assertEquals(await settles(closing), false);
  release();
  await closing;
  await Promise.all(sending);
  await pool.close();
  await pool[Symbol.asyncDispose]();
  assertEquals(host.messages.length, 4);
  assertEquals(verbs(host, "QUIT"), 2);
});

Deno.test("close() of a pool without connections resolves at once", async () => {
  await using host = await startHost();
  await poolOf(host).close();
  const pool = poolOf(host);
  await pool.sendMail(ENVELOPE, "x");
  await pool.close();
  assertEquals(host.connections, 1);
});

Deno.test("close() does not reject where the messages do", async () => {
  await using host = await startHost({
    answer: (command) => command.startsWith("MAIL") ? "550 no" : undefined,
  });
  const pool = poolOf(host);
  const sending = pool.sendMail(ENVELOPE, "x");
  await Promise.all([
    assertRejects(() => sending, SmtpError),
    pool.close(),
  ]);
});

for (const at of ["the greeting", "AUTH", "the source", "the message"]) {
  Deno.test(`disposing a pool does not complete what is at ${at}, nor send what waits`, async () => {
    const { promise: under, resolve: isUnder } = Promise.withResolvers<void>();
    const { promise: go, resolve: release } = Promise.withResolvers<void>();
    const heard: string[] = [];
    await using server = await scriptedServer(async (conn) => {
      if (at === "the greeting") {
        isUnder();
        await go;
      }
      await conn.write("220 host ready\r\n");
      for (;;) {
        const line = await conn.readLine();
        if (line === undefined) return;
        heard.push(line);
        const reached = at === "AUTH" ? line.startsWith("AUTH") : line === ".";
        if (reached) isUnder();
        else if (line.startsWith("EHLO")) {
          await conn.write("250-host\r\n250 AUTH PLAIN\r\n");
        } else if (line !== "one") {
          await conn.write(line === "DATA" ? "354 go\r\n" : "250 ok\r\n");
        }
      }
    });
    const pool = poolOf(server, {
      auth: { user: "ada", secret: "secret" },
      maxConnections: 1,
    });
    const source = async function* (): AsyncGenerator<Uint8Array> {
      yield utf8("one");
      isUnder();
      await go;
    };
    const sending = [
      pool.sendMail(ENVELOPE, at === "the source" ? source() : "one"),
      pool.sendMail(ENVELOPE, at === "the source" ? source() : "two"),
    ];
    for (const one of sending) one.catch(() => {});
    await under;
    await pool[Symbol.asyncDispose]();
    release();
    for (const one of sending) {
      const error = await assertRejects(() => one, DOMException);
      assertEquals(error.name, "InvalidStateError");
    }
    assert(!heard.includes("QUIT"));
    assertEquals(
      heard.filter((one) => one === "."),
      at === "the message" ? ["."] : [],
    );
  });
}

Deno.test("disposing a pool says QUIT on connections that are idle", async () => {
  await using host = await startHost();
  {
    await using pool = poolOf(host);
    await Promise.all(["a", "b"].map((one) => pool.sendMail(ENVELOPE, one)));
  }
  assertEquals(verbs(host, "QUIT"), host.connections);
});

Deno.test("sendMail() of a pool aborted while it waits is not sent, and the others are", async () => {
  const { promise: go, resolve: release } = Promise.withResolvers<void>();
  await using host = await startHost({
    async answer(command) {
      if (isEnd(command)) await go;
      return undefined;
    },
  });
  await using pool = poolOf(host, { maxConnections: 1 });
  const one = pool.sendMail(ENVELOPE, "one");
  const controller = new AbortController();
  const { signal } = controller;
  const two = pool.sendMail(ENVELOPE, "two", { signal });
  const three = pool.sendMail(ENVELOPE, "three");
  controller.abort(new RangeError("stop"));
  await assertRejects(() => two, RangeError, "stop");
  await assertRejects(
    () => pool.sendMail(ENVELOPE, "four", { signal }),
    RangeError,
    "stop",
  );
  release();
  await Promise.all([one, three]);
  assertEquals(texts(host), ["one", "three"]);
});

Deno.test("sendMail() of a pool aborted while its connection is being made rejects at once", async () => {
  for (const at of ["the greeting", "AUTH"]) {
    const { promise: under, resolve: isUnder } = Promise.withResolvers<void>();
    const { promise: go, resolve: release } = Promise.withResolvers<void>();
    await using server = await scriptedServer(async (conn) => {
      if (at === "the greeting") {
        isUnder();
        await go;
      }
      await greet(conn, ["AUTH PLAIN"]);
      await conn.expect(/^AUTH/);
      if (at === "AUTH") {
        isUnder();
        await go;
      }
      await conn.write("235 ok\r\n");
      await conn.expect("QUIT");
      await conn.write("221 bye\r\n");
    });
    const pool = poolOf(server, { auth: { user: "ada", secret: "secret" } });
    const controller = new AbortController();
    const sending = pool.sendMail(ENVELOPE, "x", {
      signal: controller.signal,
    });
    sending.catch(() => {});
    await under;
    controller.abort(new RangeError("stop"));
    const inTime = await settles(sending);
    release();
    await assertRejects(() => sending, RangeError, "stop");
    await pool.close();
    assert(inTime, `aborted at ${at} it went on waiting`);
  }
});

Deno.test("sendMail() of a pool aborted on its way rejects with the reason, and the pool goes on", async () => {
  for (const extensions of KINDS) {
    const controller = new AbortController();
    await using host = await startHost({
      extensions,
      answer(command, { number }) {
        if (number > 1 || !isEnd(command)) return;
        controller.abort(new RangeError("stop"));
        return "";
      },
    });
    await using pool = poolOf(host, { maxConnections: 1 });
    const one = pool.sendMail(ENVELOPE, "one", { signal: controller.signal });
    const two = pool.sendMail(ENVELOPE, "two");
    await assertRejects(() => one, RangeError, "stop");
    await two;
    assertEquals(host.connections, 2);
  }
});

Deno.test("sendMail() of a pool aborted while its source stalls rejects at once", async () => {
  for (const extensions of KINDS) {
    for (const begun of [false, true]) {
      await using host = await startHost({ extensions });
      const pool = poolOf(host, { maxConnections: 1 });
      const { promise: under, resolve: isUnder } = Promise
        .withResolvers<void>();
      const { promise: go, resolve: release } = Promise.withResolvers<void>();
      let left = false;
      const source = async function* (): AsyncGenerator<Uint8Array> {
        try {
          yield utf8(begun ? LARGE : "begun");
          isUnder();
          await go;
          yield utf8("more");
        } finally {
          left = true;
        }
      };
      const controller = new AbortController();
      const sending = pool.sendMail(ENVELOPE, source(), {
        signal: controller.signal,
      });
      sending.catch(() => {});
      await under;
      controller.abort(new RangeError("stop"));
      const inTime = await settles(sending);
      release();
      await assertRejects(() => sending, RangeError, "stop");
      assert(inTime, `it waited for the source, with [${extensions}]`);
      await pool.sendMail(ENVELOPE, "next");
      await pool.close();
      await turns();
      assert(left, "the source was not told");
      assertEquals(texts(host), ["next"]);
    }
  }
});

Deno.test("aborting the pool's signal rejects everything and closes", async () => {
  for (const at of ["idle", "connecting", "AUTH", "the message"]) {
    const controller = new AbortController();
    const reason = new RangeError("stop");
    const { promise: under, resolve: isUnder } = Promise.withResolvers<void>();
    const { promise: go, resolve: release } = Promise.withResolvers<void>();
    await using server = await scriptedServer(async (conn) => {
      if (at === "connecting") {
        isUnder();
        await go;
      }
      await conn.write("220 host ready\r\n");
      for (;;) {
        const line = await conn.readLine();
        if (line === undefined) return;
        if (line.startsWith("AUTH") && at === "AUTH") {
          isUnder();
          await go;
        }
        if (line === "." && at === "the message") isUnder();
        else if (line.startsWith("EHLO")) {
          await conn.write("250-host\r\n250 AUTH PLAIN\r\n");
        } else if (line !== "one") {
          await conn.write(line === "DATA" ? "354 go\r\n" : "250 ok\r\n");
        }
      }
    });
    const pool = poolOf(server, {
      auth: { user: "ada", secret: "secret" },
      maxConnections: 1,
      signal: controller.signal,
    });
    const one = pool.sendMail(ENVELOPE, "one");
    const two = at === "idle" ? undefined : pool.sendMail(ENVELOPE, "two");
    one.catch(() => {});
    two?.catch(() => {});
    if (at === "idle") await one;
    else await under;
    controller.abort(reason);
    const inTime = await settles(one);
    release();
    if (at !== "idle") {
      assertEquals(await assertRejects(() => one), reason, at);
      assertEquals(await assertRejects(() => two!), reason, at);
    }
    assertEquals(
      await assertRejects(() => pool.sendMail(ENVELOPE, "three")),
      reason,
    );
    await pool.close();
    assert(inTime, `aborted at ${at} it went on waiting`);
  }
});

Deno.test("a pool whose signal is aborted already sends nothing", async () => {
  await using host = await startHost();
  const signal = AbortSignal.abort(new RangeError("no"));
  const pool = poolOf(host, { signal });
  await assertRejects(() => pool.sendMail(ENVELOPE, "x"), RangeError, "no");
  await pool.close();
  assertEquals(host.connections, 0);
});

Deno.test("SmtpPool gives up a server that is silent", async () => {
  await using server = await scriptedServer((conn) => conn.hang());
  await using pool = poolOf(server, { timeout: 100, maxConnections: 2 });
  const results = await Promise.allSettled(
    ["one", "two", "three"].map((one) => pool.sendMail(ENVELOPE, one)),
  );
  for (const one of results) {
    assertEquals(
      (one as PromiseRejectedResult).reason.name,
      "TimeoutError",
    );
  }
});

Deno.test("an idle connection of a pool does not run out of time", async () => {
  await using host = await startHost();
  await using pool = poolOf(host, { timeout: 100 });
  await pool.sendMail(ENVELOPE, "one");
  // Longer than the time-out, in which nothing is waited for.
  await new Promise((resolve) => setTimeout(resolve, 300));
  await pool.sendMail(ENVELOPE, "two");
  assertEquals(host.connections, 1);
});

Deno.test("SmtpPool delivers everything exactly once by a server that ends connections at random", async () => {
  for (const extensions of KINDS) {
    let count = 0;
    await using host = await startHost({
      extensions,
      answer(command, conn) {
        // A refusal that says that nothing was taken, at every possible place.
        if (conn.messages === 0 || ++count % 7 !== 0) return;
        if (command === "QUIT" || isEnd(command)) return;
        conn.hangUp();
        return "421 4.3.2 Restarting";
      },
    });
    await using pool = poolOf(host, { maxConnections: 3, maxMessages: 10 });
    const all = Array.from({ length: 60 }, (_, n) => `${n}`);
    await Promise.all(all.map((one) => pool.sendMail(ENVELOPE, one)));
    assertEquals(texts(host).toSorted(), all.toSorted());
  }
});
