/**
 * The same mailcap files and questions, given to Python's module and to ours.
 * Where the two differ, what RFC 1524 says is done to Python's answer here.
 */
import { assert, assertEquals } from "jsr:@std/assert@^1.0.0";
import { Mailcap } from "../../mail/mailcap.ts";
import { seededRandom } from "../_support/random_slices.ts";
import { askPython } from "./encoding/samples.ts";

const random = seededRandom(1524);

function below(count: number): number {
  return Math.floor(random() * count);
}

function pick<T>(from: ArrayLike<T>): T {
  return from[below(from.length)]!;
}

function some<T>(most: number, make: () => T): T[] {
  return Array.from({ length: below(most + 1) }, make);
}

const TYPES = ["text/plain", "Text/HTML", "text/*", "image/gif", "IMAGE / *"];
const BROKEN_TYPES = [
  "",
  "a/b/c",
  "a b/c",
  "text",
  "a/",
  "/b",
  "\u00e9/a",
  "<x>/y",
];
const FLAGS = ["needsterminal", "CopiousOutput", "x-flag", ""];
const NAMES = [
  "edit",
  "print",
  "Compose",
  "compose",
  "x-other",
  "view",
  "test ",
];
const WORDS = [
  ...[
    "a",
    "show",
    "%s",
    "'%s'",
    "%t",
    "%{charset}",
    "%%",
    "\\;",
    "\\\\",
    "\\%s",
  ],
  ...[
    " ",
    "  ",
    "\t",
    "=",
    "\\\n",
    "\\\n  ",
    "\u00e9",
    "|",
    '"',
    "\\a",
    "%d",
    "#",
  ],
];

function randomLine(): string {
  if (random() < 0.1) {
    return pick(["# a comment; x", "", "  ", "#\\", "no entry"]);
  }
  const text = () => some(6, () => pick(WORDS)).join("");
  const fields = some(
    4,
    () =>
      random() < 0.4
        ? pick(FLAGS)
        : `${pick(NAMES)}${pick(["=", " = "])}${text()}`,
  );
  const type = random() < 0.8 ? pick(TYPES) : pick(BROKEN_TYPES);
  const separator = () => pick([";", "; ", " ;", " ; "]);
  return [type, text(), ...fields].reduce((one, next) =>
    one + separator() + next
  );
}

/** Lines with a few characters lost, doubled or put in. */
function randomFile(): string {
  const chars = [...some(12, randomLine).join("\n") + "\n"];
  for (let changes = below(4); changes > 0; changes--) {
    const at = below(chars.length);
    if (random() < 0.5) chars.splice(at, 1);
    else chars.splice(at, 0, pick([";", "\\", "\n", "=", "/", " ", "#", "x"]));
  }
  // Without the last line's end Python loses an entry that has no command.
  return chars.join("") + "\n";
}

type PythonEntry = [type: string, fields: [name: string, value: string][]];

/** What Python has read, as RFC 1524 would have it read. */
function byTheRfc(entries: PythonEntry[]): PythonEntry[] {
  const token = /^[!#$%&'+.^_`{|}~\w-]+$/;
  return entries.flatMap(([key, fields]): PythonEntry[] => {
    const [type, subtype, ...rest] = key.split("/");
    // Section 2 and appendix B: a type is two tokens, or one and `*`, or one,
    // which means the same. Python takes anything, and never finds the last. That
    // `*` alone stands for all is no part of the RFC, but of what is in use.
    const name = subtype ?? "*";
    if (!token.test(type!) && (type !== "*" || name !== "*")) return [];
    if (!token.test(name) && name !== "*" || rest.length > 0) return [];
    // The words of a grammar in RFC 822's notation are the same in either case
    // (RFC 822 section 2.1); of the same field Python takes the first too. A
    // field has a name.
    const all = new Map<string, string>();
    for (const [field, value] of fields) {
      const lower = field.toLowerCase();
      if (lower !== "" && !all.has(lower)) all.set(lower, value);
    }
    return [[`${type}/${name}`, [...all]]];
  });
}

Deno.test("Mailcap.parse() agrees with Python", async () => {
  const files = Array.from({ length: 1500 }, randomFile)
    // A comment begins a line (appendix B). Ours takes blanks before it too, as
    // there is no type that could begin so; Python takes it for an entry.
    .map((file) => file.replace(/(^|\n)[ \t]+(?=#)/g, "$1"));
  const answers = await askPython<PythonEntry[][]>(
    `
import io, mailcap
output = []
for text in input:
    caps, _ = mailcap._readmailcapfile(io.StringIO(text, None), 0)
    entries = [(e.pop("lineno"), k, list(e.items())) for k in caps for e in caps[k]]
    output.append([e[1:] for e in sorted(entries)])
`,
    files,
  );
  let count = 0;
  for (const [index, file] of files.entries()) {
    const ours = Mailcap.parse(file).entries.map(({ type, fields }) =>
      [type, [...fields]] as PythonEntry
    );
    const theirs = byTheRfc(answers[index]!);
    assertEquals(ours, theirs, JSON.stringify(file));
    count += ours.length;
  }
  assert(count > 4000, `${count} entries`);
});

interface Question {
  file: string;
  type: string;
  key: string;
  filename: string;
  charset: string;
}

/** An entry whose every value stands where it may. */
function plainEntry(): string {
  const part = () =>
    pick([
      ...[
        "%s",
        "'%s'",
        '"%s"',
        "-x=%s",
        "-t'%t'",
        '"%t"',
        "--c=%{charset}",
        "%%",
      ],
      ...[
        "\\%s",
        "\\\\",
        // Behind an operator no value may stand but behind a command.
        "\\; c",
        "a\\ b",
        "'a b'",
        "%d",
        "| less",
        "> /tmp/x",
        "%-",
      ],
      ...[
        '-c"%{Charset}"',
        "'%{none}'",
        "+%Y",
        "x%{none}y",
        "&& b",
        "2>&1\\; c",
      ],
    ]);
  const command = () =>
    ["show", ...some(5, part)].join(pick([" ", "  ", "\t"]));
  const fields = some(2, () => `${pick(["edit", "print"])}=${command()}`);
  return [pick(["text/plain", "text/*", "image/gif"]), command(), ...fields]
    .join("; ");
}

function question(): Question {
  return {
    file: some(6, plainEntry).join("\n") + "\n",
    type: pick(["text/plain", "text/html", "image/gif", "video/mp4"]),
    key: pick(["view", "view", "edit", "print"]),
    filename: pick(["/tmp/x", "/tmp/a-b_c.d", "a.txt", "/dev/null", "x@y+z,1"]),
    charset: pick(["utf-8", "US-ASCII", "", "iso-8859-1"]),
  };
}

function askAll(questions: Question[]): Promise<[string | null, number][]> {
  return askPython(
    `
import io, mailcap
output = []
for q in input:
    caps, _ = mailcap._readmailcapfile(io.StringIO(q["file"]), 0)
    command, entry = mailcap.findmatch(caps, q["type"], q["key"], q["filename"],
                                       ["charset=" + q["charset"]])
    output.append([command, entry["lineno"] if entry else -1])
`,
    questions,
  );
}

async function ask(one: Question): Promise<[string | null, number]> {
  const mailcap = Mailcap.parse(one.file);
  const match = await mailcap.findMatch(one.type, one.key, {
    filename: one.filename,
    params: { charset: one.charset },
  });
  return match
    ? [match.command, mailcap.entries.indexOf(match.entry)]
    : [null, -1];
}

Deno.test("Mailcap#findMatch() agrees with Python about plain values", async () => {
  const questions = Array.from({ length: 3000 }, question);
  const answers = await askAll(questions);
  let found = 0;
  for (const [index, one] of questions.entries()) {
    const ours = await ask(one);
    const [command, entry] = answers[index]!;
    assertEquals(ours, [command?.trim() ?? null, entry], JSON.stringify(one));
    if (command !== null) found++;
  }
  assert(found > 1000, `${found} found`);
});

Deno.test("Mailcap#findMatch() differs from Python where RFC 1524 decides", async () => {
  const base = { key: "view", filename: "/tmp/x", charset: "" };
  const cases: [Question, theirs: string | null, ours: string | null][] = [
    // Section 2: a type stands for all its subtypes, and case does not matter.
    [{ ...base, file: "text; a\n", type: "text/plain" }, null, "a"],
    [{ ...base, file: "text/plain; a\n", type: "Text/Plain" }, null, "a"],
    [
      { ...base, file: "a/b; c; EDIT=d\n", type: "a/b", key: "edit" },
      null,
      "d",
    ],
    // Every type: no part of the RFC, but of what is in use.
    [{ ...base, file: "*; a\n", type: "text/plain" }, null, "a"],
    // A parameter is one argument, "regardless of embedded spaces", and one that
    // is not there an empty one.
    [
      { ...base, file: "a/b; x %{charset} y\n", type: "a/b" },
      "x  y",
      "x '' y",
    ],
    // The RFC's %n and %F.
    [{ ...base, file: "a/b; x %n %F.\n", type: "a/b" }, "x %n %F.", "x 0 ."],
    // A command of nothing does nothing; the next entry may.
    [{ ...base, file: "a/b; ;\na/*; x\n", type: "a/b" }, "", "x"],
    // Python refuses a name that the shell gives a meaning; ours is quoted.
    [
      { ...base, file: "a/b; x %s\n", type: "a/b", filename: "a b" },
      null,
      "x 'a b'",
    ],
    // Python takes a parameter for a command, an option or a file's name.
    [
      { ...base, file: "a/b; %{charset}\n", type: "a/b", charset: "reboot" },
      "reboot",
      null,
    ],
    [
      { ...base, file: "a/b; x %{charset}\n", type: "a/b", charset: "-rf" },
      "x -rf",
      null,
    ],
    [
      { ...base, file: "a/b; x %s\n", type: "a/b", filename: "-x" },
      "x -x",
      "x ./-x",
    ],
    // Ours runs no test unasked (Python: whatever the file says).
    [{ ...base, file: "a/b; x; test=true\n", type: "a/b" }, "x", null],
  ];
  const answers = await askAll(cases.map(([one]) => one));
  for (const [index, [one, theirs, ours]] of cases.entries()) {
    assertEquals(answers[index]![0], theirs, one.file);
    assertEquals((await ask(one))[0], ours, one.file);
  }
});
