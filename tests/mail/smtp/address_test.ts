import { assertEquals, assertThrows } from "jsr:@std/assert@^1.0.0";
import { checkAddress, isAscii } from "../../../mail/smtp/address.ts";

Deno.test("checkAddress() takes addresses as they are", () => {
  for (
    const address of [
      "",
      "postmaster",
      "ada@example.com",
      "ada.lovelace+tag@sub.example.com",
      "ada@[192.0.2.1]",
      "ada@[IPv6:2001:db8::1]",
      "!#$%&'*+-/=?^_`{|}~@example.com",
      '"ada lovelace"@example.com',
      '"a@b"@example.com',
      '"a>b <c>"@example.com',
      '"a\\"b\\\\"@example.com',
      '""@example.com',
      "a".repeat(10_000) + "@example.com",
    ]
  ) {
    assertEquals(checkAddress("a recipient", address), {
      given: address,
      address,
      ascii: address,
    });
  }
});

Deno.test("checkAddress() takes angle brackets off, and keeps what was given", () => {
  assertEquals(checkAddress("x", "<ada@example.com>"), {
    given: "<ada@example.com>",
    address: "ada@example.com",
    ascii: "ada@example.com",
  });
  assertEquals(checkAddress("x", "<>").address, "");
});

Deno.test("checkAddress() refuses what could end the command, the path, or add to them", () => {
  for (
    const address of [
      "ada@example.com\r\nRCPT TO:<eve@example.com>",
      "ada@example.com\r",
      "ada@example.com\n",
      "\nada@example.com",
      "ada\0@example.com",
      "ada\x7f@example.com",
      "ada\t@example.com",
      "\x1bada@example.com",
      "<ada@example.com\r\n>",
      '"a\r\nb"@example.com',
      '"a\\\nb"@example.com',
      "ada@example.com> SIZE=1",
      "ada@example.com>",
      "<ada@example.com",
      "<<ada@example.com>>",
      "ada@example.com SIZE=1",
      " ada@example.com",
      "ada@example.com ",
      "ada @example.com",
      "Ada <ada@example.com>",
      "<ada@example.com> <eve@example.com>",
      "ada@example.com,eve@example.com",
      "ada@example.com;eve@example.com",
      "ada(comment)@example.com",
      "a\\b@example.com",
      '"ada@example.com',
      'ada"@example.com',
      '"ada\\"@example.com',
      '"ada" eve@example.com',
      "<@relay.example,@other.example:ada@example.com>",
      "ada\u00a0@example.com",
      "ada\u2028@example.com",
      "ada\u3000@example.com",
    ]
  ) {
    const error = assertThrows(
      () => checkAddress("a recipient", address),
      TypeError,
      "as a recipient",
    );
    assertEquals(/[\r\n\0]/.test(error.message), false);
  }
});

Deno.test("checkAddress() says a domain beyond ASCII in A-labels", () => {
  for (
    const [address, ascii] of [
      ["ada@b\u00fccher.example", "ada@xn--bcher-kva.example"],
      ["ada@B\u00dcCHER.example", "ada@xn--bcher-kva.example"],
      // Decomposed.
      ["ada@bu\u0308cher.example", "ada@xn--bcher-kva.example"],
      ["ada@\u4f8b\u3048.jp", "ada@xn--r8jz45g.jp"],
      // An ideographic full stop is a dot (UTS 46).
      ["ada@\u4f8b\u3048\u3002jp", "ada@xn--r8jz45g.jp"],
      ['"a@b"@b\u00fccher.example', '"a@b"@xn--bcher-kva.example'],
    ]
  ) {
    assertEquals(checkAddress("x", address!), {
      given: address,
      address,
      ascii,
    });
  }
});

Deno.test("checkAddress() has no ASCII for a local part beyond it", () => {
  for (
    const address of [
      "j\u00f6rg@example.com",
      "j\u00f6rg@b\u00fccher.example",
      '"j\u00f6 rg"@example.com',
      "j\u00f6rg",
      "\ud83d\ude00@example.com",
    ]
  ) {
    assertEquals(checkAddress("x", address).ascii, undefined, address);
  }
});

Deno.test("checkAddress() refuses a domain beyond ASCII that is none, and one that turns into more", () => {
  for (
    const domain of [
      "\u00fc/example",
      "\u00fc?example",
      "\u00fc#example",
      "\u00fc:25",
      "\u00fc%41",
      "[\u00fc]",
      // Full-width characters that UTS 46 maps to ASCII.
      "b\u00fccher\uff0fexample",
      "b\u00fccher\uff1eexample",
      "b\u00fccher\uff1cexample",
      "b\u00fccher\uff20example",
      "b\u00fccher\u2047",
      "xn--\u00fc",
    ]
  ) {
    assertThrows(
      () => checkAddress("x", `ada@${domain}`),
      TypeError,
      "Cannot use",
      domain,
    );
  }
});

Deno.test("checkAddress() never makes the ASCII form another address", () => {
  // Whatever single character is in the domain: at most an LDH name comes out.
  for (let code = 0x80; code < 0x1_0000; code++) {
    const domain = `a${String.fromCharCode(code)}b.example`;
    let ascii: string | undefined;
    try {
      ascii = checkAddress("x", `ada@${domain}`).ascii;
    } catch (error) {
      if (error instanceof TypeError) continue;
      throw error;
    }
    if (ascii === undefined || /^ada@[a-z\d.-]+$/.test(ascii)) continue;
    throw new Error(`U+${code.toString(16)} gives ${ascii}`);
  }
});

Deno.test("checkAddress() refuses half a character, which would go out as another", () => {
  for (const address of ["a\ud800@example.com", "\udc00b@example.com"]) {
    assertThrows(() => checkAddress("x", address), TypeError, "Cannot use");
  }
});

Deno.test("checkAddress() needs no time for addresses made to take much", () => {
  for (
    const address of [
      '"'.repeat(1_000_001),
      '"' + "\\".repeat(1_000_000),
      '"a"'.repeat(500_000) + " ",
      "a".repeat(1_000_000) + " ",
      "<".repeat(1_000_000),
      "a@".repeat(500_000) + "\u00fc" + "/",
    ]
  ) {
    // In quadratic time this would not end.
    assertThrows(() => checkAddress("x", address), TypeError);
  }
});

Deno.test("isAscii() tells 7-bit text", () => {
  assertEquals(isAscii(""), true);
  assertEquals(isAscii("\0\x7f~"), true);
  assertEquals(isAscii("\x80"), false);
  assertEquals(isAscii("a\n\u00fc"), false);
});
