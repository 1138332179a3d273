/**
 * Line ends on their way in and out. Files hold LF, as everywhere on Unix; what
 * comes from the network has CRLF.
 */

const CR = 0x0d;
const LF = 0x0a;

/** Changes bytes that come in pieces of any size. */
export interface Step {
  /** What the next bytes become; some of them may be held back. */
  push(chunk: Uint8Array): Uint8Array[];
  /** Nothing more will come: what was held back. */
  end(): Uint8Array[];
}

/** Sends chunks through the steps, the first one first. */
export function* through(
  chunks: Iterable<Uint8Array>,
  ...steps: Step[]
): Generator<Uint8Array> {
  const [first, ...rest] = steps;
  if (!first) {
    yield* chunks;
    return;
  }
  yield* through(one(), ...rest);

  function* one(): Generator<Uint8Array> {
    for (const chunk of chunks) yield* first!.push(chunk);
    yield* first!.end();
  }
}

/**
 * CRLF as LF. With `"wire"` only where the first line ends in CRLF: then it is
 * the network's form. A message whose first line ends in LF is one from a file,
 * and stays as it is to the last byte, stray CRs included.
 */
export class ToLf implements Step {
  #changes: boolean | undefined;
  #heldCr = false;

  constructor(when: "always" | "wire") {
    if (when === "always") this.#changes = true;
  }

  push(chunk: Uint8Array): Uint8Array[] {
    if (chunk.length === 0) return [];
    if (this.#changes === undefined) {
      const lf = chunk.indexOf(LF);
      if (lf >= 0) {
        this.#changes = lf > 0 ? chunk[lf - 1] === CR : this.#heldCr;
      }
    }
    const pieces: Uint8Array[] = [];
    if (this.#heldCr && !(this.#changes && chunk[0] === LF)) {
      pieces.push(Uint8Array.of(CR));
    }
    const length = chunk.length;
    this.#heldCr = this.#changes !== false && chunk[length - 1] === CR;
    const end = this.#heldCr ? length - 1 : length;
    pieces.push(
      this.#changes
        ? withoutCrs(chunk.subarray(0, end))
        : chunk.subarray(0, end),
    );
    return pieces;
  }

  end(): Uint8Array[] {
    return this.#heldCr ? [Uint8Array.of(CR)] : [];
  }
}

/** A copy without the CRs in front of an LF; the same where there are none. */
function withoutCrs(bytes: Uint8Array): Uint8Array {
  let cr = bytes.indexOf(CR);
  if (cr < 0) return bytes;
  const out = new Uint8Array(bytes.length);
  let size = 0;
  let from = 0;
  for (; cr >= 0; cr = bytes.indexOf(CR, cr + 1)) {
    if (bytes[cr + 1] !== LF) continue;
    out.set(bytes.subarray(from, cr), size);
    size += cr - from;
    from = cr + 1;
  }
  out.set(bytes.subarray(from), size);
  return out.subarray(0, size + bytes.length - from);
}

/** LF as CRLF, for a box whose lines end so; there is no CRLF among them. */
export class ToCrlf implements Step {
  push(chunk: Uint8Array): Uint8Array[] {
    let count = 0;
    for (let at = chunk.indexOf(LF); at >= 0; at = chunk.indexOf(LF, at + 1)) {
      count++;
    }
    if (count === 0) return [chunk];
    const out = new Uint8Array(chunk.length + count);
    let size = 0;
    let from = 0;
    for (let at = chunk.indexOf(LF); at >= 0; at = chunk.indexOf(LF, at + 1)) {
      out.set(chunk.subarray(from, at), size);
      size += at - from;
      out[size++] = CR;
      out[size++] = LF;
      from = at + 1;
    }
    out.set(chunk.subarray(from), size);
    return [out];
  }

  end(): Uint8Array[] {
    return [];
  }
}

/** Sees to it that what is there ends in a line end. */
export function* finished(
  chunks: Iterable<Uint8Array>,
  lineEnd: string,
): Generator<Uint8Array> {
  let last: number | undefined;
  for (const chunk of chunks) {
    if (chunk.length > 0) last = chunk[chunk.length - 1];
    yield chunk;
  }
  if (last !== undefined && last !== LF) {
    yield new TextEncoder().encode(lineEnd);
  }
}
