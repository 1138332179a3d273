/** `cookies.txt` and requests, ours beside those of curl and wget. */
import { assert, assertEquals } from "jsr:@std/assert@^1.0.0";
import { join } from "node:path";
import { CookieJar, MozillaCookieJar } from "../../cookies/mod.ts";
import { createAuthority } from "../_support/certificates.ts";
import { tempDir } from "../_support/temp_dir.ts";

const HOSTS = [
  "a.example",
  "www.a.example",
  "x.www.a.example",
  "b.example",
];
const PATHS = ["/", "/dir", "/dir/", "/dir/page", "/directory", "/other"];

/** Each sets one cookie, named by its number. */
const SET = [
  "Path=/",
  "Path=/dir",
  "Path=/dir/",
  "Path=/; Domain=a.example",
  "Path=/; Domain=.a.example",
  "Path=/dir; Domain=www.a.example",
  "Path=/; Domain=x.www.a.example",
  "Path=/; Domain=b.example",
  "Path=/; Domain=example",
  "Path=/; Secure",
  "Path=/; HttpOnly",
  "Path=/; Max-Age=3600",
  "Path=/; Max-Age=0",
  "Path=/; Expires=Wed, 02 Jan 2036 03:04:05 GMT",
  "Path=/; Expires=Wed, 02-Jan-36 03:04:05 GMT",
  "Path=/; Expires=Tue, 02 Jan 2001 03:04:05 GMT",
  "Path=/; Expires=Tue, 02 Jan 2001 03:04:05 GMT; Max-Age=60",
  "Path=/; Secure; HttpOnly; SameSite=Strict; Max-Age=60",
];

interface Sites extends AsyncDisposable {
  httpPort: number;
  httpsPort: number;
  ca: string;
}

/** Sets all cookies at `/set`, and else answers what was sent. */
async function startSites(directory: string): Promise<Sites> {
  const authority = await createAuthority();
  const certificate = await authority.issue({ dnsNames: HOSTS });
  const ca = join(directory, "ca.pem");
  await Deno.writeTextFile(ca, authority.caPem);
  const handler = (request: Request) => {
    const headers = new Headers({
      "x-cookie": request.headers.get("cookie") ?? "",
    });
    if (new URL(request.url).pathname === "/set") {
      for (const one of setCookies()) headers.append("set-cookie", one);
    }
    return new Response(request.headers.get("cookie"), { headers });
  };
  const options = { hostname: "127.0.0.1", port: 0, onListen() {} };
  const http = Deno.serve(options, handler);
  const https = Deno.serve({ ...options, ...certificate }, handler);
  return {
    httpPort: http.addr.port,
    httpsPort: https.addr.port,
    ca,
    async [Symbol.asyncDispose]() {
      await Promise.all([http.shutdown(), https.shutdown()]);
    },
  };
}

function setCookies(): string[] {
  return SET.map((attributes, at) => `c${at}=${at}; ${attributes}`);
}

async function run(command: string, args: string[]): Promise<string> {
  const { stdout, stderr, success } = await new Deno.Command(command, {
    args,
    env: { LC_ALL: "C", HOME: "/nonexistent" },
  }).output();
  const decoder = new TextDecoder();
  assert(success, `${command} ${args.join(" ")}: ${decoder.decode(stderr)}`);
  return decoder.decode(stdout);
}

/** Arguments by which curl comes to our servers. */
function curlArgs(sites: Sites): string[] {
  return [
    "--silent",
    "--fail",
    "--cacert",
    sites.ca,
    ...HOSTS.flatMap((host) => [
      "--connect-to",
      `${host}:80:127.0.0.1:${sites.httpPort}`,
      "--connect-to",
      `${host}:443:127.0.0.1:${sites.httpsPort}`,
    ]),
  ];
}

function sorted(header: string): string[] {
  return header.split("; ").filter(Boolean).sort();
}

Deno.test("curl and CookieJar keep and send the same cookies", async () => {
  await using temp = await tempDir();
  await using sites = await startSites(temp.path);
  let sent = 0;
  for (const scheme of ["http", "https"]) {
    for (const from of HOSTS) {
      const file = join(temp.path, `${scheme}-${from}`);
      await run("curl", [
        ...curlArgs(sites),
        "--cookie-jar",
        file,
        `${scheme}://${from}/set`,
      ]);
      const jar = new CookieJar();
      for (const one of setCookies()) {
        jar.setCookie(one, `${scheme}://${from}/set`);
      }
      const loaded = new MozillaCookieJar();
      await loaded.load(file);
      const described = (cookies: CookieJar) =>
        Array.from(
          cookies,
          (one) =>
            `${one.name} ${one.hostOnly ? "" : "."}${one.domain}${one.path} ` +
            `${one.secure} ${one.httpOnly} ${one.expires !== undefined}`,
        ).sort();
      assertEquals(described(loaded), described(jar), `${scheme} ${from}`);
      for (const to of HOSTS) {
        for (const path of PATHS) {
          const url = `${scheme}://${to}${path}`;
          const header = jar.cookieHeader(url);
          // The file says nothing of the time, and has an order of its own.
          assertEquals(sorted(loaded.cookieHeader(url)), sorted(header), url);
          if (header !== "") sent++;
        }
      }
    }
  }
  assert(sent > 50, String(sent));
});

Deno.test("curl sends what MozillaCookieJar saved", async () => {
  await using temp = await tempDir();
  await using sites = await startSites(temp.path);
  const file = join(temp.path, "cookies.txt");
  const jar = new MozillaCookieJar();
  for (const host of HOSTS) {
    for (const one of setCookies()) {
      jar.setCookie(one.replace("=", `-${host}=`), `https://${host}/set`);
    }
  }
  jar.setCookie('odd="a b, c"; Path=/', "https://a.example/");
  jar.setCookie("empty=; Path=/", "https://a.example/");
  await jar.save(file, { session: true });
  // One connection for all, and each answer in a line of its own.
  const urls = ["http", "https"].flatMap((scheme) =>
    HOSTS.flatMap((host) => PATHS.map((path) => `${scheme}://${host}${path}`))
  );
  const answers = (await run("curl", [
    ...curlArgs(sites),
    "--cookie",
    file,
    "--write-out",
    "\\n",
    ...urls,
  ])).split("\n");
  for (const [at, url] of urls.entries()) {
    // To curl, "/dir" is below "/dir/".
    const answer = sorted(answers[at]!).filter((pair) =>
      !url.endsWith("/dir") || !pair.startsWith("c2-")
    );
    assertEquals(answer, sorted(jar.cookieHeader(url)), url);
  }
  assert(answers[0]!.length > 100, answers[0]);
});

Deno.test("wget sends what MozillaCookieJar saved, and the other way round", async () => {
  await using temp = await tempDir();
  await using sites = await startSites(temp.path);
  const [ours, theirs] = [join(temp.path, "ours"), join(temp.path, "theirs")];
  // wget has no table of hosts of its own: the address it is.
  const origin = `http://127.0.0.1:${sites.httpPort}`;
  const jar = new MozillaCookieJar();
  const set = [
    "a=1; Path=/",
    "b=2; Path=/dir",
    "c=3; Path=/; Max-Age=60; HttpOnly",
    "d=4; Path=/other",
  ];
  for (const one of set) jar.setCookie(one, `${origin}/`);
  await jar.save(ours, { session: true });
  const wget = (path: string, ...args: string[]) =>
    run("wget", [
      "--quiet",
      "--no-config",
      "--output-document=-",
      ...args,
      origin + path,
    ]);
  // Lines with #HttpOnly_ are comments to it.
  assertEquals(sorted(await wget("/dir/x", "--load-cookies", ours)), [
    "a=1",
    "b=2",
  ]);
  await wget("/set", "--save-cookies", theirs, "--keep-session-cookies");
  const loaded = new MozillaCookieJar();
  await loaded.load(theirs);
  // Only for paths above that of the request; Secure over http beside.
  assertEquals(
    [...loaded].filter(({ secure }) => !secure).map(({ name }) => name).sort(),
    ["c0", "c10", "c11", "c13", "c14"],
  );
  for (const one of loaded) {
    assertEquals([one.domain, one.hostOnly], ["127.0.0.1", true]);
  }
  // To wget, this machine itself is not secure.
  const expected = loaded.getCookies(`${origin}/dir/x`)
    .filter(({ secure }) => !secure)
    .map(({ name, value }) => `${name}=${value}`);
  const sent = await wget("/dir/x", "--load-cookies", theirs);
  assertEquals(sorted(sent), expected.sort());
});
