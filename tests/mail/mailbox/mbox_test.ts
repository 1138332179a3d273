import {
  assert,
  assertEquals,
  assertMatch,
  assertRejects,
  assertStringIncludes,
} from "jsr:@std/assert@^1.0.0";
import { join } from "node:path";
import {
  Mbox,
  type MboxDialect,
  type MboxOptions,
} from "../../../mail/mailbox/mod.ts";
import { MailMessage } from "../../../mail/message/mod.ts";
import { tempDir } from "../../_support/temp_dir.ts";
import { bytes, text } from "../../_wire/memory.ts";
import { contents, keysOf, modeOf, namesIn } from "./helpers.ts";

const DIALECTS: MboxDialect[] = ["mboxo", "mboxrd", "mboxcl", "mboxcl2"];
const FROM = "From ada@example.com Thu Jan  1 00:00:00 1970\n";

/** Messages of every kind; what mbox cannot keep of them stands beside. */
const KINDS: [message: string, read?: string][] = [
  ["Subject: a\n\nHello\n"],
  [""],
  ["\n"],
  ["Subject: a\n"],
  ["Subject: a\n\n"],
  ["\nno header\n"],
  ["Subject: a\n\n\n\n\n"],
  ["Subject: a\n\nFrom here\n\nFrom there 12:30\n\n"],
  ["Subject: a\n\n\n\nFrom x 10:10\nA: b\n\n"],
  ["Subject: a\n\nmixed\r\n\r\nFrom x 10:10\r\nA: b\n"],
  ["From : old@example.com\n\nx\n"],
  ["Subject: a\n\nno end", "Subject: a\n\nno end\n"],
  ["Subject: a\r\n\r\nFrom x\r\n", "Subject: a\n\nFrom x\n"],
  [`${FROM}Subject: a\n\nx\n`, "Subject: a\n\nx\n"],
  [FROM, ""],
];

/** Writes a file and opens it. */
async function boxOf(
  directory: string,
  file: string,
  options: MboxOptions = {},
): Promise<Mbox> {
  const path = join(directory, "box");
  await Deno.writeTextFile(path, file);
  return await Mbox.open(path, options);
}

for (const dialect of DIALECTS) {
  Deno.test(`Mbox.add() and bytes() agree on every kind, ${dialect}`, async () => {
    await using directory = await tempDir();
    const path = join(directory.path, "box");
    const expected: Record<string, string> = {};
    {
      await using box = await Mbox.open(path, { create: true, dialect });
      assertEquals(box.dialect, dialect);
      for (const [message, read = message] of KINDS) {
        expected[await box.add(message)] = read;
      }
      assertEquals(await contents(box), expected);
    }
    await using again = await Mbox.open(path, { dialect });
    assertEquals(await contents(again), expected);
    assertEquals(await again.count(), KINDS.length);
    // Written anew, each of them stays what it is.
    await again.remove("0");
    await again.setFlags("3", ["seen"]);
    await again.replace("4", KINDS[8]![0]);
    await again.flush();
    delete expected["0"];
    expected["3"] = "Subject: a\nStatus: RO\n";
    expected["4"] = KINDS[8]![0];
    assertEquals(await contents(again), expected);
    await using third = await Mbox.open(path, { dialect });
    assertEquals(
      Object.values(await contents(third)),
      Object.values(expected),
    );
  });
}

Deno.test("Mbox.bytes() undoes what each dialect has quoted", async () => {
  const lines = "From a\n>From b\n>>From c\n";
  const expected: Record<MboxDialect, [file: string, read: string]> = {
    mboxo: [">From a\n>From b\n>>From c\n", "From a\nFrom b\n>>From c\n"],
    mboxrd: [">From a\n>>From b\n>>>From c\n", lines],
    mboxcl: [">From a\n>From b\n>>From c\n", "From a\nFrom b\n>>From c\n"],
    mboxcl2: [lines, lines],
  };
  for (const dialect of DIALECTS) {
    await using directory = await tempDir();
    const path = join(directory.path, "box");
    await using box = await Mbox.open(path, { create: true, dialect });
    const key = await box.add(`A: b\n\n${lines}`);
    const [file, read] = expected[dialect];
    assert((await Deno.readTextFile(path)).endsWith(`\n\n${file}\n`));
    assertEquals(text(await box.bytes(key)), `A: b\n\n${read}`);
  }
});

Deno.test("Mbox.open() finds messages by From lines behind empty lines", async () => {
  const files: [file: string, messages: string[]][] = [
    ["", []],
    ["\n\n", []],
    [`${FROM}A: 1\n\nx\n`, ["A: 1\n\nx\n"]],
    [`${FROM}A: 1\n\nx`, ["A: 1\n\nx"]],
    [FROM.trimEnd(), [""]],
    [`\n\n${FROM}A: 1\n\n${FROM}A: 2\n\n`, ["A: 1\n", "A: 2\n"]],
    // Without an empty line in front, if it can be nothing else.
    [`${FROM}A: 1\n\nx\n${FROM}A: 2\n\ny\n`, ["A: 1\n\nx\n", "A: 2\n\ny\n"]],
    [`${FROM}A: 1\n\nx\nFrom y 9:15\nA: 2\n`, [
      "A: 1\n\nx\nFrom y 9:15\nA: 2\n",
    ]],
    // Without a time, and no header behind it.
    [`${FROM}A: 1\n\nFrom then on,\nit\n`, ["A: 1\n\nFrom then on,\nit\n"]],
    [`${FROM}A: 1\n\nFrom x\nA: 2\n\n`, ["A: 1\n", "A: 2\n"]],
    [`${FROM}A: 1\n\nFrom x 9:15\nhm\n`, ["A: 1\n", "hm\n"]],
    // CRLF, as made on Windows.
    [
      `${FROM}A: 1\n\n>From x\n\n${FROM}A: 2\n\ny\n`.replaceAll("\n", "\r\n"),
      ["A: 1\n\nFrom x\n", "A: 2\n\ny\n"],
    ],
    // Something else in front.
    [`# a note\n\n${FROM}A: 1\n\n`, ["A: 1\n"]],
    ["no mailbox at all\n", []],
  ];
  for (const [file, messages] of files) {
    await using directory = await tempDir();
    await using box = await boxOf(directory.path, file);
    assertEquals(Object.values(await contents(box)), messages, file);
    // And one more fits behind it, without a change to them.
    await box.add("A: 9\n\nlast\n");
    // Only the last line may get its end.
    const ended = messages.map((one) => one.endsWith("x") ? `${one}\n` : one);
    const all = [...ended, "A: 9\n\nlast\n"];
    await using again = await Mbox.open(join(directory.path, "box"));
    assertEquals(Object.values(await contents(again)), all, file);
  }
});

Deno.test("Mbox.add() writes CRLF into a file that has it", async () => {
  await using directory = await tempDir();
  const file = `${FROM}A: 1\n\nx\n\n`.replaceAll("\n", "\r\n");
  await using box = await boxOf(directory.path, file);
  const key = await box.add("A: 2\n\nFrom y\n", { flags: ["seen"] });
  await box.setFlags("0", ["seen"]);
  await box.flush();
  const whole = await Deno.readTextFile(join(directory.path, "box"));
  assertEquals(whole.replaceAll("\r\n", "").includes("\n"), false);
  assertEquals(text(await box.bytes(key)), "A: 2\nStatus: RO\n\nFrom y\n");
  assertEquals(text(await box.bytes("0")), "A: 1\nStatus: RO\n\nx\n");
});

Deno.test("Mbox trusts a Content-Length only where a message follows", async () => {
  const body = "one\n\nFrom x 10:10\nA: 2\n\ntwo\n";
  const box = (length: number | string) =>
    `${FROM}A: 1\nContent-Length: ${length}\n\n${body}\n${FROM}A: 3\n\n`;
  const asLines = ["A: 1\n\none\n", "A: 2\n\ntwo\n", "A: 3\n"];
  const right = [`A: 1\n\n${body}`, "A: 3\n"];
  const cases: [number | string, string[]][] = [
    [body.length, right],
    [body.length + 1, [`A: 1\n\n${body}\n`, "A: 3\n"]],
    [body.length - 1, [`A: 1\n\n${body.slice(0, -1)}`, "A: 3\n"]],
    ["", asLines],
    [-1, asLines],
    [7, asLines],
    [body.length - 7, asLines],
    [body.length + 30, asLines],
    ["99999999999999", asLines],
    ["9".repeat(400), asLines],
    ["4 4", asLines],
    // Where a From line begins, if not the right one.
    [4, asLines],
  ];
  for (const [length, messages] of cases) {
    for (const dialect of ["mboxcl", "mboxcl2"] as const) {
      await using directory = await tempDir();
      await using read = await boxOf(directory.path, box(length), { dialect });
      const found = Object.values(await contents(read));
      assertEquals(found, messages, `${dialect} ${length}`);
    }
    // In other dialects it is the sender's word.
    await using directory = await tempDir();
    await using read = await boxOf(directory.path, box(length));
    assertEquals((await keysOf(read)).length, 3);
  }
});

Deno.test("Mbox.add() makes a From line of what the message says", async () => {
  const cases: [string, string][] = [
    [
      "From: Ada <ada@example.com>\nDate: Sat, 21 Nov 2026 10:38:59 +0100\n\n",
      "From ada@example.com Sat Nov 21 09:38:59 2026",
    ],
    [
      "Return-Path: <bounce@example.com>\nFrom: a@b\nDate: 1 Jan 2026 1:2:3 +0\n\n",
      "From bounce@example.com Thu Jan  1 01:02:03 2026",
    ],
    [
      'From: "x y"@example.com\nSender: s@example.com\nDate: 2 Jan 2026 00:00\n\n',
      "From s@example.com Fri Jan  2 00:00:00 2026",
    ],
    [
      "Return-Path: <>\nDate: 2 Jan 2026 00:00\n\n",
      "From MAILER-DAEMON Fri Jan  2 00:00:00 2026",
    ],
    [`${FROM}A: b\n\n`, FROM.trimEnd()],
  ];
  for (const [message, line] of cases) {
    await using directory = await tempDir();
    const path = join(directory.path, "box");
    await using box = await Mbox.open(path, { create: true });
    await box.add(message);
    assertEquals((await Deno.readTextFile(path)).split("\n")[0], line);
  }
  await using directory = await tempDir();
  const path = join(directory.path, "box");
  await using box = await Mbox.open(path, { create: true });
  await box.add("From ada\nA: b\n\n");
  await box.add("A: b\n\n", { date: new Date("2026-11-21T09:38:59Z") });
  await box.add("A: b\nDate: nonsense\n\n");
  const lines = (await Deno.readTextFile(path)).split("\n");
  // Without a time few would know the line.
  assertMatch(lines[0]!, /^From ada \w{3} \w{3} [ \d]\d \d\d:\d\d:\d\d \d{4}$/);
  assertEquals(lines[4], "From MAILER-DAEMON Sat Nov 21 09:38:59 2026");
  assertMatch(lines[8]!, /^From MAILER-DAEMON \w{3} \w{3} .*:.* \d{4}$/);
});

Deno.test("Mbox.add() keeps the bytes of a From line", async () => {
  await using directory = await tempDir();
  const path = join(directory.path, "box");
  await using box = await Mbox.open(path, { create: true });
  const whole = new Uint8Array([...bytes(FROM), ...bytes("A: b\n\n")]);
  whole[5] = 0xff;
  const key = await box.add(whole);
  assertEquals((await Deno.readFile(path)).subarray(0, whole.length), whole);
  await box.replace(key, "A: c\n\n");
  await box.flush();
  whole[whole.length - 3] = 0x63;
  assertEquals((await Deno.readFile(path)).subarray(0, whole.length), whole);
});

Deno.test("Mbox.add() can be aborted while the source is silent", async () => {
  await using directory = await tempDir();
  const path = join(directory.path, "box");
  await using box = await Mbox.open(path, { create: true });
  const aborter = new AbortController();
  const cancelled = Promise.withResolvers<void>();
  const source = new ReadableStream<Uint8Array>({
    pull(controller) {
      controller.enqueue(bytes("A: b\n"));
      return new Promise(() => aborter.abort(new Error("no time")));
    },
    cancel: () => cancelled.resolve(),
  });
  const { signal } = aborter;
  await assertRejects(() => box.add(source, { signal }), Error, "no time");
  await cancelled.promise;
  assertEquals(await box.count(), 0);
});

Deno.test("Mbox.replace() keeps the From line, the flags and the key", async () => {
  await using directory = await tempDir();
  await using box = await boxOf(
    directory.path,
    `${FROM}A: 1\nStatus: RO\nX-Status: F\n\nx\n\n${FROM}A: 2\n\n`,
  );
  await box.replace("0", "A: new\r\n\r\nFrom here\r\n");
  const expected = "A: new\nStatus: RO\nX-Status: F\n\nFrom here\n";
  assertEquals(text(await box.bytes("0")), expected);
  assertEquals(await box.flags("0"), new Set(["seen", "flagged"] as const));
  await box.flush();
  assertEquals(text(await box.bytes("0")), expected);
  assertStringIncludes(
    await Deno.readTextFile(join(directory.path, "box")),
    `${FROM}A: new\n`,
  );
  await box.replace("1", "A: 3\n\n", { flags: ["draft"] });
  await box.replace("1", "A: 4\n\n");
  await box.setFlags("1", ["answered", "recent"]);
  assertEquals(
    await box.flags("1"),
    new Set(["answered", "recent"] as const),
  );
  assertEquals(text(await box.bytes("1")), "A: 4\nX-Status: A\n\n");
  await box.remove("0");
  await box.flush();
  assertEquals(await contents(box), { "1": "A: 4\nX-Status: A\n\n" });
});

Deno.test("Mbox.keys() and messages() go on when messages are removed", async () => {
  await using directory = await tempDir();
  const path = join(directory.path, "box");
  await using box = await Mbox.open(path, { create: true });
  for (let n = 0; n < 10; n++) await box.add(`Subject: ${n}\n\n`);
  const seen: string[] = [];
  for await (const key of box.keys()) {
    seen.push(key);
    await box.remove(key);
    if (key === "3") await box.remove("4");
    if (key === "5") await box.flush();
    if (key === "6") await box.add("Subject: 10\n\n");
  }
  assertEquals(seen, ["0", "1", "2", "3", "5", "6", "7", "8", "9", "10"]);
  assertEquals(await box.count(), 0);
  await box.flush();
  assertEquals(await Deno.readTextFile(path), "");
  for (let n = 11; n < 20; n++) await box.add(`Subject: ${n}\n\n`);
  const subjects: string[] = [];
  for await (const { key, message } of box.messages()) {
    subjects.push(message.subject);
    await box.remove(key);
    if (key === "13") await box.remove("14");
    if (key === "15") await box.flush();
  }
  assertEquals(subjects.join(), "11,12,13,15,16,17,18,19");
});

Deno.test("Mbox notices what others append, and keeps it", async () => {
  await using directory = await tempDir();
  const path = join(directory.path, "box");
  await using box = await boxOf(directory.path, `${FROM}A: 1\n\n`);
  const other = `${FROM}A: 2\n\n\n${FROM}A: 3\n\n`;
  assertEquals(await keysOf(box), ["0"]);
  await box.remove("0");
  // The one that is to be removed gets longer, too.
  await Deno.writeTextFile(path, `more\n\n${other}`, { append: true });
  assertEquals(await contents(box), { "1": "A: 2\n\n", "2": "A: 3\n" });
  await Deno.writeTextFile(path, `\n${FROM}A: 4\n\n`, { append: true });
  await box.flush();
  assertEquals(await contents(box), {
    "1": "A: 2\n\n",
    "2": "A: 3\n\n",
    "3": "A: 4\n",
  });
  await using again = await Mbox.open(path);
  assertEquals((await keysOf(again)).length, 3);
});

Deno.test("Mbox gives changes up when others have written the file anew", async () => {
  const file = (...names: string[]) =>
    names.map((name, n) => `From x Thu Jan  1 00:00:0${n} 1970\nA: ${name}\n\n`)
      .join("");
  await using directory = await tempDir();
  const path = join(directory.path, "box");
  for (const inPlace of [true, false]) {
    await using box = await boxOf(directory.path, file("1", "2", "3"));
    await box.remove("1");
    const fewer = file("1", "2", "3").slice(file("1").length);
    await Deno.writeTextFile(inPlace ? path : `${path}2`, fewer);
    if (!inPlace) await Deno.rename(`${path}2`, path);
    const error = await assertRejects(() => box.flush(), Deno.errors.Busy);
    assertStringIncludes(error.message, "1 changes had to be given up");
    assertEquals(await contents(box), { "3": "A: 2\n", "4": "A: 3\n" });
    await assertRejects(() => box.bytes("1"), Deno.errors.NotFound);
    await box.remove("3");
    await box.flush();
    assertEquals(await contents(box), { "4": "A: 3\n" });
  }
  // The same messages in a new file: nothing was lost, and the keys are good.
  await using box = await boxOf(directory.path, file("1", "2"));
  await box.remove("0");
  await Deno.writeTextFile(`${path}2`, file("1", "2", "3"));
  await Deno.rename(`${path}2`, path);
  await box.flush();
  assertEquals(await contents(box), { "1": "A: 2\n", "2": "A: 3\n" });
  // No file at all is one without messages.
  await Deno.remove(path);
  assertEquals(await box.count(), 0);
  await box.add("A: 4\n\n");
  assertEquals(modeOf(path), 0o600);
  assertEquals(Object.values(await contents(box)), ["A: 4\n\n"]);
});

Deno.test("Mbox.keys() stops where the file is another one", async () => {
  await using directory = await tempDir();
  await using box = await boxOf(
    directory.path,
    `${FROM}A: 1\n\n${FROM}A: 2\n\n`,
  );
  const keys = box.keys();
  await keys.next();
  await Deno.writeTextFile(join(directory.path, "box"), `${FROM}B: 3\n\n`);
  assertEquals(await box.count(), 1);
  await assertRejects(() => keys.next(), Deno.errors.Busy, "written it anew");
});

Deno.test("Mbox keeps links, modes and owners, and leaves nothing behind", async () => {
  await using directory = await tempDir();
  const target = join(directory.path, "target");
  const link = join(directory.path, "link");
  await Deno.symlink(target, link);
  {
    // A link that leads nowhere yet.
    await using box = await Mbox.open(link, { create: true });
    await box.add("A: 1\n\n");
    await box.add("A: 2\n\n");
    assertEquals(modeOf(target), 0o600);
    await Deno.chmod(target, 0o640);
    await box.remove("0");
    // As a process that died has left it.
    await Deno.writeTextFile(join(directory.path, ".target.rewrite"), "x");
    await box.flush();
  }
  assert(Deno.lstatSync(link).isSymlink);
  assertEquals(modeOf(target), 0o640);
  assertEquals(namesIn(directory.path), ["link", "target"]);
  assertStringIncludes(await Deno.readTextFile(target), "A: 2");
});

Deno.test("Mbox.stream() goes on whatever happens to the mailbox", async () => {
  await using directory = await tempDir();
  const path = join(directory.path, "box");
  await using box = await Mbox.open(path, { create: true });
  const long = `A: b\n\n${"From here to there\n".repeat(100_000)}`;
  await box.add("A: 0\n\n");
  const key = await box.add(new Blob([long]).stream());
  const stream = await box.stream(key);
  await box.remove("0");
  await box.flush();
  await box.replace(key, "A: other\n\n");
  const unwritten = await box.stream(key);
  await box.flush();
  assertEquals(await new Response(stream).text(), long);
  assertEquals(await new Response(unwritten).text(), "A: other\n\n");
  const cancelled = await box.stream(key);
  await cancelled.cancel();
  // From a mailbox into itself.
  const copy = await box.add(await box.stream(key));
  assertEquals(text(await box.bytes(copy)), "A: other\n\n");
});

Deno.test("Mbox.add() takes every kind of source, also very long ones", async () => {
  await using directory = await tempDir();
  const path = join(directory.path, "box");
  await using box = await Mbox.open(path, { create: true, dialect: "mboxcl" });
  const line = "From here to there\r\n";
  function* parts() {
    yield bytes("Subject: long\r\n\r\n");
    for (let n = 0; n < 10; n++) yield bytes(line.repeat(50_000));
  }
  const key = await box.add(
    ReadableStream.from(parts()) as ReadableStream<Uint8Array>,
  );
  const expected = `Subject: long\n\n${"From here to there\n".repeat(500_000)}`;
  assert(text(await box.bytes(key)) === expected);
  await box.replace(key, await box.stream(key));
  await box.flush();
  assert(text(await box.bytes(key)) === expected);
  const made = new MailMessage({
    from: "ada@example.com",
    bcc: "secret@example.com",
    subject: "Hello",
    text: "From here\n",
  });
  const other = await box.add(made);
  const read = await box.get(other);
  assertEquals([read.subject, read.text], ["Hello", "From here\n"]);
  assertEquals(read.headers.get("bcc"), "secret@example.com");
  const source = ReadableStream.from((function* () {
    yield bytes("A: b\n\n");
    throw new Error("the source failed");
  })()) as ReadableStream<Uint8Array>;
  await assertRejects(() => box.add(source), Error, "the source failed");
  assertEquals(await box.count(), 2);
});

Deno.test("Mbox rejects what it cannot do, and says why", async () => {
  await using directory = await tempDir();
  const path = join(directory.path, "box");
  await assertRejects(() => Mbox.open(path), Deno.errors.NotFound, '"create"');
  assertEquals(namesIn(directory.path), []);
  await assertRejects(() => Mbox.open(directory.path), TypeError, "no file");
  await assertRejects(
    () => Mbox.open(path, { dialect: "mbox" as MboxDialect, create: true }),
    TypeError,
    'no dialect "mbox"',
  );
  for (const lockTimeout of [-1, NaN, Infinity]) {
    await assertRejects(
      () => Mbox.open(path, { lockTimeout, create: true }),
      TypeError,
      "for a lock",
    );
  }
  const box = await Mbox.open(path, { create: true });
  const key = await box.add("A: b\n\n");
  for (const bad of ["1", "-1", "00", "0.0", "", "x", "1e0", "__proto__"]) {
    assertEquals(await box.has(bad), false);
    await assertRejects(() => box.bytes(bad), Deno.errors.NotFound, "is none");
    await assertRejects(() => box.remove(bad), Deno.errors.NotFound);
    await assertRejects(() => box.replace(bad, ""), Deno.errors.NotFound);
    await assertRejects(() => box.flags(bad), Deno.errors.NotFound);
    await assertRejects(() => box.setFlags(bad, []), Deno.errors.NotFound);
    await assertRejects(() => box.stream(bad), Deno.errors.NotFound);
  }
  await assertRejects(
    () => box.setFlags(key, ["read" as "seen"]),
    TypeError,
    'the flag "read"',
  );
  await assertRejects(
    () => box.add("", { date: new Date(NaN) }),
    TypeError,
    "date",
  );
  await assertRejects(() => box.add(7 as unknown as string), TypeError);
  const signal = AbortSignal.abort(new Error("no time"));
  await assertRejects(() => box.add("", { signal }), Error, "no time");
  await assertRejects(() => box.bytes(key, { signal }), Error, "no time");
  await box.remove(key);
  await assertRejects(() => box.get(key), Deno.errors.NotFound);
  await box.close();
  await box.close();
  const error = await assertRejects(() => box.count(), DOMException, "closed");
  assertEquals(error.name, "InvalidStateError");
});
