/** Messages that are made (RFC 2045 to 2049, RFC 2183, RFC 2387). */
import { assert, assertEquals, assertThrows } from "jsr:@std/assert@^1.0.0";
import {
  type AttachmentInput,
  MailMessage,
  type MailMessageInit,
} from "../../../mail/message/mod.ts";
import { latin1, made, make, read, shape, toLatin1, write } from "./samples.ts";

const PNG: AttachmentInput = { content: latin1("PNG"), filename: "a.png" };
const INLINE: AttachmentInput = { ...PNG, contentId: "cat" };

const SHAPES: [init: MailMessageInit, shape: string][] = [
  [{}, "text/plain"],
  [{ text: "a" }, "text/plain"],
  [{ html: "a" }, "text/html"],
  [{ text: "a", html: "b" }, "multipart/alternative[text/plain text/html]"],
  [{ text: "a", attachments: [] }, "text/plain"],
  [{ text: "a", attachments: [PNG] }, "multipart/mixed[text/plain image/png]"],
  [
    { html: "a", attachments: [INLINE] },
    "multipart/related[text/html image/png]",
  ],
  [
    { text: "a", html: "b", attachments: [INLINE] },
    "multipart/alternative[text/plain multipart/related[text/html image/png]]",
  ],
  [
    { text: "a", html: "b", attachments: [PNG, INLINE, PNG] },
    "multipart/mixed[multipart/alternative[text/plain multipart/related[text/html image/png]] image/png image/png]",
  ],
  [
    { text: "a", attachments: [INLINE] },
    "multipart/mixed[text/plain image/png]",
  ],
  [
    { html: "a", attachments: [{ ...INLINE, disposition: "attachment" }] },
    "multipart/mixed[text/html image/png]",
  ],
  [
    { text: "a", attachments: [{ content: make({ text: "b" }) }] },
    "multipart/mixed[text/plain message/rfc822[text/plain]]",
  ],
];

Deno.test("MailMessage chooses alternative, related and mixed", async () => {
  for (const [init, expected] of SHAPES) {
    const { message, bytes } = await made(init);
    assertEquals(shape(message), expected);
    assertEquals(shape(make(init)), expected);
    assertEquals(message.defects, []);
    assertEquals(message.html, init.html);
    if (init.html === undefined || init.text !== undefined) {
      assertEquals(message.text, init.text ?? "");
    }
    assertEquals(message.attachments.length, init.attachments?.length ?? 0);
    assert(!/[^\r]\n|\r[^\n]/.test(bytes));
  }
});

Deno.test("MailMessage is the same each time with date and id, and shows what was given", async () => {
  const init: MailMessageInit = {
    from: { name: "Grüße, Ada", address: "ada@example.com" },
    sender: "secretary@example.com",
    replyTo: "answers@example.com",
    to: ["a@example.com", {
      group: "Friends",
      members: [{ name: "", address: "b@example.com" }],
    }],
    cc: "c@example.com, d@example.com",
    bcc: "secret@example.com",
    subject: "Grüße",
    date: new Date(1_700_000_000_000),
    messageId: "<id@example.com>",
    inReplyTo: "one@example.com",
    references: ["<zero@example.com>", "one@example.com"],
    text: "Grüße\n",
    html: "<p>Grüße</p>\n",
    headers: [["X-Mailer", "Wireline"], ["X-Mailer", "again"]],
    attachments: [INLINE, PNG],
  };
  const bytes = await write(new MailMessage(init));
  assertEquals(await write(new MailMessage(init)), bytes);
  for (const message of [await read(bytes), new MailMessage(init)]) {
    assertEquals(message.from, [init.from]);
    assertEquals(message.sender, [{
      name: "",
      address: "secretary@example.com",
    }]);
    assertEquals(message.replyTo, [{
      name: "",
      address: "answers@example.com",
    }]);
    assertEquals(message.to.length, 2);
    assertEquals(message.cc.length, 2);
    assertEquals(message.subject, "Grüße");
    assertEquals(message.date, init.date);
    assertEquals(message.messageId, "<id@example.com>");
    assertEquals(message.inReplyTo, ["<one@example.com>"]);
    assertEquals(message.references, [
      "<zero@example.com>",
      "<one@example.com>",
    ]);
    assertEquals([message.text, message.html], [init.text, init.html]);
    assertEquals(message.headers.getAll("x-mailer"), ["Wireline", "again"]);
    assertEquals(message.attachments.map((one) => one.contentId), [
      "cat",
      undefined,
    ]);
  }
  assert(!bytes.includes("secret@"), "Bcc is not sent");
  const own = new MailMessage(init);
  assertEquals(own.bcc.length, 1);
  assert(toLatin1(await own.toBytes({ keepBcc: true })).includes("secret@"));
  assert(!(await new Response(own.toStream()).text()).includes("secret@"));
});

Deno.test("MailMessage chooses transfer encodings by the content", async () => {
  const cases: [text: string, encoding: string][] = [
    ["", "7bit"],
    ["Hello\n", "7bit"],
    ["x".repeat(998), "7bit"],
    ["x".repeat(999) + "\n", "quoted-printable"],
    ["Grüße, and more text than that\n", "quoted-printable"],
    ["日本語", "base64"],
    ["a\0b and more text than that", "quoted-printable"],
  ];
  for (const [text, encoding] of cases) {
    const { message } = await made({ text });
    assertEquals(
      message.headers.get("content-transfer-encoding"),
      encoding,
      text,
    );
    assertEquals(message.text, text);
  }
});

Deno.test("MailMessage makes line ends of text those of mail", async () => {
  for (const text of ["a\nb\n", "a\r\nb\r\n", "a\rb\r"]) {
    const { bytes } = await made({ text });
    assert(bytes.endsWith("\r\n\r\na\r\nb\r\n"), JSON.stringify(bytes));
  }
});

Deno.test("MailMessage keeps the bytes of attachments", async () => {
  const all = latin1(
    Array.from({ length: 256 }, (_, at) => String.fromCharCode(at)).join(""),
  );
  const big = new Uint8Array(300_001).map((_, at) => at * 7);
  for (
    const bytes of [
      new Uint8Array(),
      all,
      big,
      latin1("a\r\nb\nc\rd\n.\n--=_\n"),
    ]
  ) {
    const contents: AttachmentInput["content"][] = [
      bytes,
      new Blob([bytes]),
      new Blob([bytes]).stream(),
      () => new Blob([bytes]).stream(),
      (async function* () {
        for (let at = 0; at < bytes.length; at += 1_001) {
          yield bytes.subarray(at, at + 1_001);
        }
      })(),
    ];
    for (const content of contents) {
      const { message } = await made({
        attachments: [{ content, filename: "a.bin" }],
      });
      assertEquals(message.attachments[0]!.content, bytes);
      assertEquals(message.defects, []);
    }
  }
  const text = await made({
    attachments: [{ content: "Grüße", filename: "a.txt" }],
  });
  assertEquals(
    text.message.attachments[0]!.content,
    new TextEncoder().encode("Grüße"),
  );
});

Deno.test("MailMessage's boundaries stand in none of its parts", async () => {
  const once = await write(make({ text: "a", html: "b" }));
  const [, boundary] = /boundary="([^"]*)"/.exec(once)!;
  const text = `a\n--${boundary}--\n`;
  const { message } = await made({ text, html: "b" });
  assertEquals(message.text, text);
  const nested = make({ text: "a", html: "b" });
  const outer = await made({ text: "a", attachments: [{ content: nested }] });
  assertEquals(
    shape(outer.message),
    "multipart/mixed[text/plain message/rfc822[multipart/alternative[text/plain text/html]]]",
  );
});

Deno.test("MailMessage attaches messages that were read as they are", async () => {
  const source = "Subject: a\nBcc: kept@example.com\n\nText\xff without end";
  const inner = await read(source);
  const message = new MailMessage({
    text: "x",
    attachments: [{ content: inner }],
  });
  assertEquals(toLatin1(message.attachments[0]!.content), source);
  // Who forwards a copy of his own tells no Bcc either.
  assertEquals(
    toLatin1(await message.toBytes()).includes("kept@example.com"),
    false,
  );
  assertEquals(
    toLatin1(await message.toBytes({ keepBcc: true })).includes(source),
    true,
  );
  inner.headers.set("Subject", "b");
  assertEquals(await write(inner), source.replace("Subject: a", "Subject: b"));
});

Deno.test("MailMessage writes international domains as A-labels", async () => {
  const { bytes } = await made({
    to: "ada@bücher.example",
    from: "ü@example.com",
  });
  assert(bytes.includes("To: ada@xn--bcher-kva.example\r\n"), bytes);
});

Deno.test("MailMessage takes other fields, and its time for many", () => {
  const headers = Array.from(
    { length: 100_000 },
    (_, at): [string, string] => [`X-${at}`, "a"],
  );
  headers.push(["Content-Language", "de"]);
  const message = make({ headers });
  assertEquals(message.headers.get("content-language"), "de");
  assert(message.headers.size > 100_000);
});

/** What ends a field or begins one. */
const EVIL = [
  "a\rb",
  "a\nb",
  "a\r\nBcc: x@y.z",
  "a\0b",
  "\r\n",
  "a\r\n\r\nbody",
];

const FIELDS: [name: string, init: (evil: string) => MailMessageInit][] = [
  ["from", (evil) => ({ from: evil })],
  ["from's name", (evil) => ({ from: { name: evil, address: "a@b.c" } })],
  [
    "from's address",
    (evil) => ({ from: { name: "", address: `a@b.c${evil}` } }),
  ],
  [
    "from's domain",
    (evil) => ({ from: { name: "", address: `a@ü${evil}.example` } }),
  ],
  ["sender", (evil) => ({ sender: [evil] })],
  ["replyTo", (evil) => ({ replyTo: `a@b.c, ${evil}` })],
  ["to", (evil) => ({ to: `"${evil}" <a@b.c>` })],
  ["to's group", (evil) => ({ to: { group: evil, members: [] } })],
  ["cc", (evil) => ({ cc: ["a@b.c", { name: evil, address: "a@b.c" }] })],
  ["bcc", (evil) => ({ bcc: `<a@b.c${evil}>` })],
  ["subject", (evil) => ({ subject: evil })],
  ["subject beyond ASCII", (evil) => ({ subject: `ü${evil}` })],
  ["messageId", (evil) => ({ messageId: `a@b${evil}c` })],
  ["inReplyTo", (evil) => ({ inReplyTo: `<a@b${evil}c>` })],
  ["references", (evil) => ({ references: ["a@b", `a${evil}@b`] })],
  ["a field's name", (evil) => ({ headers: [[evil, "a"]] })],
  ["a field's value", (evil) => ({ headers: [["X-A", evil]] })],
  [
    "a field of addresses",
    (evil) => ({ headers: [["Resent-To", `a@b.c, ${evil}`]] }),
  ],
  ["filename", (evil) => ({ attachments: [{ content: "", filename: evil }] })],
  [
    "contentType",
    (evil) => ({ attachments: [{ content: "", contentType: `a/b${evil}` }] }),
  ],
  [
    "contentId",
    (evil) => ({ attachments: [{ content: "", contentId: `a${evil}b` }] }),
  ],
  [
    "disposition",
    (evil) => ({
      attachments: [{ content: "", disposition: evil as "inline" }],
    }),
  ],
];

Deno.test("MailMessage refuses what could begin another field", () => {
  for (const [name, init] of FIELDS) {
    for (const evil of EVIL) {
      // White space at the end of a type is none of it.
      if (name === "contentType" && evil.trim() === "") continue;
      assertThrows(
        () => make(init(evil)),
        TypeError,
        undefined,
        `${name} ${JSON.stringify(evil)}`,
      );
    }
  }
  const { headers } = make();
  for (const evil of EVIL) {
    assertThrows(() => headers.set("Subject", evil), TypeError);
    assertThrows(() => headers.append(evil, "a"), TypeError);
  }
  for (const name of ["", " ", "a b", "a:", "ü", ":"]) {
    assertThrows(() => headers.set(name, "a"), TypeError);
  }
});

Deno.test("MailMessage writes parameters of a type that hold line ends as no lines", async () => {
  for (const evil of EVIL) {
    let bytes: string;
    try {
      bytes = await write(make({
        attachments: [{ content: "", contentType: `a/b; c="${evil}"` }],
      }));
    } catch (error) {
      assert(error instanceof TypeError);
      continue;
    }
    assert(!/^(Bcc|body|b)/m.test(bytes), bytes);
    assert(!/[^\r]\n|\r[^\n]|\0/.test(bytes), bytes);
  }
});

Deno.test("MailMessage writes no half characters", async () => {
  // Where the engine would write U+FFFD, either that or a TypeError.
  const half = "a\ud800b";
  for (const [name, init] of FIELDS) {
    let bytes: string;
    try {
      bytes = await write(make(init(half)));
    } catch (error) {
      assert(error instanceof TypeError, name);
      continue;
    }
    new TextDecoder("utf-8", { fatal: true }).decode(latin1(bytes));
    assert(
      !bytes.includes("%ED%A0%80") && !bytes.includes("\xed\xa0\x80"),
      name,
    );
  }
});

Deno.test("MailMessage refuses what is no address, type or content", () => {
  const refused: MailMessageInit[] = [
    { from: { name: "", address: "" } },
    { from: { name: "", address: "a b@c" } },
    { from: { name: "", address: "a@b, c@d" } },
    { from: { name: "", address: "a@b>" } },
    { to: "nobody at all <" },
    { from: { name: "", address: "a@exa/ⅷmple" } },
    { messageId: "" },
    { messageId: "a b" },
    { date: new Date(NaN) },
    { headers: [["Content-Type", "text/html"]] },
    { headers: [["MIME-Version", "2.0"]] },
    { headers: [["Subject", "a"], ["Subject", "b"]] },
    { headers: [["From", "second@example.com"]] },
    { attachments: [{ content: "", contentType: "text" }] },
    { attachments: [{ content: "", contentType: "multipart/mixed" }] },
    { attachments: [{ content: "", contentType: "text/plän" }] },
    { attachments: [{ content: "", contentType: "te xt/plain" }] },
    { attachments: [{ content: 5 as unknown as string }] },
    { attachments: [{ content: undefined as unknown as string }] },
    { attachments: [{ content: null as unknown as string }] },
  ];
  for (const [at, init] of refused.entries()) {
    assertThrows(
      () => make(init),
      TypeError,
      undefined,
      `${at}: ${JSON.stringify(init)}`,
    );
  }
});

Deno.test("content() of what has to be waited for is a TypeError", () => {
  const message = make({
    attachments: [{ content: new Blob(["a"]).stream() }, { content: "b" }],
  });
  const [first, second] = message.parts;
  assertThrows(() => first!.content(), TypeError);
  assertThrows(() => first!.contentText(), TypeError);
  assertThrows(() => message.content(), TypeError);
  assertEquals(second!.contentText(), "b");
});

Deno.test("MailMessage counts 998 characters in a last line too", async () => {
  const { message } = await made({ text: "x".repeat(999) });
  const encoding = message.headers.get("content-transfer-encoding");
  assertEquals(encoding, "quoted-printable");
});

Deno.test("MailMessage refuses an object that is no content", () => {
  const attachments = [{ content: {} as unknown as string }];
  assertThrows(() => make({ attachments }), TypeError);
});
