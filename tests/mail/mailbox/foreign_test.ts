import { assertEquals, assertRejects } from "jsr:@std/assert@^1.0.0";
import { Babyl, Maildir, Mbox, Mmdf } from "../../../mail/mailbox/mod.ts";
import { tempDir } from "../../_support/temp_dir.ts";
import { join } from "node:path";

Deno.test("open() refuses a file of another format", async () => {
  const kinds = [Mbox, Mmdf, Babyl];
  await using temp = await tempDir();
  for (const [at, kind] of kinds.entries()) {
    const path = join(temp.path, String(at));
    {
      await using box = await kind.open(path, { create: true });
      await box.add("Subject: x\n\nHello\n");
    }
    for (const other of kinds) {
      if (other === kind) continue;
      await assertRejects(
        () => other.open(path),
        TypeError,
        "it is one of another format",
      );
    }
  }
});

Deno.test("messages() tells the flags, which another mailbox takes", async () => {
  await using temp = await tempDir();
  await using mbox = await Mbox.open(join(temp.path, "box"), { create: true });
  await using maildir = await Maildir.open(join(temp.path, "dir"), {
    create: true,
  });
  await mbox.add("Subject: x\n\nHello\n", { flags: ["seen", "answered"] });
  for await (const { message, flags } of mbox.messages()) {
    const key = await maildir.add(message, { flags });
    assertEquals(await maildir.flags(key), new Set(["seen", "answered"]));
  }
});
