import { assertEquals, assertRejects } from "jsr:@std/assert@^1.0.0";
import { abortable } from "../../_wire/abortable.ts";
import { eventLoopTurn } from "./memory.ts";

const never = () => new Promise<never>(() => {});

Deno.test("abortable() gives what the operation gives", async () => {
  const { signal } = new AbortController();
  const stop = () => {
    throw new Error("Cannot happen");
  };
  assertEquals(await abortable(signal, stop, () => Promise.resolve(1)), 1);
  assertEquals(await abortable(undefined, stop, () => Promise.resolve(2)), 2);
  const failing = () => Promise.reject(new Error("broken"));
  await assertRejects(() => abortable(signal, stop, failing), Error, "broken");
});

Deno.test("abortable() does not start what is aborted already", async () => {
  const reason = new Error("enough");
  let ran = false;
  const error = await abortable(AbortSignal.abort(reason), () => {}, () => {
    ran = true;
    return Promise.resolve();
  }).catch((error) => error);
  assertEquals([error, ran], [reason, false]);
});

Deno.test("abortable() rejects with the reason behind the clean-up", async () => {
  const controller = new AbortController();
  const reason = new Error("enough");
  const gate = Promise.withResolvers<void>();
  let stopped: unknown;
  const run = abortable(controller.signal, async (why) => {
    await gate.promise;
    stopped = why;
  }, never);
  controller.abort(reason);
  await eventLoopTurn();
  assertEquals(stopped, undefined);
  gate.resolve();
  assertEquals(await run.catch((error) => error), reason);
  assertEquals(stopped, reason);
});

Deno.test("abortable() rejects with the reason when the operation fails because of it", async () => {
  const controller = new AbortController();
  const reason = new Error("enough");
  const { promise, reject } = Promise.withResolvers<never>();
  const run = abortable(
    controller.signal,
    () => reject(new Error("closed")),
    () => promise,
  );
  controller.abort(reason);
  assertEquals(await run.catch((error) => error), reason);
});

Deno.test("abortable() takes no notice of the signal once it has ended", async () => {
  const controller = new AbortController();
  let stops = 0;
  await abortable(controller.signal, () => {
    stops++;
  }, () => Promise.resolve());
  controller.abort();
  await eventLoopTurn();
  assertEquals(stops, 0);
});

Deno.test("abortable() leaves no unhandled rejection when the clean-up fails", async () => {
  const unhandled: unknown[] = [];
  const note = (event: PromiseRejectionEvent) => {
    event.preventDefault();
    unhandled.push(event.reason);
  };
  addEventListener("unhandledrejection", note);
  try {
    const controller = new AbortController();
    const reason = new Error("enough");
    const run = abortable(
      controller.signal,
      () => Promise.reject(new Error("the clean-up failed")),
      never,
    );
    controller.abort(reason);
    assertEquals(await run.catch((error) => error), reason);
    await eventLoopTurn();
    assertEquals(unhandled, []);
  } finally {
    removeEventListener("unhandledrejection", note);
  }
});

Deno.test("abortable() does not hand out a result whose clean-up has begun", async () => {
  const controller = new AbortController();
  const reason = new Error("enough");
  const { promise, resolve } = Promise.withResolvers<string>();
  let stopped = false;
  const run = abortable(controller.signal, async () => {
    resolve("a connection that is being closed");
    await eventLoopTurn();
    stopped = true;
  }, () => promise);
  controller.abort(reason);
  assertEquals(await run.catch((error) => error), reason);
  assertEquals(stopped, true);
});
