import {
  assertEquals,
  assertFalse,
  assertRejects,
  assertThrows,
} from "jsr:@std/assert@^1.0.0";
import {
  checkCommand,
  writeCommand,
  writeCommands,
} from "../../_wire/command.ts";
import type { TraceEvent } from "../../_wire/options.ts";
import { bytes, memoryConnection } from "./memory.ts";

Deno.test("writeCommand() writes a command and its line end at once", async () => {
  const { connection, sent } = memoryConnection([]);
  await writeCommand(connection, "CWD zwölf €");
  await writeCommand(connection, "");
  assertEquals(sent, [bytes("CWD zwölf €\r\n"), bytes("\r\n")]);
});

Deno.test("writeCommand() writes one byte for each character as latin1", async () => {
  const { connection, sent } = memoryConnection([]);
  const all = String.fromCharCode(...Array(256).keys())
    .replace(/[\r\n\0]/g, "");
  await writeCommand(connection, all, "latin1");
  const expected = Array.from(all + "\r\n", (c) => c.charCodeAt(0));
  assertEquals(Array.from(sent[0]!), expected);
});

Deno.test("writeCommand() refuses a CR, LF or NUL anywhere and writes nothing", async () => {
  const { connection, sent } = memoryConnection([]);
  const names = [["\r", "a CR"], ["\n", "an LF"], ["\0", "a NUL"]] as const;
  for (const [found, name] of names) {
    for (let at = 0; at <= "CWD ab".length; at++) {
      const command = "CWD ab".slice(0, at) + found + "CWD ab".slice(at);
      for (const encoding of ["utf-8", "latin1"] as const) {
        await assertRejects(
          () => writeCommand(connection, command, encoding),
          TypeError,
          `an argument holds ${name}`,
        );
      }
    }
  }
  assertEquals(sent, []);
});

Deno.test("writeCommand() never writes a CR, LF or NUL of the caller's, whatever the encoding makes of a character", async () => {
  // Cut down to a byte, these are CR, LF and NUL.
  for (
    const text of ["a\u010d\u010aDELE b", "a\u020a", "a\u0100", "\u{1f40a}"]
  ) {
    const { connection, sent } = memoryConnection([]);
    await writeCommand(connection, `CWD ${text}`, "latin1").catch(() => {});
    for (const data of sent) {
      const inner = Array.from(data.subarray(0, -2));
      assertFalse(inner.some((byte) => [0, 10, 13].includes(byte)), text);
    }
  }
});

Deno.test("writeCommand() refuses what latin1 does not have", async () => {
  const { connection, sent } = memoryConnection([]);
  await assertRejects(
    () => writeCommand(connection, "CWD €", "latin1"),
    TypeError,
  );
  assertEquals(sent, []);
});

Deno.test("checkCommand() names the verb and keeps the argument out of the message", () => {
  const error = assertThrows(
    () => checkCommand("hunter2\r\nDELE x", "PASS"),
    TypeError,
  );
  assertEquals(error.message, "Cannot send PASS: an argument holds a CR");
});

Deno.test("writeCommand() keeps a secret that is the whole line out of the message", async () => {
  const { connection } = memoryConnection([]);
  const error = await assertRejects(
    () => writeCommand(connection, "hunter\n2", "utf-8", "***"),
    TypeError,
  );
  assertFalse(/hunter/i.test(error.message), error.message);
});

Deno.test("writeCommand() shows the trace only what is masked, and before it is sent", async () => {
  const seen: TraceEvent[] = [];
  const { connection, sent } = memoryConnection([], {
    onTrace(event) {
      assertEquals(sent.length, seen.length);
      seen.push(event);
    },
  });
  await writeCommand(connection, "PASS hunter2", "utf-8", "PASS ***");
  await writeCommand(connection, "NOOP");
  assertEquals(
    seen.map(({ direction, line }) => [direction, line]),
    [["send", "PASS ***"], ["send", "NOOP"]],
  );
  assertEquals(seen[0]!.time instanceof Date, true);
});

Deno.test("writeCommand() traces nothing that it refuses", async () => {
  const seen: TraceEvent[] = [];
  const { connection } = memoryConnection([], {
    onTrace: (event) => seen.push(event),
  });
  await assertRejects(() => writeCommand(connection, "A\nB"), TypeError);
  assertEquals(seen, []);
});

Deno.test("writeCommands() writes commands and content in one write", async () => {
  const seen: TraceEvent[] = [];
  const { connection, sent } = memoryConnection([], {
    onTrace: (event) => seen.push(event),
  });
  await writeCommands(connection, ["MAIL FROM:<ä@b>", "BDAT 3"], bytes("abc"));
  await writeCommands(connection, ["RSET"]);
  assertEquals(sent, [
    bytes("MAIL FROM:<ä@b>\r\nBDAT 3\r\nabc"),
    bytes("RSET\r\n"),
  ]);
  assertEquals(seen.map(({ line }) => line), [
    "MAIL FROM:<ä@b>",
    "BDAT 3",
    "RSET",
  ]);
});

Deno.test("writeCommands() refuses a CR, LF or NUL in any command and writes nothing", async () => {
  const { connection, sent } = memoryConnection([]);
  for (const found of ["\r", "\n", "\0"]) {
    for (const commands of [[`A ${found}`, "B"], ["A", `B ${found}`]]) {
      await assertRejects(
        () => writeCommands(connection, commands),
        TypeError,
        "an argument holds",
      );
    }
  }
  assertEquals(sent, []);
});
