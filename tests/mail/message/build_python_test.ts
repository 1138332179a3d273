/** What we make, as Python reads it. */
import { assert, assertEquals } from "jsr:@std/assert@^1.0.0";
import type { AttachmentInput } from "../../../mail/message/mod.ts";
import { seededRandom } from "../../_support/random_slices.ts";
import { askPython } from "../encoding/samples.ts";
import { RandomMessages } from "./random_messages.ts";
import { latin1, make, sha256, toLatin1, write } from "./samples.ts";

interface Answer {
  subject: string;
  from: string[][];
  to: string[][];
  text?: string;
  html?: string;
  files: {
    filename: string | null;
    type: string;
    sha256: string;
    id: string | null;
  }[];
  defects: string[];
  bcc: string | null;
}

const PYTHON = `
import email, hashlib
from email import policy
from email.header import decode_header, make_header
from email.utils import getaddresses
# policy.default puts a blank between encoded words in a name, against RFC 2047
# section 6.2.
def addresses(field):
    return [[str(make_header(decode_header(name))), address]
        for name, address in getaddresses([field.replace(chr(13) + chr(10), "")])]
def answer(text):
    m = email.message_from_bytes(text.encode("latin-1"), policy=policy.default)
    raw = email.message_from_bytes(text.encode("latin-1"))
    defects = [repr(d) for p in m.walk() for d in p.defects]
    for name, value in m.items():
        defects += [name + repr(d) for d in value.defects]
    files, bodies = [], {}
    for p in m.walk():
        # The name of Content-Type, which is for old programs, is not heeded.
        for d in p["content-disposition"].defects if p["content-disposition"] else []:
            defects.append(repr(d))
        if p.is_multipart():
            continue
        b = p.get_payload(decode=True)
        if p.get_content_disposition() is None and p.get_content_maintype() == "text":
            bodies[p.get_content_subtype().replace("plain", "text")] = p.get_content()
            continue
        files.append({"filename": p["content-disposition"].params.get("filename"),
            "type": p.get_content_type(), "sha256": hashlib.sha256(b).hexdigest(),
            "id": p["content-id"] and str(p["content-id"])})
    return {**bodies, "subject": str(m["subject"]), "from": addresses(raw["from"]),
        "to": addresses(raw["to"]),
        "files": files, "defects": defects,
        "bcc": m["bcc"] and str(m["bcc"])}
output = [answer(text) for text in input]
`;

const NAMES = [
  "Ada",
  "Lovelace, Ada",
  "Grüße aus Köln",
  "日本語の名前がここにあります、とても長いので折り返します",
  'The "Best"',
  "a\\b",
  "J. R. R.",
  "🎉 party",
  "x".repeat(90),
  "(not a comment)",
];

const SUBJECTS = [
  "Hello",
  "Grüße",
  "A long subject that goes on and on until it has to be folded somewhere, twice, at least",
  "日本語のとても長い件名です。".repeat(6),
  "ends in é",
  "é begins",
  "a =?utf-8?Q?b?= c",
  "🎉".repeat(40),
  "x".repeat(200),
];

const TEXTS = [
  "Hello\n",
  "Grüße\nzum 🎉\n",
  "From here\n.\n..\n",
  "long ".repeat(400) + "\n",
  "日本語\n".repeat(50),
  "blanks at the end  \n\t\n",
  "= == =20\n",
];

const FILENAMES = [
  "a.txt",
  "a b.pdf",
  "Grüße.pdf",
  "日本語のとても長い名前のファイルです、とても長い。.pdf",
  "🎉".repeat(30) + ".png",
  'a"b.txt',
  "a\\b.txt",
  "a;b=c.txt",
  "a'b%20c*.txt",
  "x".repeat(200) + ".txt",
  "a (b).txt",
  "../../etc/passwd",
];

Deno.test("MailMessage makes what Python reads without a defect", async () => {
  const random = new RandomMessages(seededRandom(6));
  const below = (count: number) => random.below(count);
  const inits = Array.from({ length: 600 }, (_, index) => {
    const addresses = () =>
      Array.from({ length: 1 + below(3) }, (_, at) => ({
        name: below(4) === 0 ? "" : random.pick(NAMES),
        address: `user${at}@example.com`,
      }));
    const html = below(2) === 0 ? "<p>" + random.pick(TEXTS) : undefined;
    const attachments = Array.from({ length: below(4) }, (_, at) => {
      const bytes = latin1(
        Array.from(
          { length: below(300) },
          () => random.pick(["\0", "\xff", "\n", "=", "a"]),
        ).join(""),
      );
      return {
        content: bytes,
        filename: random.pick(FILENAMES),
        contentType: random.pick(["application/x-thing", "image/png"]),
        ...(below(3) === 0 ? { contentId: `id${at}@${index}` } : {}),
      } satisfies AttachmentInput;
    });
    return {
      from: addresses()[0]!,
      to: addresses(),
      bcc: "secret@example.com",
      subject: random.pick(SUBJECTS),
      text: below(4) > 0 || html === undefined ? random.pick(TEXTS) : undefined,
      html,
      attachments,
    };
  });
  const texts = await Promise.all(inits.map((init) => write(make(init))));
  const answers = await askPython<Answer[]>(PYTHON, texts);
  for (const [index, init] of inits.entries()) {
    const text = texts[index]!;
    const got = answers[index]!;
    const pair = (one: { name: string; address: string }) => [
      one.name,
      one.address,
    ];
    assertEquals(got.defects, [], text);
    assertEquals(got.subject, init.subject, text);
    assertEquals(got.from, [pair(init.from)], text);
    assertEquals(got.to, init.to.map(pair), text);
    assertEquals(got.text?.replaceAll("\r\n", "\n"), init.text, text);
    assertEquals(got.html?.replaceAll("\r\n", "\n"), init.html, text);
    assertEquals(got.bcc, null);
    const files = (inline: boolean) =>
      init.attachments.filter((one) =>
        ("contentId" in one && init.html !== undefined) === inline
      );
    assertEquals(
      got.files,
      [...files(true), ...files(false)].map((one) => ({
        filename: one.filename,
        type: one.contentType,
        sha256: sha256(one.content),
        id: "contentId" in one ? `<${one.contentId}>` : null,
      })),
      text,
    );
    for (const line of text.split("\r\n")) {
      assert(line.length <= 998 && !/[\r\n]/.test(line), line);
      assert(line.length <= 76 || !line.includes("=?UTF-8?"), line);
    }
  }
});

Deno.test("MailMessage's messages in messages are read by Python", async () => {
  const inner = make({
    subject: "Grüße",
    text: "Grüße\n",
    to: "b@example.com",
  });
  const outer = make({
    text: "See below\n",
    attachments: [{ content: inner }, {
      content: make({ attachments: [{ content: inner }] }),
    }],
  });
  const [types] = await askPython<[string[], number][]>(
    `
import email
from email import policy
output = []
for text in input:
    m = email.message_from_bytes(text.encode("latin-1"), policy=policy.default)
    output.append([[p.get_content_type() for p in m.walk()],
        sum(len(p.defects) for p in m.walk())])
`,
    [toLatin1(await outer.toBytes())],
  );
  assertEquals(types, [
    [
      "multipart/mixed",
      "text/plain",
      "message/rfc822",
      "text/plain",
      "message/rfc822",
      "multipart/mixed",
      "message/rfc822",
      "text/plain",
    ],
    0,
  ]);
});
