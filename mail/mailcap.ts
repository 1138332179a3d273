/**
 * Which command shows, prints, edits or makes data of a media type, by mailcap
 * files (RFC 1524).
 *
 * Names of files, types and parameters come out of messages. None of them can
 * become a command, whatever is in it and wherever an entry has put it: see
 * {@linkcode Mailcap.findMatch}.
 *
 * @example
 * ```ts
 * import { Mailcap } from "@wireline/std/mail/mailcap";
 * import { assertEquals } from "jsr:@std/assert@^1.0.0";
 *
 * const mailcap = Mailcap.parse("image/*; xv '%s'\ntext/html; lynx %s\n");
 * const match = await mailcap.findMatch("image/gif", "view", {
 *   filename: "it's a cat.gif",
 * });
 * assertEquals(match?.command, "xv 'it'\\''s a cat.gif'");
 * assertEquals(match?.argv, ["xv", "it's a cat.gif"]);
 * ```
 *
 * @module
 */
import { delimiter } from "node:path";
import { tried } from "../_wire/errors.ts";
import { decodeText } from "../_wire/text.ts";
import { type CommandValues, fillIn, hasControls } from "./_mailcap_command.ts";
import {
  type MailcapEntry,
  type MailcapSkippedLine,
  parseMailcap,
} from "./_mailcap_parser.ts";

export type { MailcapEntry, MailcapSkippedLine } from "./_mailcap_parser.ts";

/** A part of a multipart message, for `%F` and `%n`. */
export interface MailcapPart {
  /** Its media type. */
  type: string;
  /** The file that holds it. */
  filename: string;
}

/** What a command is about. */
export interface MailcapMatchOptions {
  /** The file that holds the data, for `%s`; default `/dev/null`. */
  filename?: string | undefined;
  /** The parameters of the type, for `%{name}`; case does not matter in names. */
  params?: Record<string, string> | undefined;
  /** The parts of a multipart message, for `%F` and `%n`; default none. */
  parts?: MailcapPart[] | undefined;
  /**
   * Runs the `test` of entries that have one, by `/bin/sh`. Default `false`: such
   * entries do not apply.
   */
  runTest?: boolean | undefined;
  /**
   * Milliseconds for each test; default 5,000. One that takes longer is killed,
   * and its entry does not apply. What it has begun is killed too, where there is
   * the permission to run anything.
   */
  timeout?: number | undefined;
  /** Ends the search; the reason becomes the rejection. */
  signal?: AbortSignal | undefined;
}

/** A command for some data. */
export interface MailcapMatch {
  /** The command, for `/bin/sh -c`. */
  command: string;
  /** Program and arguments of the same command, where it needs no shell. */
  argv?: string[];
  /**
   * Whether the command names no file: it then reads the data from its standard
   * input (RFC 1524 section 2), or for `compose` and its like writes them to its
   * standard output.
   */
  usesStdio: boolean;
  /** The entry that it comes from. */
  entry: MailcapEntry;
}

/** What {@linkcode Mailcap.load} takes. */
export interface MailcapLoadOptions {
  /** Ends the reading; the reason becomes the rejection. */
  signal?: AbortSignal | undefined;
}

/** A type and a subtype, which are tokens (RFC 2045 section 5.1). */
const TYPE = /^[!#$%&'*+.^_`{|}~\w-]+\/[!#$%&'*+.^_`{|}~\w-]+$/;

/** The files after that of the user (RFC 1524 appendix A). */
const SYSTEM_FILES = [
  "/etc/mailcap",
  "/usr/etc/mailcap",
  "/usr/local/etc/mailcap",
];

/**
 * Bytes in one file. Real ones have 100 KB at most; stops a name that leads to
 * `/dev/zero`.
 */
const MAX_FILE = 16 * 1024 * 1024;

/** The entries of mailcap files, in their order. */
export class Mailcap {
  /** All entries; of those for a type the first one counts that can be used. */
  readonly entries: readonly MailcapEntry[];
  /** The lines that are no entries, and were passed over. */
  readonly skipped: readonly MailcapSkippedLine[];

  private constructor(
    entries: readonly MailcapEntry[],
    skipped: readonly MailcapSkippedLine[],
  ) {
    this.entries = entries;
    this.skipped = skipped;
  }

  /**
   * Reads a mailcap file's text. Never throws: lines that are no entries are in
   * `skipped`.
   *
   * @example
   * ```ts
   * import { Mailcap } from "@wireline/std/mail/mailcap";
   * import { assertEquals } from "jsr:@std/assert@^1.0.0";
   *
   * const mailcap = Mailcap.parse(
   *   "# sounds\naudio/*; play %s; \\\n  description=A sound\nnonsense\n",
   * );
   * assertEquals(mailcap.entries[0]?.description, "A sound");
   * assertEquals(mailcap.skipped[0]?.line, 4);
   * ```
   */
  static parse(text: string): Mailcap {
    const { entries, skipped } = parseMailcap(text);
    return new Mailcap(entries, skipped);
  }

  /**
   * Reads mailcap files, one behind the other. Without names these are the files
   * in the variable `MAILCAPS`, or else `.mailcap` in the home directory,
   * `/etc/mailcap`, `/usr/etc/mailcap` and `/usr/local/etc/mailcap` (RFC 1524
   * appendix A), as far as they can be read. It needs the permission to read
   * them, and without names to see `MAILCAPS` and `HOME`.
   *
   * @throws {Error} When a file that was named cannot be read; in the class that
   * the system's error has, such as `Deno.errors.NotFound`.
   * @throws {RangeError} When a file has over 16 MiB.
   */
  static async load(
    files?: string[],
    options: MailcapLoadOptions = {},
  ): Promise<Mailcap> {
    const entries: MailcapEntry[] = [];
    const skipped: MailcapSkippedLine[] = [];
    for (const file of files ?? defaultFiles()) {
      options.signal?.throwIfAborted();
      let text: string;
      try {
        text = await readFile(file, options.signal);
      } catch (error) {
        options.signal?.throwIfAborted();
        if (error instanceof RangeError) throw error;
        if (files || error instanceof Deno.errors.NotCapable) {
          throw tried(`load the mailcap file "${file}"`, error);
        }
        continue;
      }
      const parsed = parseMailcap(text, file);
      for (const entry of parsed.entries) entries.push(entry);
      for (const line of parsed.skipped) skipped.push(line);
    }
    return new Mailcap(entries, skipped);
  }

  /**
   * The first entry for a type that has a command for what is to be done, and the
   * command; undefined where there is none. `key` is `view`, `edit`, `compose`,
   * `composetyped`, `print` or another named field. Entries for all subtypes
   * (`image/*`, or `image` alone) and for all types (`*`) count in their place.
   *
   * An entry is passed over where
   *
   * - it has a `test`, and `runTest` is not set, or the test fails;
   * - a value would become a command, the option of one, or a file to write to;
   * - a value has other characters than letters, digits and `@%+=:,./_-` and
   *   stands where quotes do not hold: in a word with anything but such characters
   *   and quotes, in a command with `$(...)`, backquotes or `${...}`, or in one
   *   that names a shell, a terminal or a language, which may read its arguments
   *   as code (`sh -c`, `eval`, `xterm -e`, `perl`).
   *
   * So a file with a plain name passes nearly everywhere. A name that a program
   * could take for something else, such as `-x`, gets `./` in front.
   *
   * What a command does with its arguments remains its own affair.
   *
   * @throws {TypeError} When the type is none, or a file's name is empty or has a
   * control character.
   *
   * @example Make a file as an entry wants it named
   * ```ts
   * import { Mailcap } from "@wireline/std/mail/mailcap";
   * import { assertEquals } from "jsr:@std/assert@^1.0.0";
   *
   * const mailcap = Mailcap.parse(
   *   "text/html; lynx -assume_charset=%{charset} %s; nametemplate=%s.html",
   * );
   * const template = (await mailcap.findMatch("text/html"))?.entry.nameTemplate;
   * const filename = (template ?? "%s").replace("%s", "/tmp/message7");
   * const match = await mailcap.findMatch("text/html", "view", {
   *   filename,
   *   params: { charset: "utf-8" },
   * });
   * assertEquals(
   *   match?.command,
   *   "lynx -assume_charset=utf-8 /tmp/message7.html",
   * );
   * ```
   */
  async findMatch(
    type: string,
    key = "view",
    options: MailcapMatchOptions = {},
  ): Promise<MailcapMatch | undefined> {
    const { runTest = false, timeout = 5000, signal } = options;
    const values = checked(type, options);
    if (!(timeout > 0)) {
      throw new TypeError(
        `Cannot use the timeout ${timeout}: it is not over 0`,
      );
    }
    signal?.throwIfAborted();
    const name = type.toLowerCase();
    const wanted = [name, `${name.slice(0, name.indexOf("/"))}/*`, "*/*"];
    for (const entry of this.entries) {
      if (!wanted.includes(entry.type)) continue;
      const template = entry.fields.get(key.toLowerCase());
      const filled = template && fillIn(template, values);
      if (!filled) continue;
      const test = entry.fields.get("test");
      if (test) {
        if (!runTest) continue;
        const command = fillIn(test, values)?.command;
        if (!command || !await succeeds(command, timeout, signal)) continue;
      }
      const { namesFiles, ...commands } = filled;
      return { ...commands, usesStdio: !namesFiles, entry };
    }
    return undefined;
  }
}

function checked(type: string, options: MailcapMatchOptions): CommandValues {
  const { filename = "/dev/null", params = {}, parts = [] } = options;
  checkType(type);
  checkName(filename);
  for (const part of parts) {
    checkType(part.type);
    checkName(part.filename);
  }
  const names = Object.keys(params);
  return {
    type,
    filename,
    parts,
    params: new Map(names.map((name) => [name.toLowerCase(), params[name]!])),
  };
}

function checkType(type: string): void {
  if (TYPE.test(type)) return;
  throw new TypeError(
    `Cannot find a command for ${JSON.stringify(type)}: it is no media type`,
  );
}

function checkName(name: string): void {
  if (name !== "" && !hasControls(name)) return;
  throw new TypeError(
    `Cannot find a command for the file ${JSON.stringify(name)}: its name ` +
      (name === "" ? "is empty" : "has a control character; rename it"),
  );
}

function defaultFiles(): string[] {
  const listed = Deno.env.get("MAILCAPS");
  if (listed !== undefined) {
    return listed.split(delimiter).filter((file) => file !== "");
  }
  const home = Deno.env.get("HOME");
  return home ? [`${home}/.mailcap`, ...SYSTEM_FILES] : SYSTEM_FILES;
}

async function readFile(path: string, signal?: AbortSignal): Promise<string> {
  using file = await Deno.open(path);
  const chunks: Uint8Array[] = [];
  let size = 0;
  for (;;) {
    signal?.throwIfAborted();
    const chunk = new Uint8Array(64 * 1024);
    const count = await file.read(chunk);
    if (count === null) break;
    size += count;
    if (size > MAX_FILE) {
      throw new RangeError(
        `Cannot load the mailcap file "${path}": it has over ${MAX_FILE} bytes`,
      );
    }
    chunks.push(chunk.subarray(0, count));
  }
  const bytes = new Uint8Array(size);
  let at = 0;
  for (const chunk of chunks) {
    bytes.set(chunk, at);
    at += chunk.length;
  }
  return decodeText(bytes);
}

/** Whether the shell ends with 0, and in time. */
async function succeeds(
  test: string,
  timeout: number,
  signal?: AbortSignal,
): Promise<boolean> {
  let child: Deno.ChildProcess;
  try {
    child = new Deno.Command("/bin/sh", {
      args: ["-c", test],
      stdin: "null",
      stdout: "null",
      stderr: "null",
      // A group of its own, so that what the test has begun ends with it.
      detached: true,
    }).spawn();
  } catch (error) {
    throw tried("run the test of a mailcap entry", error);
  }
  const kill = () => {
    // The first needs all of --allow-run; either throws where it has ended.
    try {
      Deno.kill(-child.pid, "SIGKILL");
    } catch {
      try {
        child.kill("SIGKILL");
      } catch { /* It has ended. */ }
    }
  };
  const timer = setTimeout(kill, timeout);
  signal?.addEventListener("abort", kill);
  try {
    const { success } = await child.status;
    signal?.throwIfAborted();
    return success;
  } finally {
    clearTimeout(timer);
    signal?.removeEventListener("abort", kill);
  }
}
