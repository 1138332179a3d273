/** What the index of a large mailbox takes. */
import { assert, assertEquals } from "jsr:@std/assert@^1.0.0";
import { join } from "node:path";
import { tempDir } from "../../_support/temp_dir.ts";
import { bytes } from "../../_wire/memory.ts";

const MEBIBYTE = 1024 * 1024;
const COUNT = 500_000;

/** Run for itself, so that nobody else's memory counts. */
const SCRIPT = `
import { Mbox } from ${
  JSON.stringify(new URL("../../../mail/mailbox/mod.ts", import.meta.url))
};
const gc = (globalThis as unknown as { gc(): void }).gc;
function used() {
  gc();
  const { heapUsed, external } = Deno.memoryUsage();
  return heapUsed + external;
}
const path = Deno.args[0]!;
const before = used();
const box = await Mbox.open(path);
const opened = used() - before;
let count = 0;
let most = 0;
for await (const key of box.keys()) {
  if (++count % 50_000 !== 0) continue;
  await box.bytes(key);
  most = Math.max(most, used() - before);
}
await box.remove("0");
await box.flush();
console.log(JSON.stringify({ opened, count, most, left: await box.count() }));
await box.close();
`;

Deno.test("Mbox holds an index in memory, and not the mailbox", async () => {
  await using directory = await tempDir();
  const path = join(directory.path, "box");
  const message = "From ada@example.com Thu Jan  1 00:00:00 1970\n" +
    "Subject: one of many\n\nSome text that is not very long.\n" +
    "And some more of it, which is not long either.\n\n";
  {
    using file = await Deno.create(path);
    const many = bytes(message.repeat(10_000));
    for (let at = 0; at < COUNT; at += 10_000) file.writeSync(many);
  }
  const script = join(directory.path, "script.ts");
  await Deno.writeTextFile(script, SCRIPT);
  const config = new URL("../../../deno.json", import.meta.url).pathname;
  const { stdout, success } = await new Deno.Command(Deno.execPath(), {
    args: [
      "run",
      "-A",
      "--no-check",
      "--v8-flags=--expose-gc",
      `--config=${config}`,
      script,
      path,
    ],
    stderr: "inherit",
  }).output();
  assert(success);
  const { opened, count, most, left } = JSON.parse(
    new TextDecoder().decode(stdout),
  );
  assertEquals([count, left], [COUNT, COUNT - 1]);
  // 29 bytes a message, in arrays that grow by half; the file has 76 MiB.
  assert(opened < 48 * MEBIBYTE, `${opened} bytes`);
  assert(most < 48 * MEBIBYTE, `${most} bytes`);
});
