import { assert, assertEquals, assertRejects } from "jsr:@std/assert@^1.0.0";
import { join } from "node:path";
import {
  Babyl,
  Mailbox,
  Maildir,
  type MailFlag,
  Mbox,
  Mh,
  Mmdf,
} from "../../../mail/mailbox/mod.ts";
import { tempDir } from "../../_support/temp_dir.ts";
import { text } from "../../_wire/memory.ts";

const KINDS = { Babyl, Maildir, Mbox, Mh, Mmdf };

Deno.test("Mailbox.open() knows each format by what is there", async () => {
  await using directory = await tempDir();
  for (const kind of Object.values(KINDS)) {
    const path = join(directory.path, kind.name);
    {
      await using box = await kind.open(path, { create: true });
      await box.add("A: 1\n\nx\n");
    }
    await using box = await Mailbox.open(path);
    assert(box instanceof kind);
    assertEquals(await box.count(), 1);
  }
  const path = join(directory.path, "none");
  await assertRejects(() => Mailbox.open(path), Deno.errors.NotFound);
  await using box = await Mailbox.open(path, { create: true });
  assert(box instanceof Mbox);
  await Deno.writeTextFile(path, "something else\n");
  await assertRejects(() => Mailbox.open(path), TypeError, "begins like none");
});

Deno.test("Mailbox keeps flags from one format to the others", async () => {
  await using directory = await tempDir();
  const flags: MailFlag[] = [
    "seen",
    "answered",
    "flagged",
    "draft",
    "deleted",
    "passed",
  ];
  let number = 0;
  for (const from of Object.values(KINDS)) {
    for (const to of Object.values(KINDS)) {
      const path = join(directory.path, String(number++));
      await using source = await from.open(path, { create: true });
      await using target = await to.open(`${path}to`, { create: true });
      for (let bits = 0; bits < 1 << flags.length; bits += 7) {
        const set = new Set(flags.filter((_, at) => bits >> at & 1));
        const key = await source.add(`A: ${bits}\n\nx\n`, { flags: set });
        const copy = await target.add(await source.stream(key), {
          flags: await source.flags(key),
        });
        assertEquals(await target.flags(copy), set);
        assertEquals((await target.get(copy)).headers.get("A"), String(bits));
      }
    }
  }
});

for (const kind of Object.values(KINDS)) {
  Deno.test(`${kind.name} has its changes written when it is disposed of`, async () => {
    await using directory = await tempDir();
    const path = join(directory.path, "box");
    let key: string;
    {
      await using box = await kind.open(path, { create: true });
      await box.add("A: 1\n\nx\n");
      key = await box.add("A: 2\n\nx\n");
      await box.setFlags(key, ["seen", "flagged"]);
      await box.lock();
    }
    await using box = await kind.open(path, { lockTimeout: 0 });
    await box.lock();
    assertEquals(await box.flags(key), new Set(["seen", "flagged"] as const));
    await box.unlock();
    const closed = await kind.open(path);
    await closed.close();
    for (
      const use of [
        () => closed.add(""),
        () => closed.bytes(key),
        () => closed.keys().next(),
        () => closed.messages().getReader().read(),
        () => closed.lock(),
        () => closed.flush(),
      ]
    ) {
      const error = await assertRejects(use, DOMException, "is closed");
      assertEquals(error.name, "InvalidStateError");
    }
  });

  Deno.test(`${kind.name} takes calls together in their order`, async () => {
    await using directory = await tempDir();
    const path = join(directory.path, "box");
    await using box = await kind.open(path, { create: true });
    const keys = await Promise.all([
      box.add("A: 1\n\nx\n"),
      box.add("A: 2\n\nx\n"),
      box.add("A: 3\n\nx\n"),
    ]);
    assertEquals(await Array.fromAsync(box.keys()), keys);
    const [read, , , gone] = await Promise.all([
      box.bytes(keys[0]!),
      box.remove(keys[0]!),
      box.flush(),
      box.has(keys[0]!),
      box.replace(keys[1]!, "A: 4\n\nx\n"),
    ]);
    assertEquals(text(read), "A: 1\n\nx\n");
    assertEquals(gone, false);
    const subjects: (string | undefined)[] = [];
    for await (const { message } of box.messages()) {
      subjects.push(message.headers.get("A"));
    }
    assertEquals(subjects, ["4", "3"]);
    const unread = box.messages();
    await unread.cancel();
  });
}
