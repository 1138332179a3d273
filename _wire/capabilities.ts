/**
 * The lines of a capability list (RFC 2449 section 5, RFC 3977 section 9.5):
 * names in upper case with their parameters as text.
 */
export function parseCapabilities(lines: string[]): Map<string, string> {
  return new Map(
    lines.map((line) => line.trim()).filter((line) => line !== "").map(
      (line) => {
        const [name] = line.split(/\s/, 1);
        return [name!.toUpperCase(), line.slice(name!.length).trim()];
      },
    ),
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
