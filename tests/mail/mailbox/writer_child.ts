/**
 * Adds messages to a mailbox that others add to, too: `kind path name count
 * [removing]`. With the last, each second message is removed again.
 *
 * @module
 */
import { type Mailbox, Maildir, Mbox, Mh } from "../../../mail/mailbox/mod.ts";

const KINDS: Record<string, { open(path: string): Promise<Mailbox> }> = {
  Maildir,
  Mbox,
  Mh,
};

const [kind, path, name, count, removing] = Deno.args;
await using box = await KINDS[kind!]!.open(path!);
for (let at = 0; at < Number(count); at++) {
  if (!removing) {
    await box.add(`Subject: ${name} ${at}\n\nFrom ${"x".repeat(at * 37)}\n`);
    continue;
  }
  await box.lock();
  const key = await box.add(`Subject: ${name} ${at}\n\nFrom\n`);
  if (at % 2) {
    await box.remove(key);
    await box.flush();
  }
  await box.unlock();
}
