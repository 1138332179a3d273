/**
 * One table against the peers:
 * `deno task bench [--only=wire|ftp|smtp] [--size=MiB] [--runs=N]`.
 * Machines differ and minutes do: the ratios are what counts.
 */
import { parseArgs } from "node:util";
import { benchFtp } from "./ftp.ts";
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
const benches = {
  wire: () => benchWire(Number(values.size ?? 1_024) * 2 ** 20, runs),
  ftp: () => benchFtp(Number(values.size ?? 1_024) * 2 ** 20, runs),
  smtp: () => benchSmtp(Number(values.size ?? 500) * 1e6, runs),
};
// In memory where that can be: else the disk's writing back is what is measured.
if (await Deno.stat("/dev/shm").catch(() => null)) {
  Deno.env.set("TMPDIR", "/dev/shm");
}
const runs = Number(values.runs);

if (values.only !== undefined && !Object.hasOwn(benches, values.only)) {
  throw new TypeError(`Cannot bench ${values.only}`);
}
for (const [name, bench] of Object.entries(benches)) {
  if (values.only !== undefined && values.only !== name) continue;
  await bench();
  console.log();
}
