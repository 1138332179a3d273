import { assertEquals, assertThrows } from "jsr:@std/assert@^1.0.0";
import { chooseMechanism, type SaslChoice } from "../../../mail/sasl/choose.ts";
import { loginServer, plainServer } from "../../../mail/sasl/server.ts";
import type { SaslSecret } from "../../../mail/sasl/types.ts";
import { bytes } from "../../_wire/memory.ts";

const ALL = [
  "LOGIN",
  "plain",
  "CRAM-MD5",
  "EXTERNAL",
  "XOAUTH2",
  "OAUTHBEARER",
  "SCRAM-SHA-1",
  "SCRAM-SHA-256",
  "GSSAPI",
];

function choose(
  offered: string[],
  choice: Partial<SaslChoice> = {},
  secret: SaslSecret = "secret",
): string {
  return chooseMechanism(
    { user: "ada", secret, hostname: "localhost", port: 25 },
    { offered, private: true, ...choice },
  ).name;
}

Deno.test("chooseMechanism() takes the strongest that both have", () => {
  const order = ["SCRAM-SHA-256", "SCRAM-SHA-1", "CRAM-MD5", "PLAIN", "LOGIN"];
  let offered = [...ALL];
  for (const name of order) {
    assertEquals(choose(offered), name);
    offered = offered.filter((one) => one.toUpperCase() !== name);
  }
  const token = { accessToken: "t" };
  assertEquals(choose(ALL, {}, token), "OAUTHBEARER");
  assertEquals(choose(["XOAUTH2"], {}, token), "XOAUTH2");
});

Deno.test("chooseMechanism() takes the one that is asked for", () => {
  assertEquals(choose(ALL, { mechanism: "login" }), "LOGIN");
  assertEquals(choose(ALL, { mechanism: "EXTERNAL" }), "EXTERNAL");
  assertThrows(
    () => choose(["PLAIN"], { mechanism: "CRAM-MD5" }),
    TypeError,
    "Cannot sign in by CRAM-MD5: the server offers PLAIN",
  );
  for (const mechanism of ["GSSAPI", "toString", ""]) {
    assertThrows(() => choose(ALL, { mechanism }), TypeError, "there are");
  }
});

Deno.test("chooseMechanism() shows no secret to whoever listens", () => {
  const open = { private: false };
  assertEquals(choose(ALL, open), "SCRAM-SHA-256");
  assertEquals(choose(["PLAIN", "CRAM-MD5"], open), "CRAM-MD5");
  for (
    const attempt of [
      () => choose(["PLAIN", "LOGIN"], open),
      () => choose(ALL, { ...open, mechanism: "PLAIN" }),
      () => choose(ALL, open, { accessToken: "t" }),
    ]
  ) {
    assertThrows(attempt, TypeError, "without TLS anybody");
  }
});

Deno.test("chooseMechanism() says what the server offers when nothing fits", () => {
  assertThrows(
    () => choose(["XOAUTH2", "GSSAPI"]),
    TypeError,
    "any mechanism that takes a password: the server offers XOAUTH2, GSSAPI",
  );
  assertThrows(() => choose([]), TypeError, "the server offers none");
});

Deno.test("chooseMechanism() refuses what would end a field", () => {
  for (const bad of ["a\0b", "a\x01b"]) {
    for (const secret of [bad, { accessToken: bad }]) {
      assertThrows(() => choose(ALL, {}, secret), TypeError, "control");
    }
  }
});

const check = (user: string, password: string) =>
  user === "ada" && password === "secret";

Deno.test("plainServer() takes the right password and nothing else", async () => {
  const server = plainServer(check);
  assertEquals(await server.next(undefined), { challenge: bytes("") });
  const takes = ["\0ada\0secret", "ada\0ada\0secret"];
  for (const message of takes) {
    assertEquals(await server.next(bytes(message)), { user: "ada" });
  }
  const refuses = [
    "",
    "\0ada",
    "\0ada\0",
    "\0\0secret",
    "\0ada\0wrong",
    "bob\0ada\0secret",
    "\0ada\0secret\0",
    "ada\0secret",
  ];
  for (const message of refuses) {
    assertEquals(await server.next(bytes(message)), { refused: true });
  }
  const notUtf8 = new Uint8Array([0, 97, 0, 0xff]);
  assertEquals(await server.next(notUtf8), { refused: true });
});

Deno.test("loginServer() asks for name and password", async () => {
  for (
    const [password, end] of [
      ["secret", { user: "ada" }],
      ["wrong", { refused: true }],
    ] as const
  ) {
    const server = loginServer(check);
    assertEquals(await server.next(undefined), {
      challenge: bytes("Username:"),
    });
    assertEquals(await server.next(bytes("ada")), {
      challenge: bytes("Password:"),
    });
    assertEquals(await server.next(bytes(password)), end);
  }
  // The name may come as initial response.
  const server = loginServer(check);
  assertEquals(await server.next(bytes("ada")), {
    challenge: bytes("Password:"),
  });
  assertEquals(await server.next(bytes("")), { refused: true });
});
