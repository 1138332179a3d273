/** The same messages, given to Python's email and to us. */
import { assert, assertEquals } from "jsr:@std/assert@^1.0.0";
import type { MailMessage } from "../../../mail/message/mod.ts";
import { seededRandom } from "../../_support/random_slices.ts";
import { askPython } from "../encoding/samples.ts";
import { RandomMessages } from "./random_messages.ts";
import { read, toLatin1 } from "./samples.ts";

/** A part as both have it. */
interface Part {
  type: string;
  encoding: string;
  filename: string | null;
  charset: string | null;
  /** Of a leaf: its decoded bytes, one character each. */
  content: string | null;
}

/** A part as we have it. */
interface OurPart extends Part {
  isDamaged: boolean;
}

interface Answer {
  parts: Part[];
  defects: number;
}

const PYTHON = `
import email
from email import policy
def part(p):
    leaf = not p.is_multipart()
    try:
        filename = p.get_filename()
    except Exception:
        filename = None
    charset = p.get_param("charset")
    if isinstance(charset, tuple):
        charset = email.utils.collapse_rfc2231_value(charset)
    payload = p.get_payload(decode=True) if leaf else None
    encoding = str(p.get("content-transfer-encoding", "")).strip().lower()
    return {"type": p.get_content_type(), "encoding": encoding, "filename": filename,
        "charset": charset.lower() if charset else None,
        "content": (payload or b"").decode("latin-1") if leaf else None}
def answer(text):
    b = text.encode("latin-1")
    m = email.message_from_bytes(b, policy=policy.compat32)
    return {"parts": [part(p) for p in m.walk()],
        "defects": sum(len(p.defects) for p in m.walk())}
output = [answer(text) for text in input]
`;

function ours(
  message: MailMessage,
): Omit<Answer, "parts"> & { parts: OurPart[] } {
  return {
    parts: [...message.walk()].map((part) => {
      const { type, params } = part.contentType;
      const disposition = part.headers.getRaw("content-disposition")[0];
      const filename = disposition !== undefined || params.has("name")
        ? part.attachments[0]?.filename ?? null
        : null;
      return {
        type,
        encoding:
          part.headers.get("content-transfer-encoding")?.toLowerCase() ??
            "",
        filename,
        charset: params.get("charset")?.toLowerCase() ?? null,
        content: part.parts.length === 0 ? toLatin1(part.content()) : null,
        isDamaged: part.defects.length > 0,
      };
    }),
    defects: message.defects.length,
  };
}

function plain({ isDamaged: _, ...part }: OurPart): Part {
  return part;
}

Deno.test("MailMessage.parse() agrees with Python about whole messages", async () => {
  const random = new RandomMessages(seededRandom(1));
  const texts = Array.from({ length: 2_000 }, () => random.message());
  const answers = await askPython<Answer[]>(PYTHON, texts);
  let seen = 0;
  for (const [index, text] of texts.entries()) {
    const theirs = answers[index]!;
    const got = ours(await read(text));
    assertEquals(got.parts.map(plain), theirs.parts, JSON.stringify(text));
    seen += got.defects === 0 ? 1 : 0;
  }
  assertEquals(seen, texts.length);
});

const TYPE = /^[\w!#$%&'*+.^`{|}~-]+\/[\w!#$%&'*+.^`{|}~-]+$/;

/**
 * Makes alike what is another for a reason: the RFC that decides it is told.
 * False where the rest cannot be compared either.
 */
function reconcile(got: OurPart, theirs: Part): boolean {
  // RFC 2045 section 5.2: what is no type counts as text/plain. Python takes
  // whatever has one slash, and blanks and quotes in it.
  if (!TYPE.test(theirs.type)) return false;
  // RFC 2046 section 5.2.4: a message of unknown subtype is a file. Python has a
  // message in it.
  if (got.type.startsWith("message/") && theirs.content === null) {
    if (got.content !== null) return false;
  }
  // RFC 5322 section 2.2.3: unfolded, without line ends.
  theirs.encoding = theirs.encoding.replace(/[\r\n]/g, "");
  theirs.charset = theirs.charset?.replace(/[\r\n]/g, "") ?? null;
  // RFC 2045 section 5.1: quotes are around a value; within it they are nothing
  // to us, and begin something to Python.
  if (got.charset?.includes('"')) return false;
  // RFC 2046 sections 5.1 and 5.2.1 forbid encodings of these. We decode a
  // message and nothing else; Python decodes a multipart without a part.
  const isEncoded = /^(base64|quoted-printable)$/.test(got.encoding);
  if (isEncoded && /^(message|multipart)\//.test(got.type)) return false;
  // A parameter without a value is one to us, with nothing in it.
  theirs.charset ??= got.charset === "" ? "" : null;
  // An empty name is none, so that the one of Content-Type counts (RFC 2183
  // section 2.3); a text that is all of the message is shown and has none.
  if (!theirs.filename || got.type === "text/plain") {
    theirs.filename = got.filename;
  }
  if (got.content === null || theirs.content === null) return true;
  if (got.type.startsWith("multipart/")) {
    // Without a part it is text, as it stands; Python leaves delimiters out.
    const isPart = got.content.startsWith(theirs.content.trimEnd());
    if (isPart) theirs.content = got.content;
  } else if (got.encoding === "base64" && got.isDamaged) {
    // RFC 2045 section 6.8: other characters are passed over, and "=" within it
    // is none that ends it. Python gives it as it is, or ends there.
    theirs.content = got.content;
  } else if (got.encoding === "quoted-printable") {
    // Section 6.7 (3): blanks at the end of a line are deleted, and (5) "=" at
    // the end is a soft line break.
    theirs.content = got.content;
  } else if (got.content.replace(/\r?\n$/, "") === theirs.content) {
    // RFC 2046 section 5.1.1: the line end belongs to the delimiter. Where that
    // is missing, Python takes the last one away all the same.
    theirs.content = got.content;
  }
  return true;
}

Deno.test("MailMessage.parse() agrees with Python about broken messages, but where it says", async () => {
  const random = new RandomMessages(seededRandom(2));
  const texts = Array.from(
    { length: 4_000 },
    () => random.broken(random.message(), 1),
  );
  const answers = await askPython<Answer[]>(PYTHON, texts);
  let seen = 0;
  for (const [index, text] of texts.entries()) {
    // RFC 5322 section 2.1: lines end in CRLF. A CR alone ends one for Python.
    if (/\r(?!\n)/.test(text)) continue;
    // RFC 6532 section 3.2: what is no UTF-8 is for each to guess.
    // deno-lint-ignore no-control-regex
    if (/^Content-.*[\x00-\x08\x0e-\x1f\x7f-\xff]/m.test(text)) continue;
    // RFC 5322 section 3.2.2: a comment that is not closed has all behind it.
    if (/^Content-(?!.*boundary).*\(/m.test(text)) continue;
    // A quoted line of an mbox ends a header for Python, one without > does not.
    if (/^>From /m.test(text)) continue;
    // A part of nothing at all is one to Python where another one follows.
    if (/^--[^\r\n]*\r?\n--/m.test(text)) continue;
    const theirs = answers[index]!;
    const got = ours(await read(text));
    const isComparable = got.parts.every((part, at) => {
      const other = theirs.parts[at];
      return !other || reconcile(part, other);
    });
    if (!isComparable) continue;
    seen++;
    assertEquals(got.parts.map(plain), theirs.parts, JSON.stringify(text));
  }
  assert(seen > 2_500, `${seen}`);
});

/**
 * Names and addresses as they are written by people and programs. Without comments
 * inside of a name, which Python puts behind it: they say nothing (RFC 5322 section
 * 3.2.2). Without domain literals, some of which Python loses.
 */
const LISTS = [
  "ada@example.com",
  "Ada Lovelace <ada@example.com>",
  '"Lovelace, Ada" <ada@example.com>',
  '"A \\"B\\" C" <a@example.com>',
  "<a@example.com>",
  "a@example.com (Ada)",
  "(before) a@example.com",
  '"a b"@example.com',
  "=?utf-8?Q?Gr=C3=BC=C3=9Fe?= <a@example.com>",
  "=?utf-8?B?R3LDvMOfZQ==?= =?utf-8?Q?_Gr=C3=BC=C3=9Fe?= <a@example.com>",
  "J. R. R. <jrr@example.com>",
  "a.b+c_d@sub.example.com",
  "x <x@example.com>",
];

Deno.test("MailMessage's addresses are as Python has them", async () => {
  const random = new RandomMessages(seededRandom(3));
  const texts = Array.from({ length: 1_500 }, () => {
    const list = Array.from(
      { length: 1 + random.below(4) },
      () => random.pick(LISTS),
    );
    const separator = random.pick([", ", ",", ",\n ", " ,\t"]);
    return `To: ${list.join(separator)}\n\n`;
  });
  const answers = await askPython<{ strict: string[][] }[]>(
    `
import email
from email.header import decode_header, make_header
from email.utils import getaddresses
output = []
for text in input:
    m = email.message_from_bytes(text.encode("latin-1"))
    output.append({"strict": [
        [str(make_header(decode_header(name))), address]
        for name, address in getaddresses(m.get_all("to")) if name or address]})
`,
    texts,
  );
  for (const [index, text] of texts.entries()) {
    const { to } = await read(text);
    const got = to.map((one) =>
      "group" in one ? one.group : [one.name, one.address]
    );
    assertEquals(got, answers[index]!.strict, JSON.stringify(text));
  }
});

/** What subjects are made of. */
const WORDS = [
  "Hello",
  "=?utf-8?Q?Gr=C3=BC=C3=9Fe?=",
  "=?UTF-8?q?a_b?=",
  "=?iso-8859-1?Q?=E9t=E9?=",
  "=?iso-8859-15?B?pA==?=",
  "=?utf-8?B?w7w=?=",
  "=?windows-1252?Q?=80?=",
  "=?koi8-r?B?8NLJ18XU?=",
  "=?gb2312?B?1tDOxA==?=",
  "a=b?c",
  "(x)",
];

Deno.test("MailMessage's subject is as Python has it", async () => {
  const random = new RandomMessages(seededRandom(4));
  const texts = Array.from({ length: 1_500 }, () => {
    const words = Array.from(
      { length: 1 + random.below(5) },
      () => random.pick(WORDS),
    );
    return `Subject: ${
      words.join(random.pick([" ", "\n ", "  ", "\r\n\t"]))
    }\n\n`;
  });
  const answers = await askPython<string[]>(
    `
import email
from email import policy
from email.header import decode_header, make_header
output = [str(make_header(decode_header(
    email.message_from_bytes(text.encode("latin-1"), policy=policy.compat32)["subject"]
        .replace(chr(13), "").replace(chr(10), "")))) for text in input]
`,
    texts,
  );
  for (const [index, text] of texts.entries()) {
    const { subject } = await read(text);
    // Python makes one blank of those beside an encoded word.
    const collapse = (value: string) => value.replace(/[ \t]+/g, " ");
    assertEquals(
      collapse(subject),
      collapse(answers[index]!),
      JSON.stringify(text),
    );
  }
});
