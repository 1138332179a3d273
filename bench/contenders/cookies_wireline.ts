/** Ours: `cookies_wireline.ts OPERATION WORKLOAD`; prints what it took. */
import { CookieJar, SimpleCookie } from "../../cookies/mod.ts";
import type { Workload } from "../cookies.ts";

// In ms: as long as the compilers take, and as long again.
const PATIENCE = 2_000;

const [operation, file] = Deno.args as [string, string];
const { set, urls, headers }: Workload = JSON.parse(
  await Deno.readTextFile(file),
);

function filled(): CookieJar {
  const jar = new CookieJar({ maxTotal: Infinity });
  for (const { header, url } of set) {
    if (!jar.setCookie(header, url)) throw new Error(`refused: ${header}`);
  }
  return jar;
}

const jar = operation === "get" ? filled() : new CookieJar();
const work: Record<string, () => void> = {
  set: filled,
  get() {
    for (const url of urls) {
      if (jar.cookieHeader(url) === "") throw new Error(`none for ${url}`);
    }
  },
  parse() {
    for (const header of headers) {
      if (new SimpleCookie(header).size !== 40) throw new Error(header);
    }
  },
};

const times: number[] = [];
const end = performance.now() + PATIENCE;
while (times.length < 15 || performance.now() < end) {
  const start = performance.now();
  work[operation]!();
  times.push(performance.now() - start);
}
const late = times.slice(times.length >> 1).sort((one, other) => one - other);
const ms = late[late.length >> 1]!;
const status = Deno.readTextFileSync("/proc/self/status");
const peak = Number(/VmHWM:\s*(\d+)/.exec(status)![1]) * 1024;
console.log(JSON.stringify({ ms, peak }));
