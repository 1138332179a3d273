/**
 * The lines of a capability list (RFC 2449 section 5, RFC 3977 section 9.5):
 * names in upper case with their parameters as text.
 */
export function parseCapabilities(lines: string[]): Map<string, string> {
  return new Map(
    lines.filter((line) => line.trim() !== "").map((line) => {
      const [, name, parameters] = /^\s*(\S+)\s*(.*?)\s*$/.exec(line)!;
      return [name!.toUpperCase(), parameters!];
    }),
  );
}

/** The parameters of a capability, in upper case; none where it is missing. */
export function parametersOf(
  capabilities: ReadonlyMap<string, string>,
  name: string,
): string[] {
  return (capabilities.get(name) ?? "").toUpperCase().split(/\s+/)
    .filter((word) => word !== "");
}
