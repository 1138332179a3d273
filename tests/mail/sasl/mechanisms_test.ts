import { assertEquals, assertThrows } from "jsr:@std/assert@^1.0.0";
import { ProtocolError } from "../../../_wire/errors.ts";
import {
  cramMd5,
  external,
  login,
  oauthBearer,
  plain,
  xoauth2,
} from "../../../mail/sasl/mechanisms.ts";
import type { SaslCredentials, SaslSecret } from "../../../mail/sasl/types.ts";
import { bytes, text } from "../../_wire/memory.ts";

function who(user: string, secret: SaslSecret): SaslCredentials {
  return { user, secret, hostname: "server.example.com", port: 143 };
}

Deno.test("plain() sends the message of RFC 4616 section 4", () => {
  const mechanism = plain(who("tim", "tanstaaftanstaaf"));
  assertEquals(text(mechanism.start()!), "\0tim\0tanstaaftanstaaf");
  assertThrows(() => mechanism.next(bytes("")), ProtocolError, "once more");
});

Deno.test("plain() sends names and passwords in UTF-8 as they are", () => {
  assertEquals(text(plain(who("jörg", "ª€")).start()!), "\0jörg\0ª€");
});

Deno.test("login() answers two questions, whatever their words", async () => {
  const mechanism = login(who("tim", "secret"));
  assertEquals(mechanism.start(), undefined);
  assertEquals(text(await mechanism.next(bytes("User Name\0"))), "tim");
  assertEquals(text(await mechanism.next(bytes("Password\0"))), "secret");
  assertThrows(() => mechanism.next(bytes("More:")), ProtocolError);
});

Deno.test("cramMd5() gives the answer of RFC 2195 section 2", async () => {
  const mechanism = cramMd5(who("tim", "tanstaaftanstaaf"));
  assertEquals(mechanism.start(), undefined);
  assertThrows(() => mechanism.finish(), ProtocolError, "before it has asked");
  const answer = await mechanism.next(
    bytes("<1896.697170952@postoffice.reston.mci.net>"),
  );
  assertEquals(text(answer), "tim b913a602c7eda7a495b4e6e7334d3890");
  mechanism.finish();
  assertThrows(() => mechanism.next(bytes("<again>")), ProtocolError);
});

Deno.test("cramMd5() works with an empty password", async () => {
  const answer = await cramMd5(who("tim", "")).next(bytes("<1@a>"));
  assertEquals(text(answer).length, "tim ".length + 32);
});

Deno.test("oauthBearer() sends the message of RFC 7628 section 4.1", async () => {
  const mechanism = oauthBearer(
    who("user@example.com", {
      accessToken: "vF9dft4qmTc2Nvb3RlckBhbHRhdmlzdGEuY29tCg==",
    }),
  );
  assertEquals(
    mechanism.start()!.toBase64(),
    "bixhPXVzZXJAZXhhbXBsZS5jb20sAWhvc3Q9c2VydmVyLmV4YW1wbGUuY29tAXBvcnQ9" +
      "MTQzAWF1dGg9QmVhcmVyIHZGOWRmdDRxbVRjMk52YjNSbGNrQmhiSFJoZG1semRHRXVZ" +
      "Mjl0Q2c9PQEB",
  );
  // Section 4.3: the failure is acknowledged, once.
  assertEquals(text(await mechanism.next(bytes("{}"))), "\x01");
  assertThrows(() => mechanism.next(bytes("{}")), ProtocolError);
});

Deno.test("oauthBearer() escapes what would end the name", () => {
  const mechanism = oauthBearer(who("a,b=c", { accessToken: "t" }));
  assertEquals(text(mechanism.start()!).split("\x01")[0], "n,a=a=2Cb=3Dc,");
});

Deno.test("xoauth2() sends name and token and acknowledges a failure", async () => {
  const mechanism = xoauth2(
    who("someuser@example.com", { accessToken: "ya29.vF9dft4qmTc2Nvb3RlckBh" }),
  );
  assertEquals(
    text(mechanism.start()!),
    "user=someuser@example.com\x01auth=Bearer ya29.vF9dft4qmTc2Nvb3RlckBh" +
      "\x01\x01",
  );
  assertEquals(text(await mechanism.next(bytes('{"status":"401"}'))), "");
});

Deno.test("external() sends the name it acts for", () => {
  assertEquals(text(external(who("ada", "")).start()!), "ada");
  assertEquals(text(external(who("", "")).start()!), "");
});

Deno.test("each mechanism refuses the wrong kind of secret", () => {
  const token = who("ada", { accessToken: "t" });
  for (const make of [plain, login, cramMd5]) {
    assertThrows(() => make(token), TypeError, "needs a password");
  }
  for (const make of [oauthBearer, xoauth2]) {
    assertThrows(
      () => make(who("ada", "p")),
      TypeError,
      "needs an access token",
    );
  }
});
