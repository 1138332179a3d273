import {
  assert,
  assertEquals,
  assertRejects,
  assertStringIncludes,
} from "jsr:@std/assert@^1.0.0";
import { freePort, runs, startDaemon, stateDir } from "./_process.ts";

Deno.test("startDaemon() says why it cannot", async () => {
  const dir = await stateDir();
  const error = await assertRejects(
    () =>
      startDaemon("/bin/sh", ["-c", "echo no way; exit 2"], {
        dir,
        ports: [1],
      }),
    Error,
  );
  assertStringIncludes(error.message, "no way");
  await assertRejects(() => Deno.stat(dir), Deno.errors.NotFound);
});

Deno.test("startDaemon() is not taken in by somebody else's port", async () => {
  const dir = await stateDir();
  using other = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const error = await assertRejects(
    () =>
      startDaemon("/bin/sh", ["-c", "sleep 0.2; echo it is taken; exit 2"], {
        dir,
        ports: [other.addr.port],
      }),
    Error,
  );
  assertStringIncludes(error.message, "it is taken");
});

Deno.test("startDaemon() ends those too that lost their parent", async () => {
  const dir = await stateDir();
  const port = freePort();
  // Has a grandchild that writes its number, and listens when that is an orphan.
  const script = `
import os, socket, sys, time
if os.fork() == 0:
    if os.fork() == 0:
        open(sys.argv[2] + "/orphan", "w").write(str(os.getpid()))
        time.sleep(1000)
    os._exit(0)
os.wait()
while not os.path.exists(sys.argv[2] + "/orphan"):
    time.sleep(0.01)
server = socket.create_server(("127.0.0.1", int(sys.argv[1])))
time.sleep(1000)
`;
  const daemon = await startDaemon(
    "/usr/bin/python3",
    ["-c", script, `${port}`, dir],
    { dir, ports: [port] },
  );
  const orphan = Number(await Deno.readTextFile(`${dir}/orphan`));
  assert(runs(orphan));
  await daemon[Symbol.asyncDispose]();
  assertEquals(runs(orphan), false);
  await assertRejects(() => Deno.stat(dir), Deno.errors.NotFound);
});
