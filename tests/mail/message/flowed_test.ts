/** Text whose lines may be joined (RFC 3676), through the message's text. */
import { assertEquals } from "jsr:@std/assert@^1.0.0";
import { read } from "./samples.ts";

const FLOWED: [body: string, text: string][] = [
  ["a \nb\n", "a b\n"],
  ["a\nb\n", "a\nb\n"],
  ["a \nb \nc\n\nd \ne\n", "a b c\n\nd e\n"],
  ["a ", "a "],
  ["", ""],
  // Stuffed (section 4.4).
  [" a\n  b\n >c\n From\n", "a\n b\n>c\nFrom\n"],
  ["a \n b\n", "a b\n"],
  // Quoted (section 4.5).
  ["> a \n> b\nc\n", "> a b\nc\n"],
  [">a \n>b\n", "> a b\n"],
  [">> a \n>> b\n> c\n", ">> a b\n> c\n"],
  // Another depth ends a paragraph.
  ["> a \nb\n", "> a \nb\n"],
  ["> a \n>> b\n", "> a \n>> b\n"],
  // The signature's line is fixed (section 4.3).
  ["a \n-- \nb \nc\n", "a \n-- \nb c\n"],
  ["> -- \n> b\n", "> -- \n> b\n"],
  ["a\n -- \nb\n", "a\n-- \nb\n"],
];

Deno.test("MailMessage.text joins flowed lines", async () => {
  for (const [body, text] of FLOWED) {
    for (const end of ["\n", "\r\n"]) {
      const message = await read(
        "Content-Type: text/plain; format=Flowed\n\n".replaceAll("\n", end) +
          body.replaceAll("\n", end),
      );
      assertEquals(message.text, text, JSON.stringify(body));
    }
  }
});

Deno.test("MailMessage.text takes the blanks of delsp away", async () => {
  const type = "Content-Type: text/plain; format=flowed; DelSp=Yes\n\n";
  for (
    const [body, text] of [
      ["ab \ncd\n", "abcd\n"],
      ["ab  \ncd\n", "ab cd\n"],
      ["> ab \n> cd\n", "> abcd\n"],
      ["a\n-- \nb\n", "a\n-- \nb\n"],
    ]
  ) assertEquals((await read(type + body)).text, text, body);
});

Deno.test("MailMessage.text leaves other text as it is", async () => {
  const body = "a \n b\n> c \n> d\n";
  for (const format of ["", "; format=fixed", "; format=", "; delsp=yes"]) {
    const message = await read(`Content-Type: text/plain${format}\n\n${body}`);
    assertEquals(message.text, body);
  }
  const flowed = await read(
    `Content-Type: text/plain; format=flowed\n\n${body}`,
  );
  assertEquals(flowed.contentText(), body);
});

Deno.test("MailMessage.text keeps the line end of a flowed line that is the last", async () => {
  const type = "Content-Type: text/plain; format=flowed\n\n";
  assertEquals((await read(`${type}a \n`)).text, "a \n");
});
