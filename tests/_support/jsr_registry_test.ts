import { assert, assertEquals } from "jsr:@std/assert@^1.0.0";
import { createHash } from "node:crypto";
import { isVendoredBySetup, serveVendoredRegistry } from "./jsr_registry.ts";

const ignore = !await isVendoredBySetup();

Deno.test("the registry has every file of a manifest", { ignore }, async () => {
  await using registry = serveVendoredRegistry();
  const base = new URL("@std/streams/", registry.url);
  const { latest } = await (await fetch(new URL("meta.json", base))).json();
  const meta = await fetch(new URL(`${latest}_meta.json`, base));
  const { manifest } = await meta.json() as {
    manifest: Record<string, { size: number; checksum: string }>;
  };
  const paths = Object.keys(manifest);
  // Shortened on the disk.
  assert(paths.includes("/limited_bytes_transform_stream.js"));
  for (const path of paths) {
    const file = await (await fetch(new URL(latest + path, base))).bytes();
    const digest = createHash("sha256").update(file).digest("hex");
    assertEquals(
      { size: file.length, checksum: `sha256-${digest}` },
      manifest[path],
    );
  }
});

Deno.test("the registry says what is not there", { ignore }, async () => {
  await using registry = serveVendoredRegistry();
  for (
    const path of [
      "@std/path/meta.json",
      "@std/streams/",
      "..%2F..%2Fdeno.json",
    ]
  ) {
    const response = await fetch(registry.url + path);
    await response.body?.cancel();
    assertEquals(response.status, 404, path);
  }
});
