/** Several processes that write the same mailbox at the same time. */
import { assert, assertEquals } from "jsr:@std/assert@^1.0.0";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { type Mailbox, Maildir, Mbox, Mh } from "../../../mail/mailbox/mod.ts";
import { tempDir } from "../../_support/temp_dir.ts";
import { namesIn } from "./helpers.ts";

const CHILD = fileURLToPath(new URL("writer_child.ts", import.meta.url));

/** Python, by the book: open, lock, change, flush, unlock, close. */
const PYTHON = `
import mailbox, sys, time
path, name, count = sys.argv[1], sys.argv[2], int(sys.argv[3])
for at in range(count):
    while True:
        box = mailbox.mbox(path, create=False)
        try:
            box.lock()
        except mailbox.ExternalClashError:
            box.close()
            time.sleep(0.002)
            continue
        # As Dovecot does it: another program may have put a new file there.
        import os
        if os.fstat(box._file.fileno()).st_ino == os.stat(path).st_ino:
            break
        box.unlock()
        box.close()
    key = box.add("Subject: %s %d\\n\\nx\\n" % (name, at))
    if at % 2:
        box.remove(key)
    box.flush()
    box.unlock()
    box.close()
`;

async function run(command: string, args: string[]): Promise<void> {
  const { success } = await new Deno.Command(command, {
    args,
    stderr: "inherit",
  }).output();
  assert(success, `${command} failed`);
}

async function write(...args: (string | number)[]): Promise<void> {
  const rest = args.map(String);
  await run(Deno.execPath(), ["run", "-A", "--no-check", CHILD, ...rest]);
}

/** The subjects by who wrote them. */
async function subjects(box: Mailbox): Promise<Record<string, string[]>> {
  const found: Record<string, string[]> = {};
  for await (const { message } of box.messages()) {
    const [name, number] = message.subject.split(" ");
    (found[name!] ??= []).push(number!);
  }
  return found;
}

function numbers(count: number, step = 1): string[] {
  return Array.from(
    { length: Math.ceil(count / step) },
    (_, at) => String(at * step),
  );
}

Deno.test("Mbox loses nothing when processes and Python add at once", async () => {
  await using directory = await tempDir();
  const path = join(directory.path, "box");
  await (await Mbox.open(path, { create: true })).close();
  await Promise.all([
    write("Mbox", path, "one", 40),
    write("Mbox", path, "two", 40),
    write("Mbox", path, "three", 40, "removing"),
    run("/usr/bin/python3", ["-c", PYTHON, path, "python", "40"]),
  ]);
  await using box = await Mbox.open(path);
  assertEquals(await subjects(box), {
    one: numbers(40),
    two: numbers(40),
    three: numbers(40, 2),
    python: numbers(40, 2),
  });
  assertEquals(namesIn(directory.path), ["box"]);
});

Deno.test("Maildir and Mh lose nothing when processes add at once", async () => {
  for (const [name, kind] of Object.entries({ Maildir, Mh })) {
    await using directory = await tempDir();
    const path = join(directory.path, "box");
    await using box = await kind.open(path, { create: true });
    await Promise.all([
      write(name, path, "one", 40),
      write(name, path, "two", 40),
      write(name, path, "three", 40, "removing"),
    ]);
    const found = await subjects(box);
    assertEquals(found["one"], numbers(40));
    assertEquals(found["two"], numbers(40));
    assertEquals(found["three"], numbers(40, 2));
  }
});

Deno.test("Mbox: two in one process wait for each other", async () => {
  await using directory = await tempDir();
  const path = join(directory.path, "box");
  await using one = await Mbox.open(path, { create: true });
  await using other = await Mbox.open(path);
  await Promise.all(
    numbers(30).flatMap((number) => [
      one.add(`Subject: one ${number}\n\n`),
      other.add(`Subject: other ${number}\n\n`),
    ]),
  );
  assertEquals(await subjects(one), {
    one: numbers(30),
    other: numbers(30),
  });
});
