import { assertRejects } from "jsr:@std/assert@^1.0.0";
import { tempDir } from "./temp_dir.ts";

Deno.test("tempDir() makes a directory that goes away with its contents", async () => {
  let path: string;
  {
    await using dir = await tempDir();
    path = dir.path;
    await Deno.mkdir(`${path}/sub`);
    await Deno.writeTextFile(`${path}/sub/file`, "text");
  }
  await assertRejects(() => Deno.lstat(path), Deno.errors.NotFound);
});
