/** What only shows against servers that demand TLS session reuse. */
import {
  assert,
  assertEquals,
  assertRejects,
  assertStringIncludes,
} from "jsr:@std/assert@^1.0.0";
import { join } from "node:path";
import tls from "node:tls";
import { FtpClient, type FtpConnectOptions, FtpError } from "../../ftp/mod.ts";
import { noise } from "../ftp/stories.ts";
import type { FtpDaemon } from "./servers/_process.ts";
import { startProftpd } from "./servers/proftpd.ts";
import { startVsftpd } from "./servers/vsftpd.ts";

const SERVERS = [
  ["vsftpd", () => startVsftpd({ tls: "explicit" })],
  ["proftpd", () => startProftpd({ tls: "explicit" })],
] as const;

async function open(
  daemon: FtpDaemon,
  options: Partial<FtpConnectOptions> = {},
): Promise<FtpClient> {
  const ftp = await FtpClient.connect({
    hostname: daemon.hostname,
    port: daemon.port,
    tls: "starttls",
    tlsOptions: { caCerts: [daemon.caPem!] },
    timeout: 20_000,
    ...options,
  });
  await ftp.login(daemon.user, daemon.password);
  return ftp;
}

for (const [name, start] of SERVERS) {
  Deno.test(`${name}: everything told before holds after the second sign-in`, async () => {
    await using daemon = await start();
    const sent: string[] = [];
    await using ftp = await open(daemon, {
      onTrace: ({ direction, line }) => direction === "send" && sent.push(line),
    });
    await ftp.mkd("one");
    await ftp.cwd("one");
    await ftp.mkd("two");
    await ftp.cwd("two");
    await ftp.cwd("..");
    // Can be read once only: settled before it is touched.
    const content = noise(200_000);
    await ftp.storBinary("STOR f", ReadableStream.from([content]));
    assertEquals(sent.filter((line) => line.startsWith("USER")).length, 2);
    assert(!sent.some((line) => line.includes(daemon.password)));
    assertEquals(await ftp.pwd(), "/one");
    assertEquals(await Deno.readFile(join(daemon.root, "one/f")), content);
  });

  Deno.test(`${name}: a first upload that can be read again is repeated`, async () => {
    await using daemon = await start();
    await using local = await open(daemon);
    const content = noise(100_000);
    await local.storBinary("STOR bytes", content);
    await using blob = await open(daemon);
    await blob.storBinary("STOR blob", new Blob([content]));
    await using lines = await open(daemon);
    await lines.storLines("STOR lines", "a\nb\n");
    const file = join(daemon.root, "bytes");
    await using upload = await open(daemon);
    await upload.upload(file, "file");
    for (const one of ["bytes", "blob", "file"]) {
      assertEquals(await Deno.readFile(join(daemon.root, one)), content);
    }
    await using sink = await open(daemon);
    const writer = (await sink.writable("STOR sink")).getWriter();
    await writer.write(content);
    await writer.close();
    assertEquals(await Deno.readFile(join(daemon.root, "sink")), content);
  });

  Deno.test(`${name}: tlsSessionReuse can be forced and forbidden`, async () => {
    await using daemon = await start();
    const sent: string[] = [];
    await using always = await open(daemon, {
      tlsSessionReuse: "always",
      onTrace: ({ direction, line }) => direction === "send" && sent.push(line),
    });
    for (let n = 0; n < 20; n++) await always.storBinary(`STOR ${n}`, "x");
    assertEquals((await always.list()).length, 20);
    assertEquals(sent.filter((line) => line.startsWith("USER")).length, 1);
    await using never = await open(daemon, { tlsSessionReuse: "never" });
    const error = await assertRejects(() => never.list(), FtpError);
    assert([425, 522].includes(error.code), error.message);
    assertStringIncludes(error.message, "tlsSessionReuse");
  });

  Deno.test(`${name}: clients with CAs of their own do not meet`, async () => {
    await using one = await start();
    await using two = await start();
    const clients = await Promise.all([
      open(one),
      open(two),
      open(one),
      open(two),
    ]);
    try {
      const content = noise(50_000);
      for (let round = 0; round < 4; round++) {
        await Promise.all(clients.map(async (ftp, index) => {
          await ftp.storBinary(`STOR f${index}`, content);
          const stream = await ftp.retrBinary(`RETR f${index}`);
          assertEquals(await new Response(stream).bytes(), content);
          // Nobody else comes to trust the CA, not even meanwhile.
          assertEquals(await trusted(one), false);
        }));
      }
      await assertRejects(
        () => open(one, { tlsOptions: { caCerts: [two.caPem!] } }),
        Error,
        "Cannot start TLS",
      );
    } finally {
      for (const ftp of clients) await ftp[Symbol.asyncDispose]();
    }
    assertEquals(await trusted(two), false);
  });
}

/** Whether a TLS connection that was told of no CA trusts the server's. */
async function trusted(daemon: FtpDaemon): Promise<boolean> {
  const listener = Deno.listenTls({
    hostname: "127.0.0.1",
    port: 0,
    cert: await Deno.readTextFile(join(daemon.root, "../cert.pem")),
    key: await Deno.readTextFile(join(daemon.root, "../key.pem")),
  });
  const accepted = listener.accept().then(async (conn) => {
    await conn.handshake().catch(() => {});
    conn.close();
  });
  const outcome = await new Promise<boolean>((resolve) => {
    const socket = tls.connect({
      host: "127.0.0.1",
      port: listener.addr.port,
      servername: "localhost",
    });
    socket.once("secureConnect", () => resolve(true));
    socket.once("error", () => resolve(false));
    socket.once("close", () => resolve(false));
    socket.once("secureConnect", () => socket.destroy());
  });
  await accepted;
  listener.close();
  return outcome;
}
