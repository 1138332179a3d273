/**
 * What a user does with an FTP server, told once and run against our own server
 * and against the real ones.
 *
 * @module
 */
import {
  assert,
  assertEquals,
  assertInstanceOf,
  assertRejects,
} from "jsr:@std/assert@^1.0.0";
import { join } from "node:path";
import {
  FtpClient,
  type FtpConnectOptions,
  FtpError,
  type TransferProgress,
} from "../../ftp/mod.ts";
import { seededRandom } from "../_support/random_slices.ts";
import { tempDir } from "../_support/temp_dir.ts";

/** A server under test. */
export interface FtpTarget extends AsyncDisposable {
  hostname: string;
  port: number;
  user: string;
  password: string;
  /** The directory on the local disk that the user sees as "/". */
  root: string;
  caPem?: string;
}

/** In what the servers differ. */
export interface Traits {
  tls: "none" | "starttls" | "implicit";
  /** The weakest comparison that `verify` comes to. */
  verified: "HASH" | "XSHA256" | "XCRC" | "size";
  /** Whether the time of an uploaded file can be set. */
  setsTimes: boolean;
  /** Options for every connection. */
  options?: Partial<FtpConnectOptions>;
  /** Whether data connections can be made to the client. */
  active?: boolean;
  /** Whether EPSV is there. */
  epsv?: boolean;
  /** Names that the server does not allow. */
  refuses?: readonly string[];
  /** What it answers to MKD in place of the whole path. */
  mkdSaysName?: boolean;
}

/** Bytes that look random and are the same each time. */
export function noise(length: number, seed = 1): Uint8Array<ArrayBuffer> {
  const random = seededRandom(seed);
  const bytes = new Uint8Array(length);
  for (let at = 0; at < length; at++) bytes[at] = Math.floor(random() * 256);
  return bytes;
}

/** Registers the stories; `start` gives each of them a server of its own. */
export function ftpStories(
  name: string,
  start: () => Promise<FtpTarget>,
  traits: Traits,
): void {
  const story = (
    what: string,
    run: (ftp: FtpClient, target: FtpTarget) => Promise<void>,
    options: Partial<FtpConnectOptions> = {},
  ) =>
    Deno.test(`${name}: ${what}`, async () => {
      await using target = await start();
      await using ftp = await connect(target, traits, options);
      await ftp.login(target.user, target.password);
      await run(ftp, target);
    });

  story("signs in and says where it is", async (ftp, target) => {
    assertEquals(ftp.welcome.code, 220);
    assertEquals(ftp.secure, traits.tls !== "none");
    assertEquals([ftp.hostname, ftp.port], [target.hostname, target.port]);
    assertEquals(await ftp.pwd(), "/");
    assert((await ftp.features()).has("SIZE"));
    assertEquals((await ftp.sendCmd("NOOP")).code, 200);
    assertEquals((await ftp.quit()).code, 221);
  });

  Deno.test(`${name}: refuses a wrong password without telling it`, async () => {
    await using target = await start();
    const seen: string[] = [];
    await using ftp = await connect(target, traits, {
      onTrace: ({ line }) => seen.push(line),
    });
    const error = await assertRejects(
      () => ftp.login(target.user, "wr0ng-passw0rd"),
      FtpError,
    );
    assertEquals(error.code, 530);
    assertEquals(error.command, "PASS ***");
    const everything = [...seen, error.message, `${error.stack}`].join("\n");
    assert(!everything.includes("wr0ng-passw0rd"), everything);
  });

  story("stores and fetches bytes", async (ftp, target) => {
    const content = noise(300_000);
    const stored = await ftp.storBinary("STOR noise.bin", content);
    assertEquals(stored.code, 226);
    assertEquals(await Deno.readFile(join(target.root, "noise.bin")), content);
    const stream = await ftp.retrBinary("RETR noise.bin");
    assertEquals(await new Response(stream).bytes(), content);
    assertEquals(await ftp.size("noise.bin"), content.length);
    const tail = await ftp.retrBinary("RETR noise.bin", { offset: 299_990 });
    assertEquals(await new Response(tail).bytes(), content.subarray(299_990));
    await ftp.storBinary("STOR noise.bin", "!!", { offset: 299_998 });
    const after = await Deno.readFile(join(target.root, "noise.bin"));
    assertEquals(after.length, 300_000);
    assertEquals(after.subarray(299_998), new Uint8Array([33, 33]));
    await ftp.storBinary("APPE noise.bin", new Blob(["more"]));
    assertEquals(await ftp.size("noise.bin"), 300_004);
  });

  story("fetches an empty file", async (ftp) => {
    await ftp.storBinary("STOR empty", "");
    assertEquals(await ftp.size("empty"), 0);
    const stream = await ftp.retrBinary("RETR empty");
    assertEquals((await new Response(stream).bytes()).length, 0);
  });

  story("stores from a stream that cannot be read twice", async (ftp) => {
    const chunks = [noise(70_000, 1), noise(1, 2), noise(30_000, 3)];
    await ftp.storBinary("STOR stream.bin", ReadableStream.from(chunks));
    assertEquals(await ftp.size("stream.bin"), 100_001);
    const sink = await ftp.writable("STOR sink.bin");
    await ReadableStream.from(chunks).pipeTo(sink);
    assertEquals(await ftp.size("sink.bin"), 100_001);
  });

  story("reads with memory of the reader's own", async (ftp) => {
    const content = noise(200_000);
    await ftp.storBinary("STOR b", content);
    const reader = (await ftp.retrBinary("RETR b")).getReader({ mode: "byob" });
    const got: number[] = [];
    let buffer = new Uint8Array(10_000);
    for (;;) {
      const { done, value } = await reader.read(buffer);
      if (done) break;
      got.push(...value);
      buffer = new Uint8Array(value.buffer);
    }
    assertEquals(new Uint8Array(got), content);
  });

  story("stores and fetches lines", async (ftp, target) => {
    const lines = ["first", "", "zwölf", ".dot", "last"];
    await ftp.storLines("STOR lines.txt", ReadableStream.from(lines));
    const stream = await ftp.retrLines("RETR lines.txt");
    assertEquals(await Array.fromAsync(stream), lines);
    await ftp.storLines("STOR text.txt", "a\nb\r\nc");
    assertEquals(
      (await Deno.readTextFile(join(target.root, "text.txt")))
        .replaceAll("\r\n", "\n"),
      "a\nb\nc\n",
    );
  });

  story("keeps directories in order", async (ftp) => {
    assertEquals(await ftp.mkd("one"), traits.mkdSaysName ? "one" : "/one");
    await ftp.cwd("one");
    assertEquals(await ftp.pwd(), "/one");
    await ftp.ensureDir("two/three");
    await ftp.ensureDir("two/three");
    await ftp.ensureDir("/one/two/three/four");
    assertEquals(await ftp.pwd(), "/one");
    await ftp.cwd("two");
    await ftp.cwd("..");
    assertEquals(await ftp.pwd(), "/one");
    await ftp.storBinary("STOR two/a.txt", "x");
    await ftp.rename("two/a.txt", "two/three/b.txt");
    assertEquals((await ftp.stat("two/three/b.txt")).size, 1);
    assertEquals((await ftp.stat("/one/two")).type, "directory");
    assertEquals((await ftp.stat("/")).type, "directory");
    await ftp.delete("two/three/b.txt");
    await assertRejects(() => ftp.size("two/three/b.txt"), FtpError);
    await assertRejects(() => ftp.stat("two/three/b.txt"), FtpError);
    await assertRejects(() => ftp.rmd("two"), FtpError);
    await ftp.rmd("two/three/four");
    await ftp.cwd("/");
    await ftp.storBinary("STOR one/.hidden", "x");
    await ftp.removeDir("one");
    assertEquals(await ftp.list(), []);
    await assertRejects(() => ftp.cwd("one"), FtpError);
    await assertRejects(() => ftp.ensureDir("/file/in"), FtpError)
      .catch(() => {});
  });

  story("lists what is there", async (ftp, target) => {
    await Deno.writeTextFile(join(target.root, "b file.txt"), "12345");
    await Deno.writeTextFile(join(target.root, ".dot"), "1");
    await Deno.mkdir(join(target.root, "dir"));
    await Deno.writeTextFile(join(target.root, "dir", "inner"), "");
    const time = new Date("2021-02-03T04:05:00Z");
    await Deno.utime(join(target.root, "b file.txt"), time, time);
    const entries = (await ftp.list()).sort((a, b) => a.name < b.name ? -1 : 1);
    assertEquals(
      entries.map(({ name, type }) => [name, type]),
      [[".dot", "file"], ["b file.txt", "file"], ["dir", "directory"]],
    );
    assertEquals(entries[1]!.size, 5);
    assertEquals(
      entries[1]!.modified!.toISOString().slice(0, 10),
      "2021-02-03",
    );
    assertEquals(await ftp.modified("b file.txt"), time);
    assertEquals((await ftp.list("dir")).map(({ name }) => name), ["inner"]);
    assert((await ftp.nlst()).some((name) => name.endsWith("b file.txt")));
    assert((await ftp.dir()).some((line) => line.endsWith("b file.txt")));
    const lines = await Array.fromAsync(await ftp.retrLines("LIST"));
    assert(lines.some((line) => line.endsWith("b file.txt")));
    const entry = await ftp.stat("b file.txt");
    assertEquals([entry.name, entry.size], ["b file.txt", 5]);
  });

  story("knows names of every kind", async (ftp) => {
    const names = [
      "with space",
      "-dash",
      "ümläut €",
      'quo"te',
      "100%",
      "a[1]*?",
      "semi;colon=x",
      "日本語",
    ].filter((name) => !traits.refuses?.includes(name));
    for (const name of names) {
      assertEquals(await ftp.mkd(`/${name}`), `/${name}`);
      await ftp.cwd(`/${name}`);
      assertEquals(await ftp.pwd(), `/${name}`);
      await ftp.storBinary(`STOR ${name}`, name);
      const found = await ftp.list(`/${name}`);
      assertEquals(found.map((entry) => entry.name), [name]);
    }
    await ftp.cwd("/");
    const found = (await ftp.list()).map(({ name }) => name);
    assertEquals(found.sort(), names.sort());
    await using local = await tempDir();
    const result = await ftp.downloadDir("/", local.path);
    assertEquals(result.files, names.length);
    for (const name of names) {
      assertEquals(await Deno.readTextFile(join(local.path, name, name)), name);
    }
    for (const name of names) await ftp.removeDir(`/${name}`);
    assertEquals(await ftp.list("/"), []);
  });

  story("carries a tree there and back", async (ftp, target) => {
    await using local = await tempDir();
    const tree = join(local.path, "tree");
    await makeTree(tree);
    const seen = new Map<string, TransferProgress>();
    const up = await ftp.uploadDir(tree, "/up/here", {
      keepTimes: true,
      verify: true,
      onProgress: (progress) => seen.set(progress.name, progress),
    });
    assertEquals(up.files, 4);
    assertEquals(up.skipped, []);
    assertEquals(up.verified, traits.verified);
    assertEquals(seen.get("/up/here/sub/b.bin")?.bytes, 100_000);
    assertEquals(seen.get("/up/here/sub/b.bin")?.total, 100_000);
    const back = join(local.path, "back");
    const down = await ftp.downloadDir("/up/here", back, {
      keepTimes: true,
      filter: ({ name }) => name !== "skip.me",
    });
    assertEquals(down.files, 3);
    assertEquals(down.bytes, up.bytes - 4);
    for (const name of ["a.txt", "sub/b.bin", "sub/deep/.c"]) {
      assertEquals(
        await Deno.readFile(join(back, name)),
        await Deno.readFile(join(tree, name)),
      );
    }
    assert((await Deno.stat(join(back, "sub/empty"))).isDirectory);
    if (traits.setsTimes) {
      const { mtime } = await Deno.stat(join(back, "a.txt"));
      assertEquals(mtime, new Date("2020-01-02T03:04:05Z"));
    }
    await ftp.removeDir("/up");
    assertEquals(await Array.fromAsync(Deno.readDir(target.root)), []);
  });

  story("resumes in both directions", async (ftp, target) => {
    await using local = await tempDir();
    const content = noise(250_000);
    const file = join(local.path, "f");
    await Deno.writeFile(join(target.root, "f"), content);
    await Deno.writeFile(file, content.subarray(0, 100_000));
    const options = { resume: true, verify: true };
    const down = await ftp.download("f", file, options);
    assertEquals(down.bytes, 150_000);
    assertEquals(await Deno.readFile(file), content);
    assertEquals((await ftp.download("f", file, options)).bytes, 0);
    await ftp.storBinary("STOR g", content.subarray(0, 70_000));
    const up = await ftp.upload(file, "g", options);
    assertEquals(up.bytes, 180_000);
    assertEquals(await Deno.readFile(join(target.root, "g")), content);
    assertEquals((await ftp.upload(file, "g", options)).bytes, 0);
    // What is there is longer than the original: another file.
    await Deno.writeFile(join(target.root, "f"), content.subarray(0, 10));
    assertEquals((await ftp.download("f", file, { resume: true })).bytes, 10);
    assertEquals(await Deno.readFile(file), content.subarray(0, 10));
  });

  story("leaves nothing behind of a file that is not there", async (ftp) => {
    await using local = await tempDir();
    const error = await assertRejects(
      () => ftp.download("no such file", join(local.path, "x")),
      FtpError,
    );
    assertEquals(error.code, 550);
    assertEquals(await Array.fromAsync(Deno.readDir(local.path)), []);
    assertEquals((await ftp.sendCmd("NOOP")).code, 200);
    await assertRejects(() => ftp.retrBinary("RETR no such file"), FtpError);
    await assertRejects(
      () => ftp.storBinary("STOR no/such/dir", "x"),
      FtpError,
    );
    assertEquals(await ftp.list(), []);
  });

  story("goes on after a download that was cancelled", async (ftp, target) => {
    await Deno.writeFile(join(target.root, "big"), new Uint8Array(20_000_000));
    for (let round = 0; round < 3; round++) {
      const stream = await ftp.retrBinary("RETR big");
      const busy = await assertRejects(() => ftp.pwd(), DOMException);
      assertEquals(busy.name, "InvalidStateError");
      const reader = stream.getReader();
      await reader.read();
      await reader.cancel();
      assertEquals(await ftp.pwd(), "/");
    }
    const lines = await ftp.retrLines("LIST");
    await lines.cancel();
    assertEquals(await ftp.size("big"), 20_000_000);
  });

  story("goes on after ABOR", async (ftp, target) => {
    await Deno.writeFile(join(target.root, "big"), new Uint8Array(20_000_000));
    const stream = await ftp.retrBinary("RETR big");
    const reader = stream.getReader();
    await reader.read();
    const reply = await ftp.abort();
    assert([225, 226].includes(reply.code), `${reply.code} ${reply.text}`);
    const error = await assertRejects(
      async () => {
        while (!(await reader.read()).done);
      },
      DOMException,
    );
    assertEquals(error.name, "AbortError");
    assertEquals(await ftp.pwd(), "/");
    assertEquals((await ftp.list()).length, 1);
    assertEquals((await ftp.abort()).code >> 3, 225 >> 3);
    const sink = (await ftp.writable("STOR part")).getWriter();
    await sink.write(noise(10_000));
    sink.closed.catch(() => {});
    await ftp.abort();
    await sink.close().catch(() => {});
    assertEquals(await ftp.pwd(), "/");
    // A transfer whose bytes have all been sent before the ABOR comes.
    await ftp.storBinary("STOR tiny", "x");
    const tiny = await ftp.retrBinary("RETR tiny");
    await ftp.abort();
    await tiny.cancel().catch(() => {});
    assertEquals(await ftp.size("tiny"), 1);
  });

  story("stops by signal and goes on", async (ftp, target) => {
    await Deno.writeFile(join(target.root, "big"), new Uint8Array(20_000_000));
    const download = new AbortController();
    const stream = await ftp.retrBinary("RETR big", {
      signal: download.signal,
    });
    const reader = stream.getReader();
    await reader.read();
    const reason = new Error("enough");
    download.abort(reason);
    const error = await assertRejects(async () => {
      while (!(await reader.read()).done);
    });
    assertEquals(error, reason);
    // Its turn comes when the transfer has been cleaned up.
    await until(async () => await ftp.pwd() === "/");
    await using local = await tempDir();
    const file = join(local.path, "big");
    const stop = new AbortController();
    await assertRejects(
      () =>
        ftp.download("big", file, {
          signal: stop.signal,
          onProgress: () => stop.abort(reason),
        }),
      Error,
      "enough",
    );
    assertEquals(await ftp.pwd(), "/");
    const got = (await Deno.stat(file)).size;
    const rest = await ftp.download("big", file, { resume: true });
    assertEquals(rest.bytes, 20_000_000 - got);
    const before = AbortSignal.abort(reason);
    await assertRejects(() => ftp.pwd({ signal: before }), Error, "enough");
    assertEquals(await ftp.pwd(), "/");
  });

  story("takes commands together in their order", async (ftp) => {
    const results = await Promise.allSettled([
      ftp.mkd("a"),
      ftp.cwd("nowhere"),
      ftp.cwd("a"),
      ftp.storBinary("STOR x", "1"),
      ftp.pwd(),
      ftp.list(),
    ]);
    assertEquals(
      results.map(({ status }) => status === "fulfilled"),
      [true, false, true, true, true, true],
    );
    const [, refused, , , where, entries] = results;
    assertInstanceOf((refused as PromiseRejectedResult).reason, FtpError);
    assertEquals((where as PromiseFulfilledResult<string>).value, "/a");
    assertEquals(
      (entries as PromiseFulfilledResult<{ name: string }[]>).value[0]!.name,
      "x",
    );
  });

  for (
    const [passive, wanted] of [
      ["pasv", true],
      ["epsv", traits.epsv !== false],
      [false, traits.active !== false],
    ] as const
  ) {
    if (!wanted) continue;
    story(`moves data with passive: ${passive}`, async (ftp) => {
      await ftp.storBinary("STOR f", "hello");
      const stream = await ftp.retrBinary("RETR f");
      assertEquals(await new Response(stream).text(), "hello");
      assertEquals((await ftp.list()).length, 1);
      await assertRejects(() => ftp.retrBinary("RETR nothing"), FtpError);
      assert((await ftp.nlst()).includes("f"));
    }, { passive });
  }
}

/** Connects as the stories do. */
export function connect(
  target: FtpTarget,
  traits: Traits,
  options: Partial<FtpConnectOptions> = {},
): Promise<FtpClient> {
  return FtpClient.connect({
    hostname: target.hostname,
    port: target.port,
    tls: traits.tls,
    timeout: 20_000,
    ...(target.caPem && { tlsOptions: { caCerts: [target.caPem] } }),
    ...traits.options,
    ...options,
  });
}

async function makeTree(root: string): Promise<void> {
  await Deno.mkdir(join(root, "sub/deep"), { recursive: true });
  await Deno.mkdir(join(root, "sub/empty"));
  await Deno.writeTextFile(join(root, "a.txt"), "alpha");
  await Deno.writeFile(join(root, "sub/b.bin"), noise(100_000));
  await Deno.writeTextFile(join(root, "sub/deep/.c"), "dot");
  await Deno.writeTextFile(join(root, "skip.me"), "skip");
  const time = new Date("2020-01-02T03:04:05Z");
  await Deno.utime(join(root, "a.txt"), time, time);
}

/** Tries again as long as the client says that it is busy. */
async function until(done: () => Promise<boolean>): Promise<void> {
  for (let tries = 0; tries < 1_000; tries++) {
    try {
      if (await done()) return;
    } catch (error) {
      if (!(error instanceof DOMException)) throw error;
      await new Promise((resolve) => setTimeout(resolve, 1));
    }
  }
  throw new Error("the client stayed busy");
}
