import { assert, assertEquals, assertThrows } from "jsr:@std/assert@^1.0.0";
import { Morsel, SimpleCookie } from "../../cookies/mod.ts";

/** Names and values, in the order of the map. */
function pairs(cookies: SimpleCookie): [string, string][] {
  return [...cookies].map(([name, { value }]) => [name, value]);
}

Deno.test("SimpleCookie.load() reads headers as Python does", () => {
  const cases: [
    header: string,
    expected: [string, string][],
    output: string,
  ][] = [
    [
      "chips=ahoy; vienna=finger",
      [["chips", "ahoy"], ["vienna", "finger"]],
      "Set-Cookie: chips=ahoy\nSet-Cookie: vienna=finger",
    ],
    ["keebler=E=mc2", [["keebler", "E=mc2"]], "Set-Cookie: keebler=E=mc2"],
    [
      "key:term=value:term",
      [["key:term", "value:term"]],
      "Set-Cookie: key:term=value:term",
    ],
    [
      "a=b; c=[; d=r; f=h",
      [["a", "b"], ["c", "["], ["d", "r"], ["f", "h"]],
      "Set-Cookie: a=b\nSet-Cookie: c=[\nSet-Cookie: d=r\nSet-Cookie: f=h",
    ],
    [
      "eggs  =  scrambled  ;  secure  ;  path  =  bar   ; foo=foo   ",
      [["eggs", "scrambled"], ["foo", "foo"]],
      "Set-Cookie: eggs=scrambled; Path=bar; Secure\nSet-Cookie: foo=foo",
    ],
    [
      'Customer="WILE_E_COYOTE"; $Version=1; $Path=/acme',
      [["Customer", "WILE_E_COYOTE"]],
      'Set-Cookie: Customer="WILE_E_COYOTE"; Path=/acme; Version=1',
    ],
    [
      "$Version=1; Customer=x; $Path=/",
      [["Customer", "x"]],
      "Set-Cookie: Customer=x; Path=/",
    ],
    [
      "eggs=scrambled; httponly=foo; secure=bar; Path=/bacon",
      [["eggs", "scrambled"]],
      "Set-Cookie: eggs=scrambled; HttpOnly; Path=/bacon; Secure",
    ],
    [
      'a="b c"; Expires=Wed, 02-Jan-2030 03:04:05 GMT; Max-Age=10; Comment="x;y"',
      [["a", "b c"]],
      'Set-Cookie: a="b c"; Comment="x\\073y"; expires=Wed, 02 Jan 2030 03:04:05 GMT; Max-Age=10',
    ],
    [
      "eggs=x; samesite=lax; Partitioned; secure",
      [["eggs", "x"]],
      "Set-Cookie: eggs=x; Partitioned; SameSite=lax; Secure",
    ],
    ["a=1; a=2", [["a", "2"]], "Set-Cookie: a=2"],
    ["", [], ""],
  ];
  for (const [header, expected, output] of cases) {
    const cookies = new SimpleCookie(header);
    assertEquals(pairs(cookies), expected, header);
    assertEquals(cookies.output(undefined, undefined, "\n"), output);
  }
});

Deno.test("SimpleCookie.load() writes no semicolon of a value again", () => {
  const cookies = new SimpleCookie(
    'keebler="E=everybody; L=\\"Loves\\"; fudge=\\012;"; a=1',
  );
  assertEquals(pairs(cookies), [
    ["keebler", 'E=everybody; L="Loves"; fudge=\n;'],
    ["a", "1"],
  ]);
  assertEquals(
    cookies.output(),
    "Set-Cookie: a=1\r\nSet-Cookie: " +
      'keebler="E=everybody\\073 L=\\"Loves\\"\\073 fudge=\\012\\073"',
  );
});

Deno.test("SimpleCookie.load() leaves out only the pairs that make no sense", () => {
  const broken = [
    "foo",
    "=foo",
    "",
    "]foo=x",
    "b[lah=x",
    "a b=c",
    'q"=x',
    "é=x",
    "Set-Cookie: foo=bar",
    "x=a\0b",
    "x=a\r\nSet-Cookie: y=z",
    'x="\\012\n"',
    "x=\x7f",
    "path",
    "max-age=soon",
    "samesite=sometimes",
    "expires=never",
    "$foo=bar",
    "domain=a\tb",
  ];
  for (const one of broken) {
    for (
      const header of [`a=1; ${one}; b=2`, `${one};a=1;b=2`, `a=1;b=2;${one}`]
    ) {
      const cookies = new SimpleCookie(header);
      assertEquals(pairs(cookies), [["a", "1"], ["b", "2"]], header);
      assertEquals(cookies.output([]), "Set-Cookie: a=1\r\nSet-Cookie: b=2");
    }
  }
});

Deno.test("SimpleCookie.load() takes names and values that Python does not", () => {
  assertEquals(
    pairs(
      new SimpleCookie(
        '/Common/f5=1; a,b=2; c=3 4; d=5"6; e=café; f="g; h=7; i="8"9; j="',
      ),
    ),
    [
      ["/Common/f5", "1"],
      ["a,b", "2"],
      ["c", "3 4"],
      ["d", '5"6'],
      ["e", "café"],
      ["f", '"g'],
      ["h", "7"],
      ["i", '"8"9'],
      ["j", '"'],
    ],
  );
});

Deno.test("SimpleCookie.load() takes attributes only behind a cookie", () => {
  const cookies = new SimpleCookie("Path=/x; secure; a=1; Path=/y; b=2");
  assertEquals(cookies.output(), "Set-Cookie: a=1; Path=/y\r\nSet-Cookie: b=2");
});

Deno.test("SimpleCookie.load() refuses attributes that would end early", () => {
  const cookies = new SimpleCookie(
    'a=1; Path="/\\073 Domain=evil.example"; Domain="x\\015\\012y"; Secure',
  );
  assertEquals(cookies.output(), "Set-Cookie: a=1; Secure");
});

Deno.test("SimpleCookie.load() reads folded headers", () => {
  const cookies = new SimpleCookie("a=1;\r\n b=2\r\n");
  assertEquals(pairs(cookies), [["a", "1"], ["b", "2"]]);
});

Deno.test("SimpleCookie.load() takes a record, of any own names", () => {
  const record = JSON.parse('{"__proto__":"1","constructor":"x y","a":""}');
  const cookies = new SimpleCookie(record);
  assertEquals(pairs(cookies), [
    ["__proto__", "1"],
    ["constructor", "x y"],
    ["a", ""],
  ]);
  assertEquals(
    cookies.output(undefined, "", ","),
    ' __proto__=1, a="", constructor="x y"',
  );
  assertEquals(
    pairs(new SimpleCookie("__proto__=1; hasOwnProperty=2; toString=3")),
    [["__proto__", "1"], ["hasOwnProperty", "2"], ["toString", "3"]],
  );
  assertThrows(() => new SimpleCookie({ "a b": "1" }), TypeError);
});

Deno.test("SimpleCookie.load() keeps the attributes of a name that is there", () => {
  const cookies = new SimpleCookie("a=1; Path=/");
  cookies.load("a=2");
  cookies.setValue("a", "3");
  assertEquals(cookies.output(), "Set-Cookie: a=3; Path=/");
});

Deno.test("SimpleCookie.load() takes hostile headers in linear time", () => {
  // Quadratic, each of these would take minutes.
  const long = 300_000;
  const parts = [
    ";",
    " ",
    "=",
    '"',
    'a="',
    'a="\\',
    '\\"',
    "a;",
    "a=b; ",
    "a =",
    "a= \t",
    "\r\n",
    '"; a="',
    "a=;path=/;",
    "$a;",
  ];
  for (const part of parts) {
    const text = part.repeat(long / part.length);
    new SimpleCookie(text);
    new SimpleCookie(`a="${text}`);
    new SimpleCookie(`a="${text}"`);
    new SimpleCookie(`a=${text}=`);
  }
});

Deno.test("SimpleCookie.setValue() quotes what could end the value", () => {
  const all = Array.from(
    { length: 256 },
    (_, code) => String.fromCharCode(code),
  );
  const cookies = new SimpleCookie();
  const { codedValue } = cookies.setValue("all", all.join(""));
  // deno-lint-ignore no-control-regex
  assert(/^"[^;,\0-\x1f\x7f-\xff]*"$/.test(codedValue), codedValue);
  assertEquals(
    new SimpleCookie(`all=${codedValue}`).get("all")!.value,
    all.join(""),
  );
  for (const one of [...all, "", '"', '"a"', "\\", "\\061", "a\\", "€", "\n"]) {
    const written = new SimpleCookie({ a: one }).output();
    assertEquals(
      new SimpleCookie(written.replace("Set-Cookie: ", "")).get("a")!.value,
      one,
      written,
    );
  }
});

Deno.test("SimpleCookie.setValue() refuses names that are none", () => {
  const cookies = new SimpleCookie();
  const names = [
    "",
    "a b",
    "a=b",
    "a;b",
    "a\r\nb",
    "a\0",
    "é",
    '"a"',
    "/a",
    "path",
    "Max-Age",
    "PARTITIONED",
  ];
  for (const name of names) {
    assertThrows(() => cookies.setValue(name, "x"), TypeError, "Cannot set");
  }
  // deno-lint-ignore no-explicit-any
  assertThrows(() => cookies.setValue("a", 7 as any), TypeError);
  // deno-lint-ignore no-explicit-any
  assertThrows(() => cookies.set("a", "b" as any), TypeError, "setValue");
  assertEquals(cookies.size, 0);
  cookies.set("a", cookies.setValue("b", "1"));
  assertEquals(cookies.output(), "Set-Cookie: b=1\r\nSet-Cookie: b=1");
});

Deno.test("SimpleCookie iterates as it was filled, and writes by name", () => {
  const cookies = new SimpleCookie("b=1; a=2; C=3");
  cookies.setValue("b", "4");
  assertEquals([...cookies.keys()], ["b", "a", "C"]);
  assertEquals(
    cookies.output([], "X:", " | "),
    "X: C=3 | X: a=2 | X: b=4",
  );
});

Deno.test("SimpleCookie.output() gives headers that Headers take", () => {
  const cookies = new SimpleCookie({ a: "é\r\n;", b: "x" });
  const headers = new Headers();
  for (const morsel of cookies.values()) {
    headers.append("set-cookie", morsel.output(undefined, ""));
  }
  assertEquals(headers.getSetCookie(), ['a="\\351\\015\\012\\073"', "b=x"]);
});

Deno.test("Morsel.output() writes the chosen attributes in their order", () => {
  const morsel = new Morsel();
  morsel.set("a", "b", "b");
  morsel.version = 1;
  morsel.secure = true;
  morsel.sameSite = "None";
  morsel.path = "/";
  morsel.partitioned = true;
  morsel.maxAge = 0;
  morsel.httpOnly = true;
  morsel.expires = new Date(Date.UTC(2030, 0, 2, 3, 4, 5));
  morsel.domain = "example.com";
  morsel.comment = 'a; "b"';
  assertEquals(
    morsel.output(),
    'Set-Cookie: a=b; Comment="a\\073 \\"b\\""; Domain=example.com; ' +
      "expires=Wed, 02 Jan 2030 03:04:05 GMT; HttpOnly; Max-Age=0; " +
      "Partitioned; Path=/; SameSite=None; Secure; Version=1",
  );
  assertEquals(morsel.output([]), "Set-Cookie: a=b");
  assertEquals(
    morsel.output(["path", "max-age", "HttpOnly"]),
    "Set-Cookie: a=b; HttpOnly; Max-Age=0; Path=/",
  );
  assertEquals(morsel.output(["maxAge"], "X"), "X a=b; Max-Age=0");
  assertThrows(
    () => morsel.output(["paths"]),
    TypeError,
    'Cannot write the attribute "paths"',
  );
  assertThrows(() => morsel.output([], "X: y\r\nZ:"), TypeError);
  morsel.path = undefined;
  morsel.domain = "";
  morsel.secure = morsel.httpOnly = morsel.partitioned = false;
  morsel.sameSite = morsel.expires = morsel.maxAge = undefined;
  morsel.version = morsel.comment = undefined;
  assertEquals(morsel.output(), "Set-Cookie: a=b");
});

Deno.test("Morsel has the values that were set", () => {
  const { a: _, ...none } = { a: 1, ...new Morsel() };
  assertEquals(none, {});
  const morsel = new SimpleCookie(
    "a=1; Max-Age=60; Expires=2 Jan 2030 3:4:5; Secure; Version=1; SameSite=Lax",
  ).get("a")!;
  assertEquals(morsel.key, "a");
  assertEquals(morsel.maxAge, 60);
  assertEquals(morsel.expires, new Date(Date.UTC(2030, 0, 2, 3, 4, 5)));
  assertEquals([morsel.secure, morsel.httpOnly], [true, false]);
  assertEquals(morsel.version, 1);
  assertEquals(morsel.sameSite, "Lax");
  assertEquals(morsel.path, undefined);
  morsel.expires = "Thu, 03 Jan 2030 03:04:05 GMT";
  assertEquals(morsel.expires?.getUTCDate(), 3);
  // The caller's date is the caller's.
  const date = new Date(0);
  morsel.expires = date;
  date.setUTCFullYear(2031);
  assertEquals(morsel.expires, new Date(0));
});

Deno.test("Morsel refuses what could end an attribute or a header", () => {
  const morsel = new Morsel();
  morsel.set("a", "b", "b");
  const endings = ["a;b", "a\r\nb", "a\nb", "a\0", "a\x7f", "a\tb"];
  for (const text of endings) {
    assertThrows(() => morsel.path = text, TypeError, "Cannot set path to");
    assertThrows(() => morsel.domain = text, TypeError);
    assertThrows(() => morsel.sameSite = text, TypeError);
    assertThrows(() => morsel.expires = text, TypeError);
    assertThrows(() => morsel.set("a", "b", text), TypeError);
    assertThrows(() => morsel.set(text, "b", "b"), TypeError);
    morsel.comment = text;
    // deno-lint-ignore no-control-regex
    assert(/^[^\0-\x1f\x7f;]+; [^\0-\x1f\x7f;]+$/.test(morsel.output()));
  }
  // deno-lint-ignore no-explicit-any
  const wrong = morsel as any;
  assertThrows(() => wrong.maxAge = "1; Path=/", TypeError);
  assertThrows(() => wrong.maxAge = 1.5, TypeError);
  assertThrows(() => wrong.version = "1\r\n", TypeError);
  assertThrows(() => wrong.path = 7, TypeError);
  assertThrows(() => wrong.comment = 7, TypeError);
  assertThrows(() => wrong.set("a", 7, "7"), TypeError);
  assertThrows(() => morsel.expires = new Date(NaN), TypeError);
  assertThrows(() => morsel.expires = new Date("+010000-01-01"), TypeError);
  morsel.comment = undefined;
  assertEquals(morsel.output(), "Set-Cookie: a=b");
});

Deno.test("Morsel.output() refuses what browsers would", () => {
  const refused: [string, (morsel: Morsel) => void][] = [
    ["__Secure-a", () => {}],
    ["__sEcUrE-a", () => {}],
    ["__Host-a", (m) => m.path = "/"],
    ["__Host-a", (m) => m.secure = true],
    ["__host-a", (m) => (m.secure = true, m.path = "/a")],
    [
      "__Host-a",
      (m) => (m.secure = true, m.path = "/", m.domain = "x.example"),
    ],
    ["a", (m) => m.partitioned = true],
    ["a", (m) => m.sameSite = "none"],
  ];
  for (const [name, change] of refused) {
    const morsel = new SimpleCookie().setValue(name, "1");
    change(morsel);
    assertThrows(() => morsel.output(), TypeError, "browsers would refuse");
  }
  const host = new SimpleCookie().setValue("__Host-a", "1");
  host.secure = true;
  host.path = "/";
  assertEquals(host.output(), "Set-Cookie: __Host-a=1; Path=/; Secure");
  const secure = new SimpleCookie().setValue("__Secure-a", "1");
  secure.secure = true;
  secure.domain = "x.example";
  assertEquals(
    secure.output(),
    "Set-Cookie: __Secure-a=1; Domain=x.example; Secure",
  );
  assertThrows(() => new Morsel().output(), TypeError, "no name");
});

Deno.test("output() refuses a cookie by what is written of it", () => {
  const cookie = new SimpleCookie();
  const morsel = cookie.setValue("__Host-a", "1");
  morsel.secure = true;
  morsel.path = "/";
  assertEquals(morsel.output(), "Set-Cookie: __Host-a=1; Path=/; Secure");
  assertThrows(() => morsel.output(["httponly"]), TypeError, "would refuse");
});
