/**
 * Lays the `@std` packages into `vendor/` where JSR is out of reach, from the
 * npm package `deno-std`, so that `jsr:` specifiers work everywhere. Does
 * nothing where nothing is to be done. Imports only what the runtime has: it
 * runs when nothing else is there.
 */
import { createHash } from "node:crypto";
import { dirname, join, posix } from "node:path";
import { fileURLToPath } from "node:url";

const ROOT = fileURLToPath(new URL("../../", import.meta.url));
const VENDOR = join(ROOT, "vendor");
const SCOPE = join(VENDOR, "jsr.io/@std");
const STAMP = join(SCOPE, "recipe.txt");
const PACKAGE = "deno-std@1.4.0";
const INTEGRITY =
  "7c0Y6tyn0Sx0NKiaAeGtDwrpG+C7VFcOStVcYXPnjAuIEonxzVV+n6s8iuFjg6keqzxo/zrPbR/J9EY9BLNsRA==";
const TARBALL = "deno-std-1.4.0.tgz";
/** The releases on JSR whose sources the npm package holds. */
const VERSIONS: Record<string, string> = {
  assert: "1.0.19",
  streams: "1.1.2",
  internal: "1.0.14",
  bytes: "1.0.6",
};
/** Raise the number when what is laid changes: it is then laid again. */
const RECIPE = `${PACKAGE} 3\n`;
/** Vendored file names may not be longer; Deno looks for a digest instead. */
const LONGEST_NAME = 30;

/** What people can do something about: shown to them without a stack. */
class SetupError extends Error {}

interface Manifest {
  [path: string]: { size: number; checksum: string };
}

if (import.meta.main) {
  try {
    await setup();
  } catch (error) {
    if (!(error instanceof SetupError)) throw error;
    console.error(error.message);
    Deno.exitCode = 1;
  }
}

async function setup(): Promise<void> {
  const stamp = await readText(STAMP);
  if (stamp === RECIPE && isComplete()) return;
  if (stamp === undefined && await isFilledByDeno()) return;
  if (await jsrAnswers()) {
    // What was laid here earlier does not mix with what Deno will fetch.
    if (stamp !== undefined) await Deno.remove(SCOPE, { recursive: true });
    console.log("JSR answers: Deno fetches the @std packages by itself");
    return;
  }
  console.log("JSR is out of reach: taking @std from the npm package deno-std");
  await Deno.mkdir(dirname(SCOPE), { recursive: true });
  const temp = await Deno.makeTempDir({ dir: VENDOR, prefix: ".setup-" });
  try {
    const source = await unpack(temp);
    const scope = join(temp, "@std");
    for (const name in VERSIONS) await layPackage(source, scope, name);
    await Deno.writeTextFile(join(scope, "recipe.txt"), RECIPE);
    // Renames only: an interrupted setup leaves nothing half done.
    await Deno.rename(SCOPE, join(temp, "old")).catch((error) => {
      if (!(error instanceof Deno.errors.NotFound)) throw error;
    });
    await Deno.rename(scope, SCOPE);
  } finally {
    await Deno.remove(temp, { recursive: true });
  }
}

/** Whether all that was laid is still there; blocking, as that is faster. */
function isComplete(): boolean {
  try {
    for (const [name, version] of Object.entries(VERSIONS)) {
      const folder = join(SCOPE, name);
      Deno.statSync(join(folder, "meta.json"));
      const meta = Deno.readTextFileSync(join(folder, metaName(version)));
      const { manifest }: { manifest: Manifest } = JSON.parse(meta);
      for (const [path, { size }] of Object.entries(manifest)) {
        const file = join(folder, version, shortened(path.slice(1)));
        if (Deno.statSync(file).size !== size) return false;
      }
    }
    return true;
  } catch {
    return false;
  }
}

/** Whether Deno has fetched the packages before: no need to ask JSR again. */
async function isFilledByDeno(): Promise<boolean> {
  for (const name of ["assert", "streams"]) {
    if (!await readText(join(SCOPE, name, "meta.json"))) return false;
  }
  return true;
}

/** Whether Deno can fetch the packages by itself. */
async function jsrAnswers(): Promise<boolean> {
  const base = Deno.env.get("JSR_URL") ?? "https://jsr.io/";
  try {
    const signal = AbortSignal.timeout(3_000);
    const url = new URL("@std/assert/meta.json", base);
    const response = await fetch(url, { signal });
    // Not only the status: a hotel's sign-in page answers 200 to everything.
    return (await response.json()).name === "assert";
  } catch {
    return false;
  }
}

/** Fetches the npm package by npm, whose registry settings then hold. */
async function unpack(temp: string): Promise<string> {
  await run(Deno.build.os === "windows" ? "npm.cmd" : "npm", [
    "pack",
    "--loglevel=error",
    "--no-update-notifier",
    "--prefer-offline",
    // By default npm tries for minutes where there is no network.
    "--fetch-retries=2",
    "--fetch-retry-mintimeout=500",
    "--fetch-retry-maxtimeout=2000",
    PACKAGE,
  ], temp);
  const tarball = await Deno.readFile(join(temp, TARBALL));
  const digest = createHash("sha512").update(tarball).digest("base64");
  if (digest !== INTEGRITY) {
    throw new SetupError(
      `Cannot set up: ${PACKAGE} has the digest sha512-${digest}, ` +
        `not sha512-${INTEGRITY}`,
    );
  }
  await run("tar", ["-xzf", TARBALL], temp);
  return join(temp, "package");
}

async function run(
  command: string,
  args: string[],
  cwd: string,
): Promise<void> {
  let output: Deno.CommandOutput;
  try {
    output = await new Deno.Command(command, { args, cwd, stdin: "null" })
      .output();
  } catch (cause) {
    throw new SetupError(
      `Cannot set up: ${command} is needed, as JSR is out of reach (${cause})`,
      { cause },
    );
  }
  if (output.success) return;
  const said = new TextDecoder().decode(output.stderr).trim();
  throw new SetupError(`Cannot set up: ${command} ${args[0]} said\n${said}`);
}

/** One package as Deno expects it under `vendor/`. */
async function layPackage(
  source: string,
  scope: string,
  name: string,
): Promise<void> {
  const version = VERSIONS[name]!;
  const target = join(scope, name, version);
  await Deno.mkdir(target, { recursive: true });
  const exports: Record<string, string> = {};
  const manifest: Manifest = {};
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
    if (types) {
      // Beside each other they carry their package's name; there they do not.
      const text = types.replaceAll(`"./${name}_`, '"./');
      await put(`${file.slice(0, -3)}.d.ts`, text);
    }
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
    latest: version,
    versions: { [version]: {} },
  });
  await write(join(scope, name, metaName(version)), { manifest, exports });

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
      if (other === name || !VERSIONS[other!]) return whole;
      return `${keyword}"../../${other}/${VERSIONS[other!]}/${rest.join("/")}"`;
    },
  );
}

function metaName(version: string): string {
  return `${version}_meta.json`;
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
