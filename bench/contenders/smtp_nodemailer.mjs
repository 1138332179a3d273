// nodemailer in Node: as-is|no-delay OPERATION PORT FILE COUNT; prints what it
// took. It leaves Nagle's algorithm on and writes a message in two parts, so
// that each one waits 40 ms for a delayed acknowledgement; "no-delay" hands it
// sockets without.
import { createReadStream, readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { connect } from "node:net";

const require = createRequire(process.env.PEERS + "/");
const nodemailer = require("nodemailer");
const [sockets, operation, port, path, count] = process.argv.slice(2);
const envelope = { from: "sender@example.com", to: "reader@example.org" };
const raw = operation === "large" ? undefined : readFileSync(path);

const start = performance.now();
const transport = nodemailer.createTransport({
  // Also for one connection: without a pool each message has its own.
  pool: true,
  host: "127.0.0.1",
  port: Number(port),
  maxConnections: operation === "pool" ? 4 : 1,
  maxMessages: Infinity,
  secure: false,
  ignoreTLS: true,
  ...(sockets === "no-delay" && { getSocket }),
});
if (operation === "large") {
  await transport.sendMail({ envelope, raw: createReadStream(path) });
} else if (operation === "in-turn") {
  for (let n = 0; n < Number(count); n++) {
    await transport.sendMail({ envelope, raw });
  }
} else {
  const all = [];
  for (let n = 0; n < Number(count); n++) {
    all.push(transport.sendMail({ envelope, raw }));
  }
  await Promise.all(all);
}
const ms = performance.now() - start;
transport.close();
const status = readFileSync("/proc/self/status", "utf8");
const peak = Number(/VmHWM:\s*(\d+)/.exec(status)[1]) * 1024;
console.log(JSON.stringify({ ms, peak }));

function getSocket({ host, port }, callback) {
  const connection = connect({ host, port, noDelay: true }, () => {
    callback(null, { connection });
  });
}
