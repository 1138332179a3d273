/**
 * Ways of cutting bytes up, for testing that a parser gives the same answer
 * however its input arrives.
 *
 * @module
 */

/** A source of numbers from 0 (included) to 1 (not included). */
export type Random = () => number;

/**
 * A small generator (mulberry32) that gives the same numbers for the same
 * seed on every machine, so that a failing case can be run again.
 */
export function seededRandom(seed: number): Random {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 0x1_0000_0000;
  };
}

/**
 * Cuts bytes into pieces of random length, none of them empty.
 *
 * Short and long pieces are equally likely, so that cuts inside a line end and
 * pieces that hold many lines both come up.
 */
export function randomSlices(
  bytes: Uint8Array<ArrayBuffer>,
  random: Random,
): Uint8Array<ArrayBuffer>[] {
  const slices: Uint8Array<ArrayBuffer>[] = [];
  for (let at = 0; at < bytes.length;) {
    // The exponent, not the length, is uniform.
    const most = 2 ** (random() * Math.log2(bytes.length + 1));
    const end = at + Math.max(1, Math.floor(most));
    slices.push(bytes.slice(at, end));
    at = end;
  }
  return slices;
}

/**
 * Every way of cutting bytes in two, the uncut ones with an empty first or
 * last part included.
 */
export function* everySplit(
  bytes: Uint8Array<ArrayBuffer>,
): Generator<[Uint8Array<ArrayBuffer>, Uint8Array<ArrayBuffer>]> {
  for (let at = 0; at <= bytes.length; at++) {
    yield [bytes.slice(0, at), bytes.slice(at)];
  }
}
