import { assert, assertEquals } from "jsr:@std/assert@^1.0.0";
import { decodeWords, encodeWords } from "../../../mail/message/mod.ts";

const WORDS: [encoded: string, text: string][] = [
  // RFC 2047 section 8.
  [
    "=?US-ASCII?Q?Keith_Moore?= <moore@cs.utk.edu>",
    "Keith Moore <moore@cs.utk.edu>",
  ],
  ["=?ISO-8859-1?Q?Andr=E9?= Pirard", "André Pirard"],
  [
    "=?ISO-8859-1?B?SWYgeW91IGNhbiByZWFkIHRoaXMgeW8=?=\r\n " +
    "=?ISO-8859-2?B?dSB1bmRlcnN0YW5kIHRoZSBleGFtcGxlLg==?=",
    "If you can read this you understand the example.",
  ],
  ["(=?ISO-8859-1?Q?a?=)", "(a)"],
  ["(=?ISO-8859-1?Q?a?= b)", "(a b)"],
  ["(=?ISO-8859-1?Q?a?=  =?ISO-8859-1?Q?b?=)", "(ab)"],
  ["(=?ISO-8859-1?Q?a_b?=)", "(a b)"],
  ["(=?ISO-8859-1?Q?a?= =?ISO-8859-2?Q?_b?=)", "(a b)"],
  // A character in two words, in both encodings.
  ["=?utf-8?B?w?= =?utf-8?B?7w=?=", "ï"],
  ["=?utf-8?Q?=C3?=\r\n =?UTF-8?q?=BC?=", "ü"],
  // What is seen beside the RFC.
  ["=?us-ascii*en?Q?hi there?=", "hi there"],
  ["pre=?utf-8?Q?=C3=BC?=post", "preüpost"],
  ["=?utf-8?Q??= x", " x"],
  ["=?utf-8?B?R3LDvMOfZQ?=", "Grüße"],
  ["a =?x-unknown?Q?=fc?= b", "a ü b"],
  ["=?utf-8?Q?=fc?=", "ü"],
  ["=?utf-7?Q?1_+-_2_+AOQ-x?=", "1 + 2 äx"],
  ["=?gb2312?B?1tDOxA==?=", "中文"],
  ["=?ks_c_5601-1987?B?x9GxubTr?=", "한국대"],
  ["=?cp932?B?k/qWew==?=", "日本"],
  ["=?cp-1252?Q?=80?=", "€"],
  ["=?ISO-2022-JP?B?GyRCRnxLXBsoQg==?=", "日本"],
  // No encoded words.
  ["=?a?b?= x", "=?a?b?= x"],
  ["=?utf-8?X?abc?=", "=?utf-8?X?abc?="],
  ["plain, ünd  more", "plain, ünd  more"],
  ["", ""],
];

Deno.test("decodeWords() reads encoded words", () => {
  for (const [encoded, text] of WORDS) {
    assertEquals(decodeWords(encoded), text, encoded);
  }
});

Deno.test("decodeWords() needs no time for input made to take much", () => {
  for (
    const piece of [
      "=?",
      "=?a?",
      "=?utf-8?Q?",
      "=?utf-8?Q?a?= ",
      " ",
      "?=",
      "=",
    ]
  ) {
    decodeWords(piece.repeat(200_000));
    decodeWords(`=?utf-7?Q?${piece.repeat(100_000)}?=`);
  }
});

Deno.test("encodeWords() leaves what needs nothing", () => {
  for (const text of ["", "Hello", "a = b? c_d", "x".repeat(200), "a  b"]) {
    assertEquals(decodeWords(encodeWords(text)), text);
  }
  assertEquals(encodeWords("Hello = ?"), "Hello = ?");
});

Deno.test("encodeWords() gives words that are read back, none over 75 characters", () => {
  for (
    const text of [
      "Grüße aus Rom",
      "日本語のとても長い件名です。".repeat(9),
      "🎉".repeat(99),
      "x".repeat(100) + "é",
      "=?utf-8?Q?no?=",
      "a =?x?= b",
      " ü ",
      "ü  ü",
      "a\r\nBcc: b@example.com",
      "\0\x7f",
    ]
  ) {
    for (const encoding of ["Q", "B", undefined] as const) {
      const encoded = encodeWords(text, { encoding });
      assertEquals(decodeWords(encoded), text, encoded);
      assert(/^[\x20-\x7e]*$/.test(encoded), encoded);
      for (const word of encoded.match(/=\?\S*\?=/g) ?? []) {
        assert(word.length <= 75, word);
      }
    }
  }
});

Deno.test("encodeWords() encodes no more than from the first to the last word that needs it", () => {
  assertEquals(
    encodeWords("From Köln with love", { encoding: "Q" }),
    "From =?UTF-8?Q?K=C3=B6ln?= with love",
  );
});
