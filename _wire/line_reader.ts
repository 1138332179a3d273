import { TextLineStream } from "jsr:@std/streams@^1.0.0/text-line-stream";
import type { ByteReader } from "./byte_reader.ts";
import { ProtocolError } from "./errors.ts";
import { toByteString } from "./text.ts";

const CR = 0x0d;
const LF = 0x0a;

/** How a connection's lines become text. */
export type LineEncoding = "utf-8" | "latin1";

interface Feed {
  writer: WritableStreamDefaultWriter<string>;
  reader: ReadableStreamDefaultReader<string>;
  decode: (bytes: Uint8Array<ArrayBuffer>) => string;
}

/**
 * Lines on demand. A `TextLineStream` does the splitting but is fed by hand: a
 * chunk is read only when a line is wanted and none is there, so nothing is
 * ever read ahead, and a literal, a body or a TLS handshake can follow any
 * line. The bytes stay in the `ByteReader` until their line is handed out;
 * whoever reads bytes in between finds exactly what follows the last line, and
 * the next `readLine` starts anew behind them.
 */
export class LineReader {
  /** Longest line in bytes, its end included. */
  limit: number;
  /**
   * Whether a line that ends in a bare LF or holds a bare CR is refused: what
   * passes for a line end with one server and not with the next lets a sender
   * hide commands from one of them.
   */
  strict = false;
  #bytes: ByteReader;
  #encoding: LineEncoding;
  #feed: Feed | undefined;
  #position = 0;
  /** Bytes of a line not yet finished that the feed has been given. */
  #fed = 0;

  constructor(bytes: ByteReader, limit: number, encoding: LineEncoding) {
    this.#bytes = bytes;
    this.limit = limit;
    this.#encoding = encoding;
  }

  /** The next line without its end; undefined where the input ends. */
  async readLine(): Promise<string | undefined> {
    if (this.#fed > 0 && this.#bytes.position !== this.#position) {
      // Others read on in the middle of a line.
      this.#feed = undefined;
      this.#fed = 0;
    }
    this.#position = this.#bytes.position;
    const feed = this.#feed ??= openFeed(this.#encoding);
    for (;;) {
      const fresh = this.#bytes.peek(this.#fed);
      const end = fresh.indexOf(LF) + 1;
      const length = end || fresh.length;
      if (this.#fed + length > this.limit) this.#tooLong();
      if (length > 0) {
        this.#fed += length;
        // Not awaited: it settles when the line is read below.
        feed.writer.write(feed.decode(fresh.subarray(0, length)))
          .catch(() => {});
      }
      if (end > 0) break;
      if (!(await this.#bytes.fill())) {
        if (this.#fed === 0) return undefined;
        throw new ProtocolError(
          `Cannot read a line: the connection ended after ${this.#fed} bytes of it`,
        );
      }
    }
    const length = this.#fed;
    // The only CR, right before the LF.
    if (
      this.strict &&
      (length < 2 || this.#bytes.peek().indexOf(CR) !== length - 2)
    ) {
      throw new ProtocolError("Cannot read a line: it has a bare CR or LF");
    }
    const { value } = await feed.reader.read();
    this.#fed = 0;
    this.#bytes.consume(length);
    return value;
  }

  /** Bytes that were read past the lines, as text in the same encoding. */
  decode(bytes: Uint8Array<ArrayBuffer>): string {
    return this.#encoding === "latin1"
      ? toByteString(bytes)
      : new TextDecoder("utf-8", { ignoreBOM: true }).decode(bytes);
  }

  #tooLong(): never {
    throw new ProtocolError(
      `Cannot read a line: it is longer than ${this.limit} bytes`,
    );
  }
}

function openFeed(encoding: LineEncoding): Feed {
  const stream = new TextLineStream();
  const decoder = new TextDecoder("utf-8", { ignoreBOM: true });
  return {
    writer: stream.writable.getWriter(),
    reader: stream.readable.getReader(),
    decode: encoding === "latin1"
      ? toByteString
      // A character may lie across two chunks.
      : (bytes) => decoder.decode(bytes, { stream: true }),
  };
}
