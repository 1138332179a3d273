import { assertEquals } from "jsr:@std/assert@^1.0.0";
import { Buffer } from "node:buffer";
import { decodeLines, decodeText, toByteString } from "../../_wire/text.ts";

Deno.test("toByteString() gives one character for each byte of a view", () => {
  const all = Uint8Array.from({ length: 256 }, (_, at) => at);
  assertEquals(
    toByteString(all.subarray(127, 160)),
    String.fromCharCode(...all.subarray(127, 160)),
  );
});

Deno.test("decodeText() reads UTF-8, and what is none as one character a byte", () => {
  assertEquals(
    decodeText(Buffer.from("Grüße, 世界 \u{feff}")),
    "Grüße, 世界 \u{feff}",
  );
  const latin1 = Buffer.from("Grüße", "latin1");
  assertEquals(decodeText(latin1), "Grüße");
  // Windows code pages have other characters here.
  assertEquals(decodeText(new Uint8Array([0x80, 0x9f])), "\x80\x9f");
});

Deno.test("decodeLines() judges each line by itself", () => {
  const bytes = new Uint8Array([
    ...Buffer.from("世界\r\n"),
    ...Buffer.from("Grüße\r\n", "latin1"),
    ...Buffer.from("a\nb\rc\r\n\r\n"),
  ]);
  assertEquals(decodeLines(bytes), ["世界", "Grüße", "a\nb\rc", ""]);
  assertEquals(decodeLines(new Uint8Array()), []);
});
