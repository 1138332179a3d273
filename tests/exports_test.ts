/** All that is exported can be had from the root and from `mail`, as it is. */
import { assert, assertEquals } from "jsr:@std/assert@^1.0.0";
import { MailHeaders, MailMessage, Mbox, SmtpClient } from "../mod.ts";
import * as root from "../mod.ts";
import * as mail from "../mail/mod.ts";

Deno.test("the root exports classes as values", () => {
  // Would not compile where one is exported as a type only.
  for (const one of [MailHeaders, MailMessage, Mbox, SmtpClient]) {
    assertEquals(typeof one, "function");
  }
  assert(new mail.MailMessage({ text: "x" }) instanceof MailMessage);
});

Deno.test("the root exports all that its modules do", async () => {
  const text = await Deno.readTextFile(
    new URL("../deno.json", import.meta.url),
  );
  const { exports } = JSON.parse(text) as { exports: Record<string, string> };
  const names = new Set(Object.keys(root));
  for (const path of Object.values(exports)) {
    const module = await import(new URL(`../${path}`, import.meta.url).href);
    for (const name of Object.keys(module)) assert(names.has(name), name);
  }
});
