import {
  assert,
  assertEquals,
  assertRejects,
  assertStringIncludes,
} from "jsr:@std/assert@^1.0.0";
import { join } from "node:path";
import { FileLock } from "../../../mail/mailbox/_file_lock.ts";
import { Mbox } from "../../../mail/mailbox/mod.ts";
import { tempDir } from "../../_support/temp_dir.ts";
import { namesIn } from "./helpers.ts";

/** A number that no process has: Linux has them up to 4,194,304. */
const NO_PROCESS = 99_999_999;

/** The message of the time-out. */
async function refusal(lock: FileLock, timeout = 0): Promise<string> {
  const error = await assertRejects(() => lock.acquire(timeout), DOMException);
  assertEquals(error.name, "TimeoutError");
  assertEquals(lock.held, false);
  return error.message;
}

Deno.test("FileLock.acquire() makes a lock file, and release() removes it", async () => {
  await using directory = await tempDir();
  const path = join(directory.path, "box");
  await Deno.writeTextFile(path, "");
  const lock = new FileLock(path);
  lock.release();
  await lock.acquire(0);
  assert(lock.held);
  const name = await Deno.readTextFile(`${path}.lock`);
  assertEquals(name, `${Deno.pid}:${Deno.hostname()}\n`);
  const other = new FileLock(path);
  assertStringIncludes(
    await refusal(other),
    `process ${Deno.pid} holds ${JSON.stringify(`${path}.lock`)}`,
  );
  assertStringIncludes(await refusal(other, 30), "gave up after 30 ms");
  const waiting = other.acquire(60_000);
  lock.release();
  await waiting;
  other.release();
  assertEquals(namesIn(directory.path), ["box"]);
});

Deno.test("FileLock.acquire() respects the advisory lock alone", async () => {
  await using directory = await tempDir();
  const path = join(directory.path, "box");
  await Deno.writeTextFile(path, "");
  const lock = new FileLock(path);
  {
    using file = await Deno.open(path);
    assert(await file.tryLock(true));
    assertStringIncludes(await refusal(lock), "advisory lock (flock)");
    // It does not keep the one kind while it waits for the other.
    assertEquals(namesIn(directory.path), ["box"]);
  }
  await lock.acquire(0);
  {
    using file = await Deno.open(path);
    assertEquals(await file.tryLock(true), false);
  }
  lock.release();
});

Deno.test("FileLock.acquire() takes over what was left over", async () => {
  await using directory = await tempDir();
  const path = join(directory.path, "box");
  const lockPath = `${path}.lock`;
  const minutes = (count: number) => new Date(Date.now() - count * 60_000);
  const cases: [text: string, age: number, holder?: string][] = [
    // A process of this machine that is gone.
    [`${NO_PROCESS}\n`, 0],
    [`${NO_PROCESS}:${Deno.hostname()}\n`, 0],
    [`${Deno.ppid}\n`, 60, `process ${Deno.ppid} holds`],
    // Of another machine: by its age.
    ["1:elsewhere.example\n", 4, "process 1 on elsewhere.example holds"],
    ["1:elsewhere.example\n", 6],
    // No number, as procmail and others have it.
    ["", 4, "another program holds"],
    ["0", 4, "another program holds"],
    ["", 6],
    ["x".repeat(2000), 4, "another program holds"],
    ["x".repeat(2000), 6],
  ];
  for (const [text, age, holder] of cases) {
    await Deno.writeTextFile(lockPath, text);
    await Deno.utime(lockPath, minutes(age), minutes(age));
    const lock = new FileLock(path);
    if (holder) {
      assertStringIncludes(await refusal(lock), holder);
      assertEquals(await Deno.readTextFile(lockPath), text);
      await Deno.remove(lockPath);
    } else {
      await lock.acquire(5_000);
      lock.release();
    }
    assertEquals(namesIn(directory.path), []);
  }
});

Deno.test("FileLock.release() leaves a lock that is somebody else's", async () => {
  await using directory = await tempDir();
  const path = join(directory.path, "box");
  const lock = new FileLock(path);
  await lock.acquire(0);
  await Deno.remove(`${path}.lock`);
  await Deno.writeTextFile(`${path}.lock`, "1\n");
  lock.release();
  assertEquals(namesIn(directory.path), ["box.lock"]);
});

Deno.test("FileLock.acquire() can be aborted", async () => {
  await using directory = await tempDir();
  const path = join(directory.path, "box");
  await Deno.writeTextFile(`${path}.lock`, "");
  const lock = new FileLock(path);
  const aborter = new AbortController();
  const waiting = lock.acquire(60_000, aborter.signal);
  aborter.abort(new Error("no time"));
  await assertRejects(() => waiting, Error, "no time");
  await assertRejects(() => lock.acquire(0, aborter.signal), Error, "no time");
  assertEquals(lock.held, false);
});

/** What somebody may do who owns the file, and not its directory. */
const SPOOL = `
import { Mbox } from ${
  JSON.stringify(new URL("../../../mail/mailbox/mod.ts", import.meta.url))
};
const said = [];
const say = (error) => said.push(error.message);
const [path] = Deno.args;
const one = await Mbox.open(path);
const other = await Mbox.open(path, { lockTimeout: 0 });
await one.lock();
await one.add("A: 1\\n\\n");
await other.add("A: 2\\n\\n").catch(say);
await one.unlock();
await other.add("A: 3\\n\\n");
await other.remove("0");
await other.close().catch(say);
console.log(JSON.stringify({ said, count: await one.count() }));
await one.close();
`;

Deno.test({
  name: "Mbox uses the advisory lock alone where no lock file can be made",
  ignore: Deno.build.os === "windows",
  async fn() {
    await using directory = await tempDir();
    const path = join(directory.path, "spool", "box");
    await Deno.mkdir(join(directory.path, "spool"));
    await Deno.mkdir(join(directory.path, "cache"));
    await Deno.writeTextFile(path, "");
    const script = join(directory.path, "spool.js");
    await Deno.writeTextFile(script, SPOOL);
    // Root may write everywhere: it becomes nobody.
    const nobody = 65_534;
    const isRoot = Deno.uid() === 0;
    if (isRoot) {
      await Deno.chmod(directory.path, 0o755);
      await Deno.chown(path, nobody, nobody);
      await Deno.chown(join(directory.path, "cache"), nobody, nobody);
    }
    await Deno.chmod(join(directory.path, "spool"), 0o555);
    const config = new URL("../../../deno.json", import.meta.url).pathname;
    const { success, stdout } = await new Deno.Command(Deno.execPath(), {
      args: ["run", "-A", "--no-check", `--config=${config}`, script, path],
      env: { DENO_DIR: join(directory.path, "cache") },
      stderr: "inherit",
      ...(isRoot && { uid: nobody, gid: nobody }),
    }).output();
    await Deno.chmod(join(directory.path, "spool"), 0o755);
    assert(success);
    const { said, count } = JSON.parse(new TextDecoder().decode(stdout));
    assertEquals(count, 2);
    assertEquals(said.length, 2);
    assertStringIncludes(said[0], "advisory lock (flock)");
    assertStringIncludes(
      said[1],
      "Cannot write the mailbox: Permission denied",
    );
  },
});

Deno.test("Mbox.lock() keeps others away until unlock()", async () => {
  await using directory = await tempDir();
  const path = join(directory.path, "box");
  await using box = await Mbox.open(path, { create: true });
  await using other = await Mbox.open(path, { lockTimeout: 0 });
  await box.lock();
  await box.lock();
  await box.add("A: 1\n\n");
  await box.add("A: 2\n\n");
  await box.remove("0");
  await box.flush();
  for (const use of [() => other.add("A: 3\n\n"), () => other.lock()]) {
    const error = await assertRejects(use, DOMException);
    assertStringIncludes(error.message, `process ${Deno.pid} holds`);
  }
  // Reading needs no lock.
  assertEquals(await other.count(), 1);
  await box.unlock();
  await box.unlock();
  await other.add("A: 3\n\n");
  assertEquals(await box.count(), 2);
  assertEquals(namesIn(directory.path), ["box"]);
});

Deno.test("Mbox.add() waits for no source with the lock in its hands", async () => {
  await using directory = await tempDir();
  const path = join(directory.path, "box");
  await using box = await Mbox.open(path, { create: true });
  const source = new TransformStream<Uint8Array, Uint8Array>();
  const slow = box.add(source.readable);
  const writer = source.writable.getWriter();
  await writer.write(new TextEncoder().encode("A: slow\n\n"));
  await using other = await Mbox.open(path, { lockTimeout: 0 });
  await other.add("A: quick\n\n");
  await writer.close();
  assertEquals(await slow, "1");
});
