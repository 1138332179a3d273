/**
 * What a user does with a news server, told once and run against our own server
 * and against the real ones.
 *
 * @module
 */
import {
  assert,
  assertEquals,
  assertFalse,
  assertRejects,
} from "jsr:@std/assert@^1.0.0";
import { Buffer } from "node:buffer";
import { encodeYenc, YencDecoderStream } from "../../mail/encoding/mod.ts";
import {
  type ArticleRef,
  type ClientOptions,
  NntpClient,
  NntpError,
} from "../../news/mod.ts";

/**
 * A server under test: the group `local.test` has the articles of `seeds()`, the
 * groups `local.post` and `local.big` are empty, and everybody may post.
 */
export interface NewsTarget extends AsyncDisposable {
  hostname: string;
  port: number;
  caPem?: string;
  user: string;
  password: string;
}

/** In what the servers differ. */
export interface NewsTraits {
  tls: "none" | "starttls" | "implicit";
  /** Ways to sign in: SASL mechanisms, `"USER"`; none where nobody can. */
  mechanisms: string[];
  /** Whether it offers COMPRESS. */
  compress: boolean;
}

const LINE = "0123456789".repeat(7) + "\r\n";
/** Every byte there is, as yEnc has them. */
const FILE = Uint8Array.from({ length: 100_000 }, (_, at) => (at * 7) & 0xff);

/** Bodies with all that can go wrong on the way. */
const BODIES: (string | Uint8Array)[] = [
  "Hello\r\n",
  ".\r\n..\r\n...\r\n.a\r\n\r\n.\r\nend\r\n",
  LINE.repeat(20_000),
  `${"y".repeat(900)}\r\nGrüße, 世界\r\n`,
  Buffer.from("Grüße in Latin-1\r\n", "latin1"),
  encodeYenc(FILE, { name: "all bytes.bin" }),
  "",
];

/** Articles for `local.test`, in their order. */
export function seeds(): Uint8Array[] {
  return BODIES.map((body, at) =>
    Buffer.concat([
      Buffer.from(
        [
          "Path: elsewhere!not-for-mail",
          "From: Ada <ada@example.com>",
          "Newsgroups: local.test",
          `Subject: Article ${at + 1}`,
          `Date: Sat, 21 Nov 2026 10:38:0${at} +0100`,
          `Message-ID: ${idOf(at + 1)}`,
          ...(at > 1 ? [`References: ${idOf(1)} ${idOf(2)}`] : []),
          "",
          "",
        ].join("\r\n"),
      ),
      Buffer.from(body),
    ])
  );
}

function idOf(number: number): string {
  return `<${number}@stories.example.com>`;
}

async function textOf(content: ReadableStream<Uint8Array>): Promise<string> {
  return await new Response(content as ReadableStream<Uint8Array<ArrayBuffer>>)
    .text();
}

/** Runs the stories on a server, which is started once. */
export function newsStories(
  name: string,
  start: () => Promise<NewsTarget>,
  traits: NewsTraits,
): void {
  Deno.test(`NntpClient on ${name}`, async (t) => {
    await using target = await start();

    function connect(): Promise<NntpClient> {
      const options: ClientOptions = {
        hostname: target.hostname,
        port: target.port,
        tls: traits.tls,
        timeout: 30_000,
        ...(target.caPem && { tlsOptions: { caCerts: [target.caPem] } }),
      };
      return NntpClient.connect(options);
    }

    await t.step("tells what it can and what time it is", async () => {
      await using nntp = await connect();
      assertEquals(nntp.secure, traits.tls !== "none");
      assert(nntp.canPost);
      assert((await nntp.capabilities()).has("READER"));
      const apart = Date.now() - (await nntp.date()).getTime();
      assert(Math.abs(apart) < 60_000);
      assert((await nntp.help()).length > 0);
    });

    await t.step("tells of groups", async () => {
      await using nntp = await connect();
      const last = BODIES.length;
      assertEquals(
        await nntp.group("local.test"),
        { name: "local.test", count: last, first: 1, last },
      );
      assertEquals(
        await Array.fromAsync(await nntp.active("local.t*")),
        [{ name: "local.test", first: 1, last, status: "y" }],
      );
      const names = Array.fromAsync(
        await nntp.list("ACTIVE"),
        (line) => line.split(" ")[0],
      );
      assert((await names).includes("local.post"));
      const [described] = await Array.fromAsync(
        await nntp.list("NEWSGROUPS", "local.test"),
      );
      assert(/^local\.test\s+\S/.test(described!));
      const numbers = await nntp.listGroup("local.test", "2-4");
      assertEquals(await Array.fromAsync(numbers), [2, 3, 4]);
      assertEquals(
        (await Array.fromAsync(await nntp.listGroup())).length,
        last,
      );
      const created = await Array.fromAsync(await nntp.newGroups(new Date(0)));
      assert(created.some(({ name }) => name === "local.test"));
      const news = await nntp.newNews("local.test", new Date(0));
      assert((await Array.fromAsync(news)).includes(idOf(1)));
    });

    await t.step("moves from article to article", async () => {
      await using nntp = await connect();
      await nntp.group("local.test");
      const at = (number: number) => ({ number, messageId: idOf(number) });
      assertEquals(await nntp.stat(), at(1));
      assertEquals(await nntp.next(), at(2));
      assertEquals(await nntp.last(), at(1));
      assertEquals(await nntp.stat(4), at(4));
      assertEquals(await nntp.next(), at(5));
      assertEquals((await nntp.stat(idOf(2))).messageId, idOf(2));
      // By its id it does not become the current one.
      assertEquals(await nntp.stat(), at(5));
      await nntp.stat(1);
      const error = await assertRejects(() => nntp.last(), NntpError);
      assertEquals(error.code, 422);
    });

    await t.step("gives each body byte for byte", async () => {
      await using nntp = await connect();
      await nntp.group("local.test");
      for (const [at, body] of BODIES.entries()) {
        for (const id of [at + 1, idOf(at + 1)]) {
          const { messageId, content } = await nntp.body(id);
          assertEquals(messageId, idOf(at + 1));
          const bytes = Buffer.from(await new Response(content).arrayBuffer());
          assert(bytes.equals(Buffer.from(body)), `body ${id}`);
        }
      }
    });

    await t.step("gives heads, and articles whole", async () => {
      await using nntp = await connect();
      await nntp.group("local.test");
      const head = await textOf((await nntp.head(3)).content);
      assert(head.includes("Subject: Article 3\r\n"));
      assertFalse(head.includes("\r\n\r\n"));
      const { content, ...ref }: ArticleRef & { content?: unknown } = await nntp
        .article(2);
      assertEquals(ref, { number: 2, messageId: idOf(2) });
      const text = await textOf(content as ReadableStream<Uint8Array>);
      assert(text.endsWith(`\r\n\r\n${BODIES[1]}`));
    });

    await t.step("decodes a file in yEnc on its way", async () => {
      await using nntp = await connect();
      const { content } = await nntp.body(idOf(6));
      const decoder = new YencDecoderStream();
      const decoded = content.pipeThrough(decoder);
      const bytes = await new Response(decoded).arrayBuffer();
      assert(Buffer.from(bytes).equals(FILE));
      assertEquals((await decoder.header).name, "all bytes.bin");
    });

    await t.step("has an overview, and fields by themselves", async () => {
      await using nntp = await connect();
      await nntp.group("local.test");
      const overview = await Array.fromAsync(await nntp.over("1-"));
      assertEquals(overview.length, BODIES.length);
      const { number, subject, from, date, messageId, references, lines } =
        overview[3]!;
      assertEquals({ number, subject, from, messageId, references, lines }, {
        number: 4,
        subject: "Article 4",
        from: "Ada <ada@example.com>",
        messageId: idOf(4),
        references: [idOf(1), idOf(2)],
        lines: 2,
      });
      assertEquals(date, new Date("2026-11-21T09:38:03Z"));
      assert(overview[2]!.bytes! > 1_000_000);
      const one = await Array.fromAsync(await nntp.over(2));
      assertEquals(one.map(({ number }) => number), [2]);
      assertEquals(
        await Array.fromAsync(await nntp.xhdr("Subject", "2-3")),
        [["2", "Article 2"], ["3", "Article 3"]],
      );
      assertEquals(
        await Array.fromAsync(await nntp.xhdr("subject", idOf(1))),
        [[idOf(1), "Article 1"]],
      );
      const lineCounts = await Array.fromAsync(await nntp.xhdr(":lines", 4));
      assertEquals(lineCounts, [["4", "2"]]);
      assertEquals(
        await Array.fromAsync(await nntp.xpat("Subject", "1-", "*9")),
        [],
      );
      assertEquals(
        await Array.fromAsync(await nntp.xpat("Subject", "1-", "*5")),
        [["5", "Article 5"]],
      );
    });

    await t.step(
      "gives articles in a row, and says what is not there",
      async () => {
        await using nntp = await connect();
        await nntp.group("local.test");
        const ids = [1, 99, idOf(2), 3, 4, "<none@example.com>", 6, 7, 5, 1];
        const codes: (number | undefined)[] = [];
        const found: number[] = [];
        for await (const one of nntp.articles(ids, "body")) {
          if ("error" in one) codes.push(one.error.code);
          else {
            const number = Number(one.messageId.slice(1, 2));
            found.push(number);
            assert(Buffer.from(BODIES[number - 1]!).equals(one.content));
          }
        }
        assertEquals(codes, [423, 430]);
        assertEquals(found, [1, 2, 3, 4, 6, 7, 5, 1]);
        const heads = await Array.fromAsync(nntp.articles([1, 2], "head"));
        assertEquals(heads.map((one) => "content" in one), [true, true]);
      },
    );

    await t.step("goes on after a small article was cancelled", async () => {
      await using nntp = await connect();
      const { content } = await nntp.body(idOf(6));
      const reader = content.getReader();
      await reader.read();
      await assertRejects(() => nntp.date(), DOMException, "not finished");
      await reader.cancel();
      await nntp.date();
      const overview = await nntp.group("local.test")
        .then(() => nntp.over("1-"));
      await overview.cancel();
      await nntp.date();
    });

    await t.step(
      "closes after a large article was cancelled, and says so",
      async () => {
        await using nntp = await connect();
        const { content } = await nntp.body(idOf(3));
        await content.cancel();
        const error = await assertRejects(() => nntp.date());
        assert((error as Error).message.includes("1048576 bytes to come"));
      },
    );

    await t.step("posts, and reads it back", async () => {
      await using nntp = await connect();
      const before = await nntp.group("local.post");
      const head = "From: Ada <ada@example.com>\nNewsgroups: local.post\n";
      const bodies = [".\n..\nGrüße\n", LINE.repeat(10_000)];
      await nntp.post(`${head}Subject: One\n\n${bodies[0]}`);
      await nntp.post(
        ReadableStream.from([
          Buffer.from(`${head}Subject: Two\n`),
          Buffer.from(`\n${bodies[1]}`),
        ]),
      );
      const { last } = await nntp.group("local.post");
      assertEquals(last, before.last + 2);
      for (const [at, body] of bodies.entries()) {
        const { content } = await nntp.body(last - 1 + at);
        assertEquals(await textOf(content), body.replace(/\r?\n/g, "\r\n"));
      }
      const error = await assertRejects(
        () => nntp.post("Subject: No group\n\nText\n"),
        NntpError,
      );
      assertEquals(error.code, 441);
      await nntp.date();
    });

    await t.step("rejects with the server's words", async () => {
      await using nntp = await connect();
      const codes = [];
      for (
        const attempt of [
          () => nntp.stat(),
          () => nntp.group("local.none"),
          () => nntp.article("<none@example.com>"),
          () => nntp.group("local.big").then(() => nntp.over("1-")),
          () => nntp.group("local.test").then(() => nntp.head(99)),
          () => nntp.list("NOTHING"),
        ]
      ) {
        const error = await assertRejects(attempt, NntpError, "answered");
        codes.push(error.code);
      }
      assertEquals(codes, [412, 411, 430, 423, 423, 501]);
      await nntp.date();
    });

    if (traits.compress) {
      await t.step("does the same compressed", async () => {
        await using nntp = await connect();
        await nntp.compress();
        await nntp.group("local.test");
        const overview = await Array.fromAsync(await nntp.over("1-"));
        assertEquals(overview.length, BODIES.length);
        for await (const one of nntp.articles([1, 2, 3, 4, 5, 6, 7], "body")) {
          if ("error" in one) throw one.error;
          assert(Buffer.from(BODIES[one.number - 1]!).equals(one.content));
        }
        await nntp.post(
          "From: Ada <ada@example.com>\nNewsgroups: local.post\n" +
            `Subject: Three\n\n${LINE.repeat(10_000)}`,
        );
        const { last } = await nntp.group("local.post");
        const { content } = await nntp.body(last);
        assertEquals(await textOf(content), LINE.repeat(10_000));
        await assertRejects(
          () => nntp.login(target.user, target.password),
          DOMException,
          "before compress()",
        );
      });
    }

    for (const mechanism of traits.mechanisms) {
      await t.step(`signs in by ${mechanism}, and not wrongly`, async () => {
        {
          await using nntp = await connect();
          await nntp.login(target.user, target.password, { mechanism });
          assert(nntp.canPost);
          await nntp.group("local.test");
        }
        await using nntp = await connect();
        const error = await assertRejects(
          () => nntp.login(target.user, "guessed-it", { mechanism }),
          NntpError,
        );
        assertEquals(error.code, 481);
        assertFalse(error.message.includes("guessed-it"));
        assertFalse(error.stack!.includes("guessed-it"));
      });
    }
  });
}
