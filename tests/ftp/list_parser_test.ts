import {
  assert,
  assertEquals,
  assertStrictEquals,
} from "jsr:@std/assert@^1.0.0";
import { parseList } from "../../ftp/list_parser.ts";
import type { FtpEntry } from "../../ftp/types.ts";

const CORPUS = new URL("../corpus/ftp_list/", import.meta.url);
const NOW = new Date("2024-03-10T12:00:00Z");

interface Sample {
  lines: string[];
  expected: FtpEntry | null;
  /** Means something only within its listing. */
  inListing: boolean;
}

// Lines of a sample, then `=> ` and its entry as JSON without `raw`, or null;
// `=>* ` where the line alone says too little. `# ` begins a comment.
function readSamples(name: string): Sample[] {
  const samples: Sample[] = [];
  let lines: string[] = [];
  const text = Deno.readTextFileSync(new URL(name, CORPUS));
  for (const line of text.split("\n")) {
    const found = /^=>(\*?) (.*)$/.exec(line);
    if (found === null) {
      if (line !== "" && !line.startsWith("# ")) lines.push(line);
      continue;
    }
    const expected = JSON.parse(found[2]!);
    if (expected !== null) {
      expected.raw = lines.join("\n");
      if (expected.modified) expected.modified = new Date(expected.modified);
    }
    samples.push({ lines, expected, inListing: found[1] === "*" });
    lines = [];
  }
  assertEquals(lines, []);
  return samples;
}

for (
  const name of [
    "unix.txt",
    "unix_dates.txt",
    "dos.txt",
    "vms.txt",
    "mvs.txt",
    "others.txt",
  ]
) {
  const samples = readSamples(name);

  Deno.test(`parseList() reads each line of ${name}`, () => {
    for (const { lines, expected, inListing } of samples) {
      if (inListing) continue;
      const entries = parseList(lines, { now: NOW });
      assertEquals(entries, expected === null ? [] : [expected], lines[0]);
    }
  });

  Deno.test(`parseList() reads ${name} as one listing`, () => {
    const entries = parseList(samples.flatMap((s) => s.lines), { now: NOW });
    const expected = samples.map((s) => s.expected).filter((e) => e !== null);
    assertEquals(entries, expected);
  });
}

Deno.test("parseList() takes any iterable, with or without line ends", () => {
  function* lines() {
    yield "total 1\r\n";
    yield "-rw-r--r-- 1 u g 1 Jan  5  2020 a\r\n";
    yield "-rw-r--r-- 1 u g 1 Jan  5  2020 b\n";
    yield "-rw-r--r-- 1 u g 1 Jan  5  2020 c";
  }
  const entries = parseList(lines());
  assertEquals(entries.map((e) => e.name), ["a", "b", "c"]);
  assertEquals(entries[0]?.raw, "-rw-r--r-- 1 u g 1 Jan  5  2020 a");
  assertEquals(parseList([]), []);
  assertEquals(parseList(["", " ", "\r\n"]), []);
});

Deno.test("parseList() reads dates without a year by the clock it is given", () => {
  const at = (line: string, now: string) =>
    parseList([`-rw-r--r-- 1 u g 1 ${line} x`], { now: new Date(now) })[0]
      ?.modified?.toISOString();
  assertEquals(
    at("Dec 31 23:00", "2024-01-01T00:30Z"),
    "2023-12-31T23:00:00.000Z",
  );
  assertEquals(
    at("Jan  1 01:00", "2023-12-31T23:30Z"),
    "2024-01-01T01:00:00.000Z",
  );
  assertEquals(
    at("Jan  1 23:31", "2023-12-31T23:30Z"),
    "2023-01-01T23:31:00.000Z",
  );
  assertEquals(
    at("Feb 29 10:00", "2023-06-01T00:00Z"),
    "2020-02-29T10:00:00.000Z",
  );
  assertEquals(
    at("Feb 29 10:00", "2103-06-01T00:00Z"),
    "2096-02-29T10:00:00.000Z",
  );
  assertEquals(at("Jan  5 10:00", "not a date"), undefined);
  const today = parseList(["-rw-r--r-- 1 u g 1 Jan  5 12:34 x"])[0]?.modified;
  assert(today !== undefined && today.getTime() < Date.now() + 86_400_000);
});

Deno.test("parseList() reads numeric dates by what fits the whole listing", () => {
  const days = (dates: string[], tail: string) =>
    parseList(dates.map((date) => date + tail), { now: NOW })
      .map((e) => e.modified?.toISOString().slice(0, 10));
  const dos = "  03:04PM  12 x";
  assertEquals(days(["04-03-23"], dos), ["2023-04-03"]);
  assertEquals(days(["04-03-23", "25-03-23"], dos), [
    "2023-03-04",
    "2023-03-25",
  ]);
  assertEquals(days(["04-03-23", "03-25-23"], dos), [
    "2023-04-03",
    "2023-03-25",
  ]);
  // Month first, it would lie in the future.
  assertEquals(days(["09-02-24", "01-02-23"], dos), [
    "2024-02-09",
    "2023-02-01",
  ]);
  // What does not fit the order of the rest is read by itself.
  assertEquals(days(["25-03-23", "03-25-23", "04-03-23"], dos), [
    "2023-03-25",
    "2023-03-25",
    "2023-03-04",
  ]);
  // Neither is a bad date a reason to give up.
  assertEquals(days(["45-45-23", "04-03-23", "25-03-23"], dos), [
    undefined,
    "2023-03-04",
    "2023-03-25",
  ]);
  const ibm = parseList([
    "PEP 4019 04/03/18 18:58:16 *STMF a",
    "PEP 4019 98/12/31 18:58:16 *STMF b",
  ], { now: NOW });
  assertEquals(ibm.map((e) => e.modified?.toISOString().slice(0, 10)), [
    "2004-03-18",
    "1998-12-31",
  ]);
  assertEquals(days(["69", "70"].map((y) => `01-02-${y}`), dos), [
    "2069-01-02",
    "1970-01-02",
  ]);
});

Deno.test("parseList() goes on where a line is odd or of another kind", () => {
  const lines = [
    "Welcome, here is the listing",
    "total 3",
    "-rw-r--r-- 1 u g 1 Jan  5  2020 a",
    "something odd",
    "01-02-24  03:04PM       <DIR>          b",
    "+/,\tc",
    "type=dir; d",
    "type=cdir; .",
    "E.TXT;1 1/3 2-AUG-2006 13:05",
    "-rw-r--r-- 1 u g 1 Jan  5  2020 f",
  ];
  const entries = parseList(lines, { now: NOW });
  assertEquals(entries.map((e) => [e.name, e.type]), [
    ["Welcome, here is the listing", "unknown"],
    ["a", "file"],
    ["something odd", "unknown"],
    ["b", "directory"],
    ["c", "directory"],
    ["d", "directory"],
    ["E.TXT;1", "file"],
    ["f", "file"],
  ]);
});

Deno.test("parseList() keeps the lines of a listing of names", () => {
  const entries = parseList(["a.txt", "READ ME", "dir"], { now: NOW });
  assertEquals(entries, [
    { name: "a.txt", type: "unknown", raw: "a.txt" },
    { name: "READ ME", type: "unknown", raw: "READ ME" },
    { name: "dir", type: "unknown", raw: "dir" },
  ]);
});

Deno.test("parseList() does not join a name to a line that has its own", () => {
  const lines = [
    "A.TXT;1",
    "B.TXT;1 1/3 2-AUG-2006 13:05",
    "C.TXT;1",
    "D.TXT;1",
  ];
  assertEquals(parseList(lines).map((e) => [e.raw, e.type]), [
    [lines[0], "unknown"],
    [lines[1], "file"],
    [lines[2], "unknown"],
    [lines[3], "unknown"],
  ]);
});

Deno.test("parseList() finishes on hostile lines", () => {
  const shapes = (million: number) => [
    " ".repeat(million),
    "a ".repeat(million / 2),
    "1 ".repeat(million / 2),
    "1".repeat(million),
    "[".repeat(million),
    "(".repeat(million),
    ";".repeat(million),
    "=;".repeat(million / 2),
    "^".repeat(million),
    "/".repeat(million),
    " -> ".repeat(million / 4),
    "Jan 5 12:34 ".repeat(million / 12),
    "1 Jan 5 ".repeat(million / 8),
    "01-02-24 ".repeat(million / 9),
    "*A ".repeat(million / 3),
    "9,".repeat(million / 2),
    "\0".repeat(million),
    "\ud800".repeat(million),
  ];
  const heads = [
    "",
    "-rw-r--r-- 1 u g ",
    "lrwxrwxrwx 1 u g 5 Jan  5 12:34 ",
    "d [RWCEAFMS] ",
    "01-02-24  03:04PM ",
    "01-02-24  03:04PM  <SYMLINKD> ",
    "A.TXT;1 ",
    "A.TXT;1 1/1 1-JAN-2000 (",
    "+",
    "type=OS.unix=slink:",
    "SAVE00 3390 ",
    "Directory ",
    "total ",
    "QSYS ",
  ];
  const check = (line: string) => {
    const entries = parseList([line], { now: NOW });
    assert(entries.length <= 1);
    if (entries[0] !== undefined) assertStrictEquals(entries[0].raw, line);
  };
  // A pattern that backtracks would take minutes for any of the long ones.
  for (const shape of shapes(1_000_000)) check(shape);
  for (const head of heads) {
    for (const shape of shapes(65_536)) {
      for (const tail of ["", " x]"]) check(head + shape + tail);
    }
  }
});

Deno.test("parseList() keeps NUL and lone surrogates in names", () => {
  const entries = parseList([
    "-rw-r--r-- 1 u g 1 Jan  5  2020 a\0b",
    "-rw-r--r-- 1 u g 1 Jan  5  2020 \ud800",
    "\udfff",
  ], { now: NOW });
  assertEquals(entries.map((e) => e.name), ["a\0b", "\ud800", "\udfff"]);
});

Deno.test("parseList() drops no line and throws for none", () => {
  const random = mulberry32(20240310);
  const pick = <T>(from: readonly T[]): T =>
    from[Math.floor(random() * from.length)]!;
  const pieces = [
    ..."-rwxr-xr-x|drwxrwxrwx|lrwxrwxrwx|1|0|512|u|g|Jan|5|12:34|2024|Feb|30"
      .split("|"),
    ..."01-02-24|03:04PM|<DIR>|<SYMLINKD>|[x]|A.TXT;1|1/3|2-AUG-2006|13:05"
      .split("|"),
    ..."(RWED,,)|[A,B]|+i1.2,r,s3,|d|[RWCEAFMS]|*DIR|*FILE|QSYS|3390|PO|Tape"
      .split("|"),
    ..."type=file;|size=1;|=|;|->|name|a/b|.|..|02/23/00|15:09:55|01.01|{|\\"
      .split("|"),
    ..."\0|\ud83d|é|月|3月|日|\t|  |total|Directory|Total|Migrated|Volume"
      .split("|"),
  ];
  // What may give no entry, by the prose of the documentation.
  const skipped =
    /^\s*$|^total \d|^Directory \S+[\]>]\S*$|^Total (?:of )?\d+ file/i;
  for (let round = 0; round < 3000; round++) {
    const lines = Array.from({ length: 1 + Math.floor(random() * 6) }, () => {
      const count = Math.floor(random() * 12);
      const parts = Array.from({ length: count }, () => pick(pieces));
      return parts.join(random() < 0.8 ? " " : "");
    });
    const entries = parseList(lines, { now: NOW });
    const kept = entries.flatMap((e) => e.raw.split("\n"));
    let k = 0;
    for (const line of lines) {
      if (k < kept.length && kept[k] === line) k++;
      else assert(skipped.test(line) || isDots(line), JSON.stringify(lines));
    }
    assertEquals(k, kept.length);
    for (const e of entries) {
      assert(e.name !== "" && e.name !== "." && e.name !== "..");
      assert(e.type === "unknown" || e.name === "/" || !e.name.includes("/"));
      assert(e.modified === undefined || !Number.isNaN(e.modified.getTime()));
      assert(e.size === undefined || Number.isSafeInteger(e.size));
    }
  }
});

// Whether the last thing a line names is itself or its parent.
function isDots(line: string): boolean {
  return /(?:^|[\s/])\.{1,2}(?:$|[\s/])/.test(line);
}

function mulberry32(seed: number): () => number {
  return () => {
    seed = (seed + 0x6d2b79f5) | 0;
    let t = Math.imul(seed ^ (seed >>> 15), 1 | seed);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
}
