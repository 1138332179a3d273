import { removeIfThere } from "./_replace_file.ts";
import type { Spooled } from "./_spooled.ts";
import { Output, readRange } from "./_window.ts";

/**
 * Writes a message into a file of its own, onto the disk. The file is new, and
 * for its owner only.
 */
export function writeMessageFile(
  path: string,
  message: Spooled,
  date: Date | undefined,
): void {
  using file = Deno.openSync(path, {
    createNew: true,
    write: true,
    mode: 0o600,
  });
  try {
    const output = new Output(file);
    for (const chunk of message.chunks()) output.write(chunk);
    output.flush();
    if (date) file.utimeSync(date, date);
    file.syncSync();
  } catch (error) {
    removeIfThere(path);
    throw error;
  }
}

/** The message in a file, which is open from now on until it is read. */
export function readMessageFile(path: string): Iterable<Uint8Array> {
  const file = Deno.openSync(path);
  return chunksOf(file, file.statSync().size);
}

function* chunksOf(file: Deno.FsFile, size: number): Generator<Uint8Array> {
  using _closed = file;
  yield* readRange(file, 0, size);
}
