/** What the tests of encodings are made of. */
import { crc32 } from "node:zlib";

/** Every byte once. */
export const ALL: Uint8Array<ArrayBuffer> = Uint8Array.from(
  { length: 256 },
  (_, index) => index,
);

/** One byte a character. */
export function latin1(text: string): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(text.length);
  for (let at = 0; at < text.length; at++) bytes[at] = text.charCodeAt(at);
  return bytes;
}

/** One character a byte. */
export function toLatin1(bytes: Uint8Array): string {
  let text = "";
  for (const byte of bytes) text += String.fromCharCode(byte);
  return text;
}

/**
 * A file by the yEnc draft 1.3 and by nothing of ours: only NUL, LF, CR and "="
 * are escaped, and there are 128 bytes in a line.
 */
export function plainYenc(
  bytes: Uint8Array,
  name = "all.bin",
): Uint8Array<ArrayBuffer> {
  let body = "";
  let line = "";
  for (const byte of bytes) {
    const encoded = (byte + 42) % 256;
    line += [0, 10, 13, 61].includes(encoded)
      ? "=" + String.fromCharCode((encoded + 64) % 256)
      : String.fromCharCode(encoded);
    if (line.length < 128) continue;
    body += line + "\r\n";
    line = "";
  }
  if (line !== "") body += line + "\r\n";
  const crc = crc32(bytes).toString(16).padStart(8, "0");
  return latin1(
    `=ybegin line=128 size=${bytes.length} name=${name}\r\n${body}` +
      `=yend size=${bytes.length} crc32=${crc}\r\n`,
  );
}

/** How many bytes come out, and how much more is held at most meanwhile. */
export async function mostHeld(
  decoder: TransformStream<Uint8Array, Uint8Array>,
  source: Iterable<Uint8Array>,
): Promise<{ total: number; grown: number }> {
  const held = () => {
    const { external, heapUsed } = Deno.memoryUsage();
    return external + heapUsed;
  };
  const before = held();
  let most = 0;
  function* watched() {
    let count = 0;
    for (const chunk of source) {
      if (count++ % 64 === 0) most = Math.max(most, held());
      yield chunk;
    }
    most = Math.max(most, held());
  }
  let total = 0;
  const chunks = ReadableStream.from(watched()) as ReadableStream<Uint8Array>;
  for await (const piece of chunks.pipeThrough(decoder)) total += piece.length;
  return { total, grown: most - before };
}

/**
 * Python's answers to what is in `input`, as JSON, in one process for all of it.
 * `script` sets `output` from it.
 */
export async function askPython<T>(
  script: string,
  input: unknown,
): Promise<T> {
  const child = new Deno.Command("/usr/bin/python3", {
    args: [
      "-W",
      "ignore",
      "-c",
      `import json, sys\ninput = json.load(sys.stdin)\n${script}\n` +
      "json.dump(output, sys.stdout)",
    ],
    env: { TZ: "UTC" },
    stdin: "piped",
    stdout: "piped",
  }).spawn();
  const writer = child.stdin.getWriter();
  await writer.write(new TextEncoder().encode(JSON.stringify(input)));
  await writer.close();
  const { success, stdout } = await child.output();
  if (!success) throw new Error("Python failed");
  return JSON.parse(new TextDecoder().decode(stdout));
}
