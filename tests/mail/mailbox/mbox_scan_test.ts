/** The scanner of mbox files at every chunk size, against a plain reading. */
import { assertEquals } from "jsr:@std/assert@^1.0.0";
import { join } from "node:path";
import { BabylFormat } from "../../../mail/mailbox/_babyl_format.ts";
import { Entries } from "../../../mail/mailbox/_entries.ts";
import type { FileFormat } from "../../../mail/mailbox/_format.ts";
import { MboxFormat } from "../../../mail/mailbox/_mbox_format.ts";
import { MmdfFormat } from "../../../mail/mailbox/_mmdf_format.ts";
import { FileWindow } from "../../../mail/mailbox/_window.ts";
import { seededRandom } from "../../_support/random_slices.ts";
import { tempDir } from "../../_support/temp_dir.ts";

const random = seededRandom(23);

type Place = [start: number, content: number, end: number];

/** What is found in a file that is read in chunks of that size. */
async function scan(
  path: string,
  format: FileFormat,
  chunk?: number,
): Promise<Place[]> {
  using file = await Deno.open(path);
  const entries = new Entries();
  const { size } = await file.stat();
  await format.scan(new FileWindow(file, size, chunk), 0, entries);
  return Array.from(
    { length: entries.length },
    (_, at) => [entries.start(at), entries.content(at), entries.end(at)],
  );
}

/** A line with where it begins. */
interface Line {
  at: number;
  text: string;
}

/** The rules for `From ` lines, line by line. */
function plainly(file: string): Place[] {
  const lines: Line[] = [];
  for (let at = 0; at < file.length;) {
    const lf = file.indexOf("\n", at);
    const end = lf < 0 ? file.length : lf + 1;
    lines.push({ at, text: file.slice(at, end) });
    at = end;
  }
  const isEmpty = (line: Line | undefined) => /^\r?\n$/.test(line?.text ?? "");
  const places: Place[] = [];
  let inMessage = false;
  for (const [number, { at, text }] of lines.entries()) {
    if (!text.startsWith("From ")) continue;
    const before = lines[number - 1];
    const isFirst = lines.slice(0, number).every(isEmpty);
    // The line in front of the first is part of no message.
    const isBehindEmpty = isEmpty(before) && number > 0;
    const next = lines[number + 1]?.text ?? "";
    const isFrom = /\d\d?:\d\d/.test(text) || /^[!-9;-~]+[ \t]*:/.test(next);
    if (!isFirst && !(isBehindEmpty && isFrom)) continue;
    if (inMessage) places.at(-1)![2] = at - before!.text.length;
    places.push([at, at + text.length, file.length]);
    inMessage = true;
  }
  const last = places.at(-1);
  const end = lines.at(-1);
  if (last && isEmpty(end) && end!.at >= last[1]) last[2] = end!.at;
  return places;
}

const WORDS = [
  "From ",
  "From x 10:10",
  "From y\nA: b",
  "From",
  "\n",
  "\n",
  "\n\n",
  "\r\n",
  "\r\n\r\n",
  "A: b\n",
  "some text",
  ">",
];

function randomFile(words: string[]): string {
  const start = random() < 0.7 ? "From a 10:10\n" : "";
  const count = Math.floor(random() * 30);
  return start + Array.from(
    { length: count },
    () => words[Math.floor(random() * words.length)],
  ).join("");
}

Deno.test("MboxFormat.scan() finds the same at every chunk size", async () => {
  await using directory = await tempDir();
  const path = join(directory.path, "box");
  for (let turn = 0; turn < 400; turn++) {
    const file = randomFile(WORDS);
    await Deno.writeTextFile(path, file);
    const expected = plainly(file);
    for (const chunk of [8, 9, 13, 16, 64, undefined]) {
      const found = await scan(path, new MboxFormat("mboxrd"), chunk);
      assertEquals(found, expected, `${JSON.stringify(file)} ${chunk}`);
    }
  }
});

Deno.test("MboxFormat.scan() finds the same wherever the window ends", async () => {
  await using directory = await tempDir();
  const path = join(directory.path, "box");
  const message = "From a 10:10\nA: b\nContent-Length: 5\n\nbody\n\n";
  for (let length = 0; length < 80; length++) {
    const file = `From a 10:10\n\n${"x".repeat(length)}\n\n${
      message.repeat(3)
    }`;
    await Deno.writeTextFile(path, file);
    const expected = plainly(file);
    assertEquals(expected.length, 4);
    for (const dialect of ["mboxrd", "mboxcl"] as const) {
      assertEquals(await scan(path, new MboxFormat(dialect), 64), expected);
    }
  }
});

Deno.test("MmdfFormat and BabylFormat find the same at every chunk size", async () => {
  await using directory = await tempDir();
  const path = join(directory.path, "box");
  const cases: [() => FileFormat, string, string[]][] = [
    [() => new MmdfFormat(), "", [
      "\x01\x01\x01\x01\n",
      "\x01\x01\x01\x01\n",
      "\x01\x01\x01\x01",
      "\x01",
      "From a 10:10\n",
      "text\n",
      "\n",
    ]],
    [() => new BabylFormat(), "BABYL OPTIONS:\n\x1f", [
      "\n\x1f\f\n",
      "\x1f\f\n",
      "\n\x1f",
      "1,,\n",
      "*** EOOH ***\n",
      "text",
      "\n",
    ]],
  ];
  for (const [format, start, words] of cases) {
    for (let turn = 0; turn < 200; turn++) {
      const file = start + randomFile(words);
      await Deno.writeTextFile(path, file);
      const expected = await scan(path, format());
      for (const [at, content, end] of expected) {
        assertEquals(at <= content && content <= end, true);
      }
      for (const chunk of [8, 11, 32]) {
        assertEquals(await scan(path, format(), chunk), expected);
      }
    }
  }
});
