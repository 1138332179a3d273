/** The same text, read and written by Python's `binascii` and `uu`. */
import { assert, assertEquals } from "jsr:@std/assert@^1.0.0";
import { decodeUu, encodeUu } from "../../../mail/encoding/mod.ts";
import { seededRandom } from "../../_support/random_slices.ts";
import { askPython, latin1, toLatin1 } from "./samples.ts";

const random = seededRandom(3);

function below(count: number): number {
  return Math.floor(random() * count);
}

function randomBytes(length: number): Uint8Array<ArrayBuffer> {
  // Often zero, which is a blank.
  return Uint8Array.from(
    { length },
    () => random() < 0.3 ? 0 : random() * 256,
  );
}

Deno.test("encodeUu() and decodeUu() agree with Python about files", async () => {
  const files = Array.from({ length: 301 }, (_, length) => randomBytes(length));
  const answers = await askPython<[string, string, string][]>(
    `
import io, uu
output = []
for text, encoded in input:
    data = text.encode("latin-1")
    ticks, blanks, decoded = io.BytesIO(), io.BytesIO(), io.BytesIO()
    uu.encode(io.BytesIO(data), ticks, "a b.bin", 0o640, backtick=True)
    uu.encode(io.BytesIO(data), blanks, "a b.bin", 0o640)
    uu.decode(io.BytesIO(encoded.encode()), decoded)
    output.append([x.getvalue().decode("latin-1") for x in (ticks, blanks, decoded)])
`,
    files.map((one) => [
      toLatin1(one),
      encodeUu(one, { filename: "a b.bin", mode: 0o640 }),
    ]),
  );
  for (const [index, content] of files.entries()) {
    const [ticks, blanks, decoded] = answers[index]!;
    // uu.py ends with a blank in either case.
    assertEquals(
      encodeUu(content, { filename: "a b.bin", mode: 0o640 }),
      ticks!.replace(/\n \nend\n$/, "\n`\nend\n"),
    );
    assertEquals(latin1(decoded!), content);
    const expected = { filename: "a b.bin", mode: 0o640, content };
    assertEquals(decodeUu(ticks!), expected);
    assertEquals(decodeUu(blanks!), expected);
    assertEquals(decodeUu(blanks!.replaceAll("\n", "\r\n")), expected);
    assertEquals(decodeUu(blanks!.replace(/ +$/gm, "")), expected);
    // With a checksum behind each line.
    const sums = ticks!.replace(
      /^([!-M])(.+)$/gm,
      (line, count, data) =>
        data.length === Math.ceil((count.charCodeAt(0) - 32) / 3) * 4
          ? `${line}${String.fromCharCode(33 + below(64))}`
          : line,
    );
    assertEquals(decodeUu(sums), expected);
  }
});

/** A line as it should be, and then changed here and there. */
function mutatedLine(): string {
  const data = randomBytes(below(46));
  const line = encodeUu(data).split("\n")[1]!
    .replaceAll("`", () => random() < 0.5 ? "`" : " ");
  const chars = [...line];
  for (let changes = below(4); changes > 0; changes--) {
    const any = String.fromCharCode(
      random() < 0.9 ? 0x20 + below(65) : below(256),
    );
    const at = below(chars.length + 1);
    switch (below(4)) {
      case 0:
        chars[at] = any;
        break;
      case 1:
        chars.splice(at, 1);
        break;
      case 2:
        chars.splice(at, 0, any);
        break;
      default:
        chars.splice(at);
    }
  }
  return chars.join("").replace(/[\r\n]/g, "");
}

/** Without blanks and what else cannot be seen. */
function trimEnd(line: string): string {
  let end = line.length;
  while (end > 0 && line.charCodeAt(end - 1) <= 32) end--;
  return line.slice(0, end);
}

Deno.test("decodeUu() agrees with Python about lines, but where it says", async () => {
  const lines = Array.from({ length: 20_000 }, mutatedLine)
    .filter((line) => line !== "");
  const answers = await askPython<(string | null)[]>(
    `
import binascii
output = []
for line in input:
    try:
        output.append(binascii.a2b_uu(line.encode("latin-1")).decode("latin-1"))
    except binascii.Error:
        output.append(None)
`,
    lines,
  );
  const seen = { both: 0, neither: 0, ours: 0, theirs: 0 };
  for (const [index, line] of lines.entries()) {
    const theirs = answers[index];
    let ours: string | null;
    try {
      // Room enough: the output is no longer than the input.
      const text = `begin 644 ${"x".repeat(100)}\n${line}\n\`\nend\n`;
      ours = toLatin1(decodeUu(latin1(text)).content);
    } catch (error) {
      assert(error instanceof SyntaxError);
      ours = null;
    }
    const what = JSON.stringify(line);
    const count = (line.charCodeAt(0) - 32) & 63;
    // What is left of the line behind the bytes that it counts.
    const rest = line.slice(1 + Math.ceil(count * 8 / 6));
    if (ours === theirs) seen[ours === null ? "neither" : "both"]++;
    else if (theirs === null) {
      // The last characters of a group may be anything ("extra garbage", says
      // uuencode(5) of 4.2BSD), and one more, and any blanks.
      const garbage = /[^ `]/.test(rest);
      const trimmed = line.slice(trimEnd(line).length);
      assert(garbage || [...trimmed].some((char) => char < " "), what);
      seen.ours++;
    } else {
      // Python looks at six bits of the first character, whatever it is, and
      // lets any number of backticks stand at the end.
      const wrongCount = !/^[ -`]/.test(line);
      const padded = /^[ `]+$/.test(rest);
      assert(ours === null && (wrongCount || padded), what);
      seen.theirs++;
    }
  }
  assert(seen.both > 5_000 && seen.neither > 100, JSON.stringify(seen));
});
