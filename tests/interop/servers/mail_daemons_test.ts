/**
 * That each mail server starts as it should and leaves nothing behind, shown
 * with other people's clients: where these fail, ours is not to blame.
 */
import {
  assert,
  assertEquals,
  assertMatch,
  assertRejects,
  assertStringIncludes,
} from "jsr:@std/assert@^1.0.0";
import {
  curl,
  output,
  python,
  swaks,
  text,
  type Way,
} from "./_mail_clients.ts";
import type { MailDaemon } from "./_mail_daemon.ts";
import { descendants, runs, workingOn } from "./_process.ts";
import { startAiosmtpd } from "./aiosmtpd.ts";
import { startDovecot } from "./dovecot.ts";
import { startExim } from "./exim.ts";
import { startPostfix } from "./postfix.ts";

interface Kind {
  name: string;
  start: () => Promise<{ daemon: MailDaemon; ways: [Way, ...Way[]] }>;
  extensions: string[];
}

const COMMON = ["SIZE 600000000", "8BITMIME", "SMTPUTF8"];
const KINDS: Kind[] = [
  {
    name: "postfix",
    start: async () => {
      const daemon = await startPostfix();
      const { port, submissionPort, smtpsPort } = daemon;
      return {
        daemon,
        ways: [
          { port, tls: "none", auth: "none" },
          { port, tls: "starttls", auth: "none" },
          { port: submissionPort, tls: "none", auth: "demanded" },
          { port: submissionPort, tls: "starttls", auth: "demanded" },
          { port: smtpsPort, tls: "implicit", auth: "demanded" },
        ],
      };
    },
    extensions: [
      ...COMMON,
      ...["PIPELINING", "DSN", "CHUNKING", "ENHANCEDSTATUSCODES"],
    ],
  },
  {
    name: "exim",
    start: async () => {
      const daemon = await startExim();
      const { port, smtpsPort } = daemon;
      return {
        daemon,
        ways: [
          { port, tls: "none", auth: "offered" },
          { port, tls: "starttls", auth: "offered" },
          { port: smtpsPort, tls: "implicit", auth: "offered" },
        ],
      };
    },
    extensions: [...COMMON, "PIPELINING", "DSN", "CHUNKING"],
  },
  {
    name: "aiosmtpd",
    start: async () => {
      const daemon = await startAiosmtpd();
      const { port } = daemon;
      return {
        daemon,
        ways: [
          { port, tls: "none", auth: "offered" },
          { port, tls: "starttls", auth: "offered" },
        ],
      };
    },
    extensions: COMMON,
  },
  {
    name: "aiosmtpd with implicit TLS",
    start: async () => {
      const daemon = await startAiosmtpd({ implicitTls: true });
      const { port } = daemon;
      return {
        daemon,
        ways: [{ port, tls: "implicit", auth: "offered" }],
      };
    },
    extensions: COMMON,
  },
];

for (const kind of KINDS) {
  Deno.test(`${kind.name}: delivers and refuses on every port`, async (t) => {
    const { daemon, ways } = await kind.start();
    await using _ = daemon;
    for (const way of ways) {
      const { tls, auth } = way;
      const signIn = auth === "demanded";
      await t.step(`TLS: ${tls}, AUTH: ${auth}`, async () => {
        await told(daemon, async () => {
          const message = "Subject: x\r\n\r\n.\r\nGrüße\r\n\r\nend\r\n";
          await curl(daemon, way, message, { signIn });
          assertDelivered(await daemon.take("bob"), message);

          const said = await swaks(daemon, way, signIn, "bob", "ada");
          assertStringIncludes(
            text(await daemon.take("bob")),
            "This is a test",
          );
          assertStringIncludes(
            text(await daemon.take("ada")),
            "This is a test",
          );
          for (const one of kind.extensions) assertMatch(said, line(one));
          const refused = await assertRejects(
            () => swaks(daemon, way, signIn, "nobody"),
            Error,
          );
          assertMatch(refused.message, /^<[*~]\* 550/m);

          const report = await python(daemon, way);
          assertEquals(report, {
            wrong: auth === "none" ? null : 535,
            right: auth === "none" ? null : 235,
            utf8: true,
          });
          const utf8 = "Subject: Grüße\r\n\r\nHallo\r\n";
          assertDelivered(await daemon.take("jörg"), utf8);
        });
      });
    }
  });

  Deno.test(`${kind.name}: ends with all it holds`, async () => {
    const { daemon: one, ways } = await kind.start();
    await using _one = one;
    const { daemon: two, ways: others } = await kind.start();
    await using _two = two;
    const [way] = ways;
    // Ends while somebody is connected and mail is about to be delivered.
    await curl(one, way, "Subject: x\r\n\r\nx\r\n", { signIn: false });
    using _session = await Deno.connect({ port: way.port });
    const started = descendants(Deno.pid);
    const dirs = await stateDirs(started);
    // A dovecot belongs to each postfix.
    assertEquals(dirs.size, kind.name === "postfix" ? 4 : 2);
    await one[Symbol.asyncDispose]();
    await told(two, async () => {
      await curl(two, others[0], "Subject: x\r\n\r\nx\r\n", { signIn: false });
      await two.take("bob");
    });
    await two[Symbol.asyncDispose]();
    for (const pid of started) {
      assert(!runs(pid), `process ${pid} goes on`);
    }
    for (const dir of dirs) {
      assertEquals(workingOn(dir), []);
      await assertRejects(() => Deno.stat(dir), Deno.errors.NotFound);
    }
    for (const { port } of [...ways, ...others]) {
      await assertRejects(
        () => Deno.connect({ hostname: "127.0.0.1", port }),
        Deno.errors.ConnectionRefused,
      );
    }
  });
}

Deno.test("dovecot delivers by LMTP", async () => {
  await using daemon = await startDovecot();
  await told(daemon, async () => {
    for (
      const where of [
        ["--server", `127.0.0.1:${daemon.lmtpPort}`],
        ["--socket", daemon.lmtpPath],
      ]
    ) {
      const args = [
        "--protocol",
        "LMTP",
        ...where,
        "--from",
        "ada@example.test",
      ];
      await output("/usr/bin/swaks", [...args, "--to", "bob@example.test"]);
      assertStringIncludes(text(await daemon.take("bob")), "This is a test");
      const error = await assertRejects(
        () => output("/usr/bin/swaks", [...args, "--to", "no@example.test"]),
        Error,
      );
      assertMatch(error.message, /^<[*~]\* 550/m);
    }
  });
});

Deno.test("postfix takes tokens", async () => {
  await using daemon = await startPostfix();
  const way: Way = {
    port: daemon.submissionPort,
    tls: "starttls",
    auth: "demanded",
  };
  await told(daemon, async () => {
    for (const mechanism of ["XOAUTH2", "OAUTHBEARER"]) {
      const options = (token: string) => [
        ...["--user", daemon.user, "--oauth2-bearer", token],
        ...["--login-options", `AUTH=${mechanism}`],
      ];
      const message = `Subject: ${mechanism}\r\n\r\nx\r\n`;
      const { accessToken } = daemon;
      await curl(daemon, way, message, { options: options(accessToken) });
      assertDelivered(await daemon.take("bob"), message);
      const forged = accessToken.replace(/\.[^.]*$/, ".AAAA");
      await assertRejects(() =>
        curl(daemon, way, message, { options: options(forged) })
      );
    }
  });
});

Deno.test("postfix and exim tell the sender of a delivery", async () => {
  for (const start of [startPostfix, startExim]) {
    await using daemon = await start();
    await told(daemon, async () => {
      await output("/usr/bin/python3", [
        "-c",
        "import smtplib, sys\n" +
        "smtp = smtplib.SMTP('127.0.0.1', int(sys.argv[1]))\n" +
        "smtp.sendmail('ada@example.test', 'bob@example.test', 'Subject: x'," +
        " ['RET=HDRS', 'ENVID=one'], ['NOTIFY=SUCCESS'])",
        `${daemon.port}`,
      ]);
      await daemon.take("bob");
      const notice = text(await daemon.take("ada"));
      assertMatch(notice, /^Original-Envelope-Id: one$/im);
      assertMatch(notice, /^Action: delivered$/m);
    });
  }
});

Deno.test("postfix offers and takes less where it is told to", async () => {
  await using daemon = await startPostfix({
    messageSizeLimit: 10_000,
    withoutExtensions: ["CHUNKING", "PIPELINING"],
  });
  const way: Way = { port: daemon.port, tls: "none", auth: "none" };
  await told(daemon, async () => {
    const said = await swaks(daemon, way, false, "bob");
    assertMatch(said, line("SIZE 10000"));
    assert(!/CHUNKING|PIPELINING/.test(said), said);
    await assertRejects(() => curl(daemon, way, "x".repeat(20_000), {}));
  });
});

Deno.test("aiosmtpd keeps the envelope, and goes without TLS", async () => {
  await using daemon = await startAiosmtpd({ starttls: false });
  const way: Way = { port: daemon.port, tls: "none", auth: "offered" };
  await told(daemon, async () => {
    assert(!(await swaks(daemon, way, false, "bob")).includes("STARTTLS"));
    await daemon.take("bob");
    const message = "Subject: x\r\n\r\n.\r\n..\r\n\r\n";
    await curl(daemon, way, message, { signIn: true });
    const { helo: _, content, ...envelope } = await daemon.collect("bob");
    assertEquals(text(content), message);
    assertEquals(envelope, {
      from: "ada@example.test",
      mailOptions: [`SIZE=${message.length}`],
      to: ["bob@example.test"],
      rcptOptions: [],
      user: "ada",
      secure: false,
      smtpUtf8: false,
    });
  });
});

/** Adds the daemon's view to what goes wrong. */
async function told<T>(
  daemon: MailDaemon,
  work: () => Promise<T>,
): Promise<T> {
  try {
    return await work();
  } catch (cause) {
    throw new Error(`${cause}\n${daemon.name} says:\n${await daemon.log()}`, {
      cause,
    });
  }
}

function assertDelivered(stored: Uint8Array, message: string): void {
  const ends = text(stored).replaceAll("\r\n", "\n");
  assert(ends.endsWith(message.replaceAll("\r\n", "\n")), ends);
}

/** The directories of daemons that these processes were started with. */
async function stateDirs(pids: number[]): Promise<Set<string>> {
  const found = new Set<string>();
  for (const pid of pids) {
    // Some are gone by now, having delivered.
    const line = await Deno.readTextFile(`/proc/${pid}/cmdline`)
      .catch(() => "");
    const [dir] = /\/[\w/.-]*\/wireline-server-\w+/.exec(line) ?? [];
    if (dir) found.add(dir);
  }
  return found;
}

/** A line of the reply to EHLO, as swaks prints it. */
function line(extension: string): RegExp {
  return new RegExp(`^<[-~]+ +250[ -]${extension}$`, "m");
}
