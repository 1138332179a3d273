import { Buffer } from "node:buffer";
import type { Bytes } from "./options.ts";

const UTF8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

/**
 * Bytes that ought to be UTF-8 as text. What is no UTF-8 becomes one character a
 * byte, so that nothing of it is lost.
 */
export function decodeText(bytes: Uint8Array): string {
  try {
    return UTF8.decode(bytes);
  } catch {
    return toByteString(bytes);
  }
}

/** Lines that end in CRLF as text, each as `decodeText` has it. */
export function decodeLines(bytes: Bytes): string[] {
  let lines: string[];
  try {
    lines = UTF8.decode(bytes).split("\r\n");
  } catch {
    lines = toByteString(bytes).split("\r\n")
      .map((line) => decodeText(Buffer.from(line, "latin1")));
  }
  // Behind the last line's end.
  lines.pop();
  return lines;
}

/** One character a byte; `TextDecoder("latin1")` would be windows-1252. */
export function toByteString(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length)
    .toString("latin1");
}
