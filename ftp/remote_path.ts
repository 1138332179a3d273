/** `name` in `directory`, on the server. */
export function joinPath(directory: string, name: string): string {
  if (directory === "" || directory === ".") {
    // A name that begins with a dash could pass for an option.
    return name.startsWith("-") ? `./${name}` : name;
  }
  return directory.endsWith("/") ? directory + name : `${directory}/${name}`;
}

/** The last segment: `"c"` of `"/a/b/c/"`; empty for the root. */
export function baseName(path: string): string {
  return /([^/]*)\/*$/.exec(path)![1]!;
}

/** What stands before the last segment; undefined: the working directory. */
export function parentOf(path: string): string | undefined {
  const parent = path.replace(/\/*[^/]*\/*$/, "");
  if (parent !== "") return parent;
  return path.startsWith("/") ? "/" : undefined;
}

/** A path without `.`, `..` and doubled slashes, as far as it can be said. */
export function normalizePath(path: string): string {
  const absolute = path.startsWith("/");
  const parts: string[] = [];
  for (const part of path.split("/")) {
    if (part === "" || part === ".") continue;
    if (part === ".." && parts.length > 0 && parts.at(-1) !== "..") parts.pop();
    else if (part !== ".." || !absolute) parts.push(part);
  }
  return (absolute ? "/" : "") + parts.join("/");
}
