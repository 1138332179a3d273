/**
 * Writes `mail/_mime_table.ts` from two lists in the format of `mime.types`,
 * both in the public domain, and the corrections below:
 *
 * ```sh
 * deno run -A tests/_support/make_mime_table.ts \
 *   /etc/mime.types httpd/docs/conf/mime.types
 * ```
 *
 * The first is Debian's (`apt-get install media-types`), the second Apache
 * httpd's. Debian's follows the registry more closely and goes first; Apache's
 * has more of what was never registered.
 *
 * @module
 */
import { fileURLToPath } from "node:url";

/**
 * What goes before both lists, as it is registered with IANA or as everybody
 * names it. The first extension of a type is the preferred one.
 */
const CORRECTIONS = `
application/atom+xml atom
# RFC 8259; source maps are JSON (ECMA-426).
application/json json map
application/node cjs
application/octet-stream bin so o a
application/rss+xml rss
# Registered in 2024.
application/toml toml
application/vnd.apple.installer+xml pkg mpkg
application/vnd.apple.keynote key keynote
application/vnd.microsoft.portable-executable exe dll
application/vnd.ms-excel xls
application/vnd.ms-powerpoint ppt
application/xml xml xsd rng
# RFC 9512.
application/yaml yaml yml
audio/aac aac adts
# RFC 9559.
audio/matroska mka
audio/midi mid midi kar rmi
audio/mp4 m4a m4b mp4a
audio/mpeg mp3
# RFC 5334 and RFC 7845 section 9.
audio/ogg ogg oga opus spx
image/bmp bmp dib
image/jpeg jpg jpeg
image/sgi sgi
message/rfc822 eml mail mht mhtml
model/3mf 3mf
model/step step stp stpnc p21 210
# RFC 9239.
text/javascript js mjs es
text/plain txt text log conf
text/uri-list uri uris urls
video/3gpp 3gp 3gpp
video/3gpp2 3g2 3gpp2
video/matroska mkv
video/matroska-3d mk3d
video/mp2t ts mts m2ts m2t
video/mp4 mp4 m4v
video/mpeg mpeg mpg
video/quicktime mov qt
`;

/**
 * What goes behind both: other extensions in use, and names in use that are not,
 * or no longer, the name of what they stand for.
 */
const ALIASES = `
application/msword wiz
application/vnd.ms-excel xlb
application/vnd.ms-powerpoint ppa pwz
application/x-hdf5 h5 hdf5
application/xml xpdl
message/rfc822 nws
text/plain ksh
video/mpeg mpa
application/javascript js mjs
application/x-gzip gz
application/x-javascript js
application/x-mif mif
application/x-pn-realaudio ram
application/x-troff roff t tr
application/x-yaml yaml yml
application/x-zip-compressed zip
audio/3gpp 3gp 3gpp
audio/3gpp2 3g2 3gpp2
audio/m4a m4a
audio/mp3 mp3
audio/opus opus
audio/vnd.wave wav
audio/wav wav
audio/wave wav
audio/x-m4a m4a
audio/x-mp3 mp3
image/jpg jpg
image/pjpeg jpg jpeg
image/x-icon ico
image/x-ms-bmp bmp
image/x-png png
text/rtf rtf
text/x-javascript js
text/x-markdown md
text/x-sgml sgml sgm
text/x-yaml yaml yml
text/xml xml
text/yaml yaml yml
video/x-matroska mkv
`;

/** Extensions by their type. */
type Types = Map<string, Set<string>>;

const [debian, apache] = Deno.args;
if (!debian || !apache) throw new TypeError("Cannot begin: name two lists");
const sources = [
  CORRECTIONS,
  await Deno.readTextFile(debian),
  await Deno.readTextFile(apache),
  ALIASES,
];
const types: Types = new Map();
/** The type of a file with an extension: the first that claims it. */
const owners = new Map<string, string>();
for (const source of sources) {
  for (const [type, extension] of claims(source)) {
    if (!types.has(type)) types.set(type, new Set());
    types.get(type)!.add(extension);
    if (!owners.has(extension)) owners.set(extension, type);
  }
}
const target = fileURLToPath(
  new URL("../../mail/_mime_table.ts", import.meta.url),
);
await Deno.writeTextFile(target, render());
console.log(`${types.size} types, ${owners.size} extensions`);

function* claims(text: string): Generator<[string, string]> {
  for (const line of text.split("\n")) {
    const [type, ...extensions] = line.replace(/#.*/, "").toLowerCase()
      .split(/\s+/).filter((word) => word !== "");
    for (const extension of extensions) {
      // Only what stands behind the last dot of a name is looked at.
      if (!extension.includes(".")) yield [type!, extension];
    }
  }
}

function render(): string {
  const tops = Map.groupBy(
    [...types.keys()].sort(),
    (type) => type.slice(0, type.indexOf("/")),
  );
  let text = `/**
 * Which file extensions stand for which media type: data that
 * \`tests/_support/make_mime_table.ts\` has written, with its corrections, from
 * Debian's media-types 10.0.0 and from Apache httpd's docs/conf/mime.types of
 * 2024-09-12, both of which are in the public domain.
 *
 * By top-level type, \`subtype:extensions\` with the preferred one first. The type
 * of a file whose extension has a \`*\` here is another one.
 */
export const MIME_TABLE: Record<string, string> = {
`;
  for (const [top, names] of [...tops].sort()) {
    const key = /^\w+$/.test(top) ? top : JSON.stringify(top);
    text += `  ${key}: \`\n${fill(names.map(entry))}\`,\n`;
  }
  return text + "};\n";
}

function entry(type: string): string {
  const extensions = [...types.get(type)!].map((extension) =>
    owners.get(extension) === type ? extension : `${extension}*`
  );
  return `${type.slice(type.indexOf("/") + 1)}:${extensions.join()}`;
}

/** As many in a line as it holds. */
function fill(entries: string[]): string {
  let text = "";
  let line = "";
  for (const one of entries) {
    if (line !== "" && line.length + one.length + 1 > 110) {
      text += line + "\n";
      line = "";
    }
    line += line === "" ? one : " " + one;
  }
  return text + line + "\n";
}
