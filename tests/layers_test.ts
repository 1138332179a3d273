import { assert, assertEquals } from "jsr:@std/assert@^1.0.0";

const ROOT = new URL("../", import.meta.url);

/**
 * What each folder may import of ours beside itself. Knowledge goes one way: a
 * protocol knows the wire layer, and the wire layer knows no protocol.
 */
const LAYERS: Record<string, string[]> = {
  "_wire/": [],
  "cookies/": ["_wire/"],
  "ftp/": ["_wire/"],
  "mail/": ["_wire/"],
  "mail/encoding/": ["_wire/"],
  "mail/sasl/": ["_wire/"],
  "mail/message/": ["_wire/", "mail/encoding/", "mail/mime_types"],
  "mail/mailbox/": ["_wire/", "mail/message/"],
  "mail/smtp/": ["_wire/", "mail/sasl/", "mail/message/"],
  // Its refusals are the errors that a client meets.
  "mail/smtpd/": ["_wire/", "mail/sasl/", "mail/smtp/"],
  "mail/pop3/": ["_wire/", "mail/sasl/", "mail/message/"],
  "mail/imap/": ["_wire/", "mail/sasl/", "mail/message/"],
  "news/": ["_wire/", "mail/"],
  "http/": ["_wire/", "cookies/", "ftp/", "mail/mime_types"],
  "xmlrpc/": ["_wire/", "http/"],
};

/**
 * The one package that is imported, in full: a bare specifier would not
 * resolve for those who import a module by URL.
 */
const STREAMS = /^jsr:@std\/streams@\^1\.0\.0\/[\w-]+$/;

/** Built-ins that open sockets: sockets are the wire layer's affair. */
const NODE_SOCKETS = ["node:net", "node:tls"];
const NODE_SOCKETS_FILE = "_wire/node_tls.ts";

const MAX_LINES = 500;
/**
 * One class with a method for each thing that the protocol can do. Its doc
 * comments, which users read, are half of the file; what the methods do is
 * elsewhere.
 */
const MAY_BE_LONGER = [
  "ftp/client.ts",
  "mail/pop3/client.ts",
  "news/client.ts",
];

interface Source {
  /** The path from the project's root. */
  path: string;
  text: string;
}

/** All files of the library below the folders that are there by now. */
async function librarySources(): Promise<Source[]> {
  const sources: Source[] = [];
  const folders = Object.keys(LAYERS).filter((one) => /^\w+\/$/.test(one));
  for (const folder of folders) await walk(folder);
  sources.push(await read("mod.ts"));
  return sources;

  async function walk(folder: string): Promise<void> {
    try {
      for await (const { name, isDirectory } of readDir(folder)) {
        if (isDirectory) await walk(`${folder}${name}/`);
        else if (name.endsWith(".ts")) sources.push(await read(folder + name));
      }
    } catch (error) {
      if (!(error instanceof Deno.errors.NotFound)) throw error;
    }
  }

  function readDir(folder: string): AsyncIterable<Deno.DirEntry> {
    return Deno.readDir(new URL(folder, ROOT));
  }

  async function read(path: string): Promise<Source> {
    return { path, text: await Deno.readTextFile(new URL(path, ROOT)) };
  }
}

/**
 * The specifiers of static imports and re-exports, and of dynamic imports.
 * Reads what `deno fmt` writes: statements begin a line, and the lines of
 * comments, whose examples import too, begin with something else.
 */
function importsOf(text: string): string[] {
  const code = text.replace(/^\s*(?:\/?\*|\/\/).*$/gm, "");
  const patterns = [
    /^(?:import|export)\b[\w$*, ]*(?:\{[^}]*\})?\s*from\s*["']([^"']+)["']/gm,
    /^import\s*["']([^"']+)["']/gm,
    /\bimport\(\s*["'`]([^"'`]+)["'`]/g,
  ];
  return patterns.flatMap((pattern) =>
    code.matchAll(pattern).map((match) => match[1]!).toArray()
  );
}

/** Why a file may not import something; undefined where it may. */
function objection(path: string, specifier: string): string | undefined {
  if (STREAMS.test(specifier)) return undefined;
  if (specifier.startsWith("node:")) {
    return NODE_SOCKETS.includes(specifier) && path !== NODE_SOCKETS_FILE
      ? `only ${NODE_SOCKETS_FILE} may`
      : undefined;
  }
  if (!/^\.\.?\//.test(specifier)) {
    return "the library needs nothing but node: built-ins and @std/streams";
  }
  const target = new URL(specifier, new URL(path, ROOT)).href;
  if (!target.startsWith(ROOT.href)) return "it is outside of the project";
  return layerObjection(path, target.slice(ROOT.href.length));
}

function layerObjection(path: string, target: string): string | undefined {
  // The innermost folder that has a rule.
  const folder = Object.keys(LAYERS)
    .filter((layer) => path.startsWith(layer))
    .reduce((one, other) => other.length > one.length ? other : one, "");
  const allowed = folder === ""
    ? Object.keys(LAYERS)
    : [folder, ...LAYERS[folder]!];
  if (allowed.some((prefix) => target.startsWith(prefix))) return undefined;
  return `${folder || path} may import from ${allowed.join(", ")} only`;
}

const sources = await librarySources();

Deno.test("the library imports along its layers only", () => {
  const wrong = sources.flatMap(({ path, text }) =>
    importsOf(text).flatMap((specifier) => {
      const why = objection(path, specifier);
      return why ? [`${path} imports ${specifier}: ${why}`] : [];
    })
  );
  assertEquals(wrong, []);
});

Deno.test("library files are short enough to be read", () => {
  const long = sources
    .map(({ path, text }) => ({ path, lines: text.split("\n").length - 1 }))
    .filter(({ path, lines }) =>
      lines > MAX_LINES && !MAY_BE_LONGER.includes(path)
    );
  assertEquals(long, []);
});

Deno.test("each export of the package is a file of a layer", async () => {
  const { exports } = JSON.parse(
    await Deno.readTextFile(new URL("deno.json", ROOT)),
  ) as { exports: Record<string, string> };
  assertEquals(exports["."], "./mod.ts");
  for (const [name, path] of Object.entries(exports)) {
    const found = sources.some((source) => `./${source.path}` === path);
    assert(found, `${name} is ${path}, which is not among the library's files`);
  }
});

Deno.test("importsOf finds every kind of import", () => {
  const text = `
/**
 * import { a } from "comment";
 */
// import "comment";
import "./effect.ts";
import one from "./one.ts";
import two, { type Two } from "./two.ts";
import type { Three } from "./three.ts";
import * as four from "./four.ts";
import {
  five,
  type Five,
} from "./five.ts";
export * from "./six.ts";
export type * from "./seven.ts";
export { eight } from "./eight.ts";
export const from = "no import";
const nine = await import("./nine.ts");
let ten: typeof import("./ten.ts");
`;
  assertEquals(importsOf(text).map((s) => s.slice(2, -3)).sort(), [
    "effect",
    "eight",
    "five",
    "four",
    "nine",
    "one",
    "seven",
    "six",
    "ten",
    "three",
    "two",
  ]);
});

Deno.test("objection knows the layers", () => {
  const fine = [
    ["mod.ts", "./ftp/mod.ts"],
    ["ftp/client.ts", "../_wire/errors.ts"],
    ["ftp/client.ts", "./session.ts"],
    ["mail/smtp/client.ts", "../sasl/mod.ts"],
    ["mail/smtp/client.ts", "../../_wire/errors.ts"],
    ["mail/mod.ts", "./smtp/mod.ts"],
    ["news/client.ts", "../mail/sasl/mod.ts"],
    ["http/server/file_handler.ts", "../../mail/mime_types.ts"],
    ["_wire/line_reader.ts", "jsr:@std/streams@^1.0.0/text-line-stream"],
    ["_wire/node_tls.ts", "node:tls"],
    ["ftp/verify.ts", "node:crypto"],
  ] as const;
  for (const [path, specifier] of fine) {
    assertEquals(objection(path, specifier), undefined);
  }
  const wrong = [
    ["_wire/reply.ts", "../ftp/types.ts"],
    ["ftp/client.ts", "../http/mod.ts"],
    ["ftp/client.ts", "../mod.ts"],
    ["ftp/client.ts", "../cli.ts"],
    ["ftp/client.ts", "../tests/servers/ftp_server.ts"],
    ["mod.ts", "./bench/main.ts"],
    ["mod.ts", "../elsewhere.ts"],
    ["http/connection.ts", "../mail/message/mod.ts"],
    ["xmlrpc/client.ts", "../ftp/mod.ts"],
    ["mail/sasl/scram.ts", "../smtp/mod.ts"],
    ["mail/smtp/client.ts", "../smtpd/mod.ts"],
    ["ftp/client.ts", "node:net"],
    ["ftp/client.ts", "npm:basic-ftp"],
    ["ftp/client.ts", "@wireline/std/ftp"],
    ["ftp/client.ts", "jsr:@std/bytes@^1.0.0/concat"],
    ["ftp/client.ts", "jsr:@std/streams@^1.0.0"],
    ["ftp/client.ts", "https://example.com/mod.ts"],
  ] as const;
  for (const [path, specifier] of wrong) {
    assert(objection(path, specifier), `${path} may import ${specifier}`);
  }
});
