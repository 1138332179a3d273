import {
  assert,
  assertEquals,
  assertInstanceOf,
  assertRejects,
  assertStringIncludes,
} from "jsr:@std/assert@^1.0.0";
import {
  type Pop3Client,
  Pop3Error,
  ProtocolError,
} from "../../../mail/pop3/mod.ts";
import { randomSlices, seededRandom } from "../../_support/random_slices.ts";
import { scriptedServer } from "../../_support/scripted_server.ts";
import {
  bye,
  capa,
  failureOf,
  open,
  scripted,
  startHost,
  textOf,
} from "./script.ts";

/** The server's words and the client's command for the next ones. */
const DIALOGUE: [words: string, command: string][] = [
  ["+OK ready\r\n", "CAPA"],
  ["+OK\r\nUIDL\r\n.\r\n", "STAT"],
  ["+OK 2 320\r\n", "LIST"],
  ["+OK 2\r\n1 120\r\n2 200\r\n.\r\n", "UIDL"],
  ["+OK\r\n1 a\r\n2 ..b\r\n.\r\n", "RETR 1"],
  ["+OK\r\n\r\n..\r\n...\r\n.a\r\n\r..\r\n\n..\r\r\n.\r\n", "TOP 1 0"],
  ["-ERR [SYS/TEMP] no\r\n", "QUIT"],
];
const LAST = "+OK bye\r\n";
const SPOKEN = [...DIALOGUE.map(([words]) => words), LAST];
const BODY = "\r\n.\r\n..\r\na\r\n\r..\r\n\n..\r\r\n";

/** Says all of the client's part and checks what comes of it. */
async function converse(pop3: Pop3Client): Promise<void> {
  assertEquals([...await pop3.capabilities()], [["UIDL", ""]]);
  assertEquals(await pop3.stat(), { count: 2, size: 320 });
  assertEquals((await pop3.list()).map(({ size }) => size), [120, 200]);
  assertEquals((await pop3.uidl()).map(({ uid }) => uid), ["a", "..b"]);
  assertEquals(await textOf(await pop3.retr(1)), BODY);
  const refusal = await pop3.top(1, 0).catch((error) => error);
  if (!(refusal instanceof Pop3Error)) throw refusal;
  assertEquals([refusal.code, refusal.transient], ["SYS/TEMP", true]);
  await pop3.quit();
}

Deno.test("Pop3Client understands what it is told at any split", async () => {
  const total = SPOKEN.join("").length;
  for (let at = 1; at < total; at++) {
    await using server = await scriptedServer(async (conn) => {
      let from = 0;
      for (const [turn, words] of SPOKEN.entries()) {
        const cut = Math.min(Math.max(0, at - from), words.length);
        await conn.writeSplit(words, { at: cut });
        from += words.length;
        if (turn < DIALOGUE.length) await conn.expect(DIALOGUE[turn]![1]);
      }
    });
    await converse(await open(server));
  }
});

Deno.test("Pop3Client understands what it is told in slices of any length", async () => {
  const random = seededRandom(1939);
  for (let round = 0; round < 30; round++) {
    await using server = await scriptedServer(async (conn) => {
      for (const [turn, words] of SPOKEN.entries()) {
        const bytes = new TextEncoder().encode(words);
        for (const slice of randomSlices(bytes, random)) {
          await conn.writeSplit(slice, { at: 0 });
        }
        if (turn < DIALOGUE.length) await conn.expect(DIALOGUE[turn]![1]);
      }
    });
    await converse(await open(server));
  }
});

for (const reset of [false, true]) {
  Deno.test(`Pop3Client ends in an error where the server ${reset ? "resets" : "closes"} at any byte`, async () => {
    const total = SPOKEN.join("").length;
    for (let stop = 0; stop < total; stop++) {
      await using server = await scriptedServer(async (conn) => {
        let left = stop;
        for (const [turn, words] of SPOKEN.entries()) {
          await conn.write(words.slice(0, left));
          left -= words.length;
          if (left < 0) return reset ? conn.close() : undefined;
          await conn.expect(DIALOGUE[turn]![1]);
        }
      });
      let pop3: Pop3Client | undefined;
      const error = await failureOf((async () => {
        pop3 = await open(server);
        await converse(pop3);
      })());
      if (!reset) {
        assertInstanceOf(error, ProtocolError, `after ${stop}: ${error}`);
      }
      if (pop3) await failureOf(pop3.noop());
      pop3?.close();
    }
  });
}

const CALLS: Record<string, (pop3: Pop3Client) => Promise<unknown>> = {
  CAPA: (pop3) => pop3.capabilities(),
  USER: (pop3) => pop3.user("ada"),
  PASS: (pop3) => pop3.pass("secret"),
  APOP: (pop3) => pop3.apop("ada", "secret"),
  STAT: (pop3) => pop3.stat(),
  LIST: (pop3) => pop3.list(),
  "LIST 1": (pop3) => pop3.list(1),
  UIDL: (pop3) => pop3.uidl(),
  "UIDL 1": (pop3) => pop3.uidl(1),
  "RETR 1": async (pop3) => await textOf(await pop3.retr(1)),
  "TOP 1 1": async (pop3) => await textOf(await pop3.top(1, 1)),
  "DELE 1": (pop3) => pop3.dele(1),
  RSET: (pop3) => pop3.rset(),
  NOOP: (pop3) => pop3.noop(),
  UTF8: (pop3) => pop3.utf8(),
  LANG: (pop3) => pop3.lang(),
  "LANG de": (pop3) => pop3.lang("de"),
  QUIT: (pop3) => pop3.quit(),
};
const GREETING = "+OK <1.2@example.com>";
const WITH_LINES = ["CAPA", "LIST", "UIDL", "LANG", "RETR 1", "TOP 1 1"];

for (const [command, call] of Object.entries(CALLS)) {
  Deno.test(`Pop3Client gives up a server that is silent at ${command}`, async () => {
    const silences = WITH_LINES.includes(command)
      ? ["", "+OK", "+OK\r\n", "+OK\r\n1 1\r\n", "+OK\r\n1 1\r\n."]
      : ["", "+", "+OK"];
    await Promise.all(silences.map(async (words) => {
      await using host = await startHost(
        (said) => said.startsWith(command) ? words : undefined,
        GREETING,
      );
      const pop3 = await open(host, { timeout: 500 });
      const error = await failureOf(call(pop3));
      assertInstanceOf(error, DOMException, `${error}`);
      assertEquals(error.name, "TimeoutError");
      assertStringIncludes(error.message, "500 ms");
      assertStringIncludes(error.message, command.split(" ")[0]!);
      await failureOf(pop3.noop());
    }));
  });

  Deno.test(`Pop3Client takes nothing else for an answer to ${command}`, async () => {
    for (
      const words of [
        "+ Y2hhbGxlbmdl",
        "+",
        "+ ",
        "",
        "OK",
        "+OKAY",
        "-ERROR",
        " +OK",
        "-OK",
        "250 ok",
        "* OK",
        ".",
        "\x00+OK",
        "+\u1d3cK",
        "SSH-2.0-x",
        "HTTP/1.1 400 Bad Request",
      ]
    ) {
      await using host = await startHost(
        (said) => said.startsWith(command) ? words + "\r\n" : undefined,
        GREETING,
      );
      const pop3 = await open(host);
      const error = await failureOf(call(pop3));
      assertInstanceOf(error, ProtocolError, `${words}: ${error}`);
      // Nothing can follow it.
      await failureOf(pop3.noop());
      const last = host.commands.at(-1)!;
      assert(last.startsWith(command), `${last} was sent after ${command}`);
    }
  });
}

Deno.test("connect() gives up a server that is silent", async () => {
  await Promise.all(["", "+", "+OK", "-ERR no"].map(async (words) => {
    await using server = await scriptedServer(async (conn) => {
      await conn.write(words);
      await conn.hang();
    });
    const error = await failureOf(open(server, { timeout: 500 }));
    assertEquals(error.name, "TimeoutError");
  }));
});

Deno.test("Pop3Client is ended by the limits where a server drips", async () => {
  await using server = await scripted(async (conn) => {
    await conn.expect("NOOP");
    for (;;) await conn.writeSplit("+OK x" + "x".repeat(16), { at: 2 });
  });
  const pop3 = await open(server, { timeout: 1_000, limits: { line: 200 } });
  await assertRejects(() => pop3.noop(), ProtocolError, "200 bytes");
});

for (const command of ["the greeting", "STAT", "LIST 1", "RETR 1", "CAPA"]) {
  Deno.test(`Pop3Client gives up a status line that never ends, at ${command}`, async () => {
    let sent = 0;
    await using server = await scriptedServer(async (conn) => {
      if (command !== "the greeting") {
        await conn.write("+OK\r\n");
        await conn.expect(command);
      }
      await conn.write("+OK ");
      for (;;) {
        await conn.write("x".repeat(65_536));
        sent += 65_536;
      }
    });
    const error = await failureOf((async () => {
      await CALLS[command]!(await open(server));
    })());
    assertInstanceOf(error, ProtocolError);
    assertStringIncludes(error.message, "65536 bytes");
    assert(error.message.length < 1_000, "the flood is in the message");
    assert(sent < 8_000_000, `${sent} bytes were taken`);
  });
}

for (const command of ["CAPA", "LIST", "UIDL", "LANG"]) {
  for (const flood of ["1 1\r\n".repeat(10_000), "x".repeat(65_536)]) {
    const what = flood.startsWith("x") ? "line in its list" : "list";
    Deno.test(`Pop3Client gives up a ${what} that never ends, at ${command}`, async () => {
      let sent = 0;
      await using server = await scripted(async (conn) => {
        await conn.expect(command);
        await conn.write("+OK\r\n");
        for (;;) {
          await conn.write(flood);
          sent += flood.length;
        }
      });
      const pop3 = await open(server, { limits: { listing: 500_000 } });
      const error = await failureOf(CALLS[command]!(pop3));
      assertInstanceOf(error, ProtocolError);
      assert(sent < 8_000_000, `${sent} bytes were taken`);
      await failureOf(pop3.noop());
    });
  }
}

Deno.test("a list's line keeps to the limit on lines", async () => {
  await using host = await startHost((command) =>
    command === "UIDL" ? `+OK\r\n1 ${"x".repeat(1_000)}\r\n.\r\n` : undefined
  );
  const pop3 = await open(host, { limits: { line: 100 } });
  await assertRejects(() => pop3.uidl(), ProtocolError);
  pop3.close();
});

Deno.test("capabilities() is not kept busy by one line", async () => {
  await using host = await startHost((command) =>
    command === "CAPA" ? `+OK\r\nX a${" ".repeat(60_000)}b\r\n.\r\n` : undefined
  );
  await using pop3 = await open(host);
  await pop3.capabilities().catch(() => {});
});

Deno.test("capabilities() reads lines with odd characters", async () => {
  const lines = ["IMPLEMENTATION a\rb", "X-A a\u2028b", "\0", "\u00a0", "\t"];
  await using server = await scripted(async (conn) => {
    await capa(conn, ...lines, "UIDL");
    await bye(conn);
  });
  await using pop3 = await open(server);
  assert((await pop3.capabilities()).has("UIDL"));
});

Deno.test("a status line may hold any character", async () => {
  for (const text of ["a\rb", "a\u2028b", "a\u2029b", "a\0b", "a\x85b"]) {
    await using host = await startHost((command) =>
      command === "NOOP" ? `-ERR [IN-USE] ${text}\r\n` : undefined
    );
    await using pop3 = await open(host);
    const error = await failureOf(pop3.noop());
    assertInstanceOf(error, Pop3Error, `${JSON.stringify(text)}: ${error}`);
    assertEquals(error.code, "IN-USE");
  }
});
