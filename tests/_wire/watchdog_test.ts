import {
  assertEquals,
  assertStringIncludes,
  assertThrows,
} from "jsr:@std/assert@^1.0.0";
import { Watchdog } from "../../_wire/watchdog.ts";
import { Clock } from "./clock.ts";

function watched(timeout: number) {
  const watchdog = new Watchdog(timeout);
  const expired: DOMException[] = [];
  const forget = watchdog.onExpired((error) => expired.push(error));
  return { watchdog, expired, forget };
}

Deno.test("Watchdog bites when a wait has lasted as long as the time-out", () => {
  using clock = new Clock();
  const { watchdog, expired } = watched(100);
  watchdog.doing = "RETR a.txt";
  watchdog.enter();
  clock.pass(99);
  assertEquals(expired, []);
  clock.pass(1);
  assertEquals(expired.length, 1);
  assertEquals(expired[0]!.name, "TimeoutError");
  assertEquals(
    expired[0]!.message,
    "Cannot RETR a.txt: no answer from the server in 100 ms",
  );
  clock.pass(1_000);
  assertEquals([expired.length, clock.pending], [1, 0]);
});

Deno.test("Watchdog counts no time in which nobody waits", () => {
  using clock = new Clock();
  const { watchdog, expired } = watched(100);
  for (let n = 0; n < 5; n++) {
    watchdog.enter();
    clock.pass(60);
    watchdog.leave();
    clock.pass(1_000);
  }
  assertEquals(expired, []);
  watchdog.enter();
  clock.pass(100);
  assertEquals(expired.length, 1);
});

Deno.test("Watchdog begins anew at each progress, on any connection", () => {
  using clock = new Clock();
  const { watchdog, expired } = watched(100);
  watchdog.enter();
  for (let n = 0; n < 10; n++) {
    clock.pass(60);
    if (n % 2) watchdog.progress();
    else {
      watchdog.enter();
      watchdog.leave();
    }
  }
  assertEquals(expired, []);
  clock.pass(100);
  assertEquals(expired.length, 1);
});

Deno.test("Watchdog makes no timer for each read", () => {
  using clock = new Clock();
  const { watchdog } = watched(100);
  for (let n = 0; n < 1_000; n++) {
    watchdog.enter();
    clock.pass(1);
    watchdog.leave();
  }
  assertEquals(clock.made <= 20, true, `${clock.made} timers`);
});

Deno.test("Watchdog leaves no timer behind when nobody is left to close", () => {
  using clock = new Clock();
  const watchdog = new Watchdog(100);
  const forgets = [1, 2].map(() => watchdog.onExpired(() => {}));
  watchdog.enter();
  assertEquals(clock.pending, 1);
  forgets[0]!();
  assertEquals(clock.pending, 1);
  forgets[1]!();
  forgets[1]!();
  assertEquals(clock.pending, 0);
  watchdog.enter();
  assertEquals(clock.pending, 0);
});

Deno.test("Watchdog closes everything although closing takes itself off the list", () => {
  using clock = new Clock();
  const watchdog = new Watchdog(100);
  const closed: number[] = [];
  for (let n = 0; n < 3; n++) {
    const forget = watchdog.onExpired(() => {
      closed.push(n);
      forget();
    });
  }
  watchdog.enter();
  clock.pass(100);
  assertEquals(closed, [0, 1, 2]);
});

Deno.test("Watchdog without a time-out never bites and makes no timer", () => {
  using clock = new Clock();
  for (const timeout of [0, Infinity]) {
    const { watchdog, expired } = watched(timeout);
    watchdog.enter();
    clock.pass(1e9);
    assertEquals(expired, []);
  }
  assertEquals(clock.made, 0);
});

Deno.test("Watchdog with a time-out of many days does not wake every millisecond", () => {
  using clock = new Clock();
  const { watchdog, expired } = watched(2 ** 32);
  watchdog.enter();
  clock.pass(1_000);
  assertEquals([expired.length, clock.made], [0, 0]);
});

Deno.test("Watchdog refuses a time-out that is no time", () => {
  for (const timeout of [-1, NaN, "a" as unknown as number]) {
    assertThrows(() => new Watchdog(timeout), TypeError);
  }
});

Deno.test("Watchdog.timeout acts on a wait under way, shorter or longer", () => {
  for (
    const [timeout, changed, at] of [
      [1_000, 100, 100],
      [100, 1_000, 1_000],
    ] as const
  ) {
    using clock = new Clock();
    const { watchdog, expired } = watched(timeout);
    watchdog.enter();
    clock.pass(50);
    watchdog.timeout = changed;
    clock.pass(at - 51);
    assertEquals(expired, []);
    clock.pass(timeout > changed ? 51 : 1);
    assertEquals(expired.length, 1);
  }
});

Deno.test("Watchdog.timeout of 0 calls a wait under way off", () => {
  using clock = new Clock();
  const { watchdog, expired } = watched(100);
  watchdog.enter();
  watchdog.timeout = 0;
  clock.pass(10_000);
  assertEquals([expired.length, clock.pending], [0, 0]);
});

Deno.test("Watchdog names who is waited for", () => {
  using clock = new Clock();
  const watchdog = new Watchdog(100, "client");
  const expired: DOMException[] = [];
  watchdog.onExpired((error) => expired.push(error));
  watchdog.enter();
  clock.pass(100);
  assertStringIncludes(expired[0]!.message, "no answer from the client");
});
