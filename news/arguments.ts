/** What may stand in a command: refused here before anything is sent. */

/** An article: its number, its Message-ID, or the current one. */
export function checkArticle(id: number | string | undefined): string {
  if (id === undefined) return "";
  const isNumber = typeof id === "string" && /^\d+$/.test(id);
  if (typeof id === "number" || isNumber) {
    return String(checkNumber(Number(id)));
  }
  return checkMessageId(id);
}

/** A Message-ID with its angle brackets (RFC 3977 section 3.6). */
export function checkMessageId(id: string): string {
  const fits = typeof id === "string" &&
    /^<[\x21-\x3d\x3f-\x7e\u0080-\uffff]{1,248}>$/.test(id) &&
    id.isWellFormed() && new TextEncoder().encode(id).length <= 250;
  if (fits) return id;
  throw new TypeError(
    `Cannot ask for article ${JSON.stringify(id)}: it is neither a number ` +
      "nor a Message-ID in angle brackets",
  );
}

/** One article or several: `5`, `"5-"`, `"5-9"`, `"<id>"`. */
export function checkRange(range: number | string | undefined): string {
  return isRange(range) ? range : checkArticle(range);
}

/** Articles by their numbers: `"5"`, `"5-"`, `"5-9"`. */
export function checkNumbers(range: string): string {
  if (isRange(range)) return range;
  if (/^\d+$/.test(range)) return checkArticle(range);
  throw new TypeError(
    `Cannot ask for articles ${JSON.stringify(range)}: it is no range of ` +
      "numbers",
  );
}

function isRange(range: unknown): range is string {
  return typeof range === "string" && /^\d{1,16}-(\d{1,16})?$/.test(range);
}

/** A pattern for a header field, which may have blanks between its words. */
export function checkPattern(pattern: string): string {
  const fits = typeof pattern === "string" &&
    // deno-lint-ignore no-control-regex
    /^[^\x00-\x20\x7f]+( [^\x00-\x20\x7f]+)*$/.test(pattern) &&
    pattern.isWellFormed();
  if (fits) return pattern;
  throw new TypeError(
    `Cannot look for ${JSON.stringify(pattern)}: a pattern has words with a ` +
      "blank between them",
  );
}

/** One word, such as a group's name, a pattern or a keyword. */
export function checkWord(what: string, word: string): string {
  // deno-lint-ignore no-control-regex
  const fits = typeof word === "string" && /^[^\x00-\x20\x7f]+$/.test(word) &&
    word.isWellFormed();
  if (fits) return word;
  throw new TypeError(
    `Cannot use ${JSON.stringify(word)} as ${what}: it is not one word`,
  );
}

/** The name of a header field, or of what else a server knows: `":bytes"`. */
export function checkHeader(name: string): string {
  if (/^:?[\x21-\x39\x3b-\x7e]+$/.test(name)) return name;
  throw new TypeError(
    `Cannot ask for header ${JSON.stringify(name)}: it is no name of one`,
  );
}

/** A date and time as NEWGROUPS and NEWNEWS take it, two-digit years too. */
export function formatSince(since: Date, o: { shortYear: boolean }): string {
  const year = since.getUTCFullYear();
  // An invalid date's is NaN.
  if (!(year >= 0 && year <= 9999)) {
    throw new TypeError(`Cannot ask for what is new since ${since}`);
  }
  // RFC 977 section 3.7 has the closest century; there was no news before.
  const asked = o.shortYear && year < 1970 ? new Date(0) : since;
  const digits = asked.toISOString().replace(/\D/g, "");
  const day = digits.slice(o.shortYear ? 2 : 0, 8);
  return `${day} ${digits.slice(8, 14)} GMT`;
}

function checkNumber(number: number): number {
  if (Number.isSafeInteger(number) && number > 0) return number;
  throw new TypeError(
    `Cannot ask for article ${number}: it is no article's number`,
  );
}
