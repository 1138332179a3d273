/** What the tests of DKIM are made of; none of it is the library's code. */
import { Buffer } from "node:buffer";
import {
  createHash,
  createPrivateKey,
  generateKeyPairSync,
  type KeyObject,
  sign,
} from "node:crypto";
import {
  type DkimKey,
  type DkimResult,
  dkimSign,
  dkimVerify,
} from "../../../mail/message/mod.ts";
import { latin1, toLatin1 } from "./samples.ts";

/** RFC 8463 appendix A.1, in PKCS#1. */
export const RSA_PKCS1 = `-----BEGIN RSA PRIVATE KEY-----
MIICXQIBAAKBgQDkHlOQoBTzWRiGs5V6NpP3idY6Wk08a5qhdR6wy5bdOKb2jLQi
Y/J16JYi0Qvx/byYzCNb3W91y3FutACDfzwQ/BC/e/8uBsCR+yz1Lxj+PL6lHvqM
KrM3rG4hstT5QjvHO9PzoxZyVYLzBfO2EeC3Ip3G+2kryOTIKT+l/K4w3QIDAQAB
AoGAH0cxOhFZDgzXWhDhnAJDw5s4roOXN4OhjiXa8W7Y3rhX3FJqmJSPuC8N9vQm
6SVbaLAE4SG5mLMueHlh4KXffEpuLEiNp9Ss3O4YfLiQpbRqE7Tm5SxKjvvQoZZe
zHorimOaChRL2it47iuWxzxSiRMv4c+j70GiWdxXnxe4UoECQQDzJB/0U58W7RZy
6enGVj2kWF732CoWFZWzi1FicudrBFoy63QwcowpoCazKtvZGMNlPWnC7x/6o8Gc
uSe0ga2xAkEA8C7PipPm1/1fTRQvj1o/dDmZp243044ZNyxjg+/OPN0oWCbXIGxy
WvmZbXriOWoSALJTjExEgraHEgnXssuk7QJBALl5ICsYMu6hMxO73gnfNayNgPxd
WFV6Z7ULnKyV7HSVYF0hgYOHjeYe9gaMtiJYoo0zGN+L3AAtNP9huqkWlzECQE1a
licIeVlo1e+qJ6Mgqr0Q7Aa7falZ448ccbSFYEPD6oFxiOl9Y9se9iYHZKKfIcst
o7DUw1/hz2Ck4N5JrgUCQQCyKveNvjzkkd8HjYs0SwM0fPjK16//5qDZ2UiDGnOe
uEzxBDAr518Z8VFbR41in3W4Y3yCDgQlLlcETrS+zYcL
-----END RSA PRIVATE KEY-----
`;
/** RFC 8463 appendix A.1: the secret key of RFC 8032 section 7.1, test 1. */
export const ED25519_SEED = "nWGxne/9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A=";

const rsa = createPrivateKey(RSA_PKCS1);
const ed25519 = createPrivateKey({
  // RFC 8410 section 7: what stands in front of the seed in PKCS#8.
  key: Buffer.concat([
    Buffer.from("302e020100300506032b657004220420", "hex"),
    Buffer.from(ED25519_SEED, "base64"),
  ]),
  format: "der",
  type: "pkcs8",
});

/** The same keys in PKCS#8. */
export const RSA: string = inPem(rsa);
/** The same keys in PKCS#8. */
export const ED25519: string = inPem(ed25519);

/** RFC 8463 appendix A.2. */
export const RSA_RECORD = "v=DKIM1; k=rsa; p=" +
  "MIGfMA0GCSqGSIb3DQEBAQUAA4GNADCBiQKBgQDkHlOQoBTzWR" +
  "iGs5V6NpP3idY6Wk08a5qhdR6wy5bdOKb2jLQiY/J16JYi0Qvx/byYzCNb3W91y3FutAC" +
  "DfzwQ/BC/e/8uBsCR+yz1Lxj+PL6lHvqMKrM3rG4hstT5QjvHO9PzoxZyVYLzBfO2EeC3" +
  "Ip3G+2kryOTIKT+l/K4w3QIDAQAB";
/** The key of it alone. */
export const RSA_P: string = RSA_RECORD.replace(/^.*p=/, "");
/** RFC 8463 appendix A.2. */
export const ED25519_RECORD =
  "v=DKIM1; k=ed25519; p=11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo=";

/** RFC 6376 appendix C: a key of somebody else. */
export const RFC6376_P: string =
  "MIGfMA0GCSqGSIb3DQEBAQUAA4GNADCBiQKBgQDwIRP/UC3SBsEmGqZ9ZJ" +
  "W3/DkMoGeLnQg1fWn7/zYtIxN2SnFCjxOCKG9v3b4jYfcTNh5ijSsq631uBItLa7od+v/RtdC2" +
  "UzJ1lWT947qR+Rcac2gbto/NMqJ0fzfVjH4OuKhitdY9tf6mcwGjaNBcWToIMmPSPDdQPNUYck" +
  "cQ2QIDAQAB";

/** A private key as its owner has it. */
export function inPem(key: KeyObject): string {
  return key.export({ type: "pkcs8", format: "pem" }).toString();
}

/** A public key of any kind as it stands in the DNS. */
export function spki(key: KeyObject): string {
  return key.export({ type: "spki", format: "der" }).toString("base64");
}

/** What is signed, and by whom, where a test does not care. */
export const KEY: DkimKey = {
  domain: "example.com",
  selector: "june",
  privateKey: ED25519,
  time: new Date(1_700_000_000_000),
};

/** A message where a test does not care. */
export const MESSAGE = "From: Ada <ada@example.com>\r\n" +
  "To: bob@example.net\r\nSubject: Tea\r\n\r\nHello\r\n";

/** Signs text of one byte a character. */
export async function signed(
  message: string = MESSAGE,
  key: Partial<DkimKey> = {},
): Promise<string> {
  return toLatin1(await dkimSign(latin1(message), { ...KEY, ...key }));
}

/** All that is said of text of one byte a character. */
export function verified(
  message: string,
  records: string[] = [ED25519_RECORD, RSA_RECORD],
  now?: Date,
): Promise<DkimResult[]> {
  return dkimVerify(latin1(message), () => Promise.resolve(records), { now });
}

/** What is said of the first signature. */
export async function verdict(
  message: string,
  records?: string[],
  now?: Date,
): Promise<DkimResult["result"] | undefined> {
  return (await verified(message, records, now))[0]?.result;
}

/** A signature as somebody else might make it. */
export interface Foreign {
  /**
   * The field's value as it is written, with `{bh}` and `{b}` where the hash and
   * the signature belong.
   */
  value: string;
  /** The fields that are signed, in canonical form, in their order. */
  header: string;
  /** The part of the body that is signed, in canonical form. */
  body: string;
  /** Whether the signature's own field is taken in the relaxed form. */
  relaxed?: boolean;
  privateKey?: string;
}

/** The field of a signature that is good, whatever is in it. */
export function foreign(
  { value, header, body, relaxed = false, privateKey = ED25519 }: Foreign,
): string {
  const bh = createHash("sha256").update(latin1(body)).digest("base64");
  const whole = value.replace("{bh}", bh);
  const at = whole.indexOf("{b}");
  const empty = "DKIM-Signature:" +
    (at < 0
      ? whole
      : whole.slice(0, at).trimEnd() + whole.slice(at + 3).trimStart());
  const own = relaxed
    ? "dkim-signature:" +
      empty.slice(15).replaceAll("\r\n", "").split(/[ \t]+/).join(" ").trim()
    : empty;
  const data = latin1(header + own);
  const key = createPrivateKey(privateKey);
  const signature = key.asymmetricKeyType === "rsa"
    ? sign("sha256", data, key)
    : sign(null, createHash("sha256").update(data).digest(), key);
  return `DKIM-Signature:${
    whole.replace("{b}", signature.toString("base64"))
  }` +
    "\r\n";
}

/** A signature of `MESSAGE`'s From and body by Ed25519, with tags changed. */
export function withTags(
  tags: Record<string, string | undefined>,
  body = "Hello\r\n",
): string {
  const all: Record<string, string | undefined> = {
    ...{ v: "1", a: "ed25519-sha256", d: "example.com", s: "june", h: "from" },
    ...{ bh: "{bh}", b: "{b}" },
    ...tags,
  };
  const list = Object.entries(all).filter(([, value]) => value !== undefined);
  const header = "From: Ada <ada@example.com>\r\n";
  const value = list.map(([name, value]) => ` ${name}=${value}`).join(";");
  return foreign({ value, header, body }) + MESSAGE;
}

/** All ways to write `c=`. */
export const FORMS = [
  "simple/simple",
  "simple/relaxed",
  "relaxed/simple",
  "relaxed/relaxed",
] as const;

/** The value of a tag in the first signature, without blanks. */
export function tag(message: string, name: string): string | undefined {
  const field = /^DKIM-Signature:((?:.|\r\n[ \t])*)/.exec(message)![1]!;
  const list = field.split(";").map((one) => one.replace(/\s/g, ""));
  return list.find((one) => one.startsWith(`${name}=`))
    ?.slice(name.length + 1);
}

/** The first signature without what is said as text. */
export async function told(
  message: string,
  records?: string[],
): Promise<DkimResult> {
  const [{ reason: _, ...result }] = await verified(message, records) as [
    DkimResult,
  ];
  return result;
}

/** What is no name of the DNS, and worse. */
export const NO_NAMES: string[] = [
  ...["", ".", "example.com.", ".example.com", "a..b", "-a.com", "a b.com"],
  ...["example.com\r\nBcc: x@y", "example.com\n", "example.com\r", "a\0.com"],
  ...["example.com;s=other", "example.com; l=0", "a/b.com", "a:b", "*.com"],
  ...["b\xfccher.example", "\u212aelvin.example", "a\u3002b", "a@b.com"],
  ...["a".repeat(64), `${"a.".repeat(127)}a`, "[127.0.0.1]", "a\tb", "a\\b"],
];

/** A pair of RSA. */
export function keyPair(
  bits: number,
): { privateKey: KeyObject; publicKey: KeyObject } {
  return generateKeyPairSync("rsa", { modulusLength: bits });
}
