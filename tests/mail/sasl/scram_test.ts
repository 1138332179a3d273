import {
  assert,
  assertEquals,
  assertNotEquals,
  assertRejects,
  assertThrows,
} from "jsr:@std/assert@^1.0.0";
import { ProtocolError } from "../../../_wire/errors.ts";
import { deriveScramKeys } from "../../../mail/sasl/mod.ts";
import { ScramClient } from "../../../mail/sasl/scram.ts";
import type { ScramHash, ScramKeys } from "../../../mail/sasl/scram_keys.ts";
import { ScramServer } from "../../../mail/sasl/server.ts";
import type { SaslStep } from "../../../mail/sasl/types.ts";
import { bytes, text } from "../../_wire/memory.ts";

interface Example {
  hash: ScramHash;
  nonce: string;
  first: string;
  challenge: string;
  final: string;
  proof: string;
}

/** The exchanges of RFC 5802 section 5 and RFC 7677 section 3. */
const EXAMPLES: Example[] = [
  {
    hash: "sha1",
    nonce: "fyko+d2lbbFgONRv9qkxdawL",
    first: "n,,n=user,r=fyko+d2lbbFgONRv9qkxdawL",
    challenge: "r=fyko+d2lbbFgONRv9qkxdawL3rfcNHYJY1ZVvWVs7j," +
      "s=QSXCR+Q6sek8bf92,i=4096",
    final: "c=biws,r=fyko+d2lbbFgONRv9qkxdawL3rfcNHYJY1ZVvWVs7j," +
      "p=v0X8v3Bz2T0CJGbJQyF0X+HI4Ts=",
    proof: "v=rmF9pqV8S7suAoZWja4dJRkFsKQ=",
  },
  {
    hash: "sha256",
    nonce: "rOprNGfwEbeRWgbNEkqO",
    first: "n,,n=user,r=rOprNGfwEbeRWgbNEkqO",
    challenge: "r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0," +
      "s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096",
    final: "c=biws,r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0," +
      "p=dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ=",
    proof: "v=6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4=",
  },
];

function client(
  { hash, nonce }: { hash: ScramHash; nonce: string } = EXAMPLES[1]!,
  user = "user",
  secret = "pencil",
): ScramClient {
  return new ScramClient(
    hash,
    { user, secret, hostname: "localhost", port: 25 },
    nonce,
  );
}

Deno.test("ScramClient follows the exchanges of RFC 5802 and RFC 7677", async () => {
  for (const example of EXAMPLES) {
    const scram = client(example);
    assertEquals(text(scram.start()), example.first);
    const final = await scram.next(bytes(example.challenge));
    assertEquals(text(final), example.final);
    assertThrows(() => scram.finish(), ProtocolError, "did not prove");
    assertEquals(await scram.next(bytes(example.proof)), bytes(""));
    scram.finish();
    await assertRejects(
      () => Promise.resolve(scram.next(bytes(""))),
      ProtocolError,
      "once more",
    );
  }
});

Deno.test("ScramClient refuses a server that does not know the password", async () => {
  const { challenge, proof } = EXAMPLES[1]!;
  for (
    const [said, why] of [
      [proof.replace("6r", "7r"), "does not know the password"],
      ["v=", "does not know the password"],
      ["v=!", "does not know the password"],
      ["", "does not know the password"],
      ["e=other-error", 'says "other-error"'],
    ] as const
  ) {
    const scram = client();
    scram.start();
    await scram.next(bytes(challenge));
    await assertRejects(() => scram.next(bytes(said)), ProtocolError, why);
    assertThrows(() => scram.finish(), ProtocolError, "did not prove");
  }
});

Deno.test("ScramClient refuses a first message that is wrong or weak", async () => {
  const nonce = EXAMPLES[1]!.nonce;
  const salt = "W22ZaJ0SNY7soEsUEjb6gQ==";
  for (
    const [said, why] of [
      ["", "first message"],
      [`r=other,s=${salt},i=4096`, "does not continue ours"],
      [`r=${nonce},s=${salt},i=4096`, "does not continue ours"],
      [`m=ext,r=${nonce}x,s=${salt},i=4096`, "demands an extension"],
      [`r=${nonce}x,s=${salt},i=4095`, "4095 iterations"],
      [`r=${nonce}x,s=${salt},i=999999999`, "999999999 iterations"],
      [`r=${nonce}x,s=${salt},i=99999999999`, "first message"],
      [`r=${nonce}x,s=${salt},i=-4096`, "first message"],
      [`r=${nonce}x,s=A,i=4096`, "no base64"],
      [`r=${nonce}x,i=4096,s=${salt}`, "first message"],
    ] as const
  ) {
    const scram = client();
    scram.start();
    await assertRejects(() => scram.next(bytes(said)), ProtocolError, why);
  }
});

Deno.test("ScramClient makes a nonce of its own each time", () => {
  const make = () =>
    text(
      new ScramClient("sha256", {
        user: "u",
        secret: "p",
        hostname: "h",
        port: 1,
      }).start(),
    );
  assertNotEquals(make(), make());
});

/** Runs client against server; resolves with what the server comes to. */
async function run(
  scram: ScramClient,
  server: ScramServer,
): Promise<SaslStep> {
  let step = await server.next(scram.start());
  for (let n = 0; n < 3 && "challenge" in step; n++) {
    step = await server.next(await scram.next(step.challenge));
  }
  return step;
}

const fakeSecret = bytes("0123456789abcdef");

Deno.test("ScramServer and ScramClient prove themselves to one another", async () => {
  for (
    const [user, password] of [
      ["user", "pencil"],
      ["a,b=c", "x"],
      ["jörg", "Ⅸ\u00a0€"],
    ] as const
  ) {
    const keys = await deriveScramKeys(password);
    const server = new ScramServer(
      (name) => name === user ? keys : undefined,
      fakeSecret,
    );
    const scram = client(EXAMPLES[1], user, password);
    assertEquals(await run(scram, server), { user });
    scram.finish();
  }
});

Deno.test("ScramServer takes another way of writing the same password", async () => {
  const keys = await deriveScramKeys("IX");
  const server = new ScramServer(() => keys, fakeSecret);
  const step = await run(client(EXAMPLES[1], "user", "Ⅸ"), server);
  assertEquals(step, { user: "user" });
});

Deno.test("ScramServer follows the exchange of RFC 7677", async () => {
  const { first, challenge, final, proof } = EXAMPLES[1]!;
  const keys = await deriveScramKeys("pencil", {
    salt: Uint8Array.fromBase64("W22ZaJ0SNY7soEsUEjb6gQ=="),
  });
  const server = new ScramServer(
    () => keys,
    fakeSecret,
    "%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0",
  );
  assertEquals(await server.next(undefined), { challenge: bytes("") });
  assertEquals(await server.next(bytes(first)), {
    challenge: bytes(challenge),
  });
  assertEquals(await server.next(bytes(final)), { challenge: bytes(proof) });
  assertEquals(await server.next(bytes("")), { user: "user" });
});

Deno.test("ScramServer refuses a wrong password, and an unknown user just so", async () => {
  const keys = await deriveScramKeys("pencil");
  const keysOf = (name: string): ScramKeys | undefined =>
    name === "user" ? keys : undefined;
  for (const [user, password] of [["user", "pen"], ["nobody", "pencil"]]) {
    const server = new ScramServer(keysOf, fakeSecret);
    const scram = client(EXAMPLES[1], user, password);
    assertEquals(await run(scram, server), { refused: true });
  }
});

Deno.test("ScramServer gives an unknown user the same salt each time, and each another", async () => {
  const saltOf = async (user: string, secret = fakeSecret) => {
    const server = new ScramServer(() => undefined, secret);
    const step = await server.next(bytes(`n,,n=${user},r=abc`));
    assert("challenge" in step);
    return /s=([^,]+),i=4096/.exec(text(step.challenge))![1];
  };
  assertEquals(await saltOf("nobody"), await saltOf("nobody"));
  assertNotEquals(await saltOf("nobody"), await saltOf("noone"));
  assertNotEquals(
    await saltOf("nobody"),
    await saltOf("nobody", bytes("x")),
  );
});

Deno.test("ScramServer refuses messages that are wrong", async () => {
  const keys = await deriveScramKeys("pencil");
  for (
    const message of [
      "",
      "n,,",
      "p=tls-unique,,n=user,r=abc",
      "n,a=other,n=user,r=abc",
      "n,,m=x,n=user,r=abc",
      "n,,n=us=er,r=abc",
      "n,,n=user",
    ]
  ) {
    const server = new ScramServer(() => keys, fakeSecret);
    assertEquals(await server.next(bytes(message)), { refused: true }, message);
  }
  for (
    const change of [
      (final: string) => final.replace("c=biws", "c=eSws"),
      (final: string) => final.replace(",r=abc", ",r=abd"),
      (final: string) => final.replace(/p=.*/, "p=AAAA"),
      (final: string) => final.replace(/p=.*/, "p=!"),
      () => "",
    ]
  ) {
    const server = new ScramServer(() => keys, fakeSecret, "xyz");
    const scram = client({ hash: "sha256", nonce: "abc" });
    const step = await server.next(scram.start());
    assert("challenge" in step);
    const final = text(await scram.next(step.challenge));
    assertEquals(await server.next(bytes(change(final))), { refused: true });
  }
});
