/** A command as the shell divides it into words, with values in them. Pure. */

/** A value, and the place where it goes. */
export interface Hole {
  values: readonly string[];
  /** Whether there may be any number of words instead of one (`%F`). */
  isList: boolean;
}

/** Text of the command, or a value. */
export type Piece = string | Hole;

/** What the shell takes for one word. */
export interface Word {
  /** As it is written. */
  raw: Piece[];
  /** Without quotes and backslashes. */
  cooked: Piece[];
  /** Whether there are but tame characters, quotes and values in it. */
  isTame: boolean;
}

/** A command in words, and what is between them. */
export interface Lexed {
  tokens: (Word | string)[];
  /** Whether the words alone do not say what is done. */
  needsShell: boolean;
  /** Whether only tame values may be filled in. */
  isTameOnly: boolean;
}

/** Characters that mean nothing to any shell, quoted or not. */
const TAME = /^[\w@%+=:,./-]*$/;

/** Words that only a shell can run; a program of the same name is another. */
const SHELL_WORDS = new Set(
  ("! . : [[ alias bg break case cd command continue do done elif else esac " +
    "eval exec exit export fc fg fi for function getopts hash if in jobs let " +
    "local read readonly return set shift source then time times trap type " +
    "ulimit umask unalias unset until wait while { }").split(" "),
);

/** One word for the shell, or a part of one, whatever is in it. */
function quote(value: string): string {
  return TAME.test(value) && value !== ""
    ? value
    : `'${value.replaceAll("'", "'\\''")}'`;
}

/** What follows POSIX.1 section 2.2 (quoting) and 2.3 (tokens). */
export function splitWords(pieces: readonly Piece[]): Lexed {
  const tokens: (Word | string)[] = [];
  let needsShell = false;
  let isTameOnly = false;
  let inQuotes = "";
  let isEscaped = false;
  let word: Word | undefined;
  function open(): Word {
    if (!word) {
      word = { raw: [], cooked: [], isTame: true };
      tokens.push(word);
    }
    return word;
  }
  function literal(char: string, next: string): void {
    if (char === "`" || char === "$" || (char === "(" && next === "(")) {
      needsShell = true;
      // `$(`, `${`, `$'` and the like begin another language.
      if (char !== "$" || !/\w/.test(next)) isTameOnly = true;
    }
    // Bash reads what follows `>&` twice, and runs `$()` in a subscript there.
    if ("<>".includes(char) && next === "&") isTameOnly = true;
    if (inQuotes === "'" && char !== "'") return add(char, char);
    if (isEscaped) {
      isEscaped = false;
      // In double quotes a backslash stands for itself before all but these.
      return add(char, !inQuotes || /["$`\\]/.test(char) ? char : `\\${char}`);
    }
    if (char === "\\") {
      isEscaped = true;
      add(char, "");
    } else if (char === inQuotes) {
      inQuotes = "";
      open().raw.push(char);
    } else if (inQuotes) add(char, char);
    else if (char === "'" || char === '"') {
      inQuotes = char;
      open().raw.push(char);
    } else if (" \t;&|<>()".includes(char)) {
      if (char !== " " && char !== "\t") needsShell = true;
      word = undefined;
      tokens.push(char);
    } else {
      if ("*?[]~#{}!".includes(char)) needsShell = true;
      add(char, char);
    }
  }
  function add(raw: string, cooked: string): void {
    const to = open();
    to.raw.push(raw);
    to.cooked.push(cooked);
    if (!TAME.test(raw)) to.isTame = false;
  }
  for (const [index, piece] of pieces.entries()) {
    if (typeof piece !== "string") {
      if (isEscaped) needsShell = isTameOnly = true;
      isEscaped = false;
      open().raw.push(piece);
      open().cooked.push(piece);
      continue;
    }
    for (let at = 0; at < piece.length; at++) {
      const last = index + 1 < pieces.length ? "" : " ";
      literal(piece[at]!, piece[at + 1] ?? last);
    }
  }
  // The shell will refuse it, or read it otherwise than here.
  if (inQuotes || isEscaped) needsShell = isTameOnly = true;
  const first = tokens.find((token) => typeof token !== "string");
  const name = first ? plainWords(first)[0] ?? "" : "";
  if (SHELL_WORDS.has(name) || /^\w+=/.test(name)) needsShell = true;
  return { tokens, needsShell, isTameOnly };
}

/**
 * The word as it goes to the shell; undefined where a value is not tame and the
 * word is not either, or only tame ones may be filled in.
 */
export function renderWord(
  word: Word,
  isTameOnly: boolean,
): string | undefined {
  const holes = word.raw.filter((piece) => typeof piece !== "string");
  if (holes.every(({ values }) => values.every((one) => TAME.test(one)))) {
    const text = word.raw.map(textOf).join("");
    // An empty value is a word too, but no values are no word.
    const isEmpty = text === "" &&
      holes.some(({ values }) => values.length > 0);
    return isEmpty ? "''" : text;
  }
  if (isTameOnly || !word.isTame) return undefined;
  if (word.raw.length > 1 && holes.some(({ isList }) => isList)) {
    return undefined;
  }
  // What is not a value keeps its meaning without quotes.
  return word.cooked.map((piece) =>
    typeof piece === "string" ? piece : piece.values.map(quote).join(" ")
  ).join("");
}

/** The arguments that the word is to a program. */
export function plainWords(word: Word): string[] {
  const [only] = word.raw;
  if (word.raw.length === 1 && typeof only === "object" && only.isList) {
    return [...only.values];
  }
  return [word.cooked.map(textOf).join("")];
}

function textOf(piece: Piece): string {
  return typeof piece === "string" ? piece : piece.values.join(" ");
}
