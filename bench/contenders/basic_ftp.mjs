// basic-ftp in Node: OPERATION PORT FILE|DIRECTORY; prints what it took.
import { readFileSync } from "node:fs";
import { Writable } from "node:stream";
import { createRequire } from "node:module";

const require = createRequire(process.env.PEERS + "/");
const { Client } = require("basic-ftp");
const [operation, port, path] = process.argv.slice(2);
const ftp = new Client();
await ftp.access({
  host: "127.0.0.1",
  port: Number(port),
  user: "user",
  password: "secret",
});
const start = performance.now();
if (operation === "fetch") {
  const nowhere = new Writable({
    write: (_chunk, _encoding, done) => done(),
  });
  await ftp.downloadTo(nowhere, "big.bin");
} else if (operation === "download") await ftp.downloadTo(path, "big.bin");
else if (operation === "upload") await ftp.uploadFrom(path, "up.bin");
else if (operation === "down-many") await ftp.downloadToDir(path, "many");
else if (operation === "up-many") await ftp.uploadFromDir(path, "up");
else if (operation === "list") await ftp.list("names");
const ms = performance.now() - start;
ftp.close();
const status = readFileSync("/proc/self/status", "utf8");
const peak = Number(/VmHWM:\s*(\d+)/.exec(status)[1]) * 1024;
console.log(JSON.stringify({ ms, peak }));
