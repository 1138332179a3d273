/** Ours: `wireline.ts OPERATION PORT FILE|DIRECTORY`; prints what it took. */
import { FtpClient } from "../../ftp/mod.ts";

const [operation, port, path] = Deno.args as [string, string, string];

if (operation === "idle") report(0);
else await main();

async function main(): Promise<void> {
  await using ftp = await FtpClient.connect({
    hostname: "127.0.0.1",
    port: Number(port),
  });
  await ftp.login("user", "secret");
  const start = performance.now();
  await run(ftp);
  report(performance.now() - start);
}

async function run(ftp: FtpClient): Promise<void> {
  switch (operation) {
    case "fetch": {
      const stream = await ftp.retrBinary("RETR big.bin");
      const reader = stream.getReader({ mode: "byob" });
      let buffer = new Uint8Array(256 * 1024);
      for (;;) {
        const { done, value } = await reader.read(buffer);
        if (done) return;
        buffer = new Uint8Array(value.buffer);
      }
    }
    case "download":
      await ftp.download("big.bin", path);
      return;
    case "upload":
      await ftp.upload(path, "up.bin");
      return;
    case "down-many":
      await ftp.downloadDir("many", path);
      return;
    case "up-many":
      await ftp.uploadDir(path, "up");
      return;
    case "list":
      await ftp.list("names");
      return;
  }
  throw new TypeError(`Cannot run ${operation}`);
}

function report(ms: number): void {
  const status = Deno.readTextFileSync("/proc/self/status");
  const peak = Number(/VmHWM:\s*(\d+)/.exec(status)![1]) * 1024;
  console.log(JSON.stringify({ ms, peak }));
}
