/**
 * Media types of files by their names, and names by their types: some 1,400
 * types and 1,700 extensions, and whatever a `mime.types` adds.
 *
 * @example
 * ```ts
 * import { guessExtension, guessType } from "@wireline/std/mail/mime_types";
 * import { assertEquals } from "jsr:@std/assert@^1.0.0";
 *
 * assertEquals(guessType("cat.jpeg"), { type: "image/jpeg" });
 * assertEquals(guessType("src.tar.gz"), {
 *   type: "application/x-tar",
 *   encoding: "gzip",
 * });
 * assertEquals(guessExtension("image/jpeg"), ".jpg");
 * ```
 *
 * @module
 */
import { MIME_TABLE } from "./_mime_table.ts";

/** What a name says of a file. */
export interface GuessedType {
  /** The media type, in lower case, without parameters. */
  type?: string;
  /**
   * How the file is packed, as HTTP names it where it has a name for it: `gzip`,
   * `compress`, `br`, `zstd`, `bzip2` or `xz`. The type is that of what is inside.
   */
  encoding?: string;
}

/** By extension. `Z` is compress; `z` was pack, and is none of ours. */
const ENCODINGS = new Map([
  ["br", "br"],
  ["bz2", "bzip2"],
  ["gz", "gzip"],
  ["xz", "xz"],
  ["Z", "compress"],
  ["zst", "zstd"],
]);

/** Extensions that say two things in one. */
const SUFFIXES = new Map([
  [".svgz", ".svg.gz"],
  [".taz", ".tar.gz"],
  [".tbz", ".tar.bz2"],
  [".tbz2", ".tar.bz2"],
  [".tgz", ".tar.gz"],
  [".txz", ".tar.xz"],
  [".tz", ".tar.gz"],
  [".tzst", ".tar.zst"],
]);

/** A type and a subtype as RFC 2045 section 5.1 has them: tokens. */
const TYPE = /^[!#$%&'*+.^_`{|}~\w-]+\/[!#$%&'*+.^_`{|}~\w-]+$/;

/** What every URL with an authority begins with; a drive's letter does not. */
const HAS_AUTHORITY = /^[a-z][a-z0-9+.-]*:\/\//i;

/** Both without dots: keys that are cut out of the table cost half the time. */
interface Tables {
  /** Types by extension. */
  types: Map<string, string>;
  /**
   * Extensions by type, the preferred one first: as in the table until somebody
   * adds to them.
   */
  extensions: Map<string, string | Set<string>>;
}

let tables: Tables | undefined;

/**
 * Guesses the media type of a file, and how it is packed, by its name alone: no
 * file is opened. What is unknown is left out, so the answer may be `{}`.
 *
 * Takes a path, with `/` or `\`, or a URL, as an object or as text with `://`;
 * query and fragment of a URL do not count. A `data:` URL says its type itself
 * (RFC 2397). Only what follows the last dot is looked at, as it is and then in
 * lower case; a name that begins with its only dot (`.gz`) has no extension.
 *
 * @example
 * ```ts
 * import { guessType } from "@wireline/std/mail/mime_types";
 * import { assertEquals } from "jsr:@std/assert@^1.0.0";
 *
 * assertEquals(guessType("icon.svgz"), {
 *   type: "image/svg+xml",
 *   encoding: "gzip",
 * });
 * assertEquals(guessType(new URL("https://example.com/a.html?b.png")), {
 *   type: "text/html",
 * });
 * assertEquals(guessType("README"), {});
 * ```
 */
export function guessType(path: string | URL): GuessedType {
  const text = String(path);
  if (/^data:/i.test(text)) return dataType(text.slice(5));
  let name = fileName(text, path instanceof URL);
  let extension = extensionOf(name);
  const suffix = SUFFIXES.get(extension.toLowerCase());
  if (suffix !== undefined) {
    name = name.slice(0, -extension.length) + suffix;
    extension = extensionOf(name);
  }
  const guess: GuessedType = {};
  const encoding = lookUp(ENCODINGS, extension);
  if (encoding !== undefined) {
    extension = extensionOf(name.slice(0, -extension.length));
  }
  const type = lookUp((tables ??= unpack()).types, extension);
  if (type !== undefined) guess.type = type;
  if (encoding !== undefined) guess.encoding = encoding;
  return guess;
}

/**
 * The preferred extension of files of a media type, with its dot; undefined where
 * none is known. Case and parameters of the type do not matter.
 *
 * @example
 * ```ts
 * import { guessExtension } from "@wireline/std/mail/mime_types";
 * import { assertEquals } from "jsr:@std/assert@^1.0.0";
 *
 * assertEquals(guessExtension("text/html; charset=utf-8"), ".html");
 * assertEquals(guessExtension("example/nothing"), undefined);
 * ```
 */
export function guessExtension(type: string): string | undefined {
  return guessAllExtensions(type)[0];
}

/**
 * All extensions that files of a media type may have, with their dots, the
 * preferred one first. A few say something else to {@linkcode guessType}, where
 * two types claim an extension.
 *
 * @example
 * ```ts
 * import { guessAllExtensions } from "@wireline/std/mail/mime_types";
 * import { assertEquals } from "jsr:@std/assert@^1.0.0";
 *
 * assertEquals(guessAllExtensions("text/html"), [".html", ".htm", ".shtml"]);
 * ```
 */
export function guessAllExtensions(type: string): string[] {
  const end = type.indexOf(";");
  const name = (end < 0 ? type : type.slice(0, end)).trim().toLowerCase();
  return Array.from(extensionsOf(name), (one) => `.${one}`);
}

/**
 * Adds what a `mime.types` says, for this process: in each line a type and its
 * extensions without dots, and comments behind `#`. An extension that was known
 * has the new type from now on; to a type that was known the extensions are added
 * behind those it had. Lines that begin with no type are passed over.
 *
 * @example
 * ```ts
 * import { guessType, loadMimeTypes } from "@wireline/std/mail/mime_types";
 * import { assertEquals } from "jsr:@std/assert@^1.0.0";
 *
 * loadMimeTypes("text/x-typescript  tsx mts  # not MPEG\n");
 * assertEquals(guessType("main.mts"), { type: "text/x-typescript" });
 * ```
 */
export function loadMimeTypes(text: string): void {
  const { types, extensions } = tables ??= unpack();
  for (const line of text.replace(/^\uFEFF/, "").split(/\r\n|\n|\r/)) {
    const words = line.split(/\s+/).filter((word) => word !== "");
    const comment = words.findIndex((word) => word.startsWith("#"));
    const [name, ...added] = comment < 0 ? words : words.slice(0, comment);
    if (name === undefined || added.length === 0 || !TYPE.test(name)) continue;
    const type = name.toLowerCase();
    const known = extensionsOf(type);
    extensions.set(type, known);
    for (const one of added) {
      known.add(one);
      types.set(one, type);
    }
  }
}

/** The extensions of a type in lower case, none where it is unknown. */
function extensionsOf(type: string): Set<string> {
  const known = (tables ??= unpack()).extensions.get(type) ?? new Set();
  return typeof known === "string"
    ? new Set(known.replaceAll("*", "").split(","))
    : known;
}

/** The table, which is unpacked when somebody asks and not on import. */
function unpack(): Tables {
  const types = new Map<string, string>();
  const extensions = new Map<string, string>();
  for (const [top, entries] of Object.entries(MIME_TABLE)) {
    for (const entry of entries.trim().split(/[ \n]/)) {
      const colon = entry.indexOf(":");
      const type = `${top}/${entry.slice(0, colon)}`;
      const list = entry.slice(colon + 1);
      extensions.set(type, list);
      for (const one of list.split(",")) {
        if (!one.endsWith("*")) types.set(one, type);
      }
    }
  }
  return { types, extensions };
}

/** By what is behind the dot: as it is, and then in lower case. */
function lookUp(
  table: Map<string, string>,
  extension: string,
): string | undefined {
  const word = extension.slice(1);
  return table.get(word) ?? table.get(word.toLowerCase());
}

/** The last part of a path, or of a URL's path. */
function fileName(text: string, isUrl: boolean): string {
  let path = text;
  if (isUrl || HAS_AUTHORITY.test(text)) {
    const end = text.search(/[?#]/);
    if (end >= 0) path = text.slice(0, end);
    const authority = HAS_AUTHORITY.exec(path);
    if (authority) {
      // A host's name has no type: example.com is no program.
      const slash = path.indexOf("/", authority[0].length);
      path = slash < 0 ? "" : path.slice(slash);
    }
  }
  const slash = Math.max(path.lastIndexOf("/"), path.lastIndexOf("\\"));
  return path.slice(slash + 1);
}

/** From the last dot on, unless there is nothing but dots before it. */
function extensionOf(name: string): string {
  const dot = name.lastIndexOf(".");
  for (let at = 0; at < dot; at++) {
    if (name[at] !== ".") return name.slice(dot);
  }
  return "";
}

/** RFC 2397 section 3: `[type/subtype] *(";" parameter) [";base64"] "," data`. */
function dataType(rest: string): GuessedType {
  const comma = rest.indexOf(",");
  if (comma < 0) return {};
  const type = rest.slice(0, comma).split(";", 1)[0]!.trim();
  return { type: TYPE.test(type) ? type.toLowerCase() : "text/plain" };
}
