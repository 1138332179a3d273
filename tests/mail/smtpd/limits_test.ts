import {
  assert,
  assertEquals,
  assertMatch,
  assertRejects,
  assertStringIncludes,
} from "jsr:@std/assert@^1.0.0";
import { SmtpError } from "../../../mail/smtpd/mod.ts";
import { everySplit } from "../../_support/random_slices.ts";
import { codes, play, RawClient, start, talk, toBytes } from "./raw_client.ts";

const BEGIN = "EHLO me.example\r\nMAIL FROM:<a@b.example>\r\n" +
  "RCPT TO:<c@d.example>\r\n";
const AGAIN = "MAIL FROM:<>\r\nRCPT TO:<c@d.example>\r\n";
const BINARY = "MAIL FROM:<> BODY=BINARYMIME\r\nRCPT TO:<c@d.example>\r\n";

/** Text of this many bytes. */
function text(size: number): string {
  return "x".repeat(size - 2) + "\r\n";
}

Deno.test("maxSize is the last size that is taken, and counts what is left of the dots", async () => {
  const maxSize = 1_000;
  const cases: [string, string][] = [
    [`${AGAIN}DATA\r\n${text(1_000)}.\r\n`, "250 250 354 250"],
    [`${AGAIN}DATA\r\n${text(1_001)}.\r\n`, "250 250 354 552"],
    // RFC 1870 section 3: neither stuffed dots nor the end count.
    [`${AGAIN}DATA\r\n${"..\r\n".repeat(333)}.\r\n`, "250 250 354 250"],
    [`${AGAIN}DATA\r\n${"..\r\n".repeat(334)}.\r\n`, "250 250 354 552"],
    [`${AGAIN}BDAT 1000 LAST\r\n${text(1_000)}`, "250 250 250"],
    [`${AGAIN}BDAT 1001 LAST\r\n${text(1_001)}`, "250 250 552"],
    [
      `${AGAIN}BDAT 600\r\n${text(600)}BDAT 400\r\n${text(400)}BDAT 0 LAST\r\n`,
      "250 250 250 250 250",
    ],
    [
      `${AGAIN}BDAT 600\r\n${text(600)}BDAT 401\r\n${text(401)}BDAT 0 LAST\r\n`,
      "250 250 250 552 503",
    ],
    [`${BINARY}BDAT 1000 LAST\r\n${"\n".repeat(1_000)}`, "250 250 250"],
    [`${BINARY}BDAT 1001 LAST\r\n${"\n".repeat(1_001)}`, "250 250 552"],
    ["MAIL FROM:<> SIZE=1000\r\nRSET\r\n", "250 250"],
    ["MAIL FROM:<> SIZE=1001\r\nRSET\r\n", "552 250"],
    // What is said of the size is no promise.
    [
      `MAIL FROM:<> SIZE=5\r\nRCPT TO:<a@b>\r\nDATA\r\n${text(1_000)}.\r\n`,
      "250 250 354 250",
    ],
    // Far too large, but read to its end.
    [`${AGAIN}DATA\r\n${text(300_000)}.\r\n`, "250 250 354 552"],
    [`${AGAIN}BDAT 2000 LAST\r\n${text(2_000)}`, "250 250 552"],
  ];
  for (const [session, expected] of cases) {
    const all = `EHLO x\r\n${session}${AGAIN}DATA\r\nok\r\n.\r\nQUIT\r\n`;
    const { said, messages } = await play([all], {}, { maxSize });
    const what = session.slice(0, 80);
    assertEquals(
      codes(said),
      `220 250 ${expected} 250 250 354 250 221`,
      what,
    );
    if (expected.includes("552")) assertMatch(said, /^552 5\.3\.4 .* 1000 /m);
    const whole = messages.filter((one) => one.text !== "ok\r\n");
    assert(whole.every((one) => one.text.length <= maxSize), what);
    assertEquals(
      whole.length,
      /250$/.test(expected) && !/SIZE=100/.test(what) ? 1 : 0,
    );
  }
});

Deno.test("maxSize is as much as a handler ever sees", async () => {
  for (
    const rest of [
      `DATA\r\n${text(500_000)}.\r\n`,
      `BDAT 1500 LAST\r\n${text(1_500)}`,
    ]
  ) {
    let seen = 0;
    await play([`${BEGIN}${rest}`], {
      async onMessage(_, body) {
        const error = await assertRejects(async () => {
          for await (const chunk of body) seen += chunk.length;
        }, SmtpError);
        assertEquals(error.code, 552);
      },
    }, { maxSize: 1_000 });
    assert(seen <= 1_000, `${seen} bytes`);
  }
});

Deno.test("maxSize ends the connection where a chunk is far beyond it", async () => {
  for (
    const session of [
      `${BEGIN}BDAT 2001 LAST\r\n`,
      `${BEGIN}BDAT 999999999999999\r\n`,
      `${BEGIN}BDAT 1\r\nxBDAT 2001\r\n`,
      // No recipient, but the octets would come.
      "EHLO x\r\nBDAT 2001\r\n",
    ]
  ) {
    const { said, messages } = await play(
      [`${session}MAIL FROM:<eve@x>\r\nNOOP\r\n`],
      { onMail: (address) => assertEquals(address, "a@b.example") },
      { maxSize: 1_000 },
    );
    assertMatch(said, /\r\n552 5\.3\.4 [^\r\n]*\r\n$/);
    assertEquals(messages, []);
  }
});

Deno.test("maxRecipients is the last one that is taken", async () => {
  const asked: string[] = [];
  const { said, messages } = await play([
    `EHLO x\r\nMAIL FROM:<>\r\nRCPT TO:<1@b>\r\nRCPT TO:<bad@b>\r\n` +
    "RCPT TO:<2@b>\r\nRCPT TO:<3@b>\r\nRCPT TO:<x>\r\nRCPT TO:<4@b>\r\nDATA\r\n.\r\n" +
    `${AGAIN}DATA\r\n.\r\nQUIT\r\n`,
  ], {
    onRecipient(address) {
      asked.push(address);
      if (address === "bad@b") throw new SmtpError(550, "5.1.1", "No");
    },
  }, { maxRecipients: 2 });
  assertEquals(
    codes(said),
    "220 250 250 250 550 250 452 553 452 354 250 250 250 354 250 221",
  );
  assertStringIncludes(said, "\r\n452 4.5.3 ");
  assertEquals(asked, ["1@b", "bad@b", "2@b", "c@d.example"]);
  assertEquals(messages[0]!.envelope.to, ["1@b", "2@b"]);
});

Deno.test("maxConnections turns away one more, and takes another when one has left", async () => {
  await using one = start({ maxConnections: 2 });
  using first = await RawClient.greeted(one.server);
  using second = await RawClient.greeted(one.server);
  assertMatch(await talk(one.server, "QUIT\r\n"), /^421 4\.7\.0 [^\r\n]*\r\n$/);
  // Those inside notice nothing.
  await first.say("NOOP", 250);
  await second.say("QUIT", 221);
  second.close();
  let said = "";
  // The server hears of it when it does.
  while (!said.startsWith("220")) {
    for (let at = 0; at < 10; at++) await first.say("NOOP", 250);
    said = await talk(one.server, "QUIT\r\n");
  }
  assertEquals(codes(said), "220 221");
  await first.say("QUIT", 221);
});

Deno.test("maxConnections does not count those who were turned away", async () => {
  await using one = start({ maxConnections: 1 });
  using first = await RawClient.greeted(one.server);
  using stays = await RawClient.connect(one.server);
  await stays.expect(421);
  await first.say("QUIT", 221);
  assertEquals(await first.reply(), undefined);
  first.close();
  // A few round trips, until the server has seen that the first has left.
  for (let at = 0; at < 200; at++) {
    using other = await RawClient.connect(one.server);
    const { code } = (await other.reply())!;
    if (code === 220) return;
  }
  assertEquals("turned away", "let in");
});

Deno.test("SmtpServer shows a client the door that makes too many errors", async () => {
  const wrong = "WHAT\r\n";
  const cases: [string, string][] = [
    [wrong.repeat(25), `${"500 ".repeat(20)}421`],
    [wrong.repeat(19) + "NOOP\r\nQUIT\r\n", `${"500 ".repeat(19)}250 221`],
    // What is right in between makes nothing good.
    [`${wrong}NOOP\r\n`.repeat(25), `${"500 250 ".repeat(19)}500 421`],
    ["DATA\r\n".repeat(25), `${"503 ".repeat(20)}421`],
    ["AUTH X\r\n".repeat(25), `${"504 ".repeat(20)}421`],
    ["MAIL FROM:x\r\n".repeat(25), `${"501 ".repeat(20)}421`],
    // A password more.
    ["AUTH PLAIN AGEAYg==\r\n".repeat(25), `${"535 ".repeat(20)}421`],
  ];
  for (const [text, expected] of cases) {
    const { said } = await play([`EHLO x\r\n${text}`], {
      authenticate: () => false,
    });
    assertEquals(codes(said), `220 250 ${expected}`, text.slice(0, 20));
    if (/421$/.test(expected)) assertMatch(said, /421 4\.7\.0 Too many/);
  }
});

Deno.test("SmtpServer does not count what its handlers refuse", async () => {
  const { said } = await play([
    `EHLO x\r\nMAIL FROM:<>\r\n${"RCPT TO:<a@b>\r\n".repeat(100)}QUIT\r\n`,
  ], {
    onRecipient() {
      throw new SmtpError(550, "5.1.1", "Unknown");
    },
  });
  assertEquals(codes(said), `220 250 250 ${"550 ".repeat(100)}221`);
});

Deno.test("SmtpServer does not count what its handlers refuse as a syntax error", async () => {
  const { said } = await play([
    `EHLO x\r\nMAIL FROM:<>\r\n${"RCPT TO:<a@b>\r\n".repeat(100)}QUIT\r\n`,
  ], {
    onRecipient() {
      throw new SmtpError(501, "5.1.3", "We know no such addresses");
    },
  });
  assertEquals(codes(said), `220 250 250 ${"501 ".repeat(100)}221`);
});

/** The longest line (RFC 4954 section 4: 12,288 octets and the line end). */
const LONGEST = 12_288 + 2;

Deno.test("SmtpServer reads lines of 12,288 octets, and hangs up on longer ones", async () => {
  const line = (length: number) => `NOOP ${"x".repeat(length - 7)}\r\n`;
  assertEquals(line(LONGEST).length, LONGEST);
  for (const split of [0, 1, 6_000, LONGEST - 1]) {
    const fits = toBytes(`${line(LONGEST)}NOOP\r\nQUIT\r\n`);
    const taken = await play([fits.slice(0, split), fits.slice(split)]);
    assertEquals(codes(taken.said), "220 250 250 221");
    const longer = toBytes(`${line(LONGEST + 1)}NOOP\r\nQUIT\r\n`);
    const refused = await play([longer.slice(0, split), longer.slice(split)]);
    assertEquals(codes(refused.said), "220 500");
  }
  // Octets are counted, not characters.
  const wide = `NOOP ${"\u20ac".repeat(4_100)}\r\n`;
  assertEquals(codes((await play([wide])).said), "220 500");
  // A line among others, which are done before.
  const { said } = await play([`EHLO x\r\nNOOP\r\n${line(20_000)}NOOP\r\n`]);
  assertEquals(codes(said), "220 250 250 500");
  assertMatch(said, /\r\n500 5\.5\.2 [^\r\n]*goodbye\r\n$/);
});

Deno.test("SmtpServer hangs up on a line that never ends", async () => {
  await using one = start();
  const endless = toBytes("x".repeat(8 * 1024 * 1024));
  assertEquals(codes(await talk(one.server, endless)), "220 500");
  const { said } = await play([`EHLO x\r\nAUTH PLAIN\r\n`, endless], {
    authenticate: () => true,
  });
  assertEquals(codes(said), "220 250 334 500");
});

Deno.test("SmtpServer hangs up on a bare CR or LF in a line, at every split", async () => {
  const lines = [
    "NOOP\n",
    "NOOP x\nMAIL FROM:<eve@x>\r\n",
    "NOOP\rMAIL FROM:<eve@x>\r\n",
    "NOOP\r\r\n",
    "\n",
    "\r\r\n",
    "NOOP\0\n",
    "NOOP\r\0\n",
    "\n\r\n",
    "MAIL FROM:<a\r@b>\r\n",
    "MAIL FROM:<a@b>\nRCPT TO:<a@b>\r\n",
  ];
  for (const line of lines) {
    const begin = "EHLO x\r\nNOOP\r\n";
    const all = toBytes(`${begin}${line}MAIL FROM:<eve@x>\r\nQUIT\r\n`);
    for (const slices of everySplit(all)) {
      const { said } = await play(slices, {
        onMail: (address) => {
          throw new Error(`MAIL FROM:<${address}> was done`);
        },
      });
      const what = `${JSON.stringify(line)} at ${slices[0].length}`;
      assertEquals(codes(said), "220 250 250 500", what);
    }
  }
  const { said } = await play([
    "EHLO x\r\nAUTH PLAIN\r\nAGEAYg==\nMAIL FROM:<a@b>\r\n",
  ], { authenticate: () => true });
  assertEquals(codes(said), "220 250 334 500");
});

Deno.test("timeout ends a connection that is silent, and says so where it can", async () => {
  const cases: [string, string][] = [
    ["", "220 421"],
    ["EHLO x\r\n", "220 250 421"],
    ["EHLO x\r\nNO", "220 250 421"],
    ["EHLO x\r\nAUTH PLAIN\r\n", "220 250 334 421"],
    [`${BEGIN}BDAT 1\r\nx`, "220 250 250 250 250 421"],
    // In the middle of a message nothing may be said, or 421.
    [`${BEGIN}DATA\r\n`, "220 250 250 250 354"],
    [`${BEGIN}DATA\r\nx\r\n`, "220 250 250 250 354"],
    [`${BEGIN}BDAT 10 LAST\r\nx`, "220 250 250 250"],
    ["EHLO x\r\nBDAT 10 LAST\r\nx", "220 250"],
  ];
  for (const [text, expected] of cases) {
    const ends: string[] = [];
    await using one = start({
      timeout: 50,
      authenticate: () => true,
      onMessage: (_, body) =>
        new Response(body).text().then(
          () => void ends.push("whole"),
          (error) => {
            ends.push((error as Error).name);
            throw error;
          },
        ),
      onError: (error) => ends.push(`told of ${error}`),
    });
    using client = await RawClient.connect(one.server);
    await client.send(text);
    let said = "";
    try {
      said = await client.codes();
    } catch (error) {
      // Cut off: what came before is in the system's hands.
      assert(error instanceof Deno.errors.ConnectionReset, String(error));
      continue;
    }
    if (!expected.endsWith("421")) said = said.replace(/ 421$/, "");
    assertEquals(said, expected, text);
    client.close();
    // All the handlers have ended by then.
    await one.server.shutdown();
    assert(!ends.includes("whole"));
    assert(!ends.some((one) => one.startsWith("told")), String(ends));
  }
});

Deno.test("timeout leaves nothing to be done behind its 421", async () => {
  const done: string[] = [];
  await using one = start({
    timeout: 50,
    onMail: (address) => void done.push(address),
    onMessage: () => void done.push("message"),
  });
  using client = await RawClient.greeted(one.server);
  const { lines } = await client.expect(421);
  assertStringIncludes(lines[0]!, "4.4.2 ");
  // The client has not heard of it yet.
  await client.send(`${AGAIN}BDAT 3 LAST\r\nx\r\n`).catch(() => {});
  await one.server.shutdown();
  assertEquals(done, []);
});

Deno.test("timeout lets no message pass that was given up in its middle", async () => {
  for (
    const [half, rest] of [["DATA\r\nx", "y\r\n.\r\n"], ["BDAT 2\r\nx", "y"]]
  ) {
    const { promise: broken, resolve } = Promise.withResolvers<string>();
    await using one = start({
      timeout: 50,
      onMessage: (_, body) =>
        new Response(body).text().then(
          (text) => resolve(`whole: ${text}`),
          (error) => {
            resolve((error as Error).name);
            throw error;
          },
        ),
      onError: (error) => resolve(`told of ${error}`),
    });
    using client = await RawClient.greeted(one.server);
    await client.send(`${AGAIN}${half}`);
    assertEquals(await broken, "TimeoutError");
    await client.send(`${rest}NOOP\r\n`).catch(() => {});
    await one.server.shutdown();
  }
});

Deno.test("timeout does not count while a handler thinks", async () => {
  // As long as another client takes to be timed out.
  await using one = start({
    timeout: 50,
    async onMail() {
      assertEquals(codes(await talk(one.server, "")), "220 421");
    },
    async onRecipient() {
      assertEquals(codes(await talk(one.server, "")), "220 421");
    },
    async onMessage(_, body) {
      assertEquals(codes(await talk(one.server, "")), "220 421");
      await new Response(body).text();
      assertEquals(codes(await talk(one.server, "")), "220 421");
    },
    onError: () => {},
  });
  using client = await RawClient.connect(one.server);
  await client.send(`${BEGIN}DATA\r\nx\r\n.\r\nQUIT\r\n`);
  assertEquals(await client.codes(), "220 250 250 250 354 250 221");
});

Deno.test("timeout ends a connection that takes no replies", async () => {
  await using one = start({ timeout: 100 });
  using client = await RawClient.connect(one.server);
  const many = toBytes("HELP\r\n".repeat(100_000));
  await assertRejects(async () => {
    for (;;) await client.send(many);
  }, Error);
});

Deno.test("timeout 0 is none", async () => {
  await using one = start({ timeout: 0 });
  await using other = start({ timeout: 50 });
  using client = await RawClient.greeted(one.server);
  // A while later.
  for (let at = 0; at < 3; at++) await talk(other.server, "");
  await client.say("NOOP", 250);
});
