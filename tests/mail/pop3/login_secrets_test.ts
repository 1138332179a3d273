import {
  assert,
  assertEquals,
  assertFalse,
  assertInstanceOf,
  assertRejects,
} from "jsr:@std/assert@^1.0.0";
import { TlsBridge } from "../../../_wire/tls_bridge.ts";
import {
  type ClientOptions,
  type Pop3Client,
  Pop3Error,
  ProtocolError,
} from "../../../mail/pop3/mod.ts";
import { createAuthority } from "../../_support/certificates.ts";
import type { ScriptedConn } from "../../_support/scripted_server.ts";
import {
  b64,
  bye,
  capa,
  failureOf,
  hidden,
  md5,
  open,
  READY,
  scripted,
  SECRET,
  shown,
  STAMP,
  startHost,
  TOKEN,
  tried,
  USER,
} from "./script.ts";

// --- secrets that are repeated ----------------------------------------------

const REPEATED: [
  string,
  (pop3: Pop3Client) => Promise<unknown>,
  (line: string) => string,
][] = [
  ["PASS", (pop3) => pop3.pass(SECRET), (line) => line],
  ["PASS", (pop3) => pop3.login(USER, SECRET), (line) => line.slice(5)],
  [
    "AUTH PLAIN",
    (pop3) => pop3.login(USER, SECRET, { mechanism: "PLAIN" }),
    (line) => line,
  ],
  [
    "AUTH PLAIN",
    (pop3) => pop3.login(USER, SECRET, { mechanism: "PLAIN" }),
    () => SECRET,
  ],
  [
    "AUTH XOAUTH2",
    (pop3) => pop3.login(USER, TOKEN),
    (line) => `${line} ${TOKEN.accessToken}`,
  ],
];

for (const [verb, call, repeat] of REPEATED) {
  Deno.test(`what is repeated of ${verb} shows in no error and no trace`, async () => {
    for (const lead of ["-ERR ", "-ERR [AUTH] no: ", "+OK ", "", "+ ", "-"]) {
      await using host = await startHost((line) =>
        line === "CAPA"
          ? verb === "PASS" ? undefined : "+OK\r\nSASL PLAIN XOAUTH2\r\n.\r\n"
          : line.startsWith(verb)
          ? lead + repeat(line) + "\r\n"
          : undefined
      );
      const lines: string[] = [];
      const pop3 = await open(host, {
        onTrace: ({ line }) => lines.push(line),
      });
      const error = await call(pop3).catch((error) => error);
      assertEquals(error instanceof Error, lead !== "+OK ", lead);
      const all = [shown(error), String(error), ...lines].join("\n");
      for (const one of [...hidden(SECRET), ...hidden(TOKEN)]) {
        assertFalse(all.includes(one), `${one} shows in ${all}`);
      }
      pop3.close();
    }
  });
}

Deno.test("what is repeated of APOP shows in no error and no trace", async () => {
  for (const lead of ["-ERR unknown: ", "+OK ", "oops "]) {
    const digest = md5(STAMP + SECRET);
    await using host = await startHost(
      (line) => line.startsWith("APOP") ? `${lead}${line}\r\n` : undefined,
      READY,
    );
    const lines: string[] = [];
    const pop3 = await open(host, { onTrace: ({ line }) => lines.push(line) });
    const error = await pop3.apop(USER, SECRET).catch((error) => error);
    const all = [shown(error), ...lines].join("\n");
    assertFalse(all.includes(digest), `${digest} shows in ${all}`);
    pop3.close();
  }
});

Deno.test("a password in brackets shows in no code", async () => {
  for (const secret of ["XYZZY", "xyzzy"]) {
    await using host = await startHost((line) =>
      line.startsWith("PASS") ? `-ERR [${secret}] no\r\n` : undefined
    );
    await using pop3 = await open(host);
    const error = await failureOf(pop3.pass(secret));
    assertInstanceOf(error, Pop3Error);
    assertFalse(/xyzzy/i.test(shown(error)), error.code);
  }
});

Deno.test("a password shows in no later answer either", async () => {
  for (const mechanism of ["USER", "PLAIN"]) {
    await using host = await startHost((line) =>
      line === "CAPA"
        ? "+OK\r\nSASL PLAIN\r\n.\r\n"
        : line === "NOOP"
        ? `-ERR not for ${SECRET}\r\n`
        : undefined
    );
    const lines: string[] = [];
    await using pop3 = await open(host, {
      onTrace: ({ line }) => lines.push(line),
    });
    await pop3.login(USER, SECRET, { mechanism });
    const error = await failureOf(pop3.noop());
    assertFalse(shown(error).includes(SECRET), `${error}`);
    assertFalse(lines.join("\n").includes(SECRET));
  }
});

Deno.test("a password that looks like data changes none", async () => {
  await using host = await startHost((line) =>
    line === "CAPA"
      ? "+OK\r\nSASL PLAIN\r\n.\r\n"
      : line === "STAT"
      ? "+OK 3 12345678\r\n"
      : line === "UIDL 1"
      ? "+OK 1 x12345y\r\n"
      : undefined
  );
  await using pop3 = await open(host);
  await pop3.login(USER, "12345");
  assertEquals(await pop3.uidl(1), { number: 1, uid: "x12345y" });
  assertEquals(await pop3.stat(), { count: 3, size: 12345678 });
});

Deno.test("an empty or tiny password garbles nothing", async () => {
  const calls = [
    (pop3: Pop3Client, secret: string) => pop3.login(USER, secret),
    (pop3: Pop3Client, secret: string) => pop3.apop(USER, secret),
    (pop3: Pop3Client, secret: string) => pop3.pass(secret),
  ];
  for (const secret of ["", "O", "K", "+", " "]) {
    for (const call of calls) {
      await using host = await startHost(
        (line) =>
          /^(PASS|APOP)/.test(line) ? "-ERR [IN-USE] OK +x\r\n" : undefined,
        READY,
      );
      const lines: string[] = [];
      await using pop3 = await open(host, {
        onTrace: ({ line }) => lines.push(line),
      });
      const error = await failureOf(call(pop3, secret));
      assertInstanceOf(error, Pop3Error, `${error}`);
      assertEquals(error.code, "IN-USE");
      await pop3.noop();
      assertEquals(lines.slice(-2), ["NOOP", "+OK"]);
    }
  }
});

// --- a server that breaks the exchange --------------------------------------

Deno.test("login() leaves a server that asks once more than it may", async () => {
  for (const mechanism of ["PLAIN", "LOGIN", "CRAM-MD5", "SCRAM-SHA-256"]) {
    await using one = await tried(async (conn) => {
      await capa(conn, `SASL ${mechanism}`);
      for (let line = await conn.readLine(); line !== undefined;) {
        await conn.write(`+ ${b64("again")}\r\n`);
        line = await conn.readLine();
      }
    }, (pop3) => pop3.login(USER, SECRET));
    assertInstanceOf(one.error, ProtocolError, mechanism);
    await failureOf(one.pop3.noop());
  }
});

Deno.test("login() leaves a server whose challenge is no base64", async () => {
  for (const challenge of ["?", "a", "QQ=", "\u00fc", "QQ==QQ=="]) {
    await using one = await tried(async (conn) => {
      await capa(conn, "SASL LOGIN");
      await conn.expect("AUTH LOGIN");
      await conn.write(`+ ${challenge}\r\n`);
      assertEquals(await conn.readLine(), undefined);
    }, (pop3) => pop3.login(USER, SECRET));
    assertInstanceOf(one.error, ProtocolError, challenge);
  }
});

Deno.test("login() can be tried again after a refusal", async () => {
  let refusals = 0;
  await using host = await startHost((line) =>
    line.startsWith("PASS") && refusals++ < 1 ? "-ERR [AUTH] no\r\n" : undefined
  );
  await using pop3 = await open(host);
  await assertRejects(() => pop3.login(USER, "wrong"), Pop3Error, "[AUTH] no");
  await pop3.login(USER, SECRET);
  assertEquals(host.commands.filter((one) => one === "CAPA").length, 1);
  await pop3.capabilities();
  assertEquals(host.commands.at(-1), "CAPA");
});

// --- APOP's timestamp -------------------------------------------------------

Deno.test("apop() takes a timestamp that is a message id, and nothing like it", async () => {
  for (
    const [greeting, stamp] of [
      ["+OK <1.2@x>", "<1.2@x>"],
      ["+OK hi <1.2@x> there", "<1.2@x>"],
      ["+OK <no> <1.2@x>", "<1.2@x>"],
      ["+OK <<1.2@x>>", "<1.2@x>"],
      ["+OK <!#$%&'*+-/=?^_`{|}~@[::1]>", "<!#$%&'*+-/=?^_`{|}~@[::1]>"],
      ["+OK", undefined],
      ["+OK <>", undefined],
      ["+OK <1.2>", undefined],
      ["+OK <1@2@3>", undefined],
      ["+OK <a b@c>", undefined],
      ["+OK <a\x01@c>", undefined],
      ["+OK <a\x7f@c>", undefined],
      ["+OK <\u00fc@c>", undefined],
      ["+OK <a@b", undefined],
      ["+OK a@b>", undefined],
    ]
  ) {
    await using host = await startHost(() => undefined, greeting);
    await using pop3 = await open(host);
    const call = pop3.apop(USER, SECRET);
    if (stamp === undefined) {
      assertInstanceOf(await failureOf(call), TypeError, greeting);
      assertEquals(host.commands, []);
    } else {
      await call;
      assertEquals(host.commands, [`APOP ${USER} ${md5(stamp + SECRET)}`]);
    }
  }
});

Deno.test("apop() prepares a password beyond ASCII", async () => {
  await using host = await startHost(() => undefined, READY);
  await using pop3 = await open(host);
  await pop3.apop(USER, "I\u00adX \u2168");
  assertEquals(host.commands, [`APOP ${USER} ${md5(STAMP + "IX IX")}`]);
});

// --- TLS --------------------------------------------------------------------

Deno.test("connect() takes nothing for the answer to STLS but +OK", async () => {
  for (const words of ["-ERR no", "+ go", "ok", "", "+OKAY", "220 go"]) {
    await using host = await startHost((line) =>
      line === "STLS" ? words + "\r\n" : undefined
    );
    const error = await failureOf(open(host, { tls: "starttls" }));
    assert(error instanceof Pop3Error || error instanceof ProtocolError);
    assertEquals(host.commands, ["STLS"]);
  }
});

Deno.test("connect() takes no plaintext for part of the secure session", async () => {
  for (const extra of ["+OK injected\r\n", "-", "\r\n", "\x16\x03\x01"]) {
    await using host = await startHost((line) =>
      line === "STLS" ? "+OK\r\n" + extra : undefined
    );
    const error = await failureOf(open(host, { tls: "starttls" }));
    assertInstanceOf(error, ProtocolError, JSON.stringify(extra));
  }
  // In front of the answer it is found out too.
  await using early = await startHost(() => "+OK\r\n", "+OK\r\n+OK early");
  const error = await failureOf(open(early, { tls: "starttls" }));
  assertInstanceOf(error, ProtocolError);
  assertEquals(early.commands, []);
});

Deno.test("connect() makes nothing of a server that speaks no TLS after STLS", async () => {
  await using server = await scripted(async (conn) => {
    await conn.expect("STLS");
    await conn.write("+OK\r\n");
    await conn.readBytes(1);
    await conn.write("+OK I would rather not\r\n");
  });
  await failureOf(open(server, { tls: "starttls" }));
  await using silent = await startHost((line) => line === "STLS" ? "" : "+OK");
  const error = await failureOf(
    open(silent, { tls: "starttls", timeout: 500 }),
  );
  assertEquals(error.name, "TimeoutError");
});

/** A server with STLS that goes on inside TLS. */
async function secureServer(script: (conn: ScriptedConn) => Promise<void>) {
  const authority = await createAuthority();
  const bridge = new TlsBridge(await authority.issue());
  const server = await scripted(async (conn) => {
    await conn.expect("STLS");
    await conn.write("+OK\r\n");
    await conn.upgradeTls(bridge);
    await script(conn);
  }, READY);
  const options: Partial<ClientOptions> = {
    tls: "starttls",
    tlsOptions: { caCerts: [authority.caPem] },
  };
  return {
    open: () => open(server, options),
    async [Symbol.asyncDispose]() {
      await server[Symbol.asyncDispose]();
      await bridge[Symbol.asyncDispose]();
    },
  };
}

Deno.test("login() asks for the capabilities inside TLS", async () => {
  await using server = await secureServer(async (conn) => {
    await capa(conn, "SASL PLAIN");
    await conn.expect(/^AUTH PLAIN /);
    await conn.write("+OK\r\n");
    await bye(conn);
  });
  await using pop3 = await server.open();
  assert(pop3.secure);
  await pop3.login(USER, SECRET);
});

// --- without TLS ------------------------------------------------------------

for (const allowInsecureAuth of [false, true]) {
  const how = allowInsecureAuth ? "with" : "without";
  Deno.test(`passwords and tokens go in the clear only ${how} allowInsecureAuth, digests always`, async () => {
    const calls: [string, boolean, (pop3: Pop3Client) => Promise<unknown>][] = [
      ["PASS", true, (pop3) => pop3.pass(SECRET)],
      ["APOP", false, (pop3) => pop3.apop(USER, SECRET)],
      ...["PLAIN", "LOGIN", "USER", "CRAM-MD5", "SCRAM-SHA-1", "APOP"]
        .map((mechanism): typeof calls[number] => [
          mechanism,
          ["PLAIN", "LOGIN", "USER"].includes(mechanism),
          (pop3) => pop3.login(USER, SECRET, { mechanism }),
        ]),
      ["XOAUTH2", true, (pop3) => pop3.login(USER, TOKEN)],
    ];
    for (const [name, shows, call] of calls) {
      await using host = await startHost(
        (line) =>
          line === "CAPA"
            ? "+OK\r\nSASL PLAIN LOGIN CRAM-MD5 SCRAM-SHA-1 XOAUTH2\r\n.\r\n"
            : /^(AUTH|APOP|USER|PASS)/.test(line)
            ? "-ERR [AUTH] no\r\n"
            : undefined,
        READY,
      );
      await using pop3 = await openFromAfar(host, { allowInsecureAuth });
      const error = await failureOf(call(pop3));
      const refused = shows && !allowInsecureAuth;
      if (refused) assertInstanceOf(error, TypeError, name);
      else assertInstanceOf(error, Pop3Error, name);
      assertEquals(
        host.commands.some((one) => /^(AUTH|APOP|USER|PASS)/.test(one)),
        !refused,
        name,
      );
    }
  });
}

Deno.test("login() does not show a password where APOP would do", async () => {
  await using host = await startHost(
    (line) => line === "CAPA" ? "+OK\r\nSASL PLAIN\r\n.\r\n" : undefined,
    READY,
  );
  await using pop3 = await openFromAfar(host, { allowInsecureAuth: true });
  await pop3.login(USER, SECRET);
  assert(host.commands.at(-1)!.startsWith("APOP"), host.commands.at(-1));
});

/** The same connection, with the address of somebody far away. */
async function openFromAfar(
  server: { hostname: string; port: number },
  options: Partial<ClientOptions>,
): Promise<Pop3Client> {
  const real = Deno.connect;
  Deno.connect =
    (async (options: Deno.ConnectOptions) =>
      new Proxy(await real(options), {
        get(target, key) {
          if (key === "remoteAddr") {
            return { ...target.remoteAddr, hostname: "192.0.2.1" };
          }
          const value = Reflect.get(target, key, target);
          return typeof value === "function" ? value.bind(target) : value;
        },
      })) as typeof Deno.connect;
  try {
    return await open(server, options);
  } finally {
    Deno.connect = real;
  }
}
