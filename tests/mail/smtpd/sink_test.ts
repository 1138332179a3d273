import {
  assert,
  assertEquals,
  assertMatch,
  assertRejects,
  assertStringIncludes,
} from "jsr:@std/assert@^1.0.0";
import { fileURLToPath } from "node:url";
import { join } from "node:path";
import { SmtpClient, SmtpError } from "../../../mail/smtp/mod.ts";
import { tempDir } from "../../_support/temp_dir.ts";

const SINK = fileURLToPath(
  new URL("../../../mail/smtpd/sink.ts", import.meta.url),
);

interface Sink extends AsyncDisposable {
  port: number;
  /** Ends it as Ctrl-C does; resolves with all that it printed. */
  stop(): Promise<string>;
}

async function startSink(...args: string[]): Promise<Sink> {
  const child = new Deno.Command(Deno.execPath(), {
    args: ["run", "-A", "--quiet", SINK, "--port=0", ...args],
    stdin: "null",
    stdout: "piped",
    env: { NO_COLOR: "1" },
  }).spawn();
  const reader = child.stdout.pipeThrough(new TextDecoderStream()).getReader();
  let text = "";
  async function readUntil(pattern: RegExp | undefined): Promise<string> {
    while (!pattern?.test(text)) {
      const { done, value } = await reader.read();
      if (done) break;
      text += value;
    }
    return text;
  }
  await readUntil(/ port \d+;/);
  let stopped: Promise<string> | undefined;
  async function end(): Promise<string> {
    child.kill("SIGINT");
    await readUntil(undefined);
    await child.status;
    return text;
  }
  const stop = () => stopped ??= end();
  return {
    port: Number(/ port (\d+);/.exec(text)![1]),
    stop,
    async [Symbol.asyncDispose]() {
      await stop();
    },
  };
}

async function send(port: number, message: string): Promise<void> {
  await using smtp = await SmtpClient.connect({ hostname: "127.0.0.1", port });
  await smtp.sendMail(
    { from: "ada@b.example", to: ["bob@c.example"] },
    message,
  );
}

Deno.test("sink prints messages, and what would steer the terminal in words", async () => {
  await using sink = await startSink();
  await send(sink.port, "Subject: Hi\r\n\r\nGrüße\t\x1b[2J\r\n");
  const text = await sink.stop();
  assertStringIncludes(text, "from <ada@b.example> to <bob@c.example>\n");
  assertStringIncludes(text, "Subject: Hi\n\nGrüße\t\\x1b[2J\n");
});

Deno.test("sink keeps messages as files, byte for byte", async () => {
  await using temp = await tempDir();
  const dir = join(temp.path, "mail");
  await using sink = await startSink(`--dir=${dir}`);
  const messages = ["Subject: 1\r\n\r\n.\r\n", "Subject: 2\r\n\r\n\x1b\r\n"];
  for (const message of messages) await send(sink.port, message);
  await sink.stop();
  const names = (await Array.fromAsync(Deno.readDir(dir)))
    .map(({ name }) => name).sort();
  assertEquals(names.length, 2);
  for (const name of names) assertMatch(name, /^\d{17}-\d{6}\.eml$/);
  const kept = await Promise.all(
    names.map((name) => Deno.readTextFile(join(dir, name))),
  );
  assertEquals(kept, messages);
});

Deno.test("sink says why it refuses a message and leaves no part of it", async () => {
  await using temp = await tempDir();
  await using sink = await startSink(`--dir=${temp.path}`);
  // What our client would never send: a bare LF.
  const conn = await Deno.connect({ hostname: "127.0.0.1", port: sink.port });
  await conn.write(
    new TextEncoder().encode(
      "EHLO x\r\nMAIL FROM:<a@b>\r\nRCPT TO:<c@d>\r\nDATA\r\n" +
        "Subject: x\n\r\n.\r\nQUIT\r\n",
    ),
  );
  const said = await new Response(conn.readable).text();
  assertStringIncludes(said, "550 5.6.11 The message has a bare CR or LF");
  assertStringIncludes(await sink.stop(), "refused from <a@b> to <c@d>: 550");
  assertEquals(await Array.fromAsync(Deno.readDir(temp.path)), []);
});

Deno.test("sink takes any user, and its limits are not in the way", async () => {
  await using sink = await startSink();
  {
    await using smtp = await SmtpClient.connect({
      hostname: "127.0.0.1",
      port: sink.port,
    });
    await smtp.login("anybody", "anything");
    const error = await assertRejects(
      () => smtp.login("again", "again"),
      SmtpError,
    );
    assertEquals(error.code, 503);
  }
  assert((await sink.stop()).length > 0);
});

Deno.test("sink says what is wrong with its arguments", async () => {
  for (const arg of ["--port=x", "--port=70000", "--nonsense", "more"]) {
    const { code, stderr } = await new Deno.Command(Deno.execPath(), {
      args: ["run", "-A", "--quiet", SINK, arg],
      env: { NO_COLOR: "1" },
    }).output();
    assertEquals(code, 2);
    assertStringIncludes(new TextDecoder().decode(stderr), "--dir=DIRECTORY");
  }
});
