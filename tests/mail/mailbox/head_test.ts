import { assertEquals } from "jsr:@std/assert@^1.0.0";
import {
  editHead,
  Head,
  MOST_HEAD,
  takeHead,
} from "../../../mail/mailbox/_head.ts";
import { readStatus, writeStatus } from "../../../mail/mailbox/_status.ts";
import type { MailFlag } from "../../../mail/mailbox/mod.ts";
import { everySplit } from "../../_support/random_slices.ts";
import { bytes, concat, everyByte, text } from "../../_wire/memory.ts";

function head(whole: string): Head {
  return new Head(bytes(whole));
}

Deno.test("Head() finds fields and where the body begins", () => {
  const one = head("A: 1\nb : 2\r\n 3\nA: 4\n\nC: 5\n");
  assertEquals(one.get("a"), "1");
  assertEquals(one.get("B"), "2 3");
  assertEquals(one.get("C"), undefined);
  assertEquals([one.end, one.bodyStart], [20, 21]);
  const bodies: [string, number, number][] = [
    ["", 0, 0],
    ["\nx", 0, 1],
    ["\r\nx", 0, 2],
    ["A: 1", 4, 4],
    ["A: 1\n", 5, 5],
    ["A: 1\nno field\n", 5, 5],
    ["just text\n", 0, 0],
    [": x\n\n", 0, 0],
    ["A: 1\n\r\n", 5, 7],
  ];
  for (const [whole, end, bodyStart] of bodies) {
    const { end: e, bodyStart: b } = head(whole);
    assertEquals([e, b], [end, bodyStart], JSON.stringify(whole));
  }
});

Deno.test("Head.with() changes, adds and takes away fields", () => {
  const whole = "A: 1\nB: 2\n 3\nA: 4\n\nbody\n";
  const changed = (values: Record<string, string | undefined>) =>
    text(head(whole).with(values));
  assertEquals(changed({}), whole);
  assertEquals(changed({ a: "9" }), "a: 9\nB: 2\n 3\n\nbody\n");
  assertEquals(changed({ A: undefined }), "B: 2\n 3\n\nbody\n");
  assertEquals(
    changed({ B: undefined, C: "5" }),
    "A: 1\nA: 4\nC: 5\n\nbody\n",
  );
  assertEquals(text(head("A: 1").with({ B: "2" })), "A: 1\nB: 2\n");
  assertEquals(text(head("\nx").with({ B: "2" }, "\r\n")), "B: 2\r\n\nx");
});

Deno.test("takeHead() and editHead() look no further than the header", () => {
  const whole = bytes("A: 1\r\nB: 2\r\n\r\nbody\n\nmore\n");
  for (const parts of [...everySplit(whole), everyByte(whole)]) {
    const iterator = parts[Symbol.iterator]();
    const taken = takeHead(iterator);
    const left = concat([...iterator]);
    assertEquals(concat([taken, left]), whole);
    assertEquals(new Head(taken).bodyStart, 14);
    const edited = [...editHead(parts, (one) => one.with({ B: undefined }))];
    assertEquals(text(concat(edited)), "A: 1\r\n\r\nbody\n\nmore\n");
  }
  assertEquals(
    takeHead([bytes("\n"), bytes("x")][Symbol.iterator]()).length,
    1,
  );
});

Deno.test("takeHead() gives up where no header ends", () => {
  const chunk = bytes("A: b\n".repeat(20_000));
  function* endless() {
    for (;;) yield chunk;
  }
  const taken = takeHead(endless());
  assertEquals(taken.length < MOST_HEAD + chunk.length, true);
});

Deno.test("writeStatus() and readStatus() agree for all flags", () => {
  const all: MailFlag[] = [
    "seen",
    "answered",
    "flagged",
    "draft",
    "deleted",
    "passed",
    "recent",
  ];
  for (let bits = 0; bits < 1 << all.length; bits++) {
    const flags = new Set(all.filter((_, at) => bits >> at & 1));
    for (const old of ["", "Status: RO\nX-Status: AFTD\n", "Subject: x\n"]) {
      const written = writeStatus(head(`${old}\nbody\n`), flags);
      assertEquals(readStatus(new Head(written)), flags);
    }
  }
});

Deno.test("writeStatus() keeps what others have put there", () => {
  const old = "Status: ORx\nX-Status: ZA\nX-Keywords: $Junk $Forwarded\n\n";
  assertEquals(
    text(writeStatus(head(old), new Set(["recent"]))),
    "Status: x\nX-Status: Z\nX-Keywords: $Junk\n\n",
  );
  assertEquals(text(writeStatus(head("\nx"), new Set(["recent"]))), "\nx");
});
