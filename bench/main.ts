/**
 * One table against the peers:
 * `deno task bench [--only=wire|ftp|smtp|pop3|nntp|mail|cookies] [--size=MiB] [--runs=N]`.
 * Machines differ and minutes do: the ratios are what counts.
 */
import { parseArgs } from "node:util";
import { benchCookies } from "./cookies.ts";
import { benchFtp } from "./ftp.ts";
import { benchMail } from "./mail.ts";
import { benchNntp } from "./nntp.ts";
import { benchPop3 } from "./pop3.ts";
import { benchSmtp } from "./smtp.ts";
import { benchWire } from "./wire.ts";

const { values } = parseArgs({
  args: Deno.args,
  options: {
    only: { type: "string" },
    size: { type: "string" },
    runs: { type: "string", default: "5" },
  },
});
const runs = Number(values.runs);
const size = (mebibytes: number) => Number(values.size ?? mebibytes) * 2 ** 20;
const benches = {
  wire: () => benchWire(size(1_024), runs),
  ftp: () => benchFtp(size(1_024), runs),
  smtp: () => benchSmtp(size(500), runs),
  pop3: () => benchPop3(size(500), runs),
  nntp: () => benchNntp(runs),
  mail: () => benchMail(runs),
  cookies: () => benchCookies(runs),
};
if (values.only !== undefined && !Object.hasOwn(benches, values.only)) {
  throw new TypeError(`Cannot bench ${values.only}`);
}
// In memory where that can be: else the disk's writing back is what is measured.
if (await Deno.stat("/dev/shm").catch(() => null)) {
  Deno.env.set("TMPDIR", "/dev/shm");
}
for (const [name, bench] of Object.entries(benches)) {
  if (values.only !== undefined && values.only !== name) continue;
  await bench();
  console.log();
}
