import { type BodyStream, bodyStream } from "../../_wire/body_stream.ts";
import type { ByteReader } from "../../_wire/byte_reader.ts";
import { cleanLength } from "../../_wire/crlf_writer.ts";
import { DotReader } from "../../_wire/dot_reader.ts";
import { ProtocolError } from "../../_wire/errors.ts";
import { SmtpError } from "../smtp/smtp_error.ts";
import { tooLarge } from "./parse_command.ts";

const CR = 0x0d;
const LF = 0x0a;

/** Where the bytes of a message, or of one chunk of it, come from. */
interface Source {
  read(into: Uint8Array): Promise<number | null>;
}

/**
 * A message as it comes in: one source after another, a stream over all of
 * them, and what is wrong with it. The stream errors as soon as something is;
 * the sources are read to their ends all the same, since what follows them are
 * commands.
 */
export class Incoming {
  /** Why the message cannot be accepted, as far as it has come. */
  refusal: SmtpError | undefined;
  /** Why it will never be whole. */
  failure: unknown;
  readonly #body: BodyStream;
  #maxSize: number;
  #binary: boolean;
  #size = 0;
  #afterCr = false;
  #ended = false;
  #source: Source | undefined;
  /** Settled when the source has been read to its end. */
  #drained = Promise.withResolvers<void>();
  /** Settled when there is a next source, or the message has ended. */
  #more = Promise.withResolvers<void>();
  /** Reads of the handler and of `drain` must not overtake one another. */
  #reading: Promise<unknown> = Promise.resolve();

  constructor(
    o: { maxSize: number; binary: boolean; expected: number | undefined },
  ) {
    this.#maxSize = o.maxSize;
    this.#binary = o.binary;
    const chunk = Math.max(1_024, (o.expected ?? 65_536) + 1_024);
    this.#body = bodyStream({
      read: (into) => this.#read(into),
      // What the handler does not want is drained when it is done.
      cancel: () => Promise.resolve(),
    }, chunk);
    this.#drained.promise.catch(() => {});
    this.#more.promise.catch(() => {});
  }

  /** What the handler gets. */
  get stream(): BodyStream["stream"] {
    return this.#body.stream;
  }

  /** Gives the message its next part; resolves when it has been read. */
  feed(source: Source): Promise<void> {
    this.#source = source;
    this.#drained = Promise.withResolvers();
    this.#drained.promise.catch(() => {});
    this.#more.resolve();
    return this.#drained.promise;
  }

  /** Nothing more comes: what was read is all of the message. */
  end(): void {
    if (this.#afterCr && !this.#binary) this.#refuse(bareLineEnd());
    this.#ended = true;
    this.#more.resolve();
  }

  /** Nothing more comes, and what was read is no message. */
  fail(reason: unknown): void {
    this.failure ??= reason;
    this.#body.fail(reason);
    this.#drained.reject(reason);
    this.#ended = true;
    this.#more.resolve();
  }

  /** Reads the rest of the source, which nobody wants. */
  async drain(): Promise<void> {
    if (!this.#source) return;
    const waste = new Uint8Array(64 * 1024);
    while (this.#source) {
      const read = this.#reading.then(() => this.#take(waste));
      this.#reading = read.catch(() => {});
      await read;
    }
  }

  /** For the handler. */
  #read(into: Uint8Array): Promise<number | null> {
    const read = this.#reading.then(async () => {
      for (;;) {
        if (this.refusal) throw this.refusal;
        const count = await this.#take(into);
        if (this.refusal) throw this.refusal;
        if (count !== null) return count;
        if (this.#ended) return null;
        this.#more = Promise.withResolvers();
        return undefined;
      }
    });
    this.#reading = read.catch(() => {});
    // Waiting for the next chunk must not keep `drain` out.
    return read.then((count) =>
      count === undefined
        ? this.#more.promise.then(() => this.#read(into))
        : count
    );
  }

  /** Some of the source; null where there is none, or at its end. */
  async #take(into: Uint8Array): Promise<number | null> {
    if (!this.#source) return null;
    try {
      const count = await this.#source.read(into);
      if (count === null) {
        this.#source = undefined;
        this.#drained.resolve();
        return null;
      }
      this.#check(into.subarray(0, count));
      return count;
    } catch (error) {
      this.#source = undefined;
      this.fail(error);
      throw error;
    }
  }

  #check(chunk: Uint8Array): void {
    this.#size += chunk.length;
    if (this.#size > this.#maxSize) this.#refuse(tooLarge(this.#maxSize));
    if (this.#binary || this.refusal) return;
    if (this.#afterCr && chunk[0] !== LF) return this.#refuse(bareLineEnd());
    const rest = this.#afterCr ? chunk.subarray(1) : chunk;
    const clean = cleanLength(rest, false);
    this.#afterCr = clean === rest.length - 1 && rest[clean] === CR;
    if (clean < rest.length && !this.#afterCr) this.#refuse(bareLineEnd());
  }

  #refuse(error: SmtpError): void {
    if (this.refusal) return;
    this.refusal = error;
    this.#body.fail(error);
    // Nobody can read it through the stream any more.
    this.drain().catch(() => {});
  }
}

/**
 * What one server takes for a line end and the next one does not lets a sender
 * hide a message inside another (RFC 5321 section 2.3.8).
 */
function bareLineEnd(): SmtpError {
  return new SmtpError(
    550,
    "5.6.11",
    "The message has a bare CR or LF; lines end in CRLF",
  );
}

/** The text behind DATA, up to its lone dot. */
export function dataSource(bytes: ByteReader): Source {
  const dots = new DotReader(bytes);
  return { read: (into) => dots.read(into) };
}

/** The octets behind BDAT. */
export function chunkSource(bytes: ByteReader, size: number): Source {
  let left = size;
  return {
    async read(into) {
      if (left === 0) return null;
      const count = await bytes.read(
        left < into.length ? into.subarray(0, left) : into,
      );
      if (count === null) {
        throw new ProtocolError(
          `Cannot read the message: the client hung up ${left} bytes before ` +
            "the end of a chunk",
        );
      }
      left -= count;
      return count;
    },
  };
}
