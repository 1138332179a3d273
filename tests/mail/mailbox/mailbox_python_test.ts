/**
 * The same messages, kept by Python's `mailbox` and by ours: what one writes the
 * other reads. Where they differ, the reason stands beside it.
 */
import { assert, assertEquals } from "jsr:@std/assert@^1.0.0";
import { join } from "node:path";
import {
  Babyl,
  type Mailbox,
  Maildir,
  type MailFlag,
  Mbox,
  Mh,
  Mmdf,
} from "../../../mail/mailbox/mod.ts";
import { seededRandom } from "../../_support/random_slices.ts";
import { tempDir } from "../../_support/temp_dir.ts";
import { askPython, latin1, toLatin1 } from "../encoding/samples.ts";

const random = seededRandom(37);

function below(count: number): number {
  return Math.floor(random() * count);
}

const LINES = [
  "From here to there",
  ">From here",
  ">>From here",
  "From ada Thu Jan  1 00:00:00 1970",
  "Subject: inside",
  "",
  "",
  "text",
  "\xe4\xf6\xfc \x80\xff",
  "cr\rin the middle",
  "*** EOOH **",
  "1, unseen,,",
];

/** A message with a header, a body and a last line end. */
function randomMessage(): string {
  let text = "";
  for (let count = 1 + below(3); count > 0; count--) {
    text += `X-${below(100)}: value\n${below(3) ? "" : " folded\n"}`;
  }
  text += "\n";
  for (let count = 1 + below(6); count > 0; count--) {
    text += `${LINES[below(LINES.length)]}\n`;
  }
  return text;
}

const messages = Array.from({ length: 60 }, randomMessage);

/** What Python gives back of ours, and we of Python's. */
interface Difference {
  open(path: string, create: boolean): Promise<Mailbox>;
  /** What Python's `get_bytes` says of a message that we have written. */
  ours(message: string): string;
  /** What we say of one that Python has written. */
  theirs(message: string): string;
}

const same = (message: string) => message;

const KINDS: Record<string, Difference> = {
  mbox: {
    open: (path, create) => Mbox.open(path, { create, dialect: "mboxo" }),
    // Python quotes as mboxo does, and undoes nothing when it reads.
    ours: (message) => message.replace(/^From /gm, ">From "),
    // Our mboxo undoes it, also what was there before (mbox(5) of qmail).
    theirs: (message) => message.replace(/^>From /gm, "From "),
  },
  MMDF: {
    open: (path, create) => Mmdf.open(path, { create }),
    // Python takes a line end off in front of the mark, which others (mmdf(5))
    // do not put there.
    ours: (message) => message.replace(/\n$/, ""),
    // And it quotes From lines although they end nothing there.
    theirs: (message) => message.replace(/^From /gm, ">From ") + "\n",
  },
  Babyl: {
    open: (path, create) => Babyl.open(path, { create }),
    // The same as in MMDF, in front of control-underscore.
    ours: (message) => message.replace(/\n$/, ""),
    theirs: (message) => message + "\n",
  },
  MH: {
    open: (path, create) => Mh.open(path, { create }),
    ours: same,
    theirs: same,
  },
  Maildir: {
    open: (path, create) => Maildir.open(path, { create }),
    ours: same,
    theirs: same,
  },
};

/** Python's order of a Maildir is the directory's. */
function inOrder(kind: string, texts: string[]): string[] {
  return kind === "Maildir" ? texts.sort() : texts;
}

async function read(box: Mailbox): Promise<string[]> {
  const texts: string[] = [];
  for await (const key of box.keys()) {
    texts.push(toLatin1(await box.bytes(key)));
  }
  return texts;
}

for (const [kind, { open, ours, theirs }] of Object.entries(KINDS)) {
  Deno.test(`Python's ${kind} reads what we write`, async () => {
    await using directory = await tempDir();
    const path = join(directory.path, "box");
    {
      await using box = await open(path, true);
      for (const message of messages) await box.add(latin1(message));
      // And once more after it was written anew.
      for (const [at, key] of (await Array.fromAsync(box.keys())).entries()) {
        if (at % 7 === 3) await box.remove(key);
      }
    }
    const found = await askPython<string[]>(
      `
import mailbox
box = mailbox.${kind}(input, create=False)
output = [box.get_bytes(key).decode("latin1") for key in box.keys()]
`,
      path,
    );
    const left = messages.filter((_, at) => at % 7 !== 3);
    assertEquals(inOrder(kind, found), inOrder(kind, left.map(ours)));
  });

  Deno.test(`We read what Python's ${kind} writes`, async () => {
    await using directory = await tempDir();
    const path = join(directory.path, "box");
    await askPython(
      `
import mailbox
path, messages = input
box = mailbox.${kind}(path)
keys = [box.add(message.encode("latin1")) for message in messages]
for key in keys[3::7]:
    box.remove(key)
box.close()
output = 0
`,
      [path, messages],
    );
    await using box = await open(path, false);
    const left = messages.filter((_, at) => at % 7 !== 3).map((message) =>
      // Python quotes before it writes.
      theirs(
        kind === "mbox" ? message.replace(/\nFrom /g, "\n>From ") : message,
      )
    );
    assertEquals(inOrder(kind, await read(box)), inOrder(kind, left));
  });
}

Deno.test("Python and we add to the same mbox in turns", async () => {
  await using directory = await tempDir();
  const path = join(directory.path, "box");
  await using box = await Mbox.open(path, { create: true });
  for (let turn = 0; turn < 4; turn++) {
    await box.add(`Subject: ours ${turn}\n\nx\n`);
    const count = await askPython<number>(
      `
import mailbox
path, turn = input
box = mailbox.mbox(path)
box.lock()
box.add("Subject: theirs %d\\n\\ny" % turn)
if turn == 2:
    box.remove(0)
box.flush()
box.unlock()
output = len(box)
`,
      [path, turn],
    );
    assertEquals(await box.count(), count);
  }
  const subjects: string[] = [];
  for await (const { message } of box.messages()) {
    subjects.push(message.subject);
  }
  assertEquals(subjects, [
    "theirs 0",
    "ours 1",
    "theirs 1",
    "ours 2",
    "theirs 2",
    "ours 3",
    "theirs 3",
  ]);
});

Deno.test("We find no message in a damaged mbox that Python does not", async () => {
  await using directory = await tempDir();
  const path = join(directory.path, "box");
  {
    await using box = await Mbox.open(path, { create: true });
    for (const message of messages.slice(0, 20)) await box.add(latin1(message));
  }
  const whole = await Deno.readFile(path);
  const paths: string[] = [];
  const counts: number[] = [];
  for (let turn = 0; turn < 60; turn++) {
    const damaged = whole.slice(0, below(whole.length + 1));
    for (let changes = below(30); changes > 0; changes--) {
      damaged[below(damaged.length)] = [
        0x0a,
        0x20,
        0x46,
        0x0d,
        0x3a,
      ][below(5)]!;
    }
    paths.push(`${path}${turn}`);
    await Deno.writeFile(paths.at(-1)!, damaged);
    await using box = await Mbox.open(paths.at(-1)!);
    counts.push(await box.count());
    // All that can be found can be read, and what is added, too.
    const before = await read(box);
    await box.add("Subject: last\n\n");
    await using again = await Mbox.open(paths.at(-1)!);
    const after = await read(again);
    assertEquals(after.length, before.length + 1);
    assertEquals(after.at(-1), "Subject: last\n\n");
    assertEquals(after.slice(0, -2), before.slice(0, -1));
  }
  const found = await askPython<number[]>(
    `
import mailbox
output = [len(mailbox.mbox(path, create=False)) - 1 for path in input]
`,
    paths,
  );
  // Python takes every line that begins with "From " (RFC 4155 has an empty one
  // in front).
  for (const [at, count] of counts.entries()) assert(count <= found[at]!);
  assert(counts.some((count, at) => count < found[at]!));
});

const FLAGS: Record<string, Record<string, MailFlag[]>> = {
  mbox: {
    "": ["recent"],
    "R": ["seen", "recent"],
    "RO": ["seen"],
    "O": [],
    "ROAF": ["seen", "answered", "flagged"],
    "OD": ["deleted"],
  },
  Maildir: {
    "": [],
    "S": ["seen"],
    "FRST": ["flagged", "answered", "seen", "deleted"],
    "DP": ["draft", "passed"],
  },
  MH: {
    "unseen": [],
    "": ["seen"],
    "unseen replied": ["answered"],
    "replied flagged": ["answered", "flagged", "seen"],
  },
  Babyl: {
    "unseen": [],
    "": ["seen"],
    "answered deleted": ["answered", "deleted", "seen"],
    "unseen forwarded": ["passed"],
  },
};

for (const [kind, table] of Object.entries(FLAGS)) {
  Deno.test(`Python's ${kind} and we have the same flags`, async () => {
    await using directory = await tempDir();
    const path = join(directory.path, "box");
    const words = Object.keys(table);
    await askPython(
      `
import mailbox
path, words = input
box = mailbox.${kind}(path)
for word in words:
    message = mailbox.${kind}Message("Subject: %s\\n\\nx\\n\\ny\\n" % word)
    for part in word.split():
        if hasattr(message, "set_sequences"):
            message.add_sequence(part)
        elif hasattr(message, "set_labels"):
            message.add_label(part)
    if hasattr(message, "set_flags"):
        message.set_flags(word)
    if hasattr(message, "set_subdir"):
        message.set_subdir("cur")
    box.add(message)
box.close()
output = 0
`,
      [path, words],
    );
    const box = await KINDS[kind]!.open(path, false);
    const keys: Record<string, string> = {};
    for await (const { key, message } of box.messages()) {
      const word = message.subject;
      assertEquals(await box.flags(key), new Set(table[word]), word);
      // Python's Babyl leaves out the header that is to be shown.
      assertEquals(message.text?.trimEnd(), "x\n\ny");
      keys[word] = key;
    }
    // Each message gets the flags of the next.
    for (const [at, word] of words.entries()) {
      const next = words[(at + 1) % words.length]!;
      await box.setFlags(keys[word]!, table[next]!);
    }
    await box.close();
    const found = await askPython<Record<string, string[]>>(
      `
import mailbox
box = mailbox.${kind}(input, create=False)
output = {}
for message in box:
    for name in ("get_flags", "get_sequences", "get_labels"):
        if hasattr(message, name):
            output[message["subject"]] = sorted(
                word if isinstance(word, str) else word.decode()
                for word in getattr(message, name)())
`,
      path,
    );
    for (const [at, word] of words.entries()) {
      const next = words[(at + 1) % words.length]!;
      const expected = kind === "mbox" || kind === "Maildir"
        ? [...next]
        : next.split(" ").filter((part) => part !== "");
      assertEquals(found[word], expected.sort(), `${word} ${next}`);
    }
  });
}

Deno.test("Python's MH and we have the same sequences", async () => {
  await using directory = await tempDir();
  const path = join(directory.path, "box");
  await using box = await Mh.open(path, { create: true });
  for (let count = 0; count < 12; count++) {
    await box.add("Subject: x\n\n", { flags: ["seen"] });
  }
  await box.flush();
  const theirs = { cur: [12], mine: [1, 2, 3, 5, 8, 9], "unseen": [11] };
  await askPython(
    `
import mailbox
path, sequences = input
mailbox.MH(path).set_sequences(sequences)
output = 0
`,
    [path, theirs],
  );
  const found = await box.sequences();
  assertEquals(
    Object.fromEntries(found),
    { cur: ["12"], mine: ["1", "2", "3", "5", "8", "9"], unseen: ["11"] },
  );
  await box.remove("4");
  await box.remove("5");
  const moved = await box.pack();
  assertEquals(moved.get("12"), "10");
  assertEquals(
    await askPython(
      `
import mailbox
box = mailbox.MH(input)
output = [box.get_sequences(), [int(key) for key in box.keys()]]
`,
      path,
    ),
    [
      { cur: [10], mine: [1, 2, 3, 6, 7], unseen: [9] },
      [1, 2, 3, 4, 5, 6, 7, 8, 9, 10],
    ],
  );
});
