/** A process that dies, at each call of the system in turn. */
import { assert, assertEquals } from "jsr:@std/assert@^1.0.0";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import {
  Babyl,
  type Mailbox,
  type MailboxOptions,
  Maildir,
  Mbox,
  Mh,
  Mmdf,
} from "../../../mail/mailbox/mod.ts";
import { tempDir } from "../../_support/temp_dir.ts";
import { text } from "../../_wire/memory.ts";
import { namesIn } from "./helpers.ts";

const CHILD = fileURLToPath(new URL("crash_child.ts", import.meta.url));

interface Kind {
  open(path: string, options: MailboxOptions): Promise<Mailbox>;
}

const KINDS: Record<string, Kind> = { Mbox, Maildir, Mh, Babyl, Mmdf };

/** Messages and flags, in order; what is at the path must be a mailbox. */
async function state(kind: Kind, path: string): Promise<string[]> {
  await using box = await kind.open(path, { lockTimeout: 5_000 });
  const messages: string[] = [];
  for await (const key of box.keys()) {
    const flags = [...await box.flags(key)].sort().join();
    messages.push(`${flags}|${text(await box.bytes(key))}`);
  }
  return messages;
}

async function die(args: string[]): Promise<boolean> {
  const { success, signal } = await new Deno.Command(Deno.execPath(), {
    args: ["run", "-A", "--no-check", CHILD, ...args],
    stderr: "inherit",
  }).output();
  assert(success || signal === "SIGKILL", "the child failed");
  return !success;
}

for (const [name, kind] of Object.entries(KINDS)) {
  Deno.test(`${name}: a crash leaves the old mailbox or the new one`, async () => {
    // The other files are alike.
    const operations = name === "Mbox"
      ? ["add", "remove", "replace", "setFlags"]
      : name === "Maildir" || name === "Mh"
      ? ["add", "replace", "setFlags"]
      : ["replace"];
    for (const operation of operations) {
      const ends = new Set<string>();
      for (let number = 0, died = true; died; number += 1) {
        await using directory = await tempDir();
        const path = join(directory.path, "box");
        {
          await using box = await kind.open(path, { create: true });
          for (const at of [1, 2, 3]) {
            const flags = ["seen"] as const;
            await box.add(`Subject: ${at}\n\nFrom ${at}\n`, { flags });
          }
        }
        // What MH knows of a new message is written by flush.
        const isLate = name === "Mh" && operation === "add";
        const look = async () => {
          const messages = await state(kind, path);
          return isLate
            ? messages.map((one) => one.replace(/^\w*\|/, "|"))
            : messages;
        };
        const before = await look();
        died = await die([name, operation, path, String(number)]);
        const after = await look();
        // Another program goes on: the lock of the dead is no obstacle, and
        // what it has left behind goes.
        {
          await using box = await kind.open(path, { lockTimeout: 5_000 });
          const key = await box.add("Subject: last\n\n");
          await box.setFlags(key, ["flagged"]);
        }
        const later = await look();
        assertEquals(later.length, after.length + 1, `${operation} ${number}`);
        assertEquals(later.slice(0, -1), after);
        if (name !== "Maildir" && name !== "Mh") {
          // A lock that was not ready yet is nobody's.
          const left = namesIn(directory.path)
            .filter((one) => !/^box\.lock\.\w{8}$/.test(one));
          assertEquals(left, ["box"]);
        }
        const same = JSON.stringify(after) === JSON.stringify(before);
        ends.add(same ? "old" : JSON.stringify(after));
        // The last one is the new mailbox.
        if (!died) assert(!same);
      }
      assertEquals(ends.size, 2, `${operation}: ${[...ends].join("\n")}`);
    }
  });
}
