import { assertEquals, assertStrictEquals } from "jsr:@std/assert@^1.0.0";
import {
  limitOf,
  parseExtensions,
  sizeLimit,
  withEnhancedCode,
} from "../../../mail/smtp/replies.ts";

function reply(code: number, ...lines: string[]) {
  return { code, lines, text: lines.join("\n") };
}

Deno.test("withEnhancedCode() takes the code off every line", () => {
  assertEquals(withEnhancedCode(reply(250, "2.1.0 Sender ok")), {
    code: 250,
    enhancedCode: "2.1.0",
    lines: ["Sender ok"],
    text: "Sender ok",
  });
  assertEquals(
    withEnhancedCode(reply(550, "5.7.1 No", "5.7.1", "5.7.1 way", "plain")),
    {
      code: 550,
      enhancedCode: "5.7.1",
      lines: ["No", "", "way", "plain"],
      text: "No\n\nway\nplain",
    },
  );
  assertEquals(withEnhancedCode(reply(451, "4.123.456")), {
    code: 451,
    enhancedCode: "4.123.456",
    lines: [""],
    text: "",
  });
});

Deno.test("withEnhancedCode() believes no code that says otherwise than the reply", () => {
  for (
    const one of [
      reply(250, "5.1.1 fine"),
      reply(550, "2.0.0 no"),
      reply(450, "5.0.0 no"),
      reply(354, "3.0.0 go"),
      reply(220, "2.1 Sendmail"),
      reply(220, "2.1.0.4 Sendmail"),
      reply(250, "2.1.0x"),
      reply(250, "2.1234.0 x"),
      reply(250, " 2.1.0 x"),
      reply(250, "2.1.0\tx"),
      reply(250, ""),
      // Only a later line has it.
      reply(250, "fine", "2.1.0 x"),
    ]
  ) {
    const got = withEnhancedCode(one);
    assertEquals(got, one);
    assertStrictEquals("enhancedCode" in got, false);
  }
});

Deno.test("withEnhancedCode() leaves the reply it was given alone", () => {
  const given = reply(250, "2.0.0 ok");
  const kept = structuredClone(given);
  withEnhancedCode(given);
  assertEquals(given, kept);
});

Deno.test("parseExtensions() reads keywords and parameters", () => {
  assertEquals(
    [...parseExtensions([
      "mx.example.com greets you",
      "SIZE 35882577",
      "8BITMIME",
      "pipelining",
      "Auth PLAIN LOGIN",
      "X-FOO-1  a  b  ",
      "LIMITS RCPTMAX=20 MAILMAX=5",
    ])],
    [
      ["SIZE", "35882577"],
      ["8BITMIME", ""],
      ["PIPELINING", ""],
      ["AUTH", "PLAIN LOGIN"],
      ["X-FOO-1", "a  b"],
      ["LIMITS", "RCPTMAX=20 MAILMAX=5"],
    ],
  );
});

Deno.test("parseExtensions() takes the first line for a name, whatever it says", () => {
  assertEquals([...parseExtensions(["SIZE 10"])], []);
  assertEquals([...parseExtensions(["STARTTLS", "DSN"])], [["DSN", ""]]);
  assertEquals([...parseExtensions([])], []);
});

Deno.test("parseExtensions() joins what is said twice, and Microsoft's AUTH=", () => {
  const extensions = parseExtensions([
    "host",
    "AUTH=LOGIN",
    "AUTH GSSAPI NTLM",
    "AUTH",
    "DSN",
    "DSN",
  ]);
  assertEquals(extensions.get("AUTH"), "LOGIN GSSAPI NTLM");
  assertEquals(extensions.get("DSN"), "");
  assertEquals(extensions.size, 2);
});

Deno.test("parseExtensions() leaves out what is no keyword", () => {
  const extensions = parseExtensions([
    "host",
    "",
    " SIZE 5",
    "-DSN",
    "SI\u0000ZE",
    "GR\u00dcSSE",
    "PIPELINING\u0007",
    "STARTTLS;x",
  ]);
  assertEquals([...extensions.keys()], []);
});

Deno.test("parseExtensions() needs no time for lines made to take much", () => {
  // A bare CR or U+2028 stays in a line.
  for (const end of ["\rx", "\u2028x", "x\u2028y", "\u2029x"]) {
    for (const fill of [" ", "=", " =", " a", "\t", "a"]) {
      // In quadratic time these would not end.
      const line = "A" + fill.repeat(1_000_000 / fill.length) + end;
      assertEquals(parseExtensions(["host", line]).size <= 1, true);
    }
  }
});

function sized(parameters: string): number | undefined {
  return sizeLimit(new Map([["SIZE", parameters]]));
}

Deno.test("sizeLimit() is the server's limit, and none where it names none", () => {
  assertEquals(sized("1000"), 1000);
  assertEquals(sized("000100"), 100);
  assertEquals(sized("12345678901234567890"), 12345678901234567890);
  for (const none of ["", "0", "00", "-5", "unlimited", " 5"]) {
    assertEquals(sized(none), undefined, none);
  }
  assertEquals(sizeLimit(new Map()), undefined);
});

Deno.test("limitOf() reads the limits of RFC 9422", () => {
  const extensions = new Map([
    ["LIMITS", "RCPTMAX=20 mailmax=5 X=1 RCPTDOMAINMAX=2"],
  ]);
  assertEquals(limitOf(extensions, "RCPTMAX"), 20);
  assertEquals(limitOf(extensions, "MAILMAX"), 5);
  assertEquals(limitOf(extensions, "RCPTDOMAINMAX"), 2);
  assertEquals(limitOf(new Map(), "RCPTMAX"), Infinity);
});

Deno.test("limitOf() takes nothing for a limit that is none", () => {
  for (
    const limits of [
      "",
      "RCPTMAX",
      "RCPTMAX=",
      "RCPTMAX=0",
      "RCPTMAX=-1",
      "RCPTMAX=1x",
      "RCPTMAX=01",
      "RCPTMAX=1234567",
      "XRCPTMAX=5",
      "RCPTMAX =5",
      "FOO=RCPTMAX=5",
    ]
  ) {
    assertEquals(
      limitOf(new Map([["LIMITS", limits]]), "RCPTMAX"),
      Infinity,
      limits,
    );
  }
});
