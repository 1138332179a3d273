import {
  assertEquals,
  assertRejects,
  assertStringIncludes,
} from "jsr:@std/assert@^1.0.0";
import { ProtocolError } from "../../_wire/errors.ts";
import { withDefaults } from "../../_wire/limits.ts";
import type { TraceEvent } from "../../_wire/options.ts";
import { readReply } from "../../_wire/reply.ts";
import {
  everySplit,
  randomSlices,
  seededRandom,
} from "../_support/random_slices.ts";
import { bytes, everyByte, memoryConnection } from "./memory.ts";

async function rejection(wire: string): Promise<string> {
  const { connection } = memoryConnection([bytes(wire)]);
  const error = await assertRejects(
    () => readReply(connection),
    ProtocolError,
  );
  return error.message;
}

const REPLIES = "220 ready €\r\n200\r\n200 \r\n" +
  "211-Features:\r\n MLST size*;\r\n211-UTF8\r\n211-\r\n2110 no end\r\n" +
  "212 nor this\r\n\r\n211x\r\n211 End\r\n" +
  "250-only\n250\n" +
  "354-\r\n354 \r\n" +
  "599 last\r\n";

const PARSED = [
  [220, ["ready €"]],
  [200, [""]],
  [200, [""]],
  [211, [
    "Features:",
    " MLST size*;",
    "UTF8",
    "",
    "2110 no end",
    "212 nor this",
    "",
    "211x",
    "End",
  ]],
  [250, ["only", ""]],
  [354, ["", ""]],
  [599, ["last"]],
] as const;

Deno.test("readReply() reads the same replies at every split", async () => {
  const all = bytes(REPLIES);
  for (const parts of [...everySplit(all), everyByte(all)]) {
    const { connection } = memoryConnection(parts);
    for (const [code, lines] of PARSED) {
      const reply = await readReply(connection);
      assertEquals(reply, { code, lines: [...lines], text: lines.join("\n") });
    }
  }
});

Deno.test("readReply() reads the same replies in random slices", async () => {
  const all = bytes(REPLIES.repeat(20));
  for (let seed = 0; seed < 50; seed++) {
    const slices = randomSlices(all, seededRandom(seed));
    const { connection } = memoryConnection(slices);
    for (let n = 0; n < 20; n++) {
      for (const [code, lines] of PARSED) {
        const reply = await readReply(connection);
        assertEquals([reply.code, reply.lines], [code, [...lines]]);
      }
    }
  }
});

Deno.test("readReply() leaves what follows the reply unread", async () => {
  const { connection, source } = memoryConnection([
    bytes("354 go\r\n\x16\x03"),
    bytes("more"),
  ]);
  await readReply(connection);
  assertEquals(connection.bytes.buffered, 2);
  assertEquals(source.asked, 1);
});

Deno.test("readReply() refuses what is no reply", async () => {
  for (
    const line of ["", "22", "abc", "22o ready", "2200 x", "220_x", "020 x"]
      .concat(["620 x", " 220 x", "220\tx", "\ufeff220 x", "220\r", "٢٢٠ x"])
  ) {
    assertStringIncludes(
      await rejection(line + "\r\n"),
      "Cannot connect: no three-digit code in ",
    );
  }
});

Deno.test("readReply() quotes at most 80 characters of what is no reply", async () => {
  const message = await rejection("\x1b[2J\0" + "x".repeat(1_000) + "\r\n");
  assertStringIncludes(message, '"\\u001b[2J\\u0000xxx');
  assertEquals(message.length < 160, true);
});

Deno.test("readReply() says which other protocol the server speaks", async () => {
  const cases = [
    ["SSH-2.0-OpenSSH_9.2", "SSH"],
    ["HTTP/1.1 400 Bad Request", "HTTP"],
    ["<!DOCTYPE html>", "HTTP"],
    ["<html>", "HTTP"],
    ["* OK IMAP4rev1", "IMAP"],
    ["* BYE", "IMAP"],
    ["+OK POP3", "POP3"],
    ["-ERR no", "POP3"],
    // An alert: unexpected_message, whose number is an LF.
    ["\x15\x03\x03\x00\x02\x02", 'TLS; connect with tls: "implicit"'],
  ];
  for (const [line, protocol] of cases) {
    assertStringIncludes(
      await rejection(line + "\r\n"),
      `the server speaks ${protocol}`,
    );
  }
});

Deno.test("readReply() says that the server speaks TLS when it hangs up with an alert", async () => {
  // handshake_failure: seven bytes, none of them an LF.
  assertStringIncludes(
    await rejection("\x15\x03\x03\x00\x02\x02\x28"),
    "the server speaks TLS",
  );
});

Deno.test("readReply() takes a reply of as many lines as the limit and no more", async () => {
  const limits = withDefaults();
  const inner = "211-x\r\n".repeat(limits.replyLines - 1);
  const { connection } = memoryConnection([bytes(inner + "211 end\r\n")]);
  assertEquals((await readReply(connection)).lines.length, 10_000);
  const longer = memoryConnection([bytes(inner + "211-x\r\n211 end\r\n")]);
  await assertRejects(
    () => readReply(longer.connection),
    ProtocolError,
    "Cannot connect: reply 211 is longer than 10000 lines",
  );
});

Deno.test("readReply() refuses a reply of more bytes than the limit", async () => {
  const limits = withDefaults({ reply: 100 });
  const fits = memoryConnection(
    [bytes(`211-${"x".repeat(50)}\r\n211 ${"x".repeat(30)}\r\n`)],
    { limits },
  );
  assertEquals((await readReply(fits.connection)).lines.length, 2);
  const wire = `211-${"x".repeat(60)}\r\n`.repeat(3) + "211 end\r\n";
  const longer = memoryConnection([bytes(wire)], { limits });
  await assertRejects(
    () => readReply(longer.connection),
    ProtocolError,
    "longer than 100 bytes",
  );
});

Deno.test("readReply() counts the reply limit in bytes, not characters", async () => {
  const limits = withDefaults({ reply: 100 });
  const wire = `211-${"€".repeat(20)}\r\n`.repeat(3) + "211 end\r\n";
  const { connection } = memoryConnection([bytes(wire)], { limits });
  await assertRejects(() => readReply(connection), ProtocolError, "100 bytes");
});

Deno.test("readReply() rejects when the input ends at any byte", async () => {
  const all = bytes("211-a\r\n b\r\n211 end\r\n");
  for (let length = 0; length < all.length; length++) {
    const between = [0, 7, 11].includes(length);
    for (const parts of everySplit(all.slice(0, length))) {
      const { connection } = memoryConnection(parts);
      await assertRejects(
        () => readReply(connection),
        ProtocolError,
        between ? "the server closed the connection" : "bytes of it",
      );
    }
  }
});

Deno.test("readReply() shows no secret, in the reply and in the trace", async () => {
  const seen: TraceEvent[] = [];
  const { connection } = memoryConnection(
    [bytes("530-hunter2 is wrong\r\n no hunter2hunter2\r\n530 end\r\n")],
    { onTrace: (event) => seen.push(event) },
  );
  connection.secrets = ["hunter2"];
  const reply = await readReply(connection);
  assertEquals(reply.lines, ["*** is wrong", " no ******", "end"]);
  assertEquals(seen.map((event) => event.line), [
    "530-*** is wrong",
    " no ******",
    "530 end",
  ]);
});

Deno.test("readReply() understands a reply whose code looks like the secret", async () => {
  for (const secret of ["2", "230", "30 ", " ", "-", "0-w"]) {
    const { connection } = memoryConnection(
      [bytes("230-welcome\r\n230 in\r\n")],
    );
    connection.secrets = [secret];
    assertEquals((await readReply(connection)).code, 230);
  }
});

Deno.test("readReply() with every line coded refuses a line of another code", async () => {
  for (
    const [wire, shown] of [
      ["250-a\r\n251 b\r\n", '"251 b"'],
      ["250-a\r\n b\r\n250 c\r\n", '" b"'],
      ["250-a\r\n250\tb\r\n250 c\r\n", '"250\\tb"'],
    ] as const
  ) {
    const { connection } = memoryConnection([bytes(wire)]);
    await assertRejects(
      () => readReply(connection, { everyLineCoded: true }),
      ProtocolError,
      `reply 250 goes on with ${shown}`,
    );
  }
  const { connection } = memoryConnection([bytes("250-a\r\n250-b\r\n250\r\n")]);
  const reply = await readReply(connection, { everyLineCoded: true });
  assertEquals(reply.lines, ["a", "b", ""]);
});
