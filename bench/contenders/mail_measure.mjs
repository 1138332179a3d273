// How the contenders of the mail bench are measured, in Deno and in Node:
// OPERATION PATH often|once. An operation is made ready with the path and gives
// `pass`, which does all of the work, and `check`, which tells from what a pass
// gave what was found: equal for all contenders, or one of them did not do it.
import { Buffer } from "node:buffer";
import { createHash } from "node:crypto";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import process from "node:process";

/** What warming up takes, and then measuring, at least, in ms. */
const LONG_ENOUGH = 600;
/** Passes that are measured, at least. */
const OFTEN_ENOUGH = 3;

/** Runs the operation and prints the median of its passes as JSON. */
export async function measure(operations) {
  const [operation, path, how] = process.argv.slice(2);
  if (operation === "idle") return report(0, undefined);
  const { pass, check } = operations[operation](path);
  const started = performance.now();
  const first = await timed(async () => await pass());
  const checked = await check(first.result);
  first.result = undefined;
  if (how === "once") return report(first.ms, checked);
  while (performance.now() - started < LONG_ENOUGH) await pass();
  const times = [];
  for (let spent = 0; spent < LONG_ENOUGH || times.length < OFTEN_ENOUGH;) {
    const { ms } = await timed(pass);
    times.push(ms);
    spent += ms;
  }
  times.sort((a, b) => a - b);
  report(times[times.length >> 1], checked);
}

/** The operations of who parses, given how it makes a mail of bytes. */
export function parsing(parse) {
  return {
    large: (path) => passes([readFileSync(path)]),
    small: (path) =>
      passes(
        readdirSync(path).sort().map((name) => readFileSync(join(path, name))),
      ),
  };

  function passes(messages) {
    return {
      async pass() {
        const mails = [];
        let seen = 0;
        for (const bytes of messages) {
          const mail = await parse(bytes);
          seen += look(mail);
          mails.push(mail);
        }
        if (!(seen > 0)) throw new Error("There was nothing to see");
        return mails;
      },
      check: checkMails,
    };
  }
}

/** What all tell of a mail: empty where it has none. */
function look({ names, subject, date, text, html, files }) {
  let seen = date.getTime() > 0 ? 1 : NaN;
  for (const one of [...names, subject, text, html]) {
    // A character in it: the text of a part can be made only when it is read.
    if (one) seen += one.length + one.charCodeAt(one.length >> 1);
  }
  for (const file of files) seen += file.length + file[file.length >> 1];
  return seen;
}

/** Blanks and line ends are left to everyone. */
function checkMails(mails) {
  const text = (all) => hash(all.map((one) => one.replace(/\s+/g, "")).join());
  return {
    names: text(mails.flatMap(({ names }) => names)),
    subjects: text(mails.map(({ subject }) => subject)),
    dates: mails.reduce((sum, { date }) => sum + date.getTime() / 1000, 0),
    texts: text(mails.map((mail) => mail.text ?? "")),
    htmls: text(mails.map((mail) => mail.html ?? "")),
    files: hash(...mails.flatMap(({ files }) => files)),
  };
}

/** One over bytes, of who encodes or decodes. */
export function over(prepare, pass, original) {
  return (path) => {
    const input = prepare(readFileSync(path));
    return {
      pass: () => pass(input),
      check: async (result) => hash(await original(result)),
    };
  };
}

/** The file that a built message has in it. */
export function attached(message) {
  const bytes = Buffer.from(message);
  const start = bytes.indexOf("\r\n\r\n", bytes.indexOf("report.bin")) + 4;
  const end = bytes.indexOf("\r\n--", start);
  return Buffer.from(bytes.toString("latin1", start, end), "base64");
}

/** Bytes as streams give them. */
export function chunksOf(bytes) {
  const chunks = [];
  for (let at = 0; at < bytes.length; at += 65_536) {
    chunks.push(bytes.subarray(at, at + 65_536));
  }
  return chunks;
}

/** All that a stream gives. */
export async function collect(stream) {
  const chunks = [];
  for await (const chunk of stream) chunks.push(chunk);
  return chunks;
}

function hash(...all) {
  const sum = createHash("sha256");
  for (const one of all) sum.update(one);
  return sum.digest("hex").slice(0, 16);
}

async function timed(work) {
  const start = performance.now();
  const result = await work();
  return { ms: performance.now() - start, result };
}

function report(ms, check) {
  const status = readFileSync("/proc/self/status", "utf8");
  const peak = Number(/VmHWM:\s*(\d+)/.exec(status)[1]) * 1024;
  console.log(JSON.stringify({ ms, peak, check }));
}
