import { assert, assertEquals, assertRejects } from "jsr:@std/assert@^1.0.0";
import { Buffer } from "node:buffer";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { LwpCookieJar, MozillaCookieJar } from "../../cookies/mod.ts";
import { tempDir } from "../_support/temp_dir.ts";

const NOW = Date.UTC(2030, 0, 1);
const options = { now: () => new Date(NOW) };
const URL_A = "https://www.a.example/dir/x";

type FileJar = MozillaCookieJar | LwpCookieJar;

/** What a jar keeps, without times. */
function list(jar: FileJar): string[] {
  return Array.from(jar, (one) => {
    const flags = [
      one.hostOnly ? "" : "domain",
      one.secure ? "secure" : "",
      one.httpOnly ? "httpOnly" : "",
      one.sameSite === "default" ? "" : one.sameSite,
      one.expires?.toISOString() ?? "",
    ].filter(Boolean).join(" ");
    return `${one.name}=${one.value} ${one.domain}${one.path} ${flags}`.trim();
  });
}

function filled<Jar extends FileJar>(jar: Jar): Jar {
  const set = (cookie: string) => assert(jar.setCookie(cookie, URL_A), cookie);
  set("a=1; Max-Age=60");
  set('b="x\\\\ y"; Max-Age=61; Domain=a.example; Path=/; Secure; HttpOnly');
  set("c=; Max-Age=62; SameSite=Lax");
  set("=d; Max-Age=63");
  set("=e=f; Max-Age=63; Path=/e");
  set('odd name"=g,h; Max-Age=64');
  set("utf8=caf\xc3\xa9 €; Max-Age=65");
  set("tab=i\tj; Max-Age=66; SameSite=Strict");
  set("session=1");
  return jar;
}

const LEFT = [
  "a=1 www.a.example/dir 2030-01-01T00:01:00.000Z",
  'b="x\\\\ y" a.example/ domain secure httpOnly 2030-01-01T00:01:01.000Z',
  "c= www.a.example/dir lax 2030-01-01T00:01:02.000Z",
  "=d www.a.example/dir 2030-01-01T00:01:03.000Z",
  "=e=f www.a.example/e 2030-01-01T00:01:03.000Z",
  'odd name"=g,h www.a.example/dir 2030-01-01T00:01:04.000Z',
  "utf8=caf\xc3\x83\xc2\xa9 \xe2\x82\xac www.a.example/dir 2030-01-01T00:01:05.000Z",
  "tab=i\tj www.a.example/dir strict 2030-01-01T00:01:06.000Z",
];

for (const Jar of [MozillaCookieJar, LwpCookieJar]) {
  Deno.test(`${Jar.name}.load() reads what save() writes`, async () => {
    await using temp = await tempDir();
    const path = join(temp.path, "cookies");
    const jar = filled(new Jar(options));
    await jar.save(path);
    const again = new Jar(options);
    await again.load(path);
    const expected = Jar === LwpCookieJar
      ? LEFT
      : LEFT.map((line) => line.replace(/ (lax|strict)/, ""));
    assertEquals(list(again), expected);
    await jar.save(path, { session: true });
    const withSession = new Jar(options);
    await withSession.load(path);
    assertEquals(list(withSession), [
      ...expected,
      "session=1 www.a.example/dir",
    ]);
    const without = new Jar(options);
    await without.load(path, { session: false });
    assertEquals(list(without), expected);
    // The bytes of the header are what counts.
    assertEquals(
      again.cookieHeader(URL_A).replace(/^[^]*utf8=/, ""),
      jar.cookieHeader(URL_A).replace(/^[^]*utf8=/, "").replace(
        "; session=1",
        "",
      ),
    );
  });

  Deno.test(`${Jar.name} keeps expired cookies where it is told to`, async () => {
    await using temp = await tempDir();
    const path = join(temp.path, "cookies");
    const jar = filled(new Jar(options));
    await jar.save(path);
    const later = { now: () => new Date(NOW + 65_500) };
    const dropping = new Jar(later);
    await dropping.load(path);
    assertEquals(dropping.size, 1);
    const keeping = new Jar(later);
    await keeping.load(path, { expired: true });
    const copy = join(temp.path, "copy");
    await keeping.save(copy, { expired: true });
    assertEquals(await Deno.readTextFile(copy), await Deno.readTextFile(path));
    await keeping.save(copy);
    const left = new Jar(options);
    await left.load(copy);
    assertEquals(left.size, 1);
    assertEquals(keeping.size, 1);
  });

  Deno.test(`${Jar.name}.save() lets nobody else read the file`, async () => {
    await using temp = await tempDir();
    const path = join(temp.path, "cookies");
    await Deno.writeTextFile(path, "old", { mode: 0o644 });
    const jar = filled(new Jar(options));
    await jar.save(pathToFileURL(path));
    if (Deno.build.os !== "windows") {
      assertEquals((await Deno.stat(path)).mode! & 0o777, 0o600);
    }
    const files = await Array.fromAsync(Deno.readDir(temp.path));
    assertEquals(files.map(({ name }) => name), ["cookies"]);
    await new Jar(options).load(pathToFileURL(path));
  });

  Deno.test(`${Jar.name} leaves partitions out of its file`, async () => {
    await using temp = await tempDir();
    const path = join(temp.path, "cookies");
    const jar = new Jar(options);
    jar.setCookie("a=1; Max-Age=60; Secure; Partitioned", URL_A);
    await jar.save(path);
    assert(!(await Deno.readTextFile(path)).includes("a="));
  });

  Deno.test(`${Jar.name} says which file it is that fails`, async () => {
    await using temp = await tempDir();
    const jar = filled(new Jar(options));
    const path = join(temp.path, "none", "cookies");
    await assertRejects(
      () => jar.load(path),
      Deno.errors.NotFound,
      `Cannot load "${path}"`,
    );
    await assertRejects(
      () => jar.save(path),
      Deno.errors.NotFound,
      `Cannot save "${path}"`,
    );
    const wrong = join(temp.path, "wrong");
    await Deno.writeTextFile(wrong, "<html>\n<body>\n");
    await assertRejects(
      () => jar.load(wrong),
      SyntaxError,
      `Cannot load "${wrong}": it`,
    );
    assertEquals(jar.size, 9);
  });

  Deno.test(`${Jar.name}.load() takes hostile files in linear time`, async () => {
    await using temp = await tempDir();
    const path = join(temp.path, "cookies");
    const jar = new Jar(options);
    const start = Jar === LwpCookieJar
      ? "#LWP-Cookies-2.0\nSet-Cookie3: "
      : "a\t";
    for (
      const part of ["\t", '"', '="', "; ", "\\", "a=", "\n", '="\\', "\r"]
    ) {
      await Deno.writeTextFile(
        path,
        start + part.repeat(300_000 / part.length),
      );
      await jar.load(path).catch((error) =>
        assert(error instanceof SyntaxError)
      );
    }
    assertEquals(jar.size, 0);
  });
}

/** Loads a file of these bytes, one character each. */
async function loaded<Jar extends FileJar>(
  jar: Jar,
  text: string,
): Promise<Jar> {
  await using temp = await tempDir();
  const path = join(temp.path, "cookies");
  await Deno.writeFile(path, Buffer.from(text, "latin1"));
  await jar.load(path, { expired: true });
  return jar;
}

Deno.test("MozillaCookieJar.load() reads what others write", async () => {
  const jar = await loaded(
    new MozillaCookieJar(options),
    [
      "\xef\xbb\xbf# Netscape HTTP Cookie File",
      "",
      "www.a.example\tFALSE\t/\tFALSE\t1900000000\tcurl\t1",
      ".a.example\tTRUE\t/dir\tTRUE\t0\tsession\t2\r",
      "#HttpOnly_.a.example\tTRUE\t/\tTRUE\t1900000000\thidden\t3",
      "# a.example\tFALSE\t/\tFALSE\t0\tcomment\t4",
      "127.0.0.1:8080\tFALSE\t/\tFALSE\t0\twget\t5",
      "::1\tFALSE\t/\tFALSE\t\tv6\t6",
      "a.example\ttrue\t/\tfalse\t1900000000.5\tfraction\t7",
      "B\xc3\x9cCHER.example\tFALSE\t/\tFALSE\t0\tidn\t8",
      "a.example\tFALSE\t/\tFALSE\t0\tempty",
      "a.example\tFALSE\t/\tFALSE\t0\t\tnameless",
      "a.example\tFALSE\t/\tFALSE\t99999999999999999\tforever\t9",
    ].join("\n"),
  );
  assertEquals(list(jar), [
    "curl=1 www.a.example/ 2030-03-17T17:46:40.000Z",
    "session=2 a.example/dir domain secure",
    "hidden=3 a.example/ domain secure httpOnly 2030-03-17T17:46:40.000Z",
    "wget=5 127.0.0.1/",
    "v6=6 [::1]/",
    "fraction=7 a.example/ domain 2030-03-17T17:46:40.500Z",
    "empty= a.example/",
    "=nameless a.example/",
    "forever=9 a.example/ +275760-09-13T00:00:00.000Z",
  ]);
});

Deno.test("MozillaCookieJar.load() leaves out only the lines that make no sense", async () => {
  const broken = [
    "x",
    "a\tb\tc\td\te",
    "\tFALSE\t/\tFALSE\t0\ta\t1",
    ".\tFALSE\t/\tFALSE\t0\ta\t1",
    "a b\tFALSE\t/\tFALSE\t0\ta\t1",
    "a.example/x\tFALSE\t/\tFALSE\t0\ta\t1",
    "u@a.example\tFALSE\t/\tFALSE\t0\ta\t1",
    "a.example\tFALSE\tx\tFALSE\t0\ta\t1",
    "a.example\tFALSE\t/\tFALSE\tsoon\ta\t1",
    "a.example\tFALSE\t/\tFALSE\t0\ta=b\t1",
    "a.example\tFALSE\t/\tFALSE\t0\ta\t1; b=2",
    "a.example\tFALSE\t/\tFALSE\t0\ta\t1\0",
    "a.example\tFALSE\t/\tFALSE\t0\t\t",
  ];
  for (const line of broken) {
    const jar = await loaded(
      new MozillaCookieJar(options),
      `${line}\nok.example\tFALSE\t/\tFALSE\t0\tok\t1\n${line}`,
    );
    assertEquals(list(jar), ["ok=1 ok.example/"], line);
  }
});

Deno.test("MozillaCookieJar.load() gives no cookie to a public suffix or an address", async () => {
  const jar = await loaded(
    new MozillaCookieJar(options),
    ".com\tTRUE\t/\tFALSE\t0\ta\t1\n.0.1\tTRUE\t/\tFALSE\t0\tb\t1\n",
  );
  assertEquals(jar.cookieHeader("https://a.com/"), "");
  assertEquals(jar.cookieHeader("https://127.0.0.1/"), "");
});

Deno.test("MozillaCookieJar.save() writes the lines that curl does", async () => {
  await using temp = await tempDir();
  const path = join(temp.path, "cookies");
  const jar = filled(new MozillaCookieJar(options));
  jar.setCookie("x\ty=1; Max-Age=60", URL_A);
  jar.setCookie("z=1; Max-Age=60; Path=/x\ty", URL_A);
  await jar.save(path, { session: true });
  const lines = (await Deno.readTextFile(path)).split("\n");
  assertEquals(lines[0], "# Netscape HTTP Cookie File");
  assertEquals(lines.filter((line) => line.includes("\t")).slice(0, 4), [
    "www.a.example\tFALSE\t/dir\tFALSE\t1893456060\ta\t1",
    '#HttpOnly_.a.example\tTRUE\t/\tTRUE\t1893456061\tb\t"x\\\\ y"',
    "www.a.example\tFALSE\t/dir\tFALSE\t1893456062\tc\t",
    "www.a.example\tFALSE\t/dir\tFALSE\t1893456063\t\td",
  ]);
  assertEquals(
    lines.at(-2),
    "www.a.example\tFALSE\t/dir\tFALSE\t0\tsession\t1",
  );
});

Deno.test("LwpCookieJar.save() writes the lines that Python does", async () => {
  await using temp = await tempDir();
  const path = join(temp.path, "cookies");
  await filled(new LwpCookieJar(options)).save(path, { session: true });
  const lines = (await Deno.readTextFile(path)).split("\n");
  assertEquals(lines.slice(0, 4), [
    "#LWP-Cookies-2.0",
    'Set-Cookie3: a=1; path="/dir"; domain="www.a.example"; path_spec; ' +
    'expires="2030-01-01 00:01:00Z"; version=0',
    'Set-Cookie3: b="\\"x\\\\\\\\ y\\""; path="/"; domain=".a.example"; ' +
    'path_spec; domain_dot; secure; expires="2030-01-01 00:01:01Z"; ' +
    "HttpOnly; version=0",
    'Set-Cookie3: c=""; path="/dir"; domain="www.a.example"; path_spec; ' +
    'expires="2030-01-01 00:01:02Z"; SameSite=lax; version=0',
  ]);
  assertEquals(
    lines.at(-2),
    'Set-Cookie3: session=1; path="/dir"; ' +
      'domain="www.a.example"; path_spec; discard; version=0',
  );
});

Deno.test("LwpCookieJar.load() reads what others write", async () => {
  const jar = await loaded(
    new LwpCookieJar(options),
    [
      "#LWP-Cookies-1.0",
      "# a comment",
      'Set-Cookie3: a=1; path="/"; domain="a.example"; path_spec; version=0',
      'Set-Cookie3:b = "x,\\"y" ; Path=/p; DOMAIN=.a.example; secure; HttpOnly=None',
      'Set-Cookie3: c="open; path="/"; domain=a.example',
      'Set-Cookie3: d=4; path="/"; domain=a.example; expires="2030-03-17 17:46:40Z"; discard',
      'Set-Cookie3: e=5; domain=a.example; expires="someday"',
      "Set-Cookie3: f=6; path=/",
      "Set-Cookie3:",
      "Set-Cookie: g=7; domain=a.example",
    ].join("\r\n"),
  );
  assertEquals(list(jar), [
    "a=1 a.example/",
    'b=x,"y a.example/p domain secure httpOnly',
    "d=4 a.example/ 2030-03-17T17:46:40.000Z",
    "e=5 a.example/",
  ]);
});
