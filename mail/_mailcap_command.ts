/**
 * From the command of a mailcap entry to one that can be run (RFC 1524 section 2).
 * Pure.
 *
 * What is filled in comes out of a message, and whoever sent it must not get a
 * word of it run. To quote a value is not enough: a command may have it in quotes
 * of its own, or give it to another shell, which reads it a second time. So a
 * value of letters, digits and `@%+=:,./_-` alone, which means nothing to any
 * shell, may be any argument. Another must be a word by itself, or have nothing
 * but such characters and quotes beside it in the word, which is then quoted
 * anew; and the command must be none that reads its arguments as code.
 *
 * @module
 */
import { Position } from "./_mailcap_position.ts";
import {
  type Piece,
  plainWords,
  renderWord,
  splitWords,
} from "./_mailcap_words.ts";

/** What a command is filled in with. */
export interface CommandValues {
  /** For `%s`. */
  filename: string;
  /** For `%t`. */
  type: string;
  /** For `%{name}`, by names in lower case. */
  params: ReadonlyMap<string, string>;
  /** For `%n` and `%F`. */
  parts: readonly { type: string; filename: string }[];
}

/** A command, filled in. */
export interface FilledCommand {
  /** For `/bin/sh -c`. */
  command: string;
  /** The same in words, where that needs no shell. */
  argv?: string[];
  /** Whether the names of files are in it. */
  namesFiles: boolean;
}

/** Fills in a command; undefined where it is empty, or that would not be safe. */
export function fillIn(
  template: string,
  values: CommandValues,
): FilledCommand | undefined {
  const found = findHoles(template, values);
  if (!found) return undefined;
  const { tokens, needsShell, isTameOnly } = splitWords(found.pieces);
  const texts: string[] = [];
  const argv: string[] = [];
  for (const token of tokens) {
    if (typeof token === "string") texts.push(token);
    else {
      const text = renderWord(token, isTameOnly || found.readsCode);
      if (text === undefined) return undefined;
      texts.push(text);
      if (!needsShell) argv.push(...plainWords(token));
    }
  }
  const command = texts.join("").trim();
  if (command === "") return undefined;
  return {
    command,
    ...(needsShell ? {} : { argv }),
    namesFiles: found.namesFiles,
  };
}

interface Found {
  pieces: Piece[];
  namesFiles: boolean;
  readsCode: boolean;
}

/** The text of a command, its backslashes undone, and the values in it. */
function findHoles(template: string, values: CommandValues): Found | undefined {
  const pieces: Piece[] = [];
  const position = new Position();
  let namesFiles = false;
  let text = "";
  function literal(char: string): void {
    text += char;
    position.push(char);
  }
  for (let at = 0; at < template.length; at++) {
    const char = template[at]!;
    if (char === "\\") {
      literal(template[++at] ?? "");
      continue;
    }
    const kind = char === "%" ? template[at + 1] ?? "" : "";
    let filled: (string | undefined)[];
    switch (kind) {
      case "s":
        filled = [position.file(values.filename)];
        break;
      case "t":
        filled = [position.argument(values.type)];
        break;
      case "n":
        filled = [position.argument(String(values.parts.length))];
        break;
      case "F":
        filled = values.parts.flatMap(({ type, filename }, index) => {
          if (index > 0) position.push(" ");
          const first = position.argument(type);
          position.push(" ");
          return [first, position.file(filename)];
        });
        break;
      case "{": {
        const end = template.indexOf("}", at);
        if (end < 0) return undefined;
        const name = template.slice(at + 2, end).toLowerCase();
        filled = [position.argument(values.params.get(name) ?? "")];
        at = end - 1;
        break;
      }
      default:
        // Any other percent sign stands for itself, as a date's format has it.
        literal(char);
        if (kind === "%") at++;
        continue;
    }
    at++;
    if (!filled.every((value) => value !== undefined && !hasControls(value))) {
      return undefined;
    }
    if (kind === "s" || kind === "F") namesFiles = true;
    if (text !== "") pieces.push(text);
    text = "";
    pieces.push({ values: filled as string[], isList: kind === "F" });
  }
  position.end();
  if (text !== "") pieces.push(text);
  return { pieces, namesFiles, readsCode: position.readsCode };
}

/** Whether there is a control character in it, C1 included. */
export function hasControls(value: string): boolean {
  // deno-lint-ignore no-control-regex
  return /[\0-\x1f\x7f-\x9f]/.test(value);
}
