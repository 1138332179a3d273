/** Trees of files on the disk: one to send, and how to compare two. */
import { createHash } from "node:crypto";
import { dirname, join } from "node:path";

/** The file that is large enough to be interrupted. */
export const LARGE = "films/1998/large.bin";
const LARGE_SIZE = 30_000_000;

/** What one file holds. */
export interface FileSum {
  size: number;
  /** SHA-256 in hex. */
  sum: string;
}

/** Writes the tree that the demonstrations send; the same on every run. */
export async function makeTree(root: string): Promise<void> {
  await put("README.txt", "Nothing but examples.\n");
  await put("empty.txt", "");
  await put("notes/with spaces.txt", "a\nb\nc\n");
  await put("notes/日本.txt", "名前\n");
  await put("notes/deep/er/still.bin", noise(100_000, 1));
  await put(LARGE, noise(LARGE_SIZE, 2));

  async function put(name: string, data: string | Uint8Array): Promise<void> {
    const path = join(root, name);
    await Deno.mkdir(dirname(path), { recursive: true });
    const bytes = typeof data === "string"
      ? new TextEncoder().encode(data)
      : data;
    await Deno.writeFile(path, bytes);
  }
}

/** Bytes without a pattern (xorshift32), so that a lost piece shows. */
function noise(length: number, seed: number): Uint8Array {
  const words = new Uint32Array(Math.ceil(length / 4));
  let x = seed;
  for (let at = 0; at < words.length; at++) {
    x ^= x << 13;
    x ^= x >>> 17;
    x ^= x << 5;
    words[at] = x;
  }
  return new Uint8Array(words.buffer, 0, length);
}

/**
 * Every file below a directory, by its path from there with slashes, in the
 * order of the paths.
 */
export async function sumTree(root: string): Promise<Map<string, FileSum>> {
  const sums = new Map<string, FileSum>();
  await walk("");
  return new Map([...sums].sort(([a], [b]) => a < b ? -1 : 1));

  async function walk(directory: string): Promise<void> {
    for await (const entry of Deno.readDir(join(root, directory))) {
      const name = directory === "" ? entry.name : `${directory}/${entry.name}`;
      if (entry.isDirectory) await walk(name);
      else sums.set(name, await sumFile(join(root, name)));
    }
  }
}

/** One file's size and SHA-256. */
export async function sumFile(path: string): Promise<FileSum> {
  const hash = createHash("sha256");
  let size = 0;
  using file = await Deno.open(path);
  const buffer = new Uint8Array(1024 * 1024);
  for (let count; (count = await file.read(buffer)) !== null;) {
    hash.update(buffer.subarray(0, count));
    size += count;
  }
  return { size, sum: hash.digest("hex") };
}

/** In what two trees differ, a line for each file; nothing where they do not. */
export function differences(
  original: Map<string, FileSum>,
  copy: Map<string, FileSum>,
): string[] {
  const lines: string[] = [];
  for (const [name, file] of original) {
    const other = copy.get(name);
    if (!other) lines.push(`${name} is missing`);
    else if (other.sum !== file.sum) {
      lines.push(
        `${name} differs: ${file.size} bytes ${file.sum} became ` +
          `${other.size} bytes ${other.sum}`,
      );
    }
  }
  for (const name of copy.keys()) {
    if (!original.has(name)) lines.push(`${name} was not there before`);
  }
  return lines;
}
