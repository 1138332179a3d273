import {
  assert,
  assertEquals,
  assertInstanceOf,
  assertRejects,
} from "jsr:@std/assert@^1.0.0";
import {
  type BodySource,
  ProtocolError,
  SmtpClient,
  SmtpError,
  SmtpUncertainError,
  type TraceEvent,
} from "../../../mail/smtp/mod.ts";
import { randomSlices, seededRandom } from "../../_support/random_slices.ts";
import { scriptedServer } from "../../_support/scripted_server.ts";
import { tempDir } from "../../_support/temp_dir.ts";
import {
  greet,
  HostConn,
  type HostOptions,
  latin1,
  open,
  receive,
  serveHost,
  startHost,
  utf8,
} from "./host_test.ts";

const ADA = "ada@example.com";
const BOB = "bob@example.com";
const EVE = "eve@example.com";
const ENVELOPE = { from: ADA, to: BOB };

/** More than is held in memory: it goes as a stream. */
const LARGE = ("x".repeat(70) + "\r\n").repeat(1_000);

/** Each way a message can go, by what the server has. */
const WAYS: Record<string, string[]> = {
  "BDAT at once": ["PIPELINING", "CHUNKING", "BINARYMIME"],
  "BDAT one by one": ["CHUNKING", "BINARYMIME"],
  "DATA pipelined": ["PIPELINING"],
  "DATA one by one": [],
};

/** What has to arrive: CRLF line ends, the last one too. */
function normal(text: string): string {
  const crlf = text.replace(/\r\n|\r|\n/g, "\r\n");
  return crlf === "" || crlf.endsWith("\r\n") ? crlf : crlf + "\r\n";
}

/** The same with dots doubled (RFC 5321 section 4.5.2). */
function stuffed(text: string): string {
  return normal(text).split("\r\n")
    .map((line) => line.startsWith(".") ? "." + line : line).join("\r\n");
}

async function* generate(
  parts: Iterable<Uint8Array>,
): AsyncGenerator<Uint8Array> {
  for (const part of parts) yield await Promise.resolve(part);
}

/** Every kind of source, with the same bytes. */
function sources(bytes: Uint8Array<ArrayBuffer>): Record<string, BodySource> {
  const half = bytes.length >> 1;
  const parts = [bytes.slice(0, half), bytes.slice(half)];
  return {
    string: new TextDecoder().decode(bytes),
    bytes,
    Blob: new Blob([bytes]),
    ReadableStream: ReadableStream.from(parts),
    "byte stream": new Blob([bytes]).stream(),
    "async generator": generate(parts),
    "a generator that uses its memory again": reusing(bytes),
    "a generator with empty parts": generate(
      [new Uint8Array(), ...parts, new Uint8Array()],
    ),
  };
}

/** Hands out one buffer again and again, and spoils it in between. */
async function* reusing(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  const memory = new Uint8Array(1_000);
  for (let at = 0; at < bytes.length; at += memory.length) {
    const part = bytes.subarray(at, at + memory.length);
    memory.set(part);
    yield await Promise.resolve(memory.subarray(0, part.length));
    memory.fill(0x21);
  }
}

Deno.test("sendMail() sends envelope and content in one write where the server takes BDAT and pipelining", async () => {
  const all = "MAIL FROM:<ada@example.com> SIZE=13\r\n" +
    "RCPT TO:<bob@example.com>\r\nRCPT TO:<eve@example.com>\r\n" +
    "BDAT 13 LAST\r\n.\r\nhi\r\n.\r\n.\r\n";
  await using server = await scriptedServer(async (conn) => {
    await greet(conn, ["PIPELINING", "CHUNKING", "SIZE"]);
    // One read takes one write of this size on the loopback interface.
    const into = new Uint8Array(65_536);
    const count = await conn.conn.read(into);
    assertEquals(latin1(into.subarray(0, count!)), all);
    await conn.write(
      "250 2.1.0 ok\r\n250 2.1.5 ok\r\n250 ok\r\n250 2.0.0 taken as 42\r\n",
    );
    await receive(conn, "QUIT\r\n");
    await conn.write("221 bye\r\n");
  });
  await using smtp = await open(server);
  const result = await smtp.sendMail(
    { from: ADA, to: [BOB, EVE] },
    ".\nhi\r.\r\n.",
  );
  assertEquals(result, {
    accepted: [BOB, EVE],
    rejected: [],
    reply: {
      code: 250,
      enhancedCode: "2.0.0",
      lines: ["taken as 42"],
      text: "taken as 42",
    },
    secure: false,
    extensions: result.extensions,
  });
  assertEquals(result.extensions.toSorted(), [
    "CHUNKING",
    "PIPELINING",
    "SIZE",
  ]);
});

Deno.test("sendMail() sends envelope and DATA in one write where the server takes pipelining", async () => {
  await using server = await scriptedServer(async (conn) => {
    await greet(conn, ["PIPELINING"]);
    const into = new Uint8Array(65_536);
    const count = await conn.conn.read(into);
    assertEquals(
      latin1(into.subarray(0, count!)),
      "MAIL FROM:<ada@example.com>\r\nRCPT TO:<bob@example.com>\r\n" +
        "RCPT TO:<eve@example.com>\r\nDATA\r\n",
    );
    await conn.writeSplit("250 ok\r\n250 ok\r\n250 ok\r\n354 go\r\n", {
      at: "every byte",
    });
    await receive(conn, "..\r\nhi\r\n..\r\n...\r\n.\r\n");
    await conn.write("250 taken\r\n");
    await receive(conn, "QUIT\r\n");
    await conn.write("221 bye\r\n");
  });
  await using smtp = await open(server);
  const result = await smtp.sendMail(
    { from: ADA, to: [BOB, EVE] },
    ".\nhi\r.\r\n..",
  );
  assertEquals(result.extensions, ["PIPELINING"]);
});

/** The trace as text, sent lines and the codes of replies. */
function conversation(trace: TraceEvent[]): string[] {
  return trace.map(({ direction, line }) =>
    direction === "send" ? line : line.slice(0, 3)
  );
}

Deno.test("sendMail() waits for each reply where the server takes no pipelining", async () => {
  for (const chunking of [false, true]) {
    await using host = await startHost({
      extensions: chunking ? ["CHUNKING"] : [],
    });
    const trace: TraceEvent[] = [];
    await using smtp = await open(host, { onTrace: (e) => trace.push(e) });
    trace.length = 0;
    const { extensions } = await smtp.sendMail(
      { from: ADA, to: [BOB, EVE] },
      "hello\n.x",
    );
    // A small message needs no chunk: that would be a round trip more.
    assertEquals(extensions, []);
    assertEquals(conversation(trace), [
      "MAIL FROM:<ada@example.com>",
      "250",
      "RCPT TO:<bob@example.com>",
      "250",
      "RCPT TO:<eve@example.com>",
      "250",
      "DATA",
      "354",
      "250",
    ]);
    assertEquals(host.messages.map(latin1), ["hello\r\n..x\r\n"]);
  }
});

Deno.test("sendMail() waits for the reply to each chunk where the server takes no pipelining", async () => {
  const trace: TraceEvent[] = [];
  await using host = await startHost({ extensions: ["CHUNKING"] });
  await using smtp = await open(host, { onTrace: (e) => trace.push(e) });
  trace.length = 0;
  const message = LARGE.repeat(31);
  const { extensions } = await smtp.sendMail(ENVELOPE, utf8(message));
  assertEquals(extensions, ["CHUNKING"]);
  const size = 1024 * 1024;
  assertEquals(conversation(trace), [
    "MAIL FROM:<ada@example.com>",
    "250",
    "RCPT TO:<bob@example.com>",
    "250",
    `BDAT ${size}`,
    "250",
    `BDAT ${size}`,
    "250",
    `BDAT ${message.length - 2 * size} LAST`,
    "250",
  ]);
  assertEquals(latin1(host.messages[0]!) === message, true);
});

Deno.test("sendMail() sends a stream in chunks without waiting for each, where the server takes pipelining", async () => {
  const size = 1024 * 1024;
  const { promise: twoSeen, resolve: seeTwo } = Promise.withResolvers<void>();
  await using server = await scriptedServer(async (conn) => {
    await greet(conn, ["PIPELINING", "CHUNKING"]);
    await receive(
      conn,
      "MAIL FROM:<ada@example.com>\r\nRCPT TO:<bob@example.com>\r\n",
    );
    await conn.write("250 ok\r\n250 ok\r\n");
    await receive(conn, `BDAT ${size}\r\n`);
    await conn.readBytes(size);
    // Unanswered, the next one comes all the same.
    await receive(conn, `BDAT ${size}\r\n`);
    await conn.readBytes(size);
    seeTwo();
    await conn.write("250 ok\r\n250 ok\r\n");
    await receive(conn, `BDAT 5 LAST\r\nend\r\n`);
    await conn.write("250 taken\r\n");
    await conn.expect("QUIT");
    await conn.write("221 bye\r\n");
  });
  await using smtp = await open(server);
  const line = utf8("y".repeat(62) + "\r\n");
  const source = async function* (): AsyncGenerator<Uint8Array> {
    for (let n = 0; n < 2 * size / 64; n++) yield line;
    await twoSeen;
    yield utf8("end");
  };
  const { extensions } = await smtp.sendMail(ENVELOPE, source());
  assertEquals(extensions.toSorted(), ["CHUNKING", "PIPELINING"]);
});

for (const [way, extensions] of Object.entries(WAYS)) {
  Deno.test(`sendMail() sends every kind of source, by ${way}`, async () => {
    await using host = await startHost({ extensions });
    await using smtp = await open(host);
    const hostile = "A: b\n\n.\r\n..\r.x\n\r\n\r\n.";
    for (const text of ["", "\r\n", ".", hostile, LARGE, LARGE + hostile]) {
      for (const [kind, source] of Object.entries(sources(utf8(text)))) {
        await smtp.sendMail(ENVELOPE, source);
        const got = latin1(host.messages.pop()!);
        const wanted = host.commands.at(-1) === "DATA"
          ? stuffed(text)
          : normal(text);
        if (got !== wanted) assertEquals(got.slice(-80), wanted.slice(-80));
        assert(got === wanted, kind);
      }
    }
  });

  Deno.test(`sendMail() lets nothing pass for the end of a message at any split, by ${way}`, async () => {
    await using host = await startHost({ extensions });
    await using smtp = await open(host);
    const tails = [
      "\n.\n",
      "\r.\r",
      "\r\n.\r\n",
      "\r\r\n.\r\r\n",
      "\n.\r\nMAIL FROM:<eve@example.com>\r\nRCPT TO:<x@example.com>\r\n",
      ".\r\n.\n.\r.",
      "\r",
      "\n",
      "..",
      "\r\n\r\n",
      "\r\n.",
      "\r.\n",
    ];
    for (const tail of tails) {
      // In front of it so much that it does not wait in memory.
      for (let at = 0; at <= tail.length; at++) {
        const parts = [LARGE, tail.slice(0, at), tail.slice(at)].map(utf8);
        await smtp.sendMail(ENVELOPE, generate(parts));
        const text = LARGE + tail;
        const got = latin1(host.messages.pop()!);
        const wanted = way.startsWith("DATA") ? stuffed(text) : normal(text);
        if (got !== wanted) {
          assertEquals(got.slice(-80), wanted.slice(-80), `${tail} at ${at}`);
        }
        assertEquals(got.length, wanted.length);
      }
    }
    // What was hidden was no command: nothing but these ever came.
    for (const command of host.commands) {
      assert(
        /^(EHLO|MAIL FROM:<ada@|RCPT TO:<bob@|DATA|BDAT \d+ LAST$)/
          .test(command),
        command,
      );
    }
  });

  Deno.test(`sendMail() sends the same in random slices, by ${way}`, async () => {
    const random = seededRandom(25);
    await using host = await startHost({ extensions });
    await using smtp = await open(host);
    const alphabet = ["\r", "\n", "\r\n", ".", "a", "\r\n.\r\n", "\0", "\xff"];
    for (let round = 0; round < 30; round++) {
      const text = "A: b\r\n\r\n" + LARGE + Array.from(
        { length: 3_000 },
        () => alphabet[Math.floor(random() * alphabet.length)]!,
      ).join("");
      const bytes = Uint8Array.from(text, (one) => one.charCodeAt(0));
      await smtp.sendMail(
        { ...ENVELOPE, body: "7bit" },
        generate(randomSlices(bytes, random)),
      );
      const got = latin1(host.messages.pop()!);
      const stuff = way.startsWith("DATA");
      assertEquals(got === (stuff ? stuffed(text) : normal(text)), true);
      assert(!/(^|[^\r])\n|\r([^\n]|$)/.test(got), "a bare CR or LF went out");
      if (stuff) assert(!/(^|\r\n)\.\r\n/.test(got), "a lone dot went out");
    }
  });
}

Deno.test("sendMail() sends BINARYMIME byte for byte, always by BDAT", async () => {
  const head = "A: b\r\n\r\n";
  const every = Uint8Array.from(
    { length: 256 + head.length },
    (_, n) => head.charCodeAt(n) || n - head.length,
  );
  const evil = utf8("\n.\n\r.\r\r\n.\r\n.\0");
  const random = seededRandom(3030);
  const noise = Uint8Array.from(
    { length: 3_000_000 },
    (_, n) => head.charCodeAt(n) || Math.floor(random() * 256),
  );
  for (
    const extensions of [
      ["BINARYMIME", "CHUNKING"],
      ["BINARYMIME", "CHUNKING", "PIPELINING"],
    ]
  ) {
    await using host = await startHost({ extensions });
    await using smtp = await open(host);
    for (const bytes of [new Uint8Array(), every, evil, noise]) {
      const kinds = [
        bytes,
        new Blob([bytes]),
        generate(randomSlices(bytes, random)),
        reusing(bytes),
      ];
      for (const source of kinds) {
        const result = await smtp.sendMail(
          { ...ENVELOPE, body: "binarymime" },
          source,
        );
        assert(result.extensions.includes("CHUNKING"));
        assert(result.extensions.includes("BINARYMIME"));
        const got = host.messages.pop()!;
        assert(latin1(got) === latin1(bytes), `${bytes.length} bytes`);
      }
    }
    assert(!host.commands.includes("DATA"));
    assert(
      host.commands.includes("MAIL FROM:<ada@example.com> BODY=BINARYMIME"),
    );
  }
});

Deno.test("sendMail() sends chunks that exactly fill their size", async () => {
  const size = 1024 * 1024;
  for (const extensions of [["CHUNKING"], ["CHUNKING", "PIPELINING"]]) {
    for (const count of [size - 1, size, size + 1, 2 * size]) {
      await using host = await startHost({ extensions });
      await using smtp = await open(host);
      const message = "z".repeat(count - 2) + "\r\n";
      await smtp.sendMail(ENVELOPE, new Blob([message]));
      assertEquals(latin1(host.messages[0]!) === message, true);
      const chunks = host.commands.filter((one) => one.startsWith("BDAT"));
      assertEquals(
        chunks.reduce((sum, one) => sum + Number(one.split(" ")[1]), 0),
        count,
      );
      assertEquals(chunks.filter((one) => one.endsWith(" LAST")).length, 1);
      assert(chunks.at(-1)!.endsWith(" LAST"));
    }
  }
});

Deno.test("sendMail() sends a large source in constant memory", async () => {
  for (const extensions of Object.values(WAYS)) {
    const total = 192 * 1024 * 1024;
    let got = 0;
    await using server = await scriptedServer(async (scripted) => {
      // Only counted: the server must not hold it either.
      const { conn } = scripted;
      await greet(scripted, extensions);
      const data = !extensions.includes("CHUNKING");
      const last = data ? utf8("\r\n.\r\n") : undefined;
      const commands = extensions.includes("PIPELINING")
        ? ["MAIL", "RCPT", ...(data ? ["DATA"] : [])]
        : undefined;
      if (commands) {
        for (const one of commands) await scripted.expect(new RegExp(one));
        await scripted.write(`250 ok\r\n250 ok\r\n${data ? "354 go\r\n" : ""}`);
      } else {
        await scripted.expect(/^MAIL/);
        await scripted.write("250 ok\r\n");
        await scripted.expect(/^RCPT/);
        await scripted.write("250 ok\r\n");
        if (data) {
          await scripted.expect("DATA");
          await scripted.write("354 go\r\n");
        }
      }
      const into = new Uint8Array(1 << 20);
      if (last) {
        for (let end = "";;) {
          const count = await conn.read(into);
          if (count === null) throw new Error("the end is missing");
          got += count;
          end = (end + latin1(into.subarray(Math.max(0, count - 5), count)))
            .slice(-5);
          if (end === latin1(last)) break;
        }
        got -= 3;
        await scripted.write("250 taken\r\n");
      } else {
        for (let end = false; !end;) {
          const line = await scripted.expect(/^BDAT \d+( LAST)?$/);
          let left = Number(line.split(" ")[1]);
          got += left;
          while (left > 0) {
            left -= (await scripted.readBytes(Math.min(left, 1 << 18))).length;
          }
          end = line.endsWith("LAST");
          await scripted.write("250 ok\r\n");
        }
      }
      await scripted.expect("QUIT");
      await scripted.write("221 bye\r\n");
    });
    await using smtp = await open(server);
    const part = utf8(("x".repeat(1_022) + "\r\n").repeat(64));
    let most = 0;
    const before = Deno.memoryUsage();
    const held = ({ external, heapUsed }: Deno.MemoryUsage) =>
      external + heapUsed;
    const source = async function* (): AsyncGenerator<Uint8Array> {
      for (let at = 0; at < total; at += part.length) {
        if (at % (part.length * 64) === 0) {
          most = Math.max(most, held(Deno.memoryUsage()));
        }
        yield await Promise.resolve(part);
      }
    };
    await smtp.sendMail(ENVELOPE, source());
    assertEquals(got, total);
    const grown = most - held(before);
    assert(grown < 128 * 1024 * 1024, `${grown} bytes more were held`);
  }
});

Deno.test("sendMail() holds no more of a slow server's message than a window", async () => {
  // A server that reads nothing: the source must not be drained into memory.
  await using server = await scriptedServer(async (conn) => {
    await greet(conn, ["PIPELINING", "CHUNKING"]);
    await conn.expect(/^MAIL/);
    await conn.expect(/^RCPT/);
    await conn.write("250 ok\r\n250 ok\r\n");
    await conn.hang();
  });
  const smtp = await open(server, { timeout: 300 });
  let given = 0;
  const part = new Uint8Array(1 << 16);
  const source = async function* (): AsyncGenerator<Uint8Array> {
    for (;;) {
      given += part.length;
      yield await Promise.resolve(part);
    }
  };
  const error = await assertRejects(
    () => smtp.sendMail(ENVELOPE, source()),
    DOMException,
  );
  assertEquals(error.name, "TimeoutError");
  assert(given < 64 * 1024 * 1024, `${given} bytes were asked for`);
});

// --- refusals ------------------------------------------------------------

interface Refusal {
  what: string;
  /** The commands that are refused, and how. */
  refuse: Record<string, string>;
  /** The code of the error, or undefined where some get it. */
  code: number | undefined;
  accepted?: string[];
  rejected?: [string, number][];
}

const REFUSALS: Refusal[] = [
  {
    what: "MAIL",
    refuse: { MAIL: "451 4.3.0 Not now", RCPT: "503 no MAIL" },
    code: 451,
  },
  {
    what: "one recipient of two",
    refuse: { "RCPT TO:<bob": "550 5.1.1 Who is this" },
    code: undefined,
    accepted: [EVE],
    rejected: [[BOB, 550]],
  },
  {
    what: "every recipient",
    refuse: {
      "RCPT TO:<bob": "550-5.1.1 Who is\r\n550 5.1.1 this",
      "RCPT TO:<eve": "452 4.2.2 Full",
    },
    code: 550,
    rejected: [[BOB, 550], [EVE, 452]],
  },
  {
    what: "the message",
    refuse: {
      ".": "554 5.6.0 Spam",
      "BDAT": "554 5.6.0 Spam",
    },
    code: 554,
  },
  {
    what: "DATA",
    refuse: { DATA: "451 4.3.0 Disk", BDAT: "451 4.3.0 Disk" },
    code: 451,
  },
];

for (const [way, extensions] of Object.entries(WAYS)) {
  for (const size of ["small", "large"]) {
    for (const { what, refuse, code, accepted, rejected } of REFUSALS) {
      Deno.test(`sendMail() of a ${size} message goes on after ${what} was refused, by ${way}`, async () => {
        let refusing = true;
        await using host = await startHost({
          extensions,
          answer(command) {
            if (!refusing) return;
            return Object.entries(refuse)
              .find(([prefix]) => command.startsWith(prefix))?.[1];
          },
        });
        await using smtp = await open(host);
        const before = host.commands.length;
        const message = size === "small" ? "hello\r\n" : LARGE;
        const sending = smtp.sendMail({ from: ADA, to: [BOB, EVE] }, message);
        if (code === undefined) {
          const result = await sending;
          assertEquals(result.accepted, accepted);
          assertEquals(
            result.rejected.map((one) => [one.address, one.reply.code]),
            rejected,
          );
          assertEquals(host.messages.length, 1);
        } else {
          const error = await assertRejects(() => sending, SmtpError);
          assertEquals(error.code, code);
          assertEquals(error.transient, code < 500);
          assertEquals(
            error.rejected.map((one) => [one.address, one.reply.code]),
            rejected ?? [],
          );
          assertEquals(host.messages, []);
        }
        // The next one goes through on the same connection.
        refusing = false;
        await smtp.sendMail({ from: EVE, to: ADA }, "next\r\n");
        assertEquals(latin1(host.messages.at(-1)!), "next\r\n");
        assertEquals(host.connections, 1);
        const sent = host.commands.slice(before);
        const next = sent.findIndex((one) => one.startsWith("MAIL FROM:<eve"));
        assert(next > 0);
        // A transaction that is open is reset, whatever it had come to.
        const isOpen = what === "every recipient" ||
          (what === "DATA" && way.startsWith("DATA"));
        if (isOpen) assertEquals(sent[next - 1], "RSET");
        if (what === "one recipient of two") assert(!sent.includes("RSET"));
      });
    }
  }
}

Deno.test("sendMail() rejects with the reply to MAIL, its lines and codes", async () => {
  await using host = await startHost({
    extensions: ["PIPELINING"],
    answer: (command) =>
      command.startsWith("MAIL")
        ? "550-5.7.1 Go\r\n550 5.7.1 away"
        : command.startsWith("RCPT")
        ? "503 5.5.1 no MAIL"
        : undefined,
  });
  await using smtp = await open(host);
  const error = await assertRejects(
    () => smtp.sendMail(ENVELOPE, "hello"),
    SmtpError,
    "Cannot MAIL FROM:<ada@example.com>: the server answered 550 5.7.1 Go",
  );
  assertEquals(error.code, 550);
  assertEquals(error.enhancedCode, "5.7.1");
  assertEquals(error.reply, { lines: ["Go", "away"], text: "Go\naway" });
  assertEquals(error.command, "MAIL FROM:<ada@example.com>");
  assertEquals(error.transient, false);
});

Deno.test("sendMail() says nothing more to a server that refuses MAIL or everybody, without pipelining", async () => {
  for (const verb of ["MAIL", "RCPT"]) {
    await using host = await startHost({
      answer: (command) => command.startsWith(verb) ? "550 no" : undefined,
    });
    await using smtp = await open(host);
    await assertRejects(() => smtp.sendMail(ENVELOPE, "hello"), SmtpError);
    assertEquals(host.commands.slice(1), [
      "MAIL FROM:<ada@example.com>",
      ...(verb === "RCPT" ? ["RCPT TO:<bob@example.com>", "RSET"] : []),
    ]);
  }
});

for (const final of ["250 taken all the same", "554 no valid recipients"]) {
  Deno.test(`sendMail() ends with a lone dot what a server asks for after it refused everybody, answered ${final}`, async () => {
    for (const refused of ["MAIL", "RCPT"]) {
      await using server = await scriptedServer(async (conn) => {
        await greet(conn, ["PIPELINING"]);
        await receive(
          conn,
          "MAIL FROM:<ada@example.com>\r\nRCPT TO:<bob@example.com>\r\n" +
            "RCPT TO:<eve@example.com>\r\nDATA\r\n",
        );
        await conn.write(
          (refused === "MAIL"
            ? "550 5.7.1 no\r\n503 5.5.1 no\r\n503 5.5.1 no\r\n"
            : "250 ok\r\n550 5.1.1 no\r\n550 5.1.1 neither\r\n") +
            "354 go on\r\n",
        );
        await receive(conn, ".\r\n");
        await conn.write(final + "\r\n");
        let line = await conn.readLine();
        if (line === "RSET") {
          await conn.write("250 ok\r\n");
          line = await conn.readLine();
        }
        assertEquals(line, "NOOP");
        await conn.write("250 fine\r\n");
        await conn.expect("QUIT");
        await conn.write("221 bye\r\n");
      });
      await using smtp = await open(server);
      const error = await assertRejects(
        () => smtp.sendMail({ from: ADA, to: [BOB, EVE] }, "secret content"),
        SmtpError,
      );
      assertEquals(error.code, 550);
      assertEquals(error.rejected.length, refused === "RCPT" ? 2 : 0);
      await smtp.noop();
    }
  });
}

Deno.test("sendMail() is a refusal where BDAT is answered 250 after everybody was refused", async () => {
  await using host = await startHost({
    extensions: ["PIPELINING", "CHUNKING"],
    answer: (command) =>
      command.startsWith("RCPT")
        ? "550 5.1.1 no"
        : command.startsWith("BDAT")
        ? "250 whatever"
        : undefined,
  });
  await using smtp = await open(host);
  const error = await assertRejects(
    () => smtp.sendMail(ENVELOPE, "hello"),
    SmtpError,
  );
  assertEquals([error.code, error.rejected.length], [550, 1]);
  await smtp.noop();
});

Deno.test("sendMail() closes where RSET is refused: the next message would be part of this one", async () => {
  await using host = await startHost({
    answer: (command) =>
      command.startsWith("RCPT")
        ? "550 no"
        : command === "RSET"
        ? "500 what"
        : undefined,
  });
  await using smtp = await open(host);
  await assertRejects(() => smtp.sendMail(ENVELOPE, "hello"), SmtpError, "550");
  await assertRejects(() => smtp.noop());
  assertEquals(host.commands.includes("NOOP"), false);
});

Deno.test("sendMail() takes 251 and 252 for acceptance, as the RFC has them", async () => {
  await using host = await startHost({
    extensions: ["PIPELINING"],
    answer: (command) =>
      command.startsWith("RCPT TO:<bob")
        ? "251 User not local; will forward"
        : command.startsWith("RCPT TO:<eve")
        ? "252 Cannot VRFY user"
        : undefined,
  });
  await using smtp = await open(host);
  const { accepted } = await smtp.sendMail({ from: ADA, to: [BOB, EVE] }, "x");
  assertEquals(accepted, [BOB, EVE]);
});

// --- early refusals ------------------------------------------------------

Deno.test("sendMail() stops a message by DATA that the server refuses in the middle", async () => {
  for (const extensions of [[], ["PIPELINING"]]) {
    const { promise: refused, resolve: refuse } = Promise.withResolvers<void>();
    await using host = await startHost({
      extensions,
      answer(command) {
        if (command !== "DATA") return;
        refuse();
        return "354 go\r\n552 5.3.4 Too much";
      },
    });
    const smtp = await open(host);
    let returned = false;
    const source = async function* (): AsyncGenerator<Uint8Array> {
      try {
        yield utf8(LARGE);
        await refused;
        for (;;) yield await Promise.resolve(utf8(LARGE));
      } finally {
        returned = true;
      }
    };
    const error = await assertRejects(
      () => smtp.sendMail(ENVELOPE, source()),
      SmtpError,
    );
    assertEquals([error.code, error.enhancedCode], [552, "5.3.4"]);
    assert(returned, "the source was told");
    // Only the end of the message would bring us in step again.
    await assertRejects(() => smtp.noop());
    assertEquals(host.messages, []);
  }
});

Deno.test("sendMail() takes no acceptance in the middle of DATA for one", async () => {
  for (const reply of ["250 taken", "354 go on", "220 hello"]) {
    const { promise: said, resolve: say } = Promise.withResolvers<void>();
    await using host = await startHost({
      answer(command) {
        if (command !== "DATA") return;
        say();
        return `354 go\r\n${reply}`;
      },
    });
    const smtp = await open(host);
    const source = async function* (): AsyncGenerator<Uint8Array> {
      yield utf8(LARGE);
      await said;
      for (;;) yield await Promise.resolve(utf8(LARGE));
    };
    const error = await assertRejects(
      () => smtp.sendMail(ENVELOPE, source()),
      ProtocolError,
      "no answer to this",
    );
    assert(!(error instanceof SmtpUncertainError));
    await assertRejects(() => smtp.noop());
    assertEquals(host.messages, []);
  }
});

Deno.test("sendMail() gives the reason where the server refuses in the middle of DATA and hangs up", async () => {
  await using server = await scriptedServer(async (conn) => {
    await greet(conn);
    await conn.expect(/^MAIL/);
    await conn.write("250 ok\r\n");
    await conn.expect(/^RCPT/);
    await conn.write("250 ok\r\n");
    await conn.expect("DATA");
    await conn.write("354 go\r\n");
    await conn.readBytes(100_000);
    await conn.write("552 5.3.4 Too much\r\n");
    // It reads no more, and the client writes against a wall.
    await conn.closeWrite();
  });
  const smtp = await open(server);
  const source = async function* (): AsyncGenerator<Uint8Array> {
    for (;;) yield await Promise.resolve(utf8(LARGE));
  };
  const error = await assertRejects(
    () => smtp.sendMail(ENVELOPE, source()),
    SmtpError,
  );
  assertEquals(error.code, 552);
  smtp.close();
});

Deno.test("sendMail() stops chunks that the server refuses, and goes on after", async () => {
  for (const extensions of [["CHUNKING"], ["CHUNKING", "PIPELINING"]]) {
    let refusing = true;
    const { promise: refused, resolve: refuse } = Promise.withResolvers<void>();
    await using host = await startHost({
      extensions,
      answer(command) {
        if (!refusing || !command.startsWith("BDAT")) return;
        refuse();
        return "552 5.3.4 Too much";
      },
    });
    await using smtp = await open(host);
    let returned = false;
    const source = async function* (): AsyncGenerator<Uint8Array> {
      try {
        for (let n = 0; n < 30; n++) yield utf8(LARGE);
        await refused;
        for (;;) yield await Promise.resolve(utf8(LARGE));
      } finally {
        returned = true;
      }
    };
    const error = await assertRejects(
      () => smtp.sendMail(ENVELOPE, source()),
      SmtpError,
    );
    assertEquals([error.code, error.enhancedCode], [552, "5.3.4"]);
    assert(returned, "the source was told");
    assertEquals(host.commands.at(-1), "RSET");
    assert(!host.commands.some((one) => one.endsWith(" LAST")));
    refusing = false;
    await smtp.sendMail(ENVELOPE, "next\r\n");
    assertEquals(latin1(host.messages[0]!), "next\r\n");
  }
});

// --- sources that fail ---------------------------------------------------

for (const extensions of [[], ["PIPELINING"]]) {
  Deno.test(`sendMail() never ends a message by DATA whose source fails, with [${extensions}]`, async () => {
    const { promise, resolve } = Promise.withResolvers<string>();
    await using server = await scriptedServer(async (conn) => {
      await greet(conn, extensions);
      for (const verb of ["MAIL", "RCPT", "DATA"]) {
        await conn.expect(new RegExp(`^${verb}`));
        await conn.write(verb === "DATA" ? "354 go\r\n" : "250 ok\r\n");
      }
      resolve(latin1(await conn.readToEnd()));
    });
    const smtp = await open(server);
    const source = async function* (): AsyncGenerator<Uint8Array> {
      yield await Promise.resolve(utf8(LARGE));
      throw new RangeError("the disk is gone");
    };
    const error = await assertRejects(
      () => smtp.sendMail(ENVELOPE, source()),
      RangeError,
      "the disk is gone",
    );
    assertEquals(error instanceof SmtpUncertainError, false);
    const got = await promise;
    assert(!got.includes("\r\n.\r\n"), "the end was written");
    assert(LARGE.startsWith(got));
    await assertRejects(() => smtp.noop());
  });
}

for (const extensions of [["CHUNKING"], ["CHUNKING", "PIPELINING"]]) {
  Deno.test(`sendMail() resets after a source that fails, and goes on, with [${extensions}]`, async () => {
    for (const count of [1, 20, 40]) {
      await using host = await startHost({ extensions });
      await using smtp = await open(host);
      const source = async function* (): AsyncGenerator<Uint8Array> {
        for (let n = 0; n < count; n++) yield utf8(LARGE);
        await Promise.resolve();
        throw new RangeError("the disk is gone");
      };
      await assertRejects(
        () => smtp.sendMail(ENVELOPE, source()),
        RangeError,
        "the disk is gone",
      );
      assertEquals(host.commands.at(-1), "RSET");
      assert(!host.commands.some((one) => one.endsWith(" LAST")));
      await smtp.sendMail(ENVELOPE, "next\r\n");
      assertEquals(host.messages.map(latin1), ["next\r\n"]);
    }
  });
}

Deno.test("sendMail() says nothing at all where the source fails at once or is none", async () => {
  await using host = await startHost({ extensions: WAYS["BDAT at once"]! });
  await using smtp = await open(host);
  const before = host.commands.length;
  const bad: [unknown, new () => Error, string][] = [
    [
      new ReadableStream({
        pull() {
          throw new RangeError("no disk");
        },
      }),
      RangeError as never,
      "no disk",
    ],
    [42, TypeError as never, "Cannot send this body"],
    [null, TypeError as never, "Cannot send this body"],
    [undefined, TypeError as never, "Cannot send this body"],
    [{ length: 3 }, TypeError as never, "Cannot send this body"],
    [ReadableStream.from(["text"]), TypeError as never, "a string"],
  ];
  for (const [source, type, message] of bad) {
    await assertRejects(
      () => smtp.sendMail(ENVELOPE, source as BodySource),
      type as never,
      message,
    );
  }
  const locked = ReadableStream.from([utf8("x")]);
  const reader = locked.getReader();
  await assertRejects(() => smtp.sendMail(ENVELOPE, locked), TypeError);
  await reader.cancel();
  await smtp.noop();
  assertEquals(host.commands.slice(before), ["NOOP"]);
});

// --- who is certain ------------------------------------------------------

interface Loss {
  what: string;
  extensions: string[];
  large?: boolean;
  /** After this much the server hangs up. */
  until: (command: string) => boolean;
  uncertain: boolean;
}

const LOSSES: Loss[] = [
  {
    what: "before the answer to MAIL, without pipelining",
    extensions: [],
    until: (command) => command.startsWith("MAIL"),
    uncertain: false,
  },
  {
    what: "before the answer to DATA, with pipelining",
    extensions: ["PIPELINING"],
    until: (command) => command === "DATA",
    uncertain: false,
  },
  {
    what: "after the end of DATA",
    extensions: [],
    until: (command) => command === ".",
    uncertain: true,
  },
  {
    what: "after the end of DATA with pipelining",
    extensions: ["PIPELINING"],
    until: (command) => command === ".",
    uncertain: true,
  },
  {
    what: "after the end of a large DATA",
    extensions: [],
    large: true,
    until: (command) => command === ".",
    uncertain: true,
  },
  {
    what: "before the answer to MAIL where all went at once",
    extensions: ["PIPELINING", "CHUNKING"],
    until: (command) => command.startsWith("MAIL"),
    uncertain: true,
  },
  {
    what: "after the last chunk of all that went at once",
    extensions: ["PIPELINING", "CHUNKING"],
    until: (command) => command.endsWith(" LAST"),
    uncertain: true,
  },
  {
    what: "before the last of several chunks",
    extensions: ["PIPELINING", "CHUNKING"],
    large: true,
    until: (command) => command === `BDAT ${1024 * 1024}`,
    uncertain: false,
  },
  {
    what: "after the last of several chunks",
    extensions: ["CHUNKING"],
    large: true,
    until: (command) => command.endsWith(" LAST"),
    uncertain: true,
  },
];

for (const { what, extensions, large, until, uncertain } of LOSSES) {
  Deno.test(`sendMail() is ${uncertain ? "un" : ""}certain when the connection is lost ${what}`, async () => {
    await using host = await startHost({
      extensions,
      answer(command, conn) {
        if (!until(command)) return;
        conn.hangUp();
        return "";
      },
    });
    const smtp = await open(host);
    const message = large ? LARGE.repeat(20) : "hello";
    const error = await assertRejects(() =>
      smtp.sendMail(ENVELOPE, new Blob([message]))
    );
    assertEquals(error instanceof SmtpUncertainError, uncertain, `${error}`);
    if (uncertain) {
      assertInstanceOf(error, ProtocolError);
      assertEquals(error.name, "SmtpUncertainError");
      assert(error.cause instanceof Error);
    }
    await assertRejects(() => smtp.noop());
  });
}

Deno.test("sendMail() is certain when everybody was refused, and the connection lost then", async () => {
  await using host = await startHost({
    extensions: ["PIPELINING", "CHUNKING"],
    answer(command, conn) {
      if (command.startsWith("RCPT")) return "550 no";
      if (!command.startsWith("BDAT")) return;
      conn.hangUp();
      return "";
    },
  });
  const smtp = await open(host);
  const error = await assertRejects(() => smtp.sendMail(ENVELOPE, "hello"));
  assert(!(error instanceof SmtpUncertainError), `${error}`);
});

Deno.test("sendMail() is certain when the server says goodbye instead of an answer", async () => {
  for (const extensions of Object.values(WAYS)) {
    for (const verb of ["MAIL", "RCPT", "DATA", ".", "BDAT"]) {
      const message = extensions[0] === "CHUNKING" ? LARGE : "hello";
      let met = false;
      await using host = await startHost({
        extensions,
        answer(command, conn) {
          if (!command.startsWith(verb)) return;
          met = true;
          conn.hangUp();
          return "421 4.3.2 Going down";
        },
      });
      const smtp = await open(host);
      const sending = smtp.sendMail(ENVELOPE, message);
      const error = await sending.catch((error) => error);
      if (met) {
        assertInstanceOf(error, SmtpError, `${extensions} ${verb} ${error}`);
        assertEquals([error.code, error.transient], [421, true]);
        await assertRejects(() => smtp.noop());
        assertEquals(host.messages.length, verb === "BDAT" ? 0 : 0);
      } else {
        smtp.close();
      }
    }
  }
});

Deno.test("sendMail() says by its time-out that all was sent", async () => {
  for (const extensions of [[], ["PIPELINING", "CHUNKING"]]) {
    await using host = await startHost({
      extensions,
      answer: (command) =>
        command === "." || command.startsWith("BDAT") ? "" : undefined,
    });
    const smtp = await open(host, { timeout: 200 });
    const error = await assertRejects(
      () => smtp.sendMail(ENVELOPE, "hello"),
      DOMException,
      "Cannot tell whether the message was delivered",
    );
    assertEquals(error.name, "TimeoutError");
    await assertRejects(() => smtp.noop());
  }
});

// --- aborting and closing ------------------------------------------------

Deno.test("sendMail() aborted while it waits its turn leaves the client usable", async () => {
  const { promise: go, resolve: release } = Promise.withResolvers<void>();
  await using host = await startHost({
    extensions: ["PIPELINING", "CHUNKING"],
    async answer(command) {
      if (command === "NOOP") await go;
      return undefined;
    },
  });
  await using smtp = await open(host);
  const noop = smtp.noop();
  const controller = new AbortController();
  const sending = smtp.sendMail(ENVELOPE, "never", {
    signal: controller.signal,
  });
  const after = smtp.sendMail(ENVELOPE, "after\r\n");
  controller.abort(new RangeError("changed my mind"));
  await assertRejects(() => sending, RangeError, "changed my mind");
  release();
  await noop;
  await after;
  assertEquals(host.messages.map(latin1), ["after\r\n"]);
});

Deno.test("sendMail() with a signal that is aborted already sends nothing", async () => {
  await using host = await startHost();
  await using smtp = await open(host);
  const signal = AbortSignal.abort(new RangeError("no"));
  await assertRejects(
    () => smtp.sendMail(ENVELOPE, "never", { signal }),
    RangeError,
  );
  await assertRejects(() => smtp.noop({ signal }), RangeError);
  await smtp.noop();
  assertEquals(host.commands.slice(1), ["NOOP"]);
});

Deno.test("sendMail() aborted while it reads the source leaves the client usable", async () => {
  await using host = await startHost({ extensions: ["PIPELINING"] });
  await using smtp = await open(host);
  const controller = new AbortController();
  const { promise: stalled, resolve: stall } = Promise.withResolvers<void>();
  const { promise: go, resolve: release } = Promise.withResolvers<void>();
  const { promise: left, resolve: leave } = Promise.withResolvers<void>();
  const source = async function* (): AsyncGenerator<Uint8Array> {
    try {
      yield utf8("begun");
      stall();
      await go;
      yield utf8("more");
      yield utf8("and more");
    } finally {
      leave();
    }
  };
  const sending = smtp.sendMail(ENVELOPE, source(), {
    signal: controller.signal,
  });
  await stalled;
  controller.abort(new RangeError("enough"));
  await assertRejects(() => sending, RangeError, "enough");
  await smtp.sendMail(ENVELOPE, "next\r\n");
  release();
  // The source is told once it gives something.
  await left;
  await smtp.noop();
  assertEquals(host.messages.map(latin1), ["next\r\n"]);
  assertEquals(host.commands.filter((one) => /^MAIL/.test(one)).length, 1);
});

for (const [way, extensions] of Object.entries(WAYS)) {
  for (const verb of ["MAIL", "RCPT", "DATA", ".", "BDAT"]) {
    Deno.test(`sendMail() aborted at ${verb} rejects with the reason and closes, by ${way}`, async () => {
      const controller = new AbortController();
      let met = false;
      await using host = await startHost({
        extensions,
        answer(command) {
          if (!command.startsWith(verb)) return;
          met = true;
          controller.abort(new RangeError("stop"));
          return "";
        },
      });
      const smtp = await open(host);
      const sending = smtp.sendMail(
        ENVELOPE,
        way === "BDAT one by one" ? LARGE : "hello",
        { signal: controller.signal },
      );
      const error = await sending.catch((error) => error);
      if (!met) return smtp.close();
      assertInstanceOf(error, RangeError);
      assertEquals(error.message, "stop");
      const next = await assertRejects(() => smtp.noop());
      assertEquals(next, error);
    });
  }
}

for (const how of ["abort", "close", "dispose"]) {
  for (const extensions of Object.values(WAYS)) {
    Deno.test(`sendMail() does not complete a message on ${how} in the middle, with [${extensions}]`, async () => {
      const bdat = extensions.includes("CHUNKING");
      const { promise: ended, resolve: end } = Promise.withResolvers<string>();
      await using server = await scriptedServer(async (conn) => {
        await greet(conn, extensions);
        const verbs = bdat ? ["MAIL", "RCPT"] : ["MAIL", "RCPT", "DATA"];
        for (const verb of verbs) {
          await conn.expect(new RegExp(`^${verb}`));
          await conn.write(verb === "DATA" ? "354 go\r\n" : "250 ok\r\n");
        }
        let got = "";
        try {
          for (;;) {
            const chunk = await conn.readBytes(1);
            if (chunk.length === 0) break;
            got += latin1(chunk);
          }
        } catch {
          // A reset.
        }
        end(got);
      });
      const smtp = await open(server);
      const controller = new AbortController();
      const { promise: under, resolve: way } = Promise.withResolvers<void>();
      const { promise: go, resolve: release } = Promise.withResolvers<void>();
      const source = async function* (): AsyncGenerator<Uint8Array> {
        yield utf8(LARGE);
        // Asked for more: the rest went out.
        way();
        await go;
        yield utf8("the rest");
      };
      const sending = smtp.sendMail(ENVELOPE, source(), {
        signal: controller.signal,
      });
      sending.catch(() => {});
      await under;
      if (how === "abort") controller.abort(new RangeError("stop"));
      else if (how === "close") smtp.close();
      else await smtp[Symbol.asyncDispose]();
      release();
      const error = await assertRejects(() => sending);
      if (how === "abort") assertInstanceOf(error, RangeError);
      else assertEquals((error as DOMException).name, "InvalidStateError");
      const got = await ended;
      assert(!got.includes("\r\n.\r\n"), "the end was written");
      assert(!got.includes("LAST"), "the end was written");
      assert(!got.includes("QUIT"));
    });
  }
}

Deno.test("close() during a message rejects it although its source gives nothing", async () => {
  for (const extensions of [[], ["CHUNKING", "PIPELINING"]]) {
    await using host = await startHost({ extensions });
    const smtp = await open(host);
    const { promise: under, resolve: way } = Promise.withResolvers<void>();
    const { promise: go, resolve: release } = Promise.withResolvers<void>();
    const source = async function* (): AsyncGenerator<Uint8Array> {
      yield utf8(LARGE);
      way();
      await go;
    };
    let settled = false;
    const sending = smtp.sendMail(ENVELOPE, source());
    const watched = sending.catch(() => {}).finally(() => settled = true);
    await under;
    smtp.close();
    // Enough turns for everything that is ready.
    for (let n = 0; n < 20; n++) await new Promise((r) => setTimeout(r, 0));
    const inTime = settled;
    release();
    await watched;
    assert(inTime, "sendMail() still waits for the source");
    await assertRejects(() => sending, DOMException);
  }
});

Deno.test("sendMail() aborted at any moment rejects with the reason, and nothing is half told", async () => {
  for (const extensions of [[], ["PIPELINING"], ["PIPELINING", "CHUNKING"]]) {
    for (let turns = 0; turns < 40; turns++) {
      await using host = await startHost({ extensions });
      const smtp = await open(host);
      const controller = new AbortController();
      const source = async function* (): AsyncGenerator<Uint8Array> {
        yield utf8("hello");
        // From the end of the source on, one microtask after the other.
        (async () => {
          for (let n = 0; n < turns; n++) await undefined;
          controller.abort(new RangeError("stop"));
        })();
      };
      const sending = smtp.sendMail(ENVELOPE, source(), {
        signal: controller.signal,
      });
      await assertRejects(() => sending, RangeError, "stop", `${turns}`);
      const after = await smtp.noop().then(() => "usable", (error) => error);
      if (after === "usable") {
        // Then nothing of the message may have been said, now or later.
        await smtp.noop();
        const said = host.commands.filter((one) => /^(MAIL|RCPT)/.test(one));
        assertEquals(said, [], `${turns} microtasks later, [${extensions}]`);
      } else assertInstanceOf(after, RangeError);
      smtp.close();
    }
  }
});

Deno.test("sendMail() that was aborted takes no reply from the next one", async () => {
  const { promise: partial, resolve: sent } = Promise.withResolvers<void>();
  const { promise: finish, resolve: goOn } = Promise.withResolvers<void>();
  await using server = await scriptedServer(async (conn) => {
    await greet(conn, ["PIPELINING"]);
    await conn.expect("MAIL FROM:<eve@example.com>");
    // The reply to MAIL, and the beginning of the one to RCPT.
    await conn.write("250 ok\r\n25");
    await finish;
    await conn.write("0 ok\r\n354 go\r\n");
    await receive(
      conn,
      "RCPT TO:<bob@example.com>\r\nDATA\r\nnext\r\n.\r\n",
    );
    await conn.write("250 taken\r\n");
    await conn.expect("QUIT");
    await conn.write("221 bye\r\n");
  });
  await using smtp = await open(server, {
    onTrace: ({ direction, line }) =>
      direction === "receive" && line === "250 ok" && sent(),
  });
  const { promise: stalled, resolve: stall } = Promise.withResolvers<void>();
  const { promise: go, resolve: release } = Promise.withResolvers<void>();
  const source = async function* (): AsyncGenerator<Uint8Array> {
    yield utf8("never");
    stall();
    await go;
  };
  const controller = new AbortController();
  const first = smtp.sendMail(ENVELOPE, source(), {
    signal: controller.signal,
  });
  await stalled;
  controller.abort(new RangeError("stop"));
  await assertRejects(() => first, RangeError, "stop");
  const second = smtp.sendMail({ from: EVE, to: BOB }, "next");
  second.catch(() => {});
  await partial;
  // Only now the first one's source ends.
  release();
  for (let n = 0; n < 20; n++) await new Promise((r) => setTimeout(r, 0));
  goOn();
  assertEquals((await second).accepted, [BOB]);
});

Deno.test("sendMail() leaves no listener on its signal", async () => {
  await using host = await startHost({ extensions: ["PIPELINING"] });
  await using smtp = await open(host);
  const { signal } = new AbortController();
  let listeners = 0;
  const { addEventListener, removeEventListener } = signal;
  signal.addEventListener = function (...args: unknown[]) {
    listeners++;
    return Reflect.apply(addEventListener, signal, args);
  };
  signal.removeEventListener = function (...args: unknown[]) {
    listeners--;
    return Reflect.apply(removeEventListener, signal, args);
  };
  await smtp.sendMail(ENVELOPE, "hello", { signal });
  await smtp.noop({ signal });
  assertEquals(listeners, 0);
});

Deno.test("sendMail() does not read the source twice, nor keep it open", async () => {
  await using host = await startHost({ extensions: ["CHUNKING"] });
  await using smtp = await open(host);
  let cancelled = 0;
  const stream = () =>
    new ReadableStream<Uint8Array>({
      pull: (c) => c.enqueue(utf8(LARGE)),
      cancel: () => void cancelled++,
    });
  // Refused by the client, by the server, and by nobody.
  const one = stream();
  await assertRejects(
    () => smtp.sendMail({ ...ENVELOPE, requireTls: true }, one),
    SmtpError,
  );
  assertEquals([cancelled, one.locked], [1, false]);
});

// --- commands together ---------------------------------------------------

Deno.test("sendMail() and other commands wait their turn in the order of the calls", async () => {
  await using host = await startHost({ extensions: ["PIPELINING"] });
  await using smtp = await open(host);
  const results = await Promise.allSettled([
    smtp.sendMail({ from: ADA, to: BOB }, "one\r\n"),
    smtp.noop(),
    smtp.sendMail({ from: ADA, to: [] }, "none"),
    smtp.verify(BOB),
    smtp.sendMail({ from: EVE, to: BOB }, "two\r\n"),
    smtp.rset(),
    smtp.quit(),
  ]);
  assertEquals(results.map(({ status }) => status), [
    "fulfilled",
    "fulfilled",
    "rejected",
    "fulfilled",
    "fulfilled",
    "fulfilled",
    "fulfilled",
  ]);
  assertEquals(host.commands.slice(1), [
    "MAIL FROM:<ada@example.com>",
    "RCPT TO:<bob@example.com>",
    "DATA",
    "NOOP",
    "VRFY bob@example.com",
    "MAIL FROM:<eve@example.com>",
    "RCPT TO:<bob@example.com>",
    "DATA",
    "RSET",
    "QUIT",
  ]);
  assertEquals(host.messages.map(latin1), ["one\r\n", "two\r\n"]);
});

// --- LMTP ----------------------------------------------------------------

const LMTP_WAYS: Record<string, string[]> = {
  "DATA one by one": [],
  "DATA pipelined": ["PIPELINING"],
  "BDAT at once": ["PIPELINING", "CHUNKING"],
  "BDAT in chunks": ["CHUNKING"],
  "BDAT in chunks pipelined": ["PIPELINING", "CHUNKING"],
};

for (const [way, extensions] of Object.entries(LMTP_WAYS)) {
  // More than one chunk: those that are not the last have one reply only.
  const body = way.includes("chunks") ? LARGE.repeat(20) : "";

  Deno.test(`sendMail() takes LMTP's reply for each recipient, by ${way}`, async () => {
    let finals = "";
    const options: HostOptions = {
      lmtp: true,
      extensions,
      answer(command) {
        if (command.startsWith("RCPT TO:<nobody")) return "550 5.1.1 who";
        const isEnd = command === "." || command.endsWith(" LAST");
        return finals && isEnd ? finals : undefined;
      },
    };
    await using host = await startHost(options);
    await using smtp = await open(host, { protocol: "lmtp" });
    assert(host.commands[0]!.startsWith("LHLO "));
    const to = [ADA, "nobody@example.com", BOB, EVE];
    const all = await smtp.sendMail({ from: "", to }, body + "one\r\n");
    assertEquals(all.accepted, [ADA, BOB, EVE]);
    assertEquals(all.rejected.map(({ address }) => address), [to[1]]);

    finals = "250 2.0.0 ada\r\n452 4.2.2 bob is full\r\n250 eve";
    const some = await smtp.sendMail({ from: "", to }, body + "two\r\n");
    assertEquals(some.accepted, [ADA, EVE]);
    assertEquals(
      some.rejected.map(({ address, reply }) => [address, reply.code]),
      [[to[1]!, 550], [BOB, 452]],
    );
    assertEquals(some.reply.text, "ada");

    finals = "550 5.2.1 a\r\n452 4.2.2 b\r\n550 5.2.1 c";
    const error = await assertRejects(
      () => smtp.sendMail({ from: "", to }, body + "three\r\n"),
      SmtpError,
    );
    assertEquals(error.code, 550);
    assertEquals(
      error.rejected.map(({ address, reply }) => [address, reply.code]),
      [[to[1]!, 550], [ADA, 550], [BOB, 452], [EVE, 550]],
    );

    finals = "";
    await smtp.sendMail({ from: "", to: BOB }, body + "four\r\n");
    assert(latin1(host.messages.at(-1)!) === body + "four\r\n");
  });
}

Deno.test("sendMail() by LMTP waits for all replies before the next message", async () => {
  const { promise: go, resolve: release } = Promise.withResolvers<void>();
  await using server = await scriptedServer(async (conn) => {
    await greet(conn);
    for (const verb of ["MAIL", "RCPT", "RCPT", "DATA"]) {
      await conn.expect(new RegExp(`^${verb}`));
      await conn.write(verb === "DATA" ? "354 go\r\n" : "250 ok\r\n");
    }
    await receive(conn, "x\r\n.\r\n");
    await conn.write("250 one\r\n");
    await go;
    await conn.write("250 two\r\n");
    await conn.expect("NOOP");
    await conn.write("250 ok\r\n");
    await conn.expect("QUIT");
    await conn.write("221 bye\r\n");
  });
  await using smtp = await open(server, { protocol: "lmtp" });
  const sending = smtp.sendMail({ from: ADA, to: [BOB, EVE] }, "x");
  const noop = smtp.noop();
  release();
  assertEquals((await sending).accepted, [BOB, EVE]);
  await noop;
});

Deno.test("sendMail() by LMTP is uncertain where the connection is lost between the replies", async () => {
  await using host = await startHost({
    lmtp: true,
    answer(command, conn) {
      if (command !== ".") return;
      conn.hangUp();
      return "250 one of two";
    },
  });
  const smtp = await open(host, { protocol: "lmtp" });
  await assertRejects(
    () => smtp.sendMail({ from: ADA, to: [BOB, EVE] }, "x"),
    SmtpUncertainError,
  );
});

Deno.test({
  name: "sendMail() by LMTP goes over a Unix socket",
  ignore: Deno.build.os === "windows",
  async fn() {
    await using dir = await tempDir();
    const path = `${dir.path}/lmtp`;
    using listener = Deno.listen({ transport: "unix", path });
    const commands: string[] = [];
    const messages: Uint8Array<ArrayBuffer>[] = [];
    const serving = (async () => {
      for (const extensions of [[], ["PIPELINING", "CHUNKING"]]) {
        using conn = await listener.accept();
        await serveHost(
          new HostConn(conn, 1),
          {
            lmtp: true,
            extensions,
            answer: (command) =>
              command === "." || command.startsWith("BDAT")
                ? "250 bob\r\n550 eve"
                : undefined,
          },
          commands,
          messages,
        );
      }
    })();
    for (let n = 0; n < 2; n++) {
      await using smtp = await SmtpClient.connect({
        protocol: "lmtp",
        path,
        timeout: 10_000,
      });
      const result = await smtp.sendMail({ from: ADA, to: [BOB, EVE] }, ".");
      assertEquals(result.accepted, [BOB]);
      assertEquals(result.rejected.map(({ address }) => address), [EVE]);
    }
    await serving;
    assertEquals(commands[0], "LHLO localhost");
    assertEquals(messages.map(latin1), ["..\r\n", ".\r\n"]);
  },
});
