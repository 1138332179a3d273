/** Reading in bulk: the wire layer against the bare socket. */
import { bodyStream } from "../_wire/body_stream.ts";
import { ByteReader } from "../_wire/byte_reader.ts";
import { median, printTable } from "./_table.ts";

type Read = (conn: Deno.TcpConn, buffer: Uint8Array) => Promise<void>;

const WAYS: Record<string, Read> = {
  "conn.read": async (conn, buffer) => {
    while (await conn.read(buffer) !== null);
  },
  ByteReader: async (conn, buffer) => {
    const reader = new ByteReader((into) => conn.read(into));
    while (await reader.read(buffer) !== null);
  },
  "body stream, BYOB": async (conn, buffer) => {
    const bytes = new ByteReader((into) => conn.read(into));
    const { stream } = bodyStream({
      read: (into) => bytes.read(into),
      cancel: () => Promise.resolve(),
    });
    const reader = stream.getReader({ mode: "byob" });
    let own = new Uint8Array(buffer.length);
    for (;;) {
      const { done, value } = await reader.read(own);
      if (done) return;
      own = new Uint8Array(value.buffer);
    }
  },
  "body stream, default": async (conn) => {
    const bytes = new ByteReader((into) => conn.read(into));
    const { stream } = bodyStream({
      read: (into) => bytes.read(into),
      cancel: () => Promise.resolve(),
    });
    for await (const _ of stream);
  },
  "conn.readable, default": async (conn) => {
    for await (const _ of conn.readable);
  },
};

/** Runs the rows and prints them. `size` in bytes. */
export async function benchWire(size: number, runs: number): Promise<void> {
  const rows: string[][] = [["reading", "64 KiB", "1 MiB", "of conn.read"]];
  const times: Record<string, number[][]> = {};
  for (let round = -1; round < runs; round++) {
    for (const [name, read] of Object.entries(WAYS)) {
      for (const [column, length] of [65_536, 1_048_576].entries()) {
        const ms = await time(read, size, length);
        if (round < 0) continue;
        ((times[name] ??= [[], []])[column]!).push(ms);
      }
    }
  }
  for (const [name, columns] of Object.entries(times)) {
    const ratios = columns.map((all, column) =>
      median(all.map((ms, at) => times["conn.read"]![column]![at]! / ms))
    );
    rows.push([
      name,
      ...columns.map((all) => `${Math.round(size / median(all) / 1e3)} MB/s`),
      ratios.map((one) => one.toFixed(2)).join(" / "),
    ]);
  }
  printTable(rows);
}

async function time(read: Read, size: number, length: number): Promise<number> {
  // Another process sends: in this one it would take turns with the reader.
  const sender = new Deno.Command("python3", {
    args: ["-c", SENDER, String(size)],
    stdout: "piped",
  }).spawn();
  const reader = sender.stdout.getReader();
  const { value } = await reader.read();
  const port = Number(new TextDecoder().decode(value));
  const conn = await Deno.connect({ hostname: "127.0.0.1", port });
  const start = performance.now();
  await read(conn, new Uint8Array(length));
  const ms = performance.now() - start;
  try {
    conn.close();
  } catch {
    // conn.readable has closed it.
  }
  await reader.cancel();
  await sender.status;
  return ms;
}

const SENDER = `
import socket, sys
listener = socket.create_server(("127.0.0.1", 0))
print(listener.getsockname()[1], flush=True)
peer = listener.accept()[0]
chunk = bytes(1 << 20)
for _ in range(int(sys.argv[1]) >> 20):
    peer.sendall(chunk)
peer.close()
`;
