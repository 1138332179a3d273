import { assert, assertEquals } from "jsr:@std/assert@^1.0.0";
import { fitsWildmat } from "../../news/wildmat.ts";
import { seededRandom } from "../_support/random_slices.ts";

/** What fits a wildmat, and what does not. */
const TABLE: [wildmat: string, fits: string[], fitsNot: string[]][] = [
  // RFC 3977 section 4.4.
  ["abc", ["abc"], ["", "ab", "abcd", "xabc", "ABC"]],
  ["abc,def", ["abc", "def"], ["abc,def", "", "abcdef"]],
  ["\u00a3", ["\u00a3"], ["", "\u00a3\u00a3", "\u00c2"]],
  ["a*", ["a", "ab", "abc", "a,b", "a*"], ["", "b", "ba", "A"]],
  ["a*b", ["ab", "acb", "abab", "a b"], ["a", "b", "abc", "bab"]],
  ["a*,*b", ["a", "b", "ac", "cb", "ab"], ["c", "ba", ""]],
  ["a*,!*b", ["a", "abc"], ["ab", "acb", "b", "c"]],
  ["a*,!*b,c*", ["a", "c", "cb", "cab"], ["ab", "b"]],
  ["a*,c*,!*b", ["a", "c", "ca"], ["ab", "cb", "b"]],
  ["?a*", ["ba", "bac", "aa"], ["a", "", "ab", "bba"]],
  ["??a*", ["bba", "aaa", "bbac"], ["ba", "bab", "aab"]],
  ["*a?", ["ab", "aa", "bab"], ["a", "ba", "abb", ""]],
  ["*a??", ["abb", "aaa", "babb"], ["ab", "bab", "abbb"]],
  // Section 4.2: the rightmost that fits decides.
  ["*", ["", "a", "a,b", "\ud83d\ude00"], []],
  ["!*", [], ["", "a"]],
  ["*,!a", ["b", "aa", ""], ["a"]],
  ["!a,*", ["a", "b"], []],
  ["!a", [], ["a", "b"]],
  ["*,!*,a", ["a"], ["b"]],
  ["comp.*,!comp.os.*,comp.os.linux.*", [
    "comp.lang",
    "comp.os.linux.misc",
    "comp.os",
  ], ["comp.os.bsd", "alt.comp.x"]],
  // More stars than one, and questions.
  ["**", ["", "a", "abc"], []],
  ["a**b", ["ab", "axb"], ["a", "b"]],
  ["*a*b*", ["ab", "xaybz", "aab"], ["ba", "a", ""]],
  ["?", ["a", "\u00fc", "\u65e5", "\ud83d\ude00"], ["", "ab"]],
  ["??", ["ab", "\ud83d\ude00x"], ["a", "\ud83d\ude00"]],
  ["?*", ["a", "ab"], [""]],
  ["*?", ["a", "ab"], [""]],
  ["\u65e5*\u8a9e", ["\u65e5\u672c\u8a9e", "\u65e5\u8a9e"], ["\u65e5\u672c"]],
  // Nothing else means anything: it is no regular expression.
  ["a.b", ["a.b"], ["axb"]],
  ["a+b", ["a+b"], ["aab"]],
  ["(a|b)", ["(a|b)"], ["a"]],
  ["^a$", ["^a$"], ["a"]],
  ["[ab]", ["[ab]"], ["a"]],
  ["a\\*", ["a\\b"], ["a*"]],
  ["a!b", ["a!b"], ["ab"]],
  // "!" in front means no, and the second one itself.
  ["*,!!a", ["a", "b"], ["!a"]],
  // Empty patterns fit nothing but the empty text.
  ["", [""], ["a"]],
  [",", [""], ["a"]],
  ["*,", ["", "a"], []],
  ["*,!", ["a"], [""]],
  ["a\nb", ["a\nb"], ["a"]],
  ["a*b", ["a\nb", "a\r\n\u2028b"], []],
];

Deno.test("fitsWildmat() tells what fits", () => {
  for (const [wildmat, fits, fitsNot] of TABLE) {
    for (const [texts, expected] of [[fits, true], [fitsNot, false]] as const) {
      for (const text of texts) {
        const what = `${JSON.stringify(text)} in ${JSON.stringify(wildmat)}`;
        assertEquals(fitsWildmat(text, wildmat), expected, what);
      }
    }
  }
});

/** By section 4.2's words, as slow as it may be. */
function slowly(text: string, wildmat: string): boolean {
  let fits = false;
  for (const pattern of wildmat.split(",")) {
    const no = pattern.startsWith("!");
    const regexp = [...pattern.slice(no ? 1 : 0)].map((char) =>
      char === "*" ? "[^]*" : char === "?" ? "[^]" : char.replace(".", "\\.")
    );
    if (new RegExp(`^${regexp.join("")}$`, "u").test(text)) fits = !no;
  }
  return fits;
}

Deno.test("fitsWildmat() agrees with regular expressions", () => {
  const random = seededRandom(1);
  const any = (from: string[], most: number) =>
    Array.from(
      { length: random() * most },
      () => from[Math.floor(random() * from.length)],
    ).join("");
  let fitting = 0;
  for (let count = 0; count < 50_000; count++) {
    const text = any(["a", "b", ".", "\ud83d\ude00"], 8);
    const wildmat = any(["a", "b", ".", "*", "*", "?", ",", "!"], 9);
    const expected = slowly(text, wildmat);
    const what = `${JSON.stringify(text)} in ${JSON.stringify(wildmat)}`;
    assertEquals(fitsWildmat(text, wildmat), expected, what);
    if (expected) fitting++;
  }
  assert(fitting > 2_000, `${fitting}`);
});

Deno.test("fitsWildmat() needs no time for patterns made to take much", () => {
  for (
    const [text, wildmat] of [
      ["a".repeat(10_000), "*a".repeat(100) + "b"],
      ["a".repeat(10_000), "*".repeat(10_000) + "b"],
      ["a".repeat(10_000), "a*".repeat(200) + "b"],
      ["ab".repeat(5_000), "*?*?*?".repeat(30) + "c"],
      ["a".repeat(5_000), "*" + "a".repeat(1_000) + "b"],
      ["a".repeat(100), "!*,".repeat(10_000) + "b"],
      ["a".repeat(1_000_000), "*b"],
    ]
  ) {
    assertEquals(fitsWildmat(text!, wildmat!), false);
  }
});
