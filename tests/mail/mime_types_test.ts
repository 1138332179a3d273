import { assert, assertEquals } from "jsr:@std/assert@^1.0.0";
import { MIME_TABLE } from "../../mail/_mime_table.ts";
import {
  guessAllExtensions,
  guessExtension,
  guessType,
  loadMimeTypes,
} from "../../mail/mime_types.ts";

type MimeTypes = typeof import("../../mail/mime_types.ts");

let copies = 0;

/** The module with a table of its own, which may be added to. */
async function fresh(): Promise<MimeTypes> {
  return await import(`../../mail/mime_types.ts?copy=${copies++}`);
}

Deno.test("guessType() knows the types of the day", () => {
  const types = {
    "3gp": "video/3gpp",
    "7z": "application/x-7z-compressed",
    apng: "image/apng",
    avif: "image/avif",
    bin: "application/octet-stream",
    cjs: "application/node",
    css: "text/css",
    csv: "text/csv",
    doc: "application/msword",
    docx:
      "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
    eml: "message/rfc822",
    epub: "application/epub+zip",
    exe: "application/vnd.microsoft.portable-executable",
    flac: "audio/flac",
    gif: "image/gif",
    htm: "text/html",
    html: "text/html",
    ics: "text/calendar",
    ico: "image/vnd.microsoft.icon",
    jpeg: "image/jpeg",
    jpg: "image/jpeg",
    js: "text/javascript",
    json: "application/json",
    jxl: "image/jxl",
    m3u8: "application/vnd.apple.mpegurl",
    m4a: "audio/mp4",
    map: "application/json",
    md: "text/markdown",
    mjs: "text/javascript",
    mkv: "video/matroska",
    mov: "video/quicktime",
    mp3: "audio/mpeg",
    mp4: "video/mp4",
    ogg: "audio/ogg",
    opus: "audio/ogg",
    otf: "font/otf",
    pdf: "application/pdf",
    png: "image/png",
    rss: "application/rss+xml",
    rtf: "application/rtf",
    svg: "image/svg+xml",
    tar: "application/x-tar",
    tiff: "image/tiff",
    toml: "application/toml",
    ts: "video/mp2t",
    txt: "text/plain",
    vcf: "text/vcard",
    wasm: "application/wasm",
    wav: "audio/x-wav",
    webm: "video/webm",
    webmanifest: "application/manifest+json",
    webp: "image/webp",
    woff: "font/woff",
    woff2: "font/woff2",
    xhtml: "application/xhtml+xml",
    xlsx: "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    xml: "application/xml",
    yaml: "application/yaml",
    yml: "application/yaml",
    zip: "application/zip",
  };
  for (const [extension, type] of Object.entries(types)) {
    assertEquals(guessType(`a.${extension}`), { type });
  }
});

Deno.test("guessType() tells how a file is packed", () => {
  const tar = "application/x-tar";
  for (
    const [name, type, encoding] of [
      ["a.tar.gz", tar, "gzip"],
      ["a.tgz", tar, "gzip"],
      ["a.taz", tar, "gzip"],
      ["a.tz", tar, "gzip"],
      ["a.TGZ", tar, "gzip"],
      ["a.tar.bz2", tar, "bzip2"],
      ["a.tbz2", tar, "bzip2"],
      ["a.tbz", tar, "bzip2"],
      ["a.tar.xz", tar, "xz"],
      ["a.txz", tar, "xz"],
      ["a.tar.zst", tar, "zstd"],
      ["a.tzst", tar, "zstd"],
      ["a.tar.Z", tar, "compress"],
      ["a.svgz", "image/svg+xml", "gzip"],
      ["a.js.br", "text/javascript", "br"],
      ["A.HTML.GZ", "text/html", "gzip"],
      ["a.gz", undefined, "gzip"],
      ["a.nothing.gz", undefined, "gzip"],
      [".tar.gz", undefined, "gzip"],
      ["a.tar.z", undefined, undefined],
      ["a.html.gz.gz", "application/gzip", "gzip"],
    ] as const
  ) {
    assertEquals(guessType(name), {
      ...(type && { type }),
      ...(encoding && { encoding }),
    }, name);
  }
});

Deno.test("guessType() looks at the last dot of the last part alone", () => {
  const html = { type: "text/html" };
  for (
    const path of [
      ...["a.html", "/a/b.html", "a.b/c.html", "./.html.html", "a.png.html"],
      ...[
        "C:\\dir.png\\a.html",
        "C:a.HTML",
        "dir\\.x.html",
        "..a.html",
        "a..html",
      ],
      ...[" .html", "\ud800.html", "a\nb.html", "-.html", "\u00e9.html"],
    ]
  ) assertEquals(guessType(path), html, path);
  for (
    const path of [
      ...[
        "",
        ".",
        "..",
        "/",
        "html",
        ".html",
        "..html",
        "/a/.html",
        "a.html/b",
      ],
      ...[
        "a.html\\b",
        "a.",
        "a.html.",
        "a.html ",
        "a.html/",
        "a.no such",
        "a.\0",
      ],
      ...["C:\\a.html\\", "a.\u0130", "a.*", "a.html*", "a.html,htm"],
    ]
  ) assertEquals(guessType(path), {}, path);
});

Deno.test("guessType() takes URLs, and leaves query and fragment alone", () => {
  const html = { type: "text/html" };
  for (
    const url of [
      ...["http://example.com/a.html", "http://example.com/a.html?b.png#c.gif"],
      ...["https://u:p@example.com:80/a.html#/b.png", "file:///dir.x/a.html?x"],
      ...[
        "ftp://example.com/a.html?b/c.png",
        "HTTP://example.com/a.html#b/c.png",
      ],
    ]
  ) {
    assertEquals(guessType(url), html, url);
    assertEquals(guessType(new URL(url)), html, url);
  }
  for (
    const url of [
      ...[
        "http://example.zip",
        "http://example.zip/",
        "http://example.com/?a.png",
      ],
      ...[
        "http://example.com/#a.png",
        "http://example.zip?a/b.png",
        "x://a.png",
      ],
    ]
  ) {
    assertEquals(guessType(url), {}, url);
    assertEquals(guessType(new URL(url)), {}, url);
  }
  // No URL, but a name; an object is one in any case.
  assertEquals(guessType("a.html?b.png"), { type: "image/png" });
  assertEquals(guessType("C#.png"), { type: "image/png" });
  assertEquals(guessType(new URL("mailto:a.html?b.png")), html);
});

Deno.test("guessType() reads the type out of a data: URL", () => {
  const plain = { type: "text/plain" };
  for (
    const [url, expected] of [
      ["data:,a.html", plain],
      ["data:;base64,YQ==", plain],
      ["data:;charset=utf-8,a", plain],
      ["data:charset=x/y,a", plain],
      ["data:html,a", plain],
      ["data:text/html,a?b#c.png", { type: "text/html" }],
      ["DATA:Image/SVG+xml;charset=utf-8;base64,YQ==", {
        type: "image/svg+xml",
      }],
      ['data:image/png;a="b?";base64,YQ==', { type: "image/png" }],
    ] as const
  ) {
    assertEquals(guessType(url), expected, url);
    assertEquals(guessType(new URL(url)), expected, url);
  }
  assertEquals(guessType("data:text/html"), {});
  assertEquals(guessType("data:"), {});
});

Deno.test("guessExtension() gives the preferred extension", () => {
  for (
    const [type, extension] of [
      ["text/html", ".html"],
      ["image/jpeg", ".jpg"],
      ["text/plain", ".txt"],
      ["audio/mpeg", ".mp3"],
      ["application/octet-stream", ".bin"],
      ["text/javascript", ".js"],
      ["application/javascript", ".js"],
      ["video/mp4", ".mp4"],
      ["video/quicktime", ".mov"],
      ["video/mp2t", ".ts"],
      ["image/tiff", ".tiff"],
      ["message/rfc822", ".eml"],
      ["application/gzip", ".gz"],
      ["application/postscript", ".ps"],
      ["application/vnd.ms-excel", ".xls"],
      ["application/vnd.ms-powerpoint", ".ppt"],
      ["text/xml", ".xml"],
      ["application/xml", ".xml"],
      ["audio/ogg", ".ogg"],
      ["audio/wav", ".wav"],
      ["TEXT/Html ; charset=utf-8", ".html"],
    ] as const
  ) assertEquals(guessExtension(type), extension, type);
  for (
    const type of ["", "text", "text/", "/", "text/*", "constructor", "a/b"]
  ) {
    assertEquals(guessExtension(type), undefined, type);
  }
});

Deno.test("guessAllExtensions() gives all of them, in an array of its own", () => {
  assertEquals(guessAllExtensions("image/jpeg"), [
    ".jpg",
    ".jpeg",
    ".jpe",
    ".jfif",
  ]);
  guessAllExtensions("image/jpeg").length = 0;
  assertEquals(guessAllExtensions("image/jpeg; a=b")[0], ".jpg");
  assertEquals(guessAllExtensions("a/b"), []);
});

Deno.test("the table is sound, and each of its extensions leads back", () => {
  let types = 0;
  const owned = new Set<string>();
  for (const [top, entries] of Object.entries(MIME_TABLE)) {
    for (const entry of entries.trim().split(/\s+/)) {
      const match = /^([\w.+-]+):([\w%~+-]+\*?(?:,[\w%~+-]+\*?)*)$/.exec(entry);
      assert(match, entry);
      const type = `${top}/${match[1]}`;
      const extensions = match[2]!.split(",");
      types++;
      assertEquals(type, type.toLowerCase());
      assertEquals(
        guessAllExtensions(type),
        extensions.map((one) => `.${one.replace("*", "")}`),
      );
      for (const one of extensions.filter((one) => !one.endsWith("*"))) {
        assert(!owned.has(one), `${one} has two types`);
        owned.add(one);
        assertEquals(one, one.toLowerCase());
        const file = guessType(`a.${one}`);
        // What is packed, or stands for two, has its type from elsewhere.
        if (!file.encoding) assertEquals(file, { type });
      }
    }
  }
  assert(types > 1300 && owned.size > 1600, `${types} and ${owned.size}`);
});

Deno.test("loadMimeTypes() adds to the table", async () => {
  const copy = await fresh();
  copy.loadMimeTypes(
    "\ufeff# comment\r\nText/X-Foo\tfoo  bar#no #baz\r" +
      "image/jpeg pic jpg\n\n \t\ntext/x-foo bar foo txt Foo\n" +
      "nonsense html\ntext/html\n# text/html pdf\na/b/c gif\n<a>/b gif\n" +
      "x/y __proto__ constructor toString a.b * a,b",
  );
  assertEquals(copy.guessType("a.foo"), { type: "text/x-foo" });
  assertEquals(copy.guessType("a.txt"), { type: "text/x-foo" });
  assertEquals(copy.guessType("a.pic"), { type: "image/jpeg" });
  assertEquals(copy.guessType("a.html"), { type: "text/html" });
  assertEquals(copy.guessType("a.gif"), { type: "image/gif" });
  assertEquals(copy.guessType("a.__proto__"), { type: "x/y" });
  assertEquals(copy.guessType("a.*"), { type: "x/y" });
  assertEquals(copy.guessAllExtensions("text/x-FOO"), [
    ...[".foo", ".bar#no", ".bar", ".txt", ".Foo"],
  ]);
  assertEquals(copy.guessAllExtensions("image/jpeg"), [
    ...[".jpg", ".jpeg", ".jpe", ".jfif", ".pic"],
  ]);
  assertEquals(copy.guessAllExtensions("x/y"), [
    ...[".__proto__", ".constructor", ".toString", ".a.b", ".*", ".a,b"],
  ]);
  // That of the type they had remains a name for it.
  assert(copy.guessAllExtensions("text/plain").includes(".txt"));
  // Others are not concerned.
  assertEquals(guessType("a.foo"), {});
});

Deno.test("loadMimeTypes() minds case first, and then does not", async () => {
  const copy = await fresh();
  copy.loadMimeTypes("text/x-c++src C\ntext/x-c c\ntext/x-up UP\n");
  assertEquals(copy.guessType("a.C"), { type: "text/x-c++src" });
  assertEquals(copy.guessType("a.c"), { type: "text/x-c" });
  assertEquals(copy.guessType("a.UP"), { type: "text/x-up" });
  assertEquals(copy.guessType("a.up"), {});
  assertEquals(copy.guessType("a.TXT"), { type: "text/plain" });
});

Deno.test("names out of Object.prototype are extensions as others are", () => {
  for (const name of ["__proto__", "constructor", "toString", "valueOf"]) {
    assertEquals(guessType(`a.${name}`), {});
    assertEquals(guessType(`a.${name}.gz`), { encoding: "gzip" });
    assertEquals(guessExtension(name), undefined);
    assertEquals(guessAllExtensions(`${name}/${name}`), []);
  }
});

Deno.test("guessType() and loadMimeTypes() need linear time for hostile text", async () => {
  const many = 1_000_000;
  for (
    const text of [
      ...[
        ".".repeat(many),
        "a.".repeat(many),
        "/".repeat(many),
        "a".repeat(many),
      ],
      ...["data:" + ";".repeat(many), "data:" + " ".repeat(many) + "x,"],
      ...[
        "http://" + "?".repeat(many),
        "a" + ".gz".repeat(many),
        "+".repeat(many),
      ],
      ...["a" + "+".repeat(many) + ":", ".tgz".repeat(many)],
    ]
  ) assert(Object.keys(guessType(text)).length <= 2);
  assertEquals(
    guessExtension(" ".repeat(many) + "x" + " ".repeat(many)),
    undefined,
  );
  const copy = await fresh();
  copy.loadMimeTypes("a/b c\n".repeat(many / 5));
  copy.loadMimeTypes(
    Array.from({ length: many / 10 }, (_, index) => `a/b x${index}\n`).join(""),
  );
  copy.loadMimeTypes(" ".repeat(many) + "\n" + "a/".repeat(many) + " c");
  assertEquals(copy.guessAllExtensions("a/b").length, many / 10 + 1);
  loadMimeTypes("");
});
