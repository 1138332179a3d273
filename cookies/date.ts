const MONTHS = "janfebmaraprmayjunjulaugsepoctnovdec";

/**
 * Reads a date as user agents do (RFC 6265bis section 5.1.1), in nearly any
 * form; undefined where it is none.
 */
export function parseCookieDate(text: string): Date | undefined {
  let time: [number, number, number] | undefined;
  let day = -1;
  let month = -1;
  let year = -1;
  // Steps 1 and 2: each token is the first thing that it can be and that is not
  // yet there.
  for (let at = 0; at < text.length;) {
    if (isDelimiter(text.charCodeAt(at))) {
      at++;
      continue;
    }
    const start = at;
    while (at < text.length && !isDelimiter(text.charCodeAt(at))) at++;
    const token = text.slice(start, at);
    // Step 2.1
    if (time === undefined) {
      time = timeOf(token);
      if (time !== undefined) continue;
    }
    const digits = leadingDigits(token);
    // Step 2.2
    if (day < 0 && (digits === 1 || digits === 2)) {
      day = Number(token.slice(0, digits));
      continue;
    }
    // Step 2.3
    if (month < 0) {
      month = monthOf(token);
      if (month >= 0) continue;
    }
    // Step 2.4
    if (year < 0 && digits >= 2 && digits <= 4) {
      year = Number(token.slice(0, digits));
    }
  }
  // Step 5, as far as something is missing.
  if (time === undefined || day < 0 || month < 0 || year < 0) return undefined;
  // Steps 3 and 4
  if (year >= 70 && year <= 99) year += 1900;
  else if (year >= 0 && year <= 69) year += 2000;
  // Step 5
  const [hour, minute, second] = time;
  if (day < 1 || day > 31 || year < 1601) return undefined;
  if (hour > 23 || minute > 59 || second > 59) return undefined;
  // Step 6: `Date.UTC` would make a March 2 of a February 30.
  const date = new Date(Date.UTC(year, month, day, hour, minute, second));
  return date.getUTCDate() === day ? date : undefined;
}

function isDelimiter(code: number): boolean {
  return code === 0x09 || code >= 0x20 && code <= 0x2f ||
    code >= 0x3b && code <= 0x40 || code >= 0x5b && code <= 0x60 ||
    code >= 0x7b && code <= 0x7e;
}

function isDigit(code: number): boolean {
  return code >= 0x30 && code <= 0x39;
}

/** How many digits the token begins with; more than four count as five. */
function leadingDigits(token: string): number {
  let count = 0;
  while (count < 5 && isDigit(token.charCodeAt(count))) count++;
  return count;
}

/** Hour, minute and second where the token begins so. */
function timeOf(token: string): [number, number, number] | undefined {
  const found = /^(\d{1,2}):(\d{1,2}):(\d{1,2})(?!\d)/.exec(token);
  if (found === null) return undefined;
  return [Number(found[1]), Number(found[2]), Number(found[3])];
}

/** 0 to 11; -1 where the token does not begin with a month. */
function monthOf(token: string): number {
  if (token.length < 3) return -1;
  const at = MONTHS.indexOf(token.slice(0, 3).toLowerCase());
  return at % 3 === 0 ? at / 3 : -1;
}

/** A date as headers have it (RFC 9110 section 5.6.7). */
export function formatDate(date: Date): string {
  return date.toUTCString();
}
