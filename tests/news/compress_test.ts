import {
  assert,
  assertEquals,
  assertInstanceOf,
  assertRejects,
} from "jsr:@std/assert@^1.0.0";
import { Buffer } from "node:buffer";
import { constants, createDeflateRaw, inflateRawSync } from "node:zlib";
import {
  type ClientOptions,
  type NntpClient,
  ProtocolError,
} from "../../news/mod.ts";
import { randomSlices, seededRandom } from "../_support/random_slices.ts";
import type {
  ScriptedConn,
  ScriptedServer,
} from "../_support/scripted_server.ts";
import { eventLoopTurn } from "../_wire/memory.ts";
import {
  block,
  bytesOf,
  failureOf,
  open,
  scripted,
  textOf,
  WatchedSignal,
} from "./script.ts";

const REASON = new RangeError("enough");

/** The server's end of a compressed connection. */
class Packed {
  readonly #deflate = createDeflateRaw({ flush: constants.Z_SYNC_FLUSH });
  #heard = Buffer.alloc(0);
  #lines = 0;

  constructor(readonly conn: ScriptedConn) {}

  /** What comes of the data on the wire. */
  async pack(data: string | Uint8Array): Promise<Uint8Array<ArrayBuffer>> {
    const parts: Uint8Array[] = [];
    const take = (part: Uint8Array) => parts.push(part);
    this.#deflate.on("data", take);
    await new Promise((resolve) => this.#deflate.write(data, resolve));
    await eventLoopTurn();
    this.#deflate.off("data", take);
    return new Uint8Array(Buffer.concat(parts));
  }

  async write(data: string | Uint8Array): Promise<void> {
    await this.conn.write(await this.pack(data));
  }

  /** The next line; undefined at the end. */
  async readLine(): Promise<string | undefined> {
    for (;;) {
      const text = this.#heard.length === 0
        ? ""
        : inflateRawSync(this.#heard, { finishFlush: constants.Z_SYNC_FLUSH })
          .toString();
      const lines = text.split("\r\n");
      if (lines.length - 1 > this.#lines) return lines[this.#lines++];
      const chunk = new Uint8Array(65_536);
      const count = await this.conn.conn.read(chunk);
      if (count === null) return undefined;
      this.#heard = Buffer.concat([this.#heard, chunk.subarray(0, count)]);
    }
  }
}

/** A server that goes on by the script once the connection is compressed. */
function compressed(
  script: (packed: Packed) => Promise<void>,
): Promise<ScriptedServer> {
  return scripted(async (conn) => {
    await conn.expect("COMPRESS DEFLATE");
    await conn.write("206 go\r\n");
    await script(new Packed(conn));
  });
}

async function connect(
  server: ScriptedServer,
  o: Partial<ClientOptions> = {},
): Promise<NntpClient> {
  const nntp = await open(server, { reader: false, ...o });
  await nntp.compress();
  return nntp;
}

Deno.test("compress() packs what is said and reads what is packed, in slices of any length", async () => {
  const random = seededRandom(8054);
  const body = Buffer.from(
    Array.from({ length: 256 }, (_, n) => n === 13 ? 0 : n),
  );
  await using server = await compressed(async (packed) => {
    for (let round = 0; round < 20; round++) {
      assertEquals(await packed.readLine(), "BODY 1");
      const answer = Buffer.concat([
        Buffer.from("222 1 <1@x>\r\n"),
        body,
        Buffer.from("\r\n.\r\n"),
      ]);
      for (const slice of randomSlices(await packed.pack(answer), random)) {
        await packed.conn.writeSplit(slice, { at: 0 });
      }
    }
    assertEquals(await packed.readLine(), "POST");
    await packed.write("340 go\r\n");
    for (const line of ["a: b", "", "...", "."]) {
      assertEquals(await packed.readLine(), line);
    }
    await packed.write("240 ok\r\n");
    assertEquals(await packed.readLine(), "QUIT");
    await packed.write("205 bye\r\n");
  });
  await using nntp = await connect(server);
  for (let round = 0; round < 10; round++) {
    const bytes = await bytesOf((await nntp.body(1)).content);
    assertEquals(
      Buffer.from(bytes),
      Buffer.concat([body, Buffer.from("\r\n")]),
    );
  }
  const got = await Array.fromAsync(nntp.articles(Array(10).fill(1), "body"));
  assert(got.every((one) => "content" in one && one.content.length === 258));
  await nntp.post("a: b\n\n..");
});

Deno.test("compress() makes damaged data an error, wherever they come", async () => {
  for (const where of ["a reply", "a body", "many bodies", "nothing packed"]) {
    await using server = await compressed(async (packed) => {
      await packed.readLine();
      if (where === "a body" || where === "many bodies") {
        await packed.write("222 1 <1@x>\r\nhalf");
      }
      await packed.conn.write(
        where === "nothing packed"
          ? "223 1 <1@x>\r\n"
          : Uint8Array.of(0xff, 0xff, 0xff, 0xff),
      );
      await packed.conn.readToEnd();
    });
    const nntp = await connect(server);
    const error = await failureOf((async () => {
      if (where === "a body") await textOf((await nntp.body(1)).content);
      else if (where === "many bodies") {
        await Array.fromAsync(nntp.articles([1], "body"));
      } else await nntp.stat(1);
    })());
    assertInstanceOf(error, ProtocolError, `${where}: ${error}`);
    assert(/damaged|no three-digit/.test(error.message), error.message);
    await failureOf(nntp.date());
  }
});

Deno.test("compress() ends in an error where the server hangs or hangs up", async () => {
  for (const words of ["", "22", "222 1 <1@x>\r\nhalf"]) {
    for (const hangs of [true, false]) {
      await using server = await compressed(async (packed) => {
        await packed.readLine();
        await packed.write(words);
        if (hangs) await packed.conn.readToEnd();
      });
      const nntp = await connect(server, { timeout: 300 });
      const error = await failureOf(
        (async () => await textOf((await nntp.body(1)).content))(),
      );
      if (hangs) assertEquals(error.name, "TimeoutError", `${error}`);
      else assertInstanceOf(error, ProtocolError, `${error}`);
      await failureOf(nntp.date());
    }
  }
});

Deno.test("a body that is a bomb can be read in part, and is given up", async () => {
  const zeros = new Uint8Array(2 ** 24);
  for (const how of ["cancel", "abort", "close"]) {
    await using server = await compressed(async (packed) => {
      await packed.readLine();
      await packed.write("222 1 <1@x>\r\n");
      for (let n = 0; n < 16; n++) await packed.write(zeros);
      await packed.conn.readToEnd();
    });
    const nntp = await connect(server);
    const watched = new WatchedSignal();
    const { content } = await nntp.body(1, { signal: watched.signal });
    const reader = content.getReader();
    await reader.read();
    const before = Deno.memoryUsage().external;
    for (let n = 0; n < 100; n++) {
      assert((await reader.read()).value!.length <= 65_536);
    }
    assert(Deno.memoryUsage().external - before < 64 * 2 ** 20);
    if (how === "cancel") await reader.cancel();
    else if (how === "abort") {
      watched.abort(REASON);
      assertEquals(await failureOf(reader.read()), REASON);
    } else nntp.close();
    const error = await failureOf(nntp.date());
    if (how !== "close") {
      assert(error.message.includes("1048576 bytes to come"));
    }
    await reader.cancel().catch(() => {});
    assertEquals(watched.listeners, 0);
  }
});

Deno.test("articles() of bombs are too large, and the client is closed", async () => {
  await using server = await compressed(async (packed) => {
    await packed.readLine();
    await packed.write("222 1 <1@x>\r\n");
    await packed.write(new Uint8Array(2 ** 24));
    await packed.conn.readToEnd();
  });
  const nntp = await connect(server);
  const reader = nntp.articles([1, 2], "body", { maxSize: 10_000 }).getReader();
  const { value } = await reader.read();
  assert(value && "error" in value);
  await assertRejects(
    () => reader.read(),
    ProtocolError,
    "160000 bytes to come",
  );
});

Deno.test("close() while something is compressed leaves nothing behind", async () => {
  for (
    const call of [
      (n: NntpClient) => n.date(),
      (n: NntpClient) => n.post(new Uint8Array(2 ** 22)),
      (n: NntpClient) => Array.fromAsync(n.articles([1, 2, 3])),
    ]
  ) {
    for (const turns of [0, 1, 5]) {
      await using server = await compressed(async (packed) => {
        if (await packed.readLine() === "POST") {
          await packed.write("340 go\r\n");
        }
        await packed.conn.hang();
      });
      const nntp = await connect(server);
      const pending = failureOf(call(nntp));
      for (let turn = 0; turn < turns; turn++) await eventLoopTurn();
      nntp.close();
      assertEquals((await pending).name, "InvalidStateError");
    }
  }
});

Deno.test("compress() aborted closes the client", async () => {
  const watched = new WatchedSignal();
  await using server = await scripted(async (conn) => {
    await conn.expect("COMPRESS DEFLATE");
    watched.abort(REASON);
    await conn.readToEnd();
  });
  const nntp = await open(server, { reader: false });
  assertEquals(
    await failureOf(nntp.compress({ signal: watched.signal })),
    REASON,
  );
  assertEquals(await failureOf(nntp.date()), REASON);
});

Deno.test("what the server sends behind the end of its packed data is an error", async () => {
  await using server = await scripted(async (conn) => {
    await conn.expect("COMPRESS DEFLATE");
    await conn.write("206 go\r\n");
    await conn.conn.read(new Uint8Array(1_000));
    // A last block of nothing, and more.
    await conn.write(Uint8Array.of(3, 0, ...Buffer.from(block("223 1 <1@x>"))));
    await conn.readToEnd();
  });
  const nntp = await connect(server, { timeout: 300 });
  const error = await failureOf(nntp.stat(1));
  assertInstanceOf(error, ProtocolError, `${error}`);
});
