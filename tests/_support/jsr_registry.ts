/**
 * What `setup.ts` has laid into `vendor/`, served as a JSR registry, for
 * programs that run outside this project where JSR is out of reach.
 *
 * @module
 */

import { shortened } from "./setup.ts";

const VENDORED = new URL("../../vendor/jsr.io/", import.meta.url);

/** A registry that runs until it is disposed. */
export interface JsrRegistry extends AsyncDisposable {
  /** What to set `JSR_URL` to. */
  readonly url: string;
  /** Stops it. */
  [Symbol.asyncDispose](): Promise<void>;
}

/**
 * Whether the packages under `vendor/` came from `setup.ts`; where they did
 * not, Deno gets them from JSR by itself.
 */
export async function isVendoredBySetup(): Promise<boolean> {
  try {
    return (await Deno.stat(new URL("@std/recipe.txt", VENDORED))).isFile;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return false;
    throw error;
  }
}

/** Starts a registry on a port of the loopback that the system chooses. */
export function serveVendoredRegistry(): JsrRegistry {
  const server = Deno.serve(
    { hostname: "127.0.0.1", port: 0, onListen: () => {} },
    answer,
  );
  return {
    url: `http://127.0.0.1:${server.addr.port}/`,
    [Symbol.asyncDispose]: () => server.shutdown(),
  };
}

async function answer(request: Request): Promise<Response> {
  const { pathname } = new URL(request.url);
  if (/^(\/[\w@.-]+)+\.(json|js|ts)$/.test(pathname)) {
    // The names on the disk are those that Deno looks for in `vendor/`, where
    // long ones are shortened to begin with "#"; a registry has the long ones.
    const path = pathname.slice(1).split("/").map(shortened)
      .map(encodeURIComponent).join("/");
    try {
      const file = await Deno.open(new URL(path, VENDORED));
      return new Response(file.readable, {
        headers: { "content-type": contentType(path) },
      });
    } catch (error) {
      if (!(error instanceof Deno.errors.NotFound)) throw error;
    }
  }
  return new Response("There is no such file\n", { status: 404 });
}

function contentType(path: string): string {
  if (path.endsWith(".json")) return "application/json";
  return path.endsWith(".ts")
    ? "application/typescript"
    : "application/javascript";
}
