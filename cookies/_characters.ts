/**
 * Whether control characters other than the tab stand in it, which end a
 * header or are refused by whoever reads it.
 */
export function hasControls(text: string): boolean {
  // deno-lint-ignore no-control-regex
  return /[\0-\x08\n-\x1f\x7f]/.test(text);
}

/** A part of the text without spaces and tabs around it: WSP of RFC 5234. */
export function trimmed(text: string, from = 0, to = text.length): string {
  let start = from;
  let end = to;
  while (start < end && isBlank(text.charCodeAt(start))) start++;
  while (end > start && isBlank(text.charCodeAt(end - 1))) end--;
  return text.slice(start, end);
}

function isBlank(code: number): boolean {
  return code === 0x20 || code === 0x09;
}

/**
 * What goes into a header for a text: one character a byte. What came by a
 * header is so already; where a character is none, the text goes as UTF-8.
 */
export function toOctets(text: string): string {
  if (!/[^\0-\xff]/.test(text)) return text;
  let octets = "";
  for (const byte of new TextEncoder().encode(text)) {
    octets += String.fromCharCode(byte);
  }
  return octets;
}

/** Whether these together are longer than that in a header. */
export function isLonger(octets: number, one: string, other = ""): boolean {
  const length = one.length + other.length;
  if (length > octets) return true;
  // No character has more than three in UTF-8 for each unit of UTF-16.
  return length * 3 > octets && toOctets(one + other).length > octets;
}
