/**
 * Makes `cookies/_public_suffix_table.ts` from Debian's package `publicsuffix`:
 * `deno run -A tests/_support/make_public_suffix.ts`.
 */
/** Where Debian has the list. */
export const SOURCE = "/usr/share/publicsuffix/public_suffix_list.dat";
const TARGET = new URL(
  "../../cookies/_public_suffix_table.ts",
  import.meta.url,
);

/** A label, and what is listed below it. */
interface Label {
  /** What everybody can have a domain under. */
  isRule: boolean;
  below: Map<string, Label>;
}

/** Of which day the list is: as it says itself, or its file does. */
export async function listVersion(list: string): Promise<string> {
  const version = /VERSION: (\S+)/.exec(list)?.[1];
  if (version !== undefined) return version;
  return (await Deno.stat(SOURCE)).mtime!.toISOString().slice(0, 10);
}

/** The rules of the list, in A-labels: `com`, `*.ck`, `!www.ck`. */
export function parseRules(list: string): string[] {
  return list.split("\n")
    .map((line) => line.trim())
    .filter((line) => line !== "" && !line.startsWith("//"))
    .map((line) => {
      const [, mark, name] = /^(!|\*\.)?([^\s*!]+)$/.exec(line) ?? [];
      if (name === undefined) throw new Error(`Cannot read the rule "${line}"`);
      return (mark ?? "") + new URL(`http://${name}`).hostname;
    });
}

/**
 * A line for each top-level domain that has rules below it, with the labels
 * below in parentheses; a dot in front of a label that is no rule itself.
 */
export function toTable(rules: string[]): string[] {
  const root = new Map<string, Label>();
  for (const rule of rules) {
    const labels = rule.replace("!", "").split(".");
    if (rule.startsWith("!")) labels[0] = `!${labels[0]}`;
    const path: Label[] = [];
    for (const name of labels.reverse()) {
      const below = path.at(-1)?.below ?? root;
      const label = below.get(name) ?? { isRule: false, below: new Map() };
      below.set(name, label);
      path.push(label);
    }
    path.at(-1)!.isRule = true;
    // What an exception is right below is its public suffix.
    if (rule.startsWith("!")) path.at(-2)!.isRule = true;
  }
  return [...root.entries()]
    .filter(([, { below }]) => below.size > 0)
    .map(([name, { below }]) => `${name}(${written(below)})`)
    .sort();
}

function written(labels: Map<string, Label>): string {
  return [...labels.entries()]
    .map(([name, { isRule, below }]) =>
      (isRule ? "" : ".") + name + (below.size > 0 ? `(${written(below)})` : "")
    )
    .sort()
    .join(" ");
}

if (import.meta.main) {
  const list = await Deno.readTextFile(SOURCE);
  const version = await listVersion(list);
  const lines = toTable(parseRules(list));
  await Deno.writeTextFile(
    TARGET,
    `/*!
 * The Public Suffix List (https://publicsuffix.org/), version ${version}, of
 * which this is another form.
 *
 * This Source Code Form is subject to the terms of the Mozilla Public
 * License, v. 2.0. If a copy of the MPL was not distributed with this
 * file, You can obtain one at https://mozilla.org/MPL/2.0/.
 */

/**
 * A line for each top-level domain with public suffixes below it, ICANN's and
 * private ones: labels below others in parentheses, \`*\` for any, \`!\` for an
 * exception, and a dot in front of what is no public suffix itself. Made by
 * \`tests/_support/make_public_suffix.ts\`.
 */
export const TABLE = \`
${lines.join("\n")}
\`;
`,
  );
}
