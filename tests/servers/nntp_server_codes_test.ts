// A client of a few lines says to the server what nntplib never says.

import {
  assert,
  assertEquals,
  assertMatch,
  assertStringIncludes,
} from "jsr:@std/assert@^1.0.0";
import { createAuthority } from "../_support/certificates.ts";
import { NntpServer, type NntpServerOptions } from "./nntp_server.ts";
import { Channel } from "./nntp_server_channel.ts";
import { article, GROUPS } from "./nntp_server_sample.ts";

const authority = await createAuthority();
const certificate = await authority.issue();

/** A client that says what it is told. */
class Raw implements AsyncDisposable {
  #conn: Deno.TcpConn;
  #text = "";

  private constructor(conn: Deno.TcpConn) {
    this.#conn = conn;
  }

  static async connect({ hostname, port }: NntpServer): Promise<Raw> {
    const raw = new Raw(await Deno.connect({ hostname, port }));
    assertMatch(await raw.line(), /^20[01] /);
    return raw;
  }

  async send(text: string): Promise<void> {
    const bytes = new TextEncoder().encode(text);
    for (let at = 0; at < bytes.length;) {
      at += await this.#conn.write(bytes.subarray(at));
    }
  }

  /** What comes up to an end. */
  async until(end: string): Promise<string> {
    const buffer = new Uint8Array(64 * 1024);
    for (;;) {
      const at = this.#text.indexOf(end);
      if (at >= 0) {
        const found = this.#text.slice(0, at + end.length);
        this.#text = this.#text.slice(found.length);
        return found;
      }
      const count = await this.#conn.read(buffer);
      if (count === null) throw new Error(`The end came before ${end}`);
      this.#text += new TextDecoder().decode(buffer.subarray(0, count));
    }
  }

  async line(): Promise<string> {
    return (await this.until("\r\n")).slice(0, -2);
  }

  async ask(command: string): Promise<string> {
    await this.send(`${command}\r\n`);
    return await this.line();
  }

  async block(): Promise<string[]> {
    const lines: string[] = [];
    for (let line; (line = await this.line()) !== ".";) lines.push(line);
    return lines;
  }

  /** Whether the server has hung up. */
  async ended(): Promise<boolean> {
    return await this.#conn.read(new Uint8Array(1)) === null;
  }

  [Symbol.asyncDispose](): Promise<void> {
    this.#conn.close();
    return Promise.resolve();
  }
}

/** Checks the codes that commands are answered with, one after the other. */
async function assertCodes(
  options: NntpServerOptions,
  script: string,
): Promise<void> {
  await using server = await NntpServer.start({ groups: GROUPS, ...options });
  await using client = await Raw.connect(server);
  for (const line of script.trim().split("\n")) {
    const [, code, multi, command] = /^(\d{3})(\+?) (.*)$/.exec(line.trim())!;
    const answer = await client.ask(command!);
    assertEquals(answer.slice(0, 3), code, `${command}: ${answer}`);
    if (multi) await client.block();
  }
}

Deno.test("NntpServer answers with the codes of RFC 3977", async () => {
  const long = "x".repeat(600);
  await assertCodes(
    {},
    `
    500 NONSENSE
    501 CAPABILITIES x!
    101+ capabilities AUTOUPDATE
    501 MODE POSTER
    501 MODE
    200 mode reader
    412 STAT
    412 NEXT
    412 LAST
    412 LISTGROUP
    412 ARTICLE 10
    412 OVER
    412 OVER 1-
    412 HDR subject
    412 HDR subject 1-
    412 XGTITLE
    501 GROUP
    501 GROUP a b
    411 GROUP Misc.Test
    411 GROUP no.such
    411 LISTGROUP no.such
    211 GROUP misc.test
    211+ LISTGROUP
    211+ LISTGROUP misc.test 11-12
    211+ LISTGROUP misc.test 9-3
    501 LISTGROUP misc.test x
    422 LAST
    223 NEXT
    223 NEXT
    421 NEXT
    220+ ARTICLE
    221+ HEAD
    222+ BODY
    223 STAT
    423 ARTICLE 11
    223 STAT
    423 BODY 99999999999
    501 ARTICLE a.message.id@no.angle.brackets
    501 HEAD 53 54
    501 STAT 10-11
    430 HEAD <none@example.com>
    223 STAT <5@example.com>
    224+ OVER
    224+ OVER 10
    224+ over 11-
    224+ OVER <5@example.com>
    430 OVER <none@example.com>
    423 OVER 11
    423 OVER 13-10
    423 OVER 1-9
    501 OVER x
    225+ HDR Subject
    225+ HDR :bytes 10-
    225+ HDR :LINES <5@example.com>
    225+ HDR X-None 10-13
    430 HDR subject <none@example.com>
    423 HDR subject 11-11
    503 HDR :x-none
    501 HDR sub:ject
    501 HDR
    420 XOVER 1-9
    224+ XOVER
    501 XOVER <1@example.com>
    221+ XHDR subject 1-9
    430 XPAT subject <none@example.com> *
    221+ XPAT subject 1- *a b*
    282+ XGTITLE
    282+ XGTITLE *
    501 DATE x
    111 DATE
    100+ HELP
    231+ NEWGROUPS 20200101 000000 GMT
    501 NEWGROUPS 20200101 000000 CET
    501 NEWGROUPS 2020 000000
    230+ NEWNEWS misc.* 20200101 000000 GMT
    501 NEWNEWS misc.[t] 20200101 000000 GMT
    215+ LIST
    215+ LIST ACTIVE misc.*
    501 LIST ACTIVE u[ks].*
    501 LIST OVERVIEW.FMT x
    215+ LIST HEADERS MSGID
    501 LIST HEADERS x
    580 STARTTLS
    501 STARTTLS x
    501 POST x
    501 IHAVE x
    501 GROUP ${long}
    501 AUTHINFO GENERIC x
    481 AUTHINFO SASL PLAIN ${"A".repeat(3000)}
    211 GROUP misc.empty
    420 STAT
    420 OVER
    423 OVER 1-
    423 STAT 1
    205 QUIT
    `,
  );
});

Deno.test("NntpServer leaves out what it is told to", async () => {
  await assertCodes(
    {
      without: [
        "HDR",
        "OVER MSGID",
        "COMPRESS",
        "SASL",
        "NEWNEWS",
        "STARTTLS",
        "LIST COUNTS",
        "xover",
      ],
      ...certificate,
    },
    `
    211 GROUP misc.test
    500 HDR subject 10
    501 LIST HEADERS
    224+ OVER 10
    503 OVER <1@example.com>
    500 XOVER 10
    500 COMPRESS DEFLATE
    501 AUTHINFO SASL PLAIN
    381 AUTHINFO USER ada
    500 NEWNEWS * 20200101 000000
    500 STARTTLS
    501 LIST COUNTS
    `,
  );
  await using server = await NntpServer.start({
    without: ["HDR", "OVER MSGID", "COMPRESS", "SASL PLAIN", "AUTHINFO USER"],
    ...certificate,
  });
  await using client = await Raw.connect(server);
  await client.ask("CAPABILITIES");
  assertEquals(await client.block(), [
    "VERSION 2",
    "IMPLEMENTATION Wireline's test server",
    "READER",
    "LIST ACTIVE ACTIVE.TIMES COUNTS DISTRIB.PATS DISTRIBUTIONS MODERATORS " +
    "MOTD NEWSGROUPS OVERVIEW.FMT SUBSCRIPTIONS",
    "OVER",
    "NEWNEWS",
    "POST",
    "IHAVE",
    "AUTHINFO SASL",
    "SASL SCRAM-SHA-256",
    "STARTTLS",
  ]);
});

Deno.test("NntpServer lets nobody post where it is read-only", async () => {
  await using server = await NntpServer.start({
    groups: GROUPS,
    readOnly: true,
  });
  await using client = await Raw.connect(server);
  assertMatch(await client.ask("MODE READER"), /^201 /);
  assertMatch(await client.ask("POST"), /^440 /);
  assertMatch(await client.ask("IHAVE <new@example.com>"), /^502 /);
  await client.ask("CAPABILITIES");
  const labels = await client.block();
  assert(!labels.includes("POST") && !labels.includes("IHAVE"));
});

Deno.test("NntpServer without READER hangs up on MODE READER", async () => {
  await using server = await NntpServer.start({ without: ["READER"] });
  await using client = await Raw.connect(server);
  assertMatch(await client.ask("GROUP misc.test"), /^502 /);
  assertMatch(await client.ask("MODE READER"), /^502 /);
  assert(await client.ended());
});

Deno.test("NntpServer answers pipelined commands in order", async () => {
  const count = 2000;
  const articles = Array.from(
    { length: count },
    (_, at) => `Message-ID: <${at}@x>\nSubject: ${at}\n\n.${at}\n`,
  );
  await using server = await NntpServer.start({ groups: { a: { articles } } });
  await using client = await Raw.connect(server);
  const commands = ["GROUP a"];
  for (let number = 1; number <= count; number++) {
    commands.push(`BODY ${number}`, `STAT ${number + 1}`);
  }
  commands.push("CAPABILITIES", "QUIT");
  const sending = client.send(commands.join("\r\n") + "\r\n");
  assertEquals(await client.line(), `211 ${count} 1 ${count} a`);
  for (let at = 0; at < count; at++) {
    assertEquals(await client.line(), `222 ${at + 1} <${at}@x> follows`);
    assertEquals(await client.block(), [`..${at}`]);
    assertMatch(await client.line(), at < count - 1 ? /^223 / : /^423 /);
  }
  assertEquals((await client.block())[1], "VERSION 2");
  assertMatch(await client.line(), /^205 /);
  assert(await client.ended());
  await sending;
  assertEquals(server.commands, commands);
});

Deno.test("Channel sends an answer with its body in one write", async () => {
  const written: string[] = [];
  let toRead = ["ONE\r\nTWO\r\n", "THREE\r\n"];
  const conn = {
    read(into: Uint8Array) {
      const [first, ...rest] = toRead;
      toRead = rest;
      if (first === undefined) return Promise.resolve(null);
      return Promise.resolve(new TextEncoder().encodeInto(first, into).written);
    },
    write(data: Uint8Array) {
      written.push(new TextDecoder().decode(data));
      return Promise.resolve(data.length);
    },
    close() {},
  };
  const channel = new Channel(conn as unknown as Deno.Conn);
  for (let line; (line = await channel.readLine()) !== undefined;) {
    await channel.sayLines(`2xx ${line}`, [".a", "b"]);
  }
  assertEquals(written, [
    "2xx ONE\r\n..a\r\nb\r\n.\r\n2xx TWO\r\n..a\r\nb\r\n.\r\n",
    "2xx THREE\r\n..a\r\nb\r\n.\r\n",
  ]);
});

Deno.test("NntpServer passes on what is not UTF-8 as it came", async () => {
  const header = "Subject: caf\xe9\r\nMessage-ID: <1@x>\r\n\r\n";
  const bytes = Uint8Array.from(
    header + "\xff\xfe\r\n",
    (c) => c.charCodeAt(0),
  );
  await using server = await NntpServer.start({
    groups: { "de.alt.grüße": { articles: [bytes], description: "é" } },
  });
  const conn = await Deno.connect(server);
  await conn.write(new TextEncoder().encode(
    "GROUP de.alt.grüße\r\nOVER 1\r\nARTICLE 1\r\nLIST ACTIVE *.gr??e\r\nQUIT\r\n",
  ));
  const answer = new Uint8Array(
    await new Response(conn.readable).arrayBuffer(),
  );
  const text = Array.from(answer, (byte) => String.fromCharCode(byte)).join("");
  assertStringIncludes(text, "1\tcaf\xe9\t\t\t<1@x>\t");
  assertStringIncludes(text, header + "\xff\xfe\r\n.\r\n");
  assertStringIncludes(text, "de.alt.gr\xc3\xbc\xc3\x9fe 0000000001 ");
  assertEquals(server.commands[0], "GROUP de.alt.grüße");
});

Deno.test("NntpServer tells of an article that somebody else sends", async () => {
  await using server = await NntpServer.start({ groups: GROUPS });
  await using one = await Raw.connect(server);
  await using two = await Raw.connect(server);
  assertMatch(await one.ask("IHAVE <new@example.com>"), /^335 /);
  assertMatch(await two.ask("IHAVE <new@example.com>"), /^436 /);
  const text = article(1).replace("<1@", "<new@").replaceAll("\n", "\r\n")
    .replace("Subject", "Path: x\r\nSubject").replaceAll("\r\n.", "\r\n..");
  assertMatch(await one.ask(`${text}.`), /^235 /);
  assertMatch(await two.ask("IHAVE <new@example.com>"), /^435 /);
  assertMatch(await two.ask("IHAVE <newer@example.com>"), /^335 /);
  assertMatch(await two.ask("bare\nLF\r\n\r\n."), /^437 /);
});

Deno.test("NntpServer hangs up on lines that end in LF", async () => {
  await using server = await NntpServer.start();
  await using client = await Raw.connect(server);
  await client.send("DATE\nQUIT\r\n");
  assertMatch(await client.line(), /^400 /);
  assert(await client.ended());
});

Deno.test("NntpServer hangs up on what comes before TLS", async () => {
  await using server = await NntpServer.start(certificate);
  await using client = await Raw.connect(server);
  await client.send("STARTTLS\r\nDATE\r\n");
  assertMatch(await client.line(), /^382 /);
  assert(await client.ended());
});

Deno.test("NntpServer closes connections, whatever they are at", async () => {
  const server = await NntpServer.start({ groups: GROUPS, ...certificate });
  await using idle = await Raw.connect(server);
  await using posting = await Raw.connect(server);
  await using shaking = await Raw.connect(server);
  await using compressed = await Raw.connect(server);
  assertMatch(await posting.ask("POST"), /^340 /);
  assertMatch(await shaking.ask("STARTTLS"), /^382 /);
  assertMatch(await compressed.ask("COMPRESS DEFLATE"), /^206 /);
  await server[Symbol.asyncDispose]();
  for (const client of [idle, posting, shaking, compressed]) {
    assert(await client.ended().catch(() => true));
  }
  assertEquals(server.posted, []);
});
