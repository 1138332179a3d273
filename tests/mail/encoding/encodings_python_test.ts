/** The same bytes and texts, given to Python's modules and to ours. */
import { assert, assertEquals } from "jsr:@std/assert@^1.0.0";
import {
  crc32,
  crcHqx,
  decodeAscii85,
  decodeBase16,
  decodeBase32,
  decodeBase64,
  decodeBase85,
  decodeBinHex,
  decodeQuotedPrintable,
  encodeAscii85,
  encodeBase16,
  encodeBase32,
  encodeBase64,
  encodeBase85,
  encodeBinHex,
  encodeQuotedPrintable,
  hexlify,
  unhexlify,
} from "../../../mail/encoding/mod.ts";
import { seededRandom } from "../../_support/random_slices.ts";
import { askPython, latin1, toLatin1 } from "./samples.ts";

const random = seededRandom(71);

function below(count: number): number {
  return Math.floor(random() * count);
}

function pick<T>(from: ArrayLike<T>): T {
  return from[below(from.length)]!;
}

/** Often with runs of what has a short form somewhere. */
function randomBytes(length: number): Uint8Array<ArrayBuffer> {
  const bytes = Uint8Array.from({ length }, () => random() * 256);
  while (random() < 0.5) {
    const at = below(length + 1);
    bytes.fill(pick([0, 0x20, 0x90, 0xff, 0x0a]), at, at + below(20));
  }
  return bytes;
}

/** The text with some characters changed, lost, put in or doubled. */
function mutated(text: string, others: string): string {
  const chars = [...text];
  for (let changes = below(4); changes > 0; changes--) {
    const at = below(chars.length + 1);
    switch (below(5)) {
      case 0:
        chars[Math.min(at, chars.length)] = pick(others);
        break;
      case 1:
        chars.splice(at, 1);
        break;
      case 2:
        chars.splice(at, 0, pick(others));
        break;
      case 3:
        chars.splice(at, 0, ...chars.slice(at, at + below(8)));
        break;
      default:
        chars.splice(at);
    }
  }
  return chars.join("");
}

/** What ours makes of it, one character a byte; null where it refuses. */
function ours(decode: () => Uint8Array): string | null {
  try {
    return toLatin1(decode());
  } catch (error) {
    assert(error instanceof SyntaxError, String(error));
    return null;
  }
}

const FILES = Array.from({ length: 301 }, (_, length) => randomBytes(length));

Deno.test("encodeBase64() and the others agree with Python about bytes", async () => {
  const answers = await askPython<[(string | number)[], string[]][]>(
    `
import base64, binascii, zlib
from email import quoprimime
output = []
for text in input:
    b = text.encode("latin-1")
    n = len(b)
    output.append([[
        base64.b64encode(b).decode(),
        base64.urlsafe_b64encode(b).decode(),
        base64.encodebytes(b).decode(),
        base64.b32encode(b).decode(),
        base64.b32hexencode(b).decode(),
        base64.b16encode(b).decode(),
        binascii.hexlify(b).decode(),
        base64.b85encode(b).decode(),
        zlib.crc32(b),
        binascii.crc_hqx(b, 0),
        zlib.crc32(b, n * 12345),
        binascii.crc_hqx(b, n * 123),
        quoprimime.header_encode(b, "x")[6:-2] if b else "",
    ], [
        base64.a85encode(b, foldspaces=fold, wrapcol=wrap, adobe=adobe).decode()
        for fold in (False, True) for adobe in (False, True)
        for wrap in (0, 1, 2, 3, n % 17 + 1, 76)
    ]])
`,
    FILES.map(toLatin1),
  );
  for (const [index, content] of FILES.entries()) {
    const [all, ascii85] = answers[index]!;
    const count = content.length;
    assertEquals([
      encodeBase64(content),
      encodeBase64(content, { alphabet: "base64url" }),
      encodeBase64(content, { lines: true }).replaceAll("\r\n", "\n"),
      encodeBase32(content),
      encodeBase32(content, { alphabet: "base32hex" }),
      encodeBase16(content),
      hexlify(content),
      encodeBase85(content),
      crc32(content),
      crcHqx(content),
      crc32(content, count * 12345),
      crcHqx(content, count * 123),
      encodeQuotedPrintable(content, { header: true }),
    ], all);
    const written = [];
    for (const foldSpaces of [false, true]) {
      for (const adobe of [false, true]) {
        for (const lineLength of [0, 1, 2, 3, count % 17 + 1, 76]) {
          const options = { foldSpaces, adobe, lineLength };
          written.push(encodeAscii85(content, options));
        }
      }
    }
    assertEquals(written, ascii85);
  }
});

Deno.test("decodeBase64() agrees with Python about every text, but where it says", async () => {
  const texts = Array.from({ length: 8_000 }, () =>
    mutated(
      encodeBase64(randomBytes(below(20)), { lines: random() < 0.2 }),
      "=====AZaz09+/-_* \r\n\t\f\v\0\xe9",
    ));
  // RFC 2045 section 6.8: other characters are passed over. Python stops at
  // padding or goes on behind it; here one text ends and another begins, each
  // without a character that is left over, and with the padding it should have.
  const parts = texts.map((text) =>
    text.replace(/[^A-Za-z0-9+/=]/g, "").split(/=+/).map((part) =>
      part.replace(/^((?:.{4})*).$/, "$1")
    ).map((part) => part + "=".repeat(-part.length & 3))
  );
  const answers = await askPython<[string | null, string | null, string][]>(
    `
import base64, binascii, re
def attempt(decode):
    try:
        return decode().decode("latin-1")
    except binascii.Error:
        return None
output = [[
    attempt(lambda: base64.b64decode(text.encode("latin-1"))),
    attempt(lambda: binascii.a2b_base64(
        re.sub(rb"[ \\t\\n\\f\\r]", b"", text.encode("latin-1")), strict_mode=True)),
    b"".join(map(base64.b64decode, parts)).decode("latin-1"),
] for text, parts in input]
`,
    texts.map((text, index) => [text, parts[index]]),
  );
  const seen = { plain: 0, refused: 0, strict: 0, bits: 0 };
  for (const [index, text] of texts.entries()) {
    const what = JSON.stringify(text);
    const [plain, strict, inParts] = answers[index]!;
    assertEquals(toLatin1(decodeBase64(text)), inParts, what);
    if (plain === null) seen.refused++;
    else if (!/=[^=]/.test(text.replace(/[^A-Za-z0-9+/=]/g, ""))) {
      assertEquals(inParts, plain, what);
      seen.plain++;
    }
    const got = ours(() => decodeBase64(text, { strict: true }));
    if (got !== strict) {
      // RFC 4648 section 3.5: bits that are left over MUST be zero, and whoever
      // decodes may refuse others. Section 3.2: there is padding only where a
      // group is not full. Python takes both.
      const data = text.replace(/[\s=]/g, "");
      const bits = data.length % 4 === 2
        ? !/[AQgw]$/.test(data)
        : data.length % 4 === 3 && !/[AEIMQUYcgkosw048]$/.test(data);
      assert(got === null && strict !== null, what);
      assert(bits || data.length % 4 === 0 && text.includes("="), what);
      seen.bits++;
    } else if (got !== null) seen.strict++;
  }
  for (const count of Object.values(seen)) {
    assert(count > 30, JSON.stringify(seen));
  }
});

Deno.test("decodeBase32(), decodeBase16(), decodeBase85() and decodeAscii85() agree with Python about every text, but where they say", async () => {
  const [adobe, foldSpaces] = [{ adobe: true }, { foldSpaces: true }];
  const formats: [
    name: string,
    encode: (bytes: Uint8Array) => string,
    decode: (text: string) => Uint8Array,
    others: string,
  ][] = [
    ["b32", encodeBase32, decodeBase32, "==A27z189 \xe9"],
    [
      "b32hex",
      (bytes) => encodeBase32(bytes, { alphabet: "base32hex" }),
      (text) => decodeBase32(text, { alphabet: "base32hex" }),
      "==0AVvWXZ \n",
    ],
    ["b16", encodeBase16, decodeBase16, "09afAFgG \xe9"],
    ["hex", hexlify, unhexlify, "09afAFgG \xe9"],
    ["b85", encodeBase85, decodeBase85, "09AZaz~}|!\", '\\\n\xe9"],
    ["a85", encodeAscii85, decodeAscii85, "zzyu!s~<> \n\t\v\r\xe9v"],
    [
      "fold",
      (bytes) => encodeAscii85(bytes, foldSpaces),
      (text) => decodeAscii85(text, foldSpaces),
      "zzyyu!s~<> \n\t\v\r\xe9v",
    ],
    [
      "adobe",
      (bytes) => encodeAscii85(bytes, { ...adobe, lineLength: below(30) }),
      (text) => decodeAscii85(text, adobe),
      "zzyu!s~~<> \n\t\v\r\xe9v",
    ],
  ];
  const texts = formats.map(([name, encode, , others]) =>
    Array.from({ length: 3_000 }, () => {
      const text = mutated(encode(randomBytes(below(20))), others);
      return name.startsWith("b32") && random() < 0.3
        ? text.toLowerCase()
        : text;
    })
  );
  const answers = await askPython<(string | null)[][]>(
    `
import base64, binascii
decoders = [
    lambda b: base64.b32decode(b, casefold=True),
    lambda b: base64.b32hexdecode(b, casefold=True),
    lambda b: base64.b16decode(b, casefold=True),
    binascii.unhexlify,
    base64.b85decode,
    base64.a85decode,
    lambda b: base64.a85decode(b, foldspaces=True),
    lambda b: base64.a85decode(b, adobe=True),
]
def attempt(decode, text):
    try:
        return decode(text.encode("latin-1")).decode("latin-1")
    except ValueError:
        return None
output = [[attempt(d, text) for text in texts] for d, texts in zip(decoders, input)]
`,
    texts,
  );
  for (const [at, [name, , decode]] of formats.entries()) {
    const seen = { both: 0, neither: 0, other: 0 };
    for (const [index, text] of texts[at]!.entries()) {
      const what = `${name} ${JSON.stringify(text)}`;
      const theirs = answers[at]![index]!;
      const got = ours(() => decode(text));
      if (got === theirs) seen[got === null ? "neither" : "both"]++;
      else {
        seen.other++;
        // Blanks, and so line ends, may stand in the marks of Adobe too.
        const blanks = name === "adobe" && got !== null &&
          /[ \n\t\v\r]>|>[ \n\t\v\r]+$|<[ \n\t\v\r]|^[ \n\t\v\r]+</.test(text);
        if (blanks) continue;
        // One character is no group (PostScript Language Reference section
        // 3.13.3); Python takes it for no bytes at all.
        assert(got === null && theirs !== null, what);
        const chars = text.replace(/[ \n\t\v\r]|^<~|~>$/g, "")
          .replace(name === "fold" ? /[zy]/g : /z/g, "!!!!!");
        const length = name === "b85" ? text.length : chars.length;
        assert(/85|fold|adobe/.test(name) && length % 5 === 1, what);
      }
    }
    assert(seen.both > 500 && seen.neither > 300, JSON.stringify(seen));
  }
});

/** Lines with everything often that is no plain letter. */
function randomLines(): Uint8Array<ArrayBuffer> {
  let text = "";
  while (random() < 0.9) {
    text += pick([
      ...["\r\n", "\n", " ", "\t", "  \r\n", "=", ".", "_", "\xe9", "\0", "\r"],
      ..."abcdefghijklm".repeat(1 + below(9)).split(/(?<=h)/),
      "x".repeat(below(100)),
    ]);
  }
  return latin1(text);
}

Deno.test("encodeQuotedPrintable() and decodeQuotedPrintable() agree with Python about what was written", async () => {
  const files = [...FILES, ...Array.from({ length: 2_000 }, randomLines)];
  const answers = await askPython<string[][]>(
    `
import binascii, quopri
output = []
for text, binary, header, as_text in input:
    b = text.encode("latin-1")
    output.append([x.decode("latin-1") for x in (
        binascii.b2a_qp(b, istext=False),
        binascii.b2a_qp(b, quotetabs=True, istext=False),
        binascii.b2a_qp(b.replace(b"\\r\\n", b"\\n").replace(b"\\r", b"\\n")),
        quopri.encodestring(b, quotetabs=True, header=True),
        quopri.decodestring(binary),
        quopri.decodestring(header, header=True),
        quopri.decodestring(as_text),
    )])
`,
    files.map((one) => [
      toLatin1(one),
      encodeQuotedPrintable(one, { binary: true }),
      encodeQuotedPrintable(one, { header: true }),
      encodeQuotedPrintable(one),
    ]),
  );
  for (const [index, content] of files.entries()) {
    const [binary, quoted, text, header, ...decoded] = answers[index]!;
    const plain = toLatin1(content);
    const canonical = plain.replace(/\r?\n/g, "\r\n");
    assertEquals(decoded, [plain, plain, canonical]);
    assertEquals(toLatin1(decodeQuotedPrintable(binary!)), plain);
    assertEquals(toLatin1(decodeQuotedPrintable(quoted!)), plain);
    // Python leaves a single CR as it is, which RFC 2045 section 6.7 (4) does not
    // allow: there is none in what it was given.
    const lines = toLatin1(decodeQuotedPrintable(text!));
    assertEquals(lines, plain.replace(/\r\n?/g, "\n"));
    if (/[\r\n]/.test(plain)) continue;
    const word = decodeQuotedPrintable(header!, { header: true });
    assertEquals(toLatin1(word), plain);
  }
});

Deno.test("decodeQuotedPrintable() agrees with Python about every text, but where it says", async () => {
  const texts = Array.from({ length: 8_000 }, () => {
    const binary = random() < 0.3;
    const text = encodeQuotedPrintable(randomLines(), { binary });
    return mutated(text, "=====  \t\r\n__0aAfFgG.\xe9\0");
  });
  const answers = await askPython<[string, string]>(
    `
import binascii, re
output = []
for text in input:
    b = text.encode("latin-1")
    # RFC 2045 section 6.7 (3): blanks at the end of a line MUST be deleted, which
    # Python leaves to others.
    stripped = re.sub(rb"[ \\t]+(?=[\\r\\n]|\\Z)", b"", b)
    output.append([x.decode("latin-1") for x in (
        binascii.a2b_qp(stripped), binascii.a2b_qp(b, header=True))])
`,
    texts,
  );
  const seen = { text: 0, header: 0 };
  for (const [index, text] of texts.entries()) {
    const what = JSON.stringify(text);
    const [plain, header] = answers[index]!;
    // RFC 2045 section 6.7, note on robust implementations: "=" that nothing
    // valid follows stays. Python makes "=" of "==", for the sake of its own old
    // errors, and loses the rest of the line behind "=" and a CR.
    if (/==|=[ \t]*\r(?!\n)/.test(text)) continue;
    seen.text++;
    assertEquals(toLatin1(decodeQuotedPrintable(latin1(text))), plain, what);
    // Blanks behind "=" are of a soft line break also there, which no header has.
    if (/=[ \t]+(?:[\r\n]|$)/.test(text)) continue;
    seen.header++;
    const word = decodeQuotedPrintable(latin1(text), { header: true });
    assertEquals(toLatin1(word), header, what);
  }
  assert(seen.text > 4_000 && seen.header > 4_000, JSON.stringify(seen));
});

Deno.test("encodeBinHex() and decodeBinHex() agree with one of RFC 1741 in Python", async () => {
  // Python 3.11 has no module binhex any more, but the CRC.
  const files = FILES.map((data, index) => ({
    name: "x".repeat(1 + index % 63),
    type: "TEXT",
    creator: "ttxt",
    data,
    resource: FILES[(index * 7) % 301]!,
  }));
  const answers = await askPython<[string, string, string][]>(
    `
import base64, re, struct
from binascii import crc_hqx
HQX = b"!\\"#$%&'()*+,-012345689@ABCDEFGHIJKLMNPQRSTUVXYZ[\`abcdefhijklmpqr"
STD = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
def summed(b):
    return b + struct.pack(">H", crc_hqx(b, 0))
def repeat(match):
    run = match[0]
    one = run[:1] + (b"\\0" if run[:1] == b"\\x90" else b"")
    return one * len(run) if len(run) < 4 else one + b"\\x90" + bytes([len(run)])
def pack(parts):
    b = re.sub(rb"(.)\\1{0,254}", repeat, b"".join(map(summed, parts)), flags=re.S)
    return base64.b64encode(b).rstrip(b"=").translate(bytes.maketrans(STD, HQX))
def unpack(text):
    b = text.split(":")[1].replace("\\n", "").encode().translate(bytes.maketrans(HQX, STD))
    b = base64.b64decode(b + b"=" * (-len(b) % 4))
    out = bytearray()
    i = 0
    while i < len(b):
        if b[i] != 0x90:
            out.append(b[i])
        else:
            i += 1
            out += b"\\x90" if b[i] == 0 else out[-1:] * (b[i] - 1)
        i += 1
    return bytes(out)
output = []
for name, data, resource, encoded in input:
    data, resource = data.encode("latin-1"), resource.encode("latin-1")
    head = (bytes([len(name)]) + name.encode() + b"\\0TEXTttxt\\0\\0"
        + struct.pack(">II", len(data), len(resource)))
    output.append([pack([head, data, resource]).decode(),
        b"".join(map(summed, [head, data, resource])).decode("latin-1"),
        unpack(encoded).decode("latin-1")])
`,
    files.map((one) => [
      one.name,
      toLatin1(one.data),
      toLatin1(one.resource),
      encodeBinHex(one),
    ]),
  );
  for (const [index, file] of files.entries()) {
    const [encoded, expected, got] = answers[index]!;
    assertEquals(got, expected);
    const written = encodeBinHex(file);
    assertEquals(written.split(":")[1]!.replaceAll("\n", ""), encoded);
    assertEquals(decodeBinHex(`:${encoded}:`), file);
  }
});
