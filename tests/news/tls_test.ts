import {
  assert,
  assertEquals,
  assertFalse,
  assertInstanceOf,
  assertRejects,
} from "jsr:@std/assert@^1.0.0";
import { TlsBridge } from "../../_wire/tls_bridge.ts";
import { NntpError, ProtocolError } from "../../news/mod.ts";
import { createAuthority } from "../_support/certificates.ts";
import { scriptedServer } from "../_support/scripted_server.ts";
import { startRelay } from "../_wire/relay.ts";
import { NntpServer } from "../servers/nntp_server.ts";
import {
  block,
  bye,
  failureOf,
  open,
  READER,
  scripted,
  textOf,
} from "./script.ts";

Deno.test("connect() never goes on without TLS that was asked for", async () => {
  for (
    const answer of [
      "580 cannot",
      "502 no",
      "500 what",
      "483 ha",
      "200 ok",
      "281 ok",
    ]
  ) {
    await using server = await scripted(async (conn) => {
      await conn.expect("STARTTLS");
      await conn.write(answer + "\r\n");
      assertEquals(await conn.readLine(), undefined, "it went on");
    });
    const error = await failureOf(open(server, { tls: "starttls" }));
    assertInstanceOf(
      error,
      answer < "4" ? ProtocolError : NntpError,
      `${error}`,
    );
  }
  await using injects = await scripted(async (conn) => {
    await conn.expect("STARTTLS");
    await conn.write("382 go ahead\r\n200 injected\r\n");
    assertEquals(await conn.readLine(), undefined, "it went on");
  });
  await assertRejects(
    () => open(injects, { tls: "starttls" }),
    ProtocolError,
    "plaintext behind its consent",
  );
});

Deno.test("connect() asks anew under TLS what the server can", async () => {
  const authority = await createAuthority();
  await using bridge = new TlsBridge(await authority.issue());
  await using server = await scriptedServer(async (conn) => {
    await conn.write("201 ready\r\n");
    await conn.expect("STARTTLS");
    await conn.write("382 go\r\n");
    await conn.upgradeTls(bridge);
    await conn.expect("CAPABILITIES");
    await conn.write(READER);
    await bye(conn);
  });
  await using nntp = await open({ ...server, hostname: "localhost" }, {
    tls: "starttls",
    tlsOptions: { caCerts: [authority.caPem] },
  });
  assert(nntp.secure);
  assert((await nntp.capabilities()).has("POST"));
});

for (const tls of ["starttls", "implicit"] as const) {
  Deno.test(`connect() by ${tls} signs in, reads and posts, and compresses`, async () => {
    const authority = await createAuthority();
    await using server = await NntpServer.start({
      ...await authority.issue(),
      implicitTls: tls === "implicit",
      authRequired: true,
      groups: { g: {} },
    });
    await using nntp = await open(server, {
      tls,
      tlsOptions: { caCerts: [authority.caPem] },
    });
    assert(nntp.secure);
    await nntp.login("ada", "secret");
    await nntp.compress();
    await nntp.post("From: a@x\nNewsgroups: g\nSubject: s\n\n.\n");
    await nntp.group("g");
    assertEquals(await textOf((await nntp.body(1)).content), ".\r\n");
  });

  Deno.test(`connect() by ${tls} refuses a server that nobody vouches for`, async () => {
    const authority = await createAuthority();
    await using server = await NntpServer.start({
      ...await authority.issue(),
      implicitTls: tls === "implicit",
    });
    await failureOf(open(server, { tls }));
    assertFalse(server.commands.some((one) => one !== "STARTTLS"));
  });
}

Deno.test("connect() by implicit TLS says what a server without it is", async () => {
  await using server = await scripted(async (conn) => {
    await conn.readToEnd();
  });
  await failureOf(open(server, { tls: "implicit" }));
});

Deno.test("connect() by starttls switches modes first where the server wants it", async () => {
  const authority = await createAuthority();
  await using server = await NntpServer.start({
    ...await authority.issue(),
    modeReader: true,
    groups: { g: {} },
  });
  await using nntp = await open(server, {
    tls: "starttls",
    tlsOptions: { caCerts: [authority.caPem] },
  });
  assert(nntp.secure);
  await nntp.group("g");
});

Deno.test("what is cut off under TLS is an error", async () => {
  const authority = await createAuthority();
  const issued = await authority.issue();
  for (
    const [cutAt, said, call] of [
      ["STAT 1", "22", "stat"],
      ["222 1 <1@x>", "222 1 <1@x>\r\nhalf", "body"],
      ["222 1 <1@x>", "222 1 <1@x>\r\nhalf", "articles"],
      ["215 list", "215 list\r\nhalf\r\n", "list"],
    ] as const
  ) {
    await using relay = startRelay({
      ...issued,
      async serve(tls) {
        const waste = new Uint8Array(1_024);
        for (const words of ["200 ready\r\n", said]) {
          await tls.write(new TextEncoder().encode(words));
          if (await tls.read(waste) === null) return;
        }
      },
    });
    const nntp = await open({ hostname: "localhost", port: relay.port }, {
      reader: false,
      tls: "implicit",
      tlsOptions: { caCerts: [authority.caPem] },
      onTrace: ({ line }) => line === cutAt && relay.cut(),
    });
    const error = await failureOf((async () => {
      if (call === "stat") await nntp.stat(1);
      else if (call === "body") await textOf((await nntp.body(1)).content);
      else if (call === "articles") {
        await Array.fromAsync(nntp.articles([1], "body"));
      } else await Array.fromAsync(await nntp.list("COUNTS"));
    })());
    assertInstanceOf(error, ProtocolError, `${call}: ${error}`);
    await failureOf(nntp.date());
    nntp.close();
  }
});

Deno.test("connect() by starttls takes nothing from before for granted", async () => {
  // The plaintext side offers what the real one does not.
  const authority = await createAuthority();
  await using bridge = new TlsBridge(await authority.issue());
  await using server = await scriptedServer(async (conn) => {
    await conn.write("200 ready\r\n");
    await conn.expect("STARTTLS");
    await conn.write("382 go\r\n");
    await conn.upgradeTls(bridge);
    await conn.expect("CAPABILITIES");
    await conn.write(block("101 can", "READER", "AUTHINFO SASL", "SASL PLAIN"));
    await conn.expect(/^AUTHINFO SASL PLAIN \S+$/);
    await conn.write("281 ok\r\n");
    await conn.expect("CAPABILITIES");
    await conn.write(block("101 can", "READER"));
    await bye(conn);
  });
  await using nntp = await open({ hostname: "localhost", port: server.port }, {
    tls: "starttls",
    tlsOptions: { caCerts: [authority.caPem] },
  });
  await nntp.login("ada", "secret");
  assertEquals(nntp.canPost, false);
});
