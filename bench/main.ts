/**
 * One table against the peers: `deno task bench [--size=MiB] [--runs=N]`.
 * Machines differ and minutes do: the ratios are what counts.
 */
import { parseArgs } from "node:util";
import { benchFtp } from "./ftp.ts";
import { benchWire } from "./wire.ts";

const { values } = parseArgs({
  args: Deno.args,
  options: {
    size: { type: "string", default: "1024" },
    runs: { type: "string", default: "5" },
  },
});
// In memory where that can be: else the disk's writing back is what is measured.
if (await Deno.stat("/dev/shm").catch(() => null)) {
  Deno.env.set("TMPDIR", "/dev/shm");
}
const size = Number(values.size) * 2 ** 20;
const runs = Number(values.runs);

await benchWire(size, runs);
console.log();
await benchFtp(size, runs);
