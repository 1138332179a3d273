/** A way to a local server that is some milliseconds long. */
export interface DelayProxy extends AsyncDisposable {
  port: number;
}

/**
 * Forwards to a local port, each chunk `ms` after it came, in both directions.
 * Connecting takes no longer: that is the system's doing.
 */
export function startDelayProxy(target: number, ms: number): DelayProxy {
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const open = new Set<Deno.TcpConn>();
  const serving = serve();

  async function serve(): Promise<void> {
    const pairs: Promise<void>[] = [];
    for await (const near of listener) pairs.push(join(near));
    await Promise.all(pairs);
  }

  async function join(near: Deno.TcpConn): Promise<void> {
    open.add(near);
    const far = await Deno.connect({ hostname: "127.0.0.1", port: target });
    open.add(far);
    near.setNoDelay();
    far.setNoDelay();
    await Promise.allSettled([
      forward(near, far, ms),
      forward(far, near, ms),
    ]);
    for (const conn of [near, far]) {
      open.delete(conn);
      close(conn);
    }
  }

  return {
    port: listener.addr.port,
    async [Symbol.asyncDispose]() {
      listener.close();
      for (const conn of open) close(conn);
      await serving;
    },
  };
}

async function forward(
  from: Deno.TcpConn,
  to: Deno.TcpConn,
  ms: number,
): Promise<void> {
  const buffer = new Uint8Array(256 * 1024);
  let sent = Promise.resolve();
  // Read on meanwhile: only then do the delays of the chunks not add up.
  for (;;) {
    const size = await from.read(buffer).catch(() => null);
    const due = sleep(ms);
    if (size === null) {
      await sent;
      await due;
      return await to.closeWrite();
    }
    const chunk = buffer.slice(0, size);
    sent = sent.then(() => due).then(() => writeAll(to, chunk));
    // A rejection is met where the end of the connection is.
    sent.catch(() => {});
  }
}

async function writeAll(to: Deno.TcpConn, chunk: Uint8Array): Promise<void> {
  for (let at = 0; at < chunk.length;) at += await to.write(chunk.subarray(at));
}

function close(conn: Deno.TcpConn): void {
  try {
    conn.close();
  } catch {
    // It is closed.
  }
}

function sleep(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
