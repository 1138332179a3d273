/** The fields of a header. */
import { assert, assertEquals } from "jsr:@std/assert@^1.0.0";
import { make, read, utf8, write } from "./samples.ts";

Deno.test("headers.get() and its like know names in every case, and the order", async () => {
  const { headers } = await read(
    "Received: one\nSubject: a\nRECEIVED: two\nX-Folded:\n b\n\tc\nreceived :three\n\n",
  );
  assertEquals(headers.size, 5);
  assertEquals(headers.get("rEcEiVeD"), "one");
  assertEquals(headers.getAll("received"), ["one", "two", "three"]);
  assertEquals(headers.get("x-folded"), "b\tc");
  assertEquals(headers.has("SUBJECT"), true);
  assertEquals([
    headers.get("none"),
    headers.getAll("none"),
    headers.has("none"),
  ], [
    undefined,
    [],
    false,
  ]);
  assertEquals(headers.keys(), [
    "received",
    "subject",
    "received",
    "x-folded",
    "received",
  ]);
  assertEquals([...headers].map(([name]) => name), [
    "Received",
    "Subject",
    "RECEIVED",
    "X-Folded",
    "received",
  ]);
});

Deno.test("headers.set() puts one field in the place of the first", async () => {
  const message = await read("A: 1\nB: 2\na: 3\nC: 4\n\nx");
  message.headers.set("A", "new");
  assertEquals(await write(message), "A: new\nB: 2\nC: 4\n\nx");
  message.headers.set("D", "5");
  assertEquals(await write(message), "A: new\nB: 2\nC: 4\nD: 5\n\nx");
  message.headers.append("B", "6");
  message.headers.delete("c");
  assertEquals(await write(message), "A: new\nB: 2\nD: 5\nB: 6\n\nx");
  message.headers.delete("none");
  for (const name of ["a", "b", "d"]) message.headers.delete(name);
  assertEquals(await write(message), "\nx");
});

Deno.test("headers.set() leaves everything as it is where it throws", async () => {
  for (const text of ["Subject: a", "Subject: a\nTo: b\n\nc"]) {
    const message = await read(text);
    for (const value of ["a\nb", "a\0"]) {
      try {
        message.headers.set("Subject", value);
      } catch (error) {
        assert(error instanceof TypeError);
      }
    }
    assertEquals(await write(message), text);
    assertEquals(message.subject, "a");
  }
});

Deno.test("headers.set() writes what is read again", async () => {
  const values = [
    "",
    "a",
    " a ",
    "a  b",
    "Grüße",
    "ü",
    "a ü b",
    "=?utf-8?Q?a?=",
    "=? ?=",
    "日本語".repeat(50),
    "x".repeat(75),
    "x".repeat(2_000),
    "a ".repeat(500) + "b",
    "ü ".repeat(100) + "ü",
    "tab\tin it",
    "🎉".repeat(99),
    "e\u0301",
    "\u2028",
    "\x7f\x1b",
  ];
  for (const value of values) {
    for (
      const name of ["Subject", "X-" + "n".repeat(60), "X-" + "n".repeat(200)]
    ) {
      const message = make();
      message.headers.set(name, value);
      const bytes = await write(message);
      const again = await read(bytes);
      assertEquals(
        again.headers.get(name),
        value.trim(),
        JSON.stringify([name, value]),
      );
      assertEquals(message.headers.get(name), value.trim());
      assertEquals(again.headers.size, message.headers.size);
      for (const line of bytes.split("\r\n")) {
        assert(line.length <= 998, line);
        if (name === "Subject") {
          assert(line.length <= 76 || !line.includes("=?UTF-8?"), line);
        }
        assert(
          !/^[ \t]+$/.test(line),
          "a line of blanks ends a header for some",
        );
      }
    }
  }
});

Deno.test("headers.set() encodes only names in fields of addresses", async () => {
  const message = make();
  message.headers.set("To", 'Grüße <a@b.c>, "x, y" <d@e.f>, Freünde: g@h.i;');
  const again = await read(await write(message));
  assertEquals(again.to, [
    { name: "Grüße", address: "a@b.c" },
    { name: "x, y", address: "d@e.f" },
    { group: "Freünde", members: [{ name: "", address: "g@h.i" }] },
  ]);
  const bytes = await write(message);
  assert(/^[\r\n\x20-\x7e]*$/.test(bytes));
  // RFC 2047 section 5 (3).
  assert(!/\?=[:,;<]/.test(bytes), bytes);
});

Deno.test("headers.getRaw() leaves encoded words", async () => {
  const { headers } = await read(
    `A: =?utf-8?Q?=C3=BC?=\n b\nB: ${utf8("ü")}\n\n`,
  );
  assertEquals(headers.getRaw("a"), ["=?utf-8?Q?=C3=BC?= b"]);
  assertEquals(headers.getRaw("b"), ["ü"]);
});
