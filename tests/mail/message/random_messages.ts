/** Messages at random, whole and broken, the same ones each time. */
import type { Random } from "../../_support/random_slices.ts";
import { utf8 } from "./samples.ts";

/** Makes messages of one byte a character. */
export class RandomMessages {
  #random: Random;
  /** Short, alike, and one the beginning of another. */
  #boundaries = ["b", "bb", "b-", "b--", "=_x", "x y", "(c)'+_,-./:=?", "b2"];

  /** From numbers that are the same each time. */
  constructor(random: Random) {
    this.#random = random;
  }

  /** A number from 0 on. */
  below(count: number): number {
    return Math.floor(this.#random() * count);
  }

  /** One of them. */
  pick<T>(from: ArrayLike<T>): T {
    return from[this.below(from.length)]!;
  }

  #maybe(chance: number): boolean {
    return this.#random() < chance;
  }

  /** A message with nothing wrong in it. */
  message(depth = 3, lineEnd = this.pick(["\r\n", "\r\n", "\n"])): string {
    const fields = [
      "From: " + this.pick(ADDRESSES),
      "To: " + this.pick(ADDRESSES) + ", " + this.pick(ADDRESSES),
      "Subject: " + this.pick(SUBJECTS),
      "Date: Fri, 21 Nov 2025 10:38:59 +0100",
      "MIME-Version: 1.0",
    ].filter(() => this.#maybe(0.8));
    if (this.#maybe(0.2)) fields.push(this.pick(FIELDS));
    return this.#entity(fields, depth, new Set()).replaceAll("\n", lineEnd);
  }

  #entity(fields: string[], depth: number, used: Set<string>): string {
    if (depth > 0 && this.#maybe(0.6)) {
      if (this.#maybe(0.2)) {
        const header = [...fields, "Content-Type: message/rfc822"];
        const inner = ["Subject: " + this.pick(SUBJECTS)];
        return `${header.join("\n")}\n\n${
          this.#entity(inner, depth - 1, used)
        }`;
      }
      return this.#multipart(fields, depth, used);
    }
    return this.#leaf(fields);
  }

  #multipart(fields: string[], depth: number, used: Set<string>): string {
    const left = this.#boundaries.filter((one) => !used.has(one));
    const boundary = this.pick(left);
    // One that ends in "--" is the end of another.
    const inside = new Set([...used, boundary, `${boundary}--`]);
    if (boundary.endsWith("--")) inside.add(boundary.slice(0, -2));
    const subtype = this.pick(["mixed", "alternative", "related", "digest"]);
    const header = [
      ...fields,
      `Content-Type: multipart/${subtype}; boundary="${boundary}"`,
    ].join("\n");
    let body = this.#maybe(0.3) ? "This is the preamble.\n" : "";
    for (let count = 1 + this.below(3); count > 0; count--) {
      const part = subtype === "digest" && this.#maybe(0.5)
        ? `\nSubject: in a digest\n\n${this.pick(TEXTS)}`
        : this.#entity([], depth - 1, inside);
      body += `--${boundary}\n${part}\n`;
    }
    body += `--${boundary}--\n`;
    if (this.#maybe(0.2)) body += "The epilogue.\n";
    return `${header}\n\n${body}`;
  }

  #leaf(fields: string[]): string {
    const header = [...fields];
    let body = this.pick(TEXTS);
    switch (this.below(5)) {
      case 0:
        header.push("Content-Type: text/html; charset=utf-8");
        body = "<p>Hello</p>\n";
        break;
      case 1: {
        header.push("Content-Type: image/png; name=a.png");
        header.push("Content-Transfer-Encoding: base64");
        header.push("Content-Disposition: " + this.pick(DISPOSITIONS));
        const bytes = Array.from(
          { length: this.below(200) },
          () => String.fromCharCode(this.below(256)),
        ).join("");
        body = btoa(bytes).replace(/.{76}/g, "$&\n") + "\n";
        break;
      }
      case 2:
        header.push("Content-Type: text/plain; charset=iso-8859-1");
        header.push("Content-Transfer-Encoding: quoted-printable");
        body = "Gr=FC=DFe, and a long =\nline\n=20\n";
        break;
      case 3:
        header.push(
          "Content-Type: text/plain; charset=utf-8; format=flowed",
          "Content-Transfer-Encoding: 8bit",
        );
        body = utf8("Grüße, \nand more\n> > a \n> > b\n-- \nMe\n");
        break;
    }
    return `${header.join("\n")}\n\n${body}`;
  }

  /** The message with some of it broken. */
  broken(message: string, changes = 1 + this.below(4)): string {
    for (; changes > 0; changes--) message = this.#broken(message);
    return message;
  }

  #broken(message: string): string {
    const lines = message.split(/(?<=\n)/);
    const at = this.below(lines.length);
    const delimiters = lines.flatMap((line, index) =>
      line.startsWith("--") ? [index] : []
    );
    const delimiter = this.pick(delimiters) ?? at;
    switch (this.below(14)) {
      case 0:
        lines.splice(delimiter, 1);
        break;
      case 1:
        lines.splice(delimiter, 0, lines[delimiter]!);
        break;
      case 2:
        lines[delimiter] = lines[delimiter]!.trimEnd() +
          this.pick(["--\n", " \t\r\n", "-\n", "\r", "", "--x\n"]);
        break;
      case 3:
        lines.splice(at, 1);
        break;
      case 4:
        lines.splice(at, 0, lines[this.below(lines.length)]!);
        break;
      case 5:
        lines[at] = lines[at]!.replace(
          /\r?\n/,
          this.pick(["\n", "\r\n", "\r"]),
        );
        break;
      case 6:
        lines.splice(at, 0, this.pick(LINES));
        break;
      case 7:
        return message.slice(0, this.below(message.length + 1));
      case 8:
        return message.slice(this.below(message.length + 1));
      case 9:
        return message.replaceAll("\n", this.pick(["\r", "\r\n", "\n\n"]));
      case 10: {
        const index = this.below(message.length + 1);
        return message.slice(0, index) + this.pick(BYTES) +
          message.slice(index + this.below(3));
      }
      case 11:
        lines[at] = lines[at]!.slice(this.below(lines[at]!.length + 1));
        break;
      case 12: {
        const from = this.below(lines.length);
        lines.splice(at, 0, ...lines.slice(from, from + this.below(9)));
        break;
      }
      case 13:
        lines[at] = lines[at]!.replace(
          /["=;:]/,
          this.pick(["", '"', ";", ": "]),
        );
    }
    return lines.join("");
  }
}

const ADDRESSES = [
  "ada@example.com",
  "Ada Lovelace <ada@example.com>",
  '"Lovelace, Ada" <ada@example.com>',
  "=?utf-8?Q?Gr=C3=BC=C3=9Fe?= <hi@example.com>",
  "bob@example.org (Bob)",
  "Friends: a@example.com, b@example.com;",
];

const SUBJECTS = [
  "Hello",
  "=?utf-8?Q?Gr=C3=BC=C3=9Fe?= aus =?iso-8859-1?B?S/ZsbiA=?=",
  "a long one\n that is folded\n\ttwice",
  utf8("Grüße"),
  "",
];

const FIELDS = [
  "X-Empty:",
  "X-Folded:\n  one\n  two",
  "X-Colons: a: b: c",
  "Content-Language: de",
  "Bcc: secret@example.com",
];

const TEXTS = [
  "Hello\n",
  "Without a line end",
  "",
  "From here\n>From there\n",
  "-- \nAda\n",
  "--\n---\n",
  "\n\n\n",
  "begin 644 cat.txt\n#0V%T\n`\nend\n",
];

const DISPOSITIONS = [
  "attachment; filename=a.png",
  'inline; filename="a b.png"',
  "attachment; filename*=utf-8''Gr%C3%BC%C3%9Fe.png",
  "attachment; filename*0=aa; filename*1*=%62; filename*2=.png",
];

const LINES = [
  "--b\n",
  "--b--\n",
  "--bb\r\n",
  "--\n",
  "\n",
  "\r\n",
  " folded\n",
  "From ada@example.com Fri Nov 21 10:38:59 2025\n",
  "no field\n",
  ": no name\n",
  "Content-Type: multipart/mixed; boundary=b\n",
  "Content-Type: multipart/mixed\n",
  "Content-Type: message/rfc822\n",
  "Content-Type: nothing\n",
  "Content-Transfer-Encoding: base64\n",
  "Content-Transfer-Encoding: quoted-printable\n",
  "Content-Transfer-Encoding: x-unknown\n",
  "=ybegin line=128 size=3 name=a\n\x8b\x8c\x8d\n=yend size=3\n",
  "begin 644 a\n",
  "Subject: =?utf-8?B?4pyT\n",
];

const BYTES = [
  "\0",
  "\xff",
  "\x80\xa0",
  "\r",
  "\n",
  "\t",
  "=",
  "--",
  '"',
  "(",
  "\x1b",
];
