/** Names that promise something (RFC 6265bis section 4.1.3). */

/** What such a promise is about. */
export interface Promising {
  name: string;
  value: string;
  secure: boolean;
  hostOnly: boolean;
  path: string;
}

/** Whether the cookie is as its name says (section 5.7, steps 20 to 22). */
export function keepsPromise(
  { name, value, secure, hostOnly, path }: Promising,
): boolean {
  // A server would read such a value as the name.
  if (name === "") return !/^__(secure|host)-/i.test(value);
  if (!name.startsWith("__")) return true;
  const prefix = /^__(secure|host)-/i.exec(name)?.[1];
  if (prefix === undefined) return true;
  if (!secure) return false;
  return prefix.length === "secure".length || (hostOnly && path === "/");
}

/** Whether a path has to be named for that. */
export function needsPath(name: string): boolean {
  return /^__host-/i.test(name);
}
