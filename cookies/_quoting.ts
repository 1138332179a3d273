const BACKSLASH = 0x5c;
const QUOTE = 0x22;
const LINE_FEED = 0x0a;

/** A token of RFC 9110, or a colon, which names of cookies have had. */
export function isName(text: string): boolean {
  return /^[\w!#$%&'*+.^`|~:-]+$/.test(text);
}

/**
 * A value as it may stand in a header: in quotes where it must, with a backslash
 * before quotes and backslashes, and in octal whatever could end it.
 */
export function quote(value: string): string {
  if (isName(value)) return value;
  // Beside names, only these mean nothing to whoever reads a cookie.
  const body = value.replace(
    // deno-lint-ignore no-control-regex
    /[\0-\x1f",;\\\x7f-\xff]/g,
    (char) => char === '"' || char === "\\" ? `\\${char}` : octal(char),
  );
  return `"${body}"`;
}

function octal(char: string): string {
  return "\\" + char.charCodeAt(0).toString(8).padStart(3, "0");
}

/** The value of what `quote` gave. Without quotes around it, it stays as is. */
export function unquote(coded: string): string {
  const last = coded.length - 1;
  if (last < 1 || coded.charCodeAt(0) !== QUOTE) return coded;
  if (coded.charCodeAt(last) !== QUOTE) return coded;
  let at = coded.indexOf("\\");
  if (at < 0) return coded.slice(1, last);
  let value = "";
  let start = 1;
  for (; at >= 0 && at < last - 1; at = coded.indexOf("\\", start)) {
    value += coded.slice(start, at);
    if (isOctal(coded, at + 1, last)) {
      const code = parseInt(coded.slice(at + 1, at + 4), 8);
      value += String.fromCharCode(code);
      start = at + 4;
    } else if (coded.charCodeAt(at + 1) === LINE_FEED) {
      value += "\\\n";
      start = at + 2;
    } else {
      value += coded[at + 1];
      start = at + 2;
    }
  }
  return value + coded.slice(start, last);
}

/** Whether three digits stand there, for a number up to 255. */
function isOctal(text: string, at: number, end: number): boolean {
  if (at + 3 > end) return false;
  const first = text.charCodeAt(at) - 0x30;
  const second = text.charCodeAt(at + 1) - 0x30;
  const third = text.charCodeAt(at + 2) - 0x30;
  return first >= 0 && first <= 3 && second >= 0 && second <= 7 &&
    third >= 0 && third <= 7;
}

/**
 * Where a value in quotes ends, behind the closing quote; -1 where none closes
 * it. Ends at the next quote at the latest, so that many that are open take no
 * more than the length of the text.
 */
export function quotedEnd(text: string, start: number): number {
  for (let at = start + 1; at < text.length; at++) {
    const code = text.charCodeAt(at);
    if (code === QUOTE) return at + 1;
    if (code === BACKSLASH) at++;
  }
  return -1;
}
