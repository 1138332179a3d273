/**
 * Runs an operation that `signal` can abort. `stop` then ends it or cleans up
 * behind it; the rejection is the signal's reason, whatever the operation
 * itself rejects with because of that. The listener goes when it ends.
 */
export async function abortable<T>(
  signal: AbortSignal | undefined,
  stop: (reason: unknown) => void | Promise<void>,
  run: () => Promise<T>,
): Promise<T> {
  if (!signal) return await run();
  signal.throwIfAborted();
  const { promise: aborted, reject } = Promise.withResolvers<never>();
  const listener = async () => {
    try {
      await stop(signal.reason);
    } catch {
      // The reason says more than a clean-up that failed.
    }
    reject(signal.reason);
  };
  aborted.catch(() => {});
  signal.addEventListener("abort", listener, { once: true });
  try {
    const result = await Promise.race([run(), aborted]);
    // What finished while it was being stopped is of no use any more.
    return signal.aborted ? await aborted : result;
  } catch (error) {
    if (!signal.aborted) throw error;
    // The clean-up goes first.
    return await aborted;
  } finally {
    signal.removeEventListener("abort", listener);
  }
}
