// tough-cookie in Node: OPERATION WORKLOAD; prints what it took.
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";

// In ms: as long as the compilers take, and as long again.
const PATIENCE = 2_000;

const require = createRequire(process.env.PEERS + "/");
const { CookieJar } = require("tough-cookie");
const [operation, file] = process.argv.slice(2);
const { set, urls } = JSON.parse(readFileSync(file, "utf8"));

function filled() {
  const jar = new CookieJar();
  for (const { header, url } of set) {
    if (!jar.setCookieSync(header, url)) throw new Error(`refused: ${header}`);
  }
  return jar;
}

const jar = operation === "get" ? filled() : undefined;
const work = {
  set: filled,
  get() {
    for (const url of urls) {
      if (jar.getCookieStringSync(url) === "") {
        throw new Error(`none for ${url}`);
      }
    }
  },
};

const times = [];
const end = performance.now() + PATIENCE;
while (times.length < 15 || performance.now() < end) {
  const start = performance.now();
  work[operation]();
  times.push(performance.now() - start);
}
const late = times.slice(times.length >> 1).sort((one, other) => one - other);
const ms = late[late.length >> 1];
const status = readFileSync("/proc/self/status", "utf8");
const peak = Number(/VmHWM:\s*(\d+)/.exec(status)[1]) * 1024;
console.log(JSON.stringify({ ms, peak }));
