/** Names of files, as they come and go (RFC 2183, RFC 2231). */
import { assert, assertEquals } from "jsr:@std/assert@^1.0.0";
import { made, make, read, utf8, write } from "./samples.ts";

const READ: [fields: string, filename: string | undefined][] = [
  ["Content-Disposition: attachment; filename=a.txt", "a.txt"],
  ['Content-Disposition: attachment; filename="a b.txt"', "a b.txt"],
  ['Content-Disposition: attachment; filename="a\\"b\\\\c.txt"', 'a"b\\c.txt'],
  ['Content-Disposition: attachment; filename="a;b=c.txt"', "a;b=c.txt"],
  ["Content-Disposition: attachment; filename=a b.txt", "a b.txt"],
  ["Content-Disposition: attachment ; FileName = a.txt ; x=y", "a.txt"],
  ["Content-Disposition: attachment;\n\tfilename=a.txt", "a.txt"],
  ["Content-Disposition: attachment; filename=a.txt (comment)", "a.txt"],
  ["Content-Disposition: attachment; filename=scan (1).pdf", "scan (1).pdf"],
  ["Content-Disposition: attachment; filename=", undefined],
  ['Content-Disposition: attachment; filename=""', undefined],
  ["Content-Disposition: attachment", undefined],
  ["Content-Disposition: attachment; filename=a; filename=b", "a"],
  // RFC 2231.
  [
    "Content-Disposition: attachment; filename*=utf-8''Gr%C3%BC%C3%9Fe",
    "Grüße",
  ],
  [
    "Content-Disposition: attachment; filename*=UTF-8'de'Gr%c3%bc%c3%9fe",
    "Grüße",
  ],
  ["Content-Disposition: attachment; filename*=iso-8859-1''Gr%FC%DFe", "Grüße"],
  ["Content-Disposition: attachment; filename*=Gr%C3%BCn", "Grün"],
  ["Content-Disposition: attachment; filename*=\"utf-8''%C3%BC\"", "ü"],
  ["Content-Disposition: attachment; filename*=utf-8''a%2", "a%2"],
  ["Content-Disposition: attachment; filename*0=a; filename*1=b", "ab"],
  ["Content-Disposition: attachment; filename*1=b; filename*0=a", "ab"],
  ["Content-Disposition: attachment; filename*0=a; filename*2=c", "a"],
  [
    "Content-Disposition: attachment; filename*0*=utf-8''%C3; filename*1*=%BC",
    "ü",
  ],
  [
    "Content-Disposition: attachment; filename*0*=utf-8''%C3%BC; filename*1=%41",
    "ü%41",
  ],
  ["Content-Disposition: attachment; filename*0=%41; filename*1*=%41", "%41A"],
  ["Content-Disposition: attachment; filename=a; filename*=utf-8''b", "b"],
  ["Content-Disposition: attachment; filename*=utf-8''b; filename=a", "b"],
  [
    `Content-Disposition: attachment; ${
      Array.from({ length: 20 }, (_, at) => `filename*${at}=${at % 10}`).join(
        "; ",
      )
    }`,
    "01234567890123456789",
  ],
  // Beside the RFC.
  ['Content-Disposition: attachment; filename="=?utf-8?Q?Gr=C3=BC?="', "Grü"],
  ["Content-Disposition: attachment; filename==?utf-8?B?w7w=?=", "ü"],
  [
    'Content-Disposition: attachment; filename="=?utf-8?B?w7w=?=\n =?utf-8?B?w7w=?="',
    "üü",
  ],
  [utf8('Content-Disposition: attachment; filename="Grüße"'), "Grüße"],
  ['Content-Disposition: attachment; filename="Gr\xfc\xdfe"', "Grüße"],
  ['Content-Disposition: attachment; filename="a', "a"],
  ["Content-Disposition: filename=a.txt", undefined],
  ["Content-Disposition: attachment; filename=/etc/passwd", "/etc/passwd"],
  [
    'Content-Disposition: attachment; filename="=?utf-8?Q?a=0D=0Ab=00c?="',
    "a b c",
  ],
  ["Content-Disposition: attachment; filename*=utf-8''a%0D%0Ab%00c", "a b c"],
  // Of Content-Type.
  ["Content-Disposition: attachment", "n.txt"],
  ["Content-Disposition: attachment; filename=", "n.txt"],
  ["Content-Disposition: attachment; filename=a.txt", "a.txt"],
];

Deno.test("MailMessage.attachments have the names that were meant", async () => {
  for (const [fields, filename] of READ) {
    const name = filename === "n.txt" || filename === "a.txt"
      ? "; name=n.txt"
      : "";
    const { attachments } = await read(
      `Content-Type: application/x-a${name}\n${fields}\n\nx`,
    );
    assertEquals(attachments[0]?.filename, filename, fields);
    assertEquals(attachments.length, 1, fields);
  }
});

const FILENAMES = [
  "a.txt",
  " a ",
  "a b.txt",
  'a"b.txt',
  "a\\b.txt",
  "\\",
  '"',
  "a;b,c=d.txt",
  "a'b'c.txt",
  "100%41.txt",
  "a*b.txt",
  "(a).txt",
  "Grüße aus Köln.pdf",
  "日本語の名前.txt".repeat(8),
  "🎉".repeat(70),
  "e\u0301.txt",
  "\u202egpj.exe",
  "tab\there",
  "\x1b[31m",
  "=?utf-8?Q?a?=",
  "a =?utf-8?B?w7w=?= b.txt",
  "x".repeat(59),
  "x".repeat(60),
  "x".repeat(61),
  "x".repeat(2_000),
  "a ".repeat(100) + "b",
  "../../etc/passwd",
  "C:\\autoexec.bat",
  "%",
  "''",
  "utf-8''a",
];

Deno.test("MailMessage writes names of files that it reads again", async () => {
  for (const legacyFilenames of [true, false]) {
    for (const filename of FILENAMES) {
      const { bytes, message } = await made({
        text: "x",
        legacyFilenames,
        attachments: [{ filename, content: "y", contentType: "a/b" }],
      });
      assertEquals(message.attachments.map((one) => one.filename), [filename]);
      for (const line of bytes.split("\r\n")) {
        assert(line.length <= 998, line);
        assert(line.length <= 76 || !line.includes("=?UTF-8?"), line);
      }
      assert(/^[\t\r\n\x20-\x7e]*$/.test(bytes), bytes);
    }
  }
});

Deno.test("legacyFilenames writes encoded words only in name, and can be switched off", async () => {
  const init = { attachments: [{ filename: "ü.txt", content: "y" }] };
  const old = await write(make(init));
  assert(/name="=\?UTF-8\?/.test(old), old);
  assert(!/filename="?=\?/.test(old), old);
  assert(old.includes("filename*=UTF-8''%C3%BC.txt"), old);
  const strict = await write(make({ ...init, legacyFilenames: false }));
  assert(!strict.includes("=?"), strict);
  assert(strict.includes("filename*=UTF-8''%C3%BC.txt"), strict);
});

Deno.test("MailMessage cuts long names between characters", async () => {
  // Some decode each section by itself.
  for (
    const filename of ["🎉".repeat(70), "aü".repeat(90), "日本語".repeat(30)]
  ) {
    const bytes = await write(
      make({ attachments: [{ filename, content: "y" }] }),
    );
    const sections = [
      ...bytes.matchAll(/filename\*\d+\*=(?:UTF-8'')?([^;\r]*)/g),
    ];
    assert(sections.length > 1);
    assertEquals(
      sections.map(([, text]) => decodeURIComponent(text!)).join(""),
      filename,
    );
  }
});

Deno.test("MailMessage refuses names that end their field", () => {
  for (const filename of ["a\rb", "a\nb", "a\r\n b", "a\0b", "\n"]) {
    let error: unknown;
    try {
      make({ attachments: [{ filename, content: "x" }] });
    } catch (thrown) {
      error = thrown;
    }
    assert(error instanceof TypeError, JSON.stringify(filename));
  }
});
