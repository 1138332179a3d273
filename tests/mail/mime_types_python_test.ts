/**
 * The same names and tables, given to Python's module and to ours. Where the two
 * differ, it is written here, with what decides it.
 */
import { assert, assertEquals } from "jsr:@std/assert@^1.0.0";
import { guessExtension, guessType } from "../../mail/mime_types.ts";
import { seededRandom } from "../_support/random_slices.ts";
import { askPython } from "./encoding/samples.ts";

type MimeTypes = typeof import("../../mail/mime_types.ts");
type Answer = [type: string | null, encoding: string | null];

const random = seededRandom(2046);

function below(count: number): number {
  return Math.floor(random() * count);
}

function pick<T>(from: ArrayLike<T>): T {
  return from[below(from.length)]!;
}

function some<T>(most: number, make: () => T): T[] {
  return Array.from({ length: below(most + 1) }, make);
}

function answer(name: string, from: MimeTypes): Answer {
  const { type = null, encoding = null } = from.guessType(name);
  return [type, encoding];
}

/** Extensions that are in neither module's table. */
const EXTENSIONS = ["qa", "qb", "qc", "qd", "q-e", "q+f", "q#g", "q,h", "q*"];
const TYPES = ["text/x-qa", "x-q/b", "x-q/c+d", "x-q/e.f", "q/q!#$&-^_.+"];

function randomTable(): string {
  const line = () =>
    pick([
      "# nothing",
      "",
      " \t ",
      `${pick(TYPES)}`,
      `${pick(TYPES)}${pick([" ", "\t", "   "])}${
        some(4, () => pick(EXTENSIONS)).join(pick([" ", "\t"]))
      }${pick(["", " ", " # qa", " #qb"])}`,
      ` ${pick(TYPES)} ${pick(EXTENSIONS)} # ${pick(EXTENSIONS)}`,
    ]);
  return some(8, line).join(pick(["\n", "\r\n"])) + pick(["", "\n"]);
}

const PARTS = [
  ...["q", "q.none", "", ".", "..", " ", "-", "\u00e9", "\u0130", "Q", "q q"],
  ...["/", "/", "/q/", ".none", "%2e", "?", "#", "@", "data"],
  ...EXTENSIONS.flatMap((one) => [`.${one}`, `.${one.toUpperCase()}`]),
  ...[".gz", ".bz2", ".xz", ".Z", ".br", ".z"],
  ...[".tgz", ".svgz", ".TXZ", ".taz", ".tz", ".tbz2"],
];

function randomName(): string {
  return some(6, () => pick(PARTS)).join("");
}

Deno.test("guessType() and loadMimeTypes() agree with Python", async () => {
  // What is in our table of the extensions that are used here. The last one says
  // how a file is packed, and leaves the type to the one before it.
  const known = [".tar", ".svg", ".gz", ".bz2", ".xz", ".tgz", ".svgz", ".taz"]
    .map((one) => [one, guessType(`a${one}.gz`).type]);
  const rounds = Array.from({ length: 60 }, () => ({
    tables: some(3, randomTable),
    names: Array.from({ length: 80 }, randomName),
  }));
  const answers = await askPython<[Answer[], string[][]][]>(
    `
import io, mimetypes
output = []
for r in input["rounds"]:
    m = mimetypes.MimeTypes()
    m.types_map = ({}, {})
    m.types_map_inv = ({}, {})
    for extension, type in input["known"]:
        m.add_type(type, extension)
    for text in r["tables"]:
        m.readfp(io.StringIO(text, None))
    output.append([[m.guess_type(n) for n in r["names"]],
                   [m.guess_all_extensions(t) for t in input["types"]]])
`,
    { rounds, types: TYPES, known },
  );
  let typed = 0;
  for (const [index, { tables, names }] of rounds.entries()) {
    const copy: MimeTypes = await import(
      `../../mail/mime_types.ts?python=${index}`
    );
    for (const table of tables) copy.loadMimeTypes(table);
    const [guesses, extensions] = answers[index]!;
    for (const [at, name] of names.entries()) {
      const ours = answer(name, copy);
      assertEquals(ours, guesses[at], JSON.stringify({ tables, name }));
      if (ours[0] !== null) typed++;
    }
    assertEquals(TYPES.map(copy.guessAllExtensions), extensions);
  }
  assert(typed > 500, `${typed} with a type`);
});

Deno.test("guessType() differs from Python where another text decides", async () => {
  const cases: [name: string, theirs: Answer, ours: Answer][] = [
    // RFC 3986: query, fragment and host are no part of the path.
    ["http://a/b.html?c", [null, null], ["text/html", null]],
    ["http://a/b.html#c", [null, null], ["text/html", null]],
    ["http://a.pdf", ["application/pdf", null], [null, null]],
    ["http://a/b.pdf?c.png", ["image/png", null], ["application/pdf", null]],
    // On Windows a backslash stands before a name.
    ["a\\.pdf", ["application/pdf", null], [null, null]],
    // RFC 2397: a type is two tokens, else text/plain; names of types are the same
    // in either case (RFC 2045 section 5.1).
    ["data:a b/c,", ["a b/c", null], ["text/plain", null]],
    ["data:Text/HTML,", ["Text/HTML", null], ["text/html", null]],
    // RFC 8878 has zstd, which Python 3.11 does not know.
    ["a.tar.zst", [null, null], ["application/x-tar", "zstd"]],
    // Files out of systems that do not mind case; .Z and .z are two things.
    ["A.TAR.GZ", [null, null], ["application/x-tar", "gzip"]],
  ];
  const answers = await askPython<Answer[]>(
    `
import mimetypes
m = mimetypes.MimeTypes()
output = [m.guess_type(n) for n in input]
`,
    cases.map(([name]) => name),
  );
  for (const [index, [name, theirs, ours]] of cases.entries()) {
    assertEquals(answers[index], theirs, name);
    assertEquals(answer(name, { guessType } as MimeTypes), ours, name);
  }
});

/** Where our table says something else than that of Python 3.11. */
const DIFFERENT_TYPES = {
  // RFC 9239.
  ".js": "text/javascript",
  ".mjs": "text/javascript",
  // Registered with IANA, where Python has a name of its own or no special one.
  ".dll": "application/vnd.microsoft.portable-executable",
  ".dot": "text/vnd.graphviz",
  ".exe": "application/vnd.microsoft.portable-executable",
  ".mif": "application/vnd.mif",
  ".obj": "model/obj",
  ".p12": "application/pkcs12",
  ".pfx": "application/pkcs12",
  ".rdf": "application/rdf+xml",
  ".roff": "text/troff",
  ".sgm": "text/sgml",
  ".sgml": "text/sgml",
  ".swf": "application/vnd.adobe.flash.movie",
  ".t": "text/troff",
  ".tr": "text/troff",
  ".vcf": "text/vcard",
  ".wsdl": "application/wsdl+xml",
  ".xsl": "application/xslt+xml",
  ".loas": "audio/usac",
  // RFC 8216 section 4 has both names.
  ".m3u": "audio/mpegurl",
  // RFC 7303 section 9.2 makes text/xml another name for it.
  ".xml": "application/xml",
  // RFC 7845 section 9: audio/opus is for RTP.
  ".opus": "audio/ogg",
  // Mostly films (RFC 3839 and RFC 4393 have audio and video).
  ".3g2": "video/3gpp2",
  ".3gp": "video/3gpp",
  ".3gpp": "video/3gpp",
  ".3gpp2": "video/3gpp2",
  // Not registered; Debian's list has them so.
  ".bat": "application/x-msdos-program",
  ".c": "text/x-csrc",
  ".cdf": "application/x-cdf",
  ".h": "text/x-chdr",
  ".pl": "text/x-perl",
  ".pot": "text/plain",
  ".ram": "audio/x-pn-realaudio",
  ".tex": "text/x-tex",
};

/** Where our table prefers another extension. */
const DIFFERENT_EXTENSIONS = {
  // RFC 5751 section 3.2.1: .p7m for what is enveloped, .p7c for bare certificates.
  "application/pkcs7-mime": ".p7m",
  // RFC 8216 section 4: .m3u8, or .m3u.
  "application/vnd.apple.mpegurl": ".m3u8",
  "application/x-netcdf": ".nc",
  "application/x-texinfo": ".texinfo",
  "application/xml": ".xml",
  "text/x-sgml": ".sgml",
};

Deno.test("the table knows what Python's does, by the registry's names", async () => {
  const { types, preferred } = await askPython<
    { types: Record<string, string>; preferred: Record<string, string> }
  >(
    `
import mimetypes
m = mimetypes.MimeTypes()
output = {"types": m.types_map[True],
          "preferred": {t: e[0] for t, e in m.types_map_inv[True].items()}}
`,
    null,
  );
  const different = Object.entries(types).filter(([extension, type]) =>
    guessType(`a${extension}`).type !== type
  ).map(([extension]) => [extension, guessType(`a${extension}`).type]);
  assertEquals(Object.fromEntries(different), DIFFERENT_TYPES);
  const preferences = Object.entries(preferred).filter(([type, extension]) =>
    guessExtension(type) !== extension
  ).map(([type]) => [type, guessExtension(type)]);
  assertEquals(Object.fromEntries(preferences), DIFFERENT_EXTENSIONS);
});
