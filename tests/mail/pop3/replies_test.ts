import { assertEquals } from "jsr:@std/assert@^1.0.0";
import {
  parseListing,
  parseStat,
  parseStatus,
  parseTimestamp,
  parseUid,
} from "../../../mail/pop3/replies.ts";

Deno.test("parseStatus() reads status lines and response codes", () => {
  for (
    const [line, status] of [
      ["+OK", { ok: true, code: "ERR", text: "" }],
      ["+OK 2 messages", { ok: true, code: "ERR", text: "2 messages" }],
      ["+ok", { ok: true, code: "ERR", text: "" }],
      ["-ERR", { ok: false, code: "ERR", text: "" }],
      ["-ERR no", { ok: false, code: "ERR", text: "no" }],
      ["-ERR [in-use] busy", {
        ok: false,
        code: "IN-USE",
        text: "[in-use] busy",
      }],
      ["-ERR [SYS/TEMP] x", {
        ok: false,
        code: "SYS/TEMP",
        text: "[SYS/TEMP] x",
      }],
      ["-ERR a [IN-USE]", { ok: false, code: "ERR", text: "a [IN-USE]" }],
    ] as const
  ) {
    assertEquals(parseStatus(line), status);
  }
  for (const line of ["", "OK", "+OKAY", "-ERROR", "+ b64", " +OK", "220 x"]) {
    assertEquals(parseStatus(line), undefined, line);
  }
});

Deno.test("parseStat(), parseListing() and parseUid() read numbers, and nothing else", () => {
  assertEquals(parseStat("2 320"), { count: 2, size: 320 });
  assertEquals(parseStat("0 0 octets"), { count: 0, size: 0 });
  assertEquals(parseListing("1 1205"), { number: 1, size: 1205 });
  assertEquals(parseListing("1 1205 octets"), { number: 1, size: 1205 });
  assertEquals(parseUid("1 whqtswO00WBw418f9t5JxYwZ"), {
    number: 1,
    uid: "whqtswO00WBw418f9t5JxYwZ",
  });
  for (const bad of ["", "1", "x 1", "1 x", "-1 2", "1 2.5", "1e3 4"]) {
    assertEquals(parseStat(bad), undefined, bad);
    assertEquals(parseListing(bad), undefined, bad);
  }
  for (const bad of ["", "1", "x y", "1 a b"]) {
    assertEquals(parseUid(bad), undefined, bad);
  }
});

Deno.test("parseTimestamp() takes a message id and nothing that looks like one", () => {
  const timestamp = "<1896.697170952@dbc.mtview.ca.us>";
  assertEquals(parseTimestamp(`POP3 server ready ${timestamp}`), timestamp);
  assertEquals(parseTimestamp(`${timestamp} ready`), timestamp);
  for (
    const none of [
      "ready",
      "<ready>",
      "<a@>",
      "<@b>",
      "<a b@c>",
      "<a@b@c>",
      "<ü@b>",
    ]
  ) {
    assertEquals(parseTimestamp(none), undefined, none);
  }
});
