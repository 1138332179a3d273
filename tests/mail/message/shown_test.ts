/** What a reader is shown of a message, and what is attached to it. */
import { assertEquals } from "jsr:@std/assert@^1.0.0";
import { read, toLatin1 } from "./samples.ts";

interface PartSample {
  type: string;
  fields?: string;
  body: string | PartSample[];
}

let count = 0;

function toText({ type, fields = "", body }: PartSample): string {
  if (typeof body === "string") {
    return `Content-Type: ${type}\n${fields}\n${body}`;
  }
  const boundary = `b${count++}`;
  return `Content-Type: ${type}; boundary=${boundary}\n${fields}\n` +
    body.map((part) => `--${boundary}\n${toText(part)}\n`).join("") +
    `--${boundary}--\n`;
}

const text: PartSample = { type: "text/plain", body: "Text" };
const html: PartSample = { type: "text/html", body: "<p>" };
const png: PartSample = {
  type: "image/png",
  fields: "Content-ID: <cat>\n",
  body: "PNG",
};
const file: PartSample = {
  type: "text/plain",
  fields: "Content-Disposition: attachment; filename=a.txt\n",
  body: "File",
};

const MESSAGES: [
  PartSample,
  text: string | undefined,
  html: string | undefined,
  attachments: string[],
][] = [
  [text, "Text", undefined, []],
  [html, undefined, "<p>", []],
  [png, undefined, undefined, ["PNG"]],
  [file, undefined, undefined, ["File"]],
  [{ type: "multipart/alternative", body: [text, html] }, "Text", "<p>", []],
  [{ type: "multipart/alternative", body: [html, text] }, "Text", "<p>", []],
  [{ type: "multipart/mixed", body: [text, file] }, "Text", undefined, [
    "File",
  ]],
  [
    { type: "multipart/mixed", body: [text, text] },
    "Text\nText",
    undefined,
    [],
  ],
  [{ type: "multipart/x-unknown", body: [text, file] }, "Text", undefined, [
    "File",
  ]],
  [{ type: "multipart/related", body: [html, png] }, undefined, "<p>", ["PNG"]],
  [
    {
      type: 'multipart/related; start="<root>"',
      body: [png, { ...html, fields: "Content-ID: <root>\n" }],
    },
    undefined,
    "<p>",
    ["PNG"],
  ],
  [
    {
      type: "multipart/mixed",
      body: [
        {
          type: "multipart/alternative",
          body: [text, { type: "multipart/related", body: [html, png] }],
        },
        file,
      ],
    },
    "Text",
    "<p>",
    ["PNG", "File"],
  ],
  [
    {
      type: "multipart/related",
      body: [{ type: "multipart/alternative", body: [text, html] }, png],
    },
    "Text",
    "<p>",
    ["PNG"],
  ],
  [
    {
      type: "multipart/alternative",
      body: [text, html, { type: "text/calendar", body: "BEGIN" }],
    },
    "Text",
    "<p>",
    ["BEGIN"],
  ],
  [
    {
      type: "multipart/signed",
      body: [text, { type: "application/pgp-signature", body: "SIG" }],
    },
    "Text",
    undefined,
    ["SIG"],
  ],
  [
    {
      type: "multipart/mixed",
      body: [text, { type: "message/rfc822", body: "Subject: a\n\nInner" }],
    },
    "Text",
    undefined,
    ["Subject: a\n\nInner"],
  ],
  [
    {
      type: "multipart/report",
      body: [text, { type: "message/delivery-status", body: "A: b\n\nC: d" }],
    },
    "Text",
    undefined,
    ["A: b\n\nC: d"],
  ],
];

Deno.test("MailMessage shows texts and attaches the rest", async () => {
  for (const [sample, text, html, attachments] of MESSAGES) {
    const source = toText(sample);
    const message = await read(source);
    assertEquals(message.defects, [], source);
    assertEquals([message.text, message.html], [text, html], source);
    assertEquals(
      message.attachments.map((one) => toLatin1(one.content)),
      attachments,
      source,
    );
  }
});

Deno.test("MailMessage.attachments say what they are and where they belong", async () => {
  const { attachments } = await read(toText({
    type: "multipart/mixed",
    body: [
      text,
      png,
      { ...png, fields: "Content-ID: <a>\nContent-Disposition: attachment\n" },
      { ...png, fields: "Content-Disposition: INLINE; filename=b\n" },
      { ...png, fields: "Content-Disposition: x-other\n" },
    ],
  }));
  assertEquals(
    attachments.map((
      one,
    ) => [one.contentType, one.disposition, one.contentId, one.filename]),
    [
      ["image/png", "inline", "cat", undefined],
      ["image/png", "attachment", "a", undefined],
      ["image/png", "inline", undefined, "b"],
      ["image/png", "attachment", undefined, undefined],
    ],
  );
});

Deno.test("MailMessage.html takes its charset from the page where the header has none", async () => {
  const page = '<meta charset="iso-8859-2"><p>\xb1';
  const { html } = await read(`Content-Type: text/html\n\n${page}`);
  assertEquals(html?.at(-1), "ą");
  const other = await read(
    `Content-Type: text/html; charset=iso-8859-1\n\n${page}`,
  );
  assertEquals(other.html?.at(-1), "±");
});

Deno.test("MailMessage.text follows the header when that is changed", async () => {
  const message = await read("Content-Type: text/plain\n\n<p>");
  assertEquals(message.text, "<p>");
  message.headers.set("Content-Type", "text/html");
  assertEquals([message.text, message.html], [undefined, "<p>"]);
});

Deno.test("MailMessage.content() of a message follows what was changed in it", async () => {
  for (const encoding of ["7bit", "base64"]) {
    const inner = "Subject: a\r\n\r\nb\r\n";
    const message = await read(
      `Content-Type: message/rfc822\r\nContent-Transfer-Encoding: ${encoding}\r\n\r\n` +
        (encoding === "base64" ? btoa(inner) : inner),
    );
    message.parts[0]!.headers.set("Subject", "new");
    const expected = "Subject: new\r\n\r\nb\r\n";
    assertEquals(toLatin1(message.content()), expected, encoding);
    assertEquals(message.attachments.map((one) => toLatin1(one.content)), [
      expected,
    ]);
  }
});
