/**
 * What a user does with an SMTP server, told once and run against our own
 * server and against the real ones.
 *
 * @module
 */
import { assert, assertEquals, assertRejects } from "jsr:@std/assert@^1.0.0";
import {
  SmtpClient,
  type SmtpConnectOptions,
  SmtpError,
  SmtpPool,
} from "../../../mail/smtp/mod.ts";

/** A server under test, with mailboxes for `ada` and `bob` and nobody else. */
export interface SmtpTarget extends AsyncDisposable {
  hostname: string;
  port: number;
  caPem?: string;
  user: string;
  password: string;
  /** The domain of the mailboxes. */
  domain: string;
  /** Waits for the next message in a mailbox and takes it out. */
  take(localPart: string): Promise<Uint8Array>;
}

/** In what the servers differ. */
export interface Traits {
  tls: "none" | "starttls" | "implicit";
  /** Whether one has to sign in. */
  signIn: boolean;
  /** SASL mechanisms that the server has. */
  mechanisms: string[];
  /** Extensions that a message must have gone by. */
  uses: string[];
  /** Whether there is a mailbox `jörg`. */
  utf8: boolean;
  /** Options for every connection. */
  options?: Partial<SmtpConnectOptions>;
}

/** Runs the stories on a server, which is started once. */
export function smtpStories(
  name: string,
  start: () => Promise<SmtpTarget>,
  traits: Traits,
): void {
  Deno.test(`SmtpClient on ${name}`, async (t) => {
    await using target = await start();
    const { domain } = target;
    const ada = `ada@${domain}`;
    const bob = `bob@${domain}`;

    function options(): SmtpConnectOptions {
      return {
        hostname: target.hostname,
        port: target.port,
        tls: traits.tls,
        timeout: 30_000,
        ...(target.caPem && { tlsOptions: { caCerts: [target.caPem] } }),
        ...traits.options,
      };
    }

    async function connect(): Promise<SmtpClient> {
      const smtp = await SmtpClient.connect(options());
      if (traits.signIn) await smtp.login(target.user, target.password);
      return smtp;
    }

    await t.step("delivers a message byte for byte", async () => {
      await using smtp = await connect();
      const message = head("one") + "X-Test: a\r\n b\r\n\r\n" +
        ".\r\n..\r\n.a\r\n \r\n\r\n.\r\nend\r\n\r\n";
      const result = await smtp.sendMail({ from: ada, to: bob }, message);
      assertEquals(result.accepted, [bob]);
      assertEquals(result.rejected, []);
      assertEquals(result.secure, traits.tls !== "none");
      assertEquals(result.reply.code, 250);
      for (const extension of traits.uses) {
        assert(result.extensions.includes(extension), extension);
      }
      assertDelivered(await target.take("bob"), message);
    });

    await t.step("delivers the same without any extension", async () => {
      await using smtp = await connect();
      await smtp.helo("client.example");
      const message = head("two") + "\r\n.\r\nQUIT\r\n..x\r\n";
      const result = await smtp.sendMail({ from: ada, to: bob }, message);
      assertEquals(result.extensions, []);
      assertDelivered(await target.take("bob"), message);
    });

    await t.step(
      "makes every line end a CRLF and ends nothing early",
      async () => {
        for (const plain of [false, true]) {
          await using smtp = await connect();
          if (plain) await smtp.helo("client.example");
          const evil = head("three").replaceAll("\r\n", "\n") +
            "\nbefore\n.\nMAIL FROM:<eve@example.com>\n" +
            "a\r.\rRCPT TO:<x@example.com>\n\r.\n\r\nafter";
          await smtp.sendMail({ from: ada, to: bob }, evil);
          const sent = evil.replace(/\r\n|\r|\n/g, "\r\n") + "\r\n";
          assertDelivered(await target.take("bob"), sent);
          // What was hidden in it was no command.
          await smtp.noop();
        }
      },
    );

    await t.step("delivers 8-bit text and a null sender", async () => {
      await using smtp = await connect();
      const message = head("four") +
        "Content-Type: text/plain; charset=utf-8\r\n" +
        "Content-Transfer-Encoding: 8bit\r\n\r\nGrüße, 世界 🎉\r\n";
      const from = traits.signIn ? ada : "";
      const result = await smtp.sendMail({ from, to: bob }, message);
      assert(result.extensions.includes("8BITMIME"));
      assertDelivered(await target.take("bob"), message);
    });

    await t.step("delivers a large stream in constant memory", async () => {
      await using smtp = await connect();
      const line = "0123456789".repeat(7) + "\r\n";
      const part = new TextEncoder().encode(line.repeat(1_000));
      async function* body(): AsyncGenerator<Uint8Array> {
        yield await Promise.resolve(
          new TextEncoder().encode(head("five") + "\r\n"),
        );
        // The same memory each time: the sender must not keep it.
        for (let n = 0; n < 100; n++) yield part;
      }
      await smtp.sendMail({ from: ada, to: bob }, body());
      assertDelivered(
        await target.take("bob"),
        head("five") + "\r\n" + line.repeat(100_000),
      );
    });

    await t.step("reports the recipients that are refused", async () => {
      await using smtp = await connect();
      const nobody = `nobody@${domain}`;
      const message = head("six") + "\r\nHello\r\n";
      const { accepted, rejected } = await smtp.sendMail(
        { from: ada, to: [nobody, bob, ada] },
        message,
      );
      assertEquals(accepted, [bob, ada]);
      assertEquals(rejected.map(({ address }) => address), [nobody]);
      assertEquals(rejected[0]!.reply.code, 550);
      assertDelivered(await target.take("bob"), message);
      assertDelivered(await target.take("ada"), message);
    });

    await t.step("rejects when nobody is accepted, and goes on", async () => {
      for (const plain of [false, true]) {
        await using smtp = await connect();
        if (plain) await smtp.helo("client.example");
        const error = await assertRejects(
          () =>
            smtp.sendMail({
              from: ada,
              to: [`nobody@${domain}`, `noone@${domain}`],
            }, head("seven") + "\r\nHello\r\n"),
          SmtpError,
          `RCPT TO:<nobody@${domain}>`,
        );
        assertEquals(error.code, 550);
        assertEquals(error.transient, false);
        assertEquals(error.rejected.length, 2);
        const message = head("eight") + "\r\nHello\r\n";
        await smtp.sendMail({ from: ada, to: bob }, message);
        assertDelivered(await target.take("bob"), message);
      }
    });

    await t.step(
      "gives up a source that fails and delivers nothing",
      async () => {
        const smtp = await connect();
        async function* body(): AsyncGenerator<Uint8Array> {
          const part = new TextEncoder().encode("x".repeat(70) + "\r\n");
          for (let n = 0; n < 2_000; n++) yield await Promise.resolve(part);
          throw new Error("the disk is gone");
        }
        await assertRejects(
          () => smtp.sendMail({ from: ada, to: bob }, body()),
          Error,
          "the disk is gone",
        );
        // By BDAT it is still usable.
        if (smtp.extensions.has("CHUNKING")) await smtp.noop();
        smtp.close();
        await using again = await connect();
        const message = head("nine") + "\r\nHello\r\n";
        await again.sendMail({ from: ada, to: bob }, message);
        // The next in the mailbox is this one.
        assertDelivered(await target.take("bob"), message);
      },
    );

    await t.step("sends messages called together in their order", async () => {
      await using smtp = await connect();
      const messages = Array.from(
        { length: 20 },
        (_, n) => head(`ten ${n}`) + "\r\nHello\r\n",
      );
      const results = await Promise.all(
        messages.map((message) =>
          smtp.sendMail({ from: ada, to: bob }, message)
        ),
      );
      assertEquals(results.length, 20);
      const got = new Set<string>();
      for (const _ of messages) got.add(subjectOf(await target.take("bob")));
      assertEquals(got.size, 20);
    });

    await t.step("sends many by a pool", async () => {
      await using pool = new SmtpPool({
        ...options(),
        ...(traits.signIn &&
          { auth: { user: target.user, secret: target.password } }),
        maxConnections: 3,
        maxMessages: 7,
      });
      await Promise.all(
        Array.from({ length: 40 }, (_, n) =>
          pool.sendMail(
            { from: ada, to: bob },
            head(`eleven ${n}`) + "\r\nHello\r\n",
          )),
      );
      const got = new Set<string>();
      for (let n = 0; n < 40; n++) got.add(subjectOf(await target.take("bob")));
      assertEquals(got.size, 40);
    });

    if (traits.mechanisms.length > 0) {
      await t.step("signs in by each mechanism, and not wrongly", async () => {
        for (const mechanism of traits.mechanisms) {
          await using smtp = await SmtpClient.connect(options());
          await smtp.login(target.user, target.password, { mechanism });
          await smtp.noop();
        }
        for (const mechanism of traits.mechanisms) {
          await using smtp = await SmtpClient.connect(options());
          const error = await assertRejects(
            () => smtp.login(target.user, "guessed-it", { mechanism }),
            SmtpError,
            "535",
          );
          assert(!error.message.includes("guessed-it"));
          assert(!error.stack!.includes("guessed-it"));
          await smtp.login(target.user, target.password, { mechanism });
        }
      });
    }

    if (traits.utf8) {
      await t.step("delivers to an address beyond ASCII", async () => {
        await using smtp = await connect();
        const message = head("Grüße") + "\r\nHello\r\n";
        const result = await smtp.sendMail(
          { from: ada, to: `jörg@${domain}` },
          message,
        );
        assert(result.extensions.includes("SMTPUTF8"));
        assertDelivered(await target.take("jörg"), message);
      });
    }

    await t.step("answers questions, and a dead server is said", async () => {
      const smtp = await connect();
      const reply = await smtp.verify(ada).catch((error) => error);
      assert([250, 252, 502].includes(reply.code), String(reply));
      await smtp.rset();
      await smtp.quit();
      await assertRejects(() => smtp.noop(), DOMException, "closed");
    });
  });
}

/** A header that is complete: servers add what is missing. */
function head(subject: string): string {
  return "From: ada@example.test\r\nTo: bob@example.test\r\n" +
    "Date: Sat, 21 Nov 2026 08:00:00 +0000\r\n" +
    `Message-ID: <${encodeURI(subject)}@example.test>\r\n` +
    `MIME-Version: 1.0\r\nSubject: ${subject}\r\n`;
}

/** The message and in front of it header fields of delivery, nothing else. */
export function assertDelivered(delivered: Uint8Array, message: string): void {
  // Mailboxes keep LF line ends.
  const got = new TextDecoder().decode(delivered).replaceAll("\r\n", "\n");
  const sent = message.replaceAll("\r\n", "\n");
  if (!got.endsWith(sent)) assertEquals(got.slice(-sent.length), sent);
  const trace = got.slice(0, got.length - sent.length);
  for (const line of trace.split("\n").slice(0, -1)) {
    assert(
      /^[ \t]|^(Return-Path|Delivered-To|Received|X-[\w-]+|Envelope-to|Delivery-date):/
        .test(line),
      `this is not a trace of delivery: ${line}`,
    );
  }
}

function subjectOf(message: Uint8Array): string {
  const text = new TextDecoder().decode(message);
  const subject = /^Subject: (.*?)\r?$/m.exec(text)?.[1];
  assert(subject !== undefined, `there is no subject in ${text}`);
  return subject;
}
