/** Reading mailcap files (RFC 1524 section 2 and appendix B). Pure. */

/** One entry of a mailcap file. */
export interface MailcapEntry {
  /**
   * The media type in lower case; every subtype is `*`, also where the file has a
   * type without one, which means the same.
   */
  readonly type: string;
  /**
   * All fields by their names in lower case, as they are in the file, backslashes
   * included; a flag is `""`. The command for looking at the data is `view`, as if
   * it had a name. Of a field that is there twice, the first counts.
   */
  readonly fields: ReadonlyMap<string, string>;
  /** Whether the command needs a terminal of its own (`needsterminal`). */
  readonly needsTerminal: boolean;
  /** Whether there may be much output, which wants a pager (`copiousoutput`). */
  readonly copiousOutput: boolean;
  /**
   * Whether the command wants the line ends of the system (`textualnewlines`);
   * undefined where the entry does not say.
   */
  readonly textualNewlines?: boolean;
  /** What the data are, for people to read. */
  readonly description?: string;
  /**
   * How the file has to be named, such as `%s.gif`: what stands for `%s` is free.
   * The caller names the file, before it is given as `filename`.
   */
  readonly nameTemplate?: string;
}

/** A line that is no entry, and was passed over. */
export interface MailcapSkippedLine {
  /** Its number, beginning with 1: that of its first line, where it has several. */
  readonly line: number;
  /** The line, without its end. */
  readonly text: string;
  /** What is wrong with it. */
  readonly reason: string;
  /** The file, where it came from one. */
  readonly file?: string;
}

/** What is in a mailcap file. */
export interface ParsedMailcap {
  entries: MailcapEntry[];
  skipped: MailcapSkippedLine[];
}

/** `type/subtype`, `type/*` or `type` in tokens, or `*` for all. */
const TYPE_FIELD =
  /^(?:\*(?:\/\*)?|[!#$%&'+.^_`{|}~\w-]+(?:\/(?:\*|[!#$%&'+.^_`{|}~\w-]+))?)$/;

/** All but tab, which is a space to the shell (RFC 1524 has no CTLs at all). */
// deno-lint-ignore no-control-regex
const CONTROLS = /[\0-\x08\x0b-\x1f\x7f]/;

/** Never throws: what is no entry is in `skipped`. */
export function parseMailcap(text: string, file?: string): ParsedMailcap {
  const parsed: ParsedMailcap = { entries: [], skipped: [] };
  const lines = text.replace(/^\uFEFF/, "").split(/\r\n|\n|\r/);
  for (let at = 0; at < lines.length; at++) {
    if (/^\s*(?:#|$)/.test(lines[at]!)) continue;
    const line = at + 1;
    const pieces: string[] = [];
    // Also where the last line ends in a backslash.
    while (lines[at]?.endsWith("\\")) pieces.push(lines[at++]!.slice(0, -1));
    pieces.push(lines[at] ?? "");
    const whole = pieces.join("");
    const entry = parseEntry(whole);
    if (typeof entry !== "string") parsed.entries.push(entry);
    else {
      parsed.skipped.push({
        line,
        text: whole,
        reason: entry,
        ...(file === undefined ? {} : { file }),
      });
    }
  }
  return parsed;
}

/** The text without the backslashes that quote (`qchar`). */
export function unescapeText(text: string): string {
  return text.replace(/\\(.?)/gs, "$1");
}

/** Or why it is none. */
function parseEntry(line: string): MailcapEntry | string {
  if (CONTROLS.test(line)) return "it holds a control character";
  const [typeField, view, ...others] = splitFields(line);
  if (view === undefined) return "there is no command behind the type";
  const type = typeField!.toLowerCase().split("/").map((part) => part.trim())
    .join("/");
  if (!TYPE_FIELD.test(type)) return `"${typeField}" is no media type`;
  const fields = new Map([["view", view]]);
  for (const field of others) {
    const equals = field.indexOf("=");
    const name = (equals < 0 ? field : field.slice(0, equals)).trimEnd()
      .toLowerCase();
    if (name === "" || fields.has(name)) continue;
    fields.set(name, equals < 0 ? "" : field.slice(equals + 1).trimStart());
  }
  const newlines = fields.get("textualnewlines");
  const description = fields.get("description");
  const nameTemplate = fields.get("nametemplate");
  return {
    type: type.includes("/") ? type : `${type}/*`,
    fields,
    needsTerminal: fields.has("needsterminal"),
    copiousOutput: fields.has("copiousoutput"),
    ...(newlines === undefined ? {} : { textualNewlines: newlines !== "0" }),
    ...(description === undefined
      ? {}
      : { description: unescapeText(description) }),
    ...(nameTemplate === undefined
      ? {}
      : { nameTemplate: unescapeText(nameTemplate) }),
  };
}

/** What is between the semicolons that no backslash quotes. */
function splitFields(line: string): string[] {
  const fields: string[] = [];
  let start = 0;
  for (let at = 0; at < line.length; at++) {
    if (line[at] === "\\") at++;
    else if (line[at] === ";") {
      fields.push(line.slice(start, at).trim());
      start = at + 1;
    }
  }
  fields.push(line.slice(start).trim());
  return fields;
}
