import { Buffer } from "node:buffer";
import type { Bytes } from "../../_wire/options.ts";
import { decodeText, toByteString } from "../../_wire/text.ts";

/** Names that mail has for what the Encoding standard knows by another. */
const OTHER_NAMES: [name: RegExp, label: string][] = [
  [/^(ansi_x3\.4-1968|iso646-us|646|us)$/, "us-ascii"],
  [/^cp-?(125[0-8]|866|874)$/, "windows-$1"],
  [/^(?:windows|win)[-_]?(125[0-8]|874)$/, "windows-$1"],
  [/^windows-866$/, "ibm866"],
  [/^iso[-_]?8859[-_](\d+)(?:[-_][ei])?$/, "iso-8859-$1"],
  [/^8859[-_](\d+)$/, "iso-8859-$1"],
  [/^(cp|ms|windows-)?93[26]$|^ks_c_5601.*$/, ""],
  [/^utf[-_]?8(mb4|-mac)?$|^unicode-1-1-utf-8$/, "utf-8"],
  [/^utf[-_]?16([bl]e)?$/, "utf-16$1"],
];
const ASIAN: Record<string, string> = {
  "932": "shift_jis",
  "936": "gbk",
  "949": "euc-kr",
  "950": "big5",
};

/**
 * Bytes in a charset as mail names it, as text. What nobody knows counts as
 * UTF-8, and where it is none as one character a byte: nothing of it is lost.
 */
export function decodeCharset(bytes: Uint8Array, charset: string): string {
  const name = charset.trim().toLowerCase();
  if (/^(unicode-1-1-)?utf-?7$/.test(name)) return decodeUtf7(bytes);
  const decoder = decoderFor(byteOrder(bytes, name));
  // UTF-8 that is none, and ASCII that is more.
  const guessed = !decoder || decoder.encoding === "utf-8" ||
    /^(us-)?ascii$|^ansi_x3/.test(name);
  if (guessed) return decodeText(bytes);
  const isEscaped = decoder.encoding === "iso-2022-jp";
  return decoder.decode(isEscaped ? withoutEmptyAscii(bytes) : bytes);
}

/**
 * Words of ISO-2022 begin and end in ASCII (RFC 2047 section 5). Behind one
 * another they go to ASCII for no character, which the decoder holds for an
 * attack.
 */
function withoutEmptyAscii(bytes: Uint8Array): Uint8Array {
  const text = toByteString(bytes);
  // deno-lint-ignore no-control-regex
  const empty = /(?:\x1b\([BJ])+(?=\x1b)/g;
  return text.includes("\x1b(B\x1b")
    ? Buffer.from(text.replaceAll(empty, ""), "latin1")
    : bytes;
}

/** A byte order mark decides (RFC 2781 section 3.3). */
function byteOrder(bytes: Uint8Array, name: string): string {
  return /^utf[-_]?16$/.test(name) && bytes[0] === 0xfe && bytes[1] === 0xff
    ? "utf-16be"
    : name;
}

const decoders = new Map<string, TextDecoder | undefined>();

function decoderFor(name: string): TextDecoder | undefined {
  if (!decoders.has(name)) {
    // Names come from senders: as many as there are in the world are enough.
    if (decoders.size > 200) decoders.clear();
    decoders.set(name, makeDecoder(name));
  }
  return decoders.get(name);
}

function makeDecoder(name: string): TextDecoder | undefined {
  const asian = /^(?:cp|ms|windows)?[-_]?(9\d\d)$/.exec(name)?.[1];
  const found = OTHER_NAMES.find(([other]) => other.test(name));
  const renamed = found && name.replace(found[0], found[1]);
  for (const label of [name, asian && ASIAN[asian], renamed]) {
    if (!label) continue;
    try {
      return new TextDecoder(label, { ignoreBOM: false });
    } catch {
      // Nobody knows it under this name.
    }
  }
  return undefined;
}

/** UTF-7 (RFC 2152): UTF-16 in base64 between `+` and `-`. */
function decodeUtf7(bytes: Uint8Array): string {
  const text = decodeText(bytes);
  return text.replace(
    /\+([A-Za-z0-9+/]*)-?/g,
    (all: string, base64: string) => {
      if (base64 === "") return all.endsWith("-") ? "+" : all;
      const whole = base64.length % 4 === 1 ? base64.slice(0, -1) : base64;
      const units: Bytes = Uint8Array.fromBase64(whole);
      // Half a unit is what is left over of the bits.
      const even = units.subarray(0, units.length & ~1);
      if (even.length === 0) return all;
      return new TextDecoder("utf-16be").decode(even);
    },
  );
}
