/** What DKIM does not take from its caller. */
import {
  assert,
  assertEquals,
  assertRejects,
  assertStringIncludes,
} from "jsr:@std/assert@^1.0.0";
import { generateKeyPairSync } from "node:crypto";
import {
  type DkimKey,
  dkimSign,
  dkimVerify,
} from "../../../mail/message/mod.ts";
import {
  ED25519,
  ED25519_RECORD,
  inPem,
  KEY,
  keyPair,
  MESSAGE,
  NO_NAMES,
  RSA,
  RSA_PKCS1,
  withTags,
} from "./dkim_samples.ts";

/** A source, and whether anybody has read from it. */
function watched(): {
  source: ReadableStream<Uint8Array>;
  wasRead: () => boolean;
} {
  let wasRead = false;
  const source = new ReadableStream<Uint8Array>({
    pull(controller) {
      wasRead = true;
      controller.enqueue(new TextEncoder().encode(MESSAGE));
      controller.close();
    },
  }, { highWaterMark: 0 });
  return { source, wasRead: () => wasRead };
}

async function refusesToSign(key: unknown, what: string): Promise<void> {
  const { source, wasRead } = watched();
  const error = await assertRejects(
    () => dkimSign(source, { ...KEY, ...key as DkimKey }),
    TypeError,
    undefined,
    what,
  );
  assert(!wasRead(), `${what}: the message was read`);
  assert(!/[\r\n\0]/.test(error.message), what);
}

Deno.test("dkimSign() refuses domains and selectors that are no names", async () => {
  for (const name of NO_NAMES) {
    await refusesToSign({ domain: name }, `domain ${JSON.stringify(name)}`);
    await refusesToSign({ selector: name }, `selector ${JSON.stringify(name)}`);
  }
  await refusesToSign({ domain: undefined }, "no domain");
  await refusesToSign({ selector: undefined }, "no selector");
});

Deno.test("dkimSign() refuses a key's name that is longer than the DNS has it", async () => {
  // RFC 1035 section 2.3.4, of selector._domainkey.domain.
  const long = (labels: number) => Array(labels).fill("a".repeat(60)).join(".");
  await refusesToSign({ domain: long(4), selector: "a" }, "a long domain");
  await refusesToSign({ domain: long(2), selector: long(2) }, "both");
});

Deno.test("dkimSign() refuses fields that are none", async () => {
  const bad = [
    ...["", "from:", "from;b=x", "from\r\nx", "fr om", "from\n", "\xe9", "a\0"],
  ];
  for (const name of bad) {
    const headers = ["from", name];
    await refusesToSign({ headers }, JSON.stringify(name));
  }
});

Deno.test("dkimSign() refuses not to sign From", async () => {
  for (const headers of [[], ["subject"], ["fromm"]]) {
    await refusesToSign({ headers }, `${headers}`);
  }
});

Deno.test("dkimSign() refuses canonicalizations that are none", async () => {
  for (
    const canonicalization of [
      "",
      "x",
      "simple/x",
      "simple/simple/simple",
      "simple; l=0",
      "simple\r\nx",
    ]
  ) {
    await refusesToSign({ canonicalization }, JSON.stringify(canonicalization));
  }
});

Deno.test("dkimSign() refuses times that are none", async () => {
  const none = new Date(NaN);
  const early = new Date(-1000);
  await refusesToSign({ time: none }, "no time");
  await refusesToSign({ expires: none }, "no end");
  await refusesToSign({ time: early }, "a time before 1970");
  await refusesToSign({ expires: early }, "an end before 1970");
});

Deno.test("dkimSign() refuses an end before the beginning", async () => {
  // RFC 6376 section 3.5: x= must be greater than t=.
  const time = new Date(1_700_000_000_000);
  await refusesToSign({ time, expires: time }, "at once");
  await refusesToSign({ time, expires: new Date(1_600_000_000_000) }, "before");
});

Deno.test("dkimSign() refuses what is no source", async () => {
  for (const message of [undefined, null, 1, {}, [1]]) {
    await assertRejects(() => dkimSign(message as never, KEY), TypeError);
    const lookup = () => Promise.resolve([]);
    await assertRejects(() => dkimVerify(message as never, lookup), TypeError);
  }
});

/** Keys that nothing may be signed with, and of which nothing may be told. */
function badKeys(): [what: string, pem: string][] {
  const ec = generateKeyPairSync("ec", { namedCurve: "P-256" });
  const x25519 = generateKeyPairSync("x25519");
  const lines = RSA_PKCS1.trimEnd().split("\n");
  return [
    ["nothing", ""],
    ["words", "my secret passphrase"],
    ["base64 alone", lines.slice(1, -1).join("\n")],
    ["no end", lines.slice(0, -1).join("\n")],
    ["no beginning", lines.slice(1).join("\n")],
    ["half", [...lines.slice(0, 6), lines.at(-1)].join("\n")],
    ["a line twice", [...lines.slice(0, 3), ...lines.slice(2)].join("\n")],
    ["another label", RSA_PKCS1.replaceAll("RSA PRIVATE", "PRIVATE")],
    ["the label of EC", RSA_PKCS1.replaceAll("RSA PRIVATE", "EC PRIVATE")],
    ["one that is no base64", RSA_PKCS1.replaceAll("M", "!")],
    ["one with a NUL", RSA_PKCS1.replace("MIIC", "MI\0C")],
    ["half of Ed25519", ED25519.replace(/.{20}(?=\n---)/, "")],
    ["EC", inPem(ec.privateKey)],
    ["X25519", inPem(x25519.privateKey)],
    ["RSA of 512 bits", inPem(keyPair(512).privateKey)],
    ["RSA of 768 bits", inPem(keyPair(768).privateKey)],
  ];
}

Deno.test("dkimSign() refuses keys that are none, and does not tell of them", async () => {
  for (const [what, pem] of badKeys()) {
    const { source, wasRead } = watched();
    const error = await assertRejects(
      () => dkimSign(source, { ...KEY, privateKey: pem }),
      TypeError,
      "Cannot sign with this key",
      what,
    );
    assert(!wasRead(), what);
    assertEquals(error.cause, undefined, what);
    const told = Deno.inspect(error) + error.stack;
    for (const line of pem.split("\n")) {
      if (line.length < 8 || line.startsWith("--")) continue;
      for (let at = 0; at + 8 <= line.length; at += 8) {
        assert(!told.includes(line.slice(at, at + 8)), what);
      }
    }
  }
});

Deno.test("dkimSign() refuses public and locked keys", async () => {
  const { publicKey, privateKey } = keyPair(1024);
  const locked = privateKey.export({
    ...{ type: "pkcs8", format: "pem" } as const,
    ...{ cipher: "aes-256-cbc", passphrase: "x" },
  }).toString();
  const open = publicKey.export({ type: "spki", format: "pem" }).toString();
  assertStringIncludes(locked, "ENCRYPTED");
  await refusesToSign({ privateKey: locked }, "locked");
  await refusesToSign({ privateKey: open }, "public");
  await refusesToSign({ privateKey: undefined }, "none");
});

Deno.test("dkimSign() tells nothing of its key in any of its errors", async () => {
  for (
    const key of [
      { domain: "a b" },
      { selector: "" },
      { headers: ["x"] },
      { time: new Date(NaN) },
      { canonicalization: "x" as never },
    ]
  ) {
    const error = await assertRejects(() =>
      dkimSign(MESSAGE, { ...KEY, privateKey: RSA, ...key })
    );
    const told = Deno.inspect(error);
    assert(!told.includes("PRIVATE KEY") && !told.includes(RSA.slice(40, 60)));
  }
});

Deno.test("dkimVerify() refuses arguments that are none", async () => {
  // Also where nothing is signed.
  for (const lookup of [undefined, null, "x", {}]) {
    const { source, wasRead } = watched();
    await assertRejects(
      () => dkimVerify(source, lookup as never),
      TypeError,
      undefined,
      Deno.inspect(lookup),
    );
    assert(!wasRead());
    await assertRejects(
      () => dkimVerify(withTags({}), lookup as never),
      TypeError,
    );
  }
});

Deno.test("dkimVerify() refuses a now that is none", async () => {
  const { source, wasRead } = watched();
  const now = new Date(NaN);
  const lookup = () => Promise.resolve([ED25519_RECORD]);
  await assertRejects(() => dkimVerify(source, lookup, { now }), TypeError);
  assert(!wasRead());
});
