import { assert, assertEquals, assertRejects } from "jsr:@std/assert@^1.0.0";
import { NntpClient, NntpError } from "../../news/mod.ts";
import { newsStories, type NewsTarget, seeds } from "../news/stories.ts";
import { startInn } from "./servers/inn.ts";

async function start(
  port: "readerPort" | "readerTlsPort",
): Promise<NewsTarget> {
  const daemon = await startInn();
  await daemon.feed(seeds());
  return { ...daemon, port: daemon[port] };
}

newsStories("INN in the clear", () => start("readerPort"), {
  tls: "none",
  mechanisms: [],
  compress: true,
});
newsStories("INN with STARTTLS", () => start("readerPort"), {
  tls: "starttls",
  mechanisms: [],
  compress: true,
});
newsStories("INN with implicit TLS", () => start("readerTlsPort"), {
  tls: "implicit",
  mechanisms: [],
  compress: true,
});

Deno.test("NntpClient signs in to INN by each way, and not wrongly", async () => {
  await using daemon = await startInn();
  await daemon.feed(seeds());
  const { hostname, caPem, user, password } = daemon;
  for (
    const mechanism of [
      ...["USER", "PLAIN", "LOGIN", "CRAM-MD5"],
      ...["SCRAM-SHA-1", "SCRAM-SHA-256", undefined],
    ]
  ) {
    const connect = () =>
      NntpClient.connect({
        hostname,
        port: mechanism === "USER" ? daemon.authPort : daemon.saslPort,
        tls: "starttls",
        tlsOptions: { caCerts: [caPem] },
      });
    await using nntp = await connect();
    await nntp.login(user, password, { mechanism });
    assert(nntp.canPost);
    assertEquals((await nntp.group("local.test")).last, seeds().length);
    await using other = await connect();
    const error = await assertRejects(
      () => other.login(user, "guessed-it", { mechanism }),
      NntpError,
    );
    assertEquals(error.code, 481);
  }
});

Deno.test("NntpClient is told by INN to sign in first, and to do it before compressing", async () => {
  await using daemon = await startInn();
  const { hostname, user, password } = daemon;
  const connect = () => NntpClient.connect({ hostname, port: daemon.authPort });
  await using nntp = await connect();
  const refused = await assertRejects(
    () => nntp.group("local.test"),
    NntpError,
    "login() first",
  );
  assertEquals(refused.code, 480);
  await nntp.login(user, password, { mechanism: "USER" });
  await nntp.compress();
  assertEquals((await nntp.group("local.test")).count, 0);
  await using early = await connect();
  await early.compress();
  const error = await assertRejects(() => early.group("local.test"), NntpError);
  assertEquals(error.code, 480);
});

Deno.test("NntpClient passes articles on to INN, once", async () => {
  await using daemon = await startInn();
  const { hostname, feedPort, readerPort } = daemon;
  await using feeder = await NntpClient.connect({
    hostname,
    port: feedPort,
    reader: false,
  });
  const id = "<1@stories.example.com>";
  const [article] = seeds();
  await feeder.ihave(id, article!);
  const again = await assertRejects(
    () => feeder.ihave(id, article!),
    NntpError,
  );
  assertEquals(again.code, 435);
  const bad = await assertRejects(
    () => feeder.ihave("<2@stories.example.com>", "Subject: Nothing\n\n.\n"),
    NntpError,
  );
  assertEquals(bad.code, 437);
  await using reader = await NntpClient.connect({ hostname, port: readerPort });
  assertEquals((await reader.stat(id)).messageId, id);
});

Deno.test("NntpClient reads from INN's transit server after MODE READER", async () => {
  await using daemon = await startInn();
  await using nntp = await NntpClient.connect({
    hostname: daemon.hostname,
    port: daemon.feedPort,
  });
  assertEquals((await nntp.group("local.test")).count, 0);
  assert((await nntp.capabilities()).has("READER"));
});
