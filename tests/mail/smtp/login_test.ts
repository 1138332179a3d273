import {
  assert,
  assertEquals,
  assertInstanceOf,
  assertRejects,
} from "jsr:@std/assert@^1.0.0";
import { createHash, createHmac, pbkdf2Sync } from "node:crypto";
import {
  ProtocolError,
  type SaslSecret,
  type SmtpClient,
  SmtpError,
  type SmtpLoginOptions,
  type TraceEvent,
} from "../../../mail/smtp/mod.ts";
import {
  type ScriptedConn,
  scriptedServer,
} from "../../_support/scripted_server.ts";
import { greet, open, startHost } from "./host_test.ts";

const USER = "ada";
const SECRET = "tanstaaf, or=not?";
const TOKEN = { accessToken: "ya29.a0AfB_byC-token~+/==" };

function b64(text: string): string {
  return new TextEncoder().encode(text).toBase64();
}

function text(base64: string): string {
  return new TextDecoder().decode(Uint8Array.fromBase64(base64));
}

/** All texts that must never be seen. */
function hidden(secret: SaslSecret): string[] {
  const bare = typeof secret === "string" ? secret : secret.accessToken;
  if (bare === "") return [];
  return [
    bare,
    b64(bare),
    b64(`\0${USER}\0${bare}`),
    b64(`user=${USER}\x01auth=Bearer ${bare}\x01\x01`),
  ];
}

/** What shows of an error, in every way. */
function shown(error: unknown): string {
  const all: string[] = [];
  for (let one = error; one instanceof Error; one = one.cause) {
    all.push(
      one.message,
      String(one.stack),
      String(one),
      JSON.stringify(one),
      JSON.stringify(Object.getOwnPropertyDescriptors(one)),
      Deno.inspect(one, { depth: 10, showHidden: true }),
    );
  }
  return all.join("\n");
}

interface Tried {
  smtp: SmtpClient;
  error: unknown;
  trace: TraceEvent[];
}

/** Signs in on a scripted server; what shows is looked at in any case. */
async function tryLogin(
  auth: string,
  script: (conn: ScriptedConn) => Promise<void>,
  secret: SaslSecret = SECRET,
  options: SmtpLoginOptions = {},
): Promise<Tried & AsyncDisposable> {
  const server = await scriptedServer(async (conn) => {
    await greet(conn, auth === "" ? [] : [auth]);
    await script(conn);
  });
  const trace: TraceEvent[] = [];
  const smtp = await open(server, { onTrace: (event) => trace.push(event) });
  const error = await smtp.login(USER, secret, options)
    .then(() => undefined, (error) => error);
  const all = shown(error) + "\n" + trace.map(({ line }) => line).join("\n");
  for (const one of hidden(secret)) {
    assert(!all.includes(one), `${JSON.stringify(one)} shows in ${all}`);
  }
  return {
    smtp,
    error,
    trace,
    async [Symbol.asyncDispose]() {
      await smtp[Symbol.asyncDispose]();
      await server[Symbol.asyncDispose]();
    },
  };
}

async function bye(conn: ScriptedConn): Promise<void> {
  await conn.expect("QUIT");
  await conn.write("221 bye\r\n");
}

// --- framing ----------------------------------------------------------------

Deno.test("login() sends PLAIN with its initial response", async () => {
  await using tried = await tryLogin("AUTH PLAIN", async (conn) => {
    await conn.expect(`AUTH PLAIN ${b64(`\0${USER}\0${SECRET}`)}`);
    await conn.write("235 2.7.0 Hello\r\n");
    await conn.expect("NOOP");
    await conn.write("250 ok\r\n");
    await bye(conn);
  });
  assertEquals(tried.error, undefined);
  await tried.smtp.noop();
  assertEquals(
    tried.trace.slice(-4).map(({ direction, line }) => [direction, line]),
    [
      ["send", "AUTH PLAIN ***"],
      ["receive", "235 2.7.0 Hello"],
      ["send", "NOOP"],
      ["receive", "250 ok"],
    ],
  );
});

Deno.test("login() answers LOGIN's two questions, whatever they are", async () => {
  for (
    const [first, second] of [
      [b64("Username:"), b64("Password:")],
      [b64("User Name\0"), b64("Password\0")],
      ["", ""],
    ]
  ) {
    await using tried = await tryLogin("AUTH=LOGIN", async (conn) => {
      await conn.expect("AUTH LOGIN");
      await conn.write(`334 ${first}\r\n`);
      await conn.expect(b64(USER));
      await conn.write(second ? `334 ${second}\r\n` : "334\r\n");
      await conn.expect(b64(SECRET));
      await conn.write("235 ok\r\n");
      await bye(conn);
    });
    assertEquals(tried.error, undefined);
    assertEquals(
      tried.trace.filter((one) => one.direction === "send").slice(1)
        .map(({ line }) => line),
      ["AUTH LOGIN", "***", "***"],
    );
  }
});

Deno.test("login() answers CRAM-MD5 with a digest", async () => {
  const challenge = "<1896.697170952@postoffice.example.net>";
  await using tried = await tryLogin("AUTH CRAM-MD5 LOGIN", async (conn) => {
    await conn.expect("AUTH CRAM-MD5");
    await conn.write(`334 ${b64(challenge)}\r\n`);
    const digest = createHmac("md5", SECRET).update(challenge).digest("hex");
    await conn.expect(b64(`${USER} ${digest}`));
    await conn.write("235 ok\r\n");
    await bye(conn);
  });
  assertEquals(tried.error, undefined);
});

/** The server's side of SCRAM, by the book (RFC 5802 section 3). */
async function scram(
  conn: ScriptedConn,
  hash: "sha1" | "sha256",
  initial: string,
  spoil: (final: string) => string = (final) => final,
): Promise<string> {
  const length = hash === "sha1" ? 20 : 32;
  const match = /^n,,(n=ada,r=([!-+\--~]{16,}))$/.exec(text(initial))!;
  const [, bare, nonce] = match;
  const salt = new Uint8Array(16).fill(7);
  const first = `r=${nonce}more,s=${salt.toBase64()},i=4096`;
  await conn.write(`334 ${b64(first)}\r\n`);
  const answer = text((await conn.readLine())!);
  const [, withoutProof, proof] = /^(c=biws,r=[^,]+),p=(.+)$/.exec(answer)!;
  assertEquals(withoutProof, `c=biws,r=${nonce}more`);
  const hmac = (key: Uint8Array, data: string) =>
    createHmac(hash, key).update(data).digest();
  const salted = pbkdf2Sync(SECRET, salt, 4096, length, hash);
  const clientKey = hmac(salted, "Client Key");
  const storedKey = createHash(hash).update(clientKey).digest();
  const message = `${bare},${first},${withoutProof}`;
  const signature = hmac(storedKey, message);
  assertEquals(
    Uint8Array.fromBase64(proof!),
    Uint8Array.from(clientKey, (one, at) => one ^ signature[at]!),
  );
  const server = hmac(hmac(salted, "Server Key"), message);
  return spoil(`v=${new Uint8Array(server).toBase64()}`);
}

for (const hash of ["sha1", "sha256"] as const) {
  const name = hash === "sha1" ? "SCRAM-SHA-1" : "SCRAM-SHA-256";
  Deno.test(`login() proves itself by ${name}, and takes the server's proof`, async () => {
    const weaker = "AUTH PLAIN LOGIN CRAM-MD5 ";
    await using tried = await tryLogin(weaker + name, async (conn) => {
      const line = await conn.expect(new RegExp(`^AUTH ${name} \\S+$`));
      const final = await scram(conn, hash, line.split(" ")[2]!);
      await conn.write(`334 ${b64(final)}\r\n`);
      await conn.expect("");
      await conn.write("235 2.7.0 ok\r\n");
      await bye(conn);
    });
    assertEquals(tried.error, undefined);
  });
}

Deno.test("login() sends tokens by OAUTHBEARER or XOAUTH2", async () => {
  const port = (conn: ScriptedConn) =>
    (conn.conn.localAddr as Deno.NetAddr).port;
  {
    await using tried = await tryLogin(
      "AUTH XOAUTH2 OAUTHBEARER PLAIN",
      async (conn) => {
        const line = await conn.expect(/^AUTH OAUTHBEARER \S+$/);
        assertEquals(
          text(line.split(" ")[2]!),
          `n,a=${USER},\x01host=127.0.0.1\x01port=${port(conn)}\x01` +
            `auth=Bearer ${TOKEN.accessToken}\x01\x01`,
        );
        await conn.write("235 ok\r\n");
        await bye(conn);
      },
      TOKEN,
    );
    assertEquals(tried.error, undefined);
  }
  {
    await using tried = await tryLogin("AUTH XOAUTH2 LOGIN", async (conn) => {
      await conn.expect(
        `AUTH XOAUTH2 ${
          b64(`user=${USER}\x01auth=Bearer ${TOKEN.accessToken}\x01\x01`)
        }`,
      );
      await conn.write("235 ok\r\n");
      await bye(conn);
    }, TOKEN);
    assertEquals(tried.error, undefined);
  }
});

Deno.test("login() acknowledges why a token is refused, and rejects with the refusal", async () => {
  for (
    const [name, acknowledgement] of [
      ["OAUTHBEARER", "AQ=="],
      ["XOAUTH2", ""],
    ]
  ) {
    await using tried = await tryLogin(`AUTH ${name}`, async (conn) => {
      await conn.expect(new RegExp(`^AUTH ${name} `));
      await conn.write(`334 ${b64('{"status":"invalid_token"}')}\r\n`);
      await conn.expect(acknowledgement!);
      await conn.write(`535 5.7.8 ${TOKEN.accessToken} is no token\r\n`);
      await conn.expect("NOOP");
      await conn.write("250 ok\r\n");
      await bye(conn);
    }, TOKEN);
    assertInstanceOf(tried.error, SmtpError);
    assertEquals(tried.error.code, 535);
    assert(tried.error.message.includes("*** is no token"));
    await tried.smtp.noop();
  }
});

Deno.test("login() sends EXTERNAL, where it is asked for only", async () => {
  await using tried = await tryLogin(
    "AUTH EXTERNAL PLAIN",
    async (conn) => {
      await conn.expect(`AUTH EXTERNAL ${b64(USER)}`);
      await conn.write("235 ok\r\n");
      await bye(conn);
    },
    "",
    { mechanism: "external" },
  );
  assertEquals(tried.error, undefined);
  await using server = await scriptedServer(async (conn) => {
    await greet(conn, ["AUTH EXTERNAL"]);
    // An empty initial response (RFC 4954 section 4).
    await conn.expect("AUTH EXTERNAL =");
    await conn.write("235 ok\r\n");
    await bye(conn);
  });
  await using smtp = await open(server);
  await smtp.login("", "", { mechanism: "EXTERNAL" });
});

Deno.test("login() waits for an invitation where the initial response is too long", async () => {
  // A command line has 512 characters with its CRLF (RFC 5321 4.5.3.1.4).
  const frame = `user=${USER}\x01auth=Bearer \x01\x01`.length;
  // 18 bytes less than fit: base64 goes by threes.
  const fits = Math.floor((512 - "AUTH XOAUTH2 \r\n".length) / 4) * 3;
  for (
    const [length, along] of [
      [fits - frame, true],
      [fits - frame + 1, false],
      [5_000, false],
    ] as const
  ) {
    const accessToken = "t".repeat(length);
    await using tried = await tryLogin("AUTH XOAUTH2", async (conn) => {
      const line = (await conn.readLine())!;
      let response = line.split(" ")[2];
      assert(line.length + 2 <= 512, `${line.length + 2} characters`);
      assertEquals(response !== undefined, along);
      if (!along) {
        assertEquals(line, "AUTH XOAUTH2");
        await conn.write("334 \r\n");
        response = await conn.readLine();
      }
      assert(text(response!).includes(accessToken));
      await conn.write("235 ok\r\n");
      await bye(conn);
    }, { accessToken });
    assertEquals(tried.error, undefined);
  }
});

Deno.test("login() never sends a command of more than 512 characters", async () => {
  // Every length around the limit, as the names differ by less than four.
  for (const name of ["PLAIN", "XOAUTH2", "OAUTHBEARER"]) {
    for (let length = 300; length < 375; length++) {
      const word = "t".repeat(length);
      await using _tried = await tryLogin(
        `AUTH ${name}`,
        async (conn) => {
          const line = (await conn.readLine())!;
          assert(line.length + 2 <= 512, `${line.length + 2} characters`);
          await conn.write("535 no\r\n");
          await bye(conn);
        },
        name === "PLAIN" ? word : { accessToken: word },
      );
    }
  }
});

Deno.test("login() does not send a long response that was not invited", async () => {
  await using tried = await tryLogin("AUTH XOAUTH2", async (conn) => {
    await conn.expect("AUTH XOAUTH2");
    await conn.write("504 5.5.4 I do not know it\r\n");
    await conn.expect("NOOP");
    await conn.write("250 ok\r\n");
    await bye(conn);
  }, { accessToken: "t".repeat(1_000) });
  assertInstanceOf(tried.error, SmtpError);
  assertEquals(tried.error.code, 504);
  await tried.smtp.noop();
});

// --- refusals ---------------------------------------------------------------

Deno.test("login() rejects with the server's words, and leaves the client usable", async () => {
  for (
    const [reply, code, transient] of [
      ["535 5.7.8 Wrong", 535, false],
      ["454 4.7.0 Later", 454, true],
      ["534-5.7.9 Too\r\n534 5.7.9 weak", 534, false],
      ["503 5.5.1 Twice", 503, false],
    ] as const
  ) {
    await using tried = await tryLogin("AUTH PLAIN LOGIN", async (conn) => {
      await conn.expect(/^AUTH PLAIN /);
      await conn.write(reply + "\r\n");
      // And not by LOGIN, which is weaker.
      await conn.expect("NOOP");
      await conn.write("250 ok\r\n");
      await bye(conn);
    });
    assertInstanceOf(tried.error, SmtpError);
    assertEquals(
      [tried.error.code, tried.error.transient, tried.error.command],
      [code, transient, "AUTH PLAIN ***"],
    );
    await tried.smtp.noop();
  }
});

Deno.test("login() never falls back to what is weaker", async () => {
  await using host = await startHost({
    extensions: ["AUTH PLAIN LOGIN CRAM-MD5 SCRAM-SHA-1 SCRAM-SHA-256"],
    answer: (command) => command.startsWith("AUTH") ? "535 no" : undefined,
  });
  await using smtp = await open(host);
  await assertRejects(() => smtp.login(USER, SECRET), SmtpError);
  const auths = host.commands.filter((one) => one.startsWith("AUTH"));
  assertEquals(auths.length, 1);
  assert(auths[0]!.startsWith("AUTH SCRAM-SHA-256 "));
});

Deno.test("login() sends nothing where no mechanism fits", async () => {
  await using host = await startHost({
    extensions: ["AUTH GSSAPI NTLM XOAUTH2 EXTERNAL"],
  });
  await using smtp = await open(host);
  const before = host.commands.length;
  for (
    const [secret, mechanism] of [
      [SECRET, undefined],
      [SECRET, "PLAIN"],
      [SECRET, "XOAUTH2"],
      [SECRET, "NTLM"],
      [SECRET, "no such"],
      [SECRET, "__proto__"],
      [SECRET, "constructor"],
      [TOKEN, "OAUTHBEARER"],
      ["a\0b", undefined],
      [{ accessToken: "a\x01b" }, undefined],
    ] as const
  ) {
    const error = await assertRejects(
      () => smtp.login(USER, secret, { mechanism }),
      TypeError,
    );
    for (const one of hidden(secret)) assert(!shown(error).includes(one));
  }
  await assertRejects(() => smtp.login("a\0b", SECRET), TypeError);
  assertEquals(host.commands.length, before);
  await smtp.noop();
});

Deno.test("login() sends CR and LF in a password in base64 only", async () => {
  const secret = "a\r\nRSET\r\nb";
  await using server = await scriptedServer(async (conn) => {
    await greet(conn, ["AUTH PLAIN"]);
    await conn.expect(`AUTH PLAIN ${b64(`\0${USER}\0${secret}`)}`);
    await conn.write("235 ok\r\n");
    await bye(conn);
  });
  await using smtp = await open(server);
  await smtp.login(USER, secret);
});

Deno.test("login() with a name from AUTH that is none sends no such command", async () => {
  // The server's words never become ours.
  await using host = await startHost({
    extensions: ["AUTH x\rRSET PLAIN\x01 \u2028PLAIN"],
  });
  await using smtp = await open(host);
  await smtp.login(USER, SECRET).catch(() => {});
  for (const command of host.commands) {
    assert(/^(EHLO \S+|AUTH PLAIN \S+)$/.test(command), command);
  }
});

// --- servers that cannot be trusted ----------------------------------------

const NAMES = [
  "PLAIN",
  "LOGIN",
  "CRAM-MD5",
  "SCRAM-SHA-1",
  "SCRAM-SHA-256",
  "XOAUTH2",
  "OAUTHBEARER",
];

for (const name of NAMES) {
  const secret = /AUTH/.test(name) ? TOKEN : SECRET;
  const bare = typeof secret === "string" ? secret : secret.accessToken;

  Deno.test(`login() by ${name} shows no secret, whatever the server repeats`, async () => {
    // The server says all that it was told, and what it means, at every turn.
    for (const code of ["535", "334", "235", "421", "354", "garbage", "250"]) {
      for (let turn = 0; turn < 4; turn++) {
        await using _tried = await tryLogin(`AUTH ${name}`, async (conn) => {
          const heard: string[] = [];
          for (let n = 0;; n++) {
            const line = await conn.readLine();
            if (line === undefined || line === "QUIT") return;
            heard.push(...line.split(" ").slice(-1).filter((one) => one));
            for (const one of [...heard]) {
              try {
                heard.push(text(one));
              } catch {
                // It was no base64.
              }
            }
            const all = [...heard, bare]
              .map((one) => one.replaceAll(/[\r\n]/g, " ")).join(" and ");
            if (n < turn) await conn.write(`334 ${b64("go on")}\r\n`);
            else {
              await conn.write(
                code === "garbage"
                  ? `${all}\r\n`
                  : `${code}-you said ${all}\r\n${code} and ${all}\r\n`,
              );
            }
          }
        }, secret);
      }
    }
  });

  Deno.test(`login() by ${name} shows no base64 of the bare secret`, async () => {
    await using _tried = await tryLogin(`AUTH ${name}`, async (conn) => {
      await conn.expect(/^AUTH/);
      await conn.write(`535 you mean ${b64(bare)}\r\n`);
    }, secret);
  });

  Deno.test(`login() by ${name} leaves a server whose challenge is no base64`, async () => {
    for (const challenge of ["#", "a", "=", `<${bare}>`, "\u00fc", "AB=C"]) {
      await using tried = await tryLogin(`AUTH ${name}`, async (conn) => {
        await conn.expect(/^AUTH/);
        await conn.write(`334 ${challenge}\r\n`);
        // Where it was an invitation, the next one.
        if (await conn.readLine() !== undefined) {
          await conn.write(`334 ${challenge}\r\n`);
          await conn.readToEnd();
        }
      }, secret);
      assertInstanceOf(tried.error, ProtocolError, challenge);
      await assertRejects(() => tried.smtp.noop());
    }
  });

  Deno.test(`login() by ${name} does not go on for ever`, async () => {
    await using tried = await tryLogin(`AUTH ${name}`, async (conn) => {
      for (let n = 0; await conn.readLine() !== undefined; n++) {
        if (n > 10) throw new Error("it still answers");
        await conn.write(`334 ${b64("more")}\r\n`);
      }
    }, secret);
    assertInstanceOf(tried.error, ProtocolError);
    await assertRejects(() => tried.smtp.noop());
  });

  Deno.test(`login() by ${name} ends where the server hangs up or is silent`, async () => {
    for (let turn = 0; turn < 3; turn++) {
      await using tried = await tryLogin(`AUTH ${name}`, async (conn) => {
        for (let n = 0; n <= turn; n++) {
          if (await conn.readLine() === undefined) return;
          if (n < turn) await conn.write("334 \r\n");
        }
      }, secret);
      assertInstanceOf(tried.error, ProtocolError);
      await assertRejects(() => tried.smtp.noop());
    }
  });

  Deno.test(`login() by ${name} aborted closes the client`, async () => {
    const controller = new AbortController();
    await using tried = await tryLogin(
      `AUTH ${name}`,
      async (conn) => {
        await conn.readLine();
        controller.abort(new RangeError("stop"));
        assertEquals(await conn.readLine(), undefined);
      },
      secret,
      { signal: controller.signal },
    );
    assertInstanceOf(tried.error, RangeError);
    await assertRejects(() => tried.smtp.noop(), RangeError, "stop");
  });
}

Deno.test("login() leaves a server that lets everybody in without its proof", async () => {
  const scripts: [string, (conn: ScriptedConn) => Promise<void>][] = [
    ["SCRAM-SHA-256", async (conn) => {
      await conn.expect(/^AUTH/);
      await conn.write("235 welcome\r\n");
    }],
    ["SCRAM-SHA-1", async (conn) => {
      await conn.expect(/^AUTH/);
      await conn.write("235 welcome\r\n");
    }],
    ["CRAM-MD5", async (conn) => {
      await conn.expect(/^AUTH/);
      await conn.write("235 welcome\r\n");
    }],
    ...[
      // The proof is missing, wrong, of another length, or an error.
      () => undefined,
      () => "v=",
      () => "v=AAAA",
      (final: string) => final.slice(0, -4) + "AAA=",
      (final: string) => "x" + final,
      () => "e=other-error",
      (final: string) => final.replace("v=", "v==") + "",
    ].map((
      spoil,
    ): [string, (conn: ScriptedConn) => Promise<void>] => [
      "SCRAM-SHA-256",
      async (conn) => {
        const line = await conn.expect(/^AUTH/);
        const final = spoil(
          await scram(conn, "sha256", line.split(" ")[2]!),
        );
        if (final !== undefined) {
          await conn.write(`334 ${b64(final)}\r\n`);
          if (await conn.readLine() === undefined) return;
        }
        await conn.write("235 welcome\r\n");
      },
    ]),
  ];
  for (const [name, script] of scripts) {
    await using tried = await tryLogin(`AUTH ${name}`, async (conn) => {
      await script(conn);
      assertEquals(await conn.readLine(), undefined, "it went on");
    });
    assertInstanceOf(tried.error, ProtocolError, `${name}: ${tried.error}`);
    await assertRejects(() => tried.smtp.noop());
  }
});

Deno.test("login() refuses SCRAM's parameters that give the password away", async () => {
  for (
    const change of [
      (nonce: string) => `r=${nonce}x,s=AAAA,i=1`,
      (nonce: string) => `r=${nonce}x,s=AAAA,i=4095`,
      (nonce: string) => `r=${nonce}x,s=AAAA,i=10000001`,
      (nonce: string) => `r=${nonce}x,s=AAAA,i=-4096`,
      (nonce: string) => `r=${nonce}x,s=AAAA,i=99999999999999`,
      (nonce: string) => `r=${nonce},s=AAAA,i=4096`,
      () => "r=another,s=AAAA,i=4096",
      (nonce: string) => `r=x${nonce},s=AAAA,i=4096`,
      (nonce: string) => `m=ext,r=${nonce}x,s=AAAA,i=4096`,
      (nonce: string) => `r=${nonce}x,s=,i=4096`,
      (nonce: string) => `r=${nonce}x,s=#,i=4096`,
      (nonce: string) => `r=${nonce}x,i=4096,s=AAAA`,
      () => "",
      () => "e=no",
    ]
  ) {
    await using tried = await tryLogin("AUTH SCRAM-SHA-256", async (conn) => {
      const line = await conn.expect(/^AUTH/);
      const nonce = /r=(.*)$/.exec(text(line.split(" ")[2]!))![1]!;
      await conn.write(`334 ${b64(change(nonce))}\r\n`);
      assertEquals(await conn.readLine(), undefined, "it was answered");
    });
    assertInstanceOf(tried.error, ProtocolError);
    await assertRejects(() => tried.smtp.noop());
  }
});

Deno.test("login() uses another nonce each time", async () => {
  const nonces = new Set<string>();
  for (let n = 0; n < 5; n++) {
    await using _tried = await tryLogin("AUTH SCRAM-SHA-256", async (conn) => {
      const line = await conn.expect(/^AUTH/);
      nonces.add(text(line.split(" ")[2]!));
      await conn.write("535 no\r\n");
      await bye(conn);
    });
  }
  assertEquals(nonces.size, 5);
});

Deno.test("login() times out as everything else", async () => {
  await using host = await startHost({
    extensions: ["AUTH LOGIN"],
    answer: (command) => command.startsWith("AUTH") ? "" : undefined,
  });
  const smtp = await open(host, { timeout: 100 });
  const error = await assertRejects(
    () => smtp.login(USER, SECRET),
    DOMException,
    "Cannot AUTH LOGIN",
  );
  assertEquals(error.name, "TimeoutError");
  assert(!shown(error).includes(SECRET));
});

Deno.test("login() keeps the extensions, and reads no more of an old answer", async () => {
  await using tried = await tryLogin("AUTH PLAIN", async (conn) => {
    await conn.expect(/^AUTH/);
    // Somebody answers twice: the client must not take it for NOOP's.
    await conn.write("235 ok\r\n250 and more\r\n");
    await conn.readToEnd();
  });
  assertEquals(tried.error, undefined);
  assertEquals([...tried.smtp.extensions.keys()], ["AUTH"]);
  await assertRejects(() => tried.smtp.noop(), ProtocolError);
});

Deno.test("login() refuses to show a password to whoever listens, unless told otherwise", async () => {
  // The decision is about where the server is; only that is told otherwise.
  const remote = "192.0.2.1";
  for (
    const [name, secret, shows] of [
      ["PLAIN", SECRET, true],
      ["LOGIN", SECRET, true],
      ["XOAUTH2", TOKEN, true],
      ["OAUTHBEARER", TOKEN, true],
      ["CRAM-MD5", SECRET, false],
      ["SCRAM-SHA-256", SECRET, false],
    ] as const
  ) {
    for (const allowInsecureAuth of [false, true]) {
      await using host = await startHost({
        extensions: [`AUTH ${name}`],
        answer: (command) => command.startsWith("AUTH") ? "535 no" : undefined,
      });
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
      let smtp: SmtpClient;
      try {
        smtp = await open(host, { allowInsecureAuth });
      } finally {
        Deno.connect = real;
      }
      const error = await smtp.login(USER, secret).catch((error) => error);
      const refused = shows && !allowInsecureAuth;
      if (refused) assertInstanceOf(error, TypeError, name);
      else assertInstanceOf(error, SmtpError, name);
      assertEquals(
        host.commands.some((one) => one.startsWith("AUTH")),
        !refused,
        name,
      );
      for (const one of hidden(secret)) assert(!shown(error).includes(one));
      await smtp[Symbol.asyncDispose]();
    }
  }
});
