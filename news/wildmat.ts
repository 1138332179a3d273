/**
 * Whether a text fits a wildmat (RFC 3977 section 4): patterns with `*` and `?`
 * between commas, of which the last that fits decides, and says no where it
 * begins with `!`.
 */
export function fitsWildmat(text: string, wildmat: string): boolean {
  const last = wildmat.split(",").findLast((pattern) =>
    fitsPattern(text, pattern.replace(/^!/, ""))
  );
  return last !== undefined && !last.startsWith("!");
}

/**
 * Whether a text fits one pattern. Linear for what a person writes, and never
 * worse than text times pattern.
 */
export function fitsPattern(text: string, pattern: string): boolean {
  const chars = Array.from(text);
  const wanted = Array.from(pattern);
  let at = 0;
  let next = 0;
  /** Where the last `*` stands, and what is behind the text it has taken. */
  let star = -1;
  let taken = 0;
  while (at < chars.length) {
    if (wanted[next] === "*") {
      star = next++;
      taken = at;
    } else if (wanted[next] === "?" || wanted[next] === chars[at]) {
      next++;
      at++;
    } else if (star >= 0) {
      next = star + 1;
      at = ++taken;
    } else return false;
  }
  while (wanted[next] === "*") next++;
  return next === wanted.length;
}
