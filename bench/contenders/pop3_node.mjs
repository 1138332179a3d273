// node-pop3 in Node: OPERATION PORT BYTES COUNT; prints what it took.
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";

const require = createRequire(process.env.PEERS + "/");
const Pop3Command = require("node-pop3");
const [operation, port, bytes, count] = process.argv.slice(2);
const pop3 = new Pop3Command({
  host: "127.0.0.1",
  port: Number(port),
  user: "ada",
  password: "secret",
});
// It connects and signs in with the first command.
await pop3.NOOP();
const start = performance.now();
if (operation.startsWith("large")) {
  // A string cannot be that long; its stream is what it has besides.
  const [, stream] = await pop3.command("RETR", 1);
  let size = 0;
  stream.on("data", (chunk) => size += chunk.length);
  await new Promise((resolve, reject) => {
    stream.on("end", resolve);
    stream.on("error", reject);
  });
  check(size);
} else {
  // One by one: it pipelines nothing, and commands called together fail.
  for (let number = 1; number <= Number(count); number++) {
    check((await pop3.RETR(number)).length);
  }
}
const ms = performance.now() - start;
await pop3.QUIT();
const status = readFileSync("/proc/self/status", "utf8");
const peak = Number(/VmHWM:\s*(\d+)/.exec(status)[1]) * 1024;
console.log(JSON.stringify({ ms, peak }));

// It loses the CRLF of the last line where the final dot comes together with it.
function check(size) {
  if (size !== Number(bytes) && size + 2 !== Number(bytes)) {
    throw new Error(`${size} bytes instead of ${bytes}`);
  }
}
