import {
  Connection,
  type ConnectionSetup,
  type ConnectTo,
} from "./connection.ts";
import { timeoutError } from "./errors.ts";

/**
 * Connects, and has `begin` do what comes before the first command: greeting,
 * TLS and the like. Where that fails, or the signal speaks meanwhile, the
 * connection is closed.
 */
export async function openSession<T>(
  to: ConnectTo,
  setup: ConnectionSetup,
  begin: (connection: Connection) => Promise<T>,
): Promise<T> {
  const { signal } = to;
  const connection = await Connection.connect(to, setup);
  const abort = () => connection.close(signal?.reason);
  signal?.addEventListener("abort", abort, { once: true });
  try {
    signal?.throwIfAborted();
    const session = await begin(connection);
    signal?.throwIfAborted();
    return session;
  } catch (error) {
    connection.close(error);
    // One that speaks TLS waits for us to begin.
    const isSilent = !to.tls && connection.bytes.position === 0;
    throw isSilent ? withAdvice(error) : error;
  } finally {
    signal?.removeEventListener("abort", abort);
  }
}

/** For a server that has said nothing at all. */
function withAdvice(error: unknown): unknown {
  if (!(error instanceof DOMException) || error.name !== "TimeoutError") {
    return error;
  }
  return timeoutError(
    `${error.message}; if it is a port for TLS, connect with tls: "implicit"`,
  );
}
