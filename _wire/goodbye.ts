import type { OperationOptions } from "./options.ts";

/** How long a polite goodbye may take, in ms. */
export const GOODBYE = 5_000;

/**
 * What disposing a client does: `quit()` where nothing is unfinished, waited
 * for no longer than 5 s, then `close()`. Never rejects.
 */
export async function sayGoodbye(
  client: {
    quit(options: OperationOptions): Promise<unknown>;
    close(): void;
  },
  o: { unfinished: boolean },
): Promise<void> {
  if (!o.unfinished) {
    const signal = AbortSignal.timeout(GOODBYE);
    await client.quit({ signal }).catch(() => {});
  }
  client.close();
}
