import { assertEquals } from "jsr:@std/assert@^1.0.0";
import { isLoopback } from "../../_wire/loopback.ts";

Deno.test("isLoopback() knows the addresses of this machine from others", () => {
  for (const own of ["127.0.0.1", "127.1.2.3", "::1", "::ffff:127.0.0.1"]) {
    assertEquals(isLoopback(own), true, own);
  }
  const others = [
    "128.0.0.1",
    "10.127.0.1",
    "127.0.0.1.example.com",
    "127.example.com",
    "localhost",
    "::2",
    "::ffff:10.0.0.1",
    "",
  ];
  for (const other of others) assertEquals(isLoopback(other), false, other);
});
