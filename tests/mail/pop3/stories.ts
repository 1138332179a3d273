/**
 * What a user does with a POP3 server, told once and run against our own
 * server and against the real ones.
 *
 * @module
 */
import {
  assert,
  assertEquals,
  assertFalse,
  assertRejects,
} from "jsr:@std/assert@^1.0.0";
import {
  type ClientOptions,
  Pop3Client,
  Pop3Error,
} from "../../../mail/pop3/mod.ts";

/** A server under test, whose user `ada` has the messages of `MESSAGES`. */
export interface Pop3Target extends AsyncDisposable {
  hostname: string;
  port: number;
  caPem?: string;
  user: string;
  password: string;
}

/** In what the servers differ. */
export interface Pop3Traits {
  tls: "none" | "starttls" | "implicit";
  /** Ways to sign in: SASL mechanisms, `"APOP"`, `"USER"`. */
  mechanisms: string[];
}

const LINE = "0123456789".repeat(7) + "\r\n";

/** Messages with all that can go wrong on the way. */
export const MESSAGES = [
  "Subject: one\r\n\r\nHello\r\n",
  "Subject: two\r\n\r\n.\r\n..\r\n...\r\n.a\r\n\r\n.\r\nend\r\n",
  "Subject: three\r\n\r\n" + LINE.repeat(20_000),
  `Subject: four\r\nX-Long: ${"x".repeat(10_000)}\r\n\r\n${
    "y".repeat(100_000)
  }\r\nGrüße, 世界\r\n`,
  "Subject: five\r\n\r\n",
];

/** Runs the stories on a server, which is started once for each. */
export function pop3Stories(
  name: string,
  start: () => Promise<Pop3Target>,
  traits: Pop3Traits,
): void {
  Deno.test(`Pop3Client on ${name}`, async (t) => {
    await using target = await start();

    function connect(): Promise<Pop3Client> {
      const options: ClientOptions = {
        hostname: target.hostname,
        port: target.port,
        tls: traits.tls,
        timeout: 30_000,
        ...(target.caPem && { tlsOptions: { caCerts: [target.caPem] } }),
      };
      return Pop3Client.connect(options);
    }

    async function signedIn(): Promise<Pop3Client> {
      const pop3 = await connect();
      await pop3.login(target.user, target.password);
      return pop3;
    }

    await t.step("counts, lists and names the messages", async () => {
      await using pop3 = await signedIn();
      assertEquals(pop3.secure, traits.tls !== "none");
      const { count, size } = await pop3.stat();
      assertEquals(count, MESSAGES.length);
      const list = await pop3.list();
      assertEquals(list.map(({ number }) => number), [1, 2, 3, 4, 5]);
      assertEquals(list.reduce((sum, one) => sum + one.size, 0), size);
      assertEquals(await pop3.list(2), list[1]!);
      const names = await pop3.uidl();
      assertEquals(new Set(names.map(({ uid }) => uid)).size, 5);
      assertEquals(await pop3.uidl(5), names[4]!);
    });

    await t.step("gives each message byte for byte", async () => {
      await using pop3 = await signedIn();
      for (const [at, message] of MESSAGES.entries()) {
        const text = await new Response(await pop3.retr(at + 1)).text();
        assertEquals(text, message);
      }
    });

    await t.step("gives the beginning of a message", async () => {
      await using pop3 = await signedIn();
      const top = await new Response(await pop3.top(3, 2)).text();
      assertEquals(top, "Subject: three\r\n\r\n" + LINE + LINE);
    });

    await t.step(
      "gives all messages in their order, and says what is not there",
      async () => {
        await using pop3 = await signedIn();
        const got: (string | Pop3Error)[] = [];
        for await (const one of pop3.retrAll([1, 99, 2, 3, 4, 5, 1])) {
          got.push(
            "error" in one ? one.error : new TextDecoder().decode(one.content),
          );
        }
        assert(got[1] instanceof Pop3Error);
        got.splice(1, 1);
        assertEquals(got, [...MESSAGES, MESSAGES[0]!]);
        await pop3.noop();
      },
    );

    await t.step("goes on after a small message was cancelled", async () => {
      await using pop3 = await signedIn();
      const stream = await pop3.retr(4);
      const reader = stream.getReader();
      await reader.read();
      await assertRejects(() => pop3.noop(), DOMException, "not finished");
      await reader.cancel();
      assertEquals((await pop3.stat()).count, 5);
    });

    await t.step(
      "closes after a large message was cancelled, and says so",
      async () => {
        await using pop3 = await signedIn();
        const stream = await pop3.retr(3);
        await stream.cancel();
        const error = await assertRejects(() => pop3.noop());
        assert((error as Error).message.includes("1048576 bytes to come"));
      },
    );

    await t.step("rejects with the server's words", async () => {
      await using pop3 = await signedIn();
      for (
        const attempt of [
          () => pop3.retr(99),
          () => pop3.dele(99),
          () => pop3.list(99),
          () => pop3.uidl(99),
        ]
      ) {
        await assertRejects(attempt, Pop3Error, "99: the server answered -ERR");
      }
      await pop3.noop();
    });

    await t.step("signs in by each way, and not wrongly", async () => {
      for (const mechanism of traits.mechanisms) {
        {
          await using pop3 = await connect();
          await pop3.login(target.user, target.password, { mechanism });
          await pop3.stat();
        }
        await using pop3 = await connect();
        const error = await assertRejects(
          () => pop3.login(target.user, "guessed-it", { mechanism }),
          Pop3Error,
        );
        assertFalse(error.message.includes("guessed-it"));
        assertFalse(error.stack!.includes("guessed-it"));
      }
    });

    await t.step("deletes nothing without quit()", async () => {
      {
        await using pop3 = await signedIn();
        await pop3.dele(1);
        await pop3.dele(2);
        assertEquals((await pop3.stat()).count, 3);
      }
      {
        const pop3 = await signedIn();
        await pop3.dele(1);
        pop3.close();
      }
      const pop3 = await signedIn();
      assertEquals((await pop3.stat()).count, 5);
      await pop3.dele(1);
      await pop3.rset();
      assertEquals((await pop3.stat()).count, 5);
      await pop3.quit();
    });

    await t.step("deletes with quit()", async () => {
      const pop3 = await signedIn();
      await pop3.dele(1);
      await pop3.dele(5);
      await pop3.quit();
      await using again = await signedIn();
      assertEquals((await again.stat()).count, 3);
      const text = await new Response(await again.retr(1)).text();
      assertEquals(text, MESSAGES[1]);
    });
  });
}
