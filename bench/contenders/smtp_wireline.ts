/** Ours: `smtp_wireline.ts OPERATION PORT FILE COUNT`; prints what it took. */
import { SmtpClient, SmtpPool } from "../../mail/smtp/mod.ts";

const [operation, portText, path, countText] = Deno.args as [
  string,
  string,
  string,
  string,
];
const server = { hostname: "127.0.0.1", port: Number(portText) };
const count = Number(countText);
const envelope = { from: "sender@example.com", to: "reader@example.org" };

if (operation === "idle") report(0);
else await main();

async function main(): Promise<void> {
  const message = operation === "large"
    ? new Uint8Array()
    : await Deno.readFile(path);
  const start = performance.now();
  if (operation === "pool") {
    const pool = new SmtpPool({
      ...server,
      maxConnections: 4,
      maxMessages: Infinity,
    });
    await allAtOnce(() => pool.sendMail(envelope, message));
    report(performance.now() - start);
    await pool.close();
    return;
  }
  const client = await SmtpClient.connect(server);
  switch (operation) {
    case "in-turn":
      for (let n = 0; n < count; n++) await client.sendMail(envelope, message);
      break;
    case "at-once":
      await allAtOnce(() => client.sendMail(envelope, message));
      break;
    case "large": {
      const file = await Deno.open(path);
      await client.sendMail(envelope, file.readable);
      break;
    }
    default:
      throw new TypeError(`Cannot run ${operation}`);
  }
  report(performance.now() - start);
  await client.quit();
}

async function allAtOnce(send: () => Promise<unknown>): Promise<void> {
  await Promise.all(Array.from({ length: count }, send));
}

function report(ms: number): void {
  const status = Deno.readTextFileSync("/proc/self/status");
  const peak = Number(/VmHWM:\s*(\d+)/.exec(status)![1]) * 1024;
  console.log(JSON.stringify({ ms, peak }));
}
