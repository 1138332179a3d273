import { assertEquals } from "jsr:@std/assert@^1.0.0";
import {
  isVendoredBySetup,
  serveVendoredRegistry,
} from "./_support/jsr_registry.ts";
import { tempDir } from "./_support/temp_dir.ts";

const ROOT = new URL("../", import.meta.url);

/** What somebody elsewhere would write, printing two things that must work. */
const SCRIPT = (url: string) => `
import { FtpClient, parseList } from "${url}";

const [entry] = parseList(["-rw-r--r-- 1 u g 5 Jan 01 2024 a b.txt"]);
console.log(entry.name);
console.log(typeof FtpClient.connect);
`;

for (const module of ["ftp/mod.ts", "mod.ts"]) {
  Deno.test(`${module} imported by URL runs without an import map`, async () => {
    await using sources = serveSources();
    const output = await runElsewhere(SCRIPT(sources.url + module));
    // All at once: where it fails, what the program complained of is shown.
    assertEquals(output, {
      code: 0,
      stdout: "a b.txt\nfunction\n",
      stderr: "",
    });
  });
}

/** The project's sources as a web server would have them. */
function serveSources(): { url: string } & AsyncDisposable {
  const server = Deno.serve(
    { hostname: "127.0.0.1", port: 0, onListen: () => {} },
    async (request) => {
      const { pathname } = new URL(request.url);
      // Sources only: no deno.json, whose settings must not be needed.
      if (/^(\/\w+)+\.ts$/.test(pathname)) {
        try {
          const source = await Deno.readFile(new URL(`.${pathname}`, ROOT));
          return new Response(source, {
            headers: { "content-type": "application/typescript" },
          });
        } catch (error) {
          if (!(error instanceof Deno.errors.NotFound)) throw error;
        }
      }
      return new Response("There is no such file\n", { status: 404 });
    },
  );
  return {
    url: `http://127.0.0.1:${server.addr.port}/`,
    [Symbol.asyncDispose]: () => server.shutdown(),
  };
}

/** Runs a program in an empty folder, with nothing cached. */
async function runElsewhere(
  program: string,
): Promise<{ code: number; stdout: string; stderr: string }> {
  await using folder = await tempDir();
  await using cache = await tempDir();
  await using registry = await isVendoredBySetup()
    ? serveVendoredRegistry()
    : undefined;
  await Deno.writeTextFile(`${folder.path}/main.ts`, program);
  const { code, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["run", "-A", "--quiet", "main.ts"],
    cwd: folder.path,
    env: {
      DENO_DIR: cache.path,
      NO_COLOR: "1",
      ...(registry ? { JSR_URL: registry.url } : {}),
    },
  }).output();
  const decoder = new TextDecoder();
  return {
    code,
    stdout: decoder.decode(stdout),
    stderr: decoder.decode(stderr),
  };
}
