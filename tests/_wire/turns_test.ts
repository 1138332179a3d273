import { assertEquals, assertRejects } from "jsr:@std/assert@^1.0.0";
import { Turns } from "../../_wire/turns.ts";
import { eventLoopTurn, isSettled } from "./memory.ts";

Deno.test("Turns.take() runs commands one after the other in call order", async () => {
  const turns = new Turns();
  const log: string[] = [];
  const gates = [0, 1, 2].map(() => Promise.withResolvers<void>());
  const taken = gates.map((gate, n) =>
    turns.take(`${n}`, undefined, async () => {
      log.push(`begin ${n}`);
      await gate.promise;
      log.push(`end ${n}`);
      return n;
    })
  );
  // In the wrong order.
  for (const gate of gates.toReversed()) {
    await eventLoopTurn();
    gate.resolve();
  }
  assertEquals(await Promise.all(taken), [0, 1, 2]);
  assertEquals(log, [0, 1, 2].flatMap((n) => [`begin ${n}`, `end ${n}`]));
});

Deno.test("Turns.take() goes on after a command that rejects or throws", async () => {
  const turns = new Turns();
  const first = turns.take(
    "a",
    undefined,
    () => Promise.reject(new Error("a")),
  );
  const second = turns.take("b", undefined, () => {
    throw new Error("b");
  });
  const third = turns.take("c", undefined, () => Promise.resolve("c"));
  await assertRejects(() => first, Error, "a");
  await assertRejects(() => second, Error, "b");
  assertEquals(await third, "c");
  assertEquals(turns.busy, false);
});

Deno.test("Turns.take() leaves no unhandled rejection of its own", async () => {
  const turns = new Turns();
  // Only the caller's promise rejects, and the caller looks at it.
  turns.take("a", undefined, () => Promise.reject(new Error("a")))
    .catch(() => {});
  await eventLoopTurn();
  assertEquals(turns.busy, false);
});

Deno.test("Turns.take() rejects at once while a body is open", async () => {
  const turns = new Turns();
  await turns.take("open", undefined, () => {
    turns.begin("the download of a.txt");
    return Promise.resolve();
  });
  assertEquals([turns.busy, turns.open], [true, "the download of a.txt"]);
  let ran = false;
  const error = await assertRejects(
    () =>
      turns.take("delete b.txt", undefined, () => {
        ran = true;
        return Promise.resolve();
      }),
    DOMException,
    "Cannot delete b.txt: the download of a.txt is not finished",
  );
  assertEquals(error.name, "InvalidStateError");
  assertEquals(ran, false);
  turns.end();
  turns.end();
  assertEquals(turns.busy, false);
  assertEquals(await turns.take("x", undefined, () => Promise.resolve(1)), 1);
});

Deno.test("Turns.take() refuses commands that were waiting when a body opened", async () => {
  const turns = new Turns();
  const opening = turns.take("open", undefined, () => {
    turns.begin("the listing");
    return Promise.resolve();
  });
  const waiting = turns.take("go on", undefined, () => Promise.resolve());
  await opening;
  await assertRejects(() => waiting, DOMException, "the listing");
});

Deno.test("Turns.take() does not run a command that was aborted before its turn", async () => {
  const turns = new Turns();
  const gate = Promise.withResolvers<void>();
  const controller = new AbortController();
  const first = turns.take("a", undefined, () => gate.promise);
  let ran = false;
  const second = turns.take("b", controller.signal, () => {
    ran = true;
    return Promise.resolve();
  });
  const reason = new Error("enough");
  controller.abort(reason);
  gate.resolve();
  await first;
  assertEquals(await second.catch((error) => error), reason);
  assertEquals(ran, false);
});

Deno.test("Turns.take() rejects a waiting command as soon as it is aborted", async () => {
  const turns = new Turns();
  const gate = Promise.withResolvers<void>();
  const controller = new AbortController();
  const first = turns.take("a", undefined, () => gate.promise);
  const second = turns.take("b", controller.signal, () => Promise.resolve());
  second.catch(() => {});
  controller.abort();
  const settled = await isSettled(second);
  gate.resolve();
  await first;
  assertEquals(settled, true);
});

Deno.test("Turns.busy is true while a command runs or waits", async () => {
  const turns = new Turns();
  assertEquals(turns.busy, false);
  const gate = Promise.withResolvers<void>();
  const taken = turns.take("a", undefined, () => gate.promise);
  assertEquals(turns.busy, true);
  gate.resolve();
  await taken;
  assertEquals(turns.busy, false);
});
