/**
 * A directory that lasts as long as a test.
 *
 * @module
 */

/** A directory that is removed, with all it holds, when disposed. */
export interface TempDir extends AsyncDisposable {
  /** The absolute path, with links resolved. */
  readonly path: string;
  /** Removes it. */
  [Symbol.asyncDispose](): Promise<void>;
}

/** Makes an empty directory. */
export async function tempDir(): Promise<TempDir> {
  // macOS gives a path through a link, which would differ from what
  // Deno.realPath says about the files within.
  const path = await Deno.realPath(
    await Deno.makeTempDir({ prefix: "wireline-" }),
  );
  return {
    path,
    async [Symbol.asyncDispose]() {
      await Deno.remove(path, { recursive: true });
    },
  };
}
