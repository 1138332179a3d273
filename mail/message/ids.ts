/** Ids of messages and of parts (RFC 5322 section 3.6.4). */

/** `<a@b>` as it is referred to. */
export function withoutBrackets(id: string): string {
  return id.trim().replace(/^<|>$/g, "");
}

/**
 * An id as it stands in a header.
 *
 * @throws {TypeError} When it is none, or could end its field.
 */
export function withBrackets(what: string, id: string): string {
  const bare = withoutBrackets(id);
  if (!/^[^\s<>\p{Cc}]+$/u.test(bare)) {
    throw new TypeError(
      `Cannot use ${JSON.stringify(id)} as ${what}: an id is ASCII without ` +
        "blanks and angle brackets",
    );
  }
  return `<${bare}>`;
}
