/** The same messages, signed and verified by Python's dkimpy. */
import { assert, assertEquals } from "jsr:@std/assert@^1.0.0";
import { seededRandom } from "../_support/random_slices.ts";
import { askPython } from "../mail/encoding/samples.ts";
import {
  ED25519,
  ED25519_RECORD,
  ED25519_SEED,
  foreign,
  FORMS,
  MESSAGE,
  RSA,
  RSA_PKCS1,
  RSA_RECORD,
  signed,
  verdict,
  withTags,
} from "../mail/message/dkim_samples.ts";
import { RandomMessages } from "../mail/message/random_messages.ts";

const random = new RandomMessages(seededRandom(6376));

/** Messages and records of one byte a character. */
interface Question {
  message: string;
  record: string;
}

/** Whether dkimpy passes the first signature. */
function pythonVerdicts(questions: Question[]): Promise<boolean[]> {
  return askPython(
    `
import dkim
output = []
for one in input:
    record = one["record"].encode("latin-1")
    try:
        output.append(dkim.DKIM(one["message"].encode("latin-1")).verify(
            dnsfunc=lambda name, timeout=5: record))
    except Exception:
        # Beside its own errors, those of base64 and of indexes.
        output.append(False)
`,
    questions,
  );
}

/** What dkimpy is to sign. */
interface Task {
  message: string;
  algorithm: "rsa-sha256" | "ed25519-sha256";
  form: string;
  headers: string[];
  /** Whether it says the body's length. */
  length: boolean;
}

/** The messages with dkimpy's signature in front. */
async function signedByPython(tasks: Task[]): Promise<string[]> {
  const fields = await askPython<string[]>(
    `
import dkim, time
time.time = lambda: 1_700_000_000
output = []
for one in input["tasks"]:
    algorithm = one["algorithm"]
    output.append(dkim.DKIM(one["message"].encode("latin-1")).sign(
        b"june", b"example.com", input["keys"][algorithm].encode(),
        signature_algorithm=algorithm.encode(),
        identity=b"ada@mail.example.com",
        canonicalize=tuple(one["form"].encode().split(b"/")),
        include_headers=[name.encode() for name in one["headers"]],
        length=one["length"]).decode("latin-1"))
`,
    {
      keys: { "rsa-sha256": RSA_PKCS1, "ed25519-sha256": ED25519_SEED },
      tasks,
    },
  );
  return fields.map((field, at) => field + tasks[at]!.message);
}

const KEYS = {
  "rsa-sha256": { privateKey: RSA, record: RSA_RECORD },
  "ed25519-sha256": { privateKey: ED25519, record: ED25519_RECORD },
};

/** Lines for a body, none of them ordinary. */
const LINES = [
  ...["", "", " ", "\t", " \t ", "a", " a", "a ", "a\t b  c", ".", "..", "--b"],
  ...["\xa0", "\xa0 \x85", "\xff\xfe", "a\0b", "From me", "x".repeat(200)],
];

/** A message with one From and a line end behind its last line. */
function someMessage(): string {
  const lineEnd = random.pick(["\r\n", "\r\n", "\n"]);
  const names = ["Subject", "To", "Cc", "Received", "X-A", "x-a", "Date"];
  const fields = Array.from({ length: random.below(8) }, () => {
    const value = random.pick([
      ...["", " ", "a", " a  b ", " \ta", " a\n b", " a\n\t \n  b\t", ":;="],
      ...[" \xc3\xa4\xa0", " a,\n\tb,\n c", "\n a"],
    ]);
    return `${random.pick(names)}:${value}`;
  });
  const from = random.pick(["From: a@example.com", "FROM:\n\ta@example.com "]);
  fields.splice(random.below(fields.length + 1), 0, from);
  const lines = Array.from(
    { length: random.below(9) },
    () => random.pick(LINES),
  );
  const header = fields.join("\n") + "\n";
  const body = lines.map((line) => line + "\n").join("");
  const generated = random.below(3) === 0
    ? `${from}\n${random.message(2, "\n").replaceAll(/^from:.*\n/gim, "")}\n`
    : header + random.pick(["\n" + body, "\n" + body, ""]);
  return generated.replaceAll("\n", lineEnd);
}

/** Names for `h=`, some of them more or less often than they are there. */
function someNames(): string[] {
  const names = ["subject", "to", "cc", "x-a", "X-A", "date", "x-absent"];
  const some = Array.from(
    { length: random.below(6) },
    () => random.pick(names),
  );
  // dkimpy hashes a From more than h= says, which must not be there.
  some.splice(random.below(some.length + 1), 0, "From");
  return some;
}

function someTask(): Task {
  return {
    message: someMessage(),
    algorithm: random.pick(["rsa-sha256", "ed25519-sha256"] as const),
    form: random.pick(FORMS),
    headers: someNames(),
    length: random.below(4) === 0,
  };
}

async function ourSignature(task: Task): Promise<Question> {
  const { privateKey, record } = KEYS[task.algorithm];
  const message = await signed(task.message, {
    privateKey,
    canonicalization: task.form as typeof FORMS[number],
    ...(random.below(2) === 0 ? {} : { headers: task.headers }),
  });
  return { message, record };
}

/** Fields that stand once in a message (RFC 5322 section 3.6). */
const SINGLE = ["from", "to", "cc", "subject", "date", "reply-to", "sender"];

/**
 * Whether one of them is there more often than it was signed: a reader may show
 * the one that was not (RFC 6376 section 8.15). dkimpy wants this of From alone.
 */
function hasUnsigned(message: string): boolean {
  const header = message.split(/\r?\n\r?\n/, 1)[0]!;
  const [, list = ""] = /[\s;]h=([^;]*)/.exec(header) ?? [];
  const signed = list.split(":").map((name) => name.trim().toLowerCase());
  const fields = [...header.matchAll(/^([!-9;-~]+)[ \t]*:/gm)]
    .map(([, name]) => name!.toLowerCase());
  const count = (all: string[], name: string) =>
    all.filter((one) => one === name).length;
  return SINGLE.some((name) =>
    count(signed, name) > 0 && count(fields, name) > count(signed, name)
  );
}

Deno.test("dkimpy passes what dkimSign() signs", async () => {
  const questions: Question[] = [];
  for (let count = 0; count < 600; count++) {
    questions.push(await ourSignature(someTask()));
  }
  const answers = await pythonVerdicts(questions);
  for (const [at, { message }] of questions.entries()) {
    assertEquals(answers[at], true, JSON.stringify(message));
  }
});

Deno.test("dkimVerify() passes what dkimpy signs", async () => {
  const tasks = Array.from({ length: 600 }, someTask);
  const messages = await signedByPython(tasks);
  for (const [at, message] of messages.entries()) {
    const { record } = KEYS[tasks[at]!.algorithm];
    assertEquals(
      await verdict(message, [record]),
      hasUnsigned(message) ? "fail" : "pass",
      JSON.stringify(message),
    );
  }
});

const PIECES = [
  ..." \t:;,.abAX=+/",
  ...["\r\n", "\n", "\r\n ", "\n\t", "\r\n\r\n", "  ", "\t ", "\xa0", "\x85"],
  ...["X-A: b\r\n", "\r\nX-New: 1\r\n", "\r\nTo: c\r\n", "\r\nSubject: \r\n"],
];

function mutated(message: string): string {
  let text = message;
  for (let changes = random.pick([1, 1, 1, 2, 3]); changes > 0; changes--) {
    const at = random.below(text.length + 1);
    const taken = random.pick([0, 0, 1, 1, 2]);
    const piece = random.pick(["", random.pick(PIECES), random.pick(PIECES)]);
    text = text.slice(0, at) + piece + text.slice(at + taken);
  }
  return text;
}

/** Whether the first signature's base64 has less or more "=" than is usual. */
function unpadded(header: string): boolean {
  const [, value = ""] = /[\s;]b=([^;]*?)(?:\r?\n(?![ \t])|;|$)/.exec(header) ??
    [];
  return value.replace(/[ \t\r\n]/g, "").length % 4 !== 0;
}

/** Where both are right, or dkimpy is not. */
function mayDiffer(text: string): boolean {
  const headerEnd = /\r?\n\r?\n/.exec(text)?.index ?? text.length;
  const header = text.slice(0, headerEnd);
  return (
    // Blanks between name and colon are to be taken away (RFC 6376 section
    // 3.4.2); dkimpy takes no such message.
    /^[!-9;-~]+[ \t]+:/m.test(header) ||
    // Lines that are no field: ours ends the header or goes on behind them, as its
    // parser does; dkimpy takes no such message.
    /^(?![!-9;-~]+[ \t]*:|[ \t]|\r?$)/m.test(header) ||
    // dkimpy leaves blanks at the end of a last line that has no line end, which
    // it will have (section 3.4.4).
    /[ \t]$/.test(text) ||
    // dkimpy wants "=" at the end of base64, which section 2.10 leaves open.
    unpadded(header) ||
    // dkimpy takes CR alone for a blank at both ends of a field (section 2.8).
    /\r(?!\n)/.test(header)
  );
}

Deno.test("dkimVerify() says the same as dkimpy of what was changed", async () => {
  const tasks = Array.from({ length: 200 }, someTask);
  const whole = [
    ...(await signedByPython(tasks)).map((message, at) => ({
      message,
      record: KEYS[tasks[at]!.algorithm].record,
    })),
    ...await Promise.all(tasks.map(ourSignature)),
  ];
  const questions = Array.from({ length: 8_000 }, () => {
    const { message, record } = random.pick(whole);
    return { message: mutated(message), record };
  });
  const answers = await pythonVerdicts(questions);
  const seen = { pass: 0, fail: 0, different: 0 };
  for (const [at, { message, record }] of questions.entries()) {
    const ours = await verdict(message, [record]) === "pass";
    if (ours !== answers[at]) {
      assert(
        mayDiffer(message) || hasUnsigned(message),
        `dkimpy says ${answers[at]}: ${JSON.stringify(message)}`,
      );
      if (!hasUnsigned(message)) seen.different++;
    } else seen[ours ? "pass" : "fail"]++;
  }
  assert(
    seen.pass > 1_000 && seen.fail > 3_000 && seen.different < 200,
    JSON.stringify(seen),
  );
});

/** Signatures of `MESSAGE`, and whether dkimpy and we pass them. */
const DIFFERENT: [
  why: string,
  question: Question,
  theirs: boolean,
  ours: boolean,
][] = [
  [
    "section 3.5: l= must not be larger than the body",
    { message: withTags({ l: "8" }), record: ED25519_RECORD },
    ...[true, false] as const,
  ],
  [
    "section 3.5: q= is a list",
    { message: withTags({ q: "dns/txt:other" }), record: ED25519_RECORD },
    ...[false, true] as const,
  ],
  [
    "RFC 5234 section 2.3: the words of a grammar have no case",
    { message: withTags({ c: "Simple/simple" }), record: ED25519_RECORD },
    ...[false, true] as const,
  ],
  [
    "section 3.6.1: the key's h= says which hashes are allowed",
    {
      message: withTags({}),
      record: `h=sha1; ${ED25519_RECORD.replace("v=DKIM1; ", "")}`,
    },
    ...[true, false] as const,
  ],
  [
    "section 3.6.1: the key's t=s is not for subdomains",
    {
      message: withTags({ i: "ada@mail.example.com" }),
      record: `${ED25519_RECORD}; t=s`,
    },
    ...[true, false] as const,
  ],
  [
    "section 3.6.1: the key's s= is a list",
    { message: withTags({}), record: `${ED25519_RECORD}; s=other:email` },
    ...[false, true] as const,
  ],
  [
    "section 2.8: VT is no blank",
    {
      message: relaxed().replace("com>\r\n", "com>\v\r\n"),
      record: ED25519_RECORD,
    },
    ...[true, false] as const,
  ],
  [
    "section 3.4.2: blanks in front of the colon are taken away",
    { message: relaxed().replace("From:", "From :"), record: ED25519_RECORD },
    ...[false, true] as const,
  ],
  [
    "section 3.4.4: blanks at the end of a line are, with or without its end",
    {
      message: relaxed().replace("Hello\r\n", "Hello \t"),
      record: ED25519_RECORD,
    },
    ...[false, true] as const,
  ],
];

/** From and body of a message in the relaxed form. */
function relaxed(): string {
  const field = foreign({
    value:
      " v=1; a=ed25519-sha256; c=relaxed/relaxed; d=example.com; s=june; " +
      "h=from; bh={bh}; b={b}",
    header: "from:Ada <ada@example.com>\r\n",
    body: "Hello\r\n",
    relaxed: true,
  });
  return field + MESSAGE;
}

Deno.test("dkimVerify() differs from dkimpy where RFC 6376 does", async () => {
  const answers = await pythonVerdicts(
    DIFFERENT.map(([, question]) => question),
  );
  for (const [at, [why, question, theirs, ours]] of DIFFERENT.entries()) {
    const { message, record } = question;
    assertEquals(answers[at], theirs, why);
    assertEquals(await verdict(message, [record]) === "pass", ours, why);
  }
});
