/** What the bench of mail's formats reads: the same with every run. */
import { Buffer } from "node:buffer";
import { join } from "node:path";
import { encodeBase64, encodeQuotedPrintable } from "../mail/encoding/mod.ts";
import { encodeWords } from "../mail/message/mod.ts";

/** Small messages. */
export const SMALL = 300;
/** Messages in the mailbox. */
export const STORED = 20_000;

const SMALL_STORED = 18_600;
const SEED = 0x5eed;
/** German and French: one letter in 25 is beyond ASCII. */
const WORDS = ("der die das und nicht über für große Straße können während " +
  "Grüße heute morgen Angebot Rechnung Termin Besprechung wir haben noch " +
  "einen anderen Vorschlag gemacht bitte antworten Sie bis Freitag mit " +
  "le la les été déjà après garçon être très merci réunion demain nous avons " +
  "une autre proposition pour vous dans cette semaine avec tous les documents")
  .split(" ");
const ASCII_WORDS = WORDS.filter((word) => /^[a-z]+$/i.test(word));
const PEOPLE = ["Ada Lovelace", "Jörg Müller", "Chloé Lefèvre", "Bo Ek, Inc."];
const DATES = ["Sat, 21 Nov 2026 10:38:59 +0100", "3 Mar 2025 23:01:07 -0800"];

/** Where each of the samples lies. */
export type Samples = Record<
  | "large"
  | "small"
  | "file"
  | "text"
  | "quotedPrintable"
  | "bytes"
  | "base64"
  | "mbox",
  string
>;

/** Writes all samples into a directory. */
export async function writeSamples(directory: string): Promise<Samples> {
  const random = new Random(SEED);
  const at = (name: string) => join(directory, name);
  const samples: Samples = {
    large: at("large.eml"),
    small: at("small"),
    file: at("file.bin"),
    text: at("text.txt"),
    quotedPrintable: at("text.qp"),
    bytes: at("bytes.bin"),
    base64: at("bytes.b64"),
    mbox: at("mbox"),
  };
  // With its text and its base64 12 MB.
  const large = message(random, "alternative", 8_760_000);
  await Deno.writeTextFile(samples.large, large);
  await Deno.mkdir(samples.small);
  const small: string[] = [];
  for (let n = 0; n < SMALL; n++) {
    small.push(message(random, FORMS[n % FORMS.length]!, 0));
    const name = `${String(n).padStart(3, "0")}.eml`;
    await Deno.writeFile(join(samples.small, name), bytesOf(small[n]!));
  }
  await Deno.writeFile(samples.file, random.bytes(8_000_000));
  const text = new TextEncoder().encode(longText(random, 16_000_000));
  await Deno.writeFile(samples.text, text);
  await Deno.writeTextFile(
    samples.quotedPrintable,
    encodeQuotedPrintable(text),
  );
  const bytes = random.bytes(16_000_000);
  await Deno.writeFile(samples.bytes, bytes);
  await Deno.writeTextFile(
    samples.base64,
    encodeBase64(bytes, { lines: true }),
  );
  await writeMbox(samples.mbox, random, small);
  return samples;
}

/** 200 MB: most messages are small, most bytes are in those with a file. */
async function writeMbox(
  path: string,
  random: Random,
  small: string[],
): Promise<void> {
  const withFiles = Array.from(
    { length: 50 },
    (_, n) => message(random, "alternative", 20_000 + n * 1_900),
  );
  const inLf = (text: string) => bytesOf(text.replaceAll("\r\n", "\n") + "\n");
  const fromLine = bytesOf("From ada@example.com Sat Nov 21 09:38:59 2026\n");
  const smallBytes = small.map(inLf);
  const largeBytes = withFiles.map(inLf);
  using file = await Deno.open(path, { write: true, create: true });
  let block: Uint8Array[] = [];
  for (let n = 0; n < STORED; n++) {
    const isSmall = n * SMALL_STORED % STORED < SMALL_STORED;
    const [all, at] = isSmall
      ? [smallBytes, n % smallBytes.length]
      : [largeBytes, n % largeBytes.length];
    block.push(fromLine, all[at]!);
    if (n % 500 < 499) continue;
    const bytes = Buffer.concat(block);
    for (let done = 0; done < bytes.length;) {
      done += await file.write(bytes.subarray(done));
    }
    block = [];
  }
}

const FORMS = [
  "ascii",
  "alternative",
  "html",
  "base64",
  "utf-8",
  "file",
] as const;

/**
 * A message as they come: one character for a byte. `size` is that of a file that
 * goes along, 0 for none unless the form has one.
 */
function message(
  random: Random,
  form: typeof FORMS[number],
  size: number,
): string {
  const [type, encoding, body] = content(random, form);
  const fields = header(random);
  if (size === 0 && form !== "file") {
    const own = [`Content-Type: ${type}`];
    if (encoding) own.push(`Content-Transfer-Encoding: ${encoding}`);
    return [...fields, ...own, "", body].join("\r\n");
  }
  const boundary = `----=_Part_${random.below(1e9)}.${random.below(1e9)}`;
  const file = random.bytes(size || 200 + random.below(1_500));
  return [
    ...fields,
    `Content-Type: multipart/mixed; boundary="${boundary}"`,
    "",
    "This is a multi-part message in MIME format.",
    `--${boundary}`,
    `Content-Type: ${type}`,
    ...encoding ? [`Content-Transfer-Encoding: ${encoding}`] : [],
    "",
    body,
    `--${boundary}`,
    'Content-Type: application/pdf; name="report.pdf"',
    "Content-Transfer-Encoding: base64",
    'Content-Disposition: attachment; filename="report.pdf"',
    "",
    `${encodeBase64(file, { lines: true })}--${boundary}--`,
    "",
  ].join("\r\n");
}

/** Content type, transfer encoding and body. */
function content(
  random: Random,
  form: typeof FORMS[number],
): [type: string, encoding: string, body: string] {
  const size = 400 + random.below(2_000);
  switch (form) {
    case "ascii":
      return ["text/plain; charset=us-ascii", "", wrapped(random, size)];
    case "utf-8":
    case "file":
      return [
        "text/plain; charset=utf-8; format=fixed",
        "8bit",
        latin1(new TextEncoder().encode(longText(random, size))),
      ];
    case "base64":
      return [
        'text/plain; charset="UTF-8"',
        "base64",
        encodeBase64(new TextEncoder().encode(longText(random, size)), {
          lines: true,
        }),
      ];
    case "html":
      return [
        "text/html; charset=iso-8859-1",
        "quoted-printable",
        encodeQuotedPrintable(Buffer.from(page(random, size), "latin1")),
      ];
    case "alternative": {
      const boundary = `000000000000${random.below(1e9).toString(16)}`;
      const encoder = new TextEncoder();
      const parts = [
        ["plain", longText(random, size / 2)],
        ["html", page(random, size / 2)],
      ].map(([subtype, text]) =>
        `--${boundary}\r\nContent-Type: text/${subtype}; charset="UTF-8"\r\n` +
        "Content-Transfer-Encoding: quoted-printable\r\n\r\n" +
        `${encodeQuotedPrintable(encoder.encode(text))}\r\n`
      );
      return [
        `multipart/alternative; boundary="${boundary}"`,
        "",
        `${parts.join("")}--${boundary}--\r\n`,
      ];
    }
  }
}

/** 8 to 25 fields with those of the content, in the order of travel. */
function header(random: Random): string[] {
  const fields = ["Return-Path: <bounce@example.com>"];
  for (let hop = 1 + random.below(5); hop > 0; hop--) {
    const id = random.below(2 ** 40).toString(36);
    fields.push(
      `Received: from mx${hop}.example.com (mx${hop}.example.com [192.0.2.${hop}])\r\n` +
        `\tby mail${hop}.example.org (Postfix) with ESMTPS id ${id}\r\n` +
        `\tfor <reader@example.org>; ${random.of(DATES)}`,
    );
  }
  if (random.below(2)) {
    const signature = encodeBase64(random.bytes(256))
      .replace(/.{70}/g, "$&\r\n         ");
    fields.push(
      "DKIM-Signature: v=1; a=rsa-sha256; c=relaxed/relaxed; d=example.com; s=s1;\r\n" +
        `        h=from:to:subject:date;\r\n        b=${signature}`,
    );
  }
  fields.push(
    `Date: ${random.of(DATES)}`,
    `From: ${mailbox(random)}`,
    `To: ${mailbox(random)},\r\n ${mailbox(random)}`,
    `Subject: ${subject(random)}`,
    `Message-ID: <${random.below(1e9)}.${random.below(1e9)}@example.com>`,
    "MIME-Version: 1.0",
  );
  for (let more = random.below(10); more > 0; more--) {
    fields.push(`X-Field-${more}: ${words(random, ASCII_WORDS, 6)}`);
  }
  return fields;
}

/** As it is, or in encoded words of one of three kinds (RFC 2047). */
function subject(random: Random): string {
  const from = random.below(3) ? WORDS : ASCII_WORDS;
  const text = words(random, from, 3 + random.below(6));
  const kind = random.below(3);
  if (kind < 2) return encodeWords(text, { encoding: kind ? "Q" : "B" });
  const bytes = Buffer.from(text.slice(0, 40), "latin1");
  return `=?iso-8859-1?Q?${encodeQuotedPrintable(bytes, { header: true })}?=`;
}

function mailbox(random: Random): string {
  const name = random.of(PEOPLE);
  const user = name.slice(0, 2).toLowerCase() + random.below(100);
  const phrase = encodeWords(name);
  return `${phrase === name ? `"${name}"` : phrase} <${
    user.replace(/[^a-z0-9]/g, "x")
  }@example.org>`;
}

function page(random: Random, size: number): string {
  const paragraphs = longText(random, size).trim().split("\r\n").map((line) =>
    `<p style="margin: 0 0 1em; color: #222">${line}</p>`
  );
  return `<!DOCTYPE html><html><body>\r\n${
    paragraphs.join("\r\n")
  }\r\n</body></html>\r\n`;
}

/** Paragraphs that are one line each, and some short lines. */
function longText(random: Random, size: number): string {
  const lines: string[] = [];
  for (let length = 0; length < size;) {
    const line = words(random, WORDS, random.below(3) ? 40 : 4);
    lines.push(line, "");
    length += line.length + 4;
  }
  return lines.join("\r\n");
}

/** Lines of some seventy characters. */
function wrapped(random: Random, size: number): string {
  const lines: string[] = [];
  for (let length = 0; length < size; length += 70) {
    lines.push(words(random, ASCII_WORDS, 10));
  }
  return lines.join("\r\n") + "\r\n";
}

function words(random: Random, from: string[], count: number): string {
  return Array.from({ length: count }, () => random.of(from)).join(" ");
}

function latin1(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString("latin1");
}

function bytesOf(text: string): Uint8Array {
  return Buffer.from(text, "latin1");
}

/** The same numbers for the same seed: xorshift (Marsaglia, 2003). */
class Random {
  #state: number;

  constructor(seed: number) {
    this.#state = seed;
  }

  below(limit: number): number {
    return Math.floor(this.#next() / 2 ** 32 * limit);
  }

  of<T>(all: readonly T[]): T {
    return all[this.below(all.length)]!;
  }

  bytes(size: number): Uint8Array<ArrayBuffer> {
    const words = new Uint32Array(Math.ceil(size / 4));
    for (let at = 0; at < words.length; at++) words[at] = this.#next();
    return new Uint8Array(words.buffer, 0, size);
  }

  #next(): number {
    let state = this.#state;
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    this.#state = state;
    return state >>> 0;
  }
}
