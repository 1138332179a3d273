import {
  assert,
  assertEquals,
  assertMatch,
  assertRejects,
} from "jsr:@std/assert@^1.0.0";
import { join } from "node:path";
import { Maildir, type MailFlag } from "../../../mail/mailbox/mod.ts";
import { nameWith, uniqueName } from "../../../mail/mailbox/_maildir_name.ts";
import { tempDir } from "../../_support/temp_dir.ts";
import { text } from "../../_wire/memory.ts";
import { contents, keysOf, modeOf, namesIn } from "./helpers.ts";

/** A new Maildir in the directory. */
async function make(directory: string): Promise<Maildir> {
  return await Maildir.open(join(directory, "box"), { create: true });
}

Deno.test("Maildir.open() makes directories for the owner only", async () => {
  await using directory = await tempDir();
  const path = join(directory.path, "box");
  await assertRejects(
    () => Maildir.open(path),
    Deno.errors.NotFound,
    '"create" makes it',
  );
  assertEquals(namesIn(directory.path), []);
  await using box = await make(directory.path);
  assertEquals(namesIn(path), ["cur", "new", "tmp"]);
  for (const name of namesIn(path)) {
    assertEquals(modeOf(join(path, name)), 0o700);
  }
  assertEquals(modeOf(path), 0o700);
  assertEquals(await box.count(), 0);
  // What is missing is made, too, if that is wanted.
  await Deno.remove(join(path, "tmp"));
  await assertRejects(() => Maildir.open(path), Deno.errors.NotFound, "/tmp");
  await using _again = await make(directory.path);
  assertEquals(namesIn(path), ["cur", "new", "tmp"]);
  await Deno.writeTextFile(join(directory.path, "file"), "");
  await assertRejects(
    () => Maildir.open(join(directory.path, "file")),
    Deno.errors.NotFound,
  );
});

Deno.test("Maildir.add() delivers to new, and to cur what has flags", async () => {
  await using directory = await tempDir();
  const path = join(directory.path, "box");
  await using box = await make(directory.path);
  const messages = ["A: 1\n\nFrom x\n", "", "A: 1\n\nno end", "a\nb\r\n"];
  for (const message of messages) {
    const key = await box.add(message);
    assertEquals(namesIn(join(path, "new")), [key]);
    assertEquals(namesIn(join(path, "tmp")), []);
    assertEquals(modeOf(join(path, "new", key)), 0o600);
    assertEquals(text(await box.bytes(key)), message);
    assertEquals(await box.flags(key), new Set(["recent"] as const));
    await box.remove(key);
  }
  const date = new Date("2026-11-21T09:38:59Z");
  const key = await box.add("A: 1\r\n\r\nx\r\n", {
    flags: ["seen", "answered"],
    date,
  });
  assertEquals(namesIn(join(path, "cur")), [`${key}:2,RS`]);
  assertEquals(text(await box.bytes(key)), "A: 1\n\nx\n");
  const file = Deno.statSync(join(path, "cur", `${key}:2,RS`));
  assertEquals(file.mtime, date);
  const old = await box.add("", { flags: [] });
  assertEquals(await box.flags(old), new Set());
  assert(namesIn(join(path, "cur")).includes(`${old}:2,`));
});

Deno.test("Maildir.setFlags() renames files", async () => {
  await using directory = await tempDir();
  const path = join(directory.path, "box");
  await using box = await make(directory.path);
  const key = await box.add("A: 1\n");
  const cases: [MailFlag[], MailFlag[], string, string][] = [
    [["seen"], ["seen"], "cur", `${key}:2,S`],
    [
      ["passed", "deleted", "draft", "flagged", "answered", "seen"],
      ["passed", "deleted", "draft", "flagged", "answered", "seen"],
      "cur",
      `${key}:2,DFPRST`,
    ],
    [[], [], "cur", `${key}:2,`],
    [["recent"], ["recent"], "new", key],
    // In new there are no flags.
    [["recent", "flagged"], ["flagged"], "cur", `${key}:2,F`],
  ];
  for (const [flags, read, where, name] of cases) {
    await box.setFlags(key, flags);
    assertEquals(await box.flags(key), new Set(read));
    assertEquals(namesIn(join(path, where)), [name]);
    assertEquals(text(await box.bytes(key)), "A: 1\n");
  }
  await box.replace(key, "A: 2\n");
  assertEquals(namesIn(join(path, "cur")), [`${key}:2,F`]);
  assertEquals(text(await box.bytes(key)), "A: 2\n");
  await box.replace(key, "A: 3\n", { flags: ["draft"] });
  assertEquals(namesIn(join(path, "cur")), [`${key}:2,D`]);
  assertEquals(namesIn(join(path, "tmp")), []);
  assertEquals(await contents(box), { [key]: "A: 3\n" });
});

Deno.test("nameWith() keeps what others have put there", () => {
  assertEquals(nameWith("1.a:2,Sab", new Set(["flagged"])), "1.a:2,Fab");
  assertEquals(nameWith("1.a:1,x", new Set(["seen"])), "1.a:2,S");
  assertEquals(nameWith("1.a,S=12:2,SS", new Set(["seen"])), "1.a,S=12:2,S");
  assertEquals(nameWith("1.a", new Set()), "1.a:2,");
});

Deno.test("uniqueName() has the parts of the specification", () => {
  const one = uniqueName(1795254000123.5);
  const other = uniqueName(1795254000123.5);
  assert(one !== other);
  assertMatch(one, /^1795254000\.M123500P\d+Q\d+R[0-9a-f]{16}\.[^:/]+$/);
  assert(one.includes(`P${Deno.pid}Q`));
});

Deno.test("Maildir finds messages that others have moved", async () => {
  await using directory = await tempDir();
  const path = join(directory.path, "box");
  await using box = await make(directory.path);
  await using other = await make(directory.path);
  const key = await box.add("A: 1\n");
  assertEquals(await other.flags(key), new Set(["recent"] as const));
  await box.setFlags(key, ["seen"]);
  assertEquals(text(await other.bytes(key)), "A: 1\n");
  await other.setFlags(key, ["flagged"]);
  assertEquals(await box.flags(key), new Set(["flagged"] as const));
  await other.setFlags(key, []);
  await box.replace(key, "A: 2\n");
  await other.setFlags(key, ["answered"]);
  await box.remove(key);
  for (
    const use of [
      () => other.bytes(key),
      () => other.flags(key),
      () => other.remove(key),
      () => other.replace(key, "A: 3\n"),
      () => other.setFlags(key, []),
    ]
  ) {
    await assertRejects(use, Deno.errors.NotFound, "there is none");
  }
  assertEquals(namesIn(join(path, "tmp")), []);
  assertEquals(await other.has(key), false);
});

Deno.test("Maildir.keys() are in the order of delivery", async () => {
  await using directory = await tempDir();
  const path = join(directory.path, "box");
  await using box = await make(directory.path);
  const names = ["900.x", "1000.M10P1.x", "1000.M9P1.x", "zz", "1.y"];
  for (const [at, name] of names.entries()) {
    const file = at % 2 ? join("cur", `${name}:2,S`) : join("new", name);
    await Deno.writeTextFile(join(path, file), `A: ${name}\n\n`);
  }
  await Deno.writeTextFile(join(path, "new", ".hidden"), "");
  await Deno.mkdir(join(path, "cur", "directory"));
  const expected = ["1.y", "900.x", "1000.M9P1.x", "1000.M10P1.x", "zz"];
  assertEquals(await keysOf(box), expected);
  const seen: string[] = [];
  for await (const { key, message } of box.messages()) {
    assertEquals(message.headers.get("A"), key);
    seen.push(key);
    await box.remove(key);
    if (key === "900.x") await box.remove("1000.M9P1.x");
    if (key === "1000.M10P1.x") {
      // By somebody else.
      await Deno.remove(join(path, "cur", "zz:2,S"));
    }
  }
  assertEquals(seen, ["1.y", "900.x", "1000.M10P1.x"]);
});

Deno.test("Maildir.stream() goes on when the message is gone", async () => {
  await using directory = await tempDir();
  await using box = await make(directory.path);
  const long = "some text\n".repeat(100_000);
  const key = await box.add(new Blob([long]).stream());
  const stream = await box.stream(key);
  const other = await box.stream(key);
  await box.remove(key);
  assertEquals((await new Response(stream).text()) === long, true);
  await other.cancel();
});

Deno.test("Maildir refuses keys and folders that lead elsewhere", async () => {
  await using directory = await tempDir();
  await using box = await make(directory.path);
  const secret = join(directory.path, "secret");
  await Deno.writeTextFile(secret, "secret");
  const keys = [
    "../../secret",
    "../../../etc/passwd",
    "/etc/passwd",
    "..",
    ".",
    "",
    "a/b",
    "a\\b",
    "a\0b",
    "a:2,S",
    ".hidden",
  ];
  for (const key of keys) {
    for (
      const use of [
        () => box.has(key),
        () => box.bytes(key),
        () => box.stream(key),
        () => box.flags(key),
        () => box.remove(key),
        () => box.replace(key, "x"),
        () => box.setFlags(key, []),
      ]
    ) {
      await assertRejects(use, TypeError, "no name of a message");
    }
  }
  const folders = ["", ".", "..", "a..b", ".a", "a.", "a/b", "../x", "a\\b"];
  for (const name of [...folders, "a\0", "a\nb"]) {
    await assertRejects(() => box.folder(name), TypeError, "Cannot use");
    await assertRejects(() => box.removeFolder(name), TypeError, "Cannot use");
  }
  assertEquals(await Deno.readTextFile(secret), "secret");
});

Deno.test("Maildir.folder() has folders as Maildir++", async () => {
  await using directory = await tempDir();
  const path = join(directory.path, "box");
  await using box = await make(directory.path);
  assertEquals(await box.folders(), []);
  await assertRejects(() => box.folder("Sent"), Deno.errors.NotFound);
  await using work = await box.folder("Work", { create: true });
  await using year = await work.folder("2026", { create: true });
  await using _sent = await box.folder("Sent", { create: true });
  assertEquals(await box.folders(), ["Sent", "Work", "Work.2026"]);
  assertEquals(await work.folders(), ["2026"]);
  assertEquals(namesIn(path), [
    ".Sent",
    ".Work",
    ".Work.2026",
    "cur",
    "new",
    "tmp",
  ]);
  assertEquals(namesIn(join(path, ".Work.2026")), [
    "cur",
    "maildirfolder",
    "new",
    "tmp",
  ]);
  const key = await year.add("A: 1\n");
  await using again = await box.folder("Work.2026");
  assertEquals(await keysOf(again), [key]);
  await assertRejects(
    () => work.removeFolder("2026"),
    Error,
    "there are messages in it",
  );
  assertEquals(await keysOf(again), [key]);
  await again.setFlags(key, ["seen"]);
  await assertRejects(() => work.removeFolder("2026"), Error, "messages");
  assertEquals(await keysOf(again), [key]);
  await again.remove(key);
  await box.removeFolder("Work");
  assertEquals(await box.folders(), ["Sent", "Work.2026"]);
  await box.removeFolder("Work.2026");
  await assertRejects(
    () => box.removeFolder("Work.2026"),
    Deno.errors.NotFound,
    "there is none",
  );
});

Deno.test("Maildir.clean() removes what is older than 36 hours", async () => {
  await using directory = await tempDir();
  const path = join(directory.path, "box");
  await using box = await make(directory.path);
  const hour = 60 * 60 * 1000;
  for (const [name, hours] of [["old", 37], ["new", 35]] as const) {
    const file = join(path, "tmp", name);
    await Deno.writeTextFile(file, "");
    const time = new Date(Date.now() - hours * hour);
    await Deno.utime(file, time, time);
  }
  const file = join(path, "tmp", "read since");
  await Deno.writeTextFile(file, "");
  await Deno.utime(file, new Date(), new Date(0));
  assertEquals(await box.clean(), 1);
  assertEquals(namesIn(join(path, "tmp")), ["new", "read since"]);
});

Deno.test("Maildir.lock() has nothing to lock", async () => {
  await using directory = await tempDir();
  await using box = await make(directory.path);
  await using other = await make(directory.path);
  await box.lock();
  await other.lock();
  await other.add("A: 1\n");
  await other.unlock();
  await box.unlock();
  assertEquals(await box.count(), 1);
});
