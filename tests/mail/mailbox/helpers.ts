/** What the tests of mailboxes have in common. */
import type { Mailbox } from "../../../mail/mailbox/mod.ts";
import { text } from "../../_wire/memory.ts";

/** All messages as texts, by key. */
export async function contents(
  box: Mailbox,
): Promise<Record<string, string>> {
  const found: Record<string, string> = {};
  for await (const key of box.keys()) found[key] = text(await box.bytes(key));
  return found;
}

/** The keys. */
export async function keysOf(box: Mailbox): Promise<string[]> {
  return await Array.fromAsync(box.keys());
}

/** The names in a directory, sorted. */
export function namesIn(path: string): string[] {
  return [...Deno.readDirSync(path)].map(({ name }) => name).sort();
}

/** The last nine bits, which say who may do what. */
export function modeOf(path: string): number {
  return Deno.statSync(path).mode! & 0o777;
}
