import {
  assert,
  assertEquals,
  assertRejects,
  assertStringIncludes,
} from "jsr:@std/assert@^1.0.0";
import { join } from "node:path";
import {
  formatSequences,
  parseSequences,
} from "../../../mail/mailbox/_mh_sequences.ts";
import { Mh } from "../../../mail/mailbox/mod.ts";
import { tempDir } from "../../_support/temp_dir.ts";
import { text } from "../../_wire/memory.ts";
import { contents, keysOf, modeOf, namesIn } from "./helpers.ts";

const SEQUENCES = ".mh_sequences";

async function make(directory: string): Promise<Mh> {
  return await Mh.open(join(directory, "box"), { create: true });
}

Deno.test("Mh.add() numbers messages", async () => {
  await using directory = await tempDir();
  const path = join(directory.path, "box");
  await assertRejects(() => Mh.open(path), Deno.errors.NotFound, '"create"');
  await using box = await make(directory.path);
  assertEquals(modeOf(path), 0o700);
  assertEquals(modeOf(join(path, SEQUENCES)), 0o600);
  const messages = ["A: 1\n\nFrom x\n", "", "no end", "a\nb\r\n"];
  for (const message of messages) await box.add(message);
  assertEquals(await box.add("A: 2\r\n\r\nx\r\n"), "5");
  assertEquals(
    Object.values(await contents(box)),
    [...messages, "A: 2\n\nx\n"],
  );
  assertEquals(modeOf(join(path, "1")), 0o600);
  assertEquals(await box.flags("1"), new Set());
  // By somebody else, meanwhile and with names that are no messages.
  await Deno.writeTextFile(join(path, "6"), "A: 6\n");
  for (const name of [",5", "007", "7x", ".8"]) {
    await Deno.writeTextFile(join(path, name), "");
  }
  await Deno.mkdir(join(path, "9"));
  assertEquals(await box.add("A: 7\n"), "7");
  await box.remove("6");
  assertEquals(await keysOf(box), ["1", "2", "3", "4", "5", "7"]);
  assertEquals(await box.count(), 6);
  const date = new Date("2026-11-21T09:38:59Z");
  const key = await box.add("A: 8\n", { date });
  assertEquals(Deno.statSync(join(path, key)).mtime, date);
  assertEquals(namesIn(path).filter((one) => one.endsWith(".tmp")), []);
});

Deno.test("Mh.flush() writes flags as sequences", async () => {
  await using directory = await tempDir();
  const path = join(directory.path, "box");
  await using box = await make(directory.path);
  for (let at = 0; at < 6; at++) await box.add("A: 1\n\n");
  await Deno.writeTextFile(join(path, SEQUENCES), "cur: 3\nmine: 1-2 5\n");
  await box.setFlags("1", ["seen", "answered"]);
  await box.setFlags("2", ["flagged", "draft", "deleted", "passed", "recent"]);
  assertEquals(await box.flags("1"), new Set(["seen", "answered"] as const));
  await box.remove("5");
  const said = await box.sequences();
  await box.flush();
  assertEquals(await box.sequences(), said);
  assertEquals(
    (await Deno.readTextFile(join(path, SEQUENCES))).split("\n").sort(),
    [
      "",
      "cur: 3",
      "deleted: 2",
      "draft: 2",
      "flagged: 2",
      "forwarded: 2",
      "mine: 1-2",
      "replied: 1",
      "unseen: 2-4 6",
    ],
  );
  await using again = await make(directory.path);
  assertEquals(await again.flags("1"), new Set(["seen", "answered"] as const));
  assertEquals(
    await again.flags("2"),
    new Set(["flagged", "draft", "deleted", "passed"] as const),
  );
  await again.replace("1", "A: 2\n");
  assertEquals(await again.flags("1"), new Set(["seen", "answered"] as const));
  await again.replace("1", "A: 2\n", { flags: [] });
  assertEquals(await again.flags("1"), new Set());
  assertEquals(text(await again.bytes("1")), "A: 2\n");
});

Deno.test("Mh.setSequences() refuses what could not be read again", async () => {
  await using directory = await tempDir();
  await using box = await make(directory.path);
  for (let at = 0; at < 3; at++) await box.add("", { flags: ["seen"] });
  await box.setSequences([["mine", ["3", "1", "2"]], ["none", []]]);
  assertEquals(
    await box.sequences(),
    new Map([["mine", ["1", "2", "3"]]]),
  );
  for (const name of ["", "a b", "a:", "1", "a\n", "-"]) {
    await assertRejects(
      () => box.setSequences([[name, []]]),
      TypeError,
      "it is no name",
    );
  }
  for (const key of ["0", "x", "-1", "1\n", ""]) {
    await assertRejects(
      () => box.setSequences([["mine", [key]]]),
      TypeError,
      "no message's number",
    );
  }
});

Deno.test("parseSequences() reads ranges of any size in no time", () => {
  const present = [1, 2, 3, 7, 9, 1000];
  const read = (file: string) =>
    Object.fromEntries(
      parseSequences(file, present).entries()
        .map(([name, numbers]) => [name, [...numbers]] as const),
    );
  assertEquals(read(""), {});
  assertEquals(
    read("a: 1-3 9\nb: 7\nc:\nd: 2-999999999999999 1\ne: 5-4 3\n"),
    { a: [1, 2, 3, 9], b: [7], c: [], d: [1, 2, 3, 7, 9, 1000], e: [3] },
  );
  // Overlapping, folded, and with what is none of it.
  assertEquals(
    read("a: 2-8 1-3 7-7\n 9\r\nno colon\nb: x 1- -2 3-y 7\n 1: 3\na b: 1\n"),
    { a: [1, 2, 3, 7, 9], b: [3, 7] },
  );
  const many = `a: ${"1-999999999999999 ".repeat(100_000)}\n`;
  assertEquals(read(many), { a: present });
});

Deno.test("formatSequences() writes ranges", () => {
  assertEquals(
    formatSequences(
      new Map([
        ["a", new Set([3, 1, 2, 9, 11, 12])],
        ["none", new Set<number>()],
        ["b", new Set([7])],
      ]),
    ),
    "a: 1-3 9 11-12\nb: 7\n",
  );
});

Deno.test("Mh.pack() leaves no gaps, and loses nothing", async () => {
  await using directory = await tempDir();
  const path = join(directory.path, "box");
  await using box = await make(directory.path);
  for (let at = 1; at <= 8; at++) await box.add(`A: ${at}\n`);
  for (const key of ["1", "4", "5"]) await box.remove(key);
  await box.setFlags("8", ["flagged", "seen"]);
  await box.setFlags("2", ["seen"]);
  assertEquals(
    await box.pack(),
    new Map([["2", "1"], ["3", "2"], ["6", "3"], ["7", "4"], ["8", "5"]]),
  );
  assertEquals(await contents(box), {
    "1": "A: 2\n",
    "2": "A: 3\n",
    "3": "A: 6\n",
    "4": "A: 7\n",
    "5": "A: 8\n",
  });
  assertEquals(await box.flags("5"), new Set(["flagged", "seen"] as const));
  assertEquals(
    await Deno.readTextFile(join(path, SEQUENCES)),
    "unseen: 2-4\nflagged: 5\n",
  );
  assertEquals(await box.pack(), new Map());
  assertEquals(await box.add("A: 9\n"), "6");
});

Deno.test("Mh.folder() has folders as directories", async () => {
  await using directory = await tempDir();
  await using box = await make(directory.path);
  await assertRejects(() => box.folder("work"), Deno.errors.NotFound);
  await using work = await box.folder("work", { create: true });
  await using _year = await work.folder("2026", { create: true });
  assertEquals(await box.folders(), ["work"]);
  assertEquals(await work.folders(), ["2026"]);
  assertEquals(await work.count(), 0);
  await assertRejects(() => box.removeFolder("work"), Error, '"2026" in it');
  await work.removeFolder("2026");
  const key = await work.add("");
  await assertRejects(() => box.removeFolder("work"), Error, '"1" in it');
  await work.remove(key);
  await work.flush();
  await box.removeFolder("work");
  assertEquals(await box.folders(), []);
  for (const name of ["", ".", "..", "../x", "a/b", ".x", "a\\b", "a\0"]) {
    await assertRejects(() => box.folder(name), TypeError, "Cannot use");
    await assertRejects(() => box.removeFolder(name), TypeError, "Cannot use");
  }
});

Deno.test("Mh knows only numbers as keys", async () => {
  await using directory = await tempDir();
  await using box = await make(directory.path);
  await box.add("");
  for (const key of ["0", "01", "../1", ".mh_sequences", "", "1/", "x", "2"]) {
    assertEquals(await box.has(key), false);
    await assertRejects(() => box.bytes(key), Deno.errors.NotFound);
    await assertRejects(() => box.remove(key), Deno.errors.NotFound);
    await assertRejects(() => box.replace(key, ""), Deno.errors.NotFound);
    await assertRejects(() => box.setFlags(key, []), Deno.errors.NotFound);
  }
});

Deno.test("Mh.keys() goes on when messages are removed", async () => {
  await using directory = await tempDir();
  await using box = await make(directory.path);
  for (let at = 0; at < 5; at++) await box.add("");
  const seen: string[] = [];
  for await (const key of box.keys()) {
    seen.push(key);
    await box.remove(key);
    if (key === "2") await box.remove("3");
  }
  assertEquals(seen, ["1", "2", "4", "5"]);
});

Deno.test("Mh.lock() locks the sequences", async () => {
  await using directory = await tempDir();
  const path = join(directory.path, "box");
  await using box = await make(directory.path);
  await using other = await Mh.open(path, { lockTimeout: 0 });
  await box.lock();
  const key = await other.add("");
  const error = await assertRejects(() => other.flush(), DOMException);
  assertStringIncludes(error.message, ".mh_sequences.lock");
  await box.setFlags(key, ["seen"]);
  await box.flush();
  await box.unlock();
  assert(!(await other.flags(key)).has("seen"));
  await other.flush();
});
