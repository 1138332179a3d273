import {
  assert,
  assertEquals,
  assertRejects,
  assertStringIncludes,
} from "jsr:@std/assert@^1.0.0";
import { join } from "node:path";
import { Mailcap, type MailcapMatchOptions } from "../../mail/mailcap.ts";
import { seededRandom } from "../_support/random_slices.ts";
import { tempDir } from "../_support/temp_dir.ts";

/** What a file, and a shell, can be called that wants to be run. */
const HOSTILE = 'it\'s; $(id) `id` "x" | & \\ !*?{}[]~#<>.txt';

/** The command of an entry `a/b` for it. */
async function command(
  template: string,
  options: MailcapMatchOptions = {},
): Promise<string | undefined> {
  const mailcap = Mailcap.parse(`a/b; ${escapeField(template)}`);
  assertEquals(mailcap.skipped, []);
  return (await mailcap.findMatch("a/b", "view", options))?.command;
}

/** A command as it is written in a mailcap file. */
function escapeField(text: string): string {
  return text.replace(/[\\;]/g, "\\$&");
}

Deno.test("Mailcap.parse() reads what RFC 1524 has", () => {
  const mailcap = Mailcap.parse(
    "# a comment; that is none of the entries\\\n" +
      "\r\n" +
      "   \t\n" +
      "Image/GIF ; xv %s\r\n" +
      "text/plain; cat \\\n  %s; \\\n copiousoutput ;print = lp %s\n" +
      "video; mpv %s; NeedsTerminal; textualnewlines=0; x-Mine=A=b\n" +
      "* ; see \\; \\\\ %s; description=All \\; else; nametemplate=%s.x;; test=\n" +
      "a / b; c; d=1; D=2; view=e",
  );
  assertEquals(mailcap.skipped, []);
  assertEquals(mailcap.entries, [
    {
      type: "image/gif",
      fields: new Map([["view", "xv %s"]]),
      needsTerminal: false,
      copiousOutput: false,
    },
    {
      type: "text/plain",
      fields: new Map([
        ["view", "cat   %s"],
        ["copiousoutput", ""],
        ["print", "lp %s"],
      ]),
      needsTerminal: false,
      copiousOutput: true,
    },
    {
      type: "video/*",
      fields: new Map([
        ["view", "mpv %s"],
        ["needsterminal", ""],
        ["textualnewlines", "0"],
        ["x-mine", "A=b"],
      ]),
      needsTerminal: true,
      copiousOutput: false,
      textualNewlines: false,
    },
    {
      type: "*/*",
      fields: new Map([
        ["view", "see \\; \\\\ %s"],
        ["description", "All \\; else"],
        ["nametemplate", "%s.x"],
        ["test", ""],
      ]),
      needsTerminal: false,
      copiousOutput: false,
      description: "All ; else",
      nameTemplate: "%s.x",
    },
    {
      type: "a/b",
      fields: new Map([["view", "c"], ["d", "1"]]),
      needsTerminal: false,
      copiousOutput: false,
    },
  ]);
});

Deno.test("Mailcap.parse() passes over what is no entry, and says so", () => {
  const mailcap = Mailcap.parse(
    "\ufeffa/b; c\nnonsense\na b/c; d\n\\\n; e\n/; f\na/b/c; g\nx/y; \0\nd/e; f\\",
  );
  assertEquals(mailcap.entries.map(({ type }) => type), ["a/b", "d/e"]);
  assertEquals(mailcap.skipped, [
    {
      line: 2,
      text: "nonsense",
      reason: "there is no command behind the type",
    },
    { line: 3, text: "a b/c; d", reason: '"a b/c" is no media type' },
    { line: 4, text: "; e", reason: '"" is no media type' },
    { line: 6, text: "/; f", reason: '"/" is no media type' },
    { line: 7, text: "a/b/c; g", reason: '"a/b/c" is no media type' },
    { line: 8, text: "x/y; \0", reason: "it holds a control character" },
  ]);
  assertEquals(Mailcap.parse("").entries, []);
});

Deno.test("Mailcap.parse() needs linear time for hostile text", () => {
  const many = 1_000_000;
  for (
    const text of [
      "\\\n".repeat(many),
      "a" + " ".repeat(many) + "b; c",
      " ".repeat(many) + "x",
      "a/b; " + ";".repeat(many),
      "a/b; c; " + "=".repeat(many),
      "\\".repeat(many) + ";",
      "\r".repeat(many),
      "/".repeat(many) + ";x",
    ]
  ) {
    const { entries, skipped } = Mailcap.parse(text);
    assert(entries.length + skipped.length <= 2);
  }
});

Deno.test("Mailcap#findMatch() needs linear time for hostile commands", async () => {
  const many = 200_000;
  const filename = "/" + "'".repeat(many / 100);
  for (
    const template of [
      ...[
        "1.".repeat(many) + "x",
        "a ".repeat(many),
        "a %s ".repeat(100) + "x",
      ],
      ..."'\"\\$`;<>&|(%{=-x".split("").map((char) => "a " + char.repeat(many)),
      ...[
        "a " + "%s".repeat(100),
        "a " + "%{x}".repeat(many),
        "%{".repeat(many),
      ],
      ...["a b=".repeat(many), "a" + "%%".repeat(many), "nice ".repeat(many)],
    ]
  ) {
    const mailcap = Mailcap.parse(`a/b; ${escapeField(template)}`);
    assertEquals(mailcap.entries.length, 1);
    const match = await mailcap.findMatch("a/b", "view", {
      filename,
      params: { x: "y" },
    });
    assert(!match || match.command.length >= many / 2, template.slice(0, 9));
  }
});

Deno.test("Mailcap#findMatch() takes the first entry that fits", async () => {
  const mailcap = Mailcap.parse(
    "text/*; one\ntext/plain; two; print=lp\nTEXT; three; edit=vi\n*; four\n" +
      "image/png; five\n__proto__/x; six; constructor=seven",
  );
  const found = async (type: string, key?: string) =>
    (await mailcap.findMatch(type, key))?.command;
  assertEquals(await found("text/plain"), "one");
  assertEquals(await found("Text/HTML"), "one");
  assertEquals(await found("text/plain", "print"), "lp");
  assertEquals(await found("text/plain", "EDIT"), "vi");
  assertEquals(await found("text/plain", "compose"), undefined);
  assertEquals(await found("image/png"), "four");
  assertEquals(await found("image/png", "print"), undefined);
  assertEquals(await found("__proto__/x", "constructor"), "seven");
  assertEquals(await found("a/b", "toString"), undefined);
  const empty = Mailcap.parse("a/b; ; edit=vi\na/*; ok; copiousoutput");
  assertEquals((await empty.findMatch("a/b"))?.command, "ok");
  assertEquals(await empty.findMatch("a/b", "copiousoutput"), undefined);
});

Deno.test("Mailcap#findMatch() fills in everything", async () => {
  const mailcap = Mailcap.parse(
    "multipart/*; show %n '%t' %{Boundary} %{none} %s 5%% %d \\%s %F %",
  );
  const match = await mailcap.findMatch("multipart/Mixed", undefined, {
    filename: "a b",
    params: { BOUNDARY: "x y" },
    parts: [
      { type: "text/plain", filename: "p 1" },
      { type: "image/gif", filename: "-p2" },
    ],
  });
  assertEquals(
    match?.command,
    "show 2 'multipart/Mixed' 'x y' '' 'a b' 5% %d %s " +
      "text/plain 'p 1' image/gif ./-p2 %",
  );
  assertEquals(match?.argv, [
    ...["show", "2", "multipart/Mixed", "x y", "", "a b", "5%", "%d", "%s"],
    ...["text/plain", "p 1", "image/gif", "./-p2", "%"],
  ]);
  assertEquals(match?.usesStdio, false);
  assertEquals(match?.entry, mailcap.entries[0]);
  const none = await mailcap.findMatch("multipart/mixed");
  assertEquals(
    none?.command,
    "show 0 'multipart/mixed' '' '' /dev/null 5% %d %s  %",
  );
  assertEquals(none?.argv?.slice(-2), ["%s", "%"]);
});

Deno.test("Mailcap#findMatch() says whether the command names a file", async () => {
  const mailcap = Mailcap.parse("a/b; x %t; print=p %s; edit=e %F; x-a=\\%s");
  const used = async (key: string) =>
    (await mailcap.findMatch("a/b", key))?.usesStdio;
  assertEquals(await used("view"), true);
  assertEquals(await used("print"), false);
  assertEquals(await used("edit"), false);
  assertEquals(await used("x-a"), true);
});

Deno.test("Mailcap#findMatch() gives argv where no shell is needed", async () => {
  const argv = async (template: string) => {
    const mailcap = Mailcap.parse(`a/b; ${escapeField(template)}`);
    return (await mailcap.findMatch("a/b", "view", { filename: "f g" }))?.argv;
  };
  assertEquals(await argv("xv  -a\t'b c'd %s"), ["xv", "-a", "b cd", "f g"]);
  assertEquals(await argv(`"x\\y" "\\"" a\\ b ''`), ["x\\y", '"', "a b", ""]);
  assertEquals(await argv("x --f='%s'"), ["x", "--f=f g"]);
  for (
    const shell of [
      ...["a %s | b", "a %s; b", "a %s && b", "(a %s)", "a < %s", "a %s &"],
      ...[
        "A=b c %s",
        "exec a %s",
        "if a",
        "! a",
        ". ./a",
        "a *",
        "a ~",
        "a $B",
      ],
      ...["a `b`", "a #", "a {b,c}", "a [b]", "a ?"],
    ]
  ) {
    assert(await command(shell), shell);
    assertEquals(await argv(shell), undefined, shell);
  }
});

Deno.test("Mailcap#findMatch() quotes where quotes hold", async () => {
  const filename = HOSTILE;
  const quoted = `'${HOSTILE.replaceAll("'", "'\\''")}'`;
  for (
    const [template, expected] of [
      ["xv %s", `xv ${quoted}`],
      ["xv '%s'", `xv ${quoted}`],
      ['xv "%s"', `xv ${quoted}`],
      ["xv --file=%s.gif", `xv --file=${quoted}.gif`],
      ["xv '--file=%s'", `xv --file=${quoted}`],
      ["xv <%s >/dev/null", `xv <${quoted} >/dev/null`],
      ["xv %s; rm %s", `xv ${quoted}; rm ${quoted}`],
      ["F=%s; xv", `F=${quoted}; xv`],
      ["test -f %s && xv %s &", `test -f ${quoted} && xv ${quoted} &`],
      ["%s", `'./${quoted.slice(1)}`],
    ] as const
  ) assertEquals(await command(template, { filename }), expected);
});

Deno.test("Mailcap#findMatch() passes over what quotes would not hold", async () => {
  const templates = [
    ...[
      "sh -c 'xv %s'",
      "sh -c xv\\ %s",
      "bash -c %s",
      "/bin/sh %s",
      's"h" %s',
    ],
    ...["eval xv %s", "xterm -e xv %s", "perl -e %s", "python3.11 -c %s"],
    ...["xv `echo %s`", "xv $(echo %s)", 'xv "$(echo %s)"', "xv ${A:-%s}"],
    ...["$SHELL -c %s", "$%s", "$'%s'", '$"%s"', "xv \\%s", "xv '%s", 'xv "%s'],
    ...["foo -c 'xv %s'", 'foo "xv;%s"', "xv %s*", "((%s))", "[[ %s ]]"],
    ...["xv {a,%s}", "xv ~/%s", "test -v %s", "ssh host xv %s", "find %s"],
    ...["trap %s EXIT", "let %s", "foo%s", "xv >&%s", "printf -v %s"],
  ];
  for (const filename of [HOSTILE, "a b", "a'b", "a;b", "a$b", "\u00e9"]) {
    for (const template of templates) {
      assertEquals(await command(template, { filename }), undefined, template);
    }
  }
  assertEquals(
    await command("sh -c 'xv %s'", { filename: "a" }),
    "sh -c 'xv ./a'",
  );
});

Deno.test("Mailcap#findMatch() lets no parameter become a command", async () => {
  const params = { x: "reboot", y: "-rf", z: "a b" };
  for (
    const template of [
      ...["%{x}", " %{x} a", "a; %{x}", "a | %{x}", "a && '%{x}'", "(%{x})"],
      ...[
        "A=b %{x}",
        "A=%{x} b",
        "env A=b %{x}",
        "nice -n 5 %{x}",
        "exec %{x}",
      ],
      ...["sh -c %{x}", "sh -c 'A=1 %{x}'", "sh -c 'a; %{x}'", "sh %{x}"],
      ...["xterm -T t -e %{x}", "find . -exec %{x}", "eval %{x}", "a `%{x}`"],
      ...["a $(%{x})", "if %{x}", "! %{x}", "sudo -u a %{x}", "a > %{x}"],
      ...["a < %{x}", "a %{y}", "a -%{x}", "a %{none}%{y}", "vim -c %{x}"],
      ...["$SHELL %{x}", "a%{x}", "2>/dev/null %{x}", "a %{x", "vim -c %{z}"],
      ...[
        ">&a %{x}",
        ">|a %{x}",
        "%t",
        "a; %t",
        "%n",
        "%F",
        "A='b c' %{x}",
        "A=b\\ c %{x}",
      ],
      ...["env -u 'a b' %{x}", ">'a b' %{x}", "a '>' & b=c %{x}"],
      ...["sh -c 'A=\"b c\" %{x}'", "a \\>& b=c %{x}", "A=';b c' %{x}"],
    ]
  ) {
    const parts = [{ type: "a/b", filename: "c" }];
    assertEquals(
      await command(template, { params, parts }),
      undefined,
      template,
    );
  }
  assertEquals(await command("a -x%{x}", { params }), "a -xreboot");
  assertEquals(await command("a -- x%{y}", { params }), "a -- x-rf");
  assertEquals(
    await command(
      "test \"`echo %{x} | tr '[A-Z]' '[a-z]'`\" = reboot 2>&1",
      { params },
    ),
    "test \"`echo reboot | tr '[A-Z]' '[a-z]'`\" = reboot 2>&1",
  );
});

Deno.test("Mailcap#findMatch() makes names harmless to programs", async () => {
  for (
    const [filename, expected] of [
      ["-rf", "a ./-rf"],
      ["+!reboot", "a './+!reboot'"],
      ["a=b", "a ./a=b"],
      ["http://x", "a ./http://x"],
      ["@x", "a ./@x"],
      ["/-x:y", "a /-x:y"],
      ["../-x", "a ../-x"],
      ["./-x", "a ./-x"],
      [".x", "a .x"],
      ["x-y", "a x-y"],
      ["d/a=b", "a d/a=b"],
      ["\u00e9", "a '\u00e9'"],
    ] as const
  ) assertEquals(await command("a %s", { filename }), expected);
  // Where a command begins, only the file itself may be run.
  assertEquals(await command("%s", { filename: "reboot" }), "./reboot");
  assertEquals(await command("A=\\> %s", { filename: "x" }), "A=\\> ./x");
  assertEquals(
    await command("sh -c %s", { filename: "reboot" }),
    "sh -c ./reboot",
  );
  assertEquals(await command("sh %s", { filename: "/tmp/x" }), "sh /tmp/x");
});

Deno.test("Mailcap#findMatch() refuses control characters and what is no type", async () => {
  const mailcap = Mailcap.parse("a/b; x");
  for (const char of ["\0", "\n", "\r", "\t", "\x1b", "\x7f", "\x85", "\x9f"]) {
    await assertRejects(
      () => mailcap.findMatch("a/b", "view", { filename: `a${char}b` }),
      TypeError,
      "has a control character",
    );
    await assertRejects(
      () =>
        mailcap.findMatch("a/b", "view", {
          parts: [{ type: "a/b", filename: char }],
        }),
      TypeError,
      "has a control character",
    );
    assertEquals(await command("x %{a}", { params: { a: char } }), undefined);
    assertEquals(await command("x", { params: { a: char } }), "x");
  }
  await assertRejects(
    () => mailcap.findMatch("a/b", "view", { filename: "" }),
    TypeError,
    "its name is empty",
  );
  for (
    const type of ["", "a", "a/", "/b", "a/b/c", "a/b; c=d", "a /b", "a/b\n"]
  ) {
    await assertRejects(
      () => mailcap.findMatch(type),
      TypeError,
      `Cannot find a command for ${JSON.stringify(type)}`,
    );
  }
  for (const timeout of [0, -1, NaN]) {
    await assertRejects(
      () => mailcap.findMatch("a/b", "view", { timeout }),
      TypeError,
      "Cannot use the timeout",
    );
  }
});

/**
 * Runs commands with hostile values in a directory where `pwn` and whatever the
 * values say would leave a file. Every command goes to dash and bash.
 */
Deno.test("Mailcap#findMatch() lets nothing be run, whatever the entry", async () => {
  const random = seededRandom(1524);
  const pick = <T>(from: readonly T[]): T =>
    from[Math.floor(random() * from.length)]!;
  const FRAGMENTS = [
    ..."'\"$`\\;&|()<>{}! \t#=-~*",
    ...["%s", "%s", "'%s'", '"%s"', "%{x}", "%{y}", "'%{x}'", '"%{y}"', "%F"],
    ...[
      "show",
      "show",
      "show ",
      " -c ",
      "sh -c '",
      "eval ",
      "exec ",
      "$A",
      "$(",
    ],
    ...[
      "test ",
      "[ ",
      "echo ",
      " > /dev/null",
      "if ",
      "; then ",
      "; fi",
      "case ",
    ],
    ...[
      " in ",
      "bash -c ",
      "env ",
      "xargs ",
      "$((",
      "))",
      "A=",
      "[[ ",
      " -eq 1 ]]",
    ],
  ];
  const VALUES = [
    ...[
      "pwn",
      "pwn",
      ";pwn;",
      "$(pwn)",
      "`pwn`",
      "'$(pwn)'",
      "';pwn;'",
      '";pwn;"',
    ],
    ...[
      "|pwn",
      "&pwn",
      "\\';pwn;\\'",
      "a[$(pwn)]",
      "-c pwn",
      "+!pwn",
      "|| pwn #",
    ],
    ...[
      '"$(pwn)"',
      "}pwn",
      ") pwn",
      "x=pwn",
      "${A:-$(pwn)}",
      "{pwn,}",
      "a b",
      "#",
    ],
  ];
  await using dir = await tempDir();
  const bin = join(dir.path, "bin");
  const cwd = join(dir.path, "cwd");
  await Deno.mkdir(bin);
  await Deno.mkdir(cwd);
  const script = async (name: string, text: string) =>
    await Deno.writeTextFile(join(bin, name), text, { mode: 0o755 });
  await script("pwn", `#!/bin/sh\n: > '${dir.path}/pwned'\n`);
  await script("show", "#!/bin/sh\n:\n");
  for (const name of ["sh", "bash", "env", "xargs", "echo", "test", "["]) {
    for (const from of ["/bin", "/usr/bin"]) {
      try {
        await Deno.symlink(
          await Deno.realPath(join(from, name)),
          join(bin, name),
        );
        break;
      } catch (error) {
        if (!(error instanceof Deno.errors.NotFound)) throw error;
      }
    }
  }
  let run = 0;
  for (let round = 0; round < 12_000 && run < 400; round++) {
    const template = Array.from(
      { length: 1 + random() * 9 },
      () => pick(FRAGMENTS),
    )
      .join("");
    const filename = pick(VALUES);
    const found = await command(template, {
      filename,
      params: { x: pick(VALUES), y: pick(VALUES) },
      parts: [{ type: "a/b", filename: pick(VALUES) }],
    });
    if (found === undefined || !/pwn/.test(found)) continue;
    run++;
    for (const shell of ["/bin/sh", "/bin/bash"]) {
      const child = new Deno.Command(shell, {
        args: ["-c", found],
        cwd,
        clearEnv: true,
        env: { PATH: bin, A: "a" },
        stdin: "null",
        stdout: "null",
        stderr: "null",
      });
      await child.output();
      const pwned = await Deno.stat(join(dir.path, "pwned")).catch(() => null);
      assertEquals(pwned, null, `${shell}: ${template} became ${found}`);
    }
  }
  assert(run >= 200, `only ${run} commands were run`);
});

Deno.test("Mailcap#findMatch() gives the shell each value as one argument", async () => {
  const values = [
    HOSTILE,
    "a b",
    "'",
    "''",
    '"\'"',
    "\\",
    "\\'",
    "$HOME",
    "é ü",
    "*",
  ];
  const templates = [
    "%s",
    "'%s'",
    '"%s"',
    "x'%s'",
    '"x%s"',
    "-x=%{v}",
    "%{v}/'%{v}'",
  ];
  for (const value of values) {
    for (const template of templates) {
      const mailcap = Mailcap.parse(`a/b; printf '[\\%s]' ${template}`);
      const match = await mailcap.findMatch("a/b", "view", {
        filename: `/tmp/${value}`,
        params: { v: value },
      });
      assert(match?.argv);
      const expected = template.replaceAll(/['"]/g, "")
        .replaceAll("%s", () => `/tmp/${value}`).replaceAll(
          "%{v}",
          () => value,
        );
      assertEquals(match.argv, ["printf", "[%s]", expected]);
      for (const shell of ["/bin/sh", "/bin/bash"]) {
        const { stdout } = await new Deno.Command(shell, {
          args: ["-c", match.command],
        }).output();
        assertEquals(new TextDecoder().decode(stdout), `[${expected}]`);
      }
    }
  }
});

Deno.test("Mailcap#findMatch() runs tests where it may, and only there", async () => {
  await using dir = await tempDir();
  const mark = join(dir.path, "mark");
  const mailcap = Mailcap.parse(
    `a/b; one; test=echo > ${mark}\\; false\n` +
      "a/b; two; test=test %{charset} = UTF-8 -a %t = a/b -a -d '%s'\n" +
      "a/b; three; test=\n",
  );
  const found = async (options: MailcapMatchOptions) =>
    (await mailcap.findMatch("a/b", "view", options))?.command;
  assertEquals(await found({}), "three");
  await assertRejects(() => Deno.stat(mark), Deno.errors.NotFound);
  assertEquals(await found({ runTest: true }), "three");
  assert((await Deno.stat(mark)).isFile);
  const params = { charset: "UTF-8" };
  assertEquals(
    await found({ runTest: true, params, filename: dir.path }),
    "two",
  );
  assertEquals(await found({ runTest: true, params, filename: mark }), "three");
});

Deno.test("Mailcap#findMatch() runs no test that values would spoil", async () => {
  await using dir = await tempDir();
  const mark = join(dir.path, "mark");
  const mailcap = Mailcap.parse("a/b; x; test=eval test %{c}\n");
  const options = { runTest: true, params: { c: `1; echo > ${mark}` } };
  assertEquals(await mailcap.findMatch("a/b", "view", options), undefined);
  await assertRejects(() => Deno.stat(mark), Deno.errors.NotFound);
});

Deno.test("Mailcap#findMatch() kills a test that takes too long, with all it began", async () => {
  await using dir = await tempDir();
  const pipe = join(dir.path, "pipe");
  const made = await new Deno.Command("mkfifo", { args: [pipe] }).output();
  assert(made.success);
  // Its writer has the pipe open until it is killed.
  const mailcap = Mailcap.parse(
    `a/b; x; test=sleep 1000 > ${pipe}\\; true\n*; y`,
  );
  const reading = Deno.readTextFile(pipe);
  const match = await mailcap.findMatch("a/b", "view", {
    runTest: true,
    timeout: 200,
  });
  assertEquals(match?.command, "y");
  assertEquals(await reading, "");
});

Deno.test("Mailcap#findMatch() ends on abort", async () => {
  const mailcap = Mailcap.parse("a/b; x; test=sleep 1000\n*; y");
  const controller = new AbortController();
  const options = { runTest: true, signal: controller.signal };
  const finding = mailcap.findMatch("a/b", "view", options);
  const reason = new Error("enough");
  controller.abort(reason);
  const rejection = await assertRejects(() => finding);
  assertEquals(rejection, reason);
  assertEquals(
    await assertRejects(() => mailcap.findMatch("a/b", "view", options)),
    reason,
  );
});

Deno.test("Mailcap.load() reads files in their order", async () => {
  await using dir = await tempDir();
  const [one, two] = [join(dir.path, "one"), join(dir.path, "two")];
  await Deno.writeTextFile(one, "a/b; first\nwhat\n");
  await Deno.writeFile(
    two,
    Uint8Array.of(...new TextEncoder().encode("*; x "), 0xe9),
  );
  const mailcap = await Mailcap.load([one, two]);
  assertEquals(mailcap.entries.map(({ type }) => type), ["a/b", "*/*"]);
  assertEquals(mailcap.entries[1]?.fields.get("view"), "x \u00e9");
  assertEquals(mailcap.skipped, [{
    line: 2,
    text: "what",
    reason: "there is no command behind the type",
    file: one,
  }]);
  assertEquals((await Mailcap.load([])).entries, []);
});

Deno.test("Mailcap.load() says what cannot be read", async () => {
  await using dir = await tempDir();
  const error = await assertRejects(
    () => Mailcap.load([join(dir.path, "none")]),
    Deno.errors.NotFound,
    "Cannot load the mailcap file",
  );
  assertStringIncludes(error.message, join(dir.path, "none"));
  await assertRejects(
    () => Mailcap.load(["/dev/zero"]),
    RangeError,
    'Cannot load the mailcap file "/dev/zero": it has over',
  );
  const reason = new Error("enough");
  assertEquals(
    await assertRejects(() =>
      Mailcap.load(["/dev/zero"], { signal: AbortSignal.abort(reason) })
    ),
    reason,
  );
});

Deno.test("Mailcap.load() knows where the files are", async () => {
  await using dir = await tempDir();
  const other = join(dir.path, "other");
  await Deno.writeTextFile(join(dir.path, ".mailcap"), "wireline/home; a\n");
  await Deno.writeTextFile(other, "wireline/other; b\n");
  const load = async (env: Record<string, string>) => {
    const child = new Deno.Command(Deno.execPath(), {
      args: ["run", "--quiet", "--allow-read", "--allow-env", "-"],
      stdin: "piped",
      stdout: "piped",
      clearEnv: true,
      env: { DENO_DIR: Deno.env.get("DENO_DIR") ?? dir.path, ...env },
    }).spawn();
    const module = new URL("../../mail/mailcap.ts", import.meta.url);
    const writer = child.stdin.getWriter();
    await writer.write(new TextEncoder().encode(
      `import { Mailcap } from ${JSON.stringify(module.href)};
       const { entries } = await Mailcap.load();
       console.log(JSON.stringify(entries.map((one) => one.type)
         .filter((type) => type.startsWith("wireline/"))));`,
    ));
    await writer.close();
    const { stdout } = await child.output();
    return JSON.parse(new TextDecoder().decode(stdout));
  };
  assertEquals(await load({ HOME: dir.path }), ["wireline/home"]);
  const MAILCAPS = `${join(dir.path, "none")}::${other}`;
  assertEquals(await load({ HOME: dir.path, MAILCAPS }), ["wireline/other"]);
  assertEquals(await load({}), []);
});
