import { assertEquals, assertRejects } from "jsr:@std/assert@^1.0.0";
import { join } from "node:path";
import { Mmdf } from "../../../mail/mailbox/mod.ts";
import { tempDir } from "../../_support/temp_dir.ts";
import { text } from "../../_wire/memory.ts";
import { contents } from "./helpers.ts";

const MARK = "\x01\x01\x01\x01\n";
const FROM = "From ada@example.com Thu Jan  1 00:00:00 1970\n";

Deno.test("Mmdf.add() and bytes() agree on every kind", async () => {
  await using directory = await tempDir();
  const path = join(directory.path, "box");
  const messages = [
    "A: 1\n\nx\n",
    "",
    "\n",
    "A: 1\n",
    "A: 1\n\nFrom here 10:10\n>From there\n",
    `A: 1\n\n${MARK}${MARK}>${MARK}>>${MARK}\x01\x01\x01\x01\x01\nx${MARK}`,
    "A: 1\n\nmixed\r\n\x01\x01\x01\x01\r\n",
    "no header\n\nat all\n",
  ];
  const expected: Record<string, string> = {};
  {
    await using box = await Mmdf.open(path, { create: true });
    for (const message of messages) expected[await box.add(message)] = message;
    const key = await box.add(`${FROM}A: 2\r\n\r\nno end`);
    expected[key] = "A: 2\r\n\r\nno end\n";
    assertEquals(await contents(box), expected);
    await box.remove("0");
    delete expected["0"];
    await box.replace("1", "A: new\n\n");
    expected["1"] = "A: new\n\n";
    await box.setFlags("3", ["seen", "recent"]);
    expected["3"] = "A: 1\nStatus: R\n";
    await box.flush();
    assertEquals(await contents(box), expected);
    assertEquals(await box.flags("3"), new Set(["seen", "recent"] as const));
    assertEquals(await box.flags("2"), new Set(["recent"] as const));
  }
  await using again = await Mmdf.open(path);
  assertEquals(
    Object.values(await contents(again)),
    Object.values(expected),
  );
});

Deno.test("Mmdf.open() finds messages between marks", async () => {
  const files: [file: string, messages: string[]][] = [
    ["", []],
    ["junk\n", []],
    [`${MARK}${FROM}A: 1\n\nx\n${MARK}`, ["A: 1\n\nx\n"]],
    // Without a From line, a last line end, and with CRLF.
    [`${MARK}A: 1\n${MARK}${MARK}A: 2\n\x01\x01\x01\x01`, ["A: 1\n", "A: 2\n"]],
    [`${MARK}A: 1\n${MARK}`.replaceAll("\n", "\r\n"), ["A: 1\r\n"]],
    // Empty lines between.
    [`${MARK}A: 1\n${MARK}\n\n${MARK}A: 2\n${MARK}\n`, ["A: 1\n", "A: 2\n"]],
    // The writer of the first has died.
    [`${MARK}A: 1\n${MARK}A: 2\n${MARK}`, ["A: 1\n", "A: 2\n"]],
    [`${MARK}A: 1\n`, ["A: 1\n"]],
    [`${MARK}A: 1\n\nno end`, ["A: 1\n\nno end"]],
    [MARK + MARK, [""]],
    [MARK, [""]],
    [`${MARK}x\x01\x01\x01\x01\n\x01\x01\x01\x01 \n${MARK}`, [
      "x\x01\x01\x01\x01\n\x01\x01\x01\x01 \n",
    ]],
  ];
  for (const [file, messages] of files) {
    await using directory = await tempDir();
    const path = join(directory.path, "box");
    await Deno.writeTextFile(path, file);
    await using box = await Mmdf.open(path);
    const found = Object.values(await contents(box));
    assertEquals(found, messages, JSON.stringify(file));
    if (file === "junk\n") continue;
    // And one more fits behind it.
    const key = await box.add("A: 9\n\n");
    await using again = await Mmdf.open(path);
    const ended = messages.map((one) => one.replace(/ end$/, " end\n"));
    // A lone mark may have been the beginning of a message.
    const expected = file === MARK ? ["A: 9\n\n"] : [...ended, "A: 9\n\n"];
    const all = Object.values(await contents(again));
    assertEquals(all.slice(-expected.length), expected, JSON.stringify(file));
    assertEquals(text(await box.bytes(key)), "A: 9\n\n");
  }
});

Deno.test("Mmdf.replace() keeps the From line", async () => {
  await using directory = await tempDir();
  const path = join(directory.path, "box");
  await Deno.writeTextFile(path, `${MARK}${FROM}A: 1\n${MARK}`);
  await using box = await Mmdf.open(path);
  await box.replace("0", "A: 2\n");
  await box.flush();
  assertEquals(
    await Deno.readTextFile(path),
    `${MARK}${FROM}A: 2\n${MARK}`,
  );
  await assertRejects(
    () => Mmdf.open(join(directory.path, "none")),
    Deno.errors.NotFound,
  );
});
