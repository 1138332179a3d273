import {
  assert,
  assertEquals,
  assertInstanceOf,
  assertNotEquals,
  assertRejects,
  assertStringIncludes,
} from "jsr:@std/assert@^1.0.0";
import { ByteReader } from "../../../_wire/byte_reader.ts";
import { ProtocolError } from "../../../_wire/errors.ts";
import {
  chunkSource,
  dataSource,
  Incoming,
} from "../../../mail/smtpd/incoming.ts";
import {
  SmtpError,
  type SmtpServer,
  type SmtpServerOptions,
} from "../../../mail/smtpd/mod.ts";
import {
  everySplit,
  randomSlices,
  seededRandom,
} from "../../_support/random_slices.ts";
import {
  codes,
  fromText,
  play,
  RawClient,
  start,
  talk,
  toBytes,
  toText,
} from "./raw_client.ts";

type OnMessage = SmtpServerOptions["onMessage"];

const BEGIN = "EHLO me.example\r\nMAIL FROM:<a@b.example>\r\n" +
  "RCPT TO:<c@d.example>\r\n";
const BINARY = BEGIN.replace(".example>\r\nRCPT", ".example> BODY=BINARYMIME$&")
  .replace("BINARYMIME.example>", "BINARYMIME");
/** What somebody would like to have taken for commands. */
const EVIL = "MAIL FROM:<eve@x.example>\r\nRCPT TO:<c@d.example>\r\n";

Deno.test("DATA takes off stuffed dots, at every split the same", async () => {
  const cases: [string, string][] = [
    [".\r\n", ""],
    ["..\r\n.\r\n", ".\r\n"],
    ["a\r\n.\r\n", "a\r\n"],
    ["\r\n.\r\n", "\r\n"],
    [".a\r\n.\r\n", "a\r\n"],
    ["...\r\n..\r\n..a\r\n.\r\n", "..\r\n.\r\n.a\r\n"],
    ["a.\r\nb.c\r\n..\r\n\r\n..\r\n.\r\n", "a.\r\nb.c\r\n.\r\n\r\n.\r\n"],
    ["\r\n\r\n.\r\n", "\r\n\r\n"],
    // RFC 5321 section 4.5.2: a dot with more behind it is taken off.
    [". \r\n.\r\n", " \r\n"],
  ];
  for (const [sent, expected] of cases) {
    const all = toBytes(`${BEGIN}DATA\r\n${sent}NOOP\r\nQUIT\r\n`);
    const begin = toBytes(BEGIN).length;
    for (const [before, after] of everySplit(all)) {
      if (before.length > 0 && before.length < begin) continue;
      const { said, messages } = await play([before, after]);
      const what = `${JSON.stringify(sent)} at ${before.length}`;
      assertEquals(codes(said), "220 250 250 250 354 250 250 221", what);
      assertEquals(messages.map(({ text }) => text), [expected], what);
    }
    const bytewise = await play(Array.from(all, (byte) => Uint8Array.of(byte)));
    assertEquals(bytewise.messages.map(({ text }) => text), [expected]);
  }
});

Deno.test("DATA gives every byte that is no line end as it came", async () => {
  let message = "";
  for (let byte = 0; byte < 256; byte++) {
    if (byte !== 0x0d && byte !== 0x0a) message += String.fromCharCode(byte);
    if (byte % 16 === 15) message += "\r\n";
  }
  message += `${"x".repeat(200_000)}\r\n`;
  const all = new Uint8Array([
    ...toBytes(`${BEGIN}DATA\r\n`),
    ...fromText(message),
    ...toBytes(".\r\nQUIT\r\n"),
  ]);
  for (let seed = 0; seed < 20; seed++) {
    const { said, messages } = await play(
      randomSlices(all, seededRandom(seed)),
    );
    assertEquals(codes(said), "220 250 250 250 354 250 221");
    assert(messages[0]!.text === message, `seed ${seed}`);
  }
});

/** Ends of a message that some server somewhere takes for one. */
const FALSE_ENDS = [
  "\n.\n",
  "\n.\r\n",
  "\r\n.\n",
  "\n.\r",
  "\r.\r",
  "\r.\n",
  "\r.\r\n",
  "\r\n.\r",
  "\r\r.\r\r",
  "\n\n.\n\n",
  "\n\r.\n\r",
  "\r\r\n.\r\r\n",
  "\r\n\n.\r\n",
  "\r\n.\r\r\n",
  "\r\n.\n\r\n",
  "\r\n.\r.\r\n",
  "\r\n\r.\r\n",
  "\n\r\n.\n",
  "\r\n\0.\r",
  "\r\n.\0\r",
  "\r\0\n.\r\0\n",
  "\r\n.\r\0\n",
];

Deno.test("DATA refuses bare CR and LF, and ends at CRLF.CRLF only (RFC 5321 section 2.3.8)", async () => {
  for (const end of FALSE_ENDS) {
    for (const before of ["", "Subject: x\r\n\r\nHello", "\r\n"]) {
      const message = `${before}${end}${EVIL}DATA\r\nI am eve`;
      const session = `${BEGIN}DATA\r\n${message}\r\n.\r\nNOOP\r\nQUIT\r\n`;
      const all = toBytes(session);
      const at = session.indexOf(end, BEGIN.length + 6);
      // Whole, and cut at each byte of the false end.
      const cuts = [0, ...Array.from(end + "..", (_, add) => at + add)];
      for (const cut of cuts) {
        const seen: string[] = [];
        const { said } = await play([all.slice(0, cut), all.slice(cut)], {
          onMail: (address) => void seen.push(address),
          async onMessage(_, body) {
            const error = await assertRejects(() => new Response(body).text());
            assertInstanceOf(error, SmtpError);
            seen.push("refused");
            throw error;
          },
        });
        const what = `${JSON.stringify(before + end)} at ${cut}`;
        assertEquals(codes(said), "220 250 250 250 354 550 250 221", what);
        assertStringIncludes(said, "\r\n550 5.6.11 ", what);
        assertEquals(seen, ["a@b.example", "refused"], what);
      }
    }
  }
});

Deno.test("DATA takes the first CRLF.CRLF for the end, whatever stands before it", async () => {
  // The rest are commands, and the message is refused where it is malformed.
  const cases: [string, string][] = [
    // A lone dot at once ends it: what follows is a command.
    [".\r\nNOOP\r\n", "250 250"],
    ["\n\r\n.\r\nNOOP\r\n", "550 250"],
    ["a\r\r\n.\r\nNOOP\r\n", "550 250"],
    [".\r.\r\n.\r\nNOOP\r\n", "550 250"],
    ["\0\r\n.\r\nNOOP\r\n", "250 250"],
    ["\r\n\0.\r\n\r\n.\r\nNOOP\r\n", "250 250"],
    ["\r\n.\0\r\n\r\n.\r\nNOOP\r\n", "250 250"],
    ["\r\n.\r\n.\r\nNOOP\r\n", "250 500 250"],
  ];
  for (const [text, expected] of cases) {
    const { said } = await play([`${BEGIN}DATA\r\n${text}QUIT\r\n`]);
    assertEquals(
      codes(said),
      `220 250 250 250 354 ${expected} 221`,
      JSON.stringify(text),
    );
  }
});

Deno.test("SmtpServer refuses bare CR and LF though the handler has not looked", async () => {
  const handlers: OnMessage[] = [
    () => {},
    (_, body) => body.cancel(),
    async (_, body) => void await body.getReader().read().catch(() => {}),
    (_, body) => new Response(body).text().then(() => {}, () => {}),
  ];
  for (const onMessage of handlers) {
    for (
      const rest of [
        "DATA\r\na\nb\r\n.\r\n",
        `DATA\r\n${"x\r\n".repeat(100_000)}a\rb\r\n.\r\n`,
        "BDAT 3 LAST\r\na\nb",
        "BDAT 2 LAST\r\na\r",
        "BDAT 2 LAST\r\na\n",
        "BDAT 1 LAST\r\n\r",
      ]
    ) {
      const { said } = await play([`${BEGIN}${rest}NOOP\r\nQUIT\r\n`], {
        onMessage,
        onError: () => {},
      });
      assertEquals(
        codes(said.replace(/354 [^]*?\r\n/, "")),
        "220 250 250 250 550 250 221",
        rest.slice(0, 30),
      );
    }
  }
});

Deno.test("BDAT puts chunks together, at every split the same", async () => {
  const chunks = ["BDAT 3\r\na\r\n", "bdat 0\r\n", "BDAT 1\r\n\r", "BDAT 5"];
  const all = toBytes(
    `${BEGIN}${chunks.join("")} last\r\n\n.\r\n.NOOP\r\nQUIT\r\n`,
  );
  const expected = "220 250 250 250 250 250 250 250 250 221";
  async function check(slices: Uint8Array[], what: string) {
    const { said, messages } = await play(slices);
    assertEquals(codes(said), expected, what);
    // Nothing is stuffed, and nothing but the octets counts.
    assertEquals(messages.map(({ text }) => text), ["a\r\n\r\n.\r\n."], what);
  }
  for (const [before, after] of everySplit(all)) {
    await check([before, after], `at ${before.length}`);
  }
  await check(Array.from(all, (byte) => Uint8Array.of(byte)), "every byte");
  for (let seed = 0; seed < 50; seed++) {
    await check(randomSlices(all, seededRandom(seed)), `seed ${seed}`);
  }
});

Deno.test("BDAT takes messages of no octets, and a LAST without any", async () => {
  const { said, messages } = await play([
    `${BEGIN}BDAT 0 LAST\r\n` +
    "MAIL FROM:<>\r\nRCPT TO:<a@b>\r\nBDAT 4\r\nx\r\n.BDAT 0\r\nBDAT 0 LAST\r\n" +
    "QUIT\r\n",
  ]);
  assertEquals(codes(said), "220 250 250 250 250 250 250 250 250 250 221");
  assertEquals(messages.map(({ text }) => text), ["", "x\r\n."]);
});

Deno.test("BDAT gives a binary message byte for byte", async () => {
  const octets = Uint8Array.from(
    { length: 70_000 },
    (_, at) => (at * 7 + (at >> 8)) & 0xff,
  );
  octets.set(toBytes("\r\n.\r\n\n.\n\r.\r\r\r\nBDAT 3 LAST\r\n"), 1_000);
  octets[octets.length - 1] = 0x0d;
  const all = new Uint8Array([
    ...toBytes(`${BINARY}DATA\r\nBDAT 1001\r\n`),
    ...octets.subarray(0, 1_001),
    ...toBytes(`BDAT ${octets.length - 1_001} LAST\r\n`),
    ...octets.subarray(1_001),
    ...toBytes("NOOP\r\nQUIT\r\n"),
  ]);
  for (let seed = 0; seed < 10; seed++) {
    const { said, messages } = await play(
      randomSlices(all, seededRandom(seed)),
    );
    // RFC 3030 section 3: not by DATA.
    assertEquals(codes(said), "220 250 250 250 503 250 250 250 221");
    assert(messages[0]!.text === toText(octets));
    assertEquals(messages[0]!.envelope.body, "binarymime");
  }
});

Deno.test("BDAT reads the octets of a chunk that it refuses", async () => {
  const chunk = "BDAT 12 LAST\r\nQUIT\r\nQUIT\r\n";
  const cases: [string, string][] = [
    // Before EHLO, without a sender, without a recipient.
    [chunk, "503"],
    [`EHLO x\r\n${chunk}`, "250 503"],
    [`EHLO x\r\nMAIL FROM:<>\r\n${chunk}`, "250 250 554"],
    // RFC 3030 section 2: the sender is still there.
    [
      `EHLO x\r\nMAIL FROM:<>\r\n${chunk}RCPT TO:<a@b>\r\n${chunk}`,
      "250 250 554 250 250",
    ],
    // Behind a chunk that was refused, the following ones are, too.
    [
      `${BEGIN}BDAT 3\r\na\nbBDAT 6\r\nQUIT\r\n${chunk}DATA\r\nRSET\r\n`,
      "250 250 250 550 503 503 503 250",
    ],
    // A second message without a new sender.
    [`${BEGIN}${chunk}${chunk}`, "250 250 250 250 503"],
  ];
  for (const [text, expected] of cases) {
    const all = `${text}NOOP\r\nQUIT\r\n`;
    for (const slices of [[all], Array.from(all)]) {
      const { said } = await play(slices);
      assertEquals(codes(said), `220 ${expected} 250 221`, text);
    }
  }
});

Deno.test("BDAT hangs up where it cannot tell the octets from commands", async () => {
  for (
    const argument of [
      "",
      "LAST",
      "-1",
      "+1",
      "1.5",
      "0x10",
      "1e3",
      "1 FIRST",
      "1 LAST LAST",
      "1LAST",
      "1,LAST",
      "\u0661",
      "99999999999999999999999",
    ]
  ) {
    const { said, messages } = await play([
      `${BEGIN}BDAT ${argument}\r\nMAIL FROM:<eve@x>\r\nNOOP\r\n`,
    ]);
    assertEquals(codes(said), "220 250 250 250 501", argument);
    assertEquals(messages, []);
  }
  // In the middle of a message, too.
  const ends: string[] = [];
  const { said } = await play([`${BEGIN}BDAT 4\r\nhalfBDAT x\r\nNOOP\r\n`], {
    onMessage: (_, body) =>
      new Response(body).text().then(
        () => void ends.push("whole"),
        () => void ends.push("broken"),
      ),
  });
  assertEquals(codes(said), "220 250 250 250 250 501");
  assertEquals(ends, ["broken"]);
});

Deno.test("BDAT allows nothing but chunks, and ways out, in the middle of a message", async () => {
  const ends: string[] = [];
  const onMessage: OnMessage = async ({ from }, body) => {
    await new Response(body).text().then(
      (text) => ends.push(`${from} ${text}`),
      (error) => ends.push(`${from} ${(error as Error).name}`),
    );
  };
  const { said } = await play([
    `${BEGIN}BDAT 1\r\naMAIL FROM:<>\r\nRCPT TO:<a@b>\r\nDATA\r\nSTARTTLS\r\n` +
    "AUTH PLAIN\r\nNOOP\r\nBDAT 1\r\nbRSET\r\nBDAT 1 LAST\r\nc" +
    "MAIL FROM:<2@b>\r\nRCPT TO:<a@b>\r\nBDAT 1\r\naEHLO x\r\nMAIL FROM:<3@b>\r\n" +
    "RCPT TO:<a@b>\r\nBDAT 1\r\naBDAT 1 LAST\r\nb" +
    "MAIL FROM:<4@b>\r\nRCPT TO:<a@b>\r\nBDAT 1\r\naQUIT\r\n",
  ], { onMessage, authenticate: () => true });
  assertEquals(
    codes(said),
    "220 250 250 250 250 503 503 503 503 503 250 250 250 503 " +
      "250 250 250 250 250 250 250 250 250 250 250 221",
  );
  assertEquals(ends, [
    "a@b.example ProtocolError",
    "2@b ProtocolError",
    "3@b ab",
    "4@b ProtocolError",
  ]);
});

/** A server for one message that will not be whole. */
interface Broken extends AsyncDisposable {
  server: SmtpServer;
  /** Resolves when the handler is there. */
  begun: Promise<void>;
  /** Why it could not read all of the message. */
  ended: Promise<unknown>;
}

function expectBroken(): Broken {
  const { promise: begun, resolve: begin } = Promise.withResolvers<void>();
  const { promise: ended, resolve: end } = Promise.withResolvers<unknown>();
  const one = start({
    async onMessage(_, body) {
      begin();
      await new Response(body).text().then(
        () => end("whole"),
        (error) => {
          end(error);
          throw error;
        },
      );
    },
    onError: (error) => end(`told of ${error}`),
  });
  return {
    server: one.server,
    begun,
    ended,
    [Symbol.asyncDispose]: () => one[Symbol.asyncDispose](),
  };
}

Deno.test("SmtpServer never shows half a message as a whole one, wherever the client hangs up", async () => {
  const sessions = [
    `${BEGIN}DATA\r\nx\r\n..\r\n.\r\n`,
    `${BEGIN}BDAT 3\r\na\r\nBDAT 2\r\n..BDAT 3 LAST\r\nb\r\n`,
    `${BINARY}BDAT 3\r\na\r\nBDAT 2\r\n..BDAT 0 LAST\r\n`,
  ];
  for (const session of sessions) {
    const all = toBytes(session);
    for (const [before] of everySplit(all)) {
      const ends: string[] = [];
      const errors: unknown[] = [];
      const { said } = await play([before], {
        async onMessage(_, body) {
          try {
            await new Response(body).text();
            ends.push("whole");
          } catch (error) {
            assertInstanceOf(error, ProtocolError);
            ends.push("broken");
            throw error;
          }
        },
        onError: (error) => errors.push(error),
      });
      const whole = before.length === all.length;
      if (whole) assertEquals(ends, ["whole"]);
      else assert(ends.length === 0 || ends[0] === "broken", `${ends}`);
      assertEquals(/accepted/.test(said), whole);
      // That the client has gone is no failure of the handler's.
      assertEquals(errors, []);
    }
  }
});

Deno.test("SmtpServer errors the body when the client hangs up or drops the connection", async () => {
  for (
    const half of [
      `${BEGIN}DATA\r\nhalf\r\n`,
      `${BEGIN}DATA\r\nhalf\r\n.`,
      `${BEGIN}BDAT 100 LAST\r\nhalf`,
      `${BEGIN}BDAT 4\r\nhalf`,
      `${BINARY}BDAT 4\r\nhalf`,
    ]
  ) {
    for (const way of ["hang up", "drop"]) {
      await using one = expectBroken();
      using client = await RawClient.connect(one.server);
      await client.send(half);
      // Reset before the handler was asked, it would never be told.
      if (way === "drop" && half.includes("DATA")) {
        for (const code of [220, 250, 250, 250, 354]) await client.expect(code);
      }
      await one.begun;
      // Dropped with something unread, the connection is reset.
      if (way === "drop") client.close();
      else await client.conn.closeWrite();
      assertInstanceOf(await one.ended, Error, half);
      if (way === "hang up") {
        const said = await client.codes();
        assert(/^220 250 250 250( 354| 250)?( 451)?$/.test(said), said);
      }
    }
  }
});

Deno.test("SmtpServer errors the body when the client begins anew", async () => {
  for (const way of ["RSET", "EHLO x", "HELO x", "QUIT"]) {
    await using one = expectBroken();
    using client = await RawClient.connect(one.server);
    await client.send(`${BEGIN}BDAT 4\r\nhalf`);
    for (const code of [220, 250, 250, 250, 250]) await client.expect(code);
    await client.say(way, way === "QUIT" ? 221 : 250);
    assertInstanceOf(await one.ended, ProtocolError);
  }
});

const LINE = "x".repeat(70) + "\r\n";
const LONG = LINE.repeat(20_000);

Deno.test("SmtpServer goes on behind a message that the handler has not read", async () => {
  const handlers: Record<string, OnMessage> = {
    "does not look": () => {},
    "cancels": (_, body) => body.cancel(),
    "cancels later": async (_, body) => {
      const reader = body.getReader();
      await reader.read();
      await reader.cancel("enough");
    },
    "reads half": async (_, body) => void await body.getReader().read(),
    "reads half and lets go": async (_, body) => {
      const reader = body.getReader();
      await reader.read();
      reader.releaseLock();
    },
    "breaks out of a loop": async (_, body) => {
      for await (const _chunk of body) break;
    },
    "does not wait for its read": (_, body) => {
      body.getReader().read().catch(() => {});
    },
    "does not wait for all its reads": (_, body) => {
      const reader = body.getReader();
      for (let at = 0; at < 10; at++) reader.read().catch(() => {});
    },
    "does not wait for a BYOB read": (_, body) => {
      body.getReader({ mode: "byob" }).read(new Uint8Array(10)).catch(() => {});
    },
  };
  for (const [what, onMessage] of Object.entries(handlers)) {
    await using one = start({ onMessage });
    for (
      const rest of [
        "DATA\r\n.\r\n",
        "DATA\r\nx\r\n.\r\n",
        `DATA\r\n${LONG}.\r\n`,
        `BDAT ${LONG.length} LAST\r\n${LONG}`,
        "BDAT 0 LAST\r\n",
      ]
    ) {
      const said = await talk(
        one.server,
        `${BEGIN}${rest}${BEGIN}${rest}NOOP\r\nQUIT\r\n`,
      );
      const once = rest.startsWith("DATA")
        ? "250 250 250 354 250"
        : "250 250 250 250";
      assertEquals(
        codes(said),
        `220 ${once} ${once} 250 221`,
        `${what}: ${rest.slice(0, 20)}`,
      );
    }
    const chunks = await talk(
      one.server,
      `${BEGIN}BDAT ${LONG.length}\r\n${LONG}BDAT 3\r\na\r\n` +
        `BDAT ${LONG.length} LAST\r\n${LONG}NOOP\r\nQUIT\r\n`,
    );
    assertEquals(codes(chunks), "220 250 250 250 250 250 250 250 221", what);
  }
});

Deno.test("SmtpServer reads on when the handler throws in the middle", async () => {
  const handlers: [OnMessage, string][] = [
    [() => {
      throw new SmtpError(554, "5.6.0", "No");
    }, "554"],
    [async (_, body) => {
      await body.getReader().read();
      throw new SmtpError(452, "4.3.1", "Full");
    }, "452"],
    [async (_, body) => {
      for await (const _chunk of body) throw new Error("bug");
    }, "451"],
    [async (_, body) => {
      await body.pipeTo(
        new WritableStream({
          write() {
            throw new SmtpError(452, "4.3.1", "Disk full");
          },
        }),
      );
    }, "452"],
  ];
  for (const [onMessage, code] of handlers) {
    const errors: unknown[] = [];
    await using one = start({
      onMessage,
      onError: (error) => errors.push(error),
    });
    const said = await talk(
      one.server,
      `${BEGIN}DATA\r\n${LONG}.\r\n` +
        `${BEGIN}BDAT ${LONG.length} LAST\r\n${LONG}` +
        `${BEGIN}BDAT 10\r\n1234567\r\n.BDAT 3 LAST\r\nx\r\nNOOP\r\nQUIT\r\n`,
    );
    assertEquals(
      codes(said),
      `220 250 250 250 354 ${code} 250 250 250 ${code} ` +
        `250 250 250 250 ${code} 250 221`,
    );
    assertEquals(errors.length, code === "451" ? 3 : 0);
  }
});

Deno.test("SmtpServer answers when the handler has done, not before", async () => {
  const { promise: gate, resolve: open } = Promise.withResolvers<void>();
  let text = "";
  await using one = start({
    async onMessage(_, body) {
      text = await new Response(body).text();
      await gate;
    },
  });
  using client = await RawClient.greeted(one.server);
  await client.send("MAIL FROM:<>\r\nRCPT TO:<a@b>\r\nDATA\r\n");
  for (const code of [250, 250, 354]) await client.expect(code);
  let answered = false;
  const answer = client.say("x\r\n.", 250).then(() => answered = true);
  // Others come and go meanwhile.
  for (let at = 0; at < 5; at++) await talk(one.server, "QUIT\r\n");
  assertEquals([text, answered], ["x\r\n", false]);
  open();
  await answer;
});

Deno.test("SmtpServer fills the memory of a BYOB reader", async () => {
  const message = "Subject: x\r\n\r\n.\r\n..\r\n" + "y".repeat(3_000) + "\r\n";
  const sent = message.replaceAll(/^\./gm, "..");
  for (const size of [1, 2, 3, 7, 1_000, 100_000]) {
    for (
      const [rest, code] of [
        [`DATA\r\n${sent}.\r\n`, "354 250"],
        [
          `BDAT 10\r\n${message.slice(0, 10)}` +
          `BDAT ${message.length - 10} LAST\r\n${message.slice(10)}`,
          "250 250",
        ],
      ]
    ) {
      let text = "";
      let memory = 0;
      const { said } = await play([`${BEGIN}${rest}QUIT\r\n`], {
        async onMessage(_, body) {
          const reader = body.getReader({ mode: "byob" });
          for (let buffer = new ArrayBuffer(size);;) {
            const { done, value } = await reader.read(new Uint8Array(buffer));
            // The memory comes back at the end, too.
            memory = value!.buffer.byteLength;
            if (done) break;
            assertNotEquals(value.length, 0);
            text += toText(value);
            buffer = value.buffer;
          }
        },
      });
      assertEquals(codes(said), `220 250 250 250 ${code} 221`);
      assertEquals(text, message);
      assertEquals(memory, size);
    }
  }
});

Deno.test("SmtpServer reads nothing ahead of the handler", async () => {
  const total = 256 * 1024 * 1024;
  const block = toBytes(LINE.repeat(4_096));
  const { promise: begun, resolve: begin } = Promise.withResolvers<void>();
  const { promise: gate, resolve: open } = Promise.withResolvers<void>();
  let received = 0;
  let largest = 0;
  await using one = start({
    maxSize: 2 * total,
    async onMessage(_, body) {
      const reader = body.getReader();
      received += (await reader.read()).value!.length;
      begin();
      await gate;
      reader.releaseLock();
      for await (const chunk of body) {
        received += chunk.length;
        largest = Math.max(largest, chunk.length);
        // What the system holds for the connection, and no more.
        assert(sent - received < 64 * 1024 * 1024, `${sent - received}`);
      }
    },
  });
  using client = await RawClient.greeted(one.server);
  await client.send("MAIL FROM:<>\r\nRCPT TO:<a@b>\r\nDATA\r\n");
  for (const code of [250, 250, 354]) await client.expect(code);
  let sent = 0;
  const sending = (async () => {
    while (sent < total) {
      await client.send(block);
      sent += block.length;
    }
    await client.send(".\r\n");
  })();
  await begun;
  // Until nothing more is taken while others are served.
  for (let before = -1; before !== sent;) {
    before = sent;
    for (let at = 0; at < 10; at++) await talk(one.server, "QUIT\r\n");
  }
  assert(sent < 64 * 1024 * 1024, `${sent} bytes were taken`);
  assert(received < 200_000);
  open();
  await sending;
  await client.expect(250);
  assertEquals(received, sent);
  assert(largest <= 64 * 1024);
});

Deno.test("SmtpServer hands out the body before all of it has come", async () => {
  const { promise: first, resolve } = Promise.withResolvers<string>();
  await using one = start({
    async onMessage(_, body) {
      const reader = body.getReader();
      resolve(toText((await reader.read()).value!));
      while (!(await reader.read()).done);
    },
  });
  using client = await RawClient.greeted(one.server);
  await client.send("MAIL FROM:<>\r\nRCPT TO:<a@b>\r\nDATA\r\nHello\r\n");
  assertEquals(await first, "Hello\r\n");
  for (const code of [250, 250, 354]) await client.expect(code);
  await client.say(".", 250);
});

Deno.test("SmtpServer calls the handler with the first chunk, though nothing is in it", async () => {
  // It may open what it writes to, or find out that it must refuse.
  const { promise: begun, resolve: begin } = Promise.withResolvers<void>();
  await using one = start({
    async onMessage(_, body) {
      begin();
      await new Response(body).text();
    },
  });
  using client = await RawClient.greeted(one.server);
  await client.send("MAIL FROM:<>\r\nRCPT TO:<a@b>\r\nBDAT 0\r\n");
  for (const code of [250, 250, 250]) await client.expect(code);
  await begun;
  await client.say("BDAT 0 LAST", 250);
});

Deno.test("SmtpServer reports what the handler throws when the client is gone", async () => {
  const own = new Error("cannot remove the file");
  const told: unknown[] = [];
  await play([`${BEGIN}DATA\r\nhalf\r\n`], {
    async onMessage(_, body) {
      try {
        await new Response(body).text();
      } catch {
        throw own;
      }
    },
    onError: (error) => told.push(error),
  });
  assertEquals(told, [own]);
});

Deno.test("SmtpServer refuses what is malformed though the handler accepts it", async () => {
  const { said } = await play([
    `${BEGIN}DATA\r\na\nb\r\n.\r\n${BEGIN}DATA\r\n12345678901\r\n.\r\nQUIT\r\n`,
  ], {
    onMessage: (_, body) => new Response(body).text().then(() => {}, () => {}),
  }, { maxSize: 12 });
  assertEquals(
    codes(said),
    "220 250 250 250 354 550 250 250 250 354 552 221",
  );
});

Deno.test("SmtpServer says what is wrong with the message, not what came of it in the handler", async () => {
  const errors: unknown[] = [];
  const { said } = await play([`${BEGIN}DATA\r\na\nb\r\n.\r\nQUIT\r\n`], {
    async onMessage(_, body) {
      try {
        await new Response(body).text();
      } catch (cause) {
        throw new Error("Cannot store the message", { cause });
      }
    },
    onError: (error) => errors.push(error),
  });
  assertEquals(codes(said), "220 250 250 250 354 550 221");
});

/** Bytes in these slices. */
function reader(slices: Iterable<string | Uint8Array>): ByteReader {
  const left = Array.from(slices, toBytes);
  return new ByteReader((into) => {
    const slice = left.shift();
    if (!slice) return Promise.resolve(null);
    into.set(slice);
    return Promise.resolve(slice.length);
  });
}

const LIMITS = { maxSize: 1_000, binary: false, expected: undefined };

Deno.test("Incoming reads its source only when it is asked", async () => {
  let asked = 0;
  const incoming = new Incoming(LIMITS);
  const drained = incoming.feed({
    read(into) {
      if (++asked === 3) return Promise.resolve(null);
      into[0] = 0x61;
      return Promise.resolve(1);
    },
  });
  await Promise.resolve();
  assertEquals(asked, 0);
  const body = incoming.stream.getReader();
  assertEquals(toText((await body.read()).value!), "a");
  assertEquals(asked, 1);
  await incoming.drain();
  await drained;
  assertEquals(asked, 3);
});

Deno.test("Incoming lets a reader wait for the next source", async () => {
  const incoming = new Incoming(LIMITS);
  const text = new Response(incoming.stream).text();
  for (const chunk of ["a\r", "", "\nb"]) {
    await incoming.feed(chunkSource(reader([chunk]), chunk.length));
    // Nothing is left to drain, and a reader that waits is not in the way.
    await incoming.drain();
  }
  incoming.end();
  assertEquals(await text, "a\r\nb");
  assertEquals(incoming.refusal, undefined);
});

Deno.test("Incoming drains beside a reader, and loses no order by it", async () => {
  const incoming = new Incoming({ ...LIMITS, maxSize: 1_000_000 });
  const bytes = reader(Array.from({ length: 100 }, () => "x\r\n"));
  const drained = incoming.feed(chunkSource(bytes, 300));
  const body = incoming.stream.getReader();
  const first = await body.read();
  assertEquals(first.value!.length, 3);
  const draining = incoming.drain();
  const second = body.read();
  await draining;
  await drained;
  incoming.end();
  const { done, value } = await second;
  // What it gets is a piece of the message, or the end.
  if (!done) assertEquals(toText(value), "x\r\n");
  assertEquals(bytes.buffered, 0);
});

Deno.test("Incoming fails a reader at once, and for good", async () => {
  const reason = new ProtocolError("gone");
  for (const when of ["before", "while"]) {
    const incoming = new Incoming(LIMITS);
    const drained = incoming.feed({
      read: () => new Promise<number | null>(() => {}),
    });
    const body = incoming.stream.getReader();
    if (when === "before") incoming.fail(reason);
    const read = body.read();
    if (when === "while") incoming.fail(reason);
    const error = await assertRejects(() => read);
    assert(error === reason);
    await assertRejects(() => body.read(), ProtocolError, "gone");
    await assertRejects(() => drained, ProtocolError, "gone");
    incoming.fail(new Error("again"));
    assertEquals(incoming.failure, reason);
  }
});

Deno.test("Incoming refuses bare CR and LF at every split, and finds none in CRLF", async () => {
  const cases: [string, boolean][] = [
    ["", true],
    ["a", true],
    ["\r\n", true],
    ["a\r\nb\r\n\r\n", true],
    ["\n", false],
    ["\r", false],
    ["a\nb", false],
    ["a\rb", false],
    ["a\r\r\nb", false],
    ["a\r\n\nb", false],
    ["a\r\nb\r", false],
    ["\n\r", false],
    ["0123456789abc\r", false],
    ["0123456789abcdef\r\n0123456789abcdef\r\n", true],
    ["0123456789abcdef\r\n0123456789abcde\n\r\n", false],
  ];
  for (const [text, clean] of cases) {
    const all = toBytes(text);
    for (const [before, after] of everySplit(all)) {
      const incoming = new Incoming(LIMITS);
      const read = new Response(incoming.stream).text();
      read.catch(() => {});
      const slices = [before, after].filter((one) => one.length > 0);
      await incoming.feed(chunkSource(reader(slices), all.length));
      incoming.end();
      const what = `${JSON.stringify(text)} at ${before.length}`;
      assertEquals(incoming.refusal?.code, clean ? undefined : 550, what);
      if (clean) assertEquals(await read, text);
      else await assertRejects(() => read, SmtpError, "bare CR or LF");
      // As octets they are all right.
      const binary = new Incoming({ ...LIMITS, binary: true });
      const octets = new Response(binary.stream).text();
      await binary.feed(chunkSource(reader(slices), all.length));
      binary.end();
      assertEquals(binary.refusal, undefined);
      assertEquals(await octets, text);
    }
  }
});

Deno.test("dataSource() and chunkSource() leave what follows where it is", async () => {
  const bytes = reader(["a\r\n.\r\nNOOP\r\n", "ab", "cdQUIT"]);
  const into = new Uint8Array(100);
  const data = dataSource(bytes);
  assertEquals(await data.read(into), 3);
  assertEquals(await data.read(into), null);
  assertEquals(toText(bytes.peek()), "NOOP\r\n");
  bytes.consume(6);
  const chunk = chunkSource(bytes, 4);
  assertEquals(await chunk.read(into), 2);
  await bytes.fill();
  assertEquals(await chunk.read(into), 2);
  assertEquals(await chunk.read(into), null);
  assertEquals(toText(bytes.peek()), "QUIT");
});
