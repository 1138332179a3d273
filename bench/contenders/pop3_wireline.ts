/** Ours: `pop3_wireline.ts OPERATION PORT BYTES COUNT`; prints what it took. */
import { Pop3Client } from "../../mail/pop3/mod.ts";

const [operation, port, bytesText, countText] = Deno.args as [
  string,
  string,
  string,
  string,
];
const bytes = Number(bytesText);
const count = Number(countText);

if (operation === "idle") report(0);
else await main();

async function main(): Promise<void> {
  const pop3 = await Pop3Client.connect({
    hostname: "127.0.0.1",
    port: Number(port),
  });
  await pop3.login("ada", "secret");
  const start = performance.now();
  await run(pop3);
  report(performance.now() - start);
  await pop3.quit();
}

async function run(pop3: Pop3Client): Promise<void> {
  switch (operation) {
    case "one-by-one":
      for (let number = 1; number <= count; number++) {
        let size = 0;
        for await (const chunk of await pop3.retr(number)) size += chunk.length;
        check(size);
      }
      return;
    case "all": {
      const numbers = Array.from({ length: count }, (_, at) => at + 1);
      let messages = 0;
      for await (const message of pop3.retrAll(numbers)) {
        if ("error" in message) throw message.error;
        check(message.content.length);
        messages++;
      }
      if (messages !== count) throw new Error(`${messages} messages`);
      return;
    }
    case "large": {
      const reader = (await pop3.retr(1)).getReader({ mode: "byob" });
      let buffer = new Uint8Array(256 * 1_024);
      for (let size = 0;;) {
        const { done, value } = await reader.read(buffer);
        if (done) return check(size);
        size += value.length;
        buffer = new Uint8Array(value.buffer);
      }
    }
    case "large-chunks": {
      let size = 0;
      for await (const chunk of await pop3.retr(1)) size += chunk.length;
      return check(size);
    }
  }
  throw new TypeError(`Cannot run ${operation}`);
}

function check(size: number): void {
  if (size !== bytes) throw new Error(`${size} bytes instead of ${bytes}`);
}

function report(ms: number): void {
  const status = Deno.readTextFileSync("/proc/self/status");
  const peak = Number(/VmHWM:\s*(\d+)/.exec(status)![1]) * 1024;
  console.log(JSON.stringify({ ms, peak }));
}
