import { assertEquals, assertRejects } from "jsr:@std/assert@^1.0.0";
import { join } from "node:path";
import { writeFileAtomically } from "../../_wire/atomic_file.ts";
import { tempDir } from "../_support/temp_dir.ts";

const IS_WINDOWS = Deno.build.os === "windows";

/** What is in the directory, with the permissions of each file. */
async function listing(path: string): Promise<Record<string, string>> {
  const files: Record<string, string> = {};
  for await (const { name } of Deno.readDir(path)) {
    const { mode } = await Deno.stat(join(path, name));
    files[name] = IS_WINDOWS ? "600" : (mode! & 0o777).toString(8);
  }
  return files;
}

Deno.test("writeFileAtomically() makes a file with these permissions", async () => {
  await using temp = await tempDir();
  const path = join(temp.path, "a");
  await writeFileAtomically(path, "text", 0o600);
  assertEquals(await Deno.readTextFile(path), "text");
  assertEquals(await listing(temp.path), { a: "600" });
  await writeFileAtomically(path, new Uint8Array(3_000_000).fill(65), 0o600);
  assertEquals((await Deno.readTextFile(path)).length, 3_000_000);
});

Deno.test("writeFileAtomically() takes permissions away from an old file", async () => {
  await using temp = await tempDir();
  const path = join(temp.path, "a");
  await Deno.writeTextFile(path, "old", { mode: 0o644 });
  await writeFileAtomically(path, "new", 0o600);
  assertEquals(await listing(temp.path), { a: "600" });
});

Deno.test("writeFileAtomically() leaves who reads the old file alone", async () => {
  await using temp = await tempDir();
  const path = join(temp.path, "a");
  await Deno.writeTextFile(path, "old");
  using reader = await Deno.open(path);
  await writeFileAtomically(path, "new", 0o600);
  const bytes = new Uint8Array(10);
  assertEquals(await reader.read(bytes), 3);
  assertEquals(new TextDecoder().decode(bytes.subarray(0, 3)), "old");
});

Deno.test({
  name: "writeFileAtomically() replaces what a link leads to",
  ignore: IS_WINDOWS,
  async fn() {
    await using temp = await tempDir();
    const link = join(temp.path, "link");
    await Deno.mkdir(join(temp.path, "deep"));
    await Deno.writeTextFile(join(temp.path, "deep/file"), "old");
    await Deno.symlink("deep/file", link);
    await writeFileAtomically(link, "new", 0o600);
    assertEquals((await Deno.lstat(link)).isSymlink, true);
    assertEquals(await Deno.readTextFile(join(temp.path, "deep/file")), "new");
    assertEquals(await listing(join(temp.path, "deep")), { file: "600" });
  },
});

Deno.test("writeFileAtomically() leaves nothing behind where it fails", async () => {
  await using temp = await tempDir();
  const path = join(temp.path, "a");
  // A directory that is not empty cannot be replaced by a file.
  await Deno.mkdir(path);
  await Deno.writeTextFile(join(path, "b"), "old");
  await assertRejects(() => writeFileAtomically(path, "new", 0o600));
  assertEquals(Object.keys(await listing(temp.path)), ["a"]);
  await assertRejects(
    () => writeFileAtomically(join(temp.path, "none/a"), "new", 0o600),
    Deno.errors.NotFound,
  );
});

Deno.test({
  name: "writeFileAtomically() writes to a pipe, and lets it be one",
  ignore: Deno.build.os === "windows",
  async fn() {
    await using directory = await tempDir();
    const path = join(directory.path, "pipe");
    await new Deno.Command("mkfifo", { args: [path] }).output();
    const [text] = await Promise.all([
      Deno.readTextFile(path),
      writeFileAtomically(path, "hello", 0o600),
    ]);
    assertEquals(text, "hello");
    assertEquals((await Deno.lstat(path)).isFile, false);
  },
});

Deno.test({
  name: "writeFileAtomically() makes the file that a link leads to",
  ignore: Deno.build.os === "windows",
  async fn() {
    await using directory = await tempDir();
    const link = join(directory.path, "link");
    await Deno.symlink("target", link);
    await writeFileAtomically(link, "hello", 0o600);
    assertEquals((await Deno.lstat(link)).isSymlink, true);
    const target = join(directory.path, "target");
    assertEquals(await Deno.readTextFile(target), "hello");
  },
});

Deno.test("writeFileAtomically() takes the longest names", async () => {
  await using directory = await tempDir();
  const path = join(directory.path, "a".repeat(255));
  await writeFileAtomically(path, "hello", 0o600);
  assertEquals(await Deno.readTextFile(path), "hello");
});
