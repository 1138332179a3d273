/**
 * `.mh_sequences`: names for sets of messages, `unseen: 1-3 7` (mh-sequence(5)
 * of nmh). Ranges may be of any size, so they are never counted out: what they
 * hold is asked for the messages that are there.
 */
export type Sequences = Map<string, Set<number>>;

/** Reads the file; what is no number and no range is passed over. */
export function parseSequences(
  text: string,
  present: readonly number[],
): Sequences {
  const sequences: Sequences = new Map();
  // A line that begins with a blank goes on with the one before.
  for (const line of text.replaceAll(/\r?\n[ \t]+/g, " ").split(/\r?\n/)) {
    const colon = line.indexOf(":");
    const name = line.slice(0, Math.max(colon, 0)).trim();
    if (!isSequenceName(name)) continue;
    const ranges = parseRanges(line.slice(colon + 1));
    const numbers = sequences.get(name) ?? new Set();
    let range = 0;
    for (const number of present) {
      while (range < ranges.length && ranges[range]![1] < number) range++;
      if (range === ranges.length) break;
      if (ranges[range]![0] <= number) numbers.add(number);
    }
    sequences.set(name, numbers);
  }
  return sequences;
}

/** Ranges that do not overlap, in order. */
function parseRanges(text: string): [first: number, last: number][] {
  const ranges: [number, number][] = [];
  for (const word of text.split(/[ \t]+/)) {
    const match = /^(\d{1,15})(?:-(\d{1,15}))?$/.exec(word);
    if (!match) continue;
    const first = Number(match[1]);
    ranges.push([first, match[2] === undefined ? first : Number(match[2])]);
  }
  ranges.sort(([one], [other]) => one - other);
  const merged: [number, number][] = [];
  for (const [first, last] of ranges) {
    const before = merged.at(-1);
    if (before && first <= before[1]) before[1] = Math.max(before[1], last);
    else if (last >= first) merged.push([first, last]);
  }
  return merged;
}

/** Writes the file; sequences of nothing are left out. */
export function formatSequences(sequences: Sequences): string {
  let text = "";
  for (const [name, numbers] of sequences) {
    const sorted = [...numbers].sort((one, other) => one - other);
    const words: string[] = [];
    for (let at = 0; at < sorted.length;) {
      let end = at;
      while (sorted[end + 1] === sorted[end]! + 1) end++;
      words.push(
        end > at ? `${sorted[at]}-${sorted[end]}` : String(sorted[at]),
      );
      at = end + 1;
    }
    if (words.length > 0) text += `${name}: ${words.join(" ")}\n`;
  }
  return text;
}

/** A letter, and letters, digits and a few others, so that it stays a line. */
export function isSequenceName(name: string): boolean {
  return /^[A-Za-z][\w-]*$/.test(name);
}
