/** Files that go from ours to Python's `http.cookiejar` and back. */
import { assertEquals } from "jsr:@std/assert@^1.0.0";
import { join } from "node:path";
import { LwpCookieJar, MozillaCookieJar } from "../../cookies/mod.ts";
import { tempDir } from "../_support/temp_dir.ts";
import { askPython } from "../mail/encoding/samples.ts";

const SET = [
  "plain=1; Max-Age=3600",
  "domain=2; Max-Age=3600; Domain=a.example; Path=/",
  "secure=3; Max-Age=3600; Secure; HttpOnly; Path=/x/y",
  'quoted="4 5"; Max-Age=3600',
  "back\\slash=6\\7; Max-Age=3600",
  "comma=8,9; Max-Age=3600",
  "empty=; Max-Age=3600",
  "equals=a=b; Max-Age=3600",
  "%41=%00+%3B; Max-Age=3600",
  "$dollar=1; Max-Age=3600",
  "session=1",
];

/** What Python makes of a file, and the file that it makes of that. */
async function throughPython(
  name: "MozillaCookieJar" | "LWPCookieJar",
  from: string,
  to: string,
): Promise<unknown[]> {
  return await askPython(
    `
from http import cookiejar
jar = getattr(cookiejar, input["name"])(input["from"])
jar.load(ignore_discard=True, ignore_expires=False)
jar.save(input["to"], ignore_discard=True)
output = [
    [c.name, c.value, c.domain, c.path, c.secure, c.expires,
     c.has_nonstandard_attr("HttpOnly") or c.has_nonstandard_attr("HTTPOnly")]
    for c in jar
]
`,
    { name, from, to },
  );
}

for (const Jar of [MozillaCookieJar, LwpCookieJar]) {
  Deno.test(`${Jar.name}'s file means the same to Python`, async () => {
    await using temp = await tempDir();
    const [ours, theirs] = [join(temp.path, "ours"), join(temp.path, "theirs")];
    // In Python's time, which is the clock's.
    const now = Math.floor(Date.now() / 1000) * 1000;
    const jar = new Jar({ now: () => new Date(now) });
    for (const one of SET) jar.setCookie(one, "https://www.a.example/dir/x");
    // Python takes the end 0 of curl's session cookies for 1970.
    const session = Jar === LwpCookieJar;
    await jar.save(ours, { session });
    const expected = [...jar].filter(({ expires }) => session || expires);
    const found = await throughPython(
      session ? "LWPCookieJar" : "MozillaCookieJar",
      ours,
      theirs,
    );
    const byName = (one: unknown[], other: unknown[]) =>
      String(one[0]) < String(other[0]) ? -1 : 1;
    assertEquals(
      found.map((one) => one as unknown[]).sort(byName),
      expected.map((one) => [
        one.name,
        one.value,
        one.hostOnly ? one.domain : `.${one.domain}`,
        one.path,
        one.secure,
        one.expires ? +one.expires / 1000 : null,
        one.httpOnly,
      ]).sort(byName),
    );
    const again = new Jar({ now: () => new Date(now) });
    await again.load(theirs);
    const plain = (jar: Iterable<{ name: string; lastAccess: Date }>) =>
      Array.from(jar).sort((a, b) => a.name < b.name ? -1 : 1);
    assertEquals(plain(again), plain(expected));
  });
}
