/**
 * Lays the `@std` packages into `vendor/` where JSR is out of reach, from the
 * npm package `deno-std`, so that `jsr:` specifiers work everywhere. Does
 * nothing where nothing is to be done. Imports only what the runtime has: it
 * runs when nothing else is there.
 */
import { createHash } from "node:crypto";
import { basename, dirname, join, posix } from "node:path";
import { fileURLToPath } from "node:url";

const ROOT = fileURLToPath(new URL("../../", import.meta.url));
const SCOPE = join(ROOT, "vendor/jsr.io/@std");
const STAMP = join(SCOPE, "recipe.txt");
const PACKAGE = "deno-std@1.4.0";
const INTEGRITY =
  "7c0Y6tyn0Sx0NKiaAeGtDwrpG+C7VFcOStVcYXPnjAuIEonxzVV+n6s8iuFjg6keqzxo/zrPbR/J9EY9BLNsRA==";
/** What the npm package holds of each: satisfies every `^1.0.0`. */
const VERSION = "1.4.0";
const NAMES = ["assert", "streams", "internal", "bytes"];
const RECIPE = `${PACKAGE} 2\n`;
/** Vendored file names may not be longer; Deno looks for a digest instead. */
const LONGEST_NAME = 30;

if (import.meta.main) await setup();

async function setup(): Promise<void> {
  if (await readText(STAMP) === RECIPE) return;
  if (await jsrAnswers()) return;
  console.log("JSR is out of reach: taking @std from the npm package deno-std");
  const temp = await Deno.makeTempDir({ dir: ROOT, prefix: ".vendor-" });
  try {
    const source = await unpack(temp);
    const scope = join(temp, "@std");
    for (const name of NAMES) await layPackage(source, scope, name);
    await Deno.writeTextFile(join(scope, "recipe.txt"), RECIPE);
    await Deno.mkdir(dirname(SCOPE), { recursive: true });
    await Deno.remove(SCOPE, { recursive: true }).catch(() => {});
    // One rename: an interrupted setup leaves nothing half done.
    await Deno.rename(scope, SCOPE);
  } finally {
    await Deno.remove(temp, { recursive: true });
  }
}

/** Whether Deno can fetch the packages by itself. */
async function jsrAnswers(): Promise<boolean> {
  const base = Deno.env.get("JSR_URL") ?? "https://jsr.io/";
  try {
    const signal = AbortSignal.timeout(5_000);
    const response = await fetch(new URL("@std/assert/meta.json", base), {
      signal,
    });
    await response.body?.cancel();
    return response.ok;
  } catch {
    return false;
  }
}

/** Fetches the npm package by npm, whose registry settings then hold. */
async function unpack(temp: string): Promise<string> {
  const npm = Deno.build.os === "windows" ? "npm.cmd" : "npm";
  const packed = await run(npm, ["pack", "--silent", PACKAGE], temp);
  const tarball = join(temp, basename(packed.trim().split("\n").at(-1) ?? ""));
  const digest = createHash("sha512").update(await Deno.readFile(tarball))
    .digest("base64");
  if (digest !== INTEGRITY) {
    throw new Error(`Cannot use ${PACKAGE}: its digest is sha512-${digest}`);
  }
  await run("tar", ["-xzf", tarball], temp);
  return join(temp, "package");
}

async function run(
  command: string,
  args: string[],
  cwd: string,
): Promise<string> {
  let output: Deno.CommandOutput;
  try {
    output = await new Deno.Command(command, { args, cwd }).output();
  } catch (cause) {
    throw new Error(
      `Cannot set up: ${command} is needed, as JSR is out of reach`,
      { cause },
    );
  }
  const { success, stdout, stderr } = output;
  if (success) return new TextDecoder().decode(stdout);
  const said = new TextDecoder().decode(stderr).trim();
  throw new Error(`Cannot set up: ${command} ${args.join(" ")} said ${said}`);
}

/** One package as Deno expects it under `vendor/`. */
async function layPackage(
  source: string,
  scope: string,
  name: string,
): Promise<void> {
  const target = join(scope, name, VERSION);
  await Deno.mkdir(target, { recursive: true });
  const exports: Record<string, string> = {};
  const manifest: Record<string, { size: number; checksum: string }> = {};
  for await (const { name: file } of Deno.readDir(join(source, name))) {
    if (!file.endsWith(".js")) continue;
    const types = await readText(
      fileURLToPath(
        new URL(`std_types/${name}_${file.slice(0, -3)}.d.ts`, import.meta.url),
      ),
    );
    const code =
      (types ? `// @ts-self-types="./${file.slice(0, -3)}.d.ts"\n` : "") +
      rewrite(await Deno.readTextFile(join(source, name, file)), name);
    await put(file, code);
    if (types) await put(`${file.slice(0, -3)}.d.ts`, types);
    if (!file.startsWith("_")) {
      const key = file === "mod.js"
        ? "."
        : `./${file.slice(0, -3).replaceAll("_", "-")}`;
      exports[key] = `./${file}`;
    }
  }
  await write(join(scope, name, "meta.json"), {
    scope: "std",
    name,
    latest: VERSION,
    versions: { [VERSION]: {} },
  });
  await write(join(scope, name, `${VERSION}_meta.json`), { manifest, exports });

  async function put(file: string, text: string): Promise<void> {
    const bytes = new TextEncoder().encode(text);
    await Deno.writeFile(join(target, shortened(file)), bytes);
    manifest[`/${file}`] = {
      size: bytes.length,
      checksum: `sha256-${createHash("sha256").update(bytes).digest("hex")}`,
    };
  }
}

/** Imports across packages, from beside each other to below versions. */
function rewrite(code: string, name: string): string {
  return code.replace(
    /(\bfrom\s*|\bimport\s*)"(\.[^"]+)"/g,
    (whole, keyword, path) => {
      const [other, ...rest] = posix.join(name, path).split("/");
      if (other === name || !NAMES.includes(other!)) return whole;
      return `${keyword}"../../${other}/${VERSION}/${rest.join("/")}"`;
    },
  );
}

/** The name that a file of a package has under `vendor/`. */
export function shortened(file: string): string {
  if (file.length <= LONGEST_NAME) return file;
  const digest = createHash("sha256").update(file).digest("hex").slice(0, 5);
  const dot = file.indexOf(".");
  return `#${file.slice(0, dot).slice(0, 20)}_${digest}${file.slice(dot)}`;
}

async function readText(path: string): Promise<string | undefined> {
  return await Deno.readTextFile(path).catch(() => undefined);
}

async function write(path: string, json: unknown): Promise<void> {
  await Deno.writeTextFile(path, JSON.stringify(json));
}
