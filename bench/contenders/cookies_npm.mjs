// npm's cookie in Node: OPERATION WORKLOAD; prints what it took.
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";

// In ms: as long as the compilers take, and as long again.
const PATIENCE = 2_000;

const require = createRequire(process.env.PEERS + "/");
const { parseCookie } = require("cookie");
const [operation, file] = process.argv.slice(2);
if (operation !== "parse") throw new TypeError(`Cannot run ${operation}`);
const { headers } = JSON.parse(readFileSync(file, "utf8"));

const times = [];
const end = performance.now() + PATIENCE;
while (times.length < 15 || performance.now() < end) {
  const start = performance.now();
  for (const header of headers) {
    if (parseCookie(header).name39 === undefined) throw new Error(header);
  }
  times.push(performance.now() - start);
}
const late = times.slice(times.length >> 1).sort((one, other) => one - other);
const ms = late[late.length >> 1];
const status = readFileSync("/proc/self/status", "utf8");
const peak = Number(/VmHWM:\s*(\d+)/.exec(status)[1]) * 1024;
console.log(JSON.stringify({ ms, peak }));
