import { assert, assertEquals, assertThrows } from "jsr:@std/assert@^1.0.0";
import {
  decodeAscii85,
  decodeBase85,
  encodeAscii85,
  encodeBase85,
} from "../../../mail/encoding/mod.ts";
import { seededRandom } from "../../_support/random_slices.ts";
import { bytes } from "../../_wire/memory.ts";
import { ALL } from "./samples.ts";

const LEVIATHAN = bytes(
  "Man is distinguished, not only by his reason, but by this singular passion " +
    "from other animals, which is a lust of the mind, that by a perseverance of " +
    "delight in the continued and indefatigable generation of knowledge, " +
    "exceeds the short vehemence of any carnal pleasure.",
);
const LEVIATHAN85 = "9jqo^BlbD-BleB1DJ+*+F(f,q/0JhKF<GL>Cj@.4Gp$d7F!,L7@<6@)/" +
  '0JDEF<G%<+EV:2F!,O<DJ+*.@<*K0@<6L(Df-\\0Ec5e;DffZ(EZee.Bl.9pF"AGXBPCsi' +
  "+DGm>@3BB/F*&OCAfu2/AKYi(DIb:@FD,*)+C]U=@3BN#EcYf8ATD3s@q?d$AftVqCh[Nq" +
  "F<G:8+EV:.+Cf>-FD5W8ARlolDIal(DId<j@<?3r@:F%a+D58'ATD4$Bl@l3De:,-DJs`8" +
  "ARoFb/0JMK@qB4^F!,R<AKZ&-DfTqBG%G>uD.RTpAKYo'+CT/5+Cei#DII?(E,9)oF*2M7" +
  "/c";

Deno.test("encodeAscii85() and decodeAscii85() have the known sample", () => {
  assertEquals(encodeAscii85(LEVIATHAN), LEVIATHAN85);
  assertEquals(decodeAscii85(LEVIATHAN85), LEVIATHAN);
});

Deno.test("encodeAscii85() and decodeAscii85() give bytes of every length back", () => {
  const random = seededRandom(41);
  for (let length = 0; length <= 300; length++) {
    // Often zeros and often spaces, so that there are short forms.
    const fill = random() < 0.3 ? 0 : random() < 0.4 ? 0x20 : undefined;
    const content = Uint8Array.from({ length }, () => fill ?? random() * 256);
    for (const adobe of [false, true]) {
      for (const foldSpaces of [false, true]) {
        const lineLength = Math.floor(random() * 20);
        const options = { adobe, foldSpaces, lineLength };
        const encoded = encodeAscii85(content, options);
        assertEquals(decodeAscii85(encoded, options), content, encoded);
      }
    }
    assertEquals(decodeBase85(encodeBase85(content)), content);
  }
  assertEquals(decodeAscii85(encodeAscii85(ALL)), ALL);
  assertEquals(decodeBase85(encodeBase85(ALL)), ALL);
  assertEquals(decodeBase85(encodeBase85(ALL.subarray(3, 6))), ALL.slice(3, 6));
});

Deno.test("encodeAscii85() has short forms for whole groups only", () => {
  for (
    const [content, plain, folded] of [
      [[0, 0, 0, 0], "z", "z"],
      [[0, 0, 0], "!!!!", "!!!!"],
      [[0, 0, 0, 0, 0], "z!!", "z!!"],
      [[1, 0, 0, 0, 0, 0, 0, 0], '!<<*"z', '!<<*"z'],
      [[32, 32, 32, 32], "+<VdL", "y"],
      [[32, 32, 32, 32, 32], "+<VdL+9", "y+9"],
      [[32, 32, 32], "+<Vd", "+<Vd"],
      [[0, 0, 0, 1], '!!!!"', '!!!!"'],
      [[255, 255, 255, 255], "s8W-!", "s8W-!"],
      [[255], "rr", "rr"],
      [[255, 255], "s8N", "s8N"],
      [[255, 255, 255], "s8W*", "s8W*"],
    ] as const
  ) {
    const data = Uint8Array.from(content);
    assertEquals(encodeAscii85(data), plain);
    assertEquals(encodeAscii85(data, { foldSpaces: true }), folded);
    assertEquals(decodeAscii85(plain), data);
    assertEquals(decodeAscii85(folded, { foldSpaces: true }), data);
  }
});

Deno.test("encodeAscii85() never tears the marks of Adobe apart", () => {
  const options = { adobe: true };
  assertEquals(encodeAscii85(new Uint8Array(), options), "<~~>");
  for (let length = 0; length <= 40; length++) {
    const whole = encodeAscii85(LEVIATHAN.subarray(0, length), options);
    for (let lineLength = 1; lineLength <= 60; lineLength++) {
      const encoded = encodeAscii85(LEVIATHAN.subarray(0, length), {
        ...options,
        lineLength,
      });
      assert(encoded.startsWith("<~") && encoded.endsWith("~>"), encoded);
      assertEquals(encoded.replaceAll("\n", ""), whole);
      for (const line of encoded.split("\n")) {
        assert(line.length > 0 && line.length <= Math.max(2, lineLength));
      }
    }
  }
});

Deno.test("encodeAscii85() cuts lines where it is told to", () => {
  const encoded = encodeAscii85(LEVIATHAN, { lineLength: 75 });
  assertEquals(encoded.match(/.{1,75}/g)!.join("\n"), encoded);
  assertEquals(encodeAscii85(LEVIATHAN, { lineLength: 0 }), LEVIATHAN85);
  assertEquals(encodeAscii85(LEVIATHAN, { lineLength: 1e9 }), LEVIATHAN85);
  assertEquals(encodeAscii85(new Uint8Array(), { lineLength: 1 }), "");
});

Deno.test("encodeAscii85() refuses a lineLength that is none", () => {
  for (const lineLength of [-1, 1.5, NaN, Infinity, "76", null]) {
    assertThrows(
      () => encodeAscii85(ALL, { lineLength: lineLength as number }),
      TypeError,
      `Cannot encode lines of ${lineLength} characters`,
    );
  }
});

Deno.test("encodeAscii85() loses nothing with a huge lineLength", () => {
  for (const lineLength of [Number.MAX_SAFE_INTEGER, 1e21]) {
    try {
      assertEquals(encodeAscii85(LEVIATHAN, { lineLength }), LEVIATHAN85);
    } catch (error) {
      if (!(error instanceof TypeError)) throw error;
    }
  }
});

Deno.test("decodeAscii85() passes over blanks, in the marks too", () => {
  for (const encoded of ["87cURDZ", " 8\n7\tc\rU\vR\r\nDZ\n", "87cUR DZ"]) {
    assertEquals(decodeAscii85(encoded), bytes("Hello"));
    for (
      const [begin, end] of [["<~", "~>"], ["", "~>"], ["\n<\n~ ", "~\n>\n"]]
    ) {
      const text = begin + encoded + end;
      assertEquals(decodeAscii85(text, { adobe: true }), bytes("Hello"));
    }
  }
});

Deno.test("decodeAscii85() says what is wrong", () => {
  const adobe = { adobe: true };
  const fold = { foldSpaces: true };
  for (
    const [encoded, options, why] of [
      ["87cURDZ", adobe, "it does not end in ~>"],
      ["<~87cURDZ", adobe, "it does not end in ~>"],
      ["<~87cURDZ~>x", adobe, "it does not end in ~>"],
      ["", adobe, "it does not end in ~>"],
      ["<~<~~>", adobe, '"~" is none'],
      ["<~87cUR~DZ~>", adobe, '"~" is none'],
      ["<~87cURDZ~>", {}, '"~" is none'],
      ["87cUv", {}, '"v" is none'],
      ["87cUy", {}, '"y" is none'],
      ["y", {}, '"y" is none'],
      ["87c\x7f", {}, '"\x7f" is none'],
      ["87c\0", {}, '"\\u0000" is none'],
      ["87c\f", {}, '"\\f" is none'],
      ["87c\xe9", {}, '"\xe9" is none'],
      ["87c\u20ac", {}, '"\u20ac" is none'],
      ["!z", {}, "a short form stands inside a group"],
      ["!!!!z", {}, "a short form stands inside a group"],
      ["!y", fold, "a short form stands inside a group"],
      ["!", {}, "one character is left over"],
      ["z!", {}, "one character is left over"],
      ["87cUR!", {}, "one character is left over"],
      ["<~!~>", adobe, "one character is left over"],
    ] as const
  ) {
    assertThrows(
      () => decodeAscii85(encoded, options),
      SyntaxError,
      `Cannot decode Ascii85: ${why}`,
      JSON.stringify(encoded),
    );
  }
});

Deno.test("decodeAscii85() and decodeBase85() refuse groups of more than four bytes", () => {
  const why = "a group is more than four bytes";
  assertEquals(decodeAscii85("s8W-!"), new Uint8Array(4).fill(255));
  for (
    const encoded of [
      's8W-"',
      "uuuuu",
      "uu",
      "t!",
      "s9",
      "s8X",
      "s8W.",
      'zs8W-"',
    ]
  ) {
    assertThrows(() => decodeAscii85(encoded), SyntaxError, why, encoded);
  }
  assertEquals(decodeBase85("|NsC0"), new Uint8Array(4).fill(255));
  for (const encoded of ["|NsC1", "~~~~~", "~~", "}0", "|O", "|Nt", "|NsD"]) {
    assertThrows(() => decodeBase85(encoded), SyntaxError, why, encoded);
  }
});

Deno.test("encodeBase85() and decodeBase85() have what git has", () => {
  for (
    const [plain, encoded] of [
      ["", ""],
      ["www.python.org", "cXxL#aCvlSZ*DGca%T"],
      ["Hello", "NM&qnZv"],
      ["\0\0\0\0", "00000"],
      ["    ", "ARr(h"],
    ] as const
  ) {
    assertEquals(encodeBase85(bytes(plain)), encoded);
    assertEquals(decodeBase85(encoded), bytes(plain));
  }
});

Deno.test("decodeBase85() says what is wrong", () => {
  for (
    const [encoded, why] of [
      ["0", "one character is left over"],
      ["000000", "one character is left over"],
      ["NM&q nZv", '" " is none'],
      ["NM&qnZv\n", '"\\n" is none'],
      ['NM"qnZv', '"\\"" is none'],
      ["NM,qn", '"," is none'],
      ["NM'qn", '"\'" is none'],
      ["NM\x7fqn", '"\x7f" is none'],
      ["NM\xe9qn", '"\xe9" is none'],
      ["NM\u20acqn", '"\u20ac" is none'],
      ["NM\ud800", '"\\ud800" is none'],
    ] as const
  ) {
    assertThrows(
      () => decodeBase85(encoded),
      SyntaxError,
      `Cannot decode base85: ${why}`,
      JSON.stringify(encoded),
    );
  }
});

Deno.test("encodeAscii85() and the others need no time for much", () => {
  const content = new Uint8Array(1_000_000).fill(0x5a);
  for (const lineLength of [0, 1, 76]) {
    const options = { adobe: true, lineLength };
    const encoded = encodeAscii85(content, options);
    assertEquals(decodeAscii85(encoded, options).length, content.length);
  }
  assertEquals(decodeBase85(encodeBase85(content)).length, content.length);
  assertEquals(decodeAscii85("z".repeat(1_000_000)).length, 4_000_000);
  assertEquals(decodeAscii85("\n ".repeat(1_000_000)).length, 0);
  assertThrows(() => decodeAscii85("~".repeat(4_000_000), { adobe: true }));
});
