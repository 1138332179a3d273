import {
  assert,
  assertEquals,
  assertNotEquals,
  assertStringIncludes,
} from "jsr:@std/assert@^1.0.0";
import { ScramClient } from "../../../mail/sasl/scram.ts";
import {
  deriveScramKeys,
  type SmtpServer,
  type SmtpServerOptions,
  type SmtpSession,
} from "../../../mail/smtpd/mod.ts";
import { randomSlices, seededRandom } from "../../_support/random_slices.ts";
import { codes, play, RawClient, start, toBytes } from "./raw_client.ts";

/** What was asked of `authenticate`. */
type Asked = [user: string, password: string];

/** Lets Ada in, and keeps who asked. */
function guard(): {
  asked: Asked[];
  authenticate: NonNullable<SmtpServerOptions["authenticate"]>;
} {
  const asked: Asked[] = [];
  return {
    asked,
    authenticate(user, password) {
      asked.push([user, password]);
      return user === "ada" && password === "secret";
    },
  };
}

function base64(text: string | Uint8Array): string {
  return toBytes(text).toBase64();
}

const PLAIN = base64("\0ada\0secret");
const USERNAME = btoa("Username:");
const PASSWORD = btoa("Password:");

/** The codes for what is said behind EHLO, without the greeting and goodbye. */
async function said(
  lines: string[],
  options: Partial<SmtpServerOptions>,
): Promise<string> {
  const session = ["EHLO me.example", ...lines, "QUIT", ""].join("\r\n");
  const all = codes((await play([session], options)).said);
  assert(/^220 250 .* 221$/.test(all), all);
  return all.slice(8, -4);
}

Deno.test("AUTH PLAIN takes the response with the command or behind a challenge", async () => {
  for (
    const [lines, expected] of [
      [[`AUTH PLAIN ${PLAIN}`], "235"],
      [[`auth plain ${PLAIN}`], "235"],
      [["AUTH PLAIN", PLAIN], "334 235"],
      // Who acts for himself may say so.
      [[`AUTH PLAIN ${base64("ada\0ada\0secret")}`], "235"],
    ] as const
  ) {
    const { asked, authenticate } = guard();
    assertEquals(await said([...lines], { authenticate }), expected);
    assertEquals(asked, [["ada", "secret"]]);
  }
  const { authenticate } = guard();
  const { said: all } = await play(
    [`EHLO x\r\nAUTH PLAIN\r\n${PLAIN}\r\n`],
    { authenticate },
  );
  // RFC 4954 section 4: an empty challenge, with its space.
  assertStringIncludes(all, "\r\n334 \r\n235 2.7.0 ");
});

Deno.test("AUTH PLAIN refuses what is no right message, and asks nobody", async () => {
  for (
    const message of [
      "",
      "\0",
      "ada",
      "ada\0secret",
      "\0ada",
      "\0ada\0",
      "\0\0secret",
      "\0ada\0secret\0",
      "\0ada\0sec\0ret",
      "bob\0ada\0secret",
      new Uint8Array([0, 0x61, 0, 0xff]),
      new Uint8Array([0, 0xc3, 0, 0x61]),
    ]
  ) {
    const { asked, authenticate } = guard();
    const initial = base64(message) || "=";
    assertEquals(
      await said([`AUTH PLAIN ${initial}`], { authenticate }),
      "535",
      JSON.stringify(message),
    );
    assertEquals(asked, []);
    assertEquals(
      await said(["AUTH PLAIN", base64(message)], { authenticate }),
      "334 535",
    );
  }
});

Deno.test("AUTH LOGIN asks for name and password", async () => {
  for (
    const lines of [
      ["AUTH LOGIN", base64("ada"), base64("secret")],
      [`AUTH LOGIN ${base64("ada")}`, base64("secret")],
    ]
  ) {
    const { asked, authenticate } = guard();
    const expected = lines.length === 3 ? "334 334 235" : "334 235";
    assertEquals(await said(lines, { authenticate }), expected);
    assertEquals(asked, [["ada", "secret"]]);
  }
  const { authenticate } = guard();
  const { said: all } = await play([
    `EHLO x\r\nAUTH LOGIN\r\n${base64("ada")}\r\n${base64("no")}\r\n`,
  ], { authenticate });
  assertStringIncludes(
    all,
    `\r\n334 ${USERNAME}\r\n334 ${PASSWORD}\r\n535 5.7.8 `,
  );
  assertEquals(await said(["AUTH LOGIN", ""], { authenticate }), "334 535");
  assertEquals(
    await said(["AUTH LOGIN", base64("ada"), ""], { authenticate }),
    "334 334 535",
  );
});

Deno.test("AUTH takes names and passwords beyond ASCII", async () => {
  const { asked, authenticate } = guard();
  await said([
    `AUTH PLAIN ${base64("\0j\u00f6rg\0gr\u00fc\u00dfe \u{1f600}")}`,
    "AUTH LOGIN",
    base64("j\u00f6rg"),
    base64("gr\u00fc\u00dfe \u{1f600}"),
  ], { authenticate });
  assertEquals(
    asked,
    Array(2).fill(["j\u00f6rg", "gr\u00fc\u00dfe \u{1f600}"]),
  );
});

Deno.test("AUTH can be given up, and tried again", async () => {
  const { asked, authenticate } = guard();
  const codes = await said([
    "AUTH PLAIN",
    "*",
    "AUTH LOGIN",
    "*",
    "AUTH LOGIN",
    base64("ada"),
    "*",
    `AUTH PLAIN ${base64("\0ada\0wrong")}`,
    // Not by somebody who has not got in.
    "MAIL FROM:<>",
    "RSET",
    `AUTH PLAIN ${PLAIN}`,
  ], { authenticate });
  assertEquals(codes, "334 501 334 501 334 334 501 535 250 250 235");
  assertEquals(asked, [["ada", "wrong"], ["ada", "secret"]]);
});

Deno.test("AUTH refuses what is no base64, and asks nobody", async () => {
  const { asked, authenticate } = guard();
  for (
    const bad of [
      "%",
      "a",
      "=====",
      "AGFk*",
      "A=GF",
      "\u00e4",
      "AGFkYQ-_",
      "*x",
    ]
  ) {
    assertEquals(
      await said([`AUTH PLAIN ${bad}`], { authenticate }),
      "501",
      bad,
    );
    assertEquals(
      await said(["AUTH PLAIN", bad], { authenticate }),
      "334 501",
      bad,
    );
  }
  assertEquals(
    await said(["AUTH PLAIN", "="], { authenticate }),
    "334 501",
  );
  assertEquals(asked, []);
});

Deno.test("AUTH refuses base64 with spaces in it or without its padding", async () => {
  const { asked, authenticate } = guard();
  assert(PLAIN.endsWith("="));
  for (
    const bad of [
      `${PLAIN.slice(0, 4)} ${PLAIN.slice(4)}`,
      ` ${PLAIN}`,
      `${PLAIN}\t`,
      PLAIN.replaceAll("=", ""),
    ]
  ) {
    assertEquals(await said(["AUTH PLAIN", bad], { authenticate }), "334 501");
  }
  assertEquals(asked, []);
});

Deno.test("AUTH knows what is offered, and nothing else", async () => {
  const { authenticate } = guard();
  const scramKeys = () => undefined;
  const cases: [string, Partial<SmtpServerOptions>, string][] = [
    ["AUTH", { authenticate }, "501"],
    ["AUTH PLAIN = =", { authenticate }, "501"],
    ["AUTH X", { authenticate }, "504"],
    ["AUTH PLAINX", { authenticate }, "504"],
    ["AUTH CRAM-MD5", { authenticate }, "504"],
    ["AUTH XOAUTH2 =", { authenticate }, "504"],
    ["AUTH ANONYMOUS", { authenticate }, "504"],
    ["AUTH EXTERNAL =", { authenticate }, "504"],
    ["AUTH SCRAM-SHA-256-PLUS", { authenticate, scramKeys }, "504"],
    ["AUTH SCRAM-SHA-1", { authenticate, scramKeys }, "504"],
    ["AUTH SCRAM-SHA-256", { authenticate }, "504"],
    ["AUTH PLAIN", { scramKeys }, "504"],
    ["AUTH LOGIN", { scramKeys }, "504"],
    ["AUTH PLAIN", {}, "504"],
  ];
  for (const [line, options, expected] of cases) {
    assertEquals(await said([line], options), expected, line);
  }
});

Deno.test("AUTH has its place: once, behind EHLO, outside of a transaction", async () => {
  const { asked, authenticate } = guard();
  const { said: all } = await play([
    `AUTH PLAIN ${PLAIN}\r\nHELO x\r\nAUTH PLAIN ${PLAIN}\r\nEHLO x\r\n` +
    `MAIL FROM:<>\r\nAUTH PLAIN ${PLAIN}\r\nRSET\r\nAUTH PLAIN ${PLAIN}\r\n` +
    `AUTH PLAIN ${PLAIN}\r\nEHLO x\r\nAUTH LOGIN\r\nRSET\r\nAUTH X\r\nQUIT\r\n`,
  ], { authenticate });
  assertEquals(
    codes(all),
    "220 503 250 503 250 250 503 250 235 503 250 503 250 503 221",
  );
  assertEquals(asked, [["ada", "secret"]]);
});

Deno.test("AUTH says who has signed in, to every handler behind it", async () => {
  const users: unknown[] = [];
  const note = (_: unknown, session: SmtpSession) =>
    void users.push(["user" in session, session.user]);
  await play([
    "EHLO x\r\nMAIL FROM:<>\r\nRCPT TO:<a@b>\r\nRSET\r\n" +
    `AUTH PLAIN ${PLAIN}\r\nMAIL FROM:<>\r\nRCPT TO:<a@b>\r\nDATA\r\n.\r\n` +
    "EHLO y\r\nMAIL FROM:<>\r\nQUIT\r\n",
  ], {
    authenticate(user, _password, session) {
      note(undefined, session);
      return user === "ada";
    },
    onMail: note,
    onRecipient: note,
    onMessage: (_, body, session) => {
      note(undefined, session);
      return body.cancel();
    },
  });
  const nobody = [false, undefined];
  const ada = [true, "ada"];
  assertEquals(users, [nobody, nobody, nobody, ada, ada, ada, ada]);
});

Deno.test("AUTH says 454 where the handler throws, and tells onError", async () => {
  const told: unknown[] = [];
  const lost = new Error("secret: the database is away");
  const fail = () => Promise.reject(lost);
  const first = base64("n,,n=ada,r=abc");
  const { said: all } = await play([
    `EHLO x\r\nAUTH PLAIN ${PLAIN}\r\nAUTH LOGIN ${base64("ada")}\r\n` +
    `${base64("secret")}\r\nAUTH SCRAM-SHA-256 ${first}\r\n` +
    "MAIL FROM:<>\r\nQUIT\r\n",
  ], {
    authenticate: fail,
    scramKeys: fail,
    onError: (error) => told.push(error),
  });
  assertEquals(codes(all), "220 250 454 334 454 454 250 221");
  assertStringIncludes(all, "454 4.7.0 ");
  assert(!all.includes("database"));
  assertEquals(told, [lost, lost, lost]);
});

Deno.test("AUTH lets in nobody for whom the handler says anything but true", async () => {
  for (const answer of [false, undefined, null, 0, "", NaN]) {
    const authenticate = () => answer as boolean;
    assertEquals(await said([`AUTH PLAIN ${PLAIN}`], { authenticate }), "535");
    const late = () => Promise.resolve(answer as boolean);
    assertEquals(
      await said([`AUTH PLAIN ${PLAIN}`], { authenticate: late }),
      "535",
    );
  }
});

/** Signs in by SCRAM; the code at the end. */
async function scram(
  server: SmtpServer,
  user: string,
  secret: string,
  o: { initial?: boolean } = {},
): Promise<number> {
  using client = await RawClient.greeted(server);
  const mechanism = new ScramClient("sha256", {
    user,
    secret,
    hostname: "localhost",
    port: 25,
  });
  const first = base64(mechanism.start());
  if (o.initial ?? true) await client.send(`AUTH SCRAM-SHA-256 ${first}\r\n`);
  else {
    const { lines } = await client.say("AUTH SCRAM-SHA-256", 334);
    assertEquals(lines, [""]);
    await client.send(`${first}\r\n`);
  }
  for (;;) {
    const { code, lines } = (await client.reply())!;
    if (code !== 334) {
      if (code === 235) mechanism.finish();
      return code;
    }
    const answer = await mechanism.next(Uint8Array.fromBase64(lines[0]!));
    await client.send(`${base64(answer)}\r\n`);
  }
}

const keys = new Map([
  ["ada", await deriveScramKeys("secret")],
  ["a,b=c", await deriveScramKeys("p\u00e4ss", { iterations: 5_000 })],
]);

Deno.test("AUTH SCRAM-SHA-256 lets in who knows the password, and proves itself", async () => {
  const asked: string[] = [];
  await using one = start({
    scramKeys(user) {
      asked.push(user);
      return Promise.resolve(keys.get(user));
    },
  });
  const { server } = one;
  assertEquals(await scram(server, "ada", "secret"), 235);
  assertEquals(await scram(server, "ada", "secret", { initial: false }), 235);
  assertEquals(await scram(server, "a,b=c", "p\u00e4ss"), 235);
  assertEquals(await scram(server, "ada", "Secret"), 535);
  assertEquals(await scram(server, "Ada", "secret"), 535);
  assertEquals(await scram(server, "eve", "secret"), 535);
  assertEquals(asked, ["ada", "ada", "a,b=c", "ada", "Ada", "eve"]);
});

Deno.test("AUTH SCRAM-SHA-256 tells nobody who is there", async () => {
  await using one = start({ scramKeys: (user) => keys.get(user) });
  const challenge = async (user: string) => {
    using client = await RawClient.greeted(one.server);
    const first = base64(`n,,n=${user},r=abc`);
    const { lines } = await client.say(`AUTH SCRAM-SHA-256 ${first}`, 334);
    return new TextDecoder().decode(Uint8Array.fromBase64(lines[0]!));
  };
  const shape = (text: string) =>
    /^r=abc([^,]+),s=([A-Za-z\d+/=]+),i=(\d+)$/.exec(text)!.slice(1);
  const [nonce, salt, iterations] = shape(await challenge("ada"));
  const [fakeNonce, fakeSalt, fakeIterations] = shape(await challenge("eve"));
  // Nonces are new each time, salts stay.
  assertNotEquals(nonce, fakeNonce);
  assertNotEquals(shape(await challenge("eve"))[0], fakeNonce);
  assertEquals(shape(await challenge("eve"))[1], fakeSalt);
  assertNotEquals(shape(await challenge("mallory"))[1], fakeSalt);
  assertNotEquals(salt, fakeSalt);
  assertEquals(salt!.length, fakeSalt!.length);
  assertEquals(iterations, fakeIterations);
});

Deno.test("AUTH SCRAM-SHA-256 keeps the salts of users who are not there with its key", async () => {
  // Without one, they are others after a restart.
  const salts: string[] = [];
  for (let run = 0; run < 2; run++) {
    await using one = start({ scramKeys: () => undefined });
    using client = await RawClient.greeted(one.server);
    const first = base64("n,,n=eve,r=abc");
    const { lines } = await client.say(`AUTH SCRAM-SHA-256 ${first}`, 334);
    salts.push(/s=([^,]*)/.exec(atob(lines[0]!))![1]!);
  }
  assertNotEquals(salts[0], salts[1]);
});

Deno.test("AUTH SCRAM-SHA-256 refuses what is no right message", async () => {
  const options = { scramKeys: (user: string) => keys.get(user) };
  for (
    const first of [
      "",
      "x",
      "n,,",
      "n,,n=ada",
      "n,,r=abc,n=ada",
      "n,,n=,r=abc",
      "n,,n=ada,r=",
      "n,,n=a=b,r=abc",
      "n,,n=ada,r=a\u00e4",
      "n,a=bob,n=ada,r=abc",
      // It offers no channel binding, and knows no extension.
      "p=tls-unique,,n=ada,r=abc",
      "n,,m=x,n=ada,r=abc",
      "x,,n=ada,r=abc",
      "n,,n=ada,r=a\0c",
    ]
  ) {
    const line = `AUTH SCRAM-SHA-256 ${base64(first) || "="}`;
    assertEquals(await said([line], options), "535", first);
  }
  const first = `AUTH SCRAM-SHA-256 ${base64("n,,n=ada,r=abc")}`;
  for (
    const [final, expected] of [
      ["", "535"],
      ["x", "535"],
      ["c=biws", "535"],
      ["c=biws,r=abc,p=AAAA", "535"],
      ["c=biws,r=abc,p=", "535"],
      ["*", "501"],
    ]
  ) {
    const line = final === "*" ? "*" : base64(final!);
    assertEquals(await said([first, line], options), `334 ${expected}`);
  }
});

Deno.test("AUTH SCRAM-SHA-256 lets nobody in before the nod", async () => {
  // The client must hear the server's proof first (RFC 5802 section 5.1).
  await using one = start({ scramKeys: (user) => keys.get(user) });
  for (const nod of ["*", "eA==", "%"]) {
    using client = await RawClient.greeted(one.server);
    const mechanism = new ScramClient("sha256", {
      user: "ada",
      secret: "secret",
      hostname: "localhost",
      port: 25,
    });
    const first = base64(mechanism.start());
    const { lines } = await client.say(`AUTH SCRAM-SHA-256 ${first}`, 334);
    const final = await mechanism.next(Uint8Array.fromBase64(lines[0]!));
    await client.say(base64(final), 334);
    await client.send(`${nod}\r\n`);
    const { code } = (await client.reply())!;
    assertEquals(code, nod === "eA==" ? 535 : 501);
    // Not signed in.
    await client.say("AUTH SCRAM-SHA-256", 334);
  }
});

Deno.test("AUTH is the same at every split of the input", async () => {
  const session = `EHLO x\r\nAUTH PLAIN\r\n${PLAIN}x\r\nAUTH PLAIN\r\n*\r\n` +
    `AUTH LOGIN\r\n${base64("ada")}\r\n${base64("secret")}\r\nQUIT\r\n`;
  const all = toBytes(session);
  const { authenticate } = guard();
  const whole = (await play([all], { authenticate })).said;
  assertEquals(codes(whole), "220 250 334 501 334 501 334 334 235 221");
  for (let seed = 0; seed < 100; seed++) {
    const slices = seed === 0
      ? Array.from(all, (byte) => Uint8Array.of(byte))
      : randomSlices(all, seededRandom(seed));
    assertEquals((await play(slices, { authenticate })).said, whole);
  }
});

Deno.test("AUTH ends with the client that hangs up in its middle", async () => {
  const { asked, authenticate } = guard();
  for (
    const half of [
      "AUTH PLAIN\r\n",
      "AUTH LOGIN\r\n",
      `AUTH LOGIN\r\n${base64("ada")}\r\n`,
      `AUTH PLAIN\r\n${PLAIN}`,
    ]
  ) {
    const { said } = await play([`EHLO x\r\n${half}`], { authenticate });
    assert(!/^235/m.test(said), said);
  }
  assertEquals(asked, []);
});

Deno.test("AUTH takes PLAIN and LOGIN on loopback, whatever it is called", async () => {
  for (const hostname of ["127.0.0.1", "::1"]) {
    const { authenticate } = guard();
    await using one = start({ hostname, authenticate });
    using client = await RawClient.greeted(one.server);
    await client.say(`AUTH PLAIN ${PLAIN}`, 235);
  }
});
