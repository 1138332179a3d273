import {
  assert,
  assertEquals,
  assertFalse,
  assertThrows,
} from "jsr:@std/assert@^1.0.0";
import { crc32 } from "node:zlib";
import {
  decodeYenc,
  encodeYenc,
  type YencOptions,
} from "../../../mail/encoding/mod.ts";
import { seededRandom } from "../../_support/random_slices.ts";
import { concat } from "../../_wire/memory.ts";
import { ALL, latin1, plainYenc, toLatin1 } from "./samples.ts";

/** Has the parts of a file that say something replaced. */
function damaged(from: string | RegExp, to: string): Uint8Array {
  return latin1(toLatin1(plainYenc(ALL)).replace(from, to));
}

Deno.test("decodeYenc() reads a file of every byte as the draft has it", () => {
  assertEquals(crc32(ALL), 0x29058c73);
  assertEquals(decodeYenc(plainYenc(ALL)), {
    name: "all.bin",
    size: 256,
    offset: 0,
    content: ALL,
  });
});

Deno.test("encodeYenc() escapes what the draft wants, and what gets lost on the way", () => {
  for (
    const [bytes, lineLength, body] of [
      [[], 128, ""],
      // NUL, LF, CR and "=" everywhere.
      [[1, 0xd6, 1], 128, "+=@+\r\n"],
      [[1, 0xe0, 1], 128, "+=J+\r\n"],
      [[1, 0xe3, 1], 128, "+=M+\r\n"],
      [[1, 0x13, 1], 128, "+=}+\r\n"],
      // Blanks at either end of a line.
      [[0xf6, 1, 0xf6, 1, 0xf6], 128, "=`+ +=`\r\n"],
      [[0xdf, 1, 0xdf, 1, 0xdf], 128, "=I+\t+=I\r\n"],
      [[1, 0xf6, 1, 0xf6, 1], 2, "+=`\r\n+=`\r\n+\r\n"],
      // Dots at the start of one.
      [[4, 4, 4, 4, 4], 3, "=n.\r\n=n.\r\n=n\r\n"],
      // An escaped byte is never torn apart.
      [[1, 1, 0xd6, 1], 3, "++=@\r\n+\r\n"],
    ] as [number[], number, string][]
  ) {
    const encoded = encodeYenc(Uint8Array.from(bytes), {
      name: "a",
      lineLength,
    });
    const begin = `=ybegin line=${lineLength} size=${bytes.length} name=a\r\n`;
    const text = toLatin1(encoded);
    assert(text.startsWith(begin + body + "=yend "), text);
  }
});

Deno.test("encodeYenc() and decodeYenc() give bytes of every length back", () => {
  const random = seededRandom(1);
  for (let length = 0; length <= 300; length++) {
    const bytes = Uint8Array.from({ length }, () => random() * 256);
    for (const lineLength of [1, 2, 3, 7, 63, 128, 254, 997]) {
      const encoded = encodeYenc(bytes, { name: "a b.bin", lineLength });
      checkLines(encoded, lineLength);
      assertEquals(decodeYenc(encoded), {
        name: "a b.bin",
        size: length,
        offset: 0,
        content: bytes,
      });
    }
  }
});

/** What every line has to be for mail and news. */
function checkLines(encoded: Uint8Array, lineLength: number) {
  const lines = toLatin1(encoded).split("\r\n");
  assertEquals(lines.pop(), "");
  for (const line of lines.slice(1, -1)) {
    assertFalse(/[\0\r\n]|^[\t .]|[\t ]$|^=y/.test(line), JSON.stringify(line));
    assert(line.length <= lineLength + 1, `${line.length} characters`);
  }
  for (const line of lines.slice(1, -2)) assert(line.length >= lineLength);
}

Deno.test("encodeYenc() has room for bytes that are all escaped", () => {
  for (const byte of [0xd6, 0xe0, 0xe3, 0x13]) {
    for (const length of [1, 64, 65, 300, 5_000]) {
      const bytes = new Uint8Array(length).fill(byte);
      for (const lineLength of [1, 2, 3, 128, 997]) {
        const encoded = encodeYenc(bytes, { name: "a", lineLength });
        checkLines(encoded, lineLength);
        assertEquals(decodeYenc(encoded).content, bytes);
      }
    }
  }
});

Deno.test("encodeYenc() makes parts that decodeYenc() puts where they belong", () => {
  const parts = [0, 100, 200].map((offset, index) =>
    encodeYenc(ALL.subarray(offset, offset + 100), {
      name: "all.bin",
      part: { number: index + 1, total: 3, offset, size: 256 },
    })
  );
  assert(
    toLatin1(parts[1]!).startsWith(
      "=ybegin part=2 total=3 line=128 size=256 name=all.bin\r\n" +
        "=ypart begin=101 end=200\r\n",
    ),
  );
  assert(/\r\n=yend size=56 part=3 pcrc32=[0-9a-f]{8}\r\n$/.test(
    toLatin1(parts[2]!),
  ));
  const whole = new Uint8Array(256);
  for (const [index, part] of parts.entries()) {
    const { content, ...header } = decodeYenc(part);
    assertEquals(header, {
      name: "all.bin",
      size: 256,
      part: index + 1,
      total: 3,
      offset: index * 100,
    });
    whole.set(content, header.offset);
  }
  assertEquals(whole, ALL);
});

Deno.test("encodeYenc() and decodeYenc() keep names", () => {
  for (
    const name of [
      "a",
      "two  words.bin",
      "name=b.bin",
      "a size=7 name=b",
      '"quoted".bin',
      "../../etc/passwd",
      "=yend",
      "gr\u00fc\u00df \ud83d\ude00.bin",
      "x".repeat(1_000),
    ]
  ) {
    assertEquals(decodeYenc(encodeYenc(ALL, { name })).name, name);
  }
});

Deno.test("decodeYenc() takes no numbers out of the name", () => {
  const encoded = encodeYenc(ALL, { name: "a part=7 total=9 b" });
  assertEquals(decodeYenc(encoded), {
    name: "a part=7 total=9 b",
    size: 256,
    offset: 0,
    content: ALL,
  });
});

Deno.test("decodeYenc() takes a name as it is sent, without blanks around it", () => {
  for (
    const [line, name] of [
      ["line=128 size=256 name= a b ", "a b"],
      ["line=128 size=256 name=a name=b", "a name=b"],
      ["line=128  size=256  name=a", "a"],
      ["size=256 line=128 name=a", "a"],
      ["line=128 size=256 name=\xfc.bin", "\xfc.bin"],
      ["line=128 size=256 name=\xc3\xbc.bin", "\xfc.bin"],
    ]
  ) {
    const encoded = damaged(/^=ybegin .*/, `=ybegin ${line}`);
    assertEquals(decodeYenc(encoded).name, name, line);
  }
});

Deno.test("encodeYenc() refuses names and numbers that do not fit", () => {
  const part = { number: 1, total: 1, offset: 0, size: 3 };
  for (
    const options of [
      ...["", "a\r\nb", "a\nb", "a\rb", "a\0b"].map((name) => ({ name })),
      ...[0, -1, 1.5, 998, NaN, Infinity].map((lineLength) => ({
        name: "a",
        lineLength,
      })),
      ...[-1, 0.5, NaN, Infinity, 2 ** 53].flatMap((bad) => [
        { name: "a", part: { ...part, number: bad } },
        { name: "a", part: { ...part, total: bad } },
        { name: "a", part: { ...part, offset: bad } },
        { name: "a", part: { ...part, size: bad } },
      ]),
    ] satisfies YencOptions[]
  ) {
    assertThrows(
      () => encodeYenc(new Uint8Array(3), options),
      TypeError,
      "Cannot encode",
      JSON.stringify(options),
    );
  }
});

Deno.test("encodeYenc() refuses what nobody could put together", () => {
  const part = { number: 1, total: 1, offset: 0, size: 3 };
  const wrong: YencOptions[] = [
    { name: " " },
    { name: "a", part: { ...part, number: 0 } },
    { name: "a", part: { ...part, number: 2 } },
    { name: "a", part: { ...part, offset: 1 } },
    { name: "a", part: { ...part, size: 2 } },
    { name: "x".repeat(10_000) },
  ];
  const taken = wrong.filter((options) => {
    try {
      encodeYenc(new Uint8Array(3), options);
      return true;
    } catch (error) {
      if (error instanceof TypeError) return false;
      throw error;
    }
  });
  assertEquals(taken.map((one) => JSON.stringify(one).slice(0, 80)), []);
});

Deno.test("decodeYenc() decodes every escape and forgives line ends", () => {
  for (
    const [body, content] of [
      // Some escape more than they need to, spaces and dots too.
      ["=`=n=I", [0xf6, 0x04, 0xdf]],
      ["+\n,\n", [1, 2]],
      ["+\r\n\r\n,\r\n", [1, 2]],
      ["+\r,", [1, 2]],
      // Dots were doubled and undone by the transport.
      [".\r\n.+\r\n", [4, 4, 1]],
      ["+=\r\n=@", undefined],
      // An escaped "y" stands nowhere but at the start of a line.
      ["+=y", [1, 0x0f]],
    ] as [string, number[] | undefined][]
  ) {
    const encoded = latin1(
      `=ybegin line=128 size=9 name=a\r\n${body}\r\n=yend\r\n`
        .replace("size=9", `size=${content?.length ?? 9}`),
    );
    if (content) {
      assertEquals(
        decodeYenc(encoded).content,
        Uint8Array.from(content),
        JSON.stringify(body),
      );
    } else assertThrows(() => decodeYenc(encoded), SyntaxError, "Cannot");
  }
});

Deno.test("decodeYenc() finds the file in whatever stands around it", () => {
  const file = plainYenc(ALL);
  for (
    const [before, after] of [
      ["", "see you\r\n"],
      ["", "=yend size=1\r\n"],
      ["", "=ybegin line=128 size=1 name=b\r\n+\r\n=yend size=1\r\n"],
      ["", "=ynonsense\r\n\0\xff=="],
      ["Hello,\r\nhere it is:\r\n\r\n", ""],
      ["see =ybegin line=1 size=1 name=b\r\n", ""],
      [" =ybegin line=1 size=1 name=b\r\n", ""],
      [
        "=ybegin2 line=1\r\n=yend size=3\r\n=ypart begin=1 end=2\r\n=yx\r\n",
        "",
      ],
      ["\n\n\r\r\n", ""],
      ["x".repeat(20_000) + "\r\n", ""],
      ["x".repeat(9_000) + "=ybegin line=1 size=1 name=b\r\n", ""],
    ]
  ) {
    const encoded = concat([latin1(before!), file, latin1(after!)]);
    assertEquals(decodeYenc(encoded).content, ALL, before);
  }
});

Deno.test("decodeYenc() passes over text that talks of =ybegin", () => {
  // Draft 1.3: without line, size and name there is no binary.
  for (const line of ["=ybegin is how it begins", "=ybegin line=1 size=1"]) {
    const encoded = concat([latin1(line + "\r\n"), plainYenc(ALL)]);
    assertEquals(decodeYenc(encoded).content, ALL, line);
  }
});

Deno.test("decodeYenc() needs no line end behind =yend", () => {
  const file = plainYenc(ALL);
  assertEquals(decodeYenc(file.subarray(0, -1)).content, ALL);
  assertEquals(decodeYenc(file.subarray(0, -2)).content, ALL);
  assertThrows(
    () => decodeYenc(damaged(/crc32=.*\r\n$/, "crc32=1")),
    SyntaxError,
    "CRC-32",
  );
});

Deno.test("decodeYenc() reads the CRC-32 however it is written", () => {
  for (
    const [from, to] of [
      [/crc32=29058c73/, "crc32=29058C73"],
      [/crc32=29058c73/, "CRC32=29058c73"],
      [/crc32=29058c73/, "crc32=0000000029058c73"],
      [/crc32=29058c73/, "pcrc32=29058c73"],
      [/ crc32=.*\r\n$/, "\r\n"],
      [/ crc32=.*\r\n$/, " crc32=\r\n"],
      [/\r\n$/, " \r\n"],
      [/\r\n$/, "\n"],
      [/=yend .*\r\n$/, "=yend crc32=29058c73 size=256\r\n"],
    ] as [RegExp, string][]
  ) {
    assertEquals(decodeYenc(damaged(from, to)).content, ALL, to);
  }
  // Programs leave out zeros in front.
  const text = toLatin1(plainYenc(latin1("ob")));
  assert(text.includes("crc32=000065e3"), text);
  const short = latin1(text.replace("crc32=0000", "crc32="));
  assertEquals(decodeYenc(short).content, latin1("ob"));
});

Deno.test("decodeYenc() says what is wrong", () => {
  for (
    const [from, to, why] of [
      [/=ybegin/, "=ybegone", "there is no =ybegin"],
      [/^[^]*$/, "", "there is no =ybegin"],
      [/=yend[^]*$/, "", "ends before its =yend, after 256 bytes"],
      [/size=256 crc/, "size=255 crc", "has 256 bytes where it says 255"],
      [/size=256 name/, "size=257 name", "has 256 bytes where it says 257"],
      [/crc32=2/, "crc32=3", "its CRC-32 is 29058c73 where it says 39058c73"],
      [/crc32=2/, "crc32=12", "CRC-32"],
      // One byte less, one more, and another one.
      [/\+,-/, "+-", "has 255 bytes where it says 256"],
      [/\+,-/, "+,,-", "has 257 bytes where it says 256"],
      [/\+,-/, "+--", "its CRC-32 is "],
      // Tabs became spaces, or lost their escape on the way.
      [/\t/, " ", "CRC-32"],
      [/=@/, "", "has 255 bytes"],
      [/\+,-/, "\r\n=ynow\r\n+,-", 'it has a line "=ynow"'],
      [/\+,-/, "\r\n=ybegin line=1 size=1 name=b\r\n", "=ybegin"],
      [/\+,-/, `\r\n=y${"x".repeat(9_000)}\r\n+,-`, "longer than 8192 bytes"],
      [/\+,-/, `\r\n=yend ${"x".repeat(1e6)}`, "longer than 8192 bytes"],
    ] as [RegExp, string, string][]
  ) {
    assertThrows(() => decodeYenc(damaged(from, to)), SyntaxError, why, to);
  }
});

Deno.test("decodeYenc() refuses parts that make no sense", () => {
  const file = (head: string, tail: string) =>
    latin1(
      `=ybegin part=2 total=2 line=128 size=5 name=a\r\n${head}+,\r\n` +
        `=yend size=2 ${tail}\r\n`,
    );
  const crc = crc32(Uint8Array.of(1, 2)).toString(16);
  const good = "=ypart begin=4 end=5\r\n";
  // In a part, crc32 is the whole file's.
  for (const tail of ["", "part=2", `pcrc32=${crc}`, "crc32=12345678"]) {
    assertEquals(decodeYenc(file(good, tail)).offset, 3, tail);
  }
  for (
    const [head, tail, why] of [
      [good, "pcrc32=1", "CRC-32"],
      [good, `crc32=${crc} pcrc32=00000000`, "CRC-32"],
      ["=ypart begin=0 end=2\r\n", "", "makes no sense"],
      ["=ypart begin=-1 end=2\r\n", "", "makes no sense"],
      ["=ypart begin=4\r\n", "", "makes no sense"],
      ["=ypart end=5\r\n", "", "makes no sense"],
      ["=ypart begin=x end=y\r\n", "", "makes no sense"],
      ["=ypart\r\n", "", '"=ypart"'],
      ["=ypart begin=5 end=4\r\n", "", "has 2 bytes where it says 0"],
      ["=ypart begin=9 end=4\r\n", "", "has 2 bytes where it says -4"],
      ["=ypart begin=1 end=3\r\n", "", "has 2 bytes where it says 3"],
      [
        "=ypart begin=1 end=999999999999999\r\n",
        "",
        "has 2 bytes where it says 999999999999999",
      ],
      [`=ypart begin=1 end=${"9".repeat(400)}\r\n`, "", "makes no sense"],
    ] as [string, string, string][]
  ) {
    assertThrows(() => decodeYenc(file(head, tail)), SyntaxError, why, head);
  }
});

Deno.test("decodeYenc() trusts no number of the sender's", () => {
  // Nothing is made as large as the header says.
  const huge = damaged(/size=256 name/, "size=999999999999999 name");
  assertThrows(() => decodeYenc(huge), SyntaxError, "where it says 9999999");
  for (const size of ["9".repeat(400), "1e3", "-1", "0x10", "", "1.5"]) {
    const encoded = damaged(/size=256 name/, `size=${size} name`);
    assertThrows(() => decodeYenc(encoded), SyntaxError, "Cannot decode", size);
  }
});

Deno.test("decodeYenc() refuses a later part that does not say where it belongs", () => {
  const file = "=ybegin part=2 total=2 line=128 size=5 name=a\r\n+,\r\n" +
    "=yend size=2 part=2\r\n";
  assertThrows(() => decodeYenc(latin1(file)), SyntaxError, "Cannot decode");
});

Deno.test("decodeYenc() needs no time for input made to take much", () => {
  const begin = "=ybegin line=128 size=256 name=a\r\n";
  for (
    const text of [
      "=ybegin ".repeat(200_000),
      "=ybegin " + " name=".repeat(1_000) + "\r\n",
      "\n".repeat(300_000),
      "=\n".repeat(300_000),
      "=ybegi\n".repeat(300_000),
      begin + "=".repeat(2_000_000),
      begin + "\n".repeat(2_000_000),
      begin + "=ypart begin=1 end=1\n".repeat(100_000),
      begin + "=y" + " ".repeat(8_000) + "x\n",
      begin + "=yend" + " size=1".repeat(1_100) + " crc32=".repeat(50) + "x\n",
      "x".repeat(4_000_000),
    ]
  ) {
    assertThrows(() => decodeYenc(latin1(text)), SyntaxError, "Cannot decode");
  }
});
