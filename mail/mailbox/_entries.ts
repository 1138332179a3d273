/**
 * Where the messages of a file are: 29 bytes for each of them. Keys are their
 * numbers, which stay when others are removed.
 */
export class Entries {
  #starts = new Float64Array(64);
  #contents = new Float64Array(64);
  #ends = new Float64Array(64);
  #prints = new Uint32Array(64);
  #gone = new Uint8Array(64);
  /** How many there are, with those that are gone. */
  length = 0;
  /** How many there are without them. */
  count = 0;

  /**
   * Adds one: where its record begins, where the message in it begins and ends,
   * and the record's first bytes, by which it is known again.
   */
  push(start: number, content: number, end: number, first: Uint8Array): void {
    const at = this.length;
    if (at === this.#starts.length) this.#grow();
    this.#starts[at] = start;
    this.#contents[at] = content;
    this.#ends[at] = end;
    this.#prints[at] = fingerprint(first.subarray(0, end - start));
    this.#gone[at] = 0;
    this.length++;
    this.count++;
  }

  /** Where the record begins. */
  start(index: number): number {
    return this.#starts[index]!;
  }

  /** Where the message in it begins. */
  content(index: number): number {
    return this.#contents[index]!;
  }

  /** Where the message in it ends. */
  end(index: number): number {
    return this.#ends[index]!;
  }

  /** Whether it is there. */
  has(index: number): boolean {
    return index < this.length && this.#gone[index] === 0;
  }

  /** It is not in the file any more; the others keep their numbers. */
  drop(index: number): void {
    if (!this.has(index)) return;
    this.#gone[index] = 1;
    this.count--;
  }

  /** Corrects where a message ends. */
  setEnd(index: number, end: number): void {
    this.#ends[index] = end;
  }

  /** After the file was written anew: `fresh` has those that are there. */
  moveTo(fresh: Entries): void {
    for (let index = 0, at = 0; index < this.length; index++) {
      if (this.#gone[index]) continue;
      this.#starts[index] = fresh.#starts[at]!;
      this.#contents[index] = fresh.#contents[at]!;
      this.#ends[index] = fresh.#ends[at]!;
      this.#prints[index] = fresh.#prints[at]!;
      at++;
    }
  }

  /**
   * Whether the messages that are there are, to all appearances, also the first
   * ones of `other`, none of which is gone.
   */
  isPrefixOf(other: Entries): boolean {
    if (this.count > other.length) return false;
    for (let index = 0, at = 0; index < this.length; index++) {
      if (this.#gone[index]) continue;
      const same = this.#starts[index] === other.#starts[at] &&
        this.#contents[index] === other.#contents[at] &&
        this.#ends[index] === other.#ends[at] &&
        this.#prints[index] === other.#prints[at];
      if (!same) return false;
      at++;
    }
    return true;
  }

  /** Adds those of `other` from number `from` on. */
  append(other: Entries, from: number): void {
    for (let at = from; at < other.length; at++) {
      if (this.length === this.#starts.length) this.#grow();
      this.#starts[this.length] = other.#starts[at]!;
      this.#contents[this.length] = other.#contents[at]!;
      this.#ends[this.length] = other.#ends[at]!;
      this.#prints[this.length] = other.#prints[at]!;
      this.#gone[this.length] = 0;
      this.length++;
      this.count++;
    }
  }

  #grow(): void {
    const size = Math.ceil(1.5 * this.length);
    this.#starts = grown(this.#starts, new Float64Array(size));
    this.#contents = grown(this.#contents, new Float64Array(size));
    this.#ends = grown(this.#ends, new Float64Array(size));
    this.#prints = grown(this.#prints, new Uint32Array(size));
    this.#gone = grown(this.#gone, new Uint8Array(size));
  }
}

function grown<T extends { set(array: T): void }>(old: T, larger: T): T {
  larger.set(old);
  return larger;
}

/** FNV-1a over the first bytes, which hold the time of delivery. */
function fingerprint(bytes: Uint8Array): number {
  const end = Math.min(bytes.length, 64);
  let hash = 0x811c9dc5;
  for (let at = 0; at < end; at++) {
    hash = Math.imul(hash ^ bytes[at]!, 0x01000193);
  }
  return hash >>> 0;
}
