import { assertEquals, assertThrows } from "jsr:@std/assert@^1.0.0";
import { join } from "node:path";
import { refuseSymlink, safeJoin } from "../../_wire/local_path.ts";
import { tempDir } from "../_support/temp_dir.ts";

Deno.test("safeJoin() refuses every name that is not one step down", () => {
  const names = ["", ".", "..", "/", "\\", "/etc/passwd", "a/b", "a\\b", "../a"]
    .concat(["a/..", "..\\a", "a\0", "C:", "z:", "C:\\a", "\\\\host\\share"]);
  for (const name of names) {
    const error = assertThrows(() => safeJoin("/base", name), Error);
    assertEquals(error.message.includes(JSON.stringify(name)), true);
  }
});

Deno.test("safeJoin() takes odd names that stay in the directory", () => {
  const names = ["a", "...", "..a", "a..", " ", "~", "-rf", "zwölf €", "a\nb"];
  for (const name of names) {
    if (Deno.build.os === "windows" && /[. ]$/.test(name)) continue;
    assertEquals(safeJoin("/base", name), join("/base", name));
  }
});

Deno.test({
  name: "safeJoin() refuses what Windows takes for something else",
  ignore: Deno.build.os !== "windows",
  fn() {
    for (const name of ["C:a", "a:b", "con", "NUL.txt", "a.", "a ", "a?"]) {
      assertThrows(() => safeJoin("C:\\base", name), Error);
    }
  },
});

Deno.test({
  name: "refuseSymlink() refuses links, dangling ones too, and nothing else",
  ignore: Deno.build.os === "windows",
  async fn() {
    await using dir = await tempDir();
    const path = (name: string) => join(dir.path, name);
    await Deno.writeTextFile(path("file"), "");
    await Deno.symlink(path("file"), path("link"));
    await Deno.symlink(path("nothing"), path("dangling"));
    await Deno.symlink(dir.path, path("loop"));
    assertEquals(refuseSymlink(path("file")), true);
    assertEquals(refuseSymlink(dir.path), true);
    assertEquals(refuseSymlink(path("nothing")), false);
    for (const name of ["link", "dangling", "loop"]) {
      assertThrows(
        () => refuseSymlink(path(name)),
        Error,
        "it is a symbolic link",
      );
    }
  },
});

Deno.test("refuseSymlink() hands on any other failure", async () => {
  await using dir = await tempDir();
  const file = join(dir.path, "file");
  await Deno.writeTextFile(file, "");
  assertThrows(() => refuseSymlink(join(file, "below")));
});
