/** Keys as domains publish them, and as nobody should. */
import { Buffer } from "node:buffer";
import {
  assert,
  assertEquals,
  assertStringIncludes,
} from "jsr:@std/assert@^1.0.0";
import {
  createHash,
  createPublicKey,
  generateKeyPairSync,
  type KeyObject,
  sign,
} from "node:crypto";
import type { DkimResult } from "../../../mail/message/mod.ts";
import {
  ED25519_RECORD,
  foreign,
  inPem,
  keyPair,
  MESSAGE,
  RFC6376_P,
  RSA,
  RSA_P,
  RSA_PKCS1,
  RSA_RECORD,
  signed,
  spki,
  told,
  verdict,
  verified,
  withTags,
} from "./dkim_samples.ts";

/** Records at the key's name, and what is said of the signature. */
const P = ED25519_RECORD.replace(/^.*p=/, "p=");
const RECORDS: [records: string[], DkimResult["result"]][] = [
  [[ED25519_RECORD], "pass"],
  [[`k=ed25519;${P}`], "pass"],
  [[`k=ed25519;${P};`], "pass"],
  [[` k = ed25519 ;\t${P.replace("p=", "p = ")} ; `], "pass"],
  [[`k=ed25519;${P.replace("=11", "=1 1\t")}`], "pass"],
  [[`v=DKIM1;k=ed25519;n=some words;x=unknown;${P}`], "pass"],
  [[`v=DKIM2;k=ed25519;${P}`], "permerror"],
  [[`v=dkim1;k=ed25519;${P}`], "permerror"],
  [[`v=;k=ed25519;${P}`], "permerror"],
  [[P], "permerror"],
  [[`k=rsa;${P}`], "permerror"],
  [[`k=dsa;${P}`], "permerror"],
  [[`k=;${P}`], "permerror"],
  [[`k=ed25519;h=sha256;${P}`], "pass"],
  [[`k=ed25519;h=sha1 : sha256;${P}`], "pass"],
  [[`k=ed25519;h=sha1;${P}`], "permerror"],
  [[`k=ed25519;h=;${P}`], "permerror"],
  [[`k=ed25519;s=*;${P}`], "pass"],
  [[`k=ed25519;s=email;${P}`], "pass"],
  [[`k=ed25519;s=other:email;${P}`], "pass"],
  [[`k=ed25519;s=other;${P}`], "permerror"],
  [[`k=ed25519;s=;${P}`], "permerror"],
  [[`k=ed25519;t=s;${P}`], "pass"],
  [[`k=ed25519;t=unknown:s;${P}`], "pass"],
  [["k=ed25519;p="], "permerror"],
  [["k=ed25519;p= \t"], "permerror"],
  [["k=ed25519"], "permerror"],
  [["k=ed25519;p=!!!"], "permerror"],
  [["k=ed25519;p=AAAA"], "permerror"],
  [[`k=ed25519;${P}${P}`], "permerror"],
  [[`k=ed25519;${P};${P}`], "permerror"],
  [[`p=${RSA_P}`], "permerror"],
  [[`k=ed25519;p=${RSA_P}`], "permerror"],
  [["v=spf1 -all"], "permerror"],
  [["some words"], "permerror"],
  [[""], "permerror"],
  [[], "permerror"],
  // Section 3.6.2.2 leaves it open which of several counts.
  [["some words", ED25519_RECORD], "pass"],
  [["v=spf1 -all", RSA_RECORD, ED25519_RECORD], "pass"],
  [[ED25519_RECORD, "some words"], "pass"],
];

Deno.test("dkimVerify() holds the key against RFC 6376 section 3.6.1", async () => {
  const text = withTags({});
  for (const [records, expected] of RECORDS) {
    const [result] = await verified(text, records);
    const what = `${JSON.stringify(records)}: ${result?.reason}`;
    assertEquals(result?.result, expected, what);
  }
});

Deno.test("dkimVerify() tells a key that was revoked from one that is none", async () => {
  const text = withTags({});
  const [revoked] = await verified(text, ["v=DKIM1; k=ed25519; p="]);
  assertStringIncludes(revoked!.reason!, "revoked");
  // Section 3.6.1: without p= it is no record.
  const [none] = await verified(text, ["v=DKIM1; k=ed25519"]);
  assert(!none!.reason!.includes("revoked"), none!.reason);
});

Deno.test("dkimVerify() takes RSA keys with and without their algorithm", async () => {
  const text = await signed(MESSAGE, { privateKey: RSA });
  // The text of RFC 6376 section 3.6.1 says RSAPublicKey, its examples and
  // everybody's keys are SubjectPublicKeyInfo.
  const pkcs1 = createPublicKey(RSA_PKCS1).export({
    type: "pkcs1",
    format: "der",
  });
  const bare = pkcs1.toString("base64");
  for (
    const record of [
      RSA_RECORD,
      `p=${RSA_P}`,
      `k=RSA; p=${RSA_P}`,
      `p=${RSA_P.replace(/.{20}/g, "$& \t")}`,
      `k=rsa; p=${bare}`,
    ]
  ) assertEquals(await verdict(text, [record]), "pass", record);
  assertEquals(await verdict(text, [`p=${bare.slice(0, -8)}`]), "permerror");
  assertEquals(await verdict(text, [`p=${RSA_P.slice(8)}`]), "permerror");
  assertEquals(await verdict(text, [`p=${RFC6376_P}`]), "fail");
});

Deno.test("dkimVerify() keeps a key for one domain out of those below", async () => {
  const strict = `${ED25519_RECORD}; t=s`;
  assertEquals(
    await verdict(withTags({ i: "a@example.com" }), [strict]),
    "pass",
  );
  assertEquals(
    await verdict(withTags({ i: "a@EXAMPLE.COM" }), [strict]),
    "pass",
  );
  const below = withTags({ i: "a@b.example.com" });
  assertEquals(await verdict(below, [ED25519_RECORD]), "pass");
  assertEquals(await verdict(below, [strict]), "permerror");
  assertEquals(
    await verdict(below, [`${ED25519_RECORD}; t=y : s`]),
    "permerror",
  );
});

Deno.test("dkimVerify() says that a domain only tries it out", async () => {
  const text = withTags({});
  for (
    const [flags, testing] of [
      ["", false],
      ["; t=y", true],
      ["; t=s:y", true],
      ["; t= x : y ", true],
      ["; t=yes", false],
    ] as const
  ) {
    const result = await told(text, [ED25519_RECORD + flags]);
    assertEquals([result.result, result.testing], ["pass", testing], flags);
  }
  const failed = await told(text + "more", [ED25519_RECORD + "; t=y"]);
  assertEquals([failed.result, failed.testing], ["fail", true]);
});

Deno.test("dkimVerify() passes no RSA key that is too short", async () => {
  // RFC 8301 section 3.2.
  for (
    const [bits, expected] of [
      [512, "permerror"],
      [768, "permerror"],
      [1016, "permerror"],
      [1024, "pass"],
      [2048, "pass"],
      [4096, "pass"],
    ] as const
  ) {
    const { privateKey, publicKey } = keyPair(bits);
    const field = foreign({
      value:
        " v=1; a=rsa-sha256; d=example.com; s=june; h=from; bh={bh}; b={b}",
      header: "From: Ada <ada@example.com>\r\n",
      body: "Hello\r\n",
      privateKey: inPem(privateKey),
    });
    const record = `p=${spki(publicKey)}`;
    assertEquals(await verdict(field + MESSAGE, [record]), expected, `${bits}`);
  }
});

Deno.test("dkimVerify() passes no signature by rsa-sha1", async () => {
  // RFC 8301 section 3.1: whatever the key's record allows.
  const body = createHash("sha1").update("Hello\r\n").digest("base64");
  const start = "DKIM-Signature: v=1; a=rsa-sha1; d=example.com; s=june; " +
    `h=from; bh=${body}; b=`;
  const data = `From: Ada <ada@example.com>\r\n${start}`;
  const b = sign("sha1", Buffer.from(data), RSA_PKCS1).toString("base64");
  const text = `${start}${b}\r\n${MESSAGE}`;
  for (
    const record of [
      RSA_RECORD,
      `h=sha1; p=${RSA_P}`,
      `h=sha1:sha256; p=${RSA_P}`,
    ]
  ) {
    assertEquals(await verdict(text, [record]), "permerror", record);
    const other = text.replace("a=rsa-sha1", "a=rsa-sha256");
    assert(await verdict(other, [record]) !== "pass", record);
  }
});

/** Public keys that are not what they are said to be. */
function strangeKeys(): [
  what: string,
  record: string,
  privateKey: KeyObject,
][] {
  const pairs = {
    EC: generateKeyPairSync("ec", { namedCurve: "P-256" }),
    "EC of P-384": generateKeyPairSync("ec", { namedCurve: "P-384" }),
    Ed25519: generateKeyPairSync("ed25519"),
    X25519: generateKeyPairSync("x25519"),
    "RSA-PSS": generateKeyPairSync("rsa-pss", { modulusLength: 1024 }),
  };
  return Object.entries(pairs).map(([what, { privateKey, publicKey }]) => [
    `${what} under k=rsa`,
    `k=rsa; p=${spki(publicKey)}`,
    privateKey,
  ]);
}

Deno.test("dkimVerify() takes no other keys for RSA", async () => {
  for (const [what, record, privateKey] of strangeKeys()) {
    for (const value of ["{b}", "AAAA", "A".repeat(172)]) {
      const field = foreign({
        value:
          " v=1; a=rsa-sha256; d=example.com; s=june; h=from; bh={bh}; b={b}",
        header: "From: Ada <ada@example.com>\r\n",
        body: "Hello\r\n",
        privateKey: RSA,
      });
      let text = field + MESSAGE;
      if (value !== "{b}") text = text.replace(/ b=.*/, ` b=${value}`);
      else if (privateKey.asymmetricKeyType === "ec") {
        const start = field.slice(0, field.lastIndexOf(" b=") + 3);
        const data = Buffer.from(`From: Ada <ada@example.com>\r\n${start}`);
        const b = sign("sha256", data, privateKey).toString("base64");
        text = `${start}${b}\r\n${MESSAGE}`;
      }
      assertEquals(await verdict(text, [record]), "permerror", what);
    }
  }
});

/** DER, as little as is needed. */
function der(tag: number, content: number[]): number[] {
  const { length } = content;
  const size = length < 128
    ? [length]
    : length < 65536
    ? [0x82, length >> 8, length & 255]
    : [0x83, length >> 16, (length >> 8) & 255, length & 255];
  return [tag, ...size, ...content];
}

Deno.test("dkimVerify() survives keys and signatures of all kinds", async () => {
  const number = (bits: number, last = 0xff) => [
    0,
    ...Array(bits / 8 - 1).fill(0xff),
    last,
  ];
  const keys: string[] = [];
  for (
    const n of [
      number(1024),
      number(1024, 0),
      number(4096),
      number(16384),
      number(65536),
      [0],
      [1],
      Array(128).fill(0xff),
    ]
  ) {
    for (
      const e of [
        [3],
        [1, 0, 1],
        [0],
        [1],
        [2],
        [0x80],
        number(1024),
        number(4096),
      ]
    ) {
      keys.push(
        `p=${
          Buffer.from(der(0x30, [...der(2, n), ...der(2, e)])).toString(
            "base64",
          )
        }`,
      );
    }
  }
  for (const length of [1, 31, 32, 33, 64, 1000]) {
    for (const byte of [0, 1, 0x80, 0xff]) {
      const p = Buffer.alloc(length, byte).toString("base64");
      keys.push(`k=ed25519; p=${p}`, `p=${p}`);
    }
  }
  for (const p of ["====", "A", "AA=A", "\xa0", "A".repeat(100_000), "-_-_"]) {
    keys.push(`k=ed25519; p=${p}`, `p=${p}`);
  }
  const values = ["AA==", "=", "A".repeat(84), "A".repeat(172), "/".repeat(86)];
  for (const a of ["rsa-sha256", "ed25519-sha256"]) {
    for (const b of [...values, "A".repeat(684), "A".repeat(100_000)]) {
      const text = withTags({ a, b });
      for (const key of keys) {
        const result = await verdict(text, [key]);
        const what = `${a} ${b.slice(0, 9)} ${key.slice(0, 90)}`;
        assert(result === "permerror" || result === "fail", what);
      }
      const result = await verdict(text);
      assert(
        result === "permerror" || result === "fail",
        `${a} ${b.slice(0, 9)}`,
      );
    }
  }
});
