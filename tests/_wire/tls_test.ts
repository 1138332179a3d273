import { assertEquals, assertThrows } from "jsr:@std/assert@^1.0.0";
import { bare, checkTls } from "../../_wire/tls.ts";
import { createAuthority } from "../_support/certificates.ts";

const authority = await createAuthority();
const { cert, key } = await authority.issue({ client: "alice" });

/** The same PEM with a few characters of its body changed. */
function damaged(pem: string): string {
  return pem.replace(/\n.{40}/, "\n" + "A".repeat(40));
}

Deno.test("checkTls() takes whole certificates, several in one text too", () => {
  const bundle = `a comment\n${authority.caPem}\n${cert}\n`;
  assertEquals(checkTls("[::1]", { caCerts: [bundle, authority.caPem] }), {
    serverName: "::1",
    caCerts: [bundle, authority.caPem],
  });
  assertEquals(checkTls("a", { serverName: "b", cert, key }), {
    serverName: "b",
    caCerts: [],
    identity: { cert, key },
  });
});

Deno.test("checkTls() refuses PEM that the runtime would ignore", () => {
  const garbage = [
    "",
    "garbage",
    key,
    "-----BEGIN CERTIFICATE-----\n-----END CERTIFICATE-----",
    "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----",
    authority.caPem.slice(0, -40),
    damaged(authority.caPem),
    authority.caPem + damaged(cert),
    null as unknown as string,
  ];
  for (const pem of garbage) {
    assertThrows(
      () => checkTls("a", { caCerts: [authority.caPem, pem] }),
      TypeError,
      "Cannot use tlsOptions.caCerts[1]",
    );
    assertThrows(
      () => checkTls("a", { cert: pem, key }),
      TypeError,
      pem === null ? "tlsOptions" : "Cannot use tlsOptions.cert",
    );
  }
});

Deno.test("checkTls() refuses a certificate without its key and a key without its certificate", () => {
  for (const options of [{ cert }, { key }]) {
    assertThrows(() => checkTls("a", options), TypeError, "both cert and key");
  }
});

Deno.test("checkTls() refuses a key that is none, and keeps it out of the message", () => {
  for (const wrong of ["", "hunter2", cert, damaged(key)]) {
    const error = assertThrows(
      () => checkTls("a", { cert, key: wrong }),
      TypeError,
      "Cannot use tlsOptions.key",
    );
    assertEquals(error.message.includes("hunter2"), false);
  }
});

Deno.test("bare() takes the brackets off an IPv6 address only", () => {
  assertEquals(["[::1]", "::1", "a.example", "[a"].map(bare), [
    "::1",
    "::1",
    "a.example",
    "[a",
  ]);
});
