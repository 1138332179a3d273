import {
  assert,
  assertEquals,
  assertFalse,
  assertThrows,
} from "jsr:@std/assert@^1.0.0";
import { saslprep } from "../../../mail/sasl/mod.ts";

Deno.test("saslprep() prepares the examples of RFC 4013 section 3", () => {
  for (
    const [text, prepared] of [
      ["I\u00adX", "IX"],
      ["user", "user"],
      ["USER", "USER"],
      ["\u00aa", "a"],
      ["\u2168", "IX"],
    ] as const
  ) {
    assertEquals(saslprep(text), prepared);
  }
  assertThrows(() => saslprep("\u0007"), TypeError, "forbids U+0007");
  assertThrows(() => saslprep("\u0627\u0031"), TypeError, "right-to-left");
});

Deno.test("saslprep() makes every space an ASCII one and drops what is invisible", () => {
  assertEquals(saslprep("a\u00a0b\u3000c\u2009d"), "a b c d");
  assertEquals(saslprep("a\u200bb"), "a b");
  assertEquals(saslprep("a\ufe0fb\u2060c\ufeff"), "abc");
});

Deno.test("saslprep() refuses what is prohibited and does not show the text", () => {
  for (
    const bad of ["\x7f", "\u0080", "\ue000", "\ufffd", "\u2028", "\u{e0001}"]
  ) {
    const error = assertThrows(() => saslprep(`geheim${bad}`), TypeError);
    assertFalse(error.message.includes("geheim"));
  }
});

Deno.test("saslprep() lets right-to-left text through when it is nothing else", () => {
  assertEquals(saslprep("שלום"), "שלום");
  assertEquals(saslprep("ש1ם"), "ש1ם");
  assertThrows(() => saslprep("שaם"), TypeError, "mixes");
});

Deno.test("saslprep() lets characters through that are younger than its tables", () => {
  assertEquals(saslprep("p🦄ss"), "p🦄ss");
  assert(saslprep("x").length === 1);
});
