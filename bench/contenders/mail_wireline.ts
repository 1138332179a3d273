/** Ours: `mail_wireline.ts OPERATION PATH often|once`; prints what it took. */
import {
  Base64DecoderStream,
  Base64EncoderStream,
  decodeBase64,
  decodeQuotedPrintable,
  encodeBase64,
  encodeQuotedPrintable,
  QuotedPrintableDecoderStream,
  QuotedPrintableEncoderStream,
} from "../../mail/encoding/mod.ts";
import { Mbox } from "../../mail/mailbox/mod.ts";
import { type Address, MailMessage } from "../../mail/message/mod.ts";
import {
  attached,
  chunksOf,
  collect,
  measure,
  over,
  parsing,
} from "./mail_measure.mjs";

type Bytes = Uint8Array<ArrayBuffer>;

const same = (bytes: Uint8Array) => bytes;

await measure({
  ...parsing(async (bytes: Bytes) => {
    const message = await MailMessage.parse(bytes);
    return {
      names: [...message.from, ...message.to].flatMap(nameOf),
      subject: message.subject,
      date: message.date,
      text: message.text,
      html: message.html,
      files: message.attachments.map(({ content }) => content),
    };
  }),
  build: over(same, (content: Bytes) =>
    new MailMessage({
      from: "Ada Lovelace <ada@example.com>",
      to: "Jörg Müller <joerg@example.org>",
      subject: "Der Bericht für heute",
      text: "Der Bericht liegt bei.\n",
      html: "<p>Der Bericht liegt bei.</p>\n",
      attachments: [{ filename: "report.bin", content }],
    }).toBytes(), attached),
  "qp-encode": over(same, encodeQuotedPrintable, decodeQuotedPrintable),
  "qp-decode": over(same, (bytes: Bytes) => decodeQuotedPrintable(bytes), same),
  "base64-encode": over(
    same,
    (bytes: Bytes) => encodeBase64(bytes, { lines: true }),
    decodeBase64,
  ),
  "base64-decode": over(same, (bytes: Bytes) => decodeBase64(bytes), same),
  "qp-encode-stream": through(
    () => new QuotedPrintableEncoderStream(),
    decodeQuotedPrintable,
  ),
  "qp-decode-stream": through(() => new QuotedPrintableDecoderStream(), same),
  "base64-encode-stream": through(
    () => new Base64EncoderStream(),
    decodeBase64,
  ),
  "base64-decode-stream": through(() => new Base64DecoderStream(), same),
  "mbox-keys": (path: string) => ({
    async pass() {
      await using box = await Mbox.open(path);
      const keys = await Array.fromAsync(box.keys());
      return keys.length;
    },
    check: (keys: number) => ({ keys }),
  }),
  "mbox-read": (path: string) => ({
    async pass() {
      await using box = await Mbox.open(path);
      let messages = 0;
      let bytes = 0;
      for await (const key of box.keys()) {
        bytes += (await box.bytes(key)).length;
        messages++;
      }
      return { messages, bytes };
    },
    check: (read: unknown) => read,
  }),
});

function nameOf(address: Address): string[] {
  if ("group" in address) throw new Error(`There is a group ${address.group}`);
  return [address.name, address.address];
}

function through(
  make: () => TransformStream<Uint8Array, Bytes>,
  original: (bytes: Uint8Array) => Uint8Array,
): unknown {
  return over(
    chunksOf,
    (chunks: Uint8Array[]) =>
      collect(ReadableStream.from(chunks).pipeThrough(make())),
    async (chunks: Bytes[]) => original(await new Blob(chunks).bytes()),
  );
}
