import {
  assert,
  assertEquals,
  assertStrictEquals,
} from "jsr:@std/assert@^1.0.0";
import { parseMlsx } from "../../ftp/list_mlsx.ts";
import type { FtpEntry } from "../../ftp/types.ts";

type Expected = Omit<FtpEntry, "raw">;

const date = (text: string) => new Date(text);

const SAMPLES: [line: string, expected: Expected][] = [
  ["Type=file;Size=31415;Modify=19950817102030;Perm=r; two words.tar", {
    name: "two words.tar",
    type: "file",
    size: 31415,
    modified: date("1995-08-17T10:20:30Z"),
    facts: {
      type: "file",
      size: "31415",
      modify: "19950817102030",
      perm: "r",
    },
  }],
  [
    "type=dir;sizd=4096;modify=20240229235960.9996;UNIX.mode=0755;" +
    "UNIX.owner=14;UNIX.group=50;unique=801U4; pub",
    {
      name: "pub",
      type: "directory",
      size: 4096,
      modified: date("2024-03-01T00:00:00.999Z"),
      permissions: "0755",
      owner: "14",
      group: "50",
      facts: {
        type: "dir",
        sizd: "4096",
        modify: "20240229235960.9996",
        "unix.mode": "0755",
        "unix.owner": "14",
        "unix.group": "50",
        unique: "801U4",
      },
    },
  ],
  ["type=cdir; /home/me", {
    name: "me",
    type: "directory",
    facts: { type: "cdir" },
  }],
  ["Type=pdir; ..", {
    name: "..",
    type: "directory",
    facts: { type: "pdir" },
  }],
  ["type=cdir; /", { name: "/", type: "directory", facts: { type: "cdir" } }],
  ["type=dir; /pub/", {
    name: "pub",
    type: "directory",
    facts: { type: "dir" },
  }],
  // One space in front, as within an MLST reply.
  [" type=file;size=1; /pub/a; b=c", {
    name: "a; b=c",
    type: "file",
    size: 1,
    facts: { type: "file", size: "1" },
  }],
  // No facts, with the space of MLST and without.
  ["  name", { name: "name", type: "unknown" }],
  [" some name", { name: "some name", type: "unknown" }],
  // Blanks belong to the name.
  ["Type=file; \t leading, trailing\t ", {
    name: "\t leading, trailing\t ",
    type: "file",
    facts: { type: "file" },
  }],
  // Links.
  ["type=OS.unix=slink:/Foo; link", {
    name: "link",
    type: "symlink",
    target: "/Foo",
    facts: { type: "OS.unix=slink:/Foo" },
  }],
  ["type=OS.UNIX=symlink; link", {
    name: "link",
    type: "symlink",
    facts: { type: "OS.UNIX=symlink" },
  }],
  ["type=OS.unix=slink; link", {
    name: "link",
    type: "symlink",
    facts: { type: "OS.unix=slink" },
  }],
  ["perm=;type=OS.unix=slink:/two words;size=3; a; b", {
    name: "a; b",
    type: "symlink",
    size: 3,
    target: "/two words",
    facts: { perm: "", type: "OS.unix=slink:/two words", size: "3" },
  }],
  ["Type=OS.unix=chr-1/3;Perm=; device", {
    name: "device",
    type: "unknown",
    facts: { type: "OS.unix=chr-1/3", perm: "" },
  }],
  // Names of owners before their numbers.
  ["type=file;UNIX.owner=1;UNIX.ownername=me;UNIX.gid=2;UNIX.uid=3; x", {
    name: "x",
    type: "file",
    owner: "me",
    group: "2",
    facts: {
      type: "file",
      "unix.owner": "1",
      "unix.ownername": "me",
      "unix.gid": "2",
      "unix.uid": "3",
    },
  }],
  ["type=file;UNIX.uid=3;UNIX.groupname=g;UNIX.gid=2; x", {
    name: "x",
    type: "file",
    owner: "3",
    group: "g",
    facts: {
      type: "file",
      "unix.uid": "3",
      "unix.groupname": "g",
      "unix.gid": "2",
    },
  }],
  // Values that are not what they should be are only facts.
  ["type=file;size=-1;modify=20230230000000; x", {
    name: "x",
    type: "file",
    facts: { type: "file", size: "-1", modify: "20230230000000" },
  }],
  ["type=file;size=9007199254740993;modify=2023; x", {
    name: "x",
    type: "file",
    facts: { type: "file", size: "9007199254740993", modify: "2023" },
  }],
  ["type=file;modify=00010101000000; x", {
    name: "x",
    type: "file",
    modified: date("0001-01-01T00:00:00Z"),
    facts: { type: "file", modify: "00010101000000" },
  }],
  ["Type=file;Modify=19671204173316;Media-Type=a/b;X.y=c=d; old", {
    name: "old",
    type: "file",
    modified: date("1967-12-04T17:33:16Z"),
    facts: {
      type: "file",
      modify: "19671204173316",
      "media-type": "a/b",
      "x.y": "c=d",
    },
  }],
  ["type=file;modify=20240229101112.5; x", {
    name: "x",
    type: "file",
    modified: date("2024-02-29T10:11:12.500Z"),
    facts: { type: "file", modify: "20240229101112.5" },
  }],
  ["type=file;modify=20240229101112,5; x", {
    name: "x",
    type: "file",
    facts: { type: "file", modify: "20240229101112,5" },
  }],
  ["type=file;modify=20240229241112; x", {
    name: "x",
    type: "file",
    facts: { type: "file", modify: "20240229241112" },
  }],
  // A tab for the space, and facts that end without a semicolon.
  ["size=13;type=file;\ttape 3 2010-08-23", {
    name: "tape 3 2010-08-23",
    type: "file",
    size: 13,
    facts: { size: "13", type: "file" },
  }],
  ["type=file old draft", {
    name: "old draft",
    type: "file",
    facts: { type: "file" },
  }],
];

Deno.test("parseMlsx() reads facts and name", () => {
  for (const [line, expected] of SAMPLES) {
    for (const end of ["", "\n", "\r\n"]) {
      const { facts, ...found } = parseMlsx(line + end);
      assertEquals<unknown>(
        { ...found, ...(facts && { facts: { ...facts } }) },
        {
          ...expected,
          raw: line,
        },
        line,
      );
    }
  }
});

Deno.test("parseMlsx() keeps what breaks the grammar as unknown", () => {
  for (
    const line of [
      "",
      " ",
      "name",
      "type=file;",
      "type=file; ",
      "type=file;name",
      "modify=20160704225716;nonsense;UNIX.owner=0; films",
      "=file; x",
      "-rw-r--r-- 1 root wheel 777 Jan 29 03:26 NEWS",
      "01-02-24  03:04PM  <DIR>  name",
      "\0\ud800",
    ]
  ) {
    assertEquals(parseMlsx(line), { name: line, type: "unknown", raw: line });
  }
});

Deno.test("parseMlsx() gives facts any name, that of a prototype too", () => {
  const { facts } = parseMlsx(
    "__proto__=a;constructor=b;toString=c;type=file; x",
  );
  assertStrictEquals(facts!.__proto__, "a");
  assertStrictEquals(facts!.constructor as unknown, "b");
  assertEquals(Object.keys(facts!), [
    "__proto__",
    "constructor",
    "tostring",
    "type",
  ]);
  assertStrictEquals(parseMlsx("type=file; x").facts!.valueOf, undefined);
  assertStrictEquals(({} as Record<string, unknown>).a, undefined);
  // No prototype's member passes for a fact.
  assertEquals(parseMlsx("perm=r; x").type, "unknown");
});

Deno.test("parseMlsx() finishes on hostile lines", () => {
  const million = 1_000_000;
  for (
    const line of [
      " ".repeat(million),
      ";".repeat(million) + " x",
      "=".repeat(million) + " x",
      "a=;".repeat(million / 3) + " x",
      "type=OS.unix=slink:" + "a ".repeat(million / 2),
      "type=OS.unix=slink:" + "; ".repeat(million / 2),
      "size=" + "9".repeat(million) + "; x",
      "modify=20240101000000." + "9".repeat(million) + "; x",
      "type=file; " + "/".repeat(million),
      "\t".repeat(million),
    ]
  ) {
    const entry = parseMlsx(line);
    assert(entry.name !== "");
    assertStrictEquals(entry.raw, line);
  }
});
