/**
 * Changes a mailbox, and dies at the call of the system whose number is given:
 * `kind operation path number`. Ends with status 0 when there are fewer calls.
 *
 * @module
 */
import {
  Babyl,
  type Mailbox,
  Maildir,
  Mbox,
  Mh,
  Mmdf,
} from "../../../mail/mailbox/mod.ts";

const KINDS: Record<string, { open(path: string): Promise<Mailbox> }> = {
  Babyl,
  Maildir,
  Mbox,
  Mh,
  Mmdf,
};

const [kind, operation, path, last] = Deno.args as [
  string,
  string,
  string,
  string,
];

let left = Number(last);

function count(): void {
  // Nothing is cleaned up, and no handler runs.
  if (left-- === 0) Deno.kill(Deno.pid, "SIGKILL");
}

/** Dies before a call of one of these methods. */
function watch(target: object, names: string[]): void {
  const methods = target as Record<string, (...a: unknown[]) => unknown>;
  for (const name of names) {
    const method = methods[name]!;
    methods[name] = function (this: unknown, ...args: unknown[]) {
      count();
      return method.apply(this, args);
    };
  }
}

const box = await KINDS[kind]!.open(path);
const [first, second] = await Array.fromAsync(box.keys());
watch(Deno, [
  "openSync",
  "renameSync",
  "linkSync",
  "removeSync",
  "remove",
  "rename",
  "chmodSync",
]);
watch(Deno.FsFile.prototype, [
  "writeSync",
  "syncSync",
  "syncDataSync",
  "truncateSync",
]);
switch (operation) {
  case "add":
    await box.add("Subject: added\n\nFrom here\n");
    break;
  case "remove":
    await box.remove(first!);
    await box.flush();
    break;
  case "replace":
    await box.replace(first!, "Subject: replaced\n\nFrom here\n");
    await box.flush();
    break;
  case "setFlags":
    await box.setFlags(second!, ["flagged", "seen"]);
    await box.flush();
    break;
}
left = -1;
await box.close();
