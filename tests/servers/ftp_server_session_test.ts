// What curl and ftplib never say to a server, said by a client of a few lines.

import {
  assertEquals,
  assertMatch,
  assertRejects,
} from "jsr:@std/assert@^1.0.0";
import { tempDir } from "../_support/temp_dir.ts";
import { FtpServer } from "./ftp_server.ts";

/** Too much for the buffers of a connection. */
const BIG = new Uint8Array(30_000_000);

/** Says lines and reads replies. */
class RawClient implements Disposable {
  #conn: Deno.TcpConn;
  #text = "";

  constructor(conn: Deno.TcpConn) {
    this.#conn = conn;
  }

  static async connect(server: FtpServer, logIn = true): Promise<RawClient> {
    const { hostname, port } = server;
    const client = new RawClient(await Deno.connect({ hostname, port }));
    if (logIn) {
      assertMatch(await client.reply(), /^220/);
      await client.say("USER user", /^331/);
      await client.say("PASS secret", /^230/);
      await client.say("TYPE I", /^200/);
    }
    return client;
  }

  /** Sends text as it is, or bytes. */
  async send(data: string | Uint8Array): Promise<void> {
    const bytes = typeof data === "string"
      ? new TextEncoder().encode(data)
      : data;
    for (let at = 0; at < bytes.length;) {
      at += await this.#conn.write(bytes.subarray(at));
    }
  }

  /** Reads a reply of one or several lines. */
  async reply(): Promise<string> {
    const buffer = new Uint8Array(4096);
    while (true) {
      const match = /^(\d{3})(?:-[^]*?\r\n\1)? .*?\r\n/.exec(this.#text);
      if (match) {
        this.#text = this.#text.slice(match[0].length);
        return match[0].trimEnd();
      }
      const count = await this.#conn.read(buffer);
      if (count === null) throw new Error(`Ended after "${this.#text}"`);
      this.#text += new TextDecoder().decode(buffer.subarray(0, count));
    }
  }

  /** Sends a command and checks the reply. */
  async say(line: string, expected: RegExp): Promise<string> {
    await this.send(line + "\r\n");
    const reply = await this.reply();
    assertMatch(reply, expected, `"${reply}" in answer to "${line}"`);
    return reply;
  }

  /** Connects to where EPSV says. */
  async dataConnection(): Promise<Deno.TcpConn> {
    const reply = await this.say("EPSV", /^229/);
    const port = Number(/\|(\d+)\|/.exec(reply)![1]);
    return await Deno.connect({ hostname: "127.0.0.1", port });
  }

  [Symbol.dispose](): void {
    this.#conn[Symbol.dispose]();
  }
}

Deno.test("FtpServer wants a login first, and its commands in order", async () => {
  await using server = await FtpServer.start({
    users: { user: "secret", open: "", anonymous: "", banked: "pw" },
    accounts: { banked: "gold" },
  });
  using client = await RawClient.connect(server, false);
  assertMatch(await client.reply(), /^220/);
  const dialogue: [string, RegExp][] = [
    ["PWD", /^530/],
    ["PASS secret", /^503/],
    ["USER user", /^331/],
    ["PASS wrong", /^530/],
    ["PASS secret", /^503/],
    ["USER constructor", /^331/],
    ["PASS x", /^530/],
    ["USER anonymous", /^331/],
    ["PASS me@example.org", /^230/],
    ["USER open", /^230/],
    ["USER banked", /^331/],
    ["PASS pw", /^332/],
    ["PWD", /^530/],
    ["ACCT lead", /^530/],
    ["ACCT gold", /^230/],
    ["ACCT gold", /^202/],
    ["RNTO x", /^503/],
    ["RETR", /^501/],
    ["LIST", /^425/],
    ["LIST missing", /^450/],
    ["MLSD missing", /^550/],
    ["TYPE E", /^504/],
    ["MODE B", /^504/],
    ["STRU R", /^504/],
    ["FROB x", /^500 Unknown command FROB/],
    ["", /^500/],
    ["CWD a\rb", /^501/],
    ["CWD a\0b", /^501/],
    ["AUTH TLS", /^502/],
    ["PBSZ 0", /^503/],
    ["CCC", /^533/],
    ["PORT 192,0,2,1,200,1", /^504/],
    ["PORT 127,0,0,1,0,21", /^504/],
    ["PORT 1,2,3", /^501/],
    ["EPRT |3|127.0.0.1|2000|", /^522/],
    ["EPRT |1|127.0.0.1", /^501/],
    ["EPSV 2", /^522/],
    ["EPSV ALL", /^200/],
    ["PASV", /^503/],
    ["MKD d", /^257 "\/d" created$/],
    ["MKD d", /^550 The file exists$/],
    ["MKD d/e", /^257/],
    ["RMD d", /^550 .*not empty/],
    ["RNFR d/e", /^350/],
    ["RNTO f", /^250/],
    ["RNTO f", /^503/],
    ["RETR d", /^550/],
    ["STOR d", /^553/],
    ["REIN", /^220/],
    ["PWD", /^530/],
    ["QUIT", /^221/],
  ];
  for (const [line, expected] of dialogue) await client.say(line, expected);
  await assertRejects(() => client.reply(), Error, "Ended");
});

Deno.test("FtpServer answers a pipeline in order", async () => {
  await using server = await FtpServer.start();
  using client = await RawClient.connect(server);
  await Deno.writeTextFile(`${server.root}/file`, "text");
  using data = await client.dataConnection();
  await client.send("MKD d\r\nRETR file\r\nPWD\r\nNOOP\r\nQUIT\r\n");
  const codes: string[] = [];
  for (let i = 0; i < 6; i++) codes.push((await client.reply()).slice(0, 3));
  assertEquals(codes, ["257", "150", "226", "257", "200", "221"]);
  assertEquals(await data.read(new Uint8Array(9)), 4);
});

Deno.test("FtpServer sees ABOR during a transfer, and without one", async () => {
  await using server = await FtpServer.start();
  await Deno.writeFile(`${server.root}/big`, BIG);
  using client = await RawClient.connect(server);
  await client.say("ABOR", /^226/);
  const encoder = new TextEncoder();
  const telnet = Uint8Array.of(0xff, 0xf4, 0xff, 0xf2); // IP, then DM
  for (
    const [abort, rest] of [
      [encoder.encode("ABOR\r\n"), ""],
      [Uint8Array.of(...telnet, ...encoder.encode("ABOR\r\n")), ""],
      [encoder.encode("ABOR\r"), "\n"], // as when the LF was urgent data
    ] as const
  ) {
    using data = await client.dataConnection();
    await client.say("RETR big", /^150/);
    await data.read(new Uint8Array(1));
    await client.send("PWD\r\n");
    await client.send(abort);
    assertMatch(await client.reply(), /^426/);
    assertMatch(await client.reply(), /^257/);
    assertMatch(await client.reply(), /^226/);
    await client.send(rest);
    await client.say("NOOP", /^200/);
  }
  // The data connection is never made.
  await client.say("EPSV", /^229/);
  await client.say("RETR big", /^150/);
  await client.say("ABOR", /^426/);
  assertMatch(await client.reply(), /^226/);
  await client.say("RETR big", /^425/);
});

Deno.test("FtpServer says 425 when the client does not connect in time", async () => {
  await using server = await FtpServer.start({ dataTimeoutMs: 1 });
  using client = await RawClient.connect(server);
  await client.say("EPSV", /^229/);
  await client.say("NLST", /^150/);
  assertMatch(await client.reply(), /^425/);
});

Deno.test("FtpServer keeps the line ends of TYPE I and changes those of TYPE A", async () => {
  await using server = await FtpServer.start();
  using client = await RawClient.connect(server);
  const upload = async (pieces: string[]) => {
    using data = await client.dataConnection();
    data.setNoDelay(true);
    await client.say("STOR file", /^150/);
    for (const piece of pieces) {
      await data.write(new TextEncoder().encode(piece));
    }
    data.close();
    assertMatch(await client.reply(), /^226/);
    return await Deno.readTextFile(`${server.root}/file`);
  };
  const pieces = ["a\r", "\nb\r", "c\n", "d\r\r\n\r"];
  assertEquals(await upload(pieces), pieces.join(""));
  await client.say("TYPE A N", /^200/);
  assertEquals(await upload(pieces), "a\nb\rc\nd\r\n\r");
  await client.say("SIZE file", /^550/);
  await client.say("REST 1", /^350/);
  await client.say("RETR file", /^554/);
});

Deno.test("FtpServer restarts within the file only", async () => {
  await using server = await FtpServer.start();
  await Deno.writeTextFile(`${server.root}/file`, "text");
  using client = await RawClient.connect(server);
  for (const verb of ["RETR", "STOR"]) {
    await client.say("REST 5", /^350/);
    await client.say(`${verb} file`, /^554/);
  }
  await client.say("REST -1", /^501/);
  using data = await client.dataConnection();
  await client.say("REST 4", /^350/);
  await client.say("RETR file", /^150/);
  assertMatch(await client.reply(), /^226/);
  assertEquals(await data.read(new Uint8Array(1)), null);
});

Deno.test("FtpServer lets nobody out of its root", async () => {
  await using outside = await tempDir();
  await Deno.writeTextFile(`${outside.path}/secret`, "secret");
  await using server = await FtpServer.start();
  await Deno.mkdir(`${server.root}/sub`);
  await Deno.writeTextFile(`${server.root}/sub/file`, "text");
  using client = await RawClient.connect(server);
  await client.say("CDUP", /^250 Now in "\/"$/);
  await client.say("SIZE ../../sub/../sub/./file", /^213 4$/);
  await client.say(`SIZE ${outside.path}/secret`, /^550/);
  await client.say("RMD /", /^550/);
  if (Deno.build.os === "windows") return; // Links need a privilege there.
  await Deno.symlink(outside.path, `${server.root}/away`);
  await Deno.symlink(`${outside.path}/new`, `${server.root}/new`);
  await Deno.symlink("sub", `${server.root}/within`);
  await client.say("CWD away", /^550/);
  await client.say("SIZE away/secret", /^550/);
  await client.say("DELE away/secret", /^550/);
  await client.say("MKD away/made", /^550/);
  await client.say("STOR new", /^553/);
  await client.say("STOR away/new", /^553/);
  await client.say("SIZE within/file", /^213 4$/);
  await client.say("MLST within", /type=OS\.unix=slink:sub;/);
  await client.say("DELE away", /^250/);
  assertEquals(
    [...Deno.readDirSync(outside.path)].map(({ name }) => name),
    ["secret"],
  );
});

Deno.test("FtpServer hashes files", async () => {
  await using server = await FtpServer.start();
  await Deno.writeTextFile(`${server.root}/file`, "hello");
  using client = await RawClient.connect(server);
  const sha1 = "aaf4c61ddcc5e8a2dabede0f3b482cd9aea9434d";
  await client.say("XSHA1 file", new RegExp(`^250 ${sha1}$`));
  await client.say("XMD5 file", /^250 5d41402abc4b2a76b9719d911017c592$/);
  await client.say("XCRC file", /^250 3610a686$/);
  await client.say('XSHA1 "file" 0 5', new RegExp(`^250 ${sha1}$`));
  await client.say('XCRC "file" 5', /^250 00000000$/);
  await client.say("HASH file", /^213 SHA-256 0-5 2cf24dba5fb0a30e\w+ file$/);
  await client.say("OPTS HASH SHA-1", /^200 SHA-1$/);
  await client.say("HASH file", new RegExp(`^213 SHA-1 0-5 ${sha1} file$`));
  await client.say("FEAT", /\r\n HASH SHA-256;SHA-1\*;SHA-512;MD5\r\n/);
  await client.say("OPTS HASH SHA-3", /^504/);
});

Deno.test("FtpServer leaves out what it is told to", async () => {
  await using server = await FtpServer.start({
    features: {
      mlsd: false,
      epsv: false,
      pasv: false,
      size: false,
      mdtm: false,
      mfmt: false,
      hash: [],
      utf8: false,
      rest: false,
    },
    greeting: ["Hello", "220 is no code here", "world"],
  });
  await Deno.writeTextFile(`${server.root}/caf\u00e9`, "");
  using client = await RawClient.connect(server, false);
  assertEquals(
    await client.reply(),
    "220-Hello\r\n 220 is no code here\r\n220 world",
  );
  await client.say("USER user", /^331/);
  await client.say("PASS secret", /^230/);
  const reply = await client.say("FEAT", /^211-/);
  assertEquals(reply, "211-Features:\r\n TVFS\r\n211 End");
  for (
    const verb of "MLSD MLST EPSV PASV SIZE MDTM MFMT HASH XMD5 REST".split(" ")
  ) await client.say(`${verb} x`, /^502/);
  await client.say("OPTS UTF8 ON", /^501/);
  // Latin-1 goes out, which is not UTF-8.
  await client.say("STAT .", /caf\ufffd/);
});

Deno.test("FtpServer refuses a line that is too long and hangs up", async () => {
  await using server = await FtpServer.start();
  using client = await RawClient.connect(server);
  await client.send("CWD " + "x".repeat(100_000));
  assertMatch(await client.reply(), /^500/);
  await assertRejects(() => client.reply(), Error, "Ended");
});

Deno.test("FtpServer lets hooks answer, wait and replace a transfer", async () => {
  const { promise: gate, resolve: open } = Promise.withResolvers<void>();
  await using server = await FtpServer.start({
    async onCommand(verb, argument, session) {
      if (verb === "PWD") return "257-odd\r\n257 reply\r\n";
      if (verb === "NOOP") await gate;
      if (verb === "SYST") await session.send("120 Soon");
      if (verb === "SITE") return "";
      if (verb === "STAT") session.close();
      return argument === "hang" ? await new Promise(() => {}) : undefined;
    },
    async onData({ verb, conn }) {
      if (verb !== "RETR") return undefined;
      await conn.write(new TextEncoder().encode("half"));
      return "451 Disk error";
    },
  });
  await Deno.writeTextFile(`${server.root}/file`, "whole");
  using client = await RawClient.connect(server);
  await client.say("PWD", /^257-odd\r\n257 reply$/);
  await client.say("SYST", /^120/);
  assertMatch(await client.reply(), /^215/);
  await client.send("NOOP\r\n");
  open();
  assertMatch(await client.reply(), /^200/);
  {
    using data = await client.dataConnection();
    await client.say("RETR file", /^150/);
    assertEquals(await data.read(new Uint8Array(9)), 4);
    assertMatch(await client.reply(), /^451/);
    assertEquals(await data.read(new Uint8Array(9)), null);
  }
  await client.say("SITE x\r\nSYST", /^120/);
  assertMatch(await client.reply(), /^215/);
  using other = await RawClient.connect(server);
  await other.send("STAT\r\n");
  await assertRejects(() => other.reply(), Error, "Ended");
  assertEquals(server.connections, 2);
  await client.send("CWD hang\r\n"); // Disposing the server ends it.
});

Deno.test("FtpServer throws what a hook has thrown", async () => {
  const server = await FtpServer.start({
    onCommand() {
      throw new RangeError("of the test");
    },
  });
  using client = await RawClient.connect(server, false);
  assertMatch(await client.reply(), /^220/);
  await client.send("NOOP\r\nNOOP\r\n");
  await assertRejects(() => client.reply());
  await assertRejects(
    async () => await server[Symbol.asyncDispose](),
    RangeError,
  );
  await assertRejects(() => Deno.stat(server.root), Deno.errors.NotFound);
});

Deno.test("FtpServer ends transfers that are under way when disposed", async () => {
  let client: RawClient;
  let data: Deno.TcpConn;
  {
    await using server = await FtpServer.start();
    await Deno.writeFile(`${server.root}/big`, BIG);
    client = await RawClient.connect(server);
    data = await client.dataConnection();
    await client.say("RETR big", /^150/);
    await data.read(new Uint8Array(1));
  }
  await assertRejects(() => client.reply());
  client[Symbol.dispose]();
  data.close();
});

Deno.test("FtpServer aborts a transfer whose client has gone", async () => {
  await using server = await FtpServer.start({
    async onData({ conn }) {
      while (true) await conn.write(BIG);
    },
  });
  const client = await RawClient.connect(server);
  using data = await client.dataConnection();
  await client.say("STOR file", /^150/);
  client[Symbol.dispose]();
  const buffer = new Uint8Array(65_536);
  try {
    while (await data.read(buffer) !== null);
  } catch {
    // A reset is as good an end as any.
  }
});

Deno.test("FtpServer aborts a transfer that a hook holds up", async () => {
  await using server = await FtpServer.start({
    onData: () => new Promise(() => {}),
  });
  using client = await RawClient.connect(server);
  for (const last of [false, true]) {
    using _data = await client.dataConnection();
    await client.say("NLST", /^150/);
    if (last) break; // Disposing the server ends this one.
    await client.say("ABOR", /^426/);
    assertMatch(await client.reply(), /^226/);
  }
});
