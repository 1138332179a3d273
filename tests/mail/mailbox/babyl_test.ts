import { assertEquals, assertRejects } from "jsr:@std/assert@^1.0.0";
import { join } from "node:path";
import { Babyl, type MailFlag } from "../../../mail/mailbox/mod.ts";
import { tempDir } from "../../_support/temp_dir.ts";
import { text } from "../../_wire/memory.ts";
import { contents, keysOf } from "./helpers.ts";

const OPTIONS = "BABYL OPTIONS:\nVersion: 5\nLabels: mine\n\x1f";

Deno.test("Babyl.add() and bytes() agree on every kind", async () => {
  await using directory = await tempDir();
  const path = join(directory.path, "box");
  const messages = [
    "A: 1\n\nx\n",
    "",
    "\n",
    "\nbody\n",
    "A: 1\n",
    "A: 1\n\n",
    "just text\n\nFrom here\n",
    "A: 1\nno field\n\nx\n",
    "A: 1\n\n\x1f\n\x1f\f\n1,,\n>\x1f\n\x1fx\n\n\x1f\n",
    "A: 1\n*** EOOH ***\nB: 2\n\nx\n",
    "A: 1\n\n*** EOOH ***\n\nx\n",
    `X: ${"y".repeat(2_000_000)}\n\nlong\n`,
    `A: 1\n\n${"long \x1f\n\x1f".repeat(100_000)}\n`,
    "A: 1\n\nmixed\r\n\x1f\r\n",
  ];
  const expected: Record<string, string> = {};
  {
    await using box = await Babyl.open(path, { create: true });
    for (const message of messages) expected[await box.add(message)] = message;
    const keys = await keysOf(box);
    assertEquals(keys.length, messages.length);
    for (const key of keys) {
      assertEquals(text(await box.bytes(key)) === expected[key], true, key);
    }
    await box.remove("0");
    delete expected["0"];
    await box.replace("1", "A: new\n\nx\n");
    expected["1"] = "A: new\n\nx\n";
    await box.setFlags("4", ["seen", "passed", "flagged"]);
    await box.flush();
  }
  await using again = await Babyl.open(path);
  const found = Object.values(await contents(again));
  assertEquals(
    found.map((one) => one.slice(0, 100)),
    Object.values(expected).map((one) => one.slice(0, 100)),
  );
  assertEquals(found.join("") === Object.values(expected).join(""), true);
  assertEquals(
    await again.flags("3"),
    new Set(["seen", "passed", "flagged"] as const),
  );
});

Deno.test("Babyl.open() reads what Rmail wrote", async () => {
  const cases: [record: string, message: string, flags: MailFlag[]][] = [
    [
      "1, answered,,\nA: 1\nB: 2\n\n*** EOOH ***\nA: 1\n\nbody\n",
      "A: 1\nB: 2\n\nbody\n",
      ["seen", "answered"],
    ],
    // The header as it came without its empty line.
    ["1,,\nA: 1\nB: 2\n*** EOOH ***\nA: 1\n\nbody\n", "A: 1\nB: 2\n\nbody\n", [
      "seen",
    ]],
    // Not reformed: there is only one header.
    ["0, unseen, deleted,,\n*** EOOH ***\nA: 1\n\nbody\n", "A: 1\n\nbody\n", [
      "deleted",
    ]],
    ["0, resent,, mine, other,\n*** EOOH ***\n\nbody", "\nbody", [
      "seen",
      "passed",
    ]],
    // No header that is shown.
    ["1,,\nA: 1\n\n*** EOOH ***\nbody\n\nmore\n", "A: 1\n\nbody\n\nmore\n", [
      "seen",
    ]],
    ["1,,\nA: 1\n\n*** EOOH ***\nA: 1\n", "A: 1\n", ["seen"]],
    // Damaged.
    ["1,,\nA: 1\n\nbody\n", "A: 1\n\nbody\n", ["seen"]],
    ["", "", ["seen"]],
  ];
  const file = OPTIONS +
    cases.map(([record]) => `\f\n${record}\n\x1f`).join("");
  for (const end of ["", "\n", "\r\n"]) {
    await using directory = await tempDir();
    const path = join(directory.path, "box");
    await Deno.writeTextFile(path, file + end);
    await using box = await Babyl.open(path);
    // A line end stands in front of each control-underscore.
    const messages = cases.map(([, message]) =>
      message === "" ? "" : `${message}\n`
    );
    const found = Object.values(await contents(box));
    assertEquals(found.slice(0, -2), messages.slice(0, -2));
    for (const [at, [, , flags]] of cases.entries()) {
      assertEquals(await box.flags(String(at)), new Set(flags), String(at));
    }
    await box.add("A: 9\n\n");
    await using again = await Babyl.open(path);
    assertEquals(
      Object.values(await contents(again)),
      [...found, "A: 9\n\n"],
    );
  }
});

Deno.test("Babyl.setFlags() keeps labels of the user", async () => {
  await using directory = await tempDir();
  const path = join(directory.path, "box");
  const record = "A: 1\n\n*** EOOH ***\nA: 1\n\nbody\n\x1f";
  await Deno.writeTextFile(
    path,
    `${OPTIONS}\f\n1, filed, unseen, resent,, mine,\n${record}`,
  );
  await using box = await Babyl.open(path);
  await box.setFlags("0", ["seen", "passed", "draft", "recent"]);
  await box.flush();
  assertEquals(
    await Deno.readTextFile(path),
    `${OPTIONS}\f\n1, filed, resent,, mine, draft,\n${record}`,
  );
  assertEquals(
    await box.flags("0"),
    new Set(["seen", "passed", "draft"] as const),
  );
  await box.replace("0", "B: 2\n\nx\n", { flags: ["answered"] });
  await box.flush();
  assertEquals(
    await Deno.readTextFile(path),
    `${OPTIONS}\f\n1, unseen, filed, answered,, mine,\nB: 2\n\n` +
      "*** EOOH ***\nB: 2\n\nx\n\x1f",
  );
  await assertRejects(
    () => Babyl.open(join(directory.path, "none")),
    Deno.errors.NotFound,
  );
});
