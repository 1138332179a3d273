import {
  assert,
  assertEquals,
  assertFalse,
  assertInstanceOf,
  assertRejects,
  assertStringIncludes,
} from "jsr:@std/assert@^1.0.0";
import { createHmac } from "node:crypto";
import {
  type ClientOptions,
  type NntpClient,
  NntpError,
  ProtocolError,
  type SaslSecret,
} from "../../news/mod.ts";
import type { ScriptedConn } from "../_support/scripted_server.ts";
import { NntpServer } from "../servers/nntp_server.ts";
import {
  b64,
  block,
  bye,
  failureOf,
  open,
  scripted,
  shown,
  startHost,
  unb64,
} from "./script.ts";

const USER = "ada";
const SECRET = "tanstaaf, or=not?";
const TOKEN = { accessToken: "ya29.a0AfB_byC-token~+/==" };

/** Takes CAPABILITIES and says what the server can. */
async function can(conn: ScriptedConn, ...lines: string[]): Promise<void> {
  await conn.expect("CAPABILITIES");
  await conn.write(block("101 can", "VERSION 2", "READER", ...lines));
}

/** All texts that must never be seen. */
function hidden(secret: SaslSecret): string[] {
  const bare = typeof secret === "string" ? secret : secret.accessToken;
  return [
    bare,
    b64(bare),
    b64(`\0${USER}\0${bare}`),
    b64(`user=${USER}\x01auth=Bearer ${bare}\x01\x01`),
  ];
}

interface Tried extends AsyncDisposable {
  nntp: NntpClient;
  error: unknown;
  lines: string[];
}

/** Signs in at a scripted server; what shows is looked at in any case. */
async function tryLogin(
  script: (conn: ScriptedConn) => Promise<void>,
  secret: SaslSecret = SECRET,
  o: Partial<ClientOptions> & { mechanism?: string; user?: string } = {},
): Promise<Tried> {
  const server = await scripted(script);
  const lines: string[] = [];
  const { mechanism, user = USER, ...options } = o;
  const nntp = await open(server, {
    reader: false,
    onTrace: ({ direction, line }) =>
      lines.push(`${direction === "send" ? ">" : "<"} ${line}`),
    ...options,
  });
  const error = await nntp.login(user, secret, { mechanism })
    .then(() => undefined, (error) => error);
  const all = shown(error) + "\n" + lines.join("\n");
  for (const one of hidden(secret)) {
    assertFalse(all.includes(one), `${JSON.stringify(one)} shows in ${all}`);
  }
  return {
    nntp,
    error,
    lines,
    async [Symbol.asyncDispose]() {
      await nntp[Symbol.asyncDispose]();
      await server[Symbol.asyncDispose]();
    },
  };
}

// --- the ways in --------------------------------------------------------

Deno.test("login() takes USER and PASS, else the strongest mechanism, and nothing after it", async () => {
  for (
    const [without, said] of [
      [[], "AUTHINFO USER ada"],
      [["AUTHINFO USER"], "AUTHINFO SASL SCRAM-SHA-256 ***"],
      [["AUTHINFO USER", "SASL SCRAM-SHA-256"], "AUTHINFO SASL PLAIN ***"],
    ] as const
  ) {
    for (const password of ["secret", "guessed it"]) {
      await using server = await NntpServer.start({
        without: [...without],
        authRequired: true,
        groups: { g: {} },
      });
      await using nntp = await open(server);
      const error = await nntp.login("ada", password).catch((error) => error);
      if (password === "secret") {
        assertEquals(error, undefined);
        assert(nntp.canPost);
        await nntp.group("g");
      } else assertEquals((error as NntpError).code, 481);
      const ways = server.commands.filter((one) =>
        /^AUTHINFO (USER|SASL)/.test(one)
      );
      assertEquals(ways, [said]);
    }
  }
});

Deno.test("login() signs in by the mechanism that is asked for", async () => {
  for (const mechanism of ["USER", "user", "PLAIN", "plain", "SCRAM-SHA-256"]) {
    await using server = await NntpServer.start();
    await using nntp = await open(server);
    await nntp.login("ada", "secret", { mechanism });
    assertStringIncludes(server.commands.join(), mechanism.toUpperCase());
  }
});

Deno.test("login() refuses mechanisms that are none, or do not fit", async () => {
  await using server = await NntpServer.start();
  await using nntp = await open(server);
  for (
    const [mechanism, secret] of [
      ["CRAM-MD5", "secret"],
      ["GSSAPI", "secret"],
      ["", "secret"],
      ["toString", "secret"],
      ["USER", TOKEN],
      ["PLAIN", TOKEN],
      [undefined, TOKEN],
      ["XOAUTH2", TOKEN],
    ] as const
  ) {
    const error = await failureOf(nntp.login("ada", secret, { mechanism }));
    assertInstanceOf(error, TypeError, `${mechanism}: ${error}`);
  }
  assertFalse(server.commands.some((one) => one.startsWith("AUTHINFO")));
  await nntp.date();
});

Deno.test("login() by USER needs no password where the server wants none", async () => {
  await using tried = await tryLogin(async (conn) => {
    await can(conn, "AUTHINFO USER");
    await conn.expect("AUTHINFO USER ada");
    await conn.write("281 I know you\r\n");
    await can(conn, "POST");
    await bye(conn);
  });
  assertEquals(tried.error, undefined);
  assert(tried.nntp.canPost);
});

Deno.test("login() on a server from before RFC 4643 is by USER and PASS", async () => {
  await using server = await NntpServer.start({
    old: true,
    authRequired: true,
  });
  await using nntp = await open(server);
  const error = await failureOf(nntp.login("ada", "wrong"));
  assertEquals((error as NntpError).code, 482);
  await nntp.login("ada", "secret");
  await nntp.help();
});

Deno.test("login() sends names and passwords as they are", async () => {
  for (
    const [user, password] of [
      ["Ada Lovelace", " two  words "],
      ["grüße", "世界"],
      ["=,", "=,="],
    ] as const
  ) {
    await using server = await NntpServer.start({
      users: { [user]: password },
    });
    for (const mechanism of ["USER", "PLAIN", "SCRAM-SHA-256"]) {
      await using nntp = await open(server);
      await nntp.login(user, password, { mechanism });
    }
  }
});

Deno.test("login() refuses what a mechanism cannot send, and the client is usable", async () => {
  for (
    const [name, user, secret] of [
      ["SCRAM-SHA-256", "a\tb", "secret"],
      ["SCRAM-SHA-256", "ada", "\x07"],
      ["PLAIN", "a\x01b", "secret"],
    ] as const
  ) {
    await using host = await startHost(undefined, {
      capabilities: block("101 can", "READER", "AUTHINFO SASL", `SASL ${name}`),
    });
    await using nntp = await open(host);
    assertInstanceOf(await failureOf(nntp.login(user, secret)), TypeError);
    assertFalse(host.commands.some((one) => one.startsWith("AUTHINFO")));
    await nntp.date();
  }
});

Deno.test("login() by CRAM-MD5 answers the challenge", async () => {
  for (const challenge of ["<1896@example.com>", ""]) {
    await using tried = await tryLogin(async (conn) => {
      await can(conn, "AUTHINFO SASL", "SASL CRAM-MD5 PLAIN");
      await conn.expect("AUTHINFO SASL CRAM-MD5");
      await conn.write(`383 ${b64(challenge) || "="}\r\n`);
      const digest = createHmac("md5", SECRET).update(challenge).digest("hex");
      assertEquals(unb64((await conn.readLine())!), `ada ${digest}`);
      await conn.write("281 welcome\r\n");
      await can(conn);
      await bye(conn);
    });
    assertEquals(tried.error, undefined);
    assertEquals(tried.lines.filter((one) => /AUTH|\*/.test(one)), [
      "> AUTHINFO SASL CRAM-MD5",
      "> ***",
    ]);
  }
});

Deno.test("login() says = for an empty message, and takes it for one", async () => {
  // XOAUTH2 answers the server's reasons with nothing.
  await using tried = await tryLogin(async (conn) => {
    await can(conn, "AUTHINFO SASL", "SASL XOAUTH2");
    await conn.expect(/^AUTHINFO SASL XOAUTH2 \S+$/);
    await conn.write(`383 ${b64('{"status":"401"}')}\r\n`);
    await conn.expect("=");
    await conn.write("481 no\r\n");
    await bye(conn);
  }, TOKEN);
  assertEquals((tried.error as NntpError).code, 481);
});

Deno.test("login() sends a long first message after the server's invitation", async () => {
  for (const invitation of ["383 =", "383 ", "383"]) {
    const token = { accessToken: "t".repeat(600) };
    await using tried = await tryLogin(async (conn) => {
      await can(conn, "AUTHINFO SASL", "SASL OAUTHBEARER");
      await conn.expect("AUTHINFO SASL OAUTHBEARER");
      await conn.write(invitation + "\r\n");
      assertStringIncludes(unb64((await conn.readLine())!), token.accessToken);
      await conn.write("281 ok\r\n");
      await can(conn);
      await bye(conn);
    }, token);
    assertEquals(tried.error, undefined);
  }
});

Deno.test("login() has succeeded although CAPABILITIES fails behind it", async () => {
  await using tried = await tryLogin(async (conn) => {
    await can(conn, "AUTHINFO USER");
    await conn.readLine();
    await conn.write("381 go on\r\n");
    await conn.readLine();
    await conn.write("281 welcome\r\n");
    await conn.expect("CAPABILITIES");
    await conn.write("403 just now not\r\n");
    await bye(conn);
  });
  assertEquals(tried.error, undefined);
});

// --- servers that cannot be trusted ---------------------------------------

Deno.test("login() leaves a server that does not prove itself", async () => {
  for (
    const [mechanism, ...answers] of [
      ["SCRAM-SHA-256", "281 welcome"],
      ["SCRAM-SHA-256", `283 ${b64("v=AAAA")}`],
      ["SCRAM-SHA-256", "283 ="],
      ["SCRAM-SHA-256", "283"],
      ["SCRAM-SHA-256", "283 #"],
      ["SCRAM-SHA-256", "383 ="],
      ["SCRAM-SHA-256", `383 ${b64("r=other,s=AAAA,i=4096")}`],
      ["CRAM-MD5", "281 welcome"],
      ["PLAIN", `383 ${b64("more")}`, `383 ${b64("more")}`],
      ["PLAIN", "383 #", "383 #"],
      ["PLAIN", "381 password"],
      ["PLAIN", "235 ok"],
      ["PLAIN", `283 ${b64("data")}`],
    ] as const
  ) {
    await using tried = await tryLogin(async (conn) => {
      await can(conn, "AUTHINFO SASL", `SASL ${mechanism}`);
      for (const answer of answers) {
        if (await conn.readLine() === undefined) return;
        await conn.write(answer + "\r\n");
      }
      assertEquals(await conn.readLine(), undefined, "it went on");
    });
    const what = `${mechanism} ${answers}: ${tried.error}`;
    assertInstanceOf(tried.error, ProtocolError, what);
    await failureOf(tried.nntp.date());
  }
});

Deno.test("login() that is refused is refused in the server's words, masked, and nothing else is tried", async () => {
  for (const code of [400, 403, 481, 482, 483, 500, 501, 502, 503]) {
    for (const way of ["USER", "SASL"]) {
      await using tried = await tryLogin(async (conn) => {
        await can(
          conn,
          `AUTHINFO ${way}`,
          "SASL PLAIN",
        );
        const line = await conn.readLine();
        if (way === "USER") {
          await conn.write("381 go on\r\n");
          await conn.expect(`AUTHINFO PASS ${SECRET}`);
        }
        const said = way === "USER"
          ? SECRET
          : `${SECRET} ${b64(SECRET)} ${line!.split(" ").at(-1)}`;
        await conn.write(`${code} you said ${said}\r\n`);
        if (code !== 400) await bye(conn);
      });
      assertInstanceOf(tried.error, NntpError, `${tried.error}`);
      assertEquals(tried.error.code, code);
      assertStringIncludes(tried.error.command!, "***");
    }
  }
});

Deno.test("login() shows no secret whatever nonsense the server repeats it in", async () => {
  for (
    const form of [
      "{}",
      "281{}",
      "999 {}",
      "383 {}",
      "283 {}",
      "381 {}",
      "205 {}",
    ]
  ) {
    for (const way of ["USER", "SASL"]) {
      await using tried = await tryLogin(async (conn) => {
        await can(
          conn,
          `AUTHINFO ${way}`,
          "SASL PLAIN",
        );
        const line = await conn.readLine();
        if (way === "USER") {
          await conn.write("381 go on\r\n");
          await conn.readLine();
        }
        const said = way === "USER"
          ? SECRET
          : `${SECRET} ${b64(SECRET)} ${line!.split(" ").at(-1)}`;
        await conn.write(form.replace("{}", said) + "\r\n");
      });
      assertInstanceOf(tried.error, ProtocolError, `${form}: ${tried.error}`);
    }
  }
});

Deno.test("login() keeps its secret out of what is said later", async () => {
  await using tried = await tryLogin(async (conn) => {
    await can(conn, "AUTHINFO USER");
    await conn.expect("AUTHINFO USER ada");
    await conn.write("381 go on\r\n");
    await conn.readLine();
    await conn.write("281 welcome\r\n");
    await can(conn);
    await conn.expect("GROUP g");
    await conn.write(`411 ${SECRET}\r\n`);
    await conn.expect("GROUP g");
    await conn.write(`999 ${SECRET}\r\n`);
  });
  const refused = await failureOf(tried.nntp.group("g"));
  assertFalse(shown(refused).includes(SECRET));
  const broken = await failureOf(tried.nntp.group("g"));
  assertFalse(shown(broken).includes(SECRET));
  assertFalse(tried.lines.join().includes(SECRET));
});

Deno.test("login() ends where the server hangs up or is silent at any turn", async () => {
  const turns = ["CAPABILITIES", "AUTHINFO USER", "AUTHINFO PASS"];
  for (const turn of turns) {
    for (const silent of [false, true]) {
      await using host = await startHost((command, conn) => {
        if (command.startsWith(turn)) {
          if (!silent) conn.close();
          return "";
        }
        if (command.startsWith("AUTHINFO USER")) return "381 go on\r\n";
        return undefined;
      });
      const nntp = await open(host, { reader: false, timeout: 300 });
      const error = await failureOf(nntp.login(USER, SECRET));
      if (silent) assertEquals(error.name, "TimeoutError", `${error}`);
      assertFalse(shown(error).includes(SECRET));
      await failureOf(nntp.date());
    }
  }
});

Deno.test("login() refuses to show a password to whoever listens, unless told otherwise", async () => {
  // The decision is about where the server is; only that is told otherwise.
  const remote = "192.0.2.1";
  for (
    const [name, secret, shows] of [
      ["USER", SECRET, true],
      ["PLAIN", SECRET, true],
      ["LOGIN", SECRET, true],
      ["XOAUTH2", TOKEN, true],
      ["OAUTHBEARER", TOKEN, true],
      ["CRAM-MD5", SECRET, false],
      ["SCRAM-SHA-256", SECRET, false],
    ] as const
  ) {
    for (const allowInsecureAuth of [false, true]) {
      const way = name === "USER"
        ? ["AUTHINFO USER"]
        : ["AUTHINFO USER SASL", `SASL ${name}`];
      await using host = await startHost(
        (command) => command.startsWith("AUTHINFO") ? "481 no\r\n" : undefined,
        {
          capabilities: block("101 can", "VERSION 2", "READER", ...way),
        },
      );
      const real = Deno.connect;
      // The same connection, with the address of somebody far away.
      Deno.connect = (async (options: Deno.ConnectOptions) => {
        const conn = await real(options);
        return new Proxy(conn, {
          get(target, key) {
            if (key === "remoteAddr") {
              return { ...target.remoteAddr, hostname: remote };
            }
            const value = Reflect.get(target, key, target);
            return typeof value === "function" ? value.bind(target) : value;
          },
        });
      }) as typeof Deno.connect;
      let nntp: NntpClient;
      try {
        nntp = await open(host, { allowInsecureAuth });
      } finally {
        Deno.connect = real;
      }
      const error = await nntp.login(USER, secret).catch((error) => error);
      const refused = shows && !allowInsecureAuth;
      if (refused) assertInstanceOf(error, TypeError, name);
      else assertInstanceOf(error, NntpError, `${name}: ${error}`);
      assertEquals(
        host.commands.some((one) => one.startsWith("AUTHINFO")),
        !refused,
        name,
      );
      for (const one of hidden(secret)) assert(!shown(error).includes(one));
      await nntp[Symbol.asyncDispose]();
    }
  }
});

Deno.test("login() keeps to itself where no CAPABILITIES can be had", async () => {
  await using host = await startHost((command) =>
    command === "CAPABILITIES" ? "400 going down\r\n" : undefined
  );
  const nntp = await open(host, { reader: false });
  await assertRejects(() => nntp.login(USER, SECRET), NntpError, "400");
  assertEquals(host.commands, ["CAPABILITIES"]);
});
