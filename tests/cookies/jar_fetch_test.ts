import { assert, assertEquals, assertRejects } from "jsr:@std/assert@^1.0.0";
import { ProtocolError } from "../../_wire/errors.ts";
import { CookieJar } from "../../cookies/mod.ts";

/** A request as a server saw it. */
interface Seen {
  line: string;
  cookie: string;
  headers: Headers;
  body: string;
}

/** What a path answers; a number is a redirect's status. */
type Answers = Record<
  string,
  { status?: number; location?: string; set?: string[] }
>;

/** Two origins on this machine, which differ by their ports. */
async function withServers(
  answers: Answers,
  test: (one: string, other: string, seen: Seen[]) => Promise<void>,
): Promise<void> {
  const seen: Seen[] = [];
  let other = "";
  const handler = async (request: Request) => {
    const { pathname, host } = new URL(request.url);
    seen.push({
      line: `${request.method} ${
        host === new URL(other).host ? "other" : ""
      }${pathname}`,
      cookie: request.headers.get("cookie") ?? "",
      headers: request.headers,
      body: await request.text(),
    });
    const { status = 200, location, set = [] } = answers[pathname] ?? {};
    const headers = new Headers();
    if (location !== undefined) {
      headers.set("location", location.replace("OTHER", other));
    }
    for (const one of set) headers.append("set-cookie", one);
    return new Response(`the body of ${pathname}`, { status, headers });
  };
  const options = { hostname: "127.0.0.1", port: 0, onListen() {} };
  await using first = Deno.serve(options, handler);
  await using second = Deno.serve(options, handler);
  other = `http://localhost:${second.addr.port}`;
  await test(`http://127.0.0.1:${first.addr.port}`, other, seen);
}

function lines(seen: Seen[]): string[] {
  return seen.map(({ line, cookie }) => `${line} ${cookie}`.trim());
}

Deno.test("CookieJar.fetch() keeps and sends cookies on every hop", async () => {
  const answers = {
    "/a": {
      status: 302,
      location: "/b/c",
      set: ["a=1; Path=/", "x=1; Path=/b"],
    },
    "/b/c": { status: 307, location: "d", set: ["b=1", "a=2; Path=/"] },
    "/b/d": { status: 303, location: "OTHER/e", set: ["c=1"] },
    "/e": { set: ["e=1"] },
  };
  await withServers(answers, async (one, other, seen) => {
    const jar = new CookieJar();
    const response = await jar.fetch(`${one}/a`);
    assertEquals(await response.text(), "the body of /e");
    assertEquals(response.url, `${other}/e`);
    assertEquals(response.redirected, true);
    assertEquals(lines(seen), [
      "GET /a",
      "GET /b/c x=1; a=1",
      "GET /b/d x=1; b=1; a=2",
      "GET other/e",
    ]);
    assertEquals(jar.cookieHeader(`${one}/b/`), "x=1; b=1; c=1; a=2");
    assertEquals(jar.cookieHeader(`${other}/`), "e=1");
  });
});

Deno.test("CookieJar.fetch() keeps the cookies of errors too", async () => {
  const answers = { "/a": { status: 404, set: ["a=1"] } };
  await withServers(answers, async (one) => {
    const jar = new CookieJar();
    const response = await jar.fetch(new URL(`${one}/a`));
    assertEquals([response.status, response.redirected], [404, false]);
    await response.body?.cancel();
    assertEquals(jar.cookieHeader(one), "a=1");
  });
});

Deno.test("CookieJar.fetch() sends bodies again where it must", async () => {
  const answers = {
    "/307": { status: 307, location: "/308", set: ["a=1"] },
    "/308": { status: 308, location: "OTHER/302" },
    "/302": { status: 302, location: "/end" },
  };
  await withServers(answers, async (one, _, seen) => {
    const url = `${one}/307`;
    const method = "POST";
    const headers = { authorization: "Basic eDp5", "x-own": "1" };
    const form = new FormData();
    form.set("name", "value");
    const bodies: [BodyInit, string][] = [
      ["text", "text"],
      [new TextEncoder().encode("bytes"), "bytes"],
      [new Blob(["blob"]), "blob"],
      [new URLSearchParams({ a: "b" }), "a=b"],
      [form, "value"],
    ];
    for (const [body, expected] of bodies) {
      const ways = [
        () => new CookieJar().fetch(url, { method, body, headers }),
        () =>
          new CookieJar().fetch(new Request(url, { method, body, headers })),
        () =>
          new CookieJar().fetch(new Request(url, { headers }), {
            method,
            body,
          }),
      ];
      for (const way of ways) {
        seen.length = 0;
        await (await way()).body?.cancel();
        assertEquals(lines(seen), [
          "POST /307",
          "POST /308 a=1",
          "POST other/302",
          "GET other/end",
        ]);
        for (const [at, { body, headers }] of seen.entries()) {
          const isLast = at === 3;
          assert(isLast ? body === "" : body.includes(expected), body);
          assertEquals(headers.has("content-length"), !isLast);
          if (isLast) assertEquals(headers.get("content-type"), null);
          assertEquals(headers.has("authorization"), at < 2);
          assertEquals(headers.get("x-own"), "1");
        }
      }
    }
  });
});

Deno.test("CookieJar.fetch() sends no stream a second time", async () => {
  const answers = {
    "/a": { status: 307, location: "/b" },
    "/c": { status: 302, location: "/b" },
  };
  await withServers(answers, async (one, _, seen) => {
    const jar = new CookieJar();
    const post = () => ({
      method: "POST",
      body: ReadableStream.from([new TextEncoder().encode("text")]),
    });
    await assertRejects(
      () => jar.fetch(`${one}/a`, post()),
      TypeError,
      "the body is a stream, which cannot be sent again",
    );
    assertEquals(seen.map(({ body }) => body), ["text"]);
    const response = await jar.fetch(`${one}/c`, post());
    assertEquals(await response.text(), "the body of /b");
    assertEquals(seen.map(({ body }) => body), ["text", "text", ""]);
  });
});

Deno.test("CookieJar.fetch() sends the caller's own cookies once", async () => {
  const answers = { "/a": { status: 302, location: "/b", set: ["a=1"] } };
  await withServers(answers, async (one, _, seen) => {
    const jar = new CookieJar();
    jar.setCookie("j=1; Path=/", one);
    const headers = { cookie: "own=1" };
    await (await jar.fetch(`${one}/a`, { headers })).body?.cancel();
    assertEquals(lines(seen), ["GET /a own=1", "GET /b j=1; a=1"]);
    seen.length = 0;
    const request = new Request(`${one}/a`, { headers });
    await (await jar.fetch(request)).body?.cancel();
    assertEquals(lines(seen), ["GET /a own=1", "GET /b j=1; a=1"]);
  });
});

Deno.test("CookieJar.fetch() goes by the redirect mode", async () => {
  const answers = { "/a": { status: 302, location: "/b", set: ["a=1"] } };
  await withServers(answers, async (one) => {
    const jar = new CookieJar();
    const manual = await jar.fetch(`${one}/a`, { redirect: "manual" });
    assertEquals([manual.status, manual.redirected], [302, false]);
    assertEquals(manual.headers.get("location"), "/b");
    await manual.body?.cancel();
    assertEquals(jar.cookieHeader(one), "a=1");
    jar.clear();
    await assertRejects(
      () => jar.fetch(new Request(`${one}/a`, { redirect: "error" })),
      TypeError,
      "it answers with a redirect",
    );
    assertEquals(jar.cookieHeader(one), "a=1");
    const end = await jar.fetch(`${one}/b`, { redirect: "error" });
    assertEquals(await end.text(), "the body of /b");
  });
});

Deno.test("CookieJar.fetch() gives up after twenty redirects", async () => {
  const answers: Answers = { "/loop": { status: 302, location: "/loop" } };
  for (let at = 0; at < 20; at++) {
    answers[`/${at}`] = { status: 301, location: `/${at + 1}` };
  }
  await withServers(answers, async (one, _, seen) => {
    const jar = new CookieJar();
    const response = await jar.fetch(`${one}/0`);
    assertEquals(await response.text(), "the body of /20");
    seen.length = 0;
    await assertRejects(
      () => jar.fetch(`${one}/loop`),
      TypeError,
      "there are over 20 redirects",
    );
    assertEquals(seen.length, 21);
  });
});

Deno.test("CookieJar.fetch() follows no redirect that leads nowhere", async () => {
  const answers = {
    "/ftp": { status: 302, location: "ftp://a.example/" },
    "/data": { status: 302, location: "data:,x" },
    "/none": { status: 302 },
    "/bad": { status: 302, location: "http://[x" },
  };
  await withServers(answers, async (one) => {
    const jar = new CookieJar();
    for (const path of ["/ftp", "/data"]) {
      await assertRejects(
        () => jar.fetch(one + path),
        TypeError,
        "it redirects",
      );
    }
    await assertRejects(() => jar.fetch(`${one}/bad`), ProtocolError);
    const response = await jar.fetch(`${one}/none`);
    assertEquals(await response.text(), "the body of /none");
  });
});

Deno.test("CookieJar.fetch() does without cookies where it is told to", async () => {
  const answers = { "/a": { set: ["a=1"] } };
  await withServers(answers, async (one, _, seen) => {
    const jar = new CookieJar();
    jar.setCookie("j=1; Path=/", one);
    await (await jar.fetch(`${one}/a`, { credentials: "omit" })).body?.cancel();
    assertEquals(lines(seen), ["GET /a"]);
    assertEquals(jar.size, 1);
    const response = await jar.fetch("data:,hello");
    assertEquals(await response.text(), "hello");
  });
});

Deno.test("CookieJar.fetch() takes a redirect to another site for a third party where those are refused", async () => {
  const answers = {
    "/a": { status: 302, location: "OTHER/b", set: ["a=1"] },
    "/b": { set: ["b=1"] },
  };
  await withServers(answers, async (one, other) => {
    const jar = new CookieJar({ policy: { blockThirdParty: true } });
    await (await jar.fetch(`${one}/a`)).body?.cancel();
    assertEquals([...jar].map(({ name }) => name), ["a"]);
    await (await jar.fetch(`${other}/b`)).body?.cancel();
    assertEquals([...jar].map(({ name }) => name), ["a", "b"]);
  });
});

Deno.test("CookieJar.fetch() can be aborted on the way", async () => {
  const controller = new AbortController();
  const jar = new CookieJar();
  await using server = Deno.serve(
    { hostname: "127.0.0.1", port: 0, onListen() {} },
    (request) => {
      if (request.url.endsWith("/b")) controller.abort(new Error("enough"));
      return new Response(null, { status: 302, headers: { location: "/b" } });
    },
  );
  const url = `http://127.0.0.1:${server.addr.port}/a`;
  const { signal } = controller;
  await assertRejects(() => jar.fetch(url, { signal }), Error, "enough");
  await assertRejects(
    () => jar.fetch(new Request(url, { signal })),
    Error,
    "enough",
  );
});
