/** Ours: `nntp_wireline.ts OPERATION PORT GROUP COUNT`; prints what it took. */
import { NntpClient } from "../../news/mod.ts";

const [operation, port, group, countText] = Deno.args as [
  string,
  string,
  string,
  string,
];
const count = Number(countText);

if (operation === "idle") report(0);
else await main();

async function main(): Promise<void> {
  const nntp = await NntpClient.connect({
    hostname: "127.0.0.1",
    port: Number(port),
  });
  await nntp.group(group);
  const start = performance.now();
  const found = await run(nntp);
  if (found !== count) throw new Error(`${found} instead of ${count}`);
  report(performance.now() - start);
  await nntp.quit();
}

/** Resolves with how many there were. */
async function run(nntp: NntpClient): Promise<number> {
  let found = 0;
  switch (operation) {
    case "over":
    case "over-compressed":
      if (operation === "over-compressed") await nntp.compress();
      for await (const { subject } of await nntp.over(`1-${count}`)) {
        if (subject) found++;
      }
      return found;
    case "xhdr":
      for await (const [, value] of await nntp.xhdr("subject", `1-${count}`)) {
        if (value) found++;
      }
      return found;
    case "one-by-one":
      for (let number = 1; number <= count; number++) {
        const { content } = await nntp.article(number);
        for await (const chunk of content) if (chunk.length === 0) return 0;
        found++;
      }
      return found;
    case "articles": {
      const numbers = Array.from({ length: count }, (_, at) => at + 1);
      for await (const article of nntp.articles(numbers)) {
        if ("error" in article) throw article.error;
        found++;
      }
      return found;
    }
  }
  throw new TypeError(`Cannot run ${operation}`);
}

function report(ms: number): void {
  const status = Deno.readTextFileSync("/proc/self/status");
  const peak = Number(/VmHWM:\s*(\d+)/.exec(status)![1]) * 1024;
  console.log(JSON.stringify({ ms, peak }));
}
