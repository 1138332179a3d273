/**
 * Where in a mailcap command something is to be filled in: as the name of a
 * command, as its argument, or in what another shell will read. Pure.
 *
 * @module
 */

/** What gives its arguments, or some of them, to a shell or runs them as code. */
const READS_CODE = new Set(
  // Shells, and their own commands.
  ("sh ash bash csh dash fish ksh mksh rbash tcsh zsh alias declare eval " +
    "coproc export getopts let local mapfile read readarray readonly trap " +
    "typeset unset [[ " +
    // Terminals.
    "alacritty foot gnome-terminal konsole kitty lxterminal mate-terminal " +
    "rxvt st terminator tilix urxvt uxterm wezterm x-terminal-emulator " +
    "xfce4-terminal xterm " +
    // Those who run commands, and languages.
    "at batch chroot find flock parallel rsh runuser screen script ssh su tmux " +
    "watch awk bun deno ed emacs ex expect gawk gdb lua m4 make mawk nawk node " +
    "perl php python ruby sed tclsh wish").split(" "),
);

/** Words behind which a command begins. */
const PREFIXES = new Set(
  ("! { } . builtin busybox chrt command do doas elif else env exec if ionice " +
    "nice nohup setsid source stdbuf sudo then time timeout until while xargs")
    .split(" "),
);

/** Options behind which a command begins in many programs. */
const CODE_OPTION = /^(?:-[a-z]{0,3}[ce]|--?(?:command|eval|exec|execute))$/i;

/** What the shell makes another word of, or several. */
const EXPANDS = /[$*?]|[\[{]./;

/**
 * Follows a command from its beginning. Quotes are looked through: what they
 * hold may be read as a command too, by whoever gets it. Whatever is in doubt is
 * taken for the place where a command begins.
 */
export class Position {
  /**
   * Whether there was a command that reads its arguments as code, or one whose
   * name only the shell will know.
   */
  readsCode = false;
  /** The word so far, without quotes. */
  #word = "";
  /** Whether it holds an equals sign; to look each time would take long. */
  #hasEquals = false;
  /** Whether it holds anything but `-` and `+`. */
  #hasText = false;
  /** The word before it. */
  #last = "";
  /** Whether the name of a command is still to come. */
  #beforeCommand = true;
  /** Whether the next word may belong to the option before it. */
  #afterOption = false;
  /** Whether the next word is a file to read or write. */
  #redirected = false;
  /** Whether something came before the command: a prefix, a redirection. */
  #skipped = false;
  /**
   * Whether a quote came then. What it holds may be several words or a part of
   * one (`A="b c" %s`), so it is not known any more what is a command.
   */
  #lost = false;
  /** Whether the shell may take arguments for names of variables. */
  #takesNames = false;

  /** The next character of the command. */
  push(char: string): void {
    switch (char) {
      case "'":
      case '"':
      case "\\":
        if (
          this.#beforeCommand && (this.#skipped || this.#hasEquals)
        ) {
          this.#lost = true;
        }
        break;
      case " ":
      case "\t":
        this.end();
        break;
      case "<":
      case ">":
        this.end();
        this.#redirected = true;
        if (this.#beforeCommand) this.#skipped = true;
        break;
      case "&":
      case ";":
      case "|":
      case "(":
      case ")":
      case "`": {
        // `>&` and `>|` redirect, unless the first was quoted.
        const redirected = this.#redirected && this.#word === "";
        this.end();
        this.#beforeCommand = true;
        this.#redirected = this.#skipped = redirected;
        this.#afterOption = false;
        this.#last = "";
        break;
      }
      default:
        this.#word += char;
        if (char === "=") this.#hasEquals = true;
        if (char !== "-" && char !== "+") this.#hasText = true;
    }
  }

  /** The word ends here. */
  end(): void {
    const word = this.#word;
    if (word === "") return;
    this.#last = word;
    this.#word = "";
    this.#hasEquals = this.#hasText = false;
    const name = word.slice(word.lastIndexOf("/") + 1);
    // python3.11 is python. Cut short, for time: no such name is longer.
    const reads = READS_CODE.has(name.slice(0, 32).replace(/[\d.]+$/, ""));
    if (reads) this.readsCode = true;
    if (/^(?:test|\[|printf|wait)$/.test(name)) this.#takesNames = true;
    // A subscript in a variable's name is evaluated, and may run a command.
    if (/^-[vRp]$/.test(word) && this.#takesNames) this.readsCode = true;
    if (this.#redirected) this.#redirected = false;
    else if (this.readsCode && CODE_OPTION.test(word)) {
      this.#beforeCommand = this.#skipped = true;
      this.#afterOption = false;
    } else if (this.#beforeCommand) this.#lookForCommand(word, name, reads);
  }

  /**
   * The file's name as it may stand here; undefined where no name may. So that
   * it is no option, no command (`less +!reboot`), no URL and no assignment it
   * may get `./` in front, and where a command begins always: then only the file
   * itself can be run.
   */
  file(name: string): string | undefined {
    const first = name.slice(0, (name + "/").indexOf("/"));
    let path = /^[^\p{L}\p{N}_.]|[:=]/u.test(first) ? `./${name}` : name;
    if (this.#beforeCommand) {
      if (this.#word === "") {
        if (!path.includes("/")) path = `./${path}`;
      } else if (!/^\w+=$/.test(this.#word)) return undefined;
    }
    this.push("x");
    return path;
  }

  /**
   * The type or parameter as it may stand here; undefined where it would become
   * a command, an option or a file.
   */
  argument(value: string): string | undefined {
    if (this.#beforeCommand || this.#redirected) return undefined;
    if (value === "") return value;
    if (!this.#hasText) {
      if (this.#word !== "" || /^[-+]/.test(value)) return undefined;
      if (CODE_OPTION.test(this.#last)) return undefined;
    }
    this.push("x");
    return value;
  }

  #lookForCommand(word: string, name: string, reads: boolean): void {
    if (word.startsWith("-")) this.#afterOption = true;
    else if (this.#afterOption) this.#afterOption = false;
    else if (EXPANDS.test(word)) this.readsCode = true;
    else {
      this.#beforeCommand = this.#lost || reads || PREFIXES.has(name) ||
        word.includes("=") || /^[\d.]+[smhd]?$/.test(word);
    }
    this.#skipped = true;
  }
}
