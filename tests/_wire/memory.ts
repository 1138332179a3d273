/**
 * Connections without a socket: what comes, and in which pieces, is the test's
 * to say.
 *
 * @module
 */
import { Connection, type ConnectionSetup } from "../../_wire/connection.ts";
import { withDefaults } from "../../_wire/limits.ts";
import type { Transport } from "../../_wire/transport.ts";
import { Watchdog } from "../../_wire/watchdog.ts";

// A test may put a clock of its own in its place.
const realSetTimeout = setTimeout;

/** Bytes in pieces, and how often they were asked for. */
export interface Pieces {
  /** What a `ByteReader` reads from. */
  read(into: Uint8Array): Promise<number | null>;
  /** How often `read` was called. */
  asked: number;
}

/** A source that gives one piece for each read, then the end. */
export function pieces(parts: Iterable<Uint8Array>): Pieces {
  const left = [...parts].filter((part) => part.length > 0);
  return {
    asked: 0,
    read(into) {
      this.asked++;
      const part = left.shift();
      if (!part) return Promise.resolve(null);
      const count = Math.min(part.length, into.length);
      into.set(part.subarray(0, count));
      if (count < part.length) left.unshift(part.subarray(count));
      return Promise.resolve(count);
    },
  };
}

/** The bytes of a text, as UTF-8. */
export function bytes(text: string): Uint8Array<ArrayBuffer> {
  return new TextEncoder().encode(text);
}

/** The text of bytes, as UTF-8. */
export function text(data: Uint8Array): string {
  return new TextDecoder("utf-8", { ignoreBOM: true }).decode(data);
}

/** One after the other. */
export function concat(parts: Iterable<Uint8Array>): Uint8Array<ArrayBuffer> {
  const all = [...parts];
  const joined = new Uint8Array(all.reduce((sum, p) => sum + p.length, 0));
  let at = 0;
  for (const part of all) {
    joined.set(part, at);
    at += part.length;
  }
  return joined;
}

/** Each byte alone. */
export function everyByte(data: Uint8Array): Uint8Array[] {
  return Array.from(data, (byte) => Uint8Array.of(byte));
}

/** Lets everything that is ready run; waits for nothing else. */
export function eventLoopTurn(): Promise<void> {
  return new Promise((resolve) => realSetTimeout(resolve, 0));
}

/** Whether the promise has settled by now. */
export async function isSettled(promise: Promise<unknown>): Promise<boolean> {
  let settled = false;
  promise.then(() => settled = true, () => settled = true);
  await eventLoopTurn();
  return settled;
}

/** What a connection of these tests is made with. */
export function setup(
  options: Partial<ConnectionSetup> & { timeout?: number } = {},
): ConnectionSetup {
  const { timeout = 0, ...rest } = options;
  return {
    watchdog: new Watchdog(timeout),
    limits: withDefaults(),
    ...rest,
  };
}

/** A connection over a transport that exists in memory only. */
export interface MemoryConnection {
  connection: Connection;
  /** All that was written. */
  sent: Uint8Array[];
  /** What it read from. */
  source: Pieces;
}

/** A connection on which `parts` arrive, one for each read. */
export function memoryConnection(
  parts: Iterable<Uint8Array>,
  options: Partial<ConnectionSetup> & { timeout?: number } = {},
  overrides: Partial<Transport> = {},
): MemoryConnection {
  const source = pieces(parts);
  const sent: Uint8Array[] = [];
  const transport: Transport = {
    read: (into) => source.read(into),
    write(data) {
      sent.push(data.slice());
      return Promise.resolve(data.length);
    },
    closeWrite: () => Promise.resolve(),
    close() {},
    ...overrides,
  };
  const connection = new Connection(
    transport as unknown as Deno.Conn,
    setup(options),
  );
  return { connection, sent, source };
}
