import { toByteString } from "../../_wire/text.ts";

const LF = 0x0a;

/** What is read at a time. */
export const CHUNK = 256 * 1024;

/** A file seen through a buffer: large reads, and no copy of what is seen. */
export class FileWindow {
  readonly #file: Deno.FsFile;
  /** Bytes of the file that are looked at; what is appended later is not. */
  readonly size: number;
  readonly #chunk: number;
  #buffer: Uint8Array = new Uint8Array();
  /** Where in the file the buffer begins. */
  #start = 0;
  #length = 0;
  /** The buffer as a byte string, once somebody has searched it. */
  #text: string | undefined;

  constructor(file: Deno.FsFile, size: number, chunk = CHUNK) {
    this.#file = file;
    this.size = size;
    this.#chunk = chunk;
  }

  /**
   * The bytes at `at`, at least `least` of them where the file has so many, and
   * as many more as are at hand. They are good until the next call.
   */
  view(at: number, least: number): Uint8Array {
    const wanted = Math.min(least, this.size - at);
    if (wanted <= 0) return new Uint8Array();
    const offset = at - this.#start;
    if (offset < 0 || offset + wanted > this.#length) {
      this.#fill(at, wanted);
      return this.#buffer.subarray(0, this.#length);
    }
    return this.#buffer.subarray(offset, this.#length);
  }

  /** Behind the line that begins at `at`. */
  lineAfter(at: number): number {
    for (
      let view = this.view(at, 1);
      view.length > 0;
      view = this.view(at, 1)
    ) {
      const lf = view.indexOf(LF);
      if (lf >= 0) return at + lf + 1;
      at += view.length;
    }
    return this.size;
  }

  /**
   * Where `needle` comes next, from `from` on, in what is at hand; otherwise
   * `-1 - next`, where the search has to go on, or -1 at the end of the file.
   * A string is searched several times as fast as bytes.
   */
  find(needle: string, from: number): number {
    if (this.view(from, needle.length).length < needle.length) return -1;
    this.#text ??= toByteString(this.#buffer.subarray(0, this.#length));
    const found = this.#text.indexOf(needle, from - this.#start);
    if (found >= 0) return this.#start + found;
    const end = this.#start + this.#length;
    return end >= this.size ? -1 : -1 - (end - needle.length + 1);
  }

  #fill(at: number, least: number): void {
    const length = Math.min(Math.max(least, this.#chunk), this.size - at);
    if (this.#buffer.length < length) this.#buffer = new Uint8Array(length);
    this.#text = undefined;
    this.#start = at;
    this.#length = readAt(this.#file, at, this.#buffer.subarray(0, length));
  }
}

/** Lets others work when much was read or written in one go. */
export class Breather {
  #next = 0;

  /** To be called now and then, with the bytes done so far. */
  async at(done: number): Promise<void> {
    if (done < this.#next) return;
    if (this.#next > 0) await new Promise((resolve) => setTimeout(resolve));
    this.#next = done + 32 * 1024 * 1024;
  }
}

/** Reads until `into` is full or the file ends; how many bytes that were. */
export function readAt(
  file: Deno.FsFile,
  at: number,
  into: Uint8Array,
): number {
  file.seekSync(at, Deno.SeekMode.Start);
  let size = 0;
  while (size < into.length) {
    const count = file.readSync(into.subarray(size));
    if (count === null) break;
    size += count;
  }
  return size;
}

/** The file's bytes from `from` to `to`; each chunk is good until the next. */
export function* readRange(
  file: Deno.FsFile,
  from: number,
  to: number,
): Generator<Uint8Array> {
  const buffer = new Uint8Array(Math.max(0, Math.min(CHUNK, to - from)));
  for (let at = from; at < to;) {
    const into = buffer.subarray(0, Math.min(buffer.length, to - at));
    const count = readAt(file, at, into);
    if (count === 0) {
      throw new Deno.errors.UnexpectedEof(
        `the file is shorter than ${to} bytes by now`,
      );
    }
    yield into.subarray(0, count);
    at += count;
  }
}

/** Writes all of it where the file stands. */
export function writeAll(file: Deno.FsFile, bytes: Uint8Array): void {
  for (let at = 0; at < bytes.length;) at += file.writeSync(bytes.subarray(at));
}

/** Bytes that tell how a message ends. */
const TAIL = 64;

/**
 * Writes to a file in large pieces. Somebody else may read it meanwhile, and
 * move its position.
 */
export class Output {
  readonly #file: Deno.FsFile;
  readonly #buffer = new Uint8Array(CHUNK);
  #length = 0;
  /** Bytes that the file has by now, or will have. */
  size: number;
  readonly #tail = new Uint8Array(TAIL);

  /** Goes on behind byte `size`; `tail` are the bytes in front of that. */
  constructor(
    file: Deno.FsFile,
    size = 0,
    tail: Uint8Array = new Uint8Array(),
  ) {
    this.#file = file;
    this.size = size;
    this.#remember(tail);
  }

  /** The last bytes, as many as tell how a message ends. */
  get tail(): Uint8Array {
    return this.#tail.subarray(Math.max(0, TAIL - this.size));
  }

  write(bytes: Uint8Array): void {
    if (this.#length + bytes.length > CHUNK) this.flush();
    if (bytes.length > CHUNK) this.#put(bytes, this.size);
    else {
      this.#buffer.set(bytes, this.#length);
      this.#length += bytes.length;
    }
    this.size += bytes.length;
    this.#remember(bytes);
  }

  /** Hands on what is left. */
  flush(): void {
    const start = this.size - this.#length;
    this.#put(this.#buffer.subarray(0, this.#length), start);
    this.#length = 0;
  }

  #put(bytes: Uint8Array, at: number): void {
    if (bytes.length === 0) return;
    this.#file.seekSync(at, Deno.SeekMode.Start);
    writeAll(this.#file, bytes);
  }

  #remember(bytes: Uint8Array): void {
    const last = bytes.subarray(-TAIL);
    this.#tail.copyWithin(0, last.length);
    this.#tail.set(last, TAIL - last.length);
  }
}
